"""Identities that the figures must satisfy, within a table and between tables.

Each identity is stated in the descriptor (``identities``: id, statement, tables, tolerance, exceptions with reasons)
and computed here by the function of the same name. A function yields the rows that break it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    Tables = Mapping[str, pd.DataFrame]

Identity = dict[str, Any]

_HYPERSCALER = re.compile(r"hyperscaler_(?P<what>capex|ocf)_(?P<firms>big[45])(_cash)?(?P<half>_h1)?")
"""Series of published sums: what is summed, over which firms, for a year or its first half."""


@dataclass(frozen=True)
class Break:
    """One row that breaks an identity.

    Parameters
    ----------
    row : str
        Row id.
    column : str
        Column that should hold another value.
    expected : str
        What it should hold.
    """

    row: str
    column: str
    expected: str


def breaks(identity: Identity, tables: Tables) -> list[Break]:
    """Return every row that breaks an identity, the declared exceptions included.

    Parameters
    ----------
    identity : dict
        One entry of the descriptor's ``identities``.
    tables : mapping of str to pandas.DataFrame
        The complete tables that the identity names.

    Raises
    ------
    KeyError
        If there is no function of that id here, or a row that the descriptor names is gone.
    """
    return list(RULES[identity["id"]](identity, tables))


def funding_post_money(identity: Identity, tables: Tables) -> Iterator[Break]:
    """Post-money = pre-money + amount, where all three stand."""
    rounds = tables["funding_rounds"].dropna(subset=["amount_usd_m", "pre_money_usd_m", "post_money_usd_m"])
    expected = rounds["pre_money_usd_m"] + rounds["amount_usd_m"]
    return _unequal(rounds["post_money_usd_m"], expected, identity)


def funding_total_of_parts(identity: Identity, tables: Tables) -> Iterator[Break]:
    """Add up the closes of a round: they are the row that states the total."""
    amounts = tables["funding_rounds"]["amount_usd_m"]
    return _unequal(amounts.loc[[identity["total"]]], amounts.loc[identity["parts"]].sum(), identity)


def claims_subscription_revenue(identity: Identity, tables: Tables) -> Iterator[Break]:
    """10 million x 20 USD x 12 = 2,400 USD million, with the price from the price table."""
    claims, price = tables["claims"]["value"], tables["ai_prices"].loc[identity["price"], "price_usd"]
    return _unequal(claims.loc[["claims/A43"]], claims["claims/A42"] * price * 12 / 1e6, identity)


def claims_doubled_revenue(identity: Identity, tables: Tables) -> Iterator[Break]:
    """Twice the revenue from subscriptions and from business."""
    claims = tables["claims"]["value"]
    return _unequal(claims.loc[["claims/A45"]], 2 * (claims["claims/A43"] + claims["claims/A44"]), identity)


def conversion_rate(identity: Identity, tables: Tables) -> Iterator[Break]:
    """Payers over users, where both stand."""
    table = tables["conversion_benchmarks"].dropna(subset=["users_m", "paying_m"])
    return _unequal(table["conversion_rate"], table["paying_m"] / table["users_m"], identity)


def conversion_agrees(identity: Identity, tables: Tables) -> Iterator[Break]:
    """Find the same rate in both tables that hold it."""
    vendors = tables["vendor_metrics"].query("metric == 'conversion_rate'")
    for row, benchmark in tables["conversion_benchmarks"].iterrows():
        company = identity["services"].get(benchmark["service"])
        same = vendors[
            (vendors["company"] == company)
            & (vendors["date"] == benchmark["date"])
            & (vendors["source_id"] == benchmark["source_id"])
        ]
        for rate in same["value"]:
            if abs(rate - benchmark["conversion_rate"]) > identity["tolerance"] * 1.001:
                yield Break(str(row), "conversion_rate", f"{rate:g}, as vendor_metrics has it")


def technology_investment(identity: Identity, tables: Tables) -> Iterator[Break]:
    """Equipment + software = information processing equipment and software."""
    table = tables["macro_us"]
    expected = table["info_processing_equipment_bn"] + table["software_bn"]
    return _unequal(table["private_investment_info_processing_software_bn"], expected, identity)


def hyperscaler_sums(identity: Identity, tables: Tables) -> Iterator[Break]:
    """Sum cash_flows by calendar quarter: they are the published sums, in USD billion."""
    import pandas as pd

    flows = tables["cash_flows"]
    # The calendar quarter that holds the middle of the fiscal quarter, as the source takes it.
    middle = pd.DatetimeIndex(flows["period_end"] - pd.Timedelta(days=45))
    published = tables["bubble_benchmarks"]
    four = ["AMZN", "GOOGL", "META", "MSFT"]
    firms = {"big4": four, "big5": [*four, "ORCL"]}
    stated = zip(published.index, published["series"], published["year"], published["value"], strict=True)
    for row, series, year, value in stated:
        found = _HYPERSCALER.fullmatch(series)
        if found is None:
            continue
        in_period = (middle.year == year) & ((middle.quarter <= 2) if found["half"] else True)
        summed = flows[in_period & flows["ticker"].isin(firms[found["firms"]]).to_numpy()]
        column = "capex" if found["what"] == "capex" else "operating_cash_flow"
        expected = summed[column].sum(min_count=len(summed)) / 1000
        # A missing quarter makes the sum missing, and a comparison with a missing value must not pass.
        if not abs(value - expected) <= identity["tolerance"]:
            yield Break(str(row), "value", f"{expected:.2f}, the sum of cash_flows")


def telecom_capital_stock(identity: Identity, tables: Tables) -> Iterator[Break]:
    """Equipment + structures = the series of both, year by year."""
    stock = tables["bubble_benchmarks"]
    name = "us_telecom_net_capital_stock_"
    parts = stock[stock["series"].isin([f"{name}equipment", f"{name}structures"])].groupby("year")["value"].sum()
    both = stock[stock["series"] == f"{name}equipment_and_structures"]
    return _unequal(both["value"], both["year"].map(parts), identity)


def quarter_labels(_identity: Identity, tables: Tables) -> Iterator[Break]:
    """Give a firm's quarter one fiscal label in both tables."""
    flows = tables["cash_flows"].set_index(["ticker", "period_end"])
    for row, quarter in tables["financing"].iterrows():
        key = (quarter["ticker"], quarter["period_end"])
        if key not in flows.index:
            yield Break(str(row), "period_end", "a quarter of cash_flows")
            continue
        for column in ("fiscal_year", "fiscal_quarter"):
            if flows.loc[key, column] != quarter[column]:
                yield Break(str(row), column, f"{flows.loc[key, column]}, as cash_flows has it")


