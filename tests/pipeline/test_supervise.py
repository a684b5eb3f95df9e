"""Runs in worker processes: what becomes of good and bad ones, and what is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from helpers.pipeline import fork_source, processes, supervise, worker
from helpers.pipeline.errors import PipelineError
from helpers.pipeline.outcome import Outcome
from helpers.pipeline.plan import Run
from helpers.pipeline.progress import Progress
from tests.projects import a_run, write_notebook

needs_forks = pytest.mark.skipif(fork_source.is_safe_here() is not None, reason="kernels are not forked on this system")
SLEEP = "import time\nwhile True:\n    try:\n        time.sleep(60)\n    except KeyboardInterrupt:\n        pass"


class Lab:
    """Executes notebooks made of the given cells."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.token = uuid.uuid4().hex

    def run(self, name: str, *cells: str, seconds: float = 60, memory: int = 2048, **parameters: object) -> Run:
        path = write_notebook(self.folder / "notebooks" / f"{name}.ipynb", *cells)
        return a_run(path, seconds, memory, **parameters)

    def execute(
        self, *runs: Run, jobs: int = 2, progress: Progress | None = None, is_warm: bool = False
    ) -> list[Outcome]:
        """Execute runs. Stock kernels where nothing is said: they start sooner for cells that import nothing."""
        scratch = self.folder / "scratch"
        return supervise.execute(
            runs, root=self.folder, scratch=scratch, token=self.token, jobs=jobs, progress=progress, is_warm=is_warm
        )

    def left(self) -> list[psutil.Process]:
        return processes.marked(self.token)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def _printed(outcome: Outcome) -> str:
    assert outcome.notebook is not None
    cells: list[dict[str, Any]] = json.loads(outcome.notebook)["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "".join("".join(output.get("text", "")) for output in outputs)


@pytest.mark.parametrize("is_warm", [True, False], ids=["warm", "stock"])
def test_one_bad_run_of_each_kind_stops_no_other_and_leaves_nothing(lab: Lab, is_warm: bool) -> None:
    runs = [
        lab.run("raises", "1 + 1", "1/0", "print('never')"),
        lab.run("exits", "import os\nos._exit(3)", "print('never')"),
        lab.run("crashes", "import ctypes\nctypes.string_at(0)"),
        lab.run("leaves", "print('before')\nimport sys\nsys.exit(0)", "print('never')"),
        lab.run("hoards", "x = [bytearray(2**20) for _ in range(1500)]\n" + SLEEP, memory=700),
        lab.run("hangs", "print('before', flush=True)", SLEEP, seconds=4),
        lab.run("spawns", "import subprocess\nsubprocess.Popen(['sleep', '600'], start_new_session=True).pid"),
        lab.run("good", "print(as_of)"),
    ]
    outcomes = {outcome.run.notebook: outcome for outcome in lab.execute(*runs, is_warm=is_warm)}
    assert list(outcomes) == [run.notebook for run in runs]
    assert {name: outcome.status for name, outcome in outcomes.items()} == {
        "raises": "failed", "exits": "died", "crashes": "died", "leaves": "failed",
        "hoards": "memory", "hangs": "timeout", "spawns": "ok", "good": "ok",
    }  # fmt: skip
    assert lab.left() == []
    assert not any("never" in _printed(outcome) for outcome in outcomes.values())

    error = outcomes["raises"].error
    assert error is not None
    assert (error.kind, error.message, error.cell_index, error.cell_source) == (
        "ZeroDivisionError", "division by zero", 3, "1/0",
    )  # fmt: skip
    assert "\x1b" not in error.traceback
    assert error.reason == "cell 3: ZeroDivisionError: division by zero"

    for name in ("exits", "crashes", "hoards"):
        error = outcomes[name].error
        assert error is not None
        assert (error.cell_index, error.cell_source[:6]) == (
            2,
            {"exits": "import", "crashes": "import"}.get(name, "x = [b"),
        )
    assert outcomes["hoards"].peak_memory_mb > 700
    assert "the limit is 700 MB" in str(outcomes["hoards"].error)

    assert 4 <= outcomes["hangs"].seconds < 8
    assert _printed(outcomes["hangs"]) == "before\n"
    assert "SystemExit" in str(outcomes["leaves"].error)
    assert _printed(outcomes["good"]) == "2025-09-05\n"


@pytest.mark.parametrize("is_warm", [True, False], ids=["warm", "stock"])
def test_a_killed_worker_is_an_outcome_and_is_replaced(lab: Lab, is_warm: bool) -> None:
    # A stock kernel's parent is the worker; that of a warm one is the template, which stands beside the worker.
    # Its command line is that of a new process, or, of a fork, that of the supervisor.
    is_worker = "'spawn_main' in str(one.cmdline()) or one.cmdline() == above.cmdline()"
    find = f"next(one for one in above.children() if {is_worker})"
    worker = find if is_warm else "psutil.Process().parent()"
    kill = f"import psutil\nabove = psutil.Process().parents()[1]\n{worker}.kill()\n{SLEEP}"
    runs = [lab.run("kills", "1", kill), lab.run("after", "print('still')")]
    killed, after = lab.execute(*runs, jobs=1, is_warm=is_warm)
    assert (killed.status, killed.error and killed.error.cell_index) == ("died", 3)
    assert "the worker process was killed by SIGKILL" in str(killed.error)
    assert (after.status, _printed(after)) == ("ok", "still\n")
    assert lab.left() == []


def test_a_stock_kernel_takes_no_port_that_another_may_take_first(lab: Lab) -> None:
    tells = "import json, sys\nprint(json.load(open(sys.argv[sys.argv.index('-f') + 1]))['transport'])"
    (outcome,) = lab.execute(lab.run("tells", tells), is_warm=False)
    assert _printed(outcome) == "ipc\n"


@needs_forks
def test_the_clock_of_a_warm_run_goes_on_after_the_wait(lab: Lab) -> None:
    (outcome,) = lab.execute(lab.run("hangs", SLEEP, seconds=3), is_warm=True)
    assert outcome.status == "timeout"
    assert outcome.seconds >= 3


@needs_forks
def test_waiting_for_the_template_is_no_part_of_a_run(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = lab.folder / "slow"
    slow.mkdir()
    (slow / "pandera.py").write_text("import time\ntime.sleep(5)\n")  # which the template imports, not the notebook
    monkeypatch.setenv("PYTHONPATH", str(slow))
    began = time.monotonic()
    (outcome,) = lab.execute(lab.run("light", "1 + 1", seconds=5), is_warm=True)
    assert time.monotonic() - began > 5
    assert outcome.status == "ok"
    assert outcome.seconds < 5


def test_a_killed_template_is_an_outcome_and_is_replaced(lab: Lab) -> None:
    kill = "import psutil\npsutil.Process().parent().kill()\n" + SLEEP
    is_forked = "import os, sys\nprint('pandas' in sys.modules, os.getppid())"
    runs = [lab.run("kills", "1", kill), lab.run("after", is_forked), lab.run("last", is_forked)]
    killed, after, last = lab.execute(*runs, jobs=1, is_warm=True)
    assert (killed.status, killed.error and killed.error.cell_index) == ("died", 3)
    assert after.status == last.status == "ok"
    assert _printed(after).startswith("True")
    assert _printed(after) == _printed(last)  # the new template lives on after its first run
    assert lab.left() == []


def test_two_workers_work_at_once(lab: Lab) -> None:
    cell = "import pathlib, time\npathlib.Path('{0}').touch()\nwhile not pathlib.Path('{1}').exists(): time.sleep(.05)"
    one, other = lab.folder / "one", lab.folder / "other"
    runs = [lab.run("a", cell.format(one, other), seconds=30), lab.run("b", cell.format(other, one), seconds=30)]
    assert [outcome.status for outcome in lab.execute(*runs, jobs=2)] == ["ok", "ok"]


def test_a_workers_import_is_paid_once(lab: Lab) -> None:
    cell = "import os\nprint(os.getppid())"
    outcomes = lab.execute(lab.run("a", cell), lab.run("b", cell), jobs=1)
    assert _printed(outcomes[0]) == _printed(outcomes[1])


def test_nothing_of_the_operators_environment_reaches_a_notebook(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    home = lab.folder / "home"
    startup = home / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "mine.py").write_text("leaked = 'startup'")
    (home / "start.py").write_text("leaked = 'pythonstartup'")
    (home / "matplotlibrc").write_text("figure.dpi: 7\n")
    kernel = home / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text('{"argv": ["false"], "display_name": "mine", "language": "python"}')
    for name, value in {
        "IPYTHONDIR": home / "ipython",
        "PYTHONSTARTUP": home / "start.py",
        "MATPLOTLIBRC": home / "matplotlibrc",
        "MPLBACKEND": "agg",
        "JUPYTER_PATH": home / "jupyter",
        "JUPYTER_DATA_DIR": home / "jupyter",
        "PYTHONHASHSEED": "5",
        "TZ": "Asia/Tokyo",
        "OMP_NUM_THREADS": "8",
    }.items():
        monkeypatch.setenv(name, str(value))
    cell = (
        "import json, os, time, matplotlib\n"
        "print(json.dumps([globals().get('leaked'), matplotlib.rcParams['figure.dpi'], matplotlib.get_backend(),\n"
        "    os.environ['PYTHONHASHSEED'], time.tzname[0], os.environ['OMP_NUM_THREADS'], os.getcwd()]))"
    )
    (outcome,) = lab.execute(lab.run("looks", cell))
    assert outcome.error is None
    leaked, dpi, backend, seed, zone, threads, folder = json.loads(_printed(outcome))
    assert (leaked, dpi, seed, zone, threads) == (None, 100.0, "0", "UTC", "1")
    assert "inline" in backend
    assert folder == str(lab.folder / "notebooks")
    assert os.environ["MPLBACKEND"] == "agg"


def test_the_journal_of_a_run_comes_back(lab: Lab) -> None:
    cell = "from helpers import journal\njournal.record('table', name='cash_flows', rows=3)"
    (outcome,) = lab.execute(lab.run("notes", cell))
    assert [(entry["event"], entry["name"]) for entry in outcome.journal if entry["event"] == "table"] == [
        ("table", "cash_flows")
    ]


def test_a_folder_name_with_braces_is_no_template(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "{as_of} {x}")
    (outcome,) = lab.execute(lab.run("good", "print(as_of)"))
    assert outcome.error is None


def test_progress_is_told_in_order(lab: Lab) -> None:
    class Heard(Progress):
        def __init__(self) -> None:
            self.events: list[str] = []
            self.memory: list[float] = []

        def begin(self, runs: Sequence[Run]) -> None:
            self.events.append(f"begin {len(runs)}")

        def started(self, run: Run) -> None:
            self.events.append("started")

        def at_cell(self, run: Run, done: int, total: int) -> None:
            self.events.append(f"{done}/{total}")

        def sampled(self, run: Run, memory_mb: float) -> None:
            self.memory.append(memory_mb)

        def finished(self, outcome: Outcome) -> None:
            self.events.append(outcome.status)

    heard = Heard()
    (outcome,) = lab.execute(lab.run("good", "import time; time.sleep(.3)"), progress=heard)
    assert heard.events == ["begin 1", "started", "0/4", "1/4", "2/4", "3/4", "ok"]
    assert outcome.peak_memory_mb == pytest.approx(max(heard.memory), abs=0.1)
    assert 50 < outcome.peak_memory_mb < 1000


def test_an_interrupt_in_the_middle_leaves_no_process(lab: Lab) -> None:
    run = lab.run("hangs", SLEEP)
    main = threading.main_thread().ident
    assert main is not None

    class Stops(Progress):
        def at_cell(self, run: Run, done: int, total: int) -> None:
            if done == 3:
                signal.pthread_kill(main, signal.SIGINT)

    before = {process.pid for process in psutil.Process().children(recursive=True)}
    with pytest.raises(KeyboardInterrupt):
        lab.execute(run, lab.run("also", SLEEP), progress=Stops())
    assert lab.left() == []
    after = [process for process in psutil.Process().children(recursive=True) if process.pid not in before]
    assert [process for process in after if "resource_tracker" not in " ".join(process.cmdline())] == []


def test_a_worker_that_cannot_start_is_told_with_its_reason(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "serve", _broken)
    with pytest.raises(PipelineError, match=r"(?s)no worker process could be started.*ImportError: no papermill"):
        lab.execute(lab.run("good", "1"))


def _broken(connection: object, log: Path, token: str, is_warm: bool, line: object) -> None:
    log.write_text("ImportError: no papermill")
    raise SystemExit(1)


def test_who_cannot_take_an_outcome_leaves_nothing_behind_for_the_next_start(lab: Lab) -> None:
    def refuse(outcome: Outcome) -> None:
        raise OSError(28, "No space left on device")

    got: list[Outcome] = []
    with supervise.Supervisor(lab.folder, lab.folder / "scratch", lab.token, 2, is_warm=False) as supervisor:
        with pytest.raises(OSError, match="No space left"):
            supervisor.execute([lab.run("one", "1"), lab.run("two", SLEEP), lab.run("three", "3")], refuse)
        assert lab.left() == []
        supervisor.execute([lab.run("two", "print(2)")], got.append)
    assert [(one.run.notebook, one.status) for one in got] == [("two", "ok")]


def test_a_run_that_ended_in_time_is_in_time_however_late_it_is_heard(lab: Lab) -> None:
    def slow(outcome: Outcome) -> None:
        got.append(outcome)
        if outcome.run.notebook == "one":
            time.sleep(8)

    got: list[Outcome] = []
    runs = [lab.run("one", "1"), lab.run("two", "import time\ntime.sleep(2)", seconds=7)]
    with supervise.Supervisor(lab.folder, lab.folder / "scratch", lab.token, 2, is_warm=False) as supervisor:
        supervisor.execute(runs, slow)
    assert {one.run.notebook: one.status for one in got} == {"one": "ok", "two": "ok"}


def test_a_reused_process_number_is_left_alone() -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        stale = psutil.Process(other.pid)
        stale._create_time = 1.0  # as if it had been found long ago, when the number was another process's
        stale._ident = (other.pid, 1.0)
        processes.end([stale], seconds=0.1)
        assert other.poll() is None
        processes.end([psutil.Process(other.pid)])
        assert other.poll() == -signal.SIGKILL


def test_the_mark_of_one_run_is_not_the_beginning_of_anothers(lab: Lab) -> None:
    """A run whose name begins like another's must not be swept away with it."""
    gate = lab.folder / "gate"

    wait = f"import pathlib, time\nwhile not pathlib.Path('{gate}').exists(): time.sleep(.05)"

    class Opens(Progress):
        def finished(self, outcome: Outcome) -> None:
            time.sleep(0.3)
            gate.touch()

    short, long = lab.execute(lab.run("01", "1"), lab.run("01_more", wait), progress=Opens())
    assert (short.status, long.status) == ("ok", "ok")


def test_descendants_are_those_that_a_look_at_every_process_finds() -> None:
    code = (
        "import subprocess, threading\nstart = lambda: subprocess.Popen(['sh', '-c', 'sleep 60 & wait'])\n"
        "start()\nother = threading.Thread(target=start)\nother.start()\nother.join()\nprint(flush=True)\ninput()"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        child.stdout.readline()
        limit = time.monotonic() + 30
        while len(processes.tree(child.pid)) < 5 and time.monotonic() < limit:
            time.sleep(0.02)
        assert len(processes.tree(child.pid)) == 5
        assert set(processes.below(child.pid)) == set(processes.tree(child.pid))
    finally:
        processes.end(processes.tree(child.pid))
        child.communicate()
    assert processes.below(child.pid) == []
