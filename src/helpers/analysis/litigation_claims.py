"""The rules of the article's claims on lawsuits, one function a claim.

Each rule is the column ``how_to_test`` of ``claims.csv`` put into code, on the tables as known on some
day. An outcome that came later is unknown: the case is pending. A case without a filing day enters the
table only on the day its state was read, so an empty search proves nothing while such cases are to come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from helpers.analysis import exposure, legal_bill, litigation
from helpers.analysis.docket import against, european, is_open, lawsuits
from helpers.analysis.filings_trend import (
    FIRST_QUARTER,
    LEAST_DAYS_OF_A_YEAR,
    against_outside_counts,
    rate_ratio,
    yearly_rates,
)
from helpers.analysis.litigation import Exposure
from helpers.analysis.lookup import all_rows
from helpers.analysis.verdict import NOT_SUPPORTED, PARTLY_SUPPORTED, SUPPORTED, VERDICTS, Verdict, not_testable
from helpers.units import money, percent

ARTICLE_DAY = "2025-09-05"
NO_CASES = "Missing: any case; the table knows none on this day."
NO_WORKS = "Missing: the number of works at issue in any open suit under a statute that prices a work."
# Shares far below one per cent need two decimals to be told from zero.
HUNDREDTHS = 2
# A58: "at least doubled from 2023 to 2025, partly if it rose".
FIRST_YEAR, SECOND_YEAR = 2023, 2025
DOUBLED, ROSE = 2.0, 1.0
# A59 and A63: the dockets the rules name.
NEW_YORK_TIMES = "1:23-cv-11195"
SUNO_AND_UDIO = {"Suno": "1:24-cv-11611", "Udio": "1:24-cv-04777"}
# A60: "class actions by authors or publishers" against these three.
A60_DEFENDANTS = ("Anthropic", "Meta", "Stability AI")
WRITTEN_WORKS = ("books",)
# A61: "two or more suits by photographers or artists against both"; an agency is neither.
A61_DEFENDANTS = ("Stability AI", "Midjourney")
AGENCIES = ("Getty Images",)
SEVERAL_SUITS = 2
# A62: "passes 10 percent of AI capex, partly if 1-10 percent".
A62_SUPPORTED_PERCENT, A62_PARTLY_PERCENT = 10.0, 1.0
# A64: "two or more were filed".
SEVERAL_CLASS_ACTIONS = 2
# A65: "supported above 5 percent, partly 1-5".
A65_SUPPORTED_PERCENT, A65_PARTLY_PERCENT = 5.0, 1.0
# A66: "supported above 20 percent of revenue, partly 5-20"; the firms the claim is about.
A66_SUPPORTED_PERCENT, A66_PARTLY_PERCENT = 20.0, 5.0
A66_FIRMS = ("Anthropic", "OpenAI", "Meta")


@dataclass(frozen=True)
class Evidence:
    """The tables a verdict may use, all as known on the same day.

    Parameters
    ----------
    docket, cash_flows, vendor_metrics, funding_rounds, statutory_damages : DataFrame
        Indexed by row id; ``docket`` is the table ``litigation``.
    assumptions : DataFrame
    as_of : str
        ISO date.
    draws, seed : int
        Of the simulation that A62 and A65 need.
    undated_to_come : int
        Rows of the whole table without a filing day that `docket` does not yet hold.
    """

    docket: pd.DataFrame
    cash_flows: pd.DataFrame
    vendor_metrics: pd.DataFrame
    funding_rounds: pd.DataFrame
    statutory_damages: pd.DataFrame
    assumptions: pd.DataFrame
    as_of: str
    draws: int
    seed: int
    undated_to_come: int = 0


def expose(evidence: Evidence) -> Exposure:
    """Simulate the exposure that A62 and A65 use: of all open copyright suits."""
    return litigation.expose(
        evidence.docket, evidence.statutory_damages, evidence.assumptions, evidence.draws, evidence.seed
    )


def verdicts(evidence: Evidence, exposed: Exposure | None = None) -> dict[str, Verdict]:
    """Return the verdict of every claim on lawsuits.

    Parameters
    ----------
    evidence : Evidence
    exposed : Exposure, optional
        From `expose`, where it is at hand already.

    Returns
    -------
    dict of str to Verdict
        By claim id.
    """
    docket, exposed = evidence.docket, expose(evidence) if exposed is None else exposed
    return {
        "A58": a58(docket, evidence.as_of),
        "A59": a59(docket),
        "A60": a60(docket),
        "A61": a61(docket, evidence.undated_to_come),
        "A62": a62(exposed, evidence.cash_flows),
        "A63": a63(docket),
        "A64": a64(docket),
        "A65": a65(docket, exposed, evidence.cash_flows),
        "A66": a66(docket, evidence.vendor_metrics, evidence.funding_rounds),
    }


# What-if runs need the verdict, not the last digit: this part of the draws is enough.
WHAT_IF_DRAWS_DIVISOR = 4


def what_if(evidence: Evidence) -> pd.DataFrame:
    """Ask what the verdict of A62 hangs on: each range at its ends, and the largest suits left out.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    DataFrame
        ``changed`` (what, in words), ``p90`` (USD millions), ``percent`` of a year's capex, ``verdict``.
        No row where nothing can be simulated.
    """
    whole = expose(evidence)
    draws = max(evidence.draws // WHAT_IF_DRAWS_DIVISOR, 1)
    runs = [("as assumed", whole)]
    if len(whole.suits):
        largest = str(whole.suits["works"].idxmax())
        without = (
            (f"without {whole.suits['short_name'][largest]}", whole.suits.drop(index=largest)),
            ("without every complaint that counts a collection", whole.suits.drop(index=whole.collections.index)),
        )
        runs += [(words, _rerun(evidence, whole, suits, draws, {})) for words, suits in without]
        rows = evidence.assumptions.set_index("id")
        for name in whole.assumptions:
            for end in ("low", "high"):
                pinned = {name: float(rows[end][name])}
                words = f"{exposure.LABELS[name][0].lower()}{exposure.LABELS[name][1:]} at its {end} end"
                runs.append((words, _rerun(evidence, whole, whole.suits, draws, pinned)))
    capex = legal_bill.trailing_capex(evidence.cash_flows)
    judged = [(words, run, _over_capex(run, capex)) for words, run in runs]
    table = [(words, float(run.total["p90"]), verdict.value, verdict.verdict) for words, run, verdict in judged]
    frame = pd.DataFrame(table, columns=["changed", "p90", "percent", "verdict"]).astype({"percent": "float64"})
    return frame.dropna(subset="p90").reset_index(drop=True)


def _rerun(
    evidence: Evidence, whole: Exposure, suits: pd.DataFrame, draws: int, pinned: Mapping[str, float]
) -> Exposure:
    """Simulate some of the suits again, with assumptions pinned."""
    simulated = exposure.simulate(suits, evidence.assumptions, whole.assumptions, draws, evidence.seed, pinned)
    return Exposure(suits, simulated, whole.assumptions)


def tally(found: Mapping[str, Verdict]) -> dict[str, int]:
    """Return how many claims got each verdict, in the order of `VERDICTS`."""
    return {name: sum(verdict.verdict == name for verdict in found.values()) for name in VERDICTS}


def a58(docket: pd.DataFrame, as_of: str) -> Verdict:
    """A58, lawsuits over AI are multiplying: the rate of 2025 over that of 2023.

    Supported if it at least doubled, partly if it rose. A year that is not over counts at the rate of
    the days that have passed. Fines are not filings; suits without a filing day are not counted.
    """
    rates = yearly_rates(docket, as_of, (FIRST_YEAR, SECOND_YEAR))
    ratio = rate_ratio(rates, FIRST_YEAR, SECOND_YEAR)
    if ratio is None:
        missing = f"Missing: suits filed in {FIRST_YEAR}, or {LEAST_DAYS_OF_A_YEAR} days of {SECOND_YEAR}."
        return not_testable(missing, "times")
    verdict = SUPPORTED if ratio.value >= DOUBLED else PARTLY_SUPPORTED if ratio.value > ROSE else NOT_SUPPORTED
    before, after = rates.loc[FIRST_YEAR], rates.loc[SECOND_YEAR]
    undated = int(docket["filed_date"].isna().sum())
    reason = (
        f"The table's suits went from {before['rate']:.0f} in {FIRST_YEAR} to {after['rate']:.1f} a year in "
        f"{SECOND_YEAR} ({after['filings']:.0f} in {after['days']:.0f} days), {ratio.value:.2f} times as many, 95 "
        f"per cent interval {ratio.low:.2f} to {ratio.high:.2f}; {undated} rows without a filing day are not counted"
        f"{_told_by_others(docket, as_of)}."
    )
    used = lawsuits(docket)
    used = used[used["filed_date"].dt.year.isin([FIRST_YEAR, SECOND_YEAR])]
    return Verdict(verdict, ratio.value, "times", reason, tuple(used.index))


def _told_by_others(docket: pd.DataFrame, as_of: str) -> str:
    """Compare the newest outside count of US copyright suits with the table's, in words."""
    counts = against_outside_counts(docket, as_of)
    if counts.empty:
        return ""
    day, last = counts.index[-1], counts.iloc[-1]
    return (
        f", and of the {last['outside']:.0f} US copyright suits that others counted by {day.date()} the table dates "
        f"{last['table']:.0f}"
    )


