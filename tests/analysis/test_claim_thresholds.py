"""The ladders of the rules: their cut-offs give the verdicts of the rules, and the distances are to them."""

from __future__ import annotations

import pytest

from helpers.analysis import claim_thresholds as thresholds
from helpers.analysis.verdict import NOT_SUPPORTED, NOT_TESTABLE, PARTLY_SUPPORTED, SUPPORTED, Verdict
from tests.analysis.judged_claims import ARTICLE, LATEST, judged, load

LADDERS = thresholds.LADDERS
PURE = sorted(claim for claim, ladder in LADDERS.items() if ladder.pure)


@pytest.mark.parametrize("claim", PURE)
@pytest.mark.parametrize("day", [ARTICLE, LATEST])
def test_a_pure_ladder_gives_the_verdict_of_the_rule(day: str, claim: str) -> None:
    found = judged(day)[claim]
    if found.verdict == NOT_TESTABLE or found.value is None:
        assert found.verdict in (NOT_TESTABLE, NOT_SUPPORTED)
        return
    assert LADDERS[claim].verdict(found.value) == found.verdict


def test_most_pure_ladders_are_tried_on_a_verdict() -> None:
    tried = [claim for claim in PURE if any(judged(day)[claim].verdict != NOT_TESTABLE for day in (ARTICLE, LATEST))]
    assert len(tried) >= 0.9 * len(PURE) >= 20


def test_every_ladder_is_of_a_claim_and_ordered() -> None:
    assert set(LADDERS) <= set(load("claims", "")["claim_id"])
    for claim, ladder in LADDERS.items():
        if ladder.partly is not None:
            better, worse = (ladder.supported, ladder.partly)
            assert better <= worse if ladder.direction == thresholds.LOW else better >= worse, claim


@pytest.mark.parametrize(
    ("claim", "at_the_cut", "beyond"),
    [
        # The words of claims.csv: "under 5 percent ... 5-25 percent ... above 25 percent".
        ("A01", [(5.0, PARTLY_SUPPORTED), (25.0, PARTLY_SUPPORTED)], [(4.999, SUPPORTED), (25.001, NOT_SUPPORTED)]),
        # "at least doubled ... rose by less ... flat".
        ("A05", [(2.0, SUPPORTED), (1.0, NOT_SUPPORTED)], [(1.999, PARTLY_SUPPORTED)]),
        # "more than the whole fall, partly if more than half".
        ("A16", [(100.0, PARTLY_SUPPORTED), (50.0, NOT_SUPPORTED)], [(100.1, SUPPORTED)]),
        # "under 0.25, partly from 0.25 to 0.75, not supported above 0.75".
        ("A18", [(0.25, PARTLY_SUPPORTED), (0.75, PARTLY_SUPPORTED)], [(0.2499, SUPPORTED), (0.751, NOT_SUPPORTED)]),
        # "within 10 percent, partly within 20 percent" of 18 billion.
        ("A36", [(19_800, SUPPORTED), (14_400, PARTLY_SUPPORTED)], [(21_700, NOT_SUPPORTED)]),
        # "above 5 percent, partly 1-5, not supported below 1 percent".
        ("A65", [(5.0, PARTLY_SUPPORTED), (1.0, PARTLY_SUPPORTED)], [(5.1, SUPPORTED), (0.9, NOT_SUPPORTED)]),
        # "more than half, partly 20-50".
        ("A68", [(50.0, PARTLY_SUPPORTED), (20.0, PARTLY_SUPPORTED)], [(50.1, SUPPORTED), (19.9, NOT_SUPPORTED)]),
    ],
)
def test_cut_offs_are_those_of_the_rule(claim: str, at_the_cut: list, beyond: list) -> None:
    for value, expected in [*at_the_cut, *beyond]:
        assert LADDERS[claim].verdict(value) == expected, value


def one(claim: str, value: float, unit: str, verdict: str) -> dict:
    frame = thresholds.distances({claim: Verdict(verdict, value, unit, "for the test", ("r/1",))})
    assert len(frame) == 1
    return frame.iloc[0].to_dict()


def test_the_distance_is_to_the_nearest_cut_off() -> None:
    far = one("A01", 16.0, "percent", PARTLY_SUPPORTED)
    assert (far["cut"], far["change"], far["to"]) == (25.0, 9.0, NOT_SUPPORTED)
    assert far["percent"] == pytest.approx(56.25)
    near = one("A01", 6.0, "percent", PARTLY_SUPPORTED)
    assert (near["cut"], near["change"], near["to"]) == (5.0, -1.0, SUPPORTED)
    assert thresholds.change_in_words(near).startswith("down by 1.0")


def test_a_value_at_the_cut_off_has_no_distance_and_two_sides() -> None:
    at = one("A07", LADDERS["A07"].cuts[1], "percent", PARTLY_SUPPORTED)
    assert (at["change"], at["to"]) == (0.0, NOT_SUPPORTED)
    assert thresholds.change_in_words(at) == "at the cut-off"


def test_counts_move_by_whole_steps() -> None:
    turned = one("A15", 4.0, "firms", SUPPORTED)
    assert (turned["change"], turned["to"]) == (-1.0, PARTLY_SUPPORTED)
    assert thresholds.change_in_words(turned) == "1 fewer"
    two = one("A22", 2.0, "firms", PARTLY_SUPPORTED)
    assert (two["change"], two["to"]) == (-2.0, NOT_SUPPORTED)
    none = one("A61", 0.0, "suits", PARTLY_SUPPORTED)
    assert none["change"] == 2.0
    assert none["percent"] != none["percent"]  # no share of zero


def test_a_ladder_with_a_target_measures_the_distance_from_it() -> None:
    exact = one("A35", 61_500.0, "USD m", SUPPORTED)
    assert exact["matches"]
    assert abs(exact["change"]) == pytest.approx(615.0)
    assert exact["to"] == NOT_SUPPORTED
    # A44 measures the gap in per cent of the value: 300 is 16.7 per cent under 360, and 30 per cent under 428.6.
    seats = one("A44", 360.0, "USD m a year", SUPPORTED)
    assert seats["cut"] == pytest.approx(300 / 0.7)
    assert LADDERS["A44"].verdict(300 / 0.69) == NOT_SUPPORTED
    assert LADDERS["A44"].verdict(300 / 0.71) == SUPPORTED


@pytest.mark.parametrize("day", [ARTICLE, LATEST])
def test_just_beyond_the_cut_off_the_value_gives_the_other_verdict(day: str) -> None:
    table = thresholds.distances(judged(day))
    assert len(table) > 25
    for row in table[table["pure"].astype(bool)].to_dict("records"):
        assert row["to"] != row["verdict"], row["claim_id"]


def test_what_has_no_number_has_no_distance() -> None:
    assert thresholds.distances({"A17": judged(LATEST)["A17"], "A19": judged(LATEST)["A19"]}).empty
    assert thresholds.in_words("A17", "") == "as the rule says"
    assert thresholds.in_words("A12", "quarters").startswith(
        "supported at least 2\N{NARROW NO-BREAK SPACE}quarters, partly"
    )
    assert "1\N{NARROW NO-BREAK SPACE}quarter;" in thresholds.in_words("A12", "quarters")
    assert "besides: the month" in thresholds.in_words("A33", "USD m")
    assert thresholds.in_words("A36", "USD m").startswith("supported within 10.0")
