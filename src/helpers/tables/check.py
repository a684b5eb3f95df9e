"""Check the whole data package, or bring its computed parts up to date.

``python -m helpers check`` prints one line a table, and under it each fault: file, row, column, value and rule.
``python -m helpers check --update`` also writes what follows from the files: their bytes and hashes in the descriptor,
and the catalogue ``data/README.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.tables import asof, catalogue, continuity, descriptor, identities, structure, vintages
from helpers.tables.descriptor import FILE, Resource
from helpers.tables.faults import DataError, Fault, VintageError

if TYPE_CHECKING:
    import pandas as pd

_LISTED = 20
"""Faults shown of one table; a shifted column breaks every row."""

_REFRESH = "run `python -m helpers check --update` if the change is meant"


@dataclass(frozen=True)
class Result:
    """What was found in one table, or in one part of the package.

    Parameters
    ----------
    name : str
        Table, or part such as ``"identities"``.
    summary : str
        One line: rows and columns, or what was compared.
    faults : tuple of Fault
        Every broken rule.
    """

    name: str
    summary: str
    faults: tuple[Fault, ...] = field(default=())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the check as a command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments after the command's name; by default those of the process.

    Returns
    -------
    int
        0 if nothing is wrong, 1 if something is, 2 for arguments that make no sense (from argparse).
    """
    parser = argparse.ArgumentParser(prog="python -m helpers check", description="Validate the data package.")
    parser.add_argument("--update", action="store_true", help="write bytes, hashes and the catalogue anew")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="data folder (default: the project's)")
    chosen = parser.parse_args(argv)
    try:
        folder = descriptor.root(chosen.data)
    except VintageError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    if chosen.update and folder.parent.name == vintages.FOLDER:
        sys.stderr.write(f"error: {folder.name} is a vintage, which stays as it was made; refresh makes another\n")
        return 2
    results = (update(folder) if chosen.update else []) or check(folder)
    sys.stdout.write("\n".join(report(results)) + "\n")
    return 1 if any(result.faults for result in results) else 0


def report(results: Sequence[Result]) -> list[str]:
    """Return the lines that a person reads: one a table, and its faults under it."""
    width = max(len(result.name) for result in results)
    lines = []
    for result in results:
        mark = "FAULT" if result.faults else "ok   "
        lines.append(f"{mark}  {result.name:<{width}}  {result.summary}")
        lines += [f"       {fault}" for fault in result.faults[:_LISTED]]
        if len(result.faults) > _LISTED:
            lines.append(f"       … and {len(result.faults) - _LISTED} more")
    total = sum(len(result.faults) for result in results)
    return [*lines, "", f"{total or 'no'} fault{'' if total == 1 else 's'}"]


def check(folder: Path, *, computed: bool = True) -> list[Result]:
    """Check every table of a data folder, and what holds between them.

    Parameters
    ----------
    folder : pathlib.Path
        The data folder.
    computed : bool
        Whether to compare the computed parts too: bytes, hashes and the catalogue.

    Returns
    -------
    list of Result
        The package, each table, the identities, and the catalogue.
    """
    try:
        resources = descriptor.resources(folder)
    except DataError as error:
        return [Result("package", "the descriptor cannot be used, so nothing else was checked", error.faults)]
    tables: dict[str, pd.DataFrame] = {}
    results = [_package(folder, resources)]
    results += [_table(folder, resource, tables, computed=computed) for resource in resources]
    results = [_with_sources(result, tables) for result in results]
    results.append(_identities(folder, tables))
    return [*results, _catalogue(folder)] if computed else results


def _package(folder: Path, resources: list[Resource]) -> Result:
    faults = descriptor.structure_faults(folder)
    listed = {resource.get("path") for resource in resources}
    faults += [
        Fault(path.name, f"a table that {FILE} does not list")
        for path in sorted(folder.glob("*.csv"))
        if path.name not in listed
    ]
    return Result("package", f"{len(resources)} tables in {FILE}", tuple(faults))


def _table(folder: Path, resource: Resource, tables: dict[str, pd.DataFrame], *, computed: bool) -> Result:
    """Check one table; put it into ``tables`` if its rows can be used."""
    from helpers.tables import columns, reading, schema

    name = resource["name"]
    if faults := structure.faults(resource):
        return Result(name, f"cannot be checked: its part of {FILE} is broken", tuple(faults))
    faults = _computed_faults(folder, resource) if computed else []
    try:
        cells = reading.read(folder, resource)
        table = columns.frame(resource, cells)
    except DataError as error:
        return Result(name, "cannot be read", (*error.faults, *faults))
    try:
        schema.validate(resource, cells, table)
    except DataError as error:
        faults = [*error.faults, *faults]
    if table.index.is_unique:
        tables[name] = table
        faults = [*continuity.faults(resource, cells, table), *faults]
    return Result(name, f"{len(table):,} rows, {len(table.columns)} columns", tuple(faults))


