"""The whole refresh, through the command line, against local servers: all or nothing, the difference first."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from helpers import cli, tables
from helpers.refresh import fred, gather, vintage, yahoo, yahoo_session
from helpers.refresh.errors import RefreshError
from helpers.tables import check, vintages
from tests.refresh import made, markets
from tests.refresh.filings import Filer, from_table, tickers
from tests.refresh.servers import Reply, Server

NAME = markets.DAY
LIST = "/www.sec.gov/files/company_tickers.json"


@pytest.fixture
def data(tmp_path: Path, root: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the data folder that the command line works on, with local servers for sources."""
    copy = tmp_path / "data"
    copy.mkdir()
    made.small_package(root, copy)
    monkeypatch.setenv("WHO_PAYS_DATA", str(copy))
    monkeypatch.delenv(vintages.VARIABLE, raising=False)
    for variable in (fred.URL_VARIABLE, yahoo.URL_VARIABLE, gather.EDGAR_URL_VARIABLE):
        monkeypatch.setenv(variable, server.url)
    monkeypatch.setenv(fred.KEY_VARIABLE, "k" * 32)
    monkeypatch.setenv("WHO_PAYS_CONTACT", "Jane Doe jane@example.org")
    # Local servers need no patience.
    monkeypatch.setattr(fred, "_PER_SECOND", 1e6)
    monkeypatch.setattr(yahoo_session, "_PER_SECOND", 1e6)
    return copy


