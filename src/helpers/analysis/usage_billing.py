"""The first way out, billing by use: what a million tokens costs, and when a price cut pays.

List prices are of models as they are sold, not of a constant quality: a dear new model raises the
average although the same work got cheaper. The tables hold no measure of quality.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from helpers.analysis.growth import DAYS_A_YEAR, NEARLY_A_YEAR, years_between
from helpers.units import count, percent

INPUT_SHARE = "token_input_share"
COST_SHARE = "token_cost_share"
ELASTICITY = "token_price_elasticity"
# A line through fewer prices has errors nobody can estimate.
FEWEST_PRICES = 8
PERCENT = 100
# Width of the confidence intervals.
LEVEL = 0.95
ALL_PROVIDERS, SAME_TIER = "all providers", "all, same provider and tier"
# Words by which sellers name their small models, and their dearest; every other model is of the middle tier.
# Whole words: Gemini is no mini.
SMALL_MODELS = r"\b(?:mini|nano|haiku|flash|instant|fast|luna|8x7b)\b|3\.5 turbo|r7b"
DEAREST_MODELS = r"o1-pro|o3-pro|gpt-[\d.]+ pro|opus|32k|gpt-4\.5|davinci"
# Price cuts the static picture shows: a tenth, a quarter, a half.
CUTS = (0.1, 0.25, 0.5)


@dataclass(frozen=True)
class CutOutcome:
    """What a price cut does, each relative to before.

    Parameters
    ----------
    volume, revenue, gross_profit : float or ndarray
        1 is as before. Gross profit is price less cost of serving.
    """

    volume: Any
    revenue: Any
    gross_profit: Any


def token_prices(ai_prices: pd.DataFrame, input_share: float) -> pd.DataFrame:
    """Pair the prices of input and output tokens of each listing.

    Parameters
    ----------
    ai_prices : DataFrame
        The table, as known on some day.
    input_share : float
        Share of the tokens that are input, between 0 and 1; no provider publishes its own.

    Returns
    -------
    DataFrame, one row a model and date, oldest first
        ``date``, ``provider``, ``product``, ``input``, ``output``, ``blended`` (USD a million tokens),
        ``rows`` (two ids joined by ";").
    """
    prices = ai_prices.astype({"provider": "str", "unit": "str"}).reset_index(names="id")
    key = ["date", "provider", "product"]
    sides = {}
    for side in ("input", "output"):
        rows = prices[prices["unit"] == f"per_million_{side}_tokens"]
        sides[side] = rows.rename(columns={"price_usd": side, "id": f"{side}_row"})[[*key, side, f"{side}_row"]]
    paired = sides["input"].merge(sides["output"], on=key).sort_values(key, ignore_index=True)
    blended = input_share * paired["input"] + (1 - input_share) * paired["output"]
    return paired.assign(blended=blended, rows=paired["input_row"] + ";" + paired["output_row"])[
        [*key, "input", "output", "blended", "rows"]
    ]


def yearly_changes(prices: pd.DataFrame) -> pd.DataFrame:
    """Estimate by how much list prices change in a year, by provider and over all.

    Parameters
    ----------
    prices : DataFrame
        From `token_prices`.

    Returns
    -------
    DataFrame, one row a provider with enough prices over a year or more, indexed by its name; `ALL_PROVIDERS` last
        ``models``, ``first``, ``last`` (dates), ``change``, ``low``, ``high`` (per cent a year and its
        95 % interval), ``intercept``, ``slope`` (of the log price on years since 2023), ``rows``.

    Notes
    -----
    Ordinary least squares of the log price on time with errors robust to unequal variance (HC3); over
    all providers with a level for each, so that a dear provider's arrival is no price rise, and again
    with a level for each provider's tier (`tier`), so that neither a dear model's is.
    """
    groups = [(str(name), part) for name, part in prices.groupby("provider") if len(part) >= FEWEST_PRICES]
    fitted = [
        _fit(name, part)
        for name, part in groups
        if years_between(part["date"].min(), part["date"].max()) >= NEARLY_A_YEAR
    ]
    if len(fitted) > 1:
        every = pd.concat([part for _, part in groups])
        fitted.append(_fit(ALL_PROVIDERS, every))
        level = every["provider"] + tier(every["product"])
        # A level seen once fits its one price exactly and has no error of its own.
        repeated = level.map(level.value_counts()) > 1
        fitted.append(_fit(SAME_TIER, every[repeated], level[repeated]))
    columns = ["provider", "models", "first", "last", "change", "low", "high", "intercept", "slope", "rows"]
    return pd.DataFrame(fitted, columns=columns).set_index("provider")


def years(dates: pd.Series) -> pd.Series:
    """Count years since the first day of 2023."""
    return (dates - pd.Timestamp("2023-01-01")).dt.days / DAYS_A_YEAR


def tier(product: pd.Series) -> pd.Series:
    """Sort models into small, middle and dearest by the words in their names: our reading, not the sellers'."""
    names = product.str.lower()
    found = pd.Series("middle", index=product.index)
    found[names.str.contains(DEAREST_MODELS)] = "dearest"
    found[names.str.contains(SMALL_MODELS)] = "small"
    return found


