"""A run and its outcome on their way between two machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.pipeline import parcel
from helpers.pipeline.outcome import Failure, Outcome
from helpers.pipeline.plan import Run
from tests.projects import write_notebook


def _run(root: Path) -> Run:
    path = write_notebook(root / "notebooks" / "sweeps" / "änderung.ipynb", "1")
    parameters: dict[str, object] = {"as_of": "2025-09-05", "tickers": ["AMZN"], "share": 0.25, "n": 3, "on": True}
    return Run("one", "latest", parameters, path, 12.5, 700, True, {"findings": '{"a": 1}'})


def test_a_run_arrives_as_it_was_sent_in_another_folder(tmp_path: Path) -> None:
    run = _run(tmp_path / "here")
    there = parcel.to_run(parcel.of_run(run, tmp_path / "here"), tmp_path / "there")
    assert there.path == tmp_path / "there" / "notebooks" / "sweeps" / "änderung.ipynb"
    assert there.path.read_bytes() == run.path.read_bytes()
    assert (there.name, there.parameters, there.seconds_limit, there.memory_limit_mb) == (
        run.name, run.parameters, 12.5, 700,
    )  # fmt: skip
    assert (there.reads_findings, there.files) == (True, run.files)
    assert str(tmp_path) not in parcel.of_run(run, tmp_path / "here").decode()


def test_a_notebook_outside_the_project_gets_a_place_in_it(tmp_path: Path) -> None:
    sent = parcel.of_run(_run(tmp_path / "here"), tmp_path / "elsewhere")
    assert parcel.to_run(sent, tmp_path / "there").path.parent == tmp_path / "there" / "notebooks"


@pytest.mark.parametrize("place", ["/etc/x.ipynb", "../x.ipynb", "notebooks/../../x.ipynb"])
def test_nothing_is_written_outside_the_folder(tmp_path: Path, place: str) -> None:
    document = json.loads(parcel.of_run(_run(tmp_path / "here"), tmp_path / "here"))
    with pytest.raises(ValueError, match="must be below the project's folder"):
        parcel.to_run(json.dumps({**document, "path": place}).encode(), tmp_path / "a" / "there")
    assert not (tmp_path / "a").exists()


def test_an_outcome_returns_with_our_run_our_key_and_our_paths(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    run = _run(here)
    text = f'{{"says": "{there}/notebooks – {Path.home()}"}}'
    failure = Failure("ValueError", f"in {there}", 3, "1/0", f"File {there}/x.py")
    sent = Outcome(_run(there), "failed", 1.5, 99.0, "", failure, text, [{"event": "table", "name": "claims"}])
    back = parcel.to_outcome(parcel.of_outcome(sent, there), run, here, "key")
    assert back == Outcome(
        run, "failed", 1.5, 99.0, "key",
        Failure("ValueError", f"in {here}", 3, "1/0", f"File {here}/x.py"),
        text.replace(str(there), str(here)), sent.journal,
    )  # fmt: skip


def test_a_good_outcome_has_no_error_and_one_without_a_notebook_has_none(tmp_path: Path) -> None:
    run = _run(tmp_path)
    for sent in (Outcome(run, "ok", notebook="{}"), Outcome(run, "died", error=Failure("died", "killed"))):
        assert parcel.to_outcome(parcel.of_outcome(sent, tmp_path / "x"), run, tmp_path, "") == sent


def test_a_user_whose_home_is_the_root_folder_changes_no_text(tmp_path: Path) -> None:
    run = _run(tmp_path)
    document = json.loads(parcel.of_outcome(Outcome(run, "ok", notebook="/a/b"), tmp_path / "x"))
    back = parcel.to_outcome(json.dumps({**document, "home": "/"}).encode(), run, tmp_path, "")
    assert back.notebook == "/a/b"
