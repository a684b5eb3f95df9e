"""The whole way from notebooks to reports, with plain pages instead of Sphinx where pages do not matter."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from helpers.pipeline import progress, run, supervise
from helpers.pipeline.assemble import Tools
from helpers.pipeline.errors import PipelineError, UsageError
from helpers.pipeline.outcome import Failure, Outcome
from helpers.pipeline.select import Request
from tests.projects import TWO_EDITIONS, Project, is_gone, plain_tools

# Tells that it is at work, then ignores interrupts for ever.
SLEEP = """\
import time
open(f"at-work-{as_of}", "w").close()
while True:
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass
"""


def _run(project: Project, *, tools: Tools | None = None, quiet: bool = False, **request: Any) -> tuple[int, str]:
    told = io.StringIO()
    # Stock kernels: they start sooner for cells that import nothing; `Project.start` runs warm ones.
    tools = tools or plain_tools()
    code = run.run(project.root, Request(**request), quiet=quiet, is_warm=False, tools=tools, stream=told)
    return code, told.getvalue()


def _page(project: Project) -> list[str]:
    return (project.reports / "html" / "index.html").read_text().splitlines()


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace kernels by a stand-in where they are not what is tested; returns the names of what was executed.

    A notebook fails when its last cell begins with `raise`.
    """
    names: list[str] = []

    def execute(supervisor: supervise.Supervisor, runs: Any, take: Any) -> None:
        outcomes = []
        for one in runs:
            names.append(one.name)
            text = one.path.read_text()
            error = Failure("ValueError", "no", 2, "raise", "trace") if '"raise' in text else None
            status = "failed" if error else "ok"
            outcomes.append(Outcome(one, status, 1.5, 100.0, "", error, text))
        for outcome in outcomes:
            supervisor.progress.finished(outcome)
            take(outcome)

    monkeypatch.setattr(supervise.Supervisor, "execute", execute)
    return names


def test_real_notebooks_at_both_dates_become_reports(tmp_path: Path) -> None:
    project = Project(tmp_path, TWO_EDITIONS)
    project.add("one", "print(as_of)")
    project.add("two", "1/0")
    code, told = _run(project)
    assert code == 1
    status = project.status()
    assert list(status) == ["latest/one", "latest/two", "article/one", "article/two"]
    assert {name: entry["status"] for name, entry in status.items()} == {
        "latest/one": "ok", "latest/two": "failed", "article/one": "ok", "article/two": "failed",
    }  # fmt: skip
    assert status["article/two"]["error"]["message"] == "division by zero"
    assert all(entry["seconds"] > 0 and entry["peak_memory_mb"] > 0 and entry["key"] for entry in status.values())
    assert "2025-09-05" in (project.reports / "executed" / "article" / "one.ipynb").read_text()
    assert _page(project)[1] == "latest/two failed cell 2: ZeroDivisionError: division by zero"
    results = json.loads((project.reports / "results.json").read_text())
    assert (results["schema"], results["editions"]["article"]["as_of"]) == (1, "2025-09-05")
    assert results["editions"]["article"]["notebooks"]["two"]["status"] == "failed"
    assert "2 of 4 runs failed" in told
    assert str(project.reports / "html" / "index.html") in told
    assert project.kernels() == []


def test_a_failed_run_keeps_its_good_page_as_stale_until_it_is_well(project: Project, executed: list[str]) -> None:
    assert _run(project)[0] == 0
    good = (project.reports / "executed" / "latest" / "one.ipynb").read_text()
    key = project.status()["latest/one"]["key"]
    project.add("one", "raise ValueError")
    assert _run(project)[0] == 1
    entry = project.status()["latest/one"]
    assert (entry["status"], entry["stale"], entry["published_key"]) == ("failed", True, key)
    assert entry["key"] != key
    assert (project.reports / "executed" / "latest" / "one.ipynb").read_text() == good
    assert _page(project)[0] == "latest/one stale cell 2: ValueError: no"
    assert json.loads((project.reports / "results.json").read_text())["editions"]["latest"]["notebooks"]["one"][
        "status"
    ] == "stale"  # fmt: skip
    project.add("one", "print(2)")
    assert _run(project)[0] == 0
    assert project.status()["latest/one"]["stale"] is False
    assert _page(project)[0] == "latest/one ok "


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path, TWO_EDITIONS)
    made.add("one", "print(1)")
    made.add("two", "print(2)")
    return made


def test_only_some_runs_leave_the_others_as_published(project: Project, executed: list[str]) -> None:
    project.add("two", "raise ValueError")
    _run(project)
    before = project.status()
    executed.clear()
    project.add("one", "print(3)")
    project.add("two", parameters=None)  # broken, but not asked for
    assert _run(project, only=("one",), edition="article")[0] == 0
    assert executed == ["article/one"]
    after = project.status()
    assert {name: entry for name, entry in after.items() if name != "article/one"} == {
        name: entry for name, entry in before.items() if name != "article/one"
    }
    assert _page(project) == [
        "latest/one ok ",
        "latest/two failed cell 2: ValueError: no",
        "article/one ok ",
        "article/two failed cell 2: ValueError: no",
    ]


