"""When did the level or the trend of a series change? Several breaks at unknown dates, by dynamic programming.

All partitions into segments of at least a share `trimming` of the sample are compared (Bai and Perron); the number
of breaks is the one with the smallest Bayesian information criterion. The interval of a break's date is Bai's: the
two segments may differ in the variance of their errors and of their regressors, and, if asked, the errors may
depend on their past.

References
----------
Bai, J. (1997), Review of Economics and Statistics 79, 551-563.
Bai, J. and Perron, P. (2003), Journal of Applied Econometrics 18, 1-22.
Andrews, D. (1993), Econometrica 61, 821-856.
Zeileis, A., Kleiber, C., Kraemer, W. and Hornik, K. (2003), Computational Statistics and Data Analysis 44, 109-123:
R's strucchange, whose figures on the Nile are reproduced to all digits printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, floor, log, pi, sqrt
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import kolmogorov, log_ndtr

from helpers.analysis.explosive_roots import checked_series
from helpers.analysis.explosive_windows import Floats
from helpers.analysis.trend import newey_west_lags

MODELS = ("level", "trend")
# The distribution of the largest F statistic has no closed form; its p-value is simulated on a grid this fine.
_STEPS, _DRAWS = 400, 4000
# Drift of the standard Brownian motion of `break_distribution` left of the break, per unit of distance.
_DRIFT = 0.5


@dataclass(frozen=True)
class Breaks:
    """Breaks of a series.

    Parameters
    ----------
    dates : DataFrame, one row a break, in order
        ``place`` (observations up to and with the last one before the break), ``date`` (label of that last
        observation), ``low`` and ``high`` (labels of the interval; missing where it leaves the sample), ``low_place``
        and ``high_place``.
    criteria : DataFrame, indexed by number of breaks
        ``rss`` and ``bic``.
    sup_f, sup_f_date, p_value : float, label, float
        Largest F statistic for one break (Andrews), where, and its simulated p-value. It supposes errors that do not
        depend on their past.
    fitted : Series
        Segment by segment.
    autocorrelation : float
        First-order, of the residuals.
    model : str
    """

    dates: pd.DataFrame
    criteria: pd.DataFrame
    sup_f: float
    sup_f_date: Any
    p_value: float
    fitted: pd.Series
    autocorrelation: float
    model: str


def structural_breaks(
    y: pd.Series,
    *,
    model: str = "level",
    max_breaks: int = 5,
    trimming: float = 0.15,
    confidence: float = 0.95,
    autocorrelated: bool = False,
    ignore_gaps: bool = False,
) -> Breaks:
    """Find the breaks of a series.

    Parameters
    ----------
    y : Series, shape (T,)
        Oldest first.
    model : {"level", "trend"}
        A level a segment, or a line a segment.
    max_breaks : int
    trimming : float
        Shortest segment as a share of the sample.
    confidence : float
        Of the intervals of the dates.
    autocorrelated : bool
        True widens the intervals by the long-run variance of each segment's errors (Newey-West).
    ignore_gaps : bool
        As in `radf`.

    Returns
    -------
    Breaks

    Raises
    ------
    ValueError
        As `radf` for the series; or if the model is unknown or the segments would be too short.
    """
    series = checked_series(y, ignore_gaps=ignore_gaps)
    values, x = series.to_numpy() - series.mean(), _design(len(series), model)
    n, k = x.shape
    shortest = floor(trimming * n)
    if not 0 < trimming < 0.5 or shortest <= k:
        raise ValueError(f"segments of {shortest} observations are too short for {k} parameters")
    costs = _segment_costs(values, x, shortest)
    partitions = _partitions(costs, shortest, min(max_breaks, n // shortest - 1))
    criteria = pd.DataFrame(
        {"rss": [rss for rss, _ in partitions], "bic": [_bic(rss, n, k, m) for m, (rss, _) in enumerate(partitions)]},
        index=pd.RangeIndex(len(partitions), name="breaks"),
    )
    ends = partitions[int(np.argmin(criteria["bic"].to_numpy()))][1]
    fitted = _fitted(values, x, ends)
    residuals = values - fitted
    dates = _intervals(series, residuals, x, values, ends, confidence, autocorrelated)
    statistics = _f_statistics(costs, shortest, k)
    place = int(np.argmax(statistics))
    return Breaks(
        dates, criteria, float(statistics[place]), series.index[shortest + place - 1],
        sup_f_p_value(float(statistics[place]), k, trimming), pd.Series(fitted + series.mean(), series.index),
        float(residuals[1:] @ residuals[:-1] / (residuals @ residuals)), model,
    )  # fmt: skip


def _design(n: int, model: str) -> Floats:
    """Return the regressors: a constant, and for a trend the time from -1 to 1."""
    if model not in MODELS:
        raise ValueError(f"unknown model {model!r}; expected one of {', '.join(MODELS)}")
    constant = np.ones((n, 1))
    return constant if model == "level" else np.column_stack([constant, np.linspace(-1, 1, n)])


def _segment_costs(y: Floats, x: Floats, shortest: int) -> Floats:
    """Return the residual sum of squares of each segment: row is its first, column its last observation."""
    n, k = x.shape
    padded = np.zeros((n + 1, k, k)), np.zeros((n + 1, k)), np.zeros(n + 1)
    for sums, parts in zip(padded, (x[:, :, None] * x[:, None, :], x * y[:, None], y * y), strict=True):
        np.cumsum(parts, axis=0, out=sums[1:])
    first, last = np.triu_indices(n, shortest - 1)
    xx, xy, yy = (sums[last + 1] - sums[first] for sums in padded)
    costs = np.full((n, n), np.inf)
    slopes = np.linalg.solve(xx, xy[:, :, None])[:, :, 0]
    costs[first, last] = np.maximum(yy - (slopes * xy).sum(axis=1), 0.0)
    return costs


def _partitions(costs: Floats, shortest: int, max_breaks: int) -> list[tuple[float, list[int]]]:
    """Return, for 0 to `max_breaks` breaks, the smallest sum of squares and the lengths up to each break."""
    n = len(costs)
    best = costs[0].copy()  # best[e]: cheapest split of 0..e so far
    found, came_from = [(float(best[-1]), list[int]())], []
    for breaks in range(1, max_breaks + 1):
        total, source = np.full(n, np.inf), np.zeros(n, dtype=int)
        for end in range((breaks + 1) * shortest - 1, n):
            split = np.arange(breaks * shortest - 1, end - shortest + 1)
            candidates = best[split] + costs[split + 1, end]
            choice = int(np.argmin(candidates))
            total[end], source[end] = candidates[choice], split[choice]
        came_from.append(source)
        best, end, ends = total, n - 1, []
        for step in reversed(came_from):
            end = int(step[end])
            ends.append(end + 1)
        found.append((float(best[-1]), ends[::-1]))
    return found


def _bic(rss: float, n: int, k: int, breaks: int) -> float:
    """Return the criterion: the parameters of each segment, the breaks, and the variance are counted."""
    minus_two_log_likelihood = n * (log(rss) + 1 - log(n) + log(2 * pi))
    return minus_two_log_likelihood + log(n) * (k + 1) * (breaks + 1)


def _f_statistics(costs: Floats, shortest: int, k: int) -> Floats:
    """Return the F statistic of one break after each observation within the trimming."""
    n = len(costs)
    last = np.arange(shortest - 1, n - shortest)
    split = costs[0, last] + costs[last + 1, n - 1]
    statistics: Floats = (costs[0, -1] - split) / (split / (n - 2 * k))
    return statistics


def sup_f_p_value(statistic: float, parameters: int, trimming: float, seed: int = 0) -> float:
    """Simulate the p-value of the largest F statistic under no break.

    Parameters
    ----------
    statistic : float
    parameters : int
        That may change at the break.
    trimming : float
    seed : int

    Returns
    -------
    float
        Share of squared tied-down Bessel processes whose supremum is at least as large, counting the series as one.
    """
    generator = np.random.default_rng(seed)
    share = np.arange(1, _STEPS) / _STEPS
    inside = (share >= trimming) & (share <= 1 - trimming)
    total = np.zeros((_DRAWS, _STEPS - 1))
    for _ in range(parameters):
        path = np.cumsum(generator.normal(size=(_DRAWS, _STEPS)), axis=1) / sqrt(_STEPS)
        total += (path[:, :-1] - share * path[:, -1:]) ** 2
    suprema = (total / (share * (1 - share)))[:, inside].max(axis=1)
    return float((1 + (suprema >= statistic).sum()) / (1 + _DRAWS))


def ols_cusum(y: pd.Series, model: str = "level") -> tuple[float, float]:
    """Test for any break by the running sum of the residuals.

    Parameters
    ----------
    y : Series
    model : {"level", "trend"}
        The p-value is that of a Brownian bridge, exact in the limit for "level".

    Returns
    -------
    statistic, p_value : float
        The largest absolute sum in units of its standard deviation; Ploberger and Kraemer (1992), Econometrica 60.
    """
    values = checked_series(y, ignore_gaps=True).to_numpy()
    x = _design(len(values), model)
    residuals = values - _fitted(values, x, [])
    deviation = sqrt(float(residuals @ residuals) / (len(values) - x.shape[1]))
    statistic = float(np.abs(np.cumsum(residuals)).max()) / (deviation * sqrt(len(values)))
    return statistic, float(kolmogorov(statistic))


def _fitted(y: Floats, x: Floats, ends: list[int]) -> Floats:
    """Fit each segment."""
    fitted = np.empty(len(y))
    for part in _segments(len(y), ends):
        fitted[part] = x[part] @ np.linalg.lstsq(x[part], y[part], rcond=None)[0]
    return fitted


def _segments(n: int, ends: list[int]) -> list[slice]:
    return [slice(a, b) for a, b in zip([0, *ends], [*ends, n], strict=True)]


def _intervals(
    series: pd.Series, residuals: Floats, x: Floats, y: Floats, ends: list[int], confidence: float, autocorrelated: bool
) -> pd.DataFrame:
    """Return each break with Bai's interval of its date."""
    n, tail = len(y), (1 - confidence) / 2
    parts = _segments(n, ends)
    rows = []
    for before, after, end in zip(parts[:-1], parts[1:], ends, strict=True):
        change = (
            np.linalg.lstsq(x[after], y[after], rcond=None)[0] - np.linalg.lstsq(x[before], y[before], rcond=None)[0]
        )
        q1, q2 = (float(change @ (x[part].T @ x[part]) @ change) / (part.stop - part.start) for part in (before, after))
        v1, v2 = (_variance(residuals[part], autocorrelated) for part in (before, after))
        upper, lower = (
            break_quantile(level, ratio=q2 / q1, variance=v2 / v1) * v1 / q1 for level in (1 - tail, tail)
        )  # fmt: skip
        low, high = end - ceil(upper), end - floor(lower)
        rows.append(
            {
                "place": end,
                "date": series.index[end - 1],
                "low": _label(series, low),
                "high": _label(series, high),
                "low_place": low,
                "high_place": high,
            }
        )
    return pd.DataFrame(rows, columns=["place", "date", "low", "high", "low_place", "high_place"])


