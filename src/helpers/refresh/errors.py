"""What a failed refresh says: one line."""

from __future__ import annotations


class RefreshError(Exception):
    """A source that could not be read; the message is one line without secrets.

    Parameters
    ----------
    source : str
        Name of the source, for example ``"SEC EDGAR"``.
    what : str
        What went wrong.
    where : str, optional
        Address or file that was asked for, without keys.
    remedy : str, optional
        What the reader of the message can do.
    status : int, optional
        HTTP status of the last answer, where there was one.

    Notes
    -----
    ``source``, ``what``, ``where``, ``remedy`` and ``status`` stay readable as attributes.
    """

    def __init__(self, source: str, what: str, *, where: str = "", remedy: str = "", status: int | None = None) -> None:
        self.source, self.what, self.where, self.remedy, self.status = source, what, where, remedy, status
        parts = [f"{source}: {what}"]
        if where:
            parts.append(f" ({where})")
        if remedy:
            parts.append(f"; {remedy}")
        super().__init__(" ".join("".join(parts).split()))
