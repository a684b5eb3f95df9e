"""``run``: execute notebooks and build the site."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn

from helpers.commands import common
from helpers.pipeline.errors import UsageError
from helpers.pipeline.select import Request

_RUN = """\
Execute the notebooks of notebooks/runs.toml, build the site and publish both in reports/.

With --only or --edition, the pages of all other runs stay as they are.

With -p or --as-of the run is exploratory: it starts from the parameters of --edition (the first
of runs.toml when not given), takes the values on top, and gets a site of its own in
reports/custom/, which replaces the last exploratory one. The published editions stay untouched.

A failed run does not stop the others. Its page keeps the last good result, marked as stale.

With --watch the workers and all that was imported stay, so that a saved notebook is soon a page. A change of code or
data starts the command again.

examples:
  python -m helpers run
  python -m helpers run --only 01_fcf_decline --edition latest
  python -m helpers run --only 01_fcf_decline --as-of 2024-12-31 -p tickers '["AMZN", "META"]'
  python -m helpers run --scheduler tcp://10.0.0.5:8786
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    run = commands.add_parser(
        "run",
        help="execute notebooks and build the site",
        description=_RUN,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = run.add_argument
    add("--only", metavar="NAME", nargs="+", action="extend", default=[], help="only these notebooks")
    add("--edition", metavar="NAME", help="only this edition")
    add(
        "-p", dest="parameters", nargs=2, metavar=("NAME", "VALUE"), action="append", default=[],
        help="give a parameter another value (exploratory); may be repeated",
    )  # fmt: skip
    add("--as-of", metavar="DATE", help="short for -p as_of DATE (exploratory)")
    add("--timeout", metavar="S", type=common.seconds, help="limit of each notebook in seconds, instead of its own")
    common.add_where(run)
    add("--force", action="store_true", help="execute every run asked for, up to date or not")
    add("--stock-kernels", action="store_true", help="start each kernel the ordinary way instead of forking it")
    add("--watch", action="store_true", help="stay, and publish again whenever a notebook is saved, until Ctrl-C")
    add("--quiet", action="store_true", help="say only what failed")
    add("--root", type=Path, default=None, help="the project's folder (default: the one that holds this package)")
    run.set_defaults(command=_run)


def _run(chosen: argparse.Namespace) -> int:
    from helpers.pipeline.run import run

    request = Request(
        only=tuple(chosen.only),
        edition=chosen.edition,
        parameters=tuple((name, value) for name, value in chosen.parameters),
        as_of=chosen.as_of,
        timeout=chosen.timeout,
    )
    if chosen.watch:
        from helpers.pipeline.watch import keep_running

        if chosen.scheduler:
            raise UsageError("--watch keeps workers of this machine: leave out --scheduler")
        is_old = keep_running(
            common.root(chosen.root),
            request,
            jobs=chosen.jobs,
            quiet=chosen.quiet,
            is_warm=not chosen.stock_kernels,
            force=chosen.force,
        )
        return _again() if is_old else 0
    return run(
        common.root(chosen.root),
        request,
        jobs=chosen.jobs,
        scheduler=chosen.scheduler,
        quiet=chosen.quiet,
        is_warm=not chosen.stock_kernels,
        force=chosen.force,
    )


def _again() -> NoReturn:
    """Replace this process by a new start of the same command, which knows code and data as they are now."""
    words = [word for word in sys.argv[1:] if word != "--force"]
    os.execv(sys.executable, [sys.executable, "-m", "helpers", *words])  # noqa: S606 - ourselves, by words we were given