def _label(series: pd.Series, place: int) -> Any:
    return series.index[place - 1] if 1 <= place <= len(series) else None


def _variance(residuals: Floats, autocorrelated: bool) -> float:
    """Return the variance of a segment's errors, or their long-run variance."""
    n = len(residuals)
    variance = float(residuals @ residuals) / n
    if not autocorrelated:
        return variance
    lags = newey_west_lags(n) + 1
    covariances = [float(residuals[lag:] @ residuals[:-lag]) / n for lag in range(1, lags + 1)]
    long_run = variance + 2 * sum((1 - lag / (lags + 1)) * c for lag, c in enumerate(covariances, 1))
    return max(long_run, variance)


def break_quantile(level: float, ratio: float = 1.0, variance: float = 1.0) -> float:
    """Return a quantile of the date of a break, in units of variance over squared shift.

    Parameters
    ----------
    level : float
        Between 0 and 1.
    ratio : float
        Squared shift after the break, weighed by the regressors there, over that before.
    variance : float
        Variance of the errors after the break over that before.
    """
    limit = 1.0
    while not break_distribution(-limit, ratio, variance) < level < break_distribution(limit, ratio, variance):
        limit *= 2
    return float(brentq(lambda x: break_distribution(x, ratio, variance) - level, -limit, limit, xtol=1e-10))


