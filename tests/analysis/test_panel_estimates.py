"""Fixed effects with every error: other packages' figures on Grunfeld, planted effects, sizes, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from scipy.stats import t as student

from helpers.analysis.bias_reduced import bias_reduced
from helpers.analysis.panel_design import design
from helpers.analysis.panel_estimates import ERRORS, fixed_effects
from helpers.analysis.wild_clusters import restricted_wild_bootstrap
from tests.analysis import grunfeld, panels


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return grunfeld.load()


@pytest.fixture(scope="module")
def estimates(data: pd.DataFrame) -> pd.DataFrame:
    return fixed_effects(
        data, "invest", grunfeld.REGRESSORS, effects=("firm",), errors=tuple(ERRORS), lag=1, **grunfeld.COLUMNS
    )


def column(table: pd.DataFrame, error: str, name: str = "standard_error") -> np.ndarray:
    return table.loc[table["error"] == error, name].to_numpy(dtype="float64")


def test_coefficients(estimates: pd.DataFrame) -> None:
    assert column(estimates, "crv1", "coefficient") == pytest.approx(grunfeld.FIRM_EFFECTS, abs=1e-8)


@pytest.mark.parametrize("error", list(grunfeld.ERRORS))
def test_errors(estimates: pd.DataFrame, error: str) -> None:
    assert column(estimates, error) == pytest.approx(grunfeld.ERRORS[error], abs=1e-8)


def test_jackknife(estimates: pd.DataFrame) -> None:
    assert column(estimates, "crv3") == pytest.approx(grunfeld.CRV3, abs=1e-7)


def test_satterthwaite_degrees(estimates: pd.DataFrame) -> None:
    assert column(estimates, "cr2", "degrees_of_freedom") == pytest.approx(grunfeld.CR2_FREEDOM, abs=5e-5)


@pytest.mark.parametrize("lag", list(grunfeld.DRISCOLL_KRAAY))
def test_driscoll_kraay(data: pd.DataFrame, lag: int) -> None:
    table = fixed_effects(
        data, "invest", grunfeld.REGRESSORS, effects=("firm",), errors=("driscoll_kraay",), lag=lag, **grunfeld.COLUMNS
    )
    assert column(table, "driscoll_kraay") == pytest.approx(grunfeld.DRISCOLL_KRAAY[lag], abs=1e-8)
    assert (table["lag"] == lag).all()


@pytest.mark.parametrize("effects", [("firm", "year"), ("year", "firm")])
def test_two_way_effects_in_either_order(data: pd.DataFrame, effects: tuple[str, str]) -> None:
    """Pyfixest 0.60 gives two answers here, depending on the order of the effects."""
    table = fixed_effects(data, "invest", grunfeld.REGRESSORS, effects=effects, errors=("crv1",), **grunfeld.COLUMNS)
    assert table["coefficient"].to_numpy() == pytest.approx(grunfeld.TWO_WAY_EFFECTS, abs=1e-8)
    assert column(table, "crv1") == pytest.approx(grunfeld.TWO_WAY_CRV1, abs=1e-8)


def test_packages_agree_after_their_small_sample_factors(data: pd.DataFrame, estimates: pd.DataFrame) -> None:
    """One raw variance, each package's own documented factor."""
    from linearmodels import PanelOLS

    factor = estimates.loc[estimates["error"] == "crv1", "small_sample_factor"].iloc[0]
    raw = column(estimates, "crv1") / np.sqrt(factor)
    rows, firms, regressors = 200, 10, 2
    assert factor == pytest.approx((rows - 1) / (rows - regressors - 1) * firms / (firms - 1), rel=1e-12)
    assert raw == pytest.approx(grunfeld.CRV1_PLM_HC0, abs=1e-8)
    stata = (rows - 1) / (rows - regressors) * firms / (firms - 1)
    assert raw * np.sqrt(stata) == pytest.approx(grunfeld.CRV1_PLM_SSS, abs=1e-8)
    model = PanelOLS.from_formula("invest ~ value + capital + EntityEffects", data.set_index(["firm", "year"]))
    clustered = model.fit(cov_type="clustered", cluster_entity=True).std_errors.to_numpy()
    assert clustered == pytest.approx(grunfeld.CRV1_LINEARMODELS, abs=1e-8)
    assert raw * np.sqrt(rows / (rows - regressors)) == pytest.approx(clustered, abs=1e-8)
    debiased = model.fit(cov_type="clustered", cluster_entity=True, group_debias=True).std_errors.to_numpy()
    assert raw * np.sqrt(stata) == pytest.approx(debiased, abs=1e-8)


