"""Answers kept on disk as they were received, each beside a note of where and when."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_READABLE = 80
"""Characters of an address that a file name keeps; the hash after it tells addresses apart."""


@dataclass(frozen=True)
class Response:
    """One good answer.

    Parameters
    ----------
    content : bytes
        The body, unpacked but otherwise as received.
    url : str
        The address asked for, without secrets.
    fetched_at : datetime.datetime
        When it was received, in UTC.
    from_cache : bool
        True where it was read from disk and no request was made.
    content_type : str
        The header of that name, or an empty string.
    """

    content: bytes
    url: str
    fetched_at: datetime
    from_cache: bool
    content_type: str = ""

    @property
    def sha256(self) -> str:
        """Hash of the content, in hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()


class Answers:
    """The answers of one folder.

    Parameters
    ----------
    folder : pathlib.Path
        Where they lie; made when first needed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def find(self, url: str) -> Response | None:
        """Return the last answer kept for an address, or None where there is none or it was damaged.

        Parameters
        ----------
        url : str
            Address without secrets.
        """
        body, note = self._paths(url)
        try:
            told = json.loads(note.read_text(encoding="utf-8"))
            content = body.read_bytes()
            found = Response(content, told["url"], datetime.fromisoformat(told["fetched_at"]), True, told["type"])
            whole = told["url"] == url and told["sha256"] == found.sha256
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if whole else None

    def keep(self, response: Response, headers: Mapping[str, str]) -> None:
        """Write an answer: first the body, then the note whose hash makes the pair valid.

        Parameters
        ----------
        response : Response
            A good answer.
        headers : mapping of str to str
            Headers worth keeping.
        """
        body, note = self._paths(response.url)
        told = {
            "url": response.url,
            "fetched_at": response.fetched_at.isoformat(),
            "type": response.content_type,
            "sha256": response.sha256,
            "bytes": len(response.content),
            "headers": dict(headers),
        }
        _write(body, response.content)
        _write(note, (json.dumps(told, indent=1, sort_keys=True) + "\n").encode())

    def _paths(self, url: str) -> tuple[Path, Path]:
        readable = re.sub(r"[^A-Za-z0-9.]+", "-", url.split("://", 1)[-1])[:_READABLE].strip("-.")
        name = f"{readable}-{hashlib.sha256(url.encode()).hexdigest()[:16]}"
        return self.folder / f"{name}.body", self.folder / f"{name}.note.json"


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(descriptor, "wb") as part:
            part.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
