"""What differs between two builds' results: verdicts that turned, numbers that moved, what came and went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isclose
from typing import Any

#: Two builds on one machine give the same bits; another library may round the last of them differently.
SAME_BUILD = 1e-9

Close = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


@dataclass(frozen=True)
class Change:
    """One thing that differs.

    Attributes
    ----------
    edition, notebook, id : str
    before, after : mapping or None
        The entries of ``results.json``; None where there was none, or is none any more.
    """

    edition: str
    notebook: str
    id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True)
class Changes:
    """All that differs between two documents.

    Attributes
    ----------
    dates : tuple of (str, str, str)
        Editions of another day: name, day before, day after. All their results may differ for that alone.
    verdicts : tuple of Change
        Claims whose verdict is another one.
    claims, numbers : tuple of Change
        Claims with the same verdict whose value moved beyond the tolerance, and numbers that did; what is new or gone
        is among them.
    """

    dates: tuple[tuple[str, str, str], ...] = ()
    verdicts: tuple[Change, ...] = ()
    claims: tuple[Change, ...] = ()
    numbers: tuple[Change, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.dates or self.verdicts or self.claims or self.numbers)


def is_close(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Tell whether two entries have the same value, up to the last bits, in the same unit."""
    one, other = before["value"], after["value"]
    if one is None or other is None:
        return one is other
    return before["unit"] == after["unit"] and isclose(one, other, rel_tol=SAME_BUILD)


def between(before: Mapping[str, Any], after: Mapping[str, Any], close: Close = is_close) -> Changes:
    """Compare two documents of the form of ``results.json``.

    Parameters
    ----------
    before, after : mapping
        What is not an edition of `after` is left out: it was not built now.
    close : callable
        Takes the entry before and after, and tells whether their values count as the same.

    Returns
    -------
    Changes
        In the order of editions, notebooks and ids of `after`.
    """
    dates: list[tuple[str, str, str]] = []
    verdicts: list[Change] = []
    moved: dict[str, list[Change]] = {"claims": [], "numbers": []}
    for edition, now in after["editions"].items():
        was = before["editions"].get(edition, {"as_of": now["as_of"], "notebooks": {}})
        if was["as_of"] != now["as_of"]:
            dates.append((edition, was["as_of"], now["as_of"]))
        for notebook in dict.fromkeys([*now["notebooks"], *was["notebooks"]]):
            for kind, found in moved.items():
                ours, theirs = (one["notebooks"].get(notebook, {}).get(kind, {}) for one in (was, now))
                for id in dict.fromkeys([*theirs, *ours]):
                    change = Change(edition, notebook, id, ours.get(id), theirs.get(id))
                    if _has_turned(change):
                        verdicts.append(change)
                    elif not change.before or not change.after or not close(change.before, change.after):
                        found.append(change)
    return Changes(tuple(dates), tuple(verdicts), tuple(moved["claims"]), tuple(moved["numbers"]))


def _has_turned(change: Change) -> bool:
    if not change.before or not change.after:
        return False
    return change.before.get("verdict") != change.after.get("verdict")
