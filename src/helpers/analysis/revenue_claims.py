"""The rules of the article's claims on ChatGPT, one function a claim.

Each rule is the column ``how_to_test`` of ``claims.csv`` put into code. The tables are given as
known on some day, so the same rule answers for the article's date and for now. What the article
quotes is never evidence for it: its own repeats are left out by `vendor_metrics.select`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from helpers.analysis import vendor_metrics as vendor
from helpers.analysis.break_even import OUTCOME, expenses
from helpers.analysis.chatgpt_revenue import QUOTED_ON, ArticleEstimate, run_rates
from helpers.analysis.conversion import MONTHLY, chatgpt_ratios
from helpers.analysis.uncertainty import PLUS_ASSUMPTIONS, quantiles, simulate
from helpers.analysis.verdict import (
    NOT_SUPPORTED,
    PARTLY_SUPPORTED,
    SUPPORTED,
    VERDICTS,
    Verdict,
    not_testable,
)
from helpers.units import count, money, percent

ARTICLE_DAY = "2025-09-05"
# A39: "stay at or under 3 percent".
CONVERSION_PERCENT = 3.0
# A41: "supported above 70 percent, partly 60-70".
SHARE_SUPPORTED_PERCENT, SHARE_PARTLY_PERCENT = 70.0, 60.0
# A42: "within 15 percent". A43: "within 15 percent, partly within 30". A44: "within 30 percent".
SUBSCRIBERS_WITHIN_PERCENT = 15.0
PLUS_WITHIN_PERCENT, PLUS_PARTLY_PERCENT = 15.0, 30.0
BUSINESS_WITHIN_PERCENT = 30.0
# A46: "supported above 70 percent, partly 50-70".
MARKET_SUPPORTED_PERCENT, MARKET_PARTLY_PERCENT = 70.0, 50.0
# A48: a count matches when it differs by less than its own rounding (350 million: to the nearest 10).
ROUNDING_M = 5.0
# "At the date": a count of users or payers stated at most this many days away.
AT_THE_DATE_DAYS = 45
WEEKLY_CLAIMED_ON = pd.Timestamp("2024-08-29")
MONTHLY_CLAIMED_IN = pd.Timestamp("2024-06-30")
# A45: "what was reached a year later", looked for in the quarter up to a year after the count.
A_YEAR_LATER = QUOTED_ON + pd.DateOffset(years=1)
A_QUARTER_DAYS = 92


@dataclass(frozen=True)
class Evidence:
    """The tables a verdict may use, all as known on the same day.

    Parameters
    ----------
    vendor_metrics, conversion_benchmarks, ai_prices : DataFrame
        Indexed by row id.
    assumptions : DataFrame
    estimate : ArticleEstimate
    draws, seed : int
        Of the simulation that A43 needs.
    """

    vendor_metrics: pd.DataFrame
    conversion_benchmarks: pd.DataFrame
    ai_prices: pd.DataFrame
    assumptions: pd.DataFrame
    estimate: ArticleEstimate
    draws: int
    seed: int


def verdicts(evidence: Evidence) -> dict[str, Verdict]:
    """Return the verdict of every claim on ChatGPT.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    dict of str to Verdict
        By claim id.
    """
    metrics, estimate = evidence.vendor_metrics, evidence.estimate
    return {
        "A39": a39(metrics),
        "A41": a41(metrics, estimate),
        "A42": a42(metrics, estimate),
        "A43": a43(metrics, evidence.assumptions, estimate, evidence.draws, evidence.seed),
        "A44": a44(metrics, evidence.ai_prices, estimate),
        "A45": a45(metrics, estimate),
        "A46": a46(metrics),
        "A47": a47(metrics, estimate),
        "A48": a48(metrics, evidence.conversion_benchmarks, estimate),
        "A49": a49(),
    }


def a39(vendor_metrics: pd.DataFrame) -> Verdict:
    """Judge "only 3 percent of users pay" by later ratios, on each base of users.

    Supported if the ratios stay at or under 3 per cent on every base, not supported if they are
    above it on every base, partly supported if the answer depends on the base. A base without
    a later ratio is judged by its ratio at the claim's date.
    """
    ratios = chatgpt_ratios(vendor_metrics)
    later = ratios[ratios["date"] > QUOTED_ON]
    if later.empty:
        return not_testable("No ratio of payers to users after September 2024 is known.", "percent", _ids(ratios))
    judged = {
        base: later[later["base"] == base] if (later["base"] == base).any() else group
        for base, group in ratios.groupby("base")
    }
    under = {base: bool((group["percent"] <= CONVERSION_PERCENT).all()) for base, group in judged.items()}
    verdict = SUPPORTED if all(under.values()) else PARTLY_SUPPORTED if any(under.values()) else NOT_SUPPORTED
    like = judged.get(MONTHLY, later)
    parts = "; ".join(_ratio_range(str(base), group) for base, group in judged.items())
    return Verdict(
        verdict, float(like["percent"].iloc[-1]), "percent",
        f"Payers are {parts}; the claim says {percent(CONVERSION_PERCENT, 0)}.", _ids(pd.concat(list(judged.values()))),
    )  # fmt: skip


def _ratio_range(base: str, group: pd.DataFrame) -> str:
    low, high = group["percent"].min(), group["percent"].max()
    size = percent(low) if low == high else f"{low:.1f} to {percent(high)}"
    first, last = group["date"].iloc[0], group["date"].iloc[-1]
    when = f"{first:%B %Y}" if first == last else f"{first:%B %Y} to {last:%B %Y}"
    return f"{size} of {base} ({when})"


def a41(vendor_metrics: pd.DataFrame, estimate: ArticleEstimate) -> Verdict:
    """Judge "over 70 percent of revenue from paid access" by subscriptions over revenue in 2024.

    The numerator is what was expected of ChatGPT in September 2024: no outcome was published.
    """
    year = QUOTED_ON.year
    chatgpt = _chatgpt_year(vendor_metrics, year)
    total = vendor.year_figure(vendor_metrics, "revenue_usd_m", year)
    if total.empty:
        total = vendor.year_figure(vendor_metrics, "revenue_usd_m", year, vendor.GUIDANCE)
    if chatgpt.empty or total.empty:
        return not_testable("The revenue of ChatGPT and of OpenAI in 2024 is not known.", "percent")
    revenue, part = float(total["value"].iloc[0]), float(chatgpt["value"].iloc[0])
    share = 100 * part / revenue
    later = vendor.select(vendor_metrics, "chatgpt_revenue_share")
    since = "".join(f", {_bounded(row)} in {row['date']:%B %Y} (consumers)" for _, row in later.iterrows())
    ceiling = money(100 * estimate.subscriptions_usd_m / SHARE_SUPPORTED_PERCENT, 2)
    return Verdict(
        _steps(share, SHARE_SUPPORTED_PERCENT, SHARE_PARTLY_PERCENT), share, "percent",
        f"ChatGPT was expected to bring {money(part)} of {money(revenue)} in {year}, {percent(share)}{since}; "
        f"70 % needs a total of at most {ceiling}.",
        _ids(chatgpt, total, later),
    )  # fmt: skip


def _bounded(row: pd.Series) -> str:
    limit = vendor.bound(row["note"])
    return f"{limit} {percent(100 * row['value'], 0)}".strip()


def _chatgpt_year(vendor_metrics: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return ChatGPT's revenue of a year, an outcome before guidance."""
    for kinds in (vendor.OUTCOMES, vendor.GUIDANCE):
        rows = vendor.select(vendor_metrics, "revenue_usd_m", scopes=("ChatGPT",), kinds=kinds, months=12)
        rows = rows[rows["date"].dt.year == year].tail(1)
        if len(rows):
            break
    return rows


