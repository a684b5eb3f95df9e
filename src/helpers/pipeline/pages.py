"""The Markdown around the notebooks: front page, how to read, failure pages, edition lines."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

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
        f"[{edition_title(twin.run.edition).lower()}, on {twin.as_of}](../{twin.run.edition}/{_target(twin)})"
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


def front_page(
    pages: Sequence[Page],
    titles: Mapping[str, str],
    answers: Mapping[str, str],
    claims: Mapping[str, Mapping[str, Any]],
    total: int,
) -> str:
    """Return the front page.

    Parameters
    ----------
    pages : sequence of Page
    titles : mapping of notebook to str
        The title of each notebook; its name where it has no good page.
    answers : mapping of notebook to str
        The opening sentence of each notebook, computed, from the newest edition.
    claims : mapping of edition to (mapping of claim id to claim)
        All verdicts.
    total : int
        How many claims the article makes.

    Returns
    -------
    str
        MyST Markdown.
    """
    editions = list(dict.fromkeys(page.run.edition for page in pages))
    notebooks = list(dict.fromkeys(page.run.notebook for page in pages))
    lines = [
        "# Who pays for AI?",
        "",
        "AI is everywhere. An article of September 2025 says that almost nobody pays for it, and that the cash of the "
        "companies that build it is running out. This site tests that thesis, claim by claim, on sourced figures, at "
        "two dates: what could be known when the article appeared, and what is known now.",
        "",
    ]
    lines += _scoreboard(editions, pages, claims, total)
    lines += ["## The questions", ""]
    for notebook in notebooks:
        at = {page.run.edition: page for page in pages if page.run.notebook == notebook}
        lines += [f"### {titles.get(notebook, notebook)}", ""]
        if notebook in answers:
            lines += [answers[notebook], ""]
        links = [f"[{edition_title(name)}]({name}/{_target(page)})" for name, page in at.items()]
        lines += ["{.edition}", " · ".join(links), ""]
    lines += _contents(editions, pages)
    return "\n".join(lines)


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
        "## Credits",
        "",
        _EPOCH_CREDIT,
        "Code: MIT licence. Text and compiled tables: CC BY 4.0. Each figure is cited to its source in the "
        "[data catalogue](data_catalogue.md).",
        "",
    ]
    return "\n".join(lines)


def _scoreboard(
    editions: Sequence[str], pages: Sequence[Page], claims: Mapping[str, Mapping[str, Any]], total: int
) -> list[str]:
    """Return the table of verdict counts, one column an edition."""
    if not any(claims.values()):
        return []
    dates = {page.run.edition: page.as_of for page in pages}
    counts = {name: Counter(claim["verdict"] for claim in claims.get(name, {}).values()) for name in editions}
    head = " | ".join(f"{edition_title(name)} ({dates[name]})" for name in editions)
    lines = ["## Verdicts so far", "", f"| verdict | {head} |", "|:--|" + "--:|" * len(editions)]
    for verdict in VERDICTS:
        cells = " | ".join(str(counts[name][verdict]) for name in editions)
        lines.append(f"| {_badge(verdict)} | {cells} |")
    judged = {name: sum(counts[name].values()) for name in editions}
    lines += [f"| claims judged | {' | '.join(str(judged[name]) for name in editions)} |", ""]
    waiting = total - min(judged.values())
    note = f" {waiting} of them wait for a notebook that is still to come." if waiting else ""
    return [*lines, f"The article makes {total} claims.{note}", ""]


def _contents(editions: Sequence[str], pages: Sequence[Page]) -> list[str]:
    """Return the hidden tables of contents that make the navigation."""
    lines: list[str] = []
    for name in editions:
        here = [page for page in pages if page.run.edition == name]
        lines += ["```{toctree}", ":hidden:", f":caption: {edition_title(name)}", ""]
        lines += [f"{name}/{page.run.notebook}" for page in here]
        lines += ["```", ""]
    return [*lines, "```{toctree}", ":hidden:", ":caption: Reading", "", "how_to_read", "data_catalogue", "```", ""]


def _target(page: Page) -> str:
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
