"""Is a short quarterly series falling? A regression on time with HAC errors, and Mann-Kendall tests.

Both are needed. The regression measures the slope but leans on its errors; Mann-Kendall asks only
whether later values tend to be lower than earlier ones. Cash flows repeat within the year and
depend on their own past, and either makes a plain test reject too often, so each test here has a
form that allows for it.

References
----------
Newey, W. and West, K. (1987), Econometrica 55, 703-708; (1994), Review of Economic Studies 61, 631-653.
Mann, H. (1945), Econometrica 13, 245-259. Kendall, M. (1975), Rank Correlation Methods.
Hirsch, R. and Slack, J. (1984), Water Resources Research 20, 727-732.
Hamed, K. and Rao, A. (1998), Journal of Hydrology 204, 182-196.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from helpers.analysis.fiscal_quarters import fiscal_sequence, in_order

Floats = NDArray[np.float64]
LEVEL = 0.95
# Fewer observations than this leave the HAC errors and the normal limit of Mann-Kendall without meaning.
FEWEST = 16
TESTS = ("plain", "seasonal", "seasonal_correlated", "hamed_rao")


@dataclass(frozen=True)
class Trend:
    """A straight line through a series.

    Parameters
    ----------
    slope : float
        Change per step (a quarter, for quarterly series).
    standard_error : float
        Newey-West.
    low, high : float
        Confidence interval of the slope at 95 per cent.
    p_value : float
        Two-sided, Student's t.
    lags : int
        Autocovariances counted in the error.
    observations : int
    """

    slope: float
    standard_error: float
    low: float
    high: float
    p_value: float
    lags: int
    observations: int


@dataclass(frozen=True)
class MannKendall:
    """A Mann-Kendall test.

    Parameters
    ----------
    score : float
        Kendall's S: pairs that rise less pairs that fall.
    variance : float
        Of S if there is no trend, corrected for ties and, if asked, for autocorrelation.
    z : float
        S moved by one towards zero, over its standard deviation.
    p_value : float
        Two-sided, normal limit; missing where the corrected variance is not positive.
    tau : float
        S over the number of pairs: -1 is an unbroken fall.
    observations : int
    """

    score: float
    variance: float
    z: float
    p_value: float
    tau: float
    observations: int


def newey_west_lags(observations: int) -> int:
    """Return the number of lags for HAC errors: ``floor(4 (n / 100)^(2/9))``.

    Parameters
    ----------
    observations : int
        At least 1.

    Raises
    ------
    ValueError
        If `observations` is not positive.
    """
    if observations < 1:
        raise ValueError(f"observations must be at least 1, not {observations}")
    return int(4 * (observations / 100) ** (2 / 9))


def linear_trend(values: ArrayLike, *, period: int | None = None, lags: int | None = None) -> Trend:
    """Fit a line on time by least squares, with Newey-West errors.

    Parameters
    ----------
    values : array_like, shape (n,)
        A series without holes, oldest first.
    period : int, optional
        Length of the season, 4 for quarters: each season then has its own level, so that
        a first quarter is compared with first quarters.
    lags : int, optional
        By default `newey_west_lags`, and never less than `period`.

    Returns
    -------
    Trend
        Per step. The error uses Bartlett weights and the n / (n - k) correction.

    Raises
    ------
    ValueError
        If a value is missing, there are fewer than `FEWEST`, or `period` or `lags` is not positive.
    """
    # Imported here: statsmodels is slow to import, and the Mann-Kendall tests do without.
    from statsmodels.regression.linear_model import OLS

    series = _complete(values)
    _require_positive(period=period, lags=lags)
    used = lags or max(newey_west_lags(len(series)), period or 0)
    time = np.arange(len(series), dtype="float64")
    levels = np.ones((len(series), 1)) if period is None else np.eye(period)[np.arange(len(series)) % period]
    fit = OLS(series, np.column_stack([time, levels])).fit(
        cov_type="HAC", cov_kwds={"maxlags": used, "use_correction": True}, use_t=True
    )
    low, high = fit.conf_int(1 - LEVEL)[0]
    return Trend(
        float(fit.params[0]), float(fit.bse[0]), float(low), float(high), float(fit.pvalues[0]), used, len(series)
    )


def mann_kendall(values: ArrayLike, *, test: str = "plain", period: int = 4) -> MannKendall:
    """Test whether a series tends to rise or fall.

    Parameters
    ----------
    values : array_like, shape (n,)
        A series without holes, oldest first.
    test : str
        ``plain`` supposes independent values. ``seasonal`` compares only like seasons and supposes
        that they are independent of each other. ``seasonal_correlated`` adds the covariances
        between seasons (Hirsch and Slack), on the last full cycles and without a continuity
        correction. ``hamed_rao`` widens the variance by the significant autocorrelations of the
        ranks of the detrended series.
    period : int
        Length of the season for the seasonal tests.

    Returns
    -------
    MannKendall

    Raises
    ------
    ValueError
        If the test is unknown, a value is missing, there are fewer than `FEWEST`, or the period is not positive.
    """
    if test not in TESTS:
        raise ValueError(f"unknown test {test!r}; expected one of {', '.join(TESTS)}")
    series = _complete(values)
    _require_positive(period=period)
    if test == "seasonal_correlated":
        series = series[len(series) % period :]
    seasons = [series[start::period] for start in range(period)] if test.startswith("seasonal") else [series]
    score = sum(_score(season) for season in seasons)
    pairs = sum(len(season) * (len(season) - 1) / 2 for season in seasons)
    variance = sum(_variance(season) for season in seasons)
    if test == "seasonal_correlated":
        variance = _correlated_variance(np.column_stack(seasons))
    if test == "hamed_rao":
        variance *= _hamed_rao_factor(series)
    continuity = 0.0 if test == "seasonal_correlated" else float(np.sign(score))
    # All values alike: no pair rises or falls, and there is nothing to reject.
    z = 0.0 if score == 0 else (score - continuity) / sqrt(variance) if variance > 0 else float("nan")
    return MannKendall(score, variance, z, float(2 * ndtr(-abs(z))), score / pairs, len(series))


def sen_slope(values: ArrayLike) -> float:
    """Return the median slope of all pairs (Theil-Sen), per step; raises as `mann_kendall`."""
    series = _complete(values)
    later, earlier = np.tril_indices(len(series), -1)
    return float(np.median((series[later] - series[earlier]) / (later - earlier)))


def last_unbroken_run(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Keep each firm's last run of consecutive quarters with a known value.

    Parameters
    ----------
    frame : DataFrame, one row a firm-quarter
    column : str

    Returns
    -------
    DataFrame
        Rows of `frame` in order. A firm without any known value has none.

    Raises
    ------
    ValueError
        If the frame is not one row a firm-quarter.
    """
    known = in_order(frame[frame[column].notna()])
    step = fiscal_sequence(known).groupby(known["ticker"].astype(str)).diff()
    run = step.ne(1).groupby(known["ticker"].astype(str)).cumsum()
    return known[run.eq(run.groupby(known["ticker"].astype(str)).transform("max"))]


