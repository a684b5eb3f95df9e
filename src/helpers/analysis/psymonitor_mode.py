"""The conventions of R's psymonitor, to compare with what was computed by it. Not the default of anything here.

They differ from `radf` and `wild_bootstrap` in four ways, inferred from the sequences that psymonitor 0.0.3 gives on
its own two series:

1. the shortest window is counted in points; it has one regression row fewer;
2. the number of lagged differences is chosen in every window, from none to a largest one, each order on the rows it
   has, by the criterion ``n ln(2 pi) + RSS + ln(n) (k + 2)``. That is Schwarz's (BIC) for shocks of unit variance,
   not divided by the rows: it depends on the units of the series, and on small figures it picks hardly any lags;
3. whatever order was chosen, the residual variance is divided by the degrees of freedom of the largest one,
   ``points - 1 - 2 K - 2``, which pulls every statistic towards zero;
4. the bootstrap of Phillips and Shi (2020) chooses the order again in every window of every sample.

Points 2 and 4 are why this is a mode of its own: a statistic and its critical values should have the same order, and
neither should depend on units.

Measured on psymonitor's own two series (``adflag`` 6, smallest windows of 29 and 47 points), which are not shipped
here: both sequences, 201 and 501 dates, differ from its output by less than 1e-13. On the bond spread the bootstrap
(99 samples, control window 24) gives its episodes to the month for most seeds. On the S&P 500 ratio its episodes are
those of any line between 0.83 and 0.87; ours is 0.95 with 999 samples, and from 0.4 to 1.1 with 99, as it used.

References
----------
Phillips, P. and Shi, S. (2020), Handbook of Statistics 42, 61-80.
Schwarz, G. (1978), Annals of Statistics 6, 461-464.
"""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as np

from helpers.analysis.critical_values import LEVELS, CriticalValues, in_blocks, quantiles
from helpers.analysis.explosive_roots import RadfResult, checked_series, default_min_rows
from helpers.analysis.explosive_windows import Floats, Moments, every_length, prepare, scale_of, without_lags
from helpers.analysis.wild_bootstrap import bootstrap_sample, checked_draws, null_regression

# Terms of a regression beside its lagged differences: the constant and the level.
_CONSTANT_AND_LEVEL = 2
# Points a window needs beyond twice the largest number of lags, for one degree of freedom: see point 3 above.
_BEYOND_LAGS = 4
LOG_TWO_PI = log(2 * pi)


def radf_as_psymonitor(
    y: Any, *, window_points: int | None = None, max_lags: int = 0, ignore_gaps: bool = False
) -> RadfResult:
    """Compute the recursive statistics as psymonitor's ``PSY(y, swindow0, IC = 2, adflag)`` does.

    Parameters
    ----------
    y : Series or array_like, shape (T,)
        Oldest first, in the units in which psymonitor was given it: they matter.
    window_points : int, optional
        Points of the shortest window; ``floor((0.01 + 1.8 / sqrt(T)) T)`` if not given.
    max_lags : int
        Largest number of lagged differences.
    ignore_gaps : bool
        As in `helpers.analysis.explosive_roots.radf`.

    Returns
    -------
    RadfResult
        Dated by the last point of each window. ``min_rows`` is ``window_points - 1`` and ``lags`` the largest number.

    Raises
    ------
    ValueError
        As `radf`; or if the windows leave no degree of freedom.
    """
    series = checked_series(y, ignore_gaps=ignore_gaps)
    points = _checked_points(len(series), window_points, max_lags)
    badf, bsadf = _scan(series.to_numpy(), points, max_lags)
    return RadfResult(
        float(badf[-1]), badf, float(badf.max()), bsadf, float(bsadf.max()),
        series.index[points - 1 :], points - 1, max_lags, series,
    )  # fmt: skip


def bootstrap_as_psymonitor(
    y: Any,
    *,
    window_points: int | None = None,
    max_lags: int = 0,
    control_window: int,
    draws: int = 199,
    seed: int,
    threads: int | None = None,
    ignore_gaps: bool = False,
) -> CriticalValues:
    """Bootstrap critical values as psymonitor's ``cvPSYwmboot`` does.

    Parameters
    ----------
    y, window_points, max_lags, ignore_gaps
        As in `radf_as_psymonitor`.
    control_window : int
        Observations over which the error is controlled: samples have ``window_points + control_window - 1`` points.
    draws, seed, threads : int
        As in `helpers.analysis.wild_bootstrap.wild_bootstrap`.

    Returns
    -------
    CriticalValues
        Rule ``psymonitor``: one value for all dates.

    Raises
    ------
    ValueError
        As `radf_as_psymonitor` and `wild_bootstrap`.
    """
    checked_draws(draws, control_window)
    series = checked_series(y, ignore_gaps=ignore_gaps).to_numpy()
    points = _checked_points(len(series), window_points, max_lags)
    slopes, shocks = null_regression(series, _order_under_null(series, max_lags))
    sadf, gsadf = np.empty(draws), np.empty(draws)

    def work(first: int, last: int, generator: np.random.Generator) -> None:
        for draw in range(first, last):
            sample = bootstrap_sample(generator, slopes, shocks, points + control_window - 1, resample=True)
            badf, bsadf = _scan(sample, points, max_lags)
            sadf[draw], gsadf[draw] = badf.max(), bsadf.max()

    in_blocks(work, draws, seed, threads)
    (value, error), (largest, its_error) = quantiles(sadf), quantiles(gsadf)
    ends = len(series) - points + 1
    return CriticalValues(
        "psymonitor", LEVELS, np.repeat(largest[:, None], ends, axis=1), np.repeat(its_error[:, None], ends, axis=1),
        value, error, largest, its_error, np.sort(sadf), np.sort(gsadf), points - 1, max_lags, draws, seed,
    )  # fmt: skip