def a59(docket: pd.DataFrame) -> Verdict:
    """A59, the New York Times sued OpenAI and Microsoft: supported if filed and not over, partly if over."""
    if docket.empty:
        return not_testable(NO_CASES, "suits")
    found = _docketed(docket, NEW_YORK_TIMES)
    if found.empty:
        return Verdict(NOT_SUPPORTED, 0.0, "suits", f"No suit under docket {NEW_YORK_TIMES} is known.", _all(docket))
    row = found.iloc[0]
    verdict = SUPPORTED if is_open(found).iloc[0] else PARTLY_SUPPORTED
    reason = (
        f"Filed on {row['filed_date'].date()} against {row['defendants']}, docket {NEW_YORK_TIMES}; "
        f"state known on this day: {row['status_text']}."
    )
    return Verdict(verdict, float(len(found)), "suits", reason, tuple(found.index))


def a60(docket: pd.DataFrame) -> Verdict:
    """A60, class actions by authors and publishers against Anthropic, Meta and Stability AI.

    Supported if each of the three faces one, partly if each faces a class action but some by others,
    else not supported.
    """
    if docket.empty:
        return not_testable(NO_CASES, "of 3 firms")
    suits = lawsuits(docket)
    classes = suits[suits["class_action"].eq("yes") & suits["claim_type"].eq("copyright")]
    faced = {firm: against(classes, firm) for firm in A60_DEFENDANTS}
    written = {firm: rows[rows["subject"].isin(list(WRITTEN_WORKS))] for firm, rows in faced.items()}
    by_authors = sum(len(rows) > 0 for rows in written.values())
    all_face_one = all(len(rows) for rows in faced.values())
    verdict = SUPPORTED if by_authors == len(A60_DEFENDANTS) else PARTLY_SUPPORTED if all_face_one else NOT_SUPPORTED
    told = "; ".join(
        f"{firm} {len(written[firm])} by authors or publishers and {len(rows) - len(written[firm])} by others"
        for firm, rows in faced.items()
    )
    used = tuple(dict.fromkeys(row for rows in faced.values() for row in rows.index)) or _all(docket)
    return Verdict(verdict, float(by_authors), "of 3 firms", f"Copyright class actions known: {told}.", used)