def trend_table(frame: pd.DataFrame, column: str, firms: Sequence[str]) -> pd.DataFrame:
    """Run both tests on each firm's last unbroken run of quarters.

    Parameters
    ----------
    frame : DataFrame, one row a firm-quarter
    column : str
        For example ``margin``, in per cent.
    firms : sequence of str
        Tickers, in the order wanted.

    Returns
    -------
    DataFrame, one row a firm
        ``ticker``, ``observations``, ``first`` and ``last`` (period ends), ``slope_a_year``, ``low``,
        ``high`` (units of `column` a year), ``p_hac``, ``lags``, ``tau``, ``p_seasonal`` (with covariances
        between seasons), ``p_hamed_rao``, ``p_plain``, ``reading`` and ``rows`` (row ids). All but the first two are
        missing where a firm has fewer than `FEWEST` quarters.
    """
    runs = last_unbroken_run(frame, column)
    table = []
    for ticker in firms:
        run = runs[runs["ticker"].astype(str) == ticker]
        row: dict[str, Any] = {"ticker": ticker, "observations": len(run), "rows": tuple(run.index)}
        if len(run) >= FEWEST:
            row |= _both_tests(run, column)
        table.append(row)
    columns = [
        "ticker", "observations", "first", "last", "slope_a_year", "low", "high", "p_hac", "lags", "tau",
        "p_seasonal", "p_hamed_rao", "p_plain", "reading", "rows",
    ]  # fmt: skip
    result = pd.DataFrame(table).reindex(columns=columns)
    result["reading"] = result["reading"].astype(object).where(result["reading"].notna(), "too few quarters")
    return result


