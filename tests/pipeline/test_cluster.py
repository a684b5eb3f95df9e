"""Runs on a real Dask cluster of two workers: the same results as at home, and what is left when something breaks."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import distributed
import nbformat
import psutil
import pytest
from distributed.client import ClosedClientError

from helpers.cli import main
from helpers.pipeline import clean, cluster, crew, identity, parcel, processes, supervise
from helpers.pipeline import run as pipeline
from helpers.pipeline.errors import PipelineError
from helpers.pipeline.outcome import Outcome
from helpers.pipeline.plan import Run
from helpers.pipeline.progress import Progress
from helpers.pipeline.select import Request
from tests.conftest import ROOT
from tests.pipeline.dask_cluster import LONG, Cluster, wait_for
from tests.projects import Project, a_run, is_gone, plain_tools, write_notebook

#: Ends the Dask worker above a notebook: the process above the station, which is above the worker of the supervisor.
KILL_WORKER = """\
import psutil
above = [one for one in psutil.Process().parents() if any("station" in word for word in one.cmdline())]
above[0].parent().kill()
import time
time.sleep(600)"""
#: Writes its process number, then waits to be stopped.
WAIT = "import os, pathlib, time\npathlib.Path('{0}').write_text(str(os.getpid()))\ntime.sleep(600)"

WAIT_FOR = "import pathlib, time\nwhile not pathlib.Path('{0}').exists(): time.sleep(.05)"


class Heard(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.begun: list[str] = []
        self.ended: list[str] = []

    def started(self, run: Run) -> None:
        self.begun.append(run.name)

    def finished(self, outcome: Outcome) -> None:
        self.ended.append(outcome.run.name)

    def note(self, text: str) -> None:
        self.notes.append(text)


class Opens(Heard):
    """Lets notebooks that wait for a file go on when a worker is refused."""

    def __init__(self, gate: Path) -> None:
        super().__init__()
        self.gate = gate

    def note(self, text: str) -> None:
        super().note(text)
        if "gets no work" in text:
            self.gate.touch()


class Lab:
    """Notebooks made of the given cells, executed on the cluster."""

    def __init__(self, folder: Path, dask: Cluster) -> None:
        self.folder, self.dask = folder, dask
        self.token = uuid.uuid4().hex
        self.heard = Heard()

    def run(self, name: str, *cells: str, seconds: float = LONG, memory: int = 2048, **parameters: object) -> Run:
        path = write_notebook(self.folder / "notebooks" / f"{name}.ipynb", *cells)
        return a_run(path, seconds, memory, **parameters)

    def execute(self, *runs: Run, **options: Any) -> list[Outcome]:
        options = {"progress": self.heard, "is_warm": False, "scheduler": self.dask.address, **options}
        return cluster.execute(runs, root=self.folder, token=self.token, **options)


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a cluster of two workers, one with a nanny, one without."""
    started = Cluster(tmp_path_factory.mktemp("dask"))
    started.install_wheel()
    try:
        started.worker("nanny")
        yield started
    finally:
        started.stop()


