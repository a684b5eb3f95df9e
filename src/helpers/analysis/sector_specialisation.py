"""The third way out, specialised products: what the tables can say, and a model with stated inputs.

No vendor of health, law, industry or finance is in the tables. Programming is: two assistants sold
to programmers have counts or run-rates of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from helpers.analysis.growth import percent_a_year
from helpers.analysis.premium_bundles import MONTHS_A_YEAR
from helpers.analysis.vendor_metrics import select
from helpers.units import count

PREMIUM = "specialised_price_premium"
# Product, company, scope and metric of what is sold to one trade.
PRODUCTS: tuple[tuple[str, str, str, str], ...] = (
    ("Claude Code", "Anthropic", "Claude Code", "annualised_revenue_usd_m"),
    ("GitHub Copilot", "GitHub", "GitHub Copilot", "paying_subscribers_m"),
)
SECTORS = ("health", "law", "industry", "finance")


def products(vendor_metrics: pd.DataFrame) -> pd.DataFrame:
    """Return the first and last figure of each product sold to one trade.

    Returns
    -------
    DataFrame, one row a product with at least two figures
        ``product``, ``metric``, ``first_date``, ``date``, ``first``, ``last``, ``times``, ``a_year`` (per
        cent a year; missing where less than a year was seen), ``rows``.
    """
    table = []
    for name, company, scope, metric in PRODUCTS:
        rows = select(vendor_metrics, metric, company=company, scopes=[scope])
        if rows["date"].nunique() < len(("first", "last")):
            continue
        first, last = rows.iloc[0], rows.iloc[-1]
        times = float(last["value"] / first["value"])
        pace = percent_a_year(times, first["date"], last["date"])
        used = f"{rows.index[0]};{rows.index[-1]}"
        table.append(
            (name, metric, first["date"], last["date"], float(first["value"]), float(last["value"]), times, pace, used)
        )
    columns = ["product", "metric", "first_date", "date", "first", "last", "times", "a_year", "rows"]
    return pd.DataFrame(table, columns=columns)


def vertical_vendors(vendor_metrics: pd.DataFrame) -> list[str]:
    """Return the companies whose rows name one of the sectors of the article as their scope."""
    scope = vendor_metrics["scope"].astype(str).str.lower()
    named = scope.map(lambda words: any(sector in words for sector in SECTORS))
    return sorted(set(vendor_metrics.loc[named, "company"].astype(str)))


def seats_needed(cost_usd_m: float, general_price_usd: float, premium: Any) -> Any:
    """Return the seats, in millions, that cover a yearly cost at a multiple of the general price.

    Parameters
    ----------
    cost_usd_m : float
        USD millions a year.
    general_price_usd : float
        Price of a general assistant, USD a seat a month; above 0.
    premium : float or ndarray
        Price of the specialised product over that; above 0.

    Returns
    -------
    float or ndarray
    """
    if general_price_usd <= 0:
        raise ValueError(f"the general price must be above 0, not {general_price_usd}")
    return cost_usd_m / (general_price_usd * np.asarray(premium, dtype="float64") * MONTHS_A_YEAR)


def seats_curve(cost_usd_m: float, general_price_usd: float, premiums: np.ndarray) -> pd.DataFrame:
    """Return `seats_needed` over a range of premiums: ``premium``, ``seats`` (millions)."""
    return pd.DataFrame({"premium": premiums, "seats": seats_needed(cost_usd_m, general_price_usd, premiums)})


def in_words(cost_usd_m: float, general_price_usd: float, premium: float) -> str:
    """Say how many specialised seats would cover a cost."""
    seats = float(seats_needed(cost_usd_m, general_price_usd, premium))
    return f"At {count(premium)} times the general price it takes {count(seats, 'million', digits=1)} seats."
