"""AI revenue beside AI capex: the traps of the tables, the interpolation, the alternatives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import ai_returns, ai_write_offs
from helpers.analysis.capex_claims import SUPPORTED_BELOW

LATEST, ARTICLE = "2026-10-31", "2025-09-05"
NAMES = ("cash_flows", "vendor_metrics", "financing", "assumptions")


@pytest.fixture(scope="module")
def latest() -> list[pd.DataFrame]:
    return [tables.load(name, as_of=LATEST) for name in NAMES]


def test_only_the_builders_own_ai_scopes_count(latest: list[pd.DataFrame]) -> None:
    rates = ai_returns.run_rates(latest[1])
    assert sorted(rates["annual"]) == [15000, 16600, 37000]
    scopes = set(latest[1].loc[rates.index, "scope"].astype(str))
    assert scopes == {"AI business", "AWS AI services"}, "no custom silicon, no Google Cloud as a whole"


def test_nothing_of_the_builders_was_known_at_the_articles_date() -> None:
    assert ai_returns.run_rates(tables.load("vendor_metrics", as_of=ARTICLE)).empty


def rates(*points: tuple[str, float]) -> pd.DataFrame:
    return pd.DataFrame({"date": pd.to_datetime([day for day, _ in points]), "annual": [value for _, value in points]})


def test_a_flat_run_rate_is_a_flat_revenue() -> None:
    revenue = ai_returns.quarterly_ai_revenue(
        rates(("2023-01-01", 400.0), ("2024-06-30", 400.0)), pd.Period("2024Q4"), 3
    )
    assert revenue.to_numpy() == pytest.approx(100.0)
    assert str(revenue.index[0]) == "2023Q1"


def test_growth_between_before_and_after_statements() -> None:
    stated = rates(("2024-02-14", 400.0), ("2025-02-14", 800.0))
    revenue = ai_returns.quarterly_ai_revenue(stated, pd.Period("2026Q1"), 4.0)
    assert revenue["2025Q1"] == pytest.approx(200.0, rel=2e-3)
    assert revenue["2024Q3"] / revenue["2024Q1"] == pytest.approx(np.sqrt(2), rel=0.01)
    assert revenue["2024Q1"] / revenue["2023Q1"] == pytest.approx(4.0, rel=0.02)
    assert revenue["2026Q1"] == revenue["2025Q3"] == pytest.approx(200.0), "held after the last statement"


def test_faster_growth_before_means_less_in_total(latest: list[pd.DataFrame]) -> None:
    capex, stated = ai_returns.ai_capex(latest[0]), ai_returns.run_rates(latest[1])
    slow, fast = (ai_returns.disclosed(capex, stated, growth)[0] for growth in (1.5, 4.0))
    assert all(slow[ticker].value > fast[ticker].value for ticker in ("MSFT", "AMZN"))


def test_capex_above_the_pace_of_2022(latest: list[pd.DataFrame]) -> None:
    flows = latest[0]
    capex = ai_returns.ai_capex(flows)
    microsoft = flows[flows["ticker"].astype(str) == "MSFT"].set_index("period_end")["capex"]
    pace = microsoft["2022-03-31":"2022-12-31"].mean()
    assert capex.loc["cash_flows/MSFT/2025-03-31", "ai_capex"] == pytest.approx(16745 - pace)
    assert capex.loc["cash_flows/MSFT/2022-12-31", "ai_capex"] == 0
    everything = ai_returns.ai_capex(flows, ai_returns.ALL_CAPEX)
    assert everything.loc["cash_flows/MSFT/2025-03-31", "ai_capex"] == 16745
    assert set(capex["ticker"]) == set(ai_returns.BUILDERS)


def test_an_unknown_pace_gives_an_unknown_capex(latest: list[pd.DataFrame]) -> None:
    holed = latest[0].drop("cash_flows/MSFT/2022-06-30")
    capex = ai_returns.ai_capex(holed)
    after = (capex["ticker"] == "MSFT") & (capex["quarter"] >= ai_returns.SINCE)
    assert capex.loc[after, "ai_capex"].isna().all()
    with pytest.raises(ai_returns.MissingFigureError, match="Microsoft"):
        ai_returns.capex_since(capex, ["MSFT"], pd.Period("2024Q4"))


def test_model_makers_are_counted_without_overlap() -> None:
    vendors = tables.load("vendor_metrics", as_of=LATEST)
    amount, last = ai_returns.model_makers_revenue(vendors)
    openai, anthropic = 3700 + 13070 + 5700 + 6700, 386 + 4590 + 4730 + 11500
    assert amount.value == openai + anthropic
    assert last == pd.Timestamp("2026-06-30")
    amount, last = ai_returns.model_makers_revenue(tables.load("vendor_metrics", as_of=ARTICLE))
    assert (amount.value, last) == (3700, pd.Timestamp("2024-12-31"))


def test_alternatives_now(latest: list[pd.DataFrame]) -> None:
    table = ai_returns.alternatives(*latest)
    assert table["ratio"].notna().all()
    assert table["ratio"].to_numpy() == pytest.approx((table["revenue"] / table["capex"]).to_numpy())
    assert table["deciding"].sum() == 1
    deciding = table[table["deciding"]].iloc[0]
    assert deciding["ratio"] == pytest.approx(0.262, abs=5e-4)
    assert deciding["to"] == "2026Q1"
    # The rule that decides is the one kinder to the builders.
    same = table[(table["numerator"] == deciding["numerator"]) & ~table["deciding"]].iloc[0]
    assert same["ratio"] < SUPPORTED_BELOW < deciding["ratio"]
    for rows in table["rows"]:
        tables.grades(rows)


def test_alternatives_at_the_articles_date_name_what_is_missing() -> None:
    table = ai_returns.alternatives(*(tables.load(name, as_of=ARTICLE) for name in NAMES))
    unknown = table[table["ratio"].isna()]
    assert len(unknown) == 6
    assert unknown["missing"].str.contains("no builder's own figure").all()
    known = table[table["ratio"].notna()].set_index("numerator")["ratio"]
    assert known.to_numpy() == pytest.approx([0.9095, 0.0478], abs=5e-4)


def test_revenue_against_write_off(latest: list[pd.DataFrame]) -> None:
    lives = {"mode": 5.0, "low": 3.0}
    table = ai_write_offs.revenue_against_depreciation(latest[0], latest[1], lives, day=ARTICLE).set_index("ticker")
    microsoft = table.loc["MSFT"]
    assert microsoft["revenue"] == 16600
    capex = ai_returns.ai_capex(latest[0])
    own = capex[(capex["ticker"] == "MSFT") & (capex["quarter"] < "2025Q1")]
    assert microsoft["mode"] == pytest.approx(own["ai_capex"].sum() / 5)
    assert microsoft["low"] == pytest.approx(own["ai_capex"].sum() / 3)
    others = table.drop("MSFT")
    assert others["revenue"].isna().all()
    assert others["missing"].str.contains("not disclosed").all()


def test_old_statements_do_not_count(latest: list[pd.DataFrame]) -> None:
    table = ai_write_offs.revenue_against_depreciation(latest[0], latest[1], {"mode": 5.0}, day="2028-01-01")
    assert table["revenue"].isna().all()


def test_revenue_from_openai_is_known_only_once_published() -> None:
    assert ai_returns.revenue_from_openai(tables.load("vendor_metrics", as_of=LATEST)).value == 24100
    assert ai_returns.revenue_from_openai(tables.load("vendor_metrics", as_of=ARTICLE)).value is None


def test_refuses_an_unknown_rule(latest: list[pd.DataFrame]) -> None:
    with pytest.raises(ValueError, match="unknown rule 'half'"):
        ai_returns.ai_capex(latest[0], "half")
