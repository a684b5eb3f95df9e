"""Warm kernels: a Jupyter kernel provisioner that forks kernels from a process that has already imported pandas.

Chosen by ``JUPYTER_DEFAULT_PROVISIONER_NAME=who-pays-warm``, so notebooks, kernel specifications and JupyterLab stay
as they are. Wherever a fork is not safe or fails, the stock kernel is started instead, and the reason is said once.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

NAME = "who-pays-warm"
VARIABLE = "JUPYTER_DEFAULT_PROVISIONER_NAME"
#: Seconds for the imports, and for an answer to a request: before the second one there are more imports.
_PATIENCE = 60.0
_SCRIPT = Path(__file__).with_name("template.py")


class UnsafeForkError(RuntimeError):
    """Why no kernel could be forked; the stock kernel takes its place."""


class Template:
    """The process kernels are forked from, owned by this one.

    Parameters
    ----------
    environment : dict of str to str, optional
        Of the template; what Python reads only at its start (the hash seed, thread counts) is fixed here for all
        kernels. By default this process's own.
    """

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own file, by this interpreter
                [sys.executable, str(_SCRIPT), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=environment,
            )
        self.socket = ours
        self.is_ready = False
        self.refusal: UnsafeForkError | None = None

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
        request = {"arguments": arguments, "env": environment, "cwd": folder}
        try:
            self.socket.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise UnsafeForkError(f"the template is gone: {error}") from error
        answer = self._answer(_PATIENCE)
        if "pid" not in answer:
            raise UnsafeForkError(str(answer.get("error", "the template gave no answer")))
        return int(answer["pid"])

    def close(self) -> None:
        """End the template, and with it every kernel that still runs."""
        self.socket.close()
        self.process.kill()
        self.process.wait()

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


class WarmProvisioner(LocalProvisioner):
    """Starts a kernel by a fork of this process's template, or the ordinary way where that fails."""

    _sockets: str | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Choose sockets in a folder that only this user can enter, instead of TCP ports."""
        manager: Any = self.parent
        if manager is not None and self._sockets is None and is_safe_here() is None:
            # Short: a socket's path may hold 107 bytes.
            self._sockets = tempfile.mkdtemp(prefix="wp-")
            manager.transport, manager.ip = "ipc", str(Path(self._sockets, "k"))
            manager.cache_ports = False
        return await super().pre_launch(**kwargs)

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

    async def cleanup(self, restart: bool = False) -> None:
        """Remove the folder of the sockets with the kernel that used them."""
        await super().cleanup(restart)
        if self._sockets and not restart:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None

    def _fork(self, cmd: list[str], kwargs: dict[str, Any]) -> int:
        reason = is_safe_here()
        if reason:
            raise UnsafeForkError(reason)
        if len(cmd) < 3 or Path(cmd[0]) != Path(sys.executable) or cmd[1:3] != ["-m", "ipykernel_launcher"]:
            raise UnsafeForkError(f"{' '.join(cmd[:3])} is not the IPython kernel of this interpreter")
        environment = dict(kwargs.get("env") or os.environ)
        return template().fork(cmd[3:], environment, str(kwargs.get("cwd") or Path.cwd()))


_template: Template | None = None
_environment: dict[str, str] | None = None
_said: set[str] = set()


def is_safe_here() -> str | None:
    """Return why kernels cannot be forked on this machine, or None where they can."""
    if sys.platform != "linux":
        return f"forking a process with scientific libraries is not safe on {sys.platform}"
    if not hasattr(os, "pidfd_open"):
        return "this kernel of Linux has no process handles"
    return None


def template() -> Template:
    """Return this process's template, started on first use, and again if it died, in the environment of that time."""
    global _template, _environment
    if _template is None or _template.process.poll() is not None:
        _environment = _environment or dict(os.environ)
        _template = Template(_environment)
    return _template


def template_pid() -> int | None:
    """Return the number of this process's template, or None where there is none."""
    return None if _template is None else _template.process.pid


def fallbacks() -> set[str]:
    """Return the reasons for which kernels of this process were started the ordinary way."""
    return set(_said)


def close_template() -> None:
    """End this process's template, if there is one."""
    global _template, _environment
    if _template is not None:
        _template.close()
        _template = _environment = None


def _say_once(reason: str) -> None:
    if reason not in _said:
        _said.add(reason)
        warnings.warn(f"kernels start the ordinary way: {reason}", RuntimeWarning, stacklevel=3)
