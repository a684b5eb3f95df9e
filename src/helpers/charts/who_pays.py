"""Pictures of who pays: where the money comes from and goes, and what paid for it.

Every function takes a tidy frame of `helpers.analysis`, money in USD millions. Titles are computed from the frame, so
that a picture of another day says what was true that day.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from helpers.charts import style
from helpers.charts.unknown import not_known
from helpers.units import billions_axis, money, percent

MONEY_SOURCE = "company filings; announcements and the press for model makers, many found through Epoch AI"
MIX_SOURCE = "company filings; for model makers statements and leaks (cash_flows, financing, vendor_metrics)"
BILLION = 1000.0
# Fill, hatch and ink of each item: told apart without colour too.
LOOKS: dict[str, tuple[str, str, str]] = {
    "operating cash flow": ("#0072B2", "", "white"),
    "customer prepayments": ("#56B4E9", "....", style.INK),
    "net new debt": ("#D55E00", "////", style.INK),
    "new shares": ("#E69F00", "", style.INK),
    "raised by model makers": ("#F0E442", "\\\\\\\\", style.INK),
    "from cash, or not in the tables": ("#E3E3E3", "", style.INK),
    "capex": ("#332288", "", "white"),
    "buybacks and dividends": ("#009E73", "", "white"),
    "acquisitions": ("#44AA99", "....", style.INK),
    "losses of model makers": ("#882255", "", "white"),
    "net debt repaid": ("#CC79A7", "////", style.INK),
    "to cash, or not in the tables": ("#E3E3E3", "", style.INK),
}
PAID_LOOKS: dict[str, tuple[str, str, str, str]] = {
    "own_business": ("#0072B2", "", "white", "operating cash flow, or customers"),
    "debt": ("#D55E00", "////", style.INK, "debt"),
    "equity": ("#E69F00", "", style.INK, "equity"),
    "cash_in_hand_and_other": ("#E3E3E3", "", style.INK, "cash in hand, or not in the tables"),
}
# A segment lower than this share of the highest bar gets no number.
LEAST_LABEL = 0.042
# A share below this, per cent, gets no number of its own.
LEAST_SHARE = 7.0
_BAR, _APART = 0.40, 0.21
# Room for the names of years under their bars, and for all that is neither axes nor legend, inches.
_YEAR_NAMES_INCHES, _OTHER_INCHES = 0.72, 1.7


def sources_and_uses(account: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw two stacked bars a year: where the money came from, and where it went.

    Parameters
    ----------
    account : DataFrame
        From `money_flows.by_year`; without a year the picture says that nothing is known.
    as_of : str
        ISO date: what was known on this day.

    Returns
    -------
    Axes
    """
    if account.empty:
        return _unknown("the builders' flows in any year", "Sources and uses of the money", MONEY_SOURCE, as_of)
    figure, axes = _one(6.9)
    periods = list(dict.fromkeys(account["period"]))
    tallest = float(account.groupby(["period", "side"])["usd_m"].sum().max()) / BILLION
    for place, period in enumerate(periods):
        for side, offset in (("source", -_APART), ("use", _APART)):
            part = account[(account["period"] == period) & (account["side"] == side)].dropna(subset=["usd_m"])
            _stacked(axes, place + offset, part, tallest)
    marks = [place + offset for place in range(len(periods)) for offset in (-_APART, _APART)]
    axes.set_xticks(marks, ["from", "to"] * len(periods))
    axes.tick_params(axis="x", length=0)
    for place, period in enumerate(periods):
        name = period.replace(", ", "\n")
        axes.annotate(
            name, (place, 0), (0, -20), xycoords=("data", "axes fraction"), textcoords="offset points", ha="center",
            va="top", size=9.5, weight="bold", annotation_clip=False,
        )  # fmt: skip
    axes.set_xlim(-0.5, len(periods) - 0.5)
    axes.set_ylim(0, 1.04 * tallest)
    axes.yaxis.set_major_formatter(FuncFormatter(billions_axis))
    shown = [item for item in LOOKS if (account.loc[account["usd_m"] > 0, "item"] == item).any()]
    beside = account.drop_duplicates("item").set_index("item")["side"]
    for side, heading, left in (("source", "From", 0.0), ("use", "To", 0.5)):
        names = [item for item in shown if beside[item] == side]
        _legend(axes, [_patch(*LOOKS[item][:2], item) for item in names], left, _YEAR_NAMES_INCHES, title=heading)
    title, alt = _flow_words(account, periods)
    style.finish(
        figure, title=title, source=MONEY_SOURCE, as_of=as_of, unit="USD billions", alt=alt,
        subtitle="Five builders' cash and three model makers' money by calendar year, USD billions; * not known for "
        "every quarter or firm. A year with missing quarters is what is known of it, not a forecast",
        data=account.drop(columns="rows"),
    )  # fmt: skip
    return axes


def _stacked(axes: Axes, x: float, part: pd.DataFrame, tallest: float) -> None:
    """Draw one bar, each segment with its number where there is room."""
    bottom = 0.0
    for row in part.to_dict("records"):
        fill, hatch, ink = LOOKS[row["item"]]
        height = row["usd_m"] / BILLION
        axes.bar(x, height, width=_BAR, bottom=bottom, color=fill, hatch=hatch, edgecolor=style.PAPER, linewidth=0.8)
        if height >= LEAST_LABEL * tallest:
            box = {"facecolor": fill, "edgecolor": "none", "pad": 0.8} if hatch else None
            more = "*" if row["known"] < row["of"] else ""
            axes.text(
                x, bottom + height / 2, f"{height:,.0f}{more}", ha="center", va="center", size=9, color=ink, bbox=box
            )
        bottom += height


