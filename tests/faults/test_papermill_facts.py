"""The eight things that papermill 2.7 does and we must not pass on.

Each test first shows the trouble with papermill as it comes, so that a newer version that has lost it is noticed, and
then that a run of ours does not have it.
"""

from __future__ import annotations

import datetime
import json
import logging
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import papermill
import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from helpers.findings.schema import FIGURE_MIME
from helpers.pipeline import parameters, supervise
from helpers.pipeline.clean import clean
from helpers.pipeline.errors import UsageError
from helpers.pipeline.outcome import Outcome
from helpers.pipeline.plan import Run
from helpers.pipeline.progress import Progress
from tests.projects import AS_OF, a_run, write_notebook

FIGURE = """
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
import pandas as pd
from helpers.charts import style
from helpers.findings import figure
drawn, axes = style.canvas()
axes.plot([1, 2], [3, 4])
style.finish(drawn, title="It rises", subtitle="Value, USD m", source="Test", as_of=as_of, unit="USD m",
             alt="A line that rises from 3 to 4 million dollars", data=pd.DataFrame({"y": [3, 4]}))
figure("rise", axes)
"""


def _stock(path: Path, given: dict[str, Any] | None = None, **options: Any) -> Path:
    """Execute with papermill as it comes; returns where the executed notebook was written."""
    output = path.with_name(f"{path.stem}-stock.ipynb")
    papermill.execute_notebook(str(path), str(output), given or {}, progress_bar=False, cwd=str(path.parent), **options)
    return output


def _ours(
    path: Path, seconds: float = 60, progress: Progress | None = None, is_warm: bool = False, **given: object
) -> Outcome:
    """Execute as the pipeline does; stock kernels start sooner for cells that import nothing."""
    run, scratch, token = a_run(path, seconds, **given), path.parent / "scratch", uuid.uuid4().hex
    (outcome,) = supervise.execute(
        [run], root=path.parent, scratch=scratch, token=token, progress=progress, is_warm=is_warm
    )
    return outcome


def _cells(text: str) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(text)["cells"]
    return cells


def _printed(text: str) -> str:
    return "".join("".join(output.get("text", "")) for cell in _cells(text) for output in cell.get("outputs", []))


@pytest.mark.parametrize(
    ("cell", "options", "raised", "status"),
    [
        ("import time\ntime.sleep(60)", {"execution_timeout": 1}, CellTimeoutError, "timeout"),
        ("import os\nos._exit(1)", {}, DeadKernelError, "died"),
    ],
)
def test_1_a_run_that_was_stopped_does_not_say_completed(
    tmp_path: Path, cell: str, options: dict[str, Any], raised: type[Exception], status: str
) -> None:
    path = write_notebook(tmp_path / "nb.ipynb", cell, "print('never')")
    with pytest.raises(raised):
        _stock(path, **options)
    left = (tmp_path / "nb-stock.ipynb").read_text()
    assert {one["metadata"]["papermill"]["status"] for one in _cells(left)} == {"completed"}

    outcome = _ours(path, seconds=4)
    assert outcome.status == status
    assert outcome.error is not None
    assert (outcome.error.cell_index, outcome.error.cell_source) == (2, cell)
    assert outcome.notebook is not None
    assert "completed" not in outcome.notebook
    assert [one["execution_count"] for one in _cells(outcome.notebook)[-2:]] in ([None, None], [3, None])


def test_1_a_notebook_that_leaves_early_is_not_ok(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "nb.ipynb", "import sys\nsys.exit(0)", "print('never')")
    left = _cells(_stock(path).read_text())  # raises nothing
    assert left[-1]["metadata"]["papermill"]["status"] == "pending"

    outcome = _ours(path)
    assert outcome.status == "failed"
    assert outcome.error is not None
    assert outcome.error.cell_index == 2


