"""The verdict of each claim on who pays at both dates, and every branch of its rule on made-up rows."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import monetisation_claims as claims
from helpers.analysis import ways_out_claims
from helpers.analysis.monetisation_evidence import Evidence
from helpers.analysis.verdict import NOT_SUPPORTED, NOT_TESTABLE, PARTLY_SUPPORTED, SUPPORTED

ARTICLE, NOW = "2025-09-05", "2026-10-31"
NAMES = ("cash_flows", "vendor_metrics", "ai_prices", "ai_usage")


@pytest.fixture(scope="module")
def evidence():
    days = (ARTICLE, NOW, "2023-03-20")
    return {day: Evidence(day, *(tables.load(name, as_of=day) for name in NAMES)) for day in days}


@pytest.fixture(scope="module")
def found(evidence):
    return {day: claims.verdicts(known) for day, known in evidence.items()}


EXPECTED = [
    ("A01", ARTICLE, PARTLY_SUPPORTED, 5.13),
    ("A01", NOW, PARTLY_SUPPORTED, 16.55),
    ("A05", ARTICLE, PARTLY_SUPPORTED, 5.4 / 3.7),
    ("A05", NOW, SUPPORTED, 2.5),
    ("A07", ARTICLE, PARTLY_SUPPORTED, 100 / 3),
    ("A07", NOW, PARTLY_SUPPORTED, 200 / 3),
    ("A09", ARTICLE, NOT_TESTABLE, None),
    ("A09", NOW, NOT_SUPPORTED, 100 * 9250 / 82886),
    ("A10", ARTICLE, NOT_TESTABLE, None),
    ("A10", NOW, NOT_TESTABLE, None),
    ("A23", ARTICLE, NOT_TESTABLE, None),
    ("A23", NOW, NOT_TESTABLE, None),
    ("A24", ARTICLE, NOT_TESTABLE, None),
    ("A24", NOW, NOT_TESTABLE, None),
    ("A25", ARTICLE, NOT_TESTABLE, None),
    ("A25", NOW, NOT_TESTABLE, None),
    ("A26", ARTICLE, NOT_TESTABLE, None),
    ("A26", NOW, NOT_TESTABLE, None),
    ("A27", ARTICLE, NOT_TESTABLE, None),
    ("A27", NOW, NOT_TESTABLE, None),
    ("A50", ARTICLE, SUPPORTED, 3.0),
    ("A50", NOW, SUPPORTED, 3.0),
    ("A51", ARTICLE, NOT_SUPPORTED, 1.861),
    ("A51", NOW, PARTLY_SUPPORTED, 0.665),
    ("A52", ARTICLE, NOT_TESTABLE, None),
    ("A52", NOW, SUPPORTED, 2.69),
    ("A53", ARTICLE, NOT_TESTABLE, None),
    ("A53", NOW, SUPPORTED, 74.8),
    ("A54", ARTICLE, NOT_TESTABLE, None),
    ("A54", NOW, NOT_TESTABLE, None),
    ("A55", ARTICLE, PARTLY_SUPPORTED, None),
    ("A55", NOW, NOT_TESTABLE, 100 * (1 - 8400 / 13070)),
]


@pytest.mark.parametrize(("claim", "day", "verdict", "value"), EXPECTED)
def test_verdict(found, claim, day, verdict, value):
    answer = found[day][claim]
    assert answer.verdict == verdict
    assert answer.value == (None if value is None else pytest.approx(value, rel=0.002))


def test_every_claim_of_the_notebook_has_a_rule(found):
    table = tables.load("claims")
    assert set(found[NOW]) == set(table.loc[table["notebook"] == "06_monetisation_paths", "claim_id"])


@pytest.mark.parametrize("day", [ARTICLE, NOW])
def test_a_verdict_uses_only_rows_known_that_day(found, evidence, day):
    known = {row for name in NAMES for row in getattr(evidence[day], name).index}
    for claim, answer in found[day].items():
        assert set(answer.rows) <= known, claim
        assert answer.rows or answer.verdict == NOT_TESTABLE, claim


def test_before_the_figures_nothing_is_testable(found):
    assert {answer.verdict for answer in found["2023-03-20"].values()} == {NOT_TESTABLE}


def test_what_is_not_testable_names_what_is_missing(found):
    for answers in found.values():
        for claim, answer in answers.items():
            if answer.verdict == NOT_TESTABLE:
                assert "Missing: " in answer.reason, claim


def test_tally_keeps_the_usual_order(found):
    assert claims.tally(found[NOW]) == {SUPPORTED: 4, PARTLY_SUPPORTED: 3, NOT_SUPPORTED: 1, NOT_TESTABLE: 8}


def test_reasons_say_what_else_would_change_the_verdict(found):
    assert "all capex (supported)" in found[ARTICLE]["A01"].reason
    assert "Microsoft alone, above 2022 (not supported)" in found[NOW]["A01"].reason
    assert "counted twice" in found[NOW]["A01"].reason
    assert "counted twice" not in found[ARTICLE]["A01"].reason
    assert "2026Q2 gives 20.3" in found[NOW]["A01"].reason
    assert "missing from the tables would change this" in found[NOW]["A24"].reason
    assert "not covered" in found[ARTICLE]["A05"].reason


@pytest.mark.parametrize(
    ("share", "verdict"),
    [(4.99, SUPPORTED), (5.0, PARTLY_SUPPORTED), (25.0, PARTLY_SUPPORTED), (25.01, NOT_SUPPORTED)],
)
def test_bands_of_a01(share, verdict):
    assert claims.capex_band(share) == verdict


# Made-up rows on top of the real ones of a day.
def metric(company, scope, name, value, date, **other):
    usual = {"published": date, "period_months": "", "kind": "reported", "source_id": "S", "note": "", "unit": "u"}
    row = {"company": company, "scope": scope, "metric": name, "value": float(value), "date": date, **usual, **other}
    frame = pd.DataFrame([row], index=[f"vendor_metrics/{company}/{scope}/{name}/{date}"])
    return frame.assign(date=pd.to_datetime(frame["date"]), published=pd.to_datetime(frame["published"]))


def plain(known, day=None, **frames):
    """Return the evidence with metrics as plain text columns, and some tables replaced."""
    texts = ["company", "scope", "metric", "kind", "period_months", "unit"]
    metrics = known.vendor_metrics.astype(dict.fromkeys(texts, "str"))
    return dataclasses.replace(known, **{"vendor_metrics": metrics, "as_of": day or known.as_of, **frames})


def with_metrics(known, *rows, day=None):
    base = plain(known, day)
    return dataclasses.replace(base, vendor_metrics=pd.concat([base.vendor_metrics, *rows]))


def survey(*values):
    frame = pd.DataFrame(
        [{"series": "enterprises_using_ai", "region": "EU", "unit": "%", "date": pd.Timestamp(day), "value": value}
         for day, value in values],
        index=[f"ai_usage/{day}" for day, _ in values],
    )  # fmt: skip
    return frame


@pytest.mark.parametrize(
    ("last", "verdict"), [(16.0, SUPPORTED), (15.9, PARTLY_SUPPORTED), (8.1, PARTLY_SUPPORTED), (8.0, NOT_SUPPORTED)]
)
def test_a05(evidence, last, verdict):
    usage = survey(("2023-03-31", 8.0), ("2025-03-31", last))
    assert claims.a05(plain(evidence[NOW], ai_usage=usage)).verdict == verdict


def test_a05_leaves_other_years_out(evidence):
    usage = survey(("2021-03-31", 1.0), ("2023-03-31", 8.0), ("2026-03-31", 80.0))
    assert claims.a05(plain(evidence[NOW], ai_usage=usage)).verdict == NOT_TESTABLE


def test_a07_bands(evidence):
    known = plain(evidence[ARTICLE])
    some = known.vendor_metrics
    none = dataclasses.replace(known, vendor_metrics=some[some["kind"] != "reported"])
    assert claims.a07(none).verdict == SUPPORTED
    assert "read so the claim would be supported" in claims.a07(known).reason
    extra = [
        metric(company, scope, "annualised_revenue_usd_m", 1, "2025-08-01")
        for company, scope in (("Microsoft", "AI business"), ("Amazon", "AWS AI services"))
    ]
    assert claims.a07(with_metrics(evidence[ARTICLE], *extra)).verdict == PARTLY_SUPPORTED
    assert claims.TWO_THIRDS < 5 / 6


@pytest.mark.parametrize(
    ("annual", "verdict"),
    # Microsoft's revenue of the quarter to June 2025 was 76,441.
    [(10_000, NOT_TESTABLE), (20_000, PARTLY_SUPPORTED), (40_000, NOT_SUPPORTED)],
)
def test_a09(evidence, annual, verdict):
    row = metric("Microsoft", "AI business", "annualised_revenue_usd_m", annual, "2025-06-30")
    answer = claims.a09(with_metrics(evidence[ARTICLE], row))
    assert answer.verdict == verdict
    assert answer.value is None or answer.value == pytest.approx(100 * annual / 4 / 76441, rel=0.001)


def test_a24(evidence):
    seats = metric("GitHub", "GitHub Copilot", "paying_subscribers_m", 1.3, "2024-01-30")
    rate = metric("Microsoft", "AI business", "annualised_revenue_usd_m", 13000, "2025-01-29")
    assert claims.a24(with_metrics(evidence[NOW], seats, rate)).verdict == NOT_SUPPORTED
    assert claims.a24(with_metrics(evidence[NOW], rate)).verdict == PARTLY_SUPPORTED
    assert claims.a24(with_metrics(evidence[NOW], rate, day="2025-08-31")).verdict == NOT_TESTABLE


@pytest.mark.parametrize(("payers", "verdict"), [(20, SUPPORTED), (40, PARTLY_SUPPORTED), (60, NOT_SUPPORTED)])
def test_a25(evidence, payers, verdict):
    row = metric("Google", "Gemini app", "paying_subscribers_m", payers, "2025-08-01")
    assert claims.a25(with_metrics(evidence[ARTICLE], row)).verdict == verdict


def price(provider, date, note="", unit="per_month", product="X"):
    row = {"date": pd.Timestamp(date), "provider": provider, "product": product, "plan": "", "price_usd": 1.0,
           "unit": unit, "note": note}  # fmt: skip
    return pd.DataFrame([row], index=[f"ai_prices/{date}/{provider}/{product}"])


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([price("A", "2025-01-01")], NOT_TESTABLE),  # a list without Meta may have a gap
        ([price("A", "2025-01-01"), price("Meta", "2026-01-01")], SUPPORTED),
        ([price("Meta", "2025-01-01", "a test in two countries")], PARTLY_SUPPORTED),
        ([price("Meta", "2025-01-01")], NOT_SUPPORTED),
        ([price("A", "2026-01-01")], NOT_TESTABLE),
    ],
)
def test_a26(evidence, rows, verdict):
    assert claims.a26(plain(evidence[NOW], ai_prices=pd.concat(rows))).verdict == verdict


def test_a50_needs_all_three_by_the_date(evidence):
    rows = [price(name, "2025-01-01", unit="per_million_input_tokens") for name in ("OpenAI", "Anthropic")]
    late = price("Cohere", "2025-09-03", unit="per_million_input_tokens")
    short = plain(evidence[NOW], ai_prices=pd.concat([*rows, late]))
    assert ways_out_claims.a50(short).verdict == NOT_SUPPORTED
    assert ways_out_claims.a50(dataclasses.replace(short, as_of="2025-09-01")).verdict == NOT_TESTABLE


def tokens(first, last):
    frame = survey(("2024-05-31", first), ("2025-05-31", last))
    return frame.assign(series="tokens_per_month_google", region="world")


def revenue(company, *values):
    return [metric(company, "company", "annualised_revenue_usd_m", value, f"202{4 + place}-05-31") for place, value
            in enumerate(values)]  # fmt: skip


@pytest.mark.parametrize(
    ("anthropic", "cohere", "volume", "verdict"),
    [
        (400, 40, (1, 9), NOT_SUPPORTED),  # both faster than seats, which double
        (400, 40, (9, 1), PARTLY_SUPPORTED),
        (400, 10, (1, 9), PARTLY_SUPPORTED),
        (150, 12, (9, 1), SUPPORTED),  # both slower, and volume falls
        (150, 12, (1, 9), PARTLY_SUPPORTED),
    ],
)
def test_a51(evidence, anthropic, cohere, volume, verdict):
    seats = [metric("OpenAI", "company", "business_seats_m", count, f"202{4 + place}-05-31") for place, count in
             enumerate((1, 2))]  # fmt: skip
    rows = [*seats, *revenue("Anthropic", 100, anthropic), *revenue("Cohere", 10, cohere)]
    known = plain(evidence[NOW], ai_usage=tokens(*volume), vendor_metrics=pd.concat(rows))
    answer = ways_out_claims.a51(known)
    assert answer.verdict == verdict
    assert "for seats, seen in 12 months" in answer.reason
    # A reading that would turn the verdict is said where there is one.
    assert ("any of them outgrows the seats" in answer.reason) == ((anthropic, cohere) == (400, 10))


def test_a51_without_anything(evidence):
    known = plain(evidence[NOW])
    empty = dataclasses.replace(known, vendor_metrics=known.vendor_metrics.head(0), ai_usage=known.ai_usage.head(0))
    assert ways_out_claims.a51(empty).verdict == NOT_TESTABLE


@pytest.mark.parametrize(("last", "verdict"), [(1.6, SUPPORTED), (1.3, PARTLY_SUPPORTED), (1.05, NOT_SUPPORTED)])
def test_a53(evidence, last, verdict):
    counts = [metric("OpenAI", "company", "business_seats_m", count, day) for count, day in
              ((1, "2025-08-04"), (last, "2026-08-04"))]  # fmt: skip
    known = plain(evidence[NOW], vendor_metrics=pd.concat(counts), ai_usage=evidence[NOW].ai_usage.head(0))
    answer = ways_out_claims.a53(known)
    assert answer.verdict == verdict
    assert answer.value == pytest.approx(100 * (last - 1), rel=0.02)
    assert "in 12 months)" in answer.reason


@pytest.mark.parametrize(
    ("cost", "verdict"), [(None, PARTLY_SUPPORTED), (150, PARTLY_SUPPORTED), (50, NOT_TESTABLE), (100, NOT_TESTABLE)]
)
def test_a55(evidence, cost, verdict):
    rows = [metric("OpenAI", "company", "revenue_usd_m", 100, "2025-12-31", period_months="12")]
    if cost is not None:
        rows.append(metric("OpenAI", "company", "inference_cost_usd_m", cost, "2025-12-31", period_months="12"))
    answer = ways_out_claims.a55(plain(evidence[NOW], vendor_metrics=pd.concat(rows)))
    assert answer.verdict == verdict
    assert answer.value == (None if cost is None else pytest.approx(100 - cost))
