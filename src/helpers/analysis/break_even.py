"""What would have to be true for subscriptions to cover OpenAI's costs: a price, or a conversion.

Costs are those of the income statement, revenue plus operating loss. They include stock
compensation where the accounts do and leave out capital spending. More payers are served here
at no extra cost, which flatters the answer: it is a lower limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.analysis import vendor_metrics as vendor
from helpers.analysis.chatgpt_revenue import ArticleEstimate, mean_level, payer_counts

OUTCOME, EXPECTED = "outcome", "expected"
# The year of the article's estimate of subscription revenue; in it the article's own counts and price are used.
ARTICLE_YEAR = 2024
_MONTHS = 12


@dataclass(frozen=True)
class BreakEven:
    """A year's costs and what subscriptions bring towards them.

    Parameters
    ----------
    year : int
    expenses_usd_m, revenue_usd_m, other_revenue_usd_m : float
        All costs; all revenue; revenue that is not from subscribers and stays as it is.
    payers_m, users_m : float
        Paying subscribers and weekly users, millions, over the year.
    basis : str
        ``"outcome"``, or ``"expected"`` where the loss is still guidance.
    rows : tuple of str
        Row ids.
    """

    year: int
    expenses_usd_m: float
    revenue_usd_m: float
    other_revenue_usd_m: float
    payers_m: float
    users_m: float
    basis: str
    rows: tuple[str, ...]

    @property
    def to_cover_usd_m(self) -> float:
        """Costs that subscriptions would have to cover."""
        return self.expenses_usd_m - self.other_revenue_usd_m

    @property
    def price(self) -> float:
        """What a payer brought a month, USD."""
        return (self.revenue_usd_m - self.other_revenue_usd_m) / (self.payers_m * _MONTHS)

    @property
    def conversion_percent(self) -> float:
        """Payers over weekly users."""
        return 100 * self.payers_m / self.users_m

    @property
    def price_needed(self) -> float:
        """Price a month, USD, at which the same payers would cover the costs."""
        return self.to_cover_usd_m / (self.payers_m * _MONTHS)

    @property
    def conversion_needed_percent(self) -> float:
        """Share of the same weekly users that would have to pay the same price."""
        return 100 * self.to_cover_usd_m / (self.users_m * self.price * _MONTHS)

    def price_at(self, conversion_percent: np.ndarray) -> np.ndarray:
        """Return the price a month that covers the costs at each conversion: the iso-cost line."""
        return np.asarray(self.to_cover_usd_m / (self.users_m * np.asarray(conversion_percent) / 100 * _MONTHS))


def summary(answers: Sequence[BreakEven]) -> pd.DataFrame:
    """Return what each year needed, one row a year.

    Returns
    -------
    DataFrame
        Indexed by year: ``expenses``, ``price``, ``conversion_percent``, ``price_needed``,
        ``conversion_needed_percent``, ``times_the_price`` (needed over paid), ``basis``,
        ``rows`` (ids joined by ";").
    """
    rows = {
        answer.year: {
            "expenses": answer.expenses_usd_m,
            "price": answer.price,
            "conversion_percent": answer.conversion_percent,
            "price_needed": answer.price_needed,
            "conversion_needed_percent": answer.conversion_needed_percent,
            "times_the_price": answer.price_needed / answer.price,
            "basis": answer.basis,
            "rows": ";".join(answer.rows),
        }
        for answer in answers
    }
    columns = [
        "expenses", "price", "conversion_percent", "price_needed", "conversion_needed_percent", "times_the_price",
        "basis", "rows",
    ]  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("year")


def basis_note(answers: Sequence[BreakEven], year: int) -> str:
    """Return a remark where a year's loss is still what was expected of it, else nothing."""
    expected = any(answer.year == year and answer.basis == EXPECTED for answer in answers)
    return " (with the loss that was expected; the audited one was not yet known)" if expected else ""


def iso_cost_lines(answers: Sequence[BreakEven], conversion_percent: np.ndarray) -> pd.DataFrame:
    """Return the price that covers the costs at each paying share, year by year.

    Parameters
    ----------
    answers : sequence of BreakEven
    conversion_percent : ndarray of shape (n,)

    Returns
    -------
    DataFrame of n rows a year
        ``year``, ``conversion_percent``, ``price`` (USD a month).
    """
    parts = [
        pd.DataFrame(
            {
                "year": answer.year,
                "conversion_percent": conversion_percent,
                "price": answer.price_at(conversion_percent),
            }
        )
        for answer in answers
    ]
    return (
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["year", "conversion_percent", "price"])
    )


