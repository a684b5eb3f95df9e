"""A local server and a clock that only the tests move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from helpers.refresh.pacing import Clock
from tests.refresh.servers import Server, serving


class Hands:
    """A clock's hands: sleeping moves them, and nothing else does."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.sleeps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.seconds += seconds

    def clock(self) -> Clock:
        start = datetime(2026, 11, 23, 12, tzinfo=UTC)
        return Clock(lambda: self.seconds, self.sleep, lambda: start + timedelta(seconds=self.seconds))


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    # A proxy of the machine must not stand between a test and its own server.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as running:
        yield running
