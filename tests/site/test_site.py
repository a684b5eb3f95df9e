"""The site as readers get it: opened from disk in a real browser."""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser

from helpers.pipeline import clean, decorate, site, sphinx_build
from helpers.pipeline.outcome import Failure
from tests.pipeline import notebooks as given
from tests.site import links
from tests.site.browser import CONTRAST, NARROW, WIDE, chromium, needs_chromium, visit

NOTEBOOK = given.executed(
    given.said("Amazon burned \\$1.2bn in a year.", {"burned": given.NUMBER}),
    given.figure(),
    given.display(**{"text/html": "<table class='findings'><tr>" + "<td>wide column</td>" * 30 + "</tr></table>"}),
    given.display(**{"text/html": "<script>document.title = 'hacked'</script><p>harmless</p>"}),
    given.verdict("A11"),
)
NOTEBOOK.cells[0].source += "\n\nFree cash flow is $f = o - c$ and\n\n$$\\frac{a}{b}$$"
FAILURE = Failure(
    "ValueError", "boom $x$ <b>", 3, "1 / 0\n```\n", "Traceback (most recent call last)\nValueError: boom"
)


def pages(folder: Path, root: Path) -> list[site.Page]:
    """Two notebooks in two editions: good, good, stale, and one that never worked."""
    made = []
    for edition in ("latest", "article"):
        outcome = given.outcome(NOTEBOOK, folder, edition=edition)
        path = folder / f"{edition}.ipynb"
        nbformat.write(clean.clean(outcome, root=root).notebook, path)
        made.append(site.Page(outcome.run, "ok" if edition == "latest" else "stale", path, "boom", FAILURE))
    lost = given.outcome(NOTEBOOK, folder, name="02_chatgpt_revenue")
    made.append(site.Page(lost.run, "failed", None, "boom", FAILURE))
    return made


