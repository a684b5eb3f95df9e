"""Pictures of the dot-com comparison: two booms in event time, explosive episodes, investment, capex, critical times.

Then is grey, now has a colour. Every function takes a tidy frame and computes its title from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from helpers.charts import style
from helpers.charts.marks import grid_across, legend_below, plain_log
from helpers.units import percent, percent_axis

PRICES = "FRED (Nasdaq), Shiller (consumer prices)"
_CUT = 3.841


def event_paths(
    then: pd.DataFrame, now: pd.DataFrame, *, as_of: str, subject: str, names: tuple[str, str], unit: str, source: str,
    log: bool = True, colour: str = style.NOW, earlier: str = "the boom of then",
) -> Axes:  # fmt: skip
    """Draw two booms by months since their start, with the fall from the highest month end below.

    Parameters
    ----------
    then, now : DataFrame
        ``months``, ``value``, ``drawdown``, from `helpers.analysis.boom_paths.event_time`.
    as_of : str
    subject : str
        What is drawn, to begin the title with.
    names : (str, str)
        Labels of the two lines.
    unit, source : str
    log : bool
        True draws a log scale and says so.
    colour : str
        Of the line of now.
    earlier : str
        What the line of then is called in the title.

    Returns
    -------
    Axes
        The upper one.
    """
    upper: Axes
    lower: Axes
    figure, (upper, lower) = style.canvas(2, height=5.4, sharex=True, height_ratios=[2.6, 1])
    ends = {}
    for frame, name, ink in ((then, names[0], style.THEN), (now, names[1], colour)):
        upper.plot(frame["months"], frame["value"], color=ink)
        lower.plot(frame["months"], frame["drawdown"], color=ink)
        lower.fill_between(frame["months"], frame["drawdown"], 0, color=ink, alpha=0.15, linewidth=0)
        if len(frame):
            ends[name] = (frame["months"].iloc[-1], float(frame["value"].iloc[-1]), ink)
    if log:
        upper.set_yscale("log")
        plain_log(upper, pd.concat([then["value"], now["value"]]))
    for axes in (upper, lower):
        axes.axvline(0, color=style.INK, linewidth=0.9)
    lower.set_xlabel("months since the start")
    lower.set_ylabel("below its high")
    lower.yaxis.set_major_formatter(FuncFormatter(percent_axis))
    lower.yaxis.set_major_locator(MaxNLocator(3))
    upper.set_ylabel(f"{unit}{', log scale' if log else ''}")
    shown = pd.concat([then["months"], now["months"]])
    upper.set_xlim(shown.min(), shown.max() + 0.24 * (shown.max() - shown.min()))
    title = event_title(then, now, subject, earlier)
    style.finish(
        figure,
        title=title,
        subtitle=f"{unit.capitalize()}, by month around each start; below, the fall from the highest value since",
        source=source,
        as_of=as_of,
        unit=unit,
        alt=f"Two lines by months since the start, {names[0]} and {names[1]}. {title} {_lows(then, now)}",
        data=pd.concat([then.assign(boom=names[0]), now.assign(boom=names[1])])[
            ["boom", "months", "month", "value", "drawdown"]
        ].assign(month=lambda frame: frame["month"].astype(str)),
    )
    style.label_ends(upper, ends)
    for label in upper.texts:
        # A label may lie on the other line: a white edge keeps it legible.
        label.set_path_effects([withStroke(linewidth=3, foreground=style.PAPER)])
    return upper


def event_title(then: pd.DataFrame, now: pd.DataFrame, subject: str, earlier: str = "the boom of then") -> str:
    """Say where `subject` stands now, and where `earlier` stood as many months in."""
    since = now[now["months"] >= 0]
    if since.empty:
        return f"{subject}: the boom of now has no month yet."
    age = int(since["months"].iloc[-1])
    gain = _gain(since["value"])
    past = then[(then["months"] >= 0) & (then["months"] <= age)]
    if past.empty or int(past["months"].iloc[-1]) != age:
        return f"{subject} {_moved(gain)} in {age} months; {earlier} is not known at the same age."
    after = then[then["months"] >= 0]
    top = after.nlargest(1, "value").iloc[0]
    place = "before its high" if age < top["months"] else "after its high"
    return (
        f"{subject} {_moved(gain)} in {age} months; at that age {earlier} "
        f"{_moved(_gain(past['value']))} and was {abs(int(top['months']) - age)} months {place}."
    )


def _gain(values: pd.Series) -> float:
    return float(100 * (values.iloc[-1] / values.iloc[0] - 1))


def _moved(gain: float) -> str:
    return f"{'rose' if gain >= 0 else 'fell'} {percent(abs(gain), 0)}"


def _lows(then: pd.DataFrame, now: pd.DataFrame) -> str:
    """Say how deep each fell."""
    lows = [percent(frame["drawdown"].min(), 0) if len(frame) else "unknown" for frame in (then, now)]
    return f"Deepest fall from a high since the start: {lows[0]} then, {lows[1]} now."


def investment_share(share: pd.DataFrame, fitted: pd.Series, breaks: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw IT investment over GDP with its broken trend and the intervals of the breaks.

    Parameters
    ----------
    share : DataFrame
        ``quarter``, ``share`` (per cent).
    fitted : Series
        On the quarters of `share`, segment by segment.
    breaks : DataFrame
        ``date``, ``low``, ``high`` (periods, missing outside the sample), ``place``.
    as_of : str

    Returns
    -------
    Axes
    """
    axes: Axes
    figure, axes = style.canvas(height=4.4)
    axes.plot(share["quarter"], share["share"], color=style.NOW)
    starts = [0, *breaks["place"].tolist(), len(share)]
    for first, last in pairwise(starts):
        axes.plot(share["quarter"].iloc[first:last], fitted.iloc[first:last], color=style.INK, linewidth=1.0,
                  linestyle=(0, (4, 2)))  # fmt: skip
    low_edge, high_edge = share["quarter"].iloc[0], share["quarter"].iloc[-1]
    for _, one in breaks.iterrows():
        day = one["date"].to_timestamp(how="end")
        low = one["low"].to_timestamp(how="start") if one["low"] is not None else low_edge
        high = one["high"].to_timestamp(how="end") if one["high"] is not None else high_edge
        axes.axvspan(low, high, color=style.THEN, alpha=0.3, linewidth=0)
        axes.axvline(day, color=style.INK, linewidth=0.9)
        axes.annotate(str(one["date"]), (day, 0.02), xycoords=("data", "axes fraction"), xytext=(4, 0),
                      textcoords="offset points", size=9)  # fmt: skip
    axes.yaxis.set_major_formatter(FuncFormatter(percent_axis))
    last, top = share.iloc[-1], share[share["quarter"] < pd.Timestamp("2004-01-01")].nlargest(1, "share").iloc[0]
    dates = ", ".join(str(date) for date in breaks["date"])
    title = (
        f"IT investment is {percent(last['share'])} of GDP, against {percent(top['share'])} at the dot-com high; its "
        f"trend broke {len(breaks)} times."
    )
    style.finish(
        figure,
        title=title,
        subtitle="Private investment in information processing equipment and software, per cent of GDP; dashed: "
        "trend by segment; bands: 95 % intervals of the breaks",
        source="US national accounts via FRED, latest revision; own estimates",
        as_of=as_of,
        unit="per cent of GDP",
        alt=f"A line from {share['quarter'].iloc[0]:%Y} to {last['quarter']:%Y} with broken trend lines. {title} "
        f"Breaks after {dates or 'no quarter'}.",
        data=share.assign(fitted=fitted.to_numpy()).reset_index(names="row"),
    )
    return axes