def _both_tests(run: pd.DataFrame, column: str) -> dict[str, Any]:
    """Return the tests of one firm's run, the slope per year."""
    values = run[column].to_numpy(dtype="float64")
    line, seasonal = linear_trend(values, period=4), mann_kendall(values, test="seasonal_correlated")
    return {
        "first": run["period_end"].iloc[0],
        "last": run["period_end"].iloc[-1],
        "slope_a_year": 4 * line.slope,
        "low": 4 * line.low,
        "high": 4 * line.high,
        "p_hac": line.p_value,
        "lags": line.lags,
        "tau": seasonal.tau,
        "p_seasonal": seasonal.p_value,
        "p_hamed_rao": mann_kendall(values, test="hamed_rao").p_value,
        "p_plain": mann_kendall(values).p_value,
        "reading": _reading(line, seasonal),
    }


def _reading(line: Trend, seasonal: MannKendall) -> str:
    """Call a series falling or rising only where both tests say so at 5 per cent."""
    sure = line.p_value < 1 - LEVEL and seasonal.p_value < 1 - LEVEL
    if sure and line.slope < 0 and seasonal.score < 0:
        return "falling"
    if sure and line.slope > 0 and seasonal.score > 0:
        return "rising"
    return "no clear trend"


def _complete(values: ArrayLike) -> Floats:
    """Return the series as floats; a hole or a short series is an error, never skipped."""
    series = np.asarray(values, dtype="float64")
    if series.ndim != 1:
        raise ValueError(f"a series has one dimension, not {series.ndim}")
    if not np.isfinite(series).all():
        raise ValueError("a series for a trend has no missing values: cut it to an unbroken run first")
    if len(series) < FEWEST:
        raise ValueError(f"a trend needs at least {FEWEST} observations, not {len(series)}")
    return series


def _require_positive(**numbers: int | None) -> None:
    for name, number in numbers.items():
        if number is not None and number < 1:
            raise ValueError(f"{name} must be at least 1, not {number}")


def _score(series: Floats) -> float:
    """Return Kendall's S."""
    return float(np.sign(series[:, None] - series[None, :])[np.tril_indices(len(series), -1)].sum())


def _variance(series: Floats) -> float:
    """Return the variance of S without trend, less what ties take from it (Kendall 1975)."""
    n = len(series)
    ties = np.unique(series, return_counts=True)[1]
    return float(n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18


def _correlated_variance(cycles: Floats) -> float:
    """Return the variance of the sum of seasons' S with the covariances between seasons.

    `cycles` has one row a cycle and one column a season (Dietz and Killeen's estimate).
    """
    years = len(cycles)
    later, earlier = np.tril_indices(years, -1)
    signs = np.sign(cycles[later] - cycles[earlier])
    ranks = np.column_stack([rankdata(season) for season in cycles.T])
    covariances = (signs.T @ signs + 4 * ranks.T @ ranks - years * (years + 1) ** 2) / 3
    return float(covariances.sum())


def _hamed_rao_factor(series: Floats) -> float:
    """Return by how much autocorrelation inflates the variance of S."""
    n = len(series)
    detrended = series - np.arange(1, n + 1) * sen_slope(series)
    ranks = rankdata(detrended) - (n + 1) / 2
    spread = float(ranks @ ranks)
    if spread == 0:
        return 1.0
    correlations = np.correlate(ranks, ranks, "full")[n:] / spread
    lag = np.arange(1, n)
    significant = np.abs(correlations) > ndtri((1 + LEVEL) / 2) / sqrt(n)
    weights = (n - lag) * (n - lag - 1) * (n - lag - 2)
    return float(1 + 2 / (n * (n - 1) * (n - 2)) * (weights * correlations)[significant].sum())
