"""A copy of the data package that a test may damage, and a way to edit its cells."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

Rows = list[dict[str, str]]


@pytest.fixture
def package(tmp_path: Path, root: Path) -> Path:
    """Return a private copy of the data folder."""
    copy = tmp_path / "data"
    copy.mkdir()
    for path in sorted((root / "data").iterdir()):
        if path.suffix in (".csv", ".json", ".md"):
            shutil.copyfile(path, copy / path.name)
    return copy


@pytest.fixture
def edit(package: Path) -> Callable[[str, Callable[[Rows], Rows]], None]:
    """Return a function that rewrites the rows of one table of the copy."""

    def rewrite(name: str, change: Callable[[Rows], Rows]) -> None:
        path = package / f"{name}.csv"
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
        columns = list(rows[0])
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(change(rows))
        path.write_text(out.getvalue(), encoding="utf-8", newline="")

    return rewrite