@pytest.fixture
def refresh(data: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: str, command: str = "refresh", day: str | None = NAME) -> tuple[int, str, str]:
        dated = ["--date", day] if command == "refresh" and day else []
        code = cli.main([command, *arguments, *dated])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def _files(folder: Path) -> dict[str, bytes]:
    """Return everything a reader could meet: all files but the lock and what was received."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".cache" not in path.parts and path.name != ".lock"
    }


def test_a_refresh_shows_the_difference_writes_and_waits_to_be_accepted(
    refresh: Any, data: Path, server: Server
) -> None:
    shipped = _files(data)
    new = markets.a_new_quarter()
    new["GDP"]["2026-04-01"] = 32500.5
    markets.serve_fred(server, new)
    code, out, err = refresh("fred")
    assert (code, err) == (0, "")
    assert "macro_us              1        1        165     0        0             0   167" in out
    assert "macro_us/2026-06-30 gdp_nominal_bn: 32486.066 → 32500.5 (+14.434, +0.04%)" in out
    assert f"not accepted yet: `python -m helpers vintages --accept {NAME}`" in out
    assert {name: content for name, content in _files(data).items() if not name.startswith("live/")} == shipped
    assert float(tables.load("macro_us", vintage=NAME)["gdp_nominal_bn"].iloc[-1]) == 32900.123
    with pytest.raises(tables.VintageError, match="no vintage has been accepted"):
        tables.load("macro_us", vintage="live")


def test_accept_and_go_back(refresh: Any, data: Path, server: Server) -> None:
    markets.serve_fred(server, markets.a_new_quarter())
    assert refresh("fred", "--accept")[0] == 0
    assert len(tables.load("macro_us", vintage="live")) == 167
    code, out, _ = refresh(command="vintages")
    assert code == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "shipped - 4,336 - 2026-09-30 (stock_prices) - -" in lines
    assert f"* {NAME} shipped 4,344 - 2026-10-30 (nasdaq_composite) macro_us, nasdaq_composite -" in lines
    assert refresh("--accept", "shipped", command="vintages")[:2] == (0, f"`live` was {NAME}, and is shipped now\n")
    with pytest.raises(tables.VintageError, match="no vintage has been accepted"):
        tables.load("macro_us", vintage="live")
    assert refresh("--accept", NAME, command="vintages")[0] == 0
    assert len(tables.load("macro_us", vintage="live")) == 167
    code, _, err = refresh("--accept", "1999-01-01", command="vintages")
    assert (code, err) == (1, f"error: no vintage '1999-01-01'; there are shipped, {NAME}\n")
    assert vintages.accepted(data) == NAME


def test_the_list_shows_the_largest_revision(refresh: Any, data: Path, server: Server) -> None:
    markets.serve_fred(server, {"GDP": {"2026-04-01": 32500.5, "2026-01-01": 35000.0}})
    refresh("fred", "--accept")
    _, out, _ = refresh(command="vintages")
    assert "macro_us, nasdaq_composite  +9.84% macro_us/2026-03-31 gdp_nominal_bn" in out
    assert out.endswith(f"* `live` stands for {NAME}\n")


def test_a_trial_writes_nothing(refresh: Any, data: Path, server: Server) -> None:
    markets.serve_fred(server, markets.a_new_quarter())
    before = _files(data)
    code, out, _ = refresh("fred", "--dry-run", "--accept")
    assert code == 0
    assert "nothing was written (--dry-run)" in out
    assert _files(data) == before


def test_nothing_that_fred_sent_is_kept_beside_the_tables(refresh: Any, data: Path, server: Server) -> None:
    markets.serve_fred(server, markets.a_new_quarter())
    assert refresh("fred")[0] == 0
    assert not (data / "live" / ".cache").exists()
    assert not [path for path in data.rglob("*") if path.is_file() and b"realtime_start" in path.read_bytes()]


def test_no_news_makes_no_vintage(refresh: Any, data: Path, server: Server) -> None:
    markets.serve_fred(server, {"NASDAQCOM": {markets.NEW_MONTH_END: None, markets.TODAY: None}})
    before = _files(data)
    code, out, _ = refresh("fred", "--accept")
    assert code == 0
    assert "nothing is new: no vintage was written" in out
    assert _files(data) == before


def test_a_second_refresh_builds_on_the_accepted_vintage_and_never_over_it(
    refresh: Any, data: Path, server: Server
) -> None:
    markets.serve_yahoo(server)
    assert refresh("yahoo", "--accept")[0] == 0
    first = _files(data / "live" / NAME)
    markets.serve_fred(server, markets.a_new_quarter())
    code, out, _ = refresh("fred", "--accept")
    assert code == 0
    assert f"vintage {NAME}-2, from {NAME} ({NAME})" in out
    assert _files(data / "live" / NAME) == first
    both = data / "live" / f"{NAME}-2"
    told = json.loads((both / "datapackage.json").read_text())
    assert told["vintage"]["refreshed"] == ["macro_us", "nasdaq_composite", "stock_prices"]
    described = {one["name"]: one["vintage"] for one in told["resources"]}
    assert described["stock_prices"] == {"name": f"{NAME}-2", "state": "carried over", "from": NAME}
    assert described["claims"]["from"] == "shipped"
    states = tables.load("row_states", vintage="live").groupby("table", observed=True)["vintage"].unique()
    assert list(states["stock_prices"]) == [NAME]
    assert list(states["macro_us"]) == [f"{NAME}-2"]
    assert len(tables.load("stock_prices", vintage="live")) == 1872 + 10


def test_rows_that_the_source_lacks_stay_and_are_marked(refresh: Any, data: Path, server: Server) -> None:
    markets.serve_fred(server, {"NASDAQCOM": {"1999-03-31": None}})
    code, out, _ = refresh("fred", "--accept")
    assert code == 0
    assert (
        "removed: nothing; carried over although the source does not have it: 1 row\n  nasdaq_composite/1999-03-31"
        in out
    )
    states = tables.load("row_states", vintage="live").set_index("row")["state"]
    assert states["nasdaq_composite/1999-03-31"] == "missing"
    assert float(tables.load("nasdaq_composite", vintage="live").loc["nasdaq_composite/1999-03-31", "close"]) == 2461.4


def test_problems_are_told_and_kept_in_the_descriptor(refresh: Any, data: Path, server: Server) -> None:
    markets.serve_yahoo(server, {"AMZN": markets.chart("AMZN", markets.prices("AMZN"), currency="EUR")})
    code, out, _ = refresh("yahoo")
    assert code == 0
    assert "problems (1):\n  stock_prices: AMZN was not updated: Yahoo's closes are in EUR, not USD" in out
    told = json.loads((data / "live" / NAME / "datapackage.json").read_text())["vintage"]
    assert told["problems"] == ["stock_prices: AMZN was not updated: Yahoo's closes are in EUR, not USD"]
    assert told["sources"] == ["yahoo"]


def test_where_every_firm_is_refused_nothing_is_written(refresh: Any, data: Path, server: Server) -> None:
    running = ("AMZN", "AVGO", "CRWV", "CSCO", "GOOGL", "META", "MSFT", "NVDA", "ORCL", "PLTR")
    charts = {ticker: markets.chart(ticker, markets.prices(ticker), currency="EUR") for ticker in running}
    markets.serve_yahoo(server, charts)
    code, out, err = refresh("yahoo", "--accept")
    assert (code, err) == (0, "")
    assert "no table was touched" in out
    assert "problems (10):" in out
    assert "nothing is new: no vintage was written" in out
    assert vintages.names(data) == []


def test_a_firm_the_table_does_not_have_widens_it(refresh: Any, data: Path, server: Server) -> None:
    markets.serve_yahoo(server)
    closes = markets.prices("MSFT")
    server.answers(f"{markets.YAHOO}TEST", Reply(json.dumps(markets.chart("TEST", closes)).encode()))
    assert refresh("yahoo", "--ticker", "test", "--accept")[0] == 0
    table = tables.load("stock_prices", vintage="live")
    assert (table["ticker"] == "TEST").sum() == 94
    assert tables.grades(["stock_prices/TEST/2026-09-30"], vintage="live")


def test_a_new_quarter_has_no_figure_before_that_figure_was_out(refresh: Any, data: Path, server: Server) -> None:
    """The quarter's row counts from 30 October; its GDP came out, in a later estimate, on 20 November."""
    new = markets.a_new_quarter()
    states = markets.document(markets.series()["GDP"] | new["GDP"])
    [late] = [one for one in states["observations"] if one["date"] == "2026-07-01"]
    late["realtime_start"] = "2026-11-20"
    markets.serve_fred(server, new, GDP=states)
    assert refresh("fred", "--accept")[0] == 0
    row = "macro_us/2026-09-30"
    before, after = (tables.load("macro_us", day, vintage="live").loc[row] for day in ("2026-11-19", "2026-11-20"))
    assert pd.isna(before["gdp_nominal_bn"])
    assert after["gdp_nominal_bn"] == 32900.123
    assert before["cpi_last_month"] == after["cpi_last_month"] == 336.5


