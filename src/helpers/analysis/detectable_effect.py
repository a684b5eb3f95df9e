"""How large an effect must be before a panel this small can see it.

"Not significant" says little where only a huge effect would have been. The errors of the panel at
hand, with their persistence and each firm's own size, are drawn again and again around effects of
known size; the share of draws in which the test notices is its power.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from helpers.analysis.panel_design import FIRM_AND_QUARTER, TIME, Array, Design, design
from helpers.analysis.panel_estimates import clustered_factor

POWER = 0.80
SIZE = 0.05
# Panels drawn: a power of 80 per cent is then known to within a standard error of 0.9 points.
DRAWS = 2000
# Any seed will do; a fixed one gives the same power in every run.
_SEED = 80
# Beyond this the errors would be a random walk, which the sample cannot tell from a trend.
_MOST_PERSISTENT = 0.95
_CURVE_POINTS = 41
# Halvings of an interval about as long as the effect: forty leave a trillionth of it, far less than the draws can tell.
_HALVINGS = 40


@dataclass(frozen=True)
class DetectableEffect:
    """The smallest effect that the test sees with the wished power.

    Parameters
    ----------
    effect : float
        In the unit of the coefficient; the test is corrected to reject `size` of true nulls.
    nominal_effect : float
        The same with the textbook critical value, which rejects too often.
    nominal_size : float
        How often the textbook test rejects a true null here.
    persistence : float
        Correlation of an error with the next, corrected for the effects taken out.
    error_size : float
        Root mean square of the errors, in the unit of the outcome.
    firms, quarters, observations, draws : int
    power, size : float
    curve : DataFrame
        ``effect``, ``power`` of the corrected test.
    """

    effect: float
    nominal_effect: float
    nominal_size: float
    persistence: float
    error_size: float
    firms: int
    quarters: int
    observations: int
    draws: int
    power: float
    size: float
    curve: pd.DataFrame


def minimum_detectable_effect(
    frame: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    *,
    effects: Sequence[str] = FIRM_AND_QUARTER,
    power: float = POWER,
    size: float = SIZE,
    draws: int = DRAWS,
    seed: int = _SEED,
) -> DetectableEffect:
    """Find the smallest effect of the first regressor that the panel can see.

    Parameters
    ----------
    frame, outcome, regressors, effects
        As `helpers.analysis.panel_estimates.fixed_effects`.
    power : float
        Wished share of noticed effects, above `size` and below 1.
    size : float
        Share of true nulls the test may reject.
    draws : int
    seed : int

    Returns
    -------
    DetectableEffect

    Raises
    ------
    ValueError
        If the power is not between size and 1, or as `design`.

    Notes
    -----
    Regressors stay as they are. Errors are first-order autoregressive, with one persistence for all
    firms and a variance for each. They are independent between firms beyond what quarter effects
    take out; shared shocks would make the detectable effect larger.
    """
    if not size < power < 1:
        raise ValueError(f"power must lie between size {size} and 1, not {power}")
    plan = design(frame, outcome, regressors, effects=effects)
    one = plan.only(regressors[0])
    persistence, sizes = error_process(plan)
    errors = _simulate(plan, persistence, sizes, draws, seed)
    slopes, spread = _estimates(one, plan, errors)
    textbook = float(stdtrit(plan.clusters - 1, 1 - size / 2))
    corrected = float(np.quantile(np.abs(slopes / spread), 1 - size))
    found = [_smallest(slopes, spread, critical, power) for critical in (corrected, textbook)]
    grid = np.linspace(0, 2 * found[0], _CURVE_POINTS)
    curve = pd.DataFrame({"effect": grid, "power": [_power(slopes, spread, corrected, value) for value in grid]})
    return DetectableEffect(
        effect=found[0],
        nominal_effect=found[1],
        nominal_size=_power(slopes, spread, textbook, 0.0),
        persistence=persistence,
        error_size=float(np.sqrt(np.mean(np.square(sizes[plan.firms])))),
        firms=plan.clusters,
        quarters=int(plan.sample[TIME].nunique()),
        observations=plan.rows,
        draws=draws,
        power=power,
        size=size,
        curve=curve,
    )


def error_process(plan: Design) -> tuple[float, Array]:
    """Estimate the persistence of the errors and each firm's standard deviation, shape (firms,)."""
    residuals = plan.residuals() / plan.root_weights
    keys = pd.MultiIndex.from_arrays([plan.firms, plan.sample[TIME].to_numpy()])
    series = pd.Series(residuals, index=keys)
    earlier = series.reindex(pd.MultiIndex.from_arrays([plan.firms, plan.sample[TIME].to_numpy() - 1])).to_numpy()
    both = np.isfinite(earlier)
    raw = float(residuals[both] @ earlier[both] / np.square(earlier[both]).sum())
    # Taking out a firm's mean biases the persistence down by about (1 + rho) / T (Nickell 1981).
    quarters = plan.rows / plan.clusters
    persistence = float(np.clip(raw + (1 + raw) / quarters, -_MOST_PERSISTENT, _MOST_PERSISTENT))
    spent = plan.rows / (plan.rows - plan.dummies.shape[1] - len(plan.names))
    squares = plan.sums_by_firm(np.square(residuals)[:, None])[:, 0] / np.bincount(plan.firms)
    return persistence, np.sqrt(squares * spent)


def _simulate(plan: Design, persistence: float, sizes: Array, draws: int, seed: int) -> Array:
    """Draw errors, shape (rows, draws), that live on through the quarters a firm is not in the sample."""
    random = np.random.default_rng(seed)
    errors = np.empty((plan.rows, draws))
    times = plan.sample[TIME].to_numpy(dtype="int64")
    for firm in range(plan.clusters):
        own = plan.firms == firm
        place = times[own] - times[own].min()
        noise = random.standard_normal((int(place.max()) + 1, draws))
        noise[1:] *= np.sqrt(1 - persistence**2)
        for step in range(1, len(noise)):
            noise[step] += persistence * noise[step - 1]
        errors[own] = sizes[firm] * noise[place]
    return errors


def _estimates(one: Design, plan: Design, errors: Array) -> tuple[Array, Array]:
    """Return slopes and clustered standard errors of outcomes that hold no effect."""
    x = one.x[:, 0]
    y = one.annihilate(errors * one.root_weights[:, None])
    length = float(x @ x)
    slopes = x @ y / length
    scores = one.sums_by_firm(x[:, None] * (y - x[:, None] * slopes))
    return slopes, np.sqrt(clustered_factor(plan) * np.square(scores).sum(axis=0)) / length


def _power(slopes: Array, spread: Array, critical: float, effect: float) -> float:
    # An effect moves the estimate one for one and leaves its residuals alone.
    return float(np.mean(np.abs(slopes + effect) > critical * spread))


def _smallest(slopes: Array, spread: Array, critical: float, power: float) -> float:
    low, high = 0.0, float(np.median(spread))
    while _power(slopes, spread, critical, high) < power:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if _power(slopes, spread, critical, middle) >= power else (middle, high)
    return high
