"""The rules of the claims that compare the AI boom with the dot-com years, one function a claim.

Each follows the column ``how_to_test`` of ``claims.csv``. Prices are month-end closes, adjusted for splits and not
for dividends: what happened within a month is not seen. A missing figure gives `not testable` and is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtr

from helpers.analysis import vendor_metrics as vendor
from helpers.analysis.boom_paths import drawdown, monthly, price_of, ratio_of
from helpers.analysis.fiscal_quarters import calendar_quarter
from helpers.analysis.free_cash_flow import FIRMS, cash_ledger
from helpers.analysis.verdict import NOT_SUPPORTED, PARTLY_SUPPORTED, SUPPORTED, Verdict, not_testable
from helpers.units import percent

# The last month end before the article, the same a year before, and the end of the four quarters after it.
ARTICLE_MONTH, YEAR_BEFORE, FOUR_QUARTERS_ON = "2025-08", "2024-08", "2026-08"
# The article names no basket. This one: the builders it discusses, and the listed AI firms with prices in the tables.
BASKET = ("NVDA", "MSFT", "GOOGL", "META", "AMZN", "ORCL", "AVGO", "PLTR", "CRWV")
BIG_TECH = ("AMZN", "MSFT", "GOOGL", "META", "ORCL")
# A04: "over 30 percent ... 15-30 percent".
LARGE_FALL, SOME_FALL = 30.0, 15.0
# A06: "2023-2025 with 1996-2000", "within one standard deviation", three measures named.
NOW_SPAN, THEN_SPAN = ("2023-01", "2025-12"), ("1996-01", "2000-12")
# The same spans for a yearly series; a standard deviation from fewer than three years would say nothing.
NOW_YEARS, THEN_YEARS, FEWEST_YEARS = (2023, 2025), (1996, 2000), 3
STANDARD_DEVIATIONS = 1.0
# A29: the last fiscal years that ended before March 2000; prices from the month of the peak to that of the low.
BEFORE, PEAK, LOW = "2000-03-01", "2000-02", "2002-09"
# Our reading of "clearly more": ten percentage points; and of a group: at least three firms.
CLEARLY, FEWEST_FIRMS = 10.0, 3
# A30: our reading of "significant": one-sided, five per cent, from three quarters on.
SIGNIFICANT, FEWEST_QUARTERS = 0.05, 3
# Which table each field of `Evidence` is.
TABLES = {
    "stock_prices": "stock_prices",
    "nasdaq": "nasdaq_composite",
    "shiller": "sp500_shiller",
    "cash_flows": "cash_flows",
    "financing": "financing",
    "dotcom_firms": "dotcom_firms",
    "benchmarks": "bubble_benchmarks",
    "vendor_metrics": "vendor_metrics",
}
ARTICLE_DAY = "2025-09-05"
_FIRST_LATER_QUARTER = "2025Q3"
_RUN_RATE_DAYS = 120
_MEASURES = ("price/sales", "price/earnings", "concentration")


@dataclass(frozen=True)
class Evidence:
    """The tables the rules read, as known on one day.

    Parameters
    ----------
    stock_prices, nasdaq, shiller, cash_flows, financing, dotcom_firms, benchmarks, vendor_metrics : DataFrame
        Indexed by row id.
    """

    stock_prices: pd.DataFrame
    nasdaq: pd.DataFrame
    shiller: pd.DataFrame
    cash_flows: pd.DataFrame
    financing: pd.DataFrame
    dotcom_firms: pd.DataFrame
    benchmarks: pd.DataFrame
    vendor_metrics: pd.DataFrame


def verdicts(evidence: Evidence) -> dict[str, Verdict]:
    """Judge every claim of notebook 03."""
    e = evidence
    return {
        "A04": a04(e.stock_prices, e.cash_flows),
        "A06": a06(e.shiller, e.benchmarks),
        "A28": a28(e.stock_prices, e.cash_flows),
        "A29": a29(e.dotcom_firms, e.stock_prices),
        "A30": a30(e.cash_flows, e.vendor_metrics, e.financing, e.stock_prices, e.nasdaq),
    }


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
    months = pd.period_range(first, last, freq="M")
    prices = pd.DataFrame(
        {name: price_of(stock_prices, name, first, last).set_index("month")["value"] for name in tickers}
    ).reindex(months)
    if prices.isna().any(axis=None):
        return prices.iloc[:0].assign(value=np.nan)
    growth = (prices / prices.shift()).mean(axis=1).fillna(1.0)
    return prices.assign(value=100 * growth.cumprod())


def free_cash_flow_change(cash_flows: pd.DataFrame, tickers: Sequence[str] = tuple(FIRMS)) -> pd.DataFrame:
    """Compare twelve-month free cash flow known at the article's date with a year before.

    Returns
    -------
    DataFrame, indexed by ticker
        ``now``, ``before`` (USD millions, own definition), ``rows`` (row ids). Firms without both are left out.
    """
    ledger = cash_ledger(cash_flows, "company")
    known = ledger[ledger["period_end"] <= pd.Timestamp(f"{ARTICLE_MONTH}-01") + pd.offsets.MonthEnd(0)]
    # Oracle's quarter to August came out after the article.
    known = known[~((known["ticker"].astype(str) == "ORCL") & (known["period_end"] > pd.Timestamp("2025-05-31")))]
    lines = {}
    for name in tickers:
        last = known[known["ticker"].astype(str) == name].tail(1)
        if (
            len(last)
            and np.isfinite(last["free_cash_flow_12m"].iloc[0])
            and np.isfinite(last["year_earlier_12m"].iloc[0])
        ):
            rows = tuple(known[known["ticker"].astype(str) == name].index[-8:])
            lines[name] = {
                "now": float(last["free_cash_flow_12m"].iloc[0]),
                "before": float(last["year_earlier_12m"].iloc[0]),
                "rows": rows,
            }
    return pd.DataFrame.from_dict(lines, orient="index", columns=["now", "before", "rows"])


def a04(stock_prices: pd.DataFrame, cash_flows: pd.DataFrame) -> Verdict:
    """Judge A04: a sharp re-rating of AI shares within four quarters, led by the firms with falling cash flow."""
    basket = equal_weight(stock_prices, BASKET, ARTICLE_MONTH, FOUR_QUARTERS_ON)
    if basket.empty:
        return not_testable(
            f"Missing: month-end prices of the AI basket up to {FOUR_QUARTERS_ON}; the four quarters after the article "
            "are not over.", "percent",
        )  # fmt: skip
    falls = {name: float(drawdown(basket[name]).min()) for name in BASKET}
    worst = float(drawdown(basket["value"]).min())
    change = free_cash_flow_change(cash_flows)
    fell = change.index[change["now"] < change["before"]]
    falling = [name for name in BASKET if name in fell]
    others = [name for name in BASKET if name not in falling]
    led = bool(falling) and np.mean([falls[n] for n in falling]) < np.mean([falls[n] for n in others])
    if -worst > LARGE_FALL:
        verdict = SUPPORTED if led else PARTLY_SUPPORTED
    else:
        verdict = PARTLY_SUPPORTED if -worst >= SOME_FALL else NOT_SUPPORTED
    low, end = drawdown(basket["value"]).idxmin(), float(basket["value"].iloc[-1])
    by_group = [percent(-float(np.mean([falls[n] for n in names]))) if names else "?" for names in (falling, others)]
    reason = (
        f"The equal-weight basket of {len(BASKET)} firms fell at most {percent(-worst)} from a month-end high "
        f"(low: {low}) and had changed by {percent(end - 100)} in {FOUR_QUARTERS_ON}; firms with falling cash flow "
        f"fell by up to {by_group[0]} on average, the others by {by_group[1]}."
    )
    rows = _price_rows(stock_prices, BASKET, ARTICLE_MONTH, FOUR_QUARTERS_ON)
    return Verdict(verdict, -worst, "percent", reason, rows + _listed(change.loc[falling, "rows"]))


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


def a06(shiller: pd.DataFrame, benchmarks: pd.DataFrame) -> Verdict:
    """Judge A06: valuations like those of 1996-2000, by price/sales, price/earnings and concentration."""
    earnings = distance_from_then(ratio_of(shiller, "month", "price", "earnings"))
    cape = distance_from_then(monthly(shiller, "month", "cape"))
    path = benchmarks[benchmarks["series"].astype(str).str.fullmatch("sp500_top10_share(_dotcom_peak)?")]
    years = path[path["year"].between(*THEN_YEARS)]
    concentration = _concentration(path, years)
    inside = {
        _MEASURES[0]: None,
        _MEASURES[1]: None if earnings is None else abs(earnings[0]) <= STANDARD_DEVIATIONS,
        _MEASURES[2]: concentration,
    }
    missing = [name for name, flag in inside.items() if flag is None]
    verdict = _most_or_some(list(inside.values()))
    absent = (
        f"Missing: {' and '.join(missing)} of 1996-2000 (price/sales is in no table; the share of the ten largest "
        f"firms is known for {len(years)} of its years)"
    )
    rows = (earnings[1] if earnings else ()) + tuple(map(str, path.index))
    if verdict is None or earnings is None:
        return not_testable(f"{absent}; price/earnings alone does not decide.", "standard deviations", rows)
    other = f" By price over ten years' earnings it is {cape[0]:+.1f}." if cape else ""
    reason = (
        f"The mean price/earnings ratio of the S&P 500 in 2023-2025 lies {earnings[0]:+.1f} standard deviations from "
        f"that of 1996-2000.{other} {absent + '.' if missing else ''}"
    ).replace("-0.0", "0.0")
    return Verdict(verdict, earnings[0], "standard deviations", reason.strip(), rows)


def _concentration(path: pd.DataFrame, years: pd.DataFrame) -> bool | None:
    """Tell whether the concentration of now is within a standard deviation of then; None without a path of then."""
    now = path[path["year"].between(*NOW_YEARS)]
    if len(years) < FEWEST_YEARS or now.empty:
        return None
    return bool(abs(now["value"].mean() - years["value"].mean()) <= STANDARD_DEVIATIONS * years["value"].std(ddof=1))


def _most_or_some(flags: Sequence[bool | None]) -> str | None:
    """Return the verdict of a rule by most, some or none; None where the unknown ones decide."""
    inside = sum(flag is True for flag in flags)
    if 2 * inside > len(flags):
        return SUPPORTED
    if inside:
        return PARTLY_SUPPORTED
    return None if any(flag is None for flag in flags) else NOT_SUPPORTED


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
            "rows": (*map(str, ends.index), *_listed(flows.loc[[name], "rows"])),
        }
    columns = ["price_change", "flow_change", "multiple_change", "fell", "rose", "rows"]
    return pd.DataFrame.from_dict(lines, orient="index", columns=columns)


def a28(stock_prices: pd.DataFrame, cash_flows: pd.DataFrame) -> Verdict:
    """Judge A28: multiples of free cash flow rose as the flow fell."""
    table = multiples(stock_prices, cash_flows)
    missing = [name for name in BIG_TECH if name not in table.index]
    if missing:
        return not_testable(
            f"Missing: price or twelve-month free cash flow of {', '.join(missing)} at the article's date.", "firms"
        )
    falling = table[table["fell"].astype(bool)]
    rose = falling[falling["rose"].astype(bool)]
    verdict = PARTLY_SUPPORTED if len(rose) else NOT_SUPPORTED
    if len(rose) and len(rose) == len(falling):
        verdict = SUPPORTED
    words = [
        f"{FIRMS[str(name)].name} price {percent(row['price_change'], 0)}, multiple "
        + (percent(row["multiple_change"], 0) if np.isfinite(row["multiple_change"]) else "undefined (flow below zero)")
        for name, row in falling.iterrows()
    ]
    reason = (
        f"Free cash flow fell at {len(falling)} of {len(table)} firms in the year before the article, and the price "
        f"multiple rose at {len(rose)} of them: {'; '.join(words) or 'none'}."
    )
    return Verdict(verdict, float(len(rose)), "firms", reason, _listed(table["rows"]))


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


def a29(dotcom_firms: pd.DataFrame, stock_prices: pd.DataFrame) -> Verdict:
    """Judge A29: after March 2000 loss-makers fell clearly more than profitable peers."""
    table = losses_and_prices(dotcom_firms, stock_prices)
    rows = _listed(table["rows"])
    loss = table["loss"].astype(bool)
    losing, earning = table.loc[loss, "price_change"], table.loc[~loss, "price_change"]
    if min(len(losing), len(earning)) < FEWEST_FIRMS:
        seen = "; ".join(f"{name} {percent(row['price_change'], 0)}" for name, row in table.iterrows())
        return not_testable(
            f"Missing: results before March 2000 and prices of at least {FEWEST_FIRMS} loss-making dot-com firms; the "
            f"tables hold both for {len(losing)} loss-maker ({', '.join(map(str, losing.index)) or 'none'}) and "
            f"{len(earning)} profitable firms (price, {PEAK} to {LOW}: {seen or 'none'}).", "percentage points", rows,
        )  # fmt: skip
    gap = float(earning.mean() - losing.mean())
    if gap > CLEARLY:
        verdict = SUPPORTED
    else:
        verdict = PARTLY_SUPPORTED if losing.mean() < 0 and earning.mean() < 0 and gap >= -CLEARLY else NOT_SUPPORTED
    reason = (
        f"{len(losing)} loss-makers changed by {percent(float(losing.mean()))} from {PEAK} to {LOW}, {len(earning)} "
        f"profitable firms by {percent(float(earning.mean()))}."
    )
    return Verdict(verdict, gap, "percentage points", reason, rows)


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
    ledger = ledger[ledger["ticker"].astype(str).isin(list(BIG_TECH))]
    cloud = financing.assign(calendar_quarter=calendar_quarter(financing["period_end"]))
    lines = {}
    quarter = pd.Period(_FIRST_LATER_QUARTER, "Q")
    while (ledger["calendar_quarter"] == quarter).any():
        now, before = (_group(ledger, q) for q in (quarter, quarter - 4))
        growth, used = _run_rate_growth(vendor_metrics, quarter)
        lines[quarter] = {
            "flow_change": now["free_cash_flow"] - before["free_cash_flow"],
            "capex_growth": 100 * (now["capex"] / before["capex"] - 1),
            "revenue_growth": growth,
            "cloud_growth": _cloud_growth(cloud, quarter),
            "excess": _excess(stock_prices, nasdaq, quarter + 1),
            "rows": (*(str(r) for r in ledger.index[ledger["calendar_quarter"].isin([quarter, quarter - 4])]), *used),
        }
        quarter += 1
    columns = ["flow_change", "capex_growth", "revenue_growth", "cloud_growth", "excess", "rows"]
    return pd.DataFrame.from_dict(lines, orient="index", columns=columns)


def a30(
    cash_flows: pd.DataFrame, vendor_metrics: pd.DataFrame, financing: pd.DataFrame, stock_prices: pd.DataFrame,
    nasdaq: pd.DataFrame,
) -> Verdict:  # fmt: skip
    """Judge A30: after quarters of falling cash flow and too little AI revenue, the shares lag."""
    table = later_quarters(cash_flows, vendor_metrics, financing, stock_prices, nasdaq)
    rows = _listed(table["rows"])
    known = table.dropna(subset=["flow_change", "capex_growth", "revenue_growth"])
    marked = known[(known["flow_change"] < 0) & (known["revenue_growth"] < known["capex_growth"])]
    excess = marked["excess"].dropna().astype(float)
    weaker = _weaker(table)
    if excess.empty:
        why = (
            "no quarter after the article is known"
            if known.empty
            else f"none of {len(known)} later quarters meets the condition: the model makers' run-rates grew faster "
            f"than capex in {int((known['revenue_growth'] >= known['capex_growth']).sum())}"
            if marked.empty
            else "the return of the quarter after is not known"
        )
        return not_testable(
            f"Missing: a quarter of falling free cash flow in which AI revenue grew more slowly than capex, with the "
            f"return of the next; {why}.{weaker}", "percent", rows,
        )  # fmt: skip
    mean = float(excess.mean())
    significant = _lag_is_significant(excess)
    verdict = NOT_SUPPORTED if mean >= 0 else SUPPORTED if significant else PARTLY_SUPPORTED
    reason = (
        f"After {len(excess)} marked quarters the basket earned {percent(mean)} over the Nasdaq in the next, "
        f"{'significantly' if significant else 'not significantly'} below zero.{weaker}"
    )
    return Verdict(verdict, mean, "percent", reason, rows)


def _weaker(table: pd.DataFrame) -> str:
    """Say what the rule gives with cloud revenue, the nearest filed series, in the place of AI revenue."""
    marked = table[(table["flow_change"] < 0) & (table["cloud_growth"] < table["capex_growth"])].dropna(
        subset=["excess"]
    )
    if marked.empty:
        return ""
    return (
        f" With the builders' cloud revenue in its place {len(marked)} quarters are marked, and the basket earned "
        f"{percent(float(marked['excess'].astype(float).mean()))} over the Nasdaq in the next on average."
    )


def _lag_is_significant(excess: pd.Series) -> bool:
    """Test one-sided whether the mean is below zero."""
    n = len(excess)
    if n < FEWEST_QUARTERS or excess.std(ddof=1) == 0:
        return False
    return bool(stdtr(n - 1, excess.mean() / (excess.std(ddof=1) / np.sqrt(n))) < SIGNIFICANT)


def _group(ledger: pd.DataFrame, quarter: pd.Period) -> dict[str, float]:
    """Sum the group's flows of a calendar quarter; missing unless every firm is known."""
    part = ledger[ledger["calendar_quarter"] == quarter]
    whole = part["ticker"].nunique() == len(BIG_TECH)
    return {
        name: float(part[name].sum(skipna=False)) if whole else np.nan for name in ("free_cash_flow", "capex")
    }  # fmt: skip


