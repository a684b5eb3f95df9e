"""``run --watch``: what is saved is published, by processes that stay, until somebody ends it."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from helpers import cli
from helpers.pipeline import kernels, watch
from helpers.pipeline.errors import Interrupted
from helpers.pipeline.select import Request
from tests.projects import Project, is_gone, plain_tools

WHO = "import os\nprint('{word}', os.getppid())"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.add("one", WHO.format(word="first"))
    project.add("two", "print(as_of)")
    return project


def printed(project: Project, name: str = "one") -> list[str]:
    """Return the words that the published notebook's cell printed."""
    document = json.loads((project.reports / "executed" / "latest" / f"{name}.ipynb").read_text())
    outputs = [output for cell in document["cells"] for output in cell.get("outputs", [])]
    return "".join("".join(output["text"]) for output in outputs).split()


def watching(
    project: Project, monkeypatch: pytest.MonkeyPatch, *changes: Callable[[], object], is_warm: bool = False
) -> tuple[bool, str]:
    """Watch while changes are made, one each time all is published, then stop; return the answer and what was told."""
    left = iter(changes)

    def next_change(root: Path, known: watch.State) -> watch.State:
        try:
            next(left)()
        except StopIteration:
            raise Interrupted from None
        assert watch.state(root) != known
        return watch.state(root)

    monkeypatch.setattr(watch, "next_change", next_change)
    told = io.StringIO()
    is_old = watch.keep_running(project.root, Request(), is_warm=is_warm, tools=plain_tools(), stream=told)
    return is_old, told.getvalue()


def workers() -> list[psutil.Process]:
    """Return the worker processes of this process."""
    own = psutil.Process()  # a fork has its command line
    return [one for one in own.children() if "spawn_main" in str(one.cmdline()) or one.cmdline() == own.cmdline()]


@pytest.mark.skipif(kernels.is_safe_here() is not None, reason="kernels are not forked on this system")
def test_a_saved_notebook_is_published_by_the_same_processes(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    staff: list[set[int]] = []

    def look_and_edit() -> None:
        seen.append(printed(project))
        staff.append({one.pid for one in workers()})
        project.add("one", WHO.format(word=f"edit-{len(seen)}"))

    is_old, told = watching(project, monkeypatch, look_and_edit, look_and_edit, is_warm=True)
    seen.append(printed(project))
    assert not is_old
    assert [words[0] for words in seen] == ["first", "edit-1", "edit-2"]
    assert len({template for _, template in seen}) == 1
    assert staff[0] == staff[1] != set()
    assert is_gone(int(seen[0][1]))
    assert all(is_gone(pid) for pid in staff[0])
    assert told.count("ok      latest/one") == 3
    assert told.count("ok      latest/two") == 1
    assert told.count("waiting for the next change") == 3


def test_a_notebook_saved_half_done_is_told_and_the_next_save_heals_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project.root / "notebooks" / "one.ipynb"
    whole = path.read_text()
    _, told = watching(
        project,
        monkeypatch,
        lambda: path.write_text(whole[: len(whole) // 2]),
        lambda: path.write_text(whole.replace("first", "healed")),
    )
    assert told.count("error: ") == 1
    assert "one.ipynb" in told.partition("error: ")[2].splitlines()[0]
    assert printed(project)[0] == "healed"


def test_a_worker_that_ended_while_nothing_was_to_do_is_replaced(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill_and_edit() -> None:
        assert workers() != []
        for one in workers():
            one.kill()
            assert is_gone(one.pid)
        project.add("one", WHO.format(word="again"))

    watching(project, monkeypatch, kill_and_edit)
    assert project.status()["latest/one"]["status"] == "ok"
    assert printed(project)[0] == "again"


def test_changed_data_asks_for_a_new_start_and_leaves_no_process(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {one.pid for one in psutil.Process().children(recursive=True)}
    is_old, _ = watching(project, monkeypatch, lambda: project.write_table("a,b\n1,3\n"))
    assert is_old
    assert all(is_gone(one.pid) for one in psutil.Process().children(recursive=True) if one.pid not in before)


def test_a_change_is_over_when_nobody_writes_any_more(project: Project) -> None:
    path = project.root / "notebooks" / "one.ipynb"
    known = watch.state(project.root)
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if 2 <= len(pauses) <= 4:
            path.write_text("half" * len(pauses))

    assert watch.next_change(project.root, known, sleep)[path] == (path.stat().st_mtime_ns, len("half") * 4)
    assert len(pauses) == 5


def test_only_the_folder_of_notebooks_needs_no_new_start(tmp_path: Path) -> None:
    notebook, sweep = tmp_path / "notebooks" / "one.ipynb", tmp_path / "notebooks" / "sweeps" / "one.toml"
    table = tmp_path / "data" / "small.csv"
    before = {notebook: (1, 1), table: (1, 1)}
    assert watch.is_for_notebooks(tmp_path, before, {**before, notebook: (2, 1), sweep: (1, 1)})
    assert watch.is_for_notebooks(tmp_path, before, {table: (1, 1)})
    assert not watch.is_for_notebooks(tmp_path, before, {**before, notebook: (2, 1), table: (2, 1)})
    assert not watch.is_for_notebooks(tmp_path, before, {notebook: (1, 1)})


def test_code_data_and_pins_are_looked_at(project: Project) -> None:
    (project.root / "requirements.txt").touch()
    seen = watch.state(project.root)
    package = Path(watch.__file__).parent
    assert {project.root / "data" / "small.csv", project.root / "requirements.txt"} < seen.keys()
    assert {package / "watch.py", package / "assets" / "site.css"} < seen.keys()
    assert not [path for path in seen if path.suffix == ".pyc"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_waits_until_it_is_stopped(project: Project, number: signal.Signals) -> None:
    started = project.start("--watch", "--only", "two")
    assert started.stdout is not None
    for line in started.stdout:
        if line.startswith("waiting"):
            break
    below = psutil.Process(started.pid).children(recursive=True)
    started.send_signal(number)
    started.communicate(timeout=30)
    assert started.returncode == 0
    assert all(is_gone(one.pid) for one in below)


def test_a_cluster_is_not_watched(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "--watch", "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert capsys.readouterr().err == "error: --watch keeps workers of this machine: leave out --scheduler\n"


def test_a_new_start_is_the_same_command_without_force(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(watch, "keep_running", lambda *_, **__: True)
    monkeypatch.setattr(os, "execv", lambda _, words: asked.append(words))
    words = ["run", "--watch", "--force", "--only", "two"]
    monkeypatch.setattr(sys, "argv", ["helpers", *words])
    cli.main(words)
    assert asked == [[sys.executable, "-m", "helpers", "run", "--watch", "--only", "two"]]
