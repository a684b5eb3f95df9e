"""The evidence grade of a row follows from its table's rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import tables
from helpers.tables import grading
from tests.tables.conftest import Rows

Edit = Callable[[str, Callable[[Rows], Rows]], None]

BY_HAND = {
    "cash_flows/AMZN/2025-06-30": "filed",
    "financing/ORCL/2025-05-31": "filed",
    "vendor_metrics/OpenAI/company/2024-08-29/weekly_active_users_m/2024-08-29/200": "reported",
    "vendor_metrics/OpenAI/company/2024-06-30/monthly_users_m/2024-09-27/350": "press",
    "vendor_metrics/Microsoft/AI business/2025-03-31/annualised_revenue_usd_m/2026-04-29/16600": "estimated",
    "vendor_metrics/OpenAI/company/2030-12-31/revenue_usd_m/2026-03-31/280000": "scenario",
    "dotcom_firms/CSCO/2000": "filed",
    "dotcom_firms/EBAY/2002": "reported",
    # a filing and a newspaper: the weaker of the two
    "dotcom_firms/Q/2002": "press",
    "bubble_benchmarks/us_telecom_net_capital_stock_structures/2000": "filed",
    "bubble_benchmarks/us_broadband_provider_capex/2012": "reported",
    "bubble_benchmarks/na_wireline_capex_rhk_nov2001/2000": "estimated",
    "bubble_benchmarks/fibre_capacity_in_use/2001": "press",
    # a plan out of a filing rests on what had not happened
    "bubble_benchmarks/qwest_capex_plan/2001": "scenario",
    "bubble_benchmarks/hyperscaler_capex_big4_guidance/2026": "scenario",
    "conversion_benchmarks/ChatGPT/2024-09-27": "press",
    "conversion_benchmarks/Spotify/2025-06-30": "reported",
    "ai_usage/enterprise_genai_spend/2025-12-31": "estimated",
    "ai_usage/enterprises_using_ai/2025-03-31": "filed",
    "litigation/C053": "press",
    "assumptions/chatgpt_subscriber_rounding": "scenario",
}


def test_grades_worked_out_by_hand() -> None:
    assert tables.grades(BY_HAND) == BY_HAND


@pytest.mark.parametrize("name", [name for name in tables.names() if name != "sources"])
def test_every_row_has_a_grade(name: str) -> None:
    rows = tables.load(name).index
    found = tables.grades(rows)
    assert list(found) == list(rows)
    assert set(found.values()) <= set(tables.GRADES)


@pytest.mark.parametrize(
    "row", ["cash_flows/AMZN/1999-06-30", "cash_flow/AMZN/2025-06-30", "sources/EPOCH", "nonsense", ""]
)
def test_an_unknown_row_is_an_error_that_names_it(row: str) -> None:
    with pytest.raises(KeyError) as caught:
        tables.grades(["cash_flows/AMZN/2025-06-30", row])
    assert repr(row) in caught.value.args[0]


def test_a_table_that_changed_is_graded_again(package: Path, edit: Edit) -> None:
    def regrade(rows: Rows) -> Rows:
        return [row | {"kind": "estimate" if row["metric"] == "weekly_active_users_m" else row["kind"]} for row in rows]

    row = "vendor_metrics/OpenAI/company/2024-08-29/weekly_active_users_m/2024-08-29/200"
    assert tables.grades([row], root=package) == {row: "reported"}
    edit("vendor_metrics", regrade)
    assert tables.grades([row], root=package) == {row: "estimated"}


def test_a_result_is_as_weak_as_its_weakest_input() -> None:
    assert grading.weakest(["filed", "estimated", "press"]) == "estimated"
    assert grading.weakest(["filed"]) == "filed"


def test_no_rows_have_no_grades() -> None:
    assert tables.grades([]) == {}
