"""Pictures of free cash flow: the last quarters, their history, the share of capex, the bridge, the signs, the trend.

Every function takes a tidy frame, in USD millions as the tables hold it, and draws billions. Titles are computed from
the frame, so that a picture of another day says what was true that day.
"""

from __future__ import annotations

from math import isfinite

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from helpers.charts import style
from helpers.charts.cash_marks import (
    BILLION,
    UNKNOWN,
    definition_keys,
    definition_mark,
    firm_history,
    interval,
    interval_limits,
    label_right,
    legend_below,
    money_axis,
    name_beyond,
    quarter_bar,
    room_for_labels,
    row_label,
    sign_cell,
    sign_keys,
    waterfall_bar,
)
from helpers.charts.cash_titles import (
    bridge_title,
    house_order,
    largest_first,
    names_joined,
    negative_title,
    share_title,
    sign_title,
    steepest,
    trend_title,
)
from helpers.charts.marks import grid_across
from helpers.units import money, percent, percent_axis

SOURCE = "company filings and releases (table cash_flows)"
# Above this share the line of a firm would flatten all others: it is named at the edge instead.
SHARE_LIMIT = 250.0
DEFINITION_HEADS = {
    "gross": "gross",
    "company": "company",
    "after_leases": "after leases",
    "after_stock_compensation": "after pay in shares",
}
PART_LABELS = {
    "operating_cash_flow": "operating\ncash flow",
    "capex": "capex",
    "capex_proceeds": "proceeds,\nincentives",
    "finance_lease_principal": "finance\nleases",
    "stock_based_compensation": "pay in\nshares",
}


def last_two_quarters(grid: pd.DataFrame, *, as_of: str, definition: str = "company") -> Axes:
    """Draw free cash flow of each firm's last two quarters: bars of one definition, marks for the others.

    Parameters
    ----------
    grid : DataFrame, one row a firm, definition and quarter
        ``ticker``, ``definition``, ``period_end``, ``place`` (1 is the older quarter),
        ``free_cash_flow`` (USD millions, missing where not known).
    as_of : str
        ISO date: what was known on this day.
    definition : str
        The definition of the bars.

    Returns
    -------
    Axes
    """
    main = grid[grid["definition"] == definition]
    firms = largest_first(main)
    figure, axes = _one(height=max(3.2, 1.5 + 0.62 * len(firms)))
    for row, ticker in enumerate(firms):
        for place in (1, 2):
            quarter = main[(main["ticker"] == ticker) & (main["place"] == place)]
            y = row + 0.4 * (place - 1.5)
            quarter_bar(axes, y, quarter["free_cash_flow"], ticker, faint=place == 1)
            others = grid[(grid["ticker"] == ticker) & (grid["place"] == place) & (grid["definition"] != definition)]
            for name, value in zip(others["definition"], others["free_cash_flow"], strict=True):
                definition_mark(axes, value / BILLION, y, name)
            row_label(axes, y, quarter["period_end"])
    axes.set_yticks(range(len(firms)), [style.company(ticker) for ticker in firms], weight="bold")
    axes.tick_params(axis="y", pad=48)
    axes.set_ylim(len(firms) - 0.4, -0.6)
    money_axis(axes, "x")
    legend_below(axes, definition_keys(definition))
    lowest = main.dropna(subset=["free_cash_flow"]).nsmallest(1, "free_cash_flow")
    told = "".join(
        f"The lowest is {style.company(ticker)} with {money(flow)}."
        for ticker, flow in zip(lowest["ticker"], lowest["free_cash_flow"], strict=True)
    )
    title = f"{negative_title(main)}."
    style.finish(
        figure,
        title=title,
        subtitle=f"Free cash flow of each firm's last two quarters, USD billions; bars: the {definition} definition "
        "(older quarter pale)",
        source=SOURCE,
        as_of=as_of,
        unit="USD billions",
        alt=f"Horizontal bars of the last two quarters of {len(firms)} firms. {title} {told or 'None is known.'}",
        data=grid[["ticker", "definition", "period_end", "free_cash_flow"]],
    )
    return axes


