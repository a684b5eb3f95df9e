"""Does a price run into a critical time? The log-periodic power law, with its whole profile.

The logarithm of the price is ``A + B (tc - t)^m + (tc - t)^m (C1 cos(w ln(tc - t)) + C2 sin(w ln(tc - t)))``
(Johansen, Ledoit and Sornette). Four of the seven parameters are linear and are solved exactly (Filimonov and
Sornette), so that three remain: the critical time tc, the exponent m and the frequency w. The sum of squares has
many valleys; a grid finds them all and each is followed down. No random numbers: the same prices give the same fit.

A best fit always exists and says little. What says something is the profile: the smallest sum of squares for each
tc. Where it is flat, or falls to the edge of what was allowed, the date is not identified, and the fit says so.

References
----------
Johansen, A., Ledoit, O. and Sornette, D. (2000), Int. J. Theoretical and Applied Finance 3, 219-255.
Johansen, A. and Sornette, D. (2000), European Physical Journal B 17, 319-328.
Filimonov, V. and Sornette, D. (2013), Physica A 392, 3698-3707.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import optimize as _optimize

from helpers.analysis.explosive_roots import checked_series
from helpers.analysis.explosive_windows import Floats

# Typed Any: to a type checker the name is also that of a module.
least_squares: Any = _optimize.least_squares

# Bounds of the literature for a bubble: exponent, frequency, days from the last observation to the critical time.
EXPONENT, FREQUENCY, HORIZON = (0.1, 0.9), (6.0, 13.0), 300.0
# Points of the grids; valleys in w are about two units wide at four years of data.
_EXPONENTS, _FREQUENCIES, _TIMES = 9, 29, 41
# The critical time may come as near to the last observation as this, in days.
_NEAREST = 1e-4
# Days after the last observation where the profile is traced beside its even grid: a spike may stand close to the end.
_FIRST_TIMES = (_NEAREST, 0.1, 0.5, 1.0, 2.0, 4.0)
_FEWEST = 24
# 95 per cent quantile of chi-squared with one degree of freedom: what a likelihood profile is cut at.
_CUT = 3.841
_EDGE = 1e-3
# Residuals count as at most this correlated: at one the formula for independent observations divides by zero.
_MOST_CORRELATED = 0.999
# Typical sizes of the critical time in days, of the exponent and of the frequency: the search scales its steps by them.
_SCALES = (30.0, 0.1, 1.0)
# Trials after which a descent counts as ended: its start, from the profile, is already near the bottom.
_TRIALS = 300


@dataclass(frozen=True)
class LogPeriodicFit:
    """A fit and what it is worth.

    Parameters
    ----------
    tc_days : float
        Critical time in days after the last observation.
    tc : Timestamp or float
        The same as a date, where the series has dates.
    m, w : float
    a, b, c1, c2 : float
        The linear parameters. A bubble has b below zero.
    sse : float
        Sum of squared residuals.
    profile : DataFrame
        ``tc_days``, ``tc``, ``sse``, ``m``, ``w``; ``distance``: twice the log-likelihood lost against the best,
        counting only as many observations as are independent; ``distance_if_independent``: counting all.
    low, high : float
        Ends in days of the part of the profile within the 95 per cent cut.
    autocorrelation : float
        First-order, of the residuals.
    identified : bool
        No parameter on a bound, a power law that rises, and a profile that closes on both sides.
    reasons : tuple of str
        Why not; empty where it is.
    reasons_if_independent : tuple of str
        Why not, if neighbouring residuals had nothing to do with each other, as most of the literature supposes.
    fitted : Series
    """

    tc_days: float
    tc: Any
    m: float
    w: float
    a: float
    b: float
    c1: float
    c2: float
    sse: float
    profile: pd.DataFrame
    low: float
    high: float
    autocorrelation: float
    identified: bool
    reasons: tuple[str, ...]
    reasons_if_independent: tuple[str, ...]
    fitted: pd.Series


def log_periodic(t: ArrayLike, tc: float, m: float, w: float, a: float, b: float, c1: float, c2: float) -> Floats:
    """Return the curve at times before tc.

    Parameters
    ----------
    t : array_like
        In the unit of `tc`, days as a rule.
    tc, m, w, a, b, c1, c2 : float
        See the module.
    """
    ahead = tc - np.asarray(t, dtype=np.float64)
    power, angle = ahead**m, w * np.log(ahead)
    curve: Floats = a + power * (b + c1 * np.cos(angle) + c2 * np.sin(angle))
    return curve


def lppls_fit(
    log_price: pd.Series,
    *,
    horizon: float = HORIZON,
    exponent: tuple[float, float] = EXPONENT,
    frequency: tuple[float, float] = FREQUENCY,
    ignore_gaps: bool = True,
) -> LogPeriodicFit:
    """Fit the log-periodic power law, and trace its profile over the critical time.

    Parameters
    ----------
    log_price : Series, shape (T,)
        Logarithm of the price; by date (counted in calendar days) or numbers, at least 24.
    horizon : float
        The critical time is looked for up to so many days after the last observation.
    exponent, frequency : (float, float)
        Bounds of m and w.
    ignore_gaps : bool
        As in `radf`.

    Returns
    -------
    LogPeriodicFit

    Raises
    ------
    ValueError
        As `radf` for the series; or if there are too few observations, or a bound is empty.
    """
    series = checked_series(log_price, ignore_gaps=ignore_gaps)
    for name, (low, high) in {"exponent": exponent, "frequency": frequency, "horizon": (0.0, horizon)}.items():
        if not low < high:
            raise ValueError(f"the bounds of the {name} are empty: {low} to {high}")
    if len(series) < _FEWEST:
        raise ValueError(f"a log-periodic fit needs at least {_FEWEST} observations, not {len(series)}")
    days, y = _days(series.index), series.to_numpy()
    bounds = np.array([exponent, frequency])
    times = np.unique(np.concatenate([_FIRST_TIMES, np.linspace(0, horizon, _TIMES)[1:]]))
    points = np.array([_best_at(tc, days, y, bounds) for tc in times])
    tc, m, w, sse = _descend(times, points, days, y, bounds, horizon)
    # The end of the descent belongs to the profile too.
    place = int(np.searchsorted(times, tc))
    times, points = np.insert(times, place, tc), np.insert(points, place, (m, w, sse), axis=0)
    fitted, linear = _curve(tc, m, w, days, y)
    a, b, c1, c2 = (float(value) for value in linear)
    residuals = y - fitted
    rho = float(residuals[1:] @ residuals[:-1] / (residuals @ residuals))
    profile = _profile(series, times, points, sse, _independent(len(y), rho))
    (low, high), optimistic = _within_cut(profile, "distance"), _within_cut(profile, "distance_if_independent")
    certain = _doubts(tc, m, w, linear, bounds, horizon)
    reasons = certain + _open_profile(low, high, horizon)
    return LogPeriodicFit(
        tc, _moment(series, tc), m, w, a, b, c1, c2, sse, profile, low, high, rho,
        not reasons, reasons, certain + _open_profile(*optimistic, horizon), pd.Series(fitted, series.index),
    )  # fmt: skip


def _days(index: pd.Index) -> Floats:
    """Count days to the last observation, backwards from zero."""
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp(how="end")
    if isinstance(index, pd.DatetimeIndex):
        return np.asarray((index - index[-1]) / pd.Timedelta(days=1), dtype=np.float64)
    return np.asarray(index, dtype=np.float64) - float(index[-1])


def _moment(series: pd.Series, tc: float) -> Any:
    """Return the critical time as a date, where there are dates."""
    last = series.index[-1]
    if isinstance(last, pd.Period):
        last = last.to_timestamp(how="end")
    return last + pd.Timedelta(days=tc) if isinstance(last, pd.Timestamp) else float(last) + tc


def _columns(tc: float, m: float, w: float, days: Floats) -> Floats:
    """Return the four regressors, the powers scaled so that the largest is one."""
    ahead = np.log(tc - days)
    power = np.exp(m * (ahead - ahead[0]))
    return np.column_stack([np.ones(len(days)), power, power * np.cos(w * ahead), power * np.sin(w * ahead)])


def _residuals(tc: float, m: float, w: float, days: Floats, y: Floats) -> Floats:
    """Return what the best linear parameters leave."""
    basis = np.linalg.qr(_columns(tc, m, w, days))[0]
    left: Floats = y - basis @ (basis.T @ y)
    return left


def _curve(tc: float, m: float, w: float, days: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the fitted values and A, B, C1, C2 in the original units."""
    columns = _columns(tc, m, w, days)
    linear = np.linalg.lstsq(columns, y, rcond=None)[0]
    unit = exp(m * float(np.log(tc - days[0])))
    return columns @ linear, linear / np.array([1.0, unit, unit, unit])


