"""What the claims on the two booms are judged by: baskets of shares, price over cash flow, losses, later quarters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.analysis import vendor_metrics as vendor
from helpers.analysis.boom_paths import monthly, price_of
from helpers.analysis.fiscal_quarters import calendar_quarter
from helpers.analysis.free_cash_flow import FIRMS, cash_ledger

# The last month end before the article, the same a year before, and the end of the four quarters after it.
ARTICLE_MONTH, YEAR_BEFORE, FOUR_QUARTERS_ON = "2025-08", "2024-08", "2026-08"
# The article names no basket. This one: the builders it discusses, and the listed AI firms with prices in the tables.
BASKET = ("NVDA", "MSFT", "GOOGL", "META", "AMZN", "ORCL", "AVGO", "PLTR", "CRWV")
BIG_TECH = ("AMZN", "MSFT", "GOOGL", "META", "ORCL")
# A06: "2023-2025 with 1996-2000", "within one standard deviation", three measures named.
NOW_SPAN, THEN_SPAN = ("2023-01", "2025-12"), ("1996-01", "2000-12")
# A29: the last fiscal years that ended before March 2000; prices from the month of the peak to that of the low.
BEFORE, PEAK, LOW = "2000-03-01", "2000-02", "2002-09"
_FIRST_LATER_QUARTER = "2025Q3"
_RUN_RATE_DAYS = 120
MODEL_MAKERS = ("OpenAI", "Anthropic")


def equal_weight(stock_prices: pd.DataFrame, tickers: Sequence[str], first: str, last: str) -> pd.DataFrame:
    """Return the value of a basket with equal weights restored each month.

    Parameters
    ----------
    stock_prices : DataFrame
    tickers : sequence of str
    first, last : str
        Months; the value is 100 in the first.

    Returns
    -------
    DataFrame, indexed by month
        ``value`` and one column a ticker with its price; empty where a month between is missing for a firm.
    """
    return _rebalanced(_prices(stock_prices, tickers), first, last)


def _prices(stock_prices: pd.DataFrame, tickers: Sequence[str]) -> pd.DataFrame:
    """Return the month-end prices of some tickers: a row a month, a column a ticker."""
    return pd.DataFrame({name: price_of(stock_prices, name).set_index("month")["value"] for name in tickers})


def _rebalanced(prices: pd.DataFrame, first: str, last: str) -> pd.DataFrame:
    """Return what `equal_weight` does, from the prices of its tickers in any months."""
    within = prices.reindex(pd.period_range(first, last, freq="M"))
    if within.isna().any(axis=None):
        return within.iloc[:0].assign(value=np.nan)
    growth = (within / within.shift()).mean(axis=1).fillna(1.0)
    return within.assign(value=100 * growth.cumprod())


def free_cash_flow_change(cash_flows: pd.DataFrame, tickers: Sequence[str] = tuple(FIRMS)) -> pd.DataFrame:
    """Compare twelve-month free cash flow known at the article's date with a year before.

    Returns
    -------
    DataFrame, indexed by ticker
        ``now``, ``before`` (USD millions, own definition), ``rows`` (row ids). Firms without both are left out.
    """
    ledger = cash_ledger(cash_flows, "company")
    ended = ledger["period_end"] <= pd.Timestamp(f"{ARTICLE_MONTH}-01") + pd.offsets.MonthEnd(0)
    # Oracle's quarter to August came out after the article.
    young = (ledger["ticker"] == "ORCL") & (ledger["period_end"] > pd.Timestamp("2025-05-31"))
    known = ledger.loc[ended & ~young, ["ticker", "free_cash_flow_12m", "year_earlier_12m"]]
    lines = {}
    for name in tickers:
        own = known[known["ticker"] == name]
        if own.empty:
            continue
        now, before = float(own["free_cash_flow_12m"].iloc[-1]), float(own["year_earlier_12m"].iloc[-1])
        if np.isfinite(now) and np.isfinite(before):
            lines[name] = {"now": now, "before": before, "rows": tuple(own.index[-8:])}
    return pd.DataFrame.from_dict(lines, orient="index", columns=["now", "before", "rows"])


def distance_from_then(path: pd.DataFrame) -> tuple[float, tuple[str, ...]] | None:
    """Return by how many standard deviations of 1996-2000 the mean of 2023-2025 lies off, and the rows used."""
    parts = []
    for first, last in (THEN_SPAN, NOW_SPAN):
        parts.append(path[(path["month"] >= pd.Period(first, "M")) & (path["month"] <= pd.Period(last, "M"))])
    then, now = parts
    if len(then) < 12 or now.empty:
        return None
    distance = float((now["value"].mean() - then["value"].mean()) / then["value"].std(ddof=1))
    return distance, (*map(str, then.index), *map(str, now.index))


def multiples(stock_prices: pd.DataFrame, cash_flows: pd.DataFrame) -> pd.DataFrame:
    """Compare price and free cash flow of the big tech firms at the article's date with a year before.

    Returns
    -------
    DataFrame, indexed by ticker
        ``price_change`` and ``flow_change`` (per cent), ``multiple_change`` (per cent; missing where a flow is not
        positive), ``fell`` and ``rose`` (the multiple), ``rows``. Firms without a figure are left out. The count of
        shares is taken as constant: it moved by a few per cent.
    """
    flows = free_cash_flow_change(cash_flows, BIG_TECH)
    lines = {}
    for name in flows.index:
        path = price_of(stock_prices, name, YEAR_BEFORE, ARTICLE_MONTH)
        ends = path[path["month"].isin([pd.Period(YEAR_BEFORE, "M"), pd.Period(ARTICLE_MONTH, "M")])]
        if len(ends) < 2:
            continue
        price = float(ends["value"].iloc[1] / ends["value"].iloc[0])
        now, before = (float(flow) for flow in flows.loc[name, ["now", "before"]])
        positive = now > 0 and before > 0
        lines[name] = {
            "price_change": 100 * (price - 1),
            "flow_change": 100 * (now / before - 1) if before > 0 else np.nan,
            "multiple_change": 100 * (price * before / now - 1) if positive else np.nan,
            "fell": now < before,
            # A flow below zero has no multiple: a price that rose all the same is the benefit of the doubt.
            "rose": price * before > now if positive else price > 1,
            "rows": (*map(str, ends.index), *listed(flows.loc[[name], "rows"])),
        }
    columns = ["price_change", "flow_change", "multiple_change", "fell", "rose", "rows"]
    return pd.DataFrame.from_dict(lines, orient="index", columns=columns)


def losses_and_prices(dotcom_firms: pd.DataFrame, stock_prices: pd.DataFrame) -> pd.DataFrame:
    """Put beside each dot-com firm's last result before March 2000 what its price did after.

    Returns
    -------
    DataFrame, indexed by ticker
        ``net_income`` (USD millions), ``loss``, ``price_change`` (per cent, `PEAK` to `LOW`), ``rows``. Only firms with
        all of it.
    """
    known = dotcom_firms[(dotcom_firms["period_end"] < pd.Timestamp(BEFORE)) & dotcom_firms["net_income"].notna()]
    last = known.sort_values("period_end").groupby(known["ticker"].astype(str)).tail(1)
    lines = {}
    for row, firm in last.iterrows():
        ticker = str(firm["ticker"])
        path = price_of(stock_prices, ticker, PEAK, LOW)
        ends = path[path["month"].isin([pd.Period(PEAK, "M"), pd.Period(LOW, "M")])]
        # A firm that published nothing within fifteen months of the peak says nothing about it.
        if len(ends) == 2 and firm["period_end"] >= pd.Timestamp(BEFORE) - pd.DateOffset(months=15):
            lines[ticker] = {
                "net_income": float(firm["net_income"]), "loss": bool(firm["net_income"] < 0),
                "price_change": float(100 * (ends["value"].iloc[1] / ends["value"].iloc[0] - 1)),
                "rows": (str(row), *map(str, ends.index)),
            }  # fmt: skip
    return pd.DataFrame.from_dict(lines, orient="index", columns=["net_income", "loss", "price_change", "rows"])


def later_quarters(
    cash_flows: pd.DataFrame, vendor_metrics: pd.DataFrame, financing: pd.DataFrame, stock_prices: pd.DataFrame,
    nasdaq: pd.DataFrame,
) -> pd.DataFrame:  # fmt: skip
    """Describe each quarter after the article: flows, growth, and what the basket earned over the Nasdaq in the next.

    Returns
    -------
    DataFrame, indexed by calendar quarter
        ``flow_change`` (USD millions, group free cash flow against a year before), ``capex_growth``,
        ``revenue_growth`` (run-rates of the model makers) and ``cloud_growth`` (per cent a year), ``excess`` (per
        cent, next quarter), ``rows``. A figure that is not known is missing.
    """
    ledger = cash_ledger(cash_flows, "company")
    ledger = ledger[ledger["ticker"].isin(list(BIG_TECH))]
    cloud = financing[financing["ticker"].isin(list(BIG_TECH)) & financing["cloud_revenue"].notna()]
    cloud = cloud.assign(calendar_quarter=calendar_quarter(cloud["period_end"]))
    rates = [vendor.select(vendor_metrics, "annualised_revenue_usd_m", company=name) for name in MODEL_MAKERS]
    basket = _prices(stock_prices, BASKET)
    index = monthly(nasdaq, "month_end", "close").set_index("month")["value"]
    lines = {}
    quarter = pd.Period(_FIRST_LATER_QUARTER, "Q")
    while (ledger["calendar_quarter"] == quarter).any():
        now, before = (_group(ledger, q) for q in (quarter, quarter - 4))
        growth, used = _run_rate_growth(rates, quarter)
        lines[quarter] = {
            "flow_change": now["free_cash_flow"] - before["free_cash_flow"],
            "capex_growth": 100 * (now["capex"] / before["capex"] - 1),
            "revenue_growth": growth,
            "cloud_growth": _cloud_growth(cloud, quarter),
            "excess": _excess(basket, index, quarter + 1),
            "rows": (*(str(r) for r in ledger.index[ledger["calendar_quarter"].isin([quarter, quarter - 4])]), *used),
        }
        quarter += 1
    columns = ["flow_change", "capex_growth", "revenue_growth", "cloud_growth", "excess", "rows"]
    return pd.DataFrame.from_dict(lines, orient="index", columns=columns)


def _group(ledger: pd.DataFrame, quarter: pd.Period) -> dict[str, float]:
    """Sum the group's flows of a calendar quarter; missing unless every firm is known."""
    part = ledger[ledger["calendar_quarter"] == quarter]
    whole = part["ticker"].nunique() == len(BIG_TECH)
    return {
        name: float(part[name].sum(skipna=False)) if whole else np.nan for name in ("free_cash_flow", "capex")
    }  # fmt: skip


