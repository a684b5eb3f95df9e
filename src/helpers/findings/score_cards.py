"""The scorecard as cards that read on a phone as on a screen: claim, verdicts, value, threshold, rule."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd

from helpers import units
from helpers.findings.marks import badge

NO_VERDICT = "unknown: no run states a verdict"
_ARROW = "\N{RIGHTWARDS ARROW}"


def cards(card: pd.DataFrame, then: str, now: str | None = None) -> str:
    """Return a card for each claim, as Markdown for `helpers.findings.say`.

    Parameters
    ----------
    card : DataFrame, one row a claim
        From `helpers.analysis.scorecard.scorecard`, with ``threshold`` in words.
    then : str
        ISO date of the earlier verdicts, or of the only ones.
    now : str, optional
        ISO date of the later verdicts.

    Returns
    -------
    str
        Links lead to the notebooks; the site makes each verdict a link to its trace.
    """
    return "\n\n".join(_card(row, then, now) for row in card.to_dict("records"))


def _card(row: Mapping[Any, Any], then: str, now: str | None) -> str:
    claim = str(row["claim_id"])
    verdicts = _verdict(row["then"], claim, then if now else "")
    value = _value(row["value_then"], row["unit"])
    if now:
        verdicts = f"{verdicts} {_ARROW} {_verdict(row['now'], claim, '')} {row['change']}".rstrip()
        later = _value(row["value_now"], row["unit"])
        value = later if later == value else f"{value} {_ARROW} {later}"
    return "\n\n".join(
        (
            '<div class="claim">',
            f"**{claim}** {escape(row['claim'], quote=False)}",
            verdicts,
            f"Value: {value}. Threshold: {escape(row['threshold'], quote=False)}. "
            f"Decided in [{row['notebook']}]({row['notebook']}.ipynb#claim-{claim}).",
            f'<details class="claim-rule"><summary>The rule</summary><p>{escape(row["rule"])}</p></details>',
            "</div>",
        )
    )


def _verdict(verdict: str | None, claim: str, as_of: str) -> str:
    return badge(verdict, claim, as_of) if isinstance(verdict, str) else NO_VERDICT


def _value(value: float | None, unit: str) -> str:
    return "none" if value is None or pd.isna(value) else units.write(value, unit)
