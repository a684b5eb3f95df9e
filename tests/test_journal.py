"""The run's diary."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import journal


def test_nothing_is_written_without_a_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(journal.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    journal.record("table", name="cash_flows")
    assert list(tmp_path.iterdir()) == []


def test_events_come_back_in_order_and_a_half_line_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal"
    monkeypatch.setenv(journal.VARIABLE, str(path))
    monkeypatch.setattr(journal, "_registered", True)  # this process writes no end of its own
    journal.record("table", name="cash_flows", rows=334)
    journal.record("table", name="claims", rows=69)
    with path.open("a") as file:
        file.write('{"event": "tab')
    assert journal.read(path) == [
        {"event": "table", "name": "cash_flows", "rows": 334},
        {"event": "table", "name": "claims", "rows": 69},
    ]


def test_a_missing_journal_is_empty(tmp_path: Path) -> None:
    assert journal.read(tmp_path / "none") == []


def test_a_diary_begins_with_the_package_and_ends_with_its_modules(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    environment = {**os.environ, journal.VARIABLE: str(path)}
    subprocess.run([sys.executable, "-c", "import helpers.units"], check=True, env=environment)
    events = journal.read(path)
    assert events[0] == {"event": "begin"}
    assert events[-1] == {"event": "modules", "names": ["helpers", "helpers.journal", "helpers.units"]}
    assert len(events) == 2
