"""How long the money lasts: cash raised and not yet burned, over what is burned a year, as ranges.

No start-up here publishes its cash. What is left is bounded: from below by counting the dearest reading of
every burn and only money without conditions, from above by the cheapest reading and all money. Where no burn
is known that is recent enough, the runway is unknown. Amounts are USD millions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import pandas as pd

from helpers.analysis import vendor_metrics as vendor
from helpers.analysis.funding_rounds import IN_THE_SUMS, WITH_CREDITS

BURN, LOSS = "cash_burn_usd_m", "operating_loss_usd_m"
# A burn whose period ended longer ago says nothing about today's.
RECENT_MONTHS = 18
# The burn ahead is that of the periods that began in the last year: an older one understates a firm that grows.
AHEAD_MONTHS = 12
MONTHS_A_YEAR = 12
# Mean length of a month in days: 365.25 / 12.
DAYS_A_MONTH = 30.4375
# A firm that was merged into another has no money of its own.
_MERGED = "Merger into"
# How the notes mark a burn that will not come again: at most the other half recurs.
_ONE_OFF, ONE_OFF_LEAVES = "more than half is a one-off", 0.5


@dataclass(frozen=True)
class Runway:
    """How long a firm's money lasts.

    Parameters
    ----------
    company : str
    cash_low, cash_high : float or None
        Money raised and not yet burned on the day, USD millions.
    burn_low, burn_high : float or None
        Burned a year, USD millions; negative where the firm brings in cash.
    years_low, years_high : float or None
        Runway; a high end of None beside a known low end means that at the low burn the money does not run out.
    reason : str
        Empty, or why there are no years: what is missing, or that the firm brings in cash.
    rows : tuple of str
    """

    company: str
    cash_low: float | None = None
    cash_high: float | None = None
    burn_low: float | None = None
    burn_high: float | None = None
    years_low: float | None = None
    years_high: float | None = None
    reason: str = ""
    rows: tuple[str, ...] = ()


def cash_share_of_loss(vendor_metrics: pd.DataFrame, include_guidance: bool = False) -> pd.DataFrame:
    """Return cash burn over operating loss wherever one firm and period has both.

    Operating losses hold pay in shares and other costs that are not cash, so burn is the smaller of the two.

    Returns
    -------
    DataFrame
        ``company``, ``date``, ``period_months``, ``burn``, ``loss``, ``share``, ``rows``.
    """
    key = ["company", "date", "period_months"]
    burn, loss = (_flows(vendor_metrics, metric, include_guidance) for metric in (BURN, LOSS))
    both = burn.merge(loss, on=key, suffixes=("_burn", "_loss"))
    both = both[both["value_loss"] > 0]
    table = both[key].assign(burn=both["value_burn"], loss=both["value_loss"])
    rows = [tuple(pair) for pair in both[["row_burn", "row_loss"]].to_numpy()]
    return table.assign(share=table["burn"] / table["loss"], rows=pd.Series(rows, index=table.index, dtype=object))


def _flows(vendor_metrics: pd.DataFrame, metric: str, include_guidance: bool) -> pd.DataFrame:
    """Return the flows of a metric for every firm, the last published of each period."""
    kinds = vendor.OUTCOMES + (vendor.GUIDANCE if include_guidance else ())
    rows = vendor_metrics[
        (vendor_metrics["metric"] == metric)
        & (vendor_metrics["scope"] == "company")
        & vendor_metrics["kind"].isin(list(kinds))
    ]
    months = pd.to_numeric(rows["period_months"].astype("str"), errors="coerce")
    rows = rows.assign(period_months=months, company=rows["company"].astype(str), row=rows.index)
    # An outcome stands before a forecast of the same period, however late the forecast came.
    forecast = rows["kind"].isin(list(vendor.GUIDANCE))
    rows = rows[months.notna()].assign(_outcome=~forecast).sort_values(["_outcome", "published"], kind="stable")
    return rows.drop_duplicates(["company", "date", "period_months"], keep="last")[
        ["company", "date", "period_months", "value", "note", "row"]
    ]


def burn_periods(
    vendor_metrics: pd.DataFrame, company: str, as_of: str, include_guidance: bool = False
) -> pd.DataFrame:
    """Return what a firm burned, period by period without overlap, each as a range.

    Parameters
    ----------
    vendor_metrics : DataFrame
        As known on `as_of`.
    company : str
    as_of : str
        ISO date; a forecast counts only for periods that had ended, as a stand-in for an outcome not published.
    include_guidance : bool

    Returns
    -------
    DataFrame, oldest first
        ``start``, ``end``, ``months``, ``low``, ``high`` (USD millions in the period; low is missing where only a
        loss is known and no firm's cash share of a loss is), ``recurring`` (share of low that recurs) and ``row``.
    """
    shares = cash_share_of_loss(vendor_metrics, include_guidance)["share"]
    least = float(shares.min()) if len(shares) else None
    table: list[dict[str, Any]] = []
    for metric, low_share in ((BURN, 1.0), (LOSS, least)):
        flows = _flows(vendor_metrics, metric, include_guidance)
        flows = flows[(flows["company"] == company) & (flows["date"] <= pd.Timestamp(as_of))]
        for flow in flows.sort_values("period_months", ascending=False, kind="stable").to_dict("records"):
            end = flow["date"]
            start = end - pd.DateOffset(months=int(flow["period_months"])) + pd.offsets.MonthEnd(0)
            if any(start < other["end"] and other["start"] < end for other in table):
                continue
            # A profit has no cheaper reading: its share of cash is not known, so it stays as it is.
            low = None if low_share is None else flow["value"] * (low_share if flow["value"] > 0 else 1.0)
            recurring = ONE_OFF_LEAVES if _ONE_OFF in str(flow["note"]) else 1.0
            table.append(
                {"start": start, "end": end, "months": flow["period_months"], "low": low, "high": float(flow["value"]),
                 "recurring": recurring, "row": flow["row"]}
            )  # fmt: skip
    columns = ["start", "end", "months", "low", "high", "recurring", "row"]
    return pd.DataFrame(table, columns=columns).sort_values("end", ignore_index=True).astype({"low": "float64"})


def runway(
    counted: pd.DataFrame, vendor_metrics: pd.DataFrame, company: str, as_of: str, include_guidance: bool = False
) -> Runway:
    """Return how long a firm's money lasts, as a range.

    Parameters
    ----------
    counted : DataFrame
        From `funding_rounds.count_rounds`.
    vendor_metrics : DataFrame
    company : str
    as_of : str
        ISO date.
    include_guidance : bool
        True also uses forecasts of burn and loss for periods that had ended.

    Returns
    -------
    Runway

    Notes
    -----
    Months between and after the periods known are filled at the rates of their neighbours: the lowest for the low
    reading, the highest for the high one. Money in hand when the first known period began is not known: none of
    what was raised before it at the least, all of it at the most. The burn ahead is that of the periods that began
    in the last `AHEAD_MONTHS`, or else of the last one.
    """
    day = pd.Timestamp(as_of)
    own = counted[counted["company"] == company]
    merged = own[own["round"].astype(str).str.startswith(_MERGED)]
    if len(merged):
        return Runway(company, reason=f"no money of its own: {merged['round'].iloc[0]}", rows=tuple(merged.index))
    periods = burn_periods(vendor_metrics, company, as_of, include_guidance)
    recent = periods[periods["end"] >= day - pd.DateOffset(months=RECENT_MONTHS)]
    if recent.empty:
        return Runway(company, reason=f"no burn or loss known of the last {RECENT_MONTHS} months")
    if recent["low"].isna().any():
        return Runway(company, reason="no cash share of an operating loss known", rows=tuple(periods["row"]))
    money = own[own["treatment"].isin(IN_THE_SUMS)]
    later = money[money["date"] > periods["start"].iloc[0]]
    firm = later[later["kind"] != WITH_CREDITS]
    burned_low, burned_high = _burned(periods, day)
    cash_low = max(0.0, float((firm["counted_usd_m"] - firm["conditional_usd_m"]).sum()) - burned_high)
    cash_high = float(money["counted_usd_m"].sum()) - burned_low
    new = recent[recent["start"] >= day - pd.DateOffset(months=AHEAD_MONTHS)]
    ahead = new if len(new) else recent.tail(1)
    rate_low = float((ahead["low"] * ahead["recurring"] / ahead["months"]).min() * MONTHS_A_YEAR)
    rate_high = float((ahead["high"] / ahead["months"]).max() * MONTHS_A_YEAR)
    return Runway(
        company, cash_low, cash_high, rate_low, rate_high,
        cash_low / rate_high if rate_high > 0 else None, cash_high / rate_low if rate_low > 0 else None,
        reason="" if rate_high > 0 else "no end: it brings in cash", rows=(*money.index, *periods["row"]),
    )  # fmt: skip


def runways(
    counted: pd.DataFrame,
    vendor_metrics: pd.DataFrame,
    companies: Sequence[str],
    as_of: str,
    include_guidance: bool = False,
) -> pd.DataFrame:
    """Return `runway` of several firms, one row a firm with the fields of `Runway` as columns."""
    found = [asdict(runway(counted, vendor_metrics, company, as_of, include_guidance)) for company in companies]
    table = pd.DataFrame(found, columns=[field.name for field in fields(Runway)])
    numbers = [name for name in table.columns if name.startswith(("cash_", "burn_", "years_"))]
    return table.astype(dict.fromkeys(numbers, "float64"))


def _burned(periods: pd.DataFrame, day: pd.Timestamp) -> tuple[float, float]:
    """Sum what was burned up to a day, with the months nobody reported filled at the neighbours' rates."""
    low_rate, high_rate = periods["low"] / periods["months"], periods["high"] / periods["months"]
    # The periods' end, and after the last one the day itself.
    next_start = periods["start"].shift(-1).fillna(day)
    gap = ((next_start - periods["end"]).dt.days / DAYS_A_MONTH).clip(lower=0)
    low_gap = pd.concat([low_rate, low_rate.shift(-1)], axis=1).min(axis=1)
    high_gap = pd.concat([high_rate, high_rate.shift(-1)], axis=1).max(axis=1)
    low = float((periods["low"].fillna(0) + gap * low_gap.fillna(0)).sum())
    return low, float((periods["high"] + gap * high_gap).sum())