def proceeds_within_capex(identity: Identity, tables: Tables) -> Iterator[Break]:
    """Proceeds of property do not exceed what was paid for property."""
    flows = tables["cash_flows"]
    for row in flows.index[flows["capex_proceeds"] > flows["capex"] + identity["tolerance"]]:
        yield Break(str(row), "capex_proceeds", "at most capex")


def case_dates(_identity: Identity, tables: Tables) -> Iterator[Break]:
    """Filed, then decided, then read."""
    cases = tables["litigation"]
    for column, later in (
        ("filed_date", "outcome_date"),
        ("filed_date", "status_as_of"),
        ("outcome_date", "status_as_of"),
    ):
        for row in cases.index[cases[column] > cases[later]]:
            yield Break(str(row), column, f"a day no later than {later}")


def statutory_claims(identity: Identity, tables: Tables) -> Iterator[Break]:
    """Works x the wilful maximum = the amount claimed, in the cases that say so."""
    cases = tables["litigation"].loc[[f"litigation/{case}" for case in identity["cases"]]]
    award = tables["statutory_damages"].loc[identity["award"], "amount"]
    expected = cases["works_at_issue"].astype("float64") * award / 1e6
    return _unequal(
        cases["damages_claimed_usd_m"], expected, identity | {"tolerance": expected * identity["tolerance"]}
    )


def settlements_agree(identity: Identity, tables: Tables) -> Iterator[Break]:
    """Find the same settlement in both tables that hold it."""
    cases, matters = (tables[name] for name in ("litigation", "litigation_benchmarks"))
    for case, matter in identity["pairs"].items():
        amount = cases.loc[[case], "settlement_usd_m"]
        yield from _unequal(amount, matters.loc[matter, "amount_usd_m"], identity)


def _unequal(values: pd.Series[Any], expected: Any, identity: Identity) -> Iterator[Break]:
    """Yield the rows whose value is further from the expected one than the tolerance, or missing."""
    # The factor keeps a difference of exactly the tolerance inside, whatever the last binary digit says.
    near = (values - expected).abs() <= identity["tolerance"] * 1.001
    wanted = expected if hasattr(expected, "loc") else dict.fromkeys(values.index, expected)
    for row in values.index[~near]:
        yield Break(str(row), str(values.name), f"{wanted[row]:g}")


RULES: dict[str, Callable[[Identity, Any], Iterator[Break]]] = {
    rule.__name__: rule
    for rule in (
        funding_post_money,
        funding_total_of_parts,
        claims_subscription_revenue,
        claims_doubled_revenue,
        conversion_rate,
        conversion_agrees,
        technology_investment,
        hyperscaler_sums,
        telecom_capital_stock,
        quarter_labels,
        proceeds_within_capex,
        case_dates,
        statutory_claims,
        settlements_agree,
    )
}
"""The function of each identity, by its id in the descriptor."""
