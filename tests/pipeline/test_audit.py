"""The audit: what is whole passes, and each kind of tampering fails with the line that names it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from helpers import cli
from helpers.pipeline.audit import audit
from helpers.pipeline.errors import PipelineError
from tests.pipeline import notebooks as given
from tests.pipeline.results_files import write_reports

AMAZON = "cash_flows/AMZN/2025-06-30"
CLAIMS = ("A02", "A11", "A12", "A13", "A14", "A15", "A16", "A17", "A19", "A20", "A22")
Entry = dict[str, Any]


def project(folder: Path, root: Path, **numbers: Entry) -> Path:
    """Lay out a project whose only notebook judges all its claims and states some numbers."""
    shutil.copytree(root / "data", folder / "data", ignore=shutil.ignore_patterns("live"))
    stated = {"burned": given.NUMBER, **numbers}
    verdicts = [given.verdict(id) for id in CLAIMS]
    notebook = given.executed(given.said("Said.", stated), given.figure(rows=[AMAZON]), *verdicts)
    write_reports(folder, {"01_fcf_decline": notebook})
    return folder


def problems(folder: Path) -> list[str]:
    return audit(folder, folder / "reports").problems


def change(folder: Path, how: Callable[[Any], None]) -> None:
    """Tamper with results.json."""
    path = folder / "reports" / "results.json"
    document = json.loads(path.read_text())
    how(document["editions"]["latest"]["notebooks"]["01_fcf_decline"])
    path.write_text(json.dumps(document))


def test_what_is_whole_passes_and_says_how_much_was_walked(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(tmp_path, root)
    assert cli.main(["audit", "--root", str(folder)]) == 0
    assert (
        capsys.readouterr().out
        == "walked 1 numbers, 11 verdicts and 1 figures: each leads to rows, assumptions and sources\n"
    )
    assert cli.main(["audit", "--root", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "walked": {"numbers": 1, "claims": 11, "figures": 1},
        "unknown": 0,
        "problems": [],
    }


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"rows": []}, "rests on no row and no assumption"),
        ({"rows": ["cash_flows/AMZN/1066-10-14"], "grade": None}, "no row cash_flows/AMZN/1066-10-14"),
        ({"rows": ["no_such_table/x"], "grade": None}, "no row no_such_table/x"),
        ({"assumptions": ["wishful"], "grade": "scenario"}, "no row assumptions/wishful"),
        ({"grade": "reported"}, "graded reported, but its weakest input is filed"),
        ({"estimated": True}, "graded filed, but its weakest input is estimated"),
        ({"assumptions": ["ai_asset_life"]}, "graded filed, but its weakest input is scenario"),
    ],
)
def test_a_number_without_evidence_fails(
    tmp_path: Path, root: Path, entry: Entry, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(tmp_path, root, wrong={**given.NUMBER, **entry})
    assert cli.main(["audit", "--root", str(folder)]) == 1
    assert f"latest/01_fcf_decline/wrong: {why}\n" in capsys.readouterr().out


def test_an_estimate_of_ours_and_an_unknown_value_pass(tmp_path: Path, root: Path) -> None:
    estimate = {**given.NUMBER, "estimated": True, "grade": "estimated"}
    unknown = {**given.NUMBER, "value": None, "grade": None, "rows": []}
    assert problems(project(tmp_path, root, estimate=estimate, unknown=unknown)) == []


@pytest.mark.parametrize(
    ("how", "line"),
    [
        (
            lambda one: one["numbers"]["burned"].update(value=13.0),
            "/burned: results.json and the executed notebook differ",
        ),
        (lambda one: one["claims"]["A11"].update(verdict="supported"), "/A11: results.json and the executed notebook"),
        (lambda one: one["numbers"].pop("burned"), "/burned: results.json and the executed notebook differ"),
        (lambda one: one["claims"]["A11"].update(verdict="true"), "/A11: no such verdict: 'true'"),
        (lambda one: one["claims"]["A11"].update(reason=" "), "/A11: the verdict has no reason"),
        (lambda one: one["claims"]["A11"].update(rows=[], value=None), "/A11: the verdict rests on no row"),
        (lambda one: one["claims"].pop("A11"), ": gives no verdict on A11"),
        (lambda one: one["claims"].update(A99=given.CLAIM), "/A99: no such claim in claims.csv"),
        (
            lambda one: one["claims"].update(A01=given.CLAIM),
            "/A01: judged here, but claims.csv says 06_monetisation_paths",
        ),
    ],
)
def test_tampered_results_fail(tmp_path: Path, root: Path, how: Callable[[Any], None], line: str) -> None:
    folder = project(tmp_path, root)
    change(folder, how)
    assert any(found.startswith(f"latest/01_fcf_decline{line}") for found in problems(folder)), problems(folder)


def test_a_notebook_taken_out_of_the_results_or_of_the_reports_fails(tmp_path: Path, root: Path) -> None:
    folder = project(tmp_path, root)
    executed = folder / "reports" / "executed" / "latest" / "01_fcf_decline.ipynb"
    nbformat.write(given.executed(), executed.with_name("02_chatgpt_revenue.ipynb"))
    assert problems(folder) == ["latest/02_chatgpt_revenue: was executed and is not in results.json"]
    executed.unlink()
    assert "latest/01_fcf_decline: there is no executed notebook that states this" in problems(folder)


def test_a_figure_whose_row_is_gone_fails(tmp_path: Path, root: Path) -> None:
    folder = project(tmp_path, root)
    path = folder / "reports" / "executed" / "latest" / "01_fcf_decline.ipynb"
    path.write_text(path.read_text().replace(f'"rows": [\n        "{AMAZON}"', '"rows": [\n        "cash_flows/X/Y"'))
    assert "latest/01_fcf_decline/one_figure: no row cash_flows/X/Y" in problems(folder)


def test_a_tampered_table_fails_even_where_every_row_is_still_there(tmp_path: Path, root: Path) -> None:
    folder = project(tmp_path, root)
    table = folder / "data" / "cash_flows.csv"
    table.write_text(table.read_text().replace("167702", "267702"))
    assert [line[:48] for line in problems(folder)] == ["tables: data/cash_flows.csv: differs from data/d"]


def test_a_table_that_cannot_be_read_is_a_problem_and_no_traceback(tmp_path: Path, root: Path) -> None:
    folder = project(tmp_path, root)
    table = folder / "data" / "cash_flows.csv"
    table.write_text(table.read_text() + "cut short")
    assert any(line.startswith("tables: cash_flows.csv") for line in problems(folder))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("amzn_10q_20250630,", "renamed,", "cites source amzn_10q_20250630, which sources.csv does not have"),
        ("SEC accession 0001018724-25-000086", "somewhere", "the locator 'somewhere' is neither a web address nor"),
    ],
)
def test_a_source_nobody_can_look_up_fails(tmp_path: Path, root: Path, old: str, new: str, why: str) -> None:
    folder = project(tmp_path, root)
    table = folder / "data" / "sources.csv"
    text = table.read_text()
    assert old in text
    table.write_text(text.replace(old, new, 1))
    assert any(why in line for line in problems(folder)), problems(folder)


def test_no_reports_and_reports_of_another_form_are_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["audit", "--root", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error == "error: no reports yet: reports/results.json is not there; `make reports` writes it\n"
    path = tmp_path / "reports" / "results.json"
    path.parent.mkdir()
    for text in ("{", "[]", '{"editions": {"latest": {"notebooks": {"x": {}}}}}'):
        path.write_text(text)
        with pytest.raises(PipelineError, match=r"cannot be read|not what the pipeline writes"):
            audit(tmp_path, tmp_path / "reports")
