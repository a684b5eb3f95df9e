"""The vintages of a data folder, in a table that a person reads. Imports no pandas."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from helpers.refresh import difference, filed
from helpers.refresh.merge import Change
from helpers.tables import descriptor, reading, revisions, vintages
from helpers.tables.descriptor import ABOUT_VINTAGE


@dataclass(frozen=True)
class Summary:
    """One vintage in a line.

    Parameters
    ----------
    name, base : str
        Its name, and the one it started from.
    refreshed : tuple of str
        Tables that differ from the shipped ones.
    rows : int
        Rows of all tables of figures.
    facts : int
        Facts filed with the SEC that it keeps.
    newest : str
        Newest date among the series of its tables, with the table.
    largest : str
        Largest revision by per cent that was made in it.
    """

    name: str
    base: str
    refreshed: tuple[str, ...]
    rows: int
    facts: int
    newest: str
    largest: str


def lines(shipped: Path) -> list[str]:
    """Return the list, the shipped tables first.

    Parameters
    ----------
    shipped : pathlib.Path
        Folder of the shipped tables.
    """
    names = [vintages.SHIPPED, *vintages.names(shipped)]
    accepted = vintages.accepted(shipped)
    found = [summary(name, vintages.folder(name, shipped)) for name in names]
    heads = ("", "vintage", "from", "rows", "facts", "newest figure", "refreshed", "largest revision")
    rows = [heads]
    for one in found:
        mark = "*" if one.name == accepted else ""
        refreshed = ", ".join(one.refreshed) or "-"
        counts = (f"{one.rows:,}", f"{one.facts:,}" if one.facts else "-")
        rows.append((mark, one.name, one.base or "-", *counts, one.newest, refreshed, one.largest or "-"))
    widths = [max(len(row[at]) for row in rows) for at in range(len(heads))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    told = f"* `live` stands for {accepted}" if accepted else "no vintage is accepted: `live` stands for none"
    return [*text, "", told]


def summary(name: str, folder: Path) -> Summary:
    """Return what there is to say of one vintage.

    Parameters
    ----------
    name : str
        Its name.
    folder : pathlib.Path
        Its folder.
    """
    told = descriptor.package(folder).get("vintage", {})
    rows, facts, newest = 0, 0, ("", "")
    for resource in descriptor.resources(folder):
        if resource.get("about") == ABOUT_VINTAGE:
            if resource["name"] == filed.NAME:
                facts = len(reading.read(folder, resource).lines)
            continue
        cells = reading.read(folder, resource)
        rows += len(cells.lines)
        if rule := resource.get("continuity"):
            newest = max(newest, (max(cells.columns[rule["column"]]), resource["name"]))
    refreshed = tuple(told.get("refreshed", ()))
    return Summary(
        name, told.get("base", ""), refreshed, rows, facts, f"{newest[0]} ({newest[1]})", _largest(name, folder)
    )


def _largest(name: str, folder: Path) -> str:
    resource = next((one for one in descriptor.resources(folder) if one["name"] == revisions.NAME), None)
    if resource is None:
        return ""
    cells = reading.read(folder, resource).columns
    columns = ("table", "row", "column", "old", "new", "old_known", "new_known", "source_id")
    made = zip(*(cells[column] for column in columns), cells["vintage"], strict=True)
    changes = [Change(*entry[:-1]) for entry in made if entry[-1] == name]
    found = difference.largest([change for change in changes if change.old])
    if not found or (share := difference.relative(found[0])) is None:
        return ""
    return f"{share:+.2%} {found[0].row} {found[0].column}"
