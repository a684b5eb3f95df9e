"""From the front page and from every number to what stands behind it, as a reader goes: one click, no server."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser

from helpers.findings import cards, record
from helpers.pipeline import clean, results, site
from tests.pipeline import notebooks as given
from tests.site import links
from tests.site.browser import CONTRAST, NARROW, WIDE, chromium, needs_chromium, visit

AMAZON = "cash_flows/AMZN/2025-06-30"
ASSUMPTION = "ai_asset_life"
BEHIND = "latest/01_fcf_decline-trace.html"


def edition(folder: Path, root: Path, name: str, verdict: str) -> site.Page:
    """A notebook that states two numbers, a figure, a table and a verdict, as `helpers.findings` writes them."""
    burned = record.number("burned", 1234.5, "USD m", rows=[AMAZON])
    assumed = record.number("assumed", 3.0, "ratio", rows=[AMAZON], assumptions=[ASSUMPTION])
    claim = record.make_claim("A11", verdict, 2.0, "quarters", "Both were <negative>.", [AMAZON])
    record.take_pending()
    said = f"Amazon burned {burned}, {assumed} times as much, {burned:plain} in all."
    earlier = cards.change_note(verdict, "not supported", "2025-09-05", "A11")
    card = given.display(**{"text/html": cards.claim_card(claim, earlier), **record.bundle([claim])})
    table = given.display(**{"text/html": "<table><caption>Firms</caption><tr><td>A11</td></tr></table>"})
    stated = {one.id: one.document() for one in (burned, assumed)}
    notebook = given.executed(given.said(said.replace("$", r"\$"), stated), given.figure(rows=[AMAZON]), card, table)
    notebook.cells[
        3
    ].source = 'from helpers.analysis import free_cash_flow as fcf\nnumber("burned", fcf.cash_ledger(as_of))'
    outcome = given.outcome(notebook, folder, edition=name)
    path = folder / f"{name}.ipynb"
    nbformat.write(clean.clean(outcome, root=root).notebook, path)
    return site.Page(outcome.run, "ok", path)


def build(folder: Path, root: Path, earlier: dict[str, Any] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    pages = [edition(folder, root, "latest", "supported"), edition(folder, root, "article", "not supported")]
    site.build(pages, html=folder / "html", work=folder / "work", root=root, earlier=earlier)
    return folder / "html"


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    return build(tmp_path_factory.mktemp("traces"), root)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_no_link_is_broken_and_nothing_comes_from_elsewhere(html: Path) -> None:
    assert links.broken(html) == []
    assert links.external_assets(html) == []


def test_every_number_verdict_figure_and_table_leads_to_its_trace(html: Path) -> None:
    targets = links.read(html / "latest/01_fcf_decline.html").targets
    for anchor in ("number-burned", "number-assumed", "claim-A11"):
        assert f"../{BEHIND}#{anchor}" in targets
    assert "../article/01_fcf_decline-trace.html#claim-A11" in targets
    for anchor in ("figure-one_figure", "table-cell-3"):
        assert f"01_fcf_decline-trace.html#{anchor}" in targets
    assert '<span class="stated"' not in text(html / "latest/01_fcf_decline.html")


def test_a_trace_has_cell_function_parameters_rows_assumptions_grade_and_sources(html: Path) -> None:
    page = text(html / BEHIND)
    reader = links.read(html / BEHIND)
    _, _, burned = page.partition('id="number-burned"')
    burned = burned.partition("</section>")[0]
    for part in ("$1.2bn", "exactly 1234.5 USD m", "#cell-cell-0", "analysis.free_cash_flow.cash_ledger", "as_of",
                 "2026-10-31", "1 filed", "AMZN/2025-06-30", "amzn_10q_20250630"):  # fmt: skip
        assert part in burned
    assert "assumption-ai_asset_life" in reader.ids
    assert "source-amzn_10q_20250630" in reader.ids
    assert "https://www.sec.gov/Archives/edgar/data/1018724/000101872425000086/" in reader.targets
    # The row itself, with its line of the file and its figures.
    assert any(id.startswith("row-cash_flows-") for id in reader.ids)
    assert "<td>32183</td>" in page
    # What others wrote is text, not markup.
    assert "Both were &lt;negative&gt;." in page


def test_the_front_page_is_a_scorecard_that_needs_no_colour(html: Path) -> None:
    page = text(html / "index.html")
    assert page.count('<a class="tile') == 69
    assert page.count('class="tile turned"') == 1
    claim = "A11. Amazon had two quarters in a row of negative free cash flow."
    spoken = f"{claim} 2025-09-05: not supported; 2026-10-31: supported."
    assert f'aria-label="{spoken}"' in page
    assert f'href="{BEHIND}#claim-A11"' in page
    assert "Since then, of the verdicts: 1 changed." in page
    assert "A12. Oracle had two quarters in a row of negative free cash flow. 2025-09-05: no verdict yet" in page


def test_evidence_counts_grades_and_the_catalogue_says_what_rests_on_a_table(html: Path) -> None:
    page = text(html / "evidence.html")
    assert 'aria-label="2 filed, 1 scenario"' in page
    assert '<a class="reference internal" href="how_to_read.html"' in page
    catalogue = text(html / "data_catalogue.html")
    assert "On this table rest verdicts" in catalogue
    assert f"{BEHIND}#claim-A11" in catalogue


def test_what_changed_since_the_last_build_is_told(html: Path, tmp_path: Path, root: Path) -> None:
    assert "This is the first build" in text(html / "index.html")
    pages = [
        edition(tmp_path, root, name, verdict)
        for name, verdict in (("latest", "supported"), ("article", "not supported"))
    ]
    notebooks = {
        page.run.name: nbformat.read(page.clean_notebook_path, as_version=4)
        for page in pages
        if page.clean_notebook_path
    }
    earlier = results.of_pages(pages, notebooks)
    assert "every verdict and every number is what it was" in text(
        build(tmp_path / "same", root, earlier) / "index.html"
    )
    other = copy.deepcopy(earlier)
    latest = other["editions"]["latest"]["notebooks"]["01_fcf_decline"]
    latest["claims"]["A11"]["verdict"] = "not testable"
    latest["numbers"]["burned"]["value"] = 5.0
    page = text(build(tmp_path / "other", root, other) / "index.html")
    assert "1 verdict turned" in page
    assert "1 number moved" in page
    assert "$5m → $1.2bn" in page


@needs_chromium
@pytest.mark.parametrize("page", ["index.html", BEHIND, "evidence.html"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_page_fits_the_screen_and_asks_for_nothing(browser: Browser, html: Path, page: str, width: int) -> None:
    with visit(browser, html / page, width=width) as seen:
        overflow = seen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (seen.requests, seen.complaints) == ([], [])
        assert overflow <= 0


@needs_chromium
def test_one_click_leads_from_a_number_to_its_trace_and_back(browser: Browser, html: Path) -> None:
    with visit(browser, html / "latest/01_fcf_decline.html") as seen:
        seen.page.click("a#number-burned")
        seen.page.wait_for_url("**/01_fcf_decline-trace.html#number-burned")
        assert seen.page.locator("section.trace:target").get_attribute("id") == "number-burned"
        assert seen.page.locator("section.trace:target h3").is_visible()
        seen.page.click("section.trace:target a.back")
        seen.page.wait_for_url("**/01_fcf_decline.html#number-burned")
        assert "$1.2bn" in seen.page.locator(":target").inner_text()


@needs_chromium
def test_the_scorecard_works_by_keyboard_and_without_scripts(browser: Browser, html: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto((html / "index.html").resolve().as_uri())
        tile = page.get_by_role("link", name="A11. Amazon had two quarters in a row")
        tile.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/01_fcf_decline-trace.html#claim-A11")
        assert page.locator("#claim-A11 h3").inner_text().startswith("✓ supported A11")
    finally:
        context.close()


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_tiles_links_and_facts_keep_contrast(browser: Browser, html: Path, scheme: str) -> None:
    places = {
        "index.html": ".tile .side, .tile .claim-id, .tiles h3",
        BEHIND: "section.trace dt, section.trace dd, table.rows td",
        "latest/01_fcf_decline.html": "a.trace-link, p.made a",
    }
    for page, selector in places.items():
        with visit(browser, html / page, scheme=scheme) as seen:
            ratios = seen.page.evaluate(CONTRAST, selector)
            assert ratios
            assert min(ratios) >= 4.5, page