def _steps(value: float, supported: float, partly: float) -> str:
    if value > supported:
        return SUPPORTED
    return PARTLY_SUPPORTED if value >= partly else NOT_SUPPORTED


def a42(vendor_metrics: pd.DataFrame, estimate: ArticleEstimate) -> Verdict:
    """Judge "10 million customers" by the subscribers reported at the date, within 15 per cent."""
    counts = vendor.select(vendor_metrics, "plus_subscribers_m")
    found = vendor.nearest(counts, QUOTED_ON, within_days=AT_THE_DATE_DAYS)
    if found.empty:
        return not_testable("The number of ChatGPT Plus subscribers in September 2024 is not known.", "million")
    reported = float(found["value"].iloc[0])
    gap = 100 * (estimate.subscribers_m / reported - 1)
    verdict = SUPPORTED if abs(gap) <= SUBSCRIBERS_WITHIN_PERCENT else NOT_SUPPORTED
    later = vendor.select(vendor_metrics, "paying_subscribers_m").head(1)
    since = "".join(f"; {count(row['value'], 'million')} paid in {row['date']:%B %Y}" for _, row in later.iterrows())
    return Verdict(
        verdict, reported, "million",
        f"Leaked documents gave {count(reported, 'million')} on {_day(found)}, {percent(abs(gap))} "
        f"from the claim{since}. It is the source of the claim, not a second one.",
        _ids(found, later),
    )  # fmt: skip


