"""A hash of everything a run's result depends on.

For now it covers more than a run may need: every module of the package and every table. A run that reads fewer is
then judged changed too often, never too seldom.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from pathlib import Path

from helpers.pipeline import integrity
from helpers.pipeline.parameters import code_cells
from helpers.pipeline.plan import Run

#: Raise it when the way notebooks are executed changes in a manner that can change their outputs.
RUNNER_VERSION = 1


def parts(run: Run, common: Mapping[str, str]) -> dict[str, str]:
    """Hash each thing that the result depends on, so that a difference can be named.

    Parameters
    ----------
    run : Run
        With its parameters final, defaults included.
    common : mapping of str to str
        From `shared`.

    Returns
    -------
    dict of str to str
        ``code``, ``parameters``, ``helpers``, ``tables``, ``lock`` and ``runner``, each with a SHA-256 as hex.
    """
    return {"code": _code(run.path), "parameters": _hash(json.dumps(run.parameters, sort_keys=True)), **common}


def shared(root: Path) -> dict[str, str]:
    """Hash what all runs of one start have in common; computed once for all of them."""
    lock = root / "requirements.txt"
    return {
        "helpers": _files(Path(__file__).parents[1], "**/*.py"),
        "tables": _hash(json.dumps(integrity.hashes(root), sort_keys=True)),
        "lock": _hash(lock.read_bytes() if lock.is_file() else b""),
        "runner": _hash(f"{RUNNER_VERSION} {platform.python_implementation()} {platform.python_version()}"),
    }


def of(parts: Mapping[str, str]) -> str:
    """Join the parts into the one key of a run."""
    return _hash(json.dumps(dict(parts), sort_keys=True))


def _code(path: Path) -> str:
    """Hash the code cells only: outputs, ids, counts and space at the ends of lines change no result."""
    sources = [cell["source"] for cell in code_cells(path) if cell["cell_type"] == "code"]
    return _hash(json.dumps([[line.rstrip() for line in source.strip().splitlines()] for source in sources]))


def _files(folder: Path, pattern: str) -> str:
    files = sorted(path for path in folder.glob(pattern) if "_data" not in path.parts)
    return _hash(json.dumps([[str(path.relative_to(folder)), _hash(path.read_bytes())] for path in files]))


def _hash(content: str | bytes) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()
