"""Speed of the explosive-root tests beside pyexuber, in one run: ``python tests/benchmarks/exuberance.py``.

Only ratios mean anything on a machine that does other things as well; the best of several repetitions is taken.
pyexuber (GPL) is used here and in the tests, and nowhere else.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import exuber
import numpy as np
import pandas as pd

from helpers.analysis.critical_values import null_distribution
from helpers.analysis.explosive_roots import default_min_rows, radf

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "exuberance"
LENGTH, DRAWS = 1600, 2000
FIRST_USE = (
    "import time, numpy as np; from helpers.analysis.explosive_roots import radf; y = np.arange(400.) % 7 + "
    "np.sin(np.arange(400.)); start = time.perf_counter(); radf(y, engine={!r}); print(time.perf_counter() - start)"
)


def best(work: Callable[[], object], repeat: int) -> float:
    """Return the seconds of the fastest of several runs."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def statistics() -> list[dict[str, object]]:
    """Time one series at each lag, by both engines and pyexuber."""
    y = pd.read_csv(GOLDEN / f"rw_{LENGTH}.csv")["y"].to_numpy()
    rows = default_min_rows(LENGTH)
    lines: list[dict[str, object]] = []
    for lags in (0, 1, 2, 4):
        ours, plain, theirs = (
            best(work, repeat)
            for work, repeat in (
                (lambda k=lags: radf(y, lags=k, engine="fastest"), 40),
                (lambda k=lags: radf(y, lags=k, engine="numpy"), 5),
                (lambda k=lags: exuber.radf(y, minw=rows, lag=k), 5),
            )
        )
        ends = LENGTH - lags - rows
        lines.append(
            {
                "what": f"radf, T={LENGTH}, lag {lags}", "ours ms": 1e3 * ours, "pyexuber ms": 1e3 * theirs,
                "times faster": theirs / ours, "numpy over pyexuber": plain / theirs,
                "ns a window": 1e9 * ours / (ends * (ends + 1) / 2),
            }
        )  # fmt: skip
    return lines


def simulations() -> list[dict[str, object]]:
    """Time critical values; pyexuber's with a twentieth of the draws, scaled up."""
    lines: list[dict[str, object]] = []
    for length in (400, LENGTH):
        ours = best(lambda n=length: null_distribution(n, draws=DRAWS, seed=1), 2)
        theirs = 20 * best(lambda n=length: exuber.radf_mc_cv(n, nrep=DRAWS // 20, seed=1), 2)
        lines.append(
            {"what": f"{DRAWS} draws, T={length}", "ours ms": 1e3 * ours, "pyexuber ms": 1e3 * theirs,
             "times faster": theirs / ours}
        )  # fmt: skip
    return lines


def first_use() -> list[dict[str, object]]:
    """Time the first call of a new process, with no compiled code on disk and with it."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        lines: list[dict[str, object]] = []
        for what, engine in (
            ("first series ever", "auto"), ("first simulation ever (compiles)", "fastest"),
            ("first simulation of a process", "fastest"),
        ):  # fmt: skip
            command = [sys.executable, "-c", FIRST_USE.format(engine)]
            run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            lines.append({"what": what, "ours ms": 1e3 * float(np.float64(run.stdout))})
    return lines


if __name__ == "__main__":
    table = pd.DataFrame([*statistics(), *simulations(), *first_use()])
    sys.stdout.write(table.to_string(index=False, float_format=lambda value: f"{value:.2f}", na_rep="") + "\n")
