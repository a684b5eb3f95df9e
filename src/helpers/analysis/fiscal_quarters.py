"""Sums and comparisons over a firm's fiscal quarters, whatever its calendar.

Fiscal years end in December, June, May, September or January here, and some quarters have 13 or
14 weeks. Quarters are therefore counted by `fiscal_year` and `fiscal_quarter`, never by days.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

QUARTERS_A_YEAR = 4
# Half of a 13-week quarter (91 days); quarters here have 89 to 98 days, and 45 days before the end
# is within four days of the middle of each.
DAYS_FROM_MIDDLE_TO_END = 45
QUARTERS = pd.Index(["Q1", "Q2", "Q3", "Q4"], dtype="object")
# More quarters than any firm's history has, so that those of two firms are never taken for each other.
_FAR = 1_000_000
KEY = ["ticker", "fiscal_year", "fiscal_quarter"]


def require_columns(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise ValueError naming the columns that `frame` lacks."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ValueError(f"missing columns: {', '.join(missing)}")


def fiscal_sequence(frame: pd.DataFrame) -> pd.Series:
    """Give fiscal quarters numbers so that consecutive ones differ by one.

    Parameters
    ----------
    frame : DataFrame, one row a firm-quarter
        Columns ``ticker``, ``fiscal_year`` and ``fiscal_quarter`` (``"Q1"`` to ``"Q4"``).

    Returns
    -------
    Series of int64
        ``4 * fiscal_year + quarter - 1``, on the index of `frame`.

    Raises
    ------
    ValueError
        If a column is missing, a quarter is not Q1 to Q4, or a firm-quarter stands twice.
    """
    require_columns(frame, KEY)
    quarter = QUARTERS.get_indexer(pd.Index(frame["fiscal_quarter"].astype("object")))
    if (quarter < 0).any():
        wrong = frame["fiscal_quarter"][quarter < 0]
        raise ValueError(f"fiscal_quarter {wrong.iloc[0]!r} in row {wrong.index[0]!r}: expected Q1, Q2, Q3 or Q4")
    sequence = frame["fiscal_year"].to_numpy(dtype="int64") * QUARTERS_A_YEAR + quarter
    places = _places(frame, sequence)
    if len(np.unique(places)) < len(places):
        first = frame.loc[frame.duplicated(KEY, keep="first"), KEY].iloc[0]
        raise ValueError(f"duplicate firm-quarter: {first.ticker} {first.fiscal_year} {first.fiscal_quarter}")
    return pd.Series(sequence, index=frame.index, name="fiscal_sequence")


def _places(frame: pd.DataFrame, sequence: np.ndarray) -> np.ndarray:
    """Give the quarters of all firms numbers, each firm's far from the next firm's: one search finds them all."""
    places: np.ndarray = pd.factorize(frame["ticker"].astype("object"))[0] * _FAR + sequence
    return places


def quarters_earlier(frame: pd.DataFrame, values: pd.Series | str, quarters: int = QUARTERS_A_YEAR) -> pd.Series:
    """Return each firm's value some quarters before, for comparisons with a year earlier.

    Parameters
    ----------
    frame : DataFrame, one row a firm-quarter
    values : Series on the index of `frame`, or the name of a column
    quarters : int
        How many fiscal quarters back; at least 1.

    Returns
    -------
    Series of float64
        On the index of `frame`; missing where that quarter is not in `frame`.

    Raises
    ------
    ValueError
        If `quarters` is not positive, or the frame is not one row a firm-quarter.
    """
    _require_positive("quarters", quarters)
    return next(_earlier(frame, values, range(quarters, quarters + 1)))


def trailing_sum(frame: pd.DataFrame, values: pd.Series | str, quarters: int) -> pd.Series:
    """Sum a firm's last contiguous quarters.

    Parameters
    ----------
    frame : DataFrame, one row a firm-quarter
        In any order; see `fiscal_sequence` for the columns.
    values : Series on the index of `frame`, or the name of a column
        A flow, for example USD millions a quarter.
    quarters : int
        Length of the window; at least 1.

    Returns
    -------
    Series of float64
        On the index of `frame`: the sum of that quarter and the ones before it. Missing where one
        of the quarters is absent or its value is missing.

    Raises
    ------
    ValueError
        If `quarters` is not positive, or the frame is not one row a firm-quarter.
    """
    _require_positive("quarters", quarters)
    # Shifted copies are added instead of a rolling sum: integers stay exact, and no rounding
    # error is carried from one window to the next.
    total = _series(frame, values).astype("float64")
    for earlier in _earlier(frame, values, range(1, quarters)):
        total = total + earlier
    return total


def _earlier(frame: pd.DataFrame, values: pd.Series | str, backs: range) -> Iterator[pd.Series]:
    """Yield each firm's values so many quarters before, for each of `backs`."""
    sequence = fiscal_sequence(frame).to_numpy()
    known = _series(frame, values).to_numpy(dtype="float64", na_value=np.nan)
    places = _places(frame, sequence)
    order = np.argsort(places)
    for back in backs:
        at = np.searchsorted(places, places - back, sorter=order).clip(max=max(len(places) - 1, 0))
        found = order[at] if len(order) else order
        is_there = places[found] == places - back
        yield pd.Series(np.where(is_there, known[found], np.nan), index=frame.index, dtype="float64")


