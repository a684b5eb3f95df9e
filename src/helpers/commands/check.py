"""``check``: validate the tables."""

from __future__ import annotations

import argparse


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    check = commands.add_parser("check", help="validate the tables in data/")
    check.add_argument("--update", action="store_true", help="accept the tables as they are: write their new hashes")
    check.set_defaults(command=_check)


def _check(chosen: argparse.Namespace) -> int:
    from helpers.tables import check

    return check.main(["--update"] if chosen.update else [])
