"""What a notebook states: numbers and verdicts with their rows, evidence and assumptions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import isfinite
from typing import Any

import pandas as pd

from helpers import tables, units
from helpers.findings.marks import grade_mark
from helpers.findings.schema import FINDINGS_MIME, VERDICTS, weakest

Rows = pd.DataFrame | pd.Series | pd.Index | Iterable[str] | str | None
_ID = re.compile(r"[a-z][a-z0-9_]*")

# Numbers and claims made in the running cell and not yet shown; `display` empties them.
_pending: dict[str, Number | Claim] = {}


@dataclass(frozen=True)
class Number:
    """A number with its evidence; an f-string shows it with its grade behind.

    Parameters
    ----------
    id : str
        Name of the number, unique in its notebook.
    value : float or None
        None where it is unknown.
    unit : str
        See `helpers.units.write`.
    grade : str or None
        Evidence of the weakest input; None where the value is unknown and nothing was used.
    rows : tuple of str
        Row ids.
    assumptions : tuple of str
        Ids of rows of ``assumptions.csv``.
    is_estimated : bool
        Whether it is a statistical estimate of ours, which is never better than `estimated`.
    """

    id: str
    value: float | None
    unit: str
    grade: str | None
    rows: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    is_estimated: bool = False

    @property
    def text(self) -> str:
        """The number in its unit, without the grade."""
        return units.write(self.value, self.unit)

    def __format__(self, spec: str) -> str:
        """Write value and grade; ``{n:plain}`` leaves the grade out, ``{n:.1f}`` formats the bare value."""
        is_plain = spec == "plain"
        text = self.text if is_plain or not spec or self.value is None else format(self.value, spec)
        # What is not known has no evidence to show, whatever was looked at.
        mark = "" if is_plain or self.value is None else grade_mark(self.grade)
        # One word, as far as line breaks go: neither the minus sign nor the grade may stand alone.
        # The id tells the site which number this is; it becomes a link to the number's trace.
        return f'<span class="stated" data-number="{self.id}">{text}{mark}</span>'

    def __str__(self) -> str:
        """Write value and grade."""
        return format(self, "")

    @property
    def label(self) -> str:
        """The id in words."""
        return self.id.replace("_", " ")

    def document(self) -> dict[str, Any]:
        """Return the entry of ``results.json``."""
        return {
            "value": self.value,
            "unit": self.unit,
            "grade": self.grade,
            "rows": list(self.rows),
            "assumptions": list(self.assumptions),
            "estimated": self.is_estimated,
        }

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Show the number when it is a cell's last expression, and keep it in the output."""
        _pending.pop(self.id, None)
        markdown = f"{self.label}: {self}".replace("$", r"\$")
        return {"text/markdown": markdown, "text/plain": f"{self.id}: {self.text}", **bundle([self])}


@dataclass(frozen=True)
class Claim:
    """The verdict on one claim of the article, with what decided it.

    Parameters
    ----------
    id : str
        Id of a row of ``claims.csv``.
    verdict : str
        One of `VERDICTS`.
    value : float or None
    unit : str
    reason : str
        One sentence.
    grade : str or None
    rows, assumptions : tuple of str
    """

    id: str
    verdict: str
    value: float | None
    unit: str
    reason: str
    grade: str | None
    rows: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = field(default=())

    def document(self) -> dict[str, Any]:
        """Return the entry of ``results.json``."""
        return {
            "verdict": self.verdict,
            "value": self.value,
            "unit": self.unit,
            "reason": self.reason,
            "grade": self.grade,
            "rows": list(self.rows),
            "assumptions": list(self.assumptions),
        }


