"""What the rows of sweeps say, on rows made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import rolling_cash, sweep_results, uncertainty
from helpers.analysis.chatgpt_revenue import ArticleEstimate

DAYS = ["2025-07-31", "2025-08-31", "2025-09-30", "2025-10-31"]
CLAIMS = pd.DataFrame(
    {"claim_id": ["A11", "A39", "A99"], "section": ["Cash", "Payers", "None"], "claim_en": ["One.", "Two.", "Three."]}
)
VERDICTS = pd.DataFrame(
    {
        "as_of": DAYS[::-1],  # the order of rows must not matter
        "A39_verdict": ["supported", "partly supported", "partly supported", "partly supported"],
        "A39_value": [1.0, 2.0, 3.0, 4.0],
        "A11_verdict": ["not supported", "not supported", "not testable", "not testable"],
    }
)


def test_verdicts_are_told_by_claim_and_day_in_the_order_of_both() -> None:
    history = sweep_results.verdict_history(VERDICTS, CLAIMS)
    assert list(history["claim_id"]) == ["A11"] * 4 + ["A39"] * 4
    assert list(history["day"].dt.strftime("%Y-%m-%d")) == DAYS * 2
    assert list(history.loc[history["claim_id"] == "A39", "verdict"])[-2:] == ["partly supported", "supported"]


def test_turning_points_name_the_first_day_of_each_new_verdict() -> None:
    turned = sweep_results.turning_points(sweep_results.verdict_history(VERDICTS, CLAIMS))
    assert [(one.claim_id, str(one.day.date()), one.before, one.verdict) for one in turned.itertuples()] == [
        ("A11", "2025-09-30", "not testable", "not supported"),
        ("A39", "2025-07-31", "not testable", "partly supported"),
        ("A39", "2025-10-31", "partly supported", "supported"),
    ]


def test_sentences_count_before_the_article_and_now() -> None:
    told = sweep_results.timeline_sentences(sweep_results.verdict_history(VERDICTS, CLAIMS), "2025-09-05")
    assert told == [
        "On 2025-08-31, the last month-end before the article, 0 of 2 claims were supported and 1 could not be tested; "
        "on 2025-10-31 it is 1 and 0.",
        "First answered after the article: A11 not supported (September 2025).",
        "Verdicts that turned after the article: A39 from partly supported to supported (October 2025).",
    ]


def cash(definition: str, after: list[float], before: list[float], negative: list[float]) -> pd.DataFrame:
    both = {"fcf_12m": after, "fcf_12m_year_before": before}
    firm = {"fcf_12m_amzn": after, "fcf_12m_year_before_amzn": before, "negative_quarters_amzn": negative}
    return pd.DataFrame({"as_of": DAYS, "definition": definition, **both, **firm})


@pytest.mark.parametrize(
    ("after", "before", "expected"),
    [
        (81.0, 100.0, "fell"),
        (80.0, 100.0, "fell"),  # exactly a fifth is not more than a fifth
        (79.0, 100.0, "fell far"),
        (100.0, 100.0, "did not fall"),
        (-5.0, -1.0, "fell far"),
        (-1.0, -5.0, "did not fall"),
        (-1.0, 0.0, "fell far"),
        (np.nan, 1.0, "not known"),
        (1.0, np.nan, "not known"),
    ],
)
def test_a_fall_is_far_beyond_a_fifth_or_from_nothing(after: float, before: float, expected: str) -> None:
    history = sweep_results.cash_history(cash("company", [after] * 4, [before] * 4, [0.0] * 4))
    assert set(history["state"]) == {expected}


def test_falling_since_is_the_begin_of_the_run_that_lasts() -> None:
    rows = cash("company", [9, 11, 9, 7], [10] * 4, [0, 1, 2, np.nan])
    history = sweep_results.cash_history(rows)
    since = sweep_results.falling_since(history, "together", "company")
    assert str(since) == "2025-09-30 00:00:00"
    assert sweep_results.falling_since(history, "together", "gross") is None
    assert list(history.loc[history["who"] == "AMZN", "is_negative_twice"]) == [False, False, True, False]
    ended = sweep_results.cash_history(cash("company", [9, 9, 9, 11], [10] * 4, [0] * 4))
    assert sweep_results.falling_since(ended, "AMZN", "company") is None


def test_draws_rank_the_inputs_by_what_they_move() -> None:
    random = np.random.default_rng(5)
    strong, weak = random.random(400), random.random(400)
    rows = pd.DataFrame({"store_share": strong, "store_fee": weak, "net_revenue": -3 * strong + weak})
    inputs = {"store_fee": "chatgpt_store_fee", "store_share": "chatgpt_store_share"}
    found = sweep_results.draws_summary(rows, inputs)
    assert list(found["label"]) == ["Paid through a store", "Commission of the store"]
    expected = rows.corr(method="spearman")["net_revenue"]
    assert list(found["rank_correlation"]) == pytest.approx([expected["store_share"], expected["store_fee"]])


ESTIMATE = ArticleEstimate(10.0, 20.0, 12, 25.0, 350.0, 200.0, 3700.0)


def test_one_draw_is_what_the_simulation_gives_for_the_same_values() -> None:
    assumptions = tables.load("assumptions")
    simulated = uncertainty.simulate(assumptions, ESTIMATE, 5, 1)
    for _, row in simulated.iterrows():
        given = {name: float(row[name]) for name in uncertainty.PLUS_ASSUMPTIONS}
        assert uncertainty.one_draw(assumptions, given, ESTIMATE) == pytest.approx(row["net_usd_m"])


def test_one_draw_takes_the_likeliest_value_for_what_is_not_given() -> None:
    assumptions = tables.load("assumptions")
    modes = assumptions.set_index("id")["mode"]
    given = {name: float(modes[name]) for name in uncertainty.PLUS_ASSUMPTIONS}
    assert uncertainty.one_draw(assumptions, {}, ESTIMATE) == uncertainty.one_draw(assumptions, given, ESTIMATE)
    with pytest.raises(ValueError, match="chatgpt_paid_months: 2 lies outside its range"):
        uncertainty.one_draw(assumptions, {"chatgpt_paid_months": 2.0}, ESTIMATE)
    with pytest.raises(KeyError, match="not an input of the estimate: nobody"):
        uncertainty.one_draw(assumptions, {"nobody": 1.0}, ESTIMATE)


def test_the_newest_quarters_are_those_of_the_ledger() -> None:
    flows = tables.load("cash_flows", as_of="2025-09-05")
    firms = rolling_cash.newest(flows[flows["ticker"].isin(["AMZN", "ORCL"])], "gross")
    year = flows[(flows["ticker"] == "AMZN") & (flows["period_end"] > "2024-06-30")]
    by_hand = (year["operating_cash_flow"] - year["capex"]).sum()
    assert len(year) == 4
    assert firms["free_cash_flow_12m"]["AMZN"] == pytest.approx(by_hand)
    assert firms["rows"]["AMZN"][-1] == "cash_flows/AMZN/2025-06-30"
    assert len(firms["rows"]["AMZN"]) == 8
    both = rolling_cash.together(firms, ["AMZN", "ORCL"])
    assert both["free_cash_flow_12m"] == pytest.approx(firms["free_cash_flow_12m"].sum())


def test_together_is_unknown_as_soon_as_one_firm_is() -> None:
    flows = tables.load("cash_flows", as_of="2025-09-05")
    firms = rolling_cash.newest(flows[flows["ticker"].isin(["AMZN"])], "gross")
    assert rolling_cash.together(firms, ["AMZN", "ORCL"]).isna().all()
    assert rolling_cash.together(firms, ["AMZN"]).notna().all()
