"""The real collection, executed and published as `make reports` does it, in a folder of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from helpers import tables
from helpers.analysis import scorecard
from helpers.pipeline import exhibits
from helpers.pipeline.audit import audit
from tests.golden import results as golden
from tests.site import links

pytestmark = pytest.mark.xdist_group("end to end")
EDITIONS = {"latest": "2026-10-31", "article": "2025-09-05"}


def project(folder: Path, root: Path) -> Path:
    """Lay out what the pipeline needs of a checkout: notebooks, tables, lock file."""
    folder.mkdir(parents=True)
    for name in ("notebooks", "data"):
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "live"))
    shutil.copyfile(root / "requirements.txt", folder / "requirements.txt")
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "helpers", "run", "--root", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    folder = project(tmp_path_factory.mktemp("all") / "project", root)
    done = run(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "reports"


@pytest.fixture(scope="module")
def results(reports: Path) -> Any:
    return json.loads((reports / "results.json").read_text(encoding="utf-8"))


def claims(results: Any, edition: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for notebook in results["editions"][edition]["notebooks"].values():
        assert not found.keys() & notebook["claims"].keys(), "a claim is judged by two notebooks"
        found |= notebook["claims"]
    return found


def number(results: Any, notebook: str, id: str, edition: str = "latest") -> float:
    value: float = results["editions"][edition]["notebooks"][notebook]["numbers"][id]["value"]
    return value


def test_every_run_of_both_editions_succeeded(reports: Path, results: Any, root: Path) -> None:
    status = json.loads((reports / "status.json").read_text(encoding="utf-8"))["runs"]
    names = [path.stem for path in sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))]
    assert sorted(status) == sorted(f"{edition}/{name}" for edition in EDITIONS for name in names)
    assert {entry["status"] for entry in status.values()} == {"ok"}
    assert {name: edition["as_of"] for name, edition in results["editions"].items()} == EDITIONS


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_claim_of_a_notebook_has_one_verdict_in_it(results: Any, edition: str, root: Path) -> None:
    wanted = tables.load("claims")
    present = {path.stem for path in (root / "notebooks").glob("[0-9][0-9]_*.ipynb")}
    for notebook, rows in wanted.groupby("notebook", observed=True):
        if notebook in present:
            judged = results["editions"][edition]["notebooks"][notebook]["claims"]
            assert sorted(judged) == sorted(rows["claim_id"])
    assert sorted(claims(results, edition)) == sorted(wanted["claim_id"])
    assert len(wanted) == 69
    for id, claim in claims(results, edition).items():
        assert claim["verdict"] in {"supported", "partly supported", "not supported", "not testable"}, id
        assert claim["reason"], id


def test_the_scorecard_is_complete(results: Any) -> None:
    scorecard.require_complete(results, tables.load("claims"))


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_stated_number_can_be_traced_to_rows_that_exist(results: Any, edition: str) -> None:
    for notebook in results["editions"][edition]["notebooks"].values():
        for entry in [*notebook["numbers"].values(), *notebook["claims"].values()]:
            rows, assumptions = entry["rows"], [f"assumptions/{id}" for id in entry["assumptions"]]
            grades = tables.grades([*rows, *assumptions])
            assert len(grades) == len({*rows, *assumptions})
            if entry["value"] is not None:
                assert grades
                assert entry["grade"] in {"filed", "reported", "press", "estimated", "scenario"}


@pytest.mark.parametrize("edition", EDITIONS)
def test_no_row_was_used_before_it_was_known(results: Any, edition: str) -> None:
    """The one exception is a test of a forecast on what came after, which says so and grades it as an estimate."""
    looks_ahead = []
    for name, notebook in results["editions"][edition]["notebooks"].items():
        for id, entry in {**notebook["numbers"], **notebook["claims"]}.items():
            late = [row for row in entry["rows"] if known_from(row) > EDITIONS[edition]]
            if late and entry["grade"] != "estimated":
                looks_ahead.append((name, id, late[:3]))
    assert looks_ahead == []


_KNOWN: dict[str, dict[str, str]] = {}


def known_from(row: str) -> str:
    table = row.partition("/")[0]
    if table not in _KNOWN:
        _KNOWN[table] = tables.known_from(table).dt.strftime("%Y-%m-%d").to_dict()
    return _KNOWN[table][row]


def test_the_known_totals_come_out(results: Any) -> None:
    cash = results["editions"]["latest"]["notebooks"]["01_fcf_decline"]["numbers"]
    values = [entry["value"] for entry in cash.values() if entry["unit"] == "USD m"]
    # Amazon's twelve months to June 2025, March 2026 and June 2026; Oracle's fiscal 2025 and 2026; Meta's last quarter.
    for known in (121137.0, 18184.0, 148531.0, 1232.0, 161403.0, -7604.0, -394.0, -23686.0, 784.0):
        assert known in values
    article = results["editions"]["article"]["notebooks"]["02_chatgpt_revenue"]["numbers"]
    stated = [(entry["value"], entry["unit"]) for entry in article.values()]
    assert any(value == 2400.0 for value, _ in stated)
    assert any(value is not None and abs(value - 100 * 2700 / 3700) < 1e-9 for value, _ in stated)
    assert any(value is not None and abs(value - 100 * 10 / 350) < 1e-9 for value, _ in stated)


def test_the_results_are_the_golden_ones(results: Any) -> None:
    kept = json.loads(golden.GOLDEN.read_text(encoding="utf-8"))
    told = golden.message(golden.differences(kept, results))
    assert told == "", told


def test_the_audit_walks_everything_and_finds_nothing(reports: Path, results: Any) -> None:
    found = audit(reports.parent, reports)
    assert found.problems == []
    stated = [notebook for edition in results["editions"].values() for notebook in edition["notebooks"].values()]
    assert found.numbers == sum(len(one["numbers"]) for one in stated)
    assert found.claims == sum(len(one["claims"]) for one in stated)
    assert found.figures > len(stated)


def test_every_number_said_on_a_page_leads_to_its_trace(reports: Path) -> None:
    for page in reports.glob("html/*/[0-9]*.html"):
        if not page.stem.endswith("-trace"):
            text = page.read_text(encoding="utf-8")
            assert '<span class="stated"' not in text, page
            assert "trace-link" in text, page


def test_the_readme_names_the_tables_behind_each_figure_and_verdict(reports: Path, results: Any, root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    found = exhibits.collect(root / "notebooks", reports / "executed" / "latest")
    assert exhibits.updated(readme, found, exhibits.used(results)) == readme, (
        "run: make reports && python -m helpers exhibits --write"
    )


def test_the_site_is_whole_and_asks_for_nothing(reports: Path) -> None:
    html = reports / "html"
    assert links.broken(html) == []
    assert links.external_assets(html) == []
    for page in html.glob("*/[0-9]*.html"):
        for image in links.read(page).images:
            assert len(str(image.get("alt", ""))) >= 30, page


def test_no_path_of_this_machine_is_published(reports: Path, root: Path) -> None:
    for path in reports.rglob("*"):
        if path.suffix in {".html", ".ipynb", ".json", ".csv", ".js"}:
            text = path.read_text(encoding="utf-8")
            assert str(root) not in text, path
            assert str(reports.parent) not in text, path


def test_another_folder_and_stock_kernels_give_the_same_bytes(reports: Path, tmp_path: Path, root: Path) -> None:
    names = ("01_fcf_decline", "03_dotcom_comparison", "04_capex_regressions", "07_litigation_exposure")
    other = project(tmp_path / "a" / "longer" / "way" / "project", root)
    done = run(other, "--only", *names, "--edition", "latest", "--stock-kernels")
    assert done.returncode == 0, done.stdout + done.stderr
    ours, theirs = reports / "executed" / "latest", other / "reports" / "executed" / "latest"
    for name in names:
        assert (ours / f"{name}.ipynb").read_bytes() == (theirs / f"{name}.ipynb").read_bytes()
