"""Forks of the runner: when one is safe, and what it must not hold."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from helpers.pipeline import processes, publish, supervise, sweep, worker
from helpers.pipeline.errors import PipelineError

linux = pytest.mark.skipif(sys.platform != "linux", reason="forks are used on Linux alone")
KIND = """
import threading
from helpers.pipeline import supervise
{before}
print(type(supervise._process(print, ())).__name__)
"""
#: A thread that Python does not know of, as some libraries start one.
NATIVE = """
import ctypes
libc = ctypes.CDLL(None)
thread = ctypes.c_ulong()
assert libc.pthread_create(ctypes.byref(thread), None, ctypes.cast(libc.pause, ctypes.c_void_p), None) == 0
"""


@linux
@pytest.mark.parametrize(
    ("before", "kind"),
    [
        ("", "ForkProcess"),
        ("threading.Thread(target=threading.Event().wait, daemon=True).start()", "SpawnProcess"),
        (NATIVE, "SpawnProcess"),
    ],
    ids=["no thread", "a thread", "a library's thread"],
)
def test_a_worker_is_a_fork_only_where_there_is_one_thread(before: str, kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KIND.format(before=before)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == [kind]


@linux
def test_a_fork_does_not_hold_a_lock_of_its_parent(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    held = path.open("a")
    processes.keep_from_forks(held)
    fcntl.flock(held, fcntl.LOCK_EX)
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(tell, b".")
        signal.pause()
        os._exit(0)
    try:
        os.read(told, 1)
        held.close()
        with path.open("a") as other:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises where the child still has it
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_locks_and_the_supervisors_ends_are_kept_from_forks(tmp_path: Path) -> None:
    with publish.Publication(tmp_path, tmp_path / "reports") as publication:
        assert publication._lock in processes._kept_from_forks
    with sweep._Place(tmp_path, "grid") as place:
        assert place._lock in processes._kept_from_forks
    with supervise.Supervisor(tmp_path, tmp_path, uuid.uuid4().hex, 1, is_warm=False) as supervisor:
        supervisor._pool.staff(1)
        assert [one.connection in processes._kept_from_forks for one in supervisor._pool.workers] == [True]


def test_a_library_that_cannot_be_imported_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> None:
        raise ImportError("no papermill")

    monkeypatch.setattr(worker, "load", load)
    monkeypatch.setattr(processes, "may_fork", lambda: True)
    with pytest.raises(PipelineError, match="no worker process could be started:\nImportError: no papermill"):
        supervise._process(print, ())


FORKED = """
import sys
import pytest
from helpers.pipeline import processes
assert processes.may_fork()
code = pytest.main(["-q", "-n", "0", *sys.argv[1:]])
assert processes.may_fork()  # it could at any time
sys.exit(code)
"""


@linux
def test_forked_workers_end_as_those_that_began_anew() -> None:
    # Other tests' workers are no forks: what runs tests in parallel has threads.
    file = Path(__file__).with_name("test_supervise.py")
    names = (
        "one_bad_run_of_each_kind_stops_no_other_and_leaves_nothing[warm]",
        "a_killed_worker_is_an_outcome_and_is_replaced[warm]",
    )
    done = subprocess.run(
        [sys.executable, "-c", FORKED, *(f"{file}::test_{name}" for name in names)],
        env={**os.environ, **worker.fixed_settings()},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
