"""The rules of the article's claims on fund-raising and on the giants' money, one function a claim.

Each function follows the column ``how_to_test`` of ``claims.csv``. Rounds the article names are looked up by firm
and name. Where a figure is not in the frames, the verdict is `not testable` and names it. Rules count rounds that
closed, never forecasts: what a notebook's reader chooses to see does not move a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10

import pandas as pd

from helpers.analysis.capex_runway import ASSUMPTIONS, capex_runways
from helpers.analysis.free_cash_flow import FIRMS
from helpers.analysis.funding import ARTICLE_FIRM, last_whole_year, raised_against_revenue, ratios_of_year
from helpers.analysis.funding_rounds import IN_THE_SUMS, count_rounds
from helpers.analysis.outside_money import negative_starts
from helpers.analysis.valuations import multiples, step_ups, valuations
from helpers.analysis.verdict import NOT_SUPPORTED, PARTLY_SUPPORTED, SUPPORTED, Verdict, not_testable
from helpers.units import RUNWAY_CAP_YEARS, count, money, percent, runway, runway_range

# "In most cases", "for most": more than half.
MOST = 0.5
# A31: "above 1".
RATIO = 1.0
# A33 and A37: a size matches when it differs by less than its own rounding in the article (0.05 billion).
SIZE_WITHIN_USD_M = 50.0
SERIES_E_USD_M, SERIES_E_MONTH, SERIES_E_CLOSING = 3500.0, "2025-02", "2025-03"
# A34.
NAMED_INVESTORS = ("Lightspeed", "General Catalyst", "Bessemer")
# A35 and A38: "within 1 percent". A36: "within 10 percent, partly within 20 percent".
SERIES_E_POST_USD_M, SERIES_F_POST_USD_M, POST_WITHIN_PERCENT = 61_500.0, 183_000.0, 1.0
PREVIOUS_USD_M, PREVIOUS_WITHIN_PERCENT, PREVIOUS_PARTLY_PERCENT = 18_000.0, 10.0, 20.0
SERIES_F_USD_M, SERIES_F_DAY = 13_000.0, pd.Timestamp("2025-09-02")
# A40: 6 billion (to the nearest billion, as the claim is worded) in November 2024, looked for within a quarter.
OPENAI_USD_M, OPENAI_ROUNDING_USD_M, OPENAI_MONTH = 6000.0, 500.0, pd.Timestamp("2024-11-15")
OPENAI_SEARCH_DAYS = 92
# A56: "under three years"; the five builders of the article.
RUNWAY_YEARS = 3.0
GIANTS = ("AMZN", "MSFT", "GOOGL", "META", "ORCL")


@dataclass(frozen=True)
class Evidence:
    """The tables a verdict may use, all as known on the same day.

    Parameters
    ----------
    rounds, vendor_metrics, financing, cash_flows, benchmarks, assumptions : DataFrame
        Indexed by row id.
    as_of : str
        ISO date of that day.
    """

    rounds: pd.DataFrame
    vendor_metrics: pd.DataFrame
    financing: pd.DataFrame
    cash_flows: pd.DataFrame
    benchmarks: pd.DataFrame
    assumptions: pd.DataFrame
    as_of: str


def verdicts(evidence: Evidence) -> dict[str, Verdict]:
    """Return the verdict of every claim on funding, by claim id."""
    rounds, metrics = evidence.rounds, evidence.vendor_metrics
    return {
        "A21": a21(evidence.cash_flows, evidence.financing),
        "A31": a31(rounds, metrics, evidence.as_of),
        "A32": a32(rounds),
        "A33": a33(rounds),
        "A34": a34(rounds),
        "A35": a35(rounds),
        "A36": a36(rounds),
        "A37": a37(rounds),
        "A38": a38(rounds, metrics),
        "A40": a40(rounds),
        "A56": a56(
            evidence.cash_flows, evidence.financing, evidence.benchmarks, evidence.assumptions, evidence.as_of
        ),
    }  # fmt: skip


def a21(cash_flows: pd.DataFrame, financing: pd.DataFrame) -> Verdict:
    """A21, negative free cash flow leads to outside money: debt and shares after the first negative quarter.

    A case is a spell of negative quarters of a listed firm. Supported if outside money (net new debt and named new
    shares) rose in more than half of the cases, partly if in some, else not supported. Cases in which it rose only
    because the firm repaid less are told apart. Credit spreads and a base rate of bankruptcies are not in the tables.
    """
    spells = negative_starts(cash_flows, financing).dropna(subset=["before", "after"])
    if spells.empty:
        return not_testable(
            "Missing: debt flows before and after a first quarter of negative free cash flow.", "percent"
        )
    rose, came_in = int(spells["rose"].sum()), int(spells["came_in"].sum())
    share = rose / len(spells)
    names = ", ".join(
        f"{FIRMS[ticker].name} {int(part['rose'].sum())} of {len(part)}"
        for ticker, part in ((str(name), part) for name, part in spells.groupby("ticker"))
    )
    strict = _most(came_in / len(spells))
    reason = (
        f"After {rose} of {len(spells)} first negative quarters net new debt and shares rose against the year before "
        f"({names}); in {rose - came_in} of them the firm still repaid on balance, only less: counting only those in "
        f"which money came in, the claim would be {strict}. Credit spreads, and how many such firms went bankrupt, are "
        "not in the tables."
    )
    rows = tuple(dict.fromkeys(row for rows in spells["rows"] for row in rows))
    return Verdict(_most(share), 100 * share, "percent", reason, rows)


def _most(share: float) -> str:
    """Return the verdict for a share of cases: most, some or none."""
    return SUPPORTED if share > MOST else PARTLY_SUPPORTED if share > 0 else NOT_SUPPORTED


def a31(rounds: pd.DataFrame, vendor_metrics: pd.DataFrame, as_of: str) -> Verdict:
    """A31, start-ups live on fund-raising: money raised over revenue in the last calendar year that was over.

    Supported if the ratio is above 1 for more than half of the firms for which both are known, not supported if it
    is below 1 for more than half, partly supported where neither holds. Where only a run-rate bounds the revenue, the
    ratio is a lower bound; one below 1 then decides nothing and is left out.
    """
    year = last_whole_year(as_of)
    counted = count_rounds(rounds)
    table = raised_against_revenue(counted[counted["date"].dt.year == year], vendor_metrics, as_of)
    ratios = ratios_of_year(table, year)
    ratios = ratios[~(ratios["at_least"] & (ratios["ratio"] <= RATIO))]
    if ratios.empty:
        return not_testable(f"Missing: revenue of {year} of any firm that raised money in that year.", "percent")
    above, below = int((ratios["ratio"] > RATIO).sum()), int((ratios["ratio"] < RATIO).sum())
    half = MOST * len(ratios)
    verdict = SUPPORTED if above > half else NOT_SUPPORTED if below > half else PARTLY_SUPPORTED
    told = ", ".join(
        f"{row['company']} {'at least ' if row['at_least'] else ''}{count(row['ratio'], digits=1)}"
        for row in ratios.to_dict("records")
    )
    reason = f"In {year}, {above} of {len(ratios)} firms raised more than they took in: {told} times revenue."
    rows = tuple(dict.fromkeys(row for rows in ratios["rows"] for row in rows))
    return Verdict(verdict, 100 * above / len(ratios), "percent", reason, rows)


def a32(rounds: pd.DataFrame) -> Verdict:
    """A32, founded in 2021 by former staff of OpenAI: asks for a company record, which no table holds."""
    first = rounds[rounds["company"] == ARTICLE_FIRM].sort_values("date").head(1)
    known = f" The first round known is of {first['date'].iloc[0]:%B %Y}." if len(first) else ""
    return not_testable(
        f"Missing: a company record of {ARTICLE_FIRM} with its founding year and founders.{known}", "year",
        tuple(first.index),
    )  # fmt: skip


def _round(rounds: pd.DataFrame, name: str) -> pd.DataFrame:
    return rounds[(rounds["company"] == ARTICLE_FIRM) & (rounds["round"] == name)]


def _unknown_round(name: str, unit: str = "USD m") -> Verdict:
    return not_testable(f"Missing: the announcement of {ARTICLE_FIRM}'s {name}.", unit)


def a33(rounds: pd.DataFrame) -> Verdict:
    """A33, at least 3.5 billion in February 2025: supported if size and month match, partly if March."""
    found = _round(rounds, "Series E")
    if found.empty:
        return _unknown_round("Series E")
    amount, day = float(found["amount_usd_m"].iloc[0]), found["date"].iloc[0]
    sized = amount >= SERIES_E_USD_M - SIZE_WITHIN_USD_M
    month = f"{day:%Y-%m}"
    verdict = NOT_SUPPORTED
    if sized and month in (SERIES_E_MONTH, SERIES_E_CLOSING):
        verdict = SUPPORTED if month == SERIES_E_MONTH else PARTLY_SUPPORTED
    when = "" if month == SERIES_E_MONTH else ", not in February"
    reason = f"The Series E brought {money(amount)} and was announced as closed on {day:%d %B %Y}{when}."
    return Verdict(verdict, amount, "USD m", reason, tuple(found.index))


def a34(rounds: pd.DataFrame) -> Verdict:
    """A34, three investors took part: supported if all three are listed, partly if some.

    The table names leads only. One who is not there may still have taken part, so the count is a lower bound, and
    none found decides nothing.
    """
    found = _round(rounds, "Series E")
    if found.empty:
        return _unknown_round("Series E", "investors")
    listed = str(found["lead_investors"].iloc[0])
    there = [name for name in NAMED_INVESTORS if name in listed]
    if not there:
        return not_testable("Missing: the list of investors of the Series E.", "investors", tuple(found.index))
    verdict = SUPPORTED if len(there) == len(NAMED_INVESTORS) else PARTLY_SUPPORTED
    rest = [name for name in NAMED_INVESTORS if name not in there]
    unknown = f"; whether {' and '.join(rest)} took part is not known, for the table names leads only" if rest else ""
    reason = f"{' and '.join(there)} {'is' if len(there) == 1 else 'are'} named for the Series E{unknown}."
    return Verdict(verdict, float(len(there)), "investors", reason, tuple(found.index))


def _post_money(rounds: pd.DataFrame, name: str, claimed: float) -> tuple[str, float, str, tuple[str, ...]] | None:
    """Judge a valuation after the money: supported within `POST_WITHIN_PERCENT`."""
    found = _round(rounds, name).dropna(subset=["post_money_usd_m"])
    if found.empty:
        return None
    value = float(found["post_money_usd_m"].iloc[0])
    # Products of whole millions are exact, so the border belongs to the rule.
    verdict = SUPPORTED if 100 * abs(value - claimed) <= POST_WITHIN_PERCENT * claimed else NOT_SUPPORTED
    reason = f"The {name} was announced at {money(value)} after the money; the article says {money(claimed)}."
    return verdict, value, reason, tuple(found.index)


def a35(rounds: pd.DataFrame) -> Verdict:
    """A35, at 61.5 billion: supported within 1 per cent of the announced post-money value."""
    judged = _post_money(rounds, "Series E", SERIES_E_POST_USD_M)
    return _unknown_round("Series E") if judged is None else Verdict(judged[0], judged[1], "USD m", *judged[2:])


def a36(rounds: pd.DataFrame) -> Verdict:
    """A36, the valuation before was about 18 billion: the last priced round, within 10 (partly 20) per cent."""
    steps = step_ups(valuations(count_rounds(rounds)))
    step = steps[(steps["company"] == ARTICLE_FIRM) & (steps["round"] == "Series E")]
    if step.empty:
        return not_testable("Missing: a priced round of Anthropic before its Series E.", "USD m")
    value, name = float(step["previous_usd_m"].iloc[0]), str(step["previous_round"].iloc[0])
    gap = 100 * abs(value - PREVIOUS_USD_M) / PREVIOUS_USD_M
    partly = PARTLY_SUPPORTED if gap <= PREVIOUS_PARTLY_PERCENT else NOT_SUPPORTED
    verdict = SUPPORTED if gap <= PREVIOUS_WITHIN_PERCENT else partly
    reason = (
        f"The {name} of {step['previous_date'].iloc[0]:%B %Y} was at {money(value)}, {percent(gap)} from the article's "
        f"{money(PREVIOUS_USD_M)}."
    )
    return Verdict(verdict, value, "USD m", reason, (*_round(rounds, name).index, *step.index))


def a37(rounds: pd.DataFrame) -> Verdict:
    """A37, 13 billion on 2 September 2025: supported if size and day match."""
    found = _round(rounds, "Series F")
    if found.empty:
        return _unknown_round("Series F")
    amount, day = float(found["amount_usd_m"].iloc[0]), found["date"].iloc[0]
    match = abs(amount - SERIES_F_USD_M) <= SIZE_WITHIN_USD_M and day == SERIES_F_DAY
    reason = f"The Series F was announced on {day:%d %B %Y} with {money(amount)}."
    return Verdict(SUPPORTED if match else NOT_SUPPORTED, amount, "USD m", reason, tuple(found.index))


def a38(rounds: pd.DataFrame, vendor_metrics: pd.DataFrame) -> Verdict:
    """A38, at 183 billion after the money: within 1 per cent; with the step from 61.5 and the multiple of run-rate."""
    judged = _post_money(rounds, "Series F", SERIES_F_POST_USD_M)
    if judged is None:
        return _unknown_round("Series F")
    verdict, value, reason, rows = judged
    valued = valuations(count_rounds(rounds))
    step = step_ups(valued).reindex(rows).dropna(subset=["multiple"])
    sales = multiples(valued, vendor_metrics).reindex(rows).dropna(subset=["multiple"])
    if len(step):
        reason += (
            f" That is {count(step['multiple'].iloc[0], digits=2)} times the {step['previous_round'].iloc[0]}, "
            f"{count(step['months'].iloc[0], 'months', 1)} before."
        )
        rows = (*rows, *_round(rounds, str(step["previous_round"].iloc[0])).index)
    if len(sales):
        reason += (
            f" It is {count(sales['multiple'].iloc[0], digits=1)} times a gross run-rate of "
            f"{money(sales['run_rate_usd_m'].iloc[0])}."
        )
        rows = (*rows, str(sales["run_rate_row"].iloc[0]))
    return Verdict(verdict, value, "USD m", reason, rows)


def a40(rounds: pd.DataFrame) -> Verdict:
    """A40, OpenAI raised 6 billion in November (2024): supported if date and size match.

    Partly supported if only the order of size (the power of ten) does. The round is OpenAI's largest that closed
    within a quarter of that month.
    """
    counted = count_rounds(rounds)
    near = counted[
        (counted["company"] == "OpenAI")
        & counted["treatment"].isin(IN_THE_SUMS)
        & ((counted["date"] - OPENAI_MONTH).dt.days.abs() <= OPENAI_SEARCH_DAYS)
    ]
    if near.empty:
        return not_testable("Missing: a round of OpenAI around November 2024.", "USD m")
    found = near.loc[[near["amount_usd_m"].idxmax()]]
    amount, day = float(found["amount_usd_m"].iloc[0]), found["date"].iloc[0]
    sized = abs(amount - OPENAI_USD_M) <= OPENAI_ROUNDING_USD_M
    dated = (day.year, day.month) == (OPENAI_MONTH.year, OPENAI_MONTH.month)
    alike = floor(log10(amount)) == floor(log10(OPENAI_USD_M))
    verdict = SUPPORTED if sized and dated else PARTLY_SUPPORTED if alike else NOT_SUPPORTED
    post = found["post_money_usd_m"].iloc[0]
    reason = (
        f"OpenAI's round of that autumn brought {money(amount)} at {money(post)} on {day:%d %B %Y}; the article says "
        f"{money(OPENAI_USD_M, 0)} in November."
    )
    return Verdict(verdict, amount, "USD m", reason, tuple(found.index))


def a56(
    cash_flows: pd.DataFrame,
    financing: pd.DataFrame,
    benchmarks: pd.DataFrame,
    assumptions: pd.DataFrame,
    as_of: str,
) -> Verdict:
    """A56, the giants cannot finance this on promises for ever: years of runway over planned capex.

    Supported if the runway is under three years for more than half of the five, partly if for some, not supported
    if for none. A firm whose operating cash flow pays its plan has no end in sight.
    """
    table = capex_runways(cash_flows, financing, benchmarks, assumptions, GIANTS, as_of)
    known = table[table["missing"] == ""]
    if len(known) <= MOST * len(GIANTS):
        lists = table["ticker"], table["missing"]
        lacking = "; ".join(
            f"{FIRMS[ticker].name}: {missing}" for ticker, missing in zip(*lists, strict=True) if missing
        )
        return not_testable(f"Missing for most of the five: {lacking}.", "firms")
    short = int((known["years"] < RUNWAY_YEARS).sum())
    verdict = SUPPORTED if short > MOST * len(known) else PARTLY_SUPPORTED if short else NOT_SUPPORTED
    reason = (
        f"At {short} of {len(known)} firms cash and debt room last less than {count(RUNWAY_YEARS)} years: "
        + "; ".join(_runway_told(row) for _, row in known.iterrows())
        + ". Planned capex is the firm's guidance where known, else assumed; debt room is assumed."
    )
    rows = tuple(dict.fromkeys(row for rows in known["rows"] for row in rows))
    return Verdict(verdict, float(short), "firms", reason, rows, ASSUMPTIONS)


def _runway_told(row: pd.Series) -> str:
    name = FIRMS[row["ticker"]].name
    if row["covered"]:
        return f"{name}'s operating cash flow pays the plan of {money(row['planned'], 0)}"
    readings = runway_range(row["years_low"], row["years_high"])
    return (
        f"{name} {readings}" if row["years_low"] > RUNWAY_CAP_YEARS else f"{name} {runway(row['years'])} ({readings})"
    )
