"""How much something grew: over the time that was seen, and a year only where a year was seen."""

from __future__ import annotations

import numpy as np
import pandas as pd

PERCENT = 100
# Mean length of a year and of a month in days: 365.25, and a twelfth of it.
DAYS_A_YEAR, DAYS_A_MONTH = 365.25, 30.4375
# A year between two surveys may be some days short of one.
NEARLY_A_YEAR = 0.97


def years_between(first: pd.Timestamp, last: pd.Timestamp) -> float:
    """Return the years from one day to another."""
    return float((last - first).days / DAYS_A_YEAR)


def percent_a_year(times: float, first: pd.Timestamp, last: pd.Timestamp) -> float:
    """Return the constant growth that makes something so many times as large, in per cent a year.

    Parameters
    ----------
    times : float
        Last value over first.
    first, last : Timestamp
        Their days.

    Returns
    -------
    float
        NaN where less than a year lies between them: growth of some months, raised to a year, is a forecast.
    """
    span = years_between(first, last)
    return float(PERCENT * (times ** (1 / span) - 1)) if span >= NEARLY_A_YEAR else np.nan


def in_months(first: pd.Timestamp, last: pd.Timestamp) -> str:
    """Write the time between two days: ``in 7 months``."""
    months = round((last - first).days / DAYS_A_MONTH)
    return f"in {months} month{'' if months == 1 else 's'}"
