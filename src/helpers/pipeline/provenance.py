"""The box at the end of a page: which data, as known when, by which code."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from helpers import __version__
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
    lines = [
        "## Provenance",
        "",
        "| what | which |",
        "|:--|:--|",
        f"| Known on | {outcome.run.parameters.get('as_of', 'not given')} |",
        f"| Data | {vintage_in_words(outcome.journal)} |",
        f"| Tables read | {', '.join(f'`{name}`' for name in tables_read(outcome.journal)) or 'none'} |",
        f"| Sources behind them | {len(sources_cited(outcome.journal))} |",
        f"| Package | who-pays-for-ai {__version__} |",
        f"| Commit | {commit(root)} |",
    ]
    box: NotebookNode = nbformat.v4.new_markdown_cell("\n".join(lines), id="provenance")
    return box


def tables_read(journal: list[dict[str, Any]]) -> list[str]:
    """Return the tables a run read, by name."""
    return sorted({event["name"] for event in journal if event.get("event") == "table"})


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


def sources_cited(journal: list[dict[str, Any]]) -> set[str]:
    """Return the sources of the rows that a run read; the article's claims, which it tests, are none of them."""
    return {id for event in journal if event.get("event") == "sources" for id in event["ids"]}


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
