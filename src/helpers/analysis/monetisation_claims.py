"""The rules that test the article's claims on who pays for AI, one function a claim.

Each is the column ``how_to_test`` of ``claims.csv`` put into code, on tables as known on some day.
Price lists hold what has a price: they cannot say what is given away. Where a rule needs that, or a
figure nobody publishes, the verdict is `not testable` and names what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from helpers.analysis import ai_revenue_disclosure as disclosed
from helpers.analysis import ai_usage as usage
from helpers.analysis import premium_bundles as bundles
from helpers.analysis import vendor_metrics as vendor
from helpers.analysis import ways_out_claims as ways_out
from helpers.analysis.monetisation_evidence import CLAIMED_ON, PERCENT, Evidence
from helpers.analysis.verdict import NOT_SUPPORTED, PARTLY_SUPPORTED, SUPPORTED, VERDICTS, Verdict, not_testable
from helpers.units import count, money, percent

# The month that A24 is about.
BEFORE_SEPTEMBER = pd.Timestamp("2025-09-01")
# A01: "supported if under 5 percent of their AI capex, partly if 5-25 percent, not supported above 25 percent".
CAPEX_SUPPORTED_PERCENT, CAPEX_PARTLY_PERCENT = 5.0, 25.0
# A05: "supported if it at least doubled", "over 2023-2025".
DOUBLED = 2.0
SURVEY_YEARS = (2023, 2025)
# A07: "supported if fewer than a third do, partly if a third to two thirds".
THIRD, TWO_THIRDS = 1 / 3, 2 / 3
# A09: "supported if under 5 percent for all, partly if 5-10 percent for one, not supported above 10 percent".
SHARE_SUPPORTED_PERCENT, SHARE_PARTLY_PERCENT = 5.0, 10.0
ENTITIES = ("Microsoft", "Alphabet", "Amazon", "Meta")
TWO = 2


def verdicts(evidence: Evidence) -> dict[str, Verdict]:
    """Judge every claim of the notebook."""
    rules = {
        "A01": a01, "A05": a05, "A07": a07, "A09": a09, "A10": a10, "A23": a23, "A24": a24, "A25": a25,
        "A26": a26, "A27": a27, "A50": ways_out.a50, "A51": ways_out.a51, "A52": ways_out.a52, "A53": ways_out.a53,
        "A54": ways_out.a54, "A55": ways_out.a55,
    }  # fmt: skip
    return {claim: rule(evidence) for claim, rule in rules.items()}


def tally(judged: Mapping[str, Verdict]) -> dict[str, int]:
    """Count the verdicts, in their usual order."""
    return {name: sum(answer.verdict == name for answer in judged.values()) for name in VERDICTS}


def a01(evidence: Evidence) -> Verdict:
    """A01, hardly anyone pays: run-rates of OpenAI, Anthropic and Microsoft's AI over AI capex, last quarter.

    AI capex is not disclosed: the five builders' capex above their pace of 2022 decides, as in
    notebook 04. The reason says which other denominators would change the verdict.
    """
    stated = disclosed.statements(evidence.vendor_metrics)
    last = disclosed.last_ratios(disclosed.against_capex(evidence.cash_flows, stated))
    if not len(last) or not last["deciding"].any():
        return not_testable("Missing: AI revenue of any vendor in a quarter whose capex is known.", "percent")
    deciding = last.iloc[0]
    share = float(deciding["percent"])
    same = last[last["numerator"] == disclosed.DECIDING[0]]
    beside = "; ".join(
        f"{percent(row['percent'])} of {row['denominator']} ({capex_band(row['percent'])})"
        for _, row in same[~same["deciding"]].iterrows()
    )
    held = disclosed.last_ratios(disclosed.against_capex(evidence.cash_flows, stated, held=True)).iloc[0]
    later = (
        f" With the last figures held, {held['quarter']} gives {percent(held['percent'])}."
        if held["quarter"] > deciding["quarter"]
        else ""
    )
    twice = ", what OpenAI pays Microsoft counted twice" if "Microsoft" in deciding["vendors"] else ""
    reason = (
        f"In {deciding['quarter']} {deciding['vendors']} took in {money(deciding['revenue'])} by run-rate{twice}, "
        f"against {money(deciding['capex'])} that five builders spent above their pace of 2022: {percent(share)}; "
        f"no AI capex is disclosed. Other denominators: {beside}.{later}"
    )
    return Verdict(capex_band(share), share, "percent", reason, tuple(str(deciding["rows"]).split(";")))


def capex_band(share: float) -> str:
    """Return the verdict of A01 for a share of AI capex, per cent."""
    if share < CAPEX_SUPPORTED_PERCENT:
        return SUPPORTED
    return PARTLY_SUPPORTED if share <= CAPEX_PARTLY_PERCENT else NOT_SUPPORTED


def a05(evidence: Evidence) -> Verdict:
    """A05, two years at the centre: firms using AI in official surveys, first to last value in 2023 to 2025.

    Of the series with two values in those years the one that spans the longest time decides.
    """
    start, end = SURVEY_YEARS
    rows = evidence.ai_usage[evidence.ai_usage["date"].dt.year.between(start, end)]
    grown = usage.series_growth(rows[rows["series"].astype(str).isin(usage.SURVEYS)])
    if grown.empty:
        return not_testable(
            f"Missing: two values of one official survey between {start} and {end}, as known on this day.", "times"
        )
    span = grown["date"] - grown["first_date"]
    best = grown[span == span.max()].iloc[0]
    times = float(best["times"])
    verdict = SUPPORTED if times >= DOUBLED else PARTLY_SUPPORTED if times > 1 else NOT_SUPPORTED
    reason = (
        f"{best['region']} firms using AI: {percent(best['first'])} in {best['first_date']:%B %Y}, "
        f"{percent(best['last'])} in {best['date']:%B %Y}, {count(times, 'times', TWO)}."
    )
    if best["date"].year < end:
        reason += f" No value of {end} was known, so the two years are not covered."
    return Verdict(verdict, times, "times", reason, tuple(best["rows"].split(";")))


def a07(evidence: Evidence) -> Verdict:
    """A07, a hypothetical business model: share of the six large vendors that state an AI revenue themselves.

    A figure counts when the firm gave it, as a run-rate or otherwise; a leak does not. The stricter reading, a line of
    the accounts, is named in the reason: no table holds one.
    """
    table = disclosed.disclosure(disclosed.statements(evidence.vendor_metrics))
    said = table[table["by_itself"] > 0]
    if not len("".join(table["rows"])):
        return not_testable("Missing: any figure of AI revenue of the six vendors, as known on this day.", "percent")
    share = len(said) / len(table)
    verdict = SUPPORTED if share < THIRD else PARTLY_SUPPORTED if share <= TWO_THIRDS else NOT_SUPPORTED
    rows = tuple(row for rows in table["rows"] for row in rows.split(";") if row)
    reason = (
        f"{len(said)} of {len(table)} large vendors have stated an AI revenue of their own "
        f"({', '.join(said.index) or 'none'}); what is known are run-rates, not lines of the accounts. The "
        'rule\'s "separate AI revenue line" can also mean such a line: the tables hold none, and read so the claim '
        "would be supported."
    )
    return Verdict(verdict, PERCENT * share, "percent", reason, rows)


def a09(evidence: Evidence) -> Verdict:
    """A09, direct monetisation is marginal: stated AI revenue over all revenue of the quarter, largest share."""
    shares = disclosed.share_of_revenue(evidence.cash_flows, disclosed.statements(evidence.vendor_metrics))
    last = shares[shares["vendor"].isin(ENTITIES)].groupby("vendor", sort=False).tail(1)
    if last.empty:
        return not_testable(
            f"Missing: AI revenue of {', '.join(ENTITIES)}; none is in the tables as known on this day.", "percent"
        )
    silent = [name for name in ENTITIES if name not in set(last["vendor"])]
    share = float(last["percent"].max())
    each = "; ".join(f"{row['vendor']} {percent(row['percent'])} ({row['date']:%B %Y})" for _, row in last.iterrows())
    rows = tuple(row for rows in last["rows"] for row in rows.split(";"))
    reason = f"Stated AI run-rate over the quarter's revenue: {each}. Undisclosed: {', '.join(silent) or 'none'}."
    paid = evidence.vendor_metrics[evidence.vendor_metrics["metric"] == "revenue_from_openai_usd_m"]
    if len(paid):
        # What one model maker pays for computing is not what customers pay for AI.
        reason += (
            f" Microsoft's figure holds what OpenAI pays it, {money(paid['value'].iloc[-1])} in the fiscal year to "
            f"{paid['date'].iloc[-1]:%B %Y}; without it the share would be far lower, and the verdict turns on it."
        )
        rows = (*rows, paid.index[-1])
    if share < SHARE_SUPPORTED_PERCENT and silent:
        return not_testable(f"{reason} Missing: the AI revenue of {', '.join(silent)}.", "percent", rows)
    verdict = SUPPORTED if share < SHARE_SUPPORTED_PERCENT else PARTLY_SUPPORTED
    verdict = NOT_SUPPORTED if share > SHARE_PARTLY_PERCENT else verdict
    return Verdict(verdict, share, "percent", reason, rows)


def _only_priced(evidence: Evidence, missing: str) -> Verdict:
    """Answer a rule that needs to know what is free: the price list holds only what is not."""
    plans = bundles.plans(evidence.ai_prices)
    listed = f"{len(plans)} plans of {plans['provider'].nunique()} sellers, all with a price"
    return not_testable(
        f"Missing: {missing}. The price list holds {listed}: what is given away leaves no row.", "percent"
    )


def a10(evidence: Evidence) -> Verdict:
    """A10, used inside and not charged: needs a sample of announced AI features, priced or not."""
    return _only_priced(evidence, "a sample of announced AI features with and without a price")


def a23(evidence: Evidence) -> Verdict:
    """A23, AI on top without a price: needs the AI products of six vendors, free and bundled ones too."""
    return _only_priced(evidence, "a list of six vendors' AI products that includes the free and the bundled ones")


def a24(evidence: Evidence) -> Verdict:
    """A24, the paying share is unclear: when Microsoft gave seats or revenue of Copilot.

    Supported if nothing was given before September 2025, partly if only run-rates, not supported if paid seats.
    An absence from the tables is no proof of silence: where they hold no early figure the claim is not testable, so
    that these tables alone can never support it.
    """
    metrics = evidence.vendor_metrics
    of_firm = metrics["company"].isin(["Microsoft", "GitHub"])
    if not of_firm.any() or pd.Timestamp(evidence.as_of) < BEFORE_SEPTEMBER:
        return not_testable(
            "Missing: any figure of Copilot or Microsoft's AI in the tables as known on this day, so that silence "
            "cannot be told from a gap in them.",
            "disclosures",
        )
    own = of_firm & (metrics["kind"] == "reported")
    seats = metrics[own & metrics["metric"].isin(["business_seats_m", "paying_subscribers_m"])]
    rates = metrics[own & (metrics["metric"] == "annualised_revenue_usd_m")]
    early_seats, early_rates = (part[part["published"] < BEFORE_SEPTEMBER] for part in (seats, rates))
    early = len(early_seats) + len(early_rates)
    verdict = NOT_SUPPORTED if len(early_seats) else PARTLY_SUPPORTED
    first = "; ".join(f"{row['scope']} {row['published']:%Y-%m-%d}" for _, row in
                      pd.concat([seats, rates]).sort_values("published").iterrows())  # fmt: skip
    reason = (
        f"The tables hold {early} figures of Copilot seats or AI revenue that Microsoft gave before September 2025 "
        f"(paid seats: {len(early_seats)}, run-rates: {len(early_rates)}); all known by now: {first or 'none'}. "
        "A disclosure that is missing from the tables would change this."
    )
    if not early:
        return not_testable(
            f"Missing: a search for Microsoft's statements of before September 2025. {reason}",
            "disclosures",
            tuple(metrics.index[of_firm]),
        )
    return Verdict(verdict, float(early), "disclosures", reason, tuple(metrics.index[of_firm]))


def a25(evidence: Evidence) -> Verdict:
    """A25, Google's mass use is free: needs subscribers of Google's AI plans over users."""
    users = vendor.select(evidence.vendor_metrics, "monthly_users_m", company="Google", scopes=["Gemini app"])
    payers = vendor.select(evidence.vendor_metrics, "paying_subscribers_m", company="Google", scopes=["Gemini app"])
    if payers.empty or users.empty:
        known = (
            f"{count(users['value'].iloc[-1], 'million')} monthly users are known"
            if len(users)
            else "no users are known"
        )
        return not_testable(f"Missing: subscribers of Google's AI plans; {known}.", "percent", tuple(users.index[-1:]))
    share = PERCENT * float(payers["value"].iloc[-1]) / float(users["value"].iloc[-1])
    verdict = SUPPORTED if share < SHARE_SUPPORTED_PERCENT else PARTLY_SUPPORTED
    verdict = NOT_SUPPORTED if share > SHARE_PARTLY_PERCENT else verdict
    reason = f"{percent(share)} of the Gemini app's monthly users pay."
    return Verdict(verdict, share, "percent", reason, (payers.index[-1], users.index[-1]))


def a26(evidence: Evidence) -> Verdict:
    """A26, Meta sells no AI to users: its priced AI products on the price list at the date, and later."""
    prices = evidence.ai_prices
    then = prices[prices["date"] <= CLAIMED_ON]
    if then.empty or pd.Timestamp(evidence.as_of) < CLAIMED_ON:
        return not_testable(f"Missing: the price lists of {CLAIMED_ON:%Y-%m-%d}, a day yet to come.", "products")
    meta = prices[prices["provider"].astype(str) == "Meta"]
    if meta.empty:
        return not_testable(
            f"Missing: Meta's own products and prices. The price list of that day names {then['provider'].nunique()} "
            "sellers and Meta is not among them, which may be a gap in the list.",
            "products",
            tuple(then.index),
        )
    early, late = (len(meta[meta["date"] <= CLAIMED_ON]), len(meta[meta["date"] > CLAIMED_ON]))
    trial = meta["note"].astype(str).str.contains("test", case=False) & (meta["date"] <= CLAIMED_ON)
    verdict = SUPPORTED if not early else PARTLY_SUPPORTED if int(trial.sum()) == early else NOT_SUPPORTED
    reason = (
        f"The price list of that day names {then['provider'].nunique()} sellers and {early} products of Meta; "
        f"since then {late} were added."
    )
    return Verdict(verdict, float(early), "products", reason, tuple(then.index))


def a27(evidence: Evidence) -> Verdict:
    """A27, inside unchanged subscriptions: needs prices of office suites before and after AI came in."""
    plans = bundles.plans(evidence.ai_prices)
    twice = plans[plans["listings"] > 1]
    known = f"{len(twice)} AI plans have two dates, {int((twice['change'] == 0).sum())} of them unchanged"
    return not_testable(
        "Missing: the prices of Microsoft 365 and Google Workspace before and after AI was bundled. "
        f"The list holds AI plans only: {known}.",
        "percent",
        tuple(row for rows in twice["rows"] for row in rows.split(";")),
    )
