"""Papermill through our engine: the notebooks that stock papermill gives, nothing missed, nothing lost."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from nbclient.exceptions import DeadKernelError
from papermill.engines import papermill_engines

from helpers.pipeline import engine
from tests.projects import write_notebook

# Says something and waits until the notebook on disk shows it. Put together, since the source is in the file too.
LOOKS = """
import pathlib, time
said = "said " + "inside"
print(said, flush=True)
end, seen = time.monotonic() + 20, False
while not seen and time.monotonic() < end:
    seen = said in pathlib.Path("out.ipynb").read_text()
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


def test_a_kernel_that_dies_leaves_what_was_said(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "one.ipynb", "print('said' + ' before')", "import os\nos._exit(3)")
    with pytest.raises(DeadKernelError):
        _execute(path, engine.NAME)
    assert "said before" in (tmp_path / "out.ipynb").read_text()


def test_what_a_long_cell_has_said_is_on_disk_while_it_runs(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "one.ipynb", LOOKS)
    said = [output["text"] for output in _execute(path, engine.NAME)[-1]["outputs"]]
    assert "".join(said) == "said inside\nTrue\n"


def test_the_first_cell_is_heard_however_soon_it_speaks(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "one.ipynb", parameters="print('first words')")
    for _ in range(8):
        assert _execute(path, engine.NAME)[-1]["outputs"][0]["text"] == "first words\n"


def test_a_kernel_that_is_not_heard_yet_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it tells before the output channel is connected is lost: an answer on the other channel is not enough."""
    asked: list[str] = []

    def ask(_: Any) -> str:
        asked.append(f"question {len(asked)}")
        return asked[-1]

    def message(kind: str, **content: str) -> dict[str, Any]:
        return {"msg_type": kind, "parent_header": {"msg_id": asked[-1]}, "content": content}

    async def shell(_: Any, timeout: float) -> dict[str, Any]:
        return message("kernel_info_reply")

    async def iopub(_: Any, timeout: float) -> dict[str, Any]:
        if len(asked) < 3:
            raise queue.Empty
        return message("status", execution_state="idle")

    async def alive(_: Any) -> bool:
        return True

    for name, method in {"kernel_info": ask, "get_shell_msg": shell, "get_iopub_msg": iopub, "is_alive": alive}.items():
        monkeypatch.setattr(engine.Client, name, method)
    monkeypatch.setattr(engine.Client, "_handle_kernel_info_reply", lambda *_: None)
    asyncio.run(engine.Client().wait_for_ready(timeout=5))
    assert len(asked) == 3


async def _ready_then(disturb: Callable[[Any, Any], Awaitable[None]], timeout: float) -> None:
    """Wait for a kernel that is well, disturb it, and wait again."""
    manager = engine.Manager(kernel_name="python3")
    await manager.start_kernel()
    client: Any = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=60)
        await disturb(manager, client)
        await client.wait_for_ready(timeout=timeout)
    finally:
        client.stop_channels()
        if await manager.is_alive():
            await manager.shutdown_kernel(now=True)


def test_a_kernel_that_is_gone_is_not_waited_for() -> None:
    async def end(manager: Any, _: Any) -> None:
        await manager.shutdown_kernel(now=True)

    with pytest.raises(RuntimeError, match="died before replying"):
        asyncio.run(_ready_then(end, 60))


def test_a_kernel_that_does_not_answer_is_given_up_in_time() -> None:
    async def occupy(_: Any, client: Any) -> None:
        client.execute("import time; time.sleep(60)")

    with pytest.raises(RuntimeError, match=r"didn't respond in 0\.5 seconds"):
        asyncio.run(_ready_then(occupy, 0.5))
