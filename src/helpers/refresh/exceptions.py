"""Identities between tables that new figures break.

A refresh touches some tables; what they must agree with may stand in others. A break is listed as a problem and
declared as an exception of the vintage, with its reason: nothing is adjusted to make figures agree.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.tables import columns, identities, reading

if TYPE_CHECKING:
    import pandas as pd


def settle(folder: Path, package: dict[str, Any], vintage: str, touched: Collection[str]) -> list[str]:
    """Declare the breaks of a vintage's identities, and drop exceptions that are none any more.

    Parameters
    ----------
    folder : pathlib.Path
        Folder with the tables.
    package : dict
        Its descriptor; changed in place, the problems of its ``vintage`` too.
    vintage : str
        Name of the vintage.
    touched : collection of str
        The refreshed tables; an identity between others holds as before.

    Returns
    -------
    list of str
        One line for each new break.
    """
    typed: dict[str, pd.DataFrame] = {}
    resources = {resource["name"]: resource for resource in package["resources"]}
    problems: list[str] = []
    for identity in package.get("identities", []):
        if not set(touched) & set(identity["tables"]):
            continue
        for name in identity["tables"]:
            if name not in typed:
                typed[name] = columns.frame(resources[name], reading.read(folder, resources[name]))
        problems += _settle_one(identity, typed, vintage)
    package["vintage"]["problems"] += problems
    return problems


def _settle_one(identity: dict[str, Any], tables: dict[str, pd.DataFrame], vintage: str) -> list[str]:
    broken = {one.row: one for one in identities.breaks(identity, tables)}
    declared = [exception for exception in identity.get("exceptions", []) if exception["row"] in broken]
    known = {exception["row"] for exception in declared}
    found = [one for row, one in broken.items() if row not in known]
    declared += [
        {"row": one.row, "reason": f"Broken by the vintage {vintage}: {one.column} should be {one.expected}."}
        for one in found
    ]
    if declared:
        identity["exceptions"] = declared
    else:
        identity.pop("exceptions", None)
    return [f"{one.row} {one.column} should be {one.expected}: {identity['statement']}" for one in found]
