"""What the tables know: which cells are filled, since when, on what evidence, and how late.

Everything here counts what is there and what is not; nothing is filled in. Frames keep the row ids of their input.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from helpers.analysis.fiscal_quarters import calendar_quarter

GRADES = ("filed", "reported", "press", "estimated", "scenario")
"""Evidence grades, best first."""

ACCOUNTS = ("revenue_usd_m", "operating_loss_usd_m", "net_loss_usd_m", "cash_burn_usd_m")
"""Metrics of a vendor that a listed firm would publish every quarter."""

FLOWS = (
    "net_income",
    "operating_cash_flow",
    "capex",
    "capex_proceeds",
    "finance_lease_principal",
    "depreciation_amortisation",
    "stock_based_compensation",
    "research_development",
)
"""Figures of ``cash_flows`` that have holes, or that free cash flow is made of."""

FINANCING = (
    "debt_issued",
    "debt_repaid",
    "share_repurchases",
    "dividends_paid",
    "acquisitions",
    "cash_and_securities",
    "total_debt",
    "interest_paid",
    "advertising_revenue",
    "cloud_revenue",
)
"""Figures of ``financing``."""

ABOUT = {
    "cash_flows": "period_end",
    "financing": "period_end",
    "dotcom_firms": "period_end",
    "bubble_benchmarks": "year",
    "macro_us": "quarter",
    "nasdaq_composite": "month_end",
    "sp500_shiller": "month",
    "stock_prices": "month_end",
    "vendor_metrics": "date",
    "ai_prices": "date",
    "funding_rounds": "date",
    "compute_commitments": "date",
    "conversion_benchmarks": "date",
    "ai_usage": "date",
    "litigation": "filed_date",
    "litigation_benchmarks": "year",
}
"""Column that says what day, month or year a row is about, by table."""

ABOUT_AI = (
    "vendor_metrics",
    "ai_prices",
    "funding_rounds",
    "compute_commitments",
    "conversion_benchmarks",
    "ai_usage",
    "litigation",
)
"""Tables about AI's own business."""

_LAST_TWO_MONTHS = pd.Timedelta(days=61)
"""November and December: a run-rate from then stands for the end of its year."""

_OTHER_BASIS = (
    r"restate|recast|re-present|first reported|originally|first filed|superseded|unaudited|preliminary|later presented"
)
"""Words by which a note says that the same figure also exists on another basis."""


def cells(table: pd.DataFrame, fields: Sequence[str]) -> pd.DataFrame:
    """Say for each firm, quarter and field whether the figure is known.

    Parameters
    ----------
    table : DataFrame, one row a firm-quarter
        Columns ``ticker``, ``period_end`` and `fields`.
    fields : sequence of str
        Columns to look at.

    Returns
    -------
    DataFrame
        One row a cell: ``ticker``, ``field``, ``period_end``, ``quarter`` (first day of the calendar quarter that holds
        the middle of the fiscal quarter) and ``known`` (bool); indexed by the row id of the firm's quarter.
    """
    base = pd.DataFrame(
        {
            "ticker": table["ticker"].astype("str"),
            "period_end": table["period_end"],
            "quarter": calendar_quarter(table["period_end"]).dt.to_timestamp(),
        },
        index=table.index,
    )
    parts = [base.assign(field=field, known=table[field].notna()) for field in fields]
    found = pd.concat(parts) if parts else base.assign(field="", known=False).head(0)
    return found[["ticker", "field", "period_end", "quarter", "known"]]


def holes(known: pd.DataFrame, newest: int = 4) -> pd.DataFrame:
    """List the figures that are missing in the newest quarters, firm by firm.

    Parameters
    ----------
    known : DataFrame
        From `cells`.
    newest : int
        How many of each firm's last quarters to look at.

    Returns
    -------
    DataFrame
        ``ticker``, ``field``, ``missing`` (quarters without the figure), ``of`` (quarters looked at) and ``last`` (end
        of the newest quarter that has it; missing if none ever had). Most missing first. A figure that a firm never had
        in the table is listed too.
    """
    recent = known[known.groupby(["ticker", "field"])["period_end"].rank(ascending=False, method="first") <= newest]
    counted = recent.groupby(["ticker", "field"])["known"].agg(missing=lambda flags: int((~flags).sum()), of="size")
    last = known[known["known"]].groupby(["ticker", "field"])["period_end"].max()
    found = counted[counted["missing"] > 0].join(last.rename("last")).reset_index()
    ordered: pd.DataFrame = found.sort_values(
        ["missing", "field", "ticker"], ascending=[False, True, True], ignore_index=True
    )
    return ordered


def filled_share(known: pd.DataFrame) -> pd.DataFrame:
    """Share of the quarters in which a firm's figure is known, in per cent: one row a firm, one column a field."""
    share = known.pivot_table(index="ticker", columns="field", values="known", aggfunc="mean") * 100
    return share.reindex(columns=list(dict.fromkeys(known["field"])))


