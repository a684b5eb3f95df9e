"""A site built step by step is the one built at once, byte for byte."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from helpers.pipeline import even_writing, processes, site, sphinx_build

TREE = "# Front\n\n```{{toctree}}\n{pages}\n```\n"
START = {"index.md": TREE.format(pages="one\ntwo"), "one.md": "# One\n\nText.\n", "two.md": "# Two\n\n[One](one.md)\n"}


def build(
    folder: Path, texts: dict[str, str], work: Path, version: str = "1", published: Path | None = None
) -> dict[str, bytes]:
    """Build documents and return every published file."""
    source = folder / "source"
    source.mkdir(parents=True)
    for name, text in texts.items():
        (source / name).write_text(text, encoding="utf-8")
    sphinx_build.build(source, folder / "html", work, site._CONFIGURATION, version, published)
    files = (path for path in (folder / "html").rglob("*") if path.is_file())
    return {path.relative_to(folder / "html").as_posix(): path.read_bytes() for path in files}


def test_an_edit_a_title_and_a_page_less_each_give_what_a_whole_build_gives(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    first = build(tmp_path / "0", START, kept)
    steps = (
        {**START, "one.md": "# One\n\nOther text.\n"},
        {**START, "one.md": "# Another title\n\nText.\n"},
        {"index.md": TREE.format(pages="one"), "one.md": START["one.md"]},
    )
    for number, texts in enumerate(steps, start=1):
        stepwise = build(tmp_path / f"{number}", texts, kept)
        assert stepwise == build(tmp_path / f"{number}-whole", texts, tmp_path / f"{number}-work")
        assert stepwise != first


def test_a_warning_stops_every_build_until_it_is_mended(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    build(tmp_path / "0", START, kept)
    broken = {**START, "one.md": "# One\n\n[nowhere](nowhere.md)\n"}
    for number in (1, 2):
        with pytest.raises(sphinx_build.SiteError, match="nowhere"):
            build(tmp_path / str(number), broken, kept)
    assert build(tmp_path / "3", START, kept) == build(tmp_path / "4", START, tmp_path / "other")


def test_what_stays_as_published_is_taken_over_and_what_was_altered_since_is_not(tmp_path: Path) -> None:
    kept, published = tmp_path / "kept", tmp_path / "0" / "html"
    first = build(tmp_path / "0", START, kept)
    edited = {**START, "one.md": "# One\n\nOther text.\n"}
    (published / "search.html").write_text("altered by hand", encoding="utf-8")
    second = build(tmp_path / "1", edited, kept, published=published)
    assert second == build(tmp_path / "2", edited, tmp_path / "other")
    assert second["one.html"] != first["one.html"]
    new = tmp_path / "1" / "html"
    assert (new / "two.html").samefile(published / "two.html")
    assert (published / "one.html").read_bytes() == first["one.html"]  # readers see the old one until the new is there
    # What Sphinx goes on from is nobody's but its own.
    assert not (new / "two.html").samefile(kept / "html" / "two.html")


@pytest.mark.parametrize(("text", "later"), [("same size", 1), ("another size", 0)])
def test_a_file_of_another_size_or_time_is_not_taken_over(tmp_path: Path, text: str, later: int) -> None:
    built, published, html = (tmp_path / name for name in ("built", "published", "html"))
    for folder, content in ((built, "same size"), (published, text)):
        folder.mkdir(exist_ok=True)
        (folder / "one.html").write_text(content, encoding="utf-8")
    os.utime(built / "one.html", ns=(10**18, 10**18))
    os.utime(published / "one.html", ns=(10**18 + later, 10**18 + later))
    sphinx_build._copy(built, html, published)
    assert not (html / "one.html").samefile(published / "one.html")
    assert (html / "one.html").read_text(encoding="utf-8") == "same size"


def test_sphinx_writes_the_pages_in_that_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spread, asked = even_writing.spread, []

    def noted(names: Sequence[str], size: Callable[[str], int]) -> list[str]:
        asked.append(spread(names, size))
        return asked[-1]

    monkeypatch.setattr(even_writing, "spread", noted)
    monkeypatch.setattr(processes, "forks", lambda: 2)
    names = [f"page{number}" for number in range(8)]
    texts = {f"{name}.md": f"# {name}\n\n{'Text. ' * 100 * (8 - at)}\n" for at, name in enumerate(names)}
    made = build(tmp_path / "0", {"index.md": TREE.format(pages="\n".join(names)), **texts}, tmp_path / "kept")
    ((first, *others),) = asked
    assert {first, *others} == {"index", *names}
    assert others[0] == "page0"  # the longest
    assert {f"{name}.html" for name in names} < set(made)


def test_any_stretch_of_the_pages_to_write_holds_as_much_as_another() -> None:
    size = {f"page{number:02}": number**2 for number in range(41)}
    order = even_writing.spread(sorted(size), size.__getitem__)
    assert sorted(order) == sorted(size)
    assert order[0] == "page00"  # written before there is a second process
    stretches = [sum(size[name] for name in order[start : start + 10]) for start in range(1, 41, 10)]
    assert max(stretches) < 2 * min(stretches)
    by_name = [sum(number**2 for number in range(start, start + 10)) for start in range(1, 41, 10)]
    assert max(by_name) > 10 * min(by_name)
