"""What a person sees of a sweep: counts, never a line a run."""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import IO

from helpers.pipeline.outcome import Outcome
from helpers.pipeline.progress import Progress

#: In a log: a line after each tenth of the runs, and seldom more than one in so many seconds.
_TENTHS = 10
_SECONDS = 30.0
_REDRAW = 0.2
#: Runs that must have ended before a rate means anything.
_ENOUGH = 3


class Counts(Progress):
    """Counts runs as they end; in a terminal one line that changes, elsewhere a line now and then.

    Parameters
    ----------
    name : str
        Of the sweep.
    due : int
        How many runs there are to execute.
    stream : file
    """

    def __init__(self, name: str, due: int, stream: IO[str]) -> None:
        self.name, self.due, self.stream = name, due, stream
        self.done = 0
        self.failures: Counter[str] = Counter()
        self.first: float | None = None
        self.told = time.monotonic()
        self.is_live = stream.isatty()

    def finished(self, outcome: Outcome) -> None:
        """Count a run, and say so when it is time."""
        self.done += 1
        self.first = self.first or time.monotonic()
        if outcome.error:
            self.failures[outcome.error.reason] += 1
        since = time.monotonic() - self.told
        is_tenth = self.done * _TENTHS // self.due > (self.done - 1) * _TENTHS // self.due
        if self.is_live and (since > _REDRAW or self.done == self.due):
            self._say(f"\r{self.line()}\x1b[K", end="")
        elif not self.is_live and (is_tenth or since > _SECONDS):
            self._say(self.line())

    def note(self, text: str) -> None:
        """Say it."""
        self._say(f"\r{text}\x1b[K" if self.is_live else text)

    def end(self) -> None:
        """Leave the line that changed."""
        if self.is_live and self.done:
            self._say("")

    def line(self) -> str:
        """Return how far it is, how many failed, how fast it goes and how long it will take."""
        failed = sum(self.failures.values())
        text = f"{self.name}: {self.done:,} of {self.due:,} runs"
        text += f", {failed:,} failed" if failed else ""
        # The first run waits for its worker to start, so the clock begins at its end.
        passed = time.monotonic() - self.first if self.first else 0.0
        if self.done < _ENOUGH or not passed:
            return text
        rate = (self.done - 1) / passed
        left = (self.due - self.done) / rate
        return f"{text}, {rate:.1f} a second" + (f", about {left:.0f} s left" if self.done < self.due else "")

    def _say(self, text: str, end: str = "\n") -> None:
        self.told = time.monotonic()
        print(text, file=self.stream, end=end, flush=True)


class Silent(Counts):
    """Counts and says nothing."""

    def _say(self, text: str, end: str = "\n") -> None:
        """Keep it."""


def choose(name: str, due: int, quiet: bool, stream: IO[str] | None = None) -> Counts:
    """Return the way of telling that suits where the output goes."""
    return (Silent if quiet else Counts)(name, due, stream or sys.stdout)