def test_a_split_makes_no_crash_for_a_reader_of_an_earlier_day(refresh: Any, data: Path, server: Server) -> None:
    """The month-end that the split's refresh added is in the same shares as the ones before it, on every day."""
    closes = markets.prices("AMZN")
    markets.serve_yahoo(server, {"AMZN": markets.chart("AMZN", closes / 20, splits=[(markets.TODAY, 20)])})
    assert refresh("yahoo", "--split", "AMZN", "--accept")[0] == 0
    for day, factor in (("2026-11-22", 1), (NAME, 20)):
        table = tables.load("stock_prices", day, vintage="live")
        series = table[table["ticker"] == "AMZN"].set_index("month_end")["close_adj"]
        assert str(series.index[-1].date()) == markets.NEW_MONTH_END
        asked = closes[closes.index <= series.index[-1]]
        assert list(series[asked.index]) == pytest.approx(list(asked / factor), rel=1e-5)


FAULTS: dict[str, Callable[[Server], None]] = {
    "rate limited": lambda server: server.answers(
        f"{markets.FRED}?GDP", Reply(b"Too Many Requests", 429, {"Retry-After": "900"})
    ),
    "a web page": lambda server: server.answers(f"{markets.FRED}?GDP", Reply(b"<html></html>")),
    "a changed form": lambda server: server.answers(f"{markets.FRED}?GDP", Reply(b'{"data": []}')),
    "half an answer": lambda server: server.answers(f"{markets.YAHOO}MSFT", Reply(_half())),
}


def _half() -> bytes:
    closes = markets.prices("MSFT")
    return json.dumps(markets.chart("MSFT", closes[closes.index.year != 2024])).encode()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_source_that_fails_leaves_everything_as_it_was(refresh: Any, data: Path, server: Server, fault: str) -> None:
    """The other source had news, and none of it is used."""
    markets.serve_yahoo(server)
    made.make(data, "2026-11-10", made.whole_macro("2026-09-30"))
    before = _files(data)
    markets.serve_fred(server, markets.a_new_quarter())
    FAULTS[fault](server)
    code, _, err = refresh("yahoo", "fred", "--accept")
    assert code == 1
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert _files(data) == before
    assert vintages.accepted(data) == "2026-11-10"