def a43(
    vendor_metrics: pd.DataFrame, assumptions: pd.DataFrame, estimate: ArticleEstimate, draws: int, seed: int
) -> Verdict:
    """Judge "about 2.4 billion a year" by the estimate net of fees, prices and churn against what was reported.

    Reported is ChatGPT's revenue of 2024 less what business users bring.
    """
    chatgpt = _chatgpt_year(vendor_metrics, QUOTED_ON.year)
    if chatgpt.empty:
        return not_testable("ChatGPT's revenue in 2024 is not known.", "USD m a year")
    reported = float(chatgpt["value"].iloc[0]) - estimate.business_usd_m
    net = float(quantiles(simulate(assumptions, estimate, draws, seed)).loc[0.5])
    gap, gross = (100 * (amount / reported - 1) for amount in (net, estimate.plus_usd_m))
    verdict = _within(gap, PLUS_WITHIN_PERCENT, PLUS_PARTLY_PERCENT)
    return Verdict(
        verdict, net, "USD m a year",
        f"Gross, {money(estimate.plus_usd_m, 2)} is {percent(abs(gross))} from the {money(reported, 2)} expected of "
        f"consumers in {QUOTED_ON.year}; net of store fees, regional prices and subscribers who came "
        f"or left within the year it is {money(net, 2)}, {percent(abs(gap))} {'under' if gap < 0 else 'over'}.",
        _ids(chatgpt), PLUS_ASSUMPTIONS,
    )  # fmt: skip


def _within(gap: float, supported: float, partly: float) -> str:
    if abs(gap) <= supported:
        return SUPPORTED
    return PARTLY_SUPPORTED if abs(gap) <= partly else NOT_SUPPORTED


def a44(vendor_metrics: pd.DataFrame, ai_prices: pd.DataFrame, estimate: ArticleEstimate) -> Verdict:
    """Judge "300 million a year from business users" by reported business seats at the list price.

    OpenAI's revenue from businesses was not published for 2024. The claim speaks of users who pay a seat, so seats
    decide; the rule's words "business and API revenue" can also mean the sum, which the reason judges too.
    """
    found = vendor.nearest(vendor.select(vendor_metrics, "business_seats_m"), QUOTED_ON, within_days=AT_THE_DATE_DAYS)
    price = _seat_price(ai_prices)
    if found.empty or price.empty:
        missing = "The number of paying business seats in September 2024 is not known."
        return not_testable(missing if found.empty else "The price of a business seat is not known.", "USD m a year")
    seats, monthly = float(found["value"].iloc[0]), float(price["price_usd"].iloc[0])
    worth = seats * monthly * 12
    gap = 100 * (estimate.business_usd_m / worth - 1)
    chatgpt = _chatgpt_year(vendor_metrics, QUOTED_ON.year)
    total = vendor.year_figure(vendor_metrics, "revenue_usd_m", QUOTED_ON.year)
    rest = ""
    if len(chatgpt) and len(total):
        others = float(total["value"].iloc[0]) - float(chatgpt["value"].iloc[0])
        rest = (
            f" The API and the rest, {money(others)}, also come mostly from businesses: the rule names them beside the "
            f"seats. Read as the sum of both, {money(worth + others)}, the claim would be "
            f"{_business_band(estimate.business_usd_m, worth + others)}."
        )
    return Verdict(
        _business_band(estimate.business_usd_m, worth), worth, "USD m a year",
        f"{count(seats, 'million')} seats at the list price of {count(monthly, 'dollars')} a month are {money(worth)} "
        f"a year; the claim is {percent(abs(gap))} {'under' if gap < 0 else 'over'} it.{rest}",
        _ids(found, price, chatgpt, total),
    )  # fmt: skip


def _business_band(claimed: float, found: float) -> str:
    """Return the verdict of A44 for what was found."""
    return SUPPORTED if abs(100 * (claimed / found - 1)) <= BUSINESS_WITHIN_PERCENT else NOT_SUPPORTED


