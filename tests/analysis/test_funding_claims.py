"""The verdict of each claim on funding at both dates, and every branch of its rule on made-up rows."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import funding_claims as rules
from helpers.analysis.free_cash_flow import COMPONENTS
from helpers.analysis.outside_money import after_other_quarters, negative_starts
from helpers.analysis.verdict import NOT_SUPPORTED, NOT_TESTABLE, PARTLY_SUPPORTED, SUPPORTED
from tests.analysis.test_funding_rounds import made_up

ARTICLE, NOW = "2025-09-05", "2026-10-31"
NAMES = ("funding_rounds", "vendor_metrics", "financing", "cash_flows", "bubble_benchmarks")


def evidence(day: str) -> rules.Evidence:
    return rules.Evidence(*(tables.load(name, as_of=day) for name in NAMES), tables.load("assumptions"), day)


@pytest.fixture(scope="module")
def found() -> dict[str, dict]:
    return {day: rules.verdicts(evidence(day)) for day in (ARTICLE, NOW, "2024-06-30", "2020-01-01")}


EXPECTED = [
    ("A21", ARTICLE, SUPPORTED, 100 * 6 / 9),
    ("A21", NOW, SUPPORTED, 100 * 8 / 11),
    ("A31", ARTICLE, SUPPORTED, 100.0),
    ("A31", NOW, SUPPORTED, 100.0),
    ("A32", ARTICLE, NOT_TESTABLE, None),
    ("A32", NOW, NOT_TESTABLE, None),
    ("A33", ARTICLE, PARTLY_SUPPORTED, 3500.0),
    ("A33", NOW, PARTLY_SUPPORTED, 3500.0),
    ("A34", ARTICLE, PARTLY_SUPPORTED, 1.0),
    ("A34", NOW, PARTLY_SUPPORTED, 1.0),
    ("A35", ARTICLE, SUPPORTED, 61_500.0),
    ("A35", NOW, SUPPORTED, 61_500.0),
    ("A36", ARTICLE, SUPPORTED, 18_400.0),
    ("A36", NOW, SUPPORTED, 18_400.0),
    ("A37", ARTICLE, SUPPORTED, 13_000.0),
    ("A37", NOW, SUPPORTED, 13_000.0),
    ("A38", ARTICLE, SUPPORTED, 183_000.0),
    ("A38", NOW, SUPPORTED, 183_000.0),
    ("A40", ARTICLE, PARTLY_SUPPORTED, 6600.0),
    ("A40", NOW, PARTLY_SUPPORTED, 6600.0),
    ("A56", ARTICLE, PARTLY_SUPPORTED, 1.0),
    ("A56", NOW, PARTLY_SUPPORTED, 1.0),
]


@pytest.mark.parametrize(("claim", "day", "verdict", "value"), EXPECTED)
def test_verdict(found: dict, claim: str, day: str, verdict: str, value: float | None) -> None:
    answer = found[day][claim]
    assert answer.verdict == verdict
    assert answer.value == (None if value is None else pytest.approx(value))


def test_every_claim_of_the_notebook_has_a_rule(found: dict) -> None:
    claims = tables.load("claims")
    mine = claims.loc[claims["notebook"] == "05_funding_dependence", "claim_id"]
    assert set(found[NOW]) == set(mine)


@pytest.mark.parametrize("day", [ARTICLE, NOW])
def test_rows_exist_and_were_known(found: dict, day: str) -> None:
    known = evidence(day)
    ids = {
        row
        for name in ("rounds", "vendor_metrics", "financing", "cash_flows", "benchmarks")
        for row in getattr(known, name).index
    }
    for claim, verdict in found[day].items():
        assert set(verdict.rows) <= ids, claim
        assert verdict.rows, claim
        assert set(verdict.assumptions) <= set(known.assumptions["id"])


def test_reasons_tell_the_numbers(found: dict) -> None:
    reason = {claim: verdict.reason for claim, verdict in found[ARTICLE].items()}
    assert "2.98 times the Series E, 6.0" in reason["A38"]
    assert "36.6 times a gross run-rate of $5.0bn" in reason["A38"]
    assert "OpenAI 1.8 times revenue" in reason["A31"]
    assert "in 2 of them the firm still repaid" in reason["A21"]
    assert "Credit spreads" in reason["A21"]
    assert "03 March 2025, not in February" in reason["A33"]
    assert "General Catalyst and Bessemer" in reason["A34"]
    assert "founding year and founders" in reason["A32"]
    assert "$157.0bn on 02 October 2024" in reason["A40"]
    plain = reason["A56"].replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert "Amazon 7.4 years (1.0 years to no end)" in plain
    assert "Oracle 1.3 years (0.5 to more than 10 years)" in plain
    now = found[NOW]["A56"].reason.replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert "Microsoft more than 10 years in every reading" in now
    assert "Meta more than 10 years (6.0 years to no end)" in now


def test_what_was_not_yet_known_is_not_testable(found: dict) -> None:
    early = found["2024-06-30"]
    for claim in ("A33", "A34", "A35", "A36", "A37", "A38", "A40"):
        assert early[claim].verdict == NOT_TESTABLE
        assert early[claim].reason.startswith("Missing")
    assert early["A56"].verdict == NOT_SUPPORTED
    assert found["2020-01-01"]["A21"].verdict == NOT_TESTABLE
    assert found["2020-01-01"]["A31"].verdict == NOT_TESTABLE


# --- Made-up frames.


def series(name: str = "Series E", **columns) -> pd.DataFrame:
    base = {
        "company": "Anthropic",
        "round": name,
        "date": "2025-02-20",
        "amount_usd_m": 3500.0,
        "lead_investors": "Lightspeed",
    }
    return made_up(base | columns)


@pytest.mark.parametrize(
    ("columns", "verdict"),
    [
        ({}, SUPPORTED),
        ({"amount_usd_m": 4200.0}, SUPPORTED),  # "at least"
        ({"date": "2025-03-03"}, PARTLY_SUPPORTED),
        ({"date": "2025-04-03"}, NOT_SUPPORTED),
        ({"amount_usd_m": 3000.0}, NOT_SUPPORTED),
    ],
)
def test_a33_branches(columns: dict, verdict: str) -> None:
    assert rules.a33(series(**columns)).verdict == verdict


@pytest.mark.parametrize(
    ("investors", "verdict"),
    [
        ("Lightspeed; General Catalyst; Bessemer", SUPPORTED),
        ("Lightspeed; General Catalyst", PARTLY_SUPPORTED),
        ("Somebody else", NOT_TESTABLE),  # only leads are listed
    ],
)
def test_a34_branches(investors: str, verdict: str) -> None:
    assert rules.a34(series(lead_investors=investors)).verdict == verdict


@pytest.mark.parametrize(("post", "verdict"), [(61_500, SUPPORTED), (62_115, SUPPORTED), (62_200, NOT_SUPPORTED)])
def test_a35_branches(post: float, verdict: str) -> None:
    assert rules.a35(series(post_money_usd_m=post)).verdict == verdict


@pytest.mark.parametrize(
    ("before", "verdict"),
    [(18_000, SUPPORTED), (19_800, SUPPORTED), (16_000, PARTLY_SUPPORTED), (21_700, NOT_SUPPORTED)],
)
def test_a36_branches(before: float, verdict: str) -> None:
    base = {"company": "Anthropic", "amount_usd_m": 500.0}
    rounds = made_up(
        base | {"round": "Series D", "date": "2024-01-01", "post_money_usd_m": float(before)},
        base | {"round": "Series E", "date": "2025-03-01", "post_money_usd_m": 61_500.0},
    )
    assert rules.a36(rounds).verdict == verdict


@pytest.mark.parametrize(
    ("columns", "verdict"),
    [({}, SUPPORTED), ({"amount_usd_m": 12_000.0}, NOT_SUPPORTED), ({"date": "2025-09-03"}, NOT_SUPPORTED)],
)
def test_a37_branches(columns: dict, verdict: str) -> None:
    base = {"amount_usd_m": 13_000.0, "date": "2025-09-02"}
    assert rules.a37(series("Series F", **(base | columns))).verdict == verdict


@pytest.mark.parametrize(("post", "verdict"), [(183_000, SUPPORTED), (190_000, NOT_SUPPORTED)])
def test_a38_branches(post: float, verdict: str) -> None:
    rounds = series("Series F", post_money_usd_m=post, date="2025-09-02")
    answer = rules.a38(rounds, tables.load("vendor_metrics", as_of="2020-01-01"))
    assert answer.verdict == verdict
    assert "times" not in answer.reason


@pytest.mark.parametrize(
    ("columns", "verdict"),
    [
        ({"date": "2024-11-12", "amount_usd_m": 6000.0}, SUPPORTED),
        ({"date": "2024-11-12", "amount_usd_m": 6600.0}, PARTLY_SUPPORTED),
        ({"date": "2024-10-02", "amount_usd_m": 6000.0}, PARTLY_SUPPORTED),
        ({"date": "2024-11-12", "amount_usd_m": 60_000.0}, NOT_SUPPORTED),
        ({"date": "2024-06-12"}, NOT_TESTABLE),
        ({"date": "2024-11-12", "instrument": "secondary"}, NOT_TESTABLE),
    ],
)
def test_a40_branches(columns: dict, verdict: str) -> None:
    assert rules.a40(made_up({"company": "OpenAI"} | columns)).verdict == verdict


def revenues(**by_company: float) -> pd.DataFrame:
    rows = [
        {"company": company, "scope": "company", "date": pd.Timestamp("2024-12-31"), "metric": "revenue_usd_m",
         "published": pd.Timestamp("2025-02-01"), "period_months": "12", "value": value, "kind": "leaked",
         "source_id": "S", "note": ""}
        for company, value in by_company.items()
    ]  # fmt: skip
    return pd.DataFrame(rows, index=[f"vendor_metrics/{company}" for company in by_company])


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ({"A": 50.0, "B": 50.0, "C": 200.0}, SUPPORTED),
        ({"A": 50.0, "B": 200.0}, PARTLY_SUPPORTED),
        ({"A": 50.0, "B": 200.0, "C": 200.0}, NOT_SUPPORTED),
        ({"A": 200.0}, NOT_SUPPORTED),
    ],
)
def test_a31_branches(values: dict[str, float], verdict: str) -> None:
    rounds = made_up(*({"company": company, "round": company, "date": "2024-05-01"} for company in values))
    answer = rules.a31(rounds, revenues(**values), "2025-06-30")
    assert answer.verdict == verdict


def test_a31_a_lower_bound_below_one_decides_nothing() -> None:
    rounds = made_up({"company": "A", "date": "2024-05-01"})
    bound = revenues(A=200.0).assign(metric="annualised_revenue_usd_m")
    assert rules.a31(rounds, bound, "2025-06-30").verdict == NOT_TESTABLE
    assert rules.a31(rounds, bound.assign(value=50.0), "2025-06-30").verdict == SUPPORTED


def quarters(cash: list[float], debt: list[float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return Oracle's quarters with this free cash flow and this net debt flow."""
    ends = pd.date_range("2020-03-31", periods=len(cash), freq="QE")
    key = {
        "ticker": "ORCL", "period_end": ends, "fiscal_year": ends.year, "note": "",
        "fiscal_quarter": [f"Q{end.quarter}" for end in ends],
    }  # fmt: skip
    flows = pd.DataFrame(key | dict.fromkeys(COMPONENTS, 0.0) | {"operating_cash_flow": cash})
    money = pd.DataFrame(key | {"debt_issued": debt, "debt_repaid": 0.0})
    return (
        flows.set_index(pd.Index([f"cash_flows/ORCL/{end.date()}" for end in ends])),
        money.set_index(pd.Index([f"financing/ORCL/{end.date()}" for end in ends])),
    )


