"""Quarterly figures from the SEC's company facts, for the firms of ``cash_flows`` and any other that files 10-Q.

The SEC wants a contact in the name of every client and at most ten requests a second; eight are made.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.refresh import edgar_facts, edgar_identities, edgar_tables, edgar_tags
from helpers.refresh.edgar_facts import FORMS, SOURCE, Book
from helpers.refresh.errors import RefreshError

if TYPE_CHECKING:
    import pandas as pd

    from helpers.refresh.http import Client

CONTACT = "WHO_PAYS_CONTACT"
"""Environment variable with the address under which the SEC can reach whoever runs this."""

FACTS = "https://data.sec.gov/api/xbrl/companyfacts/CIK{cik:010d}.json"
TICKERS = "https://www.sec.gov/files/company_tickers.json"

_PER_SECOND = 8.0
_REMEDY = f"the SEC refuses clients that are too fast or give no contact: check ${CONTACT}, wait ten minutes, try again"


@dataclass(frozen=True)
class Refreshed:
    """What a refresh brought.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        ``cash_flows`` and ``financing`` as known today, like the shipped tables in columns, types and row ids.
    history : pandas.DataFrame
        What each cell of them held, and from which day; see `edgar_tables.history`.
    facts : pandas.DataFrame
        Every fact kept; see `edgar_facts.frame`.
    sources : pandas.DataFrame
        The rows of ``sources`` that the tables cite.
    problems : list of str
        What was refused, left out or does not add up, one line each.
    """

    tables: dict[str, pd.DataFrame]
    history: pd.DataFrame
    facts: pd.DataFrame
    sources: pd.DataFrame
    problems: list[str]


def client(cache: Path, *, environment: Mapping[str, str] | None = None, **options: Any) -> Client:
    """Return a client for the SEC.

    Parameters
    ----------
    cache : pathlib.Path
        Folder for the answers.
    environment : mapping of str to str, optional
        Where to look for the contact; by default the process's environment.
    **options
        For `http.Client`, such as ``base_urls``.

    Raises
    ------
    RefreshError
        If no contact is declared.
    """
    from helpers.refresh.http import Client

    contact = (os.environ if environment is None else environment).get(CONTACT, "").strip()
    if "@" not in contact:
        what = f"no contact address in ${CONTACT}" if not contact else f"${CONTACT} holds no e-mail address"
        raise RefreshError(SOURCE, what, remedy=f"set it, for example {CONTACT}='Jane Doe jane@example.org'")
    remedies = {403: _REMEDY, 429: _REMEDY}
    return Client(SOURCE, cache, f"who-pays-for-ai {contact}", _PER_SECOND, remedies=remedies, **options)


def refresh(
    client: Client, tickers: Iterable[str], *, since: date | str | None = None, fresh: bool = False
) -> Refreshed:
    """Read the company facts of firms and build their quarters.

    Parameters
    ----------
    client : http.Client
        As from `client`.
    tickers : iterable of str
        Stock-exchange symbols, as the SEC writes them.
    since : datetime.date or str, optional
        First day on which a quarter may end.
    fresh : bool
        Ask the SEC even where a recent answer is kept.

    Returns
    -------
    Refreshed
        Values in USD million.

    Raises
    ------
    RefreshError
        If a firm cannot be read: then nothing is returned, for no firm.
    """
    first = date.fromisoformat(since) if isinstance(since, str) else since
    wanted = list(dict.fromkeys(ticker.strip().upper() for ticker in tickers))
    if not wanted:
        raise RefreshError(SOURCE, "no ticker was given")
    numbers = _numbers(client, wanted, fresh=fresh)
    problems: list[str] = []
    firms: list[edgar_tables.Firm] = []
    sources: list[dict[str, str]] = []
    for ticker in wanted:
        url = FACTS.format(cik=numbers[ticker])
        document, answer = client.get_json(url, fresh=fresh)
        book = edgar_facts.read(document, ticker, numbers[ticker], edgar_tags.concepts(ticker))
        one = edgar_tables.firm(book, first)
        if not one.quarters:
            raise _without_quarters(book, first)
        firms.append(one)
        sources.append(_source(one, answer.url, answer.fetched_at.date()))
        problems += book.problems
    return _build(firms, sources, problems)


def _build(firms: Sequence[edgar_tables.Firm], sources: Sequence[dict[str, str]], problems: list[str]) -> Refreshed:
    import pandas as pd

    # Whatever the SEC has given out is known: a filing can bear the date of the next business day.
    day = date.max
    tables = edgar_tables.tables(firms, day, problems)
    for one in firms:
        if one.book.ticker not in set(tables["cash_flows"]["ticker"]):
            raise RefreshError(SOURCE, f"no quarter of {one.book.ticker} is complete: {problems[-1]}")
        problems += edgar_identities.failures(one.book, one.fields, one.quarters, day)
    return Refreshed(
        tables=tables,
        history=edgar_tables.history(firms, day),
        facts=edgar_facts.frame(one.book for one in firms),
        sources=pd.DataFrame(sources, dtype="str"),
        problems=problems,
    )


def _numbers(client: Client, tickers: Sequence[str], *, fresh: bool) -> dict[str, int]:
    """Return the SEC's number of each firm."""
    document, answer = client.get_json(TICKERS, fresh=fresh)
    try:
        numbers = {str(entry["ticker"]).upper(): int(entry["cik_str"]) for entry in document.values()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"the list of tickers has another form: {type(error).__name__} {error}"
        raise RefreshError(SOURCE, what, where=answer.url, remedy="nothing was changed") from None
    unknown = [ticker for ticker in tickers if ticker not in numbers]
    if unknown:
        what = f"no firm with the ticker {', '.join(unknown)}"
        raise RefreshError(SOURCE, what, where=answer.url, remedy="spell it as the SEC does, such as BRK-B")
    return {ticker: numbers[ticker] for ticker in tickers}


def _without_quarters(book: Book, since: date | None) -> RefreshError:
    forms = sorted({fact.form for fact in book.facts if fact.form not in FORMS})
    what = f"no quarter of {book.ticker}" + (f" since {since}" if since else "") + " can be built"
    if forms:
        what += f"; it files {', '.join(forms)}, of which nothing is used"
    return RefreshError(SOURCE, what, remedy="nothing was changed")


def _source(one: edgar_tables.Firm, url: str, fetched: date) -> dict[str, str]:
    return {
        "source_id": one.source_id,
        "publisher": "US Securities and Exchange Commission",
        "title": f"Company facts of {one.book.name or one.book.ticker} (XBRL of its filings), read {fetched}",
        "date": fetched.isoformat(),
        "locator": url,
    }
