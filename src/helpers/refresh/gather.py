"""Asks the sources, one after the other, and brings their answers into one form."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.refresh.base import Base
from helpers.refresh.update import Refreshed, Update
from helpers.tables import descriptor

if TYPE_CHECKING:
    import pandas as pd

    from helpers.refresh import edgar

SOURCES = ("edgar", "yahoo", "fred")
"""Every source, in the order in which they are asked."""

CACHE = ".cache"
"""Folder beside the vintages that keeps what was received, one folder a source."""

EDGAR_URL_VARIABLE = "WHO_PAYS_EDGAR_URL"
"""Environment variable with an address to ask instead: ``https://HOST/PATH`` becomes ``ADDRESS/HOST/PATH``."""

_SEC = ("data.sec.gov", "www.sec.gov")


@dataclass(frozen=True)
class Request:
    """What a refresh is asked for.

    Parameters
    ----------
    sources : tuple of str
        Some of `SOURCES`.
    day : datetime.date
        Day of the vintage: what became known later is not taken.
    since : datetime.date, optional
        First day of the figures asked for.
    tickers : tuple of str
        Firms besides those of the tables.
    splits : tuple of str
        Firms whose split is confirmed.
    fresh : bool
        Ask anew, whatever answers are kept.
    """

    sources: tuple[str, ...]
    day: date
    since: date | None = None
    tickers: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    fresh: bool = False


def gather(request: Request, base: Base, cache: Path, tell: Callable[[str], None]) -> list[Refreshed]:
    """Ask each source.

    Parameters
    ----------
    request : Request
        What is wanted.
    base : Base
        The tables as they stand.
    cache : pathlib.Path
        Folder for what is received, one folder a source; nothing of FRED's is kept.
    tell : callable
        Is told which source is asked.

    Returns
    -------
    list of Refreshed
        One a source, in the order of the request.

    Raises
    ------
    RefreshError
        If a source cannot be read, or answers half. Nothing is then used of any.
    """
    asked = {"edgar": _edgar, "yahoo": _yahoo, "fred": _fred}
    gathered = []
    # First what needs no network: a missing key must not be found after minutes of downloads.
    _refuse_without_keys(request.sources)
    for source in request.sources:
        tell(f"asking {source}")
        gathered.append(asked[source](request, base, cache / source))
    return gathered


def _refuse_without_keys(sources: Collection[str]) -> None:
    from helpers.refresh import edgar, fred

    if "edgar" in sources:
        edgar.client(Path())
    if "fred" in sources:
        fred.key()


def _fred(request: Request, base: Base, _cache: Path) -> Refreshed:
    from helpers.refresh import fred

    frames = {name: base.frame(name) for name in ("macro_us", "nasdaq_composite")}
    # FRED's terms speak against keeping what its API sends: it is gone when the figures are in the tables.
    with tempfile.TemporaryDirectory(prefix="who-pays-fred-") as folder:
        client = fred.client(Path(folder))
        return fred.refresh(client, frames, day=request.day, held=base.day, api_key=fred.key())


def _yahoo(request: Request, base: Base, cache: Path) -> Refreshed:
    from helpers.refresh import yahoo

    return yahoo.refresh(
        base.frame("stock_prices"),
        cache=cache,
        day=request.day,
        since=request.since,
        tickers=request.tickers,
        splits_confirmed=request.splits,
        fresh=request.fresh,
    )


def _edgar(request: Request, base: Base, cache: Path) -> Refreshed:
    from helpers.refresh import edgar

    frames = {name: base.frame(name) for name in ("cash_flows", "financing")}
    tickers = dict.fromkeys([*frames["cash_flows"]["ticker"].astype("str"), *request.tickers])
    address = os.environ.get(EDGAR_URL_VARIABLE)
    redirected = {f"https://{host}": f"{address}/{host}" for host in _SEC} if address else {}
    client = edgar.client(cache, base_urls=redirected)
    return from_edgar(edgar.refresh(client, tickers, since=request.since, fresh=request.fresh), request, frames)


def from_edgar(found: edgar.Refreshed, request: Request, frames: Mapping[str, pd.DataFrame]) -> Refreshed:
    """Bring what EDGAR gave into the form of an update, as known on the day of the vintage.

    Parameters
    ----------
    found : edgar.Refreshed
        Tables, history and facts.
    request : Request
        For the day, and the firms that the tables do not have yet.
    frames : mapping of str to pandas.DataFrame
        The tables as they stand.

    Returns
    -------
    Refreshed
        A table gets no firm that was not asked for, and, unless a first day was given, no quarter before a firm's
        first in it: the tables begin where they begin for reasons of their own.
    """
    ids = {name: f"{name}_{request.day}" for name in found.sources["source_id"]}
    updates = []
    for name, frame in found.tables.items():
        wanted = _wanted(frame, frames[name], request)
        history = found.history[found.history["table"] == name]
        history = history.assign(known_from=history["known_from"].dt.strftime("%Y-%m-%d"))
        rows, known = _as_of(name, wanted, history, request.day.isoformat())
        rows = rows.assign(source_id=rows["source_id"].map(ids))
        updates.append(Update(name, rows, "if later", known, history[history["known_from"] <= str(request.day)]))
    sources = found.sources.assign(source_id=found.sources["source_id"].map(ids))
    facts = found.facts[found.facts["filed"].dt.date <= request.day]
    return Refreshed("edgar", tuple(updates), sources, tuple(found.problems), facts)


def _wanted(frame: pd.DataFrame, table: pd.DataFrame, request: Request) -> pd.DataFrame:
    tickers = frame["ticker"].astype("str")
    first = table.groupby(table["ticker"].astype("str"))["period_end"].min()
    is_new = tickers.isin(request.tickers) & ~tickers.isin(first.index)
    since = tickers.map(first)
    in_time = frame["period_end"] >= since if request.since is None else since.notna()
    return frame[is_new | in_time]


def _as_of(name: str, frame: pd.DataFrame, history: pd.DataFrame, day: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows with the values known on a day, and the day on which each became known."""
    fields = descriptor.describe(name, descriptor.shipped())["schema"]["fields"]
    figures = [field["name"] for field in fields if field["type"] == "number"]
    required = [column for column in figures if _is_required(fields, column)]
    until = history[history["known_from"] <= day].sort_values("known_from", kind="stable")
    last = until.drop_duplicates(["row", "column"], keep="last")

    def wide(part: str) -> pd.DataFrame:
        spread = last.pivot_table(index="row", columns="column", values=part, aggfunc="first")
        return spread.reindex(index=frame.index, columns=figures)

    values, known = wide("value"), wide("known_from")
    rows = frame.assign(**{column: values[column] for column in figures})
    there = rows[required].notna().all(axis=1) & rows[figures].notna().any(axis=1)
    if "published" in rows:
        there &= rows["published"] <= day
    return rows[there], known[there]


def _is_required(fields: list[dict[str, Any]], column: str) -> bool:
    return any(field["name"] == column and field.get("constraints", {}).get("required") for field in fields)
