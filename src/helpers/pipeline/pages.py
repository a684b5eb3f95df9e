"""The Markdown around the notebooks: front page, how to read, failure pages, edition lines."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from helpers.findings.schema import GRADES, VERDICTS
from helpers.pipeline.outcome import Failure
from helpers.pipeline.plan import Run

EDITION_TITLES = {"latest": "As known now", "article": "As the article appeared"}
_EPOCH_CREDIT = (
    "Many rows of `vendor_metrics`, `funding_rounds` and `ai_prices` were found through "
    "[Epoch AI's Data on AI Companies](https://epoch.ai/data/ai-companies) "
    "([CC BY 4.0](https://creativecommons.org/licenses/by/4.0/))."
)


@dataclass(frozen=True)
class Page:
    """One notebook in one edition, as the site shows it.

    Attributes
    ----------
    run : Run
    status : {"ok", "stale", "failed"}
        ``stale``: the page shows an older good run; ``failed``: there is none to show.
    clean_notebook_path : Path or None
        The cleaned notebook to render.
    reason : str
        Why the page is stale or failed.
    error : Failure or None
        What went wrong, for the failure page.
    """

    run: Run
    status: Literal["ok", "stale", "failed"]
    clean_notebook_path: Path | None
    reason: str = ""
    error: Failure | None = None

    @property
    def as_of(self) -> str:
        """The day of knowledge of the run."""
        return str(self.run.parameters.get("as_of", ""))

    @property
    def failure_name(self) -> str:
        """Document name of the failure page, inside its edition."""
        return f"{self.run.notebook}-failure" if self.clean_notebook_path else self.run.notebook


def edition_title(edition: str) -> str:
    """Return the words for an edition."""
    return EDITION_TITLES.get(edition, edition.replace("_", " ").capitalize())


def edition_line(page: Page, twins: Sequence[Page]) -> str:
    """Return the line under a page's title: its date, its twins at other dates, its notebook."""
    run = page.run
    parts = [f"**{edition_title(run.edition)}**, on {page.as_of}"]
    parts += [
        f"[{edition_title(twin.run.edition).lower()}, on {twin.as_of}](../{twin.run.edition}/{target(twin)})"
        for twin in twins
    ]
    parts.append(f"{{download}}`the executed notebook <../_files/{run.edition}/{run.notebook}.ipynb>`")
    return "{.edition}\n" + " · ".join(parts)


def stale_notice(page: Page) -> str:
    """Return the warning on top of a page that shows an older run."""
    return (
        f":::{{warning}}\nThis page is an older result: its last run failed ({escape_markdown(page.reason)}). "
        f"[What failed]({page.failure_name}.md)\n:::"
    )


def failure_page(page: Page) -> str:
    """Return the page of a failed run: the failing cell, its traceback, its parameters."""
    error = page.error or Failure("failed", page.reason)
    lines = ["---", "orphan: true", "---", "", f"# {page.run.notebook}: the run failed", ""]
    lines += [f"{edition_title(page.run.edition)}, on {page.as_of}. {escape_markdown(error.reason)}", ""]
    if error.cell_source:
        lines += ["## The failing cell", "", _fence(error.cell_source, _lexer(error.cell_source)), ""]
    if error.traceback:
        lines += ["## Traceback", "", _fence(error.traceback, "text"), ""]
    lines += ["## Parameters", "", "| parameter | value |", "|:--|:--|"]
    lines += [f"| `{name}` | `{escape_markdown(str(value))}` |" for name, value in page.run.parameters.items()]
    return "\n".join(lines) + "\n"


def how_to_read() -> str:
    """Return the page that explains evidence marks, verdicts and editions."""
    lines = ["# How to read these pages", "", "## Evidence", ""]
    lines += ["Every number carries the grade of its weakest input.", "", "| grade | rests on |", "|:--|:--|"]
    lines += [f'| <sup class="grade grade-{grade}">{grade}</sup> | {meaning} |' for grade, meaning in GRADES.items()]
    lines += ["", "## Verdicts", "", "| verdict | meaning |", "|:--|:--|"]
    meanings = {
        "supported": "the claim's rule holds on the figures known at the date",
        "partly supported": "part of the rule holds",
        "not supported": "the rule does not hold",
        "not testable": "a figure the rule needs is missing; the page names it",
    }
    lines += [f"| {_badge(verdict)} | {meaning} |" for verdict, meaning in meanings.items()]
    lines += [
        "",
        "The rule of each claim stands in `data/claims.csv` with its thresholds; a tested function applies it.",
        "",
        "## Two dates",
        "",
        "Each page exists twice. A table row is left out until the day it could be known, and an outcome of later "
        "years is hidden. Figures revised since then are not restored, except where the table says so.",
        "",
        "A claim about named quarters is judged on those quarters at both dates, so newer ones cannot turn its "
        "verdict. What the newest quarters say stands on its page.",
        "",
        "## Credits",
        "",
        _EPOCH_CREDIT,
        "Code: MIT licence. Text and compiled tables: CC BY 4.0. Each figure is cited to its source in the "
        "[data catalogue](data_catalogue.md).",
        "",
    ]
    return "\n".join(lines)


def contents(editions: Sequence[str], pages: Sequence[Page]) -> list[str]:
    """Return the hidden tables of contents that make the navigation, for the end of the front page."""
    lines: list[str] = []
    for name in editions:
        here = [page for page in pages if page.run.edition == name]
        lines += ["```{toctree}", ":hidden:", f":caption: {edition_title(name)}", ""]
        lines += [f"{name}/{page.run.notebook}" for page in here]
        lines += ["```", ""]
    return [
        *lines,
        "```{toctree}",
        ":hidden:",
        ":caption: Reading",
        "",
        "how_to_read",
        "evidence",
        "data_catalogue",
        "```",
        "",
    ]


def target(page: Page) -> str:
    """Return the document of a page inside its edition."""
    return f"{page.run.notebook}.ipynb" if page.clean_notebook_path else f"{page.run.notebook}.md"


def _badge(verdict: str) -> str:
    kind = verdict.replace(" ", "-")
    return f'<span class="verdict verdict-{kind}"><span class="glyph">{VERDICTS[verdict]}</span> {verdict}</span>'


def _lexer(code: str) -> str:
    """Return the highlighter for a failing cell, which may be no Python at all."""
    try:
        compile(code, "cell", "exec", dont_inherit=True, flags=ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError):
        return "text"
    return "python"


def _fence(code: str, language: str) -> str:
    """Return a code block whose fence cannot be closed by the code itself."""
    fence = "```"
    while fence in code:
        fence += "`"
    return f"{fence}{language}\n{code.rstrip()}\n{fence}"


def escape_markdown(text: str) -> str:
    """Return text that Markdown does not read as markup."""
    for mark in "\\`*_{}[]<>|$":
        text = text.replace(mark, f"\\{mark}" if mark != "<" else "&lt;")
    return " ".join(text.split())