def capex_then_and_now(table: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw capex over operating cash flow, a dot a firm and year, the firms of then above those of now.

    Parameters
    ----------
    table : DataFrame
        ``era``, ``ticker``, ``company``, ``year``, ``ratio`` (per cent).
    as_of : str

    Returns
    -------
    Axes
    """
    rows = list(dict.fromkeys(zip(table["era"], table["ticker"], strict=True)))
    axes: Axes
    figure, axes = style.canvas(height=1.9 + 0.34 * max(len(rows), 4))
    edge = 175.0
    for place, (era, ticker) in enumerate(rows):
        firm = table[(table["era"] == era) & (table["ticker"] == ticker)]
        ink = style.THEN if era == "then" else style.COLOURS.get(str(ticker), style.NOW)
        ends = [int(firm["ratio"].idxmax() == row) or 2 * int(row == firm.index[-1]) for row in firm.index]
        for (_, one), labelled in zip(firm.iterrows(), ends, strict=True):
            x = min(float(one["ratio"]), edge)
            axes.plot(x, place, "s" if era == "then" else "o", color=ink, markersize=7, alpha=1.0 if labelled else 0.4)
            if labelled:
                axes.annotate(f"{int(one['year'])}", (x, place), xytext=(0, 5), textcoords="offset points", ha="center",
                              size=9)  # fmt: skip
    axes.axvline(100, color=style.INK, linewidth=1.2)
    names = [str(table.loc[table["ticker"] == ticker, "company"].iloc[0]).split(" Comm")[0] for _, ticker in rows]
    axes.set_yticks(range(len(rows)), [style.company(name) for name in names])
    axes.set_ylim(len(rows) - 0.4, -0.8)
    border = sum(era == "then" for era, _ in rows)
    if 0 < border < len(rows):
        axes.axhline(border - 0.5, color=style.INK, linewidth=0.8)
    axes.set_xlim(0, edge + 8)
    axes.xaxis.set_major_formatter(FuncFormatter(percent_axis))
    grid_across(axes)
    title = capex_title(table)
    style.finish(
        figure,
        title=title,
        subtitle="Capex as a share of operating cash flow, per cent: squares then (fiscal years), dots now (twelve "
        "months to each year's last known quarter); marked: highest and last",
        source="company reports (tables dotcom_firms, cash_flows); WorldCom before its fraud was found",
        as_of=as_of,
        unit="per cent of operating cash flow",
        alt=f"Dots for {len(rows)} firms against a line at 100 per cent. {title}",
        data=table.reset_index(names="row"),
    )
    return axes


def capex_title(table: pd.DataFrame) -> str:
    """Say how high the share went then and where it is now."""
    then, now = table[table["era"] == "then"], table[table["era"] == "now"]
    if then.empty or now.empty:
        return "Capex against cash flow: one of the two booms is not known."
    high = then.nlargest(1, "ratio").iloc[0]
    last = now.groupby("ticker").tail(1)
    above = last[last["ratio"] > high["ratio"]]
    names = ", ".join(style.company(str(ticker)) for ticker in above["ticker"]) or "no firm"
    return (
        f"No known carrier spent more than {percent(high['ratio'], 0)} of its cash flow ({high['company']}, "
        f"{high['year']}); above that now: {names}."
    )


def profiles(table: pd.DataFrame, fits: pd.DataFrame, *, as_of: str, source: str) -> Axes:
    """Draw what each critical time costs in likelihood: a narrow valley would be a date, a plain is none.

    Parameters
    ----------
    table : DataFrame
        ``boom``, ``tc_days``, ``distance``, ``distance_if_independent``.
    fits : DataFrame
        ``boom``, ``identified``.
    as_of, source : str

    Returns
    -------
    Axes
        The first panel.
    """
    booms = list(dict.fromkeys(table["boom"]))
    rows = max(len(booms), 1)
    figure, grid = style.canvas(rows, 1, height=2.2 + 1.6 * rows, sharex=True, squeeze=False)
    for axes, boom in zip(grid.flat, booms, strict=False):
        part = table[table["boom"] == boom]
        axes.plot(part["tc_days"], part["distance"], color=style.NOW)
        axes.plot(part["tc_days"], part["distance_if_independent"], color=style.THEN, linestyle=(0, (4, 2)))
        axes.axhline(_CUT, color=style.INK, linewidth=1.0)
        axes.set_title(boom, loc="left", size=10, weight="bold")
        axes.set_ylim(-0.3, 12)
        axes.set_ylabel("likelihood lost")
    first: Axes = grid.flat[0]
    grid.flat[-1].set_xlabel("days from the last month to the critical time")
    handles = [
        Line2D([], [], color=style.NOW, label="allowing for autocorrelation"),
        Line2D([], [], color=style.THEN, linestyle=(0, (4, 2)), label="as if residuals were independent"),
        Line2D([], [], color=style.INK, label="95 % cut"),
    ]
    legend_below(grid.flat[-1], handles, 1.5 if rows > 1 else 2.1, room=0.52)
    known = fits["identified"].tolist() if len(fits) else []
    title = (
        "No boom has enough months for a log-periodic fit."
        if not known
        else "The log-periodic fit dates no end: the valley of likelihood stays open."
        if "yes" not in known
        else f"The log-periodic fit dates the end of {known.count('yes')} of {len(known)} booms."
    )
    style.finish(
        figure,
        title=title,
        subtitle="Profile of the critical time in a log-periodic power law on month-end closes; twice the "
        "log-likelihood lost; times below the cut are not ruled out",
        source=f"{source}; own estimates",
        as_of=as_of,
        unit="twice the log-likelihood",
        alt=f"Curves of likelihood lost by critical time for {len(booms)} booms. {title}",
        data=table if len(table) else pd.DataFrame({"boom": ["none"]}),
    )
    return first


def profile_frame(parts: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Stack the profiles of several booms."""
    columns = ["boom", "tc_days", "distance", "distance_if_independent"]
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat([part.assign(boom=name) for name, part in parts.items()], ignore_index=True)[columns]
