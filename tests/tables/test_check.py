"""The check of the shipped package, its identities and the update of the computed parts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import tables
from helpers.tables import catalogue, check, descriptor, identities

Rows = list[dict[str, str]]
Edit = Callable[[str, Callable[[Rows], Rows]], None]


def test_the_shipped_package_is_sound(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["--data", str(root / "data")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "no faults"
    for name in tables.names():
        assert sum(line.startswith(f"ok     {name} ") for line in lines) == 1


def test_every_identity_of_the_descriptor_has_a_rule_and_every_rule_an_identity() -> None:
    stated = [identity["id"] for identity in descriptor.package()["identities"]]
    assert sorted(stated) == sorted(identities.RULES)


def test_the_exceptions_are_three_and_each_has_a_reason() -> None:
    exceptions = [each for identity in descriptor.package()["identities"] for each in identity.get("exceptions", [])]
    assert {each["row"] for each in exceptions} == {
        "bubble_benchmarks/hyperscaler_capex_big4_cash/2023",
        "bubble_benchmarks/hyperscaler_capex_big5_cash/2023",
        "litigation/C078",
    }
    assert all(len(each["reason"]) > 20 for each in exceptions)


def test_the_2023_exception_is_exactly_what_meta_netted() -> None:
    flows = tables.load("cash_flows").set_index(["ticker", "period_end"]).sort_index()
    assert flows.loc["META"].loc["2023-01-01":"2023-12-31", "capex_proceeds"].sum() == 221


BREAKS = {
    "funding_post_money": ("funding_rounds", {"round": "Series F"}, "post_money_usd_m", "184000", "should be 183000"),
    "funding_total_of_parts": (
        "funding_rounds",
        {"round": "2026 round, second close"},
        "amount_usd_m",
        "13000",
        "should be 123000",
    ),
    "claims_subscription_revenue": ("claims", {"claim_id": "A42"}, "value", "11000000", "should be 2640"),
    "claims_doubled_revenue": ("claims", {"claim_id": "A44"}, "value", "400", "should be 5600"),
    "conversion_rate": ("conversion_benchmarks", {"service": "Canva"}, "paying_m", "28", "should be 0.116667"),
    "conversion_agrees": (
        "vendor_metrics",
        {"metric": "conversion_rate", "date": "2024-12-31"},
        "value",
        "0.06",
        "as vendor_metrics has it",
    ),
    "technology_investment": ("macro_us", {"quarter": "2000-03-31"}, "software_bn", "1", "should be"),
    "hyperscaler_sums": (
        "cash_flows",
        {"ticker": "GOOGL", "period_end": "2024-06-30"},
        "capex",
        "1",
        "the sum of cash_flows",
    ),
    "telecom_capital_stock": (
        "bubble_benchmarks",
        {"series": "us_telecom_net_capital_stock_structures", "year": "2000"},
        "value",
        "1",
        "should be",
    ),
    "quarter_labels": (
        "financing",
        {"ticker": "AMZN", "period_end": "2025-06-30"},
        "fiscal_quarter",
        "Q1",
        "should be Q2",
    ),
    "proceeds_within_capex": (
        "cash_flows",
        {"ticker": "AMZN", "period_end": "2025-06-30"},
        "capex_proceeds",
        "99999",
        "at most capex",
    ),
    "case_dates": ("litigation", {"case_id": "C019"}, "filed_date", "2025-12-01", "no later than outcome_date"),
    "statutory_claims": ("litigation", {"case_id": "C097"}, "works_at_issue", "700", "should be 105"),
    "settlements_agree": ("litigation", {"case_id": "C028"}, "settlement_usd_m", "1600", "should be 1500"),
}


def test_every_identity_is_broken_below() -> None:
    assert sorted(BREAKS) == sorted(identities.RULES)


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_identity_is_found(name: str, package: Path, edit: Edit) -> None:
    table, where, column, value, message = BREAKS[name]

    def change(rows: Rows) -> Rows:
        hit = [row for row in rows if all(row[key] == wanted for key, wanted in where.items())]
        assert hit
        for row in hit:
            row[column] = value
        return rows

    edit(table, change)
    found = next(result for result in check.check(package, computed=False) if result.name == "identities")
    faults = [str(fault) for fault in found.faults]
    assert any(message in fault for fault in faults), faults
    statement = next(each["statement"] for each in descriptor.package()["identities"] if each["id"] == name)
    assert any(statement in fault for fault in faults)


def test_an_exception_that_is_none_any_more_is_a_fault(package: Path, edit: Edit) -> None:
    def change(rows: Rows) -> Rows:
        for row in rows:
            if row["case_id"] == "C078":
                row["damages_claimed_usd_m"] = "3077.55"
        return rows

    edit("litigation", change)
    found = next(result for result in check.check(package, computed=False) if result.name == "identities")
    assert [fault.value for fault in found.faults] == ["litigation/C078"]
    assert "none any more" in found.faults[0].rule


def test_update_writes_bytes_hash_and_catalogue_and_nothing_else(package: Path, edit: Edit) -> None:
    before = json.loads((package / "datapackage.json").read_text())

    def change(rows: Rows) -> Rows:
        rows[0]["note"] = "a longer note"
        return rows

    edit("ai_usage", change)
    assert any(result.faults for result in check.check(package))
    assert check.main(["--data", str(package), "--update"]) == 0
    after = json.loads((package / "datapackage.json").read_text())
    assert not any(result.faults for result in check.check(package))
    changed = [(old, new) for old, new in zip(before["resources"], after["resources"], strict=True) if old != new]
    assert [new["name"] for _, new in changed] == ["ai_usage"]
    assert changed[0][1]["bytes"] == (package / "ai_usage.csv").stat().st_size
    assert {key for key in changed[0][0] if changed[0][0][key] != changed[0][1][key]} == {"bytes", "hash"}


def test_update_of_an_unchanged_package_changes_nothing(package: Path) -> None:
    before = {path.name: path.read_bytes() for path in package.iterdir()}
    assert check.main(["--data", str(package), "--update"]) == 0
    assert {path.name: path.read_bytes() for path in package.iterdir()} == before


def test_update_refuses_a_broken_table_and_writes_nothing(
    package: Path, edit: Edit, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (package / "datapackage.json").read_bytes()

    def change(rows: Rows) -> Rows:
        rows[3]["capex"] = "-5"
        return rows

    edit("cash_flows", change)
    assert check.main(["--data", str(package), "--update"]) == 1
    assert "cash_flows.csv, row 5, column capex: '-5': outside the range 0 to 5,000,000" in capsys.readouterr().out
    assert (package / "datapackage.json").read_bytes() == before


def test_the_catalogue_is_up_to_date(root: Path) -> None:
    """Stale? Run `python -m helpers check --update`."""
    assert (root / "data" / "README.md").read_text(encoding="utf-8") == catalogue.render(root / "data")


def test_a_stale_catalogue_is_found(package: Path) -> None:
    path = package / "datapackage.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace("Guidance is not an outcome.", "Guidance is hope."), encoding="utf-8"
    )
    stale = next(result for result in check.check(package) if result.name == "catalogue")
    assert [fault.file for fault in stale.faults] == ["README.md"]


def test_the_catalogue_names_every_table_and_field(root: Path) -> None:
    text = (root / "data" / "README.md").read_text(encoding="utf-8")
    for name in tables.names():
        assert f"\n## {name}\n" in text
        for field in tables.describe(name)["schema"]["fields"]:
            assert f"| `{field['name']}` | {field['type']} |" in text
    # Every row of every Markdown table has its table's number of cells.
    block: list[int] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            block.append(line.replace("\\|", "").count("|"))
        elif block:
            assert len(set(block)) == 1
            block = []


def test_the_check_works_as_a_command_by_itself(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "helpers.tables.check"], capture_output=True, text=True, cwd=root, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("no faults\n")
