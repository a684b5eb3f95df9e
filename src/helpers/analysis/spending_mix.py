"""What AI spending is paid from, firm by firm: the firm's own business, debt, equity, or what nobody knows.

For a builder the spending is its capex: no firm splits off AI. For a model maker it is all it spends, revenue plus
operating loss: its customers pay the revenue, investors the loss. Operating losses hold pay in shares, which is no
cash. Amounts are USD millions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from helpers.analysis import vendor_metrics as vendor
from helpers.analysis.fiscal_quarters import QUARTERS_A_YEAR, latest_quarters
from helpers.analysis.free_cash_flow import FIRMS
from helpers.analysis.listed_firms_financing import capex_paid_from
from helpers.analysis.money_flows import BUILDERS, MODEL_MAKERS, firm_quarters, loss_of_year

# The builders the article names, and the one listed firm that rents out AI computing and nothing else.
SPENDERS = (*BUILDERS, "CRWV")
OWN, DEBT, EQUITY, OTHER = PAID_BY = ("own_business", "debt", "equity", "cash_in_hand_and_other")
OPERATIONS_FIRST, PRO_RATA = "operations pay first", "every source pays its share"
# A debt flow that is not known brings money in or it does not: counted as none, the outside share is a lower bound.
PRO_RATA_AT_LEAST = "every source pays its share, debt that is not known counted as none"
CONVENTIONS = (OPERATIONS_FIRST, PRO_RATA, PRO_RATA_AT_LEAST)
BUILDER, MODEL_MAKER = "builder", "model maker"
COLUMNS = ["firm", "kind", "period", "spending", *PAID_BY, "outside_percent", "missing", "rows"]
_MONTHS_A_YEAR = 12


def spending_mix(
    cash_flows: pd.DataFrame,
    financing: pd.DataFrame,
    vendor_metrics: pd.DataFrame,
    as_of: str,
    convention: str = OPERATIONS_FIRST,
) -> pd.DataFrame:
    """Split each firm's spending by what paid for it.

    Parameters
    ----------
    cash_flows, financing : DataFrame, one row a firm-quarter, indexed by row id
    vendor_metrics : DataFrame, indexed by row id
        All as known on `as_of`.
    as_of : str
        ISO date: model makers are judged on the last calendar year that was over.
    convention : str
        One of `CONVENTIONS`. Money has no name: either the firm's own business pays first and debt and shares the
        rest, or each source pays in proportion to what it brought in; the last gives what outside money paid at
        least.

    Returns
    -------
    DataFrame, one row a firm
        ``firm``, ``kind``, ``period`` in words, ``spending``, one column for each of `PAID_BY`,
        ``outside_percent`` (debt and equity over spending), ``missing`` (names the figure; then the rest is
        missing) and ``rows`` (ids joined by ";").

    Raises
    ------
    ValueError
        If the convention is unknown.
    """
    return spending_mixes(cash_flows, financing, vendor_metrics, as_of, (convention,))[convention]


def spending_mixes(
    cash_flows: pd.DataFrame,
    financing: pd.DataFrame,
    vendor_metrics: pd.DataFrame,
    as_of: str,
    conventions: Sequence[str] = CONVENTIONS,
) -> dict[str, pd.DataFrame]:
    """Split each firm's spending under several conventions; parameters, tables and errors as in `spending_mix`."""
    for convention in conventions:
        if convention not in CONVENTIONS:
            raise ValueError(f"unknown convention {convention!r}; expected one of {', '.join(CONVENTIONS)}")
    quarters = firm_quarters(cash_flows, financing, SPENDERS)
    last = latest_quarters(quarters, QUARTERS_A_YEAR) if len(quarters) else quarters
    by_ticker = {ticker: last[last["ticker"] == ticker] for ticker in SPENDERS}
    years = _years(by_ticker)
    year = pd.Timestamp(as_of).year - 1
    # What a model maker's customers and investors paid hangs on no convention.
    makers = [_of_model_maker(vendor_metrics, company, year) for company in MODEL_MAKERS]
    mixes = {}
    for convention in conventions:
        paid = _paid(years, convention)
        builders = [_of_builder(ticker, part, paid) for ticker, part in by_ticker.items()]
        mixes[convention] = _mix(builders + makers)
    return mixes


