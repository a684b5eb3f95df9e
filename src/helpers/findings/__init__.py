"""What a notebook states: numbers, verdicts, figures, kept in the notebook's own outputs.

Every number carries the table rows and the assumptions it rests on; its grade follows from them
(`helpers.findings.schema.GRADES`). The pipeline collects them into ``reports/results.json``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from helpers.findings.display import claim, claims_box, figure, say, table
    from helpers.findings.record import Claim, Number, number

__all__ = ["Claim", "Number", "claim", "claims_box", "figure", "number", "say", "table"]

_HOMES = {"number": "record", "Number": "record", "Claim": "record"}


def __getattr__(name: str) -> Any:
    """Import the parts on first use, so that the pipeline can read `schema` without pandas."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    display = import_module("helpers.findings.display")
    display.watch_cells()
    home = import_module(f"helpers.findings.{_HOMES.get(name, 'display')}")
    return getattr(home, name)
