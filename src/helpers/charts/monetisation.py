"""Pictures of who says what AI brings, how much that is, and what would bring old cash margins back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from helpers import units
from helpers.charts import style
from helpers.charts.chatgpt_revenue import text
from helpers.charts.marks import grid_across
from helpers.charts.unknown import not_known

SOURCE = "companies, press and filings (tables vendor_metrics, cash_flows; many rows found through Epoch AI, CC BY 4.0)"
FILINGS = "company filings (table cash_flows), own arithmetic"
_INKS = {
    "five builders, above 2022": style.NOW,
    "five builders, all capex": style.THEN,
    "Microsoft alone, above 2022": style.COLOURS["ORCL"],
}
_TICKS = (0.5, 1, 2, 5, 10, 25, 50, 100)
_TICKERS = {"Microsoft": "MSFT", "Amazon": "AMZN", "Alphabet": "GOOGL", "Meta": "META"}


def ratio_by_year(years: pd.DataFrame, *, low: float, high: float, as_of: str) -> Axes:
    """Draw AI revenue over what stands for AI capex, year by year, with the thresholds of the claim.

    Parameters
    ----------
    years : DataFrame, one row a denominator and year, of one numerator
        ``numerator``, ``denominator``, ``year``, ``quarters``, ``percent``, ``deciding``.
    low, high : float
        Thresholds in per cent.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
    """
    subtitle = f"AI revenue in per cent of AI capex by each rule for it, logarithmic; dashed: {low:g} % and {high:g} %"
    known = years.dropna(subset=["percent"])
    if known.empty:
        return not_known("AI revenue of a vendor", subtitle=subtitle, source=SOURCE, as_of=as_of, unit="percent")
    axes: Axes
    figure, axes = style.canvas(height=4.4)
    axes.set_yscale("log")
    ends = {}
    for name, part in known.groupby("denominator", sort=False):
        ink = _INKS.get(str(name), style.THEN)
        axes.plot(part["year"], part["percent"], "o-", color=ink, ms=7 if part["deciding"].any() else 5)
        ends[_short(str(name))] = (int(part["year"].iloc[-1]), float(part["percent"].iloc[-1]), ink)
    full = years.drop_duplicates("year").set_index("year")["quarters"]
    first, last = int(years["year"].min()), int(years["year"].max())
    axes.set_xticks(range(first, last + 1), [_year(year, int(full.get(year, 0))) for year in range(first, last + 1)])
    axes.set_xlim(first - 0.25, last + 0.34 * (last - first + 1) + 0.3)
    for edge in (low, high):
        # They end before the labels, which they would strike through.
        axes.plot([first - 0.25, last + 0.05], [edge, edge], color=style.INK, linewidth=1.1, linestyle=(0, (4, 3)))
    bottom = min(0.8 * float(known["percent"].min()), 4.0)
    axes.set_ylim(bottom, max(1.5 * float(known["percent"].max()), 40))
    axes.yaxis.set_major_locator(FixedLocator([tick for tick in _TICKS if tick >= bottom]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(units.percent_axis))
    span = known[known["year"] == known["year"].max()]
    when = f"In {last}" if full.get(last, 0) == 4 else f"In {last} so far"
    shares = [units.percent(share, 0) for share in (span["percent"].min(), span["percent"].max())]
    title = f"{when} AI revenue was {' to '.join(dict.fromkeys(shares))} of AI capex, which no firm states"
    title += ": the rule for it decides" if len(span) > 1 else ""
    style.finish(figure, title=title, subtitle=subtitle, source=SOURCE, as_of=as_of, unit="percent",
                 alt=f"{title}. Lines over {last - first + 1} years, thresholds at {low:g} and {high:g} per cent.",
                 data=years.drop(columns="rows", errors="ignore"))  # fmt: skip
    style.label_ends(axes, ends, offset=8)
    return axes


def _year(year: int, quarters: int) -> str:
    """Name a year, and how much of it is known where that is not all."""
    return str(year) if quarters == 4 else f"{year}\n({quarters} quarter{'s' if quarters > 1 else ''})"


def _short(denominator: str) -> str:
    return denominator.replace("five builders, ", "five, ").replace("Microsoft alone, ", "Microsoft, ")


def disclosure_timeline(stated: pd.DataFrame, vendors: Sequence[str], *, as_of: str) -> Axes:
    """Draw when each vendor's AI revenue became known, and who told.

    Parameters
    ----------
    stated : DataFrame
        ``vendor``, ``published``, ``kind``, ``annual``.
    vendors : sequence of str
        All of them, also those without a figure.
    as_of : str

    Returns
    -------
    Axes
    """
    subtitle = "Figures of yearly AI revenue by the day they became public"
    if stated.empty:
        return not_known("any vendor's AI revenue", subtitle=subtitle, source=SOURCE, as_of=as_of, unit="date")
    figure, axes = style.canvas(height=3.6)
    own = stated["kind"] == "reported"
    place = {name: -row for row, name in enumerate(vendors)}
    heights = stated["vendor"].map(place)
    axes.scatter(stated.loc[~own, "published"], heights[~own], s=34, facecolors="none", edgecolors=style.THEN,
                 linewidths=1.4)  # fmt: skip
    axes.scatter(stated.loc[own, "published"], heights[own], s=46, color=style.NOW, zorder=3)
    axes.set_yticks([place[name] for name in vendors], list(vendors))
    axes.set_ylim(-len(vendors) + 0.4, 0.6)
    grid_across(axes)
    axes.set_xlim(pd.Timestamp("2023-01-01"), pd.Timestamp(as_of) + pd.Timedelta(days=30))
    for name in vendors:
        if name not in set(stated["vendor"]):
            axes.text(pd.Timestamp("2023-02-01"), place[name], "no figure of AI revenue in the tables", size=9,
                      va="center", color=style.SMALL_PRINT)  # fmt: skip
    said = stated.loc[own, "vendor"].nunique()
    title = f"{said} of {len(vendors)} large vendors have said themselves what AI brings them"
    style.finish(
        figure,
        title=title,
        subtitle=f"{subtitle}; filled: the firm said so, hollow: leaked or estimated",
        source=SOURCE,
        as_of=as_of,
        unit="date",
        alt=f"{title}; {int(own.sum())} figures by the firms, {int((~own).sum())} leaked or estimated.",
        data=stated.reset_index(names="row"),
    )
    return cast("Axes", axes)


def share_of_revenue(shares: pd.DataFrame, silent: Sequence[str], *, low: float, high: float, as_of: str) -> Axes:
    """Draw stated AI revenue as a share of all revenue of the quarter.

    Parameters
    ----------
    shares : DataFrame
        ``vendor``, ``date``, ``ai``, ``revenue`` (USD millions a quarter), ``percent``.
    silent : sequence of str
        Listed vendors that state nothing.
    low, high : float
        Thresholds in per cent.
    as_of : str

    Returns
    -------
    Axes
    """
    subtitle = f"Stated AI run-rate over revenue of the same quarter, per cent; dashed: {low:g} % and {high:g} %"
    if shares.empty:
        missing = f"AI revenue of {', '.join(silent)}"
        return not_known(missing, subtitle=subtitle, source=SOURCE, as_of=as_of, unit="percent")
    labels = [f"{row['vendor']}, {row['date']:%b %Y}" for _, row in shares.iterrows()] + list(silent)
    axes: Axes
    figure, axes = style.canvas(height=1.9 + 0.34 * len(labels))
    inks = [style.colour(_TICKERS[name]) for name in shares["vendor"]]
    axes.barh(range(len(shares)), shares["percent"], color=inks, height=0.6)
    for row, (_, line) in enumerate(shares.iterrows()):
        words = f"{units.percent(line['percent'])}  ({units.money(line['ai'])} of {units.money(line['revenue'])})"
        axes.annotate(text(words), (line["percent"], row), xytext=(5, 0), textcoords="offset points", va="center",
                      size=9, bbox={"fc": style.PAPER, "ec": "none", "pad": 0.6})  # fmt: skip
    for row in range(len(shares), len(labels)):
        axes.annotate("not disclosed", (0, row), xytext=(5, 0), textcoords="offset points", va="center", size=9,
                      color=style.SMALL_PRINT)  # fmt: skip
    for edge in (low, high):
        axes.axvline(edge, color=style.INK, linewidth=1.1, linestyle=(0, (4, 3)), zorder=0)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlim(0, max(1.7 * float(shares["percent"].max()), 1.5 * high))
    axes.xaxis.set_major_formatter(FuncFormatter(units.percent_axis))
    axes.grid(visible=False, axis="y")
    top = shares[shares["percent"] == shares["percent"].max()].iloc[0]
    brought = f"AI brings {top['vendor']} {units.percent(top['percent'], 0)} of its revenue"
    title = f"{brought}; {len(silent)} of the four say nothing"
    style.finish(figure, title=title, subtitle=subtitle, source=SOURCE, as_of=as_of, unit="percent",
                 alt=f"{title}. The share was {units.percent(top['percent'])} in {top['date']:%B %Y}.",
                 data=shares.drop(columns="rows", errors="ignore"))  # fmt: skip
    return axes


def margins_to_restore(firms: pd.DataFrame, *, users: str, as_of: str) -> Axes:
    """Draw what each builder would need from each user to have its cash margin of 2019 back.

    Parameters
    ----------
    firms : DataFrame, indexed by ticker
        ``before``, ``now`` (per cent of revenue), ``needed`` (USD millions a year) and ``usd_a_month``.
    users : str
        Whose users, in words.
    as_of : str

    Returns
    -------
    Axes
    """
    subtitle = f"AI revenue needed, dollars a month from each of {users}; beside it USD a year and the cash margins"
    known = firms.dropna(subset=["usd_a_month"])
    if known.empty:
        missing = "cash margins of 2019 and now, and users"
        return not_known(missing, subtitle=subtitle, source=FILINGS, as_of=as_of, unit="USD a month")
    axes: Axes
    figure, axes = style.canvas(height=3.5)
    order = known.sort_values("usd_a_month", ascending=False)
    inks = [style.colour(str(name)) for name in order.index]
    axes.barh(range(len(order)), order["usd_a_month"], color=inks, height=0.6)
    for row, (_, line) in enumerate(order.iterrows()):
        words = (
            f"${line['usd_a_month']:.2f}: {units.money(line['needed'], 0)} a year; "
            f"margin {units.percent(line['before'], 0)} then, {units.percent(line['now'], 0)} now"
        )
        axes.annotate(text(words), (line["usd_a_month"], row), xytext=(5, 0), textcoords="offset points",
                      va="center", size=9)  # fmt: skip
    axes.set_yticks(range(len(order)), [style.company(str(name)) for name in order.index])
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_xlim(0, 2.3 * max(float(order["usd_a_month"].max()), 0.01))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: rf"\${value:,.0f}"))
    grid_across(axes)
    total, each = float(order["needed"].sum()), float(order["usd_a_month"].sum())
    title = (
        f"Cash margins of 2019 would take {units.money(total, 0)} more AI revenue a year, ${each:,.0f} a user a month"
    )
    most = f"{style.company(str(order.index[0]))}: {units.money(order['needed'].iloc[0])}"
    style.finish(figure, title=title, subtitle=subtitle, source=FILINGS, as_of=as_of, unit="USD a month",
                 alt=f"{title}. Most is needed by {most}.",
                 data=firms.drop(columns="rows", errors="ignore").reset_index())  # fmt: skip
    return axes


def needed_a_payer(simulated: pd.DataFrame, quantiles: pd.Series, *, as_of: str) -> Axes:
    """Draw the simulated price a payer would have to bring, on a logarithmic axis.

    Parameters
    ----------
    simulated : DataFrame
        ``usd_a_month``, one row a draw.
    quantiles : Series
        Of it, by probability, three of them.
    as_of : str

    Returns
    -------
    Axes
    """
    subtitle = "Dollars a payer a month, logarithmic; dark: the middle 90 % of the draws"
    source = "own simulation; every range is a row of assumptions.csv"
    drawn = simulated["usd_a_month"].dropna()
    drawn = drawn[drawn > 0]
    if drawn.empty:
        missing = "the builders' cash margins"
        return not_known(missing, subtitle=subtitle, source=source, as_of=as_of, unit="USD a month")
    axes: Axes
    figure, axes = style.canvas(height=3.6)
    low, middle, high = (float(value) for value in quantiles)
    edges = np.geomspace(drawn.quantile(0.002), drawn.quantile(0.998), 50)
    counts, _ = np.histogram(drawn, bins=edges)
    inside = (edges[:-1] >= low) & (edges[1:] <= high)
    axes.bar(edges[:-1], counts, width=np.diff(edges), align="edge",
             color=np.where(inside, style.NOW, "#BFD5E6").tolist())  # fmt: skip
    axes.set_xscale("log")
    axes.axvline(middle, color=style.INK, linewidth=1.2)
    axes.annotate(text(f"median ${middle:,.0f}"), (middle, counts.max()), xytext=(0, 6), textcoords="offset points",
                  ha="center", size=9.5, weight="bold", bbox={"fc": style.PAPER, "ec": "none", "pad": 0.6})  # fmt: skip
    axes.set_ylim(0, 1.18 * counts.max())
    axes.set_yticks([])
    axes.grid(visible=False)
    ticks = [tick for tick in (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if edges[0] <= tick <= edges[-1]]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: rf"\${value:,.0f}"))
    title = f"Each payer would have to bring the five builders ${low:,.0f} to ${high:,.0f} a month"
    style.finish(figure, title=title, subtitle=subtitle, source=source, as_of=as_of, unit="USD a month",
                 alt=f"{title}; the median of {len(simulated):,} draws is ${middle:,.0f}.",
                 data=pd.DataFrame({"from_usd": edges[:-1], "to_usd": edges[1:], "draws": counts}))  # fmt: skip
    return axes


def tornado(bars: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw how far each assumption moves the price a payer would have to bring, widest on top.

    Parameters
    ----------
    bars : DataFrame
        Widest first: ``label``, ``low``, ``high``, ``at_low``, ``at_high``, ``central``, ``width``.
    as_of : str

    Returns
    -------
    Axes
    """
    subtitle = "Dollars a payer a month over each range, the others at their medians (ends of the ranges at the bars)"
    source = "own arithmetic; every range is a row of assumptions.csv"
    if bars.empty:
        missing = "the builders' cash margins"
        return not_known(missing, subtitle=subtitle, source=source, as_of=as_of, unit="USD a month")
    axes: Axes
    figure, axes = style.canvas(height=3.3)
    for place, (_, row) in enumerate(bars.iterrows()):
        _swing(axes, -place, row)
    central = float(bars["central"].iloc[0])
    axes.axvline(central, color=style.INK, linewidth=1)
    axes.set_yticks([-place for place in range(len(bars))], list(bars["label"]))
    axes.margins(x=0.1)
    grid_across(axes)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: rf"\${value:,.0f}"))
    first = bars.iloc[0]
    low, high = sorted((first["at_low"], first["at_high"]))
    title = f"“{first['label']}” alone moves the answer from ${low:,.0f} to ${high:,.0f}"
    style.finish(figure, title=title, subtitle=subtitle, source=source, as_of=as_of, unit="USD a month",
                 alt=f"{title} around ${central:,.0f}; next is {bars['label'].iloc[1]}.",
                 data=bars.reset_index())  # fmt: skip
    return axes


def _swing(axes: Axes, place: float, row: pd.Series) -> None:
    """Draw one bar from its low to its high end, each end with the value of its assumption."""
    for end, shade in (("low", style.COLOURS["META"]), ("high", style.NOW)):
        value = row[f"at_{end}"]
        axes.barh(place, value - row["central"], left=row["central"], height=0.6, color=shade)
        side = 1 if value > row["central"] else -1
        axes.annotate(f"{row[end]:g}", (value, place), xytext=(4 * side, 0), textcoords="offset points",
                      ha="left" if side > 0 else "right", va="center", size=9)  # fmt: skip
