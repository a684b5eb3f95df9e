"""Can everything that is published be checked? Walks each number, verdict and figure down to rows and sources."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.findings.schema import FIGURE_MIME, VERDICTS, weakest
from helpers.pipeline import integrity, results
from helpers.pipeline.errors import PipelineError
from helpers.pipeline.table_rows import Rows, address
from helpers.tables.faults import DataError

_EVIDENCE = ("value", "unit", "grade", "rows", "assumptions")


@dataclass
class Audit:
    """What was walked, and what was wrong.

    Attributes
    ----------
    numbers, claims, figures : int
        How many of each.
    problems : list of str
        One line each: ``edition/notebook/id: why``.
    """

    numbers: int = 0
    unknown: int = 0
    claims: int = 0
    figures: int = 0
    problems: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Return the audit for machines."""
        return {
            "walked": {"numbers": self.numbers, "claims": self.claims, "figures": self.figures},
            "unknown": self.unknown,
            "problems": self.problems,
        }


def audit(root: Path, reports: Path) -> Audit:
    """Walk everything that stands in some reports.

    Parameters
    ----------
    root : Path
        The project's folder, with the tables.
    reports : Path
        Holds ``results.json`` and ``executed/``.

    Returns
    -------
    Audit

    Raises
    ------
    PipelineError
        If there are no reports, or ``results.json`` is not what the pipeline writes.
    """
    document = read(reports)
    found = Audit()
    found.problems += [f"tables: {line}" for line in _damaged(root)]
    try:
        _walk(document, reports, Rows(integrity.data_folder(root)), found)
    except DataError as error:  # a table that cannot even be read: nothing that rests on it can be checked
        found.problems += [f"tables: {line}" for line in str(error).splitlines()]
    return found


def _walk(document: Mapping[str, Any], reports: Path, rows: Rows, found: Audit) -> None:
    auditor = _Auditor(rows)
    listed = set()
    for edition, notebook, stated in _runs(document):
        name = f"{edition}/{notebook}"
        listed.add(name)
        executed = _executed(reports, edition, notebook)
        found.problems += [f"{name}{line}" for line in _differences(stated, executed)]
        for kind in ("numbers", "claims"):
            for id, entry in stated[kind].items():
                found.problems += [f"{name}/{id}: {why}" for why in auditor.entry(entry)]
        for id, entry in stated["claims"].items():
            found.problems += [f"{name}/{id}: {why}" for why in auditor.claim(id, notebook, entry)]
        if stated["status"] == "ok":
            found.problems += [f"{name}: {why}" for why in auditor.missing(notebook, stated["claims"])]
        drawn = list(_figures(executed))
        for id, behind in drawn:
            found.problems += [f"{name}/{id}: {why}" for why in auditor.rows_of(behind)]
        found.numbers += len(stated["numbers"])
        found.unknown += sum(not one["rows"] and not one["assumptions"] for one in _all(stated))
        found.claims += len(stated["claims"])
        found.figures += len(drawn)
    for path in sorted((reports / "executed").glob("*/*.ipynb")):
        if (name := f"{path.parent.name}/{path.stem}") not in listed:
            found.problems.append(f"{name}: was executed and is not in results.json")


