"""Investment beyond what a firm's own past, growth and cash would have led one to expect.

After Richardson (2006): new investment is regressed on what usually explains it, and what is left
is called overinvestment. Here the rule is learnt up to the last quarter before the boom and then
applied to the boom, because a residual of the years it was fitted on is zero on average whatever
happened.

Caveat of the critics: the residual holds everything the regression leaves out, so it is as much a
measure of our ignorance as of waste; it has no error bars of its own; and a firm that rightly sees
an opportunity nobody could see in its past "overinvests" (Bergstresser 2006, in the same journal).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.analysis.capex_panel import shift_name
from helpers.analysis.panel_design import FIRM, TIME, design

INVESTMENT = "capex_to_past_revenue"
EFFECT = "ticker^season"
# What explains investment, each four quarters or one quarter before: never of the same quarter.
EXPLAINED_BY: tuple[tuple[str, int], ...] = (
    (INVESTMENT, 1),
    (INVESTMENT, 4),
    ("revenue_growth", 1),
    ("ocf_margin", 1),
)


def overinvestment(
    panel: pd.DataFrame,
    *,
    fitted_to: str = "2022Q4",
    explained_by: Sequence[tuple[str, int]] = EXPLAINED_BY,
    dynamic: bool = False,
) -> pd.DataFrame:
    """Compare investment with what a rule learnt before the boom expects.

    Parameters
    ----------
    panel : DataFrame
        From `helpers.analysis.capex_panel.panel`, one row a firm-quarter.
    fitted_to : str
        Last calendar quarter the rule is learnt from.
    explained_by : sequence of (column, lag in quarters)
    dynamic : bool
        False expects each quarter from the investment of the quarters before, boom included: it
        finds only surprises. True feeds the rule with its own expectations after `fitted_to`, so
        that the expected path is one without a boom.

    Returns
    -------
    DataFrame, one row a firm-quarter with an expectation, on the row ids of `panel`
        ``ticker``, ``quarter``, ``actual`` and ``expected`` (per cent of the average quarterly revenue
        of the year before), ``residual`` (points), ``overinvestment`` (USD millions: the residual of
        that revenue), ``fitted`` (bool: the rule was learnt from this quarter).

    Raises
    ------
    ValueError
        If the rule cannot be learnt; see `helpers.analysis.panel_design.design`.

    References
    ----------
    Richardson (2006), Review of Accounting Studies 11(2-3).
    """
    table = panel.copy()
    names = [shift_name(column, lag) for column, lag in explained_by]
    for name, (column, lag) in zip(names, explained_by, strict=True):
        table[name] = _earlier(table, column, lag)
    learnt = table["quarter"] <= pd.Period(fitted_to, "Q")
    plan = design(table[learnt], INVESTMENT, names, effects=(EFFECT,))
    slopes = plan.coefficients()
    sample = plan.sample
    usual = sample[INVESTMENT] - sample[names].to_numpy() @ slopes
    constants = usual.groupby([sample[FIRM], sample["season"]]).mean()
    keys = pd.MultiIndex.from_arrays([table[FIRM], table["season"]])
    table["constant"] = constants.reindex(keys).to_numpy()
    if dynamic:
        table["expected"] = _dynamic(table, names, explained_by, slopes, learnt)
    else:
        table["expected"] = table["constant"] + table[names].to_numpy() @ slopes
    result = table[["ticker", "quarter"]].assign(
        actual=table[INVESTMENT],
        expected=table["expected"],
        residual=table[INVESTMENT] - table["expected"],
        overinvestment=(table[INVESTMENT] - table["expected"]) / 100 * _past_revenue(table),
        fitted=learnt & table.index.isin(sample.index),
    )
    return result[result["residual"].notna()]


def _earlier(table: pd.DataFrame, column: str, quarters: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    known = pd.Series(
        table[column].to_numpy(dtype="float64"), index=pd.MultiIndex.from_arrays([table[FIRM], table[TIME]])
    )
    wanted = pd.MultiIndex.from_arrays([table[FIRM], table[TIME] - quarters])
    return known.reindex(wanted).to_numpy()


def _past_revenue(table: pd.DataFrame) -> pd.Series:
    """Average quarterly revenue of the year before, from capex and its share: USD millions."""
    capex = table["capex_intensity"] / 100 * table["revenue"]
    return capex / (table[INVESTMENT] / 100)


def _dynamic(
    table: pd.DataFrame,
    names: Sequence[str],
    explained_by: Sequence[tuple[str, int]],
    slopes: np.ndarray[tuple[int], np.dtype[np.float64]],
    learnt: pd.Series,
) -> pd.Series:
    """Expect quarter after quarter, feeding expectations in place of what was invested after the cut."""
    keys = zip(table[FIRM], table[TIME], strict=True)
    path = dict(zip(keys, table[INVESTMENT].where(learnt), strict=True))
    ordered = table[[FIRM, TIME, "constant", *names]].assign(learnt=learnt).sort_values(TIME)
    expected = []
    for row in ordered.to_dict("records"):
        total = row["constant"]
        for name, (column, lag), slope in zip(names, explained_by, slopes, strict=True):
            own = column == INVESTMENT
            total += slope * (path.get((row[FIRM], row[TIME] - lag), np.nan) if own else row[name])
        expected.append(total)
        if not row["learnt"]:
            path[row[FIRM], row[TIME]] = total
    return pd.Series(expected, index=ordered.index)
