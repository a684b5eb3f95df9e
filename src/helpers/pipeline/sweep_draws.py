"""Values of a sweep that are computed: ends of months, and Latin-hypercube draws from ranges."""

from __future__ import annotations

import calendar
import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

#: Months between two days of a range, by the word that stands for it.
STEPS = {"month-end": 1, "quarter-end": 3}
DISTRIBUTIONS = ("uniform", "triangular")
ASSUMPTIONS = "assumptions.csv"


def month_ends(first: date, last: date, every: str) -> list[str]:
    """Return the ends of months, or of quarters, from one day to another.

    Parameters
    ----------
    first, last : date
        Both included when they are such ends themselves.
    every : {"month-end", "quarter-end"}
        Quarters are those of the calendar.

    Returns
    -------
    list of str
        ISO dates in order; empty where there is none between the two.
    """
    step = STEPS[every]
    found = []
    for month in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        year, of_year = divmod(month, 12)
        end = date(year, of_year + 1, calendar.monthrange(year, of_year + 1)[1])
        if (of_year + 1) % step == 0 and first <= end <= last:
            found.append(end.isoformat())
    return found


@dataclass(frozen=True)
class Range:
    """What one parameter of a sample is drawn from.

    Attributes
    ----------
    low, high : float
    mode : float or None
        The likeliest value of a triangular distribution; None draws evenly.

    Raises
    ------
    ValueError
        When the three are not finite and in order, with room between the ends.
    """

    low: float
    high: float
    mode: float | None = None

    def __post_init__(self) -> None:
        """Refuse a range that nothing can be drawn from."""
        inside = self.low if self.mode is None else self.mode
        if not (-float("inf") < self.low <= inside <= self.high < float("inf") and self.low < self.high):
            told = (
                f"low {self.low:g}, " + ("" if self.mode is None else f"mode {self.mode:g}, ") + f"high {self.high:g}"
            )
            raise ValueError(
                f"expected low < high{'' if self.mode is None else ' and the mode between them'}, got {told}"
            )

    def __str__(self) -> str:
        """Say it in words."""
        likeliest = "evenly" if self.mode is None else f"likeliest {self.mode:g}"
        return f"{self.low:g} to {self.high:g}, {likeliest}"

    def quantile(self, shares: Any) -> Any:
        """Return the values under which the given shares of all draws lie.

        Parameters
        ----------
        shares : ndarray of float
            Between 0 and 1.
        """
        from scipy import stats

        triangular: Any = stats.triang  # type: ignore[attr-defined]  # made at run time
        width = self.high - self.low
        if self.mode is None:
            return self.low + width * shares
        return triangular.ppf(shares, (self.mode - self.low) / width, loc=self.low, scale=width)


def assumptions(folder: Path) -> dict[str, dict[str, str]]:
    """Read the table of assumptions as text, by id; nothing where there is none."""
    path = folder / ASSUMPTIONS
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def range_of(row: Mapping[str, str]) -> Range:
    """Return the range of a row of the table of assumptions.

    Raises
    ------
    ValueError
        When its distribution is none we can draw from, or its ends are not in order.
    """
    if row["distribution"] not in DISTRIBUTIONS:
        raise ValueError(f"its distribution is {row['distribution']!r}; expected one of {', '.join(DISTRIBUTIONS)}")
    is_even = row["distribution"] == "uniform"
    return Range(float(row["low"]), float(row["high"]), None if is_even else float(row["mode"]))


def latin_hypercube(ranges: Mapping[str, Range], draws: int, seed: int) -> Iterator[dict[str, object]]:
    """Draw sets of parameters, each parameter once from every one of `draws` equally likely strata.

    Parameters
    ----------
    ranges : mapping of str to Range
        By parameter; drawn independently of each other.
    draws, seed : int

    Yields
    ------
    dict of str to float
        One value for each parameter.

    References
    ----------
    McKay, Beckman and Conover (1979), Technometrics 21, 239-245; `scipy.stats.qmc.LatinHypercube`.
    """
    from scipy.stats import qmc

    shares = qmc.LatinHypercube(len(ranges), rng=seed).random(draws)
    columns: Sequence[Any] = [one.quantile(shares[:, place]) for place, one in enumerate(ranges.values())]
    for row in zip(*columns, strict=True):
        yield {name: float(value) for name, value in zip(ranges, row, strict=True)}
