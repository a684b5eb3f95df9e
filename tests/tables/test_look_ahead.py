"""Whatever becomes known after a day changes nothing in a table as of that day."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from helpers import tables

DAYS = ("1999-12-31", "2022-11-30", "2024-10-01", "2025-09-05", "2026-06-30")

LENDERS = {
    "financing": ["cash_flows"],
    "bubble_benchmarks": ["sources"],
    "ai_usage": ["sources"],
    "litigation_benchmarks": ["sources"],
}
"""Tables whose dates decide when a row of another is known."""

Edit = Callable[[str, Callable[[list[dict[str, str]]], list[dict[str, str]]]], None]


def changed(field: dict[str, Any], cell: str) -> str:
    """Return another value that the field allows; of a date or a year, one that is not earlier."""
    constraints = field.get("constraints", {})
    low, high = constraints.get("minimum"), constraints.get("maximum")
    if field["type"] in ("date", "yearmonth") or field["name"] == "year":
        return str(high)
    if field["type"] == "integer":
        return str(low + 1 if cell in ("", str(low)) else low)
    if field["type"] == "number":
        return f"{low + (high - low) / 7:.6f}"
    if "categories" in field:
        return next((value for value in field["categories"] if value != cell), cell)
    if field["name"] in ("source_id", "date"):
        # A later source, of the table that is there; a date of the sources at the end of the plausible.
        return "REUTERS-2026-09-29" if field["name"] == "source_id" else "2026-12-31"
    return cell if "pattern" in constraints else f"changed {cell}".strip()


def scramble(name: str, later: set[str], edit: Edit) -> None:
    """Change every non-key value of the given rows."""
    schema = tables.describe(name)["schema"]
    fields = [field for field in schema["fields"] if field["name"] not in schema["primaryKey"]]

    def change(rows: list[dict[str, str]]) -> list[dict[str, str]]:
        for row in rows:
            if "/".join((name, *(row[key] for key in schema["primaryKey"]))) in later:
                row.update({field["name"]: changed(field, row[field["name"]]) for field in fields})
        return rows

    edit(name, change)


def rows_after(name: str, day: str) -> set[str]:
    known = tables.known_from(name)
    return set(known.index[known > pd.Timestamp(day)])


@pytest.mark.parametrize(("name", "day"), list(itertools.product(tables.names(), DAYS)))
def test_changing_what_is_known_later_changes_nothing(name: str, day: str, package: Path, edit: Edit) -> None:
    before = tables.load(name, as_of=day, root=package)
    later = rows_after(name, day)
    assert not later & set(before.index)
    for touched in [name, *LENDERS.get(name, [])]:
        scramble(touched, rows_after(touched, day), edit)
    assert_frame_equal(tables.load(name, as_of=day, root=package), before)
    if later:
        # The change was a change: without the date it shows.
        assert not tables.load(name, root=package).equals(tables.load(name))


@pytest.mark.parametrize("name", tables.names())
def test_removing_what_is_known_later_changes_nothing(name: str, package: Path, edit: Edit) -> None:
    day = "2024-10-01"
    before = tables.load(name, as_of=day, root=package)
    later = rows_after(name, day)
    key = tables.describe(name)["schema"]["primaryKey"]
    keep = lambda rows: [row for row in rows if "/".join((name, *(row[k] for k in key))) not in later]  # noqa: E731
    if name != "sources":  # A source that another row cites must stay; nothing else depends on it here.
        edit(name, keep)
    assert_frame_equal(tables.load(name, as_of=day, root=package), before)


@pytest.mark.parametrize("day", ["2024-10-01", "2025-09-05", "2026-01-31"])
def test_what_a_case_became_later_changes_nothing(day: str, package: Path, edit: Edit) -> None:
    """The outcome of a case that was already filed, as each mask of the descriptor says."""
    before = tables.load("litigation", as_of=day, root=package)
    assert len(before) > 10

    def change(rows: list[dict[str, str]]) -> list[dict[str, str]]:
        for row in rows:
            if row["status_as_of"] > day:
                row["note"] = "what happened in the end"
                row["status_as_of"] = "2026-12-31"
                if not row["outcome_date"] or row["outcome_date"] > day:
                    row.update(status_text="settled", outcome_date="2026-12-30", settlement_usd_m="123")
                    if row["case_id"] in ("C001", "C028", "C082", "C143"):
                        row.update(works_at_issue="7", damages_claimed_usd_m="8")
        return rows

    edit("litigation", change)
    assert_frame_equal(tables.load("litigation", as_of=day, root=package), before)
    assert not tables.load("litigation", root=package).equals(tables.load("litigation"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(tables.names()),
    days=st.tuples(*[st.dates(date(1996, 1, 1), date(2027, 1, 1))] * 2).map(sorted),
)
def test_knowledge_only_grows(name: str, days: list[date]) -> None:
    early, late = (tables.load(name, as_of=day) for day in days)
    assert set(early.index) <= set(late.index) <= set(tables.load(name).index)
    masked = {column for mask in tables.describe(name).get("maskedUntilKnown", []) for column in mask["columns"]}
    same = [column for column in early.columns if column not in masked]
    assert_frame_equal(early[same], late.loc[early.index, same])
