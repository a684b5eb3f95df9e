"""Free cash flow under four definitions, its trailing sums, its negative streaks and what changed it.

There is no legal definition of free cash flow: each firm states its own. All four here begin with
operating cash flow and subtract what must be paid to keep and grow the business; they differ in what
counts as that. Amounts are USD millions, as in the tables. A missing part gives a missing result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.analysis.fiscal_quarters import (
    QUARTERS_A_YEAR,
    calendar_quarter,
    fiscal_sequence,
    in_order,
    latest_quarters,
    quarters_earlier,
    require_columns,
    trailing_sum,
    trailing_twelve_months,
)

__all__ = [
    "COMPONENTS", "DEFINITIONS", "FIRMS", "Firm", "calendar_quarter", "capex_is_net", "capex_share", "cash_ledger",
    "change_bridge", "components", "customer_prepayments", "fiscal_sequence", "free_cash_flow", "in_order",
    "latest_quarters", "negative_streaks", "quarters_earlier", "select_firms", "sign_grid", "stated_free_cash_flow",
    "trailing_components", "trailing_sum", "trailing_twelve_months",
]  # fmt: skip

# Stands for the sign of a missing value: none of the three that a number can have.
_NO_SIGN = 9.0

DEFINITIONS: dict[str, str] = {
    "gross": "operating cash flow less purchases of property and equipment",
    "company": "as each firm states it itself",
    "after_leases": "the firm's own figure less repayments of finance leases",
    "after_stock_compensation": "the firm's own figure less pay in shares",
}


@dataclass(frozen=True)
class Firm:
    """What a firm's own free cash flow takes off operating cash flow besides purchases of property.

    Parameters
    ----------
    name : str
    wording : str
        The firm's definition in words.
    nets_proceeds : bool
        Purchases are counted net of proceeds from sales and incentives.
    deducts_finance_leases : bool
        Principal repayments of finance leases are taken off too.
    """

    name: str
    wording: str = "operating cash flow less purchases of property and equipment"
    nets_proceeds: bool = False
    deducts_finance_leases: bool = False


FIRMS: dict[str, Firm] = {
    "AMZN": Firm(
        "Amazon",
        "operating cash flow less purchases of property and equipment, net of proceeds from sales and incentives",
        nets_proceeds=True,
    ),
    "MSFT": Firm("Microsoft"),
    "GOOGL": Firm("Alphabet"),
    "META": Firm(
        "Meta",
        "operating cash flow less purchases of property and equipment, net, and principal payments on finance leases",
        nets_proceeds=True,
        deducts_finance_leases=True,
    ),
    "ORCL": Firm("Oracle"),
    "NVDA": Firm("NVIDIA"),
    "CRWV": Firm("CoreWeave"),
    "AAPL": Firm("Apple"),
}

COMPONENTS = [
    "operating_cash_flow",
    "capex",
    "capex_proceeds",
    "finance_lease_principal",
    "stock_based_compensation",
]
# How the notes of the table say that a row's capex is already less its proceeds (Amazon 2015, Meta 2020-21 and
# from 2024).
_NET_CAPEX = r"net of proceeds|\(net basis\)"


def capex_is_net(cash_flows: pd.DataFrame) -> pd.Series:
    """Tell which rows' capex is already net of proceeds, because the firm gave no gross figure.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter
        The column ``note`` says it; without that column no row is taken as net.

    Returns
    -------
    Series of bool
    """
    if "note" not in cash_flows.columns:
        return pd.Series(False, index=cash_flows.index)
    return cash_flows["note"].astype("str").str.contains(_NET_CAPEX, case=False, regex=True).fillna(False).astype(bool)


def components(cash_flows: pd.DataFrame, definition: str) -> pd.DataFrame:
    """Split free cash flow into its signed parts.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter
        Columns ``ticker``, ``fiscal_year``, ``fiscal_quarter``, the five `COMPONENTS`, and
        ``note`` where a row's capex is net of proceeds.
    definition : str
        One of `DEFINITIONS`.

    Returns
    -------
    DataFrame of float64, shape (rows, 5)
        USD millions on the index of `cash_flows`; payments are negative, so a row's sum is its
        free cash flow. A part the definition leaves out is 0; a part it needs and nobody
        disclosed is missing.

    Raises
    ------
    ValueError
        If the definition or a ticker is unknown, a column is missing, or a firm-quarter stands twice.

    Notes
    -----
    Where a firm gives purchases only net of proceeds (`capex_is_net`) the proceeds are inside
    ``capex`` already, so none are added; ``gross`` is then too high by those proceeds.
    """
    _check(cash_flows, definition)
    ticker = cash_flows["ticker"].astype(str).to_numpy(dtype=object)
    own = definition != "gross"
    nets = np.isin(ticker, [name for name, firm in FIRMS.items() if firm.nets_proceeds])
    leases = np.isin(ticker, [name for name, firm in FIRMS.items() if firm.deducts_finance_leases])
    part = {name: cash_flows[name].to_numpy(dtype="float64", na_value=np.nan) for name in COMPONENTS}
    taken = {
        "capex_proceeds": nets & ~capex_is_net(cash_flows).to_numpy() & own,
        "finance_lease_principal": (leases & own) | (definition == "after_leases"),
        "stock_based_compensation": definition == "after_stock_compensation",
    }
    sign = {"operating_cash_flow": 1.0, "capex_proceeds": 1.0}
    # Adding zero turns the -0.0 of a part left out into 0.0.
    parts = {
        name: sign.get(name, -1.0) * np.where(taken.get(name, True), values, 0.0) + 0.0 for name, values in part.items()
    }
    return pd.DataFrame(parts, index=cash_flows.index)


def free_cash_flow(cash_flows: pd.DataFrame, definition: str) -> pd.Series:
    """Compute free cash flow.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter
        See `components`.
    definition : str
        ``gross``: operating cash flow less capex. ``company``: as the firm states it, see `FIRMS`.
        ``after_leases``: ``company`` less principal repaid on finance leases, which Meta deducts
        already. ``after_stock_compensation``: ``company`` less stock-based compensation.

    Returns
    -------
    Series of float64
        USD millions on the index of `cash_flows`; missing where a part is missing.

    Raises
    ------
    ValueError
        As `components`.
    """
    return components(cash_flows, definition).sum(axis=1, skipna=False).rename("free_cash_flow")


def select_firms(cash_flows: pd.DataFrame, tickers: Sequence[str]) -> pd.DataFrame:
    """Keep the rows of some firms.

    Raises
    ------
    ValueError
        If no ticker is given or one is unknown.
    """
    unknown = [ticker for ticker in tickers if ticker not in FIRMS]
    if unknown or not tickers:
        raise ValueError(f"unknown ticker {', '.join(unknown) or '(none given)'}; expected some of {', '.join(FIRMS)}")
    return cash_flows[cash_flows["ticker"].astype(str).isin(list(tickers))]


def trailing_components(cash_flows: pd.DataFrame, definition: str, quarters: int = QUARTERS_A_YEAR) -> pd.DataFrame:
    """Sum each part of free cash flow over a firm's last quarters; parameters as `components`."""
    parts = components(cash_flows, definition)
    return pd.DataFrame({name: trailing_sum(cash_flows, parts[name], quarters) for name in COMPONENTS})


