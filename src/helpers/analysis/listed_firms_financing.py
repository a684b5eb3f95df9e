"""How the listed firms pay for what they build: sources and uses of cash by quarter, and net debt.

Amounts are USD millions. Gross debt flows stand on three bases (with commercial paper, with lease principal,
neither), so only the net flow is used; where the table gives no gross flows, its note gives the net one.
What a firm issued in shares is named in notes only: where it is not, it is unknown, not zero, and stays inside
the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from helpers.analysis.fiscal_quarters import QUARTERS_A_YEAR, in_order, quarters_earlier, require_columns

FINANCING_COLUMNS = [
    "ticker", "fiscal_year", "fiscal_quarter", "period_end", "debt_issued", "debt_repaid", "share_repurchases",
    "dividends_paid", "acquisitions", "cash_and_securities", "total_debt", "note",
]  # fmt: skip
# How the notes of the table give what its columns cannot hold.
_NET_FLOW = r"net debt flow (-?\d+(?:\.\d+)?)"
_STOCK_FIRST = r"common stock (?:of (\d+)|issued (\d+))"
_PREFERRED = r"mandatory convertible preferred stock (?:of (\d+)|\(about (\d+(?:\.\d+)?) bn\))"
_PARTIAL = "partial:"
_MILLIONS_A_BILLION = 1000
# The order in which capex is taken to be paid: a convention, because money has no name.
PAID_FROM = ("operations", "debt", "shares", "cash_in_hand_and_other")


def net_debt_flow(financing: pd.DataFrame) -> pd.Series:
    """Return cash borrowed less cash repaid in each quarter.

    Parameters
    ----------
    financing : DataFrame, one row a firm-quarter
        The table ``financing``.

    Returns
    -------
    Series of float64
        USD millions; where a gross flow is missing, the net flow the note states; else missing.
    """
    stated = _note(financing).str.extract(_NET_FLOW, expand=False).astype("float64")
    return (financing["debt_issued"] - financing["debt_repaid"]).fillna(stated).rename("net_debt_flow")


def shares_issued(financing: pd.DataFrame) -> pd.Series:
    """Return cash from new common and preferred stock, where a note names it (USD millions; else missing)."""
    notes = _note(financing)
    stock = notes.str.extract(_STOCK_FIRST).astype("float64").bfill(axis=1)[0]
    preferred = notes.str.extract(_PREFERRED).astype("float64")
    both = pd.concat([stock, preferred[0], preferred[1] * _MILLIONS_A_BILLION], axis=1)
    return both.sum(axis=1, min_count=1).rename("shares_issued")


def full_debt(financing: pd.DataFrame) -> pd.Series:
    """Return total debt, missing where the note says the figure is only a part of it."""
    partial = _note(financing).str.startswith(_PARTIAL)
    return financing["total_debt"].mask(partial).rename("full_debt")


def _note(financing: pd.DataFrame) -> pd.Series:
    return financing["note"].fillna("").astype(str)


def sources_and_uses(
    financing: pd.DataFrame, cash_flows: pd.DataFrame, tickers: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return where each firm's cash came from and went, by quarter.

    Parameters
    ----------
    financing, cash_flows : DataFrame, one row a firm-quarter, indexed by row id
        As known on the same day.
    tickers : sequence of str, optional
        Which firms, by default all of `financing`.

    Returns
    -------
    DataFrame, one row a firm-quarter, on the row ids of `financing`
        ``ticker``, ``fiscal_year``, ``fiscal_quarter``, ``period_end``; sources ``operating_cash_flow``,
        ``net_debt_flow``, ``shares_issued``; uses ``capex``, ``share_repurchases``, ``dividends_paid``,
        ``acquisitions``, ``to_shareholders``, ``cash_added`` (change of cash and securities); ``other`` (what closes
        the account: uses less known sources); ``net_debt``; and ``cash_row`` (the row of `cash_flows`).
        Missing stays missing, but for acquisitions nobody disclosed and shares no note names, which stand in
        ``other``.
    """
    require_columns(financing, FINANCING_COLUMNS)
    rows = in_order(financing)
    if tickers is not None:
        rows = rows[rows["ticker"].astype(str).isin(list(tickers))]
    flows = cash_flows.assign(cash_row=cash_flows.index, ticker=cash_flows["ticker"].astype(str))
    flows = flows[["ticker", "period_end", "operating_cash_flow", "capex", "cash_row"]]
    table = rows[FINANCING_COLUMNS[:4]].assign(ticker=rows["ticker"].astype(str), row=rows.index)
    table = table.merge(flows, on=["ticker", "period_end"], how="left").set_index("row")
    for column in (net_debt_flow(rows), shares_issued(rows)):
        table[column.name] = column
    for name in ("share_repurchases", "dividends_paid", "acquisitions"):
        table[name] = rows[name]
    table["to_shareholders"] = table["share_repurchases"] + table["dividends_paid"]
    table["cash_added"] = rows["cash_and_securities"] - quarters_earlier(rows, "cash_and_securities", 1)
    uses = table["capex"] + table["to_shareholders"] + table["acquisitions"].fillna(0) + table["cash_added"]
    known = table["operating_cash_flow"] + table["net_debt_flow"] + table["shares_issued"].fillna(0)
    table["other"] = uses - known
    table["net_debt"] = full_debt(rows) - rows["cash_and_securities"]
    return table


