"""A firm's fiscal quarters, told from the dates of its facts and from nothing else.

The first days of fiscal years are those of half-year and nine-month figures: only year-to-date figures are that long.
Figures of twelve months prove nothing, since some firms give them for any twelve months that end with a quarter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

SPANS = {1: (80, 100), 2: (170, 190), 3: (260, 285), 4: (350, 380)}
"""Days, both ends counted, of one to four quarters: 12 to 14 weeks, and so on; 52 or 53 weeks make a year."""

_DAY = timedelta(days=1)
_NEAR = timedelta(days=45)
"""Two first days this close are one fiscal year, misdated in some filing."""
_NAMING = timedelta(days=7)
"""A year of 52 or 53 weeks that ends in the first days of January is named after the December before."""
_YEAR = timedelta(days=363)


class Quarter(NamedTuple):
    """One fiscal quarter.

    ``fiscal_year`` is the calendar year in which the fiscal year ends, ``number`` 1 to 4; ``year_start``, ``start``
    and ``end`` are days that belong to it.
    """

    fiscal_year: int
    number: int
    year_start: date
    start: date
    end: date


def quarters_long(start: date | None, end: date) -> int | None:
    """Return how many quarters a period lasts, or None where it is no whole number of them."""
    if start is None:
        return None
    days = (end - start).days + 1
    return next((count for count, (least, most) in SPANS.items() if least <= days <= most), None)


def quarters(spans: Mapping[tuple[date, date], int]) -> list[Quarter]:
    """Return the fiscal quarters that a firm's figures cover, oldest first.

    Parameters
    ----------
    spans : mapping of (datetime.date, datetime.date) to int
        How many facts have this first and last day.
    """
    by_length: dict[int, Counter[tuple[date, date]]] = {count: Counter() for count in SPANS}
    for (start, end), votes in spans.items():
        if (count := quarters_long(start, end)) is not None:
            by_length[count][start, end] += votes
    found: dict[date, Quarter] = {}
    starts = _year_starts(by_length)
    while starts:
        start = starts.pop(0)
        ends = _ends(start, by_length)
        found |= {quarter.end: quarter for quarter in _cut(start, ends)}
        following = ends[4] + _DAY if 4 in ends else None
        # The newest year may have its first quarter only.
        if following and not any(abs(other - following) <= _NEAR for other in starts):
            starts.insert(0, following)
    return [found[end] for end in sorted(found)]


def _year_starts(by_length: Mapping[int, Counter[tuple[date, date]]]) -> list[date]:
    votes: Counter[date] = Counter()
    for count in (2, 3):
        for (start, _), number in by_length[count].items():
            votes[start] += number
    kept: list[date] = []
    for start, _ in sorted(votes.items(), key=lambda item: (-item[1], item[0])):
        if all(abs(start - other) > _NEAR for other in kept):
            kept.append(start)
    return sorted(kept)


def _ends(start: date, by_length: Mapping[int, Counter[tuple[date, date]]]) -> dict[int, date]:
    """Return the last days of one to four quarters of a year: those that most facts give."""
    ends: dict[int, date] = {}
    for count, spans in by_length.items():
        votes = {end: number for (first, end), number in spans.items() if first == start}
        if votes:
            ends[count] = max(votes, key=lambda end: (votes[end], end))
    for count in (3, 2, 1):
        # Where no year-to-date figure ends with a quarter, the quarter after it tells where it ended.
        if count not in ends and count + 1 in ends:
            later = ends[count + 1]
            votes = {first - _DAY: number for (first, end), number in by_length[1].items() if end == later}
            votes = {end: number for end, number in votes.items() if quarters_long(start, end) == count}
            if votes:
                ends[count] = max(votes, key=lambda end: (votes[end], end))
    return ends


def _cut(year_start: date, ends: Mapping[int, date]) -> list[Quarter]:
    year_end = ends.get(4, year_start + _YEAR)
    fiscal_year = (year_end - _NAMING).year
    cut: list[Quarter] = []
    for number in SPANS:
        start = year_start if number == 1 else ends.get(number - 1, date.max - _DAY) + _DAY
        if number in ends and quarters_long(start, ends[number]) == 1:
            cut.append(Quarter(fiscal_year, number, year_start, start, ends[number]))
    return cut
