"""One start of the pipeline: check, execute, assemble, publish, tell."""

from __future__ import annotations

import contextlib
import errno
import functools
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING

from helpers.pipeline import integrity, lean, plan, progress, select
from helpers.pipeline.assemble import Assembly, Tools
from helpers.pipeline.errors import Interrupted, PipelineError, UsageError
from helpers.pipeline.executor import Executor
from helpers.pipeline.outcome import Outcome
from helpers.pipeline.plan import CUSTOM, Run
from helpers.pipeline.progress import Progress
from helpers.pipeline.publish import Publication
from helpers.pipeline.select import Request
from helpers.pipeline.stock import Stock

if TYPE_CHECKING:
    from helpers.pipeline.watch import Staff

#: How far the import of what makes pages steps back for other work, as `nice` counts.
_STEP_BACK = 10


def run(
    root: Path,
    request: Request,
    *,
    jobs: int | None = None,
    scheduler: str | None = None,
    quiet: bool = False,
    is_warm: bool = True,
    force: bool = False,
    tools: Tools | None = None,
    stream: IO[str] | None = None,
    staff: Staff | None = None,
) -> int:
    """Execute what a request asks for, as far as it is out of date, and publish it.

    Parameters
    ----------
    root : Path
        The project's folder, which holds ``notebooks/`` and ``data/`` and gets ``reports/``.
    request : Request
        Which notebooks, editions and parameters.
    jobs : int, optional
        Notebooks at once on this machine; as many as cores when not given.
    scheduler : str, optional
        Address of a Dask scheduler whose workers execute the notebooks, instead of this machine.
    quiet : bool
        Say nothing but what failed.
    is_warm : bool
        Whether kernels are forked from a process that has done the heavy imports.
    force : bool
        Execute every run asked for, whether or not its result still holds.
    tools : Tools, optional
        What makes pages of executed notebooks; the project's own when not given.
    stream : file, optional
        Where to tell; standard output when not given.
    staff : Staff, optional
        Workers that stay when this ends; `jobs` and `is_warm` are theirs then.

    Returns
    -------
    int
        0 when every run succeeded, 1 when one failed.

    Raises
    ------
    UsageError
        Before anything is executed: ``runs.toml``, a name or a parameter is wrong.
    PipelineError
        A table is not the one described, another run is at work, the reports cannot be written or the site not
        built. What was published before is still there.
    Interrupted
        Ctrl-C or SIGTERM. Nothing is published and no process is left.
    """
    began = time.monotonic()
    stream = stream or sys.stdout
    with integrity.one_vintage(root):
        planned = plan.load(root)
        runs = select.requested(planned, request)
        shown = runs if request.is_exploratory else select.shown(planned, runs)
        integrity.check(root)
        stock = Stock(root, root / "reports" / CUSTOM if request.is_exploratory else root / "reports", force)
        teller = progress.choose(quiet, stream)
        pages = _PageTools(tools)
        outcomes: list[Outcome] = []
        warnings: list[str] = []
        watched = progress.WhileWaiting(teller, pages.begin)
        with stoppable() as stopped, Publication(root, stock.reports) as publication:
            with Executor(publication, jobs, scheduler, watched, is_warm, staff) as execute:
                if stock.is_likely_due(runs):
                    execute.prepare()
                is_current = stock.is_current(runs, shown)
                if not is_current:
                    outcomes, warnings = _produce(runs, shown, publication, stock, execute, teller, pages)
            if not is_current:
                if stopped:  # even where a library swallowed the exception
                    raise Interrupted
                publication.publish()
                stock.note_published(shown)
    seconds, kept = time.monotonic() - began, len(runs) - len(outcomes)
    progress.summary(outcomes, kept, warnings, stock.reports, seconds, quiet, stream)
    return 0 if all(outcome.error is None for outcome in outcomes) else 1


def _produce(
    runs: Sequence[Run],
    shown: Sequence[Run],
    publication: Publication,
    stock: Stock,
    execute: Executor,
    teller: Progress,
    tools: _PageTools,
) -> tuple[list[Outcome], list[str]]:
    """Fill the publication's `ready` folder.

    Returns
    -------
    tuple of (list of Outcome, list of str)
        The outcomes of what was executed, after the check of their figures, and what notebooks wrote to their error
        stream.
    """
    try:
        assembly, outcomes = _execute(runs, shown, publication, stock, execute, tools)
        teller.end()  # a display that moves has a thread, and Sphinx forks
        teller.note("building the site")
        assembly.finish(shown)
    except (OSError, PipelineError) as error:
        raise _plain(error) from error
    finally:
        teller.end()
    return outcomes, assembly.warnings


