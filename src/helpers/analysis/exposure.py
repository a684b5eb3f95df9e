"""What the open copyright suits could cost, by simulation, every range from the table of assumptions.

For each open suit whose complaint counts its works, before a court whose statute prices a work::

    cost = works x share eligible x amount a work x [lost] x [not overturned]

The first two factors and the amount are ranges of ignorance, drawn once a draw for all suits: nobody
knows the price of a work in one suit and not in the next. Whether a suit is lost is a draw for each
suit, and the draws are tied by one common factor (a Gaussian copula), because the suits turn on the
same question of law. Whether money once won is overturned, or never collected, is a draw for each.

Suits that count no works are not in it, so it is a part of the whole. Works are counted as alleged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy.stats
from scipy import special
from scipy.stats import qmc

from helpers.analysis.docket import defendants, is_open
from helpers.analysis.uncertainty import ranges

COLLECTION = "collection"
LISTED = "listed"
# From this number on a count is a collection that the complaint points at (Getty's library, the Books3
# set, an encyclopaedia, 44 million clips), not a list of the plaintiffs' registered works.
COLLECTION_WORKS = 100_000
CHANCE_OF_LOSING = "litigation_chance_of_losing"
OVERTURNED = "litigation_award_overturned"
COMMON_FATE = "litigation_common_fate"
ELIGIBLE = {LISTED: "litigation_share_eligible_listed", COLLECTION: "litigation_share_eligible_collection"}
# Before a large settlement is known the statute alone speaks; after, the settlement is the likeliest price.
AMOUNT_BY_STATUTE = "litigation_amount_a_work_by_statute"
AMOUNT_BY_SETTLEMENT = "litigation_amount_a_work_by_settlement"
LABELS = {
    CHANCE_OF_LOSING: "Chance of losing",
    OVERTURNED: "Chance that an award is undone",
    COMMON_FATE: "How far suits share one fate",
    ELIGIBLE[LISTED]: "Works eligible, of a list",
    ELIGIBLE[COLLECTION]: "Works eligible, of a collection",
    AMOUNT_BY_STATUTE: "Amount a work",
    AMOUNT_BY_SETTLEMENT: "Amount a work",
}
QUANTILES = (0.5, 0.9)
A_MILLION = 1_000_000
# The sequence has a dimension for each assumption, one for the common fate, and these for each suit: lost
# or not, undone later or not.
CHANCES_A_SUIT = 2
_TEN = 10.0
# Typed Any: the distributions of scipy.stats are made at run time, where type checkers do not see them.
_stats: Any = scipy.stats
WORKS_UNKNOWN = "works not counted"
NO_STATUTE = "no amount a work in the statute"
OVER = "over"
NOT_COPYRIGHT = "not copyright"


def statutory_range(statutory_damages: pd.DataFrame) -> pd.DataFrame:
    """Return what copyright statutes award for a work.

    Parameters
    ----------
    statutory_damages : DataFrame
        The table.

    Returns
    -------
    DataFrame
        By jurisdiction: a column a bound (``minimum``, ``maximum``, perhaps ``wilful maximum`` and
        ``innocent minimum``), USD a work. Statutes in other currencies, or that price something other
        than a work, are left out.
    """
    rows = statutory_damages[
        statutory_damages["act"].eq("Copyright Act")
        & statutory_damages["per"].eq("work")
        & statutory_damages["currency"].eq("USD")
    ]
    keys = [rows["jurisdiction"].astype("str"), rows["kind"].astype("str")]
    bounds: pd.DataFrame = rows["amount"].groupby(keys).first().unstack()  # noqa: PD010 - no aggregation is meant
    return bounds


def left_out(docket: pd.DataFrame, statutory: pd.DataFrame) -> pd.Series:
    """Say why a case is not simulated; missing where it is.

    Returns
    -------
    Series of str
        On the index of `docket`; the first reason that applies.
    """
    reason = pd.Series(pd.NA, index=docket.index, dtype="str", name="reason")
    reason = reason.mask(docket["works_at_issue"].isna(), WORKS_UNKNOWN)
    reason = reason.mask(~docket["jurisdiction"].astype(str).isin(statutory.index), NO_STATUTE)
    reason = reason.mask(~is_open(docket), OVER)
    return reason.mask(docket["claim_type"] != "copyright", NOT_COPYRIGHT)


def cases(docket: pd.DataFrame, statutory: pd.DataFrame) -> pd.DataFrame:
    """Return the suits that can be simulated.

    Parameters
    ----------
    docket : DataFrame
        As known on some day.
    statutory : DataFrame
        From `statutory_range`.

    Returns
    -------
    DataFrame
        Indexed by row id: ``short_name``, ``defendant`` (the first named), ``works``, ``count``
        (`LISTED` or `COLLECTION`), ``floor_usd_m`` and ``ceiling_usd_m`` (all works at the statute's
        ordinary minimum and wilful maximum: what nobody expects) and ``claimed_usd_m``.
    """
    chosen = docket[left_out(docket, statutory).isna()]
    works = chosen["works_at_issue"].astype("float64")
    bounds = statutory.reindex(chosen["jurisdiction"].astype(str)).set_axis(chosen.index)
    bounds = bounds.reindex(columns=["minimum", "wilful maximum"])
    first = defendants(chosen).groupby(level=0, sort=False)["defendant"].first()
    return pd.DataFrame(
        {
            "short_name": chosen["short_name"],
            "defendant": first.reindex(chosen.index),
            "works": works,
            "count": np.where(works >= COLLECTION_WORKS, COLLECTION, LISTED),
            "floor_usd_m": works * bounds["minimum"] / A_MILLION,
            "ceiling_usd_m": works * bounds["wilful maximum"] / A_MILLION,
            "claimed_usd_m": chosen["damages_claimed_usd_m"],
        }
    )


def anchor(docket: pd.DataFrame) -> pd.DataFrame:
    """Return the largest copyright settlement whose amount and works are known, or no row."""
    known = docket["settlement_usd_m"].notna() & docket["works_at_issue"].notna() & docket["claim_type"].eq("copyright")
    found: pd.DataFrame = docket[known].sort_values("settlement_usd_m", kind="stable").tail(1)
    return found


def usd_a_work(settlement: pd.DataFrame) -> float | None:
    """Return dollars a work of the settlement that `anchor` gave; None where there is none."""
    if settlement.empty:
        return None
    row = settlement.iloc[0]
    return float(row["settlement_usd_m"]) * A_MILLION / float(row["works_at_issue"])


def assumption_ids(docket: pd.DataFrame) -> tuple[str, ...]:
    """Return the assumptions that hold on the day of the docket.

    The settlement sets the likeliest amount a work only once it is known.
    """
    amount = AMOUNT_BY_STATUTE if anchor(docket).empty else AMOUNT_BY_SETTLEMENT
    # Those that move the sum most come first: the first dimensions of a Sobol sequence are the most even.
    return (COMMON_FATE, amount, ELIGIBLE[COLLECTION], CHANCE_OF_LOSING, OVERTURNED, ELIGIBLE[LISTED])


def amount_of(ids: Sequence[str]) -> str:
    """Return which of the assumptions is the amount a work."""
    return AMOUNT_BY_SETTLEMENT if AMOUNT_BY_SETTLEMENT in ids else AMOUNT_BY_STATUTE


def simulate(
    suits: pd.DataFrame,
    assumptions: pd.DataFrame,
    ids: Sequence[str],
    draws: int,
    seed: int,
    pinned: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Simulate what each suit costs.

    The draws are a scrambled Sobol sequence: the tail of so skewed a sum settles with a fraction of the
    draws that a plain generator needs.

    Parameters
    ----------
    suits : DataFrame
        From `cases`; without any, the result has no columns.
    assumptions : DataFrame
        The table.
    ids : sequence of str
        From `assumption_ids`.
    draws, seed : int
        At least 1 draw. With more draws the first ones stay the same; a power of 2 is best.
    pinned : mapping of str to float, optional
        Assumptions held at one value, to see what hangs on them.

    Returns
    -------
    DataFrame of shape (draws, suits)
        USD millions; columns are row ids.
    """
    if draws < 1:
        raise ValueError(f"draws must be at least 1, not {draws}")
    if suits.empty:
        return pd.DataFrame(index=pd.RangeIndex(draws, name="draw"))
    dimensions = len(ids) + 1 + CHANCES_A_SUIT * len(suits)
    # Sobol sequences come in powers of 2; fewer draws are its beginning.
    sequence = qmc.Sobol(dimensions, rng=seed).random_base2((draws - 1).bit_length())[:draws]
    drawn = _draw(assumptions, ids, sequence)
    drawn |= {name: np.full(draws, value) for name, value in (pinned or {}).items()}
    owed = _owed_if_lost(suits, drawn, amount_of(ids))
    paid = _stays_paid(drawn, sequence[:, len(ids) :], len(suits))
    return pd.DataFrame(owed * paid, index=pd.RangeIndex(draws, name="draw"), columns=suits.index)


