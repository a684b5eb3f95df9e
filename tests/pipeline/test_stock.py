"""Only what changed is executed, and what is kept is right: results, pages, findings, damage, races."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from helpers.pipeline import explain, key, plan, run, select, supervise
from helpers.pipeline.assemble import Tools
from helpers.pipeline.cache import FOLDER, Cache, differences
from helpers.pipeline.errors import PipelineError, UsageError
from helpers.pipeline.key import Keys, Uses
from helpers.pipeline.outcome import Failure, Outcome
from helpers.pipeline.select import Request
from helpers.pipeline.standing import Standing
from helpers.pipeline.stock import Stock
from tests.projects import TWO_EDITIONS, Project, plain_tools

FINDINGS = 'as_of: str = "2026-10-31"\nfindings: str = "../reports/results.json"'


class Bench:
    """A project with a stand-in for kernels, so that what is executed can be told."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.executed: list[str] = []
        self.handed: dict[str, str] = {}
        self.journal: list[dict[str, Any]] = [
            {"event": "begin"},
            {"event": "read", "name": "small"},
            {"event": "modules", "names": ["helpers"]},
        ]
        self.while_running = lambda: None

    def execute(self, runs: Any, take: Any) -> None:
        for one in runs:
            self.executed.append(one.name)
            self.handed[one.name] = one.files.get("findings", "")
            text = one.path.read_text()
            error = Failure("ValueError", "no", 2, "raise", "trace") if '"raise' in text else None
            take(Outcome(one, "failed" if error else "ok", 1.5, 9.0, "", error, text, self.journal))
        self.while_running()

    def run(self, tools: Tools | None = None, **request: Any) -> list[str]:
        """Run and return the names of what was executed."""
        self.executed.clear()
        force = request.pop("force", False)
        told = io.StringIO()
        self.code = run.run(
            self.project.root,
            Request(**request),
            is_warm=False,
            force=force,
            tools=tools or plain_tools(),
            stream=told,
        )
        self.told = told.getvalue()
        return list(self.executed)

    def states(self, **request: Any) -> dict[str, tuple[str, ...]]:
        return {
            one.run.name: (one.state, *one.reasons) for one in explain.states(self.project.root, Request(**request))
        }


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    project = Project(tmp_path, TWO_EDITIONS)
    project.add("one", "print(1)")
    project.add("two", "print(2)")
    made = Bench(project)
    monkeypatch.setattr(supervise.Supervisor, "execute", lambda _, runs, take: made.execute(runs, take))
    return made


EVERYTHING = ["latest/one", "article/one", "latest/two", "article/two"]  # a notebook's editions side by side


def test_nothing_changed_executes_and_writes_nothing(bench: Bench) -> None:
    assert bench.run() == EVERYTHING
    before = {path: path.stat().st_mtime_ns for path in bench.project.reports.rglob("*")}
    assert bench.run() == []
    assert bench.code == 0
    assert "all 4 runs are up to date: nothing was executed" in bench.told
    assert {path: path.stat().st_mtime_ns for path in bench.project.reports.rglob("*")} == before
    assert set(bench.states().values()) == {(explain.CURRENT,)}


def test_nothing_changed_imports_neither_pandas_nor_papermill(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.add("one", "import json")
    words = ["-m", "helpers", "run", "--root", str(tmp_path), "--stock-kernels"]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    again = subprocess.run([sys.executable, "-X", "importtime", *words], capture_output=True, text=True, check=False)
    assert "all 1 runs are up to date" in again.stdout
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in again.stderr.splitlines()}
    assert "helpers" in imported
    assert not imported & {"pandas", "numpy", "papermill", "nbformat", "sphinx", "jupyter_client", "matplotlib"}


def test_an_edited_cell_executes_its_notebook_only(bench: Bench) -> None:
    bench.run()
    bench.project.add("two", "print(3)")
    assert bench.states()["latest/two"] == ("to be executed", "code cells")
    assert bench.states()["latest/one"] == (explain.CURRENT,)
    assert bench.run() == ["latest/two", "article/two"]
    assert "2 of 2 runs succeeded and 2 were up to date" in bench.told


