"""The rules that test the article's claims on cash flow, one function a claim.

Each function follows the column ``how_to_test`` of ``claims.csv``. A claim that names quarters, or the
article's date, stays on those quarters for ever: later data may restate or complete them, never
replace them. What the same figures look like in the newest quarters is a number beside the verdict
(`group_change`), not the verdict. Where a figure is not in the frames, for example because it was not yet
published, the verdict is `not testable` and names it.

The firms' own definition of free cash flow decides, unless the rule names others.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from helpers.analysis.cash_flow_evidence import (
    ARTICLE_QUARTERS,
    OWN,
    YEAR,
    Book,
    MissingFigureError,
    cash_book,
    group_change,
    negative_quarters,
    newest_quarters,
    pay_and_acquisitions,
    rule_with,
    year_change,
)
from helpers.analysis.fiscal_quarters import in_order, latest_quarters
from helpers.analysis.free_cash_flow import FIRMS, components, free_cash_flow
from helpers.analysis.verdict import NOT_SUPPORTED, PARTLY_SUPPORTED, SUPPORTED, Verdict, not_testable
from helpers.units import money, percent

# Oracle's three quarters of claim A12, and the last day on which the third was unknown, and the day it came out.
ORACLE_QUARTERS = ("2025-02-28", "2025-05-31", "2025-08-31")
ORACLE_DAYS = ("2025-09-08", "2025-09-09")
# A02: "fell by more than 20 percent and at least three firms fell".
FALL_PERCENT = 20.0
FALLING_FIRMS = 3
# A15: "true for all four, partly for two or three".
FOUR_FIRMS = ("AMZN", "ORCL", "GOOGL", "META")
PARTLY_FIRMS = 2
# A16: "more than the whole fall, partly if more than half".
WHOLE_PERCENT = 100.0
HALF_PERCENT = 50.0

_TWO_QUARTERS = 2


@rule_with("percent")
def a02(cash_flows: pd.DataFrame, definition: str = OWN) -> Verdict:
    """A02, the leaders' cash flows are drying up: five firms' twelve months against the year before.

    Supported if the sum fell by more than `FALL_PERCENT` and at least `FALLING_FIRMS` firms fell,
    partly if one of the two holds. The twelve months are those known at the article's date.
    """
    table = group_change(cash_flows, ARTICLE_QUARTERS, definition)
    if table["change"].isna().any():
        raise MissingFigureError(table["missing"].dropna().iloc[0])
    before, after = table["earlier"].sum(), table["free_cash_flow_12m"].sum()
    if before <= 0:
        raise MissingFigureError("a positive sum of the year before, without which a fall has no percentage")
    change, fell = 100 * (after - before) / before, int((table["change"] < 0).sum())
    held = int(change < -FALL_PERCENT) + int(fell >= FALLING_FIRMS)
    verdict = (NOT_SUPPORTED, PARTLY_SUPPORTED, SUPPORTED)[held]
    reason = (
        f"The five firms' twelve-month free cash flow went from {money(before)} to {money(after)}, a change of "
        f"{percent(change)}, and {fell} of 5 fell; the rule asks for a fall of more than {percent(FALL_PERCENT, 0)} "
        f"and at least {FALLING_FIRMS} firms.{_same_question_since(cash_flows, definition)}"
    )
    return Verdict(verdict, change, "percent", reason, tuple(row for rows in table["rows"] for row in rows))


def _same_question_since(cash_flows: pd.DataFrame, definition: str) -> str:
    """Say what A02's sum does on the newest quarters, where they are not the article's: they do not judge it."""
    newest = newest_quarters(cash_flows, ARTICLE_QUARTERS)
    table = group_change(cash_flows, newest, definition)
    before, after = table["earlier"].sum(skipna=False), table["free_cash_flow_12m"].sum(skipna=False)
    if newest == ARTICLE_QUARTERS or len(newest) < len(ARTICLE_QUARTERS) or not before > 0:
        return ""
    fell = int((table["change"] < 0).sum())
    return (
        f" The same sum on the newest quarters known, which judge no verdict here, changed by "
        f"{percent(100 * (after - before) / before)}, and {fell} of {len(newest)} fell."
    )


# The three definitions of A11, each as the parts it takes off operating cash flow. "Less finance-lease
# principal too" is read with the words before it: gross purchases and the principal.
A11_DEFINITIONS: dict[str, dict[str, int]] = {
    "net of incentives": {"capex": -1, "capex_proceeds": 1},
    "gross": {"capex": -1},
    "gross, less finance-lease principal too": {"capex": -1, "finance_lease_principal": -1},
}


def a11_quarters(cash_flows: pd.DataFrame) -> pd.DataFrame:
    """Return Amazon's first two quarters of 2025 under the three definitions of A11.

    Returns
    -------
    DataFrame, one row a definition of `A11_DEFINITIONS`
        ``first`` and ``second`` quarter and the twelve months to the second, USD millions.

    Raises
    ------
    MissingFigureError
        If a quarter or a part of it is not known.
    """
    return _a11_quarters(Book(cash_flows, "cash_flows"))


def _a11_quarters(book: Book) -> pd.DataFrame:
    end, table = ARTICLE_QUARTERS["AMZN"], {}
    for name, parts in A11_DEFINITIONS.items():
        year = book.quarters("AMZN", end, "operating_cash_flow", quarters=YEAR)
        for part, sign in parts.items():
            year = year + sign * book.quarters("AMZN", end, part, quarters=YEAR)
        table[name] = {"first": year.iloc[-2], "second": year.iloc[-1], "twelve_months": year.sum()}
    return pd.DataFrame(table).T


# The rule's "less finance-lease principal too" follows the gross purchases; it can be read otherwise.
_A11_OTHER_READING = (
    "The lease principal is taken from the gross figure, as the rule lists it; taken from Amazon's own figure the "
    "second quarter stays positive and the claim would be not supported."
)


@rule_with("quarters")
def a11(cash_flows: pd.DataFrame) -> Verdict:
    """A11, Amazon had two negative quarters in a row: the first two of 2025, three definitions.

    Supported if both are negative on the company's own definition (purchases net of incentives),
    partly if on another one of the three only.
    """
    book = Book(cash_flows, "cash_flows")
    table = _a11_quarters(book)
    both = (table[["first", "second"]] < 0).all(axis=1)
    own = table.index[0]
    verdict = SUPPORTED if both[own] else PARTLY_SUPPORTED if both.any() else NOT_SUPPORTED
    told = "; ".join(f"{name} {money(row['first'])} and {money(row['second'])}" for name, row in table.iterrows())
    reason = (
        f"First and second quarter of 2025: {told}. On Amazon's own definition, net of incentives, the twelve months "
        f"to June 2025 brought {money(table.loc[own, 'twelve_months'])}. {_A11_OTHER_READING}"
    )
    negative = int((table.loc[own, ["first", "second"]] < 0).sum())
    return Verdict(verdict, float(negative), "quarters", reason, tuple(book.rows))


@rule_with("quarters")
def a12(cash_flows: pd.DataFrame) -> Verdict:
    """A12, Oracle had two negative quarters in a row: the last two known of `ORACLE_QUARTERS`.

    Supported if both are negative, partly if one is, or only the twelve months are.
    """
    book = cash_book(cash_flows, "gross")
    ends = set(book.frame.loc[book.frame["ticker"] == "ORCL", "period_end"])
    end = ORACLE_QUARTERS[2] if pd.Timestamp(ORACLE_QUARTERS[2]) in ends else ORACLE_QUARTERS[1]
    earlier = ORACLE_QUARTERS[ORACLE_QUARTERS.index(end) - 1]
    two = book.quarters("ORCL", end, "free_cash_flow", quarters=_TWO_QUARTERS)
    year = book.sum("ORCL", end, "free_cash_flow", quarters=YEAR)
    negative = int((two < 0).sum())
    partly = negative == 1 or year < 0
    verdict = SUPPORTED if negative == _TWO_QUARTERS else PARTLY_SUPPORTED if partly else NOT_SUPPORTED
    reason = (
        f"The last two of the quarters in question, to {earlier} and to {end}, brought {money(two.iloc[0])} and "
        f"{money(two.iloc[1])}; the twelve months to {end} {money(year)}."
    )
    return Verdict(verdict, float(negative), "quarters", reason, tuple(book.rows))


def oracle_days(as_of: str) -> tuple[str, str]:
    """Return the two days to ask A12 on: the last one before Oracle's release that has come, and the release."""
    return min(as_of, ORACLE_DAYS[0]), ORACLE_DAYS[1]


