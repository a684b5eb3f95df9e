"""Whether a table's part of the descriptor can be used at all; without it every other message would mislead."""

from __future__ import annotations

from typing import Any

from helpers.tables.descriptor import FILE, Resource
from helpers.tables.faults import Fault

TYPES = ("string", "number", "integer", "year", "date", "yearmonth")
"""Field types that the tables use."""

RULES = ("always", "column", "months after", "quarter", "same row", "end of year", "sources", "partial date")
"""Known-from rules that `helpers.tables.asof` understands."""


def faults(resource: Resource) -> list[Fault]:
    """Return what is missing or unusable in one table's descriptor.

    Parameters
    ----------
    resource : dict
        The table's part of ``datapackage.json``.

    Returns
    -------
    list of Fault
        Empty if the table can be read by it.
    """
    name = resource["name"]
    schema = resource.get("schema")
    fields = schema.get("fields") if isinstance(schema, dict) else None
    if not isinstance(fields, list) or not fields:
        return [Fault(FILE, f"the table {name} has no fields")]
    missing = [
        Fault(FILE, f"the table {name} has no {part}")
        for part in ("path", "bytes", "hash", "knownFrom", "rights", "description")
        if not resource.get(part)
    ]
    return missing + _field_faults(name, fields) + _key_faults(resource) + _rule_faults(resource)


def _field_faults(name: str, fields: list[Any]) -> list[Fault]:
    found: list[Fault] = []
    names = [field.get("name") for field in fields]
    found += [
        Fault(FILE, f"a field of {name} stands twice", column=twice)
        for twice in sorted({n for n in names if names.count(n) > 1})
    ]
    for field in fields:
        if field.get("type") not in TYPES:
            rule = f"a field of {name} has a type other than {', '.join(TYPES)}"
            found.append(Fault(FILE, rule, column=field.get("name"), value=str(field.get("type"))))
        if not field.get("description"):
            found.append(Fault(FILE, f"a field of {name} has no description", column=field.get("name")))
        if field.get("categories") != field.get("constraints", {}).get("enum"):
            found.append(Fault(FILE, f"a field of {name} has categories other than its enum", column=field.get("name")))
    return found


def _key_faults(resource: Resource) -> list[Fault]:
    names = {field.get("name") for field in resource["schema"]["fields"]}
    key = resource["schema"].get("primaryKey")
    if not isinstance(key, list) or not key:
        return [Fault(FILE, f"the table {resource['name']} has no primary key")]
    return [
        Fault(FILE, f"the key of {resource['name']} names a column it has not", column=str(column))
        for column in key
        if column not in names
    ]


def _rule_faults(resource: Resource) -> list[Fault]:
    rule = resource.get("knownFrom") or {}
    if rule and rule.get("rule") not in RULES:
        text = f"the table {resource['name']} has an unknown known-from rule"
        return [Fault(FILE, text, value=str(rule.get("rule")))]
    return []
