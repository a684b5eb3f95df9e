"""What only the site needs in a notebook: links on title and numbers, folded code, captions, CSV files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from helpers.findings.schema import FIGURE_MIME, FINDINGS_MIME
from helpers.pipeline import pages as text
from helpers.pipeline import trace_links
from helpers.pipeline.pages import Page
from helpers.pipeline.trace import table_id
from helpers.pipeline.trace_links import Traces

# MyST knows headings as targets, but not the verdicts inside outputs.
_VERDICT_LINK = re.compile(r"\[(?P<words>[^\]]+)\]\((?P<name>\d\d_\w+)\.ipynb#(?P<target>claim-A\d+)\)")
_NOTEBOOK_LINK = re.compile(r"\[(?P<words>[^\]]+)\]\((?:\./)?(?P<name>\d\d_\w+)\.ipynb(?:#[^)]*)?\)")


class Decorator:
    """Decorates the notebooks of one site.

    Parameters
    ----------
    pages : sequence of Page
        Every page of the site.
    traces : Traces
    """

    def __init__(self, pages: Sequence[Page], traces: Traces) -> None:
        self.pages, self.traces = pages, traces

    def decorate(self, notebook: NotebookNode, page: Page, files: Path) -> set[str]:
        """Change a notebook in place into what Sphinx reads.

        Parameters
        ----------
        notebook : NotebookNode
            Executed and cleaned.
        page : Page
        files : Path
            Folder that gets the data behind each figure.

        Returns
        -------
        set of str
            The anchors of the numbers and verdicts that the page shows.
        """
        run = page.run
        twins = [p for p in self.pages if p.run.notebook == run.notebook and p.run.edition != run.edition]
        notice = f"\n\n{text.stale_notice(page)}" if page.status == "stale" else ""
        first = notebook.cells[0]
        title, _, rest = first.source.partition("\n")
        first.source = f"{title}\n\n{text.edition_line(page, twins)}{notice}\n{rest}"
        here = {one.run.notebook for one in self.pages if one.run.edition == run.edition and one.clean_notebook_path}
        seen: set[str] = set()
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = _reachable(cell.source, here)
            if cell.cell_type == "code":
                cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-input"]
                self._outputs(cell, page, files, seen)
                for output in cell.outputs:
                    if "text/markdown" in (data := output.get("data", {})):
                        data["text/markdown"] = _to_verdicts(data["text/markdown"], here)
        return seen

    def _outputs(self, cell: NotebookNode, page: Page, files: Path, seen: set[str]) -> None:
        run = page.run
        tables = 0
        for output in cell.outputs:
            data = output.get("data", {})
            if FIGURE_MIME in data:
                _caption(cell, data.pop(FIGURE_MIME), page, files)
            # Findings were collected already; Sphinx knows nothing of them.
            is_stated = bool(data.pop(FINDINGS_MIME, None))
            for mime in ("text/markdown", "text/html"):
                if mime in data:
                    data[mime] = trace_links.linked(data[mime], self.traces, run.edition, run.notebook, seen)
            if "text/html" in data:
                # A wide table scrolls by itself, not the whole page.
                data["text/html"] = f'<div class="scroll">{data["text/html"]}</div>'
                if "<caption>" in data["text/html"] and not is_stated:
                    tables += 1
                    data["text/html"] += _table_link(table_id(cell.id, tables), page)


def _table_link(id: str, page: Page) -> str:
    to = f"{page.run.notebook}-trace.html#table-{id}"
    return f'<p class="made" id="table-{id}"><a href="{to}">How this table is made</a></p>'


def _reachable(source: str, notebooks: set[str]) -> str:
    """Keep the words of a link to a notebook that this site does not hold, as in an exploratory run of one."""

    def kept(link: re.Match[str]) -> str:
        return link.group(0) if link.group("name") in notebooks else link.group("words")

    return _NOTEBOOK_LINK.sub(kept, source)


def _to_verdicts(text: str, notebooks: set[str]) -> str:
    """Turn links to a verdict of another notebook into what a browser follows; without its page the words stay."""

    def linked(link: re.Match[str]) -> str:
        if link.group("name") not in notebooks:
            return link.group("words")
        return f'<a href="{link.group("name")}.html#{link.group("target")}">{link.group("words")}</a>'

    return _VERDICT_LINK.sub(linked, text)


def _caption(cell: NotebookNode, figure: Mapping[str, Any], page: Page, files: Path) -> None:
    """Hang a figure's alt text, caption and data on its cell, where MyST-NB looks for them."""
    run = page.run
    (files / f"{figure['id']}.csv").write_text(figure["csv"], encoding="utf-8")
    link = f"../_files/{run.edition}/{run.notebook}/{figure['id']}.csv"
    trace = f'<a href="{run.notebook}-trace.html#figure-{figure["id"]}">Rows and code behind it</a>'
    data = f"{{download}}`Data behind the figure (CSV) <{link}>`"
    cell.metadata["mystnb"] = {
        "image": {"alt": figure["alt"], "classes": "dark-light", "width": "100%"},
        "figure": {
            "caption": f"{text.escape_markdown(figure['title'])} {data} · {trace}",
            "name": f"{run.edition}-{run.notebook}-{figure['id']}",
        },
    }
