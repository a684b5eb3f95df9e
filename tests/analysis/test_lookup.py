"""An unknown input gives an unknown result, with no rows behind it."""

from __future__ import annotations

import pandas as pd

from helpers.analysis import lookup

FRAME = pd.DataFrame(
    {
        "value": [1.0, 2.0],
        "hole": [1.0, None],
        "date": pd.to_datetime(["2024-09-27", "2025-10-14"]),
        "rows": ["a/1;a/2", "a/2;a/3"],
    },
    index=["t/1", "t/2"],
)


def test_the_last_row_is_read():
    assert lookup.last(FRAME, "value") == 2
    assert lookup.last_day(FRAME) == "October 2025"
    assert lookup.last_rows(FRAME) == ("a/2", "a/3")
    assert lookup.last_rows(FRAME.drop(columns="rows")) == ("t/2",)
    assert lookup.all_rows(FRAME) == ("a/1", "a/2", "a/3")


def test_nothing_stays_nothing():
    assert lookup.last(FRAME, "hole") is None
    assert lookup.last(FRAME.head(0), "value") is None
    assert lookup.last_day(FRAME.head(0)) == lookup.UNKNOWN_DATE
    assert lookup.last_rows(FRAME.head(0)) == ()
    assert lookup.all_rows(FRAME.head(0)) == ()
