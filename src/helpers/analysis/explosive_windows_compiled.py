"""The compiled engine of `helpers.analysis.explosive_windows`: the same operations in the same order.

It needs numba. Machine code is kept beside this file, or in the user's cache folder where the package cannot be
written to, so that only the first use on a machine waits for the compiler. Fast-mathematics is off: numba then
neither reorders nor fuses, and every bit equals that of numpy. No function holds the interpreter's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from helpers.analysis.explosive_windows import NEAR_EXACT, NOTHING_LEFT, Floats

TILE = 512
"""Window starts worked on together: their sums stay in the nearest cache of the processor."""


def compile_kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile with a cache on disk, or without one where no folder can be written to."""
    options: Any = {"nogil": True, "error_model": "numpy"}
    try:
        compiled: Callable[..., Any] = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "no locator available": neither this folder nor the user's cache can be written to
        compiled = numba.njit(**options)(function)
    return compiled


def engine(columns: Floats, path: Floats, min_rows: int, badf: Floats, bsadf: Floats) -> int:
    """Walk all windows; see `helpers.analysis.explosive_windows.numpy_engine` for the arguments."""
    # Beside the lagged changes the columns are the level and the change.
    lags = len(columns) - 2
    walk = {0: _walk_without_lags, 1: _walk_with_one_lag}.get(lags, _walk_with_lags)
    return int(walk(columns, path, min_rows, badf, bsadf))


def squares_from_residuals(columns: Floats, windows: NDArray[np.int64]) -> Floats:
    """Compute many windows from their residuals; worth its compilation only for thousands of them.

    Parameters
    ----------
    columns : ndarray
        From `helpers.analysis.explosive_windows.prepare`.
    windows : ndarray, shape (windows, 2)
        First and last row of each.

    Returns
    -------
    ndarray, shape (windows,)
        As `helpers.analysis.explosive_windows.square_from_residuals`.
    """
    squares = np.empty(len(windows))
    _fill_from_residuals(columns, windows, squares)
    return squares


@compile_kernel
def _keep(squares: Floats, m: int, first_end: int, bsadf: Floats) -> int:
    """Keep the largest square of each end; return how many windows have none yet."""
    out, missed = bsadf[first_end:], 0
    for j in range(m):
        out[j] = squares[j] if squares[j] > out[j] else out[j]
        missed += 0 if squares[j] == squares[j] else 1
    return missed


@compile_kernel
def _walk_without_lags(columns: Floats, path: Floats, min_rows: int, badf: Floats, bsadf: Floats) -> int:
    level, change = columns[0], columns[1]
    rows, missed = level.size, 0
    # One block for all sums: at fixed distances the compiler sees that they do not overlap.
    block = np.empty(5 * TILE)
    squares = block[4 * TILE :]
    for begin in range(0, rows - min_rows + 1, TILE):
        width = min(TILE, rows - min_rows + 1 - begin)
        block[:] = 0.0
        start, before = level[begin:], path[begin:]
        for n in range(1, rows - begin + 1):
            m = min(width, rows - begin - n + 1)
            x, d, after = level[begin + n - 1 :], change[begin + n - 1 :], path[begin + n :]
            inverse, degrees = 1.0 / n, n - 2.0
            if n < min_rows:
                for j in range(m):
                    shifted = x[j] - start[j]
                    block[j] += shifted
                    block[TILE + j] += shifted * shifted
                    block[2 * TILE + j] += shifted * d[j]
                    block[3 * TILE + j] += d[j] * d[j]
                continue
            for j in range(m):
                shifted = x[j] - start[j]
                sx = block[j] + shifted
                sxx = block[TILE + j] + shifted * shifted
                sxd = block[2 * TILE + j] + shifted * d[j]
                sdd = block[3 * TILE + j] + d[j] * d[j]
                block[j], block[TILE + j], block[2 * TILE + j], block[3 * TILE + j] = sx, sxx, sxd, sdd
                sd, mean = after[j] - before[j], sx * inverse
                covariance = sxd - mean * sd
                whole = (sxx - mean * sx) * (sdd - sd * inverse * sd)
                left = whole - covariance * covariance
                square = degrees * covariance * abs(covariance) / left
                squares[j] = square if left > NEAR_EXACT * whole else np.nan
            missed += _keep(squares, m, begin + n - min_rows, bsadf)
            if begin == 0:
                badf[n - min_rows] = squares[0]
    return missed


