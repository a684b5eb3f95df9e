"""What the pipeline leaves out of its imports is not what it needs."""

from __future__ import annotations

import subprocess
import sys

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


def test_notebooks_are_validated_as_before() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.stdout == "still validates\n", done.stderr
