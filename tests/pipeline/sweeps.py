"""A project with one sweep whose notebook imports nothing, so that a run costs little."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.projects import Project, write_notebook

PARAMETERS = """\
as_of: str = "2026-10-31"  # ISO date: what was known on this day
k: int = 0  # a number
rate: float = 0.5  # a share
names: list[str] = ["a"]  # some names
"""
#: States one number and one verdict, notes in a file that it ran, and fails for k = 2 where a file says so.
STATES = """
import json, os
from pathlib import Path
from IPython.display import display
here = Path("..").resolve().parent
with (here / "ran.txt").open("a") as log:
    log.write(f"{k}\\n")
if k == 2 and (here / "fail").exists():
    raise ValueError("k is two")
with open(os.environ["WHO_PAYS_JOURNAL"], "a") as journal:
    journal.write(json.dumps({"event": "read", "name": "small"}) + "\\n")
    journal.write(json.dumps({"event": "modules", "names": []}) + "\\n")
about = {"grade": "filed", "rows": ["small/1"], "assumptions": []}
number = {"value": k * rate, "unit": "USD m", **about}
verdict, value = ("supported", float(k)) if k else ("not testable", None)
claim = {"verdict": verdict, "value": value, "unit": "x", "reason": "r", **about}
found = {"numbers": {"product": number, "status": number}, "claims": {"A11": claim}}
display({"application/vnd.who-pays.findings+json": found, "text/plain": "found"}, raw=True)
"""
GRID = 'title = "A sweep"\nnotebook = "light"\n[grid]\nk = [0, 1, 2, 3, 4, 5]\n'


class Swept:
    """The project and its one sweep."""

    def __init__(self, root: Path, toml: str = GRID, *cells: str) -> None:
        self.project = Project(root)
        self.project.add("other", "1")
        self.root, self.folder = root, root / "reports" / "sweeps"
        self.file = root / "notebooks" / "sweeps" / "small.toml"
        self.write(*(cells or (STATES,)))
        self.file.write_text(toml)

    def write(self, *cells: str, parameters: str = PARAMETERS) -> Path:
        """Write the notebook of the sweep."""
        return write_notebook(self.root / "notebooks" / "sweeps" / "light.ipynb", *cells, parameters=parameters)

    @property
    def table(self) -> Path:
        return self.folder / "small.parquet"

    @property
    def journal(self) -> Path:
        return self.folder / "small.journal"

    def ran(self) -> list[int]:
        """Return the number of each run that was executed, in order."""
        log = self.root / "ran.txt"
        return [int(line) for line in log.read_text().split()] if log.exists() else []

    def forget(self) -> None:
        """Begin a new record of what was executed."""
        (self.root / "ran.txt").unlink(missing_ok=True)

    def rows(self) -> list[dict[str, Any]]:
        """Return the lines of the journal that hold rows."""
        lines = self.journal.read_text().splitlines() if self.journal.exists() else []
        return [found for line in lines if "key" in (found := json.loads(line))]
