"""The rules that test the article's claims on what capex brings, one function a claim.

Each follows the column ``how_to_test`` of ``claims.csv``. Both need figures nobody discloses: AI
capex of any firm, AI revenue of most. `helpers.analysis.ai_returns` says what stands for them. Where
no builder's own AI revenue is known, the verdict is `not testable`, not a ratio with zero on top.
"""

from __future__ import annotations

import pandas as pd

from helpers.analysis.ai_returns import (
    ABOVE_BASE,
    ALL_CAPEX,
    BUILDERS,
    LIFE,
    RULES,
    alternatives,
)
from helpers.analysis.ai_write_offs import revenue_against_depreciation
from helpers.analysis.uncertainty import ranges
from helpers.analysis.verdict import NOT_SUPPORTED, PARTLY_SUPPORTED, SUPPORTED, Verdict, not_testable
from helpers.units import count, money

# The article cites 2 September 2025; A03 is about what was theoretical when it appeared.
ARTICLE_DAY = "2025-09-05"
# A18: "supported under 0.25, partly from 0.25 to 0.75, not supported above 0.75".
SUPPORTED_BELOW = 0.25
NOT_SUPPORTED_ABOVE = 0.75


def a18(
    cash_flows: pd.DataFrame,
    vendor_metrics: pd.DataFrame,
    financing: pd.DataFrame,
    assumptions: pd.DataFrame,
) -> Verdict:
    """A18, money goes out and does not yet come back: AI revenue over AI capex, both since 2023.

    The builders that state an AI revenue, over their own capex above the pace of 2022, to the last
    quarter they all cover. Of the two rules for AI capex this is the one kinder to the builders: it
    leaves out whatever went for AI inside the old pace, so that a ratio below 0.25 would be so under
    the other too. The other ways to form the ratio are in `alternatives`; the reason says whether
    one of them would change the verdict.
    """
    table = alternatives(cash_flows, vendor_metrics, financing, assumptions)
    deciding = table[table["deciding"]].iloc[0]
    ceiling = table[table["numerator"].str.startswith("all cloud growth")].iloc[0]
    if pd.isna(deciding["ratio"]):
        beside = ""
        if pd.notna(ceiling["ratio"]):
            beside = (
                " If all cloud growth of Amazon and Alphabet were AI, the ratio would be "
                f"{count(ceiling['ratio'], digits=2)} to {ceiling['to']}: a ceiling, not an answer."
            )
        return not_testable(f"Missing: {deciding['missing']}.{beside}", "ratio")
    ratio = float(deciding["ratio"])
    known = table["ratio"].dropna()
    others = sorted({band(value) for value in known} - {band(ratio)})
    change = f"; some of them would say {' or '.join(others)}" if others else "; none would change the verdict"
    reason = (
        f"From 2023 to {deciding['to']} the builders that state an AI revenue took in {money(deciding['revenue'])} of "
        f"it and spent {money(deciding['capex'])} above their pace of 2022, the kinder of two rules for AI capex: "
        f"{count(ratio, digits=2)} dollars for each. "
        f"Other ways to form the ratio give {count(known.min(), digits=2)} to {count(known.max(), digits=2)}{change}."
    )
    return Verdict(band(ratio), ratio, "ratio", reason, tuple(deciding["rows"]), tuple(deciding["assumptions"]))


def band(ratio: float) -> str:
    """Return the verdict of A18 for a ratio."""
    if ratio < SUPPORTED_BELOW:
        return SUPPORTED
    return NOT_SUPPORTED if ratio > NOT_SUPPORTED_ABOVE else PARTLY_SUPPORTED


def a03(cash_flows: pd.DataFrame, vendor_metrics: pd.DataFrame, assumptions: pd.DataFrame) -> Verdict:
    """A03, the return was still theoretical: firms whose AI revenue exceeds their AI depreciation.

    Supported if none of the five builders shows it, partly if some do, not supported if most do. It
    is about the article's day: the last statement dated before it counts, whenever it came out.
    The regression that the rule also asks for decides nothing: AI capex is not disclosed, and the
    notebook shows what one on all capex can see.
    """
    life = ranges(assumptions, [LIFE]).iloc[0]
    lives = {"mode": float(life["mode"]), "low": float(life["low"]), "high": float(life["high"])}
    table = revenue_against_depreciation(cash_flows, vendor_metrics, lives, day=ARTICLE_DAY)
    known = table[table["revenue"].notna() & table["mode"].notna()]
    if known.empty:
        return not_testable(
            f"Missing: AI revenue. No builder's own figure for the year before {ARTICLE_DAY} is in the tables as known "
            "on this day, and no firm discloses its AI depreciation.",
            "firms",
        )
    above = int((known["revenue"] > known["mode"]).sum())
    verdict = SUPPORTED if above == 0 else NOT_SUPPORTED if above > len(BUILDERS) / 2 else PARTLY_SUPPORTED
    every = revenue_against_depreciation(cash_flows, vendor_metrics, lives, day=ARTICLE_DAY, rule=ALL_CAPEX)
    strict = int((every["revenue"] > every["mode"]).sum())
    span = f"over {life['high']:.0f} to {life['low']:.0f} years"
    firms = "; ".join(
        f"{BUILDERS[str(row['ticker'])]} {money(float(row['revenue']))} a year against {money(float(row['mode']))} "
        f"({money(float(row['high']))} to {money(float(row['low']))} {span})"
        for row in known.to_dict("records")
    )
    reason = (
        f"AI revenue against the write-off of {RULES[ABOVE_BASE]}: {firms}. Above: {above} of {len(BUILDERS)} "
        f"builders; {len(table) - len(known)} disclose no AI revenue of that time. Counting all capex since 2023 as "
        f"AI: {strict}."
    )
    rows = tuple(dict.fromkeys(row for own in known["rows"] for row in own))
    return Verdict(verdict, float(above), "firms", reason, rows, (LIFE,))


def verdicts(
    cash_flows: pd.DataFrame,
    vendor_metrics: pd.DataFrame,
    financing: pd.DataFrame,
    assumptions: pd.DataFrame,
) -> dict[str, Verdict]:
    """Judge every claim of the notebook on the tables as known on some day."""
    return {
        "A03": a03(cash_flows, vendor_metrics, assumptions),
        "A18": a18(cash_flows, vendor_metrics, financing, assumptions),
    }
