"""The dot-com comparison: paths in event time, episodes in words, each claim's rule at both dates and by branch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import boom_paths, dotcom_claims, dotcom_comparison, dotcom_evidence, examination, exuberance
from helpers.analysis.dotcom_claims import Evidence
from helpers.analysis.dotcom_evidence import BASKET, BIG_TECH
from helpers.analysis.verdict import NOT_SUPPORTED, NOT_TESTABLE, PARTLY_SUPPORTED, SUPPORTED

ARTICLE, LATEST = "2025-09-05", "2026-10-31"
TABLES = dotcom_claims.TABLES


def evidence(as_of: str) -> Evidence:
    return Evidence(**{field: tables.load(name, as_of=as_of) for field, name in TABLES.items()})


@pytest.fixture(scope="module")
def latest() -> Evidence:
    return evidence(LATEST)


EXPECTED = {
    "A04": [(NOT_TESTABLE, None), (PARTLY_SUPPORTED, 20.552)],
    "A06": [(PARTLY_SUPPORTED, 0.0528), (PARTLY_SUPPORTED, 0.1077)],
    "A28": [(SUPPORTED, 4.0), (SUPPORTED, 4.0)],
    "A29": [(NOT_TESTABLE, None), (NOT_TESTABLE, None)],
    "A30": [(NOT_TESTABLE, None), (NOT_TESTABLE, None)],
}


@pytest.mark.parametrize("edition", [0, 1])
def test_verdicts_at_both_dates(edition: int) -> None:
    known = evidence((ARTICLE, LATEST)[edition])
    found = dotcom_claims.verdicts(known)
    claims = tables.load("claims")
    assert sorted(found) == sorted(claims.loc[claims["notebook"].astype(str) == "03_dotcom_comparison", "claim_id"])
    rows = {row for field in TABLES for row in getattr(known, field).index}
    for claim, expected in EXPECTED.items():
        verdict, value = expected[edition]
        assert found[claim].verdict == verdict, claim
        assert found[claim].value == (None if value is None else pytest.approx(value, abs=1e-3)), claim
        assert set(found[claim].rows) <= rows, claim
        assert "Missing:" in found[claim].reason or verdict != NOT_TESTABLE


def test_reasons_name_the_missing_figure(latest: Evidence) -> None:
    found = dotcom_claims.verdicts(latest)
    assert "at least 3 loss-making dot-com firms" in found["A29"].reason
    assert "run-rates grew faster than capex in 4" in found["A30"].reason
    assert "cloud revenue in its place 4 quarters are marked" in found["A30"].reason
    assert "price/sales" in found["A06"].reason
    early = dotcom_claims.verdicts(evidence("2023-06-30"))
    assert {name: verdict.verdict for name, verdict in early.items() if name != "A06"} == dict.fromkeys(
        ("A04", "A28", "A29", "A30"), NOT_TESTABLE
    )


def prices(levels: dict[str, list[float]], first: str) -> pd.DataFrame:
    frames = []
    for ticker, values in levels.items():
        days = pd.period_range(first, periods=len(values), freq="M").to_timestamp(how="end").normalize()
        names = [f"stock_prices/{ticker}/{day.date()}" for day in days]
        frames.append(pd.DataFrame({"ticker": ticker, "month_end": days, "close_adj": values}, index=names))
    return pd.concat(frames)


def with_low(low: float, others: float | None = None) -> pd.DataFrame:
    """The basket at 100, then in March 2026 at `low` (firms with falling flow) and `others`."""
    falling = {"AMZN", "MSFT", "META", "ORCL"}
    path = {n: [100.0] * 7 + [low if n in falling or others is None else others] + [100.0] * 5 for n in BASKET}
    return prices(path, "2025-08")


@pytest.mark.parametrize(
    ("stock_prices", "verdict", "value"),
    [
        (with_low(60.0, 62.0), SUPPORTED, 38.9),
        (with_low(62.0, 60.0), PARTLY_SUPPORTED, 39.1),  # deep enough, but led by the others
        (with_low(80.0), PARTLY_SUPPORTED, 20.0),
        (with_low(90.0), NOT_SUPPORTED, 10.0),
        (with_low(70.0, 50.0).query("ticker != 'PLTR'"), NOT_TESTABLE, None),
    ],
)
def test_a04(stock_prices: pd.DataFrame, verdict: str, value: float | None, latest: Evidence) -> None:
    found = dotcom_claims.a04(stock_prices, latest.cash_flows)
    assert found.verdict == verdict
    assert found.value == (None if value is None else pytest.approx(value, abs=0.2))


def earnings_path(then: float, now: float) -> pd.DataFrame:
    months = pd.period_range("1996-01", "2025-12", freq="M")
    wave = np.where(np.arange(len(months)) % 2, 1.0, -1.0)
    ratio = np.where(months < pd.Period("2001-01", "M"), then + wave, now)
    names = [f"sp500_shiller/{month}" for month in months]
    frame = pd.DataFrame({"month": months.to_timestamp(), "price": ratio, "earnings": 1.0, "cape": ratio}, index=names)
    return frame


def shares(values: dict[int, float]) -> pd.DataFrame:
    names = [f"bubble_benchmarks/sp500_top10_share/{year}" for year in values]
    return pd.DataFrame(
        {"series": "sp500_top10_share", "year": list(values), "value": list(values.values())}, index=names
    )


CONCENTRATION = {1997: 20.0, 1998: 22.0, 1999: 24.0}


@pytest.mark.parametrize(
    ("now", "share", "verdict"),
    [
        (30.5, CONCENTRATION | {2025: 22.0}, SUPPORTED),
        (30.5, CONCENTRATION | {2025: 40.0}, PARTLY_SUPPORTED),
        (50.0, CONCENTRATION | {2025: 22.0}, PARTLY_SUPPORTED),
        (30.5, {2025: 40.0}, PARTLY_SUPPORTED),
        (50.0, CONCENTRATION | {2025: 40.0}, NOT_TESTABLE),  # price/sales is unknown and could decide
        (50.0, {2025: 40.0}, NOT_TESTABLE),
    ],
)
def test_a06(now: float, share: dict[int, float], verdict: str) -> None:
    assert dotcom_claims.a06(earnings_path(30.0, now), shares(share)).verdict == verdict


def test_a06_most_some_none() -> None:
    rule = dotcom_claims._most_or_some
    assert rule([True, True, None]) == SUPPORTED
    assert rule([True, False, False]) == PARTLY_SUPPORTED
    assert rule([False, False, False]) == NOT_SUPPORTED
    assert rule([False, None, False]) is None


@pytest.mark.parametrize(
    ("factor", "verdict", "rose"),
    [(dict.fromkeys(BIG_TECH, 1.2), SUPPORTED, 4), (dict.fromkeys(BIG_TECH, 0.2), NOT_SUPPORTED, 0),
     (dict.fromkeys(BIG_TECH, 0.2) | {"META": 1.5}, PARTLY_SUPPORTED, 1)],
)  # fmt: skip
def test_a28(factor: dict[str, float], verdict: str, rose: int, latest: Evidence) -> None:
    path = prices({name: [100.0] * 12 + [100 * growth] for name, growth in factor.items()}, "2024-08")
    found = dotcom_claims.a28(path, latest.cash_flows)
    assert (found.verdict, found.value) == (verdict, rose)
    missing = dotcom_claims.a28(path[path["ticker"] != "META"], latest.cash_flows)
    assert missing.verdict == NOT_TESTABLE
    assert "META" in missing.reason


def dotcom(loss_change: float, profit_change: float, losers: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    incomes = {f"L{i}": -1.0 for i in range(losers)} | {f"P{i}": 1.0 for i in range(3)}
    firms = pd.DataFrame(
        {"ticker": list(incomes), "period_end": pd.Timestamp("1999-12-31"), "net_income": list(incomes.values())},
        index=[f"dotcom_firms/{name}/1999" for name in incomes],
    )
    change = {name: loss_change if name.startswith("L") else profit_change for name in incomes}
    return firms, prices({name: [100.0] * 31 + [100 + c] for name, c in change.items()}, "2000-02")


@pytest.mark.parametrize(
    ("loss", "profit", "losers", "verdict"),
    [
        (-90, -50, 3, SUPPORTED),
        (-60, -55, 3, PARTLY_SUPPORTED),
        (-20, -60, 3, NOT_SUPPORTED),
        (-90, -50, 2, NOT_TESTABLE),
    ],
)
def test_a29(loss: float, profit: float, losers: int, verdict: str) -> None:
    assert dotcom_claims.a29(*dotcom(loss, profit, losers)).verdict == verdict


@pytest.mark.parametrize(
    ("excess", "revenue", "verdict"),
    [
        ((-5.0, -6.0, -5.5, -6.5), 10.0, SUPPORTED),
        ((-9.0, 8.0, -9.0, 8.0), 10.0, PARTLY_SUPPORTED),
        ((3.0, 4.0, 5.0, -1.0), 10.0, NOT_SUPPORTED),
        ((-5.0, -6.0, -5.5, -6.5), 90.0, NOT_TESTABLE),  # AI revenue grew faster than capex
        ((np.nan,) * 4, 10.0, NOT_TESTABLE),
    ],
)
def test_a30(excess: tuple[float, ...], revenue: float, verdict: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pd.DataFrame(
        {"flow_change": -1.0, "capex_growth": 50.0, "revenue_growth": revenue, "cloud_growth": 20.0,
         "excess": excess, "rows": [("cash_flows/AMZN/2025-09-30",)] * 4}
    )  # fmt: skip
    monkeypatch.setattr(dotcom_claims, "later_quarters", lambda *_: table)
    nothing = pd.DataFrame()
    assert dotcom_claims.a30(nothing, nothing, nothing, nothing, nothing).verdict == verdict


def test_later_quarters_of_the_tables(latest: Evidence) -> None:
    e = latest
    table = dotcom_evidence.later_quarters(e.cash_flows, e.vendor_metrics, e.financing, e.stock_prices, e.nasdaq)
    assert [str(quarter) for quarter in table.index[:4]] == ["2025Q3", "2025Q4", "2026Q1", "2026Q2"]
    assert (table["flow_change"].iloc[:4] < 0).all()
    assert table["excess"].iloc[:4].notna().all()


def test_real_nasdaq_needs_a_price_index(latest: Evidence) -> None:
    real = boom_paths.real_nasdaq(latest.nasdaq, latest.shiller)
    quoted = boom_paths.real_nasdaq(latest.nasdaq, latest.shiller, deflate=False)
    assert len(real) < len(quoted)
    assert real["month"].iloc[-1] == pd.Period("2026-07", "M")
    # In prices of the last month: the last value is as quoted, the first is far higher.
    assert real["value"].iloc[-1] == pytest.approx(quoted.loc[real.index[-1], "value"])
    assert real["value"].iloc[0] > 7 * quoted["value"].iloc[0]
    # What it is divided by counts as evidence: two rows a month, and one of a series as quoted.
    used = boom_paths.rows_used(real.tail(2))
    assert used == (*real.index[-2:], "sp500_shiller/2026-06", "sp500_shiller/2026-07")
    assert boom_paths.rows_used(quoted.tail(1)) == (quoted.index[-1],)


def test_event_time() -> None:
    path = pd.DataFrame(
        {"month": pd.period_range("2000-01", periods=6, freq="M"), "value": [50.0, 100.0, 150.0, 90.0, 120.0, 180.0]},
        index=[f"t/{i}" for i in range(6)],
    )
    event = boom_paths.event_time(path, "2000-02-15", before=1, after=3)
    assert event["months"].tolist() == [-1, 0, 1, 2, 3]
    assert event["value"].tolist() == [50, 100, 150, 90, 120]
    assert event["drawdown"].tolist() == pytest.approx([np.nan, 0, 0, -40, -20], nan_ok=True)
    # A fall that was over when the boom began is none of its own.
    fallen = path.assign(value=[500.0, *path["value"].iloc[1:]])
    assert boom_paths.event_time(fallen, "2000-02-15", before=1, after=3)["drawdown"].min() == pytest.approx(-40)
    end = boom_paths.standing(event)
    assert end is not None
    assert (end.months, end.gain, end.rows) == (3, pytest.approx(20), ("t/1", "t/4"))
    assert boom_paths.standing(event, 9) is None
    top = boom_paths.peak(event)
    assert top is not None
    assert top["months"] == 1
    assert boom_paths.event_time(path, "2010-01-31").empty
    assert boom_paths.peak(boom_paths.event_time(path, "2010-01-31")) is None


def test_a_month_may_not_stand_twice(latest: Evidence) -> None:
    twice = pd.concat([latest.nasdaq.tail(1), latest.nasdaq.tail(1).rename(lambda row: row + "x")])
    with pytest.raises(ValueError, match="its month stands twice"):
        boom_paths.monthly(twice, "month_end", "close")


@pytest.fixture(scope="module")
def nasdaq(latest: Evidence) -> examination.Examination:
    path = boom_paths.real_nasdaq(latest.nasdaq, latest.shiller)
    return examination.examine("real Nasdaq", path, kind="price", lags=0, draws=300, seed=1, since="1973-01")


def test_the_nasdaq_was_explosive_in_2000_and_not_since_2022(nasdaq: examination.Examination) -> None:
    assert nasdaq.result.gsadf == pytest.approx(2.415022748445, abs=1e-9)
    assert nasdaq.p_value < 0.07
    assert len(nasdaq.evidence) == 2 * len(nasdaq.rows)
    wide = nasdaq.episodes("pointwise")
    assert ((wide["start"] <= pd.Period("2000-02", "M")) & (wide["end"] >= pd.Period("2000-02", "M"))).any()
    assert examination.now(nasdaq, "pointwise", "2022-11-30").startswith("no episode")
    assert examination.now(nasdaq, "family", "2022-11-30") == "no episode"
    assert nasdaq.months_above("family") >= 1
    lengths = [nasdaq.episodes("pointwise", shift)["periods"].sum() for shift in (-2.0, 0.0, 2.0)]
    assert lengths == sorted(lengths, reverse=True)
    assert "over" in examination.now(nasdaq, "pointwise", "1999-01-31")
    span = "1995-08-31", "2002-12-31"
    assert examination.between(nasdaq, "pointwise", *span).endswith("1998-10 to 2000-10 (rise)")
    assert examination.between(nasdaq, "family", *span) == "none"
    assert examination.between(nasdaq, "pointwise", "1980-01-31", "1985-12-31") == "none"
    line = examination.statistics([nasdaq], "pointwise").iloc[0]
    assert line["peak"] == "2000-02"
    assert line["error"] > 0
    table = examination.rules_in_words([nasdaq])
    assert table["rule"].tolist() == list(exuberance.RULES)
    assert set(examination.by_rule([nasdaq])["rule"]) <= set(exuberance.RULES)


def test_pwy_on_month_ends(latest: Evidence) -> None:
    """Target b.pwy: SADF 2.37 at month ends, above the 1 per cent value of 2.094; the start is July 1995."""
    path = boom_paths.real_nasdaq(latest.nasdaq, latest.shiller)
    lines, dated = examination.replications(path, latest.shiller, lags=(0, 1), draws=100, seed=1)
    pwy = lines[lines["paper"].str.startswith("PWY")]
    assert pwy["found"].iloc[0] == pytest.approx(2.37, abs=0.02)
    assert pwy["start"].tolist() == ["1995-07", "1997-01"]
    assert pwy["found"].iloc[1] < 2.094 < pwy["found"].iloc[0]
    assert dated["rule"].tolist() == [*exuberance.RULES, "in the paper"]
    assert "1997-0" in dated.set_index("rule").loc["psy", "episodes"]
    short, none = examination.replications(path.iloc[:30], latest.shiller, lags=(0,), draws=100, seed=1)
    assert short.empty
    assert none.empty


def test_investment_share_and_its_breaks() -> None:
    share = dotcom_comparison.investment_share(tables.load("macro_us", as_of=LATEST))
    assert share["share"].between(2, 6).all()
    breaks = dotcom_comparison.share_breaks(share)
    dates = [str(date) for date in breaks.dates["date"]]
    assert len(dates) == 3
    assert dates[1][:4] in ("2000", "2001"), "the dot-com peak"
    assert breaks.autocorrelation > 0.5


def test_capex_over_cash_flow(latest: Evidence) -> None:
    then = dotcom_comparison.capex_then(latest.dotcom_firms)
    assert then.loc["dotcom_firms/WCOM/2001", "ratio"] == pytest.approx(100 * 7900 / 7994)
    assert then.loc["dotcom_firms/SBC/2000", "ratio"] == pytest.approx(100 * 13124 / 14066)
    assert then["ratio"].notna().all()
    now = dotcom_comparison.capex_now(latest.cash_flows)
    assert now.groupby(["ticker", "year"]).size().max() == 1
    assert now.loc["cash_flows/ORCL/2026-08-31", "ratio"] > 150


def test_yardsticks_keep_their_sources_and_bases(latest: Evidence) -> None:
    found = dotcom_comparison.yardsticks(latest.benchmarks)
    assert found["source_id"].notna().all()
    assert set(found["era"]) == {"then", "now"}
    bases = dotcom_comparison.industry(latest.benchmarks)
    assert bases["basis"].nunique() == 3


def test_log_periodic_fits_of_months(latest: Evidence) -> None:
    path = boom_paths.monthly(latest.nasdaq, "month_end", "close")
    spans = {"then": ("1995-08-31", "2000-02-29"), "short": ("2026-01-31", LATEST)}
    fits, rows = dotcom_comparison.log_periodic_fits(path, spans)
    assert list(fits) == ["then"]
    assert len(rows["then"]) == 55
    line = dotcom_comparison.fit_table(fits).iloc[0]
    assert line["identified"] == "no"
    assert "fits as well" in line["why not"]


def test_evidence_can_be_replaced(latest: Evidence) -> None:
    nothing = replace(latest, stock_prices=latest.stock_prices.iloc[:0])
    assert dotcom_claims.verdicts(nothing)["A04"].verdict == NOT_TESTABLE


def test_rejections_and_statistics_are_told_by_series() -> None:
    lines = pd.DataFrame(
        {"series": ["a", "a", "b", "b"], "gsadf": [2.1, 1.9, 2.5, 3.0], "critical": [2.0, 2.0, 2.0, 2.0]}
    )  # fmt: skip
    assert examination.rejections(lines) == "a 1 of 2, b 2 of 2"
    papers = pd.DataFrame(
        {"paper": ["p", "p", "q"], "published": ["4.21", "4.21", "2.894"], "found": [4.16, 3.17, 2.38]}
    )
    assert (
        examination.found_beside_print(papers)
        == "p: 3.17 to 4.16 here, 4.21 in print; q: 2.38 to 2.38 here, 2.894 in print"
    )
