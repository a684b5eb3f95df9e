"""The findings of other runs, and the scorecard's cards."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from helpers.findings import published, score_cards
from helpers.pipeline import results


def test_the_format_is_that_of_the_pipeline() -> None:
    assert published.SCHEMA == results.SCHEMA


def test_a_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert published.read(tmp_path / "results.json") == {"schema": 1, "editions": {}}
    # The constant stays whole.
    published.read(tmp_path / "results.json")["schema"] = 2
    assert published.read(tmp_path / "results.json")["schema"] == 1


def test_what_the_pipeline_writes_is_read(tmp_path: Path) -> None:
    document = results.document({"latest": "2026-10-31"}, {}, {("latest", "01_fcf_decline"): "failed"})
    path = tmp_path / "results.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert published.read(str(path)) == document


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "results.json: not JSON"),
        ("[]", "results.json: schema 'list'; expected 1"),
        ('{"schema": 7, "editions": {}}', "results.json: schema 7; expected 1"),
        ('{"schema": 1}', "results.json: schema 1; expected 1 with editions"),
    ],
)
def test_another_format_is_refused_in_one_line(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=words) as refused:
        published.read(path)
    assert "\n" not in str(refused.value)


CARD = pd.DataFrame(
    {
        "claim_id": ["A11"],
        "claim": ["Amazon had <two> quarters."],
        "notebook": ["01_fcf_decline"],
        "rule": ["supported if a < b"],
        "then": ["partly supported"],
        "now": ["supported"],
        "value_then": [1.0],
        "value_now": [2.0],
        "unit": ["quarters"],
        "change": ["\N{UPWARDS ARROW} stronger"],
        "threshold": ["supported at least 2 quarters"],
    }
)


def test_a_card_shows_both_verdicts_by_mark_and_word() -> None:
    text = score_cards.cards(CARD, "2025-09-05", "2026-10-31")
    assert "~</span> partly supported" in text
    assert "\N{CHECK MARK}</span> supported" in text
    assert "\N{UPWARDS ARROW} stronger" in text
    assert 'data-claim="A11" data-as-of="2025-09-05"' in text
    assert "1\N{NARROW NO-BREAK SPACE}quarter \N{RIGHTWARDS ARROW} 2\N{NARROW NO-BREAK SPACE}quarters" in text
    assert "[01_fcf_decline](01_fcf_decline.ipynb#claim-A11)" in text
    assert "&lt;two&gt;" in text
    assert "a &lt; b" in text
    assert text.count("<div") == text.count("</div>")


def test_a_card_of_one_date_shows_one_verdict() -> None:
    text = score_cards.cards(CARD.assign(now=None, value_now=None, change=""), "2025-09-05")
    assert text.count('class="verdict ') == 1
    assert "\N{RIGHTWARDS ARROW}" not in text
    assert "data-as-of" not in text


def test_an_unknown_verdict_is_said_in_words() -> None:
    text = score_cards.cards(CARD.assign(then=None, value_then=float("nan")), "2025-09-05", "2026-10-31")
    assert score_cards.NO_VERDICT in text
    assert "none \N{RIGHTWARDS ARROW} 2" in text