def known_by_year(dates: Mapping[str, pd.Series], first: int) -> pd.DataFrame:
    """Count the rows that became known in each year.

    Parameters
    ----------
    dates : mapping of table name to Series of datetime64
        The day from which each row is known.
    first : int
        Rows known earlier are counted in this year.

    Returns
    -------
    DataFrame
        Years down, tables across, int; every year from `first` to the last has a row.
    """
    years = {name: days.dt.year.clip(lower=first) for name, days in dates.items()}
    last = max((int(year.max()) for year in years.values() if len(year)), default=first)
    index = pd.RangeIndex(first, last + 1, name="year")
    counts = {name: year.value_counts().reindex(index, fill_value=0) for name, year in years.items()}
    return pd.DataFrame(counts, index=index).astype("int64")


def evidence_mix(grades: pd.Series) -> pd.DataFrame:
    """Count the rows of each table by evidence grade.

    Parameters
    ----------
    grades : Series of str
        Grade by row id (``"<table>/<key>"``).

    Returns
    -------
    DataFrame
        Tables down in the order met, grades across from best to worst, int.
    """
    tables = grades.index.astype("str").str.split("/", n=1).str[0]
    counts = pd.crosstab(tables, grades.to_numpy()) if len(grades) else pd.DataFrame(dtype="int64")
    return counts.reindex(index=list(dict.fromkeys(tables)), columns=list(GRADES), fill_value=0)


