"""The front page: the question, the answer, the scorecard as a picture, key figures, and what changed."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from helpers import units
from helpers.findings.marks import badge
from helpers.findings.schema import FIGURE_MIME
from helpers.pipeline import answer, changes
from helpers.pipeline.changes import Change
from helpers.pipeline.pages import Page, contents, edition_title, escape_markdown, target
from helpers.pipeline.scorecard_picture import Scorecard
from helpers.pipeline.table_rows import Rows
from helpers.pipeline.trace_links import Traces, linked

# Longer than any run of backticks in the text between.
_FENCE = "`" * 12
#: One figure a question, the first that is there of each line: notebook and figure, or the notebook's first figure.
_KEY_FIGURES = (
    (("06_monetisation_paths", "ai_revenue_over_capex_by_year"),),
    (("01_fcf_decline", "bridge"),),
    (("08_who_pays", ""), ("05_funding_dependence", "capex_paid_from")),
    (("03_dotcom_comparison", "two_booms"),),
)
# More changes than this are told by number.
_MOST_CHANGES = 60


@dataclass(frozen=True)
class FrontPage:
    """What the front page is made of.

    Attributes
    ----------
    pages : sequence of Page
    notebooks : mapping of run name to NotebookNode
        As published.
    titles : mapping of notebook to str
    traces : Traces
    rows : Rows
    earlier : mapping or None
        The ``results.json`` that was published before this build; None where there is none.
    """

    pages: Sequence[Page]
    notebooks: Mapping[str, NotebookNode]
    titles: Mapping[str, str]
    traces: Traces
    rows: Rows
    earlier: Mapping[str, Any] | None

    @property
    def editions(self) -> list[str]:
        """Names of the editions, from the earliest day of knowledge to the latest."""
        known = {page.run.edition: page.as_of for page in self.pages}
        return sorted(known, key=lambda name: (known[name], name))

    def markdown(self, source: Path) -> str:
        """Return the page as MyST Markdown, and write its pictures.

        Parameters
        ----------
        source : Path
            Folder of the site's documents.
        """
        scorecard = Scorecard(self.rows.all("claims"), self.traces, self.editions)
        told = answer.sentences(self.traces, self.editions, scorecard)
        lines = ["# Who pays for AI?", "", *_question(len(self.editions)), "", "## The answer", ""]
        lines += [part for sentence in told for part in (sentence, "")]
        lines += ["## The scorecard", "", *_how_tiles_read(len(self.editions)), ""]
        lines += [f"{_FENCE}{{raw}} html", scorecard.html(), _FENCE, ""]
        lines += self._figures(source)
        lines += self._questions()
        lines += ["## How to read these pages", "", _HOW_TO_READ, ""]
        lines += ["## What changed since the last build", "", *self._changes()]
        return "\n".join([*lines, *contents(list(dict.fromkeys(page.run.edition for page in self.pages)), self.pages)])

    def _figures(self, source: Path) -> list[str]:
        found = [figure for options in _KEY_FIGURES for figure in self._drawn(options)[:1]]
        if not found:
            return []
        folder = source / "_files" / "front"
        folder.mkdir(parents=True, exist_ok=True)
        lines = ["## In pictures", ""]
        for page, figure, image in found:
            name = f"{page.run.notebook}-{figure['id']}.png"
            (folder / name).write_bytes(base64.b64decode(image))
            trace = f"{self.traces.page(page.run.edition, page.run.notebook)}#figure-{figure['id']}"
            title = escape_markdown(self.titles[page.run.notebook])
            lines += [f"```{{figure}} _files/front/{name}", f":alt: {' '.join(figure['alt'].split())}"]
            lines += [":class: dark-light", ":width: 100%", ""]
            lines += [f"{escape_markdown(figure['title'])} · [{title}]({page.run.edition}/{target(page)}) · "]
            lines += [f'<a href="{trace}">Rows and code behind it</a>', "```", ""]
        return lines

    def _drawn(self, options: Sequence[tuple[str, str]]) -> list[tuple[Page, Mapping[str, Any], str]]:
        """Return the figures that one of some options names, the newest edition first."""
        newest = sorted(self.pages, key=lambda page: self.editions.index(page.run.edition), reverse=True)
        return [
            (page, figure, image)
            for notebook, id in options
            for page in newest
            if page.run.notebook == notebook
            for figure, image in _drawn(self.notebooks.get(page.run.name))
            if id in ("", figure["id"])
        ]

    def _questions(self) -> list[str]:
        lines = ["## The questions", ""]
        for notebook in dict.fromkeys(page.run.notebook for page in self.pages):
            at = {page.run.edition: page for page in self.pages if page.run.notebook == notebook}
            lines += [f"### {self.titles.get(notebook, notebook)}", ""]
            for edition in sorted(at, key=self.editions.index, reverse=True):
                if said := _opening(self.notebooks.get(at[edition].run.name)):
                    lines += [linked(said, self.traces, edition, notebook, None, up=""), ""]
                    break
            links = [f"[{edition_title(name)}]({name}/{target(page)})" for name, page in at.items()]
            lines += ["{.edition}", " · ".join(links), ""]
        return lines

    def _changes(self) -> list[str]:
        if self.earlier is None:
            return ["This is the first build: there is nothing to compare it with.", ""]
        found = changes.between(self.earlier, self.traces.document)
        if found.is_empty:
            return ["Nothing: every verdict and every number is what it was.", ""]
        lines = [
            f"- {edition_title(name)}: known on {after} instead of {before}" for name, before, after in found.dates
        ]
        lines += self._listed("verdict{s} turned", found.verdicts)
        lines += self._listed("verdict{s} with another value", found.claims)
        lines += self._listed("number{s} moved", found.numbers)
        return [*lines, ""]

    def _listed(self, what: str, found: Sequence[Change]) -> list[str]:
        if not found:
            return []
        items = [f"<li>{self._change(one)}</li>" for one in found[:_MOST_CHANGES]]
        if len(found) > _MOST_CHANGES:
            items.append(f"<li>and {len(found) - _MOST_CHANGES} more</li>")
        is_open = " open" if "turned" in what else ""
        summary = f"<summary>{len(found)} {what.format(s='s' * (len(found) != 1))}</summary>"
        return ["", f"{_FENCE}{{raw}} html", f"<details{is_open}>{summary}<ul>{''.join(items)}</ul></details>", _FENCE]

    def _change(self, change: Change) -> str:
        is_claim = "verdict" in (change.after or change.before or {})
        address = (
            self.traces.claim(change.edition, change.id)
            if is_claim
            else self.traces.number(change.edition, change.notebook, change.id)
        )
        name = change.id if is_claim else change.id.replace("_", " ")
        label = f'<a href="{address}">{escape(name)}</a>' if change.after and address else escape(name)
        text = f"{_entry(change.before)} → {_entry(change.after)}"
        return f"{label} ({change.notebook}, {edition_title(change.edition).lower()}): {text}"


_HOW_TO_READ = (
    "Every number carries the grade of its weakest input, from `filed` to `scenario`; it is a link to the cell, the "
    "functions, the table rows, the assumptions and the sources behind it. [How to read these pages](how_to_read.md) "
    "explains the marks; [Evidence](evidence.md) shows how strong the numbers are, by notebook and over all; the "
    "[data catalogue](data_catalogue.md) describes the tables."
)


def _question(editions: int) -> list[str]:
    dates = (
        "at two dates: what could be known when the article appeared, and what is known now"
        if editions > 1
        else "as known on one day"
    )
    return [
        "AI is everywhere. An article says that almost nobody pays for it, and that the cash of the companies that "
        f"build it is running out. This site tests that thesis, claim by claim, on sourced figures, {dates}."
    ]


def _how_tiles_read(editions: int) -> list[str]:
    sides = "left, in outline, when the article appeared; right, filled, now. " if editions > 1 else ""
    turned = "A heavy frame marks a verdict that turned. " if editions > 1 else ""
    return [f"One tile a claim: {sides}{turned}Each leads to its trace."]


def _drawn(notebook: NotebookNode | None) -> list[tuple[Mapping[str, Any], str]]:
    """Return the figures of a notebook with their images."""
    outputs = [output for cell in (notebook.cells if notebook else []) for output in cell.get("outputs", [])]
    return [(output.data[FIGURE_MIME], output.data["image/png"]) for output in outputs if FIGURE_MIME in _data(output)]


def _opening(notebook: NotebookNode | None) -> str:
    """Return the sentence with which a notebook answers its question."""
    outputs = [output for cell in (notebook.cells if notebook else []) for output in cell.get("outputs", [])]
    return next((str(_data(output)["text/markdown"]) for output in outputs if "text/markdown" in _data(output)), "")


def _data(output: NotebookNode) -> Mapping[str, Any]:
    data: Mapping[str, Any] = output.get("data", {})
    return data


def _entry(entry: Mapping[str, Any] | None) -> str:
    """Return a verdict or a number as it stood in one of two builds."""
    if entry is None:
        return "not there"
    value = escape(units.write(entry["value"], entry["unit"]))
    if "verdict" not in entry:
        return value
    return badge(entry["verdict"]) + (f" ({value})" if entry["value"] is not None else "")
