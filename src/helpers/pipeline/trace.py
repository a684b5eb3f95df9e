"""The trace of everything a notebook states: by which cell, which functions, on which rows and assumptions."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeGuard

import helpers
from helpers.findings.schema import FIGURE_MIME, FINDINGS_MIME, GRADES
from helpers.pipeline.slices import Origin, Program
from helpers.pipeline.table_rows import Row, Rows

Kind = Literal["claim", "number", "figure", "table"]
# From its first line to before the next one that begins at the margin, but for the bracket that closes its arguments.
_DEFINITION = re.compile(r"^(?:def|class) (?P<name>\w+).*\n(?:(?:[ )].*)?\n)*", re.MULTILINE)
_CAPTION = re.compile(r"<caption>(.*?)</caption>", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """One thing that a notebook states.

    Attributes
    ----------
    kind : {"claim", "number", "figure", "table"}
    id : str
        Of the claim, number or figure; of a table, that of its cell.
    title : str
        In words.
    stated : dict
        As ``results.json`` has it (claims and numbers), or as the figure keeps it; empty for a table.
    origin : Origin
    """

    kind: Kind
    id: str
    title: str
    stated: dict[str, Any]
    origin: Origin

    @property
    def anchor(self) -> str:
        """Name of the entry inside the page."""
        return f"{self.kind}-{self.id}"

    @property
    def rows(self) -> tuple[str, ...]:
        """Ids of the rows it rests on."""
        return tuple(self.stated.get("rows", ()))

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Ids of the assumptions it rests on."""
        return tuple(self.stated.get("assumptions", ()))


@dataclass
class Trace:
    """All entries of one notebook in one edition, with what they rest on.

    Attributes
    ----------
    entries : list of Entry
        In the notebook's order.
    code : dict of str to str
        Source of each cell that has a part in an entry, by cell id.
    rows : dict of str to list of Row
        Rows in use, by table, in the file's order.
    assumptions, sources : list of Row
        In use, each once.
    """

    entries: list[Entry]
    code: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    assumptions: list[Row] = field(default_factory=list)
    sources: list[Row] = field(default_factory=list)

    def of(self, kind: Kind) -> list[Entry]:
        """Return the entries of a kind."""
        return [one for one in self.entries if one.kind == kind]

    @property
    def functions(self) -> list[str]:
        """Every function in use, each once."""
        return sorted({name for one in self.entries for name in one.origin.functions})


def of_notebook(notebook: Mapping[str, Any], parameters: Iterable[str], rows: Rows) -> Trace:
    """Trace everything an executed, cleaned notebook states.

    Parameters
    ----------
    notebook : mapping
        Of nbformat 4.
    parameters : iterable of str
        Names of its parameters.
    rows : Rows
        Where rows are looked up. One that does not exist is left out here and is an error of the audit.
    """
    program = Program(notebook["cells"], parameters)
    trace = Trace(list(_entries(notebook, program)))
    used = {cell for one in trace.entries for cell in one.origin.cells}
    trace.code = {cell["id"]: cell["source"] for cell in notebook["cells"] if cell.get("id") in used}
    found = [row for id in _each(one.rows for one in trace.entries) if (row := rows.find(id))]
    for row in sorted(found, key=lambda one: (one.table, one.line)):
        trace.rows.setdefault(row.table, []).append(row)
    named = sorted(_each(one.assumptions for one in trace.entries))
    trace.assumptions = [row for id in named if (row := rows.assumption(id))]
    cited = _each(row.sources for row in [*found, *trace.assumptions])
    trace.sources = [row for id in sorted(cited) if (row := rows.source(id))]
    return trace


def weights(entry: Entry, rows: Rows) -> Counter[str]:
    """Count an entry's inputs by grade, best first."""
    counted = Counter(rows.grades(entry.rows).values())
    counted["scenario"] += len(entry.assumptions)
    return Counter({grade: counted[grade] for grade in GRADES if counted[grade]})


def table_id(cell: str, place: int) -> str:
    """Return the name of the first, second … table that a cell shows."""
    return cell if place == 1 else f"{cell}-{place}"


def summary(function: str) -> str:
    """Return the first sentence of the docstring of ``analysis.module.function``; empty where it is not found."""
    node = _defined(function)
    text = (ast.get_docstring(node) or "") if node else ""
    return " ".join(text.partition("\n\n")[0].split())


def arguments(function: str) -> set[str]:
    """Return the names of the arguments of ``analysis.module.function``; none where it is not found."""
    node = _defined(function)
    return {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)} if _is_function(node) else set()


def _is_function(node: ast.AST | None) -> TypeGuard[ast.FunctionDef]:
    return isinstance(node, ast.FunctionDef)


@cache
def _defined(function: str) -> ast.FunctionDef | ast.ClassDef | None:
    module, _, name = function.rpartition(".")
    path = Path(helpers.__file__).parent / f"{module.replace('.', '/')}.py"
    # Only what is asked for is parsed: modules are long, and a page names few of their functions.
    written = _definitions(path).get(name) if path.is_file() else None
    [node] = ast.parse(written).body if written else [None]
    return node if isinstance(node, ast.FunctionDef | ast.ClassDef) else None


@cache
def _definitions(path: Path) -> dict[str, str]:
    """Return the text of each function and class of a module, without its decorators."""
    found = _DEFINITION.finditer(path.read_text(encoding="utf-8"))
    return {one["name"]: one[0] for one in found}


def _entries(notebook: Mapping[str, Any], program: Program) -> Iterator[Entry]:
    for cell in notebook["cells"]:
        tables = 0
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            stated = data.get(FINDINGS_MIME, {})
            for id, claim in stated.get("claims", {}).items():
                yield Entry("claim", id, id, claim, program.of_id(cell["id"], id))
            for id, number in stated.get("numbers", {}).items():
                yield Entry("number", id, id.replace("_", " "), number, program.of_id(cell["id"], id))
            if figure := data.get(FIGURE_MIME):
                kept = {"rows": figure["rows"]}
                yield Entry("figure", figure["id"], figure["title"], kept, program.of_id(cell["id"], figure["id"]))
            elif (caption := _CAPTION.search(data.get("text/html", ""))) and not stated:
                tables += 1
                yield Entry("table", table_id(cell["id"], tables), caption[1], {}, program.of_cell(cell["id"]))


def _each(groups: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(one for group in groups for one in group))
