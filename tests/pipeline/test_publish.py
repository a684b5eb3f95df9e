"""Publishing: all or nothing, whatever happens in between."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.pipeline import publish
from helpers.pipeline.errors import PipelineError
from helpers.pipeline.publish import ITEMS, Publication


def _fill(folder: Path, text: str) -> None:
    for name in ITEMS:
        if name.endswith(".json"):
            folder.joinpath(name).write_text(text)
        else:
            folder.joinpath(name).mkdir(parents=True)
            folder.joinpath(name, "page").write_text(text)


def _state(reports: Path) -> list[str]:
    """Return what each item holds, in the order in which they are moved."""
    paths = [reports / name if name.endswith(".json") else reports / name / "page" for name in ITEMS]
    return [path.read_text() if path.exists() else "" for path in paths]


@pytest.fixture(params=["exchange", "two renames"])
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with old reports, on a file system with and one without atomic exchange."""
    if request.param == "two renames":
        monkeypatch.setattr(publish, "_exchange", lambda one, other: False)
    (tmp_path / "reports").mkdir()
    _fill(tmp_path / "reports", "old")
    (tmp_path / "reports" / "README.md").write_text("mine")
    return tmp_path


def test_everything_moves_in_and_nothing_is_left_beside(root: Path) -> None:
    with Publication(root, root / "reports") as publication:
        _fill(publication.ready, "new")
        assert _state(root / "reports") == ["old"] * 4
        publication.publish()
    assert _state(root / "reports") == ["new"] * 4
    assert (root / "reports" / "README.md").read_text() == "mine"
    assert [path.name for path in (root / ".reports-build").iterdir()] == ["lock"]


def test_the_first_publication_needs_no_older_one(tmp_path: Path) -> None:
    with Publication(tmp_path, tmp_path / "reports" / "custom") as publication:
        _fill(publication.ready, "new")
        publication.publish()
    assert _state(tmp_path / "reports" / "custom") == ["new"] * 4


def test_without_publish_nothing_changes(root: Path) -> None:
    with Publication(root, root / "reports") as publication:
        _fill(publication.ready, "new")
    assert _state(root / "reports") == ["old"] * 4
    assert [path.name for path in (root / ".reports-build").iterdir()] == ["lock"]


@pytest.mark.parametrize("failing", range(4))
def test_a_refused_rename_moves_everything_back(root: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    move, calls = publish.move_in, []

    def refuse(new: Path, target: Path) -> None:
        calls.append(target.name)
        if len(calls) == failing + 1:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        move(new, target)

    monkeypatch.setattr(publish, "move_in", refuse)
    with Publication(root, root / "reports") as publication:
        _fill(publication.ready, "new")
        with pytest.raises(PipelineError, match="moved in; the old ones are still there: Read-only file system"):
            publication.publish()
    assert calls[: failing + 1] == list(ITEMS[: failing + 1])
    assert _state(root / "reports") == ["old"] * 4


KILLED = """
import os, signal, sys
from pathlib import Path
from helpers.pipeline import publish
from tests.pipeline.test_publish import _fill
root, after, exchange = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "True"
calls = 0
rename, swap = Path.rename, publish._exchange
def die():
    global calls
    calls += 1
    if calls > after:
        os.kill(os.getpid(), signal.SIGKILL)
def renamed(path, target):
    die()
    return rename(path, target)
def swapped(one, other):
    if exchange:
        die()
        return swap(one, other)
    return False
with publish.Publication(root, root / "reports") as publication:
    _fill(publication.ready, "new")
    Path.rename, publish._exchange = renamed, swapped
    publication.publish()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("exchange", "after"), [(True, n) for n in range(5)] + [(False, n) for n in range(13)])
def test_a_publication_killed_at_any_rename_is_completed_at_the_next_start(
    tmp_path: Path, exchange: bool, after: int
) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    _fill(reports, "old")
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(after), str(exchange)]
    killed = subprocess.run(command, check=False, cwd=Path(__file__).parents[2])
    assert killed.returncode == -signal.SIGKILL
    if exchange:  # each item is whole at every moment, old or new
        assert set(_state(reports)) <= {"old", "new"}
    with Publication(tmp_path, reports):
        assert _state(reports) == ["new"] * 4
    assert [path.name for path in (tmp_path / ".reports-build").iterdir()] == ["lock"]


def test_a_start_killed_before_publishing_leaves_the_old_reports(root: Path) -> None:
    left = root / ".reports-build" / "dead"
    (left / "ready").mkdir(parents=True)
    _fill(left / "ready", "half")
    with Publication(root, root / "reports"):
        assert _state(root / "reports") == ["old"] * 4
    assert not left.exists()


@pytest.mark.parametrize("marker", ["", "{", "[]", '{"reports": "/"}'])
def test_a_damaged_marker_is_no_publication(root: Path, marker: str) -> None:
    left = root / ".reports-build" / "dead"
    (left / "ready").mkdir(parents=True)
    _fill(left / "ready", "half")
    (left / "moving.json").write_text(marker)
    with Publication(root, root / "reports"):
        assert _state(root / "reports") == ["old"] * 4


def test_a_process_of_a_killed_start_is_ended_at_the_next(root: Path) -> None:
    (root / ".reports-build" / "dead").mkdir(parents=True)
    environment = {**os.environ, "WHO_PAYS_RUN": "dead/latest/one/"}
    with subprocess.Popen(["sleep", "60"], env=environment) as orphan, Publication(root, root / "reports"):
        assert orphan.poll() == -signal.SIGKILL


def test_two_starts_at_once_are_refused_with_the_others_number(root: Path) -> None:
    with Publication(root, root / "reports") as publication:
        _fill(publication.ready, "new")
        with (
            pytest.raises(PipelineError, match=rf"^another run is at work here \(process {os.getpid()}\)"),
            Publication(root, root / "reports"),
        ):
            pass
        publication.publish()
    assert _state(root / "reports") == ["new"] * 4


def test_reports_that_cannot_be_written_are_told_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(PipelineError, match=r"^cannot write in \.reports-build/ or reports/: ") as refused:
        Publication(tmp_path, tmp_path / "reports").__enter__()
    assert "\n" not in str(refused.value)
    assert (tmp_path / "reports").read_text() == "a file"
    (tmp_path / "reports").unlink()
    with Publication(tmp_path, tmp_path / "reports"):  # the lock was let go
        pass


def test_the_marker_names_the_new_files(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(publish, "_write_through", lambda path, content: seen.append(content))
    monkeypatch.setattr(publish, "move_in", lambda new, target: None)
    with Publication(root, root / "reports") as publication:
        _fill(publication.ready, "new")
        expected = {name: (publication.ready / name).stat().st_ino for name in ITEMS}
        publication.publish()
    assert json.loads(json.dumps(seen)) == [{"reports": str(root / "reports"), "inodes": expected}]