def capex_paid_from(table: pd.DataFrame) -> pd.DataFrame:
    """Split capex by what paid for it, in the order of `PAID_FROM`.

    Parameters
    ----------
    table : DataFrame
        From `sources_and_uses`, or sums of it over quarters.

    Returns
    -------
    DataFrame
        One column for each of `PAID_FROM` (USD millions; they sum to capex) and ``borrowed_and_returned``: what went
        to shareholders while operations did not cover capex and returns together, up to the net borrowing. Missing
        where capex or operating cash flow is; the split of a shortfall is missing where the debt flow is.

    Notes
    -----
    Operations pay first, then net new debt, then new shares where a note names them; cash in hand and all else pay
    the rest. Any order is a convention: a dollar borrowed and a dollar earned are the same dollar.
    """
    capex, operations = table["capex"], table["operating_cash_flow"].clip(lower=0)
    own = _smaller(capex, operations)
    short = capex - own
    borrowed = table["net_debt_flow"].clip(lower=0)
    # Nothing to split where operations pay all: what the debt did is then beside the point.
    debt = _smaller(short, borrowed).mask(short == 0, 0.0)
    shares = _smaller(short - debt, table["shares_issued"].fillna(0))
    returned = table["to_shareholders"]
    need = (capex + returned - operations).clip(lower=0)
    both = _smaller(_smaller(need, borrowed), returned).mask(need == 0, 0.0)
    split = pd.DataFrame(
        {"operations": own, "debt": debt, "shares": shares, "cash_in_hand_and_other": short - debt - shares},
        index=table.index,
    )
    return split.assign(borrowed_and_returned=both)


def _smaller(first: pd.Series, second: pd.Series) -> pd.Series:
    """Return the smaller of two figures, missing where either is."""
    return pd.concat([first, second], axis=1).min(axis=1, skipna=False)


def external_finance(financing: pd.DataFrame) -> pd.Series:
    """Return net new debt and, where a note names them, new shares, by quarter (USD millions)."""
    flow = net_debt_flow(financing)
    return (flow + shares_issued(financing).fillna(0)).rename("external_finance")


def net_debt(financing: pd.DataFrame, tickers: Sequence[str] | None = None) -> pd.DataFrame:
    """Return debt less cash and securities, leases left out.

    Parameters
    ----------
    financing : DataFrame, one row a firm-quarter
    tickers : sequence of str, optional

    Returns
    -------
    DataFrame
        ``ticker``, ``period_end``, ``full_debt``, ``cash_and_securities``, ``net_debt`` (USD millions; negative where
        cash is the larger); row ids kept, quarters where either is unknown left out.
    """
    require_columns(financing, FINANCING_COLUMNS)
    rows = in_order(financing)
    if tickers is not None:
        rows = rows[rows["ticker"].astype(str).isin(list(tickers))]
    table = rows[["ticker", "period_end", "cash_and_securities"]].assign(full_debt=full_debt(rows))
    table["net_debt"] = table["full_debt"] - table["cash_and_securities"]
    return table.dropna(subset=["net_debt"]).astype({"ticker": "str"})


@dataclass(frozen=True)
class LastYear:
    """The last four known quarters of all firms together.

    Parameters
    ----------
    operations_percent : float or None
        Share of capex that operations paid.
    net_new_debt, to_shareholders : float or None
        USD millions, over the quarters for which they are known.
    quarters, debt_unknown, returns_unknown : int
        How many firm-quarters there are, and how many lack each sum.
    capex_rows, debt_rows, return_rows : tuple of str
    """

    operations_percent: float | None
    net_new_debt: float | None
    to_shareholders: float | None
    quarters: int
    debt_unknown: int
    returns_unknown: int
    capex_rows: tuple[str, ...]
    debt_rows: tuple[str, ...]
    return_rows: tuple[str, ...]


def last_year(table: pd.DataFrame) -> LastYear:
    """Sum each firm's last four quarters.

    Parameters
    ----------
    table : DataFrame
        From `sources_and_uses`, joined with `capex_paid_from`.

    Returns
    -------
    LastYear
    """
    last = table.groupby("ticker", sort=False).tail(QUARTERS_A_YEAR)
    known = last.dropna(subset=["operations", "capex"])
    debt, back = last["net_debt_flow"].dropna(), last["to_shareholders"].dropna()
    return LastYear(
        100 * float(known["operations"].sum() / known["capex"].sum()) if len(known) else None,
        float(debt.sum()) if len(debt) else None,
        float(back.sum()) if len(back) else None,
        len(last), len(last) - len(debt), len(last) - len(back),
        tuple(known["cash_row"]), tuple(debt.index), tuple(back.index),
    )  # fmt: skip
