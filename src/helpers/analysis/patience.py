"""How long investors wait: quarters of falling free cash flow before the share price falls.

A spell begins when a firm's twelve-month free cash flow falls below that of a year before, and ends when it no longer
is. Within it, the wait is the number of quarters up to the first that a price reaction follows: the change of the
month-end close over the three months after the quarter's end, in which its results come out. A spell that ends, or is
not over, without one is censored: it says that the wait was at least that long. Spells of one firm, and of firms in the
same market, are not independent, so the intervals are too narrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from helpers.analysis.fiscal_quarters import in_order, quarters_earlier, trailing_twelve_months
from helpers.analysis.free_cash_flow import free_cash_flow
from helpers.analysis.money_flows import BUILDERS
from helpers.analysis.time_to_outcome import kaplan_meier

# The results of a quarter come out in the three months after it.
REACTION_MONTHS = 3
# "A negative price reaction": any fall, as the rule is worded; and the fall that markets call a bear market.
ANY_FALL, HARD_FALL = 0.0, 20.0
# A curve from fewer spells with a reaction is an anecdote.
LEAST_REACTIONS = 3
_YEAR_MONTHS = 12
# Close and row id of a firm, by month (the number of a monthly period: plain numbers are found fastest).
Prices = dict[int, tuple[float, str]]
_SPELL_COLUMNS = ["ticker", "first", "last", "quarters", "reacted", "change", "rows"]


def spells(
    cash_flows: pd.DataFrame, stock_prices: pd.DataFrame, fall: float = ANY_FALL, tickers: Sequence[str] = BUILDERS
) -> pd.DataFrame:
    """List the spells of falling free cash flow with the wait for a price reaction.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter, indexed by row id
    stock_prices : DataFrame, one row a ticker and month end, indexed by row id
    fall : float
        A reaction is a change of the price below minus this, per cent.
    tickers : sequence of str
        Which firms.

    Returns
    -------
    DataFrame, one row a spell whose first quarter has a known price change
        ``ticker``, ``first`` and ``last`` (period ends of the quarters counted), ``quarters`` (the wait), ``reacted``
        (False is censored), ``change`` (of the price after the last one, per cent) and ``rows`` (a tuple of ids).
    """
    ledger, prices = _twelve_months(cash_flows), _by_month(stock_prices, tickers)
    found: list[dict[str, Any]] = []
    for ticker in tickers:
        firm = ledger[ledger["ticker"] == ticker]
        falling = firm["free_cash_flow_12m"] < firm["year_earlier_12m"]
        run = falling.ne(falling.shift()).cumsum()
        found += [
            spell
            for _, ends in firm.loc[falling, "period_end"].groupby(run[falling])
            if (spell := _wait(ticker, ends.items(), prices[ticker], fall)) is not None
        ]
    return pd.DataFrame(found, columns=_SPELL_COLUMNS)


def _twelve_months(cash_flows: pd.DataFrame) -> pd.DataFrame:
    """Return the flows that spells are made of, in order: as in `cash_ledger`, without what is not asked for here."""
    if cash_flows.empty:
        return pd.DataFrame(columns=["ticker", "period_end", "free_cash_flow_12m", "year_earlier_12m"])
    ordered = in_order(cash_flows)
    year = trailing_twelve_months(ordered, free_cash_flow(ordered, "company"))
    return pd.DataFrame(
        {
            "ticker": ordered["ticker"].astype(str), "period_end": ordered["period_end"], "free_cash_flow_12m": year,
            "year_earlier_12m": quarters_earlier(ordered, year),
        }
    )  # fmt: skip


def _by_month(stock_prices: pd.DataFrame, tickers: Iterable[str]) -> dict[str, Prices]:
    """Return each firm's close and row id by month; raises ValueError if a month stands twice."""
    found: dict[str, Prices] = {ticker: {} for ticker in tickers}
    known = stock_prices[stock_prices["close_adj"].notna() & stock_prices["ticker"].isin(list(found))]
    months = pd.DatetimeIndex(known["month_end"]).to_period("M").asi8.tolist()
    for ticker, month, close, label in zip(known["ticker"], months, known["close_adj"], known.index, strict=True):
        if month in found[ticker]:
            raise ValueError(f"{label}: its month stands twice")
        found[ticker][month] = close, label
    return found


