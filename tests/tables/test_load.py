"""What `load` gives: types, row ids, errors, speed."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from helpers import journal, tables

ROWS = {
    "cash_flows": 334,
    "financing": 158,
    "dotcom_firms": 99,
    "bubble_benchmarks": 302,
    "macro_us": 166,
    "nasdaq_composite": 668,
    "sp500_shiller": 1867,
    "stock_prices": 1872,
    "vendor_metrics": 217,
    "ai_prices": 214,
    "funding_rounds": 92,
    "compute_commitments": 54,
    "conversion_benchmarks": 25,
    "ai_usage": 17,
    "litigation": 140,
    "statutory_damages": 47,
    "litigation_benchmarks": 45,
    "claims": 69,
    "sources": 767,
}


def test_every_table_is_named() -> None:
    assert set(tables.names()) == {*ROWS, "assumptions"}


@pytest.mark.parametrize(("name", "rows"), ROWS.items())
def test_rows_of_the_shipped_tables(name: str, rows: int) -> None:
    assert len(tables.load(name)) == rows


@pytest.mark.parametrize("name", tables.names())
def test_columns_and_types_follow_the_descriptor(name: str) -> None:
    table = tables.load(name)
    fields = tables.describe(name)["schema"]["fields"]
    assert list(table.columns) == [field["name"] for field in fields]
    for field in fields:
        dtype = table[field["name"]].dtype
        required = field.get("constraints", {}).get("required", False)
        if field["type"] == "number":
            assert dtype == "float64"
        elif field["type"] == "integer":
            assert dtype == ("int64" if required else pd.Int64Dtype())
        elif field["type"] in ("date", "yearmonth"):
            assert dtype == "datetime64[us]"
        elif "categories" in field:
            assert list(dtype.categories) == field["categories"]
        else:
            assert dtype == "str"
        assert not required or table[field["name"]].notna().all()


@pytest.mark.parametrize("name", tables.names())
def test_rows_are_indexed_by_the_key(name: str) -> None:
    table = tables.load(name)
    assert table.index.name == "row"
    assert table.index.is_unique
    assert table.index.str.startswith(f"{name}/").all()


def test_row_ids_are_written_out_keys() -> None:
    flows = tables.load("cash_flows")
    row = flows.loc["cash_flows/AMZN/2025-06-30"]
    assert row["operating_cash_flow"] == 32515
    assert tables.load("claims").loc["claims/A43", "value"] == 2400
    assert tables.load("funding_rounds").loc["funding_rounds/Anthropic/Series F", "post_money_usd_m"] == 183000
    assert (
        "vendor_metrics/OpenAI/company/2024-06-30/monthly_users_m/2024-09-27/350" in tables.load("vendor_metrics").index
    )


def test_figures_known_from_elsewhere() -> None:
    """Twelve months of Amazon and Oracle as the issue states them, on the raw columns."""
    flows = tables.load("cash_flows").set_index(["ticker", "period_end"]).sort_index()
    amazon = flows.loc["AMZN"].loc["2024-07-01":"2025-06-30"]
    assert amazon["operating_cash_flow"].sum() == 121137
    assert (amazon["operating_cash_flow"] - amazon["capex"] + amazon["capex_proceeds"]).sum() == 18184
    oracle = flows.loc["ORCL"].loc["2024-06-01":"2025-05-31"]
    assert (oracle["operating_cash_flow"] - oracle["capex"]).sum() == -394


def test_an_empty_cell_is_missing_never_zero() -> None:
    flows = tables.load("cash_flows")
    apple = flows.loc["cash_flows/AAPL/2026-06-27"]
    assert pd.isna(apple["operating_cash_flow"])
    assert pd.isna(apple["capex"])
    assert flows["capex_proceeds"].isna().sum() == 284


@pytest.mark.parametrize(
    "as_of", ["2025-09-05", date(2025, 9, 5), datetime(2025, 9, 5, 23, 59), pd.Timestamp("2025-09-05 12:00")]
)
def test_as_of_takes_a_date_or_an_iso_string(as_of: object) -> None:
    assert_frame_equal(tables.load("cash_flows", as_of=as_of), tables.load("cash_flows", "2025-09-05"))  # type: ignore[arg-type]


@pytest.mark.parametrize("as_of", ["5 September 2025", "2025-13-01", "", "2025-02-30"])
def test_a_wrong_date_is_an_error_that_names_it(as_of: str) -> None:
    with pytest.raises(ValueError, match="as_of must be an ISO date") as caught:
        tables.load("cash_flows", as_of=as_of)
    assert repr(as_of) in str(caught.value)


@pytest.mark.parametrize("as_of", [20250905, 2025.0, True])
def test_as_of_of_another_type_is_an_error(as_of: object) -> None:
    with pytest.raises(TypeError, match="as_of must be a date or an ISO string"):
        tables.load("cash_flows", as_of=as_of)  # type: ignore[arg-type]


def test_an_unknown_table_is_an_error_that_lists_the_tables() -> None:
    with pytest.raises(KeyError, match=r"no table 'cashflows'; the tables are cash_flows, "):
        tables.load("cashflows")


def test_before_everything_the_dated_tables_are_empty_but_typed() -> None:
    for name in ("cash_flows", "financing", "vendor_metrics", "litigation", "bubble_benchmarks"):
        early = tables.load(name, as_of="1990-01-01")
        assert early.empty
        assert (early.dtypes == tables.load(name).dtypes).all()


def test_sources_of_a_frame_are_those_its_rows_cite() -> None:
    prices = tables.load("statutory_damages").head(2)
    assert set(prices["source_id"]) == {"fl_504;ifar_504"}
    assert set(tables.sources(prices)["source_id"]) == {"fl_504", "ifar_504"}
    assert tables.sources(prices.head(0)).empty
    # Our own choices cite no source.
    assert tables.sources(tables.load("assumptions"))["source_id"].is_unique


def test_loading_a_table_leaves_an_entry_in_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from helpers import journal

    monkeypatch.setenv(journal.VARIABLE, str(tmp_path / "journal"))
    frame = tables.load("claims", as_of="2025-09-05")
    entry = next(event for event in journal.read(tmp_path / "journal") if event["event"] == "table")
    assert entry["name"] == "claims"
    assert entry["as_of"] == "2025-09-05"
    assert entry["rows"] == len(frame)
    assert f"sha256:{entry['sha256']}" == tables.describe("claims")["hash"]


def test_the_journal_names_each_source_of_the_rows_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(journal.VARIABLE, str(tmp_path / "journal.jsonl"))
    early = tables.load("cash_flows", "2024-12-31")
    for name, as_of in (("cash_flows", "2026-10-31"), ("cash_flows", None), ("claims", None), ("sources", None)):
        tables.load(name, as_of)
    noted = [event["ids"] for event in journal.read(tmp_path / "journal.jsonl") if event["event"] == "sources"]
    cited = {id for cell in tables.load("cash_flows")["source_id"] for id in str(cell).split(";")}
    assert set(noted[0]) == {id for cell in early["source_id"] for id in str(cell).split(";")} < cited
    assert sorted(id for ids in noted for id in ids) == sorted(cited)


def test_the_environment_names_the_data_folder(package: Path, edit: object, monkeypatch: pytest.MonkeyPatch) -> None:
    edit("claims", lambda rows: rows[:3])  # type: ignore[operator]
    assert len(tables.load("claims")) == 69
    monkeypatch.setenv("WHO_PAYS_DATA", str(package))
    assert len(tables.load("claims")) == 3
    assert len(tables.load("claims", root=package)) == 3


def test_importing_the_tables_imports_neither_pandas_nor_pandera() -> None:
    script = (
        "import sys; from helpers import tables; tables.describe('cash_flows'); tables.names();"
        "print(sorted({'pandas', 'pandera', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_change_of_a_loaded_frame_does_not_reach_the_next_load() -> None:
    first = tables.load("claims")
    untouched = first.copy(deep=True)
    first.loc[first.index[0], "claim_en"] = "scribbled over"
    first["note"] = 1
    assert_frame_equal(tables.load("claims"), untouched)


def test_a_table_edited_between_two_loads_is_read_again(package: Path, edit: object) -> None:
    assert len(tables.load("claims", root=package)) == 69
    edit("claims", lambda rows: rows[:3])  # type: ignore[operator]  # a fixture that is a function
    assert len(tables.load("claims", root=package)) == 3


def test_a_stricter_descriptor_of_the_same_file_is_asked_again(package: Path) -> None:
    tables.load("ai_usage", root=package)
    path = package / "datapackage.json"
    document = json.loads(path.read_text())
    fields = next(one for one in document["resources"] if one["name"] == "ai_usage")["schema"]["fields"]
    next(field for field in fields if field["name"] == "value")["constraints"] |= {"minimum": 10, "maximum": 11}
    path.write_text(json.dumps(document))
    with pytest.raises(tables.DataError, match="outside the range 10 to 11"):
        tables.load("ai_usage", root=package)


def test_text_is_stored_alike_whatever_was_the_option_before() -> None:
    """Frames of a long session must be equal to those of a fresh one; storage is part of what pandas compares."""
    with pd.option_context("mode.string_storage", "pyarrow"):
        table = tables.load("cash_flows")
    texts = [table["note"].dtype, table.index.dtype, table["ticker"].cat.categories.dtype]
    assert [text.storage for text in texts] == ["python"] * 3
    given = pd.Series(["AMZN"], dtype=pd.StringDtype("pyarrow", na_value=float("nan")))
    assert len(table.merge(given.rename("ticker").to_frame(), on="ticker")) == (table["ticker"] == "AMZN").sum() > 0
