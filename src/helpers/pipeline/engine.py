"""Papermill's engine as the pipeline uses it: the same client and kernel protocol, without the idle times.

Three things of the stock engine cost more than a light notebook's own work, and none is needed here:

- It writes the whole file twice a cell. Ours is written at the end, and on the way as often as costs little, so that
  a run that is stopped leaves what it had but for the last moments.
- It takes a kernel for ready after 0.2 s of silence. Ours is ready when its answer has arrived on both channels, which
  also proves that no output can be missed.
- It looks every 0.1 s whether a kernel is there or gone. Ours looks every 0.01 s.
"""

from __future__ import annotations

import asyncio
import queue
import time
from typing import Any

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from papermill import engines
from papermill.clientwrap import PapermillNotebookClient
from traitlets import default

NAME = "who-pays"
#: Seconds between two writes on the way, at first and at the most within one cell; and the share of time they may take.
SAVE_AFTER = 2.0
_SAVE_AT_LEAST_EVERY = 30.0
_SHARE = 0.02
#: Seconds between two looks at a kernel that starts or ends.
POLL = 0.01
#: Seconds to wait for an answer, and then to hear of it on the output channel, before the question is put again.
_PATIENCE = 1.0
_HEARD_WITHIN = 0.02


class Client(AsyncKernelClient):
    """A client that waits for a kernel's answer, not for its silence."""

    def start_channels(self, *channels: bool, **named: bool) -> None:
        """Connect to the kernel, which may not listen yet."""
        if self.transport == "ipc":
            # Tried again after so many milliseconds. Not over TCP: who knocks hundreds of times at a local port that
            # nobody listens at is now and then given that very port to knock from, and the kernel finds it taken.
            self.context.setsockopt(zmq.RECONNECT_IVL, round(1000 * POLL))
        super().start_channels(*channels, **named)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers on the shell channel and is heard on the output channel.

        Parameters
        ----------
        timeout : float, optional
            Seconds; for ever when not given.

        Raises
        ------
        RuntimeError
            If the kernel dies first, or the time is over.
        """
        end = float("inf") if timeout is None else time.monotonic() + timeout
        asked: set[str] = set()
        is_answered = is_heard = False
        while not (is_answered and is_heard):
            asked.add(self.kernel_info())
            if not is_answered:
                until = min(end, time.monotonic() + _PATIENCE)
                is_answered = await self._arrived(self.get_shell_msg, "kernel_info_reply", asked, until)
            # What a kernel tells before it is listened to is lost, so this may take another question.
            is_heard = is_answered and await self._arrived(
                self.get_iopub_msg, "status", asked, time.monotonic() + _HEARD_WITHIN
            )
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > end:
                raise RuntimeError(f"Kernel didn't respond in {timeout:g} seconds")

    async def _arrived(self, get: Any, kind: str, asked: set[str], until: float) -> bool:
        """Tell whether a message of a kind comes in time that answers a question of ours; others are passed over."""
        while (left := until - time.monotonic()) > 0:
            try:
                message = await get(timeout=left)
            except queue.Empty:
                return False
            is_last = message["content"].get("execution_state", "idle") == "idle"
            if message["msg_type"] == kind and message["parent_header"].get("msg_id") in asked and is_last:
                if kind == "kernel_info_reply":
                    self._handle_kernel_info_reply(message)
                return True
        return False


class Manager(AsyncKernelManager):
    """A kernel manager that looks often."""

    @default("client_factory")
    def _our_client(self) -> type[Client]:
        return Client

    async def _async_wait(self, pollinterval: float = POLL) -> None:
        await super()._async_wait(min(pollinterval, POLL))


class Notebook(engines.NotebookExecutionManager):
    """What papermill knows of a notebook while it runs; written when it must be, not at each step."""

    _written = -float("inf")
    _cost = 0.0

    def save(self, **_: Any) -> None:
        """Write the notebook if that was long ago, measured by what it costs; papermill asks at each step."""
        if time.monotonic() - self._written >= max(SAVE_AFTER, self._cost / _SHARE):
            self.write()

    def write(self) -> None:
        """Write the notebook as it is now."""
        began = time.monotonic()
        super().save()
        self._written = time.monotonic()
        self._cost = self._written - began

    def notebook_start(self, **kwargs: Any) -> None:
        """Begin, and leave a file from the first moment on."""
        super().notebook_start(**kwargs)
        self.write()


class NotebookClient(PapermillNotebookClient):
    """Executes the cells; a long one does not keep the outputs of those above it from the disk."""

    async def async_execute_cell(self, cell: Any, cell_index: int, *arguments: Any, **named: Any) -> Any:
        """Execute a cell."""
        writing = asyncio.create_task(self._write_now_and_then())
        try:
            return await super().async_execute_cell(cell, cell_index, *arguments, **named)
        finally:
            writing.cancel()

    async def _write_now_and_then(self) -> None:
        pause = SAVE_AFTER
        while True:
            await asyncio.sleep(pause)
            self.nb_man.write()
            pause = min(2 * pause, _SAVE_AT_LEAST_EVERY)

    execute_cell = run_sync(async_execute_cell)


class Engine(engines.Engine):
    """The engine, to be registered with papermill under `NAME`."""

    @classmethod
    def execute_notebook(
        cls,
        nb: Any,
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: Any = False,
        log_output: bool = False,
        autosave_cell_every: int = 0,
        **kwargs: Any,
    ) -> Any:
        """Execute a notebook.

        Parameters
        ----------
        nb, kernel_name, output_path, kwargs
            See `papermill.engines.Engine.execute_notebook`.
        progress_bar, log_output, autosave_cell_every
            What papermill passes; of no effect here.

        Returns
        -------
        NotebookNode
            The notebook with its outputs.
        """
        _ = progress_bar, log_output, autosave_cell_every
        new: Any = Notebook
        manager = new(nb, output_path=output_path, progress_bar=False, autosave_cell_every=0)
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, **kwargs)
        except BaseException:
            manager.notebook_complete()
            manager.write()  # nobody else does
            raise
        manager.notebook_complete()
        return manager.nb  # which papermill writes

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> None:
        """Execute the cells.

        Parameters
        ----------
        nb_man : Notebook
        kernel_name : str
        **kwargs
            What papermill passes: ``start_timeout`` in seconds, and traits of the client.
        """
        kwargs["startup_timeout"] = kwargs.pop("start_timeout", 60)
        kwargs["timeout"] = kwargs.pop("execution_timeout", None)
        for unused in ("input_path", "stdout_file", "stderr_file"):
            kwargs.pop(unused, None)
        new: Any = NotebookClient
        new(nb_man, kernel_name=kernel_name, kernel_manager_class=Manager, **kwargs).execute()
