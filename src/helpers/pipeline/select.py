"""Which runs a command asks for, with every parameter final and checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from helpers.pipeline import parameters
from helpers.pipeline.errors import UsageError
from helpers.pipeline.plan import CUSTOM, FINDINGS, Edition, Notebook, Plan, Run


@dataclass(frozen=True)
class Request:
    """What was asked for on the command line; the defaults ask for everything.

    Attributes
    ----------
    only : tuple of str
        Names of notebooks; empty for all.
    edition : str or None
        The one edition to run; None for all. In an exploratory run: the edition whose parameters are the start.
    parameters : tuple of (str, str)
        Names and values as typed. Any makes the run exploratory.
    as_of : str or None
        Short for the parameter ``as_of``.
    timeout : float or None
        Seconds for each notebook, instead of the limits of ``runs.toml``.
    """

    only: tuple[str, ...] = ()
    edition: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    as_of: str | None = None
    timeout: float | None = None

    @property
    def is_exploratory(self) -> bool:
        """Whether values differ from those of ``runs.toml``, so that the result is no published edition."""
        return bool(self.parameters) or self.as_of is not None


def requested(plan: Plan, request: Request) -> list[Run]:
    """Return the runs that a request asks for.

    An exploratory request gives one edition, `custom`, which starts from the parameters of `request.edition` (the
    first edition where none is named) and takes the given values on top.

    Raises
    ------
    UsageError
        For an unknown notebook or edition, and for every wrong parameter.
    """
    notebooks = [plan.notebook(name) for name in dict.fromkeys(request.only)] or list(plan.notebooks)
    if not request.is_exploratory:
        editions = [plan.edition(request.edition)] if request.edition else list(plan.editions)
        return _runs(notebooks, editions, {}, request.timeout)
    start = plan.edition(request.edition) if request.edition else plan.editions[0]
    return _runs(notebooks, [replace(start, name=CUSTOM)], _typed(request), request.timeout)


def shown(plan: Plan, runs: Sequence[Run]) -> list[Run]:
    """Return every run of ``runs.toml``, edition by edition, as the published site shows them.

    Parameters
    ----------
    plan : Plan
    runs : sequence of Run
        Those that are executed now. The others keep their pages, so their parameters are not checked: work on one
        notebook must not stop because another is half written.
    """
    now = {run.name: run for run in runs}
    return [
        now.get(f"{edition.name}/{notebook.name}") or _unchecked(notebook, edition)
        for edition in plan.editions
        for notebook in plan.notebooks
    ]


def _unchecked(notebook: Notebook, edition: Edition) -> Run:
    given = {**edition.parameters, **notebook.parameters}
    values = {name: value.isoformat() if isinstance(value, date) else value for name, value in given.items()}
    return _run(notebook, edition, values, notebook.seconds_limit)


def _run(notebook: Notebook, edition: Edition, values: dict[str, object], seconds: float) -> Run:
    return Run(
        notebook.name,
        edition.name,
        values,
        notebook.path,
        seconds,
        notebook.memory_limit_mb,
        notebook.reads_findings,
    )


def _typed(request: Request) -> dict[str, str]:
    """Return the values as typed, by name; the same name twice is a slip that nobody should have to find later."""
    pairs = [*request.parameters]
    if request.as_of is not None:
        pairs.append(("as_of", request.as_of))
    names = [name for name, _ in pairs]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UsageError(*(f"parameter {name}: given more than once" for name in repeated))
    return dict(pairs)


def _runs(
    notebooks: Iterable[Notebook], editions: Iterable[Edition], typed: dict[str, str], timeout: float | None
) -> list[Run]:
    problems: list[str] = []
    runs = []
    for edition in editions:
        for notebook in notebooks:
            try:
                given = {**edition.parameters, **notebook.parameters, **parameters.from_text(notebook.path, typed)}
                values = parameters.checked(notebook.path, given)
            except UsageError as error:
                problems.extend(f"{problem} (edition {edition.name})" for problem in error.problems)
                continue
            if notebook.reads_findings and FINDINGS not in values:
                problems.append(f"{notebook.name}: reads_findings needs a parameter named {FINDINGS}")
            runs.append(_run(notebook, edition, values, timeout or notebook.seconds_limit))
    if problems:
        raise UsageError(*problems)
    return runs