def derived_share(tables: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Share of each table's rows that are arithmetic on stated figures, in per cent; only tables with a status."""
    shares = {
        name: float(table["status"].eq("derived").mean() * 100)
        for name, table in tables.items()
        if "status" in table and len(table)
    }
    return pd.Series(shares, dtype="float64", name="derived")


def publication_lag(cash_flows: pd.DataFrame) -> pd.DataFrame:
    """Days from the end of a quarter to its publication, where the day of publication was found.

    Parameters
    ----------
    cash_flows : DataFrame
        Columns ``ticker``, ``period_end``, ``published``.

    Returns
    -------
    DataFrame
        ``who``, ``end``, ``days`` on the row ids of the input.
    """
    dated = cash_flows[cash_flows["published"].notna()]
    days = (dated["published"] - dated["period_end"]).dt.days
    return pd.DataFrame({"who": dated["ticker"].astype("str"), "end": dated["period_end"], "days": days})


def account_lag(vendor_metrics: pd.DataFrame) -> pd.DataFrame:
    """Days from the end of a period to the day on which an AI vendor's accounts for it became known.

    Only revenue, losses and cash use of the whole company over a stated period, as the company or a leak gave them:
    estimates, guidance and figures published before the period was over are left out.

    Parameters
    ----------
    vendor_metrics : DataFrame

    Returns
    -------
    DataFrame
        ``who``, ``end``, ``days`` on the row ids of the input.
    """
    outcome = (
        vendor_metrics["metric"].isin(ACCOUNTS)
        & vendor_metrics["scope"].eq("company")
        & vendor_metrics["period_months"].notna()
        & vendor_metrics["kind"].isin(["reported", "leaked"])
        & (vendor_metrics["published"] >= vendor_metrics["date"])
    )
    found = vendor_metrics[outcome]
    days = (found["published"] - found["date"]).dt.days
    return pd.DataFrame({"who": found["company"].astype("str"), "end": found["date"], "days": days})


def newest(tables: Mapping[str, pd.DataFrame], as_of: str, columns: Mapping[str, str] = ABOUT) -> pd.DataFrame:
    """Find the newest figure of each table.

    Parameters
    ----------
    tables : mapping of name to DataFrame
    as_of : str
        ISO date. Rows about later days (plans) are left out.
    columns : mapping of table name to the column that says what day, month or year a row is about

    Returns
    -------
    DataFrame
        ``table``, ``rows``, ``newest`` (datetime64) and ``age`` (days before `as_of`), for tables with such rows.
    """
    day = pd.Timestamp(as_of)
    found = []
    for name, column in columns.items():
        about = _as_dates(tables[name][column])
        past = about[about <= day]
        if len(past):
            last = past.max()
            found.append({"table": name, "rows": len(tables[name]), "newest": last, "age": (day - last).days})
    return pd.DataFrame(found, columns=["table", "rows", "newest", "age"])


def _as_dates(values: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(values):
        return values
    # A year is about all of it; its first day is the only one that is surely past.
    return pd.to_datetime(values.astype("str") + "-01-01")


def other_bases(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Count the rows whose note says that the same figure also exists on another basis: restated, recast, preliminary.

    Parameters
    ----------
    tables : mapping of name to DataFrame
        Those without a ``note`` are left out.

    Returns
    -------
    DataFrame
        ``table``, ``rows``, ``other_basis`` (rows that say so) and ``share`` (per cent), for tables with at least one.
    """
    found = []
    for name, table in tables.items():
        if "note" in table and len(table):
            told = int(table["note"].str.contains(_OTHER_BASIS, case=False, na=False).sum())
            found.append({"table": name, "rows": len(table), "other_basis": told, "share": told / len(table) * 100})
    counted = pd.DataFrame(found, columns=["table", "rows", "other_basis", "share"])
    return counted[counted["other_basis"] > 0].reset_index(drop=True)


def netted_share(cash_flows: pd.DataFrame, ticker: str) -> tuple[float | None, list[str]]:
    """Share of a firm's gross capex that netting its proceeds would hide, in per cent, and the rows it rests on.

    Parameters
    ----------
    cash_flows : DataFrame
    ticker : str

    Returns
    -------
    (float or None, list of str)
        Over all quarters in which proceeds stand; None if there are none.
    """
    both = cash_flows[cash_flows["ticker"].eq(ticker) & cash_flows["capex_proceeds"].notna()]
    if both.empty:
        return None, []
    return float(both["capex_proceeds"].sum() / both["capex"].sum() * 100), list(both.index)


def payers_by_denominator(vendor_metrics: pd.DataFrame, company: str, day: str) -> pd.DataFrame:
    """Divide the same payers by monthly and by weekly users.

    Parameters
    ----------
    vendor_metrics : DataFrame
    company : str
    day : str
        ISO date of the payers' count; for users the newest count of the whole company up to that day is taken.

    Returns
    -------
    DataFrame
        ``users`` (which count), ``million``, ``share`` (per cent), ``rows`` (list of row ids); empty if something is
        not known.
    """
    mine = vendor_metrics[
        vendor_metrics["company"].eq(company)
        & vendor_metrics["scope"].eq("company")
        & vendor_metrics["kind"].ne("guidance")
        & vendor_metrics["status"].eq("sourced")
    ]
    payers = mine[mine["metric"].eq("plus_subscribers_m") & mine["date"].eq(pd.Timestamp(day))]
    found = []
    for metric, name in (("monthly_users_m", "monthly users"), ("weekly_active_users_m", "weekly users")):
        users = mine[mine["metric"].eq(metric) & (mine["date"] <= pd.Timestamp(day))].sort_values("date").tail(1)
        if len(payers) and len(users):
            count = float(users["value"].iloc[0])
            share = float(payers["value"].iloc[0]) / count * 100
            found.append({"users": name, "million": count, "share": share, "rows": [*payers.index, *users.index]})
    return pd.DataFrame(found, columns=["users", "million", "share", "rows"])


def yearly_revenue(vendor_metrics: pd.DataFrame) -> pd.DataFrame:
    """Set each year's revenue of a vendor beside its run-rate at the end of that year and the first guidance for it.

    Parameters
    ----------
    vendor_metrics : DataFrame

    Returns
    -------
    DataFrame
        ``company``, ``year``, ``revenue`` (the outcome published last), ``run_rate`` (the latest of the year's last two
        months) and ``guidance`` (the first published), all USD million and missing where not known, and ``rows``. Only
        years whose revenue is known.
    """
    whole = vendor_metrics[vendor_metrics["scope"].eq("company")]
    yearly = whole[whole["metric"].eq("revenue_usd_m") & whole["period_months"].eq("12")].sort_values("published")
    found = []
    for _, rows in yearly.groupby(["company", "date"], observed=True):
        company, end = str(rows["company"].iloc[0]), rows["date"].iloc[0]
        outcome = rows[rows["kind"].ne("guidance")].tail(1)
        if outcome.empty:
            continue
        told = rows[rows["kind"].eq("guidance")].head(1)
        rates = whole[whole["company"].eq(company) & whole["metric"].eq("annualised_revenue_usd_m")]
        late = rates["date"].between(end - _LAST_TWO_MONTHS, end) & rates["kind"].ne("guidance")
        rate = rates[late].sort_values("date").tail(1)
        found.append(
            {
                "company": company,
                "year": end.year,
                "revenue": _only(outcome),
                "run_rate": _only(rate),
                "guidance": _only(told),
                "rows": [*outcome.index, *rate.index, *told.index],
            }
        )
    return pd.DataFrame(found, columns=["company", "year", "revenue", "run_rate", "guidance", "rows"])


def _only(row: pd.DataFrame) -> float:
    return float(row["value"].iloc[0]) if len(row) else float("nan")


def median_days(lags: pd.DataFrame, who: Iterable[str] | None = None) -> float | None:
    """Median of ``days``, over all or over some; None where there is nothing."""
    days = lags["days"] if who is None else lags.loc[lags["who"].isin(list(who)), "days"]
    return float(np.median(days)) if len(days) else None


def summary(tables: Mapping[str, pd.DataFrame], sources: pd.DataFrame) -> dict[str, Any]:
    """Count tables, rows, filled figures and publishers.

    Parameters
    ----------
    tables : mapping of name to DataFrame
        The tables of figures, as known on a day.
    sources : DataFrame
        The sources that their rows cite; column ``publisher``.

    Returns
    -------
    dict
        ``tables`` (with at least one row), ``rows``, ``sources`` and ``publishers``, all int.
    """
    return {
        "tables": sum(len(table) > 0 for table in tables.values()),
        "rows": sum(len(table) for table in tables.values()),
        "sources": len(sources),
        "publishers": int(sources["publisher"].nunique()),
    }
