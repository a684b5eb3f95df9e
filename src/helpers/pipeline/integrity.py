"""A cheap check before anything runs: the tables on disk are those that the data package describes.

Hashes only; `python -m helpers check` looks inside. It reads the descriptor as JSON, so that it costs milliseconds
and imports no pandas.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from helpers.pipeline.errors import PipelineError, UsageError
from helpers.tables import vintages
from helpers.tables.faults import VintageError

DESCRIPTOR = "datapackage.json"


def data_folder(root: Path) -> Path:
    """Return where the tables of the vintage in force are (`helpers.tables.vintages`).

    Raises
    ------
    UsageError
        When ``WHO_PAYS_VINTAGE`` names a vintage that is not there.
    """
    return vintages.folder(vintage(root), _shipped(root))


def vintage(root: Path) -> str:
    """Return the name of the vintage in force: ``"shipped"``, or a date.

    Raises
    ------
    UsageError
        When ``WHO_PAYS_VINTAGE`` names a vintage that is not there.
    """
    try:
        return vintages.resolve(None, _shipped(root))
    except VintageError as error:
        raise UsageError(f"{error}; nothing was executed") from None


@contextlib.contextmanager
def one_vintage(root: Path) -> Iterator[str]:
    """Fix the vintage for the whole block, in this process and those it starts.

    ``live`` is turned into the date it stands for now: what is accepted while notebooks run changes the next start,
    not this one.

    Raises
    ------
    UsageError
        When ``WHO_PAYS_VINTAGE`` names a vintage that is not there.
    """
    before = os.environ.get(vintages.VARIABLE)
    name = vintage(root)
    os.environ[vintages.VARIABLE] = name
    try:
        yield name
    finally:
        if before is None:
            del os.environ[vintages.VARIABLE]
        else:
            os.environ[vintages.VARIABLE] = before


def _shipped(root: Path) -> Path:
    return Path(os.environ.get("WHO_PAYS_DATA") or root / "data")


def hashes(root: Path) -> dict[str, str]:
    """Return the SHA-256 that the descriptor gives for each table's file, by path inside the data folder.

    Raises
    ------
    PipelineError
        When the descriptor is not there or cannot be read.
    """
    resources = _resources(data_folder(root) / DESCRIPTOR)
    return {str(one["path"]): str(one.get("hash", "")).removeprefix("sha256:") for one in resources}


def contents(root: Path) -> dict[str, str]:
    """Return the SHA-256 that the descriptor gives for each table's file, by the table's name."""
    resources = _resources(data_folder(root) / DESCRIPTOR)
    return {str(one.get("name", one["path"])): str(one.get("hash", "")).removeprefix("sha256:") for one in resources}


def fingerprints(root: Path) -> dict[str, str]:
    """Return a SHA-256 for each table by name, over its part of the descriptor, which holds the file's own hash.

    A rule, a unit or a type that changes in the descriptor changes what `helpers.tables.load` gives.
    """
    resources = _resources(data_folder(root) / DESCRIPTOR)
    return {
        str(one.get("name", one["path"])): hashlib.sha256(json.dumps(one, sort_keys=True).encode()).hexdigest()
        for one in resources
    }


def check(root: Path) -> None:
    """Refuse to go on when a table is missing or is not the one described.

    Raises
    ------
    PipelineError
        One line a table, and the command that says more.
    """
    folder = data_folder(root)
    place = "data" if folder == _shipped(root) else f"data/{folder.parent.name}/{folder.name}"
    problems = []
    for path, expected in hashes(root).items():
        try:
            found = hashlib.sha256((folder / path).read_bytes()).hexdigest()
        except OSError as error:
            problems.append(f"{place}/{path}: {error.strerror}")
            continue
        if found != expected:
            problems.append(
                f"{place}/{path}: differs from {place}/{DESCRIPTOR} (SHA-256 {found[:12]}…, not {expected[:12]}…)"
            )
    if problems:
        advice = "nothing was executed; `python -m helpers check` says more, `check --update` accepts the change"
        raise PipelineError("\n".join([*problems, advice]))


def _resources(path: Path) -> list[dict[str, Any]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        resources: list[dict[str, Any]] = [dict(one) for one in document["resources"]]
        [one["path"] for one in resources]
    except OSError as error:
        raise PipelineError(f"data/{path.name}: {error.strerror}; nothing was executed") from None
    except (ValueError, KeyError, TypeError):
        raise PipelineError(f"data/{path.name}: not a valid data package; nothing was executed") from None
    return resources
