"""The verdict of each claim on lawsuits at both dates, and every branch of its rule on made-up cases."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import exposure, litigation
from helpers.analysis import litigation_claims as claims
from helpers.analysis.verdict import NOT_SUPPORTED, NOT_TESTABLE, PARTLY_SUPPORTED, SUPPORTED, VERDICTS
from tests.analysis.litigation_cases import ARTICLE, NOW, TABLES, cases, evidence, known

DAYS = (ARTICLE, NOW, "2024-06-30", "2023-02-10", "2019-01-01")


@pytest.fixture(scope="module")
def found():
    return {day: claims.verdicts(evidence(day, draws=2**17)) for day in DAYS}


SIMULATED = 0.03
EXPECTED = [
    ("A58", ARTICLE, PARTLY_SUPPORTED, 16 / (248 / 365) / 18),
    ("A58", NOW, PARTLY_SUPPORTED, 29 / 18),
    ("A59", ARTICLE, SUPPORTED, 1),
    ("A59", NOW, SUPPORTED, 1),
    ("A60", ARTICLE, PARTLY_SUPPORTED, 2),
    ("A60", NOW, PARTLY_SUPPORTED, 2),
    ("A61", ARTICLE, NOT_TESTABLE, None),
    ("A61", NOW, PARTLY_SUPPORTED, 0),
    ("A62", ARTICLE, PARTLY_SUPPORTED, pytest.approx(3.2, rel=SIMULATED)),
    ("A62", NOW, PARTLY_SUPPORTED, pytest.approx(7.5, rel=SIMULATED)),
    ("A63", ARTICLE, SUPPORTED, 2),
    ("A63", NOW, SUPPORTED, 2),
    ("A64", ARTICLE, SUPPORTED, 3),
    ("A64", NOW, SUPPORTED, 3),
    ("A65", ARTICLE, NOT_SUPPORTED, pytest.approx(0.89, rel=SIMULATED)),
    ("A65", NOW, PARTLY_SUPPORTED, pytest.approx(1.9, rel=SIMULATED)),
    ("A66", ARTICLE, NOT_TESTABLE, None),
    ("A66", NOW, SUPPORTED, 100 * 1500 / 4590),
]


@pytest.mark.parametrize(("claim", "day", "verdict", "value"), EXPECTED)
def test_verdict(found, claim, day, verdict, value):
    answer = found[day][claim]
    assert answer.verdict == verdict
    assert answer.value == (pytest.approx(value) if isinstance(value, float) else value)


def test_every_claim_of_the_notebook_has_a_rule(found):
    table = tables.load("claims")
    assert set(found[NOW]) == set(table.loc[table["notebook"] == "07_litigation_exposure", "claim_id"])


@pytest.mark.parametrize("day", DAYS)
def test_a_verdict_uses_only_rows_known_that_day(found, day):
    rows = {row for name in ("litigation", *TABLES) for row in known(name, day).index}
    for claim, answer in found[day].items():
        assert set(answer.rows) <= rows, claim


@pytest.mark.parametrize("day", [ARTICLE, NOW])
def test_every_answer_but_not_testable_rests_on_rows(found, day):
    for answer in found[day].values():
        assert answer.rows or answer.verdict == NOT_TESTABLE
        assert "nan" not in answer.reason
    simulated = {claim for claim, answer in found[day].items() if answer.assumptions}
    assert simulated == {"A62", "A65"}


@pytest.mark.parametrize("day", ["2023-02-10", "2019-01-01"])
def test_early_days_answer_without_crashing(found, day):
    assert all(answer.reason.startswith("Missing:") for answer in found[day].values() if answer.value is None)
    if day == "2019-01-01":
        assert {answer.verdict for answer in found[day].values()} == {NOT_TESTABLE}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_verdict_hangs_on_the_seed(found, seed):
    for day in (ARTICLE, NOW):
        other = claims.verdicts(evidence(day, seed=seed))
        assert {claim: answer.verdict for claim, answer in other.items()} == {
            claim: answer.verdict for claim, answer in found[day].items()
        }


def test_tally_counts_every_claim(found):
    tally = claims.tally(found[NOW])
    assert list(tally) == list(VERDICTS)
    assert sum(tally.values()) == 9
    assert tally[SUPPORTED] == 4


def test_the_thresholds_are_those_of_the_rules():
    rule = tables.load("claims").set_index("claim_id")["how_to_test"]
    assert "at least doubled from 2023 to 2025, partly if it rose" in rule["A58"]
    assert claims.NEW_YORK_TIMES in rule["A59"]
    assert "two or more suits by photographers or artists against both" in rule["A61"]
    assert "passes 10 percent of AI capex, partly if 1-10 percent" in rule["A62"]
    assert "two or more were filed" in rule["A64"]
    assert "above 5 percent, partly 1-5, not supported below 1 percent" in rule["A65"]
    assert "above 20 percent of revenue, partly 5-20" in rule["A66"]


class TestA58:
    @pytest.mark.parametrize(("later", "verdict"), [
        (20, SUPPORTED), (19, PARTLY_SUPPORTED), (11, PARTLY_SUPPORTED), (10, NOT_SUPPORTED), (4, NOT_SUPPORTED),
    ])  # fmt: skip
    def test_doubled_rose_or_neither(self, later, verdict):
        rows = [{"filed_date": "2023-05-01"}] * 10 + [{"filed_date": "2025-05-01"}] * later
        answer = claims.a58(cases(*rows), NOW)
        assert (answer.verdict, answer.value) == (verdict, pytest.approx(later / 10))

    def test_fines_and_suits_without_a_day_are_not_filings(self):
        rows = [{"filed_date": "2023-05-01"}] * 10 + [{"filed_date": "2025-05-01"}] * 10
        rows += [{"filed_date": "2025-05-01", "plaintiffs": "PIPC (Korea)"}] * 20 + [{"filed_date": None}] * 20
        answer = claims.a58(cases(*rows), NOW)
        assert answer.value == 1
        assert "20 rows without a filing day" in answer.reason

    def test_a_year_that_had_not_begun(self):
        answer = claims.a58(cases({"filed_date": "2023-05-01"}), "2024-12-31")
        assert answer.verdict == NOT_TESTABLE
        assert "2025" in answer.reason

    def test_outside_counts_are_told_only_once_known(self, found):
        assert "48 US copyright suits" in found[ARTICLE]["A58"].reason
        assert "118 US copyright suits" in found[NOW]["A58"].reason


class TestA59:
    @pytest.mark.parametrize(("state", "verdict"), [
        ("pending", SUPPORTED), ("appeal", SUPPORTED), ("settled", PARTLY_SUPPORTED), ("dismissed", PARTLY_SUPPORTED),
    ])  # fmt: skip
    def test_filed(self, state, verdict):
        found = cases({"docket_number": f"{claims.NEW_YORK_TIMES}; 25-md-03143", "status_text": state})
        assert claims.a59(found).verdict == verdict

    def test_not_filed(self):
        answer = claims.a59(cases({}))
        assert (answer.verdict, answer.value) == (NOT_SUPPORTED, 0)

    def test_before_it_was_filed(self):
        assert claims.a59(known("litigation", "2023-12-26")).verdict == NOT_SUPPORTED
        assert claims.a59(known("litigation", "2023-12-27")).verdict == SUPPORTED


class TestA60:
    @pytest.mark.parametrize(("subject", "class_action", "verdict", "value"), [
        ("books", "yes", SUPPORTED, 3), ("images", "yes", PARTLY_SUPPORTED, 2), ("books", "no", NOT_SUPPORTED, 2),
    ])  # fmt: skip
    def test_stability(self, subject, class_action, verdict, value):
        written = {"class_action": "yes", "subject": "books"}
        found = cases(
            {**written, "defendants": "Anthropic"},
            {**written, "defendants": "Meta; Mark Zuckerberg"},
            {"defendants": "Stability AI; Midjourney", "subject": subject, "class_action": class_action},
        )
        answer = claims.a60(found)
        assert (answer.verdict, answer.value) == (verdict, value)

    def test_a_privacy_class_action_is_not_on_the_same_ground(self):
        rows = [{"class_action": "yes", "defendants": firm} for firm in ("Anthropic", "Meta")]
        found = cases(*rows, {"class_action": "yes", "defendants": "Stability AI", "claim_type": "privacy"})
        assert claims.a60(found).verdict == NOT_SUPPORTED


IMAGE = {"subject": "images", "jurisdiction": "DE", "plaintiffs": "P. Photographer"}


class TestA61:
    def test_both_sued_by_photographers(self):
        found = cases({**IMAGE, "defendants": "Stability AI"}, {**IMAGE, "defendants": "Midjourney"})
        answer = claims.a61(found, 0)
        assert (answer.verdict, answer.value) == (SUPPORTED, 2)

    @pytest.mark.parametrize("changed", [
        {"defendants": "Stability AI"}, {"defendants": "LAION"},
        {"defendants": "Stability AI", "plaintiffs": "Getty Images"},
    ])  # fmt: skip
    def test_only_related_suits(self, changed):
        found = cases({**IMAGE, "defendants": "Stability AI"}, {**IMAGE, **changed})
        assert claims.a61(found, 0).verdict == PARTLY_SUPPORTED

    @pytest.mark.parametrize("changed", [{"jurisdiction": "US"}, {"subject": "music"}])
    def test_none(self, changed):
        found = cases({**IMAGE, "defendants": "Midjourney", **changed})
        assert claims.a61(found, 0).verdict == NOT_SUPPORTED
        answer = claims.a61(found, 7)
        assert answer.verdict == NOT_TESTABLE
        assert "filing days of 7 cases" in answer.reason

    def test_the_cases_of_the_table(self):
        table = claims.european_image_suits(known("litigation", NOW))
        assert table["short_name"].tolist() == ["Getty Images v. Stability AI (UK)", "Kneschke v. LAION"]
        assert not table["direct"].any()


def exposed(docket, **changed):
    assumptions = tables.load("assumptions")
    for name, value in changed.items():
        assumptions.loc[assumptions["id"] == name, ["low", "mode", "high"]] = [value, value, value + 1e-9]
    return litigation.expose(docket, tables.load("statutory_damages"), assumptions, 2**10, 1)


def certain(works):
    """Return an exposure that costs a thousand dollars a work for sure."""
    values = {
        exposure.CHANCE_OF_LOSING: 1.0, exposure.OVERTURNED: 0.0, exposure.AMOUNT_BY_STATUTE: 3.0,
        exposure.ELIGIBLE[exposure.LISTED]: 1.0, exposure.ELIGIBLE[exposure.COLLECTION]: 1.0,
    }  # fmt: skip
    return exposed(cases({"works_at_issue": works}), **values)


class TestA62:
    CAPEX = 586_363

    @pytest.mark.parametrize(("percent", "verdict"), [
        (10.1, SUPPORTED), (9.9, PARTLY_SUPPORTED), (1.01, PARTLY_SUPPORTED), (0.99, NOT_SUPPORTED),
    ])  # fmt: skip
    def test_thresholds(self, percent, verdict):
        # A thousand dollars a work: a million works is a billion dollars.
        works = int(self.CAPEX * percent / 100 * 1000)
        answer = claims.a62(certain(works), known("cash_flows", NOW))
        assert answer.verdict == verdict
        assert answer.value == pytest.approx(percent, abs=0.001)

    def test_without_works_or_capex(self):
        none = exposed(cases({}))
        assert "works at issue" in claims.a62(none, known("cash_flows", NOW)).reason
        answer = claims.a62(certain(10), known("cash_flows", NOW).query("ticker != 'META'"))
        assert answer.verdict == NOT_TESTABLE
        assert "capex" in answer.reason


class TestA63:
    @pytest.mark.parametrize(("firms", "verdict"), [
        (("Suno", "Udio"), SUPPORTED), (("Udio",), PARTLY_SUPPORTED), ((), NOT_SUPPORTED),
    ])  # fmt: skip
    def test_dockets(self, firms, verdict):
        rows = [{"docket_number": claims.SUNO_AND_UDIO[firm], "defendants": firm, "note": "Settled. And more."}
                for firm in firms]  # fmt: skip
        answer = claims.a63(cases({}, *rows))
        assert (answer.verdict, answer.value) == (verdict, len(firms))
        assert answer.reason.count("Settled.") == len(firms)
        assert "And more" not in answer.reason

    def test_later_settlements_are_told_only_once_known(self, found):
        assert "Warner" not in found[ARTICLE]["A63"].reason
        assert "Warner settled on 2025-11-25" in found[NOW]["A63"].reason


PRIVACY = {"claim_type": "privacy", "class_action": "yes", "subject": "personal data"}


class TestA64:
    @pytest.mark.parametrize(("number", "verdict"), [(0, NOT_SUPPORTED), (1, PARTLY_SUPPORTED), (2, SUPPORTED)])
    def test_number(self, number, verdict):
        answer = claims.a64(cases({}, *[PRIVACY] * number))
        assert (answer.verdict, answer.value) == (verdict, number)

    @pytest.mark.parametrize("changed", [
        {"jurisdiction": "DE"}, {"class_action": "no"}, {"subject": "voice"}, {"claim_type": "copyright"},
        {"plaintiffs": "CNIL (France)"},
    ])  # fmt: skip
    def test_what_does_not_count(self, changed):
        assert claims.a64(cases({**PRIVACY, **changed})).value == 0

    def test_the_outcome_is_shown_apart(self, found):
        assert "P.M. v. OpenAI, dismissed" in found[NOW]["A64"].reason
        assert claims.a64(known("litigation", "2023-09-01")).reason.count("P.M. v. OpenAI, pending") == 1


class TestA65:
    @pytest.mark.parametrize(("percent", "verdict"), [
        (5.1, SUPPORTED), (4.9, PARTLY_SUPPORTED), (1.01, PARTLY_SUPPORTED), (0.99, NOT_SUPPORTED),
    ])  # fmt: skip
    def test_thresholds(self, percent, verdict):
        total = 1_163_425
        settled = total * percent / 100 - 1
        docket = cases({"settlement_usd_m": settled, "status_text": "settled", "outcome_date": "2025-05-01"})
        answer = claims.a65(docket, certain(1000), known("cash_flows", NOW))
        assert answer.verdict == verdict
        assert answer.value == pytest.approx(percent, abs=1e-5)

    def test_what_was_settled_before_the_years_is_not_counted(self):
        docket = cases({"settlement_usd_m": 1e6, "status_text": "settled", "outcome_date": "2021-05-01"})
        assert claims.a65(docket, certain(1000), known("cash_flows", NOW)).verdict == NOT_SUPPORTED

    def test_missing_figures(self):
        assert claims.a65(cases({}), exposed(cases({})), known("cash_flows", NOW)).verdict == NOT_TESTABLE
        none = known("cash_flows", NOW).head(0)
        assert "capex" in claims.a65(cases({}), certain(10), none).reason
        holed = known("cash_flows", NOW).copy()
        holed.loc[holed.index[-1], "capex"] = float("nan")
        kept = holed[(holed["ticker"] != "AAPL")]
        answer = claims.a65(cases({}), certain(10), kept.assign(capex=kept["capex"].where(kept["ticker"] != "META")))
        assert answer.verdict == NOT_TESTABLE


class TestA66:
    def settled(self, amount, **changed):
        row = {
            "defendants": "Anthropic", "settlement_usd_m": amount, "works_at_issue": 100, "status_text": "settled",
            "outcome_date": "2026-07-20",
        }  # fmt: skip
        return cases({**row, **changed})

    def judge(self, docket, day=NOW):
        return claims.a66(docket, known("vendor_metrics", day), known("funding_rounds", day))

    @pytest.mark.parametrize(("amount", "verdict"), [
        (920, SUPPORTED), (917, PARTLY_SUPPORTED), (230, PARTLY_SUPPORTED), (229, NOT_SUPPORTED),
    ])  # fmt: skip
    def test_thresholds(self, amount, verdict):
        answer = self.judge(self.settled(amount))
        assert answer.verdict == verdict
        assert answer.value == pytest.approx(100 * amount / 4590)

    def test_a_settlement_of_another_firm_is_not_asked(self):
        answer = self.judge(self.settled(1500, defendants="Apple"))
        assert answer.verdict == NOT_TESTABLE
        assert "a settlement of Anthropic, OpenAI, Meta" in answer.reason

    def test_the_year_before_must_be_known(self):
        answer = self.judge(self.settled(1500), "2026-08-31")
        assert answer.verdict == NOT_TESTABLE
        assert "revenue of Anthropic in 2025" in answer.reason

    def test_the_reason_gives_the_other_measures(self, found):
        reason = found[NOW]["A66"].reason
        assert "$122.8bn it had raised" in reason
        assert "run-rate" in reason
        assert "image is not measured" in reason


def test_evidence_of_another_day_changes_the_answer():
    """The rules see only the frames: an old docket with today's money still does not know the settlement."""
    mixed = dataclasses.replace(evidence(NOW), docket=known("litigation", ARTICLE))
    assert claims.verdicts(mixed)["A66"].verdict == NOT_TESTABLE
    assert isinstance(claims.expose(mixed).total, pd.Series)


class TestWhatIf:
    def test_each_range_is_held_at_both_ends_and_the_largest_suits_left_out(self):
        table = claims.what_if(evidence(NOW, draws=2**15)).set_index("changed")
        assert len(table) == 1 + 2 + 12
        assert table.loc["as assumed", "verdict"] == PARTLY_SUPPORTED
        assert table.loc["without Kogon v. Google", "percent"] < 2.5
        assert table.loc["without every complaint that counts a collection", "verdict"] == NOT_SUPPORTED
        assert table.loc["amount a work at its low end", "verdict"] == NOT_SUPPORTED
        assert table.loc["amount a work at its high end", "verdict"] == SUPPORTED
        low, high = (table.loc[f"chance of losing at its {end} end", "p90"] for end in ("low", "high"))
        assert low < table.loc["as assumed", "p90"] < high

    def test_without_a_suit_there_is_nothing_to_ask(self):
        assert claims.what_if(evidence("2019-01-01")).empty
