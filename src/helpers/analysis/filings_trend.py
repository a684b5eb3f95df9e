"""How many suits are filed a quarter, how fast that grows, and whether Poisson noise explains the rest.

Counts follow ``log E(y) = a + b t``. The Poisson model says that the variance equals the mean. Three
looks at whether it does: Pearson's dispersion, the regression test of Cameron and Trivedi, and the
negative-binomial model (variance ``mu + alpha mu^2``) with a likelihood-ratio test whose null lies on
the border of the parameter space, so that its p value is halved (Self and Liang 1987).

References
----------
Cameron, A. C. and P. K. Trivedi (1990), Regression-based tests for overdispersion in the Poisson
model, Journal of Econometrics 46, 347-364.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.stats
from scipy import optimize
from statsmodels.genmod import families
from statsmodels.genmod.generalized_linear_model import GLM

from helpers.analysis.docket import docket_year, lawsuits

# ChatGPT came out on 30 November 2022: the first full quarter after it.
FIRST_QUARTER = pd.Timestamp("2023-01-01")
QUARTERS_A_YEAR = 4
# Counts of US copyright suits by others, as the rule of claim A58 states them: day, suits, source.
OUTSIDE_COUNTS = (
    ("2025-08-12", 48, "cgpt_aug25"),
    ("2025-11-30", 60, "ca_nov25"),
    ("2025-12-31", 70, "ca_2025"),
    ("2026-06-15", 118, "bespacific_118"),
)
# The years whose rates are shown beside each other.
YEARS = (2022, 2023, 2024, 2025, 2026)
# Below this p value a test of the variance is said to reject the Poisson model.
SIGNIFICANT = 0.05
FORMATS = dict.fromkeys(("growth", "low", "high", "growth, negative binomial"), "percent")
# Fewer than this cannot tell a trend from noise: two parameters need some degrees of freedom.
LEAST_QUARTERS = 6
LEAST_FILINGS = 10
# A rate of a year is not read from less than its first quarter.
LEAST_DAYS_OF_A_YEAR = 90
CONFIDENCE = 0.95
# The negative-binomial alpha is looked for between a variance that differs from Poisson's by nothing
# that could be seen and one ten times the squared mean.
_ALPHA_RANGE = (1e-6, 10.0)
# A likelihood-ratio statistic is twice the gain in log likelihood; with its null on the border of the
# parameter space it is chi-square of one degree of freedom only half of the time.
_DEVIANCE, _ON_THE_BORDER = 2.0, 0.5
# Typed Any: the distributions of scipy.stats are made at run time, where type checkers do not see them.
_stats: Any = scipy.stats
_TAIL = (1 - CONFIDENCE) / 2
_TWO_SIDED = _stats.norm.isf(_TAIL)


def filings_by_quarter(docket: pd.DataFrame, as_of: str) -> pd.DataFrame:
    """Count suits by calendar quarter and claim type.

    Parameters
    ----------
    docket : DataFrame
        As known on `as_of`. Rows without a filing day and regulators' fines are not counted.
    as_of : str
        ISO date.

    Returns
    -------
    DataFrame
        One row a quarter from `FIRST_QUARTER`, indexed by its first day: a column a claim type that
        occurs, ``filings`` in all, and ``complete`` (False for the quarter that `as_of` falls into).
    """
    suits = lawsuits(docket)
    suits = suits[suits["filed_date"] >= FIRST_QUARTER]
    last = pd.Timestamp(as_of)
    quarters = pd.period_range(FIRST_QUARTER, max(last, FIRST_QUARTER), freq="Q")
    kinds = suits["claim_type"].astype(str)
    table = pd.crosstab(suits["filed_date"].dt.to_period("Q"), kinds).reindex(quarters, fill_value=0)
    table = table.assign(filings=table.sum(axis=1), complete=quarters.end_time.normalize() <= last)
    return table.set_axis(quarters.start_time, axis=0).rename_axis(index="quarter", columns=None)


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval at `CONFIDENCE`."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Trend:
    """The trend of one series of counts.

    Parameters
    ----------
    quarters, filings : int
        What was fitted.
    poisson : Interval
        Growth in per cent a year, with the Poisson model's own standard errors.
    quasi_poisson : Interval
        The same growth, standard errors widened by Pearson's dispersion.
    negative_binomial : Interval or None
        None where the likelihood is highest at alpha = 0, which is the Poisson model.
    alpha : float
        Negative-binomial dispersion; 0 for Poisson.
    dispersion : float
        Pearson's chi-square over its degrees of freedom; 1 under Poisson.
    overdispersion_p : float
        One-sided p value of Cameron and Trivedi's test against variance ``mu + alpha mu^2``.
    likelihood_ratio_p : float
        Of negative binomial against Poisson, halved for the border.
    fitted : DataFrame
        ``fitted``, ``low``, ``high`` by quarter: the quasi-Poisson mean and its confidence band.
    """

    quarters: int
    filings: int
    poisson: Interval
    quasi_poisson: Interval
    negative_binomial: Interval | None
    alpha: float
    dispersion: float
    overdispersion_p: float
    likelihood_ratio_p: float
    fitted: pd.DataFrame


def trend(counts: pd.Series) -> Trend | None:
    """Fit the trend of counts by quarter.

    Parameters
    ----------
    counts : Series of int
        Complete quarters in order, indexed by quarter.

    Returns
    -------
    Trend or None
        None where there are fewer than `LEAST_QUARTERS` quarters or `LEAST_FILINGS` filings.
    """
    if len(counts) < LEAST_QUARTERS or counts.sum() < LEAST_FILINGS:
        return None
    values = counts.to_numpy(dtype="float64")
    design = np.column_stack([np.ones(len(values)), np.arange(len(values))])
    poisson = GLM(values, design, family=families.Poisson()).fit()
    # Widened, never narrowed: fewer bumps than Poisson in a dozen quarters prove no precision.
    dispersion = float(poisson.pearson_chi2 / poisson.df_resid)
    scale = max(dispersion, 1.0)
    alpha, binomial, likelihood_ratio = _negative_binomial(values, design, float(poisson.llf))
    return Trend(
        quarters=len(values),
        filings=int(values.sum()),
        poisson=_growth(poisson, 1.0),
        quasi_poisson=_growth(poisson, scale),
        negative_binomial=None if binomial is None else _growth(binomial, 1.0),
        alpha=alpha,
        dispersion=dispersion,
        overdispersion_p=overdispersion_p(values, poisson.fittedvalues),
        likelihood_ratio_p=float(_stats.chi2.sf(likelihood_ratio, 1) * _ON_THE_BORDER) if likelihood_ratio > 0 else 1.0,
        fitted=_band(poisson, design, scale, counts.index),
    )


def trends(quarters: pd.DataFrame) -> dict[str, Trend]:
    """Fit all filings, and each claim type with enough of them.

    Parameters
    ----------
    quarters : DataFrame
        From `filings_by_quarter`; quarters that are not complete are left out.

    Returns
    -------
    dict of str to Trend
        By column of `quarters`, ``filings`` first; without those that cannot be fitted.
    """
    complete = quarters[quarters["complete"]].drop(columns="complete")
    columns = ["filings", *(column for column in complete.columns if column != "filings")]
    fits = {column: trend(complete[column]) for column in columns}
    return {column: fit for column, fit in fits.items() if fit is not None}


def overdispersion_p(values: Any, fitted: Any) -> float:
    """Test the Poisson variance by Cameron and Trivedi's auxiliary regression.

    Regresses ``((y - mu)^2 - y) / mu`` on ``mu`` without a constant; under Poisson the slope is zero. In
    series as short as these it rejects less often than its level says: a large p value is weak evidence.

    Parameters
    ----------
    values, fitted : ndarray of shape (n,)
        Counts and their Poisson means.

    Returns
    -------
    float
        One-sided p value against over-dispersion, from Student's t with n - 1 degrees of freedom.
    """
    y, mu = np.asarray(values, dtype="float64"), np.asarray(fitted, dtype="float64")
    outcome = (np.square(y - mu) - y) / mu
    slope = (mu @ outcome) / (mu @ mu)
    residual = outcome - slope * mu
    error = np.sqrt(residual @ residual / (len(y) - 1) / (mu @ mu))
    return float(_stats.t.sf(slope / error, len(y) - 1))


def _negative_binomial(values: Any, design: Any, poisson_log_likelihood: float) -> tuple[float, Any, float]:
    """Return alpha, the fit (None at the border) and twice the gain in log likelihood over Poisson."""

    def loss(log_alpha: float) -> float:
        family = families.NegativeBinomial(alpha=np.exp(log_alpha))
        return -float(GLM(values, design, family=family).fit().llf)

    found = optimize.minimize_scalar(loss, bounds=np.log(_ALPHA_RANGE), method="bounded")
    gain = _DEVIANCE * (-float(found.fun) - poisson_log_likelihood)
    if gain <= 0:
        return 0.0, None, 0.0
    alpha = float(np.exp(found.x))
    return alpha, GLM(values, design, family=families.NegativeBinomial(alpha=alpha)).fit(), gain


def _growth(fit: Any, scale: float) -> Interval:
    """Turn the slope a quarter into growth a year."""
    slope, error = float(fit.params[1]), float(fit.bse[1]) * np.sqrt(scale)
    ends = [slope, slope - _TWO_SIDED * error, slope + _TWO_SIDED * error]
    return Interval(*(100 * float(np.expm1(QUARTERS_A_YEAR * end)) for end in ends))


def _band(fit: Any, design: Any, scale: float, index: pd.Index) -> pd.DataFrame:
    """Return the mean by quarter with its confidence band, symmetric in logs."""
    linear = design @ fit.params
    error = np.sqrt(scale * np.einsum("ij,jk,ik->i", design, fit.cov_params(), design))
    columns = {"fitted": linear, "low": linear - _TWO_SIDED * error, "high": linear + _TWO_SIDED * error}
    return pd.DataFrame({name: np.exp(column) for name, column in columns.items()}, index=index)


def yearly_rates(docket: pd.DataFrame, as_of: str, years: Sequence[int]) -> pd.DataFrame:
    """Return suits filed a year; a year that is not over is scaled up from the days that have passed.

    Parameters
    ----------
    docket : DataFrame
        As known on `as_of`.
    as_of : str
        ISO date.
    years : sequence of int

    Returns
    -------
    DataFrame
        By year: ``filings`` (with a known day), ``days`` passed, ``rate`` a year, ``low`` and ``high``
        (exact Poisson interval of the rate), ``scale`` (rate over filings), ``year_only`` (suits without a
        day whose federal docket number states this year: shown beside the count, never in it). Missing
        where the year has fewer than `LEAST_DAYS_OF_A_YEAR` days.
    """
    suits = lawsuits(docket)
    undated = suits[suits["filed_date"].isna()]
    dates, stated, today = suits["filed_date"].dropna(), docket_year(undated), pd.Timestamp(as_of)
    rows = []
    for year in years:
        first, last = pd.Timestamp(year, 1, 1), pd.Timestamp(year + 1, 1, 1) - pd.Timedelta(days=1)
        days = max((min(today, last) - first).days + 1, 0)
        filings = int((dates.dt.year == year).sum())
        scale = last.day_of_year / days if days >= LEAST_DAYS_OF_A_YEAR else np.nan
        low, high = _exact_poisson(filings)
        rate = (filings * scale, low * scale, high * scale, scale)
        rows.append((year, filings, days, *rate, int((stated == year).sum())))
    columns = ["year", "filings", "days", "rate", "low", "high", "scale", "year_only"]
    return pd.DataFrame(rows, columns=columns).set_index("year")


def _exact_poisson(count: int) -> tuple[float, float]:
    """Return Garwood's exact interval of a Poisson mean."""
    tail = _TAIL
    low = float(_stats.gamma.ppf(tail, count)) if count else 0.0
    return low, float(_stats.gamma.isf(tail, count + 1))


