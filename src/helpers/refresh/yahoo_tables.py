"""From daily closes to rows of `stock_prices`, checked against the rows that are there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from helpers.refresh.errors import RefreshError

if TYPE_CHECKING:
    import pandas as pd

_OFF = 0.005
"""Share by which a close may differ from the table's on the overlap; more is a split, another share or an error."""

_ENDED_DAYS = 366
"""A series whose last row is this much older than the table's newest has ended and is not asked for."""

_DIGITS = 6
"""Significant digits of a close: Yahoo sends single-precision floats."""

_CURRENCY = "USD"


class Priced(Protocol):
    """What is read of a firm's history."""

    @property
    def closes(self) -> pd.Series[Any]:
        """Close by day."""

    @property
    def currency(self) -> str:
        """Currency of the closes."""

    @property
    def splits(self) -> pd.Series[Any]:
        """New shares for one old share, by day."""


@dataclass(frozen=True)
class Checked:
    """Month-ends of one firm that may go into the table.

    Parameters
    ----------
    closes : pandas.Series
        Close by last trading day of the month; empty where the firm was refused.
    problems : tuple of str
        Why, in one line each.
    factor : float, optional
        Old shares for one of today's, where a confirmed split rescales the table's closes.
    """

    closes: pd.Series[Any]
    problems: tuple[str, ...] = field(default=())
    factor: float | None = None


def running(base: pd.DataFrame) -> list[str]:
    """Return the firms whose series has not ended, in the order of the table."""
    newest = base.groupby("ticker", observed=True, sort=False)["month_end"].max()
    return [str(ticker) for ticker in newest.index[(newest.max() - newest).dt.days < _ENDED_DAYS]]


def series(base: pd.DataFrame, ticker: str) -> pd.Series[Any]:
    """Return a firm's closes by month-end since the last break of its series; empty for a firm that is not there."""
    rows = base[base["ticker"] == ticker].sort_values("month_end")
    closes = rows.set_index("month_end")["close_adj"]
    months = [day.year * 12 + day.month for day in _days(closes)]
    breaks = [at for at in range(1, len(months)) if months[at] - months[at - 1] > 1]
    return closes.iloc[breaks[-1] if breaks else 0 :]


def check(ticker: str, table: pd.Series[Any], history: Priced, *, since: date, confirmed: bool) -> Checked:
    """Check a firm's history against the table.

    Parameters
    ----------
    ticker : str
        Firm.
    table : pandas.Series
        Closes of the table by month-end, since the last break; empty for a new firm.
    history : Priced
        What Yahoo has.
    since : datetime.date
        First day asked for.
    confirmed : bool
        Whether a split that Yahoo reports may rescale the table's closes.

    Returns
    -------
    Checked
        With no closes where the currency or a close is not the table's.

    Raises
    ------
    RefreshError
        If months are missing.
    """
    none = history.closes.iloc[:0]
    if history.currency != _CURRENCY:
        return Checked(none, (f"{_head(ticker)}: Yahoo's closes are in {history.currency}, not {_CURRENCY}",))
    ends = month_ends(history.closes)
    _refuse_half(ticker, table, ends, since)
    if table.empty:
        return Checked(ends, (f"stock_prices: {ticker} is new: there is no row to check its closes against",))
    other_days, closes = _on_the_same_days(ends, table)
    both = closes.index.intersection(table.index)
    ratio = closes[both] / table[both]
    off = ratio[(ratio - 1).abs() > _OFF]
    problems = [
        f"stock_prices: {ticker}: Yahoo's last trading day of {ours:%Y-%m} is {theirs.date()}, the table's is "
        f"{ours.date()}; the table's row stands"
        for ours, theirs in other_days
    ]
    if both.empty:
        return Checked(none, (*problems, f"{_head(ticker)}: no month-end of Yahoo's is in the table, to check it"))
    if off.empty:
        return Checked(closes, tuple(problems))
    factor, split = _explained(ratio, history.splits)
    if factor and confirmed:
        told = f"stock_prices: {ticker}: {split}; confirmed, all its closes were rescaled"
        return Checked(closes, (*problems, told), factor)
    return Checked(none, (*problems, _told(ticker, off, ratio, split)))


def month_ends(closes: pd.Series[Any]) -> pd.Series[Any]:
    """Return the last close of each month that is over: a later day has a close too."""
    if closes.empty:
        return closes
    months = _days(closes).to_period("M")
    is_last = ~months.duplicated(keep="last")
    last: pd.Series[Any] = closes[is_last & (months < months.max())]
    return last


def rows(ticker: str, closes: pd.Series[Any], day: date) -> pd.DataFrame:
    """Return rows of `stock_prices`."""
    import pandas as pd

    return pd.DataFrame(
        {
            "ticker": ticker,
            "month_end": _days(closes).strftime("%Y-%m-%d"),
            "close_adj": [_rounded(close) for close in closes],
            "status": "sourced",
            "source_id": _source_id(day),
        }
    )


