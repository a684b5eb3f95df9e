"""The parts of the litigation notebook joined: the docket, the simulated cost, the money it meets.

Each part has a module of its own: `docket` (reading the cases), `filings_trend`, `time_to_outcome`,
`exposure` (the simulation), `awards` (what became of earlier ones), `legal_bill` (amounts and means) and
`litigation_claims` (the rules).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from helpers.analysis import exposure, legal_bill
from helpers.analysis.docket import by_regulator, is_open

FORMATS = {
    "90th percentile": "USD m", "mean": "USD m", "revenue": "USD m", "raised": "USD m", "of revenue": "percent",
    "of raised": "percent", "of capex": "percent",
}  # fmt: skip


@dataclass(frozen=True)
class Exposure:
    """The simulated exposure of one docket.

    Parameters
    ----------
    suits : DataFrame
        From `helpers.analysis.exposure.cases`.
    simulated : DataFrame of shape (draws, suits)
        USD millions.
    assumptions : tuple of str
        Ids of the ranges that were used.
    """

    suits: pd.DataFrame
    simulated: pd.DataFrame
    assumptions: tuple[str, ...]

    @cached_property
    def total(self) -> pd.Series:
        """Mean, median, 90th percentile of all suits, and the share of draws without a cost."""
        return exposure.summary(self.simulated)

    def part(self, count: str) -> pd.Series:
        """Return the same of the suits with one kind of count, `LISTED` or `COLLECTION`."""
        return exposure.summary(self.simulated[self.suits.index[self.suits["count"] == count]])

    @property
    def collections(self) -> pd.DataFrame:
        """The suits whose complaints count a whole collection."""
        rows: pd.DataFrame = self.suits[self.suits["count"] == exposure.COLLECTION]
        return rows

    def shift(self, draws: int) -> pd.Series:
        """Return how far mean, median and 90th percentile move, per cent, from the first draws to all."""
        before = exposure.summary(self.simulated.iloc[:draws])
        # A quantile that was zero has no percentage.
        return 100 * (self.total / before.where(before > 0) - 1).abs().drop("nothing")


def expose(
    docket: pd.DataFrame, statutory_damages: pd.DataFrame, assumptions: pd.DataFrame, draws: int, seed: int
) -> Exposure:
    """Simulate what the open copyright suits could cost.

    Parameters
    ----------
    docket : DataFrame
        As known on some day.
    statutory_damages, assumptions : DataFrame
    draws, seed : int

    Returns
    -------
    Exposure
        Of no suit where none counts its works under a statute that prices a work.
    """
    suits = exposure.cases(docket, exposure.statutory_range(statutory_damages))
    ids = exposure.assumption_ids(docket)
    return Exposure(suits, exposure.simulate(suits, assumptions, ids, draws, seed), ids)


def claimed(docket: pd.DataFrame) -> pd.DataFrame:
    """Return the open lawsuits that state an amount, largest first."""
    stated = is_open(docket) & ~by_regulator(docket) & docket["damages_claimed_usd_m"].notna()
    rows: pd.DataFrame = docket[stated].sort_values("damages_claimed_usd_m", ascending=False, kind="stable")
    return rows


def scale(docket: pd.DataFrame, exposed: Exposure, cash_flows: pd.DataFrame) -> pd.DataFrame:
    """Put the amounts side by side, from what was paid to what is built.

    Returns
    -------
    DataFrame
        One row an amount that is known: ``amount`` (in words), ``usd_m``, ``kind`` (``stated``,
        ``simulated`` or ``capex``).
    """
    bill, asked, capex = (
        legal_bill.settlements_and_fines(docket),
        claimed(docket),
        legal_bill.trailing_capex(cash_flows),
    )
    rows = [
        ("Settlements and fines that stand", bill["usd_m"].sum(min_count=1), "stated"),
        ("Claimed by open suits that state an amount", asked["damages_claimed_usd_m"].sum(min_count=1), "stated"),
    ]
    total = exposed.total
    rows += [
        ("Open suits that list their works, 90th percentile", exposed.part(exposure.LISTED)["p90"], "simulated"),
        ("All open suits that count works, median", total["median"], "simulated"),
        ("All open suits that count works, mean", total["mean"], "simulated"),
        ("All open suits that count works, 90th percentile", total["p90"], "simulated"),
        ("Capex of the five builders, one year", capex["capex"].sum(min_count=1), "capex"),
    ]
    frame = pd.DataFrame(rows, columns=["amount", "usd_m", "kind"]).astype({"usd_m": "float64"})
    # Nothing is not an amount: a logarithmic axis has no place for it either.
    return frame[frame["usd_m"] > 0].reset_index(drop=True)


def against_means(firms: pd.DataFrame, means: pd.DataFrame) -> pd.DataFrame:
    """Hold each defendant's exposure against what it earns and has raised.

    Parameters
    ----------
    firms : DataFrame
        From `helpers.analysis.exposure.by_defendant`.
    means : DataFrame
        From `helpers.analysis.legal_bill.means`.

    Returns
    -------
    DataFrame
        Indexed by defendant, highest mean first: the columns of `exposure.by_defendant` and ``revenue``,
        ``raised``, ``capex``, ``percent_of_revenue``, ``percent_of_raised``, ``percent_of_capex`` (the
        90th percentile over each; missing where the tables know no figure).
    """
    table = firms.join(means[["revenue", "raised", "capex", "basis"]])
    for column in ("revenue", "raised", "capex"):
        table[f"percent_of_{column}"] = 100 * table["p90"] / table[column]
    return table


def for_table(compared: pd.DataFrame) -> pd.DataFrame:
    """Return `against_means` as a reader sees it."""
    heads = {
        "mean": "mean", "p90": "90th percentile", "revenue": "revenue", "basis": "revenue is", "raised": "raised",
        "percent_of_revenue": "of revenue", "percent_of_raised": "of raised", "percent_of_capex": "of capex",
    }  # fmt: skip
    return compared[list(heads)].rename(columns=heads).reset_index()


def collection_share(exposed: Exposure) -> float | None:
    """Return how much of the mean comes from complaints that count a collection, per cent."""
    if exposed.suits.empty:
        return None
    if exposed.collections.empty:
        return 0.0
    return 100 * float(exposed.part(exposure.COLLECTION)["mean"] / exposed.total["mean"])


def times_to_threshold(value: float | None, threshold: float) -> float | None:
    """Return how many times a value would have to grow to reach a threshold; None where it is unknown."""
    return None if value is None or value <= 0 else threshold / value
