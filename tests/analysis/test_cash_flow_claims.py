"""The rules of the cash-flow claims: the real verdicts at two dates, and each branch on made-up frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import cash_flow_claims as rules
from helpers.analysis import cash_flow_evidence as evidence
from helpers.analysis.free_cash_flow import COMPONENTS, FIRMS
from helpers.analysis.verdict import NOT_SUPPORTED, NOT_TESTABLE, PARTLY_SUPPORTED, SUPPORTED

ARTICLE, LATEST = "2025-09-05", "2026-10-31"


def frames(as_of: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    return tables.load("cash_flows", as_of=as_of), tables.load("financing", as_of=as_of)


# Verdict and deciding number at both dates; None where a claim is not testable.
EXPECTED = {
    "A02": [(PARTLY_SUPPORTED, -17.938), (PARTLY_SUPPORTED, -17.938)],
    "A11": [(PARTLY_SUPPORTED, 1), (PARTLY_SUPPORTED, 1)],
    "A12": [(PARTLY_SUPPORTED, 1), (SUPPORTED, 2)],
    "A13": [(PARTLY_SUPPORTED, -19.927), (PARTLY_SUPPORTED, -19.927)],
    "A14": [(SUPPORTED, -19.403), (SUPPORTED, -19.403)],
    "A15": [(SUPPORTED, 4), (SUPPORTED, 4)],
    "A16": [(SUPPORTED, 288.840), (SUPPORTED, 288.840)],
    "A17": [(NOT_TESTABLE, None), (NOT_TESTABLE, None)],
    "A19": [(PARTLY_SUPPORTED, 6), (PARTLY_SUPPORTED, 6)],
    "A20": [(SUPPORTED, 25), (SUPPORTED, 37)],
    "A22": [(PARTLY_SUPPORTED, 2), (PARTLY_SUPPORTED, 2)],
}


@pytest.fixture(scope="module", params=[0, 1], ids=["article", "latest"])
def judged(request: pytest.FixtureRequest) -> tuple[int, dict]:
    return request.param, rules.verdicts(*frames((ARTICLE, LATEST)[request.param]))


def test_every_claim_of_the_notebook_is_judged(judged: tuple[int, dict]) -> None:
    claims = tables.load("claims")
    wanted = claims.loc[claims["notebook"].astype(str) == "01_fcf_decline", "claim_id"]
    assert sorted(judged[1]) == sorted(wanted)


@pytest.mark.parametrize("claim", list(EXPECTED))
def test_verdicts(judged: tuple[int, dict], claim: str) -> None:
    edition, verdicts = judged
    verdict, value = EXPECTED[claim][edition]
    assert verdicts[claim].verdict == verdict
    if value is None:
        assert verdicts[claim].value is None
    else:
        assert verdicts[claim].value == pytest.approx(value, abs=5e-4)


def test_every_verdict_lists_rows_that_exist(judged: tuple[int, dict]) -> None:
    cash_flows, financing = frames((ARTICLE, LATEST)[judged[0]])
    known = set(cash_flows.index) | set(financing.index)
    for claim, verdict in judged[1].items():
        assert set(verdict.rows) <= known
        assert verdict.rows or claim == "A17"


def test_reasons_tell_the_numbers(judged: tuple[int, dict]) -> None:
    reason = {claim: verdict.reason for claim, verdict in judged[1].items()}
    assert "from $248.2bn to $203.7bn" in reason["A02"]
    assert "4 of 5 fell" in reason["A02"]
    assert "net of incentives −$7.2bn and $1.1bn" in reason["A11"]
    assert "too −$8.5bn and −$157m" in reason["A11"]
    assert "$60.8bn to $66.7bn" in reason["A13"]
    assert "$48.6bn to $47.6bn" in reason["A14"]
    assert "a quarter of Alphabet did not fall" in reason["A15"]
    assert "acquisitions by −$64.3bn (3 of 5 firms known)" in reason["A16"]
    assert "pay of AI researchers" in reason["A17"]


def test_the_article_quarters_are_the_last_known_when_it_appeared() -> None:
    known = evidence.newest_quarters(tables.load("cash_flows", as_of=ARTICLE), evidence.ARTICLE_QUARTERS)
    assert known == evidence.ARTICLE_QUARTERS


def test_oracle_turns_on_one_day() -> None:
    before, after = (tables.load("cash_flows", as_of=day) for day in rules.ORACLE_DAYS)
    assert rules.a12(before).verdict == PARTLY_SUPPORTED
    assert rules.a12(after).verdict == SUPPORTED
    assert set(rules.a12(after).rows) - set(rules.a12(before).rows) == {"cash_flows/ORCL/2025-08-31"}
    # On any later day both sides can be told; before it, the second cannot.
    assert rules.a12_on(rules.ORACLE_DAYS[1], LATEST, after).verdict == SUPPORTED
    assert rules.oracle_days(LATEST) == rules.ORACLE_DAYS
    assert rules.oracle_days(ARTICLE) == (ARTICLE, rules.ORACLE_DAYS[1])
    assert rules.a12_on(ARTICLE, ARTICLE, before).verdict == PARTLY_SUPPORTED
    assert rules.a12_on(rules.ORACLE_DAYS[1], ARTICLE, before).verdict == NOT_TESTABLE
    early = rules.a12_on(rules.ORACLE_DAYS[1], "2025-09-08", before)
    assert early.verdict == NOT_TESTABLE
    assert "Not yet known on 2025-09-08" in early.reason


@pytest.mark.parametrize("as_of", ["2020-01-01", "2023-06-30"])
def test_before_the_article_nothing_it_dates_can_be_tested(as_of: str) -> None:
    verdicts = rules.verdicts(*frames(as_of))
    for claim in ("A02", "A11", "A12", "A13", "A14", "A15", "A16", "A22"):
        assert verdicts[claim].verdict == NOT_TESTABLE
        assert "2025-0" in verdicts[claim].reason
    assert verdicts["A19"].verdict == PARTLY_SUPPORTED
    assert verdicts["A20"].verdict == SUPPORTED


# --- Made-up frames: two years of quarters for each firm, flat unless a test moves something.

ENDS = {ticker: evidence.ARTICLE_QUARTERS.get(ticker, "2025-06-30") for ticker in FIRMS}


def made_up(tickers: tuple[str, ...] = tuple(evidence.ARTICLE_QUARTERS), quarters: int = 8, **columns: float):
    """Return flat quarters up to the article's for some firms."""
    parts = []
    for ticker in tickers:
        months = pd.DateOffset(months=3)
        ends = pd.DatetimeIndex([pd.Timestamp(ENDS[ticker]) - back * months for back in reversed(range(quarters))])
        ends = ends + pd.offsets.MonthEnd(0)
        fiscal = pd.PeriodIndex(ends, freq="Q-MAY" if ticker == "ORCL" else "Q-DEC")
        values = dict.fromkeys([*COMPONENTS, "revenue", "net_income", "acquisitions", "advertising_revenue"], 0.0)
        values |= {"operating_cash_flow": 300.0, "capex": 200.0, "net_income": 50.0, "advertising_revenue": 400.0}
        index = [f"cash_flows/{ticker}/{end.date()}" for end in ends]
        quarter = [f"Q{number}" for number in fiscal.quarter]
        frame = pd.DataFrame(values | columns, index=index)
        parts.append(
            frame.assign(ticker=ticker, fiscal_year=fiscal.qyear, fiscal_quarter=quarter, period_end=ends, note="")
        )
    return pd.concat(parts)