@pytest.fixture
def lab(tmp_path: Path, dask: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setattr(crew, "PATIENCE", LONG)
    dask.complete()
    made = Lab(tmp_path, dask)
    yield made
    assert processes.marked(made.token) == []


def _printed(outcome: Outcome) -> str:
    assert outcome.notebook is not None, outcome.error
    cells: list[dict[str, Any]] = json.loads(outcome.notebook)["cells"]
    return "".join("".join(output.get("text", "")) for cell in cells for output in cell.get("outputs", []))


def _opening(name: str, last: str, folder: Path) -> Run:
    """Return a run of a real notebook, cut after the cell with an id."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    ids = [cell.id for cell in notebook.cells]
    notebook.cells = notebook.cells[: ids.index(last) + 1]
    path = folder / "notebooks" / f"{name}.ipynb"
    path.parent.mkdir()
    nbformat.write(notebook, path)
    return Run(name, "article", {"as_of": "2025-09-05"}, path, LONG, 4096)


def test_a_notebook_gives_the_same_bytes_as_at_home(lab: Lab, tmp_path: Path) -> None:
    run = _opening("01_fcf_decline", "last-two-quarters", tmp_path)
    keys = {run.name: "key"}
    (there,) = lab.execute(run, is_warm=True, keys=keys)
    (here,) = supervise.execute(
        [run], root=tmp_path, scratch=tmp_path / "scratch", token=lab.token, jobs=1, keys=keys, is_warm=False
    )
    assert there.error is None
    cleaned = [nbformat.writes(clean.clean(outcome, root=tmp_path).notebook) for outcome in (there, here)]
    assert "image/png" in cleaned[0]
    assert cleaned[0] == cleaned[1]
    assert there.journal == here.journal
    assert (there.run, there.key) == (run, "key")
    assert there.peak_memory_mb > 50
    assert lab.heard.begun == lab.heard.ended == [run.name]
    assert lab.heard.notes == []


def test_what_fails_by_itself_is_told_as_at_home_and_not_tried_again(lab: Lab) -> None:
    log = lab.folder / "log"

    def note(name: str) -> str:
        return f"with open('{log}', 'a') as log: print('{name}', file=log)"

    hoard = "x = [bytearray(2**20) for _ in range(1500)]\nimport time; time.sleep(600)"
    runs = [
        lab.run("raises", note("raises"), "1 + 1", "raise ValueError('in ' + __import__('os').getcwd())"),
        lab.run("exits", note("exits"), "import os\nos._exit(3)"),
        lab.run("hoards", note("hoards"), hoard, memory=700),
        lab.run("hangs", "import time; time.sleep(600)", seconds=3),
        lab.run("good", note("good"), "print('good')"),
    ]
    outcomes = lab.execute(*runs)
    assert [outcome.status for outcome in outcomes] == ["failed", "died", "memory", "timeout", "ok"]
    assert sorted(log.read_text().split()) == ["exits", "good", "hoards", "raises"]
    raised, exited, _, _, good = outcomes
    assert raised.error is not None
    assert exited.error is not None
    assert (raised.error.reason, raised.error.message) == ("cell 4: ValueError: in notebooks", "in notebooks")
    # The private folder on the worker reads as the project's.
    assert f"in {lab.folder / 'notebooks'}" in str(raised.notebook)
    assert "who-pays-" not in f"{raised.notebook} {raised.error}"
    assert "the kernel died" in exited.error.message
    assert _printed(good) == "good\n"
    assert lab.heard.notes == []
    assert lab.dask.left() == []


def test_a_run_whose_worker_is_killed_is_tried_again_elsewhere(lab: Lab) -> None:
    log = lab.folder / "log"
    once = (
        f"import os, pathlib, time\nlog = pathlib.Path('{log}')\nif log.exists():\n    print('again')\n"
        "else:\n    log.write_text(str(os.getpid()))\n    time.sleep(600)"
    )
    killed: list[psutil.Process] = []

    def kill() -> None:
        kernel = psutil.Process(int(wait_for(log)))
        above = kernel.parents()
        station = next(one for one in above if any("station" in word for word in one.cmdline()))
        killed.extend([kernel, station])
        station.parent().kill()

    thread = threading.Thread(target=kill)
    thread.start()
    (outcome,) = lab.execute(lab.run("once", once))
    thread.join()
    assert (outcome.status, _printed(outcome)) == ("ok", "again\n")
    assert [note.split(":")[0] for note in lab.heard.notes] == ["latest/once"]
    assert "was lost; it is tried again elsewhere" in lab.heard.notes[0]
    assert psutil.wait_procs(killed, timeout=LONG)[1] == []


def test_a_run_that_ends_every_worker_is_given_up_after_three(lab: Lab) -> None:
    log = lab.folder / "log"
    count = f"with open('{log}', 'a') as log: print(as_of, file=log)"
    ends, good = lab.execute(lab.run("ends", count, KILL_WORKER), lab.run("good", "print('good')"))
    assert (ends.status, good.status) == ("died", "ok")
    assert ends.error is not None
    assert ends.error.reason.startswith("tried 3 times; the last time worker tcp://127.0.0.1:")
    assert log.read_text().count("\n") == 3
    assert lab.dask.left() == []


def test_a_worker_that_joins_with_another_version_gets_no_work(lab: Lab) -> None:
    other = lab.folder / "other"
    shutil.copytree(lab.dask.packages / "helpers", other / "helpers")
    with (other / "helpers" / "units.py").open("a") as file:
        file.write("# changed\n")
    with (other / "helpers" / "_data" / "ai_usage.csv").open("a") as file:
        file.write("\n")
    gate = lab.folder / "gate"
    looks = (
        "import sys, helpers\nfrom helpers.tables import descriptor\n"
        "print(helpers.__file__, descriptor.root(), *sys.path, sep='\\n')"
    )

    class Calls(Opens):
        def started(self, run: Run) -> None:
            super().started(run)
            if len(self.begun) == 1:
                strange.append(lab.dask.worker("strange", "--no-nanny", PYTHONPATH=str(other)))

    strange: list[psutil.Popen] = []
    heard = Calls(gate)
    runs = [lab.run(f"n{number}", WAIT_FOR.format(gate), looks) for number in range(4)]
    try:
        outcomes = lab.execute(*runs, progress=heard)
        address = lab.dask.wait(1)["strange"]
    finally:
        for one in strange:
            one.kill()
    for outcome in outcomes:  # each from the wheel alone
        package, tables, *path = map(Path, _printed(outcome).splitlines())
        assert package.parent == lab.dask.packages / "helpers"
        assert tables == lab.dask.packages / "helpers" / "_data"
        assert ROOT / "src" not in path
    ours = identity.here()["source"][:8]
    (note,) = [note for note in heard.notes if "gets no work" in note]
    assert note.startswith(f"worker {address} gets no work: its source ")
    assert note.endswith(f"(ours {ours}); tables ai_usage")


def test_no_worker_as_we_are_is_said_at_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_source", lambda: "f" * 64)
    with pytest.raises(PipelineError, match="can be used; nothing was executed") as raised:
        lab.execute(lab.run("good", "1"))
    first, *lines = str(raised.value).splitlines()
    assert lab.dask.address in first
    assert len(lines) >= 2
    assert all("(ours ffffffff)" in line for line in lines)


#: Seconds until an interrupt that had no effect is sent again.
AGAIN = 20.0


def test_an_interrupt_leaves_nothing_on_the_workers(lab: Lab) -> None:
    numbers = [lab.folder / "one", lab.folder / "two"]
    runs = [lab.run(path.name, WAIT.format(path)) for path in numbers]
    main_thread = threading.main_thread().ident
    assert main_thread is not None

    is_over = threading.Event()

    def interrupt() -> None:
        for path in numbers:
            wait_for(path)
        signal.pthread_kill(main_thread, signal.SIGINT)
        # Python drops an interrupt that meets it in a finaliser; a person presses the keys again.
        while not is_over.wait(AGAIN):
            signal.pthread_kill(main_thread, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            lab.execute(*runs)
    finally:
        is_over.set()
        thread.join()
    assert lab.dask.left() == []
    assert all(is_gone(int(path.read_text())) for path in numbers)


def test_a_client_that_is_killed_leaves_nothing_on_the_workers(lab: Lab) -> None:
    number = lab.folder / "one"
    run = lab.run("one", WAIT.format(number))
    script = (
        "import sys; from pathlib import Path; from helpers.pipeline import cluster; from tests.projects import a_run\n"
        f"cluster.execute([a_run(Path({str(run.path)!r}), 600)], scheduler={lab.dask.address!r},\n"
        f"    root=Path({str(lab.folder)!r}), token={lab.token!r}, is_warm=False)"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT) as client:
        kernel = psutil.Process(int(wait_for(number)))
        client.kill()
    assert psutil.wait_procs([kernel], timeout=LONG)[1] == []


def test_outcomes_are_handed_over_as_they_come_and_few_are_under_way(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = parcel.of_run
    ahead: list[int] = []
    taken: list[str] = []

    def counted(run: Run, root: Path) -> bytes:
        ahead.append(len(ahead) + 1 - len(taken))
        return packed(run, root)

    monkeypatch.setattr(parcel, "of_run", counted)
    runs = [lab.run(f"n{number}", f"print({number})") for number in range(5)]
    workers = len(lab.dask.wait(2))
    assert lab.execute(*runs, take=lambda outcome: taken.append(_printed(outcome))) == []
    assert sorted(taken) == [f"{number}\n" for number in range(5)]
    assert len(ahead) == 5
    assert max(ahead) <= workers


def test_a_worker_that_cannot_start_processes_gets_no_more_work(lab: Lab) -> None:
    preload = lab.folder / "preload.py"
    preload.write_text("import tempfile\ntempfile.tempdir = '/nowhere'\n")  # as when a disk is gone
    healthy = len(lab.dask.wait(2))
    broken = lab.dask.worker("broken", "--no-nanny", "--preload", str(preload))
    gate = lab.folder / "gate"
    heard = Opens(gate)
    try:
        address = lab.dask.wait(healthy + 1)["broken"]
        # The others hold on to one each, so that the broken one gets three.
        runs = [lab.run(f"n{number}", WAIT_FOR.format(gate)) for number in range(healthy + 3)]
        outcomes = lab.execute(*runs, progress=heard)
    finally:
        broken.kill()
        broken.wait()
    assert {outcome.status for outcome in outcomes} == {"ok"}
    (refused,) = [note for note in heard.notes if note.startswith("worker")]
    assert refused.startswith(f"worker {address} gets no work: it failed 3 times in a row, the last time: no process")
    assert sum("it is tried again elsewhere" in note for note in heard.notes) == 3


def test_a_whole_project_is_published_from_a_cluster(lab: Lab, tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    project.add("one", "print(as_of)")
    told = io.StringIO()
    code = pipeline.run(
        project.root, Request(), scheduler=lab.dask.address, is_warm=False, tools=plain_tools(), stream=told
    )
    assert (code, project.status()["latest/one"]["status"]) == (0, "ok"), told.getvalue()


def test_a_worker_where_fork_is_not_safe_starts_ordinary_kernels_and_says_so_once(lab: Lab) -> None:
    (lab.folder / "sitecustomize.py").write_text("import os\ndel os.pidfd_open\n")  # as on another system
    here = len(lab.dask.wait(2))
    plain = lab.dask.worker("plain", "--no-nanny", PYTHONPATH=str(lab.folder))
    try:
        address = lab.dask.wait(here + 1)["plain"]
        # Each waits for all the others, so each worker gets one of the first round, and of the second.
        cell = (
            "import pathlib, sys, time\nfolder = pathlib.Path({0!r})\nfolder.mkdir(exist_ok=True)\n"
            "(folder / as_of).touch()\nwhile len(list(folder.iterdir())) < {1}: time.sleep(.05)\n"
            "print('pandas' in sys.modules)"
        )
        rounds = [str(lab.folder / "first"), str(lab.folder / "second")]
        runs = [
            dataclasses.replace(lab.run(f"n{n}-{i}", cell.format(folder, here + 1)), parameters={"as_of": f"{i}"})
            for n, folder in enumerate(rounds)
            for i in range(here + 1)
        ]
        outcomes = lab.execute(*runs, is_warm=True)
    finally:
        plain.kill()
        plain.wait()
    printed = [_printed(outcome) for outcome in outcomes]
    assert (printed.count("True\n"), printed.count("False\n")) == (2 * here, 2)
    assert lab.heard.notes == [
        f"{address}: kernels start the ordinary way: this kernel of Linux has no process handles"
    ]


def test_a_scheduler_that_goes_away_is_one_line_and_keeps_what_was_taken(tmp_path: Path) -> None:
    lost = Cluster(tmp_path)
    taken: list[str] = []
    number = tmp_path / "number"
    first = a_run(write_notebook(tmp_path / "notebooks" / "first.ipynb", "1"))
    second = a_run(write_notebook(tmp_path / "notebooks" / "second.ipynb", WAIT.format(number)), LONG)

    def end() -> None:
        wait_for(number)
        lost.started[0].kill()

    thread = threading.Thread(target=end)
    thread.start()
    try:
        lost.worker("one", "--no-nanny")
        with pytest.raises(PipelineError, match=f"^the connection to the scheduler at {lost.address} was lost$"):
            cluster.execute(
                [first, second], scheduler=lost.address, root=tmp_path, token=uuid.uuid4().hex, is_warm=False,
                take=lambda outcome: taken.append(outcome.run.notebook),
            )  # fmt: skip
        assert is_gone(int(number.read_text()), LONG)
    finally:
        lost.stop()
        thread.join()
    assert taken == ["first"]


def test_a_connection_that_ends_while_a_run_is_sent_is_the_same_line(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise ClosedClientError("Client is closed. Can't send update-graph message.")

    monkeypatch.setattr(distributed.Client, "submit", gone)
    with pytest.raises(PipelineError, match=f"^the connection to the scheduler at {lab.dask.address} was lost$"):
        lab.execute(lab.run("one", "1"))


def test_a_scheduler_without_workers_is_told_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "PATIENCE", 0.5)
    empty = Cluster(tmp_path)
    try:
        heard = Heard()
        run = a_run(write_notebook(tmp_path / "notebooks" / "n.ipynb", "1"))
        with pytest.raises(
            PipelineError, match=r"no worker joined tcp://\S+ within 0.5 s; start one with `dask worker"
        ):
            cluster.execute([run], scheduler=empty.address, root=tmp_path, token="t", progress=heard)
    finally:
        empty.stop()
    assert heard.notes == [f"no worker has joined at {empty.address}: waiting 0.5 s for one"]


def test_an_unreachable_scheduler_is_one_line_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "REACH", 0.2)
    project = Project(tmp_path)
    project.add("one", "1")
    project.reports.mkdir(parents=True)
    (project.reports / "status.json").write_text("{}")
    assert main(["run", "--root", str(project.root), "--scheduler", "tcp://127.0.0.1:1"]) == 1
    assert capsys.readouterr().err == "error: no scheduler answered at tcp://127.0.0.1:1 within 0.2 s\n"
    assert (project.reports / "status.json").read_text() == "{}"
