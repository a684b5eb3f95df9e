"""Damaged packages: each kind of damage gives a message with file, row, column and value, and no traceback."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import tables
from helpers.tables import check

Damage = Callable[[Path], None]


def replaced(name: str, old: str, new: str, count: int = 1) -> Damage:
    """Replace a text in a table, which must be there."""

    def damage(package: Path) -> None:
        path = package / f"{name}.csv"
        content = path.read_bytes()
        assert old.encode() in content
        path.write_bytes(content.replace(old.encode(), new.encode("utf-8", "surrogateescape"), count))

    return damage


def rewritten(name: str, change: Callable[[bytes], bytes]) -> Damage:
    def damage(package: Path) -> None:
        path = package / f"{name}.csv"
        content = change(path.read_bytes())
        assert content != path.read_bytes()
        path.write_bytes(content)

    return damage


def lines(change: Callable[[list[str]], list[str]]) -> Callable[[bytes], bytes]:
    """Lift a change of lines to a change of bytes."""
    return lambda content: "".join(change(content.decode().splitlines(keepends=True))).encode()


def described(change: Callable[[dict[str, Any]], None]) -> Damage:
    """Change the descriptor."""

    def damage(package: Path) -> None:
        path = package / "datapackage.json"
        parsed = json.loads(path.read_text())
        change(parsed)
        path.write_text(json.dumps(parsed, indent=2, ensure_ascii=False) + "\n")

    return damage


def resource(parsed: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in parsed["resources"] if each["name"] == name)


def swap_columns(rows: list[str]) -> list[str]:
    def swap(line: str) -> str:
        cells = line.split(",")
        return ",".join([cells[1], cells[0], *cells[2:]])

    return [swap(line) for line in rows]


def swap_values(rows: list[str]) -> list[str]:
    """Swap the cells of two columns below an unchanged header."""
    return [rows[0], *swap_columns(rows[1:])]


def add_column(rows: list[str]) -> list[str]:
    return [rows[0].rstrip("\n") + ",extra\n", *(row.rstrip("\n") + ",1\n" for row in rows[1:])]


def without(name: str, start: str) -> Damage:
    """Leave out the lines of a table that begin so."""
    return rewritten(name, lines(lambda rows: [row for row in rows if not row.startswith(start)]))


def apple(old: str, new: str) -> Damage:
    """Change a cell of the first row of cash_flows."""
    return replaced("cash_flows", APPLE, APPLE.replace(old, new))


def undescribed(package: Path) -> None:
    (package / "extra.csv").write_text("a,b\n1,2\n")


def folder_for_file(package: Path) -> None:
    (package / "ai_usage.csv").unlink()
    (package / "ai_usage.csv").mkdir()


def field(parsed: dict[str, Any], name: str, at: int) -> dict[str, Any]:
    found: dict[str, Any] = resource(parsed, name)["schema"]["fields"][at]
    return found


APPLE = "AAPL,2015,Q2,2015-03-28,2015-04-28,58010,18278,13569,19081,2369,"
AMAZON = "AMZN,2025,Q2,2025-06-30,2025-08-01,"

# name of the damage: (how, table whose line must say FAULT, parts of one message)
DAMAGES: dict[str, tuple[Damage, str, list[str]]] = {
    "truncated in a line": (
        rewritten("cash_flows", lambda c: c[: len(c) // 2]),
        "cash_flows",
        ["cash_flows.csv", "cut short"],
    ),
    "truncated at a line end": (
        rewritten("nasdaq_composite", lines(lambda rows: rows[:400])),
        "nasdaq_composite",
        ["nasdaq_composite.csv", "not the one described", "bytes"],
    ),
    "wrong header": (
        replaced("cash_flows", ",capex,", ",capital_expenditure,"),
        "cash_flows",
        ["cash_flows.csv, row 1, column capex", "missing"],
    ),
    "header missing": (
        rewritten("claims", lines(lambda rows: rows[1:])),
        "claims",
        ["claims.csv, row 1, column claim_id", "missing"],
    ),
    "duplicate header": (
        replaced("cash_flows", ",capex,", ",revenue,"),
        "cash_flows",
        ["row 1, column revenue", "twice in the header"],
    ),
    "extra column": (
        rewritten("macro_us", lines(add_column)),
        "macro_us",
        ["macro_us.csv, row 1, column extra", "does not have"],
    ),
    "missing column": (
        rewritten("nasdaq_composite", lines(lambda rows: [",".join(row.split(",")[:-1]) + "\n" for row in rows])),
        "nasdaq_composite",
        ["row 1, column source_id", "missing"],
    ),
    "columns swapped with their header": (
        rewritten("nasdaq_composite", lines(swap_columns)),
        "nasdaq_composite",
        ["row 1, column close", "out of order"],
    ),
    "columns swapped under the header": (
        rewritten("nasdaq_composite", lines(swap_values)),
        "nasdaq_composite",
        ["row 2, column month_end: '101.34'", "not a date"],
    ),
    "duplicate key": (
        rewritten("cash_flows", lines(lambda rows: [*rows[:3], rows[2], *rows[3:]])),
        "cash_flows",
        ["cash_flows.csv, row 4", "'cash_flows/AAPL/2015-06-27'", "ticker, period_end", "earlier row"],
    ),
    "bad date": (
        apple("2015-03-28", "2015-03-32"),
        "cash_flows",
        ["row 2, column period_end: '2015-03-32'", "not a date"],
    ),
    "day before the month": (
        apple("2015-04-28", "28/04/2015"),
        "cash_flows",
        ["row 2, column published: '28/04/2015'", "not a date"],
    ),
    "bad month": (
        replaced("sp500_shiller", "1871-02,", "1871-14,"),
        "sp500_shiller",
        ["row 3, column month: '1871-14'", "not a month"],
    ),
    "a date beyond the plausible": (
        apple("2015-04-28", "2215-04-28"),
        "cash_flows",
        ["row 2, column published: '2215-04-28'", "outside the range 2015-01-01 to 2026-12-31"],
    ),
    "text in a number": (apple("58010", "n/a"), "cash_flows", ["row 2, column revenue: 'n/a'", "not a plain number"]),
    "negative capex": (
        apple("2369", "-2369"),
        "cash_flows",
        ["row 2, column capex: '-2369'", "outside the range 0 to"],
    ),
    "a decimal point lost": (
        replaced("conversion_benchmarks", "0.1125", "1125"),
        "conversion_benchmarks",
        ["column conversion_rate: '1125'", "outside the range 0 to 1"],
    ),
    "infinity": (apple("58010", "inf"), "cash_flows", ["row 2, column revenue: 'inf'", "not a plain number"]),
    "NaN spelled out": (apple("58010", "NaN"), "cash_flows", ["row 2, column revenue: 'NaN'", "not a plain number"]),
    "thousands separators": (
        apple("58010", '"58,010"'),
        "cash_flows",
        ["row 2, column revenue: '58,010'", "not a plain number"],
    ),
    "underscores": (apple("58010", "58_010"), "cash_flows", ["row 2, column revenue: '58_010'", "not a plain number"]),
    "a decimal comma": (
        replaced("macro_us", "4230.168", '"4230,168"'),
        "macro_us",
        ["row 2, column gdp_nominal_bn: '4230,168'", "not a plain number"],
    ),
    "a float in an integer": (
        apple("2015,Q2", "2015.0,Q2"),
        "cash_flows",
        ["row 2, column fiscal_year: '2015.0'", "not a whole number"],
    ),
    "a space before a number": (
        apple("58010", " 58010"),
        "cash_flows",
        ["row 2, column revenue: ' 58010'", "not a plain number"],
    ),
    "a space after a text": (
        replaced("claims", ",OpenAI,", ",OpenAI ,"),
        "claims",
        ["claims.csv", "column entity: 'OpenAI '", "space before or after"],
    ),
    "outside a closed set": (
        apple("Q2", "Q5"),
        "cash_flows",
        ["row 2, column fiscal_quarter: 'Q5'", "not one of Q1, Q2, Q3, Q4"],
    ),
    "another case": (
        replaced("litigation", ",pending,", ",Pending,"),
        "litigation",
        ["column status_text: 'Pending'", "not one of pending, settled"],
    ),
    "an id of another form": (
        replaced("claims", "\nA02,", "\nB2,"),
        "claims",
        ["row 3, column claim_id: 'B2'", "pattern A[0-9]{2}"],
    ),
    "a required cell empty": (
        apple("58010", ""),
        "cash_flows",
        ["row 2, column revenue: ''", "required value is missing"],
    ),
    "unknown source": (
        replaced("nasdaq_composite", "fred_nasdaqcom_2025_05", "fred_of_nowhere"),
        "nasdaq_composite",
        ["column source_id: 'fred_of_nowhere'", "no such source"],
    ),
    "one unknown source of two": (
        replaced("statutory_damages", "fl_504;ifar_504", "fl_504;ifar_505"),
        "statutory_damages",
        ["column source_id: 'ifar_505'", "no such source", "17 USC 504(c)(1)/minimum"],
    ),
    "a cited source removed": (
        without("sources", "CRWV-424B4,"),
        "funding_rounds",
        ["column source_id: 'CRWV-424B4'", "no such source"],
    ),
    "CRLF": (
        rewritten("ai_usage", lambda c: c.replace(b"\n", b"\r\n")),
        "ai_usage",
        ["ai_usage.csv, row 1", "carriage return"],
    ),
    "a byte-order mark": (
        rewritten("ai_usage", lambda c: b"\xef\xbb\xbf" + c),
        "ai_usage",
        ["ai_usage.csv, row 1", "byte-order mark"],
    ),
    "NUL bytes": (replaced("ai_usage", "world", "wor\0ld"), "ai_usage", ["ai_usage.csv, row 9", "NUL byte"]),
    "UTF-16": (
        rewritten("ai_usage", lambda c: c.decode().encode("utf-16")),
        "ai_usage",
        ["ai_usage.csv, row 1", "NUL byte"],
    ),
    "not UTF-8": (
        replaced("litigation", "Landgericht Munchen I", "Landgericht M\udcfcnchen I"),
        "litigation",
        ["litigation.csv, row 114", "not UTF-8"],
    ),
    "an empty file": (rewritten("claims", lambda _: b""), "claims", ["claims.csv", "the file is empty"]),
    "only blanks": (rewritten("claims", lambda _: b"\n \n"), "claims", ["claims.csv", "the file is empty"]),
    "no rows": (rewritten("claims", lines(lambda rows: rows[:1])), "claims", ["claims.csv", "no rows"]),
    "a blank line": (replaced("ai_usage", "\n", "\n\n"), "ai_usage", ["ai_usage.csv, row 2", "a blank line"]),
    "unterminated quotation": (replaced("ai_usage", '"survey in', "survey in"), "ai_usage", ["ai_usage.csv", "row 8"]),
    "an opened quotation": (
        replaced("ai_usage", "Menlo Ventures as quoted\n", '"Menlo Ventures as quoted\n'),
        "ai_usage",
        ["ai_usage.csv, row 15", "quotation"],
    ),
    "semicolons for commas": (
        rewritten("ai_usage", lambda c: c.replace(b",", b";")),
        "ai_usage",
        ["ai_usage.csv, row 1, column series", "missing"],
    ),
    "a line with a cell too many": (
        replaced("macro_us", "4230.168,", "4230.168,,"),
        "macro_us",
        ["macro_us.csv, row 2", "12 cells where the header has 11"],
    ),
    "a removed quarter": (
        without("cash_flows", "NVDA,2020,Q2"),
        "cash_flows",
        [
            "column period_end: '2019-10-27'",
            "a gap in the series of NVDA",
            "182 days after the quarter ended 2019-04-28",
        ],
    ),
    "a removed quarter of financing": (
        without("financing", "META,2022,Q3"),
        "financing",
        ["column period_end: '2022-12-31'", "a gap in the series of META"],
    ),
    "a wrong fiscal label": (
        replaced("cash_flows", AMAZON, AMAZON.replace("2025,Q2", "2024,Q2")),
        "cash_flows",
        ["row 89, column period_end: '2025-06-30'", "2024 Q2 does not follow 2025 Q1"],
    ),
    "a removed month": (
        without("sp500_shiller", "1929-10,"),
        "sp500_shiller",
        ["row 707, column month: '1929-11'", "the month after 1929-09-01 should stand here"],
    ),
    "a removed quarter of output": (
        without("macro_us", "2008-09-30,"),
        "macro_us",
        ["column quarter: '2008-12-31'", "the quarter after 2008-06-30"],
    ),
    "a price series cut": (
        without("stock_prices", "NVDA,2024-06"),
        "stock_prices",
        ["column month_end: '2024-07-31'", "a gap in the series of NVDA"],
    ),
    "only the hash": (
        replaced("claims", "The promise of a large return", "The promise of a huge return"),
        "claims",
        ["claims.csv", "not the one described", "check --update"],
    ),
    "a file missing": (lambda package: (package / "ai_usage.csv").unlink(), "ai_usage", ["ai_usage.csv", "missing"]),
    "a file that is a folder": (folder_for_file, "ai_usage", ["ai_usage.csv", "a folder stands"]),
    "a table nobody described": (undescribed, "package", ["extra.csv", "does not list"]),
    "a table listed twice": (
        described(lambda p: p["resources"].append(p["resources"][0])),
        "package",
        ["datapackage.json, column name: 'cash_flows'", "listed twice"],
    ),
    "a table without a name": (
        described(lambda p: p["resources"].append({"path": "x.csv"})),
        "package",
        ["datapackage.json", "resource 21 has no name"],
    ),
    "a table without fields": (
        described(lambda p: resource(p, "claims").pop("schema")),
        "claims",
        ["datapackage.json", "claims has no fields"],
    ),
    "a table without a hash": (
        described(lambda p: resource(p, "claims").pop("hash")),
        "claims",
        ["datapackage.json", "claims has no hash"],
    ),
    "a field of an unknown type": (
        described(lambda p: field(p, "claims", 5).update(type="money")),
        "claims",
        ["datapackage.json, column value: 'money'", "a type other than"],
    ),
    "a key of no column": (
        described(lambda p: resource(p, "claims")["schema"].update(primaryKey=["id"])),
        "claims",
        ["datapackage.json, column id", "names a column it has not"],
    ),
    "an unknown rule of knowledge": (
        described(lambda p: resource(p, "claims")["knownFrom"].update(rule="hearsay")),
        "claims",
        ["datapackage.json: 'hearsay'", "unknown known-from rule"],
    ),
    "a lost identity": (
        described(lambda p: p["identities"][0].update(id="nothing")),
        "identities",
        ["datapackage.json: 'nothing'", "not there"],
    ),
}


def run(package: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    code = check.main(["--data", str(package)])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.out + captured.err
    return code, captured.out.splitlines()


def test_there_are_at_least_thirty_kinds() -> None:
    assert len(DAMAGES) >= 30


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_is_told_by_file_row_column_value_and_rule(
    kind: str, package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage, table, parts = DAMAGES[kind]
    damage(package)
    code, out = run(package, capsys)
    assert code == 1
    told = [line.strip() for line in out if line.startswith("       ")]
    assert any(all(part in line for part in parts) for line in told), told
    assert any(line.startswith("FAULT") and line.split()[1] == table for line in out)
    # One line a table, whatever is wrong with one of them.
    marked = [line.split()[1] for line in out if line.startswith(("ok ", "FAULT"))]
    assert len(marked) == len(set(marked)) == len(tables.names()) + 3
    sound = {line.split()[1] for line in out if line.startswith("ok ")}
    assert len(sound) >= len(tables.names()) - 2


BETWEEN_ROWS = (
    "no such source",
    "a gap in",
    "not the one described",
    "does not follow",
    "should stand",
    "the quarter after",
)
"""Rules that only the whole package can break; a single table still loads."""

STRUCTURAL = [
    kind
    for kind, (_, table, parts) in DAMAGES.items()
    if table in tables.names() and not any(rule in part for part in parts for rule in BETWEEN_ROWS)
]


@pytest.mark.parametrize("kind", STRUCTURAL)
def test_loading_a_damaged_table_is_a_data_error_with_the_same_words(kind: str, package: Path) -> None:
    damage, table, parts = DAMAGES[kind]
    damage(package)
    with pytest.raises(tables.DataError) as caught:
        tables.load(table, root=package)
    assert any(all(part in str(fault) for part in parts) for fault in caught.value.faults)
    assert str(caught.value.faults[0]) in str(caught.value)
    # The message is ours alone: no chain of a library's errors under it.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_dangling_source_that_dates_a_row_is_a_data_error(package: Path) -> None:
    replaced("bubble_benchmarks", "LATIMES-2002", "NOWHERE-2002")(package)
    with pytest.raises(
        tables.DataError, match=r"bubble_benchmarks.csv, column source_id: 'NOWHERE-2002': no such source"
    ):
        tables.load("bubble_benchmarks", as_of="2025-09-05", root=package)


def test_many_faults_are_counted_not_all_shown(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replaced("nasdaq_composite", ",sourced,", ",guessed,", count=-1)(package)
    _, out = run(package, capsys)
    assert sum("'guessed'" in line for line in out) == 20
    assert any("and 649 more" in line for line in out)  # 668 rows and the hash, less the 20 shown.


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda path: path.unlink(), ["datapackage.json", "the file is missing"]),
        (lambda path: path.write_text("{"), ["datapackage.json, row 1", "not JSON"]),
        (lambda path: path.write_text(path.read_text()[:5000]), ["datapackage.json", "not JSON"]),
        (lambda path: path.write_bytes(b"\xff\xfe{"), ["datapackage.json", "not"]),
        (lambda path: path.write_text("[]"), ["datapackage.json", "lists no resources"]),
        (lambda path: path.write_text('{"resources": {}}'), ["datapackage.json", "lists no resources"]),
        (lambda path: path.write_text(""), ["datapackage.json", "not JSON"]),
    ],
)
def test_a_broken_descriptor_is_told(
    damage: Callable[[Path], object], words: list[str], package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(package / "datapackage.json")
    code, out = run(package, capsys)
    assert code == 1
    assert out[0].startswith("FAULT  package")
    assert all(word in out[1] for word in words), out
    with pytest.raises(tables.DataError):
        tables.load("claims", root=package)


def test_a_data_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(tmp_path / "nowhere", capsys)
    assert code == 1
    assert "datapackage.json: the file is missing" in out[1]


def test_a_file_that_may_not_be_read(
    package: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Root may read everything, so the refusal is simulated where the tests run as root."""
    path = package / "claims.csv"
    path.chmod(0)
    if os.access(path, os.R_OK):
        plain = Path.read_bytes

        def refused(self: Path) -> bytes:
            if self.name == "claims.csv":
                raise PermissionError(13, "Permission denied")
            return plain(self)

        monkeypatch.setattr(Path, "read_bytes", refused)
    code, out = run(package, capsys)
    assert code == 1
    assert any("claims.csv: the file may not be read (permission denied)" in line for line in out)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_damage_gives_a_table_or_a_data_error(package: Path, root: Path, data: st.DataObject) -> None:
    """Any bytes anywhere in a file: never an error of another kind."""
    name = data.draw(
        st.sampled_from(["ai_usage", "conversion_benchmarks", "statutory_damages", "litigation_benchmarks"])
    )
    whole = (root / "data" / f"{name}.csv").read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 200)))
    inserted = data.draw(st.binary(max_size=12) | st.sampled_from([b",", b'"', b"\n", b"-", b"1e9", b"0", b";"]))
    (package / f"{name}.csv").write_bytes(whole[:start] + inserted + whole[end:])
    for as_of in (None, "2025-09-05"):
        try:
            assert tables.load(name, as_of, root=package).index.is_unique
        except tables.DataError as error:
            files = {fault.file for fault in error.faults}
            if files != {f"{name}.csv"}:
                pytest.fail(f"the fault of {name} is told of {files}")
    (package / f"{name}.csv").write_bytes(whole)
