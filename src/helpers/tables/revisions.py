"""Values that a refresh revised, as they stood before: what a reader of an earlier day must see.

A vintage holds the table ``revisions``: one row a revised cell, with the old value, the new one and the day each was
known, and what the row said of its figures before (status, sources, note). The shipped tables have none.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.tables import descriptor, reading

if TYPE_CHECKING:
    import pandas as pd

NAME = "revisions"

_ABOUT = ("status", "source_id", "note")
"""Columns that tell of a row's figures; a revision holds what they said before as ``old_status`` and so on."""

Cells = dict[str, tuple[str, ...]]


def undo(name: str, known: pd.DataFrame, limit: pd.Timestamp, folder: Path) -> pd.DataFrame:
    """Put back the values that a table's cells had on a day.

    Parameters
    ----------
    name : str
        Table.
    known : pandas.DataFrame
        Its rows known on the day, with the values of the vintage.
    limit : pandas.Timestamp
        The day of knowledge.
    folder : pathlib.Path
        Folder of the vintage.

    Returns
    -------
    pandas.DataFrame
        The same rows; a cell revised after the day holds what it held before the first such revision. A cell that was
        empty until then is missing. The row's status, sources and note are those of before, too, but where the
        vintage that replaced them revised another cell of the row by that day: then they tell of both.
    """
    from helpers.tables import columns

    resource = next((one for one in descriptor.resources(folder) if one["name"] == NAME), None)
    if resource is None:
        return known
    cells = reading.read(folder, resource).columns
    day = str(limit.date())
    earlier = _earlier(cells, name, day) | _about(cells, name, day)
    earlier = {cell: old for cell, old in earlier.items() if cell[0] in known.index and cell[1] in known}
    if not earlier:
        return known
    fields = {field["name"]: field for field in descriptor.describe(name, folder)["schema"]["fields"]}
    restored: dict[str, pd.Series[Any]] = {}
    for (row, column), old in earlier.items():
        values = restored.setdefault(column, known[column].copy())
        values.loc[row] = columns.typed(fields[column], [old])[0]
    return known.assign(**restored)


def _earlier(cells: Cells, name: str, day: str) -> dict[tuple[str, str], str]:
    """Return, by row and column, the oldest value among the revisions made after a day."""
    listed = zip(*(cells[column] for column in ("table", "row", "column", "old", "new_known")), strict=True)
    # ISO dates compare as text. The file holds the revisions of earlier vintages first, and the sort is stable.
    later = sorted((entry for entry in listed if entry[0] == name and entry[4] > day), key=lambda entry: entry[4])
    found: dict[tuple[str, str], str] = {}
    for _, row, column, old, _ in later:
        found.setdefault((row, column), old)
    return found


def _about(cells: Cells, name: str, day: str) -> dict[tuple[str, str], str]:
    """Return, by row and column, what the row said of its figures before the first vintage of later revisions only."""
    if f"old_{_ABOUT[0]}" not in cells:
        return {}  # a vintage made before revisions told of it
    listed = zip(*(cells[column] for column in ("table", "row", "vintage", "new_known")), strict=True)
    abouts = zip(*(cells[f"old_{column}"] for column in _ABOUT), strict=True)
    begun: dict[tuple[str, str], str] = {}
    said: dict[tuple[str, str], tuple[str, ...]] = {}
    for (table, row, vintage, known), about in zip(listed, abouts, strict=True):
        if table == name and any(about):
            begun[row, vintage] = min(begun.get((row, vintage), known), known)
            said[row, vintage] = about
    found: dict[tuple[str, str], str] = {}
    # The file holds the revisions of earlier vintages first.
    for (row, vintage), about in said.items():
        if begun[row, vintage] > day:
            for column, old in zip(_ABOUT, about, strict=True):
                found.setdefault((row, column), old)
    return found
