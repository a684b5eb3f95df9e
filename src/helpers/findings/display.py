"""What notebook cells call to show something: sentences, verdicts, figures, tables."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from helpers.findings import cards, record
from helpers.findings.record import Claim, Number, Rows
from helpers.findings.schema import FIGURE_MIME

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Twice the resolution of a page that shows 7.2 inches as 720 pixels.
_DOTS_PER_INCH = 200
_TAG = re.compile(r"<[^>]+>")


class VerdictLike(Protocol):
    """What `helpers.analysis.verdict.Verdict` has; named here because findings import no analysis."""

    @property
    def verdict(self) -> str:
        """See `helpers.analysis.verdict.Verdict`."""

    @property
    def value(self) -> float | None:
        """See `helpers.analysis.verdict.Verdict`."""

    @property
    def unit(self) -> str:
        """See `helpers.analysis.verdict.Verdict`."""

    @property
    def reason(self) -> str:
        """See `helpers.analysis.verdict.Verdict`."""

    @property
    def rows(self) -> tuple[str, ...]:
        """See `helpers.analysis.verdict.Verdict`."""

    @property
    def assumptions(self) -> tuple[str, ...]:
        """See `helpers.analysis.verdict.Verdict`."""


def say(markdown: str, *, needs: Sequence[Number] = (), otherwise: str = "") -> None:
    """Show a sentence with computed numbers, and keep the numbers stated in this cell.

    Parameters
    ----------
    markdown : str
        Markdown; a dollar sign is a dollar, not mathematics.
    needs : sequence of Number
        Without these the sentence makes no sense: if one is unknown, `otherwise` is said instead.
    otherwise : str
        What to say then, in words.

    Raises
    ------
    ValueError
        If something is needed and nothing is there to be said without it.
    """
    if needs and not otherwise.strip():
        raise ValueError("a sentence that needs numbers needs another for when they are unknown")
    if any(one.value is None for one in needs):
        markdown = otherwise
    text = re.sub(r"(?<!\\)\$", r"\\$", markdown)
    plain = _TAG.sub("", markdown)
    _publish({"text/markdown": text, "text/plain": plain, **record.bundle(record.take_pending())})


def claim(
    id: str,
    verdict: str,
    value: float | int | None,
    unit: str,
    reason: str,
    rows: Rows = None,
    assumptions: Sequence[str] = (),
) -> None:
    """State and show the verdict on one claim.

    Parameters
    ----------
    id : str
        Id of a row of ``claims.csv``.
    verdict : str
        ``supported``, ``partly supported``, ``not supported`` or ``not testable``, from a rule in `analysis`.
    value : float, int or None
        The number that decided.
    unit : str
    reason : str
        One sentence; names the missing figure where the claim is not testable.
    rows : DataFrame, Series, Index or row ids
    assumptions : sequence of str

    Raises
    ------
    ValueError
        If the claim or the verdict is unknown, or a verdict rests on nothing.
    """
    stated = record.make_claim(id, verdict, value, unit, reason, rows, assumptions)
    _publish(_claims_bundle([stated], cards.claim_card(stated)))


def claims_box(
    verdicts: Mapping[str, VerdictLike],
    earlier: Mapping[str, VerdictLike] | None = None,
    earlier_as_of: str = "the article's date",
) -> None:
    """State and show the verdicts of a notebook, with what changed since an earlier date.

    Parameters
    ----------
    verdicts : mapping of claim id to Verdict
    earlier : mapping of claim id to Verdict, optional
        The same rules on what was known earlier.
    earlier_as_of : str
        That date.
    """
    stated = [
        record.make_claim(id, v.verdict, v.value, v.unit, v.reason, v.rows, v.assumptions) for id, v in verdicts.items()
    ]
    before = {id: v.verdict for id, v in (earlier or {}).items()}
    html = "\n".join(
        cards.claim_card(item, cards.change_note(item.verdict, before.get(item.id), earlier_as_of, item.id))
        for item in stated
    )
    _publish(_claims_bundle(stated, f'<div class="claims">{html}</div>'))


def figure(id: str, axes: Axes | Figure, rows: Rows = None) -> None:
    """Show a finished figure at twice the screen's resolution, with alt text and its data.

    Parameters
    ----------
    id : str
        Lower-case name, unique in the notebook; the CSV and the link to the figure bear it.
    axes : Axes or Figure
        Whatever a function of `helpers.charts` returned.
    rows : DataFrame, Series, Index or row ids
        The table rows that are drawn.

    Raises
    ------
    ValueError
        If the id is malformed or the figure was not finished with title, source, unit and alt text.
    """
    from helpers.charts import render, style

    if not re.fullmatch(r"[a-z][a-z0-9_]*", id):
        raise ValueError(f"figure id {id!r}: lower-case letters, digits and underscores only")
    drawn: Any = axes.figure if hasattr(axes, "get_xlim") else axes
    notes = style.notes(drawn)
    details = {
        "id": id, "title": notes.title, "subtitle": notes.subtitle, "alt": notes.alt, "unit": notes.unit,
        "source": notes.source, "as_of": notes.as_of, "csv": _csv(notes.data), "rows": list(record.row_labels(rows)),
    }  # fmt: skip
    bundle = {
        "image/png": base64.b64encode(render.png(drawn, _DOTS_PER_INCH)).decode("ascii"),
        "text/plain": notes.alt,
        FIGURE_MIME: details,
    }
    _publish(bundle, {"image/png": {"width": round(drawn.get_figwidth() * _DOTS_PER_INCH / 2)}})


def table(
    frame: pd.DataFrame,
    *,
    caption: str,
    formats: Mapping[str, str | Callable[[Any], str]] | None = None,
    index: bool = False,
) -> None:
    """Show a small table.

    Parameters
    ----------
    frame : DataFrame
        Column names are the heads as readers see them.
    caption : str
        One sentence: what the table shows, and its unit.
    formats : mapping of column to unit or callable, optional
        How a column is written, see `helpers.units.write`.
    index : bool
        True shows the index as row headers.
    """
    html = cards.html_table(frame, caption, formats or {}, index)
    _publish({"text/html": html, "text/plain": f"{caption}\n{frame.to_string(index=index)}"})


def show_pending(*_: Any) -> None:
    """Show the numbers that a cell stated but put in no sentence."""
    left = record.take_pending()
    if not left:
        return
    rows = [f"| {item.label} | {item} |" for item in left if isinstance(item, Number)]
    markdown = "\n".join(["| number | value |", "|:--|--:|", *rows]).replace("$", r"\$")
    plain = "\n".join(f"{item.id}: {item.text}" for item in left if isinstance(item, Number))
    _publish({"text/markdown": markdown, "text/plain": plain, **record.bundle(left)})


def watch_cells() -> None:
    """Ask IPython, where there is one, to show forgotten numbers at the end of each cell."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None:
        return
    # Importing the package twice must not show a number twice.
    for callback in list(shell.events.callbacks["post_run_cell"]):
        if getattr(callback, "__name__", "") == show_pending.__name__:
            shell.events.unregister("post_run_cell", callback)
    shell.events.register("post_run_cell", show_pending)


def _claims_bundle(stated: Sequence[Claim], html: str) -> dict[str, Any]:
    plain = "\n".join(f"{item.id} {item.verdict}: {item.reason}" for item in stated)
    return {"text/html": html, "text/plain": plain, **record.bundle(stated)}


def _csv(data: pd.DataFrame) -> str:
    """Write the data behind a figure; a plain numbering of rows is left out."""
    keep_index = not isinstance(data.index, pd.RangeIndex)
    # Twelve digits: more than any source has, and free of the last bit's noise.
    return data.to_csv(index=keep_index, float_format="%.12g", lineterminator="\n")


def _publish(bundle: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
    from IPython import display

    show: Any = display.display
    show(bundle, raw=True, metadata=metadata or {})
