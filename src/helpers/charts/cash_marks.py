"""The parts the pictures of free cash flow are drawn with: bars, marks, cells, intervals, labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter, date2num, num2date
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from helpers.charts import style
from helpers.charts.cash_titles import amount
from helpers.units import billions_axis, p_value

BILLION = 1000.0
UNKNOWN = "not known"
_MARKS = {
    "gross": ("|", "gross"),
    "company": ("s", "company"),
    "after_leases": ("D", "less finance leases"),
    "after_stock_compensation": ("o", "less pay in shares"),
}


def quarter_bar(axes: Axes, y: float, value: pd.Series, ticker: str, *, faint: bool) -> None:
    """Draw one quarter's bar with its value at the right edge, or say that it is not known."""
    flow = float(value.iloc[0]) if len(value) else float("nan")
    told = amount(flow) if isfinite(flow) else UNKNOWN
    axes.annotate(told, (1.0, y), xycoords=("axes fraction", "data"), xytext=(60, 0), textcoords="offset points",
                  va="center", ha="right", size=9, annotation_clip=False)  # fmt: skip
    if not isfinite(flow):
        return
    axes.barh(
        y, flow / BILLION, height=0.36, color=style.NEGATIVE if flow < 0 else style.colour(ticker),
        alpha=0.55 if faint else 1.0, hatch="////" if flow < 0 else None, edgecolor=style.PAPER, linewidth=0,
    )  # fmt: skip


def row_label(axes: Axes, y: float, period_end: pd.Series) -> None:
    """Write the quarter's last month left of its bar."""
    if len(period_end):
        label = f"{period_end.iloc[0]:%b %Y}"
        axes.annotate(label, (0, y), xycoords=("axes fraction", "data"), xytext=(-4, 0), textcoords="offset points",
                      ha="right", va="center", size=9, color=style.SMALL_PRINT)  # fmt: skip


def definition_mark(axes: Axes, x: float, y: float, definition: str) -> None:
    """Draw the mark of another definition."""
    if definition in _MARKS and isfinite(x):
        axes.plot(x, y, _MARKS[definition][0], color=style.INK, markersize=5.5, markerfacecolor=style.PAPER,
                  markeredgewidth=1.2, zorder=5)  # fmt: skip


def definition_keys(definition: str) -> list[Line2D]:
    """Explain the marks of the definitions other than that of the bars."""
    return [
        Line2D([], [], marker=mark, linestyle="", color=style.INK, markerfacecolor=style.PAPER, label=label)
        for name, (mark, label) in _MARKS.items()
        if name != definition
    ]


def firm_history(axes: Axes, firm: pd.DataFrame, ticker: str) -> None:
    """Draw one firm's bars and line."""
    ink = style.text_colour(style.colour(ticker))
    # The height is given, or matplotlib measures the value axis anew for each title at each drawing to find it.
    axes.set_title(style.company(ticker), loc="left", y=1.0, size=10, weight="bold", color=ink)
    axes.xaxis_date()
    quarters = date2num(firm["period_end"])
    heights = (firm["free_cash_flow"] / BILLION).tolist()
    style.bars_signed(axes, quarters.tolist(), heights, positive=style.colour(ticker), width=75)
    year = firm["free_cash_flow_12m"] / BILLION
    axes.plot(quarters, year, color=style.INK, linewidth=1.6)
    style.zero_line(axes)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(billions_axis))
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=7))
    axes.margins(y=0.12)
    told = firm.dropna(subset=["free_cash_flow_12m"])
    if told.empty:
        _corner(axes, "twelve months not known")
        return
    stale = told.index[-1] != firm.index[-1]
    until = f" to {told['period_end'].iloc[-1]:%b %Y}" if stale else ""
    _corner(axes, f"12 months{until}: {amount(float(told['free_cash_flow_12m'].iloc[-1]))}")


def _corner(axes: Axes, text: str) -> None:
    """Write a note at the top right, above the plot, beside the firm's name."""
    axes.set_title(text, loc="right", y=1.0, size=9, weight="normal", color=style.INK)


def waterfall_bar(axes: Axes, x: int, low: float, high: float, *, colour: str = "", step: bool = False) -> None:
    """Draw one bar of the waterfall with its value above or below."""
    change = high - low
    negative = change < 0
    ink = style.NEGATIVE if negative else (colour or "#009E73")
    axes.bar(x, change / BILLION, bottom=low / BILLION, width=0.66, color=ink,
             hatch="////" if negative else None, edgecolor=style.PAPER, linewidth=0)  # fmt: skip
    label = ("+" if step and change >= 0 else "") + amount(change)
    edge = min(low, high) if negative else max(low, high)
    axes.annotate(label, (x, edge / BILLION), xytext=(0, -4 if negative else 4), textcoords="offset points",
                  ha="center", va="top" if negative else "bottom", size=9.5, weight="bold")  # fmt: skip


def room_for_labels(axes: Axes) -> None:
    """Widen the value axis by a ninth where bars reach, so that the figures at their ends fit."""
    low, high = axes.dataLim.intervaly
    pad = (high - low) / 9
    axes.set_ylim(low - pad if low < 0 else 0, high + pad if high > 0 else 0)


