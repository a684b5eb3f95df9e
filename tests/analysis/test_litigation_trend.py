"""Filings a quarter: counts, the Poisson trend, over-dispersion against other implementations and simulations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.discrete.discrete_model import NegativeBinomial, Poisson

from helpers.analysis import docket, filings_trend
from tests.analysis.litigation_cases import ARTICLE, NOW, cases, known


def counts(values):
    return pd.Series(values, index=pd.date_range("2020-01-01", periods=len(values), freq="QS"))


def design(n):
    return np.column_stack([np.ones(n), np.arange(n)])


def test_quarters_hold_every_dated_suit_and_no_fine():
    now = known("litigation", NOW)
    quarters = filings_trend.filings_by_quarter(now, NOW)
    suits = docket.lawsuits(now)
    assert quarters["filings"].sum() == (suits["filed_date"] >= "2023-01-01").sum() == 94
    assert quarters.drop(columns=["filings", "complete"]).sum(axis=1).equals(quarters["filings"])
    assert quarters["complete"].tolist() == [True] * 15 + [False]
    assert quarters.loc["2025-07-01", "filings"] == 10


def test_a_quarter_is_complete_on_its_last_day():
    found = cases({"filed_date": "2023-02-01"})
    assert filings_trend.filings_by_quarter(found, "2023-03-31")["complete"].tolist() == [True]
    assert filings_trend.filings_by_quarter(found, "2023-03-30")["complete"].tolist() == [False]


def test_an_empty_docket_has_quarters_without_filings():
    quarters = filings_trend.filings_by_quarter(cases().head(0), "2019-05-05")
    assert quarters["filings"].tolist() == [0]
    assert filings_trend.trends(quarters) == {}


def test_poisson_growth_matches_another_estimator():
    values = [4, 4, 5, 5, 3, 6, 2, 2, 4, 4, 10, 11, 12, 13, 9]
    fit = filings_trend.trend(counts(values))
    other = Poisson(np.array(values), design(15)).fit(disp=False)
    slope, error = other.params[1], other.bse[1]
    assert fit.poisson.value == pytest.approx(100 * np.expm1(4 * slope))
    assert fit.poisson.low == pytest.approx(100 * np.expm1(4 * (slope - 1.959964 * error)), rel=1e-6)
    assert fit.fitted["fitted"].sum() == pytest.approx(sum(values))
    assert (fit.fitted["low"] < fit.fitted["fitted"]).all()


def test_negative_binomial_matches_another_estimator_on_overdispersed_counts():
    rng = np.random.default_rng(3)
    mean = np.exp(1.5 + 0.04 * np.arange(40))
    values = stats.nbinom.rvs(2, 2 / (2 + mean), random_state=rng)
    fit = filings_trend.trend(counts(values))
    other = NegativeBinomial(values, design(40)).fit(disp=False, maxiter=500)
    assert fit.alpha == pytest.approx(other.params[2], rel=1e-3)
    assert fit.negative_binomial.value == pytest.approx(100 * np.expm1(4 * other.params[1]), rel=1e-3)
    ratio = 2 * (other.llf - Poisson(values, design(40)).fit(disp=False).llf)
    assert fit.likelihood_ratio_p == pytest.approx(stats.chi2.sf(ratio, 1) / 2, rel=1e-3)
    assert fit.overdispersion_p < 0.05
    assert filings_trend.verdict_on_poisson(fit).startswith("Poisson is rejected")


def test_overdispersion_widens_the_interval_and_underdispersion_does_not_narrow_it():
    even = filings_trend.trend(counts([5, 5, 4, 5, 5, 6, 5, 5]))
    assert even.dispersion < 0.2
    assert even.quasi_poisson == even.poisson
    assert even.negative_binomial is None
    assert even.alpha == 0
    wild = filings_trend.trend(counts([1, 20, 1, 25, 2, 22, 1, 24]))
    assert wild.dispersion > 1
    assert wild.quasi_poisson.high - wild.quasi_poisson.low > wild.poisson.high - wild.poisson.low


def rejections(draw_counts, trials):
    mean = np.exp(1.6 + 0.01 * np.arange(60))
    rejected = 0
    for _ in range(trials):
        values = draw_counts(mean)
        fitted = Poisson(values, design(60)).fit(disp=False).predict()
        rejected += filings_trend.overdispersion_p(values, fitted) < 0.05
    return rejected


def test_the_overdispersion_test_is_cautious_and_finds_what_is_there():
    """It never rejects Poisson counts more often than its level, and sees a variance of twice the mean."""
    rng = np.random.default_rng(8)
    assert rejections(rng.poisson, 300) <= stats.binom.ppf(0.9995, 300, 0.05)
    # Dispersion alpha = 1/5: with means near 7 the variance is more than twice the mean.
    doubled = rejections(lambda mean: stats.nbinom.rvs(5, 5 / (5 + mean), random_state=rng), 60)
    assert doubled >= stats.binom.ppf(0.0005, 60, 0.5)


def test_the_trend_recovers_a_known_growth():
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(100):
        fit = filings_trend.trend(counts(rng.poisson(np.exp(1.5 + 0.05 * np.arange(20)))))
        inside += fit.poisson.low <= 100 * np.expm1(0.2) <= fit.poisson.high
    low, high = stats.binom.ppf([0.0005, 0.9995], 100, 0.95)
    assert low <= inside <= high


@pytest.mark.parametrize("values", [[5, 5, 5, 5, 5], [1, 1, 1, 1, 1, 1]])
def test_too_few_quarters_or_filings_have_no_trend(values):
    assert filings_trend.trend(counts(values)) is None
    assert filings_trend.for_drawing(None) == (None, None)
    assert filings_trend.growth(None) is None
    assert filings_trend.dispersion(None) is None


@pytest.mark.parametrize(("day", "growth"), [(ARTICLE, -12.26), (NOW, 48.35)])
def test_growth_on_both_dates(day, growth):
    fits = filings_trend.trends(filings_trend.filings_by_quarter(known("litigation", day), day))
    assert list(fits) == ["filings", "copyright"]
    assert fits["filings"].quasi_poisson.value == pytest.approx(growth, abs=0.01)
    assert fits["filings"].likelihood_ratio_p == 1
    described = filings_trend.describe(fits)
    assert described["series"].tolist() == ["all suits", "copyright"]


def test_yearly_rates_scale_only_the_year_that_is_not_over():
    now = known("litigation", ARTICLE)
    rates = filings_trend.yearly_rates(now, ARTICLE, (2023, 2024, 2025, 2026))
    assert rates["filings"].tolist() == [18, 13, 16, 0]
    assert rates.loc[2023, "rate"] == 18
    assert rates.loc[2025, "days"] == 248
    assert rates.loc[2025, "rate"] == pytest.approx(16 * 365 / 248)
    assert rates.loc[2026, ["rate", "low", "high"]].isna().all()
    assert rates.loc[2023, "low"] == pytest.approx(stats.chi2.ppf(0.025, 36) / 2)
    assert rates.loc[2023, "high"] == pytest.approx(stats.chi2.ppf(0.975, 38) / 2)


def test_undated_suits_stand_beside_the_count_not_in_it():
    found = cases(
        {"filed_date": None, "docket_number": "1:25-cv-00001"},
        {"filed_date": "2025-02-01"},
        {"filed_date": None, "docket_number": None},
    )
    rates = filings_trend.yearly_rates(found, NOW, (2025,))
    assert rates.loc[2025, ["filings", "year_only"]].tolist() == [1, 1]


def test_rate_ratio_has_the_exact_interval():
    rows = [{"filed_date": "2023-05-01"}] * 18 + [{"filed_date": "2025-05-01"}] * 29
    rates = filings_trend.yearly_rates(cases(*rows), NOW, (2023, 2025))
    ratio = filings_trend.rate_ratio(rates, 2023, 2025)
    share = stats.binomtest(29, 47).proportion_ci(0.95, method="exact")
    assert ratio.value == pytest.approx(29 / 18)
    assert ratio.low == pytest.approx(share.low / (1 - share.low))
    assert ratio.high == pytest.approx(share.high / (1 - share.high))


def test_no_ratio_without_a_first_year_or_enough_of_the_second():
    one = cases({"filed_date": "2023-05-01"})
    early = filings_trend.yearly_rates(one, "2025-03-30", (2023, 2025))
    assert early.loc[2025, "days"] == filings_trend.LEAST_DAYS_OF_A_YEAR - 1
    assert filings_trend.rate_ratio(early, 2023, 2025) is None
    none = filings_trend.yearly_rates(cases({"filed_date": "2025-05-01"}), NOW, (2023, 2025))
    assert filings_trend.rate_ratio(none, 2023, 2025) is None


def test_outside_counts_are_those_of_the_rule_and_known_on_their_day():
    from helpers import tables

    rule = tables.load("claims").set_index("claim_id").loc["A58"]
    for _, outside, source in filings_trend.OUTSIDE_COUNTS:
        assert str(outside) in rule["how_to_test"]
        assert source in rule["source_id"].split(";")
    then = filings_trend.against_outside_counts(known("litigation", ARTICLE), ARTICLE)
    assert then[["outside", "table"]].to_numpy().tolist() == [[48, 30]]
    now = filings_trend.against_outside_counts(known("litigation", NOW), NOW)
    assert now["table"].tolist() == [30, 39, 43, 61]
    assert (now["table"] <= now["outside"]).all()
