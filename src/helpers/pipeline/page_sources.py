"""What Sphinx reads of each notebook, kept from build to build: a page whose makings are the same is not made again."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from helpers.pipeline import key, processes
from helpers.pipeline.pages import Page
from helpers.pipeline.sphinx_build import SiteError

_RECORD = "pages.json"


class PageSources:
    """The files made of each page at the last build.

    Parameters
    ----------
    kept : Path or None
        The folder that `helpers.pipeline.sphinx_build.build` keeps, whose ``source`` holds them; None keeps nothing.
    version : str
        Hash of the code and of the tables that pages are made with; without it nothing is kept.
    pages : sequence of Page
        Every page of the site: each links to others.
    titles : mapping of str to str
        The title of each notebook.
    findings : mapping
        The content of ``results.json``: pages link to numbers of others.
    """

    def __init__(
        self,
        kept: Path | None,
        version: str,
        pages: Sequence[Page],
        titles: Mapping[str, str],
        findings: Mapping[str, Any],
    ) -> None:
        self.kept = kept if version else None
        # Traces quote the functions of every package, so any edit of ours counts.
        site = [
            version,
            key.of_package(),
            titles,
            findings,
            [[page.run.name, page.status, page.as_of] for page in pages],
        ]
        self._site = key.digest(json.dumps(site, sort_keys=True, default=str).encode())
        self._before = self._recorded()
        self._now: dict[str, dict[str, Any]] = {}

    def make(self, pages: Sequence[Page], source: Path, write: Callable[[Page, Path], None]) -> None:
        """Put the files of pages into `source`: those of the last build where they are right, else new ones.

        Parameters
        ----------
        pages : sequence of Page
        source : Path
            Folder of all documents.
        write : callable
            Makes the files of a page in a folder. It may be called in a process of its own.

        Raises
        ------
        SiteError
            If a page cannot be made.
        """
        due = [page for page in pages if not self._is_kept(page, source)]
        shutil.rmtree(source.parent / "parts", ignore_errors=True)
        parts = {page.run.name: source.parent / "parts" / page.run.name for page in due}

        def written(some: Sequence[Page]) -> None:
            for page in some:
                parts[page.run.name].mkdir(parents=True)
                write(page, parts[page.run.name])

        _divided(written, _shares(due))
        for page in due:
            part = parts[page.run.name]
            files = {name: key.digest((part / name).read_bytes()) for name in sorted(_files(part))}
            for name in files:
                (source / name).parent.mkdir(parents=True, exist_ok=True)
                (part / name).replace(source / name)
            self._now[page.run.name] = {"key": self._key(page), "files": files}

    def record(self) -> None:
        """Note what was made, once the build has succeeded."""
        if self.kept:
            with contextlib.suppress(OSError):
                (self.kept / _RECORD).write_text(json.dumps(self._now), encoding="utf-8")

    def _is_kept(self, page: Page, source: Path) -> bool:
        """Put the files of the last build into `source`, if they are what would be made now."""
        before = self._before.get(page.run.name)
        if not (self.kept and before and before["key"] == self._key(page)):
            return False
        if not _copy(self.kept / "source", source, before["files"]):
            return False
        self._now[page.run.name] = before
        return True

    def _key(self, page: Page) -> str:
        notebook = page.clean_notebook_path.read_bytes() if page.clean_notebook_path else b""
        error = asdict(page.error) if page.error else None
        made_of = json.dumps([self._site, page.run.parameters, page.status, page.reason, error], default=str)
        return key.digest(made_of.encode() + notebook)

    def _recorded(self) -> dict[str, dict[str, Any]]:
        """Take the record of the last build away: until this one is done, nobody may go on from what is kept."""
        if self.kept:
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
                found = json.loads((self.kept / _RECORD).read_text(encoding="utf-8"))
                (self.kept / _RECORD).unlink()
                return {name: {"key": str(one["key"]), "files": dict(one["files"])} for name, one in found.items()}
        return {}


def _shares(pages: Sequence[Page]) -> list[list[Page]]:
    """Divide pages among processes; the editions of a notebook, which have much in common, stay together if may be."""
    count = min(processes.forks(), processes.cores(), len(pages))
    ordered = sorted(pages, key=lambda page: page.run.notebook)
    return [ordered[len(pages) * one // count : len(pages) * (one + 1) // count] for one in range(count)]


def _divided(act: Callable[[Sequence[Page]], None], shares: Sequence[Sequence[Page]]) -> None:
    """Act on each share, in forks of this process where there are several."""
    from sphinx.errors import SphinxParallelError
    from sphinx.util.parallel import ParallelTasks

    if len(shares) < 2:
        for share in shares:
            act(share)
        return
    tasks = ParallelTasks(len(shares))
    try:
        for share in shares:
            tasks.add_task(act, share)
        tasks.join()
    except SphinxParallelError as error:
        raise SiteError(f"the site could not be built: {error}") from error
    except EOFError as error:
        raise SiteError("the site could not be built: a process that makes pages was killed") from error


def _copy(kept: Path, source: Path, files: Mapping[str, str]) -> bool:
    """Copy files of the last build; false where one is missing or not the one that was made then."""
    contents = {}
    for name, digest in files.items():
        with contextlib.suppress(OSError):
            contents[name] = (kept / name).read_bytes()
        if key.digest(contents.get(name, b"")) != digest:
            return False
    for name in contents:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        _link(kept / name, source / name)
    return True


def _link(old: Path, new: Path) -> None:
    """Give a file a second name, or copy it where that cannot be; nobody writes into files of `source`."""
    try:
        new.hardlink_to(old)
    except OSError:
        shutil.copyfile(old, new)


def _files(source: Path) -> set[str]:
    return {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
