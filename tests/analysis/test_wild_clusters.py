"""The restricted wild cluster bootstrap: full enumeration, ties, interval."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import statsmodels.api as sm

from helpers.analysis.panel_design import design
from helpers.analysis.wild_clusters import (
    TIE_TOLERANCE,
    restricted_wild_bootstrap,
    wild_bootstrap_interval,
)
from tests.analysis import grunfeld, panels


@pytest.mark.parametrize("place", [0, 1])
def test_enumeration_on_grunfeld(place: int) -> None:
    plan = design(grunfeld.load(), "invest", grunfeld.REGRESSORS, effects=("firm",), **grunfeld.COLUMNS)
    found = restricted_wild_bootstrap(plan, grunfeld.REGRESSORS[place])
    assert found.draws == 1024
    assert found.counted == grunfeld.WILD_COUNTED[place]
    assert found.p_value == grunfeld.WILD_COUNTED[place] / 1024
    # The golden t has (N - 1)/(N - 12) G/(G - 1) in its variance: all effects counted. It cancels in the p-value.
    factor = 199 / 188 * 10 / 9
    assert found.t / np.sqrt(factor) == pytest.approx(grunfeld.WILD_T[place], abs=1e-8)


def test_every_draw_by_hand() -> None:
    """Each sign vector estimated anew with dummies, as a reader of the paper would."""
    panel = panels.noise(np.random.default_rng(5), firms=4, quarters=9, effect=0.4)
    firms = sorted(panel["ticker"].unique())
    dummies = np.hstack([np.eye(4)[panel["ticker"].map(firms.index)], np.eye(9)[panel["time"] - 8000][:, 1:]])
    full = np.hstack([panel[["x"]].to_numpy(), dummies])
    codes = panel["ticker"].map(firms.index).to_numpy()

    def t_of(y: np.ndarray) -> float:
        fit = sm.OLS(y, full).fit(cov_type="cluster", cov_kwds={"groups": codes, "use_correction": False})
        return float(fit.tvalues[0])

    y = panel["y"].to_numpy()
    restricted = sm.OLS(y, dummies).fit()
    draws = [
        t_of(restricted.fittedvalues + np.array(signs)[codes] * restricted.resid)
        for signs in product((1.0, -1.0), repeat=4)
    ]
    seen = abs(t_of(y))
    expected = float(np.mean(np.abs(draws) >= seen * (1 - TIE_TOLERANCE)))
    found = restricted_wild_bootstrap(design(panel, "y", ["x"]), "x")
    assert found.p_value == expected
    assert abs(found.t) == pytest.approx(seen, rel=1e-9)


def test_identity_draws_always_count() -> None:
    for seed in range(20):
        panel = panels.noise(np.random.default_rng(seed), firms=5, quarters=11, effect=5.0)
        for scale in (1.0, 1e-9, 3e7):
            found = restricted_wild_bootstrap(design(panel.assign(y=scale * panel["y"]), "y", ["x"]), "x")
            assert found.counted >= 2
            assert found.counted % 2 == 0, "a sign vector and its opposite tie"


def test_interval_is_the_set_that_is_not_rejected() -> None:
    plan = design(panels.noise(np.random.default_rng(6), effect=0.5), "y", ["x"])
    low, high = wild_bootstrap_interval(plan, "x")
    width = high - low
    assert low < plan.coefficients()[0] < high
    for inside in (low + 1e-6 * width, high - 1e-6 * width):
        assert restricted_wild_bootstrap(plan, "x", inside).p_value > 0.05
    for outside in (low - 1e-6 * width, high + 1e-6 * width):
        assert restricted_wild_bootstrap(plan, "x", outside).p_value <= 0.05


def test_interval_has_no_end_where_nothing_can_be_rejected() -> None:
    plan = design(panels.noise(np.random.default_rng(7), firms=5), "y", ["x"])
    assert wild_bootstrap_interval(plan, "x") == (-np.inf, np.inf)


def test_refuses_more_clusters_than_can_be_enumerated() -> None:
    plan = design(panels.noise(np.random.default_rng(8), firms=13), "y", ["x"])
    with pytest.raises(ValueError, match="13 clusters: full enumeration stops at 12"):
        restricted_wild_bootstrap(plan, "x")
