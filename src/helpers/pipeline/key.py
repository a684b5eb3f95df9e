"""A hash of everything a run's result depends on.

Part of it is known before a run: its code, parameters, the lock file, the runner. The rest, which modules of this
package and which tables it uses, is known only after it ran once, from its diary (`helpers.journal`). So a run is
looked up in two steps: by what is known before (`Keys.known`), and then by what it used when it was executed last
(`Keys.parts`).
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from helpers.pipeline import identity, integrity
from helpers.pipeline.parameters import code_cells
from helpers.pipeline.plan import Run

#: Raise it when the way notebooks are executed changes in a manner that can change their outputs.
RUNNER_VERSION = 2
#: Stands for the hash of something that is no longer there.
GONE = "gone"
LIST_OF_TABLES = "list of tables"
_PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Uses:
    """What a run used while it was executed.

    Attributes
    ----------
    modules : tuple of str
        Modules of this package that its kernel had imported at the end, ``helpers.units`` for example.
    tables : tuple of str
        Tables that it read.
    lists_tables : bool
        Whether it asked which tables there are, so that a new one can change its result.
    """

    modules: tuple[str, ...]
    tables: tuple[str, ...]
    lists_tables: bool = False

    @classmethod
    def of_journal(cls, events: Iterable[Mapping[str, Any]]) -> Uses:
        """Read what was used from a run's diary.

        A diary without its last entry is that of a kernel that was killed: nobody knows what it had imported, so
        every module counts.
        """
        modules: set[str] = set()
        tables: set[str] = set()
        lists_tables = has_begun = has_ended = False
        for event in events:
            has_begun = True
            match event.get("event"):
                case "modules":
                    modules.update(event["names"])
                    has_ended = True
                case "read" | "table":
                    tables.add(event["name"])
                case "names":
                    lists_tables = True
        if has_begun and not has_ended:
            modules.update(every_module())
        return cls(tuple(sorted(modules)), tuple(sorted(tables)), lists_tables)

    def document(self) -> dict[str, Any]:
        """Return what `from_document` reads back."""
        return {"modules": list(self.modules), "tables": list(self.tables), "lists_tables": self.lists_tables}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Uses:
        """Read what `document` wrote."""
        return cls(tuple(document["modules"]), tuple(document["tables"]), bool(document["lists_tables"]))


class Keys:
    """Hashes for one start of the pipeline; each file is read once.

    Parameters
    ----------
    root : Path
        The project's folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._modules: dict[str, str] = {}
        self._code: dict[Path, str] = {}

    def known(self, run: Run) -> dict[str, str]:
        """Return the parts of a run's key that are known before it is executed.

        Parameters
        ----------
        run : Run
            With its parameters final, defaults included.

        Returns
        -------
        dict of str to str
            ``code``, ``lock``, ``runner``, ``parameter NAME`` for each parameter and ``file NAME`` for each file that
            is handed to the notebook: SHA-256 as hex, but for a parameter its value as JSON.
        """
        return {
            "code": self._code_of(run.path),
            "lock": self.lock,
            "runner": self.runner,
            **{f"parameter {name}": json.dumps(value, sort_keys=True) for name, value in run.parameters.items()},
            **{f"file {name}": digest(content) for name, content in run.files.items()},
        }

    def parts(self, run: Run, uses: Uses) -> dict[str, str]:
        """Return every part of a run's key, given what it uses.

        Returns
        -------
        dict of str to str
            Those of `known`, ``module NAME``, ``table NAME`` and, where the run asked for it, ``list of tables``.
        """
        names = [f"module {name}" for name in uses.modules] + [f"table {name}" for name in uses.tables]
        return self.known(run) | self.named([*names, LIST_OF_TABLES] if uses.lists_tables else names)

    def named(self, names: Iterable[str]) -> dict[str, str]:
        """Return parts by name: ``module NAME``, ``table NAME`` and ``list of tables``."""
        return {name: self._named(*name.split(" ", 1)) for name in names}

    def _named(self, kind: str, name: str) -> str:
        if kind == "module":
            return self.module(name)
        if kind == "table":
            return self.tables.get(name, GONE)
        return digest(json.dumps(list(self.tables)))

    def hash_all(self, notebooks: Iterable[Path] = ()) -> None:
        """Read every file now, before anything is executed: what is edited later was not what ran.

        Parameters
        ----------
        notebooks : iterable of Path
            Source notebooks that are about to be executed.
        """
        for path in notebooks:
            self._code_of(path)
        for name in every_module():
            self.module(name)
        _ = self.tables, self._contents, self.lock

    def module(self, name: str) -> str:
        """Hash the source of a module of this package."""
        if name not in self._modules:
            self._modules[name] = _source_hash(name)
        return self._modules[name]

    def has_read_as_described(self, journal: Iterable[Mapping[str, Any]]) -> bool:
        """Whether every table that a run read was the file described; one that was edited meanwhile is not.

        Parameters
        ----------
        journal : iterable of mapping
            The run's diary.
        """
        read = [(event["name"], event.get("sha256")) for event in journal if event.get("event") == "read"]
        return all(content is None or self._contents.get(name, content) == content for name, content in read)

    @cached_property
    def _contents(self) -> dict[str, str]:
        return integrity.contents(self.root)

    @cached_property
    def tables(self) -> dict[str, str]:
        """The hash of each table with its descriptor, by name; a file's own hash was checked before."""
        return integrity.fingerprints(self.root)

    @cached_property
    def lock(self) -> str:
        """The hash of the pinned dependencies."""
        path = self.root / "requirements.txt"
        return digest(path.read_bytes() if path.is_file() else b"")

    @cached_property
    def runner(self) -> str:
        """The hash of what executes: our version, Python's, the installed libraries', and the kind of machine."""
        python = [platform.python_implementation(), platform.python_version(), platform.machine()]
        return digest(json.dumps([RUNNER_VERSION, *python, identity.libraries()], sort_keys=True))

    def _code_of(self, path: Path) -> str:
        if path not in self._code:
            self._code[path] = code_hash(path)
        return self._code[path]


def of(parts: Mapping[str, str]) -> str:
    """Join parts into one key."""
    return digest(json.dumps(dict(parts), sort_keys=True))


def code_hash(path: Path) -> str:
    """Hash a notebook's code cells only: text, outputs, ids, counts and space at line ends change no result."""
    cells = [cell for cell in code_cells(path) if cell["cell_type"] == "code"]
    normal = [[line.rstrip() for line in cell["source"].strip().splitlines()] for cell in cells]
    # The tag decides where parameters are injected.
    tags = ["parameters" in cell["metadata"].get("tags", []) for cell in cells]
    return digest(json.dumps([normal, tags]))


def every_module() -> list[str]:
    """Return the names of all modules of this package, from its files."""
    found = []
    for path in _PACKAGE.rglob("*.py"):
        inside = path.relative_to(_PACKAGE.parent).with_suffix("")
        found.append(".".join(inside.parts[:-1] if inside.name == "__init__" else inside.parts))
    return sorted(found)


def of_package() -> str:
    """Hash the source of every module of this package."""
    return digest(json.dumps([[name, _source_hash(name)] for name in every_module()]))


def digest(content: str | bytes) -> str:
    """Return the SHA-256 of text or bytes as hex."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def _source_hash(name: str) -> str:
    place = _PACKAGE.parent.joinpath(*name.split("."))
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file():
            return digest(path.read_bytes())
    return GONE
