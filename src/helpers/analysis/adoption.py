"""How users spread: Bass and logistic curves, fitted on what was known and tested on what came after.

On a stock of users at irregular dates, Bass, logistic and constant growth, with errors in proportion to the level.
A stock of weekly users is not a sum of first purchases: people also leave. The curves describe its path; they are not
a theory of it. Sales of each period are fitted in `helpers.analysis.bass`.

References
----------
Bass (1969), "A new product growth for model consumer durables", Management Science 15.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from helpers.analysis.bass import COEFFICIENT_BOUNDS, MARKET_CEILING, bass_cumulative
from helpers.analysis.nonlinear import Array, Fit, Interval, Model, Problem, fit, forecast_interval, profile_interval

DAYS_PER_YEAR = 365.25
# ChatGPT opened to the public on this day ("two months after launch" is January 2023 in vendor_metrics).
LAUNCH = pd.Timestamp("2022-11-30")
FEWEST_USERS = 4
_BAND_DATES = 7
# Curves are drawn from half a year after the launch: the first months of a curve are small and rest on few counts.
_DRAWN_FROM = pd.Timedelta(days=182)
_PATH_COLUMNS = ["curve", "date", "users", "low", "high"]


def _bass_level(theta: npt.NDArray[np.number], times: npt.NDArray[np.number]) -> npt.NDArray[np.number]:
    return np.asarray(theta[0] * bass_cumulative(times, theta[1], theta[2]))


def _logistic_level(theta: npt.NDArray[np.number], times: npt.NDArray[np.number]) -> npt.NDArray[np.number]:
    return np.asarray(theta[0] / (1 + theta[1] * np.exp(-theta[2] * times)))


def _exponential_level(theta: npt.NDArray[np.number], times: npt.NDArray[np.number]) -> npt.NDArray[np.number]:
    return np.asarray(theta[0] * np.exp(theta[1] * times))


CURVES: dict[str, tuple[str, ...]] = {
    "Bass": ("market", "p", "q"),
    "logistic": ("market", "odds_against", "growth"),
    "constant growth": ("level_at_launch", "growth"),
}


def fit_users(users: pd.Series, curve: str, launch: pd.Timestamp = LAUNCH) -> Fit:
    """Fit an adoption curve to a stock of users at irregular dates, errors in proportion to the level.

    Parameters
    ----------
    users : Series
        Users in millions; the index holds dates in ascending order, all after `launch`.
    curve : str
        ``"Bass"`` (users = M F(t)), ``"logistic"`` (users = M / (1 + a exp(-g t))) or
        ``"constant growth"`` (the benchmark that the others have to beat).
    launch : Timestamp
        Where time begins.

    Returns
    -------
    Fit
        Times in years since launch.

    Raises
    ------
    ValueError
        If the curve is unknown, the dates are not ascending and after the launch, a value is
        missing or not positive, or there are too few observations.
    """
    if curve not in CURVES:
        raise ValueError(f"unknown curve {curve!r}; expected one of {list(CURVES)}")
    times = years_since(users.index, launch)
    observed = users.to_numpy(dtype=float)
    _check_users(times, observed)
    return fit(_users_problem(curve, times, observed))


def years_since(dates: pd.Index, launch: pd.Timestamp = LAUNCH) -> Array:
    """Return years from the launch to each date, shape (n,)."""
    return np.asarray((pd.DatetimeIndex(dates) - launch).days, dtype=float) / DAYS_PER_YEAR


def _check_users(times: Array, observed: Array) -> None:
    if not np.all(np.isfinite(observed)):
        raise ValueError("users hold a missing value")
    if np.any(observed <= 0):
        raise ValueError("users must be positive")
    if np.any(np.diff(times) <= 0):
        raise ValueError("the dates must ascend, each once")
    if len(times) and times[0] <= 0:
        raise ValueError("every date must lie after the launch")


def _users_problem(curve: str, times: Array, observed: Array) -> Problem:
    top = float(observed.max(initial=1.0))
    rates = COEFFICIENT_BOUNDS
    market = (0.5 * top, MARKET_CEILING * top)
    markets = (1.2 * top, 4.0 * top, 50.0 * top)
    if curve == "Bass":
        bounds = (market, rates, rates)
        starts: tuple[tuple[float, ...], ...] = (markets, (0.001, 0.02), (0.3, 1.5))
        return _proportional(_bass_level, curve, times, observed, bounds, starts)
    if curve == "logistic":
        bounds = (market, (1e-3, 1e9), rates)
        return _proportional(_logistic_level, curve, times, observed, bounds, (markets, (3.0, 30.0, 300.0), (0.5, 2.0)))
    bounds = ((1e-6 * top, 10 * top), rates, rates)
    return _proportional(_exponential_level, curve, times, observed, bounds[:2], ((0.05 * top,), (0.5, 1.5)))


def _proportional(
    model: Model,
    curve: str,
    times: Array,
    observed: Array,
    bounds: Sequence[tuple[float, float]],
    starts: tuple[tuple[float, ...], ...],
) -> Problem:
    lower, upper = (tuple(bound[side] for bound in bounds) for side in (0, 1))
    return Problem(model, CURVES[curve], times, observed, lower, upper, starts, proportional=True)


def market_interval(fitted: Fit, level: float = 0.95) -> Interval:
    """Return the profile interval of the market size; unbounded above means not identified.

    Parameters
    ----------
    fitted : Fit
    level : float
        Confidence level, as in `helpers.analysis.nonlinear.profile_interval`.

    Raises
    ------
    ValueError
        If the curve has no market (constant growth).
    """
    if "market" not in fitted.parameters:
        raise ValueError("this curve has no market size")
    return profile_interval(fitted, "market", level)


def paths(fits: Mapping[str, Fit], until: pd.Timestamp, band: str, launch: pd.Timestamp = LAUNCH) -> pd.DataFrame:
    """Return fitted curves month by month, and the interval of one of them after the last observation.

    Parameters
    ----------
    fits : mapping of str to Fit
        By name of the curve, all on the same observations.
    until : Timestamp
        Last day.
    band : str
        The curve whose 95 per cent profile interval is wanted, at a few dates after the last observation.
    launch : Timestamp

    Returns
    -------
    DataFrame
        ``curve``, ``date``, ``users`` and, for the band, ``low`` and ``high`` (else missing).
    """
    rows = []
    days = pd.date_range(launch + _DRAWN_FROM, until, freq="MS").union(pd.DatetimeIndex([until]))
    for curve, fitted in fits.items():
        rows += [
            (curve, day, value, np.nan, np.nan)
            for day, value in zip(days, fitted.predict(years_since(days, launch)), strict=True)
        ]
    last = launch + pd.Timedelta(days=round(float(fits[band].problem.times[-1]) * DAYS_PER_YEAR))
    beyond = pd.date_range(last, until, periods=_BAND_DATES if until > last else 0)
    for day in beyond:
        interval = forecast_interval(fits[band], float(years_since(pd.DatetimeIndex([day]), launch)[0]))
        rows.append((f"{band} interval", day, interval.estimate, interval.low, interval.high))
    return pd.DataFrame(rows, columns=_PATH_COLUMNS)


@dataclass(frozen=True)
class ForecastTest:
    """Curves fitted on what was published by a day, and what was published after it.

    Parameters
    ----------
    fitted_on, seen_on : str
        ISO dates: of the fit, and of the last publication among all rows.
    known, later : Series
        Users in millions by date.
    fits : dict of str to Fit
        Empty where there are too few observations.
    paths : DataFrame
        From `paths`.
    errors : DataFrame
        At the last date that came, one row a curve: ``curve``, ``observed``, ``forecast``, ``error_percent``.
    """

    fitted_on: str
    seen_on: str
    known: pd.Series
    later: pd.Series
    fits: dict[str, Fit]
    paths: pd.DataFrame
    errors: pd.DataFrame


def hold_out(rows: pd.DataFrame, day: str, band: str = "logistic") -> ForecastTest:
    """Fit on what was published by a day and test on what was published after it.

    Parameters
    ----------
    rows : DataFrame
        All rows of one metric and scope, with ``date``, ``published`` and ``value``.
    day : str
        ISO date.
    band : str
        The curve whose interval is wanted; no fit is attempted where it has too few observations.

    Returns
    -------
    ForecastTest
    """
    known, later = known_and_later(rows, pd.Timestamp(day))
    fits = fit_all(known) if len(known) > len(CURVES[band]) else {}
    lines = paths(fits, max([*known.index, *later.index]), band) if fits else pd.DataFrame(columns=_PATH_COLUMNS)
    errors = [
        forecast_errors(fitted, later.tail(1)).assign(curve=curve) for curve, fitted in fits.items() if len(later)
    ]
    seen = max([pd.Timestamp(day), *rows["published"]])
    table = pd.concat(errors) if errors else pd.DataFrame(columns=["curve", "observed", "forecast", "error_percent"])
    return ForecastTest(day, str(seen.date()), known, later, fits, lines, table)


def remark(tested: ForecastTest) -> str:
    """Say which fitted curves ran to the edge of the market search, where nothing but growth is left of them."""
    edge = [curve for curve, fitted in tested.fits.items() if "market" in fitted.at_bound]
    if not edge:
        return ""
    verb = "curve" if len(edge) == 1 else "curves"
    return f"The market of the {' and '.join(edge)} {verb} ran to the edge of the search: only growth is left of it."


def market_table(fits: Mapping[str, Fit], counted: str) -> pd.DataFrame:
    """Return the market size that each curve sees, with its interval.

    Parameters
    ----------
    fits : mapping of str to Fit
    counted : str
        What was counted, for the first column.

    Returns
    -------
    DataFrame
        ``counted``, ``curve``, ``observations``, ``market``, ``low``, ``high`` (millions) and ``identified``. Where
        the data set no upper limit, ``market`` and ``high`` are missing: the estimate is then only
        the edge of the search.
    """
    rows = []
    for curve, fitted in fits.items():
        if "market" not in fitted.parameters:
            continue
        interval = market_interval(fitted)
        limited = interval.bounded_above
        ends = (interval.estimate if limited else np.nan, interval.low, interval.high if limited else np.nan)
        rows.append((counted, curve, len(fitted.problem.observed), *ends, interval.identified))
    return pd.DataFrame(rows, columns=["counted", "curve", "observations", "market", "low", "high", "identified"])


def market_tables(stocks: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Return `market_table` for several stocks of users, in one table; those with too few counts are left out."""
    parts = [market_table(fit_all(users), counted) for counted, users in stocks.items()]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else parts[0]


