"""Each dollar of a round is counted once: the rule on the shipped table, and on made-up rows."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import funding_rounds as rounds

ARTICLE, NOW = "2025-09-05", "2026-10-31"


def counted(day: str, include_guidance: bool = False) -> pd.DataFrame:
    return rounds.count_rounds(tables.load("funding_rounds", as_of=day), include_guidance)


def made_up(*rows: dict) -> pd.DataFrame:
    base = {
        "company": "Firm", "date": "2025-01-01", "round": "A", "amount_usd_m": 100.0, "pre_money_usd_m": None,
        "post_money_usd_m": None, "instrument": "equity", "announced_or_closed": "closed", "note": "",
    }  # fmt: skip
    frame = pd.DataFrame([base | row for row in rows])
    frame["date"] = pd.to_datetime(frame["date"])
    frame = frame.astype({"amount_usd_m": "float64", "post_money_usd_m": "float64", "pre_money_usd_m": "float64"})
    return frame.set_index(pd.Index([f"funding_rounds/Firm/{name}" for name in frame["round"]]))


TREATMENTS = {
    "OpenAI/2026 round, total": rounds.TOTAL,
    "OpenAI/2026 round, first close": rounds.COUNTED,
    "OpenAI/2026 round, second close": rounds.COUNTED,
    "OpenAI/Debt outstanding (cumulative)": rounds.CUMULATIVE,
    "OpenAI/Revolving credit facility": rounds.CREDIT_LINE,
    "OpenAI/Employee share sale 2025": rounds.SECONDARY,
    "OpenAI/Bridge round": rounds.NOT_SIGNED,
    "OpenAI/Disney": rounds.NOT_SIGNED,
    "SSI/Total raised to date": rounds.CUMULATIVE,
    "Anthropic/Series H": rounds.REDUCED,
    "Anthropic/Amazon 2026": rounds.COUNTED,
    "Anthropic/Google 2026": rounds.COUNTED,
    "Anthropic/TPU chip financing (special vehicle)": rounds.NOT_THE_FIRM,
    "Anthropic/Microsoft and NVIDIA": rounds.NOT_SIGNED,
    "xAI/All-stock purchase of X": rounds.NO_CASH,
    "xAI/Merger into SpaceX": rounds.NO_CASH,
    "Databricks/Series L": rounds.UNKNOWN_AMOUNT,
}


@pytest.mark.parametrize(("label", "treatment"), TREATMENTS.items())
def test_treatment(label: str, treatment: str) -> None:
    assert counted(NOW).loc[f"funding_rounds/{label}", "treatment"] == treatment


def test_series_h_counts_without_the_money_of_two_earlier_rows() -> None:
    table = counted(NOW)
    parts = table.loc[["funding_rounds/Anthropic/Amazon 2026", "funding_rounds/Anthropic/Google 2026"]]
    series_h = table.loc["funding_rounds/Anthropic/Series H"]
    assert series_h["amount_usd_m"] - series_h["counted_usd_m"] == parts["counted_usd_m"].sum() == 15_000


def test_the_known_sums() -> None:
    sums = rounds.raised_by_year(counted(NOW)).set_index(["company", "year"])
    assert sums.loc[("OpenAI", 2026), "raised_usd_m"] == 122_000  # not 244: the total row is left out
    assert sums.loc[("OpenAI", 2025), "raised_usd_m"] == 10_000 + 8_300 + 22_500
    assert sums.loc[("Anthropic", 2026), "raised_usd_m"] == 30_000 + 65_000  # not 110
    assert sums.loc[("Anthropic", 2025), "raised_usd_m"] == 3_500 + 13_000 + 1_000
    assert sums.loc[("Anthropic", 2025), "convertible"] == 1_000
    assert sums.loc[("OpenAI", 2023), "equity, part compute credits"] == 10_000
    assert sums.loc[("xAI", 2025), "debt"] == 5_000


def test_instruments_add_up_and_nothing_is_counted_twice() -> None:
    table = counted(NOW)
    sums = rounds.raised_by_year(table)
    assert (sums[list(rounds.INSTRUMENTS)].sum(axis=1) == sums["raised_usd_m"]).all()
    assert sums["raised_usd_m"].sum() == table["counted_usd_m"].sum()
    used = [row for rows in sums["rows"] for row in rows]
    assert len(used) == len(set(used))
    shares = sums[list(rounds.INSTRUMENTS)].div(sums["raised_usd_m"], axis=0)[sums["raised_usd_m"] > 0]
    assert shares.sum(axis=1).to_numpy() == pytest.approx(1.0)


def test_left_out_and_counted_make_the_stated_amounts() -> None:
    table = counted(NOW)
    left = rounds.not_counted(table)["left_out_usd_m"].sum()
    assert left + table["counted_usd_m"].sum() == pytest.approx(table["amount_usd_m"].sum())


def test_what_closes_later_is_not_known_earlier() -> None:
    first_close = "funding_rounds/OpenAI/2026 round, first close"
    assert counted("2026-03-01").loc[first_close, "treatment"] == rounds.NOT_SIGNED
    assert counted("2026-03-31").loc[first_close, "treatment"] == rounds.COUNTED


@pytest.mark.parametrize("day", ["2019-01-01", "2022-06-30", ARTICLE, "2026-03-01"])
def test_no_look_ahead(day: str) -> None:
    table = counted(day)
    assert (table["date"] <= pd.Timestamp(day)).all()
    whole = tables.load("funding_rounds")
    pd.testing.assert_frame_equal(table, rounds.count_rounds(whole[whole["date"] <= day]))


def test_guidance_adds_only_what_has_not_closed() -> None:
    without, with_it = counted(NOW), counted(NOW, include_guidance=True)
    added = with_it["counted_usd_m"].fillna(0) - without["counted_usd_m"].fillna(0)
    assert (without.loc[added != 0, "treatment"] == rounds.NOT_SIGNED).all()
    assert added["funding_rounds/OpenAI/Bridge round"] == 30_000
    assert with_it.loc["funding_rounds/Anthropic/Series G", "maybe_twice"]


def test_a_total_must_equal_its_parts() -> None:
    wrong = made_up(
        {"round": "B, first", "amount_usd_m": 60.0},
        {"round": "B, total", "amount_usd_m": 100.0, "note": "sum of the two rows above"},
    )
    with pytest.raises(ValueError, match="parts sum to 60"):
        rounds.count_rounds(wrong)


def test_a_closed_total_closes_its_parts_and_an_open_one_does_not() -> None:
    parts = [
        {"round": "B, first", "amount_usd_m": 60.0, "announced_or_closed": "announced"},
        {"round": "B, second", "amount_usd_m": 40.0},
    ]
    total = {"round": "B, total", "amount_usd_m": 100.0, "note": "sum of the two rows above; do not add"}
    closed = rounds.count_rounds(made_up(*parts, total))
    still_open = rounds.count_rounds(made_up(*parts, total | {"announced_or_closed": "announced"}))
    assert closed["counted_usd_m"].sum() == 100
    assert still_open["counted_usd_m"].sum() == 40


def test_conditions_and_missing_columns() -> None:
    table = rounds.count_rounds(made_up({"amount_usd_m": 50_000.0, "note": "50 Amazon (35 conditional)"}))
    assert table["conditional_usd_m"].tolist() == [35_000]
    with pytest.raises(ValueError, match="missing columns: note"):
        rounds.count_rounds(table.drop(columns="note"))
