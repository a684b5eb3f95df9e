"""What ChatGPT sells: the article's arithmetic, and what was reported later.

All money in USD millions, users and subscribers in millions. OpenAI states revenue net of the
share it pays to Microsoft.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise
from math import isfinite

import numpy as np
import pandas as pd

from helpers.analysis import vendor_metrics as vendor
from helpers.analysis.divisia import logarithmic_mean, split_change

# A count of users and a count of payers belong together when they are at most this far apart;
# the article's own pair (350 million in June, 10 million payers in September 2024) is 89 days apart.
PAIRING_DAYS = 100
# Where revenue is a share times a run-rate, the share must be dated near the count of payers.
REVENUE_DAYS = 45
# Months that a figure booked for the first half of a year covers.
_HALF_YEAR = 6
QUOTED_ON = pd.Timestamp("2024-09-27")
PAYERS = ("plus_subscribers_m", "paying_subscribers_m")
AS_SAID, AS_BOOKED = "as said at the time", "as booked later"
SHARE_OF_RUN_RATE = "share of the run-rate"
EXPECTED_METRICS = {
    "revenue_usd_m": "revenue",
    "operating_loss_usd_m": "operating loss",
    "inference_cost_usd_m": "cost of answering (inference)",
}
FACTORS = ["users", "conversion", "price"]


@dataclass(frozen=True)
class ArticleEstimate:
    """The figures of the article and what follows from them.

    Parameters
    ----------
    subscribers_m : float
        Paying subscribers, millions.
    price_usd_month : float
        List price, USD a month.
    months : int
        Months in the estimate.
    business_usd_m_month : float
        Revenue from business users, USD millions a month.
    monthly_users_m, weekly_users_m : float
        Users, millions.
    total_revenue_usd_m : float
        Revenue of the whole company over the same months.

    Raises
    ------
    ValueError
        If a figure is not positive and finite.
    """

    subscribers_m: float
    price_usd_month: float
    months: int
    business_usd_m_month: float
    monthly_users_m: float
    weekly_users_m: float
    total_revenue_usd_m: float

    def __post_init__(self) -> None:
        """Refuse figures that no business could have."""
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise ValueError(f"{name} must be positive and finite, not {value!r}")

    @property
    def plus_usd_m(self) -> float:
        """Subscribers x price x months."""
        return self.subscribers_m * self.price_usd_month * self.months

    @property
    def business_usd_m(self) -> float:
        """Business revenue over the months."""
        return self.business_usd_m_month * self.months

    @property
    def subscriptions_usd_m(self) -> float:
        """Plus and business revenue together."""
        return self.plus_usd_m + self.business_usd_m

    @property
    def other_usd_m(self) -> float:
        """Revenue of the company that is neither Plus nor business."""
        return self.total_revenue_usd_m - self.subscriptions_usd_m

    @property
    def share_percent(self) -> float:
        """Plus and business revenue as a share of the company's."""
        return 100 * self.subscriptions_usd_m / self.total_revenue_usd_m

    @property
    def monthly_conversion_percent(self) -> float:
        """Subscribers over monthly users."""
        return 100 * self.subscribers_m / self.monthly_users_m

    @property
    def weekly_conversion_percent(self) -> float:
        """Subscribers over weekly users."""
        return 100 * self.subscribers_m / self.weekly_users_m

    @property
    def doubled_usd_m(self) -> float:
        """Twice the subscription revenue."""
        return 2 * self.subscriptions_usd_m


def revenue_tree(estimate: ArticleEstimate) -> pd.DataFrame:
    """Return the estimate as a tree, from users to the company's revenue.

    Parameters
    ----------
    estimate : ArticleEstimate

    Returns
    -------
    DataFrame
        Indexed by node: ``label``, ``value``, ``unit``, ``parent`` (empty at the root) and
        ``joined_by`` ("x" or "+", how a node's children make it; empty for a leaf).
    """
    weekly = estimate.weekly_conversion_percent
    nodes = [
        ("total", "OpenAI", estimate.total_revenue_usd_m, "USD m", "", "+"),
        ("plus", "ChatGPT Plus", estimate.plus_usd_m, "USD m", "total", "x"),
        ("business", "Business users", estimate.business_usd_m, "USD m", "total", "x"),
        ("other", "The rest (API)", estimate.other_usd_m, "USD m", "total", ""),
        ("payers", "Subscribers", estimate.subscribers_m, "million", "plus", "x"),
        ("price", "List price", estimate.price_usd_month, "USD a month", "plus", ""),
        ("months", "Months", float(estimate.months), "months", "plus", ""),
        ("users", "Weekly users", estimate.weekly_users_m, "million", "payers", ""),
        ("conversion", "Who pay", weekly, "percent", "payers", ""),
        ("business_month", "A month", estimate.business_usd_m_month, "USD m", "business", ""),
        ("business_months", "Months", float(estimate.months), "months", "business", ""),
    ]
    return pd.DataFrame(nodes, columns=["node", "label", "value", "unit", "parent", "joined_by"]).set_index("node")


