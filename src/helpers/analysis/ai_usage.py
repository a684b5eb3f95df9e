"""How much AI is used: firms that use it, tokens a month, what enterprises spend; and volume against price.

Each series has its own wording and its own counter: two wordings of the US survey are two series,
Google counts all its products, and the spending is one investor's estimate.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.analysis.growth import percent_a_year

SURVEYS = ("firms_using_ai", "firms_using_ai_any_function", "enterprises_using_ai")
TOKENS = "tokens_per_month_google"
SPEND = "enterprise_genai_spend"
# The price of a token on a day: models listed in the year before it.
LISTED_WITHIN_DAYS = 365


def series_growth(ai_usage: pd.DataFrame) -> pd.DataFrame:
    """Compare the first and the last value of every series with at least two.

    Parameters
    ----------
    ai_usage : DataFrame
        The table, as known on some day.

    Returns
    -------
    DataFrame, one row a series and region
        ``series``, ``region``, ``unit``, ``first_date``, ``date``, ``first``, ``last``, ``times``,
        ``a_year`` (growth in per cent a year, constant; missing where less than a year was seen), ``rows`` (ids
        joined by ";").
    """
    usage = ai_usage.astype({"series": "str", "region": "str", "unit": "str"}).sort_values("date", kind="stable")
    table = []
    for (series, region), part in usage.groupby(["series", "region"], sort=False):
        if part["date"].nunique() < len(("first", "last")):
            continue
        first, last = part.iloc[0], part.iloc[-1]
        times = float(last["value"] / first["value"])
        table.append(
            {"series": series, "region": region, "unit": first["unit"], "first_date": first["date"],
             "date": last["date"], "first": first["value"], "last": last["value"], "times": times,
             "a_year": percent_a_year(times, first["date"], last["date"]), "rows": f"{part.index[0]};{part.index[-1]}"}
        )  # fmt: skip
    columns = ["series", "region", "unit", "first_date", "date", "first", "last", "times", "a_year", "rows"]
    return pd.DataFrame(table, columns=columns)


def of_series(ai_usage: pd.DataFrame, series: str) -> pd.DataFrame:
    """Return one series by date."""
    return ai_usage[ai_usage["series"].astype(str) == series].sort_values("date", kind="stable")


def arc_elasticities(ai_usage: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    """Hold the growth of Google's token volume against list prices over the same time.

    Parameters
    ----------
    ai_usage : DataFrame
    prices : DataFrame
        From `usage_billing.token_prices`.

    Returns
    -------
    DataFrame, one row a price: Google's and all providers'
        ``price_of``, ``first_date``, ``date`` (first and last volume with a price), ``volume_times``,
        ``price_times``, ``elasticity`` (log of the one over log of the other; missing where the price
        did not move), ``rows``. No row where fewer than two volumes have a price.

    Notes
    -----
    It is not a demand curve. In these years supply, quality and the products that use tokens all
    moved; where volume and price rose together the ratio is positive and says only that, and where the price
    hardly moved it is large and says nothing.
    """
    volume = of_series(ai_usage, TOKENS)
    columns = ["price_of", "first_date", "date", "volume_times", "price_times", "elasticity", "rows"]
    table = []
    for name, part in (("Google", prices[prices["provider"] == "Google"]), ("all providers", prices)):
        levels = [_level(part, day) for day in volume["date"]]
        priced = [place for place, (level, _) in enumerate(levels) if np.isfinite(level)]
        if len(priced) < len(("first", "last")):
            continue
        first, last = volume.iloc[priced[0]], volume.iloc[priced[-1]]
        (before, used_before), (after, used_after) = levels[priced[0]], levels[priced[-1]]
        more, change = float(last["value"] / first["value"]), after / before
        elasticity = np.log(more) / np.log(change) if change != 1 else np.nan
        rows = ";".join([volume.index[priced[0]], volume.index[priced[-1]], *used_before, *used_after])
        table.append((name, first["date"], last["date"], more, change, elasticity, rows))
    return pd.DataFrame(table, columns=columns)


def _level(prices: pd.DataFrame, day: pd.Timestamp) -> tuple[float, list[str]]:
    """Return the geometric mean of the prices listed in the year to a day, with the row ids."""
    age = (day - prices["date"]).dt.days
    listed = prices[(age >= 0) & (age <= LISTED_WITHIN_DAYS)]
    return (float(np.exp(np.log(listed["blended"]).mean())) if len(listed) else np.nan), list(listed["rows"])
