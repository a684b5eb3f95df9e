"""The explosive-root statistics: golden sequences, an oracle of plain regressions, invariance, bad input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import exuber
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.regression.linear_model import OLS

from helpers.analysis import explosive_windows
from helpers.analysis.explosive_roots import default_min_rows, radf
from helpers.analysis.explosive_windows import ENGINES, prepare, scan, square_from_residuals

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "exuberance"
LENGTHS = (100, 200, 400, 800, 1600)


def walk(length: int) -> np.ndarray:
    return pd.read_csv(GOLDEN / f"rw_{length}.csv")["y"].to_numpy()


def t_ratio(y: np.ndarray, lags: int, first: int, last: int) -> float:
    """The statistic of one window by statsmodels."""
    change = np.diff(y)
    rows = len(change) - lags
    columns = [y[lags : lags + rows], *(change[lags - k : lags - k + rows] for k in range(1, lags + 1))]
    design = np.column_stack([np.ones(rows), *columns])[first : last + 1]
    return float(OLS(change[lags:][first : last + 1], design).fit().tvalues[1])


@pytest.mark.parametrize("lags", [0, 1])
@pytest.mark.parametrize("length", LENGTHS)
def test_sequences_equal_those_of_r(length: int, lags: int) -> None:
    expected = pd.read_csv(GOLDEN / f"ref_rw_{length}_lag{lags}.csv")
    result = radf(walk(length), lags=lags)
    assert result.min_rows == int((0.01 + 1.8 / np.sqrt(length)) * length)
    np.testing.assert_allclose(result.badf, expected["badf"], rtol=0, atol=1e-8)
    np.testing.assert_allclose(result.bsadf, expected["bsadf"], rtol=0, atol=1e-8)
    assert result.adf == result.badf[-1]
    assert result.sadf == result.badf.max()
    assert result.gsadf == result.bsadf.max()


@pytest.mark.parametrize("lags", [0, 1, 2, 3, 4])
def test_every_window_is_a_regression(lags: int) -> None:
    y = walk(100)[:40]
    rows, min_rows = len(y) - 1 - lags, 12
    result = radf(y, lags=lags, min_rows=min_rows)
    ends = range(min_rows - 1, rows)
    expected = [max(t_ratio(y, lags, s, e) for s in range(e - min_rows + 2)) for e in ends]
    np.testing.assert_allclose(result.bsadf, expected, atol=1e-9)
    np.testing.assert_allclose(result.badf, [t_ratio(y, lags, 0, e) for e in ends], atol=1e-9)


@pytest.mark.parametrize("lags", [0, 1, 2, 4])
def test_both_engines_give_the_same_bits(lags: int) -> None:
    # More starts than one tile holds, so that the seams are crossed.
    y = walk(800)
    assert len(y) - 100 > 512
    compiled, plain = (scan(y, lags=lags, min_rows=60, engine=name) for name in ("compiled", "numpy"))
    np.testing.assert_array_equal(compiled.bsadf, plain.bsadf)
    np.testing.assert_array_equal(compiled.badf, plain.badf)


def test_a_machine_without_numba_uses_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explosive_windows, "has_numba", lambda: False)
    assert explosive_windows.engine_named("auto") is explosive_windows.numpy_engine
    with pytest.raises(ValueError, match="unknown engine 'fast'"):
        explosive_windows.engine_named("fast")
    assert explosive_windows.engine_named("fastest") is explosive_windows.numpy_engine
    assert ENGINES == ("auto", "fastest", "compiled", "numpy")


def test_one_call_waits_for_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explosive_windows, "_compiled", set())
    assert explosive_windows._chosen("auto", 0, 100) == "numpy"
    assert explosive_windows._chosen("auto", 0, 10_000) == "auto"
    assert explosive_windows._chosen("auto", 0, 100) == "auto", "once compiled, it is used"
    assert explosive_windows._chosen("fastest", 3, 100) == "fastest"
    assert explosive_windows._chosen("auto", 4, 100) == "auto"


def test_every_kernel_can_be_compiled_beforehand() -> None:
    from helpers.analysis import explosive_windows_compiled

    explosive_windows_compiled.warm()
    assert explosive_windows_compiled._walk_with_lags.signatures
    assert explosive_windows_compiled._fill_from_residuals.signatures


@pytest.mark.parametrize("lags", [0, 1, 3])
@pytest.mark.parametrize(("offset", "tolerance"), [(1e4, 1e-9), (1e6, 1e-9), (1e8, 1e-6), (3e9, 1e-5)])
def test_a_constant_added_changes_nothing(offset: float, tolerance: float, lags: int) -> None:
    y = walk(400)
    before, after = (radf(series, lags=lags, min_rows=40).bsadf for series in (y, offset + y))
    np.testing.assert_allclose(after, before, rtol=0, atol=tolerance)


def test_where_others_lose_the_level() -> None:
    """At an offset of 3e9 the other Python library is off by more than one, and ours is not."""
    y = walk(400)
    ours = radf(3e9 + y, min_rows=40).gsadf
    theirs = float(np.max(np.asarray(exuber.radf(3e9 + y, minw=40, lag=0).gsadf)))
    assert abs(ours - radf(y, min_rows=40).gsadf) < 1e-5 < 0.1 < abs(theirs - ours)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    scale=st.floats(1e-6, 1e9),
    offset=st.floats(-1e6, 1e6),
    lags=st.integers(0, 2),
)
def test_scale_and_level_do_not_matter(seed: int, scale: float, offset: float, lags: int) -> None:
    y = np.cumsum(np.random.default_rng(seed).normal(size=60))
    before = radf(y, lags=lags, min_rows=20)
    np.testing.assert_allclose(radf(scale * y, lags=lags, min_rows=20).bsadf, before.bsadf, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(radf(y + offset, lags=lags, min_rows=20).bsadf, before.bsadf, rtol=1e-8, atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), lags=st.integers(0, 1))
def test_agrees_with_an_independent_library(seed: int, lags: int) -> None:
    y = np.cumsum(np.random.default_rng(seed).normal(size=90))
    theirs = exuber.radf(y, minw=20, lag=lags)
    ours = radf(y, min_rows=20, lags=lags)
    assert ours.gsadf == pytest.approx(float(np.max(np.asarray(theirs.gsadf))), abs=1e-8)
    assert ours.sadf == pytest.approx(float(np.max(np.asarray(theirs.sadf))), abs=1e-8)


@pytest.mark.parametrize("engine", ["compiled", "numpy"])
@pytest.mark.parametrize("lags", [0, 1, 2])
def test_an_almost_exact_window_keeps_its_digits(lags: int, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An explosive series with little noise: 1 - R^2 is below 1e-6, and its lagged change nearly its level."""
    monkeypatch.setattr(explosive_windows, "WORTH_COMPILING", 50)
    noise = np.random.default_rng(7).normal(size=50)
    y = 1000 * 1.03 ** np.arange(50) * (1 + (1e-5 if lags else 1e-9) * noise)
    result = radf(y, min_rows=15, lags=lags, engine=engine)
    expected = t_ratio(y, lags, 0, len(y) - 2 - lags)
    assert result.adf == pytest.approx(expected, rel=1e-6)
    assert abs(expected) > (4 if lags else 1000)


