"""From which day each row is known, by the rule its descriptor states."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from helpers.tables.descriptor import Resource
from helpers.tables.faults import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    import pandas as pd

    Tables = Callable[[str], pd.DataFrame]

ALWAYS = "1900-01-01"
"""The day from which a table with the rule ``always`` is known: before any date a reader can ask for."""


def day(as_of: date | str) -> pd.Timestamp:
    """Read a date or an ISO string as the start of that day.

    Parameters
    ----------
    as_of : datetime.date or str
        For example ``"2025-09-05"``.

    Raises
    ------
    ValueError
        If the text is not an ISO date.
    TypeError
        If it is neither a date nor text.
    """
    import pandas as pd

    if isinstance(as_of, datetime):
        as_of = as_of.date()
    if isinstance(as_of, str):
        try:
            as_of = date.fromisoformat(as_of)
        except ValueError:
            raise ValueError(f"as_of must be an ISO date such as 2025-09-05, not {as_of!r}") from None
    if not isinstance(as_of, date):
        raise TypeError(f"as_of must be a date or an ISO string, not {type(as_of).__name__}")
    return pd.Timestamp(as_of)


def known_from(resource: Resource, table: pd.DataFrame, other: Tables) -> pd.Series[Any]:
    """Return the first day each row of a table could be known.

    Parameters
    ----------
    resource : dict
        The table's descriptor; its ``knownFrom`` is the rule.
    table : pandas.DataFrame
        The table's typed rows.
    other : callable
        Gives another table of the same package by name, for rules that look there.

    Returns
    -------
    pandas.Series
        datetime64 by row id, never missing.
    """
    dates = _by_rule(resource["knownFrom"], table, other)
    named: pd.Series[Any] = dates.astype("datetime64[us]").rename("known_from")
    return named


def _by_rule(rule: Mapping[str, Any], table: pd.DataFrame, other: Tables) -> pd.Series[Any]:
    import pandas as pd

    kind = rule["rule"]
    if kind == "always":
        return pd.Series(pd.Timestamp(ALWAYS), index=table.index)
    dates: pd.Series[Any]
    if kind == "column":
        dates = table[rule["column"]] + pd.to_timedelta(rule.get("days", 0), unit="D")
    elif kind == "months after":
        dates = table[rule["column"]] + pd.DateOffset(months=rule["months"])
    elif kind == "quarter":
        days = table[rule["quarterColumn"]].eq("Q4").map({True: rule["fourthQuarterDays"], False: rule["days"]})
        dates = table[rule["column"]] + pd.to_timedelta(days.astype("int64"), unit="D")
    elif kind == "same row":
        dates = _of_same_row(rule, table, other)
    elif kind == "end of year":
        dates = _end_of_year(table[rule["column"]], rule.get("openFrom"))
    elif kind == "sources":
        dates = _latest_source(table["source_id"], other("sources"), rule["compiled"])
    elif kind == "partial date":
        dates = end_of_period(table[rule["column"]], rule["compiled"])
    else:
        raise ValueError(f"unknown known-from rule {kind!r}")
    if "otherwise" in rule and dates.isna().any():
        dates = dates.fillna(_by_rule(rule["otherwise"], table, other))
    return dates


def _of_same_row(rule: Mapping[str, Any], table: pd.DataFrame, other: Tables) -> pd.Series[Any]:
    """Look the row's date up in another table that has the same key."""
    import pandas as pd

    source = other(rule["table"])
    keys = pd.MultiIndex.from_frame(source[rule["key"]])
    dates = pd.Series(source[rule["column"]].to_numpy(), index=keys)
    found = dates.reindex(pd.MultiIndex.from_frame(table[rule["key"]]))
    return pd.Series(found.to_numpy(), index=table.index)


def _end_of_year(years: pd.Series[Any], open_from: int | None) -> pd.Series[Any]:
    """Give 31 December of each year; missing from the year that had not ended when the table was compiled."""
    import pandas as pd

    ends = pd.to_datetime(years.astype("int64").astype("str") + "-12-31")
    return ends if open_from is None else ends.where(years < open_from)


def _latest_source(cells: pd.Series[Any], sources: pd.DataFrame, compiled: str) -> pd.Series[Any]:
    """Give the latest date among a row's sources."""
    import pandas as pd

    dates = dict(zip(sources["source_id"], end_of_period(sources["date"], compiled), strict=True))
    if unknown := unknown_sources(cells, dates):
        raise DataError(unknown)
    latest = [max(dates[source] for source in cell.split(";")) for cell in cells]
    return pd.Series(latest, index=cells.index, dtype="datetime64[us]")


def unknown_sources(cells: pd.Series[Any], known: Container[str]) -> list[Fault]:
    """Return a fault for each cited source that the table of sources does not have.

    Parameters
    ----------
    cells : pandas.Series of str
        The column ``source_id`` of a table, indexed by row id; several ids in a cell are joined by ``;``.
    known : container of str
        The ids that there are.
    """
    cited = {cell: [source for source in cell.split(";") if source not in known] for cell in cells.dropna().unique()}
    return [
        Fault(f"{str(row).split('/', 1)[0]}.csv", f"no such source, in {row}", column="source_id", value=source)
        for row, cell in cells.dropna().items()
        for source in cited[cell]
    ]


def end_of_period(partial: pd.Series[Any], compiled: str) -> pd.Series[Any]:
    """Read dates that may be a day, a month or a year; a month or a year is known when it is over.

    Parameters
    ----------
    partial : pandas.Series of str
        ``YYYY-MM-DD``, ``YYYY-MM``, ``YYYY``, or missing.
    compiled : str
        Day the tables were compiled. What they cite was there on that day: it dates what has no date, and what is
        dated by a month or a year that had not ended.

    Returns
    -------
    pandas.Series
        datetime64, never missing: the day itself, the month's or the year's last day, or the day of compiling.
    """
    import pandas as pd

    text = partial.astype("str")
    full = text.where(text.str.len() != 4, text + "-12")
    month = full.str.len() == 7
    dates = pd.to_datetime(full.where(~month, full + "-01"), format="%Y-%m-%d")
    last = pd.Timestamp(compiled)
    ends = dates + pd.offsets.MonthEnd(0)
    return dates.where(~month, ends.where(ends < last, last)).fillna(last)


def mask(table: pd.DataFrame, rule: Mapping[str, Any], limit: pd.Timestamp, other: Tables) -> dict[str, pd.Series[Any]]:
    """Return the columns of a table with the values that were not yet known replaced.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows already known on the day.
    rule : mapping
        ``columns`` (what stands in each masked column: text, or null for missing), ``knownFrom`` (a rule), and
        perhaps ``only`` (the values of the column ``key`` to which the mask is confined).
    limit : pandas.Timestamp
        The day of knowledge.
    other : callable
        Gives another table of the same package by name.

    Returns
    -------
    dict of str to pandas.Series
        The masked columns.
    """
    known = _by_rule(rule["knownFrom"], table, other) <= limit
    if "only" in rule:
        known |= ~table[rule["key"]].isin(rule["only"])
    # The table itself is left alone, so that one mask never hides the dates another needs.
    return {
        column: table[column].where(known) if value is None else table[column].where(known, value)
        for column, value in rule["columns"].items()
    }
