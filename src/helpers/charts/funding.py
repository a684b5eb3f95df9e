"""Pictures of who pays a start-up: money raised against revenue, rounds, valuations, multiples, runway.

Every function takes a tidy frame, in USD millions as the tables hold it. Titles are computed from the frame, so that
a picture of another day says what was true that day.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from helpers.charts import style
from helpers.charts.marks import beside, grid_across, note
from helpers.units import RUNWAY_CAP_YEARS, billions_axis, count, money, percent, runway, runway_range

ROUNDS_SOURCE = "company announcements and the press, many found through Epoch AI (table funding_rounds)"
BOTH_SOURCE = "announcements and the press, many found through Epoch AI (funding_rounds, vendor_metrics)"
BILLION = 1000.0
INSTRUMENT_LOOKS = {
    "equity": ("#0072B2", ""),
    "equity, part compute credits": ("#56B4E9", "...."),
    "convertible": ("#E69F00", "////"),
    "debt": ("#D55E00", "xxxx"),
}
# A ratio above this would flatten the others: its bar is cut and its number says so.
RATIO_LIMIT = 20.0
# A bar lower than this share of the highest gets no number.
LEAST_LABEL = 0.06


def company_colour(name: str) -> str:
    """Return a company's colour, grey for those without one of their own."""
    return style.COLOURS.get(name, style.THEN)


def raised_against_revenue(ratios: pd.DataFrame, *, year: int, as_of: str) -> Axes:
    """Draw money raised over revenue of one year, a bar a firm, with the line where they are equal.

    Parameters
    ----------
    ratios : DataFrame, one row a firm, highest first
        ``company``, ``ratio``, ``at_least``, ``raised_usd_m``, ``revenue_usd_m``.
    year : int
    as_of : str
        ISO date: what was known on this day.

    Returns
    -------
    Axes
    """
    figure, axes = style.canvas(height=2.0 + 0.42 * max(len(ratios), 1))
    limit = min(RATIO_LIMIT, max(1.5, float(ratios["ratio"].max()))) if len(ratios) else 1.5
    labels = []
    for y, row in enumerate(ratios.to_dict("records")):
        shown = min(row["ratio"], limit)
        bar = axes.barh(y, shown, color=company_colour(row["company"]), height=0.62)
        if row["at_least"]:
            bar[0].set_hatch("//")
            bar[0].set_edgecolor(style.PAPER)
        sign = "at least " if row["at_least"] else ""
        cut = ", bar cut" if row["ratio"] > limit else ""
        on = f"{money(row['raised_usd_m'])} on {money(row['revenue_usd_m'])}"
        text = f"{sign}{count(row['ratio'], digits=1)} ({on}{cut})"
        beside(axes, text, (shown, y))
        labels.append(f"{row['company']} {sign}{count(row['ratio'], digits=1)}")
    axes.axvline(1, color=style.INK, linewidth=1.2, zorder=3)
    beside(axes, "revenue", (1, len(ratios) - 0.45), 3)
    axes.set_yticks(range(len(ratios)), list(ratios["company"]), weight="bold")
    axes.set_ylim(len(ratios) - 0.25, -0.6)
    # Room for the numbers behind the bars.
    axes.set_xlim(0, limit * 1.75)
    axes.grid(False)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    above = int((ratios["ratio"] > 1).sum())
    title = f"In {year}, {above} of {len(ratios)} AI start-ups raised more than they took in."
    if ratios.empty:
        title = f"Of {year}, no revenue of a start-up that raised money is known."
    style.finish(
        figure, title=title,
        subtitle="Money raised over revenue of the calendar year, ratio; hatched: a lower bound, because only a "
        "run-rate bounds revenue",
        source=BOTH_SOURCE, as_of=as_of, unit="ratio",
        alt=f"Horizontal bars of {len(ratios)} firms. {title} Ratios: {', '.join(labels) or 'none known'}.",
        data=ratios.drop(columns="rows", errors="ignore") if len(ratios) else nothing(),
    )  # fmt: skip
    return _first(axes)


