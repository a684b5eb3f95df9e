"""Speed of the pipeline beside papermill's own command line: ``python tests/benchmarks/pipeline.py``.

Everything in one process tree, one after the other, in rounds, so that a slow minute of the machine meets every
candidate. Prints medians and ratios and writes ``reports/benchmark.json``. Only ratios mean anything elsewhere.

(a) ``papermill`` and ``jupyter nbconvert``, each started once a notebook, as a shell loop would.
(b) the same with ploomber-engine, which executes in papermill's own process (installed for this run alone).
(c) ours, nothing kept. (d) ours after an edit of one notebook. (e) ours, nothing changed. (w) under ``run --watch``:
from saving one notebook until it is published; the first time, and the median of the next ones.
(f) many runs of a light notebook, stock and warm kernels, 1 and 2 workers; the start of a kernel to its first reply.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from helpers.pipeline import engine, kernels, parameters, plan, processes, select, sockets, supervise, worker
from helpers.pipeline.outcome import Outcome
from helpers.pipeline.plan import Run
from helpers.pipeline.select import Request

ROOT = Path(__file__).resolve().parents[2]
#: The last version that was tried; it is no part of the project's own environment.
PLOOMBER = ["ploomber-engine==0.0.33", "ploomber-core", "debuglater", "posthog"]
EDITED, EDITION = "01_fcf_decline", "latest"
LIGHT = (
    "import pandas as pd\nfrom helpers import tables",
    'cash = tables.load("cash_flows", as_of)',
    "cash.groupby('ticker', observed=True)['capex'].sum()",
)
#: Seconds between two looks at memory; each look costs time itself.
SAMPLE = 2.0
#: Edits of a notebook under ``--watch`` after the first, which starts the workers.
EDITS = 3


class Watch:
    """Wall time and peak memory (proportional set size, so that shared pages count once) of what is done inside."""

    def __enter__(self) -> Watch:
        self._stop = threading.Event()
        self.peak_mb = 0.0
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._began = time.perf_counter()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._began
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        me = psutil.Process()
        while not self._stop.wait(SAMPLE):
            total = 0
            for one in [me, *me.children(recursive=True)]:
                try:
                    total += one.memory_full_info().pss
                except psutil.Error:
                    continue
            self.peak_mb = max(self.peak_mb, total / 2**20)


def project(folder: Path) -> Path:
    """Lay out a copy of the project that may be edited."""
    for name in ("notebooks", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "live"))
    shutil.copyfile(ROOT / "requirements.txt", folder / "requirements.txt")
    return folder


def collection(root: Path) -> list[Run]:
    """Return every run of the collection, those that read the others' findings last."""
    runs = select.requested(plan.load(root), Request())
    return sorted(runs, key=lambda run: run.reads_findings)


def called(command: Sequence[str], cwd: Path, environment: dict[str, str] | None = None) -> None:
    """Run a command and stop the benchmark with what it said if it fails."""
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")


def papermill_cli(runs: Sequence[Run], out: Path, findings: Path, environment: dict[str, str] | None = None) -> None:
    """(a) and (b): two commands a notebook."""
    engine = ["--engine", "embedded"] if environment else []
    for run in runs:
        target = out / run.edition / f"{run.notebook}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        handed = {"findings": str(findings)} if run.reads_findings else {}
        given = [word for name, value in {"as_of": run.parameters["as_of"], **handed}.items()
                 for word in ("-p", name, str(value))]  # fmt: skip
        words = [sys.executable, "-m", "papermill", str(run.path), str(target), *given, "--no-progress-bar", *engine]
        called([*words, "-k", "python3"], run.path.parent, environment)
        called([sys.executable, "-m", "jupyter", "nbconvert", "--to", "html", str(target)], run.path.parent)


def ours(root: Path, *words: str) -> None:
    """(c), (d) and (e): one command."""
    called([sys.executable, "-m", "helpers", "run", "--root", str(root), "--quiet", *words], root)


