"""Coverage: what is known, missing, late, and on which basis."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.analysis import coverage


def quarters(ticker: str, ends: list[str], **fields: list[float | None]) -> pd.DataFrame:
    frame = pd.DataFrame({"ticker": ticker, "period_end": pd.to_datetime(ends), **fields})
    return frame.set_axis(pd.Index([f"cash_flows/{ticker}/{end}" for end in ends], name="row"))


FLOWS = pd.concat(
    [
        quarters("ORCL", ["2025-02-28", "2025-05-31", "2025-08-31"], capex=[1.0, None, 3.0], lease=[None, None, None]),
        quarters("AMZN", ["2025-03-31", "2025-06-30"], capex=[4.0, 5.0], lease=[1.0, None]),
    ]
)


def test_each_figure_of_each_quarter_is_known_or_not() -> None:
    known = coverage.cells(FLOWS, ["capex", "lease"])
    assert len(known) == 10
    assert known["known"].sum() == 5
    oracle = known[known["ticker"].eq("ORCL") & known["field"].eq("capex")]
    assert oracle["known"].tolist() == [True, False, True]
    # Oracle's quarter to 31 May lies mostly in the second calendar quarter.
    assert oracle["quarter"].astype("str").tolist() == ["2025-01-01", "2025-04-01", "2025-07-01"]
    assert set(known.index) == set(FLOWS.index)


def test_the_cells_of_no_quarter_are_none() -> None:
    known = coverage.cells(FLOWS.head(0), ["capex"])
    assert known.empty
    assert list(known.columns) == ["ticker", "field", "period_end", "quarter", "known"]
    assert coverage.holes(known).empty


def test_holes_name_the_last_quarter_that_was_known() -> None:
    found = coverage.holes(coverage.cells(FLOWS, ["capex", "lease"]), newest=2).set_index(["ticker", "field"])
    assert found.loc[("ORCL", "lease"), ["missing", "of"]].tolist() == [2, 2]
    assert pd.isna(found.loc[("ORCL", "lease"), "last"])
    assert found.loc[("AMZN", "lease"), "last"] == pd.Timestamp("2025-03-31")
    assert found.loc[("ORCL", "capex"), ["missing", "last"]].tolist() == [1, pd.Timestamp("2025-08-31")]
    assert ("AMZN", "capex") not in found.index


def test_a_hole_older_than_the_newest_quarters_is_not_listed() -> None:
    known = coverage.cells(FLOWS, ["capex"])
    assert coverage.holes(known, newest=1).empty
    assert coverage.holes(known, newest=3)["ticker"].tolist() == ["ORCL"]


def test_filled_share_is_in_per_cent() -> None:
    share = coverage.filled_share(coverage.cells(FLOWS, ["capex", "lease"]))
    assert share.loc["ORCL", "capex"] == pytest.approx(200 / 3)
    assert share.loc["AMZN", "lease"] == 50


@given(
    st.lists(
        st.dates(min_value=pd.Timestamp("1950-01-01").date(), max_value=pd.Timestamp("2030-12-31").date()), min_size=1
    )
)
def test_every_row_becomes_known_in_one_year(days: list[object]) -> None:
    counts = coverage.known_by_year({"a": pd.Series(pd.to_datetime(pd.Series(days)))}, first=1995)
    assert counts["a"].sum() == len(days)
    assert list(counts.index) == list(range(1995, int(counts.index[-1]) + 1))
    assert counts.loc[1995, "a"] == sum(day.year <= 1995 for day in days)  # type: ignore[attr-defined]


def test_evidence_is_counted_by_table_and_grade() -> None:
    mix = coverage.evidence_mix(pd.Series({"b/1": "press", "a/1": "filed", "b/2": "filed"}))
    assert list(mix.index) == ["b", "a"]
    assert list(mix.columns) == list(coverage.GRADES)
    assert mix.loc["b", ["filed", "press", "scenario"]].tolist() == [1, 1, 0]
    assert coverage.evidence_mix(pd.Series(dtype="str")).empty


def test_derived_share_leaves_out_what_has_no_status() -> None:
    status = pd.DataFrame({"status": ["derived", "sourced", "sourced", "sourced"]})
    shares = coverage.derived_share({"a": status, "b": pd.DataFrame({"x": [1]}), "c": status.head(0)})
    assert shares.to_dict() == {"a": 25.0}


def test_publication_lag_counts_only_days_that_were_found() -> None:
    flows = quarters("ORCL", ["2025-05-31", "2025-08-31"]).assign(published=pd.to_datetime([None, "2025-09-09"]))
    lag = coverage.publication_lag(flows)
    assert lag.to_dict("index") == {
        "cash_flows/ORCL/2025-08-31": {"who": "ORCL", "end": pd.Timestamp("2025-08-31"), "days": 9}
    }


VENDORS = pd.DataFrame(
    [
        # company, scope, date, published, metric, months, value, kind
        ("OpenAI", "company", "2024-12-31", "2025-03-26", "revenue_usd_m", "12", 3700, "leaked"),
        ("OpenAI", "company", "2024-12-31", "2026-06-18", "revenue_usd_m", "12", 3800, "leaked"),
        ("OpenAI", "company", "2024-12-31", "2024-09-27", "revenue_usd_m", "12", 3600, "guidance"),
        ("OpenAI", "company", "2024-12-31", "2024-10-09", "revenue_usd_m", "12", 3650, "guidance"),
        ("OpenAI", "company", "2024-12-31", "2025-06-09", "annualised_revenue_usd_m", None, 5500, "leaked"),
        ("OpenAI", "company", "2024-09-12", "2024-09-12", "annualised_revenue_usd_m", None, 4000, "leaked"),
        ("OpenAI", "ChatGPT", "2024-12-31", "2025-01-31", "revenue_usd_m", "12", 2700, "leaked"),
        ("OpenAI", "company", "2025-12-31", "2025-09-19", "revenue_usd_m", "12", 12700, "guidance"),
        ("OpenAI", "company", "2025-09-30", "2025-11-01", "net_loss_usd_m", "3", 11500, "estimate"),
        ("OpenAI", "company", "2024-09-27", "2024-10-07", "plus_subscribers_m", None, 10, "leaked"),
        ("OpenAI", "company", "2024-06-30", "2024-09-27", "monthly_users_m", None, 350, "leaked"),
        ("OpenAI", "company", "2024-08-29", "2024-08-29", "weekly_active_users_m", None, 200, "reported"),
        ("OpenAI", "company", "2024-10-01", "2024-10-01", "weekly_active_users_m", None, 250, "reported"),
    ],
    columns=["company", "scope", "date", "published", "metric", "period_months", "value", "kind"],
).assign(status="sourced")
VENDORS[["date", "published"]] = VENDORS[["date", "published"]].apply(pd.to_datetime)
VENDORS.index = pd.Index([f"vendor_metrics/{place}" for place in range(len(VENDORS))], name="row")


def test_account_lag_takes_outcomes_of_the_company_alone() -> None:
    lag = coverage.account_lag(VENDORS)
    assert lag["days"].tolist() == [85, 534]
    assert list(lag.index) == ["vendor_metrics/0", "vendor_metrics/1"]


def test_a_year_has_its_latest_outcome_its_last_run_rate_and_its_first_guidance() -> None:
    years = coverage.yearly_revenue(VENDORS)
    assert years[["company", "year", "revenue", "run_rate", "guidance"]].to_dict("records") == [
        {"company": "OpenAI", "year": 2024, "revenue": 3800, "run_rate": 5500, "guidance": 3600}
    ]
    assert years["rows"].iloc[0] == ["vendor_metrics/1", "vendor_metrics/4", "vendor_metrics/2"]


def test_a_year_without_run_rate_or_guidance_misses_them() -> None:
    year = coverage.yearly_revenue(VENDORS.iloc[[0, 5]]).iloc[0]
    assert pd.isna(year["run_rate"])
    assert pd.isna(year["guidance"])
    assert coverage.yearly_revenue(VENDORS.head(0)).empty


def test_the_same_payers_by_two_denominators() -> None:
    payers = coverage.payers_by_denominator(VENDORS, "OpenAI", "2024-09-27")
    assert payers["share"].tolist() == pytest.approx([10 / 350 * 100, 5.0])
    # Not the count of October: it was taken after the payers were counted.
    assert payers["rows"].iloc[1] == ["vendor_metrics/9", "vendor_metrics/11"]
    assert coverage.payers_by_denominator(VENDORS.drop("vendor_metrics/9"), "OpenAI", "2024-09-27").empty


def test_newest_leaves_out_what_lies_ahead() -> None:
    tables = {
        "a": pd.DataFrame({"date": pd.to_datetime(["2025-01-31", "2025-06-30", "2030-12-31"])}),
        "b": pd.DataFrame({"year": [2024, 2026]}),
        "c": pd.DataFrame({"date": pd.to_datetime(["2030-12-31"])}),
    }
    found = coverage.newest(tables, "2025-07-10", {"a": "date", "b": "year", "c": "date"}).set_index("table")
    assert found.loc["a", ["rows", "age"]].tolist() == [3, 10]
    assert found.loc["b", "newest"] == pd.Timestamp("2024-01-01")
    assert "c" not in found.index


def test_other_bases_are_found_by_the_words_of_the_note() -> None:
    notes = pd.DataFrame({"note": ["FY2016 as restated", "recast in 2018", None, "launch day recalled"]})
    found = coverage.other_bases({"a": notes, "b": pd.DataFrame({"note": ["plain"]}), "c": pd.DataFrame({"x": [1]})})
    assert found.to_dict("records") == [{"table": "a", "rows": 4, "other_basis": 2, "share": 50.0}]


def test_netted_share_counts_only_quarters_with_both() -> None:
    flows = quarters("META", ["2022-03-31", "2024-03-31"], capex=[100.0, 900.0], capex_proceeds=[2.0, None])
    assert coverage.netted_share(flows, "META") == (2.0, ["cash_flows/META/2022-03-31"])
    assert coverage.netted_share(flows, "AMZN") == (None, [])


def test_the_median_of_nothing_is_unknown() -> None:
    lags = pd.DataFrame({"who": ["a", "a", "b"], "days": [10, 20, 90]})
    assert coverage.median_days(lags) == 20
    assert coverage.median_days(lags, ["a"]) == 15
    assert coverage.median_days(lags, ["c"]) is None


def test_the_columns_of_the_constants_exist_in_the_tables() -> None:
    from helpers import tables

    assert set(coverage.FLOWS) <= set(tables.load("cash_flows").columns)
    assert set(coverage.FINANCING) <= set(tables.load("financing").columns)
    for name, column in coverage.ABOUT.items():
        assert column in tables.load(name).columns
    assert coverage.GRADES == tables.GRADES
    assert set(coverage.ABOUT_AI) <= set(tables.names())
