"""The panel of firms and calendar quarters on which the capex regressions run.

All shares and growth rates are in per cent, so that a coefficient reads "points for one point".
Lags and leads stay inside a firm and count fiscal quarters: where a quarter is missing, so is the
lag over it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from helpers.analysis.fiscal_quarters import (
    QUARTERS_A_YEAR,
    calendar_quarter,
    fiscal_sequence,
    in_order,
    quarters_earlier,
    require_columns,
    trailing_twelve_months,
)
from helpers.analysis.free_cash_flow import free_cash_flow

SHOCKS: dict[str, str] = {
    "capex_intensity": "capex as a share of the same quarter's revenue",
    "capex_to_past_revenue": "capex as a share of the average quarterly revenue of the year before",
    "reinvestment": "capex as a share of operating cash flow",
}
OUTCOMES: dict[str, str] = {
    "revenue_growth": "revenue growth over four quarters",
    "operating_margin": "operating income as a share of revenue",
    "ocf_margin": "operating cash flow as a share of revenue",
    "fcf_margin": "free cash flow as a share of revenue",
}
# The column whose change over some quarters is the outcome of a local projection, and its name and unit.
LEVELS: dict[str, tuple[str, str, str]] = {
    "revenue_growth": ("log_revenue", "revenue", "per cent"),
    "operating_margin": ("operating_margin", "operating margin", "points"),
    "ocf_margin": ("ocf_margin", "operating cash flow margin", "points"),
    "fcf_margin": ("fcf_margin", "free cash flow margin", "points"),
}
# Four years: four of each season, so that a firm's usual level of a season is an average.
LEAST_QUARTERS = 16
_GROWING = ("revenue", "capex", "operating_cash_flow", "operating_income")


def panel(
    cash_flows: pd.DataFrame,
    *,
    definition: str = "gross",
    shifts: Mapping[str, Sequence[int]] | None = None,
    start: str | None = None,
) -> pd.DataFrame:
    """Build the panel of firms and calendar quarters.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter
        USD millions; see `helpers.analysis.free_cash_flow.components` for the columns, and
        ``revenue``, ``operating_income``, ``depreciation_amortisation``, ``period_end``.
    definition : str
        Definition of free cash flow.
    shifts : mapping of column to whole numbers, optional
        Columns to add: 4 gives ``<column>_lag4``, the value four quarters before; -2 gives
        ``<column>_lead2``, two quarters later.
    start : str, optional
        ISO date. Quarters that end before it are left out, after lags and growth were taken.

    Returns
    -------
    DataFrame, one row a firm-quarter, on the row ids of `cash_flows`, in order of firm and quarter
        ``ticker``, ``quarter`` (calendar quarter that holds the middle of the fiscal one), ``time``
        (its number: consecutive quarters differ by one), ``season`` (1 to 4), ``revenue`` (USD
        millions), and in per cent: ``capex_intensity``, ``capex_to_past_revenue``, ``reinvestment``
        (missing where operating cash flow is not positive), ``operating_margin``, ``ocf_margin``,
        ``fcf_margin``, ``depreciation_share``; ``<item>_growth`` over four quarters (missing where
        the base is not positive); ``log_revenue`` (100 times the logarithm).

    Raises
    ------
    ValueError
        If a column is missing, or a firm has two rows in one fiscal or calendar quarter.
    """
    require_columns(cash_flows, ["period_end", "revenue", "operating_income", "depreciation_amortisation"])
    flows = in_order(cash_flows)
    table = pd.DataFrame(index=flows.index)
    table["ticker"] = flows["ticker"].astype(str)
    table["quarter"] = calendar_quarter(flows["period_end"])
    _refuse_twins(table)
    table["time"] = table["quarter"].dt.year * QUARTERS_A_YEAR + table["quarter"].dt.quarter - 1
    table["season"] = table["quarter"].dt.quarter.astype("int64")
    table["revenue"] = flows["revenue"].astype("float64")
    table = table.join(_ratios(flows, definition)).join(_growth(flows))
    for column, steps in (shifts or {}).items():
        for step in steps:
            table[shift_name(column, step)] = shifted(flows, table[column], step)
    if start is not None:
        table = table[flows["period_end"] >= pd.Timestamp(start)]
    return table


def long_histories(panel: pd.DataFrame, least: int = LEAST_QUARTERS) -> pd.DataFrame:
    """Keep the firms with enough quarters to have a usual level.

    Parameters
    ----------
    panel : DataFrame, one row a firm-quarter
    least : int
        Quarters with a known ``capex_intensity``.

    Returns
    -------
    DataFrame
        Rows of the firms that have them. CoreWeave, public since 2025 and investing three times its
        revenue, would otherwise decide every coefficient alone.
    """
    known = panel["capex_intensity"].notna().groupby(panel["ticker"]).transform("sum")
    return panel[known >= least]


def shift_name(column: str, quarters: int) -> str:
    """Name a lagged (positive) or led (negative) column; zero is the column itself."""
    if quarters == 0:
        return column
    return f"{column}_{'lag' if quarters > 0 else 'lead'}{abs(quarters)}"


def shifted(flows: pd.DataFrame, values: pd.Series, quarters: int) -> pd.Series:
    """Return each firm's value some fiscal quarters before (positive) or after (negative).

    Parameters
    ----------
    flows : DataFrame, one row a firm-quarter
        Columns ``ticker``, ``fiscal_year``, ``fiscal_quarter``.
    values : Series on the index of `flows`
    quarters : int

    Returns
    -------
    Series of float64
        On the index of `flows`; missing where that quarter is not in `flows`.
    """
    if quarters > 0:
        return quarters_earlier(flows, values, quarters)
    sequence, ticker = fiscal_sequence(flows), flows["ticker"].astype(str)
    known = pd.Series(values.to_numpy(dtype="float64"), index=pd.MultiIndex.from_arrays([ticker, sequence]))
    wanted = pd.MultiIndex.from_arrays([ticker, sequence - quarters])
    return pd.Series(known.reindex(wanted).to_numpy(), index=flows.index)


def _refuse_twins(table: pd.DataFrame) -> None:
    twice = table.duplicated(["ticker", "quarter"])
    if twice.any():
        first = table[twice].iloc[0]
        raise ValueError(f"duplicate firm-quarter: {first['ticker']} has two rows in {first['quarter']}")


def _ratios(flows: pd.DataFrame, definition: str) -> pd.DataFrame:
    """Shares of revenue and of operating cash flow, per cent."""
    item = {name: flows[name].astype("float64") for name in [*_GROWING, "depreciation_amortisation"]}
    revenue = item["revenue"].where(item["revenue"] > 0)
    cash = item["operating_cash_flow"]
    past = quarters_earlier(flows, trailing_twelve_months(flows, item["revenue"]), 1) / QUARTERS_A_YEAR
    return pd.DataFrame(
        {
            "capex_intensity": 100 * item["capex"] / revenue,
            "capex_to_past_revenue": 100 * item["capex"] / past.where(past > 0),
            "reinvestment": 100 * item["capex"] / cash.where(cash > 0),
            "operating_margin": 100 * item["operating_income"] / revenue,
            "ocf_margin": 100 * cash / revenue,
            "fcf_margin": 100 * free_cash_flow(flows, definition) / revenue,
            "depreciation_share": 100 * item["depreciation_amortisation"] / revenue,
            "log_revenue": 100 * np.log(revenue),
        }
    )


def _growth(flows: pd.DataFrame) -> pd.DataFrame:
    """Growth over four quarters, per cent."""
    grown = {}
    for name in _GROWING:
        base = quarters_earlier(flows, name)
        grown[f"{name}_growth"] = 100 * (flows[name].astype("float64") / base.where(base > 0) - 1)
    return pd.DataFrame(grown, index=flows.index)
