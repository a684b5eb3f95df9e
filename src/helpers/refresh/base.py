"""The tables a refresh starts from: the accepted vintage, or the shipped ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.refresh.merge import Row, Standing
from helpers.tables import descriptor, reading, revisions, vintages

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Base:
    """A data package to start from.

    Parameters
    ----------
    name : str
        ``"shipped"`` or the name of a vintage.
    folder : pathlib.Path
        Where it is.
    shipped : pathlib.Path
        Folder of the shipped tables.
    note : str
        Why it is not the accepted vintage, where that was passed over.
    """

    name: str
    folder: Path
    shipped: Path
    note: str = ""

    @property
    def package(self) -> dict[str, Any]:
        """The whole descriptor."""
        return descriptor.package(self.folder)

    @property
    def day(self) -> date:
        """The day of which the tables are: of the vintage, or of the compilation."""
        told = self.package.get("vintage")
        return date.fromisoformat(told["day"] if told else self.package["compiled"])

    def rows(self, table: str) -> list[Row]:
        """Return a table's rows as text, by column."""
        cells = reading.read(self.folder, descriptor.describe(table, self.folder)).columns
        return [dict(zip(cells, values, strict=True)) for values in zip(*cells.values(), strict=True)]

    def frame(self, table: str) -> pd.DataFrame:
        """Return a table, typed and validated."""
        from helpers.tables import loading

        return loading.load(table, root=self.folder)

    def has(self, table: str) -> bool:
        """Return whether the package has a table."""
        return any(one["name"] == table for one in descriptor.resources(self.folder))

    def standing(self, table: str) -> Standing:
        """Return since when the figures of a table are known."""
        from helpers.tables import loading

        days = loading.known_from(table, root=self.folder)
        known = {str(row): day.date().isoformat() for row, day in days.items()}
        earlier = self.rows(revisions.NAME) if self.has(revisions.NAME) else []
        revised = {(row["row"], row["column"]): row["new_known"] for row in earlier if row["table"] == table}
        return Standing(known, revised, str(self.package["compiled"]))


def open_base(shipped: Path) -> Base:
    """Return the accepted vintage, or the shipped tables where none was accepted or it began from other ones.

    Parameters
    ----------
    shipped : pathlib.Path
        Folder of the shipped tables.

    Raises
    ------
    VintageError
        If the accepted vintage is gone.
    """
    accepted = vintages.accepted(shipped)
    if accepted is None:
        return Base(vintages.SHIPPED, shipped, shipped)
    folder = vintages.folder(accepted, shipped)
    if descriptor.package(folder)["vintage"]["shipped"] != fingerprint(shipped):
        note = f"the shipped tables changed since the vintage {accepted} was made: starting from the shipped ones"
        return Base(vintages.SHIPPED, shipped, shipped, note)
    return Base(accepted, folder, shipped)


def fingerprint(shipped: Path) -> str:
    """Return the hash of the shipped descriptor, which holds the hash of every shipped table."""
    return sha256(descriptor.read_bytes(shipped / descriptor.FILE)).hexdigest()
