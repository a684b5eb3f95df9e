"""What the rule of a claim returns."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

SUPPORTED = "supported"
PARTLY_SUPPORTED = "partly supported"
NOT_SUPPORTED = "not supported"
NOT_TESTABLE = "not testable"
VERDICTS = (SUPPORTED, PARTLY_SUPPORTED, NOT_SUPPORTED, NOT_TESTABLE)


@dataclass(frozen=True)
class Verdict:
    """The answer of one claim's rule on one state of the data.

    Parameters
    ----------
    verdict : str
        One of `VERDICTS`.
    value : float or None
        The number that decided, in `unit`; None where no number could be formed.
    unit : str
        Unit of `value`, for example ``"USD m"`` or ``"percent"``.
    reason : str
        One plain sentence with the numbers that decided. Where the verdict is
        `not testable` it names the missing figure.
    rows : tuple of str
        Ids of the table rows that were used, for example ``"cash_flows/AMZN/2025-06-30"``.
    assumptions : tuple of str
        Ids of the rows of ``assumptions.csv`` that were used.

    Raises
    ------
    ValueError
        If the verdict is unknown, the value is not finite, or the reason is empty.
    """

    verdict: str
    value: float | None
    unit: str
    reason: str
    rows: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what a reader could not check."""
        if self.verdict not in VERDICTS:
            raise ValueError(f"unknown verdict {self.verdict!r}; expected one of {VERDICTS}")
        if self.value is not None and not isfinite(self.value):
            raise ValueError(f"a verdict's value must be finite or None, not {self.value!r}")
        if not self.reason.strip():
            raise ValueError("a verdict needs its reason")


def not_testable(missing: str, unit: str = "", rows: tuple[str, ...] = ()) -> Verdict:
    """Return the verdict of a claim whose deciding figure is missing.

    Parameters
    ----------
    missing : str
        A sentence that names the missing figure.
    unit : str
        Unit the value would have had.
    rows : tuple of str
        Ids of the rows that were looked at.

    Returns
    -------
    Verdict
    """
    return Verdict(NOT_TESTABLE, None, unit, missing, rows)