def _draw(assumptions: pd.DataFrame, ids: Sequence[str], uniform: Any) -> dict[str, Any]:
    """Turn uniform numbers into draws of the assumptions, by the inverse of each distribution."""
    return {
        str(name): _quantile(row, uniform[:, place])
        for place, (name, row) in enumerate(ranges(assumptions, ids).iterrows())
    }


def _quantile(row: pd.Series, share: Any) -> Any:
    """Return the quantiles of one assumption: what `_shape` gives too, which takes longer to make than to use."""
    low, width = float(row["low"]), float(row["high"] - row["low"])
    if row["distribution"] == "uniform":
        return share * width + low
    peak = (float(row["mode"]) - low) / width
    return np.where(share < peak, np.sqrt(peak * share), 1 - np.sqrt((1 - peak) * (1 - share))) * width + low


def _shape(row: pd.Series) -> Any:
    """Return the distribution of one assumption."""
    low, width = float(row["low"]), float(row["high"] - row["low"])
    if row["distribution"] == "uniform":
        return _stats.uniform(low, width)
    return _stats.triang((float(row["mode"]) - low) / width, low, width)


def _owed_if_lost(suits: pd.DataFrame, drawn: Mapping[str, Any], amount_id: str) -> Any:
    """Return works x share eligible x amount a work, USD millions, of shape (draws, suits)."""
    # The range is stated in powers of ten: the statute spans three of them.
    amount = _TEN ** drawn[amount_id]
    share = np.stack([drawn[ELIGIBLE[str(kind)]] for kind in suits["count"]], axis=1)
    return suits["works"].to_numpy() * share * amount[:, None] / A_MILLION


