"""The shipped quarters, filed as year-to-date facts, come back as they were."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from helpers import tables
from helpers.refresh import edgar_facts, edgar_identities, edgar_tables, edgar_tags
from tests.refresh.filings import CIKS, concepts, from_table

KEY = ["ticker", "fiscal_year", "fiscal_quarter", "period_end"]


@pytest.fixture(scope="module")
def shipped() -> pd.DataFrame:
    return tables.load("cash_flows", vintage="shipped")


def firm_of(shipped: pd.DataFrame, ticker: str) -> tuple[edgar_tables.Firm, dict[tuple[int, str], date]]:
    filer, days = from_table(shipped, ticker)
    book = edgar_facts.read(filer.document(), ticker, filer.cik, edgar_tags.concepts(ticker))
    return edgar_tables.firm(book), days


@pytest.mark.parametrize("ticker", CIKS)
def test_every_quarter_comes_back(shipped: pd.DataFrame, ticker: str) -> None:
    one, days = firm_of(shipped, ticker)
    problems: list[str] = []
    built = edgar_tables.tables([one], date.max, problems)["cash_flows"]
    mine = shipped[shipped["ticker"] == ticker].sort_values("period_end")
    # A fiscal year of which the table has no first quarter cannot be filed year to date.
    expected = mine[[key in days for key in zip(mine["fiscal_year"], mine["fiscal_quarter"], strict=True)]]
    assert len(expected) >= min(len(mine), 43)
    assert built.index.tolist() == expected.index.tolist()
    columns = [*KEY, *concepts(ticker)]
    pd.testing.assert_frame_equal(built[columns], expected[columns], rtol=0, atol=0)
    # What is told is a hole of the table itself, after a year without one.
    for line in problems:
        assert "no figure under" in line
        year, quarter, column = line.partition(":")[0].removeprefix(f"{ticker} fiscal ").split()
        here = built[(built["fiscal_year"] == int(year)) & (built["fiscal_quarter"] == quarter)]
        assert here[column].isna().all()
    assert len(problems) <= 5
    assert edgar_identities.failures(one.book, one.fields, one.quarters, date.max) == []


@pytest.mark.parametrize("ticker", ["ORCL", "NVDA"])
def test_a_quarter_is_published_when_it_was_first_filed(shipped: pd.DataFrame, ticker: str) -> None:
    one, days = firm_of(shipped, ticker)
    built = edgar_tables.tables([one], date.max, [])["cash_flows"]
    found = {(row.fiscal_year, row.fiscal_quarter): row.published.date() for row in built.itertuples() if row.published}
    assert found == days


def test_the_frames_are_typed_as_the_shipped_ones(shipped: pd.DataFrame) -> None:
    one, _ = firm_of(shipped, "AMZN")
    for name, frame in edgar_tables.tables([one], date.max, []).items():
        like = tables.load(name, vintage="shipped")
        assert frame.dtypes.to_dict() == like.dtypes.to_dict()
        assert frame.index.name == like.index.name


def test_years_of_53_weeks_are_among_them(shipped: pd.DataFrame) -> None:
    lengths = {}
    for ticker in ("AAPL", "NVDA"):
        one, _ = firm_of(shipped, ticker)
        lengths[ticker] = {(quarter.end - quarter.start).days + 1 for quarter in one.quarters}
    assert lengths == {"AAPL": {91, 98}, "NVDA": {91, 98}}
