"""From cleaned notebooks to a site that opens from the file system: Sphinx, MyST-NB, sphinx-book-theme."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from helpers import tables
from helpers.findings.schema import FIGURE_MIME, FINDINGS_MIME
from helpers.pipeline import pages as text
from helpers.pipeline import results
from helpers.pipeline.errors import PipelineError
from helpers.pipeline.pages import Page

__all__ = ["Page", "SiteError", "build"]

_ASSETS = Path(__file__).parent / "assets"
_NOTEBOOK_LINK = re.compile(r"\[(?P<words>[^\]]+)\]\((?:\./)?(?P<name>\d\d_\w+)\.ipynb(?:#[^)]*)?\)")
_CONFIGURATION: dict[str, Any] = {
    "project": "Who pays for AI?",
    "author": "the contributors to Who pays for AI?",
    "copyright": "the contributors. Code: MIT; text and tables: CC BY 4.0",
    "extensions": ["myst_nb", "helpers.pipeline.mathml"],
    "exclude_patterns": ["_files"],
    "nb_execution_mode": "off",
    "nb_merge_streams": True,
    "nb_render_markdown_format": "myst",
    "nb_code_prompt_show": "Code",
    "nb_code_prompt_hide": "Hide code",
    # Widgets would load scripts from a CDN; the pages hold their static pictures instead.
    "nb_ipywidgets_js": {},
    "myst_enable_extensions": ["attrs_block", "colon_fence", "dollarmath"],
    "myst_heading_anchors": 3,
    "html_math_renderer": "mathml",
    "html_theme": "sphinx_book_theme",
    "html_title": "Who pays for AI?",
    "html_static_path": [str(_ASSETS)],
    "html_css_files": ["site.css"],
    "html_copy_source": False,
    "html_show_sourcelink": False,
    # A summary under a search hit is fetched from its page, which a browser refuses on file://.
    "html_show_search_summary": False,
    "html_context": {"default_mode": "auto"},
    "html_theme_options": {
        "navbar_persistent": [],
        "use_download_button": False,
        "use_fullscreen_button": False,
        "home_page_in_toc": True,
        "show_navbar_depth": 1,
        "show_toc_level": 2,
        "footer_content_items": ["copyright"],
    },
}


class SiteError(PipelineError):
    """Sphinx warned or failed; the message holds its lines."""


def build(pages: Sequence[Page], *, html: Path, work: Path, root: Path) -> None:
    """Build the site.

    Parameters
    ----------
    pages : sequence of Page
        Every notebook in every edition.
    html : Path
        Folder to write; must not exist or be empty.
    work : Path
        Folder for Sphinx's own files.
    root : Path
        The project's folder.

    Raises
    ------
    SiteError
        If Sphinx gives a single warning.
    """
    source = work / "source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    notebooks = {
        page.run.name: nbformat.read(page.clean_notebook_path, as_version=4)
        for page in pages
        if page.clean_notebook_path
    }
    answers, claims = _answers(pages, notebooks), _claims(pages, notebooks)
    front = text.front_page(pages, _titles(pages, notebooks), answers, claims, len(tables.load("claims")))
    (source / "index.md").write_text(front, encoding="utf-8")
    (source / "how_to_read.md").write_text(text.how_to_read(), encoding="utf-8")
    shutil.copyfile(root / "data" / "README.md", source / "data_catalogue.md")
    for page in pages:
        _write(page, pages, notebooks.get(page.run.name), source)
    _sphinx(source, html, work)


def _write(page: Page, pages: Sequence[Page], notebook: NotebookNode | None, source: Path) -> None:
    """Write what Sphinx reads of one page: the notebook, its figures' data, its failure."""
    folder = source / page.run.edition
    folder.mkdir(exist_ok=True)
    if page.status != "ok":
        (folder / f"{page.failure_name}.md").write_text(text.failure_page(page), encoding="utf-8")
    if notebook is None or page.clean_notebook_path is None:
        return
    files = source / "_files" / page.run.edition
    (files / page.run.notebook).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(page.clean_notebook_path, files / f"{page.run.notebook}.ipynb")
    twins = [p for p in pages if p.run.notebook == page.run.notebook and p.run.edition != page.run.edition]
    neighbours = [other for other in pages if other.run.edition == page.run.edition and other.clean_notebook_path]
    _decorate(notebook, page, twins, neighbours, files / page.run.notebook)
    nbformat.write(notebook, folder / f"{page.run.notebook}.ipynb")


