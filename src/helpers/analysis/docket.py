"""Reading the table of lawsuits and fines without its traps.

The frames given here are the table as known on some day: an outcome dated later is masked and the
case is pending. Four traps are handled in this one place. A regulator's fine is not a lawsuit: its
"filing" is the day it was decided. A case without a filing day (38 rows) is never given one. An
appeal is an open case whose first decision is known. A row is not a defendant: one suit may name eight.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

CLAIM_TYPES = (
    "copyright", "privacy", "antitrust", "contract", "defamation", "other", "publicity", "securities", "wrongful death",
)  # fmt: skip
OPEN_STATES = ("pending", "appeal")
EUROPE = ("DE", "EU", "FR", "UK")
# Who fines instead of suing: the beginnings of `plaintiffs`.
REGULATORS = (
    "Garante",
    "CNIL",
    "Hellenic DPA",
    "ICO",
    "Autoriteit Persoonsgegevens",
    "Autorite de la concurrence",
    "PIPC",
)
# One firm under several names, and people sued beside their firm.
ALIASES = {"Alphabet": "Google", "Google Ireland": "Google", "Uncharted Labs (Udio)": "Udio"}
PERSONS = ("Mark Zuckerberg", "Dario Amodei", "Benjamin Mann", "Sam Altman")
# Whose works or data are at issue, by the column `subject`.
SUBJECT_GROUPS = {
    "books": "books",
    "reference works": "books",
    "news": "news",
    "music": "music",
    "images": "images",
    "video": "video",
    "personal data": "personal data",
    "voice": "personal data",
}
# A map with more columns cannot be read on a telephone.
FIRMS_SHOWN = 7
OTHER_SUBJECTS = "anything else"
OTHER_DEFENDANTS = "everyone else"
_FEDERAL_DOCKET = r"\b\d:(\d{2})-cv-"


def select(docket: pd.DataFrame, claim_types: Sequence[str]) -> pd.DataFrame:
    """Keep the rows of some claim types.

    Parameters
    ----------
    docket : DataFrame
        The table ``litigation`` as known on some day, indexed by row id.
    claim_types : sequence of str
        Some of `CLAIM_TYPES`; none means all.

    Returns
    -------
    DataFrame

    Raises
    ------
    ValueError
        If a claim type is unknown.
    """
    unknown = [kind for kind in claim_types if kind not in CLAIM_TYPES]
    if unknown:
        raise ValueError(f"unknown claim types {unknown}; expected some of {list(CLAIM_TYPES)}")
    chosen: pd.DataFrame = docket[docket["claim_type"].isin(list(claim_types or CLAIM_TYPES))]
    return chosen


def by_regulator(docket: pd.DataFrame) -> pd.Series:
    """Say which rows are a regulator's fine or order, not a lawsuit."""
    return docket["plaintiffs"].str.startswith(REGULATORS).astype(bool)


