"""Which sets of parameters a sweep runs: the reader of ``notebooks/sweeps/<name>.toml``.

Sets are counted without being made, so that a grid of a million answers at once, and made one by one, so that a grid
of ten thousand costs no memory.
"""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from helpers.pipeline import integrity, parameters, sweep_draws
from helpers.pipeline.errors import UsageError
from helpers.pipeline.plan import Run
from helpers.pipeline.sweep_journal import identity

FOLDER = Path("notebooks") / "sweeps"
#: More sets than this are only run when that is confirmed.
MANY = 10_000
_KINDS = ("grid", "list", "sample")
_TEXTS = ("title", "question", "notebook", "picture")
_KEYS = {*_TEXTS, *_KINDS, "parameters", "seconds_limit", "memory_limit_mb"}
_SECONDS, _MEMORY_MB = 120.0, 2048
_DIGITS = 6
#: Values that are told one by one.
_FEW = 8

Sets = Callable[[], Iterable[dict[str, object]]]


@dataclass(frozen=True)
class Sweep:
    """A checked sweep.

    Attributes
    ----------
    name, title, question : str
        The file's stem; what the page says.
    file : Path
        The TOML file, from the project's folder.
    notebook : Path
        The source notebook.
    picture : str
        The drawing of its results; empty for none.
    kind : {"grid", "list", "sample"}
    made : str
        How the sets are made, in words.
    count : int
        How many there are.
    varied : dict of str to str
        The parameters that differ from set to set, each with its values in words.
    fixed : dict
        Those that are the same in all.
    seconds_limit, memory_limit_mb : float, int
        Of each run.
    source : Path
        The TOML file, where it was read.
    """

    name: str
    title: str
    question: str
    file: Path
    notebook: Path
    picture: str
    kind: str
    made: str
    count: int
    varied: dict[str, str]
    fixed: dict[str, object]
    seconds_limit: float
    memory_limit_mb: int
    source: Path
    _sets: Sets = field(repr=False)
    _declared: dict[str, parameters.Parameter] = field(repr=False)

    def meaning(self, name: str) -> str:
        """Return what the notebook says of a parameter."""
        return self._declared[name].comment

    def runs(self) -> Iterator[Run]:
        """Make the runs one by one, in the order of the file: the last parameter of a grid changes fastest."""
        for index, values in enumerate(self._sets()):
            given = parameters.filled(self._declared, {**self.fixed, **values}, self.notebook.stem)
            edition = f"{self.name}-{index:0{_DIGITS}d}"
            yield Run(self.notebook.stem, edition, given, self.notebook, self.seconds_limit, self.memory_limit_mb)


def shipped(root: Path) -> list[Path]:
    """Return the sweeps of the collection."""
    return sorted((root / FOLDER).glob("*.toml"))


def load(path: Path, root: Path, *, is_confirmed: bool = False) -> Sweep:
    """Read and check a sweep: every value of every set, before anything is executed.

    Parameters
    ----------
    path : Path
        The TOML file.
    root : Path
        The project's folder.
    is_confirmed : bool
        Whether more than `MANY` sets were asked for knowingly.

    Raises
    ------
    UsageError
        One line a problem, each with the file and the key.
    """
    file, top = path.absolute(), root.absolute()
    shown = file.relative_to(top) if file.is_relative_to(top) else path
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{shown}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{shown}: not valid TOML: {error}") from None
    return _Reader(shown, file, root, is_confirmed).sweep(document)


