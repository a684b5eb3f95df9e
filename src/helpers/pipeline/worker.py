"""One worker process: takes runs one after another and executes each with papermill.

A worker lives through many runs, so that importing papermill is paid once. What papermill writes goes to a private
folder; what happened is told by what papermill returned or raised, and by reading the file back.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import importlib.util
import json
import multiprocessing
import os
import re
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

from helpers import journal
from helpers.pipeline import lean, processes
from helpers.pipeline.outcome import Failure
from helpers.pipeline.parameters import code_cells
from helpers.pipeline.plan import Run

EXECUTED = "executed.ipynb"
JOURNAL = "journal.jsonl"
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
#: Settings of the person who starts the pipeline that would change what a notebook does or shows.
_REMOVED = ("MPLBACKEND", "PYTHONSTARTUP", "PYTHONINSPECT", "JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "IPYTHON")
#: Begins the paths that papermill shall write through `_WholeFiles`.
_WHOLE = "whole:"
_THREADS = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")


@dataclass(frozen=True)
class Task:
    """A run, where its files go, and the token that marks its processes."""

    run: Run
    root: Path
    scratch: Path
    token: str


@dataclass(frozen=True)
class Report:
    """What a worker tells of a run; the supervisor adds time, memory and key."""

    status: Literal["ok", "failed", "died"]
    error: Failure | None


def serve(connection: Connection, log: Path, token: str, is_warm: bool, line: socket.socket | None) -> None:
    """Run tasks from the connection until it closes; the body of a worker process.

    Parameters
    ----------
    connection : Connection
        Receives `Task`, or None to stop. Sends ``("ready", None)`` once, ``("cell", (index, done, total))`` as a
        notebook proceeds, ``("kernel", number)`` for each kernel that is no child of this process,
        ``("waiting", True)`` and then False while the template imports, ``("note", text)`` for the operator,
        ``("template", number)`` when this process started a template of its own, and ``("done", Report)`` at the end
        of each run.
    log : Path
        Where this process and its kernels write what would otherwise go to the terminal.
    token : str
        Marks every process of this start.
    is_warm : bool
        Whether kernels are forked from a template; otherwise each is started the ordinary way.
    line : socket.socket or None
        To the template that the workers share; without one, or when it is gone, this process starts one of its own.
    """
    from helpers.pipeline import kernels, sockets  # here: the supervisor starts the template before it needs Jupyter

    _detach(log)
    os.environ[sockets.VARIABLE] = kernels.NAME if is_warm else sockets.NAME
    if is_warm:
        kernels.adopt(line, log, template_environment(token), lambda *news: connection.send(news))
    load()  # before the first run's clock starts, and while the template imports
    gc.freeze()  # of a fork: pages shared with the supervisor stay shared
    connection.send(("ready", None))
    told: set[str] = set()
    own: int | None = None
    with contextlib.suppress(EOFError, OSError):
        while (task := connection.recv()) is not None:
            report = execute(task, log, lambda *cell: connection.send(("cell", cell)))
            for reason in sorted(kernels.fallbacks() - told):
                connection.send(("note", f"kernels start the ordinary way: {reason}"))
                told.add(reason)
            if kernels.template_pid() != own:
                own = kernels.template_pid()
                connection.send(("template", own))
            connection.send(("done", report))


def execute(task: Task, log: Path, at_cell: Callable[[int | None, int, int], None]) -> Report:
    """Execute one notebook and say what became of it.

    Parameters
    ----------
    task : Task
    log : Path
        The last lines written there explain a kernel that died.
    at_cell : callable
        Called before each cell with its index in the source notebook (None for the injected one), the number of
        cells before it and the number of all cells.

    Returns
    -------
    Report
        Never raises on behalf of the notebook.
    """
    task.scratch.mkdir(parents=True, exist_ok=True)
    logged = log.stat().st_size if log.exists() else 0
    place = _Place(task.run, at_cell)
    with environment(task):
        try:
            error = _papermill(task, place)
            report = Report("failed", error) if error else Report("ok", None)
        except Exception as raised:  # whatever it is, it belongs to this run and must not stop the others
            report = _explain(raised, place, _tail(log, logged))
    return _tidied(report, task.root)


@contextlib.contextmanager
def environment(task: Task) -> Iterator[None]:
    """Give the kernel an environment that does not depend on who starts the pipeline, and put the old one back."""
    scratch = task.scratch
    settings = {
        **fixed_settings(),
        processes.MARK: task.token,
        journal.VARIABLE: str(scratch / JOURNAL),
        "IPYTHONDIR": str(scratch / "ipython"),
        "JUPYTER_CONFIG_DIR": str(scratch / "jupyter"),
        "JUPYTER_DATA_DIR": str(scratch / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(scratch / "jupyter"),
    }
    with _altered(settings):
        yield


def template_environment(token: str) -> dict[str, str]:
    """Return the environment of a template: what Python reads only at its start must be fixed there for all kernels."""
    kept = {name: value for name, value in os.environ.items() if name not in _REMOVED}
    return {**kept, **fixed_settings(), processes.MARK: f"{token}/template/"}


def fixed_settings() -> dict[str, str]:
    """Return what is the same for every run, and must be so already when a process begins."""
    settings = {
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": "315532800",  # 1980-01-01, the first day a zip file can hold
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        **{f"{library}_NUM_THREADS": "1" for library in _THREADS},
    }
    default_style = importlib.util.find_spec("matplotlib")
    if default_style and default_style.submodule_search_locations:
        settings["MATPLOTLIBRC"] = str(Path(default_style.submodule_search_locations[0], "mpl-data", "matplotlibrc"))
    return settings


@contextlib.contextmanager
def _altered(settings: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(settings)
    for name in _REMOVED:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def executed(scratch: Path) -> str | None:
    """Return what papermill wrote, without its own notes, as JSON; None where no valid notebook was left."""
    notebook = _read_back(scratch)
    # On one line: Python indents ten times as slowly as it writes, and the pages are written anew.
    return None if notebook is None else json.dumps(notebook, ensure_ascii=False, sort_keys=True) + "\n"


def _read_back(scratch: Path) -> dict[str, Any] | None:
    """Read what papermill wrote, without its own notes.

    Its metadata says `completed` of cells that never ran and repeats parameters and paths, and its error
    markers are cells that the author never wrote: none of it is passed on.
    """
    try:
        notebook: dict[str, Any] = json.loads((scratch / EXECUTED).read_text(encoding="utf-8"))
        notebook["cells"] = [cell for cell in notebook["cells"] if "papermill-error-cell-tag" not in _tags(cell)]
        for holder in (notebook, *notebook["cells"]):
            holder["metadata"].pop("papermill", None)
    except (OSError, ValueError, KeyError):
        return None
    return notebook


def _papermill(task: Task, place: _Place) -> Failure | None:
    run = task.run
    papermill, engine = load()
    papermill.execute_notebook(
        _literally(str(run.path)),
        _WHOLE + _literally(str(task.scratch / EXECUTED)),
        engine_name=engine,
        parameters={**run.parameters, **_handed(task)},
        kernel_name="python3",  # the interpreter of this environment, whatever the author's kernel is called
        language="python",
        cwd=str(run.path.parent),
        progress_bar=False,
        on_cell_start=place.move,
        # Nobody looks at the history of a run: it would be a database on the disk for each.
        extra_arguments=["--log-level=ERROR", "--HistoryManager.enabled=False"],
    )
    return _unfinished(task.scratch, place)


def _handed(task: Task) -> dict[str, str]:
    """Write the files that the notebook is handed and return the parameters that hold their paths."""
    paths = {}
    for name, content in task.run.files.items():
        path = task.scratch / f"{name}.json"
        path.write_text(content, encoding="utf-8")
        paths[name] = str(path)
    return paths


@functools.cache
def load() -> tuple[Any, str]:
    """Import papermill and make our writer and our engine known to it.

    Returns
    -------
    tuple of (module, str)
        Papermill, and the name under which it knows our engine.
    """
    lean.skip()
    with lean.uncollected():
        with lean.hidden("pyarrow"):
            import papermill
        from ipykernel import kernelspec  # Jupyter asks it for the kernel, and it imports IPython
        from nbformat import validator
        from papermill.engines import papermill_engines
        from papermill.iorw import papermill_io

        from helpers.pipeline import engine

    _ = kernelspec
    validator.get_validator(4, 5)  # compiled once, too

    papermill_io.register(_WHOLE, _WholeFiles)
    papermill_engines.register(engine.NAME, engine.Engine)
    return papermill, engine.NAME


def _unfinished(scratch: Path, place: _Place) -> Failure | None:
    """Check a file that papermill calls complete: every code cell was executed and none holds an error."""
    notebook = _read_back(scratch)
    if notebook is None:
        return Failure("not executed", "papermill left no readable notebook")
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"])
        where = place.in_source(index)
        raised = [output["ename"] for output in cell["outputs"] if output["output_type"] == "error"]
        if raised:
            text = f"the cell raised {raised[0]}, which papermill lets pass; what follows was not executed"
            return Failure("not executed", text, where, source)
        if cell["execution_count"] is None and source.strip():
            return Failure("not executed", "execution ended before this cell", where, source)
    return None


class _Place:
    """Where in the source notebook a run stands; papermill's injected cell shifts what follows it by one."""

    def __init__(self, run: Run, at_cell: Callable[[int | None, int, int], None]) -> None:
        self.cells = code_cells(run.path)
        self.at_cell = at_cell
        self.current: int | None = None
        tagged = [index for index, cell in enumerate(self.cells) if "parameters" in _tags(cell)]
        # Papermill injects nothing when there are no parameters.
        self.injected = tagged[0] + 1 if tagged and run.parameters else len(self.cells)

    def move(self, cell: Mapping[str, Any], cell_index: int) -> None:  # noqa: ARG002 - nbclient names both
        self.current = self.in_source(cell_index)
        self.at_cell(self.current, cell_index, len(self.cells) + 1)

    def in_source(self, index: int) -> int | None:
        return index if index < self.injected else None if index == self.injected else index - 1

    def source(self, index: int | None) -> str:
        return "" if index is None else str(self.cells[index]["source"])


