"""Reading the findings of other runs, for the one notebook that is given them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# The format of `helpers.pipeline.results.document`.
SCHEMA = 1
NOTHING: dict[str, Any] = {"schema": SCHEMA, "editions": {}}


def read(path: str | Path) -> dict[str, Any]:
    """Return the findings of all runs.

    Parameters
    ----------
    path : str or Path
        ``reports/results.json``, or the copy the pipeline hands to a notebook.

    Returns
    -------
    dict
        See `helpers.pipeline.results.document`; without editions where there is no such file, as in a copy of the
        project in which nothing was run yet.

    Raises
    ------
    ValueError
        If the file is not JSON of the known format; the message names file and fault.
    """
    file = Path(path)
    if not file.is_file():
        return dict(NOTHING)
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{file.name}: not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA or "editions" not in document:
        found = document.get("schema") if isinstance(document, dict) else type(document).__name__
        raise ValueError(f"{file.name}: schema {found!r}; expected {SCHEMA} with editions")
    return document
