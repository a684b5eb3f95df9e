"""Pictures of the docket: how many suits, against whom, how long, how much, and what became of earlier ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from helpers import units
from helpers.charts import style
from helpers.charts.marks import note
from helpers.charts.unknown import not_known

TRACKERS = "dockets read through trackers and the press"
_COPYRIGHT, _OTHERS = style.NOW, "#A9C4D9"
_WHOSE = {"outside": "others", "table": "this table"}
_DAYS_A_MONTH = 365.25 / 12
_CURVES = (style.NOW, style.COLOURS["ORCL"], style.COLOURS["GOOGL"])


Growth = tuple[float, float, float]


def filings(
    quarters: pd.DataFrame, fitted: pd.DataFrame | None, growth: Growth | None, *, undated: int, as_of: str
) -> Axes:
    """Draw filings a quarter with their trend.

    Parameters
    ----------
    quarters : DataFrame
        By first day of the quarter: ``filings``, ``complete`` and a column a claim type.
    fitted : DataFrame or None
        ``fitted``, ``low``, ``high`` of complete quarters; None where no trend could be fitted.
    growth : tuple of float or None
        Growth in per cent a year with the ends of its interval.
    undated : int
        Cases that are not in it, for want of a filing day.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
    """
    axes: Axes
    figure, axes = style.canvas(height=4.3)
    place = np.arange(len(quarters))
    copyrights = quarters["copyright"] if "copyright" in quarters else pd.Series(0, index=quarters.index)
    others = quarters["filings"] - copyrights
    axes.bar(place, copyrights, width=0.8, color=_COPYRIGHT, label="copyright")
    axes.bar(place, others, width=0.8, bottom=copyrights, color=_OTHERS, label="every other claim")
    for at, total, complete in zip(place, quarters["filings"], quarters["complete"], strict=True):
        note(axes, f"{total}" if complete else f"{total}\nso far", (at, total))
    if fitted is not None:
        along = place[: len(fitted)]
        axes.plot(along, fitted["fitted"], color=style.INK, linewidth=1.6, label="Poisson trend, 95 % band")
        axes.fill_between(along, fitted["low"], fitted["high"], color=style.INK, alpha=0.12, linewidth=0)
    labels = [_quarter(day) if len(place) <= 8 or day.quarter == 1 else "" for day in quarters.index]
    axes.set_xticks(place, labels)
    axes.set_xlim(-0.8, len(place) + 0.1)
    axes.set_ylim(0, max(float(quarters["filings"].max()), 1.0) * 1.3)
    axes.legend(loc="upper left", ncols=3)
    title = _filing_title(quarters, growth)
    style.finish(
        figure,
        title=title,
        subtitle=f"Suits over AI filed a quarter; {undated} rows of the table without a filing day are not in it",
        source=TRACKERS,
        as_of=as_of,
        unit="suits",
        alt=f"{title}. {int(quarters['filings'].sum())} suits since {quarters.index[0]:%B %Y}, most in a quarter: "
        f"{int(quarters['filings'].max())}.",
        data=_with_trend(quarters, fitted),
    )
    return axes


def _quarter(day: pd.Timestamp) -> str:
    return f"{day.year} Q{day.quarter}"


def _filing_title(quarters: pd.DataFrame, growth: Growth | None) -> str:
    if growth is None:
        return f"{int(quarters['filings'].sum())} dated suits are too few, or too recent, for a trend"
    middle, low, high = growth
    span = f"(95 % interval {units.percent(low, 0)} to {units.percent(high, 0)})"
    if low > 0:
        return f"Filings grow by {units.percent(middle, 0)} a year {span}"
    if high < 0:
        return f"Filings fall by {units.percent(-middle, 0)} a year {span}"
    return f"No trend can be told from noise: {units.percent(middle, 0)} a year {span}"


def _with_trend(quarters: pd.DataFrame, fitted: pd.DataFrame | None) -> pd.DataFrame:
    return quarters.reset_index() if fitted is None else quarters.join(fitted).reset_index()


def outside_counts(counts: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw the table's US copyright suits beside what others counted.

    Parameters
    ----------
    counts : DataFrame
        By day: ``outside``, ``table``, ``percent``; may be empty.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
    """
    subtitle = "US copyright suits over AI filed up to each day: counts of others, and this table's with a filing day"
    if counts.empty:
        missing = "a count of US copyright suits by others"
        return not_known(missing, subtitle=subtitle, source=TRACKERS, as_of=as_of, unit="suits")
    axes: Axes
    figure, axes = style.canvas(height=3.6)
    place = np.arange(len(counts))
    for offset, column, ink in ((-0.2, "outside", style.THEN), (0.2, "table", style.NOW)):
        axes.bar(place + offset, counts[column], width=0.38, color=ink, label=_WHOSE[column])
        for at, value in zip(place + offset, counts[column], strict=True):
            note(axes, f"{value:.0f}", (at, value))
    axes.set_xticks(place, [f"{day:%-d %B %Y}" for day in counts.index])
    axes.set_xlim(-0.7, max(len(counts) - 0.3, 1.7))
    axes.set_ylim(0, counts["outside"].max() * 1.4)
    axes.legend(loc="upper left", ncols=2)
    first, last = counts.iloc[0], counts.iloc[-1]
    title = f"The table dates {units.percent(last['percent'], 0)} of the suits that others counted"
    if len(counts) > 1:
        shares = [units.percent(row["percent"], 0) for row in (first, last)]
        title = f"The table dates {shares[0]} of the suits others counted at first, {shares[1]} at last"
    style.finish(
        figure,
        title=title,
        subtitle=subtitle,
        source=f"{TRACKERS}; the counts that the rule of claim A58 names",
        as_of=as_of,
        unit="suits",
        alt=f"{title}: {last['table']:.0f} of {last['outside']:.0f} on {counts.index[-1]:%-d %B %Y}.",
        data=counts.reset_index(),
    )
    return axes


