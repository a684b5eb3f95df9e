"""AI revenue against what the builders write off on AI equipment."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from helpers.analysis.ai_returns import ABOVE_BASE, BASE_YEAR, BUILDERS, ai_capex, run_rates
from helpers.analysis.depreciation_pipeline import depreciation_pipeline
from helpers.analysis.fiscal_quarters import QUARTERS_A_YEAR


def revenue_against_depreciation(
    cash_flows: pd.DataFrame,
    vendor_metrics: pd.DataFrame,
    lives: Mapping[str, float],
    *,
    day: str,
    rule: str = ABOVE_BASE,
    oldest_days: int = 366,
) -> pd.DataFrame:
    """Compare each builder's AI revenue with the write-off of its AI capex, both at a yearly rate.

    Parameters
    ----------
    cash_flows, vendor_metrics : DataFrame
    lives : mapping of str to float
        Name and years of each asset life, for example ``{"mode": 5.0}``.
    day : str
        ISO date: the last statement dated on or before it counts, if at most `oldest_days` old.
    rule : str
        One of `RULES`.
    oldest_days : int

    Returns
    -------
    DataFrame, one row a builder
        ``ticker``, ``date`` (of the statement), ``revenue`` (USD millions a year), ``quarter`` (the
        one the depreciation is of), one column a life with depreciation a year, ``missing`` and
        ``rows``. Missing where nothing is stated.
    """
    rates, capex = run_rates(vendor_metrics), ai_capex(cash_flows, rule)
    age = (pd.Timestamp(day) - rates["date"]).dt.days
    stated = rates[(age >= 0) & (age <= oldest_days)]
    # Only what is held against a statement is written off.
    flows = capex[capex["ticker"].isin(stated["ticker"])]
    pipeline = depreciation_pipeline(flows, lives=tuple(dict.fromkeys(lives.values())), ahead=0, capex="ai_capex")
    table = []
    for ticker, name in BUILDERS.items():
        own = stated[stated["ticker"] == ticker].tail(1)
        if own.empty:
            table.append({"ticker": ticker, "missing": f"{name}'s AI revenue is not disclosed", "rows": ()})
            continue
        quarter = own["date"].dt.to_period("Q").iloc[0]
        used = capex[(capex["ticker"] == ticker) & (capex["quarter"].dt.year >= BASE_YEAR)]
        row = {
            "ticker": ticker,
            "date": own["date"].iloc[0],
            "revenue": float(own["annual"].iloc[0]),
            "quarter": str(quarter),
            "rows": (*own.index, *used.index[used["quarter"] < quarter]),
        }
        for label, life in lives.items():
            row[label] = _yearly(pipeline, ticker, quarter, life)
        unknown = all(pd.isna(row[label]) for label in lives)
        table.append(row | {"missing": f"{name}'s capex is not known in full" if unknown else ""})
    columns = ["ticker", "date", "revenue", "quarter", *lives, "missing", "rows"]
    return pd.DataFrame(table).reindex(columns=columns)


def _yearly(pipeline: pd.DataFrame, ticker: str, quarter: pd.Period, life: float) -> float:
    """Return the depreciation of a quarter at a yearly rate, or missing."""
    row = pipeline[(pipeline["ticker"] == ticker) & (pipeline["quarter"] == quarter) & (pipeline["life"] == life)][
        "depreciation"
    ]
    return QUARTERS_A_YEAR * float(row.iloc[0]) if len(row) else float("nan")
