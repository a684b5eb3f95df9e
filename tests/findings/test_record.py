"""Numbers and claims: evidence follows from the rows, and what nobody could check is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers import tables
from helpers.findings import record, schema
from helpers.findings.record import make_claim, number

AMAZON = "cash_flows/AMZN/2025-06-30"


@pytest.fixture(autouse=True)
def _nothing_pending() -> Iterator[None]:
    record.take_pending()
    yield
    record.take_pending()


def row_of_grade(table: str, grade: str) -> str:
    grades = tables.grades(list(tables.load(table).index))
    return next(row for row, found in grades.items() if found == grade)


def test_grade_is_that_of_the_weakest_row() -> None:
    leaked = row_of_grade("vendor_metrics", "press")
    assert number("one", 1.0, "USD m", rows=[AMAZON]).grade == "filed"
    assert number("two", 1.0, "USD m", rows=[AMAZON, leaked]).grade == "press"


def test_an_assumption_makes_a_scenario_and_must_exist() -> None:
    known = tables.load("assumptions")["id"].iloc[0]
    assert number("one", 1.0, "USD m", rows=[AMAZON], assumptions=[known]).grade == "scenario"
    with pytest.raises(KeyError, match="no_such_assumption"):
        number("two", 1.0, "USD m", rows=[AMAZON], assumptions=["no_such_assumption"])


def test_an_estimate_of_ours_is_never_better_than_estimated() -> None:
    assert number("one", 1.0, "percent", rows=[AMAZON], estimated=True).grade == "estimated"


def test_a_frame_is_traced_by_its_index_each_row_once() -> None:
    cash_flows = tables.load("cash_flows").loc[[AMAZON, AMAZON]]
    assert number("one", 1.0, "USD m", rows=cash_flows).rows == (AMAZON,)
    assert number("two", 1.0, "USD m", rows=cash_flows["revenue"]).rows == (AMAZON,)


def test_a_frame_without_row_ids_is_refused() -> None:
    with pytest.raises(TypeError, match="row id"):
        number("one", 1.0, "USD m", rows=tables.load("cash_flows").reset_index(drop=True))


def test_an_unknown_row_is_named() -> None:
    with pytest.raises(KeyError, match="cash_flows/AMZN/1066-10-14"):
        number("one", 1.0, "USD m", rows=["cash_flows/AMZN/1066-10-14"])


def test_a_known_value_needs_something_to_check_an_unknown_one_does_not() -> None:
    with pytest.raises(ValueError, match="neither rows nor assumptions"):
        number("one", 1.0, "USD m")
    unknown = number("two", float("nan"), "USD m")
    assert (unknown.value, unknown.grade, unknown.text) == (None, None, "unknown")
    assert f"{number('three', None, 'USD m', rows=[AMAZON])}" == (
        '<span class="stated" data-number="three">unknown</span>'
    )


def test_infinity_and_malformed_ids_are_refused() -> None:
    with pytest.raises(ValueError, match="infinite"):
        number("one", float("inf"), "USD m", rows=[AMAZON])
    with pytest.raises(ValueError, match="lower-case"):
        number("Not An Id", 1.0, "USD m", rows=[AMAZON])


def test_an_f_string_shows_value_and_grade_on_one_line() -> None:
    stated = number("one", -7604.0, "USD m", rows=[AMAZON])
    assert stated.text == "−$7.6bn"
    assert f"{stated:plain}" == '<span class="stated" data-number="one">−$7.6bn</span>'
    assert f"{stated}" == (
        '<span class="stated" data-number="one">−$7.6bn<sup class="grade grade-filed" '
        'title="a regulator&#x27;s filing, official statistics or market data">filed</sup></span>'
    )
    assert f"{stated:.0f}".startswith('<span class="stated" data-number="one">-7604<sup')


def test_what_is_pending_is_taken_once() -> None:
    stated = number("one", 1.0, "USD m", rows=[AMAZON])
    assert record.take_pending() == [stated]
    assert record.take_pending() == []


def test_the_document_has_what_results_json_promises() -> None:
    stated = number("one", 3, "quarters", rows=[AMAZON])
    assert record.bundle([stated])[schema.FINDINGS_MIME]["numbers"] == {
        "one": {
            "value": 3.0,
            "unit": "quarters",
            "grade": "filed",
            "rows": [AMAZON],
            "assumptions": [],
            "estimated": False,
        }
    }
    estimate = number("two", 3, "quarters", rows=[AMAZON], estimated=True)
    assert record.bundle([estimate])[schema.FINDINGS_MIME]["numbers"]["two"]["estimated"] is True


@pytest.mark.parametrize(
    ("id", "verdict", "reason", "rows", "message"),
    [
        ("A99", "supported", "Because.", [AMAZON], "unknown claim 'A99'"),
        ("A11", "true", "Because.", [AMAZON], "unknown verdict 'true'"),
        ("A11", "supported", "  ", [AMAZON], "needs the reason"),
        ("A11", "supported", "Because.", [], "rests on no row"),
    ],
)
def test_a_claim_nobody_could_check_is_refused(
    id: str, verdict: str, reason: str, rows: list[str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_claim(id, verdict, 1.0, "USD m", reason, rows)


def test_a_claim_that_cannot_be_tested_needs_no_row() -> None:
    claim = make_claim("A17", "not testable", None, "USD", "No table holds pay offers.")
    assert claim.document()["verdict"] == "not testable"
    assert claim.document()["grade"] is None


@pytest.mark.parametrize(
    ("grades", "weakest"),
    [(["filed", "reported"], "reported"), (["scenario", "filed"], "scenario"), ([], None)],
)
def test_weakest(grades: list[str], weakest: str | None) -> None:
    assert schema.weakest(grades) == weakest


def test_an_unknown_grade_is_an_error() -> None:
    with pytest.raises(ValueError, match="hearsay"):
        schema.weakest(["filed", "hearsay"])
