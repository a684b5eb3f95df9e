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

from helpers.analysis.boom_paths import drawdown, monthly, ratio_of
from helpers.analysis.dotcom_evidence import (
    ARTICLE_MONTH,
    BASKET,
    BIG_TECH,
    FOUR_QUARTERS_ON,
    LOW,
    PEAK,
    distance_from_then,
    equal_weight,
    free_cash_flow_change,
    later_quarters,
    listed,
    losses_and_prices,
    multiples,
    price_rows,
)
from helpers.analysis.free_cash_flow import FIRMS
from helpers.analysis.verdict import NOT_SUPPORTED, PARTLY_SUPPORTED, SUPPORTED, Verdict, not_testable
from helpers.units import percent

# A04: "over 30 percent ... 15-30 percent".
LARGE_FALL, SOME_FALL = 30.0, 15.0
# The same spans for a yearly series; a standard deviation from fewer than three years would say nothing.
NOW_YEARS, THEN_YEARS, FEWEST_YEARS = (2023, 2025), (1996, 2000), 3
STANDARD_DEVIATIONS = 1.0
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
    rows = price_rows(stock_prices, BASKET, ARTICLE_MONTH, FOUR_QUARTERS_ON)
    return Verdict(verdict, -worst, "percent", reason, rows + listed(change.loc[falling, "rows"]))


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
        (
            f"The mean price/earnings ratio of the S&P 500 in 2023-2025 lies {earnings[0]:+.1f} standard deviations "
            f"from that of 1996-2000.{other} {absent + '.' if missing else ''}"
        )
        .replace("-0.0", "0.0")
        .replace(" -", " \N{MINUS SIGN}")
    )
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
        f"multiple, or the price where the flow is below zero, rose at {len(rose)} of them: "
        f"{'; '.join(words) or 'none'}."
    )
    return Verdict(verdict, float(len(rose)), "firms", reason, listed(table["rows"]))


def a29(dotcom_firms: pd.DataFrame, stock_prices: pd.DataFrame) -> Verdict:
    """Judge A29: after March 2000 loss-makers fell clearly more than profitable peers."""
    table = losses_and_prices(dotcom_firms, stock_prices)
    rows = listed(table["rows"])
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


def a30(
    cash_flows: pd.DataFrame, vendor_metrics: pd.DataFrame, financing: pd.DataFrame, stock_prices: pd.DataFrame,
    nasdaq: pd.DataFrame,
) -> Verdict:  # fmt: skip
    """Judge A30: after quarters of falling cash flow and too little AI revenue, the shares lag."""
    table = later_quarters(cash_flows, vendor_metrics, financing, stock_prices, nasdaq)
    rows = listed(table["rows"])
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


def tally(found: Mapping[str, Verdict]) -> str:
    """Count the verdicts in words."""
    names = [verdict.verdict for verdict in found.values()]
    return ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names))
