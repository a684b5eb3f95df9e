"""Make a cell's outputs safe and the same on every machine.

MyST-NB and nbconvert pass HTML through as it is; an output may hold scripts (a label of a table
is enough), absolute paths, memory addresses and times. Only what the allow-list names stays.
"""

from __future__ import annotations

import re
from pathlib import Path

import nh3

_TAGS = {
    "a", "b", "br", "caption", "code", "details", "dd", "div", "dl", "dt", "em", "h3", "h4", "hr", "i", "li", "ol",
    "p", "pre", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead",
    "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"class", "title", "id"},
    "a": {"href"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    # Which number or verdict this is: the site makes it a link to its trace.
    "span": {"data-number", "data-claim", "data-as-of"},
}
_SCHEMES = {"http", "https", "mailto"}
# Elements whose text is code, not content.
_WITH_CONTENT = {"script", "style", "iframe", "object", "template", "noscript"}

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
_KERNEL_FILE = re.compile(r"/tmp/ipykernel_\d+/\d+\.py|<ipython-input-[^>]+>")  # noqa: S108 - a pattern, not a path in use
_SITE_PACKAGES = re.compile(r"(?:/[^\s'\":]+)?/site-packages/")
_STANDARD_LIBRARY = re.compile(r"(?:/[^\s'\":]+)?/lib/python3\.\d+/")


def html(text: str) -> str:
    """Return HTML with only the tags and attributes of the allow-list.

    Parameters
    ----------
    text : str
        HTML from an output; column and index labels included.

    Returns
    -------
    str
        Scripts, styles, event handlers, frames and forms are gone with their content.
    """
    return nh3.clean(
        text,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        clean_content_tags=_WITH_CONTENT,
        link_rel="noopener",
        strip_comments=True,
    )


def markdown(text: str) -> str:
    """Return Markdown whose embedded HTML went through `html`; Markdown's own links may not run scripts."""
    cleaned = html(text)
    return re.sub(r"\]\(\s*<?\s*(?:javascript|data|vbscript)\s*:[^)]*\)", "](#)", cleaned, flags=re.IGNORECASE)


def text(value: str, root: Path) -> str:
    """Return text without terminal colours, memory addresses and paths of this machine.

    Parameters
    ----------
    value : str
    root : Path
        The project's folder; paths below it become relative.
    """
    cleaned = _ANSI.sub("", value)
    cleaned = _ADDRESS.sub("0x…", cleaned)
    cleaned = _KERNEL_FILE.sub("<cell>", cleaned)
    cleaned = cleaned.replace(f"{root}/", "").replace(str(root), ".")
    cleaned = _SITE_PACKAGES.sub("site-packages/", cleaned)
    cleaned = _STANDARD_LIBRARY.sub("python/", cleaned)
    home = str(Path.home())
    return cleaned.replace(home, "~") if len(home) > 1 else cleaned
