"""Every claim judged by its rule on two days, for the tests of what is made of the verdicts."""

from __future__ import annotations

from functools import cache

import pandas as pd

from helpers import tables
from helpers.analysis import claim_rules, who_pays_claims
from helpers.analysis.verdict import Verdict

ARTICLE, LATEST = "2025-09-05", "2026-10-31"


@cache
def load(name: str, day: str) -> pd.DataFrame:
    """Return a table as known on a day; an empty day stands for the whole table."""
    return tables.load(name, as_of=day or None)


@cache
def judged(day: str) -> dict[str, Verdict]:
    """Return the verdict of every claim on a day, the sum of the others last."""
    claims = load("claims", "")
    found = {}
    for claim, notebook in zip(claims["claim_id"].astype(str), claims["notebook"].astype(str), strict=True):
        rule = claim_rules.rule_of(claim, notebook)
        if rule is not None:
            found[claim] = rule(load, day)
    return {**found, "A67": who_pays_claims.a67(found, claims)}


def document(**verdicts_by_day: dict[str, Verdict]) -> dict:
    """Return findings as ``results.json`` holds them, an edition a keyword: its day with underscores for hyphens."""
    home = load("claims", "").set_index("claim_id")["notebook"].astype(str)
    editions: dict[str, dict] = {}
    for name, verdicts in verdicts_by_day.items():
        day = name.removeprefix("on_").replace("_", "-")
        notebooks: dict[str, dict] = {}
        for claim, one in verdicts.items():
            entry = {
                "verdict": one.verdict, "value": one.value, "unit": one.unit, "reason": one.reason, "grade": "filed",
                "rows": list(one.rows), "assumptions": list(one.assumptions), "cell": "a field of another version",
            }  # fmt: skip
            notebooks.setdefault(home[claim], {"status": "ok", "numbers": {}, "claims": {}})["claims"][claim] = entry
        editions[name] = {"as_of": day, "notebooks": notebooks}
    return {"schema": 1, "editions": editions}
