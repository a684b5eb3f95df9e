"""Pictures of the verdicts: how they stand, what moved, how near they are to turning, how robust they are.

Every function takes a tidy frame of `helpers.analysis`. A verdict is a mark and a word besides its colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.charts import style
from helpers.charts.unknown import not_known
from helpers.units import percent

RUNS_SOURCE = "the runs of all notebooks"
RULES_SOURCE = "rules of claims.csv under declared alternatives"
_FIXED_SPACE = "\N{NO-BREAK SPACE}"


def verdict_counts(counts: Mapping[str, pd.DataFrame], *, as_of: str) -> Figure:
    """Draw how many claims of each section have which verdict, a panel a date.

    Parameters
    ----------
    counts : mapping of panel title to DataFrame
        From `scorecard.counts` by section; one or two dates, alike in sections.
    as_of : str
        ISO date.

    Returns
    -------
    Figure
    """
    sections = list(next(iter(counts.values())).index)
    figure, panels = style.canvas(1, len(counts), height=1.9 + 0.38 * len(sections), sharey=True, squeeze=False)
    for axes, (name, table) in zip(panels[0], counts.items(), strict=True):
        for y, section in enumerate(sections):
            left = 0
            for verdict in table.columns:
                number = int(table.loc[section, verdict])
                if number:
                    _tile(axes, left, y, number, verdict)
                left += number
        axes.set_title(name, size=10)
        axes.set_xlim(0, max(int(frame.sum(axis=1).max()) for frame in counts.values()) + 0.3)
        axes.set_ylim(len(sections) - 0.4, -0.6)
        axes.set_yticks(range(len(sections)), [section.replace(" (Zitron quotation)", "") for section in sections])
        axes.set_xticks([])
        axes.grid(visible=False)
        axes.spines["bottom"].set_visible(False)
    title, alt = _count_words(counts)
    style.finish(
        figure, title=title, source=RUNS_SOURCE, as_of=as_of, unit="claims", alt=alt,
        subtitle=f"Number of claims by verdict and section of the article. {_legend_words(_shown(counts))}",
        data=pd.concat(counts, names=["date"]).reset_index(),
    )  # fmt: skip
    return figure


def _tile(axes: Axes, left: int, y: int, number: int, verdict: str) -> None:
    fill, hatch = _verdict_look(verdict)
    axes.barh(y, number, left=left, height=0.72, color=fill, hatch=hatch, edgecolor=style.PAPER, linewidth=1)
    ink = style.INK if verdict == "partly supported" else "white"
    axes.text(left + number / 2, y, f"{number}{_mark(verdict)}", ha="center", va="center", size=9, color=ink,
              weight="bold", bbox={"facecolor": fill, "edgecolor": "none", "pad": 0.6} if hatch else None)  # fmt: skip


def _mark(verdict: str) -> str:
    return style.VERDICT_MARKS.get(verdict, "?")


def _verdict_look(verdict: str) -> tuple[str, str]:
    return style.VERDICT_COLOURS.get(verdict, "#4D4D4D"), "" if verdict in style.VERDICT_COLOURS else "////"


def _shown(counts: Mapping[str, pd.DataFrame]) -> list[str]:
    names = next(iter(counts.values())).columns
    return [str(name) for name in names if any(frame[name].sum() for frame in counts.values())]


def _count_words(counts: Mapping[str, pd.DataFrame]) -> tuple[str, str]:
    told = []
    for name, table in counts.items():
        total = table.sum()
        each = ", ".join(f"{int(total[verdict])} {verdict}" for verdict in table.columns if total[verdict])
        told.append(f"{name}: {each}")
    last = list(counts.values())[-1]
    first = next(iter(counts.values()))
    whole = int(last.to_numpy().sum())
    rose = ""
    if len(counts) > 1:
        rose = f", after {int(first['supported'].sum())} on {next(iter(counts))}"
    untested = int(last["not testable"].sum())
    unknown = int(last["unknown"].sum())
    silent = f", and no run says anything of {unknown}" if unknown else ""
    title = (
        f"{int(last['supported'].sum())} of {whole} claims are supported{rose}; {untested} cannot be tested{silent}."
    )
    return title, f"Stacked bars by section. {title} {'; '.join(told)}."


def distance_to_flip(distances: pd.DataFrame, *, as_of: str, limit: float = 100.0) -> Axes:
    """Draw how far each value is from the cut-off at which its verdict turns, a dot a claim.

    Parameters
    ----------
    distances : DataFrame
        From `claim_thresholds.distances`, nearest first; only those with a known ``percent`` are drawn.
    as_of : str
        ISO date.
    limit : float
        Per cent; a dot further away stands at the edge.

    Returns
    -------
    Axes
    """
    known = distances.dropna(subset=["percent"]).reset_index(drop=True)
    if known.empty:
        return _unknown(
            "a verdict with a threshold", "Distance of the values from their thresholds", RUNS_SOURCE, as_of
        )
    figure, axes = _one(1.9 + 0.21 * len(known))
    for y, row in enumerate(known.to_dict("records")):
        x = max(-limit, min(limit, row["percent"]))
        ink = style.VERDICT_COLOURS[row["verdict"]]
        axes.plot([0, x], [y, y], color=style.GRID, linewidth=3, solid_capstyle="round", zorder=1)
        axes.plot(x, y, marker="o" if row["pure"] else "D", color=ink, markersize=6.5, zorder=3,
                  markerfacecolor=ink if row["pure"] else style.PAPER, markeredgewidth=1.6)  # fmt: skip
        words = (
            f"{_mark(row['verdict'])} to {_mark(row['to'])}" if row["to"] != row["verdict"] else _mark(row["verdict"])
        )
        words += ", further off" if abs(row["percent"]) > limit else ""
        side = 1 if x >= 0 else -1
        axes.annotate(words, (x, y), (side * 8, 0), textcoords="offset points", va="center", size=9,
                      ha="left" if side > 0 else "right")  # fmt: skip
    axes.set_yticks(range(len(known)), known["claim_id"].tolist())
    axes.set_ylim(len(known) - 0.4, -0.6)
    axes.set_xlim(-1.25 * limit, 1.45 * limit)
    axes.axvline(0, color=style.INK, linewidth=1)
    ticks = [-limit, -limit / 2, 0, limit / 2, limit]
    axes.set_xticks(ticks, ["no change" if not tick else f"{tick:+g} %".replace("-", "−") for tick in ticks])
    axes.grid(visible=True, axis="x")
    near = int((known["percent"].abs() <= 10).sum())
    title = f"{near} of {len(known)} verdicts with a number would turn if the value moved by a tenth."
    style.finish(
        figure, title=title, source=f"{RUNS_SOURCE}, thresholds of claims.csv", as_of=as_of,
        unit="per cent of the value",
        subtitle="Change of the value at which the verdict turns, per cent of the value; counts move by whole steps. "
        f"Full: the value alone decides; hollow: the rule asks for more. {_legend_words()}",
        alt=f"A dot for each of {len(known)} claims, by distance from its cut-off. {title} Nearest: "
        f"{', '.join(known['claim_id'].head(5))}.",
        data=known,
    )  # fmt: skip
    return axes


def _legend_words(names: Sequence[str] = tuple(style.VERDICT_MARKS)) -> str:
    """Explain the marks; a mark and its word stay on one line."""
    return ", ".join(f"{_mark(name)} {name}".replace(" ", _FIXED_SPACE) for name in names)


def flips(moved: pd.DataFrame, *, then: str, now: str, as_of: str) -> Axes:
    """Draw the claims whose verdict moved, from one date to the other.

    Parameters
    ----------
    moved : DataFrame
        From `scorecard.moved`: ``claim_id``, ``then``, ``now``, ``change``.
    then, now : str
        The two dates, in words.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
    """
    if moved.empty:
        return _unknown("two dates with different verdicts", "Claims whose verdict moved", RUNS_SOURCE, as_of)
    levels = ["not testable", "not supported", "partly supported", "supported"]
    figure, axes = _one(4.4)
    ways = moved.groupby(["then", "now"], sort=False)["claim_id"].agg(list).reset_index()
    starts, ends = _slots(ways, "then", levels), _slots(ways, "now", levels)
    for row, (from_y, to_y) in zip(ways.to_dict("records"), zip(starts, ends, strict=True), strict=True):
        ink = style.VERDICT_COLOURS[row["now"]]
        axes.annotate("", (0.93, to_y), (0.50, from_y), arrowprops={
            "arrowstyle": "-|>", "color": ink, "linewidth": 1.2 + 0.5 * len(row["claim_id"]), "shrinkA": 0,
            "shrinkB": 0,
        })  # fmt: skip
        axes.text(0.04, from_y, ", ".join(row["claim_id"]), ha="left", va="center", size=9)
    for level, name in enumerate(levels):
        ink = style.text_colour(style.VERDICT_COLOURS[name])
        for x, side in ((0.0, "right"), (1.0, "left")):
            axes.text(x, level, f"{_mark(name)} {name}", ha=side, va="center", size=10, color=ink, weight="bold")
    axes.text(0.0, 3.62, then, ha="right", size=9.5, color=style.SMALL_PRINT)
    axes.text(1.0, 3.62, now, ha="left", size=9.5, color=style.SMALL_PRINT)
    axes.set_xlim(-0.42, 1.42)
    axes.set_ylim(-0.5, 3.9)
    axes.axis("off")
    kinds = moved["change"].value_counts()
    each = ", ".join(f"{number} {str(name)[2:]}" for name, number in kinds.items())
    title = f"{len(moved)} verdicts moved between the two dates: {each}."
    style.finish(
        figure, title=title, source=RUNS_SOURCE, as_of=as_of, unit="claims",
        subtitle="Claims whose verdict differs, and between which verdicts they moved",
        alt=f"Arrows from the verdict of one date to that of the other. {title}",
        data=moved[["claim_id", "section", "then", "now", "change"]].reset_index(drop=True),
    )  # fmt: skip
    return axes


def _slots(ways: pd.DataFrame, column: str, levels: Sequence[str]) -> list[float]:
    """Spread the ends of arrows that share a level, those that go higher at the other side on top."""
    other = "now" if column == "then" else "then"
    heights: dict[int, float] = {}
    for level, name in enumerate(levels):
        sharing = ways.index[ways[column] == name]
        order = sorted(sharing, key=lambda place: levels.index(ways.loc[place, other]))
        for slot, place in enumerate(order):
            heights[place] = level + 0.27 * (slot - (len(order) - 1) / 2)
    return [heights[place] for place in ways.index]


def robustness(shares: pd.DataFrame, *, as_of: str) -> Axes:
    """Draw the share of specifications under which each verdict holds, a bar a claim.

    Parameters
    ----------
    shares : DataFrame
        From `claim_specifications.shares`, least robust first.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
    """
    if shares.empty:
        return _unknown("a verdict that could be asked again", "Verdicts under other choices", RULES_SOURCE, as_of)
    figure, axes = _one(1.5 + 0.27 * len(shares))
    for y, row in enumerate(shares.to_dict("records")):
        fill = style.VERDICT_COLOURS[row["verdict"]]
        axes.barh(y, row["percent"], height=0.66, color=fill)
        words = f"{_mark(row['verdict'])} {row['holding']} of {row['specifications']}"
        axes.text(row["percent"] + 1.5, y, words, va="center", size=9)
    axes.set_yticks(range(len(shares)), shares["claim_id"].tolist())
    axes.set_ylim(len(shares) - 0.4, -0.6)
    axes.set_xlim(0, 118)
    axes.set_xticks(range(0, 101, 25), [percent(float(share), 0) for share in range(0, 101, 25)])
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    whole = int((shares["holding"] == shares["specifications"]).sum())
    title = f"{whole} of {len(shares)} verdicts hold under every choice that could be asked."
    style.finish(
        figure, title=title, source=RULES_SOURCE, as_of=as_of, unit="per cent",
        subtitle="Share of specifications (definition, denominator, scope, assumption) with the rule's own verdict. "
        f"{_legend_words()}",
        alt=f"A bar for each of {len(shares)} claims. {title} Least robust: {', '.join(shares['claim_id'].head(3))}.",
        data=shares,
    )  # fmt: skip
    return axes


def _unknown(missing: str, subtitle: str, source: str, as_of: str) -> Axes:
    return not_known(missing, subtitle=subtitle, source=source, as_of=as_of, unit="none")


def _one(height: float) -> tuple[Figure, Axes]:
    figure, axes = style.canvas(height=height)
    assert isinstance(axes, Axes)
    return figure, axes
