"""What each round said a start-up is worth: the step from the last one, the multiple of sales, the growth it needs.

A run-rate is a month times twelve, not a year's revenue, and firms do not count sales alike
(`REVENUE_BASIS`): multiples are compared within a firm, not between firms. Amounts are USD millions.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from helpers.analysis import vendor_metrics as vendor
from helpers.analysis.funding_rounds import NO_CASH, NOT_SIGNED, TOTAL

# How the table of vendor metrics says the two firms count revenue.
REVENUE_BASIS = {"OpenAI": "net of what partners keep", "Anthropic": "gross, with resale by clouds"}
UNSTATED_BASIS = "basis not stated"
# A run-rate older than a quarter at the date of a round is too old to value it by.
RUN_RATE_WITHIN_DAYS = 92
# Mean length of a month in days: 365.25 / 12.
DAYS_A_MONTH = 30.4375
MONTHS_A_YEAR = 12
# The rows of assumptions.csv that the growth implied by a valuation rests on.
RETURN, SALES_MULTIPLE, YEARS = GROWTH_ASSUMPTIONS = (
    "funding_required_return",
    "funding_mature_sales_multiple",
    "funding_years_to_maturity",
)
# Valuations after xAI bought X, as the notes say, price another firm than those before.
_OTHER_PERIMETER = r"includes X\b"


def valuations(counted: pd.DataFrame, include_guidance: bool = False) -> pd.DataFrame:
    """Return the rounds with a stated post-money value, one row a round.

    Parameters
    ----------
    counted : DataFrame
        From `funding_rounds.count_rounds`.
    include_guidance : bool
        True keeps rounds that have not closed.

    Returns
    -------
    DataFrame
        Rows of `counted` in order of firm and date; of a round in several parts (the name up to the comma) the
        first. Adds ``pre_money`` (stated, or post-money less the money; missing where the amount is) and
        ``whole_firm`` (False where the value covers a merged firm too).
    """
    unwanted = [TOTAL, NO_CASH] if include_guidance else [TOTAL, NO_CASH, NOT_SIGNED]
    rows = counted[counted["post_money_usd_m"].notna() & ~counted["treatment"].isin(unwanted)]
    family = rows["company"].astype(str) + "/" + rows["round"].astype(str).str.split(",").str[0]
    rows = rows[~family.duplicated()]
    # Old shares that change hands leave the value as it was.
    new_money = rows["amount_usd_m"].mask(rows["instrument"] == "secondary", 0.0)
    pre = rows["pre_money_usd_m"].fillna(rows["post_money_usd_m"] - new_money)
    other = rows["note"].fillna("").astype(str).str.contains(_OTHER_PERIMETER)
    return rows.assign(pre_money=pre, whole_firm=~other)


def step_ups(valued: pd.DataFrame) -> pd.DataFrame:
    """Compare each valuation with the one before it.

    Parameters
    ----------
    valued : DataFrame
        From `valuations`.

    Returns
    -------
    DataFrame, one row a round but for each firm's first
        ``company``, ``date``, ``round``, ``previous_round``, ``previous_date``, ``previous_usd_m``,
        ``post_money_usd_m``, ``multiple`` (post over post), ``price_multiple`` (pre-money over the post-money
        before: the gain of an old share if no other shares were issued), ``months``, ``yearly_percent`` (the growth
        a year that the multiple is at that pace) and ``comparable`` (both values cover the same firm).
    """
    by_firm = valued.groupby(valued["company"].astype(str), sort=False)
    before = by_firm["post_money_usd_m"].shift()
    previous_date = by_firm["date"].shift()
    whole = valued["whole_firm"]
    table = valued[["company", "date", "round", "post_money_usd_m"]].assign(
        previous_round=by_firm["round"].shift(),
        previous_date=previous_date,
        previous_usd_m=before,
        multiple=valued["post_money_usd_m"] / before,
        price_multiple=valued["pre_money"] / before,
        months=(valued["date"] - previous_date).dt.days / DAYS_A_MONTH,
        comparable=whole == by_firm["whole_firm"].shift().fillna(True).astype(bool),
    )
    table = table[before.notna()]
    pace = table["multiple"] ** (MONTHS_A_YEAR / table["months"].where(table["months"] > 0)) - 1
    return table.assign(yearly_percent=100 * pace)


def multiples(valued: pd.DataFrame, vendor_metrics: pd.DataFrame) -> pd.DataFrame:
    """Divide each valuation by the last run-rate known for a day before it.

    Parameters
    ----------
    valued : DataFrame
        From `valuations`.
    vendor_metrics : DataFrame
        As known on the same day.

    Returns
    -------
    DataFrame, one row a round with a run-rate at most `RUN_RATE_WITHIN_DAYS` old
        ``company``, ``date``, ``round``, ``post_money_usd_m``, ``run_rate_usd_m``, ``run_rate_date``,
        ``multiple``, ``basis`` (how the firm counts revenue) and ``run_rate_row``; row ids of the rounds.
    """
    firms = valued["company"].astype(str)
    known = {
        firm: vendor.select(vendor_metrics, "annualised_revenue_usd_m", company=firm) for firm in dict.fromkeys(firms)
    }
    found = {}
    for label, firm, day in zip(valued.index, firms, valued["date"], strict=True):
        rate = vendor.latest_before(known[firm], day, within_days=RUN_RATE_WITHIN_DAYS)
        if len(rate):
            found[label] = (float(rate["value"].iloc[0]), rate["date"].iloc[0], rate.index[0])
    columns = ["run_rate_usd_m", "run_rate_date", "run_rate_row"]
    rates = pd.DataFrame.from_dict(found, orient="index", columns=columns)
    table = valued.loc[rates.index, ["company", "date", "round", "post_money_usd_m"]].join(rates)
    basis = table["company"].astype(str).map(REVENUE_BASIS).fillna(UNSTATED_BASIS)
    return table.assign(multiple=table["post_money_usd_m"] / table["run_rate_usd_m"], basis=basis)


def growth_kept_up(valued: pd.DataFrame, vendor_metrics: pd.DataFrame) -> pd.DataFrame:
    """Hold the step in value against the step in run-rate between the same two rounds.

    Returns
    -------
    DataFrame, one row a round whose firm has a multiple at the round before too
        ``company``, ``date``, ``round``, ``value_multiple``, ``run_rate_multiple``; a value that rose faster than
        sales was paid for by a higher price of a dollar of sales.
    """
    table = multiples(valued, vendor_metrics)
    by_firm = table.groupby(table["company"].astype(str), sort=False)
    table = table[["company", "date", "round"]].assign(
        value_multiple=table["post_money_usd_m"] / by_firm["post_money_usd_m"].shift(),
        run_rate_multiple=table["run_rate_usd_m"] / by_firm["run_rate_usd_m"].shift(),
    )
    return table.dropna(subset=["value_multiple"])


def required_growth(priced: pd.DataFrame, assumptions: pd.DataFrame) -> pd.DataFrame:
    """Return the growth of sales a year that would make a valuation pay.

    Parameters
    ----------
    priced : DataFrame
        From `multiples`.
    assumptions : DataFrame
        The table of assumptions, with the rows `GROWTH_ASSUMPTIONS`.

    Returns
    -------
    DataFrame, on the index of `priced`
        ``company``, ``date``, ``round``, and ``low``, ``mode``, ``high`` in per cent a year.

    Raises
    ------
    KeyError
        If an assumption is missing.

    Notes
    -----
    With a required return r, years N and a mature price of M times sales, sales must grow by
    ``((1 + r)^N * multiple / M)^(1/N) - 1`` a year. Low and high are the extremes over all corners of the ranges;
    new shares issued on the way, which raise what is needed, are left out.
    """
    rows = assumptions.set_index("id").loc[list(GROWTH_ASSUMPTIONS)]
    multiple = priced["multiple"]
    ranges = zip(rows["low"].astype(float), rows["high"].astype(float), strict=True)
    every = np.vstack([_growth(multiple, *corner) for corner in product(*ranges)])
    mode = _growth(multiple, *rows["mode"].astype(float))
    return priced[["company", "date", "round"]].assign(low=every.min(axis=0), mode=mode, high=every.max(axis=0))


def _growth(multiple: pd.Series, rate: float, sales: float, years: float) -> pd.Series:
    growth: pd.Series = 100 * (((1 + rate) ** years * multiple / sales) ** (1 / years) - 1)
    return growth
