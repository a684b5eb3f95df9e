"""What a quarter's figure is made of, what it is never made of, and what was known when."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.refresh import edgar_facts, edgar_identities, edgar_quarters, edgar_tables, edgar_tags
from helpers.refresh.edgar_facts import Book
from tests.refresh.filings import Filer, year

ENDS = ("2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31")
NEXT = ("2025-03-31", "2025-06-30", "2025-09-30", "2025-12-31")
OCF = "NetCashProvidedByUsedInOperatingActivities"
CAPEX = "PaymentsToAcquirePropertyPlantAndEquipment"
SALES = "SalesRevenueNet"
CONTRACTS = "RevenueFromContractWithCustomerExcludingAssessedTax"
M = 1_000_000
FAR = date.max


def millions(*values: float) -> tuple[Any, ...]:
    return tuple(round(value * M) for value in values)


def firm(filer: Filer) -> edgar_tables.Firm:
    declared = edgar_tags.concepts(filer.ticker)
    return edgar_tables.firm(edgar_facts.read(filer.document(), filer.ticker, filer.cik, declared))


def usual(ticker: str = "TEST", **options: Any) -> Filer:
    """Return a firm with one plain year of everything a row needs."""
    filer = Filer(ticker, 42)
    for concept in ("Revenues", "OperatingIncomeLoss", "NetIncomeLoss"):
        year(filer, concept, ENDS, "2024-01-01", millions(100, 110, 120, 130), **options)
    return filer


def column(filer: Filer, name: str, day: date = FAR) -> list[float | None]:
    one = firm(filer)
    field = next(field for field in one.fields if field.column == name)
    figures = [edgar_quarters.figure(one.book, field, quarter, day) for quarter in one.quarters]
    return [None if figure is None else figure.value / M for figure in figures]


def failures(filer: Filer, day: date = FAR) -> list[str]:
    one = firm(filer)
    return edgar_identities.failures(one.book, one.fields, one.quarters, day)


def row(filer: Filer, table: str = "cash_flows", at: int = -1) -> pd.Series[Any]:
    return edgar_tables.tables([firm(filer)], FAR, [])[table].iloc[at]


def without(filer: Filer, concept: str, *, end: str) -> None:
    for unit, facts in filer.concepts[concept].items():
        filer.concepts[concept][unit] = [fact for fact in facts if fact["end"] != end]


def test_year_to_date_figures_become_quarters() -> None:
    filer = usual()
    year(filer, OCF, ENDS, "2024-01-01", millions(10, -20, 30, 40))
    assert column(filer, "operating_cash_flow") == [10, -20, 30, 40]
    assert "derived: revenue/operating_income/net_income/operating_cash_flow (FY less 9M)" in row(filer)["note"]
    assert [row(filer, at=at)["status"] for at in range(4)] == ["sourced", "derived", "derived", "derived"]


@pytest.mark.parametrize(("missing", "left"), [(0, [1, 3]), (1, [1, 2]), (2, [2, 3])])
def test_a_hole_in_the_year_to_date_figures_stays_a_hole(missing: int, left: list[int]) -> None:
    filer = usual()
    year(filer, OCF, ENDS, "2024-01-01", millions(1, 2, 3, 4))
    without(filer, OCF, end=ENDS[missing])
    gone = {missing, missing + 1}
    assert column(filer, "operating_cash_flow") == [None if n in gone else n + 1 for n in range(4)]


def test_no_difference_of_figures_that_begin_on_different_days() -> None:
    filer = usual()
    year(filer, OCF, ENDS, "2024-01-01", millions(1, 2, 3, 4))
    without(filer, OCF, end=ENDS[3])
    filer.state(OCF, "2024-01-02", ENDS[3], 10 * M, filed="2025-02-01", form="10-K")
    assert column(filer, "operating_cash_flow") == [1, 2, 3, None]


def test_no_difference_of_figures_under_different_tags() -> None:
    filer = Filer("TEST", 42)
    year(filer, SALES, ENDS, "2024-01-01", millions(1, 2, 3, 4))
    without(filer, SALES, end=ENDS[3])
    filer.state(CONTRACTS, "2024-01-01", ENDS[3], 10 * M, filed="2025-02-01", form="10-K")
    assert column(filer, "revenue") == [1, 2, 3, None]


def test_no_difference_of_figures_in_different_units() -> None:
    filer = usual()
    year(filer, OCF, ENDS, "2024-01-01", millions(1, 2, 3, 4))
    without(filer, OCF, end=ENDS[3])
    filer.state(OCF, "2024-01-01", ENDS[3], 10 * M, filed="2025-02-01", form="10-K", unit="EUR")
    assert column(filer, "operating_cash_flow") == [1, 2, 3, None]
    assert firm(filer).book.problems == [f"TEST {OCF}: in EUR, not USD: refused"]


def test_labels_are_never_believed() -> None:
    # A whole year labelled as a first quarter is a year; a quarter labelled as a year is a quarter.
    filer = usual()
    year(filer, OCF, ENDS, "2024-01-01", millions(1, 2, 3, 4))
    expected = column(filer, "operating_cash_flow")
    for number, fact in enumerate(filer.concepts[OCF]["USD"]):
        fact |= {
            "fp": ("FY", "Q3", "Q2", "Q1")[number],
            "fy": 1999,
            "frame": ("CY2024", "CY2024Q1", "CY2024", "CY")[number],
        }
    assert column(filer, "operating_cash_flow") == expected


def test_twelve_months_to_any_quarter_are_never_taken_for_the_year() -> None:
    filer = usual()
    year(filer, OCF, ENDS, "2024-01-01", millions(1, 2, 3, 4))
    filer.state(OCF, "2023-07-01", ENDS[1], 77 * M, filed="2024-08-01")
    filer.state(OCF, "2023-10-01", ENDS[2], 88 * M, filed="2024-11-01")
    assert column(filer, "operating_cash_flow") == [1, 2, 3, 4]
    assert failures(filer) == []


def test_a_renamed_tag_is_followed_and_named() -> None:
    filer = usual()
    filer.concepts.pop("Revenues")
    year(filer, SALES, ENDS, "2024-01-01", millions(1, 2, 3, 4))
    for concept in ("OperatingIncomeLoss", "NetIncomeLoss", CONTRACTS):
        year(filer, concept, NEXT, "2025-01-01", millions(5, 6, 7, 8))
    assert column(filer, "revenue") == [1, 2, 3, 4, 5, 6, 7, 8]
    assert f"revenue={SALES} " in row(filer, at=3)["note"]
    assert f"revenue={CONTRACTS} " in row(filer, at=4)["note"]


def test_a_tag_that_is_not_declared_is_not_joined() -> None:
    filer = usual()
    year(filer, "PaymentsForCapitalImprovements", ENDS, "2024-01-01", millions(1, 2, 3, 4))
    assert column(filer, "capex") == [None] * 4
    assert "capex" not in row(filer)["note"]
    assert pd.isna(row(filer)["capex"])


def test_a_figure_that_was_there_for_a_year_and_is_not_any_more_is_told() -> None:
    filer = usual()
    year(filer, CAPEX, ENDS, "2024-01-01", millions(1, 2, 3, 4))
    for concept in ("Revenues", "OperatingIncomeLoss", "NetIncomeLoss"):
        year(filer, concept, NEXT, "2025-01-01", millions(5, 6, 7, 8))
    year(filer, "PaymentsForCapitalImprovements", NEXT, "2025-01-01", millions(5, 6, 7, 8))
    told: list[str] = []
    found = edgar_tables.tables([firm(filer)], FAR, told)["cash_flows"]
    assert found["capex"].isna().tolist() == [False] * 4 + [True] * 4
    (lapse,) = [line for line in told if " capex: " in line]  # once, not in every quarter after it
    assert "fiscal 2025 Q1 capex: no figure under PaymentsToAcquirePropertyPlantAndEquipment" in lapse
    assert "each of the 4 quarters before" in lapse


def test_the_scope_of_a_tag_that_differs_is_in_the_note() -> None:
    filer = usual("AMZN")
    year(filer, CAPEX, ENDS, "2024-01-01", millions(1, 2, 3, 4))
    assert row(filer)["capex"] == 4
    assert row(filer)["note"].startswith("capex is net of proceeds; ")
    year(filer, "PaymentsToAcquireProductiveAssets", ENDS, "2024-01-01", millions(2, 3, 4, 5))
    assert row(filer)["capex"] == 5
    assert "net of proceeds" not in row(filer)["note"]


def test_parts_are_added_up_only_when_all_are_there() -> None:
    filer = usual("ORCL")
    year(filer, "Depreciation", ENDS, "2024-01-01", millions(1, 2, 3, 4))
    year(filer, "AmortizationOfIntangibleAssets", ENDS, "2024-01-01", millions(10, 10, 10, 10))
    without(filer, "AmortizationOfIntangibleAssets", end=ENDS[3])
    assert column(filer, "depreciation_amortisation") == [11, 12, 13, None]
    assert "depreciation_amortisation (sum)" in row(filer, at=0)["note"]
    assert row(filer, at=0)["status"] == "derived"


def test_what_was_not_filed_is_missing_and_not_zero() -> None:
    filer = usual()
    filer.state("CashCashEquivalentsAndShortTermInvestments", None, ENDS[0], 5 * M, filed="2024-05-05")
    found = row(filer, "financing", 0)
    assert found["cash_and_securities"] == 5
    assert found[["dividends_paid", "debt_issued", "total_debt", "cloud_revenue"]].isna().all()
    assert len(edgar_tables.tables([firm(filer)], FAR, [])["financing"]) == 1


def test_a_debt_that_is_no_total_says_so_first() -> None:
    filer = usual()
    for end in ENDS:
        filer.state("LongTermDebtNoncurrent", None, end, 7 * M, filed="2025-02-05")
        filer.state("RepaymentsOfLongTermDebt", "2024-01-01", end, 7 * M, filed="2025-02-05")
    assert row(filer, "financing")["note"].startswith("partial: ")
    filer.state("LongTermDebtCurrent", None, ENDS[3], 1 * M, filed="2025-02-05")
    assert row(filer, "financing")["total_debt"] == 8
    assert "partial" not in row(filer, "financing")["note"]


def test_a_negative_purchase_is_left_empty_and_listed() -> None:
    filer = usual()
    year(filer, CAPEX, ENDS, "2024-01-01", millions(5, 5, -2, 5))
    problems: list[str] = []
    built = edgar_tables.tables([firm(filer)], FAR, problems)["cash_flows"]
    assert built["capex"].isna().tolist() == [False, False, True, False]
    assert problems == [f"TEST fiscal 2024 Q3 capex: negative, -2 USD million ({CAPEX}, 9M less 6M): left empty"]


def test_a_quarter_without_what_a_row_needs_is_left_out_and_listed() -> None:
    filer = usual()
    without(filer, "OperatingIncomeLoss", end=ENDS[3])
    problems: list[str] = []
    built = edgar_tables.tables([firm(filer)], FAR, problems)["cash_flows"]
    assert built["fiscal_quarter"].tolist() == ["Q1", "Q2", "Q3"]
    assert problems == ["TEST fiscal 2024 Q4: left out, no operating_income under the declared tags"]


# What was known when.


def restated(*, nine_months_too: bool, form: str = "10-K") -> Filer:
    """Return a firm that raised last year's operating cash flow from 100 to 120, in the fourth quarter or all year."""
    filer = usual()
    year(filer, OCF, ENDS, "2024-01-01", millions(10, 20, 30, 40))
    if nine_months_too:
        filer.state(OCF, "2024-01-01", ENDS[2], 72 * M, filed="2025-11-04")
    filer.state(OCF, "2024-01-01", ENDS[3], 120 * M, filed="2026-02-04", form=form)
    return filer


