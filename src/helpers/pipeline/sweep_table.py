"""The rows of a finished sweep: one Parquet file with a column for each parameter, number and verdict."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from helpers.findings.schema import GRADES, weakest
from helpers.pipeline.key import Uses
from helpers.pipeline.sweep_journal import Row

#: What every row has besides its parameters and findings.
FIXED = ("status", "error", "seconds", "key")
_BATCH = 1000
_GOOD = "ok"


class Columns:
    """The columns that some rows need, and how each is filled.

    Parameters are called as in the notebook, numbers by their id, a claim's columns ``A11_verdict`` and ``A11_value``.
    A name that is taken already gets its kind before it: ``number_status``.

    Parameters
    ----------
    rows : iterable of Row
        All rows, in order; read once.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self.count = 0
        kinds: dict[tuple[str, str], set[type]] = {}
        self.about: dict[tuple[str, str], dict[str, Any]] = {}
        for row in rows:
            self.count += 1
            for name, value in row["parameters"].items():
                kinds.setdefault(("parameter", name), set()).add(type(value))
            for id, (_, unit, grade) in row["numbers"].items():
                self._note(("number", id), unit, grade)
            for id, (_, _, unit, grade) in row["claims"].items():
                self._note(("claim", id), unit, grade)
        self.types = {name: _arrow(found) for name, found in kinds.items()}
        self.names = self._named()

    def _note(self, what: tuple[str, str], unit: str, grade: str | None) -> None:
        noted = self.about.setdefault(what, {"unit": unit, "grade": grade})
        known = [one for one in (noted["grade"], grade) if one in GRADES]
        noted["grade"] = weakest(known)

    def _named(self) -> dict[tuple[str, str], str]:
        taken = set(FIXED)
        names: dict[tuple[str, str], str] = {}
        # Claims have capitals, ids of numbers have none: only parameters and numbers can meet.
        wanted = [*self.types, *sorted(what for what in self.about if what[0] == "number")]
        for kind, name in wanted:
            names[kind, name] = f"{kind}_{name}" if name in taken else name
            taken.add(names[kind, name])
        for kind, id in sorted(what for what in self.about if what[0] == "claim"):
            names[kind, id] = id
        return names

    def schema(self, notes: Mapping[str, str]) -> Any:
        """Return the Arrow schema; each field says in its metadata what it is, in which unit and how well known."""
        pa = _arrow_library()
        fields = []
        for (kind, name), column in self.names.items():
            if kind == "parameter":
                form = self.types[kind, name]
                about = {"kind": kind, "name": name} | ({"encoding": "json"} if form == "json" else {})
                fields.append(pa.field(column, pa.type_for_alias("string" if form == "json" else form), metadata=about))
                continue
            about = {"kind": kind, "name": name} | {key: text for key, text in self.about[kind, name].items() if text}
            if kind == "claim":
                fields.append(pa.field(f"{column}_verdict", pa.string(), metadata=about))
                column = f"{column}_value"
            fields.append(pa.field(column, pa.float64(), metadata=about))
        fields += [pa.field(name, pa.float64() if name == "seconds" else pa.string()) for name in FIXED]
        return pa.schema(fields, metadata=dict(notes))

    def flat(self, row: Row) -> dict[str, Any]:
        """Return a row as the file holds it."""
        flat: dict[str, Any] = {name: row[name] for name in FIXED}
        for (kind, name), column in self.names.items():
            if kind == "parameter":
                value = row["parameters"].get(name)
                as_json = self.types[kind, name] == "json" and value is not None
                flat[column] = json.dumps(value, ensure_ascii=False) if as_json else value
            elif kind == "number":
                flat[column] = row["numbers"].get(name, [None])[0]
            else:
                flat[f"{column}_verdict"], flat[f"{column}_value"] = row["claims"].get(name, [None, None])[:2]
        return flat


