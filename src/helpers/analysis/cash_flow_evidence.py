"""What the claims on cash flow are judged by: a firm's flows by quarter, and tables made of them.

A `Book` remembers the rows it was asked for, so that a verdict cites those and no others, and names a figure it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from functools import wraps
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from helpers.analysis.fiscal_quarters import fiscal_sequence, in_order, latest_quarters, quarters_earlier
from helpers.analysis.free_cash_flow import FIRMS, free_cash_flow
from helpers.analysis.verdict import Verdict, not_testable

# The last quarter each firm had published when the article appeared (it cites 2 September 2025).
ARTICLE_QUARTERS: dict[str, str] = {
    "AMZN": "2025-06-30",
    "GOOGL": "2025-06-30",
    "META": "2025-06-30",
    "MSFT": "2025-06-30",
    "ORCL": "2025-05-31",
}
OWN = "company"
YEAR = 4


class MissingFigureError(Exception):
    """A figure a rule needs is not in the data; the message names it."""


class Book:
    """A firm's flows by quarter, which remembers the rows it was asked for.

    Parameters
    ----------
    frame : DataFrame, one row a firm-quarter, indexed by row id
        With ``ticker``, ``fiscal_year``, ``fiscal_quarter`` and ``period_end``.
    table : str
        Name of the table, for the message about a missing figure.
    """

    def __init__(self, frame: pd.DataFrame, table: str) -> None:
        self.frame = frame.assign(ticker=frame["ticker"].astype(str))
        self.table = table
        self.rows: dict[str, None] = {}
        self._sequence = fiscal_sequence(frame).to_numpy()
        self._tickers = self.frame["ticker"].to_numpy(dtype=object)
        self._firms: dict[str, _Firm] = {}

    def afresh(self) -> Book:
        """Return a book of the same flows that remembers no row yet."""
        book = copy(self)
        book.rows = {}
        return book

    def sum(self, ticker: str, end: str, column: str, *, quarters: int = 1, back: int = 0) -> float:
        """Sum a column over the quarters up to the one that ended on `end`, moved `back` quarters.

        Raises
        ------
        MissingFigureError
            If one of the quarters or its value is not known.
        """
        values = self.quarters(ticker, end, column, quarters=quarters, back=back)
        return float(values.sum())

    def quarters(self, ticker: str, end: str, column: str, *, quarters: int = 1, back: int = 0) -> pd.Series:
        """Return a column over those quarters, oldest first; see `sum`."""
        firm, name = self._firm(ticker), FIRMS[ticker].name
        last = firm.sequence[firm.ends == pd.Timestamp(end).to_datetime64()]
        if not len(last):
            raise MissingFigureError(f"the quarter of {name} to {end} is not known ({self.table})")
        low, high = np.searchsorted(firm.sequence, [last[0] - back - quarters, last[0] - back], side="right")
        if high - low < quarters:
            raise MissingFigureError(
                f"a quarter of {name} between {quarters + back} and {back} quarters before {end} is not known "
                f"({self.table})"
            )
        rows = firm.frame.index[low:high]
        self.rows |= dict.fromkeys(rows)
        values = firm.values(column)[low:high]
        if np.isnan(values).any():
            day = pd.Timestamp(firm.ends[low:high][np.isnan(values)][0]).date()
            raise MissingFigureError(
                f"{column.removeprefix('part_').replace('_', ' ')} of {name} in the quarter to {day} is not known"
            )
        return pd.Series(values, index=rows, name=column)

    def _firm(self, ticker: str) -> _Firm:
        # Split once, and only for the firms that are asked for: a rule asks for hundreds of sums.
        if ticker not in self._firms:
            at = np.flatnonzero(self._tickers == ticker)
            at = at[np.argsort(self._sequence[at])]
            self._firms[ticker] = _Firm(self.frame.iloc[at], self._sequence[at])
        return self._firms[ticker]


class _Firm:
    """One firm's quarters, oldest first, with their columns as arrays."""

    def __init__(self, frame: pd.DataFrame, sequence: npt.NDArray[np.int64]) -> None:
        self.frame, self.sequence = frame, sequence
        self.ends = frame["period_end"].to_numpy()
        self._columns: dict[str, npt.NDArray[np.float64]] = {}

    def values(self, column: str) -> npt.NDArray[np.float64]:
        """Return a column; a missing value is NaN."""
        if column not in self._columns:
            self._columns[column] = self.frame[column].to_numpy(dtype="float64", na_value=np.nan)
        return self._columns[column]


def cash_book(cash_flows: pd.DataFrame, definition: str = OWN) -> Book:
    """Return the book of the firms' cash flows, with free cash flow by a definition."""
    frame = cash_flows.assign(free_cash_flow=free_cash_flow(cash_flows, definition))
    return Book(frame, "cash_flows")