def test_a_restatement_on_one_basis_counts_from_the_day_both_sides_are_there() -> None:
    filer = restated(nine_months_too=True)
    fourth = {
        day: column(filer, "operating_cash_flow", date.fromisoformat(day))[3]
        for day in ("2025-02-03", "2025-02-04", "2025-11-05", "2026-02-03", "2026-02-04")
    }
    assert fourth == {"2025-02-03": None, "2025-02-04": 40, "2025-11-05": 40, "2026-02-03": 40, "2026-02-04": 48}


@pytest.mark.parametrize("form", ["10-K", "10-K/A"])
def test_a_restated_year_without_its_parts_bends_no_quarter_and_is_listed(form: str) -> None:
    filer = restated(nine_months_too=False, form=form)
    assert column(filer, "operating_cash_flow") == [10, 20, 30, 40]
    (failure,) = failures(filer)
    assert failure == (
        "TEST fiscal 2024 operating_cash_flow: four quarters make 100, the year is 120 USD million "
        f"({OCF}; year filed 2026-02-04, restated from 100 filed 2025-02-04)"
    )
    assert failures(filer, date(2026, 2, 3)) == []


def test_old_values_are_kept_beside_new_ones() -> None:
    one = firm(restated(nine_months_too=True))
    facts = edgar_facts.frame([one.book])
    assert tuple(facts.columns) == edgar_facts.COLUMNS
    assert not facts.duplicated(["ticker", "concept", "unit", "start", "end", "accession", "filed"]).any()
    whole = facts[(facts["concept"] == OCF) & (facts["days"] == 366)]
    assert whole["value"].tolist() == [100 * M, 120 * M]
    assert edgar_facts.as_of(facts, "2026-02-03").query("concept == @OCF and days == 366")["value"].tolist() == [
        100 * M
    ]
    assert edgar_facts.as_of(facts, "2026-02-04").query("concept == @OCF and days == 366")["value"].tolist() == [
        120 * M
    ]