@compile_kernel
def _walk_with_one_lag(columns: Floats, path: Floats, min_rows: int, badf: Floats, bsadf: Floats) -> int:
    lagged, level, change = columns[0], columns[1], columns[2]
    rows, missed = level.size, 0
    block = np.empty(8 * TILE)
    squares = block[7 * TILE :]
    for begin in range(0, rows - min_rows + 1, TILE):
        width = min(TILE, rows - min_rows + 1 - begin)
        block[:] = 0.0
        start, before, before_lagged = level[begin:], path[begin + 1 :], path[begin:]
        for n in range(1, rows - begin + 1):
            m = min(width, rows - begin - n + 1)
            x, z, d = level[begin + n - 1 :], lagged[begin + n - 1 :], change[begin + n - 1 :]
            after, after_lagged = path[begin + n + 1 :], path[begin + n :]
            inverse, degrees = 1.0 / n, n - 3.0
            for j in range(m):
                shifted = x[j] - start[j]
                sx = block[j] + shifted
                sxx = block[TILE + j] + shifted * shifted
                sxz = block[2 * TILE + j] + z[j] * shifted
                sxd = block[3 * TILE + j] + shifted * d[j]
                szz = block[4 * TILE + j] + z[j] * z[j]
                szd = block[5 * TILE + j] + z[j] * d[j]
                sdd = block[6 * TILE + j] + d[j] * d[j]
                block[j], block[TILE + j], block[2 * TILE + j], block[3 * TILE + j] = sx, sxx, sxz, sxd
                block[4 * TILE + j], block[5 * TILE + j], block[6 * TILE + j] = szz, szd, sdd
                sz, sd = after_lagged[j] - before_lagged[j], after[j] - before[j]
                mean, mean_lagged = sx * inverse, sz * inverse
                zz = szz - mean_lagged * sz
                xx = sxx - mean * sx
                dd = sdd - sd * inverse * sd
                xz = sxz - mean * sz
                zd = szd - mean_lagged * sd
                covariance = (sxd - mean * sd) * zz - xz * zd
                own = xx * zz - xz * xz
                left = own * (dd * zz - zd * zd) - covariance * covariance
                good = (own > NEAR_EXACT * (xx * zz)) & (left > NEAR_EXACT * (own * zz * dd))
                squares[j] = degrees * covariance * abs(covariance) / left if good else np.nan
            if n >= min_rows:
                missed += _keep(squares, m, begin + n - min_rows, bsadf)
                if begin == 0:
                    badf[n - min_rows] = squares[0]
    return missed


@compile_kernel
def _walk_with_lags(columns: Floats, path: Floats, min_rows: int, badf: Floats, bsadf: Floats) -> int:
    count, rows = columns.shape
    missed = 0
    squares, sums, products = np.empty(TILE), np.empty((count, TILE)), np.empty((count, count, TILE))
    new, left = np.empty((count, TILE)), np.empty((count, count, TILE))
    for begin in range(0, rows - min_rows + 1, TILE):
        width = min(TILE, rows - min_rows + 1 - begin)
        sums[:] = 0.0
        products[:] = 0.0
        for n in range(1, rows - begin + 1):
            m = min(width, rows - begin - n + 1)
            _add_row(columns, begin, n, m, new, sums, products)
            if n >= min_rows:
                _sum_changes(path, begin, n, m, sums)
                _centre(n, m, sums, products, new, left)
                _eliminate(n, m, left, squares)
                missed += _keep(squares, m, begin + n - min_rows, bsadf)
                if begin == 0:
                    badf[n - min_rows] = squares[0]
    return missed


@compile_kernel
def _add_row(columns: Floats, begin: int, n: int, m: int, new: Floats, sums: Floats, products: Floats) -> None:
    """Add to each window of a tile its n-th row."""
    count = columns.shape[0]
    x = count - 2
    for p in range(count):
        column, target = columns[p, begin + n - 1 :], new[p]
        for j in range(m):
            target[j] = column[j]
    start, target, total = columns[x, begin:], new[x], sums[x]
    for j in range(m):
        target[j] -= start[j]
        total[j] += target[j]
    for p in range(count):
        for q in range(p, count):
            a, b, product = new[p], new[q], products[p, q]
            for j in range(m):
                product[j] += a[j] * b[j]


@compile_kernel
def _sum_changes(path: Floats, begin: int, n: int, m: int, sums: Floats) -> None:
    """Take each window's sums of the changes from the running sum."""
    count = sums.shape[0]
    for p in range(count):
        if p == count - 2:
            continue
        shift = begin + (count - 3 - p if p < count - 2 else count - 2)
        after, before, total = path[shift + n :], path[shift:], sums[p]
        for j in range(m):
            total[j] = after[j] - before[j]


