"""Small projects in a temporary folder: notebooks, runs.toml and a data package of one table."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
import psutil
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from helpers.pipeline.assemble import Tools
from helpers.pipeline.clean import CleanNotebook
from helpers.pipeline.outcome import Outcome
from helpers.pipeline.plan import Run

AS_OF = 'as_of: str = "2026-10-31"  # ISO date: what was known on this day'
KERNEL = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
EDITIONS = "[editions.latest]\nparameters = { as_of = 2026-10-31 }\n"
TWO_EDITIONS = EDITIONS + "[editions.article]\nparameters = { as_of = 2025-09-05 }\n"


def write_notebook(path: Path, *cells: str, parameters: str | None = AS_OF) -> Path:
    """Write a notebook with a title, one `parameters` cell (none when None) and code cells."""
    made = [new_markdown_cell("# A question", id="title")]
    if parameters is not None:
        made.append(new_code_cell(parameters, id="parameters", metadata={"tags": ["parameters"]}))
    made += [new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(cells)]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=made, metadata=KERNEL), path)
    return path


class Project:
    """A project folder that the pipeline can run."""

    def __init__(self, root: Path, editions: str = EDITIONS) -> None:
        self.root = root
        self.editions = editions
        self.entries: dict[str, str] = {}
        (root / "data").mkdir(parents=True)
        (root / "data" / "README.md").write_text("# The tables\n")
        self.write_table("a,b\n1,2\n")

    def write_table(self, text: str) -> None:
        (self.root / "data" / "small.csv").write_text(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        package = {"resources": [{"name": "small", "path": "small.csv", "hash": f"sha256:{digest}"}]}
        (self.root / "data" / "datapackage.json").write_text(json.dumps(package))

    def add(self, name: str, *cells: str, parameters: str | None = AS_OF, toml: str = "") -> Path:
        """Add or replace a notebook and its entry in runs.toml."""
        path = write_notebook(self.root / "notebooks" / f"{name}.ipynb", *cells, parameters=parameters)
        self.entries[name] = f'[[notebooks]]\nname = "{name}"\n{toml}\n'
        text = self.editions + "\n".join(self.entries.values())
        (self.root / "notebooks" / "runs.toml").write_text(text)
        return path

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    def status(self, reports: Path | None = None) -> dict[str, Any]:
        runs: dict[str, Any] = json.loads(((reports or self.reports) / "status.json").read_text())["runs"]
        return runs

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start ``python -m helpers run`` on this project as an operator would."""
        return subprocess.Popen(
            [sys.executable, "-m", "helpers", "run", "--root", str(self.root), *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment},
            start_new_session=True,
        )  # fmt: skip

    def wait_at_work(self, count: int, seconds: float = 60) -> None:
        """Wait until so many runs have written their file ``at-work-…`` from inside a cell.

        To count processes would not do: those that a kernel starts for a moment count too, and kernels come and go.
        """
        end = time.monotonic() + seconds
        while len(found := list((self.root / "notebooks").glob("at-work-*"))) < count:
            assert time.monotonic() < end, f"{len(found)} of {count} runs at work after {seconds:g} s"
            time.sleep(0.05)

    def kernels(self) -> list[psutil.Process]:
        """Return every running process at work in this project's notebooks: its kernels and what they started.

        A worker stands in that folder too while papermill executes, but is no kernel.
        """
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                is_worker = any("multiprocessing" in word for word in process.cmdline())
                if process.cwd() == str(self.root / "notebooks") and not is_worker:
                    found.append(process)
        return found


def is_gone(pid: int, seconds: float = 5.0) -> bool:
    """Tell whether a process ends in time; one that is dead but not yet collected has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def a_run(path: Path, seconds: float = 60, memory: int = 2048, **parameters: object) -> Run:
    """Return a run of a notebook with its parameters as given."""
    return Run(path.stem, "latest", {"as_of": "2025-09-05", **parameters}, path, seconds, memory)


def plain_tools() -> Tools:
    """Return tools that publish what was executed as it is, and one line of text as each page."""
    return Tools(clean=_clean, build=_build)


def _clean(outcome: Outcome, *, root: Path) -> CleanNotebook:
    assert outcome.notebook is not None
    return CleanNotebook(nbformat.reads(outcome.notebook, as_version=4))


def _build(pages: Sequence[Any], *, html: Path, **_: Any) -> None:
    html.mkdir(parents=True)
    lines = [f"{page.run.name} {page.status} {page.reason}" for page in pages]
    (html / "index.html").write_text("\n".join(lines))