def lawsuits(docket: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are lawsuits."""
    suits: pd.DataFrame = docket[~by_regulator(docket)]
    return suits


def is_open(docket: pd.DataFrame) -> pd.Series:
    """Say which cases are not over: pending, or decided once and on appeal."""
    return docket["status_text"].isin(list(OPEN_STATES))


def without_filing_day(docket: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose filing day was not found; nothing is put in its place."""
    undated: pd.DataFrame = docket[docket["filed_date"].isna()]
    return undated


def undated_to_come(whole: pd.DataFrame, docket: pd.DataFrame) -> int:
    """Count the rows without a filing day that the table holds but the docket of a day does not yet."""
    return len(without_filing_day(whole).index.difference(docket.index))


def docket_year(docket: pd.DataFrame) -> pd.Series:
    """Return the year that a US federal docket number states, missing where there is none.

    Returns
    -------
    Series of float64
        On the index of `docket`; of several numbers the first.
    """
    digits = docket["docket_number"].astype("str").str.extract(_FEDERAL_DOCKET, expand=False)
    # Every case of the table was filed after 2000, so two digits are enough.
    return pd.to_datetime(digits, format="%y").dt.year.astype("float64").rename("docket_year")


def states(docket: pd.DataFrame) -> pd.DataFrame:
    """Count cases by claim type and state.

    Returns
    -------
    DataFrame
        One row a claim type, most cases first, one column a state that occurs, and ``cases``.
    """
    table = pd.crosstab(docket["claim_type"].astype(str), docket["status_text"].astype(str))
    table = table.assign(cases=table.sum(axis=1)).sort_values("cases", ascending=False, kind="stable")
    return table.rename_axis(index="claim_type", columns=None)


def defendants(docket: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each firm a case names.

    Parameters
    ----------
    docket : DataFrame
        Row ids as index; ``defendants`` joined by semicolons.

    Returns
    -------
    DataFrame
        Indexed by row id (repeated): ``defendant`` and ``group`` (whose works or data are at issue).
        A firm under two names counts once a case; persons sued beside their firm are left out.
    """
    named: dict[tuple[str, str], str] = {}
    for row, cell, subject in zip(docket.index, docket["defendants"], docket["subject"].astype(str), strict=True):
        for part in cell.split(";"):
            # A product in brackets after the firm's name is not part of the name.
            firm = re.sub(r"\s*\(.*\)$", "", ALIASES.get(part.strip(), part.strip()))
            if firm not in PERSONS:
                named[row, firm] = SUBJECT_GROUPS.get(subject, OTHER_SUBJECTS)
    table = [(row, firm, group) for (row, firm), group in named.items()]
    return pd.DataFrame(table, columns=["row", "defendant", "group"], dtype="str").set_index("row")


def who_sues_whom(docket: pd.DataFrame, firms: int = FIRMS_SHOWN) -> pd.DataFrame:
    """Count suits by whose works are at issue and by defendant.

    Parameters
    ----------
    docket : DataFrame
    firms : int
        How many of the most sued firms have a column of their own; the others share one.

    Returns
    -------
    DataFrame
        One row a group of `SUBJECT_GROUPS`, one column a defendant, most suits first. A suit against
        three firms stands in three columns, so columns must not be added up.
    """
    pairs = defendants(docket)
    counts = pairs["defendant"].value_counts()
    leaders = sorted(counts.index, key=lambda name: (-counts[name], name))[:firms]
    pairs = pairs.assign(defendant=pairs["defendant"].where(pairs["defendant"].isin(leaders), OTHER_DEFENDANTS))
    pairs = pairs.rename_axis("row").reset_index().drop_duplicates(["row", "defendant"])
    table = pd.crosstab(pairs["group"], pairs["defendant"])
    columns = [*leaders, *([OTHER_DEFENDANTS] if OTHER_DEFENDANTS in table.columns else [])]
    order = table.sum(axis=1).sort_values(ascending=False, kind="stable").index
    last = [name for name in order if name == OTHER_SUBJECTS]
    return table.loc[[name for name in order if name != OTHER_SUBJECTS] + last, columns].rename_axis(columns=None)


def against(docket: pd.DataFrame, firm: str) -> pd.DataFrame:
    """Return the cases that name a firm, under any of its names."""
    pairs = defendants(docket)
    found: pd.DataFrame = docket.loc[pairs.index[pairs["defendant"] == firm].unique()]
    return found


def european(docket: pd.DataFrame) -> pd.DataFrame:
    """Return the cases before European courts and authorities."""
    found: pd.DataFrame = docket[docket["jurisdiction"].isin(list(EUROPE))]
    return found


def for_table(docket: pd.DataFrame) -> pd.DataFrame:
    """Return cases as a reader sees them: case, parties, court, filing, state and outcome."""
    heads = {
        "short_name": "case", "plaintiffs": "plaintiffs", "defendants": "defendants", "court": "court",
        "claim_type": "claim", "filed_date": "filed", "status_text": "state", "outcome_date": "outcome",
    }  # fmt: skip
    return docket[list(heads)].rename(columns=heads)


def looked_at(found: pd.DataFrame, searched: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of what was found, or of all that was searched: a count of zero rests on rows too."""
    return tuple(str(row) for row in (found.index if len(found) else searched))


def told(found: pd.DataFrame | None, sentence: str, otherwise: str) -> str:
    """Return a sentence about what was found, or another one where there is nothing to say it of."""
    return otherwise if found is None or found.empty else sentence
