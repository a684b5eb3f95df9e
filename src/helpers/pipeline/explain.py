"""Says of each run whether its result still holds, or what has changed since it was made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.pipeline import cache, integrity, plan, select
from helpers.pipeline.plan import Run
from helpers.pipeline.select import Request
from helpers.pipeline.stock import Stock, published

CURRENT = "up to date"


@dataclass(frozen=True)
class State:
    """Where a run stands.

    Attributes
    ----------
    run : Run
    state : str
        ``up to date``, or what the next start will do.
    reasons : tuple of str
        What changed; empty for a run that is up to date.
    """

    run: Run
    state: str
    reasons: tuple[str, ...] = ()

    @property
    def is_due(self) -> bool:
        """Whether the run will be executed."""
        return self.state.startswith("to be executed")


def states(root: Path, request: Request) -> list[State]:
    """Compare every run of a request with what was kept of it; executes and writes nothing.

    Parameters
    ----------
    root : Path
        The project's folder.
    request : Request
        Which notebooks and editions.

    Returns
    -------
    list of State
        In the order of ``runs.toml``; a run that reads the findings of others comes after them.

    Raises
    ------
    UsageError
        If ``runs.toml``, a name or a parameter is wrong.
    PipelineError
        If a table is not the one described.
    """
    with integrity.one_vintage(root):
        return _states(root, request)


def _states(root: Path, request: Request) -> list[State]:
    runs = select.requested(plan.load(root), request)
    integrity.check(root)
    stock = Stock(root, root / "reports")
    found = [_state(run, stock) for run in runs if not run.reads_findings]
    due = [one.run.name for one in found if one.is_due]
    readers = [run for run in runs if run.reads_findings]
    for run in stock.handed(readers, published(stock.reports)):
        waits = (f"reads the findings of {', '.join(due)}",) if due else ()
        found.append(State(run, "to be executed after them", waits) if due else _state(run, stock))
    return found


def lines(found: Sequence[State]) -> Iterator[str]:
    """Yield one line a run, and below it one for each thing that changed."""
    width = max((len(one.run.name) for one in found), default=0)
    for one in found:
        yield f"{one.run.name:<{width}}  {one.state}"
        yield from (f"{'':<{width}}    {reason}" for reason in one.reasons)


def _state(run: Run, stock: Stock) -> State:
    entry = stock.cache.find(run, stock.keys)
    if entry is not None:
        if stock.standing.shows(run, entry.key):
            return State(run, CURRENT)
        return State(run, "to be rendered again, not executed", (_why_rendered(run, stock),))
    before = stock.cache.last(run)
    if before is None:
        return State(run, "to be executed", ("no result is kept",))
    names = {name for name in before if name.partition(" ")[0] in {"module", "table", "list"}}
    now = stock.keys.known(run) | stock.keys.named(names)
    return State(run, "to be executed", tuple(cache.differences(before, now)) or ("its result is no longer kept",))


def _why_rendered(run: Run, stock: Stock) -> str:
    if not stock.standing.is_whole:
        return "the published files are not those that were written, or none were"
    if run.name not in stock.standing.pages:
        return "its page is not published, or shows an older result"
    return "text of the notebook, or the code or tables that pages are rendered with"