def test_2_without_a_parameters_cell_nothing_is_overridden_in_silence(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "nb.ipynb", "x = 1", "print(x)", parameters=None)
    assert _printed(_stock(path, {"x": 5}).read_text()) == "1\n"  # asked for 5

    with pytest.raises(UsageError, match="nb: exactly one code cell must be tagged parameters, found 0"):
        parameters.checked(path, {"x": 5})


def test_3_an_unknown_parameter_is_more_than_a_line_in_a_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_notebook(tmp_path / "nb.ipynb", "print(as_of)")
    with caplog.at_level(logging.WARNING, "papermill"):
        assert _printed(_stock(path, {"asof": "2025-09-05"}).read_text()) == "2026-10-31\n"
    assert "Passed unknown parameter: asof" in caplog.text

    with pytest.raises(UsageError, match="nb: unknown parameter asof; it has as_of"):
        parameters.checked(path, {"asof": "2025-09-05"})


@pytest.mark.parametrize(
    ("cell", "value", "ours"),
    [
        (AS_OF, datetime.date(2025, 9, 5), "2025-09-05"),
        ("x: int = 1", np.int64(3), 3),
        ("x: list[int] = [1]", {3}, "a set cannot be passed to a notebook; use a list"),
    ],
)
def test_3_a_value_that_papermill_cannot_write_is_mended_or_refused_at_once(
    tmp_path: Path, cell: str, value: object, ours: object
) -> None:
    path = write_notebook(tmp_path / "nb.ipynb", "1", parameters=cell)
    (name,) = parameters.declared(path)
    with pytest.raises(TypeError, match="not JSON serializable"):
        _stock(path, {name: value})

    if isinstance(ours, str) and "cannot" in ours:
        with pytest.raises(UsageError, match=ours):
            parameters.checked(path, {name: value})
    else:
        assert parameters.checked(path, {name: value}) == {name: ours}


def test_3_a_tuple_does_not_arrive_as_text(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "nb.ipynb", "print(type(x).__name__)", parameters="x: list[int] = [1]")
    assert _printed(_stock(path, {"x": (1, 2)}).read_text()) == "str\n"

    with pytest.raises(UsageError, match="a tuple cannot be passed to a notebook; use a list"):
        parameters.checked(path, {"x": (1, 2)})
    assert _printed(_ours(path, x=[1, 2]).notebook or "") == "list\n"


def test_4_a_parameter_stands_in_the_file_once(tmp_path: Path, root: Path) -> None:
    path = write_notebook(tmp_path / "nb.ipynb", "len(word)", parameters=f'{AS_OF}\nword: str = "none"')
    assert _stock(path, {"word": "zebra-9137"}).read_text().count("zebra-9137") == 2

    outcome = _ours(path, word="zebra-9137")
    published = nbformat.writes(clean(outcome, root=root).notebook)
    assert published.count("zebra-9137") == 1  # in the table of parameters


WRITER = """
import json, resource, sys
output, ours = sys.argv[1], sys.argv[2] == "ours"
if ours:
    from helpers.pipeline.worker import _WHOLE, load
    load()
    output = _WHOLE + output
from papermill.iorw import papermill_io
papermill_io.write(json.dumps(["short"]), output)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # the disk is full in the middle of the second write
papermill_io.write(json.dumps(["long"] * 10_000), output)
"""


