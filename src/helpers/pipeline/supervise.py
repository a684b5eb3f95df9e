"""Runs notebooks in worker processes and holds them to their limits.

The supervisor believes processes, not files: a run is over when its worker says so, when a limit is passed, or when
the worker is gone. Each way leaves no process behind and none of them stops the other runs.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import shutil
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import psutil

from helpers import journal
from helpers.pipeline import fork_source, processes, worker
from helpers.pipeline.errors import PipelineError
from helpers.pipeline.outcome import Failure, Outcome, Status
from helpers.pipeline.parameters import code_cells
from helpers.pipeline.plan import Run
from helpers.pipeline.progress import Progress

#: Seconds between two looks at the memory of the running notebooks.
SAMPLE = 0.2
#: Seconds a worker may take to import papermill before it counts as broken.
START_LIMIT = 120.0
#: Memory is shared out anew when a run's resident pages changed by this share, and at one look in so many.
_GROWTH = 0.1
_LOOKS_AT_MOST = 10
_STARTS_WITHOUT_SUCCESS = 3


def execute(
    runs: Iterable[Run],
    *,
    root: Path,
    scratch: Path,
    token: str,
    jobs: int | None = None,
    keys: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    is_warm: bool = True,
    take: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Execute runs in parallel.

    Parameters
    ----------
    runs : iterable of Run
        With parameters already checked. An iterator is asked for the next run only when a worker is free for it, so
        there may be any number of them.
    root, scratch : Path
        The project's folder; a private folder for logs and half-done notebooks.
    token : str
        Marks every process of this start; unique on the machine.
    jobs : int, optional
        Workers at once; as many as cores when not given.
    keys : mapping of str to str, optional
        The key of each run, by run name, to be passed on.
    progress : Progress, optional
        Told what goes on.
    is_warm : bool
        Whether kernels are forked from a process that has done the heavy imports.
    take : callable, optional
        Given each outcome as it arrives; none is kept then, and the list comes back empty. What it raises ends
        everything.

    Returns
    -------
    list of Outcome
        One for each run, in the order of `runs`.

    Raises
    ------
    PipelineError
        When no worker can be started at all.
    """
    with Supervisor(root, scratch, token, jobs, keys, progress, is_warm) as supervisor:
        return supervisor.execute(runs, take)


class Supervisor:
    """Executes runs as `execute` does, several times over with the same workers; use it as a context manager.

    Parameters
    ----------
    root, scratch, token, jobs, keys, progress, is_warm
        As `execute` takes them.
    """

    def __init__(
        self,
        root: Path,
        scratch: Path,
        token: str,
        jobs: int | None = None,
        keys: Mapping[str, str] | None = None,
        progress: Progress | None = None,
        is_warm: bool = True,
    ) -> None:
        self.jobs = jobs or processes.cores()
        self.progress = progress or Progress()
        scratch.mkdir(parents=True, exist_ok=True)
        self._pool = _Pool(root, scratch, token, keys or {}, self.progress, is_warm)

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(self, *_: object) -> None:
        with _undisturbed():
            self._pool.close()

    def prepare(self) -> None:
        """Let the template begin its imports: kernels are to be asked for soon."""
        self._pool.warm()

    def tell(self, progress: Progress) -> None:
        """Tell somebody else what goes on from now on."""
        self.progress = self._pool.progress = progress

    def execute(self, runs: Iterable[Run], take: Callable[[Outcome], None] | None = None) -> list[Outcome]:
        """Execute runs; see `helpers.pipeline.supervise.execute` for arguments, result and errors."""
        if isinstance(runs, Sequence):  # of an endless stream nobody can be told beforehand
            self._pool.staff(min(self.jobs, len(runs)))  # first: a display that moves has a thread, and a fork none
            self.progress.begin(runs)
        kept: dict[str, Outcome] = {}
        order: list[str] = []

        def keep(outcome: Outcome) -> None:
            kept[outcome.run.name] = outcome

        def noted() -> Iterator[Run]:
            for run in runs:
                order.append(run.name)
                yield run

        self._pool.take = take or keep
        try:
            self._pool.work(iter(runs) if take else noted(), self.jobs)
        except BaseException:
            with _undisturbed():
                self._pool.abandon()
            raise
        return [kept[name] for name in order]


