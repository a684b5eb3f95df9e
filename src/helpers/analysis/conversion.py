"""Who pays, as a share of whom: ratios compared only with ratios of the same kind."""

from __future__ import annotations

import re

import pandas as pd

from helpers.analysis import vendor_metrics as vendor
from helpers.analysis.chatgpt_revenue import PAIRING_DAYS, payer_counts

WEEKLY, MONTHLY = "weekly users", "monthly users"
REGISTERED, SEATS, TEAMS = "registered users", "seats of another product", "users in business teams"
NO_FREE_TIER, UNSTATED = "no free tier", "denominator not stated"
# The first pattern found in the stated definition decides.
_PATTERNS = (
    (r"no free tier", NO_FREE_TIER),
    (r"weekly", WEEKLY),
    (r"monthly", MONTHLY),
    (r"registered", REGISTERED),
    (r"commercial subscribers", SEATS),
    (r"business teams", TEAMS),
)
LIKE_CHATGPT = (WEEKLY, MONTHLY)
METRICS = {WEEKLY: "weekly_active_users_m", MONTHLY: "monthly_users_m"}


def denominator(definition: str) -> str:
    """Return what a conversion rate was divided by, from its stated definition.

    Parameters
    ----------
    definition : str
        The column ``definition`` of ``conversion_benchmarks``.

    Returns
    -------
    str
        One of the constants of this module; `UNSTATED` where the definition does not say.
    """
    for pattern, name in _PATTERNS:
        if re.search(pattern, definition):
            return name
    return UNSTATED


def by_denominator(benchmarks: pd.DataFrame) -> pd.DataFrame:
    """Return the benchmarks with their denominator and whether each is its service's latest.

    Parameters
    ----------
    benchmarks : DataFrame
        The table, indexed by row id, as known on some day.

    Returns
    -------
    DataFrame
        The table's columns and ``denominator``, ``percent``, ``latest`` (within service and
        denominator), in order of denominator and rate. Services without a free tier are left
        out: their rate is 100 per cent by construction.
    """
    frame = benchmarks.assign(
        denominator=[denominator(str(text)) for text in benchmarks["definition"]],
        percent=100 * benchmarks["conversion_rate"],
    )
    frame = frame[frame["denominator"] != NO_FREE_TIER].sort_values("date", kind="stable")
    latest = ~frame.duplicated(["service", "denominator"], keep="last")
    return frame.assign(latest=latest).sort_values(["denominator", "percent"], kind="stable")


def peers(benchmarks: pd.DataFrame, base: str) -> pd.DataFrame:
    """Return the latest rate of each other service on one denominator, lowest first."""
    frame = by_denominator(benchmarks)
    return frame[frame["latest"] & (frame["denominator"] == base) & (frame["service"] != "ChatGPT")]


def chatgpt_ratios(vendor_metrics: pd.DataFrame) -> pd.DataFrame:
    """Return payers over users for every stated count of payers, on each base that can be formed.

    Parameters
    ----------
    vendor_metrics : DataFrame
        As known on some day.

    Returns
    -------
    DataFrame
        One row a ratio in order of date: ``date``, ``base``, ``payers``, ``users``, ``percent``,
        ``gap_days`` (between the two counts), ``scope`` (of the payers) and ``rows`` (two ids joined
        by ";"). Indexed by the row id of the payers and, after "|", the base.
    """
    columns = ["label", "date", "base", "payers", "users", "percent", "gap_days", "scope", "rows"]
    ratios = []
    for base, metric in METRICS.items():
        users = vendor.select(vendor_metrics, metric)
        for row, payers in payer_counts(vendor_metrics).iterrows():
            near = _users_for(users, base, payers["date"])
            if near.empty:
                continue
            count = float(near["value"].iloc[0])
            gap = abs((near["date"].iloc[0] - payers["date"]).days)
            percent = 100 * float(payers["value"]) / count
            used = f"{row};{near.index[0]}"
            ratios.append(
                (
                    f"{row}|{base}",
                    payers["date"],
                    base,
                    payers["value"],
                    count,
                    percent,
                    gap,
                    str(payers["scope"]),
                    used,
                )
            )
    frame = pd.DataFrame(ratios, columns=columns).set_index("label")
    return frame.astype({"payers": float, "percent": float}).sort_values(["date", "base"], kind="stable")


def _users_for(users: pd.DataFrame, base: str, day: pd.Timestamp) -> pd.DataFrame:
    """Weekly users are stated often, so the last before the day; monthly ones rarely, so the nearest."""
    if base == WEEKLY:
        return vendor.latest_before(users, day, within_days=PAIRING_DAYS)
    return vendor.nearest(users, day, within_days=PAIRING_DAYS)


def comparison(benchmarks: pd.DataFrame, ratios: pd.DataFrame) -> pd.DataFrame:
    """Return the latest rate of each service and every rate of ChatGPT, by denominator.

    ChatGPT's own rates are taken from `chatgpt_ratios`, which knows when each count was published;
    the table of benchmarks only knows the date a count is for.

    Parameters
    ----------
    benchmarks : DataFrame
        The table, as known on some day.
    ratios : DataFrame
        From `chatgpt_ratios`.

    Returns
    -------
    DataFrame
        ``service``, ``date``, ``denominator``, ``percent`` and ``rows`` (row ids joined by ";").
    """
    others = by_denominator(benchmarks)
    others = others[others["latest"] & (others["service"] != "ChatGPT")]
    others = others[["service", "date", "denominator", "percent"]].assign(rows=others.index)
    own = ratios[["date", "base", "percent", "rows"]].rename(columns={"base": "denominator"}).assign(service="ChatGPT")
    both = pd.concat([others, own[others.columns]], ignore_index=True)
    return both.sort_values(["denominator", "percent"], kind="stable", ignore_index=True)


def users_that_keep(ratio_percent: float, payers_m: float | None) -> float | None:
    """Return the number of users, in millions, at which a count of payers is a given share of them.

    An unknown count of payers gives None.

    Raises
    ------
    ValueError
        If the ratio is not positive.
    """
    if not ratio_percent > 0:
        raise ValueError("the ratio must be positive")
    return None if payers_m is None else 100 * payers_m / ratio_percent
