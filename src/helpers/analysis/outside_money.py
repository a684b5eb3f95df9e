"""Does money from outside follow a negative quarter? Net new debt and named new shares, before and after.

A rise after a negative quarter means little unless it is rarer after other quarters: `after_other_quarters` counts
those, as a base rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from helpers.analysis.fiscal_quarters import fiscal_sequence
from helpers.analysis.free_cash_flow import free_cash_flow
from helpers.analysis.listed_firms_financing import external_finance

# Up to a year on each side of a quarter.
WINDOW_QUARTERS = 4
COLUMNS = ["ticker", "period_end", "before", "after", "quarters_after", "rose", "came_in", "rows"]


@dataclass(frozen=True)
class BaseRate:
    """How often outside money rose after quarters that were not negative.

    Parameters
    ----------
    quarters, rose : int
        Quarters with a known flow on both sides, and those after which it rose.
    percent : float or None
        The share; None without such quarters.
    rows : tuple of str
    """

    quarters: int
    rose: int
    percent: float | None
    rows: tuple[str, ...]


def negative_starts(cash_flows: pd.DataFrame, financing: pd.DataFrame) -> pd.DataFrame:
    """Compare outside money after the first negative quarter of each spell with that before it.

    Parameters
    ----------
    cash_flows, financing : DataFrame, one row a firm-quarter
        As known on the same day.

    Returns
    -------
    DataFrame, one row a spell of negative free cash flow (the firm's own definition)
        ``ticker``, ``period_end`` (its first quarter), ``before`` and ``after`` (net new debt and named new shares a
        quarter, USD millions, mean of up to `WINDOW_QUARTERS` known quarters on each side; missing where none is
        known), ``quarters_after``, ``rose`` (after is above before), ``came_in`` (and above zero: the firm did not only
        repay less) and ``rows``.
    """
    flows, money_in = _flows(cash_flows, financing)
    table = []
    for ticker, firm in flows.groupby("ticker", sort=False):
        amounts = firm.set_index("sequence")["free_cash_flow"]
        starts = firm[(firm["free_cash_flow"] < 0) & (firm["sequence"] - 1).map(amounts).ge(0).to_numpy()]
        table += _around(str(ticker), starts, money_in)
    return pd.DataFrame(table, columns=COLUMNS)


def after_other_quarters(cash_flows: pd.DataFrame, financing: pd.DataFrame) -> BaseRate:
    """Count how often outside money rose after a quarter whose free cash flow was not negative.

    Parameters
    ----------
    cash_flows, financing : DataFrame
        As in `negative_starts`; the same windows.

    Notes
    -----
    Windows of neighbouring quarters overlap, so that the quarters are far fewer independent cases than they are many.
    """
    flows, money_in = _flows(cash_flows, financing)
    table = []
    for ticker, firm in flows.groupby("ticker", sort=False):
        table += _around(str(ticker), firm[firm["free_cash_flow"] >= 0], money_in)
    known = pd.DataFrame(table, columns=COLUMNS).dropna(subset=["before", "after"])
    rose = int(known["rose"].sum())
    rows = tuple(dict.fromkeys(row for rows in known["rows"] for row in rows))
    return BaseRate(len(known), rose, 100 * rose / len(known) if len(known) else None, rows)


def _flows(cash_flows: pd.DataFrame, financing: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return free cash flow, in order, and outside money where it is known, both by firm and fiscal quarter."""
    flows = cash_flows.assign(
        free_cash_flow=free_cash_flow(cash_flows, "company"),
        sequence=fiscal_sequence(cash_flows),
        ticker=cash_flows["ticker"].astype(str),
    )
    money_in = financing.assign(
        external=external_finance(financing),
        sequence=fiscal_sequence(financing),
        ticker=financing["ticker"].astype(str),
    )
    return flows.sort_values("sequence", kind="stable"), money_in[money_in["external"].notna()]


def _around(ticker: str, quarters: pd.DataFrame, money_in: pd.DataFrame) -> list[dict[str, object]]:
    """Compare outside money after each quarter with that before it; see `negative_starts` for the columns."""
    outside = money_in[money_in["ticker"] == ticker]
    sequence, external = outside["sequence"].to_numpy(), outside["external"].to_numpy()
    labels = outside.index.to_numpy()
    found: list[dict[str, object]] = []
    for label, start, end in zip(quarters.index, quarters["sequence"], quarters["period_end"], strict=True):
        distance = sequence - start
        before = (distance >= -WINDOW_QUARTERS) & (distance <= -1)
        after = (distance >= 1) & (distance <= WINDOW_QUARTERS)
        mean_before, mean_after = _mean(external[before]), _mean(external[after])
        rose = mean_after > mean_before
        found.append(
            {"ticker": ticker, "period_end": end, "before": mean_before, "after": mean_after,
             "quarters_after": int(after.sum()), "rose": rose, "came_in": rose and mean_after > 0,
             "rows": (str(label), *map(str, labels[before]), *map(str, labels[after]))}
        )  # fmt: skip
    return found


def _mean(amounts: npt.NDArray[np.float64]) -> float:
    """Return the mean, missing where there is no amount."""
    return float(amounts.mean()) if len(amounts) else float("nan")