def subscription_states(vendor_metrics: pd.DataFrame, estimate: ArticleEstimate) -> pd.DataFrame:
    """Return the dates for which payers, weekly users and subscription revenue are all known.

    The first state is the article's own: its subscribers at the list price. Later ones pair a
    count of payers with the weekly users last stated before it and with subscription revenue:
    stated as such, or the stated share of the last run-rate.

    Parameters
    ----------
    vendor_metrics : DataFrame
        As known on some day.
    estimate : ArticleEstimate

    Returns
    -------
    DataFrame
        One row a state in order of date, indexed by the row id of the payer count: ``date``,
        ``users`` (millions), ``conversion`` (payers over weekly users, a ratio), ``price`` (revenue a
        payer a year, USD: the effective price), ``payers``, ``revenue`` (USD millions a year),
        ``bound`` ("at least", "at most" or empty), ``basis`` and ``rows`` (ids joined by ";").
        Empty where the article's own figures were not yet published.
    """
    counts = payer_counts(vendor_metrics)
    weekly = vendor.select(vendor_metrics, "weekly_active_users_m")
    states = []
    for row, payers in counts.iterrows():
        users = vendor.latest_before(weekly, payers["date"], within_days=PAIRING_DAYS)
        own = payers["date"] == QUOTED_ON
        revenue = _own_revenue(estimate) if own else _subscription_revenue(vendor_metrics, payers["date"])
        if users.empty or revenue is None:
            continue
        amount, bound, basis, rows = revenue
        count = estimate.subscribers_m if own else float(payers["value"])
        base = estimate.weekly_users_m if own else float(users["value"].iloc[0])
        used = [str(row), str(users.index[0]), *rows]
        values = (payers["date"], base, count / base, amount / count, count, amount, bound, basis, ";".join(used))
        states.append((row, *values))
    columns = ["row", "date", "users", "conversion", "price", "payers", "revenue", "bound", "basis", "rows"]
    frame = pd.DataFrame(states, columns=columns).set_index("row")
    return frame if (frame["date"] == QUOTED_ON).any() else frame.head(0)


def payer_counts(vendor_metrics: pd.DataFrame) -> pd.DataFrame:
    """Return the stated counts of paying ChatGPT subscribers, worldwide, in order of date.

    Counts of consumers alone (scope ``consumer plans``) stand among them: the company stopped
    stating the sum with business seats.
    """
    scopes = ("company", "consumer plans")
    parts = [vendor.select(vendor_metrics, metric, scopes=scopes) for metric in PAYERS]
    return pd.concat(parts).sort_values(["date", "published"], kind="stable")


def _own_revenue(estimate: ArticleEstimate) -> tuple[float, str, str, list[str]]:
    yearly = estimate.subscribers_m * estimate.price_usd_month * 12
    return yearly, "", "the article: subscribers at the list price", []


def _subscription_revenue(vendor_metrics: pd.DataFrame, day: pd.Timestamp) -> tuple[float, str, str, list[str]] | None:
    """Return amount a year, bound, basis and row ids of subscription revenue near a day."""
    stated = vendor.select(vendor_metrics, "annualised_revenue_usd_m", scopes=("ChatGPT subscriptions",))
    found = vendor.nearest(stated, day, within_days=REVENUE_DAYS)
    if len(found):
        row = found.iloc[0]
        return float(row["value"]), vendor.bound(row["note"]), "stated", [str(found.index[0])]
    shares = vendor.select(vendor_metrics, "chatgpt_revenue_share")
    share = vendor.nearest(shares, day, within_days=REVENUE_DAYS)
    if share.empty:
        return None
    whole = vendor.latest_before(run_rates(vendor_metrics), share["date"].iloc[0], within_days=PAIRING_DAYS)
    if whole.empty:
        return None
    amount = float(share["value"].iloc[0]) * float(whole["value"].iloc[0])
    rows = [str(share.index[0]), str(whole.index[0])]
    return amount, vendor.bound(share["note"].iloc[0]), SHARE_OF_RUN_RATE, rows


def run_rates(vendor_metrics: pd.DataFrame) -> pd.DataFrame:
    """Return the stated annualised revenues of the whole company, in order of date."""
    return vendor.select(vendor_metrics, "annualised_revenue_usd_m")


