"""Warm kernels: a Jupyter kernel provisioner that forks kernels from a process that has already imported pandas.

Chosen by ``JUPYTER_DEFAULT_PROVISIONER_NAME=who-pays-warm``, so notebooks, kernel specifications and JupyterLab stay
as they are. Wherever a fork is not safe or fails, the stock kernel is started instead, and the reason is said once.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo

from helpers.pipeline.fork_source import Line, Template, UnsafeForkError, is_safe_here
from helpers.pipeline.sockets import SocketProvisioner

__all__ = ["Line", "Template", "UnsafeForkError", "WarmProvisioner", "is_safe_here"]

NAME = "who-pays-warm"


class ForkedProcess:
    """A kernel that is not our child, with the few methods of `subprocess.Popen` that a provisioner calls."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        # Unlike the number, it can never come to mean another process.
        self._handle = os.pidfd_open(pid)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return None while the process runs, else 0: its true code is known to the template alone."""
        if self.returncode is None and select.select([self._handle], [], [], 0)[0]:
            self.returncode = 0
            os.close(self._handle)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end.

        Raises
        ------
        subprocess.TimeoutExpired
            If it does not end in time.
        """
        if self.returncode is None and not select.select([self._handle], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("warm kernel", timeout or 0.0)
        return self.poll() or 0

    def send_signal(self, number: int) -> None:
        """Send a signal to this process and no other."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class WarmProvisioner(SocketProvisioner):
    """Starts a kernel by a fork of this process's template, or the ordinary way where that fails."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel; on any trouble start the stock one on the same sockets."""
        try:
            pid = self._fork(cmd, kwargs)
            started: Any = ForkedProcess(pid)
        except (UnsafeForkError, OSError) as error:
            _say_once(str(error))
            return await super().launch_kernel(cmd, **kwargs)
        self.process = started
        # The child makes a session of its own, so its group bears its number.
        self.pid = self.pgid = pid
        return self.connection_info

    def _fork(self, cmd: list[str], kwargs: dict[str, Any]) -> int:
        reason = is_safe_here()
        if reason:
            raise UnsafeForkError(reason)
        if len(cmd) < 3 or Path(cmd[0]) != Path(sys.executable) or cmd[1:3] != ["-m", "ipykernel_launcher"]:
            raise UnsafeForkError(f"{' '.join(cmd[:3])} is not the IPython kernel of this interpreter")
        environment = dict(kwargs.get("env") or os.environ)
        with _told_to_wait():
            template().wait_ready()
        pid = template().fork(cmd[3:], environment, str(kwargs.get("cwd") or Path.cwd()))
        _tell("kernel", pid)
        return pid


_line: Line | None = None
_environment: dict[str, str] | None = None
_said: set[str] = set()


def _say_nothing(kind: str, content: object) -> None:
    """Tell nobody."""


_tell: Callable[[str, Any], None] = _say_nothing


def template() -> Line:
    """Return this process's line to a template.

    That which it was given by `adopt`; without one, or when that template is gone, one to a template of its own,
    started on first use, and again if it died, in the environment of that time.
    """
    global _line, _environment
    if _line is None or _line.is_dead:
        _environment = _environment or dict(os.environ)
        _line = Template(_environment)
    return _line


def adopt(
    connection: socket.socket | None, log: Path, environment: Mapping[str, str], tell: Callable[[str, Any], None]
) -> None:
    """Use another process's template.

    Parameters
    ----------
    connection : socket.socket or None
        From `Template.line`; None where there is no such template.
    log : Path
        Where kernels write what would otherwise go to the terminal.
    environment : mapping of str to str
        Of a template of our own, should that one be gone.
    tell : callable
        Called with ``"kernel"`` and the process number of each kernel: it may be no child of this process, and nobody
        else would find it. Called with ``"waiting"`` and True, then False, where the template is still importing: this
        serves all runs, so it is no part of any.
    """
    global _line, _environment, _tell
    _line = Line(connection, log) if connection else None
    _environment, _tell = dict(environment), tell


def template_pid() -> int | None:
    """Return the number of the template below this process, or None where there is none."""
    return _line.process.pid if isinstance(_line, Template) else None


def fallbacks() -> set[str]:
    """Return the reasons for which kernels of this process were started the ordinary way."""
    return set(_said)


def close_template() -> None:
    """Close this process's line to its template, and end the template if it is its own."""
    global _line, _environment
    if _line is not None:
        _line.close()
        _line = _environment = None


@contextlib.contextmanager
def _told_to_wait() -> Iterator[None]:
    is_ready = template().is_ready
    try:
        if not is_ready:
            _tell("waiting", True)
        yield
    finally:
        if not is_ready:
            _tell("waiting", False)


def _say_once(reason: str) -> None:
    if reason not in _said:
        _said.add(reason)
        warnings.warn(f"kernels start the ordinary way: {reason}", RuntimeWarning, stacklevel=3)
