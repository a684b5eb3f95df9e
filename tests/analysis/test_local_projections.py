"""Local projections: a planted response, clean placebos, bands that cover all horizons at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtrit
from scipy.stats import binom

from helpers.analysis.local_projections import (
    leave_one_firm_out,
    local_projections,
    simultaneous_critical_value,
)
from helpers.analysis.panel_estimates import fixed_effects
from tests.analysis import panels

RESPONSE = np.array([0.5, 1.0, 0.8, 0.2])


def planted(random: np.random.Generator, firms: int = 8, quarters: int = 48, spread: float = 0.3) -> pd.DataFrame:
    """Return a panel whose y answers each surprise in x with `RESPONSE`, quarter after quarter."""
    panel = panels.noise(random, firms, quarters, persistence=0.0)
    parts = []
    for _, firm in panel.groupby("ticker"):
        x = firm["x"].to_numpy()
        y = np.convolve(x, RESPONSE)[: len(x)] + spread * random.standard_normal(len(x)) + 3 * (firm["season"] == 4)
        parts.append(firm.assign(y=y))
    return pd.concat(parts)


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    return local_projections(planted(np.random.default_rng(1), quarters=150), "y", "x", horizon=3, lags=4)


def test_the_planted_response_is_recovered(found: pd.DataFrame) -> None:
    after = found[~found["placebo"]]
    assert after["coefficient"].to_numpy() == pytest.approx(RESPONSE, abs=0.15)
    assert ((after["band_low"] < RESPONSE) & (after["band_high"] > RESPONSE)).all()


def test_the_placebo_is_clean(found: pd.DataFrame) -> None:
    before = found[found["placebo"]]
    assert list(before["horizon"]) == [-4, -3, -2]
    assert ((before["band_low"] < 0) & (before["band_high"] > 0)).all()


def test_bands_hold_each_other(found: pd.DataFrame) -> None:
    assert (found["band_low"] <= found["low"]).all()
    assert (found["band_high"] >= found["high"]).all()
    freedom = found["firms"].iloc[0] - 1
    for _, side in found.groupby("placebo"):
        assert stdtrit(freedom, 0.975) <= side["critical"].iloc[0] <= stdtrit(freedom, 1 - 0.025 / len(side))


def test_all_horizons_are_covered_at_once_as_promised() -> None:
    random, replications, missed = np.random.default_rng(2), 30, 0
    for _ in range(replications):
        table = local_projections(planted(random, 7, 20, 1.0), "y", "x", horizon=2, leads=2, lags=0)
        after = table[~table["placebo"]]
        missed += int(((after["band_low"] > RESPONSE[:3]) | (after["band_high"] < RESPONSE[:3])).any())
    # CRV1 is bold with 7 firms: twice the promise is tolerated, and what chance adds to it.
    assert missed <= binom.ppf(0.999, replications, 0.10)


def test_critical_value_at_its_two_ends() -> None:
    """Equal scores: one t. Unrelated scores: near Bonferroni."""
    alone = float(stdtrit(7, 0.975))
    assert simultaneous_critical_value(np.ones((5, 8)), 7) == pytest.approx(alone, rel=0.03)
    bonferroni = float(stdtrit(7, 1 - 0.025 / 5))
    assert alone * 1.2 < simultaneous_critical_value(np.eye(5, 8), 7) <= bonferroni


def test_agrees_with_fixed_effects_at_one_horizon() -> None:
    panel = planted(np.random.default_rng(3), firms=5)
    table = local_projections(panel, "y", "x", horizon=1, leads=2, lags=0)
    by_firm = panel.groupby("ticker")["y"]
    change = panel.assign(change=by_firm.shift(-1) - by_firm.shift(1))
    expected = fixed_effects(change, "change", ["x"], effects=("ticker^season", "time"), errors=("crv1", "wild"))
    row = table[table["horizon"] == 1].iloc[0]
    assert row["coefficient"] == pytest.approx(expected["coefficient"].iloc[0], abs=1e-10)
    assert row["standard_error"] == pytest.approx(expected["standard_error"].iloc[0], abs=1e-10)
    assert row["p_value"] == expected["p_value"].iloc[1]


def test_a_gap_is_not_jumped_over() -> None:
    panel = planted(np.random.default_rng(4), firms=5)
    plain = local_projections(panel, "y", "x", horizon=0, leads=2, lags=1)
    holed = local_projections(panel[panel["time"] != 8020], "y", "x", horizon=0, leads=2, lags=1)
    # The missing quarter itself, and the one after it, whose lag and base are gone.
    assert (plain["observations"] - holed["observations"]).iloc[-1] == 2 * 5


def test_leaving_out_each_firm() -> None:
    panel = planted(np.random.default_rng(5), firms=5)
    without = leave_one_firm_out(panel, "y", "x", horizon=1, lags=1)
    assert len(without) == 5 * 2
    rest = local_projections(panel[panel["ticker"] != "F2"], "y", "x", horizon=1, leads=2, lags=1)
    row = without[(without["left_out"] == "F2") & (without["horizon"] == 1)]
    assert row["coefficient"].iloc[0] == pytest.approx(rest["coefficient"].iloc[-1], abs=1e-9)


def test_order_of_rows_does_not_matter() -> None:
    panel = planted(np.random.default_rng(6), firms=5, quarters=30)
    plain, turned = (
        local_projections(frame, "y", "x", horizon=1, leads=2, lags=1)
        for frame in (panel, panel.sample(frac=1, random_state=1))
    )
    pd.testing.assert_frame_equal(plain, turned, rtol=1e-8)


@pytest.mark.parametrize(("horizon", "leads"), [(-1, 4), (2, 1)])
def test_refuses_horizons_that_mean_nothing(horizon: int, leads: int) -> None:
    with pytest.raises(ValueError, match="horizon must be 0 or more and leads 2 or more"):
        local_projections(planted(np.random.default_rng(7), firms=3), "y", "x", horizon=horizon, leads=leads)
