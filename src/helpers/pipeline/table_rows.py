"""Rows of the tables as they stand in the files, found by row id: for pages that show what a number rests on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from helpers import tables
from helpers.tables import columns, descriptor, reading
from helpers.tables.loading import Folder

_ACCESSION = re.compile(r"(?:SEC accession )?(\d{10})-(\d{2})-(\d{6})")
#: EDGAR's number of each firm (CIK). The folder of a filing bears it, but an accession number begins with that of
#: whoever handed the filing in, which may be an agent. From https://www.sec.gov/files/company_tickers.json.
_CIK = {
    "AAPL": 320193, "AMZN": 1018724, "CRWV": 1769628, "GOOGL": 1652044, "META": 1326801, "MSFT": 789019,
    "NVDA": 1045810, "ORCL": 1341439,
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes
    ----------
    id : str
        ``table/key``.
    table : str
    line : int
        Line of the file on which it begins; the header is line 1.
    cells : dict of str to str
        As written in the file; empty ones are left out.
    """

    id: str
    table: str
    line: int
    cells: dict[str, str]

    @property
    def key(self) -> str:
        """The id without the table's name."""
        return self.id.partition("/")[2]

    @property
    def anchor(self) -> str:
        """Name of the row inside a page."""
        return f"row-{self.table}-{self.line}"

    @property
    def sources(self) -> tuple[str, ...]:
        """Ids of the sources that the row cites."""
        return tuple(one for one in self.cells.get("source_id", "").split(";") if one)


class Rows:
    """The rows of a data folder, each table read when it is first asked for.

    Parameters
    ----------
    folder : path, optional
        Data folder; see `helpers.tables.load`.
    """

    def __init__(self, folder: Folder = None) -> None:
        self.folder = folder
        self._known: dict[str, dict[str, Row]] = {}
        self._grades: dict[str, str] = {}

    def find(self, id: str) -> Row | None:
        """Return a row, or None where no table has it."""
        name = id.partition("/")[0]
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name].get(id)

    def all(self, name: str) -> list[Row]:
        """Return every row of a table, in the file's order; none where there is no such table."""
        self.find(f"{name}/")
        return list(self._known[name].values())

    def count(self, name: str) -> int:
        """Return how many rows a table has."""
        return len(self.all(name))

    def source(self, id: str) -> Row | None:
        """Return a row of the table of sources."""
        return self.find(f"sources/{id}")

    def assumption(self, id: str) -> Row | None:
        """Return a row of the table of assumptions."""
        return self.find(f"assumptions/{id}")

    def grades(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the evidence grade of each row that exists; see `helpers.tables.grades`."""
        wanted = list(ids)
        new = [id for id in wanted if id not in self._grades and self.find(id) is not None]
        for name in {id.partition("/")[0] for id in new}:
            # All rows of a table at once: asking again for the next number costs nothing.
            if "grade" in descriptor.describe(name, self.folder):
                self._grades |= tables.grades(self._known[name], root=self.folder)
        return {id: self._grades[id] for id in wanted if id in self._grades}

    def _read(self, name: str) -> dict[str, Row]:
        if name not in descriptor.names(self.folder):
            return {}
        resource = descriptor.describe(name, self.folder)
        cells = reading.read(descriptor.root(self.folder), resource)
        found = {}
        for place, id in enumerate(columns.row_ids(resource, cells)):
            written = {column: values[place] for column, values in cells.columns.items() if values[place]}
            found[id] = Row(id, name, cells.lines[place], written)
        return found


def address(source: Row) -> str:
    """Return the web address of a source; empty for a filing whose folder is not known by its number alone.

    Raises
    ------
    ValueError
        If the locator is neither a web address nor the accession number of a filing: nobody could look it up.
    """
    locator = source.cells.get("locator", "")
    if re.fullmatch(r"https?://\S+", locator):
        return locator
    filing = _ACCESSION.fullmatch(locator)
    if filing is None:
        raise ValueError(f"the locator {locator!r} is neither a web address nor an accession number")
    firm = _CIK.get(re.split(r"[-_]", source.key)[0].upper())
    if firm is None:
        return ""
    return f"https://www.sec.gov/Archives/edgar/data/{firm}/{''.join(filing.groups())}/"
