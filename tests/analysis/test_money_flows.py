"""Sources and uses of the money: both sides equal, nothing counted twice, nothing unknown counted as zero."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers.analysis import money_flows as flows
from tests.analysis.judged_claims import ARTICLE, LATEST, load

NAMES = ("cash_flows", "financing", "funding_rounds", "vendor_metrics")


def account(day: str, first_year: int = 2022) -> pd.DataFrame:
    return flows.by_year(*(load(name, day) for name in NAMES), first_year)


def amount(table: pd.DataFrame, period: str, item: str) -> float:
    found = table[(table["period"] == period) & (table["item"] == item)]["usd_m"]
    return float(found.iloc[0]) if len(found) else float("nan")


@pytest.mark.parametrize("day", [LATEST, ARTICLE, "2024-03-31"])
def test_both_sides_of_every_year_are_equal(day: str) -> None:
    sides = account(day, 2019).pivot_table(index="period", columns="side", values="usd_m", aggfunc="sum")
    assert sides["source"].to_numpy() == pytest.approx(sides["use"].to_numpy())
    assert len(sides) >= 5
    assert (account(day, 2019)["usd_m"].dropna() >= 0).all()


def test_a_year_sums_what_the_tables_hold() -> None:
    year = account(LATEST)
    assert amount(year, "2025", flows.OPERATIONS) == pytest.approx(139514 + 164713 + 115800 + 160506 + 22296)
    assert amount(year, "2025", flows.CAPEX) == pytest.approx(131819 + 91447 + 69691 + 83094 + 35477)
    assert amount(year, "2025", flows.LOSSES) == 20920 + 8060 + 6400
    assert amount(year, "2024", flows.REPAID) == pytest.approx(9100 - 888 - 10432 + 29769 + 175)
    assert pd.isna(amount(year, "2024", flows.DEBT))


def test_a_year_that_is_not_over_is_marked_and_holds_the_prepayments() -> None:
    year = account(LATEST)
    last = year["period"].iloc[-1]
    assert last == "2026, 11 of 20 quarters"
    assert amount(year, last, flows.PREPAID) == 11363
    # Prepayments are part of operating cash flow: the two together are what the firms filed.
    frame = flows.firm_quarters(load("cash_flows", LATEST), load("financing", LATEST))
    quarters = frame[frame["period_end"] > "2026-02-01"]
    whole = amount(year, last, flows.OPERATIONS) + amount(year, last, flows.PREPAID)
    assert whole == pytest.approx(quarters["operating_cash_flow"].sum())


def test_what_is_not_known_is_counted_as_unknown() -> None:
    year = account(LATEST)
    debt = year[(year["period"].str.startswith("2026")) & (year["item"] == flows.DEBT)].iloc[0]
    # The debt flows of Microsoft and Meta in 2026 are in no table.
    assert (debt["known"], debt["of"]) == (7, 11)
    then = account(ARTICLE)
    lost = then[(then["period"] == "2024") & (then["item"] == flows.LOSSES)].iloc[0]
    # In September 2025 only forecasts of the losses of 2024 were known.
    assert pd.isna(lost["usd_m"])
    assert lost["known"] == 0


def test_a_builders_stake_is_not_counted_twice() -> None:
    others = flows.raised_from_others(load("funding_rounds", LATEST))
    assert "funding_rounds/Anthropic/Amazon 2024" not in others.index
    assert "funding_rounds/OpenAI/Microsoft 2023" not in others.index
    # Led by builders and others together: of the 110bn the note gives 50 to Amazon.
    assert others.loc["funding_rounds/OpenAI/2026 round, first close", "counted_usd_m"] == 60_000
    # The hyperscalers' 15bn in it are taken off once, as part of earlier rows.
    assert others.loc["funding_rounds/Anthropic/Series H", "counted_usd_m"] == 50_000
    year = account(LATEST)
    assert amount(year, year["period"].iloc[-1], flows.RAISED) == 60_000 + 12_000 + 50_000 + 30_000 + 20_000
    leads = pd.DataFrame({"lead_investors": ["Amazon", "Amazon; NVIDIA", None, "Microsoft; Google"]})
    assert flows.builders_alone(leads).tolist() == [True, False, False, True]


def losses(*rows: tuple[str, int, float, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["date", "period_months", "value", "kind", "published"])
    frame.index = [f"vendor_metrics/{place}" for place in range(len(frame))]
    return frame.assign(
        company="OpenAI", scope="company", metric="operating_loss_usd_m", source_id="X",
        date=pd.to_datetime(frame["date"]), published=pd.to_datetime(frame["published"]),
    )  # fmt: skip


def test_a_years_loss_is_the_years_own_figure_or_its_known_parts() -> None:
    half, quarter = ("2025-06-30", 6, 7800.0, "leaked", "2025-09-30"), ("2025-09-30", 3, 4000.0, "leaked", "2025-11-01")
    inside = ("2025-03-31", 3, 3000.0, "leaked", "2025-06-01")
    whole = ("2025-12-31", 12, 20920.0, "leaked", "2026-06-18")
    assert flows.loss_of_year(losses(half, quarter, inside), "OpenAI", 2025)["value"].tolist() == [7800.0, 4000.0]
    assert flows.loss_of_year(losses(half, quarter, whole), "OpenAI", 2025)["value"].tolist() == [20920.0]
    revised = ("2025-12-31", 12, 21000.0, "leaked", "2026-08-01")
    assert flows.loss_of_year(losses(whole, revised), "OpenAI", 2025)["value"].tolist() == [21000.0]
    forecast = ("2025-12-31", 12, 9000.0, "guidance", "2025-01-01")
    assert flows.loss_of_year(losses(forecast), "OpenAI", 2025).empty


def test_then_and_now_stand_side_by_side() -> None:
    accounts = [
        flows.last_twelve_months(load("cash_flows", day), load("financing", day), day) for day in (ARTICLE, LATEST)
    ]
    table = flows.compare(*accounts).set_index("item")
    assert table.loc[flows.CAPEX, "then"] == pytest.approx(312564)
    assert table.loc[flows.CAPEX, "now"] == pytest.approx(586363)
    assert table.loc[flows.DEBT, "known_now"] == "16 of 20"
    # A residual is not known of any quarter.
    assert table.loc[flows.ADDED, "known_now"] == "what is left"
    assert table.loc[flows.CAPEX, "known_now"] == "all"
    assert flows.RAISED not in table.index


def test_outside_money_takes_off_what_was_repaid() -> None:
    year = account(LATEST)
    of_2024 = year[year["period"] == "2024"]
    total, rows = flows.outside_money(of_2024)
    assert total == pytest.approx(amount(year, "2024", flows.RAISED) - amount(year, "2024", flows.REPAID))
    assert rows
    assert flows.outside_money(of_2024.iloc[:0]) == (None, ())


def test_before_the_tables_begin_nothing_is_known() -> None:
    assert account("2017-01-01", 2015).empty
    assert flows.last_twelve_months(load("cash_flows", "2017-01-01"), load("financing", "2017-01-01"), "x").empty
    assert flows.rows_of(account("2017-01-01", 2015)) == ()


def test_every_amount_leads_to_rows_that_exist() -> None:
    year = account(LATEST)
    known = {row for name in NAMES for row in load(name, LATEST).index}
    for row in year.dropna(subset=["usd_m"]).to_dict("records"):
        assert set(filter(None, row["rows"].split(";"))) <= known
        assert row["rows"], row["item"]
