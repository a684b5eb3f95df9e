"""The panel of firms and quarters: shares, growth, lags that stay inside a firm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import capex_panel
from tests.analysis import panels


@pytest.fixture
def flows() -> pd.DataFrame:
    return panels.cash_flows(np.random.default_rng(1), ("AMZN", "MSFT"), range(2018, 2022))


def test_shares_and_growth_by_hand(flows: pd.DataFrame) -> None:
    table = capex_panel.panel(flows)
    row, year_before = flows.loc["cash_flows/AMZN/2020-06-30"], flows.loc["cash_flows/AMZN/2019-06-30"]
    found = table.loc["cash_flows/AMZN/2020-06-30"]
    assert found["capex_intensity"] == pytest.approx(100 * row["capex"] / row["revenue"])
    assert found["reinvestment"] == pytest.approx(100 * row["capex"] / row["operating_cash_flow"])
    assert found["ocf_margin"] == pytest.approx(100 * row["operating_cash_flow"] / row["revenue"])
    free = row["operating_cash_flow"] - row["capex"]
    assert found["fcf_margin"] == pytest.approx(100 * free / row["revenue"])
    assert found["depreciation_share"] == pytest.approx(8.0)
    assert found["revenue_growth"] == pytest.approx(100 * (row["revenue"] / year_before["revenue"] - 1))
    ends = ["2019-06-30", "2019-09-30", "2019-12-31", "2020-03-31"]
    past = flows.loc[[f"cash_flows/AMZN/{end}" for end in ends], "revenue"].mean()
    assert found["capex_to_past_revenue"] == pytest.approx(100 * row["capex"] / past)
    assert str(found["quarter"]) == "2020Q2"


def test_keeps_row_ids_and_order(flows: pd.DataFrame) -> None:
    table = capex_panel.panel(flows.sample(frac=1, random_state=3))
    assert list(table.index) == list(flows.index)
    assert (table.groupby("ticker")["time"].diff().dropna() == 1).all()


def test_lags_and_leads_stay_inside_a_firm(flows: pd.DataFrame) -> None:
    table = capex_panel.panel(flows, shifts={"capex_intensity": [1, 4, -2, 0]})
    for _, firm in table.groupby("ticker"):
        intensity = firm["capex_intensity"]
        pd.testing.assert_series_equal(firm["capex_intensity_lag1"], intensity.shift(1), check_names=False)
        pd.testing.assert_series_equal(firm["capex_intensity_lag4"], intensity.shift(4), check_names=False)
        pd.testing.assert_series_equal(firm["capex_intensity_lead2"], intensity.shift(-2), check_names=False)


def test_a_gap_breaks_a_lag(flows: pd.DataFrame) -> None:
    holed = flows.drop("cash_flows/AMZN/2020-06-30")
    table = capex_panel.panel(holed, shifts={"capex_intensity": [1, -1]})
    assert np.isnan(table.loc["cash_flows/AMZN/2020-09-30", "capex_intensity_lag1"])
    assert np.isnan(table.loc["cash_flows/AMZN/2020-03-31", "capex_intensity_lead1"])
    assert np.isnan(table.loc["cash_flows/AMZN/2021-06-30", "revenue_growth"])
    assert np.isnan(table.loc["cash_flows/AMZN/2020-12-31", "capex_to_past_revenue"])
    assert table.loc["cash_flows/MSFT/2020-09-30", "capex_intensity_lag1"] > 0


def test_start_cuts_after_lags_were_taken(flows: pd.DataFrame) -> None:
    late = capex_panel.panel(flows, shifts={"ocf_margin": [4]}, start="2020-01-01")
    assert late["quarter"].min() == pd.Period("2020Q1")
    assert late["ocf_margin_lag4"].notna().all()


def test_a_share_of_nothing_is_unknown(flows: pd.DataFrame) -> None:
    flows.loc["cash_flows/AMZN/2019-03-31", ["operating_cash_flow", "revenue"]] = [-5.0, 0.0]
    row = capex_panel.panel(flows).loc["cash_flows/AMZN/2019-03-31"]
    assert row[["reinvestment", "capex_intensity", "fcf_margin", "log_revenue"]].isna().all()


def test_units_do_not_matter(flows: pd.DataFrame) -> None:
    money = flows.select_dtypes("number").columns.drop("fiscal_year")
    scaled = flows.assign(**{name: 1000 * flows[name] for name in money})
    shares = [*capex_panel.SHOCKS, *capex_panel.OUTCOMES]
    pd.testing.assert_frame_equal(capex_panel.panel(flows)[shares], capex_panel.panel(scaled)[shares])


def test_refuses_twins_of_either_calendar(flows: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="duplicate firm-quarter: AMZN 2018 Q1"):
        capex_panel.panel(pd.concat([flows, flows.head(1)]))
    twin = flows.head(1).assign(fiscal_year=2017)
    with pytest.raises(ValueError, match="AMZN has two rows in 2018Q1"):
        capex_panel.panel(pd.concat([flows, twin]))
    with pytest.raises(ValueError, match="missing columns: revenue"):
        capex_panel.panel(flows.drop(columns="revenue"))


def test_short_histories_are_left_out() -> None:
    table = capex_panel.panel(tables.load("cash_flows", as_of="2026-10-31"))
    kept = capex_panel.long_histories(table)
    assert set(table["ticker"]) - set(kept["ticker"]) == {"CRWV"}
    assert not kept.duplicated(["ticker", "time"]).any()


def test_every_outcome_has_a_level_for_projections() -> None:
    table = capex_panel.panel(tables.load("cash_flows", as_of="2025-09-05"))
    assert set(capex_panel.LEVELS) == set(capex_panel.OUTCOMES)
    for column, _, _ in capex_panel.LEVELS.values():
        assert table[column].notna().sum() > 250