def watched(root: Path, mark: int) -> tuple[float, float]:
    """(w): seconds from a save to the published page, the first time and the median of the next times."""
    words = [sys.executable, "-m", "helpers", "run", "--root", str(root), "--watch"]
    with subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        status = root / "reports" / "status.json"

        def wait() -> None:
            next(line for line in process.stdout or () if line.startswith("waiting"))

        wait()
        found = []
        for number in range(EDITS + 1):
            before, began = status.stat().st_mtime_ns, time.perf_counter()
            edit(root, 100 * (mark + 1) + number)
            while status.stat().st_mtime_ns == before:
                time.sleep(0.01)
            found.append(time.perf_counter() - began)
            wait()
        process.send_signal(signal.SIGINT)
    return found[0], statistics.median(found[1:])


def edit(root: Path, mark: int) -> None:
    """Change a code cell of one notebook without changing what it finds."""
    path = root / "notebooks" / f"{EDITED}.ipynb"
    document = json.loads(path.read_text(encoding="utf-8"))
    cell = [cell for cell in document["cells"] if cell["cell_type"] == "code"][-1]
    cell["source"] = f"{''.join(cell['source']).split('  # edit')[0]}  # edit {mark}"
    path.write_text(json.dumps(document), encoding="utf-8")


def cells_seconds(out: Path) -> float:
    """Return how long the cells of the edited notebook took by themselves, as papermill's command line noted it."""
    document = json.loads((out / EDITION / f"{EDITED}.ipynb").read_text(encoding="utf-8"))
    return float(sum(cell["metadata"].get("papermill", {}).get("duration") or 0.0 for cell in document["cells"]))


def one_round(root: Path, mark: int, engine: Path | None) -> dict[str, Any]:
    """Time (a) to (e) once, in a fresh copy of the project."""
    seconds: dict[str, float] = {}
    peaks: dict[str, float] = {}

    def timed(name: str, act: Callable[[], None]) -> None:
        with Watch() as watch:
            act()
        seconds[name], peaks[name] = watch.seconds, watch.peak_mb
        say(f"({name}) {watch.seconds:.1f} s")

    runs = collection(root)
    timed("c", lambda: ours(root))
    findings = root / "reports" / "results.json"
    edit(root, mark)
    timed("d", lambda: ours(root))
    status = json.loads((root / "reports" / "status.json").read_text(encoding="utf-8"))["runs"]
    timed("e", lambda: ours(root))
    seconds["w first"], seconds["w"] = watched(root, mark)
    say(f"(w) {seconds['w first']:.1f} s, then {seconds['w']:.1f} s")
    out = root / "papermill"
    timed("a", lambda: papermill_cli(runs, out, findings))
    if engine:
        timed("b", lambda: papermill_cli(runs, root / "ploomber", findings, {"PYTHONPATH": str(engine)}))
    return {
        "runs": len(runs),
        "seconds": seconds,
        "peak_memory_mb": peaks,
        "edited": {
            "notebook": EDITED,
            "cells_seconds": cells_seconds(out),
            "run_seconds": max(status[f"{edition}/{EDITED}"]["seconds"] for edition in ("latest", "article")),
        },
    }


def whole_collection(work: Path, rounds: int) -> list[dict[str, Any]]:
    """Time (a) to (e) in rounds."""
    engine = ploomber(work / "ploomber")
    found = []
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        root = project(work / f"round-{number}")
        found.append(one_round(root, number, engine))
        shutil.rmtree(root)
    return found


def ploomber(folder: Path) -> Path | None:
    """Install ploomber-engine for this benchmark; None where the index does not have it."""
    words = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--target", str(folder), *PLOOMBER]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        say("ploomber-engine does not install: (b) is left out")
        return None
    return folder


