"""What the notebook on free cash flow reads from the ledger: traced sums, last known years, bridges, seasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from helpers.analysis.cash_flow_claims import a02, a13, a14, a15, a16, a20, a22
from helpers.analysis.fiscal_quarters import QUARTERS_A_YEAR, fiscal_sequence, in_order, latest_quarters, trailing_sum
from helpers.analysis.free_cash_flow import (
    DEFINITIONS,
    FIRMS,
    change_bridge,
    free_cash_flow,
    stated_free_cash_flow,
    trailing_components,
)
from helpers.analysis.verdict import NOT_TESTABLE, Verdict

# The last day of what the article could know: it cites 2 September 2025.
ARTICLE_DAY = "2025-09-05"


@dataclass(frozen=True)
class Flow:
    """A sum over quarters, with the rows it was made of.

    Parameters
    ----------
    value : float or None
        None where a quarter or its value is not known.
    rows : tuple of str
        Row ids; empty where the value is not known.
    """

    value: float | None
    rows: tuple[str, ...] = ()


def flow(
    frame: pd.DataFrame, ticker: str, column: str, *, end: str | None = None, quarters: int = QUARTERS_A_YEAR
) -> Flow:
    """Sum a firm's quarters up to one, and keep their row ids.

    Parameters
    ----------
    frame : DataFrame, one row a firm-quarter, indexed by row id
    ticker : str
    column : str
    end : str, optional
        ISO date of the last quarter's end; by default the firm's last quarter in the frame.
    quarters : int
        At least 1.

    Returns
    -------
    Flow

    Raises
    ------
    ValueError
        If `quarters` is not positive or the frame is not one row a firm-quarter.
    """
    firm = in_order(frame[frame["ticker"].astype(str) == ticker])
    total = trailing_sum(firm, column, quarters)
    wanted = firm["period_end"] == (firm["period_end"].max() if end is None else pd.Timestamp(end))
    found = total[wanted].dropna()
    if found.empty:
        return Flow(None)
    sequence = fiscal_sequence(firm)
    last = sequence[found.index[0]]
    return Flow(float(found.iloc[0]), tuple(firm.index[(sequence > last - quarters) & (sequence <= last)]))


def last_ends(frame: pd.DataFrame, ticker: str, count: int, fiscal_quarter: str | None = None) -> list[str]:
    """Return the ISO dates of a firm's last quarter ends, oldest first.

    Parameters
    ----------
    frame : DataFrame, one row a firm-quarter
    ticker : str
    count : int
        At most so many; at least 1.
    fiscal_quarter : str, optional
        Only quarters of this name; ``"Q4"`` gives the ends of fiscal years.
    """
    firm = frame[frame["ticker"].astype(str) == ticker]
    if fiscal_quarter is not None:
        firm = firm[firm["fiscal_quarter"].astype(str) == fiscal_quarter]
    return [str(end.date()) for end in latest_quarters(firm, count)["period_end"]]


def joined(flows: Iterable[Flow]) -> Flow:
    """Add flows; one that is not known makes the sum unknown."""
    parts = list(flows)
    rows = tuple(dict.fromkeys(row for part in parts for row in part.rows))
    values = [part.value for part in parts if part.value is not None]
    return Flow(sum(values), rows) if parts and len(values) == len(parts) else Flow(None)


def since(ledger: pd.DataFrame, start: str) -> pd.DataFrame:
    """Keep quarters that ended on or after a day.

    Raises
    ------
    ValueError
        If none did: `start` lies after the last known quarter.
    """
    kept = ledger[ledger["period_end"] >= pd.Timestamp(start)]
    if kept.empty:
        raise ValueError(f"start {start}: no known quarter ended on or after this day")
    return kept


def comparison_day(as_of: str) -> str:
    """Return the day a bridge to `as_of` begins: the article's, or a year before where `as_of` is not after it."""
    if as_of > ARTICLE_DAY:
        return ARTICLE_DAY
    return str((pd.Timestamp(as_of) - pd.DateOffset(years=1)).date())


