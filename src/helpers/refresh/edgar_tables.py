"""From a firm's facts to the rows of ``cash_flows`` and ``financing``, and to what each cell held when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from helpers.refresh import edgar_calendar as calendar
from helpers.refresh import edgar_quarters as quarterly
from helpers.refresh import edgar_tags
from helpers.refresh.edgar_calendar import Quarter
from helpers.refresh.edgar_facts import Book
from helpers.refresh.edgar_quarters import Figure
from helpers.refresh.edgar_tags import Field

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("cash_flows", "financing")
REQUIRED = ("revenue", "operating_income", "net_income")
"""Columns without which ``cash_flows`` has no row."""

_MILLION = 1e6
_QUARTERS = ("Q1", "Q2", "Q3", "Q4")
_STATUS = ("sourced", "derived")
_DATES = ("period_end", "published")
_DAY = timedelta(days=1)
_YEAR_OF_QUARTERS = 4

HISTORY = ("table", "row", "column", "value", "known_from", "how", "tag", "accessions")


@dataclass(frozen=True)
class Firm:
    """A firm's facts, cut into its fiscal quarters.

    Parameters
    ----------
    book : Book
        Its facts.
    fields : tuple of Field
        Columns and the tags that stand for them at this firm.
    quarters : list of Quarter
        Its fiscal quarters, oldest first.
    """

    book: Book
    fields: tuple[Field, ...]
    quarters: list[Quarter]

    @property
    def source_id(self) -> str:
        """Id of the row of ``sources`` that its rows cite."""
        return f"sec_companyfacts_{self.book.ticker}"


def firm(book: Book, since: date | None = None) -> Firm:
    """Cut a firm's facts into fiscal quarters.

    Parameters
    ----------
    book : Book
        Its facts.
    since : datetime.date, optional
        First day on which a quarter may end.
    """
    spans: Counter[tuple[date, date]] = Counter()
    for (_, start, end), filings in book.periods().items():
        if start is not None:
            spans[start, end] += len(filings)
    found = calendar.quarters(spans)
    kept = [quarter for quarter in found if since is None or quarter.end >= since]
    return Firm(book, edgar_tags.fields(book.ticker), kept)


def tables(firms: Sequence[Firm], day: date, problems: list[str]) -> dict[str, pd.DataFrame]:
    """Return the tables as known on a day.

    Parameters
    ----------
    firms : sequence of Firm
        Firms, in the order of the rows.
    day : datetime.date
        Day of knowledge.
    problems : list of str
        Receives a line for each quarter and each figure that was left out for a reason.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``cash_flows`` and ``financing``, with the columns, types, units and row ids of the shipped tables.
    """
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for one in firms:
        unbroken: Counter[tuple[str, str]] = Counter()
        for quarter in one.quarters:
            published = _published(one, quarter, day)
            if published is None:
                continue
            figures = _figures(one, quarter, day, problems)
            missing = [column for column in REQUIRED if ("cash_flows", column) not in figures]
            if missing:
                problems.append(f"{_name(one, quarter)}: left out, no {' or '.join(missing)} under the declared tags")
                continue
            problems += _lapsed(one, quarter, figures, unbroken)
            unbroken = Counter({place: unbroken[place] + 1 for place in figures})
            for name in TABLES:
                rows[name] += _row(one, quarter, name, figures, published)
    return {name: _frame(name, rows[name], firms) for name in TABLES}


def history(firms: Sequence[Firm], day: date) -> pd.DataFrame:
    """Return what each cell held, and from which day, whether or not its row is complete.

    Parameters
    ----------
    firms : sequence of Firm
        Firms.
    day : datetime.date
        Day of knowledge; nothing filed later is used.

    Returns
    -------
    pandas.DataFrame
        One row a different value of a cell: ``table``, ``row`` (row id), ``column``, ``value`` (USD million),
        ``known_from``, ``how`` (empty where stated), ``tag`` and ``accessions`` (joined by ``;``). The value known on
        a day is the last one whose ``known_from`` is not after it.
    """
    import pandas as pd

    rows = [
        (field.table, _row_id(field.table, one, quarter), field.column, *change)
        for one in firms
        for quarter in one.quarters
        for field in one.fields
        for change in _changes(one, field, quarter, day)
    ]
    table = pd.DataFrame(rows, columns=list(HISTORY))
    table["known_from"] = pd.to_datetime(table["known_from"]).astype("datetime64[us]")
    text = dict.fromkeys(("table", "row", "column", "how", "tag", "accessions"), "str")
    return table.astype({"value": "float64"} | text)


def _changes(
    one: Firm, field: Field, quarter: Quarter, day: date
) -> Iterator[tuple[float | None, date, str, str, str]]:
    last: float | None = None
    for moment in _days(one.book, field, quarter, day):
        found = quarterly.figure(one.book, field, quarter, moment)
        value = None if found is None or _impossible(field, found) else found.value / _MILLION
        if found is not None and value != last:
            last = value
            accessions = ";".join(dict.fromkeys(fact.accession for fact in found.facts))
            yield value, moment, found.how, found.tag.name, accessions


def _days(book: Book, field: Field, quarter: Quarter, day: date) -> list[date]:
    """Return the days on which something was filed that can bear on a figure."""
    before = quarter.start - _DAY
    periods: list[tuple[date | None, date]] = [(None, quarter.end)]
    if not field.stock:
        periods = [(quarter.start, quarter.end), (quarter.year_start, quarter.end), (quarter.year_start, before)]
    return sorted(
        {
            fact.filed
            for tag in field.tags
            for concept in tag.concepts
            for start, end in periods
            for fact in book.filings(concept, start, end, day)
        }
    )


def _published(one: Firm, quarter: Quarter, day: date) -> date | None:
    """Return the day on which the first flow of a quarter was filed."""
    firsts = [
        days[0] for field in one.fields if not field.stock and (days := _first_days(one.book, field, quarter, day))
    ]
    return min(firsts, default=None)


def _first_days(book: Book, field: Field, quarter: Quarter, day: date) -> list[date]:
    return sorted(
        fact.filed
        for tag in field.tags
        for concept in tag.concepts
        for start in {quarter.start, quarter.year_start}
        for fact in book.filings(concept, start, quarter.end, day)[:1]
    )


def _figures(one: Firm, quarter: Quarter, day: date, problems: list[str]) -> dict[tuple[str, str], Figure]:
    found: dict[tuple[str, str], Figure] = {}
    for field in one.fields:
        figure = quarterly.figure(one.book, field, quarter, day)
        if figure is None:
            continue
        if _impossible(field, figure):
            shown = f"{figure.value / _MILLION:,.10g} USD million ({figure.tag.name}, {figure.how or 'stated'})"
            problems.append(f"{_name(one, quarter)} {field.column}: negative, {shown}: left empty")
            continue
        found[field.table, field.column] = figure
    return found


def _lapsed(
    one: Firm, quarter: Quarter, figures: Mapping[tuple[str, str], Figure], unbroken: Mapping[tuple[str, str], int]
) -> Iterator[str]:
    """Tell of figures that were there for a year and are not any more: their tag may have another name now."""
    for field in one.fields:
        place = field.table, field.column
        if unbroken.get(place, 0) >= _YEAR_OF_QUARTERS and place not in figures:
            tags = ", ".join(tag.name for tag in field.tags)
            yield (
                f"{_name(one, quarter)} {field.column}: no figure under {tags}, though there was one in each of the "
                f"{unbroken[place]} quarters before: left empty"
            )


def _impossible(field: Field, figure: Figure) -> bool:
    return not field.signed and figure.value < 0


def _row(
    one: Firm, quarter: Quarter, name: str, figures: Mapping[tuple[str, str], Figure], published: date
) -> list[dict[str, Any]]:
    """Return the row of a table, or nothing where no column of it is known."""
    mine = {column: figure for (table, column), figure in figures.items() if table == name}
    if not mine:
        return []
    derived = any(figure.how for figure in mine.values())
    row: dict[str, Any] = {
        "ticker": one.book.ticker,
        "fiscal_year": quarter.fiscal_year,
        "fiscal_quarter": f"Q{quarter.number}",
        "period_end": quarter.end,
        "published": published,
        "status": _STATUS[derived],
        "source_id": one.source_id,
        "note": _note(mine),
    }
    return [row | {column: figure.value / _MILLION for column, figure in mine.items()}]


def _note(figures: Mapping[str, Figure]) -> str:
    """Say what the reader of a row must know: caveats first, then what was derived, the tags and the filings."""
    caveats = dict.fromkeys(figure.tag.caveat for figure in figures.values() if figure.tag.caveat)
    # `financing` marks a debt that is no total by the first word of its note.
    parts = sorted(caveats, key=lambda caveat: not caveat.startswith("partial:"))
    ways: dict[str, list[str]] = {}
    for column, figure in figures.items():
        if figure.how:
            ways.setdefault(figure.how, []).append(column)
    if ways:
        parts.append("derived: " + " | ".join(f"{'/'.join(columns)} ({how})" for how, columns in ways.items()))
    parts.append("tags: " + " ".join(f"{column}={figure.tag.name}" for column, figure in figures.items()))
    facts = [fact for figure in figures.values() for fact in figure.facts]
    parts.append("filings: " + " ".join(sorted({fact.accession for fact in facts})))
    return "; ".join(parts)


def _frame(name: str, rows: list[dict[str, Any]], firms: Sequence[Firm]) -> pd.DataFrame:
    """Give rows the columns, types and ids of the shipped table."""
    import pandas as pd

    from helpers.tables import columns, descriptor

    resource = descriptor.describe(name, descriptor.shipped())
    built: dict[str, Any] = {}
    for field in resource["schema"]["fields"]:
        values = [row.get(field["name"]) for row in rows]
        if field["name"] == "ticker":
            # A firm beyond the shipped ones gets its category too.
            known = [*field["categories"], *(one.book.ticker for one in firms)]
            built["ticker"] = pd.Categorical(values, categories=list(dict.fromkeys(known)))
        else:
            built[field["name"]] = columns.typed(field, [_cell(value) for value in values])
    ids = [f"{name}/{row['ticker']}/{row['period_end']}" for row in rows]
    return pd.DataFrame(built, index=pd.Index(ids, name="row", dtype="str"))


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _row_id(table: str, one: Firm, quarter: Quarter) -> str:
    return f"{table}/{one.book.ticker}/{quarter.end}"


def _name(one: Firm, quarter: Quarter) -> str:
    return f"{one.book.ticker} fiscal {quarter.fiscal_year} Q{quarter.number}"