def test_only_on_a_fresh_tree_publishes_what_there_is(project: Project, executed: list[str]) -> None:
    assert _run(project, only=("two",))[0] == 0
    assert _page(project) == ["latest/two ok ", "article/two ok "]


def test_other_values_make_a_site_of_their_own(project: Project, executed: list[str]) -> None:
    project.add("one", "print(1)", parameters='as_of: str = "2026-10-31"\nfirms: list[str] = ["AMZN"]')
    _run(project)
    published = {path: path.read_bytes() for path in project.reports.rglob("*") if path.is_file()}
    executed.clear()
    code, told = _run(project, only=("one",), as_of="2024-01-01", parameters=(("firms", '["META"]'),))
    assert (code, executed) == (0, ["custom/one"])
    assert {path: path.read_bytes() for path in published} == published
    custom = project.reports / "custom"
    assert list(project.status(custom)) == ["custom/one"]
    results = json.loads((custom / "results.json").read_text())["editions"]
    assert {name: edition["as_of"] for name, edition in results.items()} == {"custom": "2024-01-01"}
    assert str(custom / "html" / "index.html") in told


def test_an_exploratory_failure_shows_no_older_page(project: Project, executed: list[str]) -> None:
    _run(project, only=("one",), as_of="2024-01-01")
    project.add("one", "raise ValueError")
    _run(project, only=("one",), as_of="2023-01-01")
    assert (project.reports / "custom" / "html" / "index.html").read_text().startswith("custom/one failed")


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"only": ("three",)}, "no notebook named 'three'; there are one, two"),
        ({"edition": "now"}, "no edition named 'now'; there are latest, article"),
        ({"parameters": (("firms", "x"),)}, "two: unknown parameter firms"),
        ({"as_of": "yesterday"}, "one: parameter as_of: expected an ISO date"),
        ({"as_of": "2024-01-01", "parameters": (("as_of", "2024-01-01"),)}, "parameter as_of: given more than once"),
    ],
)
def test_a_wrong_request_executes_nothing(
    project: Project, executed: list[str], request_: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError) as refused:
        _run(project, **request_)
    assert said in str(refused.value)
    assert refused.value.exit_code == 2
    assert executed == []
    assert not project.reports.exists()


def test_the_time_limit_of_the_command_line_replaces_the_others(project: Project) -> None:
    project.add("two", SLEEP, toml="seconds_limit = 1000")
    began = time.monotonic()
    assert _run(project, only=("two",), edition="latest", timeout=3.0)[0] == 1
    assert time.monotonic() - began < 30
    assert project.status()["latest/two"]["status"] == "timeout"


def test_a_changed_table_stops_before_anything_is_executed(project: Project, executed: list[str]) -> None:
    (project.root / "data" / "small.csv").write_text("a,b\n1,3\n")
    with pytest.raises(PipelineError, match=r"differs from data/datapackage\.json"):
        _run(project)
    assert executed == []


def test_a_notebook_that_fails_the_check_of_its_figures_is_a_failed_run(project: Project, executed: list[str]) -> None:
    plain = plain_tools()

    def clean(outcome: Outcome, *, root: Path) -> Any:
        cleaned = plain.clean(outcome, root=root)
        cleaned.problems.append("figure 'cash' has no alt text")
        cleaned.warnings.append("FutureWarning: soon\nmore")
        return cleaned

    code, told = _run(project, only=("one",), edition="latest", tools=Tools(clean, plain.build))
    assert code == 1
    assert project.status()["latest/one"]["error"]["message"] == "figure 'cash' has no alt text"
    assert "warning: latest/one: FutureWarning: soon\n" in told
    assert not (project.reports / "executed" / "latest" / "one.ipynb").exists()


KEPT = "; the old ones are still there"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PipelineError("Sphinx warns"), "Sphinx warns"),
        (PipelineError("a\nb: [Errno 28] No space left on device\nc"), f"No space left on device{KEPT}"),
        (OSError(28, "No space left on device", "x"), f"No space left on device{KEPT}"),
        (OSError(5, "Input/output error", "x"), f"[Errno 5] Input/output error: 'x'{KEPT}"),
    ],
)
def test_a_site_that_cannot_be_built_leaves_the_old_one_and_one_line(
    project: Project, executed: list[str], error: Exception, said: str
) -> None:
    _run(project)
    before = {path: path.read_bytes() for path in project.reports.rglob("*") if path.is_file()}
    project.add("one", "print(3)")

    def build(*pages: Any, **folders: Any) -> None:
        raise error

    with pytest.raises(PipelineError) as refused:
        _run(project, tools=Tools(plain_tools().clean, build))
    assert str(refused.value).removeprefix("the reports could not be built: ") == said
    assert {path: path.read_bytes() for path in project.reports.rglob("*") if path.is_file()} == before
    assert [path.name for path in (project.root / ".reports-build").iterdir()] == ["lock"]