def _flow_words(account: pd.DataFrame, periods: Sequence[str]) -> tuple[str, str]:
    """Compare the first with the last whole year; return title and alt text."""
    amounts = account.pivot_table(index="period", columns="item", values="usd_m", aggfunc="sum")
    amounts = amounts.reindex(columns=list(LOOKS)).fillna(0.0)
    earned = amounts["operating cash flow"] + amounts["customer prepayments"]
    share = 100 * amounts["capex"] / earned
    outside = amounts[["net new debt", "new shares", "raised by model makers"]].sum(axis=1) - amounts["net debt repaid"]
    first, last = periods[0], periods[-1]
    took = f"Capex took {percent(share[last], 0)} of the builders' operating cash flow in {last.split(',')[0]}"
    since = f", after {percent(share[first], 0)} in {first}" if first != last else ""
    part = " so far" if "," in last else ""
    title = f"{took}{part}{since}, and outsiders put in {money(outside[last], 0)}."
    alt = (
        f"Two stacked bars for each of {len(periods)} years, sources beside uses. {title} Capex was "
        f"{money(amounts['capex'][last], 0)} against operating cash flow of {money(earned[last], 0)}, customers' "
        "prepayments in it."
    )
    return title, alt


def spending_mix(mix: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw what paid for each firm's AI spending, a bar a firm.

    Parameters
    ----------
    mix : DataFrame
        From `spending_mix.spending_mix`; without a known firm the picture says so.
    as_of : str
        ISO date: what was known on this day.

    Returns
    -------
    Axes
    """
    known = mix[mix["missing"] == ""].sort_values("outside_percent", kind="stable", ignore_index=True)
    unknown = mix[mix["missing"] != ""]
    if known.empty:
        return _unknown("the spending of any firm", "What paid for AI spending, by firm", MIX_SOURCE, as_of)
    figure, axes = _one(1.9 + 0.4 * len(known))
    for y, row in enumerate(known.to_dict("records")):
        left = 0.0
        for name, (fill, hatch, ink, _) in PAID_LOOKS.items():
            share = 100 * row[name] / row["spending"]
            axes.barh(y, share, left=left, height=0.66, color=fill, hatch=hatch, edgecolor=style.PAPER, linewidth=0.6)
            if share >= LEAST_SHARE:
                box = {"facecolor": fill, "edgecolor": "none", "pad": 0.8} if hatch else None
                axes.text(left + share / 2, y, percent(share, 0), ha="center", va="center", size=9, color=ink, bbox=box)
            left += share
        axes.text(101.5, y, money(row["spending"], 0), ha="left", va="center", size=9.5)
    axes.set_yticks(range(len(known)), [f"{row['firm']}" for row in known.to_dict("records")])
    axes.set_xlim(0, 114)
    axes.set_xticks(range(0, 101, 25), [percent(float(share), 0) for share in range(0, 101, 25)])
    axes.grid(visible=False)
    _legend(axes, [_patch(fill, hatch, words) for fill, hatch, _, words in PAID_LOOKS.values()], 0.0, 0.34, columns=2)
    spending = known["spending"].sum()
    outside = 100 * float((known["debt"] + known["equity"]).sum() / spending)
    most = known[known["outside_percent"] > 50]["firm"].tolist()
    title = f"Outside money paid {percent(outside)} of {money(spending, 0)} of AI spending" + (
        f", and most of the spending of {', '.join(most)}." if most else "; of the firms known, none lived on it."
    )
    left_out = f" Not known on this day: {', '.join(unknown['firm'])}." if len(unknown) else ""
    style.finish(
        figure, title=title, source=MIX_SOURCE, as_of=as_of, unit="per cent",
        subtitle="What paid for capex of the last twelve months (builders; operations first) and for all costs of the "
        f"last calendar year (model makers); size of the spending at the right.{left_out}",
        alt=f"Bars of 100 per cent for {len(known)} firms. {title}{left_out}",
        data=mix.drop(columns="rows"),
    )  # fmt: skip
    return axes


def _patch(fill: str, hatch: str, words: str) -> Patch:
    return Patch(facecolor=fill, hatch=hatch, edgecolor=style.PAPER, label=words)


def _legend(
    axes: Axes, handles: Sequence[Patch], left: float, below: float, *, columns: int = 1, title: str = ""
) -> None:
    """Put a legend some inches below the axes, outside the data; further ones may stand beside it."""
    height = style.figure_of(axes).get_figheight() - _OTHER_INCHES
    legend = Legend(
        axes, list(handles), [str(handle.get_label()) for handle in handles], loc="upper left", ncols=columns,
        bbox_to_anchor=(left, -below / height), title=title, alignment="left", borderaxespad=0, frameon=False,
        fontsize=9, title_fontsize=9, handletextpad=0.5,
    )  # fmt: skip
    # Axes keep one legend of their own; as an artist that is not clipped the layout makes room for each.
    axes.add_artist(legend)
    legend.set_clip_on(False)


def _unknown(missing: str, subtitle: str, source: str, as_of: str) -> Axes:
    return not_known(missing, subtitle=subtitle, source=source, as_of=as_of, unit="none")


def _one(height: float) -> tuple[Figure, Axes]:
    figure, axes = style.canvas(height=height)
    assert isinstance(axes, Axes)
    return figure, axes
