"""The three sentences of the front page: words are written, digits come from the results, the unknown is not said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from helpers.pipeline import answer
from helpers.pipeline.scorecard_picture import Scorecard
from helpers.pipeline.table_rows import Rows
from helpers.pipeline.trace_links import Traces
from tests.pipeline import notebooks as given

PAID = {"ai_revenue_of_quarter": 18_000.0, "ai_revenue_over_capex": 16.5, "ai_capex_of_quarter": 109_000.0}
SAME = "ai_revenue_over_capex_of_same_sellers"
KEPT = {"group_capex_12m": 586_000.0, "group_fcf_12m": 122_000.0}


FIGURES = {
    "latest": ["vendor_metrics/OpenAI/a", "vendor_metrics/OpenAI/b", "vendor_metrics/Anthropic/c",
               "vendor_metrics/Microsoft/d", "cash_flows/AMZN/2026-03-31", "cash_flows/ORCL/2026-02-28"],
    "article": ["vendor_metrics/OpenAI/a", "vendor_metrics/Anthropic/c", "cash_flows/AMZN/2025-06-30"],
}  # fmt: skip


def stated(values: dict[str, float | None], rows: list[str] | None = None, **claims: Any) -> dict[str, Any]:
    unit = {"ai_revenue_over_capex": "percent", SAME: "percent"}
    behind = {"rows": rows} if rows is not None else {}
    numbers = {
        id: {**given.NUMBER, **behind, "value": value, "unit": unit.get(id, "USD m")} for id, value in values.items()
    }
    return {"status": "ok", "numbers": numbers, "claims": claims}


def sentences(paid: dict[str, float | None], editions: tuple[str, ...] = ("article", "latest")) -> list[str]:
    now = {
        "06_monetisation_paths": stated(paid, FIGURES["latest"]),
        "01_fcf_decline": stated(dict(KEPT), A11={**given.CLAIM, "verdict": "supported"}, A12=given.CLAIM),
    }
    then = {
        "06_monetisation_paths": stated({**paid, "ai_revenue_over_capex": 5.1}, FIGURES["article"]),
        "01_fcf_decline": stated({"group_capex_12m": 313_000.0, "group_fcf_12m": 204_000.0}, A11=given.CLAIM),
    }
    known = {
        "latest": {"as_of": "2026-10-31", "notebooks": now},
        "article": {"as_of": "2025-09-05", "notebooks": then},
    }
    traces = Traces({"editions": {name: known[name] for name in editions}})
    scorecard = Scorecard(Rows().all("claims"), traces, editions)
    return answer.sentences(traces, editions, scorecard)


def test_each_number_is_told_at_both_dates_and_leads_to_its_trace() -> None:
    paid, kept, verdicts = sentences(dict(PAID))
    for part in (r"\$18.0bn", "16.5", r"\$109.0bn", "5.1", "latest/06_monetisation_paths-trace.html#number-ai_rev"):
        assert part in paid
    assert "article/06_monetisation_paths-trace.html#number-ai_revenue_over_capex" in paid
    # The sellers who state a figure are not the same at both dates, and the quarter is months before the day.
    assert paid.startswith("In the quarter to March 2026, the last that the figures of OpenAI, Anthropic and Microsoft")
    assert paid.endswith(", from OpenAI and Anthropic in the quarter to June 2025.")
    for part in (r"\$586.0bn", r"\$122.0bn", r"\$313.0bn", r"\$204.0bn"):
        assert part in kept
    assert "Of the article's 69 claims 1 are supported on 2026-10-31, 0 partly, 1 not" in verdicts
    # A12 has one verdict only: it has not turned.
    assert (
        "when it appeared: 0 supported, 0 partly, 1 not, 0 not testable. Since then, of the verdicts: 1 changed."
        in verdicts
    )


def alike(rows: list[str], then: list[str] | None = None, editions: tuple[str, ...] = ("article", "latest")) -> str:
    """Return the first sentence where a number of some sellers stands among the results of now."""
    now = stated(dict(PAID), FIGURES["latest"])
    now["numbers"][SAME] = {**given.NUMBER, "value": 12.3, "unit": "percent", "rows": rows}
    known = {
        "latest": {"as_of": "2026-10-31", "notebooks": {"06_monetisation_paths": now}},
        "article": {
            "as_of": "2025-09-05",
            "notebooks": {"06_monetisation_paths": stated(dict(PAID), then or FIGURES["article"])},
        },
    }
    traces = Traces({"editions": {name: known[name] for name in editions}})
    return answer.sentences(traces, editions, Scorecard(Rows().all("claims"), traces, editions))[0]


def test_the_share_of_the_sellers_known_then_is_told_and_leads_to_its_trace() -> None:
    told = alike(FIGURES["article"])
    before, _, after = told.rpartition("; counting only the sellers of then, it is ")
    assert before.endswith("from OpenAI and Anthropic in the quarter to June 2025")
    assert "12.3" in after
    assert f"latest/06_monetisation_paths-trace.html#number-{SAME}" in after


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(lambda: alike(FIGURES["latest"]), id="of other sellers"),
        pytest.param(lambda: alike(FIGURES["latest"], FIGURES["latest"]), id="of the same sellers at both dates"),
        pytest.param(lambda: alike(FIGURES["article"], editions=("latest",)), id="one edition"),
        pytest.param(lambda: sentences(dict(PAID))[0], id="not in the results"),
        pytest.param(lambda: sentences({**PAID, SAME: None})[0], id="not known"),
    ],
)
def test_no_like_for_like_is_told_without_sellers_to_compare(told: Callable[[], str]) -> None:
    sentence = told()
    assert "they took in" in sentence
    assert "counting only the sellers of then" not in sentence


@pytest.mark.parametrize("lost", PAID)
def test_a_sentence_with_an_unknown_number_is_not_said(lost: str) -> None:
    told = sentences({**PAID, lost: None})
    assert len(told) == 2
    assert "they took in" not in " ".join(told)


def test_one_edition_is_told_without_a_comparison() -> None:
    for sentence in sentences(dict(PAID), ("latest",)):
        assert "appeared" not in sentence
        assert "then it was" not in sentence
        assert sentence.endswith(".")