def _execute(
    runs: Sequence[Run],
    shown: Sequence[Run],
    publication: Publication,
    stock: Stock,
    execute: Executor,
    tools: _PageTools,
) -> tuple[Assembly, list[Outcome]]:
    """Execute what is due, those that read findings after the others, and clean what came out.

    Returns
    -------
    tuple of (Assembly, list of Outcome)
        Everything that shall be published, and the outcomes of what was executed, after the check of their figures.
    """
    # An exploratory site has other parameters each time: an older page of it would answer another question.
    earlier = None if publication.reports.name == CUSTOM else publication.reports
    assembly = Assembly(stock.root, earlier, publication.ready, publication.scratch, tools, *stock.site)
    _refuse_to_mix([run for run in shown if run.name not in {one.name for one in runs}], assembly)
    told: list[Outcome] = []
    for reads_findings in (False, True):
        stage = [run for run in runs if run.reads_findings is reads_findings]
        if reads_findings and stage:
            stage = stock.handed(stage, assembly.document())
        due, restored = stock.sort(stage)
        names = {run.name for run in due}
        tools.meanwhile = functools.partial(assembly.read, [run for run in shown if run.name not in names])
        executed = stock.keep(execute(_side_by_side(due), assembly.clean)) if due else []
        checked = assembly.add([run for run in shown if run.reads_findings is reads_findings], [*restored, *executed])
        stock.note_checked(checked)
        told += [one for one in checked if one.run.name in names or one.error]
    return assembly, told


def _side_by_side(runs: Sequence[Run]) -> list[Run]:
    """Order runs by notebook: its editions take about as long as one another, so that no worker waits at the end."""
    order = list(dict.fromkeys(run.notebook for run in runs))
    return sorted(runs, key=lambda run: order.index(run.notebook))


def _refuse_to_mix(kept: Sequence[Run], assembly: Assembly) -> None:
    """Raise when pages that were not asked for show another day or other tables: one site shows one state."""
    other = {run.name: how for run in kept if (how := assembly.differs(run))}
    if other:
        name, how = next(iter(other.items()))
        raise UsageError(
            f"{len(other)} published pages were made on other parameters or tables ({name}: {how}); "
            "run without --only and --edition, so that all are made again; nothing was executed"
        )


def _plain(error: OSError | PipelineError) -> PipelineError:
    """Say in one line what an error of the system means; Sphinx tells of a full disk once for each page."""
    full = os.strerror(errno.ENOSPC)
    if full in str(error):
        return PipelineError(f"the reports could not be built: {full}; the old ones are still there")
    if isinstance(error, PipelineError):
        return error
    return PipelineError(f"the reports could not be built: {error}; the old ones are still there")


class _PageTools:
    """What makes pages: imported in a thread while workers start and notebooks are at work, or when it is asked for.

    It brings Sphinx, which nobody needs to be told of a wrong parameter, and which must not keep the kernels from
    starting where cores are few: the thread steps back for whoever wants a core.

    Attributes
    ----------
    meanwhile : callable or None
        What else to do in the thread, once all is imported.
    """

    def __init__(self, given: Tools | None) -> None:
        self.given = given
        self.thread: threading.Thread | None = None
        self.meanwhile: Callable[[], None] | None = None

    def begin(self) -> None:
        """Start to import."""
        if self.given is None and self.thread is None:
            self.thread = threading.Thread(target=self._load_meanwhile, name="pages", daemon=True)
            self.thread.start()

    def __call__(self) -> Tools:
        """Return the tools as soon as they are there."""
        if self.thread:
            self.thread.join()
        return self.given or self._load()  # where the thread failed, the error is raised here

    def _load_meanwhile(self) -> None:
        if sys.platform == "linux":  # elsewhere it would be the priority of the whole process
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _STEP_BACK)
        self._load()
        if self.meanwhile:
            self.meanwhile()

    def _load(self) -> Tools:
        lean.skip()
        with lean.uncollected():
            from helpers.pipeline import clean, site

            site.preload()
            gc.freeze()  # nor later, while documents are read and written
        self.given = Tools(clean=clean.clean, build=site.build)
        return self.given


@contextlib.contextmanager
def stoppable() -> Iterator[list[int]]:
    """Turn Ctrl-C and SIGTERM into `Interrupted`; yields a list that then holds the signal."""
    caught: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the system calls it so
        caught.append(number)
        raise Interrupted

    if threading.current_thread() is not threading.main_thread():
        yield caught  # only the main thread may set handlers; who runs us elsewhere deals with signals
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