def _change(prices: Prices, day: pd.Timestamp, months: int) -> tuple[float, tuple[str, str]] | None:
    """Return the price change in the months after a day's, per cent, and both rows; None where one is not known."""
    month = day.to_period("M").ordinal
    before, after = prices.get(month), prices.get(month + months)
    if before is None or after is None:
        return None
    return float(100 * (after[0] / before[0] - 1)), (before[1], after[1])


def _wait(ticker: str, ends: Iterable[tuple[Any, pd.Timestamp]], prices: Prices, fall: float) -> dict[str, Any] | None:
    """Return a spell up to its first reaction, or None where the price after its first quarter is not known.

    `ends` gives row id and last day of each of its quarters.
    """
    spell: dict[str, Any] | None = None
    rows: list[str] = []
    for place, (label, end) in enumerate(ends, start=1):
        found = _change(prices, end, REACTION_MONTHS)
        if found is None:
            break
        change, used = found
        rows += [str(label), *used]
        first = spell["first"] if spell else end
        spell = {"ticker": ticker, "first": first, "last": end, "quarters": place,
                 "reacted": change < -fall, "change": change, "rows": tuple(rows)}  # fmt: skip
        if spell["reacted"]:
            break
    return spell


@dataclass(frozen=True)
class Wait:
    """The wait for a reaction over all spells, by Kaplan and Meier.

    Parameters
    ----------
    spells, reacted : int
        How many spells there are, and how many ended in a reaction.
    median, low, high : float or None
        Quarters until half of the spells had one, with its interval; None where the curve does not fall that far,
        or with fewer than `LEAST_REACTIONS` reactions.
    longest : int
        The longest wait seen, with or without a reaction.
    rows : tuple of str
    """

    spells: int
    reacted: int
    median: float | None
    low: float | None
    high: float | None
    longest: int
    rows: tuple[str, ...]


def wait(found: pd.DataFrame) -> Wait:
    """Estimate the median wait.

    Parameters
    ----------
    found : DataFrame
        From `spells`.

    Returns
    -------
    Wait
    """
    rows = tuple(dict.fromkeys(row for ids in found["rows"] for row in ids))
    reacted = int(found["reacted"].sum()) if len(found) else 0
    longest = int(found["quarters"].max()) if len(found) else 0
    if reacted < LEAST_REACTIONS:
        return Wait(len(found), reacted, None, None, None, longest, rows)
    lasted = pd.DataFrame({"days": found["quarters"].astype("float64"), "ended": found["reacted"].astype("bool")})
    curve = kaplan_meier(lasted)
    # The median's interval is where the curve's own interval passes one half (Brookmeyer and Crowley).
    median, low, high = (_first_below_half(curve, column) for column in ("open_share", "low", "high"))
    return Wait(len(found), reacted, median, low, high, longest, rows)


def _first_below_half(curve: pd.DataFrame, column: str) -> float | None:
    passed = curve.loc[curve[column] <= 1 / 2, "days"]
    return float(passed.iloc[0]) if len(passed) else None


@dataclass(frozen=True)
class Rates:
    """How often the price fell after a quarter, with free cash flow falling and not.

    Parameters
    ----------
    falling, other : float or None
        Per cent of quarters that a price reaction followed; None where there is no quarter.
    falling_quarters, other_quarters : int
    rows : tuple of str
    """

    falling: float | None
    other: float | None
    falling_quarters: int
    other_quarters: int
    rows: tuple[str, ...]