def test_going_back_to_an_older_state_executes_nothing(bench: Bench) -> None:
    bench.run()
    bench.project.add("two", "print(3)")
    bench.run()
    bench.project.add("two", "print(2)")
    assert bench.run() == []
    text = (bench.project.reports / "executed" / "latest" / "two.ipynb").read_text()
    assert "print(2)" in text


def test_an_edited_text_cell_renders_again_and_executes_nothing(bench: Bench) -> None:
    bench.run()
    path = bench.project.root / "notebooks" / "one.ipynb"
    path.write_text(path.read_text().replace("A question", "Another question"))
    assert bench.states()["latest/one"][0] == "to be rendered again, not executed"
    assert bench.run() == []
    assert "Another question" in (bench.project.reports / "executed" / "latest" / "one.ipynb").read_text()
    assert bench.run() == []
    assert bench.states()["latest/one"] == (explain.CURRENT,)


def test_a_run_is_likely_due_when_nothing_is_published_or_a_notebook_is_not_older(bench: Bench) -> None:
    runs = select.requested(plan.load(bench.project.root), Request())

    def is_likely_due(force: bool = False) -> bool:
        return Stock(bench.project.root, bench.project.reports, force).is_likely_due(runs)

    assert is_likely_due()
    bench.run()
    # Times are set, not waited for: a file system's clock may tell two writings apart only after 0.01 s.
    published = Standing(bench.project.root, bench.project.reports).path.stat().st_mtime_ns
    for age, expected in ((-1, False), (0, True), (1, True)):
        for one in runs:
            os.utime(one.path, ns=(published - 10, published - 10))
        os.utime(runs[0].path, ns=(published + age, published + age))
        assert is_likely_due() is expected
        assert is_likely_due(force=True)
    assert bench.run() == []  # a guess, no more


