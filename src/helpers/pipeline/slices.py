"""What a stated number is made of, read from the notebook's code without running it.

The code cells are one program from top to bottom. Going up from the call that states a number, each name leads to the
statement that gave it its value; what those statements call are the functions behind the number.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_PACKAGE = "helpers"
#: Modules whose functions compute; `findings` only shows, `charts` only draws.
_COMPUTING = ("analysis", "charts")
_LOAD = "tables.load"
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Origin:
    """Where a number, a verdict or a figure is made.

    Attributes
    ----------
    cell : str
        Id of the cell that states it.
    functions : tuple of str
        ``analysis.module.function`` and ``charts.module.function``, in the order in which they run.
    cells : tuple of str
        Ids of the cells they stand in, the stating one last.
    tables : tuple of str
        Tables loaded by name on the way; empty where a name is computed.
    parameters : tuple of str
        Parameters of the notebook that have a part in it.
    """

    cell: str
    functions: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Step:
    """One statement of the program.

    Attributes
    ----------
    anew, changed : frozenset of str
        Names that get a value of their own, and names that keep part of the one they had.
    reads : frozenset of str
    """

    cell: str
    node: ast.stmt
    anew: frozenset[str]
    changed: frozenset[str]
    reads: frozenset[str]


@dataclass
class Program:
    """The code cells of a notebook as one program.

    Parameters
    ----------
    cells : sequence of mapping
        Cells of the executed notebook.
    parameters : iterable of str
        Names of its parameters, which stand in no cell any more.
    """

    cells: Sequence[Mapping[str, Any]]
    parameters: Iterable[str] = ()
    _steps: list[_Step] = field(default_factory=list, init=False)
    _modules: dict[str, str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Read every statement once."""
        self._names = frozenset(self.parameters)
        for cell in self.cells:
            if cell["cell_type"] == "code":
                for statement in _statements("".join(cell["source"])):
                    self._read(str(cell.get("id", "")), statement)

    def of_id(self, cell: str, id: str) -> Origin:
        """Return the origin of the number, claim or figure with an id that a cell states.

        Parameters
        ----------
        cell : str
            Id of the cell whose output holds it.
        id : str
            As in ``number("id", …)``; an id computed by an f-string is matched by its fixed parts.
        """
        at = [place for place, step in enumerate(self._steps) if step.cell == cell]
        for place in at:
            if call := _call_with(self._steps[place].node, id):
                return self._up_from(cell, place, call)
        return self.of_cell(cell)

    def of_cell(self, cell: str) -> Origin:
        """Return the origin of all that a cell shows."""
        at = [place for place, step in enumerate(self._steps) if step.cell == cell]
        return self._up_from(cell, at[-1], *(self._steps[place].node for place in at)) if at else Origin(cell)

    def _read(self, cell: str, statement: ast.stmt) -> None:
        if isinstance(statement, ast.ImportFrom | ast.Import):
            self._modules |= _imported(statement)
            return
        anew = _stored(statement)
        changed = _changed(statement)
        reads = _reads(statement)
        if isinstance(statement, ast.FunctionDef):
            anew, changed = frozenset({statement.name}), frozenset()
        elif isinstance(statement, ast.For | ast.With):
            reads -= anew - changed  # what the block itself gives a value to is not read from above
        elif isinstance(statement, ast.If | ast.Try):
            anew, changed = frozenset(), anew | changed  # perhaps this branch, perhaps another
        self._steps.append(_Step(cell, statement, anew - changed, changed, reads))

    def _up_from(self, cell: str, place: int, *nodes: ast.AST) -> Origin:
        wanted = frozenset().union(*(_reads(node) for node in nodes))
        found: list[tuple[str, ast.AST]] = [(cell, node) for node in nodes]
        asked = wanted & self._names
        for step in reversed(self._steps[: place + 1]):
            if step.node in nodes or not (step.anew | step.changed) & wanted:
                continue
            wanted = (wanted - step.anew) | step.reads
            asked |= step.reads & self._names
            found.insert(0, (step.cell, step.node))
        calls = [call for _, node in found for call in _calls(node)]
        functions = [name for call in calls if (name := self._name(call.func)).startswith(_COMPUTING)]
        loaded = [str(arg.value) for call in calls if self._name(call.func) == _LOAD and (arg := _literal(call))]
        cells = [one for one, _ in found] + [cell]
        return Origin(
            cell,
            tuple(dict.fromkeys(functions)),
            (*dict.fromkeys(one for one in cells if one != cell), cell),
            tuple(sorted(set(loaded))),
            tuple(sorted(asked)),
        )

    def _name(self, node: ast.AST) -> str:
        """Return the dotted name of a function below the package; empty for any other."""
        if isinstance(node, ast.Name):
            return self._modules.get(node.id, "")
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in self._modules:
            return f"{self._modules[node.value.id]}.{node.attr}"
        return ""