def test_a_balance_restated_is_kept_and_answered_by_day_too() -> None:
    filer = usual()
    for value, filed in ((7, "2024-05-05"), (8, "2025-02-04")):
        filer.state("LongTermDebt", None, ENDS[0], value * M, filed=filed)
    assert [column(filer, "total_debt", date(2024, month, 6))[0] for month in (4, 5, 12)] == [None, 7, 7]
    facts = edgar_facts.frame([firm(filer).book]).query("concept == 'LongTermDebt'")
    assert facts["value"].tolist() == [7 * M, 8 * M]
    assert facts[["start", "days"]].isna().all(axis=None)
    assert edgar_facts.as_of(facts, "2025-02-03")["value"].tolist() == [7 * M]
    assert edgar_facts.as_of(facts, "2025-02-04")["value"].tolist() == [8 * M]


def test_the_tables_of_a_day_hold_the_quarters_filed_by_then() -> None:
    built = edgar_tables.tables([firm(restated(nine_months_too=True))], date(2024, 8, 4), [])["cash_flows"]
    assert built["fiscal_quarter"].tolist() == ["Q1", "Q2"]
    assert built["published"].dt.date.tolist() == [date(2024, 5, 5), date(2024, 8, 4)]


def test_the_history_of_a_cell_tells_what_was_known_from_which_day() -> None:
    history = edgar_tables.history([firm(restated(nine_months_too=True))], FAR)
    cell = history[(history["row"] == "cash_flows/TEST/2024-12-31") & (history["column"] == "operating_cash_flow")]
    assert cell["value"].tolist() == [40, 48]
    assert cell["known_from"].dt.date.tolist() == [date(2025, 2, 4), date(2026, 2, 4)]
    assert cell["how"].tolist() == ["FY less 9M"] * 2
    assert cell["accessions"].tolist()[1] == "0000000042-26-020400;0000000042-25-110400"


