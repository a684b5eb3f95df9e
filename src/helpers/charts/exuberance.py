"""Pictures of the explosive-root tests: a series with its episodes, the rules beside each other, statistics by row.

Episodes are shaded, falls hatched too. Every picture names the rule by which dates were stamped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from helpers.charts import style
from helpers.charts.marks import grid_across, legend_below, plain_log
from helpers.units import p_value as written_p

RULE_NAMES = {
    "psy_if_rejected": "PSY, if GSADF rejects (default)",
    "psy": "PSY",
    "pointwise": "pointwise",
    "family": "family (one value)",
}


def exuberance(
    sequence: pd.DataFrame, episodes: pd.DataFrame, *, as_of: str, subject: str, rule: str, gsadf: float,
    critical: float, p_value: float, lags: int, draws: int, source: str,
) -> Axes:  # fmt: skip
    """Draw a series with its explosive episodes shaded, and the statistic against the lines of the rules.

    Parameters
    ----------
    sequence : DataFrame
        ``month``, ``value``, ``bsadf`` and one column a rule.
    episodes : DataFrame
        ``rule``, ``start``, ``end`` (periods), ``direction``; all rules.
    as_of, subject, rule : str
    gsadf, critical, p_value : float
        The whole series' statistic, its 5 per cent value and its p-value.
    lags, draws : int
    source : str

    Returns
    -------
    Axes
        The upper one.
    """
    upper: Axes
    lower: Axes
    figure, (upper, lower) = style.canvas(2, height=5.6, sharex=True, height_ratios=[1.2, 1])
    upper.plot(sequence["month"], sequence["value"], color=style.NOW)
    upper.set_yscale("log")
    plain_log(upper, sequence["value"])
    upper.set_ylabel("level, log scale")
    own, wide = (episodes[episodes["rule"] == name] if len(episodes) else episodes for name in (rule, "pointwise"))
    for axes in (upper, lower):
        _shade(axes, wide, 0.13)
        _shade(axes, own, 0.38)
    lower.plot(sequence["month"], sequence["bsadf"], color=style.INK, linewidth=1.3)
    lower.plot(sequence["month"], sequence["psy"], color=style.NOW, linewidth=1.4)
    lower.plot(sequence["month"], sequence["pointwise"], color="#E69F00", linewidth=1.4, linestyle=(0, (4, 2)))
    lower.plot(sequence["month"], sequence["family"], color=style.THEN, linewidth=1.4, linestyle=(0, (1, 1.5)))
    lower.set_ylabel("BSADF")
    lower.set_ylim(-2.2, max(3.0, float(sequence["bsadf"].max()) + 0.3))
    lower.xaxis.set_major_formatter(ConciseDateFormatter(AutoDateLocator()))
    legend_below(lower, _keys(), 1.9)
    found, peak = gsadf > critical, sequence.nlargest(1, "bsadf")["month"].iloc[0]
    title = (
        f"{subject}: the test {'rejects' if found else 'does not reject'} a random walk; the statistic was highest in "
        f"{peak:%B %Y}."
    )
    style.finish(
        figure,
        title=title,
        subtitle=f"GSADF {gsadf:.2f} against {critical:.2f} at 5 % ({written_p(p_value)}), lags: {lags}, draws: {draws}"
        f". Episodes by the rule {RULE_NAMES[rule]}: {len(own)}; pointwise: {len(wide)}",
        source=f"{source}; own estimates",
        as_of=as_of,
        unit="level; t-ratio",
        alt=f"Two panels: the series on a log scale, and the BSADF statistic with three lines. {title} GSADF is "
        f"{gsadf:.2f}, its 5 per cent value {critical:.2f}.",
        data=sequence.reset_index(names="row"),
    )
    return upper


def _shade(axes: Axes, episodes: pd.DataFrame, strength: float) -> None:
    """Shade episodes: falls are hatched too."""
    for _, one in episodes.iterrows():
        first, last = one["start"].to_timestamp(how="start"), one["end"].to_timestamp(how="end")
        fall = one["direction"] == "fall"
        axes.axvspan(
            first, last, color=style.NEGATIVE if fall else "#E69F00", alpha=strength, linewidth=0,
            hatch="///" if fall else None, zorder=0,
        )  # fmt: skip


def _keys() -> list[Any]:
    return [
        Line2D([], [], color=style.INK, label="BSADF"),
        Line2D([], [], color=style.NOW, label="PSY line"),
        Line2D([], [], color="#E69F00", linestyle=(0, (4, 2)), label="pointwise line"),
        Line2D([], [], color=style.THEN, linestyle=(0, (1, 1.5)), label="family line"),
        Patch(color="#E69F00", alpha=0.38, label="rise (pale: pointwise only)"),
        Patch(facecolor=style.NEGATIVE, alpha=0.38, hatch="///", label="fall"),
    ]


def episodes_by_rule(
    episodes: pd.DataFrame, *, as_of: str, series: Sequence[str], first: str, last: str, source: str
) -> Axes:
    """Draw the episodes of several series under every rule as bars of time.

    Parameters
    ----------
    episodes : DataFrame
        ``series``, ``rule``, ``start``, ``end``, ``direction``.
    as_of : str
    series : sequence of str
        In the order wanted.
    first, last : str
        Months that bound the axis.
    source : str

    Returns
    -------
    Axes
    """
    rows = [(name, rule) for name in series for rule in RULE_NAMES]
    axes: Axes
    figure, axes = style.canvas(height=1.8 + 0.27 * len(rows))
    for place, (name, rule) in enumerate(rows):
        part = episodes[(episodes["series"] == name) & (episodes["rule"] == rule)] if len(episodes) else episodes
        for _, one in part.iterrows():
            begin, end = one["start"].to_timestamp(how="start"), one["end"].to_timestamp(how="end")
            fall = one["direction"] == "fall"
            axes.barh(
                place, end - begin, left=begin, height=0.62, color=style.NEGATIVE if fall else style.NOW,
                hatch="////" if fall else None, edgecolor=style.PAPER, linewidth=0,
            )  # fmt: skip
        if part.empty:
            axes.annotate("none", (0.01, place), xycoords=("axes fraction", "data"), va="center", size=9,
                          color=style.SMALL_PRINT)  # fmt: skip
    for place in range(len(RULE_NAMES), len(rows), len(RULE_NAMES)):
        axes.axhline(place - 0.5, color=style.INK, linewidth=0.8)
    axes.set_yticks(range(len(rows)), [f"{name}: {RULE_NAMES[rule].split(' (')[0]}" for name, rule in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    begins, ends = (pd.Timestamp(f"{month}-01") for month in (first, last))
    axes.set_xlim(date2num(begins), date2num(ends + pd.offsets.MonthEnd(0)))
    grid_across(axes)
    handles = [Patch(color=style.NOW, label="rise"), Patch(facecolor=style.NEGATIVE, hatch="////", label="fall")]
    legend_below(axes, handles, figure.get_figheight() - 1.7)
    counts = {rule: int((episodes["rule"] == rule).sum()) if len(episodes) else 0 for rule in RULE_NAMES}
    title = (
        f"The rule decides the dates: {counts['pointwise']} episodes pointwise, {counts['psy']} by PSY, "
        f"{counts['family']} by one value, {counts['psy_if_rejected']} by the default."
    )
    data = episodes.assign(
        start=episodes["start"].astype(str), end=episodes["end"].astype(str), peak=episodes["peak"].astype(str)
    )
    style.finish(
        figure,
        title=title,
        subtitle=f"Explosive episodes of {len(series)} series under each rule at 5 %, of at least ln(T) months",
        source=f"{source}; own estimates",
        as_of=as_of,
        unit="months",
        alt=f"Bars of time for {len(series)} series under {len(RULE_NAMES)} rules. {title}",
        data=data if len(data) else pd.DataFrame(rows, columns=["series", "rule"]),
    )
    return axes


def statistics(table: pd.DataFrame, *, as_of: str, label: str, subject: str, rule: str, source: str) -> Axes:
    """Draw GSADF statistics against their 5 per cent values with the latter's Monte Carlo error.

    Parameters
    ----------
    table : DataFrame
        ``gsadf``, ``critical``, ``error``, ``p_value`` and the column `label`.
    as_of : str
    label : str
        Column that names the rows.
    subject : str
        What the rows are, for the subtitle.
    rule : str
        By which the months named in the data are dated; the rejection itself is the same under every rule.
    source : str

    Returns
    -------
    Axes
    """
    axes: Axes
    figure, axes = style.canvas(height=1.7 + 0.34 * len(table))
    for place, (_, one) in enumerate(table.iterrows()):
        rejects = one["gsadf"] > one["critical"]
        axes.plot([one["critical"], one["critical"]], [place - 0.34, place + 0.34], color=style.INK, linewidth=1.6)
        axes.axvspan(
            one["critical"] - 2 * one["error"], one["critical"] + 2 * one["error"],
            ymin=1 - (place + 0.94) / len(table), ymax=1 - (place + 0.06) / len(table), color=style.THEN, alpha=0.25,
            linewidth=0,
        )  # fmt: skip
        mark, ink = ("o", style.NEGATIVE) if rejects else ("X", style.NOW)
        axes.plot(one["gsadf"], place, mark, color=ink, markersize=8)
        axes.annotate(written_p(one["p_value"]), (1.01, place), xycoords=("axes fraction", "data"), va="center",
                      size=9, annotation_clip=False)  # fmt: skip
    axes.set_yticks(range(len(table)), [str(name) for name in table[label]])
    axes.set_ylim(len(table) - 0.5, -0.5)
    grid_across(axes)
    handles = [
        Line2D([], [], marker="o", linestyle="", color=style.NEGATIVE, label="GSADF, rejects"),
        Line2D([], [], marker="X", linestyle="", color=style.NOW, label="GSADF, does not"),
        Line2D([], [], color=style.INK, label="5 % value, band: two standard errors"),
    ]
    legend_below(axes, handles, figure.get_figheight() - 1.6)
    title = rejected_title(table)
    style.finish(
        figure,
        title=title,
        subtitle=f"{subject}; rejected above the 5 % value of GSADF. Rule of dating: {RULE_NAMES[rule].split(' (')[0]}",
        source=f"{source}; own estimates",
        as_of=as_of,
        unit="t-ratio",
        alt=f"Dots against bars for {len(table)} rows. {title} "
        + ", ".join(f"{one[label]} {one['gsadf']:.2f} against {one['critical']:.2f}" for _, one in table.iterrows())
        + ".",
        data=table,
    )
    return axes


def rejected_title(table: pd.DataFrame) -> str:
    """Say of which series the random walk is rejected, or at how many choices of lags."""
    rejects = table["gsadf"] > table["critical"]
    if table["series"].is_unique:
        names = ", ".join(str(name) for name in table.loc[rejects, "series"])
        count = f"{int(rejects.sum())} of {len(table)}: {names}" if names else f"none of {len(table)}"
        return f"The random walk is rejected for {count}."
    counts = [
        f"{name} at {int(part.sum())} of {len(part)}" for name, part in rejects.groupby(table["series"], sort=False)
    ]
    return f"The number of lags decides: the random walk is rejected for {', for '.join(counts)} choices."
