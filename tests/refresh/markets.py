"""Answers in the forms of FRED and Yahoo, made from the shipped tables.

Nothing differs from the tables unless a test says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import pandas as pd

from helpers import tables
from helpers.refresh import yahoo_tables
from tests.refresh.servers import Reply, Server

FRED = "/api.stlouisfed.org/fred/series/observations"
YAHOO = "/query2.finance.yahoo.com/v8/finance/chart/"
#: The day of the vintages in these tests, and a trading day of that month.
DAY, TODAY = "2026-11-23", "2026-11-20"
#: Month-ends the shipped tables do not have yet.
NEW_MONTH_END = "2026-10-30"

Values = dict[str, float | None]


@cache
def _shipped(name: str) -> pd.DataFrame:
    return tables.load(name)


def series() -> dict[str, Values]:
    """Return FRED's series by name, value by date, that give back `macro_us` and `nasdaq_composite` as shipped."""
    macro = _shipped("macro_us")
    firsts = [day.replace(day=1) - pd.DateOffset(months=2) for day in macro["quarter"]]
    months = [[first + pd.DateOffset(months=step) for step in range(3)] for first in firsts]

    def quarterly(column: str) -> Values:
        return {str(first.date()): value for first, value in zip(firsts, macro[column], strict=True)}

    prices: Values = {}
    funds: Values = {}
    for three, cpi, last, rate in zip(months, macro["cpi"], macro["cpi_last_month"], macro["fed_funds"], strict=True):
        early = (3 * cpi - last) / 2
        prices |= {str(day.date()): value for day, value in zip(three, (early, early, last), strict=True)}
        funds |= {str(day.date()): rate for day in three}
    # As in truth: the month was never published, and the mean of its quarter is of the other two.
    prices |= {"2025-10-01": None, "2025-11-01": 2 * 325.547 - 326.031}
    nasdaq = _shipped("nasdaq_composite")
    closes: Values = {str(day.date()): close for day, close in zip(nasdaq["month_end"], nasdaq["close"], strict=True)}
    return {
        "GDP": quarterly("gdp_nominal_bn"),
        "A679RC1Q027SBEA": quarterly("private_investment_info_processing_software_bn"),
        "Y034RC1Q027SBEA": quarterly("info_processing_equipment_bn"),
        "CPIAUCSL": prices,
        "FEDFUNDS": funds,
        "NASDAQCOM": closes | {NEW_MONTH_END: 27000.0, TODAY: 27100.0},
    }


def a_new_quarter() -> dict[str, Values]:
    """Return what the series have besides when the third quarter of 2026 is out."""
    months = ("2026-07-01", "2026-08-01", "2026-09-01")
    return {
        "GDP": {months[0]: 32900.123},
        "A679RC1Q027SBEA": {months[0]: 1650.5},
        "Y034RC1Q027SBEA": {months[0]: 815.25},
        "CPIAUCSL": dict(zip(months, (333.0, 334.0, 336.5), strict=True)),
        "FEDFUNDS": dict(zip(months, (3.63, 3.6, 3.38), strict=True)),
    }


def document(values: Values, *, start: str = "2026-10-31", end: str = DAY, **entries: Any) -> dict[str, Any]:
    """Return what FRED answers for a series; `entries` replaces parts of it."""
    listed = [
        {"realtime_start": start, "realtime_end": end, "date": day, "value": "." if value is None else repr(value)}
        for day, value in sorted(values.items())
    ]
    return {
        "realtime_start": start,
        "realtime_end": end,
        "observation_start": "1971-02-01",
        "observation_end": "9999-12-31",
        "units": "lin",
        "output_type": 1,
        "file_type": "json",
        "order_by": "observation_date",
        "sort_order": "asc",
        "count": len(listed),
        "offset": 0,
        "limit": 100000,
        "observations": listed,
    } | entries


def serve_fred(server: Server, changed: Mapping[str, Values] | None = None, **documents: Any) -> None:
    """Let a server answer as FRED.

    `changed` adds or replaces values by series; `documents` gives a whole answer for a series, a dict or bytes.
    """
    for name, values in series().items():
        answer = documents.get(name, document(values | (changed or {}).get(name, {})))
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        server.answers(f"{FRED}?{name}", Reply(body))


def prices(ticker: str) -> pd.Series[float]:
    """Return daily closes of a firm as Yahoo would have them: the table's month-ends, a new one, and this month."""
    closes = yahoo_tables.series(_shipped("stock_prices"), ticker)
    last = float(closes.iloc[-1])
    new = pd.Series([last * 1.1, last * 1.2], index=pd.to_datetime([NEW_MONTH_END, TODAY]))
    return pd.concat([closes, new])


def chart(
    ticker: str, closes: pd.Series[float], *, currency: str = "USD", splits: Iterable[Any] = ()
) -> dict[str, Any]:
    """Return what Yahoo's chart answers: closes by trading day, and splits as (day, new shares for one)."""
    opened = pd.DatetimeIndex(closes.index).tz_localize("America/New_York") + pd.Timedelta(hours=9, minutes=30)
    values = [float(close) for close in closes]
    meta = {
        "currency": currency,
        "symbol": ticker,
        "exchangeName": "NMS",
        "instrumentType": "EQUITY",
        "gmtoffset": -18000,
        "timezone": "EST",
        "exchangeTimezoneName": "America/New_York",
        "priceHint": 2,
        "dataGranularity": "1d",
        "range": "",
        "validRanges": ["1d", "5d", "1mo", "max"],
    }
    events = {}
    for day, new in splits:
        moment = int(
            (pd.Timestamp(day).tz_localize("America/New_York") + pd.Timedelta(hours=9, minutes=30)).timestamp()
        )
        split = {"date": moment, "numerator": float(new), "denominator": 1.0, "splitRatio": f"{new}:1"}
        events[str(moment)] = split
    quote = dict.fromkeys(("open", "high", "low", "close"), values) | {"volume": [1000] * len(values)}
    result = {
        "meta": meta,
        "timestamp": [int(moment.timestamp()) for moment in opened],
        "events": {"splits": events} if events else {},
        "indicators": {"quote": [quote], "adjclose": [{"adjclose": values}]},
    }
    return {"chart": {"result": [result], "error": None}}


def serve_yahoo(server: Server, changed: Mapping[str, Reply | dict[str, Any]] | None = None) -> None:
    """Let a server answer as Yahoo; `changed` gives another chart, or a whole reply, for a firm."""
    server.answers("/fc.yahoo.com", Reply(b"", headers={"Set-Cookie": "A3=x; Domain=127.0.0.1; Path=/"}))
    server.answers("/query1.finance.yahoo.com/v1/test/getcrumb", Reply(b"crumb"))
    for ticker in yahoo_tables.running(_shipped("stock_prices")):
        answer = (changed or {}).get(ticker, chart(ticker, prices(ticker)))
        reply = answer if isinstance(answer, Reply) else Reply(json.dumps(answer).encode())
        server.answers(f"{YAHOO}{ticker}", reply)