def raised_by_instrument(raised: pd.DataFrame, *, companies: list[str], as_of: str) -> Axes:
    """Draw the money raised each year, stacked by instrument, a panel a firm on its own scale.

    Parameters
    ----------
    raised : DataFrame, one row a firm and year
        ``company``, ``year``, one column an instrument, ``raised_usd_m``.
    companies : list of str
    as_of : str

    Returns
    -------
    Axes
        The first firm's.
    """
    figure, grid = style.canvas(1, len(companies), squeeze=False, height=4.0)
    chosen = raised[raised["company"].isin(companies)]
    last = pd.Timestamp(as_of).year
    first = int(chosen["year"].min()) if len(chosen) else last
    for axes, company in zip(grid.flat, companies, strict=True):
        firm = chosen[chosen["company"] == company].set_index("year")[list(INSTRUMENT_LOOKS)]
        firm = firm.reindex(range(first, last + 1)).fillna(0.0)
        bottom = pd.Series(0.0, index=firm.index)
        for instrument, (ink, hatch) in INSTRUMENT_LOOKS.items():
            height = firm[instrument] / BILLION
            axes.bar(
                firm.index,
                height,
                bottom=bottom,
                color=ink,
                # A hatch is slow to draw, even where a bar has no height.
                hatch=[hatch if tall else None for tall in height],
                edgecolor=style.PAPER,
                linewidth=0,
                width=0.75,
            )
            bottom = bottom + height
        for year, total in bottom.items():
            # The smallest totals would write over each other; they stand in the table.
            if total > LEAST_LABEL * bottom.max():
                note(axes, f"${total:.1f}bn", (year, total))
        panel_title(axes, company)
        axes.yaxis.set_major_formatter(FuncFormatter(billions_axis))
        axes.set_xticks(list(firm.index), [f"{year % 100:02d}" for year in firm.index])
        axes.margins(y=0.12)
    totals = chosen.groupby("company")["raised_usd_m"].sum()
    told = " and ".join(
        f"{company}{' has raised' if place == 0 else ''} {money(float(totals.get(company, 0)))}"
        for place, company in enumerate(companies)
    )
    newest = chosen[chosen["year"] == last]["raised_usd_m"].sum()
    share = f", {percent(100 * float(newest / totals.sum()), 0)} of it in {last}" if totals.sum() else ""
    title = f"Since {first} {told}{share}."
    style.finish(
        figure, title=title,
        subtitle="Money of rounds that closed, each dollar once, USD billions a year; each firm on its own scale",
        source=ROUNDS_SOURCE, as_of=as_of, unit="USD billions",
        alt=f"Stacked bars by year for {len(companies)} firms. {title}",
        data=chosen.drop(columns="rows", errors="ignore") if len(chosen) else nothing(),
    )  # fmt: skip
    looks = INSTRUMENT_LOOKS.items()
    patches = [Patch(facecolor=ink, hatch=hatch, edgecolor=style.PAPER, label=name) for name, (ink, hatch) in looks]
    legend_over_source(figure, patches, columns=4)
    return _first(grid.flat[0])


