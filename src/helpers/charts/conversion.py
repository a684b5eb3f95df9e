"""A picture of paying shares, each beside those with the same denominator only."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from helpers import units
from helpers.charts import style
from helpers.charts.marks import grid_across

SOURCE = "company reports and press (conversion_benchmarks, vendor_metrics)"
_ORDER = (
    "monthly users",
    "weekly users",
    "registered users",
    "seats of another product",
    "users in business teams",
    "denominator not stated",
)
_TICKS = (2, 3, 5, 10, 20, 40)
_LONG = {
    "SaaS and B2B web applications (rule of thumb)": "Rule of thumb",
    "YouTube Music and Premium": "YouTube Premium",
}


def by_denominator(rates: pd.DataFrame, *, claim_percent: float, as_of: str) -> Axes:
    """Draw one dot a service, grouped by what its paying users are divided by.

    Parameters
    ----------
    rates : DataFrame
        ``service``, ``date``, ``denominator``, ``percent``.
    claim_percent : float
        The article's share.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
    """
    groups = [(name, rates[rates["denominator"] == name]) for name in _ORDER]
    groups = [(name, _ordered(group)) for name, group in groups if len(group)]
    axes: Axes
    figure, axes = style.canvas(height=1.6 + 0.235 * (len(rates) + 1.35 * len(groups)))
    axes.set_xscale("log")
    line, ticks = 0.0, {}
    for name, group in groups:
        ticks[line] = name if name == _ORDER[-1] else f"of {name}"
        for _, row in group.iterrows():
            line -= 1
            _dot(axes, row, line)
            ticks[line] = _name(row)
        line -= 1.35
    axes.set_ylim(line + 0.6, 0.7)
    axes.set_xlim(1.7, 70)
    axes.set_yticks(list(ticks), list(ticks.values()))
    heads = {f"of {name}" for name in _ORDER} | set(_ORDER)
    for label in axes.get_yticklabels():
        label.set_fontweight("bold" if label.get_text() in heads else "normal")
    axes.axvline(claim_percent, color=style.THEN, linewidth=1, zorder=1)
    _axis(axes)
    title = _message(rates)
    style.finish(
        figure,
        title=title,
        subtitle="Paying share, per cent, log scale; compare only within a group. Grey line: the article's 3 %",
        source=SOURCE,
        as_of=as_of,
        unit="percent",
        alt=title,
        data=rates,
    )
    return axes


def _ordered(group: pd.DataFrame) -> pd.DataFrame:
    """Services by rate; one service alone by date."""
    return group.sort_values("percent" if len(set(group["service"])) > 1 else "date")


def _dot(axes: Axes, row: pd.Series, line: float) -> None:
    own = row["service"] == "ChatGPT"
    ink = style.COLOURS["OpenAI"] if own else "#8C8C8C"
    axes.plot(row["percent"], line, "D" if own else "o", color=ink, ms=7 if own else 6)
    axes.annotate(
        units.percent(row["percent"]), (row["percent"], line), xytext=(8, 0), textcoords="offset points", va="center",
        bbox={"fc": style.PAPER, "ec": "none", "pad": 0.2},
        size=9, weight="bold" if own else "normal", color=ink if own else style.INK,
    )  # fmt: skip


def _name(row: pd.Series) -> str:
    return f"{_LONG.get(row['service'], row['service'])}, {row['date']:%b %Y}"


def _axis(axes: Axes) -> None:
    grid_across(axes)
    axes.xaxis.set_major_locator(FixedLocator(list(_TICKS)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(units.percent_axis))


def _message(rates: pd.DataFrame) -> str:
    monthly = rates[rates["denominator"] == "monthly users"]
    own = monthly[monthly["service"] == "ChatGPT"]
    others = monthly[monthly["service"] != "ChatGPT"]
    if own.empty:
        return f"No paying share of ChatGPT was known beside those of {len(set(rates['service']))} other services"
    last = own.sort_values("date").iloc[-1]
    below = int((others["percent"] > last["percent"]).sum())
    return (
        f"On monthly users, {units.percent(last['percent'])} of ChatGPT's paid: "
        f"{below} of {len(others)} other services convert more"
    )
