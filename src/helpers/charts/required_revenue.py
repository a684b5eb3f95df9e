"""Pictures of what would have to be true: a bundle that pays, specialised seats, costs over payers and prices."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from helpers import units
from helpers.charts import style
from helpers.charts.chatgpt_revenue import text
from helpers.charts.marks import dollar_axis, dollar_log_ticks
from helpers.charts.monetisation_ways import MODEL
from helpers.charts.unknown import not_known

_LIFE_INKS = (style.COLOURS["ORCL"], style.NOW, style.COLOURS["GOOGL"])


def bundle(lines: pd.DataFrame, *, attach_percent: float, price_usd: float, needed: tuple[float, float], seats: str,
           as_of: str) -> Axes:  # fmt: skip
    """Draw the prices and attach rates that pay for AI equipment, with where the bundle stands.

    Parameters
    ----------
    lines : DataFrame
        ``life`` (years), ``attach_percent``, ``price`` (USD a seat a month).
    attach_percent, price_usd : float
        Where it stands.
    needed : (float, float)
        Attach rate (per cent) at that price, and price at that attach rate, of the middle life.
    seats : str
        The seats in words.
    as_of : str

    Returns
    -------
    Axes
    """
    subtitle = f"Price and share of {seats} that cover Microsoft's write-off of AI equipment, by its life in years"
    known = lines.dropna(subset=["price"])
    known = known[known["price"] > 0]
    if known.empty:
        missing = "capex above the pace of 2022"
        return not_known(missing, subtitle=subtitle, source=MODEL, as_of=as_of, unit="USD a month")
    axes: Axes
    figure, axes = style.canvas(height=4.4)
    attach, price = needed
    top = max(1.25 * price if np.isfinite(price) else 0.0, 1.6 * price_usd, 30.0)
    right = min(100.0, max(1.6 * attach, 2 * attach_percent, 10.0))
    ends = {}
    for ink, (life, part) in zip(_LIFE_INKS, known.groupby("life"), strict=False):
        shown = part[(part["price"] <= top) & (part["attach_percent"] <= right)]
        if len(shown):
            axes.plot(shown["attach_percent"], shown["price"], color=ink)
            ends[f"{float(str(life)):g} years"] = (
                float(shown["attach_percent"].iloc[-1]),
                float(shown["price"].iloc[-1]),
                ink,
            )
    axes.plot(attach_percent, price_usd, "o", color=style.INK, ms=8)
    axes.annotate(
        "here", (attach_percent, price_usd), xytext=(0, -15), textcoords="offset points", ha="center", size=9.5,
        weight="bold",
    )  # fmt: skip
    axes.set_xlim(0, 1.15 * right)
    axes.set_ylim(0, top)
    axes.xaxis.set_major_formatter(FuncFormatter(units.percent_axis))
    dollar_axis(axes.yaxis)
    axes.set_xlabel("share of the seats that takes the extra")
    axes.set_ylabel("a seat a month")
    at = units.percent(attach_percent)
    second = f"or ${price:,.0f} at {at}" if np.isfinite(price) else "and no price does without a seat"
    title = f"At ${price_usd:,.0f} it takes {units.percent(attach, 0)} of the seats to cover the equipment, {second}"
    style.finish(figure, title=title, subtitle=subtitle, source=MODEL, as_of=as_of, unit="USD a month",
                 alt=f"{title}; it stands at {at} and ${price_usd:,.0f}.", data=lines)  # fmt: skip
    style.label_ends(axes, ends)
    return axes


def specialised(curve: pd.DataFrame, marks: pd.DataFrame, *, premium: float, as_of: str) -> Axes:
    """Draw the seats that would cover a cost at each premium over the general price.

    Parameters
    ----------
    curve : DataFrame
        ``premium`` (times the general price), ``seats`` (millions).
    marks : DataFrame
        ``label``, ``seats`` (millions): seats sold today, for comparison.
    premium : float
        The likeliest premium.
    as_of : str

    Returns
    -------
    Axes
    """
    subtitle = "Seats at a multiple of the general price that cover Microsoft's write-off of AI equipment, millions"
    if curve["seats"].isna().all() or not (curve["seats"] > 0).any():
        missing = "capex above the pace of 2022"
        return not_known(missing, subtitle=subtitle, source=MODEL, as_of=as_of, unit="million")
    axes: Axes
    figure, axes = style.canvas(height=4.0)
    axes.plot(curve["premium"], curve["seats"], color=style.NOW, linewidth=2.2)
    at = float(np.interp(premium, curve["premium"], curve["seats"]))
    axes.plot(premium, at, "o", color=style.NOW, ms=8)
    axes.annotate(f"{at:,.0f} million at {premium:g} times the price", (premium, at), xytext=(10, 8), size=9.5,
                  textcoords="offset points", weight="bold", color=style.text_colour(style.NOW))  # fmt: skip
    right = float(curve["premium"].max())
    axes.set_xlim(float(curve["premium"].min()), right * 1.35)
    axes.set_ylim(0, 1.08 * float(curve["seats"].max()))
    ends = {}
    for _, row in marks.iterrows():
        axes.plot([curve["premium"].min(), right], [row["seats"]] * 2, color=style.THEN, linewidth=1.1,
                  linestyle=(0, (4, 3)))  # fmt: skip
        ends[str(row["label"])] = (right, float(row["seats"]), style.THEN)
    axes.set_xticks([tick for tick in (1, 2, 4, 6, 8, 10) if tick <= right])
    axes.set_xlabel("price of the specialised product over the general one")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
    top = marks["seats"].max() if len(marks) else np.nan
    beside = f"; today's largest count is {top:,.0f} million" if np.isfinite(top) else ""
    title = f"At {premium:g} times the general price {at:,.0f} million seats would cover the equipment{beside}"
    style.finish(figure, title=title, subtitle=subtitle, source=MODEL, as_of=as_of, unit="million", alt=title,
                 data=curve)  # fmt: skip
    style.label_ends(axes, ends)
    return axes


def break_even(surface: pd.DataFrame, points: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw how much of a model maker's costs each price and number of payers would bring.

    Parameters
    ----------
    surface : DataFrame
        ``company``, ``price`` (USD a month), ``payers`` (millions), ``percent`` of costs.
    points : DataFrame, indexed by company
        ``year``, ``expenses`` (USD millions), ``payers`` (millions, missing where unknown), ``price``
        (all revenue a payer), ``price_needed``, ``basis``.
    as_of : str

    Returns
    -------
    Axes
    """
    subtitle = "Price a month and payers that bring in 25, 50 and all (bold) of a year's costs; dot: now, ring: needed"
    source = "companies, press and leaked accounts (vendor_metrics; many rows found through Epoch AI, CC BY 4.0)"
    if points.empty:
        missing = "a year's costs of a model maker"
        return not_known(missing, subtitle=subtitle, source=source, as_of=as_of, unit="percent")
    figure, grid = style.canvas(1, len(points), height=4.2, sharey=True, squeeze=False)
    for axes, (name, point) in zip(grid[0], points.iterrows(), strict=True):
        part = surface[surface["company"] == name]
        table = part.pivot_table(index="price", columns="payers", values="percent")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.contourf(table.columns, table.index, table, levels=[0, 25, 50, 100, 1e9],
                      colors=["#F4F4F4", "#DCE9F2", "#BFD5E6", "#7FB0D3"])  # fmt: skip
        axes.contour(table.columns, table.index, table, levels=[100], colors=[style.INK], linewidths=2)
        axes.contour(table.columns, table.index, table, levels=[25, 50], colors=[style.THEN], linewidths=1)
        expected = "" if point["basis"] == "outcome" else ", expected"
        axes.set_title(text(f"{name}, {point['year']}{expected}: {units.money(point['expenses'])}"), size=9.5)
        if np.isfinite(point["payers"]):
            axes.plot(point["payers"], point["price"], "o", color=style.colour(str(name)), ms=9)
            axes.plot(point["payers"], point["price_needed"], "o", mfc="none", mew=2, color=style.INK, ms=8)
        else:
            axes.text(0.04, 0.04, "payers: not known", transform=axes.transAxes, size=9, color=style.SMALL_PRINT)
        axes.xaxis.set_major_locator(FixedLocator([5, 20, 50, 200, 500]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_xlabel("paying users, millions")
        axes.grid(visible=False)
    dollar_log_ticks(grid[0][0].yaxis, (5, 10, 20, 50, 100, 200))
    for axes in grid[0][1:]:
        axes.tick_params(labelleft=False)
    title = _break_even_title(points)
    style.finish(figure, title=title, subtitle=subtitle, source=source, as_of=as_of, unit="percent",
                 alt=f"{title}. Firms shown: {len(points)}.", data=surface)  # fmt: skip
    first: Axes = grid[0][0]
    return first


def _break_even_title(points: pd.DataFrame) -> str:
    known = points[points["payers"].notna()]
    if known.empty:
        return f"What {', '.join(points.index)} spent is known, how many pay is not"
    name, point = known.index[0], known.iloc[0]
    return (
        f"{name}'s last count of payers brought ${point['price']:,.0f} a month each with all other revenue; "
        f"its costs of {point['year']} took ${point['price_needed']:,.0f}"
    )
