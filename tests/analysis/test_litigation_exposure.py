"""The simulation: its ranges, its arithmetic against exact means, its stability, what it leaves out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import awards, docket, exposure, litigation
from tests.analysis.litigation_cases import ARTICLE, NOW, cases, known

DRAWS, SEED = 2**14, 20250905
STATUTE = exposure.statutory_range(tables.load("statutory_damages"))
ASSUMPTIONS = tables.load("assumptions")


def exposed(day, draws=DRAWS, seed=SEED):
    return litigation.expose(known("litigation", day), known("statutory_damages", day), ASSUMPTIONS, draws, seed)


def fixed(**values):
    """Return the assumptions squeezed to points, for exact checks; ranges may not be points, so nearly."""
    table = ASSUMPTIONS.copy()
    for name, value in values.items():
        rows = table["id"] == name
        assert rows.sum() == 1
        table.loc[rows, ["low", "mode", "high"]] = [value, value, value + 1e-9]
    return table


def test_the_statute_prices_a_work_in_the_united_states_only():
    assert STATUTE.index.tolist() == ["US"]
    assert STATUTE.loc["US"].to_dict() == {
        "innocent minimum": 200, "minimum": 750, "maximum": 30000, "wilful maximum": 150000,
    }  # fmt: skip


def test_the_ranges_are_rows_of_the_table_and_end_where_the_statute_does():
    rows = ASSUMPTIONS.set_index("id")
    names = {*exposure.LABELS}
    assert names <= set(rows.index)
    for name in (exposure.AMOUNT_BY_STATUTE, exposure.AMOUNT_BY_SETTLEMENT):
        assert 10 ** rows.loc[name, "low"] == pytest.approx(STATUTE.loc["US", "innocent minimum"], rel=1e-5)
        assert 10 ** rows.loc[name, "high"] == pytest.approx(STATUTE.loc["US", "wilful maximum"], rel=1e-5)
    ordinary = np.sqrt(STATUTE.loc["US", "minimum"] * STATUTE.loc["US", "maximum"])
    assert 10 ** rows.loc[exposure.AMOUNT_BY_STATUTE, "mode"] == pytest.approx(ordinary, rel=1e-5)


def test_the_likeliest_amount_is_what_the_one_large_settlement_paid():
    anchor = exposure.anchor(known("litigation", NOW))
    price = exposure.usd_a_work(anchor)
    assert anchor.index.tolist() == ["litigation/C028"]
    assert price == pytest.approx(1500e6 / 482460)
    mode = ASSUMPTIONS.set_index("id").loc[exposure.AMOUNT_BY_SETTLEMENT, "mode"]
    assert 10**mode == pytest.approx(price, rel=1e-4)
    place = exposure.place_of_settlement(price, ASSUMPTIONS, exposure.AMOUNT_BY_SETTLEMENT)
    assert 25 < place < 75
    assert exposure.median_amount(ASSUMPTIONS, exposure.AMOUNT_BY_SETTLEMENT) == pytest.approx(4173, abs=1)


@pytest.mark.parametrize(("day", "amount"), [
    (ARTICLE, exposure.AMOUNT_BY_STATUTE), ("2026-07-19", exposure.AMOUNT_BY_STATUTE),
    ("2026-07-20", exposure.AMOUNT_BY_SETTLEMENT), (NOW, exposure.AMOUNT_BY_SETTLEMENT),
])  # fmt: skip
def test_the_settlement_sets_the_price_only_once_it_is_known(day, amount):
    ids = exposure.assumption_ids(known("litigation", day))
    assert exposure.amount_of(ids) == amount
    assert len(ids) == 6
    assert exposure.usd_a_work(exposure.anchor(known("litigation", ARTICLE))) is None
    assert exposure.place_of_settlement(None, ASSUMPTIONS, amount) is None


def test_cases_are_open_us_copyright_suits_with_a_count():
    suits = exposed(NOW).suits
    docket_now = known("litigation", NOW).loc[suits.index]
    assert len(suits) == 13
    assert docket.is_open(docket_now).all()
    assert set(docket_now["jurisdiction"].astype(str)) == {"US"}
    assert suits.loc[suits["works"] >= 100_000, "count"].eq(exposure.COLLECTION).all()
    assert suits.loc["litigation/C082", ["defendant", "works", "count"]].tolist() == ["Suno", 61026, exposure.LISTED]
    assert suits.loc["litigation/C082", "ceiling_usd_m"] == pytest.approx(9153.9)
    assert len(exposed(ARTICLE).suits) == 6


def test_every_case_is_simulated_or_left_out_with_a_reason():
    now = known("litigation", NOW)
    reasons = exposure.left_out(now, STATUTE)
    assert reasons.isna().sum() == 13
    assert reasons.loc["litigation/C028"] == exposure.OVER
    assert reasons.loc["litigation/C136"] == exposure.NO_STATUTE
    assert reasons.loc["litigation/C053"] == exposure.WORKS_UNKNOWN
    assert reasons.loc["litigation/C107"] == exposure.NOT_COPYRIGHT


def test_a_certain_loss_costs_works_times_share_times_amount():
    found = cases({"works_at_issue": 1000}, {"works_at_issue": 200_000})
    suits = exposure.cases(found, STATUTE)
    sure = fixed(**{
        exposure.CHANCE_OF_LOSING: 1.0, exposure.OVERTURNED: 0.0, exposure.COMMON_FATE: 0.0,
        exposure.ELIGIBLE[exposure.LISTED]: 0.5, exposure.ELIGIBLE[exposure.COLLECTION]: 0.1,
        exposure.AMOUNT_BY_STATUTE: 3.0,
    })  # fmt: skip
    simulated = exposure.simulate(suits, sure, exposure.assumption_ids(found), 64, 1)
    assert simulated.to_numpy() == pytest.approx(np.tile([0.5, 20.0], (64, 1)), rel=1e-6)


def test_the_simulated_mean_is_the_exact_one():
    """With points for ranges the exact mean is known; chances are independent or tied, the mean does not move."""
    found = cases(*({"works_at_issue": works} for works in (1000, 3000, 20_000)))
    suits, ids = exposure.cases(found, STATUTE), exposure.assumption_ids(found)
    values = {
        exposure.CHANCE_OF_LOSING: 0.35, exposure.OVERTURNED: 0.25, exposure.ELIGIBLE[exposure.LISTED]: 0.9,
        exposure.ELIGIBLE[exposure.COLLECTION]: 0.1, exposure.AMOUNT_BY_STATUTE: 3.5,
    }  # fmt: skip
    exact = exposure.expected(suits, {**values, exposure.COMMON_FATE: 0.0}, exposure.AMOUNT_BY_STATUTE)
    assert exact == pytest.approx(24_000 * 0.9 * 10**3.5 * 0.35 * 0.75 / 1e6)
    spread = []
    for tie in (0.0, 0.8):
        simulated = exposure.simulate(suits, fixed(**values, litigation_common_fate=tie), ids, 2**14, 3).sum(axis=1)
        assert simulated.mean() == pytest.approx(exact, rel=0.02)
        spread.append(simulated.std())
    assert spread[1] > 1.05 * spread[0]


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_the_cost_is_proportional_to_works(factor):
    one, more = (cases({"works_at_issue": int(40_000 * scale)}) for scale in (1, factor))
    ids = exposure.assumption_ids(one)
    costs = [exposure.simulate(exposure.cases(found, STATUTE), ASSUMPTIONS, ids, 256, 5) for found in (one, more)]
    assert costs[1].to_numpy() == pytest.approx(factor * costs[0].to_numpy())


def test_draws_are_those_of_the_seed_and_more_of_them_begin_the_same():
    one, again, more = exposed(NOW, 500), exposed(NOW, 500), exposed(NOW, 900)
    pd.testing.assert_frame_equal(one.simulated, again.simulated)
    pd.testing.assert_frame_equal(one.simulated, more.simulated.iloc[:500])
    assert not exposed(NOW, 500, seed=2).simulated.equals(one.simulated)
    with pytest.raises(ValueError, match="draws"):
        exposed(NOW, 0)


@pytest.mark.parametrize("day", [ARTICLE, NOW])
@pytest.mark.parametrize("seed", [SEED, 1, 2])
def test_doubling_the_default_draws_moves_the_quoted_numbers_by_less_than_two_per_cent(day, seed):
    moved = exposed(day, 2**18, seed).shift(2**17)
    assert moved.index.tolist() == ["mean", "median", "p90"]
    assert (moved < 2).all()


def test_the_drawn_ranges_are_the_assumed_ones():
    """A point a suit: its draws follow the triangle's quantiles (works of one, certain and not undone)."""
    found = cases({"works_at_issue": 1})
    sure = fixed(**{
        exposure.CHANCE_OF_LOSING: 1.0, exposure.OVERTURNED: 0.0, exposure.ELIGIBLE[exposure.LISTED]: 1.0,
    })  # fmt: skip
    ids = exposure.assumption_ids(found)
    drawn = exposure.simulate(exposure.cases(found, STATUTE), sure, ids, 2**12, 7).iloc[:, 0] * 1e6
    assert drawn.min() >= 200 * (1 - 1e-5)
    assert drawn.max() <= 150_000 * (1 + 1e-5)
    assert drawn.median() == pytest.approx(exposure.median_amount(sure, exposure.AMOUNT_BY_STATUTE), rel=0.01)