def who_sues_whom(matrix: pd.DataFrame, *, suits: int, as_of: str) -> Axes:
    """Draw a map: whose works or data are at issue, against whom.

    Parameters
    ----------
    matrix : DataFrame of int
        One row a group of plaintiffs, one column a defendant.
    suits : int
        Number of suits behind it.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
    """
    axes: Axes
    subtitle = "Suits by whose works or data are at issue; one against three firms stands in three columns"
    if matrix.empty:
        return not_known("a suit of these claim types", subtitle=subtitle, source=TRACKERS, as_of=as_of, unit="suits")
    figure, axes = style.canvas(height=4.4)
    values = matrix.to_numpy(dtype="float64")
    axes.imshow(np.sqrt(values), cmap="Blues", aspect="auto", vmin=0, vmax=np.sqrt(max(values.max(), 1.0)) * 1.1)
    for down, across in np.ndindex(*values.shape):
        if values[down, across]:
            dark = values[down, across] > 0.4 * values.max()
            ink = style.PAPER if dark else style.INK
            axes.text(across, down, f"{values[down, across]:.0f}", ha="center", va="center", color=ink, size=10)
    axes.set_xticks(range(len(matrix.columns)), [name.replace(" ", "\n", 1) for name in matrix.columns])
    axes.set_yticks(range(len(matrix)), list(matrix.index))
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    named = matrix.iloc[:, :-1] if matrix.columns[-1].startswith("everyone") else matrix
    firm = str(named.sum().idxmax())
    group = str(named[firm].idxmax())
    title = f"{firm} is sued most, in {int(named[firm].sum())} of {suits} suits, most often over {group}"
    style.finish(
        figure,
        title=title,
        subtitle=subtitle,
        source=f"{TRACKERS}; defendants as of the last reading",
        as_of=as_of,
        unit="suits",
        alt=f"{title}. {_second(named, firm)}",
        data=matrix.reset_index(),
    )
    return axes


