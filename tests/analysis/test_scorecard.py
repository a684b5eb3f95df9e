"""The scorecard: exactly one verdict a claim and date, nothing from the future, every fault named."""

from __future__ import annotations

import copy

import pandas as pd
import pytest

from helpers.analysis import scorecard as scores
from helpers.analysis.verdict import NOT_SUPPORTED, NOT_TESTABLE, PARTLY_SUPPORTED, SUPPORTED, VERDICTS, Verdict
from tests.analysis.judged_claims import ARTICLE, LATEST, document, judged, load

CLAIMS = load("claims", "")


@pytest.fixture(scope="module")
def findings() -> dict:
    return document(on_2025_09_05=judged(ARTICLE), on_2026_10_31=judged(LATEST))


def test_every_claim_ends_with_exactly_one_verdict_at_each_date(findings: dict) -> None:
    assert scores.faults(findings, CLAIMS).empty
    scores.require_complete(findings, CLAIMS)


def test_a_missing_a_double_and_a_foreign_verdict_are_found(findings: dict) -> None:
    broken = copy.deepcopy(findings)
    notebooks = broken["editions"]["on_2025_09_05"]["notebooks"]
    a11 = notebooks["01_fcf_decline"]["claims"].pop("A11")
    notebooks["05_funding_dependence"]["claims"]["A12"] = a11
    notebooks["05_funding_dependence"]["claims"]["A99"] = a11
    found = set(scores.faults(broken, CLAIMS)[["claim_id", "fault"]].itertuples(index=False, name=None))
    assert found == {
        ("A11", scores.MISSING),
        ("A12", scores.DOUBLE),
        ("A12", scores.WRONG_NOTEBOOK),
        ("A99", scores.UNKNOWN_CLAIM),
    }
    with pytest.raises(ValueError, match=r"on_2025_09_05/01_fcf_decline: A11: no verdict"):
        scores.require_complete(broken, CLAIMS)
    # Nobody could say which of the two counts.
    assert "A12" not in scores.editions(broken, LATEST)[0].verdicts


def test_silence_and_unknown_words_are_faults(findings: dict) -> None:
    broken = copy.deepcopy(findings)
    claims = broken["editions"]["on_2026_10_31"]["notebooks"]["01_fcf_decline"]["claims"]
    claims["A17"]["reason"] = "It cannot be said."
    claims["A02"]["verdict"] = "perhaps"
    found = scores.faults(broken, CLAIMS)
    assert found[["claim_id", "fault"]].to_numpy().tolist() == [
        ["A02", scores.UNKNOWN_VERDICT],
        ["A17", scores.NAMES_NOTHING],
    ]


def test_a_notebook_that_is_not_there_yet_can_be_left_out(findings: dict) -> None:
    others = copy.deepcopy(findings)
    for edition in others["editions"].values():
        del edition["notebooks"][scores.OWN_NOTEBOOK]
    assert scores.faults(others, CLAIMS, without=[scores.OWN_NOTEBOOK]).empty
    assert set(scores.faults(others, CLAIMS)["claim_id"]) == {"A08", "A57", "A67", "A68", "A69"}


def test_no_edition_comes_from_the_future(findings: dict) -> None:
    assert [edition.as_of for edition in scores.editions(findings, LATEST)] == [ARTICLE, LATEST]
    assert [edition.as_of for edition in scores.editions(findings, "2026-10-30")] == [ARTICLE]
    assert scores.editions(findings, "2024-03-31") == []
    assert scores.editions({}, LATEST) == []


def test_an_edition_holds_what_was_published_but_not_its_own(findings: dict) -> None:
    edition = scores.editions(findings, LATEST)[1]
    assert len(edition.verdicts) == len(CLAIMS) - 5
    assert "A67" not in edition.verdicts
    original = judged(LATEST)
    assert all(original[claim] == one for claim, one in edition.verdicts.items())
    assert set(edition.grades.values()) == {"filed"}


def test_missing_fields_and_notebooks_are_borne() -> None:
    sparse = {"editions": {"x": {"as_of": ARTICLE, "notebooks": {"01_fcf_decline": {"status": "failed"}, "02": {
        "claims": {"A39": {"verdict": SUPPORTED, "reason": "so"}}}}}}}  # fmt: skip
    edition = scores.editions(sparse, LATEST)[0]
    assert edition.verdicts == {"A39": Verdict(SUPPORTED, None, "", "so")}
    assert edition.notebooks == ("01_fcf_decline", "02")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (SUPPORTED, SUPPORTED, scores.SAME),
        (NOT_SUPPORTED, SUPPORTED, scores.STRONGER),
        (SUPPORTED, PARTLY_SUPPORTED, scores.WEAKER),
        (NOT_TESTABLE, NOT_SUPPORTED, scores.TESTABLE_NOW),
        (PARTLY_SUPPORTED, NOT_TESTABLE, scores.UNTESTABLE_NOW),
        (NOT_TESTABLE, NOT_TESTABLE, scores.SAME),
        (None, SUPPORTED, scores.ONE_DATE),
        (SUPPORTED, None, scores.ONE_DATE),
    ],
)
def test_change_is_a_glyph_and_a_word(before: str | None, after: str | None, expected: str) -> None:
    assert scores.change(before, after) == expected
    assert expected == scores.ONE_DATE or len(expected.split(" ", 1)) == 2


def test_the_card_has_every_claim_in_the_order_of_the_article() -> None:
    card = scores.scorecard(CLAIMS, judged(ARTICLE), judged(LATEST))
    assert card.index.tolist() == CLAIMS.index.tolist()
    assert card["then"].isin(VERDICTS).all()
    assert card["now"].isin(VERDICTS).all()
    assert card.loc["claims/A12", ["then", "now", "change"]].tolist() == [PARTLY_SUPPORTED, SUPPORTED, scores.STRONGER]
    assert card.loc["claims/A12", ["value_then", "value_now"]].tolist() == [1, 2]
    assert set(scores.moved(card)["claim_id"]) >= {"A12", "A39", "A66"}
    assert (scores.moved(card)["change"] != scores.SAME).all()


def test_an_unknown_verdict_is_counted_as_unknown() -> None:
    card = scores.scorecard(CLAIMS, {"A01": judged(ARTICLE)["A01"]})
    assert card["now"].isna().all()
    whole = scores.counts(card, "then").iloc[0]
    assert (whole[PARTLY_SUPPORTED], whole[scores.UNKNOWN]) == (1, 68)
    assert scores.moved(card).empty


def test_counts_by_section_sum_to_the_claims() -> None:
    card = scores.scorecard(CLAIMS, judged(ARTICLE), judged(LATEST))
    table = scores.counts(card, "now", "section")
    assert table.to_numpy().sum() == 69
    assert list(table.index) == list(dict.fromkeys(CLAIMS["section"].astype(str)))
    assert table[scores.UNKNOWN].sum() == 0
    pd.testing.assert_series_equal(table.sum(), scores.counts(card, "now").iloc[0], check_names=False)
