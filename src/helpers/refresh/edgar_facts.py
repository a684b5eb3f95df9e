"""Company facts: every value a firm filed under a declared tag, with its period and the filing it came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.refresh.edgar_tags import TAXONOMY, UNIT
from helpers.refresh.errors import RefreshError

if TYPE_CHECKING:
    import pandas as pd

SOURCE = "SEC EDGAR"

FORMS = frozenset({"10-K", "10-K/A", "10-KT", "10-KT/A", "10-Q", "10-Q/A", "10-QT", "10-QT/A"})
"""Forms whose facts are used. A results release (8-K) is unaudited and tagged in part only; a prospectus too."""

_LARGEST = 1e18
"""No sum of money; a larger one, or one that is no number, is another form of document."""

COLUMNS = ("ticker", "cik", "concept", "unit", "start", "end", "days", "value", "accession", "form", "filed")


class Fact(NamedTuple):
    """One value in one filing.

    The labels that company facts carry beside it (``fy``, ``fp``, ``frame``) tell of the filing or are guesses, and
    are left out: what period a fact covers is in its dates.
    """

    concept: str
    start: date | None
    end: date
    value: int | float
    accession: str
    form: str
    filed: date

    @property
    def days(self) -> int | None:
        """Days of the period, both ends counted; None for a balance."""
        return None if self.start is None else (self.end - self.start).days + 1


Period = tuple[str, date | None, date]


@dataclass
class Book:
    """The facts of one firm.

    Parameters
    ----------
    ticker : str
        Stock-exchange symbol.
    cik : int
        The SEC's number of the firm.
    name : str
        Its name there.
    facts : list of Fact
        All under declared tags in US dollars, of whatever form.
    problems : list of str
        What could not be used, one line each.
    """

    ticker: str
    cik: int
    name: str
    facts: list[Fact]
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._filings: dict[Period, list[Fact]] = defaultdict(list)
        for fact in sorted(self.facts, key=lambda fact: (fact.filed, fact.accession)):
            if fact.form in FORMS:
                self._filings[fact.concept, fact.start, fact.end].append(fact)

    def filings(self, concept: str, start: date | None, end: date, day: date) -> list[Fact]:
        """Return what was filed of a figure up to a day, oldest first.

        Parameters
        ----------
        concept : str
            Tag.
        start : datetime.date or None
            First day of the period, None for a balance.
        end : datetime.date
            Last day.
        day : datetime.date
            Day of knowledge; a filing of that day counts.
        """
        return [fact for fact in self._filings.get((concept, start, end), ()) if fact.filed <= day]

    def periods(self) -> dict[Period, list[Fact]]:
        """Return the usable facts by concept, start and end."""
        return dict(self._filings)


def read(document: Any, ticker: str, cik: int, declared: Iterable[str]) -> Book:
    """Read the company facts of a firm.

    Parameters
    ----------
    document : object
        The JSON document.
    ticker, cik : str, int
        The firm that was asked for.
    declared : iterable of str
        Concepts to read.

    Raises
    ------
    RefreshError
        If the document is of another firm or of another form, or the firm reports in another currency or taxonomy.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("facts"), Mapping):
        raise _changed(ticker, "no member 'facts'")
    if str(document.get("cik", "")).lstrip("0") != str(cik):
        raise RefreshError(SOURCE, f"asked for {ticker} (CIK {cik}), got CIK {document.get('cik')!r}")
    taxonomy = document["facts"].get(TAXONOMY)
    if not isinstance(taxonomy, Mapping):
        there = ", ".join(sorted(document["facts"])) or "nothing"
        raise RefreshError(SOURCE, f"{ticker} reports under {there}, not {TAXONOMY}: refused")
    problems: list[str] = []
    facts = _facts(taxonomy, declared, ticker, problems)
    if not facts and problems:
        raise RefreshError(SOURCE, problems[0])
    kept = _without_conflicts(facts, ticker, problems)
    return Book(ticker, cik, str(document.get("entityName", "")), kept, problems)


