"""The legal bill against the money there is: settlements and fines, capex, revenue, cash raised."""

from __future__ import annotations

import pandas as pd

from helpers.analysis import vendor_metrics as vendor
from helpers.analysis.docket import by_regulator
from helpers.analysis.fiscal_quarters import QUARTERS_A_YEAR, trailing_twelve_months

# The firms whose capex the article calls the infrastructure bill. The tables do not split off AI: this is
# all of their cash capex, so a share of it understates the share of AI capex.
BUILDERS = ("AMZN", "MSFT", "GOOGL", "META", "ORCL")
TICKERS = {
    "Amazon": "AMZN", "Apple": "AAPL", "Google": "GOOGL", "Meta": "META", "Microsoft": "MSFT", "NVIDIA": "NVDA",
    "Oracle": "ORCL",
}  # fmt: skip
SETTLEMENT, FINE = "settlement", "fine"
# A fine of these states stands; one that was annulled or is under appeal is not money yet.
_FINE_STANDS = ("judgment plaintiff", "settled")
_FINE_IS_UNDONE = ("judgment defendant", "appeal")
CASH_INSTRUMENTS = ("equity", "convertible")
# Rounds that hold others: once the left one is known, the right ones are not added to it. The notes of
# ``funding_rounds`` say so in words ("do not add").
CONTAINS = {
    ("OpenAI", "2026 round, total"): ("2026 round, first close", "2026 round, second close"),
    ("Anthropic", "Series H"): ("Amazon 2026", "Google 2026"),
}
A_YEAR_OF_MONTHS = 12
YEARLY, RUN_RATE = "year", "run-rate"


def settlements_and_fines(docket: pd.DataFrame) -> pd.DataFrame:
    """Return the amounts that were agreed or imposed and stand.

    Parameters
    ----------
    docket : DataFrame
        As known on some day. A fine stands in ``damages_claimed_usd_m``; one that was also settled counts
        once, as a settlement.

    Returns
    -------
    DataFrame
        Indexed by row id: ``short_name``, ``kind`` (`SETTLEMENT` or `FINE`), ``usd_m``, ``day`` (of the
        outcome; where it has none, the day the state was read), ``day_known``.
    """
    settled = docket["settlement_usd_m"].notna()
    fined = by_regulator(docket) & docket["status_text"].isin(list(_FINE_STANDS)) & ~settled
    fined &= docket["damages_claimed_usd_m"].notna()
    chosen = docket[settled | fined]
    return pd.DataFrame(
        {
            "short_name": chosen["short_name"],
            "kind": pd.Series(SETTLEMENT, index=chosen.index, dtype="str").where(settled.loc[chosen.index], FINE),
            "usd_m": chosen["settlement_usd_m"].fillna(chosen["damages_claimed_usd_m"]),
            "day": chosen["outcome_date"].fillna(chosen["status_as_of"]),
            "day_known": chosen["outcome_date"].notna(),
        }
    ).sort_values("usd_m", ascending=False, kind="stable")


def trailing_capex(cash_flows: pd.DataFrame, tickers: tuple[str, ...] = BUILDERS) -> pd.DataFrame:
    """Return each firm's capex and revenue over its last four known quarters.

    Returns
    -------
    DataFrame
        Indexed by ticker, in the order of `tickers`: ``capex``, ``revenue`` (USD millions over twelve
        months, missing where a quarter is), ``period_end`` and ``rows`` (row ids of the four quarters, joined by ";").
        Firms without a quarter are left out.
    """
    frame = cash_flows[cash_flows["ticker"].astype(str).isin(list(tickers))]
    sums = pd.DataFrame({name: trailing_twelve_months(frame, name) for name in ("capex", "revenue")})
    table = []
    for ticker in tickers:
        firm = frame[frame["ticker"].astype(str) == ticker].sort_values("period_end")
        if len(firm):
            last = firm.index[-1]
            rows = ";".join(firm.index[-QUARTERS_A_YEAR:])
            table.append((ticker, *sums.loc[last], firm.loc[last, "period_end"], rows))
    return pd.DataFrame(table, columns=["ticker", "capex", "revenue", "period_end", "rows"]).set_index("ticker")