def _grid(tc: float, days: Floats, y: Floats, bounds: Floats) -> tuple[Floats, Floats, Floats]:
    """Return exponents, frequencies and the sum of squares of each pair, all by a few products of matrices."""
    exponents = np.linspace(bounds[0, 0], bounds[0, 1], _EXPONENTS)
    frequencies = np.linspace(bounds[1, 0], bounds[1, 1], _FREQUENCIES)
    ahead = np.log(tc - days)
    power = np.exp((ahead - ahead[0])[:, None] * exponents)
    angle = ahead[:, None] * frequencies
    cos, sin = np.cos(angle), np.sin(angle)
    n, square, y = len(y), power * power, y - y.mean()
    shape = (_EXPONENTS, _FREQUENCIES)
    full = {
        (0, 0): np.broadcast_to(float(n), shape), (0, 1): np.broadcast_to(power.sum(axis=0)[:, None], shape),
        (0, 2): power.T @ cos, (0, 3): power.T @ sin, (1, 1): np.broadcast_to(square.sum(axis=0)[:, None], shape),
        (1, 2): square.T @ cos, (1, 3): square.T @ sin, (2, 2): square.T @ (cos * cos), (2, 3): square.T @ (cos * sin),
        (3, 3): square.T @ (sin * sin),
    }  # fmt: skip
    weighted = power * y[:, None]
    right = np.stack(
        [np.zeros(shape), np.broadcast_to(weighted.sum(axis=0)[:, None], shape), weighted.T @ cos, weighted.T @ sin], -1
    )
    left = np.empty((*shape, 4, 4))
    for (p, q), values in full.items():
        left[..., p, q] = left[..., q, p] = values
    found = np.linalg.solve(left, right[..., None])[..., 0]
    return exponents, frequencies, float(y @ y) - (found * right).sum(axis=-1)


