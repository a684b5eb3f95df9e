"""Pictures of panel regressions: errors side by side, responses over time, all specifications, power."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from helpers.charts import style
from helpers.charts.marks import grid_across
from helpers.units import MINUS, p_value, percent_axis

SOURCE = "own estimates from company filings (table cash_flows)"
SIGNIFICANT = 0.05
YES, NO = "#D55E00", "#9A9A9A"
# Lines must not run through words.
_BEHIND = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.0, "alpha": 0.85}


def points(value: float, digits: int = 2) -> str:
    """Write a coefficient with a true minus sign."""
    text = f"{abs(value):.{digits}f}"
    return f"{MINUS}{text}" if value < 0 and float(text) != 0 else text


def errors_side_by_side(table: pd.DataFrame, names: Mapping[str, str], *, what: str, as_of: str) -> Axes:
    """Draw one coefficient with the interval of each error.

    Parameters
    ----------
    table : DataFrame, one row an error
        ``error``, ``coefficient``, ``low``, ``high`` (may be infinite), ``p_value``, ``firms``, ``quarters``.
    names : mapping of error to its name
    what : str
        What the coefficient says, for example "operating margin four quarters later".
    as_of : str

    Returns
    -------
    Axes
    """
    figure, axes = _one(height=max(3.0, 1.7 + 0.36 * len(table)))
    estimate = float(table["coefficient"].iloc[0])
    known = table[["low", "high"]].to_numpy(dtype="float64")
    known = known[np.isfinite(known)]
    low, high = min(0.0, *known), max(0.0, *known)
    pad = 0.08 * (high - low)
    axes.set_xlim(low - pad, high + pad)
    for row, line in enumerate(table.to_dict("records")):
        ends = np.clip([float(line["low"]), float(line["high"])], low - pad, high + pad)
        ink = YES if float(line["p_value"]) < SIGNIFICANT else NO
        axes.plot(ends, [row, row], color=ink, linewidth=2.6, solid_capstyle="butt")
        axes.plot(estimate, row, "o", color=ink, markersize=7)
        axes.annotate(p_value(float(line["p_value"])), (1.0, row), xycoords=("axes fraction", "data"), xytext=(6, 0),
                      textcoords="offset points", va="center", size=9, annotation_clip=False)  # fmt: skip
    axes.axvline(0, color=style.INK, linewidth=1.0)
    axes.set_yticks(range(len(table)), [names[str(error)] for error in table["error"]])
    axes.set_ylim(len(table) - 0.5, -0.5)
    grid_across(axes)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: points(value, 1)))
    count = int((table["p_value"] < SIGNIFICANT).sum())
    title = f"The same {points(estimate)}, {len(table)} errors: {count} of them call it significant at 5 per cent"
    style.finish(
        figure,
        title=title,
        subtitle=f"Points of {what} for one point more of capex intensity, 95 % intervals; "
        f"{int(table['firms'].iloc[0])} firms, {int(table['quarters'].iloc[0])} quarters",
        source=SOURCE,
        as_of=as_of,
        unit="points for one point",
        alt=f"{title}. p-values run from {p_value(table['p_value'].min(), '')} to "
        f"{p_value(table['p_value'].max(), '')}.",
        data=table,
    )
    return axes


def response(table: pd.DataFrame, without: pd.DataFrame, *, what: str, unit: str, as_of: str) -> Axes:
    """Draw a local projection with both bands, its placebo and the responses without each firm.

    Parameters
    ----------
    table : DataFrame, one row a horizon
        ``horizon``, ``coefficient``, ``low``, ``high``, ``band_low``, ``band_high``, ``placebo``.
    without : DataFrame, one row a firm left out and horizon
        ``left_out``, ``horizon``, ``coefficient``.
    what : str
        The outcome in words.
    unit : str
        Of the response, for example "points".
    as_of : str

    Returns
    -------
    Axes
    """
    figure, axes = _one()
    for placebo, ink in ((True, style.THEN), (False, style.NOW)):
        side = table[table["placebo"] == placebo].sort_values("horizon")
        axes.fill_between(side["horizon"], side["band_low"], side["band_high"], color=ink, alpha=0.13, linewidth=0)
        axes.fill_between(side["horizon"], side["low"], side["high"], color=ink, alpha=0.22, linewidth=0)
        axes.plot(side["horizon"], side["coefficient"], color=ink, marker="o", markersize=4, zorder=4)
    for _, line in without.groupby("left_out"):
        axes.plot(line["horizon"], line["coefficient"], color=style.NOW, linewidth=0.8, alpha=0.55, zorder=3)
    axes.plot(-1, 0, "D", color=style.INK, markersize=5, zorder=5)
    style.zero_line(axes)
    axes.axvline(-0.5, color=style.GRID, linewidth=1.2)
    axes.set_xticks(sorted([*table["horizon"], -1]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: points(value)))
    axes.set_xlabel("quarters after the shock (before it: placebo)")
    _legend_below(axes, [
        Line2D([], [], color=style.NOW, marker="o", markersize=4, label="response"),
        Line2D([], [], color=style.NOW, linewidth=0.8, alpha=0.6, label="without one firm"),
        Patch(color=style.NOW, alpha=0.35, label="95 %, each quarter"),
        Patch(color=style.NOW, alpha=0.13, label="95 %, all quarters"),
    ])  # fmt: skip
    after = table[~table["placebo"]]
    seen = after[(after["band_low"] > 0) | (after["band_high"] < 0)]
    before = table[table["placebo"]]
    clean = not ((before["band_low"] > 0) | (before["band_high"] < 0)).any()
    last = after.sort_values("horizon").iloc[-1]
    verb = "differs" if len(seen) == 1 else "differ"
    found = f"{len(seen)} of {len(after)} quarters {verb} from zero" if len(seen) else "no quarter differs from zero"
    title = (
        f"{what[0].upper()}{what[1:]}: {found} once all are judged together; the placebo is "
        f"{'clean' if clean else 'not clean'}"
    )
    style.finish(
        figure,
        title=title,
        subtitle=f"Change of {what} since the quarter before, {unit}, for one point more capex (of past revenue)",
        source=SOURCE,
        as_of=as_of,
        unit=unit,
        alt=f"{title}. After {int(last['horizon'])} quarters the response is {points(float(last['coefficient']))} "
        f"{unit}, with a band for all quarters from {points(float(last['band_low']))} to "
        f"{points(float(last['band_high']))}.",
        data=table,
    )
    return axes


def specification_curve(table: pd.DataFrame, choices: Mapping[str, Sequence[tuple[str, str]]], *, as_of: str) -> Axes:
    """Draw all coefficients in order, and under each the choices that made it.

    Parameters
    ----------
    table : DataFrame, one row a specification
        ``place``, ``outcome``, ``coefficient``, ``low``, ``high``, ``p_value`` and the columns of `choices`.
    choices : mapping of column to (value, label) pairs
        The rows of the grid, in order.
    as_of : str

    Returns
    -------
    Axes
        The upper one.
    """
    lines = [(column, value, label) for column, pairs in choices.items() for value, label in pairs]
    figure, (curve, grid) = style.canvas(
        2, 1, height=4.0 + 0.17 * len(lines), sharex=True, gridspec_kw={"height_ratios": [1.1, 1.0]}
    )
    ink = np.where(table["p_value"] < SIGNIFICANT, YES, NO)
    curve.vlines(table["place"], table["low"], table["high"], color=ink, linewidth=0.8, alpha=0.45)
    curve.scatter(table["place"], table["coefficient"], c=ink, s=7, zorder=4)
    style.zero_line(curve)
    inner = table[["low", "high"]].to_numpy(dtype="float64")
    curve.set_ylim(*np.quantile(inner, [0.01, 0.99]))
    curve.yaxis.set_major_formatter(FuncFormatter(lambda value, _: points(value, 1)))
    for outcome, part in table.groupby("outcome", sort=False):
        curve.axvline(part["place"].min() - 0.5, color=style.GRID, linewidth=1.2)
        curve.annotate(_words(str(outcome)).replace(" ", "\n"), (part["place"].mean(), 1.0),
                       xycoords=("data", "axes fraction"), xytext=(0, -2), textcoords="offset points", ha="center",
                       va="top", size=9, weight="bold")  # fmt: skip
    for row, (column, value, _) in enumerate(lines):
        chosen = table[table[column].astype(str) == value]
        marks = np.where(chosen["p_value"] < SIGNIFICANT, YES, NO)
        grid.scatter(chosen["place"], np.full(len(chosen), row), marker="|", s=16, c=marks, linewidths=0.9)
    grid.set_yticks(range(len(lines)), [label for _, _, label in lines], fontsize=9)
    grid.set_ylim(len(lines) - 0.5, -0.5)
    grid.set_xticks([])
    grid.grid(visible=False)
    count = int((table["p_value"] < SIGNIFICANT).sum())
    groups = table.groupby("outcome", sort=False)["coefficient"]
    more = {_words(str(name)): float(100 * (values > 0).mean()) for name, values in groups}
    told = "; ".join(f"{_words(str(name))} {points(float(values.median()))}" for name, values in groups)
    found = ", ".join(f"{share:.0f} % find more {name}" for name, share in more.items())
    title = f"Of {len(table)} ways to ask, {found}"
    style.finish(
        figure,
        title=title,
        subtitle="Points of each outcome for one point more of earlier capex intensity, 95 % intervals; "
        "orange: p below 0.05",
        source=SOURCE,
        as_of=as_of,
        unit="points for one point",
        alt=f"Specification curve. {title}; {count} have p below 0.05. Median by outcome: {told}.",
        data=table.drop(columns=["t"], errors="ignore"),
    )
    top: Axes = curve
    return top


def _words(outcome: str) -> str:
    return outcome.replace("_", " ").replace("ocf", "OCF").replace("fcf", "FCF")


def power(curves: Mapping[str, pd.DataFrame], effects: Mapping[str, float], *, wanted: float, as_of: str) -> Axes:
    """Draw how likely an effect of each size is to be noticed.

    Parameters
    ----------
    curves : mapping of outcome to DataFrame
        ``effect`` (points), ``power`` (0 to 1).
    effects : mapping of outcome to float
        The smallest effect noticed with the wanted power.
    wanted : float
    as_of : str

    Returns
    -------
    Axes
    """
    figure, axes = _one()
    inks = dict(zip(curves, [style.NOW, "#D55E00", "#009E73", "#CC79A7"], strict=False))
    for place, name in enumerate(sorted(curves, key=lambda n: effects[n], reverse=True)):
        axes.plot(curves[name]["effect"], 100 * curves[name]["power"], color=inks[name])
        axes.plot(effects[name], 100 * wanted, "o", color=inks[name], markersize=7, zorder=5)
        # Lower for the smaller ones, whose dots may be close together.
        axes.annotate(f"{name}: {points(effects[name])}", (effects[name], 100 * wanted), xytext=(9, -12 - 17 * place),
                      textcoords="offset points", size=9.5, weight="bold",
                      color=style.text_colour(inks[name]), bbox=_BEHIND)  # fmt: skip
    axes.axhline(100 * wanted, color=style.THEN, linewidth=1.0, linestyle=(0, (4, 3)))
    axes.set_ylim(0, 102)
    axes.set_xlim(0, 1.75 * max(effects.values()))
    axes.yaxis.set_major_formatter(FuncFormatter(percent_axis))
    axes.set_xlabel("true effect, points for one point of capex intensity")
    least, most = min(effects, key=lambda n: effects[n]), max(effects, key=lambda n: effects[n])
    title = (
        f"An effect below {points(effects[least])} points ({least}) to {points(effects[most])} points ({most}) "
        "would mostly go unseen"
    )
    style.finish(
        figure,
        title=title,
        subtitle=f"Chance that a test of size 5 % notices a true effect, per cent; dots: {100 * wanted:.0f} %",
        source="own simulation on the panel's own structure (table cash_flows)",
        as_of=as_of,
        unit="per cent",
        alt=f"Power curves. {title} with {100 * wanted:.0f} per cent power.",
        data=pd.concat([curve.assign(outcome=name) for name, curve in curves.items()], ignore_index=True),
    )
    return axes


def _one(height: float = 4.2) -> tuple[Figure, Axes]:
    axes: Axes
    figure, axes = style.canvas(height=height)
    return figure, axes


def _legend_below(axes: Axes, handles: Sequence[Line2D | Patch]) -> None:
    axes.legend(handles=list(handles), loc="upper left", bbox_to_anchor=(0, -0.2), ncols=4, borderaxespad=0,
                frameon=False, fontsize=9, handletextpad=0.5, columnspacing=1.2)  # fmt: skip
