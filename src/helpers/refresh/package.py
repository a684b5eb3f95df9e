"""The descriptor of a vintage: the shipped one, told what was refreshed and what was not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from helpers.refresh import filed
from helpers.refresh.base import Base, fingerprint
from helpers.refresh.merge import STATES, Merged
from helpers.tables import revisions, vintages
from helpers.tables.descriptor import ABOUT_VINTAGE, Resource

ROW_STATES = "row_states"
ABOUT = (revisions.NAME, ROW_STATES, filed.NAME)
"""Tables in which a vintage tells of itself; the shipped package has none of them."""

_TEXT = {"required": True}
_DATE = {"minimum": "1900-01-01", "maximum": "2999-12-31"}
_DAY = {"required": True} | _DATE


def describe(
    base: Base,
    name: str,
    day: date,
    tables: Mapping[str, Merged],
    sources: Sequence[str],
    problems: Sequence[str],
    *,
    has_facts: bool = False,
) -> dict[str, Any]:
    """Return the descriptor of a vintage; hashes and sizes come later (`helpers.tables.check.update`).

    Parameters
    ----------
    base : Base
        The tables it starts from.
    name : str
        Name of the vintage.
    day : datetime.date
        Its day.
    tables : mapping of str to Merged
        The refreshed tables by name.
    sources : sequence of str
        The sources that were asked; those of the vintage it starts from are told too.
    problems : sequence of str
        What was found, one line each.
    has_facts : bool
        Whether the vintage keeps what was filed with the SEC.
    """
    package: dict[str, Any] = json.loads(json.dumps(base.package))
    earlier = package.get("vintage", {"refreshed": [], "sources": []})
    package["vintage"] = {
        "name": name,
        "day": day.isoformat(),
        "base": base.name,
        "shipped": fingerprint(base.shipped),
        "sources": list(dict.fromkeys([*earlier["sources"], *sources])),
        "refreshed": sorted({*earlier["refreshed"], *tables}),
        "problems": list(problems),
        "kept": [vars(one) for merged in tables.values() for one in merged.kept],
    }
    package["resources"] = [one for one in package["resources"] if one["name"] not in ABOUT]
    for resource in package["resources"]:
        _mark(resource, base, name, tables.get(resource["name"]))
        if resource["name"] in tables:
            _widen(resource, day, tables[resource["name"]])
    has_revisions = base.has(revisions.NAME) or any(merged.changes for merged in tables.values())
    package["resources"] += [_revisions(name)] if has_revisions else []
    package["resources"] += [_row_states(name)] if base.has(ROW_STATES) or tables else []
    package["resources"] += [_facts(name)] if has_facts else []
    return package


def _mark(resource: Resource, base: Base, name: str, merged: Merged | None) -> None:
    """Say of a table whether it was refreshed, or from where it was copied."""
    if merged is not None:
        counts = Counter(merged.states.values())
        resource["vintage"] = {"name": name, "state": "refreshed", "rows": dict(sorted(counts.items()))}
        return
    told = resource.get("vintage")
    origin = vintages.SHIPPED if told is None else base.name if told["state"] == "refreshed" else told["from"]
    resource["vintage"] = {"name": name, "state": "carried over", "from": origin}


def _widen(resource: Resource, day: date, merged: Merged) -> None:
    """Let the bounds of dates follow the vintage's year, and the list of firms its new firms."""
    end = f"{day.year}-12-31"
    for field in resource["schema"]["fields"]:
        constraints = field.get("constraints", {})
        if field["type"] == "date" and constraints.get("maximum", end) < end:
            constraints["maximum"] = end
        if field["name"] == "ticker" and "categories" in field:
            there = [row["ticker"] for row in merged.rows]
            field["categories"] = list(dict.fromkeys([*field["categories"], *there]))
            constraints["enum"] = list(field["categories"])