def european_image_suits(docket: pd.DataFrame) -> pd.DataFrame:
    """Return European suits over images, with what each is worth for the claim about photographers.

    Returns
    -------
    DataFrame
        The rows, with ``direct`` (against Stability AI or Midjourney, and not by an agency).
    """
    suits = lawsuits(european(docket))
    images = suits[suits["subject"] == "images"]
    named = [row for firm in A61_DEFENDANTS for row in against(images, firm).index]
    direct = images.index.isin(named) & ~images["plaintiffs"].isin(list(AGENCIES)).to_numpy()
    return images.assign(direct=direct)


def a61(docket: pd.DataFrame, undated_to_come: int) -> Verdict:
    """A61, in Europe photographers and artists sued Stability AI and Midjourney.

    Supported if `SEVERAL_SUITS` or more by photographers or artists, against both; partly if there are
    only related suits; not supported if there are none, which a table with suits still to be dated
    cannot show.
    """
    suits = european_image_suits(docket)
    direct = suits[suits["direct"]]
    both = all(len(against(direct, firm)) for firm in A61_DEFENDANTS)
    if docket.empty:
        return not_testable(NO_CASES, "suits")
    if suits.empty and undated_to_come:
        return not_testable(
            f"Missing: the filing days of {undated_to_come} cases, which enter the table only when their state was "
            "read; until then an empty list of European suits over images proves nothing.",
            "suits",
        )
    if suits.empty:
        return Verdict(NOT_SUPPORTED, 0.0, "suits", "No European suit over images is in the table.", _all(docket))
    verdict = SUPPORTED if len(direct) >= SEVERAL_SUITS and both else PARTLY_SUPPORTED
    told = "; ".join(f"{row['short_name']} ({row['court']}, {row['status_text']})" for _, row in suits.iterrows())
    reason = (
        f"{len(direct)} European suits by photographers or artists against {' or '.join(A61_DEFENDANTS)} are in the "
        f"table; over images it has {len(suits)}: {told}."
    )
    return Verdict(verdict, float(len(direct)), "suits", reason, tuple(suits.index))


