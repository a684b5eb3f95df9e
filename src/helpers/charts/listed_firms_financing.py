"""Pictures of how the listed firms pay: capex by what paid for it, what still went to shareholders, net debt."""

from __future__ import annotations

import matplotlib.dates as mdates
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from helpers.charts import style
from helpers.charts.funding import BILLION, legend_over_source, nothing, panel_title, year_axis
from helpers.units import billions_axis, money, percent

SOURCE = "company filings and releases (tables financing, cash_flows)"
# Pale to strong: the further from the firm's own till, the louder.
PAID_LOOKS = {
    "operations": ("#9DC3E6", "", "operating cash flow"),
    "debt": ("#D55E00", "////", "new debt"),
    "shares": ("#CC79A7", "xxxx", "new shares (where named)"),
    "cash_in_hand_and_other": ("#E69F00", "....", "cash in hand and other"),
}
SHOWN_SINCE = "2022-01-01"


def capex_paid_from(table: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw each firm's quarterly capex by what paid for it, with payments to shareholders as a line.

    Parameters
    ----------
    table : DataFrame, one row a firm-quarter
        ``ticker``, ``period_end``, ``capex``, ``to_shareholders``, and ``operations``, ``debt``, ``shares``,
        ``cash_in_hand_and_other`` (they sum to capex; the split of a shortfall is missing where debt is not known).
    as_of : str

    Returns
    -------
    Axes
        The first firm's.
    """
    shown = table[table["period_end"] >= SHOWN_SINCE]
    firms = [ticker for ticker in style.COMPANIES if ticker in set(shown["ticker"])]
    rows = max(1, (len(firms) + 1) // 2)
    figure, grid = style.canvas(rows, 2, height=1.7 + 1.9 * rows, squeeze=False, sharex=True)
    for axes in list(grid.flat)[len(firms) :]:
        axes.set_visible(False)
    for axes, ticker in zip(grid.flat, firms, strict=False):
        _firm(axes, shown[shown["ticker"] == ticker], ticker)
    for axes in list(grid.flat)[max(0, len(firms) - 2) : len(firms)]:
        axes.tick_params(labelbottom=True)
    title, told = _told(table)
    style.finish(
        figure, title=title,
        subtitle="Quarterly capex by what paid for it (operations first, a convention) and buybacks with dividends, "
        "USD billions; each firm on its own scale",
        source=SOURCE, as_of=as_of, unit="USD billions",
        alt=f"Stacked bars by quarter for {len(firms)} firms. {title} {told}",
        data=shown.drop(columns=["cash_row"], errors="ignore")
        if len(shown) else nothing(),
    )  # fmt: skip
    legend_over_source(figure, _keys(), columns=3)
    first: Axes = grid.flat[0]
    return first


def _firm(axes: Axes, firm: pd.DataFrame, ticker: str) -> None:
    bottom = pd.Series(0.0, index=firm.index)
    for name, (ink, hatch, _) in PAID_LOOKS.items():
        height = firm[name].fillna(0) / BILLION
        axes.bar(
            firm["period_end"],
            height,
            bottom=bottom,
            width=75,
            color=ink,
            # A hatch is slow to draw, even where a bar has no height.
            hatch=[hatch if tall else None for tall in height],
            edgecolor=style.PAPER,
            linewidth=0,
        )
        bottom = bottom + height
    # A shortfall whose payer is not known is an empty box.
    rest = (firm["capex"] / BILLION - bottom)[firm["debt"].isna() & (firm["capex"] > firm["operations"])]
    axes.bar(
        firm["period_end"].loc[rest.index], rest, bottom=bottom.loc[rest.index], width=70, facecolor="none",
        edgecolor=style.THEN, linestyle=":", linewidth=1,
    )  # fmt: skip
    axes.plot(
        firm["period_end"],
        firm["to_shareholders"] / BILLION,
        color=style.INK,
        linewidth=1.4,
        marker="o",
        markersize=2.5,
    )
    panel_title(axes, style.company(ticker), ink=style.text_colour(style.colour(ticker)))
    axes.yaxis.set_major_formatter(FuncFormatter(billions_axis))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_locator(mdates.YearLocator())
    axes.xaxis.set_major_formatter(mdates.DateFormatter("%Y"))


def _keys() -> list[Patch | Line2D]:
    keys: list[Patch | Line2D] = [
        Patch(facecolor=ink, hatch=hatch, edgecolor=style.PAPER, label=text) for ink, hatch, text in PAID_LOOKS.values()
    ]
    keys.append(Patch(facecolor="none", edgecolor=style.THEN, linestyle=":", label="payer not known"))
    keys.append(Line2D([], [], color=style.INK, marker="o", markersize=3, label="buybacks and dividends"))
    return keys


def _told(table: pd.DataFrame) -> tuple[str, str]:
    """Say how much of the last year's capex operations paid, in all and where it was least."""
    last = table.sort_values("period_end").groupby("ticker").tail(4).dropna(subset=["capex", "operations"])
    sums = last.groupby("ticker")[["capex", "operations"]].sum()
    if sums.empty:
        return "Not enough quarters are known to tell what paid for capex.", ""
    share = 100 * sums["operations"] / sums["capex"]
    total = 100 * float(sums["operations"].sum() / sums["capex"].sum())
    least = str(share.idxmin())
    title = (
        f"Operations paid {percent(total, 0)} of the last four quarters' capex; least at {style.company(least)}, "
        f"{percent(float(share.min()), 0)}."
    )
    told = "; ".join(f"{style.company(str(ticker))} {percent(float(value), 0)}" for ticker, value in share.items())
    return title, f"Share paid by operations: {told}."


def net_debt(table: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw net debt of each firm over time; above zero it owes more than it holds.

    Parameters
    ----------
    table : DataFrame, one row a firm-quarter with both figures known
        ``ticker``, ``period_end``, ``net_debt``.
    as_of : str

    Returns
    -------
    Axes
    """
    figure, axes = style.canvas(height=4.4)
    ends, told = {}, []
    for ticker in [name for name in style.COMPANIES if name in set(table["ticker"])]:
        firm = table[table["ticker"] == ticker].sort_values("period_end")
        axes.plot(firm["period_end"], firm["net_debt"] / BILLION, color=style.colour(ticker))
        last = firm.iloc[-1]
        label = f"{style.company(ticker)} {money(float(last['net_debt']), 0)}, {last['period_end']:%b %Y}"
        ends[label] = (table["period_end"].max(), float(last["net_debt"]) / BILLION, style.colour(ticker))
        told.append((float(last["net_debt"]), style.company(ticker)))
    style.zero_line(axes)
    axes.yaxis.set_major_formatter(FuncFormatter(billions_axis))
    if len(table):
        span = table["period_end"].max() - table["period_end"].min()
        axes.set_xlim(table["period_end"].min(), table["period_end"].max() + 0.5 * span)
        year_axis(axes, table["period_end"].min(), table["period_end"].max())
        style.label_ends(axes, ends)
    levels = "; ".join(f"{name} {money(amount, 0)}" for amount, name in told) or "none known"
    owe = sum(amount > 0 for amount, _ in told)
    title = f"None of {len(told)} firms owes more than it holds."
    if owe:
        most, name = max(told)
        title = f"{owe} of {len(told)} firms owe more than they hold; {name} owes most, {money(most, 0)} net."
    style.finish(
        figure, title=title,
        subtitle="Debt less cash and marketable securities, leases left out, USD billions; a line ends where the last "
        "full debt total is known",
        source=SOURCE, as_of=as_of, unit="USD billions",
        alt=f"Lines of {len(told)} firms. {title} Last: {levels}.",
        data=table if len(table) else nothing(),
    )  # fmt: skip
    first: Axes = axes
    return first
