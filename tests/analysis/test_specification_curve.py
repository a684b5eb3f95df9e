"""The specification curve: all combinations, the same numbers as the plain regression, an honest joint test."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from helpers import tables
from helpers.analysis.capex_panel import panel
from helpers.analysis.panel_estimates import fixed_effects
from helpers.analysis.specification_curve import CHOICES, GRID, shuffled, specification_curve
from tests.analysis import panels

TICKERS = ("AMZN", "MSFT", "GOOGL", "META", "ORCL", "NVDA", "AAPL")


@pytest.fixture(scope="module")
def flows() -> pd.DataFrame:
    loaded = tables.load("cash_flows", as_of="2026-10-31")
    return loaded[loaded["ticker"].astype(str).isin(TICKERS)]


@pytest.fixture(scope="module")
def table(flows: pd.DataFrame) -> pd.DataFrame:
    found = specification_curve(flows, permutations=9)
    assert found.refused == ()
    return found.table


def test_all_combinations_once(table: pd.DataFrame) -> None:
    assert len(table) == 5 * 2 * 3 * 2 * 2 * 2 >= 96
    assert not table.duplicated(list(CHOICES)).any()
    assert list(table["place"]) == list(range(len(table)))
    for _, part in table.groupby("outcome"):
        assert part.sort_values("place")["coefficient"].is_monotonic_increasing


def test_the_grid_names_every_choice(table: pd.DataFrame) -> None:
    for column, pairs in GRID.items():
        assert set(table[column].astype(str)) - {"not used"} == {value for value, _ in pairs}


@pytest.mark.parametrize(
    ("firm_set", "period", "effects", "lag", "weights"),
    [
        ("all firms", "all quarters", "firm and quarter", 4, "equal"),
        ("without NVIDIA and Apple", "to 2022Q4", "firm", 1, "revenue"),
        ("all firms", "from 2023Q1", "firm and quarter", 1, "revenue"),
    ],
)
def test_same_numbers_as_pyfixest(
    flows: pd.DataFrame, table: pd.DataFrame, firm_set: str, period: str, effects: str, lag: int, weights: str
) -> None:
    frame = panel(flows, definition="company", shifts={"capex_intensity": [lag]})
    if firm_set != "all firms":
        frame = frame[~frame["ticker"].isin(["NVDA", "AAPL"])]
    if period == "to 2022Q4":
        frame = frame[frame["quarter"] <= "2022Q4"]
    if period == "from 2023Q1":
        frame = frame[frame["quarter"] >= "2023Q1"]
    expected = fixed_effects(
        frame, "fcf_margin", [f"capex_intensity_lag{lag}"], errors=("crv1",),
        effects=("ticker", "time") if effects == "firm and quarter" else ("ticker",),
        weights="revenue" if weights == "revenue" else None,
    ).iloc[0]  # fmt: skip
    chosen = dict(zip(CHOICES, ("fcf_margin", "company", firm_set, period, effects, lag, weights), strict=True))
    row = table[(table[list(chosen)] == pd.Series(chosen)).all(axis=1)].iloc[0]
    for name in ("coefficient", "standard_error", "low", "high", "p_value"):
        assert row[name] == pytest.approx(expected[name], rel=1e-7)


def test_units_and_order_do_not_matter(flows: pd.DataFrame) -> None:
    money = [name for name in flows.select_dtypes("number").columns if name != "fiscal_year"]
    scaled = flows.assign(**{name: 1e6 * flows[name] for name in money}).sample(frac=1, random_state=1)
    one = [("ocf_margin", "gross")]
    plain, other = (specification_curve(frame, outcomes=one, permutations=5) for frame in (flows, scaled))
    pd.testing.assert_frame_equal(plain.table, other.table, rtol=1e-7)
    pd.testing.assert_frame_equal(plain.joint, other.joint, rtol=1e-7)


def test_shuffled_series_are_dealt_out_whole() -> None:
    frame = panels.noise(np.random.default_rng(1), firms=4, quarters=10)
    drawn = shuffled(frame, "x", 50, seed=3)
    assert drawn.shape == (40, 50)
    original = {tuple(np.sort(firm["x"])) for _, firm in frame.groupby("ticker")}
    for column in drawn:
        assert {tuple(np.sort(firm)) for _, firm in drawn[column].groupby(level=0)} == original
    # Neighbours stay neighbours: at most one break, where the series is turned around its end.
    pairs = {
        pair
        for _, firm in frame.sort_values("time").groupby("ticker")
        for pair in zip(firm["x"], [*firm["x"].iloc[1:], firm["x"].iloc[0]], strict=True)
    }
    firm = drawn[7].loc["F0"].to_numpy()
    assert set(pairwise(firm)) <= pairs


def test_the_joint_test_finds_what_is_there_and_only_that() -> None:
    """Made-up firms: growth that follows capex is found; without a link the test keeps its size."""
    random, replications = np.random.default_rng(12), 20
    p_values = []
    for _ in range(replications):
        flows = panels.cash_flows(random, TICKERS[:5], range(2016, 2026))
        found = specification_curve(flows, outcomes=[("ocf_margin", "gross")], lags=(1,), permutations=19)
        p_values.append(found.joint.set_index(["outcome", "statistic"])["p_value"]["all", "median_t"])
    # The smallest p of 19 shuffles is 0.05.
    assert np.mean(np.array(p_values) <= 0.05) <= binom.ppf(0.9999, replications, 0.05) / replications
    flows = panels.cash_flows(random, TICKERS[:5], range(2016, 2026))
    by_firm = flows.groupby("ticker")
    share = by_firm["capex"].shift(1) / by_firm["revenue"].shift(1)
    linked = flows.assign(operating_cash_flow=flows["operating_cash_flow"] + share.fillna(0) * flows["revenue"])
    found = specification_curve(linked, outcomes=[("ocf_margin", "gross")], lags=(1,), permutations=39)
    joint = found.joint.set_index(["outcome", "statistic"])["p_value"]
    assert joint["ocf_margin", "median_t"] <= 0.05
    assert found.table["coefficient"].median() == pytest.approx(1.0, abs=0.25)


def test_says_what_could_not_be_estimated(flows: pd.DataFrame) -> None:
    early = flows[flows["period_end"] < "2022-06-30"]
    found = specification_curve(early, outcomes=[("ocf_margin", "gross")], permutations=0)
    assert found.refused
    assert all("from 2023Q1" in line for line in found.refused)
    assert found.joint["p_value"].isna().all()
    with pytest.raises(ValueError, match="no specification can be estimated"):
        specification_curve(flows[flows["ticker"].astype(str) == "AMZN"], outcomes=[("ocf_margin", "gross")])
