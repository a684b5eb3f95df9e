"""Sweeps that are really run: rows, a kill in the middle, what is made again, and what goes wrong outside."""

from __future__ import annotations

import itertools
import json
import os
import resource
import signal
import subprocess
import sys
import time
import uuid
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyarrow import parquet

from helpers.pipeline import processes, supervise, sweep, sweep_spec, sweep_table
from helpers.pipeline.errors import PipelineError
from helpers.pipeline.outcome import Failure, Outcome
from helpers.pipeline.plan import Run
from helpers.pipeline.publish import Publication
from helpers.pipeline.sweep import How, Result
from helpers.pipeline.sweep_journal import Journal, identity, row_of
from tests.pipeline.sweeps import GRID, STATES, Swept
from tests.projects import a_run, write_notebook

#: Notebooks here import nothing heavy: a stock kernel starts sooner than a template.
STOCK = How(is_warm=False, quiet=True)
JOURNAL: list[dict[str, Any]] = [{"event": "read", "name": "small"}, {"event": "modules", "names": []}]


@pytest.fixture
def swept(tmp_path: Path) -> Swept:
    return Swept(tmp_path)


def execute(swept: Swept, how: How = STOCK) -> Result:
    return sweep.run(sweep_spec.load(swept.file, swept.root), swept.root, swept.folder, how)


def command(swept: Swept, *words: str) -> list[str]:
    options = ["--stock-kernels", "--root", str(swept.root), *words]
    return [sys.executable, "-m", "helpers", "sweep", str(swept.file), *options]


def without_seconds(table: Path) -> pd.DataFrame:
    return pd.read_parquet(table).drop(columns="seconds")


def test_the_life_of_one_sweep(tmp_path: Path) -> None:
    """One sweep from its first start on; each step goes on from the one before."""
    swept = Swept(tmp_path, GRID.replace("[0, 1, 2, 3, 4, 5]", "[2, 0, 1]"))
    (swept.root / "fail").touch()
    the_file_has_a_column_a_parameter_number_and_verdict(swept)
    each_column_says_what_it_is(swept)
    a_failed_run_is_a_row_with_its_reason(swept)
    nothing_but_rows_is_left(swept)
    only_what_failed_is_tried_again(swept)
    nothing_is_made_again_and_the_file_is_not_touched(swept)
    a_sweep_that_grows_keeps_its_rows_and_the_order_of_its_plan(swept)
    text_changes_no_row_code_changes_all(swept)
    a_changed_table_makes_old_rows_stale(swept)
    a_publication_leaves_the_rows_alone(swept)


def the_file_has_a_column_a_parameter_number_and_verdict(swept: Swept) -> None:
    result = execute(swept)
    assert (result.executed, result.kept) == (3, 0)
    assert result.failures == {"cell 2: ValueError: k is two": 1}
    rows = pd.read_parquet(swept.table)
    assert list(rows.columns) == [
        "as_of", "k", "rate", "names", "product", "number_status", "A11_verdict", "A11_value", "status", "error",
        "seconds", "key",
    ]  # fmt: skip
    assert list(rows["k"]) == [2, 0, 1]  # the order of the plan
    assert list(rows["product"].fillna(-1)) == [-1, 0, 0.5]
    assert list(rows["A11_verdict"].fillna("")) == ["", "not testable", "supported"]
    assert json.loads(rows["names"].iloc[0]) == ["a"]
    assert (rows["seconds"] > 0).all()


def each_column_says_what_it_is(swept: Swept) -> None:
    schema = parquet.read_schema(swept.table)  # type: ignore[no-untyped-call]
    assert {name: str(schema.field(name).type) for name in ("k", "rate", "product", "A11_verdict")} == {
        "k": "int64", "rate": "double", "product": "double", "A11_verdict": "string",
    }  # fmt: skip
    about = {key.decode(): value.decode() for key, value in schema.field("product").metadata.items()}
    assert about == {"kind": "number", "name": "product", "unit": "USD m", "grade": "filed"}
    notes = sweep_table.notes(swept.table)
    assert notes["made"] == "every combination of 3 of `k`"
    assert notes["vintage"] == "shipped"
    assert notes["data"].startswith("the shipped tables, compiled 20")


