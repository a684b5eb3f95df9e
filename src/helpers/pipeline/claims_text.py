"""Claims with their verdicts, as text for a terminal and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from helpers import units
from helpers.findings.schema import VERDICTS
from helpers.pipeline.errors import UsageError
from helpers.pipeline.table_rows import Rows, address
from helpers.pipeline.trace_links import Traces

_WIDTH = 100
# More rows than this are told by number; --json has all of them.
_MOST_ROWS = 12


def chosen_editions(document: Mapping[str, Any], as_of: str | None) -> list[str]:
    """Return the editions to show.

    Parameters
    ----------
    document : mapping
        The content of ``results.json``.
    as_of : str, optional
        A day of knowledge or the name of an edition; all editions when not given.

    Raises
    ------
    UsageError
        If no edition is of that day or name; says which there are, and how to run another day.
    """
    editions = document["editions"]
    if as_of is None:
        return list(editions)
    if found := [name for name, one in editions.items() if as_of in (name, one["as_of"])]:
        return found
    known = ", ".join(f"{name} ({one['as_of']})" for name, one in editions.items())
    raise UsageError(
        f"no edition is as of {as_of}: there are {known}; another day is an exploratory run, "
        f"`python -m helpers run --as-of {as_of}`, and its claims are then found here too"
    )


def described(document: Mapping[str, Any], ids: Sequence[str], editions: Sequence[str], rows: Rows) -> dict[str, Any]:
    """Return claims with all that decides them.

    Parameters
    ----------
    document : mapping
    ids : sequence of str
        Claims; all when empty.
    editions : sequence of str
    rows : Rows

    Returns
    -------
    dict
        By claim id: section, text, rule, notebook, and by edition verdict, value, unit, reason, grade, rows with their
        cells, assumptions, and sources with their addresses; None for an edition without a verdict.

    Raises
    ------
    UsageError
        If there is no such claim; names those there are.
    """
    known = {row.key: row.cells for row in rows.all("claims")}
    if unknown := [id for id in ids if id not in known]:
        raise UsageError(f"no such claim: {', '.join(unknown)}; there are {', '.join(known)}")
    traces = Traces(document)
    found = {}
    for id in ids or known:
        cells = known[id]
        verdicts = {
            edition: _verdict(stated, rows, document["editions"][edition]["as_of"])
            if (stated := traces.claim_entry(edition, id))
            else None
            for edition in editions
        }
        found[id] = {
            "section": cells["section"],
            "claim": cells["claim_en"],
            "rule": cells["how_to_test"],
            "notebook": cells["notebook"],
            "editions": verdicts,
        }
    return found


def _verdict(stated: Mapping[str, Any], rows: Rows, as_of: str) -> dict[str, Any]:
    used = [row for id in stated["rows"] if (row := rows.find(id))]
    assumed = [row for id in stated["assumptions"] if (row := rows.assumption(id))]
    cited = dict.fromkeys(source for row in [*used, *assumed] for source in row.sources)
    sources = {
        id: {
            "title": f"{row.cells['publisher']}: {row.cells['title']}",
            "locator": address(row) or row.cells["locator"],
        }
        for id in cited
        if (row := rows.source(id))
    }
    return {
        "as_of": as_of,
        **{name: stated[name] for name in ("verdict", "value", "unit", "reason", "grade")},
        "rows": {row.id: row.cells for row in used},
        "assumptions": {row.key: row.cells for row in assumed},
        "sources": sources,
    }


def overview(claims: Mapping[str, Any]) -> str:
    """Return a line a claim: its verdict in each edition, and the claim."""
    lines = []
    for id, claim in claims.items():
        marks = " ".join(VERDICTS[one["verdict"]] if one else "?" for one in claim["editions"].values())
        lines.append(textwrap.shorten(f"{id} {marks} {claim['claim']}", _WIDTH, placeholder=" …"))
    editions = next(iter(claims.values()))["editions"] if claims else {}
    marks = ", ".join(f"{mark} {verdict}" for verdict, mark in VERDICTS.items())
    lines.append(f"verdicts, left to right: {', '.join(editions)}; {marks}; ? none yet")
    return "\n".join(lines)


def full(claims: Mapping[str, Any]) -> str:
    """Return everything about some claims, a paragraph an edition."""
    return "\n\n".join("\n".join(_claim(id, claim)) for id, claim in claims.items())


def _claim(id: str, claim: Mapping[str, Any]) -> Iterator[str]:
    yield from _wrapped(f"{id}  ", claim["claim"])
    yield from _wrapped("rule: ", claim["rule"])
    for edition, found in claim["editions"].items():
        yield ""
        if found is None:
            yield f"{edition}: no verdict yet; {claim['notebook']} gives it"
            continue
        mark = VERDICTS[found["verdict"]]
        value = f", {units.write(found['value'], found['unit'])}" if found["value"] is not None else ""
        grade = f" [{found['grade']}]" if found["grade"] else ""
        yield f"{edition} ({found['as_of']}): {mark} {found['verdict']}{value}{grade}"
        yield from _wrapped("  because: ", found["reason"])
        yield from _listed("rows", [f"{name}  {_brief(cells)}" for name, cells in found["rows"].items()])
        yield from _listed("assumptions", [f"{name}  {_brief(cells)}" for name, cells in found["assumptions"].items()])
        yield from _listed("sources", [f"{one['title']}  {one['locator']}" for one in found["sources"].values()])
        yield f"  from: {claim['notebook']}, {edition}/{claim['notebook']}-trace.html#claim-{id}"


def _listed(what: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield f"  {what}: {len(items)}"
    for item in items[:_MOST_ROWS]:
        # An address is never broken: it is there to be opened.
        yield from textwrap.wrap(
            item,
            _WIDTH,
            initial_indent="    ",
            subsequent_indent="      ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    if len(items) > _MOST_ROWS:
        yield f"    and {len(items) - _MOST_ROWS} more (--json lists all)"


def _brief(cells: Mapping[str, str]) -> str:
    hidden = {"source_id", "status", "note"}
    return ", ".join(f"{name} {value}" for name, value in cells.items() if name not in hidden)


def _wrapped(head: str, text: str) -> list[str]:
    return textwrap.wrap(head + text, _WIDTH, subsequent_indent=" " * len(head)) or [head]
