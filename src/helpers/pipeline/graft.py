"""A kept result under the notebook's present text: editing a text cell renders again and executes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def graft(executed: str, source: Path) -> str:
    """Put the outputs of an executed notebook into its source as it is now.

    Parameters
    ----------
    executed : str
        The executed notebook as JSON; papermill's injected cell may be in it.
    source : Path
        A notebook with the same code cells in the same order (the caller's key says so).

    Returns
    -------
    str
        The notebook as JSON, without the injected cell.

    Raises
    ------
    ValueError
        If the two do not have the same number of code cells.
    """
    document: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    results = [cell for cell in json.loads(executed)["cells"] if _is_code(cell) and not _is_injected(cell)]
    cells = [cell for cell in document["cells"] if _is_code(cell)]
    if len(cells) != len(results):
        raise ValueError(f"{source.name}: {len(cells)} code cells, but {len(results)} in the result kept of it")
    for cell, result in zip(cells, results, strict=True):
        cell["outputs"], cell["execution_count"] = result["outputs"], result["execution_count"]
    return json.dumps(document, ensure_ascii=False, sort_keys=True) + "\n"


def _is_code(cell: dict[str, Any]) -> bool:
    return bool(cell["cell_type"] == "code")


def _is_injected(cell: dict[str, Any]) -> bool:
    return "injected-parameters" in cell["metadata"].get("tags", [])
