"""Two booms laid over each other: monthly series in real terms, in event time, with their drawdowns.

Rows keep the ids of the table they come from, so that every figure can be traced; a path that rests on a second
table names its rows in the column ``also``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

# Months on either side of a start: a year of run-up, and ten years, enough for a boom, its fall and what came after.
MONTHS_BEFORE, MONTHS_AFTER = 12, 120


@dataclass(frozen=True)
class Standing:
    """Where a boom stands some months after its start.

    Parameters
    ----------
    months : int
        Since the start.
    gain, fall : float
        Per cent: since the start, and from the highest month end so far.
    rows : tuple of str
        Row ids of start and end, and of what they were divided by.
    """

    months: int
    gain: float
    fall: float
    rows: tuple[str, ...]


def monthly(table: pd.DataFrame, date: str, column: str) -> pd.DataFrame:
    """Return a table's column as a monthly path.

    Parameters
    ----------
    table : DataFrame, indexed by row id
    date, column : str
        Names of columns.

    Returns
    -------
    DataFrame
        ``month`` (period) and ``value`` on the ids of the rows with a value, in order.

    Raises
    ------
    ValueError
        If a month stands twice.
    """
    path = pd.DataFrame({"month": pd.DatetimeIndex(table[date]).to_period("M"), "value": table[column]}, table.index)
    path = path[path["value"].notna()].sort_values("month", kind="stable")
    if path["month"].duplicated().any():
        raise ValueError(f"{path.index[path['month'].duplicated()][0]}: its month stands twice")
    return path


def price_of(stock_prices: pd.DataFrame, ticker: str, since: str = "1900-01", until: str = "2100-01") -> pd.DataFrame:
    """Return a firm's month-end prices between two months, as `monthly`."""
    path = monthly(stock_prices[stock_prices["ticker"] == ticker], "month_end", "close_adj")
    return path[(path["month"] >= pd.Period(since, "M")) & (path["month"] <= pd.Period(until, "M"))]


def real_nasdaq(nasdaq: pd.DataFrame, shiller: pd.DataFrame, deflate: bool = True) -> pd.DataFrame:
    """Return the Nasdaq composite at month ends, in prices of the last month with a price index.

    Parameters
    ----------
    nasdaq : DataFrame
        Table ``nasdaq_composite``.
    shiller : DataFrame
        Table ``sp500_shiller``, for its consumer prices.
    deflate : bool
        False leaves the index as quoted.

    Returns
    -------
    DataFrame
        As `monthly`; deflated, with the row of the consumer prices in ``also``. A month without them is left out, not
        guessed.
    """
    path = monthly(nasdaq, "month_end", "close")
    if not deflate:
        return path
    consumer = monthly(shiller, "month", "cpi")
    prices = consumer.set_index("month")["value"]
    known = path[path["month"].isin(prices.index)]
    also = known["month"].map(pd.Series(consumer.index, consumer["month"]))
    return known.assign(value=known["value"] * prices.iloc[-1] / known["month"].map(prices).to_numpy(), also=also)


def ratio_of(table: pd.DataFrame, date: str, above: str, below: str) -> pd.DataFrame:
    """Return the ratio of two columns as `monthly`, for example price over earnings."""
    return monthly(table.assign(_ratio=table[above] / table[below]), date, "_ratio")


def drawdown(values: pd.Series) -> pd.Series:
    """Return how far each value lies below the highest so far, in per cent (zero or negative)."""
    return 100 * (values / values.cummax() - 1)


def event_time(
    path: pd.DataFrame, start: str, *, before: int = MONTHS_BEFORE, after: int = MONTHS_AFTER, rebase: bool = True
) -> pd.DataFrame:
    """Lay a path along months since its start.

    Parameters
    ----------
    path : DataFrame
        As `monthly`.
    start : str
        ISO date; its month end is month 0.
    before, after : int
        Months kept on either side.
    rebase : bool
        True sets month 0 to 100.

    Returns
    -------
    DataFrame
        ``month``, ``months``, ``value``, ``drawdown`` (from the highest since the start, missing before it: a fall
        that was over when the boom began is none of its own) on the path's rows; empty where the start month has no
        value.
    """
    zero = pd.Period(start, "M")
    months = (path["month"].dt.year - zero.year) * 12 + path["month"].dt.month - zero.month
    part: pd.DataFrame = path.assign(months=months)[(months >= -before) & (months <= after)]
    base = part.loc[part["months"] == 0, "value"]
    if base.empty:
        part["drawdown"] = np.nan
        return part.iloc[:0]
    value = 100 * part["value"] / base.iloc[0] if rebase else part["value"]
    laid: pd.DataFrame = part.assign(value=value, drawdown=drawdown(part["value"].where(part["months"] >= 0)))
    return laid


def standing(event: pd.DataFrame, months: int | None = None) -> Standing | None:
    """Return where a path of `event_time` stands after some months, or at its end.

    Returns
    -------
    Standing or None
        None where that month is not known.
    """
    since = event[event["months"] >= 0]
    part = since if months is None else since[since["months"] <= months]
    if part.empty or (months is not None and part["months"].iloc[-1] != months):
        return None
    first, last = part.iloc[0], part.iloc[-1]
    return Standing(
        int(last["months"]), float(100 * (last["value"] / first["value"] - 1)), float(last["drawdown"]),
        rows_used(part.iloc[[0, -1]]),
    )  # fmt: skip


def peak(event: pd.DataFrame) -> pd.Series | None:
    """Return the row of the highest value since the start, None where the path is empty."""
    since = event[event["months"] >= 0]
    return None if since.empty else since.nlargest(1, "value").iloc[0]


def gain(standing: Standing | None) -> float | None:
    """Return the gain of a standing; None where it is not known."""
    return None if standing is None else standing.gain


def level_at(event: pd.DataFrame, *, highest: bool) -> pd.DataFrame:
    """Return the row of month 0 of `event_time`, or that of the highest value since; empty where there is none."""
    since = event[event["months"] >= 0]
    return since.nlargest(1, "value") if highest else since.head(1)


def rows_used(*paths: pd.DataFrame) -> tuple[str, ...]:
    """Return the ids of the rows that paths rest on, those of a second table behind."""
    own = [str(row) for path in paths for row in path.index]
    return (*own, *(str(row) for path in paths if "also" in path for row in path["also"]))


def rows(standing: Standing | None) -> tuple[str, ...]:
    """Return the rows of a standing; none where it is not known."""
    return () if standing is None else standing.rows