@pytest.mark.parametrize(
    ("debt", "verdict"),
    [
        ([1, 1, 0, 5, 5, 0, 9, 9], SUPPORTED),
        ([1, 1, 0, 5, 5, 0, 1, 1], PARTLY_SUPPORTED),  # the second spell brought less
        ([9, 9, 0, 5, 5, 0, 1, 1], NOT_SUPPORTED),
    ],
)
def test_a21_branches(debt: list[float], verdict: str) -> None:
    cash = [5.0, 5.0, -1.0, 5.0, 5.0, -1.0, -1.0, 5.0]
    answer = rules.a21(*quarters(cash, [float(value) for value in debt]))
    assert answer.verdict == verdict


def test_a21_a_spell_counts_once_and_repaying_less_is_told() -> None:
    cash, money = quarters([5.0, -1.0, -1.0, -1.0, 5.0], [-9.0, 0.0, -1.0, -1.0, -1.0])
    spells = negative_starts(cash, money)
    assert len(spells) == 1
    assert spells["rose"].tolist() == [True]
    assert spells["came_in"].tolist() == [False]
    reason = rules.a21(cash, money).reason
    assert "in 1 of them the firm still repaid" in reason
    assert "counting only those in which money came in, the claim would be not supported" in reason


def test_the_base_rate_counts_the_other_quarters() -> None:
    cash, money = quarters([5.0, 5.0, -1.0, 5.0, 5.0], [1.0, 2.0, 3.0, 0.0, 9.0])
    rate = after_other_quarters(cash, money)
    # The first has nothing before it and the last nothing after; up to a year on either side: the second rose from
    # 1 to the mean of 3, 0 and 9, the fourth from that of 1, 2 and 3 to 9. The negative third is not counted.
    assert (rate.quarters, rate.rose, rate.percent) == (2, 2, 100.0)
    assert "cash_flows/ORCL/" in rate.rows[0]
    assert len(rate.rows) == 2 + 5
    nothing = after_other_quarters(cash.head(1), money.head(1))
    assert (nothing.quarters, nothing.percent, nothing.rows) == (0, None, ())


