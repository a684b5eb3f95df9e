"""What the notebook reads from the ledger."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import cash_flow_summary as summary
from helpers.analysis.cash_flow_evidence import ARTICLE_QUARTERS
from helpers.analysis.free_cash_flow import COMPONENTS, cash_ledger, sign_grid
from helpers.analysis.verdict import Verdict


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


def test_last_ends(ledger: pd.DataFrame) -> None:
    assert summary.last_ends(ledger, "AMZN", 2) == ["2026-03-31", "2026-06-30"]
    assert summary.last_ends(ledger, "ORCL", 2, "Q4") == ["2025-05-31", "2026-05-31"]
    assert summary.last_ends(ledger.iloc[:0], "ORCL", 2) == []


def test_year_change_is_this_year_less_the_year_before(ledger: pd.DataFrame) -> None:
    article = summary.year_change(ledger, "operating_cash_flow", ARTICLE_QUARTERS)
    assert article.value == 85_473
    assert len(article.rows) == 40
    assert summary.year_change(ledger, "capex", {"AAPL": "2026-06-27"}).value is None


def test_group_total_and_shares() -> None:
    change = pd.DataFrame({"change": [1.0, 2.0], "rows": [("a/1",), ("a/2",)]})
    assert summary.group_total(change, "change") == summary.Flow(3.0, ("a/1", "a/2"))
    assert summary.group_total(change.assign(change=[1.0, None]), "change").value is None
    ten, four, debt = summary.Flow(10.0), summary.Flow(4.0), summary.Flow(-4.0)
    assert summary.percent_change(ten, four) == -60
    assert summary.percent_change(debt, four) is None
    assert summary.share(four, ten) == 40
    assert summary.share(four, debt) is None
    assert summary.share(summary.Flow(None), ten) is None


def test_names() -> None:
    assert summary.names([]) == "none"
    assert summary.names(["AMZN"]) == "Amazon"
    assert summary.names(["AMZN", "ORCL", "META"]) == "Amazon, Oracle and Meta"


def test_who_is_below_zero_and_who_is_not_known() -> None:
    grid = sign_grid(tables.load("cash_flows", as_of="2026-10-31"))
    assert set(summary.negative_in_all(grid, "company")) == {"AMZN", "CRWV", "ORCL"}
    assert summary.not_known(grid, "company") == ["AAPL"]
    assert set(summary.not_known(grid, "after_leases")) == {"AAPL", "CRWV", "NVDA", "ORCL"}


def test_what_is_only_stated() -> None:
    only = summary.stated_only(tables.load("cash_flows"), "company")
    assert only.to_dict() == {"cash_flows/AAPL/2026-03-28": 26_731, "cash_flows/AAPL/2026-06-27": 31_914}


def test_readings_of_the_quarter_that_decides(ledger: pd.DataFrame) -> None:
    values = [one.value for one in summary.readings(ledger, "2025-06-30").values()]
    assert values == [1_147, 332, 658, -157, -5_387]
    assert summary.readings(ledger, "2025-06-30")["gross purchases"].rows == ("cash_flows/AMZN/2025-06-30",)
    assert all(one.value is None for one in summary.readings(ledger, "2030-06-30").values())


def test_definitions_are_told_once_each() -> None:
    table = summary.definition_table()
    assert table["firms"].tolist() == ["Amazon", "Microsoft, Alphabet, Oracle, NVIDIA, CoreWeave and Apple", "Meta"]


def test_net_income_beyond_operations(ledger: pd.DataFrame) -> None:
    beyond = summary.beyond_operations(summary.last_twelve_months(ledger, ["net_income", "operating_income"]))
    assert beyond["ticker"].tolist() == ["GOOGL", "AMZN"]
    assert beyond["excess"].tolist() == [96_577, 41_569]


def test_depreciation_wall_is_ordered(ledger: pd.DataFrame) -> None:
    wall = summary.depreciation_wall(ledger)
    assert wall["ratio"].is_monotonic_decreasing
    assert wall.iloc[0][["ticker", "gap"]].tolist() == ["ORCL", 64_780]


def test_quarters_above_the_line(ledger: pd.DataFrame) -> None:
    above = summary.quarters_above(ledger).set_index("ticker")
    assert above.loc["ORCL", "quarters"] == len(above.loc["ORCL", "rows"]) == 6
    assert str(above.loc["ORCL", "first"].date()) == "2025-05-31"
    assert summary.quarters_above(ledger, 1e6).empty


def test_turning_claims_leave_out_what_is_not_testable() -> None:
    table = pd.DataFrame(
        {"gross": ["supported", "supported"], "company": ["not testable", "not supported"]}, index=["A15", "A14"]
    )
    assert summary.turning_claims(table) == ["A14"]


def test_rows_and_slugs(ledger: pd.DataFrame) -> None:
    assert summary.rows_behind(ledger, "cash_flows/ORCL/2025-08-31", 2) == (
        "cash_flows/ORCL/2025-05-31",
        "cash_flows/ORCL/2025-08-31",
    )
    assert summary.rows_of_year(ledger, ["META"])[-1] == "cash_flows/META/2026-06-30"
    assert summary.slug("cash_flows/AAPL/2026-03-28") == "aapl_2026_03_28"
    assert summary.with_names(ledger.tail(1))["firm"].tolist() == ["Oracle"]


def test_verdict_table() -> None:
    verdicts = {"2025-09-08": Verdict("supported", 1.0, "quarters", "Because.")}
    assert summary.verdict_table(verdicts, "known on").to_dict("records") == [
        {"known on": "2025-09-08", "verdict": "supported", "reason": "Because."}
    ]