def test_a_stop_that_a_library_swallows_still_counts(project: Project, executed: list[str]) -> None:
    def build(*pages: Any, **folders: Any) -> None:
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt):
        _run(project, tools=Tools(plain_tools().clean, build))
    assert not (project.reports / "html").exists()


def test_damaged_status_of_an_earlier_start_is_as_none(project: Project, executed: list[str]) -> None:
    _run(project)
    for text in ("", "[]", '{"runs": 3}', '{"runs": {"latest/one": {"error": {"other": 1}}}}'):
        (project.reports / "status.json").write_text(text)
        assert _run(project, only=("two",))[0] == 0
        assert _page(project)[0] == "latest/one ok "


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_the_command_stops_all_and_publishes_nothing(project: Project, number: signal.Signals) -> None:
    project.add("one", "print(1)")
    _run(project, only=("one",))
    before = {path: path.read_bytes() for path in project.reports.rglob("*") if path.is_file()}
    project.add("two", SLEEP)
    started = project.start("--jobs", "2")
    project.wait_at_work(2)
    # A terminal sends Ctrl-C to the whole group, workers included; kill and systemd send to the one process.
    os.killpg(started.pid, number) if number == signal.SIGINT else started.send_signal(number)
    _, error = started.communicate(timeout=30)
    assert started.returncode == 130
    assert error == "interrupted: everything was stopped, nothing was published\n"
    assert project.kernels() == []
    assert {path: path.read_bytes() for path in project.reports.rglob("*") if path.is_file()} == before
    assert [path.name for path in (project.root / ".reports-build").iterdir()] == ["lock"]


def test_a_killed_command_leaves_no_worker_and_the_next_start_cleans_up(project: Project) -> None:
    project.add("one", SLEEP)
    started = project.start("--only", "one", "--edition", "latest")
    project.wait_at_work(1)
    children = [one.pid for one in psutil.Process(started.pid).children(recursive=True)]
    started.kill()
    started.communicate(timeout=10)
    assert children
    assert all(is_gone(pid) for pid in children)
    project.add("one", "print(1)")
    assert _run(project)[0] == 0
    assert project.kernels() == []
    assert [path.name for path in (project.root / ".reports-build").iterdir()] == ["lock"]


def test_a_second_command_is_refused_in_one_line(project: Project) -> None:
    project.add("one", SLEEP)
    first = project.start("--only", "one", "--edition", "latest")
    project.wait_at_work(1)
    second = project.start("--only", "two")
    out, error = second.communicate(timeout=30)
    assert (second.returncode, out) == (1, "")
    assert error == f"error: another run is at work here (process {first.pid}); wait for its end or stop it\n"
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=30)
    assert first.returncode == 130


def test_quiet_says_only_what_failed(project: Project, executed: list[str]) -> None:
    assert _run(project, quiet=True) == (0, "")
    project.add("two", "raise ValueError")
    code, told = _run(project, quiet=True, edition="latest")
    assert code == 1
    assert told.splitlines()[1] == "  FAILED  latest/two    1.5 s   100 MB  cell 2: ValueError: no"
    assert len(told.splitlines()) == 2


def test_plain_lines_where_there_is_no_terminal(project: Project, executed: list[str]) -> None:
    told = _run(project)[1].splitlines()
    assert told[0].startswith("ok      latest/one")
    assert isinstance(progress.choose(False, io.StringIO()), progress.Lines)
    assert told[-2].startswith("4 of 4 runs succeeded in ")


def test_a_terminal_shows_one_live_line_for_each_run(project: Project) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    live = progress.choose(False, terminal)
    assert isinstance(live, progress.Live)
    runs = [one for one in _all(project) if one.edition == "latest"]
    live.begin(runs)
    live.started(runs[0])
    live.at_cell(runs[0], 2, 5)
    live.display.refresh()
    assert "cell 3 of 5" in terminal.getvalue()
    assert "waiting" in terminal.getvalue()
    live.finished(Outcome(runs[0], "failed", 2.0, 50.0, error=Failure("ValueError", "[red]no[/red]", 2)))
    live.end()
    assert "failed: cell 2: ValueError: [red]no[/red]" in terminal.getvalue()


def _all(project: Project) -> Any:
    from helpers.pipeline import plan, select

    return select.requested(plan.load(project.root), Request())


def test_a_wrong_parameter_costs_no_heavy_import(project: Project) -> None:
    code = (
        "import sys; from helpers.cli import main\n"
        f"assert main(['run', '--root', {str(project.root)!r}, '-p', 'no', '1']) == 2\n"
        "print([name for name in ('pandas', 'papermill', 'sphinx', 'nbformat') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"
    assert "one: unknown parameter no; it has as_of (edition custom)" in told.stderr
