"""Made-up panels of firms and quarters."""

from __future__ import annotations

import numpy as np
import pandas as pd


def noise(
    random: np.random.Generator, firms: int = 8, quarters: int = 30, persistence: float = 0.5, effect: float = 0.0
) -> pd.DataFrame:
    """Return a panel with persistent x and errors, firm and quarter effects, and a known effect of x on y."""
    series = {}
    for name in ("x", "error"):
        draws = random.standard_normal((firms, quarters))
        for step in range(1, quarters):
            draws[:, step] += persistence * draws[:, step - 1]
        series[name] = draws
    y = effect * series["x"] + series["error"] + random.normal(0, 3, (firms, 1)) + random.normal(0, 3, (1, quarters))
    firm, time = np.meshgrid(np.arange(firms), np.arange(quarters), indexing="ij")
    return pd.DataFrame(
        {
            "ticker": [f"F{number}" for number in firm.ravel()],
            "time": time.ravel() + 8000,
            "season": time.ravel() % 4 + 1,
            "x": series["x"].ravel(),
            "y": y.ravel(),
        }
    )


def cash_flows(random: np.random.Generator, tickers: tuple[str, ...], years: range) -> pd.DataFrame:
    """Return a table of cash flows with calendar fiscal years, all columns filled."""
    rows = []
    for ticker in tickers:
        level = 1000.0
        for year in years:
            for quarter in range(1, 5):
                level *= 1 + random.normal(0.03, 0.05)
                end = pd.Period(f"{year}Q{quarter}", "Q").end_time.normalize()
                rows.append(
                    {
                        "ticker": ticker, "fiscal_year": year, "fiscal_quarter": f"Q{quarter}", "period_end": end,
                        "revenue": level, "operating_income": level * random.normal(0.25, 0.04),
                        "operating_cash_flow": level * random.normal(0.35, 0.05),
                        "capex": level * abs(random.normal(0.12, 0.04)), "capex_proceeds": 0.0,
                        "finance_lease_principal": 0.0, "stock_based_compensation": level * 0.05,
                        "depreciation_amortisation": level * 0.08, "note": "",
                    }
                )  # fmt: skip
    table = pd.DataFrame(rows)
    table.index = [
        f"cash_flows/{ticker}/{end.date()}" for ticker, end in zip(table["ticker"], table["period_end"], strict=True)
    ]
    return table
