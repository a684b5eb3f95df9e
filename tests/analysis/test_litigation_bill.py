"""The bill against the money: amounts that stand, capex, revenue, cash raised, each dollar once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import exposure, legal_bill, litigation
from tests.analysis.litigation_cases import ARTICLE, NOW, cases, known

DAY = pd.Timestamp(NOW)


def test_settlements_and_fines_that_stand():
    bill = legal_bill.settlements_and_fines(known("litigation", NOW))
    assert bill["usd_m"].sum() == pytest.approx(1500 + 272 + 250 + 95 + 68 + 51.75 + 33.7 + 5.7 + 0.0929)
    assert "litigation/C143" not in bill.index
    assert "litigation/C148" not in bill.index
    assert bill.loc["litigation/C150", "kind"] == legal_bill.SETTLEMENT
    assert bill.loc["litigation/C149", "kind"] == legal_bill.FINE
    assert not bill.loc["litigation/C111", "day_known"]


def test_a_fine_that_was_annulled_or_is_appealed_is_no_money():
    fine = {"plaintiffs": "Garante (Italy)", "damages_claimed_usd_m": 17}
    found = cases(*({**fine, "status_text": state} for state in ("judgment plaintiff", "judgment defendant", "appeal")))
    assert legal_bill.settlements_and_fines(found)["usd_m"].tolist() == [17]
    assert legal_bill.undone_fines(found).index.tolist() == ["litigation/T001", "litigation/T002"]


def test_an_amount_asked_by_a_plaintiff_is_not_a_settlement():
    found = cases({"damages_claimed_usd_m": 3000, "status_text": "judgment plaintiff"})
    assert legal_bill.settlements_and_fines(found).empty
    assert litigation.claimed(found).empty
    assert litigation.claimed(cases({"damages_claimed_usd_m": 3000}))["damages_claimed_usd_m"].tolist() == [3000]


@pytest.mark.parametrize(("day", "total"), [(ARTICLE, 312_564), (NOW, 586_363)])
def test_a_year_of_capex(day, total):
    capex = legal_bill.trailing_capex(known("cash_flows", day))
    assert capex["capex"].sum() == total
    assert capex.index.tolist() == list(legal_bill.BUILDERS)
    assert capex["rows"].str.count(";").eq(3).all()


def test_capex_since_leaves_out_the_quarter_that_ended_before():
    quarters = legal_bill.capex_since(known("cash_flows", NOW), pd.Timestamp("2026-06-30"))
    assert set(quarters["ticker"].astype(str)) <= set(legal_bill.BUILDERS)
    assert (quarters["period_end"] > "2026-06-30").all()


class TestRounds:
    def test_no_dollar_counts_twice(self):
        rounds = known("funding_rounds", NOW)
        openai = legal_bill.rounds_that_count(rounds, "OpenAI", DAY)["round"].tolist()
        assert "2026 round, total" in openai
        assert "2026 round, first close" not in openai
        assert "2026 round, second close" not in openai
        anthropic = legal_bill.rounds_that_count(rounds, "Anthropic", DAY)["round"].tolist()
        assert "Series H" in anthropic
        assert "Amazon 2026" not in anthropic

    def test_a_part_counts_until_its_whole_is_known(self):
        rounds = known("funding_rounds", "2026-05-01")
        kept = legal_bill.rounds_that_count(rounds, "Anthropic", pd.Timestamp("2026-05-01"))["round"].tolist()
        assert {"Amazon 2026", "Google 2026"} <= set(kept)

    def test_every_row_marked_as_a_total_is_handled(self):
        rounds = tables.load("funding_rounds")
        marked = rounds[rounds["note"].fillna("").str.contains("do not add")]
        mine = marked[marked["company"].isin(["OpenAI", "Anthropic"])]
        assert {(row["company"], row["round"]) for _, row in mine.iterrows()} <= set(legal_bill.CONTAINS)

    def test_debt_secondaries_talks_and_unknown_amounts_are_no_cash_raised(self):
        kept = legal_bill.rounds_that_count(known("funding_rounds", NOW), "OpenAI", DAY)
        assert set(kept["instrument"].astype(str)) <= {"equity", "convertible"}
        assert kept["announced_or_closed"].eq("closed").all()
        assert kept["amount_usd_m"].sum() == 182_750
        early = legal_bill.rounds_that_count(known("funding_rounds", NOW), "OpenAI", pd.Timestamp("2019-12-31"))
        assert early["amount_usd_m"].sum() == 1050


class TestMeans:
    FIRMS = ("Google", "Anthropic", "Perplexity", "Suno")

    def means(self, day):
        frames = (known(name, day) for name in ("cash_flows", "vendor_metrics", "funding_rounds"))
        return legal_bill.means(list(self.FIRMS), *frames, day)

    def test_a_year_is_preferred_to_a_run_rate_and_the_unknown_stays_unknown(self):
        now = self.means(NOW)
        assert now.loc["Anthropic", ["revenue", "basis"]].tolist() == [4590, legal_bill.YEARLY]
        assert now.loc["Perplexity", ["revenue", "basis"]].tolist() == [200, legal_bill.RUN_RATE]
        assert now.loc["Suno", ["revenue", "capex", "raised"]].isna().all()
        assert now.loc["Google", "raised"] is np.nan or np.isnan(now.loc["Google", "raised"])
        assert now.loc["Google", "capex"] == legal_bill.trailing_capex(known("cash_flows", NOW)).loc["GOOGL", "capex"]

    def test_only_what_was_known(self):
        then = self.means(ARTICLE)
        assert then.loc["Anthropic", ["revenue", "basis"]].tolist() == [5000, legal_bill.RUN_RATE]
        cited = {row for rows in then["rows"] for row in rows.split(";") if row}
        known_then = {
            row for name in ("cash_flows", "vendor_metrics", "funding_rounds") for row in known(name, ARTICLE).index
        }
        assert cited <= known_then

    def test_shares_are_of_the_90th_percentile(self):
        exposed = litigation.expose(
            known("litigation", NOW), tables.load("statutory_damages"), tables.load("assumptions"), 2**12, 1
        )
        firms = exposure.by_defendant(exposed.suits, exposed.simulated)
        frames = (known(name, NOW) for name in ("cash_flows", "vendor_metrics", "funding_rounds"))
        compared = litigation.against_means(firms, legal_bill.means(list(firms.index), *frames, NOW))
        row = compared.loc["Anthropic"]
        assert row["percent_of_revenue"] == pytest.approx(100 * row["p90"] / 4590)
        assert np.isnan(compared.loc["Suno", "percent_of_revenue"])


def test_the_scale_holds_known_amounts_only():
    now = known("litigation", NOW)
    exposed = litigation.expose(now, tables.load("statutory_damages"), tables.load("assumptions"), 2**12, 1)
    rows = litigation.scale(now, exposed, known("cash_flows", NOW)).set_index("amount")["usd_m"]
    assert len(rows) == 7
    assert rows["Claimed by open suits that state an amount"] == pytest.approx(
        600 + 75 + 3000 + 20.3 + 20 + 102.15 + 359 + 15 + 14.75 + 29.94
    )
    assert rows["Capex of the five builders, one year"] == 586_363
    none = cases({"filed_date": "2022-01-01"})
    empty = litigation.expose(none, tables.load("statutory_damages"), tables.load("assumptions"), 2**12, 1)
    left = litigation.scale(none, empty, known("cash_flows", NOW))
    assert left["kind"].tolist() == ["capex"]


@pytest.mark.parametrize(("value", "expected"), [(5.0, 2.0), (None, None), (0.0, None)])
def test_times_to_a_threshold(value, expected):
    assert litigation.times_to_threshold(value, 10.0) == expected