def fit_all(users: pd.Series, launch: pd.Timestamp = LAUNCH) -> dict[str, Fit]:
    """Return every curve that has enough observations, by name; none where there are too few."""
    return {curve: fit_users(users, curve, launch) for curve, names in CURVES.items() if len(users) > len(names)}


def known_and_later(rows: pd.DataFrame, day: pd.Timestamp) -> tuple[pd.Series, pd.Series]:
    """Split a metric's rows into what was published by a day and what was published after it.

    Parameters
    ----------
    rows : DataFrame
        Rows of one metric and scope, with ``date``, ``published`` and ``value``.
    day : Timestamp

    Returns
    -------
    (Series, Series)
        Values by date. A date stated twice keeps the statement published last. What was published
        later for a date that is already past counts as later: it was not known.
    """
    ordered = rows.sort_values(["date", "published"], kind="stable")
    parts = [ordered[ordered["published"] <= day], ordered[ordered["published"] > day]]
    known, later = (part.drop_duplicates("date", keep="last").set_index("date")["value"] for part in parts)
    return known, later


def forecast_errors(fitted: Fit, later: pd.Series, launch: pd.Timestamp = LAUNCH) -> pd.DataFrame:
    """Hold a fitted curve against observations it has not seen.

    Parameters
    ----------
    fitted : Fit
        From `fit_users`.
    later : Series
        Users in millions by date, none of them used in the fit.
    launch : Timestamp
        As in the fit.

    Returns
    -------
    DataFrame
        One row an observation, indexed by date: ``observed``, ``forecast`` and ``error_percent`` (forecast above
        the observation is positive).
    """
    forecast = fitted.predict(years_since(later.index, launch))
    observed = later.to_numpy(dtype=float)
    return pd.DataFrame(
        {
            "observed": observed,
            "forecast": forecast,
            "error_percent": 100 * (forecast / observed - 1),
        },
        index=pd.DatetimeIndex(later.index, name="date"),
    )
