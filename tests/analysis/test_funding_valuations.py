"""Steps in value, multiples of sales, the growth a valuation needs, revenue of a year, and the article's case."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import funding, valuations
from helpers.analysis.funding_rounds import count_rounds

ARTICLE, NOW = "2025-09-05", "2026-10-31"


def valued(day: str, include_guidance: bool = False) -> pd.DataFrame:
    table = count_rounds(tables.load("funding_rounds", as_of=day), include_guidance)
    return valuations.valuations(table, include_guidance)


def metrics(day: str) -> pd.DataFrame:
    return tables.load("vendor_metrics", as_of=day)


@pytest.mark.parametrize("day", [ARTICLE, NOW])
def test_the_articles_case(day: str) -> None:
    case = funding.article_case(valued(day), metrics(day))
    assert (case.e_raised_usd_m, case.e_post_usd_m) == (3_500, 61_500)
    assert (case.f_raised_usd_m, case.f_post_usd_m) == (13_000, 183_000)
    assert case.previous_usd_m == 18_400
    assert case.step == pytest.approx(183 / 61.5)
    assert round(case.step, 2) == 2.98
    assert case.months == pytest.approx(183 / (365.25 / 12))
    assert case.price_step == pytest.approx(170 / 61.5)
    assert case.f_sales_multiple == pytest.approx(183_000 / 5_000)
    assert case.e_sales_multiple == pytest.approx(61_500 / 1_400)
    assert case.latest_round == ("" if day == ARTICLE else "Series H")


def test_the_case_before_it_happened() -> None:
    case = funding.article_case(valued("2023-01-01"), metrics("2023-01-01"))
    assert case == funding.ArticleCase()
    assert funding.article_case(valued("2025-06-30"), metrics("2025-06-30")).f_post_usd_m is None


def test_stages_of_one_round_are_one_valuation() -> None:
    rounds = set(valued(NOW)["round"])
    assert "2025 round, stage 1" in rounds
    assert not {"2025 round, stage 2", "2026 round, second close", "2026 round, total"} & rounds
    assert "Bridge round" not in rounds
    assert "Bridge round" in set(valued(NOW, include_guidance=True)["round"])


def test_steps() -> None:
    steps = valuations.step_ups(valued(NOW)).set_index(["company", "round"])
    assert steps.loc[("Anthropic", "Series H"), "multiple"] == pytest.approx(965 / 380)
    assert steps.loc[("OpenAI", "Employee share sale 2025"), "price_multiple"] == pytest.approx(500 / 300)
    # The value after xAI bought X prices another firm.
    assert not steps.loc[("xAI", "Strategic equity"), "comparable"]
    assert steps.loc[("xAI", "Series C"), "comparable"]


def test_a_step_over_one_year_is_its_own_yearly_growth() -> None:
    rounds = pd.DataFrame(
        {
            "company": "Firm", "round": ["A", "B"], "date": pd.to_datetime(["2024-01-01", "2025-01-01"]),
            "post_money_usd_m": [100.0, 300.0], "pre_money": [90.0, 240.0], "whole_firm": True,
        },
        index=["r/A", "r/B"],
    )  # fmt: skip
    step = valuations.step_ups(rounds).loc["r/B"]
    assert step["multiple"] == 3
    assert step["price_multiple"] == pytest.approx(2.4)
    assert step["yearly_percent"] == pytest.approx(200, rel=0.01)


def test_multiples_say_how_revenue_is_counted_and_look_back_only() -> None:
    table = valuations.multiples(valued(NOW), metrics(NOW))
    assert (table["run_rate_date"] <= table["date"]).all()
    assert ((table["date"] - table["run_rate_date"]).dt.days <= valuations.RUN_RATE_WITHIN_DAYS).all()
    basis = table.groupby("company")["basis"].unique()
    assert basis["OpenAI"].tolist() == ["net of what partners keep"]
    assert basis["Anthropic"].tolist() == ["gross, with resale by clouds"]


def test_value_rose_slower_than_sales_at_the_series_f() -> None:
    kept = valuations.growth_kept_up(valued(ARTICLE), metrics(ARTICLE)).set_index(["company", "round"])
    series_f = kept.loc[("Anthropic", "Series F")]
    assert series_f["run_rate_multiple"] == pytest.approx(5_000 / 1_400)
    assert series_f["value_multiple"] < series_f["run_rate_multiple"]


def test_growth_that_a_multiple_needs() -> None:
    names = valuations.GROWTH_ASSUMPTIONS
    numbers = [(0.0, 0.1, 0.2), (5.0, 10.0, 20.0), (4.0, 5.0, 6.0)]
    assumptions = pd.DataFrame(
        [
            {"id": name, "low": low, "mode": mode, "high": high}
            for name, (low, mode, high) in zip(names, numbers, strict=True)
        ]
    )
    priced = pd.DataFrame({"company": "Firm", "date": pd.NaT, "round": "A", "multiple": [10.0]}, index=["r/A"])
    needed = valuations.required_growth(priced, assumptions).loc["r/A"]
    # A firm bought at the mature multiple must grow as fast as the return asked for.
    assert needed["mode"] == pytest.approx(10)
    assert needed["low"] == pytest.approx(100 * ((10 / 20) ** (1 / 4) - 1))
    assert needed["high"] == pytest.approx(100 * (1.2 * (10 / 5) ** (1 / 4) - 1))
    with pytest.raises(KeyError):
        valuations.required_growth(priced, assumptions.iloc[1:])


def test_growth_brackets_its_mode_on_the_shipped_assumptions() -> None:
    priced = valuations.multiples(valued(NOW), metrics(NOW))
    needed = valuations.required_growth(priced, tables.load("assumptions"))
    assert ((needed["low"] <= needed["mode"]) & (needed["mode"] <= needed["high"])).all()


def test_revenue_of_a_year() -> None:
    stated = funding.revenue_of_year(metrics(NOW), "OpenAI", 2025, NOW)
    assert (stated.value, stated.known) == (13_070, funding.STATED)
    bounded = funding.revenue_of_year(metrics(ARTICLE), "Anthropic", 2024, ARTICLE)
    assert (bounded.value, bounded.known) == (2_000, funding.AT_MOST)
    assert funding.revenue_of_year(metrics(NOW), "Anthropic", 2024, NOW).value == 386 < bounded.value
    assert funding.revenue_of_year(metrics(NOW), "SSI", 2025, NOW) == funding.YearRevenue(None, funding.UNKNOWN)


def test_a_year_that_is_not_over_is_bounded_up_to_the_day() -> None:
    part = funding.revenue_of_year(metrics("2025-07-02"), "OpenAI", 2025, "2025-07-02")
    assert part.value == pytest.approx(10_000 * 182 / 365.25)
    # A forecast of the year is no revenue of a part of it.
    again = funding.revenue_of_year(metrics("2025-07-02"), "OpenAI", 2025, "2025-07-02", include_guidance=True)
    assert again == part


def test_guidance_stands_in_only_where_no_outcome_is_known() -> None:
    day = "2025-02-28"
    assert funding.revenue_of_year(metrics(day), "OpenAI", 2024, day).known == funding.AT_MOST
    assert funding.revenue_of_year(metrics(day), "OpenAI", 2024, day, include_guidance=True).value == 3_700


@pytest.mark.parametrize(("day", "ratio"), [(ARTICLE, 6_600 / 3_700), (NOW, 40_800 / 13_070)])
def test_raised_over_revenue(day: str, ratio: float) -> None:
    counted = count_rounds(tables.load("funding_rounds", as_of=day))
    table = funding.raised_against_revenue(counted, metrics(day), day)
    year = funding.last_whole_year(day)
    last = funding.ratios_of_year(table, year).set_index("company")
    assert last.loc["OpenAI", "ratio"] == pytest.approx(ratio)
    assert not last.loc["OpenAI", "at_least"]
    known = set(counted.index) | set(metrics(day).index)
    assert set(funding.rows_of(table)) <= known
