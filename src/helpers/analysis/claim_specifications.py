"""How robust the verdicts are: each rule asked again under other choices that could be defended.

Choices are declared here, claim by claim: another definition of free cash flow, another denominator, another scope, an
assumption at its other end. The rules themselves stay what they are; they are given other input, or the figure they
judge is formed another way. A claim without a meaningful alternative (a date, a docket, a price list) has none, and
that is said rather than filled. Nor has a rule that weighs the alternatives itself: A11 asks for three definitions and
A39 for every base of users, and one of them alone could never give their *partly*. A20 sets capex beside operating cash
flow: that is one figure, whatever free cash flow is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from helpers.analysis import (
    ai_returns,
    ai_revenue_disclosure,
    ai_usage,
    ai_write_offs,
    capex_claims,
    capex_runway,
    cash_flow_claims,
    funding_claims,
    litigation_claims,
    monetisation_claims,
    revenue_claims,
    spending_mix,
    ways_out_claims,
    who_pays_claims,
)
from helpers.analysis.claim_rules import Load, arguments
from helpers.analysis.claim_thresholds import LADDERS
from helpers.analysis.free_cash_flow import DEFINITIONS
from helpers.analysis.monetisation_evidence import Evidence as MonetisationEvidence
from helpers.analysis.uncertainty import ranges
from helpers.analysis.verdict import NOT_TESTABLE, Verdict

# What a choice changes.
DEFINITION, DENOMINATOR, SCOPE, ASSUMPTION = "definition", "denominator", "scope", "assumption"
# A choice: what kind it is, its words, and the verdict under it.
Choice = tuple[str, str, str]
Choices = Callable[[Load, str], Iterator[Choice]]
OWN_CHOICE, OWN_DEFINITION = "as the rule says", "company"
_ENDS = ("low", "high")


def specifications(load: Load, as_of: str, others: dict[str, Verdict], claims: pd.DataFrame) -> pd.DataFrame:
    """Judge every claim that has alternatives under each of them.

    Parameters
    ----------
    load : callable
        Gives a table as known on a day.
    as_of : str
        ISO date.
    others : dict of claim id to Verdict
        The verdicts of that day: each is the specification the rule itself names, and A67 is their sum.
    claims : DataFrame
        The table ``claims``.

    Returns
    -------
    DataFrame, one row a claim and choice, the rule's own first
        ``claim_id``, ``kind``, ``choice``, ``verdict``, ``own`` (the rule's own choice) and ``holds`` (the same
        verdict as the rule's own). Left out are claims nobody judged or could test, and choices whose figures are not
        known: what cannot be asked cannot disagree.
    """
    table = []
    for claim, choices in {**ALTERNATIVES, "A67": _sums(others, claims)}.items():
        if claim not in others:
            continue
        own = others[claim].verdict
        asked = [choice for choice in choices(load, as_of) if choice[2] != NOT_TESTABLE]
        if not asked or own == NOT_TESTABLE:
            continue
        table.append((claim, "", OWN_CHOICE, own, True, True))
        table += [(claim, kind, words, found, False, found == own) for kind, words, found in asked]
    return pd.DataFrame(table, columns=["claim_id", "kind", "choice", "verdict", "own", "holds"])


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """Return for each claim the share of specifications under which its verdict holds.

    Returns
    -------
    DataFrame, one row a claim, least robust first
        ``claim_id``, ``verdict`` (the rule's own), ``specifications`` (with the rule's own), ``holding``, ``percent``
        and ``otherwise`` (the other verdicts, with how often each).
    """
    rows = []
    for claim, part in table.groupby("claim_id", sort=False):
        own = str(part.loc[part["own"], "verdict"].iloc[0])
        other = part.loc[~part["holds"], "verdict"].value_counts()
        rows.append(
            {
                "claim_id": claim, "verdict": own, "specifications": len(part), "holding": int(part["holds"].sum()),
                "percent": 100 * float(part["holds"].mean()),
                "otherwise": ", ".join(f"{number} {name}" for name, number in other.items()),
            }
        )  # fmt: skip
    columns = ["claim_id", "verdict", "specifications", "holding", "percent", "otherwise"]
    return pd.DataFrame(rows, columns=columns).sort_values(["percent", "claim_id"], ignore_index=True)


def _definitions(rule: Callable[..., Verdict]) -> Choices:
    """Ask a rule on free cash flow under the other definitions."""

    def choices(load: Load, day: str) -> Iterator[Choice]:
        given = arguments(rule, load, day)
        for name, words in DEFINITIONS.items():
            if name != OWN_DEFINITION:
                yield DEFINITION, f"free cash flow: {words}", rule(**given, definition=name).verdict

    return choices


def _pinned(rule: Callable[..., Verdict], ids: tuple[str, ...], extra: Choices | None = None) -> Choices:
    """Ask a rule with each assumption at its ends, after its other alternatives."""

    def choices(load: Load, day: str) -> Iterator[Choice]:
        if extra is not None:
            yield from extra(load, day)
        for name in ids:
            for end in _ENDS:

                def pinned(table: str, when: str, name: str = name, end: str = end) -> pd.DataFrame:
                    return _pin(load(table, when), name, end) if table == "assumptions" else load(table, when)

                words = f"{name.replace('_', ' ')} at its {end} end"
                yield ASSUMPTION, words, rule(**arguments(rule, pinned, day)).verdict

    return choices


def _pin(assumptions: pd.DataFrame, name: str, end: str) -> pd.DataFrame:
    """Move the middle of one assumption to one of its ends."""
    chosen = assumptions["id"].astype(str) == name
    return assumptions.assign(mode=assumptions["mode"].mask(chosen, assumptions[end]))


def _ladder(claim: str, value: float) -> str:
    return LADDERS[claim].verdict(value)


def _a01(load: Load, day: str) -> Iterator[Choice]:
    """Set other vendors' revenue over other stand-ins for AI capex."""
    stated = ai_revenue_disclosure.statements(load("vendor_metrics", day))
    last = ai_revenue_disclosure.last_ratios(ai_revenue_disclosure.against_capex(load("cash_flows", day), stated))
    for row in last[~last["deciding"].astype(bool)].to_dict("records"):
        words = f"{row['numerator']} over {row['denominator']}"
        yield DENOMINATOR, words, monetisation_claims.capex_band(float(row["percent"]))


def _a03(load: Load, day: str) -> Iterator[Choice]:
    """Take all capex instead of that above 2022, and each life of the equipment."""
    lives = ranges(load("assumptions", day), [ai_returns.LIFE]).iloc[0][["low", "mode", "high"]].astype(float)
    for rule in ai_returns.RULES:
        table = ai_write_offs.revenue_against_depreciation(
            load("cash_flows", day), load("vendor_metrics", day), dict(lives), day=capex_claims.ARTICLE_DAY, rule=rule
        )
        known = table[table["revenue"].notna() & table["mode"].notna()]
        for life in lives.index:
            if len(known) and (rule, life) != (ai_returns.ABOVE_BASE, "mode"):
                words = f"{ai_returns.RULES[rule]}, over {lives[life]:g} years"
                yield DENOMINATOR, words, _ladder("A03", float((known["revenue"] > known[life]).sum()))


def _a05(load: Load, day: str) -> Iterator[Choice]:
    """Judge each official survey by itself."""
    usage, years = load("ai_usage", day), monetisation_claims.SURVEY_YEARS
    rows = usage[usage["date"].dt.year.between(*years) & usage["series"].astype(str).isin(ai_usage.SURVEYS)]
    for row in ai_usage.series_growth(rows).to_dict("records"):
        yield SCOPE, f"{row['region']}: {row['series'].replace('_', ' ')}", _ladder("A05", float(row["times"]))


def _a09(load: Load, day: str) -> Iterator[Choice]:
    """Judge each firm by itself."""
    stated = ai_revenue_disclosure.statements(load("vendor_metrics", day))
    shares_ = ai_revenue_disclosure.share_of_revenue(load("cash_flows", day), stated)
    last = shares_[shares_["vendor"].isin(monetisation_claims.ENTITIES)].groupby("vendor", sort=False).tail(1)
    for row in last.to_dict("records"):
        yield SCOPE, f"{row['vendor']} alone", _ladder("A09", float(row["percent"]))


def _a18(load: Load, day: str) -> Iterator[Choice]:
    """Form the ratio in the other ways that notebook 04 lists."""
    names = ("cash_flows", "vendor_metrics", "financing", "assumptions")
    table = ai_returns.alternatives(*(load(name, day) for name in names))
    for row in table[~table["deciding"] & table["ratio"].notna()].to_dict("records"):
        yield DENOMINATOR, f"{row['numerator']}; {row['denominator']}", capex_claims.band(float(row["ratio"]))


def _a31(load: Load, day: str) -> Iterator[Choice]:
    """Judge the two largest firms alone, and the others without them."""
    rounds, metrics = load("funding_rounds", day), load("vendor_metrics", day)
    large = rounds["company"].isin(list(ai_returns.MODEL_MAKERS))
    for words, part in (("OpenAI and Anthropic alone", rounds[large]), ("all firms but these two", rounds[~large])):
        yield SCOPE, words, funding_claims.a31(part, metrics, day).verdict


def _without(rule: Callable[[pd.DataFrame], Verdict], metrics: dict[str, str]) -> Choices:
    """Ask a rule on vendor metrics without one of them."""

    def choices(load: Load, day: str) -> Iterator[Choice]:
        table = load("vendor_metrics", day)
        for metric, words in metrics.items():
            yield DENOMINATOR, words, rule(table[table["metric"].astype(str) != metric]).verdict

    return choices


def _a51(load: Load, day: str) -> Iterator[Choice]:
    """Judge each seller by use alone."""
    evidence = arguments(ways_out_claims.a51, load, day)["evidence"]
    metrics = evidence.vendor_metrics
    for left_out in ways_out_claims.USE_BASED:
        rest = [name for name in ways_out_claims.USE_BASED if name != left_out]
        given = MonetisationEvidence(
            day, evidence.cash_flows, metrics[metrics["company"] != left_out], evidence.ai_prices, evidence.ai_usage
        )
        yield SCOPE, f"{' and '.join(rest)} alone", ways_out_claims.a51(given).verdict


def _a62(load: Load, day: str) -> Iterator[Choice]:
    """Ask what notebook 07 asks: each range at its ends, and the largest suits left out."""
    evidence = litigation_claims.Evidence(
        docket=load("litigation", day),
        cash_flows=load("cash_flows", day),
        vendor_metrics=load("vendor_metrics", day),
        funding_rounds=load("funding_rounds", day),
        statutory_damages=load("statutory_damages", day),
        assumptions=load("assumptions", day),
        as_of=day,
        draws=WHAT_IF_DRAWS,
        seed=WHAT_IF_SEED,
    )
    for row in litigation_claims.what_if(evidence).iloc[1:].to_dict("records"):
        kind = SCOPE if str(row["changed"]).startswith("without") else ASSUMPTION
        yield kind, str(row["changed"]), str(row["verdict"])


# A what-if asks for a verdict, not for the last digit; `what_if` takes a quarter of these.
WHAT_IF_DRAWS, WHAT_IF_SEED = 32_768, 20250905


def _a68(load: Load, day: str) -> Iterator[Choice]:
    """Take the other convention of what pays first, and builders and model makers apart."""
    tables = (load("cash_flows", day), load("financing", day), load("vendor_metrics", day))
    conventions = spending_mix.OPERATIONS_FIRST, spending_mix.PRO_RATA_AT_LEAST
    mix, other = spending_mix.spending_mixes(*tables, day, conventions).values()
    for kind in (spending_mix.BUILDER, spending_mix.MODEL_MAKER):
        yield SCOPE, f"{kind}s alone", who_pays_claims.judge_mix(mix[mix["kind"] == kind]).verdict
    yield DEFINITION, spending_mix.PRO_RATA_AT_LEAST, who_pays_claims.judge_mix(other).verdict


def _sums(others: dict[str, Verdict], claims: pd.DataFrame) -> Choices:
    """Sum other sets of claims than A67 does."""

    def choices(_load: Load, _day: str) -> Iterator[Choice]:
        wanted = who_pays_claims.counted_tests(claims)
        quantity = claims.set_index("claim_id")["quantity"].fillna("").astype(str)
        cash = [name for name in wanted if "revenue" not in quantity[name].lower()]
        section = claims["section"].astype(str)
        sections = sorted(claims.loc[section.isin(["Cash flow", "Monetisation"]), "claim_id"].astype(str))
        every = sorted(name for name in others if name < "A67")
        sets = {
            "free cash flow alone": cash,
            "revenue alone": [name for name in wanted if name not in cash],
            "all of the sections on cash flow and monetisation": sections,
            "all claims above it": every,
        }
        for words, names in sets.items():
            yield SCOPE, words, who_pays_claims.score(others, names).verdict
        whole = who_pays_claims.score(others, wanted, count_untestable=True)
        yield DENOMINATOR, "over all tests, testable or not", whole.verdict

    return choices


ALTERNATIVES: dict[str, Choices] = {
    "A01": _a01,
    "A02": _definitions(cash_flow_claims.a02),
    "A03": _a03,
    "A05": _a05,
    "A09": _a09,
    "A13": _definitions(cash_flow_claims.a13),
    "A14": _definitions(cash_flow_claims.a14),
    "A15": _definitions(cash_flow_claims.a15),
    "A16": _definitions(cash_flow_claims.a16),
    "A18": _a18,
    "A22": _definitions(cash_flow_claims.a22),
    "A31": _a31,
    "A46": _without(
        revenue_claims.a46,
        {"monthly_users_m": "share of web visits alone", "share_of_genai_web_visits": "share of users alone"},
    ),
    "A51": _a51,
    "A56": _pinned(funding_claims.a56, capex_runway.ASSUMPTIONS),
    "A62": _a62,
    "A68": _a68,
}