@pytest.mark.parametrize("lags", [0, 1, 2])
def test_almost_exact_windows_are_the_same_in_both_engines(lags: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explosive_windows, "WORTH_COMPILING", 50)
    y = 1000 * 1.03 ** np.arange(50) * (1 + 1e-7 * np.random.default_rng(7).normal(size=50))
    compiled, plain = (scan(y, lags=lags, min_rows=15, engine=name) for name in ("compiled", "numpy"))
    np.testing.assert_array_equal(compiled.bsadf, plain.bsadf)


def test_residuals_agree_with_sums_where_both_are_good() -> None:
    y = walk(200)
    for lags in (0, 1, 3):
        columns, _ = prepare(y, lags)
        square = square_from_residuals(columns, 20, 90)
        assert np.sign(square) * np.sqrt(abs(square)) == pytest.approx(t_ratio(y, lags, 20, 90), abs=1e-9)


def test_dates_are_kept() -> None:
    index = pd.date_range("1990-01-31", periods=100, freq="ME")
    result = radf(pd.Series(walk(100), index=index))
    assert list(result.index) == list(index[result.min_rows :])
    frame = result.frame()
    assert frame.index[-1] == index[-1]
    assert frame["value"].iloc[-1] == walk(100)[-1]
    assert default_min_rows(100) == 19