def test_nothing_to_simulate_is_unknown_not_zero():
    none = litigation.expose(
        cases({"works_at_issue": None}), tables.load("statutory_damages"), ASSUMPTIONS, DRAWS, SEED
    )
    assert none.suits.empty
    assert none.total.isna().all()
    assert none.part(exposure.LISTED).isna().all()
    assert exposure.tornado(none.suits, ASSUMPTIONS, none.assumptions).empty
    assert exposure.by_defendant(none.suits, none.simulated).empty
    assert litigation.collection_share(none) is None


def test_defendants_add_up_and_collections_carry_almost_all():
    now = exposed(NOW)
    firms = exposure.by_defendant(now.suits, now.simulated)
    assert firms["mean"].sum() == pytest.approx(now.total["mean"])
    assert firms["suits"].sum() == len(now.suits)
    assert firms.index[0] == "Google"
    assert firms.loc["Anthropic", "claimed_usd_m"] == 3075
    assert np.isnan(firms.loc["Google", "claimed_usd_m"])
    assert litigation.collection_share(now) == pytest.approx(98.4, abs=0.5)
    assert now.part(exposure.LISTED)["p90"] < 0.03 * now.total["p90"]


def test_tornado_is_widest_first_and_meets_at_the_centre():
    now = exposed(NOW)
    bars = exposure.tornado(now.suits, ASSUMPTIONS, now.assumptions)
    assert bars["width"].is_monotonic_decreasing
    assert bars["id"].iloc[0] == exposure.AMOUNT_BY_SETTLEMENT
    assert bars["central"].min() == bars["central"].max()
    assert (bars[["at_low", "at_high"]].min(axis=1) <= bars["central"]).all()
    assert (bars[["at_low", "at_high"]].max(axis=1) >= bars["central"]).all()
    chance = bars[bars["id"] == exposure.CHANCE_OF_LOSING].iloc[0]
    assert chance["at_high"] / chance["at_low"] == pytest.approx(7)


