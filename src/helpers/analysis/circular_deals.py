"""Who promised money to whom, and how much of it could come back: the deals as a directed graph.

An edge runs from who pays to who is paid. A cycle is a chain of promises that ends where it began; its
weakest link is the smallest promise in it, the most that could go all the way round. Promises cover different
years and kinds (a stake is not a purchase): a cycle shows dependence, not an account that could be settled.
Amounts are USD millions.
"""

from __future__ import annotations

from typing import Any

import networkx as nx
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
    keys = [rows[name].astype(str) for name in KEY]
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
    promises: dict[tuple[str, str], list[tuple[str, float, str]]] = {}
    edges = counted[counted["treatment"].isin([COUNTED, UNKNOWN_AMOUNT])]
    names = ("payer", "payee", "amount_usd_m", "kind")
    for row, payer, payee, amount, kind in zip(edges.index, *(edges[name] for name in names), strict=True):
        promises.setdefault((payer, payee), []).append((row, amount, str(kind)))
    graph = nx.DiGraph()
    for payer, payee in sorted(promises):
        rows, amounts, kinds = zip(*promises[payer, payee], strict=True)
        known = [amount for amount in amounts if pd.notna(amount)]
        graph.add_edge(
            payer,
            payee,
            amount=float(sum(known)) if known else None,
            complete=len(known) == len(rows),
            kinds=tuple(sorted(set(kinds))),
            rows=rows,
        )
    return graph


def edge_table(graph: nx.DiGraph) -> pd.DataFrame:
    """Return the edges of the graph as a frame.

    Returns
    -------
    DataFrame, one row a payer and payee, largest first
        ``payer``, ``payee``, ``amount_usd_m`` (missing where not disclosed), ``purchase`` (the payer buys computing or
        chips), ``in_cycle`` (the edge is part of a cycle) and ``rows``.
    """
    component = {firm: number for number, part in enumerate(nx.strongly_connected_components(graph)) for firm in part}
    table = [
        {"payer": payer, "payee": payee, "amount_usd_m": edge["amount"], "rows": edge["rows"],
         "purchase": any(kind in PURCHASES for kind in edge["kinds"]), "in_cycle": component[payer] == component[payee]}
        for payer, payee, edge in graph.edges(data=True)
    ]  # fmt: skip
    columns = ["payer", "payee", "amount_usd_m", "purchase", "in_cycle", "rows"]
    result = pd.DataFrame(table, columns=columns).astype({"amount_usd_m": "float64", "in_cycle": bool})
    return result.sort_values("amount_usd_m", ascending=False, ignore_index=True)


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
        sums: dict[int, dict[str, float]] = {}
        for end in ends:
            known = commitments[commitments["date"] <= end]
            # A month in which nothing was promised ends as it began.
            if len(known) not in sums:
                sums[len(known)] = gross_and_net(deal_graph(count_deals(known, include_guidance)))
            table.append({"date": end, **sums[len(known)]})
    return pd.DataFrame(table, columns=["date", "gross", "circular", "net"])
