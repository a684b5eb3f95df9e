"""Pictures of who promised money to whom: the ring of firms, its cycles, gross and net, promises over revenue."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from helpers.charts import style
from helpers.charts.funding import BILLION, company_colour, legend_over_source, nothing, year_axis
from helpers.units import billions_axis, count, money, percent

SOURCE = "company announcements and the press (table compute_commitments)"
PURCHASE, MONEY_IN = "#0072B2", "#E69F00"
# Names of the table of commitments that differ from those of `style.COMPANIES`.
_OTHER_NAMES = {"Google": "Alphabet"}
_TICKERS = {name: ticker for ticker, name in style.COMPANIES.items()}


def colour_of(firm: str) -> str:
    """Return the colour of a firm by the name the table of commitments uses."""
    name = _OTHER_NAMES.get(firm, firm)
    return company_colour(_TICKERS.get(name, name))


def ring(edges: pd.DataFrame, *, as_of: str, in_cycles: Iterable[str], circular: float, gross: float) -> Axes:
    """Draw the firms that stand in a cycle on a ring, an arrow for each promise between them.

    Parameters
    ----------
    edges : DataFrame, one row a payer and payee
        ``payer``, ``payee``, ``amount_usd_m`` (missing where not disclosed), ``purchase`` (True for computing and
        chips, False for stakes and loans).
    as_of : str
    in_cycles : iterable of str
        Firms of at least one cycle; the others are left out of the picture. If there is none, all are shown.
    circular, gross : float
        USD millions, for the title.

    Returns
    -------
    Axes
    """
    around = sorted(in_cycles)
    # Where nothing goes round, the picture shows which way it goes.
    firms = around or sorted(set(edges["payer"]) | set(edges["payee"]))
    figure, axes = style.canvas(height=6.2)
    axes.set_axis_off()
    inner = edges[edges["payer"].isin(firms) & edges["payee"].isin(firms)]
    spots = _places(inner, firms)
    top = float(inner["amount_usd_m"].max()) if len(inner) else 1.0
    for _, edge in inner.iterrows():
        _arrow(axes, edge, spots, top)
    for firm, (x, y) in spots.items():
        box = {"boxstyle": "round,pad=0.35", "facecolor": style.PAPER, "edgecolor": colour_of(firm), "linewidth": 2}
        axes.text(x, y, firm, ha="center", va="center", weight="bold", size=10, bbox=box, zorder=5)
    axes.set_xlim(-1.25, 1.25)
    axes.set_ylim(-1.3, 1.3)
    share = percent(100 * circular / gross, 0) if gross else "none"
    title = (
        f"Of {money(gross, 0)} promised by name, {money(circular, 0)} ({share}) can go round among {len(firms)} firms."
        if around
        else f"Of {money(gross, 0)} promised by name nothing goes round: no chain of promises returns to its start."
    )  # fmt: skip
    told = "; ".join(
        f"{edge['payer']} to {edge['payee']} {money(edge['amount_usd_m'], 0)}"
        for edge in inner.sort_values("amount_usd_m", ascending=False).head(3).to_dict("records")
    )
    style.finish(
        figure, title=title,
        subtitle=f"Promises {'between firms of a cycle' if around else 'by name'}, USD billions over all years; "
        "an arrow runs from payer to payee, wider is more",
        source=SOURCE, as_of=as_of, unit="USD billions",
        alt=f"Ring of {len(firms)} firms with {len(inner)} arrows. {title} {'Largest: ' + told + '.' if told else ''}",
        data=edges.drop(columns="rows", errors="ignore") if len(edges) else nothing(),
    )  # fmt: skip
    keys = [
        Line2D([], [], color=PURCHASE, linewidth=2.5, label="buys computing or chips"),
        Line2D([], [], color=MONEY_IN, linewidth=2.5, label="puts in a stake or a loan"),
        Line2D([], [], color=style.THEN, linewidth=1.2, linestyle=":", label="amount not disclosed"),
    ]
    legend_over_source(figure, keys, columns=3)
    first: Axes = axes
    return first


def _places(inner: pd.DataFrame, firms: list[str]) -> dict[str, tuple[float, float]]:
    """Put the two firms with most partners in the middle row, the others above and below, near those they deal with."""
    partners = {firm: set(inner.loc[inner["payer"] == firm, "payee"]) | set(inner.loc[inner["payee"] == firm, "payer"])
                for firm in firms}  # fmt: skip
    hubs = sorted(firms, key=lambda firm: (-len(partners[firm]), firm))[:2]
    spots = dict(zip(hubs, [(-0.62, 0.0), (0.62, 0.0)], strict=False))
    others = [firm for firm in firms if firm not in hubs]

    def side(firm: str) -> int:
        return sum(hub in partners[firm] for hub in hubs[1:]) - (hubs[0] in partners[firm])

    others.sort(key=lambda firm: (side(firm), firm))
    for start, y in ((0, 1.0), (1, -1.0)):
        row = others[start::2]
        for place, firm in enumerate(row):
            spots[firm] = (-1 + 2 * (place + 0.5) / len(row), y)
    return spots


def _arrow(axes: Any, edge: pd.Series, spots: dict[str, tuple[float, float]], top: float) -> None:
    """Draw one promise as a bent arrow, so that a promise and its return do not lie on each other."""
    amount = edge["amount_usd_m"]
    known = not pd.isna(amount)
    ink = (PURCHASE if edge["purchase"] else MONEY_IN) if known else style.THEN
    # The root keeps a promise of one billion visible beside one of three hundred.
    width = 0.8 + 5 * math.sqrt(amount / top) if known else 1.2
    start, end = spots[edge["payer"]], spots[edge["payee"]]
    # Two firms of one row: bent further, to pass beside the firms between them.
    bend = 0.3 if start[1] == end[1] and start[1] != 0 else 0.17
    arrow = {
        "arrowstyle": "-|>", "color": ink, "linewidth": width, "shrinkA": 18, "shrinkB": 20, "alpha": 0.85,
        "linestyle": "-" if known else ":", "connectionstyle": f"arc3,rad={bend}", "mutation_scale": 9 + 1.6 * width,
    }  # fmt: skip
    axes.annotate("", xy=end, xytext=start, arrowprops=arrow, zorder=2)
    if not known:
        return
    # On the bend of its arrow (a quadratic curve), a little nearer to the payer than to the payee.
    share = 0.42
    across = 2 * share * (1 - share) * bend
    x = start[0] + share * (end[0] - start[0]) + across * (end[1] - start[1])
    y = start[1] + share * (end[1] - start[1]) - across * (end[0] - start[0])
    text = rf"\${amount / BILLION:,.0f}bn" if amount >= BILLION else rf"\${amount:,.0f}m"
    box = {"boxstyle": "round,pad=0.1", "facecolor": style.PAPER, "edgecolor": "none", "alpha": 0.9}
    axes.text(x, y, text, size=9, color=style.text_colour(ink), ha="center", va="center", bbox=box, zorder=4)


def gross_and_net(months: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw promises as they added up, gross and with what goes round taken out.

    Parameters
    ----------
    months : DataFrame, one row a month-end
        ``date``, ``gross``, ``circular``, ``net``.
    as_of : str

    Returns
    -------
    Axes
    """
    figure, axes = style.canvas(height=3.9)
    last = months.tail(1).to_dict("records")
    if last:
        axes.fill_between(
            months["date"], months["net"] / BILLION, months["gross"] / BILLION, color=MONEY_IN, alpha=0.3, linewidth=0
        )
        axes.plot(months["date"], months["gross"] / BILLION, color=style.INK)
        axes.plot(months["date"], months["net"] / BILLION, color=PURCHASE)
        axes.yaxis.set_major_formatter(FuncFormatter(billions_axis))
        axes.set_ylim(0, max(1.0, float(months["gross"].max()) / BILLION * 1.08))
        span = months["date"].max() - months["date"].min()
        axes.set_xlim(months["date"].min(), months["date"].max() + 0.18 * span)
        year_axis(axes, months["date"].min(), months["date"].max())
        ends = {f"gross {money(last[0]['gross'], 0)}": (last[0]["date"], last[0]["gross"] / BILLION, style.INK)}
        if last[0]["circular"]:
            ends[f"net {money(last[0]['net'], 0)}"] = (last[0]["date"], last[0]["net"] / BILLION, PURCHASE)
        style.label_ends(axes, ends)
    title = (
        f"Named promises add up to {money(last[0]['gross'], 0)}; "
        f"{money(last[0]['circular'], 0) if last[0]['circular'] else 'none'} of it can be taken out along cycles."
        if last else "No promise is known."
    )  # fmt: skip
    style.finish(
        figure, title=title,
        subtitle="Stakes, loans, computing and chips promised by name up to each month's end, USD billions; shaded: "
        "what goes round",
        source=SOURCE, as_of=as_of, unit="USD billions",
        alt=f"Two lines over time. {title}",
        data=months if len(months) else nothing(),
    )  # fmt: skip
    first: Axes = axes
    return first


