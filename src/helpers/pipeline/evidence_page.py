"""The page of evidence: how strong the numbers are, by notebook and over all, and which table bears what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from helpers.findings.marks import grade_mark
from helpers.findings.schema import GRADES
from helpers.pipeline import usage
from helpers.pipeline.pages import edition_title
from helpers.pipeline.table_rows import Rows
from helpers.pipeline.trace_links import Traces

# Longer than any run of backticks in the text between.
_FENCE = "`" * 12
_UNKNOWN = "unknown"
_OVER_ALL = "all notebooks"


def evidence_page(traces: Traces, titles: Mapping[str, str], rows: Rows) -> str:
    """Return the page.

    Parameters
    ----------
    traces : Traces
    titles : mapping of notebook to str
    rows : Rows
        The tables, whose rows are counted.

    Returns
    -------
    str
        MyST Markdown.
    """
    lines = ["# Evidence", ""]
    lines += ["How strong are the numbers and verdicts of these pages? Each has the grade of its weakest input.", ""]
    lines += ["| grade | rests on |", "|:--|:--|"]
    lines += [f"| {grade_mark(grade)} | {meaning} |" for grade, meaning in GRADES.items()]
    lines.append("")
    for edition, content in traces.document["editions"].items():
        lines += [f"## {edition_title(edition)}, on {content['as_of']}", ""]
        lines += [f"{_FENCE}{{raw}} html", _mix_table(edition, content["notebooks"], titles), _FENCE, ""]
    edition = usage.latest(traces.document)
    lines += ["## What rests on which table", ""]
    lines += [f"On {traces.document['editions'][edition]['as_of']}. Each verdict leads to its trace.", ""]
    lines += [f"{_FENCE}{{raw}} html", _usage_table(traces, edition, rows), _FENCE, ""]
    return "\n".join(lines) + "\n"


def catalogue_page(catalogue: str, traces: Traces) -> str:
    """Return the data catalogue with a line at each table that says which verdicts rest on it.

    Parameters
    ----------
    catalogue : str
        The generated ``data/README.md``.
    traces : Traces
    """
    edition = usage.latest(traces.document)
    for table, used in usage.of_tables(traces.document, edition).items():
        claims = ", ".join(f'<a href="{traces.claim(edition, id)}">{id}</a>' for id in used.claims)
        verdicts = f"verdicts {claims} and " if claims else ""
        line = f"On this table rest {verdicts}{used.numbers} numbers, through {len(used.rows):,} of its rows."
        catalogue = catalogue.replace(f"\n## {table}\n", f"\n## {table}\n\n{line}\n", 1)
    return catalogue


def mix(notebooks: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """Count the numbers and verdicts of some notebooks by grade; those that have none are unknown."""
    entries = [entry for one in notebooks for kind in ("numbers", "claims") for entry in one[kind].values()]
    counted = Counter(entry["grade"] or _UNKNOWN for entry in entries)
    return Counter({grade: counted[grade] for grade in (*GRADES, _UNKNOWN)})


def _mix_table(edition: str, notebooks: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    kinds = [*GRADES, _UNKNOWN]
    heads = "".join(f'<th scope="col" class="number">{kind}</th>' for kind in kinds)
    lines = []
    for name in [*notebooks, _OVER_ALL]:
        counted = mix(list(notebooks.values()) if name == _OVER_ALL else [notebooks[name]])
        cells = "".join(f'<td class="number">{counted[kind]}</td>' for kind in kinds)
        title = escape(titles.get(name, name))
        first = title if name == _OVER_ALL else f'<a href="{edition}/{name}.html">{title}</a>'
        kind = ' class="total"' if name == _OVER_ALL else ""
        lines.append(f'<tr{kind}><th scope="row">{first}</th>{cells}<td>{_bar(counted)}</td></tr>')
    caption = "Numbers and verdicts by the grade of their weakest input"
    head = f'<tr><th scope="col">notebook</th>{heads}<th scope="col">mix</th></tr>'
    return _scrolled("findings mix", caption, head, lines)


def _bar(counted: Counter[str]) -> str:
    """Return shares as a bar from strong (dark) to weak (light); the counts beside it say the same."""
    total = sum(counted.values())
    if not total:
        return ""
    parts, at = [], 0.0
    for grade, count in counted.items():
        width = 100 * count / total
        if count:
            parts.append(f'<rect class="mix-{grade}" x="{at:.2f}" y="0" width="{width:.2f}" height="10"></rect>')
        at += width
    spoken = ", ".join(f"{count} {grade}" for grade, count in counted.items() if count)
    size = 'viewBox="0 0 100 10" width="160" height="14" preserveAspectRatio="none"'
    return f'<svg class="mix" role="img" aria-label="{spoken}" {size}>{"".join(parts)}</svg>'


def _usage_table(traces: Traces, edition: str, rows: Rows) -> str:
    lines = []
    for table, used in usage.of_tables(traces.document, edition).items():
        claims = ", ".join(f'<a href="{traces.claim(edition, id)}">{id}</a>' for id in used.claims)
        count = f"{len(used.rows):,} of {rows.count(table):,}"
        name = f'<a href="data_catalogue.html#{table.replace("_", "-")}">{table}</a>'
        cells = f'<td class="number">{count}</td><td class="number">{used.numbers}</td><td>{claims}</td>'
        lines.append(f'<tr><th scope="row">{name}</th>{cells}</tr>')
    head = "".join(f'<th scope="col">{one}</th>' for one in ("table", "rows in use", "numbers", "verdicts"))
    return _scrolled("findings rests", "Tables and what rests on them", f"<tr>{head}</tr>", lines)


def _scrolled(kind: str, caption: str, head: str, lines: Sequence[str]) -> str:
    body = f"<thead>{head}</thead><tbody>{''.join(lines)}</tbody>"
    table = f'<table class="{kind}"><caption>{caption}</caption>{body}</table>'
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}">{table}</div>'
