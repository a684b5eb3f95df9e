"""The process that warm kernels are forked from. Runs on its own, imports nothing of `helpers`.

Started by `helpers.pipeline.kernels` as a file, with one end of a socket pair as its first argument. It imports what
every notebook imports, then answers each request with the number of a fresh child that is a Jupyter kernel. It dies
with its owner, and its kernels die with it. The owner may send it more lines, one for each process that shall ask for
kernels; those of a line end when it closes. It holds one thread: a fork copies only the thread that calls it, and a
lock held by any other would stay locked in the child for ever.
"""

from __future__ import annotations

import sys

# The folder of this file is no place to import from: `select` there is not the standard library's.
del sys.path[0]

import contextlib  # noqa: E402
import ctypes  # noqa: E402
import gc  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import select  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any, NoReturn  # noqa: E402

# Heavy and stable. Never `helpers`: a kernel must see the code as it is on disk when its run begins.
PRELOADED = (
    "numpy",
    "pandas",
    "matplotlib.pyplot",
    "matplotlib.dates",
    "matplotlib.textpath",
    "matplotlib.backends.backend_agg",
    "pandera.pandas",
    # Or else the first check of a table imports these, and Hypothesis with them.
    "pandera.backends.pandas.builtin_checks",
    "pandera.backends.pandas.register",
    "IPython.display",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    # Most notebooks use these, and two kernels at once would import them twice.
    "scipy.optimize",
    "scipy.stats",
    "statsmodels.regression.linear_model",
)
# As heavy again, and for few notebooks. A second kernel of one line shows that there will be more; who starts one
# only, after an edit, need not wait for what it may not use.
PRELOADED_FOR_MORE = (
    "statsmodels.api",
    "statsmodels.formula.api",
    "seaborn",
    "debugpy",
    "numba.typed",
    "networkx",
    "pyfixest.estimation.api",
)
INLINE = "module://matplotlib_inline.backend_inline"
# The allocator that pyarrow brings starts a thread of its own when pandas imports it, unless it is told not to.
_NO_THREAD_OF_ARROW = ("JE_ARROW_MALLOC_CONF", "background_thread:false")
_PR_SET_PDEATHSIG = 1
#: What was imported so far.
_preloaded: list[tuple[str, ...]] = []


def main() -> NoReturn:
    """Serve forks until the owner closes its end of the socket pair."""
    owner = _Line(int(sys.argv[1]))
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The system collects ended kernels at once: nobody waits for a zombie.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    _preload(PRELOADED)
    lines = [owner]
    owner.greet()
    while True:
        for line in select.select(lines, [], [])[0]:
            if (requests := line.receive()) is None:
                if line is owner:
                    os._exit(0)
                line.end()
                lines.remove(line)
                continue
            for request in requests:
                if "line" in request:
                    lines.append(_Line(line.handles.pop(0)))
                    lines[-1].greet()
                else:
                    _answer(line, request, lines)


def _answer(line: _Line, request: dict[str, Any], lines: list[_Line]) -> None:
    """Fork a kernel and send its number."""
    if line.served == 1:
        _preload(PRELOADED_FOR_MORE)
    line.served += 1
    if _threads() > 1:
        line.send({"error": f"the template has {_threads()} threads; a fork would not be safe"})
        return
    child = os.fork()
    if child == 0:
        for one in lines:
            one.forget()
        _become_kernel(request)
    line.note(child)
    line.send({"pid": child})


def _preload(names: tuple[str, ...]) -> None:
    if names in _preloaded:
        return
    _preloaded.append(names)
    # Before pyplot: otherwise it settles on another backend and notebooks succeed with no figures.
    os.environ["MPLBACKEND"] = INLINE
    os.environ.setdefault(*_NO_THREAD_OF_ARROW)
    # What is imported is never freed: to look through it for garbage again and again takes a quarter of the time, and
    # later would touch, and so copy, the pages that kernels share.
    gc.disable()
    for name in names:
        with contextlib.suppress(ImportError):  # an optional library that is not installed
            importlib.import_module(name)
    gc.freeze()
    gc.enable()
    del os.environ["MPLBACKEND"]


