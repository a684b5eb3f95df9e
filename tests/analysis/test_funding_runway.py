"""Runway as a range: on the shipped tables, and by hand on made-up firms."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import runway as module
from helpers.analysis.funding_rounds import count_rounds
from helpers.analysis.runway import Runway, burn_periods, cash_share_of_loss, runway, runways

ARTICLE, NOW = "2025-09-05", "2026-10-31"


def known(day: str):
    return count_rounds(tables.load("funding_rounds", as_of=day)), tables.load("vendor_metrics", as_of=day)


def rounds(amount: float, **more) -> pd.DataFrame:
    row = {
        "company": "Firm", "date": pd.Timestamp("2025-01-15"), "round": "A", "counted_usd_m": amount,
        "treatment": "counted", "kind": "equity", "conditional_usd_m": 0.0,
    }  # fmt: skip
    return pd.DataFrame([row | more], index=["funding_rounds/Firm/A"])


def flows(*rows: tuple) -> pd.DataFrame:
    """Make flows of (metric, end, months, value, company)."""
    frame = pd.DataFrame(rows, columns=["metric", "date", "period_months", "value", "company"])
    frame = frame.assign(
        scope="company",
        kind="leaked",
        note="",
        published=pd.to_datetime(frame["date"]),
        date=pd.to_datetime(frame["date"]),
    )
    return frame.set_index(pd.Index([f"vendor_metrics/{place}" for place in range(len(frame))]))


def test_known_burn_by_hand() -> None:
    metrics = flows((module.BURN, "2025-12-31", 12, 120.0, "Firm"))
    found = runway(rounds(500.0), metrics, "Firm", "2025-12-31")
    assert (found.cash_low, found.cash_high) == (380, 380)
    assert (found.burn_low, found.burn_high) == (120, 120)
    assert found.years_low == found.years_high == pytest.approx(380 / 120)


def test_months_since_the_last_period_are_burned_too() -> None:
    metrics = flows((module.BURN, "2025-12-31", 12, 120.0, "Firm"))
    found = runway(rounds(500.0), metrics, "Firm", "2026-07-01")
    assert found.cash_low == pytest.approx(380 - 10 * 182 / 30.4375)


def test_a_loss_is_a_range_of_burn() -> None:
    metrics = flows(
        (module.LOSS, "2025-12-31", 12, 200.0, "Firm"),
        (module.LOSS, "2025-12-31", 12, 100.0, "Other"),
        (module.BURN, "2025-12-31", 12, 40.0, "Other"),
    )
    assert cash_share_of_loss(metrics)["share"].tolist() == [0.4]
    found = runway(rounds(500.0), metrics, "Firm", "2025-12-31")
    assert (found.burn_low, found.burn_high) == (pytest.approx(80), 200)
    assert (found.cash_low, found.cash_high) == (300, pytest.approx(420))


def test_money_on_conditions_counts_in_the_high_reading_only() -> None:
    metrics = flows((module.BURN, "2025-12-31", 12, 100.0, "Firm"))
    found = runway(rounds(500.0, conditional_usd_m=300.0), metrics, "Firm", "2025-12-31")
    assert (found.cash_low, found.cash_high) == (100, 400)


def test_a_firm_that_brings_in_cash_has_no_end() -> None:
    metrics = flows((module.BURN, "2025-12-31", 12, -50.0, "Firm"))
    found = runway(rounds(500.0), metrics, "Firm", "2025-12-31")
    assert (found.years_low, found.years_high) == (None, None)
    assert "brings in cash" in found.reason


@pytest.mark.parametrize(
    ("metrics", "reason"),
    [
        (flows((module.BURN, "2023-12-31", 12, 100.0, "Firm")), "last 18 months"),
        (flows((module.LOSS, "2025-12-31", 12, 100.0, "Firm")), "cash share"),
        (flows((module.BURN, "2025-12-31", 12, 100.0, "Other")), "last 18 months"),
    ],
)
def test_unknown_stays_unknown(metrics: pd.DataFrame, reason: str) -> None:
    found = runway(rounds(500.0), metrics, "Firm", "2025-12-31")
    assert found.cash_low is None
    assert found.years_low is None
    assert reason in found.reason


def test_periods_do_not_overlap_on_the_shipped_table() -> None:
    _, metrics = known(NOW)
    for company in ("OpenAI", "Anthropic", "xAI"):
        periods = burn_periods(metrics, company, NOW)
        assert (periods["start"].iloc[1:].to_numpy() >= periods["end"].iloc[:-1].to_numpy()).all()
        assert (periods["low"] <= periods["high"]).all()


def test_openai_on_the_article_day_is_unknown_and_now_a_range() -> None:
    assert runway(*known(ARTICLE), "OpenAI", ARTICLE).years_low is None
    now = runway(*known(NOW), "OpenAI", NOW)
    assert now.burn_low == 4 * 3_700  # first quarter of 2026
    assert now.burn_high == 4 * 12_300  # operating loss of the second
    assert 0 < now.years_low < now.years_high
    assert now.cash_low < now.cash_high < 182_750


def test_anthropic_on_the_article_day() -> None:
    found = runway(*known(ARTICLE), "Anthropic", ARTICLE)
    assert (found.burn_low, found.burn_high) == (2_800, 5_600)  # more than half of 2024 was a one-off
    assert found.years_low == pytest.approx(2.79, abs=0.01)
    assert found.years_high == pytest.approx(6.57, abs=0.01)


def test_a_merged_firm_has_no_money_of_its_own() -> None:
    found = runway(*known(NOW), "xAI", NOW)
    assert found.years_low is None
    assert "Merger into SpaceX" in found.reason


def test_table_has_a_row_a_firm() -> None:
    table = runways(*known("2020-01-01"), ["OpenAI", "Nobody"], "2020-01-01")
    assert table["company"].tolist() == ["OpenAI", "Nobody"]
    assert table["years_low"].isna().all()
    assert Runway("Nobody").rows == ()
