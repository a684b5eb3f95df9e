"""Critical values that allow for changing volatility: the series' own shocks with random weights.

Simulated random walks have a steady volatility; prices do not, and a test that ignores it finds bubbles in storms.
The wild bootstrap keeps each shock at its date and multiplies it by a standard normal weight (Harvey, Leybourne,
Sollis and Taylor). The variant of Phillips and Shi asks the multiplicity question for a control window: it draws the
weighted shocks with replacement for a sample of the shortest window plus the control window, and takes the largest
statistic over the latter.

References
----------
Harvey, D., Leybourne, S., Sollis, R. and Taylor, A. (2016), Journal of Empirical Finance 38, 548-574.
Phillips, P. and Shi, S. (2020), Handbook of Statistics 42, 61-80.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.analysis.critical_values import LEVELS, CriticalValues, in_blocks, quantiles
from helpers.analysis.explosive_roots import checked_series, checked_windows
from helpers.analysis.explosive_windows import Floats, scan

# With the series itself 99 samples make a hundred, the fewest of which one per cent is a whole number.
FEWEST_DRAWS = 99


def wild_bootstrap(
    y: Any,
    *,
    min_rows: int | None = None,
    lags: int = 0,
    draws: int = 499,
    seed: int,
    control_window: int | None = None,
    threads: int | None = None,
    ignore_gaps: bool = False,
) -> CriticalValues:
    """Bootstrap critical values of SADF and GSADF for one series.

    Parameters
    ----------
    y : Series or array_like, shape (T,)
        The series that is tested.
    min_rows, lags : int
        As in the statistic; the bootstrap regressions use the same.
    draws : int
        Bootstrap samples, at least 99.
    seed : int
        The same seed gives the same values, however many threads work.
    control_window : int, optional
        Observations over which the error is to be controlled (Phillips and Shi). Without it the whole sample,
        each shock at its own date (Harvey and others).
    threads : int, optional
        By default one a processor.
    ignore_gaps : bool
        As in `radf`.

    Returns
    -------
    CriticalValues
        Rule ``wild_bootstrap``: one value for all dates, the quantile of the largest BSADF.

    Raises
    ------
    ValueError
        As `radf`; or if there are too few draws or the control window is not positive.
    """
    checked_draws(draws, control_window)
    series = checked_series(y, ignore_gaps=ignore_gaps).to_numpy()
    rows = checked_windows(len(series), min_rows, lags)
    slopes, shocks = null_regression(series, lags)
    length = len(series) if control_window is None else rows + lags + control_window
    sadf, gsadf = np.empty(draws), np.empty(draws)

    def work(first: int, last: int, generator: np.random.Generator) -> None:
        for draw in range(first, last):
            sample = bootstrap_sample(generator, slopes, shocks, length, resample=control_window is not None)
            found = scan(sample, lags=lags, min_rows=rows, engine="fastest")
            sadf[draw], gsadf[draw] = found.badf.max(), found.bsadf.max()

    in_blocks(work, draws, seed, threads)
    sadf_value, sadf_error = quantiles(sadf)
    gsadf_value, gsadf_error = quantiles(gsadf)
    ends = len(series) - lags - rows
    return CriticalValues(
        "wild_bootstrap", LEVELS, np.repeat(gsadf_value[:, None], ends, axis=1),
        np.repeat(gsadf_error[:, None], ends, axis=1), sadf_value, sadf_error, gsadf_value, gsadf_error,
        np.sort(sadf), np.sort(gsadf), rows, lags, draws, seed,
    )  # fmt: skip


def checked_draws(draws: int, control_window: int | None) -> None:
    """Refuse too few samples and a control window without length.

    Raises
    ------
    ValueError
        See `wild_bootstrap`.
    """
    if draws < FEWEST_DRAWS:
        raise ValueError(f"{draws} bootstrap samples are too few: at least {FEWEST_DRAWS} are needed")
    if control_window is not None and control_window < 2:
        raise ValueError(f"the control window must have at least 2 observations, not {control_window}")


def null_regression(series: Floats, lags: int) -> tuple[Floats, Floats]:
    """Regress the changes on their own past, with a unit root imposed.

    Parameters
    ----------
    series : ndarray, shape (T,)
    lags : int

    Returns
    -------
    slopes : ndarray, shape (lags,)
        On the changes 1 to `lags` periods before.
    shocks : ndarray, shape (T - 1 - lags,)
        Residuals; at lag 0 the changes themselves.
    """
    change: Floats = np.diff(series)
    if lags == 0:
        return np.empty(0), change
    past = np.column_stack([change[lags - lag : len(change) - lag] for lag in range(1, lags + 1)])
    design = np.column_stack([np.ones(len(past)), past])
    found: Floats = np.asarray(np.linalg.lstsq(design, change[lags:], rcond=None)[0], dtype=np.float64)
    return found[1:], change[lags:] - design @ found


def bootstrap_sample(
    generator: np.random.Generator, slopes: Floats, shocks: Floats, length: int, *, resample: bool
) -> Floats:
    """Build a series without a bubble from weighted shocks, one weight an observation.

    Parameters
    ----------
    generator : Generator
    slopes, shocks : ndarray
        From `null_regression`.
    length : int
        Points of the sample.
    resample : bool
        True draws the shocks with replacement; false keeps each at its date.
    """
    lags = len(slopes)
    drawn = shocks[generator.integers(0, len(shocks), length - 1 - lags)] if resample else shocks
    weighted = generator.standard_normal(len(drawn)) * drawn
    change = np.concatenate((np.zeros(lags), weighted))
    for t in range(lags, len(change) if lags else 0):
        change[t] += slopes @ change[t - lags : t][::-1]
    return np.concatenate(([0.0], np.cumsum(change)))