class _WholeFiles:
    """Writes for papermill so that a reader, or a kill, never meets half a file: papermill truncates, then writes."""

    @staticmethod
    def read(path: str) -> str:
        return Path(path.removeprefix(_WHOLE)).read_text(encoding="utf-8")

    @staticmethod
    def write(text: str, path: str) -> None:
        path = path.removeprefix(_WHOLE)
        with tempfile.NamedTemporaryFile("w", dir=Path(path).parent, delete=False, encoding="utf-8") as file:
            file.write(text)
        Path(file.name).replace(path)

    @staticmethod
    def pretty_path(path: str) -> str:
        return path


def _explain(raised: Exception, place: _Place, log: str) -> Report:
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    if isinstance(raised, PapermillExecutionError):
        where = place.in_source(raised.cell_index)
        trace = "\n".join(raised.traceback or [])
        return Report("failed", Failure(raised.ename, raised.evalue, where, raised.source, trace))
    here = place.current
    if isinstance(raised, DeadKernelError) or "Kernel died" in str(raised):
        message = "the kernel died: the process ended without an answer (killed, crashed, or os._exit)"
        return Report("died", Failure("died", message, here, place.source(here), log))
    message = f"{type(raised).__name__}: {raised}"
    return Report("failed", Failure("worker", message, here, place.source(here), traceback.format_exc()))


def _tidied(report: Report, root: Path) -> Report:
    """Take terminal colours and this machine's folders out of what readers will see."""
    if report.error is None:
        return report

    def tidy(text: str) -> str:
        text = _COLOURS.sub("", text).replace(f"{root}{os.sep}", "")
        return text.replace(sys.prefix, ".venv").replace(str(Path.home()), "~")

    error = report.error
    return Report(
        report.status,
        Failure(error.kind, tidy(error.message), error.cell_index, error.cell_source, tidy(error.traceback)),
    )


def _detach(log: Path) -> None:
    """Separate this process from the terminal and tie its life to the supervisor's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the supervisor decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: a killed supervisor leaves no worker
        parent = multiprocessing.parent_process()
        if parent and os.getppid() != parent.pid:
            os._exit(1)  # it was killed before
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)


def _tail(log: Path, start: int, lines: int = 30) -> str:
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(start)
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    return ""


def _literally(path: str) -> str:
    """Return a path that papermill's formatting gives back unchanged; it formats every path with `str.format`."""
    return path.replace("{", "{{").replace("}", "}}")


def _tags(cell: Mapping[str, Any]) -> list[str]:
    return list(cell["metadata"].get("tags", []))
