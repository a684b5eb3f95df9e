"""Dickey-Fuller statistics of every window of a series: a compiled engine, and numpy with the same digits.

A window is a run of regression rows. With k lagged differences the row t regresses the change
``y[t+k+1] - y[t+k]`` on a constant, the level ``y[t+k]`` and the k changes before. The statistic is the t-ratio of
the level. Phillips, Shi and Yu need it for every window of at least some number of rows: about T^2 / 2 of them.

How it stays fast: the outer loop is the length of the window and the inner loop its start, so that the sums of
neighbouring windows lie side by side, grow in place by one row, and the processor takes several at once. What is
kept is the square of the statistic with its sign; the root is taken of the largest, once an end date.

How it stays right: levels are counted from the first level of their own window, changes from the median change,
and a window that the regression fits almost exactly (1 - R^2 below `NEAR_EXACT`), where a difference of large
sums has lost its digits, is computed again from its residuals. A constant added to the series, or a scale, then
changes nothing but the last bits. Both engines do the same operations in the same order and differ in no bit.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Squares = tuple[Floats, NDArray[np.bool_]]
Engine = Callable[[Floats, Floats, int, Floats, Floats], int]

ENGINES = ("auto", "fastest", "compiled", "numpy")
ONE_CALL = 5_000_000
"""Windows up to which numpy is done before a compiler would be (about half a second)."""
NEAR_EXACT = 1e-6
"""Share of the variance left over below which a window is computed again from its residuals."""
NOTHING_LEFT = 1e-26
"""Share of a sum of squares that is rounding: the regression of that window is not defined."""

WORTH_COMPILING = 5000
"""Windows to be computed again above which the compiled routine is fetched."""


@dataclass(frozen=True)
class Scan:
    """What a pass over all windows leaves.

    Parameters
    ----------
    badf : ndarray, shape (ends,)
        Statistic of the window from the first row to each end.
    bsadf : ndarray, shape (ends,)
        The largest statistic of the windows that close at each end.
    undefined : tuple of int or None
        First and last row of a window whose regression is not defined, if there is one.
    """

    badf: Floats
    bsadf: Floats
    undefined: tuple[int, int] | None


def scan(y: Floats, *, lags: int, min_rows: int, engine: str = "auto") -> Scan:
    """Compute the statistics of all windows.

    Parameters
    ----------
    y : ndarray of float64, shape (T,)
        Finite values, oldest first; at least ``min_rows + lags + 1`` of them.
    lags : int
        Lagged differences.
    min_rows : int
        Rows of the shortest window, at least ``lags + 3``.
    engine : {"auto", "fastest", "compiled", "numpy"}
        "fastest" is the compiled engine where numba can be imported, for thousands of series. "auto" is the same once
        it has been used for this number of lags, and for long series; else numpy, so that one call waits for no
        compiler. All give the same digits.

    Returns
    -------
    Scan

    Raises
    ------
    ValueError
        If the engine is unknown.
    """
    columns, path = prepare(np.asarray(y, dtype=np.float64), lags)
    ends = columns.shape[1] - min_rows + 1
    badf, bsadf = np.full(ends, -np.inf), np.full(ends, -np.inf)
    work = engine_named(_chosen(engine, lags, ends))
    undefined = None
    if work(columns, path, min_rows, badf, bsadf):
        # Rare: which windows are to be computed again is found by numpy, whose marks cost time.
        undefined = _compute_again(columns, path, min_rows, badf, bsadf, engine)
    return Scan(_root(badf), _root(bsadf), undefined)


def prepare(y: Floats, lags: int) -> tuple[Floats, Floats]:
    """Return the regression's columns and the running sum of the changes.

    Parameters
    ----------
    y : ndarray, shape (T,)
    lags : int

    Returns
    -------
    columns : ndarray, shape (lags + 2, T - 1 - lags)
        The changes 1 to `lags` periods before, the level, the change.
    path : ndarray, shape (T,)
        Sum of the changes up to each point, so that the sum over a window is one difference.
    """
    scale = scale_of(y)
    level, change = (y - y[0]) * scale, np.diff(y) * scale
    change = change - np.median(change)
    rows = len(change) - lags
    columns = np.empty((lags + 2, rows))
    for lag in range(1, lags + 1):
        columns[lag - 1] = change[lags - lag : lags - lag + rows]
    columns[lags], columns[lags + 1] = level[lags : lags + rows], change[lags:]
    return columns, np.concatenate(([0.0], np.cumsum(change)))


def scale_of(y: Floats) -> float:
    """Return what a series is multiplied by: a power of two moves no digit, and no square over- or underflows."""
    largest = float(np.max(np.abs(np.diff(y)), initial=0.0))
    return 2.0 ** -int(np.frexp(largest)[1]) if largest > 0 else 1.0


def engine_named(name: str) -> Engine:
    """Return an engine by name; see `scan`."""
    if name not in ENGINES:
        raise ValueError(f"unknown engine {name!r}; expected one of {', '.join(ENGINES)}")
    if name == "numpy" or (name != "compiled" and not has_numba()):
        return numpy_engine
    from helpers.analysis import explosive_windows_compiled

    compiled: Engine = explosive_windows_compiled.engine
    return compiled


def _chosen(engine: str, lags: int, ends: int) -> str:
    """Return which engine "auto" means for a series."""
    kind = min(lags, 2)
    if engine == "auto" and kind not in _compiled and ends * (ends + 1) // 2 <= ONE_CALL:
        return "numpy"
    if engine != "numpy":
        _compiled.add(kind)
    return engine


# Kinds of kernel (no lag, one, more) that this process has compiled or loaded.
_compiled: set[int] = set()


@cache
def has_numba() -> bool:
    """Tell whether the compiled engine can be had."""
    try:
        importlib.import_module("numba")  # a broken installation counts as none
    except ImportError:
        return False
    return True


def _compute_again(
    columns: Floats, path: Floats, min_rows: int, badf: Floats, bsadf: Floats, engine: str
) -> tuple[int, int] | None:
    """Put in the squares that need residuals; return the shortest and earliest window that is not defined."""
    marks: list[NDArray[np.int64]] = []
    numpy_engine(columns, path, min_rows, badf, bsadf, marks)
    windows = np.concatenate(marks)
    if engine == "numpy" or len(windows) < WORTH_COMPILING or not has_numba():
        squares = np.array([square_from_residuals(columns, int(first), int(last)) for first, last in windows])
    else:
        from helpers.analysis.explosive_windows_compiled import squares_from_residuals

        squares = squares_from_residuals(columns, windows)
    ends, from_start = windows[:, 1] - min_rows + 1, windows[:, 0] == 0
    badf[ends[from_start]] = squares[from_start]
    np.fmax.at(bsadf, ends, squares)
    lost = np.flatnonzero(np.isnan(squares))
    return (int(windows[lost[0], 0]), int(windows[lost[0], 1])) if len(lost) else None


def _root(squares: Floats) -> Floats:
    """Return statistics from signed squares."""
    roots: Floats = np.copysign(np.sqrt(np.abs(squares)), squares)
    return roots


def numpy_engine(
    columns: Floats,
    path: Floats,
    min_rows: int,
    badf: Floats,
    bsadf: Floats,
    marks: list[NDArray[np.int64]] | None = None,
) -> int:
    """Walk all windows with numpy, all starts of one length at a time.

    Parameters
    ----------
    columns, path : ndarray
        From `prepare`.
    min_rows : int
    badf, bsadf : ndarray, shape (ends,)
        Filled with signed squares.
    marks : list, optional
        Receives first and last rows of the windows that must be computed again from their residuals; their squares are
        left out.

    Returns
    -------
    int
        How many windows those are.
    """
    missed = 0
    squares_of = _SQUARES.get(len(columns) - 2, _squares_with_lags)
    # A window without variance divides by zero here; it is marked, and judged from its residuals.
    with np.errstate(all="ignore"):
        for moments in every_length(columns, path, min_rows):
            n, (squares, good) = moments.rows, squares_of(moments)
            if np.count_nonzero(good) < len(good):
                again = np.flatnonzero(~good)
                squares[again] = np.nan
                missed += len(again)
                if marks is not None:
                    marks.append(np.column_stack([again, again + n - 1]))
            badf[n - min_rows] = squares[0]
            ends = bsadf[n - min_rows : n - min_rows + len(squares)]
            np.fmax(ends, squares, out=ends)
    return missed


@dataclass(frozen=True)
class Moments:
    """Centred sums of squares and products of all windows of one length, by start.

    Two changes a given number of periods apart have the same products whichever of them is called the first lag:
    one array for each distance holds them all, and a lag is a shift of it.

    Parameters
    ----------
    rows : int
        Rows of each window.
    level : ndarray, shape (windows,)
        Of the level with itself.
    with_level : list of ndarray, shape (windows,)
        Of the level with the change, then with the change one period before, and so on.
    apart : list of ndarray, shape (windows + lags - distance,)
        Of changes no, one, two ... periods apart.
    """

    rows: int
    level: Floats
    with_level: list[Floats]
    apart: list[Floats]

    def changes(self, one: int, other: int) -> Floats:
        """Return the products of the changes `one` and `other` periods late."""
        shift = len(self.with_level) - 1 - max(one, other)
        return self.apart[abs(one - other)][shift : shift + len(self.level)]


def every_length(columns: Floats, path: Floats, min_rows: int) -> Iterator[Moments]:
    """Yield the moments of all windows of `min_rows` rows, then of one row more, up to the whole.

    Parameters
    ----------
    columns, path : ndarray
        From `prepare`.
    min_rows : int
    """
    lags, rows = len(columns) - 2, columns.shape[1]
    level, starts = columns[lags], rows - min_rows + 1
    # The first lag that is not in the last column stands at the head of the oldest one.
    change = np.concatenate((columns[lags - 1][:lags], columns[-1])) if lags else columns[-1]
    total, squared = np.zeros(starts), np.zeros(starts)
    crossed = [np.zeros(starts) for _ in range(lags + 1)]
    multiplied = [np.zeros(starts + lags - distance) for distance in range(lags + 1)]
    for n in range(1, rows + 1):
        m = min(starts, rows - n + 1)
        # Levels are counted from the first level of their window.
        new = level[n - 1 : n - 1 + m] - level[:m]
        _add(total, new)
        _add(squared, new * new)
        latest = change[n - 1 : n - 1 + m + lags]
        for late, sums in enumerate(crossed):
            _add(sums, new * latest[lags - late : lags - late + m])
        for distance, sums in enumerate(multiplied):
            _add(sums, latest[: m + lags - distance] * latest[distance:])
        if n >= min_rows:
            yield _centred(n, m, path, total, squared, crossed, multiplied)


def _add(sums: Floats, terms: Floats) -> None:
    """Add to the first sums; ``sums[:m] += terms`` would also copy the part onto itself."""
    part = sums[: len(terms)]
    part += terms


def _centred(
    n: int, m: int, path: Floats, total: Floats, squared: Floats, crossed: list[Floats], multiplied: list[Floats]
) -> Moments:
    """Take the means out of the sums of the first m windows; the sums of the changes are those of the running sum."""
    lags = len(crossed) - 1
    inverse = 1.0 / n
    moved = path[n : n + m + lags] - path[: m + lags]
    mean_moved, mean = moved * inverse, total[:m] * inverse
    with_level = [sums[:m] - mean * moved[lags - late : lags - late + m] for late, sums in enumerate(crossed)]
    apart = [
        sums[: m + lags - distance] - mean_moved[: m + lags - distance] * moved[distance:]
        for distance, sums in enumerate(multiplied)
    ]
    return Moments(n, squared[:m] - mean * total[:m], with_level, apart)


def _squares_without_lags(moments: Moments) -> Squares:
    """Return the signed squares of the windows, and which of them have kept their digits."""
    covariance = moments.with_level[0]
    whole = moments.level * moments.apart[0]
    left = whole - covariance * covariance
    return (moments.rows - 2.0) * covariance * np.abs(covariance) / left, left > NEAR_EXACT * whole


def _squares_with_one_lag(moments: Moments) -> Squares:
    """As `_squares_without_lags`, with the lagged change taken out of level and change."""
    xx, (xd, xz) = moments.level, moments.with_level
    zz, zd, dd = (moments.changes(*pair) for pair in ((1, 1), (0, 1), (0, 0)))
    level = xx * zz - xz * xz
    covariance = xd * zz - xz * zd
    left = level * (dd * zz - zd * zd) - covariance * covariance
    good = (level > NEAR_EXACT * (xx * zz)) & (left > NEAR_EXACT * (level * zz * dd))
    return (moments.rows - 3.0) * covariance * np.abs(covariance) / left, good


def _squares_with_lags(moments: Moments) -> Squares:
    """As `_squares_without_lags`, for any number of lags, by elimination."""
    level, covariance, change, good = without_lags(moments)
    rest = level * change - covariance * covariance
    good &= rest > NEAR_EXACT * (level * moments.changes(0, 0))
    degrees = moments.rows - float(len(moments.with_level) + 1)
    return degrees * covariance * np.abs(covariance) / rest, good


def without_lags(moments: Moments) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """Take the lagged changes out of level and change.

    Returns
    -------
    level, covariance, change : ndarray, shape (windows,)
        What is left of their squares and product.
    good : ndarray of bool, shape (windows,)
        False where a column is nearly a combination of those before it, so that digits were lost.
    """
    lags = len(moments.with_level) - 1
    names = [*range(1, lags + 1), None, 0]
    left = {(p, q): _product(moments, names[p], names[q]) for p in range(lags + 2) for q in range(p, lags + 2)}
    before = [left[p, p] for p in range(lags + 1)]
    good = np.ones(len(moments.level), dtype=bool)
    for p in range(lags):
        good &= left[p, p] > NEAR_EXACT * before[p]
        inverse = 1.0 / left[p, p]
        for q in range(p + 1, lags + 2):
            slope = left[p, q] * inverse
            for r in range(q, lags + 2):
                left[q, r] = left[q, r] - slope * left[p, r]
    x, d = lags, lags + 1
    return left[x, x], left[x, d], left[d, d], good & (left[x, x] > NEAR_EXACT * before[x])


def _product(moments: Moments, one: int | None, other: int | None) -> Floats:
    """Return the products of two columns: a change so many periods late, or None for the level."""
    if one is None:
        return moments.level if other is None else moments.with_level[other]
    return moments.with_level[one] if other is None else moments.changes(one, other)


_SQUARES: dict[int, Callable[[Moments], Squares]] = {0: _squares_without_lags, 1: _squares_with_one_lag}


def square_from_residuals(columns: Floats, first: int, last: int) -> float:
    """Return the signed square of one window's statistic by making its columns orthogonal.

    Parameters
    ----------
    columns : ndarray
        From `prepare`.
    first, last : int
        Rows of the window.

    Returns
    -------
    float
        NaN where a column is a combination of the others or the fit is exact.
    """
    rows, count = last - first + 1, len(columns)
    work = columns[:, first : last + 1] - columns[:, first : first + 1]
    for p in range(count):
        work[p] -= _total(work[p]) / rows
    before = [_total(column * column) for column in work]
    slope = norm = 0.0
    for p in range(count - 1):
        norm = _total(work[p] * work[p])
        if not norm > NOTHING_LEFT * before[p]:
            return np.nan
        for q in range(p + 1, count):
            slope = _total(work[p] * work[q]) / norm
            work[q] -= slope * work[p]
    left = _total(work[-1] * work[-1])
    if not left > NOTHING_LEFT * before[-1]:
        return np.nan
    return (rows - count) * slope * abs(slope) * norm / left


def _total(values: Floats) -> float:
    """Add in order, as a loop does; ``sum`` would pair the terms and round otherwise."""
    return float(np.cumsum(values)[-1])
