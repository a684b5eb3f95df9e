"""Pages of sweeps: without results, with them, and with old ones."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from helpers.pipeline import provenance, supervise, sweep, sweep_pages
from helpers.pipeline.key import Keys, Uses, of
from helpers.pipeline.outcome import Failure, Outcome
from helpers.pipeline.sweep import How
from helpers.pipeline.sweep_journal import row_of
from helpers.pipeline.sweep_notes import Notes, notes_of
from helpers.pipeline.sweep_spec import load
from helpers.pipeline.sweep_table import read, write
from tests.pipeline.sweeps import GRID, Swept

FIGURE = {
    "title": "It is $3bn", "subtitle": "s", "alt": "Strips of many tiles.\nTwo lines.", "unit": "u", "source": "s",
    "as_of": "2026-10-31", "csv": "a,b\n1,2\n",
}  # fmt: skip


@pytest.fixture
def swept(tmp_path: Path) -> Swept:
    return Swept(tmp_path, GRID.replace("[0, 1, 2, 3, 4, 5]", "[0, 1]") + "[parameters]\nrate = 0.25\n")


def keep_rows(swept: Swept, failing: int | None = None) -> None:
    """Write results as a start would, without executing anything."""
    keys, uses = Keys(swept.root), Uses((), ("small",))
    rows = []
    for run in load(swept.file, swept.root).runs():
        error = Failure("ValueError", "wrong | value") if run.parameters["k"] == failing else None
        outcome = Outcome(run, "failed" if error else "ok", 1.0, error=error)
        rows.append(row_of(outcome, of(keys.parts(run, uses))))
    swept.folder.mkdir(parents=True)
    write(swept.table, lambda: rows, {"sweep": "small"}, [uses])
    swept.table.with_suffix(".png").write_bytes(b"a picture")
    failures = {"ValueError: wrong | value": 1} if failing is not None else {}
    Notes("small", 2, failures, ["It grew to $2bn_x."], FIGURE, "made").write(swept.table.with_suffix(".json"))


def test_without_results_the_page_says_what_makes_them(swept: Swept) -> None:
    (page,) = sweep_pages.pages(swept.root)
    assert page.name == "sweeps/small"
    assert "$ python -m helpers sweep notebooks/sweeps/small.toml" in page.text
    assert page.files == {}
    assert "| `k` | 0, 1 | a number |" in page.text
    assert "| `rate` | 0.25, in all | a share |" in page.text


def test_with_results_the_page_shows_picture_sentences_and_downloads(swept: Swept) -> None:
    keep_rows(swept)
    (page,) = sweep_pages.pages(swept.root)
    assert (
        "```{figure} ../_files/sweeps/small.png\n:alt: Strips of many tiles. Two lines.\n:class: dark-light"
        in page.text
    )
    assert "- It grew to \\$2bn\\_x." in page.text
    assert "2 of 2 runs went well." in page.text
    assert "warning" not in page.text
    assert page.files["_files/sweeps/small.csv"] == "a,b\n1,2\n"
    assert page.files["_files/sweeps/small.parquet"] == swept.table
    assert page.files["_files/sweeps/small.toml"] == swept.file


def test_old_and_failed_rows_are_told(swept: Swept) -> None:
    keep_rows(swept, failing=1)
    text = sweep_pages.pages(swept.root)[0].text
    assert "1 of 2 runs failed, are missing, or rest on code or tables that have changed since" in text
    assert "| 1 | ValueError: wrong \\| value |" in text
    swept.write("2 + 2")
    assert "All runs failed, are missing, or rest on code" in sweep_pages.pages(swept.root)[0].text


def test_the_vintage_of_the_rows_is_told_and_another_one_in_force_is_warned_of(
    swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are executed by the real runner, but for their kernels."""
    data = swept.root / "data"
    live = data / "live" / "2026-11-23"
    package = {**json.loads((data / "datapackage.json").read_text()), "compiled": "2026-10-31"}
    told = {"name": live.name, "refreshed": ["small"], "sources": ["yahoo"]}
    live.mkdir(parents=True)
    (live / "small.csv").write_bytes((data / "small.csv").read_bytes())
    (live / "datapackage.json").write_text(json.dumps({**package, "vintage": told}))
    (data / "datapackage.json").write_text(json.dumps(package))
    monkeypatch.setenv("WHO_PAYS_DATA", str(data))
    monkeypatch.setattr(provenance, "_spelled", provenance._spelled.__wrapped__)
    monkeypatch.setattr(supervise, "execute", lambda runs, *, take, **_: [take(Outcome(one, "ok")) for one in runs])

    def page() -> str:
        sweep.run(load(swept.file, swept.root), swept.root, swept.folder, How(quiet=True))
        Notes("small", 2, {}, [], None, "made").write(swept.table.with_suffix(".json"))
        return sweep_pages.pages(swept.root)[0].text

    assert "\nData: the shipped tables, compiled 2026-10-31\n" in page()
    assert "warning" not in page()
    monkeypatch.setenv("WHO_PAYS_VINTAGE", live.name)
    old = sweep_pages.pages(swept.root)[0].text
    assert "These rows come from the shipped tables, the other pages from the live vintage 2026-11-23; " in old
    assert "\nData: the shipped tables, compiled 2026-10-31\n" in old
    now = page()
    assert "\nData: live vintage 2026-11-23: `small` refreshed, the other tables as shipped (2026-10-31).\n" in now
    assert "warning" not in now


def test_a_sweep_that_cannot_be_read_stops_no_site(swept: Swept) -> None:
    swept.file.write_text("notebook = 3")
    assert "This sweep cannot be read" in sweep_pages.pages(swept.root)[0].text


def test_pages_are_written_with_their_files_and_a_table_of_contents(swept: Swept, tmp_path: Path) -> None:
    keep_rows(swept)
    source = tmp_path / "source"
    contents = sweep_pages.write(source, swept.root)
    assert ":caption: Sweeps" in contents
    assert "sweeps/small\n" in contents
    assert (source / "sweeps" / "small.md").read_text().startswith("# A sweep\n")
    assert (source / "_files" / "sweeps" / "small.png").read_bytes() == b"a picture"
    assert len(pd.read_parquet(source / "_files" / "sweeps" / "small.parquet")) == 2
    swept.file.unlink()
    assert sweep_pages.write(tmp_path / "other", swept.root) == ""


def test_notes_of_another_version_or_damaged_are_none(tmp_path: Path) -> None:
    path = tmp_path / "small.json"
    for text in ("", "{", "[]", '{"schema": 99}', '{"schema": 1, "sweep": "x"}'):
        path.write_text(text)
        assert notes_of(path) is None
    Notes("small", 1, {}, [], None, "made").write(path)
    assert notes_of(path) == Notes("small", 1, {}, [], None, "made")


def test_a_damaged_file_of_rows_is_told_and_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "small.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(ValueError, match=r"small\.parquet cannot be read"):
        list(read(path))