def a_failed_run_is_a_row_with_its_reason(swept: Swept) -> None:
    failed = pd.read_parquet(swept.table).set_index("k").loc[2]
    assert (failed["status"], failed["error"]) == ("failed", "cell 2: ValueError: k is two")


def nothing_but_rows_is_left(swept: Swept) -> None:
    assert [path.name for path in swept.folder.iterdir() if not path.name.startswith(".")] == ["small.parquet"]
    assert [path.name for path in (swept.folder / ".work").iterdir()] == ["small.lock"]


def only_what_failed_is_tried_again(swept: Swept) -> None:
    (swept.root / "fail").unlink()
    swept.forget()
    result = execute(swept)
    assert (result.executed, result.kept, result.failures) == (1, 2, {})
    assert swept.ran() == [2]
    assert list(pd.read_parquet(swept.table)["product"]) == [1.0, 0, 0.5]


def nothing_is_made_again_and_the_file_is_not_touched(swept: Swept) -> None:
    before = swept.table.stat()
    swept.forget()
    assert execute(swept).kept == 3
    assert swept.ran() == []
    assert swept.table.stat().st_mtime_ns == before.st_mtime_ns
    assert swept.table.stat().st_ino == before.st_ino


def a_sweep_that_grows_keeps_its_rows_and_the_order_of_its_plan(swept: Swept) -> None:
    swept.file.write_text(GRID.replace("[0, 1, 2, 3, 4, 5]", "[3, 1, 2]"))
    swept.forget()
    result = execute(swept)
    assert (result.executed, result.kept) == (1, 2)
    assert swept.ran() == [3]
    assert list(pd.read_parquet(swept.table)["k"]) == [3, 1, 2]


def text_changes_no_row_code_changes_all(swept: Swept) -> None:
    notebook = swept.root / "notebooks" / "sweeps" / "light.ipynb"
    notebook.write_text(notebook.read_text().replace("# A question", "# Another question"))
    swept.forget()
    spec = sweep_spec.load(swept.file, swept.root)
    assert sweep.due(spec, swept.root, swept.folder) == 0
    swept.write(STATES.replace("k * rate", "2 * k * rate"))
    assert sweep.due(spec, swept.root, swept.folder) == 3
    assert execute(swept).executed == 3
    assert list(pd.read_parquet(swept.table)["product"]) == [3.0, 1.0, 2.0]


def a_changed_table_makes_old_rows_stale(swept: Swept) -> None:
    swept.project.write_table("a,b\n1,3\n")
    assert sweep.due(sweep_spec.load(swept.file, swept.root), swept.root, swept.folder) == 3


def a_publication_leaves_the_rows_alone(swept: Swept) -> None:
    before = swept.table.read_bytes()
    with Publication(swept.root, swept.root / "reports") as publication:
        (publication.ready / "results.json").write_text("{}")
        publication.publish()
    assert (swept.root / "reports" / "results.json").read_text() == "{}"
    assert swept.table.read_bytes() == before


def test_a_killed_sweep_goes_on_where_it_was(tmp_path: Path) -> None:
    slow = STATES + "\nimport time\ntime.sleep(0.3)\n"
    whole, killed = Swept(tmp_path / "whole", GRID, slow), Swept(tmp_path / "killed", GRID, slow)
    execute(whole)
    started = subprocess.Popen(command(killed, "--jobs", "1", "--quiet"), start_new_session=True)
    _wait_for(lambda: len(killed.rows()) >= 3, started)
    started.send_signal(signal.SIGKILL)
    started.wait()
    finished = [row["parameters"]["k"] for row in killed.rows()]
    assert 3 <= len(finished) < 6
    assert not killed.table.exists()
    with killed.journal.open("a") as journal:
        journal.write('{"parameters": {"k": 5}, "numb')  # as if the kill had come in the middle of a line
    killed.forget()
    result = execute(killed)
    assert (result.executed, result.kept) == (6 - len(finished), len(finished))
    assert not set(killed.ran()) & set(finished)
    pd.testing.assert_frame_equal(without_seconds(killed.table), without_seconds(whole.table))
    assert not killed.journal.exists()
    _wait_for(lambda: not _at_work_in(killed.root), None)


