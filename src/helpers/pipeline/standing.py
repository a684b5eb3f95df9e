"""What is published now, and whether it is what a new start would publish.

Remembered beside the kept results, not inside the reports: a record that is missing, or files that are not those it
names, only mean that pages are rendered again.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from helpers.pipeline import cache, integrity, key
from helpers.pipeline.key import Keys
from helpers.pipeline.parameters import code_cells
from helpers.pipeline.plan import Run
from helpers.pipeline.publish import ITEMS

#: The parts of this package that turn an executed notebook into a page.
_RENDERERS = ("pipeline", "findings", "tables")
_PACKAGE = Path(__file__).parents[1]


class Standing:
    """The record of what a reports folder holds.

    Parameters
    ----------
    root : Path
        The project's folder.
    reports : Path
        Where readers look.
    """

    def __init__(self, root: Path, reports: Path) -> None:
        self.root, self.reports = root, reports
        self.path = root / cache.FOLDER / "published" / f"{reports.name}.json"
        self._texts: dict[Path, str] = {}

    def shows(self, run: Run, entry_key: str) -> bool:
        """Whether the page of a run is the one that this key and the notebook's present text give."""
        return self.is_whole and self.pages.get(run.name) == self.page_key(run, entry_key)

    def is_site(self, site_key: str) -> bool:
        """Whether the whole site is the one of this key."""
        return self.is_whole and self._record.get("site") == site_key

    def page_key(self, run: Run, entry_key: str) -> str:
        """Hash what a page is made of: the result, the text around it, and the code that renders both."""
        self.note_texts([run.path])
        return key.digest(json.dumps([entry_key, self._texts[run.path], self.renderer]))

    def note_texts(self, notebooks: Iterable[Path]) -> None:
        """Read notebooks now, before they are executed: a page does not show the text that is edited meanwhile."""
        for path in notebooks:
            if path not in self._texts:
                self._texts[path] = text_hash(path)

    def site_key(self, pages: Mapping[str, str], shown: Sequence[Run]) -> str:
        """Hash what the site is made of: its pages in their order and everything that stands around them."""
        order = [[run.name, str(run.parameters.get("as_of"))] for run in shown]
        return key.digest(json.dumps([sorted(pages.items()), order, self.renderer, self.around]))

    def record(self, site_key: str, pages: Mapping[str, str]) -> None:
        """Note what was published just now."""
        content = {"site": site_key, "pages": dict(pages), "files": _files(self.reports)}
        with contextlib.suppress(OSError):
            cache.write(self.path, json.dumps(content).encode())

    @property
    def pages(self) -> dict[str, str]:
        """The key of each good page of the record, by the run's name."""
        return dict(self._record.get("pages", {}))

    @cached_property
    def around(self) -> list[list[str]]:
        """Name and hash of every file besides notebooks and tables that the site shows: catalogue, sweeps, their rows.

        Read once, so that what a sweep writes while the site is built does not count as shown.
        """
        folders = (self.root / "notebooks" / "sweeps", self.root / "reports" / "sweeps")
        catalogue = integrity.data_folder(self.root) / "README.md"
        files = [catalogue, *(path for folder in folders for path in sorted(folder.glob("*")))]
        # A sweep's page says whether its rows are those of the present code, which no notebook may use.
        return [["code", key.of_package()]] + [
            [path.name, key.digest(path.read_bytes())]
            for path in files
            if path.is_file() and not path.name.startswith(".")
        ]

    @cached_property
    def renderer(self) -> str:
        """The hash of the code, the style sheets and the tables that pages are rendered with."""
        folders = [_PACKAGE / name for name in _RENDERERS]
        sources = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in {".py", ".css"})
        code = [[path.relative_to(_PACKAGE).as_posix(), key.digest(path.read_bytes())] for path in sources]
        return key.digest(
            json.dumps([code, integrity.fingerprints(self.root), integrity.vintage(self.root), Keys(self.root).lock])
        )

    @cached_property
    def is_whole(self) -> bool:
        """Whether the published files are those of the record, by size and time."""
        return bool(self._record) and self._record.get("files") == _files(self.reports)

    @cached_property
    def _record(self) -> dict[str, Any]:
        try:
            found = json.loads(self.path.read_bytes())
            return dict(found)
        except (OSError, ValueError, TypeError):
            return {}


def text_hash(path: Path) -> str:
    """Hash all that a reader sees of a source notebook: cells in their order, with ids and tags."""
    cells = [
        [cell["cell_type"], cell.get("id"), cell["source"], cell["metadata"].get("tags", [])]
        for cell in code_cells(path)
    ]
    return key.digest(json.dumps(cells))


def _files(reports: Path) -> dict[str, list[int]]:
    """Return size and time of every published file; what a reader, or a slip, changed shows."""
    return {path.relative_to(reports).as_posix(): _stamp(path) for path in _published(reports)}


def _published(reports: Path) -> Iterable[Path]:
    for name in ITEMS:
        item = reports / name
        if item.is_file():
            yield item
        elif item.is_dir():
            yield from (path for path in sorted(item.rglob("*")) if path.is_file())


def _stamp(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]