def a62(exposed: Exposure, cash_flows: pd.DataFrame) -> Verdict:
    """A62, massive royalties if the suits succeed: the 90th percentile of exposure over a year's capex.

    Supported above `A62_SUPPORTED_PERCENT`, partly from `A62_PARTLY_PERCENT`. Capex is all cash capex of
    the five builders over their last four known quarters: the tables do not split off AI.
    """
    return _over_capex(exposed, legal_bill.trailing_capex(cash_flows))


def _over_capex(exposed: Exposure, capex: pd.DataFrame) -> Verdict:
    """Judge A62 on a table of `legal_bill.trailing_capex`."""
    if exposed.suits.empty:
        return not_testable(NO_WORKS, "percent")
    if len(capex) < len(legal_bill.BUILDERS) or capex["capex"].isna().any():
        return not_testable("Missing: twelve months of capex of the five builders.", "percent")
    total, high, listed = float(capex["capex"].sum()), float(exposed.total["p90"]), exposed.part(exposure.LISTED)["p90"]
    share, alone = 100 * high / total, money(None if pd.isna(listed) else float(listed))
    reason = (
        f"The 90th percentile of what {len(exposed.suits)} open suits could cost is {money(high)}, against "
        f"{money(total)} of capex in a year; it hangs on {len(exposed.collections)} complaints that count a whole "
        f"collection of works, without which it is {alone}."
    )
    verdict = _graded(share, A62_SUPPORTED_PERCENT, A62_PARTLY_PERCENT)
    return Verdict(verdict, share, "percent", reason, (*exposed.suits.index, *all_rows(capex)), exposed.assumptions)


def a63(docket: pd.DataFrame) -> Verdict:
    """A63, rights holders sue Suno and Udio: supported if both dockets of June 2024 exist, partly if one."""
    if docket.empty:
        return not_testable(NO_CASES, "suits")
    found = {firm: _docketed(docket, number) for firm, number in SUNO_AND_UDIO.items()}
    exist = sum(len(rows) > 0 for rows in found.values())
    verdict = SUPPORTED if exist == len(SUNO_AND_UDIO) else PARTLY_SUPPORTED if exist else NOT_SUPPORTED
    states = "; ".join(
        f"{firm}, docket {SUNO_AND_UDIO[firm]}, {rows['status_text'].iloc[0] if len(rows) else 'not known'}"
        for firm, rows in found.items()
    )
    others = {firm: len(against(docket, firm)) for firm in SUNO_AND_UDIO}
    told = " and ".join(f"{number} against {firm}" for firm, number in others.items())
    used = tuple(row for rows in found.values() for row in rows.index)
    reason = f"The labels' suits of June 2024: {states}. In all the table has {told}."
    return Verdict(verdict, float(exist), "suits", f"{reason}{_settled_since(found)}", used or _all(docket))


def _settled_since(found: dict[str, pd.DataFrame]) -> str:
    """Return what the table's notes say first of each suit: later licences and partial settlements."""
    known = {firm: rows["note"].dropna() for firm, rows in found.items()}
    return "".join(
        f" {firm}: {notes.iloc[0].split('. ')[0].rstrip('.')}." for firm, notes in known.items() if len(notes)
    )


def a64(docket: pd.DataFrame) -> Verdict:
    """A64, US class actions over personal data: supported if two or more were filed, partly if one."""
    if docket.empty:
        return not_testable(NO_CASES, "class actions")
    suits = lawsuits(docket)
    wanted = suits[
        suits["jurisdiction"].eq("US")
        & suits["claim_type"].eq("privacy")
        & suits["class_action"].eq("yes")
        & suits["subject"].eq("personal data")
    ]
    known = len(wanted)
    verdict = SUPPORTED if known >= SEVERAL_CLASS_ACTIONS else PARTLY_SUPPORTED if known else NOT_SUPPORTED
    told = "; ".join(f"{row['short_name']}, {row['status_text']}" for _, row in wanted.iterrows()) or "none"
    reason = (
        f"US privacy class actions over personal data known: {told}. {len(against(wanted, 'OpenAI'))} of "
        f"{known} names OpenAI; A.T. v. OpenAI, which the rule mentions, is not in the table."
    )
    return Verdict(verdict, float(known), "class actions", reason, tuple(wanted.index) or _all(docket))


