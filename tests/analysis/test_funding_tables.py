"""The tables of notebook 05 as readers see them: words for codes, and no runway beyond the cap."""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.analysis import funding_tables

SPACE = "\N{NARROW NO-BREAK SPACE}"


def giant(ticker: str, low: float, middle: float, high: float, **others: object) -> dict[str, object]:
    return {
        "ticker": ticker, "operating_cash_flow": 100.0, "planned": 120.0, "cash": 50.0, "debt": 20.0, "guided": True,
        "missing": "", "years_low": low, "years": middle, "years_high": high, **others,
    }  # fmt: skip


def test_giants_are_named_and_their_years_capped() -> None:
    table = pd.DataFrame(
        [
            giant("ORCL", 0.52, 1.26, 28.43, guided=False),
            giant("MSFT", 34.3, np.nan, np.nan),
            giant("META", np.nan, np.nan, np.nan, missing="cash, debt", guided=None),
        ]
    )
    shown = funding_tables.giants(table)
    assert shown["firm"].tolist() == ["Oracle", "Microsoft", "Meta"]
    assert shown["the plan is"].tolist() == ["assumed", "the firm's own", "unknown"]
    assert shown["at the least"].tolist() == [f"0.5{SPACE}years", f"more than 10{SPACE}years", "unknown: cash, debt"]
    assert shown["middle case"].tolist() == [f"1.3{SPACE}years", "no end", "unknown: cash, debt"]
    assert shown["at the most"].tolist() == [f"more than 10{SPACE}years", "no end", "unknown: cash, debt"]
    assert not shown.isin([True, False]).any(axis=None)


def test_start_ups_say_how_long_or_why_not() -> None:
    nothing = dict.fromkeys(["cash_low", "cash_high", "burn_low", "burn_high", "years_low", "years_high"])
    table = pd.DataFrame(
        [
            {"company": "A", **nothing, "years_low": 2.79, "years_high": 6.57, "reason": "", "rows": ()},
            {"company": "B", **nothing, "years_low": 2.0, "reason": "", "rows": ()},
            {"company": "C", **nothing, "reason": "no burn known", "rows": ()},
        ]
    ).astype({"years_low": float, "years_high": float})
    shown = funding_tables.runways(table)
    assert shown["the money lasts"].tolist() == [f"2.8 to 6.6{SPACE}years", f"2.0{SPACE}years to no end", "unknown"]
    assert shown["remark"].tolist() == ["", "", "no burn known"]
