"""What executes the notebooks of one start: workers on this machine, started once, or a cluster."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from helpers.pipeline.outcome import Outcome
from helpers.pipeline.plan import Run
from helpers.pipeline.progress import Progress
from helpers.pipeline.publish import Publication

if TYPE_CHECKING:
    from helpers.pipeline.supervise import Supervisor
    from helpers.pipeline.watch import Staff


class Executor:
    """Executes runs; use it as a context manager.

    Parameters
    ----------
    publication : Publication
        Whose scratch folder and token are used.
    jobs : int or None
        Notebooks at once on this machine; as many as cores when not given.
    scheduler : str or None
        Address of a Dask scheduler whose workers execute the notebooks, instead of this machine.
    teller : Progress
        Told what goes on.
    is_warm : bool
        Whether kernels are forked from a process that has done the heavy imports.
    staff : Staff or None
        Workers that stay when this ends; `jobs` and `is_warm` are theirs then.
    """

    def __init__(
        self,
        publication: Publication,
        jobs: int | None,
        scheduler: str | None,
        teller: Progress,
        is_warm: bool,
        staff: Staff | None,
    ) -> None:
        self.publication, self.jobs, self.scheduler = publication, jobs, scheduler
        self.teller, self.is_warm, self.staff = teller, is_warm, staff

    def __enter__(self) -> Executor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "_own" in self.__dict__:
            self._own.__exit__(kind, error, trace)

    def prepare(self) -> None:
        """Begin what takes longest before a kernel is there, as it is likely to be needed."""
        if not (self.scheduler or self.staff):
            self._own.prepare()

    def __call__(self, runs: Sequence[Run], see: Callable[[Outcome], None]) -> list[Outcome]:
        """Execute runs.

        Parameters
        ----------
        runs : sequence of Run
        see : callable
            Given each outcome as it arrives.

        Returns
        -------
        list of Outcome
            In the order of the runs.

        Raises
        ------
        PipelineError
            When no worker can be started, or the cluster not be reached.
        """
        found: dict[str, Outcome] = {}

        def take(outcome: Outcome) -> None:
            found[outcome.run.name] = outcome
            see(outcome)

        if self.scheduler:
            self._send(runs, self.scheduler, take)
        else:
            (self.staff.supervisor(self.teller) if self.staff else self._own).execute(runs, take)
        return [found[run.name] for run in runs]

    @functools.cached_property
    def _own(self) -> Supervisor:
        # Imported here: who is told that nothing changed needs no workers.
        from helpers.pipeline.supervise import Supervisor

        publication = self.publication
        scratch = publication.scratch / "runs"
        return Supervisor(publication.root, scratch, publication.token, self.jobs, None, self.teller, self.is_warm)

    def _send(self, runs: Sequence[Run], scheduler: str, take: Callable[[Outcome], None]) -> None:
        from helpers.pipeline import cluster

        cluster.execute(
            runs,
            scheduler=scheduler,
            root=self.publication.root,
            token=self.publication.token,
            progress=self.teller,
            is_warm=self.is_warm,
            take=take,
        )
