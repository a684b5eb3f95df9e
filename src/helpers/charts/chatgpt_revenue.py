"""Pictures of what ChatGPT earns: the estimate as a tree, and what was reported later."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from helpers import units
from helpers.charts import style
from helpers.charts.unknown import not_known

SOURCE = "OpenAI, press reports and leaked accounts (vendor_metrics; many rows found through Epoch AI, CC BY 4.0)"
ARTICLE_SOURCE = "the article under audit, quoting E. Zitron and The New York Times"
_BILLION = 1000.0
_COLUMNS = {0: 0.09, 1: 0.37, 2: 0.65, 3: 0.91}
_BOX = (0.175, 0.118)
_LEAVES = ("users", "conversion", "price", "months", "business_month", "business_months", "other")
_FIRST_YEAR = 2023
_CONTESTED_DAYS = 45
_MONEY_TICKS = (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


def text(words: str) -> str:
    """Return words that matplotlib does not read as mathematics."""
    return words.replace("$", r"\$")


def revenue_tree(tree: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw the estimate as a tree, from the company's revenue down to users and the share who pay.

    Parameters
    ----------
    tree : DataFrame
        Indexed by node: ``label``, ``value``, ``unit``, ``parent``, ``joined_by``.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
    """
    axes: Axes
    figure, axes = style.canvas(height=4.6)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")
    places = _places(tree)
    for node, row in tree.iterrows():
        _box(axes, places[str(node)], str(row["label"]), units.write(row["value"], row["unit"]), row["parent"] == "")
        if row["parent"]:
            _branch(axes, places[row["parent"]], places[str(node)])
        if row["joined_by"]:
            x, y = places[str(node)]
            sign = "\N{MULTIPLICATION SIGN}" if row["joined_by"] == "x" else "+"
            axes.text(x + _BOX[0] / 2 + 0.024, y + 0.035, sign, ha="center", va="center", size=12, weight="bold")
    values = tree["value"]
    paid, total = float(values[["plus", "business"]].sum()), float(values["total"])
    payers = units.write(values["payers"], "million")
    price = units.write(values["price"], "USD a month")
    shown = f"{units.money(paid)} of {units.money(total)}"
    style.finish(
        figure,
        title=f"{payers} subscribers at {price} carry the estimate: paid access is {shown}",
        subtitle="The article's figures for 2024; a box is the product or the sum of those to its right",
        source=ARTICLE_SOURCE,
        as_of=as_of,
        unit="USD m",
        alt=f"A tree: {payers} subscribers times {price} times 12 months, plus business users, make {shown}.",
        data=tree.reset_index(),
    )
    return axes