def _statements(source: str) -> list[ast.stmt]:
    """Parse a cell; a line that only IPython understands computes nothing."""
    lines = ("" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())
    try:
        return ast.parse("\n".join(lines)).body
    except SyntaxError:
        return []


def _imported(statement: ast.ImportFrom | ast.Import) -> dict[str, str]:
    """Return what each name imported from the package means, relative to it."""
    if isinstance(statement, ast.Import) or not statement.module:
        return {}
    package, _, inside = statement.module.partition(".")
    if package != _PACKAGE:
        return {}
    return {alias.asname or alias.name: f"{inside}.{alias.name}".lstrip(".") for alias in statement.names}


def _reads(node: ast.AST) -> frozenset[str]:
    """Return the names a piece of code reads from outside: not the variables of its comprehensions and functions."""
    inside = frozenset().union(*(_reads(child) for child in ast.iter_child_nodes(node)))
    if isinstance(node, ast.Name):
        return frozenset({node.id}) if isinstance(node.ctx, ast.Load) else frozenset()
    if isinstance(node, _COMPREHENSIONS):
        return inside - frozenset().union(*(_stored(part.target) for part in node.generators))
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        return inside - {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)} - _stored_below(node)
    return inside


def _stored_below(node: ast.AST) -> frozenset[str]:
    return frozenset().union(*(_stored(child) for child in ast.iter_child_nodes(node)))


def _stored(node: ast.AST) -> frozenset[str]:
    """Return the names a piece of code gives values to, but for those of its comprehensions and functions."""
    if isinstance(node, ast.Name):
        return frozenset({node.id}) if isinstance(node.ctx, ast.Store) else frozenset()
    if isinstance(node, (*_COMPREHENSIONS, ast.FunctionDef, ast.Lambda)):
        return frozenset()
    return _stored_below(node)


def _changed(statement: ast.stmt) -> frozenset[str]:
    """Return names that a statement changes in place: ``frame["x"] = …``, ``total += …``, ``told.append(…)``."""
    changed: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            changed.add(node.target.id)
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            changed |= _reads(node.value)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _grows(node.value.func):
            changed |= _reads(node.value.func)
    return frozenset(changed)


def _grows(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr in {"append", "extend", "update", "insert"}


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls in a piece of code, inner before outer, as they run."""
    for child in ast.iter_child_nodes(node):
        yield from _calls(child)
    if isinstance(node, ast.Call):
        yield node


def _literal(call: ast.Call) -> ast.Constant | None:
    first = call.args[0] if call.args else None
    return first if isinstance(first, ast.Constant) else None


def _call_with(node: ast.AST, id: str) -> ast.AST | None:
    """Return the innermost call that is given an id, or the comprehension around it, whose variables it reads."""
    for child in ast.iter_child_nodes(node):
        if found := _call_with(child, id):
            return node if isinstance(node, _COMPREHENSIONS) else found
    is_given = isinstance(node, ast.Call) and node.args and re.fullmatch(_pattern(node.args[0]), id)
    return node if is_given else None


def _pattern(node: ast.expr) -> str:
    """Return what a written id can be: its fixed parts, with anything between; a bare variable is no id."""
    if isinstance(node, ast.Constant):
        return re.escape(str(node.value))
    if isinstance(node, ast.JoinedStr):
        return "".join(_part(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _part(node.left) + _part(node.right)
    return ""


def _part(node: ast.expr) -> str:
    return _pattern(node) or ".+"
