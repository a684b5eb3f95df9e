"""The depreciation already signed for: what past capex will cost the income statement in years to come.

A perpetual inventory: each quarter's capex is written off in equal parts over an assumed life,
beginning with the quarter after it was paid. Capex that has not happened yet is not in it, so the
projection falls to zero at the end of the life.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.analysis.fiscal_quarters import QUARTERS_A_YEAR, calendar_quarter, fiscal_sequence, in_order

# Lives in years: critics of the builders' accounts argue for three, the builders write servers off over five to six.
LIVES = (3.0, 4.0, 5.0, 6.0)
# Four years: past the end of the shortest life, so that a projection is seen to fall to zero.
QUARTERS_AHEAD = 16
_COLUMNS = [
    "ticker", "quarter", "life", "depreciation", "reported", "projected", "known_share", "gross_stock",
]  # fmt: skip


def depreciation_pipeline(
    cash_flows: pd.DataFrame,
    *,
    lives: Sequence[float] = LIVES,
    ahead: int = QUARTERS_AHEAD,
    capex: str = "capex",
) -> pd.DataFrame:
    """Write off past capex in a straight line, and project what is left to write off.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter
        Columns ``ticker``, ``fiscal_year``, ``fiscal_quarter``, ``period_end``,
        ``depreciation_amortisation`` and the capex column, USD millions.
    lives : sequence of float
        Years, each a whole number of quarters.
    ahead : int
        Quarters to project after each firm's last one.
    capex : str
        Column that is written off.

    Returns
    -------
    DataFrame, one row a firm, quarter and life
        ``ticker``, ``quarter`` (calendar quarter), ``life`` (years), ``depreciation`` (scheduled in
        this quarter; missing where capex of the life is not known in full), ``reported``
        (depreciation and amortisation, missing where not published), ``projected`` (bool),
        ``known_share`` (share of the life before this quarter that the data hold), ``gross_stock``
        (capex not yet written off whole). USD millions a quarter.

    Raises
    ------
    ValueError
        If a life is not a positive whole number of quarters, or `ahead` is negative, or a
        firm-quarter stands twice.

    Notes
    -----
    Reported depreciation also holds assets bought before the data begin, buildings with lives of
    decades, finance leases and, for most firms, amortisation; equipment not yet in use is not
    depreciated. Straight-line on cash capex is a yardstick, not a forecast of the reported line.
    """
    if ahead < 0:
        raise ValueError(f"ahead must be 0 or more, not {ahead}")
    steps = [_quarters(life) for life in lives]
    flows = in_order(cash_flows)
    flows = flows.assign(_sequence=fiscal_sequence(flows), _quarter=calendar_quarter(flows["period_end"]))
    parts = []
    for _, firm in flows.groupby(flows["ticker"].astype(str)):
        laid = _by_quarter(firm, ahead, capex)
        parts += [_written_off(laid, float(life), step) for life, step in zip(lives, steps, strict=True)]
    return pd.concat(parts, ignore_index=True)[_COLUMNS] if parts else pd.DataFrame(columns=_COLUMNS)


def _quarters(life: float) -> int:
    quarters = life * QUARTERS_A_YEAR
    if quarters < 1 or quarters != int(quarters):
        raise ValueError(f"a life must be a positive whole number of quarters, not {life} years")
    return int(quarters)


def _by_quarter(firm: pd.DataFrame, ahead: int, capex: str) -> pd.DataFrame:
    """Lay one firm out by quarter, without a hole and with those ahead; ``spent`` is what is to be written off."""
    first, last = int(firm["_sequence"].iloc[0]), int(firm["_sequence"].iloc[-1])
    span = np.arange(first, last + ahead + 1)
    place = firm["_sequence"].to_numpy() - first
    spent, reported = np.full((2, len(span)), np.nan)
    spent[place] = firm[capex].to_numpy(dtype="float64")
    reported[place] = firm["depreciation_amortisation"].to_numpy(dtype="float64")
    # After the last known quarter nothing is bought: only what is signed for is written off.
    future = span > last
    spent[future] = 0.0
    return pd.DataFrame(
        {
            "ticker": str(firm["ticker"].iloc[0]),
            # A quarter missing between two known ones still has its place in the calendar.
            "quarter": pd.period_range(firm["_quarter"].iloc[0], periods=len(span), freq="Q-DEC"),
            "reported": reported,
            "projected": future,
            "spent": spent,
        }
    )


def _written_off(laid: pd.DataFrame, life: float, step: int) -> pd.DataFrame:
    """Write off one firm's capex over one life."""
    # The life that a quarter writes off ends with the quarter before it.
    sums = laid["spent"].rolling(step, min_periods=step).sum().shift(1)
    known = laid["spent"].notna().astype("float64").rolling(step, min_periods=1).sum().shift(1)
    return laid.assign(
        life=life, depreciation=sums / step, known_share=(known / step).fillna(0.0), gross_stock=sums
    )  # fmt: skip


def against_reported(pipeline: pd.DataFrame) -> pd.DataFrame:
    """Compare scheduled with reported depreciation over each firm's last four quarters that have both.

    Parameters
    ----------
    pipeline : DataFrame
        From `depreciation_pipeline`.

    Returns
    -------
    DataFrame, one row a firm and life
        ``ticker``, ``life``, ``scheduled``, ``reported`` (USD millions a year), ``ratio``, ``to``
        (last quarter). A firm without four such quarters has no row.
    """
    both = pipeline[pipeline["depreciation"].notna() & pipeline["reported"].notna() & ~pipeline["projected"]]
    rows = []
    for (ticker, life), part in both.groupby(["ticker", "life"]):
        year = part.sort_values("quarter").tail(QUARTERS_A_YEAR)
        if len(year) < QUARTERS_A_YEAR:
            continue
        scheduled, reported = float(year["depreciation"].sum()), float(year["reported"].sum())
        rows.append(
            {
                "ticker": ticker,
                "life": life,
                "scheduled": scheduled,
                "reported": reported,
                "ratio": scheduled / reported,
                "to": year["quarter"].iloc[-1],
            }
        )
    return pd.DataFrame(rows, columns=["ticker", "life", "scheduled", "reported", "ratio", "to"])
