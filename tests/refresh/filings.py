"""Company facts as the SEC writes them, built filing by filing.

The labels ``fy``, ``fp`` and ``frame`` are as unreliable as the real ones: ``fy`` and ``fp`` tell of the filing, so
that a comparative of last year bears this year's; ``frame`` stands on some facts only, and here it lies.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd

from helpers.refresh.edgar_tags import fields

DAY = timedelta(days=1)
CIKS = {
    "AMZN": 1018724,
    "MSFT": 789019,
    "GOOGL": 1652044,
    "META": 1326801,
    "ORCL": 1341439,
    "NVDA": 1045810,
    "CRWV": 1769628,
    "AAPL": 320193,
}
INCOME = ("revenue", "operating_income", "net_income", "research_development")
"""Columns of the income statement, which is given for the quarter too; a cash-flow statement is year to date only."""


@dataclass
class Filer:
    """A firm and what it filed."""

    ticker: str
    cik: int
    concepts: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    taxonomy: str = "us-gaap"

    def state(
        self,
        concept: str,
        start: date | str | None,
        end: date | str,
        value: float,
        *,
        filed: date | str,
        form: str = "10-Q",
        accession: str | None = None,
        unit: str = "USD",
        frame: str | None = None,
        fp: str | None = None,
    ) -> None:
        """Add one fact to one filing."""
        day = date.fromisoformat(str(filed))
        fact = {
            "end": str(end),
            "val": value,
            "accn": accession or f"{self.cik:010d}-{day:%y}-{day:%m%d}00",
            "fy": day.year,
            "fp": fp or ("FY" if form.startswith("10-K") else "Q1"),
            "form": form,
            "filed": str(filed),
        }
        if start is not None:
            fact = {"start": str(start)} | fact
        if frame:
            fact["frame"] = frame
        self.concepts.setdefault(concept, {}).setdefault(unit, []).append(fact)

    def document(self) -> dict[str, Any]:
        """Return the whole document."""
        described = {
            concept: {"label": concept, "description": f"What {concept} means.", "units": units}
            for concept, units in self.concepts.items()
        }
        public = {"label": "Float", "description": "", "units": {"USD": [{"end": "2024-06-30", "val": 1}]}}
        return {
            "cik": self.cik,
            "entityName": f"{self.ticker} CORP",
            "facts": {"dei": {"EntityPublicFloat": public}, self.taxonomy: described},
        }

    def body(self) -> bytes:
        """Return the document as sent."""
        return json.dumps(self.document()).encode()


def tickers(filers: Iterable[Filer]) -> bytes:
    """Return the SEC's list of tickers."""
    listed = [{"cik_str": one.cik, "ticker": one.ticker, "title": f"{one.ticker} Corp"} for one in filers]
    return json.dumps({str(number): entry for number, entry in enumerate(listed)}).encode()


def year(
    filer: Filer,
    concept: str,
    ends: tuple[str, str, str, str],
    start: str,
    values: tuple[float, float, float, float],
    *,
    quarters: bool = False,
    comparatives: bool = False,
) -> list[date]:
    """File a fiscal year: three 10-Q and a 10-K, year to date; return the filing dates.

    ``quarters`` adds the stated quarter to each 10-Q; ``comparatives`` repeats each figure a year later.
    """
    first, days = date.fromisoformat(start), [date.fromisoformat(end) for end in ends]
    filed = [day + timedelta(days=35) for day in days]
    for number, end in enumerate(days):
        form = "10-K" if number == 3 else "10-Q"
        moments = [filed[number], filed[number] + timedelta(days=364)] if comparatives else [filed[number]]
        for moment in moments:
            filer.state(concept, first, end, sum(values[: number + 1]), filed=moment, form=form)
            if quarters and 0 < number < 3:
                filer.state(concept, days[number - 1] + DAY, end, values[number], filed=moment, form=form)
    return filed


def from_table(
    table: pd.DataFrame, ticker: str, *, labelled: bool = False
) -> tuple[Filer, dict[tuple[int, str], date]]:
    """File every complete beginning of a fiscal year of a table; return the firm and the filing day by quarter.

    ``labelled`` makes the label of each filing's period true.
    """
    filer, days = Filer(ticker, CIKS[ticker]), {}
    mine = table[table["ticker"] == ticker].sort_values("period_end")
    ends = [moment.date() for moment in mine["period_end"]]
    previous = {end: before + DAY for before, end in pairwise(ends)}
    for fiscal_year, rows in mine.groupby("fiscal_year"):
        if rows["fiscal_quarter"].iloc[0] != "Q1":
            continue
        # The first quarter of the table has none before it: its quarter is a calendar one.
        end = rows["period_end"].iloc[0].date()
        start = previous.get(end, (pd.Timestamp(end + DAY) - pd.DateOffset(months=3)).date())
        for number, row in enumerate(rows.itertuples()):
            filed = (row.published if not pd.isna(row.published) else row.period_end + pd.Timedelta(days=40)).date()
            days[int(fiscal_year), row.fiscal_quarter] = filed
            _quarter(filer, rows.iloc[: number + 1], start, filed, labelled=labelled)
    return filer, days


def _quarter(filer: Filer, rows: pd.DataFrame, start: date, filed: date, *, labelled: bool) -> None:
    """File the last of the given quarters, and again a year later."""
    last = rows["period_end"].iloc[-1].date()
    first = start if len(rows) == 1 else rows["period_end"].iloc[-2].date() + DAY
    form = "10-K" if len(rows) == 4 else "10-Q"
    label = ("Q1", "Q2", "Q3", "FY")[len(rows) - 1] if labelled else None
    for column, concept in concepts(filer.ticker).items():
        values = rows[column]
        if pd.isna(values.iloc[-1]):
            continue
        whole = not values.isna().any()
        for day in (filed, filed + timedelta(days=364)):
            if whole:
                total = sum(round(value * 1e6) for value in values)
                filer.state(concept, start, last, total, filed=day, form=form, frame="CY1999Q1", fp=label)
            # A quarter whose year-to-date figures have a hole is stated, and so is the income statement but in 10-K.
            if len(rows) > 1 and (not whole or (column in INCOME and form == "10-Q")):
                filer.state(concept, first, last, round(values.iloc[-1] * 1e6), filed=day, form=form, fp=label)


def concepts(ticker: str) -> Mapping[str, str]:
    """Return one tag for each column of ``cash_flows``."""
    return {one.column: one.tags[0].concepts[0] for one in fields(ticker) if one.table == "cash_flows" and one.tags}
