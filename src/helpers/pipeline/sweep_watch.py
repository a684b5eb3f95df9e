"""Whether the files behind a run stayed as they were from when it was asked for until its row was written.

A sweep goes on for minutes, so a file may be edited meanwhile, and even put back. Nobody knows what a run that was
under way at that moment had read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from helpers.pipeline import integrity, key
from helpers.pipeline.errors import PipelineError
from helpers.pipeline.key import Keys, Uses
from helpers.pipeline.plan import Run

_PACKAGE = Path(__file__).parents[1]
#: What tells one state of a file from another: written again with the same content, it is another.
_State = tuple[int, ...]


class Watch:
    """The files that a sweep rests on: its notebook, this package, the pinned versions, the descriptor of the data.

    The tables themselves are not among them: a run's diary has the hash of what it read.

    Parameters
    ----------
    root : Path
        The project's folder.
    notebook : Path
    keys : Keys
        Reads these files after the watch began, so that no edit falls in between.
    """

    def __init__(self, root: Path, notebook: Path, keys: Keys) -> None:
        self.root, self.keys, self.now = root, keys, keys
        self.files = [
            notebook, root / "requirements.txt", integrity.data_folder(root) / integrity.DESCRIPTOR,
            *_PACKAGE.rglob("*.py"),
        ]  # fmt: skip
        self.seen = self._states()
        self.changes = 0
        self._asked: dict[str, int] = {}

    def asked(self, runs: Iterable[Run]) -> Iterator[Run]:
        """Pass runs on, noting when each was asked for."""
        for run in runs:
            self._asked[run.edition] = self.changes
            yield run

    def key(self, run: Run, uses: Uses) -> str:
        """Return the key of a run that has just ended; empty where a file may have been another while it ran."""
        self._look()
        own = key.of(self.keys.parts(run, uses))
        was_calm = self._asked.pop(run.edition) == self.changes
        return own if was_calm and own == self._key_now(run, uses) else ""

    def _key_now(self, run: Run, uses: Uses) -> str:
        with contextlib.suppress(PipelineError, OSError):  # a file that is gone, or half written
            return key.of(self.now.parts(run, uses))
        return ""

    def _look(self) -> None:
        if (states := self._states()) != self.seen:
            self.seen, self.now, self.changes = states, Keys(self.root), self.changes + 1

    def _states(self) -> list[_State]:
        return [_state(path) for path in self.files]


def _state(path: Path) -> _State:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
