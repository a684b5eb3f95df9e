"""The article's arithmetic is exact, and what was reported later is read without the table's traps."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import chatgpt_revenue as revenue
from helpers.analysis import vendor_metrics as vendor
from helpers.analysis.divisia import split_steps

ESTIMATE = revenue.ArticleEstimate(
    subscribers_m=10,
    price_usd_month=20,
    months=12,
    business_usd_m_month=25,
    monthly_users_m=350,
    weekly_users_m=200,
    total_revenue_usd_m=3700,
)


@pytest.fixture(scope="module")
def now():
    return tables.load("vendor_metrics", as_of="2026-10-31")


@pytest.fixture(scope="module")
def then():
    return tables.load("vendor_metrics", as_of="2025-09-05")


def test_the_articles_arithmetic_is_exact():
    assert ESTIMATE.plus_usd_m == 2400
    assert ESTIMATE.business_usd_m == 300
    assert ESTIMATE.subscriptions_usd_m == 2700
    assert ESTIMATE.share_percent == pytest.approx(72.972972972973, rel=1e-12)
    assert ESTIMATE.monthly_conversion_percent == pytest.approx(20 / 7, rel=1e-15)
    assert ESTIMATE.weekly_conversion_percent == 5
    assert ESTIMATE.doubled_usd_m == 5400


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(revenue.ArticleEstimate)])
@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf])
def test_impossible_figures_are_refused_by_name(field, bad):
    with pytest.raises(ValueError, match=field):
        dataclasses.replace(ESTIMATE, **{field: bad})


def test_every_node_of_the_tree_is_made_of_its_children():
    tree = revenue.revenue_tree(ESTIMATE)
    assert tree.loc["total", "parent"] == ""
    for node in tree.index[tree["joined_by"] == "+"]:
        assert tree.loc[tree["parent"] == node, "value"].sum() == pytest.approx(tree.loc[node, "value"])
    for node in tree.index[tree["joined_by"] == "x"]:
        children = tree[tree["parent"] == node]
        factors = children["value"].where(children["unit"] != "percent", children["value"] / 100)
        assert factors.prod() == pytest.approx(tree.loc[node, "value"])
    assert set(tree["parent"]) - {""} <= set(tree.index)


def test_the_selection_leaves_parts_guidance_and_repeats_out(now):
    rates = revenue.run_rates(now)
    assert set(rates["scope"]) == {"company"}
    assert not (rates["kind"] == "guidance").any()
    assert not rates["source_id"].isin(vendor.REPEATS).any()
    counts = revenue.payer_counts(now)
    assert (counts["value"] == 10).sum() == 1  # the article's repeat of 2024-11-01 is not a second count
    assert counts["value"].max() == 50  # 122 and 220 million are guidance
    assert counts["date"].is_monotonic_increasing


def test_states_now(now):
    states = revenue.subscription_states(now, ESTIMATE)
    assert list(states["payers"]) == [10, 20, 40, 50]
    assert list(states["users"]) == [200, 500, 800, 900]
    assert list(states["revenue"]) == pytest.approx([2400, 4800, 9100, 14400])
    assert list(states["bound"]) == ["", vendor.AT_LEAST, "", vendor.AT_MOST]
    assert (states["users"] * states["conversion"] * states["price"]).to_numpy() == pytest.approx(
        states["revenue"].to_numpy()
    )
    assert {row for rows in states["rows"] for row in rows.split(";")} <= set(now.index)


def test_states_at_earlier_dates(then):
    assert list(revenue.subscription_states(then, ESTIMATE)["revenue"]) == [2400, 4800]
    assert len(revenue.subscription_states(tables.load("vendor_metrics", as_of="2024-12-31"), ESTIMATE)) == 1
    assert revenue.subscription_states(tables.load("vendor_metrics", as_of="2023-06-30"), ESTIMATE).empty


def test_growth_to_october_2025_came_from_users_not_from_conversion(now):
    states = revenue.subscription_states(now, ESTIMATE)
    split = split_steps(states.iloc[[0, 2]], revenue.FACTORS).iloc[0]
    assert split["change"] == pytest.approx(6700)
    assert split["conversion"] == pytest.approx(0, abs=1e-9)
    assert split["users"] == pytest.approx(6968.887, abs=0.001)
    assert split["price"] == pytest.approx(-268.887, abs=0.001)


def test_the_booked_half_year_turns_the_price_effect(now, then):
    assert revenue.booked_second_half(now, 2025)[0] == 13070 - 4300
    restated = revenue.restate_on_booked(revenue.subscription_states(now, ESTIMATE), now, 2025)
    assert restated["revenue"].iloc[-1] == pytest.approx(2 * 8770 * 0.7)
    assert restated["price"].iloc[-1] / 12 == pytest.approx(25.579, abs=0.001)
    assert split_steps(restated.iloc[[0, -1]], revenue.FACTORS)["price"].iloc[0] > 0
    assert revenue.booked_second_half(then, 2025) is None
    assert revenue.restate_on_booked(revenue.subscription_states(then, ESTIMATE), then, 2025).empty


def test_booked_revenue_now(now):
    booked = revenue.booked_revenue(now)
    whole = booked[booked["months"] == 12].set_index(booked[booked["months"] == 12]["date"].dt.year)["value"]
    assert whole.to_dict() == {2022: 28, 2024: 3700, 2025: 13070}
    first = booked[booked["date"] == "2026-03-31"].iloc[0]
    assert (first["start"], first["value"]) == (pd.Timestamp("2025-12-31"), 5700)


def test_run_rates_against_what_was_booked(now, then):
    held = revenue.booked_against_run_rates(now).set_index(["date", "months"])
    assert held.loc[(pd.Timestamp("2025-12-31"), 12), "booked"] == 13070
    assert held.loc[(pd.Timestamp("2025-12-31"), 12), "gap_percent"] < -10
    assert held.loc[(pd.Timestamp("2026-06-30"), 3), "gap_percent"] > 10
    assert len(revenue.booked_against_run_rates(then)) == 1


def test_mean_level():
    path = pd.Series([100.0, 200.0], index=pd.to_datetime(["2025-01-01", "2026-01-01"]))
    start, end = path.index
    assert revenue.mean_level(path, start, end) == pytest.approx(100 / math.log(2))
    # Against a fine sum over days, on a part of the path.
    days = np.arange(30, 301)
    levels = 100 * 2 ** (days / 365)
    assert revenue.mean_level(path, start + pd.Timedelta(days=30), start + pd.Timedelta(days=300)) == pytest.approx(
        np.trapezoid(levels, days) / 270, rel=1e-6
    )
    assert math.isnan(revenue.mean_level(path, start - pd.Timedelta(days=1), end))
    assert math.isnan(revenue.mean_level(path, start, end + pd.Timedelta(days=1)))
    with pytest.raises(ValueError, match="after"):
        revenue.mean_level(path, end, start)
    with pytest.raises(ValueError, match="positive"):
        revenue.mean_level(path * 0, start, end)


def test_growth_is_split_on_both_measures(now, then):
    splits = revenue.growth_splits(revenue.subscription_states(now, ESTIMATE), now)
    assert list(splits.index) == [revenue.AS_SAID, revenue.AS_BOOKED]
    total = splits[revenue.FACTORS].sum(axis=1)
    assert total.to_numpy() == pytest.approx((splits["end_usd_m"] - splits["start_usd_m"]).to_numpy(), rel=1e-12)
    # An upper bound is no end: the state of February 2026 is left out.
    assert set(splits["end_date"]) == {pd.Timestamp("2025-10-14")}
    assert revenue.bound_note(splits) == ""
    earlier = revenue.growth_splits(revenue.subscription_states(then, ESTIMATE), then)
    assert list(earlier.index) == [revenue.AS_SAID]
    assert earlier["conversion"].iloc[0] == pytest.approx(-772.627, abs=0.001)
    assert vendor.AT_LEAST in revenue.bound_note(earlier)


def test_nothing_to_split_before_two_states():
    early = tables.load("vendor_metrics", as_of="2023-06-30")
    splits = revenue.growth_splits(revenue.subscription_states(early, ESTIMATE), early)
    assert splits.empty
    assert set(revenue.FACTORS) <= set(splits.columns)
    assert revenue.bound_note(splits) == ""


def test_forecasts_are_held_against_outcomes_of_the_same_year(now, then):
    misses = revenue.forecasts_against_outcomes(now)
    by_year = misses[misses["what"] == "operating loss"].set_index("year")
    assert by_year.loc[2024, "miss_percent"] == pytest.approx(100 * (8780 / 5000 - 1))
    sales = misses[misses["what"] == "revenue"]
    assert list(sales["outcome"]) == [3700, 13070, 13070]
    assert list(sales["expected"]) == [3700, 11600, 12700]
    assert not (misses["year"] == 2026).any()  # its year has no outcome
    assert list(revenue.forecasts_against_outcomes(then)["what"]) == ["revenue"]
