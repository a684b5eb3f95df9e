"""Pictures of sweeps: what their titles say, and that no answer rests on colour alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.charts import style, sweeps

DAYS = pd.date_range("2025-07-31", periods=4, freq="ME")


def history(**verdicts: list[str]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"claim_id": id, "section": "Cash", "claim_en": "A sentence.", "day": DAYS, "verdict": found})
        for id, found in verdicts.items()
    ]
    return pd.concat(parts, ignore_index=True)


def texts(axes: object) -> list[str]:
    return [text.get_text() for text in axes.texts]  # type: ignore[attr-defined]


def test_a_timeline_marks_each_answer_where_it_begins() -> None:
    shown = history(A11=["not testable", "supported", "supported", "not supported"], A98=["partly supported"] * 4)
    axes = sweeps.verdict_timeline(shown, as_of="2025-10-31", article_day="2025-09-05")
    marks = style.VERDICT_MARKS
    assert texts(axes) == [
        marks["not testable"], marks["supported"], marks["not supported"], marks["partly supported"], "the article",
    ]  # fmt: skip
    notes = style.notes(axes.figure)
    assert notes.title == (
        "Before the article, at the end of August 2025, 1 of 2 testable claims were supported; by October 2025 it is "
        "0 of 2."
    )
    assert list(notes.data["day"].unique()) == ["2025-07-31", "2025-08-31", "2025-09-30", "2025-10-31"]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "Cash", "A11 Amazon: two negative quarters", "A98 A sentence",
    ]  # fmt: skip


def test_the_line_of_the_article_stands_between_the_days_around_it() -> None:
    axes = sweeps.verdict_timeline(history(A11=["supported"] * 4), as_of="2025-10-31", article_day="2025-09-05")
    assert [tuple(line.get_xdata()) for line in axes.lines] == [(1.5, 1.5)]
    late = sweeps.verdict_timeline(history(A11=["supported"] * 4), as_of="2025-10-31", article_day="2026-09-05")
    assert len(late.lines) == 0


def test_definitions_name_the_day_since_when_cash_falls() -> None:
    frame = pd.DataFrame(
        {
            "who": np.repeat(["together", "AMZN"], 4), "definition": "company", "day": [*DAYS, *DAYS],
            "free_cash_flow_12m": 1.0, "year_earlier_12m": 2.0,
            "state": ["did not fall", "fell", "fell far", "fell far"] * 2,
            "is_negative_twice": [False] * 6 + [True, True],
        }
    )  # fmt: skip
    axes = sweeps.cash_by_definition(frame, as_of="2025-10-31", since=DAYS[1], article_day="2025-09-05")
    notes = style.notes(axes.figure)
    assert notes.title == "By their own definitions the 1 firms' cash has been below the year before since August 2025."
    assert "below in 2 of 2 rows and not known in 0" in notes.alt
    dots = [tuple(line.get_xdata()) for line in axes.lines if line.get_marker() == "o"]
    assert dots == [(), (2, 3)]
    up = sweeps.cash_by_definition(frame, as_of="2025-10-31", since=None, article_day="2025-09-05")
    assert "is not below the year before" in style.notes(up.figure).title


def test_every_state_has_a_mark_of_its_own() -> None:
    for looks in (sweeps.VERDICT_LOOKS, sweeps.CASH_LOOKS):
        assert len({mark for _, mark in looks.values()}) == len(looks)


def test_draws_say_how_many_reach_the_articles_figure() -> None:
    net = np.linspace(1500, 2500, 11)
    rows = pd.DataFrame({"net_revenue": net, "article_revenue": 2400.0})
    strengths = pd.DataFrame({"label": ["Price", "Fee"], "rank_correlation": [0.9, -0.2]})
    figure = sweeps.revenue_draws(rows, strengths, as_of="2026-10-31")
    notes = style.notes(figure)
    assert notes.title == "2 of 11 draws reach $2.4bn; what moves the answer most: “Price”"
    assert "the median is $2.00bn" in notes.alt
    hatched = [bar.get_hatch() for bar in figure.axes[1].patches]
    assert hatched == [None, "////"]
    none = sweeps.revenue_draws(rows.assign(article_revenue=9000.0), strengths, as_of="2026-10-31")
    assert style.notes(none).title.startswith("None of 11 draws reaches $9.0bn")
