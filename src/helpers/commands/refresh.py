"""``refresh``: live sources into a new vintage."""

from __future__ import annotations

import argparse
import sys
from datetime import date

_REFRESH = """\
Ask live sources and write what they have as a new vintage in data/live/. The shipped tables are
never touched, and nothing reads the new vintage until it is accepted.

The difference is shown first: rows added, the largest revisions, what the source does not have,
what was refused. A source that cannot be read, or answers half, leaves everything as it was.

sources:
  edgar   quarterly figures from SEC filings     WHO_PAYS_CONTACT='Jane Doe jane@example.org'
  yahoo   month-end closes, by yfinance          the extra `live`
  fred    national accounts, prices, NASDAQ      FRED_API_KEY

examples:
  python -m helpers refresh --dry-run
  python -m helpers refresh fred yahoo
  python -m helpers refresh edgar --ticker INTC --since 2019-01-01 --accept
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    refresh = commands.add_parser(
        "refresh",
        help="bring the tables up to date from live sources, as a new vintage",
        description=_REFRESH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = refresh.add_argument
    add("sources", nargs="*", metavar="SOURCE", help="edgar, yahoo, fred (default: all three)")
    add("--since", type=_day, metavar="DATE", help="first day of the figures asked for (edgar, yahoo)")
    add(
        "--date", type=_day, metavar="DATE", help="day of the vintage: nothing that became known later (default: today)"
    )
    add(
        "--ticker", metavar="X", action="append", default=[], help="a firm besides those of the tables; may be repeated"
    )
    add("--split", metavar="X", action="append", default=[], help="confirm the split that Yahoo reports of a firm")
    add("--fresh", action="store_true", help="ask anew; otherwise an answer kept within the last hours is used")
    add("--dry-run", action="store_true", help="show the difference, write nothing")
    add("--accept", action="store_true", help="make the new vintage the one that `live` stands for")
    refresh.set_defaults(command=_run)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-11-23") from None


def _run(chosen: argparse.Namespace) -> int:
    from helpers.refresh import run
    from helpers.refresh.errors import RefreshError
    from helpers.refresh.gather import SOURCES, Request
    from helpers.tables import DataError, VintageError

    if unknown := [name for name in chosen.sources if name not in SOURCES]:
        sys.stderr.write(f"error: no source {unknown[0]!r}; there are {', '.join(SOURCES)}\n")
        return 2
    today = date.today()
    request = Request(
        sources=tuple(dict.fromkeys(chosen.sources)) or SOURCES,
        day=chosen.date or today,
        since=chosen.since,
        tickers=_tickers(chosen.ticker),
        splits=_tickers(chosen.split),
        fresh=chosen.fresh,
    )
    if request.day > today:
        sys.stderr.write(f"error: --date {request.day} lies in the future\n")
        return 2
    try:
        run.refresh(request, is_trial=chosen.dry_run, is_accepted=chosen.accept, tell=_say)
    except (RefreshError, DataError, VintageError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"error: {error.filename or 'a file'}: {error.strerror or error}; nothing was accepted\n")
        return 1
    except ModuleNotFoundError as error:
        sys.stderr.write(f"error: {error.name} is not installed: install the extra `live`: pip install -e '.[live]'\n")
        return 1
    return 0


def _tickers(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip().upper() for name in names if name.strip()))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