def set_last(frame: pd.DataFrame, ticker: str, column: str, values: list[float]) -> pd.DataFrame:
    """Return the frame with a firm's last values of a column replaced."""
    frame = frame.copy()
    rows = frame.index[frame["ticker"] == ticker][-len(values) :]
    frame.loc[rows, column] = values
    return frame


def test_a02_branches() -> None:
    flat = made_up()
    assert rules.a02(flat).verdict == NOT_SUPPORTED
    # One firm takes the whole sum down: more than 20 per cent, but one firm.
    one = set_last(flat, "AMZN", "capex", [1000.0] * 4)
    assert rules.a02(one).verdict == PARTLY_SUPPORTED
    # Three firms fall a little.
    little = flat
    for ticker in ("AMZN", "META", "ORCL"):
        little = set_last(little, ticker, "capex", [201.0])
    assert rules.a02(little).verdict == PARTLY_SUPPORTED
    both = little
    for ticker in ("AMZN", "META", "ORCL"):
        both = set_last(both, ticker, "capex", [250.0] * 4)
    assert rules.a02(both).verdict == SUPPORTED
    assert rules.a02(both).value == pytest.approx(-100 * 600 / 2000)


def test_a02_threshold_is_more_than_twenty() -> None:
    exactly = made_up()
    for ticker in ("AMZN", "META"):
        exactly = set_last(exactly, ticker, "capex", [250.0] * 4)
    assert rules.a02(exactly).value == -20
    assert rules.a02(exactly).verdict == NOT_SUPPORTED


