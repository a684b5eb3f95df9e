"""One notebook under many sets of parameters: execute what is due, keep a row a run, write one file.

Rows go to a journal as runs end (`helpers.pipeline.sweep_journal`), which becomes the Parquet file when all are there
(`helpers.pipeline.sweep_table`). A start that was killed goes on where it stopped; a row whose notebook, modules or
tables changed since is made again, and so is one that failed.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from helpers.pipeline import integrity, key, processes, supervise, sweep_table
from helpers.pipeline.errors import PipelineError
from helpers.pipeline.key import Keys, Uses
from helpers.pipeline.outcome import Outcome
from helpers.pipeline.plan import Run
from helpers.pipeline.sweep_journal import Journal, Row, identity, row_of
from helpers.pipeline.sweep_progress import Counts, choose
from helpers.pipeline.sweep_spec import Sweep
from helpers.pipeline.sweep_watch import Watch

Take = Callable[[Outcome], None]
#: Raise it when the columns of the file change in a manner that older rows do not fit.
SCHEMA = 1


@dataclass(frozen=True)
class Result:
    """What became of a sweep.

    Attributes
    ----------
    table : Path
        The Parquet file.
    executed, kept : int
        Runs that were executed now, and rows that were there and still hold.
    failures : dict of str to int
        How many of the runs failed, by reason.
    """

    table: Path
    executed: int
    kept: int
    failures: dict[str, int]


@dataclass(frozen=True)
class How:
    """How a sweep is executed.

    Attributes
    ----------
    jobs : int or None
        Runs at once on this machine; as many as cores when None.
    scheduler : str or None
        The address of a Dask cluster that takes the runs instead.
    is_warm : bool
        Whether kernels are forked.
    force : bool
        Execute every run, whether or not its row still holds.
    quiet : bool
        Say nothing while it goes on.
    also : callable or None
        Given each outcome besides, for example to keep its notebook.
    """

    jobs: int | None = None
    scheduler: str | None = None
    is_warm: bool = True
    force: bool = False
    quiet: bool = False
    also: Take | None = None


def table_of(folder: Path, name: str) -> Path:
    """Return where the rows of a sweep are kept."""
    return folder / f"{name}.parquet"


def run(sweep: Sweep, root: Path, folder: Path, how: How, stream: IO[str] | None = None) -> Result:
    """Execute what is due of a sweep and write its file.

    Parameters
    ----------
    sweep : Sweep
    root : Path
        The project's folder.
    folder : Path
        Where the results of sweeps are kept.
    how : How
    stream : file, optional
        Where to tell how it goes; standard output when not given.

    Returns
    -------
    Result

    Raises
    ------
    PipelineError
        A table is not the one described, the folder cannot be written, another start is at work on the same sweep, or
        no worker can be started. Rows that were written are kept.
    KeyboardInterrupt
        Ctrl-C. Rows that were written are kept.
    """
    with integrity.one_vintage(root):
        integrity.check(root)
        with _Place(folder, sweep.name) as place:
            return _Work(sweep, root, place, how, stream).done()


def due(sweep: Sweep, root: Path, folder: Path) -> int:
    """Count the runs that a start now would execute: they failed, are missing, or rest on what has changed since."""
    table, keys, holding = table_of(folder, sweep.name), Keys(root), set()
    if not table.is_file():
        return sweep.count
    used = sweep_table.uses(table)
    with contextlib.suppress(ValueError):
        known = {identity(row["parameters"]): row["key"] for row in sweep_table.read(table) if row["status"] == "ok"}
        for run in sweep.runs():
            own = identity(run.parameters)
            if known.get(own) in [key.of(keys.parts(run, one)) for one in used]:
                holding.add(own)
    return sweep.count - len(holding)


class _Work:
    """One start of one sweep."""

    def __init__(self, sweep: Sweep, root: Path, place: _Place, how: How, stream: IO[str] | None) -> None:
        self.sweep, self.root, self.place, self.how, self.stream = sweep, root, place, how, stream
        self.keys = Keys(root)
        self.watch = Watch(root, sweep.notebook, self.keys)
        self.keys.hash_all([sweep.notebook])
        self.data = _data(root)
        self.failures: dict[str, int] = {}

    def done(self) -> Result:
        """Execute what is due, then write the file."""
        with self.place.plainly(), contextlib.closing(self._journal()) as journal:
            kept = self._holding(journal)
            due = self.sweep.count - kept
            teller = choose(self.sweep.name, due, self.how.quiet, self.stream)
            self._tell(teller, journal, kept, due)
            if due:
                self._execute(journal, teller)
            if due or not self._is_written():
                self._write(journal)
        self.place.forget_journal()
        return Result(self.place.table, due, kept, dict(teller.failures))

    def _journal(self) -> Journal:
        """Open the journal; a finished file becomes one again, so that its rows can be used."""
        if not self.place.journal.is_file() and self.place.table.is_file():
            seed = self.place.journal.with_suffix(".seed")
            seed.unlink(missing_ok=True)
            with contextlib.closing(Journal(seed)) as journal, contextlib.suppress(ValueError):
                for one in sweep_table.uses(self.place.table):
                    journal.note_uses(one)
                for row in sweep_table.read(self.place.table):
                    journal.append(row)
            seed.replace(self.place.journal)
        return Journal(self.place.journal)

    def _holding(self, journal: Journal) -> int:
        """Forget the rows that are not what a run now would give; return how many hold."""
        holding = set()
        if not self.how.force:
            for run in self.sweep.runs():
                own = identity(run.parameters)
                found = journal.places.get(own)
                if found and found.is_good and found.key in self._keys_of(run, journal.uses):
                    holding.add(own)
        journal.forget([own for own in journal.places if own not in holding])
        return len(holding)

    def _keys_of(self, run: Run, uses: list[Uses]) -> list[str]:
        return [key.of(self.keys.parts(run, one)) for one in uses]

    def _tell(self, teller: Counts, journal: Journal, kept: int, due: int) -> None:
        if journal.damaged:
            teller.note(f"{self.sweep.name}: {journal.damaged} damaged line of an earlier start is left out")
        held = f", {kept:,} of them up to date" if kept else ""
        teller.note(f"{self.sweep.name}: {self.sweep.count:,} runs{held}" + (f", executing {due:,}" if due else ""))

    def _execute(self, journal: Journal, teller: Counts) -> None:
        def take(outcome: Outcome) -> None:
            used = Uses.of_journal(outcome.journal)
            journal.note_uses(used)
            # A row from files that were edited meanwhile gets no key: the next start makes it again.
            own = self.watch.key(outcome.run, used)
            journal.append(row_of(outcome, own if self.keys.has_read_as_described(outcome.journal) else ""))
            if self.how.also:
                self.how.also(outcome)

        due = self.watch.asked(run for run in self.sweep.runs() if identity(run.parameters) not in journal.places)
        # The runner holds a few runs at a time, never the whole plan, and no outcome once its row is written.
        try:
            if self.how.scheduler:
                cluster = importlib.import_module("helpers.pipeline.cluster")
                cluster.execute(
                    due, scheduler=self.how.scheduler, root=self.root, token=self.place.token, keys=None,
                    progress=teller, is_warm=self.how.is_warm, take=take,
                )  # fmt: skip
            else:
                supervise.execute(
                    due, root=self.root, scratch=self.place.scratch, token=self.place.token, jobs=self.how.jobs,
                    progress=teller, is_warm=self.how.is_warm, take=take,
                )  # fmt: skip
        finally:
            teller.end()

    def _is_written(self) -> bool:
        """Whether the file there is holds these very rows, told of the same sweep."""
        if not self.place.table.is_file():
            return False
        said = sweep_table.notes(self.place.table)
        with contextlib.suppress(ValueError):
            order = [identity(row["parameters"]) for row in sweep_table.read(self.place.table)]
            return order == list(self._order()) and all(said.get(k) == v for k, v in self._notes().items())
        return False

    def _order(self) -> Iterator[str]:
        return (identity(run.parameters) for run in self.sweep.runs())

    def _notes(self) -> dict[str, str]:
        return {
            "sweep": self.sweep.name,
            "title": self.sweep.title,
            "notebook": self.sweep.notebook.stem,
            "made": self.sweep.made,
            "varied": json.dumps(list(self.sweep.varied)),
            "schema": str(SCHEMA),
            **self.data,
        }

    def _write(self, journal: Journal) -> None:
        def rows() -> Iterator[Row]:
            return (journal.row(journal.places[own]) for own in self._order())

        sweep_table.write(self.place.table, rows, self._notes(), journal.uses)


def _data(root: Path) -> dict[str, str]:
    """Return what the file says of the data: the vintage's name and, for readers, what it is."""
    provenance = importlib.import_module("helpers.pipeline.provenance")  # nbformat is heavy
    return {"vintage": integrity.vintage(root), "data": provenance.vintage_in_words([])}


