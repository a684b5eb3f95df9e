"""Pictures of the three ways out: billing by use, premium bundles, specialised products; and of break-even."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from helpers import units
from helpers.charts import style
from helpers.charts.marks import dollar_log_ticks, grid_across
from helpers.charts.unknown import not_known

PRICES = "sellers' price lists (table ai_prices; many rows found through Epoch AI, CC BY 4.0)"
USAGE = "US Census Bureau, Eurostat, Google (table ai_usage)"
MODEL = "own arithmetic on filings, counts and price lists; ranges from assumptions.csv"
_PROVIDERS = {
    "OpenAI": style.COLOURS["OpenAI"],
    "Anthropic": style.COLOURS["Anthropic"],
    "Google": style.COLOURS["GOOGL"],
}
_PRICE_TICKS = (0.1, 0.3, 1, 3, 10, 30, 100)
_CUT_INKS = (style.COLOURS["META"], style.NOW, style.COLOURS["CRWV"])
_WIDEST = 150.0
_HALF = 50.0


def token_prices(prices: pd.DataFrame, changes: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw the list price of a million tokens by provider, with the trend of those with enough prices.

    Parameters
    ----------
    prices : DataFrame
        ``date``, ``provider``, ``product``, ``input``, ``output``, ``blended`` (USD a million tokens).
    changes : DataFrame, indexed by provider
        ``intercept``, ``slope`` (log price on years since 2023), ``first``, ``last``, ``change``, ``low``, ``high``.
    as_of : str

    Returns
    -------
    Axes
    """
    subtitle = "List price of a million tokens (blend of input and output) by the day it was listed, USD, logarithmic"
    if prices.empty:
        return not_known("any price of tokens", subtitle=subtitle, source=PRICES, as_of=as_of, unit="USD")
    axes: Axes
    figure, axes = style.canvas(height=4.4)
    axes.set_yscale("log")
    ends = {}
    for name, part in prices.groupby("provider"):
        ink = _PROVIDERS.get(str(name), style.THEN)
        axes.plot(part["date"], part["blended"], "o", color=ink, ms=4.5, alpha=0.75)
        if name in _PROVIDERS and name in changes.index:
            line = changes.loc[name]
            days = pd.Series([line["first"], line["last"]])
            since = (days - pd.Timestamp("2023-01-01")).dt.days / 365.25
            path: Any = np.exp(line["intercept"] + line["slope"] * since)
            axes.plot(days, path, color=ink, linewidth=2)
            ends[str(name)] = (days.iloc[-1], float(path.iloc[-1]), ink)
    others = sorted(set(prices["provider"]) - set(_PROVIDERS))
    low, high = 0.6 * prices["blended"].min(), 1.6 * prices["blended"].max()
    axes.set_ylim(low, high)
    dollar_log_ticks(axes.yaxis, tuple(tick for tick in _PRICE_TICKS if low <= tick <= high))
    span = max(prices["date"].max() - prices["date"].min(), pd.Timedelta(days=300))
    axes.set_xlim(prices["date"].min() - 0.05 * span - pd.Timedelta(days=10),
                  prices["date"].max() + 0.2 * span + pd.Timedelta(days=10))  # fmt: skip
    title = _price_title(prices, changes)
    words = f"{subtitle}; grey: {', '.join(others)}" if others else subtitle
    style.finish(figure, title=title, subtitle=words, source=PRICES, as_of=as_of, unit="USD a million tokens",
                 alt=f"{title}. List prices: {len(prices)}, from ${prices['blended'].min():.2f} to "
                 f"${prices['blended'].max():.0f}.", data=prices.drop(columns="rows", errors="ignore"))  # fmt: skip
    style.label_ends(axes, ends)
    return axes


def _price_title(prices: pd.DataFrame, changes: pd.DataFrame) -> str:
    if changes.empty:
        return f"Too few list prices to say how fast tokens get cheaper: {len(prices)}"
    line = changes.iloc[-1]
    verb = "fell" if line["high"] < 0 else "rose" if line["low"] > 0 else "did not clearly fall"
    span = f"{_signed(line['low'])} to {_signed(line['high'])}"
    return f"The list price of a new model's tokens {verb}: {_signed(line['change'])} a year, with errors {span}"


def _signed(value: float) -> str:
    return units.percent(value, 0) if value < 0 else f"+{units.percent(value, 0)}"


