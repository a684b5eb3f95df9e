"""What several commands need: the project's folder, numbers and addresses as typed."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from helpers.pipeline.plan import RUNS_FILE

#: A host name, an IPv4 address, or an IPv6 address in brackets.
_ADDRESS = re.compile(r"(?:tcp|tls)://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
_LAST_PORT = 65535


def add_where(command: argparse.ArgumentParser) -> None:
    """Declare where runs are executed: on this machine or on a cluster, not both."""
    where = command.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs", metavar="N", type=count, help="notebooks at once on this machine (default: the number of cores)"
    )
    where.add_argument(
        "--scheduler", metavar="ADDRESS", type=scheduler,
        help="execute on the workers of this Dask scheduler, tcp://host:port or tls://host:port",
    )  # fmt: skip


def root(given: Path | None) -> Path:
    """Return the project's folder: as given, else around this package, else the current one."""
    if given is not None:
        return given.resolve()
    around = Path(__file__).resolve().parents[3]
    return around if (around / RUNS_FILE).is_file() else Path.cwd()


def seconds(text: str) -> float:
    """Read a number of seconds above 0."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def count(text: str) -> int:
    """Read a whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def scheduler(text: str) -> str:
    """Read the address of a Dask scheduler."""
    found = _ADDRESS.fullmatch(text)
    if not found or not 0 < int(found["port"]) <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"must be tcp://host:port or tls://host:port, not {text!r}")
    return text