@compile_kernel
def _centre(n: int, m: int, sums: Floats, products: Floats, means: Floats, left: Floats) -> None:
    """Turn sums into centred products, and keep each variance in the free first column of the lower triangle."""
    count = sums.shape[0]
    inverse = 1.0 / n
    for p in range(count):
        mean, total = means[p], sums[p]
        for j in range(m):
            mean[j] = total[j] * inverse
    for p in range(count):
        for q in range(p, count):
            # The mean is that of the level, else that of the older change: as numpy's shifted arrays have it.
            older, newer = (p, q) if q == count - 1 else (q, p)
            product, mean, total, centred = products[p, q], means[older], sums[newer], left[p, q]
            for j in range(m):
                centred[j] = product[j] - mean[j] * total[j]
    for p in range(1, count):
        for j in range(m):
            left[p, 0, j] = left[p, p, j]


@compile_kernel
def _eliminate(n: int, m: int, left: Floats, squares: Floats) -> None:
    """Take the lagged changes out; fill the signed squares, NaN where they must be computed from residuals."""
    count = left.shape[0]
    slope, inverse = np.empty(m), np.empty(m)
    for j in range(m):
        squares[j] = 0.0
    for p in range(count - 2):
        pivot, whole = left[p, p], left[p, 0]
        for j in range(m):
            squares[j] = squares[j] if pivot[j] > NEAR_EXACT * whole[j] else np.nan
        for j in range(m):
            inverse[j] = 1.0 / pivot[j]
        for q in range(p + 1, count):
            row = left[p, q]
            for j in range(m):
                slope[j] = row[j] * inverse[j]
            for r in range(q, count):
                other, target = left[p, r], left[q, r]
                for j in range(m):
                    target[j] -= slope[j] * other[j]
    x, d = count - 2, count - 1
    for j in range(m):
        covariance = left[x, d, j]
        rest = left[x, x, j] * left[d, d, j] - covariance * covariance
        good = (left[x, x, j] > NEAR_EXACT * left[x, 0, j]) & (rest > NEAR_EXACT * (left[x, x, j] * left[d, 0, j]))
        good = good & (squares[j] == 0.0)
        squares[j] = (n - float(count)) * covariance * abs(covariance) / rest if good else np.nan


@compile_kernel
def _square_from_residuals(columns: Floats, first: int, last: int) -> float:
    """See `helpers.analysis.explosive_windows.square_from_residuals`."""
    rows, count = last - first + 1, columns.shape[0]
    work, before = np.empty((count, rows)), np.empty(count)
    for p in range(count):
        total = 0.0
        for i in range(rows):
            work[p, i] = columns[p, first + i] - columns[p, first]
            total += work[p, i]
        mean = total / rows
        for i in range(rows):
            work[p, i] -= mean
        before[p] = _inner(work[p], work[p])
    slope, norm = 0.0, 0.0
    for p in range(count - 1):
        norm = _inner(work[p], work[p])
        if not norm > NOTHING_LEFT * before[p]:
            return np.nan
        for q in range(p + 1, count):
            slope = _inner(work[p], work[q]) / norm
            for i in range(rows):
                work[q, i] -= slope * work[p, i]
    left = _inner(work[count - 1], work[count - 1])
    if not left > NOTHING_LEFT * before[count - 1]:
        return np.nan
    square: float = (rows - count) * slope * abs(slope) * norm / left
    return square


@compile_kernel
def _inner(a: Floats, b: Floats) -> float:
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@compile_kernel
def _fill_from_residuals(columns: Floats, windows: NDArray[np.int64], squares: Floats) -> None:
    for window in range(len(windows)):
        squares[window] = _square_from_residuals(columns, windows[window, 0], windows[window, 1])


# A series just long enough to go through every kernel: lag 0, lag 1 and the general one.
_TRIAL_POINTS = 40
_TRIAL_ROWS = 12
_TRIAL_LAGS = 2


def warm() -> None:
    """Compile every kernel, so that the cache on disk holds them: worth doing once, at installation."""
    from helpers.analysis.explosive_windows import prepare, scan

    y = np.cumsum(np.random.default_rng(0).standard_normal(_TRIAL_POINTS))
    for lags in (0, 1, _TRIAL_LAGS):
        scan(y, lags=lags, min_rows=_TRIAL_ROWS, engine="compiled")
    squares_from_residuals(prepare(y, 0)[0], np.array([[0, _TRIAL_ROWS]]))


if __name__ == "__main__":
    # Under its own name, so that the cache on disk belongs to the module that everybody imports.
    from helpers.analysis import explosive_windows_compiled

    explosive_windows_compiled.warm()
