"""Small things that several pictures share: notes beside marks, ticks of logarithmic axes, a legend under the axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator


def plain_log(axes: Axes, values: pd.Series) -> None:
    """Write the ticks of a log axis as plain numbers, more of them where the range is small."""
    narrow = len(values) and values.max() < 12 * values.min()
    subs = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0) if narrow else (1.0, 2.0, 5.0)
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=subs, numticks=12))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _=None: f"{value:,.0f}" if value >= 1 else f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def legend_below(axes: Axes, handles: Sequence[Any], height: float, room: float = 0.32) -> None:
    """Put a legend under the axes, `room` inches below; `height` is about theirs, in inches."""
    axes.legend(
        handles=list(handles), loc="upper left", bbox_to_anchor=(0, -room / height), ncols=3, borderaxespad=0,
        frameon=False, fontsize=9, handletextpad=0.4, columnspacing=1.4,
    )  # fmt: skip


def note(axes: Any, text: str, at: tuple[Any, Any], shift: tuple[float, float] = (0, 2), **looks: Any) -> None:
    """Write a short text beside a mark, in the house's smallest size unless told otherwise.

    Parameters
    ----------
    axes : Axes
    text : str
        A dollar in it is a dollar, not mathematics.
    at : (x, y)
        The mark, in data coordinates.
    shift : (float, float)
        From there, in points. By default just above.
    **looks
        Passed to ``Axes.annotate``.
    """
    axes.annotate(
        text.replace("$", r"\$"), at, xytext=shift, textcoords="offset points", **{"size": 9, "ha": "center"} | looks
    )


def beside(axes: Any, text: str, at: tuple[Any, Any], gap: float = 4, **looks: Any) -> None:
    """Write a short text to the right of a mark; to the left if `gap` is negative."""
    note(axes, text, at, (gap, 0), **{"ha": "left" if gap > 0 else "right", "va": "center"} | looks)


def grid_across(axes: Axes) -> None:
    """Draw the grid for rows that lie on top of each other: along the values, not between the rows."""
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")


def dollar_axis(axis: Any, digits: int = 0) -> None:
    """Write the ticks of an axis in USD."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: rf"\${value:,.{digits}f}"))


def dollar_log_ticks(axis: Any, ticks: Sequence[float]) -> None:
    """Put the given ticks, and no others, on a logarithmic axis in USD."""
    axis.set_major_locator(FixedLocator(list(ticks)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: rf"\${value:g}"))