def a12_on(day: str, as_of: str, cash_flows: pd.DataFrame) -> Verdict:
    """Return the verdict of A12 on a day, or say that the day had not come.

    Parameters
    ----------
    day : str
        ISO date, for example one of `ORACLE_DAYS`.
    as_of : str
        ISO date: what was known on this day is all that may be used.
    cash_flows : DataFrame
        As known on the earlier of the two days.
    """
    if day > as_of:
        return not_testable(f"Not yet known on {as_of}: what Oracle had published by {day}.", "quarters")
    return a12(cash_flows)


def _eroded(cash_flows: pd.DataFrame, financing: pd.DataFrame, ticker: str, definition: str) -> Verdict:
    """Judge A13 and A14: free cash flow against a year before, beside advertising revenue."""
    cash, money_in = cash_book(cash_flows, definition), Book(financing, "financing")
    end = ARTICLE_QUARTERS[ticker]
    two, two_before, year, year_before = (
        cash.sum(ticker, end, "free_cash_flow", quarters=quarters, back=back)
        for quarters in (_TWO_QUARTERS, YEAR)
        for back in (0, YEAR)
    )
    ads, ads_before = (
        money_in.sum(ticker, end, "advertising_revenue", quarters=_TWO_QUARTERS, back=back) for back in (0, YEAR)
    )
    quarters_fell, year_fell, ads_rose = two < two_before, year < year_before, ads > ads_before
    verdict = NOT_SUPPORTED
    if quarters_fell and year_fell and ads_rose:
        verdict = SUPPORTED
    elif quarters_fell and not year_fell:
        verdict = PARTLY_SUPPORTED
    change = 100 * (two - two_before) / two_before if two_before > 0 else None
    reason = (
        f"Against a year before, free cash flow of the two quarters to {end} went from {money(two_before)} to "
        f"{money(two)} and of the twelve months from {money(year_before)} to {money(year)}, while advertising revenue "
        f"of the two quarters changed by {percent(100 * (ads - ads_before) / ads_before)} to {money(ads)}."
    )
    return Verdict(verdict, change, "percent", reason, (*cash.rows, *money_in.rows))