def trailing_twelve_months(frame: pd.DataFrame, values: pd.Series | str) -> pd.Series:
    """Sum each firm's last four contiguous fiscal quarters; see `trailing_sum`.

    Examples
    --------
    >>> frame = pd.DataFrame({"ticker": "ORCL", "fiscal_year": 2025,
    ...                       "fiscal_quarter": ["Q1", "Q2", "Q3", "Q4"], "cash": [5, -3, 0, -3]})
    >>> trailing_twelve_months(frame, "cash").tolist()
    [nan, nan, nan, -1.0]
    """
    return trailing_sum(frame, values, QUARTERS_A_YEAR)


def latest_quarters(frame: pd.DataFrame, quarters: int = 1) -> pd.DataFrame:
    """Keep each firm's last quarters, oldest first.

    Parameters
    ----------
    frame : DataFrame, one row a firm-quarter
    quarters : int
        How many to keep for each firm; at least 1. A firm with fewer keeps what it has.

    Returns
    -------
    DataFrame
        Rows of `frame`, sorted by ticker and fiscal quarter.

    Raises
    ------
    ValueError
        If `quarters` is not positive, or the frame is not one row a firm-quarter.
    """
    _require_positive("quarters", quarters)
    ordered = in_order(frame)
    return ordered.groupby(ordered["ticker"].astype(str), sort=False).tail(quarters)


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort rows by ticker and fiscal quarter; raises as `fiscal_sequence` does."""
    sequence = fiscal_sequence(frame)
    order = np.lexsort((sequence.to_numpy(), frame["ticker"].astype(str).to_numpy()))
    return frame.iloc[order]


def calendar_quarter(period_end: pd.Series) -> pd.Series:
    """Return the calendar quarter that holds the middle of each fiscal quarter.

    A fiscal quarter is given to the calendar quarter with most of its days: Oracle's June to
    August to July to September, NVIDIA's November to January to October to December.

    Parameters
    ----------
    period_end : Series of datetime64
        Last days of fiscal quarters of about 13 weeks.

    Returns
    -------
    Series of period[Q-DEC]
        On the index of `period_end`; it prints as ``2025Q2``. Missing stays missing.

    Examples
    --------
    >>> calendar_quarter(pd.Series(pd.to_datetime(["2025-05-31", "2025-01-26"]))).astype(str).tolist()
    ['2025Q2', '2024Q4']
    """
    middle = pd.to_datetime(period_end) - pd.Timedelta(days=DAYS_FROM_MIDDLE_TO_END)
    return middle.dt.to_period("Q").rename("calendar_quarter")


def _require_positive(name: str, number: int) -> None:
    if number < 1:
        raise ValueError(f"{name} must be at least 1, not {number}")


def _series(frame: pd.DataFrame, values: pd.Series | str) -> pd.Series:
    """Return the values on the frame's index, by name or as given."""
    if isinstance(values, str):
        require_columns(frame, [values])
        return frame[values]
    if not values.index.equals(frame.index):
        raise ValueError("values must be on the index of the frame")
    return values