def _stays_paid(drawn: Mapping[str, Any], uniform: Any, suits: int) -> Any:
    """Return which suits end in money that stays paid, of shape (draws, suits)."""
    tie = drawn[COMMON_FATE][:, None]
    normal = special.ndtri(uniform[:, : suits + 1])
    latent = np.sqrt(tie) * normal[:, :1] + np.sqrt(1 - tie) * normal[:, 1:]
    lost = special.ndtr(latent) < drawn[CHANCE_OF_LOSING][:, None]
    return lost & (uniform[:, suits + 1 :] >= drawn[OVERTURNED][:, None])


def summary(simulated: pd.DataFrame) -> pd.Series:
    """Return mean and quoted quantiles of the sum over suits.

    Returns
    -------
    Series
        ``mean``, ``median``, ``p90`` (USD millions) and ``nothing`` (share of draws without any cost); all
        missing where there is no suit, for no suit that can be simulated is not a cost of zero.
    """
    if simulated.shape[1] == 0:
        return pd.Series(np.nan, index=["mean", "median", "p90", "nothing"])
    total = simulated.sum(axis=1)
    median, high = (float(total.quantile(share)) for share in QUANTILES)
    return pd.Series({"mean": float(total.mean()), "median": median, "p90": high, "nothing": float(total.eq(0).mean())})


