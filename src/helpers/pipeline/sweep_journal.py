"""The rows of a sweep while it is under way: one line of JSON a run, appended as it ends.

A kill loses at most the line that was being written, and with it the run that had just ended. The lines stand in the
order of ending; `helpers.pipeline.sweep_table` puts them into that of the plan.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeGuard

from helpers.findings.schema import FINDINGS_MIME
from helpers.pipeline import results
from helpers.pipeline.key import Uses
from helpers.pipeline.outcome import Outcome

Row = dict[str, Any]
_HOLDS_FINDINGS = json.dumps(FINDINGS_MIME)


@dataclass(frozen=True)
class Place:
    """Where a row stands and whether it can be used again."""

    offset: int
    key: str
    is_good: bool


def identity(parameters: Mapping[str, object]) -> str:
    """Return what a row is found by: its parameters, so that a sweep may grow and keep its rows."""
    # A column of the file holds 1 and 1.5 alike as numbers with a fraction.
    plain = {name: int(value) if _is_whole(value) else value for name, value in parameters.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:20]


def _is_whole(value: object) -> TypeGuard[float]:
    return isinstance(value, float) and value.is_integer()


def row_of(outcome: Outcome, key: str) -> Row:
    """Return the row of a run.

    Parameters
    ----------
    outcome : Outcome
    key : str
        Of everything that the result depends on (`helpers.pipeline.key`).

    Returns
    -------
    dict
        ``parameters``; ``numbers``, by id value, unit and grade; ``claims``, by id verdict, value, unit and grade;
        ``status``, ``error``, ``seconds``, ``key``. A failed run states nothing: half a notebook is no result.
    """
    numbers: dict[str, Any] = {}
    claims: dict[str, Any] = {}
    if outcome.error is None and outcome.notebook and _HOLDS_FINDINGS in outcome.notebook:
        numbers, claims = results.of_notebook(json.loads(outcome.notebook))
    return {
        "parameters": outcome.run.parameters,
        "numbers": {id: [one["value"], one["unit"], one["grade"]] for id, one in sorted(numbers.items())},
        "claims": {id: [one["verdict"], one["value"], one["unit"], one["grade"]] for id, one in sorted(claims.items())},
        "status": outcome.status,
        "error": outcome.error.reason if outcome.error else None,
        "seconds": outcome.seconds,
        "key": key,
    }


class Journal:
    """The file of rows, open for appending.

    Parameters
    ----------
    path : Path
        Begun when it is not there. What a killed start left half-written at its end is cut off.

    Attributes
    ----------
    places : dict of str to Place
        Where the last row of each set of parameters stands, by `identity`.
    uses : list of Uses
        What runs used, each once.
    damaged : int
        Lines that could not be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.places: dict[str, Place] = {}
        self.uses: list[Uses] = []
        self.damaged = 0
        # Unbuffered: what could not be written must not be tried again when the file is closed.
        self._end = path.open("ab", buffering=0)
        self._lines: IO[bytes] = path.open("rb")
        self._read()

    def append(self, row: Row) -> None:
        """Write a row through to the system, whole or not at all.

        Raises
        ------
        OSError
            When the disk is full or the file cannot be written; the rows before stay as they are.
        """
        offset = self._write(row)
        self.places[identity(row["parameters"])] = Place(offset, row["key"], row["status"] == "ok")

    def note_uses(self, uses: Uses) -> None:
        """Keep what a run used, so that the next start can tell whether its row still holds."""
        if uses not in self.uses:
            self._write({"uses": uses.document()})
            self.uses.append(uses)

    def row(self, place: Place) -> Row:
        """Read a row back."""
        self._lines.seek(place.offset)
        found: Row = json.loads(self._lines.readline())
        return found

    def forget(self, identities: Iterable[str]) -> None:
        """Take no notice of some rows; their lines stay in the file."""
        for one in identities:
            self.places.pop(one, None)

    def close(self) -> None:
        """Close the file."""
        self._end.close()
        self._lines.close()

    def _write(self, content: Mapping[str, Any]) -> int:
        line = memoryview(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        offset = self._end.seek(0, os.SEEK_END)
        try:
            while line:  # a disk that is nearly full takes a part
                line = line[self._end.write(line) :]
        except OSError:
            with contextlib.suppress(OSError):  # a part of a line would be cut off at the next start anyway
                self._end.truncate(offset)
            raise
        return offset

    def _read(self) -> None:
        offset = 0
        for line in self._lines:
            if not line.endswith(b"\n"):  # the process was killed while it wrote
                self.damaged += 1
                self._end.truncate(offset)
                break
            try:
                self._note(json.loads(line), offset)
            except (ValueError, KeyError, TypeError):
                self.damaged += 1
            offset += len(line)
        # Afresh, so that nothing of a line that was cut off is remembered.
        self._lines.close()
        self._lines = self.path.open("rb")

    def _note(self, content: Row, offset: int) -> None:
        if "uses" in content:
            self.uses.append(Uses.from_document(content["uses"]))
        else:
            place = Place(offset, content["key"], content["status"] == "ok")
            self.places[identity(content["parameters"])] = place
