"""Critical values, wild bootstrap and date stamping: published values, size, reproducibility, the cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from helpers.analysis.critical_values import (
    DEFAULT_RULE,
    RULES,
    critical_values,
    null_distribution,
    quantiles,
    under_rule,
)
from helpers.analysis.date_stamping import date_stamp, default_min_duration, runs
from helpers.analysis.explosive_roots import radf
from helpers.analysis.wild_bootstrap import null_regression, wild_bootstrap
from helpers.disk_cache import DiskCache

# Phillips, Shi and Yu (2015), Table 1, finite-sample panel, 90, 95 and 99 per cent: (SADF, GSADF) by T.
PUBLISHED = {
    100: ((0.98, 1.30, 1.99), (1.65, 2.00, 2.57)),
    200: ((1.12, 1.40, 1.90), (1.84, 2.08, 2.70)),
    400: ((1.19, 1.49, 2.05), (1.92, 2.20, 2.80)),
    800: ((1.25, 1.53, 2.03), (2.10, 2.34, 2.79)),
    1600: ((1.28, 1.57, 2.22), (2.19, 2.41, 2.87)),
}
# Our own large simulations of random walks, with their standard errors, by T and smallest window.
# At each T: windows counted in regression rows (ours, exuber's), then PSY's count of points, one row fewer.
SIMULATED = {
    (100, 19): (
        ((0.9697, 1.2765, 1.8924), (0.0034, 0.0028, 0.008)),
        ((1.6509, 1.9493, 2.5809), (0.0026, 0.0034, 0.0084)),
    ),
    (100, 18): (
        ((0.9826, 1.2882, 1.9025), (0.003, 0.0024, 0.0075)),
        ((1.6879, 1.9857, 2.6173), (0.003, 0.0029, 0.0087)),
    ),
    (200, 27): (
        ((1.0753, 1.3615, 1.9495), (0.0039, 0.0038, 0.0058)),
        ((1.8161, 2.0867, 2.6497), (0.0024, 0.0036, 0.0075)),
    ),
    (200, 26): (
        ((1.0825, 1.3666, 1.9553), (0.0038, 0.0036, 0.0058)),
        ((1.8368, 2.1077, 2.6748), (0.0026, 0.0029, 0.0072)),
    ),
    (400, 40): (
        ((1.1635, 1.4469, 1.9883), (0.0047, 0.0064, 0.0074)),
        ((1.9468, 2.2031, 2.7084), (0.0039, 0.0039, 0.0123)),
    ),
    (400, 39): (
        ((1.1679, 1.4502, 1.9922), (0.0048, 0.0064, 0.0072)),
        ((1.9592, 2.2174, 2.7201), (0.0039, 0.0037, 0.0118)),
    ),
    (800, 58): (
        ((1.2258, 1.5067, 2.0581), (0.0053, 0.0048, 0.014)),
        ((2.0714, 2.3069, 2.791), (0.0052, 0.0074, 0.016)),
    ),
    (800, 57): (
        ((1.2285, 1.5083, 2.0581), (0.0052, 0.0049, 0.0143)),
        ((2.0773, 2.3105, 2.7928), (0.0052, 0.0071, 0.0162)),
    ),
    (1600, 88): (
        ((1.3011, 1.5588, 2.0966), (0.0079, 0.0115, 0.0216)),
        ((2.1747, 2.3962, 2.8527), (0.0078, 0.0085, 0.0173)),
    ),
    (1600, 87): (
        ((1.3029, 1.5593, 2.0966), (0.0078, 0.0112, 0.0216)),
        ((2.1795, 2.4001, 2.8582), (0.0076, 0.0084, 0.0171)),
    ),
}
BAND = np.array([0.08, 0.08, 0.16])
SEED = 20260823


def in_band(count: int, paths: int, share: float, extra: float = 0.0) -> bool:
    """Is a count within the 99.9 per cent binomial band of a share, widened by its own uncertainty?"""
    low, high = binom.ppf([0.0005, 0.9995], paths, [max(share - extra, 0), min(share + extra, 1)])
    return bool(low <= count <= high)


@pytest.mark.parametrize("length", sorted(PUBLISHED))
def test_published_critical_values(length: int) -> None:
    null = null_distribution(length, draws=2000 if length < 1600 else 1000, seed=SEED)
    for draws, published in zip((null.sadf, null.gsadf), PUBLISHED[length], strict=True):
        values, errors = quantiles(draws)
        # The table itself rests on 2000 draws: both errors count.
        assert (np.abs(values - published) < BAND + 2 * errors).all(), (values, published)


def test_published_critical_values_of_the_forward_test() -> None:
    """Phillips, Wu and Yu (2011), Table 1: windows from a tenth of the sample, in the limit."""
    null = null_distribution(800, min_rows=80, draws=1000, seed=SEED)
    for draws, published in ((null.sadf, (1.184, 1.468, 2.094)), (null.adf, (-0.44, -0.08, 0.60))):
        values, errors = quantiles(draws)
        assert (np.abs(values - published) < np.array([0.06, 0.06, 0.12]) + 2 * errors).all(), (values, published)


@pytest.mark.parametrize(("length", "min_rows"), sorted(SIMULATED))
def test_simulated_critical_values(length: int, min_rows: int) -> None:
    null = null_distribution(length, min_rows=min_rows, draws=4000 if length < 800 else 1000, seed=SEED)
    for draws, (expected, error) in zip((null.sadf, null.gsadf), SIMULATED[length, min_rows], strict=True):
        values, errors = quantiles(draws)
        assert (np.abs(values - expected) < 4 * np.hypot(errors, error)).all(), (values, expected)


def test_dickey_fuller_quantiles() -> None:
    null = null_distribution(100, draws=4000, seed=SEED)
    values, errors = quantiles(null.adf)
    assert (np.abs(values - (-0.4357, -0.0705, 0.6208)) < 4 * errors).all()


def test_the_number_of_threads_changes_no_bit() -> None:
    one, three = (null_distribution(90, draws=300, seed=5, threads=threads) for threads in (1, 3))
    for name in ("adf", "sadf", "gsadf", "pointwise", "psy", "psy_error"):
        np.testing.assert_array_equal(getattr(one, name), getattr(three, name))
    other = null_distribution(90, draws=300, seed=6, threads=1)
    assert not np.array_equal(one.gsadf, other.gsadf)


def test_rules_are_ordered() -> None:
    """The more a rule holds fixed, the higher its line."""
    null = null_distribution(120, draws=1000, seed=SEED)
    lines = {rule: under_rule(null, rule).at(0.95) for rule in RULES}
    assert (lines["family"] >= lines["pointwise"]).all()
    assert (lines["family"] > lines["psy"]).all()
    assert np.ptp(lines["family"]) == 0
    assert (np.diff(lines["psy"]) >= 0).all()
    np.testing.assert_array_equal(lines["psy"], lines[DEFAULT_RULE])
    assert under_rule(null, "psy").gate(0.95) == -np.inf
    assert under_rule(null, DEFAULT_RULE).gate(0.95) == quantiles(null.gsadf)[0][1]
    assert (null.psy_error > 0).all()


def test_standard_errors_are_those_of_repetition() -> None:
    generator = np.random.default_rng(SEED)
    repeated = np.array([np.quantile(generator.normal(size=1000), 0.95) for _ in range(400)])
    errors = [quantiles(generator.normal(size=1000))[1][1] for _ in range(100)]
    assert np.mean(errors) == pytest.approx(repeated.std(), rel=0.15)


def test_p_values_count_the_series_itself() -> None:
    critical = critical_values(90, draws=200, seed=1)
    assert critical.p_value(np.inf) == 1 / 201
    assert critical.p_value(-np.inf) == 1.0
    assert critical.p_value(float(np.median(critical.null_sadf)), "sadf") == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"rule": "best"}, "unknown rule 'best'"), ({"draws": 50}, "too few for a quantile"), ({"lags": -1}, "negative")],
)
def test_bad_questions(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        critical_values(100, **{"seed": 1, **arguments})  # type: ignore[arg-type]


def test_simulations_are_kept_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = DiskCache(tmp_path / "kept")
    first = critical_values(90, draws=100, seed=1, cache=cache)
    assert len(list(cache.folder.glob("*.npz"))) == 1
    monkeypatch.setattr("helpers.analysis.critical_values._simulate", None)
    again = critical_values(90, draws=100, seed=1, cache=cache, rule="pointwise")
    np.testing.assert_array_equal(first.null_gsadf, again.null_gsadf)
    with pytest.raises(TypeError):  # other content is simulated, which was taken away
        critical_values(90, draws=100, seed=2, cache=cache)


def test_a_damaged_or_forbidden_cache_only_costs_time(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "kept")
    expected = critical_values(90, draws=100, seed=1, cache=cache)
    for path in cache.folder.iterdir():
        path.write_bytes(path.read_bytes()[:100])
    np.testing.assert_array_equal(critical_values(90, draws=100, seed=1, cache=cache).at(0.95), expected.at(0.95))
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    critical_values(90, draws=100, seed=1, cache=DiskCache(blocked / "folder"))


def planted(seed: int, length: int = 200, start: int = 120, end: int = 150) -> np.ndarray:
    """A random walk that grows by 5 per cent a period between two dates, then falls back."""
    y = np.empty(length)
    y[0] = 100.0
    noise = np.random.default_rng(seed).normal(size=length)
    for t in range(1, length):
        growth = 1.05 if start <= t < end else 1.0
        y[t] = y[start] if t == end else growth * y[t - 1] + noise[t]
    return y


def test_planted_bubbles_are_found_and_dated() -> None:
    critical = critical_values(200, draws=500, seed=SEED)
    for seed in range(20):
        episodes = date_stamp(radf(planted(seed)), critical)
        main = episodes.loc[episodes["periods"].idxmax()]
        assert 120 <= main["start"] <= 130
        assert 147 <= main["end"] <= 150
        assert main["start"] <= main["peak"] <= main["end"]
        assert main["direction"] == "rise"
        assert not main["ongoing"]


def test_a_crash_is_called_a_fall() -> None:
    episodes = date_stamp(radf(-planted(3)), critical_values(200, draws=500, seed=SEED))
    assert set(episodes["direction"]) == {"fall"}


def test_an_episode_at_the_end_is_ongoing() -> None:
    y = planted(3)[:146]
    episodes = date_stamp(radf(y), critical_values(146, draws=500, seed=SEED))
    assert episodes["ongoing"].tolist()[-1]
    assert episodes["end"].iloc[-1] == 145


def test_short_runs_are_left_out() -> None:
    critical = critical_values(200, draws=200, seed=SEED, rule="pointwise")
    result = radf(planted(1))
    assert default_min_duration(200) == 6
    every, usual = date_stamp(result, critical, 1), date_stamp(result, critical)
    assert (usual["periods"] >= 6).all()
    assert len(every) >= len(usual) > 0
    assert list(usual["rule"].unique()) == ["pointwise"]
    assert len(date_stamp(result, critical, 1000)) == 0
    assert runs(np.array([True, False, True, True])) == [(0, 0), (2, 3)]


def test_mismatched_critical_values_are_refused() -> None:
    result = radf(planted(1))
    with pytest.raises(ValueError, match="do not fit a statistic of 27 rows and 0 lags"):
        date_stamp(result, critical_values(200, draws=100, seed=1, lags=1))
    with pytest.raises(ValueError, match="174 critical values do not fit 173 dates"):
        date_stamp(result, critical_values(201, draws=100, seed=1, min_rows=27))
    with pytest.raises(ValueError, match=r"level 0.5 was not computed"):
        date_stamp(result, critical_values(200, draws=100, seed=1), level=0.5)


@pytest.mark.parametrize(
    ("length", "paths", "shares"), [(200, 400, (0.367, 0.086, 0.033, 0.003)), (400, 250, (0.510, 0.116, 0.038, 0.003))]
)
def test_random_walks_are_stamped_as_rarely_as_each_rule_says(
    length: int, paths: int, shares: tuple[float, ...]
) -> None:
    """Target h.stamp: shares by the pointwise rule, psy, psy if GSADF rejects, and family."""
    null = null_distribution(length, draws=2000, seed=SEED)
    lines = {rule: under_rule(null, rule) for rule in RULES}
    generator = np.random.default_rng(11)
    stamped = dict.fromkeys(RULES, 0)
    for walk in np.cumsum(generator.normal(size=(paths, length)), axis=1):
        result = radf(walk)
        for rule, line in lines.items():
            stamped[rule] += len(date_stamp(result, line)) > 0
    for rule, share in zip(("pointwise", "psy", DEFAULT_RULE, "family"), shares, strict=True):
        assert in_band(stamped[rule], paths, share, extra=0.02), (rule, stamped[rule] / paths)


def shocks(kind: str, generator: np.random.Generator, length: int) -> np.ndarray:
    """Steps of a walk: independent, of changing volatility, or depending on their past."""
    e = generator.normal(size=length)
    half = np.arange(length) >= length // 2
    if kind == "volatility up":
        return e * np.where(half, 3.0, 1.0)
    if kind == "volatility down":
        return e * np.where(half, 1.0, 3.0)
    if kind == "volatility bump":
        return e * np.where((np.arange(length) >= 0.4 * length) & (np.arange(length) < 0.6 * length), 4.0, 1.0)
    if kind in ("GARCH", "AR"):
        out, variance = np.empty(length), 1.0
        for t in range(length):
            before = out[t - 1] if t else 0.0
            variance = 0.02 + 0.1 * before**2 + 0.88 * variance if t else 1.0
            out[t] = np.sqrt(variance) * e[t] if kind == "GARCH" else 0.3 * before + e[t]
        return out
    return e


@pytest.mark.parametrize(
    ("kind", "simulated", "bootstrap"),
    [
        ("iid", 0.053, 0.020),
        ("volatility up", 0.310, 0.060),
        ("volatility down", 0.045, 0.025),
        ("volatility bump", 0.368, 0.060),
        ("GARCH", 0.102, 0.028),
        ("AR", 0.352, 0.173),
    ],
)
def test_size_under_changing_volatility(kind: str, simulated: float, bootstrap: float) -> None:
    """Target h.size, T = 200: how often a series without a bubble is rejected at 5 per cent by either method."""
    paths, generator = 80, np.random.default_rng(SEED)
    critical = critical_values(200, draws=2000, seed=SEED)
    by_simulation = by_bootstrap = 0
    for path in range(paths):
        y = np.cumsum(shocks(kind, generator, 200))
        gsadf = radf(y).gsadf
        by_simulation += gsadf > critical.gate(0.95)
        by_bootstrap += gsadf > wild_bootstrap(y, draws=99, seed=path, threads=1).gsadf[1]
    assert in_band(by_simulation, paths, simulated, extra=0.03), by_simulation / paths
    assert in_band(by_bootstrap, paths, bootstrap, extra=0.03), by_bootstrap / paths


def test_bootstrap_is_reproducible_and_names_its_lags() -> None:
    y = planted(2)
    one, three = (wild_bootstrap(y, lags=2, draws=120, seed=4, threads=threads) for threads in (1, 3))
    np.testing.assert_array_equal(one.null_gsadf, three.null_gsadf)
    assert (one.lags, one.rule) == (2, "wild_bootstrap")
    episodes = date_stamp(radf(y), wild_bootstrap(y, draws=120, seed=4))
    assert list(episodes["rule"].unique()) == ["wild_bootstrap"]


def test_control_window_is_shorter_and_lower() -> None:
    y = np.cumsum(np.random.default_rng(0).normal(size=200))
    whole, window = (wild_bootstrap(y, draws=300, seed=4, control_window=size) for size in (None, 24))
    assert (window.gsadf < whole.gsadf).all()


def test_null_regression_finds_the_slopes() -> None:
    generator = np.random.default_rng(3)
    change = np.zeros(5000)
    for t in range(2, 5000):
        change[t] = 0.5 * change[t - 1] - 0.2 * change[t - 2] + generator.normal()
    slopes, residuals = null_regression(np.cumsum(change), 2)
    np.testing.assert_allclose(slopes, (0.5, -0.2), atol=0.05)
    assert len(residuals) == 5000 - 1 - 2
    flat, changes = null_regression(np.array([1.0, 3.0, 2.0]), 0)
    assert len(flat) == 0
    assert changes.tolist() == [2.0, -1.0]


@pytest.mark.parametrize(("arguments", "message"), [({"draws": 10}, "too few"), ({"control_window": 1}, "at least 2")])
def test_bad_bootstrap(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wild_bootstrap(pd.Series(planted(1)), seed=1, **arguments)
