"""Pictures of what the tables know: filled cells, rows by year, evidence, and how late figures come out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from helpers.charts import style
from helpers.charts.unknown import not_known

GRADE_COLOURS = {
    "filed": "#08519C",
    "reported": "#4292C6",
    "press": "#9ECAE1",
    "estimated": "#FDBE85",
    "scenario": "#E6550D",
}
"""Evidence from best to worst: blue for what somebody stated, orange for what somebody worked out or expects."""

_MARKS = {"revenue": ("o", style.INK), "run_rate": ("D", style.NEGATIVE), "guidance": ("s", style.NOW)}
"""Mark and colour of each figure of a vendor's year."""

_KNOWN, _HOLE = "#0072B2", "#F4B183"
_SPELLED = {
    "operating_cash_flow": "operating cash flow",
    "capex_proceeds": "capex proceeds",
    "finance_lease_principal": "finance-lease principal",
    "depreciation_amortisation": "depreciation",
    "stock_based_compensation": "pay in shares",
    "research_development": "research and development",
    "debt_issued": "debt issued",
    "debt_repaid": "debt repaid",
    "cash_and_securities": "cash and securities",
    "total_debt": "total debt",
    "interest_paid": "interest paid",
    "advertising_revenue": "advertising revenue",
    "cloud_revenue": "cloud revenue",
    "share_repurchases": "share repurchases",
    "dividends_paid": "dividends",
}


def spelled(field: str) -> str:
    """Return a field's name as readers know it."""
    return _SPELLED.get(field, field.replace("_", " "))


