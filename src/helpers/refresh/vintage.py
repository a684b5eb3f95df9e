"""Makes a vintage, all or nothing, and accepts one.

A vintage is a whole data package: tables that were not refreshed are copied into it, so that it stays what it is when
the shipped tables change, can be moved as one folder, and is checked by the same hashes. Two megabytes are cheap.

It is built beside its place and moved there by one rename. A killed refresh leaves a hidden folder that the next one
removes; a lock, which the system lets go of when its holder ends, keeps two from running at once.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from helpers.refresh import filed, package
from helpers.refresh.base import Base
from helpers.refresh.errors import RefreshError
from helpers.refresh.exceptions import settle
from helpers.refresh.merge import Change, Merged, Row, merge
from helpers.refresh.update import Refreshed
from helpers.tables import descriptor, revisions, vintages
from helpers.tables.descriptor import FILE
from helpers.tables.faults import DataError, Fault, VintageError

_BUILDING = ".building-"
_LOCK = ".lock"
_SOURCES = "sources"


@dataclass(frozen=True)
class Draft:
    """A vintage that is built and checked, and not yet in its place.

    Parameters
    ----------
    name : str
        Name it will have.
    folder : pathlib.Path
        Where it was built.
    tables : list of Merged
        The refreshed tables.
    problems : list of str
        What was found, one line each.
    facts, new_facts : int
        Facts filed with the SEC that it keeps, and how many of them the vintage it starts from has not.
    """

    name: str
    folder: Path
    tables: list[Merged]
    problems: list[str]
    facts: int = 0
    new_facts: int = 0


@contextlib.contextmanager
def locked(shipped: Path) -> Iterator[Path]:
    """Take the right to make vintages; yields their folder.

    Parameters
    ----------
    shipped : pathlib.Path
        Folder of the shipped tables.

    Raises
    ------
    RefreshError
        If another refresh has it, or the folder cannot be written.
    """
    folder = shipped / vintages.FOLDER
    try:
        folder.mkdir(exist_ok=True)
        lock = (folder / _LOCK).open("a")
    except OSError as error:
        raise RefreshError("refresh", f"cannot write in {folder}: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefreshError("refresh", "another refresh is at work here", remedy="wait for its end") from None
        for left in folder.glob(f"{_BUILDING}*"):  # of a refresh that was killed
            shutil.rmtree(left, ignore_errors=True)
        yield folder


@contextlib.contextmanager
def drafted(folder: Path, base: Base, gathered: Sequence[Refreshed], day: date) -> Iterator[Draft]:
    """Build a vintage aside and check it; what is not moved into its place by the end of the block is removed.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the vintages, from `locked`.
    base : Base
        The tables it starts from.
    gathered : sequence of Refreshed
        What the sources gave.
    day : datetime.date
        Day of the vintage.

    Raises
    ------
    RefreshError
        If the new tables would break a rule of their descriptor.
    """
    name = _free_name(folder, day)
    tables = _merged(base, gathered, name)
    problems = [problem for refreshed in gathered for problem in refreshed.problems]
    build = Path(tempfile.mkdtemp(dir=folder, prefix=_BUILDING))
    try:
        try:
            _write_tables(build, base, tables, gathered, name)
            facts, new = _write_facts(build, base, gathered, name)
            sources = [refreshed.source for refreshed in gathered]
            document = package.describe(base, name, day, tables, sources, problems, has_facts=facts > 0)
            _write_descriptor(build, document)
            problems += settle(build, document, name, tables)
            _write_descriptor(build, document)
            _check(build)
        except DataError as error:
            raise _broken(error.faults) from None
        except OSError as error:
            raise RefreshError("refresh", f"the vintage cannot be written: {error.strerror}") from None
        yield Draft(name, build, list(tables.values()), problems, facts, new)
    finally:
        shutil.rmtree(build, ignore_errors=True)


def publish(draft: Draft) -> Path:
    """Move a draft into its place; returns the place."""
    place = draft.folder.parent / draft.name
    draft.folder.chmod(0o755)  # mkdtemp makes it private
    draft.folder.rename(place)
    return place


def accept(shipped: Path, name: str) -> str:
    """Make a vintage the one that ``live`` stands for.

    Parameters
    ----------
    shipped : pathlib.Path
        Folder of the shipped tables.
    name : str
        Name of a vintage, or ``"shipped"`` to accept none.

    Returns
    -------
    str
        What was accepted before: a name, or ``"shipped"``.

    Raises
    ------
    VintageError
        If there is no such vintage.
    """
    pointer = shipped / vintages.FOLDER / vintages.ACCEPTED
    before = pointer.read_text(encoding="utf-8").strip() if pointer.is_file() else vintages.SHIPPED
    if name == vintages.SHIPPED:
        pointer.unlink(missing_ok=True)
        return before
    if name == vintages.LIVE:
        raise VintageError("`live` stands for the accepted vintage; give a name such as 2026-11-23")
    vintages.resolve(name, shipped)
    aside = pointer.with_name(f".{vintages.ACCEPTED}-{os.getpid()}")
    aside.write_text(f"{name}\n", encoding="utf-8")
    aside.replace(pointer)
    return before


def _free_name(folder: Path, day: date) -> str:
    """Return a name no vintage has: a vintage is never written over."""
    number = 1
    while (folder / (name := f"{day}" if number == 1 else f"{day}-{number}")).exists():
        number += 1
    return name


def _merged(base: Base, gathered: Sequence[Refreshed], name: str) -> dict[str, Merged]:
    tables: dict[str, Merged] = {}
    for update in (update for refreshed in gathered for update in refreshed.updates):
        if update.rows.empty:
            continue  # the source has nothing to say of this table
        resource = descriptor.describe(update.table, base.folder)
        before = tables.get(update.table)
        rows = before.rows if before else base.rows(update.table)
        merged = merge(resource, rows, update, base.standing(update.table), name)
        if before:  # a second update of the table speaks of other rows
            merged.states = {
                row: before.states[row] if state == "carried over" else state for row, state in merged.states.items()
            }
            merged.changes, merged.kept = before.changes + merged.changes, before.kept + merged.kept
        tables[update.table] = merged
    return tables


def _write_tables(build: Path, base: Base, tables: dict[str, Merged], gathered: Sequence[Refreshed], name: str) -> None:
    for resource in descriptor.resources(base.folder):
        if resource["name"] in package.ABOUT:
            continue
        if resource["name"] in tables:
            _write_csv(build / resource["path"], _columns(resource), tables[resource["name"]].rows)
        else:
            shutil.copyfile(base.folder / resource["path"], build / resource["path"])
    _write_sources(build, base, gathered)
    _write_revisions(build, base, tables, name)
    states = [row for row in _earlier(base, package.ROW_STATES) if row["table"] not in tables]
    for merged in tables.values():
        states += [
            {"table": merged.table, "row": row, "state": state, "vintage": name} for row, state in merged.states.items()
        ]
    if states:
        _write_csv(build / f"{package.ROW_STATES}.csv", ["table", "row", "state", "vintage"], states)


def _write_sources(build: Path, base: Base, gathered: Sequence[Refreshed]) -> None:
    """Add the sources of the new rows, each once."""
    resource = descriptor.describe(_SOURCES, base.folder)
    rows = {row["source_id"]: row for row in base.rows(_SOURCES)}
    for refreshed in gathered:
        for record in refreshed.sources.to_dict("records"):
            rows[str(record["source_id"])] = {column: str(record[column]) for column in _columns(resource)}
    _write_csv(build / resource["path"], _columns(resource), list(rows.values()))


def _write_revisions(build: Path, base: Base, tables: dict[str, Merged], name: str) -> None:
    rows = _earlier(base, revisions.NAME)
    rows += [vars(change) | {"vintage": name} for merged in tables.values() for change in merged.changes]
    if rows:
        columns = [one.name for one in dataclasses.fields(Change)]
        _write_csv(build / f"{revisions.NAME}.csv", [*columns, "vintage"], rows)


def _write_facts(build: Path, base: Base, gathered: Sequence[Refreshed], name: str) -> tuple[int, int]:
    """Write what was filed with the SEC; return how many facts there are, and how many new ones."""
    rows, new = filed.together(_earlier(base, filed.NAME), gathered, name)
    if rows:
        _write_csv(build / f"{filed.NAME}.csv", list(filed.COLUMNS), rows)
    return len(rows), new


def _earlier(base: Base, table: str) -> list[Row]:
    return base.rows(table) if base.has(table) else []


def _columns(resource: descriptor.Resource) -> list[str]:
    return [field["name"] for field in resource["schema"]["fields"]]


def _write_csv(path: Path, columns: list[str], rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_descriptor(build: Path, document: dict[str, object]) -> None:
    (build / FILE).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _check(build: Path) -> None:
    """Write hashes and the catalogue, or say which rule the new tables break."""
    from helpers.tables import check

    if faults := [fault for result in check.update(build) for fault in result.faults]:
        raise _broken(faults)


def _broken(faults: Sequence[Fault]) -> RefreshError:
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    what = f"the new tables break a rule of theirs: {faults[0]}{more}"
    return RefreshError("refresh", what, remedy="nothing was changed")
