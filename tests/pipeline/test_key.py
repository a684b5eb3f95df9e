"""The key of a run changes with what its result depends on, and with nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.pipeline import integrity, key
from helpers.pipeline.errors import PipelineError
from tests.projects import Project, a_run


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.add("one", "print(1)")
    (tmp_path / "requirements.txt").write_text("papermill==2.7.0\n")
    return project


def _parts(project: Project) -> dict[str, str]:
    run = a_run(project.root / "notebooks" / "one.ipynb")
    return key.parts(run, key.shared(project.root))


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
    assert _changed(project, before) == {"tables"}
    project.write_table("a,b\n1,2\n")
    (project.root / "requirements.txt").write_text("papermill==2.8.0\n")
    assert _changed(project, before) == {"lock"}


def test_parameters_change_the_key_and_their_order_does_not(project: Project) -> None:
    common = key.shared(project.root)
    run = a_run(project.root / "notebooks" / "one.ipynb", x=1)
    other = replace(run, parameters={**run.parameters, "x": 2})
    turned = replace(run, parameters=dict(reversed(run.parameters.items())))
    assert key.of(key.parts(run, common)) != key.of(key.parts(other, common))
    assert key.of(key.parts(run, common)) == key.of(key.parts(turned, common))


def test_outputs_ids_and_spaces_at_line_ends_change_nothing(project: Project) -> None:
    before = _parts(project)
    path = project.root / "notebooks" / "one.ipynb"
    document = json.loads(path.read_text())
    document["cells"][-1].update(id="other", execution_count=7, source="print(1)  \n")
    path.write_text(json.dumps(document))
    assert _changed(project, before) == set()


def test_a_changed_helper_changes_the_key(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    before = key._files(tmp_path, "**/*.py")
    (tmp_path / "a.py").write_text("x = 2\n")
    changed = key._files(tmp_path, "**/*.py")
    (tmp_path / "b.py").write_text("")
    assert len({before, changed, key._files(tmp_path, "**/*.py")}) == 3


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
