"""The graph of promises: what counts, cycles and weakest links, gross and net, promises against revenue."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import tables
from helpers.analysis import circular_deals as deals
from helpers.analysis import promises

ARTICLE, NOW = "2025-09-05", "2026-10-31"


def counted(day: str, include_guidance: bool = False) -> pd.DataFrame:
    return deals.count_deals(tables.load("compute_commitments", as_of=day), include_guidance)


def made_up(*rows: tuple) -> pd.DataFrame:
    """Make promises of (payer, payee, amount, note)."""
    frame = pd.DataFrame(rows, columns=["payer", "payee", "amount_usd_m", "note"])
    frame = frame.assign(date=pd.Timestamp("2025-01-01"), kind="compute purchase", years=5.0)
    return frame.set_index(pd.Index([f"compute_commitments/{place}" for place in range(len(frame))]))


def net_positions(amounts: dict[tuple[str, str], float]) -> dict[str, float]:
    position: dict[str, float] = {}
    for (payer, payee), amount in amounts.items():
        position[payer] = position.get(payer, 0.0) - amount
        position[payee] = position.get(payee, 0.0) + amount
    return position


def test_what_counts_now() -> None:
    why = counted(NOW).groupby("treatment")["amount_usd_m"].apply(lambda amounts: sorted(amounts.dropna()))
    assert why[deals.REPLACED] == [6_500, 45_000]
    assert why[deals.PLAN] == [518_000, 750_000]
    assert why[deals.UNNAMED] == [26_000]
    assert why[deals.NOT_BINDING] == [20_000, 100_000]
    assert why[deals.BACKSTOP] == [1_400, 3_200, 6_300, 105_000]


def test_a_total_replaces_its_part_only_once_it_is_known() -> None:
    before, after = (deals.deal_graph(counted(day)) for day in ("2026-09-01", NOW))
    assert before.edges["Anthropic", "SpaceX (xAI)"]["amount"] == 45_000
    assert after.edges["Anthropic", "SpaceX (xAI)"]["amount"] == 84_500
    assert after.edges["OpenAI", "Amazon"]["amount"] == 38_000 + 100_000
    assert after.edges["OpenAI", "CoreWeave"]["amount"] == 22_400


def test_a_letter_of_intent_counts_until_the_deal_takes_its_place() -> None:
    letter = deals.deal_graph(counted("2025-10-01", include_guidance=True))
    deal = deals.deal_graph(counted(NOW, include_guidance=True))
    assert letter.edges["NVIDIA", "OpenAI"]["amount"] == 100_000
    assert deal.edges["NVIDIA", "OpenAI"]["amount"] == 30_000
    assert not deals.deal_graph(counted("2025-10-01")).has_edge("NVIDIA", "OpenAI")


def test_nothing_went_round_when_the_article_appeared() -> None:
    graph = deals.deal_graph(counted(ARTICLE))
    assert deals.cycles(graph).empty
    assert deals.gross_and_net(graph) == {"gross": 47_650, "circular": 0, "net": 47_650}


def test_cycles_now() -> None:
    found = deals.cycles(deals.deal_graph(counted(NOW))).set_index("firms")
    assert len(found) == 14
    assert found.loc[[("Amazon", "OpenAI")], "weakest_usd_m"].tolist() == [50_000]
    ring = found.loc[[("NVIDIA", "OpenAI", "Oracle")]].iloc[0]
    assert (ring["weakest_from"], ring["weakest_to"], ring["weakest_usd_m"]) == ("NVIDIA", "OpenAI", 30_000)
    assert found.loc[[("AMD", "OpenAI")], "weakest_usd_m"].isna().all()  # amounts not disclosed


def test_gross_and_net_now() -> None:
    sums = deals.gross_and_net(deals.deal_graph(counted(NOW)))
    assert sums == {"gross": 1_840_050, "circular": 406_700, "net": 1_433_350}


def test_weakest_link_by_hand() -> None:
    graph = deals.deal_graph(counted_rows(("A", "B", 10.0, ""), ("B", "C", 4.0, ""), ("C", "A", 7.0, "")))
    found = deals.cycles(graph).iloc[0]
    assert found["firms"] == ("A", "B", "C")
    assert (found["weakest_from"], found["weakest_to"], found["weakest_usd_m"]) == ("B", "C", 4)
    assert deals.gross_and_net(graph) == {"gross": 21, "circular": 12, "net": 9}


def counted_rows(*rows: tuple) -> pd.DataFrame:
    return deals.count_deals(made_up(*rows))


AMOUNTS = st.dictionaries(
    st.tuples(st.sampled_from("ABCDE"), st.sampled_from("ABCDE")).filter(lambda pair: pair[0] != pair[1]),
    st.integers(1, 40),
    min_size=1,
    max_size=10,
)


@settings(max_examples=60, deadline=None)
@given(AMOUNTS)
def test_net_is_the_least_that_keeps_every_position(amounts: dict[tuple[str, str], int]) -> None:
    graph = nx.DiGraph()
    for (payer, payee), amount in amounts.items():
        graph.add_edge(payer, payee, amount=float(amount), complete=True, kinds=(), rows=())
    sums = deals.gross_and_net(graph)
    assert sums["gross"] == sum(amounts.values())
    assert 0 <= sums["circular"] <= sums["gross"]
    # Nothing can go round without a cycle, and with one at least its weakest link does.
    weakest = deals.cycles(graph)["weakest_usd_m"]
    assert (sums["circular"] > 0) == bool(len(weakest))
    if len(weakest):
        longest = (
            deals.cycles(graph).assign(total=lambda found: found["weakest_usd_m"] * found["length"])["total"].max()
        )
        assert sums["circular"] >= longest
    # No firm's position can be paid with less than half the sum of all positions.
    assert sums["net"] >= sum(abs(value) for value in net_positions(amounts).values()) / 2


def test_by_month_ends_with_the_day_and_never_looks_ahead() -> None:
    whole = tables.load("compute_commitments")
    table = deals.gross_and_net_by_month(whole, NOW)
    assert table["date"].is_monotonic_increasing
    assert table.iloc[-1][["gross", "net"]].tolist() == [1_840_050, 1_433_350]
    early = deals.gross_and_net_by_month(tables.load("compute_commitments", as_of=ARTICLE), ARTICLE)
    shared = table.merge(early, on="date", suffixes=("", "_early"))
    assert len(shared) >= 30
    assert (shared["gross"] == shared["gross_early"]).all()
    assert deals.gross_and_net_by_month(whole.head(0), "2020-01-01").empty


def test_edges_say_whether_they_are_in_a_cycle() -> None:
    graph = deals.deal_graph(counted(NOW))
    edges = deals.edge_table(graph).set_index(["payer", "payee"])
    in_a_cycle = {link for firms in deals.cycles(graph)["firms"] for link in pairwise([*firms, firms[0]])}
    assert set(edges.index[edges["in_cycle"]]) == in_a_cycle
    assert not edges.loc[("Meta", "CoreWeave"), "in_cycle"]
    assert edges.loc[("OpenAI", "Oracle"), "purchase"]
    assert not edges.loc[("NVIDIA", "OpenAI"), "purchase"]


def test_an_empty_day() -> None:
    table = counted("2020-01-01")
    graph = deals.deal_graph(table)
    assert deals.edge_table(graph).empty
    assert deals.cycles(graph).empty
    assert deals.gross_and_net(graph)["gross"] == 0
    assert promises.purchases_against_revenue(
        table, promises.payer_revenue(table_of("vendor_metrics"), table_of("cash_flows"), [])
    ).empty


def table_of(name: str, day: str = "2020-01-01") -> pd.DataFrame:
    return tables.load(name, as_of=day)


def test_promises_against_revenue() -> None:
    table = counted(NOW)
    revenue = promises.payer_revenue(
        table_of("vendor_metrics", NOW), table_of("cash_flows", NOW), list(set(table["payer"]))
    )
    bought = promises.purchases_against_revenue(table, revenue).set_index("payer")
    assert bought.loc["OpenAI", "promised_usd_m"] == 300_000 + 22_400 + 250_000 + 138_000 + 10_000
    assert bought.loc["OpenAI", "times_revenue"] == pytest.approx(720_400 / 50_000)
    assert bought.loc["OpenAI", "unknown"] == 2  # AMD and Broadcom
    assert bought.loc["OpenAI", "yearly_usd_m"] == pytest.approx(300_000 / 5 + 38_000 / 7 + 100_000 / 8)
    assert bought.loc["Meta", "basis"] == promises.TWELVE_MONTHS
    assert bought.loc["Anthropic", "basis"] == promises.RUN_RATE
    assert (bought["years_known_percent"].between(0, 100)).all()


def test_named_deals_overstate_anthropics_own_total() -> None:
    totals = promises.stated_totals(counted(NOW)).set_index("payer")
    assert totals.loc["Anthropic", "stated_usd_m"] == 518_000
    assert totals.loc["Anthropic", "named_usd_m"] == 724_600
    assert promises.stated_totals(counted(NOW), ["OpenAI"])["payer"].tolist() == ["OpenAI"]
