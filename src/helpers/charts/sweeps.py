"""Pictures of sweeps: verdicts month by month, definitions month by month, the spread of a sample.

Tiles carry a mark as well as a colour. The mark stands where an answer begins, and holds until the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from helpers.charts import style
from helpers.charts.marks import legend_below
from helpers.units import money

TIMELINE_SOURCE = "rules of claims.csv on the tables as known at each month-end"
CASH_SOURCE = "company filings and releases (table cash_flows)"
DRAWS_SOURCE = "own simulation; every range is a row of assumptions.csv"
TOGETHER = "together"
DEFINITION_HEADS = {
    "gross": "gross",
    "company": "company",
    "after_leases": "after leases",
    "after_stock_compensation": "after pay in shares",
}
# Colour and mark of a state; the darker, the more cash is gone.
CASH_LOOKS: dict[str, tuple[str, str]] = {
    "fell far": ("#E2823A", "\N{BLACK DOWN-POINTING TRIANGLE}"),
    "fell": ("#F6D3B3", "\N{WHITE DOWN-POINTING TRIANGLE}"),
    "did not fall": ("#B9D9EC", "\N{WHITE UP-POINTING TRIANGLE}"),
    "not known": ("#D0D0D0", "\N{EN DASH}"),
}
# A few words for a row; a claim that is not here shows the beginning of its sentence.
CLAIM_LABELS = {
    "A02": "the leaders' cash flows dry up",
    "A11": "Amazon: two negative quarters",
    "A12": "Oracle: two negative quarters",
    "A13": "Alphabet: eroded despite advertising",
    "A14": "Meta: eroded despite advertising",
    "A15": "profitable, yet less cash is left",
    "A16": "heavy AI spending is the cause",
    "A17": "seven-figure pay of researchers",
    "A19": "what free cash flow means",
    "A20": "what a negative one means",
    "A22": "the chart of two quarters",
    "A39": "three per cent of users pay",
    "A41": "most revenue is paid access",
    "A42": "ten million Plus subscribers",
    "A43": "what Plus brings a year",
    "A44": "what business users bring",
    "A45": "even twice would not excite",
    "A46": "to AI what Google is to search",
    "A47": "weekly users",
    "A48": "monthly users",
    "A49": "nearly all media cover OpenAI",
    "A58": "lawsuits multiply",
    "A59": "the New York Times sued",
    "A60": "class actions at three more firms",
    "A61": "European photographers sued",
    "A63": "Suno and Udio are sued",
    "A64": "class actions over personal data",
}
_BILLION = 1000.0
_BINS = 30
_HEAD: Any = {"size": 10, "weight": "bold", "loc": "left"}
_ROW_INCHES = 0.205
_LEAST_INCHES = 3.4
# What title, ticks, legend and source take of a figure's height, about.
_AROUND_INCHES = 2.1
_LABEL_LETTERS = 40
# Tiles a little paler than the house's verdicts, so that marks and dots can be read on them.
_PALE = 0.62


def verdict_timeline(history: pd.DataFrame, *, as_of: str, article_day: str) -> Axes:
    """Draw the verdict of each claim at each month-end as a strip of tiles.

    Parameters
    ----------
    history : DataFrame, one row a claim and day
        ``claim_id``, ``section``, ``claim_en``, ``day``, ``verdict``; in the order of the article and of time.
    as_of : str
        ISO date: the last day asked.
    article_day : str
        ISO date: marked by a line.

    Returns
    -------
    Axes
    """
    days = pd.DatetimeIndex(sorted(history["day"].unique()))
    rows: list[tuple[str, pd.DataFrame | None]] = []
    for section, part in history.groupby("section", sort=False):
        rows.append((str(section), None))
        rows += [(_claim_label(claim), claim) for _, claim in part.groupby("claim_id", sort=False)]
    figure, axes = _one(2.1 + _ROW_INCHES * len(rows))
    for y, (_, claim) in enumerate(rows):
        if claim is not None:
            _strip(axes, y, list(claim["verdict"]), VERDICT_LOOKS)
    _label_rows(axes, [(name, claim is None) for name, claim in rows])
    _months(axes, days)
    _article_line(axes, days, article_day, len(rows))
    _legend(axes, VERDICT_LOOKS)
    then = days[days <= pd.Timestamp(article_day)].max()
    title, numbers = _timeline_words(history, then, days[-1])
    style.finish(
        figure, title=title, source=TIMELINE_SOURCE, as_of=as_of, unit="verdict", data=_plain(history),
        subtitle="Verdict of each claim by its own rule, on what was known at each month-end. A mark holds until the "
        "next one",
        alt=f"Strips of {len(days)} monthly tiles for {history['claim_id'].nunique()} claims. {title} {numbers}",
    )  # fmt: skip
    return axes


def cash_by_definition(history: pd.DataFrame, *, as_of: str, since: pd.Timestamp | None, article_day: str) -> Axes:
    """Draw for each firm and definition whether the cash of twelve months was below the year before.

    Parameters
    ----------
    history : DataFrame, one row a firm, definition and day
        ``who`` (`TOGETHER` or a ticker), ``definition``, ``day``, ``state`` (of `CASH_LOOKS`), ``is_negative_twice``.
    as_of : str
        ISO date: the last day asked.
    since : Timestamp or None
        From which day the firms together have been below the year before, by their own definitions.
    article_day : str

    Returns
    -------
    Axes
    """
    days = pd.DatetimeIndex(sorted(history["day"].unique()))
    rows: list[tuple[str, pd.DataFrame | None]] = []
    for who, part in history.groupby("who", sort=False):
        rows.append((_who(str(who), history), None))
        rows += [
            (DEFINITION_HEADS[str(name)], one) for name, one in part.groupby("definition", sort=False, observed=True)
        ]
    figure, axes = _one(2.3 + _ROW_INCHES * len(rows))
    for y, (_, one) in enumerate(rows):
        if one is not None:
            _strip(axes, y, list(one["state"]), CASH_LOOKS)
            twice = np.flatnonzero(one["is_negative_twice"].to_numpy(dtype=bool))
            axes.plot(twice, [y] * len(twice), "o", color=style.INK, markersize=2.6)
    _label_rows(axes, [(name, one is None) for name, one in rows])
    _months(axes, days)
    _article_line(axes, days, article_day, len(rows))
    dot = Line2D([], [], marker="o", color=style.INK, linestyle="", markersize=3, label="last two quarters below zero")
    _legend(axes, CASH_LOOKS, dot)
    title, numbers = _cash_words(history, since, days[-1])
    style.finish(
        figure, title=title, source=CASH_SOURCE, as_of=as_of, unit="state", data=_plain(history),
        subtitle="Free cash flow of the last twelve months known against the twelve before, by definition, on what was "
        "known at each month-end. Far: by more than a fifth, or from zero or less. A mark holds until the next",
        alt=f"Strips of {len(days)} monthly tiles for {history['who'].nunique()} groups under four definitions. "
        f"{title} {numbers}",
    )  # fmt: skip
    return axes


def revenue_draws(rows: pd.DataFrame, strengths: pd.DataFrame, *, as_of: str) -> Figure:
    """Draw the spread of net revenue beside the article's figure, and which inputs move it.

    Parameters
    ----------
    rows : DataFrame, one row a draw
        ``net_revenue``, ``article_revenue`` (USD millions).
    strengths : DataFrame, one row an input, strongest first
        ``label``, ``rank_correlation``.
    as_of : str
        ISO date.

    Returns
    -------
    Figure
    """
    figure, panels = style.canvas(1, 2, height=3.9, width_ratios=[1.25, 1])
    spread, bars = panels
    net, claimed = rows["net_revenue"] / _BILLION, float(rows["article_revenue"].iloc[0]) / _BILLION
    counts, _, _ = spread.hist(net, bins=_BINS, color=style.NOW)
    top, middle = float(np.max(counts)), float(net.median())
    spread.set_ylim(0, 1.3 * top)
    _line(spread, middle, 1.17 * top, f"median {money(middle * _BILLION, 2)}", style.INK)
    _line(spread, claimed, 1.06 * top, f"the article: {money(claimed * _BILLION)}", style.SMALL_PRINT, "right")
    spread.margins(x=0.06)
    spread.set_yticks([])
    spread.spines["left"].set_visible(False)
    spread.grid(visible=False)
    spread.set_title("Net revenue of a year, USD bn", **_HEAD)
    spread.xaxis.set_major_formatter(FuncFormatter(_billions))
    for place, one in enumerate(strengths.to_dict("records")):
        _bar(bars, place, float(one["rank_correlation"]))
    bars.set_yticks(range(len(strengths)), list(strengths["label"]))
    bars.set_ylim(len(strengths) - 0.4, -0.6)
    bars.set_xlim(-1.15, 1.15)
    bars.set_xticks([-1, 0, 1], ["−1", "0", "+1"])
    bars.axvline(0, color=style.INK, linewidth=1)
    bars.grid(visible=False)
    bars.set_title("Rank correlation with it", **_HEAD)
    reach = int((net >= claimed).sum())
    strongest, weight = strengths["label"].iloc[0], float(strengths["rank_correlation"].iloc[0])
    low, high = (money(float(net.quantile(share)) * _BILLION, 2) for share in (0.05, 0.95))
    many = f"{reach} of {len(net):,} draws reach" if reach else f"None of {len(net):,} draws reaches"
    title = f"{many} {money(claimed * _BILLION)}; what moves the answer most: “{strongest}”"
    style.finish(
        figure, title=title, source=DRAWS_SOURCE, as_of=as_of, unit="USD bn", data=rows,
        subtitle="ChatGPT Plus in 2024: the article's ten million subscribers, after seven guesses drawn from their "
        "ranges (a Latin hypercube)",
        alt=f"Histogram and bars. {title}. Nine draws in ten lie between {low} and {high}, the median is "
        f"{money(middle * _BILLION, 2)}; the rank correlation of the strongest input is {weight:+.2f}.",
    )  # fmt: skip
    return figure


def _strip(axes: Axes, y: int, answers: Sequence[str], looks: Mapping[str, tuple[str, str]]) -> None:
    """Draw one row of tiles, each unbroken run with its mark at the beginning."""
    start = 0
    for answer, run in groupby(answers):
        length, (fill, mark) = len(list(run)), looks[answer]
        axes.barh(y, length, left=start - 0.5, height=0.86, color=fill, edgecolor=style.PAPER, linewidth=0.8)
        axes.text(start, y, mark, size=9, weight="bold", va="center", ha="center", color=style.INK, zorder=4)
        start += length


def _pale(colour: str) -> str:
    red, green, blue = (1 - _PALE * (1 - channel) for channel in to_rgb(colour))
    return to_hex((red, green, blue))


VERDICT_LOOKS: dict[str, tuple[str, str]] = {
    name: (_pale(colour), style.VERDICT_MARKS[name]) for name, colour in style.VERDICT_COLOURS.items()
}


def _label_rows(axes: Axes, rows: Sequence[tuple[str, bool]]) -> None:
    """Name the rows; a heading is bold and has no tiles."""
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    for label, (_, is_heading) in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if is_heading else "normal")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(visible=False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _months(axes: Axes, days: pd.DatetimeIndex) -> None:
    """Name each year where it begins; place 0 is the first day asked."""
    places = [0, *(place for place in range(1, len(days)) if days[place].year != days[place - 1].year)]
    axes.set_xticks([place - 0.5 for place in places], [str(days[place].year) for place in places], ha="left")
    axes.set_xlim(-0.5, len(days) - 0.5)
    axes.tick_params(axis="x", length=4)


def _article_line(axes: Axes, days: pd.DatetimeIndex, article_day: str, rows: int) -> None:
    """Mark when the article appeared: between the last day before it and the next one."""
    before = int((days <= pd.Timestamp(article_day)).sum())
    if 0 < before < len(days):
        axes.plot([before - 0.5] * 2, [-0.6, rows - 0.4], color=style.INK, linewidth=1.4)
        axes.annotate(
            "the article", (before - 0.5, -0.6), xytext=(0, 3), textcoords="offset points", ha="center", size=9,
            weight="bold", annotation_clip=False,
        )  # fmt: skip


def _legend(axes: Axes, looks: Mapping[str, tuple[str, str]], *others: Line2D) -> None:
    handles = [Patch(facecolor=fill, label=f"{mark} {name}") for name, (fill, mark) in looks.items()]
    legend_below(axes, [*handles, *others], style.figure_of(axes).get_figheight() - _AROUND_INCHES)


def _claim_label(claim: pd.DataFrame) -> str:
    id, sentence = str(claim["claim_id"].iloc[0]), str(claim["claim_en"].iloc[0]).rstrip(".")
    if id not in CLAIM_LABELS and len(sentence) > _LABEL_LETTERS:
        sentence = f"{sentence[:_LABEL_LETTERS].rsplit(' ', 1)[0]}…"
    return f"{id} {CLAIM_LABELS.get(id, sentence)}".replace("$", r"\$")


def _who(who: str, history: pd.DataFrame) -> str:
    return f"All {history['who'].nunique() - 1} together" if who == TOGETHER else style.company(who)


def _timeline_words(history: pd.DataFrame, then: pd.Timestamp, last: pd.Timestamp) -> tuple[str, str]:
    def counted(day: pd.Timestamp) -> tuple[int, int]:
        verdicts = history.loc[history["day"] == day, "verdict"]
        return int((verdicts == "supported").sum()), int((verdicts != "not testable").sum())

    (held_then, asked_then), (held, asked) = counted(then), counted(last)
    title = (
        f"Before the article, at the end of {then:%B %Y}, {held_then} of {asked_then} testable claims were supported; "
        f"by {last:%B %Y} it is {held} of {asked}"
    )
    turned = history.groupby("claim_id")["verdict"].nunique().gt(1).sum()
    return f"{title}.", f"{turned} claims had more than one answer since {history['day'].min():%B %Y}."


def _cash_words(history: pd.DataFrame, since: pd.Timestamp | None, last: pd.Timestamp) -> tuple[str, str]:
    firms = history["who"].nunique() - 1
    title = (
        f"The {firms} firms' cash is not below the year before by their own definitions"
        if since is None
        else f"By their own definitions the {firms} firms' cash has been below the year before since {since:%B %Y}"
    )
    now = history[history["day"] == last]
    falling = now["state"].isin(["fell", "fell far"])
    count = f"On {last.date()} it is below in {int(falling.sum())} of {len(now)} rows and not known in "
    return f"{title}.", f"{count}{int((now['state'] == 'not known').sum())}."


def _line(axes: Axes, x: float, y: float, words: str, ink: str, align: str = "center") -> None:
    axes.plot([x, x], [0, y], color=ink, linewidth=1.6)
    axes.annotate(
        words.replace("$", r"\$"), (x, y), xytext=(0, 3), textcoords="offset points", ha=align, size=9, weight="bold",
        color=ink,
    )  # fmt: skip


def _bar(axes: Axes, place: int, value: float) -> None:
    """Draw one bar; a negative one is red and hatched."""
    look: dict[str, Any] = (
        {"color": style.NEGATIVE, "hatch": "////", "edgecolor": style.PAPER} if value < 0 else {"color": style.NOW}
    )
    axes.barh(place, value, height=0.62, linewidth=0, **look)
    axes.annotate(
        f"{value:+.2f}".replace("-", "−"), (value, place), xytext=(3 if value >= 0 else -3, 0),
        textcoords="offset points", ha="left" if value >= 0 else "right", va="center", size=9,
    )  # fmt: skip


def _billions(value: float, _place: int | None = None) -> str:
    return money(value * _BILLION, 1).replace("$", r"\$")


def _plain(history: pd.DataFrame) -> pd.DataFrame:
    """Return the data behind strips as a reader wants them: days without a time."""
    return history.assign(day=history["day"].dt.strftime("%Y-%m-%d"))


def _one(height: float) -> tuple[Figure, Axes]:
    figure, axes = style.canvas(height=max(height, _LEAST_INCHES))
    assert isinstance(axes, Axes)
    return figure, axes
