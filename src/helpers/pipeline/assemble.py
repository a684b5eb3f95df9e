"""From outcomes to everything that is published: executed notebooks, site, results and status.

A run that failed, or was not asked for, keeps what an earlier start published of it. A failed one is marked as stale.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from helpers.pipeline import integrity
from helpers.pipeline.outcome import Failure, Outcome
from helpers.pipeline.plan import Run

if TYPE_CHECKING:
    from nbformat import NotebookNode

Shown = Literal["ok", "stale", "failed"]


@dataclass(frozen=True)
class Tools:
    """What turns executed notebooks into pages, handed in so that the rest can be tested without it.

    Attributes
    ----------
    clean : callable
        As `helpers.pipeline.clean.clean`.
    build : callable
        As `helpers.pipeline.site.build`.
    """

    clean: Callable[..., Any]
    build: Callable[..., None]


@dataclass(frozen=True)
class Result:
    """One run as it is published: the outcome of this start, if it had a part in it, and what stands on its page."""

    run: Run
    outcome: Outcome | None
    shown: Shown
    error: Failure | None = None


class Assembly:
    """Builds the items of one publication.

    Parameters
    ----------
    root : Path
        The project's folder.
    reports : Path or None
        What is published now, from which earlier good pages are kept; None to begin afresh.
    ready, scratch : Path
        Where the new items go; where files may be written meanwhile.
    tools : callable
        Returns the `Tools`; called when they are needed, since importing them takes a second.
    kept, version : Path and str, optional
        As `helpers.pipeline.site.build` takes them.

    Attributes
    ----------
    warnings : list of str
        What notebooks wrote to their error stream, one line each, for the operator.
    results : dict of str to Result
        What each run added so far shows, by its name.
    """

    def __init__(
        self,
        root: Path,
        reports: Path | None,
        ready: Path,
        scratch: Path,
        tools: Callable[[], Tools],
        kept: Path | None = None,
        version: str = "",
    ) -> None:
        self.kept, self.version = kept, version
        self.vintage = integrity.vintage(root)
        self.root, self.reports, self.ready, self.scratch, self.tools = root, reports, ready, scratch, tools
        self.earlier = _earlier(reports / "status.json") if reports else {}
        self.warnings: list[str] = []
        self.results: dict[str, Result] = {}
        self._notebooks: dict[str, NotebookNode] = {}
        self._ahead: dict[str, tuple[Failure | None, list[str]]] = {}

    def clean(self, outcome: Outcome) -> None:
        """Clean what came out of a run that is to be added, while others are still being executed."""
        if outcome.error is None:
            # A full disk, say, must not stop the others: `add` tries again, once their results are kept.
            with contextlib.suppress(Exception):
                self._ahead[outcome.run.name] = self._cleaned(outcome)

    def read(self, runs: Sequence[Run]) -> None:
        """Read the published notebooks of runs that are to be kept, while others are being executed."""
        for run in runs:
            if self.reports and not self.differs(run):
                with contextlib.suppress(OSError, ValueError):  # none is there; whoever needs it says what is wrong
                    self._notebooks[run.name] = _parsed(_executed(self.reports, run).read_text(encoding="utf-8"))

    def add(self, runs: Sequence[Run], outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Clean what came out of some runs and keep the earlier pages of the others.

        Parameters
        ----------
        runs : sequence of Run
            Those that the site shows.
        outcomes : sequence of Outcome
            Of those among them that have a new one.

        Returns
        -------
        list of Outcome
            As given, but failed where the finished notebook does not hold what it must.
        """
        (self.ready / "executed").mkdir(parents=True, exist_ok=True)
        by_name = {outcome.run.name: outcome for outcome in outcomes}
        results = [result for run in runs if (result := self._result(run, by_name.get(run.name)))]
        self.results |= {result.run.name: result for result in results}
        return [result.outcome for result in results if result.outcome]

    def differs(self, run: Run) -> str:
        """Say what an earlier page shows that this start does not: another day, or other tables; empty if neither.

        Such a page is not carried over: its figures would stand under a date that is not theirs.
        """
        earlier = self.earlier.get(run.name, {})
        for name, now in (("as_of", run.parameters.get("as_of")), ("vintage", self.vintage)):
            before = earlier.get(name)
            if before is not None and before != now:
                return f"{name} {before}, not {now}"
        return ""

    def document(self) -> dict[str, Any]:
        """Return the content of ``results.json`` for the runs added so far."""
        from helpers.pipeline.results import document, of_notebook

        results = self.results.values()
        editions = {one.run.edition: str(one.run.parameters.get("as_of", "")) for one in results}
        statuses = {(one.run.edition, one.run.notebook): one.shown for one in results}
        # Read from what is published, so that a kept page and its results cannot differ.
        published = {
            (one.run.edition, one.run.notebook): of_notebook(notebook)
            for one in results
            if (notebook := self._content(one.run))
        }
        return document(editions, published, statuses)

    def finish(self, order: Sequence[Run]) -> None:
        """Write the site, ``results.json`` and ``status.json`` of all runs added, in this order."""
        self.results = {run.name: self.results[run.name] for run in order if run.name in self.results}
        results = list(self.results.values())
        _write(self.ready / "results.json", self.document())
        self._status(results)
        self._site(results)

    def _result(self, run: Run, outcome: Outcome | None) -> Result | None:
        if outcome and outcome.error is None:
            problem, warnings = self._ahead.pop(run.name) if run.name in self._ahead else self._cleaned(outcome)
            self.warnings += warnings
            if problem is None:
                return Result(run, outcome, "ok")
            outcome = outcome.failed(problem)
        is_kept = self._keep(run)
        error = outcome.error if outcome else _failure(self.earlier.get(run.name, {}).get("error"))
        if error is None and not is_kept:
            return None  # not asked for now, and never before
        return Result(run, outcome, "ok" if error is None else "stale" if is_kept else "failed", error)

    def _cleaned(self, outcome: Outcome) -> tuple[Failure | None, list[str]]:
        """Write the notebook of a good run as it is published, or return why it must not be; and the warnings in it."""
        clean = self.tools().clean  # first: without what they leave out, the import takes a second
        import nbformat

        cleaned = clean(outcome, root=self.root)
        warnings = [f"{outcome.run.name}: {text.strip()}" for text in cleaned.warnings]
        if cleaned.problems:
            return Failure("report", "; ".join(cleaned.problems)), warnings
        path = _executed(self.ready, outcome.run)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = nbformat.writes(cleaned.notebook) + "\n"
        path.write_text(text, encoding="utf-8")
        self._notebooks[outcome.run.name] = _parsed(text)
        return None, warnings

    def _keep(self, run: Run) -> bool:
        """Carry over the last good notebook of a run; false when there is none."""
        if self.reports is None or self.differs(run) or not (old := _executed(self.reports, run)).is_file():
            return False
        new = _executed(self.ready, run)
        new.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(old, new)
        return True

    def _site(self, results: Sequence[Result]) -> None:
        from helpers.pipeline.pages import Page
        from helpers.pipeline.results import published

        pages = []
        for one in results:
            reason = one.error.reason if one.error else ""
            pages.append(Page(one.run, one.shown, self._notebook(one.run), reason, one.error))
        html, work = self.ready / "html", self.scratch / "site"
        self.tools().build(
            pages,
            notebooks=self._notebooks,
            html=html,
            work=work,
            root=self.root,
            kept=self.kept,
            version=self.version,
            earlier=published(self.reports),
            published=self.reports and self.reports / "html",
        )

    def _status(self, results: Sequence[Result]) -> None:
        entries = {
            one.run.name: _entry(one, one.outcome, self.earlier.get(one.run.name, {}), self.vintage)
            if one.outcome
            else self.earlier.get(one.run.name, {})
            for one in results
        }
        _write(self.ready / "status.json", {"schema": 1, "runs": entries})

    def _content(self, run: Run) -> Mapping[str, Any] | None:
        """Return what is published of a run; None where it has no page."""
        if run.name in self._notebooks:
            return self._notebooks[run.name]
        path = self._notebook(run)
        content: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path else None
        return content

    def _notebook(self, run: Run) -> Path | None:
        path = _executed(self.ready, run)
        return path if path.is_file() else None


