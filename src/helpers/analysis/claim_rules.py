"""Every rule of the claims, callable on any day: what turned a verdict, and when.

A verdict that differs between two dates turned on some day between them. `turning_point` finds it by halving the days
on which the rule's rows became known, and names the rows that came with it. It judges with the same rules as the
notebooks, and their default parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from inspect import Parameter, signature
from typing import Any

import pandas as pd

from helpers.analysis import (
    capex_claims,
    cash_flow_claims,
    docket,
    dotcom_claims,
    funding_claims,
    litigation,
    litigation_claims,
    monetisation_claims,
    revenue_claims,
    ways_out_claims,
    who_pays_claims,
)
from helpers.analysis.chatgpt_revenue import ArticleEstimate
from helpers.analysis.free_cash_flow import FIRMS
from helpers.analysis.monetisation_evidence import Evidence as MonetisationEvidence
from helpers.analysis.verdict import Verdict
from helpers.units import write

# The article's figures and the settings of the simulations, as the notebooks have them. Fewer draws serve here: the
# question is on which day a verdict turned, not its last digit.
ESTIMATE = ArticleEstimate(10.0, 20.0, 12, 25.0, 350.0, 200.0, 3700.0)
REVENUE_DRAWS, REVENUE_SEED = 20_000, 20240927
LITIGATION_DRAWS, LITIGATION_SEED = 16_384, 20250905

# Gives a table as known on a day; an empty day stands for the whole table.
Load = Callable[[str, str], pd.DataFrame]
Rule = Callable[[Load, str], Verdict]

_MODULES = {
    "01_fcf_decline": (cash_flow_claims,),
    "02_chatgpt_revenue": (revenue_claims,),
    "03_dotcom_comparison": (dotcom_claims,),
    "04_capex_regressions": (capex_claims,),
    "05_funding_dependence": (funding_claims,),
    "06_monetisation_paths": (monetisation_claims, ways_out_claims),
    "07_litigation_exposure": (litigation_claims,),
    "08_who_pays": (who_pays_claims,),
}
# Parameters of the rules that have another name than the table they are.
_OTHER_NAMES = {
    "shiller": "sp500_shiller",
    "nasdaq": "nasdaq_composite",
    "benchmarks": "bubble_benchmarks",
    "rounds": "funding_rounds",
    "docket": "litigation",
}
_SETTINGS: dict[str, Any] = {"estimate": ESTIMATE, "draws": REVENUE_DRAWS, "seed": REVENUE_SEED}
# Tables that hold what is asked and who is cited, not what was known.
_UNDATED = ("sources", "claims")
# A67 has no rows of its own: it is the sum of the other verdicts.
SUM_OF_OTHERS = "A67"


def rule_of(claim: str, notebook: str) -> Rule | None:
    """Return the rule of a claim, callable with a loader and a day.

    Parameters
    ----------
    claim, notebook : str
        As in ``claims.csv``.

    Returns
    -------
    callable or None
        None where no tables alone decide it (`SUM_OF_OTHERS`) or nobody wrote a rule.
    """
    written = [getattr(module, claim.lower(), None) for module in _MODULES.get(notebook, ())]
    function = next((rule for rule in written if rule), None)
    if function is None or claim == SUM_OF_OTHERS:
        return None

    def rule(load: Load, day: str) -> Verdict:
        verdict: Verdict = function(**arguments(function, load, day))
        return verdict

    return rule


def arguments(function: Callable[..., Any], load: Load, day: str) -> dict[str, Any]:
    """Return what a rule's parameters ask for, as known on a day; parameters with a default keep it.

    Parameters
    ----------
    function : callable
        A rule: its parameters are named after tables, or after what is made of them.
    load : callable
    day : str
        ISO date.
    """
    wanted = [name for name, one in signature(function).parameters.items() if one.default is Parameter.empty]
    return {name: _argument(name, load, day) for name in wanted}


def _argument(name: str, load: Load, day: str) -> Any:
    if name == "as_of":
        return day
    if name in _SETTINGS:
        return _SETTINGS[name]
    if name == "undated_to_come":
        return docket.undated_to_come(load("litigation", ""), load("litigation", day))
    if name == "exposed":
        cases, damages, ranges = (load(table, day) for table in ("litigation", "statutory_damages", "assumptions"))
        return litigation.expose(cases, damages, ranges, LITIGATION_DRAWS, LITIGATION_SEED)
    if name == "evidence":
        names = ("cash_flows", "vendor_metrics", "ai_prices", "ai_usage")
        return MonetisationEvidence(day, **{table: load(table, day) for table in names})
    return load(_OTHER_NAMES.get(name, name), "" if name in _UNDATED else day)


@dataclass(frozen=True)
class TurningPoint:
    """The day on which a verdict took its present form.

    Parameters
    ----------
    day : str
        ISO date; empty where it could not be found.
    rows : tuple of str
        The rows behind the verdict that became known on that day.
    """

    day: str
    rows: tuple[str, ...]


def turning_point(
    rule: Rule, load: Load, known_from: pd.Series, then: tuple[str, str], now: tuple[str, str]
) -> TurningPoint:
    """Find the day on which a verdict turned, and what came on it.

    Parameters
    ----------
    rule : callable
        From `rule_of`.
    load : callable
        Gives a table as known on a day.
    known_from : Series of datetime64
        First day on which rows could be known, by row id: of the rows either verdict rests on.
    then, now : (str, str)
        ISO date and verdict at both ends; the verdicts differ.

    Returns
    -------
    TurningPoint
        The first day with the present verdict after a day without it, among the days on which one of the rows came.
        Without a day where the rule no longer gives these verdicts at the two ends, or turned by the calendar alone.
    """
    start, end = then[0], now[0]
    between = known_from[(known_from > pd.Timestamp(start)) & (known_from <= pd.Timestamp(end))]
    days = [start, *(f"{day:%Y-%m-%d}" for day in sorted(set(between)))]
    on = cache(lambda day: rule(load, day))
    if on(start).verdict == now[1] or on(days[-1]).verdict != now[1]:
        return TurningPoint("", ())
    low, high = 0, len(days) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if on(days[middle]).verdict == now[1] else (middle, high)
    came = set(known_from.index[known_from == pd.Timestamp(days[high])])
    return TurningPoint(days[high], tuple(row for row in on(days[high]).rows if row in came))


def turning_points(
    moved: pd.DataFrame,
    then: tuple[str, Mapping[str, Verdict]],
    now: tuple[str, Mapping[str, Verdict]],
    load: Load,
    known_from: Callable[[str], pd.Series],
) -> pd.DataFrame:
    """Find for each claim that moved the day and the rows that turned it.

    Parameters
    ----------
    moved : DataFrame
        From `scorecard.moved`.
    then, now : (str, mapping of claim id to Verdict)
        ISO date and verdicts at both ends.
    load : callable
        Gives a table as known on a day.
    known_from : callable
        Gives for a table the first day on which each row could be known, by row id.

    Returns
    -------
    DataFrame, one row a claim
        ``claim_id``, ``then``, ``now``, ``day`` (empty where no day was found), ``decided_by`` (in words), ``sources``
        (ids joined by ";") and ``rows`` (ids joined by ";"; the rows that came on the day).
    """
    table = []
    for row in moved.to_dict("records"):
        claim = row["claim_id"]
        rule = rule_of(claim, row["notebook"])
        ends = [(day, verdicts[claim].verdict) for day, verdicts in (then, now)]
        used = {*then[1][claim].rows, *now[1][claim].rows}
        dated = [known_from(name) for name in sorted({label.split("/", 1)[0] for label in used})]
        turned = TurningPoint("", ())
        if rule is not None and dated:
            known = pd.concat(dated)
            turned = turning_point(rule, load, known[known.index.isin(used)], ends[0], ends[1])
        told = decided_by(turned.rows, load)
        more = f"; and {len(turned.rows) - len(told)} more" if len(turned.rows) > len(told) else ""
        sources = dict.fromkeys(";".join(source for _, _, source in told).split(";"))
        table.append(
            {
                "claim_id": claim, "then": ends[0][1], "now": ends[1][1], "day": turned.day,
                "decided_by": "; ".join(words for _, words, _ in told) + more, "sources": ";".join(sources),
                "rows": ";".join(turned.rows),
            }
        )  # fmt: skip
    columns = ["claim_id", "then", "now", "day", "decided_by", "sources", "rows"]
    return pd.DataFrame(table, columns=columns)


def turned_in_words(table: pd.DataFrame) -> str:
    """Return a Markdown list of what turned each verdict, for a table of `turning_points`; empty for none."""
    lines = []
    for row in table.to_dict("records"):
        when = f"on {row['day']}" if row["day"] else "on a day that could not be found"
        why = f"came {row['decided_by']}" if row["rows"] else "no single row decided"
        cited = f" (source: {row['sources'].replace(';', ', ')})" if row["sources"] else ""
        lines.append(f"- **{row['claim_id']}**, {row['then']} to {row['now']}: {when} {why}{cited}.")
    return "\n".join(lines)


# What to read in a row of each table besides the firm: columns and how each is written.
_MONEY, _COUNT = "USD m", ""
_SHOWN: dict[str, dict[str, str]] = {
    "ai_usage": {"series": "", "region": "", "value": _COUNT, "unit": ""},
    "ai_prices": {"provider": "", "product": "", "price_usd": "USD", "unit": ""},
    "cash_flows": {"period_end": "", "operating_cash_flow": _MONEY, "capex": _MONEY},
    "financing": {"period_end": "", "debt_issued": _MONEY, "debt_repaid": _MONEY},
    "funding_rounds": {"company": "", "round": "", "amount_usd_m": _MONEY},
    "stock_prices": {"month_end": "", "close_adj": "USD"},
    "bubble_benchmarks": {"series": "", "year": _COUNT, "value": _COUNT, "unit": ""},
    "litigation": {"short_name": "", "filed_date": "", "status_text": "", "settlement_usd_m": _MONEY},
    "sp500_shiller": {"month": "", "price": "USD", "earnings": "USD"},
    "nasdaq_composite": {"month_end": "", "close": _COUNT},
}
# How the names of metrics and columns end, and what their values are.
_ENDINGS = {"_usd_m": _MONEY, "_m": "million"}
# Columns whose text says what it is without its name before it.
_BARE = ("value", "amount_usd_m", "price_usd", "year")


def row_in_words(row: Mapping[Any, Any], table: str) -> str:
    """Say what a row holds: the columns that carry it, without the empty ones.

    Parameters
    ----------
    row : mapping of column to value
    table : str
        Its table.
    """
    if table == "vendor_metrics":
        return _metric_in_words(row)
    ticker = row.get("ticker")
    told = [] if ticker is None else [FIRMS[str(ticker)].name if str(ticker) in FIRMS else str(ticker)]
    for column, unit in _SHOWN.get(table, {}).items():
        value = row.get(column)
        if value is None or pd.isna(value):
            continue
        if isinstance(value, pd.Timestamp):
            told.append(str(value.date()))
        elif isinstance(value, float | int):
            name = "" if column in _BARE else f"{_plain(column)} "
            told.append(f"{name}{str(value) if column == 'year' else write(value, unit)}")
        else:
            told.append(str(value).replace("_", " "))
    return ", ".join(told)


def _metric_in_words(row: Mapping[Any, Any]) -> str:
    """Say what a row of vendor metrics holds."""
    metric, scope = str(row["metric"]), str(row["scope"])
    unit = next((unit for ending, unit in _ENDINGS.items() if metric.endswith(ending)), "")
    who = str(row["company"]) if scope == "company" else f"{row['company']} ({scope})"
    return f"{who}, {_plain(metric)} {write(float(row['value']), unit)}, {row['date']:%B %Y}"


def _plain(name: str) -> str:
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name.replace("_", " ").removesuffix(" adj")


def decided_by(rows: Sequence[str], load: Load, most: int = 3) -> list[tuple[str, str, str]]:
    """Describe the rows that turned a verdict.

    Parameters
    ----------
    rows : sequence of str
        Row ids.
    load : callable
    most : int
        How many to describe.

    Returns
    -------
    list of (row id, words, source ids)
    """
    told = []
    for label in rows[:most]:
        table = label.split("/", 1)[0]
        row = load(table, "").loc[label]
        told.append((label, row_in_words(row.to_dict(), table), str(row.get("source_id", ""))))
    return told