def rate_ratio(rates: pd.DataFrame, first: int, second: int) -> Interval | None:
    """Compare two years' rates, as a ratio with its exact confidence interval.

    Given the sum of two Poisson counts, one of them is binomial: the interval is Clopper and Pearson's
    for that share, turned into a ratio of rates.

    Returns
    -------
    Interval or None
        Of the second year's rate over the first's; None where a year is too short to have a rate, or the
        first had no filings.
    """
    one, two = rates.loc[first], rates.loc[second]
    if pd.isna(one["rate"]) or pd.isna(two["rate"]) or not one["filings"]:
        return None
    tail, before, after = _TAIL, int(one["filings"]), int(two["filings"])
    scale = float(two["scale"] / one["scale"])
    low = float(_stats.beta.ppf(tail, after, before + 1)) if after else 0.0
    high = float(_stats.beta.isf(tail, after + 1, before))
    ends = [after / before, low / (1 - low), high / (1 - high)]
    return Interval(*(scale * end for end in ends))


def us_copyright(docket: pd.DataFrame) -> pd.DataFrame:
    """Return the US copyright suits with a filing day."""
    suits = lawsuits(docket)
    chosen = suits["claim_type"].eq("copyright") & suits["jurisdiction"].eq("US") & suits["filed_date"].notna()
    rows: pd.DataFrame = suits[chosen]
    return rows