def rescaled(base: pd.DataFrame, ticker: str, factor: float, before: date, day: date) -> pd.DataFrame:
    """Return a firm's rows of the table before a day, divided by the splits that came since.

    Parameters
    ----------
    base : pandas.DataFrame
        The table as it stands.
    ticker : str
        Firm.
    factor : float
        Old shares for one of today's.
    before : datetime.date
        First day of Yahoo's closes.
    day : datetime.date
        Day of the vintage.
    """
    earlier = base[(base["ticker"] == ticker) & (base["month_end"].dt.date < before)]
    after: pd.DataFrame = earlier.assign(
        month_end=earlier["month_end"].dt.strftime("%Y-%m-%d"),
        close_adj=[_rounded(close / factor) for close in earlier["close_adj"]],
        status="derived",
        source_id=[f"{cited};{_source_id(day)}" for cited in earlier["source_id"]],
    )
    return after


def before_split(rows: pd.DataFrame, factor: float, day: date) -> pd.DataFrame:
    """Return what each close was in the shares of before a split, for a reader of a day before the vintage.

    Such a reader sees the whole series in old shares: the closes that the table had are put back, and a month-end that
    came with the split's own refresh must not stand among them in new ones.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of `stock_prices` in today's shares.
    factor : float
        Old shares for one of today's.
    day : datetime.date
        Day of the vintage.

    Returns
    -------
    pandas.DataFrame
        The history of an `Update`: each close in old shares from its month-end, in today's from the vintage.
    """
    import pandas as pd

    names = ["/".join(("stock_prices", *key)) for key in zip(rows["ticker"], rows["month_end"], strict=True)]
    old = [_rounded(close * factor) for close in rows["close_adj"]]
    about = {"row": names, "column": "close_adj"}
    first = pd.DataFrame(about | {"value": old, "known_from": list(rows["month_end"])})
    last = pd.DataFrame(about | {"value": list(rows["close_adj"]), "known_from": day.isoformat()})
    return pd.concat([first, last], ignore_index=True)


def source(day: date) -> pd.DataFrame:
    """Return the row for the table `sources`."""
    import pandas as pd

    title = (
        "Daily prices read by yfinance, column Close (split-adjusted, not dividend-adjusted); last day of each month"
    )
    return pd.DataFrame(
        [
            {
                "source_id": _source_id(day),
                "publisher": "Yahoo Finance",
                "title": f"{title}; as of {day}",
                "date": day.isoformat(),
                "locator": "https://finance.yahoo.com",
            }
        ]
    )


def _refuse_half(ticker: str, table: pd.Series[Any], ends: pd.Series[Any], since: date) -> None:
    """Refuse a history in which months are missing that the table or the calendar says must be there."""
    if ends.empty:
        raise RefreshError("Yahoo", f"half an answer: no whole month of {ticker} since {since}")
    there = _days(ends).to_period("M")
    expected = {month for month in _days(table).to_period("M") if month.start_time.date() >= since.replace(day=1)}
    expected |= {there.min() + step for step in range((there.max() - there.min()).n + 1)}
    if missing := sorted(expected - set(there)):
        what = f"half an answer on {ticker}: {len(missing)} months are missing, the first {missing[0]}"
        raise RefreshError("Yahoo", what, remedy="nothing was changed; try again later")


def _on_the_same_days(ends: pd.Series[Any], table: pd.Series[Any]) -> tuple[list[tuple[Any, Any]], pd.Series[Any]]:
    """Return the months whose last trading day is another than the table's, and the closes of all other months."""
    table_days = dict(zip(_days(table).to_period("M"), table.index, strict=True))
    months = _days(ends).to_period("M")
    pairs = [(table_days.get(month, day), day) for month, day in zip(months, ends.index, strict=True)]
    others = [(ours, theirs) for ours, theirs in pairs if ours != theirs]
    return others, ends.drop([theirs for _, theirs in others])


def _explained(ratio: pd.Series[Any], splits: pd.Series[Any]) -> tuple[float | None, str]:
    """Return the factor of the splits since the table's last row, and words for them, where they explain the ratio."""
    later = splits[splits.index > ratio.index[-1]]
    factor = float(later.prod())
    if later.empty or ((ratio * factor - 1).abs() > _OFF).any():
        return None, ""
    listed = [f"a split of {new:g} for 1 on {day.date()}" for day, new in zip(_days(later), later, strict=True)]
    return factor, f"Yahoo reports {' and '.join(listed)}"


def _told(ticker: str, off: pd.Series[Any], ratio: pd.Series[Any], split: str) -> str:
    first = off.index[0]
    text = (
        f"{_head(ticker)}: on {first.date()} Yahoo's close is {off.iloc[0]:.4g} times the table's, and {len(off)} of "
        f"{len(ratio)} month-ends differ by more than {_OFF:.1%}"
    )
    if not split:
        return text
    return f"{text}; {split}, which explains it: `--split {ticker}` confirms it and rescales the table's closes"


def _days(closes: pd.Series[Any]) -> pd.DatetimeIndex:
    import pandas as pd

    return pd.DatetimeIndex(closes.index)


def _head(ticker: str) -> str:
    return f"stock_prices: {ticker} was not updated"


def _rounded(close: float) -> float:
    return float(f"{close:.{_DIGITS}g}")


def _source_id(day: date) -> str:
    return f"yahoo_{day}"
