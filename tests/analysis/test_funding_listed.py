"""Sources and uses of the listed firms, net debt, and the years they could go on."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import capex_runway
from helpers.analysis import listed_firms_financing as listed
from helpers.analysis.funding_claims import GIANTS

ARTICLE, NOW = "2025-09-05", "2026-10-31"


def table(day: str) -> pd.DataFrame:
    flows = listed.sources_and_uses(tables.load("financing", as_of=day), tables.load("cash_flows", as_of=day))
    return flows.join(listed.capex_paid_from(flows))


@pytest.fixture(scope="module")
def now() -> pd.DataFrame:
    return table(NOW)


def quarter(**columns: float) -> pd.DataFrame:
    base = {
        "capex": 100.0, "operating_cash_flow": 100.0, "net_debt_flow": 0.0, "shares_issued": None,
        "to_shareholders": 0.0,
    }  # fmt: skip
    return pd.DataFrame([base | columns], dtype="float64")


def test_the_account_closes(now: pd.DataFrame) -> None:
    known = now.dropna(subset=["other"])
    sources = known["operating_cash_flow"] + known["net_debt_flow"] + known["shares_issued"].fillna(0) + known["other"]
    uses = known["capex"] + known["to_shareholders"] + known["acquisitions"].fillna(0) + known["cash_added"]
    assert len(known) > 100
    assert sources.to_numpy() == pytest.approx(uses.to_numpy())


def test_the_parts_make_capex(now: pd.DataFrame) -> None:
    known = now.dropna(subset=list(listed.PAID_FROM))
    assert known[list(listed.PAID_FROM)].sum(axis=1).to_numpy() == pytest.approx(known["capex"].to_numpy())
    assert (known[list(listed.PAID_FROM)] >= 0).all(axis=None)
    assert (known["borrowed_and_returned"].dropna() <= known["to_shareholders"].dropna().max()).all()


@pytest.mark.parametrize(
    ("columns", "paid"),
    [
        ({}, (100, 0, 0, 0)),
        ({"operating_cash_flow": 60, "net_debt_flow": 30}, (60, 30, 0, 10)),
        ({"operating_cash_flow": 60, "net_debt_flow": 90}, (60, 40, 0, 0)),
        ({"operating_cash_flow": 60, "net_debt_flow": 10, "shares_issued": 25}, (60, 10, 25, 5)),
        ({"operating_cash_flow": -20, "net_debt_flow": -5}, (0, 0, 0, 100)),
    ],
)
def test_who_paid_by_hand(columns: dict, paid: tuple) -> None:
    assert tuple(listed.capex_paid_from(quarter(**columns))[list(listed.PAID_FROM)].iloc[0]) == paid


def test_an_unknown_debt_flow_leaves_a_shortfall_unsplit() -> None:
    split = listed.capex_paid_from(quarter(operating_cash_flow=60, net_debt_flow=None)).iloc[0]
    assert split["operations"] == 60
    assert split[["debt", "shares", "cash_in_hand_and_other"]].isna().all()
    covered = listed.capex_paid_from(quarter(net_debt_flow=None)).iloc[0]
    assert covered["debt"] == 0


def test_what_was_borrowed_while_money_went_to_shareholders() -> None:
    both = {"operating_cash_flow": 110, "net_debt_flow": 50, "to_shareholders": 40}
    assert listed.capex_paid_from(quarter(**both))["borrowed_and_returned"].item() == 30
    enough = both | {"operating_cash_flow": 150}
    assert listed.capex_paid_from(quarter(**enough))["borrowed_and_returned"].item() == 0


def test_notes_give_what_columns_cannot(now: pd.DataFrame) -> None:
    assert now.loc["financing/ORCL/2025-11-30", "net_debt_flow"] == 17_934
    assert now.loc["financing/ORCL/2026-05-31", "net_debt_flow"] == -4_564
    assert now.loc["financing/ORCL/2026-08-31", "shares_issued"] == 19_909
    assert now.loc["financing/ORCL/2026-02-28", "shares_issued"] == 4_950
    assert now.loc["financing/GOOGL/2026-06-30", "shares_issued"] == 30_499 + 19_063
    assert pd.isna(now.loc["financing/AMZN/2026-06-30", "shares_issued"])
    assert pd.isna(now.loc["financing/MSFT/2026-06-30", "net_debt_flow"])


def test_a_partial_debt_is_no_total() -> None:
    owed = listed.net_debt(tables.load("financing", as_of=NOW))
    assert "financing/AMZN/2026-06-30" not in owed.index
    assert owed.loc["financing/ORCL/2026-05-31", "net_debt"] == 129_541 - 31_894
    assert set(listed.net_debt(tables.load("financing"), ["META"])["ticker"]) == {"META"}


@pytest.mark.parametrize("day", ["2020-06-30", ARTICLE])
def test_no_look_ahead(day: str, now: pd.DataFrame) -> None:
    early = table(day)
    assert (early["period_end"] < pd.Timestamp(day)).all()
    pd.testing.assert_series_equal(early["capex"], now["capex"].reindex(early.index))


def test_last_year(now: pd.DataFrame) -> None:
    year = listed.last_year(now)
    assert year.operations_percent == pytest.approx(87.6, abs=0.1)
    assert year.quarters == 24
    assert len(year.debt_rows) == year.quarters - year.debt_unknown
    empty = listed.last_year(now.head(0))
    assert (empty.operations_percent, empty.net_new_debt, empty.to_shareholders) == (None, None, None)


def runways(day: str) -> pd.DataFrame:
    names = ("cash_flows", "financing", "bubble_benchmarks")
    frames = [tables.load(name, as_of=day) for name in names]
    return capex_runway.capex_runways(*frames, tables.load("assumptions"), GIANTS, day).set_index("ticker")


def test_years_by_hand() -> None:
    oracle = runways(NOW).loc["ORCL"]
    assert oracle["planned"] == pytest.approx(75_660 * 1.4)
    assert oracle["years"] == pytest.approx(37_077 / (75_660 * 1.4 - 46_940))  # debt already above the room
    amazon = runways(NOW).loc["AMZN"]
    assert amazon["guided"]
    assert amazon["debt_is_partial"]
    assert amazon["years"] == pytest.approx((122_988 + 1.5 * 161_403 - 128_894) / (200_000 - 161_403))


def test_guidance_is_used_from_the_day_it_is_known() -> None:
    assert not runways(ARTICLE)["guided"].any()
    assert runways(NOW)["guided"].tolist() == [True, True, True, True, False]
    assert runways(NOW).loc["META", ["planned_low", "planned", "planned_high"]].tolist() == [125_000, 135_000, 145_000]


@pytest.mark.parametrize("day", [ARTICLE, NOW])
def test_ranges_are_in_order(day: str) -> None:
    found = runways(day)
    known = found.dropna(subset=["years_low", "years"])
    assert (known["years_low"] <= known["years"]).all()
    assert (known["years"] <= known["years_high"].fillna(float("inf"))).all()
    assert found.loc[found["covered"], "years"].isna().all()


def test_missing_figures_are_named() -> None:
    assert (runways("2014-01-01")["missing"] == "cash flows").all()
    frames = [tables.load(name, as_of="2018-06-30") for name in ("cash_flows", "financing", "bubble_benchmarks")]
    found = capex_runway.capex_runways(*frames, tables.load("assumptions"), ("AMZN",), "2018-06-30")
    assert found["missing"].tolist() == ["cash, debt"]
