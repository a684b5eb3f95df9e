"""A quarter's figure on a day: stated in a filing, or the difference of two year-to-date figures.

A difference is taken only between figures of the same concept and unit that begin on the same day: six months less
three, nine less six, the year less nine. Both must stand on one basis: where a year was restated and its nine months
were not shown again since, the fourth quarter stays with the figures that belonged together, and the identities say
that the restated year no longer fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from helpers.refresh.edgar_calendar import Quarter
from helpers.refresh.edgar_facts import Book, Fact
from helpers.refresh.edgar_tags import Field, Tag

_DAY = timedelta(days=1)
HOW = {2: "6M less 3M", 3: "9M less 6M", 4: "FY less 9M"}
"""How the flow of a quarter follows from year-to-date figures."""


@dataclass(frozen=True)
class Figure:
    """One column of one quarter.

    Parameters
    ----------
    value : int or float
        US dollars.
    tag : Tag
        Where it came from.
    how : str
        Empty where a filing states it; otherwise how it was derived.
    facts : tuple of Fact
        What it was made of.
    """

    value: int | float
    tag: Tag
    how: str
    facts: tuple[Fact, ...]


def figure(book: Book, field: Field, quarter: Quarter, day: date) -> Figure | None:
    """Return a column of a quarter as known on a day, or None where it was not known.

    Parameters
    ----------
    book : Book
        The firm's facts.
    field : Field
        The column and its tags, tried in order.
    quarter : Quarter
        Fiscal quarter.
    day : datetime.date
        Day of knowledge; no fact filed later is used.
    """
    return next((found for tag in field.tags if (found := under(book, field, tag, quarter, day))), None)


def under(book: Book, field: Field, tag: Tag, quarter: Quarter, day: date) -> Figure | None:
    """Return the figure under one tag; see `figure`."""
    facts: list[Fact] = []
    total: int | float = 0
    ways: list[str] = []
    for concept in tag.concepts:
        part = _balance(book, concept, quarter, day) if field.stock else _flow(book, concept, quarter, day)
        if part is None:
            return None
        plus, less = part
        facts += [plus] if less is None else [plus, less]
        total += plus.value if less is None else plus.value - less.value
        ways += [HOW[quarter.number]] if less else []
    if len(tag.concepts) > 1:
        ways.append("sum")
    return Figure(total, tag, ", ".join(dict.fromkeys(ways)), tuple(facts))


def stated(book: Book, concept: str, quarter: Quarter, day: date) -> Fact | None:
    """Return the quarter's flow as a filing states it, the last filed up to a day."""
    filings = book.filings(concept, quarter.start, quarter.end, day)
    return filings[-1] if filings else None


def difference(book: Book, concept: str, quarter: Quarter, day: date) -> tuple[Fact, Fact] | None:
    """Return the two year-to-date figures whose difference is the quarter's flow, on one basis."""
    if quarter.number == 1:
        return None
    longer = book.filings(concept, quarter.year_start, quarter.end, day)
    shorter = book.filings(concept, quarter.year_start, quarter.start - _DAY, day)
    return _pair(longer, shorter)


def _flow(book: Book, concept: str, quarter: Quarter, day: date) -> tuple[Fact, Fact | None] | None:
    if (fact := stated(book, concept, quarter, day)) is not None:
        return fact, None
    return difference(book, concept, quarter, day)


def _balance(book: Book, concept: str, quarter: Quarter, day: date) -> tuple[Fact, None] | None:
    filings = book.filings(concept, None, quarter.end, day)
    return (filings[-1], None) if filings else None


def _pair(longer: Sequence[Fact], shorter: Sequence[Fact]) -> tuple[Fact, Fact] | None:
    """Return the newest two that stand on one basis; both are in the order of filing."""
    if not longer or not shorter:
        return None
    place = len(longer) - 1
    while True:
        plus = longer[place]
        before = [fact for fact in shorter if fact.filed <= plus.filed]
        # A firm new to the exchange shows its first year before that year's parts.
        less = before[-1] if before else shorter[0]
        other = next((n for n in range(place - 1, -1, -1) if longer[n].value != plus.value), None)
        if other is None or less.filed > longer[other].filed:
            return plus, less
        place = other
