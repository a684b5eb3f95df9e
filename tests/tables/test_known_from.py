"""From which day a row is known, table by table, with dates worked out by hand."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import tables
from helpers.tables import asof

BY_HAND = {
    # published
    "cash_flows/AMZN/2025-06-30": "2025-08-01",
    "cash_flows/ORCL/2025-08-31": "2025-09-09",
    # published is empty: 45 days, and 60 for a fourth quarter
    "cash_flows/META/2022-03-31": "2022-05-15",
    "cash_flows/META/2022-12-31": "2023-03-01",
    "cash_flows/ORCL/2024-05-31": "2024-07-30",
    "financing/AMZN/2025-06-30": "2025-08-01",
    "financing/META/2022-12-31": "2023-03-01",
    "dotcom_firms/CSCO/2000": "2000-10-27",
    # a source of a day, of a month, of a year, and the latest of two
    "bubble_benchmarks/fibre_capacity_in_use/2001": "2001-06-18",
    "bubble_benchmarks/cisco_trailing_pe_peak/2000": "2026-02-28",
    # dated "2026", which had not ended when the tables were compiled
    "bubble_benchmarks/telecom_capex_peak_nominal/2000": "2026-10-31",
    "macro_us/2025-06-30": "2025-07-30",
    "nasdaq_composite/2025-08-29": "2025-08-29",
    "sp500_shiller/2025-08": "2025-09-01",
    "sp500_shiller/2025-12": "2026-01-01",
    "stock_prices/NVDA/2025-08-29": "2025-08-29",
    "vendor_metrics/OpenAI/company/2024-06-30/monthly_users_m/2024-09-27/350": "2024-09-27",
    # guidance about a later year
    "vendor_metrics/OpenAI/company/2030-12-31/revenue_usd_m/2026-03-31/280000": "2026-03-31",
    "ai_prices/2023-02-01/ChatGPT/Plus/per_month": "2023-02-01",
    "funding_rounds/Anthropic/Series F": "2025-09-02",
    "compute_commitments/2025-09-10/OpenAI/Oracle/300000": "2025-09-10",
    "conversion_benchmarks/ChatGPT/2024-12-31": "2024-12-31",
    "ai_usage/firms_using_ai/2023-09-30": "2024-03-31",
    "litigation/C053": "2023-12-27",
    # no day of filing: the day its state was read
    "litigation/C005": "2026-01-10",
    "statutory_damages/US/Copyright Act/17 USC 504(c)(1)/minimum/USD": asof.ALWAYS,
    "litigation_benchmarks/Disney v. Hotfile/settlement announced": "2013-12-31",
    "litigation_benchmarks/Texas v. Google (privacy)/settlement": "2025-12-31",
    # 2026 had not ended when the table was compiled: its latest source
    "litigation_benchmarks/Bartz v. Anthropic (482,460 works)/settlement approved": "2026-07-21",
    "claims/A11": asof.ALWAYS,
    "sources/CREATIVE-2024": "2024-12-31",
    "sources/COMPOUNDERS-2026": "2026-02-28",
    "sources/dev_article": "2026-10-31",
}


@pytest.mark.parametrize(("row", "day"), BY_HAND.items())
def test_dates_worked_out_by_hand(row: str, day: str) -> None:
    assert tables.known_from(row.split("/", 1)[0])[row] == pd.Timestamp(day)


@pytest.mark.parametrize("name", tables.names())
def test_every_row_of_every_table_has_a_day(name: str) -> None:
    known = tables.known_from(name)
    assert known.notna().all()
    assert known.index.equals(tables.load(name).index)
    assert known.dtype == "datetime64[us]"


@pytest.mark.parametrize(
    "name", [name for name in tables.names() if tables.known_from(name).max() > pd.Timestamp(asof.ALWAYS)]
)
def test_a_row_appears_on_its_day_and_not_the_day_before(name: str) -> None:
    known = tables.known_from(name)
    for day in known.sort_values().iloc[[0, len(known) // 2, -1]]:
        newest = set(known.index[known == day])
        assert newest <= set(tables.load(name, as_of=day).index)
        assert not newest & set(tables.load(name, as_of=day - timedelta(days=1)).index)


def test_financing_is_dated_by_cash_flows() -> None:
    assert (
        tables.known_from("financing")
        .rename(lambda row: row.replace("financing/", "cash_flows/"))
        .equals(
            tables.known_from("cash_flows").reindex(
                tables.load("financing").index.str.replace("financing/", "cash_flows/")
            )
        )
    )


def test_oracle_published_the_quarter_that_turns_its_claim_on_9_september_2025() -> None:
    before, after = (tables.load("cash_flows", as_of=day) for day in ("2025-09-08", "2025-09-09"))
    assert set(after.index) - set(before.index) == {"cash_flows/ORCL/2025-08-31"}


def test_an_outcome_is_masked_until_its_day() -> None:
    before = tables.load("litigation", as_of="2025-06-24").loc["litigation/C019"]
    after = tables.load("litigation", as_of="2025-06-25").loc["litigation/C019"]
    assert before["status_text"] == "pending"
    assert pd.isna(before["outcome_date"])
    assert after["status_text"] == "judgment defendant"
    assert after["outcome_date"] == pd.Timestamp("2025-06-25")
    # The note was written on the day of the last look, and tells of 2027.
    assert pd.isna(after["note"])
    assert pd.isna(after["status_as_of"])
    assert "2027-02-25" in tables.load("litigation", as_of="2026-09-30").loc["litigation/C019", "note"]


def test_an_outcome_without_a_day_is_known_from_the_last_look() -> None:
    # C115 was decided "in 2025", which the table dates no closer than the day it was read.
    assert tables.load("litigation", as_of="2026-06-15").loc["litigation/C115", "status_text"] == "pending"
    assert tables.load("litigation", as_of="2026-06-16").loc["litigation/C115", "status_text"] == "judgment defendant"


def test_numbers_that_came_long_after_the_filing_are_masked() -> None:
    bartz = tables.load("litigation", as_of="2025-09-05").loc["litigation/C028"]
    assert pd.isna(bartz["works_at_issue"])
    assert pd.isna(bartz["settlement_usd_m"])
    settled = tables.load("litigation", as_of="2026-07-20").loc["litigation/C028"]
    assert settled["works_at_issue"] == 482460
    assert settled["settlement_usd_m"] == 1500
    # What the complaint itself said stays.
    assert tables.load("litigation", as_of="2025-09-05").loc["litigation/C068", "damages_claimed_usd_m"] == 600


def test_masks_keep_the_types() -> None:
    assert (tables.load("litigation", as_of="2024-01-01").dtypes == tables.load("litigation").dtypes).all()


@given(st.dates(min_value=pd.Timestamp("1990-01-01").date(), max_value=pd.Timestamp("2030-01-01").date()))
def test_a_partial_date_is_known_when_it_is_over(day: object) -> None:
    text = str(day)
    compiled = pd.Timestamp("2026-10-31")
    ends = asof.end_of_period(pd.Series([text, text[:7], text[:4], None], dtype="str"), "2026-10-31")
    assert ends[0] == pd.Timestamp(text)
    assert ends[1] == min(pd.Timestamp(text) + pd.offsets.MonthEnd(0), compiled)
    assert ends[2] == min(pd.Timestamp(f"{text[:4]}-12-31"), compiled)
    assert ends[3] == compiled


def test_all_but_what_lies_ahead_is_known_on_the_day_of_compiling() -> None:
    unknown = {
        row for name in tables.names() for row in tables.known_from(name).loc[lambda day: day > "2026-10-31"].index
    }
    assert unknown == {"funding_rounds/Anthropic/IPO"}