def test_the_ranges_are_shown_in_dollars():
    table = exposure.for_table(ASSUMPTIONS, exposure.assumption_ids(known("litigation", NOW)))
    amount = table[table["range"] == "Amount a work"].iloc[0]
    assert [amount["low"], amount["mode"], amount["high"]] == [200, 3109, 150000]
    assert amount["unit"] == "USD a work"


class TestAwards:
    def test_every_key_stands_in_the_table(self):
        rows = set(tables.load(awards.TABLE).index)
        for matter in awards.MATTERS:
            assert {f"{awards.TABLE}/{key}" for key in (matter.asked, matter.announced, *matter.ends) if key} <= rows

    def test_cox_is_vacated_first_and_reversed_later(self):
        then, now = (awards.stages(known(awards.TABLE, day)) for day in (ARTICLE, NOW))
        assert then.loc["Sony v. Cox", "ending"] == "damages vacated on appeal"
        assert now.loc["Sony v. Cox", "ending"] == "liability reversed"
        assert now.loc["Sony v. Cox", ["announced", "paid"]].tolist() == [1000, 0]
        assert now.loc["Disney v. Hotfile", "paid_share_of_announced"] == pytest.approx(5)
        assert now.loc["Arista v. LimeWire", "paid_share_of_asked"] == pytest.approx(7.5)

    def test_a_matter_whose_end_is_not_known_is_not_shown(self):
        before = awards.stages(known(awards.TABLE, "2023-12-31"))
        assert "Sony v. Cox" not in before.index
        assert "Musk v. OpenAI" not in awards.stages(known(awards.TABLE, ARTICLE)).index
        empty = awards.stages(tables.load(awards.TABLE).head(0))
        assert empty.empty
        assert awards.describe(empty) == "none is known on this day"
        assert "Google Books, $125m and in the end nothing" in awards.describe(before)
