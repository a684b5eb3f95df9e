"""The page that holds the traces of one notebook in one edition: each row, cell and source is written once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape
from typing import Any

from helpers import units
from helpers.findings.marks import badge, grade_mark
from helpers.pipeline import trace
from helpers.pipeline.pages import Page, edition_title
from helpers.pipeline.table_rows import Row, Rows, address
from helpers.pipeline.trace import Entry, Trace
from helpers.pipeline.trace_links import Traces

# More rows or sources than this stand folded, or are told by number: the table of rows below has them all.
_FEW = 12
_PROSE = {"note", "quantity", "claim_en", "how_to_test", "plaintiffs", "defendants"}
# Longer than any run of backticks in the text between.
_FENCE = "`" * 12
_INTRODUCTION = """\
For each verdict, number, figure and table of [the page](<{home}>): the cell and the functions that make it, the
parameters, the rows of the tables and the assumptions it rests on, its grade, and the sources. Functions are read from
the code of the cells; rows, assumptions and grade were kept when the cell ran. A grade is that of the weakest input."""


class TracePage:
    """Writes one page.

    Parameters
    ----------
    page : Page
        The notebook's page.
    title : str
        Its title.
    found : Trace
    rows : Rows
    traces : Traces
        Where the traces of other pages stand.
    shown : set of str
        Anchors of numbers and verdicts in the notebook's page.
    """

    def __init__(self, page: Page, title: str, found: Trace, rows: Rows, traces: Traces, shown: set[str]) -> None:
        self.page, self.title, self.found = page, title, found
        self.rows, self.traces, self.shown = rows, traces, shown
        self._listed: dict[tuple[str, ...], str] = {}

    def markdown(self) -> str:
        """Return the page as MyST Markdown with blocks of HTML."""
        lines = ["---", "orphan: true", "nosearch: true", "---", "", f"# What stands behind “{self.title}”", ""]
        lines += ["{.edition}", f"**{edition_title(self.page.run.edition)}**, on {self.page.as_of}", ""]
        lines += [_INTRODUCTION.format(home=f"{self.page.run.notebook}.ipynb"), ""]
        for kind, head in (("claim", "Verdicts"), ("number", "Numbers"), ("figure", "Figures"), ("table", "Tables")):
            if entries := self.found.of(kind):  # type: ignore[arg-type]  # the four kinds there are
                lines += [f"## {head}", "", *_raw(self._entry(one) for one in entries)]
        lines += ["## Functions", "", *_raw([self._functions()])] if self.found.functions else []
        if self.found.code:
            lines += ["## Cells", "", *_raw(_cell(id, source) for id, source in self.found.code.items())]
        if self.found.assumptions:
            lines += ["## Assumptions", "", *_raw([self._assumptions()])]
        if self.found.rows:
            lines += ["## Rows", ""]
            for name, rows in self.found.rows.items():
                lines += [f"### {name}", "", *_raw([self._table(name, rows)])]
        if self.found.sources:
            lines += ["## Sources", "", *_raw([_sources(self.found.sources)])]
        return "\n".join(lines) + "\n"

    def _entry(self, entry: Entry) -> str:
        facts = [("Value", self._value(entry)), ("Stated in", self._place(entry)), *self._claim_facts(entry)]
        facts += [("Computed by", self._chain(entry)), ("Parameters", self._parameters(entry))]
        facts += [("Grade", self._grade(entry)), ("Rows", self._row_list(entry)), ("Tables", _loaded(entry))]
        facts += [("Assumptions", _links("assumption", entry.assumptions)), ("Sources", self._cited(entry))]
        facts += [("At the other date", self._twins(entry))]
        body = "".join(f"<dt>{name}</dt><dd>{html}</dd>" for name, html in facts if html)
        head = f"<h3>{self._head(entry)}</h3>"
        return f'<section class="trace" id="{escape(entry.anchor)}">{head}<dl>{body}</dl></section>'

    def _head(self, entry: Entry) -> str:
        if entry.kind == "claim":
            text = escape(self._claim(entry).get("claim_en", ""))
            return f"{badge(entry.stated['verdict'])} {entry.id} {text}"
        if entry.kind == "number":
            return escape(entry.title)
        return entry.title if entry.kind == "table" else escape(entry.title)

    def _value(self, entry: Entry) -> str:
        if "value" not in entry.stated:
            return ""
        if entry.stated["value"] is None:
            return units.UNKNOWN if entry.kind == "number" else ""
        exact = _exact(entry.stated)
        # Where the text already has every digit, once is enough.
        is_rounded = exact.split()[0] not in units.write(entry.stated["value"], entry.stated["unit"])
        return _written(entry.stated) + (f" <small>exactly {exact}</small>" if is_rounded else "")

    def _claim_facts(self, entry: Entry) -> list[tuple[str, str]]:
        if entry.kind != "claim":
            return []
        rule = escape(self._claim(entry).get("how_to_test", ""))
        return [("Reason", escape(entry.stated["reason"])), ("Rule", rule)]

    def _claim(self, entry: Entry) -> dict[str, str]:
        row = self.rows.find(f"claims/{entry.id}")
        return row.cells if row else {}

    def _place(self, entry: Entry) -> str:
        cell = entry.origin.cell
        home = f"{self.page.run.notebook}.html"
        anchors = {"figure": f"#{self.page.run.edition}-{self.page.run.notebook}-{entry.id}".replace("_", "-")}
        is_anchor = entry.kind == "table" or entry.anchor in self.shown
        anchor = anchors.get(entry.kind, f"#{entry.anchor}" if is_anchor else "")
        where = f"{self.page.run.notebook}, cell "
        named = f'<a href="#cell-{escape(cell)}"><code>{escape(cell)}</code></a>' if cell in self.found.code else cell
        return f'{where}{named} · <a class="back" href="{home}{anchor}">where it is said</a>'

    def _chain(self, entry: Entry) -> str:
        links = [f'<a href="#function-{name}"><code>{name}</code></a>' for name in entry.origin.functions]
        return " → ".join(links)

    def _parameters(self, entry: Entry) -> str:
        values = self.page.run.parameters
        named = [name for name in entry.origin.parameters if name in values]
        return ", ".join(f"<code>{name}</code> = {escape(str(values[name]))}" for name in named)

    def _grade(self, entry: Entry) -> str:
        if entry.kind not in {"claim", "number"} or entry.stated["grade"] is None:
            return ""
        counted = trace.weights(entry, self.rows)
        parts = [f"{count} {grade}" for grade, count in counted.items()]
        if entry.stated.get("estimated"):
            parts.append("a statistical estimate of ours")
        return f"{grade_mark(entry.stated['grade'])}, the weakest of: {', '.join(parts)}"

    def _row_list(self, entry: Entry) -> str:
        found = [row for id in entry.rows if (row := self.rows.find(id))]
        if not found:
            return ""
        tables = dict.fromkeys(row.table for row in found)
        count = f"{len(found)} of " + ", ".join(f'<a href="#{_slug(name)}">{name}</a>' for name in tables)
        if len(found) <= _FEW:
            return f"{count}: {_row_links(found)}"
        first = self._listed.setdefault(entry.rows, entry.anchor)
        if first != entry.anchor:
            return f'{count}, the same as for <a href="#{first}">{first.partition("-")[2].replace("_", " ")}</a>'
        return f"<details><summary>{count}</summary><p>{_row_links(found)}</p></details>"

    def _cited(self, entry: Entry) -> str:
        rows = [row for id in entry.rows if (row := self.rows.find(id))]
        rows += [row for id in entry.assumptions if (row := self.rows.assumption(id))]
        cited = list(dict.fromkeys(id for row in rows for id in row.sources))
        if len(cited) > _FEW:
            return f"{len(cited)}, named at each row"
        return _links("source", cited)

    def _twins(self, entry: Entry) -> str:
        if entry.kind not in {"claim", "number"}:
            return ""
        here = (self.page.run.edition, self.page.run.notebook)
        links = []
        for edition, content in self.traces.document["editions"].items():
            stated = self.traces.entry(edition, here[1], f"{entry.kind}s", entry.id)
            if edition != here[0] and stated is not None:
                text = badge(stated["verdict"]) if entry.kind == "claim" else _written(stated)
                to = f"../{self.traces.page(edition, here[1])}#{entry.anchor}"
                links.append(f'<a class="trace-link" href="{to}">{text}</a>, on {content["as_of"]}')
        return "; ".join(links)

    def _functions(self) -> str:
        items = []
        for name in self.found.functions:
            path = f"src/helpers/{name.rpartition('.')[0].replace('.', '/')}.py"
            summary = escape(trace.summary(name)).replace("`", "")
            items.append(f'<dt id="function-{name}"><code>{name}</code></dt><dd>{summary} <small>{path}</small></dd>')
        return f'<dl class="functions">{"".join(items)}</dl>'

    def _assumptions(self) -> str:
        columns = ["quantity", "unit", "low", "mode", "high", "distribution", "basis", "note"]
        return _html_table("assumption", columns, [(row, row.key) for row in self.found.assumptions], self.rows)

    def _table(self, name: str, rows: Sequence[Row]) -> str:
        present = dict.fromkeys(column for row in rows for column in row.cells)
        columns = [column for column in present if column not in {"source_id", "status", "note"}]
        catalogue = f'<a href="../data_catalogue.html#{_slug(name)}">what it holds</a>'
        about = f'<p class="edition">data/{name}.csv, {catalogue}</p>'
        notes = ["note"] if "note" in present else []
        return about + _html_table("row", columns + notes, [(row, str(row.line)) for row in rows], self.rows)


def _html_table(kind: str, columns: Sequence[str], rows: Iterable[tuple[Row, str]], known: Rows) -> str:
    """Return rows as a table; the anchor of each is its line in the file, or its id for what has one."""
    found = list(rows)
    first = "line" if kind == "row" else "id"
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in (first, *columns, "grade", "sources"))
    grades = known.grades(row.id for row, _ in found)
    lines = []
    for row, label in found:
        anchor = row.anchor if kind == "row" else f"{kind}-{row.key}"
        cells = "".join(_td(column, row.cells.get(column, "")) for column in columns)
        cells += f"<td>{grades.get(row.id, '')}</td><td>{_links('source', row.sources)}</td>"
        lines.append(f'<tr id="{escape(anchor)}"><th scope="row">{escape(label)}</th>{cells}</tr>')
    body = "\n".join(lines)
    table = f'<table class="findings rows"><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>'
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{kind}s">{table}</div>'


def _td(column: str, text: str) -> str:
    """Return a cell; prose gets room, so that no row becomes a tower."""
    return f'<td class="prose">{escape(text)}</td>' if column in _PROSE else f"<td>{escape(text)}</td>"


def _sources(sources: Sequence[Row]) -> str:
    items = []
    for one in sources:
        cells, to = one.cells, address(one)
        locator = escape(cells["locator"])
        where = f'<a href="{escape(to)}">{locator}</a>' if to else locator
        date = f", {cells['date']}" if "date" in cells else ""
        text = f"{escape(cells['publisher'])}: {escape(cells['title'])}{date}. {where}"
        items.append(f'<dt id="source-{escape(one.key)}">{escape(one.key)}</dt><dd>{text}</dd>')
    return f'<dl class="sources">{chr(10).join(items)}</dl>'


def _cell(id: str, source: str) -> str:
    return f'<section class="trace" id="cell-{escape(id)}"><h3>{escape(id)}</h3>{_highlighted(source)}</section>'


@cache  # the editions share their cells
def _highlighted(source: str) -> str:
    from sphinx.highlighting import PygmentsBridge

    html: str = PygmentsBridge("html").highlight_block(source, "python", force=True)
    return html


def _written(stated: Mapping[str, Any]) -> str:
    mark = grade_mark(stated["grade"]) if stated["value"] is not None else ""
    return f'<span class="stated">{escape(units.write(stated["value"], stated["unit"]))}{mark}</span>'


def _exact(stated: Mapping[str, Any]) -> str:
    """Return a known value as it was computed, to twelve digits, with its unit."""
    digits = f"{stated['value']:.12g}".replace("-", units.MINUS, 1)
    return f"{digits} {escape(stated['unit'])}".strip()


def _row_links(rows: Iterable[Row]) -> str:
    return ", ".join(f'<a href="#{row.anchor}">{escape(row.key)}</a>' for row in rows)


def _links(kind: str, ids: Iterable[str]) -> str:
    return ", ".join(f'<a href="#{kind}-{escape(id)}">{escape(id)}</a>' for id in ids)


def _loaded(entry: Entry) -> str:
    """Return the tables behind what names no rows."""
    return ", ".join(f"<code>{name}</code>" for name in entry.origin.tables) if not entry.rows else ""


def _slug(name: str) -> str:
    """Return the anchor that Sphinx gives a heading."""
    return name.lower().replace("_", "-")


def _raw(blocks: Iterable[str]) -> list[str]:
    return [f"{_FENCE}{{raw}} html", *blocks, _FENCE, ""]
