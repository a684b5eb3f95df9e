"""What a damaged table says about itself: the file, the line, the column, the value and the broken rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_SHOWN = 60
"""Characters of a bad value that a message quotes; a truncated file can leave a cell of megabytes."""


@dataclass(frozen=True)
class Fault:
    """One broken rule.

    Parameters
    ----------
    file : str
        File name inside the data folder, for example ``"cash_flows.csv"``.
    rule : str
        The broken rule, in words.
    line : int, optional
        Line of the file, the header being line 1; None where no single line is at fault.
    column : str, optional
        Name of the column; None where no single column is at fault.
    value : str, optional
        The cell as the file has it; None where no single cell is at fault.
    """

    file: str
    rule: str
    line: int | None = None
    column: str | None = None
    value: str | None = None

    def __str__(self) -> str:
        place = [self.file]
        if self.line is not None:
            place.append(f"row {self.line}")
        if self.column is not None:
            place.append(f"column {self.column}")
        quoted = "" if self.value is None else f" {_quote(self.value)}:"
        return f"{', '.join(place)}:{quoted} {self.rule}"


def _quote(value: str) -> str:
    text = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}… ({len(value)} characters)"
    return repr(text)


class DataError(ValueError):
    """A table that breaks its descriptor; ``faults`` holds every broken rule found.

    Parameters
    ----------
    faults : sequence of Fault
        At least one fault, in the order found.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        first = str(self.faults[0])
        more = len(self.faults) - 1
        super().__init__(first if not more else f"{first} (and {more} more)")


class VintageError(ValueError):
    """A vintage of the data that is not there, or a second one in the same run; one line that a person can act on."""
