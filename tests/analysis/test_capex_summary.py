"""What the notebook on capex reads: shares, eras, debts, totals, words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import ai_returns
from helpers.analysis import capex_summary as summary
from helpers.analysis.depreciation_pipeline import depreciation_pipeline
from tests.analysis import panels

NAMES = {**ai_returns.BUILDERS, "CRWV": "CoreWeave"}
LATEST = "2026-10-31"


def test_group_year_by_hand_and_unknown_where_a_part_is() -> None:
    flows = panels.cash_flows(np.random.default_rng(1), ("AMZN", "MSFT"), range(2022, 2025))
    year = summary.group_year(flows, ["AMZN", "MSFT"])
    last = flows[flows["fiscal_year"] == 2024]
    assert year.capex == pytest.approx(last["capex"].sum())
    assert year.share == pytest.approx(100 * last["capex"].sum() / last["revenue"].sum())
    assert set(year.rows) == set(last.index)
    flows.loc["cash_flows/MSFT/2024-06-30", "capex"] = np.nan
    assert summary.group_year(flows, ["AMZN", "MSFT"]).share is None
    assert summary.group_year(flows, ["AMZN", "META"]).capex is None


def test_spending_shares_need_four_quarters() -> None:
    flows = panels.cash_flows(np.random.default_rng(2), ("AMZN",), range(2022, 2024))
    shares = summary.spending_shares(flows)["share"]
    assert shares.isna().sum() == 3
    assert shares.iloc[-1] == pytest.approx(100 * flows["capex"].tail(4).sum() / flows["revenue"].tail(4).sum())


def test_then_and_now_fills_no_hole() -> None:
    table = summary.then_and_now(
        tables.load("dotcom_firms"), tables.load("cash_flows", as_of=LATEST), ai_returns.BUILDERS
    )
    then = table[table["era"] == "then"]
    assert tuple(dict.fromkeys(then["ticker"])) == summary.THEN_FIRMS
    amazon = then[then["ticker"] == "AMZN"].set_index("year")["share"]
    assert amazon.index[amazon.isna()].tolist() == [2000, 2001]
    assert amazon[1999] == pytest.approx(100 * 287.055 / 1639.839)
    intel = then[(then["ticker"] == "INTC") & (then["year"] == 2001)]["share"].iloc[0]
    assert intel == pytest.approx(100 * 7309 / 26500)
    for _, firm in then.groupby("ticker"):
        assert firm["share"].notna().sum() >= 2
    now = table[table["era"] == "now"]
    assert now["share"].notna().all()
    assert now.loc[now["ticker"] == "AMZN", "year"].max() == 2025, "2026 has no four quarters yet"


def test_partial_debts_are_left_out() -> None:
    financing = tables.load("financing", as_of=LATEST)
    found = summary.debt_multiples(
        tables.load("dotcom_firms"), financing, tables.load("cash_flows", as_of=LATEST), NAMES
    )
    notes = financing.loc[found.index[found["era"] == "now"], "note"].astype(str)
    assert not notes.str.startswith("partial:").any()
    assert financing["note"].astype(str).str.startswith("partial:").any()
    assert found.loc["dotcom_firms/VZ/2001", "multiple"] == pytest.approx(64300 / 19800)
    assert not found.duplicated(["era", "company"]).any()
    tables.grades(found.index)


def test_group_depreciation_is_unknown_where_one_firm_is() -> None:
    flows = panels.cash_flows(np.random.default_rng(3), ("AMZN", "MSFT"), range(2015, 2024))
    flows.loc["cash_flows/MSFT/2023-03-31", "depreciation_amortisation"] = np.nan
    pipeline = depreciation_pipeline(flows, lives=[3.0], ahead=4)
    table = summary.group_depreciation(pipeline, ["AMZN", "MSFT"], "2022Q1").set_index("quarter")
    day = pd.Timestamp("2022-12-31")
    parts = pipeline[pipeline["quarter"] == "2022Q4"]
    assert table.loc[day, "depreciation"] == pytest.approx(parts["depreciation"].sum())
    assert table.loc[day, "reported"] == pytest.approx(parts["reported"].sum())
    assert np.isnan(table.loc[pd.Timestamp("2023-03-31"), "reported"])
    assert table["projected"].sum() == 4


def test_beyond_the_usual_counts_only_what_came_after() -> None:
    table = pd.DataFrame(
        {
            "ticker": ["AMZN"] * 3,
            "quarter": pd.PeriodIndex(["2022Q4", "2023Q1", "2023Q2"], freq="Q"),
            "overinvestment": [100.0, 1.0, 2.0],
            "fitted": [True, False, False],
        }
    )
    found = summary.beyond_the_usual(table, table.assign(overinvestment=[100.0, 5.0, 6.0]))
    assert found.to_dict("records") == [{"ticker": "AMZN", "surprise": 3.0, "path": 11.0, "quarters": 2}]
    assert summary.beyond_the_usual(table.head(1), table.head(1)).empty


@pytest.mark.parametrize(
    ("coefficient", "p", "words"),
    [
        (0.5, 0.01, "the outcome rises"),
        (-0.5, 0.01, "the outcome falls"),
        (-0.5, 0.2, "the data are silent"),
        (2.0, 0.2, "firms disagree too much"),
    ],
)
def test_words_of_an_estimate(coefficient: float, p: float, words: str) -> None:
    assert words in summary.reading(coefficient, p, detectable=1.0)


def test_error_table_has_no_number_where_there_is_none() -> None:
    table = pd.DataFrame(
        {
            "error": ["wild"], "coefficient": [-0.5], "standard_error": [np.nan], "low": [-np.inf], "high": [0.25],
            "p_value": [0.2], "degrees_of_freedom": [np.nan], "small_sample_factor": [np.nan],
            "lag": pd.array([pd.NA], dtype="Int64"), "package": ["own"],
        }
    )  # fmt: skip
    row = summary.error_table(table, {"wild": "wild bootstrap"}).iloc[0]
    assert row["error"] == "wild bootstrap"
    assert row["coefficient"] == "\N{MINUS SIGN}0.500"
    assert {row["standard error"], row["from"], row["degrees"], row["small-sample factor"], row["lag"]} == {"–"}
    assert row["to"] == "0.25"
