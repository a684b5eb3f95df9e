"""Requests to a source that misbehaves in every way we could think of."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from helpers.refresh import RefreshError
from helpers.refresh.http import Client, Limits, json_document
from helpers.refresh.pacing import Clock, Pace, back_off, retry_after
from tests.refresh.conftest import Hands
from tests.refresh.servers import Reply, Server

GOOD = Reply(b'{"value": 1}')
SECRET = "k3y+of/mine"


@pytest.fixture
def client(server: Server, hands: Hands, tmp_path: Path) -> Callable[..., Client]:
    def make(**options: Any) -> Client:
        settings = {"limits": Limits(retries=2), "per_second": 8.0, "user_agent": "tests tests@example.org"} | options
        return Client("The source", tmp_path / "cache", clock=hands.clock(), **settings)

    return make


def kept(tmp_path: Path) -> list[str]:
    folder = tmp_path / "cache"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_an_answer_is_kept_as_received_with_address_and_time(client: Any, server: Server, tmp_path: Path) -> None:
    body = b'{"value":   1.50, "text": "\xc3\xa9"}\n'
    server.answers("/a", Reply(body, headers={"ETag": "x"}))
    answer = client().get(f"{server.url}/a", params={"series": "GDP"})
    assert answer.content == body
    assert not answer.from_cache
    (body_name, note_name) = kept(tmp_path)
    assert (tmp_path / "cache" / body_name).read_bytes() == body
    note = json.loads((tmp_path / "cache" / note_name).read_text())
    assert note["url"] == f"{server.url}/a?series=GDP" == answer.url
    assert note["fetched_at"] == "2026-11-23T12:00:00+00:00"
    assert note["headers"]["etag"] == "x"


def test_a_kept_answer_is_used_until_it_is_old_or_a_fresh_one_is_wanted(
    client: Any, server: Server, hands: Hands
) -> None:
    server.answers("/a", Reply(b"1"), Reply(b"2"), Reply(b"3"))
    mine = client()
    assert [mine.get(f"{server.url}/a").content for _ in range(2)] == [b"1", b"1"]
    again = mine.get(f"{server.url}/a")
    assert again.from_cache
    assert again.fetched_at == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert mine.get(f"{server.url}/a", fresh=True).content == b"2"
    hands.seconds += Limits().max_age.total_seconds() + 1
    assert mine.get(f"{server.url}/a").content == b"3"


def test_a_damaged_kept_answer_is_asked_for_again(client: Any, server: Server, tmp_path: Path) -> None:
    server.answers("/a", GOOD)
    mine = client()
    mine.get(f"{server.url}/a")
    body = next((tmp_path / "cache").glob("*.body"))
    body.write_bytes(body.read_bytes()[:-3])
    assert mine.get(f"{server.url}/a").content == GOOD.body
    assert server.asked("/a") == 2


def test_two_queries_are_two_answers(client: Any, server: Server) -> None:
    server.answers("/a", Reply(b"1"), Reply(b"2"))
    mine = client()
    first = mine.get(f"{server.url}/a", params={"id": "x"})
    second = mine.get(f"{server.url}/a", params={"id": "y"})
    assert (first.content, second.content) == (b"1", b"2")


def test_the_contact_is_declared(client: Any, server: Server) -> None:
    server.answers("/a", GOOD)
    client(user_agent="who-pays me@example.org").get(f"{server.url}/a")
    assert server.requests[0].headers["User-Agent"] == "who-pays me@example.org"


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "mé@example.org"])
def test_a_name_no_header_can_hold_is_refused(client: Any, name: str) -> None:
    with pytest.raises(RefreshError, match="plain ASCII"):
        client(user_agent=name)


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_a_passing_refusal_is_waited_out(client: Any, server: Server, hands: Hands, status: int) -> None:
    server.answers("/a", Reply(b"no", status), Reply(b"no", status), GOOD)
    assert client().get(f"{server.url}/a").content == GOOD.body
    assert hands.sleeps == [1.0, 2.0]


@pytest.mark.parametrize("status", [403, 429, 500])
def test_a_lasting_refusal_ends_in_one_line_and_leaves_nothing(
    client: Any, server: Server, tmp_path: Path, status: int
) -> None:
    server.answers("/a", Reply(b"we are\nbusy", status))
    mine = client(remedies={status: "ask later"})
    with pytest.raises(RefreshError) as caught:
        mine.get(f"{server.url}/a")
    assert str(caught.value) == f"The source: answers {status} 'we are busy' ({server.url}/a); ask later"
    assert caught.value.status == status
    assert server.asked("/a") == 3
    assert kept(tmp_path) == []


def test_an_old_answer_outlives_a_failed_refresh(client: Any, server: Server) -> None:
    server.answers("/a", GOOD, Reply(b"no", 500))
    mine = client()
    mine.get(f"{server.url}/a")
    with pytest.raises(RefreshError):
        mine.get(f"{server.url}/a", fresh=True)
    assert mine.get(f"{server.url}/a").content == GOOD.body


@pytest.mark.parametrize("status", [301, 400, 404])
def test_a_final_refusal_is_not_repeated(client: Any, server: Server, status: int) -> None:
    server.answers("/a", Reply(b"", status, {"Location": "/b"}))
    with pytest.raises(RefreshError, match=str(status)):
        client().get(f"{server.url}/a")
    assert len(server.requests) == 1


@pytest.mark.parametrize(("header", "wait"), [("7", 7.0), ("Mon, 23 Nov 2026 12:00:09 GMT", 9.0), ("soon", 1.0)])
def test_the_wait_a_server_asks_for_is_kept(
    client: Any, server: Server, hands: Hands, header: str, wait: float
) -> None:
    server.answers("/a", Reply(b"no", 429, {"Retry-After": header}), GOOD)
    client().get(f"{server.url}/a")
    assert hands.sleeps == [wait]


def test_a_wait_beyond_the_bound_ends_the_request(client: Any, server: Server, hands: Hands) -> None:
    server.answers("/a", Reply(b"no", 429, {"Retry-After": "3600"}), GOOD)
    with pytest.raises(RefreshError, match=r"asks to wait 3600 seconds .*try again later"):
        client().get(f"{server.url}/a")
    assert hands.sleeps == []


def test_an_answer_cut_short_is_asked_for_again(client: Any, server: Server) -> None:
    server.answers("/a", Reply(GOOD.body, missing=5), GOOD)
    assert client().get(f"{server.url}/a").content == GOOD.body
    assert server.asked("/a") == 2


def test_an_answer_always_cut_short_is_an_error_and_is_not_kept(client: Any, server: Server, tmp_path: Path) -> None:
    server.answers("/a", Reply(GOOD.body, missing=5))
    with pytest.raises(RefreshError, match="no answer"):
        client().get(f"{server.url}/a")
    assert kept(tmp_path) == []


def test_a_packed_answer_is_unpacked_and_a_broken_one_refused(client: Any, server: Server) -> None:
    packed, header = gzip.compress(GOOD.body), {"Content-Encoding": "gzip"}
    server.answers("/a", Reply(packed, headers=header))
    server.answers("/b", Reply(b"\x1f\x8b garbage", headers=header))
    assert client().get(f"{server.url}/a").content == GOOD.body
    with pytest.raises(RefreshError, match="no answer"):
        client().get(f"{server.url}/b")


@pytest.mark.parametrize("headers", [False, True], ids=["body", "headers"])
def test_a_slow_drip_ends_at_the_deadline(client: Any, server: Server, tmp_path: Path, headers: bool) -> None:
    # The server would send a good answer after ten seconds: a client without a deadline would return it.
    stop = threading.Event()
    server.answers("/a", Reply(GOOD.body, drip=stop, drip_headers=headers))
    try:
        with pytest.raises(RefreshError, match=r"no complete answer within 0\.5 seconds"):
            client(limits=Limits(deadline=0.5)).get(f"{server.url}/a")
    finally:
        stop.set()
    assert server.asked("/a") == 1
    assert kept(tmp_path) == []


def test_an_answer_too_large_is_refused(client: Any, server: Server, tmp_path: Path) -> None:
    server.answers("/a", Reply(gzip.compress(b"0" * 1_000_000), headers={"Content-Encoding": "gzip"}))
    with pytest.raises(RefreshError, match="larger than 1000 bytes"):
        client(limits=Limits(largest=1000)).get(f"{server.url}/a")
    assert kept(tmp_path) == []


def test_a_closed_port_is_one_line(client: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/a"
    with pytest.raises(RefreshError) as caught:
        client().get(url)
    assert str(caught.value).startswith("The source: no answer: ")
    assert "\n" not in str(caught.value)


def test_the_first_requests_are_spaced_by_the_rate(client: Any, server: Server, hands: Hands) -> None:
    server.answers("/a", GOOD)
    mine = client(per_second=8.0)
    for _ in range(9):
        mine.get(f"{server.url}/a", fresh=True)
    assert sum(hands.sleeps) == pytest.approx(1.0)
    assert max(hands.sleeps) <= 0.125


def test_a_sleep_that_ends_early_is_slept_again() -> None:
    hands = Hands()

    def short(seconds: float) -> None:
        hands.sleep(seconds / 2 if seconds > 0.01 else seconds)

    pace = Pace(2.0, Clock(lambda: hands.seconds, short))
    pace.wait()
    pace.wait()
    assert hands.seconds >= 0.5


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_a_rate_must_be_positive(rate: float) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        Pace(rate, Clock())


def test_waits_double_up_to_the_bound() -> None:
    assert [back_off(n, first=1.0, longest=5.0) for n in (1, 2, 3, 4, 5000)] == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_a_date_in_the_past_asks_for_no_wait() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert retry_after("Sun, 22 Nov 2026 00:00:00 GMT", now) == 0.0
    assert retry_after("Mon, 23 Nov 2026 00:00:05 -0000", now) == 5.0
    assert retry_after(None, now) is None


def test_the_key_reaches_the_server_and_nothing_else(
    client: Any, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Another library may have silenced this logger; the test wants to see what it would say.
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpx")
    server.answers("/a", GOOD)
    server.answers("/b", Reply(f"the key {SECRET} is not registered".encode(), 400))
    mine = client()
    answer = mine.get(f"{server.url}/a", params={"api_key": SECRET, "id": "GDP"})
    with pytest.raises(RefreshError) as caught:
        mine.get(f"{server.url}/b", params={"api_key": SECRET})
    assert server.requests[0].query == {"api_key": [SECRET], "id": ["GDP"]}
    assert answer.url == f"{server.url}/a?api_key=***&id=GDP"
    written = [path.read_text() + path.name for path in (tmp_path / "cache").iterdir()]
    for text in [*written, str(caught.value), repr(caught.value), caplog.text]:
        for form in (SECRET, "k3y", "of%2Fmine"):
            assert form not in text
    assert "HTTP Request" in caplog.text


def test_the_key_of_a_request_is_no_part_of_what_is_kept(client: Any, server: Server) -> None:
    server.answers("/a", GOOD)
    mine = client()
    mine.get(f"{server.url}/a", params={"api_key": "one"})
    assert mine.get(f"{server.url}/a", params={"api_key": "two"}).from_cache


def test_an_answer_that_repeats_the_key_is_not_written_down(client: Any, server: Server, tmp_path: Path) -> None:
    server.answers("/a", Reply(b'{"you": "longsecret"}'))
    assert b"longsecret" in client().get(f"{server.url}/a", params={"api_key": "longsecret"}).content
    assert kept(tmp_path) == []


def test_a_replaced_beginning_shows_only_in_the_request(client: Any, server: Server) -> None:
    server.answers("/api/x.json", GOOD)
    mine = client(base_urls={"https://data.sec.gov": server.url})
    assert mine.get("https://data.sec.gov/api/x.json").url == "https://data.sec.gov/api/x.json"
    assert server.asked("/api/x.json") == 1


def test_it_works_where_a_loop_runs_already(client: Any, server: Server) -> None:
    server.answers("/a", GOOD)
    mine = client()

    async def cell() -> bytes:
        return bytes(mine.get(f"{server.url}/a").content)

    assert asyncio.run(cell()) == GOOD.body


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"\n<!DOCTYPE html><p>Request Rate Threshold Exceeded", "a web page instead of JSON"),
        (b'{"facts": {"us-gaap": {"Reve', "broken JSON"),
        (b"", "broken JSON"),
        (b'{"a": "\xff"}', "broken JSON"),
        (b"[" * 100_000, "broken JSON"),
    ],
)
def test_what_is_not_json_is_refused_and_not_kept(
    client: Any, server: Server, tmp_path: Path, body: bytes, what: str
) -> None:
    server.answers("/a", Reply(body), GOOD)
    mine = client()
    with pytest.raises(RefreshError, match=what) as caught:
        mine.get_json(f"{server.url}/a")
    assert "\n" not in str(caught.value)
    assert kept(tmp_path) == []
    document, answer = mine.get_json(f"{server.url}/a")
    assert document == {"value": 1}
    assert json_document(answer) == document


def test_a_kept_answer_that_fails_the_check_is_asked_for_again(client: Any, server: Server) -> None:
    server.answers("/a", Reply(b"<html>"), GOOD)
    mine = client()
    mine.get(f"{server.url}/a")
    assert mine.get_json(f"{server.url}/a")[0] == {"value": 1}


def test_an_answer_from_the_future_is_still_an_answer(client: Any, server: Server, hands: Hands) -> None:
    # The machine's clock was set back: the kept answer is newer than now, and is used.
    server.answers("/a", GOOD)
    mine = client()
    mine.get(f"{server.url}/a")
    hands.seconds -= timedelta(days=2).total_seconds()
    assert mine.get(f"{server.url}/a").from_cache
