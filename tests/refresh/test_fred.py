"""FRED: series into quarters and month-ends, at a day, and every bad answer."""

from __future__ import annotations

import json
import threading
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from helpers import tables
from helpers.refresh import RefreshError, fred
from helpers.refresh.http import Limits
from helpers.refresh.update import Refreshed
from tests.refresh import markets
from tests.refresh.conftest import Hands
from tests.refresh.servers import Reply, Server

KEY = "0123456789abcdef0123456789abcdef"
DAY, HELD = date(2026, 11, 23), date(2026, 10, 31)


@pytest.fixture(scope="module")
def base() -> dict[str, pd.DataFrame]:
    return {name: tables.load(name, vintage="shipped") for name in ("macro_us", "nasdaq_composite")}


@pytest.fixture
def refresh(
    server: Server, hands: Hands, tmp_path: Path, base: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> Any:
    monkeypatch.setenv(fred.URL_VARIABLE, server.url)

    def run(day: date = DAY, **limits: Any) -> Refreshed:
        client = fred.client(tmp_path / "cache", clock=hands.clock(), limits=Limits(retries=2, **limits))
        return fred.refresh(client, base, day=day, held=HELD, api_key=KEY)

    return run


def _table(found: Refreshed, name: str) -> pd.DataFrame:
    return next(update.rows for update in found.updates if update.table == name)


def test_series_give_back_the_shipped_quarters_and_month_ends(
    refresh: Any, server: Server, base: dict[str, pd.DataFrame]
) -> None:
    markets.serve_fred(server)
    found = refresh()
    macro = _table(found, "macro_us").set_index("quarter")
    shipped = base["macro_us"].assign(quarter=base["macro_us"]["quarter"].dt.strftime("%Y-%m-%d")).set_index("quarter")
    assert list(macro.index) == list(shipped.index)
    for column in ("gdp_nominal_bn", "cpi", "fed_funds", "software_bn", "cpi_last_month"):
        assert macro[column].to_numpy() == pytest.approx(shipped[column].to_numpy(), abs=0.0011), column
    nasdaq = _table(found, "nasdaq_composite").set_index("month_end")["close"]
    assert list(nasdaq[:-1]) == list(base["nasdaq_composite"]["close"])
    assert nasdaq.index[-1] == markets.NEW_MONTH_END  # November is not over
    assert found.problems == ()


def test_a_quarter_is_added_once_all_its_figures_are_out(refresh: Any, server: Server) -> None:
    new = markets.a_new_quarter()
    markets.serve_fred(server, new)
    row = _table(refresh(), "macro_us").iloc[-1]
    assert row["quarter"] == "2026-09-30"
    assert (row["cpi"], row["cpi_last_month"], row["fed_funds"]) == (334.5, 336.5, 3.537)
    assert (row["software_bn"], row["info_processing_equipment_bn"]) == (835.25, 815.25)
    assert row["source_id"].startswith("FRED-GDP-2026-11-23;FRED-A679RC1Q027SBEA-2026-11-23;")


@pytest.mark.parametrize("name", ["Y034RC1Q027SBEA", "CPIAUCSL", "FEDFUNDS"])
def test_a_quarter_with_a_figure_to_come_waits(refresh: Any, server: Server, name: str) -> None:
    new = markets.a_new_quarter()
    new[name] = {day: value for day, value in new[name].items() if day < "2026-07-01"} or {}
    if name != "Y034RC1Q027SBEA":
        new[name] = {"2026-07-01": 333.0, "2026-08-01": 334.0}  # September is not out
    markets.serve_fred(server, new)
    assert _table(refresh(), "macro_us")["quarter"].iloc[-1] == "2026-06-30"


def test_a_month_that_was_never_published_stays_missing_and_is_named(refresh: Any, server: Server) -> None:
    new = markets.a_new_quarter()
    new["CPIAUCSL"]["2026-08-01"] = None  # "." although September is out
    markets.serve_fred(server, new)
    row = _table(refresh(), "macro_us").iloc[-1]
    assert row["cpi"] == 334.75
    assert row["note"] == "CPI for August 2026 was not published: mean of the rest"
    last = markets.a_new_quarter()
    last["CPIAUCSL"] |= {"2026-09-01": None, "2026-10-01": 337.0}
    markets.serve_fred(server, last)
    # The last month of the quarter is a column of its own: without it there is no row.
    assert _table(refresh(date(2026, 11, 22)), "macro_us")["quarter"].iloc[-1] == "2026-06-30"


def test_the_real_time_period_ends_with_the_vintage(refresh: Any, server: Server) -> None:
    markets.serve_fred(server)
    refresh(date(2026, 11, 10))
    asked = {request.query["series_id"][0]: request.query for request in server.requests}
    assert {query["realtime_end"][0] for query in asked.values()} == {"2026-11-10"}
    assert asked["GDP"]["realtime_start"] == ["2026-10-31"]
    assert asked["NASDAQCOM"]["realtime_start"] == ["2026-11-10"]
    assert asked["GDP"]["api_key"] == [KEY]


def test_the_vintage_of_today_ends_with_the_day_of_fred(refresh: Any, server: Server, hands: Hands) -> None:
    """East of St. Louis the calendar may be ahead, and FRED refuses a period that ends after its today."""
    hands.seconds = -10 * 3600.0  # 02:00 in London, 20:00 of the day before in St. Louis
    markets.serve_fred(server)
    refresh()
    assert {request.query["realtime_end"][0] for request in server.requests} == {"2026-11-22"}


def test_of_several_states_the_last_stands_with_its_own_date(refresh: Any, server: Server) -> None:
    whole = markets.document(markets.series()["GDP"])
    old = next(one for one in whole["observations"] if one["date"] == "2026-04-01")
    old["realtime_end"] = "2026-11-19"
    new = {"realtime_start": "2026-11-20", "realtime_end": "2026-11-23", "date": "2026-04-01", "value": "32555.5"}
    whole["observations"].append(new)
    whole["count"] += 1
    markets.serve_fred(server, GDP=whole)
    found = refresh()
    update = next(update for update in found.updates if update.table == "macro_us")
    assert update.rows.iloc[-1]["gdp_nominal_bn"] == 32555.5
    assert update.known is not None
    assert update.known.iloc[-1]["gdp_nominal_bn"] == "2026-11-20"
    assert update.known.iloc[-2]["gdp_nominal_bn"] == "2026-10-31"
    assert update.policy == "revise"


def test_highs_and_lows_among_the_closes_are_flagged_and_not_taken(refresh: Any, server: Server) -> None:
    markets.serve_fred(server, {"NASDAQCOM": {"2003-05-30": 1620.0, "2004-08-31": 1800.0}})
    found = refresh()
    [problem] = found.problems
    assert "2 month-ends of FRED's NASDAQCOM differ" in problem
    assert "2 of them between 2003-01 and 2004-08" in problem
    assert problem.endswith("the table's stand: 2003-05-30, 2004-08-31")
    update = next(update for update in found.updates if update.table == "nasdaq_composite")
    assert update.policy == "hold"
    assert markets.NEW_MONTH_END in set(update.rows["month_end"])


def test_a_recent_month_end_that_differs_stops_the_series(refresh: Any, server: Server) -> None:
    markets.serve_fred(server, {"NASDAQCOM": {"2026-08-31": 26000.0}})
    found = refresh()
    assert "no month was added" in found.problems[-1]
    assert markets.NEW_MONTH_END not in set(_table(found, "nasdaq_composite")["month_end"])


def test_another_last_trading_day_is_named(refresh: Any, server: Server) -> None:
    markets.serve_fred(server, {"NASDAQCOM": {"2026-07-31": None, "2026-07-30": 25373.85}})
    found = refresh()
    assert found.problems == (
        "nasdaq_composite: FRED's last close of 2026-07 is of 2026-07-30, the table's of 2026-07-31; "
        "the table's stands",
    )


def _half(values: dict[str, Any]) -> dict[str, Any]:
    """Announce all observations and send half of them."""
    whole = markets.document(values)
    return whole | {"observations": whole["observations"][: len(values) // 2]}


GDP = markets.series()["GDP"]
WHOLE = json.dumps(markets.document(GDP)).encode()
BAD: dict[str, tuple[Any, str]] = {
    "cut short": (WHOLE[: len(WHOLE) // 2], "broken JSON"),
    "a web page": (b"<html>Maintenance</html>", "a web page instead of JSON"),
    "half of what it announces": (_half(GDP), "half an answer: 83 of 166 observations"),
    "years that are missing": (
        markets.document({day: value for day, value in GDP.items() if day < "2020"}),
        "half an answer on GDP: it ends with 2019-10-01, the table has 2026-04-01 already",
    ),
    "another form": (
        {"observations": [{"day": "2026-01-01"}], "count": 1, "units": "lin"},
        "not in the documented form",
    ),
    "a list": ([], "not in the documented form"),
    "changes instead of levels": (markets.document(GDP, units="pch"), "in units 'pch' instead of levels"),
    "text for a figure": (markets.document(GDP | {"2026-04-01": float("nan")}), "not in the documented form"),
    "no figure at all": (markets.document(dict.fromkeys(GDP)), "without a single figure"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_answer_is_refused_in_one_line(refresh: Any, server: Server, tmp_path: Path, case: str) -> None:
    answer, said = BAD[case]
    markets.serve_fred(server, GDP=answer)
    with pytest.raises(RefreshError) as caught:
        refresh()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_bad_answer_is_not_kept(refresh: Any, server: Server) -> None:
    markets.serve_fred(server, GDP=_half(GDP))
    with pytest.raises(RefreshError):
        refresh()
    markets.serve_fred(server)
    assert len(_table(refresh(), "macro_us")) == 166


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_asked_again_and_then_told(refresh: Any, server: Server, hands: Hands, status: int) -> None:
    markets.serve_fred(server)
    path = f"{markets.FRED}?GDP"
    good = server.replies[path][0]
    server.answers(path, Reply(b"busy", status), good)
    assert len(_table(refresh(), "macro_us")) == 166
    server.answers(path, Reply(b"busy", status))
    with pytest.raises(RefreshError, match=rf"FRED: answers {status} 'busy'"):
        refresh(date(2026, 11, 22))
    assert max(hands.sleeps) >= 2.0


def test_a_refused_key_is_not_asked_twice_and_not_shown(refresh: Any, server: Server) -> None:
    told = {
        "error_code": 400,
        "error_message": f"Bad Request.  The value for variable api_key {KEY} is not registered.",
    }
    markets.serve_fred(server)
    server.answers(f"{markets.FRED}?GDP", Reply(json.dumps(told).encode(), 400))
    with pytest.raises(RefreshError, match=r"check \$FRED_API_KEY") as caught:
        refresh()
    assert KEY not in str(caught.value)
    assert len(server.requests) == 1


def test_a_slow_drip_ends(refresh: Any, server: Server) -> None:
    markets.serve_fred(server)
    end = threading.Event()
    server.answers(f"{markets.FRED}?GDP", Reply(b"{}", drip=end))
    with pytest.raises(RefreshError, match=r"no complete answer within 0\.3 seconds"):
        refresh(deadline=0.3)
    end.set()


def test_nothing_listens(refresh: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hands: Hands) -> None:
    monkeypatch.setenv(fred.URL_VARIABLE, "http://127.0.0.1:9")
    with pytest.raises(RefreshError, match=r"FRED: no answer: .*check the network and try again"):
        refresh()


def test_the_key_comes_from_the_environment_and_stays_out_of_files(
    refresh: Any, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(fred.KEY_VARIABLE, raising=False)
    with pytest.raises(RefreshError, match=r"\$FRED_API_KEY is not set"):
        fred.key()
    monkeypatch.setenv(fred.KEY_VARIABLE, f" {KEY} ")
    assert fred.key() == KEY
    markets.serve_fred(server)
    refresh()
    kept = list((tmp_path / "cache").iterdir())
    assert len(kept) == 2 * 6
    assert not [path for path in kept if KEY.encode() in path.read_bytes() or KEY in path.name]
    refresh()
    assert len(server.requests) == 6  # the second time nobody was asked


def test_an_observation_that_fred_took_back_is_no_figure(refresh: Any, server: Server) -> None:
    whole = markets.document(markets.series()["GDP"])
    whole["observations"][-2]["realtime_end"] = "2026-11-19"
    markets.serve_fred(server, GDP=whole)
    row = _table(refresh(), "macro_us").set_index("quarter").loc["2026-03-31"]
    assert pd.isna(row["gdp_nominal_bn"])
    assert row["cpi"] == 328.114
