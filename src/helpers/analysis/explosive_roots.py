"""Is a series explosive for a while? Recursive Dickey-Fuller statistics, right tail.

Conventions are those of R's exuber: windows are counted in regression rows. T observations and k lagged
differences leave T - 1 - k rows; the shortest window has ``floor((0.01 + 1.8 / sqrt(T)) T)`` of them. Value j of a
sequence belongs to observation ``min_rows + k + j``, counted from 0. Phillips, Shi and Yu count points: at lag 0
their window of the same length has one row fewer.

References
----------
Phillips, P., Wu, Y. and Yu, J. (2011), International Economic Review 52, 201-226.
Phillips, P., Shi, S. and Yu, J. (2015), International Economic Review 56, 1043-1078.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd

from helpers.analysis.explosive_windows import Floats, scan

# Days between two observations, and the calendar unit in which a series so spaced should have no hole.
_SPACINGS = ((5, 9, "W"), (27, 32, "M"), (85, 95, "Q"), (350, 380, "Y"))
# Weekends and holidays: the longest closure of the New York exchanges since 1971 left seven days between two closes.
_DAILY_GAP = 7
# Rows a t-ratio needs beyond its lags: one each for the constant and the level, and one degree of freedom.
_BEYOND_LAGS = 3


@dataclass(frozen=True)
class RadfResult:
    """Recursive statistics of one series.

    Parameters
    ----------
    adf : float
        Of the whole sample.
    badf : ndarray, shape (ends,)
        Of the windows that begin with the series, by end.
    sadf : float
        The largest of `badf` (Phillips, Wu and Yu).
    bsadf : ndarray, shape (ends,)
        The largest of all windows that end there.
    gsadf : float
        The largest of `bsadf` (Phillips, Shi and Yu).
    index : pandas.Index, shape (ends,)
        Dates of the sequences.
    min_rows : int
        Regression rows of the shortest window.
    lags : int
        Lagged differences.
    series : pandas.Series, shape (T,)
        What was tested.
    """

    adf: float
    badf: Floats
    sadf: float
    bsadf: Floats
    gsadf: float
    index: pd.Index
    min_rows: int
    lags: int
    series: pd.Series

    @property
    def observations(self) -> int:
        """Length T of the series."""
        return len(self.series)

    def frame(self) -> pd.DataFrame:
        """Return both sequences by date, with the tested value beside them."""
        values = self.series.to_numpy()[-len(self.index) :]
        return pd.DataFrame({"value": values, "badf": self.badf, "bsadf": self.bsadf}, index=self.index)


def default_min_rows(observations: int) -> int:
    """Return the rows of the shortest window: ``floor((0.01 + 1.8 / sqrt(T)) T)`` (Phillips, Shi and Yu 2015)."""
    return int((0.01 + 1.8 / sqrt(observations)) * observations)


def radf(
    y: pd.Series | Sequence[float] | Floats,
    *,
    min_rows: int | None = None,
    lags: int = 0,
    ignore_gaps: bool = False,
    engine: str = "auto",
) -> RadfResult:
    """Compute the recursive statistics of a series.

    Parameters
    ----------
    y : Series or array_like, shape (T,)
        Oldest first. A Series keeps its dates.
    min_rows : int, optional
        Regression rows of the shortest window; `default_min_rows` if not given.
    lags : int
        Lagged differences in each regression, the same in every window.
    ignore_gaps : bool
        True treats what stands next to each other as consecutive, whatever the dates.
    engine : {"auto", "fastest", "compiled", "numpy"}
        See `explosive_windows.scan`; all give the same digits.

    Returns
    -------
    RadfResult

    Raises
    ------
    ValueError
        If a value is missing, infinite or not a number, the series is constant or too short, a window's regression
        is not defined, or the dates are not in order, repeat, or leave a gap. The message says where.
    """
    series = checked_series(y, ignore_gaps=ignore_gaps)
    rows = checked_windows(len(series), min_rows, lags)
    found = scan(series.to_numpy(), lags=lags, min_rows=rows, engine=engine)
    if found.undefined is not None:
        first, last = found.undefined[0], found.undefined[1] + lags + 1
        raise ValueError(
            f"the regression of the window from {_label(series, first)} to {_label(series, last)} is not defined: "
            "the series does not move there, or follows its own past exactly"
        )
    return RadfResult(
        float(found.badf[-1]), found.badf, float(found.badf.max()), found.bsadf, float(found.bsadf.max()),
        series.index[rows + lags :], rows, lags, series,
    )  # fmt: skip


def checked_windows(observations: int, min_rows: int | None, lags: int) -> int:
    """Return the rows of the shortest window.

    Raises
    ------
    ValueError
        If `lags` is negative, the windows leave no degree of freedom, or the series is shorter than
        ``min_rows + lags + 2``.
    """
    if lags < 0:
        raise ValueError(f"lags must not be negative, not {lags}")
    if observations < 1:
        raise ValueError("the series is empty")
    rows = default_min_rows(observations) if min_rows is None else min_rows
    if rows < lags + _BEYOND_LAGS:
        raise ValueError(
            f"a window of {rows} rows is too short for {lags} lags: at least {lags + _BEYOND_LAGS} are needed"
        )
    if observations < rows + lags + 2:
        raise ValueError(
            f"{observations} observations are too few: windows of {rows} rows with {lags} lags need {rows + lags + 2}"
        )
    return rows


def checked_series(y: Any, *, ignore_gaps: bool = False) -> pd.Series:
    """Return the series as float64 with its index, or say what is wrong with it and where.

    Raises
    ------
    ValueError
        See `radf`.
    """
    series = y if isinstance(y, pd.Series) else pd.Series(np.asarray(y))
    if not pd.api.types.is_numeric_dtype(series.dtype) or pd.api.types.is_bool_dtype(series.dtype):
        raise ValueError(f"the series holds {series.dtype}, not numbers")
    if pd.api.types.is_complex_dtype(series.dtype):
        raise ValueError("the series holds complex numbers")
    series = series.astype("float64")
    wrong = np.flatnonzero(~np.isfinite(series.to_numpy()))
    if len(wrong):
        value = series.iloc[wrong[0]]
        raise ValueError(
            f"{len(wrong)} value(s) of the series are missing or infinite; the first is {value} at "
            f"{_label(series, int(wrong[0]))}"
        )
    if len(series) > 1 and np.ptp(series.to_numpy()) == 0:
        raise ValueError(f"the series is constant: {series.iloc[0]} from {_label(series, 0)} to {_label(series, -1)}")
    _check_order(series, ignore_gaps)
    return series


def _check_order(series: pd.Series, ignore_gaps: bool) -> None:
    """Refuse dates that repeat, run backwards or leave a hole."""
    index = series.index
    repeated = np.flatnonzero(index.duplicated())
    if len(repeated):
        raise ValueError(f"{_label(series, int(repeated[0]))} stands twice in the series")
    if len(index) < 2 or pd.api.types.is_object_dtype(index.dtype) or pd.api.types.is_string_dtype(index.dtype):
        return
    steps = np.diff(_ordinals(index))
    backwards = np.flatnonzero(steps <= 0)
    if len(backwards):
        raise ValueError(
            f"the series is not in order: {_label(series, int(backwards[0]) + 1)} comes after "
            f"{_label(series, int(backwards[0]))}"
        )
    holes = np.flatnonzero(steps > 1)
    if len(holes) and not ignore_gaps:
        raise ValueError(
            f"the series has a gap between {_label(series, int(holes[0]))} and {_label(series, int(holes[0]) + 1)}; "
            "fill it, or say ignore_gaps=True"
        )


def _ordinals(index: pd.Index) -> np.ndarray[Any, Any]:
    """Return numbers for the dates, one apart where they are neighbours."""
    if isinstance(index, pd.PeriodIndex):
        return np.asarray(index.astype("int64"), dtype=np.float64)
    if not isinstance(index, pd.DatetimeIndex):
        return np.asarray(index, dtype=np.float64)
    days = np.asarray((index - index[0]) / pd.Timedelta(days=1), dtype=np.float64)
    typical = float(np.median(np.abs(np.diff(days))))
    for low, high, unit in _SPACINGS:
        if low <= typical <= high:
            return np.asarray(index.to_period(unit).astype("int64"), dtype=np.float64)
    # Daily data have weekends and holidays; anything else is measured by its own typical step.
    limit = float(_DAILY_GAP) if typical < _SPACINGS[0][0] else typical
    steps = np.diff(days)
    return np.concatenate(([0.0], np.cumsum(np.where(steps <= 0, steps, np.where(steps > limit, 2.0, 1.0)))))


def _label(series: pd.Series, place: int) -> str:
    """Name an observation by its date, or by its place where it has none."""
    label = series.index[place]
    if isinstance(label, pd.Timestamp):
        return str(label.date())
    return str(label) if isinstance(label, str | pd.Period) else f"position {label}"