def against_outside_counts(docket: pd.DataFrame, as_of: str) -> pd.DataFrame:
    """Hold the table's US copyright suits against what others counted on the same day.

    Returns
    -------
    DataFrame
        One row an outside count known on `as_of`, indexed by its day: ``outside``, ``table`` (suits of the
        table with a known filing day up to then), ``percent`` (table over outside) and ``source_id``.
        The suits without a filing day cannot be put before or after such a day.
    """
    dates = us_copyright(docket)["filed_date"]
    known = [count for count in OUTSIDE_COUNTS if count[0] <= as_of]
    frame = pd.DataFrame(known, columns=["day", "outside", "source_id"]).astype({"outside": "float64"})
    frame["day"] = pd.to_datetime(frame["day"])
    frame["table"] = [float((dates <= day).sum()) for day in frame["day"]]
    return frame.assign(percent=100 * frame["table"] / frame["outside"]).set_index("day")


def for_drawing(fit: Trend | None) -> tuple[pd.DataFrame | None, tuple[float, float, float] | None]:
    """Return the fitted band and the growth with its interval; None and None where nothing was fitted."""
    if fit is None:
        return None, None
    return fit.fitted, (fit.quasi_poisson.value, fit.quasi_poisson.low, fit.quasi_poisson.high)


