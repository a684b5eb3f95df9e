"""What a machine would execute a run with, and how a difference is told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from helpers.pipeline import identity
from helpers.tables import descriptor
from tests.conftest import ROOT

OURS: dict[str, Any] = {
    "package": "0.1.0", "python": "3.11", "machine": "x86_64", "source": "a" * 64,
    "tables": {"cash_flows": "1", "claims": "2", "financing": "3", "litigation": "4", "macro_us": "5"},
    "libraries": {"numpy": "2.3.1", "pandas": "3.0.2"},
}  # fmt: skip


def test_identity_is_plain_names_every_table_and_the_direct_dependencies() -> None:
    found = identity.here()
    assert json.loads(json.dumps(found)) == found
    assert set(found["tables"]) == set(descriptor.names())
    assert {"pandas", "papermill", "statsmodels"} <= set(found["libraries"])
    assert not {"distributed", "pytest"} & set(found["libraries"])
    assert "none" not in found["libraries"].values()


def test_a_changed_file_changes_the_source_and_what_python_leaves_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = shutil.copytree(ROOT / "src" / "helpers" / "tables", tmp_path / "helpers")
    monkeypatch.setattr(identity, "_PACKAGE", package)
    before = identity._source()
    (package / "__pycache__").mkdir(exist_ok=True)
    (package / "__pycache__" / "x.pyc").write_bytes(b"1")
    (package / "_data").mkdir()
    (package / "_data" / "claims.csv").write_text("x")
    (package / ".swp").write_text("x")
    assert identity._source() == before
    (package / "style.css").write_text("x")
    assert identity._source() != before


def test_a_changed_table_changes_its_own_hash_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = identity.here()["tables"]
    copied = shutil.copytree(ROOT / "data", tmp_path / "data", ignore=shutil.ignore_patterns("live"))
    monkeypatch.setenv("WHO_PAYS_DATA", str(copied))
    assert identity.here()["tables"] == before
    with (copied / "claims.csv").open("a") as file:
        file.write("\n")
    after = identity.here()["tables"]
    assert {name for name in before if before[name] != after[name]} == {"claims"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"package": "0.0.9"}, "who-pays-for-ai 0.0.9 (ours 0.1.0)"),
        ({"python": "3.12", "machine": "arm64"}, "Python 3.12 (ours 3.11); machine arm64 (ours x86_64)"),
        ({"source": "b" * 64}, "its source bbbbbbbb (ours aaaaaaaa)"),
        ({"libraries": {"numpy": "2.3.1", "pandas": "3.0.1"}}, "pandas 3.0.1 (ours 3.0.2)"),
        # A list of dependencies from another release lacks some, or holds others.
        ({"libraries": {"numpy": "2.3.1", "polars": "1"}}, ""),
        ({"tables": {**OURS["tables"], "claims": "9"}}, "tables claims"),
        ({"tables": {}}, "tables cash_flows, claims, financing, and 2 more"),
        ({"tables": {**OURS["tables"], "new": "6"}}, "tables new"),
    ],
)
def test_a_difference_is_one_line_that_names_both_sides(changes: dict[str, Any], told: str) -> None:
    assert identity.differences({**OURS, **changes}, OURS) == told


def test_an_answer_of_another_release_may_lack_anything() -> None:
    assert "(ours 0.1.0)" in identity.differences({}, OURS)
