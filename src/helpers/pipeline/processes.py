"""Finding and ending processes: the tree of a worker, and what escaped from it.

A Jupyter kernel starts a session of its own and is adopted by another process when its parent dies, so a tree alone
misses some. Each run therefore marks its kernel's environment with a token, which every child inherits.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import psutil

#: Environment variable that holds the token of a run in its kernel and in all the kernel starts.
MARK = "WHO_PAYS_RUN"
#: Seconds between two looks whether killed processes are gone.
_LOOK = 0.005
#: Whether the system lists the children of each thread.
_LISTS_CHILDREN = Path("/proc/self/task").is_dir() and Path(f"/proc/self/task/{os.getpid()}/children").exists()
_GONE = (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess)


def cores() -> int:
    """Return how many processors this process may use."""
    with contextlib.suppress(AttributeError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Closable(Protocol):
    """A file or a connection."""

    def close(self) -> None:
        """Close it."""


def keep_from_forks(file: Closable) -> None:
    """Let no fork of this process hold a file open: a lock on it, or a connection, would outlive this process."""
    _kept_from_forks.add(file)


def _close_in_fork() -> None:
    for file in list(_kept_from_forks):
        file.close()


_kept_from_forks: weakref.WeakSet[Closable] = weakref.WeakSet()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_fork)


def may_fork() -> bool:
    """Tell whether a fork of this process is safe: on Linux, where no other thread may hold a lock.

    Threads of libraries count too: Python does not know of them, the system does.
    """
    if sys.platform != "linux" or threading.active_count() > 1:
        return False
    return sum(1 for _ in Path("/proc/self/task").iterdir()) == 1


def forks() -> int:
    """Return into how many processes this one may divide its work by forks, 1 where it must not.

    Two more than cores: one mostly waits for the others, and their shares differ.
    """
    return cores() + 2 if cores() > 1 and may_fork() else 1


def tree(pid: int) -> list[psutil.Process]:
    """Return a process and all its descendants; empty when it is gone."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except _GONE:
        return []


def below(pid: int) -> list[psutil.Process]:
    """Return a process and all its descendants, cheaply; one that is just starting or ending may be missing.

    Linux lists the children of each thread, while `tree` looks at every process of the machine.
    """
    found: list[psutil.Process] = []
    waiting = [pid]
    while waiting:
        number = waiting.pop()
        with contextlib.suppress(*_GONE):
            found.append(psutil.Process(number))
        try:
            for task in Path(f"/proc/{number}/task").iterdir():
                waiting += map(int, (task / "children").read_text(encoding="ascii").split())
        except OSError:
            if not _LISTS_CHILDREN:
                return tree(pid)
    return found


def memory_mb(processes: Iterable[psutil.Process]) -> float:
    """Return the memory of the processes together, in MiB; a page that several processes share is shared out.

    A forked kernel shares most of its pages with its template: resident memory would count them to each run.
    """
    return sum(_proportional(process) for process in processes) / 2**20


def resident_mb(processes: Iterable[psutil.Process]) -> float:
    """Return the resident memory of the processes together, in MiB; a shared page counts for each of them."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(*_GONE):
            total += float(process.memory_info().rss)
    return total / 2**20


def _proportional(process: psutil.Process) -> float:
    """Return the proportional set size in bytes, or the resident size where the system does not tell it."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return float(line.split()[1]) * 1024
    with contextlib.suppress(*_GONE):
        return float(process.memory_info().rss)
    return 0.0


def marked(token: str) -> list[psutil.Process]:
    """Return the running processes whose environment carries a token that begins with `token`."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(*_GONE, OSError):
            if process.environ().get(MARK, "").startswith(token):
                found.append(process)
    return found


def end(processes: Iterable[psutil.Process], seconds: float = 5.0) -> None:
    """Kill processes and wait until they are gone. A number that was given to another process since is left alone."""
    killed = []
    for process in processes:
        # psutil compares the start time first, so a reused number raises NoSuchProcess.
        with contextlib.suppress(*_GONE):
            process.kill()
            killed.append(process)
    limit = time.monotonic() + seconds
    while any(map(_works, killed)) and time.monotonic() < limit:
        time.sleep(_LOOK)


def _works(process: psutil.Process) -> bool:
    """Tell whether a process can still do anything.

    A dead one cannot, though it is listed until its parent asks about it; where that is the system's first process,
    this may take seconds.
    """
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except _GONE:
        return False


def end_marked(token: str) -> int:
    """Kill whatever carries the token, again until nothing does; return how many there were."""
    count = 0
    for _ in range(5):  # a process may start another while it is looked for
        found = marked(token)
        if not found:
            break
        count += len(found)
        end(found)
    return count