def _entry(result: Result, outcome: Outcome, earlier: Mapping[str, Any], vintage: str) -> dict[str, Any]:
    """Return the line of a run in ``status.json``; `published_key` is the key of the page that readers see."""
    error = asdict(outcome.error) if outcome.error else None
    kept_key = earlier.get("published_key") if result.shown == "stale" else None
    return {
        "status": outcome.status,
        "stale": result.shown == "stale",
        "seconds": outcome.seconds,
        "peak_memory_mb": outcome.peak_memory_mb,
        "as_of": result.run.parameters.get("as_of"),
        "vintage": vintage,
        "key": outcome.key,
        "published_key": outcome.key if result.shown == "ok" else kept_key,
        "error": error,
    }


def _failure(error: Mapping[str, Any] | None) -> Failure | None:
    with contextlib.suppress(TypeError):  # written by another version
        return Failure(**error) if error else None
    return None


def _executed(reports: Path, run: Run) -> Path:
    return reports / "executed" / run.edition / f"{run.notebook}.ipynb"


def _parsed(text: str) -> NotebookNode:
    """Return a notebook that was checked when it was written."""
    import nbformat

    notebook: NotebookNode = nbformat.v4.reads(text)
    return notebook


def _earlier(path: Path) -> dict[str, dict[str, Any]]:
    """Read the status of an earlier start; a file that is missing or damaged is as if there had been none."""
    try:
        runs: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["runs"]
        return {name: dict(entry) for name, entry in runs.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
