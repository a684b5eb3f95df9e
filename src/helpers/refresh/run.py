"""One refresh from begin to end: ask, merge, check, show the difference, write, accept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from helpers.refresh import difference, filed, vintage
from helpers.refresh.base import Base, open_base
from helpers.refresh.errors import RefreshError
from helpers.refresh.gather import CACHE, Request, gather
from helpers.tables import descriptor

Tell = Callable[[str], None]


def refresh(request: Request, *, is_trial: bool, is_accepted: bool, tell: Tell, shipped: Path | None = None) -> None:
    """Refresh the tables.

    Parameters
    ----------
    request : Request
        Which sources, which day.
    is_trial : bool
        Show the difference and write nothing.
    is_accepted : bool
        Make the new vintage the one that ``live`` stands for.
    tell : callable
        Receives what the operator should read, one or more lines at a time.
    shipped : pathlib.Path, optional
        Folder of the shipped tables; the project's when not given.

    Raises
    ------
    RefreshError, DataError, VintageError
        If anything is wrong; no vintage was written or accepted.
    """
    shipped = shipped or descriptor.shipped()
    with vintage.locked(shipped) as folder:
        base = open_base(shipped)
        if base.note:
            tell(base.note)
        _refuse_older(request, base)
        gathered = gather(request, base, folder / CACHE, tell)
        with vintage.drafted(folder, base, gathered, request.day) as draft:
            tell(f"\nvintage {draft.name}, from {base.name} ({base.day})\n")
            tell("\n".join(difference.report(draft.tables, draft.problems)) + "\n")
            if draft.facts:
                tell(f"{filed.NAME}: {draft.facts:,} facts kept, {draft.new_facts:,} of them new\n")
            if is_trial:
                tell("nothing was written (--dry-run)")
            elif not draft.new_facts and not difference.has_news(draft.tables):
                tell("nothing is new: no vintage was written")
            else:
                tell(f"written: {vintage.publish(draft)}")
                _settle(draft.name, shipped, tell, is_accepted=is_accepted)


def _refuse_older(request: Request, base: Base) -> None:
    """Refuse a vintage older than its tables: it would hold figures that nobody knew on its day."""
    if request.day < base.day:
        what = f"the vintage {request.day} would be older than the tables it starts from ({base.name}, {base.day})"
        raise RefreshError("refresh", what, remedy="give a later --date")


def _settle(name: str, shipped: Path, tell: Tell, *, is_accepted: bool) -> None:
    if is_accepted:
        before = vintage.accept(shipped, name)
        tell(f"accepted: `live` is {name} now; `python -m helpers vintages --accept {before}` goes back")
    else:
        tell(f"not accepted yet: `python -m helpers vintages --accept {name}` makes it `live`")
