"""Costs are revenue plus operating loss, and what would cover them follows exactly."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from helpers import tables
from helpers.analysis import break_even as module
from helpers.analysis.chatgpt_revenue import QUOTED_ON
from tests.analysis.test_chatgpt_revenue import ESTIMATE


def known(day):
    return tables.load("vendor_metrics", as_of=day)


def test_audited_costs_now():
    costs = module.expenses(known("2026-10-31"))
    assert costs.loc[2024, "expenses"] == 3700 + 8780 == 12480
    assert costs.loc[2025, "expenses"] == 13070 + 20920 == 33990
    assert set(costs.loc[[2024, 2025], "basis"]) == {module.OUTCOME}


def test_at_the_articles_date_the_loss_was_a_forecast():
    costs = module.expenses(known("2025-09-05"))
    assert costs.loc[2024, "expenses"] == 3700 + 5000
    assert costs.loc[2024, "basis"] == module.EXPECTED
    assert 2025 not in costs.index
    assert module.expenses(known("2023-04-30")).empty


def test_the_price_that_covers_2024():
    answer = module.break_even(known("2026-10-31"), ESTIMATE, 2024)
    assert answer.other_revenue_usd_m == 1300
    assert answer.price == 20
    assert answer.price_needed == pytest.approx((12480 - 1300) / (10 * 12))
    assert answer.conversion_needed_percent == pytest.approx(100 * 11180 / (200 * 240))


def test_2025_rests_on_the_years_means():
    answer = module.break_even(known("2026-10-31"), ESTIMATE, 2025)
    assert answer.other_revenue_usd_m == pytest.approx(0.3 * 13070)
    assert 15.5 < answer.payers_m < 50
    assert 300 < answer.users_m < 900
    assert answer.price * answer.payers_m * 12 == pytest.approx(0.7 * 13070)
    assert set(answer.rows) <= set(known("2026-10-31").index)


@pytest.mark.parametrize("year", [2024, 2025])
def test_what_is_needed_covers_the_costs_exactly(year):
    answer = module.break_even(known("2026-10-31"), ESTIMATE, year)
    by_price = answer.price_needed * answer.payers_m * 12 + answer.other_revenue_usd_m
    by_conversion = (
        answer.conversion_needed_percent / 100 * answer.users_m * answer.price * 12 + answer.other_revenue_usd_m
    )
    assert by_price == pytest.approx(answer.expenses_usd_m)
    assert by_conversion == pytest.approx(answer.expenses_usd_m)
    # Both answers lie on the iso-cost line.
    line = answer.price_at(np.array([answer.conversion_percent, answer.conversion_needed_percent]))
    assert line == pytest.approx([answer.price_needed, answer.price])


def test_unknown_stays_unknown():
    assert module.break_even(known("2025-09-05"), ESTIMATE, 2025) is None
    assert module.break_even(known("2023-06-30"), ESTIMATE, 2024) is None
    assert module.break_even(known("2026-10-31"), ESTIMATE, 2023) is None
    # Costs known, but the payers of the year are not.
    metrics = known("2026-10-31")
    late = metrics["metric"].isin(["paying_subscribers_m"]) & (metrics["date"] > "2025-12-31")
    assert module.break_even(metrics[~late], ESTIMATE, 2025) is None


def test_the_articles_year_follows_the_parameters():
    doubled = dataclasses.replace(ESTIMATE, subscribers_m=20)
    answer = module.break_even(known("2026-10-31"), doubled, QUOTED_ON.year)
    assert answer.payers_m == 20
    assert answer.other_revenue_usd_m == 3700 - 4800


def test_the_summary_keeps_what_each_year_rests_on():
    metrics = known("2026-10-31")
    answers = [module.break_even(metrics, ESTIMATE, year) for year in (2024, 2025)]
    table = module.summary(answers)
    assert table.loc[2024, "times_the_price"] == pytest.approx(11180 / 2400)
    assert table.loc[2025, "rows"].split(";") == list(answers[1].rows)
    lines = module.iso_cost_lines(answers, np.array([5.0, 10.0]))
    assert lines.groupby("year").size().to_dict() == {2024: 2, 2025: 2}
    assert module.basis_note(answers, 2024) == ""


def test_no_year_gives_empty_tables():
    assert list(module.summary([]).columns)[:2] == ["expenses", "price"]
    assert module.summary([]).empty
    assert module.iso_cost_lines([], np.array([5.0])).empty
    expected = module.break_even(known("2025-09-05"), ESTIMATE, 2024)
    assert "expected" in module.basis_note([expected], 2024)
