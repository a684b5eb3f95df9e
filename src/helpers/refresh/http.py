"""Polite requests: paced, patient within bounds, kept on disk, silent about keys.

Every request of a `Client` is a GET. A total deadline covers the whole answer, so a server that sends one byte a
minute cannot hold a refresh; that is why the request itself runs under asyncio, whose timeouts cover every step.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import httpx

from helpers.refresh.answers import Answers, Response
from helpers.refresh.errors import RefreshError
from helpers.refresh.pacing import Clock, Pace, back_off, retry_after

__all__ = ["Client", "Clock", "Limits", "Response", "json_document"]

Check = Callable[[Response], object]

_HIDDEN = "***"
_QUOTED = 200
"""Characters of a refusal that a message quotes."""

_KEPT_HEADERS = ("content-type", "date", "last-modified", "etag", "content-length", "content-encoding")
_TRY_AGAIN = frozenset({403, 408, 429, 500, 502, 503, 504})
"""Refusals that may pass: the SEC answers 403, not 429, to a client that was too fast."""


@dataclass(frozen=True)
class Limits:
    """What a client puts up with.

    Parameters
    ----------
    timeout : float
        Seconds without a byte.
    deadline : float
        Seconds for one whole answer.
    retries : int
        Further attempts after a refusal or a broken connection.
    first_wait, longest_wait : float
        Seconds before the first further attempt, which double up to the bound. A server that asks for a longer wait
        ends the request.
    largest : int
        Bytes of one answer, unpacked.
    max_age : datetime.timedelta
        Age up to which a kept answer is used instead of a request.
    """

    timeout: float = 30.0
    deadline: float = 180.0
    retries: int = 4
    first_wait: float = 1.0
    longest_wait: float = 60.0
    largest: int = 200_000_000
    max_age: timedelta = timedelta(hours=12)


@dataclass(frozen=True)
class _Answer:
    """What came back from one request, whatever its status."""

    status: int
    headers: httpx.Headers
    content: bytes


class _TooLargeError(Exception):
    """The answer is larger than the limit."""


@dataclass
class Client:
    """Asks one source, politely, and keeps its answers.

    Parameters
    ----------
    source : str
        Name of the source in messages, for example ``"SEC EDGAR"``.
    cache : pathlib.Path
        Folder for the answers.
    user_agent : str
        What the client calls itself; the SEC wants a contact in it.
    per_second : float
        Most requests a second.
    limits : Limits, optional
        Patience and size.
    base_urls : mapping of str to str, optional
        Beginnings of addresses to replace when asking, such as ``{"https://data.sec.gov": "http://127.0.0.1:8000"}``:
        a mirror, or a test server. Messages, the cache and `Response` keep the original address.
    secret_parameters : frozenset of str, optional
        Parameters whose values never reach a file, a log or a message.
    remedies : mapping of int to str, optional
        What to do about a status, in the words of the source.
    transport : httpx.AsyncBaseTransport, optional
        Replaces the network.
    clock : Clock, optional
        Replaces time.
    """

    source: str
    cache: Path
    user_agent: str
    per_second: float
    limits: Limits = field(default_factory=Limits)
    base_urls: Mapping[str, str] = field(default_factory=dict)
    secret_parameters: frozenset[str] = frozenset({"api_key"})
    remedies: Mapping[int, str] = field(default_factory=dict)
    transport: httpx.AsyncBaseTransport | None = None
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        if not (self.user_agent.isascii() and self.user_agent.isprintable() and self.user_agent.strip()):
            raise RefreshError(self.source, "the name of the client must be plain ASCII text on one line")
        self._answers = Answers(self.cache)
        self._pace = Pace(self.per_second, self.clock)

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        fresh: bool = False,
        check: Check | None = None,
    ) -> Response:
        """Return a good answer, from disk or from the source.

        Parameters
        ----------
        url : str
            Address.
        params : mapping of str to str, optional
            Its query; secrets belong here, under a name of ``secret_parameters``.
        fresh : bool
            Ask the source even where a recent answer is kept.
        check : callable, optional
            Raises `RefreshError` for an answer that is not what it should be, such as `json_document`. An answer that
            fails is not kept, and a kept one that fails is asked for again.

        Returns
        -------
        Response
            Status 200, complete, checked.

        Raises
        ------
        RefreshError
            If the source cannot be reached, refuses, or answers what it should not.
        """
        asked = httpx.URL(url).copy_merge_params(dict(params or {}))
        secrets = [value for name, value in asked.params.multi_items() if name in self.secret_parameters and value]
        public = self._public(asked)
        if not fresh and (kept := self._recent(public, check)) is not None:
            return kept
        with _silenced(secrets):
            answer = self._patiently(self._redirected(str(asked)), public, secrets)
        response = Response(
            answer.content,
            public,
            self.clock.now(),
            from_cache=False,
            content_type=answer.headers.get("content-type", ""),
        )
        if check is not None:
            check(response)
        headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
        # An answer that repeats the key is used, but not written down.
        if not any(secret.encode() in answer.content or secret in str(headers) for secret in secrets):
            self._answers.keep(response, headers)
        return response

    def get_json(
        self, url: str, *, params: Mapping[str, str] | None = None, fresh: bool = False
    ) -> tuple[Any, Response]:
        """Return the JSON document at an address, and the answer that holds it.

        Parameters
        ----------
        url, params, fresh
            As for `get`.

        Raises
        ------
        RefreshError
            As for `get`, and if the answer is not JSON.
        """
        documents: list[Any] = []
        response = self.get(
            url, params=params, fresh=fresh, check=lambda answer: documents.append(json_document(answer, self.source))
        )
        return documents[-1], response

    def _recent(self, public: str, check: Check | None) -> Response | None:
        kept = self._answers.find(public)
        if kept is None or self.clock.now() - kept.fetched_at > self.limits.max_age:
            return None
        try:
            if check is not None:
                check(kept)
        except RefreshError:
            return None
        return kept

    def _public(self, asked: httpx.URL) -> str:
        """Return the address as files and messages may show it."""
        shown = [
            (name, _HIDDEN if name in self.secret_parameters else value) for name, value in asked.params.multi_items()
        ]
        text = str(asked.copy_with(query=None, username=None, password=None))
        return (
            text
            if not shown
            else f"{text}?{'&'.join(f'{name}={quote_plus(value, safe=_HIDDEN)}' for name, value in shown)}"
        )

    def _redirected(self, url: str) -> str:
        for original, replacement in self.base_urls.items():
            if url.startswith(original):
                return replacement + url.removeprefix(original)
        return url

    def _patiently(self, url: str, public: str, secrets: list[str]) -> _Answer:
        """Ask until the answer is good, hopeless, or the attempts are used up."""
        attempt = 0
        while True:
            attempt += 1
            self._pace.wait()
            wait = back_off(attempt, first=self.limits.first_wait, longest=self.limits.longest_wait)
            try:
                answer = self._once(url, public)
            except httpx.RequestError as error:
                failure = self._broken(error, public, secrets)
            else:
                if answer.status == httpx.codes.OK:
                    return answer
                failure = self._refused(answer, public, secrets)
                if answer.status not in _TRY_AGAIN:
                    raise failure
                asked = retry_after(answer.headers.get("retry-after"), self.clock.now())
                if asked is not None and asked > self.limits.longest_wait:
                    raise RefreshError(
                        self.source,
                        f"{failure.what} and asks to wait {asked:.0f} seconds",
                        where=public,
                        remedy="try again later",
                        status=answer.status,
                    )
                wait = max(wait, asked or 0.0)
            if attempt > self.limits.retries:
                raise failure
            self.clock.sleep(wait)

    def _once(self, url: str, public: str) -> _Answer:
        limits = self.limits
        try:
            return _run(self._fetch(url))
        except TimeoutError:
            what = f"no complete answer within {limits.deadline:g} seconds"
            raise RefreshError(self.source, what, where=public, remedy="try again later") from None
        except _TooLargeError:
            what = f"the answer is larger than {limits.largest} bytes"
            raise RefreshError(self.source, what, where=public, remedy="nothing was kept") from None

    async def _fetch(self, url: str) -> _Answer:
        limits = self.limits
        async with (
            asyncio.timeout(limits.deadline),
            httpx.AsyncClient(
                headers={"User-Agent": self.user_agent}, timeout=limits.timeout, transport=self.transport
            ) as session,
            session.stream("GET", url) as stream,
        ):
            content = bytearray()
            async for piece in stream.aiter_bytes():
                content += piece
                if len(content) > limits.largest:
                    raise _TooLargeError
            return _Answer(stream.status_code, stream.headers, bytes(content))

    def _broken(self, error: httpx.RequestError, public: str, secrets: list[str]) -> RefreshError:
        detail = _hide(str(error) or type(error).__name__, secrets)
        what = f"no answer: {detail}"
        return RefreshError(self.source, what, where=public, remedy="check the network and try again")

    def _refused(self, answer: _Answer, public: str, secrets: list[str]) -> RefreshError:
        what = f"answers {answer.status}"
        if quoted := _quote(answer.content):
            what += f" {_hide(quoted, secrets)!r}"
        remedy = self.remedies.get(answer.status, "")
        return RefreshError(self.source, what, where=public, remedy=remedy, status=answer.status)


def json_document(response: Response, source: str = "the source") -> Any:
    """Return the JSON of an answer.

    Parameters
    ----------
    response : Response
        An answer.
    source : str
        Name of the source in messages.

    Raises
    ------
    RefreshError
        If it is an HTML page, cut short, or no JSON at all.
    """
    start = response.content.lstrip()[:1]
    if start == b"<":
        what, remedy = "answers a web page instead of JSON", "the source is down or refuses automated requests"
        raise RefreshError(source, what, where=response.url, remedy=remedy)
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError) as error:
        what = f"answers broken JSON ({error}; {len(response.content)} bytes)"
        raise RefreshError(source, what, where=response.url, remedy="try again later") from None


def _run(work: Coroutine[Any, Any, _Answer]) -> _Answer:
    """Run a request to its end, from a plain function or from a notebook, whose thread has a loop already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()


def _quote(content: bytes) -> str:
    """Return what a refusal says, on one line; a web page says nothing worth a line."""
    text = " ".join(content[: 10 * _QUOTED].decode("utf-8", errors="replace").split())
    if text.startswith("<"):
        return ""
    return text if len(text) <= _QUOTED else text[:_QUOTED] + "…"


def _hide(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        for form in (secret, quote_plus(secret)):
            text = text.replace(form, _HIDDEN)
    return text


class _Silence(logging.Filter):
    """Takes keys out of what the network library logs."""

    def __init__(self, secrets: list[str]) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _hide(record.getMessage(), self._secrets), ()
        return True


@contextmanager
def _silenced(secrets: list[str]) -> Iterator[None]:
    # httpx logs the whole address of each request at level INFO, httpcore headers at DEBUG.
    names = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy")
    loggers = [logging.getLogger(name) for name in names]
    silence = _Silence(secrets)
    for logger in loggers:
        logger.addFilter(silence)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(silence)
