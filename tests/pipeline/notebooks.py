"""Notebooks for tests: made in memory, run by a real kernel or filled with outputs by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode, v4

from helpers.findings.schema import FIGURE_MIME, FINDINGS_MIME
from helpers.pipeline.outcome import Outcome
from helpers.pipeline.plan import Run

# One transparent pixel.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
PARAMETERS = 'as_of: str = "2026-10-31"  # ISO date: what was known'
FIGURE = {
    "id": "one_figure",
    "title": "Costs doubled to $12bn",
    "subtitle": "Capex, USD bn",
    "alt": "Bars of capex: 6 in 2024, 12 in 2025, so costs doubled.",
    "unit": "USD bn",
    "source": "company filings",
    "as_of": "2026-10-31",
    "csv": "year,capex\n2024,6\n2025,12\n",
    "rows": [],
}
NUMBER = {"value": 12.0, "unit": "USD m", "grade": "filed", "rows": ["cash_flows/AMZN/2025-06-30"], "assumptions": []}
CLAIM = {
    "verdict": "not supported", "value": 1.0, "unit": "quarters", "reason": "Only one was negative.", "grade": "filed",
    "rows": ["cash_flows/AMZN/2025-06-30"], "assumptions": [],
}  # fmt: skip


def display(**data: Any) -> NotebookNode:
    return v4.new_output("display_data", data=data, metadata={})


def figure(**changes: Any) -> NotebookNode:
    return display(**{"image/png": PIXEL, "text/plain": "alt", FIGURE_MIME: {**FIGURE, **changes}})


def said(text: str, numbers: dict[str, Any] | None = None) -> NotebookNode:
    return display(**{"text/markdown": text, FINDINGS_MIME: {"numbers": numbers or {}, "claims": {}}})


def verdict(id: str = "A11") -> NotebookNode:
    return display(
        **{"text/html": f"<div class='claim'>{id}</div>", FINDINGS_MIME: {"numbers": {}, "claims": {id: CLAIM}}}
    )


def executed(*outputs: NotebookNode, title: str = "Is the cash drying up?") -> NotebookNode:
    """A notebook as papermill leaves it: one cell an output, with its traces of time and place."""
    traces = {"papermill": {"start_time": "2026-01-01T00:00:00", "duration": 1.5, "status": "completed"}}
    cells = [
        v4.new_markdown_cell(f"# {title}\n\nA question.", id="question"),
        v4.new_code_cell(
            'as_of: str = "2026-10-31"  # ISO date: what was known', metadata={"tags": ["parameters"]}, id="parameters"
        ),
        v4.new_code_cell('as_of = "2025-09-05"', metadata={"tags": ["injected-parameters"]}, id="injected"),
    ]
    for place, output in enumerate(outputs):
        cells.append(
            v4.new_code_cell(
                "1 + 1", id=f"cell-{place}", outputs=[output], execution_count=place, metadata=dict(traces)
            )
        )
    notebook = v4.new_notebook(cells=cells)
    notebook.metadata.update(traces | {"language_info": {"name": "python", "version": "3.11.7"}})
    return notebook


def outcome(notebook: NotebookNode, folder: Path, *, edition: str = "latest", name: str = "01_fcf_decline") -> Outcome:
    """The notebook as the result of a run whose source stands in `folder`."""
    path = folder / f"{name}.ipynb"
    if not path.exists():
        source = v4.new_notebook(cells=[cell for cell in notebook.cells if cell.id != "injected"])
        nbformat.write(source, path)
    as_of = {"latest": "2026-10-31", "article": "2025-09-05"}.get(edition, "2024-12-31")
    run = Run(name, edition, {"as_of": as_of}, path, 60.0, 1024)
    journal = [{"event": "table", "name": "cash_flows", "as_of": as_of, "rows": 1}]
    journal += [{"event": "sources", "ids": ["one", "two"]}, {"event": "sources", "ids": ["three"]}]
    return Outcome(run, "ok", 1.0, 100.0, "key", None, nbformat.writes(notebook), journal)
