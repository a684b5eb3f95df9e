"""What a start need not do again: results that still hold, pages that are published already."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from helpers.pipeline.cache import Cache, Entry
from helpers.pipeline.graft import graft
from helpers.pipeline.key import Keys
from helpers.pipeline.outcome import Outcome
from helpers.pipeline.plan import CUSTOM, FINDINGS, Run
from helpers.pipeline.standing import Standing


class Stock:
    """Kept results and published pages, as one start of the pipeline sees them.

    Parameters
    ----------
    root : Path
        The project's folder.
    reports : Path
        Where readers look.
    force : bool
        Take no kept result for good.
    """

    def __init__(self, root: Path, reports: Path, force: bool = False) -> None:
        self.root, self.reports, self.force = root, reports, force
        self.keys, self.cache, self.standing = Keys(root), Cache(root), Standing(root, reports)
        self._pages: dict[str, str] = {}
        self._asked: set[str] = set()

    @property
    def site(self) -> tuple[Path, str]:
        """Where Sphinx's state is kept from build to build, and the hash of what renders."""
        _ = self.standing.around  # read before the site is built, like what renders it
        return self.cache.folder / "site" / self.reports.name, self.standing.renderer

    def is_likely_due(self, runs: Sequence[Run]) -> bool:
        """Guess, for next to nothing, whether a run is due: a notebook is not older than what is published."""
        try:
            published = self.standing.path.stat().st_mtime_ns
            # Equal times are in doubt: the clock of a file system ticks a few times in a hundredth of a second.
            return self.force or any(run.path.stat().st_mtime_ns >= published for run in runs)
        except OSError:
            return True  # nothing is published yet

    def is_current(self, runs: Sequence[Run], shown: Sequence[Run]) -> bool:
        """Whether the published site is what executing these runs again would give."""
        if self.force or not self.standing.is_whole:
            return False
        handed = [run for run in runs if run.reads_findings]
        if handed:
            handed = self.handed(handed, published(self.reports))
        for run in [*(run for run in runs if not run.reads_findings), *handed]:
            entry = self.cache.find(run, self.keys)
            if entry is None or not self.standing.shows(run, entry.key):
                return False
        return self.standing.is_site(self.standing.site_key(self.standing.pages, shown))

    def sort(self, runs: Sequence[Run]) -> tuple[list[Run], list[Outcome]]:
        """Tell runs that must be executed from those whose result is at hand.

        Returns
        -------
        tuple of (list of Run, list of Outcome)
            What is due, and what was kept of runs whose page has to be rendered again. A run in neither has a page
            that is published and right.
        """
        self.keys.hash_all(run.path for run in runs)
        self.standing.note_texts(run.path for run in runs)
        self._asked |= {run.name for run in runs}
        due: list[Run] = []
        restored: list[Outcome] = []
        for run in runs:
            entry = None if self.force else self.cache.find(run, self.keys)
            if entry and self.standing.shows(run, entry.key):
                self._pages[run.name] = self.standing.page_key(run, entry.key)
                self.cache.remember(run, entry.parts)
            elif entry and (outcome := self._restored(run, entry)):
                restored.append(outcome)
                self.cache.remember(run, entry.parts)
            else:
                due.append(run)
        return due, restored

    def keep(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Keep the results of good runs; returns the outcomes with their keys.

        A file that was edited while notebooks ran belongs to none of them for sure: such a result is published, but
        has no key and is not kept.
        """
        now = Keys(self.root)
        kept = []
        for one in outcomes:
            entry = self.cache.entry(one, self.keys)
            is_sure = entry == self.cache.entry(one, now) and self.keys.has_read_as_described(one.journal)
            if one.error is None and one.notebook is not None and is_sure:
                self.cache.store(one, self.keys)
            kept.append(replace(one, key=entry.key if is_sure else ""))
        self.cache.prune()
        return kept

    def handed(self, runs: Sequence[Run], document: Mapping[str, Any]) -> list[Run]:
        """Return runs that read findings, each with the findings of the others.

        An exploratory start knows the findings of its own edition; the published editions are added to them.
        """
        if self.reports.name == CUSTOM:
            editions = {**published(self.reports.parent).get("editions", {}), **document["editions"]}
            document = {**document, "editions": editions}
        content = json.dumps(_without(document, {run.notebook for run in runs}), sort_keys=True, ensure_ascii=False)
        return [replace(run, files={FINDINGS: content}) for run in runs]

    def note_checked(self, outcomes: Sequence[Outcome]) -> None:
        """Note the pages that good outcomes give."""
        for one in outcomes:
            if one.error is None:
                self._pages[one.run.name] = self.standing.page_key(one.run, one.key)

    def note_published(self, shown: Sequence[Run]) -> None:
        """Record what was published just now, so that the next start can see that it is current."""
        pages = {run.name: key for run in shown if (key := self._pages.get(run.name) or self._untouched(run))}
        self.standing.record(self.standing.site_key(pages, shown), pages)

    def _untouched(self, run: Run) -> str | None:
        """Return the key of a page that this start did not ask for."""
        is_as_it_was = self.standing.is_whole and run.name not in self._asked
        return self.standing.pages.get(run.name) if is_as_it_was else None

    def _restored(self, run: Run, entry: Entry) -> Outcome | None:
        outcome = self.cache.load(run, entry)
        with contextlib.suppress(ValueError):
            if outcome and outcome.notebook is not None:
                return replace(outcome, notebook=graft(outcome.notebook, run.path))
        return None


def published(reports: Path) -> dict[str, Any]:
    """Return the published ``results.json``; nothing where there is none or it cannot be read."""
    try:
        document = json.loads((reports / "results.json").read_text(encoding="utf-8"))
        return dict(document, editions=dict(document["editions"]))
    except (OSError, ValueError, KeyError, TypeError):
        return {"editions": {}}


def _without(document: Mapping[str, Any], notebooks: set[str]) -> dict[str, Any]:
    """Return findings without those of the notebooks that read them."""
    editions = {
        name: {**edition, "notebooks": {of: one for of, one in edition["notebooks"].items() if of not in notebooks}}
        for name, edition in document["editions"].items()
    }
    return {**document, "editions": editions}