def _forget(outcome: Outcome) -> None:
    """Take an outcome that nobody asked for."""


class _Pool:
    """The workers, and what each is doing."""

    def __init__(
        self,
        root: Path,
        scratch: Path,
        token: str,
        keys: Mapping[str, str],
        progress: Progress,
        is_warm: bool,
    ) -> None:
        self.root, self.scratch, self.token, self.keys, self.progress = root, scratch, token, keys, progress
        self.is_warm = is_warm
        self.take: Callable[[Outcome], None] = _forget
        self.noted: set[str] = set()
        self.workers: list[_Worker] = []
        self.waiting: deque[Run] = deque()
        self.started = self.broken = 0
        self.looked = 0.0
        self.template: fork_source.Template | None = None

    def work(self, runs: Iterator[Run], jobs: int) -> None:
        """Execute every run, at most `jobs` at once."""
        while True:
            busy = sum(one.task is not None for one in self.workers)
            # As many as could begin at once: a sweep of thousands is never held in memory, and a run that is yet to
            # come is waited for only when there is nothing else to do.
            self.waiting.extend(islice(runs, max(0, jobs - busy - len(self.waiting))))
            left = len(self.waiting) + busy
            if not left:
                return
            self.staff(min(jobs, left))
            self._hear()
            self._measure()

    def close(self) -> None:
        """End every worker and whatever still carries the token of this start."""
        for one in self.workers:
            one.end()
        self.workers.clear()
        if self.template:
            self.template.close()
        processes.end_marked(f"{self.token}/")

    def abandon(self) -> None:
        """End what is being executed and forget what waits: nobody is there to take the outcomes."""
        self.waiting.clear()
        for one in [one for one in self.workers if one.task]:
            self._dismiss(one)
            if one.task:
                shutil.rmtree(one.task.scratch, ignore_errors=True)

    def staff(self, wanted: int) -> None:
        """Replace workers that are gone and give work to those that wait."""
        for one in [one for one in self.workers if one.task is None and not one.process.is_alive()]:
            self._gone(one)  # it ended while it had nothing to do
        is_short = len(self.workers) < wanted
        while len(self.workers) < wanted:
            if self.broken >= _STARTS_WITHOUT_SUCCESS:
                raise PipelineError(f"no worker process could be started:\n{self._last_log()}")
            self.started += 1
            log = self.scratch / f"worker-{self.started}.log"
            self.workers.append(_Worker(log, self.token, self.is_warm, self._line()))
        if is_short:
            self.progress.staffed()
        for one in self.workers:
            if one.is_ready and one.task is None and self.waiting:
                run = self.waiting.popleft()
                place = self.scratch / run.edition / run.notebook
                one.take(worker.Task(run, self.root, place, f"{self.token}/{run.name}/"))
                self.progress.started(run)

    def warm(self) -> None:
        """Start the template that all workers share, so that its imports are done once."""
        if self.is_warm and self.template is None and fork_source.is_safe_here() is None:
            with _undisturbed():
                environment = worker.template_environment(self.token)
                self.template = fork_source.Template(environment, self.scratch / "template.log")

    def _line(self) -> socket.socket | None:
        """Return a line to the template; without one the worker says why."""
        self.warm()
        return self.template.line() if self.template else None

    def _hear(self) -> None:
        """Wait a moment for news from any worker: a message, or its end."""
        sources: dict[Any, _Worker] = {}
        for one in self.workers:
            sources[one.connection] = sources[one.process.sentinel] = one
        for one in {id(found): found for found in map(sources.__getitem__, wait(sources, SAMPLE))}.values():
            for kind, content in one.messages():
                self._told(one, kind, content)
            if not one.process.is_alive():
                self._gone(one)

    def _told(self, one: _Worker, kind: str, content: Any) -> None:
        if kind == "ready":
            one.is_ready, self.broken = True, 0
        elif kind == "kernel":
            one.note_kernel(content)
        elif kind == "waiting":
            one.pause(content)
        elif kind == "template":
            one.template = content
            one.seen.pop(content, None)  # it was taken for a process of the run
        elif kind == "note" and content not in self.noted:
            self.noted.add(content)
            self.progress.note(content)
        elif kind == "cell" and one.task:
            one.cell, done, total = content
            self.progress.at_cell(one.task.run, done, total)
        elif kind == "done":
            self._finish(one, content.status, content.error)

    def _gone(self, one: _Worker) -> None:
        code = one.process.exitcode or 0
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        if one.task:
            self._finish(one, "died", one.failure("died", f"the worker process {how}"))
        elif not one.is_ready:
            self.broken += 1
        self._dismiss(one)

    def _measure(self) -> None:
        """Look at time and memory of every running notebook and stop those beyond a limit."""
        if time.monotonic() - self.looked < SAMPLE:
            return  # news came sooner; it says nothing of memory
        self.looked = time.monotonic()
        for one in list(self.workers):
            if one.task is None:
                if not one.is_ready and one.seconds > START_LIMIT:
                    self.broken += 1
                    self._dismiss(one)
                continue
            run = one.task.run
            memory = one.sample()
            self.progress.sampled(run, memory)
            if memory > run.memory_limit_mb:
                text = f"stopped at {memory:.0f} MB of memory; the limit is {run.memory_limit_mb} MB"
                self._stop(one, "memory", text)
            elif one.seconds > run.seconds_limit and not one.connection.poll():  # it might say that it is done
                self._stop(one, "timeout", f"stopped after {run.seconds_limit:g} s, the limit for the whole notebook")

    def _stop(self, one: _Worker, status: Status, message: str) -> None:
        failure, seconds = one.failure(status, message), one.seconds
        one.end()  # first, so that the file it leaves no longer changes
        self._finish(one, status, failure, seconds)
        self._dismiss(one)

    def _finish(self, one: _Worker, status: Status, error: Failure | None, seconds: float | None = None) -> None:
        task = one.task
        assert task is not None
        seconds = one.seconds if seconds is None else seconds
        one.task = None
        processes.end(one.seen.values())  # a process that a cell left running
        processes.end_marked(task.token)
        outcome = Outcome(
            run=task.run,
            status=status,
            seconds=round(seconds, 3),
            peak_memory_mb=round(one.peak_mb, 1),
            key=self.keys.get(task.run.name, ""),
            error=error,
            notebook=worker.executed(task.scratch),
            journal=journal.read(task.scratch / worker.JOURNAL),
        )
        # All that was in it is in the outcome now.
        shutil.rmtree(task.scratch, ignore_errors=True)
        with contextlib.suppress(OSError):
            task.scratch.parent.rmdir()
        self.progress.finished(outcome)
        self.take(outcome)

    def _dismiss(self, one: _Worker) -> None:
        one.end()
        self.workers.remove(one)

    def _last_log(self) -> str:
        with contextlib.suppress(OSError):
            return (self.scratch / f"worker-{self.started}.log").read_text(errors="replace")[-2000:]
        return ""


