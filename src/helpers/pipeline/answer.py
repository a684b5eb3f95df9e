"""The answer in three sentences: words are written here, every digit comes from ``results.json``."""

from __future__ import annotations

from calendar import month_name
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from string import Formatter

from helpers import units
from helpers.findings.marks import grade_mark
from helpers.findings.schema import VERDICTS
from helpers.pipeline.scorecard_picture import Scorecard
from helpers.pipeline.trace_links import Traces


@dataclass(frozen=True)
class _Sentence:
    """What is said of one question now, and of the same numbers at an earlier day."""

    notebook: str
    now: str
    then: str
    # Added where both editions are told and the number is of the sellers that the earlier edition names.
    alike: str = ""


_SENTENCES = (
    _Sentence(
        "06_monetisation_paths",
        "In the quarter to {quarter}, the last that the figures of {sellers} all cover, they took in "
        "{ai_revenue_of_quarter} for AI by run-rate, or {ai_revenue_over_capex} of the {ai_capex_of_quarter} that five "
        "builders spent above their earlier pace",
        "when the article appeared it was {ai_revenue_over_capex}, from {sellers} in the quarter to {quarter}",
        "counting only the sellers of then, it is {ai_revenue_over_capex_of_same_sellers} now",
    ),
    _Sentence(
        "01_fcf_decline",
        "Over twelve months the builders of the article's lead claim spent {group_capex_12m} on capital goods and kept "
        "{group_fcf_12m} of free cash flow",
        "then it was {group_capex_12m} and {group_fcf_12m}",
    ),
)


def sentences(traces: Traces, editions: Sequence[str], scorecard: Scorecard) -> list[str]:
    """Return the answer; a sentence whose numbers are not known is left out.

    Parameters
    ----------
    traces : Traces
    editions : sequence of str
        From the earliest day of knowledge to the latest.
    scorecard : Scorecard

    Returns
    -------
    list of str
        Markdown with HTML; each number is a link to its trace.
    """
    told = [text for one in _SENTENCES if (text := _told(one, traces, editions))]
    return [*told, _verdicts(traces, editions, scorecard)]


def _told(sentence: _Sentence, traces: Traces, editions: Sequence[str]) -> str:
    now = _filled(sentence.now, sentence.notebook, editions[-1], traces)
    if not now:
        return ""
    then = _filled(sentence.then, sentence.notebook, editions[0], traces) if len(editions) > 1 else ""
    alike = _alike(sentence, traces, editions) if then and sentence.alike else ""
    return f"{'; '.join(part for part in (now, then, alike) if part)}."


def _alike(sentence: _Sentence, traces: Traces, editions: Sequence[str]) -> str:
    """Tell the later number of the earlier edition's sellers; nothing where it is of others, or of the same as ever."""
    numbers = _stated(sentence.alike)
    before, after, same = (
        _sellers(_rows(names, sentence.notebook, edition, traces))
        for names, edition in (
            (_stated(sentence.then), editions[0]),
            (_stated(sentence.now), editions[-1]),
            (numbers, editions[-1]),
        )
    )
    return _filled(sentence.alike, sentence.notebook, editions[-1], traces) if same == before != after else ""


def _filled(text: str, notebook: str, edition: str, traces: Traces) -> str:
    """Put the numbers of an edition into a text; nothing where one is not known."""
    stated = _stated(text)
    values = {name: number(traces, edition, notebook, name) for name in stated}
    if not all(values.values()):
        return ""
    rows = _rows(stated, notebook, edition, traces)
    values |= {name: tell(rows) for name, tell in _FROM_ROWS.items() if name in _names(text)}
    return text.format(**values) if all(values.values()) else ""


def _names(text: str) -> list[str]:
    """Return what a text leaves open."""
    return [name for _, name, _, _ in Formatter().parse(text) if name]


def _stated(text: str) -> list[str]:
    """Return the numbers that a text asks for."""
    return [name for name in _names(text) if name not in _FROM_ROWS]


def _rows(numbers: Sequence[str], notebook: str, edition: str, traces: Traces) -> list[str]:
    """Return the rows behind numbers of an edition."""
    entries = (traces.entry(edition, notebook, "numbers", name) for name in numbers)
    return [row for entry in entries if entry for row in entry["rows"]]


def _sellers(rows: Sequence[str]) -> str:
    """Name the firms whose stated figures are among the rows: not the same at every date."""
    firms = list(dict.fromkeys(row.split("/")[1] for row in rows if row.startswith("vendor_metrics/")))
    return " and ".join(filter(None, (", ".join(firms[:-1]), *firms[-1:])))


def _quarter(rows: Sequence[str]) -> str:
    """Return month and year in which the last quarter among the rows ends."""
    ends = [row.split("/")[2] for row in rows if row.startswith("cash_flows/")]
    year, month, _ = max(ends, default="--").split("-")
    return f"{month_name[int(month)]} {year}" if month else ""


# What the rows behind a sentence's numbers tell besides them.
_FROM_ROWS: Mapping[str, Callable[[Sequence[str]], str]] = {"sellers": _sellers, "quarter": _quarter}


def number(traces: Traces, edition: str, notebook: str, id: str) -> str:
    """Return a number as a link to its trace; empty where it is not known."""
    stated = traces.entry(edition, notebook, "numbers", id)
    if stated is None or stated["value"] is None:
        return ""
    text = escape(units.write(stated["value"], stated["unit"])).replace("$", r"\$")
    return (
        f'<a class="stated trace-link" href="{traces.number(edition, notebook, id)}">{text}'
        f"{grade_mark(stated['grade'])}</a>"
    )


def _verdicts(traces: Traces, editions: Sequence[str], scorecard: Scorecard) -> str:
    """Say how many claims hold, and how many verdicts changed."""
    counted = scorecard.counts(editions[-1])
    supported, partly, against, untestable = (counted[verdict] for verdict in VERDICTS)
    text = (
        f"Of the article's {len(scorecard.claims)} claims {supported} are supported on "
        f"{traces.document['editions'][editions[-1]]['as_of']}, {partly} partly, {against} not, and {untestable} "
        "cannot be tested"
    )
    if len(editions) == 1:
        return f"{text}."
    before = scorecard.counts(editions[0])
    then = ", ".join(f"{before[verdict]} {word}" for verdict, word in zip(VERDICTS, _SHORT, strict=True))
    told = [f"{count} {how}" for how, count in scorecard.turns().items() if count]
    return f"{text}; when it appeared: {then}. Since then, of the verdicts: {', '.join(told) or 'none changed'}."


_SHORT = ("supported", "partly", "not", "not testable")