def _wait_for(condition: Any, process: subprocess.Popen[bytes] | None, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert process is None or process.poll() is None, "the process ended before its time"
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def _at_work_in(folder: Path) -> list[int]:
    return [one.pid for one in processes.marked("") if one.environ().get("IPYTHONDIR", "").startswith(str(folder))]


def test_a_second_start_of_the_same_sweep_is_refused_in_one_line(tmp_path: Path) -> None:
    swept = Swept(tmp_path)
    with sweep._Place(swept.folder, "small"):
        done = subprocess.run(command(swept), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        f"error: the sweep small is being run already (process {os.getpid()}); wait for its end or stop it\n"
    )
    assert swept.ran() == []


def test_a_folder_that_cannot_be_written_is_told_before_anything_runs(tmp_path: Path) -> None:
    swept = Swept(tmp_path)
    swept.folder.parent.write_text("a file where a folder should be")
    done = subprocess.run(command(swept), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: cannot write in {swept.folder}: Not a directory; nothing was executed")
    assert done.stderr.count("\n") == 1
    assert swept.ran() == []


def test_a_disk_that_fills_up_keeps_what_was_written(tmp_path: Path) -> None:
    swept = Swept(tmp_path, GRID.replace("[0, 1, 2, 3, 4, 5]", "[0, 1]"))
    swept.folder.mkdir(parents=True)
    room = 200_000
    filler = json.dumps(row_of(Outcome(_run(swept, -1), "failed", error=Failure("filler", "x" * 100)), "")) + "\n"
    swept.journal.write_text(filler * (room // len(filler)))  # so the next row meets the limit
    before = swept.journal.read_text()
    done = subprocess.run(
        command(swept, "--jobs", "1", "--quiet"), capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
    )  # fmt: skip
    assert done.returncode == 1
    told = f"error: cannot write in {swept.folder}: File too large; the rows written so far are kept"
    assert told in done.stderr.splitlines()
    assert swept.journal.read_text() == before
    assert execute(swept).executed == 2


def _run(swept: Swept, k: int) -> Run:
    return a_run(swept.root / "notebooks" / "sweeps" / "light.ipynb", k=k)


def test_a_streamed_run_is_asked_for_late_taken_at_once_and_leaves_no_files(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "light.ipynb", "k", parameters="k: int = 0  # a number")
    asked: list[int] = []
    taken: list[tuple[int, int]] = []
    scratch = tmp_path / "scratch"

    def runs() -> Iterator[Run]:
        for k in range(5):
            asked.append(k)
            yield Run("light", f"many-{k}", {"k": k}, path, 60, 2048)

    def take(outcome: Outcome) -> None:
        assert outcome.status == "ok"
        assert not (scratch / outcome.run.edition).exists()
        taken.append((int(str(outcome.run.parameters["k"])), len(asked)))

    found = supervise.execute(
        runs(), root=tmp_path, scratch=scratch, token=uuid.uuid4().hex, jobs=1, is_warm=False, take=take
    )
    assert found == []
    # One is at work and one is waiting: no more than that is ever held.
    assert all(asked_for <= done + 2 for done, asked_for in taken)
    assert [k for k, _ in taken] == list(range(5))


def test_a_thousand_runs_are_not_held_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner's own part alone: runs go in one by one, and of an outcome only its row is kept."""
    swept = Swept(tmp_path, GRID.replace("[0, 1, 2, 3, 4, 5]", str(list(range(1000)))))
    alive: list[int] = []

    def fake(runs: Iterator[Run], *, take: Any, **_: Any) -> list[Outcome]:
        born: list[weakref.ref[Outcome]] = []
        for run in runs:
            outcome = Outcome(run, "ok", notebook="x" * 100_000)
            born.append(weakref.ref(outcome))
            take(outcome)
            del outcome
            born = [one for one in born if one() is not None]
            alive.append(len(born))
        return []

    monkeypatch.setattr(supervise, "execute", fake)
    assert execute(swept).executed == 1000
    assert alive == [0] * 1000
    assert list(pd.read_parquet(swept.table)["k"]) == list(range(1000))


@pytest.mark.parametrize("name", ["notebooks/sweeps/light.ipynb", "requirements.txt", "data/datapackage.json"])
def test_rows_of_a_file_edited_meanwhile_are_made_again_though_it_was_put_back(
    swept: Swept, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Two runs at a time; the file is edited when 0 has ended and put back before 3 ends, when 4 is under way."""
    edited = swept.root / name
    edited.touch()
    before = edited.read_text()
    edits = {1: before.replace("k * rate", "2 * k") + " ", 3: before}
    executed: list[object] = []

    def fake(runs: Iterator[Run], *, take: Any, **_: Any) -> list[Outcome]:
        at_work = list(itertools.islice(runs, 2))
        while at_work:
            run = at_work.pop(0)
            executed.append(run.parameters["k"])
            if (text := edits.pop(len(executed) - 1, None)) is not None:
                edited.write_text(text)
            take(Outcome(run, "ok", journal=JOURNAL))
            at_work += itertools.islice(runs, 1)
        return []

    monkeypatch.setattr(supervise, "execute", fake)
    execute(swept)
    assert executed == [0, 1, 2, 3, 4, 5]
    edits.clear()
    executed.clear()
    execute(swept)
    assert executed == [1, 2, 3, 4]
    assert execute(swept).executed == 0


def test_a_half_written_descriptor_ends_no_sweep(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    descriptor = swept.root / "data" / "datapackage.json"
    before = descriptor.read_text()

    def fake(runs: Iterator[Run], *, take: Any, **_: Any) -> list[Outcome]:
        descriptor.write_text(before[:20])
        for run in runs:
            take(Outcome(run, "ok", journal=JOURNAL))
        return []

    monkeypatch.setattr(supervise, "execute", fake)
    execute(swept)
    assert set(pd.read_parquet(swept.table)["key"]) == {""}


def test_a_journal_leaves_out_lines_it_cannot_read(tmp_path: Path) -> None:
    path = tmp_path / "small.journal"
    rows = [row_of(Outcome(Run("n", "e", {"k": k}, path, 1, 1), "ok"), "key") for k in range(3)]
    lines = [json.dumps(row) for row in rows]
    path.write_text(f"{lines[0]}\nnot a row\n{lines[1]}\n{lines[2][:20]}")
    journal = Journal(path)
    assert journal.damaged == 2
    assert set(journal.places) == {identity({"k": 0}), identity({"k": 1})}
    journal.append(rows[2])
    journal.close()
    again = Journal(path)
    assert [again.row(again.places[identity({"k": k})])["parameters"]["k"] for k in range(3)] == [0, 1, 2]
    again.close()


def test_the_command_names_unknown_pictures_and_missing_files(tmp_path: Path) -> None:
    swept = Swept(tmp_path, 'picture = "nobody"\n' + GRID)
    done = subprocess.run(command(swept), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: notebooks/sweeps/small.toml: picture: there is no 'nobody'; there are ")
    nothing = [sys.executable, "-m", "helpers", "sweep", "--root", str(tmp_path)]
    done = subprocess.run(nothing, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "error: name the TOML file of a sweep, or give --shipped\n")


def test_a_table_that_is_not_the_one_described_stops_a_sweep(tmp_path: Path) -> None:
    swept = Swept(tmp_path)
    (tmp_path / "data" / "small.csv").write_text("a,b\n1,9\n")
    with pytest.raises(PipelineError, match=r"small\.csv: differs"):
        execute(swept)
    assert swept.ran() == []
