"""``reports/results.json``: every number and verdict of every run, for machines."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.findings.schema import FINDINGS_MIME

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from helpers.pipeline.pages import Page

SCHEMA = 1
Stated = tuple[dict[str, Any], dict[str, Any]]
"""The numbers and the claims of a notebook, each by id."""


def document(
    editions: Mapping[str, str],
    stated: Mapping[tuple[str, str], Stated],
    statuses: Mapping[tuple[str, str], str],
) -> dict[str, Any]:
    """Return the content of ``results.json``.

    Parameters
    ----------
    editions : mapping of edition to ISO date
        The `as_of` of each edition.
    stated : mapping of (edition, notebook) to Stated
        Numbers and claims of the notebooks; a run with nothing to show is left out.
    statuses : mapping of (edition, notebook) to str
        ``ok``, ``stale`` (an older good run is shown) or ``failed``.

    Returns
    -------
    dict
        ``{"schema": 1, "editions": {edition: {"as_of": …, "notebooks": {notebook: {"status": …, "numbers": …,
        "claims": …}}}}}``, all names sorted.
    """
    content: dict[str, Any] = {}
    for edition, as_of in editions.items():
        notebooks: dict[str, Any] = {}
        for (of, notebook), status in sorted(statuses.items()):
            if of != edition:
                continue
            numbers, claims = stated.get((edition, notebook), ({}, {}))
            notebooks[notebook] = {
                "status": status,
                "numbers": dict(sorted(numbers.items())),
                "claims": dict(sorted(claims.items())),
            }
        content[edition] = {"as_of": as_of, "notebooks": notebooks}
    return {"schema": SCHEMA, "editions": content}


def of_pages(pages: Sequence[Page], notebooks: Mapping[str, NotebookNode]) -> dict[str, Any]:
    """Return the content of ``results.json`` for the pages of a site.

    Parameters
    ----------
    pages : sequence of Page
    notebooks : mapping of run name to NotebookNode
        The published notebooks.
    """
    stated = {
        (page.run.edition, page.run.notebook): of_notebook(notebooks[page.run.name])
        for page in pages
        if page.run.name in notebooks
    }
    statuses = {(page.run.edition, page.run.notebook): page.status for page in pages}
    return document({page.run.edition: page.as_of for page in pages}, stated, statuses)


def published(reports: Path | None) -> dict[str, Any] | None:
    """Return the results that stand in some reports; None where there are none, or they are of another form.

    Parameters
    ----------
    reports : Path or None
        The folder that holds ``results.json``.
    """
    if reports is None:
        return None
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        content: dict[str, Any] = json.loads((reports / "results.json").read_text(encoding="utf-8"))
        for edition in content["editions"].values():
            for stated in edition["notebooks"].values():
                for entry in [*stated["numbers"].values(), *stated["claims"].values()]:
                    _ = entry["value"], entry["unit"]
        return content if content["schema"] == SCHEMA else None
    return None


def of_notebook(notebook: Mapping[str, Any]) -> Stated:
    """Return the numbers and claims that a published notebook holds in its outputs."""
    numbers: dict[str, Any] = {}
    claims: dict[str, Any] = {}
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            stated = output.get("data", {}).get(FINDINGS_MIME, {})
            numbers |= stated.get("numbers", {})
            claims |= stated.get("claims", {})
    return numbers, claims