def _facts(taxonomy: Mapping[str, Any], declared: Iterable[str], ticker: str, problems: list[str]) -> list[Fact]:
    facts: list[Fact] = []
    for concept in sorted(set(declared) & set(taxonomy)):
        units = taxonomy[concept].get("units") if isinstance(taxonomy[concept], Mapping) else None
        if not isinstance(units, Mapping):
            raise _changed(ticker, f"{concept} has no member 'units'")
        for unit, entries in units.items():
            if unit != UNIT:
                problems.append(f"{ticker} {concept}: in {unit}, not {UNIT}: refused")
                continue
            if not isinstance(entries, list):
                raise _changed(ticker, f"{concept} in {unit} is no list")
            facts += [_fact(concept, entry, ticker) for entry in entries]
    return facts


def _fact(concept: str, entry: Any, ticker: str) -> Fact:
    try:
        start = date.fromisoformat(entry["start"]) if "start" in entry else None
        fact = Fact(
            concept,
            start,
            date.fromisoformat(entry["end"]),
            entry["val"],
            str(entry["accn"]),
            str(entry["form"]),
            date.fromisoformat(entry["filed"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _changed(ticker, f"{concept}: {type(error).__name__} {error} in {str(entry)[:120]}") from None
    if isinstance(fact.value, bool) or not isinstance(fact.value, int | float) or not abs(fact.value) < _LARGEST:
        raise _changed(ticker, f"{concept}: {fact.value!r} is no number")
    return fact


def _without_conflicts(facts: list[Fact], ticker: str, problems: list[str]) -> list[Fact]:
    """Drop repeated facts, and both of two that contradict each other within one filing."""
    seen: dict[Fact, set[int | float]] = defaultdict(set)
    for fact in facts:
        seen[fact._replace(value=0)].add(fact.value)
    for fact, values in sorted(seen.items(), key=str):
        if len(values) > 1:
            shown = " and ".join(f"{value:,}" for value in sorted(values))
            when = f"{fact.start} to {fact.end}" if fact.start else f"{fact.end}"
            problems.append(f"{ticker} {fact.concept}: {fact.accession} states both {shown} for {when}: neither used")
    kept = dict.fromkeys(fact for fact in facts if len(seen[fact._replace(value=0)]) == 1)
    return list(kept)


def frame(books: Iterable[Book]) -> pd.DataFrame:
    """Return every fact kept, one row each.

    Parameters
    ----------
    books : iterable of Book
        Firms.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`; values in US dollars; ``start`` and ``days`` are missing for a balance. Facts of forms
        outside `FORMS` are there too, and unused.
    """
    import pandas as pd

    rows = [
        (book.ticker, book.cik, fact.concept, UNIT, fact.start, fact.end, fact.days, fact.value, *fact[4:])
        for book in books
        for fact in sorted(book.facts, key=lambda fact: (fact.concept, fact.end, str(fact.start), fact.filed))
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for column in ("start", "end", "filed"):
        table[column] = pd.to_datetime(table[column]).astype("datetime64[us]")
    text = dict.fromkeys(("ticker", "concept", "unit", "accession", "form"), "str")
    return table.astype({"cik": "int64", "days": "Int64", "value": "float64"} | text)


def as_of(facts: pd.DataFrame, day: date | str) -> pd.DataFrame:
    """Return the facts as they stood on a day: of each figure what was filed last.

    Parameters
    ----------
    facts : pandas.DataFrame
        As from `frame`.
    day : datetime.date or str
        Day of knowledge; a filing of that day counts.

    Returns
    -------
    pandas.DataFrame
        One row a firm, concept, unit and period.
    """
    import pandas as pd

    usable = facts[facts["form"].isin(FORMS) & (facts["filed"] <= pd.Timestamp(day))]
    ordered = usable.sort_values(["filed", "accession"], kind="stable")
    return ordered.drop_duplicates(["ticker", "concept", "unit", "start", "end"], keep="last").sort_index()


def _changed(ticker: str, what: str) -> RefreshError:
    return RefreshError(
        SOURCE, f"the company facts of {ticker} have another form: {what}", remedy="nothing was changed"
    )
