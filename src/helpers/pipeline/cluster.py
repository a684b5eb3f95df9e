"""Sends runs to a Dask cluster that is already there, and brings their outcomes back.

The counterpart of `helpers.pipeline.supervise` for more than one machine: the same runs, the same outcomes, the same
function that executes a notebook. Dask carries the work, knows who is alive and has a launcher for every kind of
cluster. Which worker gets which run is decided here: only a worker with our own version gets any, no more at once
than it has threads, and a run that was lost with its worker goes to another, at most twice. (Dask's own count of lost
workers belongs to the scheduler, is shared by all its clients and cannot be set by one of them.)
"""

from __future__ import annotations

import contextlib
import logging
import queue
import time
import uuid
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.pipeline import identity, parcel
from helpers.pipeline.crew import Crew
from helpers.pipeline.errors import PipelineError
from helpers.pipeline.outcome import Failure, Outcome
from helpers.pipeline.plan import Run
from helpers.pipeline.progress import Progress

#: Seconds to reach the scheduler.
REACH = 5.0
#: How often a run is begun before it counts as the one that ends its workers: once, and twice again.
ATTEMPTS = 3
#: Seconds between two looks at who is there.
_LOOK = 0.5
#: Seconds to fetch one result.
_FETCH = 60.0


def execute(
    runs: Iterable[Run],
    *,
    scheduler: str,
    root: Path,
    token: str,
    keys: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    is_warm: bool = True,
    take: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Execute runs on the workers of a Dask cluster.

    Parameters
    ----------
    runs : iterable of Run
        With parameters already checked. An iterator is asked for the next run only when a worker is free for it, so
        there may be any number of them.
    scheduler : str
        Its address, ``tcp://host:port`` or ``tls://host:port``; certificates come from Dask's configuration.
    root : Path
        The project's folder. Workers do not see it.
    token : str
        Marks everything that belongs to this start.
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
        When Dask is not installed, the scheduler cannot be reached, or there is no worker that can be used. What
        `take` was given before is not affected.
    """
    progress = progress or Progress()
    if isinstance(runs, Sequence):  # of an endless stream nobody can be told beforehand
        progress.begin(runs)
    kept: dict[str, Outcome] = {}
    order: list[str] = []

    def keep(outcome: Outcome) -> None:
        kept[outcome.run.name] = outcome

    def noted() -> Iterator[Run]:
        for run in runs:
            order.append(run.name)
            yield run

    ours = identity.here()
    with _connected(scheduler, progress) as client:
        crew = Crew(client, scheduler, ours, progress)
        session = _Session(client, crew, root, token, keys or {}, progress, is_warm, take or keep)
        try:
            session.work(iter(runs) if take else noted())
        finally:
            session.close()
    return [kept[name] for name in order]


@contextlib.contextmanager
def _connected(scheduler: str, progress: Progress) -> Iterator[Any]:
    """Connect to a scheduler, or say in one line why that is not possible; Dask itself keeps silent meanwhile."""
    try:
        import distributed
        from distributed.versions import VersionMismatchWarning
    except ImportError:
        raise PipelineError(
            "--scheduler needs Dask, which is not installed: python -m pip install 'who-pays-for-ai[cluster]'"
        ) from None
    connect: Any = distributed.Client  # its annotations are incomplete
    security = _security(scheduler)
    with _silent_log():
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always", VersionMismatchWarning)
                client = connect(scheduler, timeout=REACH, set_as_default=False, security=security)
        except OSError:
            raise PipelineError(f"no scheduler answered at {scheduler} within {REACH:g} s") from None
        try:
            if any(issubclass(one.category, VersionMismatchWarning) for one in warned):
                progress.note(f"the scheduler at {scheduler} or a worker has other versions of Dask's packages than we")
            yield client
        except _lost_errors() as error:  # noticed by a call of ours before the crew looked
            raise PipelineError(f"the connection to the scheduler at {scheduler} was lost") from error
        finally:
            with contextlib.suppress(Exception):  # a scheduler that is gone needs no farewell
                client.close(timeout=REACH)


def _lost_errors() -> tuple[type[Exception], ...]:
    """Return what Dask raises when it is asked for something over a connection that is gone."""
    from distributed.client import ClosedClientError
    from distributed.comm.core import CommClosedError

    return ClosedClientError, CommClosedError


def _security(scheduler: str) -> Any:
    """Return what Dask's configuration says of certificates; a client without them hangs before it fails."""
    import distributed

    settings: Any = distributed.Security
    try:
        security = settings()
        has_certificate = security.get_connection_args("client")["ssl_context"] is not None
    except (OSError, ValueError) as error:
        raise PipelineError(f"Dask's certificates (distributed.comm.tls) cannot be used: {error}") from None
    if scheduler.startswith("tls:") and not has_certificate:
        raise PipelineError(f"{scheduler} needs certificates: set distributed.comm.tls in Dask's configuration")
    return security


@contextlib.contextmanager
def _silent_log() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    before = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for one, level in zip(loggers, before, strict=True):
            one.setLevel(level)


@dataclass(frozen=True)
class _Attempt:
    """A run that waits for a worker: the how-manieth time, and where it was lost before."""

    run: Run
    number: int = 1
    lost_at: frozenset[str] = frozenset()


@dataclass
class _Flight:
    """A run at a worker."""

    attempt: _Attempt
    address: str
    future: Any
    since: float = field(default_factory=time.monotonic)
    begins: int = 0


class _Session:
    """One start's runs: those that wait, those at workers, and what came back."""

    def __init__(
        self,
        client: Any,
        crew: Crew,
        root: Path,
        token: str,
        keys: Mapping[str, str],
        progress: Progress,
        is_warm: bool,
        take: Callable[[Outcome], None],
    ) -> None:
        from helpers.pipeline import remote

        self.remote = remote
        self.client, self.crew, self.root, self.token = client, crew, root, token
        self.keys, self.progress, self.is_warm, self.take = keys, progress, is_warm, take
        self.waiting: deque[_Attempt] = deque()
        self.flying: dict[str, _Flight] = {}
        # A key that was used before would bring the earlier result.
        self.id, self.sent = uuid.uuid4().hex[:12], 0
        self.used: set[str] = set()
        self.notes: set[str] = set()
        # Filled by Dask's threads; everything else here happens in ours.
        self.news: queue.SimpleQueue[tuple[str, str, Any]] = queue.SimpleQueue()
        client.subscribe_topic(remote.TOPIC, self._told)

    def work(self, runs: Iterator[Run]) -> None:
        """Execute every run, as many at once as there are threads."""
        looked = 0.0
        while True:
            if not self.flying and not self.waiting:
                run = next(runs, None)
                if run is None:
                    return
                self.waiting.append(_Attempt(run))
            if time.monotonic() - looked >= _LOOK:
                self._miss(self.crew.look())
                looked = time.monotonic()
            self._send(runs)
            self._hear()

    def close(self) -> None:
        """Cancel what is under way and end what works for it on the workers."""
        if self.client.status != "running":
            return  # the workers notice by themselves that their client is gone
        with contextlib.suppress(Exception):
            self.client.cancel([flight.future for flight in self.flying.values()], force=True)
            there = sorted(self.used & set(self.crew.threads))
            if there:
                self.client.run(
                    self.remote.close, self.token, workers=there, on_error="ignore", callback_timeout=_FETCH
                )

    def _told(self, event: tuple[float, Mapping[str, Any]]) -> None:
        self.news.put((event[1]["event"], event[1]["key"], event[1].get("content")))

    def _send(self, runs: Iterator[Run]) -> None:
        """Give each worker as many runs as it has threads."""
        free = self.crew.threads.copy()
        for flight in self.flying.values():
            if flight.address in free:
                free[flight.address] -= 1
        blocked: deque[_Attempt] = deque()
        while any(count > 0 for count in free.values()):
            attempt = self.waiting.popleft() if self.waiting else next(map(_Attempt, runs), None)
            if attempt is None:
                break
            # Where it was lost before only when nobody else is there.
            places = set(free) - attempt.lost_at or set(free)
            address = max(sorted(places), key=free.__getitem__)
            if free[address] > 0:
                free[address] -= 1
                self._submit(attempt, address)
            else:
                blocked.append(attempt)
        self.waiting.extend(blocked)

    def _submit(self, attempt: _Attempt, address: str) -> None:
        run = attempt.run
        self.sent += 1
        future = self.client.submit(
            self.remote.execute,
            parcel.of_run(run, self.root),
            self.token,
            self.is_warm,
            run.seconds_limit,
            key=f"who-pays-run-{self.id}-{self.sent}",
            workers=[address],
            allow_other_workers=False,
            pure=False,
        )
        self.used.add(address)
        self.flying[future.key] = _Flight(attempt, address, future)
        future.add_done_callback(lambda done: self.news.put(("over", done.key, None)))

    def _hear(self) -> None:
        """Wait a moment for news, and deal with all there is."""
        with contextlib.suppress(queue.Empty):
            kind, key, content = self.news.get(timeout=_LOOK)
            while True:
                if key in self.flying:
                    self._learn(kind, key, content)
                kind, key, content = self.news.get_nowait()

    def _learn(self, kind: str, key: str, content: Any) -> None:
        flight = self.flying[key]
        run = flight.attempt.run
        if kind == "over":
            self._over(self.flying.pop(key))
        elif kind == "started":
            flight.begins += 1
            if flight.begins == 1:
                self.progress.started(run)
            else:  # Dask began it again at the same address, where a new worker took the place of a lost one
                self._lose(self.flying.pop(key), "its worker was lost")
        elif kind == "at":
            self.progress.at_cell(run, *content)
        elif kind == "memory":
            self.progress.sampled(run, content)
        elif kind == "note" and content not in self.notes:
            self.notes.add(content)
            self.progress.note(f"{flight.address}: {content}")

    def _over(self, flight: _Flight) -> None:
        """Deal with a future that came to its end, whichever."""
        try:
            content = flight.future.result(timeout=_FETCH)
        except self.remote.StationError as error:
            self.crew.blame(flight.address, str(error))
            self._lose(flight, f"worker {flight.address} could not execute it: {error}")
        except Exception as error:
            if flight.future.status == "cancelled":  # the connection was lost: no fault of the run's or its worker's
                self.waiting.appendleft(flight.attempt)
            else:
                self._lose(flight, f"worker {flight.address} was lost ({type(error).__name__})")
        else:
            if not content:
                self._lose(flight, f"worker {flight.address} was closed")
                return
            self.crew.praise(flight.address)
            run = flight.attempt.run
            if flight.begins == 0:
                self.progress.started(run)
            self._finish(parcel.to_outcome(content, run, self.root, self.keys.get(run.name, "")))

    def _miss(self, present: set[str] | None) -> None:
        """Notice which runs were lost with their workers."""
        for key, flight in list(self.flying.items()):
            if present is not None and flight.address not in present:
                self._lose(self.flying.pop(key), f"worker {flight.address} was lost")

    def _lose(self, flight: _Flight, reason: str) -> None:
        """Let a run try again elsewhere, or give it up."""
        attempt = flight.attempt
        flight.future.cancel()
        if attempt.number < ATTEMPTS:
            self.progress.note(f"{attempt.run.name}: {reason}; it is tried again elsewhere")
            self.waiting.appendleft(_Attempt(attempt.run, attempt.number + 1, attempt.lost_at | {flight.address}))
            return
        text = f"tried {ATTEMPTS} times; the last time {reason}"
        self._finish(
            Outcome(
                run=attempt.run,
                status="died",
                seconds=round(time.monotonic() - flight.since, 3),
                key=self.keys.get(attempt.run.name, ""),
                error=Failure("died", text),
            )
        )

    def _finish(self, outcome: Outcome) -> None:
        self.progress.finished(outcome)
        self.take(outcome)