def test_published_series_from_the_shipped_table(root: Path) -> None:
    """The S&P price/dividend ratio: 4.21 in print on the data of 2010, 4.16 on the revised table."""
    table = pd.read_csv(root / "data" / "sp500_shiller.csv")
    part = table[table["month"].between("1871-01", "2010-12")]
    ratio = pd.Series((part["price"] / part["dividend"]).to_numpy(), pd.PeriodIndex(part["month"], freq="M"))
    for row in pd.read_csv(GOLDEN / "shiller_pd_1871_2010.csv").itertuples():
        result = radf(ratio, min_rows=89, lags=int(row.lags))
        found = (result.adf, result.sadf, result.gsadf)
        np.testing.assert_allclose(found, (row.adf, row.sadf, row.gsadf), atol=1e-8)
        assert str(result.index[np.argmax(result.bsadf)]) == row.peak
    lag_0, lag_1 = (radf(ratio, min_rows=89, lags=lags).gsadf for lags in (0, 1))
    # What the paper's own series gives, within the revision of the dividends since.
    assert lag_0 == pytest.approx(4.20687389375740, abs=0.06)
    assert lag_1 == pytest.approx(3.17086777746411, abs=0.01)


GOOD = pd.Series(walk(100), index=pd.date_range("1990-01-31", periods=100, freq="ME"))


def put(place: int, value: float) -> pd.Series:
    changed = GOOD.copy()
    changed.iloc[place] = value
    return changed


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (put(5, np.nan), r"missing or infinite; the first is nan at 1990-06-30"),
        (put(7, np.inf), r"the first is inf at 1990-08-31"),
        (GOOD * 0 + 3, r"constant: 3.0 from 1990-01-31 to 1998-04-30"),
        (GOOD.iloc[:9], r"9 observations are too few: windows of 8 rows with 0 lags need 10"),
        (GOOD.astype(object), r"holds object, not numbers"),
        (GOOD > 0, r"holds bool, not numbers"),
        (GOOD.iloc[::-1], r"not in order: 1998-03-31 comes after 1998-04-30"),
        (GOOD.iloc[[0, 1, 1, *range(2, 100)]], r"1990-02-28 stands twice"),
        (GOOD.drop(GOOD.index[50]), r"gap between 1994-02-28 and 1994-04-30"),
        (pd.Series([], dtype=float), r"empty"),
    ],
)
def test_bad_input_is_named(y: pd.Series, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        radf(y, **({"min_rows": 8} if len(y) == 9 else {}))


def test_a_gap_can_be_ignored() -> None:
    assert len(radf(GOOD.drop(GOOD.index[50]), ignore_gaps=True).bsadf) == 99 - 1 - default_min_rows(99) + 1


@pytest.mark.parametrize(("min_rows", "lags", "message"), [(2, 0, "too short"), (20, -1, "negative"), (99, 0, "few")])
def test_bad_windows_are_named(min_rows: int, lags: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        radf(GOOD, min_rows=min_rows, lags=lags)


def test_a_window_without_movement_is_named() -> None:
    y = GOOD.copy()
    y.iloc[30:60] = y.iloc[30]
    with pytest.raises(ValueError, match=r"window from 1992-06-30 to 1994-01-31 is not defined"):
        radf(y, min_rows=19)


def test_business_days_and_quarters_are_no_gaps() -> None:
    values = walk(100)
    days = pd.bdate_range("2001-08-01", periods=100).drop(pd.date_range("2001-09-11", "2001-09-14"))
    for index in (days[:96], pd.date_range("2001-03-31", periods=96, freq="QE"), pd.RangeIndex(5, 101)):
        assert len(radf(pd.Series(values[:96], index=index)).bsadf) > 0
    with pytest.raises(ValueError, match="gap between 2001-09-07"):
        radf(pd.Series(values[:94], index=days[:96].drop(pd.to_datetime(["2001-09-10", "2001-09-17"]))))


def test_result_is_frozen() -> None:
    result: Any = radf(GOOD)
    with pytest.raises(AttributeError):
        result.gsadf = 0.0
