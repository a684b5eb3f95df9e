"""What happens on a Dask worker: a run is handed to a process beside it (`helpers.pipeline.station`) and waited for.

Needs nothing of the project but this package. A thread of a Dask worker cannot be stopped from outside, so it looks
itself, several times a second, whether its run is still wanted.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

from distributed import get_worker

from helpers.pipeline import processes

#: Topic of the events by which a client learns where its runs stand.
TOPIC = "who-pays-for-ai"
#: Seconds between two looks whether a run is still wanted.
_LOOK = 0.2
#: Seconds beyond a run's own limit, for the start of a worker process and of a kernel.
_GRACE = 240.0
#: Seconds for a station to end what it started.
_FAREWELL = 15.0
_RUNNING = {"running", "paused", "closing_gracefully"}

Tell = Callable[[str, Any], None]


class StationError(RuntimeError):
    """A machine could not execute a run; the notebook is not to blame."""


def execute(parcel: bytes, token: str, is_warm: bool, seconds: float) -> bytes:
    """Execute a run on this Dask worker; called by Dask in one of its threads.

    Parameters
    ----------
    parcel : bytes
        From `helpers.pipeline.parcel.of_run`.
    token : str
        Of the client's start.
    is_warm : bool
        Whether kernels are forked.
    seconds : float
        The run's own limit, which the station enforces; this function waits a little longer.

    Returns
    -------
    bytes
        For `helpers.pipeline.parcel.to_outcome`; empty when the run was cancelled meanwhile.

    Raises
    ------
    StationError
        If no process could be started here, or it ended without an answer.
    """
    worker = get_worker()
    key = worker.get_current_task()

    def tell(event: str, content: Any = None) -> None:
        worker.log_event(TOPIC, {"key": key, "event": event, "content": content})

    def is_wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state != "cancelled" and worker.status.name in _RUNNING

    tell("started")
    for station in (_stations.idle(token), None):
        with contextlib.suppress(_FallenAsleepError):
            return _executed(station or _stations.new(token, is_warm), parcel, tell, is_wanted, seconds + _GRACE)
    raise StationError("the process that executes notebooks ended before it began")


def _executed(station: _Station, parcel: bytes, tell: Tell, is_wanted: Callable[[], bool], seconds: float) -> bytes:
    try:
        answer = station.execute(parcel, tell, is_wanted, seconds)
    except BaseException:
        _stations.end(station)
        raise
    if answer is None:
        _stations.end(station)
        return b""
    _stations.rest(station)
    return answer


async def close(token: str) -> None:
    """End every process on this Dask worker that works for a client's start."""
    await asyncio.to_thread(_stations.close, token)


class _FallenAsleepError(Exception):
    """A station ended, having had nothing to do for a while, just when work came."""


class _Station:
    """A station process as the Dask worker sees it."""

    def __init__(self, token: str, is_warm: bool) -> None:
        self.client, self.token = token, f"{token}.{uuid.uuid4().hex[:8]}"
        self.has_worked = False
        self.folder = Path(tempfile.mkdtemp(prefix="who-pays-"))
        self.connection, theirs = Pipe()
        arguments = [str(theirs.fileno()), str(self.folder), self.token, str(int(is_warm))]
        with theirs, (self.folder / "station.log").open("wb") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own module, by this interpreter
                [sys.executable, "-P", "-m", "helpers.pipeline.station", *arguments],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.PIPE,  # closes with this process, and ends that one
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C in the worker's terminal is the worker's to answer
            )

    def execute(self, parcel: bytes, tell: Tell, is_wanted: Callable[[], bool], seconds: float) -> bytes | None:
        """Return what became of a run, or None where it is no longer wanted."""
        end = time.monotonic() + seconds
        try:
            self.connection.send(parcel)
            while is_wanted():
                if time.monotonic() > end:
                    raise StationError(f"no answer within {seconds:.0f} s")
                if not self.connection.poll(_LOOK):
                    continue
                kind, content = self.connection.recv()
                if kind == "broken":
                    raise StationError(content)
                if kind == "done":
                    self.has_worked = True
                    return bytes(content)
                tell(kind, content)
        except (EOFError, OSError):
            if not is_wanted():
                return None
            with contextlib.suppress(subprocess.TimeoutExpired):
                if self.process.wait(_FAREWELL) == 0 and self.has_worked:
                    raise _FallenAsleepError from None
            raise StationError(f"the process that executes notebooks ended: {self._last_words()}") from None
        return None

    def end(self) -> None:
        """End the process and all it started, and remove its folder."""
        with contextlib.suppress(OSError):
            assert self.process.stdin is not None
            self.process.stdin.close()  # it then ends by itself, and cleans up
        try:
            self.process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        processes.end_marked(f"{self.token}/")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self.folder / "station.log").read_text(errors="replace").splitlines()
            return lines[-1] if lines else f"code {self.process.poll()}"
        return f"code {self.process.poll()}"


class _Stations:
    """The stations of this Dask worker: those at work, and those that wait for the next run of the same client."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.every: list[_Station] = []
        self.resting: list[_Station] = []

    def new(self, token: str, is_warm: bool) -> _Station:
        """Start one.

        Raises
        ------
        StationError
            If this machine does not allow it.
        """
        try:
            station = _Station(token, is_warm)
        except OSError as error:
            raise StationError(f"no process could be started: {error.strerror or error}") from None
        with self.lock:
            self.every.append(station)
        return station

    def idle(self, token: str) -> _Station | None:
        """Return one that waits and lives, if there is one."""
        while True:
            with self.lock:
                waiting = [one for one in self.resting if one.client == token]
                if not waiting:
                    return None
                self.resting.remove(waiting[0])
            if waiting[0].process.poll() is None:
                return waiting[0]
            self.end(waiting[0])

    def rest(self, station: _Station) -> None:
        """Keep one for the next run."""
        with self.lock:
            self.resting.append(station)

    def end(self, station: _Station) -> None:
        """End one."""
        with self.lock:
            for group in (self.every, self.resting):
                if station in group:
                    group.remove(station)
        station.end()

    def close(self, token: str) -> None:
        """End all of a client's."""
        with self.lock:
            found = [one for one in self.every if one.client == token]
        for one in found:
            self.end(one)


_stations = _Stations()
