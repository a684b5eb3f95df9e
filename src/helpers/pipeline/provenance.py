"""The box at the end of a page: which data, as known when, by which code."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from helpers import __version__, tables
from helpers.pipeline.outcome import Outcome
from helpers.tables import descriptor, vintages

#: What FRED asks everybody to show who uses its API.
_FRED_NOTICE = (
    "This product uses the FRED® API but is not endorsed or certified by the Federal Reserve Bank of St. Louis."
)


def cell(outcome: Outcome, *, root: Path) -> NotebookNode:
    """Return the provenance box of a run as a Markdown cell.

    Parameters
    ----------
    outcome : Outcome
        Its journal names the tables that were read.
    root : Path
        The project's folder.

    Returns
    -------
    NotebookNode
    """
    read = tables_read(outcome.journal)
    chosen = next(iter(vintages_read(outcome.journal)), None)
    lines = [
        "## Provenance",
        "",
        "| what | which |",
        "|:--|:--|",
        f"| Known on | {outcome.run.parameters.get('as_of', 'not given')} |",
        f"| Data | {vintage_in_words(outcome.journal)} |",
        f"| Tables read | {', '.join(f'`{name}`' for name in read) or 'none'} |",
        f"| Sources behind them | {_count_sources(read, chosen)} |",
        f"| Package | who-pays-for-ai {__version__} |",
        f"| Commit | {commit(root)} |",
    ]
    box: NotebookNode = nbformat.v4.new_markdown_cell("\n".join(lines), id="provenance")
    return box


def tables_read(journal: list[dict[str, Any]]) -> dict[str, str | None]:
    """Return the latest day of knowledge asked of each table a run read; None means the whole table."""
    read: dict[str, str | None] = {}
    for event in journal:
        if event.get("event") == "table":
            name, as_of = event["name"], event.get("as_of")
            known = name in read
            read[name] = as_of if not known else _later(read[name], as_of)
    return dict(sorted(read.items()))


def vintages_read(journal: list[dict[str, Any]]) -> list[str]:
    """Return the vintages a run read: one, or none where it read no table."""
    return sorted({event.get("vintage", vintages.SHIPPED) for event in journal if event.get("event") == "table"})


def vintage_in_words(journal: list[dict[str, Any]]) -> str:
    """Say in words which vintage of the data a run read.

    Parameters
    ----------
    journal : list of dict
        The run's journal. Where it names no table, the vintage in force is meant.
    """
    read = vintages_read(journal) or [vintages.wanted()]
    return "; ".join(map(_spelled, read))


@cache
def _spelled(name: str) -> str:
    package = descriptor.package(descriptor.root(None, name))
    if (told := package.get("vintage")) is None:
        return f"the shipped tables, compiled {package['compiled']}"
    refreshed = ", ".join(f"`{table}`" for table in told["refreshed"])
    notice = f" {_FRED_NOTICE}" if "fred" in told["sources"] else ""
    others = f"the other tables as shipped ({package['compiled']})."
    return f"live vintage {told['name']}: {refreshed} refreshed, {others}{notice}"


def _later(one: str | None, other: str | None) -> str | None:
    return None if one is None or other is None else max(one, other)


def _count_sources(read: dict[str, str | None], vintage: str | None) -> int:
    """Count the distinct sources cited by the rows that could be read."""
    cited: set[str] = set()
    for name, as_of in read.items():
        # The list of sources cites nothing itself, and the article's claims are what is tested.
        if name not in {"sources", "claims"}:
            cited |= _sources(name, as_of, vintage)
    return len(cited)


@cache
def _sources(name: str, as_of: str | None, vintage: str | None) -> frozenset[str]:
    frame = tables.load(name, as_of, vintage=vintage)
    return frozenset(id for cell in frame["source_id"].dropna() for id in str(cell).split(";") if id)


@cache
def commit(root: Path) -> str:
    """Return the commit of the project's folder, saying so where files differ from it."""
    try:
        revision = _git(root, "rev-parse", "--short=12", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown (not a git checkout)"
    return f"`{revision}`" + (" with local changes" if changed else "")


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603 - git, by words of ours