def sign_cell(axes: Axes, x: float, row: int, quarter: pd.DataFrame) -> None:
    """Draw half a cell: one quarter under one definition."""
    value = float(quarter["free_cash_flow"].iloc[0]) if len(quarter) else float("nan")
    bound = len(quarter) > 0 and bool(quarter["capex_is_net"].iloc[0]) and str(quarter["definition"].iloc[0]) == "gross"
    if not isfinite(value):
        face, hatch, glyph, text = "#EFEFEF", "....", "?", UNKNOWN
    elif value < 0:
        face, hatch, glyph, text = "#F4B8B3", "////", "−", amount(value)
    else:
        face, hatch, glyph, text = "#BFE3D7", "", "+", amount(value)
    box = Rectangle((x + 0.02, row + 0.05), 0.46, 0.9, facecolor=face, hatch=hatch, edgecolor=style.PAPER, linewidth=0)
    axes.add_patch(box)
    backing = {"facecolor": face, "edgecolor": "none", "pad": 1.0}
    axes.text(x + 0.25, row + 0.3, glyph, ha="center", va="center", size=12, weight="bold", bbox=backing, zorder=5)
    label = f"≤ {text}" if bound and isfinite(value) else text
    axes.text(x + 0.25, row + 0.7, label, ha="center", va="center", size=9, bbox=backing, zorder=5)


def sign_keys() -> list[Patch]:
    """Explain the cells of the grid of signs."""
    return [
        Patch(facecolor="#BFE3D7", label="+ cash left over"),
        Patch(facecolor="#F4B8B3", hatch="////", edgecolor=style.PAPER, label="− more spent than came in"),
        Patch(facecolor="#EFEFEF", hatch="....", edgecolor=style.PAPER, label="? a part is not known"),
    ]


def legend_below(axes: Axes, handles: Sequence[Line2D | Patch]) -> None:
    """Put a legend under the axes, outside the data, a fixed distance below the tick labels."""
    room = 0.12 if axes.xaxis.get_ticks_position() == "top" else 0.34
    height = style.figure_of(axes).get_figheight() - 1.7
    axes.legend(
        handles=list(handles), loc="upper left", bbox_to_anchor=(0, -room / height), ncols=3, borderaxespad=0,
        frameon=False, fontsize=9, handletextpad=0.4, columnspacing=1.4,
    )  # fmt: skip


def interval(axes: Axes, row: float, firm: pd.Series) -> None:
    """Draw one firm's slope with its interval and the two p values."""
    if not isfinite(firm["slope_a_year"]):
        text = f"too few quarters ({firm['observations']})"
        axes.annotate(text, (0, row), xytext=(6, 0), textcoords="offset points", va="center", size=9,
                      color=style.SMALL_PRINT, style="italic")  # fmt: skip
        return
    sure = firm["reading"] in ("falling", "rising")
    ink = style.NEGATIVE if firm["reading"] == "falling" else style.colour(firm["ticker"])
    axes.plot([firm["low"], firm["high"]], [row, row], color=ink, linewidth=2.4, solid_capstyle="butt")
    axes.plot(firm["slope_a_year"], row, "o", color=ink, markersize=8, markerfacecolor=ink if sure else style.PAPER,
              markeredgewidth=1.8)  # fmt: skip
    words = f"{firm['reading']}: {p_value(firm['p_hac'])} and {p_value(firm['p_seasonal'], '')}"
    axes.annotate(words, (1.0, row), xycoords=("axes fraction", "data"), xytext=(6, 0), textcoords="offset points",
                  va="center", ha="left", size=9, annotation_clip=False)  # fmt: skip


def name_beyond(axes: Axes, x: pd.Timestamp, label: str, ink: str) -> None:
    """Name a line that has left the scale, at the top where it left."""
    axes.annotate(f"{label} ↑", (date2num(x), 1.0), xycoords=("data", "axes fraction"), xytext=(0, -4),
                  textcoords="offset points", ha="right", va="top", size=9.5, weight="bold",
                  color=style.text_colour(ink))  # fmt: skip


def interval_limits(axes: Axes, table: pd.DataFrame) -> None:
    """Leave a margin around the widest interval, also where there is none."""
    known = table[["low", "high"]].to_numpy(dtype="float64")
    known = known[np.isfinite(known)]
    low, high = (min(0.0, known.min()), max(0.0, known.max())) if known.size else (-1.0, 1.0)
    pad = 0.06 * (high - low)
    axes.set_xlim(low - pad, high + pad)


def label_right(axes: Axes, ends: Mapping[str, tuple[object, float, str]]) -> None:
    """Name the lines at their ends, in a margin wide enough for the longest name."""
    longest = max((len(name) for name in ends), default=0)
    begin, end = axes.get_xlim()
    years = AutoDateLocator(minticks=3, maxticks=8).tick_values(*num2date([begin, end]))
    axes.set_xlim(begin, end + (end - begin) * 0.0125 * longest)
    axes.set_xticks([tick for tick in years if begin <= tick <= end])
    # Within two years a tick falls on months.
    axes.xaxis.set_major_formatter(DateFormatter("%Y" if end - begin > 730 else "%b %Y"))
    # Drawn once, so that labels are pushed apart on the final layout.
    style.figure_of(axes).draw_without_rendering()
    style.label_ends(axes, dict(ends))


def money_axis(axes: Axes, which: str) -> None:
    """Format one axis as USD billions; on a horizontal chart the grid turns with it."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(FuncFormatter(billions_axis))
    if which == "x":
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.axvline(0, color=style.INK, linewidth=1.0, zorder=3)
