"""How long the listed firms could go on paying: cash, operating cash flow and debt room over planned capex.

Planned capex is the firm's own guidance where the tables hold it, else the last twelve months with an assumed
growth; how much debt a firm can carry is an assumption. Amounts are USD millions, runways years.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from helpers.analysis.fiscal_quarters import latest_quarters, trailing_twelve_months
from helpers.analysis.free_cash_flow import FIRMS

CAPEX_GROWTH, DEBT_MULTIPLE = ASSUMPTIONS = (
    "listed_capex_growth_next_year",
    "listed_debt_over_operating_cash_flow",
)
# A balance older than a year is not today's.
BALANCE_QUARTERS = 4
# Prefix of the guidance series in the table of benchmarks, whose unit is USD billions.
GUIDANCE_SERIES = "hyperscaler_capex_guidance_"
_MILLIONS_A_BILLION = 1000


@dataclass(frozen=True)
class Range:
    """A number with its low and high reading."""

    low: float
    mode: float
    high: float


def capex_runways(
    cash_flows: pd.DataFrame,
    financing: pd.DataFrame,
    benchmarks: pd.DataFrame,
    assumptions: pd.DataFrame,
    tickers: tuple[str, ...],
    as_of: str,
) -> pd.DataFrame:
    """Return how many years each firm could pay its planned capex.

    Parameters
    ----------
    cash_flows, financing, benchmarks, assumptions : DataFrame
        As known on `as_of`, indexed by row id.
    tickers : tuple of str
    as_of : str
        ISO date; guidance counts for this day's calendar year only.

    Returns
    -------
    DataFrame, one row a firm
        ``ticker``, ``operating_cash_flow`` and ``capex`` (last twelve months), ``planned_low``, ``planned``,
        ``planned_high``, ``guided`` (the plan is the firm's own), ``cash``, ``debt``, ``debt_is_partial``, ``covered``
        (operating cash flow pays the plan), ``years_low``, ``years``, ``years_high`` (missing where operating cash
        flow pays that reading of the plan), ``missing`` (what is not known; then the years are missing too) and
        ``rows``.

    Notes
    -----
    Years are ``(cash + max(0, m * operating cash flow - debt)) / (planned capex - operating cash flow)`` with m the
    debt a firm can carry over a year's operating cash flow. The low reading takes the highest plan and the least
    debt, the high one the reverse. Nothing goes to shareholders, which no firm has announced: it flatters.
    """
    scale = {name: _range(assumptions, name) for name in ASSUMPTIONS}
    year = latest_quarters(cash_flows, BALANCE_QUARTERS)
    flows = ("operating_cash_flow", "capex")
    sums = pd.DataFrame({name: trailing_twelve_months(cash_flows, name) for name in flows})
    table = [
        _runway(_position(year, sums, financing, ticker), _plan(benchmarks, ticker, as_of), scale) for ticker in tickers
    ]
    columns = [
        "ticker", "operating_cash_flow", "capex", "planned_low", "planned", "planned_high", "guided", "cash", "debt",
        "debt_is_partial", "covered", "years_low", "years", "years_high", "missing", "rows",
    ]  # fmt: skip
    return pd.DataFrame(table).reindex(columns=columns)


def _range(assumptions: pd.DataFrame, name: str) -> Range:
    row = assumptions.set_index("id").loc[name].to_dict()
    return Range(float(row["low"]), float(row["mode"]), float(row["high"]))


def _position(
    last_quarters: pd.DataFrame, yearly: pd.DataFrame, financing: pd.DataFrame, ticker: str
) -> dict[str, Any]:
    """Return a firm's last twelve months and last known balance, or what is missing.

    `last_quarters` are the last quarters of all firms, `yearly` the twelve-month sums to each quarter.
    """
    year = last_quarters[last_quarters["ticker"].astype(str) == ticker]
    balances = financing[financing["ticker"].astype(str) == ticker]
    position: dict[str, object] = {"ticker": ticker, "missing": "", "rows": ()}
    if year.empty:
        return position | {"missing": "cash flows"}
    sums: dict[str, float] = yearly.loc[year.index[-1]].to_dict()
    recent = balances[balances["period_end"] > year["period_end"].iloc[-1] - pd.DateOffset(years=1)]
    recent = recent.sort_values("period_end")
    cash, debt = recent["cash_and_securities"].dropna().tail(1), recent["total_debt"].dropna().tail(1)
    unknown = [name.replace("_", " ") for name, value in sums.items() if pd.isna(value)]
    unknown += [name for name, value in (("cash", cash), ("debt", debt)) if value.empty]
    if unknown:
        return position | {"missing": ", ".join(unknown)}
    partial = str(recent.loc[debt.index[0], "note"]).startswith("partial:")
    rows = (*year.index, *dict.fromkeys([*cash.index, *debt.index]))
    return position | sums | {
        "cash": float(cash.iloc[0]), "debt": float(debt.iloc[0]), "debt_is_partial": partial, "rows": rows,
    }  # fmt: skip


def _plan(benchmarks: pd.DataFrame, ticker: str, as_of: str) -> pd.DataFrame:
    """Return the guidance rows of a firm for the calendar year of a day."""
    series = GUIDANCE_SERIES + FIRMS[ticker].name.lower()
    wanted = benchmarks["series"].isin([series, f"{series}_low", f"{series}_high"])
    return benchmarks[wanted & (benchmarks["year"] == pd.Timestamp(as_of).year)]


def _runway(position: dict[str, Any], guidance: pd.DataFrame, scale: dict[str, Range]) -> dict[str, Any]:
    if position["missing"]:
        return position
    operating, capex = float(position["operating_cash_flow"]), float(position["capex"])
    cash, debt = float(position["cash"]), float(position["debt"])
    if len(guidance):
        stated = guidance["value"] * _MILLIONS_A_BILLION
        plan = Range(float(stated.min()), float(stated.mean()), float(stated.max()))
    else:
        growth = scale[CAPEX_GROWTH]
        plan = Range(*(capex * (1 + rate) for rate in (growth.low, growth.mode, growth.high)))
    carry = scale[DEBT_MULTIPLE]

    def years(planned: float, multiple: float) -> float | None:
        gap = planned - operating
        return (cash + max(0.0, multiple * operating - debt)) / gap if gap > 0 else None

    rows = (*position["rows"], *guidance.index)
    return position | {
        "planned_low": plan.low, "planned": plan.mode, "planned_high": plan.high, "guided": len(guidance) > 0,
        "covered": operating >= plan.mode, "rows": rows,
        "years_low": years(plan.high, carry.low), "years": years(plan.mode, carry.mode),
        "years_high": years(plan.low, carry.high),
    }  # fmt: skip