def expenses(vendor_metrics: pd.DataFrame) -> pd.DataFrame:
    """Return costs by calendar year: revenue plus operating loss, each as last published.

    An outcome stands before guidance. A year whose loss or revenue is unknown is left out.

    Parameters
    ----------
    vendor_metrics : DataFrame
        As known on some day.

    Returns
    -------
    DataFrame
        Indexed by year: ``revenue``, ``operating_loss``, ``expenses`` (USD millions), ``basis``
        and ``rows`` (two row ids joined by ";").
    """
    losses = vendor.select(
        vendor_metrics, "operating_loss_usd_m", kinds=(*vendor.OUTCOMES, *vendor.GUIDANCE), months=_MONTHS
    )
    found = []
    for year in sorted(set(losses["date"].dt.year)):
        revenue, _ = _figure(vendor_metrics, "revenue_usd_m", year)
        loss, basis = _figure(vendor_metrics, "operating_loss_usd_m", year)
        if revenue.empty or loss.empty:
            continue
        amounts = float(revenue["value"].iloc[0]), float(loss["value"].iloc[0])
        found.append((year, *amounts, sum(amounts), basis, f"{revenue.index[0]};{loss.index[0]}"))
    columns = ["year", "revenue", "operating_loss", "expenses", "basis", "rows"]
    return pd.DataFrame(found, columns=columns).set_index("year")


def _figure(vendor_metrics: pd.DataFrame, metric: str, year: int) -> tuple[pd.DataFrame, str]:
    """Return the outcome of a year, else what was expected of it."""
    outcome = vendor.year_figure(vendor_metrics, metric, year)
    if len(outcome):
        return outcome, OUTCOME
    return vendor.year_figure(vendor_metrics, metric, year, vendor.GUIDANCE), EXPECTED


def break_even(vendor_metrics: pd.DataFrame, estimate: ArticleEstimate, year: int) -> BreakEven | None:
    """Return what is needed to judge a year, or None where a figure is unknown.

    For the article's year, payers, weekly users and price are the article's. For other years,
    payers and users are means over the year of what was stated, with constant growth between two
    statements, and the share of subscriptions is the last one stated within the year.

    Parameters
    ----------
    vendor_metrics : DataFrame
        As known on some day.
    estimate : ArticleEstimate
    year : int

    Returns
    -------
    BreakEven or None
    """
    costs = expenses(vendor_metrics)
    if year not in costs.index:
        return None
    cost = costs.loc[year]
    rows = tuple(str(cost["rows"]).split(";"))
    revenue, total = float(costs["revenue"].loc[year]), float(costs["expenses"].loc[year])
    if year == ARTICLE_YEAR:
        other = revenue - estimate.plus_usd_m
        payers, users = estimate.subscribers_m, estimate.weekly_users_m
        return BreakEven(year, total, revenue, other, payers, users, str(cost["basis"]), rows)
    share = vendor.select(vendor_metrics, "chatgpt_revenue_share")
    share = share[share["date"].dt.year == year].tail(1)
    counts, weekly = payer_counts(vendor_metrics), vendor.select(vendor_metrics, "weekly_active_users_m")
    payers, users = _year_mean(counts, year), _year_mean(weekly, year)
    if share.empty or not np.isfinite(payers) or not np.isfinite(users):
        return None
    other = revenue * (1 - float(share["value"].iloc[0]))
    used = (*rows, str(share.index[0]), *_around(counts, year), *_around(weekly, year))
    return BreakEven(year, total, revenue, other, payers, users, str(cost["basis"]), used)


def _year_mean(rows: pd.DataFrame, year: int) -> float:
    path = rows.groupby("date")["value"].mean()
    return mean_level(path, pd.Timestamp(year - 1, 12, 31), pd.Timestamp(year, 12, 31))


def _around(rows: pd.DataFrame, year: int) -> tuple[str, ...]:
    """Return the ids of the rows a year's mean rests on: those within, and one on either side."""
    start, end = pd.Timestamp(year - 1, 12, 31), pd.Timestamp(year, 12, 31)
    within = rows[(rows["date"] >= start) & (rows["date"] <= end)]
    before, after = rows[rows["date"] < start].tail(1), rows[rows["date"] > end].head(1)
    return tuple(str(row) for row in [*before.index, *within.index, *after.index])