def _mix(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Lay out the table of `spending_mix`."""
    result = pd.DataFrame(rows).reindex(columns=COLUMNS)
    numbers = ["spending", *PAID_BY]
    result[numbers] = result[numbers].astype("float64")
    result["outside_percent"] = 100 * (result[DEBT] + result[EQUITY]) / result["spending"]
    return result


def _years(by_ticker: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Sum the last four quarters of each builder that has four, by ticker."""
    flows = ["capex", "operating_cash_flow", "net_debt_flow", "to_shareholders"]
    sums = {
        ticker: last[flows].sum(skipna=False).to_dict() | {"shares_issued": last["shares_issued"].sum(min_count=1)}
        for ticker, last in by_ticker.items()
        if len(last) >= QUARTERS_A_YEAR
    }
    return pd.DataFrame.from_dict(sums, orient="index", columns=[*flows, "shares_issued"])


def _paid(years: pd.DataFrame, convention: str) -> pd.DataFrame:
    """Split each builder's capex (also in the result) by what paid for it."""
    if convention == PRO_RATA_AT_LEAST:
        years = years.fillna({"net_debt_flow": 0.0})
    paid = capex_paid_from(years) if convention == OPERATIONS_FIRST else _pro_rata(years)
    return paid.assign(capex=years["capex"])


def _of_builder(ticker: str, last: pd.DataFrame, paid: pd.DataFrame) -> dict[str, Any]:
    """Return one builder's row, from its last known quarters and the split of their capex."""
    name = FIRMS[ticker].name
    row: dict[str, Any] = {"firm": name, "kind": BUILDER, "missing": "", "rows": ";".join(last["rows"])}
    if ticker not in paid.index:
        return row | {"period": "", "missing": f"four quarters of cash and debt flows of {name}"}
    row["period"] = f"twelve months to {last['period_end'].max().date()}"
    own = paid.loc[ticker].to_dict()
    if pd.isna(own["operations"]) or pd.isna(own["debt"]):
        return row | {"missing": f"debt flows of {name} in its last four quarters"}
    amounts = {OWN: own["operations"], DEBT: own["debt"], EQUITY: own["shares"]}
    return row | {"spending": own["capex"], **amounts, OTHER: own["cash_in_hand_and_other"]}


def _pro_rata(year: pd.DataFrame) -> pd.DataFrame:
    """Let each source that brought money in pay its share of capex; missing where the debt flow is."""
    sources = pd.DataFrame(
        {
            "operations": year["operating_cash_flow"].clip(lower=0),
            "debt": year["net_debt_flow"].clip(lower=0),
            "shares": year["shares_issued"].fillna(0),
        }
    )
    total = sources.sum(axis=1, skipna=False)
    # More came in than capex took: each pays in proportion. Less came in: the rest is cash in hand.
    paid = sources.mul((year["capex"] / total).clip(upper=1), axis=0)
    return paid.assign(cash_in_hand_and_other=year["capex"] - paid.sum(axis=1, skipna=False))


def _of_model_maker(vendor_metrics: pd.DataFrame, company: str, year: int) -> dict[str, Any]:
    """Return one model maker's row: revenue and operating loss of a whole year, outcomes only."""
    loss = loss_of_year(vendor_metrics, company, year)
    loss = loss[loss["months"] == _MONTHS_A_YEAR]
    revenue = vendor.select(vendor_metrics, "revenue_usd_m", company=company, months=_MONTHS_A_YEAR)
    revenue = revenue[revenue["date"].dt.year == year].sort_values("published", kind="stable").tail(1)
    row = {"firm": company, "kind": MODEL_MAKER, "period": str(year), "missing": ""}
    row["rows"] = ";".join([*revenue.index, *loss.index])
    if loss.empty or revenue.empty:
        lacking = " and ".join(name for name, rows in (("revenue", revenue), ("operating loss", loss)) if rows.empty)
        return row | {"missing": f"{lacking} of {company} in {year}"}
    taken, lost = float(revenue["value"].iloc[0]), max(float(loss["value"].iloc[0]), 0.0)
    return row | {"spending": taken + lost, OWN: taken, DEBT: 0.0, EQUITY: lost, OTHER: 0.0}


def together(mix: pd.DataFrame) -> dict[str, float]:
    """Return what each of `PAID_BY` paid of all known spending, per cent, and ``spending`` in USD millions."""
    known = mix[mix["missing"] == ""]
    spending = float(known["spending"].sum())
    shares = {name: 100 * float(known[name].sum()) / spending if spending else float("nan") for name in PAID_BY}
    return shares | {"spending": spending}
