"""Which notebooks run, with which parameters and limits: the reader of ``notebooks/runs.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from helpers.pipeline import integrity
from helpers.pipeline.errors import UsageError
from helpers.tables import vintages

RUNS_FILE = Path("notebooks") / "runs.toml"
#: The edition of exploratory runs, which have a site of their own and never touch the published one.
CUSTOM = "custom"
_LIMITS = {"seconds_limit": 300.0, "memory_limit_mb": 2048}
_TOP_KEYS = {"limits", "editions", "notebooks"}
_EDITION_KEYS = {"title", "parameters", "follows_vintage"}
_NOTEBOOK_KEYS = {"name", "title", "parameters", "reads_findings", "seconds_limit", "memory_limit_mb"}
#: The parameter that gets the path of all findings, in a notebook that reads them.
FINDINGS = "findings"


@dataclass(frozen=True)
class Run:
    """One notebook in one edition.

    Attributes
    ----------
    notebook, edition : str
        Names as in ``runs.toml``.
    parameters : dict
        Every parameter of the notebook with its final value, dates as ISO strings.
    path : Path
        The source notebook.
    seconds_limit : float
        Limit on the whole notebook, kernel start included.
    memory_limit_mb : int
        Limit on the memory of the run's processes together, in MiB.
    reads_findings : bool
        Whether it is executed after the others and handed what they found.
    files : dict of str to str
        Files that are handed to the notebook: the content, by the parameter that gets the path. The path differs from
        place to place, so `parameters` keeps the notebook's own value.
    """

    notebook: str
    edition: str
    parameters: dict[str, object]
    path: Path
    seconds_limit: float
    memory_limit_mb: int
    reads_findings: bool = False
    files: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """``edition/notebook``, unique in a plan."""
        return f"{self.edition}/{self.notebook}"


@dataclass(frozen=True)
class Notebook:
    """A notebook of the collection, as ``runs.toml`` lists it."""

    name: str
    title: str
    path: Path
    parameters: dict[str, object] = field(default_factory=dict)
    seconds_limit: float = 300.0
    memory_limit_mb: int = 2048
    reads_findings: bool = False


@dataclass(frozen=True)
class Edition:
    """Parameters that every notebook shares: what was known on one day.

    Attributes
    ----------
    name, title : str
    parameters : dict
    follows_vintage : bool
        Whether `as_of` is the day of the data's vintage, where that is another than the one that ships.
    """

    name: str
    title: str
    parameters: dict[str, object] = field(default_factory=dict)
    follows_vintage: bool = False


@dataclass(frozen=True)
class Plan:
    """The whole of ``runs.toml``: every notebook runs in every edition."""

    root: Path
    notebooks: tuple[Notebook, ...]
    editions: tuple[Edition, ...]

    def notebook(self, name: str) -> Notebook:
        """Return a notebook by name, or say which names there are."""
        return _named(name, self.notebooks, "notebook")

    def edition(self, name: str) -> Edition:
        """Return an edition by name, or say which names there are."""
        return _named(name, self.editions, "edition")


_Listed = TypeVar("_Listed", Notebook, Edition)


def load(root: Path) -> Plan:
    """Read and check ``notebooks/runs.toml``.

    Parameters
    ----------
    root : Path
        The project's folder.

    Returns
    -------
    Plan
        In the order of the file. Values of parameters are checked later (`helpers.pipeline.parameters`).

    Raises
    ------
    UsageError
        Names every problem found, each with its key: unknown key, missing file, duplicate, wrong type, bad limit.
    """
    try:
        document = tomllib.loads((root / RUNS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{RUNS_FILE}: no such file in {root}; run from the project's folder or give --root") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{RUNS_FILE}: not valid TOML: {error}") from None
    reader = _Reader(root)
    plan = reader.plan(document)
    if reader.problems:
        raise UsageError(*reader.problems)
    return plan


def _named(name: str, among: Sequence[_Listed], what: str) -> _Listed:
    for one in among:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in among)
    raise UsageError(f"{RUNS_FILE}: no {what} named {name!r}; there are {known}")


class _Reader:
    """Turns the parsed file into a `Plan`, collecting problems instead of stopping at the first."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[str] = []

    def plan(self, document: Mapping[str, Any]) -> Plan:
        self._keys(document, _TOP_KEYS, "")
        limits = self._limits(self._table(document.get("limits", {}), "limits"), "limits", _LIMITS)
        editions = self._table(document.get("editions", {}), "editions")
        entries = document.get("notebooks", [])
        if not isinstance(entries, list):
            self._problem("notebooks", "must be a list of tables, each headed [[notebooks]]")
            entries = []
        notebooks = [self._notebook(entry, f"notebooks[{i}]", limits) for i, entry in enumerate(entries)]
        self._repeated([notebook.name for notebook in notebooks])
        for what, found in (("notebooks", entries), ("editions", editions)):
            if not found:
                self._problem(what, "lists none; at least one is needed")
        return Plan(self.root, tuple(notebooks), tuple(self._edition(name, editions[name]) for name in editions))

    def _edition(self, name: str, entry: object) -> Edition:
        where = f"editions.{name}"
        table = self._table(entry, where)
        self._keys(table, _EDITION_KEYS, where)
        if name == CUSTOM:
            self._problem(where, "this name is kept for exploratory runs (-p, --as-of)")
        self._file_name(name, where)
        title = self._text(table.get("title", name), f"{where}.title")
        parameters = self._table(table.get("parameters", {}), f"{where}.parameters")
        follows = table.get("follows_vintage", False)
        if not isinstance(follows, bool):
            self._problem(f"{where}.follows_vintage", f"must be true or false, not {follows!r}")
        if follows is True and (name_of := integrity.vintage(self.root)) != vintages.SHIPPED:
            parameters = {**parameters, "as_of": name_of[: len("2026-01-01")]}  # a second one of a day ends in -2
        return Edition(name, title, parameters, follows is True)

    def _notebook(self, entry: object, where: str, limits: Mapping[str, Any]) -> Notebook:
        table = self._table(entry, where)
        name = self._text(table.get("name", ""), f"{where}.name")
        if name:
            where = f"notebooks[{name}]"
            self._file_name(name, where)
        else:
            self._problem(f"{where}.name", "is missing")
        self._keys(table, _NOTEBOOK_KEYS, where)
        path = self.root / "notebooks" / f"{name}.ipynb"
        if name and not path.is_file():
            self._problem(where, f"no such file: notebooks/{name}.ipynb")
        title = self._text(table.get("title", name), f"{where}.title")
        parameters = self._table(table.get("parameters", {}), f"{where}.parameters")
        reads = table.get("reads_findings", False)
        if not isinstance(reads, bool):
            self._problem(f"{where}.reads_findings", f"must be true or false, not {reads!r}")
        return Notebook(
            name, title, path, parameters, **self._limits(table, where, limits), reads_findings=reads is True
        )

    def _limits(self, table: Mapping[str, Any], where: str, default: Mapping[str, Any]) -> dict[str, Any]:
        if where == "limits":
            self._keys(table, set(_LIMITS), where)
        found = dict(default)
        for key in _LIMITS:
            value = table.get(key, default[key])
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
                self._problem(f"{where}.{key}", f"must be a number above 0, not {value!r}")
            else:
                found[key] = float(value) if key == "seconds_limit" else int(value)
        return found

    def _repeated(self, names: list[str]) -> None:
        for name in sorted({name for name in names if name and names.count(name) > 1}):
            self._problem(f"notebooks[{name}]", "is listed twice")

    def _file_name(self, name: str, where: str) -> None:
        if not name.replace("_", "").replace("-", "").isalnum():
            self._problem(where, f"{name!r} must be made of letters, digits, _ and -, since it names a file")

    def _keys(self, table: Mapping[str, Any], known: set[str], where: str) -> None:
        for key in table:
            if key not in known:
                self._problem(f"{where}.{key}".lstrip("."), f"unknown key; known are {', '.join(sorted(known))}")

    def _table(self, value: object, where: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self._problem(where, f"must be a table, not {value!r}")
        return {}

    def _text(self, value: object, where: str) -> str:
        if isinstance(value, str):
            return value
        self._problem(where, f"must be text, not {value!r}")
        return ""

    def _problem(self, key: str, message: str) -> None:
        self.problems.append(f"{RUNS_FILE}: {key}: {message}")
