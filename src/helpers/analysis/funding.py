"""Who pays a start-up's bills: money raised against revenue, and the article's case of Anthropic.

Amounts are USD millions. Revenue of a year is what was published for it; where nothing was, the highest
run-rate seen up to a quarter after the year bounds it from above: twelve times the best month. Of a year that
is not over only the part that has passed is bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from helpers.analysis import vendor_metrics as vendor
from helpers.analysis.funding_rounds import raised_by_year
from helpers.analysis.growth import DAYS_A_YEAR
from helpers.analysis.valuations import multiples, step_ups

STATED, AT_MOST, UNKNOWN = "published", "at most, from the run-rate", "unknown"
# A run-rate up to this long after a year's end still bounds the months of that year.
BOUND_DAYS = 92
MONTHS_A_YEAR = 12
ARTICLE_FIRM = "Anthropic"
# The three rounds the article names, oldest first.
ARTICLE_ROUNDS = ("Series D", "Series E", "Series F")


@dataclass(frozen=True)
class YearRevenue:
    """A firm's revenue of a calendar year.

    Parameters
    ----------
    value : float or None
        USD millions.
    known : str
        ``"published"``, ``"at most, from the run-rate"`` or ``"unknown"``.
    rows : tuple of str
    """

    value: float | None
    known: str
    rows: tuple[str, ...] = ()


def revenue_of_year(
    vendor_metrics: pd.DataFrame, company: str, year: int, as_of: str, include_guidance: bool = False
) -> YearRevenue:
    """Return a firm's revenue of a calendar year, or the most it can have been.

    Parameters
    ----------
    vendor_metrics : DataFrame
        As known on `as_of`.
    company : str
    year : int
    as_of : str
        ISO date; of a year that was not over, revenue up to this day.
    include_guidance : bool
        True takes a forecast of the year where no outcome is published.

    Returns
    -------
    YearRevenue
    """
    start, day = pd.Timestamp(year=year, month=1, day=1), pd.Timestamp(as_of)
    over = start + pd.DateOffset(years=1)
    kinds = [vendor.OUTCOMES] + ([vendor.GUIDANCE] if include_guidance and day >= over else [])
    for wanted in kinds:
        rows = vendor.select(vendor_metrics, "revenue_usd_m", company=company, kinds=wanted, months=MONTHS_A_YEAR)
        rows = rows[rows["date"].dt.year == year].sort_values("published", kind="stable").tail(1)
        if len(rows):
            return YearRevenue(float(rows["value"].iloc[0]), STATED, tuple(rows.index))
    rates = vendor.select(vendor_metrics, "annualised_revenue_usd_m", company=company)
    rates = rates[(rates["date"] >= start) & (rates["date"] < over + pd.Timedelta(days=BOUND_DAYS))]
    if rates.empty:
        return YearRevenue(None, UNKNOWN)
    top = rates.loc[[rates["value"].idxmax()]]
    passed = min(1.0, (day - start).days / DAYS_A_YEAR) if day < over else 1.0
    return YearRevenue(float(top["value"].iloc[0]) * passed, AT_MOST, tuple(top.index))


def raised_against_revenue(
    counted: pd.DataFrame,
    vendor_metrics: pd.DataFrame,
    as_of: str,
    companies: Sequence[str] | None = None,
    include_guidance: bool = False,
) -> pd.DataFrame:
    """Divide the money raised in each year by the revenue of that year.

    Parameters
    ----------
    counted : DataFrame
        From `funding_rounds.count_rounds`.
    vendor_metrics : DataFrame
        As known on the same day.
    as_of : str
        ISO date of that day.
    companies : sequence of str, optional
        Which firms, by default all.
    include_guidance : bool

    Returns
    -------
    DataFrame, one row a firm and year with a round of known amount
        ``company``, ``year``, ``raised_usd_m``, ``revenue_usd_m``, ``revenue_known``, ``ratio`` (missing where the
        revenue is), ``at_least`` (the ratio is a lower bound) and ``rows`` (row ids of rounds and revenue).
    """
    raised = raised_by_year(counted, companies)
    raised = raised[raised["raised_usd_m"] > 0]
    table = []
    for row in raised.to_dict("records"):
        revenue = revenue_of_year(vendor_metrics, row["company"], row["year"], as_of, include_guidance)
        ratio = row["raised_usd_m"] / revenue.value if revenue.value else None
        at_least = revenue.known == AT_MOST or row["unknown_rounds"] > 0
        entry = {name: row[name] for name in ("company", "year", "raised_usd_m")}
        entry |= {"revenue_usd_m": revenue.value, "revenue_known": revenue.known, "ratio": ratio, "at_least": at_least}
        table.append(entry | {"rows": (*row["rows"], *revenue.rows)})
    columns = ["company", "year", "raised_usd_m", "revenue_usd_m", "revenue_known", "ratio", "at_least", "rows"]
    return pd.DataFrame(table, columns=columns).astype({"ratio": "float64", "revenue_usd_m": "float64"})


def ratios_of_year(ratios: pd.DataFrame, year: int) -> pd.DataFrame:
    """Keep the firms whose ratio of a year is known, highest first."""
    chosen = ratios[(ratios["year"] == year) & ratios["ratio"].notna()]
    return chosen.sort_values("ratio", ascending=False, ignore_index=True)


def last_whole_year(as_of: str) -> int:
    """Return the last calendar year that was over on a day."""
    return pd.Timestamp(as_of).year - 1


def anthropic_case(valued: pd.DataFrame, vendor_metrics: pd.DataFrame) -> pd.DataFrame:
    """Return Anthropic's rounds with a value: what the article says of them, and what followed.

    Parameters
    ----------
    valued : DataFrame
        From `valuations.valuations`.
    vendor_metrics : DataFrame
        As known on the same day.

    Returns
    -------
    DataFrame, one row a round, oldest first
        ``date``, ``round``, ``amount_usd_m``, ``post_money_usd_m``, ``multiple`` (of the value before), ``months``,
        ``run_rate_usd_m``, ``sales_multiple`` and ``in_article``; row ids kept.
    """
    rounds = valued[valued["company"] == ARTICLE_FIRM]
    steps = step_ups(rounds)[["multiple", "months"]]
    sales = multiples(rounds, vendor_metrics)[["run_rate_usd_m", "multiple"]]
    table = rounds[["date", "round", "amount_usd_m", "post_money_usd_m"]].join(steps)
    table = table.join(sales.rename(columns={"multiple": "sales_multiple"}))
    return table.assign(in_article=table["round"].isin(ARTICLE_ROUNDS))


@dataclass(frozen=True)
class ArticleCase:
    """The article's case of Anthropic in numbers, each None while it is not known.

    Parameters
    ----------
    previous_usd_m, e_raised_usd_m, e_post_usd_m, f_raised_usd_m, f_post_usd_m : float or None
        The valuation before, money and post-money value of the Series E and of the Series F, USD millions.
    step, price_step, months : float or None
        Series F over Series E, post-money over post-money and pre-money over post-money, and the months between.
    e_sales_multiple, f_sales_multiple : float or None
        Post-money value over the last run-rate (gross).
    latest_round : str
        The last priced round that followed the Series F; empty if none.
    latest_post_usd_m, latest_sales_multiple : float or None
    rows : tuple of str
    """

    previous_usd_m: float | None = None
    e_raised_usd_m: float | None = None
    e_post_usd_m: float | None = None
    f_raised_usd_m: float | None = None
    f_post_usd_m: float | None = None
    step: float | None = None
    price_step: float | None = None
    months: float | None = None
    e_sales_multiple: float | None = None
    f_sales_multiple: float | None = None
    latest_round: str = ""
    latest_post_usd_m: float | None = None
    latest_sales_multiple: float | None = None
    rows: tuple[str, ...] = ()


def article_case(valued: pd.DataFrame, vendor_metrics: pd.DataFrame) -> ArticleCase:
    """Return the article's case of Anthropic from the rounds known; see `ArticleCase`."""
    case = anthropic_case(valued, vendor_metrics).set_index("round")
    price = step_ups(valued[valued["company"] == ARTICLE_FIRM]).set_index("round")["price_multiple"]
    previous, series_e, series_f = ARTICLE_ROUNDS

    def cell(name: str, column: str) -> float | None:
        value = case[column].get(name)
        return None if value is None or pd.isna(value) else float(value)

    later = case[~case["in_article"] & (case["date"] > case["date"].get(series_f, pd.Timestamp.max))].tail(1)
    latest = str(later.index[0]) if len(later) else ""
    gain = price.get(series_f)
    rounds = valued[(valued["company"] == ARTICLE_FIRM) & valued["round"].isin([*ARTICLE_ROUNDS, latest])]
    rates = multiples(rounds, vendor_metrics)["run_rate_row"]
    return ArticleCase(
        cell(previous, "post_money_usd_m"), cell(series_e, "amount_usd_m"), cell(series_e, "post_money_usd_m"),
        cell(series_f, "amount_usd_m"), cell(series_f, "post_money_usd_m"), cell(series_f, "multiple"),
        None if gain is None or pd.isna(gain) else float(gain), cell(series_f, "months"),
        cell(series_e, "sales_multiple"), cell(series_f, "sales_multiple"), latest,
        cell(latest, "post_money_usd_m"), cell(latest, "sales_multiple"), (*rounds.index, *rates),
    )  # fmt: skip


def rows_of(table: pd.DataFrame) -> tuple[str, ...]:
    """Return the row ids in a column ``rows`` of tuples, each once and in order."""
    return tuple(dict.fromkeys(row for rows in table["rows"] for row in rows))
