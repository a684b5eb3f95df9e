"""The command line: ``python -m helpers COMMAND``.

Exit codes: 0 all went well; 1 a run failed, a table is faulty or the reports cannot be written; 2 the request is
wrong, nothing was executed; 130 interrupted, nothing was published.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from helpers.pipeline.errors import Interrupted, PipelineError
from helpers.pipeline.plan import RUNS_FILE
from helpers.pipeline.select import Request

_RUN = """\
Execute the notebooks of notebooks/runs.toml, build the site and publish both in reports/.

With --only or --edition, the pages of all other runs stay as they are.

With -p or --as-of the run is exploratory: it starts from the parameters of --edition (the first
of runs.toml when not given), takes the values on top, and gets a site of its own in
reports/custom/, which replaces the last exploratory one. The published editions stay untouched.

A failed run does not stop the others. Its page keeps the last good result, marked as stale.

examples:
  python -m helpers run
  python -m helpers run --only 01_fcf_decline --edition latest
  python -m helpers run --only 01_fcf_decline --as-of 2024-12-31 -p tickers '["AMZN", "META"]'
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process when not given.
    """
    chosen = _parser().parse_args(arguments)
    try:
        code: int = chosen.command(chosen)
        return code
    except PipelineError as error:
        sys.stderr.writelines(f"error: {line}\n" for line in str(error).splitlines())
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: everything was stopped, nothing was published\n")
        return Interrupted.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m helpers", description="Who pays for AI? Notebooks to reports.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_check(commands)
    _add_exhibits(commands)
    return parser


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    add("--timeout", metavar="S", type=_seconds, help="limit of each notebook in seconds, instead of its own")
    add("--jobs", metavar="N", type=_count, help="notebooks at once (default: the number of cores)")
    add("--stock-kernels", action="store_true", help="start each kernel the ordinary way instead of forking it")
    add("--quiet", action="store_true", help="say only what failed")
    add("--root", type=Path, default=None, help="the project's folder (default: the one that holds this package)")
    run.set_defaults(command=_run)


def _add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    check = commands.add_parser("check", help="validate the tables in data/")
    check.add_argument("--update", action="store_true", help="accept the tables as they are: write their new hashes")
    check.set_defaults(command=_check)


def _add_exhibits(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    exhibits = commands.add_parser("exhibits", help="list each figure with its notebook, function and tables")
    exhibits.add_argument("--write", action="store_true", help="write the list into README.md")
    exhibits.set_defaults(command=_exhibits)


def _run(chosen: argparse.Namespace) -> int:
    from helpers.pipeline.run import run

    request = Request(
        only=tuple(chosen.only),
        edition=chosen.edition,
        parameters=tuple((name, value) for name, value in chosen.parameters),
        as_of=chosen.as_of,
        timeout=chosen.timeout,
    )
    return run(_root(chosen.root), request, jobs=chosen.jobs, quiet=chosen.quiet, is_warm=not chosen.stock_kernels)


def _check(chosen: argparse.Namespace) -> int:
    from helpers.tables import check

    return check.main(["--update"] if chosen.update else [])


def _exhibits(chosen: argparse.Namespace) -> int:
    from helpers.pipeline import exhibits

    root = _root(None)
    try:
        found = exhibits.collect(root / "notebooks", root / "reports" / "executed" / "latest")
        if chosen.write:
            readme = root / "README.md"
            readme.write_text(exhibits.updated(readme.read_text(encoding="utf-8"), found), encoding="utf-8")
        else:
            sys.stdout.write(exhibits.table(found) + "\n")
    except ValueError as error:
        raise PipelineError(str(error)) from error
    return 0


def _root(given: Path | None) -> Path:
    """Return the project's folder: as given, else around this package, else the current one."""
    if given is not None:
        return given.resolve()
    around = Path(__file__).resolve().parents[2]
    return around if (around / RUNS_FILE).is_file() else Path.cwd()


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