def capex_share(cash_flows: pd.DataFrame, quarters: int = QUARTERS_A_YEAR) -> pd.Series:
    """Return capex as a share of operating cash flow over a firm's last quarters, in per cent.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter
    quarters : int
        Length of the window.

    Returns
    -------
    Series of float64
        Above 100 the firm invests more than its business brings in. Missing where operating cash
        flow is not positive: a share of nothing says nothing.
    """
    spent = trailing_sum(cash_flows, "capex", quarters)
    earned = trailing_sum(cash_flows, "operating_cash_flow", quarters)
    return (100 * spent / earned.where(earned > 0)).rename("capex_share")


def cash_ledger(cash_flows: pd.DataFrame, definition: str) -> pd.DataFrame:
    """Put beside each firm-quarter what the notebook reads of it.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter
    definition : str

    Returns
    -------
    DataFrame
        `cash_flows` in order of ticker and quarter, with ``free_cash_flow``, ``free_cash_flow_12m``,
        ``operating_cash_flow_12m``, ``capex_12m``, ``revenue_12m`` (USD millions), ``margin`` and
        ``capex_share_12m`` (per cent of revenue, of operating cash flow), ``year_earlier`` and
        ``year_earlier_12m`` (free cash flow, and its twelve-month sum, four quarters before) and
        ``calendar_quarter``.
    """
    ledger = in_order(cash_flows).copy()
    ledger["free_cash_flow"] = free_cash_flow(ledger, definition)
    ledger["year_earlier"] = quarters_earlier(ledger, "free_cash_flow")
    ledger["margin"] = 100 * ledger["free_cash_flow"] / ledger["revenue"]
    for flow in ("free_cash_flow", "operating_cash_flow", "capex", "revenue"):
        ledger[f"{flow}_12m"] = trailing_twelve_months(ledger, flow)
    ledger["year_earlier_12m"] = quarters_earlier(ledger, "free_cash_flow_12m")
    ledger["capex_share_12m"] = capex_share(ledger)
    ledger["calendar_quarter"] = calendar_quarter(ledger["period_end"])
    return ledger


