"""``helpers claims``: what decided a claim, in the terminal and for machines."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from helpers import cli, units
from tests.pipeline import notebooks as given
from tests.pipeline.results_files import write_reports


@pytest.fixture
def folder(tmp_path: Path, root: Path) -> Path:
    shutil.copytree(root / "data", tmp_path / "data", ignore=shutil.ignore_patterns("live"))
    notebook = given.executed(given.verdict("A11"))
    write_reports(tmp_path, {"01_fcf_decline": notebook}, editions=("latest", "article"))
    return tmp_path


def run(folder: Path, *words: str) -> int:
    return cli.main(["claims", *words, "--root", str(folder)])


def test_a_claim_is_shown_with_everything_that_decided_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "a11") == 0
    said = capsys.readouterr().out.replace(units.NARROW_SPACE, " ")
    for part in (
        "A11  Amazon had two quarters in a row of negative free cash flow.",
        "rule: Quarterly FCF of the first and second quarter of 2025",
        "latest (2026-10-31): × not supported, 1 quarter [filed]",
        "article (2025-09-05): × not supported",
        "because: Only one was negative.",
        "cash_flows/AMZN/2025-06-30  ticker AMZN",
        "https://www.sec.gov/Archives/edgar/data/1018724/000101872425000086/",
        "latest/01_fcf_decline-trace.html#claim-A11",
    ):
        assert part in said


def test_without_a_claim_there_is_a_line_each_and_a_legend(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder) == 0
    *lines, legend = capsys.readouterr().out.splitlines()
    assert len(lines) == 69
    assert "A11 × × Amazon had two quarters in a row of negative free cash flow." in lines
    assert "A12 ? ? Oracle had two quarters in a row of negative free cash flow." in lines
    assert legend.startswith("verdicts, left to right: latest, article; ✓ supported")


@pytest.mark.parametrize("as_of", ["2025-09-05", "article"])
def test_a_day_or_an_edition_picks_one(folder: Path, as_of: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "A11", "--as-of", as_of) == 0
    said = capsys.readouterr().out
    assert "article (2025-09-05)" in said
    assert "latest" not in said


def test_machines_get_rows_sources_and_assumptions_in_full(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "A11", "A12", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert list(said) == ["A11", "A12"]
    found = said["A11"]["editions"]["latest"]
    assert found["verdict"] == "not supported"
    assert found["rows"]["cash_flows/AMZN/2025-06-30"]["capex"] == "32183"
    assert [one["locator"] for one in found["sources"].values()] == [
        "https://www.sec.gov/Archives/edgar/data/1018724/000101872425000086/"
    ]
    assert said["A12"]["editions"] == {"latest": None, "article": None}


def test_a_day_without_an_edition_says_which_there_are_and_how_to_run_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "A11", "--as-of", "2024-01-31") == 2
    error = capsys.readouterr().err
    assert "there are latest (2026-10-31), article (2025-09-05)" in error
    assert "`python -m helpers run --as-of 2024-01-31`" in error
    assert error.count("\n") == 1


def test_an_exploratory_run_of_the_day_is_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads((folder / "reports" / "results.json").read_text())
    explored = {**document["editions"]["latest"], "as_of": "2024-01-31"}
    (folder / "reports" / "custom").mkdir()
    (folder / "reports" / "custom" / "results.json").write_text(json.dumps({"editions": {"custom": explored}}))
    assert run(folder, "A11", "--as-of", "2024-01-31") == 0
    assert "custom (2024-01-31): × not supported" in capsys.readouterr().out


def test_an_unknown_claim_is_a_wrong_request_that_names_the_known(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "Z9") == 2
    error = capsys.readouterr().err
    assert "no such claim: Z9; there are A01, A02" in error
    assert "A69" in error


def test_no_reports_yet_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path) == 1
    assert capsys.readouterr().err.splitlines() == [
        "error: no reports yet: reports/results.json is not there; `make reports` writes it"
    ]
