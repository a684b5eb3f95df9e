"""The pictures of the shipped sweeps: rows in, a figure and sentences out. The pipeline itself draws nothing."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.pipeline.errors import UsageError
from helpers.pipeline.key import Keys
from helpers.pipeline.sweep_notes import NOTES, Notes, notes_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from helpers.pipeline.sweep_spec import Sweep

#: The day the claims' rules stand on; the article's exact day is not known, and this is the end of its week.
ARTICLE_DAY = "2025-09-05"
# What the pictures and sentences are made by: when one of these changes, they are made again.
_MAKERS = (
    "helpers.analysis.sweep_results",
    "helpers.charts.marks",
    "helpers.charts.style",
    "helpers.charts.sweeps",
    "helpers.commands.sweep_pictures",
    "helpers.units",
)
_DOTS_PER_INCH = 200
# Twelve digits: more than any source has, and free of the last bit's noise.
_FLOATS = "%.12g"


@dataclass(frozen=True)
class Picture:
    """What was drawn of a sweep, and what its rows say."""

    drawn: Axes | Figure
    sentences: list[str]


def check(sweep: Sweep) -> None:
    """Refuse a picture that nobody can draw, before anything is executed.

    Raises
    ------
    UsageError
    """
    if sweep.picture and sweep.picture not in PICTURES:
        known = ", ".join(PICTURES)
        raise UsageError(f"{sweep.file}: picture: there is no {sweep.picture!r}; there are {known}")


def is_current(sweep: Sweep, table: Path, root: Path) -> bool:
    """Whether the picture there is the one that these rows and this code give."""
    notes = notes_of(table.with_suffix(NOTES))
    return notes is not None and notes.made_of == _made_of(sweep, table, root)


def draw(sweep: Sweep, table: Path, root: Path) -> None:
    """Draw the picture of a sweep and write it beside its rows, with what a page says of it.

    Parameters
    ----------
    sweep : Sweep
    table : Path
        Its Parquet file.
    root : Path
        The project's folder.
    """
    import pandas as pd

    rows = pd.read_parquet(table)
    good = rows[rows["status"] == "ok"]
    made = PICTURES[sweep.picture](good) if sweep.picture and len(good) else None
    failures = rows.loc[rows["status"] != "ok", "error"].value_counts()
    notes = Notes(
        sweep=sweep.name,
        rows=len(rows),
        failures={str(reason): int(count) for reason, count in failures.items()},
        sentences=made.sentences if made else [],
        figure=_figure(made.drawn, table.with_suffix(".png")) if made else None,
        made_of=_made_of(sweep, table, root),
    )
    notes.write(table.with_suffix(NOTES))


def _made_of(sweep: Sweep, table: Path, root: Path) -> str:
    """Hash the rows and the code behind a picture."""
    from helpers.pipeline import key

    keys = Keys(root)
    makers = {name: keys.module(name) for name in _MAKERS}
    state = table.stat()
    return key.digest(json.dumps([sweep.picture, state.st_mtime_ns, state.st_size, makers]))


def _figure(drawn: Axes | Figure, path: Path) -> dict[str, Any]:
    from helpers.charts import style

    figure: Any = drawn.figure if hasattr(drawn, "get_xlim") else drawn
    notes = style.notes(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DOTS_PER_INCH, metadata={"Software": None})
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(buffer.getvalue())
    new.replace(path)
    return {
        "title": notes.title, "subtitle": notes.subtitle, "alt": notes.alt, "unit": notes.unit, "source": notes.source,
        "as_of": notes.as_of, "csv": notes.data.to_csv(index=False, float_format=_FLOATS, lineterminator="\n"),
    }  # fmt: skip


def _verdict_timeline(rows: pd.DataFrame) -> Picture:
    from helpers import tables
    from helpers.analysis import sweep_results
    from helpers.charts import sweeps

    history = sweep_results.verdict_history(rows, tables.load("claims"))
    drawn = sweeps.verdict_timeline(history, as_of=str(rows["as_of"].max()), article_day=ARTICLE_DAY)
    return Picture(drawn, sweep_results.timeline_sentences(history, ARTICLE_DAY))


def _cash_flow_definitions(rows: pd.DataFrame) -> Picture:
    from helpers.analysis import sweep_results
    from helpers.charts import sweeps

    history = sweep_results.cash_history(rows)
    since = sweep_results.falling_since(history, sweep_results.TOGETHER, "company")
    as_of = str(rows["as_of"].max())
    drawn = sweeps.cash_by_definition(history, as_of=as_of, since=since, article_day=ARTICLE_DAY)
    return Picture(drawn, sweep_results.cash_sentences(history))


def _chatgpt_revenue_draws(rows: pd.DataFrame) -> Picture:
    from helpers.analysis import sweep_results, uncertainty
    from helpers.charts import sweeps

    inputs = {name.removeprefix("chatgpt_"): name for name in uncertainty.PLUS_ASSUMPTIONS}
    strengths = sweep_results.draws_summary(rows, inputs)
    shown = rows[[*inputs, "net_revenue", "article_revenue"]]
    drawn = sweeps.revenue_draws(shown, strengths, as_of=str(rows["as_of"].iloc[0]))
    return Picture(drawn, sweep_results.draws_sentences(rows, strengths))


#: By the name that a sweep's TOML file gives.
PICTURES: dict[str, Callable[[pd.DataFrame], Picture]] = {
    "verdict_timeline": _verdict_timeline,
    "cash_flow_definitions": _cash_flow_definitions,
    "chatgpt_revenue_draws": _chatgpt_revenue_draws,
}
