"""Traces: what stands behind what a notebook states, and the links that lead there."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

import helpers
from helpers.findings.marks import badge
from helpers.pipeline import trace
from helpers.pipeline.table_rows import Row, Rows, address
from helpers.pipeline.trace_links import Traces, linked
from tests.pipeline import notebooks as given

AMAZON = "cash_flows/AMZN/2025-06-30"
ASSUMED = {**given.NUMBER, "rows": [], "assumptions": ["ai_asset_life"], "grade": "scenario"}


@pytest.fixture(scope="module")
def rows() -> Rows:
    return Rows()


def traces() -> Traces:
    def stated(**numbers: Any) -> dict[str, Any]:
        return {"status": "ok", "numbers": numbers, "claims": {}}

    latest = {"01_fcf_decline": stated(burned=given.NUMBER), "02_chatgpt_revenue": stated(paid=given.NUMBER)}
    latest["01_fcf_decline"]["claims"]["A11"] = given.CLAIM
    article = {"01_fcf_decline": {**stated(), "claims": {"A11": given.CLAIM}}}
    return Traces(
        {
            "editions": {
                "latest": {"as_of": "2026-10-31", "notebooks": latest},
                "article": {"as_of": "2025-09-05", "notebooks": article},
            }
        }
    )


def link(html: str, seen: set[str] | None = None, **given: Any) -> str:
    return linked(html, traces(), "latest", "01_fcf_decline", set() if seen is None else seen, **given)


def test_entries_rest_on_rows_assumptions_and_sources_each_once(rows: Rows) -> None:
    twice = {"burned": given.NUMBER, "again": given.NUMBER, "assumed": ASSUMED}
    notebook = given.executed(given.said("Said.", twice), given.figure(rows=[AMAZON]), given.verdict("A11"))
    found = trace.of_notebook(notebook, ["as_of"], rows)
    assert [(one.kind, one.id) for one in found.entries] == [
        ("number", "burned"), ("number", "again"), ("number", "assumed"), ("figure", "one_figure"), ("claim", "A11"),
    ]  # fmt: skip
    assert [row.id for row in found.rows["cash_flows"]] == [AMAZON]
    assert [row.key for row in found.assumptions] == ["ai_asset_life"]
    assert "amzn_10q_20250630" in [row.key for row in found.sources]
    assert list(found.code) == ["cell-0", "cell-1", "cell-2"]
    assert trace.weights(found.entries[2], rows) == {"scenario": 1}
    assert trace.weights(found.entries[0], rows) == {"filed": 1}


def test_a_row_knows_its_line_and_its_cells_as_written(rows: Rows, root: Any) -> None:
    row = rows.find(AMAZON)
    assert row is not None
    lines = (root / "data" / "cash_flows.csv").read_text(encoding="utf-8").splitlines()
    assert lines[row.line - 1].startswith("AMZN,2025,Q2,2025-06-30,")
    assert row.cells["capex"] == "32183"
    assert "" not in row.cells.values()
    assert rows.find("cash_flows/AMZN/1066-10-14") is None
    assert rows.find("no_such_table/x") is None
    assert rows.grades([AMAZON, "cash_flows/AMZN/1066-10-14"]) == {AMAZON: "filed"}


@pytest.mark.parametrize(
    ("key", "locator", "expected"),
    [
        ("X-2025", "https://example.org/page", "https://example.org/page"),
        ("amzn_10q", "SEC accession 0001018724-25-000086", "edgar/data/1018724/000101872425000086/"),
        # An agent handed it in: the firm is that of the source's name, not of the number.
        ("AAPL-0001193125-15-153166", "0001193125-15-153166", "edgar/data/320193/000119312515153166/"),
        ("LVLT-10K", "0000794323-02-000012", ""),
    ],
)
def test_a_source_has_an_address_where_its_locator_gives_one(key: str, locator: str, expected: str) -> None:
    found = address(Row(f"sources/{key}", "sources", 2, {"locator": locator}))
    assert found.endswith(expected)
    assert bool(found) is bool(expected)


def test_a_locator_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="neither a web address"):
        address(Row("sources/x", "sources", 2, {"locator": "page 3"}))


def test_a_number_becomes_a_link_and_its_first_place_an_anchor() -> None:
    span = '<span class="stated" data-number="burned">$1<sup class="grade">filed</sup></span>'
    seen: set[str] = set()
    html = link(f"{span} and {span}", seen)
    assert html.count('href="../latest/01_fcf_decline-trace.html#number-burned"') == 2
    assert html.count('id="number-burned"') == 1
    assert html.count('<sup class="grade">filed</sup></a>') == 2
    assert "span" not in html
    assert seen == {"number-burned"}


def test_a_number_of_another_notebook_leads_to_its_home_and_an_unknown_one_nowhere() -> None:
    assert "02_chatgpt_revenue-trace.html#number-paid" in link('<span data-number="02_chatgpt_revenue/paid">1</span>')
    unknown = '<span class="stated" data-number="no_such">1</span>'
    assert link(unknown) == unknown


def test_verdicts_lead_to_their_own_edition() -> None:
    now, then = link(badge("supported", "A11")), link(badge("supported", "A11", "2025-09-05"))
    assert 'href="../latest/01_fcf_decline-trace.html#claim-A11"' in now
    assert 'href="../article/01_fcf_decline-trace.html#claim-A11"' in then
    # The mark inside is a span of its own and stays one.
    assert '<span class="glyph">✓</span> supported</a>' in now
    for nowhere in (badge("supported"), badge("supported", "A11", "2020-01-01"), badge("supported", "A12")):
        assert link(nowhere) == nowhere


def test_a_cell_that_holds_a_claim_and_nothing_else_becomes_a_link() -> None:
    html = link('<td>A11</td><th scope="row">A11</th><td>A11 and more</td><td>A12</td>')
    assert html.count("#claim-A11") == 2
    assert "<td>A11 and more</td><td>A12</td>" in html


def test_a_page_elsewhere_has_its_own_way_and_no_anchors() -> None:
    html = linked('<span data-number="burned">1</span>', traces(), "latest", "01_fcf_decline", None, up="")
    assert 'href="latest/01_fcf_decline-trace.html#number-burned"' in html
    assert "id=" not in html


def test_what_is_no_such_span_stays_as_it_is() -> None:
    text = "<span>a</span> </span> <p id='x'>$5 < 6 & **bold**</p> <span class='y'>b"
    assert link(text) == text


def test_functions_are_described_by_their_own_words() -> None:
    assert trace.summary("analysis.free_cash_flow.select_firms").endswith(".")
    assert trace.summary("analysis.no_such.function") == ""
    assert "seed" in trace.arguments("analysis.specification_curve.specification_curve")
    assert trace.arguments("analysis.no_such.function") == set()


def test_docstring_and_arguments_of_every_function_are_found() -> None:
    package = Path(helpers.__file__).parent
    modules = sorted((package / "analysis").glob("*.py"))
    count = 0
    for path in modules:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                name = f"analysis.{path.stem}.{node.name}"
                first = " ".join((ast.get_docstring(node) or "").partition("\n\n")[0].split())
                assert trace.summary(name) == first, name
                if isinstance(node, ast.FunctionDef):
                    assert trace.arguments(name) == {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
                count += 1
    assert count > 500
