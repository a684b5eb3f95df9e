"""From cells to typed columns, and the faults of the cells that have no such type."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from helpers.tables.descriptor import Resource
from helpers.tables.faults import DataError, Fault
from helpers.tables.reading import Cells
from helpers.tables.text_storage import text_type

if TYPE_CHECKING:
    import pandas as pd

Field = dict[str, Any]

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")


def frame(resource: Resource, cells: Cells) -> pd.DataFrame:
    """Build the typed frame of a table.

    Parameters
    ----------
    resource : dict
        The table's descriptor.
    cells : Cells
        Its text.

    Returns
    -------
    pandas.DataFrame
        One row a line, indexed by row id (``"row"``); dates as datetime64, numbers as float64, integers as int64
        (Int64 where the field may be empty), closed sets as categories, other text as str. An empty cell is missing.

    Raises
    ------
    DataError
        With one fault for each cell that has not its field's type.
    """
    import pandas as pd

    faults = type_faults(resource, cells)
    if faults:
        raise DataError(faults)
    fields = resource["schema"]["fields"]
    columns = {field["name"]: typed(field, cells.columns[field["name"]]) for field in fields}
    return pd.DataFrame(columns, index=pd.Index(row_ids(resource, cells), name="row", dtype=text_type()))


def row_ids(resource: Resource, cells: Cells) -> list[str]:
    """Return the id of each row: the table's name and the cells of its key, joined by ``/``."""
    key = [cells.columns[name] for name in resource["schema"]["primaryKey"]]
    return ["/".join((resource["name"], *values)) for values in zip(*key, strict=True)]


def typed(field: Field, cells: Sequence[str]) -> Any:
    """Turn the cells of one field into an array of its type; the cells must have passed `type_faults`."""
    import numpy as np
    import pandas as pd

    kind = field["type"]
    if kind == "number":
        return np.array([cell or "nan" for cell in cells], dtype="float64")
    if kind in ("date", "yearmonth"):
        # "" is not-a-time for numpy too; a month stands for its first day.
        return np.array(cells, dtype="datetime64[D]" if kind == "date" else "datetime64[M]").astype("datetime64[us]")
    if kind in ("integer", "year"):
        if field.get("constraints", {}).get("required"):
            return np.array(cells, dtype="int64")
        return pd.array([int(cell) if cell else None for cell in cells], dtype="Int64")
    text = [cell or None for cell in cells]
    if "categories" in field:
        return pd.Categorical(text, categories=pd.Index(field["categories"], dtype=text_type()))
    return pd.array(text, dtype=text_type())


def type_faults(resource: Resource, cells: Cells) -> list[Fault]:
    """Return a fault for each cell without its field's type, or outside its closed set."""
    faults: list[Fault] = []
    for field in resource["schema"]["fields"]:
        name = field["name"]
        good, rule = _test(field)
        # Most cells repeat or are plainly right: test each different one once.
        bad = {cell for cell in set(cells.columns[name]) if cell and not good(cell)}
        if bad:
            lines = zip(cells.lines, cells.columns[name], strict=True)
            faults += [Fault(cells.file, rule, line, name, cell) for line, cell in lines if cell in bad]
    return sorted(faults, key=lambda fault: fault.line or 0)


def _test(field: Field) -> tuple[Callable[[str], bool], str]:
    kind = field["type"]
    if kind == "number":
        return lambda cell: _NUMBER.fullmatch(cell) is not None, "not a plain number (digits, a point, a leading minus)"
    if kind in ("integer", "year"):
        return lambda cell: _INTEGER.fullmatch(cell) is not None, "not a whole number"
    if kind == "date":
        return _is_day, "not a date (YYYY-MM-DD)"
    if kind == "yearmonth":
        return _is_month, "not a month (YYYY-MM)"
    if "categories" in field:
        members = frozenset(field["categories"])
        return members.__contains__, f"not one of {', '.join(field['categories'])}"
    return lambda cell: cell == cell.strip(), "space before or after the text"


def _is_day(cell: str) -> bool:
    try:
        return _DAY.fullmatch(cell) is not None and bool(date.fromisoformat(cell))
    except ValueError:
        return False


def _is_month(cell: str) -> bool:
    return _MONTH.fullmatch(cell) is not None and _is_day(f"{cell}-01")