def group_change(cash_flows: pd.DataFrame, ends: Mapping[str, str], definition: str = OWN) -> pd.DataFrame:
    """Compare twelve-month free cash flow with a year before.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter
    ends : mapping of ticker to ISO date
        The quarter that ends each firm's twelve months: `ARTICLE_QUARTERS` or `newest_quarters`.
    definition : str

    Returns
    -------
    DataFrame, one row a firm
        ``ticker``, ``period_end``, ``earlier``, ``free_cash_flow_12m``, ``change`` (USD millions),
        ``percent`` (missing where the base is not positive) and ``rows`` (row ids of the eight
        quarters). Missing where a quarter is.
    """
    table = []
    flows = cash_book(cash_flows, definition)
    for ticker, end in ends.items():
        book = flows.afresh()
        row: dict[str, Any] = {"ticker": ticker, "period_end": pd.Timestamp(end)}
        try:
            row["free_cash_flow_12m"] = book.sum(ticker, end, "free_cash_flow", quarters=YEAR)
            row["earlier"] = book.sum(ticker, end, "free_cash_flow", quarters=YEAR, back=YEAR)
        except MissingFigureError as missing:
            row["missing"] = str(missing)
        table.append(row | {"rows": tuple(book.rows)})
    columns = ["ticker", "period_end", "earlier", "free_cash_flow_12m", "change", "percent", "missing", "rows"]
    result = pd.DataFrame(table).reindex(columns=columns)
    result["change"] = result["free_cash_flow_12m"] - result["earlier"]
    result["percent"] = 100 * result["change"] / result["earlier"].where(result["earlier"] > 0)
    return result


def newest_quarters(cash_flows: pd.DataFrame, tickers: Mapping[str, str] | tuple[str, ...]) -> dict[str, str]:
    """Return the end of each firm's last quarter in the frame; firms without one are left out."""
    last = latest_quarters(cash_flows).set_index("ticker")["period_end"]
    ends = {str(ticker): str(end.date()) for ticker, end in last.items()}
    return {ticker: ends[ticker] for ticker in tickers if ticker in ends}


def year_change(book: Book, ticker: str, column: str) -> float:
    """Return the change of a twelve-month sum against the year before, at the article's date."""
    end = ARTICLE_QUARTERS[ticker]
    now, before = (book.sum(ticker, end, column, quarters=YEAR, back=back) for back in (0, YEAR))
    return now - before


def pay_and_acquisitions(cash_flows: pd.DataFrame, financing: pd.DataFrame) -> pd.DataFrame:
    """Return how pay in shares and acquisitions changed in the twelve months before the article.

    Returns
    -------
    DataFrame, one row a firm of `ARTICLE_QUARTERS`
        ``stock_based_compensation`` and ``acquisitions``, change in USD millions; missing where a
        quarter of the two years is.
    """
    books = {
        "stock_based_compensation": Book(cash_flows, "cash_flows"),
        "acquisitions": Book(financing, "financing"),
    }
    table: dict[str, dict[str, float]] = {ticker: {} for ticker in ARTICLE_QUARTERS}
    for column, book in books.items():
        for ticker in ARTICLE_QUARTERS:
            try:
                table[ticker][column] = year_change(book, ticker, column)
            except MissingFigureError:
                table[ticker][column] = float("nan")
    return pd.DataFrame(table).T


def negative_quarters(cash_flows: pd.DataFrame, definition: str = OWN) -> pd.DataFrame:
    """List the quarters with negative free cash flow and their cause.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter
    definition : str

    Returns
    -------
    DataFrame
        Rows of `cash_flows` with ``free_cash_flow``, and ``cause``: ``heavy investment`` where the
        business brought cash in and capex exceeded it, ``weak operations`` where operating cash
        flow itself was not positive. ``like_year_earlier`` is True where the same quarter a
        year before was negative too: a season, not news.
    """
    ordered = in_order(cash_flows)
    flow = free_cash_flow(ordered, definition)
    table = ordered.assign(free_cash_flow=flow, like_year_earlier=quarters_earlier(ordered, flow) < 0)
    negative = table[table["free_cash_flow"] < 0]
    weak = negative["operating_cash_flow"] <= 0
    return negative.assign(cause=weak.map({True: "weak operations", False: "heavy investment"}))


def rule_with(unit: str) -> Callable[[Callable[..., Verdict]], Callable[..., Verdict]]:
    """Turn a missing figure into the verdict `not testable`, which names it."""

    def decorate(rule: Callable[..., Verdict]) -> Callable[..., Verdict]:
        @wraps(rule)
        def judged(*frames: Any, **options: Any) -> Verdict:
            try:
                return rule(*frames, **options)
            except MissingFigureError as missing:
                return not_testable(f"Missing: {missing}.", unit)

        return judged

    return decorate
