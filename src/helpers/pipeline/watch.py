"""``run --watch``: publish again whenever a notebook is saved, with workers and imports that stay.

What costs most after an edit is to begin: interpreters, pandas, Sphinx. A process that stays pays that once.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING

import helpers
from helpers.pipeline import integrity
from helpers.pipeline.assemble import Tools
from helpers.pipeline.errors import Interrupted, PipelineError
from helpers.pipeline.progress import Progress
from helpers.pipeline.run import run, stoppable
from helpers.pipeline.select import Request

if TYPE_CHECKING:
    from helpers.pipeline.supervise import Supervisor

#: Seconds between two looks at the files.
LOOK = 0.1
State = dict[Path, tuple[int, int]]
"""Time of change and size of each file."""


class Staff:
    """Workers that outlive a start of the pipeline; use it as a context manager.

    Parameters
    ----------
    root : Path
        The project's folder.
    jobs : int, optional
        Workers at once; as many as cores when not given.
    is_warm : bool
        Whether kernels are forked from a process that has done the heavy imports.
    """

    def __init__(self, root: Path, jobs: int | None = None, is_warm: bool = True) -> None:
        self.root, self.jobs, self.is_warm = root, jobs, is_warm
        # Not among the builds: whatever lies there belongs to one start, and the next one throws it away.
        self._folder = tempfile.TemporaryDirectory(prefix="who-pays-")

    @functools.cached_property
    def _supervisor(self) -> Supervisor:
        # Imported here: who is told that nothing changed needs no workers.
        from helpers.pipeline.supervise import Supervisor

        return Supervisor(self.root, Path(self._folder.name), uuid.uuid4().hex, self.jobs, is_warm=self.is_warm)

    def supervisor(self, progress: Progress) -> Supervisor:
        """Return what executes notebooks; it tells `progress` of it from now on."""
        self._supervisor.tell(progress)
        return self._supervisor

    def __enter__(self) -> Staff:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "_supervisor" in self.__dict__:
            self._supervisor.__exit__(kind, error, trace)
        self._folder.cleanup()


def keep_running(
    root: Path,
    request: Request,
    *,
    jobs: int | None = None,
    quiet: bool = False,
    is_warm: bool = True,
    force: bool = False,
    tools: Tools | None = None,
    stream: IO[str] | None = None,
) -> bool:
    """Execute and publish now, and again whenever a notebook is saved, until Ctrl-C or SIGTERM.

    Parameters
    ----------
    root, request, jobs, quiet, is_warm, tools, stream
        As `helpers.pipeline.run.run` takes them.
    force : bool
        Execute every run asked for the first time.

    Returns
    -------
    bool
        False when it was stopped; True when code or data changed, which this process knows as they were: the caller
        must start again. No process is left either way.
    """
    from helpers.pipeline import provenance  # here: it needs nbformat, and who is told that nothing changed does not

    told = stream or sys.stdout
    with contextlib.suppress(Interrupted), stoppable(), Staff(root, jobs, is_warm) as staff:
        while True:
            known = state(root)
            provenance.commit.cache_clear()  # to edit a notebook changes what it says
            try:
                run(root, request, quiet=quiet, force=force, tools=tools, stream=stream, staff=staff)
            except Interrupted:
                raise
            except PipelineError as error:  # a notebook saved half-done, a parameter that does not fit: told, not fatal
                print(f"error: {error}", file=told, flush=True)
            force = False
            if not quiet:
                print("waiting for the next change (Ctrl-C ends it)", file=told, flush=True)
            if not is_for_notebooks(root, known, next_change(root, known)):
                return True
    return False


def state(root: Path) -> State:
    """Return the state of every file that a page may depend on.

    Parameters
    ----------
    root : Path
        The project's folder.
    """
    found: State = {}
    for path in _files(root):
        try:
            seen = path.stat()
        except OSError:
            continue  # an editor is just replacing it
        found[path] = (seen.st_mtime_ns, seen.st_size)
    return found


def is_for_notebooks(root: Path, before: State, now: State) -> bool:
    """Tell whether only notebooks, or which runs there are, changed: all else is known to this process as it was."""
    changed = {path for path in before.keys() | now.keys() if before.get(path) != now.get(path)}
    return all((root / "notebooks") in path.parents for path in changed)


def next_change(root: Path, known: State, sleep: Callable[[float], None] = time.sleep) -> State:
    """Wait until a file differs from what is known, and then until nobody writes any more.

    Parameters
    ----------
    root : Path
        The project's folder.
    known : State
    sleep : callable
        Waits so many seconds.

    Returns
    -------
    State
        Of all files after the change.
    """
    now = state(root)
    while now == known:
        sleep(LOOK)
        now = state(root)
    sleep(LOOK)
    while (later := state(root)) != now:
        now = later
        sleep(LOOK)
    return now


def _files(root: Path) -> Iterator[Path]:
    notebooks = root / "notebooks"
    yield from notebooks.glob("*.ipynb")
    yield from notebooks.glob("*.toml")
    yield from (notebooks / "sweeps").glob("*.toml")
    yield from (path for path in integrity.data_folder(root).rglob("*") if path.is_file())
    yield from (path for path in Path(helpers.__file__).parent.rglob("*") if path.suffix != ".pyc" and path.is_file())
    yield root / "requirements.txt"