def _decorate(
    notebook: NotebookNode, page: Page, twins: Sequence[Page], neighbours: Sequence[Page], files: Path
) -> None:
    """Add what only the site needs: links under the title, folded code, alt text, captions, CSV files."""
    notice = f"\n\n{text.stale_notice(page)}" if page.status == "stale" else ""
    first = notebook.cells[0]
    title, _, rest = first.source.partition("\n")
    first.source = f"{title}\n\n{text.edition_line(page, twins)}{notice}\n{rest}"
    here = {twin.run.notebook for twin in [page, *neighbours]}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _reachable(cell.source, here)
        if cell.cell_type != "code":
            continue
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-input"]
        for output in cell.outputs:
            data = output.get("data", {})
            if FIGURE_MIME in data:
                _caption(cell, data.pop(FIGURE_MIME), page, files)
            # Findings were collected already; Sphinx knows nothing of them.
            data.pop(FINDINGS_MIME, None)
            if "text/html" in data:
                # A wide table scrolls by itself, not the whole page.
                data["text/html"] = f'<div class="scroll">{data["text/html"]}</div>'


def _reachable(source: str, notebooks: set[str]) -> str:
    """Keep the words of a link to a notebook that this site does not hold, as in an exploratory run of one."""

    def kept(link: re.Match[str]) -> str:
        return link.group(0) if link.group("name") in notebooks else link.group("words")

    return _NOTEBOOK_LINK.sub(kept, source)


def _caption(cell: NotebookNode, figure: Mapping[str, Any], page: Page, files: Path) -> None:
    """Hang a figure's alt text, caption and data on its cell, where MyST-NB looks for them."""
    (files / f"{figure['id']}.csv").write_text(figure["csv"], encoding="utf-8")
    link = f"../_files/{page.run.edition}/{page.run.notebook}/{figure['id']}.csv"
    caption = f"{text.escape_markdown(figure['title'])} {{download}}`Data behind the figure (CSV) <{link}>`"
    cell.metadata["mystnb"] = {
        "image": {"alt": figure["alt"], "classes": "dark-light", "width": "100%"},
        "figure": {"caption": caption, "name": f"{page.run.edition}-{page.run.notebook}-{figure['id']}"},
    }


def _titles(pages: Sequence[Page], notebooks: Mapping[str, NotebookNode]) -> dict[str, str]:
    """Return the first heading of each notebook."""
    titles: dict[str, str] = {}
    for page in pages:
        notebook = notebooks.get(page.run.name)
        if notebook is not None:
            titles.setdefault(page.run.notebook, notebook.cells[0].source.partition("\n")[0].lstrip("# "))
    return titles


def _answers(pages: Sequence[Page], notebooks: Mapping[str, NotebookNode]) -> dict[str, str]:
    """Return each notebook's opening sentence in the first edition that has one."""
    answers: dict[str, str] = {}
    for page in pages:
        notebook = notebooks.get(page.run.name)
        if notebook is None or page.run.notebook in answers:
            continue
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        said = [output.data["text/markdown"] for output in outputs if "text/markdown" in output.get("data", {})]
        if said:
            answers[page.run.notebook] = said[0]
    return answers


def _claims(pages: Sequence[Page], notebooks: Mapping[str, NotebookNode]) -> dict[str, dict[str, Any]]:
    claims: dict[str, dict[str, Any]] = {}
    for page in pages:
        found = claims.setdefault(page.run.edition, {})
        if page.run.name in notebooks:
            found.update(results.of_notebook(notebooks[page.run.name])[1])
    return claims


def _sphinx(source: Path, html: Path, work: Path) -> None:
    """Run Sphinx in this process; a warning is an error."""
    from docutils.utils import SystemMessage
    from sphinx.application import Sphinx
    from sphinx.errors import SphinxError
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    told = io.StringIO()
    try:
        with patch_docutils(str(source)), docutils_namespace():
            application = Sphinx(
                source, None, html, work / "doctrees", "html", confoverrides=_CONFIGURATION, status=None,
                warning=told, freshenv=True, parallel=1,
            )  # fmt: skip
            application.build(force_all=True)
    except (SphinxError, SystemMessage, OSError) as error:
        raise SiteError(f"the site could not be built: {error}\n{_lines(told, source)}") from error
    if _lines(told, source):
        raise SiteError(f"the site was not built, Sphinx warns:\n{_lines(told, source)}")
    # What Sphinx and the theme keep for themselves is no page of ours.
    for leftover in (html / ".buildinfo", html / "objects.inv", *(html / "_static").glob("*-macros.html")):
        leftover.unlink(missing_ok=True)


def _lines(told: io.StringIO, source: Path) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", told.getvalue())
    return plain.replace(f"{source}/", "").strip()
