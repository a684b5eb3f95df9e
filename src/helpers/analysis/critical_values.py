"""How large must a recursive Dickey-Fuller statistic be? Critical values by simulation, and three rules of dating.

Under the null the series is a random walk with normal steps. The same draws serve three rules, which differ in
what they hold fixed:

``pointwise``
    at each date the quantile of BSADF there. Each date alone is wrong as often as the level says, so a long series
    is nearly sure to be stamped somewhere.
``psy``
    at each date the quantile of the SADF on the sample up to there: the text of Phillips, Shi and Yu (2015).
``family``
    one value, the quantile of GSADF: a random walk is stamped as rarely as the level says.
``psy_if_rejected``
    the ``psy`` rule, but only where GSADF itself rejects. The default.

On random walks of 400 observations at 5 per cent at least one episode is stamped in about 51, 12, 0.3 and 4 per cent
of cases. Every date therefore goes with its rule.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from helpers.analysis import explosive_windows
from helpers.analysis.explosive_roots import checked_windows
from helpers.analysis.explosive_windows import Floats, scan

LEVELS = (0.90, 0.95, 0.99)
# Random walks simulated unless told otherwise: twenty lie beyond the 99 per cent quantile, a hundred beyond 95.
DRAWS = 2000
RULES: dict[str, str] = {
    "psy_if_rejected": "quantile of SADF up to each date, only if GSADF rejects",
    "psy": "quantile of SADF up to each date",
    "pointwise": "quantile of BSADF at each date",
    "family": "one GSADF value for all dates",
}
DEFAULT_RULE = "psy_if_rejected"
# Draws that share one stream of random numbers: the result depends on this, and not on the number of threads.
_BLOCK = 50

Arrays = dict[str, NDArray[np.float64]]


class Cache(Protocol):
    """Anything that keeps arrays by content, such as `helpers.disk_cache.DiskCache`."""

    def get(self, content: Mapping[str, Any]) -> Arrays | None:
        """Return what was kept for this content, if anything."""

    def put(self, content: Mapping[str, Any], arrays: Arrays) -> None:
        """Keep arrays for this content."""


@dataclass(frozen=True)
class NullDistribution:
    """Statistics of simulated random walks.

    Parameters
    ----------
    observations, min_rows, lags, draws, seed : int
        What was simulated.
    adf, sadf, gsadf : ndarray, shape (draws,)
        Sorted.
    pointwise, pointwise_error : ndarray, shape (levels, ends)
        Quantiles of BSADF at each date, and their Monte Carlo standard errors.
    psy, psy_error : ndarray, shape (levels, ends)
        The same of the SADF up to each date.
    """

    observations: int
    min_rows: int
    lags: int
    draws: int
    seed: int
    adf: Floats
    sadf: Floats
    gsadf: Floats
    pointwise: Floats
    pointwise_error: Floats
    psy: Floats
    psy_error: Floats


@dataclass(frozen=True)
class CriticalValues:
    """What a statistic is held against, under one rule.

    Parameters
    ----------
    rule : str
        One of `RULES`, or ``wild_bootstrap``.
    levels : tuple of float
        For example 0.95.
    values, errors : ndarray, shape (levels, ends)
        Critical values of BSADF by date and their Monte Carlo standard errors.
    sadf, sadf_error, gsadf, gsadf_error : ndarray, shape (levels,)
        Critical values of the two suprema.
    null_sadf, null_gsadf : ndarray, shape (draws,)
        Sorted draws, for p-values.
    min_rows, lags, draws, seed : int
    """

    rule: str
    levels: tuple[float, ...]
    values: Floats
    errors: Floats
    sadf: Floats
    sadf_error: Floats
    gsadf: Floats
    gsadf_error: Floats
    null_sadf: Floats
    null_gsadf: Floats
    min_rows: int
    lags: int
    draws: int
    seed: int

    def at(self, level: float) -> Floats:
        """Return the critical values of BSADF by date at one level."""
        line: Floats = self.values[self._place(level)]
        return line

    def gate(self, level: float) -> float:
        """Return the value GSADF must pass before a date may be stamped; minus infinity where the rule asks nothing."""
        return float(self.gsadf[self._place(level)]) if self.rule == DEFAULT_RULE else -np.inf

    def p_value(self, statistic: float, name: str = "gsadf") -> float:
        """Return the share of draws at least as large, counting the series itself as one."""
        null = {"gsadf": self.null_gsadf, "sadf": self.null_sadf}[name]
        return float((1 + len(null) - np.searchsorted(null, statistic)) / (1 + len(null)))

    def _place(self, level: float) -> int:
        if level not in self.levels:
            raise ValueError(f"level {level} was not computed; there are {', '.join(map(str, self.levels))}")
        return self.levels.index(level)


def critical_values(
    n: int,
    *,
    min_rows: int | None = None,
    lags: int = 0,
    draws: int = DRAWS,
    seed: int,
    rule: str = DEFAULT_RULE,
    threads: int | None = None,
    cache: Cache | None = None,
) -> CriticalValues:
    """Simulate critical values.

    Parameters
    ----------
    n : int
        Observations of the series.
    min_rows, lags : int
        As in the statistic.
    draws : int
        Random walks, at least 100.
    seed : int
        The same seed gives the same values, however many threads work; more draws keep the first ones.
    rule : str
        One of `RULES`.
    threads : int, optional
        By default one a processor.
    cache : Cache, optional
        Keeps the simulation; nothing is read or written without it.

    Returns
    -------
    CriticalValues

    Raises
    ------
    ValueError
        If the rule is unknown, there are too few draws, or the windows do not fit the series.
    """
    if rule not in RULES:
        raise ValueError(f"unknown rule {rule!r}; expected one of {', '.join(RULES)}")
    null = null_distribution(n, min_rows=min_rows, lags=lags, draws=draws, seed=seed, threads=threads, cache=cache)
    return under_rule(null, rule)


def under_rule(null: NullDistribution, rule: str) -> CriticalValues:
    """Return the critical values of one rule from a simulation."""
    sadf, sadf_error = quantiles(null.sadf)
    gsadf, gsadf_error = quantiles(null.gsadf)
    ends = null.psy.shape[1]
    values, errors = {
        "pointwise": (null.pointwise, null.pointwise_error),
        "family": (np.repeat(gsadf[:, None], ends, axis=1), np.repeat(gsadf_error[:, None], ends, axis=1)),
    }.get(rule, (null.psy, null.psy_error))
    return CriticalValues(
        rule, LEVELS, values, errors, sadf, sadf_error, gsadf, gsadf_error, null.sadf, null.gsadf,
        null.min_rows, null.lags, null.draws, null.seed,
    )  # fmt: skip


def null_distribution(
    n: int,
    *,
    min_rows: int | None = None,
    lags: int = 0,
    draws: int = DRAWS,
    seed: int,
    threads: int | None = None,
    cache: Cache | None = None,
) -> NullDistribution:
    """Simulate the statistics under the null; see `critical_values` for the arguments."""
    rows = checked_windows(n, min_rows, lags)
    if draws < 100:
        raise ValueError(f"{draws} draws are too few for a quantile of 99 per cent: at least 100 are needed")
    named = {"observations": n, "min_rows": rows, "lags": lags, "draws": draws, "seed": seed}
    content = {"what": "random-walk null", "levels": LEVELS, "code": _code(), "numpy": np.__version__, **named}
    kept = cache.get(content) if cache else None
    if kept is None:
        kept = _simulate(n, rows, lags, draws, seed, threads)
        if cache:
            cache.put(content, kept)
    parts: dict[str, Any] = {**named, **kept}
    return NullDistribution(**parts)


def quantiles(draws: Floats, levels: tuple[float, ...] = LEVELS) -> tuple[Floats, Floats]:
    """Return quantiles over the first axis and their Monte Carlo standard errors.

    Parameters
    ----------
    draws : ndarray, shape (draws, ...)
    levels : tuple of float

    Returns
    -------
    values, errors : ndarray, shape (levels, ...)
        The error is half the distance between the order statistics one binomial standard deviation to either side,
        which needs no density.
    """
    ordered = np.sort(draws, axis=0)
    n = len(ordered)
    share = np.asarray(levels)
    spread = np.sqrt(n * share * (1 - share))
    low = np.clip(np.floor(n * share - spread).astype(int), 0, n - 1)
    high = np.clip(np.ceil(n * share + spread).astype(int), 0, n - 1)
    return np.quantile(ordered, share, axis=0), (ordered[high] - ordered[low]) / 2


def in_blocks(
    work: Callable[[int, int, np.random.Generator], None], draws: int, seed: int, threads: int | None
) -> None:
    """Call ``work(first, last, generator)`` for blocks of draws, in parallel.

    Each block has its own stream of random numbers, so that the draws do not depend on who makes them when.
    """

    def block(first: int) -> None:
        stream = np.random.SeedSequence(seed, spawn_key=(first // _BLOCK,))
        work(first, min(first + _BLOCK, draws), np.random.Generator(np.random.PCG64(stream)))

    starts = range(0, draws, _BLOCK)
    workers = threads or os.cpu_count() or 1
    if workers == 1:
        for first in starts:
            block(first)
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(block, starts))


def _simulate(n: int, rows: int, lags: int, draws: int, seed: int, threads: int | None) -> Arrays:
    """Scan random walks; see `NullDistribution` for what comes back."""
    ends = n - lags - rows
    badf, bsadf = np.empty((draws, ends)), np.empty((draws, ends))

    def work(first: int, last: int, generator: np.random.Generator) -> None:
        walks = np.cumsum(generator.standard_normal((last - first, n)), axis=1)
        for draw, walk in zip(range(first, last), walks, strict=True):
            found = scan(walk, lags=lags, min_rows=rows, engine="fastest")
            badf[draw], bsadf[draw] = found.badf, found.bsadf

    in_blocks(work, draws, seed, threads)
    running = np.maximum.accumulate(badf, axis=1)
    pointwise, pointwise_error = quantiles(bsadf)
    psy, psy_error = quantiles(running)
    return {
        "adf": np.sort(badf[:, -1]), "sadf": np.sort(running[:, -1]), "gsadf": np.sort(bsadf.max(axis=1)),
        "pointwise": pointwise, "pointwise_error": pointwise_error, "psy": psy, "psy_error": psy_error,
    }  # fmt: skip


def _code() -> str:
    """Return a hash of the code that determines a simulation, so that a change of it makes old entries unreachable."""
    files: list[Any] = [Path(__file__), Path(explosive_windows.__file__)]
    files.append(Path(explosive_windows.__file__).with_name("explosive_windows_compiled.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