def number(
    id: str,
    value: float | int | None,
    unit: str,
    *,
    rows: Rows = None,
    assumptions: Sequence[str] = (),
    estimated: bool = False,
) -> Number:
    """State a number.

    Parameters
    ----------
    id : str
        Lower-case name with underscores, unique in the notebook and stable over time.
    value : float, int or None
        NaN counts as None: unknown, never zero.
    unit : str
        For example ``"USD m"`` or ``"percent"``; see `helpers.units.write`.
    rows : DataFrame, Series, Index or row ids
        The table rows the number rests on.
    assumptions : sequence of str
        Ids of rows of ``assumptions.csv``; one is enough to make the number a scenario.
    estimated : bool
        True for a statistical estimate of ours, which is never better than `estimated`.

    Returns
    -------
    Number
        Put it in an f-string for `say`, or leave it as a cell's last expression.

    Raises
    ------
    ValueError
        If the id is malformed, the value is infinite, or a known value has neither rows nor assumptions.
    KeyError
        If a row or an assumption does not exist.
    """
    if not _ID.fullmatch(id):
        raise ValueError(f"number id {id!r}: lower-case letters, digits and underscores only")
    known = _finite(f"number {id!r}", value)
    row_ids = row_labels(rows)
    if known is not None and not row_ids and not assumptions:
        raise ValueError(f"number {id!r} has neither rows nor assumptions: nobody could check it")
    grade = evidence(row_ids, assumptions, estimated)
    stated = Number(id, known, unit, grade, row_ids, tuple(assumptions), estimated)
    _pending[id] = stated
    return stated


def make_claim(
    id: str,
    verdict: str,
    value: float | int | None,
    unit: str,
    reason: str,
    rows: Rows = None,
    assumptions: Sequence[str] = (),
) -> Claim:
    """Return a checked claim; see `helpers.findings.claim` for the arguments.

    Raises
    ------
    ValueError
        If the claim id or the verdict is unknown, the reason is empty, or a verdict rests on nothing.
    """
    if id not in claim_texts().index:
        raise ValueError(f"unknown claim {id!r}: data/claims.csv has {', '.join(claim_texts().index)}")
    if verdict not in VERDICTS:
        raise ValueError(f"claim {id}: unknown verdict {verdict!r}; expected one of {list(VERDICTS)}")
    if not reason.strip():
        raise ValueError(f"claim {id} needs the reason of its verdict")
    row_ids = row_labels(rows)
    if verdict != "not testable" and not row_ids and not assumptions:
        raise ValueError(f"claim {id}: the verdict {verdict!r} rests on no row and no assumption")
    grade = evidence(row_ids, assumptions, estimated=False)
    return Claim(id, verdict, _finite(f"claim {id}", value), unit, reason, grade, row_ids, tuple(assumptions))


@cache
def claim_texts() -> pd.DataFrame:
    """Return claims.csv by claim id."""
    claims: pd.DataFrame = tables.load("claims")
    return claims.set_index("claim_id", drop=False)


def row_labels(rows: Rows) -> tuple[str, ...]:
    """Return row ids, each once and in the order given, from a frame, an index or ids.

    Raises
    ------
    TypeError
        If the frame's index does not hold row ids, so that nothing could be traced.
    """
    if rows is None:
        return ()
    if isinstance(rows, str):
        rows = [rows]
    labels = rows.index if isinstance(rows, pd.DataFrame | pd.Series) else rows
    ids = tuple(dict.fromkeys(labels))
    for label in ids:
        if not isinstance(label, str) or "/" not in label:
            raise TypeError(f"rows must be indexed by row id such as 'cash_flows/AMZN/2025-06-30', not {label!r}")
    return ids


def evidence(rows: Sequence[str], assumptions: Sequence[str], estimated: bool) -> str | None:
    """Return the grade of a result: that of its weakest input.

    Raises
    ------
    KeyError
        If a row or an assumption does not exist.
    """
    grades = list(tables.grades(rows).values())
    if assumptions:
        tables.grades([f"assumptions/{name}" for name in assumptions])
        grades.append("scenario")
    if estimated:
        grades.append("estimated")
    return weakest(grades)


def bundle(stated: Iterable[Number | Claim]) -> dict[str, Any]:
    """Return the part of a cell's output that the pipeline collects."""
    numbers: dict[str, Any] = {}
    claims: dict[str, Any] = {}
    for item in stated:
        (numbers if isinstance(item, Number) else claims)[item.id] = item.document()
    return {FINDINGS_MIME: {"numbers": numbers, "claims": claims}} if numbers or claims else {}


def take_pending() -> list[Number | Claim]:
    """Return what was stated and not yet shown, and forget it."""
    taken = list(_pending.values())
    _pending.clear()
    return taken


def _finite(what: str, value: float | int | None) -> float | None:
    if value is None or pd.isna(value):
        return None
    if not isfinite(value):
        raise ValueError(f"{what} is infinite: an unknown value is None")
    return float(value)
