"""What the notebook reads from the ledger."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import cash_flow_summary as summary
from helpers.analysis.cash_flow_claims import ARTICLE_QUARTERS
from helpers.analysis.free_cash_flow import COMPONENTS, cash_ledger


@pytest.fixture(scope="module")
def ledger() -> pd.DataFrame:
    return cash_ledger(tables.load("cash_flows"), "company")


def test_a_flow_carries_its_rows(ledger: pd.DataFrame) -> None:
    year = summary.flow(ledger, "ORCL", "free_cash_flow", end="2026-05-31")
    assert year.value == -23_686
    assert year.rows == tuple(
        f"cash_flows/ORCL/{end}" for end in ("2025-08-31", "2025-11-30", "2026-02-28", "2026-05-31")
    )
    assert summary.flow(ledger, "META", "free_cash_flow", quarters=1).value == 784


def test_an_unknown_flow_has_no_value(ledger: pd.DataFrame) -> None:
    for missing in (
        summary.flow(ledger, "AAPL", "free_cash_flow"),
        summary.flow(ledger, "ORCL", "free_cash_flow", end="2030-05-31"),
        summary.flow(ledger.iloc[:0], "ORCL", "free_cash_flow"),
    ):
        assert missing == summary.Flow(None)


def test_joined_flows() -> None:
    one, two = summary.Flow(1.0, ("a/1",)), summary.Flow(2.0, ("a/1", "a/2"))
    assert summary.joined([one, two]) == summary.Flow(3.0, ("a/1", "a/2"))
    assert summary.joined([one, summary.Flow(None)]).value is None
    assert summary.joined([]).value is None


def test_since_keeps_the_start_and_refuses_nothing(ledger: pd.DataFrame) -> None:
    assert summary.since(ledger, "2026-06-30")["period_end"].min() == pd.Timestamp("2026-06-30")
    with pytest.raises(ValueError, match="start 2040-01-01: no known quarter"):
        summary.since(ledger, "2040-01-01")


@pytest.mark.parametrize(
    ("as_of", "day"),
    [("2026-10-31", "2025-09-05"), ("2025-09-06", "2025-09-05"), ("2025-09-05", "2024-09-05")],
)
def test_comparison_day(as_of: str, day: str) -> None:
    assert summary.comparison_day(as_of) == day


def test_last_twelve_months_goes_back_to_what_is_known(ledger: pd.DataFrame) -> None:
    table = summary.last_twelve_months(ledger, ["capex", "depreciation_amortisation"]).set_index("ticker")
    # Meta's depreciation of the quarter to June 2026 and Microsoft's since 2022 are not known.
    assert str(table.loc["META", "period_end"].date()) == "2026-03-31"
    assert str(table.loc["MSFT", "period_end"].date()) == "2022-09-30"
    assert table.loc["ORCL", "capex_12m"] == 12_033 + 18_635 + 16_493 + 28_499


def test_bridge_between_two_days() -> None:
    then, now = (tables.load("cash_flows", as_of=day) for day in ("2025-09-05", "2026-10-31"))
    bridge = summary.bridge_between(then, now, "company", list(ARTICLE_QUARTERS))
    assert list(bridge.index) == list(ARTICLE_QUARTERS)
    assert bridge["before"].sum() == 203_686
    assert bridge["after"].sum() == 121_808
    assert (bridge[COMPONENTS].sum(axis=1) == bridge["change"]).all()
    assert summary.bridge_between(then, now, "company", ["AAPL"])["change"].isna().all()


def test_amazon_spends_in_the_first_quarter(ledger: pd.DataFrame) -> None:
    counts = summary.season(ledger, "AMZN")
    assert counts.loc["Q1"].tolist() == [11, 12]
    assert counts.loc["Q4", "negative"] == 0


def test_lease_share(ledger: pd.DataFrame) -> None:
    share = summary.lease_share(ledger)
    assert share["cash_flows/AMZN/2018-12-31"] == pytest.approx(100 * 7_788 / 13_427)
    assert share["cash_flows/AMZN/2026-06-30"] < 1.2
    assert share[ledger["ticker"].astype(str) == "ORCL"].isna().all()


def test_verdicts_by_definition() -> None:
    table = summary.verdicts_by_definition(tables.load("cash_flows"), tables.load("financing"))
    assert table.loc["A14"].to_dict() == {
        "gross": "partly supported",
        "company": "supported",
        "after_leases": "supported",
        "after_stock_compensation": "supported",
    }
    assert table.loc["A15", "after_leases"] == "not testable"  # Oracle discloses no lease principal