def _all(stated: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from stated["numbers"].values()
    yield from stated["claims"].values()


def read(reports: Path) -> dict[str, Any]:
    """Read ``results.json``.

    Raises
    ------
    PipelineError
        One line that says what to do.
    """
    path = reports / "results.json"
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PipelineError(
            f"no reports yet: {reports.name}/results.json is not there; `make reports` writes it"
        ) from None
    except (OSError, ValueError) as error:
        raise PipelineError(f"{reports.name}/results.json cannot be read: {error}") from None
    for edition, notebook, stated in _runs(document):
        for kind in ("numbers", "claims"):
            for id, entry in stated[kind].items():
                if lacking := [name for name in _EVIDENCE if name not in entry]:
                    where = f"{reports.name}/results.json: {edition}/{notebook}/{id}"
                    raise PipelineError(f"{where} has no {', '.join(lacking)}; `make reports` writes it afresh")
    return document


class _Auditor:
    """Checks single entries against the tables."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.claims = {row.key: row.cells for row in rows.all("claims")}

    def entry(self, entry: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong with the evidence of a number or a verdict."""
        if entry["value"] is not None and not entry["rows"] and not entry["assumptions"]:
            yield "rests on no row and no assumption"
        yield from self.rows_of(entry["rows"])
        yield from self._cited(f"assumptions/{id}" for id in entry["assumptions"])
        grades = list(self.rows.grades(entry["rows"]).values())
        grades += ["scenario"] * bool(entry["assumptions"]) + ["estimated"] * bool(entry.get("estimated"))
        if (expected := weakest(grades)) != entry["grade"]:
            yield f"graded {entry['grade']}, but its weakest input is {expected}"

    def rows_of(self, ids: Iterable[str]) -> Iterator[str]:
        """Yield what is wrong with rows: that they do not exist, have no grade or no source that can be looked up."""
        wanted = list(ids)
        yield from self._cited(wanted)
        graded = self.rows.grades(wanted)
        yield from (f"row {id} has no evidence grade" for id in wanted if id not in graded and self.rows.find(id))

    def claim(self, id: str, notebook: str, entry: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong with a verdict as such."""
        if id not in self.claims:
            yield "no such claim in claims.csv"
        elif self.claims[id]["notebook"] != notebook:
            yield f"judged here, but claims.csv says {self.claims[id]['notebook']}"
        if entry.get("verdict") not in VERDICTS:
            yield f"no such verdict: {entry.get('verdict')!r}"
        elif entry["verdict"] != "not testable" and not entry["rows"] and not entry["assumptions"]:
            yield "the verdict rests on no row and no assumption"
        if not str(entry.get("reason", "")).strip():
            yield "the verdict has no reason"

    def missing(self, notebook: str, claims: Mapping[str, Any]) -> Iterator[str]:
        """Yield the claims that a notebook should judge and does not."""
        for id, cells in self.claims.items():
            if cells["notebook"] == notebook and id not in claims:
                yield f"gives no verdict on {id}"

    def _cited(self, ids: Iterable[str]) -> Iterator[str]:
        for id in ids:
            row = self.rows.find(id)
            if row is None:
                yield f"no row {id}"
                continue
            for source in row.sources:
                found = self.rows.source(source)
                if found is None:
                    yield f"row {id} cites source {source}, which sources.csv does not have"
                    continue
                try:
                    address(found)
                except ValueError as error:
                    yield f"source {source} of row {id}: {error}"


def _runs(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield edition, notebook and what it states; a file of another form is an error."""
    try:
        for edition, content in document["editions"].items():
            for notebook, stated in content["notebooks"].items():
                yield edition, notebook, {"status": stated["status"], **{k: stated[k] for k in ("numbers", "claims")}}
    except (KeyError, TypeError, AttributeError) as error:
        raise PipelineError(f"results.json is not what the pipeline writes: {error!r}") from None


def _damaged(root: Path) -> list[str]:
    """Return the tables that are not those the descriptor describes."""
    try:
        integrity.check(root)
    except PipelineError as error:
        return [line for line in str(error).splitlines() if line.startswith("data/")]
    return []


def _executed(reports: Path, edition: str, notebook: str) -> dict[str, Any] | None:
    path = reports / "executed" / edition / f"{notebook}.ipynb"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content


def _differences(stated: Mapping[str, Any], executed: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield where ``results.json`` says something else than the executed notebook."""
    if executed is None:
        if stated["numbers"] or stated["claims"]:
            yield ": there is no executed notebook that states this"
        return
    numbers, claims = results.of_notebook(executed)
    for kind, found in (("numbers", numbers), ("claims", claims)):
        for id in sorted(found.keys() | stated[kind].keys()):
            if found.get(id) != stated[kind].get(id):
                yield f"/{id}: results.json and the executed notebook differ"


def _figures(executed: Mapping[str, Any] | None) -> Iterator[tuple[str, list[str]]]:
    for cell in (executed or {"cells": []})["cells"]:
        for output in cell.get("outputs", []):
            if figure := output.get("data", {}).get(FIGURE_MIME):
                yield figure["id"], figure["rows"]
