"""What a machine would execute a run with: the package, its tables, the libraries, the interpreter.

Two machines with the same identity give the same result. Imports nothing heavy, so that a worker can be asked at once.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from helpers.tables import descriptor

DISTRIBUTION = "who-pays-for-ai"
_PACKAGE = Path(__file__).parents[1]
_UNHASHED = {"__pycache__", "_data"}
#: Characters of a hash that a person gets to see, and names in one line.
_SHORT = 8
_NAMED = 3
_UNKNOWN = "none"

Identity = dict[str, Any]
"""``package``, ``python``, ``machine`` and ``source`` as text; ``tables`` and ``libraries`` as text by name."""


def here() -> Identity:
    """Return this machine's identity.

    Returns
    -------
    dict
        ``package`` (version), ``python`` (``"3.11"``), ``machine`` (``"x86_64"``), ``source`` (SHA-256 of the
        package's files), ``tables`` (SHA-256 of each table with its descriptor, by name), ``libraries`` (installed
        version of each direct dependency, by name). Plain JSON, so that it can travel.

    Raises
    ------
    DataError
        If there is no data package, or it cannot be read.
    """
    return {
        "package": _version(DISTRIBUTION),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "machine": platform.machine(),
        "source": _source(),
        "tables": _tables(),
        "libraries": libraries(),
    }


def differences(theirs: Identity, ours: Identity) -> str:
    """Say in one line how another machine's identity differs from ours; empty where it does not.

    Parameters
    ----------
    theirs, ours : dict
        From `here`.

    Returns
    -------
    str
        For example ``"pandas 3.0.1 (ours 3.0.2); tables cash_flows, claims"``.
    """
    found = [
        f"{label} {theirs.get(part, _UNKNOWN)[:length]} (ours {ours[part][:length]})"
        for part, label, length in (
            ("package", DISTRIBUTION, None),
            ("python", "Python", None),
            ("machine", "machine", None),
            ("source", "its source", _SHORT),
        )
        if theirs.get(part) != ours[part]
    ]
    # The two may have been installed by different releases, whose lists of dependencies differ.
    known = theirs.get("libraries", {})
    for name, version in ours["libraries"].items():
        if name in known and known[name] != version:
            found.append(f"{name} {known[name]} (ours {version})")
    if tables := _different(theirs.get("tables", {}), ours["tables"]):
        found.append(f"tables {', '.join(tables)}")
    return "; ".join(_shortened(found))


def _different(theirs: Mapping[str, str], ours: Mapping[str, str]) -> list[str]:
    return _shortened([name for name in sorted({*theirs, *ours}) if theirs.get(name) != ours.get(name)])


def _shortened(names: list[str]) -> list[str]:
    return names if len(names) <= _NAMED + 1 else [*names[:_NAMED], f"and {len(names) - _NAMED} more"]


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return _UNKNOWN


def libraries() -> dict[str, str]:
    """Return the installed version of each direct dependency, by name: what is pinned need not be installed."""
    return {name: _version(name) for name in _libraries()}


def _libraries() -> list[str]:
    """Return the names of the direct dependencies, without those of extras."""
    try:
        required = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []
    from packaging.requirements import Requirement

    parsed = [Requirement(line) for line in required]
    return sorted(one.name for one in parsed if one.marker is None or "extra" not in str(one.marker))


def _source() -> str:
    """Hash every file of the package but the tables and what Python and editors leave."""
    whole = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*")):
        inside = path.relative_to(_PACKAGE)
        if not path.is_file() or _UNHASHED & set(inside.parts) or path.name.startswith("."):
            continue
        whole.update(f"{inside.as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def _tables() -> dict[str, str]:
    folder = descriptor.root()
    found = {}
    for resource in descriptor.resources(folder):
        content = descriptor.read_bytes(folder / str(resource["path"]))
        described = json.dumps(resource, sort_keys=True).encode()
        found[str(resource["name"])] = hashlib.sha256(described + content).hexdigest()
    return found
