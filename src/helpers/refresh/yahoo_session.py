"""The connection yfinance uses: paced, patient within bounds, kept on disk, and it says what went wrong.

yfinance takes any session of curl_cffi. This one asks slowly, repeats what may pass, refuses what is no chart, and
keeps each good chart as it was received; yfinance does the rest (cookies, adjustment, time zones).
"""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from curl_cffi import requests
from curl_cffi.requests.exceptions import RequestException

from helpers.refresh.answers import Answers, Response
from helpers.refresh.errors import RefreshError
from helpers.refresh.http import Limits, json_document
from helpers.refresh.pacing import Clock, Pace, back_off

SOURCE = "Yahoo"
_CHART = "/v8/finance/chart/"
_PER_SECOND = 1.0
_TRY_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_OK = 200

LIMITS = Limits(timeout=20.0, retries=3, longest_wait=30.0, max_age=timedelta(hours=12))


class Session(requests.Session):  # type: ignore[type-arg]  # generic in the stub only
    """A session for yfinance.

    Parameters
    ----------
    cache : pathlib.Path
        Folder for the charts received.
    address : str, optional
        Where to ask instead of Yahoo: ``https://HOST/PATH`` becomes ``ADDRESS/HOST/PATH``. For tests.
    clock : Clock, optional
        Replaces time.
    limits : Limits, optional
        Patience; ``timeout`` bounds a whole answer.
    """

    def __init__(
        self, cache: Path, *, address: str | None = None, clock: Clock | None = None, limits: Limits = LIMITS
    ) -> None:
        # yfinance's own choice: Yahoo refuses clients that do not look like a browser.
        super().__init__(impersonate="chrome")
        self._answers = Answers(cache)
        self._address = address
        self._clock = clock or Clock()
        self._limits = limits
        self._pace = Pace(_PER_SECOND, self._clock)

    def request(self, method: Any, url: str, **options: Any) -> Any:  # type: ignore[override]  # of its many options we name two
        """Send a request; a chart is read from disk where a recent one is kept.

        Raises
        ------
        RefreshError
            If a chart cannot be had.
        """
        options["timeout"] = min(options.get("timeout") or self._limits.timeout, self._limits.timeout)
        if method != "GET" or _CHART not in url:
            return self._send(method, url, options)
        public = _public(url, options.get("params") or {})
        kept = self._answers.find(public)
        if kept is not None and self._clock.now() - kept.fetched_at <= self._limits.max_age:
            return _as_answer(kept)
        answer = self._patiently(url, options, public)
        told = Response(bytes(answer.content), public, self._clock.now(), from_cache=False)
        _refuse_no_chart(told)
        self._answers.keep(told, {})
        return answer

    def _patiently(self, url: str, options: dict[str, Any], public: str) -> Any:
        for attempt in range(1, self._limits.retries + 2):
            try:
                answer = self._send("GET", url, options)
            except RequestException as error:
                what = f"no answer: {str(error).split('. See ')[0]}"
                failure = RefreshError(SOURCE, what, where=public, remedy="check the network and try again")
            else:
                if answer.status_code == _OK:
                    return answer
                failure = _refused(answer, public)
                if answer.status_code not in _TRY_AGAIN:
                    raise failure
            if attempt <= self._limits.retries:
                wait = back_off(attempt, first=self._limits.first_wait, longest=self._limits.longest_wait)
                self._clock.sleep(wait)
        raise failure

    def _send(self, method: Any, url: str, options: dict[str, Any]) -> Any:
        self._pace.wait()
        if self._address:
            url = f"{self._address}/{url.split('://', 1)[1]}"
        return super().request(method, url, **options)


def _public(url: str, params: Any) -> str:
    """Return the address of a chart as files and messages may show it: without the crumb that belongs to a cookie."""
    shown = sorted((name, str(value)) for name, value in dict(params).items() if name != "crumb")
    return f"{url}?{urlencode(shown)}" if shown else url


def _refused(answer: Any, public: str) -> RefreshError:
    what = f"answers {answer.status_code}"
    with contextlib.suppress(ValueError, KeyError, TypeError):  # a refusal need not explain itself
        what += f" {json.loads(answer.content)['chart']['error']['description']!r}"
    remedy = "it limits how often it may be asked; try again later" if answer.status_code == 429 else ""
    return RefreshError(SOURCE, what, where=public, remedy=remedy, status=answer.status_code)


def _refuse_no_chart(response: Response) -> None:
    """Refuse an answer of status 200 that is no chart."""
    document = json_document(response, SOURCE)
    try:
        meta = document["chart"]["result"][0]["meta"]
        named = bool(meta["symbol"]) and bool(meta["exchangeTimezoneName"])
    except (KeyError, IndexError, TypeError):
        named = False
    if not named:
        raise RefreshError(SOURCE, "the answer has not the form of a chart", where=response.url)


def _as_answer(kept: Response) -> requests.Response:
    answer = requests.Response()
    answer.url, answer.content = kept.url, kept.content
    return answer
