"""A Sphinx extension: the HTML builder, with documents in an order that keeps all its processes busy.

Sphinx writes the first document before it forks, and then gives each process a stretch of the sorted list. Sorted by
name, the first one is a long page, and some stretches hold many of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder


def setup(app: Sphinx) -> dict[str, Any]:
    """Take the place of the HTML builder."""
    app.add_builder(Builder, override=True)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


class Builder(StandaloneHTMLBuilder):
    """Writes the pages that Sphinx's own builder writes."""

    def _write_parallel(self, docnames: Sequence[str], nproc: int) -> None:
        super()._write_parallel(spread(docnames, self._size), nproc)

    def _size(self, docname: str) -> int:
        return Path(self.doctreedir, f"{docname}.doctree").stat().st_size


def spread(names: Sequence[str], size: Callable[[str], int]) -> list[str]:
    """Return the smallest first, then large and small ones by turns, so that any stretch holds as much as another.

    Parameters
    ----------
    names : sequence of str
    size : callable
        Of each of them.
    """
    first, *others = sorted(names, key=lambda name: (size(name), name))
    small, large = others[: len(others) // 2], others[len(others) // 2 :][::-1]
    turns = zip_longest(large, small)
    return [first, *(name for name in chain.from_iterable(turns) if name is not None)]
