"""When was a series explosive? Runs of dates above the critical values."""

from __future__ import annotations

from math import log

import numpy as np
import pandas as pd

from helpers.analysis.critical_values import CriticalValues
from helpers.analysis.explosive_roots import RadfResult

COLUMNS = ["start", "peak", "end", "periods", "direction", "ongoing", "statistic", "rule"]


def default_min_duration(observations: int) -> int:
    """Return the shortest episode that counts: ln(T) periods (Phillips, Shi and Yu), rounded up."""
    return int(np.ceil(log(observations)))


def date_stamp(
    result: RadfResult, critical: CriticalValues, min_duration: int | None = None, *, level: float = 0.95
) -> pd.DataFrame:
    """List the episodes in which BSADF is above its critical values.

    Parameters
    ----------
    result : RadfResult
    critical : CriticalValues
        Of the same windows and lags. Its rule decides the dates and is named in each row.
    min_duration : int, optional
        Periods an episode must last; `default_min_duration` if not given.
    level : float
        One of the levels of `critical`.

    Returns
    -------
    DataFrame, one row an episode, in order
        ``start``, ``peak`` (largest statistic) and ``end``: labels of the series, the end still inside.
        ``periods``. ``direction``: ``rise`` or ``fall`` of the series from before the start to the peak: the test
        sees a crash as well as a bubble. ``ongoing``: the last date of the sample is inside. ``statistic``: the
        largest BSADF. ``rule``.

    Raises
    ------
    ValueError
        If the critical values are of other windows, other lags or another length.
    """
    if (critical.min_rows, critical.lags) != (result.min_rows, result.lags):
        raise ValueError(
            f"critical values of windows of {critical.min_rows} rows and {critical.lags} lags do not fit "
            f"a statistic of {result.min_rows} rows and {result.lags} lags"
        )
    line = critical.at(level)
    if len(line) != len(result.bsadf):
        raise ValueError(f"{len(line)} critical values do not fit {len(result.bsadf)} dates")
    least = default_min_duration(result.observations) if min_duration is None else min_duration
    above = (result.bsadf > line) & (result.gsadf > critical.gate(level))
    rows = [
        _episode(result, critical.rule, first, last) for first, last in runs(above) if last - first + 1 >= least
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Return first and last place of each run of true values."""
    edges = np.diff(np.concatenate(([0], np.asarray(flags, dtype=int), [0])))
    return [(int(a), int(b) - 1) for a, b in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)]


def _episode(result: RadfResult, rule: str, first: int, last: int) -> dict[str, object]:
    """Describe the run from `first` to `last`, places in the sequence."""
    peak = first + int(np.argmax(result.bsadf[first : last + 1]))
    values = result.series.to_numpy()
    # The sequence ends with the series; one place before the start, the series was not yet explosive.
    offset = len(values) - len(result.bsadf)
    rises = values[offset + peak] > values[offset + first - 1]
    return {
        "start": result.index[first],
        "peak": result.index[peak],
        "end": result.index[last],
        "periods": last - first + 1,
        "direction": "rise" if rises else "fall",
        "ongoing": last == len(result.bsadf) - 1,
        "statistic": float(result.bsadf[peak]),
        "rule": rule,
    }
