"""The one look of every figure: canvas, title block, source line, colours, direct labels.

Figures are made without pyplot: nothing global is kept, no window opens, and a figure is the
same bytes in JupyterLab, in a worker and in a test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

# Okabe-Ito and its neighbours: told apart by readers with any colour vision. One colour a company everywhere.
COLOURS: dict[str, str] = {
    "AMZN": "#E69F00",
    "MSFT": "#0072B2",
    "GOOGL": "#009E73",
    "META": "#56B4E9",
    "ORCL": "#D55E00",
    "NVDA": "#CC79A7",
    "AAPL": "#7F7F7F",
    "CRWV": "#332288",
    "OpenAI": "#117733",
    "Anthropic": "#882255",
}
COMPANIES: dict[str, str] = {
    "AMZN": "Amazon",
    "MSFT": "Microsoft",
    "GOOGL": "Alphabet",
    "META": "Meta",
    "ORCL": "Oracle",
    "NVDA": "NVIDIA",
    "AAPL": "Apple",
    "CRWV": "CoreWeave",
}
VERDICT_COLOURS: dict[str, str] = {
    "supported": "#009E73",
    "partly supported": "#E69F00",
    "not supported": "#D55E00",
    "not testable": "#7F7F7F",
}
VERDICT_MARKS: dict[str, str] = {
    "supported": "\N{CHECK MARK}",
    "partly supported": "~",
    "not supported": "\N{MULTIPLICATION SIGN}",
    "not testable": "\N{EN DASH}",
}
THEN = "#7F7F7F"
NOW = "#0072B2"
NEGATIVE = "#C1272D"
INK = "#1A1A1A"
SMALL_PRINT = "#595959"
GRID = "#E3E3E3"
PAPER = "#FFFFFF"

_MARGIN_INCHES = 0.14
_LINE_SPACING = 1.22
_POINTS_PER_INCH = 72.0
_TITLE_SIZE, _SUBTITLE_SIZE, _SOURCE_SIZE, _LABEL_SIZE = 12.0, 9.5, 9.0, 9.5

# Typed Any: matplotlib types the keys of a style one by one.
RC: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib: the same glyphs on every machine
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#8C8C8C",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.color": INK,
    "ytick.color": INK,
    "ytick.left": False,
    "lines.linewidth": 1.8,
    "hatch.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "svg.hashsalt": "who-pays-for-ai",
}


@dataclass(frozen=True)
class Notes:
    """What a figure says of itself, for alt text, caption and download.

    Parameters
    ----------
    title, subtitle, source, as_of, unit, alt : str
        As given to `finish`.
    data : pandas.DataFrame
        The figures behind the picture.
    """

    title: str
    subtitle: str
    source: str
    as_of: str
    unit: str
    alt: str
    data: pd.DataFrame


_notes: WeakKeyDictionary[Figure, Notes] = WeakKeyDictionary()


def colour(name: str) -> str:
    """Return the colour of a company by ticker or name.

    Raises
    ------
    KeyError
        If the company has none: choose one here, not in a chart.
    """
    return COLOURS[name]


def text_colour(name: str, least_contrast: float = 4.5) -> str:
    """Darken a colour until text in it can be read on white (WCAG contrast of 4.5 to 1)."""
    channels = to_rgb(name)
    while 1.05 / (_luminance(channels) + 0.05) < least_contrast:
        red, green, blue = (channel * 0.95 for channel in channels)
        channels = (red, green, blue)
    return to_hex(channels)


def _luminance(channels: Sequence[float]) -> float:
    """Relative luminance of an sRGB colour, as WCAG 2 defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def company(ticker: str) -> str:
    """Return the name readers know a ticker by; an unknown ticker stays as it is."""
    return COMPANIES.get(ticker, ticker)


def canvas(
    rows: int = 1, columns: int = 1, *, width: float = 7.2, height: float = 4.2, **subplots: Any
) -> tuple[Figure, Any]:
    """Return a figure in the house style and its Axes.

    Parameters
    ----------
    rows, columns : int
        Grid of Axes.
    width, height : float
        Inches.
    **subplots
        Passed to ``Figure.subplots``, for example ``sharey=True``.

    Returns
    -------
    (Figure, Axes or ndarray of Axes)
        One Axes for a 1 x 1 grid, else an array as ``Figure.subplots`` gives it.
    """
    with mpl.rc_context(RC):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(rows, columns, **subplots)
    return figure, axes


