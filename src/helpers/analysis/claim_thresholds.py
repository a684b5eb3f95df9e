"""The cut-offs of the rules that have a number, and how far a verdict is from turning.

Each ladder names the constants of the module that judges the claim, so that a cut-off stands in one place. A ladder is
*pure* where the value alone gives the verdict of every claim that can be tested; where the rule asks for more (a date,
a second condition, figures of each firm) the value decides only part of it, and the ladder says what else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor, isfinite

import pandas as pd

from helpers.analysis import (
    capex_claims,
    cash_flow_claims,
    dotcom_claims,
    funding_claims,
    litigation_claims,
    monetisation_claims,
    revenue_claims,
    ways_out_claims,
    who_pays_claims,
)
from helpers.analysis.ai_returns import BUILDERS
from helpers.analysis.claim_rules import ESTIMATE
from helpers.analysis.verdict import NOT_SUPPORTED, NOT_TESTABLE, PARTLY_SUPPORTED, SUPPORTED, Verdict
from helpers.units import NARROW_SPACE, count, write

LOW, HIGH = "a low value supports", "a high value supports"
# Units in which a value moves by whole steps.
WHOLE = ("quarters", "firms", "companies", "investors", "suits", "class actions", "of 3 firms")


@dataclass(frozen=True)
class Ladder:
    """Where a rule's verdict turns.

    Parameters
    ----------
    direction : str
        `LOW` or `HIGH`.
    supported : float
        The cut-off of *supported*.
    partly : float, optional
        The cut-off between *partly* and *not supported*; None where the rule, or the value, has no such step.
    supported_at, partly_at : bool
        Whether the cut-off itself still belongs to the better verdict.
    target : float, optional
        Where given, not the value counts but its distance from this figure.
    of_value : bool
        Whether that distance is in per cent of the value instead of the target.
    besides : str
        What else the rule asks for; empty where the ladder is pure.
    """

    direction: str
    supported: float
    partly: float | None = None
    supported_at: bool = False
    partly_at: bool = True
    target: float | None = None
    of_value: bool = False
    besides: str = ""

    @property
    def pure(self) -> bool:
        """Whether the value alone decides."""
        return not self.besides

    def measure(self, value: float) -> float:
        """Return what is compared with the cut-offs."""
        if self.target is None:
            return value
        base = value if self.of_value else self.target
        return 100 * abs(value - self.target) / abs(base) if base else float("inf")

    def verdict(self, value: float) -> str:
        """Return what the value alone says."""
        measured = self.measure(value)
        if self._passes(measured, self.supported, self.supported_at):
            return SUPPORTED
        if self.partly is not None and self._passes(measured, self.partly, self.partly_at):
            return PARTLY_SUPPORTED
        return NOT_SUPPORTED

    def _passes(self, measured: float, cut: float, at: bool) -> bool:
        if measured == cut:
            return at
        return measured < cut if self.direction == LOW else measured > cut

    @property
    def cuts(self) -> tuple[float, ...]:
        """The cut-offs, that of *supported* first."""
        return (self.supported,) if self.partly is None else (self.supported, self.partly)


_LAST_STEP = len(BUILDERS) / 2
LADDERS: dict[str, Ladder] = {
    "A01": Ladder(LOW, monetisation_claims.CAPEX_SUPPORTED_PERCENT, monetisation_claims.CAPEX_PARTLY_PERCENT),
    "A02": Ladder(LOW, -cash_flow_claims.FALL_PERCENT, besides="at least three firms fell"),
    # None of the builders; most of them.
    "A03": Ladder(LOW, 0, _LAST_STEP, supported_at=True),
    "A04": Ladder(
        HIGH, dotcom_claims.LARGE_FALL, dotcom_claims.SOME_FALL, besides="firms with falling cash flow fell more"
    ),
    "A05": Ladder(HIGH, monetisation_claims.DOUBLED, 1, supported_at=True, partly_at=False),
    "A07": Ladder(LOW, 100 * monetisation_claims.THIRD, 100 * monetisation_claims.TWO_THIRDS),
    "A09": Ladder(LOW, monetisation_claims.SHARE_SUPPORTED_PERCENT, monetisation_claims.SHARE_PARTLY_PERCENT),
    # Both quarters below zero; the rule's partly asks for other definitions.
    "A11": Ladder(HIGH, cash_flow_claims._TWO_QUARTERS, supported_at=True, besides="other definitions"),
    "A12": Ladder(HIGH, cash_flow_claims._TWO_QUARTERS, 1, supported_at=True, besides="the twelve months"),
    "A13": Ladder(LOW, 0, besides="the twelve months, and advertising revenue"),
    "A14": Ladder(LOW, 0, besides="the twelve months, and advertising revenue"),
    "A15": Ladder(HIGH, len(cash_flow_claims.FOUR_FIRMS), cash_flow_claims.PARTLY_FIRMS, supported_at=True),
    "A16": Ladder(HIGH, cash_flow_claims.WHOLE_PERCENT, cash_flow_claims.HALF_PERCENT, partly_at=False),
    "A18": Ladder(LOW, capex_claims.SUPPORTED_BELOW, capex_claims.NOT_SUPPORTED_ABOVE),
    "A21": Ladder(HIGH, 100 * funding_claims.MOST, 0, partly_at=False),
    "A22": Ladder(
        HIGH, len(cash_flow_claims.SAID_NEGATIVE + cash_flow_claims.SAID_LOWER), 1, supported_at=True
    ),
    "A25": Ladder(LOW, monetisation_claims.SHARE_SUPPORTED_PERCENT, monetisation_claims.SHARE_PARTLY_PERCENT),
    "A30": Ladder(LOW, 0, besides="significance"),
    "A31": Ladder(HIGH, 100 * funding_claims.MOST, 100 * funding_claims.MOST),
    "A33": Ladder(
        HIGH, funding_claims.SERIES_E_USD_M - funding_claims.SIZE_WITHIN_USD_M, supported_at=True,
        besides="the month",
    ),
    "A34": Ladder(HIGH, len(funding_claims.NAMED_INVESTORS), 1, supported_at=True),
    "A35": Ladder(
        LOW, funding_claims.POST_WITHIN_PERCENT, supported_at=True, target=funding_claims.SERIES_E_POST_USD_M
    ),
    "A36": Ladder(
        LOW, funding_claims.PREVIOUS_WITHIN_PERCENT, funding_claims.PREVIOUS_PARTLY_PERCENT, supported_at=True,
        target=funding_claims.PREVIOUS_USD_M,
    ),
    "A37": Ladder(
        LOW, 100 * funding_claims.SIZE_WITHIN_USD_M / funding_claims.SERIES_F_USD_M, supported_at=True,
        target=funding_claims.SERIES_F_USD_M, besides="the day",
    ),
    "A38": Ladder(
        LOW, funding_claims.POST_WITHIN_PERCENT, supported_at=True, target=funding_claims.SERIES_F_POST_USD_M
    ),
    "A39": Ladder(LOW, revenue_claims.CONVERSION_PERCENT, supported_at=True, besides="every base of users"),
    "A40": Ladder(
        LOW, 100 * funding_claims.OPENAI_ROUNDING_USD_M / funding_claims.OPENAI_USD_M, supported_at=True,
        target=funding_claims.OPENAI_USD_M, besides="the month",
    ),
    "A41": Ladder(HIGH, revenue_claims.SHARE_SUPPORTED_PERCENT, revenue_claims.SHARE_PARTLY_PERCENT),
    "A42": Ladder(
        LOW, revenue_claims.SUBSCRIBERS_WITHIN_PERCENT, supported_at=True, target=ESTIMATE.subscribers_m,
        of_value=True,
    ),
    "A44": Ladder(
        LOW, revenue_claims.BUSINESS_WITHIN_PERCENT, supported_at=True, target=ESTIMATE.business_usd_m,
        of_value=True,
    ),
    "A45": Ladder(LOW, ESTIMATE.doubled_usd_m, supported_at=True, besides="subscriptions alone"),
    "A46": Ladder(HIGH, revenue_claims.MARKET_SUPPORTED_PERCENT, revenue_claims.MARKET_PARTLY_PERCENT),
    "A47": Ladder(HIGH, ESTIMATE.weekly_users_m, supported_at=True),
    "A48": Ladder(
        LOW, 100 * revenue_claims.ROUNDING_M / ESTIMATE.monthly_users_m, supported_at=True,
        target=ESTIMATE.monthly_users_m, besides="whom the number counts",
    ),
    "A50": Ladder(HIGH, len(ways_out_claims.USAGE_SELLERS), supported_at=True),
    "A51": Ladder(LOW, 1, besides="every seller by use, and token volume"),
    "A53": Ladder(
        HIGH, ways_out_claims.GROWTH_SUPPORTED_PERCENT, ways_out_claims.GROWTH_PARTLY_PERCENT
    ),
    "A56": Ladder(
        HIGH, funding_claims.MOST * len(funding_claims.GIANTS), 0, partly_at=False, besides="how many are known"
    ),
    "A58": Ladder(HIGH, litigation_claims.DOUBLED, litigation_claims.ROSE, supported_at=True, partly_at=False),
    "A60": Ladder(
        HIGH, len(litigation_claims.A60_DEFENDANTS), supported_at=True, besides="class actions by others"
    ),
    "A61": Ladder(HIGH, litigation_claims.SEVERAL_SUITS, supported_at=True, besides="both firms, and related suits"),
    "A62": Ladder(HIGH, litigation_claims.A62_SUPPORTED_PERCENT, litigation_claims.A62_PARTLY_PERCENT),
    "A63": Ladder(HIGH, len(litigation_claims.SUNO_AND_UDIO), 1, supported_at=True),
    "A64": Ladder(HIGH, litigation_claims.SEVERAL_CLASS_ACTIONS, 1, supported_at=True),
    "A65": Ladder(HIGH, litigation_claims.A65_SUPPORTED_PERCENT, litigation_claims.A65_PARTLY_PERCENT),
    "A66": Ladder(HIGH, litigation_claims.A66_SUPPORTED_PERCENT, litigation_claims.A66_PARTLY_PERCENT),
    "A67": Ladder(HIGH, 100 * who_pays_claims.MOST, besides="how many are not supported"),
    "A68": Ladder(HIGH, who_pays_claims.OUTSIDE_SUPPORTED_PERCENT, who_pays_claims.OUTSIDE_PARTLY_PERCENT),
}  # fmt: skip


def in_words(claim: str, unit: str) -> str:
    """Return a claim's cut-offs as a reader sees them, or that the rule has to be read for them.

    Parameters
    ----------
    claim : str
    unit : str
        Unit of the claim's value.
    """
    if claim not in LADDERS:
        return "as the rule says"
    ladder = LADDERS[claim]
    unit = "percent" if ladder.target is not None else unit
    within = ladder.target is not None
    sign = {LOW: "under", HIGH: "over"}[ladder.direction]
    at = {LOW: "at most", HIGH: "at least"}[ladder.direction]

    def bound(cut: float, counts: bool) -> str:
        """Write one cut-off; between two whole numbers it is the one beyond it."""
        if unit in WHOLE and cut != int(cut):
            return f"{at} {_of_one(write(floor(cut) if ladder.direction == LOW else ceil(cut), unit))}"
        return f"{'within' if within else at if counts else sign} {_of_one(write(cut, unit))}"

    text = f"supported {bound(ladder.supported, ladder.supported_at)}"
    if ladder.partly is not None:
        text += f", partly {bound(ladder.partly, ladder.partly_at)}"
    return f"{text}; besides: {ladder.besides}" if ladder.besides else text


def _of_one(text: str) -> str:
    """Write one of a counted unit in the singular: "1 quarters" becomes "1 quarter"."""
    number, _, unit = text.partition(NARROW_SPACE)
    if number != "1" or unit not in WHOLE:
        return text
    return f"{number}{NARROW_SPACE}{'company' if unit == 'companies' else unit.removesuffix('s')}"


def distances(verdicts: Mapping[str, Verdict]) -> pd.DataFrame:
    """Return how far each value is from the nearest cut-off.

    Parameters
    ----------
    verdicts : mapping of claim id to Verdict

    Returns
    -------
    DataFrame, one row a claim with a ladder, a value and a verdict, nearest first
        ``claim_id``, ``verdict``, ``value``, ``unit``, ``cut`` (the nearest, in the unit of the value; for a ladder
        with a target the value at which the distance passes it), ``change`` (cut less value), ``percent`` (the
        change in per cent of the value's size; missing where the value is zero), ``to`` (the verdict
        on the other side, as far as the value decides), ``pure``, ``besides`` and ``matches``
        (the rule compares the value with a figure of the article: it fits or does not).
    """
    table = []
    for claim, one in verdicts.items():
        ladder = LADDERS.get(claim)
        if ladder is None or one.value is None or one.verdict == NOT_TESTABLE:
            continue
        cut = _nearest(ladder, one.value, one.unit)
        change = cut - one.value
        table.append(
            {
                "claim_id": claim, "verdict": one.verdict, "value": one.value, "unit": one.unit, "cut": cut,
                "change": change, "percent": 100 * change / abs(one.value) if one.value else float("nan"),
                "to": _other_side(ladder, one.value, cut, one.unit), "pure": ladder.pure, "besides": ladder.besides,
                "matches": ladder.target is not None,
            }
        )  # fmt: skip
    columns = ["claim_id", "verdict", "value", "unit", "cut", "change", "percent", "to", "pure", "besides", "matches"]
    result = pd.DataFrame(table, columns=columns)
    return result.sort_values("percent", key=lambda shares: shares.abs(), ignore_index=True)


def _nearest(ladder: Ladder, value: float, unit: str) -> float:
    """Return the nearest value at which the verdict turns; for whole units the first whole number beyond it."""
    if unit in WHOLE:
        steps = range(1, int(max(ladder.cuts) + abs(value)) + 2)
        ends = [value + side * step for step in steps for side in (-1, 1) if value + side * step >= 0]
        return next((end for end in ends if ladder.verdict(end) != ladder.verdict(value)), value)
    if ladder.target is None:
        return min(ladder.cuts, key=lambda cut: abs(cut - value))
    shares = [side * cut / 100 for cut in ladder.cuts for side in (-1, 1)]
    ends = [ladder.target / (1 + share) if ladder.of_value else ladder.target * (1 + share) for share in shares]
    return min(ends, key=lambda cut: abs(cut - value))


def _other_side(ladder: Ladder, value: float, cut: float, unit: str) -> str:
    """Return the verdict just beyond a cut-off, seen from the value."""
    if unit in WHOLE:
        return ladder.verdict(cut)
    # A tenth of a per cent of the cut-off, or of one, is beyond it and before the next.
    step = max(abs(cut), 1.0) / 1000
    if value == cut:
        here = ladder.verdict(value)
        return next((found for side in (-step, step) if (found := ladder.verdict(cut + side)) != here), here)
    return ladder.verdict(cut + step if cut > value else cut - step)


def change_in_words(row: Mapping[str, object]) -> str:
    """Say what change of the value reaches the cut-off, for a row of `distances`."""
    change, unit = float(str(row["change"])), str(row["unit"])
    if not isfinite(change):
        return "unknown"
    size = abs(change)
    if change == 0:
        return "at the cut-off"
    if unit in WHOLE:
        return f"{count(size)} {'more' if change > 0 else 'fewer'}"
    return f"{'up' if change > 0 else 'down'} by {write(size, unit)}"
