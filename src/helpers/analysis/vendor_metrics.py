"""Reading the table of vendor metrics without its traps.

A scope other than ``company`` is a product or a part: it is asked for by name and never added
to the company. Guidance is not an outcome. Figures that the article under audit quotes are not
evidence for the article.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

OUTCOMES = ("reported", "leaked", "estimate")
GUIDANCE = ("guidance",)
# The article and its own source repeat figures of others: a repeat confirms nothing.
REPEATS = ("dev_article", "ZITRON-2024")
AT_LEAST, AT_MOST = "at least", "at most"


def select(
    vendor_metrics: pd.DataFrame,
    metric: str,
    *,
    company: str = "OpenAI",
    scopes: Sequence[str] = ("company",),
    kinds: Sequence[str] = OUTCOMES,
    months: int | None = None,
) -> pd.DataFrame:
    """Return the rows of one metric in order of date, then of publication.

    Parameters
    ----------
    vendor_metrics : DataFrame
        The table, indexed by row id, as known on some day.
    metric : str
        For example ``"weekly_active_users_m"``.
    company : str
    scopes, kinds : sequence of str
        What the rows may cover, and how they are known.
    months : int, optional
        Only periods of this length, for flows such as revenue.

    Returns
    -------
    DataFrame
        Same columns and row ids; without the repeats of the article.
    """
    # Rules ask hundreds of times: the places of the few rows of one firm's metric are found, and the table is cut once.
    is_own = (vendor_metrics["metric"] == metric).to_numpy() & (vendor_metrics["company"] == company).to_numpy()
    own = np.flatnonzero(is_own & vendor_metrics["value"].notna().to_numpy())
    names = ("scope", "kind", "source_id", "date", "published")
    scope, kind, source, date, published = (vendor_metrics[name].to_numpy()[own] for name in names)
    fits = [a in scopes and b in kinds and c not in REPEATS for a, b, c in zip(scope, kind, source, strict=True)]
    wanted = np.array(fits, dtype=bool)
    if months is not None:
        # The column also holds the word "cumulative".
        wanted &= pd.to_numeric(vendor_metrics["period_months"].iloc[own], errors="coerce").to_numpy() == months
    order = np.lexsort((published, date))
    chosen: pd.DataFrame = vendor_metrics.iloc[own[order[wanted[order]]]]
    return chosen


def latest_before(rows: pd.DataFrame, day: pd.Timestamp, *, within_days: int) -> pd.DataFrame:
    """Return the one row dated last on or before `day`, or no row if the last one is too old.

    Parameters
    ----------
    rows : DataFrame
        From `select`.
    day : Timestamp
    within_days : int
        Greatest age.

    Returns
    -------
    DataFrame
        One row or none.
    """
    age = (day - rows["date"]).dt.days.to_numpy()
    recent: pd.DataFrame = rows.iloc[np.flatnonzero((age >= 0) & (age <= within_days))[-1:]]
    return recent


def nearest(rows: pd.DataFrame, day: pd.Timestamp, *, within_days: int) -> pd.DataFrame:
    """Return the one row dated nearest to `day`, or no row if none is near enough."""
    distance = (rows["date"] - day).dt.days.abs()
    distance = distance[distance <= within_days]
    return rows.loc[[distance.idxmin()]] if len(distance) else rows.head(0)


def year_figure(vendor_metrics: pd.DataFrame, metric: str, year: int, kinds: Sequence[str] = OUTCOMES) -> pd.DataFrame:
    """Return the last published figure of a calendar year for the whole company, or no row.

    Raises
    ------
    KeyError
        If a column is missing.
    """
    rows = select(vendor_metrics, metric, kinds=kinds, months=12)
    rows = rows[rows["date"].dt.year == year]
    last: pd.DataFrame = rows.sort_values("published", kind="stable").tail(1)
    return last


def bound(note: object) -> str:
    """Say whether a figure's note marks it as a lower or an upper bound; empty if neither."""
    text = str(note)
    if "upper bound" in text:
        return AT_MOST
    return AT_LEAST if "floor" in text else ""
