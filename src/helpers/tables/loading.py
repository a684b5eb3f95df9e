"""Tables as they stood on a day: read, typed, validated, cut to what was known, and masked."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers import journal
from helpers.tables import asof, descriptor, reading, revisions, structure, vintages
from helpers.tables.faults import DataError

if TYPE_CHECKING:
    import pandas as pd

Folder = str | os.PathLike[str] | None


def load(
    name: str, as_of: date | str | None = None, *, root: Folder = None, vintage: str | None = None
) -> pd.DataFrame:
    """Return a table, validated, with the rows and values known on a day.

    Parameters
    ----------
    name : str
        Table name, for example ``"cash_flows"``.
    as_of : datetime.date or str, optional
        Day of knowledge; rows known only later are left out, and later outcomes are masked. None gives every row.
    root : path, optional
        Data folder, by default ``$WHO_PAYS_DATA``, then the repository's, then the installed package's.
    vintage : str, optional
        ``"shipped"``, ``"live"`` (the accepted vintage) or a name such as ``"2026-11-23"``. By default
        ``$WHO_PAYS_VINTAGE``, then ``"shipped"``. A notebook leaves it out, so that one run reads one vintage;
        give it to compare two. A value that a refresh revised stands as it was before, when `as_of` is an earlier
        day.

    Returns
    -------
    pandas.DataFrame
        Indexed by row id (``"cash_flows/AMZN/2025-06-30"``); all columns of the file, typed. Units are those of
        `describe`: US dollars are in millions unless the field says otherwise. A missing value stays missing.

    Raises
    ------
    DataError
        If the file breaks its descriptor; the message names file, row, column, value and rule.
    KeyError
        If there is no such table.
    VintageError
        If there is no such vintage, or this run of the pipeline has already read another.
    """
    # Read the date first: a wrong one is the caller's error and must not hide behind the file's.
    limit = None if as_of is None else asof.day(as_of)
    folder = descriptor.root(root, vintage)
    vintages.hold(read := descriptor.vintage_name(folder))
    table, digest = _complete(name, folder)
    if limit is not None:
        table = _as_known(name, table, limit, folder)
    day = None if limit is None else limit.date().isoformat()
    journal.record("table", name=name, sha256=digest, as_of=day, rows=len(table), vintage=read)
    journal.cite(_cited(name, table))
    return table


def known_from(name: str, *, root: Folder = None, vintage: str | None = None) -> pd.Series[Any]:
    """Return the first day on which each row of a table could be known.

    Parameters
    ----------
    name : str
        Table name.
    root : path, optional
        Data folder; see `load`.
    vintage : str, optional
        Vintage; see `load`.

    Returns
    -------
    pandas.Series
        datetime64 by row id.
    """
    folder = descriptor.root(root, vintage)
    vintages.hold(descriptor.vintage_name(folder))
    table, _ = _complete(name, folder)
    return asof.known_from(descriptor.describe(name, folder), table, lambda other: _typed(other, folder))


def sources(frame: pd.DataFrame, *, root: Folder = None, vintage: str | None = None) -> pd.DataFrame:
    """Return the sources that the rows of a frame cite.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows of any tables, with their ``source_id`` column (several ids in a cell are joined by ``;``).
    root : path, optional
        Data folder; see `load`.
    vintage : str, optional
        Vintage; see `load`.

    Returns
    -------
    pandas.DataFrame
        Rows of the table ``sources``, each once, in the order of that table.
    """
    cited = {source for cell in frame["source_id"].dropna() for source in str(cell).split(";")}
    table = load("sources", root=root, vintage=vintage)
    return table[table["source_id"].isin(cited)]


@dataclass
class _Table:
    """Every row of a table, typed; kept as long as the process, since a notebook asks for the same tables at many days.

    Attributes
    ----------
    frame : pandas.DataFrame
        Never handed out itself.
    cells : Cells
        What the frame was made of.
    is_valid : bool
        Whether it was held against its descriptor already.
    """

    frame: pd.DataFrame
    cells: reading.Cells
    is_valid: bool = False


_kept: dict[tuple[str, str], _Table] = {}
"""Tables by the hashes of their bytes and of their descriptor: another content is another table."""


def _complete(name: str, folder: Path) -> tuple[pd.DataFrame, str]:
    """Read, type and validate every row of a table; return it with the hash of its bytes."""
    from helpers.tables import schema

    found = _found(name, folder)
    if not found.is_valid:
        schema.validate(descriptor.describe(name, folder), found.cells, found.frame)
        found.is_valid = True
    return found.frame.copy(deep=False), found.cells.sha256


def _typed(name: str, folder: Path) -> pd.DataFrame:
    """Read and type every row of a table; enough for a table that only lends its dates to another."""
    return _found(name, folder).frame.copy(deep=False)


def _found(name: str, folder: Path) -> _Table:
    from helpers.tables import columns

    resource = descriptor.describe(name, folder)
    if faults := structure.faults(resource):
        raise DataError(faults)
    content = reading.content(folder, resource)  # the file itself, each time: it may have changed
    own = content.sha256, hashlib.sha256(json.dumps(resource, sort_keys=True).encode()).hexdigest()
    if own not in _kept:
        cells = reading.cells(content, resource)
        _kept[own] = _Table(columns.frame(resource, cells), cells)
    return _kept[own]


def _cited(name: str, table: pd.DataFrame) -> set[str]:
    """Return the sources of some rows; the list of sources cites none, and the article's claims are what is tested."""
    if name in {"sources", "claims"} or "source_id" not in table:
        return set()
    return {id for cell in table["source_id"].dropna().unique() for id in str(cell).split(";") if id}


def _as_known(name: str, table: pd.DataFrame, limit: pd.Timestamp, folder: Path) -> pd.DataFrame:
    resource = descriptor.describe(name, folder)

    def other(wanted: str) -> pd.DataFrame:
        return _typed(wanted, folder)

    known = table[asof.known_from(resource, table, other) <= limit]
    known = revisions.undo(name, known, limit, folder)
    masked: dict[str, pd.Series[Any]] = {}
    for rule in resource.get("maskedUntilKnown", []):
        masked |= asof.mask(known, rule, limit, other)
    return known.assign(**masked)
