"""How much a paying user would have to bring: the five builders' cash margin of 2019, with its ranges.

Every range is a row of the table of assumptions. The other parts of the question have modules of
their own: who discloses (`ai_revenue_disclosure`), the three ways out (`usage_billing`,
`premium_bundles`, `sector_specialisation`), what would have to be true (`required_revenue`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from helpers.analysis.required_revenue import a_user_a_month, revenue_needed
from helpers.analysis.uncertainty import QUANTILES, draw, ranges

CASH_MARGIN = "ai_revenue_cash_margin"
USERS = "ai_users_m"
PAYING = "ai_paying_share"
CAPEX_GROWTH = "listed_capex_growth_next_year"
LABELS = {
    CASH_MARGIN: "Cash left of a dollar of AI revenue",
    USERS: "People who use AI, millions",
    PAYING: "Share of them who pay",
    CAPEX_GROWTH: "Growth of capex in the next year",
}
IDS = tuple(LABELS)
PERCENT = 100


def needed_a_payer(firms: pd.DataFrame, values: Mapping[str, Any]) -> Any:
    """Return what each payer would have to bring the five builders, USD a month.

    Parameters
    ----------
    firms : DataFrame
        From `required_revenue.margins`.
    values : mapping of str to float or ndarray of shape (n,)
        A value for each of `IDS`.

    Returns
    -------
    float or ndarray of shape (n,)
        Missing where no firm is known, or where new revenue cannot restore a margin.
    """
    margin, growth = (np.asarray(values[name], dtype="float64")[..., None] for name in (CASH_MARGIN, CAPEX_GROWTH))
    # An empty sum is unknown, not zero.
    total = revenue_needed(firms, margin, growth).sum(axis=-1) if len(firms) else np.nan
    return a_user_a_month(total, np.asarray(values[USERS]) * np.asarray(values[PAYING]))


def simulate(firms: pd.DataFrame, assumptions: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """Draw the ranges and return what a payer would have to bring.

    Returns
    -------
    DataFrame of shape (draws, 5)
        The drawn inputs and ``usd_a_month``.
    """
    drawn = draw(assumptions, IDS, draws, seed)
    return drawn.assign(usd_a_month=needed_a_payer(firms, {name: drawn[name].to_numpy() for name in IDS}))


def quantiles(simulated: pd.DataFrame) -> pd.Series:
    """Return the quoted quantiles, indexed by probability; missing where nothing could be simulated."""
    return simulated["usd_a_month"].quantile(list(QUANTILES))


def stability_percent(firms: pd.DataFrame, assumptions: pd.DataFrame, draws: int, seed: int) -> float:
    """Return by how much, in per cent, the quoted quantiles move at most when the draws are doubled."""
    once, twice = (quantiles(simulate(firms, assumptions, count, seed)) for count in (draws, draws + draws))
    return float(PERCENT * (twice / once - 1).abs().max())


def tornado(firms: pd.DataFrame, assumptions: pd.DataFrame, simulated: pd.DataFrame) -> pd.DataFrame:
    """Move one assumption at a time over its range, the others at the medians of their draws.

    Parameters
    ----------
    firms, assumptions : DataFrame
    simulated : DataFrame
        From `simulate`.

    Returns
    -------
    DataFrame
        One row an assumption, indexed by row id, widest first: ``label``, ``low``, ``high`` (the range),
        ``at_low``, ``at_high``, ``central`` (USD a payer a month), ``width``. No row where no firm is
        known.
    """
    chosen = ranges(assumptions, IDS)
    middle = {name: float(simulated[name].median()) for name in IDS}
    bars = {
        f"assumptions/{name}": {
            "label": label, "low": chosen["low"][name], "high": chosen["high"][name],
            "at_low": float(needed_a_payer(firms, {**middle, name: chosen["low"][name]})),
            "at_high": float(needed_a_payer(firms, {**middle, name: chosen["high"][name]})),
            "central": float(needed_a_payer(firms, middle)),
        }
        for name, label in LABELS.items()
        if len(firms)
    }  # fmt: skip
    columns = ["label", "low", "high", "at_low", "at_high", "central"]
    table = pd.DataFrame.from_dict(bars, orient="index", columns=columns).rename_axis("row")
    table["width"] = (table["at_high"] - table["at_low"]).abs()
    return table.sort_values("width", ascending=False, kind="stable")