def test_offline_is_one_line(refresh: Any, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yahoo_session, "LIMITS", yahoo_session.Limits(retries=0))
    monkeypatch.setenv(yahoo.URL_VARIABLE, "http://127.0.0.1:9")
    code, _, err = refresh("yahoo")
    assert code == 1
    assert err.startswith("error: Yahoo: no answer: ")
    assert err.count("\n") == 1
    assert vintages.names(data) == []


@pytest.mark.parametrize(
    ("variable", "said"), [("FRED_API_KEY", "FRED_API_KEY is not set"), ("WHO_PAYS_CONTACT", "no contact")]
)
def test_what_is_missing_is_told_before_anybody_is_asked(
    refresh: Any, server: Server, monkeypatch: pytest.MonkeyPatch, variable: str, said: str
) -> None:
    monkeypatch.delenv(variable)
    code, _, err = refresh()
    assert code == 1
    assert said in err
    assert server.requests == []


def test_figures_that_break_a_rule_of_the_table_are_refused(refresh: Any, data: Path, server: Server) -> None:
    new = markets.a_new_quarter()
    new["FEDFUNDS"] = dict.fromkeys(new["FEDFUNDS"], 360.0)  # per cent, not basis points
    markets.serve_fred(server, new)
    before = _files(data)
    code, _, err = refresh("fred")
    assert code == 1
    assert "the new tables break a rule of theirs: macro_us.csv, row 168, column fed_funds: '360'" in err
    assert _files(data) == before


def test_an_identity_that_new_figures_break_is_a_problem_and_an_exception(data: Path) -> None:
    """Nothing is adjusted: the published sum of capex stands beside the firm's revised figure."""
    flows = tables.load("cash_flows")
    row = flows.loc["cash_flows/GOOGL/2024-06-30"]
    revised = pd.DataFrame(
        [{"ticker": "GOOGL", "period_end": "2024-06-30", "capex": row["capex"] + 500, "source_id": made.SOURCE}]
    )
    name = made.make(data, NAME, revised, table="cash_flows")
    folder = data / "live" / name
    told = json.loads((folder / "datapackage.json").read_text())
    sums = next(one for one in told["identities"] if one["id"] == "hyperscaler_sums")
    added = [one for one in sums["exceptions"] if f"Broken by the vintage {name}" in one["reason"]]
    assert added
    assert all(one["row"].endswith("/2024") for one in added)
    assert len(told["vintage"]["problems"]) == len(added)
    assert [fault for result in check.check(folder) for fault in result.faults] == []


def test_a_day_before_the_tables_or_after_today_is_refused(refresh: Any, server: Server) -> None:
    code, _, err = refresh("fred", day="2026-10-30")
    assert code == 1
    assert "would be older than the tables it starts from (shipped, 2026-10-31)" in err
    code, _, err = refresh("fred", day="2999-01-01")
    assert (code, err) == (2, "error: --date 2999-01-01 lies in the future\n")
    assert server.requests == []


@pytest.mark.parametrize("arguments", [("bloomberg",), ("--since", "yesterday")])
def test_a_wrong_request_is_a_usage_error(refresh: Any, arguments: tuple[str, ...]) -> None:
    try:
        code = refresh(*arguments)[0]
    except SystemExit as left:
        code = left.code
    assert code == 2


def test_shipped_tables_that_changed_are_the_base_again(refresh: Any, data: Path, server: Server) -> None:
    made.make(data, "2026-11-10", made.whole_macro("2026-09-30"))
    package = data / "datapackage.json"
    package.write_text(package.read_text().replace('"version": "1.0.0"', '"version": "1.0.1"'))
    markets.serve_fred(server, markets.a_new_quarter())
    _, out, _ = refresh("fred")
    assert "the shipped tables changed since the vintage 2026-11-10 was made: starting from the shipped ones" in out
    assert f"vintage {NAME}, from shipped" in out


