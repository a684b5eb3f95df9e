"""What is published of an executed notebook, and what stops it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode, v4

from helpers.findings.schema import FIGURE_MIME
from helpers.pipeline import clean as clean_module
from helpers.pipeline.clean import CleanNotebook
from tests.pipeline import notebooks as given

Cleaner = Callable[..., CleanNotebook]


@pytest.fixture
def cleaned(tmp_path: Path, root: Path) -> Cleaner:
    def clean(*outputs: NotebookNode) -> CleanNotebook:
        return clean_module.clean(given.outcome(given.executed(*outputs), tmp_path), root=root)

    return clean


def test_one_parameter_table_replaces_both_parameter_cells(cleaned: Cleaner) -> None:
    notebook = cleaned(given.said("Hello.")).notebook
    assert [cell.id for cell in notebook.cells] == ["question", "parameter-table", "cell-0", "provenance"]
    assert "| `as_of` | `2026-10-31` | ISO date: what was known |" in notebook.cells[1].source


def test_no_trace_of_time_place_or_machine_is_left(cleaned: Cleaner, root: Path) -> None:
    output = given.display(**{"text/plain": f"<x at 0x7f51ec34bed0> in {root}/data", "text/html": f"<p>{root}</p>"})
    text = nbformat.writes(cleaned(output).notebook)
    for trace in ("start_time", "papermill", "0x7f51ec34bed0", str(root), "3.11.7", '"version"'):
        assert trace not in text


def test_two_runs_that_differ_only_in_time_give_the_same_bytes(tmp_path: Path, root: Path) -> None:
    first = given.executed(given.said("Hello."), given.figure())
    second = nbformat.from_dict(json.loads(nbformat.writes(first)))
    second.metadata["papermill"]["start_time"] = "2031-05-05T05:05:05"
    second.cells[-1].metadata["papermill"]["duration"] = 99
    written = [
        nbformat.writes(clean_module.clean(given.outcome(notebook, tmp_path), root=root).notebook)
        for notebook in (first, second)
    ]
    assert written[0] == written[1]


def test_findings_are_collected(cleaned: Cleaner) -> None:
    result = cleaned(given.said("Hello.", {"burned": given.NUMBER}), given.verdict("A11"), given.figure())
    assert result.problems == []
    assert result.numbers == {"burned": given.NUMBER}
    assert result.claims == {"A11": given.CLAIM}
    assert result.figures == {"one_figure": given.FIGURE["csv"]}


def test_the_same_id_with_two_values_is_a_problem(cleaned: Cleaner) -> None:
    other = {**given.NUMBER, "value": 13.0}
    assert cleaned(given.said("a", {"burned": given.NUMBER}), given.said("b", {"burned": given.NUMBER})).problems == []
    [problem] = cleaned(given.said("a", {"burned": given.NUMBER}), given.said("b", {"burned": other})).problems
    assert "'burned' is stated twice" in problem


@pytest.mark.parametrize("part", ["title", "subtitle", "unit", "source", "as_of"])
def test_a_figure_lacking_a_part_is_a_problem(cleaned: Cleaner, part: str) -> None:
    assert cleaned(given.figure(**{part: ""})).problems == [f"figure 'one_figure' has no {part}"]


def test_alt_text_must_say_something(cleaned: Cleaner) -> None:
    [problem] = cleaned(given.figure(alt="A chart.")).problems
    assert "alt text" in problem


def test_an_image_that_is_no_figure_is_a_problem(cleaned: Cleaner) -> None:
    [problem] = cleaned(given.display(**{"image/png": given.PIXEL, "text/plain": "<Figure>"})).problems
    assert "image without alt text" in problem


def test_a_figure_that_drew_nothing_is_a_problem(cleaned: Cleaner) -> None:
    [problem] = cleaned(given.display(**{FIGURE_MIME: given.FIGURE})).problems
    assert problem == "figure 'one_figure' has no image"


def test_two_figures_in_a_cell_are_a_problem(tmp_path: Path, root: Path) -> None:
    notebook = given.executed(given.figure())
    notebook.cells[-1].outputs.append(given.figure(id="another"))
    problems = clean_module.clean(given.outcome(notebook, tmp_path), root=root).problems
    assert problems == ["cell 'cell-0' shows 2 figures: one a cell"]


def test_hostile_and_unknown_outputs_are_dropped(cleaned: Cleaner) -> None:
    hostile = given.display(**{"text/html": "<script>alert(1)</script><p>kept</p>"})
    script = given.display(**{"application/javascript": "alert(1)"})
    widget = given.display(**{"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "widget"})
    cells = cleaned(hostile, script, widget).notebook.cells[2:-1]
    assert cells[0].outputs[0].data == {"text/html": "<p>kept</p>"}
    assert cells[1].outputs == []
    assert cells[2].outputs[0].data == {"text/plain": "widget"}


def test_warnings_go_to_the_operator_not_to_the_page(cleaned: Cleaner) -> None:
    result = cleaned(v4.new_output("stream", name="stderr", text="FutureWarning: soon"))
    assert result.warnings == ["FutureWarning: soon"]
    assert "FutureWarning" not in nbformat.writes(result.notebook)


def test_an_error_output_is_a_problem_whatever_the_status_says(cleaned: Cleaner) -> None:
    [problem] = cleaned(v4.new_output("error", ename="ValueError", evalue="boom", traceback=[])).problems
    assert problem == "a cell ended in ValueError: boom"


def test_provenance_names_tables_sources_and_code(cleaned: Cleaner, root: Path) -> None:
    box = cleaned(given.said("Hello.")).notebook.cells[-1].source
    assert "| Known on | 2026-10-31 |" in box
    assert "`cash_flows`" in box
    assert "| Sources behind them | 3 |" in box
    assert "| Package | who-pays-for-ai " in box
    assert "| Commit | " in box


def test_a_run_without_a_notebook_cannot_be_cleaned(tmp_path: Path, root: Path) -> None:
    from dataclasses import replace

    lost = replace(given.outcome(given.executed(), tmp_path), notebook=None)
    with pytest.raises(ValueError, match="left no notebook"):
        clean_module.clean(lost, root=root)
