"""Growth a year: only where a year was seen."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers.analysis.growth import in_months, percent_a_year, years_between


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def test_two_years_of_doubling() -> None:
    assert percent_a_year(4.0, day("2023-01-01"), day("2025-01-01")) == pytest.approx(100, abs=0.2)
    assert years_between(day("2023-01-01"), day("2025-01-01")) == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize(("last", "known"), [("2023-06-01", False), ("2023-11-30", False), ("2023-12-27", True)])
def test_months_are_not_raised_to_a_year(last: str, known: bool) -> None:
    assert pd.notna(percent_a_year(2.0, day("2023-01-01"), day(last))) is known


def test_months_in_words() -> None:
    assert in_months(day("2024-04-30"), day("2025-07-29")) == "in 15 months"
    assert in_months(day("2024-04-30"), day("2024-05-31")) == "in 1 month"
