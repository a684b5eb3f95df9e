"""Who says what it earns from AI, how much that is of its revenue, and how much of what AI costs to build.

The vendors are six: the two model makers and the four large platforms the article names. Three traps:

* No firm discloses its AI capex. What stands for it is a rule of `ai_returns`, and every result names it.
* The sum counts some dollars twice: what OpenAI pays Microsoft for computing is in both figures.
* OpenAI states revenue net of its partner's share, Anthropic gross of what clouds resell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from helpers.analysis.ai_returns import ABOVE_BASE, ALL_CAPEX, BUILDERS, SINCE, ai_capex, quarterly_ai_revenue
from helpers.analysis.fiscal_quarters import QUARTERS_A_YEAR
from helpers.analysis.vendor_metrics import select

PERCENT = 100
# A statement is of a fiscal quarter when it is dated at most half a quarter from the quarter's end.
NEAR_QUARTER_END_DAYS = 45


@dataclass(frozen=True)
class Vendor:
    """Where a vendor's AI revenue stands in the tables.

    Parameters
    ----------
    company, scope : str
        Of `vendor_metrics`; an empty scope means that it states no AI revenue anywhere.
    ticker : str
        Of `cash_flows`; empty for a firm that is not listed.
    """

    company: str
    scope: str
    ticker: str = ""


VENDORS: dict[str, Vendor] = {
    "OpenAI": Vendor("OpenAI", "company"),
    "Anthropic": Vendor("Anthropic", "company"),
    "Microsoft": Vendor("Microsoft", "AI business", "MSFT"),
    "Amazon": Vendor("Amazon", "AWS AI services", "AMZN"),
    "Alphabet": Vendor("Google", "", "GOOGL"),
    "Meta": Vendor("Meta", "", "META"),
}
MODEL_MAKERS = ("OpenAI", "Anthropic")
# The sum that claim A01 names: "OpenAI, Anthropic, Microsoft AI run rate".
CLAIMED = (*MODEL_MAKERS, "Microsoft")
NUMERATORS: dict[str, tuple[str, ...]] = {
    "OpenAI, Anthropic and Microsoft": CLAIMED,
    "with Amazon's AI services": (*CLAIMED, "Amazon"),
    "OpenAI and Anthropic alone": MODEL_MAKERS,
}
DENOMINATORS: dict[str, tuple[tuple[str, ...], str]] = {
    "five builders, above 2022": (tuple(BUILDERS), ABOVE_BASE),
    "five builders, all capex": (tuple(BUILDERS), ALL_CAPEX),
    "Microsoft alone, above 2022": (("MSFT",), ABOVE_BASE),
}
DECIDING = ("OpenAI, Anthropic and Microsoft", "five builders, above 2022")
# The sellers of that sum who had stated a figure when the article appeared: Microsoft's first came later.
STATED_THEN = "OpenAI and Anthropic alone"
_COLUMNS = ["vendor", "date", "published", "annual", "kind"]


def statements(vendor_metrics: pd.DataFrame) -> pd.DataFrame:
    """List what is known of each vendor's AI revenue, by date.

    Parameters
    ----------
    vendor_metrics : DataFrame
        The table, as known on some day.

    Returns
    -------
    DataFrame, one row a statement, on the row ids
        ``vendor``, ``date``, ``published``, ``annual`` (USD millions a year), ``kind``. A later
        statement about the same day replaces the earlier one; guidance is left out.
    """
    parts = []
    for name, vendor in VENDORS.items():
        rows = select(vendor_metrics, "annualised_revenue_usd_m", company=vendor.company, scopes=[vendor.scope])
        rows = rows.drop_duplicates("date", keep="last").rename(columns={"value": "annual"})
        parts.append(rows.assign(vendor=name, kind=rows["kind"].astype(str))[_COLUMNS])
    return pd.concat(parts)


def disclosure(stated: pd.DataFrame) -> pd.DataFrame:
    """Say for each vendor who gave its AI revenue, how often and since when.

    Parameters
    ----------
    stated : DataFrame
        From `statements`.

    Returns
    -------
    DataFrame, one row a vendor, indexed by its name
        ``by_itself`` (figures the firm gave), ``by_others`` (leaked or estimated), ``first`` and
        ``last`` (published by the firm; missing where never), ``annual`` (its last figure, USD
        millions a year) and ``rows`` (ids joined by ";").
    """
    table = []
    for name in VENDORS:
        own = stated[stated["vendor"] == name]
        said = own[own["kind"] == "reported"].sort_values("published", kind="stable")
        table.append(
            {
                "vendor": name,
                "by_itself": len(said),
                "by_others": len(own) - len(said),
                "first": said["published"].min(),
                "last": said["published"].max(),
                "annual": float(said["annual"].iloc[-1]) if len(said) else np.nan,
                "rows": ";".join(own.index),
            }
        )
    return pd.DataFrame(table).set_index("vendor")


def quarterly(stated: pd.DataFrame, last: pd.Period, held: bool = False) -> pd.DataFrame:
    """Turn run-rates into revenue by quarter and vendor.

    Parameters
    ----------
    stated : DataFrame
        From `statements`.
    last : Period
        Last calendar quarter; not before 2023Q1.
    held : bool
        True keeps a vendor's last figure after its last statement.

    Returns
    -------
    DataFrame of float64, one row a quarter, one column a vendor with a figure
        USD millions a quarter: the run-rate at mid-quarter over four, with constant growth between
        two statements. Missing before the first statement and, unless `held`, after the last.
    """
    columns = {}
    for name in [name for name in VENDORS if (stated["vendor"] == name).any()]:
        own = stated[stated["vendor"] == name]
        # Growth of 1 before the first statement: those quarters are taken out below.
        path = quarterly_ai_revenue(own, last, 1.0)
        quarters = own["date"].dt.to_period("Q")
        known = (path.index >= quarters.min()) & (held | (path.index <= quarters.max()))
        columns[name] = path.where(known)
    return pd.DataFrame(columns, index=pd.period_range(SINCE, last, freq="Q"))


def against_capex(cash_flows: pd.DataFrame, stated: pd.DataFrame, held: bool = False) -> pd.DataFrame:
    """Hold AI revenue against what stands for AI capex, quarter by quarter.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter
    stated : DataFrame
        From `statements`.
    held : bool
        As in `quarterly`.

    Returns
    -------
    DataFrame, one row a numerator, denominator and quarter
        ``numerator``, ``denominator``, ``quarter`` (Period), ``revenue``, ``capex`` (USD millions),
        ``percent``, ``vendors`` (those that count), ``rows`` (ids joined by ";"). Only quarters with
        every firm's capex in which all vendors that ever stated a figure are covered, by a
        statement then or later; a vendor counts nothing before its first statement, so that early
        quarters are a floor. ``percent`` is missing where the firms spent no more than in 2022.
    """
    ids = {str(name): ";".join(part.index) for name, part in stated.groupby("vendor")}
    flows = {rule: ai_capex(cash_flows, rule) for rule in (ABOVE_BASE, ALL_CAPEX)}
    by_label = {label: _spent(flows[rule], tickers) for label, (tickers, rule) in DENOMINATORS.items()}
    ends = {label: spent.index.max() for label, spent in by_label.items() if len(spent)}
    # A quarter's revenue is the same whichever quarter the table ends with: one table serves all denominators.
    revenue = quarterly(stated, max(ends.values()), held) if ends else pd.DataFrame()
    table: list[dict[str, Any]] = []
    for label, end in ends.items():
        for name, vendors in NUMERATORS.items():
            for row in _ratios(revenue.loc[:end], by_label[label], vendors):
                counted = [ids[vendor] for vendor in str(row["vendors"]).split(", ")]
                table.append(row | {"numerator": name, "denominator": label, "rows": ";".join([*counted, row["rows"]])})
    columns = ["numerator", "denominator", "quarter", "revenue", "capex", "percent", "vendors", "rows"]
    return pd.DataFrame(table, columns=columns)


def _spent(flows: pd.DataFrame, tickers: Sequence[str]) -> pd.DataFrame:
    """Return ``capex`` and ``rows`` by quarter since 2023, where the AI capex of all firms is known."""
    part = flows[flows["ticker"].isin(list(tickers)) & (flows["quarter"] >= SINCE) & flows["ai_capex"].notna()]
    groups = part.groupby("quarter")
    rows = {quarter: ";".join(labels) for quarter, labels in groups.groups.items()}
    table = groups["ai_capex"].sum().to_frame("capex").assign(rows=pd.Series(rows, dtype="object"))
    return table[groups["ticker"].nunique() == len(tickers)]


def _ratios(revenue: pd.DataFrame, spent: pd.DataFrame, vendors: Sequence[str]) -> list[dict[str, Any]]:
    part = revenue[[name for name in vendors if name in revenue.columns]]
    # A vendor whose first statement is younger than the last quarter of capex does not count yet.
    part = part.dropna(axis="columns", how="all")
    if part.empty:
        return []
    last = min(part.index[column.notna()].max() for _, column in part.items())
    covered = spent[spent.index <= last]
    stated = part.loc[covered.index]
    known, totals = stated.notna().to_numpy(), stated.sum(axis="columns")
    rows = []
    for quarter, capex, ids, total, has in zip(
        covered.index, covered["capex"], covered["rows"], totals, known, strict=True
    ):
        if not has.any():
            continue
        share = PERCENT * total / capex if capex > 0 else np.nan
        rows.append({"quarter": quarter, "revenue": total, "capex": capex, "percent": share,
                     "vendors": ", ".join(stated.columns[has]), "rows": ids})  # fmt: skip
    return rows


def by_year(quarters: pd.DataFrame) -> pd.DataFrame:
    """Add the quarters of `against_capex` up to calendar years.

    Returns
    -------
    DataFrame, one row a numerator, denominator and year
        ``quarters`` (how many the year has), ``revenue``, ``capex`` (USD millions), ``percent``,
        ``vendors`` (of the last quarter), ``deciding`` (bool), ``rows``.
    """
    year = quarters["quarter"].map(lambda quarter: quarter.year).rename("year")
    groups = quarters.groupby(["numerator", "denominator", year], sort=False)
    table = groups.agg(
        quarters=("quarter", "size"),
        revenue=("revenue", "sum"),
        capex=("capex", "sum"),
        vendors=("vendors", "last"),
        rows=("rows", lambda rows: ";".join(dict.fromkeys(";".join(rows).split(";")))),
    ).reset_index()
    chosen = (table["numerator"] == DECIDING[0]) & (table["denominator"] == DECIDING[1])
    return table.assign(
        percent=(PERCENT * table["revenue"] / table["capex"]).where(table["capex"] > 0), deciding=chosen
    )


def last_ratios(quarters: pd.DataFrame) -> pd.DataFrame:
    """Return the last quarter of each numerator and denominator with a known ratio, the deciding one first."""
    last = quarters[quarters["percent"].notna()].groupby(["numerator", "denominator"], sort=False).tail(1)
    chosen = (last["numerator"] == DECIDING[0]) & (last["denominator"] == DECIDING[1])
    return last.assign(deciding=chosen).sort_values("deciding", ascending=False, kind="stable")


def of_the_same_sellers(quarters: pd.DataFrame) -> pd.DataFrame:
    """Return the deciding ratio with the sellers known at the article's date alone, in the deciding ratio's quarter.

    Parameters
    ----------
    quarters : DataFrame
        From `against_capex`.

    Returns
    -------
    DataFrame of one row, or none
        A row of `quarters`: same capex and quarter as the deciding ratio, revenue of `STATED_THEN`. None without a
        deciding ratio, or where one of those sellers has no figure for its quarter.
    """
    last = last_ratios(quarters)
    decided = last.loc[last["deciding"].astype(bool), "quarter"]
    own = quarters[(quarters["numerator"] == STATED_THEN) & (quarters["denominator"] == DECIDING[1])]
    same: pd.DataFrame = own[own["quarter"].isin(decided) & (own["vendors"] == ", ".join(NUMERATORS[STATED_THEN]))]
    return same


def share_of_revenue(cash_flows: pd.DataFrame, stated: pd.DataFrame) -> pd.DataFrame:
    """Divide what listed vendors say they earn from AI by all they earn.

    Returns
    -------
    DataFrame, one row a statement on a quarter whose revenue is known
        ``vendor``, ``date`` (of the statement), ``ai`` (run-rate over four), ``revenue`` (of the
        fiscal quarter, USD millions), ``percent``, ``rows``.
    """
    known = cash_flows[cash_flows["revenue"].notna()]
    tickers = known["ticker"].astype(str)
    by_vendor = {name: known[tickers == vendor.ticker] for name, vendor in VENDORS.items()}
    table = []
    for label, row in stated.iterrows():
        own = by_vendor[str(row["vendor"])]
        distance = (own["period_end"] - row["date"]).dt.days.abs()
        distance = distance[distance <= NEAR_QUARTER_END_DAYS]
        if distance.empty:
            continue
        quarter = str(distance.idxmin())
        ai, revenue = float(row["annual"]) / QUARTERS_A_YEAR, float(own["revenue"][quarter])
        table.append({"vendor": row["vendor"], "date": row["date"], "ai": ai, "revenue": revenue,
                      "percent": PERCENT * ai / revenue, "rows": f"{label};{quarter}"})  # fmt: skip
    return pd.DataFrame(table, columns=["vendor", "date", "ai", "revenue", "percent", "rows"])
