"""Pictures of an uncertain estimate: its distribution, and what moves it most."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from helpers import units
from helpers.charts import style
from helpers.charts.chatgpt_revenue import text

SOURCE = "own simulation; every range is a row of assumptions.csv"
_BILLION = 1000.0
_BINS = 60


def distribution(simulated: pd.DataFrame, quantiles: pd.Series, *, claim_usd_m: float, as_of: str) -> Axes:
    """Draw the simulated net revenue beside the article's figure.

    Parameters
    ----------
    simulated : DataFrame
        ``net_usd_m``, one row a draw.
    quantiles : Series
        Of it, at 0.05, 0.5 and 0.95.
    claim_usd_m : float
        The article's figure.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
    """
    axes: Axes
    figure, axes = style.canvas(height=3.8)
    net = simulated["net_usd_m"] / _BILLION
    low, middle, high = (quantiles.loc[share] / _BILLION for share in (0.05, 0.5, 0.95))
    counts, edges, _ = axes.hist(net, bins=_BINS, color="#BFD5E6")
    centres = (edges[:-1] + edges[1:]) / 2
    inside = (centres >= low) & (centres <= high)
    axes.bar(centres[inside], np.asarray(counts)[inside], width=np.diff(edges)[inside], color=style.NOW)
    top = float(np.max(counts))
    _mark(axes, middle, top * 1.06, f"median {units.money(middle * _BILLION, 2)}", style.NOW, "center")
    _mark(axes, claim_usd_m / _BILLION, top * 1.06, f"the article: {units.money(claim_usd_m, 2)}", "#595959", "right")
    axes.set_ylim(0, top * 1.2)
    axes.set_yticks([])
    axes.margins(x=0.06)
    axes.grid(visible=False)
    axes.xaxis.set_major_formatter(FuncFormatter(_two_digits))
    lowest, highest = (units.money(value * _BILLION, 2) for value in (low, high))
    claimed = units.money(claim_usd_m, 2)
    under = 100 * float((simulated["net_usd_m"] < claim_usd_m).mean())
    style.finish(
        figure,
        title=f"Net of fees, prices and churn, Plus brought {lowest} to {highest} in 2024, not {claimed}",
        subtitle=f"Simulated revenue of 2024, USD bn; dark: the middle 90 % of {len(simulated):,} draws",
        source=SOURCE,
        as_of=as_of,
        unit="USD bn",
        alt=f"The middle 90 % of draws is {lowest} to {highest}; {under:.0f} % lie under the article's {claimed}.",
        data=pd.DataFrame({"net_usd_m": centres * _BILLION, "draws": np.asarray(counts).astype(int)}),
    )
    return axes


def _mark(axes: Axes, x: float, y: float, words: str, ink: str, align: str) -> None:
    axes.plot([x, x], [0, y], color=ink, linewidth=1.6)
    axes.annotate(
        text(words), (x, y), xytext=(0, 3), textcoords="offset points", ha=align, size=9.5, weight="bold", color=ink
    )


def _two_digits(value: float, _place: int | None = None) -> str:
    return text(units.money(value * _BILLION, 2))


def tornado(bars: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw how far each assumption moves the estimate on its own, widest on top.

    Parameters
    ----------
    bars : DataFrame
        Widest first: ``label``, ``low``, ``high`` (the range), ``at_low``, ``at_high``, ``central``
        (USD millions), ``width``.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
    """
    axes: Axes
    figure, axes = style.canvas(height=3.9)
    central = float(bars["central"].iloc[0])
    for place, (_, row) in enumerate(bars.iterrows()):
        for end, shade in (("at_low", style.COLOURS["META"]), ("at_high", style.NOW)):
            axes.barh(-place, (row[end] - central) / _BILLION, left=central / _BILLION, height=0.62, color=shade)
            right = row[end] > central
            axes.annotate(
                f"{row[end.removeprefix('at_')]:g}", (row[end] / _BILLION, -place), xytext=(4 if right else -4, 0),
                textcoords="offset points", ha="left" if right else "right", va="center", size=9,
            )  # fmt: skip
    axes.axvline(central / _BILLION, color=style.INK, linewidth=1)
    axes.set_yticks([-place for place in range(len(bars))], list(bars["label"]))
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.margins(x=0.08)
    axes.xaxis.set_major_formatter(FuncFormatter(_two_digits))
    first, second = bars["label"].iloc[0], bars["label"].iloc[1]
    widest = units.money(float(bars["width"].iloc[0]))
    style.finish(
        figure,
        title=f"The widest of our guesses, “{first}”, moves the answer by {widest}",
        subtitle="Net revenue of Plus in 2024, USD bn, over each range on its own (its ends are at the bars)",
        source=SOURCE,
        as_of=as_of,
        unit="USD bn",
        alt=f"Widest is {first}, which moves net revenue by {widest}, then {second}.",
        data=bars.reset_index(names="row"),
    )
    return axes
