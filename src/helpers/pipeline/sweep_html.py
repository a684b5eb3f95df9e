"""A page for each run of a sweep, made only when it is asked for."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import TracebackType

from helpers.pipeline.outcome import Outcome
from helpers.pipeline.plan import Run


class RunPages:
    """Keeps the notebooks of good runs as they end, and builds one site of them at last; use as a context manager.

    Parameters
    ----------
    folder : Path
        Holds the site at the end; what was there is replaced.
    root : Path
        The project's folder.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder, self.root = folder, root
        self.work = folder.with_name(f".{folder.name}.work")
        self.runs: list[Run] = []

    def __enter__(self) -> RunPages:
        shutil.rmtree(self.work, ignore_errors=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self.runs:
                self._build()
        finally:
            shutil.rmtree(self.work, ignore_errors=True)

    def take(self, outcome: Outcome) -> None:
        """Keep the notebook of a run that went well."""
        if outcome.error is not None:
            return
        import nbformat

        from helpers.pipeline.clean import clean

        path = self._path(outcome.run)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(nbformat.writes(clean(outcome, root=self.root).notebook) + "\n", encoding="utf-8")
        self.runs.append(outcome.run)

    def _path(self, run: Run) -> Path:
        return self.work / "executed" / run.edition / f"{run.notebook}.ipynb"

    def _build(self) -> None:
        from helpers.pipeline import site
        from helpers.pipeline.pages import Page

        pages = [Page(run, "ok", self._path(run)) for run in sorted(self.runs, key=lambda run: run.edition)]
        site.build(pages, html=self.work / "html", work=self.work / "site", root=self.root)
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.work / "html").rename(self.folder)