def test_an_amended_filing_supersedes_from_its_own_day() -> None:
    filer = usual()
    year(filer, OCF, ENDS, "2024-01-01", millions(10, 20, 30, 40))
    filer.state(OCF, "2024-01-01", ENDS[0], 11 * M, filed="2024-06-01", form="10-Q/A")
    assert column(filer, "operating_cash_flow", date(2024, 5, 31)) == [10, None, None, None]
    assert column(filer, "operating_cash_flow", date(2024, 6, 1)) == [11, None, None, None]


def test_the_day_of_filing_orders_filings_and_not_their_numbers() -> None:
    # A number begins with that of whoever handed the filing in: a new agent may have a smaller one.
    filer = usual()
    for value, filed, accession in (
        (10, "2024-05-05", "0009999999-24-000001"),
        (11, "2024-06-05", "0000000042-24-000009"),
    ):
        filer.state(OCF, "2024-01-01", ENDS[0], value * M, filed=filed, accession=accession)
    assert column(filer, "operating_cash_flow")[0] == 11
    facts = edgar_facts.as_of(edgar_facts.frame([firm(filer).book]), "2026-01-01")
    assert facts.loc[facts["concept"] == OCF, "value"].tolist() == [11 * M]


def test_facts_of_other_forms_are_kept_and_not_used() -> None:
    filer = usual()
    year(filer, OCF, ENDS, "2024-01-01", millions(10, 20, 30, 40))
    filer.state(OCF, "2024-01-01", ENDS[0], 99 * M, filed="2025-03-01", form="8-K")
    assert column(filer, "operating_cash_flow") == [10, 20, 30, 40]
    facts = edgar_facts.frame([firm(filer).book])
    assert facts.loc[facts["form"] == "8-K", "value"].tolist() == [99 * M]
    assert "8-K" not in set(edgar_facts.as_of(facts, "2026-01-01")["form"])


