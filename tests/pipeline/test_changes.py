"""What differs between two builds."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from helpers.pipeline import changes, results
from tests.pipeline import notebooks as given


def document(as_of: str = "2026-10-31") -> dict[str, Any]:
    stated = {"status": "ok", "numbers": {"burned": dict(given.NUMBER)}, "claims": {"A11": dict(given.CLAIM)}}
    return {"schema": 1, "editions": {"latest": {"as_of": as_of, "notebooks": {"01_fcf_decline": stated}}}}


def stated(of: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = of["editions"]["latest"]["notebooks"]["01_fcf_decline"]
    return found


def test_the_same_results_differ_in_nothing_and_neither_do_last_bits() -> None:
    after = document()
    assert changes.between(document(), after).is_empty
    stated(after)["numbers"]["burned"]["value"] *= 1 + 1e-13
    assert changes.between(document(), after).is_empty


def test_a_verdict_that_turned_is_told_once() -> None:
    after = document()
    stated(after)["claims"]["A11"] |= {"verdict": "supported", "value": 2.0}
    found = changes.between(document(), after)
    assert [
        (one.id, one.before["verdict"], one.after["verdict"]) for one in found.verdicts if one.before and one.after
    ] == [("A11", "not supported", "supported")]
    assert found.claims == found.numbers == ()


def test_what_moved_what_is_new_and_what_is_gone() -> None:
    after = document()
    stated(after)["numbers"] = {"burned": {**given.NUMBER, "value": 13.0}, "new": given.NUMBER}
    stated(after)["claims"] = {}
    found = changes.between(document(), after)
    assert [(one.id, bool(one.before), bool(one.after)) for one in found.numbers] == [
        ("burned", True, True),
        ("new", False, True),
    ]
    assert [(one.id, one.after) for one in found.claims] == [("A11", None)]
    assert found.verdicts == ()


def test_a_known_value_that_became_unknown_and_another_unit_are_changes() -> None:
    for change in ({"value": None}, {"unit": "percent"}):
        after = copy.deepcopy(document())
        stated(after)["numbers"]["burned"] |= change
        assert len(changes.between(document(), after).numbers) == 1


def test_an_edition_that_was_not_built_now_is_left_out_and_another_day_is_told() -> None:
    before = document("2026-09-30")
    before["editions"]["article"] = copy.deepcopy(before["editions"]["latest"])
    found = changes.between(before, document())
    assert found.dates == (("latest", "2026-09-30", "2026-10-31"),)
    assert found.numbers == ()


def test_results_that_cannot_be_compared_with_are_as_if_there_were_none(tmp_path: Path) -> None:
    assert results.published(None) is None
    assert results.published(tmp_path) is None
    path = tmp_path / "results.json"
    for text in ("{", "[]", '{"editions": {}}', '{"schema": 0, "editions": {}}', '{"schema": 1, "editions": {"x": 1}}'):
        path.write_text(text)
        assert results.published(tmp_path) is None
    path.write_text(json.dumps(document()))
    assert results.published(tmp_path) == document()
