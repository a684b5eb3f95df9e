"""``exhibits``: list each figure with its function and tables, each table with what rests on it."""

from __future__ import annotations

import argparse
import sys

from helpers.commands import common
from helpers.pipeline.errors import PipelineError


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    exhibits = commands.add_parser("exhibits", help="list each figure with its notebook, function and tables")
    exhibits.add_argument("--write", action="store_true", help="write the list into README.md")
    exhibits.set_defaults(command=_exhibits)


def _exhibits(chosen: argparse.Namespace) -> int:
    from helpers.pipeline import exhibits
    from helpers.pipeline.audit import read

    root = common.root(None)
    try:
        found = exhibits.collect(root / "notebooks", root / "reports" / "executed" / "latest")
        rests = exhibits.used(read(root / "reports"))
        if chosen.write:
            readme = root / "README.md"
            readme.write_text(exhibits.updated(readme.read_text(encoding="utf-8"), found, rests), encoding="utf-8")
        else:
            sys.stdout.write(f"{exhibits.table(found)}\n\n{rests}\n")
    except ValueError as error:
        raise PipelineError(str(error)) from error
    return 0
