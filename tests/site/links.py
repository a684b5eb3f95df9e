"""Where the links of a built site lead, read from the files alone."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: set[str] = set()
        self.images: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if found.get("id"):
            self.ids.add(str(found["id"]))
        if tag == "img":
            self.images.append(found)
        for name in ("href", "src"):
            if found.get(name):
                self.targets.append(str(found[name]))


def read(page: Path) -> _Reader:
    reader = _Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    return reader


def broken(html: Path) -> list[str]:
    """Return every local link of a site that leads to no file or no anchor, as `page -> target`."""
    pages = {path: read(path) for path in sorted(html.rglob("*.html"))}
    found = []
    for page, reader in pages.items():
        for target in reader.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            path = (page.parent / unquote(parts.path)).resolve() if parts.path else page.resolve()
            if path.is_dir():
                path /= "index.html"
            anchors = pages[path].ids if path in pages else None
            if not path.exists() or (parts.fragment and anchors is not None and parts.fragment not in anchors):
                found.append(f"{page.relative_to(html)} -> {target}")
    return found


def external_assets(html: Path) -> list[str]:
    """Return every script, style, image or font that a page would load from elsewhere."""
    found = []
    for page in sorted(html.rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        for line in text.splitlines():
            is_asset = any(tag in line for tag in ("<script", "<link", "<img", "<iframe", "<source"))
            if is_asset and ('src="http' in line or 'src="//' in line or ("<link" in line and 'href="http' in line)):
                found.append(f"{page.relative_to(html)}: {line.strip()}")
    return found
