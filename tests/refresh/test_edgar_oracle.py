"""An independent reader of company facts, edgartools, finds the same quarters where its labels are true.

It trusts the label of a filing's period and pairs year-to-date figures without asking whether they begin on the same
day, which is why it is an oracle here and no part of the refresh.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from helpers import tables
from helpers.refresh import edgar_facts, edgar_tables, edgar_tags
from tests.refresh.filings import concepts, from_table

oracle = pytest.importorskip("edgar.ttm.calculator")
parser = pytest.importorskip("edgar.entity.parser")


@pytest.mark.parametrize("ticker", ["AMZN", "MSFT", "ORCL", "NVDA"])
@pytest.mark.parametrize("column", ["operating_cash_flow", "capex", "revenue"])
def test_the_oracle_finds_the_same_quarters(ticker: str, column: str) -> None:
    filer, _ = from_table(tables.load("cash_flows", vintage="shipped"), ticker, labelled=True)
    theirs = quarters(filer.document(), concepts(ticker)[column])
    book = edgar_facts.read(filer.document(), ticker, filer.cik, edgar_tags.concepts(ticker))
    ours = edgar_tables.tables([edgar_tables.firm(book)], date.max, [])["cash_flows"]
    mine = pd.Series(ours[column].to_numpy(), index=ours["period_end"].dt.date).dropna()
    assert len(theirs) >= 40
    assert {day: value for day, value in theirs.items() if mine.get(day) != value} == {}


def quarters(document: dict[str, Any], concept: str) -> dict[date, float]:
    """Return the oracle's quarters of a concept, in USD million by last day."""
    facts = parser.EntityFactsParser.parse_company_facts(document)
    wanted = [fact for fact in facts if fact.concept == f"us-gaap:{concept}"]
    return {fact.period_end: fact.numeric_value / 1e6 for fact in oracle.TTMCalculator(wanted).quarterize()}