def finish(
    figure: Figure,
    *,
    title: str,
    subtitle: str,
    source: str,
    as_of: str,
    unit: str,
    alt: str,
    data: pd.DataFrame,
) -> None:
    """Write title, subtitle and source line, and keep what the page says of the figure.

    Parameters
    ----------
    figure : Figure
        From `canvas`, fully drawn.
    title : str
        The message as one sentence.
    subtitle : str
        What is measured, unit, period.
    source : str
        Who published the figures.
    as_of : str
        ISO date: what was known on this day.
    unit : str
        Unit of the main axis.
    alt : str
        The message and the two or three numbers that carry it.
    data : pandas.DataFrame
        The figures behind the picture; becomes the CSV download.

    Raises
    ------
    ValueError
        If one of the texts or the data is empty.
    """
    texts = {"title": title, "subtitle": subtitle, "source": source, "as_of": as_of, "unit": unit, "alt": alt}
    for name, text in texts.items():
        if not text.strip():
            raise ValueError(f"a figure needs its {name}")
    if data.empty:
        raise ValueError(f"figure {title!r} has no data behind it")
    _notes[figure] = Notes(title, subtitle, source, as_of, unit, alt, data)
    with mpl.rc_context(RC):
        top = _stack(figure, title, subtitle)
        bottom = _foot(figure, f"Source: {source}. Known on {as_of}.")
    engine = figure.get_layout_engine()
    if engine is not None:
        side = 0.08 / figure.get_figwidth()
        engine.set(rect=(side, bottom, 1 - 2 * side, top - bottom))  # type: ignore[call-arg]  # ours is the constrained engine, which takes it


def notes(figure: Figure) -> Notes:
    """Return what `finish` kept of a figure.

    Raises
    ------
    ValueError
        If the figure was never finished: it has no title, source or alt text.
    """
    try:
        return _notes[figure]
    except KeyError:
        raise ValueError("this figure was not finished: call charts.style.finish before showing it") from None


def _stack(figure: Figure, title: str, subtitle: str) -> float:
    """Write title and subtitle from the top; return where the Axes may begin (figure fraction)."""
    height = figure.get_figheight()
    y = height - _MARGIN_INCHES
    for text, size, weight, ink in (
        (title, _TITLE_SIZE, "bold", INK),
        (subtitle, _SUBTITLE_SIZE, "normal", SMALL_PRINT),
    ):
        for line in wrap(figure, text, size, weight):
            figure.text(
                _MARGIN_INCHES / figure.get_figwidth(), y / height, line,
                size=size, weight=weight, color=ink, va="top", ha="left",
            )  # fmt: skip
            y -= size * _LINE_SPACING / _POINTS_PER_INCH
        y -= 0.03
    return (y - 0.06) / height


def _foot(figure: Figure, text: str) -> float:
    """Write the source line at the bottom; return where the Axes may end (figure fraction)."""
    height = figure.get_figheight()
    y = _MARGIN_INCHES * 0.7
    for line in reversed(wrap(figure, text, _SOURCE_SIZE, "normal")):
        figure.text(
            _MARGIN_INCHES / figure.get_figwidth(), y / height, line,
            size=_SOURCE_SIZE, color=SMALL_PRINT, va="bottom", ha="left",
        )  # fmt: skip
        y += _SOURCE_SIZE * _LINE_SPACING / _POINTS_PER_INCH
    return (y + 0.06) / height


def wrap(figure: Figure, text: str, size: float, weight: str = "normal", width: float | None = None) -> list[str]:
    """Break a text into lines that fit.

    Parameters
    ----------
    figure : Figure
    text : str
    size : float
        Points.
    weight : str
        Font weight.
    width : float, optional
        Inches; by default the figure's width less its margins.

    Returns
    -------
    list of str
    """
    room = (width or figure.get_figwidth() - 2 * _MARGIN_INCHES) * _POINTS_PER_INCH
    space = _text_width(" ", size, weight)
    lines: list[str] = []
    filled = 0.0
    for word in text.split(" "):
        wide = _text_width(word, size, weight)
        if lines and filled + space + wide <= room:
            lines[-1] += f" {word}"
            filled += space + wide
        else:
            lines.append(word)
            filled = wide
    return [line.replace("$", r"\$") for line in lines]