class _Worker:
    """A worker process as the supervisor sees it."""

    def __init__(self, log: Path, token: str, is_warm: bool, line: socket.socket | None) -> None:
        ours, theirs = multiprocessing.Pipe()
        processes.keep_from_forks(ours)  # a worker ends when the other end closes, so no worker may hold that
        self.connection = ours
        arguments = (theirs, log, token, is_warm, line)
        with _undisturbed():  # a Ctrl-C in between would leave a process that nobody knows
            self.process = _process(worker.serve, arguments)
            self.process.start()
        theirs.close()
        if line:
            line.close()  # the template must see when the worker's end closes
        self.task: worker.Task | None = None
        self.is_ready = False
        self.template: int | None = None
        self.since = time.monotonic()
        self.waiting_since: float | None = None
        self.cell: int | None = None
        self.peak_mb = self.memory_mb = self.resident_mb = self.limit_mb = 0.0
        self.looks = 0
        self.seen: dict[int, psutil.Process] = {}
        self.kernels: list[int] = []

    @property
    def seconds(self) -> float:
        """Time since the current run, or the process itself, began."""
        return (time.monotonic() if self.waiting_since is None else self.waiting_since) - self.since

    def take(self, task: worker.Task) -> None:
        """Begin a run."""
        self.task, self.since, self.cell, self.seen, self.kernels = task, time.monotonic(), None, {}, []
        self.waiting_since = None
        self.limit_mb = task.run.memory_limit_mb
        self.peak_mb = self.memory_mb = self.resident_mb = 0.0
        with contextlib.suppress(OSError):  # a worker that is already gone is noticed by its sentinel
            self.connection.send(task)

    def pause(self, is_waiting: bool) -> None:
        """Stop the clock of the current run while it waits for imports that serve all runs, and let it go on."""
        if self.waiting_since is not None:
            self.since += time.monotonic() - self.waiting_since
        self.waiting_since = time.monotonic() if is_waiting else None

    def note_kernel(self, pid: int) -> None:
        """Take note of a kernel of the current run, which the template has for a child."""
        with contextlib.suppress(psutil.Error):
            self.seen[pid] = psutil.Process(pid)
            self.kernels.append(pid)

    def messages(self) -> Iterator[tuple[str, Any]]:
        """Yield what has arrived; a message cut off by a kill is none."""
        with contextlib.suppress(EOFError, OSError):
            while self.connection.poll():
                yield self.connection.recv()

    def sample(self) -> float:
        """Return the memory of this worker, its kernel and all below them in MiB, and remember who they are."""
        # A template outlives the run, and its kernels share its pages: it is no part of what the run uses.
        found = [one for one in self._tree(processes.below) if one.pid != self.template]
        self.seen.update({one.pid: one for one in found if one.pid != self.process.pid})
        # To share pages out costs the system much more than to count them, and stops the kernel meanwhile. The share is
        # never above the count, so no run is beyond its limit unseen.
        resident = processes.resident_mb(found)
        self.looks += 1
        has_grown = abs(resident - self.resident_mb) > _GROWTH * self.resident_mb
        if has_grown or resident > self.limit_mb or self.looks % _LOOKS_AT_MOST == 0:
            self.resident_mb, self.memory_mb = resident, processes.memory_mb(found)
            self.peak_mb = max(self.peak_mb, self.memory_mb)
        return self.memory_mb

    def failure(self, kind: str, message: str) -> Failure:
        """Describe a run that could not describe itself."""
        source = ""
        if self.task and self.cell is not None:
            source = str(code_cells(self.task.run.path)[self.cell]["source"])
        return Failure(kind, message, self.cell, source)

    def end(self) -> None:
        """Kill the process and everything it ever started."""
        # Looked up first: once the worker is gone nobody can say whose children they were.
        below = [one for one in self._tree(processes.tree) if one.pid != self.process.pid]
        self.process.kill()
        processes.end([*below, *self.seen.values()])
        if self.task:
            processes.end_marked(self.task.token)
        self.process.join(5)
        self.connection.close()

    def _tree(self, of: Callable[[int], list[psutil.Process]]) -> list[psutil.Process]:
        """Return this process, its kernels and all that they and it started, each once."""
        found = [one for pid in (self.process.pid or 0, *self.kernels) for one in of(pid)]
        return list({one.pid: one for one in found}.values())


def _process(act: Callable[..., None], arguments: tuple[Any, ...]) -> Any:
    """Return a process to be started: a fork of this one, which has papermill, where that is safe; else a new one."""
    if processes.may_fork():
        try:
            worker.load()  # once for all workers; the template imports meanwhile
        except Exception as error:  # whatever a damaged installation does
            raise PipelineError(f"no worker process could be started:\n{type(error).__name__}: {error}") from error
    # Asked again: an import might have started a thread.
    context: Any = multiprocessing.get_context("fork" if processes.may_fork() else "spawn")
    return context.Process(target=act, args=arguments, daemon=True)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold back Ctrl-C and SIGTERM for a moment."""
    held = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
