"""The template that kernels are forked from, as the processes see it that ask it for kernels.

One process owns a template: it starts it, and the template dies with it. The owner can give others a line to the same
template, so that all workers of a start share its imports; the kernels of a worker die with that worker.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Seconds for the imports, and for an answer to a request: before a second one there are more imports.
_PATIENCE = 60.0
_SCRIPT = Path(__file__).with_name("template.py")


class UnsafeForkError(RuntimeError):
    """Why no kernel could be forked; the stock kernel takes its place."""


def is_safe_here() -> str | None:
    """Return why kernels cannot be forked on this machine, or None where they can."""
    if sys.platform != "linux":
        return f"forking a process with scientific libraries is not safe on {sys.platform}"
    if not hasattr(os, "pidfd_open"):
        return "this kernel of Linux has no process handles"
    return None


class Line:
    """A line to a template.

    Parameters
    ----------
    connection : socket.socket
        Our end of it.
    log : Path, optional
        Where kernels write what would otherwise go where the template writes.

    Attributes
    ----------
    refusal : UnsafeForkError or None
        Why the template gives no kernels at all.
    """

    def __init__(self, connection: socket.socket, log: Path | None = None) -> None:
        self.socket = connection
        self.log = log
        self.is_ready = False
        self.refusal: UnsafeForkError | None = None

    @property
    def is_dead(self) -> bool:
        """Whether the template is gone, or the line was closed."""
        try:
            readable, _, _ = select.select([self.socket], [], [], 0)
            return bool(readable) and not self.socket.recv(1, socket.MSG_PEEK)
        except (OSError, ValueError):
            return True

    def wait_ready(self, seconds: float = _PATIENCE) -> None:
        """Wait until the imports are done.

        Raises
        ------
        UnsafeForkError
            If the template died, took too long, or has more than one thread.
        """
        if self.refusal:  # it says so once: to wait for a second answer would be in vain
            raise self.refusal
        if not self.is_ready:
            answer = self._answer(seconds)
            if answer.get("threads", 0) != 1:
                self.refusal = UnsafeForkError(f"the template has {answer.get('threads')} threads after its imports")
                raise self.refusal
            self.is_ready = True

    def fork(self, arguments: list[str], environment: dict[str, str], folder: str) -> int:
        """Return the process number of a new kernel.

        Parameters
        ----------
        arguments : list of str
            Of ``ipykernel_launcher``.
        environment : dict of str to str
            The kernel's own.
        folder : str
            Its working directory.

        Raises
        ------
        UnsafeForkError
            If the template refused or is gone.
        """
        self.wait_ready()
        log = None if self.log is None else str(self.log)
        request = {"arguments": arguments, "env": environment, "cwd": folder, "log": log}
        try:
            self.socket.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise UnsafeForkError(f"the template is gone: {error}") from error
        answer = self._answer(_PATIENCE)
        if "pid" not in answer:
            raise UnsafeForkError(str(answer.get("error", "the template gave no answer")))
        return int(answer["pid"])

    def close(self) -> None:
        """Close the line, which ends every kernel that was asked for through it."""
        self.socket.close()

    def _answer(self, seconds: float) -> dict[str, Any]:
        data = b""
        end = time.monotonic() + seconds
        while not data.endswith(b"\n"):
            readable, _, _ = select.select([self.socket], [], [], max(0.0, end - time.monotonic()))
            part = self.socket.recv(1 << 16) if readable else b""
            if not part:
                # An answer that comes late must not be taken for that of the next request.
                self.close()
                raise UnsafeForkError("the template did not answer" if not readable else "the template died")
            data += part
        answer: dict[str, Any] = json.loads(data)
        return answer


class Template(Line):
    """The process kernels are forked from, owned by this one, and the owner's line to it.

    Parameters
    ----------
    environment : mapping of str to str, optional
        Of the template; what Python reads only at its start (the hash seed, thread counts) is fixed here for all
        kernels. By default this process's own.
    log : Path, optional
        Where it and its kernels write what would otherwise go where this process writes.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, log: Path | None = None) -> None:
        ours, theirs = socket.socketpair()
        with theirs, contextlib.ExitStack() as opened:
            output = None if log is None else opened.enter_context(log.open("ab"))
            self.process = subprocess.Popen(  # noqa: S603 - our own file, by this interpreter
                [sys.executable, str(_SCRIPT), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
            )
        super().__init__(ours, log)

    @property
    def is_dead(self) -> bool:
        """Whether the process has ended."""
        return self.process.poll() is not None

    def line(self) -> socket.socket | None:
        """Return the end of a new line, for another process; None where the template is gone."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self.socket, [b'{"line": true}\n'], [theirs.fileno()])
            except OSError:
                ours.close()
                return None
        return ours

    def close(self) -> None:
        """End the template, and with it every kernel that still runs."""
        self.socket.close()
        self.process.kill()
        self.process.wait()
