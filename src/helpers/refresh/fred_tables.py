"""From series of FRED to rows of `macro_us` and `nasdaq_composite`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from helpers.refresh.errors import RefreshError
from helpers.refresh.fred_answers import Observation, Series

if TYPE_CHECKING:
    import pandas as pd

NASDAQ = "NASDAQCOM"
_GDP, _INVESTMENT, _EQUIPMENT, _CPI, _FUNDS = "GDP", "A679RC1Q027SBEA", "Y034RC1Q027SBEA", "CPIAUCSL", "FEDFUNDS"

QUARTERLY_SERIES = (_GDP, _INVESTMENT, _EQUIPMENT, _CPI, _FUNDS)
"""What `macro_us` is made of. The equipment part is needed to split the total; software is the rest."""

_OWNERS = {
    _GDP: ("BEA", "gross domestic product, annual rate"),
    _INVESTMENT: ("BEA", "private fixed investment in information processing equipment and software, annual rate"),
    _EQUIPMENT: ("BEA", "private fixed investment in information processing equipment, annual rate"),
    _CPI: ("BLS", "consumer price index for all urban consumers, seasonally adjusted, monthly"),
    _FUNDS: ("Federal Reserve", "effective federal funds rate, monthly"),
    NASDAQ: ("Nasdaq Inc.", "NASDAQ Composite, daily close"),
}
_NAMES = {_CPI: "CPI", _FUNDS: "Federal funds rate"}

_DECIMALS = 3
_MONTHS = 3
"""Of a quarter."""

_OFF = 0.005
"""Share by which a month-end may differ from the table's before it counts as another figure."""

_RECENT_MONTHS = 24
"""Month-ends at the end of the table that must agree before new ones are added to it."""

_BAD = (date(2003, 1, 1), date(2004, 8, 31))
"""Where FRED's NASDAQCOM is known to hold highs or lows instead of closes on many days."""

Figure = tuple[float | None, date]


def sources(start: date, end: date) -> pd.DataFrame:
    """Return a row for the table `sources` for each series.

    Parameters
    ----------
    start, end : datetime.date
        Real-time period asked for.
    """
    import pandas as pd

    rows = [
        {
            "source_id": _source_id(name, end),
            "publisher": f"{owner} via FRED, Federal Reserve Bank of St. Louis",
            "title": f"{name}, {what}; read through the FRED API, as known from {start} to {end}",
            "date": end.isoformat(),
            "locator": f"https://fred.stlouisfed.org/series/{name}",
        }
        for name, (owner, what) in _OWNERS.items()
    ]
    return pd.DataFrame(rows)


def refuse_shorter(series: Mapping[str, Series], closes: Series, macro: pd.DataFrame, nasdaq: pd.DataFrame) -> None:
    """Refuse series that end before the tables do: that is half an answer, whatever it says of itself.

    Raises
    ------
    RefreshError
        Naming the series and both ends.
    """
    quarter = macro["quarter"].max().date()
    close = nasdaq["month_end"].max().date()
    wanted = dict.fromkeys((_GDP, _INVESTMENT, _EQUIPMENT), quarter.replace(day=1, month=quarter.month - _MONTHS + 1))
    wanted |= dict.fromkeys((_CPI, _FUNDS), quarter.replace(day=1)) | {NASDAQ: close}
    for name, last in wanted.items():
        newest = _newest(closes if name == NASDAQ else series[name])
        if newest < last:
            what = f"half an answer on {name}: it ends with {newest}, the table has {last} already"
            raise RefreshError("FRED", what, remedy="nothing was changed; try again later")


