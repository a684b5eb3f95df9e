"""Fiscal quarters from dates alone."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from helpers.refresh.edgar_calendar import quarters, quarters_long

DAY = timedelta(days=1)


def year_to_date(start: str, *ends: str) -> Counter[tuple[date, date]]:
    return Counter({(date.fromisoformat(start), date.fromisoformat(end)): 5 for end in ends})


def labels(spans: Counter[tuple[date, date]]) -> list[str]:
    return [f"{one.fiscal_year}Q{one.number} {one.start}/{one.end}" for one in quarters(spans)]


@pytest.mark.parametrize(
    ("start", "ends", "fiscal_year"),
    [
        ("2024-07-01", ("2024-09-30", "2024-12-31", "2025-03-31", "2025-06-30"), 2025),
        ("2025-06-01", ("2025-08-31", "2025-11-30", "2026-02-28", "2026-05-31"), 2026),
        ("2023-06-01", ("2023-08-31", "2023-11-30", "2024-02-29", "2024-05-31"), 2024),
        ("2022-01-31", ("2022-05-01", "2022-07-31", "2022-10-30", "2023-01-29"), 2023),
        ("2016-02-01", ("2016-05-01", "2016-07-31", "2016-10-30", "2017-01-29"), 2017),
        ("2016-09-25", ("2016-12-31", "2017-04-01", "2017-07-01", "2017-09-30"), 2017),
        ("2020-12-27", ("2021-03-28", "2021-06-27", "2021-09-26", "2022-01-02"), 2021),
    ],
    ids=["MSFT", "ORCL", "ORCL leap", "NVDA 52 weeks", "NVDA 52 weeks, late", "AAPL 53 weeks", "ends in January"],
)
def test_the_year_is_named_after_the_day_it_ends(start: str, ends: tuple[str, ...], fiscal_year: int) -> None:
    found = quarters(year_to_date(start, *ends))
    assert [(one.fiscal_year, one.number) for one in found] == [(fiscal_year, number) for number in (1, 2, 3, 4)]
    assert [str(one.end) for one in found] == list(ends)
    assert str(found[0].start) == start
    assert [one.start for one in found[1:]] == [one.end + DAY for one in found[:-1]]


def test_the_newest_year_may_have_one_quarter() -> None:
    spans = year_to_date("2025-01-27", "2025-04-27", "2025-07-27", "2025-10-26", "2026-01-25")
    spans += year_to_date("2026-01-26", "2026-04-26")
    assert labels(spans)[-1] == "2027Q1 2026-01-26/2026-04-26"


def test_a_year_under_way_is_named_before_it_ends() -> None:
    assert labels(year_to_date("2025-09-28", "2025-12-27", "2026-03-28")) == [
        "2026Q1 2025-09-28/2025-12-27",
        "2026Q2 2025-12-28/2026-03-28",
    ]


def test_twelve_months_that_end_with_any_quarter_make_no_year() -> None:
    usual = year_to_date("2024-01-01", "2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31")
    usual += year_to_date("2024-04-01", "2024-06-30") + year_to_date("2025-01-01", "2025-03-31")
    trailing = Counter(
        {
            (date(2023, 4, 1), date(2024, 3, 31)): 50,
            (date(2023, 7, 1), date(2024, 6, 30)): 50,
            (date(2024, 4, 1), date(2025, 3, 31)): 50,
        }
    )
    assert labels(usual + trailing) == labels(usual)
    assert labels(usual)[-1] == "2025Q1 2025-01-01/2025-03-31"


def test_a_start_misdated_by_a_day_is_outvoted() -> None:
    usual = year_to_date("2024-01-29", "2024-04-28", "2024-07-28", "2024-10-27", "2025-01-26")
    wrong = Counter({(date(2024, 1, 28), date(2024, 7, 28)): 1, (date(2024, 1, 30), date(2024, 10, 27)): 1})
    assert labels(usual + wrong) == labels(usual)


def test_a_first_quarter_never_filed_alone_is_told_by_the_second() -> None:
    spans = year_to_date("2024-01-01", "2024-06-30") + Counter({(date(2024, 4, 1), date(2024, 6, 30)): 1})
    assert labels(spans) == ["2024Q1 2024-01-01/2024-03-31", "2024Q2 2024-04-01/2024-06-30"]


def test_years_alone_have_no_quarters() -> None:
    assert quarters(year_to_date("2024-01-01", "2024-12-31")) == []
    assert quarters({}) == []


@pytest.mark.parametrize(
    ("days", "count"),
    [
        *[(91, 1), (98, 1), (181, 2), (189, 2), (273, 3), (280, 3), (364, 4), (371, 4), (366, 4)],
        *[(1, None), (30, None), (120, None), (230, None), (320, None), (730, None)],
    ],
)
def test_a_period_is_classified_by_its_days(days: int, count: int | None) -> None:
    start = date(2024, 1, 1)
    assert quarters_long(start, start + timedelta(days=days - 1)) == count
    assert quarters_long(None, start) is None
