"""The evidence grade of a row, by the rule its table's descriptor states."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from helpers.tables import columns, descriptor, reading, vintages
from helpers.tables.loading import Folder

GRADES = ("filed", "reported", "press", "estimated", "scenario")
"""Evidence grades, best first."""


def weakest(found: Iterable[str]) -> str:
    """Return the weakest of some grades: a result is as weak as its weakest input."""
    return GRADES[max(GRADES.index(grade) for grade in found)]


def grades(rows: Iterable[str], *, root: Folder = None, vintage: str | None = None) -> dict[str, str]:
    """Return the evidence grade of each row.

    Parameters
    ----------
    rows : iterable of str
        Row ids of any mixture of tables.
    root : path, optional
        Data folder; see `helpers.tables.load`.
    vintage : str, optional
        Vintage; see `helpers.tables.load`.

    Returns
    -------
    dict of str to str
        Grade by row id: filed, reported, press, estimated or scenario.

    Raises
    ------
    KeyError
        Naming the first row id that no graded table has.
    """
    folder = descriptor.root(root, vintage)
    vintages.hold(descriptor.vintage_name(folder))
    wanted = list(dict.fromkeys(rows))
    known: dict[str, dict[str, str]] = {}
    answer: dict[str, str] = {}
    for row in wanted:
        name = row.split("/", 1)[0]
        if name not in known:
            known[name] = _of_table(name, folder)
        if row not in known[name]:
            raise KeyError(f"no row {row!r}")
        answer[row] = known[name][row]
    return answer


def _of_table(name: str, folder: Path) -> dict[str, str]:
    resource = next((one for one in descriptor.resources(folder) if one["name"] == name), None)
    if resource is None or "grade" not in resource:  # no such table, or one that states nothing
        return {}
    path = folder / resource["path"]
    state = path.stat() if path.is_file() else None  # a missing file is reported by whoever reads it
    stamp = (state.st_mtime_ns, state.st_size) if state else (0, 0)
    return _as_it_stands(name, folder, json.dumps(resource["grade"]), stamp)


@cache
def _as_it_stands(name: str, folder: Path, rule: str, stamp: tuple[int, int]) -> dict[str, str]:  # noqa: ARG001 - part of the key
    """Grade a table once for all the numbers of a notebook; a file that changed since is graded again."""
    # The cells alone: grades are asked for by pages too, which need no pandas.
    resource = descriptor.describe(name, folder)
    cells = reading.read(folder, resource)
    return dict(zip(columns.row_ids(resource, cells), by_rule(json.loads(rule), cells.columns), strict=True))


def by_rule(rule: dict[str, Any], table: Mapping[str, Sequence[str]]) -> list[str]:
    """Apply a grade rule to the rows of a table.

    Parameters
    ----------
    rule : dict
        ``{"constant": grade}``, or ``{"column": name, "map": {value: grade}}`` with an optional ``"otherwise"`` for
        the values that the map does not have. A cell with several values joined by ``;`` gets the weakest grade.
        ``"first"`` may list patterns of a column that settle the grade before the map is asked.
    table : mapping of str to sequence of str
        The table's cells by column, as written.

    Returns
    -------
    list of str
        One grade a row.
    """
    if "constant" in rule:
        return [rule["constant"]] * len(next(iter(table.values())))
    grade_of: dict[str, str] = rule["map"]
    otherwise = rule.get("otherwise")

    def grade(cell: str) -> str:
        return weakest(grade_of.get(value) or otherwise or grade_of[value] for value in cell.split(";"))

    graded = [grade(cell) for cell in table[rule["column"]]]
    for earlier in rule.get("first", []):
        settled = (re.search(earlier["pattern"], cell) for cell in table[earlier["column"]])
        graded = [earlier["grade"] if found else before for before, found in zip(graded, settled, strict=True)]
    return graded