def last_twelve_months(cash_flows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Sum columns over each firm's last twelve months in which all of them are known.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter
    columns : sequence of str

    Returns
    -------
    DataFrame, one row a firm, indexed by the row id of the last quarter
        ``ticker``, ``period_end``, and each column with ``_12m`` behind. A firm that never had four
        such quarters is left out.
    """
    sums = pd.DataFrame({f"{column}_12m": trailing_sum(cash_flows, column, QUARTERS_A_YEAR) for column in columns})
    known = pd.concat([cash_flows[["ticker", "fiscal_year", "fiscal_quarter", "period_end"]], sums], axis=1).dropna()
    last = latest_quarters(known).astype({"ticker": "str"})
    return last[["ticker", "period_end", *sums.columns]]


def bridge_between(then: pd.DataFrame, now: pd.DataFrame, definition: str, tickers: Sequence[str]) -> pd.DataFrame:
    """Bridge each firm's last twelve months known on one day to those known on a later one.

    Parameters
    ----------
    then, now : DataFrame, one row a firm-quarter
        What was known on either day.
    definition : str
    tickers : sequence of str
        Firms, in the order wanted.

    Returns
    -------
    DataFrame
        As `change_bridge`, indexed by ticker.
    """
    before, after = (_last_parts(frame, definition) for frame in (then, now))
    return change_bridge(before, after).reindex(list(tickers)).rename_axis("ticker")


def _last_parts(cash_flows: pd.DataFrame, definition: str) -> pd.DataFrame:
    last = latest_quarters(cash_flows)
    parts = trailing_components(cash_flows, definition).loc[last.index]
    return parts.set_axis(last["ticker"].astype(str).to_list(), axis=0)


def season(ledger: pd.DataFrame, ticker: str) -> pd.DataFrame:
    """Count a firm's negative quarters by fiscal quarter.

    Parameters
    ----------
    ledger : DataFrame, one row a firm-quarter
        With ``free_cash_flow``.
    ticker : str

    Returns
    -------
    DataFrame, indexed by fiscal quarter
        ``negative`` and ``known`` (counts).
    """
    firm = ledger[(ledger["ticker"].astype(str) == ticker) & ledger["free_cash_flow"].notna()]
    names = firm["fiscal_quarter"].astype(str)
    negative = (firm["free_cash_flow"] < 0).groupby(names)
    counts = pd.DataFrame({"negative": negative.sum(), "known": negative.count()})
    return counts.reindex(["Q1", "Q2", "Q3", "Q4"], fill_value=0).rename_axis("fiscal quarter")


def lease_share(cash_flows: pd.DataFrame) -> pd.Series:
    """Return lease principal repaid as a share of capex over twelve months, in per cent, by row id."""
    principal = trailing_sum(cash_flows, "finance_lease_principal", QUARTERS_A_YEAR)
    capex = trailing_sum(cash_flows, "capex", QUARTERS_A_YEAR)
    return (100 * principal / capex.where(capex > 0)).rename("lease_share")


def verdicts_by_definition(cash_flows: pd.DataFrame, financing: pd.DataFrame) -> pd.DataFrame:
    """Judge the claims whose rule leaves the definition open under each of the four.

    Returns
    -------
    DataFrame of str, one row a claim, one column a definition
        Verdicts. The column ``company`` is the verdict that counts.
    """
    rules: dict[str, Callable[[str], Verdict]] = {
        "A02": lambda name: a02(cash_flows, definition=name),
        "A13": lambda name: a13(cash_flows, financing, definition=name),
        "A14": lambda name: a14(cash_flows, financing, definition=name),
        "A15": lambda name: a15(cash_flows, definition=name),
        "A16": lambda name: a16(cash_flows, financing, definition=name),
        "A20": lambda name: a20(cash_flows, definition=name),
        "A22": lambda name: a22(cash_flows, definition=name),
    }
    table = {claim: {name: rule(name).verdict for name in DEFINITIONS} for claim, rule in rules.items()}
    return pd.DataFrame(table).T.rename_axis("claim")


def group_total(change: pd.DataFrame, column: str) -> Flow:
    """Add one column of `helpers.analysis.cash_flow_evidence.group_change` over its firms.

    Returns
    -------
    Flow
        Not known where one firm's value is not, or there is no firm.
    """
    return joined(
        Flow(None if pd.isna(value) else float(value), rows)
        for value, rows in zip(change[column], change["rows"], strict=True)
    )


def percent_change(before: Flow, after: Flow) -> float | None:
    """Return the change in per cent; None where either end is unknown or the base is not positive."""
    if before.value is None or after.value is None or before.value <= 0:
        return None
    return 100 * (after.value - before.value) / before.value


def share(part: Flow, whole: Flow) -> float | None:
    """Return a part in per cent of a whole; None where either is unknown or the whole is not positive."""
    if part.value is None or whole.value is None or whole.value <= 0:
        return None
    return 100 * part.value / whole.value


def names(tickers: Iterable[str]) -> str:
    """Join firms' names as a sentence does; ``none`` where there is none."""
    known = [FIRMS[ticker].name for ticker in tickers]
    return f"{', '.join(known[:-1])} and {known[-1]}" if len(known) > 1 else "".join(known) or "none"


def negative_in_all(grid: pd.DataFrame, definition: str) -> list[str]:
    """Return the firms whose every quarter of `helpers.analysis.free_cash_flow.sign_grid` is negative."""
    return [ticker for ticker, flows in _flows_of(grid, definition) if (flows < 0).all()]


def not_known(grid: pd.DataFrame, definition: str) -> list[str]:
    """Return the firms with a quarter of the grid that is not known."""
    return [ticker for ticker, flows in _flows_of(grid, definition) if flows.isna().any()]


def _flows_of(grid: pd.DataFrame, definition: str) -> list[tuple[str, pd.Series]]:
    part = grid[grid["definition"] == definition]
    return [(str(ticker), flows) for ticker, flows in part.groupby("ticker", sort=False)["free_cash_flow"]]


def stated_only(cash_flows: pd.DataFrame, definition: str) -> pd.Series:
    """Return free cash flow that a source states while its parts, and so our figure, are not known (by row id)."""
    stated = stated_free_cash_flow(cash_flows)
    return stated[free_cash_flow(cash_flows, definition).isna()].dropna()


# The readings of one quarter that are compared: each adds signed parts to operating cash flow.
READINGS: dict[str, dict[str, int]] = {
    "net of proceeds and incentives (Amazon's own)": {"capex": -1, "capex_proceeds": 1},
    "gross purchases": {"capex": -1},
    "Amazon's own, less lease principal": {"capex": -1, "capex_proceeds": 1, "finance_lease_principal": -1},
    "gross purchases and lease principal": {"capex": -1, "finance_lease_principal": -1},
    "Amazon's own, less pay in shares": {"capex": -1, "capex_proceeds": 1, "stock_based_compensation": -1},
}


def readings(cash_flows: pd.DataFrame, end: str) -> dict[str, Flow]:
    """Compute one of Amazon's quarters under each of `READINGS`.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter
    end : str
        ISO date of the quarter's end.

    Returns
    -------
    dict of reading to Flow
    """
    table = {}
    for name, parts in READINGS.items():
        total = cash_flows["operating_cash_flow"] + sum(sign * cash_flows[part] for part, sign in parts.items())
        table[name] = flow(cash_flows.assign(reading=total), "AMZN", "reading", end=end, quarters=1)
    return table


def definition_table() -> pd.DataFrame:
    """Return each firm's own wording of free cash flow, firms with the same wording together."""
    wordings: dict[str, list[str]] = {}
    for ticker, firm in FIRMS.items():
        wordings.setdefault(firm.wording, []).append(ticker)
    return pd.DataFrame(
        {"firms": [names(tickers) for tickers in wordings.values()], "free cash flow is": list(wordings)}
    )


def verdict_table(verdicts: Mapping[str, Verdict], head: str) -> pd.DataFrame:
    """Lay verdicts out with their reasons, under a head for their keys."""
    return pd.DataFrame(
        [{head: key, "verdict": verdict.verdict, "reason": verdict.reason} for key, verdict in verdicts.items()]
    )


def beyond_operations(last: pd.DataFrame) -> pd.DataFrame:
    """Keep firms whose net income exceeds operating income, which operations alone do not give.

    Parameters
    ----------
    last : DataFrame, one row a firm
        From `last_twelve_months` with ``net_income`` and ``operating_income``.

    Returns
    -------
    DataFrame
        With ``excess`` (USD millions), the largest first.
    """
    excess = last["net_income_12m"] - last["operating_income_12m"]
    return last.assign(excess=excess)[excess > 0].sort_values("excess", ascending=False)


def rows_behind(frame: pd.DataFrame, row: str, quarters: int = QUARTERS_A_YEAR) -> tuple[str, ...]:
    """Return the ids of a firm's quarters that end with a row."""
    sequence, ticker = fiscal_sequence(frame), frame["ticker"].astype(str)
    near = (ticker == ticker[row]) & (sequence <= sequence[row]) & (sequence > sequence[row] - quarters)
    return tuple(frame.index[near])


def year_change(frame: pd.DataFrame, column: str, ends: Mapping[str, str]) -> Flow:
    """Return how firms' twelve-month sum of a column changed against the year before, together.

    Parameters
    ----------
    frame : DataFrame, one row a firm-quarter
    column : str
    ends : mapping of ticker to ISO date
        The quarter that ends each firm's twelve months.

    Returns
    -------
    Flow
        Not known where one of a firm's eight quarters is not.
    """
    both = joined(flow(frame, ticker, column, end=end, quarters=2 * QUARTERS_A_YEAR) for ticker, end in ends.items())
    last = joined(flow(frame, ticker, column, end=end) for ticker, end in ends.items())
    # The year before is both years less the last one.
    return Flow(None) if both.value is None or last.value is None else Flow(2 * last.value - both.value, both.rows)


def rows_of_year(cash_flows: pd.DataFrame, tickers: Iterable[str]) -> tuple[str, ...]:
    """Return the row ids of some firms' last four quarters."""
    kept = cash_flows[cash_flows["ticker"].astype(str).isin(list(tickers))]
    return tuple(latest_quarters(kept, QUARTERS_A_YEAR).index)


def quarters_above(ledger: pd.DataFrame, limit: float = 100.0) -> pd.DataFrame:
    """List firms with quarters at whose end twelve months of capex exceeded `limit` per cent of operating cash flow.

    Returns
    -------
    DataFrame, one row a firm
        ``ticker``, ``quarters``, ``first`` and ``last`` (period ends), ``rows``, the most quarters first.
    """
    above = ledger[ledger["capex_share_12m"] > limit]
    table = [
        {
            "ticker": str(ticker),
            "quarters": len(part),
            "first": part["period_end"].min(),
            "last": part["period_end"].max(),
            "rows": tuple(part.index),
        }
        for ticker, part in above.groupby(above["ticker"].astype(str))
    ]
    frame = pd.DataFrame(table, columns=["ticker", "quarters", "first", "last", "rows"])
    return frame.sort_values(["quarters", "ticker"], ascending=[False, True], ignore_index=True)


def depreciation_wall(cash_flows: pd.DataFrame) -> pd.DataFrame:
    """Set capex against depreciation over each firm's last twelve months in which both are known.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter

    Returns
    -------
    DataFrame, one row a firm, the highest ratio first, indexed by row id
        As `last_twelve_months` of capex, depreciation and operating income, with ``ratio`` and ``gap``
        (capex less depreciation: paid, and not yet charged to profit).
    """
    wall = last_twelve_months(cash_flows, ["capex", "depreciation_amortisation", "operating_income"])
    wall = wall.assign(
        ratio=wall["capex_12m"] / wall["depreciation_amortisation_12m"],
        gap=wall["capex_12m"] - wall["depreciation_amortisation_12m"],
    )
    return wall.sort_values("ratio", ascending=False)


def turning_claims(by_definition: pd.DataFrame) -> list[str]:
    """Return the claims whose testable verdicts differ between definitions."""
    testable = by_definition.where(by_definition != NOT_TESTABLE)
    return [str(claim) for claim, kinds in testable.nunique(axis=1).items() if kinds > 1]


def with_names(frame: pd.DataFrame) -> pd.DataFrame:
    """Replace tickers by the firms' names, in a column headed ``firm``."""
    names_of = {ticker: firm.name for ticker, firm in FIRMS.items()}
    return frame.assign(ticker=frame["ticker"].astype(str).map(names_of)).rename(columns={"ticker": "firm"})


def slug(row: str) -> str:
    """Turn a row id into the end of a number's id: ``cash_flows/AAPL/2026-03-28`` gives ``aapl_2026_03_28``."""
    return "_".join(row.split("/")[1:]).lower().replace("-", "_")
