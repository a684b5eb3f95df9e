"""Adoption curves reproduce known estimates, and say so when the data cannot tell.

Golden numbers: R 4.2.2 on the yearly sales of video recorders 1980-89 that R teaching uses
(nls for the two least-squares fits, lm for Bass's regression). nls stops once its relative-offset
criterion falls below 1e-5, so its printed digits sit up to 4e-6 off the minimum; the least-squares fits
here go on to the minimum. `r_nls` repeats R's stopping rule and gives R's digits.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.analysis import adoption, bass
from helpers.analysis.nonlinear import forecast_interval, jacobian, profile_interval

SALES = [840, 1470, 2110, 4000, 7590, 10950, 10530, 9470, 7790, 5890]
R_DENSITY = {"market": 67980.950568, "p": 0.0065939824052, "q": 0.63809048088}
R_DENSITY_RSS = 3701668.58929
R_DIFFERENCES = {"market": 67660.0420175, "p": 0.00878896863897, "q": 0.642158600086}
R_DIFFERENCES_RSS = 3672146.26444
R_DIFFERENCES_ERRORS = {"market": 3070.907592, "p": 0.001776449017, "q": 0.04257129030}
R_REGRESSION = {"market": 62665.4469096, "p": 0.0216467828298, "q": 0.680525043273}
# The start of the published example, and one for the other form.
R_START = {"density": (60630.0, 0.03, 0.38), "differences": (67000.0, 0.008, 0.5)}

LATER = pd.Timestamp("2022-11-30")


def r_nls(model, observed, start):
    """Gauss-Newton with step halving and forward differences, stopped as R's nls does."""
    theta, factor = np.array(start, dtype=float), 1.0
    times = np.arange(1.0, len(observed) + 1)

    def slopes(at):
        base = model(at, times)
        columns = []
        for place in range(len(at)):
            moved = at.copy()
            step = np.sqrt(np.finfo(float).eps) * abs(at[place])
            moved[place] += step
            columns.append((model(moved, times) - base) / step)
        return np.column_stack(columns)

    total = np.sum((observed - model(theta, times)) ** 2)
    for _ in range(50):
        q, r = np.linalg.qr(slopes(theta))
        turned = q.T @ (observed - model(theta, times))
        if np.sqrt(np.sum(turned**2) / (total - np.sum(turned**2))) < 1e-5:
            return theta, total
        while True:
            candidate = theta + factor * np.linalg.solve(r, turned)
            again = np.sum((observed - model(candidate, times)) ** 2)
            if again <= total:
                break
            factor /= 2
        theta, total, factor = candidate, again, min(1.0, 2 * factor)
    raise AssertionError("R's rule did not stop")


@pytest.mark.parametrize(
    ("form", "fit", "golden", "golden_total"),
    [
        ("density", bass.fit_bass_density, R_DENSITY, R_DENSITY_RSS),
        ("differences", bass.fit_bass_differences, R_DIFFERENCES, R_DIFFERENCES_RSS),
    ],
)
def test_bass_least_squares_agree_with_r(form, fit, golden, golden_total):
    found = fit(SALES)
    # R's digits, by R's stopping rule on our curve.
    stopped, total = r_nls(found.problem.model, np.array(SALES, dtype=float), R_START[form])
    assert stopped == pytest.approx(list(golden.values()), rel=1e-6)
    assert total == pytest.approx(golden_total, rel=1e-10)
    # Ours is the minimum that R stopped short of: a lower sum of squares, within the distance R left.
    assert found.residual_sum_of_squares == pytest.approx(golden_total, rel=1e-10)
    assert found.residual_sum_of_squares <= total
    assert found.parameters == pytest.approx(golden, rel=4e-6)
    assert found.parameters["market"] == pytest.approx(golden["market"], rel=1e-6)
    assert found.at_bound == ()


def test_the_minimum_is_one():
    for fit in (bass.fit_bass_density, bass.fit_bass_differences):
        found = fit(SALES)
        slopes = jacobian(found.problem.residuals, found.estimate)
        residuals = found.problem.residuals(found.estimate)
        cosines = slopes.T @ residuals / (np.linalg.norm(slopes, axis=0) * np.linalg.norm(residuals))
        assert np.abs(cosines).max() < 1e-9


def test_standard_errors_agree_with_r():
    found = bass.fit_bass_differences(SALES)
    assert found.standard_errors == pytest.approx(R_DIFFERENCES_ERRORS, rel=1e-6)


def test_bass_regression_agrees_with_r():
    found = bass.fit_bass_regression(SALES)
    assert {"market": found.market, "p": found.p, "q": found.q} == pytest.approx(R_REGRESSION, rel=1e-8)


