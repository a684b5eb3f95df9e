"""How numbers are written."""

from __future__ import annotations

import pytest

from helpers import units


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12345.0, "$12.3bn"),
        (-7604.0, "−$7.6bn"),
        (853.0, "$853m"),
        (999.4, "$999m"),
        (0.5, "$0.5m"),
        (0.0, "$0m"),
        (-0.01, "$0.0m"),
        (1234567.0, "$1,234.6bn"),
        (None, "unknown"),
        (float("nan"), "unknown"),
        (float("inf"), "unknown"),
    ],
)
def test_money_has_one_format(value: float | None, text: str) -> None:
    assert units.money(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (73.0, "percent", "73.0\N{NARROW NO-BREAK SPACE}%"),
        (-2.857, "percent", "−2.9\N{NARROW NO-BREAK SPACE}%"),
        (20, "USD a month", "$20 a month"),
        (19.99, "USD a month", "$19.99 a month"),
        (2.98, "ratio", "2.98"),
        (2, "quarters", "2\N{NARROW NO-BREAK SPACE}quarters"),
        (1, "quarters", "1\N{NARROW NO-BREAK SPACE}quarter"),
        (-1, "companies", "−1\N{NARROW NO-BREAK SPACE}company"),
        (1, "t-ratio", "1\N{NARROW NO-BREAK SPACE}t-ratio"),
        (15.5, "million", "15.5\N{NARROW NO-BREAK SPACE}million"),
        (2400, "USD m a year", "$2.4bn a year"),
        (None, "USD a month", "unknown"),
        (None, "USD m a year", "unknown"),
    ],
)
def test_each_unit_has_its_form(value: float | None, unit: str, text: str) -> None:
    assert units.write(value, unit) == text


@pytest.mark.parametrize(
    ("value", "text", "bare"),
    [
        (0.0124, "p = 0.012", "0.012"),
        (0.001, "p = 0.001", "0.001"),
        (0.0005, "p < 0.001", "< 0.001"),
        (0.0, "p < 0.001", "< 0.001"),
        (1.0, "p = 1.000", "1.000"),
        (float("nan"), "p unknown", "unknown"),
        (None, "p unknown", "unknown"),
    ],
)
def test_a_p_value_is_never_written_as_zero(value: float | None, text: str, bare: str) -> None:
    assert units.p_value(value) == text == units.write(value, "p")
    assert units.p_value(value, "") == bare


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.52, 3.31, "0.5 to 3.3 years"),
        (0.52, 28.4, "0.5 to more than 10 years"),
        (6.0, None, "6.0 years to no end"),
        (6.0, float("nan"), "6.0 years to no end"),
        (10.0, 10.1, "10.0 to more than 10 years"),
        (18.1, 108.8, "more than 10 years in every reading"),
        (533.3, None, "more than 10 years in every reading"),
    ],
)
def test_a_runway_is_written_up_to_its_cap(low: float, high: float | None, text: str) -> None:
    assert units.runway_range(low, high).replace(units.NARROW_SPACE, " ") == text


def test_one_reading_of_a_runway() -> None:
    written = [units.runway(years).replace(units.NARROW_SPACE, " ") for years in (0.52, 10.0, 44.0, None)]
    assert written == ["0.5 years", "10.0 years", "more than 10 years", "unknown"]


def test_axis_labels_keep_decimals_only_where_they_differ() -> None:
    assert [units.billions_axis(tick) for tick in (-20.0, 0.0, 2.5)] == ["−$20bn", "$0bn", "$2.5bn"]
    assert units.percent_axis(100.0) == "100\N{NARROW NO-BREAK SPACE}%"
