"""What a person sees while the pipeline works."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from helpers.pipeline.outcome import Outcome
from helpers.pipeline.plan import Run

_MARKS = {"ok": "ok", "failed": "FAILED", "timeout": "TIMEOUT", "memory": "MEMORY", "died": "DIED"}


class Progress:
    """Is told what goes on and says nothing of it; the others show some of it."""

    def begin(self, runs: Sequence[Run]) -> None:
        """Take note of all the runs that are to come."""

    def staffed(self) -> None:
        """Take note that workers are starting; nothing else is to be done until one is ready."""

    def started(self, run: Run) -> None:
        """Take note that a worker began a run."""

    def at_cell(self, run: Run, done: int, total: int) -> None:
        """Take note that a run begins its cell number `done` + 1."""

    def sampled(self, run: Run, memory_mb: float) -> None:
        """Take note that a run is alive and of the memory it uses."""

    def finished(self, outcome: Outcome) -> None:
        """Take note that a run is over."""

    def note(self, text: str) -> None:
        """Take note of something about the whole, such as that the site is being built."""

    def end(self) -> None:
        """Stop showing what moves: no run is to come for now."""


class WhileWaiting(Progress):
    """Calls something when workers are starting or a notebook begins a cell, and passes all on to another teller."""

    def __init__(self, teller: Progress, act: Callable[[], None]) -> None:
        self.teller, self.act = teller, act

    def begin(self, runs: Sequence[Run]) -> None:
        """Pass it on."""
        self.teller.begin(runs)

    def staffed(self) -> None:
        """Call it."""
        self.act()

    def started(self, run: Run) -> None:
        """Pass it on."""
        self.teller.started(run)

    def at_cell(self, run: Run, done: int, total: int) -> None:
        """Call it, and pass it on."""
        self.act()
        self.teller.at_cell(run, done, total)

    def sampled(self, run: Run, memory_mb: float) -> None:
        """Pass it on."""
        self.teller.sampled(run, memory_mb)

    def finished(self, outcome: Outcome) -> None:
        """Pass it on."""
        self.teller.finished(outcome)

    def note(self, text: str) -> None:
        """Pass it on."""
        self.teller.note(text)


class Lines(Progress):
    """One plain line for each run as it ends: for logs and pipes."""

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream
        self.width = 0

    def begin(self, runs: Sequence[Run]) -> None:
        """Say how many runs there are."""
        self.width = max((len(run.name) for run in runs), default=0)
        self._say(f"executing {len(runs)} {'run' if len(runs) == 1 else 'runs'}")

    def finished(self, outcome: Outcome) -> None:
        """Say how a run ended."""
        self._say(line(outcome, self.width))

    def note(self, text: str) -> None:
        """Say it."""
        self._say(text)

    def _say(self, text: str) -> None:
        print(text, file=self.stream, flush=True)


class Live(Progress):
    """One live line for each run in a terminal."""

    def __init__(self, stream: IO[str]) -> None:
        from rich.console import Console
        from rich.live import Live as Display

        self.console = Console(file=stream)
        self.rows: dict[str, _Row] = {}
        self.notes = ""
        self.display = Display(console=self.console, get_renderable=self._table, refresh_per_second=5)

    def begin(self, runs: Sequence[Run]) -> None:
        """Show a line for each run."""
        self.rows |= {run.name: _Row() for run in runs}  # a second stage adds to the first
        self.display.start()

    def started(self, run: Run) -> None:
        """Start the run's clock."""
        self.rows[run.name].started = time.monotonic()
        self.rows[run.name].state = "starting"

    def at_cell(self, run: Run, done: int, total: int) -> None:
        """Show where the run stands."""
        self.rows[run.name].state = f"cell {done + 1} of {total}"

    def sampled(self, run: Run, memory_mb: float) -> None:
        """Show the run's memory."""
        self.rows[run.name].memory_mb = memory_mb

    def finished(self, outcome: Outcome) -> None:
        """Show how the run ended."""
        row = self.rows[outcome.run.name]
        row.outcome, row.memory_mb = outcome, outcome.peak_memory_mb

    def note(self, text: str) -> None:
        """Show it below the lines."""
        if self.display.is_started:
            self.notes = text
        else:
            self.console.print(text, style="dim")

    def end(self) -> None:
        """Leave the last state on the screen."""
        self.notes = ""
        if self.display.is_started:
            self.display.stop()

    def _table(self) -> Any:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table("run", "state", box=None, header_style="dim", pad_edge=False)
        table.add_column("time", justify="right")
        table.add_column("memory", justify="right")
        for name, row in self.rows.items():
            table.add_row(name, Text(*row.shown()), row.seconds(), f"{row.memory_mb:.0f} MB" if row.memory_mb else "")
        return Group(table, Text(self.notes, style="dim"))


class _Row:
    """The state of one live line."""

    def __init__(self) -> None:
        self.state = "waiting"
        self.started: float | None = None
        self.memory_mb = 0.0
        self.outcome: Outcome | None = None

    def seconds(self) -> str:
        if self.outcome:
            return f"{self.outcome.seconds:.1f} s"
        return "" if self.started is None else f"{time.monotonic() - self.started:.0f} s"

    def shown(self) -> tuple[str, str]:
        """Return the text of the state and its style."""
        if self.outcome is None:
            return self.state, "dim" if self.started is None else ""
        if self.outcome.error is None:
            return "ok", "green"
        return f"{self.outcome.status}: {self.outcome.error.reason}", "red"


def choose(quiet: bool, stream: IO[str] | None = None) -> Progress:
    """Return the way of telling that suits where the output goes."""
    stream = stream or sys.stdout
    if quiet:
        return Progress()
    return Live(stream) if stream.isatty() else Lines(stream)


def line(outcome: Outcome, width: int = 0) -> str:
    """Return one plain line about a finished run."""
    mark = _MARKS.get(outcome.status, outcome.status)
    text = f"{mark:<7} {outcome.run.name:<{width}} {outcome.seconds:6.1f} s {outcome.peak_memory_mb:5.0f} MB"
    return text if outcome.error is None else f"{text}  {outcome.error.reason}"


def summary(
    outcomes: Sequence[Outcome],
    current: int,
    warnings: Sequence[str],
    reports: Path,
    seconds: float,
    quiet: bool,
    stream: IO[str],
) -> None:
    """Tell at the end where the site is, what failed and why, and how long it all took.

    Parameters
    ----------
    outcomes : sequence of Outcome
        Of the runs that were executed.
    current : int
        How many runs were asked for whose results still held.
    warnings : sequence of str
        What notebooks wrote to their error stream.
    reports : Path
        The folder that was published.
    seconds : float
        From start to end.
    quiet : bool
        Tell only what failed.
    stream : file
        Where to tell.
    """
    failed = [outcome for outcome in outcomes if outcome.error]
    lines = []
    if not quiet:
        lines += [f"warning: {warning.splitlines()[0]}" for warning in warnings]
    if failed:
        lines.append(f"{len(failed)} of {len(outcomes)} runs failed (the page of an earlier good run stays, as stale):")
        lines += [f"  {line(outcome)}" for outcome in failed]
    if not quiet:
        lines.append(_count(len(outcomes) - len(failed), len(outcomes), current) + f" in {seconds:.1f} s")
        lines.append(f"site: {reports.resolve() / 'html' / 'index.html'}")
    for text in lines:
        print(text, file=stream)


def _count(good: int, executed: int, current: int) -> str:
    if not executed:
        return f"all {current} runs are up to date: nothing was executed,"
    text = f"{good} of {executed} runs succeeded"
    return f"{text} and {current} were up to date," if current else text