def _revisions(name: str) -> Resource:
    fields = [
        _field("table", "Table that holds the cell.", _TEXT),
        _field("row", "Row id.", _TEXT),
        _field("column", "Column of the cell.", _TEXT),
        _field("old", "What the cell held before; empty where it was a hole."),
        _field("new", "What it holds since."),
        _field("old_known", "Day from which the old value was known, or the row where it was a hole.", _DAY, "date"),
        _field("new_known", "Day from which the new value is known.", _DAY, "date"),
        _field("source_id", "Where the new value comes from.", _TEXT),
        _field("old_status", "The row's `status` before."),
        _field("old_source_id", "The row's `source_id` before."),
        _field("old_note", "The row's `note` before."),
        _field("vintage", "Vintage in which the cell was revised.", _TEXT),
    ]
    return _resource(
        name,
        revisions.NAME,
        "Revised figures",
        "Every cell that a refresh replaced or filled in, with the old value beside the new one. `tables.load` with an "
        "earlier `as_of` puts the old one back.",
        "a revised cell",
        fields,
        ["row", "column", "vintage", "new_known"],
        {"rule": "column", "column": "new_known", "text": "new_known."},
    )


def _row_states(name: str) -> Resource:
    meaning = "; ".join(f"{state}: {text}" for state, text in STATES.items())
    fields = [
        _field("table", "Table that holds the row.", _TEXT),
        _field("row", "Row id.", _TEXT),
        _field("state", f"What became of the row. {meaning}.", {"required": True, "enum": list(STATES)}),
        _field("vintage", "Vintage in which that happened.", _TEXT),
    ]
    fields[2]["categories"] = list(STATES)
    return _resource(
        name,
        ROW_STATES,
        "What became of each row",
        "One row for each row of the tables that a refresh has touched.",
        "a row of a refreshed table",
        fields,
        ["row"],
        {"rule": "always", "text": "Always: it tells of the vintage."},
    )


def _facts(name: str) -> Resource:
    fields = [
        _field("ticker", "Firm.", _TEXT),
        _field("cik", "The SEC's number of the firm.", _TEXT),
        _field("concept", "Tag under which the value was filed (us-gaap).", _TEXT),
        _field("unit", "Unit of the value.", _TEXT),
        _field("start", "First day of the period; empty for a balance.", _DATE, "date"),
        _field("end", "Last day of the period, or day of the balance.", _DAY, "date"),
        _field("accession", "Number of the filing.", _TEXT),
        _field("form", "Form of the filing; only quarterly and annual reports are used for the tables.", _TEXT),
        _field("filed", "Day of the filing.", _DAY, "date"),
        _field("value", "Value as filed, in single units, not millions.", _TEXT, "number"),
        _field("vintage", "Vintage in which the fact was first read.", _TEXT),
    ]
    found = _resource(
        name,
        filed.NAME,
        "Facts filed with the SEC",
        "Every value that the SEC gave under a declared tag, with its period and filing, superseded values too. "
        "`cash_flows` and `financing` of the vintage are made from them.",
        "a value in a filing",
        fields,
        list(filed.KEY),
        {"rule": "column", "column": "filed", "text": "filed."},
    )
    return found | {"rights": "Facts from public filings with the US Securities and Exchange Commission."}


def _field(name: str, description: str, constraints: dict[str, Any] | None = None, kind: str = "string") -> Resource:
    found = {"name": name, "type": kind, "description": description}
    return found | ({"constraints": dict(constraints)} if constraints else {})


def _resource(
    vintage: str,
    name: str,
    title: str,
    description: str,
    row_is: str,
    fields: list[Resource],
    key: list[str],
    known_from: dict[str, str],
) -> Resource:
    dialect = {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True}
    return {
        "name": name,
        "type": "table",
        "path": f"{name}.csv",
        "title": title,
        "description": description,
        "rowIs": row_is,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": dialect,
        "bytes": 1,  # replaced, with the hash, once the file is written
        "hash": "sha256:",
        "schema": {"fields": fields, "missingValues": [""], "primaryKey": key},
        "knownFrom": known_from,
        "rights": "Our own account of the refresh; the figures are facts, see the tables they belong to.",
        "traps": ["Made by `python -m helpers refresh`; do not edit."],
        "about": ABOUT_VINTAGE,
        "vintage": {"name": vintage, "state": "refreshed"},
    }
