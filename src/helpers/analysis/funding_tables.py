"""The tables of notebook 05 as readers see them: columns named in words, rows of the firms asked for.

`FORMATS` says in which unit each column is written; money is in USD millions.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from helpers.analysis.free_cash_flow import FIRMS
from helpers.analysis.funding_rounds import not_counted
from helpers.units import runway, runway_range

FORMATS: dict[str, str | Callable[[Any], str]] = (
    dict.fromkeys(
        ["stated", "left out", "raised", "revenue", "cash, low", "cash, high", "burn, low", "burn, high", "it promises",
         "operating cash flow", "planned capex", "cash", "debt", "own total", "named deals"],
        "USD m",
    )
    | dict.fromkeys(["low", "middle", "high"], "percent")
    | {"raised over revenue": "ratio"}
    | dict.fromkeys(["step in value", "step in run-rate"], "times")
    | {"year": str}
)  # fmt: skip


def left_out(counted: pd.DataFrame, companies: Sequence[str]) -> pd.DataFrame:
    """Return the rounds that are not, or not wholly, counted as money raised, with the reason."""
    rows = not_counted(counted)
    names = {"company": "firm", "amount_usd_m": "stated", "left_out_usd_m": "left out", "treatment": "why"}
    return rows[rows["company"].isin(list(companies))].rename(columns=names)


def by_year(ratios: pd.DataFrame) -> pd.DataFrame:
    """Return money raised, revenue and their ratio by firm and year, where the ratio is known."""
    names = {
        "company": "firm", "year": "year", "raised_usd_m": "raised", "revenue_usd_m": "revenue",
        "ratio": "raised over revenue", "revenue_known": "revenue is",
    }  # fmt: skip
    return ratios.dropna(subset=["ratio"])[list(names)].rename(columns=names)


def last_needed(needed: pd.DataFrame, companies: Sequence[str]) -> pd.DataFrame:
    """Return the growth that each firm's last priced round needs, in the order of `companies`."""
    last = needed.groupby(needed["company"].astype(str)).tail(1)
    last = last.assign(row=last.index).set_index("company", drop=False)
    chosen = last.loc[[name for name in companies if name in last.index]].set_index("row")
    return chosen.rename(columns={"company": "firm", "mode": "middle"})


def steps(kept_up: pd.DataFrame, companies: Sequence[str]) -> pd.DataFrame:
    """Return the steps in value and in run-rate between two rounds."""
    names = {"company": "firm", "value_multiple": "step in value", "run_rate_multiple": "step in run-rate"}
    return kept_up[kept_up["company"].isin(list(companies))].rename(columns=names)


def runways(table: pd.DataFrame) -> pd.DataFrame:
    """Return cash, burn and years of each firm, or why there are none."""
    ends = ["cash_low", "cash_high", "burn_low", "burn_high"]
    told = table[["company", *ends]].rename(columns={name: name.replace("_", ", ") for name in ends})
    lasts = [
        "unknown" if pd.isna(low) else runway_range(low, high)
        for low, high in zip(table["years_low"], table["years_high"], strict=True)
    ]
    told["the money lasts"] = lasts
    told["remark"] = table["reason"]
    return told.rename(columns={"company": "firm"})


def cycles(found: pd.DataFrame) -> pd.DataFrame:
    """Return every cycle as a chain of names, with its weakest link."""
    return pd.DataFrame(
        {
            "cycle": [" → ".join([*firms, firms[0]]) for firms in found["firms"]],
            "weakest link": found["weakest_from"] + " → " + found["weakest_to"],
            "it promises": found["weakest_usd_m"],
        }
    )


def totals(stated: pd.DataFrame) -> pd.DataFrame:
    """Return each firm's own total of its promises beside the deals that were named."""
    names = {"payer": "firm", "date": "date", "stated_usd_m": "own total", "named_usd_m": "named deals", "note": "note"}
    return stated[list(names)].rename(columns=names)


def giants(table: pd.DataFrame) -> pd.DataFrame:
    """Return the years of planned capex that each listed firm could pay."""
    rows = table.to_dict("records")
    plans = {True: "the firm's own", False: "assumed"}
    ends = {"at the least": "years_low", "middle case": "years", "at the most": "years_high"}
    return pd.DataFrame(
        {
            "firm": [FIRMS[row["ticker"]].name for row in rows],
            "operating cash flow": table["operating_cash_flow"],
            "planned capex": table["planned"],
            "the plan is": ["unknown" if row["missing"] else plans[row["guided"]] for row in rows],
            "cash": table["cash"],
            "debt": table["debt"],
            **{head: [_lasting(row, name) for row in rows] for head, name in ends.items()},
        }
    )


def _lasting(row: Mapping[Hashable, Any], name: str) -> str:
    """Write one reading of a listed firm's runway."""
    if row["missing"]:
        return f"unknown: {row['missing']}"
    return "no end" if pd.isna(row[name]) else runway(row[name])
