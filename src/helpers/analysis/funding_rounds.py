"""Rounds of the start-ups, each dollar counted once.

The table of rounds holds totals of other rows, sums to date, sales of old shares, mergers paid in shares,
credit lines nobody drew, and rounds that were only announced. `count_rounds` says of every row how many
dollars of it are new money for the firm, and why the others are not. Amounts are USD millions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

# What became of a row. Only the first two bring dollars into the sums.
COUNTED = "counted"
REDUCED = "counted less what an earlier row holds"
TOTAL = "total of other rows"
CUMULATIVE = "sum to date, overlaps other rows"
SECONDARY = "old shares change hands: no money to the firm"
NO_CASH = "paid in shares: no cash"
CREDIT_LINE = "credit line: may be drawn, is not raised"
NOT_THE_FIRM = "borrowed by another: not money of the firm"
NOT_SIGNED = "announced or in talks: not closed"
UNKNOWN_AMOUNT = "amount unknown"
IN_THE_SUMS = (COUNTED, REDUCED)

# Instruments kept apart; compute credits are inside two old deals at a share nobody stated.
INSTRUMENTS = ("equity", "equity, part compute credits", "convertible", "debt")
EQUITY, WITH_CREDITS, CONVERTIBLE, DEBT = INSTRUMENTS

# How the notes of the table mark what is not new money. The table says the wording in its field `note`.
_CUMULATIVE = r"cumulative"
_TOTAL = r"sum of the .* rows above"
_OVERLAP = r"includes (\d+(?:\.\d+)?)bn already committed .*do not add"
_NO_CASH = r"no cash|all stock"
_CREDIT_LINE = r"credit facility|credit line|undrawn"
_NOT_THE_FIRM = r"not issued by"
_CREDITS = r"compute credits|cash and credits|partly compute"
_CONDITIONAL = r"(\d+(?:\.\d+)?) conditional"
_MAYBE_TWICE = r"likely includes part of"
_MILLIONS_A_BILLION = 1000
# A total may differ from its parts by rounding.
TOTAL_WITHIN = 0.01

COLUMNS = [
    "company", "date", "round", "amount_usd_m", "post_money_usd_m", "instrument", "announced_or_closed", "note",
]  # fmt: skip


def count_rounds(rounds: pd.DataFrame, include_guidance: bool = False) -> pd.DataFrame:
    """Say of every row how much new money it is, of which kind, and why not the rest.

    Parameters
    ----------
    rounds : DataFrame, one row a round, indexed by row id
        The table ``funding_rounds`` as known on some day.
    include_guidance : bool
        True also counts rounds that were announced or in talks and have not closed.

    Returns
    -------
    DataFrame
        The rows in order of firm and date, with ``treatment`` (one of the words above), ``counted_usd_m`` (0
        where the row is not in the sums, missing where its amount is unknown), ``kind`` (one of `INSTRUMENTS`,
        or the table's own for the rest), ``conditional_usd_m`` (part that hangs on conditions, as the note
        says; else 0) and ``maybe_twice`` (the note says part may stand in another row too).

    Raises
    ------
    ValueError
        If a column is missing, or a total differs from its parts by more than `TOTAL_WITHIN`.

    Notes
    -----
    A row is a *total* if its note says so and the other rows of the same round (the name up to the comma) sum
    to it; a closed total turns its announced parts into closed ones. A row that *includes* money of earlier rows
    counts for the rest. Everything follows from the rows themselves, so an earlier day gives an earlier answer.
    """
    missing = [column for column in COLUMNS if column not in rounds.columns]
    if missing:
        raise ValueError(f"missing columns: {', '.join(missing)}")
    rows = rounds.sort_values(["company", "date"], kind="stable")
    notes = rows["note"].fillna("").astype(str)
    totals = _totals(rows, notes)
    closed = (rows["announced_or_closed"] == "closed") | _parts_of_closed_totals(rows, totals)
    treatment = _treatments(rows, notes, totals, closed | include_guidance)
    overlap = notes.str.extract(_OVERLAP, expand=False).astype("float64").fillna(0) * _MILLIONS_A_BILLION
    treatment = treatment.mask((treatment == COUNTED) & (overlap > 0), REDUCED)
    counted = (rows["amount_usd_m"] - overlap).where(treatment.isin(IN_THE_SUMS), 0.0)
    conditional = notes.str.extract(_CONDITIONAL, expand=False).astype("float64").fillna(0) * _MILLIONS_A_BILLION
    return rows.assign(
        treatment=treatment,
        counted_usd_m=counted.mask(treatment == UNKNOWN_AMOUNT),
        kind=_kinds(rows, notes),
        conditional_usd_m=conditional.where(treatment.isin(IN_THE_SUMS), 0.0),
        maybe_twice=notes.str.contains(_MAYBE_TWICE),
    )


def _treatments(rows: pd.DataFrame, notes: pd.Series, totals: pd.Series, signed: pd.Series) -> pd.Series:
    """Name what each row is; the first reason that applies stands."""
    names = rows["round"].astype(str)
    debt = rows["instrument"] == "debt"
    # Facts of a row come before its state: an unsigned total is a total, not a promise.
    reasons = {
        TOTAL: totals,
        CUMULATIVE: notes.str.contains(_CUMULATIVE) | names.str.contains(_CUMULATIVE),
        SECONDARY: rows["instrument"] == "secondary",
        NO_CASH: notes.str.contains(_NO_CASH),
        NOT_THE_FIRM: notes.str.contains(_NOT_THE_FIRM),
        CREDIT_LINE: debt & (notes + " " + names).str.contains(_CREDIT_LINE, flags=re.IGNORECASE),
        NOT_SIGNED: ~signed,
        UNKNOWN_AMOUNT: rows["amount_usd_m"].isna(),
    }
    treatment = pd.Series(COUNTED, index=rows.index, dtype="str")
    for reason in reversed(reasons):
        treatment = treatment.mask(reasons[reason], reason)
    return treatment


def _family(rows: pd.DataFrame) -> pd.Series:
    """Name the round a row belongs to: firm and name up to the comma."""
    return rows["company"].astype(str) + "/" + rows["round"].astype(str).str.split(",").str[0]


def _totals(rows: pd.DataFrame, notes: pd.Series) -> pd.Series:
    """Tell which rows are totals of others, and check each against its parts."""
    said = notes.str.contains(_TOTAL)
    family = _family(rows)
    for label in rows.index[said]:
        amounts = rows.loc[(family == family[label]) & ~said, "amount_usd_m"]
        whole = float(rows.loc[label, "amount_usd_m"])
        if abs(amounts.sum() - whole) > TOTAL_WITHIN * whole:
            raise ValueError(f"{label} says it is a total of {whole:g}, but its parts sum to {amounts.sum():g}")
    return said


def _parts_of_closed_totals(rows: pd.DataFrame, totals: pd.Series) -> pd.Series:
    family = _family(rows)
    done = family[totals & (rows["announced_or_closed"] == "closed")]
    return family.isin(set(done)) & ~totals


def _kinds(rows: pd.DataFrame, notes: pd.Series) -> pd.Series:
    kinds = rows["instrument"].astype(str)
    return kinds.mask((kinds == EQUITY) & notes.str.contains(_CREDITS), WITH_CREDITS)


def not_counted(counted: pd.DataFrame) -> pd.DataFrame:
    """List the rows that are not, or not wholly, new money, with the dollars left out.

    Parameters
    ----------
    counted : DataFrame
        From `count_rounds`.

    Returns
    -------
    DataFrame
        ``company``, ``date``, ``round``, ``amount_usd_m``, ``left_out_usd_m``, ``treatment``; row ids kept.
    """
    left = counted[counted["treatment"] != COUNTED]
    left_out = (left["amount_usd_m"] - left["counted_usd_m"].fillna(0)).rename("left_out_usd_m")
    return left[["company", "date", "round", "amount_usd_m"]].assign(left_out_usd_m=left_out).join(left["treatment"])


def raised_by_year(counted: pd.DataFrame, companies: Sequence[str] | None = None) -> pd.DataFrame:
    """Sum the new money of each firm, year and instrument.

    Parameters
    ----------
    counted : DataFrame
        From `count_rounds`.
    companies : sequence of str, optional
        Which firms, by default all.

    Returns
    -------
    DataFrame
        ``company``, ``year``, one column for each of `INSTRUMENTS`, ``raised_usd_m`` (their sum),
        ``unknown_rounds`` (rounds of that year whose amount is not known: the sum is then a lower bound)
        and ``rows`` (row ids that were summed). Only years with a round.
    """
    chosen = counted[counted["treatment"].isin([*IN_THE_SUMS, UNKNOWN_AMOUNT])]
    if companies is not None:
        chosen = chosen[chosen["company"].isin(list(companies))]
    table = []
    dated = chosen.assign(year=chosen["date"].dt.year)
    for (company, year), part in dated.groupby(["company", "year"], sort=True, observed=True):
        amounts = part.groupby("kind")["counted_usd_m"].sum()
        row: dict[str, object] = {"company": company, "year": year}
        row |= {kind: float(amounts.get(kind, 0.0)) for kind in INSTRUMENTS}
        row["raised_usd_m"] = float(part["counted_usd_m"].sum())
        row["unknown_rounds"] = int((part["treatment"] == UNKNOWN_AMOUNT).sum())
        table.append(row | {"rows": tuple(part.index)})
    return pd.DataFrame(table, columns=["company", "year", *INSTRUMENTS, "raised_usd_m", "unknown_rounds", "rows"])
