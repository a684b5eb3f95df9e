"""From cleaned notebooks to a site that opens from the file system: Sphinx, MyST-NB, sphinx-book-theme."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from helpers.pipeline import integrity, results, sphinx_build, sweep_pages, trace
from helpers.pipeline import pages as text
from helpers.pipeline.decorate import Decorator
from helpers.pipeline.evidence_page import catalogue_page, evidence_page
from helpers.pipeline.front_page import FrontPage
from helpers.pipeline.page_sources import PageSources
from helpers.pipeline.pages import Page
from helpers.pipeline.sphinx_build import SiteError
from helpers.pipeline.table_rows import Rows
from helpers.pipeline.trace_links import Traces
from helpers.pipeline.trace_page import TracePage

__all__ = ["Page", "SiteError", "build"]

_ASSETS = Path(__file__).parent / "assets"
_CONFIGURATION: dict[str, Any] = {
    "project": "Who pays for AI?",
    "author": "the contributors to Who pays for AI?",
    "copyright": "the contributors. Code: MIT; text and tables: CC BY 4.0",
    "extensions": ["myst_nb", "helpers.pipeline.mathml", "helpers.pipeline.even_writing"],
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


def preload() -> None:
    """Import what a build needs; called while notebooks are still being executed."""
    sphinx_build.preload(_CONFIGURATION["extensions"])


def build(
    pages: Sequence[Page],
    *,
    html: Path,
    work: Path,
    root: Path,
    notebooks: Mapping[str, NotebookNode] | None = None,
    earlier: Mapping[str, Any] | None = None,
    kept: Path | None = None,
    version: str = "",
    published: Path | None = None,
) -> None:
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
    notebooks : mapping of run name to NotebookNode, optional
        Those cleaned notebooks that were read already. They are changed.
    earlier : mapping, optional
        The ``results.json`` that was published before; the front page says what changed since.
    kept : Path, optional
        Folder kept from build to build, so that only changed pages are written.
    version : str
        Hash of the code that renders; another one builds the whole site.
    published : Path, optional
        The site that readers see now; a file of it that is to be the same again is taken over as it is.

    Raises
    ------
    SiteError
        If Sphinx gives a single warning.
    """
    source = work / "source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    found = notebooks or {}
    notebooks = {
        page.run.name: found.get(page.run.name) or nbformat.read(page.clean_notebook_path, as_version=4)
        for page in pages
        if page.clean_notebook_path
    }
    titles = _titles(pages, notebooks)
    traces, rows = Traces(results.of_pages(pages, notebooks)), Rows()
    front = FrontPage(pages, notebooks, titles, traces, rows, earlier)
    catalogue = (integrity.data_folder(root) / "README.md").read_text(encoding="utf-8")
    documents = {
        "index": front.markdown(source) + sweep_pages.write(source, root),
        "how_to_read": text.how_to_read(),
        "evidence": evidence_page(traces, titles, rows),
        "data_catalogue": catalogue_page(catalogue, traces),
    }
    for name, content in documents.items():
        (source / f"{name}.md").write_text(content, encoding="utf-8")
    writer = _Writer(notebooks, titles, rows=rows, traces=traces, decorator=Decorator(pages, traces))
    sources = PageSources(kept, version, pages, titles, traces.document)
    sources.make(pages, source, writer.write)
    sphinx_build.build(source, html, kept or work / "kept", _CONFIGURATION, version, published)
    sources.record()


@dataclass(frozen=True)
class _Writer:
    """Writes what Sphinx reads of the notebooks."""

    notebooks: Mapping[str, NotebookNode]
    titles: Mapping[str, str]
    rows: Rows
    traces: Traces
    decorator: Decorator

    def write(self, page: Page, target: Path) -> None:
        """Write one page into a folder: the notebook, its figures' data, its traces, its failure."""
        folder, name = target / page.run.edition, page.run.notebook
        notebook, title = self.notebooks.get(page.run.name), self.titles.get(name, "")
        folder.mkdir(exist_ok=True)
        if page.status != "ok":
            (folder / f"{page.failure_name}.md").write_text(text.failure_page(page), encoding="utf-8")
        if notebook is None or page.clean_notebook_path is None:
            return
        files = target / "_files" / page.run.edition
        (files / name).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(page.clean_notebook_path, files / f"{name}.ipynb")
        found = trace.of_notebook(notebook, page.run.parameters, self.rows)
        shown = self.decorator.decorate(notebook, page, files / name)
        nbformat.write(notebook, folder / f"{name}.ipynb")
        traced = TracePage(page, title, found, self.rows, self.traces, shown).markdown()
        (folder / f"{name}-trace.md").write_text(traced, encoding="utf-8")


def _titles(pages: Sequence[Page], notebooks: Mapping[str, NotebookNode]) -> dict[str, str]:
    """Return the first heading of each notebook."""
    titles: dict[str, str] = {}
    for page in pages:
        notebook = notebooks.get(page.run.name)
        if notebook is not None:
            titles.setdefault(page.run.notebook, notebook.cells[0].source.partition("\n")[0].lstrip("# "))
    return titles