def criterion(rss: Floats | float, rows: int, terms: int) -> Any:
    """Return Schwarz's criterion for shocks of unit variance.

    Parameters
    ----------
    rss : ndarray or float
        Sum of squared residuals, in the units of the series.
    rows : int
    terms : int
        Coefficients, the constant among them.
    """
    return rows * LOG_TWO_PI + rss + log(rows) * terms


def _checked_points(observations: int, window_points: int | None, max_lags: int) -> int:
    """Return the points of the shortest window."""
    if max_lags < 0:
        raise ValueError(f"max_lags must not be negative, not {max_lags}")
    if observations < 1:
        raise ValueError("the series is empty")
    points = default_min_rows(observations) if window_points is None else window_points
    if points < 2 * max_lags + _BEYOND_LAGS:
        raise ValueError(
            f"a window of {points} points is too short for {max_lags} lags: at least "
            f"{2 * max_lags + _BEYOND_LAGS} are needed"
        )
    if observations < points + 1:
        raise ValueError(f"{observations} observations are too few for windows of {points} points")
    return points


def _scan(y: Floats, points: int, max_lags: int) -> tuple[Floats, Floats]:
    """Return the sequences of the windows from the start, and of the largest, by last point."""
    ends = len(y) - points + 1
    badf, bsadf = np.full(ends, -np.inf), np.full(ends, -np.inf)
    scale = scale_of(y)
    orders = [every_length(*prepare(y, lags), points - 1 - lags) for lags in range(max_lags + 1)]
    with np.errstate(all="ignore"):
        for place, by_order in enumerate(zip(*orders, strict=True)):
            best, statistics = _best_order(y, by_order, points + place, scale)
            if np.isnan(statistics).any():
                start = int(np.flatnonzero(np.isnan(statistics))[0])
                raise ValueError(
                    f"the regression of the window from position {start} to {start + points + place - 1} is not "
                    "defined: the series does not move there, or follows its own past exactly"
                )
            badf[place] = statistics[0]
            part = bsadf[place : place + len(best)]
            np.maximum(part, statistics, out=part)
    return badf, bsadf


def _best_order(y: Floats, by_order: tuple[Moments, ...], points: int, scale: float) -> tuple[Floats, Floats]:
    """Return criterion and statistic of each window of so many points, at the order that the criterion picks."""
    max_lags = len(by_order) - 1
    degrees = points - 1 - 2 * max_lags - _CONSTANT_AND_LEVEL
    best = np.full(len(by_order[0].level), np.inf)
    statistics = np.full(len(best), np.nan)
    for lags, moments in enumerate(by_order):
        level, covariance, change, good = without_lags(moments)
        rss = change - covariance * covariance / level
        slope = covariance / level
        for start in np.flatnonzero(~(good & (rss > 0))):
            slope[start], level[start], rss[start] = _from_residuals(y[start : start + points] * scale, lags)
        found = criterion(rss / scale**2, moments.rows, lags + _CONSTANT_AND_LEVEL)
        better = found < best
        best[better] = found[better]
        statistics[better] = (slope * np.sqrt(level * degrees / rss))[better]
    return best, statistics


def _from_residuals(y: Floats, lags: int) -> tuple[float, float, float]:
    """Return slope, what the other terms leave of the level, and residual sum of squares of one window."""
    columns, _ = prepare(y, lags)
    terms = np.column_stack([np.ones(columns.shape[1]), *columns[:lags]])
    level, change = (row - terms @ np.linalg.lstsq(terms, row, rcond=None)[0] for row in columns[-2:])
    inner = float(level @ level)
    slope = float(level @ change) / inner if inner > 0 else np.nan
    left = change - slope * level
    # `prepare` chose a scale of its own, by which sums of squares are put back.
    own = scale_of(y) ** 2
    return slope, inner / own, float(left @ left) / own


def _order_under_null(series: Floats, max_lags: int) -> int:
    """Return the order that the criterion picks for the changes, a unit root imposed."""

    def of(lags: int) -> float:
        _, shocks = null_regression(series, lags)
        if lags == 0:
            shocks = shocks - shocks.mean()
        return float(criterion(float(shocks @ shocks), len(shocks), lags + 1))

    return min(range(max_lags + 1), key=of)
