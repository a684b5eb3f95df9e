"""How uncertain the article's 2.4 billion is, every range from the table of assumptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from helpers.analysis.chatgpt_revenue import QUOTED_ON, ArticleEstimate

PLUS_ASSUMPTIONS = (
    "chatgpt_subscriber_rounding",
    "chatgpt_subscribers_start_of_year",
    "chatgpt_subscribers_end_of_year",
    "chatgpt_paid_months",
    "chatgpt_regional_price",
    "chatgpt_store_share",
    "chatgpt_store_fee",
)
LABELS = {
    "chatgpt_subscriber_rounding": "Rounding of 10 million",
    "chatgpt_subscribers_start_of_year": "Subscribers in January",
    "chatgpt_subscribers_end_of_year": "Subscribers in December",
    "chatgpt_paid_months": "Months really paid",
    "chatgpt_regional_price": "Price outside the US",
    "chatgpt_store_share": "Paid through a store",
    "chatgpt_store_fee": "Commission of the store",
}
DISTRIBUTIONS = ("uniform", "triangular")
QUANTILES = (0.05, 0.5, 0.95)
# Share of the year 2024 that had passed when the 10 million were counted.
_YEAR_PASSED = QUOTED_ON.day_of_year / 366


def ranges(assumptions: pd.DataFrame, ids: Sequence[str]) -> pd.DataFrame:
    """Return the asked rows of the table of assumptions, by assumption id.

    Parameters
    ----------
    assumptions : DataFrame
        The table: ``id``, ``low``, ``mode``, ``high``, ``distribution`` and more.
    ids : sequence of str

    Returns
    -------
    DataFrame
        Indexed by id, in the order of `ids`.

    Raises
    ------
    KeyError
        If an assumption is missing.
    ValueError
        If a range is not ordered low <= mode <= high with low < high, or its distribution is unknown.
    """
    table = assumptions.set_index("id")
    missing = [name for name in ids if name not in table.index]
    if missing:
        raise KeyError(f"no such assumption: {', '.join(missing)}")
    chosen = table.loc[list(ids)]
    for name, row in chosen.iterrows():
        if not (row["low"] <= row["mode"] <= row["high"] and row["low"] < row["high"]):
            raise ValueError(f"assumption {name}: expected low <= mode <= high and low < high")
        if row["distribution"] not in DISTRIBUTIONS:
            raise ValueError(f"assumption {name}: distribution must be one of {DISTRIBUTIONS}")
    return chosen


def draw(assumptions: pd.DataFrame, ids: Sequence[str], draws: int, seed: int) -> pd.DataFrame:
    """Draw from the ranges, independently of each other.

    Parameters
    ----------
    assumptions : DataFrame
    ids : sequence of str
    draws : int
        Number of draws, at least 1.
    seed : int
        Of numpy's Generator. With more draws the first ones stay the same.

    Returns
    -------
    DataFrame of shape (draws, len(ids))
    """
    if draws < 1:
        raise ValueError(f"draws must be at least 1, not {draws}")
    chosen = ranges(assumptions, ids)
    uniform = np.random.default_rng(seed).random((draws, len(chosen)))
    columns = {name: _quantile(row, uniform[:, place]) for place, (name, row) in enumerate(chosen.iterrows())}
    return pd.DataFrame(columns, index=pd.RangeIndex(draws, name="draw"))


def _quantile(row: pd.Series, share: Any) -> Any:
    """Return the quantile function of one range."""
    low, mode, high = float(row["low"]), float(row["mode"]), float(row["high"])
    if row["distribution"] == "uniform":
        return low + (high - low) * share
    peak = (mode - low) / (high - low)
    rising = low + np.sqrt(share * (high - low) * (mode - low))
    falling = high - np.sqrt((1 - share) * (high - low) * (high - mode))
    return np.where(share < peak, rising, falling)


def _central(row: pd.Series) -> float:
    """Return the median of one range."""
    return float(_quantile(row, np.array(0.5)))


def plus_revenue(values: Mapping[str, Any], estimate: ArticleEstimate) -> Any:
    """Return what Plus brought over the calendar year, net, in USD millions.

    The quoted subscribers were counted in September. The year's average follows a path of
    constant growth from the start of the year to that count, and from there to its end; the
    mean of such a path is the logarithmic mean of its ends. Then: months really paid, price
    really paid, less what app stores keep.

    Parameters
    ----------
    values : mapping of str to float or ndarray
        A value for each of `PLUS_ASSUMPTIONS`.
    estimate : ArticleEstimate

    Returns
    -------
    float or ndarray
    """
    before = _mean_to_one(values["chatgpt_subscribers_start_of_year"])
    after = _mean_to_one(values["chatgpt_subscribers_end_of_year"])
    average = _YEAR_PASSED * before + (1 - _YEAR_PASSED) * after
    kept = 1 - values["chatgpt_store_share"] * values["chatgpt_store_fee"]
    realised = values["chatgpt_paid_months"] * values["chatgpt_regional_price"] * kept
    return estimate.plus_usd_m * values["chatgpt_subscriber_rounding"] * average * realised


def _mean_to_one(level: Any) -> Any:
    """Return the logarithmic mean of a level and 1, vectorised."""
    gap = np.asarray(level, dtype=float) - 1
    return np.where(gap == 0, 1.0, gap / np.log1p(np.where(gap == 0, 1.0, gap)))


def simulate(assumptions: pd.DataFrame, estimate: ArticleEstimate, draws: int, seed: int) -> pd.DataFrame:
    """Simulate what Plus brought, net, from the ranges of the table of assumptions.

    Parameters
    ----------
    assumptions : DataFrame
    estimate : ArticleEstimate
    draws, seed : int
        As in `draw`.

    Returns
    -------
    DataFrame of shape (draws, 8)
        The drawn inputs and ``net_usd_m``.
    """
    drawn = draw(assumptions, PLUS_ASSUMPTIONS, draws, seed)
    return drawn.assign(net_usd_m=plus_revenue({str(name): column for name, column in drawn.items()}, estimate))


def one_draw(assumptions: pd.DataFrame, given: Mapping[str, float | None], estimate: ArticleEstimate) -> float:
    """Return what Plus brought, net, for one set of values; a value that is not given is the likeliest.

    Parameters
    ----------
    assumptions : DataFrame
    given : mapping of str to float or None
        Of `PLUS_ASSUMPTIONS`.
    estimate : ArticleEstimate

    Returns
    -------
    float
        USD millions.

    Raises
    ------
    KeyError
        If a name is none of `PLUS_ASSUMPTIONS`, or an assumption is missing.
    ValueError
        If a value lies outside its range: the range is what the table vouches for.
    """
    if unknown := [name for name in given if name not in PLUS_ASSUMPTIONS]:
        raise KeyError(f"not an input of the estimate: {', '.join(unknown)}")
    values: dict[str, float] = {}
    for name, row in ranges(assumptions, PLUS_ASSUMPTIONS).iterrows():
        value = given.get(str(name))
        values[str(name)] = float(row["mode"]) if value is None else value
        if not row["low"] <= values[str(name)] <= row["high"]:
            raise ValueError(f"{name}: {value:g} lies outside its range, {row['low']:g} to {row['high']:g}")
    return float(plus_revenue(values, estimate))


def quantiles(simulated: pd.DataFrame) -> pd.Series:
    """Return the quoted quantiles of net revenue, indexed by probability."""
    return simulated["net_usd_m"].quantile(list(QUANTILES))


def stability_percent(assumptions: pd.DataFrame, estimate: ArticleEstimate, draws: int, seed: int) -> float:
    """Return by how much, in per cent, the quoted quantiles move at most when the draws are doubled."""
    once, twice = (quantiles(simulate(assumptions, estimate, count, seed)) for count in (draws, 2 * draws))
    return float(100 * (twice / once - 1).abs().max())


def business_worth(assumptions: pd.DataFrame, seats_m: float | None) -> pd.Series:
    """Return what business seats bring a year over the range of prices, USD millions.

    Parameters
    ----------
    assumptions : DataFrame
    seats_m : float or None
        Seats in millions; None gives missing values.

    Returns
    -------
    Series
        ``low``, ``mode``, ``high``.
    """
    row = ranges(assumptions, ["chatgpt_business_seat_price"]).iloc[0]
    seats = np.nan if seats_m is None else seats_m
    return pd.Series({end: 12 * seats * float(row[end]) for end in ("low", "mode", "high")})


def tornado(assumptions: pd.DataFrame, estimate: ArticleEstimate) -> pd.DataFrame:
    """Move one assumption at a time over its range, the others at their medians.

    Parameters
    ----------
    assumptions : DataFrame
    estimate : ArticleEstimate

    Returns
    -------
    DataFrame
        One row an assumption, indexed by row id, widest first: ``id``, ``label``, ``low``, ``high``
        (the range), ``at_low``, ``at_high``, ``central`` (net revenue, USD millions)
        and ``width``.
    """
    chosen = ranges(assumptions, PLUS_ASSUMPTIONS)
    middle = {str(name): _central(row) for name, row in chosen.iterrows()}
    central = float(plus_revenue(middle, estimate))
    rows = []
    for name, row in chosen.iterrows():
        ends = [float(plus_revenue({**middle, str(name): float(row[end])}, estimate)) for end in ("low", "high")]
        label = (f"assumptions/{name}", name, LABELS[str(name)], float(row["low"]), float(row["high"]))
        rows.append((*label, *ends, central, abs(ends[1] - ends[0])))
    columns = ["row", "id", "label", "low", "high", "at_low", "at_high", "central", "width"]
    frame = pd.DataFrame(rows, columns=columns).set_index("row")
    return frame.sort_values("width", ascending=False, kind="stable")