def yearly_changes(changes: pd.DataFrame, cuts: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw the change of list prices a year with its interval, beside changes of the same model.

    Parameters
    ----------
    changes : DataFrame, indexed by provider
        ``models``, ``change``, ``low``, ``high`` (per cent a year).
    cuts : DataFrame
        ``product``, ``change`` (per cent): repricing of one model.
    as_of : str

    Returns
    -------
    Axes
    """
    subtitle = "Change of list prices a year with 95 % intervals (dots); last row: each repricing of an unchanged model"
    if changes.empty:
        missing = "enough prices of one provider for a trend"
        return not_known(missing, subtitle=subtitle, source=PRICES, as_of=as_of, unit="percent a year")
    axes: Axes
    labels = [f"{name} ({row['models']})" for name, row in changes.iterrows()]
    figure, axes = style.canvas(height=1.9 + 0.34 * (len(labels) + bool(len(cuts))))
    for place, (_, row) in enumerate(changes.iterrows()):
        ink = style.NOW if place >= len(changes) - 2 and len(changes) > 2 else style.THEN
        axes.plot([row["low"], min(row["high"], _WIDEST)], [place, place], color=ink)
        if row["change"] <= _WIDEST:
            axes.plot(row["change"], place, "o", color=ink, ms=7)
        if row["high"] > _WIDEST:
            beyond = f"{_signed(row['change'])}, to {_signed(row['high'])}"
            axes.annotate(f"\N{RIGHTWARDS ARROW} {beyond}", (_WIDEST, place), xytext=(3, 0), size=9, va="center",
                          textcoords="offset points")  # fmt: skip
    if len(cuts):
        labels.append(f"one model repriced ({len(cuts)})")
        axes.plot(
            cuts["change"].clip(upper=_WIDEST), [len(changes)] * len(cuts), "D", color=style.COLOURS["ORCL"], ms=6
        )
    beyond_cuts = cuts.loc[cuts["change"] > _WIDEST, "change"]
    if len(beyond_cuts):
        words = ", ".join(_signed(change) for change in beyond_cuts)
        axes.annotate(f"\N{RIGHTWARDS ARROW} {words}", (_WIDEST, len(changes)), xytext=(8, 0), size=9, va="center",
                      textcoords="offset points")  # fmt: skip
    axes.axvline(0, color=style.INK, linewidth=1)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlim(-105, _WIDEST + 95)
    axes.set_xticks([-100, -50, 0, 50, 100, 150])
    axes.xaxis.set_major_formatter(FuncFormatter(units.percent_axis))
    grid_across(axes)
    clear = int((changes["high"] < 0).sum())
    cut = f"; the median repricing of one model was {_signed(cuts['change'].median())}" if len(cuts) else ""
    falling = f"{clear} of {len(changes)} trends of list prices fall" if clear else "No trend of list prices falls"
    title = f"{falling} beyond doubt{cut}"
    data = pd.concat([changes.drop(columns="rows", errors="ignore").reset_index(),
                      cuts.drop(columns="rows", errors="ignore")])  # fmt: skip
    style.finish(figure, title=title, subtitle=subtitle, source=PRICES, as_of=as_of, unit="percent a year",
                 alt=f"{title}; over all {_signed(changes['change'].iloc[-1])} a year.", data=data)  # fmt: skip
    return axes


def price_cuts(curves: pd.DataFrame, *, elasticity: float, cost_percent: float, as_of: str) -> Axes:
    """Draw gross profit after price cuts over the elasticity of demand.

    Parameters
    ----------
    curves : DataFrame
        ``cut`` (share), ``elasticity``, ``gross_profit`` (1 is before), ``pays_from``.
    elasticity : float
        Where the reader stands.
    cost_percent : float
        Cost of serving over the price before, per cent.
    as_of : str

    Returns
    -------
    Axes
    """
    axes: Axes
    figure, axes = style.canvas(height=4.2)
    ends = {}
    for ink, (cut, part) in zip(_CUT_INKS, curves.groupby("cut"), strict=False):
        axes.plot(part["elasticity"], part["gross_profit"], color=ink)
        name = f"{units.percent(100 * float(str(cut)), 0)} off"
        shown = part[part["gross_profit"].between(-0.85, 1.9)]
        ends[name] = (float(shown["elasticity"].iloc[-1]), float(shown["gross_profit"].iloc[-1]), ink)
    axes.axhline(1, color=style.INK, linewidth=1)
    axes.axvline(elasticity, color=style.INK, linewidth=1.1, linestyle=(0, (4, 3)))
    axes.set_ylim(-1, 2)
    axes.set_xlim(float(curves["elasticity"].min()), 1.18 * float(curves["elasticity"].max()))
    axes.set_xlabel("price elasticity of demand (per cent of volume for one per cent of price)")
    axes.set_ylabel("gross profit, 1 = before the cut")
    firsts = curves.drop_duplicates("cut")
    pays = [
        f"{units.percent(100 * row['cut'], 0)} off pays from {row['pays_from']:.1f}"
        if np.isfinite(row["pays_from"])
        else f"{units.percent(100 * row['cut'], 0)} off sells below cost"
        for _, row in firsts.iterrows()
    ]
    title = f"A price cut needs elastic demand: {'; '.join(pays)}"
    style.finish(
        figure,
        title=title,
        subtitle=f"Gross profit after a price cut; serving costs {units.percent(cost_percent, 0)} of the old price; "
        f"dashed: elasticity {elasticity:g}",
        source=MODEL,
        as_of=as_of,
        unit="ratio",
        alt=title,
        data=curves,
    )
    style.label_ends(axes, ends)
    return axes


def adoption(usage: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw the share of firms that use AI beside Google's token volume.

    Parameters
    ----------
    usage : DataFrame
        The table: ``series``, ``region``, ``date``, ``value``.
    as_of : str

    Returns
    -------
    Axes
    """
    names = {
        "enterprises_using_ai": ("EU", style.NOW),
        "firms_using_ai": ("US, old question", style.COLOURS["ORCL"]),
        "firms_using_ai_any_function": ("US, new question", style.COLOURS["AMZN"]),
    }
    subtitle = "Left: firms using AI, per cent of firms. Right: tokens Google processes a month, trillions, logarithmic"
    kept = usage[usage["series"].astype(str).isin([*names, "tokens_per_month_google"])]
    if kept.empty:
        return not_known("any count of firms that use AI", subtitle=subtitle, source=USAGE, as_of=as_of, unit="percent")
    figure, (left, right) = style.canvas(1, 2, height=3.8)
    ends = {}
    for series, (label, ink) in names.items():
        part = kept[kept["series"].astype(str) == series].sort_values("date")
        if len(part):
            left.plot(part["date"], part["value"], "o-", color=ink)
            ends[label] = (part["date"].iloc[-1], float(part["value"].iloc[-1]), ink)
    first, last = pd.Timestamp("2021-01-01"), pd.Timestamp(as_of)
    left.set_xlim(first, last + 0.75 * (last - first))
    left.set_xticks([pd.Timestamp(f"{year}-01-01") for year in (2021, 2023, 2025)], ["2021", "2023", "2025"])
    left.set_ylim(0, 1.3 * max([float(y) for _, y, _ in ends.values()], default=1.0))
    left.yaxis.set_major_formatter(FuncFormatter(units.percent_axis))
    tokens = kept[kept["series"].astype(str) == "tokens_per_month_google"].sort_values("date")
    if len(tokens):
        right.plot(tokens["date"], tokens["value"], "o-", color=style.COLOURS["GOOGL"])
        right.set_yscale("log")
        right.set_ylim(5, 8000)
        right.yaxis.set_major_locator(FixedLocator([10, 100, 1000]))
        right.yaxis.set_minor_locator(NullLocator())
        right.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        right.set_xticks([pd.Timestamp(f"{year}-01-01") for year in (2024, 2025, 2026)], ["2024", "2025", "2026"])
        right.set_xlim(pd.Timestamp("2024-01-01"), pd.Timestamp("2026-12-31"))
    else:
        right.axis("off")
        right.text(0.5, 0.5, "not known on this day", ha="center", va="center", transform=right.transAxes,
                   color=style.THEN)  # fmt: skip
    title = _usage_title(kept, tokens)
    style.finish(figure, title=title, subtitle=subtitle, source=USAGE, as_of=as_of, unit="percent", alt=f"{title}, "
                 f"from {len(kept)} counts.", data=kept.reset_index(names="row"))  # fmt: skip
    style.label_ends(left, ends)
    return cast("Axes", left)


def _usage_title(kept: pd.DataFrame, tokens: pd.DataFrame) -> str:
    last = (
        kept[kept["series"].astype(str) != "tokens_per_month_google"]
        .sort_values("date")
        .groupby("region", observed=True)
    )
    newest = [f"{units.percent(part['value'].iloc[-1], 0)} in the {region}" for region, part in last]
    grown = (
        f"; Google's tokens grew {tokens['value'].iloc[-1] / tokens['value'].iloc[0]:,.0f}-fold since "
        f"{tokens['date'].iloc[0]:%B %Y}"
        if len(tokens) > 1
        else ""
    )
    if not newest:
        return f"Tokens are counted, firms are not{grown}"
    few = all(part["value"].iloc[-1] < _HALF for _, part in last)
    return f"{'Most firms do not use AI' if few else 'Firms that use AI'} ({', '.join(newest)}){grown}"
