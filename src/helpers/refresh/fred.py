"""FRED: national accounts, consumer prices, the federal funds rate and the NASDAQ Composite.

Every request carries the real-time period of the vintage, so a vintage of a past day never holds a later revision.
Quarters are made as the shipped `macro_us` documents: annual rates as they are, monthly series as the mean of the
three months, software as the total less equipment.

The API key comes from ``$FRED_API_KEY``. ``$WHO_PAYS_FRED_URL`` is asked instead of FRED, for tests:
``https://HOST/PATH`` becomes ``ADDRESS/HOST/PATH``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from helpers import __version__
from helpers.refresh import fred_answers, fred_tables
from helpers.refresh.errors import RefreshError
from helpers.refresh.http import Client, Limits
from helpers.refresh.pacing import Clock
from helpers.refresh.update import Refreshed, Update

if TYPE_CHECKING:
    import pandas as pd

SOURCE = "FRED"
ADDRESS = "https://api.stlouisfed.org"
KEY_VARIABLE = "FRED_API_KEY"
URL_VARIABLE = "WHO_PAYS_FRED_URL"

_PER_SECOND = 1.0
"""Requests a second; FRED allows 120 a minute."""

_HOME = ZoneInfo("America/Chicago")
"""Where FRED's day begins; it refuses a real-time period that ends after its today."""

_REMEDIES = {
    400: f"check ${KEY_VARIABLE}, the series and the dates",
    403: f"check ${KEY_VARIABLE}",
    429: "FRED allows 120 requests a minute; try again later",
}


def client(cache: Path, *, clock: Clock | None = None, limits: Limits | None = None) -> Client:
    """Return a client for FRED.

    Parameters
    ----------
    cache : pathlib.Path
        Folder for its answers.
    clock : Clock, optional
        Replaces time, for tests.
    limits : Limits, optional
        Patience.
    """
    address = os.environ.get(URL_VARIABLE)
    return Client(
        SOURCE,
        cache,
        f"who-pays-for-ai/{__version__}",
        _PER_SECOND,
        limits=limits or Limits(),
        base_urls={ADDRESS: f"{address}/{ADDRESS.removeprefix('https://')}"} if address else {},
        remedies=_REMEDIES,
        clock=clock or Clock(),
    )


def key() -> str:
    """Return the API key of the environment.

    Raises
    ------
    RefreshError
        If there is none.
    """
    found = os.environ.get(KEY_VARIABLE, "").strip()
    if not found:
        raise RefreshError(
            SOURCE,
            f"${KEY_VARIABLE} is not set",
            remedy="a key is free: https://fred.stlouisfed.org/docs/api/api_key.html",
        )
    return found


def refresh(client: Client, base: Mapping[str, pd.DataFrame], *, day: date, held: date, api_key: str) -> Refreshed:
    """Bring `macro_us` and `nasdaq_composite` up to a day.

    Parameters
    ----------
    client : Client
        From `client`.
    base : mapping of str to pandas.DataFrame
        The two tables as they stand.
    day : datetime.date
        Day of the vintage: nothing that became known later is taken.
    held : datetime.date
        Day of the tables as they stand; revisions since then carry their own date.
    api_key : str
        From `key`.

    Returns
    -------
    Refreshed
        Every quarter and every month-end that FRED has, including those the tables have already.

    Raises
    ------
    RefreshError
        If FRED cannot be read, or answers half.
    """
    end = min(day, client.clock.now().astimezone(_HOME).date())
    start = min(held, end)
    ask = fred_answers.Ask(client, f"{ADDRESS}/fred/series/observations", api_key)
    macro, nasdaq = base["macro_us"], base["nasdaq_composite"]
    first_quarter = macro["quarter"].min().date().replace(month=1, day=1)
    series = {
        name: ask.series(name, first=first_quarter, start=start, end=end) for name in fred_tables.QUARTERLY_SERIES
    }
    # Closes are not revised: the state on the last day is enough, and FRED limits the states of a daily series.
    closes = ask.series(fred_tables.NASDAQ, first=nasdaq["month_end"].min().date().replace(day=1), start=end, end=end)
    fred_tables.refuse_shorter(series, closes, macro, nasdaq)
    rows, known = fred_tables.quarters(series, macro, end)
    month_ends, problems = fred_tables.month_ends(closes, nasdaq, end)
    return Refreshed(
        "fred",
        (Update("macro_us", rows, "revise", known), Update("nasdaq_composite", month_ends, "hold")),
        fred_tables.sources(start, end),
        tuple(problems),
    )