def light_runs(folder: Path, count: int) -> Iterator[Run]:
    """Yield runs of one light notebook."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    declared = 'as_of: str = "2026-10-31"  # ISO date: what was known on this day'
    cells = [new_markdown_cell("# Light"), new_code_cell(declared, metadata={"tags": ["parameters"]})]
    path = folder / "light.ipynb"
    metadata = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    nbformat.write(new_notebook(cells=[*cells, *(new_code_cell(text) for text in LIGHT)], metadata=metadata), path)
    for number in range(count):
        values = parameters.checked(path, {"as_of": f"20{23 + number % 3}-{1 + number % 12:02d}-28"})
        yield Run("light", f"draw-{number:06d}", values, path, 60.0, 2048)


def sweep(folder: Path, count: int, jobs: int, is_warm: bool) -> dict[str, Any]:
    """Time runs of the light notebook; notes how the time and the memory of this process grow."""
    marks: dict[int, float] = {}
    memory: dict[int, float] = {}
    failed = 0
    began = time.perf_counter()

    def take(outcome: Outcome) -> None:
        nonlocal failed
        failed += outcome.error is not None
        done = len(marks) + 1
        marks[done] = time.perf_counter() - began
        if done in {10, 100, 200, 1000}:
            memory[done] = psutil.Process().memory_full_info().uss / 2**20

    scratch = Path(tempfile.mkdtemp(dir=folder))
    supervise.execute(
        light_runs(folder, count), root=ROOT, scratch=scratch, token=scratch.name, jobs=jobs, is_warm=is_warm, take=take
    )
    if failed:
        sys.exit(f"{failed} of {count} light runs failed")
    # The first runs wait for workers and their templates; what a run costs is seen after them.
    first = min(10, count // 4)
    return {
        "runs": count, "jobs": jobs, "warm": is_warm, "seconds": marks[count], "per_minute": 60 * count / marks[count],
        "seconds_a_run_after_the_first": (marks[count] - marks[first]) / (count - first),
        "seconds_at": {mark: marks[mark] for mark in (10, 100, 200, 1000) if mark in marks}, "runner_uss_mb": memory,
    }  # fmt: skip


def light(work: Path, count: int, long: int) -> dict[str, Any]:
    """(f): throughput of the light notebook, ours and papermill's command line."""
    found = []
    for jobs in (1, 2):
        for is_warm in (True, False):
            found.append(sweep(work, count, jobs, is_warm))
            say(f"(f) {found[-1]['runs']} runs, {jobs} worker(s), warm={is_warm}: {found[-1]['seconds']:.1f} s")
    runs = list(light_runs(work, 5))
    with Watch() as watch:
        papermill_cli(runs, work / "light-papermill", work)
    say(f"(f) papermill and nbconvert commands: {watch.seconds / len(runs):.2f} s a run")
    flat = sweep(work, long, 2, True)
    say(f"(f) {long} runs, 2 workers, warm: {flat['seconds']:.1f} s")
    return {"throughput": found, "papermill_seconds_a_run": watch.seconds / len(runs), "long": flat}


def first_reply(count: int = 20) -> dict[str, list[float]]:
    """Time from the wish for a kernel until cells may be sent to it: as a run of ours starts it, and as papermill."""
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_client.provisioning import KernelProvisionerFactory

    os.environ[sockets.VARIABLE] = kernels.NAME
    kernels.template().wait_ready()
    kinds = {"warm": (kernels.NAME, engine.Manager), "stock": ("local-provisioner", AsyncKernelManager)}
    found: dict[str, list[float]] = {kind: [] for kind in kinds}
    try:
        for _ in range(count):
            for kind, (name, manager) in kinds.items():
                os.environ[sockets.VARIABLE] = name
                KernelProvisionerFactory.clear_instance()  # it reads the variable once
                found[kind].append(asyncio.run(_first_reply(manager)))
    finally:
        del os.environ[sockets.VARIABLE]
        kernels.close_template()  # its memory is no part of what comes after
    return found


async def _first_reply(kind: type[Any]) -> float:
    began = time.perf_counter()
    manager = kind(kernel_name="python3")
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(timeout=60)
    seconds = time.perf_counter() - began
    client.stop_channels()
    await manager.shutdown_kernel(now=True)
    return seconds


def medians(rounds: Sequence[dict[str, Any]], part: str) -> dict[str, float]:
    """Return the median over the rounds of each figure of a part."""
    names = [name for name, value in rounds[0][part].items() if isinstance(value, float)]
    return {name: statistics.median(one[part][name] for one in rounds) for name in names}


