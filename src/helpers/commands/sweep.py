"""``sweep``: run one notebook under many sets of parameters."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.commands import common
from helpers.pipeline.errors import Interrupted, PipelineError, UsageError

if TYPE_CHECKING:
    from helpers.pipeline.sweep import How, Result
    from helpers.pipeline.sweep_spec import Sweep

_SWEEP = """\
Run one notebook under many sets of parameters and keep one row a run in one Parquet file,
reports/sweeps/NAME.parquet, with a column for each parameter, number and verdict.

A sweep is a TOML file: a notebook, and a [grid], a [[list]] or a [sample] of parameters; those of the
collection are in notebooks/sweeps/. A start that was stopped or killed goes on where it was; a row is
made again when its notebook, the modules or the tables it used have changed, or when its run failed.

examples:
  python -m helpers sweep notebooks/sweeps/verdict_timeline.toml
  python -m helpers sweep --shipped --missing
"""
#: Reasons of failures that are told; the others stand in the file.
_TOLD = 5


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    sweep = commands.add_parser(
        "sweep",
        help="run one notebook under many sets of parameters",
        description=_SWEEP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = sweep.add_argument
    add("files", metavar="FILE", nargs="*", type=Path, help="the TOML files of sweeps")
    add("--shipped", action="store_true", help="every sweep of notebooks/sweeps/")
    add("--missing", action="store_true", help="only sweeps that have no results yet")
    common.add_where(sweep)
    add("--yes", action="store_true", help="also run a sweep of more than 10,000 sets")
    add("--html", action="store_true", help="keep each run's notebook and build a page of each")
    add("--force", action="store_true", help="execute every run, even where its row still holds")
    add("--stock-kernels", action="store_true", help="start each kernel the ordinary way instead of forking it")
    add("--quiet", action="store_true", help="say only what failed")
    add("--root", type=Path, default=None, help="the project's folder (default: the one that holds this package)")
    add("--output", metavar="FOLDER", type=Path, help="where results are kept (default: reports/sweeps)")
    sweep.set_defaults(command=_sweep)


def _sweep(chosen: argparse.Namespace) -> int:
    from helpers.commands import sweep_pictures
    from helpers.pipeline import sweep_spec
    from helpers.pipeline.sweep import How, table_of

    root = common.root(chosen.root)
    folder = chosen.output or root / "reports" / "sweeps"
    files = [*chosen.files, *(sweep_spec.shipped(root) if chosen.shipped else [])]
    if not files:
        raise UsageError("name the TOML file of a sweep, or give --shipped")
    # All are checked before the first is run.
    sweeps = [sweep_spec.load(file, root, is_confirmed=chosen.yes) for file in files]
    for one in sweeps:
        sweep_pictures.check(one)
    if chosen.missing:
        sweeps = [one for one in sweeps if not table_of(folder, one.name).is_file()]
    how = How(chosen.jobs, chosen.scheduler, not chosen.stock_kernels, chosen.force, chosen.quiet)
    return max([_one(one, root, folder, how, chosen.html) for one in sweeps], default=0)


def _one(sweep: Sweep, root: Path, folder: Path, how: How, with_html: bool) -> int:
    from helpers.commands import sweep_pictures
    from helpers.pipeline.sweep import run
    from helpers.pipeline.sweep_html import RunPages

    try:
        with RunPages(folder / f"{sweep.name}-runs", root) as pages:
            result = run(sweep, root, folder, replace(how, also=pages.take) if with_html else how)
    except KeyboardInterrupt:
        sys.stderr.write(f"interrupted: the rows of {sweep.name} so far are kept; the same command goes on\n")
        return Interrupted.exit_code
    if not sweep_pictures.is_current(sweep, result.table, root):
        try:
            sweep_pictures.draw(sweep, result.table, root)
        except OSError as error:
            message = f"cannot write in {folder}: {error.strerror or error}; the rows are written, the picture is not"
            raise PipelineError(message) from error
    _tell(sweep, result, how.quiet)
    return 1 if result.failures else 0


def _tell(sweep: Sweep, result: Result, quiet: bool) -> None:
    """Say where the results are and what failed."""
    failed = sum(result.failures.values())
    lines = [
        f"{sweep.name}: {count:,} failed: {reason}"
        for reason, count in sorted(result.failures.items(), key=lambda one: -one[1])[:_TOLD]
    ]
    if not quiet:
        lines.append(f"{sweep.name}: {sweep.count - failed:,} of {sweep.count:,} rows are good: {result.table}")
    sys.stdout.writelines(f"{line}\n" for line in lines)
