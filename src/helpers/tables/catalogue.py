"""The readable catalogue of the tables, ``data/README.md``, generated from the descriptor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from helpers.tables import descriptor, reading
from helpers.tables.descriptor import Resource

FILE = "README.md"


def stale(data: str | os.PathLike[str] | None = None) -> bool:
    """Return whether the catalogue on disk differs from what the descriptor gives."""
    path = Path(descriptor.root(data)) / FILE
    return not path.is_file() or path.read_text(encoding="utf-8") != render(data)


def render(data: str | os.PathLike[str] | None = None) -> str:
    """Write the catalogue as Markdown.

    Parameters
    ----------
    data : path, optional
        Data folder, by default the project's.

    Returns
    -------
    str
        A table of tables, then one section a table.

    Raises
    ------
    DataError
        If a table cannot be read, so that its rows cannot be counted.
    """
    package = descriptor.package(data)
    resources = descriptor.resources(data)
    rows = {resource["name"]: len(reading.read(descriptor.root(data), resource).lines) for resource in resources}
    parts = [_head(package), _overview(resources, rows), _rules(package), _credits(package)]
    parts += [_section(resource, rows[resource["name"]]) for resource in resources]
    parts.append(_identities(package))
    return "\n\n".join(parts) + "\n"


def _head(package: dict[str, Any]) -> str:
    return "\n".join(
        [
            f"# {package['title']}",
            "",
            "<!-- Generated from datapackage.json by `python -m helpers check --update`. Do not edit. -->",
            "",
            package["description"],
            "",
            f"Compiled {package['compiled']}; version {package['version']}. The descriptor `datapackage.json` follows "
            "the [Data Package standard](https://datapackage.org) v2, so any tool that knows it can read the tables. "
            "In Python:",
            "",
            "```python",
            "from helpers import tables",
            "",
            'flows = tables.load("cash_flows", as_of="2025-09-05")  # what could be known on that day',
            "tables.sources(flows)                                  # where its rows come from",
            'tables.describe("cash_flows")["traps"]                 # what to beware of',
            "```",
            "",
            "`python -m helpers check` validates all of it: hashes, types, keys, sources, gaps and identities.",
        ]
    )


def _overview(resources: list[Resource], rows: dict[str, int]) -> str:
    lines = ["## The tables", "", "| table | rows | one row is | known from | evidence |", "|---|---:|---|---|---|"]
    for resource in resources:
        name = resource["name"]
        cells = (resource["rowIs"], resource["knownFrom"]["text"], _grades(resource))
        lines.append(f"| [{name}](#{name}) | {rows[name]:,} | {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines)


def _grades(resource: Resource) -> str:
    rule = resource.get("grade")
    if rule is None:
        return "—"
    if "constant" in rule:
        return str(rule["constant"])
    found = {*rule["map"].values(), *(first["grade"] for first in rule.get("first", []))}
    found |= {rule["otherwise"]} if "otherwise" in rule else set()
    order = ("filed", "reported", "press", "estimated", "scenario")
    return ", ".join(grade for grade in order if grade in found) + f" (by {rule['column']})"


def _rules(package: dict[str, Any]) -> str:
    lines = ["## How to read them", ""]
    lines += [f"- {trap}" for trap in package["traps"]]
    lines += ["", "Evidence grades, best first; a number is as weak as its weakest input:", ""]
    lines += [f"- **{grade}**: {meaning}" for grade, meaning in package["grades"].items()]
    return "\n".join(lines)


def _credits(package: dict[str, Any]) -> str:
    licence = package["licenses"][0]
    lines = ["## Rights and credits", ""]
    lines.append(
        f"The compiled tables are under [{licence['title']}]({licence['path']}). The figures are facts taken from "
        "public sources and cited row by row in `sources.csv`; vendors' files are not redistributed."
    )
    lines += ["", "Many rows of `vendor_metrics`, `funding_rounds` and `ai_prices` were found through:", ""]
    lines += [f"- [{source['title']}]({source['path']})" for source in package["sources"]]
    return "\n".join(lines)


def _section(resource: Resource, rows: int) -> str:
    schema = resource["schema"]
    lines = [f"## {resource['name']}", "", f"**{resource['title']}.** {resource['description']}", ""]
    lines += [f"- One row is {resource['rowIs']}; {rows:,} rows in `{resource['path']}`."]
    key = " + ".join(f"`{name}`" for name in schema["primaryKey"])
    lines += [f"- Key: {key}. {schema.get('primaryKeyNote', '')}".rstrip()]
    lines += [f"- Known from: {_sentences(resource['knownFrom'])}"]
    lines += [f"- {mask['text']}" for mask in resource.get("maskedUntilKnown", [])]
    if "grade" in resource:
        lines += [f"- Evidence: {resource['grade']['text']} ({_grades(resource)})"]
    lines += [f"- Rights: {resource['rights']}"]
    lines += _series(resource)
    lines += ["", "Traps:", "", *(f"- {trap}" for trap in resource["traps"]), ""]
    lines += ["| field | type | unit | meaning | rules |", "|---|---|---|---|---|"]
    lines += [_field(field) for field in schema["fields"]]
    return "\n".join(lines)


def _sentences(rule: dict[str, Any]) -> str:
    return f"{rule['text']} {rule.get('note', '')}".rstrip()


def _series(resource: Resource) -> list[str]:
    rule = resource.get("continuity")
    if rule is None:
        return []
    whose = f" for each {', '.join(rule['by'])}" if rule["by"] else ""
    line = f"- Complete{whose}: no {rule['step']} is missing between the first and the last"
    gaps = rule.get("gaps", [])
    if not gaps:
        return [f"{line}."]
    which = "; ".join(f"{'/'.join(gap['where'].values())} {gap['after']} to {gap['until']}" for gap in gaps)
    return [f"{line}, but for declared gaps ({which}). {gaps[0]['reason']}"]


def _field(field: dict[str, Any]) -> str:
    constraints = field.get("constraints", {})
    rules = ["required"] if constraints.get("required") else ["may be empty"]
    if "minimum" in constraints:
        rules.append(f"{_number(constraints['minimum'])} to {_number(constraints['maximum'])}")
    if "categories" in field:
        shown = field["categories"][:8]
        more = len(field["categories"]) - len(shown)
        rules.append("one of " + ", ".join(f"`{value}`" for value in shown) + (f" and {more} more" if more else ""))
    cells = (f"`{field['name']}`", field["type"], field.get("unit", ""), field["description"], "; ".join(rules))
    return f"| {' | '.join(map(_cell, cells))} |"


def _number(bound: Any) -> str:
    if isinstance(bound, str) or 1000 <= bound < 3000:
        return str(bound)  # A date or a year.
    return f"{bound:,.10g}"


def _cell(text: str) -> str:
    """Keep a text inside one cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


def _identities(package: dict[str, Any]) -> str:
    lines = ["## What must hold between the figures", ""]
    for identity in package["identities"]:
        lines.append(f"- {identity['statement']} ({', '.join(f'`{name}`' for name in identity['tables'])}).")
        lines += [f"  - Exception `{each['row']}`: {each['reason']}" for each in identity.get("exceptions", [])]
    return "\n".join(lines)