@rule_with("percent")
def a13(cash_flows: pd.DataFrame, financing: pd.DataFrame, definition: str = OWN) -> Verdict:
    """A13, Alphabet's free cash flow is eroded although advertising revenue stays very large.

    The last two quarters together, and the twelve months, against a year before. Supported if both
    fell and advertising revenue rose; partly if only the quarters fell.
    """
    return _eroded(cash_flows, financing, "GOOGL", definition)


@rule_with("percent")
def a14(cash_flows: pd.DataFrame, financing: pd.DataFrame, definition: str = OWN) -> Verdict:
    """A14, the same of Meta; see `a13`."""
    return _eroded(cash_flows, financing, "META", definition)


@rule_with("firms")
def a15(cash_flows: pd.DataFrame, definition: str = OWN) -> Verdict:
    """A15, the firms earn a profit while their free cash flow shrinks.

    A firm counts if net income was positive in both of the last two quarters before the article and
    free cash flow of the same two quarters together was below a year before. Supported if all
    `FOUR_FIRMS` count, partly if at least `PARTLY_FIRMS` do.
    """
    book, told, counted = cash_book(cash_flows, definition), [], 0
    risen: list[str] = []
    for ticker in FOUR_FIRMS:
        end, name = ARTICLE_QUARTERS[ticker], FIRMS[ticker].name
        profits = book.quarters(ticker, end, "net_income", quarters=_TWO_QUARTERS)
        now = book.quarters(ticker, end, "free_cash_flow", quarters=_TWO_QUARTERS)
        before = book.quarters(ticker, end, "free_cash_flow", quarters=_TWO_QUARTERS, back=YEAR)
        counted += bool((profits > 0).all() and now.sum() < before.sum())
        risen += [name] if (now.to_numpy() >= before.to_numpy()).any() else []
        told.append(f"{name} {money(profits.sum())} and {money(now.sum())} after {money(before.sum())}")
    verdict = NOT_SUPPORTED
    if counted == len(FOUR_FIRMS):
        verdict = SUPPORTED
    elif counted >= PARTLY_FIRMS:
        verdict = PARTLY_SUPPORTED
    single = f" Taken one by one, a quarter of {' and '.join(risen)} did not fall." if risen else ""
    reason = (
        f"{counted} of 4 earned a profit while free cash flow fell; net income and free cash flow of the two quarters, "
        f"with that of a year before: {'; '.join(told)}.{single}"
    )
    return Verdict(verdict, float(counted), "firms", reason, tuple(book.rows))