def test_a02_without_a_positive_base() -> None:
    verdict = rules.a02(made_up(operating_cash_flow=100.0))
    assert verdict.verdict == NOT_TESTABLE
    assert "positive sum" in verdict.reason


@pytest.mark.parametrize(
    ("capex", "proceeds", "leases", "expected"),
    [
        ([400.0, 400.0], 50.0, 0.0, SUPPORTED),  # negative even net of incentives
        ([400.0, 320.0], 50.0, 0.0, PARTLY_SUPPORTED),  # negative on gross purchases only
        ([400.0, 290.0], 0.0, 20.0, PARTLY_SUPPORTED),  # only with lease principal too
        ([400.0, 200.0], 0.0, 20.0, NOT_SUPPORTED),
    ],
)
def test_a11_branches(capex: list[float], proceeds: float, leases: float, expected: str) -> None:
    frame = made_up(("AMZN",), capex_proceeds=proceeds, finance_lease_principal=leases)
    assert rules.a11(set_last(frame, "AMZN", "capex", capex)).verdict == expected


def test_a11_names_the_missing_part() -> None:
    verdict = rules.a11(set_last(made_up(("AMZN",)), "AMZN", "finance_lease_principal", [np.nan]))
    assert verdict.verdict == NOT_TESTABLE
    assert "finance lease principal of Amazon in the quarter to 2025-06-30" in verdict.reason


@pytest.mark.parametrize(
    ("capex", "expected"),
    [
        ([200.0, 200.0, 301.0, 301.0], SUPPORTED),
        ([200.0, 200.0, 200.0, 301.0], PARTLY_SUPPORTED),
        ([200.0, 200.0, 301.0, 300.0], PARTLY_SUPPORTED),
        ([900.0, 200.0, 300.0, 299.0], PARTLY_SUPPORTED),  # only the twelve months are negative
        ([200.0, 900.0, 200.0, 200.0], PARTLY_SUPPORTED),
        ([200.0, 200.0, 300.0, 300.0], NOT_SUPPORTED),  # zero is not negative
    ],
)
def test_a12_branches(capex: list[float], expected: str) -> None:
    assert rules.a12(set_last(made_up(("ORCL",)), "ORCL", "capex", capex)).verdict == expected


def test_a12_moves_on_when_august_is_known_and_no_further() -> None:
    frame = set_last(made_up(("ORCL",)), "ORCL", "capex", [400.0])
    assert rules.a12(frame).verdict == PARTLY_SUPPORTED
    later = frame.iloc[-1:].assign(
        fiscal_year=2026, fiscal_quarter="Q1", period_end=pd.Timestamp("2025-08-31"), capex=400.0
    )
    with_august = pd.concat([frame, later.set_axis(["cash_flows/ORCL/2025-08-31"])])
    assert rules.a12(with_august).verdict == SUPPORTED
    november = later.assign(fiscal_quarter="Q2", period_end=pd.Timestamp("2025-11-30"), capex=0.0)
    with_november = pd.concat([with_august, november.set_axis(["cash_flows/ORCL/2025-11-30"])])
    assert rules.a12(with_november) == rules.a12(with_august)


