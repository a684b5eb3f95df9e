"""Pages are made again when anything they are made of differs, and only then; the site is that of a whole build."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import nbformat
import pytest

from helpers.pipeline import clean, key, processes, site, sphinx_build
from tests.pipeline import notebooks as given

ONE = given.executed(given.said("Amazon burned 3.", {"burned": given.NUMBER}), given.figure())
TWO = given.executed(given.said("Nobody pays."), given.verdict("A11"), title="Who pays?")


class Lab:
    """Builds a site of two pages over and over in one kept folder, and notes which pages were made."""

    def __init__(self, folder: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.root, self.builds = folder, root, 0
        self.log = folder / "made"
        write = site._Writer.write

        def noted(writer: Any, page: site.Page, target: Path) -> None:
            with self.log.open("a") as log:  # a file: pages may be made in processes of their own
                log.write(f"{page.run.notebook}\n")
            write(writer, page, target)

        monkeypatch.setattr(site._Writer, "write", noted)

    @property
    def made(self) -> list[str]:
        """Notebooks whose pages were made by the last build, in the order of their names."""
        return sorted(self.log.read_text().splitlines())

    def build(self, *, kept: str = "kept", version: str = "1", said: str = "", **second: Any) -> dict[str, bytes]:
        """Return every file of the site; `said` adds a sentence to the first notebook."""
        self.builds += 1
        self.log.write_text("")
        here = self.folder / str(self.builds)
        notebooks = {"01_fcf_decline": nbformat.from_dict(ONE), "08_who_pays": nbformat.from_dict(TWO)}
        notebooks["01_fcf_decline"].cells[0].source = f"# Is the cash drying up?\n\nA question. {said}"
        pages = []
        for name, notebook in notebooks.items():
            (here / name).mkdir(parents=True)
            outcome = given.outcome(notebook, here / name, name=name)
            path = here / name / "clean.ipynb"
            nbformat.write(clean.clean(outcome, root=self.root).notebook, path)
            state = {"status": "ok", "reason": ""} | (second if name == "08_who_pays" else {})
            pages.append(site.Page(outcome.run, state["status"], path, state["reason"]))
        html = here / "html"
        site.build(
            pages, html=html, work=here / "work", root=self.root, kept=self.folder / kept, version=version
        )  # fmt: skip
        return {path.relative_to(html).as_posix(): path.read_bytes() for path in html.rglob("*") if path.is_file()}


@pytest.fixture
def lab(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(tmp_path, root, monkeypatch)


def test_only_what_differs_is_made_again(lab: Lab) -> None:
    first = lab.build()
    assert lab.made == ["01_fcf_decline", "08_who_pays"]
    assert lab.build() == first
    assert lab.made == []
    edited = lab.build(said="One more sentence.")
    assert lab.made == ["01_fcf_decline"]
    assert edited == lab.build(kept="another", said="One more sentence.")
    assert edited != first


def test_a_page_that_became_stale_and_other_code_make_all_again(lab: Lab) -> None:
    lab.build()
    stale = lab.build(status="stale", reason="boom")
    assert lab.made == ["01_fcf_decline", "08_who_pays"]  # each page may link to the other
    assert b"This page is an older result" in stale["latest/08_who_pays.html"]
    lab.build(version="2")
    assert lab.made == ["01_fcf_decline", "08_who_pays"]


def test_a_kept_file_that_is_gone_or_a_record_that_is_damaged_costs_no_page(lab: Lab) -> None:
    first = lab.build()
    (lab.folder / "kept/source/latest/08_who_pays-trace.md").unlink()
    assert lab.build() == first
    assert lab.made == ["08_who_pays"]
    (lab.folder / "kept/pages.json").write_text('{"latest/08_who_pays": 1}')
    assert lab.build() == first
    assert lab.made == ["01_fcf_decline", "08_who_pays"]


def test_a_build_that_was_interrupted_leaves_nothing_to_go_on_from(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    first = lab.build()

    def interrupted(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sphinx_build, "_run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            lab.build(said="Never published.")
    assert lab.build() == first
    assert lab.made == ["01_fcf_decline", "08_who_pays"]


def test_a_kept_file_that_was_changed_is_made_again(lab: Lab) -> None:
    first = lab.build()
    (lab.folder / "kept/source/latest/08_who_pays-trace.md").write_text("# Half a page")
    assert lab.build() == first
    assert lab.made == ["08_who_pays"]


def test_an_edited_function_makes_its_traces_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.build()
    monkeypatch.setattr(key, "of_package", lambda: "another")
    lab.build()
    assert lab.made == ["01_fcf_decline", "08_who_pays"]


@pytest.mark.parametrize("forks", [1, 3])
def test_the_site_is_the_same_whoever_makes_the_pages(lab: Lab, monkeypatch: pytest.MonkeyPatch, forks: int) -> None:
    first = lab.build()
    seen: list[int] = []
    write = site._Writer.write

    def noted(writer: Any, page: site.Page, target: Path) -> None:
        seen.append(1)  # of this process alone
        write(writer, page, target)

    monkeypatch.setattr(processes, "forks", lambda: forks)
    monkeypatch.setattr(processes, "cores", lambda: 2)
    monkeypatch.setattr(site._Writer, "write", noted)
    assert lab.build(kept="another") == first
    assert lab.made == ["01_fcf_decline", "08_who_pays"]
    assert len(seen) == (2 if forks == 1 else 0)


def test_a_page_that_cannot_be_made_by_a_fork_is_an_error_and_the_next_build_is_whole(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = lab.build()

    def broken(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(processes, "forks", lambda: 3)
        patch.setattr(processes, "cores", lambda: 2)
        patch.setattr(site._Writer, "write", broken)
        with pytest.raises(site.SiteError, match="No space left on device"):
            lab.build(version="2")
    assert lab.build() == first


def test_a_fork_that_is_killed_is_an_error_in_one_line(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*arguments: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(processes, "forks", lambda: 3)
    monkeypatch.setattr(processes, "cores", lambda: 2)
    monkeypatch.setattr(site._Writer, "write", killed)
    with pytest.raises(site.SiteError, match="a process that makes pages was killed"):
        lab.build()
