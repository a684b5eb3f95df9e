"""What a source gives for one table, before it meets the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Policy = Literal["hold", "if later", "revise"]
"""When a figure of the source takes the place of another one in the table.

``hold``: never; a market close is not revised, so a difference is an error on one side. ``if later``: when it became
known after the table's figure was checked; an older figure that differs has another definition. ``revise``: always;
statistics are revised, and the source is the one the table was made from.
"""


@dataclass(frozen=True)
class Update:
    """The rows of one table as a source has them.

    Parameters
    ----------
    table : str
        Name of the table.
    rows : pandas.DataFrame
        Columns of the table: its key, ``source_id``, and those of which the source has something to say. A missing
        value says nothing.
    policy : {"hold", "if later", "revise"}
        What becomes of a figure that differs from the table's.
    known : pandas.DataFrame, optional
        The day on which each figure of ``rows`` became known: same index, ISO dates as text. Where it is missing, the
        day of the vintage counts.
    history : pandas.DataFrame, optional
        What each figure was before: ``row`` (row id), ``column``, ``value`` and ``known_from`` (ISO dates as text),
        the value of ``rows`` last. With it a new row answers for earlier days too.
    """

    table: str
    rows: pd.DataFrame
    policy: Policy
    known: pd.DataFrame | None = None
    history: pd.DataFrame | None = None


@dataclass(frozen=True)
class Refreshed:
    """Everything one source gave.

    Parameters
    ----------
    source : str
        ``edgar``, ``yahoo`` or ``fred``.
    updates : tuple of Update
        One a table.
    sources : pandas.DataFrame
        Rows for the table ``sources``: every ``source_id`` that the updates cite.
    problems : tuple of str
        One line each: what was refused, flagged or not found, and what stands instead.
    facts : pandas.DataFrame, optional
        What was filed, one row a fact, as `edgar_facts.frame` has it; the vintage keeps it beside the tables.
    """

    source: str
    updates: tuple[Update, ...]
    sources: pd.DataFrame
    problems: tuple[str, ...] = ()
    facts: pd.DataFrame | None = None
