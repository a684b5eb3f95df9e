"""The golden file and the machinery that compares with it; the comparison itself is in the end-to-end test."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from helpers.pipeline.errors import PipelineError
from tests.golden import results as golden
from tests.pipeline import notebooks as given
from tests.pipeline.results_files import write_reports


@pytest.fixture
def kept() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(golden.GOLDEN.read_text(encoding="utf-8"))
    return content


def entry(document: dict[str, Any], tolerance: str, kind: str = "numbers") -> dict[str, Any]:
    """Return the first known value of a tolerance."""
    return next(
        one
        for edition in document["editions"].values()
        for notebook in edition["notebooks"].values()
        for one in notebook[kind].values()
        if one["tolerance"] == tolerance and one["value"]
    )


def test_every_entry_names_a_tolerance_and_both_editions_are_there(kept: dict[str, Any]) -> None:
    assert sorted(kept["editions"]) == ["article", "latest"]
    for edition in kept["editions"].values():
        for notebook in edition["notebooks"].values():
            for one in [*notebook["numbers"].values(), *notebook["claims"].values()]:
                assert one["tolerance"] in golden.TOLERANCES
    assert golden.text(kept) == golden.GOLDEN.read_text(encoding="utf-8")


def test_the_changelog_says_why_the_golden_file_is_as_it_is(kept: dict[str, Any], root: Path) -> None:
    """A change of the golden file needs a line of CHANGELOG.md: the writer puts the same words in both."""
    # The last reason: a golden file written later needs a later line.
    assert kept["because"] == golden.reasons((root / "CHANGELOG.md").read_text(encoding="utf-8"))[-1]


@pytest.mark.parametrize("name", golden.TOLERANCES)
def test_a_number_may_move_as_far_as_its_tolerance_and_no_further(kept: dict[str, Any], name: str) -> None:
    relative, absolute = golden.TOLERANCES[name]
    before = entry(kept, name)
    step = max(relative * abs(before["value"]), absolute)
    for factor, is_same in ((0.5, True), (3.0, False), (-0.5, True), (-3.0, False)):
        assert golden.is_close(before, {**before, "value": before["value"] + factor * step}) is is_same
    assert not golden.is_close(before, {**before, "value": None})
    assert not golden.is_close(before, {**before, "unit": "parsecs"})


def test_a_turned_verdict_and_a_moved_number_are_named_with_the_way_to_accept_them(kept: dict[str, Any]) -> None:
    found = copy.deepcopy(kept)
    latest = found["editions"]["latest"]["notebooks"]["01_fcf_decline"]
    latest["claims"]["A12"]["verdict"] = "not testable"
    latest["numbers"]["group_fcf_12m"]["value"] *= 1.01
    del latest["numbers"]["group_capex_12m"]
    assert golden.message(golden.differences(kept, kept)) == ""
    told = golden.message(golden.differences(kept, found))
    assert "verdict latest/01_fcf_decline/A12: supported, 2 quarters → not testable, 2 quarters" in told
    assert "number latest/01_fcf_decline/group_fcf_12m: " in told
    assert "group_capex_12m: 586363 USD m ($586.4bn) → not there" in told
    assert "tests.golden.results --write --because" in told
    assert "CHANGELOG.md" in told


def test_another_day_of_knowledge_is_named(kept: dict[str, Any]) -> None:
    found = copy.deepcopy(kept)
    found["editions"]["latest"]["as_of"] = "2026-11-30"
    assert "latest: as of 2026-11-30, not 2026-10-31" in golden.message(golden.differences(kept, found))


def test_draws_make_a_simulation_of_what_is_no_plain_sum(tmp_path: Path, root: Path) -> None:
    cells = {
        "drawn": ({**given.NUMBER, "grade": "scenario"}, 'number("drawn", simulate(draws, seed), "USD m")'),
        "assumed": ({**given.NUMBER, "grade": "scenario"}, 'number("assumed", share * 2, "USD m")'),
        "summed": (given.NUMBER, 'number("summed", simulate(draws, seed), "USD m")'),
    }
    notebook = given.executed(*(given.said("Said.", {id: one}) for id, (one, _) in cells.items()))
    for cell, (_, source) in zip(notebook.cells[3:], cells.values(), strict=True):
        cell.source = source
    reports = write_reports(tmp_path, {"02_chatgpt_revenue": notebook})
    document = json.loads((reports / "results.json").read_text())
    kept = golden.golden_of(document, reports, root)["editions"]["latest"]["notebooks"]["02_chatgpt_revenue"]
    found = {id: one["tolerance"] for id, one in kept["numbers"].items()}
    assert found == {"drawn": "simulation", "assumed": "estimate", "summed": "exact"}


def test_a_stale_build_is_no_golden_one(tmp_path: Path, root: Path) -> None:
    reports = write_reports(tmp_path, {"01_fcf_decline": given.executed()}, status="stale")
    document = json.loads((reports / "results.json").read_text())
    with pytest.raises(PipelineError, match="latest/01_fcf_decline is stale"):
        golden.golden_of(document, reports, root)


def test_a_reason_is_logged_last_in_the_newest_list() -> None:
    log = "# Changelog\n\n## 0.2.0\n\n### Results\n\n- old\n\n## 0.1.0\n\n### Results\n\n- first\n"
    logged = golden.logged(log, "Amazon restated")
    assert logged.startswith("# Changelog\n\n## 0.2.0\n\n### Results\n\n- old\n- Amazon restated\n\n## 0.1.0\n")
    assert golden.reasons(logged) == ["old", "Amazon restated", "first"]
    with pytest.raises(PipelineError, match="no section"):
        golden.logged("# Changelog\n", "x")
