"""AI revenue beside AI capex and AI depreciation, for the few figures there are.

No firm discloses its AI capex, and two of the five builders state an AI revenue: Microsoft's "AI
business" and Amazon's "AWS AI services", as annualised run-rates, at one or two dates. What stands
here for AI capex is a rule, named in every result: capex above the firm's own pace of 2022, the year
before the boom, or all of it.

Left out on purpose: Amazon's "custom silicon" (its run-rate overlaps with AI services, and chips sold
to oneself are no revenue); Google Cloud as a whole (a cloud, not AI alone); Microsoft's revenue from
OpenAI (inside the AI business already). OpenAI's and Anthropic's revenue is theirs: what of it reaches
a builder is in the builder's figure. OpenAI reports net of its partner's share, Anthropic gross.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from helpers.analysis.fiscal_quarters import QUARTERS_A_YEAR, calendar_quarter, in_order
from helpers.analysis.uncertainty import ranges
from helpers.analysis.vendor_metrics import select

# The builders whose spending the article names.
BUILDERS: dict[str, str] = {
    "AMZN": "Amazon",
    "MSFT": "Microsoft",
    "GOOGL": "Alphabet",
    "META": "Meta",
    "ORCL": "Oracle",
}
# Company and scope of vendor_metrics that hold a builder's own AI revenue.
AI_REVENUE: dict[str, tuple[str, str]] = {
    "MSFT": ("Microsoft", "AI business"),
    "AMZN": ("Amazon", "AWS AI services"),
}
LIFE, GROWTH = "ai_asset_life", "ai_revenue_growth_before_disclosure"
BASE_YEAR = 2022
SINCE = pd.Period("2023Q1", "Q")
ABOVE_BASE, ALL_CAPEX = "above 2022", "all"
RULES: dict[str, str] = {
    ABOVE_BASE: "capex above the pace of 2022",
    ALL_CAPEX: "all capex",
}
MODEL_MAKERS = ("OpenAI", "Anthropic")
# Months of the periods that revenue is stated for, longest first: years are what halves and quarters add up to.
PERIODS = (12, 6, 3)


class MissingFigureError(Exception):
    """A figure that is needed is not in the data; the message names it."""


@dataclass(frozen=True)
class Amount:
    """A sum of money with the rows it comes from.

    Parameters
    ----------
    value : float
        USD millions.
    rows : tuple of str
    """

    value: float
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Figure:
    """A figure that may be unknown, with its rows.

    Parameters
    ----------
    value : float or None
        USD millions.
    rows : tuple of str
    """

    value: float | None
    rows: tuple[str, ...]


def run_rates(vendor_metrics: pd.DataFrame) -> pd.DataFrame:
    """List the builders' own AI revenue.

    Parameters
    ----------
    vendor_metrics : DataFrame
        The table, as known on some day.

    Returns
    -------
    DataFrame, one row a statement, on the row ids, in order of firm and date
        ``ticker``, ``date``, ``annual`` (USD millions a year), ``kind``.
    """
    parts = []
    for ticker, (company, scope) in AI_REVENUE.items():
        rows = select(vendor_metrics, "annualised_revenue_usd_m", company=company, scopes=[scope])
        # A later statement about the same day replaces the earlier one.
        rows = rows.drop_duplicates("date", keep="last")
        parts.append(
            pd.DataFrame(
                {"ticker": ticker, "date": rows["date"], "annual": rows["value"], "kind": rows["kind"].astype(str)},
                index=rows.index,
            )
        )
    return pd.concat(parts)


def quarterly_ai_revenue(rates: pd.DataFrame, last: pd.Period, growth: float) -> pd.Series:
    """Turn one firm's run-rates into revenue by quarter.

    Parameters
    ----------
    rates : DataFrame
        One firm's rows of `run_rates`, at least one.
    last : Period
        Last calendar quarter.
    growth : float
        Growth a year before the first statement, as a factor above 1.

    Returns
    -------
    Series of float64, USD millions, one value a quarter from 2023Q1 to `last`
        The run-rate at the middle of each quarter over four. Between statements it grows at a
        constant rate; after the last one it is held: nothing is known.
    """
    quarters = pd.period_range(SINCE, last, freq="Q")
    starts = quarters.to_timestamp()
    middle = starts + (quarters.to_timestamp(how="end") - starts) / 2
    days = np.asarray((rates["date"] - rates["date"].iloc[0]).dt.days, dtype="float64")
    at = np.asarray((middle - rates["date"].iloc[0]).days, dtype="float64")
    logs = np.interp(at, days, np.log(rates["annual"].to_numpy(dtype="float64")))
    logs = logs - np.log(growth) * np.maximum(-at, 0) / 365.25
    return pd.Series(np.exp(logs) / QUARTERS_A_YEAR, index=quarters)


def ai_capex(cash_flows: pd.DataFrame, rule: str = ABOVE_BASE) -> pd.DataFrame:
    """Return what stands for AI capex, quarter by quarter since 2023.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter
    rule : str
        One of `RULES`.

    Returns
    -------
    DataFrame, one row a firm-quarter of the builders
        The rows and columns of `cash_flows` with ``quarter`` (calendar) and ``ai_capex`` (USD millions;
        below zero where a firm spent less than in 2022, zero before 2023, missing where capex or a
        quarter of 2022 is).

    Raises
    ------
    ValueError
        If the rule is unknown.
    """
    if rule not in RULES:
        raise ValueError(f"unknown rule {rule!r}; expected one of {', '.join(RULES)}")
    flows = in_order(cash_flows)
    flows = flows[flows["ticker"].astype(str).isin(list(BUILDERS))]
    flows = flows.assign(ticker=flows["ticker"].astype(str), quarter=calendar_quarter(flows["period_end"]))
    pace = pd.Series(0.0, index=flows.index)
    if rule == ABOVE_BASE:
        base = flows[flows["quarter"].dt.year == BASE_YEAR].groupby("ticker")["capex"].agg(["mean", "count"])
        usual = base["mean"].where(base["count"] == QUARTERS_A_YEAR)
        pace = flows["ticker"].map(usual).astype("float64")
    spent = flows["capex"].astype("float64") - pace
    return flows.assign(ai_capex=spent.where(flows["quarter"] >= SINCE, 0.0))


def _quarters_to(last: pd.Period) -> pd.PeriodIndex:
    if last < SINCE:
        raise MissingFigureError(f"no quarter from {SINCE} on is known")
    return pd.period_range(SINCE, last, freq="Q")


def capex_since(capex: pd.DataFrame, tickers: Sequence[str], last: pd.Period) -> Amount:
    """Add up `ai_capex` from 2023 to a quarter.

    Raises
    ------
    MissingFigureError
        If a quarter of a firm, or the pace it is measured against, is not known.
    """
    wanted = _quarters_to(last).asi8
    # Plain arrays: a few rows of a few firms are looked up, again and again.
    firms, amounts = capex["ticker"].to_numpy(dtype=object), capex["ai_capex"].to_numpy(dtype="float64")
    quarters, years = pd.PeriodIndex(capex["quarter"]).asi8, capex["quarter"].dt.year.to_numpy()
    total, rows = 0.0, []
    for ticker in tickers:
        own = firms == ticker
        part = own & np.isin(quarters, wanted)
        unknown = np.setdiff1d(wanted, quarters[part & ~np.isnan(amounts)])
        if len(unknown):
            first = pd.Period(ordinal=int(unknown[0]), freq="Q")
            raise MissingFigureError(f"AI capex of {BUILDERS[ticker]} in {first} is not known")
        total += float(amounts[part].sum())
        rows += [*capex.index[own & (years == BASE_YEAR)], *capex.index[part]]
    return Amount(total, tuple(rows))


def disclosed(capex: pd.DataFrame, rates: pd.DataFrame, growth: float) -> tuple[dict[str, Amount], pd.Period]:
    """Add up the AI revenue of the builders that state one, to the last quarter all of them cover.

    Parameters
    ----------
    capex : DataFrame
        From `ai_capex`, by any rule: it says to which quarter cash flows are known.
    rates : DataFrame
        From `run_rates`.
    growth : float
        As in `quarterly_ai_revenue`.

    Returns
    -------
    (revenue, last) : dict of ticker to Amount, and Period
        `last` is the latest calendar quarter that has ended with a statement by each of them and
        with their cash flows.

    Raises
    ------
    MissingFigureError
        If no builder has stated its AI revenue.
    """
    if rates.empty:
        raise MissingFigureError("AI revenue: no builder's own figure is in the tables as known on this day")
    stated = rates.groupby("ticker")["date"].max()
    ends = [capex.loc[capex["ticker"] == ticker, "quarter"].max() for ticker in stated.index]
    last = min([*stated.dt.to_period("Q"), *ends])
    if last < SINCE:
        raise MissingFigureError(f"AI revenue after {SINCE}: no statement is that young")
    found = {}
    for ticker in stated.index:
        own = rates[rates["ticker"] == ticker]
        value = float(quarterly_ai_revenue(own, last, growth).sum())
        found[str(ticker)] = Amount(value, tuple(own.index))
    return found, last


def model_makers_revenue(vendor_metrics: pd.DataFrame) -> tuple[Amount, pd.Timestamp]:
    """Add up what OpenAI and Anthropic took in, in whole periods that do not overlap, since 2023.

    Returns
    -------
    (amount, last) : Amount, Timestamp
        A floor: years and quarters without a figure count nothing.

    Raises
    ------
    MissingFigureError
        If there is none.
    """
    total, rows, last = 0.0, [], pd.Timestamp(SINCE.start_time)
    for company in MODEL_MAKERS:
        flows = select(vendor_metrics, "revenue_usd_m", company=company)
        months = pd.to_numeric(flows["period_months"], errors="coerce")
        covered = pd.Timestamp(SINCE.start_time)
        for length in PERIODS:
            newest = flows[months == length].drop_duplicates("date", keep="last")
            for label, day, value in zip(newest.index, newest["date"], newest["value"], strict=True):
                begins = (day.to_period("M") - (length - 1)).start_time
                if begins < covered:
                    continue
                total, covered = total + float(value), day + pd.Timedelta(days=1)
                rows.append(str(label))
                last = max(last, day)
    if not rows:
        raise MissingFigureError("revenue of OpenAI and Anthropic since 2023 is not known")
    return Amount(total, tuple(rows)), last


def revenue_from_openai(vendor_metrics: pd.DataFrame) -> Figure:
    """Return what Microsoft took in from OpenAI in the last fiscal year that is known, or no value."""
    rows = select(vendor_metrics, "revenue_from_openai_usd_m", company="Microsoft", months=12).tail(1)
    return Figure(float(rows["value"].iloc[0]) if len(rows) else None, tuple(rows.index))


def cloud_growth(financing: pd.DataFrame, tickers: Sequence[str], last: pd.Period) -> Amount:
    """Add up all cloud revenue above its level of the first quarter known from 2022Q4 on: a ceiling.

    Raises
    ------
    MissingFigureError
        If a quarter in between is not known.
    """
    table = financing.assign(quarter=calendar_quarter(financing["period_end"]))
    total, rows = 0.0, []
    for ticker in tickers:
        own = table[(table["ticker"].astype(str) == ticker) & table["cloud_revenue"].notna()].sort_values("quarter")
        own = own[(own["quarter"] >= SINCE - 1) & (own["quarter"] <= last)]
        if not set(_quarters_to(last)) <= set(own["quarter"]):
            raise MissingFigureError(f"cloud revenue of {BUILDERS[ticker]} is not known in every quarter since 2023")
        above = own["cloud_revenue"] - own["cloud_revenue"].iloc[0]
        total += float(above.sum())
        rows += list(own.index)
    return Amount(total, tuple(rows))


def alternatives(
    cash_flows: pd.DataFrame,
    vendor_metrics: pd.DataFrame,
    financing: pd.DataFrame,
    assumptions: pd.DataFrame,
) -> pd.DataFrame:
    """Set every AI revenue that can be formed beside every AI capex.

    Parameters
    ----------
    cash_flows, vendor_metrics, financing, assumptions : DataFrame
        The tables, as known on some day.

    Returns
    -------
    DataFrame, one row a numerator and denominator
        ``numerator``, ``denominator``, ``revenue``, ``capex`` (USD millions), ``ratio``, ``to``
        (quarter), ``missing`` (why a row has no figure), ``rows``, ``assumptions``, ``deciding``
        (the row of claim A18).
    """
    growth = ranges(assumptions, [GROWTH]).iloc[0]
    rates, capex = run_rates(vendor_metrics), {rule: ai_capex(cash_flows, rule) for rule in RULES}
    table = []
    for name, value in (("mode", growth["mode"]), ("low", growth["low"]), ("high", growth["high"])):
        for rule in RULES if name == "mode" else (ABOVE_BASE,):
            label = "Microsoft and Amazon, as they state it"
            if name != "mode":
                label = f"the same, {float(value):.3g}-fold growth before"
            row = _of_disclosers(capex[rule], rates, float(value), rule)
            table.append({"numerator": label, **row, "deciding": name == "mode" and rule == ABOVE_BASE})
    for rule in RULES:
        label = "the same, over all five builders' capex"
        row = _of_disclosers(capex[rule], rates, float(growth["mode"]), rule, tuple(BUILDERS))
        table.append({"numerator": label, **row, "deciding": False})
    table += [
        {"numerator": "all cloud growth of Amazon and Alphabet", "deciding": False}
        | _of_cloud(capex[ABOVE_BASE], financing),
        {"numerator": "OpenAI and Anthropic, over five builders' capex", "deciding": False}
        | _of_model_makers(capex[ABOVE_BASE], vendor_metrics),
    ]
    columns = [
        "numerator", "denominator", "revenue", "capex", "ratio", "to", "missing", "rows", "assumptions", "deciding",
    ]  # fmt: skip
    return pd.DataFrame(table).reindex(columns=columns)


def _row(revenue: Amount, capex: Amount, rule: str, last: pd.Period, assumed: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "denominator": RULES[rule],
        "revenue": revenue.value,
        "capex": capex.value,
        "ratio": revenue.value / capex.value if capex.value > 0 else np.nan,
        "to": str(last),
        "missing": "" if capex.value > 0 else "they spent no more than in 2022",
        "rows": (*revenue.rows, *capex.rows),
        "assumptions": tuple(assumed),
    }


def _unknown(rule: str, reason: MissingFigureError) -> dict[str, Any]:
    return {"denominator": RULES[rule], "missing": str(reason), "rows": (), "assumptions": ()}


def _of_disclosers(
    capex: pd.DataFrame, rates: pd.DataFrame, growth: float, rule: str, over: Sequence[str] | None = None
) -> dict[str, Any]:
    try:
        revenue, last = disclosed(capex, rates, growth)
        spent = capex_since(capex, over or tuple(revenue), last)
    except MissingFigureError as reason:
        return _unknown(rule, reason)
    total = Amount(
        sum(amount.value for amount in revenue.values()),
        tuple(row for amount in revenue.values() for row in amount.rows),
    )
    return _row(total, spent, rule, last, [GROWTH])


def _of_cloud(capex: pd.DataFrame, financing: pd.DataFrame) -> dict[str, Any]:
    tickers = ("AMZN", "GOOGL")
    try:
        known = capex[capex["ticker"].isin(tickers) & capex["capex"].notna()]
        if known.empty:
            raise MissingFigureError("capex of Amazon and Alphabet is not known")
        last = known.groupby("ticker")["quarter"].max().min()
        return _row(cloud_growth(financing, tickers, last), capex_since(capex, tickers, last), ABOVE_BASE, last)
    except MissingFigureError as reason:
        return _unknown(ABOVE_BASE, reason)


def _of_model_makers(capex: pd.DataFrame, vendor_metrics: pd.DataFrame) -> dict[str, Any]:
    try:
        revenue, day = model_makers_revenue(vendor_metrics)
        last = day.to_period("Q")
        return _row(revenue, capex_since(capex, tuple(BUILDERS), last), ABOVE_BASE, last)
    except MissingFigureError as reason:
        return _unknown(ABOVE_BASE, reason)