def promises_over_revenue(table: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw what each firm promised to buy as a multiple of what it takes in a year.

    Parameters
    ----------
    table : DataFrame, one row a payer, largest promise first
        ``payer``, ``promised_usd_m``, ``revenue_usd_m``, ``basis``, ``times_revenue`` (missing where revenue is).
    as_of : str

    Returns
    -------
    Axes
    """
    figure, axes = style.canvas(height=1.9 + 0.44 * max(len(table), 1))
    top = float(table["times_revenue"].max()) if table["times_revenue"].notna().any() else 1.0
    for y, row in enumerate(table.to_dict("records")):
        times = row["times_revenue"]
        known = not pd.isna(times)
        axes.barh(y, times if known else 0, color=colour_of(row["payer"]), height=0.62)
        against = f"{_times(times)} times {row['basis']} {money(row['revenue_usd_m'])}" if known else "revenue unknown"
        text = f"{money(row['promised_usd_m'], 0)}: {against}"
        axes.annotate(
            text.replace("$", r"\$"),
            (times if known else 0, y),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            size=9,
        )
    axes.set_yticks(range(len(table)), list(table["payer"]), weight="bold")
    axes.set_ylim(len(table) - 0.4, -0.6)
    axes.set_xlim(0, top * 2.0)
    axes.grid(False)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    most = table.dropna(subset=["times_revenue"]).sort_values("times_revenue").tail(1).to_dict("records")
    title = (
        f"{most[0]['payer']} promised to buy {_times(most[0]['times_revenue'])} times what it takes in a year."
        if most else "No promise to buy can be held against a revenue."
    )  # fmt: skip
    style.finish(
        figure, title=title,
        subtitle="Computing and chips promised by name, all years together, over one year of the payer's revenue",
        source="announcements, the press and filings (compute_commitments, vendor_metrics, cash_flows)",
        as_of=as_of, unit="ratio",
        alt=f"Horizontal bars of {len(table)} payers. {title}",
        data=table.drop(columns="rows", errors="ignore") if len(table) else nothing(),
    )  # fmt: skip
    first: Axes = axes
    return first


def _times(multiple: float) -> str:
    """Write a multiple so that a small one does not read as zero."""
    return count(multiple, digits=1 if multiple >= 1 else 2)
