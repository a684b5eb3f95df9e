"""From the SEC's documents, served locally, to tables; and what happens when the SEC answers otherwise."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers import tables
from helpers.refresh import RefreshError, edgar
from helpers.refresh.http import Client, Limits
from tests.refresh.conftest import Hands
from tests.refresh.filings import Filer, from_table, tickers, year
from tests.refresh.servers import Reply, Server

ENDS = ("2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31")
OCF = "NetCashProvidedByUsedInOperatingActivities"
LIST = "/files/company_tickers.json"
M = 1_000_000


def facts_of(cik: int) -> str:
    return f"/api/xbrl/companyfacts/CIK{cik:010d}.json"


def plain(ticker: str = "TEST", cik: int = 42) -> Filer:
    filer = Filer(ticker, cik)
    for concept in ("Revenues", "OperatingIncomeLoss", "NetIncomeLoss", OCF):
        year(filer, concept, ENDS, "2024-01-01", (100 * M, 110 * M, 120 * M, 130 * M))
    return filer


@pytest.fixture
def client(server: Server, hands: Hands, tmp_path: Path) -> Callable[..., Client]:
    def make(**limits: Any) -> Client:
        return edgar.client(
            tmp_path / "cache",
            environment={"WHO_PAYS_CONTACT": "Jane Doe jane@example.org"},
            base_urls={"https://data.sec.gov": server.url, "https://www.sec.gov": server.url},
            limits=Limits(retries=2, **limits),
            clock=hands.clock(),
        )

    return make


def serve(server: Server, *filers: Filer) -> None:
    server.answers(LIST, Reply(tickers(filers)))
    for filer in filers:
        server.answers(facts_of(filer.cik), Reply(filer.body()))


def test_shipped_firms_and_another_come_back_as_tables(client: Any, server: Server) -> None:
    shipped = tables.load("cash_flows", vintage="shipped")
    serve(server, from_table(shipped, "MSFT")[0], from_table(shipped, "NVDA")[0], plain("BRK-B"))
    brought = edgar.refresh(client(), ["msft", "NVDA", "BRK-B", "MSFT"], since="2024-01-01")
    built = brought.tables["cash_flows"]
    assert built["ticker"].unique().tolist() == ["MSFT", "NVDA", "BRK-B"]
    assert built["period_end"].min().date().isoformat() == "2024-01-28"
    same = shipped.loc[built.index[built["ticker"] != "BRK-B"]]
    assert built.loc[same.index, "operating_cash_flow"].tolist() == same["operating_cash_flow"].tolist()
    # The shipped table lacks this figure too.
    (problem,) = brought.problems
    assert problem.startswith("MSFT fiscal 2026 Q3 stock_based_compensation: no figure under")
    # Every source that a row cites is there, with the real address.
    assert set(built["source_id"]) == set(brought.sources["source_id"])
    assert brought.sources["locator"].tolist()[0] == "https://data.sec.gov/api/xbrl/companyfacts/CIK0000789019.json"
    assert brought.sources["date"].tolist() == ["2026-11-23"] * 3
    assert brought.sources.columns.tolist() == tables.load("sources", vintage="shipped").columns.tolist()


def test_every_request_names_its_contact_and_keeps_the_pace(client: Any, server: Server, hands: Hands) -> None:
    filers = [plain(f"T{number}", number) for number in range(1, 10)]
    serve(server, *filers)
    edgar.refresh(client(), [filer.ticker for filer in filers])
    assert len(server.requests) == 10
    assert {request.headers["User-Agent"] for request in server.requests} == {
        "who-pays-for-ai Jane Doe jane@example.org"
    }
    # Ten requests are nine gaps of at least an eighth of a second.
    assert hands.seconds == pytest.approx(9 / 8)


def test_answers_are_kept_and_used_again(client: Any, server: Server) -> None:
    serve(server, plain())
    first = edgar.refresh(client(), ["TEST"])
    second = edgar.refresh(client(), ["TEST"])
    assert len(server.requests) == 2
    assert second.tables["cash_flows"].equals(first.tables["cash_flows"])
    edgar.refresh(client(), ["TEST"], fresh=True)
    assert len(server.requests) == 4


@pytest.mark.parametrize("contact", [None, "", "  ", "nobody"])
def test_without_a_contact_nothing_is_asked(tmp_path: Path, contact: str | None) -> None:
    environment = {} if contact is None else {"WHO_PAYS_CONTACT": contact}
    with pytest.raises(RefreshError, match=r"SEC EDGAR: .*\$WHO_PAYS_CONTACT.*; set it, for example") as caught:
        edgar.client(tmp_path, environment=environment)
    assert "\n" not in str(caught.value)


def test_the_contact_is_looked_for_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHO_PAYS_CONTACT", " me@example.org ")
    assert edgar.client(tmp_path).user_agent == "who-pays-for-ai me@example.org"


def test_asking_what_there_is_to_refresh_costs_no_heavy_import() -> None:
    code = "import sys, helpers.refresh.edgar; print(sorted({'pandas', 'httpx', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("status", [403, 429, 500])
def test_a_refusal_that_passes_is_waited_out(client: Any, server: Server, status: int) -> None:
    serve(server, plain())
    server.answers(facts_of(42), Reply(b"no", status, {"Retry-After": "1"}), Reply(plain().body()))
    assert len(edgar.refresh(client(), ["TEST"]).tables["cash_flows"]) == 4


BROKEN = {
    "always 403": (
        Reply(b"<html>Request Rate Threshold Exceeded</html>", 403),
        r"answers 403 .*check \$WHO_PAYS_CONTACT",
    ),
    "always 429": (Reply(b"slow down", 429), "answers 429 'slow down'"),
    "a long wait": (Reply(b"", 429, {"Retry-After": "600"}), "asks to wait 600 seconds"),
    "always 500": (Reply(b"", 500), "answers 500"),
    "not there": (Reply(b"", 404), "answers 404"),
    "cut short": (Reply(plain().body()[:200], missing=100), "no answer"),
    "half a document": (Reply(plain().body()[:200]), "broken JSON"),
    "a web page": (Reply(b"<!DOCTYPE html><title>SEC.gov</title>"), "a web page instead of JSON"),
    "nothing": (Reply(b""), "broken JSON"),
    "no object": (Reply(b"[]"), "another form: no member 'facts'"),
    "no facts": (Reply(b'{"cik": 42, "facts": {}}'), "TEST reports under nothing, not us-gaap: refused"),
    "another taxonomy": (
        Reply(b'{"cik": 42, "facts": {"dei": {}, "ifrs-full": {"Revenue": {}}}}'),
        "TEST reports under dei, ifrs-full, not us-gaap: refused",
    ),
    "another firm": (Reply(plain("TEST", 43).body()), r"asked for TEST \(CIK 42\), got CIK 43"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_bad_answer_is_one_line_and_brings_nothing(client: Any, server: Server, name: str) -> None:
    reply, message = BROKEN[name]
    serve(server, plain("GOOD", 7), plain())
    server.answers(facts_of(42), reply)
    with pytest.raises(RefreshError, match=message) as caught:
        edgar.refresh(client(), ["GOOD", "TEST"])
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("SEC EDGAR: ")


def test_a_slow_drip_is_one_line(client: Any, server: Server) -> None:
    serve(server, plain())
    stop = threading.Event()
    server.answers(facts_of(42), Reply(plain().body(), drip=stop))
    try:
        with pytest.raises(RefreshError, match="no complete answer within"):
            edgar.refresh(client(deadline=0.5), ["TEST"])
    finally:
        stop.set()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("filed", None, "KeyError 'filed'"),
        ("accn", None, "KeyError 'accn'"),
        ("end", "2024-13-01", "ValueError month must be in"),
        ("start", 20240101, "TypeError"),
        ("val", "100", "'100' is no number"),
        ("val", True, "True is no number"),
        ("val", float("nan"), "nan is no number"),
        ("val", 10**400, "00 is no number"),
    ],
)
def test_a_fact_of_another_form_is_refused(client: Any, server: Server, key: str, value: Any, message: str) -> None:
    filer = plain()
    fact = filer.concepts[OCF]["USD"][2]
    if value is None:
        del fact[key]
    else:
        fact[key] = value
    serve(server, filer)
    with pytest.raises(RefreshError, match=f"company facts of TEST have another form: {OCF}: .*{message}"):
        edgar.refresh(client(), ["TEST"])


def test_a_firm_in_another_currency_is_refused_by_name(client: Any, server: Server) -> None:
    filer = plain()
    filer.concepts = {concept: {"EUR": units["USD"]} for concept, units in filer.concepts.items()}
    serve(server, filer)
    with pytest.raises(RefreshError, match="TEST NetCashProvidedByUsedInOperatingActivities: in EUR, not USD: refused"):
        edgar.refresh(client(), ["TEST"])


def test_one_column_in_another_currency_is_listed_and_left_empty(client: Any, server: Server) -> None:
    filer = plain()
    filer.concepts[OCF] = {"EUR": filer.concepts[OCF]["USD"]}
    serve(server, filer)
    brought = edgar.refresh(client(), ["TEST"])
    assert brought.problems == [f"TEST {OCF}: in EUR, not USD: refused"]
    assert brought.tables["cash_flows"]["operating_cash_flow"].isna().all()


def test_a_firm_that_files_other_forms_is_refused_by_name(client: Any, server: Server) -> None:
    filer = plain()
    for units in filer.concepts.values():
        for fact in units["USD"]:
            fact["form"] = "20-F"
    serve(server, filer)
    with pytest.raises(RefreshError, match=r"no quarter of TEST can be built; it files 20-F, of which nothing is used"):
        edgar.refresh(client(), ["TEST"])


def test_a_firm_without_an_operating_income_is_refused_by_name(client: Any, server: Server) -> None:
    filer = plain()
    del filer.concepts["OperatingIncomeLoss"]
    serve(server, filer)
    with pytest.raises(RefreshError, match=r"no quarter of TEST is complete: .*no operating_income"):
        edgar.refresh(client(), ["TEST"])


def test_an_unknown_ticker_is_named(client: Any, server: Server) -> None:
    serve(server, plain())
    with pytest.raises(RefreshError, match="no firm with the ticker NOPE, NEITHER"):
        edgar.refresh(client(), ["TEST", "nope", "NEITHER"])
    assert server.asked(facts_of(42)) == 0


def test_without_a_ticker_nothing_is_asked(client: Any, server: Server) -> None:
    with pytest.raises(RefreshError, match="no ticker was given"):
        edgar.refresh(client(), [])
    assert server.requests == []


@pytest.mark.parametrize("body", [b"[]", b'{"0": {"ticker": "TEST"}}', b'{"fields": ["cik"], "data": []}'])
def test_a_list_of_tickers_of_another_form_is_refused(client: Any, server: Server, body: bytes) -> None:
    server.answers(LIST, Reply(body))
    with pytest.raises(RefreshError, match="the list of tickers has another form"):
        edgar.refresh(client(), ["TEST"])


def test_identities_that_fail_are_among_the_problems(client: Any, server: Server) -> None:
    filer = plain()
    filer.state(OCF, "2024-01-01", ENDS[3], 500 * M, filed="2026-02-04", form="10-K")
    serve(server, filer)
    (problem,) = edgar.refresh(client(), ["TEST"]).problems
    assert problem.startswith(
        "TEST fiscal 2024 operating_cash_flow: four quarters make 460, the year is 500 USD million"
    )


def test_what_is_kept_is_what_was_received(client: Any, server: Server, tmp_path: Path) -> None:
    serve(server, plain())
    edgar.refresh(client(), ["TEST"])
    kept = {path.read_bytes() for path in (tmp_path / "cache").glob("*.body")}
    assert kept == {plain().body(), tickers([plain()])}
    assert json.loads(plain().body())["facts"]["us-gaap"]
