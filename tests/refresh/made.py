"""Vintages made without asking anybody."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pandas as pd

from helpers.refresh import vintage
from helpers.refresh.base import open_base
from helpers.refresh.update import Policy, Refreshed, Update

SOURCE = "test_source"

#: Tables that live sources refresh, what they must agree with, and one that nothing refreshes.
SMALL = (
    "cash_flows",
    "financing",
    "bubble_benchmarks",
    "macro_us",
    "nasdaq_composite",
    "stock_prices",
    "claims",
    "sources",
)


def small_package(project: Path, folder: Path) -> None:
    """Copy the part of the data package that refreshes are about: checking all of it each time takes long."""
    package = json.loads((project / "data" / "datapackage.json").read_text())
    package["resources"] = [one for one in package["resources"] if one["name"] in SMALL]
    package["identities"] = [one for one in package["identities"] if set(one["tables"]) <= set(SMALL)]
    for resource in package["resources"]:
        shutil.copyfile(project / "data" / resource["path"], folder / resource["path"])
    (folder / "datapackage.json").write_text(json.dumps(package, indent=2, ensure_ascii=False) + "\n")


def macro(quarter: str, **figures: float) -> pd.DataFrame:
    """Return one row of `macro_us` with some of its figures."""
    return pd.DataFrame([{"quarter": quarter, "status": "sourced", "source_id": SOURCE, **figures}])


def whole_macro(quarter: str, gdp: float = 33000.0) -> pd.DataFrame:
    """Return one row of `macro_us` with all its figures."""
    return macro(
        quarter,
        gdp_nominal_bn=gdp,
        private_investment_info_processing_software_bn=1600.0,
        cpi=335.0,
        fed_funds=3.5,
        info_processing_equipment_bn=800.0,
        software_bn=800.0,
        cpi_last_month=336.0,
    )


def make(
    shipped: Path,
    day: str,
    rows: pd.DataFrame,
    *,
    table: str = "macro_us",
    policy: Policy = "revise",
    accept: bool = True,
) -> str:
    """Make a vintage of one table and return its name."""
    cited = pd.DataFrame(
        [{"source_id": SOURCE, "publisher": "A test", "title": "A test", "date": day, "locator": "nowhere"}]
    )
    refreshed = Refreshed("fred", (Update(table, rows, policy),), cited)
    with (
        vintage.locked(shipped) as folder,
        vintage.drafted(folder, open_base(shipped), [refreshed], date.fromisoformat(day)) as draft,
    ):
        vintage.publish(draft)
    if accept:
        vintage.accept(shipped, draft.name)
    return draft.name
