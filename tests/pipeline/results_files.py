"""Reports in a temporary folder: executed notebooks and the results.json that goes with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers.pipeline import results

AS_OF = {"latest": "2026-10-31", "article": "2025-09-05"}


def write_reports(
    folder: Path, notebooks: Mapping[str, NotebookNode], *, editions: tuple[str, ...] = ("latest",), status: str = "ok"
) -> Path:
    """Write reports that hold the same notebooks in each edition."""
    reports = folder / "reports"
    stated, statuses = {}, {}
    for edition in editions:
        (reports / "executed" / edition).mkdir(parents=True)
        for name, notebook in notebooks.items():
            nbformat.write(notebook, reports / "executed" / edition / f"{name}.ipynb")
            stated[edition, name] = results.of_notebook(notebook)
            statuses[edition, name] = status
    document = results.document({name: AS_OF[name] for name in editions}, stated, statuses)
    (reports / "results.json").write_text(json.dumps(document), encoding="utf-8")
    return reports
