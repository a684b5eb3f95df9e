"""The command line: ``python -m helpers COMMAND``.

Exit codes: 0 all went well; 1 a run failed, a table is faulty or the reports cannot be written; 2 the request is
wrong, nothing was executed; 130 interrupted, nothing was published.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from helpers.commands import audit, check, claims, exhibits, explain, refresh, run, sweep, vintages
from helpers.pipeline.errors import Interrupted, PipelineError

#: In the order of the help text.
_COMMANDS = (run, explain, sweep, check, exhibits, refresh, vintages, claims, audit)


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
    for command in _COMMANDS:
        command.add(commands)
    return parser
