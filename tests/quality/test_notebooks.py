"""How the notebooks are kept: no outputs, one parameters cell, the parts a reader counts on."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
#: Light twins of the notebooks, run under many sets of parameters; they hold to the same rules, and draw nothing.
SWEPT = sorted((ROOT / "notebooks" / "sweeps").glob("*.ipynb"))


def cells(path: Path, kind: str) -> list[Any]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def tags(cell: Any) -> list[str]:
    found: list[str] = cell.metadata.get("tags", [])
    return found


def test_every_notebook_is_in_runs_toml_and_the_reverse() -> None:
    listed = tomllib.loads((ROOT / "notebooks" / "runs.toml").read_text(encoding="utf-8"))["notebooks"]
    assert [entry["name"] for entry in listed] == [path.stem for path in NOTEBOOKS]


def test_every_notebook_of_the_sweeps_has_a_sweep() -> None:
    files = sorted((ROOT / "notebooks" / "sweeps").glob("*.toml"))
    named = {tomllib.loads(path.read_text(encoding="utf-8"))["notebook"] for path in files}
    assert {path.stem for path in SWEPT} <= named


@pytest.mark.parametrize("path", SWEPT, ids=lambda path: path.stem)
def test_a_notebook_of_a_sweep_draws_nothing_and_states_its_findings(path: Path) -> None:
    source = "\n".join(cell.source for cell in cells(path, "code"))
    called = {_last_name(node.func) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)}
    assert called & {"number", "claims_box", "claim"}
    assert "figure" not in called
    assert "helpers.charts" not in source


@pytest.mark.parametrize("path", [*NOTEBOOKS, *SWEPT], ids=lambda path: path.stem)
class TestNotebook:
    """One notebook of the collection, or of a sweep."""

    def test_is_valid_and_carries_no_outputs(self, path: Path) -> None:
        nbformat.validate(nbformat.read(path, as_version=4))
        for cell in cells(path, "code"):
            assert cell.outputs == [], cell.id
            assert cell.execution_count is None, cell.id

    def test_has_one_parameters_cell_with_types_and_comments(self, path: Path) -> None:
        from helpers.pipeline import parameters

        assert sum("parameters" in tags(cell) for cell in cells(path, "code")) == 1
        declared = parameters.declared(path)
        assert "as_of" in declared
        for parameter in declared.values():
            assert parameter.annotation, parameter.name
            assert parameter.comment, f"{parameter.name} has no comment"

    def test_opens_with_its_question_then_the_parameters(self, path: Path) -> None:
        notebook = nbformat.read(path, as_version=4)
        assert notebook.cells[0].cell_type == "markdown"
        assert notebook.cells[0].source.startswith("# ")
        first_code = next(cell for cell in notebook.cells if cell.cell_type == "code")
        assert tags(first_code) == ["parameters"]

    def test_has_one_title(self, path: Path) -> None:
        lines = [line for cell in cells(path, "markdown") for line in cell.source.splitlines()]
        assert sum(line.startswith("# ") for line in lines) == 1

    def test_keeps_logic_out_of_cells(self, path: Path) -> None:
        for cell in cells(path, "code"):
            tree = ast.parse(cell.source)
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    assert (node.end_lineno or 0) - node.lineno < 5, f"{cell.id}: {node.name} belongs in helpers"
            assert cell.source.count("\n") < 25, f"{cell.id} is long: one idea a cell"

    def test_reads_no_file_itself(self, path: Path) -> None:
        for cell in cells(path, "code"):
            called = {_last_name(node.func) for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)}
            assert not called & _READERS, f"{cell.id}: tables.load is the only way in"

    def test_text_holds_no_typed_amounts(self, path: Path) -> None:
        """A sum of money in prose comes from a cell, never from a keyboard."""
        for cell in cells(path, "markdown"):
            text = _MATHEMATICS.sub("", cell.source)
            assert not _AMOUNT.search(text), f"{cell.id}: a typed amount?"


_READERS = {"read_csv", "read_parquet", "read_json", "read_excel", "open", "read_text", "urlopen"}
_MATHEMATICS = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.DOTALL)
_AMOUNT = re.compile(r"\$\s?\d|\d\s?(bn|billion dollars|USD)\b")


def _last_name(function: ast.expr) -> str:
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
