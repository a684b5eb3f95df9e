"""Pictures of the docket: how many suits, against whom, how long, how much, and what became of earlier ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from helpers import units
from helpers.charts import style
from helpers.charts.unknown import not_known

TRACKERS = "dockets read through trackers and the press"
SIMULATION = "own simulation; every range is a row of assumptions.csv"
_COPYRIGHT, _OTHERS = style.NOW, "#A9C4D9"
_NO_WORKS = "an open suit that counts its works"
_KINDS = {"stated": style.THEN, "simulated": style.NOW, "capex": style.COLOURS["AMZN"]}
_WHOSE = {"outside": "others", "table": "this table"}
_DAYS_A_MONTH = 365.25 / 12
_CURVES = (style.NOW, style.COLOURS["ORCL"], style.COLOURS["GOOGL"])


def _money(usd_millions: float) -> str:
    """Write money for matplotlib, to which a lone dollar opens mathematics."""
    return units.money(usd_millions).replace("$", r"\$")


def scale(amounts: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw what was paid, asked, simulated and built, one bar each, on a logarithmic axis.

    Parameters
    ----------
    amounts : DataFrame
        ``amount`` (in words), ``usd_m`` (positive), ``kind`` (``stated``, ``simulated`` or ``capex``).
    as_of : str
        ISO date.

    Returns
    -------
    Axes
    """
    subtitle = "USD, logarithmic: each grid line is ten times the one before"
    if "simulated" not in set(amounts["kind"]) or "capex" not in set(amounts["kind"]):
        missing = "an open suit that counts its works, or a year of capex"
        return not_known(missing, subtitle=subtitle, source=SIMULATION, as_of=as_of, unit="USD m")
    axes: Axes
    figure, axes = style.canvas(height=4.0)
    rows = amounts.iloc[::-1].reset_index(drop=True)
    least = 10 ** np.floor(np.log10(rows["usd_m"].min()))
    for place, (_, row) in enumerate(rows.iterrows()):
        ink = _KINDS[str(row["kind"])]
        # Dots, not bars: on a logarithmic axis the length of a bar says nothing.
        axes.hlines(place, least, row["usd_m"], color=style.GRID, linewidth=2.5)
        axes.plot(row["usd_m"], place, "o", color=ink, ms=9)
        axes.annotate(
            _money(row["usd_m"]), (row["usd_m"], place), xytext=(8, 0), textcoords="offset points", va="center",
            size=9.5, weight="bold",
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(least, rows["usd_m"].max() * 20)
    axes.set_yticks(range(len(rows)), list(rows["amount"]))
    _money_ticks(axes)
    high = float(amounts.loc[amounts["kind"] == "simulated", "usd_m"].iloc[-1])
    capex = float(amounts.loc[amounts["kind"] == "capex", "usd_m"].iloc[0])
    share = units.percent(100 * high / capex)
    title = f"One outcome in ten costs more than {units.money(high)}, {share} of a year's capex"
    told = "; ".join(f"{row['amount']}: {units.money(row['usd_m'])}" for _, row in amounts.iterrows())
    style.finish(
        figure,
        title=title,
        subtitle=subtitle,
        source=f"{TRACKERS}; firms' filings; {SIMULATION}",
        as_of=as_of,
        unit="USD m",
        alt=f"{title}. {told}.",
        data=amounts,
    )
    return axes


def _money_ticks(axes: Axes) -> None:
    """Label the powers of ten of a logarithmic money axis in USD millions."""
    low, high = np.log10(axes.get_xlim())
    powers = range(int(np.ceil(low)), int(high) + 1)
    axes.xaxis.set_major_locator(FixedLocator([10.0**power for power in powers]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")


def _tick(usd_millions: float) -> str:
    if usd_millions < 1:
        return rf"\${usd_millions * 1000:,.0f}k"
    return rf"\${usd_millions / 1000:,.0f}bn" if usd_millions >= 1000 else rf"\${usd_millions:,.0f}m"


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
        note = f"{total}" if complete else f"{total}\nso far"
        axes.annotate(note, (at, total), xytext=(0, 2), textcoords="offset points", ha="center", size=9)
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
            axes.annotate(f"{value:.0f}", (at, value), xytext=(0, 2), textcoords="offset points", ha="center", size=9)
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


def exposure_by_defendant(table: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw each defendant's simulated cost, mean to 90th percentile, on a logarithmic axis.

    Parameters
    ----------
    table : DataFrame
        By defendant, highest mean first: ``mean``, ``p90``, ``claimed_usd_m``, ``works``.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
    """
    axes: Axes
    subtitle = "Simulated cost of open suits by first defendant, USD, logarithmic; in brackets: works alleged"
    if table.empty:
        return not_known(_NO_WORKS, subtitle=subtitle, source=SIMULATION, as_of=as_of, unit="USD m")
    figure, axes = style.canvas(height=max(3.4, 1.7 + 0.27 * len(table)))
    place = -np.arange(len(table))
    axes.hlines(place, table["mean"], table["p90"], color=style.NOW, linewidth=3)
    axes.plot(table["mean"], place, "o", color=style.NOW, ms=7, label="mean")
    axes.plot(table["p90"], place, "o", color=style.NOW, mfc=style.PAPER, ms=7, label="90th percentile")
    if table["claimed_usd_m"].notna().any():
        axes.plot(table["claimed_usd_m"], place, "D", color=style.COLOURS["ORCL"], ms=6, label="claimed, where stated")
    axes.set_xscale("log")
    low, high = table["mean"].min(), max(table["p90"].max(), table["claimed_usd_m"].max(skipna=True) or 0)
    axes.set_xlim(low / 2.5, high * 2.5)
    axes.set_yticks(place, [f"{name} ({_works(row['works'])})" for name, row in table.iterrows()])
    _money_ticks(axes)
    _legend_below(axes)
    first = table.iloc[0]
    share = 100 * first["mean"] / table["mean"].sum()
    carried = units.percent(share, 0)
    title = f"{table.index[0]} carries {carried} of the expected cost: the complaint counts {_works(first['works'])}"
    style.finish(
        figure,
        title=title,
        subtitle=subtitle,
        source=f"{TRACKERS}; {SIMULATION}",
        as_of=as_of,
        unit="USD m",
        alt=f"{title}. Its mean is {units.money(first['mean'])} and its 90th percentile {units.money(first['p90'])}.",
        data=table.reset_index(),
    )
    return axes


def _legend_below(axes: Axes) -> None:
    """Put the legend under the axis: inside it would hide a mark at some date."""
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.13), ncols=3, columnspacing=1.2)


def _works(works: float) -> str:
    if works >= 1_000_000:
        return f"{works / 1_000_000:,.0f}m works"
    return f"{works:,.0f} work" + ("" if works == 1 else "s")


def tornado(bars: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw how far each assumption moves the expected cost on its own, on a logarithmic axis.

    Parameters
    ----------
    bars : DataFrame
        Widest first: ``label``, ``at_low``, ``at_high``, ``central`` (USD millions), ``width``.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
    """
    axes: Axes
    subtitle = "Expected cost over each range, the others at their likeliest values, USD, logarithmic; pale: low end"
    if bars.empty:
        return not_known(_NO_WORKS, subtitle=subtitle, source=SIMULATION, as_of=as_of, unit="USD m")
    figure, axes = style.canvas(height=3.7)
    central = float(bars["central"].iloc[0])
    for place, (_, row) in enumerate(bars.iterrows()):
        for end, shade in (("at_low", style.COLOURS["META"]), ("at_high", style.NOW)):
            axes.barh(-place, row[end] - central, left=central, height=0.6, color=shade)
            right = row[end] > central
            axes.annotate(
                _money(row[end]), (row[end], -place), xytext=(4 if right else -4, 0), textcoords="offset points",
                ha="left" if right else "right", va="center", size=9,
            )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(bars[["at_low", "at_high"]].min().min() / 4, bars[["at_low", "at_high"]].max().max() * 5)
    axes.axvline(central, color=style.INK, linewidth=1)
    axes.set_yticks([-place for place in range(len(bars))], list(bars["label"]))
    _money_ticks(axes)
    first, second = bars.iloc[0], bars.iloc[1]
    times = max(first["at_low"], first["at_high"]) / min(first["at_low"], first["at_high"])
    title = f"“{first['label']}” moves the expected cost {times:,.0f}-fold, more than anything else"
    style.finish(
        figure,
        title=title,
        subtitle=subtitle,
        source=SIMULATION,
        as_of=as_of,
        unit="USD m",
        alt=f"{title}: from {units.money(first['at_low'])} to {units.money(first['at_high'])} around "
        f"{units.money(central)}; next is {second['label']}.",
        data=bars.reset_index(names="row"),
    )
    return axes


def announced_and_paid(stages: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw what was asked or announced beside what was paid in the end.

    Parameters
    ----------
    stages : DataFrame
        By matter: ``asked``, ``announced``, ``paid`` (USD millions, missing where there was none).
    as_of : str
        ISO date.

    Returns
    -------
    Axes
    """
    axes: Axes
    subtitle = "Amounts at each stage, USD, logarithmic; matters with at least two stages in the table"
    if stages.empty:
        return not_known("what became of a large claim", subtitle=subtitle, source=TRACKERS, as_of=as_of, unit="USD m")
    figure, axes = style.canvas(height=max(3.2, 1.6 + 0.3 * len(stages)))
    before = stages["announced"].fillna(stages["asked"])
    rows = stages.assign(before=before).sort_values("before")
    # A logarithmic axis has no zero: nothing paid stands on a line of its own at the left.
    floor = 1.0
    ends = rows["paid"].clip(lower=floor)
    place = np.arange(len(rows))
    axes.hlines(place, ends, rows["before"], color=style.GRID, linewidth=3)
    for column, label in (("announced", "awarded or announced"), ("asked", "asked")):
        inside = style.THEN if column == "announced" else style.PAPER
        axes.plot(rows[column], place, "o", color=style.THEN, mfc=inside, ms=7, label=label)
    axes.plot(ends, place, "D", color=style.NOW, ms=7, label="paid in the end")
    axes.set_xscale("log")
    axes.set_xlim(floor / 2, rows[["before", "paid"]].max().max() * 3)
    axes.set_yticks(place, list(rows.index))
    _money_ticks(axes)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: "nothing" if value == floor else _tick(value)))
    _legend_below(axes)
    nothing, announced = int((stages["paid"] == 0).sum()), stages[stages["announced"].notna()]
    fell = int((announced["paid"] < announced["announced"]).sum())
    title = (
        f"{nothing} of {len(stages)} large claims ended in nothing; {fell} of {len(announced)} announced ones shrank"
    )
    told = "; ".join(f"{name}: {units.money(row['before'])} to {_paid(row['paid'])}" for name, row in rows.iterrows())
    style.finish(
        figure,
        title=title,
        subtitle=subtitle,
        source="press reports of outcomes since 2000; large matters are over-represented",
        as_of=as_of,
        unit="USD m",
        alt=f"{title}. {told}.",
        data=stages.reset_index(),
    )
    return axes


def _paid(usd_millions: float) -> str:
    return units.money(usd_millions) if usd_millions else "nothing"