def quarters(series: Mapping[str, Series], macro: pd.DataFrame, end: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make rows of `macro_us`.

    Parameters
    ----------
    series : mapping of str to Series
        Those of `QUARTERLY_SERIES`.
    macro : pandas.DataFrame
        The table as it stands.
    end : datetime.date
        Last day of the real-time period.

    Returns
    -------
    tuple of pandas.DataFrame
        The rows, and the day on which each of their figures became known (ISO text). A quarter that the table does
        not have is there only when all its figures are; USD billion at annual rates, index, per cent.
    """
    import pandas as pd

    there = set(macro["quarter"].dt.date)
    begun = {last.replace(day=1, month=last.month - _MONTHS + 1) for last in there}
    rows, days = [], []
    for first in sorted(begun.union(series[_GDP])):
        last = _end_of_quarter(first)
        figures, note = _figures(series, first)
        if last not in there and any(value is None for value, _ in figures.values()):
            continue  # not complete yet
        row: dict[str, Any] = {"quarter": last.isoformat(), "status": "sourced"}
        row |= {column: value for column, (value, _) in figures.items()}
        row["source_id"] = ";".join(_source_id(name, end) for name in QUARTERLY_SERIES)
        rows.append(row | {"note": "" if last in there else note})
        days.append({column: known.isoformat() for column, (value, known) in figures.items() if value is not None})
    return pd.DataFrame(rows), pd.DataFrame(days)


def month_ends(closes: Series, nasdaq: pd.DataFrame, end: date) -> tuple[pd.DataFrame, list[str]]:
    """Make rows of `nasdaq_composite`.

    Parameters
    ----------
    closes : Series
        Daily closes.
    nasdaq : pandas.DataFrame
        The table as it stands.
    end : datetime.date
        Last day of the real-time period.

    Returns
    -------
    tuple of (pandas.DataFrame, list of str)
        The last close of each month that is over, and the problems found. Where recent month-ends differ from the
        table's, no new month is among the rows.
    """
    import pandas as pd

    table = {day.date().replace(day=1): (day.date(), close) for day, close in nasdaq[["month_end", "close"]].to_numpy()}
    last = _last_closes(closes)
    agree: dict[date, float] = {}
    problems: list[str] = []
    differing: list[date] = []
    for month, (day, close) in last.items():
        if month in table and table[month][0] != day:
            problems.append(
                f"nasdaq_composite: FRED's last close of {month:%Y-%m} is of {day}, the table's of "
                f"{table[month][0]}; the table's stands"
            )
            continue
        agree[day] = close
        if month in table and abs(close / table[month][1] - 1) > _OFF:
            differing.append(day)
    problems += _told(differing)
    recent = sorted(table)[-_RECENT_MONTHS:]
    if wrong := [day for day in differing if day.replace(day=1) in recent]:
        problems.append(
            f"nasdaq_composite: FRED differs from the table by more than {_OFF:.1%} at {wrong[0]}, one of the last "
            f"{_RECENT_MONTHS} month-ends; no month was added"
        )
        agree = {day: close for day, close in agree.items() if day.replace(day=1) in table}
    rows = [
        {"month_end": day.isoformat(), "close": close, "status": "sourced", "source_id": _source_id(NASDAQ, end)}
        for day, close in agree.items()
    ]
    return pd.DataFrame(rows), problems


def _told(differing: list[date]) -> list[str]:
    """Say which month-ends differ, and how many of them in the months known to be bad."""
    if not differing:
        return []
    known = sum(_BAD[0] <= day <= _BAD[1] for day in differing)
    listed = ", ".join(day.isoformat() for day in differing)
    return [
        f"nasdaq_composite: {len(differing)} month-ends of FRED's {NASDAQ} differ from the table's by more than "
        f"{_OFF:.1%}, {known} of them between {_BAD[0]:%Y-%m} and {_BAD[1]:%Y-%m}, where it is known to hold highs or "
        f"lows; the table's stand: {listed}"
    ]


def _figures(series: Mapping[str, Series], first: date) -> tuple[dict[str, Figure], str]:
    """Return the figures of the quarter that begins on a day, each with the day it became known, and a note."""
    nothing = Observation(None, first)
    gdp, total, equipment = (series[name].get(first, nothing) for name in (_GDP, _INVESTMENT, _EQUIPMENT))
    cpi, cpi_note = _mean(_CPI, series[_CPI], first)
    funds, funds_note = _mean(_FUNDS, series[_FUNDS], first)
    last_month = series[_CPI].get(_month(first, _MONTHS - 1), nothing)
    software = None
    if total.value is not None and equipment.value is not None:
        software = round(total.value - equipment.value, _DECIMALS)
    figures: dict[str, Figure] = {
        "gdp_nominal_bn": (gdp.value, gdp.known),
        "private_investment_info_processing_software_bn": (total.value, total.known),
        "cpi": cpi,
        "fed_funds": funds,
        "info_processing_equipment_bn": (equipment.value, equipment.known),
        "software_bn": (software, max(total.known, equipment.known)),
        "cpi_last_month": (last_month.value, last_month.known),
    }
    return figures, "; ".join(filter(None, (cpi_note, funds_note)))


def _mean(name: str, monthly: Series, first: date) -> tuple[Figure, str]:
    """Return the mean of a quarter's months, once its last month is out.

    A month without a figure when a later one has its own was never published; the mean is then of the others, as the
    table has it for October 2025, and the note says so.
    """
    months = [_month(first, step) for step in range(_MONTHS)]
    published = [monthly[month] for month in months if month in monthly and monthly[month].value is not None]
    if not published or _newest(monthly) < months[-1]:
        return (None, first), ""
    values = [one.value for one in published if one.value is not None]
    mean = round(sum(values) / len(values), _DECIMALS)
    never = [month for month in months if month not in monthly or monthly[month].value is None]
    note = f"{_NAMES[name]} for {' and '.join(f'{month:%B %Y}' for month in never)} was not published: mean of the rest"
    return (mean, max(one.known for one in published)), note if never else ""


def _last_closes(closes: Series) -> dict[date, tuple[date, float]]:
    """Return the last close of each month that is over: a later day has a close too."""
    newest = _newest(closes)
    found: dict[date, tuple[date, float]] = {}
    for day, one in closes.items():
        if one.value is not None:
            found[day.replace(day=1)] = (day, one.value)
    found.pop(newest.replace(day=1), None)
    return found


def _newest(series: Series) -> date:
    return max(day for day, one in series.items() if one.value is not None)


def _month(first: date, later: int) -> date:
    return first.replace(month=first.month + later)


def _end_of_quarter(first: date) -> date:
    month = first.month + _MONTHS
    following = first.replace(year=first.year + month // 12, month=1) if month > 12 else first.replace(month=month)
    return following - timedelta(days=1)


def _source_id(name: str, end: date) -> str:
    return f"FRED-{name}-{end}"