def _second(named: pd.DataFrame, firm: str) -> str:
    others = named.drop(columns=firm).sum()
    return f"Next is {others.idxmax()} with {int(others.max())}." if len(others) else "No other firm is named."


def survival(curves: pd.DataFrame, lasted: pd.DataFrame, watched: dict[str, float], *, as_of: str) -> Axes:
    """Draw the share of suits without an outcome by months since filing.

    Parameters
    ----------
    curves : DataFrame
        ``group``, ``days``, ``open_share``, ``low``, ``high``; may be empty.
    lasted : DataFrame
        ``claim_type``, ``days``, ``ended`` of each suit; for the marks of censored suits.
    watched : dict of str to float
        Days for which enough suits of each group were watched: the curve ends there.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
    """
    subtitle = "Suits without a first outcome (Kaplan-Meier, 95 % band); ticks: suits still open"
    if curves.empty:
        missing = "enough outcomes with a day to draw a curve"
        return not_known(missing, subtitle=subtitle, source=TRACKERS, as_of=as_of, unit="percent")
    axes: Axes
    figure, axes = style.canvas(height=4.2)
    ends: dict[str, tuple[Any, float, str]] = {}
    # The group of all suits is almost the copyright suits: one band is enough.
    groups = list(dict.fromkeys(curves["group"]))
    for place, group in enumerate(groups):
        curve = _until(curves[curves["group"] == group], watched[group])
        months, ink = curve["days"] / _DAYS_A_MONTH, _CURVES[place % len(_CURVES)]
        dash = "-" if place == 0 else "--"
        axes.step(months, 100 * curve["open_share"], where="post", color=ink, linestyle=dash)
        if place == 0:
            axes.fill_between(months, 100 * curve["low"], 100 * curve["high"], step="post", color=ink, alpha=0.15, lw=0)
        ends[group] = (float(months.iloc[-1]), 100 * float(curve["open_share"].iloc[-1]), ink)
    _censor_marks(axes, lasted, curves[curves["group"] == groups[0]], watched[groups[0]])
    axes.set_ylim(0, 104)
    axes.set_xlim(0, max(end[0] for end in ends.values()) * 1.22)
    axes.yaxis.set_major_formatter(FuncFormatter(units.percent_axis))
    axes.set_xlabel("months since filing")
    first = _until(curves[curves["group"] == groups[0]], watched[groups[0]])
    months_seen, share = ends[groups[0]][0], ends[groups[0]][1]
    title = f"After {months_seen:.0f} months {units.percent(share, 0)} of suits still have no outcome"
    style.finish(
        figure,
        title=title,
        subtitle=subtitle,
        source=TRACKERS,
        as_of=as_of,
        unit="percent",
        alt=f"{title}; {int(lasted['ended'].sum())} of {len(lasted)} suits with known days have ended, the "
        f"band reaches down to {units.percent(100 * float(first['low'].iloc[-1]), 0)}.",
        data=curves,
    )
    style.label_ends(axes, ends)
    return axes


def _until(curve: pd.DataFrame, days: float) -> pd.DataFrame:
    """Cut a curve where too few suits are watched, and carry its last level to there."""
    kept = curve[curve["days"] <= days]
    return pd.concat([kept, kept.tail(1).assign(days=days)], ignore_index=True)


def _censor_marks(axes: Axes, lasted: pd.DataFrame, curve: pd.DataFrame, days: float) -> None:
    open_days = lasted.loc[~lasted["ended"] & (lasted["days"] <= days), "days"].sort_values()
    step = np.searchsorted(curve["days"].to_numpy(), open_days.to_numpy(), side="right") - 1
    level = 100 * curve["open_share"].to_numpy()[step]
    axes.plot(open_days / _DAYS_A_MONTH, level, "|", color=style.INK, ms=7, mew=0.8)
