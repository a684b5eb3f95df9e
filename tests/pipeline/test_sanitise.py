"""Outputs are data from strangers: what may run, track or identify is gone, what is content stays."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from helpers.pipeline import sanitise

ROOT = Path("/somewhere/project")


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        '<a href="javascript:alert(1)">x</a>',
        '<div onclick="alert(1)">x</div>',
        '<iframe src="https://example.org"></iframe>',
        '<svg onload="alert(1)"></svg>',
        '<style>@import url("https://example.org/x.css")</style>',
        '<form action="https://example.org"><input name="q"></form>',
        '<link rel="stylesheet" href="https://example.org/x.css">',
        '<td style="background:url(https://example.org/pixel)">x</td>',
        '<object data="x.swf"></object>',
        "<math><mtext></mtext><script>alert(1)</script></math>",
        '<a href="data:text/html,<script>alert(1)</script>">x</a>',
        "<!-- <script>alert(1)</script> -->",
    ],
)
def test_nothing_that_runs_or_loads_survives(hostile: str) -> None:
    cleaned = sanitise.html(f"<p>kept</p>{hostile}")
    assert "<p>kept</p>" in cleaned
    for sign in ("alert", "onerror", "onclick", "onload", "javascript:", "example.org", "<script", "<iframe", "<svg"):
        assert sign not in cleaned


def test_labels_of_a_frame_are_cleaned_too() -> None:
    frame = pd.DataFrame({"<img src=x onerror=alert(1)>": [1]}, index=["<script>alert(2)</script>"])
    raw = frame.to_html(escape=False)
    assert "onerror" in raw
    cleaned = sanitise.html(raw)
    assert "onerror" not in cleaned
    assert "alert(2)" not in cleaned
    assert "<td>1</td>" in cleaned


def test_a_table_keeps_its_shape() -> None:
    table = (
        '<table class="findings"><caption>c</caption><tr><th scope="row">a</th><td class="number">1</td></tr></table>'
    )
    cleaned = sanitise.html(table)
    for part in (
        '<table class="findings">',
        "<caption>c</caption>",
        '<th scope="row">a</th>',
        '<td class="number">1</td>',
    ):
        assert part in cleaned


def test_markdown_links_cannot_run_scripts() -> None:
    assert "javascript" not in sanitise.markdown("[x](javascript:alert(1)) and [y]( <JavaScript:alert(1)> )")
    assert sanitise.markdown("[x](https://example.org) is *fine*") == "[x](https://example.org) is *fine*"


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (f"{ROOT}/data/x.csv", "data/x.csv"),
        (f"at {ROOT}", "at ."),
        ("<object object at 0x7f51ec34bed0>", "<object object at 0x…>"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("/tmp/ipykernel_4711/123456.py:3: UserWarning", "<cell>:3: UserWarning"),
        ("File /opt/x/lib/python3.11/site-packages/pandas/core.py", "File site-packages/pandas/core.py"),
        ("File /usr/lib/python3.12/json/__init__.py", "File python/json/__init__.py"),
        ("0x1 is a small number", "0x1 is a small number"),
    ],
)
def test_text_says_nothing_of_the_machine(raw: str, clean: str) -> None:
    assert sanitise.text(raw, ROOT) == clean