def negative_streaks(cash_flows: pd.DataFrame, values: pd.Series | str) -> pd.DataFrame:
    """List each run of consecutive quarters in which a flow is negative.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter
        With ``period_end``.
    values : Series on the index of `cash_flows`, or the name of a column

    Returns
    -------
    DataFrame, one row a streak, in order of ticker and date
        ``ticker``, ``first`` and ``last`` (period ends), ``quarters``, ``total``; ``ongoing`` is True
        where the firm's last quarter belongs to it; ``at_least`` is True where a missing quarter
        touches the streak, which may then be longer; ``rows`` holds its row ids.

    Raises
    ------
    ValueError
        If the frame is not one row a firm-quarter.
    """
    require_columns(cash_flows, ["period_end"])
    frame = cash_flows.assign(_value=cash_flows[values] if isinstance(values, str) else values)
    frame = in_order(frame.assign(_sequence=fiscal_sequence(frame)))
    found = [row for _, firm in frame.groupby(frame["ticker"].astype(str)) for row in _streaks_of_one_firm(firm)]
    columns = ["ticker", "first", "last", "quarters", "total", "ongoing", "at_least", "rows"]
    return pd.DataFrame(found, columns=columns)


def _streaks_of_one_firm(firm: pd.DataFrame) -> list[dict[str, object]]:
    """Return the streaks of one firm; `firm` is ordered and has ``_value`` and ``_sequence``."""
    # A hole in the sequence and a missing value both break a run.
    gap = firm["_sequence"].diff().ne(1)
    state = np.sign(firm["_value"]).where(firm["_value"].notna(), _NO_SIGN)
    run = (gap | state.ne(state.shift())).cumsum()
    streaks: list[dict[str, object]] = []
    for _, part in firm.groupby(run):
        if not (part["_value"] < 0).all():
            continue
        streaks.append(
            {
                "ticker": str(part["ticker"].iloc[0]),
                "first": part["period_end"].iloc[0],
                "last": part["period_end"].iloc[-1],
                "quarters": len(part),
                "total": float(part["_value"].sum()),
                "ongoing": bool(part["_sequence"].iloc[-1] == firm["_sequence"].iloc[-1]),
                "at_least": _touches_unknown(firm, part),
                "rows": tuple(part.index),
            }
        )
    return streaks


def _touches_unknown(firm: pd.DataFrame, part: pd.DataFrame) -> bool:
    """Tell whether the quarter before or after a streak, within the firm's span, is not known."""
    known = set(firm.loc[firm["_value"].notna(), "_sequence"])
    before, after = part["_sequence"].iloc[0] - 1, part["_sequence"].iloc[-1] + 1
    begins, ends = firm["_sequence"].iloc[0], firm["_sequence"].iloc[-1]
    return (before >= begins and before not in known) or (after <= ends and after not in known)