def _best_at(tc: float, days: Floats, y: Floats, bounds: Floats) -> tuple[float, float, float]:
    """Return the best m, w and their sum of squares for one critical time."""
    exponents, frequencies, sse = _grid(tc, days, y, bounds)
    # One start for each of the three deepest valleys in w.
    along = sse.min(axis=0)
    valleys = [
        j
        for j in range(len(along))
        if along[j] <= along[max(j - 1, 0)] and along[j] <= along[min(j + 1, len(along) - 1)]
    ]
    starts = sorted(valleys, key=lambda j: float(along[j]))[:3]
    best = (float("nan"), float("nan"), float("inf"))
    for j in starts:
        start = (exponents[int(np.argmin(sse[:, j]))], frequencies[j])
        found = least_squares(
            lambda p: _residuals(tc, p[0], p[1], days, y), start, bounds=bounds.T, x_scale=_SCALES[1:], xtol=1e-9,
            ftol=1e-10, gtol=1e-12,
        )  # fmt: skip
        if 2 * found.cost < best[2]:
            best = (float(found.x[0]), float(found.x[1]), float(2 * found.cost))
    return best


def _descend(
    times: Floats, points: Floats, days: Floats, y: Floats, bounds: Floats, horizon: float
) -> tuple[float, float, float, float]:
    """Follow the three deepest places of the profile down in all three parameters."""
    low, high = np.array([_NEAREST, *bounds[:, 0]]), np.array([horizon, *bounds[:, 1]])
    best = (0.0, 0.0, 0.0, float("inf"))
    for place in np.argsort(points[:, 2])[:3]:
        start = np.clip([times[place], points[place, 0], points[place, 1]], low, high)
        found = least_squares(
            lambda p: _residuals(p[0], p[1], p[2], days, y), start, bounds=(low, high), x_scale=_SCALES,
            xtol=1e-12, ftol=1e-14, gtol=1e-14, max_nfev=_TRIALS,
        )  # fmt: skip
        ends = [[*found.x, 2 * found.cost], [times[place], *points[place]]]
        for tc, m, w, sse in ends:
            if sse < best[3]:
                best = (float(tc), float(m), float(w), float(sse))
    return best


