"""Yahoo by yfinance: month-ends checked against the table, and every bad answer."""

from __future__ import annotations

import json
import threading
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yfinance

from helpers import tables
from helpers.refresh import RefreshError, yahoo, yahoo_tables
from helpers.refresh.http import Limits
from helpers.refresh.update import Refreshed
from tests.refresh import markets
from tests.refresh.conftest import Hands
from tests.refresh.servers import Reply, Server

DAY = date(2026, 11, 23)
SHORT = Limits(timeout=5.0, retries=1)


@pytest.fixture(scope="module")
def shipped() -> pd.DataFrame:
    return tables.load("stock_prices", vintage="shipped")


@pytest.fixture
def base(shipped: pd.DataFrame) -> pd.DataFrame:
    """Two firms are enough for what is not about the list of firms: one of both booms, one of the newer."""
    return shipped[shipped["ticker"].isin(["AMZN", "CRWV"])]


@pytest.fixture
def refresh(server: Server, hands: Hands, tmp_path: Path, base: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv(yahoo.URL_VARIABLE, server.url)

    def run(**options: Any) -> Refreshed:
        given = {"cache": tmp_path / "cache", "day": DAY, "clock": hands.clock(), "limits": SHORT}
        return yahoo.refresh(base, **(given | options))

    return run


def _rows(found: Refreshed, ticker: str) -> pd.Series[float]:
    [update] = [one for one in found.updates if ticker in set(one.rows["ticker"])]
    mine = update.rows[update.rows["ticker"] == ticker]
    closes: pd.Series[float] = mine.set_index("month_end")["close_adj"]
    return closes


def _firms(found: Refreshed) -> set[str]:
    return {ticker for update in found.updates for ticker in update.rows["ticker"]}


def test_month_ends_come_back_and_one_is_new(refresh: Any, server: Server, base: pd.DataFrame) -> None:
    markets.serve_yahoo(server)
    found = refresh()
    closes = _rows(found, "AMZN")
    table = yahoo_tables.series(base, "AMZN")
    assert list(closes.index[:-1]) == [f"{day:%Y-%m-%d}" for day in table.index]
    assert closes.to_numpy()[:-1] == pytest.approx(table.to_numpy(), rel=1e-5)
    assert closes.index[-1] == markets.NEW_MONTH_END  # November is not over
    assert [update.policy for update in found.updates] == ["hold"]
    assert list(found.sources["source_id"]) == ["yahoo_2026-11-23"]
    assert found.problems == ()


def test_only_running_series_are_asked_for(shipped: pd.DataFrame) -> None:
    """INTC, QCOM, SUNW, JDSU and YHOO ended with the first boom."""
    running = yahoo_tables.running(shipped)
    assert set(running) == {"AMZN", "AVGO", "CRWV", "CSCO", "GOOGL", "META", "MSFT", "NVDA", "ORCL", "PLTR"}
    assert str(yahoo_tables.series(shipped, "CSCO").index[0].date()) == "2019-01-31"


def test_closes_are_split_adjusted_and_not_dividend_adjusted(refresh: Any, server: Server) -> None:
    """The adjusted close is another column, and it must not be the one that is taken."""
    answer = markets.chart("AMZN", markets.prices("AMZN"))
    quote = answer["chart"]["result"][0]["indicators"]
    quote["adjclose"][0]["adjclose"] = [close * 0.9 for close in quote["quote"][0]["close"]]
    markets.serve_yahoo(server, {"AMZN": answer})
    found = refresh()
    assert found.problems == ()
    assert "AMZN" in _firms(found)


def test_the_request_is_for_days_with_an_end(refresh: Any, server: Server) -> None:
    markets.serve_yahoo(server)
    refresh(since=date(2024, 3, 1))
    asked = [request.query for request in server.requests if request.path == f"{markets.YAHOO}AMZN"][-1]
    assert asked["interval"] == ["1d"]
    assert pd.Timestamp(int(asked["period1"][0]), unit="s", tz="UTC").tz_convert("America/New_York").isoformat() == (
        "2024-03-01T00:00:00-05:00"
    )
    assert pd.Timestamp(int(asked["period2"][0]), unit="s", tz="UTC").tz_convert("America/New_York").isoformat() == (
        "2026-11-24T00:00:00-05:00"
    )


def test_what_was_received_is_kept_and_not_asked_for_again(
    refresh: Any, server: Server, tmp_path: Path, hands: Hands
) -> None:
    markets.serve_yahoo(server)
    first = refresh()
    asked = server.asked(f"{markets.YAHOO}AMZN")
    second = refresh()
    assert server.asked(f"{markets.YAHOO}AMZN") == asked
    assert _rows(second, "AMZN").equals(_rows(first, "AMZN"))
    bodies = [path.read_bytes() for path in (tmp_path / "cache").glob("*.body")]
    assert server.replies[f"{markets.YAHOO}AMZN"][0].body in bodies
    assert not any("crumb" in path.name for path in (tmp_path / "cache").iterdir())
    hands.seconds += 13 * 3600
    refresh()
    assert server.asked(f"{markets.YAHOO}AMZN") > asked


def test_an_unexplained_factor_stops_the_firm_and_names_the_day(refresh: Any, server: Server) -> None:
    closes = markets.prices("AMZN")
    closes[closes.index >= "2025-06-01"] *= 1.006
    markets.serve_yahoo(server, {"AMZN": markets.chart("AMZN", closes)})
    found = refresh()
    assert _firms(found) == {"CRWV"}
    [problem] = found.problems
    assert problem == (
        "stock_prices: AMZN was not updated: on 2025-06-30 Yahoo's close is 1.006 times the table's, and 16 of 93 "
        "month-ends differ by more than 0.5%"
    )


def test_a_factor_within_the_tolerance_goes_through(refresh: Any, server: Server) -> None:
    markets.serve_yahoo(server, {"AMZN": markets.chart("AMZN", markets.prices("AMZN") * 1.004)})
    assert "AMZN" in _firms(refresh())


def test_a_split_stops_the_firm_and_says_how_to_go_on(refresh: Any, server: Server) -> None:
    split = markets.chart("AMZN", markets.prices("AMZN") / 20, splits=[(markets.TODAY, 20)])
    markets.serve_yahoo(server, {"AMZN": split})
    found = refresh()
    assert _firms(found) == {"CRWV"}
    assert "on 2019-01-31 Yahoo's close is 0.05 times the table's, and 93 of 93 month-ends" in found.problems[0]
    assert "Yahoo reports a split of 20 for 1 on 2026-11-20, which explains it: `--split AMZN`" in found.problems[0]


def test_a_confirmed_split_rescales_the_whole_series(refresh: Any, server: Server, base: pd.DataFrame) -> None:
    split = markets.chart("AMZN", markets.prices("AMZN") / 20, splits=[(markets.TODAY, 20)])
    markets.serve_yahoo(server, {"AMZN": split})
    found = refresh(splits_confirmed=("AMZN",))
    [update] = [one for one in found.updates if one.policy == "revise"]
    rows = update.rows.set_index("month_end")
    table = base[base["ticker"] == "AMZN"]
    assert len(rows) == len(table) + 1
    before = dict(zip(table["month_end"].dt.strftime("%Y-%m-%d"), table["close_adj"], strict=True))
    for day, close in before.items():
        assert rows.loc[day, "close_adj"] == pytest.approx(close / 20, rel=1e-5)
    # The years between the two booms were not asked for: what is older was divided here.
    assert rows.loc["1997-05-30", "status"] == "derived"
    assert rows.loc["1997-05-30", "source_id"] == "yahoo_2020_12;yahoo_2026-11-23"
    assert rows.loc["2019-01-31", "status"] == "sourced"


def test_a_confirmed_split_that_does_not_explain_the_closes_is_refused(refresh: Any, server: Server) -> None:
    split = markets.chart("AMZN", markets.prices("AMZN") / 10, splits=[(markets.TODAY, 20)])
    markets.serve_yahoo(server, {"AMZN": split})
    found = refresh(splits_confirmed=("AMZN",))
    assert _firms(found) == {"CRWV"}
    assert "--split" not in found.problems[0]


def test_closes_in_another_currency_are_refused(refresh: Any, server: Server) -> None:
    markets.serve_yahoo(server, {"AMZN": markets.chart("AMZN", markets.prices("AMZN"), currency="EUR")})
    found = refresh()
    assert _firms(found) == {"CRWV"}
    assert found.problems == ("stock_prices: AMZN was not updated: Yahoo's closes are in EUR, not USD",)


def test_another_last_trading_day_keeps_the_row_of_the_table(refresh: Any, server: Server) -> None:
    closes = markets.prices("CRWV").rename({pd.Timestamp("2026-07-31"): pd.Timestamp("2026-07-30")})
    markets.serve_yahoo(server, {"CRWV": markets.chart("CRWV", closes)})
    found = refresh()
    assert "2026-07-30" not in _rows(found, "CRWV").index
    assert "last trading day of 2026-07 is 2026-07-30, the table's is 2026-07-31" in found.problems[0]


def test_a_new_firm_is_taken_and_said_to_be_unchecked(refresh: Any, server: Server) -> None:
    markets.serve_yahoo(server)
    days = pd.bdate_range("2026-01-02", "2026-11-20")
    answer = markets.chart("TEST", pd.Series(range(1, len(days) + 1), index=days, dtype="float64"))
    server.answers(f"{markets.YAHOO}TEST", Reply(json.dumps(answer).encode()))
    found = refresh(tickers=("TEST",))
    assert len(_rows(found, "TEST")) == 10
    assert found.problems == ("stock_prices: TEST is new: there is no row to check its closes against",)


@pytest.mark.parametrize("gone", ["2026-08", "2026-09"], ids=["a month in between", "the last month of the table"])
def test_half_an_answer_is_no_answer(refresh: Any, server: Server, gone: str) -> None:
    closes = markets.prices("AMZN")
    if gone == "2026-09":
        closes = closes[closes.index < "2026-09-01"]
        first = "2026-08"  # without a later day nobody knows whether August is over
    else:
        closes = closes[closes.index.strftime("%Y-%m") != gone]
        first = gone
    markets.serve_yahoo(server, {"AMZN": markets.chart("AMZN", closes)})
    with pytest.raises(RefreshError, match=rf"Yahoo: half an answer on AMZN: \d months are missing, the first {first}"):
        refresh()


WHOLE = json.dumps(markets.chart("AMZN", markets.prices("AMZN"))).encode()
NOT_FOUND = (
    b'{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}'
)
BAD = {
    "cut short": (Reply(WHOLE[: len(WHOLE) // 2]), "broken JSON"),
    "a web page": (Reply(b"<!DOCTYPE html><html>Will be right back</html>"), "a web page instead of JSON"),
    "another form": (Reply(b'{"quotes": []}'), "has not the form of a chart"),
    "an unknown firm": (Reply(NOT_FOUND, 404), "answers 404 'No data found, symbol may be delisted'"),
    "refused": (Reply(b"Forbidden", 403), "answers 403"),
    "too many": (Reply(b"Too Many Requests\r\n", 429), "answers 429"),
    "broken": (Reply(b"oops", 500), "answers 500"),
    "hung up": (Reply(WHOLE, missing=1000), "no answer"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_answer_is_told_in_one_line(refresh: Any, server: Server, case: str) -> None:
    reply, said = BAD[case]
    markets.serve_yahoo(server, {"AMZN": reply})
    with pytest.raises(RefreshError) as caught:
        refresh()
    assert said in str(caught.value)
    assert "AMZN" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_prices_that_are_missing_in_a_chart_are_told(refresh: Any, server: Server) -> None:
    """yfinance would hide this one behind an empty frame."""
    answer = markets.chart("AMZN", markets.prices("AMZN"))
    answer["chart"]["result"][0]["indicators"]["quote"] = [{}]
    markets.serve_yahoo(server, {"AMZN": answer})
    with pytest.raises(RefreshError, match="yfinance cannot read the answer"):
        refresh()


@pytest.mark.parametrize("status", [429, 500])
def test_what_may_pass_is_asked_again(refresh: Any, server: Server, hands: Hands, status: int) -> None:
    markets.serve_yahoo(server)
    path = f"{markets.YAHOO}AMZN"
    server.answers(path, Reply(b"busy", status), server.replies[path][0])
    assert "AMZN" in _firms(refresh())
    assert max(hands.sleeps) >= 1.0


def test_requests_are_spaced_by_a_second(refresh: Any, server: Server, hands: Hands) -> None:
    markets.serve_yahoo(server)
    refresh()
    assert hands.seconds >= len(server.requests) - 1


def test_a_slow_drip_ends(refresh: Any, server: Server) -> None:
    end = threading.Event()
    markets.serve_yahoo(server, {"AMZN": Reply(b"{}", drip=end)})
    with pytest.raises(RefreshError, match="no answer"):
        refresh(limits=Limits(timeout=0.4, retries=0))
    end.set()


def test_nothing_listens(refresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(yahoo.URL_VARIABLE, "http://127.0.0.1:9")
    with pytest.raises(RefreshError, match=r"Yahoo: no answer: .*check the network and try again"):
        refresh()


def test_settings_of_yfinance_are_put_back(refresh: Any, server: Server) -> None:
    before = (yfinance.config.debug.hide_exceptions, yfinance.config.network.retries)
    markets.serve_yahoo(server, {"AMZN": Reply(b"oops", 403)})
    with pytest.raises(RefreshError):
        refresh()
    assert (yfinance.config.debug.hide_exceptions, yfinance.config.network.retries) == before


def test_no_request_went_anywhere_but_the_local_server(refresh: Any, server: Server, monkeypatch: Any) -> None:
    """curl does not use Python's sockets, so pytest-socket cannot see it: the session itself is asked."""
    from curl_cffi import requests

    asked: list[str] = []
    original = requests.Session.request

    def watched(self: Any, method: Any, url: str, *rest: Any, **options: Any) -> Any:
        asked.append(url)
        return original(self, method, url, *rest, **options)

    monkeypatch.setattr(requests.Session, "request", watched)
    markets.serve_yahoo(server)
    refresh()
    assert asked
    assert all(url.startswith(f"{server.url}/") for url in asked)