@cache
def _text_width(text: str, size: float, weight: str) -> float:
    """Return the width of a text in points; words come again and again, so each is measured once."""
    font = FontProperties(family=RC["font.sans-serif"], size=size, weight=weight)
    pixels = _ruler().get_text_width_height_descent(text, font, ismath=False)[0]
    return float(pixels) * _POINTS_PER_INCH / float(_ruler().dpi)


@cache
def _ruler() -> RendererAgg:
    """Return a renderer that nothing is drawn with."""
    return RendererAgg(1, 1, 100.0)


def zero_line(axes: Axes) -> None:
    """Draw the dark zero line."""
    axes.axhline(0, color=INK, linewidth=1.0, zorder=3)


def bars_signed(
    axes: Axes, x: Sequence[float], heights: Sequence[float], *, positive: str = NOW, width: float = 0.8, **bar: Any
) -> None:
    """Draw bars whose negative ones are red and hatched, so that sign never rests on colour alone.

    Parameters
    ----------
    axes : Axes
    x, heights : sequence of float
        Same length; a NaN height draws nothing.
    positive : str
        Colour of bars at or above zero.
    width : float
        Bar width in axis units.
    **bar
        Passed to ``Axes.bar``.
    """
    colours = [NEGATIVE if height < 0 else positive for height in heights]
    drawn = axes.bar(list(x), list(heights), width=width, color=colours, **bar)
    for patch, height in zip(drawn, heights, strict=True):
        if height < 0:
            patch.set_hatch("////")
            patch.set_edgecolor(PAPER)
            patch.set_linewidth(0)


def figure_of(axes: Axes) -> Figure:
    """Return the figure that axes stand in.

    Raises
    ------
    ValueError
        If they were removed from it.
    """
    figure = axes.get_figure(root=True)
    if figure is None:
        raise ValueError("the axes stand in no figure")
    return figure


def label_ends(axes: Axes, ends: Mapping[str, tuple[Any, float, str]], *, gap: float = 12.5, offset: float = 5) -> None:
    """Name lines at their right end, moved apart where two names would collide.

    Call it after the axis limits are set and the figure has its final size.

    Parameters
    ----------
    axes : Axes
    ends : mapping of str to (x, y, colour)
        Label, end point in data coordinates, colour.
    gap : float
        Least distance between two labels, in points.
    offset : float
        Distance from the line's end, in points.
    """
    if not ends:
        return
    axes.get_xlim(), axes.get_ylim()  # asking settles limits that matplotlib would only compute at drawing
    points = _POINTS_PER_INCH / axes.figure.dpi
    heights = {
        name: float(axes.transData.transform(_in_axis_units(axes, x, y))[1]) * points
        for name, (x, y, _) in ends.items()
    }
    order = sorted(heights, key=lambda name: heights[name])
    placed = _spread([heights[name] for name in order], gap)
    for name, height in zip(order, placed, strict=True):
        x, y, ink = ends[name]
        axes.annotate(
            name.replace("$", r"\$"), xy=(x, y), xytext=(offset, height - heights[name]), textcoords="offset points",
            color=text_colour(ink), size=_LABEL_SIZE, weight="bold", va="center", ha="left", annotation_clip=False,
        )  # fmt: skip


def _in_axis_units(axes: Any, x: Any, y: Any) -> tuple[float, float]:
    """Turn dates and categories into the numbers an axis counts in."""
    return axes.convert_xunits(x), axes.convert_yunits(y)


def _spread(heights: Sequence[float], gap: float) -> list[float]:
    """Move sorted positions apart to at least `gap`, each group staying centred on its own mean."""
    groups: list[list[float]] = []
    for height in heights:
        groups.append([height])
        while len(groups) > 1 and _top(groups[-2], gap) + gap > _bottom(groups[-1], gap):
            groups[-2:] = [groups[-2] + groups[-1]]
    return [_bottom(group, gap) + gap * place for group in groups for place in range(len(group))]


def _bottom(group: Sequence[float], gap: float) -> float:
    return sum(group) / len(group) - gap * (len(group) - 1) / 2


def _top(group: Sequence[float], gap: float) -> float:
    return sum(group) / len(group) + gap * (len(group) - 1) / 2