@given(
    st.floats(min_value=1e-3, max_value=0.05),
    st.floats(min_value=0.2, max_value=1.0),
    st.floats(min_value=10, max_value=1e6),
)
@settings(max_examples=20, deadline=None)
def test_an_exact_bass_path_is_found_again(p, q, market):
    times = np.arange(1.0, 16.0)
    sales = market * (bass.bass_cumulative(times, p, q) - bass.bass_cumulative(times - 1, p, q))
    found = bass.fit_bass_differences(sales)
    assert found.parameters == pytest.approx({"market": market, "p": p, "q": q}, rel=1e-5)


def test_the_density_is_the_slope_of_the_cumulative_curve():
    times = np.linspace(0.1, 12, 50)
    step = 1e-6
    slope = (bass.bass_cumulative(times + step, 0.01, 0.5) - bass.bass_cumulative(times - step, 0.01, 0.5)) / (2 * step)
    assert bass.bass_density(times, 0.01, 0.5) == pytest.approx(slope, rel=1e-7)


@pytest.mark.parametrize(
    ("sales", "message"),
    [
        ([1.0, 2.0, 3.0], "too few"),
        ([1.0, 2.0, np.nan, 3.0], "missing"),
        ([1.0, -2.0, 3.0, 4.0], "negative"),
        ([0.0, 0.0, 0.0, 0.0], "not all zero"),
    ],
)
@pytest.mark.parametrize("fit", [bass.fit_bass_density, bass.fit_bass_differences, bass.fit_bass_regression])
def test_bad_sales_are_refused(fit, sales, message):
    with pytest.raises(ValueError, match=message):
        fit(sales)


def test_sales_that_never_slow_have_no_bass_market():
    with pytest.raises(ValueError, match="no finite market"):
        bass.fit_bass_regression([1.0, 2.0, 4.0, 8.0, 16.0, 33.0])


def users_on(curve, count=14, first=200, step=110):
    dates = pd.DatetimeIndex([LATER + pd.Timedelta(days=first + step * place) for place in range(count)])
    return pd.Series(curve(adoption.years_since(dates)), index=dates)


def test_a_logistic_market_is_found_with_its_interval():
    exact = users_on(lambda t: 1500 / (1 + 60 * np.exp(-1.6 * t)))
    wobble = pd.Series(np.exp(0.03 * np.cos(np.arange(len(exact)) * 2.1)), index=exact.index)
    found = adoption.fit_users(exact * wobble, "logistic")
    interval = adoption.market_interval(found)
    assert found.parameters["market"] == pytest.approx(1500, rel=0.1)
    assert interval.identified
    assert interval.low < found.parameters["market"] < interval.high
    assert interval.low < 1500 < interval.high


def test_the_profile_meets_its_threshold_at_the_ends():
    # In a linear problem the profile interval is the t interval: log users = log level + growth t.
    users = users_on(lambda t: 30 * np.exp(1.1 * t + 0.05 * np.sin(9 * t)))
    found = adoption.fit_users(users, "constant growth")
    interval = profile_interval(found, "growth")
    times, logs = adoption.years_since(users.index), np.log(users.to_numpy())
    design = np.column_stack([np.ones_like(times), times])
    _, total, *_ = np.linalg.lstsq(design, logs, rcond=None)
    error = np.sqrt(total[0] / (len(times) - 2) * np.linalg.inv(design.T @ design)[1, 1])
    from scipy.stats import t as student

    half = student.ppf(0.975, len(times) - 2) * error
    growth = found.parameters["growth"]
    assert (interval.low, interval.high) == pytest.approx((growth - half, growth + half), rel=1e-5)


@pytest.mark.parametrize("curve", ["Bass", "logistic"])
def test_growth_without_a_bend_has_no_market(curve):
    users = users_on(lambda t: 30 * np.exp(1.1 * t + 0.1 * np.sin(7 * t)), count=8)
    interval = adoption.market_interval(adoption.fit_users(users, curve))
    assert not interval.bounded_above
    assert not interval.identified
    assert np.isinf(interval.high)


def test_forecasts_are_held_against_what_came():
    path = users_on(lambda t: 1500 / (1 + 60 * np.exp(-1.6 * t)) * np.exp(0.02 * np.cos(5 * t)))
    found = adoption.fit_users(path.iloc[:11], "logistic")
    errors = adoption.forecast_errors(found, path.iloc[11:])
    assert list(errors.index) == list(path.index[11:])
    for time, forecast in zip(adoption.years_since(errors.index), errors["forecast"], strict=True):
        interval = forecast_interval(found, float(time))
        assert interval.low < forecast < interval.high
    assert errors["error_percent"].to_numpy() == pytest.approx(
        100 * (errors["forecast"] / errors["observed"] - 1).to_numpy()
    )
    assert errors["error_percent"].abs().max() < 10