def test_the_template_begins_early_where_a_run_is_likely_due(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr(supervise.Supervisor, "prepare", lambda _: begun.append("now"))
    assert bench.run() == EVERYTHING
    assert len(begun) == 1
    for notebook in (bench.project.root / "notebooks").glob("*.ipynb"):
        os.utime(notebook, (1e9, 1e9))
    assert bench.run() == []
    assert len(begun) == 1


def test_each_notebook_is_cleaned_once_as_it_arrives(bench: Bench) -> None:
    plain = plain_tools()
    cleaned: list[tuple[str, bool]] = []
    is_over = False

    def clean(outcome: Outcome, *, root: Path) -> Any:
        cleaned.append((outcome.run.name, is_over))
        return plain.clean(outcome, root=root)

    def end() -> None:
        nonlocal is_over
        is_over = True

    bench.while_running = end
    bench.run(tools=Tools(clean, plain.build))
    assert cleaned == [(name, False) for name in EVERYTHING]


def test_a_page_that_cannot_be_written_loses_no_result(bench: Bench) -> None:
    def clean(outcome: Outcome, *, root: Path) -> Any:
        raise OSError(28, "No space left on device")

    with pytest.raises(PipelineError, match="No space left on device"):
        bench.run(tools=Tools(clean, plain_tools().build))
    assert bench.executed == EVERYTHING
    assert bench.run() == []
    assert "print(1)" in (bench.project.reports / "executed" / "latest" / "one.ipynb").read_text()


def test_the_site_is_told_what_is_published(bench: Bench) -> None:
    plain = plain_tools()
    told: list[Path | None] = []

    def build(pages: Any, *, published: Path | None, **rest: Any) -> None:
        told.append(published)
        plain.build(pages, **rest)

    bench.run(tools=Tools(plain.clean, build))
    bench.project.add("two", "print(3)")
    bench.run(tools=Tools(plain.clean, build))
    assert told[-1] == bench.project.reports / "html"


def test_a_parameter_of_runs_toml_executes_what_it_reaches(bench: Bench) -> None:
    bench.run()
    bench.project.editions = bench.project.editions.replace("2025-09-05", "2025-09-06")
    bench.project.add("two", "print(2)")
    assert bench.states()["article/one"] == ("to be executed", 'parameter as_of: "2025-09-05" → "2025-09-06"')
    assert bench.run() == ["article/one", "article/two"]


def test_a_changed_table_executes_what_read_it(bench: Bench) -> None:
    bench.journal = [{"event": "begin"}, {"event": "modules", "names": ["helpers"]}]
    bench.run(only=("one",))
    bench.journal = [*bench.journal, {"event": "read", "name": "small"}]
    bench.run(only=("two",))
    bench.project.write_table("a,b\n5,6\n")
    assert bench.states()["latest/two"] == ("to be executed", "table small")
    assert bench.states()["latest/one"][0] != "to be executed"
    assert bench.run() == ["latest/two", "article/two"]


def test_a_changed_module_executes_what_imported_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.run()
    real = key._source_hash
    monkeypatch.setattr(key, "_source_hash", lambda name: "changed" if name == "helpers.units" else real(name))
    assert bench.run() == []
    monkeypatch.setattr(key, "_source_hash", lambda name: "changed" if name == "helpers" else real(name))
    assert bench.states()["article/two"] == ("to be executed", "module helpers")
    assert bench.run() == EVERYTHING


def test_an_installed_library_of_another_version_executes_everything(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.run()
    monkeypatch.setattr(key.identity, "libraries", lambda: {"pandas": "99"})
    assert bench.states()["latest/one"] == ("to be executed", "the runner, Python or an installed library")
    assert bench.run() == EVERYTHING


@pytest.mark.parametrize("what", ["as_of", "vintage"])
def test_pages_of_another_day_or_vintage_are_not_mixed_in(bench: Bench, what: str) -> None:
    bench.run()
    if what == "vintage":
        status = bench.project.reports / "status.json"
        status.write_text(status.read_text().replace('"shipped"', '"2026-11-23"'))
    before = {path: path.read_bytes() for path in bench.project.reports.rglob("*") if path.is_file()}
    if what == "as_of":
        bench.project.editions = bench.project.editions.replace("2025-09-05", "2025-09-06")
        bench.project.add("two", "print(2)")
    with pytest.raises(UsageError, match=f"published pages were made on other parameters or tables .*{what}"):
        bench.run(only=("one",))
    assert {path: path.read_bytes() for path in before} == before
    bench.project.add("two", "raise ValueError")
    bench.run()  # all are asked for: the page of the failed run would show another state, so it is not carried over
    assert bench.project.status()["article/two"]["stale"] is False
    assert not (bench.project.reports / "executed" / "article" / "two.ipynb").exists()


def test_force_executes_all_that_is_asked_for(bench: Bench) -> None:
    bench.run()
    assert bench.run(force=True, only=("one",), edition="latest") == ["latest/one"]


def test_a_failed_run_is_tried_again_and_its_good_state_is_known(bench: Bench) -> None:
    bench.run()
    bench.project.add("one", "raise ValueError")
    assert bench.run() == ["latest/one", "article/one"]
    assert bench.code == 1
    assert bench.run() == ["latest/one", "article/one"]
    bench.project.add("one", "print(1)")
    assert bench.run() == []
    entry = bench.project.status()["latest/one"]
    assert (entry["status"], entry["stale"], entry["error"]) == ("ok", False, None)


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "empty"])
def test_a_damaged_result_is_noticed_and_made_again(bench: Bench, damage: str) -> None:
    bench.run()
    for path in (bench.project.root / FOLDER / "results").rglob("*.json"):
        content = path.read_bytes()
        if damage == "gone":
            path.unlink()
        else:
            path.write_bytes({"cut": content[:-9], "changed": content.replace(b"1.5", b"2.5"), "empty": b""}[damage])
    (bench.project.reports / "status.json").unlink()  # so that the kept results are asked for
    assert bench.run() == EVERYTHING
    assert bench.run() == []


@pytest.mark.parametrize("where", ["runs", "published", "last"])
def test_damaged_records_cost_time_and_nothing_else(bench: Bench, where: str) -> None:
    bench.run()
    for path in (bench.project.root / FOLDER / where).rglob("*.json"):
        path.write_text("[{")
    bench.run()
    assert bench.code == 0
    assert bench.run() == []


@pytest.mark.parametrize("name", ["html/index.html", "executed/latest/one.ipynb", "results.json"])
def test_a_published_file_that_is_gone_or_changed_is_written_again(bench: Bench, name: str) -> None:
    bench.run()
    path = bench.project.reports / name
    good = path.read_bytes()
    path.unlink()
    assert bench.run() == []
    assert path.read_bytes() == good
    path.write_bytes(good + b" ")
    assert bench.run() == []
    assert path.read_bytes() == good


