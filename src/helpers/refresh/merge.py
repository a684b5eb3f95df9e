"""A table and what a source has for it: what is new, what is revised, what stays.

Works on the cells as text, so that a cell nobody touched keeps its bytes. Nothing is dropped: a row that the source
lacks stays and is marked, a figure that the policy protects stays and is listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from helpers.refresh.cells import differ, is_empty, text
from helpers.refresh.update import Update
from helpers.tables.descriptor import Resource

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, str]

STATES = {
    "added": "the source has it, the table had not",
    "revised": "at least one figure was replaced or filled in; see `revisions`",
    "confirmed": "the source has the same figures",
    "kept": "the source has another figure; the table's stands, see the problems of the vintage",
    "missing": "the source was asked and does not have it; carried over as it was",
    "carried over": "the source was not asked for it; carried over as it was",
}
"""What may have become of a row, and what that means."""

_ABOUT_THE_ROW = ("status", "source_id", "note")
"""Columns that tell of the row's figures; they follow the figures."""


@dataclass(frozen=True)
class Change:
    """One cell that holds another value than before.

    Parameters
    ----------
    table, row, column : str
        Where: table, row id, column.
    old, new : str
        The cell before (empty where it was a hole) and after.
    old_known, new_known : str
        ISO dates on which each became known.
    source_id : str
        Where the new value comes from.
    old_status, old_source_id, old_note : str
        What the row said of its figures before: it goes back with them.
    """

    table: str
    row: str
    column: str
    old: str
    new: str
    old_known: str
    new_known: str
    source_id: str
    old_status: str = ""
    old_source_id: str = ""
    old_note: str = ""


@dataclass(frozen=True)
class Kept:
    """One cell where the source has another value and the table's stands."""

    table: str
    row: str
    column: str
    table_value: str
    source_value: str
    source_id: str


@dataclass
class Merged:
    """A table after a refresh.

    Parameters
    ----------
    table : str
        Name.
    rows : list of dict
        Every row as text, by column.
    states : dict of str to str
        What became of each row, by row id (`STATES`).
    changes, kept : list
        Cells replaced, and cells that stand although the source differs.
    """

    table: str
    rows: list[Row]
    states: dict[str, str]
    changes: list[Change] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)


@dataclass(frozen=True)
class Standing:
    """What the table's own figures are worth.

    Parameters
    ----------
    known : mapping of str to str
        The ISO date from which each row is known.
    revised : mapping of (str, str) to str
        The ISO date from which the value of a cell is known, where an earlier vintage revised it.
    checked : str
        The day on which the shipped tables were compiled and checked.
    """

    known: Mapping[str, str]
    revised: Mapping[tuple[str, str], str]
    checked: str


def merge(resource: Resource, base: list[Row], update: Update, standing: Standing, vintage: str) -> Merged:
    """Merge what a source has into a table.

    Parameters
    ----------
    resource : dict
        The table's descriptor.
    base : list of dict
        Its rows as text, by column.
    update : Update
        What the source has.
    standing : Standing
        Since when the table's figures are known.
    vintage : str
        Name of the new vintage; begins with its day.

    Returns
    -------
    Merged
        The rows in the order of the table's series, with the new ones in their places.
    """
    merger = _Merger(resource, update, standing, vintage)
    ids = [row_id(resource, row) for row in base]
    merged = Merged(update.table, [], {})
    for name, row in zip(ids, base, strict=True):
        merged.rows.append(merger.existing(name, row, merged))
    there = set(ids)
    for name, row in merger.live.items():
        if name not in there:
            merged.rows.append({column: row.get(column, "") for column in merger.fields})
            merged.states[name] = "added"
    merged.changes += merger.before(set(merger.live) - there)
    _mark_missing(resource, merged, merger.live)
    merged.rows.sort(key=_place(resource, merged.rows))
    return merged


def row_id(resource: Resource, row: Mapping[str, str]) -> str:
    """Return the id of a row: the table's name and its key, joined by ``/``."""
    return "/".join((resource["name"], *(row[column] for column in resource["schema"]["primaryKey"])))


