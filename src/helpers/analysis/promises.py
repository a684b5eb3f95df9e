"""What the firms promised to buy, against what they take in a year and against their own totals.

Amounts are USD millions. Promises run over years that are often not known; the multiple of revenue sets all of
them against one year.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from helpers.analysis import vendor_metrics as vendor
from helpers.analysis.circular_deals import COUNTED, PLAN, PURCHASES, UNKNOWN_AMOUNT
from helpers.analysis.fiscal_quarters import QUARTERS_A_YEAR, latest_quarters, trailing_twelve_months

# The tickers of the payers the table of commitments names.
LISTED = {
    "Amazon": "AMZN", "Microsoft": "MSFT", "Google": "GOOGL", "Meta": "META", "Oracle": "ORCL", "NVIDIA": "NVDA",
    "CoreWeave": "CRWV",
}  # fmt: skip
RUN_RATE, TWELVE_MONTHS = "a run-rate of", "twelve months' revenue of"


def payer_revenue(vendor_metrics: pd.DataFrame, cash_flows: pd.DataFrame, payers: Sequence[str]) -> pd.DataFrame:
    """Return what each payer takes in a year: filed revenue of twelve months, or the last run-rate.

    Parameters
    ----------
    vendor_metrics, cash_flows : DataFrame
        As known on the same day.
    payers : sequence of str
        As the table of commitments names them.

    Returns
    -------
    DataFrame, indexed by payer; payers without a known figure are left out
        ``revenue_usd_m``, ``basis`` and ``row`` (tuple of row ids).
    """
    table = {}
    for payer in payers:
        flows = cash_flows[cash_flows["ticker"].astype(str) == LISTED.get(payer, "")]
        if len(flows):
            year = latest_quarters(flows, QUARTERS_A_YEAR)
            revenue = float(trailing_twelve_months(flows, "revenue").loc[year.index[-1]])
            table[payer] = (revenue, TWELVE_MONTHS, tuple(year.index))
            continue
        rate = vendor.select(vendor_metrics, "annualised_revenue_usd_m", company=payer).tail(1)
        if len(rate):
            table[payer] = (float(rate["value"].iloc[0]), RUN_RATE, tuple(rate.index))
    return pd.DataFrame.from_dict(table, orient="index", columns=["revenue_usd_m", "basis", "row"])


def purchases_against_revenue(counted: pd.DataFrame, revenue: pd.DataFrame) -> pd.DataFrame:
    """Hold what each firm promised to buy against what it takes in a year.

    Parameters
    ----------
    counted : DataFrame
        From `count_deals`.
    revenue : DataFrame
        Indexed by payer: ``revenue_usd_m`` (a year's), ``basis`` (what it is) and ``row`` (tuple of row ids).

    Returns
    -------
    DataFrame, one row a payer with a known promise, largest first
        ``payer``, ``promised_usd_m`` (all years), ``yearly_usd_m`` (amount over years, where the years are known),
        ``years_known_percent`` (share of the dollars whose years are known), ``unknown`` (promises without amount),
        ``revenue_usd_m``, ``basis``, ``times_revenue`` and ``rows``.
    """
    bought = counted[counted["kind"].isin(PURCHASES) & counted["treatment"].isin([COUNTED, UNKNOWN_AMOUNT])]
    table = []
    for payer, part in bought.groupby("payer", sort=True):
        amount, years = part["amount_usd_m"], part["years"].astype("float64")
        promised = float(amount.sum())
        known = revenue.loc[payer].to_dict() if payer in revenue.index else None
        takings = None if known is None else float(known["revenue_usd_m"])
        table.append(
            {"payer": payer, "promised_usd_m": promised, "yearly_usd_m": float((amount / years).sum()),
             "years_known_percent": 100 * float(amount[years.notna()].sum()) / promised if promised else None,
             "unknown": int(amount.isna().sum()), "revenue_usd_m": takings,
             "basis": "unknown" if known is None else known["basis"],
             "times_revenue": promised / takings if takings else None,
             "rows": (*part.index, *(() if known is None else known["row"]))}
        )  # fmt: skip
    columns = [
        "payer", "promised_usd_m", "yearly_usd_m", "years_known_percent", "unknown", "revenue_usd_m", "basis",
        "times_revenue", "rows",
    ]  # fmt: skip
    result = pd.DataFrame(table, columns=columns).astype({"revenue_usd_m": "float64", "times_revenue": "float64"})
    result = result[result["promised_usd_m"] > 0]
    return result.sort_values("promised_usd_m", ascending=False, ignore_index=True)


def stated_totals(counted: pd.DataFrame, payers: Sequence[str] | None = None) -> pd.DataFrame:
    """Hold a firm's own total of its promises against the sum of the single deals that the press named.

    Parameters
    ----------
    counted : DataFrame
        From `count_deals`.
    payers : sequence of str, optional

    Returns
    -------
    DataFrame, one row a total
        ``payer``, ``date``, ``stated_usd_m``, ``named_usd_m`` (purchases counted up to that day), ``note``; row ids
        kept. Named deals above the total overlap, hold "up to" amounts, or can be cancelled.
    """
    totals = counted[counted["treatment"] == PLAN]
    if payers is not None:
        totals = totals[totals["payer"].isin(list(payers))]
    bought = counted[counted["kind"].isin(PURCHASES) & (counted["treatment"] == COUNTED)]
    named = [
        float(bought.loc[(bought["payer"] == row["payer"]) & (bought["date"] <= row["date"]), "amount_usd_m"].sum())
        for row in totals.to_dict("records")
    ]
    table = totals[["payer", "date", "amount_usd_m", "note"]].rename(columns={"amount_usd_m": "stated_usd_m"})
    return table.assign(named_usd_m=named)