def test_without_a_place_to_keep_results_everything_is_executed(bench: Bench) -> None:
    (bench.project.root / FOLDER).write_text("a file where the folder should be")
    assert bench.run() == EVERYTHING
    assert bench.code == 0
    assert bench.run() == EVERYTHING


def test_a_file_edited_while_notebooks_run_keeps_no_result(bench: Bench) -> None:
    path = bench.project.root / "notebooks" / "one.ipynb"
    good = path.read_text()
    bench.while_running = lambda: path.write_text(good.replace("print(1)", "print(7)"))
    bench.run()
    bench.while_running = lambda: None
    assert bench.run() == ["latest/one", "article/one"]
    path.write_text(good)  # nobody knows which of the two texts the first start executed
    assert bench.run() == ["latest/one", "article/one"]


def test_a_forced_start_keeps_no_result_of_a_file_edited_meanwhile(bench: Bench) -> None:
    path = bench.project.root / "notebooks" / "one.ipynb"
    bench.run()
    bench.while_running = lambda: path.write_text(path.read_text().replace("print(1)", "print(7)"))
    bench.run(force=True)
    bench.while_running = lambda: None
    assert bench.run() == ["latest/one", "article/one"]


def test_a_table_edited_while_notebooks_run_keeps_no_result(bench: Bench) -> None:
    """Whether or not the file was put back before the end: the diary holds the hash of what was read."""
    described = json.loads((bench.project.root / "data" / "datapackage.json").read_text())["resources"][0]
    good = described["hash"].removeprefix("sha256:")
    bench.journal[1] = {"event": "read", "name": described["name"], "sha256": "0" * 64}
    bench.run()
    assert bench.run() == EVERYTHING
    bench.journal[1] |= {"sha256": good}
    assert bench.run() == EVERYTHING
    assert bench.run() == []
    bench.journal[1] |= {"sha256": "0" * 64}
    bench.run(force=True)
    assert bench.project.status()["latest/one"]["key"] == ""
    assert bench.states()["latest/one"][0] == "to be rendered again, not executed"  # from the good result


def test_text_edited_while_notebooks_run_is_shown_by_the_next_start(bench: Bench) -> None:
    path = bench.project.root / "notebooks" / "one.ipynb"
    bench.while_running = lambda: path.write_text(path.read_text().replace("A question", "Another question"))
    bench.run()
    bench.while_running = lambda: None
    shown = bench.project.reports / "executed" / "latest" / "one.ipynb"
    assert "A question" in shown.read_text()
    assert bench.run() == []
    assert "Another question" in shown.read_text()


@pytest.mark.parametrize("folder", ["notebooks", "reports"])
def test_what_is_said_of_a_sweep_and_its_rows_belong_to_the_site(bench: Bench, folder: str) -> None:
    file = bench.project.root / folder / "sweeps" / "small.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("before")
    bench.run()
    page = bench.project.reports / "html" / "index.html"
    before = page.stat().st_ino
    assert bench.run() == []
    assert page.stat().st_ino == before
    file.write_text("after")
    assert bench.run() == []
    assert page.stat().st_ino != before


def test_rows_written_while_the_site_is_built_are_shown_by_the_next_start(bench: Bench) -> None:
    file = bench.project.root / "reports" / "sweeps" / "small.json"
    file.parent.mkdir(parents=True)
    bench.while_running = lambda: file.write_text("rows") and None
    bench.run()
    bench.while_running = lambda: None
    before = (bench.project.reports / "html" / "index.html").stat().st_ino
    assert bench.run() == []
    assert (bench.project.reports / "html" / "index.html").stat().st_ino != before


def test_two_starts_may_keep_the_same_result(bench: Bench, tmp_path: Path) -> None:
    run_ = explain.states(tmp_path, Request(only=("one",), edition="latest"))[0].run
    outcome = Outcome(run_, "ok", 1.0, 1.0, "", None, run_.path.read_text(), bench.journal)
    keys = Keys(tmp_path)
    for cache in (Cache(tmp_path), Cache(tmp_path)):
        cache.store(outcome, keys)
    entry = Cache(tmp_path).find(run_, keys)
    assert entry is not None
    kept = Cache(tmp_path).load(run_, entry)
    assert kept is not None
    assert (kept.notebook, kept.journal) == (outcome.notebook, outcome.journal)
    assert not [path for path in (tmp_path / FOLDER).rglob(".*") if path.is_file()]  # no half-written file is left


