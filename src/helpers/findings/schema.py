"""Names shared by the notebooks, which state findings, and the pipeline, which collects them.

Light on purpose: nothing here imports pandas, so the pipeline can read findings in milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable

FINDINGS_MIME = "application/vnd.who-pays.findings+json"
FIGURE_MIME = "application/vnd.who-pays.figure+json"

# Best evidence first. A result is as weak as its weakest input.
GRADES: dict[str, str] = {
    "filed": "a regulator's filing, official statistics or market data",
    "reported": "the company says so",
    "press": "leaks or journalists",
    "estimated": "a third party's estimate, or a statistical estimate of ours",
    "scenario": "rests on an assumption",
}
VERDICTS: dict[str, str] = {
    "supported": "\N{CHECK MARK}",
    "partly supported": "~",
    "not supported": "\N{MULTIPLICATION SIGN}",
    "not testable": "\N{EN DASH}",
}


def weakest(grades: Iterable[str]) -> str | None:
    """Return the weakest of some grades, or None where there is none.

    Raises
    ------
    ValueError
        If a grade is unknown.

    Examples
    --------
    >>> weakest(["filed", "press", "reported"])
    'press'
    """
    order = list(GRADES)
    found = list(grades)
    for grade in found:
        if grade not in order:
            raise ValueError(f"unknown evidence grade {grade!r}; expected one of {order}")
    return max(found, key=order.index, default=None)
