"""``explain``: say which runs are up to date and what changed in the others."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from helpers.commands import common
from helpers.pipeline.select import Request


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    explain = commands.add_parser(
        "explain",
        help="say which runs are up to date, or what changed",
        description="Say of each run whether it is up to date, or what changed since. Executes and writes nothing.",
    )
    explain.add_argument("notebooks", metavar="NOTEBOOK", nargs="*", help="only these notebooks")
    explain.add_argument("--edition", metavar="NAME", help="only this edition")
    explain.add_argument("--root", type=Path, default=None, help="the project's folder")
    explain.set_defaults(command=_run)


def _run(chosen: argparse.Namespace) -> int:
    from helpers.pipeline import explain

    request = Request(only=tuple(chosen.notebooks), edition=chosen.edition)
    sys.stdout.writelines(f"{line}\n" for line in explain.lines(explain.states(common.root(chosen.root), request)))
    return 0
