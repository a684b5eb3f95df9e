"""A picture of what would cover the costs: every pair of price and paying share that does."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from helpers import units
from helpers.charts import style
from helpers.charts.chatgpt_revenue import SOURCE, text
from helpers.charts.unknown import not_known

_INKS = (style.THEN, style.NOW, style.COLOURS["ORCL"])
_PRICE_ROOM = 1.25


def iso_cost(lines: pd.DataFrame, points: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw the iso-cost line of each year with where subscriptions stood.

    Parameters
    ----------
    lines : DataFrame
        ``year``, ``conversion_percent``, ``price`` (USD a month).
    points : DataFrame
        One row a year, indexed by year: ``price``, ``conversion_percent``, ``price_needed``,
        ``conversion_needed_percent``, ``basis``.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
    """
    if points.empty:
        missing = "a year's costs with its payers and users"
        return not_known(missing, subtitle="Price and paying share", source=SOURCE, as_of=as_of, unit="USD a month")
    axes: Axes
    figure, axes = style.canvas(height=4.4)
    top = _PRICE_ROOM * float(points["price_needed"].max())
    right = 1.15 * float(points["conversion_needed_percent"].max())
    ends = {}
    for ink, (year, point) in zip(_INKS, points.iterrows(), strict=False):
        line = lines[(lines["year"] == year) & (lines["price"] <= top) & (lines["conversion_percent"] <= right)]
        axes.plot(line["conversion_percent"], line["price"], color=ink)
        label = f"{year}" if point["basis"] == "outcome" else f"{year}, expected"
        ends[label] = (float(line["conversion_percent"].iloc[-1]), float(line["price"].iloc[-1]), ink)
        _stand(axes, point, ink, above=len(ends) > 1)
    axes.set_xlim(0, right)
    axes.set_ylim(0, top)
    axes.xaxis.set_major_formatter(FuncFormatter(units.percent_axis))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: rf"\${value:,.0f}"))
    axes.set_xlabel("share of weekly users who pay")
    axes.set_ylabel("paid a month")
    title = _message(points)
    style.finish(
        figure,
        title=title,
        subtitle="Lines: price and paying share that cover all costs of a year, same users. Dots: where it stood",
        source=SOURCE,
        as_of=as_of,
        unit="USD a month",
        alt=title,
        data=lines,
    )
    style.label_ends(axes, ends)
    return axes


def _stand(axes: Axes, point: pd.Series, ink: str, above: bool) -> None:
    """Mark where subscriptions stood and the way up and right to the line."""
    x, y = float(point["conversion_percent"]), float(point["price"])
    up, along = float(point["price_needed"]), float(point["conversion_needed_percent"])
    arrow = {"arrowstyle": "->", "color": ink, "linewidth": 1, "linestyle": ":"}
    axes.annotate("", (x, up), (x, y), arrowprops=arrow)
    axes.annotate("", (along, y), (x, y), arrowprops=arrow)
    axes.plot(x, y, "o", color=ink, ms=7)
    side: dict[str, Any] = {"xytext": (-6, 4), "ha": "right"} if above else {"xytext": (7, 6), "ha": "left"}
    axes.annotate(text(f"${up:,.0f}"), (x, up), textcoords="offset points", size=9.5, weight="bold", color=ink, **side)
    axes.annotate(
        units.percent(along, 0),
        (along, y),
        xytext=(5, 6),
        textcoords="offset points",
        size=9.5,
        weight="bold",
        color=ink,
        bbox={"fc": style.PAPER, "ec": "none", "pad": 0.4},
    )


def _message(points: pd.DataFrame) -> str:
    point = points.iloc[-1]
    year = points.index[-1]
    price = units.write(round(point["price_needed"]), "USD a month")
    share = units.percent(point["conversion_needed_percent"], 0)
    now = f"{units.write(round(point['price']), 'USD')} and {units.percent(point['conversion_percent'])}"
    verb = "took" if point["basis"] == "outcome" else "was expected to take"
    return f"Covering the costs of {year} {verb} {price}, or {share} of weekly users paying; it was {now}"
