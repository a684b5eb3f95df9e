"""What cells show, run in a real IPython shell as a kernel would."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import RichOutput, capture_output

from helpers.findings import cards
from helpers.findings.schema import FIGURE_MIME, FINDINGS_MIME

SETUP = """
import pandas as pd
from helpers import tables
from helpers.charts import style
from helpers.findings import claim, claims_box, figure, number, say, table
rows = tables.load("cash_flows").loc[["cash_flows/AMZN/2025-06-30"]]
"""
FIGURE = """
drawing, axes = style.canvas()
style.bars_signed(axes, [0, 1], [1.0, -2.0])
style.finish(drawing, title="One title", subtitle="USD bn", source="filings", as_of="2026-10-31", unit="USD bn",
             alt="First one up, then two down.", data=pd.DataFrame({"value": [1.0, -2.0]}))
figure("one_figure", axes, rows=rows)
"""


@pytest.fixture(scope="module")
def shell() -> InteractiveShell:
    shell = InteractiveShell.instance()
    shell.run_cell(SETUP).raise_error()
    return shell


def outputs(shell: InteractiveShell, cell: str) -> list[RichOutput]:
    with capture_output() as captured:
        shell.run_cell(cell).raise_error()
    found: list[RichOutput] = captured.outputs
    return found


def stated(output: RichOutput) -> Any:
    return output.data[FINDINGS_MIME]


def test_say_keeps_its_numbers_and_a_dollar_is_no_mathematics(shell: InteractiveShell) -> None:
    [shown] = outputs(shell, 'n = number("burned", 1200.0, "USD m", rows=rows)\nsay(f"It burned {n}.")')
    assert "\\$1.2bn" in shown.data["text/markdown"]
    assert shown.data["text/plain"] == "It burned $1.2bnfiled."
    assert stated(shown)["numbers"]["burned"]["value"] == 1200.0


def test_a_sentence_that_needs_an_unknown_number_gives_way_to_another(shell: InteractiveShell) -> None:
    cell = """
gone = number("gone", None, "USD m")
say(f"It cost {gone}.", needs=(gone,), otherwise="The cost was not known.")
"""
    [shown] = outputs(shell, cell)
    assert shown.data["text/markdown"] == "The cost was not known."
    assert stated(shown)["numbers"]["gone"]["value"] is None
    with pytest.raises(ValueError, match="needs another"):
        outputs(shell, 'say("x", needs=(number("other", 1.0, "percent", rows=rows),))')


def test_numbers_in_no_sentence_are_shown_at_the_end_of_the_cell(shell: InteractiveShell) -> None:
    [shown] = outputs(
        shell, 'a = number("first", 1.0, "percent", rows=rows); b = number("second", 2.0, "percent", rows=rows)'
    )
    assert list(stated(shown)["numbers"]) == ["first", "second"]
    assert "| first |" in shown.data["text/markdown"]


def test_a_last_expression_is_shown_once(shell: InteractiveShell) -> None:
    shown = outputs(shell, 'number("only", 1.0, "percent", rows=rows)')
    assert sum("only" in stated(output)["numbers"] for output in shown if FINDINGS_MIME in output.data) <= 1


def test_a_figure_carries_alt_text_unit_source_and_data(shell: InteractiveShell) -> None:
    [shown] = outputs(shell, FIGURE)
    details = shown.data[FIGURE_MIME]
    assert details["csv"] == "value\n1\n-2\n"
    assert (details["unit"], details["source"], details["alt"]) == ("USD bn", "filings", "First one up, then two down.")
    assert shown.data["image/png"].startswith("iVBOR")
    assert shown.metadata["image/png"]["width"] == 720


def test_the_same_figure_is_the_same_bytes(shell: InteractiveShell) -> None:
    first, second = outputs(shell, FIGURE)[0], outputs(shell, FIGURE)[0]
    assert first.data["image/png"] == second.data["image/png"]


def test_a_figure_that_was_not_finished_is_refused(shell: InteractiveShell) -> None:
    with pytest.raises(ValueError, match="not finished"):
        outputs(shell, 'drawing, axes = style.canvas()\nfigure("bare", axes)')


def test_claims_box_shows_what_changed(shell: InteractiveShell) -> None:
    cell = """
from helpers.analysis.verdict import Verdict
now = {"A11": Verdict("not supported", 1147.0, "USD m", "The second quarter was positive.", tuple(rows.index))}
then = {"A11": Verdict("supported", -1.0, "USD m", "Both were negative.", tuple(rows.index))}
claims_box(now, then, "2025-09-05")
"""
    [shown] = outputs(shell, cell)
    html = shown.data["text/html"]
    assert "On 2025-09-05:" in html
    assert html.count("verdict-supported") == 1
    assert html.count("verdict-not-supported") == 1
    assert "Amazon had two quarters in a row of negative free cash flow." in html
    assert stated(shown)["claims"]["A11"]["verdict"] == "not supported"


def test_table_labels_are_text_not_html() -> None:
    html = cards.html_table(pd.DataFrame({"<script>x</script>": ["<b>"]}), "a & b", {}, index=False)
    assert "<script>" not in html
    assert "&lt;b&gt;" in html
    assert "a &amp; b" in html


def test_a_missing_cell_is_a_dash_and_never_zero() -> None:
    html = cards.html_table(pd.DataFrame({"x": [None, 1.5]}), "c", {"x": "USD m"}, index=False)
    assert '<td class="number">–</td>' in html
    assert "$1.5m" in html
