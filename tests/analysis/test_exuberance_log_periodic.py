"""Log-periodic fits on the daily Nasdaq that comes with the lppls package, and on planted curves."""

from __future__ import annotations

from pathlib import Path

import lppls
import numpy as np
import pandas as pd
import pytest

from helpers.analysis.log_periodic import LogPeriodicFit, log_periodic, lppls_fit


@pytest.fixture(scope="module")
def nasdaq() -> pd.Series:
    table = pd.read_csv(Path(lppls.__file__).parent / "data" / "nasdaq_dotcom.csv", parse_dates=["Date"])
    return np.log(table.set_index("Date")["Adj Close"].loc[:"2000-03-10"])


def test_value_of_the_curve() -> None:
    value = log_periodic(
        [0.0], 1300.2412888852296, 0.6087189222292106, 6.344318139503496, 3034.166016949172, -16.041970137173486,
        0.21878280136703082, -0.14789336333436504,
    )  # fmt: skip
    assert value[0] == pytest.approx(1762.3196588471408, rel=1e-9)


@pytest.mark.parametrize(
    ("start", "sse", "m", "w", "tc"),
    [
        ("1994-01-03", 6.3151917545, 0.48476, 9.7900, "2000-03-10"),
        ("1997-03-01", 2.821986834337, 0.172662, 7.421318, "2000-05-26"),
        ("1997-01-02", 2.988475916173, 0.1, 7.514457, "2000-06-02"),
        ("1998-10-08", 0.551858855423, 0.9, 7.6111, "2001-01-04"),
    ],
)
def test_global_optimum(nasdaq: pd.Series, start: str, sse: float, m: float, w: float, tc: str) -> None:
    found = lppls_fit(nasdaq.loc[start:])
    assert found.sse == pytest.approx(sse, rel=1e-6)
    assert found.m == pytest.approx(m, abs=1e-3)
    assert found.w == pytest.approx(w, abs=5e-3)
    assert abs(found.tc - pd.Timestamp(tc)) <= pd.Timedelta(days=1)
    assert found.sse == pytest.approx(found.profile["sse"].min())
    assert found.sse == pytest.approx(((nasdaq.loc[start:] - found.fitted) ** 2).sum())
    assert not found.identified, "neighbouring residuals are alike: even the classic example dates nothing"


def test_flags_name_the_bound(nasdaq: pd.Series) -> None:
    short = lppls_fit(nasdaq.loc["1998-10-08":])
    assert {"the critical time lies on its bound", "the exponent lies on its bound"} <= set(
        short.reasons_if_independent
    )
    classic = lppls_fit(nasdaq.loc["1997-03-01":])
    assert classic.reasons == (
        "a critical time as near as tomorrow fits as well",
        "a critical time as far off as was allowed fits as well",
    )
    assert classic.reasons_if_independent == ()
    # Johansen and Sornette (2000): a critical time from early March to mid June 2000, w from 6.4 to 8.
    assert pd.Timestamp("2000-03-10") < classic.tc < pd.Timestamp("2000-06-15")
    assert 6.4 < classic.w < 8


def planted(noise: float, seed: int = 0) -> tuple[pd.Series, LogPeriodicFit]:
    days = np.arange(0.0, 1200.0, 4.0)
    curve = log_periodic(days, 1260.0, 0.4, 8.0, 9.0, -0.05, 0.005, 0.004)
    series = pd.Series(curve + noise * np.random.default_rng(seed).normal(size=len(days)), index=days)
    return series, lppls_fit(series)


def test_a_planted_curve_is_found() -> None:
    series, found = planted(0.002)
    assert found.identified, found.reasons
    assert found.tc == pytest.approx(1260, abs=4)
    assert found.m == pytest.approx(0.4, abs=0.05)
    assert found.w == pytest.approx(8.0, abs=0.2)
    assert found.b < 0
    assert found.low <= 1260 - float(series.index[-1]) <= found.high
    linear = log_periodic(series.index, found.tc, found.m, found.w, found.a, found.b, found.c1, found.c2)
    np.testing.assert_allclose(linear, found.fitted, atol=1e-8)


def test_the_same_prices_give_the_same_fit() -> None:
    (_, one), (_, two) = planted(0.01), planted(0.01)
    assert one.tc_days == two.tc_days
    pd.testing.assert_frame_equal(one.profile, two.profile)


def test_a_random_walk_is_not_identified() -> None:
    months = pd.date_range("2000-01-31", periods=60, freq="ME")
    for seed in range(3):
        walk = np.cumsum(0.05 * np.random.default_rng(seed).normal(size=60))
        assert not lppls_fit(pd.Series(walk, index=months)).identified


def test_a_falling_power_law_is_no_bubble() -> None:
    series, _ = planted(0.002)
    assert "the power law falls: no bubble" in lppls_fit(-series).reasons


def test_bad_input() -> None:
    series, _ = planted(0.01)
    with pytest.raises(ValueError, match="at least 24 observations, not 10"):
        lppls_fit(series.iloc[:10])
    with pytest.raises(ValueError, match=r"bounds of the exponent are empty: 0\.9 to 0\.1"):
        lppls_fit(series, exponent=(0.9, 0.1))
    with pytest.raises(ValueError, match="missing or infinite"):
        lppls_fit(series.where(series.index != 40.0))
