"""The questions of the dot-com comparison: explosive episodes, replications, investment, capex, log-periodic fits.

Each question takes frames as the tables hold them and gives tidy frames back. The tests themselves are in
`helpers.analysis.exuberance`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from helpers.analysis import exuberance
from helpers.analysis.fiscal_quarters import in_order
from helpers.analysis.free_cash_flow import capex_share

# Stocks have daily quotes elsewhere, but these tables hold month ends; this many are needed for a log-periodic fit.
FEWEST_MONTHS = 24
# Yardsticks that span both booms belong to the first up to this year; any year between the two gives the same.
LAST_YEAR_THEN = 2005
# Where the paths of capex now begin: four years before ChatGPT, so that the usual share is seen before the rise.
FIRST_YEAR_NOW = 2019
YARDSTICKS: dict[str, tuple[str, str]] = {
    "sp500_top10_share_dotcom_peak": ("then", "share of the ten largest firms in the S&P 500"),
    "sp500_top10_share": ("now", "share of the ten largest firms in the S&P 500"),
    "sp500_top10_share_aug": ("now", "share of the ten largest firms in the S&P 500"),
    "sp500_top10_forward_pe": ("by year", "forward price/earnings of the ten largest"),
    "cisco_trailing_pe_peak": ("then", "trailing price/earnings of the boom's emblem (Cisco)"),
    "cisco_forward_pe_peak": ("then", "forward price/earnings of the boom's emblem (Cisco)"),
    "nvidia_forward_pe": ("now", "forward price/earnings of the boom's emblem (NVIDIA)"),
    "telecom_capex_peak_share_gdp_low": ("then", "capex of the builders over GDP, low"),
    "telecom_capex_peak_share_gdp_high": ("then", "capex of the builders over GDP, high"),
    "us_ipo_mean_first_day_return_1999_2000": ("then", "mean first-day return of share offerings"),
    "us_vc_ai_share_of_deal_value": ("now", "AI's share of US venture capital"),
    "fibre_capacity_in_use": ("then", "share of fibre capacity in use"),
    "hyperscaler_capex_to_ocf_big5_q2": ("now", "capex of the five builders over operating cash flow, one quarter"),
}
# Industry estimates of capex that were made on different bases and are never joined.
INDUSTRY = {
    "na_wireline_capex_rhk_nov2001": "RHK, November 2001: North American wireline",
    "na_wireline_capex_rhk_apr2002": "RHK, April 2002: the same, revised",
    "na_service_provider_capex_infonetics": "Infonetics: North American public wireline and cable",
}
TELECOMS = ("SBC", "VZ", "BLS", "T", "WCOM")
BUILDERS = ("AMZN", "MSFT", "GOOGL", "META", "ORCL")


def investment_share(macro: pd.DataFrame) -> pd.DataFrame:
    """Return investment in information processing and software over GDP.

    Returns
    -------
    DataFrame
        ``quarter`` (date) and ``share`` (per cent) on the table's rows.
    """
    share = 100 * macro["private_investment_info_processing_software_bn"] / macro["gdp_nominal_bn"]
    frame = pd.DataFrame({"quarter": macro["quarter"], "share": share}, macro.index)
    return frame.dropna().sort_values("quarter")


def share_breaks(share: pd.DataFrame, max_breaks: int = 4) -> exuberance.Breaks:
    """Find the breaks in level and slope of `investment_share`, with intervals that allow for autocorrelation."""
    series = pd.Series(share["share"].to_numpy(), pd.DatetimeIndex(share["quarter"]).to_period("Q"))
    return exuberance.structural_breaks(series, model="trend", max_breaks=max_breaks, autocorrelated=True)


def capex_then(dotcom_firms: pd.DataFrame, tickers: Sequence[str] = TELECOMS) -> pd.DataFrame:
    """Return capex over operating cash flow of the firms of then, where a row holds both.

    Returns
    -------
    DataFrame
        ``era``, ``ticker``, ``company``, ``year``, ``ratio`` (per cent) on the table's rows.
    """
    part = dotcom_firms[dotcom_firms["ticker"].astype(str).isin(list(tickers))]
    ratio = 100 * part["capex"] / part["operating_cash_flow"].where(part["operating_cash_flow"] > 0)
    frame = part.assign(era="then", year=part["fiscal_year"], ratio=ratio, ticker=part["ticker"].astype(str))
    return frame.loc[ratio.notna(), ["era", "ticker", "company", "year", "ratio"]].sort_values(["ticker", "year"])


def capex_now(cash_flows: pd.DataFrame, tickers: Sequence[str] = BUILDERS, since: int = FIRST_YEAR_NOW) -> pd.DataFrame:
    """Return capex over operating cash flow of twelve months, at each year's last known quarter; as `capex_then`."""
    ordered = in_order(cash_flows)
    part = ordered.assign(ratio=capex_share(ordered), year=ordered["period_end"].dt.year)
    part = part[part["ticker"].astype(str).isin(list(tickers)) & (part["year"] >= since) & part["ratio"].notna()]
    part = part.assign(era="now", company=part["ticker"].astype(str), ticker=part["ticker"].astype(str))
    last = part.groupby([part["ticker"], part["year"]]).tail(1)
    return last[["era", "ticker", "company", "year", "ratio"]]


