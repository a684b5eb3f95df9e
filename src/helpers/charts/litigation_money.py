"""Pictures of what suits cost: what was paid, asked, simulated and carried, on logarithmic axes of money."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from helpers import units
from helpers.charts import style
from helpers.charts.litigation import TRACKERS
from helpers.charts.marks import beside, grid_across
from helpers.charts.unknown import not_known

SIMULATION = "own simulation; every range is a row of assumptions.csv"
_NO_WORKS = "an open suit that counts its works"
_KINDS = {"stated": style.THEN, "simulated": style.NOW, "capex": style.COLOURS["AMZN"]}


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
        beside(axes, units.money(row["usd_m"]), (row["usd_m"], place), 8, size=9.5, weight="bold")
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
    grid_across(axes)


def _tick(usd_millions: float) -> str:
    if usd_millions < 1:
        return rf"\${usd_millions * 1000:,.0f}k"
    return rf"\${usd_millions / 1000:,.0f}bn" if usd_millions >= 1000 else rf"\${usd_millions:,.0f}m"


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
            beside(axes, units.money(row[end]), (row[end], -place), 4 if row[end] > central else -4)
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
