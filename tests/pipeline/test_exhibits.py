"""The exhibit table: figures and functions from the source, tables from the rows that were drawn."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from helpers.pipeline import exhibits
from helpers.pipeline.exhibits import Exhibit
from tests.pipeline import notebooks as given

IMPORT = "from helpers.charts import free_cash_flow as charts, style"


def notebook(folder: Path, *sources: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "01_example.ipynb"
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources]), path)
    return path


def executed(folder: Path, *rows: str) -> Path:
    folder.mkdir()
    nbformat.write(given.executed(given.figure(id="one", rows=list(rows))), folder / "01_example.ipynb")
    return folder


def test_aliases_lead_to_the_module_and_names_to_the_drawing(tmp_path: Path) -> None:
    path = notebook(
        tmp_path,
        IMPORT,
        'figure("one", charts.bars(flows, as_of=as_of), rows=cash)\naxes = charts.both(flows)',
        '%time 1\nfigure("two", axes)',
    )
    assert exhibits.of_source(path) == [
        Exhibit("one", "01_example", "free_cash_flow.bars"),
        Exhibit("two", "01_example", "free_cash_flow.both"),
    ]


def test_a_figure_drawn_in_the_cell_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'one' is drawn by no function"):
        exhibits.of_source(notebook(tmp_path, IMPORT, 'axes = elsewhere.draw()\nfigure("one", axes)'))


def test_a_computed_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be written out"):
        exhibits.of_source(notebook(tmp_path, IMPORT, 'figure(f"one_{x}", charts.bars(x))'))


def test_tables_are_those_of_the_rows_that_were_drawn(tmp_path: Path) -> None:
    notebook(tmp_path / "notebooks", IMPORT, 'figure("one", charts.bars(cash))')
    done = executed(tmp_path / "executed", "vendor_metrics/x/y", "cash_flows/AMZN/2025-06-30", "cash_flows/AMZN/x")
    [exhibit] = exhibits.collect(tmp_path / "notebooks", done)
    assert exhibit.tables == ("cash_flows", "vendor_metrics")


def test_a_notebook_or_figure_that_was_not_executed_is_named(tmp_path: Path) -> None:
    notebook(tmp_path / "notebooks", IMPORT, 'figure("two", charts.bars(cash))')
    with pytest.raises(ValueError, match="01_example was not executed"):
        exhibits.collect(tmp_path / "notebooks", tmp_path)
    with pytest.raises(ValueError, match="did not draw its figure 'two'"):
        exhibits.collect(tmp_path / "notebooks", executed(tmp_path / "executed"))


def test_the_table_stands_between_its_marks_and_is_stable() -> None:
    found = [Exhibit("one", "01_example", "charts.bars", ("cash_flows",)), Exhibit("all", "00_data", "coverage.all")]
    once = exhibits.updated(f"before\n{exhibits.BEGIN}\nold\n{exhibits.END}\nafter\n", found)
    assert "| one | [01_example](notebooks/01_example.ipynb) | `charts.bars` | `cash_flows` |" in once
    assert "| `coverage.all` | all tables |" in once
    assert once.startswith("before\n")
    assert once.endswith("\nafter\n")
    assert "old" not in once
    assert exhibits.updated(once, found) == once


def test_each_table_is_listed_with_what_rests_on_it() -> None:
    numbers = {"one": given.NUMBER, "two": {**given.NUMBER, "rows": [], "assumptions": ["ai_asset_life"]}}
    stated = {"status": "ok", "numbers": numbers, "claims": {"A12": given.CLAIM, "A11": given.CLAIM}}
    old = {"as_of": "2025-09-05", "notebooks": {}}
    new = {"as_of": "2026-10-31", "notebooks": {"01_example": stated}}
    lines = exhibits.used({"editions": {"article": old, "latest": new}}).splitlines()
    assert lines[2:] == [
        "| [assumptions](data/README.md#assumptions) | 1 | none |",
        "| [cash_flows](data/README.md#cash_flows) | 1 | A11, A12 |",
    ]


def test_a_readme_without_marks_is_an_error() -> None:
    with pytest.raises(ValueError, match="no place for the exhibits"):
        exhibits.updated("no marks", [])


def test_the_readme_lists_every_figure_with_its_function(root: Path) -> None:
    """What can be seen without running; the end-to-end test compares the tables too."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    listed = [line.split(" | ")[:3] for line in readme.splitlines() if line.startswith("| ") and "notebooks/" in line]
    expected = [
        [f"| {one.figure}", f"[{one.notebook}](notebooks/{one.notebook}.ipynb)", f"`{one.function}`"]
        for path in sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))
        for one in exhibits.of_source(path)
    ]
    assert listed == expected, "run: make reports && python -m helpers exhibits --write"
