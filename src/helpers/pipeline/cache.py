"""Results of runs, kept by what they depend on.

Two folders. ``runs/`` says, for what is known of a run before it is executed, what it used when it was (so that the
whole key can be formed). ``results/`` holds what came out, under the whole key, with a hash of its own: an entry that
was damaged is as if it had never been. Files appear by renames, so two starts at once do not disturb each other.
A folder that cannot be written costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.pipeline import key
from helpers.pipeline.key import Keys, Uses
from helpers.pipeline.outcome import Outcome
from helpers.pipeline.plan import FINDINGS, Run

FOLDER = ".reports-cache"
#: Sets of used modules and tables kept for one run; it changes only when code behind an unchanged notebook does.
_KEPT_USES = 4
#: Results kept; the oldest go first.
_KEPT_RESULTS = 600


@dataclass(frozen=True)
class Entry:
    """A result that still holds.

    Attributes
    ----------
    key : str
    parts : dict of str to str
        What the key was made of.
    """

    key: str
    parts: dict[str, str]


class Cache:
    """The kept results of a project.

    Parameters
    ----------
    root : Path
        The project's folder.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / FOLDER

    def find(self, run: Run, keys: Keys) -> Entry | None:
        """Return the entry whose every part is as it is now, if there is one.

        The result itself is not read: `load` finds out whether it is whole.
        """
        for uses in self._uses(run, keys):
            parts = keys.parts(run, uses)
            found = key.of(parts)
            if self._result(found).is_file():
                return Entry(found, parts)
        return None

    def load(self, run: Run, entry: Entry) -> Outcome | None:
        """Return a kept outcome; None where its entry is missing or damaged, which is then removed."""
        path = self._result(entry.key)
        try:
            head, _, body = path.read_bytes().partition(b"\n")
            if head.decode() != key.digest(body):
                raise ValueError("the entry is damaged")
            kept = json.loads(body)
            outcome = Outcome(
                run=run,
                status="ok",
                seconds=kept["seconds"],
                peak_memory_mb=kept["peak_memory_mb"],
                key=entry.key,
                notebook=kept["notebook"],
                journal=kept["journal"],
            )
        except (OSError, ValueError, KeyError, TypeError):
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # used now, so not the first to go
        return outcome

    def entry(self, outcome: Outcome, keys: Keys) -> Entry:
        """Return the key of an outcome, from what its diary says it used."""
        parts = keys.parts(outcome.run, Uses.of_journal(outcome.journal))
        return Entry(key.of(parts), parts)

    def store(self, outcome: Outcome, keys: Keys) -> None:
        """Keep the outcome of a good run."""
        run, uses, entry = outcome.run, Uses.of_journal(outcome.journal), self.entry(outcome, keys)
        body = json.dumps(
            {
                "seconds": outcome.seconds,
                "peak_memory_mb": outcome.peak_memory_mb,
                "notebook": outcome.notebook,
                "journal": outcome.journal,
            }
        ).encode()
        with contextlib.suppress(OSError):
            write(self._result(entry.key), key.digest(body).encode() + b"\n" + body)
            known = [uses.document(), *(one.document() for one in self._uses(run, keys) if one != uses)]
            write(self._uses_file(run, keys), json.dumps(known[:_KEPT_USES]).encode())
        self.remember(run, entry.parts)

    def remember(self, run: Run, parts: Mapping[str, str]) -> None:
        """Note what the newest good result of a run was made of, so that `explain` can say what differs."""
        with contextlib.suppress(OSError):
            write(self._last(run), json.dumps(dict(parts), indent=1).encode())

    def last(self, run: Run) -> dict[str, str] | None:
        """Return what `remember` noted."""
        try:
            parts: dict[str, str] = dict(json.loads(self._last(run).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return parts

    def prune(self) -> None:
        """Remove the results that were not used for longest, beyond a fixed number."""
        with contextlib.suppress(OSError):
            found = [(path.stat().st_mtime, path) for path in self.folder.glob("results/*/*.json")]
            for _, path in sorted(found)[: -_KEPT_RESULTS or None]:
                path.unlink(missing_ok=True)

    def _uses(self, run: Run, keys: Keys) -> list[Uses]:
        try:
            return [Uses.from_document(one) for one in json.loads(self._uses_file(run, keys).read_bytes())]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return []

    def _uses_file(self, run: Run, keys: Keys) -> Path:
        return self.folder / "runs" / f"{key.of(keys.known(run))}.json"

    def _result(self, name: str) -> Path:
        return self.folder / "results" / name[:2] / f"{name}.json"

    def _last(self, run: Run) -> Path:
        return self.folder / "last" / run.edition / f"{run.notebook}.json"


def write(path: Path, content: bytes) -> None:
    """Write a file so that no reader ever meets half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        try:
            file.write(content)
            file.flush()
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise
    Path(file.name).replace(path)


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Say what differs between two sets of parts, one line each.

    Parameters
    ----------
    before, now : mapping of str to str
        From `Keys.parts`.

    Returns
    -------
    list of str
        ``code cells``, ``parameter as_of: "2025-09-05" → "2026-10-31"``, ``module helpers.units``, …
    """
    lines = []
    for name in [*now, *(name for name in before if name not in now)]:
        old, new = before.get(name), now.get(name)
        if old != new:
            lines.append(_difference(name, old, new))
    return lines


_WORDS = {
    "code": "code cells",
    "lock": "requirements.txt",
    "runner": "the runner, Python or an installed library",
    f"file {FINDINGS}": "findings of the other notebooks",
}


def _difference(name: str, old: str | None, new: str | None) -> str:
    kind = name.partition(" ")[0]
    if kind == "parameter":
        return f"{name}: {old or 'not there'} → {new or 'not there'}"
    name = _WORDS.get(name, name)
    if old is None:
        return f"{name} (new)"
    return f"{name} (gone)" if new in (None, key.GONE) else name