def test_a_forecast_inside_the_data_is_tighter_than_one_far_out():
    found = adoption.fit_users(users_on(lambda t: 30 * np.exp(1.1 * t + 0.1 * np.sin(7 * t))), "constant growth")
    near, far = (forecast_interval(found, time) for time in (2.5, 8.0))
    assert near.high / near.low < far.high / far.low


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda users: users.iloc[::-1], "ascend"),
        (lambda users: users.where(users.index != users.index[2]), "missing"),
        (lambda users: -users, "positive"),
        (lambda users: users.iloc[:3], "too few"),
        (lambda users: users.set_axis(users.index - pd.Timedelta(days=900)), "after the launch"),
    ],
)
def test_bad_users_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        adoption.fit_users(change(users_on(lambda t: 20 * np.exp(t))), "Bass")


def test_an_unknown_curve_is_refused():
    with pytest.raises(ValueError, match="unknown curve"):
        adoption.fit_users(users_on(np.exp), "Gompertz")
    with pytest.raises(ValueError, match="no market"):
        adoption.market_interval(
            adoption.fit_users(users_on(lambda t: 20 * np.exp(t + 0.1 * np.sin(t))), "constant growth")
        )


def test_a_fit_is_the_same_every_time():
    first, second = (bass.fit_bass_density(SALES) for _ in range(2))
    assert first.parameters == second.parameters


def openai_users(day=None):
    from helpers import tables
    from helpers.analysis import vendor_metrics

    return vendor_metrics.select(tables.load("vendor_metrics", as_of=day), "weekly_active_users_m")


def test_a_late_statement_about_an_early_date_was_not_known():
    known, later = adoption.known_and_later(openai_users(), pd.Timestamp("2024-12-31"))
    assert list(known) == [200, 250, 300]
    assert later.index[0] == pd.Timestamp("2023-11-06")  # published in March 2025
    assert len(known) + len(later) == len(openai_users())


def test_the_articles_date_could_not_tell_the_market_and_now_the_logistic_can():
    tested = adoption.hold_out(openai_users(), "2025-09-05")
    then = adoption.market_table(tested.fits, "weekly users").set_index("curve")
    assert not then["identified"].any()
    assert then["market"].isna().all()
    assert then.loc["logistic", "low"] == pytest.approx(1020.7, rel=1e-3)
    assert set(tested.errors["curve"]) == set(adoption.CURVES)
    assert (tested.errors["error_percent"] > 50).all()
    assert "Bass and logistic curves" in adoption.remark(tested)
    known, _ = adoption.known_and_later(openai_users(), pd.Timestamp("2026-10-31"))
    now = adoption.market_tables({"weekly users": known}).set_index("curve")
    assert list(now.index[now["identified"]]) == ["logistic"]
    assert now.loc["logistic", ["low", "market", "high"]].to_numpy(dtype=float) == pytest.approx(
        [1184, 1571, 2640], rel=1e-2
    )


def test_nothing_published_later_changes_a_fit():
    rows = openai_users()
    fitted = adoption.hold_out(rows[rows["published"] <= "2025-09-05"], "2025-09-05").fits
    again = adoption.hold_out(rows, "2025-09-05").fits
    assert {name: fit.parameters for name, fit in fitted.items()} == {
        name: fit.parameters for name, fit in again.items()
    }


def test_too_few_counts_give_no_fit_and_no_error():
    tested = adoption.hold_out(openai_users(), "2024-12-31")
    assert (len(tested.known), tested.fits, adoption.remark(tested)) == (3, {}, "")
    assert tested.paths.empty
    assert tested.errors.empty
    assert adoption.market_tables({"weekly users": tested.known}).empty


def test_paths_run_from_the_launch_to_the_last_day_with_a_band_after_the_data():
    tested = adoption.hold_out(openai_users(), "2025-09-05")
    band = tested.paths[tested.paths["low"].notna()]
    assert set(band["curve"]) == {"logistic interval"}
    assert band["date"].min() >= tested.known.index[-1] - pd.Timedelta(days=1)
    assert tested.paths["date"].max() == tested.later.index[-1]
    assert (band["low"] < band["users"]).all()
    assert (band["users"] < band["high"]).all()
