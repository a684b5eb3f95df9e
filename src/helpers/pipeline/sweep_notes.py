"""What is kept beside a sweep's rows for its page: sentences, figure, counts. Reads and writes JSON, nothing heavy."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

#: The ending of the file.
NOTES = ".json"
_SCHEMA = 1


@dataclass(frozen=True)
class Notes:
    """What the rows of a sweep say.

    Attributes
    ----------
    sweep : str
    rows : int
    failures : dict of str to int
        How many runs failed, by reason.
    sentences : list of str
        Computed from the rows.
    figure : dict or None
        ``title``, ``subtitle``, ``alt``, ``unit``, ``source``, ``as_of`` and ``csv``, the data behind it.
    made_of : str
        Hash of the rows and of the code that made all this.
    """

    sweep: str
    rows: int
    failures: dict[str, int]
    sentences: list[str]
    figure: dict[str, Any] | None
    made_of: str

    def write(self, path: Path) -> None:
        """Write the file in one step."""
        new = path.with_name(f".{path.name}.new")
        content = {"schema": _SCHEMA, **asdict(self)}
        new.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        new.replace(path)


def notes_of(path: Path) -> Notes | None:
    """Read the file back; None where there is none, or none that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("schema") != _SCHEMA:
            return None
        return Notes(**content)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
