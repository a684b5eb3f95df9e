"""The command line: options, exit codes, messages without traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers import cli
from helpers.pipeline import run
from helpers.pipeline.errors import Interrupted, PipelineError, UsageError
from helpers.pipeline.select import Request


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def stand_in(root: Path, request: Request, **options: Any) -> int:
        seen.update(root=root, request=request, **options)
        return 0

    monkeypatch.setattr(run, "run", stand_in)
    return seen


def test_without_options_everything_is_asked_for(called: dict[str, Any], root: Path) -> None:
    assert cli.main(["run"]) == 0
    options = {"jobs": None, "scheduler": None, "quiet": False, "is_warm": True, "force": False}
    assert called == {"root": root, "request": Request(), **options}


@pytest.mark.parametrize("words", [("nonsense",), ("tcp://10.0.0.5",), ("tcp://10.0.0.5:8786", "--jobs", "2")])
@pytest.mark.parametrize("command", [("run",), ("sweep", "--shipped")])
def test_a_wrong_place_to_execute_is_a_usage_error(
    command: tuple[str, ...], words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([*command, "--scheduler", *words])
    assert stopped.value.code == 2
    assert "--scheduler" in capsys.readouterr().err


def test_every_option_arrives(called: dict[str, Any], tmp_path: Path) -> None:
    words = "--only a b --only c -p x 1 -p y [2] --as-of 2024-01-01 --timeout 9 --jobs 3 --quiet --edition latest"
    assert cli.main(["run", *words.split(), "--stock-kernels", "--force", "--root", str(tmp_path)]) == 0
    expected = Request(("a", "b", "c"), "latest", (("x", "1"), ("y", "[2]")), "2024-01-01", 9.0)
    options = {"jobs": 3, "scheduler": None, "quiet": True, "is_warm": False, "force": True}
    assert called == {"root": tmp_path, "request": expected, **options}


@pytest.mark.parametrize(
    "wrong", ["", "walk", "run --jobs 0", "run --jobs x", "run --timeout -1", "run --timeout nan", "run -p x", "run x"]
)
def test_wrong_options_end_with_2(called: dict[str, Any], wrong: str) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(wrong.split())
    assert left.value.code == 2
    assert called == {}


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (PipelineError("one\ntwo"), 1, "error: one\nerror: two\n"),
        (UsageError("a", "b"), 2, "error: a\nerror: b\n"),
        (Interrupted(), 130, "interrupted: everything was stopped, nothing was published\n"),
        (KeyboardInterrupt(), 130, "interrupted: everything was stopped, nothing was published\n"),
    ],
)
def test_an_error_is_lines_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    def stand_in(*arguments: Any, **options: Any) -> int:
        raise error

    monkeypatch.setattr(run, "run", stand_in)
    assert cli.main(["run"]) == code
    assert capsys.readouterr().err == said


def test_help_tells_where_an_exploratory_run_goes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["run", "--help"])
    assert "reports/custom/" in capsys.readouterr().out