def write(path: Path, rows: Callable[[], Iterable[Row]], notes: Mapping[str, str], uses: Iterable[Uses]) -> None:
    """Write the file in the place of an older one, in one step.

    Parameters
    ----------
    path : Path
    rows : callable
        Gives all rows in the order of the plan; asked twice, so that they need not fit into memory.
    notes : mapping of str to str
        What the file says of itself.
    uses : iterable of Uses
        What the runs used.

    Raises
    ------
    OSError
        When it cannot be written; the older file is as before.
    """
    pa, parquet = _arrow_library(), _arrow_library("parquet")
    columns = Columns(rows())
    told = {**notes, "uses": json.dumps([one.document() for one in uses])}
    schema = columns.schema(told)
    new = path.with_name(f".{path.name}.new")
    try:
        with parquet.ParquetWriter(new, schema, compression="zstd") as writer:
            for batch in _batches(rows()):
                writer.write_table(pa.Table.from_pylist([columns.flat(row) for row in batch], schema=schema))
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def read(path: Path) -> Iterator[Row]:
    """Read the rows back as the journal holds them.

    Raises
    ------
    ValueError
        When the file is none of ours, or damaged.
    """
    pa, parquet = _arrow_library(), _arrow_library("parquet")
    try:
        with parquet.ParquetFile(path) as file:
            schema = file.schema_arrow
            about = {name: _about(schema.field(name).metadata) for name in schema.names}
            for batch in file.iter_batches(_BATCH):
                for flat in batch.to_pylist():
                    yield _row(flat, about)
    except (OSError, pa.ArrowException, KeyError) as error:
        raise ValueError(f"{path.name} cannot be read: {error}") from error


def notes(path: Path) -> dict[str, str]:
    """Return what a file says of itself; empty where it says nothing or cannot be read."""
    pa, parquet = _arrow_library(), _arrow_library("parquet")
    try:
        return _about(parquet.read_schema(path).metadata)
    except (OSError, pa.ArrowException):
        return {}


def uses(path: Path) -> list[Uses]:
    """Return what the runs of a file used."""
    try:
        return [Uses.from_document(one) for one in json.loads(notes(path).get("uses", "[]"))]
    except (ValueError, KeyError, TypeError):
        return []


def grades(path: Path) -> list[str]:
    """Return the weakest evidence of each number and verdict of a file."""
    pa, parquet = _arrow_library(), _arrow_library("parquet")
    try:
        found = [_about(field.metadata).get("grade") for field in parquet.read_schema(path)]
    except (OSError, pa.ArrowException):
        return []
    return [grade for grade in found if grade]


def _row(flat: Mapping[str, Any], about: Mapping[str, Mapping[str, str]]) -> Row:
    row: Row = {name: flat[name] for name in FIXED} | {"parameters": {}, "numbers": {}, "claims": {}}
    for column, value in flat.items():
        what = about[column]
        unit, grade = what.get("unit", ""), what.get("grade")
        match what.get("kind"):
            case "parameter":
                is_json = what.get("encoding") == "json" and value is not None
                row["parameters"][what["name"]] = json.loads(value) if is_json else value
            # A failed run stated nothing, so an empty cell of it is no unknown number.
            case "number" if row["status"] == _GOOD:
                row["numbers"][what["name"]] = [value, unit, grade]
            case "claim" if column.endswith("_verdict") and value is not None:
                number = flat[f"{column.removesuffix('_verdict')}_value"]
                row["claims"][what["name"]] = [value, number, unit, grade]
    return row


def _arrow_library(part: str = "") -> Any:
    """Import Arrow when it is needed: it weighs more than the rest of the runner."""
    return importlib.import_module(f"pyarrow.{part}" if part else "pyarrow")


def _about(metadata: Mapping[bytes, bytes] | None) -> dict[str, str]:
    return {key.decode(): value.decode() for key, value in (metadata or {}).items()}


def _arrow(found: set[type]) -> str:
    """Return the type of a parameter's column; what no column can hold is written as JSON."""
    found = found - {type(None)}
    for types, name in (({bool}, "bool"), ({int}, "int64"), ({int, float}, "float64"), ({str}, "string")):
        if found and found <= types:
            return name
    return "json" if found else "string"


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
