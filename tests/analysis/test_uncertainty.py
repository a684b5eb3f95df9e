"""The simulation takes every range from the table and moves little when draws are doubled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import uncertainty
from tests.analysis.test_chatgpt_revenue import ESTIMATE

DRAWS = 20_000


@pytest.fixture(scope="module")
def assumptions():
    return tables.load("assumptions")


def flat(assumptions, **values):
    """Narrow every Plus range to (almost) a point: 1 or 0 unless given."""
    point = dict.fromkeys(uncertainty.PLUS_ASSUMPTIONS, 1.0) | {
        "chatgpt_store_share": 0.0,
        "chatgpt_store_fee": 0.3,
    }
    point |= values
    rows = [(name, "q", "ratio", value - 1e-9, value, value + 1e-9, "uniform") for name, value in point.items()]
    return pd.DataFrame(rows, columns=["id", "quantity", "unit", "low", "mode", "high", "distribution"])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_doubling_the_draws_moves_no_quoted_quantile_by_two_per_cent(assumptions, seed):
    once, twice = (
        uncertainty.quantiles(uncertainty.simulate(assumptions, ESTIMATE, draws, seed)) for draws in (DRAWS, 2 * DRAWS)
    )
    assert (once / twice - 1).abs().max() < 0.02


def test_the_same_seed_gives_the_same_draws_and_more_draws_keep_the_first(assumptions):
    few, many = (uncertainty.simulate(assumptions, ESTIMATE, draws, 7) for draws in (100, 200))
    pd.testing.assert_frame_equal(few, many.head(100))
    assert not uncertainty.simulate(assumptions, ESTIMATE, 100, 8).equals(few)


def test_draws_follow_their_ranges(assumptions):
    drawn = uncertainty.draw(assumptions, uncertainty.PLUS_ASSUMPTIONS, DRAWS, 1)
    table = assumptions.set_index("id").loc[list(uncertainty.PLUS_ASSUMPTIONS)]
    assert (drawn.min() >= table["low"]).all()
    assert (drawn.max() <= table["high"]).all()
    triangular = table[table["distribution"] == "triangular"]
    mean = triangular[["low", "mode", "high"]].mean(axis=1)
    width = triangular["high"] - triangular["low"]
    assert ((drawn[triangular.index].mean() - mean).abs() < 0.01 * width).all()


def test_without_any_uncertainty_the_articles_number_comes_back(assumptions):
    simulated = uncertainty.simulate(flat(assumptions), ESTIMATE, 10, 1)
    assert simulated["net_usd_m"].to_numpy() == pytest.approx(2400, rel=1e-6)


def test_each_haircut_acts_as_it_says(assumptions):
    def net(**values):
        return uncertainty.simulate(flat(assumptions, **values), ESTIMATE, 5, 1)["net_usd_m"].mean()

    assert net(chatgpt_store_share=0.5, chatgpt_store_fee=0.3) == pytest.approx(2400 * 0.85, rel=1e-6)
    assert net(chatgpt_regional_price=0.9, chatgpt_paid_months=0.95) == pytest.approx(2400 * 0.855, rel=1e-6)
    assert net(chatgpt_subscribers_start_of_year=0.5) < 2400 < net(chatgpt_subscribers_end_of_year=1.5)


def test_the_average_over_the_year_is_that_of_a_path_of_constant_growth():
    values = dict.fromkeys(uncertainty.PLUS_ASSUMPTIONS, 1.0) | {"chatgpt_store_share": 0.0}
    values |= {"chatgpt_subscribers_start_of_year": 0.6, "chatgpt_subscribers_end_of_year": 1.4}
    days = np.linspace(0, 366, 200_001)
    passed = 271  # 27 September of a leap year
    path = np.where(days < passed, 0.6 ** (1 - days / passed), 1.4 ** ((days - passed) / (366 - passed)))
    assert uncertainty.plus_revenue(values, ESTIMATE) == pytest.approx(2400 * np.trapezoid(path, days) / 366, rel=1e-6)


def test_the_tornado_is_ordered_and_spans_the_centre(assumptions):
    bars = uncertainty.tornado(assumptions, ESTIMATE)
    assert set(bars["id"]) == set(uncertainty.PLUS_ASSUMPTIONS)
    assert bars["width"].is_monotonic_decreasing
    assert (bars[["at_low", "at_high"]].min(axis=1) <= bars["central"]).all()
    assert (bars[["at_low", "at_high"]].max(axis=1) >= bars["central"]).all()
    assert set(bars.index) <= set(assumptions.index)
    assert bars.set_index("id").loc["chatgpt_store_fee", "at_high"] < bars["central"].iloc[0]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"low": 2.0}, ValueError, "low <= mode <= high"),
        ({"distribution": "normal"}, ValueError, "distribution"),
        ({"id": "something_else"}, KeyError, "chatgpt_regional_price"),
    ],
)
def test_a_bad_range_is_refused_by_name(assumptions, change, error, message):
    table = assumptions.astype({"distribution": "str"})
    place = table.index[table["id"] == "chatgpt_regional_price"]
    for column, value in change.items():
        table.loc[place, column] = value
    with pytest.raises(error, match=message):
        uncertainty.simulate(table, ESTIMATE, 10, 1)


def test_no_draws_are_refused(assumptions):
    with pytest.raises(ValueError, match="draws"):
        uncertainty.simulate(assumptions, ESTIMATE, 0, 1)


def test_stability_is_the_largest_move_of_a_quantile(assumptions):
    moved = uncertainty.stability_percent(assumptions, ESTIMATE, DRAWS, 1)
    assert 0 < moved < 2
    assert uncertainty.stability_percent(assumptions, ESTIMATE, 50, 1) > moved


def test_business_seats_are_worth_their_number_times_the_range_of_prices(assumptions):
    assert uncertainty.business_worth(assumptions, 1.0).to_dict() == {"low": 300, "mode": 360, "high": 720}
    assert uncertainty.business_worth(assumptions, None).isna().all()
