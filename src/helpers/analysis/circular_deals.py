"""Who promised money to whom, and how much of it could come back: the deals as a directed graph.

An edge runs from who pays to who is paid. A cycle is a chain of promises that ends where it began; its
weakest link is the smallest promise in it, the most that could go all the way round. Promises cover different
years and kinds (a stake is not a purchase): a cycle shows dependence, not an account that could be settled.
Amounts are USD millions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import networkx as nx  # type: ignore[import-untyped]
import pandas as pd

PURCHASES = ("compute purchase", "chip purchase")
# Kinds in which money is meant to move; a backstop pays only if another does not.
FLOWS = (*PURCHASES, "equity investment", "loan")

COUNTED = "counted"
REPLACED = "inside a later total"
PLAN = "plan or total over unnamed partners"
UNNAMED = "partners not named"
NOT_BINDING = "letter of intent or talks: not binding"
BACKSTOP = "backstop: pays only if another does not"
UNKNOWN_AMOUNT = "amount not disclosed"

# How the notes of the table mark what is not a further promise.
_REPLACES = r"do not add to the row above|replaces the row above"
_TOTALS = r"overlaps the single rows|plan, not contracts"
_NOT_BINDING = r"letter of intent|in talks"
KEY = ["payer", "payee", "kind"]


def count_deals(commitments: pd.DataFrame, include_guidance: bool = False) -> pd.DataFrame:
    """Say of every promise whether it stands in the graph, and why not.

    Parameters
    ----------
    commitments : DataFrame, one row a promise, indexed by row id
        The table ``compute_commitments`` as known on some day.
    include_guidance : bool
        True keeps letters of intent and talks, unless a later deal of the same two and kind took their place.

    Returns
    -------
    DataFrame
        The rows in order of date with ``treatment``. A row of unknown amount stands in the graph
        (`UNKNOWN_AMOUNT`), with no dollars.
    """
    rows = commitments.sort_values("date", kind="stable")
    notes = rows["note"].fillna("").astype(str)
    unnamed = rows["payee"].str.startswith("(") | rows["payer"].str.startswith("(")
    tentative = notes.str.contains(_NOT_BINDING)
    reasons = {
        PLAN: notes.str.contains(_TOTALS),
        UNNAMED: unnamed,
        BACKSTOP: rows["kind"] == "backstop",
        REPLACED: _replaced(rows, notes),
        NOT_BINDING: tentative & (_has_successor(rows, tentative) | (not include_guidance)),
        UNKNOWN_AMOUNT: rows["amount_usd_m"].isna(),
    }
    treatment = pd.Series(COUNTED, index=rows.index, dtype="str")
    for reason in reversed(reasons):
        treatment = treatment.mask(reasons[reason], reason)
    return rows.assign(treatment=treatment)


def _replaced(rows: pd.DataFrame, notes: pd.Series) -> pd.Series:
    """Tell which rows a later row of the same two and kind says it contains: always the one just above it."""
    previous = pd.Series(rows.index, index=rows.index).groupby([rows[name].astype(str) for name in KEY]).shift()
    inside = previous[notes.str.contains(_REPLACES)].dropna()
    return pd.Series(rows.index.isin(set(inside)), index=rows.index)


def _has_successor(rows: pd.DataFrame, tentative: pd.Series) -> pd.Series:
    """Tell which rows have a later firm one of the same two and kind."""
    keys = rows[KEY].astype(str).agg("|".join, axis=1)
    last_firm = rows["date"].where(~tentative).groupby(keys).transform("max")
    return last_firm > rows["date"]


def deal_graph(counted: pd.DataFrame) -> nx.DiGraph:
    """Return the graph of the promises that count.

    Parameters
    ----------
    counted : DataFrame
        From `count_deals`.

    Returns
    -------
    networkx.DiGraph
        An edge from payer to payee with ``amount`` (sum of the known amounts, USD millions; None where none is
        known), ``complete`` (every amount is known), ``kinds`` and ``rows``.
    """
    graph = nx.DiGraph()
    edges = counted[counted["treatment"].isin([COUNTED, UNKNOWN_AMOUNT])]
    for (payer, payee), part in edges.groupby(["payer", "payee"], sort=True):
        known = part["amount_usd_m"].dropna()
        graph.add_edge(
            payer,
            payee,
            amount=float(known.sum()) if len(known) else None,
            complete=len(known) == len(part),
            kinds=tuple(sorted(set(part["kind"].astype(str)))),
            rows=tuple(part.index),
        )
    return graph


def cycles(graph: nx.DiGraph) -> pd.DataFrame:
    """List every simple cycle with its weakest link.

    Parameters
    ----------
    graph : networkx.DiGraph
        From `deal_graph`.

    Returns
    -------
    DataFrame, one row a cycle; shortest first, then the strongest weakest link
        ``firms`` (in order of payment, beginning with the first in the alphabet), ``length``, ``weakest_from``,
        ``weakest_to``, ``weakest_usd_m`` (missing where a link of the cycle has no known amount), ``rows``.
    """
    table = []
    for found in nx.simple_cycles(graph):
        first = found.index(min(found))
        firms = tuple(found[first:] + found[:first])
        links = list(zip(firms, firms[1:] + firms[:1], strict=True))
        amounts = {link: graph.edges[link]["amount"] for link in links}
        known = all(amount is not None for amount in amounts.values())
        weakest = min(links, key=lambda link: amounts[link]) if known else (None, None)
        rows = tuple(row for link in links for row in graph.edges[link]["rows"])
        table.append(
            {"firms": firms, "length": len(firms), "weakest_from": weakest[0], "weakest_to": weakest[1],
             "weakest_usd_m": amounts[weakest] if known else None, "rows": rows}
        )  # fmt: skip
    columns = ["firms", "length", "weakest_from", "weakest_to", "weakest_usd_m", "rows"]
    result = pd.DataFrame(table, columns=columns).astype({"weakest_usd_m": "float64"})
    return result.sort_values(
        ["length", "weakest_usd_m", "firms"], ascending=[True, False, True], ignore_index=True, na_position="last"
    )


def gross_and_net(graph: nx.DiGraph) -> dict[str, float]:
    """Sum the promises, gross and with all that goes round taken out.

    Parameters
    ----------
    graph : networkx.DiGraph
        From `deal_graph`; edges of unknown amount are left out.

    Returns
    -------
    dict
        ``gross``, ``circular`` and ``net`` (gross less circular), USD millions.

    Notes
    -----
    ``circular`` is the largest circulation that fits under the promises: dollars that can be taken off along
    cycles while every firm's receipts less payments stay as they are. It is found exactly, on whole millions,
    as a minimum-cost flow. Taking out cycles greedily would depend on their order; this does not. It is known as
    conservative compression: D'Errico and Roukny, Compressing over-the-counter markets, Operations Research 69 (2021).
    """
    flow = nx.DiGraph()
    flow.add_nodes_from(graph.nodes, demand=0)
    for payer, payee, amount in _known(graph):
        flow.add_edge(payer, payee, capacity=round(amount), weight=-1)
    gross = sum(amount for _, _, amount in _known(graph))
    circular = abs(float(nx.min_cost_flow_cost(flow))) if flow.number_of_edges() else 0.0
    return {"gross": gross, "circular": circular, "net": gross - circular}


def _known(graph: nx.DiGraph) -> list[tuple[str, str, float]]:
    return [(payer, payee, amount) for payer, payee, amount in graph.edges(data="amount") if amount is not None]


def gross_and_net_by_month(commitments: pd.DataFrame, as_of: str, include_guidance: bool = False) -> pd.DataFrame:
    """Return `gross_and_net` at the end of each month up to a day, from what was known then.

    Parameters
    ----------
    commitments : DataFrame
    as_of : str
        ISO date.
    include_guidance : bool

    Returns
    -------
    DataFrame
        ``date``, ``gross``, ``circular``, ``net``; empty where no promise is known.
    """
    table: list[dict[str, Any]] = []
    if len(commitments):
        ends = pd.date_range(commitments["date"].min(), as_of, freq="ME").union([pd.Timestamp(as_of)])
        for end in ends:
            known = commitments[commitments["date"] <= end]
            table.append({"date": end, **gross_and_net(deal_graph(count_deals(known, include_guidance)))})
    return pd.DataFrame(table, columns=["date", "gross", "circular", "net"])


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
