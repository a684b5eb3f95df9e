"""The second way out, premium bundles: seats times the share that takes the extra times its price.

What has to be covered is the write-off of AI equipment alone. Serving a seat costs nothing here, so
what comes out is a lower limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from helpers.analysis.ai_returns import BASE_YEAR, ai_capex
from helpers.analysis.depreciation_pipeline import depreciation_pipeline
from helpers.analysis.fiscal_quarters import QUARTERS_A_YEAR
from helpers.analysis.vendor_metrics import select
from helpers.units import money, percent, write

COPILOT = "Microsoft 365 Copilot"
MONTHS_A_YEAR = 12
PERCENT = 100
PLAN_UNITS = ("per_month", "per_seat_month")


@dataclass(frozen=True)
class Bundle:
    """An extra sold on top of seats that are there already.

    Parameters
    ----------
    seats_m : float
        Seats that could take it, millions.
    attach_rate : float
        Share that does, 0 to 1.
    price_usd : float
        Dollars a seat a month.
    cost_usd_m : float
        What it should cover, USD millions a year; NaN if that is not known.
    """

    seats_m: float
    attach_rate: float
    price_usd: float
    cost_usd_m: float

    def __post_init__(self) -> None:
        """Refuse what cannot be sold."""
        if not (self.seats_m > 0 and 0 <= self.attach_rate <= 1 and self.price_usd >= 0):
            raise ValueError("a bundle needs seats above 0, an attach rate from 0 to 1 and a price of 0 or more")

    @property
    def revenue_usd_m(self) -> float:
        """List-price revenue a year."""
        return self.seats_m * self.attach_rate * self.price_usd * MONTHS_A_YEAR

    @property
    def covered_percent(self) -> float:
        """Revenue over cost; missing where there is no cost."""
        return PERCENT * _over(self.revenue_usd_m, self.cost_usd_m)

    @property
    def attach_needed_percent(self) -> float:
        """Share of the seats that would cover the cost at this price; above 100 no share does."""
        return PERCENT * _over(self.cost_usd_m, self.seats_m * self.price_usd * MONTHS_A_YEAR)

    @property
    def price_needed(self) -> float:
        """Price a month that would cover the cost at this attach rate."""
        return _over(self.cost_usd_m, self.seats_m * self.attach_rate * MONTHS_A_YEAR)

    def price_at(self, attach_percent: Any) -> Any:
        """Return the price a month that covers the cost at each attach rate."""
        return self.cost_usd_m / (self.seats_m * np.asarray(attach_percent) / PERCENT * MONTHS_A_YEAR)


def _over(cost: float, base: float) -> float:
    return cost / base if base > 0 else np.nan


def copilot_seats(vendor_metrics: pd.DataFrame) -> pd.DataFrame:
    """List Microsoft 365 Copilot's paid seats with the share of all seats they are.

    Returns
    -------
    DataFrame, one row a count, by date
        ``date``, ``published``, ``seats`` and ``base`` (millions), ``attach_percent``, ``rows``. The base
        is what the share was stated of: missing where none was.
    """
    seats = select(vendor_metrics, "business_seats_m", company="Microsoft", scopes=[COPILOT])
    shares = select(vendor_metrics, "conversion_rate", company="Microsoft", scopes=[COPILOT]).drop_duplicates("date")
    shares = shares.assign(share_row=shares.index)[["date", "value", "share_row"]].rename(columns={"value": "share"})
    table = seats.reset_index(names="seat_row").merge(shares, on="date", how="left")
    pairs = zip(table["seat_row"], table["share_row"], strict=True)
    rows = [";".join(str(row) for row in pair if pd.notna(row)) for pair in pairs]
    return pd.DataFrame(
        {"date": table["date"], "published": table["published"], "seats": table["value"],
         "base": table["value"] / table["share"], "attach_percent": PERCENT * table["share"], "rows": rows}
    )  # fmt: skip


def ai_depreciation(cash_flows: pd.DataFrame, ticker: str, lives: Mapping[str, float]) -> pd.DataFrame:
    """Write off a firm's capex above its pace of 2022, at a yearly rate in its last quarter.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter
    ticker : str
    lives : mapping of str to float
        Name and years of each asset life.

    Returns
    -------
    DataFrame, one row a life, indexed by its name
        ``life``, ``quarter``, ``usd_m`` (a year; missing where capex is not known in full), ``rows``.
    """
    flows = ai_capex(cash_flows)
    flows = flows[flows["ticker"] == ticker]
    pipeline = depreciation_pipeline(flows, lives=tuple(dict.fromkeys(lives.values())), ahead=0, capex="ai_capex")
    rows = ";".join(flows.index[flows["quarter"].dt.year >= BASE_YEAR])
    table = []
    for name, life in lives.items():
        last = pipeline[pipeline["life"] == life].tail(1)
        quarter = str(last["quarter"].iloc[0]) if len(last) else ""
        amount = QUARTERS_A_YEAR * float(last["depreciation"].iloc[0]) if len(last) else np.nan
        table.append({"name": name, "life": life, "quarter": quarter, "usd_m": amount, "rows": rows})
    return pd.DataFrame(table).set_index("name")


def iso_cost_lines(bundle: Bundle, costs: pd.DataFrame, attach_percent: np.ndarray) -> pd.DataFrame:
    """Return the price that covers each asset life's write-off, at each attach rate.

    Parameters
    ----------
    bundle : Bundle
    costs : DataFrame
        From `ai_depreciation`.
    attach_percent : ndarray of shape (n,)

    Returns
    -------
    DataFrame of n rows a life
        ``life`` (years), ``attach_percent``, ``price`` (USD a seat a month).
    """
    parts = [
        pd.DataFrame(
            {"life": cost["life"], "attach_percent": attach_percent,
             "price": Bundle(bundle.seats_m, bundle.attach_rate, bundle.price_usd, cost["usd_m"]).price_at(
                 attach_percent)}
        )
        for _, cost in costs.iterrows()
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def plans(ai_prices: pd.DataFrame) -> pd.DataFrame:
    """Return every priced plan with its first and last known price.

    Returns
    -------
    DataFrame, one row a provider, product and plan
        ``provider``, ``product``, ``plan``, ``unit``, ``first_date``, ``date``, ``first``, ``last`` (USD),
        ``listings`` (how many dates), ``change`` (per cent; missing with one date), ``rows``.
    """
    kept = ai_prices[ai_prices["unit"].isin(PLAN_UNITS)].astype({"provider": "str", "unit": "str"})
    kept = kept.assign(plan=kept["plan"].fillna(""), id=kept.index).sort_values("date", kind="stable")
    groups = kept.groupby(["provider", "product", "plan", "unit"], sort=True)
    table = groups.agg(
        first_date=("date", "first"), date=("date", "last"), first=("price_usd", "first"), last=("price_usd", "last"),
        listings=("date", "nunique"), rows=("id", ";".join),
    ).reset_index()  # fmt: skip
    return table.assign(change=(PERCENT * (table["last"] / table["first"] - 1)).where(table["listings"] > 1))


def in_words(bundle: Bundle) -> str:
    """Say what a bundle brings, how much of its cost that covers, and what would cover all of it."""
    price = write(bundle.price_needed, "USD a month") if np.isfinite(bundle.price_needed) else "no price"
    return (
        f"It brings {money(bundle.revenue_usd_m)} a year, {percent(bundle.covered_percent, 0)} of "
        f"{money(bundle.cost_usd_m)}; all of it takes {percent(bundle.attach_needed_percent)} of the seats, or {price}."
    )
