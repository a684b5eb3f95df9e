"""The curve of Bass (1969) fitted to sales of each period, in the three ways of the literature.

People adopt on their own account or because others have. Counts of users, a stock, are fitted in
`helpers.analysis.adoption`.

References
----------
Bass (1969), "A new product growth for model consumer durables", Management Science 15.
Srinivasan and Mason (1986), "Nonlinear least squares estimation of new product diffusion models",
Marketing Science 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from helpers.analysis.nonlinear import Array, Fit, Model, Problem, fit

MINIMUM_SALES = 4
# A market of this many times the largest observation cannot be told from an endless one.
MARKET_CEILING = 1000.0
COEFFICIENT_BOUNDS = (1e-7, 20.0)


def bass_cumulative(times: npt.NDArray[np.number], p: complex, q: complex) -> npt.NDArray[np.number]:
    """Return F(t), the share of the market that has adopted by `times`.

    Parameters
    ----------
    times : ndarray of shape (n,)
        Time since launch, 0 or more.
    p, q : float
        Coefficients of innovation and imitation, per unit of time.
    """
    decay = np.exp(-(p + q) * times)
    return np.asarray((1 - decay) / (1 + (q / p) * decay))


def bass_density(times: npt.NDArray[np.number], p: complex, q: complex) -> npt.NDArray[np.number]:
    """Return f(t) = dF/dt, the share of the market that adopts per unit of time."""
    decay = np.exp(-(p + q) * times)
    return np.asarray(((p + q) ** 2 / p) * decay / (1 + (q / p) * decay) ** 2)


def _density_sales(theta: npt.NDArray[np.number], times: npt.NDArray[np.number]) -> npt.NDArray[np.number]:
    return np.asarray(theta[0] * bass_density(times, theta[1], theta[2]))


def _difference_sales(theta: npt.NDArray[np.number], times: npt.NDArray[np.number]) -> npt.NDArray[np.number]:
    before = bass_cumulative(times - 1, theta[1], theta[2])
    return np.asarray(theta[0] * (bass_cumulative(times, theta[1], theta[2]) - before))


def fit_bass_density(sales: Sequence[float]) -> Fit:
    """Fit M f(t) to sales of periods 1, 2, ... by least squares.

    Parameters
    ----------
    sales : sequence of float, shape (n,)
        Sales of successive periods of equal length, from the first.

    Returns
    -------
    Fit
        Parameters ``market``, ``p``, ``q``.

    Raises
    ------
    ValueError
        If fewer than `MINIMUM_SALES` periods are given, or one is missing, negative or not finite.
    """
    return fit(_sales_problem(_density_sales, sales))


def fit_bass_differences(sales: Sequence[float]) -> Fit:
    """Fit M (F(t) - F(t-1)) to sales of periods 1, 2, ... (Srinivasan and Mason 1986).

    Parameters, result and errors as in `fit_bass_density`.
    """
    return fit(_sales_problem(_difference_sales, sales))


@dataclass(frozen=True)
class BassRegression:
    """Bass's own estimate.

    Parameters
    ----------
    market, p, q : float
        Solved from the regression's coefficients.
    coefficients : tuple of float
        Of 1, N(t-1) and N(t-1)^2.
    """

    market: float
    p: float
    q: float
    coefficients: tuple[float, float, float]


def fit_bass_regression(sales: Sequence[float]) -> BassRegression:
    """Regress sales on lagged cumulative sales and their square (Bass 1969).

    Parameters
    ----------
    sales : sequence of float, shape (n,)
        As in `fit_bass_density`; the first period has cumulative sales of 0 before it.

    Returns
    -------
    BassRegression

    Raises
    ------
    ValueError
        As in `fit_bass_density`, and if the coefficients imply no finite positive market.
    """
    observed = _checked_sales(sales)
    before = np.concatenate([[0.0], np.cumsum(observed)[:-1]])
    regressors = np.column_stack([np.ones_like(before), before, before**2])
    a, b, c = (float(value) for value in np.linalg.lstsq(regressors, observed, rcond=None)[0])
    inside = b**2 - 4 * a * c
    if c >= 0 or inside < 0:
        raise ValueError("the regression implies no finite market: the square of cumulative sales must lower sales")
    market = (-b - np.sqrt(inside)) / (2 * c)
    return BassRegression(float(market), float(a / market), float(a / market + b), (a, b, c))


def _sales_problem(model: Model, sales: Sequence[float]) -> Problem:
    observed = _checked_sales(sales)
    total = float(observed.sum())
    return Problem(
        model,
        ("market", "p", "q"),
        np.arange(1.0, len(observed) + 1),
        observed,
        (0.5 * total, *(2 * (COEFFICIENT_BOUNDS[0],))),
        (MARKET_CEILING * total, *(2 * (COEFFICIENT_BOUNDS[1],))),
        ((1.1 * total, 3.0 * total), (0.003, 0.03), (0.1, 0.4, 0.8)),
    )


def _checked_sales(sales: Sequence[float]) -> Array:
    observed = np.asarray(sales, dtype=float)
    if len(observed) < MINIMUM_SALES:
        raise ValueError(f"{len(observed)} periods of sales are too few: at least {MINIMUM_SALES} are needed")
    if not np.all(np.isfinite(observed)):
        raise ValueError("sales hold a missing value: a gap cannot be fitted over")
    if np.any(observed < 0) or observed.sum() <= 0:
        raise ValueError("sales must not be negative, and not all zero")
    return observed
