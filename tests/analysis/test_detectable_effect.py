"""Power by simulation: against a formula where there is one, and the right way round everywhere else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import nct
from scipy.stats import t as student

from helpers.analysis.detectable_effect import error_process, minimum_detectable_effect
from helpers.analysis.panel_design import design
from tests.analysis import panels


def plain(seed: int = 1, firms: int = 8, quarters: int = 46, persistence: float = 0.0) -> pd.DataFrame:
    return panels.noise(np.random.default_rng(seed), firms, quarters, persistence=persistence)


def test_close_to_the_formula_for_independent_errors() -> None:
    """With G firms of like size, t is close to a noncentral t with G - 1 degrees."""
    panel = plain()
    found = minimum_detectable_effect(panel, "y", ["x"])
    one = design(panel, "y", ["x"]).only("x")
    error = found.error_size / np.sqrt(float(np.square(one.x).sum()))
    critical = student.ppf(0.975, 7)
    grid = np.linspace(0, 10, 4001)
    power = nct.sf(critical, 7, grid) + nct.cdf(-critical, 7, grid)
    expected = grid[np.searchsorted(power, 0.8)] * error
    assert found.effect == pytest.approx(expected, rel=0.12)
    assert found.persistence == pytest.approx(0.0, abs=0.12)
    assert 0.03 <= found.nominal_size <= 0.09


def test_more_firms_see_more_and_persistence_hides() -> None:
    effects = {
        "few": minimum_detectable_effect(plain(firms=5), "y", ["x"]).effect,
        "many": minimum_detectable_effect(plain(firms=12), "y", ["x"]).effect,
        "persistent": minimum_detectable_effect(plain(firms=12, persistence=0.9), "y", ["x"]).effect,
    }
    assert effects["many"] < effects["few"]
    persistent = plain(firms=12, persistence=0.9)
    assert 0.75 <= minimum_detectable_effect(persistent, "y", ["x"]).persistence <= 0.95
    assert effects["many"] < effects["persistent"]


def test_persistence_and_sizes_are_those_of_the_errors() -> None:
    panel = plain(persistence=0.6, quarters=120)
    panel["y"] = plain(seed=2, persistence=0.6, quarters=120)["x"]
    panel.loc[panel["ticker"] == "F3", "y"] *= 4
    persistence, sizes = error_process(design(panel, "y", ["x"], effects=("ticker",)))
    assert persistence == pytest.approx(0.6, abs=0.15)
    assert np.argmax(sizes) == 3
    assert sizes[3] / np.median(sizes) == pytest.approx(4, rel=0.25)


def test_power_rises_with_the_effect_and_meets_the_wish() -> None:
    found = minimum_detectable_effect(plain(), "y", ["x"], power=0.9)
    curve = found.curve
    assert curve["power"].iloc[0] == pytest.approx(0.05, abs=0.005)
    assert (curve["power"].diff().dropna() >= -0.02).all()
    middle = curve.iloc[(curve["effect"] - found.effect).abs().argmin()]
    assert middle["power"] == pytest.approx(0.9, abs=0.03)
    assert found.effect > minimum_detectable_effect(plain(), "y", ["x"], power=0.8).effect


def test_units_and_order_do_not_matter_and_a_seed_repeats() -> None:
    panel = plain(firms=5, quarters=20)
    first = minimum_detectable_effect(panel, "y", ["x"])
    assert minimum_detectable_effect(panel, "y", ["x"]).effect == first.effect
    turned = minimum_detectable_effect(panel.sample(frac=1, random_state=1), "y", ["x"])
    assert turned.effect == pytest.approx(first.effect, rel=1e-9)
    scaled = minimum_detectable_effect(panel.assign(y=1e6 * panel["y"], x=1e3 * panel["x"]), "y", ["x"])
    assert scaled.effect == pytest.approx(1e3 * first.effect, rel=1e-6)


@pytest.mark.parametrize("power", [0.05, 1.0])
def test_refuses_a_power_that_means_nothing(power: float) -> None:
    with pytest.raises(ValueError, match="power must lie between"):
        minimum_detectable_effect(plain(), "y", ["x"], power=power)