def _fit(name: str, prices: pd.DataFrame, level: pd.Series | None = None) -> dict[str, object]:
    # Imported here: statsmodels is slow to import, and the rest does without.
    from statsmodels.regression.linear_model import OLS

    levels = pd.get_dummies(prices["provider"] if level is None else level, dtype="float64")
    design = levels.assign(years=years(prices["date"]))
    fit = OLS(np.log(prices["blended"]), design).fit(cov_type="HC3", use_t=True)
    low, high = fit.conf_int(1 - LEVEL).loc["years"]
    change, least, most = (PERCENT * (np.exp(slope) - 1) for slope in (fit.params["years"], low, high))
    return {
        "provider": name, "models": len(prices), "first": prices["date"].min(), "last": prices["date"].max(),
        "change": change, "low": least, "high": most, "intercept": float(fit.params.drop("years").mean()),
        "slope": float(fit.params["years"]), "rows": ";".join(prices["rows"]),
    }  # fmt: skip


def same_model_changes(prices: pd.DataFrame) -> pd.DataFrame:
    """List price changes of a model that stayed the same: the only ones at constant quality.

    Returns
    -------
    DataFrame, one row a change, oldest first
        ``provider``, ``product``, ``date``, ``before``, ``after`` (blended, USD a million tokens),
        ``change`` (per cent), ``rows``.
    """
    ordered = prices.sort_values(["provider", "product", "date"], kind="stable")
    earlier = ordered.groupby(["provider", "product"])[["blended", "rows"]].shift()
    table = ordered.assign(
        before=earlier["blended"],
        after=ordered["blended"],
        change=PERCENT * (ordered["blended"] / earlier["blended"] - 1),
        rows=earlier["rows"] + ";" + ordered["rows"],
    )
    changed = table[table["before"].notna() & (table["before"] != table["after"])]
    columns = ["provider", "product", "date", "before", "after", "change", "rows"]
    return changed.sort_values("date", kind="stable", ignore_index=True)[columns]


def price_cut(cut: Any, elasticity: Any, cost_share: Any) -> CutOutcome:
    """Return what a price cut does where demand has a constant elasticity.

    Parameters
    ----------
    cut : float or ndarray
        Share taken off the price, at least 0 and below 1.
    elasticity : float or ndarray
        By how many per cent volume grows when the price falls by one; positive.
    cost_share : float or ndarray
        Cost of serving a token over its price before the cut, below 1.

    Returns
    -------
    CutOutcome

    Notes
    -----
    Volume is :math:`(1-c)^{-e}`, revenue :math:`(1-c)^{1-e}`. Costs do not fall with volume here.
    """
    left = 1 - np.asarray(cut, dtype="float64")
    volume = left ** -np.asarray(elasticity, dtype="float64")
    return CutOutcome(volume, left * volume, (left - cost_share) * volume / (1 - np.asarray(cost_share)))


def elasticity_that_pays(cut: Any, cost_share: Any) -> Any:
    """Return the elasticity from which a price cut leaves gross profit no lower.

    Returns
    -------
    float or ndarray
        Missing where the new price does not cover the cost of serving: no volume makes up for that.
        For revenue the same threshold is 1, whatever the cut.
    """
    left = 1 - np.asarray(cut, dtype="float64")
    margin = left - cost_share
    safe = np.where(margin > 0, margin, np.nan)
    return np.log((1 - np.asarray(cost_share)) / safe) / np.log(1 / left)


def cut_curves(elasticities: np.ndarray, cost_share: float, cuts: tuple[float, ...] = CUTS) -> pd.DataFrame:
    """Return `price_cut` over a range of elasticities, one row a cut and elasticity."""
    parts = []
    for cut in cuts:
        outcome = price_cut(cut, elasticities, cost_share)
        parts.append(
            pd.DataFrame(
                {
                    "cut": cut,
                    "elasticity": elasticities,
                    "revenue": outcome.revenue,
                    "gross_profit": outcome.gross_profit,
                    "pays_from": float(elasticity_that_pays(cut, cost_share)),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def cut_in_words(cut: float, elasticity: float, cost_share: float) -> str:
    """Say what a price cut does: volume, revenue, gross profit, and from which elasticity it pays."""
    outcome = price_cut(cut, elasticity, cost_share)
    threshold = float(elasticity_that_pays(cut, cost_share))
    pays = f"it pays from an elasticity of {count(threshold)}" if np.isfinite(threshold) else "it sells below cost"
    volume, revenue, profit = (percent(PERCENT * float(part) - PERCENT, 0) for part in
                               (outcome.volume, outcome.revenue, outcome.gross_profit))  # fmt: skip
    return (
        f"A cut of {percent(PERCENT * cut, 0)} changes volume by {volume}, revenue by {revenue} and gross profit by "
        f"{profit}; {pays}."
    )
