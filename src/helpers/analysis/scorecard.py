"""The scorecard: every claim of the article with its verdict at each date, from the findings of all runs.

The findings are the document that ``reports/results.json`` holds: for each edition its ``as_of`` and, by notebook,
``claims`` with verdict, value, unit, reason, rows and assumptions. Fields that are not needed here are left alone. A
verdict that no run states is unknown, and nothing stands in for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from helpers.analysis.verdict import NOT_SUPPORTED, NOT_TESTABLE, PARTLY_SUPPORTED, SUPPORTED, VERDICTS, Verdict

# The notebook that holds this scorecard: an earlier build's findings may name it, and it does not judge itself.
OWN_NOTEBOOK = "08_who_pays"
MISSING, DOUBLE, UNKNOWN_CLAIM, UNKNOWN_VERDICT, WRONG_NOTEBOOK, NAMES_NOTHING = (
    "no verdict",
    "more than one verdict",
    "no such claim",
    "no such verdict",
    "judged by another notebook than claims.csv says",
    "not testable without saying what is missing",
)
# How a verdict moved between two dates, as glyph and word.
STRONGER, WEAKER, SAME, TESTABLE_NOW, UNTESTABLE_NOW, ONE_DATE = (
    "\N{UPWARDS ARROW} stronger",
    "\N{DOWNWARDS ARROW} weaker",
    "= unchanged",
    "+ now testable",
    "\N{EN DASH} no longer testable",
    "",
)
CHANGES = (STRONGER, WEAKER, TESTABLE_NOW, UNTESTABLE_NOW, SAME)
_STRENGTH = {NOT_SUPPORTED: 0, PARTLY_SUPPORTED: 1, SUPPORTED: 2}
# What says, in a reason, that a figure is not there; every rule's own words hold one of them.
_NAMING = ("missing", "not known", " is known", "no ratio", "neither")


@dataclass(frozen=True)
class Edition:
    """One edition of the findings.

    Parameters
    ----------
    name, as_of : str
    verdicts : mapping of claim id to Verdict
        Each claim with exactly one verdict; a claim judged twice is left out, for nobody could say which counts.
    grades : mapping of claim id to str or None
    notebooks : tuple of str
        The notebooks that have findings in it.
    """

    name: str
    as_of: str
    verdicts: Mapping[str, Verdict]
    grades: Mapping[str, str | None]
    notebooks: tuple[str, ...]


def editions(document: Mapping[str, Any], as_of: str) -> list[Edition]:
    """Return the editions that were known on a day, oldest first.

    Parameters
    ----------
    document : mapping
        The findings, see the head of this module; an empty one has no editions.
    as_of : str
        ISO date; an edition of a later day would be knowledge of the future.

    Returns
    -------
    list of Edition
        Without the verdicts of `OWN_NOTEBOOK`.
    """
    found = []
    for name, content in document.get("editions", {}).items():
        if pd.Timestamp(content["as_of"]) > pd.Timestamp(as_of):
            continue
        stated: dict[str, list[Mapping[str, Any]]] = {}
        for notebook, claim, entry in _entries(content):
            if notebook != OWN_NOTEBOOK:
                stated.setdefault(claim, []).append(entry)
        single = {claim: entries[0] for claim, entries in sorted(stated.items()) if len(entries) == 1}
        found.append(
            Edition(
                name, str(content["as_of"]), {claim: _verdict(entry) for claim, entry in single.items()},
                {claim: entry.get("grade") for claim, entry in single.items()},
                tuple(sorted(content.get("notebooks", {}))),
            )
        )  # fmt: skip
    return sorted(found, key=lambda edition: edition.as_of)


def _entries(content: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield notebook, claim and entry of an edition."""
    for notebook, stated in content.get("notebooks", {}).items():
        for claim, entry in stated.get("claims", {}).items():
            yield notebook, claim, entry


def _verdict(entry: Mapping[str, Any]) -> Verdict:
    return Verdict(
        entry["verdict"], entry.get("value"), entry.get("unit", ""), entry["reason"],
        tuple(entry.get("rows", ())), tuple(entry.get("assumptions", ())),
    )  # fmt: skip


def faults(document: Mapping[str, Any], claims: pd.DataFrame, *, without: Sequence[str] = ()) -> pd.DataFrame:
    """Check that every claim ends with exactly one verdict at each date, and that `not testable` says what is missing.

    Parameters
    ----------
    document : mapping
        The findings of all runs.
    claims : DataFrame
        The table ``claims``: ``claim_id`` and ``notebook``.
    without : sequence of str
        Notebooks that are not part of the findings yet, for example `OWN_NOTEBOOK` while it runs.

    Returns
    -------
    DataFrame, one row a fault
        ``edition``, ``claim_id``, ``notebook`` (that states it, or should) and ``fault``; no row where all is well.
    """
    home = dict(zip(claims["claim_id"].astype(str), claims["notebook"].astype(str), strict=True))
    table: list[tuple[str, str, str, str]] = []
    for edition, content in document.get("editions", {}).items():
        stated: dict[str, list[str]] = {}
        for notebook, claim, entry in _entries(content):
            if notebook not in without:
                stated.setdefault(claim, []).append(notebook)
                table += [(edition, claim, notebook, fault) for fault in _faults_of(claim, notebook, entry, home)]
        wanted = [claim for claim, notebook in home.items() if notebook not in without]
        table += [(edition, claim, home[claim], MISSING) for claim in wanted if claim not in stated]
        table += [(edition, claim, ", ".join(books), DOUBLE) for claim, books in stated.items() if len(books) > 1]
    return pd.DataFrame(sorted(table), columns=["edition", "claim_id", "notebook", "fault"])


