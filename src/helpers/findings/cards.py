"""HTML of verdicts and tables: plain, escaped, readable with no style sheet."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import pandas as pd

from helpers import units
from helpers.findings.marks import badge, grade_mark
from helpers.findings.record import Claim, claim_texts

_DATE = re.compile(r"\d{4}-\d{2}(-\d{2})?")


def claim_card(claim: Claim, change: str = "") -> str:
    """Return one claim: verdict, the article's sentence, value, reason, rule.

    Parameters
    ----------
    claim : Claim
    change : str
        What changed since the article, as HTML; empty where it is not asked.
    """
    row = claim_texts().loc[claim.id]
    value = mark = ""
    if claim.value is not None:
        value = (
            f'<span class="claim-value" data-claim="{claim.id}">{escape(units.write(claim.value, claim.unit))}</span>'
        )
        mark = grade_mark(claim.grade)
    head = f"{badge(claim.verdict, claim.id)} <strong>{claim.id}</strong> {escape(str(row['claim_en']))}"
    parts = [
        f'<div class="claim" id="claim-{claim.id}">',
        f'<p class="claim-head">{head}</p>',
        f'<p class="claim-reason">{value}{mark} {escape(claim.reason)}</p>',
        f'<p class="claim-change">{change}</p>' if change else "",
        f'<details class="claim-rule"><summary>The rule</summary><p>{escape(str(row["how_to_test"]))}</p></details>',
        "</div>",
    ]
    return "\n".join(part for part in parts if part)


def change_note(now: str, earlier: str | None, earlier_as_of: str, claim: str = "") -> str:
    """Say how the verdict on a claim moved since an earlier date."""
    if earlier is None:
        return ""
    if earlier == now:
        return f"Unchanged since {escape(earlier_as_of)}."
    return f"On {escape(earlier_as_of)}: {badge(earlier, claim, earlier_as_of)}"


def html_table(
    frame: pd.DataFrame, caption: str, formats: Mapping[str, str | Callable[[Any], str]], index: bool
) -> str:
    """Return a frame as an HTML table.

    Parameters
    ----------
    frame : DataFrame
    caption : str
    formats : mapping of column to unit or callable
        A unit goes through `helpers.units.write`; other columns show their text.
    index : bool
        True shows the index as row headers.
    """
    numeric = {column for column in frame.columns if pd.api.types.is_numeric_dtype(frame[column])}
    heads = ([str(frame.index.name or "")] if index else []) + [str(column) for column in frame.columns]
    first = 1 if index else 0
    lines = ['<table class="findings">', f"<caption>{escape(caption)}</caption>", "<thead><tr>"]
    for place, head in enumerate(heads):
        right = place >= first and frame.columns[place - first] in numeric | set(formats)
        lines.append(f'<th scope="col"{_align(right)}>{escape(head)}</th>')
    lines.append("</tr></thead><tbody>")
    for label, values in zip(frame.index, frame.itertuples(index=False), strict=True):
        lines.append("<tr>")
        if index:
            lines.append(f'<th scope="row">{escape(str(label))}</th>')
        for column, value in zip(frame.columns, values, strict=True):
            right = column in numeric or column in formats
            text = _cell(value, formats.get(column))
            kind = ' class="date"' if _DATE.fullmatch(text) else _align(right)
            lines.append(f"<td{kind}>{escape(text)}</td>")
        lines.append("</tr>")
    lines.append("</tbody></table>")
    return "".join(lines)


def _align(right: bool) -> str:
    return ' class="number"' if right else ""


def _cell(value: Any, form: str | Callable[[Any], str] | None) -> str:
    if callable(form):
        return form(value)
    if pd.isna(value):
        return "\N{EN DASH}"
    if isinstance(form, str):
        return units.write(value, form)
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    return units.count(value) if isinstance(value, float) else str(value)
