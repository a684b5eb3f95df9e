"""The process that executes runs for one thread of a Dask worker.

A Dask worker may be a daemon of its nanny, and daemons may have no children of `multiprocessing`. So each of its
threads gets a process of its own, this one, in which the same supervisor works as on a person's own machine, with one
worker process below it: the same function executes the notebook, and the same limits hold. It lives through many
runs, and ends with its owner.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType

from helpers.pipeline import parcel, supervise
from helpers.pipeline.errors import PipelineError
from helpers.pipeline.outcome import Outcome
from helpers.pipeline.plan import Run
from helpers.pipeline.progress import Progress

#: Seconds without work after which the process ends: its owner may have lost its client.
IDLE_LIMIT = 60.0
#: Seconds between two reports of where a run stands; each crosses the network.
_REPORT_EVERY = 1.0


class Teller(Progress):
    """Passes on what the owner shall know, no more often than a person can read.

    Parameters
    ----------
    connection : Connection
        Gets ``("at", (done, total))``, ``("memory", MiB)`` and ``("note", text)``.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.sent: dict[str, float] = {}

    def started(self, run: Run) -> None:  # noqa: ARG002 - one run at a time: the owner knows which
        """Forget when the last run was told of."""
        self.sent.clear()

    def at_cell(self, run: Run, done: int, total: int) -> None:  # noqa: ARG002 - as above
        """Tell the cell."""
        self._tell("at", (done, total))

    def sampled(self, run: Run, memory_mb: float) -> None:  # noqa: ARG002 - as above
        """Tell the memory."""
        self._tell("memory", memory_mb)

    def note(self, text: str) -> None:
        """Tell it, always."""
        self.connection.send(("note", text))

    def _tell(self, kind: str, content: object) -> None:
        now = time.monotonic()
        if now - self.sent.get(kind, -_REPORT_EVERY) >= _REPORT_EVERY:
            self.sent[kind] = now
            self.connection.send((kind, content))


def serve(connection: Connection, folder: Path, token: str, is_warm: bool) -> None:
    """Execute the runs that arrive, one after another, until none comes for a while or the owner is gone.

    Parameters
    ----------
    connection : Connection
        Receives parcels (`helpers.pipeline.parcel`); sends what `Teller` tells, ``("done", bytes)`` after each run,
        and ``("broken", text)`` before it ends because no notebook can be executed here.
    folder : Path
        Private to this process; stands for the project's folder.
    token : str
        Marks every process below this one; unique on the machine.
    is_warm : bool
        Whether kernels are forked from a process that has done the heavy imports.
    """

    def give(outcome: Outcome) -> None:
        connection.send(("done", parcel.of_outcome(outcome, folder)))

    try:
        supervise.execute(
            _arrivals(connection, folder),
            root=folder,
            scratch=folder / "runs",
            token=token,
            jobs=1,
            progress=Teller(connection),
            is_warm=is_warm,
            take=give,
        )
    except (PipelineError, OSError, ValueError) as error:
        with contextlib.suppress(OSError):
            connection.send(("broken", str(error) or type(error).__name__))


def _arrivals(connection: Connection, folder: Path) -> Iterator[Run]:
    with contextlib.suppress(EOFError):
        while connection.poll(IDLE_LIMIT):
            yield parcel.to_run(connection.recv(), folder)


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the system calls it so
    raise SystemExit(0)


def _end_with_owner() -> None:
    """Wait until the pipe from the owner closes, which happens however the owner ends."""
    while os.read(0, 1):  # not sys.stdin: its lock, held by this thread, would abort the interpreter's end
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Serve; the arguments are a file descriptor, a folder, a token, and 1 for warm kernels or 0."""
    number, folder, token, warm = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_end_with_owner, daemon=True).start()
    try:
        serve(Connection(int(number)), Path(folder), token, warm == "1")
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
