"""The mode that follows psymonitor: a slow second implementation, what it shares with the default, bad input.

Its own series and output may not be shipped; what agreed with them is measured in the module's docstring.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.linear_model import OLS

from helpers.analysis.critical_values import quantiles
from helpers.analysis.date_stamping import date_stamp
from helpers.analysis.explosive_roots import radf
from helpers.analysis.psymonitor_mode import bootstrap_as_psymonitor, radf_as_psymonitor
from helpers.analysis.wild_bootstrap import wild_bootstrap

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "exuberance"


def walk(length: int) -> np.ndarray:
    return pd.read_csv(GOLDEN / f"rw_{length}.csv")["y"].to_numpy()


def choice(window: np.ndarray, max_lags: int) -> tuple[int, float]:
    """Order and statistic of one window, by statsmodels and the formulas in words."""
    change = np.diff(window)
    options = []
    for lags in range(max_lags + 1):
        rows = len(change) - lags
        past = [change[lags - k : lags - k + rows] for k in range(1, lags + 1)]
        fit = OLS(change[lags:], np.column_stack([np.ones(rows), window[lags : lags + rows], *past])).fit()
        unit_variance_bic = -2 * (-0.5 * rows * np.log(2 * np.pi) - 0.5 * fit.ssr) + np.log(rows) * (lags + 2)
        degrees = len(window) - 1 - 2 * max_lags - 2
        options.append((unit_variance_bic, lags, fit.tvalues[1] * np.sqrt(degrees / fit.df_resid)))
    _, lags, statistic = min(options)
    return lags, float(statistic)


def slow(y: np.ndarray, points: int, max_lags: int) -> tuple[list[float], set[int]]:
    """BSADF by every window, one regression at a time, and the orders that were chosen."""
    found, orders = [], set()
    for end in range(points, len(y) + 1):
        choices = [choice(y[start:end], max_lags) for start in range(end - points + 1)]
        found.append(max(statistic for _, statistic in choices))
        orders |= {lags for lags, _ in choices}
    return found, orders


@pytest.mark.parametrize("scale", [0.01, 1.0, 5.0])
def test_every_window_chooses_its_own_order(scale: float) -> None:
    y = scale * walk(100)[:60]
    expected, orders = slow(y, 24, 3)
    result = radf_as_psymonitor(y, window_points=24, max_lags=3)
    np.testing.assert_allclose(result.bsadf, expected, rtol=0, atol=1e-9)
    # The criterion supposes shocks of unit variance: small units hide every lag.
    assert (orders == {0}) == (scale < 1)


def test_a_published_series_from_the_shipped_table(root: Path) -> None:
    """The S&P price/dividend ratio, on which several orders are chosen."""
    table = pd.read_csv(root / "data" / "sp500_shiller.csv")
    part = table[table["month"].between("1995-01", "2000-12")]
    ratio = pd.Series((part["price"] / part["dividend"]).to_numpy(), pd.PeriodIndex(part["month"], freq="M"))
    expected, orders = slow(ratio.to_numpy(), 36, 4)
    result = radf_as_psymonitor(ratio, window_points=36, max_lags=4)
    np.testing.assert_allclose(result.bsadf, expected, rtol=0, atol=1e-8)
    assert len(orders) > 1
    assert str(result.index[0]) == "1997-12", "dated by the last point of the window"
    assert (result.gsadf, result.sadf) == (result.bsadf.max(), result.badf.max())


def test_without_lags_it_is_the_plain_statistic() -> None:
    y = walk(200)
    plain, same = radf(y, min_rows=29), radf_as_psymonitor(y, window_points=30)
    np.testing.assert_allclose(same.bsadf, plain.bsadf, rtol=0, atol=1e-10)
    np.testing.assert_allclose(same.badf, plain.badf, rtol=0, atol=1e-10)
    assert list(same.index) == list(plain.index)


def test_no_lag_chosen_still_pays_for_the_largest_number() -> None:
    """The divisor of the variance is that of the largest order, so that statistics shrink by a known share."""
    y = 0.01 * walk(100)
    plain, shrunk = radf(y, min_rows=29), radf_as_psymonitor(y, window_points=30, max_lags=4)
    rows = np.arange(29, 100)
    np.testing.assert_allclose(shrunk.badf, plain.badf * np.sqrt((rows - 10) / (rows - 2)), atol=1e-10)


def test_a_window_that_fits_exactly_is_computed_from_residuals() -> None:
    y = 1000 * 1.03 ** np.arange(50) * (1 + 1e-6 * np.random.default_rng(7).normal(size=50))
    expected, _ = slow(y, 20, 1)
    result = radf_as_psymonitor(y, window_points=20, max_lags=1)
    np.testing.assert_allclose(result.bsadf, expected, rtol=1e-5)


def test_bootstrap_without_lags_is_that_of_phillips_and_shi() -> None:
    y = walk(100)
    plain = wild_bootstrap(y, min_rows=29, control_window=12, draws=120, seed=4)
    same = bootstrap_as_psymonitor(y, window_points=30, control_window=12, draws=120, seed=4)
    np.testing.assert_allclose(same.null_gsadf, plain.null_gsadf, atol=1e-10)
    assert (same.rule, plain.rule) == ("psymonitor", "wild_bootstrap")


def test_bootstrap_is_reproducible_and_fits_its_statistic() -> None:
    y = 0.01 * walk(100)
    one, three = (
        bootstrap_as_psymonitor(
            y, window_points=24, max_lags=2, control_window=8, draws=99, seed=4, threads=threads
        )
        for threads in (1, 3)
    )  # fmt: skip
    np.testing.assert_array_equal(one.null_gsadf, three.null_gsadf)
    assert one.gsadf[1] == quantiles(one.null_gsadf)[0][1]
    result = radf_as_psymonitor(y, window_points=24, max_lags=2)
    low = date_stamp(result, one, 1, level=0.90)
    assert len(date_stamp(result, one, 1, level=0.99)) <= len(low)
    with pytest.raises(ValueError, match="do not fit"):
        date_stamp(radf(y), one)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"window_points": 11, "max_lags": 4}, r"11 points is too short for 4 lags: at least 12"),
        ({"max_lags": -1}, r"max_lags must not be negative, not -1"),
        ({"window_points": 100}, r"100 observations are too few for windows of 100 points"),
    ],
)
def test_bad_windows_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        radf_as_psymonitor(walk(100), **arguments)


def test_bad_series_are_named() -> None:
    still = walk(100).copy()
    still[40:80] = still[40]
    with pytest.raises(ValueError, match=r"window from position 40 to 63 is not defined"):
        radf_as_psymonitor(still, window_points=24, max_lags=1)
    with pytest.raises(ValueError, match="the series is empty"):
        radf_as_psymonitor(pd.Series([], dtype=float))
    with pytest.raises(ValueError, match="too few"):
        bootstrap_as_psymonitor(walk(100), control_window=8, draws=10, seed=1)