def test_driscoll_kraay_agrees_with_linearmodels_and_plm(data: pd.DataFrame) -> None:
    from linearmodels import PanelOLS

    table = fixed_effects(
        data, "invest", grunfeld.REGRESSORS, effects=("firm",), errors=("driscoll_kraay",), lag=2, **grunfeld.COLUMNS
    )
    raw = column(table, "driscoll_kraay") / np.sqrt(table["small_sample_factor"].iloc[0])
    assert raw == pytest.approx(grunfeld.DRISCOLL_KRAAY_2_PLM_HC0, abs=1e-8)
    model = PanelOLS.from_formula("invest ~ value + capital + EntityEffects", data.set_index(["firm", "year"]))
    kernel = model.fit(cov_type="kernel", kernel="bartlett", bandwidth=2).std_errors.to_numpy()
    assert kernel == pytest.approx(grunfeld.DRISCOLL_KRAAY_2_LINEARMODELS, abs=1e-8)
    # linearmodels counts the 2 regressors and the 10 effects here.
    assert raw * np.sqrt(200 / 188) == pytest.approx(kernel, abs=1e-8)


def test_every_row_says_how_it_was_made(estimates: pd.DataFrame) -> None:
    assert (estimates["firms"] == 10).all()
    assert (estimates["quarters"] == 20).all()
    assert (estimates["observations"] == 200).all()
    assert estimates["estimator"].str.contains("effects of firm").all()
    own = estimates["error"].isin(["wild", "cr2"])
    assert (estimates.loc[own, "package"] == "own").all()
    assert (estimates.loc[~own, "package"] == "pyfixest").all()
    assert estimates.loc[estimates["error"] == "driscoll_kraay", "lag"].notna().all()
    assert estimates.loc[estimates["error"] != "driscoll_kraay", "lag"].isna().all()
    assert (column(estimates, "crv1", "degrees_of_freedom") == 9).all()


def test_an_effect_planted_exactly_is_found_exactly() -> None:
    panel = panels.noise(np.random.default_rng(3))
    exact = panel.assign(
        y=0.7 * panel["x"] + panel["ticker"].str[1:].astype(float) + np.sin(panel["time"]), weight=panel["season"]
    )
    for weights in (None, "weight"):
        table = fixed_effects(exact, "y", ["x"], errors=("crv1",), weights=weights)
        assert table["coefficient"].iloc[0] == pytest.approx(0.7, abs=1e-10)


def test_weights_agree_with_repeated_rows() -> None:
    """A row of weight two counts as two rows: least squares by hand with statsmodels."""
    import statsmodels.api as sm

    panel = panels.noise(np.random.default_rng(4), firms=4, quarters=12, effect=0.4)
    panel["weight"] = 1.0 + (panel["time"] % 3)
    dummies = pd.get_dummies(panel[["ticker", "time"]].astype(str), drop_first=True, dtype=float)
    columns = sm.add_constant(pd.concat([panel[["x"]], dummies], axis=1))
    expected = sm.WLS(panel["y"], columns, weights=panel["weight"]).fit().params["x"]
    found = fixed_effects(panel, "y", ["x"], weights="weight", errors=("iid",))["coefficient"].iloc[0]
    assert found == pytest.approx(expected, abs=1e-9)
    assert design(panel, "y", ["x"], weights="weight").coefficients()[0] == pytest.approx(expected, abs=1e-10)


REPLICATIONS, FITS = 400, 50


def band(replications: int) -> tuple[float, float]:
    """Return the rejection rates outside which a test of size 5 % falls once in ten thousand times."""
    low, high = binom.ppf([0.00005, 0.99995], replications, 0.05) / replications
    return low, high


@pytest.fixture(scope="module")
def simulated() -> pd.DataFrame:
    """Rejections of the truth in many panels: x does 0.5, z does nothing."""
    random = np.random.default_rng(20250905)
    found = []
    for _ in range(REPLICATIONS):
        panel = panels.noise(random, effect=0.5, quarters=12)
        panel["z"] = panels.noise(random, quarters=12)["x"]
        for truth, regressor in ((0.5, "x"), (0.0, "z")):
            plan = design(panel, "y", [regressor])
            reduced = bias_reduced(plan)
            t = (plan.coefficients()[0] - truth) / reduced.standard_errors[0]
            found.append((truth, "wild", restricted_wild_bootstrap(plan, regressor, truth).p_value))
            found.append((truth, "cr2", 2 * student.sf(abs(t), reduced.degrees_of_freedom[0])))
    return pd.DataFrame(found, columns=["truth", "error", "p"])


@pytest.mark.parametrize("truth", [0.5, 0.0])
@pytest.mark.parametrize("error", ["wild", "cr2"])
def test_the_truth_is_rejected_as_often_as_promised(simulated: pd.DataFrame, error: str, truth: float) -> None:
    """With 0.0 this is the size, with 0.5 one less the coverage of a planted effect."""
    chosen = simulated[(simulated["error"] == error) & (simulated["truth"] == truth)]
    low, high = band(REPLICATIONS)
    assert len(chosen) == REPLICATIONS
    # 2^8 sign vectors give p-values in steps: at most 0.05 is what the test promises.
    assert low <= (chosen["p"] <= 0.05).mean() <= high


def test_intervals_cover_a_planted_effect() -> None:
    """CRV1 is known to be bold with few clusters and CRV3 to be cautious."""
    random = np.random.default_rng(7)
    tables = [
        fixed_effects(panels.noise(random, effect=0.5, quarters=12), "y", ["x"], errors=("crv1", "crv3", "wild"))
        for _ in range(FITS)
    ]
    found = pd.concat(tables)
    missed = ((found["low"] > 0.5) | (found["high"] < 0.5)).groupby(found["error"]).mean()
    assert missed["crv3"] <= band(FITS)[1]
    assert missed["wild"] <= band(FITS)[1]
    assert missed["crv1"] <= 2 * band(FITS)[1]


