"""The pictures of coverage: drawn at any date, with words that follow from the data."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import coverage
from helpers.charts import coverage as pictures
from helpers.charts import style

DAYS = ["2026-10-31", "2025-09-05", "2023-01-15", "1990-01-01"]


@pytest.mark.parametrize("as_of", DAYS)
@pytest.mark.parametrize(("table", "fields"), [("cash_flows", coverage.FLOWS), ("financing", coverage.FINANCING)])
def test_filled_cells_at_any_date(table: str, fields: tuple[str, ...], as_of: str) -> None:
    known = coverage.cells(tables.load(table, as_of=as_of), fields)
    notes = style.notes(pictures.filled_cells(known, table=table, as_of=as_of).figure)
    assert notes.as_of == as_of
    if known.empty:
        assert "not known" in notes.title
    else:
        assert len(notes.data) == len(known)
        assert f"of {len(fields)} figures" in notes.title


@pytest.mark.parametrize("as_of", DAYS)
def test_rows_by_year_at_any_date(as_of: str) -> None:
    dates = {name: (days := tables.known_from(name))[days <= as_of] for name in coverage.ABOUT}
    axes = pictures.rows_by_year(coverage.known_by_year(dates, 1995), about=coverage.ABOUT_AI, as_of=as_of)
    notes = style.notes(axes.figure)
    assert notes.unit.startswith("rows")
    expected = "Nothing was known" if as_of < "2000" else f"known in {int(as_of[:4]) - 1} or later"
    assert expected in notes.title


@pytest.mark.parametrize("as_of", DAYS)
def test_publication_lags_at_any_date(as_of: str) -> None:
    listed = coverage.publication_lag(tables.load("cash_flows", as_of=as_of))
    vendors = coverage.account_lag(tables.load("vendor_metrics", as_of=as_of))
    notes = style.notes(pictures.publication_lags(listed, vendors, as_of=as_of).figure)
    if vendors.empty:
        assert "not known" in notes.title
    else:
        assert f"publish {listed['days'].median():.0f} days after" in notes.title
        assert len(notes.data) == len(listed) + len(vendors)


@pytest.mark.parametrize("as_of", DAYS)
def test_run_rates_at_any_date(as_of: str) -> None:
    years = coverage.yearly_revenue(tables.load("vendor_metrics", as_of=as_of))
    notes = style.notes(pictures.run_rates(years, as_of=as_of).figure)
    assert notes.title.startswith("A run-rate is not a year" if len(years) else "On ")


def test_run_rates_without_a_run_rate_say_so() -> None:
    years = pd.DataFrame(
        [("OpenAI", 2024, 3700.0, float("nan"), 3600.0, [])],
        columns=["company", "year", "revenue", "run_rate", "guidance", "rows"],
    )
    assert "guidance" in style.notes(pictures.run_rates(years, as_of="2025-09-05").figure).title


def test_evidence_tells_the_share_that_rests_on_filings() -> None:
    mix = coverage.evidence_mix(pd.Series({"a/1": "filed", "a/2": "filed", "b/1": "filed", "b/2": "press"}))
    notes = style.notes(pictures.evidence(mix, as_of="2025-09-05").figure)
    assert notes.title.startswith("75 % of the rows rest on filings")
    assert "in 1 table all" in notes.title
    assert notes.alt.endswith(": a.")
    empty = coverage.evidence_mix(pd.Series(dtype="str"))
    assert "not known" in style.notes(pictures.evidence(empty, as_of="1960-01-01").figure).title