def _seat_price(ai_prices: pd.DataFrame) -> pd.DataFrame:
    """Return the last list price of a business seat of ChatGPT at the claim's date."""
    chosen = ai_prices[
        (ai_prices["provider"] == "OpenAI")
        & (ai_prices["product"] == "ChatGPT")
        & (ai_prices["unit"] == "per_seat_month")
        & (ai_prices["date"] <= QUOTED_ON)
    ]
    return chosen.sort_values("date", kind="stable").tail(1)


def a45(vendor_metrics: pd.DataFrame, estimate: ArticleEstimate) -> Verdict:
    """Judge "even twice these numbers would not be exciting" by what was reached a year later.

    Supported while revenue stayed under the double, not supported once it passed it, both in total
    and for subscriptions alone; partly supported if only the total passed it.
    """
    double = estimate.doubled_usd_m
    whole, subscriptions = _a_year_later(vendor_metrics)
    if whole.empty:
        return not_testable("OpenAI's revenue a year after September 2024 is not known.", "USD m a year")
    reached = float(whole["value"].iloc[0])
    alone = float(subscriptions["amount"].iloc[0]) if len(subscriptions) else None
    passed = [reached > double] if alone is None else [reached > double, alone > double]
    verdict = NOT_SUPPORTED if all(passed) else PARTLY_SUPPORTED if any(passed) else SUPPORTED
    kind = "revenue of the year" if whole["metric"].iloc[0] == "revenue_usd_m" else "the run-rate, like the claim's,"
    of_which = "" if alone is None else f", about {money(alone)} of it {subscriptions['part'].iloc[0]}"
    costs = expenses(vendor_metrics)
    year = QUOTED_ON.year
    # Costs that were only expected are no evidence: they would make the verdict a scenario.
    costs = costs[costs["basis"] == OUTCOME]
    cost = f" Costs of {year} were {money(float(costs['expenses'].loc[year]))}." if year in costs.index else ""
    used = _ids(whole, subscriptions) + (_split(costs.loc[year, "rows"]) if cost else ())
    return Verdict(
        verdict, reached, "USD m a year",
        f"Twice the claim is {money(double)}; {kind} to {whole['date'].iloc[0]:%B %Y} was {money(reached)}{of_which}."
        f"{cost}",
        tuple(dict.fromkeys(used)),
    )  # fmt: skip


