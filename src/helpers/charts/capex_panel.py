"""Pictures of the spending: today's builders over time, and beside the builders of the dot-com years."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from helpers.charts import style
from helpers.charts.cash_marks import label_right
from helpers.units import percent, percent_axis

SOURCE = "company filings and releases (table cash_flows)"
SOURCE_THEN_AND_NOW = "filings and releases of the time (tables dotcom_firms and cash_flows)"
# A firm that invests more than twice its revenue would flatten all others.
HIGHEST_SHARE = 200.0


def spending(table: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw capex as a share of revenue over each firm's last twelve months.

    Parameters
    ----------
    table : DataFrame, one row a firm-quarter
        ``ticker``, ``period_end``, ``share`` (per cent of revenue, twelve months; missing is a gap).
    as_of : str
        ISO date: what was known on this day.

    Returns
    -------
    Axes
    """
    axes: Axes
    figure, axes = style.canvas()
    last = table.dropna(subset=["share"]).sort_values("period_end").groupby("ticker").tail(1)
    shares = {str(line["ticker"]): float(line["share"]) for line in last.to_dict("records")}
    days = dict(zip(last["ticker"].astype(str), last["period_end"], strict=True))
    beyond = [ticker for ticker, share in shares.items() if share > HIGHEST_SHARE]
    ends: dict[str, tuple[object, float, str]] = {}
    for ticker in (name for name in shares if name not in beyond):
        firm = table[table["ticker"] == ticker].sort_values("period_end")
        axes.plot(firm["period_end"], firm["share"], color=style.colour(ticker))
        ends[style.company(ticker)] = (days[ticker], shares[ticker], style.colour(ticker))
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(percent_axis))
    first = table[table["period_end"] <= table["period_end"].min() + pd.DateOffset(months=15)]
    before = first.dropna(subset=["share"]).groupby("ticker")["share"].first()
    inside = {ticker: share for ticker, share in shares.items() if ticker not in beyond}
    top = max(inside, key=lambda name: inside[name])
    title = (
        f"{style.company(top)} spends {percent(inside[top], 0)} of its revenue on capex"
        f"{_grown(before, pd.Series(inside))}"
    )
    gone = ", ".join(f"{style.company(ticker)} {percent(shares[ticker], 0)}" for ticker in beyond)
    off_scale = f"; off the scale: {gone}" if gone else ""
    subtitle = f"Capex as a share of revenue, last twelve months, per cent{off_scale}"
    style.finish(
        figure,
        title=title,
        subtitle=subtitle,
        source=SOURCE,
        as_of=as_of,
        unit="per cent of revenue",
        alt=f"Lines of capex as a share of revenue for {len(ends)} firms{off_scale}. {title}.",
        data=table[["ticker", "period_end", "share"]],
    )
    label_right(axes, ends)
    return axes


def _grown(before: pd.Series, after: pd.Series) -> str:
    """Say how many firms spend a larger share than at the start; only firms known at both ends count."""
    both = before.index.intersection(after.index)
    more = int((after[both] > before[both]).sum())
    return f"; {more} of {len(both)} firms spend a larger share than at the start" if len(both) else ""


def then_and_now(table: pd.DataFrame, *, as_of: str, then: Sequence[str], now: Sequence[str]) -> Axes:
    """Draw capex as a share of revenue, year by year: a row of dot-com firms above one of today's.

    Parameters
    ----------
    table : DataFrame, one row a firm and year
        ``era`` ("then" or "now"), ``ticker``, ``company``, ``year`` (fiscal), ``share`` (per cent of
        revenue; missing where one of the two is not confirmed).
    as_of : str
    then, now : sequence of str
        Tickers, as many in each.

    Returns
    -------
    Axes
        The first.
    """
    figure, grid = style.canvas(2, len(then), height=4.8, sharey=True, squeeze=False)
    for row, era, tickers in ((0, "then", then), (1, "now", now)):
        for axes, ticker in zip(grid[row], tickers, strict=True):
            firm = table[(table["era"] == era) & (table["ticker"] == ticker)].sort_values("year")
            ink = style.THEN if era == "then" else style.colour(ticker)
            axes.bar(firm["year"], firm["share"], color=ink, width=0.75)
            name = str(firm["company"].iloc[0]) if len(firm) else ticker
            axes.set_title(name.replace(" ", "\n", 1), fontsize=9)
            years = firm["year"].astype("int64")
            if len(years):
                axes.set_xticks([years.min(), years.max()], [str(years.min()), str(years.max())])
            axes.yaxis.set_major_formatter(FuncFormatter(percent_axis))
            for year in firm.loc[firm["share"].isna(), "year"]:
                axes.annotate("?", (year, 0), ha="center", va="bottom", size=9, color=style.SMALL_PRINT)
    peak = {era: _peak(table[table["era"] == era]) for era in ("then", "now")}
    title = f"Then at most {peak['then'][0]}, now up to {peak['now'][0]}"
    style.finish(
        figure,
        title=title,
        subtitle="Capex as a share of revenue by fiscal year, per cent; above: the dot-com years, below: today; "
        "?: not confirmed",
        source=SOURCE_THEN_AND_NOW,
        as_of=as_of,
        unit="per cent of revenue",
        alt=f"Two rows of small bar charts. {title}. The peaks are those of {peak['then'][1]} and {peak['now'][1]}.",
        data=table[["era", "ticker", "company", "year", "share"]],
    )
    first: Axes = grid[0][0]
    return first


def _peak(table: pd.DataFrame) -> tuple[str, str]:
    """Return the largest share and whose it was."""
    known = table.dropna(subset=["share"]).nlargest(1, "share").to_dict("records")
    if not known:
        return "unknown", "nobody"
    row = known[0]
    return f"{percent(float(row['share']), 0)} of revenue ({row['company']}, {int(row['year'])})", str(row["company"])