class _Reader:
    """Turns the parsed file into a `Sweep`, collecting problems instead of stopping at the first."""

    def __init__(self, file: Path, source: Path, root: Path, is_confirmed: bool) -> None:
        self.file, self.source, self.root, self.is_confirmed = file, source, root, is_confirmed
        self.problems: list[str] = []
        self.declared: dict[str, parameters.Parameter] = {}
        self.fixed: dict[str, object] = {}

    def sweep(self, document: Mapping[str, Any]) -> Sweep:
        for key in sorted(document.keys() - _KEYS):
            self.problem(key, f"unknown key; known are {', '.join(sorted(_KEYS))}")
        name = self.file.stem
        if not name.replace("_", "").replace("-", "").isalnum():
            self.problem("", f"{name!r} must be made of letters, digits, _ and -, since it names files")
        texts = {key: self.text(key, document.get(key, "")) for key in _TEXTS}
        notebook = self.notebook(texts["notebook"])
        limits = [self.limit(document, *one) for one in (("seconds_limit", _SECONDS), ("memory_limit_mb", _MEMORY_MB))]
        given = [kind for kind in _KINDS if kind in document]
        if len(given) != 1:
            said = " and ".join(f"[{kind}]" for kind in given) if given else "none"
            self.problem("", f"expected exactly one of [grid], [[list]] and [sample], found {said}")
        self.give_up()
        assert notebook is not None
        self.declared = parameters.declared(notebook)
        self.fixed = self.table("parameters", document.get("parameters", {}))
        for key, value in self.fixed.items():
            self.check(f"parameters.{key}", key, value)
        read: dict[str, Callable[[Any], tuple[int, dict[str, str], str, Sets]]]
        read = {"grid": self.grid, "list": self.list_, "sample": self.sample}
        count, varied, made, sets = read[given[0]](document[given[0]])
        for key in self.declared:
            if self.declared[key].is_required and key not in self.fixed and key not in varied:
                self.problem("parameters", f"{key} has no value and the notebook gives no default")
        self.give_up()
        return Sweep(
            name, texts["title"] or name, texts["question"], self.file, notebook, texts["picture"], given[0], made,
            count, varied, self.fixed, limits[0], int(limits[1]), self.source, sets,
            self.declared,
        )  # fmt: skip

    def grid(self, found: object) -> tuple[int, dict[str, str], str, Sets]:
        """Read lists of values, of which every combination is run."""
        table = self.table("grid", found)
        axes = {name: self.axis(f"grid.{name}", values) for name, values in table.items()}
        if not axes:
            self.problem("grid", "is empty; at least one parameter needs a list of values")
        self.give_up()
        count = math.prod(map(len, axes.values()))
        self.confirm("grid", count)
        for name, values in axes.items():
            self.vary(f"grid.{name}", name)
            for place, value in enumerate(values):
                self.check(f"grid.{name}[{place}]", name, value)
            self.repeated(f"grid.{name}", [{name: value} for value in values])
        made = " and ".join(f"{len(values)} of `{name}`" for name, values in axes.items())

        def sets() -> Iterator[dict[str, object]]:
            for values in itertools.product(*axes.values()):
                yield dict(zip(axes, values, strict=True))

        told = {name: _words(values) for name, values in axes.items()}
        return count, told, f"every combination of {made}", sets

    def list_(self, found: object) -> tuple[int, dict[str, str], str, Sets]:
        """Read sets that are given one by one."""
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            self.problem("list", "must be tables, each headed [[list]]")
            raise UsageError(*self.problems)
        listed: list[dict[str, object]] = [dict(one) for one in found]
        if not listed:
            self.problem("list", "is empty; at least one set is needed")
        self.confirm("list", len(listed))
        varied = {name: "as listed" for one in listed for name in one}
        for name in varied:
            self.vary("list", name)
        for place, one in enumerate(listed):
            for name, value in one.items():
                self.check(f"list[{place}].{name}", name, value)
            for name in varied.keys() - one.keys() - self.fixed.keys():
                if name in self.declared and self.declared[name].is_required:
                    self.problem(f"list[{place}]", f"{name} has no value and the notebook gives no default")
        self.repeated("list", listed)
        return len(listed), varied, "sets given one by one", lambda: listed

    def sample(self, found: object) -> tuple[int, dict[str, str], str, Sets]:
        """Read ranges, from which a Latin hypercube is drawn."""
        table = self.table("sample", found)
        for key in sorted(table.keys() - {"draws", "seed", "parameters"}):
            self.problem(f"sample.{key}", "unknown key; known are draws, parameters, seed")
        draws, seed = (self.whole(f"sample.{key}", table.get(key), least) for key, least in (("draws", 1), ("seed", 0)))
        entries = self.table("sample.parameters", table.get("parameters", {}))
        if not entries:
            self.problem("sample.parameters", "is empty; at least one parameter needs a range")
        rows = sweep_draws.assumptions(integrity.data_folder(self.root))
        ranges = {name: self.range(f"sample.parameters.{name}", entry, rows) for name, entry in entries.items()}
        for name, one in ranges.items():
            self.vary(f"sample.parameters.{name}", name)
            if one is not None:
                for end in (one.low, one.high):
                    self.check(f"sample.parameters.{name}", name, end)
        self.give_up()
        self.confirm("sample.draws", draws)
        known = {name: one for name, one in ranges.items() if one is not None}
        made = f"{draws:,} draws of {len(known)} parameters, a Latin hypercube with seed {seed}"
        told = {name: f"{one}{_behind(entries[name])}" for name, one in known.items()}
        return draws, told, made, lambda: sweep_draws.latin_hypercube(known, draws, seed)

    def axis(self, key: str, values: object) -> list[object]:
        """Read the values of one parameter: a list, or the ends of months between two days."""
        if isinstance(values, list):
            if not values:
                self.problem(key, "is an empty list; it needs at least one value")
            return values
        if not isinstance(values, dict):
            self.problem(key, f"must be a list, or {{ from, to, every }}, not {values!r}")
            return []
        ends = {name: values.get(name) for name in ("from", "to")}
        for name, day in ends.items():
            if not isinstance(day, date) or isinstance(day, datetime):
                self.problem(f"{key}.{name}", f"must be a day such as 2023-01-31, not {day!r}")
        for name in sorted(values.keys() - {"from", "to", "every"}):
            self.problem(f"{key}.{name}", "unknown key; known are every, from, to")
        if values.get("every") not in sweep_draws.STEPS:
            self.problem(f"{key}.every", f"must be one of {', '.join(sweep_draws.STEPS)}, not {values.get('every')!r}")
        self.give_up()
        days: list[object] = [*sweep_draws.month_ends(values["from"], values["to"], values["every"])]
        if not days:
            self.problem(key, f"there is no {values['every']} from {values['from']} to {values['to']}")
        return days

    def range(self, key: str, entry: object, rows: Mapping[str, Mapping[str, str]]) -> sweep_draws.Range | None:
        """Read what a parameter is drawn from: two ends, or the id of an assumption."""
        if isinstance(entry, str):
            if entry not in rows:
                self.problem(key, f"no row {entry!r} in data/{sweep_draws.ASSUMPTIONS}")
                return None
            return self.tried(key, lambda: sweep_draws.range_of(rows[entry]), f"row {entry!r}: ")
        table = self.table(key, entry) if isinstance(entry, dict) else {}
        numbers = {name: value for name, value in table.items() if type(value) in (int, float)}
        if not {"low", "high"} <= numbers.keys() <= {"low", "high", "mode"} or numbers.keys() != table.keys():
            text = f"must be {{ low, high }} with an optional mode, or the id of an assumption, not {entry!r}"
            self.problem(key, text)
            return None
        return self.tried(key, lambda: sweep_draws.Range(**{name: float(value) for name, value in numbers.items()}))

    def tried(self, key: str, make: Callable[[], sweep_draws.Range], what: str = "") -> sweep_draws.Range | None:
        try:
            return make()
        except ValueError as error:
            self.problem(key, f"{what}{error}")
            return None

    def check(self, key: str, name: str, value: object) -> None:
        """Check one value of one parameter; parameters do not depend on each other, so that covers every set."""
        known = {name: self.declared[name]} if name in self.declared else {}
        if not known:
            self.problem(key, f"the notebook {self.notebook_name} has no parameter {name}; it has {self.names}")
            return
        try:
            parameters.filled(known, {name: value}, self.notebook_name)
        except UsageError as error:
            for problem in error.problems:
                self.problem(key, problem.removeprefix(f"{self.notebook_name}: "))

    def vary(self, key: str, name: str) -> None:
        """Note that a parameter varies: it can be fixed no more."""
        if name in self.fixed:
            self.problem(key, f"{name} stands in [parameters] too; it cannot be fixed and vary")

    def repeated(self, key: str, sets: list[dict[str, object]]) -> None:
        """Report sets that give the same run: it would be executed twice and have two rows."""
        if self.problems:  # what is not right cannot be filled
            return
        names = self.fixed.keys() | {name for one in sets for name in one}
        known = {name: one for name, one in self.declared.items() if name in names or not one.is_required}
        seen: dict[str, int] = {}
        for place, one in enumerate(sets):
            filled = parameters.filled(known, {**self.fixed, **one}, self.notebook_name)
            first = seen.setdefault(identity(filled), place)
            if first != place:
                hint = "" if sets[first] == one else ": defaults are filled in and 1 is 1.0"
                self.problem(f"{key}[{place}]", f"is the same as [{first}]{hint}")

    def confirm(self, key: str, count: int) -> None:
        """Stop at more sets than anybody means by accident."""
        if count > MANY and not self.is_confirmed:
            self.problem(key, f"makes {count:,} runs; more than {MANY:,} need --yes")
            self.give_up()

    def notebook(self, name: str) -> Path | None:
        """Find the notebook among those of the sweeps, then in the collection."""
        self.notebook_name = name
        if not name:
            self.problem("notebook", "is missing; it names the notebook to run")
            return None
        places = [self.root / FOLDER / f"{name}.ipynb", self.root / FOLDER.parent / f"{name}.ipynb"]
        found = next((place for place in places if "/" not in name and place.is_file()), None)
        if found is None:
            self.problem("notebook", f"no {name}.ipynb in {FOLDER}/ or {FOLDER.parent}/")
        return found

    @property
    def names(self) -> str:
        return ", ".join(self.declared) or "none"

    def limit(self, document: Mapping[str, Any], key: str, default: float) -> float:
        value = document.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
            self.problem(key, f"must be a number above 0, not {value!r}")
            return default
        return float(value)

    def whole(self, key: str, value: object, least: int) -> int:
        if type(value) is not int or value < least:
            self.problem(key, f"must be a whole number of at least {least}, not {value!r}")
            return least
        return value

    def table(self, key: str, value: object) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self.problem(key, f"must be a table, not {value!r}")
        return {}

    def text(self, key: str, value: object) -> str:
        if isinstance(value, str):
            return value
        self.problem(key, f"must be text, not {value!r}")
        return ""

    def problem(self, key: str, message: str) -> None:
        self.problems.append(f"{self.file}: {key}: {message}" if key else f"{self.file}: {message}")

    def give_up(self) -> None:
        """Stop here when there are problems: what follows relies on what was read."""
        if self.problems:
            raise UsageError(*self.problems)


def _words(values: list[object]) -> str:
    """Return the values of a grid's parameter as a reader wants them: all where they are few, else the ends."""
    texts = [str(value) for value in values]
    return ", ".join(texts) if len(texts) <= _FEW else f"{len(texts)} values, {texts[0]} to {texts[-1]}"


def _behind(entry: object) -> str:
    return f" (assumption `{entry}`)" if isinstance(entry, str) else ""
