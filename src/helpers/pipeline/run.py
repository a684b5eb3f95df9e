"""One start of the pipeline: check, execute, assemble, publish, tell."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import IO

from helpers.pipeline import integrity, key, plan, progress, select, supervise
from helpers.pipeline.assemble import Assembly, Tools
from helpers.pipeline.errors import Interrupted, PipelineError
from helpers.pipeline.outcome import Outcome
from helpers.pipeline.plan import CUSTOM, Plan, Run
from helpers.pipeline.progress import Progress
from helpers.pipeline.publish import Publication
from helpers.pipeline.select import Request


def run(
    root: Path,
    request: Request,
    *,
    jobs: int | None = None,
    quiet: bool = False,
    is_warm: bool = True,
    tools: Tools | None = None,
    stream: IO[str] | None = None,
) -> int:
    """Execute what a request asks for and publish it.

    Parameters
    ----------
    root : Path
        The project's folder, which holds ``notebooks/`` and ``data/`` and gets ``reports/``.
    request : Request
        Which notebooks, editions and parameters.
    jobs : int, optional
        Notebooks at once; as many as cores when not given.
    quiet : bool
        Say nothing but what failed.
    is_warm : bool
        Whether kernels are forked from a process that has done the heavy imports.
    tools : Tools, optional
        What makes pages of executed notebooks; the project's own when not given.
    stream : file, optional
        Where to tell; standard output when not given.

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
    planned = plan.load(root)
    runs = select.requested(planned, request)
    shown = runs if request.is_exploratory else select.shown(planned, runs)
    integrity.check(root)
    reports = root / "reports" / CUSTOM if request.is_exploratory else root / "reports"
    teller = progress.choose(quiet, stream)
    with _stoppable() as stopped, Publication(root, reports) as publication:
        try:
            outcomes = _execute(planned, runs, publication, jobs, teller, is_warm)
            teller.note("building the site")
            outcomes, warnings = _render(planned, publication, shown, outcomes, tools)
        except (OSError, PipelineError) as error:
            raise _plain(error) from error
        finally:
            teller.end()
        if stopped:  # even where a library swallowed the exception
            raise Interrupted
        publication.publish()
    progress.summary(outcomes, warnings, reports, time.monotonic() - began, quiet, stream)
    return 0 if all(outcome.error is None for outcome in outcomes) else 1


def _plain(error: OSError | PipelineError) -> PipelineError:
    """Say in one line what an error of the system means; Sphinx tells of a full disk once for each page."""
    full = os.strerror(errno.ENOSPC)
    if full in str(error):
        return PipelineError(f"the reports could not be built: {full}; the old ones are still there")
    if isinstance(error, PipelineError):
        return error
    return PipelineError(f"the reports could not be built: {error}; the old ones are still there")


def _execute(
    planned: Plan, runs: Sequence[Run], publication: Publication, jobs: int | None, teller: Progress, is_warm: bool
) -> list[Outcome]:
    common = key.shared(planned.root)
    return supervise.execute(
        runs,
        root=planned.root,
        scratch=publication.scratch / "runs",
        token=publication.token,
        jobs=jobs,
        keys={run.name: key.of(key.parts(run, common)) for run in runs},
        progress=teller,
        is_warm=is_warm,
    )


def _render(
    planned: Plan, publication: Publication, shown: Sequence[Run], outcomes: Sequence[Outcome], tools: Tools | None
) -> tuple[list[Outcome], list[str]]:
    """Turn outcomes into everything that is published, in the publication's `ready` folder.

    Returns
    -------
    tuple of (list of Outcome, list of str)
        The outcomes after the check of their figures, and what notebooks wrote to their error stream.
    """
    tools = tools or _own_tools()
    # An exploratory site has other parameters each time: an older page of it would answer another question.
    earlier = None if publication.reports.name == CUSTOM else publication.reports
    assembly = Assembly(planned.root, earlier, publication.ready, publication.scratch, tools)
    return assembly.make(shown, outcomes), assembly.warnings


def _own_tools() -> Tools:
    # Imported here: they bring pandas and Sphinx, which nobody needs to be told of a wrong parameter.
    from helpers.pipeline import clean, site

    return Tools(clean=clean.clean, build=site.build)


@contextlib.contextmanager
def _stoppable() -> Iterator[list[int]]:
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
