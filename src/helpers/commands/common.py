"""What several commands need: the project's folder, numbers as typed."""

from __future__ import annotations

import argparse
from pathlib import Path

from helpers.pipeline.plan import RUNS_FILE


def root(given: Path | None) -> Path:
    """Return the project's folder: as given, else around this package, else the current one."""
    if given is not None:
        return given.resolve()
    around = Path(__file__).resolve().parents[3]
    return around if (around / RUNS_FILE).is_file() else Path.cwd()


def seconds(text: str) -> float:
    """Read a number of seconds above 0."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def count(text: str) -> int:
    """Read a whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
