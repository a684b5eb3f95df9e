"""Debian's chromium, driven by Playwright over pages that lie on disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="Debian's chromium is not installed: `apt-get install chromium` (CI does)"
)
WIDE, NARROW = 1400, 390
# How long a page is watched after it has loaded, for requests that its scripts make late; how long a busy machine gets.
WATCHED_MS, PATIENCE_MS = 500, 120_000
# The contrast of each element's text with what is behind it, as the web content accessibility guidelines count it.
CONTRAST = """selector => {
    const channels = c => c.match(/[\\d.]+/g).map(Number);
    const solid = e => { const c = channels(getComputedStyle(e).backgroundColor);
        return c.length === 4 && c[3] === 0 ? (e.parentElement ? solid(e.parentElement) : [255, 255, 255]) : c; };
    const light = c => c.slice(0, 3).map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    return [...document.querySelectorAll(selector)].map(e => {
        const [a, b] = [light(channels(getComputedStyle(e).color)), light(solid(e))];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); }); }"""


@dataclass
class Visit:
    """A page that was opened, with what it asked for and complained of."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(browser: Browser, path: Path, *, width: int = WIDE, scheme: str = "light") -> Iterator[Visit]:
    """Open a file in a fresh profile and note every request that leaves the disk."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    page: Page = context.new_page()
    seen = Visit(page)
    page.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else seen.requests.append(r.url))
    page.on("console", lambda m: seen.complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("requestfailed", lambda r: seen.complaints.append(f"failed: {r.url}"))
    try:
        page.goto(path.resolve().as_uri())
        # Not "networkidle": on a busy machine that event once did not come within 30 s.
        page.wait_for_timeout(WATCHED_MS)
        yield seen
    finally:
        context.close()