class _Merger:
    """The rules of one merge."""

    def __init__(self, resource: Resource, update: Update, standing: Standing, vintage: str) -> None:
        self.fields: dict[str, dict[str, Any]] = {one["name"]: one for one in resource["schema"]["fields"]}
        self.key = set(resource["schema"]["primaryKey"])
        self.resource, self.update, self.standing, self.vintage = resource, update, standing, vintage
        self.day = vintage[:10]
        self.live = _as_text(resource, update.rows, self.fields)
        self.known = _as_known(list(self.live), update)

    def existing(self, name: str, row: Row, merged: Merged) -> Row:
        """Return a row of the table after the merge, and note what became of it."""
        live = self.live.get(name)
        if live is None:
            merged.states[name] = "carried over"
            return row
        changes: list[Change] = []
        kept: list[Kept] = []
        for column in self.fields:
            new = live.get(column, "")
            if column in self.key or column in _ABOUT_THE_ROW or is_empty(new):
                continue
            old = row[column]
            if not differ(self.fields[column], old, new):
                continue
            if self._replaces(name, column, old):
                changes += self._changes(name, column, row, live)
            else:
                kept.append(Kept(self.update.table, name, column, old, new, live.get("source_id", "")))
        merged.states[name] = "revised" if changes else "kept" if kept else "confirmed"
        merged.changes += changes
        merged.kept += kept
        return self._revised(row, live, changes) if changes else row

    def before(self, added: set[str]) -> list[Change]:
        """Return what the figures of new rows were before, so that an earlier day sees them as they were."""
        held: dict[tuple[str, str], tuple[str, str]] = {}
        changes: list[Change] = []
        for name, column, value, known in self._steps():
            if name not in added:
                continue
            row = self.live[name]
            own = _own_day(self.resource, row)
            # Until its first day a figure of a row that is out already is a hole. Where the row's day stands in another
            # table, every figure has such a hole: a reader of a day before the row's does not see it.
            old, since = held.get((name, column), ("", own or known))
            out = own is None and (name, column) not in held
            if value != old and (known > since or out):
                cited = row.get("source_id", "")
                about = _about(row)  # a new row has no older one
                changes.append(Change(self.update.table, name, column, old, value, since, known, cited, *about))
            held[name, column] = (value, known)
        return changes

    def _steps(self) -> list[tuple[str, str, str, str]]:
        """Return the values of each figure, oldest first: row id, column, value as text, day from which it is known.

        Where the source gives no history, there is one step: the value that stands.
        """
        if self.update.history is None:
            return [(name, column, self.live[name].get(column, ""), day) for (name, column), day in self.known.items()]
        ordered = self.update.history.sort_values("known_from", kind="stable").to_dict("records")
        # Of a row that the update leaves out, such as an older quarter, the history may tell too.
        return [
            (str(one["row"]), column, text(self.fields[column], one["value"]), str(one["known_from"]))
            for one in ordered
            for column in [str(one["column"])]
        ]

    def _replaces(self, name: str, column: str, old: str) -> bool:
        if is_empty(old):
            return True  # nobody checked a hole
        if self.fields[column]["type"] != "number":
            return False  # labels and dates are the table's
        if self.update.policy == "if later":
            held = self.standing.revised.get((name, column), self.standing.checked)
            return self.known.get((name, column), self.day) > held
        return self.update.policy == "revise"

    def _changes(self, name: str, column: str, row: Row, live: Row) -> list[Change]:
        """Return how a figure came to be what it is, one change for each value that stood on the way."""
        since = self.standing.revised.get((name, column), self.standing.known.get(name, self.standing.checked))
        held = self.standing.revised.get((name, column), self.standing.checked)
        steps = [(value, known) for value, known in self._history.get((name, column), []) if known > held]
        if not steps or steps[-1][0] != live[column]:  # the source tells no more than what stands
            steps = [(live[column], self.known.get((name, column), self.day))]
        changes, old = [], row[column]
        for value, known in steps:
            if value != old:
                about = live.get("source_id", ""), *_about(row)
                changes.append(Change(self.update.table, name, column, old, value, since, known, *about))
            old, since = value, known
        return changes

    @cached_property
    def _history(self) -> dict[tuple[str, str], list[tuple[str, str]]]:
        """The values of each figure with the day from which each is known, oldest first."""
        found: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for name, column, value, known in self._steps():
            found.setdefault((name, column), []).append((value, known))
        return found

    def _revised(self, row: Row, live: Row, changes: list[Change]) -> Row:
        """Return a row with its new figures; its note keeps what people wrote and says which figures are new."""
        after = row | {change.column: change.new for change in changes}
        figures = [column for column, one in self.fields.items() if one["type"] == "number"]
        covered = all(live.get(column) or not row[column] for column in figures)
        cited = live.get("source_id", "").split(";") if covered else [*row["source_id"].split(";")]
        cited += [] if covered else [one for one in live.get("source_id", "").split(";") if one not in cited]
        after["source_id"] = ";".join(filter(None, cited)) or row["source_id"]
        if live.get("status") and any(change.column in figures for change in changes):
            after["status"] = live["status"]
        if "note" in row:
            told = f"revised in the vintage {self.vintage}: {', '.join(change.column for change in changes)}"
            after["note"] = "; ".join(part for part in (row["note"], live.get("note", ""), told) if part)
        return after