@rule_with("percent")
def a16(cash_flows: pd.DataFrame, financing: pd.DataFrame, definition: str = OWN) -> Verdict:
    """A16, the cause is heavy spending: what capex explains of the group's fall of A02.

    Supported if the rise of capex (net of proceeds where the firm nets them) is more than
    `WHOLE_PERCENT` of the fall, partly if more than `HALF_PERCENT`. Without a fall there is nothing to
    explain: not supported. Pay in shares and acquisitions are told apart and decide nothing.
    """
    parts = pd.concat([cash_flows, components(cash_flows, definition).add_prefix("part_")], axis=1)
    book = Book(parts, "cash_flows")
    change = {
        part: sum(year_change(book, ticker, f"part_{part}") for ticker in ARTICLE_QUARTERS)
        for part in ("operating_cash_flow", "capex", "capex_proceeds", "finance_lease_principal")
    }
    fall, capex_rise = -sum(change.values()), -(change["capex"] + change["capex_proceeds"])
    apart = _pay_and_acquisitions(cash_flows, financing)
    if fall <= 0:
        reason = f"Free cash flow of the five firms rose by {money(-fall)}: there is no fall to explain. {apart}"
        return Verdict(NOT_SUPPORTED, None, "percent", reason, tuple(book.rows))
    share = 100 * capex_rise / fall
    verdict = SUPPORTED if share > WHOLE_PERCENT else PARTLY_SUPPORTED if share > HALF_PERCENT else NOT_SUPPORTED
    reason = (
        f"The five firms' twelve-month free cash flow fell by {money(fall)}: capex rose by {money(capex_rise)}, which "
        f"is {percent(share, 0)} of the fall, while operating cash flow changed by "
        f"{money(change['operating_cash_flow'])}. {apart}"
    )
    return Verdict(verdict, share, "percent", reason, tuple(book.rows))


def _pay_and_acquisitions(cash_flows: pd.DataFrame, financing: pd.DataFrame) -> str:
    """Tell pay and acquisitions in one sentence, with the number of firms known."""
    table = pay_and_acquisitions(cash_flows, financing)
    told = [
        f"{label} by {money(table[column].sum())} ({table[column].notna().sum()} of {len(table)} firms known)"
        if table[column].notna().any()
        else f"{label} by an unknown amount"
        for column, label in (("stock_based_compensation", "pay in shares changed"), ("acquisitions", "acquisitions"))
    ]
    return f"Apart from that, {' and '.join(told)}."


def a17() -> Verdict:
    """A17, AI researchers are paid seven-figure salaries: no table holds pay."""
    return not_testable(
        "Missing: the annual pay of AI researchers. No table holds a sample of offers or of filed pay, "
        "and pay in shares is reported for a firm's whole staff.",
        "USD",
    )


@rule_with("firms")
def a19(cash_flows: pd.DataFrame) -> Verdict:
    """A19, the article's definition against each firm's own wording (`FIRMS`).

    Supported if every firm states operating cash flow less purchases of property; partly if some
    firms' definition differs; not supported if every one does.
    """
    last = latest_quarters(cash_flows)
    if last.empty:
        raise MissingFigureError("any quarter of any firm (cash_flows)")
    firms = [ticker for ticker in FIRMS if ticker in set(last["ticker"].astype(str))]
    differ = [ticker for ticker in firms if FIRMS[ticker].nets_proceeds or FIRMS[ticker].deducts_finance_leases]
    like = len(firms) - len(differ)
    verdict = SUPPORTED if not differ else PARTLY_SUPPORTED if like else NOT_SUPPORTED
    own = "; ".join(f"{FIRMS[ticker].name}: {FIRMS[ticker].wording}" for ticker in differ)
    reason = (
        f"{like} of {len(firms)} firms state the article's formula, operating cash flow less purchases of property and "
        f"equipment{'. Others differ. ' + own if differ else ''}."
    )
    return Verdict(verdict, float(like), "firms", reason, tuple(last.index))


@rule_with("quarters")
def a20(cash_flows: pd.DataFrame, definition: str = OWN) -> Verdict:
    """A20, negative free cash flow means spending more than the business brings in.

    The identity (below zero if and only if capex exceeds operating cash flow) is checked on every
    known quarter. Supported if it holds on the firms' own definition, partly if it has exceptions
    there but holds on the gross one, not supported otherwise. The negative quarters are split into
    heavy investment and weak operations.
    """
    own, gross = free_cash_flow(cash_flows, definition), free_cash_flow(cash_flows, "gross")
    known = in_order(cash_flows.assign(fcf=own, gross=gross)).dropna(subset="fcf")
    if known.empty:
        raise MissingFigureError("any quarter with a known free cash flow (cash_flows)")
    spends_more = known["capex"] > known["operating_cash_flow"]
    exceptions = int((spends_more != (known["fcf"] < 0)).sum())
    arithmetic = bool((spends_more == (known["gross"] < 0)).all())
    verdict = SUPPORTED if not exceptions else PARTLY_SUPPORTED if arithmetic else NOT_SUPPORTED
    negative = negative_quarters(cash_flows, definition)
    weak = int((negative["cause"] == "weak operations").sum())
    reason = (
        f"In {len(known)} known firm-quarters the sign and the comparison of capex with operating cash flow disagree "
        f"{exceptions} times. Of {len(negative)} negative quarters {len(negative) - weak} come from investment above a "
        f"positive operating cash flow and {weak} from an operating cash flow that was itself negative."
    )
    return Verdict(verdict, float(len(negative)), "quarters", reason, tuple(known.index))