def reaction_rates(
    cash_flows: pd.DataFrame, stock_prices: pd.DataFrame, fall: float = ANY_FALL, tickers: Sequence[str] = BUILDERS
) -> Rates:
    """Count price reactions after every quarter: what the wait in `spells` must be held against.

    Parameters
    ----------
    cash_flows, stock_prices : DataFrame
    fall : float
        As in `spells`.
    tickers : sequence of str

    Returns
    -------
    Rates
    """
    counts: dict[bool, list[bool]] = {True: [], False: []}
    rows: list[str] = []
    ledger = _twelve_months(cash_flows).dropna(subset=["free_cash_flow_12m", "year_earlier_12m"])
    prices = _by_month(stock_prices, tickers)
    for ticker in tickers:
        firm = ledger[ledger["ticker"] == ticker]
        falling = firm["free_cash_flow_12m"] < firm["year_earlier_12m"]
        for quarter, fell in zip(firm["period_end"].items(), falling, strict=True):
            spell = _wait(ticker, [quarter], prices[ticker], fall)
            if spell is not None:
                counts[bool(fell)].append(spell["reacted"])
                rows += spell["rows"]
    shares = {key: 100 * sum(seen) / len(seen) if seen else None for key, seen in counts.items()}
    return Rates(shares[True], shares[False], len(counts[True]), len(counts[False]), tuple(dict.fromkeys(rows)))


def dotcom_years(dotcom_firms: pd.DataFrame, stock_prices: pd.DataFrame) -> pd.DataFrame:
    """List the fiscal years of dot-com and telecom firms in which free cash flow fell, with what the price did after.

    Parameters
    ----------
    dotcom_firms : DataFrame, one row a fiscal year, indexed by row id
    stock_prices : DataFrame

    Returns
    -------
    DataFrame, one row a firm-year whose free cash flow and that of the year before are known
        ``ticker``, ``segment``, ``period_end``, ``free_cash_flow``, ``earlier`` (USD millions), ``fell``, ``change``
        (of the price in the twelve months after, per cent; missing where the table has no price) and ``rows``.
    """
    firms = dotcom_firms.assign(free_cash_flow=dotcom_firms["operating_cash_flow"] - dotcom_firms["capex"])
    known = firms[firms["free_cash_flow"].notna()]
    prices = _by_month(stock_prices, known["ticker"].astype(str).unique())
    table = []
    for label, row in known.iterrows():
        before = known[
            (known["ticker"].astype(str) == str(row["ticker"])) & (known["fiscal_year"] == row["fiscal_year"] - 1)
        ]
        if before.empty:
            continue
        earlier = float(before["free_cash_flow"].iloc[0])
        change, used = _change(prices[str(row["ticker"])], row["period_end"], _YEAR_MONTHS) or (float("nan"), ())
        table.append(
            {
                "ticker": str(row["ticker"]), "segment": str(row["segment"]), "period_end": row["period_end"],
                "free_cash_flow": float(row["free_cash_flow"]), "earlier": earlier,
                "fell": bool(row["free_cash_flow"] < earlier), "change": change,
                "rows": (str(label), str(before.index[0]), *used),
            }
        )  # fmt: skip
    columns = ["ticker", "segment", "period_end", "free_cash_flow", "earlier", "fell", "change", "rows"]
    return pd.DataFrame(table, columns=columns)


def open_spells(cash_flows: pd.DataFrame, tickers: Sequence[str] = BUILDERS) -> pd.DataFrame:
    """Return for each firm how many quarters its twelve-month free cash flow has been falling, to its last quarter.

    Returns
    -------
    DataFrame, one row a firm whose last quarter and the year before are known
        ``ticker``, ``period_end``, ``quarters`` (0 where it does not fall) and ``rows`` (a tuple of ids).
    """
    ledger = _twelve_months(cash_flows).dropna(subset=["free_cash_flow_12m", "year_earlier_12m"])
    table = []
    for ticker in tickers:
        known = ledger[ledger["ticker"] == ticker]
        if known.empty:
            continue
        falling = (known["free_cash_flow_12m"] < known["year_earlier_12m"]).to_numpy()[::-1]
        length = len(falling) if falling.all() else int(np.argmin(falling))
        rows = tuple(str(label) for label in known.index[len(known) - max(length, 1) :])
        table.append({"ticker": ticker, "period_end": known["period_end"].iloc[-1], "quarters": length, "rows": rows})
    return pd.DataFrame(table, columns=["ticker", "period_end", "quarters", "rows"])
