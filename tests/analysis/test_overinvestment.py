"""Investment beyond the expected: nothing where the rule holds, the planted excess where it does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers.analysis.capex_panel import panel
from helpers.analysis.overinvestment import INVESTMENT, overinvestment
from tests.analysis import panels

TICKERS = ("AMZN", "MSFT", "GOOGL", "META")


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    return panel(panels.cash_flows(np.random.default_rng(1), TICKERS, range(2014, 2026)))


def test_fitted_residuals_are_zero_on_average(made: pd.DataFrame) -> None:
    found = overinvestment(made)
    fitted = found[found["fitted"]]
    assert fitted["quarter"].max() == pd.Period("2022Q4")
    assert fitted.groupby("ticker")["residual"].mean().abs().max() < 1e-10
    assert (found["actual"] - found["expected"]).to_numpy() == pytest.approx(found["residual"].to_numpy())


def test_planted_excess_is_found_on_the_path_without_a_boom(made: pd.DataFrame) -> None:
    boom = made.copy()
    later = (boom["ticker"] == "META") & (boom["quarter"] > "2022Q4")
    boom.loc[later, INVESTMENT] += 25
    plain, found = (overinvestment(frame, dynamic=True) for frame in (made, boom))
    excess = (found["residual"] - plain["residual"])[~found["fitted"]]
    meta = found.loc[excess.index, "ticker"] == "META"
    assert excess[meta].to_numpy() == pytest.approx(25.0, abs=1e-9)
    assert excess[~meta].abs().max() < 1e-9


def test_one_step_ahead_gets_used_to_a_boom(made: pd.DataFrame) -> None:
    """With persistent investment a lasting rise surprises once: later quarters expect most of it."""
    habit = made.copy()
    for _, rows in habit.groupby("ticker").groups.items():
        values = habit.loc[rows, INVESTMENT].to_numpy().copy()
        for step in range(5, len(values)):
            values[step] = 3 + 0.8 * values[step - 1] + 0.1 * (values[step] - np.nanmean(values))
        habit.loc[rows, INVESTMENT] = values
    later = habit["quarter"] > "2022Q4"
    boom = habit.assign(**{INVESTMENT: habit[INVESTMENT] + 25 * later})
    one, path = (overinvestment(boom, dynamic=dynamic) for dynamic in (False, True))
    after = ~one["fitted"]
    assert 0 < one.loc[after, "residual"].mean() < 0.6 * path.loc[after, "residual"].mean()


def test_dollars_are_points_of_past_revenue(made: pd.DataFrame) -> None:
    found = overinvestment(made)
    label = found.index[-1]
    capex = made.loc[label, "capex_intensity"] / 100 * made.loc[label, "revenue"]
    assert found.loc[label, "overinvestment"] == pytest.approx(
        capex * found.loc[label, "residual"] / found.loc[label, "actual"]
    )


def test_until_the_cut_both_expectations_agree(made: pd.DataFrame) -> None:
    one, path = (overinvestment(made, dynamic=dynamic) for dynamic in (False, True))
    fitted = one.index[one["fitted"]]
    assert one.loc[fitted, "expected"].to_numpy() == pytest.approx(path.loc[fitted, "expected"].to_numpy())


def test_refuses_a_rule_that_cannot_be_learnt(made: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="no quarter has"):
        overinvestment(made, fitted_to="2014Q2")