def _a_year_later(vendor_metrics: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the year's revenue, else the last run-rate within a year; and the part without the API."""
    year = QUOTED_ON.year + 1
    whole = vendor.year_figure(vendor_metrics, "revenue_usd_m", year)
    if whole.empty:
        whole = vendor.latest_before(run_rates(vendor_metrics), A_YEAR_LATER, within_days=A_QUARTER_DAYS)
    share = vendor.select(vendor_metrics, "chatgpt_revenue_share")
    share = share[share["date"].dt.year == year].tail(1)
    if len(share) and len(whole):
        return whole, share.assign(amount=share["value"] * float(whole["value"].iloc[0]), part="from consumers")
    api = vendor.select(vendor_metrics, "annualised_revenue_usd_m", scopes=("API",))
    api = vendor.latest_before(api, A_YEAR_LATER, within_days=A_QUARTER_DAYS)
    if len(api) and len(whole):
        return whole, api.assign(amount=float(whole["value"].iloc[0]) - api["value"], part="not from the API")
    return whole, whole.head(0)


def a46(vendor_metrics: pd.DataFrame) -> Verdict:
    """Judge "what Google is to search" by ChatGPT's share of visits and of users; the lower decides.

    Users are compared only where one source counted all services in the same month.
    """
    visits = vendor.select(vendor_metrics, "share_of_genai_web_visits").tail(1)
    users = _counted_together(vendor_metrics)
    shares = {}
    if len(visits):
        shares["web visits"] = (100 * float(visits["value"].iloc[0]), visits)
    if len(users):
        own = float(users.loc[users["company"] == "OpenAI", "value"].iloc[0])
        shares[f"users of the {len(users)} counted apps"] = (100 * own / float(users["value"].sum()), users)
    if not shares:
        return not_testable(
            "Neither ChatGPT's share of visits nor monthly users of it and its rivals from one source are known.",
            "percent",
        )
    lowest = min(value for value, _ in shares.values())
    parts = " and ".join(
        f"{percent(value)} of {name} ({rows['date'].iloc[0]:%B %Y})" for name, (value, rows) in shares.items()
    )
    return Verdict(
        _steps(lowest, MARKET_SUPPORTED_PERCENT, MARKET_PARTLY_PERCENT), lowest, "percent",
        f"ChatGPT has {parts}; the lower share decides.", _ids(*(rows for _, rows in shares.values())),
    )  # fmt: skip


def _counted_together(vendor_metrics: pd.DataFrame) -> pd.DataFrame:
    """Return the last monthly users of ChatGPT and rivals that one source counted for one month."""
    rows = vendor_metrics[
        (vendor_metrics["metric"] == "monthly_users_m") & vendor_metrics["kind"].isin(vendor.OUTCOMES)
    ]
    rows = rows[~rows["source_id"].isin(vendor.REPEATS)]
    groups = [
        group
        for _, group in rows.groupby(["date", "source_id"], observed=True)
        if len(group) > 1 and (group["company"] == "OpenAI").sum() == 1
    ]
    return groups[-1] if groups else rows.head(0)


def a47(vendor_metrics: pd.DataFrame, estimate: ArticleEstimate) -> Verdict:
    """Judge "more than 200 million weekly users" by what the company said at the date."""
    stated = vendor.select(vendor_metrics, "weekly_active_users_m", kinds=("reported",))
    found = vendor.nearest(stated, WEEKLY_CLAIMED_ON, within_days=AT_THE_DATE_DAYS)
    if found.empty:
        return not_testable("Weekly users stated by OpenAI in August 2024 are not known.", "million")
    reported = float(found["value"].iloc[0])
    verdict = SUPPORTED if reported >= estimate.weekly_users_m else NOT_SUPPORTED
    return Verdict(
        verdict, reported, "million",
        f"OpenAI stated {count(reported, 'million')} weekly users on {_day(found)}; "
        f"the claim is {count(estimate.weekly_users_m, 'million')}.",
        _ids(found),
    )  # fmt: skip


def a48(vendor_metrics: pd.DataFrame, conversion_benchmarks: pd.DataFrame, estimate: ArticleEstimate) -> Verdict:
    """Judge "350 million people a month since June" by the report: number, month and whom it counts.

    The definition in ``conversion_benchmarks`` says whether the count covers ChatGPT alone.
    """
    counted = vendor.select(vendor_metrics, "monthly_users_m")
    counted = counted[counted["date"].dt.to_period("M") == MONTHLY_CLAIMED_IN.to_period("M")].tail(1)
    if counted.empty:
        return not_testable("The monthly users of June 2024 are not known.", "million")
    number = float(counted["value"].iloc[0])
    ratio = conversion_benchmarks[conversion_benchmarks["source_id"].isin(list(counted["source_id"]))]
    wider = ratio["definition"].str.contains("all services").any()
    if abs(number - estimate.monthly_users_m) > ROUNDING_M:
        verdict, why = NOT_SUPPORTED, "the number differs"
    elif wider:
        verdict = PARTLY_SUPPORTED
        why = "number and month match, but it counts users of all services and does not say how many come by the API"
    else:
        verdict, why = SUPPORTED, "number, month and scope match"
    return Verdict(
        verdict, number, "million",
        f"The New York Times reported {count(number, 'million')} for {counted['date'].iloc[0]:%B %Y}: {why}.",
        _ids(counted, ratio),
    )  # fmt: skip


def _day(row: pd.DataFrame) -> str:
    day = row["date"].iloc[0]
    return f"{day.day} {day:%B %Y}"


def a49() -> Verdict:
    """Answer "covered by nearly all media": no table here counts it."""
    return not_testable(
        "The missing figure is OpenAI's share of mentions of AI companies in a news archive; nearly all media cannot "
        "be measured as put."
    )


def _ids(*frames: pd.DataFrame) -> tuple[str, ...]:
    """Return the row ids of several frames, each once; a frame of ratios names them in ``rows``."""
    found: list[str] = []
    for frame in frames:
        found.extend(_split(";".join(frame["rows"])) if "rows" in frame.columns else map(str, frame.index))
    return tuple(dict.fromkeys(found))


def _split(rows: object) -> tuple[str, ...]:
    return tuple(row for row in str(rows).split(";") if row)


def tally(found: Mapping[str, Verdict]) -> dict[str, int]:
    """Return how many claims got each verdict, in the order of `VERDICTS`."""
    return {name: sum(verdict.verdict == name for verdict in found.values()) for name in VERDICTS}