# What the article's chart is said to show (A11 to A14): two quarters below zero, or lower than a year before.
SAID_NEGATIVE = ("AMZN", "ORCL")
SAID_LOWER = ("GOOGL", "META")


def said_and_filed(cash_flows: pd.DataFrame, definition: str = OWN) -> pd.DataFrame:
    """Compare what the article says of four firms' last two quarters with the filings.

    Returns
    -------
    DataFrame, one row a firm
        ``ticker``, ``said``, ``first``, ``second``, ``year_before`` (both quarters together),
        ``confirmed`` (``yes``, ``no`` or ``not known``), ``missing`` (names the figure) and ``rows``.
    """
    flows = cash_book(cash_flows, definition)
    return pd.DataFrame([_said_of(ticker, flows.afresh()) for ticker in (*SAID_NEGATIVE, *SAID_LOWER)])


def _said_of(ticker: str, book: Book) -> dict[str, Any]:
    """Return one firm's row of `said_and_filed`, from a book that remembers no row yet."""
    end, negative = ARTICLE_QUARTERS[ticker], ticker in SAID_NEGATIVE
    unknown = {"first": float("nan"), "second": float("nan"), "year_before": float("nan"), "confirmed": "not known"}
    row: dict[str, Any] = {
        "ticker": ticker,
        "said": "two negative quarters" if negative else "lower than a year before",
        "missing": "",
    }
    try:
        two = book.quarters(ticker, end, "free_cash_flow", quarters=_TWO_QUARTERS)
        before = book.sum(ticker, end, "free_cash_flow", quarters=_TWO_QUARTERS, back=YEAR)
    except MissingFigureError as missing:
        return row | unknown | {"missing": str(missing), "rows": ()}
    right = bool((two < 0).all()) if negative else bool(two.sum() < before)
    found = {"first": two.iloc[0], "second": two.iloc[1], "year_before": before, "confirmed": "yes" if right else "no"}
    return row | found | {"rows": tuple(book.rows)}


@rule_with("firms")
def a22(cash_flows: pd.DataFrame, definition: str = OWN) -> Verdict:
    """A22, a chart of the last two quarters: only signs and directions can be confirmed.

    The article's text gives no figures. What it says of the four firms (`said_and_filed`) is
    compared with the filings known when it appeared. Supported if all four are confirmed, partly if some.
    """
    table = said_and_filed(cash_flows, definition)
    if (table["missing"] != "").any():
        raise MissingFigureError(table.loc[table["missing"] != "", "missing"].iloc[0])
    right = int((table["confirmed"] == "yes").sum())
    verdict = SUPPORTED if right == len(table) else PARTLY_SUPPORTED if right else NOT_SUPPORTED
    told = "; ".join(
        f"{FIRMS[row['ticker']].name} {money(row['first'])} and {money(row['second'])} "
        f"({row['said']}: {'confirmed' if row['confirmed'] == 'yes' else 'not confirmed'})"
        for _, row in table.iterrows()
    )
    reason = f"{right} of {len(table)} signs and directions are confirmed: {told}. The article's text gives no figures."
    return Verdict(verdict, float(right), "firms", reason, tuple(row for rows in table["rows"] for row in rows))


def verdicts(cash_flows: pd.DataFrame, financing: pd.DataFrame) -> dict[str, Verdict]:
    """Judge every claim of this notebook on what the two frames hold.

    Parameters
    ----------
    cash_flows, financing : DataFrame, one row a firm-quarter, indexed by row id
        As known on one day.

    Returns
    -------
    dict of claim id to Verdict
    """
    return {
        "A02": a02(cash_flows),
        "A11": a11(cash_flows),
        "A12": a12(cash_flows),
        "A13": a13(cash_flows, financing),
        "A14": a14(cash_flows, financing),
        "A15": a15(cash_flows),
        "A16": a16(cash_flows, financing),
        "A17": a17(),
        "A19": a19(cash_flows),
        "A20": a20(cash_flows),
        "A22": a22(cash_flows),
    }
