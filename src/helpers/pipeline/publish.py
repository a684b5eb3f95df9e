"""Moves finished reports in, all or nothing.

Everything is built in ``.reports-build/<id>/`` on the same file system and moved into the reports folder by renames.
Before the first rename a marker is written; a publication that was killed between two renames is completed from it
at the next start, and one that was killed before is thrown away. A reader never meets half a page.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import shutil
import signal
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

from helpers.pipeline import processes
from helpers.pipeline.errors import PipelineError

BUILD_FOLDER = ".reports-build"
#: What a publication moves in, in this order: what points at other things comes last.
ITEMS = ("executed", "html", "results.json", "status.json")
_MARKER = "moving.json"
_READY = "ready"
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


class Publication:
    """The right to publish into one reports folder, and the place to build what is published.

    Use as a context manager: it takes the lock, completes or throws away what a killed start left, makes sure that
    the reports folder can be written, and removes the build folder at the end, whatever happens.

    Parameters
    ----------
    root : Path
        The project's folder.
    reports : Path
        Where readers look; on the same file system as `root`.

    Attributes
    ----------
    token : str
        Unique; also marks the processes of this start (`helpers.pipeline.processes`).
    root, reports : Path
        As given.
    ready, scratch : Path
        Where the finished items are put (`ITEMS`), and where everything else may be written.
    """

    def __init__(self, root: Path, reports: Path) -> None:
        self.root = root
        self.reports = reports
        self.builds = root / BUILD_FOLDER
        self.token = uuid.uuid4().hex
        self.build = self.builds / self.token
        self.ready = self.build / _READY
        self.scratch = self.build / "scratch"
        self._lock: IO[str] | None = None

    def __enter__(self) -> Publication:
        with _said_plainly(f"cannot write in {self.builds.name}/ or {self.reports.name}/"):
            self.builds.mkdir(exist_ok=True)
            self._lock = _locked(self.builds / "lock")
            try:
                self._recover()
                self.reports.mkdir(parents=True, exist_ok=True)
                self.ready.mkdir(parents=True)
                self.scratch.mkdir()
                self._try_a_rename()
            except OSError:
                self._close()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def publish(self) -> None:
        """Move in every item that stands in `ready`; the others stay as they are.

        Raises
        ------
        PipelineError
            When a rename is refused; the items already moved are moved back.
        """
        marker = self.build / _MARKER
        items = [name for name in ITEMS if (self.ready / name).exists()]
        with _said_plainly("the reports could not be moved in; the old ones are still there"), held_signals():
            _write_through(
                marker,
                {
                    "reports": str(self.reports.resolve()),
                    "inodes": {name: (self.ready / name).stat().st_ino for name in items},
                },
            )
            moved: list[str] = []
            try:
                for name in items:
                    move_in(self.ready / name, self.reports / name)
                    moved.append(name)
            except OSError:
                for name in reversed(moved):
                    _move_back(self.ready / name, self.reports / name)
                marker.unlink()
                raise

    def _recover(self) -> None:
        """Deal with what a killed start left: processes, a publication half moved in, a build folder."""
        for left in self.builds.iterdir():
            if not left.is_dir():
                continue
            processes.end_marked(f"{left.name}/")
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                marker = json.loads((left / _MARKER).read_text(encoding="utf-8"))
                complete(left / _READY, Path(marker["reports"]), marker["inodes"])
            shutil.rmtree(left, ignore_errors=True)

    def _try_a_rename(self) -> None:
        """Find out now, not after all notebooks, that reports are read-only or on another file system."""
        probe = self.build / "probe"
        probe.touch()
        probe.rename(self.reports / f".{self.token}").unlink()

    def _close(self) -> None:
        with held_signals():
            shutil.rmtree(self.build, ignore_errors=True)
            if self._lock:
                self._lock.close()  # which lets the lock go
                self._lock = None


def complete(ready: Path, reports: Path, inodes: dict[str, int]) -> None:
    """Finish a publication that was killed between its renames.

    Parameters
    ----------
    ready, reports : Path
        Where the new items were built and where they belong.
    inodes : dict of str to int
        The file numbers of the new items: a rename keeps them, so they tell what is already in.
    """
    for name in ITEMS:
        if name not in inodes or _inode(reports / name) == inodes[name]:
            continue
        if _inode(ready / name) == inodes[name]:
            move_in(ready / name, reports / name)


def move_in(new: Path, target: Path) -> None:
    """Put `new` in the place of `target`; what was there stands at `new` afterwards, when there was something.

    Raises
    ------
    OSError
        When it cannot be done; `target` is as before.
    """
    if not target.exists():
        new.rename(target)
        return
    if _exchange(new, target):
        return
    aside = new.with_name(new.name + ".old")
    target.rename(aside)
    try:
        new.rename(target)
    except OSError:
        aside.rename(target)
        raise
    aside.rename(new)


@contextlib.contextmanager
def held_signals() -> Iterator[None]:
    """Hold back Ctrl-C and SIGTERM until the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step where the system can; false where it cannot."""
    if sys.platform != "linux":
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:  # a C library without it
        return False
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):  # a file system without it
        return False
    raise OSError(code, os.strerror(code), str(other))


def _move_back(new: Path, target: Path) -> None:
    """Undo `move_in`."""
    if new.exists():
        move_in(new, target)
    else:
        target.rename(new)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _write_through(path: Path, content: object) -> None:
    """Write a file so that it is on disk before anything that relies on it happens."""
    with path.open("w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())


def _locked(path: Path) -> IO[str]:
    """Take the lock or say who has it. The system lets it go when this process ends, however it ends."""
    file = path.open("a+", encoding="utf-8")
    processes.keep_from_forks(file)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise PipelineError(f"another run is at work here (process {holder}); wait for its end or stop it") from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


@contextlib.contextmanager
def _said_plainly(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PipelineError(f"{what}: {error.strerror or error}") from error
