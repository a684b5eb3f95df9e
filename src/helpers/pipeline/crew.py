"""The workers of a Dask cluster: who is there, and who may be given runs."""

from __future__ import annotations

import time
from typing import Any

from helpers.pipeline import identity
from helpers.pipeline.errors import PipelineError
from helpers.pipeline.progress import Progress

#: Seconds to wait for a worker where there is none.
PATIENCE = 30.0
#: Seconds for a scheduler or a worker to answer a question.
ANSWER = 20.0
#: Failures of a worker's own, with no success between them, after which it gets no more work.
_FAILURES = 3


class Crew:
    """The workers of a cluster.

    Parameters
    ----------
    client : distributed.Client
    scheduler : str
        Its address, for messages.
    ours : dict
        Our own identity (`helpers.pipeline.identity`): a worker with another gets no work, whenever it joins.
    progress : Progress
        Told who is refused, and why.

    Attributes
    ----------
    threads : dict of str to int
        Of each worker that may be given runs, by address.
    refused : dict of str to str
        Why each other worker gets none.
    """

    def __init__(self, client: Any, scheduler: str, ours: identity.Identity, progress: Progress) -> None:
        self.client, self.scheduler, self.ours, self.progress = client, scheduler, ours, progress
        self.threads: dict[str, int] = {}
        self.refused: dict[str, str] = {}
        self.failures: dict[str, int] = {}
        self.alone_since: float | None = None
        self.had_any = False

    def look(self) -> set[str] | None:
        """Find out who came and who left.

        Returns
        -------
        set of str or None
            Addresses of all workers there are; None while a lost connection is being made again.

        Raises
        ------
        PipelineError
            When the scheduler is gone, or there has been no worker that can be used for `PATIENCE` seconds.
        """
        present = self._present()
        if present is None:
            return None
        self.threads = {address: count for address, count in self.threads.items() if address in present}
        self.refused = {address: reason for address, reason in self.refused.items() if address in present}
        if new := [address for address in present if address not in self.threads and address not in self.refused]:
            self._examine(new, present)
        self._wait_for_any()
        return set(present)

    def blame(self, address: str, reason: str) -> None:
        """Count a failure that is a worker's own; one that fails again and again gets no more work."""
        self.failures[address] = self.failures.get(address, 0) + 1
        if self.failures[address] >= _FAILURES and address in self.threads:
            del self.threads[address]
            self._refuse(address, f"it failed {_FAILURES} times in a row, the last time: {reason}")

    def praise(self, address: str) -> None:
        """Note that a worker brought a run to its end."""
        self.failures.pop(address, None)

    def _present(self) -> dict[str, int] | None:
        """Return the threads of every worker; None while a lost connection is being made again."""
        if self.client.status == "connecting":
            return None
        try:
            if self.client.status == "running":
                return dict(self.client.nthreads(callback_timeout=ANSWER))
        except Exception:
            if self.client.status == "connecting":
                return None
        raise PipelineError(f"the connection to the scheduler at {self.scheduler} was lost")

    def _examine(self, new: list[str], present: dict[str, int]) -> None:
        """Take on those of the new workers that are as we are."""
        # Asked in plain messages first: code cannot travel between releases of Python.
        told = self.client.get_versions(packages=[identity.DISTRIBUTION])["workers"]
        able = []
        for address in new:
            if address not in told:
                continue  # gone, or not yet there: the next look tells
            packages = told[address]["packages"]
            python = ".".join(told[address]["host"]["python"].split(".")[:2])
            if python != self.ours["python"]:
                self._refuse(address, f"Python {python} (ours {self.ours['python']})")
            elif packages.get(identity.DISTRIBUTION) is None:
                self._refuse(address, f"{identity.DISTRIBUTION} is not installed (ours {self.ours['package']})")
            else:
                able.append(address)
        answers = self.client.run(identity.here, workers=able, on_error="return") if able else {}
        for address, answer in answers.items():
            if isinstance(answer, OSError):
                continue
            if isinstance(answer, BaseException):
                version = told[address]["packages"][identity.DISTRIBUTION]
                line = (str(answer) or type(answer).__name__).splitlines()[0]
                self._refuse(address, f"{identity.DISTRIBUTION} {version} (ours {self.ours['package']}): {line}")
            elif difference := identity.differences(answer, self.ours):
                self._refuse(address, difference)
            else:
                self.threads[address] = present[address]
                self.had_any = True

    def _refuse(self, address: str, reason: str) -> None:
        self.refused[address] = reason
        self.progress.note(f"worker {address} gets no work: {reason}")

    def _wait_for_any(self) -> None:
        if self.threads:
            self.alone_since = None
            return
        refused = [f"  {address}: {reason}" for address, reason in sorted(self.refused.items())]
        if refused and not self.had_any:
            raise PipelineError(
                "\n".join([f"no worker of {self.scheduler} can be used; nothing was executed", *refused])
            )
        now = time.monotonic()
        if self.alone_since is None:
            self.alone_since = now
            left = "is left" if self.had_any else "has joined"
            self.progress.note(f"no worker {left} at {self.scheduler}: waiting {PATIENCE:g} s for one")
        elif now - self.alone_since > PATIENCE:
            advice = f"start one with `dask worker {self.scheduler}`"
            raise PipelineError(
                "\n".join([f"no worker joined {self.scheduler} within {PATIENCE:g} s; {advice}", *refused])
            )