def test_the_same_fact_in_several_filings_is_one_value() -> None:
    once, often = usual(), usual(comparatives=True)
    assert column(once, "revenue") == column(often, "revenue") == [100, 110, 120, 130]
    history = edgar_tables.history([firm(often)], FAR)
    assert not history.duplicated(["row", "column"]).any()


def test_two_values_in_one_filing_are_both_refused() -> None:
    filer = usual()
    year(filer, OCF, ENDS, "2024-01-01", millions(10, 20, 30, 40))
    filer.state(OCF, "2024-01-01", ENDS[0], 12 * M, filed="2024-05-05")
    assert column(filer, "operating_cash_flow") == [None, None, 30, 40]
    assert firm(filer).book.problems == [
        f"TEST {OCF}: 0000000042-24-050500 states both 10,000,000 and 12,000,000 "
        "for 2024-01-01 to 2024-03-31: neither used"
    ]


def test_a_fact_repeated_word_for_word_is_one_fact() -> None:
    filer = usual()
    year(filer, OCF, ENDS, "2024-01-01", millions(10, 20, 30, 40))
    facts = filer.concepts[OCF]["USD"]
    facts += [fact | {"frame": "CY2024Q1"} for fact in facts]
    assert column(filer, "operating_cash_flow") == [10, 20, 30, 40]
    assert firm(filer).book.problems == []


# Identities.


def test_a_stated_quarter_that_is_not_the_difference_is_listed() -> None:
    filer = usual(quarters=True)
    filer.state("Revenues", "2024-04-01", ENDS[1], 115 * M, filed="2024-09-01", form="10-Q/A")
    found = failures(filer)
    assert column(filer, "revenue")[1] == 115
    assert len(found) == 2
    assert found[0].startswith("TEST fiscal 2024 revenue: four quarters make 465, the year is 460 USD million")
    assert found[1].startswith("TEST fiscal 2024 Q2 revenue: a filing states 115, year-to-date figures make 110 USD")


@pytest.mark.parametrize(("off", "fails"), [(0, 0), (2, 0), (-2, 0), (3, 1), (-3, 1)])
def test_rounding_is_no_failure(off: int, fails: int) -> None:
    # Four stated quarters and the year, each rounded to a million: together at most two and a half off.
    filer = usual()
    for start, end in zip(("2024-01-01", "2024-04-01", "2024-07-01", "2024-10-01"), ENDS, strict=True):
        filer.state(OCF, start, end, 10 * M, filed="2025-02-04", form="10-K")
    filer.state(OCF, "2024-01-01", ENDS[3], (40 + off) * M, filed="2025-02-04", form="10-K")
    assert len(failures(filer)) == fails


