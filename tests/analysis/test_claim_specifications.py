"""The rules asked again: the rule's own choice first, alternatives real, untestable ones not counted."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers.analysis import claim_specifications as specifications
from helpers.analysis.verdict import NOT_SUPPORTED, NOT_TESTABLE, PARTLY_SUPPORTED, SUPPORTED, VERDICTS
from tests.analysis.judged_claims import ARTICLE, LATEST, judged, load

CLAIMS = load("claims", "")


@pytest.fixture(scope="module", params=[ARTICLE, LATEST])
def asked(request: pytest.FixtureRequest) -> tuple[str, pd.DataFrame]:
    day = request.param
    return day, specifications.specifications(load, day, judged(day), CLAIMS)


def test_the_rules_own_choice_comes_first_and_has_its_verdict(asked: tuple[str, pd.DataFrame]) -> None:
    day, table = asked
    for claim, part in table.groupby("claim_id", sort=False):
        assert part["own"].tolist() == [True] + [False] * (len(part) - 1)
        assert len(part) > 1
        assert part["verdict"].iloc[0] == judged(day)[claim].verdict
        assert not part["choice"].duplicated().any(), claim


def test_what_cannot_be_asked_is_not_counted(asked: tuple[str, pd.DataFrame]) -> None:
    _, table = asked
    assert NOT_TESTABLE not in set(table["verdict"])
    assert set(table["verdict"]) <= set(VERDICTS)
    assert (table["holds"] == (table["verdict"] == table.groupby("claim_id")["verdict"].transform("first"))).all()


def verdict_of(table: pd.DataFrame, claim: str, words: str) -> str:
    found = table[(table["claim_id"] == claim) & table["choice"].str.contains(words, regex=False)]
    assert len(found) == 1, found
    return str(found["verdict"].iloc[0])


def test_definitions_and_denominators_that_turn_a_verdict() -> None:
    table = specifications.specifications(load, LATEST, judged(LATEST), CLAIMS)
    assert verdict_of(table, "A02", "less pay in shares") == SUPPORTED
    assert verdict_of(table, "A14", "operating cash flow less purchases") == PARTLY_SUPPORTED
    assert verdict_of(table, "A09", "Amazon alone") == SUPPORTED
    assert verdict_of(table, "A46", "web visits alone") == SUPPORTED
    assert verdict_of(table, "A68", "model makers alone") == SUPPORTED
    assert verdict_of(table, "A68", "builders alone") == NOT_SUPPORTED
    assert "A11" not in set(table["claim_id"])


def test_claims_nobody_judged_are_left_out() -> None:
    only = {"A02": judged(LATEST)["A02"], "A17": judged(LATEST)["A17"]}
    table = specifications.specifications(load, LATEST, only, CLAIMS)
    assert set(table["claim_id"]) == {"A02"}
    assert specifications.specifications(load, LATEST, {}, CLAIMS).empty


def test_an_assumption_is_pinned_at_its_end_and_no_other() -> None:
    assumptions = load("assumptions", LATEST)
    name = str(assumptions["id"].iloc[0])
    pinned = specifications._pin(assumptions, name, "low").set_index("id")
    before = assumptions.set_index("id")
    assert pinned.loc[name, "mode"] == before.loc[name, "low"]
    others = [one for one in before.index if one != name]
    assert pinned.loc[others, "mode"].tolist() == before.loc[others, "mode"].tolist()


def test_shares_count_what_holds_least_robust_first() -> None:
    table = pd.DataFrame(
        [
            ("A01", "", "own", SUPPORTED, True, True),
            ("A01", "scope", "x", SUPPORTED, False, True),
            ("A02", "", "own", SUPPORTED, True, True),
            ("A02", "scope", "x", NOT_SUPPORTED, False, False),
            ("A02", "scope", "y", NOT_SUPPORTED, False, False),
            ("A02", "scope", "z", PARTLY_SUPPORTED, False, False),
        ],
        columns=["claim_id", "kind", "choice", "verdict", "own", "holds"],
    )
    shares = specifications.shares(table)
    assert shares["claim_id"].tolist() == ["A02", "A01"]
    assert shares["percent"].tolist() == [25.0, 100.0]
    assert shares["otherwise"].tolist() == ["2 not supported, 1 partly supported", ""]
    assert specifications.shares(table.iloc[:0]).empty