def small() -> pd.DataFrame:
    return panels.noise(np.random.default_rng(1), firms=5, quarters=16, effect=0.3)


def test_units_do_not_matter() -> None:
    panel = small()
    plain = fixed_effects(panel, "y", ["x"])
    scaled = fixed_effects(panel.assign(y=1e6 * panel["y"], x=1e-3 * panel["x"]), "y", ["x"])
    for name in ("coefficient", "standard_error", "low", "high"):
        expected = 1e9 * plain[name].to_numpy()
        assert scaled[name].to_numpy() == pytest.approx(expected, rel=1e-7, nan_ok=True)
    assert scaled["p_value"].to_numpy() == pytest.approx(plain["p_value"].to_numpy(), rel=1e-6)


def test_order_of_rows_does_not_matter() -> None:
    panel = small()
    plain, turned = (fixed_effects(frame, "y", ["x"]) for frame in (panel, panel.sample(frac=1, random_state=2)))
    pd.testing.assert_frame_equal(plain, turned, rtol=1e-9)


def test_a_quarter_with_one_firm_changes_nothing() -> None:
    panel = small()
    lonely = panel.tail(1).assign(time=panel["time"].max() + 1)
    plain, more = (fixed_effects(frame, "y", ["x"]) for frame in (panel, pd.concat([panel, lonely])))
    pd.testing.assert_frame_equal(plain, more, rtol=1e-9)


def test_short_firms_are_left_out_on_request() -> None:
    panel = small()
    short = panel[panel["ticker"] == "F0"].head(3).assign(ticker="NEW")
    table = fixed_effects(pd.concat([panel, short]), "y", ["x"], errors=("crv1",), least_quarters=4)
    assert table["firms"].iloc[0] == 5
    assert fixed_effects(pd.concat([panel, short]), "y", ["x"], errors=("crv1",))["firms"].iloc[0] == 6


def test_refuses_a_duplicate_firm_quarter() -> None:
    panel = small()
    with pytest.raises(ValueError, match="duplicate firm-quarter: F0 has two rows at time 8000"):
        fixed_effects(pd.concat([panel, panel.head(1)]), "y", ["x"])


def test_refuses_a_firm_with_one_quarter() -> None:
    panel = small()
    lone = panel.head(1).assign(ticker="LONE")
    with pytest.raises(ValueError, match="firm LONE has one quarter"):
        fixed_effects(pd.concat([panel, lone]), "y", ["x"])


@pytest.mark.parametrize("scale", [1.0, 1e9])
def test_refuses_a_collinear_regressor(scale: float) -> None:
    panel = small()
    panel["twice"] = scale * 2 * panel["x"]
    with pytest.raises(ValueError, match="collinear regressor: twice is a combination of ticker, time, x"):
        fixed_effects(panel, "y", ["x", "twice"])


def test_refuses_a_regressor_that_the_effects_swallow() -> None:
    panel = small()
    panel["common"] = np.sin(panel["time"])
    with pytest.raises(ValueError, match="collinear regressor: common"):
        fixed_effects(panel, "y", ["common"])


def test_does_not_call_unlike_units_collinear() -> None:
    panel = small()
    panel["tiny"] = 1e-12 * np.cos(np.arange(len(panel)))
    assert len(fixed_effects(panel, "y", ["x", "tiny"], errors=("crv1",))) == 2


def test_refuses_fewer_than_three_firms() -> None:
    panel = small()
    with pytest.raises(ValueError, match="2 firms: clustered errors need at least 3"):
        fixed_effects(panel[panel["ticker"].isin(["F0", "F1"])], "y", ["x"])


def test_refuses_a_hole_in_time_for_driscoll_kraay() -> None:
    panel = small()
    holed = panel[panel["time"] != 8005]
    with pytest.raises(ValueError, match="no firm has a quarter right after time 8004"):
        fixed_effects(holed, "y", ["x"])
    assert len(fixed_effects(holed, "y", ["x"], errors=("crv1",))) == 1


def test_refuses_unknown_errors_empty_panels_and_bad_weights() -> None:
    panel = small()
    with pytest.raises(ValueError, match="unknown error 'hc7'"):
        fixed_effects(panel, "y", ["x"], errors=("hc7",))
    with pytest.raises(ValueError, match="no quarter has y and x"):
        fixed_effects(panel.assign(x=np.nan), "y", ["x"])
    with pytest.raises(ValueError, match="weights in season must be positive"):
        fixed_effects(panel.assign(season=0), "y", ["x"], weights="season")
    with pytest.raises(ValueError, match="missing columns: nothing"):
        fixed_effects(panel, "y", ["nothing"])
    with pytest.raises(ValueError, match="unweighted"):
        bias_reduced(design(panel, "y", ["x"], weights="season"))