def quarterly_bars(ledger: pd.DataFrame, *, as_of: str, definition: str = "company") -> Axes:
    """Draw each firm's quarterly free cash flow as bars, with the twelve-month sum as a line.

    Parameters
    ----------
    ledger : DataFrame, one row a firm-quarter
        ``ticker``, ``period_end``, ``free_cash_flow``, ``free_cash_flow_12m``, ``year_earlier_12m``.
    as_of, definition : str

    Returns
    -------
    Axes
        The first firm's.
    """
    firms = house_order(ledger)
    rows = (len(firms) + 1) // 2
    figure, grid = style.canvas(rows, 2, height=max(3.4, 1.2 + 1.95 * rows), squeeze=False, sharex=True)
    for axes, ticker in zip(grid.flat, firms, strict=False):
        firm_history(axes, ledger[ledger["ticker"].astype(str) == ticker], ticker)
    for axes in list(grid.flat)[len(firms) :]:
        axes.set_visible(False)
    for axes in list(grid.flat)[max(0, len(firms) - 2) : len(firms)]:
        axes.tick_params(labelbottom=True)
    last = ledger.groupby(ledger["ticker"].astype(str)).tail(1).dropna(subset=["free_cash_flow_12m"])
    fell = last[last["free_cash_flow_12m"] < last["year_earlier_12m"]]
    known = last.dropna(subset=["year_earlier_12m"])
    title = f"Twelve-month free cash flow is below its level of a year before at {len(fell)} of {len(known)} firms."
    told = "; ".join(
        f"{style.company(ticker)} {money(flow)}"
        for ticker, flow in zip(last["ticker"].astype(str), last["free_cash_flow_12m"], strict=True)
    )
    style.finish(
        figure,
        title=title,
        subtitle=f"Free cash flow, {definition} definition, USD billions: bars a quarter (negative red and hatched), "
        "line the last twelve months; each firm on its own scale",
        source=SOURCE,
        as_of=as_of,
        unit="USD billions",
        alt=f"Small charts of {len(firms)} firms. {title} Last twelve months: {told or 'not known'}.",
        data=ledger[["ticker", "period_end", "free_cash_flow", "free_cash_flow_12m"]],
    )
    first: Axes = grid.flat[0]
    return first