def _run_rate_growth(vendor_metrics: pd.DataFrame, quarter: pd.Period) -> tuple[float, tuple[str, ...]]:
    """Return the growth over a year of the model makers' run-rates, of those known at both ends."""
    totals, used = {"now": 0.0, "before": 0.0}, []
    for company in ("OpenAI", "Anthropic"):
        rates = vendor.select(vendor_metrics, "annualised_revenue_usd_m", company=company)
        ends = [
            vendor.latest_before(rates, q.end_time.normalize(), within_days=_RUN_RATE_DAYS)
            for q in (quarter, quarter - 4)
        ]
        if all(len(end) for end in ends):
            for name, end in zip(totals, ends, strict=True):
                totals[name] += float(end["value"].iloc[-1])
                used.append(str(end.index[-1]))
    return (100 * (totals["now"] / totals["before"] - 1) if totals["before"] else np.nan), tuple(used)


def _cloud_growth(financing: pd.DataFrame, quarter: pd.Period) -> float:
    """Return the growth over a year of cloud revenue, of the firms known in both quarters."""
    part = financing[financing["ticker"].astype(str).isin(list(BIG_TECH)) & financing["cloud_revenue"].notna()]
    now, before = (
        part[part["calendar_quarter"] == q].set_index("ticker")["cloud_revenue"] for q in (quarter, quarter - 4)
    )
    both = now.index.intersection(before.index)
    return float(100 * (now[both].sum() / before[both].sum() - 1)) if len(both) else np.nan