def _about(row: Mapping[str, str]) -> tuple[str, str, str]:
    """Return what a row says of its figures, as a `Change` holds it."""
    return row.get("status", ""), row.get("source_id", ""), row.get("note", "")


def _own_day(resource: Resource, row: Mapping[str, str]) -> str | None:
    """Return the day from which a row is known; None where that day stands in another table."""
    rule = resource["knownFrom"]
    if rule["rule"] != "column" or not row.get(rule["column"]):
        return None
    return (date.fromisoformat(row[rule["column"]]) + timedelta(days=rule.get("days", 0))).isoformat()


def _as_text(resource: Resource, rows: pd.DataFrame, fields: Mapping[str, Any]) -> dict[str, Row]:
    """Return the rows of a frame as text, by row id, in the frame's order."""
    found: dict[str, Row] = {}
    for record in rows.to_dict("records"):
        row = {str(column): text(fields[str(column)], value) for column, value in record.items()}
        name = row_id(resource, row)
        if name in found:
            raise ValueError(f"the source gives the row {name} twice")
        found[name] = row
    return found


def _as_known(names: list[str], update: Update) -> dict[tuple[str, str], str]:
    """Return the day on which each figure of the source became known, by row id and column."""
    if update.known is None:
        return {}
    days = zip(names, update.known.to_dict("records"), strict=True)
    return {(name, str(column)): day for name, record in days for column, day in record.items() if isinstance(day, str)}


def _mark_missing(resource: Resource, merged: Merged, live: Mapping[str, Row]) -> None:
    """Mark the rows that the source does not have although they lie in the time it was asked for."""
    rule = resource.get("continuity")
    if rule is None:
        return
    begins: dict[tuple[str, ...], str] = {}
    for row in live.values():
        group = tuple(row[column] for column in rule["by"])
        begins[group] = min(begins.get(group, row[rule["column"]]), row[rule["column"]])
    for row in merged.rows:
        name = row_id(resource, row)
        begin = begins.get(tuple(row[column] for column in rule["by"]))
        if merged.states[name] == "carried over" and begin is not None and row[rule["column"]] >= begin:
            merged.states[name] = "missing"


def _place(resource: Resource, rows: list[Row]) -> Any:
    """Return a sort key: the series in the order of the table, each in the order of time."""
    rule = resource.get("continuity")
    if rule is None:
        return lambda _: 0
    order: dict[tuple[str, ...], int] = {}
    for row in rows:
        order.setdefault(tuple(row[column] for column in rule["by"]), len(order))
    return lambda row: (order[tuple(row[column] for column in rule["by"])], row[rule["column"]])
