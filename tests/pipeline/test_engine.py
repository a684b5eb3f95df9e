"""Papermill through our engine: the notebooks that stock papermill gives, nothing missed, nothing lost."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from papermill.engines import papermill_engines

from helpers.pipeline import engine
from tests.projects import write_notebook

# Waits until the notebook on disk shows what the cell above it said.
LOOKS = """
import pathlib, time
end, seen = time.monotonic() + 20, False
while not seen and time.monotonic() < end:
    seen = "shown above" in pathlib.Path("out.ipynb").read_text()
    time.sleep(0.05)
print(seen)
"""


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(papermill_engines._engines, engine.NAME, engine.Engine)


def _execute(path: Path, name: str | None, **parameters: Any) -> list[dict[str, Any]]:
    target = path.with_name("out.ipynb")
    papermill.execute_notebook(
        str(path), str(target), engine_name=name, parameters=parameters, kernel_name="python3", cwd=str(path.parent),
        progress_bar=False,
    )  # fmt: skip
    written: list[dict[str, Any]] = nbformat.read(target, as_version=4)["cells"]
    return written


def _plain(cells: list[dict[str, Any]]) -> list[tuple[str, str, Any, Any]]:
    return [(one["cell_type"], one["source"], one.get("execution_count"), one.get("outputs")) for one in cells]


def test_the_file_is_that_of_stock_papermill(tmp_path: Path) -> None:
    display = "from IPython.display import Markdown, display\ndisplay(Markdown('**bold**'))\n{'a': as_of}"
    stream = "import sys\nprint('out')\nprint('err', file=sys.stderr)"
    path = write_notebook(tmp_path / "one.ipynb", "print(as_of)", display, stream, "", "1 + 1")
    ours, stock = (_plain(_execute(path, name, as_of="2025-09-05")) for name in (engine.NAME, None))
    assert ours == stock
    assert "2025-09-05" in str(ours)


def test_a_failing_cell_ends_the_run_with_what_came_before_on_disk(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "one.ipynb", "print('shown above')", "1/0", "print('never')")
    with pytest.raises(papermill.PapermillExecutionError, match="division by zero"):
        _execute(path, engine.NAME)
    cells = nbformat.read(tmp_path / "out.ipynb", as_version=4)["cells"]
    said = str([cell.get("outputs") for cell in cells])
    assert "shown above" in said
    assert "ZeroDivisionError" in said
    assert "never" not in said


def test_a_long_cell_does_not_keep_the_outputs_above_it_from_the_disk(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "one.ipynb", "print('shown above')", LOOKS)
    assert _execute(path, engine.NAME)[-1]["outputs"][0]["text"] == "True\n"


def test_the_first_cell_is_heard_however_soon_it_speaks(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "one.ipynb", parameters="print('first words')")
    for _ in range(8):
        assert _execute(path, engine.NAME)[-1]["outputs"][0]["text"] == "first words\n"


def test_a_kernel_that_is_gone_is_not_waited_for() -> None:
    async def wait() -> None:
        manager = engine.Manager(kernel_name="python3")
        await manager.start_kernel()
        client: Any = manager.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=60)  # this one answers
            await manager.shutdown_kernel(now=True)
            await client.wait_for_ready(timeout=60)
        finally:
            client.stop_channels()

    with pytest.raises(RuntimeError, match="died before replying"):
        asyncio.run(wait())


def test_a_kernel_that_does_not_answer_is_given_up_in_time() -> None:
    async def wait() -> None:
        manager = engine.Manager(kernel_name="python3")
        await manager.start_kernel()
        client: Any = manager.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=60)
            client.execute("import time; time.sleep(60)")
            await client.wait_for_ready(timeout=0.5)
        finally:
            client.stop_channels()
            await manager.shutdown_kernel(now=True)

    with pytest.raises(RuntimeError, match=r"didn't respond in 0\.5 seconds"):
        asyncio.run(wait())