def _independent(n: int, rho: float) -> float:
    """Return how many independent observations n autocorrelated ones are worth, for a first-order process."""
    rho = min(max(rho, 0.0), _MOST_CORRELATED)
    return max(n * (1 - rho) / (1 + rho), 1.0)


def _profile(series: pd.Series, times: Floats, points: Floats, sse: float, independent: float) -> pd.DataFrame:
    """Lay the profile out as a table."""
    return pd.DataFrame(
        {
            "tc_days": times,
            "tc": [_moment(series, float(time)) for time in times],
            "sse": points[:, 2],
            "m": points[:, 0],
            "w": points[:, 1],
            "distance": independent * np.log(np.maximum(points[:, 2] / sse, 1.0)),
            "distance_if_independent": len(series) * np.log(np.maximum(points[:, 2] / sse, 1.0)),
        }
    )


def _within_cut(profile: pd.DataFrame, column: str) -> tuple[float, float]:
    """Return the first and last critical time the data do not rule out."""
    days, distance = profile["tc_days"].to_numpy(), profile[column].to_numpy()
    inside = np.flatnonzero(distance <= _CUT)
    first, last = int(inside[0]), int(inside[-1])
    low, high = float(days[first]), float(days[last])
    # Between two points of the profile the crossing is taken on a straight line.
    if first > 0:
        low = float(np.interp(_CUT, distance[[first, first - 1]], days[[first, first - 1]]))
    if last < len(days) - 1:
        high = float(np.interp(_CUT, distance[[last, last + 1]], days[[last, last + 1]]))
    return low, high


def _doubts(tc: float, m: float, w: float, linear: Floats, bounds: Floats, horizon: float) -> tuple[str, ...]:
    """List what is wrong with the best fit itself."""
    found = []
    for name, value, (least, most) in (
        ("critical time", tc, (0.0, horizon)), ("exponent", m, bounds[0]), ("frequency", w, bounds[1]),
    ):  # fmt: skip
        if min(value - least, most - value) < _EDGE * (most - least):
            found.append(f"the {name} lies on its bound")
    if linear[1] >= 0:
        found.append("the power law falls: no bubble")
    return tuple(found)


def _open_profile(low: float, high: float, horizon: float) -> tuple[str, ...]:
    """Say so where the data rule out no critical time up to an edge."""
    sides = [
        side for side, open_ in (("now", low <= horizon * _EDGE), ("later", high >= horizon * (1 - _EDGE))) if open_
    ]
    words = {"now": "as near as tomorrow", "later": "as far off as was allowed"}
    return tuple(f"a critical time {words[side]} fits as well" for side in sides)