class _Place:
    """The files of one sweep, locked for one start; use as a context manager.

    Attributes
    ----------
    table, journal, scratch : Path
    token : str
        Marks every process of this start.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.table = table_of(folder, name)
        self.journal = folder / f"{name}.journal"
        # Hidden from readers and from what asks whether the results have changed.
        self.work = folder / ".work"
        self.scratch = self.work / name
        self.token = uuid.uuid4().hex
        self._lock: IO[str] | None = None

    def __enter__(self) -> _Place:
        with self.plainly("nothing was executed"):
            self.work.mkdir(parents=True, exist_ok=True)
            self._lock = (self.work / f"{self.name}.lock").open("a+", encoding="utf-8")
            self._take_lock(self._lock)
            shutil.rmtree(self.scratch, ignore_errors=True)  # of a start that was killed
            self.scratch.mkdir()
        return self

    def __exit__(self, *_: Any) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)
        if self._lock:
            self._lock.close()  # which lets the lock go, as the end of the process does however it ends

    def forget_journal(self) -> None:
        """Remove the journal once everything stands in the table."""
        self.journal.unlink(missing_ok=True)

    @contextlib.contextmanager
    def plainly(self, what_is_left: str = "the rows written so far are kept") -> Iterator[None]:
        """Say in one line what an error of the system means."""
        try:
            yield
        except OSError as error:
            told = error.strerror or str(error)
            raise PipelineError(f"cannot write in {self.folder}: {told}; {what_is_left}") from error

    def _take_lock(self, file: IO[str]) -> None:
        file.seek(0)
        said = file.read().split()
        processes.keep_from_forks(file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            holder = said[0] if said else "unknown"
            message = f"the sweep {self.name} is being run already (process {holder}); wait for its end or stop it"
            raise PipelineError(message) from None
        if len(said) > 1:  # what a killed start left running
            processes.end_marked(f"{said[1]}/")
        file.truncate(0)
        file.write(f"{os.getpid()} {self.token}\n")
        file.flush()
