"""Which state of the data is read, and that one run reads one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from helpers import journal, tables
from helpers.pipeline import integrity, provenance
from helpers.pipeline.errors import PipelineError, UsageError
from helpers.tables import VintageError, check, descriptor, revisions, vintages
from tests.refresh import made

QUARTER, NEW = "macro_us/2026-06-30", "macro_us/2026-09-30"
FIRST, SECOND = "2026-11-10", "2026-11-23"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """Return a data folder with two vintages; the second, which builds on the first, is accepted."""
    data = tmp_path_factory.mktemp("project") / "data"
    data.mkdir()
    for path in (root / "data").iterdir():
        if path.is_file():
            shutil.copyfile(path, data / path.name)
    rows = pd.concat([made.macro("2026-06-30", gdp_nominal_bn=32500.0), made.whole_macro("2026-09-30")])
    assert made.make(data, FIRST, rows) == FIRST
    assert made.make(data, SECOND, made.macro("2026-06-30", gdp_nominal_bn=32600.0)) == SECOND
    return data


@pytest.fixture
def data(built: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make that folder the one that everything reads."""
    monkeypatch.setenv("WHO_PAYS_DATA", str(built))
    monkeypatch.delenv(vintages.VARIABLE, raising=False)
    accepted = (built / "live" / "accepted").read_text()
    yield built
    (built / "live" / "accepted").write_text(accepted)


def _gdp(**options: str) -> float:
    return float(tables.load("macro_us", **options).loc[QUARTER, "gdp_nominal_bn"])


@pytest.mark.parametrize(
    ("vintage", "value"),
    [(None, 32486.066), ("shipped", 32486.066), (FIRST, 32500.0), (SECOND, 32600.0), ("live", 32600.0)],
)
def test_each_vintage_gives_its_own_figures(data: Path, vintage: str | None, value: float) -> None:
    assert float(tables.load("macro_us", vintage=vintage).loc[QUARTER, "gdp_nominal_bn"]) == value


