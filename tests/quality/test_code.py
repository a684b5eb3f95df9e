"""The checks every commit must pass: style, types, walls."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECKS = {
    "lint, notebooks too": ["ruff", "check", "."],
    "format, notebooks too": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "walls between the packages": ["importlinter.cli", "lint"],
}


@pytest.mark.parametrize("name", CHECKS)
def test_check_passes(name: str, root: Path) -> None:
    module, *words = CHECKS[name]
    if module == "importlinter.cli":
        command = [str(Path(sys.executable).with_name("lint-imports"))]
    else:
        command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
