"""From an executed notebook to one that can be published: the same bytes on every machine.

Between execution and rendering: one parameter table instead of two parameter cells, a provenance
box, sanitised outputs, no times, paths or random ids, and a check of every figure.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from helpers.findings.schema import FIGURE_MIME, FINDINGS_MIME
from helpers.pipeline import parameters, provenance, sanitise
from helpers.pipeline.outcome import Outcome

_PARAMETER_TAGS = {"parameters", "injected-parameters"}
# Alt text shorter than this cannot hold a message and its numbers.
_SHORTEST_ALT = 30


@dataclass(frozen=True)
class CleanNotebook:
    """A notebook ready for the site, and what was found in it.

    Attributes
    ----------
    notebook : NotebookNode
        nbformat 4.5.
    numbers, claims : dict
        By id, as `helpers.findings` kept them.
    figures : dict of str to str
        CSV text by figure id.
    problems : list of str
        Why it must not be published; empty when all is well.
    warnings : list of str
        What cells wrote to the error stream: kept out of the page, told to the operator.
    """

    notebook: NotebookNode
    numbers: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def clean(outcome: Outcome, *, root: Path) -> CleanNotebook:
    """Clean the notebook of a run that went well.

    Parameters
    ----------
    outcome : Outcome
        With an executed notebook.
    root : Path
        The project's folder.

    Returns
    -------
    CleanNotebook

    Raises
    ------
    ValueError
        If the run left no notebook.
    """
    if outcome.notebook is None:
        raise ValueError(f"{outcome.run.name} left no notebook to clean")
    notebook = nbformat.reads(outcome.notebook, as_version=4)
    result = CleanNotebook(notebook)
    _collect(result)
    notebook.cells = [cell for cell in notebook.cells if not _is_parameters(cell)]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [kept for output in cell.outputs if (kept := _output(output, root, result)) is not None]
            _check_figures(cell, result)
        _plain_metadata(cell)
    # The reader meets title and question first, then the parameters.
    has_header = bool(notebook.cells) and notebook.cells[0].cell_type == "markdown"
    notebook.cells.insert(1 if has_header else 0, _parameter_table(outcome))
    notebook.cells.append(provenance.cell(outcome, root=root))
    notebook.metadata = NotebookNode(
        kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
        language_info={"name": "python"},
    )
    return result


def _is_parameters(cell: NotebookNode) -> bool:
    return bool(_PARAMETER_TAGS & set(cell.metadata.get("tags", [])))


def _plain_metadata(cell: NotebookNode) -> None:
    """Keep tags only: papermill and Jupyter leave times, states and ids."""
    tags = list(cell.metadata.get("tags", []))
    cell.metadata = NotebookNode({"tags": tags} if tags else {})


def _output(output: NotebookNode, root: Path, result: CleanNotebook) -> NotebookNode | None:
    """Return an output without what must not be published, or None where nothing is left."""
    if output.output_type == "stream":
        written = sanitise.text("".join(output.text), root)
        if output.name == "stderr":
            result.warnings.append(written)
            return None
        return NotebookNode(output_type="stream", name="stdout", text=written)
    if output.output_type == "error":
        result.problems.append(f"a cell ended in {output.ename}: {sanitise.text(str(output.evalue), root)}")
        return None
    data = {mime: keep(content, root) for mime, content in output.data.items() if (keep := _KEEP.get(mime))}
    if not data:
        return None
    if output.output_type == "execute_result":
        return NotebookNode(
            output_type="execute_result", execution_count=output.execution_count, data=data, metadata=NotebookNode()
        )
    return NotebookNode(output_type="display_data", data=data, metadata=NotebookNode())


def _joined(content: Any) -> str:
    return content if isinstance(content, str) else "".join(content)


_KEEP: dict[str, Callable[[Any, Path], Any]] = {
    "text/plain": lambda content, root: sanitise.text(_joined(content), root),
    "text/markdown": lambda content, root: sanitise.markdown(sanitise.text(_joined(content), root)),
    "text/html": lambda content, root: sanitise.html(sanitise.text(_joined(content), root)),
    "image/png": lambda content, _: _joined(content).strip(),
    FINDINGS_MIME: lambda content, _: content,
    FIGURE_MIME: lambda content, _: content,
}


def _outputs(notebook: NotebookNode) -> Iterator[NotebookNode]:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield from cell.outputs


def _collect(result: CleanNotebook) -> None:
    """Gather numbers, claims and figures; the same id with two meanings is a problem."""
    for output in _outputs(result.notebook):
        data = output.get("data", {})
        stated = data.get(FINDINGS_MIME, {})
        for kind, found in (("number", result.numbers), ("claim", result.claims)):
            for id, entry in stated.get(f"{kind}s", {}).items():
                if found.setdefault(id, entry) != entry:
                    result.problems.append(f"{kind} {id!r} is stated twice with different content")
        if FIGURE_MIME in data:
            figure = data[FIGURE_MIME]
            if figure["id"] in result.figures:
                result.problems.append(f"figure {figure['id']!r} is shown twice")
            result.figures[figure["id"]] = figure["csv"]


def _check_figures(cell: NotebookNode, result: CleanNotebook) -> None:
    """Check that every image is a finished figure, alone in its cell."""
    shown = [output.data for output in cell.outputs if "data" in output]
    described = [data for data in shown if FIGURE_MIME in data]
    for data in shown:
        if "image/png" in data and FIGURE_MIME not in data:
            result.problems.append(f"cell {cell.id!r} shows an image without alt text: use findings.figure")
    for data in described:
        figure = data[FIGURE_MIME]
        if "image/png" not in data:
            result.problems.append(f"figure {figure['id']!r} has no image")
        for part in ("title", "subtitle", "unit", "source", "as_of"):
            if not str(figure.get(part, "")).strip():
                result.problems.append(f"figure {figure['id']!r} has no {part}")
        if len(str(figure.get("alt", "")).strip()) < _SHORTEST_ALT:
            result.problems.append(f"figure {figure['id']!r} has no alt text of at least {_SHORTEST_ALT} characters")
        if not str(figure.get("csv", "")).strip():
            result.problems.append(f"figure {figure['id']!r} has no data behind it")
    wanted = _figures_called_for(cell.source)
    if len(described) < wanted:
        result.problems.append(f"cell {cell.id!r} calls for {wanted} figure(s) and shows {len(described)}")
    if len(described) > 1:
        result.problems.append(f"cell {cell.id!r} shows {len(described)} figures: one a cell")


def _figures_called_for(source: str) -> int:
    """Count the figures that a cell shows whatever happens: calls that stand alone, under no condition."""
    lines = (line for line in source.splitlines() if not line.lstrip().startswith(("%", "!")))
    return sum(
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Name)
        and statement.value.func.id == "figure"
        for statement in ast.parse("\n".join(lines)).body
    )


def _parameter_table(outcome: Outcome) -> NotebookNode:
    """Return one table of the run's parameters, in place of the two parameter cells."""
    lines = ["| parameter | value | meaning |", "|:--|:--|:--|"]
    declared = parameters.declared(outcome.run.path)
    for name, value in outcome.run.parameters.items():
        meaning = declared[name].comment if name in declared else ""
        lines.append(f"| `{name}` | `{_cell_text(value)}` | {_cell_text(meaning)} |")
    body = "\n".join(lines)
    # HTML around Markdown: folded alike in JupyterLab and on the site.
    source = f'<details class="parameters"><summary>Parameters of this run</summary>\n\n{body}\n\n</details>'
    table: NotebookNode = nbformat.v4.new_markdown_cell(source, id="parameter-table")
    return table


def _cell_text(value: object) -> str:
    """Return a value as it may stand in a Markdown table."""
    return str(value).replace("|", "\\|").replace("\n", " ").replace("`", "'")
