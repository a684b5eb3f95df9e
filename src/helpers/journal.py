"""A run's diary: which tables, sources and modules it really used.

The pipeline names a file in ``WHO_PAYS_JOURNAL``; without it nothing is written, so
a notebook opened in JupyterLab leaves no trace.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

VARIABLE = "WHO_PAYS_JOURNAL"
_registered = False
_cited: dict[str, set[str]] = {}
"""Sources noted so far, by journal."""


def record(event: str, **details: Any) -> None:
    """Append one event to the run's journal.

    Parameters
    ----------
    event : str
        Kind of event, for example ``"table"``.
    **details
        Anything JSON can hold.
    """
    path = os.environ.get(VARIABLE)
    if not path:
        return
    begin()
    line = json.dumps({"event": event, **details}, sort_keys=True, default=str)
    # One short append a line: two kernels never share a journal.
    with Path(path).open("a", encoding="utf-8") as journal:
        journal.write(line + "\n")


def cite(sources: Iterable[str]) -> None:
    """Note the sources of rows that were read, each once a journal.

    Parameters
    ----------
    sources : iterable of str
        Ids of the table of sources.
    """
    path = os.environ.get(VARIABLE)
    if not path:
        return
    known = _cited.setdefault(path, set())
    if new := set(sources) - known:
        known |= new
        record("sources", ids=sorted(new))


def begin() -> None:
    """Open the diary of this process, if the pipeline asked for one; called when the package is imported.

    At the end of the process it notes which of our modules were imported. A diary that begins and does not end is
    that of a process that was killed.
    """
    global _registered
    if not _registered and os.environ.get(VARIABLE):
        _registered = True
        atexit.register(_record_modules)
        record("begin")


def _record_modules() -> None:
    names = sorted(name for name in sys.modules if name.split(".")[0] == "helpers")
    record("modules", names=names)


def read(path: Path) -> list[dict[str, Any]]:
    """Return the events of a journal, oldest first; a last half-written line is left out."""
    if not path.exists():
        return []
    events: list[dict[str, Any]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            events.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return events
