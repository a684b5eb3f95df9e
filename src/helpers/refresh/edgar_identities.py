"""What must hold between a firm's figures. A failure is listed; no figure is bent to fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from helpers.refresh import edgar_quarters as quarterly
from helpers.refresh.edgar_calendar import Quarter
from helpers.refresh.edgar_facts import Book, Fact
from helpers.refresh.edgar_quarters import Figure
from helpers.refresh.edgar_tags import Field, Tag

_ROUNDED_TO = (1_000_000, 1_000, 1)
"""Units in which firms report: millions, thousands, dollars."""
_HALF = 0.5
_MILLION = 1e6
_QUARTERS = 4


def failures(book: Book, fields: Sequence[Field], quarters: Sequence[Quarter], day: date) -> list[str]:
    """Return every identity that fails on a day, one line each.

    Parameters
    ----------
    book : Book
        The firm's facts.
    fields : sequence of Field
        Columns and their tags.
    quarters : sequence of Quarter
        The firm's fiscal quarters.
    day : datetime.date
        Day of knowledge.
    """
    found: list[str] = []
    for field in fields:
        if not field.stock:
            found += _years(book, field, quarters, day)
            found += _differences(book, field, quarters, day)
        found += _tags(book, field, quarters, day)
    return found


def _years(book: Book, field: Field, quarters: Sequence[Quarter], day: date) -> Iterator[str]:
    """Compare the sum of four quarters with the year."""
    by_year: dict[date, list[Quarter]] = defaultdict(list)
    for quarter in quarters:
        by_year[quarter.year_start].append(quarter)
    for year_start, parts in by_year.items():
        figures = [quarterly.figure(book, field, quarter, day) for quarter in parts]
        known = [one for one in figures if one is not None]
        total = _year(book, field, year_start, parts[-1].end, day)
        if len(known) < _QUARTERS or total is None:
            continue
        value, facts = total
        used = [fact for one in known for fact in one.facts]
        difference = sum(one.value for one in known) - value
        # Each of the four quarters and the year may be off by half a unit.
        if abs(difference) > (_QUARTERS + 1) * _HALF * _unit([*used, *facts]):
            tags = " ".join(dict.fromkeys(one.tag.name for one in known))
            yield (
                f"{book.ticker} fiscal {parts[-1].fiscal_year} {field.column}: four quarters make "
                f"{_millions(value + difference)}, the year is {_millions(value)} USD million ({tags}; "
                f"year filed {facts[-1].filed}{_restated(book, facts[-1], day)})"
            )


def _year(book: Book, field: Field, start: date, end: date, day: date) -> tuple[int | float, list[Fact]] | None:
    for tag in field.tags:
        filings = [book.filings(concept, start, end, day) for concept in tag.concepts]
        if all(filings):
            facts = [one[-1] for one in filings]
            return sum(fact.value for fact in facts), facts
    return None


def _restated(book: Book, fact: Fact, day: date) -> str:
    others = [one for one in book.filings(fact.concept, fact.start, fact.end, day) if one.value != fact.value]
    return f", restated from {_millions(others[-1].value)} filed {others[-1].filed}" if others else ""


def _differences(book: Book, field: Field, quarters: Sequence[Quarter], day: date) -> Iterator[str]:
    """Compare a stated quarter with the difference of year-to-date figures."""
    for quarter in quarters:
        for concept in dict.fromkeys(concept for tag in field.tags for concept in tag.concepts):
            said = quarterly.stated(book, concept, quarter, day)
            pair = quarterly.difference(book, concept, quarter, day)
            if said is None or pair is None:
                continue
            derived = pair[0].value - pair[1].value
            if abs(derived - said.value) > _HALF * (1 + len(pair)) * _unit([said, *pair]):
                yield (
                    f"{_name(book, quarter)} {field.column}: a filing states {_millions(said.value)}, year-to-date "
                    f"figures make {_millions(derived)} USD million ({concept}; {said.accession}, {pair[0].accession})"
                )


def _tags(book: Book, field: Field, quarters: Sequence[Quarter], day: date) -> Iterator[str]:
    """Compare tags of one scope."""
    by_scope: dict[str, list[Tag]] = defaultdict(list)
    for tag in field.tags:
        by_scope[tag.scope].append(tag)
    for quarter in quarters:
        for tags in by_scope.values():
            figures = [quarterly.under(book, field, tag, quarter, day) for tag in tags]
            yield from _disagreement(book, field, quarter, [one for one in figures if one is not None])


def _disagreement(book: Book, field: Field, quarter: Quarter, figures: Sequence[Figure]) -> Iterator[str]:
    for other in figures[1:]:
        first = figures[0]
        if abs(other.value - first.value) > (len(first.facts) + len(other.facts)) * _HALF * _unit(
            [*first.facts, *other.facts]
        ):
            yield (
                f"{_name(book, quarter)} {field.column}: {first.tag.name} is {_millions(first.value)}, "
                f"{other.tag.name} is {_millions(other.value)} USD million; the first was taken"
            )


def _unit(facts: Iterable[Fact]) -> int:
    """Return the unit to which figures are rounded: the largest that divides all of them."""
    values = [fact.value for fact in facts]
    return next((unit for unit in _ROUNDED_TO if all(value % unit == 0 for value in values)), 1)


def _name(book: Book, quarter: Quarter) -> str:
    return f"{book.ticker} fiscal {quarter.fiscal_year} Q{quarter.number}"


def _millions(value: float) -> str:
    return f"{value / _MILLION:,.10g}"
