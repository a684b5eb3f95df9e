"""Least squares for curves with positive parameters, and intervals from the profile of the fit.

Every parameter is searched on a log scale: it cannot turn negative, and a market of 10 or of
10,000 is the same problem. The search starts from a fixed grid, so a fit is the same on every
machine and in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize
from scipy.special import fdtri

Array = npt.NDArray[np.float64]
Model = Callable[[npt.NDArray[np.number], npt.NDArray[np.number]], npt.NDArray[np.number]]

# Typed Any: scipy has a module of the same name, which type checkers find first.
_search: Any = optimize.least_squares
_TOLERANCE = 1e-15
_COMPLEX_STEP = 1e-30
_POLISHING_STEPS = 50
# A profile is walked outwards in steps of this factor, at most this far from the estimate.
_PROFILE_STEP = 1.15
_PROFILE_REACH = 200.0
# Each step of that walk is longer than the last by this factor: a far end costs few fits.
_PROFILE_STRIDE = 1.25
# A parameter this near to a bound, relative to it, was stopped by the bound.
_AT_BOUND = 1e-4
# From this condition number on, a matrix of scaled slopes counts as singular: its inverse keeps few true digits.
_SINGULAR = 1e10
# Trials of one descent before it counts as ended; the grid of starts makes up for one that is stuck.
_TRIALS = 400


@dataclass(frozen=True)
class Problem:
    """A curve to be fitted to observations.

    Parameters
    ----------
    model : callable
        ``model(parameters, times)`` with parameters of shape (k,), times of shape (n,); returns
        shape (n,). It must accept complex parameters: derivatives are taken by complex step.
    names : tuple of str
        Names of the k parameters, all positive.
    times, observed : ndarray of shape (n,)
    lower, upper : tuple of float
        Bounds of the search, in the parameters' own units.
    starts : tuple of tuple of float
        Starting values for each parameter; the search begins from every combination.
    proportional : bool
        True fits logarithms (errors in proportion to the level), False fits levels.
    """

    model: Model
    names: tuple[str, ...]
    times: Array
    observed: Array
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    starts: tuple[tuple[float, ...], ...]
    proportional: bool = False

    def residuals(self, parameters: npt.NDArray[np.number]) -> npt.NDArray[np.number]:
        """Return model less observation, in logarithms where errors are proportional."""
        predicted = self.model(parameters, self.times)
        if self.proportional:
            return np.log(predicted) - np.log(self.observed)
        return predicted - self.observed


@dataclass(frozen=True)
class Fit:
    """A fitted curve.

    Parameters
    ----------
    problem : Problem
        What was fitted.
    parameters, standard_errors : dict of str to float
        Standard errors from the Jacobian at the optimum with s^2 = RSS / (n - k); NaN where the
        Jacobian is singular.
    residual_sum_of_squares : float
    at_bound : tuple of str
        Parameters whose estimate sits on a bound of the search: they are not identified.
    """

    problem: Problem
    parameters: dict[str, float]
    standard_errors: dict[str, float]
    residual_sum_of_squares: float
    at_bound: tuple[str, ...]

    @property
    def degrees_of_freedom(self) -> int:
        """Observations less parameters."""
        return len(self.problem.observed) - len(self.problem.names)

    @property
    def estimate(self) -> Array:
        """The parameters as an array, in the order of their names."""
        return np.array([self.parameters[name] for name in self.problem.names])

    def predict(self, times: Array) -> Array:
        """Return the curve at `times`, shape (m,)."""
        return np.asarray(self.problem.model(self.estimate, np.asarray(times, dtype=float)), dtype=float)


@dataclass(frozen=True)
class Interval:
    """An interval from the profile of the residual sum of squares.

    Parameters
    ----------
    estimate, low, high : float
        ``low`` is 0 and ``high`` infinite where the data set no limit on that side.
    bounded_below, bounded_above : bool
        Whether the data set a limit on that side within the search.
    """

    estimate: float
    low: float
    high: float
    bounded_below: bool
    bounded_above: bool

    @property
    def identified(self) -> bool:
        """True when the data limit the quantity on both sides."""
        return self.bounded_below and self.bounded_above


def jacobian(function: Callable[[npt.NDArray[np.number]], npt.NDArray[np.number]], at: Array) -> Array:
    """Return derivatives by complex step, exact to machine precision.

    Parameters
    ----------
    function : callable
        Analytic function of shape (k,) to shape (n,).
    at : ndarray of shape (k,)

    Returns
    -------
    ndarray of shape (n, k)

    References
    ----------
    Squire and Trapp (1998), "Using complex variables to estimate derivatives of real functions".
    """
    columns = []
    for place in range(len(at)):
        shifted = at.astype(complex)
        shifted[place] += 1j * _COMPLEX_STEP
        columns.append(np.imag(function(shifted)) / _COMPLEX_STEP)
    return np.column_stack(columns)


def fit(problem: Problem) -> Fit:
    """Return the least-squares fit, the best over all starts.

    Parameters
    ----------
    problem : Problem

    Returns
    -------
    Fit

    Raises
    ------
    ValueError
        If no start leads to a finite sum of squares, or no degree of freedom is left.
    """
    k = len(problem.names)
    if len(problem.observed) <= k:
        raise ValueError(
            f"{len(problem.observed)} observations are too few for {k} parameters: at least {k + 1} are needed"
        )
    best, total = _minimise(problem.residuals, list(product(*problem.starts)), problem.lower, problem.upper)
    best, total = _polish(problem, best, total)
    variance = total / (len(problem.observed) - k)
    slopes = jacobian(problem.residuals, best)
    with np.errstate(all="ignore"):
        errors = _standard_errors(slopes, variance)
    bound = tuple(
        name
        for name, value, low, high in zip(problem.names, best, problem.lower, problem.upper, strict=True)
        if np.isclose(value, low, rtol=_AT_BOUND) or np.isclose(value, high, rtol=_AT_BOUND)
    )
    return Fit(
        problem,
        dict(zip(problem.names, map(float, best), strict=True)),
        dict(zip(problem.names, map(float, errors), strict=True)),
        total,
        bound,
    )


def _standard_errors(slopes: Array, variance: float) -> Array:
    """Return the square roots of the diagonal of s^2 (J'J)^-1, NaN where it cannot be formed."""
    # Columns are scaled to one before inverting: a market of 1e5 and a rate of 1e-3 share a matrix.
    scale = np.sqrt((slopes**2).sum(axis=0))
    if not np.all(np.isfinite(scale)) or np.any(scale == 0) or np.linalg.cond(slopes / scale) > _SINGULAR:
        return np.full(slopes.shape[1], np.nan)
    inverse = np.linalg.inv((slopes / scale).T @ (slopes / scale))
    return np.asarray(np.sqrt(variance * np.diag(inverse)) / scale)


def _minimise(
    residuals: Callable[[npt.NDArray[np.number]], npt.NDArray[np.number]],
    starts: Sequence[Sequence[float] | Array],
    lower: Sequence[float],
    upper: Sequence[float],
) -> tuple[Array, float]:
    """Return the best parameters and their sum of squares over several starts."""
    bounds = (np.log(lower), np.log(upper))

    def logged(theta: npt.NDArray[np.number]) -> npt.NDArray[np.number]:
        return residuals(np.exp(theta))

    best, total = None, np.inf
    for start in starts:
        begin = np.clip(np.log(start), bounds[0] + 1e-9, bounds[1] - 1e-9)
        with np.errstate(all="ignore"):
            if not np.all(np.isfinite(logged(begin))):
                continue
            found = _search(
                logged, begin, jac=lambda theta: jacobian(logged, theta), bounds=bounds, x_scale="jac",
                xtol=_TOLERANCE, ftol=_TOLERANCE, gtol=_TOLERANCE, max_nfev=_TRIALS,
            )  # fmt: skip
        if np.isfinite(found.cost) and 2 * found.cost < total:
            best, total = np.exp(found.x), float(2 * found.cost)
    if best is None:
        raise ValueError("no starting value gives a finite sum of squares")
    return best, total


def _polish(problem: Problem, best: Array, total: float) -> tuple[Array, float]:
    """Take Gauss-Newton steps until they vanish: a flat sum of squares stops the search digits too early."""
    for _ in range(_POLISHING_STEPS):
        with np.errstate(all="ignore"):
            slopes = jacobian(lambda theta: problem.residuals(np.exp(theta)), np.log(best))
            step = np.linalg.lstsq(slopes, np.real(problem.residuals(best)), rcond=None)[0]
            candidate = np.asarray(best * np.exp(-step))
            again = float(np.sum(np.real(problem.residuals(candidate)) ** 2))
        inside = np.all(candidate > problem.lower) and np.all(candidate < problem.upper)
        if not (inside and again <= total * (1 + 1e-12)):
            break
        best, total = candidate, min(again, total)
        if np.max(np.abs(step)) < 1e-13:
            break
    return best, total


def profile_interval(fitted: Fit, name: str, level: float = 0.95) -> Interval:
    """Return the profile interval of one parameter.

    The parameter is held at a value, the others are fitted again, and the value belongs to the
    interval while the residual sum of squares stays under
    ``RSS_min * (1 + F(1, n - k) / (n - k))``. Unlike estimate plus or minus two standard errors
    it shows when the data set no limit: the profile then never reaches the threshold.

    Parameters
    ----------
    fitted : Fit
    name : str
        A parameter of the curve.
    level : float
        Confidence level.

    Returns
    -------
    Interval

    References
    ----------
    Bates and Watts (1988), *Nonlinear Regression Analysis and Its Applications*, chapter 6.
    """
    place = fitted.problem.names.index(name)
    reach = (fitted.problem.lower[place], fitted.problem.upper[place])

    def hold(value: float, free: npt.NDArray[np.number]) -> npt.NDArray[np.number]:
        return _with(free, place, value)

    return _profile(fitted, place, fitted.parameters[name], hold, reach, level)


def forecast_interval(fitted: Fit, time: float, level: float = 0.95) -> Interval:
    """Return the profile interval of the curve's own value at one time.

    The first parameter must scale the curve (a market or a level): it is replaced by the value
    of the curve at `time`, which is then profiled like any parameter. The interval is for the
    curve, not for a single observation around it.

    Parameters
    ----------
    fitted : Fit
    time : float
        On the scale of the fit's times.
    level : float
        Confidence level.

    Returns
    -------
    Interval
    """
    problem = fitted.problem
    moment = np.array([time], dtype=float)

    def hold(value: float, free: npt.NDArray[np.number]) -> npt.NDArray[np.number]:
        shape = problem.model(_with(free, 0, 1.0), moment)[0]
        return _with(free, 0, value / shape)

    estimate = float(fitted.predict(moment)[0])
    reach = (estimate / _PROFILE_REACH, estimate * _PROFILE_REACH)
    return _profile(fitted, 0, estimate, hold, reach, level)


def _with(free: npt.NDArray[np.number], place: int, value: complex) -> npt.NDArray[np.number]:
    """Put a value among the free parameters; `numpy.insert` takes ten times as long, and each trial does it."""
    return np.concatenate((free[:place], [value], free[place:]))


def _profile(
    fitted: Fit,
    place: int,
    estimate: float,
    hold: Callable[[float, npt.NDArray[np.number]], npt.NDArray[np.number]],
    reach: tuple[float, float],
    level: float,
) -> Interval:
    """Walk from the estimate to where the profile crosses the threshold, on both sides."""
    problem, left = fitted.problem, fitted.degrees_of_freedom
    allowed = fitted.residual_sum_of_squares * (1 + float(fdtri(1, left, level)) / left)
    others = [number for number in range(len(problem.names)) if number != place]
    lower, upper = [problem.lower[number] for number in others], [problem.upper[number] for number in others]
    ends: list[float | None] = []
    for factor, limit in ((1 / _PROFILE_STEP, reach[0]), (_PROFILE_STEP, reach[1])):
        warm = [fitted.estimate[others]]

        def excess(log_value: float, warm: list[Array] = warm) -> float:
            best, total = _minimise(lambda free: problem.residuals(hold(np.exp(log_value), free)), warm, lower, upper)
            warm[0] = best
            return total - allowed

        ends.append(_crossing(excess, estimate, factor, limit))
    low, high = ends
    return Interval(
        estimate, 0.0 if low is None else low, np.inf if high is None else high, low is not None, high is not None
    )


def _crossing(excess: Callable[[float], float], estimate: float, factor: float, limit: float) -> float | None:
    """Return where `excess` turns positive on the way from the estimate to the limit, or None."""
    inside = float(np.log(estimate))
    end = float(np.log(limit))
    step = float(np.log(factor))
    while (end - inside) * np.sign(step) > abs(step) / 1e6:
        outside = inside + step if (end - inside - step) * np.sign(step) > 0 else end
        if excess(outside) > 0:
            return float(np.exp(optimize.brentq(excess, inside, outside, xtol=1e-7)))
        inside = outside
        step *= _PROFILE_STRIDE
    return None
