"""The run's diary."""

from __future__ import annotations

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