def _computed_faults(folder: Path, resource: Resource) -> list[Fault]:
    try:
        content = descriptor.read_bytes(folder / resource["path"])
    except DataError:
        return []  # Reading the table tells it better.
    path, digest = resource["path"], f"sha256:{sha256(content).hexdigest()}"
    if digest == resource["hash"] and len(content) == resource["bytes"]:
        return []
    rule = f"the file is not the one described: {len(content):,} bytes, {digest[:19]}…, where {FILE} has"
    return [Fault(path, f"{rule} {resource['bytes']:,} bytes, {resource['hash'][:19]}…; {_REFRESH}")]


def _with_sources(result: Result, tables: dict[str, pd.DataFrame]) -> Result:
    """Add a fault for each source that a table cites and `sources` does not have."""
    table, sources = tables.get(result.name), tables.get("sources")
    if table is None or sources is None or result.name == "sources" or "source_id" not in table:
        return result
    unknown = asof.unknown_sources(table["source_id"], frozenset(sources["source_id"]))
    return replace(result, faults=(*result.faults, *unknown))


def _identities(folder: Path, tables: dict[str, pd.DataFrame]) -> Result:
    stated = descriptor.package(folder).get("identities", [])
    faults: list[Fault] = []
    left_out: list[str] = []
    exceptions = 0
    for identity in stated:
        missing = [name for name in identity.get("tables", []) if name not in tables]
        if missing:
            left_out.append(f"{identity['id']} ({', '.join(missing)})")
            continue
        found, excused = _broken(identity, tables)
        faults += found
        exceptions += excused
    summary = f"{len(stated) - len(left_out)} hold, but for {exceptions} exceptions with a stated reason"
    if faults:
        summary = f"{len(stated) - len(left_out)} compared"
    if left_out:
        summary += f"; not compared, for lack of a sound table: {', '.join(left_out)}"
    return Result("identities", summary, tuple(faults))


def _broken(identity: identities.Identity, tables: dict[str, pd.DataFrame]) -> tuple[list[Fault], int]:
    """Return the faults of one identity, and how many of its declared exceptions still are."""
    excused = {exception["row"] for exception in identity.get("exceptions", [])}
    try:
        found = identities.breaks(identity, tables)
    except KeyError as error:
        return [
            Fault(
                FILE, f"the identity {identity.get('id')} names something that is not there", value=str(error.args[0])
            )
        ], 0
    faults = []
    for broken in found:
        if broken.row not in excused:
            name = broken.row.split("/", 1)[0]
            value = tables[name].loc[broken.row, broken.column]
            rule = f"should be {broken.expected}, in {broken.row}: {identity['statement']}"
            faults.append(Fault(f"{name}.csv", rule, column=broken.column, value=_text(value)))
    gone = sorted(excused - {broken.row for broken in found})
    faults += [Fault(FILE, f"the exception to {identity['id']} is none any more", value=row) for row in gone]
    return faults, len(excused) - len(gone)


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _catalogue(folder: Path) -> Result:
    usable = not any(structure.faults(resource) for resource in descriptor.resources(folder))
    try:
        stale = usable and catalogue.stale(folder)
    except DataError:
        usable = False
    if not usable:
        return Result("catalogue", f"{catalogue.FILE} was not compared, for lack of a sound table")
    if stale:
        return Result("catalogue", "stale", (Fault(catalogue.FILE, f"differs from what {FILE} gives; {_REFRESH}"),))
    return Result("catalogue", f"{catalogue.FILE} is up to date")


def update(folder: Path) -> list[Result]:
    """Write the computed parts: bytes and hashes in the descriptor, and the catalogue.

    Parameters
    ----------
    folder : pathlib.Path
        The data folder.

    Returns
    -------
    list of Result
        Empty if all was written. Where the tables themselves are at fault, those results: nothing was written.
    """
    results = check(folder, computed=False)
    if any(result.faults for result in results):
        return results
    package = json.loads(json.dumps(descriptor.package(folder)))
    for resource in package["resources"]:
        content = descriptor.read_bytes(folder / resource["path"])
        resource["bytes"] = len(content)
        resource["hash"] = f"sha256:{sha256(content).hexdigest()}"
    _write(folder / FILE, json.dumps(package, indent=2, ensure_ascii=False) + "\n")
    _write(folder / catalogue.FILE, catalogue.render(folder))
    return []


def _write(path: Path, text: str) -> None:
    """Replace a file whole: a reader sees the old one or the new one."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    # mkstemp makes a private file; data are for everyone.
    Path(temporary).chmod(0o644)
    Path(temporary).replace(path)


if __name__ == "__main__":
    sys.exit(main())