def test_two_at_once_are_refused(refresh: Any, data: Path, server: Server) -> None:
    markets.serve_fred(server, markets.a_new_quarter())
    with vintage.locked(data):
        code, _, err = refresh("fred")
    assert (code, err) == (1, "error: refresh: another refresh is at work here; wait for its end\n")
    assert refresh("fred")[0] == 0


def test_a_killed_refresh_leaves_nothing_half_and_the_next_one_works(refresh: Any, data: Path, server: Server) -> None:
    """Killed where a vintage is built and not yet in its place: the hardest moment."""
    made.make(data, "2026-11-10", made.whole_macro("2026-09-30"))
    script = (
        "import sys, time\n"
        "from helpers.refresh import vintage\n"
        "def publish(draft):\n"
        "    print('built', flush=True)\n"
        "    time.sleep(600)\n"
        "vintage.publish = publish\n"
        "from helpers.refresh import fred\n"
        "fred._PER_SECOND = 1e6\n"
        "from helpers import cli\n"
        f"sys.exit(cli.main(['refresh', 'fred', '--accept', '--date', '{NAME}']))\n"
    )
    new = markets.a_new_quarter()
    new["GDP"]["2026-07-01"] = 33333.0
    markets.serve_fred(server, new)
    before = _files(data)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as killed:
        assert killed.stdout is not None
        told = next((line for line in killed.stdout if line == "built\n"), "")
        killed.send_signal(signal.SIGKILL)
    assert told == "built\n"
    left = list((data / "live").glob(".building-*"))
    assert len(left) == 1
    assert vintages.names(data) == ["2026-11-10"]
    assert vintages.accepted(data) == "2026-11-10"
    assert len(tables.load("macro_us", vintage="live")) == 167
    code, _, _ = refresh("fred", "--accept")
    assert code == 0
    assert not left[0].exists()
    assert float(tables.load("macro_us", vintage="live")["gdp_nominal_bn"].iloc[-1]) == 33333.0
    kept = _files(data)
    assert all(kept[name] == content for name, content in before.items() if name != "live/accepted")


