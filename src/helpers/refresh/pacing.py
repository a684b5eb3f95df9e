"""How fast a source may be asked: a rate, and longer and longer waits after a refusal."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Clock:
    """The three things a client asks of time; tests replace them.

    Parameters
    ----------
    monotonic : callable
        Seconds on a clock that never goes back.
    sleep : callable
        Waits a number of seconds.
    now : callable
        The time of day, in UTC.
    """

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = _now


class Pace:
    """At most so many requests a second, evenly spaced.

    Parameters
    ----------
    per_second : float
        Requests a second.
    clock : Clock
        Source of time.
    """

    def __init__(self, per_second: float, clock: Clock) -> None:
        if not per_second > 0:
            raise ValueError(f"requests a second must be positive, not {per_second}")
        self._gap = 1.0 / per_second
        self._clock = clock
        self._earliest: float | None = None

    def wait(self) -> None:
        """Wait until the next request may start."""
        if self._earliest is not None:
            # A sleep may end early: ask the clock again.
            while (left := self._earliest - self._clock.monotonic()) > 0:
                self._clock.sleep(left)
        self._earliest = self._clock.monotonic() + self._gap


def back_off(attempt: int, *, first: float, longest: float) -> float:
    """Return the wait before another attempt: it doubles each time, up to a bound.

    Parameters
    ----------
    attempt : int
        Number of attempts already made, at least 1.
    first : float
        Seconds after the first attempt.
    longest : float
        Bound in seconds.
    """
    try:
        return float(min(first * 2 ** (attempt - 1), longest))
    except OverflowError:
        return longest


def retry_after(header: str | None, now: datetime) -> float | None:
    """Return the wait a server asks for, or None where it says nothing readable.

    Parameters
    ----------
    header : str or None
        The ``Retry-After`` header: seconds, or a date.
    now : datetime.datetime
        The time of day, with a zone.

    Returns
    -------
    float or None
        Seconds, never negative.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    # A date without a zone is in universal time.
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
