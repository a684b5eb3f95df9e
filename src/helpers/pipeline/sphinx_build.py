"""Sphinx, in this process, writing only the pages that changed.

A site built step by step is the same, byte for byte, as one built at once: when a title, the set of pages or the
navigation changes, the whole is built again, and files that no page refers to any more are removed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.pipeline import processes
from helpers.pipeline.errors import PipelineError

_STATE = "state.json"


class SiteError(PipelineError):
    """Sphinx warned or failed; the message holds its lines."""


def preload(extensions: Sequence[str]) -> None:
    """Import what a build needs, and let libraries compile what they compile at first use.

    Called while nothing else can be done yet, or while notebooks are being executed.

    Parameters
    ----------
    extensions : sequence of str
        Sphinx's, by module.
    """
    import pydata_sphinx_theme
    import soupsieve
    import sphinx_book_theme
    from myst_nb.core import render
    from sphinx import application, jinja2glue
    from sphinx.highlighting import PygmentsBridge

    _ = pydata_sphinx_theme, sphinx_book_theme, jinja2glue
    for name in (*application.builtin_extensions, "myst_nb.sphinx_ext", *extensions):
        importlib.import_module(name)
    render.load_renderer("default")  # it looks through all that is installed
    render.load_mime_renders()
    soupsieve.compile("li.level > details")  # the theme looks for such
    PygmentsBridge().highlight_block("None", "python")


def build(
    source: Path, html: Path, work: Path, configuration: Mapping[str, Any], version: str, published: Path | None = None
) -> None:
    """Build a site.

    Parameters
    ----------
    source : Path
        Folder of all documents, as they shall be.
    html : Path
        Folder to write; must not exist.
    work : Path
        Folder kept from build to build. It may be removed at any time, which costs a whole build.
    configuration : mapping of str to object
        Sphinx's.
    version : str
        Anything but the documents that pages depend on; another one starts afresh.
    published : Path, optional
        As `helpers.pipeline.site.build` takes it.

    Raises
    ------
    SiteError
        If Sphinx gives a single warning.
    """
    navigation = _earlier(work, version)
    if navigation is None:
        shutil.rmtree(work, ignore_errors=True)
    (work / _STATE).unlink(missing_ok=True)  # until this build is done, nobody may go on from it
    work.mkdir(parents=True, exist_ok=True)
    _mirror(source, work / "source")
    try:
        application = _run(work, configuration)
        if navigation not in (None, _navigation(application.env)):
            # Every page shows the others' titles and order, and the search index keeps old ones: begin afresh.
            for name in ("html", "doctrees"):
                shutil.rmtree(work / name)
            application = _run(work, configuration)
    except SiteError:
        shutil.rmtree(work, ignore_errors=True)  # the next build must meet the same warning
        raise
    _remove_leftovers(work / "html", application)
    _copy(work / "html", html, published)
    state = {"version": version, "navigation": _navigation(application.env)}
    (work / _STATE).write_text(json.dumps(state), encoding="utf-8")


def _earlier(work: Path, version: str) -> str | None:
    """Return the navigation of the build that this one may go on from; None to begin afresh."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        state = json.loads((work / _STATE).read_text(encoding="utf-8"))
        if state["version"] == version and (work / "html").is_dir():
            return str(state["navigation"])
    return None


def _mirror(source: Path, target: Path) -> None:
    """Make a folder equal to another, which loses its files to it, touching only those that differ.

    Sphinx goes by their times.
    """
    wanted = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    for path in [path for path in target.rglob("*") if path.is_file()]:
        if path.relative_to(target) not in wanted:
            path.unlink()
    for name in wanted:
        new, old = source / name, target / name
        if not old.is_file() or not (old.samefile(new) or old.read_bytes() == new.read_bytes()):
            old.parent.mkdir(parents=True, exist_ok=True)
            new.replace(old)


def _run(work: Path, configuration: Mapping[str, Any]) -> Any:
    """Run Sphinx; a warning is an error."""
    from docutils.utils import SystemMessage
    from jinja2 import FileSystemBytecodeCache
    from sphinx.application import Sphinx
    from sphinx.errors import SphinxError
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    source, html = work / "source", work / "html"
    # MyST-NB writes its style sheet at the end of a build; a page written before must not differ from one written
    # after, by the checksum behind its name.
    for sheet in (html / "_static").glob("mystnb.*.css"):
        sheet.unlink()
    told = io.StringIO()
    try:
        with _rarely_collected(), patch_docutils(str(source)), docutils_namespace():
            application = Sphinx(
                source, None, html, work / "doctrees", "html", confoverrides=dict(configuration), status=None,
                warning=told, parallel=processes.forks(),
            )  # fmt: skip
            # Templates are compiled once for all builds, not again for each.
            (work / "templates").mkdir(exist_ok=True)
            compiled = FileSystemBytecodeCache(str(work / "templates"))
            application.builder.templates.environment.bytecode_cache = compiled
            application.build()
    except EOFError as error:
        raise SiteError("the site could not be built: a process of Sphinx was killed") from error
    except (SphinxError, SystemMessage, OSError) as error:
        raise SiteError(f"the site could not be built: {error}\n{_lines(told, source)}") from error
    if _lines(told, source):
        raise SiteError(f"the site was not built, Sphinx warns:\n{_lines(told, source)}")
    return application


@contextlib.contextmanager
def _rarely_collected() -> Iterator[None]:
    """Look for garbage less often: documents are millions of objects that live until the end, and each look costs."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _copy(built: Path, html: Path, published: Path | None) -> None:
    """Copy a site; where the published one holds the very file already, the new one gets it by a second name."""

    def copy(source: str, target: str) -> None:
        if published is not None:
            with contextlib.suppress(OSError):  # there is none, or the system knows no second names
                old = published / Path(source).relative_to(built)
                if _stamp(old) == _stamp(Path(source)):
                    Path(target).hardlink_to(old)
                    return
        shutil.copy2(source, target)

    shutil.copytree(built, html, copy_function=copy)


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _navigation(environment: Any) -> str:
    """Return what every page shows of the others, as JSON: titles, order, captions."""
    from sphinx import addnodes

    titles = {name: title.astext() for name, title in sorted(environment.titles.items())}
    trees = [
        [name, tree.get("caption"), tree["entries"]]
        for name in sorted(environment.toctree_includes)
        for tree in environment.get_doctree(name).findall(addnodes.toctree)
    ]
    return json.dumps([titles, trees])


def _remove_leftovers(html: Path, application: Any) -> None:
    """Remove files of what is no more, and what Sphinx and the theme keep for themselves."""
    environment = application.env
    known = {f"{name}.html" for name in environment.found_docs} | {"search.html", "genindex.html"}
    known |= {f"_images/{name}" for _, name in environment.images.values()}
    known |= {f"_downloads/{name}" for _, name in environment.dlfiles.values()}
    for path in [path for path in html.rglob("*") if path.is_file()]:
        name = path.relative_to(html).as_posix()
        is_ours = name.startswith(("_images/", "_downloads/")) or (
            path.suffix == ".html" and not name.startswith("_static/")
        )
        if is_ours and name not in known:
            path.unlink()
            with contextlib.suppress(OSError):
                path.parent.rmdir()  # each download has a folder of its own
    for leftover in (html / ".buildinfo", html / "objects.inv", *(html / "_static").glob("*-macros.html")):
        leftover.unlink(missing_ok=True)


def _lines(told: io.StringIO, source: Path) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", told.getvalue())
    return plain.replace(f"{source}/", "").strip()