def test_a_disk_that_cannot_be_written_is_one_line(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (data / "live").write_text("a file where the folder should be")
    with pytest.raises(RefreshError, match=r"cannot write in .*live"), vintage.locked(data):
        pass


def test_a_choice_that_cannot_be_written_is_one_line(refresh: Any, data: Path) -> None:
    (data / "live" / "accepted").mkdir(parents=True)
    code, out, error = refresh("--accept", "shipped", command="vintages")
    assert (code, out) == (1, "")
    assert error.startswith("error: ")
    assert error.endswith("; nothing was accepted\n")
    assert error.count("\n") == 1


def test_lists_need_no_pandas(data: Path) -> None:
    made.make(data, "2026-11-10", made.whole_macro("2026-09-30"))
    script = (
        "import sys; from helpers import cli; cli.main(['vintages']);"
        "print(sorted({'pandas', 'pandera', 'numpy', 'yfinance', 'httpx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.fixture(scope="module")
def filers() -> dict[str, Filer]:
    """Return every firm of `cash_flows` as it filed: as shipped, and Amazon's third quarter of 2026 besides."""
    flows = tables.load("cash_flows", vintage="shipped")
    last = flows.loc[["cash_flows/AMZN/2026-06-30"]]
    days = {"period_end": pd.Timestamp("2026-09-30"), "published": pd.Timestamp("2026-10-30")}
    new = last.assign(fiscal_quarter="Q3", **days).set_axis(["cash_flows/AMZN/2026-09-30"])
    longer = pd.concat([flows.astype({"fiscal_quarter": "str"}), new.astype({"fiscal_quarter": "str"})])
    return {ticker: from_table(longer, ticker)[0] for ticker in flows["ticker"].cat.categories}


def _serve_edgar(server: Server, filers: dict[str, Filer]) -> None:
    server.answers(LIST, Reply(tickers(filers.values())))
    for filer in filers.values():
        server.answers(f"/data.sec.gov/api/xbrl/companyfacts/CIK{filer.cik:010d}.json", Reply(filer.body()))


def _restated(filers: dict[str, Filer], filed: str, millions: float) -> dict[str, Filer]:
    """Return the firms with Alphabet's revenue of the second quarter of 2026 filed again."""
    alphabet = copy.deepcopy(filers["GOOGL"])
    concept = next(
        one for one in ("RevenueFromContractWithCustomerExcludingAssessedTax", "Revenues") if one in alphabet.concepts
    )
    alphabet.state(concept, "2026-04-01", "2026-06-30", millions * 1e6, filed=filed, form="10-Q/A")
    return filers | {"GOOGL": alphabet}


def test_filings_add_a_quarter_and_leave_what_was_checked_by_hand(
    refresh: Any, data: Path, server: Server, filers: dict[str, Filer]
) -> None:
    _serve_edgar(server, filers)
    code, out, err = refresh("edgar", "--accept")
    assert (code, err) == (0, "")
    live, shipped = tables.load("cash_flows", vintage="live"), tables.load("cash_flows")
    new = "cash_flows/AMZN/2026-09-30"
    assert list(live.index.difference(shipped.index)) == [new]
    assert live.loc[new, "source_id"] == f"sec_companyfacts_AMZN_{NAME}"
    assert str(live.loc[new, "published"].date()) == "2026-10-30"
    # The shipped table does not know of some quarters when they came out: the filing fills that hole, and no other.
    revised = tables.load("revisions", vintage="live")
    assert set(revised["column"]) == {"published"}
    assert set(revised["row"]) < set(shipped.index[shipped["published"].isna()])
    untouched = shipped.index.difference(revised["row"])
    pd.testing.assert_frame_equal(live.loc[untouched], shipped.loc[untouched])
    figures = shipped.select_dtypes("number").columns
    pd.testing.assert_frame_equal(live.loc[shipped.index, figures], shipped[figures])
    assert re.search(rf"cash_flows +1 +{revised['row'].nunique()} ", out)
    assert new not in tables.load("cash_flows", "2026-10-29", vintage="live").index


def test_a_restatement_is_a_revision_and_an_older_difference_is_another_definition(
    refresh: Any, data: Path, server: Server, filers: dict[str, Filer]
) -> None:
    row = "cash_flows/GOOGL/2026-06-30"
    before = float(tables.load("cash_flows").loc[row, "revenue"])
    _serve_edgar(server, _restated(filers, "2026-08-20", before + 7))  # before the tables were compiled
    code, out, _ = refresh("edgar", "--dry-run")
    assert code == 0
    assert f"  {row} revenue: {before:.0f}, source {before + 7:.0f}" in out
    _serve_edgar(server, _restated(filers, "2026-11-15", before + 7))
    assert (
        f"{row} revenue: {before:.0f}, source" in refresh("edgar", "--dry-run")[1]
    )  # the kept answer, of a moment ago
    assert refresh("edgar", "--accept", "--fresh")[0] == 0
    for day, value in (("2026-11-14", before), ("2026-11-15", before + 7)):
        assert float(tables.load("cash_flows", day, vintage="live").loc[row, "revenue"]) == value
    revised = tables.load("revisions", vintage="live").set_index("row").loc[row]
    assert str(revised["new_known"].date()) == "2026-11-15"
    about = ["status", "source_id", "note"]
    shipped = tables.load("cash_flows", vintage="shipped").loc[row, about]
    assert list(tables.load("cash_flows", "2026-11-14", vintage="live").loc[row, about]) == list(shipped)
    cited = tables.load("cash_flows", "2026-11-15", vintage="live").loc[row, "source_id"]
    assert f"sec_companyfacts_GOOGL_{NAME}" in cited
    note = tables.load("cash_flows", vintage="live").loc[row, "note"]
    assert note.endswith(f"revised in the vintage {NAME}: revenue")


def test_two_restatements_between_two_refreshes_are_both_known_on_their_days(
    refresh: Any, server: Server, filers: dict[str, Filer]
) -> None:
    row = "cash_flows/GOOGL/2026-06-30"
    before = float(tables.load("cash_flows").loc[row, "revenue"])
    first = _restated(filers, "2026-11-05", before + 5)
    _serve_edgar(server, _restated(first, "2026-11-18", before + 9))
    assert refresh("edgar", "--accept")[0] == 0
    for day, more in (("2026-11-04", 0), ("2026-11-05", 5), ("2026-11-17", 5), ("2026-11-18", 9)):
        assert float(tables.load("cash_flows", day, vintage="live").loc[row, "revenue"]) == before + more


def test_a_vintage_of_a_past_day_has_no_later_filing(
    refresh: Any, data: Path, server: Server, filers: dict[str, Filer]
) -> None:
    row = "cash_flows/GOOGL/2026-06-30"
    before = float(tables.load("cash_flows").loc[row, "revenue"])
    _serve_edgar(server, _restated(filers, "2026-11-15", before + 7))
    assert refresh("edgar", "--accept", day="2026-11-14")[0] == 0
    live = tables.load("cash_flows", vintage="live")
    assert float(live.loc[row, "revenue"]) == before
    assert "cash_flows/AMZN/2026-09-30" in live.index


Filed = tuple[str, str, str, str, str, str, str, str, float]


def _sent(filers: dict[str, Filer], until: str = "9999-12-31") -> set[Filed]:
    """Return every fact that the firms filed up to a day under a tag that is read."""
    return {
        (
            *(filer.ticker, concept, unit, fact.get("start", ""), fact["end"]),
            *(fact["accn"], fact["form"], fact["filed"], float(fact["val"])),
        )
        for filer in filers.values()
        for concept, units in filer.concepts.items()
        for unit, facts in units.items()
        for fact in facts
        if fact["filed"] <= until
    }


def _kept(name: str, as_of: str | None = None) -> set[Filed]:
    """Return every fact that a vintage keeps."""
    facts = tables.load("edgar_facts", as_of, vintage=name)
    for column in ("start", "end", "filed"):
        facts[column] = facts[column].dt.strftime("%Y-%m-%d").fillna("").astype("str")
    listed = facts[["ticker", "concept", "unit", "start", "end", "accession", "form", "filed", "value"]]
    return set(listed.itertuples(index=False, name=None))


def test_every_fact_is_kept_and_an_older_vintage_keeps_its_own(
    refresh: Any, data: Path, server: Server, filers: dict[str, Filer]
) -> None:
    """The restated revenue stands beside the first; what the SEC has no more stays where it was read."""
    row = "cash_flows/GOOGL/2026-06-30"
    before = float(tables.load("cash_flows").loc[row, "revenue"])
    restated = _restated(filers, "2026-11-15", before + 7)
    _serve_edgar(server, restated)
    code, out, _ = refresh("edgar", "--accept", day="2026-11-20")
    sent = _sent(restated, "2026-11-20")
    assert code == 0
    assert f"edgar_facts: {len(sent):,} facts kept, {len(sent):,} of them new" in out
    assert _kept("2026-11-20") == sent
    assert _kept("2026-11-20", "2026-11-14") == _sent(restated, "2026-11-14")
    revenues = {fact[-1] for fact in sent if fact[0] == "GOOGL" and fact[3:5] == ("2026-04-01", "2026-06-30")}
    assert {before * 1e6, (before + 7) * 1e6} <= revenues
    assert "edgar_facts" not in tables.names(vintage="live")
    older = _files(data / "live" / "2026-11-20")
    assert [fault for result in check.check(data / "live" / "2026-11-20") for fault in result.faults] == []
    shutil.rmtree(data / "live" / ".cache")
    _serve_edgar(server, again := _restated(filers, "2026-11-22", before + 9))
    assert refresh("edgar", "--accept")[0] == 0
    assert _files(data / "live" / "2026-11-20") == older
    assert _kept(NAME) == sent | _sent(again, NAME)
    first = tables.load("edgar_facts", vintage="live").groupby("vintage")["filed"].max()
    assert list(first.index) == ["2026-11-20", NAME]
    assert str(first[NAME].date()) == "2026-11-22"
    lines = [" ".join(line.split()) for line in refresh(command="vintages")[1].splitlines()]
    counted = [line.split()[3] for line in lines if line.startswith("2026-11-20 shipped")]
    assert counted == [f"{len(sent):,}"]
    # A refresh of another source carries the facts over.
    markets.serve_yahoo(server)
    assert refresh("yahoo", "--accept")[0] == 0
    assert _kept("live") == _kept(NAME)