def ratios(results: dict[str, Any]) -> dict[str, float]:
    """Return what the README quotes: medians of this run over one another."""
    whole, edited = medians(results["collection"], "seconds"), medians(results["collection"], "edited")
    light = results["light"]
    a_run = {(one["jobs"], one["warm"]): one["seconds"] / one["runs"] for one in light["throughput"]}
    reply = {kind: statistics.median(times) for kind, times in results["first_reply"].items()}
    found = {
        "cold: papermill's and nbconvert's commands over ours": whole["a"] / whole["c"],
        "one edited notebook: seconds beyond its cells' own": whole["d"] - edited["cells_seconds"],
        "one edited notebook: seconds beyond its run": whole["d"] - edited["run_seconds"],
        "one edited notebook under --watch: seconds beyond its cells' own": whole["w"] - edited["cells_seconds"],
        "nothing changed: seconds": whole["e"],
        "light runs: throughput of 2 workers over papermill's": light["papermill_seconds_a_run"] / a_run[2, True],
        "light runs, 1 worker: warm over stock kernels": a_run[1, False] / a_run[1, True],
        "light runs, 2 workers: warm over stock kernels": a_run[2, False] / a_run[2, True],
        "kernel until it is ready, warm: seconds": reply["warm"],
        "kernel until it is ready: stock over warm": reply["stock"] / reply["warm"],
    }
    if "b" in whole:
        found["cold: with ploomber-engine over ours"] = whole["b"] / whole["c"]
    if (at := light["long"]["seconds_at"]) and 1000 in at:
        early, late = (at[200] - at[10]) / 190, (at[1000] - at[200]) / 800
        found["cost of a run, the 201st to 1,000th over the 11th to 200th"] = late / early
        memory = light["long"]["runner_uss_mb"]
        found["runner's memory after 1,000 runs over that after 10"] = memory[1000] / memory[10]
    return found


#: What is aimed at, as the largest or the least that a ratio should be.
GOALS = {
    "cold: papermill's and nbconvert's commands over ours": ("at least", 5.0),
    "one edited notebook: seconds beyond its cells' own": ("at most", 1.5),
    "one edited notebook under --watch: seconds beyond its cells' own": ("at most", 1.5),
    "nothing changed: seconds": ("at most", 1.0),
    "kernel until it is ready, warm: seconds": ("at most", 0.25),
    "light runs: throughput of 2 workers over papermill's": ("at least", 8.0),
    "cost of a run, the 201st to 1,000th over the 11th to 200th": ("at most", 1.1),
    "runner's memory after 1,000 runs over that after 10": ("at most", 1.1),
}


def judged(name: str, value: float) -> str:
    """Say what a figure should be, and whether it is."""
    if name not in GOALS:
        return ""
    bound, goal = GOALS[name]
    is_met = value >= goal if bound == "at least" else value <= goal
    return f"  {bound} {goal:g}: {'met' if is_met else 'MISSED'}"


def say(text: str) -> None:
    """Tell at once."""
    print(text, flush=True)  # noqa: T201 - this is a command


def main() -> None:
    """Run all of it; takes a quarter of an hour and more."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rounds", type=int, default=3, help="rounds of (a) to (e), at least 3 to quote medians")
    words.add_argument("--light", type=int, default=200, help="runs of the light notebook")
    words.add_argument("--long", type=int, default=1000, help="runs of the long sweep")
    words.add_argument("--output", type=Path, default=ROOT / "reports" / "benchmark.json")
    chosen = words.parse_args()
    os.environ |= worker.fixed_settings()  # one thread a library, as in a run
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        work = Path(folder)
        results: dict[str, Any] = {
            "machine": {"cores": processes.cores(), "python": platform.python_version(), "system": platform.system()},
            "first_reply": first_reply(),
            "light": light(work, chosen.light, chosen.long),
            "collection": whole_collection(work, chosen.rounds),
        }
    results["ratios"] = ratios(results)
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    chosen.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    width = max(map(len, results["ratios"]))
    for name, value in results["ratios"].items():
        say(f"{name:<{width}}  {value:6.2f}{judged(name, value)}")
    say(f"written: {chosen.output}")


if __name__ == "__main__":
    main()