def booked_revenue(vendor_metrics: pd.DataFrame) -> pd.DataFrame:
    """Return the revenue of finished periods of the whole company, last published first in doubt.

    Returns
    -------
    DataFrame
        One row a period, indexed by row id: the table's columns and ``start``, ``months``.
    """
    rows = vendor.select(vendor_metrics, "revenue_usd_m")
    months = pd.to_numeric(rows["period_months"], errors="coerce")
    rows = rows.assign(months=months)[months.notna()]
    rows = rows.sort_values("published", kind="stable").drop_duplicates(["date", "months"], keep="last")
    starts = [_months_before(day, int(count)) for day, count in zip(rows["date"], rows["months"], strict=True)]
    return rows.assign(start=pd.DatetimeIndex(starts)).sort_values(["date", "months"], kind="stable")


def _months_before(month_end: pd.Timestamp, months: int) -> pd.Timestamp:
    return pd.Timestamp(month_end + pd.Timedelta(days=1) - pd.DateOffset(months=months) - pd.Timedelta(days=1))


def booked_against_run_rates(vendor_metrics: pd.DataFrame) -> pd.DataFrame:
    """Hold booked revenue against what the run-rates of the same months add up to.

    Parameters
    ----------
    vendor_metrics : DataFrame

    Returns
    -------
    DataFrame
        One row a booked period whose both ends lie between stated run-rates, indexed by row id:
        ``start``, ``date`` (end), ``months``, ``booked`` and ``from_run_rates`` (USD millions: the
        path through the run-rates, constant growth between two of them, summed over the period),
        ``gap_percent`` (run-rates above what was booked is positive).
    """
    rates = run_rates(vendor_metrics)
    path = rates.groupby("date")["value"].mean()
    booked = booked_revenue(vendor_metrics)
    booked = booked[booked["kind"].isin(vendor.OUTCOMES)]
    sums = [mean_level(path, start, end) for start, end in zip(booked["start"], booked["date"], strict=True)]
    from_rates = np.array(sums, dtype=float) * booked["months"].to_numpy(dtype=float) / 12
    frame = booked[["start", "date", "months"]].assign(
        booked=booked["value"], from_run_rates=from_rates, gap_percent=100 * (from_rates / booked["value"] - 1)
    )
    return frame[frame["from_run_rates"].notna()]


def booked_second_half(vendor_metrics: pd.DataFrame, year: int) -> tuple[float, tuple[str, ...]] | None:
    """Return booked revenue of July to December, the year less its first half, and the row ids.

    Returns
    -------
    (float, tuple of str) or None
        USD millions; None where one of the two is not known.
    """
    booked = booked_revenue(vendor_metrics)
    whole = booked[(booked["date"] == pd.Timestamp(year, 12, 31)) & (booked["months"] == 12)]
    half = booked[(booked["date"] == pd.Timestamp(year, 6, 30)) & (booked["months"] == _HALF_YEAR)]
    if whole.empty or half.empty:
        return None
    amount = float(whole["value"].iloc[0]) - float(half["value"].iloc[0])
    return amount, (str(whole.index[0]), str(half.index[0]))


def restate_on_booked(states: pd.DataFrame, vendor_metrics: pd.DataFrame, year: int) -> pd.DataFrame:
    """Put booked revenue under the states that took a share of a run-rate in a year's second half.

    A run-rate said in October may be months old. Twice the booked second half is centred on
    1 October and was paid.

    Parameters
    ----------
    states : DataFrame
        From `subscription_states`.
    vendor_metrics : DataFrame
    year : int

    Returns
    -------
    DataFrame
        The states up to the end of that year, with ``revenue``, ``price``, ``basis`` and ``rows``
        restated; empty where the half-year or such a state is not known.
    """
    half = booked_second_half(vendor_metrics, year)
    kept = states[states["date"] <= pd.Timestamp(year, 12, 31)].copy()
    late = (kept["date"] > pd.Timestamp(year, 6, 30)) & (kept["basis"] == SHARE_OF_RUN_RATE)
    if half is None or not late.any():
        return states.head(0)
    shares = vendor.select(vendor_metrics, "chatgpt_revenue_share")
    for row in kept.index[late]:
        share = vendor.nearest(shares, kept["date"].loc[row], within_days=REVENUE_DAYS)
        revenue = 2 * half[0] * float(share["value"].iloc[0])
        kept.loc[row, "revenue"] = revenue
        kept.loc[row, "price"] = revenue / kept["payers"].loc[row]
        kept.loc[row, "basis"] = "share of twice the booked half-year"
        kept.loc[row, "rows"] = ";".join([kept["rows"].loc[row], *half[1]])
    return kept


