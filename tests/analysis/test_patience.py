"""How long investors wait: spells, reactions, censoring, and the base rate they are held against."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers.analysis import patience
from tests.analysis.judged_claims import LATEST, load

QUARTERS = pd.date_range("2019-03-31", periods=16, freq="QE")


def flows(free: list[float]) -> pd.DataFrame:
    """Return quarters of Microsoft with these free cash flows."""
    frame = pd.DataFrame({"period_end": QUARTERS[: len(free)]})
    frame = frame.assign(
        ticker="MSFT", fiscal_year=frame["period_end"].dt.year,
        fiscal_quarter="Q" + frame["period_end"].dt.quarter.astype(str),
        operating_cash_flow=free, capex=0.0, capex_proceeds=0.0, finance_lease_principal=0.0,
        stock_based_compensation=0.0, revenue=100.0, note=None,
    )  # fmt: skip
    frame.index = "cash_flows/MSFT/" + frame["period_end"].dt.strftime("%Y-%m-%d")
    return frame


def prices(closes: list[float], first: str = "2020-12-31") -> pd.DataFrame:
    """Return month-end closes, one a quarter and the months between alike."""
    months = pd.date_range(first, periods=len(closes), freq="QE")
    frame = pd.DataFrame({"ticker": "MSFT", "month_end": months, "close_adj": closes})
    frame.index = "stock_prices/MSFT/" + frame["month_end"].dt.strftime("%Y-%m-%d")
    return frame


# Eight level quarters, then four lower ones: twelve-month sums fall from the ninth quarter (to March 2021) on.
FALLING = flows([10.0] * 8 + [8.0] * 4)


def test_the_wait_counts_quarters_up_to_the_first_fall() -> None:
    found = patience.spells(FALLING, prices([100, 100, 105, 99, 120, 120]), tickers=["MSFT"])
    # March 2021: 100 to 105. June: 105 to 99, a fall of 5.7 per cent.
    assert found[["quarters", "reacted"]].to_numpy().tolist() == [[2, True]]
    assert found["change"].iloc[0] == pytest.approx(100 * (99 / 105 - 1))
    assert "cash_flows/MSFT/2021-06-30" in found["rows"].iloc[0]


def test_a_harder_fall_is_waited_for_longer_and_a_spell_without_one_is_censored() -> None:
    path = prices([100, 100, 105, 99, 120, 120])
    hard = patience.spells(FALLING, path, patience.HARD_FALL, ["MSFT"])
    assert hard[["quarters", "reacted"]].to_numpy().tolist() == [[4, False]]
    waited = patience.wait(hard)
    assert (waited.spells, waited.reacted, waited.median, waited.longest) == (1, 0, None, 4)


def test_quarters_whose_price_is_not_known_are_not_counted() -> None:
    found = patience.spells(FALLING, prices([100, 100, 105]), tickers=["MSFT"])
    assert found[["quarters", "reacted"]].to_numpy().tolist() == [[1, False]]
    assert patience.spells(FALLING, prices([100.0]), tickers=["MSFT"]).empty


def test_a_level_flow_has_no_spell() -> None:
    assert patience.spells(flows([10.0] * 12), prices([100, 90, 80, 70, 60]), tickers=["MSFT"]).empty


def test_the_median_needs_reactions_and_has_an_interval() -> None:
    found = pd.DataFrame(
        {"quarters": [1, 1, 2, 3, 4], "reacted": [True, True, True, False, True], "rows": [("stock_prices/a",)] * 5}
    )
    waited = patience.wait(found)
    assert (waited.reacted, waited.median) == (4, 2.0)
    assert waited.low == 1.0
    few = patience.wait(found.head(2))
    assert few.median is None


def test_the_base_rate_counts_all_quarters() -> None:
    # Prices from December 2020: eight quarters of flows are level, the last four fall.
    rates = patience.reaction_rates(FALLING, prices([100, 100, 105, 99, 120, 120]), tickers=["MSFT"])
    assert (rates.falling_quarters, rates.other_quarters) == (4, 1)
    assert rates.falling == pytest.approx(25.0)
    assert rates.other == 0.0
    empty = patience.reaction_rates(FALLING.iloc[:0], prices([100.0]), tickers=["MSFT"])
    assert (empty.falling, empty.other) == (None, None)


def test_on_the_tables_prices_fall_often_and_seldom_hard() -> None:
    cash_flows, stock_prices = load("cash_flows", LATEST), load("stock_prices", LATEST)
    waited = patience.wait(patience.spells(cash_flows, stock_prices))
    assert (waited.spells, waited.reacted, waited.median, waited.low, waited.high) == (13, 11, 1.0, 1.0, 3.0)
    hard = patience.wait(patience.spells(cash_flows, stock_prices, patience.HARD_FALL))
    assert (hard.spells, hard.reacted, hard.longest) == (13, 2, 8)
    rates = patience.reaction_rates(cash_flows, stock_prices)
    assert rates.falling == pytest.approx(41.8, abs=0.05)
    assert rates.other == pytest.approx(31.0, abs=0.05)


def test_dotcom_years_are_few_and_hardly_priced() -> None:
    years = patience.dotcom_years(load("dotcom_firms", LATEST), load("stock_prices", LATEST))
    fell = years[years["fell"]]
    assert fell["ticker"].tolist() == ["MSFT", "MSFT", "SBC", "VZ"]
    assert fell["change"].notna().sum() == 1


def test_open_spells_count_back_from_the_last_quarter() -> None:
    falling = patience.open_spells(FALLING, ["MSFT"])
    assert falling[["ticker", "quarters"]].to_numpy().tolist() == [["MSFT", 4]]
    assert patience.open_spells(flows([10.0] * 12), ["MSFT"])["quarters"].tolist() == [0]
    assert patience.open_spells(FALLING.iloc[:0], ["MSFT"]).empty
