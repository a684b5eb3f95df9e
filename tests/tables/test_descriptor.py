"""The descriptor: read by an independent reader, complete, and written in one form."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
from frictionless import Package

from helpers import tables
from helpers.tables import structure

NAMES = tables.names()


def test_frictionless_reads_and_validates_every_table(root: Path) -> None:
    """An independent reader of the standard finds the same rows and no fault."""
    package = Package(str(root / "data" / "datapackage.json"))
    report = package.validate()
    assert report.valid, report.flatten(["title", "rowNumber", "fieldName", "note"])
    assert {task.name: task.stats["rows"] for task in report.tasks} == {name: len(tables.load(name)) for name in NAMES}
    assert not [warning for task in report.tasks for warning in task.warnings]


def test_frictionless_sees_damage_too(package: Path) -> None:
    """The check above can fail: the same reader finds a negative capex in a copy."""
    path = package / "cash_flows.csv"
    path.write_text(path.read_text().replace(",19081,2369,", ",19081,-2369,"))
    report = Package(str(package / "datapackage.json")).validate()
    assert not report.valid
    assert ["cash_flows", "capex"] in [list(pair) for pair in _faulty(report)]


def _faulty(report: object) -> set[tuple[str, str]]:
    tasks = report.tasks  # type: ignore[attr-defined]
    return {(task.name, getattr(error, "field_name", "")) for task in tasks for error in task.errors}


@pytest.mark.parametrize("name", NAMES)
def test_each_table_says_what_a_reader_must_know(name: str) -> None:
    resource = tables.describe(name)
    assert structure.faults(resource) == []
    for part in ("title", "description", "rowIs", "rights"):
        assert len(resource[part]) >= 5
    assert resource["knownFrom"]["text"].endswith(".")
    assert resource["traps"]
    assert name == "sources" or resource["grade"]["text"]
    for field in resource["schema"]["fields"]:
        assert len(field["description"]) >= 6, field["name"]
        if field["type"] == "number":
            assert field["unit"], field["name"]
            # A number has both bounds: a shifted decimal point is then found.
            assert {"minimum", "maximum"} <= field["constraints"].keys(), field["name"]
        if field["type"] == "date":
            assert {"minimum", "maximum"} <= field["constraints"].keys(), field["name"]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "sources"])
def test_each_table_refers_to_its_sources(name: str) -> None:
    reference = tables.describe(name)["sourceReferences"]
    assert (reference["field"], reference["separator"]) == ("source_id", ";")
    assert (reference["resource"], reference["reference"]) == ("sources", "source_id")
    cited = {source for cell in tables.load(name)["source_id"].dropna() for source in cell.split(";")}
    assert cited <= set(tables.load("sources")["source_id"])


NATURAL = {
    # table: natural key that is not unique, columns added to it
    "vendor_metrics": (["company", "scope", "date", "metric"], ["published", "value"]),
    "compute_commitments": (["date", "payer", "payee"], ["amount_usd_m"]),
    "statutory_damages": (["jurisdiction", "act", "section", "kind"], ["currency"]),
    "litigation_benchmarks": (["matter"], ["kind"]),
    "ai_prices": (["date", "product"], ["plan", "unit"]),
}


@pytest.mark.parametrize("name", NATURAL)
def test_where_the_natural_key_repeats_the_key_adds_as_few_columns_as_can_be(name: str) -> None:
    natural, added = NATURAL[name]
    table = tables.load(name)
    assert tables.describe(name)["schema"]["primaryKey"] == natural + added
    assert tables.describe(name)["schema"]["primaryKeyNote"]
    assert table.duplicated(natural).any()
    assert not table.duplicated(natural + added).any()
    others = [
        column for column in table.columns if column not in (*natural, "note", "source_id", "status", "how_to_test")
    ]
    for fewer in range(1, len(added)):
        for columns in itertools.combinations(others, fewer):
            assert table.duplicated([*natural, *columns]).any(), columns


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NATURAL])
def test_no_column_of_a_natural_key_is_superfluous(name: str) -> None:
    key = tables.describe(name)["schema"]["primaryKey"]
    table = tables.load(name)
    assert not table.duplicated(key).any()
    # A round's name happens to be enough almost everywhere; it names a round of a firm all the same.
    for left_out in key if len(key) > 1 else []:
        assert table.duplicated([column for column in key if column != left_out]).any(), left_out


@pytest.mark.parametrize("name", NAMES)
def test_closed_sets_hold_no_value_that_never_occurs(name: str) -> None:
    """But for `derived`, which a table may come to hold."""
    table = tables.load(name)
    for field in tables.describe(name)["schema"]["fields"]:
        unused = set(field.get("categories", [])) - set(table[field["name"]].dropna())
        assert unused <= {"derived"}, field["name"]


def test_the_file_is_written_in_one_form(root: Path) -> None:
    """So that `check --update` changes only what it computes."""
    text = (root / "data" / "datapackage.json").read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


def test_epoch_ai_is_credited_where_its_data_helped(root: Path) -> None:
    for name in ("vendor_metrics", "funding_rounds", "ai_prices"):
        assert any("Epoch AI" in source["title"] for source in tables.describe(name)["sources"])
        assert "Epoch AI" in tables.describe(name)["rights"]
    assert re.search(r"Epoch AI, Data on AI Companies \(CC BY 4\.0\)", (root / "data" / "README.md").read_text())


def test_traps_of_the_tables_are_told() -> None:
    told = {name: " ".join(tables.describe(name)["traps"]) for name in NAMES}
    assert "11,363" in told["cash_flows"]
    assert "Meta 2020-2021" in told["cash_flows"]
    assert "`partial:`" in told["financing"]
    assert "fraud" in told["dotcom_firms"]
    assert "never splice" in told["bubble_benchmarks"]
    assert "net of what partners keep, Anthropic gross" in told["vendor_metrics"]
    assert "Guidance is not an outcome" in told["vendor_metrics"]
    assert "two wordings" in told["ai_usage"]
    assert "Latest revision, not real time" in told["macro_us"]
