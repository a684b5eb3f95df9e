"""The descriptor's constraints as a pandera schema, and pandera's answer as faults."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from helpers.tables.descriptor import Resource
from helpers.tables.faults import DataError, Fault
from helpers.tables.reading import Cells
from helpers.tables.text_storage import text_type

if TYPE_CHECKING:
    import pandas as pd

_compiled: dict[str, Any] = {}
"""Compiled schemas by the SHA-256 of the fields they were made from."""


def validate(resource: Resource, cells: Cells, table: pd.DataFrame) -> None:
    """Check a typed frame against its descriptor.

    Parameters
    ----------
    resource : dict
        The table's descriptor.
    cells : Cells
        Its text, for the lines and values that messages quote.
    table : pandas.DataFrame
        The typed frame of the same rows.

    Raises
    ------
    DataError
        With one fault for each broken constraint of each row.
    """
    import pandera.errors

    try:
        compiled(resource).validate(table, lazy=True)
    except pandera.errors.SchemaErrors as broken:
        faults = _faults(resource, cells, table, broken)
    else:
        return
    raise DataError(faults)


def compiled(resource: Resource) -> Any:
    """Return the pandera schema of a table, compiled once for each content of its fields."""
    digest = sha256(json.dumps(resource["schema"], sort_keys=True).encode()).hexdigest()
    if digest not in _compiled:
        _compiled[digest] = _compile(resource)
    return _compiled[digest]


def _compile(resource: Resource) -> Any:
    import pandera.pandas as pa

    columns = {field["name"]: _column(field) for field in resource["schema"]["fields"]}
    # The index is the primary key written out, so a repeated row id is a repeated key.
    return pa.DataFrameSchema(columns, index=pa.Index(text_type(), name="row", unique=True), strict=True, ordered=True)


def _column(field: dict[str, Any]) -> Any:
    import pandas as pd
    import pandera.pandas as pa

    constraints = field.get("constraints", {})
    required = bool(constraints.get("required"))
    kind = field["type"]
    dtype: Any = {"number": "float64", "date": "datetime64[us]", "yearmonth": "datetime64[us]"}.get(kind, text_type())
    if kind in ("integer", "year"):
        dtype = "int64" if required else pd.Int64Dtype()
    elif "categories" in field:
        dtype = pd.CategoricalDtype(pd.Index(field["categories"], dtype=text_type()))
    return pa.Column(dtype, nullable=not required, checks=_checks(kind, constraints))


def _checks(kind: str, constraints: dict[str, Any]) -> list[Any]:
    import pandas as pd
    import pandera.pandas as pa

    checks = []
    if "minimum" in constraints and "maximum" in constraints:
        low, high = constraints["minimum"], constraints["maximum"]
        dated = kind in ("date", "yearmonth")
        bounds = (pd.Timestamp(low), pd.Timestamp(high)) if dated else (low, high)
        # One check for both ends: each check costs a quarter of a millisecond a column.
        checks.append(pa.Check.in_range(*bounds, error=f"outside the range {_plain(low)} to {_plain(high)}"))
    if "pattern" in constraints:
        pattern = re.compile(constraints["pattern"])
        checks.append(pa.Check(_matching(pattern), error=f"does not match the pattern {pattern.pattern}"))
    return checks


def _plain(bound: Any) -> str:
    return bound if isinstance(bound, str) else f"{bound:,}" if bound >= 10_000 or bound <= -10_000 else f"{bound}"


def _matching(pattern: re.Pattern[str]) -> Any:
    def check(text: pd.Series[str]) -> pd.Series[bool]:
        good = [value for value in text.dropna().unique() if pattern.fullmatch(value)]
        return text.isin(good)

    return check


def _faults(resource: Resource, cells: Cells, table: pd.DataFrame, broken: Any) -> list[Fault]:
    """Turn pandera's table of failures into faults with the file's own lines and text."""
    at = {row: place for place, row in reversed(list(enumerate(table.index)))}
    again = {place for place, twice in enumerate(table.index.duplicated()) if twice}
    key = ", ".join(resource["schema"]["primaryKey"])
    faults = [
        Fault(cells.file, f"the key ({key}) stands on an earlier row too", cells.lines[place], value=table.index[place])
        for place in sorted(again)
    ]
    for case in broken.failure_cases.itertuples():
        if case.schema_context != "Column" or case.index not in at:
            continue
        place = at[case.index]
        rule = "a required value is missing" if case.check == "not_nullable" else str(case.check)
        faults.append(Fault(cells.file, rule, cells.lines[place], str(case.column), cells.columns[case.column][place]))
    return sorted(faults, key=lambda fault: fault.line or 0) or [Fault(cells.file, str(broken.args[0]))]