def capex_share(ledger: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw twelve-month capex as a share of operating cash flow, with the line where it takes all of it.

    Parameters
    ----------
    ledger : DataFrame, one row a firm-quarter
        ``ticker``, ``period_end``, ``capex_share_12m`` (per cent).
    as_of : str

    Returns
    -------
    Axes
    """
    known = ledger.dropna(subset=["capex_share_12m"])
    figure, axes = _one(height=4.6)
    top = min(SHARE_LIMIT, float(known["capex_share_12m"].max()) * 1.08) if len(known) else 150.0
    top = max(top, 125.0)
    ends, off = {}, []
    for ticker in house_order(known):
        firm = known[known["ticker"].astype(str) == ticker]
        last = float(firm["capex_share_12m"].iloc[-1])
        axes.plot(firm["period_end"], firm["capex_share_12m"], color=style.colour(ticker))
        label = f"{style.company(ticker)} {percent(last, 0)}"
        if last > top:
            off.append(label)
            name_beyond(axes, firm["period_end"].iloc[-1], label, style.colour(ticker))
        else:
            ends[label] = (firm["period_end"].iloc[-1], last, style.colour(ticker))
    # A little room under zero, so that a name at the bottom is not cut by the axis.
    axes.set_ylim(-0.03 * top, top)
    if len(known):
        axes.plot([known["period_end"].min(), known["period_end"].max()], [100, 100], color=style.INK, linewidth=1.2)
    axes.annotate(
        "all of operating cash flow", (0, 100), xycoords=("axes fraction", "data"), xytext=(14, 3),
        textcoords="offset points", size=9, color=style.INK,
    )  # fmt: skip
    axes.yaxis.set_major_formatter(FuncFormatter(percent_axis))
    title = share_title(known)
    beyond = f" Off the scale: {names_joined(off)}." if off else ""
    style.finish(
        figure,
        title=title,
        subtitle="Capex as a share of operating cash flow, last twelve months, per cent; the scale ends at "
        f"{percent(top, 0)}.{beyond}",
        source=SOURCE,
        as_of=as_of,
        unit="per cent of operating cash flow",
        alt=f"Lines of {known['ticker'].nunique()} firms against a line at 100 per cent. {title} "
        f"Last values: {names_joined([*ends, *off]) or UNKNOWN}.",
        data=ledger[["ticker", "period_end", "capex_share_12m"]],
    )
    label_right(axes, ends)
    return axes


def bridge(parts: pd.DataFrame, *, as_of: str, before: str, after: str, definition: str = "company") -> Axes:
    """Draw a waterfall from one twelve-month free cash flow to another.

    Parameters
    ----------
    parts : DataFrame, one row a firm, indexed by ticker
        ``before``, one column a part with its contribution, ``after``, ``change`` (USD millions).
        Firms with a missing value are left out and named.
    as_of : str
    before, after : str
        What the two ends are, in words.
    definition : str

    Returns
    -------
    Axes
    """
    whole = parts.dropna()
    left_out = [style.company(str(ticker)) for ticker in parts.index.difference(whole.index, sort=False)]
    total = whole.sum()
    steps = [name for name in PART_LABELS if name in whole.columns and (whole[name] != 0).any()]
    figure, axes = _one(height=4.4)
    labels = [before, *(PART_LABELS[name] for name in steps), after]
    level = float(total["before"])
    waterfall_bar(axes, 0, 0.0, level, colour=style.THEN)
    for place, name in enumerate(steps, start=1):
        waterfall_bar(axes, place, level, level + float(total[name]), step=True)
        axes.plot([place - 0.6, place + 0.4], [level / BILLION] * 2, color=style.SMALL_PRINT, linewidth=0.8)
        level += float(total[name])
    waterfall_bar(axes, len(steps) + 1, 0.0, float(total["after"]), colour=style.NOW)
    axes.set_xticks(range(len(labels)), labels)
    style.zero_line(axes)
    room_for_labels(axes)
    money_axis(axes, "y")
    firms = names_joined([style.company(str(ticker)) for ticker in whole.index])
    title = bridge_title(total, len(whole))
    missing = f" Left out, a part not known: {names_joined(left_out)}." if left_out else ""
    style.finish(
        figure,
        title=title,
        subtitle=f"Free cash flow of twelve months ({definition} definition) and the change of its parts, "
        f"USD billions; {firms or 'no firm'} together.{missing}",
        source=SOURCE,
        as_of=as_of,
        unit="USD billions",
        alt=f"Waterfall from {before.replace(chr(10), ' ')} to {after.replace(chr(10), ' ')}. {title} "
        f"It went from {money(total['before'])} to {money(total['after'])}.",
        data=parts.reset_index(names="ticker"),
    )
    return axes


def sign_grid(grid: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw firms by definitions: the sign of the last two quarters as glyph, hatch and figure.

    Parameters
    ----------
    grid : DataFrame, one row a firm, definition and quarter
        As for `last_two_quarters`, with ``capex_is_net`` (bool): the gross figure is then an upper bound.
    as_of : str

    Returns
    -------
    Axes
    """
    firms, heads = house_order(grid), DEFINITION_HEADS
    figure, axes = _one(height=max(3.2, 1.5 + 0.55 * len(firms)))
    for row, ticker in enumerate(firms):
        for column, definition in enumerate(heads):
            cell = grid[(grid["ticker"] == ticker) & (grid["definition"] == definition)]
            for place in (1, 2):
                sign_cell(axes, column + 0.5 * (place - 1), row, cell[cell["place"] == place])
    axes.set_xlim(0, len(heads))
    axes.set_ylim(len(firms), 0)
    axes.set_xticks(np.arange(len(heads)) + 0.5, list(heads.values()), weight="bold")
    axes.xaxis.tick_top()
    axes.tick_params(axis="x", length=0)
    axes.set_yticks(np.arange(len(firms)) + 0.5, [style.company(ticker) for ticker in firms])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for column in range(1, len(heads)):
        axes.axvline(column, color=style.PAPER, linewidth=5, zorder=4)
    legend_below(axes, sign_keys())
    title = sign_title(grid)
    unknown = int(grid["free_cash_flow"].isna().sum())
    style.finish(
        figure,
        title=title,
        subtitle="Sign and size of free cash flow in each firm's last two known quarters (left the older), by "
        "definition. ≤: capex is known only net of proceeds",
        source=SOURCE,
        as_of=as_of,
        unit="USD",
        alt=f"Grid of {len(firms)} firms by {len(heads)} definitions. {title} "
        f"{int((grid['free_cash_flow'] < 0).sum())} of {len(grid)} cells are negative and {unknown} are not known.",
        data=grid[["ticker", "definition", "period_end", "free_cash_flow", "capex_is_net"]],
    )
    return axes


def trend(table: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw the yearly change of the free cash flow margin with its interval, firm by firm.

    Parameters
    ----------
    table : DataFrame, one row a firm
        ``ticker``, ``observations``, ``slope_a_year``, ``low``, ``high`` (percentage points of
        revenue a year), ``p_hac``, ``p_seasonal``, ``reading``.
    as_of : str

    Returns
    -------
    Axes
    """
    table = table.sort_values("slope_a_year", na_position="last").reset_index(drop=True)
    figure, axes = _one(height=max(3.0, 1.6 + 0.38 * len(table)))
    for row, (_, firm) in enumerate(table.iterrows()):
        interval(axes, row, firm)
    axes.axvline(0, color=style.INK, linewidth=1.0)
    axes.set_yticks(range(len(table)), [style.company(ticker) for ticker in table["ticker"]])
    axes.set_ylim(len(table) - 0.4, -0.6)
    grid_across(axes)
    axes.xaxis.set_major_formatter(FuncFormatter(points_axis))
    interval_limits(axes, table)
    title = trend_title(table)
    style.finish(
        figure,
        title=title,
        subtitle="Change of the free cash flow margin, percentage points of revenue a year, with 95 % interval "
        "(Newey-West); right: p of the regression and of the seasonal Mann-Kendall test",
        source=f"{SOURCE}; own estimates",
        as_of=as_of,
        unit="percentage points a year",
        alt=f"Dots with intervals for {len(table)} firms around a zero line. {title} {steepest(table)}",
        data=table.drop(columns="rows", errors="ignore"),
    )
    return axes


def profit_and_cash(last: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw net income, operating income and free cash flow of the last twelve months side by side.

    Parameters
    ----------
    last : DataFrame, one row a firm
        ``ticker``, ``net_income_12m``, ``operating_income_12m``, ``free_cash_flow_12m`` (USD millions).
    as_of : str

    Returns
    -------
    Axes
    """
    columns = {
        "net_income_12m": ("o", "#E69F00", "net income"),
        "operating_income_12m": ("s", style.INK, "operating income"),
        "free_cash_flow_12m": ("D", style.NOW, "free cash flow"),
    }
    last = last.sort_values("net_income_12m", ascending=False).reset_index(drop=True)
    figure, axes = _one(height=max(3.0, 1.7 + 0.4 * len(last)))
    for row, (_, firm) in enumerate(last.iterrows()):
        ends = [firm[name] / BILLION for name in columns if isfinite(firm[name])]
        if ends:
            axes.plot([min(ends), max(ends)], [row, row], color=style.GRID, linewidth=4, solid_capstyle="round")
        for name, (mark, ink, _) in columns.items():
            axes.plot(firm[name] / BILLION, row, mark, color=ink, markersize=7, zorder=4)
    axes.set_yticks(range(len(last)), [style.company(ticker) for ticker in last["ticker"]])
    axes.set_ylim(len(last) - 0.4, -0.6)
    axes.margins(x=0.05)
    money_axis(axes, "x")
    handles = [Line2D([], [], marker=mark, color=ink, linestyle="", label=name) for mark, ink, name in columns.values()]
    legend_below(axes, handles)
    known = last.dropna(subset=["net_income_12m", "free_cash_flow_12m"])
    above = known[known["net_income_12m"] > known["free_cash_flow_12m"]]
    profit, cash = known["net_income_12m"].sum(), known["free_cash_flow_12m"].sum()
    together = f", by {money(profit - cash)} together" if profit > cash else ""
    title = f"Net income exceeds free cash flow at {len(above)} of {len(known)} firms{together}."
    style.finish(
        figure,
        title=title,
        subtitle="Net income, operating income and free cash flow of the last twelve months, USD billions",
        source=SOURCE,
        as_of=as_of,
        unit="USD billions",
        alt=f"Three dots for each of {len(last)} firms. {title} Together they report {money(profit)} of net income "
        f"and {money(cash)} of free cash flow.",
        data=last[["ticker", *columns]],
    )
    return axes


def points_axis(value: float, _position: int | None = None) -> str:
    """Tick label of an axis in percentage points, with its sign."""
    return f"{value:+g}".replace("-", "−") if value else "0"


def _one(*, height: float) -> tuple[Figure, Axes]:
    """Return a canvas with one Axes."""
    figure, axes = style.canvas(height=height)
    assert isinstance(axes, Axes)
    return figure, axes
