"""The helpers that read vendor_metrics find what they say, and nothing else."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers.analysis import vendor_metrics as vendor

COLUMNS = ["company", "scope", "date", "published", "metric", "period_months", "value", "kind", "source_id", "note"]


@pytest.fixture
def metrics():
    rows = [
        ("OpenAI", "company", "2025-03-31", "2025-08-04", "users", "", 500.0, "reported", "A", ""),
        ("OpenAI", "company", "2024-08-29", "2024-08-29", "users", "", 200.0, "reported", "A", ""),
        ("OpenAI", "consumer plans", "2025-03-31", "2025-08-04", "users", "", 430.0, "reported", "A", ""),
        ("OpenAI", "company", "2030-12-31", "2025-11-27", "users", "", 2600.0, "guidance", "A", ""),
        ("OpenAI", "company", "2024-11-01", "2024-10-02", "users", "", 200.0, "reported", "ZITRON-2024", ""),
        ("Anthropic", "company", "2025-03-31", "2025-08-04", "users", "", 1.0, "reported", "A", ""),
        ("OpenAI", "company", "2024-12-31", "2025-03-26", "revenue", "12", 3700.0, "leaked", "A", ""),
        ("OpenAI", "company", "2024-12-31", "2025-06-26", "revenue", "12", 3800.0, "leaked", "A", "restated"),
        ("OpenAI", "company", "2024-12-31", "2025-03-26", "revenue", "3", 1100.0, "leaked", "A", ""),
        ("OpenAI", "company", "2024-12-31", "2025-03-26", "revenue", "cumulative", 9.0, "leaked", "A", ""),
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS, index=[f"vendor_metrics/{place}" for place in range(len(rows))])
    return frame.assign(date=pd.to_datetime(frame["date"]), published=pd.to_datetime(frame["published"]))


def test_select(metrics):
    assert list(vendor.select(metrics, "users")["value"]) == [200, 500]
    assert list(vendor.select(metrics, "users", scopes=("consumer plans",))["value"]) == [430]
    assert list(vendor.select(metrics, "users", kinds=vendor.GUIDANCE)["value"]) == [2600]
    assert list(vendor.select(metrics, "users", company="Anthropic")["value"]) == [1]
    assert list(vendor.select(metrics, "revenue", months=3)["value"]) == [1100]


def test_the_last_published_figure_of_a_year_stands(metrics):
    assert list(vendor.year_figure(metrics, "revenue", 2024)["value"]) == [3800]
    assert vendor.year_figure(metrics, "revenue", 2025).empty


def test_latest_before_never_looks_ahead_and_never_too_far_back(metrics):
    users = vendor.select(metrics, "users")
    day = pd.Timestamp("2025-03-30")
    assert vendor.latest_before(users, day, within_days=100).empty
    assert list(vendor.latest_before(users, day, within_days=300)["value"]) == [200]
    assert list(vendor.latest_before(users, pd.Timestamp("2025-03-31"), within_days=0)["value"]) == [500]


def test_nearest(metrics):
    users = vendor.select(metrics, "users")
    assert list(vendor.nearest(users, pd.Timestamp("2025-02-01"), within_days=100)["value"]) == [500]
    assert vendor.nearest(users, pd.Timestamp("2026-02-01"), within_days=100).empty


def test_bound():
    assert vendor.bound("only a floor: 20M x 240") == vendor.AT_LEAST
    assert vendor.bound("upper bound for consumer") == vendor.AT_MOST
    assert vendor.bound("") == ""
    assert vendor.bound(float("nan")) == ""