def valuation_steps(case: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw Anthropic's post-money values on a log axis, the article's rounds marked, each with its step.

    Parameters
    ----------
    case : DataFrame, one row a round, oldest first
        ``date``, ``round``, ``amount_usd_m``, ``post_money_usd_m``, ``multiple``, ``months``, ``in_article``.
    as_of : str

    Returns
    -------
    Axes
    """
    figure, axes = style.canvas(height=4.4)
    if len(case):
        values = case["post_money_usd_m"] / BILLION
        end = pd.Timestamp(as_of)
        axes.step([*case["date"], end], [*values, values.iloc[-1]], where="post", color=style.colour("Anthropic"))
        axes.set_yscale("log")
        axes.set_ylim(values.min() * 0.45, values.max() * 2)
        axes.set_xlim(case["date"].min() - pd.Timedelta(days=60), end + pd.Timedelta(days=30))
        for place, (_, row) in enumerate(case.iterrows()):
            _mark_round(axes, row, first=place == 0)
        _log_money(axes, float(values.min()), float(values.max()))
    known = case.dropna(subset=["multiple"])
    article = known[known["in_article"]].tail(1)
    told_of = [one for _, one in (article if len(article) else known.tail(1)).iterrows()]
    title = (
        f"Anthropic's {told_of[0]['round']} valued it at {count(told_of[0]['multiple'], digits=2)} times the round "
        f"{count(told_of[0]['months'], 'months', 0)} before."
        if told_of else "No step in Anthropic's value is known."
    )  # fmt: skip
    after = known[~known["in_article"] & (known["date"] > article["date"].max())] if len(article) else known.head(0)
    if len(after):
        newest = after.iloc[-1]
        title += f" By the {newest['round']} it stood at {money(float(newest['post_money_usd_m']), 0)}."
    told = ", ".join(f"{one['round']} {money(one['post_money_usd_m'])}" for _, one in case.iterrows())
    style.finish(
        figure, title=title,
        subtitle="Value after the money at each priced round and step from the one before, USD billions, log axis; "
        "filled: the rounds the article names",
        source=ROUNDS_SOURCE, as_of=as_of, unit="USD billions",
        alt=f"Steps on a log axis. {title} {told or 'No round is known'}.",
        data=case if len(case) else nothing(),
    )  # fmt: skip
    return _first(axes)


def _mark_round(axes: Any, row: pd.Series, first: bool) -> None:
    """Mark one round with its name, value and step."""
    value, ink = row["post_money_usd_m"] / BILLION, style.colour("Anthropic")
    face = ink if row["in_article"] else style.PAPER
    axes.plot([row["date"]], [value], "o", color=ink, markerfacecolor=face, markersize=6, zorder=4)
    step = "" if pd.isna(row["multiple"]) else f" ×{row['multiple']:.2f}"
    text = f"{row['round'].removeprefix('Series ')} {money(row['post_money_usd_m'])}{step}"
    looks = {"ha": "left" if first else "right", "va": "bottom", "color": style.text_colour(ink)}
    note(axes, text, (row["date"], value), (5, -12) if first else (-6, 3), **looks)


def _log_money(axes: Any, low: float, high: float) -> None:
    """Label a log axis of USD billions at ones, threes and tens."""
    marks = [mark * 10.0**power for power in range(-1, 4) for mark in (1, 3)]
    axes.yaxis.set_major_locator(FixedLocator([mark for mark in marks if low * 0.45 <= mark <= high * 2]))
    axes.yaxis.set_major_formatter(FuncFormatter(billions_axis))
    axes.yaxis.set_minor_formatter(NullFormatter())


def sales_multiples(priced: pd.DataFrame, *, companies: list[str], as_of: str) -> Axes:
    """Draw valuation over run-rate at each round, a panel a firm because firms count revenue differently.

    Parameters
    ----------
    priced : DataFrame, one row a round
        ``company``, ``date``, ``round``, ``multiple``, ``basis``.
    companies : list of str
    as_of : str

    Returns
    -------
    Axes
        The first firm's.
    """
    figure, grid = style.canvas(1, len(companies), squeeze=False, height=4.2)
    told = []
    for axes, company in zip(grid.flat, companies, strict=True):
        firm = priced[priced["company"] == company]
        basis = str(firm["basis"].iloc[0]) if len(firm) else "no multiple known"
        panel_title(axes, f"{company}: {basis}", size=9.5)
        axes.bar(range(len(firm)), firm["multiple"], color=company_colour(company), width=0.65)
        for place, value in enumerate(firm["multiple"]):
            note(axes, f"{value:.0f}", (place, value))
        axes.set_xticks(range(len(firm)), [f"{day:%b\n%Y}" for day in firm["date"]])
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.grid(False)
        axes.margins(y=0.12)
        if len(firm) > 1:
            told.append(f"{company} from {firm['multiple'].iloc[0]:.0f} to {firm['multiple'].iloc[-1]:.0f}")
    title = (
        f"Each round paid for years of sales: {', '.join(told)} times run-rate."
        if told else "At most one multiple of sales a firm is known."
    )  # fmt: skip
    style.finish(
        figure, title=title,
        subtitle="Value after the money over annualised revenue, ratio; the panels do not share a scale: the firms "
        "count revenue differently",
        source=BOTH_SOURCE, as_of=as_of, unit="ratio",
        alt=f"Bars by round in {len(companies)} panels with scales of their own. {title}",
        data=priced if len(priced) else nothing(),
    )  # fmt: skip
    return _first(grid.flat[0])


def runways(table: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw how long the money of each start-up lasts, as a range in years.

    Parameters
    ----------
    table : DataFrame, one row a firm
        ``company``, ``years_low``, ``years_high`` (missing beside a known low end: no end at the low burn), ``reason``.
    as_of : str

    Returns
    -------
    Axes
    """
    figure, axes = style.canvas(height=1.9 + 0.5 * max(len(table), 1))
    known = table.dropna(subset=["years_low"])
    longest = float(known[["years_low", "years_high"]].max().max()) * 1.08 if len(known) else 0.0
    limit = min(max(5.0, longest), float(RUNWAY_CAP_YEARS))
    for y, row in enumerate(table.to_dict("records")):
        if pd.isna(row["years_low"]):
            beside(axes, row["reason"], (0, y), 6, color=style.SMALL_PRINT)
            continue
        _runway_bar(axes, y, row, limit)
    axes.set_yticks(range(len(table)), list(table["company"]), weight="bold")
    axes.set_ylim(len(table) - 0.5, -0.7)
    axes.set_xlim(0, limit)
    grid_across(axes)
    shortest = known.sort_values("years_low").head(1).to_dict("records")
    title = (
        f"The shortest runway is {shortest[0]['company']}'s, {runway(shortest[0]['years_low'])} at the least; "
        f"{len(table) - len(known)} of {len(table)} have none that can be told."
        if shortest else f"No runway of {len(table)} firms can be told on this day."
    )  # fmt: skip
    style.finish(
        figure, title=title,
        subtitle="Cash raised and not yet burned over the burn of the last year, years: from the dearest reading to "
        "the cheapest; an arrow: beyond the axis",
        source=BOTH_SOURCE, as_of=as_of, unit="years",
        alt=f"Horizontal ranges of {len(table)} firms. {title}",
        data=table.drop(columns="rows", errors="ignore"),
    )  # fmt: skip
    return _first(axes)


def _runway_bar(axes: Any, y: int, row: Mapping[Hashable, Any], limit: float) -> None:
    """Draw one firm's range of years; what lies beyond the axis becomes an arrow at its end."""
    ink, low, high = company_colour(row["company"]), row["years_low"], row["years_high"]
    beyond = pd.isna(high) or high > limit
    axes.plot([min(low, limit), limit if beyond else high], [y, y], color=ink, linewidth=9, solid_capstyle="butt")
    if beyond:
        axes.plot(limit, y, ">", color=ink, markersize=13, clip_on=False)
    late = low > limit / 2
    note(axes, runway_range(low, high), (min(low, limit), y), (0, 8), ha="right" if late else "left")


def nothing() -> pd.DataFrame:
    """Return the data of a figure of a day on which nothing was known."""
    return pd.DataFrame({"note": ["nothing was known on this day"]})


def _first(axes: Any) -> Axes:
    first: Axes = axes
    return first


def panel_title(axes: Any, text: str, size: float = 10, ink: str = style.INK) -> None:
    """Name a panel in the house style."""
    axes.set_title(text, loc="left", weight="bold", fontsize=size, color=ink)


def legend_over_source(figure: Any, handles: Sequence[Any], columns: int) -> None:
    """Put a legend between the axes and the source line; call it after `style.finish`."""
    engine = figure.get_layout_engine()
    left, bottom, width, height = engine.get()["rect"]
    lines = -(-len(handles) // columns)
    room = (0.19 * lines + 0.1) / figure.get_figheight()
    legend = figure.legend(
        handles=list(handles), loc="lower left", bbox_to_anchor=(left, bottom), ncols=columns, fontsize=9,
        frameon=False, borderaxespad=0, handlelength=1.5, columnspacing=1.3,
    )  # fmt: skip
    legend.set_in_layout(False)
    engine.set(rect=(left, bottom + room, width, height - room))


def year_axis(axes: Any, first: pd.Timestamp, last: pd.Timestamp) -> None:
    """Write the years of the data under a time axis, and none beyond."""
    years = range(first.year + (first.day_of_year > 1), last.year + 1)
    axes.set_xticks([pd.Timestamp(year=year, month=1, day=1) for year in years], [str(year) for year in years])