def build(folder: Path, root: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    site.build(pages(folder, root), html=folder / "html", work=folder / "work", root=root)
    return folder / "html"


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    return build(tmp_path_factory.mktemp("site"), root)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def test_the_pages_are_where_readers_expect_them(html: Path) -> None:
    for page in ("index.html", "latest/01_fcf_decline.html", "article/01_fcf_decline.html", "how_to_read.html"):
        assert (html / page).is_file()


def test_no_link_is_broken(html: Path) -> None:
    assert links.broken(html) == []


def test_nothing_is_loaded_from_elsewhere(html: Path) -> None:
    assert links.external_assets(html) == []


def test_each_page_links_to_its_twin_and_its_notebook(html: Path) -> None:
    targets = links.read(html / "latest/01_fcf_decline.html").targets
    assert "../article/01_fcf_decline.html" in targets
    assert any(target.endswith("01_fcf_decline.ipynb") for target in targets)
    assert any(target.endswith("one_figure.csv") for target in targets)


def test_figures_have_alt_text_and_caption(html: Path) -> None:
    page = html / "latest/01_fcf_decline.html"
    images = [image for image in links.read(page).images if "_images" in str(image.get("src"))]
    assert [image["alt"] for image in images] == [given.FIGURE["alt"]]
    assert "Costs doubled to $12bn" in page.read_text(encoding="utf-8")


def test_mathematics_is_mathml_and_a_dollar_is_a_dollar(html: Path) -> None:
    text = (html / "latest/01_fcf_decline.html").read_text(encoding="utf-8")
    assert "<mfrac>" in text
    assert "burned $1.2bn in a year" in text
    assert "MathJax" not in text


def test_code_is_folded(html: Path) -> None:
    text = (html / "latest/01_fcf_decline.html").read_text(encoding="utf-8")
    assert text.count("<details") > 4
    assert "<details open" not in text


def test_a_stale_page_says_so_and_leads_to_the_failure(html: Path) -> None:
    stale = (html / "article/01_fcf_decline.html").read_text(encoding="utf-8")
    assert "This page is an older result" in stale
    assert "01_fcf_decline-failure.html" in stale
    failure = (html / "article/01_fcf_decline-failure.html").read_text(encoding="utf-8")
    for part in ("The failing cell", "Traceback (most recent call last)", "2025-09-05", "boom $x$ &lt;b&gt;"):
        assert part in failure


def test_a_notebook_that_never_worked_still_has_its_page(html: Path) -> None:
    assert "the run failed" in (html / "latest/02_chatgpt_revenue.html").read_text(encoding="utf-8")


def test_the_front_page_counts_verdicts_and_quotes_answers(html: Path) -> None:
    text = (html / "index.html").read_text(encoding="utf-8")
    assert "burned $1.2bn in a year" in text
    assert "The article's 69 claims" in text
    assert text.count('<a class="tile') == 69
    assert "This is the first build" in text


def test_two_folders_give_the_same_bytes(html: Path, tmp_path: Path, root: Path) -> None:
    other = build(tmp_path / "another" / "place", root)
    names = sorted(str(path.relative_to(html)) for path in html.rglob("*") if path.is_file())
    assert names == sorted(str(path.relative_to(other)) for path in other.rglob("*") if path.is_file())
    _, different, unreadable = filecmp.cmpfiles(html, other, names, shallow=False)
    assert different + unreadable == []


def test_a_warning_of_sphinx_stops_the_build(tmp_path: Path, root: Path) -> None:
    notebook = given.executed(given.said("Hello."))
    notebook.cells[0].source = "# Title\n\n[nowhere](no_such_page.md)"
    outcome = given.outcome(notebook, tmp_path)
    path = tmp_path / "clean.ipynb"
    nbformat.write(clean.clean(outcome, root=root).notebook, path)
    page = site.Page(outcome.run, "ok", path)
    with pytest.raises(site.SiteError, match="no_such_page"):
        site.build([page], html=tmp_path / "html", work=tmp_path / "work", root=root)


def test_a_link_to_a_notebook_that_is_not_here_keeps_its_words(tmp_path: Path, root: Path) -> None:
    notebook = given.executed(given.said("Hello."))
    notebook.cells[0].source = "# Title\n\nSee [the lawsuits](07_litigation_exposure.ipynb#then)."
    outcome = given.outcome(notebook, tmp_path)
    path = tmp_path / "clean.ipynb"
    nbformat.write(clean.clean(outcome, root=root).notebook, path)
    site.build([site.Page(outcome.run, "ok", path)], html=tmp_path / "html", work=tmp_path / "work", root=root)
    assert "See the lawsuits." in (tmp_path / "html" / "latest" / "01_fcf_decline.html").read_text(encoding="utf-8")


@needs_chromium
@pytest.mark.parametrize(
    "page",
    ["index.html", "latest/01_fcf_decline.html", "article/01_fcf_decline-failure.html", "data_catalogue.html"],
)
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_page_asks_for_nothing_and_fits_the_screen(browser: Browser, html: Path, page: str, width: int) -> None:
    with visit(browser, html / page, width=width) as seen:
        overflow = seen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert seen.requests == []
        assert seen.complaints == []
        assert overflow <= 0
        assert seen.page.title() != "hacked"


@needs_chromium
def test_search_finds_a_word_without_a_server(browser: Browser, html: Path) -> None:
    with visit(browser, html / "search.html") as seen:
        seen.page.goto((html / "search.html").resolve().as_uri() + "?q=burned")
        seen.page.wait_for_selector("#search-results li a")
        found = seen.page.locator("#search-results li a").all_inner_texts()
        assert any("cash drying up" in text for text in found)
        assert seen.requests == []


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_verdicts_and_text_keep_contrast(browser: Browser, html: Path, scheme: str) -> None:
    with visit(browser, html / "latest/01_fcf_decline.html", scheme=scheme) as seen:
        ratios = seen.page.evaluate(CONTRAST, ".claim, .bd-article p, figcaption, .edition, sup.grade, table td")
        assert len(ratios) > 5
        assert min(ratios) >= 4.5
    with visit(browser, html / "index.html", scheme=scheme) as seen:
        assert min(seen.page.evaluate(CONTRAST, ".verdict, .bd-article td")) >= 4.5


def test_the_catalogue_is_that_of_the_vintage_in_force(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    shown: list[str] = []
    made = pages(tmp_path, root)
    shutil.copytree(root / "data", data, ignore=shutil.ignore_patterns("live"))
    shutil.copytree(data, vintage := tmp_path / "live")
    (vintage / "README.md").write_text("# The tables of a vintage\n")
    shutil.move(vintage, data / "live" / "2026-11-23")
    monkeypatch.setenv("WHO_PAYS_DATA", str(data))
    monkeypatch.setenv("WHO_PAYS_VINTAGE", "2026-11-23")

    def read(source: Path, *_: object) -> None:
        shown.append((source / "data_catalogue.md").read_text())

    monkeypatch.setattr(sphinx_build, "build", read)
    site.build(made, html=tmp_path / "html", work=tmp_path / "work", root=tmp_path)
    assert shown == ["# The tables of a vintage\n"]


def test_a_link_to_a_verdict_of_another_notebook_leads_to_it_or_keeps_its_words() -> None:
    text = "Decided in [06_monetisation_paths](06_monetisation_paths.ipynb#claim-A01)."
    there = decorate._to_verdicts(text, {"06_monetisation_paths"})
    assert there == 'Decided in <a href="06_monetisation_paths.html#claim-A01">06_monetisation_paths</a>.'
    assert decorate._to_verdicts(text, set()) == "Decided in 06_monetisation_paths."
