"""What would have to be true: a price and a number of payers, or AI revenue that restores a cash margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from helpers.analysis import vendor_metrics as vendor
from helpers.analysis.ai_returns import BUILDERS
from helpers.analysis.cash_flow_summary import last_twelve_months
from helpers.analysis.fiscal_quarters import QUARTERS_A_YEAR, calendar_quarter, in_order
from helpers.analysis.free_cash_flow import free_cash_flow
from helpers.analysis.premium_bundles import MONTHS_A_YEAR

MODEL_MAKERS = ("OpenAI", "Anthropic")
# The last year before the pandemic and the boom.
MARGIN_YEAR = 2019
# Gross: operating cash flow less capex. The firm's own definition is not known for Meta before 2022.
DEFINITION = "gross"
PERCENT = 100
OUTCOME, EXPECTED = "outcome", "expected"


@dataclass(frozen=True)
class YearCosts:
    """What a model maker spent in its last year with known revenue and operating loss.

    Parameters
    ----------
    company : str
    year : int
    expenses_usd_m, revenue_usd_m : float
        Expenses are revenue plus operating loss.
    basis : str
        ``"outcome"``, or ``"expected"`` where one of the two is guidance.
    payers_m : float
        Paying subscribers last counted; NaN if never.
    rows : tuple of str
    """

    company: str
    year: int
    expenses_usd_m: float
    revenue_usd_m: float
    basis: str
    payers_m: float
    rows: tuple[str, ...]

    @property
    def revenue_a_payer(self) -> float:
        """All revenue over payers, USD a month."""
        return self.revenue_usd_m / (self.payers_m * MONTHS_A_YEAR)

    @property
    def price_needed(self) -> float:
        """Price a month at which the payers last counted would cover everything."""
        return self.expenses_usd_m / (self.payers_m * MONTHS_A_YEAR)

    def payers_needed_m(self, price_usd: float) -> float:
        """Return how many payers, in millions, would cover everything at a price."""
        return self.expenses_usd_m / (price_usd * MONTHS_A_YEAR) if price_usd > 0 else np.nan


def year_costs(vendor_metrics: pd.DataFrame, company: str) -> YearCosts | None:
    """Return a model maker's last full year of costs, or None where it is not known.

    Guidance stands in only where no outcome of that year is known.
    """
    kinds = (*vendor.OUTCOMES, *vendor.GUIDANCE)
    found = {}
    for metric in ("revenue_usd_m", "operating_loss_usd_m"):
        rows = vendor.select(vendor_metrics, metric, company=company, kinds=kinds, months=MONTHS_A_YEAR)
        rows = rows.assign(outcome=rows["kind"].isin(list(vendor.OUTCOMES)), year=rows["date"].dt.year)
        rows = rows.sort_values(["outcome", "published"], kind="stable")
        found[metric] = rows.drop_duplicates("year", keep="last").reset_index(names="row").set_index("year")
    years = found["revenue_usd_m"].index.intersection(found["operating_loss_usd_m"].index)
    if years.empty:
        return None
    year = int(years.max())
    revenue, loss = (found[metric].loc[[year]] for metric in ("revenue_usd_m", "operating_loss_usd_m"))
    taken, lost = float(revenue["value"].iloc[0]), float(loss["value"].iloc[0])
    payers = _payers(vendor_metrics, company)
    outcome = bool(revenue["outcome"].iloc[0] and loss["outcome"].iloc[0])
    used = (str(revenue["row"].iloc[0]), str(loss["row"].iloc[0]), *payers.index)
    paying = float(payers["value"].iloc[0]) if len(payers) else np.nan
    return YearCosts(company, year, taken + lost, taken, OUTCOME if outcome else EXPECTED, paying, used)


def _payers(vendor_metrics: pd.DataFrame, company: str) -> pd.DataFrame:
    scopes = ("company", "consumer plans")
    return vendor.select(vendor_metrics, "paying_subscribers_m", company=company, scopes=scopes).tail(1)


def summary(costs: Sequence[YearCosts]) -> pd.DataFrame:
    """Return costs, payers and prices, one row a company.

    Returns
    -------
    DataFrame, indexed by company
        ``year``, ``expenses`` (USD millions), ``payers`` (millions; missing where unknown), ``price`` (all
        revenue a payer) and ``price_needed`` (USD a month), ``basis``, ``rows`` (ids joined by ";").
    """
    table = [
        {"company": cost.company, "year": cost.year, "expenses": cost.expenses_usd_m, "payers": cost.payers_m,
         "price": cost.revenue_a_payer, "price_needed": cost.price_needed, "basis": cost.basis,
         "rows": ";".join(cost.rows)}
        for cost in costs
    ]  # fmt: skip
    columns = ["company", "year", "expenses", "payers", "price", "price_needed", "basis", "rows"]
    return pd.DataFrame(table, columns=columns).set_index("company")


def coverage_surface(costs: Sequence[YearCosts], prices: np.ndarray, payers_m: np.ndarray) -> pd.DataFrame:
    """Return how much of its costs each pair of price and payers would bring in.

    Parameters
    ----------
    costs : sequence of YearCosts
    prices : ndarray of shape (p,)
        USD a month.
    payers_m : ndarray of shape (q,)
        Millions.

    Returns
    -------
    DataFrame of p x q rows a company
        ``company``, ``price``, ``payers``, ``percent``.
    """
    price, payers = (grid.ravel() for grid in np.meshgrid(prices, payers_m))
    parts = [
        pd.DataFrame(
            {"company": cost.company, "price": price, "payers": payers,
             "percent": PERCENT * price * payers * MONTHS_A_YEAR / cost.expenses_usd_m}
        )
        for cost in costs
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(
        columns=["company", "price", "payers", "percent"]
    )  # fmt: skip


def margins(cash_flows: pd.DataFrame) -> pd.DataFrame:
    """Return each builder's free-cash-flow margin of 2019 and of its last twelve months.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter

    Returns
    -------
    DataFrame, one row a firm with both, indexed by ticker
        ``before`` and ``now`` (per cent of revenue), ``revenue``, ``free_cash_flow``, ``capex`` (last twelve
        months, USD millions), ``period_end``, ``rows``.
    """
    flows = in_order(cash_flows[cash_flows["ticker"].astype(str).isin(list(BUILDERS))])
    flows = flows.assign(free_cash_flow=free_cash_flow(flows, DEFINITION), ticker=flows["ticker"].astype(str))
    flows["year"] = calendar_quarter(flows["period_end"]).dt.year
    last = last_twelve_months(flows, ["revenue", "free_cash_flow", "capex"])
    table = []
    for label, row in last.iterrows():
        own = flows[flows["ticker"] == row["ticker"]]
        then = own[own["year"] == MARGIN_YEAR][["revenue", "free_cash_flow"]].dropna()
        if len(then) < QUARTERS_A_YEAR:
            continue
        upto = own.loc[:label].tail(QUARTERS_A_YEAR)
        table.append(
            {"ticker": row["ticker"], "before": PERCENT * then["free_cash_flow"].sum() / then["revenue"].sum(),
             "now": PERCENT * row["free_cash_flow_12m"] / row["revenue_12m"], "revenue": row["revenue_12m"],
             "free_cash_flow": row["free_cash_flow_12m"], "capex": row["capex_12m"],
             "period_end": row["period_end"], "rows": ";".join([*then.index, *upto.index])}
        )  # fmt: skip
    columns = ["ticker", "before", "now", "revenue", "free_cash_flow", "capex", "period_end", "rows"]
    return pd.DataFrame(table, columns=columns).set_index("ticker")


def revenue_needed(firms: pd.DataFrame, cash_margin: Any, capex_growth: Any = 0.0) -> Any:
    """Return the AI revenue a year that would bring each firm's cash margin back to 2019.

    Parameters
    ----------
    firms : DataFrame
        From `margins`.
    cash_margin : float or ndarray of shape (n, 1)
        Cash left of a dollar of new revenue before capex, 0 to 1.
    capex_growth : float or ndarray of shape (n, 1)
        Growth of capex over the last twelve months.

    Returns
    -------
    ndarray of shape (firms,) or (n, firms)
        USD millions; 0 where the margin is not below that of 2019, missing where new revenue leaves
        less cash than that margin, so that no amount of it helps.

    Notes
    -----
    Solves (free cash flow + m x) / (revenue + x) = margin of 2019 for x.
    """
    margin = firms["before"].to_numpy(dtype="float64") / PERCENT
    cash = firms["free_cash_flow"].to_numpy(dtype="float64") - capex_growth * firms["capex"].to_numpy(dtype="float64")
    gap = np.maximum(margin * firms["revenue"].to_numpy(dtype="float64") - cash, 0)
    gain = cash_margin - margin
    return np.where(gap == 0, 0.0, gap / np.where(gain > 0, gain, np.nan))


def restored(firms: pd.DataFrame, cash_margin: float, users_m: float | None) -> pd.DataFrame:
    """Put beside each firm's margins what would restore them.

    Parameters
    ----------
    firms : DataFrame
        From `margins`.
    cash_margin : float
    users_m : float or None
        Users over whom it is spread, millions; None if unknown.

    Returns
    -------
    DataFrame
        `firms` with ``needed`` (USD millions a year) and ``usd_a_month`` (a user).
    """
    needed = revenue_needed(firms, cash_margin)
    users = np.nan if users_m is None else users_m
    return firms.assign(needed=needed, usd_a_month=a_user_a_month(needed, users))


def a_user_a_month(usd_m: Any, users_m: Any) -> Any:
    """Return a yearly amount in USD millions as dollars a user a month."""
    return usd_m / (users_m * MONTHS_A_YEAR)