def change_bridge(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Split a change of free cash flow into the changes of its parts.

    The identity is exact: ``after - before`` is the change of operating cash flow, less the change
    of capex, plus that of proceeds, less those of lease repayments and pay in shares.

    Parameters
    ----------
    before, after : DataFrame, one row a firm
        Signed parts as from `trailing_components`, indexed by ticker. The columns must be alike.

    Returns
    -------
    DataFrame, one row a firm in either frame
        ``before``, one column a part with its contribution, ``after`` and ``change``. Missing where
        either end is missing: a firm known at one end only has no bridge.

    Raises
    ------
    ValueError
        If the columns differ or a firm stands twice.
    """
    if list(before.columns) != list(after.columns):
        raise ValueError(f"the parts differ: {list(before.columns)} before, {list(after.columns)} after")
    for name, side in (("before", before), ("after", after)):
        if side.index.has_duplicates:
            raise ValueError(f"{name}: {side.index[side.index.duplicated()][0]} stands twice")
    firms = before.index.union(after.index, sort=False)
    first, last = before.reindex(firms).astype("float64"), after.reindex(firms).astype("float64")
    bridge = last - first
    bridge.insert(0, "before", first.sum(axis=1, skipna=False))
    bridge["after"] = last.sum(axis=1, skipna=False)
    bridge["change"] = bridge["after"] - bridge["before"]
    return bridge


def sign_grid(cash_flows: pd.DataFrame, quarters: int = 2) -> pd.DataFrame:
    """Tell, for each firm and definition, in how many of the last quarters cash flowed out.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter
    quarters : int
        How many of each firm's last quarters; at least 1.

    Returns
    -------
    DataFrame, one row a firm, definition and quarter
        ``ticker``, ``definition``, ``period_end``, ``place`` (1 is the oldest), ``free_cash_flow``
        (missing where it is not known), ``capex_is_net``; indexed by row id.
    """
    last = latest_quarters(cash_flows, quarters)
    place = last.groupby(last["ticker"].astype(str)).cumcount() + 1
    parts = []
    for definition in DEFINITIONS:
        part = last[["ticker", "period_end"]].assign(
            definition=definition,
            place=place,
            free_cash_flow=free_cash_flow(cash_flows, definition).reindex(last.index),
            capex_is_net=capex_is_net(last),
        )
        parts.append(part)
    return pd.concat(parts).astype({"ticker": "str"})


def customer_prepayments(cash_flows: pd.DataFrame) -> pd.Series:
    """Read from the notes what customers paid in advance, inside operating cash flow (USD millions)."""
    return _amount_in_note(cash_flows, r"OCF includes (\d+(?:\.\d+)?) of customer prepayments")


def stated_free_cash_flow(cash_flows: pd.DataFrame) -> pd.Series:
    """Read from the notes the free cash flow that a source states outright (USD millions).

    It checks the computed figure, and stands in words where a source gives only the difference.
    """
    return _amount_in_note(cash_flows, r"(?:OCF less capex =|and FCF) (-?\d+(?:\.\d+)?)")


def _amount_in_note(cash_flows: pd.DataFrame, pattern: str) -> pd.Series:
    """Return the number a pattern finds in each note; missing where it finds none."""
    require_columns(cash_flows, ["note"])
    return cash_flows["note"].astype("str").str.extract(pattern, expand=False).astype("float64")


def _check(cash_flows: pd.DataFrame, definition: str) -> None:
    """Raise for an unknown definition or ticker, a missing column, a firm-quarter that stands twice."""
    if definition not in DEFINITIONS:
        raise ValueError(f"unknown definition {definition!r}; expected one of {', '.join(DEFINITIONS)}")
    require_columns(cash_flows, COMPONENTS)
    fiscal_sequence(cash_flows)
    unknown = sorted(set(cash_flows["ticker"].astype(str)) - set(FIRMS))
    if unknown:
        raise ValueError(f"unknown ticker {', '.join(unknown)}: say in FIRMS how the firm defines free cash flow")