@pytest.mark.parametrize("ticker", ["GOOGL", "META"])
@pytest.mark.parametrize(
    ("capex", "ads", "expected"),
    [
        ([200.0, 200.0, 250.0, 250.0], [410.0, 410.0], SUPPORTED),
        ([100.0, 100.0, 250.0, 250.0], [410.0, 410.0], PARTLY_SUPPORTED),  # the twelve months rose
        ([250.0, 250.0, 200.0, 200.0], [410.0, 410.0], NOT_SUPPORTED),  # only the twelve months fell
        ([200.0, 200.0, 250.0, 250.0], [390.0, 390.0], NOT_SUPPORTED),  # advertising did not rise
        ([200.0, 200.0, 200.0, 200.0], [410.0, 410.0], NOT_SUPPORTED),
    ],
)
def test_a13_and_a14_branches(ticker: str, capex: list[float], ads: list[float], expected: str) -> None:
    frame = set_last(made_up((ticker,)), ticker, "capex", capex)
    financing = set_last(made_up((ticker,)), ticker, "advertising_revenue", ads)
    rule = {"GOOGL": rules.a13, "META": rules.a14}[ticker]
    assert rule(frame, financing).verdict == expected


def test_a14_without_advertising_revenue() -> None:
    financing = set_last(made_up(("META",)), "META", "advertising_revenue", [np.nan])
    verdict = rules.a14(made_up(("META",)), financing)
    assert verdict.verdict == NOT_TESTABLE
    assert "advertising revenue of Meta in the quarter to 2025-06-30 is not known" in verdict.reason


@pytest.mark.parametrize(
    ("falling", "expected"),
    [(4, SUPPORTED), (3, PARTLY_SUPPORTED), (2, PARTLY_SUPPORTED), (1, NOT_SUPPORTED), (0, NOT_SUPPORTED)],
)
def test_a15_branches(falling: int, expected: str) -> None:
    frame = made_up(rules.FOUR_FIRMS)
    for ticker in rules.FOUR_FIRMS[:falling]:
        frame = set_last(frame, ticker, "capex", [250.0])
    verdict = rules.a15(frame)
    assert (verdict.verdict, verdict.value) == (expected, falling)


def test_a15_needs_a_profit_in_both_quarters() -> None:
    frame = made_up(rules.FOUR_FIRMS)
    for ticker in rules.FOUR_FIRMS:
        frame = set_last(frame, ticker, "capex", [250.0])
    loss = set_last(frame, "META", "net_income", [-1.0, 500.0])
    assert rules.a15(frame).value == 4
    assert rules.a15(loss).value == 3


@pytest.mark.parametrize(
    ("capex", "cash", "expected", "share"),
    [
        (250.0, 310.0, SUPPORTED, 125),  # capex rose by more than free cash flow fell
        (250.0, 300.0, PARTLY_SUPPORTED, 100),  # exactly the whole fall is not more than it
        (230.0, 280.0, PARTLY_SUPPORTED, 60),
        (225.0, 275.0, NOT_SUPPORTED, 50),
        (200.0, 250.0, NOT_SUPPORTED, 0),
        (200.0, 310.0, NOT_SUPPORTED, None),  # nothing fell
    ],
)
def test_a16_branches(capex: float, cash: float, expected: str, share: float | None) -> None:
    frame = made_up()
    for ticker in evidence.ARTICLE_QUARTERS:
        frame = set_last(frame, ticker, "capex", [capex] * 4)
        frame = set_last(frame, ticker, "operating_cash_flow", [cash] * 4)
    verdict = rules.a16(frame, made_up())
    assert (verdict.verdict, verdict.value) == (expected, share)