def _excess(stock_prices: pd.DataFrame, nasdaq: pd.DataFrame, quarter: pd.Period) -> float:
    """Return what the basket earned over the Nasdaq in a quarter, in percentage points."""
    first, last = str((quarter - 1).end_time.to_period("M")), str(quarter.end_time.to_period("M"))
    basket = equal_weight(stock_prices, BASKET, first, last)
    index = (
        monthly(nasdaq, "month_end", "close")
        .set_index("month")["value"]
        .reindex(pd.PeriodIndex([first, last], freq="M"))
    )
    if basket.empty or index.isna().any():
        return np.nan
    return float(basket["value"].iloc[-1] - 100 - 100 * (index.iloc[1] / index.iloc[0] - 1))


def _listed(rows: pd.Series) -> tuple[str, ...]:
    """Join the row ids that each line holds."""
    return tuple(str(row) for used in rows for row in used)


def _price_rows(stock_prices: pd.DataFrame, tickers: Sequence[str], first: str, last: str) -> tuple[str, ...]:
    return tuple(str(row) for name in tickers for row in price_of(stock_prices, name, first, last).index)


def tally(found: Mapping[str, Verdict]) -> str:
    """Count the verdicts in words."""
    names = [verdict.verdict for verdict in found.values()]
    return ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names))
