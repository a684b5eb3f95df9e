"""Pictures of what came back: AI revenue beside AI capex, depreciation signed for, investment beyond the usual."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from helpers.charts import style
from helpers.charts.marks import grid_across
from helpers.charts.unknown import not_known
from helpers.units import billions_axis, money

BILLION = 1000.0
LIFE_INKS = {3.0: "#D55E00", 4.0: "#E69F00", 5.0: "#009E73", 6.0: "#0072B2"}
_RATIO_SUBTITLE = "Dollars of AI revenue for each dollar of AI capex, both since 2023"
_RATIO_SOURCE = "companies' own statements, filings and press (tables vendor_metrics, cash_flows, financing)"


def ratios(table: pd.DataFrame, *, low: float, high: float, as_of: str) -> Axes:
    """Draw every way to form AI revenue over AI capex, with the thresholds of the claim.

    Parameters
    ----------
    table : DataFrame, one row a way
        ``numerator``, ``denominator``, ``ratio`` (missing where not known), ``revenue``, ``capex``
        (USD millions), ``to``, ``deciding``.
    low, high : float
        Below `low` the claim is supported, above `high` it is not.
    as_of : str

    Returns
    -------
    Axes
    """
    known = table.dropna(subset=["ratio"])
    if known.empty:
        return not_known("any AI revenue of the builders", subtitle=_RATIO_SUBTITLE, source=_RATIO_SOURCE, as_of=as_of,
                         unit="ratio")  # fmt: skip
    axes: Axes
    figure, axes = style.canvas(width=7.2, height=1.8 + 0.52 * len(known))
    rows = np.arange(len(known))
    inks = [style.NOW if deciding else style.THEN for deciding in known["deciding"]]
    axes.barh(rows, known["ratio"], color=inks, height=0.55)
    for row, line in enumerate(known.to_dict("records")):
        axes.annotate(f"{line['ratio']:.2f}  ({_plain(line['revenue'])} of {_plain(line['capex'])})",
                      (line["ratio"], row), xytext=(4, 0), textcoords="offset points", va="center",
                      size=9, bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.0})  # fmt: skip
    for edge in (low, high):
        axes.axvline(edge, color=style.INK, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
    labels = [f"{line['numerator']}\nover {line['denominator']}" for line in known.to_dict("records")]
    axes.set_yticks(rows, labels, fontsize=9)
    axes.set_ylim(len(known) - 0.5, -0.5)
    axes.set_xlim(0, max(1.25 * high, 0.75 + float(known["ratio"].max())))
    grid_across(axes)
    span = f"{known['ratio'].min():.2f} to {known['ratio'].max():.2f}"
    deciding = known[known["deciding"]]
    title = (
        f"For each dollar of AI capex {100 * float(deciding['ratio'].iloc[0]):.0f} cents of AI revenue so far"
        if len(deciding)
        else f"The builders' own AI revenue is not known; what is known gives {span}"
    )
    style.finish(
        figure,
        title=title,
        subtitle=f"{_RATIO_SUBTITLE}; blue decides; dashed: {low} and {high}",
        source=_RATIO_SOURCE,
        as_of=as_of,
        unit="ratio",
        alt=f"Horizontal bars of {len(known)} ratios from {span}. {title}.",
        data=table.drop(columns=["rows", "assumptions"], errors="ignore"),
    )
    return axes


def depreciation(table: pd.DataFrame, *, firms: str, as_of: str) -> Axes:
    """Draw depreciation scheduled under each life, past and signed for, with the reported one.

    Parameters
    ----------
    table : DataFrame, one row a quarter and life
        ``quarter`` (Timestamp), ``life`` (years), ``depreciation``, ``reported`` (USD millions a
        quarter; the same for each life, missing where not known for all firms), ``projected``.
    firms : str
        Whose, in words.
    as_of : str

    Returns
    -------
    Axes
    """
    axes: Axes
    figure, axes = style.canvas()
    keys = []
    for value, part in table.groupby("life"):
        life, part = float(str(value)), part.sort_values("quarter")
        ink = LIFE_INKS.get(life, style.NOW)
        past = part[~part["projected"]]
        ahead = pd.concat([past.tail(1), part[part["projected"]]])
        axes.plot(past["quarter"], past["depreciation"] / BILLION, color=ink)
        axes.plot(ahead["quarter"], ahead["depreciation"] / BILLION, color=ink, linestyle=(0, (4, 2)))
        keys.append(Line2D([], [], color=ink, label=f"over {life:.0f} years"))
    reported = table.drop_duplicates("quarter").dropna(subset=["reported"]).sort_values("quarter")
    if len(reported):
        axes.plot(reported["quarter"], reported["reported"] / BILLION, color=style.INK, linewidth=2.2)
        keys.append(Line2D([], [], color=style.INK, linewidth=2.2, label="reported"))
    axes.legend(handles=keys, loc="upper left", bbox_to_anchor=(0, -0.12), ncols=5, borderaxespad=0, frameon=False,
                fontsize=9, handletextpad=0.5, columnspacing=1.2)  # fmt: skip
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(billions_axis))
    title, told = _depreciation_title(table)
    style.finish(
        figure,
        title=title,
        subtitle=f"Depreciation of {firms} a quarter, USD billions: all capex written off in a straight line; dashed: "
        "still to come from what is already paid",
        source="own schedule from company filings (table cash_flows)",
        as_of=as_of,
        unit="USD billions a quarter",
        alt=f"Lines of scheduled depreciation under {table['life'].nunique()} asset lives, falling to zero after the "
        f"last known capex. {title}. {told}",
        data=table,
    )
    return axes


def _depreciation_title(table: pd.DataFrame) -> tuple[str, str]:
    peaks = {}
    for life, part in table.dropna(subset=["depreciation"]).groupby("life"):
        peaks[float(str(life))] = float(part["depreciation"].max())
    if not peaks:
        return "The depreciation to come is not known", "Too few years of capex are known."
    short, long = min(peaks), max(peaks)
    still = table[table["projected"]].groupby("life")["depreciation"].sum()
    title = (
        f"Already paid for: a peak of {money(peaks[long], 0)} to {money(peaks[short], 0)} of depreciation a quarter, "
        "whatever is bought next"
    )
    told = "; ".join(f"over {float(str(life)):.0f} years {money(float(value), 0)}" for life, value in still.items())
    return title, f"Still to be written off in the quarters shown: {told}."


def beyond_the_usual(table: pd.DataFrame, *, as_of: str, learnt_to: str) -> Axes:
    """Draw each firm's investment beyond what the rule expects, added up since the boom began.

    Parameters
    ----------
    table : DataFrame, one row a firm
        ``ticker``, ``surprise`` and ``path`` (USD millions: beyond the expectation one quarter ahead,
        and beyond a path without a boom).
    as_of : str
    learnt_to : str
        Last quarter the rule is learnt from.

    Returns
    -------
    Axes
    """
    if table.empty:
        return not_known("any quarter after the rule was learnt", subtitle="Capex beyond the expected, USD billions",
                         source="own estimates from company filings (table cash_flows)", as_of=as_of,
                         unit="USD billions")  # fmt: skip
    axes: Axes
    table = table.sort_values("path", ascending=False).reset_index(drop=True)
    figure, axes = style.canvas(height=1.8 + 0.44 * len(table))
    for row, line in enumerate(table.to_dict("records")):
        ink = style.colour(str(line["ticker"]))
        axes.barh(row, line["path"] / BILLION, color=ink, height=0.6, alpha=0.45)
        axes.barh(row, line["surprise"] / BILLION, color=ink, height=0.3)
        edge = max(line["path"], line["surprise"], 0.0) / BILLION
        axes.annotate(f"{_plain(line['surprise'])} / {_plain(line['path'])}", (edge, row), xytext=(4, 0),
                      textcoords="offset points", va="center", size=9)  # fmt: skip
    axes.axvline(0, color=style.INK, linewidth=1.0)
    axes.set_yticks(range(len(table)), [style.company(str(ticker)) for ticker in table["ticker"]])
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.set_xlim(right=1.3 * max(1.0, float(table[["path", "surprise"]].to_numpy().max()) / BILLION))
    axes.xaxis.set_major_formatter(FuncFormatter(billions_axis))
    grid_across(axes)
    total, surprise = float(table["path"].sum()), float(table["surprise"].sum())
    title = f"{money(total, 0)} more than the habits of before would have spent, {money(surprise, 0)} of it a surprise"
    style.finish(
        figure,
        title=title,
        subtitle=f"Capex since {learnt_to} beyond a rule learnt until then, USD billions; dark: beyond the expectation "
        "one quarter ahead, pale: beyond a path without the boom",
        source="own estimates from company filings (table cash_flows)",
        as_of=as_of,
        unit="USD billions",
        alt=f"Two bars for each of {len(table)} firms. {title}.",
        data=table,
    )
    return axes


def _plain(usd_millions: float) -> str:
    """Write money inside the axes, where a bare dollar would begin mathematics."""
    return money(usd_millions, 0).replace("$", r"\$")
