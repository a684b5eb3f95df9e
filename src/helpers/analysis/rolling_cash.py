"""The claims' questions on cash, asked of the newest quarters: is less left than a year before, and is it below zero.

The claims of the article name quarters, and their verdicts stay on those (`helpers.analysis.cash_flow_claims`). Here
the same questions move with the day of knowledge, firm by firm and for all firms together.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from helpers.analysis.fiscal_quarters import in_order
from helpers.analysis.free_cash_flow import cash_ledger

# A claim that says "two quarters in a row" looks at the last two.
QUARTERS_IN_A_ROW = 2
# Twelve months and the twelve before.
_QUARTERS_COMPARED = 8
COLUMNS = ["period_end", "free_cash_flow_12m", "year_earlier_12m", "negative_quarters", "rows"]


def newest(cash_flows: pd.DataFrame, definition: str) -> pd.DataFrame:
    """Return what each firm's newest known quarter says of its cash.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter, indexed by row id
        As known on some day.
    definition : str
        Of free cash flow, see `helpers.analysis.free_cash_flow.DEFINITIONS`.

    Returns
    -------
    DataFrame, one row a firm, indexed by ticker
        ``period_end``; ``free_cash_flow_12m`` and ``year_earlier_12m`` (USD millions); ``negative_quarters``, how many
        of the last two quarters were below zero; ``rows``, the ids behind them. Missing where a part is not known.
    """
    ledger = cash_ledger(cash_flows, definition)
    ledger["ticker"] = ledger["ticker"].astype(str)
    lines = {}
    for ticker, firm in ledger.groupby("ticker", sort=True):
        firm = in_order(firm)
        last, two = firm.iloc[-1], firm["free_cash_flow"].tail(QUARTERS_IN_A_ROW)
        known = len(two) == QUARTERS_IN_A_ROW and two.notna().all()
        negative = float((two < 0).sum()) if known else float("nan")
        rows = tuple(map(str, firm.index[-_QUARTERS_COMPARED:]))
        lines[ticker] = (last["period_end"], last["free_cash_flow_12m"], last["year_earlier_12m"], negative, rows)
    return pd.DataFrame.from_dict(lines, orient="index", columns=COLUMNS).rename_axis("ticker")


def together(firms: pd.DataFrame, tickers: Sequence[str]) -> pd.Series:
    """Add firms up; unknown as soon as one of them is.

    Parameters
    ----------
    firms : DataFrame
        From `newest`.
    tickers : sequence of str
        All that must be known.

    Returns
    -------
    Series
        ``free_cash_flow_12m``, ``year_earlier_12m`` (USD millions), ``fell`` (firms with less than a year before) and
        ``negative_twice`` (firms below zero in both of the last two quarters).
    """
    whole = firms.reindex(list(tickers))
    money = whole[["free_cash_flow_12m", "year_earlier_12m"]].astype("float64")
    totals = money.sum(skipna=False)
    fell = float((money["free_cash_flow_12m"] < money["year_earlier_12m"]).sum())
    negative = whole["negative_quarters"].astype("float64")
    return pd.Series(
        {
            **totals,
            "fell": fell if money.notna().all(axis=None) else float("nan"),
            "negative_twice": float((negative == QUARTERS_IN_A_ROW).sum()) if negative.notna().all() else float("nan"),
        }
    )


def rows_behind(firms: pd.DataFrame) -> tuple[str, ...]:
    """Return the ids of all rows behind the firms."""
    return tuple(row for rows in firms["rows"] for row in rows)