def test_the_base_rate_of_the_shipped_tables() -> None:
    rate = after_other_quarters(evidence(NOW).cash_flows, evidence(NOW).financing)
    assert (rate.rose, rate.quarters) == (68, 115)


def test_a21_needs_both_sides() -> None:
    assert rules.a21(*quarters([-1.0, 5.0], [1.0, 2.0])).verdict == NOT_TESTABLE  # nothing before
    assert rules.a21(*quarters([5.0, -1.0], [1.0, 2.0])).verdict == NOT_TESTABLE  # nothing after


@pytest.mark.parametrize(
    ("capex", "verdict", "short"),
    [(90.0, NOT_SUPPORTED, 0), (1000.0, SUPPORTED, 5)],
)
def test_a56_branches(capex: float, verdict: str, short: int) -> None:
    cash, money = giants(capex)
    answer = rules.a56(cash, money, no_guidance(), assumptions(), "2025-06-30")
    assert answer.verdict == verdict
    assert answer.value == short


def test_a56_one_short_firm_is_partly() -> None:
    cash, money = giants(90.0)
    cash.loc[cash["ticker"] == "ORCL", "capex"] = 1000.0
    answer = rules.a56(cash, money, no_guidance(), assumptions(), "2025-06-30")
    assert (answer.verdict, answer.value) == (PARTLY_SUPPORTED, 1)
    # 4 quarters: a gap of 3600 a year, cash of 50 and room for 400 of debt less 100.
    assert "Oracle 0.1" in answer.reason


def test_a56_names_what_is_missing() -> None:
    cash, money = giants(90.0)
    answer = rules.a56(cash, money.assign(total_debt=None), no_guidance(), assumptions(), "2025-06-30")
    assert answer.verdict == NOT_TESTABLE
    assert "Oracle: debt" in answer.reason


def giants(capex: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    parts = []
    for ticker in rules.GIANTS:
        flows, money = quarters([100.0] * 4, [0.0] * 4)
        rename = {label: str(label).replace("ORCL", ticker) for label in [*flows.index, *money.index]}
        parts.append(
            (flows.assign(ticker=ticker).rename(index=rename), money.assign(ticker=ticker).rename(index=rename))
        )
    cash = pd.concat([flows for flows, _ in parts]).assign(capex=capex)
    money = pd.concat([money for _, money in parts]).assign(cash_and_securities=50.0, total_debt=100.0)
    return cash, money


def no_guidance() -> pd.DataFrame:
    return tables.load("bubble_benchmarks").head(0)


def assumptions() -> pd.DataFrame:
    return pd.DataFrame(
        {"id": rules.ASSUMPTIONS, "low": [0.0, 0.0], "mode": [0.0, 1.0], "high": [0.0, 2.0]},
    )