@pytest.mark.parametrize(("who", "is_whole"), [("stock", False), ("ours", True)])
def test_5_a_write_that_is_cut_off_leaves_the_last_whole_file(tmp_path: Path, who: str, is_whole: bool) -> None:
    output = tmp_path / "out.ipynb"
    cut = subprocess.run(
        [sys.executable, "-c", WRITER, str(output), who], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert "File too large" in cut.stderr
    try:
        content = json.loads(output.read_text())
    except ValueError:
        content = None
    assert content == (["short"] if is_whole else None)


def test_5_the_file_of_a_running_notebook_is_replaced_not_rewritten(tmp_path: Path) -> None:
    """What stood there before a save is still whole after it, so a kill at any moment leaves one or the other."""
    file, held = tmp_path / "scratch" / "latest" / "nb" / "executed.ipynb", tmp_path / "held.ipynb"

    class Holds(Progress):
        def at_cell(self, run: Run, done: int, total: int) -> None:
            if not held.exists():
                held.hardlink_to(file)

    wait = f"import pathlib, time\nwhile not pathlib.Path('{held}').exists(): time.sleep(0.05)"
    path = write_notebook(tmp_path / "nb.ipynb", wait, "print('done')")
    outcome = _ours(path, progress=Holds())
    assert "done" in _printed(outcome.notebook or "")
    assert "done" not in _printed(held.read_text())


def test_6_no_paths_times_or_random_ids_are_published(tmp_path: Path, root: Path) -> None:
    texts = []
    for folder in ("here", "there"):
        path = write_notebook(tmp_path / folder / "nb.ipynb", "print(as_of)", "1 + 1")
        stock = _stock(path, {"as_of": "2025-09-05"}).read_text()
        assert str(tmp_path) in stock
        assert re.search(r'"start_time": "\d{4}-\d\d-\d\dT', stock)
        texts.append(nbformat.writes(clean(_ours(path), root=root).notebook))
    assert texts[0] == texts[1]
    assert str(tmp_path) not in texts[0]
    assert not re.search(r"\d\d:\d\d:\d\d|papermill", texts[0])


def test_7_the_whole_notebook_has_a_limit(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "nb.ipynb", *["import time; time.sleep(1.5)"] * 4)
    _stock(path, execution_timeout=3)  # six seconds, each cell within its limit

    outcome = _ours(path, seconds=3)
    assert outcome.status == "timeout"
    assert 3 <= outcome.seconds < 6
    assert "the limit for the whole notebook" in str(outcome.error)


@pytest.mark.parametrize("is_warm", [True, False], ids=["warm", "stock"])
def test_8_a_figure_is_shown_whatever_the_backend(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch, is_warm: bool
) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")  # what a preloaded pyplot would have chosen
    path = write_notebook(tmp_path / "plain.ipynb", "import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    assert "image/png" not in _stock(path).read_text()  # it succeeded, with no figure
    plain = clean(_ours(path, is_warm=is_warm), root=root)
    assert any("shows an image without alt text" in problem for problem in plain.problems)

    cleaned = clean(_ours(write_notebook(tmp_path / "nb.ipynb", FIGURE), is_warm=is_warm), root=root)
    assert cleaned.problems == []
    assert list(cleaned.figures) == ["rise"]


def test_8_a_declared_figure_without_its_image_is_noticed(tmp_path: Path, root: Path) -> None:
    outcome = _ours(write_notebook(tmp_path / "nb.ipynb", FIGURE))
    assert outcome.notebook is not None
    document = json.loads(outcome.notebook)
    (shown,) = [one["data"] for cell in document["cells"] for one in cell.get("outputs", []) if FIGURE_MIME in str(one)]
    del shown["image/png"]
    damaged = Outcome(outcome.run, "ok", notebook=json.dumps(document))
    assert clean(damaged, root=root).problems == ["figure 'rise' has no image"]


def test_8_a_figure_that_was_called_for_and_not_shown_is_noticed(tmp_path: Path, root: Path) -> None:
    outcome = _ours(write_notebook(tmp_path / "nb.ipynb", FIGURE))
    assert outcome.notebook is not None
    document = json.loads(outcome.notebook)
    (cell,) = [one for one in document["cells"] if FIGURE_MIME in str(one.get("outputs"))]
    cell["outputs"] = []
    damaged = Outcome(outcome.run, "ok", notebook=json.dumps(document))
    (problem,) = clean(damaged, root=root).problems
    assert problem == f"cell {cell['id']!r} calls for 1 figure(s) and shows 0"
