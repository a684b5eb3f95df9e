"""The table ``edgar_facts`` of a vintage: every fact that the SEC gave under a declared tag, superseded ones too.

The answers themselves lie in a cache that the next refresh overwrites. A vintage keeps the facts, and those of the
vintage it started from besides: what the SEC takes back or corrects stays there to be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from helpers.refresh.cells import text
from helpers.refresh.merge import Row
from helpers.refresh.update import Refreshed

if TYPE_CHECKING:
    import pandas as pd

NAME = "edgar_facts"
KEY = ("ticker", "concept", "unit", "start", "end", "accession", "form", "filed", "value")
COLUMNS = ("ticker", "cik", *KEY[1:], "vintage")

_DATES = ("start", "end", "filed")
_ORDER = ("ticker", "concept", "unit", "end", "start", "filed", "accession", "value")


def together(earlier: Sequence[Row], gathered: Sequence[Refreshed], vintage: str) -> tuple[list[Row], int]:
    """Add the facts of a refresh to those that are kept.

    Parameters
    ----------
    earlier : sequence of dict
        Rows of the vintage it starts from.
    gathered : sequence of Refreshed
        What the sources gave.
    vintage : str
        Name of the new vintage.

    Returns
    -------
    tuple of (list of dict, int)
        Every fact once, in the order of firm, concept, period and filing, and how many of them are new. A fact that
        was read again keeps the vintage in which it was first read.
    """
    rows = {_key(row): row for row in earlier}
    there = len(rows)
    for facts in (refreshed.facts for refreshed in gathered if refreshed.facts is not None):
        for row in _as_text(facts, vintage):
            rows.setdefault(_key(row), row)
    ordered = sorted(rows.values(), key=lambda row: tuple(row[column] for column in _ORDER))
    return ordered, len(rows) - there


def _key(row: Row) -> tuple[str, ...]:
    return tuple(row[column] for column in KEY)


def _as_text(facts: pd.DataFrame, vintage: str) -> list[Row]:
    return [
        {column: _cell(column, record[column]) for column in COLUMNS[:-1]} | {"vintage": vintage}
        for record in facts.to_dict("records")
    ]


def _cell(column: str, value: Any) -> str:
    if column == "value":
        # Dollars to the last digit, as filed: `cells.text` rounds to twelve.
        return f"{value:.0f}" if float(value).is_integer() else format(Decimal(repr(float(value))), "f")
    return text({"type": "date" if column in _DATES else "string"}, value)