def test_a_firm_that_reports_in_thousands_is_held_to_thousands() -> None:
    filer = usual()
    for start, end in zip(("2024-01-01", "2024-04-01", "2024-07-01", "2024-10-01"), ENDS, strict=True):
        filer.state(OCF, start, end, 10_001_000, filed="2025-02-04", form="10-K")
    filer.state(OCF, "2024-01-01", ENDS[3], 40_010_000, filed="2025-02-04", form="10-K")
    assert len(failures(filer)) == 1


def test_two_tags_of_one_scope_that_disagree_are_listed() -> None:
    filer = usual()
    for end in ENDS:
        filer.state("CashCashEquivalentsAndShortTermInvestments", None, end, 50 * M, filed="2025-02-05")
        filer.state("CashAndCashEquivalentsAtCarryingValue", None, end, 30 * M, filed="2025-02-05")
        filer.state("MarketableSecuritiesCurrent", None, end, 30 * M, filed="2025-02-05")
    found = failures(filer)
    assert len(found) == 4
    assert found[0].endswith("MarketableSecuritiesCurrent is 60 USD million; the first was taken")


# Properties.

filings = st.lists(
    st.tuples(
        st.sampled_from([("2024-01-01", end) for end in ENDS] + [("2024-04-01", ENDS[1]), ("2024-10-01", ENDS[3])]),
        st.integers(-50, 50),
        st.integers(0, 900),
        st.sampled_from(["10-Q", "10-K", "10-K/A", "8-K"]),
    ),
    max_size=14,
)


def filed(entries: list[tuple[tuple[str, str], int, int, str]]) -> Filer:
    filer = usual()
    for number, ((start, end), value, after, form) in enumerate(entries):
        day = date.fromisoformat(end) + timedelta(days=20 + after)
        accession = f"0000000042-99-{number:06d}"
        filer.state(OCF, start, end, value * M, filed=day, form=form, accession=accession)
    return filer


@settings(max_examples=60, deadline=None)
@given(filings, st.integers(0, 1200))
def test_no_answer_uses_what_was_filed_later(entries: list[Any], after: int) -> None:
    filer, day = filed(entries), date(2024, 4, 1) + timedelta(days=after)
    one = firm(filer)
    past = Book(one.book.ticker, one.book.cik, "", [fact for fact in one.book.facts if fact.filed <= day])
    field = next(field for field in one.fields if field.column == "operating_cash_flow")
    for quarter in one.quarters:
        found = edgar_quarters.figure(one.book, field, quarter, day)
        assert found == edgar_quarters.figure(past, field, quarter, FAR)
        assert found is None or all(fact.filed <= day and fact.form != "8-K" for fact in found.facts)


@settings(max_examples=60, deadline=None)
@given(filings, st.integers(0, 1200))
def test_the_history_answers_any_day(entries: list[Any], after: int) -> None:
    filer, day = filed(entries), date(2024, 4, 1) + timedelta(days=after)
    one = firm(filer)
    history = edgar_tables.history([one], FAR)
    known = history[(history["column"] == "operating_cash_flow") & (history["known_from"] <= pd.Timestamp(day))]
    last = known.groupby("row")["value"].last().to_dict()
    rows = [f"cash_flows/TEST/{quarter.end}" for quarter in one.quarters]
    assert [last.get(row) for row in rows] == column(filer, "operating_cash_flow", day)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-(10**6), 10**6), min_size=4, max_size=4), st.booleans(), st.booleans())
def test_the_quarters_of_a_year_add_up_to_it(values: list[int], quarters: bool, comparatives: bool) -> None:
    filer = usual()
    year(filer, OCF, ENDS, "2024-01-01", tuple(values), quarters=quarters, comparatives=comparatives)
    found = [round(value * M) for value in column(filer, "operating_cash_flow") if value is not None]
    assert found == values
    assert failures(filer) == []