def growth(fit: Trend | None) -> float | None:
    """Return growth in per cent a year, None where nothing was fitted."""
    return None if fit is None else fit.quasi_poisson.value


def dispersion(fit: Trend | None) -> float | None:
    """Return Pearson's dispersion, None where nothing was fitted."""
    return None if fit is None else fit.dispersion


def verdict_on_poisson(fit: Trend | None) -> str:
    """Say in words what the two tests make of the Poisson variance."""
    if fit is None:
        return "nothing could be tested"
    rejected = min(fit.overdispersion_p, fit.likelihood_ratio_p) < SIGNIFICANT
    return "Poisson is rejected and the wider interval is the one to read" if rejected else "Poisson is not rejected"


def describe(fits: dict[str, Trend]) -> pd.DataFrame:
    """Return the trends as a reader sees them, one row a series; per cent a year."""
    rows = [
        {
            "series": "all suits" if name == "filings" else name,
            "quarters": fit.quarters,
            "suits": fit.filings,
            "growth": fit.quasi_poisson.value,
            "low": fit.quasi_poisson.low,
            "high": fit.quasi_poisson.high,
            "growth, negative binomial": np.nan if fit.negative_binomial is None else fit.negative_binomial.value,
            "dispersion": fit.dispersion,
            "p, Cameron-Trivedi": fit.overdispersion_p,
            "p, likelihood ratio": fit.likelihood_ratio_p,
        }
        for name, fit in fits.items()
    ]
    return pd.DataFrame(rows, columns=None if rows else ["series", *FORMATS])


def rates_for_table(rates: pd.DataFrame) -> pd.DataFrame:
    """Return the years' rates as a reader sees them; years that had not begun are left out."""
    heads = {
        "filings": "suits with a day", "days": "days passed", "rate": "a year", "low": "low, 95 %",
        "high": "high, 95 %", "year_only": "year known from the docket number only",
    }  # fmt: skip
    return rates.loc[rates["days"] > 0, list(heads)].rename(columns=heads).reset_index()
