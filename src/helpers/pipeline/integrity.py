"""A cheap check before anything runs: the tables on disk are those that the data package describes.

Hashes only; `python -m helpers check` looks inside. It reads the descriptor as JSON, so that it costs milliseconds
and imports no pandas.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from helpers.pipeline.errors import PipelineError

DESCRIPTOR = "datapackage.json"


def data_folder(root: Path) -> Path:
    """Return where the tables are: ``WHO_PAYS_DATA`` when it is set, else ``data/`` of the project."""
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


def check(root: Path) -> None:
    """Refuse to go on when a table is missing or is not the one described.

    Raises
    ------
    PipelineError
        One line a table, and the command that says more.
    """
    folder = data_folder(root)
    problems = []
    for path, expected in hashes(root).items():
        try:
            found = hashlib.sha256((folder / path).read_bytes()).hexdigest()
        except OSError as error:
            problems.append(f"data/{path}: {error.strerror}")
            continue
        if found != expected:
            problems.append(
                f"data/{path}: differs from data/{DESCRIPTOR} (SHA-256 {found[:12]}…, not {expected[:12]}…)"
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