def capex_since(cash_flows: pd.DataFrame, first_day: pd.Timestamp, tickers: tuple[str, ...] = BUILDERS) -> pd.DataFrame:
    """Return the firms' quarters that ended after a day, for the sum of their ``capex``."""
    inside = cash_flows["ticker"].astype(str).isin(list(tickers)) & (cash_flows["period_end"] > first_day)
    quarters: pd.DataFrame = cash_flows[inside]
    return quarters


def rounds_that_count(funding_rounds: pd.DataFrame, company: str, until: pd.Timestamp) -> pd.DataFrame:
    """Return the rounds that brought a firm cash up to a day, each dollar once.

    Closed equity and convertibles with a known amount. Debt is owed back, secondary sales bring the
    firm nothing, talks and announcements are not money; rounds inside another known one are left out.
    """
    rows = funding_rounds[
        funding_rounds["company"].eq(company)
        & funding_rounds["announced_or_closed"].eq("closed")
        & funding_rounds["instrument"].isin(list(CASH_INSTRUMENTS))
        & funding_rounds["amount_usd_m"].notna()
        & (funding_rounds["date"] <= until)
    ]
    inside = [
        part for (firm, whole), parts in CONTAINS.items() for part in parts
        if firm == company and rows["round"].eq(whole).any()
    ]  # fmt: skip
    kept: pd.DataFrame = rows[~rows["round"].isin(inside)]
    return kept


def yearly_revenue(vendor_metrics: pd.DataFrame, company: str, until: pd.Timestamp) -> pd.DataFrame:
    """Return the row with a firm's revenue of its last full year up to a day, or no row."""
    rows = vendor.select(vendor_metrics, "revenue_usd_m", company=company, months=A_YEAR_OF_MONTHS)
    rows = rows[rows["date"] <= until]
    last: pd.DataFrame = rows.sort_values(["date", "published"], kind="stable").tail(1)
    return last


def run_rate(vendor_metrics: pd.DataFrame, company: str, until: pd.Timestamp) -> pd.DataFrame:
    """Return the row with a firm's last annualised revenue up to a day, or no row."""
    rows = vendor.select(vendor_metrics, "annualised_revenue_usd_m", company=company)
    last: pd.DataFrame = rows[rows["date"] <= until].tail(1)
    return last


def means(
    firms: list[str],
    cash_flows: pd.DataFrame,
    vendor_metrics: pd.DataFrame,
    funding_rounds: pd.DataFrame,
    as_of: str,
) -> pd.DataFrame:
    """Return what each firm earns, has raised and builds, as far as the tables know.

    Parameters
    ----------
    firms : list of str
        Names as `helpers.analysis.docket.defendants` gives them.
    cash_flows, vendor_metrics, funding_rounds : DataFrame
        As known on `as_of`.
    as_of : str
        ISO date.

    Returns
    -------
    DataFrame
        Indexed by firm: ``revenue`` and ``capex`` (USD millions), ``basis`` of the revenue (`YEARLY` or
        `RUN_RATE`; twelve months for listed firms), ``raised`` and ``rows``. Missing stays missing: most
        small defendants have no figure at all.
    """
    day = pd.Timestamp(as_of)
    listed = trailing_capex(cash_flows, tuple(TICKERS.values()))
    table: list[tuple[object, ...]] = []
    for firm in firms:
        ticker = TICKERS.get(firm)
        if ticker in listed.index:
            known = listed.loc[ticker]
            table.append((firm, known["revenue"], known["capex"], YEARLY, float("nan"), known["rows"]))
            continue
        year, rate = yearly_revenue(vendor_metrics, firm, day), run_rate(vendor_metrics, firm, day)
        earned, basis = (rate, RUN_RATE) if year.empty else (year, YEARLY)
        rounds = rounds_that_count(funding_rounds, firm, day)
        revenue = float(earned["value"].iloc[0]) if len(earned) else float("nan")
        raised = float(rounds["amount_usd_m"].sum(min_count=1))
        rows = ";".join([*earned.index, *rounds.index])
        table.append((firm, revenue, float("nan"), basis if len(earned) else None, raised, rows))
    return pd.DataFrame(table, columns=["firm", "revenue", "capex", "basis", "raised", "rows"]).set_index("firm")


def undone_fines(docket: pd.DataFrame) -> pd.DataFrame:
    """Return the fines with an amount that were annulled, or are under appeal."""
    rows: pd.DataFrame = docket[
        by_regulator(docket)
        & docket["status_text"].isin(list(_FINE_IS_UNDONE))
        & docket["damages_claimed_usd_m"].notna()
    ]
    return rows
