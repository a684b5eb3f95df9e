"""``vintages``: list the states of the data, and choose the one that ``live`` stands for."""

from __future__ import annotations

import argparse
import sys

_VINTAGES = """\
List the shipped tables and every vintage that a refresh made: rows, newest figure, largest
revision, and which one `live` stands for (marked with *).

examples:
  python -m helpers vintages
  python -m helpers vintages --accept 2026-11-23     `live` is that one
  python -m helpers vintages --accept shipped        `live` is none
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    vintages = commands.add_parser(
        "vintages",
        help="list the vintages of the data, or accept one",
        description=_VINTAGES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    vintages.add_argument("--accept", metavar="NAME", help="make this vintage the one that `live` stands for")
    vintages.set_defaults(command=_run)


def _run(chosen: argparse.Namespace) -> int:
    from helpers.refresh import listing, vintage
    from helpers.tables import DataError, VintageError, descriptor

    shipped = descriptor.shipped()
    try:
        if chosen.accept:
            before = vintage.accept(shipped, chosen.accept)
            sys.stdout.write(f"`live` was {before}, and is {chosen.accept} now\n")
        else:
            sys.stdout.write("\n".join(listing.lines(shipped)) + "\n")
    except (DataError, VintageError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"error: {error.filename or 'a file'}: {error.strerror or error}; nothing was accepted\n")
        return 1
    return 0
