"""Imports that cost much and bring nothing here."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator


def skip() -> None:
    """Leave out a library that jsonschema, and so nbformat and papermill, would import if it is installed.

    ``rfc3987_syntax`` builds a grammar of international web addresses when it is imported, which takes more than a
    second: two thirds of what papermill costs. No field of a notebook is such an address, and jsonschema does without
    it wherever it is not installed. Called by processes of the pipeline before they import nbformat, never by a kernel.
    """
    if "rfc3987_syntax" not in sys.modules:
        sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]  # Python documents None here


@contextlib.contextmanager
def hidden(library: str) -> Iterator[None]:
    """Let a library seem not to be installed for whoever asks for it inside, unless it is imported already.

    Papermill brings Arrow to read notebooks from Hadoop, and does without where it is missing.
    """
    is_new = library not in sys.modules
    if is_new:
        sys.modules[library] = None  # type: ignore[assignment]  # as above
    try:
        yield
    finally:
        if is_new:
            del sys.modules[library]


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Import without a look for garbage: next to nothing that a library makes is ever freed, and looks cost a fifth."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
