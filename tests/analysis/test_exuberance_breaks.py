"""Structural breaks against strucchange on the Nile, against simulation, and on planted breaks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.datasets import nile

from helpers.analysis.structural_breaks import (
    break_distribution,
    break_quantile,
    ols_cusum,
    structural_breaks,
    sup_f_p_value,
)


@pytest.fixture(scope="module")
def flow() -> pd.Series:
    data = nile.load_pandas().data
    return pd.Series(data["volume"].to_numpy(), index=data["year"].astype(int).to_numpy())


def test_the_nile_as_strucchange_has_it(flow: pd.Series) -> None:
    found = structural_breaks(flow)
    only = found.dates.iloc[0]
    assert len(found.dates) == 1
    assert (only["place"], only["date"]) == (28, 1898)
    assert (only["low_place"], only["high_place"]) == (25, 32)
    assert (only["low"], only["high"]) == (1895, 1902)
    expected = (1318.241806876, 1270.08373574, 1276.466700755, 1284.717667449)
    np.testing.assert_allclose(found.criteria["bic"].iloc[:4], expected, atol=1e-6)
    assert found.sup_f == pytest.approx(75.92976942749, abs=1e-6)
    assert found.sup_f_date == 1898
    assert found.p_value < 0.001
    assert found.fitted.iloc[0] == pytest.approx(flow.iloc[:28].mean())
    assert found.fitted.iloc[-1] == pytest.approx(flow.iloc[28:].mean())


def test_cusum_of_the_nile(flow: pd.Series) -> None:
    statistic, p_value = ols_cusum(flow)
    assert statistic == pytest.approx(2.951766102663, abs=1e-6)
    assert p_value == pytest.approx(5.408553460651e-08, rel=1e-6)


def test_dynamic_programming_finds_what_trying_all_finds() -> None:
    y = np.random.default_rng(4).normal(size=30).cumsum()
    shortest = 4
    cost = lambda a, b: ((y[a:b] - y[a:b].mean()) ** 2).sum()  # noqa: E731
    tried = min(
        cost(0, i) + cost(i, j) + cost(j, 30)
        for i in range(shortest, 30)
        for j in range(i + shortest, 30 - shortest + 1)
    )
    found = structural_breaks(pd.Series(y), trimming=0.15, max_breaks=2)
    assert found.criteria.loc[2, "rss"] == pytest.approx(tried)


def test_planted_breaks_of_level_and_of_trend() -> None:
    generator = np.random.default_rng(8)
    level = pd.Series(np.repeat([0.0, 4.0, 1.0], 40) + generator.normal(size=120))
    found = structural_breaks(level)
    assert abs(found.dates["place"] - [40, 80]).max() <= 2
    assert (found.dates["low_place"] <= found.dates["place"]).all()
    assert (found.dates["high_place"] >= found.dates["place"]).all()
    time = np.arange(120)
    trend = pd.Series(0.1 * time + 0.3 * np.maximum(time - 60, 0) + generator.normal(size=120))
    found = structural_breaks(trend, model="trend")
    assert len(found.dates) == 1
    assert abs(found.dates["place"].iloc[0] - 60) <= 6


def test_noise_has_no_break() -> None:
    found = structural_breaks(pd.Series(np.random.default_rng(1).normal(size=200)))
    assert len(found.dates) == 0
    assert found.p_value > 0.05


def test_intervals_widen_with_autocorrelation() -> None:
    generator = np.random.default_rng(2)
    noise = np.zeros(200)
    for t in range(1, 200):
        noise[t] = 0.7 * noise[t - 1] + generator.normal()
    y = pd.Series(noise + np.repeat([0.0, 3.0], 100))
    plain, wide = (structural_breaks(y, max_breaks=1, autocorrelated=flag).dates.iloc[0] for flag in (False, True))
    assert wide["high_place"] - wide["low_place"] > plain["high_place"] - plain["low_place"]


@pytest.mark.parametrize(("ratio", "variance"), [(1.0, 1.0), (1.0, 4.0), (2.0, 1.0), (0.5, 3.0)])
def test_distribution_of_a_break_date(ratio: float, variance: float) -> None:
    """Against two-sided random walks on a fine grid."""
    generator, step, length, paths = np.random.default_rng(0), 0.04, 1500, 1500
    time = np.arange(1, length + 1) * step
    left = np.cumsum(generator.normal(size=(paths, length)), axis=1) * np.sqrt(step) - time / 2
    right = np.cumsum(generator.normal(size=(paths, length)), axis=1) * np.sqrt(step * ratio * variance)
    right -= ratio * time / 2
    to_left = np.maximum(left.max(axis=1), 0) > np.maximum(right.max(axis=1), 0)
    place = np.where(to_left, -time[left.argmax(axis=1)], time[right.argmax(axis=1)])
    for x in (-8.0, -2.0, -0.5, 0.5, 2.0, 8.0):
        assert break_distribution(x, ratio, variance) == pytest.approx((place <= x).mean(), abs=0.05)


def test_distribution_is_one() -> None:
    line = [break_distribution(x, 1.7, 0.6) for x in np.linspace(-60, 60, 241)]
    assert line[0] < 1e-3
    assert line[-1] > 1 - 1e-3
    assert (np.diff(line) >= -1e-12).all()
    assert break_distribution(-1e-12) == pytest.approx(0.5, abs=1e-5)
    for level in (0.025, 0.5, 0.975):
        assert break_distribution(break_quantile(level, 1.7, 0.6), 1.7, 0.6) == pytest.approx(level)
    # Bai (1997): 97.5 per cent of the symmetric case lie below 11.03.
    assert break_quantile(0.975) == pytest.approx(11.03, abs=0.01)


def test_p_value_of_the_largest_f() -> None:
    """Andrews's critical values at a trimming of 15 per cent, one parameter: 8.85 (8.68 in the correction of 2003)."""
    assert sup_f_p_value(8.7, 1, 0.15) == pytest.approx(0.05, abs=0.012)
    assert sup_f_p_value(12.2, 1, 0.15) == pytest.approx(0.01, abs=0.006)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"model": "wave"}, "unknown model 'wave'"), ({"trimming": 0.6}, "too short"), ({"trimming": 0.01}, "too short")],
)
def test_bad_questions(arguments: dict[str, object], message: str, flow: pd.Series) -> None:
    with pytest.raises(ValueError, match=message):
        structural_breaks(flow, **arguments)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="missing or infinite"):
        structural_breaks(flow.where(flow != flow.iloc[3]))
