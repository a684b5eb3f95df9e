"""The depreciation already signed for: a perpetual inventory that loses no dollar."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers import tables
from helpers.analysis.depreciation_pipeline import against_reported, depreciation_pipeline
from tests.analysis import panels


@pytest.fixture
def flows() -> pd.DataFrame:
    return panels.cash_flows(np.random.default_rng(2), ("AMZN",), range(2018, 2024)).assign(capex=0.0)


def test_one_purchase_is_written_off_in_equal_parts_from_the_next_quarter(flows: pd.DataFrame) -> None:
    flows.loc["cash_flows/AMZN/2023-06-30", "capex"] = 1200.0
    table = depreciation_pipeline(flows, lives=[3.0], ahead=16).set_index("quarter")["depreciation"]
    assert table["2023Q2"] == 0
    assert (table["2023Q3":"2026Q2"] == 100).all()
    assert (table["2026Q3":] == 0).all()
    assert len(table["2024Q1":]) == 16


@pytest.mark.parametrize("life", [3.0, 4.0, 5.0, 6.0])
def test_every_dollar_is_written_off_once(life: float) -> None:
    flows = panels.cash_flows(np.random.default_rng(3), ("AMZN", "META"), range(2017, 2024))
    early = flows["fiscal_year"] < 2018
    table = depreciation_pipeline(flows.assign(capex=flows["capex"].where(~early, 0.0)), lives=[life], ahead=24)
    per_firm = table.groupby("ticker")["depreciation"].sum()
    unknown = table[table["depreciation"].isna()].groupby("ticker").size()
    assert (unknown == 4 * life).all()
    for ticker, spent in flows[~early].groupby("ticker")["capex"]:
        steps = int(4 * life)
        values = np.concatenate([np.zeros(4), spent.to_numpy()])
        # Written off before the first quarter whose whole life is known.
        before = sum(values[j] * min(max(steps - 1 - j, 0), steps) / steps for j in range(len(values)))
        assert per_firm[ticker] + before == pytest.approx(spent.sum(), rel=1e-9)


def test_a_missing_quarter_makes_its_whole_life_unknown(flows: pd.DataFrame) -> None:
    flows["capex"] = 10.0
    holed = flows.drop("cash_flows/AMZN/2020-06-30")
    table = depreciation_pipeline(holed, lives=[1.0], ahead=0).set_index("quarter")
    assert table.loc["2020Q3":"2021Q2", "depreciation"].isna().all()
    assert table.loc["2021Q3":, "depreciation"].eq(10).all()
    assert table.loc["2021Q2", "known_share"] == 0.75


def test_projected_quarters_hold_no_new_capex_and_no_report() -> None:
    table = depreciation_pipeline(tables.load("cash_flows", as_of="2026-10-31"))
    ahead = table[table["projected"]]
    assert (ahead.groupby(["ticker", "life"]).size() == 16).all()
    assert ahead["reported"].isna().all()
    three = ahead[ahead["life"] == 3.0]
    assert (three.groupby("ticker")["depreciation"].last().dropna() == 0).all()
    assert (ahead[ahead["life"] == 6.0].groupby("ticker")["depreciation"].last().dropna() > 0).all()
    # CoreWeave's ten quarters hold no life of three years at first.
    crwv = table[(table["ticker"] == "CRWV") & (table["life"] == 3.0) & ~table["projected"]]
    assert crwv["depreciation"].isna().all()


def test_against_reported_depreciation() -> None:
    check = against_reported(depreciation_pipeline(tables.load("cash_flows", as_of="2026-10-31")))
    amazon = check[(check["ticker"] == "AMZN") & (check["life"] == 5.0)].iloc[0]
    assert amazon["reported"] == 75200
    assert amazon["ratio"] == pytest.approx(76383.55 / 75200, abs=1e-4)
    assert (check["scheduled"] / check["reported"]).to_numpy() == pytest.approx(check["ratio"].to_numpy())


def test_shorter_lives_cost_more_while_capex_grows() -> None:
    table = depreciation_pipeline(tables.load("cash_flows", as_of="2026-10-31"), ahead=0)
    newest = table[table["ticker"] == "MSFT"].groupby("life")["depreciation"].last()
    assert newest.is_monotonic_decreasing


@pytest.mark.parametrize("life", [0.0, 0.3, -1.0])
def test_refuses_lives_that_are_no_quarters(flows: pd.DataFrame, life: float) -> None:
    with pytest.raises(ValueError, match="whole number of quarters"):
        depreciation_pipeline(flows, lives=[life])


def test_refuses_duplicates_and_a_negative_horizon(flows: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="duplicate firm-quarter"):
        depreciation_pipeline(pd.concat([flows, flows.head(1)]))
    with pytest.raises(ValueError, match="ahead must be 0 or more"):
        depreciation_pipeline(flows, ahead=-1)