def _faults_of(claim: str, notebook: str, entry: Mapping[str, Any], home: Mapping[str, str]) -> list[str]:
    """Return what is wrong with one stated verdict."""
    found = []
    if claim not in home:
        return [UNKNOWN_CLAIM]
    if home[claim] != notebook:
        found.append(WRONG_NOTEBOOK)
    if entry.get("verdict") not in VERDICTS:
        found.append(UNKNOWN_VERDICT)
    reason = str(entry.get("reason", "")).lower()
    if entry.get("verdict") == NOT_TESTABLE and not any(words in reason for words in _NAMING):
        found.append(NAMES_NOTHING)
    return found


def require_complete(document: Mapping[str, Any], claims: pd.DataFrame, *, without: Sequence[str] = ()) -> None:
    """Raise unless `faults` finds none.

    Raises
    ------
    ValueError
        Naming edition, claim and fault of each.
    """
    found = faults(document, claims, without=without)
    if len(found):
        lines = [f"{row.edition}/{row.notebook}: {row.claim_id}: {row.fault}" for row in found.itertuples()]
        raise ValueError("the findings are not complete: " + "; ".join(lines))


def change(before: str | None, after: str | None) -> str:
    """Say as glyph and word how a verdict moved; empty where one of the two is unknown."""
    if before is None or after is None:
        return ONE_DATE
    if before == after:
        return SAME
    if before == NOT_TESTABLE:
        return TESTABLE_NOW
    if after == NOT_TESTABLE:
        return UNTESTABLE_NOW
    return STRONGER if _STRENGTH[after] > _STRENGTH[before] else WEAKER


def scorecard(
    claims: pd.DataFrame, then: Mapping[str, Verdict], now: Mapping[str, Verdict] | None = None
) -> pd.DataFrame:
    """Put every claim beside its verdicts.

    Parameters
    ----------
    claims : DataFrame, one row a claim, indexed by row id
    then : mapping of claim id to Verdict
        At the earlier date, or at the only one.
    now : mapping of claim id to Verdict, optional
        At the later date; None where only one date is known.

    Returns
    -------
    DataFrame, one row a claim, on the row ids of `claims`
        ``claim_id``, ``section``, ``notebook``, ``claim``, ``rule``, ``then``, ``now`` (verdicts; missing where no
        run states one), ``value_then``, ``value_now``, ``unit``, ``reason`` (of the later date) and ``change``.
    """
    last = then if now is None else now
    table = []
    for row in claims.to_dict("records"):
        name = str(row["claim_id"])
        first, second = then.get(name), (now or {}).get(name)
        latest = last.get(name)
        table.append(
            {
                "claim_id": name, "section": str(row["section"]), "notebook": str(row["notebook"]),
                "claim": str(row["claim_en"]), "rule": str(row["how_to_test"]),
                "then": first.verdict if first else None, "now": second.verdict if second else None,
                "value_then": first.value if first else None, "value_now": second.value if second else None,
                "unit": latest.unit if latest else "", "reason": latest.reason if latest else "",
                "change": change(first.verdict if first else None, second.verdict if second else None),
            }
        )  # fmt: skip
    result = pd.DataFrame(table, index=claims.index)
    return result.astype({"value_then": "float64", "value_now": "float64"})


UNKNOWN = "unknown"


def counts(card: pd.DataFrame, date: str, by: str | None = None) -> pd.DataFrame:
    """Count the verdicts at a date.

    Parameters
    ----------
    card : DataFrame
        From `scorecard`.
    date : str
        ``"then"`` or ``"now"``.
    by : str, optional
        A column whose values get a row each, in the order of the article, for example ``"section"``.

    Returns
    -------
    DataFrame
        One column for each verdict and ``unknown``; indexed by the values of `by`, or one row ``all claims``.
    """
    verdict = card[date].fillna(UNKNOWN)
    groups = card[by] if by else pd.Series("all claims", index=card.index)
    table = pd.crosstab(groups, verdict).reindex(columns=[*VERDICTS, UNKNOWN], fill_value=0)
    return table.reindex(list(dict.fromkeys(groups))).rename_axis(index=by, columns=None)


def moved(card: pd.DataFrame) -> pd.DataFrame:
    """Return the claims whose verdict differs between the two dates."""
    return card[card["then"].notna() & card["now"].notna() & (card["then"] != card["now"])]