def filled_cells(known: pd.DataFrame, *, table: str, as_of: str) -> Axes:
    """Draw one panel a field: firms down, calendar quarters across, known or missing.

    Parameters
    ----------
    known : DataFrame
        From `helpers.analysis.coverage.cells`.
    table : str
        Name of the table, for the source line.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
        The first panel.
    """
    subtitle = "Figures of each firm's fiscal quarter, by calendar quarter"
    source = f"table {table}"
    if known.empty:
        return not_known(f"any row of {table}", subtitle=subtitle, source=source, as_of=as_of, unit="known or missing")
    fields = list(dict.fromkeys(known["field"]))
    firms = list(dict.fromkeys(known["ticker"]))
    quarters = pd.period_range(known["quarter"].min(), known["quarter"].max(), freq="Q").to_timestamp()
    rows = -(-len(fields) // 2)
    height = 1.35 + rows * (0.42 + 0.145 * len(firms))
    figure, axes = style.canvas(rows, 2, width=7.2, height=height, sharex=True, sharey=True, squeeze=False)
    for panel, field in zip(axes.flat, fields, strict=False):
        grid = known[known["field"].eq(field)].pivot_table(
            index="ticker", columns="quarter", values="known", aggfunc="max"
        )
        _panel(panel, grid.reindex(index=firms, columns=quarters).astype("float64"), spelled(field))
    for panel in axes.flat[len(fields) :]:
        panel.axis("off")
    # All panels share their axes: the first sets them, and those without labels need no ticks to be made.
    axes.flat[0].set_yticks(np.arange(len(firms)) + 0.5, [style.company(firm) for firm in firms])
    axes.flat[0].set_ylim(len(firms), 0)
    _year_ticks(axes[-1, 0], quarters)
    for panel in axes[:-1].flat:
        panel.xaxis.set_visible(False)
    for panel in axes[:, 1]:
        panel.yaxis.set_visible(False)
    keys = [
        Patch(color=_KNOWN, label="known"),
        Patch(facecolor=_HOLE, hatch="////", edgecolor="white", label="missing"),
    ]
    axes.flat[0].legend(
        handles=keys, loc="lower left", bbox_to_anchor=(0, 1.22), ncols=2, borderaxespad=0, frameon=False
    )
    share = known.groupby("field", sort=False)["known"].mean() * 100
    whole, worst = int((share >= 99).sum()), str(share.idxmin())
    title = (
        f"{table}: {whole} of {len(fields)} figures are known in 99 % of the quarters or more, "
        f"{spelled(worst)} in {share.min():.0f} %"
    )
    data = known.reset_index()[["row", "ticker", "field", "quarter", "known"]]
    alt = f"{title}. {len(firms)} firms, {len(quarters)} calendar quarters, {len(fields)} figures each."
    style.finish(
        figure, title=title, subtitle=f"{subtitle}; white: no row of the firm", source=source, as_of=as_of,
        unit="known or missing", alt=alt, data=data,
    )  # fmt: skip
    first: Axes = axes.flat[0]
    return first


def _panel(panel: Axes, grid: pd.DataFrame, name: str) -> None:
    values = np.ma.masked_invalid(grid.to_numpy())
    panel.grid(visible=False)
    panel.pcolormesh(values, cmap=ListedColormap([_HOLE, _KNOWN]), vmin=0, vmax=1, edgecolors="white", linewidth=0.4)
    # Hatching tells a hole from a figure without the colour; all in one patch, for hatches are slow to draw.
    runs: list[Path] = []
    for row, cells in enumerate(values.filled(1) == 0):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], cells, [False]]).astype("int8")))
        runs += [_box(start, row, end) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    if runs:
        holes = Path.make_compound_path(*runs)
        panel.add_patch(PathPatch(holes, facecolor="none", edgecolor="white", hatch="////", linewidth=0))
    panel.tick_params(axis="both", length=0)
    panel.set_title(name, loc="left", fontsize=9.5, fontweight="bold", pad=3)
    for spine in panel.spines.values():
        spine.set_visible(False)


def _box(start: int, row: int, end: int) -> Path:
    return Path([(start, row), (end, row), (end, row + 1), (start, row + 1), (start, row)], closed=True)


def _year_ticks(panel: Axes, quarters: pd.DatetimeIndex) -> None:
    step = 2 if len(quarters) > 24 else 1
    starts = [at for at, quarter in enumerate(quarters) if quarter.quarter == 1 and quarter.year % step == 1 % step]
    panel.set_xticks(starts, [str(quarters[at].year) for at in starts])


def rows_by_year(counts: pd.DataFrame, *, about: Sequence[str], as_of: str) -> Axes:
    """Draw a strip of bars for each table: the rows that became known in each year.

    Parameters
    ----------
    counts : DataFrame
        From `helpers.analysis.coverage.known_by_year`.
    about : sequence of str
        Tables that the title is about.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
        The first strip.
    """
    subtitle = "Rows that became known in each year; each strip has its own height, the number is the total"
    known = counts.loc[:, counts.sum() > 0]
    if known.empty:
        return not_known("any row", subtitle=subtitle, source="all tables", as_of=as_of, unit="rows")
    figure, axes = style.canvas(
        len(known.columns), 1, width=7.2, height=1.2 + 0.36 * len(known.columns), sharex=True, squeeze=False
    )
    for panel in axes[:-1, 0]:
        # Only the last strip has labels: the others need no ticks to be made.
        panel.xaxis.set_visible(False)
    for panel, name in zip(axes[:, 0], known.columns, strict=True):
        panel.grid(visible=False)
        # A bar without height would only take time.
        years = known.index[known[name] > 0]
        panel.bar(years, known.loc[years, name], width=0.82, color=style.NOW)
        panel.set_yticks([])
        panel.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        panel.tick_params(axis="x", length=0)
        panel.spines["left"].set_visible(False)
        panel.set_xlim(known.index[0] - 0.6, known.index[-1] + 0.6)
        panel.text(1.01, 0.5, f"{known[name].sum():,}", transform=panel.transAxes, va="center", fontsize=9)
    first_label = f"to {known.index[0]}"
    axes[-1, 0].set_xticks([known.index[0], *(year for year in known.index[1:] if year % 5 == 0)])
    axes[-1, 0].set_xticklabels([first_label, *(str(year) for year in known.index[1:] if year % 5 == 0)])
    young = known[[name for name in about if name in known]]
    year = int(as_of[:4]) - 1
    total = int(young.sum().sum())
    share = young.loc[young.index >= year].sum().sum() / max(total, 1) * 100
    title = (
        f"{share:.0f} % of what is known of AI vendors, prices, deals and suits became known in {year} or later"
        if total
        else "Nothing was known of AI vendors, prices, deals and suits"
    )
    alt = f"{title}; {known.shape[1]} tables, {int(known.sum().sum()):,} rows."
    style.finish(
        figure, title=title, subtitle=subtitle, source="all dated tables", as_of=as_of, unit="rows a year", alt=alt,
        data=known.reset_index(),
    )  # fmt: skip
    first: Axes = axes[0, 0]
    return first


def evidence(mix: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw the share of each table's rows by evidence grade.

    Parameters
    ----------
    mix : DataFrame
        From `helpers.analysis.coverage.evidence_mix`.
    as_of : str
        ISO date.
    """
    subtitle = "Share of rows by the evidence behind them, per cent; in brackets, rows"
    if mix.empty:
        return not_known("any row", subtitle=subtitle, source="all tables", as_of=as_of, unit="percent")
    shares = mix.div(mix.sum(axis=1), axis=0) * 100
    order = shares.sort_values(list(shares.columns), ascending=True).index
    axes: Axes
    figure, axes = style.canvas(width=7.2, height=1.5 + 0.24 * len(order))
    left = np.zeros(len(order))
    for grade in shares.columns:
        width = shares.loc[order, grade].to_numpy()
        bars = axes.barh(range(len(order)), width, left=left, color=GRADE_COLOURS[grade], label=grade, height=0.78)
        if grade in ("estimated", "scenario"):
            for bar in bars:
                bar.set(hatch="////", edgecolor="white", linewidth=0)
        left += width
    axes.set_yticks(range(len(order)), [f"{name} ({mix.loc[name].sum():,})" for name in order])
    axes.set_xlim(0, 100)
    axes.set_xticks([0, 25, 50, 75, 100], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=5,
        handlelength=1.2,
        columnspacing=1.2,
        borderaxespad=0.2,
        frameon=False,
    )
    solid = mix["filed"].sum() / mix.to_numpy().sum() * 100
    pure = [name for name in mix.index if mix.loc[name, "filed"] == mix.loc[name].sum()]
    tables = f"{len(pure)} table{'s' * (len(pure) != 1)}"
    title = f"{solid:.0f} % of the rows rest on filings, statistics or market data; in {tables} all of them do"
    alt = f"{title}: {', '.join(pure)}."
    style.finish(
        figure, title=title, subtitle=subtitle, source="all tables, by their grade rules", as_of=as_of, unit="percent",
        alt=alt, data=mix.rename_axis("table").reset_index(),
    )  # fmt: skip
    return axes


def publication_lags(listed: pd.DataFrame, vendors: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw how many days after a period its figures came out, for listed firms and for AI vendors.

    Parameters
    ----------
    listed : DataFrame
        From `helpers.analysis.coverage.publication_lag`.
    vendors : DataFrame
        From `helpers.analysis.coverage.account_lag`.
    as_of : str
        ISO date.
    """
    subtitle = (
        "Days from the end of the period to the day its figures were known, log scale; dot a figure, bar the median"
    )
    source = "tables cash_flows and vendor_metrics"
    if listed.empty or vendors.empty:
        missing = "the accounts of any AI vendor" if vendors.empty else "the accounts of any listed firm"
        return not_known(missing, subtitle=subtitle, source=source, as_of=as_of, unit="days")
    both = pd.concat([listed.assign(kind="listed"), vendors.assign(kind="vendor")])
    order = [*_by_median(vendors)[::-1], *_by_median(listed)[::-1]]
    axes: Axes
    figure, axes = style.canvas(width=7.2, height=1.5 + 0.27 * len(order))
    for place, who in enumerate(order):
        days = both.loc[both["who"].eq(who), "days"].clip(lower=1)
        ink = style.NOW if who in set(listed["who"]) else style.NEGATIVE
        axes.plot(days, [place] * len(days), "o", color=ink, markersize=5, alpha=0.45, markeredgewidth=0)
        axes.plot([days.median()] * 2, [place - 0.36, place + 0.36], color=ink, linewidth=2.4)
        axes.annotate(
            f"{days.median():.0f} days", (days.max(), place), xytext=(7, 0), textcoords="offset points",
            va="center", fontsize=9, color=style.text_colour(ink),
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(6, 1500)
    axes.set_xticks([10, 30, 90, 365, 730], ["10", "30", "90", "1 year", "2 years"])
    axes.set_xticks([], minor=True)
    axes.grid(axis="x", visible=True)
    axes.grid(axis="y", visible=False)
    axes.set_yticks(range(len(order)), [style.company(who) for who in order])
    axes.tick_params(length=0)
    axes.spines[["left"]].set_visible(False)
    months = vendors["days"].median() / 30.4
    title = (
        f"Listed builders publish {listed['days'].median():.0f} days after a quarter; "
        f"what AI vendors earned and lost became known after {months:.1f} months"
    )
    counts = f"{len(listed)} quarters of {listed['who'].nunique()} firms, {len(vendors)} figures of vendors"
    alt = f"{title}. {counts}."
    data = both.rename_axis("row").reset_index()[["row", "kind", "who", "end", "days"]]
    style.finish(figure, title=title, subtitle=subtitle, source=source, as_of=as_of, unit="days", alt=alt, data=data)
    return axes


def _by_median(lags: pd.DataFrame) -> list[str]:
    return [str(who) for who in lags.groupby("who")["days"].median().sort_values().index]


def run_rates(yearly: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw each vendor's yearly revenue beside the run-rate at the year's end and the first guidance for it.

    Parameters
    ----------
    yearly : DataFrame
        From `helpers.analysis.coverage.yearly_revenue`.
    as_of : str
        ISO date.
    """
    subtitle = "Revenue of the year, run-rate in its last two months, and the first guidance for it, USD bn"
    source = "table vendor_metrics"
    shown = yearly[yearly["run_rate"].notna() | yearly["guidance"].notna()]
    if shown.empty:
        return not_known(
            "a year's revenue of any AI vendor", subtitle=subtitle, source=source, as_of=as_of, unit="USD bn"
        )
    axes: Axes
    figure, axes = style.canvas(width=7.2, height=1.6 + 0.62 * max(len(shown), 2))
    for place, (_, year) in enumerate(shown.iloc[::-1].iterrows()):
        _year_marks(axes, place, {name: float(year[name]) / 1000 for name in _MARKS if pd.notna(year[name])})
    axes.set_yticks(range(len(shown)), [f"{y.company} {y.year}" for y in shown.iloc[::-1].itertuples()])
    axes.set_ylim(-0.8, len(shown) - 0.3)
    most = float(shown[[*_MARKS]].max().max()) / 1000
    # Room on both sides for the labels that stand outside the marks.
    axes.set_xlim(-0.07 * most, 1.12 * most)
    axes.xaxis.set_major_formatter(lambda value, _: f"\\${value:,.0f}bn")
    axes.grid(axis="y", visible=False)
    axes.tick_params(length=0)
    axes.spines[["left"]].set_visible(False)
    handles = [
        axes.plot([], [], mark, color=ink, markersize=8, label=name.replace("_", "-"))[0]
        for name, (mark, ink) in _MARKS.items()
    ]
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, borderaxespad=0.2, frameon=False)
    title, alt = _run_rate_words(shown)
    style.finish(
        figure, title=title, subtitle=subtitle, source=source, as_of=as_of, unit="USD bn", alt=alt,
        data=shown.drop(columns="rows"),
    )  # fmt: skip
    return axes


def _year_marks(axes: Axes, place: int, values: dict[str, float]) -> None:
    """Draw one year: a band from the least to the most, and a mark with its value for each figure."""
    axes.plot([min(values.values()), max(values.values())], [place, place], color=style.GRID, linewidth=5, zorder=1)
    for name, value in values.items():
        mark, ink = _MARKS[name]
        axes.plot(value, place, mark, color=ink, markersize=8, zorder=2)
        # The outer figures are labelled outwards and guidance below, so that near values do not collide.
        outward = {min(values.values()): (-7, "right"), max(values.values()): (7, "left")}
        shift, side = outward.get(value, (0, "center"))
        where = ((0, -17), "center") if name == "guidance" else ((shift, 6), side)
        axes.annotate(
            f"\\${value:.1f}bn", (value, place), xytext=where[0], textcoords="offset points",
            ha=where[1], fontsize=9, color=style.text_colour(ink),
        )  # fmt: skip


def _run_rate_words(shown: pd.DataFrame) -> tuple[str, str]:
    """Return title and alt text: the year whose run-rate was furthest above its revenue."""
    rated = shown[shown["run_rate"].notna()]
    if rated.empty:
        title = "A year's revenue beside the first guidance for it"
        return title, f"{title}: {len(shown)} years."
    ratio = rated["run_rate"] / rated["revenue"]
    widest = rated.iloc[int(ratio.to_numpy().argmax())]
    ended = f"{widest['company']} ended {widest['year']} at {ratio.max():.1f} times the year's revenue"
    title = f"A run-rate is not a year: {ended}"
    return title, f"{title}. Revenue {widest['revenue'] / 1000:.1f}, run-rate {widest['run_rate'] / 1000:.1f} USD bn."