def _run_rate_growth(rates: Sequence[pd.DataFrame], quarter: pd.Period) -> tuple[float, tuple[str, ...]]:
    """Return the growth over a year of the model makers' run-rates, one table each, of those known at both ends."""
    totals, used = {"now": 0.0, "before": 0.0}, []
    for own in rates:
        ends = [
            vendor.latest_before(own, q.end_time.normalize(), within_days=_RUN_RATE_DAYS)
            for q in (quarter, quarter - 4)
        ]
        if all(len(end) for end in ends):
            for name, end in zip(totals, ends, strict=True):
                totals[name] += float(end["value"].iloc[-1])
                used.append(str(end.index[-1]))
    return (100 * (totals["now"] / totals["before"] - 1) if totals["before"] else np.nan), tuple(used)


def _cloud_growth(cloud: pd.DataFrame, quarter: pd.Period) -> float:
    """Return the growth over a year of cloud revenue, of the firms known in both quarters."""
    now, before = (
        cloud[cloud["calendar_quarter"] == q].set_index("ticker")["cloud_revenue"] for q in (quarter, quarter - 4)
    )
    both = now.index.intersection(before.index)
    return float(100 * (now[both].sum() / before[both].sum() - 1)) if len(both) else np.nan


def _excess(prices: pd.DataFrame, nasdaq: pd.Series, quarter: pd.Period) -> float:
    """Return what a basket earned over the Nasdaq in a quarter, in percentage points, from both by month."""
    first, last = str((quarter - 1).end_time.to_period("M")), str(quarter.end_time.to_period("M"))
    basket = _rebalanced(prices, first, last)
    index = nasdaq.reindex(pd.PeriodIndex([first, last], freq="M"))
    if basket.empty or index.isna().any():
        return np.nan
    return float(basket["value"].iloc[-1] - 100 - 100 * (index.iloc[1] / index.iloc[0] - 1))


def price_rows(stock_prices: pd.DataFrame, tickers: Sequence[str], first: str, last: str) -> tuple[str, ...]:
    """Return the rows of some tickers at two month ends."""
    return tuple(str(row) for name in tickers for row in price_of(stock_prices, name, first, last).index)


def listed(rows: pd.Series) -> tuple[str, ...]:
    """Join the row ids that each line holds."""
    return tuple(str(row) for used in rows for row in used)
