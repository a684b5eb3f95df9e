"""Yahoo, by yfinance: month-end closes of the listed firms.

Closes are adjusted for splits and not for dividends, as `stock_prices` has them (``auto_adjust=False``, column
``Close``). One request at a time; what was received is kept. ``$WHO_PAYS_YAHOO_URL`` replaces the address for tests.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.refresh import yahoo_tables
from helpers.refresh.errors import RefreshError
from helpers.refresh.http import Limits
from helpers.refresh.pacing import Clock
from helpers.refresh.update import Policy, Refreshed, Update

if TYPE_CHECKING:
    import pandas as pd

SOURCE = "Yahoo"
URL_VARIABLE = "WHO_PAYS_YAHOO_URL"

_NEW_SINCE = date(2019, 1, 1)
"""First day asked for of a firm the table does not have: the beginning of its newer boom."""


@dataclass(frozen=True)
class History:
    """Daily closes of one firm.

    Parameters
    ----------
    closes : pandas.Series
        Close by day (datetime64 without a zone), adjusted for splits.
    currency : str
        As Yahoo says.
    splits : pandas.Series
        New shares for one old share, by day.
    """

    closes: pd.Series[Any]
    currency: str
    splits: pd.Series[Any]


def refresh(
    base: pd.DataFrame,
    *,
    cache: Path,
    day: date,
    since: date | None = None,
    tickers: Collection[str] = (),
    splits_confirmed: Collection[str] = (),
    fresh: bool = False,
    clock: Clock | None = None,
    limits: Limits | None = None,
) -> Refreshed:
    """Bring `stock_prices` up to a day.

    Parameters
    ----------
    base : pandas.DataFrame
        The table as it stands.
    cache : pathlib.Path
        Folder for what is received, and for yfinance's own notes.
    day : datetime.date
        Day of the vintage.
    since : datetime.date, optional
        First day asked for; by default the begin of each firm's unbroken series in the table.
    tickers : collection of str
        Firms besides those whose series in the table has not ended.
    splits_confirmed : collection of str
        Firms whose whole series may be divided by a split that Yahoo reports and that explains the difference.
    fresh : bool
        Use no kept answer.
    clock, limits : optional
        Time and patience, for tests.

    Returns
    -------
    Refreshed
        Month-ends of each firm that could be checked against the table; a problem for each that could not.

    Raises
    ------
    RefreshError
        If Yahoo or yfinance cannot be had, or answers half.
    """
    wanted = dict.fromkeys([*yahoo_tables.running(base), *tickers])
    held: list[pd.DataFrame] = []
    revised: list[pd.DataFrame] = []
    before: list[pd.DataFrame] = []
    problems: list[str] = []
    with _downloads(cache, clock, limits, fresh) as download:
        for ticker in wanted:
            table = yahoo_tables.series(base, ticker)
            first = since or (table.index[0].date().replace(day=1) if len(table) else _NEW_SINCE)
            history = download(ticker, first, day)
            checked = yahoo_tables.check(ticker, table, history, since=first, confirmed=ticker in splits_confirmed)
            problems += checked.problems
            rows = yahoo_tables.rows(ticker, checked.closes, day)
            if checked.factor is None:
                held.append(rows)
            else:
                start = checked.closes.index[0].date()
                revised += [yahoo_tables.rescaled(base, ticker, checked.factor, start, day), rows]
                before.append(yahoo_tables.before_split(rows, checked.factor, day))
    updates = [*_update(held, "hold"), *_update(revised, "revise", before)]
    return Refreshed("yahoo", tuple(updates), yahoo_tables.source(day), tuple(problems))


def _update(frames: list[pd.DataFrame], policy: Policy, history: list[pd.DataFrame] | None = None) -> list[Update]:
    import pandas as pd

    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return []
    before = pd.concat(history, ignore_index=True) if history else None
    return [Update("stock_prices", pd.concat(filled, ignore_index=True), policy, history=before)]


@contextmanager
def _downloads(cache: Path, clock: Clock | None, limits: Limits | None, fresh: bool) -> Iterator[Any]:
    """Set yfinance up for the block: its notes in our folder, its errors raised, its memory empty."""
    try:
        import yfinance  # type: ignore[import-untyped]  # it has no annotations
        from yfinance.data import YfData  # type: ignore[import-untyped]  # as above

        from helpers.refresh import yahoo_session
    except ImportError as error:
        remedy = "install the extra `live`: pip install -e '.[live]'"
        raise RefreshError(SOURCE, f"yfinance cannot be imported ({error})", remedy=remedy) from None
    cache.mkdir(parents=True, exist_ok=True)
    yfinance.set_tz_cache_location(str(cache))
    log = logging.getLogger("yfinance")
    level = log.level
    log.setLevel(logging.CRITICAL)  # what it logs, it raises too
    hidden, retries = yfinance.config.debug.hide_exceptions, yfinance.config.network.retries
    yfinance.config.debug.hide_exceptions = False
    yfinance.config.network.retries = 0  # the session is patient itself
    YfData.cache_get.cache_clear()
    limits = limits or yahoo_session.LIMITS
    limits = replace(limits, max_age=timedelta(0)) if fresh else limits
    session = yahoo_session.Session(cache, address=os.environ.get(URL_VARIABLE), clock=clock, limits=limits)

    def download(ticker: str, first: date, day: date) -> History:
        return _history(yfinance.Ticker(ticker, session=session), ticker, first, day)

    try:
        yield download
    finally:
        log.setLevel(level)
        yfinance.config.debug.hide_exceptions, yfinance.config.network.retries = hidden, retries
        session.close()


def _history(asked: Any, ticker: str, first: date, day: date) -> History:
    try:
        with warnings.catch_warnings():
            # yfinance 1.7 calls what pandas 4 will change; theirs to mend.
            warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"yfinance\.")
            frame = asked.history(
                start=first.isoformat(),
                end=(day + timedelta(days=1)).isoformat(),  # the end is not part of it
                interval="1d",
                auto_adjust=False,
                back_adjust=False,
                repair=False,
                actions=True,
            )
        currency = str(asked.history_metadata.get("currency"))
    except RefreshError:
        raise
    except Exception as error:  # whatever yfinance raises, it belongs to this request
        what = f"{ticker}: yfinance cannot read the answer ({type(error).__name__}: {error})"
        raise RefreshError(SOURCE, what, remedy="nothing was changed") from error
    frame.index = frame.index.tz_localize(None).normalize()
    splits = frame["Stock Splits"]
    return History(frame["Close"].dropna(), currency, splits[splits != 0])
