"""``claims``: the article's claims with their verdicts and what decided them."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from helpers.commands import common
from helpers.pipeline.errors import PipelineError
from helpers.pipeline.plan import CUSTOM

_CLAIMS = """\
Print the article's claims with their verdicts, from reports/results.json.

Without a claim, one line each; with claims, the rule, the value, the verdict and its reason, the
evidence grade, the table rows, the assumptions and the sources, in each edition.

examples:
  python -m helpers claims
  python -m helpers claims A11 A12 --as-of 2025-09-05
  python -m helpers claims A11 --json
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    claims = commands.add_parser(
        "claims",
        help="print claims, verdicts and what decided them",
        description=_CLAIMS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    claims.add_argument("ids", metavar="CLAIM", nargs="*", help="such as A11; all in short when none is given")
    claims.add_argument("--as-of", metavar="DATE", help="a day of knowledge, or the name of an edition")
    claims.add_argument("--json", action="store_true", help="for machines")
    claims.add_argument("--root", type=Path, default=None, help="the project's folder (default: as for run)")
    claims.set_defaults(command=_claims)


def _claims(chosen: argparse.Namespace) -> int:
    from helpers.pipeline import claims_text, integrity
    from helpers.pipeline.table_rows import Rows

    root = common.root(chosen.root)
    document = _document(root / "reports", chosen.as_of)
    editions = claims_text.chosen_editions(document, chosen.as_of)
    ids = [id.upper() for id in chosen.ids]
    claims = claims_text.described(document, ids, editions, Rows(integrity.data_folder(root)))
    if chosen.json:
        sys.stdout.write(json.dumps(claims, indent=1, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write((claims_text.full(claims) if ids else claims_text.overview(claims)) + "\n")
    return 0


def _document(reports: Path, as_of: str | None) -> dict[str, Any]:
    """Read the results; those of the last exploratory run too, when only they are of the day that is asked for."""
    from helpers.pipeline.audit import read

    document = read(reports)
    if as_of is not None:
        with contextlib.suppress(PipelineError):
            explored = read(reports / CUSTOM)["editions"]
            document["editions"] |= {name: one for name, one in explored.items() if as_of in (name, one["as_of"])}
    return document
