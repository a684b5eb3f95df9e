"""The descriptor of the data package: where it is, and what it says of each table.

Needs neither pandas nor pandera, so that the pipeline can ask what a table is without paying for them.
"""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

from helpers import journal
from helpers.tables import vintages
from helpers.tables.faults import DataError, Fault

FILE = "datapackage.json"
ABOUT_VINTAGE = "vintage"
"""What a resource has as ``about`` when it tells of the vintage, not of the world."""

Resource = dict[str, Any]
"""One table's part of the descriptor, as parsed from JSON."""

_parsed: dict[str, dict[str, Any]] = {}
"""Parsed descriptors by the SHA-256 of their bytes."""


def root(given: str | os.PathLike[str] | None = None, vintage: str | None = None) -> Path:
    """Return the folder that holds the tables of a vintage.

    Parameters
    ----------
    given : path, optional
        A data folder to use instead of the project's. With no vintage beside it, it is taken as it is.
    vintage : str, optional
        ``"shipped"``, ``"live"`` or a name; by default ``$WHO_PAYS_VINTAGE``, then ``"shipped"``.

    Returns
    -------
    pathlib.Path
        The folder that should hold ``datapackage.json``. It is not checked here.

    Raises
    ------
    VintageError
        If there is no such vintage.
    """
    if given and vintage is None:
        return Path(given)
    return vintages.folder(vintage, shipped(given))


def shipped(given: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder of the shipped tables: given, ``$WHO_PAYS_DATA``, the repository's, or the wheel's."""
    chosen = given or os.environ.get("WHO_PAYS_DATA")
    if chosen:
        return Path(chosen)
    package = Path(__file__).resolve().parents[1]
    repository = package.parents[1] / "data"
    return repository if (repository / FILE).exists() else package / "_data"


def package(data: str | os.PathLike[str] | None = None) -> dict[str, Any]:
    """Return the whole descriptor, parsed once for each content.

    Parameters
    ----------
    data : path, optional
        Data folder; see `root`.

    Raises
    ------
    DataError
        If the descriptor is missing, unreadable, not JSON, or lists no resources.
    """
    content = read_bytes(root(data) / FILE)
    digest = sha256(content).hexdigest()
    if digest not in _parsed:
        _parsed[digest] = _parse(content)
    return _parsed[digest]


def vintage_name(data: str | os.PathLike[str] | None = None) -> str:
    """Return the name of the vintage that a data folder holds, as its descriptor says; ``"shipped"`` if it says none.

    Parameters
    ----------
    data : path, optional
        Data folder; see `root`.
    """
    return str(package(data).get("vintage", {}).get("name", vintages.SHIPPED))


def read_bytes(path: Path) -> bytes:
    """Read a file of the package, or say plainly why it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        rule = "the file is missing"
    except IsADirectoryError:
        rule = "a folder stands where the file should be"
    except PermissionError:
        rule = "the file may not be read (permission denied)"
    except OSError as error:
        rule = f"the file cannot be read ({error.strerror})"
    raise DataError([Fault(path.name, rule)])


def _parse(content: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(content)
    except UnicodeDecodeError:
        raise DataError([Fault(FILE, "the descriptor is not UTF-8 text")]) from None
    except json.JSONDecodeError as error:
        raise DataError([Fault(FILE, f"the descriptor is not JSON: {error.msg}", line=error.lineno)]) from None
    listed = parsed.get("resources") if isinstance(parsed, dict) else None
    if not isinstance(listed, list):
        raise DataError([Fault(FILE, "the descriptor lists no resources")])
    checked: dict[str, Any] = parsed
    return checked


def structure_faults(data: str | os.PathLike[str] | None = None) -> list[Fault]:
    """Return the faults of the list of tables itself: entries without a name, and names that stand twice."""
    named = [entry.get("name") if isinstance(entry, dict) else None for entry in package(data)["resources"]]
    nameless = [at for at, name in enumerate(named, start=1) if not isinstance(name, str)]
    twice = sorted({name for name in named if isinstance(name, str) and named.count(name) > 1})
    return [Fault(FILE, f"resource {at} has no name") for at in nameless] + [
        Fault(FILE, "the table is listed twice", column="name", value=name) for name in twice
    ]


def resources(data: str | os.PathLike[str] | None = None) -> list[Resource]:
    """Return the tables' descriptors, each name once, in the descriptor's order."""
    found: dict[str, Resource] = {}
    for entry in package(data)["resources"]:
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            found.setdefault(entry["name"], entry)
    return list(found.values())


def names(data: str | os.PathLike[str] | None = None, *, vintage: str | None = None) -> list[str]:
    """Return the names of all tables of figures, in the descriptor's order.

    The tables in which a vintage tells of itself (``revisions``, ``row_states``) are left out: every vintage has the
    same tables of figures as the shipped package. They can be loaded by name.

    Parameters
    ----------
    data : path, optional
        Data folder; see `root`.
    vintage : str, optional
        Vintage; see `root`.
    """
    journal.record("names")
    listed = resources(root(data, vintage))
    return [resource["name"] for resource in listed if resource.get("about") != ABOUT_VINTAGE]


def describe(name: str, data: str | os.PathLike[str] | None = None, *, vintage: str | None = None) -> Resource:
    """Return one table's descriptor: path, fields, key, rules, rights and traps.

    Parameters
    ----------
    name : str
        Table name, for example ``"cash_flows"``.
    data : path, optional
        Data folder; see `root`.
    vintage : str, optional
        Vintage; see `root`.

    Raises
    ------
    KeyError
        If the package has no such table; the message lists those it has.
    DataError
        If the descriptor cannot be read, or lists the table twice.
    """
    data = root(data, vintage)
    if any(fault.value == name for fault in structure_faults(data)):
        raise DataError([Fault(FILE, "the table is listed twice", column="name", value=name)])
    listed = {resource["name"]: resource for resource in resources(data)}
    if name not in listed:
        raise KeyError(f"no table {name!r}; the tables are {', '.join(listed)}")
    return listed[name]
