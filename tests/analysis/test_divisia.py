"""The split is exact, whatever the factors."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.analysis.divisia import logarithmic_mean, split_change, split_steps

POSITIVE = st.floats(min_value=1e-6, max_value=1e6)
THREE = st.fixed_dictionaries({"users": POSITIVE, "conversion": POSITIVE, "price": POSITIVE})


def product(factors):
    return math.prod(factors.values())


@given(THREE, THREE)
def test_contributions_add_up_to_the_change(start, end):
    parts = split_change(start, end)
    size = max(product(start), product(end))
    assert math.fsum(parts) == pytest.approx(product(end) - product(start), rel=1e-12, abs=1e-12 * size)


@given(THREE)
def test_equal_ends_give_exact_zeros(factors):
    assert (split_change(factors, factors) == 0).all()


@given(THREE, THREE)
def test_swapping_the_ends_changes_the_sign(start, end):
    forth, back = split_change(start, end), split_change(end, start)
    size = max(product(start), product(end))
    for name in start:
        assert forth[name] == pytest.approx(-back[name], rel=1e-9, abs=1e-11 * size)


@given(THREE, THREE, st.permutations(["users", "conversion", "price"]))
def test_the_order_of_factors_does_not_matter(start, end, order):
    size = max(product(start), product(end))
    straight = split_change(start, end)
    shuffled = split_change({name: start[name] for name in order}, {name: end[name] for name in order})
    for name in start:
        assert shuffled[name] == pytest.approx(straight[name], rel=1e-9, abs=1e-11 * size)


@given(POSITIVE, POSITIVE, POSITIVE)
def test_one_moving_factor_takes_the_whole_change(fixed, before, after):
    parts = split_change({"a": fixed, "b": before}, {"a": fixed, "b": after})
    assert parts["a"] == 0
    assert parts["b"] == pytest.approx(fixed * after - fixed * before, rel=1e-9, abs=1e-12 * fixed * max(before, after))


@given(POSITIVE, st.floats(min_value=0, max_value=1e-7))
def test_factors_that_offset_each_other_stay_finite(value, nudge):
    parts = split_change({"a": value, "b": value}, {"a": value * (1 + nudge), "b": value / (1 + nudge)})
    assert parts.map(math.isfinite).all()
    assert math.fsum(parts) == pytest.approx(0, abs=1e-12 * value**2)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("place", ["start", "end"])
def test_what_has_no_logarithm_is_refused_by_name(bad, place):
    ends = {"start": {"users": 1.0, "price": 2.0}, "end": {"users": 1.0, "price": 2.0}}
    ends[place]["price"] = bad
    with pytest.raises(ValueError, match="price"):
        split_change(ends["start"], ends["end"])


def test_different_factors_are_refused():
    with pytest.raises(ValueError, match="same factors"):
        split_change({"users": 1.0}, {"price": 1.0})


def test_logarithmic_mean():
    assert logarithmic_mean(math.e, 1.0) == pytest.approx(math.e - 1)
    assert logarithmic_mean(5.0, 5.0) == 5.0
    # Between the geometric and the arithmetic mean, also where the two nearly coincide.
    near = 1.0 + 1e-13
    assert 1.0 <= logarithmic_mean(near, 1.0) <= near
    assert math.sqrt(8) < logarithmic_mean(4.0, 2.0) < 3.0
    with pytest.raises(ValueError, match="positive"):
        logarithmic_mean(0.0, 1.0)


def test_steps_follow_each_other():
    states = pd.DataFrame({"users": [200.0, 500.0, 800.0], "price": [12.0, 9.6, 11.375]}, index=["a", "b", "c"])
    steps = split_steps(states, ["users", "price"])
    assert list(steps["start"]) == ["a", "b"]
    assert list(steps.index) == ["b", "c"]
    assert steps["change"].sum() == pytest.approx(800 * 11.375 - 200 * 12.0)
    with pytest.raises(ValueError, match="two states"):
        split_steps(states.head(1), ["users", "price"])
