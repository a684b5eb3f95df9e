"""The small marks that stand beside numbers and verdicts, in notebooks and on pages; needs no pandas."""

from __future__ import annotations

from html import escape

from helpers.findings.schema import GRADES, VERDICTS


def badge(verdict: str, claim: str = "", as_of: str = "") -> str:
    """Return a verdict as mark and word: never colour alone.

    Parameters
    ----------
    verdict : str
    claim : str
        Id of the claim; the site makes the verdict a link to its trace.
    as_of : str
        The day of knowledge, where it is not that of the notebook.
    """
    kind = verdict.replace(" ", "-")
    which = (f' data-claim="{claim}"' if claim else "") + (f' data-as-of="{escape(as_of)}"' if as_of else "")
    glyph = f'<span class="glyph">{VERDICTS[verdict]}</span>'
    return f'<span class="verdict verdict-{kind}"{which}>{glyph} {verdict}</span>'


def grade_mark(grade: str | None) -> str:
    """Return the small mark that stands behind a number; empty where nothing is known."""
    if grade is None:
        return ""
    return f'<sup class="grade grade-{grade}" title="{escape(GRADES[grade])}">{grade}</sup>'
