"""What the pipeline leaves out of its imports is not what it needs."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from helpers.pipeline import lean

CODE = """
from helpers.pipeline import lean
lean.skip()
import sys, nbformat, papermill
from nbformat.v4 import new_code_cell, new_notebook
assert "rfc3987_syntax.syntax_helpers" not in sys.modules
nbformat.validate(new_notebook(cells=[new_code_cell("1")]))
broken = new_notebook()
broken["cells"] = [{"cell_type": "code"}]
try:
    nbformat.validate(broken)
except nbformat.ValidationError:
    print("still validates")
"""


def printed(*lines: str) -> str:
    """Run lines in an interpreter of their own."""
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_notebooks_are_validated_as_before() -> None:
    assert printed(CODE) == "still validates\n"


def test_a_library_is_hidden_for_a_while_and_never_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "this", raising=False)
    with lean.hidden("this"), pytest.raises(ImportError):
        import this  # noqa: F401
    with lean.hidden("json"):
        import json
    assert sys.modules["json"] is json
    assert "this" not in sys.modules


def test_garbage_is_looked_for_again_after_an_import() -> None:
    assert gc.isenabled()
    with lean.uncollected():
        assert not gc.isenabled()
        with lean.uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_worker_does_without_arrow() -> None:
    load = "import sys; from helpers.pipeline import worker; worker.load()"
    assert printed(load, "print('pyarrow' in sys.modules)") == "False\n"


def test_pages_are_made_without_pandas() -> None:
    found = printed(
        "import sys; from helpers.pipeline import lean; lean.skip()",
        "from helpers.pipeline import clean, site; site.preload()",
        "from helpers.pipeline.table_rows import Rows",
        "print(Rows().grades(['cash_flows/AMZN/2025-06-30']))",
        "print([one for one in ('pandas', 'pandera') if one in sys.modules])",
    )
    assert found == "{'cash_flows/AMZN/2025-06-30': 'filed'}\n[]\n"
