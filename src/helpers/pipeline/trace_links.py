"""From every number and verdict on a page to its trace: where traces stand, and the links that lead to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

_SPAN = re.compile(r"<span\b(?P<attributes>[^>]*)>|</span>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_ID = re.compile(r'\bid="([^"]+)"')
_CLAIM_CELL = re.compile(r"(<t[dh]\b[^>]*>)([A-Z]\d{2})(</t[dh]>)")
_TITLE = "Where this comes from: cell, function, rows, sources"


class Traces:
    """Where the trace of each number and verdict stands, as a path from the site's root.

    Parameters
    ----------
    document : mapping
        The content of ``results.json``.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self._home: dict[tuple[str, str], str] = {}
        for edition, content in document["editions"].items():
            for notebook, stated in content["notebooks"].items():
                for id in stated["claims"]:
                    self._home[edition, id] = notebook

    def page(self, edition: str, notebook: str) -> str:
        """Return the page that holds the traces of a notebook."""
        return f"{edition}/{notebook}-trace.html"

    def number(self, edition: str, notebook: str, id: str) -> str:
        """Return the address of a number's trace; empty where the notebook states no such number.

        Parameters
        ----------
        edition, notebook : str
            Where the number is shown.
        id : str
            Its id; ``notebook/id`` for a number that another notebook states.
        """
        home, _, own = id.rpartition("/")
        home = home or notebook
        stated = self.entry(edition, home, "numbers", own)
        return f"{self.page(edition, home)}#number-{own}" if stated else ""

    def claim(self, edition: str, id: str) -> str:
        """Return the address of the trace of a verdict; empty where none is given."""
        notebook = self._home.get((edition, id))
        return f"{self.page(edition, notebook)}#claim-{id}" if notebook else ""

    def entry(self, edition: str, notebook: str, kind: str, id: str) -> dict[str, Any] | None:
        """Return what ``results.json`` says of a number or claim; None where it says nothing."""
        notebooks = self.document["editions"].get(edition, {}).get("notebooks", {})
        found: dict[str, Any] | None = notebooks.get(notebook, {}).get(kind, {}).get(id)
        return found

    def claim_entry(self, edition: str, id: str) -> dict[str, Any] | None:
        """Return what ``results.json`` says of a claim in an edition; None where no notebook judges it."""
        notebook = self._home.get((edition, id))
        return self.entry(edition, notebook, "claims", id) if notebook else None

    def edition_of(self, as_of: str) -> str:
        """Return the edition of a day of knowledge; empty where there is none."""
        return next((name for name, one in self.document["editions"].items() if one["as_of"] == as_of), "")


def linked(html: str, traces: Traces, edition: str, notebook: str, seen: set[str] | None, up: str = "../") -> str:
    """Make each number and verdict of an output a link to its trace.

    Parameters
    ----------
    html : str
        Sanitised HTML, or Markdown with HTML inside: ``<span data-number="…">`` and ``<span data-claim="…">``, as
        `helpers.findings` writes them, and table cells that hold the id of a claim and nothing else.
    traces : Traces
    edition, notebook : str
        The page.
    seen : set of str or None
        Anchors that the page has already, which grow: the first link to a number becomes one, so that the trace can
        lead back. None on a page to which no trace leads back.
    up : str
        The way from the page to the site's root.

    Returns
    -------
    str
        The rest as it was, character by character.
    """

    def target(attributes: Mapping[str, str]) -> str:
        if "data-number" in attributes:
            return traces.number(edition, notebook, attributes["data-number"])
        if "data-claim" in attributes:
            # A day that no edition has leads nowhere: its verdict is computed on this page alone.
            at = traces.edition_of(attributes["data-as-of"]) if "data-as-of" in attributes else edition
            return traces.claim(at, attributes["data-claim"])
        return ""

    def cell(found: re.Match[str]) -> str:
        address = traces.claim(edition, found[2])
        return f'{found[1]}<a href="{up}{address}" title="{_TITLE}">{found[2]}</a>{found[3]}' if address else found[0]

    if seen is not None:
        seen |= set(_ID.findall(html))
    return _CLAIM_CELL.sub(cell, _rewritten(html, target, seen, up))


def _rewritten(html: str, target: Callable[[Mapping[str, str]], str], seen: set[str] | None, up: str) -> str:
    """Turn spans that have a target into links; the tags are matched, so that what is inside may hold spans too."""
    open_tags: list[str] = []

    def token(found: re.Match[str]) -> str:
        if found[0] == "</span>":
            return f"</{open_tags.pop()}>" if open_tags else found[0]
        attributes = dict(_ATTRIBUTE.findall(found["attributes"]))
        address = target(attributes)
        open_tags.append("a" if address else "span")
        if not address:
            return found[0]
        own = ""
        if "data-number" in attributes and seen is not None and (anchor := address.partition("#")[2]) not in seen:
            own = f' id="{anchor}"'
            seen.add(anchor)
        kind = f"{attributes.get('class', '')} trace-link".strip()
        return f'<a class="{kind}"{own} href="{up}{escape(address)}" title="{_TITLE}">'

    return _SPAN.sub(token, html)
