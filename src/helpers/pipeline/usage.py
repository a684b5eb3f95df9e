"""Which numbers, verdicts and notebooks rest on which table, from what they state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Usage:
    """What rests on one table in one edition.

    Attributes
    ----------
    claims : list of str
        Ids of the claims whose verdict names rows of it.
    numbers : int
        How many numbers name rows of it.
    notebooks : list of str
    rows : set of str
        The rows that are named.
    """

    claims: list[str] = field(default_factory=list)
    numbers: int = 0
    notebooks: list[str] = field(default_factory=list)
    rows: set[str] = field(default_factory=set)


def of_tables(document: Mapping[str, Any], edition: str) -> dict[str, Usage]:
    """Return what rests on each table that is used, by its name.

    Parameters
    ----------
    document : mapping
        The content of ``results.json``.
    edition : str
    """
    found: dict[str, Usage] = {}
    for notebook, stated in document["editions"][edition]["notebooks"].items():
        for kind in ("claims", "numbers"):
            for id, entry in stated[kind].items():
                assumed = [f"assumptions/{name}" for name in entry["assumptions"]]
                for table, rows in _by_table([*entry["rows"], *assumed]).items():
                    usage = found.setdefault(table, Usage())
                    usage.rows |= rows
                    usage.numbers += kind == "numbers"
                    usage.claims += [id] if kind == "claims" else []
                    usage.notebooks += [notebook] if notebook not in usage.notebooks else []
    for usage in found.values():
        usage.claims.sort()
    return dict(sorted(found.items()))


def _by_table(rows: list[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.partition("/")[0], set()).add(row)
    return found


def latest(document: Mapping[str, Any]) -> str:
    """Return the edition of the latest day of knowledge; the first of several on one day."""
    return max(document["editions"], key=lambda name: document["editions"][name]["as_of"], default="")