def test_the_environment_chooses_where_no_vintage_is_given(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(vintages.VARIABLE, "live")
    assert _gdp() == 32600.0
    assert _gdp(vintage="shipped") == 32486.066
    # A folder that is named is meant as it is.
    assert float(tables.load("macro_us", root=data).loc[QUARTER, "gdp_nominal_bn"]) == 32486.066
    assert NEW in tables.grades([NEW])
    assert tables.known_from("macro_us")[NEW] == pd.Timestamp("2026-10-30")
    assert "test_source" in set(tables.sources(tables.load("macro_us"))["source_id"])


def test_what_the_shipped_tables_lack_is_not_found_in_them(data: Path) -> None:
    with pytest.raises(KeyError, match=NEW):
        tables.grades([NEW])
    assert tables.grades([NEW], vintage="live") == {NEW: "filed"}
    assert tables.describe("macro_us", vintage="live")["vintage"]["state"] == "refreshed"
    assert "vintage" not in tables.describe("macro_us")


@pytest.mark.parametrize(
    ("as_of", "value"),
    [
        ("2026-11-09", 32486.066),  # before the first revision
        ("2026-11-10", 32500.0),
        ("2026-11-22", 32500.0),  # between the two
        ("2026-11-23", 32600.0),
    ],
)
def test_a_reader_of_an_earlier_day_sees_the_value_of_that_day(data: Path, as_of: str, value: float) -> None:
    assert _gdp(as_of=as_of, vintage="live") == value


@pytest.mark.parametrize(
    ("as_of", "note"),
    [
        ("2026-11-09", None),
        ("2026-11-10", f"revised in the vintage {FIRST}: gdp_nominal_bn"),
        ("2026-11-23", f"revised in the vintage {FIRST}: gdp_nominal_bn; revised in the vintage {SECOND}: "),
    ],
)
def test_an_earlier_figure_cites_what_it_cited_then(data: Path, as_of: str, note: str | None) -> None:
    row = tables.load("macro_us", as_of, vintage="live").loc[QUARTER]
    shipped = tables.load("macro_us", vintage="shipped").loc[QUARTER]
    if note is None:
        columns = ["status", "source_id", "note"]
        assert row[columns].fillna("").to_dict() == shipped[columns].fillna("").to_dict()
        return
    assert row["source_id"] == f"{shipped['source_id']};{made.SOURCE}"
    assert note in row["note"]
    assert (SECOND in row["note"]) == (as_of == SECOND)


@pytest.mark.parametrize(("day", "status"), [("2026-11-04", "old"), ("2026-11-05", "none"), ("2026-11-20", "none")])
def test_a_row_of_which_one_figure_is_of_later_cites_both(day: str, status: str) -> None:
    """One vintage revised two cells, known from two days: between them the row's sources are those of both."""
    cells = {
        "table": ("flows", "flows"),
        "row": ("flows/A", "flows/A"),
        "vintage": ("2026-11-23", "2026-11-23"),
        "new_known": ("2026-11-05", "2026-11-15"),
        "old_status": ("old", "old"),
        "old_source_id": ("ours", "ours"),
        "old_note": ("", ""),
    }
    assert revisions._about(cells, "flows", day).get(("flows/A", "status"), "none") == status
    assert revisions._about(cells, "other", day) == {}
    silent = {column: values for column, values in cells.items() if not column.startswith("old_")}
    assert revisions._about(silent, "flows", day) == {}  # of a vintage made before revisions told of it


def test_what_was_not_revised_is_the_same_in_both(data: Path) -> None:
    day = "2026-10-31"
    for name in tables.names():
        live, shipped = tables.load(name, day, vintage="live"), tables.load(name, day)
        if name == "macro_us":
            assert list(live.index.difference(shipped.index)) == [NEW]
            live, shipped = (frame.drop(index=[QUARTER, NEW], errors="ignore") for frame in (live, shipped))
        elif name == "sources":
            live = live[live["source_id"] != made.SOURCE]
        assert_frame_equal(live, shipped)


def test_every_vintage_has_the_same_tables_of_figures(data: Path) -> None:
    assert tables.names(vintage="live") == tables.names()
    revisions = tables.load("revisions", vintage="live")
    assert list(revisions["new"]) == ["32500", "32600"]
    assert list(revisions["old"]) == ["32486.066", "32500"]
    assert [str(day.date()) for day in revisions["old_known"]] == ["2026-07-30", FIRST]
    assert [str(day.date()) for day in revisions["new_known"]] == [FIRST, SECOND]
    states = tables.load("row_states", vintage="live").set_index("row", drop=False)
    assert states.loc[QUARTER, "state"] == "revised"
    assert states.loc["macro_us/1985-03-31", "state"] == "carried over"


def test_a_vintage_is_a_data_package_of_its_own(data: Path, tmp_path: Path) -> None:
    """Moved away from the shipped tables, it still checks, with hashes, catalogue and identities."""
    moved = tmp_path / "moved"
    shutil.copytree(data / "live" / SECOND, moved)
    faults = [fault for result in check.check(moved) for fault in result.faults]
    assert faults == []
    told = json.loads((moved / "datapackage.json").read_text())["vintage"]
    assert (told["base"], told["refreshed"]) == (FIRST, ["macro_us"])
    assert descriptor.describe("claims", moved)["vintage"] == {
        "name": SECOND,
        "state": "carried over",
        "from": "shipped",
    }
    assert (moved / "claims.csv").read_bytes() == (data / "claims.csv").read_bytes()


def test_an_unknown_vintage_is_refused_with_the_names_there_are(data: Path) -> None:
    with pytest.raises(VintageError, match=r"no vintage '2020-01-01'; there are shipped, 2026-11-10, 2026-11-23"):
        tables.load("macro_us", vintage="2020-01-01")
    with pytest.raises(VintageError, match="no vintage"):
        tables.load("macro_us", vintage="../../etc")


def test_live_without_an_accepted_vintage_is_one_clear_error(data: Path) -> None:
    (data / "live" / "accepted").unlink()
    with pytest.raises(VintageError, match=r"no vintage has been accepted; `python -m helpers refresh --accept`"):
        tables.load("macro_us", vintage="live")


def test_an_accepted_vintage_that_is_gone_is_named(data: Path) -> None:
    (data / "live" / "accepted").write_text("2019-01-01\n")
    with pytest.raises(VintageError, match="the accepted vintage '2019-01-01' is not in"):
        tables.load("macro_us", vintage="live")


def test_one_run_of_the_pipeline_reads_one_vintage(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(journal.VARIABLE, str(tmp_path / "journal"))
    tables.load("claims", vintage="live")
    tables.load("macro_us", vintage=SECOND)  # the same one by name
    with pytest.raises(VintageError, match=r"has read the vintage '2026-11-23' and cannot read 'shipped' too"):
        tables.load("macro_us", vintage="shipped")
    with pytest.raises(VintageError, match="one run, one vintage"):
        tables.grades([QUARTER])
    read = [event for event in journal.read(tmp_path / "journal") if event["event"] == "table"]
    assert {event["vintage"] for event in read} == {SECOND}
    # Another run starts afresh; and outside the pipeline vintages may be compared.
    monkeypatch.setenv(journal.VARIABLE, str(tmp_path / "other"))
    tables.load("macro_us", vintage="shipped")
    monkeypatch.delenv(journal.VARIABLE)
    assert _gdp(vintage="live") - _gdp(vintage="shipped") == pytest.approx(113.934)


def test_a_notebook_that_leaves_the_vintage_out_reads_the_one_of_the_run(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process of its own, as a kernel is."""
    monkeypatch.setenv(vintages.VARIABLE, "live")
    monkeypatch.setenv(journal.VARIABLE, str(tmp_path / "journal"))
    script = (
        "from helpers import tables\n"
        "print(tables.load('macro_us').loc['macro_us/2026-06-30', 'gdp_nominal_bn'])\n"
        "tables.load('macro_us', vintage='shipped')"
    )
    with integrity.one_vintage(data.parent):
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "32600.0"
    assert "VintageError: this run has read the vintage '2026-11-23'" in done.stderr


def test_the_pipeline_turns_live_into_a_date_for_the_whole_run(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(vintages.VARIABLE, "live")
    with integrity.one_vintage(data.parent) as name:
        assert name == SECOND
        (data / "live" / "accepted").write_text(f"{FIRST}\n")  # somebody accepts another while notebooks run
        assert _gdp() == 32600.0
        assert integrity.data_folder(data.parent) == data / "live" / SECOND
    assert _gdp() == 32500.0


def test_the_pipeline_checks_and_fingerprints_the_vintage_in_force(
    data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shipped = integrity.hashes(data.parent)
    monkeypatch.setenv(vintages.VARIABLE, SECOND)
    live = integrity.hashes(data.parent)
    assert {name for name in shipped if live[name] != shipped[name]} == {"macro_us.csv", "sources.csv"}
    integrity.check(data.parent)
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    monkeypatch.setenv("WHO_PAYS_DATA", str(copy))
    (copy / "live" / SECOND / "claims.csv").write_text("damaged\n")
    with pytest.raises(PipelineError, match=rf"data/live/{SECOND}/claims.csv: differs"):
        integrity.check(copy.parent)
    monkeypatch.setenv(vintages.VARIABLE, "2001-01-01")
    with pytest.raises(UsageError, match=r"no vintage '2001-01-01'.*nothing was executed"):
        integrity.hashes(copy.parent)


def test_the_provenance_box_says_which_vintage_a_page_shows(data: Path) -> None:
    provenance._spelled.cache_clear()
    read = [{"event": "table", "name": "macro_us", "as_of": None, "vintage": SECOND}]
    said = provenance.vintage_in_words(read)
    assert said.startswith(f"live vintage {SECOND}: `macro_us` refreshed, the other tables as shipped (2026-10-31).")
    assert said.endswith(
        "uses the FRED® API but is not endorsed or certified by the Federal Reserve Bank of St. Louis."
    )
    shipped = [{"event": "table", "name": "macro_us", "as_of": None, "vintage": "shipped"}]
    assert provenance.vintage_in_words(shipped) == "the shipped tables, compiled 2026-10-31"
    provenance._spelled.cache_clear()


def test_check_follows_the_vintage(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(vintages.VARIABLE, "live")
    assert check.main([]) == 0
    assert "row_states" in capsys.readouterr().out
    assert check.main(["--update"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {SECOND} is a vintage, which stays as it was made")
    monkeypatch.setenv(vintages.VARIABLE, "never")
    assert check.main([]) == 2
    assert capsys.readouterr().err.startswith("error: no vintage 'never'; there are shipped, ")