def _become_kernel(request: dict[str, Any]) -> NoReturn:
    """Turn this fresh child into the kernel that was asked for; never returns to the caller."""
    code = 1
    try:
        os.setsid()
        _die_with_parent()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _write_to(request.get("log"))
        os.environ.clear()
        os.environ.update(request["env"])
        os.chdir(request["cwd"])
        # The kernel ends itself when this process is no longer its parent; the variable that usually says so was
        # read when ipykernel was imported.
        arguments = [*request["arguments"], f"--IPKernelApp.parent_handle={os.getppid()}"]
        sys.argv = ["ipykernel_launcher.py", *arguments]
        _own_backend()
        _reseed()
        from ipykernel.kernelapp import IPKernelApp

        application: Any = IPKernelApp.instance()
        application.initialize(arguments)
        _spare_its_farewell(application)
        application.start()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        _leave(code)


def _write_to(log: str | None) -> None:
    """Send what is written past Python, and what is written at a crash, to the log of whoever asked."""
    if log is not None:
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for stream in (1, 2):
            os.dup2(handle, stream)
        os.close(handle)


def _own_backend() -> None:
    """Give pyplot the backend that the kernel's own environment asks for."""
    import matplotlib as mpl

    asked = os.environ.get("MPLBACKEND")
    if asked and asked != INLINE:
        mpl.rcParams["backend"] = asked


def _reseed() -> None:
    """Two kernels of one template must not draw the same numbers."""
    import random

    import numpy as np

    random.seed()
    np.random.seed()  # noqa: NPY002 - the global generator is what an unseeded notebook uses


def _spare_its_farewell(application: Any) -> None:
    """Keep the kernel from closing its sockets in order at its end; the system closes them with the process.

    In about one of fifty ends two threads of ipykernel 7 would wait for one another until the kernel is killed, 2.5 s
    later: the main one has stopped the output thread and joins the control thread, which waits for the output thread.
    """
    import atexit

    atexit.unregister(application.close)
    atexit.unregister(application.iopub_thread.stop)


def _leave(code: int) -> NoReturn:
    """End as an interpreter would, without the template's own farewell."""
    import atexit

    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()
    os._exit(code)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _threads() -> int:
    return sum(1 for _ in Path("/proc/self/task").iterdir())


class _Line:
    """A line to a process that asks for kernels, and those it was given."""

    def __init__(self, handle: int) -> None:
        self.connection = socket.socket(fileno=handle)
        self.served = 0
        self.kernels: list[int] = []  # process handles: unlike a number, none can come to mean another process
        self.handles: list[int] = []  # of new lines, not yet taken up

    def fileno(self) -> int:
        return self.connection.fileno()

    def greet(self) -> None:
        self.send({"ready": os.getpid(), "threads": _threads()})

    def send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self.connection.sendall(json.dumps(message).encode() + b"\n")

    def receive(self) -> list[dict[str, Any]] | None:
        """Return the requests that have come, or None when the other end is gone."""
        data = b""
        while not data.endswith(b"\n"):
            try:
                part, handles, _, _ = socket.recv_fds(self.connection, 1 << 20, 8)
            except OSError:
                return None
            if not part:
                return None
            data += part
            self.handles += handles
        return [json.loads(one) for one in data.splitlines()]

    def note(self, child: int) -> None:
        """Remember a kernel for as long as it runs."""
        ended = set(select.select(self.kernels, [], [], 0)[0])
        for handle in ended:
            os.close(handle)
        self.kernels = [handle for handle in self.kernels if handle not in ended]
        with contextlib.suppress(OSError):  # it has ended already
            self.kernels.append(os.pidfd_open(child))

    def end(self) -> None:
        """Kill what was asked for through this line: nobody is there any more who wants it."""
        for handle in self.kernels:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        self.forget()

    def forget(self) -> None:
        """Close what belongs to the template alone."""
        self.connection.close()
        for handle in self.kernels:
            os.close(handle)


if __name__ == "__main__":
    main()
