"""Trends: against a hand-written Newey-West, against pymannkendall, and in their properties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pymannkendall
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers.analysis import trend

# Few distinct values, so that ties are common.
tied_series = hnp.arrays("float64", st.integers(16, 40), elements=st.integers(-5, 5).map(float))
smooth_series = hnp.arrays(
    "float64", st.integers(16, 40), elements=st.floats(-1e3, 1e3, allow_nan=False).map(lambda x: round(x, 3))
)
ORACLES = {
    "plain": pymannkendall.original_test,
    "hamed_rao": pymannkendall.hamed_rao_modification_test,
    "seasonal": lambda x: pymannkendall.seasonal_test(x, period=4),
    # Ours keeps the last full cycles, the oracle the first.
    "seasonal_correlated": lambda x: pymannkendall.correlated_seasonal_test(x[len(x) % 4 :], period=4),
}


def newey_west_by_hand(values: np.ndarray, design: np.ndarray, lags: int) -> np.ndarray:
    """Standard errors from the definition, written without statsmodels."""
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ values
    scores = design * (values - design @ coefficients)[:, None]
    meat = scores.T @ scores
    for lag in range(1, lags + 1):
        cross = scores[lag:].T @ scores[:-lag]
        meat += (1 - lag / (lags + 1)) * (cross + cross.T)
    n, k = design.shape
    return np.sqrt(np.diag(inverse @ meat @ inverse) * n / (n - k))


@pytest.mark.parametrize("test", list(ORACLES))
@given(values=st.one_of(tied_series, smooth_series))
@settings(max_examples=60, deadline=None)
def test_mann_kendall_agrees_with_pymannkendall(test: str, values: np.ndarray) -> None:
    # Without any variance the oracle divides by zero; ours is tested apart.
    if len(np.unique(values)) < 2:
        return
    ours = trend.mann_kendall(values, test=test)
    with np.errstate(invalid="ignore", divide="ignore"):
        oracle = ORACLES[test](values)
    assert ours.score == pytest.approx(oracle.s)
    assert ours.variance == pytest.approx(oracle.var_s, rel=1e-9, abs=1e-9)
    if oracle.var_s > 1e-9 and test != "seasonal":
        assert ours.tau == pytest.approx(oracle.Tau)
    if oracle.var_s > 1e-9:
        assert ours.z == pytest.approx(oracle.z, rel=1e-9)
        assert ours.p_value == pytest.approx(oracle.p, abs=1e-9)


def test_ties_reduce_the_variance() -> None:
    distinct = trend.mann_kendall(np.arange(16.0))
    tied = trend.mann_kendall(np.repeat(np.arange(8.0), 2))
    # 16 values: 16 * 15 * 37 / 18; eight pairs of ties take 8 * 2 * 1 * 9 / 18 away.
    assert distinct.variance == pytest.approx(16 * 15 * 37 / 18)
    assert tied.variance == pytest.approx(16 * 15 * 37 / 18 - 8)
    assert distinct.tau == 1


def test_constant_series_has_nothing_to_reject() -> None:
    for test in trend.TESTS:
        assert trend.mann_kendall(np.full(16, 3.0), test=test).p_value == 1


@given(values=smooth_series)
@settings(max_examples=40, deadline=None)
def test_mann_kendall_turns_with_time(values: np.ndarray) -> None:
    assert trend.mann_kendall(values[::-1]).score == -trend.mann_kendall(values).score


def test_seasons_that_move_together_count_less() -> None:
    # One value a year, four times: four seasons hold no more evidence than one.
    years = np.array([5.0, 3.0, 4.0, 2.0, 1.0, 0.5, -1.0, -2.0])
    values = np.repeat(years, 4)
    together = trend.mann_kendall(values, test="seasonal_correlated")
    apart = trend.mann_kendall(values, test="seasonal")
    assert together.variance == pytest.approx(4 * apart.variance)
    assert together.p_value > apart.p_value


def test_seasonal_test_ignores_the_season_that_fools_the_plain_one() -> None:
    # Three years whose level falls by 1 a year under a season of size 100.
    values = np.tile([0.0, 100.0, 50.0, 200.0], 5) - np.repeat(np.arange(5.0), 4)
    seasonal, plain = trend.mann_kendall(values, test="seasonal"), trend.mann_kendall(values)
    assert seasonal.tau == -1
    assert seasonal.p_value < 0.001
    assert plain.p_value > 0.05


@pytest.mark.parametrize("period", [None, 4])
@pytest.mark.parametrize("lags", [1, 3, 6])
def test_hac_errors_equal_the_definition(period: int | None, lags: int) -> None:
    generator = np.random.default_rng(5)
    values = np.cumsum(generator.normal(size=29))
    levels = np.ones((29, 1)) if period is None else np.eye(4)[np.arange(29) % 4]
    design = np.column_stack([np.arange(29.0), levels])
    expected = newey_west_by_hand(values, design, lags)[0]
    fitted = trend.linear_trend(values, period=period, lags=lags)
    assert fitted.standard_error == pytest.approx(expected)
    assert fitted.slope == pytest.approx(np.linalg.lstsq(design, values, rcond=None)[0][0])
    assert fitted.lags == lags


@given(slope=st.floats(-10, 10), level=st.floats(-100, 100), n=st.integers(16, 40))
@settings(max_examples=40, deadline=None)
def test_a_line_under_a_season_is_found(slope: float, level: float, n: int) -> None:
    season = np.resize([5.0, -3.0, 0.0, 9.0], n)
    noise = np.resize([0.1, -0.1, 0.1, -0.1, -0.1, 0.1, -0.1, 0.1], n)
    fitted = trend.linear_trend(level + slope * np.arange(n) + season + noise, period=4)
    assert fitted.slope == pytest.approx(slope, abs=0.05)
    assert fitted.low <= fitted.slope <= fitted.high


def test_lag_rule() -> None:
    assert [trend.newey_west_lags(n) for n in (1, 30, 46, 100, 400)] == [1, 3, 3, 4, 5]
    # With a season the error looks back at least a year.
    assert trend.linear_trend(np.sin(np.arange(30.0)), period=4).lags == 4
    assert trend.linear_trend(np.sin(np.arange(30.0))).lags == 3


def test_sen_slope_is_the_median_of_pairs() -> None:
    values = np.random.default_rng(2).normal(size=17)
    assert trend.sen_slope(values) == pytest.approx(pymannkendall.sens_slope(values).slope)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: trend.linear_trend([1.0] * 5), "at least 16 observations, not 5"),
        (lambda: trend.linear_trend([1.0] * 17 + [np.nan]), "missing values"),
        (lambda: trend.linear_trend(np.ones((4, 4))), "one dimension, not 2"),
        (lambda: trend.linear_trend(np.arange(20.0), lags=0), "lags must be at least 1"),
        (lambda: trend.mann_kendall(np.arange(20.0), test="seasonal", period=-4), "period must be at least 1"),
        (lambda: trend.mann_kendall(np.arange(20.0), test="spearman"), "unknown test 'spearman'"),
        (lambda: trend.newey_west_lags(0), "at least 1, not 0"),
    ],
)
def test_bad_input_is_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def firm(ticker: str, values: list[float]) -> pd.DataFrame:
    ends = pd.date_range("2020-03-31", periods=len(values), freq="QE")
    return pd.DataFrame(
        {
            "ticker": ticker,
            "fiscal_year": ends.year,
            "fiscal_quarter": [f"Q{quarter}" for quarter in ends.quarter],
            "period_end": ends,
            "margin": values,
        },
        index=[f"cash_flows/{ticker}/{end.date()}" for end in ends],
    )


def test_a_hole_cuts_the_run() -> None:
    frame = pd.concat([firm("AMZN", [1.0, np.nan, 3.0, 4.0]), firm("META", [1.0, 2.0, np.nan, np.nan])])
    without_a_row = frame.drop("cash_flows/AMZN/2020-09-30")
    assert list(trend.last_unbroken_run(frame, "margin")["margin"]) == [3.0, 4.0, 1.0, 2.0]
    assert list(trend.last_unbroken_run(without_a_row, "margin")["margin"]) == [4.0, 1.0, 2.0]


def test_trend_table_reads_only_what_both_tests_say() -> None:
    n = np.arange(24.0)
    season = np.resize([2.0, -1.0, 0.5, -1.5], 24)
    noise = np.random.default_rng(3).normal(0, 0.3, 24)
    frame = pd.concat(
        [
            firm("AMZN", list(20 - 0.5 * n + season + noise)),
            firm("META", list(20 + 0.5 * n + season + noise)),
            firm("MSFT", list(20 + season + noise)),
            firm("CRWV", [1.0] * 6),
        ]
    )
    table = trend.trend_table(frame, "margin", ["AMZN", "META", "MSFT", "CRWV", "ORCL"]).set_index("ticker")
    assert table["reading"].to_dict() == {
        "AMZN": "falling",
        "META": "rising",
        "MSFT": "no clear trend",
        "CRWV": "too few quarters",
        "ORCL": "too few quarters",
    }
    assert table.loc["AMZN", "slope_a_year"] == pytest.approx(-2, abs=0.15)
    assert table.loc["CRWV", "observations"] == 6
    assert np.isnan(table.loc["CRWV", "slope_a_year"])
    assert table.loc["AMZN", "rows"][0] == "cash_flows/AMZN/2020-03-31"
