"""Values as the text of a cell, and when two cells say the same."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

Field = dict[str, Any]

_DIGITS = 12
"""Significant digits of a number that are written: more than any source has, fewer than a float's rounding error."""

_HALF = Decimal("0.5000001")
"""Half a unit of the last digit, with room for a rounding to the other side."""

_MISSING = frozenset({"", "None", "nan", "NaT", "<NA>"})
"""How missing values of Python, numpy and pandas are written."""


def is_empty(cell: str) -> bool:
    """Return whether a cell holds nothing: a missing value, never zero."""
    return cell == ""


def text(field: Field, value: Any) -> str:
    """Return a value as the text of a cell.

    Parameters
    ----------
    field : dict
        The field's descriptor.
    value : object
        A number, a date, text, or a missing value.

    Returns
    -------
    str
        Plain digits for a number, ``YYYY-MM-DD`` for a date; an empty text for a missing value.
    """
    if str(value) in _MISSING:
        return ""
    if field["type"] == "number":
        return _plain(float(value))
    if field["type"] in ("integer", "year"):
        return str(int(value))
    if field["type"] == "date":
        return value if isinstance(value, str) else value.date().isoformat() if hasattr(value, "date") else str(value)
    return str(value)


def differ(field: Field, old: str, new: str) -> bool:
    """Return whether two cells say different things.

    Parameters
    ----------
    field : dict
        The field's descriptor.
    old, new : str
        The cell of the table and the cell of the source. A number that rounds to the table's printed digits is the
        same number.
    """
    if field["type"] != "number" or is_empty(old) or is_empty(new):
        return old != new
    before, after = Decimal(old), Decimal(new)
    exponent = before.as_tuple().exponent
    unit = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
    return abs(after - before) > unit * _HALF


def _plain(number: float) -> str:
    if not math.isfinite(number):
        raise ValueError(f"{number} is no figure of a table")
    if number == 0:
        return "0"
    exact = Decimal(repr(number))
    exponent = exact.adjusted() - _DIGITS + 1
    rounded = exact.quantize(Decimal(1).scaleb(exponent), rounding=ROUND_HALF_EVEN)
    written = format(rounded, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written