def test_a16_tells_pay_and_acquisitions_apart() -> None:
    frame = set_last(made_up(), "META", "stock_based_compensation", [np.nan])
    financing = set_last(made_up(), "MSFT", "acquisitions", [70.0])
    apart = evidence.pay_and_acquisitions(frame, financing)
    assert apart.loc["MSFT", "acquisitions"] == 70
    assert np.isnan(apart.loc["META", "stock_based_compensation"])
    reason = rules.a16(set_last(frame, "AMZN", "capex", [210.0]), financing).reason
    assert "pay in shares changed by $0m (4 of 5 firms known) and acquisitions by $70m (5 of 5 firms known)" in reason


def test_a19_branches() -> None:
    assert rules.a19(made_up(("MSFT", "ORCL"))).verdict == SUPPORTED
    assert rules.a19(made_up(("MSFT", "AMZN"))).verdict == PARTLY_SUPPORTED
    assert rules.a19(made_up(("META", "AMZN"))).verdict == NOT_SUPPORTED
    assert rules.a19(made_up().iloc[:0]).verdict == NOT_TESTABLE


def test_a20_branches() -> None:
    frame = set_last(made_up(("MSFT",)), "MSFT", "capex", [301.0, 300.0, 299.0])
    frame = set_last(frame, "MSFT", "operating_cash_flow", [-5.0])
    verdict = rules.a20(frame)
    assert (verdict.verdict, verdict.value) == (SUPPORTED, 2)
    causes = evidence.negative_quarters(frame)["cause"].to_dict()
    assert causes == {
        "cash_flows/MSFT/2024-12-31": "heavy investment",
        "cash_flows/MSFT/2025-06-30": "weak operations",
    }
    # Incentives lift Amazon above zero although capex exceeds its operating cash flow.
    amazon = set_last(made_up(("AMZN",), capex_proceeds=50.0), "AMZN", "capex", [320.0])
    assert rules.a20(amazon).verdict == PARTLY_SUPPORTED
    assert rules.a20(made_up(("ORCL",)), definition="after_leases").verdict == SUPPORTED
    assert rules.a20(made_up(("ORCL",), capex=np.nan)).verdict == NOT_TESTABLE


def test_a22_branches() -> None:
    right = made_up(rules.FOUR_FIRMS)
    assert rules.a22(right).verdict == NOT_SUPPORTED
    for ticker in rules.SAID_LOWER:
        right = set_last(right, ticker, "capex", [210.0])
    assert rules.a22(right).verdict == PARTLY_SUPPORTED
    for ticker in rules.SAID_NEGATIVE:
        right = set_last(right, ticker, "capex", [310.0, 310.0])
    verdict = rules.a22(right)
    assert (verdict.verdict, verdict.value) == (SUPPORTED, 4)


def test_group_change_says_what_is_missing() -> None:
    holed = made_up().drop("cash_flows/META/2024-12-31")
    table = evidence.group_change(holed, evidence.ARTICLE_QUARTERS).set_index("ticker")
    assert table.loc["AMZN", "change"] == 0
    assert np.isnan(table.loc["META", "change"])
    assert "Meta" in table.loc["META", "missing"]
    assert rules.a02(holed).verdict == NOT_TESTABLE


def test_the_newest_quarters_are_worse() -> None:
    cash_flows = tables.load("cash_flows", as_of=LATEST)
    newest = evidence.newest_quarters(cash_flows, evidence.ARTICLE_QUARTERS)
    table = evidence.group_change(cash_flows, newest).set_index("ticker")
    assert table["free_cash_flow_12m"].to_dict() == {
        "AMZN": -7_604, "GOOGL": 53_273, "META": 37_872, "MSFT": 66_987, "ORCL": -28_720,
    }  # fmt: skip
    assert (table["change"] < 0).all()
    assert 100 * table["change"].sum() / table["earlier"].sum() == pytest.approx(-38.54, abs=0.01)


def test_a02_says_what_newer_quarters_say_without_judging_by_them() -> None:
    then, now = (rules.a02(tables.load("cash_flows", day)) for day in ("2025-09-05", "2026-10-31"))
    assert then.verdict == now.verdict
    assert then.value == pytest.approx(now.value)
    assert "newest quarters" not in then.reason
    assert "changed by \u221238.5" in now.reason
    assert "5 of 5 fell" in now.reason
