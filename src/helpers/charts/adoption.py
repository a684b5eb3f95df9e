"""A picture of adoption curves: fitted on what was known, held against what came."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.ticker import FuncFormatter

from helpers.charts import style
from helpers.charts.chatgpt_revenue import SOURCE
from helpers.charts.unknown import not_known
from helpers.units import MINUS

_CURVES = {
    "Bass": (style.COLOURS["MSFT"], "-"),
    "logistic": (style.COLOURS["ORCL"], "--"),
    "constant growth": (style.COLOURS["NVDA"], ":"),
}


def forecast_test(
    paths: pd.DataFrame, known: pd.Series, later: pd.Series, errors: pd.DataFrame, *, fitted_on: str, as_of: str
) -> Axes:
    """Draw fitted curves with the users that were known and those that came after.

    Parameters
    ----------
    paths : DataFrame
        ``curve``, ``date``, ``users``, ``low``, ``high``; the rows of one ``... interval`` are the band.
    known, later : Series
        Weekly users, millions, by date; `later` may be empty.
    errors : DataFrame
        Forecast errors at the last date that came: ``curve``, ``error_percent``; may be empty.
    fitted_on : str
        ISO date: the curves use what was known on this day.
    as_of : str
        ISO date.

    Returns
    -------
    Axes
    """
    if paths.empty:
        missing = "enough counts of weekly users to fit a curve"
        return not_known(missing, subtitle="Weekly users", source=SOURCE, as_of=fitted_on, unit="million weekly users")
    axes: Axes
    figure, axes = style.canvas(height=4.5)
    band = paths[paths["low"].notna()]
    top = 1.12 * _ceiling(paths, known, later)
    if len(band):
        high = np.minimum(band["high"].to_numpy(dtype=float), 10 * top)
        axes.fill_between(band["date"], band["low"], high, color="#F3D9CC", linewidth=0)
    ends = {}
    for curve, (ink, dash) in _CURVES.items():
        path = paths[paths["curve"] == curve]
        if len(path):
            axes.plot(path["date"], path["users"], color=ink, linestyle=dash)
            shown = path[path["users"] <= top]
            ends[curve] = (shown["date"].iloc[-1], float(shown["users"].iloc[-1]), ink)
    axes.plot(known.index, known, "o", color=style.INK, ms=6, label=f"known on {fitted_on}")
    if len(later):
        axes.plot(later.index, later, "o", color=style.INK, mfc=style.PAPER, ms=6, label="came after")
        axes.axvline(_day_number(fitted_on), color=style.THEN, linewidth=1, linestyle="-")
    axes.set_ylim(0, top)
    axes.set_xlim(right=axes.get_xlim()[1] + 210)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}m"))
    axes.legend(loc="upper left", frameon=False)
    title = _message(known, later, errors)
    style.finish(
        figure,
        title=title,
        subtitle="Weekly users of ChatGPT, millions; band: 95 % profile interval of the logistic curve",
        source=SOURCE,
        as_of=as_of,
        unit="million weekly users",
        alt=f"{title}. {len(known)} counts were fitted and {len(later)} held back.",
        data=_tidy(paths, known, later),
    )
    style.label_ends(axes, ends)
    return axes


def _day_number(day: str) -> float:
    """Return a date as the number that a date axis counts in."""
    return float(date2num(pd.Timestamp(day).to_pydatetime()))


def _ceiling(paths: pd.DataFrame, known: pd.Series, later: pd.Series) -> float:
    """Room for the observations and for curves that run away, up to twice the observations."""
    seen = float(pd.concat([known, later]).max())
    curves = paths.loc[~paths["curve"].str.endswith("interval"), "users"]
    return max(seen, min(float(curves.max()), 2.1 * seen))


def _message(known: pd.Series, later: pd.Series, errors: pd.DataFrame) -> str:
    if errors.empty:
        return f"{len(known)} counts fit every curve: they do not say where the growth ends"
    low, high = errors["error_percent"].min(), errors["error_percent"].max()
    when = f"{later.index[-1]:%B %Y}"
    if low > 0:
        return (
            f"Fitted on what was known, every curve saw too many users for {when}: {low:.0f} to {high:.0f} % too many"
        )
    return f"Fitted on what was known, the curves miss {when} by {_signed(low)} to {_signed(high)} %"


def _signed(value: float) -> str:
    return f"{MINUS if value < 0 else '+'}{abs(value):.0f}"


def _tidy(paths: pd.DataFrame, known: pd.Series, later: pd.Series) -> pd.DataFrame:
    seen = [
        pd.DataFrame({"curve": name, "date": part.index, "users": part.to_numpy()})
        for name, part in (("observed, fitted", known), ("observed, held back", later))
        if len(part)
    ]
    return pd.concat([*seen, paths], ignore_index=True)
