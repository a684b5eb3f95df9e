"""From bytes to cells, strictly: a table that needs guessing is a damaged table."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from helpers import journal
from helpers.tables.descriptor import Resource, read_bytes
from helpers.tables.faults import DataError, Fault


@dataclass(frozen=True)
class Cells:
    """The text of a table, column by column.

    Parameters
    ----------
    file : str
        File name, for messages.
    sha256 : str
        Hash of the bytes read.
    columns : dict of str to tuple of str
        Cells by column name; an empty cell is ``""``.
    lines : tuple of int
        Line of the file on which each row begins; the header is line 1.
    """

    file: str
    sha256: str
    columns: dict[str, tuple[str, ...]]
    lines: tuple[int, ...]


@dataclass(frozen=True)
class Content:
    """The bytes of a table's file.

    Parameters
    ----------
    file : str
        File name, for messages.
    data : bytes
    sha256 : str
        Their hash.
    """

    file: str
    data: bytes
    sha256: str


def read(folder: Path, resource: Resource) -> Cells:
    """Read one table's cells: `content`, then `cells`, with their errors."""
    return cells(content(folder, resource), resource)


def content(folder: Path, resource: Resource) -> Content:
    """Read the bytes of one table, and note in the run's diary which they are.

    Parameters
    ----------
    folder : pathlib.Path
        The data folder.
    resource : dict
        The table's descriptor.

    Returns
    -------
    Content

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    data = read_bytes(folder / resource["path"])
    digest = sha256(data).hexdigest()
    # Before anything can fail: a run that met a damaged file must run again once the file is mended.
    journal.record("read", name=resource["name"], sha256=digest)
    return Content(resource["path"], data, digest)


def cells(content: Content, resource: Resource) -> Cells:
    r"""Read one table's cells.

    Parameters
    ----------
    content : Content
    resource : dict
        The table's descriptor.

    Returns
    -------
    Cells
        Exactly the columns of the descriptor, in its order.

    Raises
    ------
    DataError
        For bytes that are not plain UTF-8 CSV with ``\n`` line ends, or columns other than the descriptor's.
    """
    file = content.file
    rows, lines = _rows(file, _text(file, content.data))
    expected = [field["name"] for field in resource["schema"]["fields"]]
    if faults := _header_faults(file, rows[0], expected) or _width_faults(file, rows, lines):
        raise DataError(faults)
    if len(rows) == 1:
        raise DataError([Fault(file, "the table has a header and no rows")])
    columns = zip(*rows[1:], strict=True)
    return Cells(file, content.sha256, dict(zip(expected, columns, strict=True)), tuple(lines[1:]))


def _text(file: str, content: bytes) -> str:
    if not content.strip():
        raise DataError([Fault(file, "the file is empty")])
    if content.startswith(b"\xef\xbb\xbf"):
        raise DataError([Fault(file, "the file begins with a byte-order mark; save it as UTF-8 without one", line=1)])
    for byte, rule in ((b"\0", "a NUL byte"), (b"\r", "a carriage return; line ends must be \\n")):
        if byte in content:
            raise DataError([Fault(file, rule, line=1 + content[: content.index(byte)].count(b"\n"))])
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = 1 + content[: error.start].count(b"\n")
        raise DataError(
            [Fault(file, "the file is not UTF-8 text", line=line, value=repr(content[error.start]))]
        ) from None
    if not text.endswith("\n"):
        last = 1 + text.count("\n")
        raise DataError([Fault(file, "the last line has no end: the file is cut short", line=last)])
    return text


def _rows(file: str, text: str) -> tuple[list[list[str]], list[int]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    start = 1
    try:
        for row in reader:
            rows.append(row)
            lines.append(start)
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError([Fault(file, f"a broken quotation: {error}", line=start)]) from None
    return rows, lines


def _header_faults(file: str, header: list[str], expected: list[str]) -> list[Fault]:
    twice = [name for at, name in enumerate(header) if name in header[:at] and name in expected]
    if twice:
        return [Fault(file, "the column stands twice in the header", line=1, column=name) for name in twice]
    missing = [Fault(file, "the column is missing", line=1, column=name) for name in expected if name not in header]
    extra = [
        Fault(file, "a column the descriptor does not have", line=1, column=n) for n in header if n not in expected
    ]
    if missing or extra:
        return missing + extra
    return [
        Fault(file, f"the columns are out of order: {wanted} should stand here", line=1, column=found)
        for found, wanted in zip(header, expected, strict=True)
        if found != wanted
    ]


def _width_faults(file: str, rows: list[list[str]], lines: list[int]) -> list[Fault]:
    width = len(rows[0])
    return [
        Fault(file, f"{len(row)} cells where the header has {width}" if row else "a blank line", line=line)
        for row, line in zip(rows, lines, strict=True)
        if len(row) != width
    ]
