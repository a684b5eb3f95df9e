"""What the claims on who pays for AI are judged by: the tables, and the article's day."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

ARTICLE_DAY = "2025-09-05"
# The day that A26, A50, A52 and A53 are about.
CLAIMED_ON = pd.Timestamp("2025-09-02")
PERCENT = 100


@dataclass(frozen=True)
class Evidence:
    """The tables a verdict may use, all as known on the same day.

    Parameters
    ----------
    as_of : str
        ISO date of that day.
    cash_flows, vendor_metrics, ai_prices, ai_usage : DataFrame
        Indexed by row id.
    """

    as_of: str

    cash_flows: pd.DataFrame
    vendor_metrics: pd.DataFrame
    ai_prices: pd.DataFrame
    ai_usage: pd.DataFrame
