"""What happened to one run. Imports nothing heavy: workers, reports and tests all share it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from helpers.pipeline.plan import Run

Status = Literal["ok", "failed", "timeout", "memory", "died", "cancelled"]


@dataclass(frozen=True)
class Failure:
    """Why a run gave no result.

    Attributes
    ----------
    kind : str
        The exception's name (``ValueError``), or ``timeout``, ``memory``, ``died``, ``not executed``, ``report``.
    message : str
        One or a few lines, without terminal colours.
    cell_index : int or None
        Position of the failing cell in the source notebook, from 0; None when no cell is to blame.
    cell_source : str
        The code of that cell.
    traceback : str
        Python's traceback, or the last lines the process wrote, without terminal colours.
    """

    kind: str
    message: str
    cell_index: int | None = None
    cell_source: str = ""
    traceback: str = ""

    @property
    def reason(self) -> str:
        """The failure in one line of at most 160 characters."""
        lines = self.message.strip().splitlines()
        line = lines[0] if lines else ""
        text = line if self.kind in _SELF_EXPLAINING else f"{self.kind}: {line}" if line else self.kind
        if self.cell_index is not None:
            text = f"cell {self.cell_index}: {text}"
        return text if len(text) <= 160 else text[:159] + "…"


_SELF_EXPLAINING = {"timeout", "memory", "died", "not executed", "report", "cancelled", "worker"}


@dataclass(frozen=True)
class Outcome:
    """One run and what became of it.

    Attributes
    ----------
    run : Run
        What was asked for.
    status : {"ok", "failed", "timeout", "memory", "died", "cancelled"}
        From what happened to the processes, never from what the notebook file says.
    seconds : float
        From the moment a worker took the run to its end.
    peak_memory_mb : float
        Highest sampled resident memory of the worker, its kernel and their children, in MiB.
    key : str
        Hash of everything the result depends on (`helpers.pipeline.key`).
    error : Failure or None
        None exactly when the status is ``ok``.
    notebook : str or None
        The executed notebook as JSON, as far as it got; None when no valid file was left.
    journal : list of dict
        What the notebook recorded about itself while it ran (`helpers.journal`), one entry a line.
    """

    run: Run
    status: Status
    seconds: float = 0.0
    peak_memory_mb: float = 0.0
    key: str = ""
    error: Failure | None = None
    notebook: str | None = None
    journal: list[dict[str, Any]] = field(default_factory=list)

    def failed(self, error: Failure) -> Outcome:
        """Return this outcome as a failure found after execution, for example a figure without alt text."""
        return replace(self, status="failed", error=error)
