"""The sweeps of the collection on their real notebooks and tables, a few sets of each; pictures and pages of runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import cash_flow_claims, litigation_claims, uncertainty
from helpers.analysis.chatgpt_revenue import ArticleEstimate
from helpers.commands import sweep_pictures
from helpers.findings.schema import VERDICTS
from helpers.pipeline import site, sweep, sweep_spec, sweep_table
from helpers.pipeline.outcome import Failure, Outcome
from helpers.pipeline.sweep import How
from helpers.pipeline.sweep_html import RunPages
from helpers.pipeline.sweep_journal import Row
from helpers.pipeline.sweep_notes import notes_of
from tests.pipeline import notebooks
from tests.projects import a_run

DAYS = ["2023-01-31", "2025-08-31", "2026-10-31"]
SETS = {
    "verdict_timeline": [{"as_of": day} for day in DAYS],
    "cash_flow_definitions": [{"as_of": DAYS[1], "definition": "gross"}, {"as_of": DAYS[2], "definition": "company"}],
    "chatgpt_revenue_draws": [{"paid_months": 0.95}, {}],
}


def few(folder: Path, name: str) -> Path:
    """Write a sweep with a few sets of a shipped one."""
    lines = [f'notebook = "{name}"', f'picture = "{name}"']
    for one in SETS[name]:
        lines += ["[[list]]", *(f"{key} = {json.dumps(value)}" for key, value in one.items())]
    path = folder / f"{name}.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def results(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("shipped")
    found = {}
    for name in SETS:
        spec = sweep_spec.load(few(folder, name), root)
        result = sweep.run(spec, root, folder / "out", How(quiet=True))
        assert result.failures == {}
        found[name] = pd.read_parquet(result.table)
    return found


def test_the_shipped_notebooks_say_what_the_rules_say(results: dict[str, pd.DataFrame]) -> None:
    """All in one test: the runs are shared, and the tests are spread over processes."""
    timeline = results["verdict_timeline"].set_index("as_of")
    verdicts = [column for column in timeline.columns if column.endswith("_verdict")]
    assert len(verdicts) == 27
    assert set(timeline[verdicts].to_numpy().ravel()) <= set(VERDICTS)
    flows, money = (tables.load(name, as_of=DAYS[1]) for name in ("cash_flows", "financing"))
    for id, rule in cash_flow_claims.verdicts(flows, money).items():
        assert timeline.loc[DAYS[1], f"{id}_verdict"] == rule.verdict, id
    cases = tables.load("litigation", as_of=DAYS[2])
    assert timeline.loc[DAYS[2], "A58_verdict"] == litigation_claims.a58(cases, DAYS[2]).verdict

    gross, own = (row for _, row in results["cash_flow_definitions"].iterrows())
    assert gross["A02_verdict"] == cash_flow_claims.a02(flows, definition="gross").verdict
    firms = [column for column in own.index if column.startswith("fcf_12m_") and "before" not in column]
    assert own["fcf_12m"] == pytest.approx(own[firms].sum())

    given, likeliest = (row for _, row in results["chatgpt_revenue_draws"].iterrows())
    estimate = ArticleEstimate(10.0, 20.0, 12, 25.0, 350.0, 200.0, 3700.0)
    assumptions = tables.load("assumptions")
    expected = uncertainty.one_draw(assumptions, {"chatgpt_paid_months": 0.95}, estimate)
    assert given["net_revenue"] == pytest.approx(expected)
    assert likeliest["net_revenue"] == pytest.approx(uncertainty.one_draw(assumptions, {}, estimate))


def row(as_of: str, verdict: str, error: str | None = None) -> Row:
    claims = {"A11": [verdict, None, "quarters", "filed"]} if error is None else {}
    status = "ok" if error is None else "failed"
    about = {"status": status, "error": error, "seconds": 1.0, "key": "k"}
    return {"parameters": {"as_of": as_of}, "numbers": {}, "claims": claims, **about}


def test_a_picture_is_drawn_of_good_rows_and_again_when_they_change(root: Path, tmp_path: Path) -> None:
    spec = sweep_spec.load(few(tmp_path, "verdict_timeline"), root)
    table = tmp_path / "verdict_timeline.parquet"
    rows = [row("2025-08-31", "not testable"), row("2025-09-30", "supported"), row("2025-10-31", "", "why")]
    sweep_table.write(table, lambda: rows, {}, [])
    assert not sweep_pictures.is_current(spec, table, root)
    sweep_pictures.draw(spec, table, root)
    assert sweep_pictures.is_current(spec, table, root)
    notes = notes_of(table.with_suffix(".json"))
    assert notes is not None
    assert (notes.rows, notes.failures) == (3, {"why": 1})
    assert notes.figure is not None
    assert notes.figure["csv"].splitlines()[1:] == [
        "A11,Cash flow,Amazon had two quarters in a row of negative free cash flow.,2025-08-31,not testable",
        "A11,Cash flow,Amazon had two quarters in a row of negative free cash flow.,2025-09-30,supported",
    ]
    assert table.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    sweep_table.write(table, lambda: rows[:2], {}, [])
    assert not sweep_pictures.is_current(spec, table, root)


def test_a_sweep_without_a_good_row_has_notes_and_no_picture(root: Path, tmp_path: Path) -> None:
    spec = sweep_spec.load(few(tmp_path, "verdict_timeline"), root)
    table = tmp_path / "verdict_timeline.parquet"
    sweep_table.write(table, lambda: [row("2025-08-31", "", "why")], {}, [])
    sweep_pictures.draw(spec, table, root)
    notes = notes_of(table.with_suffix(".json"))
    assert notes is not None
    assert notes.figure is None
    assert notes.sentences == []


def test_pages_of_runs_are_built_of_good_runs_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Any] = []

    def build(pages: list[Any], *, html: Path, work: Path, root: Path) -> None:
        html.mkdir(parents=True)
        built.extend(nbformat.read(page.clean_notebook_path, as_version=4) for page in pages)

    monkeypatch.setattr(site, "build", build)
    good = notebooks.outcome(notebooks.executed(notebooks.said("Yes.")), tmp_path)
    bad = Outcome(a_run(good.run.path), "failed", error=Failure("ValueError", "no"))
    with RunPages(tmp_path / "small-runs", tmp_path) as pages:
        pages.take(good)
        pages.take(bad)
    assert len(built) == 1
    assert any("Yes." in str(cell.get("outputs")) for cell in built[0].cells)
    assert [path.name for path in tmp_path.iterdir() if "small-runs" in path.name] == ["small-runs"]
