"""Taking one figure out of a frame that may not have it: an unknown input gives an unknown result."""

from __future__ import annotations

import pandas as pd

from helpers.analysis.growth import in_months

UNKNOWN_DATE = "an unknown date"


def last(frame: pd.DataFrame, column: str) -> float | None:
    """Return a column's value in the last row, None where there is no row or no value."""
    if frame.empty or pd.isna(frame[column].iloc[-1]):
        return None
    return float(frame[column].iloc[-1])


def last_day(frame: pd.DataFrame, column: str = "date") -> str:
    """Return the date in the last row in words, or that it is unknown."""
    return UNKNOWN_DATE if frame.empty else f"{frame[column].iloc[-1]:%B %Y}"


def span(frame: pd.DataFrame, first: str = "first_date", last: str = "date") -> str:
    """Return the time between two dates of the last row in words, as ``in 7 months``, or that it is unknown."""
    return f"by {UNKNOWN_DATE}" if frame.empty else in_months(frame[first].iloc[-1], frame[last].iloc[-1])


def last_rows(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the row ids behind the last row: its column ``rows``, joined by ";", or else its label."""
    if frame.empty:
        return ()
    if "rows" not in frame.columns:
        return (str(frame.index[-1]),)
    return tuple(str(frame["rows"].iloc[-1]).split(";"))


def all_rows(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the row ids behind every row, each once, from its column ``rows``."""
    return tuple(dict.fromkeys(row for rows in frame["rows"] for row in str(rows).split(";")))