def growth_splits(states: pd.DataFrame, vendor_metrics: pd.DataFrame) -> pd.DataFrame:
    """Split the growth from the article's state to the last one that is no upper bound.

    Where booked revenue allows it, the same split is given a second time on what was booked.

    Parameters
    ----------
    states : DataFrame
        From `subscription_states`.
    vendor_metrics : DataFrame

    Returns
    -------
    DataFrame
        One row a measure of revenue, indexed by its name: ``start_date``, ``end_date``,
        ``start_usd_m``, one column a factor, ``end_usd_m``, ``bound`` (of the end) and ``rows``.
        Empty where there is no later state.
    """
    usable = states[states["bound"] != vendor.AT_MOST]
    measures = {AS_SAID: usable}
    if len(usable):
        restated = restate_on_booked(usable, vendor_metrics, usable["date"].iloc[-1].year)
        if len(restated):
            measures[AS_BOOKED] = restated
    splits = {}
    for name, frame in measures.items():
        if len(frame) < 2:
            continue
        ends = frame.iloc[[0, -1]]
        splits[name] = {
            "start_date": ends["date"].iloc[0],
            "end_date": ends["date"].iloc[1],
            "start_usd_m": ends["revenue"].iloc[0],
            **split_change(dict(ends[FACTORS].iloc[0]), dict(ends[FACTORS].iloc[1])),
            "end_usd_m": ends["revenue"].iloc[1],
            "bound": ends["bound"].iloc[1],
            "rows": ";".join(ends["rows"]),
        }
    columns = ["start_date", "end_date", "start_usd_m", *FACTORS, "end_usd_m", "bound", "rows"]
    return pd.DataFrame.from_dict(splits, orient="index", columns=columns)


def bound_note(splits: pd.DataFrame) -> str:
    """Return a remark where the revenue at the end of the first split is only a bound, else nothing."""
    bound = "" if splits.empty else str(splits["bound"].iloc[0])
    return f" (the later revenue was stated as {bound} that much)" if bound else ""


def forecasts_against_outcomes(vendor_metrics: pd.DataFrame) -> pd.DataFrame:
    """Hold what was expected of a year against what came.

    Parameters
    ----------
    vendor_metrics : DataFrame
        As known on some day.

    Returns
    -------
    DataFrame
        One row an expectation whose year has an outcome, indexed by the row id of the expectation:
        ``what``, ``year``, ``expected_on``, ``expected``, ``outcome`` (USD millions), ``miss_percent`` (the
        outcome above the expectation is positive) and ``rows``.
    """
    found = []
    for metric, what in EXPECTED_METRICS.items():
        guidance = vendor.select(vendor_metrics, metric, kinds=vendor.GUIDANCE, months=12)
        for row, expected in guidance.iterrows():
            outcome = vendor.year_figure(vendor_metrics, metric, expected["date"].year)
            if outcome.empty:
                continue
            came, said = float(outcome["value"].iloc[0]), float(expected["value"])
            values = (what, expected["date"].year, expected["published"], said, came, 100 * (came / said - 1))
            found.append((row, *values, f"{row};{outcome.index[0]}"))
    columns = ["row", "what", "year", "expected_on", "expected", "outcome", "miss_percent", "rows"]
    return pd.DataFrame(found, columns=columns).set_index("row")


def mean_level(path: pd.Series, start: pd.Timestamp, end: pd.Timestamp) -> float:
    """Return the mean of a level between two days, with constant growth between the stated points.

    Parameters
    ----------
    path : Series
        Positive levels by ascending date, each date once.
    start, end : Timestamp
        Both within the path's dates.

    Returns
    -------
    float
        NaN where the path does not reach from start to end: it is never extended.

    Raises
    ------
    ValueError
        If the end is not after the start, or a level is not positive.
    """
    if end <= start:
        raise ValueError("the period must end after it starts")
    if (path <= 0).any():
        raise ValueError("levels must be positive")
    if path.empty or path.index[0] > start or path.index[-1] < end:
        return float("nan")
    days = pd.DatetimeIndex(path.index).union(pd.DatetimeIndex([start, end]))
    logs = np.interp(_ordinals(days), _ordinals(pd.DatetimeIndex(path.index)), np.log(path.to_numpy(dtype=float)))
    inside = (days >= start) & (days <= end)
    levels, when = np.exp(logs[inside]), _ordinals(days[inside])
    # The mean of a path of constant growth between two levels is their logarithmic mean.
    means = [logarithmic_mean(float(a), float(b)) for a, b in pairwise(levels)]
    return float(np.average(means, weights=np.diff(when)))


def _ordinals(days: pd.DatetimeIndex) -> np.ndarray:
    return (days - pd.Timestamp("2020-01-01")).days.to_numpy(dtype=float)