def yardsticks(benchmarks: pd.DataFrame) -> pd.DataFrame:
    """Return the published yardsticks of both booms.

    Returns
    -------
    DataFrame
        ``measure``, ``era``, ``year``, ``value``, ``unit``, ``source_id``, ``note`` on the table's rows.
    """
    names = benchmarks["series"].astype(str)
    part = benchmarks[names.isin(list(YARDSTICKS))]
    names = part["series"].astype(str)
    era = pd.Series([YARDSTICKS[name][0] for name in names], part.index, dtype="str")
    by_year = pd.Series(np.where(part["year"] <= LAST_YEAR_THEN, "then", "now"), part.index, dtype="str")
    era = era.where(era != "by year", by_year)
    frame = part.assign(measure=[YARDSTICKS[name][1] for name in names], era=era)
    order = [measure for _, measure in YARDSTICKS.values()]
    frame = frame.assign(_order=frame["measure"].map(order.index)).sort_values(["_order", "year"], kind="stable")
    return frame[["measure", "era", "year", "value", "unit", "source_id", "note"]]


def industry(benchmarks: pd.DataFrame) -> pd.DataFrame:
    """Return the analysts' estimates of telecom capex, each basis apart: ``basis``, ``year``, ``value``, ``note``."""
    part = benchmarks[benchmarks["series"].astype(str).isin(list(INDUSTRY))]
    frame = part.assign(basis=part["series"].astype(str).map(INDUSTRY))
    return frame[["basis", "year", "value", "note"]].sort_values(["basis", "year"])


def log_periodic_fits(
    path: pd.DataFrame, spans: Mapping[str, tuple[str, str]]
) -> tuple[dict[str, exuberance.LogPeriodicFit], dict[str, tuple[str, ...]]]:
    """Fit the log-periodic power law to the booms of a monthly path.

    Parameters
    ----------
    path : DataFrame
    spans : mapping of name to (first, last) ISO dates

    Returns
    -------
    fits, rows : dict
        A boom of fewer than `FEWEST_MONTHS` known months has neither.
    """
    fits, rows = {}, {}
    for name, (first, last) in spans.items():
        inside = (path["month"] >= pd.Period(first, "M")) & (path["month"] <= pd.Period(last, "M"))
        part = path[inside]
        if len(part) >= FEWEST_MONTHS:
            series = pd.Series(np.log(part["value"].to_numpy(dtype=np.float64)), pd.PeriodIndex(part["month"]))
            fits[name] = exuberance.lppls_fit(series)
            rows[name] = tuple(str(row) for row in part.index)
    return fits, rows


def fit_table(fits: Mapping[str, exuberance.LogPeriodicFit]) -> pd.DataFrame:
    """Return a line a fit: best critical month, its interval, parameters, and why it is not identified."""
    lines: list[dict[str, Any]] = [
        {
            "boom": name, "critical time": str(fit.tc.date()), "days ahead": fit.tc_days,
            "not ruled out, days": f"{fit.low:.0f} to {fit.high:.0f}", "m": fit.m, "w": fit.w,
            "autocorrelation": fit.autocorrelation, "identified": "yes" if fit.identified else "no",
            "why not": "; ".join(fit.reasons),
        }
        for name, fit in fits.items()
    ]  # fmt: skip
    return pd.DataFrame(lines)


def then_and_now(dotcom_firms: pd.DataFrame, cash_flows: pd.DataFrame) -> pd.DataFrame:
    """Stack `capex_then` and `capex_now`."""
    return pd.concat([capex_then(dotcom_firms), capex_now(cash_flows)])


def with_source_dates(listed: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Put the publisher and the date of each source in the place of its id."""
    dates = sources.assign(_id=sources["source_id"].astype(str)).set_index("_id")["date"].astype(str)
    return listed.assign(source=listed["source_id"].astype(str), dated=listed["source_id"].astype(str).map(dates)).drop(
        columns="source_id"
    )