def a65(docket: pd.DataFrame, exposed: Exposure, cash_flows: pd.DataFrame) -> Verdict:
    """A65, the legal bill on top of infrastructure: settlements, fines and mean exposure over capex.

    The years run from `FIRST_QUARTER` to the last quarter known. The exposure is all of it, though
    little of it would be paid within these years: that leans towards the claim.
    """
    bill = legal_bill.settlements_and_fines(docket)
    bill = bill[bill["day"] >= FIRST_QUARTER]
    quarters = legal_bill.capex_since(cash_flows, FIRST_QUARTER)
    capex = float(quarters["capex"].sum())
    if exposed.suits.empty:
        return not_testable(NO_WORKS, "percent")
    if quarters.empty or quarters["capex"].isna().any():
        return not_testable("Missing: the builders' capex since 2023.", "percent")
    agreed, expected = float(bill["usd_m"].sum()), float(exposed.total["mean"])
    share = 100 * (agreed + expected) / capex
    reason = (
        f"Settlements and fines of {money(agreed)} that stand and an expected {money(expected)} from the open suits "
        f"are held against {money(capex)} of the five builders' capex since 2023; what is agreed or imposed alone is "
        f"{percent(100 * agreed / capex, HUNDREDTHS)}."
    )
    verdict = _graded(share, A65_SUPPORTED_PERCENT, A65_PARTLY_PERCENT)
    used = (*bill.index, *exposed.suits.index, *quarters.index)
    return Verdict(verdict, share, "percent", reason, used, exposed.assumptions)


def a66(docket: pd.DataFrame, vendor_metrics: pd.DataFrame, funding_rounds: pd.DataFrame) -> Verdict:
    """A66, suits threaten profitability: the large settlement over its payer's yearly revenue.

    Supported above `A66_SUPPORTED_PERCENT`, partly from `A66_PARTLY_PERCENT`. The year is the last full
    one before the settlement. Image is not measured.
    """
    settlement = exposure.anchor(_of_firms(docket))
    if settlement.empty:
        told = ", ".join(A66_FIRMS)
        return not_testable(
            f"Missing: a settlement of {told} with a known amount; none is dated by this day.", "percent"
        )
    row = settlement.iloc[0]
    firm, amount, day = str(row["defendants"]), float(row["settlement_usd_m"]), row["outcome_date"]
    year = legal_bill.yearly_revenue(vendor_metrics, firm, day)
    year = year[year["date"].dt.year == day.year - 1]
    if year.empty:
        return not_testable(f"Missing: the revenue of {firm} in {day.year - 1}.", "percent", tuple(settlement.index))
    revenue = float(year["value"].iloc[0])
    rate, rounds = (
        legal_bill.run_rate(vendor_metrics, firm, day),
        legal_bill.rounds_that_count(funding_rounds, firm, day),
    )
    share, raised = 100 * amount / revenue, float(rounds["amount_usd_m"].sum())
    of_rate = f" and {percent(100 * amount / float(rate['value'].iloc[0]))} of its last run-rate" if len(rate) else ""
    of_raised = f", {percent(100 * amount / raised)} of the {money(raised)} it had raised" if raised else ""
    reason = (
        f"The settlement of {money(amount)} is {percent(share)} of the {money(revenue)} that {firm} earned in "
        f"{day.year - 1}{of_raised}{of_rate}; it is one settlement of one firm, paid in instalments, and image is "
        "not measured."
    )
    used = (*settlement.index, *year.index, *rate.index, *rounds.index)
    return Verdict(_graded(share, A66_SUPPORTED_PERCENT, A66_PARTLY_PERCENT), share, "percent", reason, used)


def _of_firms(docket: pd.DataFrame) -> pd.DataFrame:
    rows = dict.fromkeys(row for firm in A66_FIRMS for row in against(docket, firm).index)
    return docket.loc[list(rows)]


def _graded(share: float, supported: float, partly: float) -> str:
    """Return the verdict of a share against two thresholds, per cent."""
    return SUPPORTED if share > supported else PARTLY_SUPPORTED if share >= partly else NOT_SUPPORTED


def _docketed(docket: pd.DataFrame, number: str) -> pd.DataFrame:
    found: pd.DataFrame = docket[docket["docket_number"].astype("str").str.contains(number, regex=False)]
    return found


def _all(docket: pd.DataFrame) -> tuple[str, ...]:
    """Return every row: a verdict that rests on a search without a find rests on all that was searched."""
    return tuple(str(row) for row in docket.index)
