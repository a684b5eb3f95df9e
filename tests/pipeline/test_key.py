"""The key of a run changes with what its result depends on, and with nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.pipeline import integrity, key
from helpers.pipeline.errors import PipelineError
from helpers.pipeline.key import Keys, Uses
from tests.projects import Project, a_run

USES = Uses(("helpers", "helpers.units"), ("small",))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.add("one", "print(1)")
    (tmp_path / "requirements.txt").write_text("papermill==2.7.0\n")
    return project


def _parts(project: Project, uses: Uses = USES) -> dict[str, str]:
    return Keys(project.root).parts(a_run(project.root / "notebooks" / "one.ipynb"), uses)


def _changed(project: Project, before: dict[str, str]) -> set[str]:
    after = _parts(project)
    assert (key.of(before) == key.of(after)) == (before == after)
    return {name for name in before if before[name] != after[name]}


def test_code_tables_and_lock_each_change_their_part(project: Project) -> None:
    before = _parts(project)
    assert _changed(project, before) == set()
    project.add("one", "print(2)")
    assert _changed(project, before) == {"code"}
    project.add("one", "print(1)")
    project.write_table("a,b\n1,3\n")
    assert _changed(project, before) == {"table small"}
    project.write_table("a,b\n1,2\n")
    (project.root / "requirements.txt").write_text("papermill==2.8.0\n")
    assert _changed(project, before) == {"lock"}


def test_a_rule_of_the_descriptor_changes_the_table_it_describes(project: Project) -> None:
    before = _parts(project)
    path = project.root / "data" / "datapackage.json"
    document = json.loads(path.read_text())
    document["resources"][0]["grade"] = {"constant": "press"}
    path.write_text(json.dumps(document))
    assert _changed(project, before) == {"table small"}


def test_what_a_run_does_not_use_changes_nothing(project: Project) -> None:
    before = _parts(project, Uses(("helpers",), ()))
    project.write_table("a,b\n9,9\n")
    assert _parts(project, Uses(("helpers",), ())) == before
    assert not any(name.startswith("table") for name in before)


def test_a_new_table_changes_a_run_that_asked_which_there_are(project: Project) -> None:
    asks, does_not = Uses((), (), lists_tables=True), Uses((), ())
    before = _parts(project, asks), _parts(project, does_not)
    path = project.root / "data" / "datapackage.json"
    document = json.loads(path.read_text())
    document["resources"].append({**document["resources"][0], "name": "second"})
    path.write_text(json.dumps(document))
    after = _parts(project, asks), _parts(project, does_not)
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_parameters_change_the_key_and_their_order_does_not(project: Project) -> None:
    keys = Keys(project.root)
    run = a_run(project.root / "notebooks" / "one.ipynb", x=1)
    other = replace(run, parameters={**run.parameters, "x": 2})
    turned = replace(run, parameters=dict(reversed(run.parameters.items())))
    assert key.of(keys.known(run)) != key.of(keys.known(other))
    assert key.of(keys.known(run)) == key.of(keys.known(turned))


def test_a_file_that_is_handed_over_changes_the_key(project: Project) -> None:
    keys = Keys(project.root)
    run = a_run(project.root / "notebooks" / "one.ipynb")
    one, two = replace(run, files={"findings": "{}"}), replace(run, files={"findings": "{ }"})
    assert len({key.of(keys.known(each)) for each in (run, one, two)}) == 3


def test_outputs_ids_text_and_spaces_at_line_ends_change_nothing(project: Project) -> None:
    before = _parts(project)
    path = project.root / "notebooks" / "one.ipynb"
    document = json.loads(path.read_text())
    document["cells"][0]["source"] = "# Another question"
    document["cells"][-1].update(id="other", execution_count=7, source="print(1)  \n")
    path.write_text(json.dumps(document))
    assert _changed(project, before) == set()


def test_the_place_of_the_parameters_changes_the_key(project: Project) -> None:
    before = _parts(project)
    path = project.root / "notebooks" / "one.ipynb"
    document = json.loads(path.read_text())
    for cell in document["cells"]:
        cell["metadata"] = {}
    path.write_text(json.dumps(document))
    assert _changed(project, before) == {"code"}


def test_a_module_is_known_by_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "helpers"
    package.mkdir()
    monkeypatch.setattr(key, "_PACKAGE", package)
    (package / "__init__.py").write_text("")
    (package / "a.py").write_text("x = 1\n")
    before = Keys(tmp_path).module("helpers.a")
    (package / "a.py").write_text("x = 2\n")
    assert Keys(tmp_path).module("helpers.a") != before
    assert key.every_module() == ["helpers", "helpers.a"]
    assert Keys(tmp_path).module("helpers.b") == key.GONE


def test_the_diary_says_what_was_used() -> None:
    events = [
        {"event": "read", "name": "cash_flows", "sha256": "x"},
        {"event": "table", "name": "claims"},
        {"event": "names"},
        {"event": "modules", "names": ["helpers.units", "helpers"]},
    ]
    uses = Uses.of_journal(events)
    assert uses == Uses(("helpers", "helpers.units"), ("cash_flows", "claims"), lists_tables=True)
    assert Uses.from_document(json.loads(json.dumps(uses.document()))) == uses


def test_a_diary_cut_short_counts_every_module() -> None:
    for event in ({"event": "begin"}, {"event": "read", "name": "cash_flows"}):
        assert Uses.of_journal([event]).modules == tuple(key.every_module())
    assert Uses.of_journal([]) == Uses((), ())  # a notebook that imports nothing of ours writes no diary


def test_tables_that_are_not_those_described_are_refused(project: Project) -> None:
    integrity.check(project.root)
    table = project.root / "data" / "small.csv"
    table.write_text("a,b\n1,9\n")
    with pytest.raises(PipelineError, match=r"data/small.csv: differs from data/datapackage.json"):
        integrity.check(project.root)
    table.unlink()
    with pytest.raises(PipelineError, match=r"data/small.csv: No such file"):
        integrity.check(project.root)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"resources": [{}]}'])
def test_a_damaged_descriptor_is_refused(project: Project, text: str) -> None:
    (project.root / "data" / "datapackage.json").write_text(text)
    with pytest.raises(PipelineError, match="not a valid data package"):
        integrity.check(project.root)
