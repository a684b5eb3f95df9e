"""The rules of notebook 08: who said it, who leads, who pays, how long, and the sum of all verdicts.

Each follows the column ``how_to_test`` of ``claims.csv``. A67 is judged by the verdicts of the other claims, whatever
notebook gave them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from helpers.analysis import patience, spending_mix
from helpers.analysis import vendor_metrics as vendor
from helpers.analysis.ai_usage import TOKENS
from helpers.analysis.free_cash_flow import FIRMS
from helpers.analysis.money_flows import BUILDERS
from helpers.analysis.verdict import NOT_SUPPORTED, NOT_TESTABLE, PARTLY_SUPPORTED, SUPPORTED, Verdict, not_testable
from helpers.units import count, money, percent

ARTICLE_DAY = "2025-09-05"
# A08: "a MarketWatch piece of August 2025".
PUBLISHER, ARTICLE_MONTH = "MarketWatch", "2025-08"
# A67: "most", and the tests that count: those whose quantity in claims.csv is free cash flow or revenue.
MOST = 0.5
CASH_OR_REVENUE = r"\bFCF\b|free cash flow|revenue"
# A68: "more than half, partly 20-50".
OUTSIDE_SUPPORTED_PERCENT, OUTSIDE_PARTLY_PERCENT = 50.0, 20.0
# A57: an older figure does not say who leads today.
NEWEST_DAYS = 366
_SELLERS = ("OpenAI", "Anthropic", "Microsoft", "Amazon", "Google", "Meta", "xAI")
# Scopes that stand for all of a firm's AI, where the firm itself is more than AI, or for the product its users are
# counted on; the rest are parts.
_SCOPES = {
    "Microsoft": "AI business", "Amazon": "AWS AI services", "Google": "Gemini app", "Meta": "Meta AI",
    "Anthropic": "Claude app", "xAI": "Grok",
}  # fmt: skip
REVENUE, USERS, TOKEN_COUNT = "stated AI revenue, run-rate", "monthly users", "tokens a month"


@dataclass(frozen=True)
class Evidence:
    """The tables a verdict may use, all as known on the same day.

    Parameters
    ----------
    cash_flows, financing, vendor_metrics, ai_usage, stock_prices, dotcom_firms, sources : DataFrame
        Indexed by row id.
    claims : DataFrame
        The claims themselves, with ``claim_id`` and ``quantity``.
    as_of : str
        ISO date of that day.
    others : mapping of claim id to Verdict
        The verdicts of the other notebooks on the same day; a claim nobody judged is not in it.
    """

    cash_flows: pd.DataFrame
    financing: pd.DataFrame
    vendor_metrics: pd.DataFrame
    ai_usage: pd.DataFrame
    stock_prices: pd.DataFrame
    dotcom_firms: pd.DataFrame
    sources: pd.DataFrame
    claims: pd.DataFrame
    as_of: str
    others: Mapping[str, Verdict]


# Which tables the fields of `Evidence` are, for whoever loads them.
TABLES = (
    "cash_flows", "financing", "vendor_metrics", "ai_usage", "stock_prices", "dotcom_firms", "sources", "claims",
)  # fmt: skip


def verdicts(evidence: Evidence) -> dict[str, Verdict]:
    """Judge every claim of the notebook."""
    e = evidence
    return {
        "A08": a08(e.sources),
        "A57": a57(e.vendor_metrics, e.ai_usage, e.as_of),
        "A67": a67(e.others, e.claims),
        "A68": a68(e.cash_flows, e.financing, e.vendor_metrics, e.as_of),
        "A69": a69(e.cash_flows, e.stock_prices, e.dotcom_firms),
    }


def a08(sources: pd.DataFrame) -> Verdict:
    """A08, MarketWatch wrote it in August 2025: asks for the original text, which no table holds.

    Supported only if a piece of that month states it. A table of sources names pieces and does not hold their words,
    so that one alone would not support the claim either.
    """
    published = sources["publisher"].astype(str).str.contains(PUBLISHER, case=False)
    pieces = sources[published & sources["date"].astype(str).str.startswith(ARTICLE_MONTH)]
    found = (
        f"the sources name {len(pieces)} of its pieces of that month, without their words"
        if len(pieces)
        else f"none of the {len(sources)} sources of the tables is a piece of {PUBLISHER}'s of that month"
    )
    return not_testable(
        f"Missing: the original text of {PUBLISHER}, August 2025; {found}. The sentence stays attributed to "
        "Developpez.com.",
        "pieces",
        tuple(pieces.index),
    )


def leaders(vendor_metrics: pd.DataFrame, ai_usage: pd.DataFrame, as_of: str) -> pd.DataFrame:
    """Rank the firms by stated AI revenue and by adoption, each on its own measure.

    Parameters
    ----------
    vendor_metrics, ai_usage : DataFrame
        As known on `as_of`.
    as_of : str
        ISO date; a figure older than `NEWEST_DAYS` is left out.

    Returns
    -------
    DataFrame, one row a measure and firm, largest first within each measure, on the row ids
        ``measure``, ``company``, ``value``, ``unit``, ``date``, ``share`` (per cent of the firms counted). The shares
        are of what is stated, not of a market: OpenAI's revenue is net of its partner's share, Anthropic's gross, and
        Microsoft's holds what OpenAI pays it.
    """
    measures = {REVENUE: ("annualised_revenue_usd_m", "USD m"), USERS: ("monthly_users_m", "million")}
    parts = []
    for measure, (metric, unit) in measures.items():
        for company in _SELLERS:
            rows = vendor.select(vendor_metrics, metric, company=company, scopes=("company", _SCOPES.get(company, "")))
            own = rows[rows["scope"].astype(str) == _SCOPES.get(company, "company")]
            parts.append((own if len(own) else rows).tail(1).assign(measure=measure, unit=unit))
    tokens = ai_usage[ai_usage["series"].astype(str).str.startswith(_TOKEN_SERIES)]
    last = tokens.sort_values("date").groupby(tokens["series"].astype(str)).tail(1)
    names = last["series"].astype(str).str.removeprefix(_TOKEN_SERIES).map(_TOKEN_FIRMS)
    parts.append(last.assign(company=names, measure=TOKEN_COUNT, unit="trillion tokens a month"))
    columns = ["measure", "company", "value", "unit", "date"]
    table = pd.concat([part[columns].astype({"company": "str"}) for part in parts])
    table = table[(pd.Timestamp(as_of) - table["date"]).dt.days <= NEWEST_DAYS]
    order = {measure: place for place, measure in enumerate((REVENUE, USERS, TOKEN_COUNT))}
    table = table.assign(order=table["measure"].map(order)).sort_values(["order", "value"], ascending=[True, False])
    total = table.groupby("measure")["value"].transform("sum")
    shared: pd.DataFrame = table.assign(share=100 * table["value"] / total)[[*columns, "share"]]
    return shared


_TOKEN_SERIES = TOKENS.removesuffix("google")
_TOKEN_FIRMS = {"google": "Google", "openai": "OpenAI"}


def a57(vendor_metrics: pd.DataFrame, ai_usage: pd.DataFrame, as_of: str) -> Verdict:
    """A57, the first giant to balance adoption and billing will dominate: a forecast with no date.

    Nothing that happens can contradict it, so it is not testable. Who leads on this day is told.
    """
    table = leaders(vendor_metrics, ai_usage, as_of)
    told = []
    for measure, part in table.groupby("measure", sort=False):
        first = part.iloc[0]
        size = money(first["value"]) if measure == REVENUE else count(first["value"], first["unit"])
        alone = "the only one with a figure" if len(part) == 1 else f"the largest of {len(part)}"
        told.append(f"by {measure} {first['company']} ({size}, {first['date']:%B %Y}, {alone})")
    ahead = set(table.drop_duplicates("measure")["company"])
    both = "; no firm leads by all of them" if len(ahead) > 1 else ""
    who = f"On {as_of} the leader is {'; '.join(told)}{both}" if told else f"On {as_of} no firm has a figure"
    return not_testable(
        f"Missing: a date by which the forecast could fail, and shares of a world AI market. {who}.",
        "percent",
        tuple(table.index),
    )


def counted_tests(claims: pd.DataFrame) -> list[str]:
    """Return the claims that A67 counts: a cash-flow or revenue quantity, and above A67 in the article."""
    above = claims["claim_id"].astype(str) < "A67"
    named = claims["quantity"].fillna("").astype(str).str.contains(CASH_OR_REVENUE, flags=re.IGNORECASE)
    return sorted(claims.loc[above & named, "claim_id"].astype(str))


def a67(others: Mapping[str, Verdict], claims: pd.DataFrame) -> Verdict:
    """A67, perhaps a financial mirage: the score of the cash-flow and revenue tests (`counted_tests`).

    Supported if more than half of those that can be tested are supported, not supported if more than half are not
    supported, partly where neither holds: mixed.
    """
    return score(others, counted_tests(claims))


def score(others: Mapping[str, Verdict], wanted: list[str], *, count_untestable: bool = False) -> Verdict:
    """Score some claims by the rule of A67.

    Parameters
    ----------
    others : mapping of claim id to Verdict
    wanted : list of str
        The claims that count.
    count_untestable : bool
        True also divides by the claims that could not be tested.

    Returns
    -------
    Verdict
        Its value is the share of supported claims, per cent.
    """
    judged = {name: others[name] for name in wanted if name in others}
    testable = {name: one for name, one in judged.items() if one.verdict != NOT_TESTABLE}
    if not testable:
        return not_testable(f"Missing: a verdict on any of the {len(wanted)} cash-flow and revenue claims.", "percent")
    base = len(judged) if count_untestable else len(testable)
    counts = {kind: sum(one.verdict == kind for one in testable.values()) for kind in _KINDS}
    verdict = PARTLY_SUPPORTED
    if counts[SUPPORTED] > MOST * base:
        verdict = SUPPORTED
    elif counts[NOT_SUPPORTED] > MOST * base:
        verdict = NOT_SUPPORTED
    each = ", ".join(f"{number} {kind}" for kind, number in counts.items())
    untested = len(wanted) - len(testable)
    reason = (
        f"Of {len(wanted)} claims on free cash flow or revenue {len(testable)} could be tested: {each}"
        f"{f'; {untested} could not' if untested else ''}. Most would be more than {percent(100 * MOST, 0)}."
    )
    rows = tuple(dict.fromkeys(row for one in testable.values() for row in one.rows))
    assumptions = tuple(dict.fromkeys(name for one in testable.values() for name in one.assumptions))
    return Verdict(verdict, 100 * counts[SUPPORTED] / base, "percent", reason, rows, assumptions)


_KINDS = (SUPPORTED, PARTLY_SUPPORTED, NOT_SUPPORTED)


def outside_band(share: float) -> str:
    """Return the verdict of A68 for the share of spending that outside money paid, per cent."""
    if share > OUTSIDE_SUPPORTED_PERCENT:
        return SUPPORTED
    return PARTLY_SUPPORTED if share >= OUTSIDE_PARTLY_PERCENT else NOT_SUPPORTED


def a68(cash_flows: pd.DataFrame, financing: pd.DataFrame, vendor_metrics: pd.DataFrame, as_of: str) -> Verdict:
    """A68, investors pay the bill: the share of AI spending that debt and equity paid, all firms together.

    The rule says "per firm" and not how firms make one verdict. The reading chosen here pools them: a dollar counts
    the same whoever spent it, so that a large builder outweighs a small model maker. The reason also says how many
    firms lie in each band, and what the five builders alone give: the model makers are not known at both dates.

    A builder's own operations pay its capex first (`spending_mix`), which is the reading kindest to it. Firms whose
    figures are not known are named and left out; not testable without the five builders.
    """
    conventions = spending_mix.OPERATIONS_FIRST, spending_mix.PRO_RATA_AT_LEAST
    mixes = spending_mix.spending_mixes(cash_flows, financing, vendor_metrics, as_of, conventions)
    verdict, least = (judge_mix(mixes[convention]) for convention in conventions)
    if verdict.verdict == NOT_TESTABLE:
        return verdict
    if least.value is None or least.verdict == NOT_TESTABLE:
        return verdict
    other = (
        f" If every source paid its share instead, outside money would be at least {percent(least.value)} (a debt flow "
        f"that is not known counts as none): {least.verdict}."
    )
    return replace(verdict, reason=verdict.reason + other)


def judge_mix(mix: pd.DataFrame) -> Verdict:
    """Judge A68 on a table of `spending_mix.spending_mix`, or on some of its rows."""
    known, unknown = mix[mix["missing"] == ""], mix[mix["missing"] != ""]
    builders = {FIRMS[ticker].name for ticker in BUILDERS} & set(mix["firm"])
    lacking = unknown[unknown["firm"].isin(list(builders))]
    if known.empty or len(lacking):
        first = (lacking if len(lacking) else unknown)["missing"]
        return not_testable(f"Missing: {first.iloc[0] if len(first) else 'any spending'}.", "percent")
    shares = spending_mix.together(mix)
    outside = shares[spending_mix.DEBT] + shares[spending_mix.EQUITY]
    each = "; ".join(
        f"{row['firm']} {percent(row['outside_percent'], 0)} of {money(row['spending'])}"
        for row in known.sort_values("outside_percent", ascending=False).to_dict("records")
    )
    left = f" Not known: {'; '.join(unknown['missing'])}." if len(unknown) else ""
    reason = (
        f"Of {money(shares['spending'])} spent by {len(known)} firms, operating cash flow or customers paid "
        f"{percent(shares[spending_mix.OWN])}, debt {percent(shares[spending_mix.DEBT])}, equity "
        f"{percent(shares[spending_mix.EQUITY])}. {_by_firm(known)} Outside money by firm: {each}.{left}"
    )
    rows = tuple(dict.fromkeys(row for rows in known["rows"] for row in rows.split(";") if row))
    return Verdict(outside_band(outside), outside, "percent", reason, rows)


def firms_by_band(known: pd.DataFrame) -> dict[str, int]:
    """Count the firms of a mix whose outside money is in each band of A68, by the verdict of the band."""
    bands = [outside_band(float(share)) for share in known["outside_percent"]]
    return {kind: bands.count(kind) for kind in _KINDS}


def outside_of_builders(known: pd.DataFrame) -> float | None:
    """Return what debt and equity paid of the capex of the five builders together, per cent; None unless all are known.

    It compares the same firms over time, which a sum of all that are known on a day does not.
    """
    five = known[known["firm"].isin([FIRMS[ticker].name for ticker in BUILDERS])]
    if len(five) < len(BUILDERS):
        return None
    shares = spending_mix.together(five)
    return shares[spending_mix.DEBT] + shares[spending_mix.EQUITY]


def _by_firm(known: pd.DataFrame) -> str:
    """Say how the firms of a pooled verdict differ."""
    over, between, under = firms_by_band(known).values()
    high, low = percent(OUTSIDE_SUPPORTED_PERCENT, 0), percent(OUTSIDE_PARTLY_PERCENT, 0)
    bands = f"over {high} for {over}, {low} to {high} for {between}, under {low} for {under}"
    five = outside_of_builders(known)
    alone = "" if five is None else f"; of the {count(len(BUILDERS))} builders alone it is {percent(five)}"
    return f"Firm by firm outside money is {bands}{alone}."


def a69(cash_flows: pd.DataFrame, stock_prices: pd.DataFrame, dotcom_firms: pd.DataFrame) -> Verdict:
    """A69, how long investors accept the bet: an interval, and no verdict.

    The value is the median number of quarters of falling free cash flow before a price fall, over the builders'
    spells. A verdict would need a wait that is too long, which the question does not name.
    """
    found = patience.spells(cash_flows, stock_prices)
    waited = patience.wait(found)
    if waited.median is None:
        return not_testable(
            f"Missing: {patience.LEAST_REACTIONS} spells of falling free cash flow that a fall of the price ended; "
            f"{waited.reacted} of {waited.spells} known spells did.", "quarters", waited.rows,
        )  # fmt: skip
    hard = patience.wait(patience.spells(cash_flows, stock_prices, patience.HARD_FALL))
    rates = patience.reaction_rates(cash_flows, stock_prices)
    high = count(waited.high) if waited.high is not None else "no upper end"
    reason = (
        f"Missing: the wait that would be too long; the rule asks for an interval and no verdict. At least half "
        f"of {waited.spells} spells of falling free cash flow saw the price fall by quarter {count(waited.median)} "
        f"(interval {count(waited.low)} to {high}), the longest lasted {waited.longest}; the price fell after "
        f"{percent(rates.falling, 0)} of falling quarters and {percent(rates.other, 0)} of the others. "
        f"A fall by {percent(patience.HARD_FALL, 0)} ended {hard.reacted} of {hard.spells} spells, the longest of "
        f"which lasted {hard.longest} quarters. {_then(dotcom_firms, stock_prices)}"
    )
    rows = tuple(dict.fromkeys([*waited.rows, *hard.rows]))
    return Verdict(NOT_TESTABLE, waited.median, "quarters", reason, rows)


def _then(dotcom_firms: pd.DataFrame, stock_prices: pd.DataFrame) -> str:
    """Say how far the dot-com years can be compared."""
    years = patience.dotcom_years(dotcom_firms, stock_prices)
    fell = years[years["fell"].astype(bool)]
    priced = fell.dropna(subset=["change"])
    telecoms = int((fell["segment"] == "telecom carrier").sum())
    return (
        f"Of the dot-com years the tables hold {len(years)} firm-years with free cash flow of two years, {len(fell)} "
        f"of them falling ({telecoms} of telecom carriers) and {len(priced)} with a price a year later: too few for an "
        "interval."
    )
