"""The rules on any day: each claim has one, and what turned a verdict is found by asking it on the days between."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import claim_rules as rules
from helpers.analysis import scorecard
from helpers.analysis.cash_flow_claims import ORACLE_DAYS
from helpers.analysis.verdict import NOT_SUPPORTED, PARTLY_SUPPORTED, SUPPORTED, Verdict
from tests.analysis.judged_claims import ARTICLE, LATEST, judged, load

CLAIMS = load("claims", "").set_index("claim_id")
DAYS = pd.date_range("2026-01-01", periods=20, freq="D")


def test_every_claim_but_the_sum_has_a_rule() -> None:
    without = [claim for claim, row in CLAIMS.iterrows() if rules.rule_of(claim, str(row["notebook"])) is None]
    assert without == [rules.SUM_OF_OTHERS]
    assert rules.rule_of("A11", "99_nothing") is None


def ids(*places: int) -> list[str]:
    return [f"table/{place}" for place in places]


KNOWN_FROM = pd.Series(DAYS, index=ids(*range(20)))


def made_up(turns_on: int):
    """Return a rule that is supported from one day on, and rests on all rows known by then."""

    def rule(_load: rules.Load, day: str) -> Verdict:
        known = KNOWN_FROM[pd.Timestamp(day) >= KNOWN_FROM].index
        verdict = SUPPORTED if pd.Timestamp(day) >= DAYS[turns_on] else NOT_SUPPORTED
        return Verdict(verdict, 1.0, "", "for the test", tuple(known))

    return rule


@pytest.mark.parametrize("turns_on", [1, 2, 7, 13, 19])
def test_the_day_and_the_row_that_turned_a_verdict_are_found(turns_on: int) -> None:
    found = rules.turning_point(
        made_up(turns_on), load, KNOWN_FROM, ("2026-01-01", NOT_SUPPORTED), ("2026-02-01", SUPPORTED)
    )
    assert found == rules.TurningPoint(f"{DAYS[turns_on]:%Y-%m-%d}", (f"table/{turns_on}",))


def test_a_rule_that_no_longer_gives_the_two_verdicts_has_no_turning_point() -> None:
    unknown = rules.TurningPoint("", ())
    ends = ("2026-01-01", NOT_SUPPORTED), ("2026-02-01", SUPPORTED)
    assert rules.turning_point(made_up(0), load, KNOWN_FROM, *ends) == unknown
    # It turns after the last row came: by the calendar, not by a row.
    assert rules.turning_point(made_up(19), load, KNOWN_FROM.iloc[:10], *ends) == unknown


def test_oracle_turned_on_the_day_of_its_release() -> None:
    used = sorted({*judged(ARTICLE)["A12"].rows, *judged(LATEST)["A12"].rows})
    known = tables.known_from("cash_flows")
    found = rules.turning_point(
        rules.rule_of("A12", "01_fcf_decline"), load, known[known.index.isin(used)],
        (ARTICLE, PARTLY_SUPPORTED), (LATEST, SUPPORTED),
    )  # fmt: skip
    assert found == rules.TurningPoint(ORACLE_DAYS[1], ("cash_flows/ORCL/2025-08-31",))


def test_what_moved_is_told_with_its_value_and_source() -> None:
    card = scorecard.scorecard(load("claims", ""), judged(ARTICLE), judged(LATEST))
    some = scorecard.moved(card)
    some = some[some["claim_id"].isin(["A12", "A66"])]
    table = rules.turning_points(
        some, (ARTICLE, judged(ARTICLE)), (LATEST, judged(LATEST)), load, tables.known_from
    ).set_index("claim_id")
    assert table.loc["A12", "decided_by"] == "Oracle, 2025-08-31, operating cash flow $8.1bn, capex $8.5bn"
    assert table.loc["A66", "decided_by"] == "Anthropic, revenue $4.6bn, December 2025"
    sources = set(load("sources", "")["source_id"])
    assert {source for cell in table["sources"] for source in cell.split(";")} <= sources


def test_what_turned_a_verdict_is_told_in_a_line() -> None:
    row = {"claim_id": "A12", "then": PARTLY_SUPPORTED, "now": SUPPORTED, "day": "2025-09-09", "decided_by": "Oracle",
           "sources": "X;Y", "rows": "cash_flows/ORCL/2025-08-31"}  # fmt: skip
    lost = {**row, "day": "", "decided_by": "", "sources": "", "rows": ""}
    assert rules.turned_in_words(pd.DataFrame([row, lost])).splitlines() == [
        "- **A12**, partly supported to supported: on 2025-09-09 came Oracle (source: X, Y).",
        "- **A12**, partly supported to supported: on a day that could not be found no single row decided.",
    ]
    assert rules.turned_in_words(pd.DataFrame([row]).iloc[:0]) == ""


def test_rows_are_described_and_long_lists_cut() -> None:
    rows = list(load("stock_prices", "").index[:5])
    told = rules.decided_by(rows, load, most=2)
    assert [label for label, _, _ in told] == rows[:2]
    assert told[0][1] == "Amazon, 1997-05-30, close $0.07"
    assert rules.row_in_words({"company": "x"}, "no such table") == ""