def by_defendant(suits: pd.DataFrame, simulated: pd.DataFrame) -> pd.DataFrame:
    """Return the simulated cost by the defendant named first.

    Returns
    -------
    DataFrame
        One row a defendant, highest mean first: ``suits``, ``works``, ``mean``, ``p90``, ``claimed_usd_m``
        (missing where no suit states an amount), USD millions, and ``rows`` (row ids joined by ";").
    """
    table = []
    for name, group in suits.groupby("defendant", sort=False):
        numbers = summary(simulated[group.index])
        claimed = group["claimed_usd_m"].sum(min_count=1)
        rows = ";".join(group.index)
        table.append((name, len(group), group["works"].sum(), numbers["mean"], numbers["p90"], claimed, rows))
    columns = ["defendant", "suits", "works", "mean", "p90", "claimed_usd_m", "rows"]
    frame = pd.DataFrame(table, columns=columns).set_index("defendant")
    return frame.sort_values("mean", ascending=False, kind="stable")


def expected(suits: pd.DataFrame, values: Mapping[str, float], amount_id: str) -> float:
    """Return the mean cost of all suits at given values of the assumptions, USD millions.

    Exact: the common fate moves the spread and not the mean.
    """
    share = suits["count"].map({kind: values[name] for kind, name in ELIGIBLE.items()}).astype("float64")
    chance = values[CHANCE_OF_LOSING] * (1 - values[OVERTURNED])
    return float((suits["works"] * share).sum() * _TEN ** values[amount_id] * chance / A_MILLION)


def tornado(suits: pd.DataFrame, assumptions: pd.DataFrame, ids: Sequence[str]) -> pd.DataFrame:
    """Move one assumption at a time over its range, the others at their most plausible values.

    Parameters
    ----------
    suits : DataFrame
        From `cases`.
    assumptions : DataFrame
    ids : sequence of str
        From `assumption_ids`.

    Returns
    -------
    DataFrame
        One row an assumption that moves the mean, indexed by row id, widest first: ``id``, ``label``,
        ``low``, ``high`` (the range), ``at_low``, ``at_high``, ``central`` (mean cost, USD millions)
        and ``width``. No row where there is no suit.
    """
    chosen, amount_id = ranges(assumptions, ids), amount_of(ids)
    middle = {str(name): float(row["mode"]) for name, row in chosen.iterrows()}
    central = expected(suits, middle, amount_id)
    rows = []
    for name in (name for name in ids if name != COMMON_FATE and len(suits)):
        low, high = float(chosen["low"][name]), float(chosen["high"][name])
        ends = [expected(suits, {**middle, name: end}, amount_id) for end in (low, high)]
        rows.append((f"assumptions/{name}", name, LABELS[name], low, high, *ends, central, abs(ends[1] - ends[0])))
    columns = ["row", "id", "label", "low", "high", "at_low", "at_high", "central", "width"]
    return pd.DataFrame(rows, columns=columns).set_index("row").sort_values("width", ascending=False, kind="stable")


def place_of_settlement(price: float | None, assumptions: pd.DataFrame, amount_id: str) -> float | None:
    """Return how much of the assumed amount a work lies below the price really paid, per cent; for calibration."""
    if price is None:
        return None
    row = ranges(assumptions, [amount_id]).iloc[0]
    return 100 * float(_shape(row).cdf(np.log10(price)))


def median_amount(assumptions: pd.DataFrame, amount_id: str) -> float:
    """Return the median of the assumed amount a work, dollars."""
    middle = float(_shape(ranges(assumptions, [amount_id]).iloc[0]).median())
    return float(_TEN**middle)


def for_table(assumptions: pd.DataFrame, ids: Sequence[str]) -> pd.DataFrame:
    """Return the ranges as a reader sees them; an amount in powers of ten is also written in dollars."""
    chosen = ranges(assumptions, ids)
    table = chosen[["unit", "low", "mode", "high", "distribution", "note"]].reset_index(drop=True)
    table.insert(0, "range", [LABELS[str(name)] for name in chosen.index])
    logs = table["unit"].str.startswith("log10")
    table.loc[logs, ["low", "mode", "high"]] = (_TEN ** table.loc[logs, ["low", "mode", "high"]]).round()
    shape = table["distribution"].astype("str").mask(logs, table["distribution"].astype("str") + " in logarithms")
    unit = table["unit"].str.removeprefix("log10 ")
    return table.assign(unit=unit, distribution=shape).rename(columns={"note": "why"})