def break_distribution(x: float, ratio: float = 1.0, variance: float = 1.0) -> float:
    """Return the distribution function of the place where a two-sided Brownian motion with drift is largest.

    Left of zero the motion is ``W(-s) - |s| / 2``, right of it ``sqrt(phi) W(s) - ratio s / 2`` with
    ``phi = ratio variance`` (Bai 1997, Appendix B).
    """
    phi = ratio * variance
    # Seen from the right, in units that make that side standard, the left side has the inverse ratio and variance.
    return _left(-x, ratio, phi) if x < 0 else 1 - _left(x * ratio**2 / phi, 1 / ratio, 1 / phi)


def _left(x: float, ratio: float, phi: float) -> float:
    """Return the chance that the maximum lies further left than x."""
    if x == 0:
        x = 1e-300
    share = ratio / phi
    first = exp(log(x) / 2 - x * _DRIFT**2 / 2 - log(2 * pi) / 2)
    second = (phi / ratio) * (phi + 2 * ratio) / (phi + ratio)
    second *= exp(share * (1 + share) * x / 2 + float(log_ndtr(-(0.5 + share) * sqrt(x))))
    third = (phi + 2 * ratio) ** 2 / ((phi + ratio) * ratio) - 2 + x / 2
    return -first - second + third * exp(float(log_ndtr(-sqrt(x) / 2)))
