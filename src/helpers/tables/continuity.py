"""No gap in a series: each period follows the one before, firm by firm, but for the gaps the descriptor declares."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from helpers.tables.descriptor import Resource
from helpers.tables.faults import Fault
from helpers.tables.reading import Cells

if TYPE_CHECKING:
    import pandas as pd

_SHORTEST, _LONGEST = 80, 100
"""Days of a fiscal quarter: 13 weeks, 14 in a 53-week year."""


def faults(resource: Resource, cells: Cells, table: pd.DataFrame) -> list[Fault]:
    """Return a fault for each row that does not follow the row before it in its series.

    Parameters
    ----------
    resource : dict
        The table's descriptor; its ``continuity`` says the step, the date column and what makes a series.
    cells : Cells
        The table's text, for lines and values.
    table : pandas.DataFrame
        The typed rows.

    Returns
    -------
    list of Fault
        Empty where the table declares no continuity.
    """
    rule = resource.get("continuity")
    if rule is None:
        return []
    found: list[Fault] = []
    for series in _series(rule, table):
        for before, after in pairwise(series):
            if reason := _break(rule, before, after):
                place = after["place"]
                whose = f" of {'/'.join(after[column] for column in rule['by'])}" if rule["by"] else ""
                cell = cells.columns[rule["column"]][place]
                text = f"a gap in the series{whose}: {reason}"
                found.append(Fault(cells.file, text, cells.lines[place], rule["column"], cell))
    return found


def _series(rule: dict[str, Any], table: pd.DataFrame) -> list[list[dict[str, Any]]]:
    """Return the rows of each series in the order of time, with their place in the file, as plain values."""
    columns = list(
        dict.fromkeys([*rule["by"], *(rule[part] for part in ("column", "year", "quarter") if part in rule)])
    )
    ordered = table[columns].assign(place=range(len(table))).sort_values(rule["column"])
    series: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in ordered.to_dict("records"):
        named = {str(name): value for name, value in row.items()}
        series.setdefault(tuple(named[column] for column in rule["by"]), []).append(named)
    return list(series.values())


def _break(rule: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> str | None:
    """Say why one row does not follow another, or None if it does."""
    column = rule["column"]
    first, second = before[column], after[column]
    if rule["step"] == "fiscal quarter":
        return _fiscal_break(rule, before, after)
    months = (second.year - first.year) * 12 + second.month - first.month
    step = {"month": 1, "quarter": 3}[rule["step"]]
    if months == step or _declared(rule, before, after):
        return None
    return f"the {rule['step']} after {first.date()} should stand here"


def _fiscal_break(rule: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> str | None:
    days = (after[rule["column"]] - before[rule["column"]]).days
    if not _SHORTEST <= days <= _LONGEST:
        return f"{days} days after the quarter ended {before[rule['column']].date()}"
    ordinals = [int(row[rule["year"]]) * 4 + int(row[rule["quarter"]][1]) for row in (before, after)]
    if ordinals[1] - ordinals[0] != 1:
        labels = [f"{row[rule['year']]} {row[rule['quarter']]}" for row in (before, after)]
        return f"{labels[1]} does not follow {labels[0]}"
    return None


def _declared(rule: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> bool:
    return any(
        all(after[column] == value for column, value in gap["where"].items())
        and str(before[rule["column"]].date()) == gap["after"]
        and str(after[rule["column"]].date()) == gap["until"]
        for gap in rule.get("gaps", [])
    )
