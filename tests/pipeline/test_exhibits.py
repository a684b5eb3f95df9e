"""The exhibit table follows names through a notebook's cells."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from helpers.pipeline import exhibits
from helpers.pipeline.exhibits import Exhibit


def notebook(folder: Path, *sources: str) -> Path:
    path = folder / "01_example.ipynb"
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources]), path)
    return path


def test_tables_are_followed_through_assignments(tmp_path: Path) -> None:
    path = notebook(
        tmp_path,
        'cash = tables.load("cash_flows", as_of)\nprices = tables.load("ai_prices", as_of)',
        "flows = analysis.free_cash_flow(cash)\nboth = {}\nboth['x'] = flows",
        'figure("one", charts.bars(flows, as_of=as_of), rows=cash)\naxes = charts.both(both, prices)',
        'figure("two", axes)',
    )
    assert exhibits.of_notebook(path) == [
        Exhibit("one", "01_example", "charts.bars", ("cash_flows",)),
        Exhibit("two", "01_example", "charts.both", ("ai_prices", "cash_flows")),
    ]


def test_a_figure_drawn_in_the_cell_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'one' is drawn by no function"):
        exhibits.of_notebook(notebook(tmp_path, 'figure("one", axes)'))


def test_a_computed_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be written out"):
        exhibits.of_notebook(notebook(tmp_path, 'figure(f"one_{x}", charts.bars(x))'))


def test_the_table_stands_between_its_marks_and_is_stable(tmp_path: Path) -> None:
    notebook(tmp_path, 'cash = tables.load("cash_flows")', 'figure("one", charts.bars(cash))')
    readme = f"before\n{exhibits.BEGIN}\nold\n{exhibits.END}\nafter\n"
    once = exhibits.updated(readme, tmp_path)
    assert "| one | [01_example](notebooks/01_example.ipynb) | `charts.bars` | `cash_flows` |" in once
    assert once.startswith("before\n")
    assert once.endswith("\nafter\n")
    assert "old" not in once
    assert exhibits.updated(once, tmp_path) == once


def test_a_readme_without_marks_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no place for the exhibits"):
        exhibits.updated("no marks", tmp_path)


def test_the_readme_is_up_to_date(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert exhibits.updated(readme, root / "notebooks") == readme, "run: python -m helpers exhibits --write"
