"""What a refresh would change, in words and numbers, before anybody accepts it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from helpers.refresh.merge import STATES, Change, Kept, Merged

_SHOWN = 5
"""Largest revisions listed of each table."""

_LISTED = 12
"""Problems and rows listed before the rest is counted."""


def relative(change: Change) -> float | None:
    """Return a revision as a share of the old value; None for a hole, for text and for a change from zero."""
    before, after = _number(change.old), _number(change.new)
    return None if not before or after is None else (after - before) / abs(before)


def absolute(change: Change) -> float | None:
    """Return a revision in the unit of its column; None for a hole and for text."""
    before, after = _number(change.old), _number(change.new)
    return None if before is None or after is None else after - before


def largest(changes: Sequence[Change]) -> list[Change]:
    """Return the largest revisions of one table: by per cent, and the one that is largest in its unit."""
    sized = [change for change in changes if absolute(change) is not None]
    first = sorted(sized, key=lambda change: -abs(relative(change) or float("inf")))[:_SHOWN]
    top = max(sized, key=lambda change: abs(absolute(change) or 0.0), default=None)
    return [*first, top] if top is not None and top not in first else first


def has_news(tables: Sequence[Merged]) -> bool:
    """Return whether anything was added, revised or filled in."""
    return any(merged.changes or "added" in merged.states.values() for merged in tables)


def report(tables: Sequence[Merged], problems: Sequence[str]) -> list[str]:
    """Return the difference as lines.

    Parameters
    ----------
    tables : sequence of Merged
        The refreshed tables.
    problems : sequence of str
        What the sources' readers and the checks found.

    Returns
    -------
    list of str
        A table of counts, the largest revisions of each table, what the source lacks, what differs and stands, and
        the problems.
    """
    lines = _counts(tables) if tables else ["no table was touched"]
    for merged in tables:
        lines += _revisions(merged)
    lines += _removed(tables)
    lines += _kept([one for merged in tables for one in merged.kept])
    if problems:
        lines += ["", f"problems ({len(problems)}):", *(f"  {problem}" for problem in problems[:_LISTED])]
        lines += _more(len(problems), "  … and {} more; the vintage's datapackage.json has them all")
    return lines


def revision(change: Change) -> str:
    """Return one revision in a line."""
    where = f"{change.row} {change.column}"
    if not change.old:
        return f"{where}: {change.new}, was empty (known since {change.new_known})"
    share, difference = relative(change), absolute(change)
    size = "" if difference is None else f" ({difference:+,.6g}" + ("" if share is None else f", {share:+.2%}") + ")"
    return f"{where}: {change.old} → {change.new}{size}, known since {change.new_known} (before: {change.old_known})"


def _counts(tables: Sequence[Merged]) -> list[str]:
    width = max(len(merged.table) for merged in tables)
    heads = [*STATES, "rows"]
    lines = [f"{'table':<{width}}  " + "  ".join(heads)]
    for merged in tables:
        found = Counter(merged.states.values())
        cells = [found[state] for state in STATES] + [len(merged.rows)]
        shown = "  ".join(f"{count:>{len(head)},}" for head, count in zip(heads, cells, strict=True))
        lines.append(f"{merged.table:<{width}}  {shown}")
    return lines


def _revisions(merged: Merged) -> list[str]:
    changes = [change for change in merged.changes if merged.states[change.row] != "added"]
    if not changes:
        return []
    filled = sum(not change.old for change in changes)
    told = f"{merged.table}: {_counted(len(changes) - filled, 'cell')} revised, {filled} filled in"
    shown = largest([change for change in changes if change.old])
    return ["", told + ("; the largest revisions:" if shown else ""), *(f"  {revision(change)}" for change in shown)]


def _removed(tables: Sequence[Merged]) -> list[str]:
    missing = [row for merged in tables for row, state in merged.states.items() if state == "missing"]
    if not missing:
        return ["", "removed: nothing"]
    lines = [
        "",
        f"removed: nothing; carried over although the source does not have it: {_counted(len(missing), 'row')}",
    ]
    lines += [f"  {row}" for row in missing[:_LISTED]]
    return lines + _more(len(missing), "  … and {} more; the table `row_states` has them all")


def _kept(kept: Sequence[Kept]) -> list[str]:
    if not kept:
        return []
    lines = ["", f"the source differs, and the table's figure stands ({len(kept)}):"]
    lines += [f"  {one.row} {one.column}: {one.table_value}, source {one.source_value}" for one in kept[:_LISTED]]
    return lines + _more(len(kept), "  … and {} more; the vintage's datapackage.json has them all")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def _more(count: int, text: str) -> list[str]:
    return [text.format(count - _LISTED)] if count > _LISTED else []


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
