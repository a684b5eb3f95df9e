"""Reading the docket: who is sued, by whom, in what state; nothing later than the day, nothing filled."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import docket
from tests.analysis.litigation_cases import ARTICLE, NOW, cases, known


def test_rows_without_a_filing_day_are_counted_and_stay_without():
    whole = tables.load("litigation")
    undated = docket.without_filing_day(whole)
    assert len(undated) == 38
    assert undated["filed_date"].isna().all()
    assert docket.undated_to_come(whole, known("litigation", NOW)) == 0
    assert docket.undated_to_come(whole, known("litigation", ARTICLE)) == 34


@pytest.mark.parametrize("day", ["2020-06-30", "2023-06-30", ARTICLE, "2026-03-01"])
def test_an_outcome_dated_later_is_pending(day):
    whole, then = tables.load("litigation"), known("litigation", day)
    later = whole.loc[then.index, "outcome_date"] > pd.Timestamp(day)
    assert (then.loc[later, "status_text"] == "pending").all()
    assert then.loc[later, ["outcome_date", "settlement_usd_m"]].isna().all(axis=None)
    assert docket.is_open(then)[later].all()


def test_some_outcome_is_really_hidden_on_the_articles_day():
    whole, then = tables.load("litigation"), known("litigation", ARTICLE)
    assert (whole.loc[then.index, "outcome_date"] > pd.Timestamp(ARTICLE)).sum() >= 4
    assert then.loc["litigation/C028", "status_text"] == "pending"
    assert then.loc["litigation/C028", ["works_at_issue", "settlement_usd_m"]].isna().all()


def test_every_row_that_a_note_or_a_court_marks_as_a_fine_is_a_regulators():
    whole = tables.load("litigation")
    fines = docket.by_regulator(whole)
    noted = whole["note"].fillna("").str.startswith("Regulator's fine")
    assert noted.sum() >= 6
    assert fines[noted].all()
    assert fines.sum() == 11
    assert not fines[whole["jurisdiction"] == "US"].any()


def test_an_appeal_is_open_and_a_dismissal_is_not():
    found = cases(*({"status_text": state} for state in ("pending", "appeal", "dismissed", "settled")))
    assert docket.is_open(found).tolist() == [True, True, False, False]


def test_select_keeps_types_and_refuses_unknown_ones():
    found = cases({}, {"claim_type": "privacy"})
    assert len(docket.select(found, [])) == 2
    assert docket.select(found, ["privacy"]).index.tolist() == ["litigation/T001"]
    with pytest.raises(ValueError, match="copy-right"):
        docket.select(found, ["copy-right"])


def test_the_claim_types_are_those_of_the_table():
    stated = {field["name"]: field for field in tables.describe("litigation")["schema"]["fields"]}
    assert set(docket.CLAIM_TYPES) == set(stated["claim_type"]["categories"])
    assert set(docket.SUBJECT_GROUPS) <= set(stated["subject"]["categories"])
    assert set(docket.EUROPE) <= set(stated["jurisdiction"]["categories"])


def test_a_firm_under_two_names_counts_once_and_persons_do_not():
    found = cases({"defendants": "Google; Alphabet; Mark Zuckerberg"}, {"defendants": "Uncharted Labs (Udio); Meta"})
    pairs = docket.defendants(found)
    assert pairs["defendant"].tolist() == ["Google", "Udio", "Meta"]
    assert pairs.index.tolist() == ["litigation/T000", "litigation/T001", "litigation/T001"]
    assert len(docket.against(found, "Google")) == 1
    assert docket.against(found, "Alphabet").empty


def test_no_person_is_left_among_the_defendants_of_the_table():
    names = set(docket.defendants(tables.load("litigation"))["defendant"])
    assert "Zuckerberg" not in " ".join(names)
    assert {"OpenAI", "Udio", "Prisma Labs", "MiniMax"} <= names


def test_the_map_counts_each_suit_once_a_column():
    suits = docket.lawsuits(tables.load("litigation"))
    matrix = docket.who_sues_whom(suits, 5)
    assert len(matrix.columns) == 6
    for firm in matrix.columns[:-1]:
        assert matrix[firm].sum() == len(docket.against(suits, firm))
    assert matrix[docket.OTHER_DEFENDANTS].sum() <= len(suits)
    sums = matrix.iloc[:, :-1].sum().tolist()
    assert sums == sorted(sums, reverse=True)


def test_the_docket_number_gives_a_year_only_where_it_states_one():
    found = cases(
        {"docket_number": "3:23-cv-00201"}, {"docket_number": "1:23-cv-00135; 3:25-cv-06891"},
        {"docket_number": "IL-2023-000007"}, {"docket_number": None},
    )  # fmt: skip
    assert docket.docket_year(found).tolist()[:2] == [2023, 2023]
    assert docket.docket_year(found).isna().tolist() == [False, False, True, True]


def test_docket_numbers_agree_with_filing_days_where_both_are_known():
    whole = tables.load("litigation")
    both = whole[docket.docket_year(whole).notna() & whole["filed_date"].notna()]
    assert len(both) > 50
    assert (docket.docket_year(both) == both["filed_date"].dt.year).all()


def test_states_add_up_to_the_rows():
    now = known("litigation", NOW)
    table = docket.states(now)
    assert table["cases"].sum() == len(now)
    assert (table.drop(columns="cases").sum(axis=1) == table["cases"]).all()


def test_a_zero_rests_on_what_was_searched():
    found = cases({})
    assert docket.looked_at(found, ["a/b"]) == ("litigation/T000",)
    assert docket.looked_at(found.head(0), ["a/b"]) == ("a/b",)
    assert docket.told(found, "yes", "no") == "yes"
    assert docket.told(found.head(0), "yes", "no") == docket.told(None, "yes", "no") == "no"
