"""What FRED answers about one series, read strictly: half an answer is no answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from helpers.refresh.answers import Response
from helpers.refresh.errors import RefreshError
from helpers.refresh.http import Client, json_document

_SOURCE = "FRED"
_LIMIT = 100_000
"""Observations FRED gives at once; no series used here has a fifth of it."""

_MISSING = "."
"""How FRED writes an observation that was not published."""


@dataclass(frozen=True)
class Observation:
    """One figure of a series.

    Parameters
    ----------
    value : float or None
        None where FRED has a place for it and no figure.
    known : datetime.date
        First day of the real-time period asked for on which it stood there.
    """

    value: float | None
    known: date


Series = dict[date, Observation]
"""The figures of a series by the first day of their period, oldest first."""


@dataclass(frozen=True)
class Ask:
    """Asks for series.

    Parameters
    ----------
    client : Client
        Client of FRED.
    address : str
        Address of the observations.
    api_key : str
        Never kept, logged or shown.
    """

    client: Client
    address: str
    api_key: str

    def series(self, name: str, *, first: date, start: date, end: date) -> Series:
        """Return a series as it stood on a day.

        Parameters
        ----------
        name : str
            For example ``"GDP"``.
        first : datetime.date
            First observation wanted.
        start, end : datetime.date
            Real-time period. The figures are those of its last day; changes inside it carry their own date.

        Raises
        ------
        RefreshError
            If the answer is no JSON, of another form, or incomplete.
        """
        parameters = {
            "series_id": name,
            "file_type": "json",
            "realtime_start": start.isoformat(),
            "realtime_end": end.isoformat(),
            "observation_start": first.isoformat(),
            "limit": str(_LIMIT),
            "api_key": self.api_key,
        }

        def check(response: Response) -> None:
            read(response, name, end)

        answer = self.client.get(self.address, params=parameters, check=check)
        return read(answer, name, end)


def read(response: Response, name: str, end: date) -> Series:
    """Read an answer.

    Parameters
    ----------
    response : Response
        FRED's answer.
    name : str
        Series, for messages.
    end : datetime.date
        Last day of the real-time period asked for.

    Raises
    ------
    RefreshError
        If it is not what FRED documents, or not all of it.
    """
    document = json_document(response, _SOURCE)
    try:
        listed, count, units = document["observations"], int(document["count"]), document["units"]
        entries = [_entry(one) for one in listed]
    except (KeyError, TypeError, ValueError) as error:
        raise _unexpected(response, name, f"not in the documented form ({error!r})") from None
    if units != "lin":
        raise _unexpected(response, name, f"in units {units!r} instead of levels")
    if count != len(entries):
        raise _unexpected(response, name, f"half an answer: {len(entries)} of {count} observations")
    # An entry that ended earlier was replaced, or taken back.
    standing = {period: Observation(value, since) for period, since, until, value in entries if until >= end}
    if not any(one.value is not None for one in standing.values()):
        raise _unexpected(response, name, "without a single figure")
    return dict(sorted(standing.items()))


def _entry(one: dict[str, Any]) -> tuple[date, date, date, float | None]:
    text = one["value"]
    value = None if text == _MISSING else float(text)
    if value is not None and not abs(value) < float("inf"):
        raise ValueError(f"{text!r} is no figure")
    period, since, until = (date.fromisoformat(one[part]) for part in ("date", "realtime_start", "realtime_end"))
    return period, since, until, value


def _unexpected(response: Response, name: str, what: str) -> RefreshError:
    return RefreshError(_SOURCE, f"the answer on {name} is {what}", where=response.url, remedy="nothing was changed")
