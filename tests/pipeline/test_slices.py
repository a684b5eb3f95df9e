"""What a number is made of, read from the cells: names lead upwards, what is not on the way is left out."""

from __future__ import annotations

from typing import Any

from helpers.pipeline.slices import Program

IMPORTS = """
from helpers import tables
from helpers.analysis import free_cash_flow as fcf, trend
from helpers.charts import free_cash_flow as charts
from helpers.findings import figure, number
"""
LOAD = """
flows = tables.load("cash_flows", as_of=as_of)
metrics = tables.load("vendor_metrics", as_of=as_of)
"""


def program(*sources: str) -> Program:
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"cell-{place}", "source": source}
        for place, source in enumerate((IMPORTS, LOAD, *sources))
    ]
    return Program(cells, ["as_of", "start", "definition"])


def test_names_lead_up_to_the_tables_and_no_further() -> None:
    made = program(
        "ledger = fcf.cash_ledger(flows, definition)\nother = trend.trend_table(metrics)",
        'shown = other\nnumber("burned", fcf.total(ledger), "USD m", rows=ledger)',
    )
    origin = made.of_id("cell-3", "burned")
    assert origin.functions == ("analysis.free_cash_flow.cash_ledger", "analysis.free_cash_flow.total")
    assert origin.tables == ("cash_flows",)
    assert origin.parameters == ("as_of", "definition")
    assert origin.cells == ("cell-1", "cell-2", "cell-3")


def test_the_last_value_of_a_name_counts_and_a_changed_one_keeps_its_past() -> None:
    made = program(
        "x = trend.trend_table(metrics)",
        "x = fcf.cash_ledger(flows, 1)",
        'x["share"] = fcf.share(x)',
        'number("one", x, "ratio", rows=x)',
    )
    assert made.of_id("cell-5", "one").functions == (
        "analysis.free_cash_flow.cash_ledger",
        "analysis.free_cash_flow.share",
    )


def test_a_computed_id_is_matched_by_its_fixed_parts_and_its_loop_is_read() -> None:
    made = program(
        "firm = trend.trend_table(metrics)",
        '{firm: number(f"fcf_{firm}_12m", flow, "USD m") for firm, flow in fcf.each(flows).items()}\n'
        'number("fcf_all", fcf.total(flows), "USD m")',
    )
    # The comprehension's own variable is not the name above.
    assert made.of_id("cell-3", "fcf_amzn_12m").functions == ("analysis.free_cash_flow.each",)
    assert made.of_id("cell-3", "fcf_all").functions == ("analysis.free_cash_flow.total",)


def test_a_loop_that_collects_reads_what_it_loops_over() -> None:
    made = program(
        "price = fcf.price(flows)\nunused = trend.trend_table(metrics)",
        'told = []\nfor one in (price,):\n    n = number(f"p_{one.kind}", fcf.wild(one), "p")\n    told.append(n)',
    )
    assert made.of_id("cell-3", "p_price").functions == (
        "analysis.free_cash_flow.price",
        "analysis.free_cash_flow.wild",
    )


def test_where_no_call_bears_the_id_the_whole_cell_is_meant() -> None:
    made = program("judged = fcf.verdicts(flows)\nclaims_box(judged, trend.verdicts(metrics))")
    assert made.of_id("cell-2", "A11").functions == ("analysis.free_cash_flow.verdicts", "analysis.trend.verdicts")
    assert made.of_cell("cell-0").functions == ()


def test_a_function_written_in_a_cell_is_followed() -> None:
    made = program(
        'def stated(id, frame):\n    return number(id, fcf.total(frame), "USD m")',
        'stated("total", fcf.select_firms(flows, start))',
    )
    origin = made.of_id("cell-3", "total")
    assert origin.functions == ("analysis.free_cash_flow.total", "analysis.free_cash_flow.select_firms")
    assert origin.parameters == ("as_of", "start")


def test_a_figure_names_what_draws_it_and_lines_of_ipython_are_passed_over() -> None:
    made = program('%time 1\naxes = charts.bars(fcf.cash_ledger(flows, 1))\nfigure("bars", axes)')
    assert made.of_id("cell-2", "bars").functions == (
        "analysis.free_cash_flow.cash_ledger",
        "charts.free_cash_flow.bars",
    )


def test_a_cell_that_is_no_python_is_passed_over() -> None:
    assert program("this is not python").of_cell("cell-2").functions == ()
