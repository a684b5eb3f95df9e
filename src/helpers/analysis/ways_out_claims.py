"""The rules of the article's claims on the three ways out, one function a claim: A50 to A55.

Each is the column ``how_to_test`` of ``claims.csv`` put into code, on tables as known on some day.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.analysis import ai_revenue_disclosure as disclosed
from helpers.analysis import ai_usage as usage
from helpers.analysis import premium_bundles as bundles
from helpers.analysis import sector_specialisation as sectors
from helpers.analysis import vendor_metrics as vendor
from helpers.analysis.growth import in_months, years_between
from helpers.analysis.monetisation_evidence import CLAIMED_ON, PERCENT, Evidence
from helpers.analysis.verdict import NOT_SUPPORTED, PARTLY_SUPPORTED, SUPPORTED, Verdict, not_testable
from helpers.units import count, percent

# A50: "all three publish a price per token or request".
USAGE_SELLERS = ("OpenAI", "Anthropic", "Cohere")
USAGE_UNITS = ("per_million_input_tokens", "per_million_output_tokens", "per_request")
# A51: "partly if mixed, not supported if use-based revenue grows faster than seats".
USE_BASED = ("Anthropic", "Cohere")
# A53: "supported above 50 percent a year, partly 10-50".
GROWTH_SUPPORTED_PERCENT, GROWTH_PARTLY_PERCENT = 50.0, 10.0
# A55 is about 2025.
CAPABILITY_YEAR = 2025
MONTHS_A_YEAR = 12
TWO = 2


def a50(evidence: Evidence) -> Verdict:
    """A50, OpenAI, Anthropic and Cohere bill by use: a price per token or request at the date."""
    prices = evidence.ai_prices
    used = prices[(prices["date"] <= CLAIMED_ON) & prices["unit"].isin(USAGE_UNITS)]
    used = used[used["provider"].isin(USAGE_SELLERS)]
    found = sorted(set(used["provider"].astype(str)))
    missing = [name for name in USAGE_SELLERS if name not in found]
    if missing and pd.Timestamp(evidence.as_of) < CLAIMED_ON:
        return not_testable(f"Missing: a price list of {', '.join(missing)}, as known on this day.", "companies")
    reason = (
        f"{len(found)} of {len(USAGE_SELLERS)} list a price per token on {CLAIMED_ON:%Y-%m-%d}: {', '.join(found)}."
    )
    return Verdict(NOT_SUPPORTED if missing else SUPPORTED, float(len(found)), "companies", reason, tuple(used.index))


def a51(evidence: Evidence) -> Verdict:
    """A51, billing by use is hard to scale: token volume as prices fall, and use-based revenue against seats.

    Use-based revenue is not split off anywhere at two dates. The revenue of Anthropic and Cohere, which
    the article itself names as billing by use, stands for it, over the time OpenAI's business seats are
    counted. Mixed is read as: one of the two behind the seats. The value is the yearly growth of the slower of the two
    over that of the seats; the reason says over how many months.
    """
    volume = usage.of_series(evidence.ai_usage, usage.TOKENS)
    grew = bool(volume["value"].iloc[-1] > volume["value"].iloc[0]) if len(volume) > 1 else None
    seats = _path(vendor.select(evidence.vendor_metrics, "business_seats_m"))
    faster = {}
    rows = [*volume.index]
    for company in USE_BASED:
        stated = vendor.select(evidence.vendor_metrics, "annualised_revenue_usd_m", company=company)
        pace = _growth_together(_path(stated), seats)
        if pace is not None:
            faster[company] = pace
            rows += [*stated.index]
    if not faster and grew is None:
        return not_testable("Missing: token volume at two dates, and use-based revenue beside seats.", "times")
    if faster:
        rows += [*vendor.select(evidence.vendor_metrics, "business_seats_m").index]
    pairs = "; ".join(f"{name} {count(use, digits=TWO)} times a year against {count(seat, digits=TWO)} for seats, "
                      f"seen {time}"
                      for name, (use, seat, time) in faster.items())  # fmt: skip
    ahead = [use > seat for use, seat, _ in faster.values()]
    volumes = {None: "no two counts of tokens are known", True: "Google's tokens a month grew",
               False: "Google's tokens a month did not grow"}[grew]  # fmt: skip
    reason = (
        f"Revenue of sellers by use: {pairs or 'not known beside seats'}; {volumes}. Neither splits its use-based part."
    )
    if any(ahead) and not all(ahead):
        reason += " Read as asking whether any of them outgrows the seats, the claim would not be supported."
    value = min((use / seat for use, seat, _ in faster.values()), default=None)
    if ahead and all(ahead) and grew is not False:
        return Verdict(NOT_SUPPORTED, value, "times", reason, tuple(rows))
    if grew is False and not any(ahead):
        return Verdict(SUPPORTED, value, "times", reason, tuple(rows))
    return Verdict(PARTLY_SUPPORTED, value, "times", reason, tuple(rows))


def _path(rows: pd.DataFrame) -> pd.Series:
    """Return the logarithm of a quantity by day."""
    path: pd.Series = np.log(rows.groupby("date")["value"].mean())
    return path


def _growth_together(first: pd.Series, second: pd.Series) -> tuple[float, float, str] | None:
    """Return how many times a year each path grew over the days both cover, and those in words; None without them."""
    if len(first) < TWO or len(second) < TWO:
        return None
    start, end = max(first.index.min(), second.index.min()), min(first.index.max(), second.index.max())
    if end <= start:
        return None
    span = years_between(start, end)
    days = [start.toordinal(), end.toordinal()]
    found = []
    for path in (first, second):
        before, after = np.interp(days, [day.toordinal() for day in path.index], path.to_numpy(dtype="float64"))
        found.append(float(np.exp((after - before) / span)))
    return found[0], found[1], in_months(start, end)


def a52(evidence: Evidence) -> Verdict:
    """A52, GitHub Copilot was sold as an extra: a price or a count of payers at the date."""
    metrics, prices = evidence.vendor_metrics, evidence.ai_prices
    payers = vendor.select(metrics, "paying_subscribers_m", company="GitHub", scopes=["GitHub Copilot"])
    listed = prices[(prices["provider"].astype(str) == "GitHub") & (prices["product"] == "Copilot")]
    early_payers, early_prices = payers[payers["date"] <= CLAIMED_ON], listed[listed["date"] <= CLAIMED_ON]
    if early_payers.empty and early_prices.empty:
        return not_testable("Missing: a price or a count of payers of GitHub Copilot at the date.", "million")
    counts = "; ".join(f"{count(row['value'], 'million')} in {row['date']:%B %Y}" for _, row in payers.iterrows())
    first = f"; first listed price {listed['date'].min():%B %Y}" if len(listed) else ""
    value = float(early_payers["value"].iloc[-1]) if len(early_payers) else None
    reason = f"GitHub Copilot had paying subscribers of its own at the date: {counts or 'not counted'}{first}."
    return Verdict(SUPPORTED, value, "million", reason, (*payers.index, *listed.index))


def a53(evidence: Evidence) -> Verdict:
    """A53, companies pay where value is clear: growth a year of paid seats and enterprise spending, the slowest.

    From the last count on or before the date (else the first after it) to the last known one. The rule asks for growth
    a year; the growth seen, and in how many months, is said beside it.
    """
    metrics = evidence.vendor_metrics
    series = {
        "OpenAI business seats": vendor.select(metrics, "business_seats_m"),
        "Microsoft 365 Copilot seats": vendor.select(
            metrics, "business_seats_m", company="Microsoft", scopes=[bundles.COPILOT]
        ),
        "GitHub Copilot subscribers": vendor.select(
            metrics, "paying_subscribers_m", company="GitHub", scopes=["GitHub Copilot"]
        ),
        "enterprise spending on AI": usage.of_series(evidence.ai_usage, usage.SPEND),
    }
    paces, seen, rows = {}, {}, []
    for name, counts in series.items():
        since = pd.concat([counts[counts["date"] <= CLAIMED_ON].tail(1), counts[counts["date"] > CLAIMED_ON]])
        if len(since) < TWO:
            continue
        days, values = (since[column].iloc[[0, -1]].tolist() for column in ("date", "value"))
        times = float(values[1] / values[0])
        paces[name] = PERCENT * (times ** (1 / years_between(*days)) - 1)
        seen[name] = f"{percent(PERCENT * (times - 1), 0)} {in_months(*days)}"
        rows += [str(since.index[0]), str(since.index[-1])]
    if not paces:
        return not_testable("Missing: a count of paid seats or enterprise spending after the date.", "percent")
    slowest = min(paces.values())
    verdict = SUPPORTED if slowest > GROWTH_SUPPORTED_PERCENT else PARTLY_SUPPORTED
    verdict = NOT_SUPPORTED if slowest < GROWTH_PARTLY_PERCENT else verdict
    each = "; ".join(f"{name} {percent(pace, 0)} ({seen[name]})" for name, pace in paces.items())
    return Verdict(verdict, slowest, "percent", f"Growth a year: {each}. The slowest decides.", tuple(rows))


def a54(evidence: Evidence) -> Verdict:
    """A54, specialised solutions sell more readily: needs revenue and seat prices of vertical vendors."""
    found = sectors.vertical_vendors(evidence.vendor_metrics)
    return not_testable(
        f"Missing: revenue growth and price per seat of AI vendors in {', '.join(sectors.SECTORS)}; the tables hold "
        f"{len(found)} of them.",
        "USD m",
    )


def a55(evidence: Evidence) -> Verdict:
    """A55, more powerful but uncertain: benchmark scores up, and gross margins unknown or negative.

    A margin is known where both revenue and cost of inference of the last year up to 2025 are outcomes.
    Benchmark scores are not in the tables: with unknown margins one of two holds; with a known
    positive one nothing is decided.
    """
    margins, rows = {}, []
    for company in disclosed.MODEL_MAKERS:
        years = {}
        for metric in ("revenue_usd_m", "inference_cost_usd_m"):
            found = vendor.select(evidence.vendor_metrics, metric, company=company, months=MONTHS_A_YEAR)
            found = found[found["date"].dt.year <= CAPABILITY_YEAR].sort_values("published", kind="stable")
            years[metric] = found.assign(year=found["date"].dt.year).drop_duplicates("year", keep="last")
            rows += [*found.index]
        revenue, cost = (table.reset_index(names="row").set_index("year") for table in years.values())
        last = revenue.index.max() if len(revenue) else None
        if last in cost.index:
            margins[company] = PERCENT * (1 - float(cost.loc[last, "value"]) / float(revenue.loc[last, "value"]))
    if not rows:
        return not_testable("Missing: revenue or inference costs of model vendors, and benchmark scores.", "percent")
    positive = {company: margin for company, margin in margins.items() if margin >= 0}
    unknown = ", ".join(company for company in disclosed.MODEL_MAKERS if company not in margins) or "none"
    known = "; ".join(f"{company} {percent(margin)}" for company, margin in margins.items()) or "none"
    said = f"Margin after inference, the last year up to {CAPABILITY_YEAR}: known {known}; unknown {unknown}."
    value = min(margins.values(), default=None)
    if positive:
        return Verdict("not testable", value, "percent", f"Missing: benchmark scores. {said}", tuple(rows))
    return Verdict(
        PARTLY_SUPPORTED, value, "percent", f"{said} Missing: benchmark scores, so one of the two conditions holds.",
        tuple(rows),
    )  # fmt: skip
