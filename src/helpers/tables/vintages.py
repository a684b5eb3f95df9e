"""Which state of the data is read: the shipped tables, or a vintage that a refresh made.

A vintage is a whole data package of its own in ``live/<name>/`` of the data folder, named by its day (a second one of
the same day ends in ``-2``). The file ``live/accepted`` names the one that ``"live"`` stands for. Without
``$WHO_PAYS_VINTAGE`` the shipped tables are read.

Not to be confused with an edition, which is an ``as_of`` date of the reports.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from helpers import journal
from helpers.tables.faults import VintageError

VARIABLE = "WHO_PAYS_VINTAGE"
SHIPPED = "shipped"
LIVE = "live"
FOLDER = "live"
"""Folder of the vintages inside the data folder; git ignores it."""
ACCEPTED = "accepted"
"""File in that folder which holds the name of the accepted vintage."""

_DESCRIPTOR = "datapackage.json"
_NAME = re.compile(r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})(-(?P<number>[1-9][0-9]*))?")

_read: dict[str, str] = {}
"""The vintage that each run of the pipeline in this process reads, by the run's journal."""


def wanted(vintage: str | None = None) -> str:
    """Return the vintage asked for: the one given, ``$WHO_PAYS_VINTAGE``, or the shipped tables."""
    return vintage or os.environ.get(VARIABLE) or SHIPPED


def names(data: Path) -> list[str]:
    """Return the vintages of a data folder, oldest first.

    Parameters
    ----------
    data : pathlib.Path
        Folder of the shipped tables.
    """
    folder = data / FOLDER
    found = [path.parent.name for path in folder.glob(f"*/{_DESCRIPTOR}")] if folder.is_dir() else []
    return sorted(filter(_NAME.fullmatch, found), key=_order)


def accepted(data: Path) -> str | None:
    """Return the vintage that ``"live"`` stands for, or None where none was accepted.

    Raises
    ------
    VintageError
        If the accepted vintage is not there any more.
    """
    try:
        name = (data / FOLDER / ACCEPTED).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    if name not in names(data):
        raise VintageError(
            f"the accepted vintage {name!r} is not in {data / FOLDER}; "
            "`python -m helpers vintages --accept NAME` accepts another, `--accept shipped` none"
        )
    return name


def resolve(vintage: str | None, data: Path) -> str:
    """Return the name of the vintage that is meant.

    Parameters
    ----------
    vintage : str, optional
        ``"shipped"``, ``"live"`` or a name such as ``"2026-11-23"``; by default ``$WHO_PAYS_VINTAGE``, then
        ``"shipped"``.
    data : pathlib.Path
        Folder of the shipped tables.

    Returns
    -------
    str
        ``"shipped"``, or the name of a vintage that is there.

    Raises
    ------
    VintageError
        If there is no such vintage, or none was accepted.
    """
    name = wanted(vintage)
    if name == SHIPPED:
        return name
    if name == LIVE:
        chosen = accepted(data)
        if chosen is None:
            raise VintageError(
                "no vintage has been accepted; `python -m helpers refresh --accept` makes one, "
                "`python -m helpers vintages` lists those that are there"
            )
        return chosen
    there = names(data)
    if name not in there:
        raise VintageError(f"no vintage {name!r}; there are {', '.join([SHIPPED, *there])}")
    return name


def folder(vintage: str | None, data: Path) -> Path:
    """Return the folder that holds a vintage's tables; see `resolve`."""
    name = resolve(vintage, data)
    return data if name == SHIPPED else data / FOLDER / name


def hold(name: str) -> None:
    """Note the vintage that a run of the pipeline reads, and refuse a second one in the same run.

    Outside the pipeline, where there is no journal, vintages may be compared.

    Raises
    ------
    VintageError
        If this run has already read another vintage.
    """
    run = os.environ.get(journal.VARIABLE)
    if not run:
        return
    first = _read.setdefault(run, name)
    if first != name:
        raise VintageError(
            f"this run has read the vintage {first!r} and cannot read {name!r} too: one run, one vintage. "
            "Leave the vintage out in the notebook and choose it for the whole run (make reports VINTAGE=…)"
        )


def _order(name: str) -> tuple[str, int]:
    found = _NAME.fullmatch(name)
    return (found["day"], int(found["number"] or 1)) if found else (name, 0)
