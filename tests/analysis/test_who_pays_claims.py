"""The rules of notebook 08: real verdicts at both dates, and each branch on made-up input."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest

from helpers.analysis import spending_mix as mixes
from helpers.analysis import who_pays_claims as rules
from helpers.analysis.verdict import NOT_SUPPORTED, NOT_TESTABLE, PARTLY_SUPPORTED, SUPPORTED, Verdict
from helpers.units import percent
from tests.analysis.judged_claims import ARTICLE, LATEST, judged, load

# Verdict and deciding number at the article's date and now.
EXPECTED = {
    "A08": [(NOT_TESTABLE, None), (NOT_TESTABLE, None)],
    "A57": [(NOT_TESTABLE, None), (NOT_TESTABLE, None)],
    "A67": [(PARTLY_SUPPORTED, 35.714), (PARTLY_SUPPORTED, 41.176)],
    "A68": [(NOT_SUPPORTED, 0.126), (NOT_SUPPORTED, 13.478)],
    "A69": [(NOT_TESTABLE, 1.0), (NOT_TESTABLE, 1.0)],
}


@pytest.mark.parametrize("claim", list(EXPECTED))
@pytest.mark.parametrize("edition", [0, 1], ids=["article", "latest"])
def test_verdicts(edition: int, claim: str) -> None:
    found, (verdict, value) = judged((ARTICLE, LATEST)[edition])[claim], EXPECTED[claim][edition]
    assert found.verdict == verdict
    assert found.value == (None if value is None else pytest.approx(value, abs=5e-4))


def test_every_claim_of_the_notebook_is_judged() -> None:
    claims = load("claims", "")
    assert sorted(EXPECTED) == sorted(claims.loc[claims["notebook"].astype(str) == "08_who_pays", "claim_id"])


@pytest.mark.parametrize("day", [ARTICLE, LATEST])
def test_not_testable_names_what_is_missing(day: str) -> None:
    for claim in ("A08", "A57", "A69"):
        assert judged(day)[claim].reason.startswith("Missing: ")


def sources(*rows: tuple[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["publisher", "date"])
    frame.index = [f"sources/{place}" for place in range(len(frame))]
    return frame


def test_a08_without_the_words_of_the_piece_nothing_is_supported() -> None:
    none = rules.a08(sources(("MarketWatch", "2025-07-31"), ("Reuters", "2025-08-15")))
    assert none.verdict == NOT_TESTABLE
    assert "none of the 2 sources" in none.reason
    one = rules.a08(sources(("MarketWatch", "2025-08-20")))
    assert one.verdict == NOT_TESTABLE
    assert one.rows == ("sources/0",)
    assert "1 of its pieces" in one.reason


def test_a57_tells_who_leads_by_each_measure() -> None:
    now = rules.leaders(load("vendor_metrics", LATEST), load("ai_usage", LATEST), LATEST)
    first = now.drop_duplicates("measure").set_index("measure")["company"].to_dict()
    assert first == {rules.REVENUE: "Anthropic", rules.USERS: "OpenAI", rules.TOKEN_COUNT: "Google"}
    users = now.loc[now["measure"] == rules.USERS].set_index("company")["value"]
    assert users.to_dict() == {"OpenAI": 1100, "Google": 662, "Anthropic": 245, "xAI": 117}
    assert now.groupby("measure")["share"].sum().to_numpy() == pytest.approx(100)
    then = rules.leaders(load("vendor_metrics", ARTICLE), load("ai_usage", ARTICLE), ARTICLE)
    assert then.drop_duplicates("measure")["company"].tolist() == ["OpenAI", "Google"]
    assert "no firm leads by all of them" in judged(LATEST)["A57"].reason


def test_a57_leaves_out_what_is_old_and_says_when_nothing_is_known() -> None:
    years_later = rules.leaders(load("vendor_metrics", ARTICLE), load("ai_usage", ARTICLE), "2030-01-01")
    assert years_later.empty
    empty = rules.a57(load("vendor_metrics", ARTICLE).iloc[:0], load("ai_usage", ARTICLE).iloc[:0], ARTICLE)
    assert empty.verdict == NOT_TESTABLE
    assert "no firm has a figure" in empty.reason


def verdicts(*kinds: str) -> dict[str, Verdict]:
    return {
        f"A{place:02d}": Verdict(kind, 1.0, "", "for the test", (f"r/{place}",)) for place, kind in enumerate(kinds)
    }


@pytest.mark.parametrize(
    ("kinds", "expected", "value"),
    [
        ([SUPPORTED, SUPPORTED, PARTLY_SUPPORTED], SUPPORTED, 200 / 3),
        ([SUPPORTED, PARTLY_SUPPORTED], PARTLY_SUPPORTED, 50.0),  # half is not most
        ([NOT_SUPPORTED, NOT_SUPPORTED, SUPPORTED], NOT_SUPPORTED, 100 / 3),
        ([NOT_SUPPORTED, SUPPORTED], PARTLY_SUPPORTED, 50.0),
        ([PARTLY_SUPPORTED], PARTLY_SUPPORTED, 0.0),
        ([SUPPORTED, SUPPORTED, NOT_TESTABLE, NOT_TESTABLE], SUPPORTED, 100.0),
    ],
)
def test_a67_scores_what_could_be_tested(kinds: Sequence[str], expected: str, value: float) -> None:
    others = verdicts(*kinds)
    found = rules.score(others, list(others))
    assert found.verdict == expected
    assert found.value == pytest.approx(value)
    assert found.rows == tuple(f"r/{place}" for place, kind in enumerate(kinds) if kind != NOT_TESTABLE)


def test_a67_over_all_tests_counts_the_untestable_too() -> None:
    others = verdicts(SUPPORTED, SUPPORTED, NOT_TESTABLE, NOT_TESTABLE)
    found = rules.score(others, list(others), count_untestable=True)
    assert (found.verdict, found.value) == (PARTLY_SUPPORTED, 50.0)


def test_a67_without_a_testable_claim_is_not_testable() -> None:
    assert rules.score(verdicts(NOT_TESTABLE), ["A00"]).verdict == NOT_TESTABLE
    assert rules.a67({}, load("claims", "")).verdict == NOT_TESTABLE


def test_a67_counts_claims_by_the_quantity_they_are_about() -> None:
    counted = rules.counted_tests(load("claims", ""))
    assert {"A01", "A02", "A11", "A18", "A45"} <= set(counted)
    assert not {"A17", "A58", "A67", "A68"} & set(counted)
    claims = pd.DataFrame(
        {"claim_id": ["A01", "A02", "A03", "A67", "A68"], "quantity": ["FCF", "Revenue", None, "FCF", "revenue"]}
    )
    assert rules.counted_tests(claims) == ["A01", "A02"]


def mix(**outside: float | None) -> pd.DataFrame:
    """Return builders and model makers, 100 spent by each, with the per cent outsiders paid; None is unknown."""
    rows = []
    for firm, share in outside.items():
        known = share is not None
        debt = share if known else float("nan")
        rows.append(
            {
                "firm": firm, "kind": mixes.BUILDER, "period": "", "spending": 100.0 if known else float("nan"),
                mixes.OWN: 100.0 - debt, mixes.DEBT: debt, mixes.EQUITY: 0.0, mixes.OTHER: 0.0,
                "outside_percent": debt, "missing": "" if known else f"debt flows of {firm}", "rows": f"r/{firm}",
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (50.1, SUPPORTED),
        (50.0, PARTLY_SUPPORTED),
        (20.0, PARTLY_SUPPORTED),
        (19.9, NOT_SUPPORTED),
        (0.0, NOT_SUPPORTED),
    ],
)
def test_a68_at_its_thresholds(share: float, expected: str) -> None:
    found = rules.judge_mix(mix(Amazon=share))
    assert found.verdict == expected
    assert found.value == pytest.approx(share)
    assert found.rows == ("r/Amazon",)


def test_a68_needs_the_builders_and_names_who_is_missing() -> None:
    lacking = rules.judge_mix(mix(Amazon=10.0, Microsoft=None))
    assert lacking.verdict == NOT_TESTABLE
    assert "debt flows of Microsoft" in lacking.reason
    without = rules.judge_mix(mix(Amazon=10.0, OpenAI=None))
    assert without.verdict == NOT_SUPPORTED
    assert "Not known: debt flows of OpenAI" in without.reason
    assert rules.judge_mix(mix(OpenAI=None)).verdict == NOT_TESTABLE


def test_a68_names_the_model_makers_that_were_not_known_then() -> None:
    reason = judged(ARTICLE)["A68"].reason
    assert "Not known:" in reason
    assert "operating loss of OpenAI in 2024" in reason
    assert "Not known" not in judged(LATEST)["A68"].reason


@pytest.mark.parametrize(("day", "bands", "five"), [(ARTICLE, (0, 0, 5), 0.1), (LATEST, (4, 1, 4), 6.9)])
def test_a68_says_how_firms_differ_and_what_the_same_builders_give(
    day: str, bands: tuple[int, ...], five: float
) -> None:
    table = mixes.spending_mix(*(load(name, day) for name in TABLES), day)
    known = table[table["missing"] == ""]
    assert tuple(rules.firms_by_band(known).values()) == bands
    assert rules.outside_of_builders(known) == pytest.approx(five, abs=0.05)
    over, between, under = bands
    reason = judged(day)["A68"].reason
    half, fifth = percent(50, 0), percent(20, 0)
    assert f"over {half} for {over}, {fifth} to {half} for {between}, under {fifth} for {under}" in reason
    assert f"of the 5 builders alone it is {percent(five)}" in reason


def test_a68_counts_firms_at_the_edges_of_the_bands_and_asks_for_all_five_builders() -> None:
    edges = mix(OpenAI=50.1, Anthropic=50.0, xAI=20.0, Amazon=19.9, Meta=0.0)
    assert rules.firms_by_band(edges) == {SUPPORTED: 1, PARTLY_SUPPORTED: 2, NOT_SUPPORTED: 2}
    assert rules.outside_of_builders(edges) is None
    assert "builders alone" not in rules.judge_mix(edges).reason
    five = mix(Amazon=10.0, Alphabet=0.0, Meta=0.0, Microsoft=0.0, Oracle=40.0, OpenAI=90.0)
    assert rules.outside_of_builders(five) == pytest.approx(10.0)


def test_a69_gives_an_interval_and_no_verdict() -> None:
    now = judged(LATEST)["A69"]
    assert "interval 1 to 3" in now.reason
    assert "an interval and no verdict" in now.reason
    assert "too few for an interval" in now.reason
    early = rules.a69(*(load(name, "2017-01-01") for name in ("cash_flows", "stock_prices", "dotcom_firms")))
    assert early.verdict == NOT_TESTABLE
    assert early.value is None
    assert "0 of 0 known spells" in early.reason


# --- What pays for the spending of one firm.

TABLES = ("cash_flows", "financing", "vendor_metrics")


def test_every_firms_parts_sum_to_its_spending() -> None:
    for convention in mixes.CONVENTIONS:
        table = mixes.spending_mix(*(load(name, LATEST) for name in TABLES), LATEST, convention)
        known = table[table["missing"] == ""]
        assert known[list(mixes.PAID_BY)].sum(axis=1).to_numpy() == pytest.approx(known["spending"].to_numpy())
        assert (known[list(mixes.PAID_BY)] >= -1e-6).all(axis=None)
        together = mixes.spending_mixes(*(load(name, LATEST) for name in TABLES), LATEST)
        pd.testing.assert_frame_equal(together[convention], table)
    with pytest.raises(ValueError, match="unknown convention"):
        mixes.spending_mix(*(load(name, LATEST) for name in TABLES), LATEST, "debt first")


def test_operations_pay_first_unless_every_source_pays_its_share() -> None:
    tables = [load(name, LATEST) for name in TABLES]
    first, shared = (mixes.spending_mix(*tables, LATEST, one).set_index("firm") for one in mixes.CONVENTIONS[:2])
    assert first.loc["Alphabet", "outside_percent"] == 0
    assert shared.loc["Alphabet", "outside_percent"] == pytest.approx(39.196, abs=5e-4)
    assert first.loc["Amazon", "outside_percent"] == pytest.approx(6.719, abs=5e-4)
    # Without a debt flow in the tables the shares cannot be formed, and are not taken as zero.
    assert "debt flows of Microsoft" in shared.loc["Microsoft", "missing"]
    assert pd.isna(shared.loc["Microsoft", "spending"])
    assert first.loc["OpenAI", "spending"] == 33990
    # Counted as none, they give what outside money paid at least: the known parts stay what they are.
    least = mixes.spending_mix(*tables, LATEST, mixes.PRO_RATA_AT_LEAST).set_index("firm")
    assert least.loc["Microsoft", "outside_percent"] == 0
    assert least.loc["Alphabet", "outside_percent"] == shared.loc["Alphabet", "outside_percent"]
    bound = rules.judge_mix(least.reset_index())
    assert (bound.verdict, bound.value) == (PARTLY_SUPPORTED, pytest.approx(30.3, abs=0.05))
    told = rules.a68(*tables, LATEST)
    assert told.verdict == NOT_SUPPORTED
    assert "at least 30.3" in told.reason


def test_a_forecast_of_a_loss_is_no_outcome() -> None:
    table = mixes.spending_mix(*(load(name, ARTICLE) for name in TABLES), ARTICLE).set_index("firm")
    assert "operating loss of OpenAI in 2024" in table.loc["OpenAI", "missing"]
    assert mixes.together(table[table["missing"] != ""])["spending"] == 0
