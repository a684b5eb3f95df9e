"""A table and what a source has for it: what is new, what is revised, what stays."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from helpers.refresh import cells, difference
from helpers.refresh.merge import Change, Merged, Standing, merge
from helpers.refresh.update import Policy, Update
from helpers.tables import descriptor

FLOWS: dict[str, Any] = {
    "name": "flows",
    "schema": {
        "fields": [
            {"name": "ticker", "type": "string"},
            {"name": "end", "type": "date"},
            {"name": "published", "type": "date"},
            {"name": "year", "type": "integer"},
            {"name": "revenue", "type": "number"},
            {"name": "capex", "type": "number"},
            {"name": "status", "type": "string"},
            {"name": "source_id", "type": "string"},
            {"name": "note", "type": "string"},
        ],
        "primaryKey": ["ticker", "end"],
    },
    "continuity": {"column": "end", "by": ["ticker"], "step": "quarter"},
    "knownFrom": {"rule": "column", "column": "published"},
}
ROW = {
    "ticker": "AMZN",
    "end": "2026-06-30",
    "published": "2026-07-30",
    "year": "2026",
    "revenue": "100",
    "capex": "40.5",
    "status": "sourced",
    "source_id": "ours",
    "note": "checked by hand",
}
NAME = "flows/AMZN/2026-06-30"
STANDING = Standing({NAME: "2026-07-30"}, {}, "2026-10-31")


def merged(
    policy: Policy, live: list[dict[str, Any]], *, base: list[dict[str, str]] | None = None, **more: Any
) -> Merged:
    known = pd.DataFrame([{} for _ in live]) if "known" not in more else pd.DataFrame(more.pop("known"))
    standing = more.pop("standing", STANDING)
    update = Update("flows", pd.DataFrame(live), policy, known, more.get("history"))
    return merge(FLOWS, [ROW] if base is None else base, update, standing, "2026-11-23")


def live(**figures: Any) -> dict[str, Any]:
    return {"ticker": "AMZN", "end": "2026-06-30", "source_id": "theirs", **figures}


@pytest.mark.parametrize("policy", ["hold", "if later", "revise"])
def test_the_same_figures_leave_every_byte(policy: Policy) -> None:
    after = merged(policy, [live(revenue=100.0000004, capex=40.53, note="tags: Revenues", status="derived", year=2026)])
    assert after.rows == [ROW]
    assert after.states == {NAME: "confirmed"}
    assert (after.changes, after.kept) == ([], [])


def test_a_missing_value_says_nothing() -> None:
    after = merged("revise", [live(revenue=float("nan"), capex=None)])
    assert (after.rows, after.states) == ([ROW], {NAME: "confirmed"})


def test_a_revised_figure_stands_beside_the_old_one_with_both_dates() -> None:
    after = merged("revise", [live(revenue=105.25, capex=40.5)], known=[{"revenue": "2026-11-05"}])
    about = ("sourced", "ours", "checked by hand")
    days = ("2026-07-30", "2026-11-05")
    assert after.changes == [Change("flows", NAME, "revenue", "100", "105.25", *days, "theirs", *about)]
    [row] = after.rows
    assert row["revenue"] == "105.25"
    assert row["capex"] == "40.5"
    assert row["source_id"] == "theirs"  # which has every figure of the row
    assert row["note"] == "checked by hand; revised in the vintage 2026-11-23: revenue"
    assert after.states == {NAME: "revised"}


def test_a_row_of_which_the_source_has_a_part_cites_both() -> None:
    [row] = merged("revise", [live(capex=41.0)]).rows
    assert row["source_id"] == "ours;theirs"
    assert row["revenue"] == "100"


def test_held_figures_stand_and_are_listed() -> None:
    after = merged("hold", [live(revenue=105.0)])
    assert after.rows == [ROW]
    assert after.states == {NAME: "kept"}
    assert [(one.column, one.table_value, one.source_value) for one in after.kept] == [("revenue", "100", "105")]


@pytest.mark.parametrize(("filed", "state"), [("2026-10-31", "kept"), ("2026-11-01", "revised")])
def test_a_figure_older_than_the_check_of_the_tables_is_another_definition(filed: str, state: str) -> None:
    after = merged("if later", [live(revenue=105.0)], known=[{"revenue": filed}])
    assert after.states == {NAME: state}


def test_a_figure_that_a_vintage_revised_gives_way_only_to_a_later_one() -> None:
    standing = Standing({NAME: "2026-07-30"}, {(NAME, "revenue"): "2026-11-10"}, "2026-10-31")
    older = merged("if later", [live(revenue=105.0)], known=[{"revenue": "2026-11-05"}], standing=standing)
    assert older.states == {NAME: "kept"}
    later = merged("if later", [live(revenue=105.0)], known=[{"revenue": "2026-11-11"}], standing=standing)
    assert [change.old_known for change in later.changes] == ["2026-11-10"]


@pytest.mark.parametrize("policy", ["hold", "if later", "revise"])
def test_a_hole_is_filled_whatever_the_policy_and_the_day(policy: Policy) -> None:
    base = [ROW | {"capex": "", "published": ""}]
    after = merged(policy, [live(capex=40.0, published="2026-07-31")], base=base, known=[{"capex": "2026-07-31"}])
    assert after.rows[0]["capex"] == "40"
    assert after.rows[0]["published"] == "2026-07-31"
    assert [(change.old, change.new, change.new_known) for change in after.changes if change.column == "capex"] == [
        ("", "40", "2026-07-31")
    ]


def test_labels_and_dates_of_the_table_are_never_replaced() -> None:
    after = merged("revise", [live(year=2027, published="2026-08-05")])
    assert after.rows == [ROW]
    assert {one.column for one in after.kept} == {"year", "published"}


def test_new_rows_go_to_their_place_and_rows_the_source_lacks_stay() -> None:
    base = [ROW | {"end": end} for end in ("2025-12-31", "2026-03-31", "2026-06-30")]
    base.append(ROW | {"ticker": "MSFT", "end": "2026-06-30"})
    source = [live(end="2026-03-31"), live(end="2026-09-30", revenue=1.0), live(ticker="TEST", end="2026-06-30")]
    after = merged("revise", source, base=base)
    assert [(row["ticker"], row["end"]) for row in after.rows] == [
        ("AMZN", "2025-12-31"),
        ("AMZN", "2026-03-31"),
        ("AMZN", "2026-06-30"),
        ("AMZN", "2026-09-30"),
        ("MSFT", "2026-06-30"),
        ("TEST", "2026-06-30"),
    ]
    assert after.states == {
        "flows/AMZN/2025-12-31": "carried over",  # older than what was asked for
        "flows/AMZN/2026-03-31": "confirmed",
        "flows/AMZN/2026-06-30": "missing",
        "flows/AMZN/2026-09-30": "added",
        "flows/MSFT/2026-06-30": "carried over",
        "flows/TEST/2026-06-30": "added",
    }


def test_a_new_row_answers_for_earlier_days_too() -> None:
    """First filed, then amended, and a figure that came out weeks after the row."""
    name = "flows/AMZN/2026-09-30"
    rows = [live(end="2026-09-30", published="2026-10-29", revenue=110.0, capex=50.0)]
    history = pd.DataFrame(
        [
            (name, "revenue", 100.0, "2026-10-29"),
            (name, "revenue", 110.0, "2026-11-12"),
            (name, "capex", 50.0, "2026-11-12"),
            (NAME, "revenue", 7.0, "2026-11-12"),  # a row the table had already
        ],
        columns=["row", "column", "value", "known_from"],
    )
    after = merged("if later", rows, base=[], history=history)
    assert [(one.column, one.old, one.new, one.old_known, one.new_known) for one in after.changes] == [
        ("revenue", "100", "110", "2026-10-29", "2026-11-12"),
        ("capex", "", "50", "2026-10-29", "2026-11-12"),
    ]


def test_a_figure_restated_twice_since_the_last_refresh_keeps_the_value_between() -> None:
    history = pd.DataFrame(
        [
            (NAME, "revenue", 100.0, "2026-07-30"),  # the table was checked after this day
            (NAME, "revenue", 105.0, "2026-11-05"),
            (NAME, "revenue", 109.0, "2026-11-20"),
        ],
        columns=["row", "column", "value", "known_from"],
    )
    after = merged("if later", [live(revenue=109.0)], known=[{"revenue": "2026-11-20"}], history=history)
    assert [(one.old, one.new, one.old_known, one.new_known) for one in after.changes] == [
        ("100", "105", "2026-07-30", "2026-11-05"),
        ("105", "109", "2026-11-05", "2026-11-20"),
    ]
    assert after.rows[0]["revenue"] == "109"


def test_a_new_row_without_history_has_holes_until_its_figures_were_out() -> None:
    rows = [live(end="2026-09-30", published="2026-10-29", revenue=110.0, capex=50.0)]
    after = merged("revise", rows, base=[], known=[{"revenue": "2026-10-29", "capex": "2026-11-12"}])
    assert [(one.column, one.old, one.new, one.old_known, one.new_known) for one in after.changes] == [
        ("capex", "", "50", "2026-10-29", "2026-11-12"),
    ]


def test_a_new_row_whose_day_stands_in_another_table_has_holes_until_each_figure_was_out() -> None:
    resource = FLOWS | {"knownFrom": {"rule": "same row", "table": "other", "key": ["ticker"], "column": "published"}}
    name = "flows/AMZN/2026-09-30"
    history = pd.DataFrame(
        [(name, "revenue", 100.0, "2026-10-29"), (name, "revenue", 110.0, "2026-11-12")],
        columns=["row", "column", "value", "known_from"],
    )
    update = Update("flows", pd.DataFrame([live(end="2026-09-30", revenue=110.0)]), "if later", None, history)
    after = merge(resource, [], update, STANDING, "2026-11-23")
    assert [(one.old, one.new, one.new_known) for one in after.changes] == [
        ("", "100", "2026-10-29"),
        ("100", "110", "2026-11-12"),
    ]


def test_a_row_that_the_source_gives_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="flows/AMZN/2026-06-30 twice"):
        merged("revise", [live(revenue=1.0), live(revenue=2.0)])


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.1 + 0.2, "0.3"),
        (1e-5, "0.00001"),
        (32486.066, "32486.066"),
        (-0.0, "0"),
        (5e11, "500000000000"),
        (12.0, "12"),
    ],
)
def test_numbers_are_written_as_plain_digits(value: float, written: str) -> None:
    assert cells.text({"type": "number"}, value) == written


@pytest.mark.parametrize("value", [None, float("nan"), pd.NA, pd.NaT, ""])
def test_what_is_missing_is_an_empty_cell(value: object) -> None:
    for kind in ("number", "integer", "date", "string"):
        assert cells.text({"type": kind}, value) == ""


@pytest.mark.parametrize(
    ("old", "new", "differs"),
    [
        ("0.0770833", "0.07708333", False),  # the table rounded
        ("36.19", "36.189998626708984", False),
        ("58010", "58010.4", False),
        ("58010", "58011", True),
        ("36.19", "36.2", True),
        ("", "1", True),
    ],
)
def test_a_number_that_rounds_to_the_printed_digits_is_the_same(old: str, new: str, differs: bool) -> None:
    assert cells.differ({"type": "number"}, old, new) is differs


def test_the_largest_revisions_by_share_and_in_units() -> None:
    def change(old: str, new: str) -> Change:
        return Change("t", f"t/{old}", "c", old, new, "2026-01-01", "2026-02-01", "s")

    small = [change(str(10 + step), str((10 + step) * 1.5)) for step in range(6)]
    large = change("1000000", "1010000")
    hole = change("", "5")
    found = difference.largest([*small, large, hole])
    assert found == [*small[:5], large]
    assert difference.revision(large).startswith(
        "t/1000000 c: 1000000 → 1010000 (+10,000, +1.00%), known since 2026-02-01"
    )
    assert difference.revision(hole) == "t/ c: 5, was empty (known since 2026-02-01)"


def test_the_shipped_series_are_in_the_order_that_merging_keeps() -> None:
    """Else a refresh would move rows that it did not touch."""
    from helpers.refresh.base import Base

    shipped = descriptor.shipped()
    base = Base("shipped", shipped, shipped)
    for name in ("cash_flows", "financing", "stock_prices", "macro_us", "nasdaq_composite"):
        resource = descriptor.describe(name, shipped)
        rows = base.rows(name)
        key = {column: rows[0][column] for column in resource["schema"]["primaryKey"]}
        update = Update(name, pd.DataFrame([key]), "hold")
        assert merge(resource, rows, update, Standing({}, {}, "2026-10-31"), "2026-11-23").rows == rows
