"""``audit``: trace everything that is published to rows and sources."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from helpers.commands import common

_AUDIT = """\
Walk every number, verdict and figure of reports/results.json and of the executed notebooks.

Each must rest on a table row or an assumption that exists and has a source that can be looked up;
its grade must be that of its weakest input; results.json and the executed notebooks must agree;
and the tables must be those that data/datapackage.json describes. Exit code 1 names what is not so.
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    audit = commands.add_parser(
        "audit",
        help="trace every published number to rows and sources",
        description=_AUDIT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    audit.add_argument("--json", action="store_true", help="for machines")
    audit.add_argument("--root", type=Path, default=None, help="the project's folder (default: as for run)")
    audit.set_defaults(command=_audit)


def _audit(chosen: argparse.Namespace) -> int:
    from helpers.pipeline.audit import audit

    root = common.root(chosen.root)
    found = audit(root, root / "reports")
    if chosen.json:
        sys.stdout.write(json.dumps(found.document(), indent=1, ensure_ascii=False) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in found.problems)
        walked = f"{found.numbers} numbers, {found.claims} verdicts and {found.figures} figures"
        count = len(found.problems)
        outcome = "each leads to rows, assumptions and sources" if not count else f"{count} problem{'s' * (count != 1)}"
        but = f", but for {found.unknown} that say what is not known" if found.unknown else ""
        sys.stdout.write(f"walked {walked}: {outcome}{but}\n")
    return 1 if found.problems else 0