def _places(tree: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Leaves from top to bottom, each parent at the middle of its children."""
    heights = {leaf: 0.93 - 0.143 * place for place, leaf in enumerate(_LEAVES)}
    depth: dict[str, int] = {}
    for node, parent in tree["parent"].items():
        depth[str(node)] = 0 if parent == "" else depth[parent] + 1
    for node in sorted(depth, key=lambda name: -depth[name]):
        if node not in heights:
            below = [heights[str(child)] for child in tree.index[tree["parent"] == node]]
            heights[node] = sum(below) / len(below)
    return {node: (_COLUMNS[depth[node]], heights[node]) for node in depth}


def _box(axes: Axes, place: tuple[float, float], label: str, value: str, root: bool) -> None:
    x, y = place
    width, height = _BOX
    face, ink = (style.COLOURS["OpenAI"], style.PAPER) if root else ("#F1F4F2", style.INK)
    corner = (x - width / 2, y - height / 2)
    patch = FancyBboxPatch(corner, width, height, boxstyle="round,pad=0,rounding_size=0.015", fc=face, ec="#8C8C8C")
    axes.add_patch(patch)
    axes.text(x, y + 0.026, text(label), ha="center", va="center", size=9, color=ink)
    axes.text(x, y - 0.026, text(value), ha="center", va="center", size=9.5, weight="bold", color=ink)


def _branch(axes: Axes, parent: tuple[float, float], child: tuple[float, float]) -> None:
    start, end = parent[0] + _BOX[0] / 2, child[0] - _BOX[0] / 2
    middle = (start + end) / 2
    axes.plot([start, middle, middle, end], [parent[1], parent[1], child[1], child[1]], color="#8C8C8C", linewidth=1)


def reported_later(
    rates: pd.DataFrame, booked: pd.DataFrame, states: pd.DataFrame, *, estimate_usd_m: float, as_of: str
) -> Axes:
    """Draw the article's estimate against what was reported, on a log axis.

    Parameters
    ----------
    rates : DataFrame
        Run-rates of the whole company: ``date``, ``value`` (USD millions), ``kind``.
    booked : DataFrame
        Revenue of finished years: ``start``, ``date``, ``months``, ``value``.
    states : DataFrame
        Subscription revenue a year by date: ``date``, ``revenue``, ``bound``.
    estimate_usd_m : float
        The article's revenue from paid access.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
    """
    if rates.empty:
        return not_known(
            "a run-rate of OpenAI", subtitle="Revenue a year, USD bn", source=SOURCE, as_of=as_of, unit="USD bn a year"
        )
    axes: Axes
    figure, axes = style.canvas(height=4.6)
    green = style.COLOURS["OpenAI"]
    for kind, face in (("reported", green), ("leaked", style.PAPER)):
        chosen = rates[rates["kind"] == kind]
        axes.plot(
            chosen["date"], chosen["value"] / _BILLION, "o", color=green, mfc=face, ms=5.5, label=f"run-rate, {kind}"
        )
    years = booked[(booked["months"] == 12) & (booked["date"].dt.year >= _FIRST_YEAR)]
    for place, (_, row) in enumerate(years.iterrows()):
        label = "booked in the year" if place == 0 else None
        axes.plot([row["start"], row["date"]], [row["value"] / _BILLION] * 2, color=style.INK, linewidth=3, label=label)
    later = states.iloc[1:]
    if len(later):
        axes.plot(
            later["date"],
            later["revenue"] / _BILLION,
            "s",
            color=style.COLOURS["MSFT"],
            ms=6.5,
            label="subscriptions alone",
        )
    _article_line(axes, estimate_usd_m, 1, "the article")
    _article_line(axes, estimate_usd_m, 2, "twice that")
    _money_log(axes)
    axes.legend(loc="lower right", frameon=False)
    style.finish(
        figure,
        title=_reached(rates, 2 * estimate_usd_m),
        subtitle="OpenAI's revenue a year, USD bn, log scale. A run-rate is a month times twelve, not a year's revenue",
        source=SOURCE,
        as_of=as_of,
        unit="USD bn a year",
        alt=f"{_reached(rates, 2 * estimate_usd_m)}; the article's figure is {units.money(estimate_usd_m)}.",
        data=_tidy(rates, years, states),
    )
    return axes


def _article_line(axes: Axes, estimate_usd_m: float, times: int, label: str) -> None:
    level = times * estimate_usd_m / _BILLION
    axes.axhline(level, color=style.THEN, linewidth=1.3, linestyle="--" if times > 1 else "-", zorder=1)
    words = text(f"{units.money(times * estimate_usd_m)}: {label}")
    axes.annotate(
        words, xy=(0, level), xycoords=("axes fraction", "data"), xytext=(6, 3), textcoords="offset points",
        ha="left", va="bottom", size=9, color="#595959",
    )  # fmt: skip


def _reached(rates: pd.DataFrame, double_usd_m: float) -> str:
    """Say when the whole company's run-rate passed twice the article's paid access."""
    double = units.money(double_usd_m)
    passed = rates[rates["value"] > double_usd_m]
    last = rates.iloc[-1]
    if passed.empty:
        return f"OpenAI's run-rate had not passed twice the article's paid access, {double}"
    when = f"{passed['date'].iloc[0]:%B %Y}"
    recent = rates.loc[rates["date"] >= last["date"] - pd.Timedelta(days=_CONTESTED_DAYS), "value"]
    low, high = units.money(recent.min(), 0), units.money(recent.max(), 0)
    reached = f"stood at {low}" if low == high else f"was put at {low} to {high}"
    return f"OpenAI's run-rate passed twice the article's paid access in {when}; in {last['date']:%B %Y} it {reached}"


def _money_log(axes: Axes) -> None:
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * 1.3)
    axes.yaxis.set_major_locator(FixedLocator([tick for tick in _MONEY_TICKS if low <= tick <= high * 1.3]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, place: text(units.billions_axis(value, place))))


def _tidy(rates: pd.DataFrame, years: pd.DataFrame, states: pd.DataFrame) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {"series": "run-rate", "date": rates["date"], "usd_m": rates["value"], "kind": rates["kind"].astype(str)}
        ),
        pd.DataFrame(
            {"series": "booked year", "date": years["date"], "usd_m": years["value"], "kind": years["kind"].astype(str)}
        ),
        pd.DataFrame(
            {"series": "subscriptions", "date": states["date"], "usd_m": states["revenue"], "kind": states["bound"]}
        ),
    ]
    return pd.concat([part for part in parts if len(part)]).reset_index(names="row")


def growth_split(splits: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw what users, conversion and price added to subscription revenue, as a waterfall a measure.

    Parameters
    ----------
    splits : DataFrame
        One row a measure of revenue, indexed by its name: ``start_usd_m``, ``users``, ``conversion``,
        ``price``, ``end_usd_m`` (USD millions), ``start_date``, ``end_date``.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
        The first panel.
    """
    if splits.empty:
        missing = "two dates with users, payers and subscription revenue"
        return not_known(missing, subtitle="Revenue a year, USD bn", source=SOURCE, as_of=as_of, unit="USD bn a year")
    figure, panels = style.canvas(1, len(splits), sharey=True, squeeze=False)
    for panel, (name, row) in zip(panels[0], splits.iterrows(), strict=True):
        _waterfall(panel, row)
        if len(splits) > 1:
            panel.set_title(str(name), loc="left", fontsize=10, weight="bold")
    first: Axes = panels[0][0]
    first.yaxis.set_major_formatter(FuncFormatter(lambda value, place: text(units.billions_axis(value, place))))
    row = splits.iloc[0]
    change = row["end_usd_m"] - row["start_usd_m"]
    parts = {name: float(row[name]) for name in ("users", "conversion", "price")}
    span = f"{row['start_date']:%B %Y} to {row['end_date']:%B %Y}"
    title = _origin(change, parts)
    style.finish(
        figure,
        title=title,
        subtitle=f"Subscription revenue a year, USD bn, {span}; exact log-mean Divisia split",
        source=SOURCE,
        as_of=as_of,
        unit="USD bn a year",
        alt=f"{title}. Price brought {units.money(parts['price'])}.",
        data=splits.reset_index(names="measure"),
    )
    return first


def _origin(change: float, parts: dict[str, float]) -> str:
    """Say where growth came from; a contribution under a twentieth of the change is called nothing."""
    users, payers = parts["users"], parts["conversion"]
    if users <= 0 or change <= 0:
        words = ", ".join(f"{name} {_change(value)}" for name, value in parts.items())
        return f"Subscription revenue changed by {units.money(change)}: {words}"
    if payers >= change / 20:
        return f"{units.money(change)} of growth: users {_change(users)}, a larger share who pay {_change(payers)}"
    share = "nothing" if abs(payers) < change / 20 else _change(payers)
    return (
        f"{units.money(change)} of growth came from more users ({_change(users)}), not a larger share who pay ({share})"
    )


def _change(usd_m: float) -> str:
    """Write a contribution with its sign; less than a million is zero."""
    if abs(usd_m) < 1:
        return "$0"
    return f"+{units.money(usd_m)}" if usd_m > 0 else units.money(usd_m)


def _waterfall(axes: Axes, row: pd.Series) -> None:
    names = ["users", "conversion", "price"]
    edges = [row["start_usd_m"]]
    for name in names:
        edges.append(edges[-1] + row[name])
    dates = [f"{row[day]:%b}\n{row[day]:%Y}" for day in ("start_date", "end_date")]
    axes.bar(
        [0, 4], [row["start_usd_m"] / _BILLION, row["end_usd_m"] / _BILLION], width=0.62, color=style.COLOURS["OpenAI"]
    )
    for place, name in enumerate(names, start=1):
        falls = row[name] < 0
        axes.bar(
            place, abs(row[name]) / _BILLION, bottom=min(edges[place - 1], edges[place]) / _BILLION, width=0.62,
            color=style.NEGATIVE if falls else style.NOW, hatch="////" if falls else None,
            edgecolor=style.PAPER, linewidth=0,
        )  # fmt: skip
    for place, edge in enumerate(edges):
        axes.plot([place - 0.31, place + 1.31], [edge / _BILLION] * 2, color="#8C8C8C", linewidth=0.8)
    tops = [row["start_usd_m"], *(max(edges[place - 1], edges[place]) for place in (1, 2, 3)), row["end_usd_m"]]
    values = [row["start_usd_m"], *(row[name] for name in names), row["end_usd_m"]]
    for place, (top, value) in enumerate(zip(tops, values, strict=True)):
        signed = _change(value) if place in (1, 2, 3) else units.money(value)
        axes.annotate(
            text(signed), (place, top / _BILLION), xytext=(0, 3), textcoords="offset points", ha="center", size=9
        )
    axes.set_xticks(range(5), [dates[0], "users", "who\npay", "price", dates[1]])
    style.zero_line(axes)
    axes.margins(y=0.1)