def test_what_a_run_used_before_is_remembered_too(bench: Bench, tmp_path: Path) -> None:
    """A notebook that reads another table after an edit of a helper finds both results again."""
    run_ = explain.states(tmp_path, Request(only=("one",), edition="latest"))[0].run
    cache, keys = Cache(tmp_path), Keys(tmp_path)
    for names in (["helpers"], ["helpers", "helpers.units"]):
        journal = [{"event": "modules", "names": names}]
        cache.store(Outcome(run_, "ok", 1.0, 1.0, "", None, "{}", journal), keys)
    found = [cache._result(key.of(keys.parts(run_, uses))).is_file() for uses in cache._uses(run_, keys)]
    assert found == [True, True]


def test_the_findings_of_all_are_handed_to_who_reads_them(bench: Bench) -> None:
    bench.project.add("last", "print(findings)", parameters=FINDINGS, toml="reads_findings = true")
    assert bench.run() == [*EVERYTHING, "latest/last", "article/last"]
    handed = json.loads(bench.handed["article/last"])
    assert sorted(handed["editions"]) == ["article", "latest"]
    assert sorted(handed["editions"]["latest"]["notebooks"]) == ["one", "two"]
    assert bench.project.status()["latest/last"]["status"] == "ok"
    assert bench.run() == []
    assert set(bench.states().values()) == {(explain.CURRENT,)}


def test_other_findings_execute_who_reads_them(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.project.add("last", "print(findings)", parameters=FINDINGS, toml="reads_findings = true")
    bench.run()
    bench.project.add("two", "print(3)")
    assert bench.states()["latest/last"] == (
        "to be executed after them", "reads the findings of latest/two, article/two",
    )  # fmt: skip
    # The edit changes no finding, so what reads them still holds.
    assert bench.run() == ["latest/two", "article/two"]
    bench.project.add("two", "raise ValueError")
    assert bench.run() == ["latest/two", "article/two", "latest/last", "article/last"]  # two is stale now, and says so


def test_a_reader_alone_is_handed_what_is_published(bench: Bench) -> None:
    bench.project.add("last", "print(findings)", parameters=FINDINGS, toml="reads_findings = true")
    bench.run()
    assert bench.run(only=("last",), force=True) == ["latest/last", "article/last"]
    assert sorted(json.loads(bench.handed["latest/last"])["editions"]["latest"]["notebooks"]) == ["one", "two"]
    assert bench.run(only=("last",), as_of="2024-01-01") == ["custom/last"]
    assert sorted(json.loads(bench.handed["custom/last"])["editions"]) == ["article", "latest"]


def test_differences_are_named() -> None:
    before = {"code": "1", "lock": "1", "runner": "1", "module helpers.units": "1", "parameter x": "1", "table a": "1"}
    now = {
        "code": "2",
        "lock": "2",
        "runner": "2",
        "module helpers.units": key.GONE,
        "parameter y": "2",
        "table b": "1",
    }
    assert differences(before, now) == [
        "code cells",
        "requirements.txt",
        "the runner, Python or an installed library",
        "module helpers.units (gone)",
        "parameter y: not there → 2",
        "table b (new)",
        "parameter x: 1 → not there",
        "table a (gone)",
    ]


def test_explain_writes_nothing(bench: Bench, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert bench.states()["latest/one"] == ("to be executed", "no result is kept")
    assert sorted(tmp_path.rglob("*")) == before
    assert list(explain.lines(explain.states(tmp_path, Request(only=("two",), edition="article")))) == [
        "article/two  to be executed", "               no result is kept",
    ]  # fmt: skip


def test_a_result_of_unknown_modules_depends_on_all(bench: Bench) -> None:
    bench.journal = [{"event": "begin"}]
    bench.run(only=("one",), edition="latest")
    entry = Cache(bench.project.root).last(explain.states(bench.project.root, Request())[0].run)
    assert entry is not None
    assert {name for name in entry if name.startswith("module ")} == {
        f"module {name}" for name in Uses.of_journal([{"event": "begin"}]).modules
    }
