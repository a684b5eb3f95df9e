"""How a number is written: one format for money, shares and counts, in prose, tables and axes."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

MINUS = "\N{MINUS SIGN}"
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
UNKNOWN = "unknown"
# A p-value below this is written as a bound: its further digits say nothing, and none is zero.
_SMALLEST_P = 0.001
# Beyond this a runway says only that money is not what ends it: plans and prices change sooner.
RUNWAY_CAP_YEARS = 10
# Below a billion, billions lose their digits; USD millions are read instead.
_BILLION_IN_MILLIONS = 1000.0


def _signed(value: float, text: str) -> str:
    """Put a true minus sign before `text`, unless it rounds to zero."""
    rounds_to_zero = not any(digit in "123456789" for digit in text)
    return f"{MINUS}{text}" if value < 0 and not rounds_to_zero else text


def money(usd_millions: float | None, digits: int = 1) -> str:
    """Write an amount of money.

    Parameters
    ----------
    usd_millions : float or None
        Amount in USD millions; None or NaN is unknown.
    digits : int
        Decimals of an amount in billions. Millions have none, unless below ten.

    Returns
    -------
    str
        For example ``"$12.3bn"``, ``"−$853m"`` or ``"unknown"``.

    Examples
    --------
    >>> money(12345.0)
    '$12.3bn'
    """
    if usd_millions is None or not isfinite(usd_millions):
        return UNKNOWN
    size = abs(usd_millions)
    if size >= _BILLION_IN_MILLIONS:
        return _signed(usd_millions, f"${size / _BILLION_IN_MILLIONS:,.{digits}f}bn")
    # 0.5 m should not read as zero.
    return _signed(usd_millions, f"${size:,.{0 if size >= 10 or size == int(size) else 1}f}m")


def percent(value: float | None, digits: int = 1) -> str:
    """Write a share that is already in per cent: ``percent(73.0)`` gives ``"73.0 %"``."""
    if value is None or not isfinite(value):
        return UNKNOWN
    return _signed(value, f"{abs(value):,.{digits}f}{NARROW_SPACE}%")


#: Units that are counted, in the plural, with their singular.
_SINGULAR = {
    **{f"{word}s": word for word in ("break", "builder", "cell", "change", "claim", "day", "disclosure", "firm")},
    **{f"{word}s": word for word in ("investor", "matter", "month", "outcome", "piece", "product", "quarter", "row")},
    **{f"{word}s": word for word in ("start-up", "suit", "vendor", "year", "class action", "first quarter")},
    "companies": "company",
    "quarter ends": "quarter end",
}


def count(value: float | None, unit: str = "", digits: int | None = None) -> str:
    """Write a count or any other quantity, with its unit behind.

    Whole numbers have no decimals; others have `digits`, by default three significant ones. A unit that is counted
    stands in the singular behind a one: ``1 quarter``.
    """
    if value is None or not isfinite(value):
        return UNKNOWN
    size = abs(value)
    if digits is not None:
        text = f"{size:,.{digits}f}"
    elif size == int(size) or size >= 1000:
        text = f"{size:,.0f}"
    else:
        text = f"{size:.3g}"
    if size == 1:
        unit = _SINGULAR.get(unit, unit)
    return _signed(value, text) + (f"{NARROW_SPACE}{unit}" if unit else "")


def p_value(value: float | None, symbol: str = "p") -> str:
    """Write a p-value: ``"p = 0.012"``, ``"p < 0.001"``, never as zero.

    Parameters
    ----------
    value : float or None
        None or NaN is unknown.
    symbol : str
        Empty for a column that is headed p: then ``"0.012"`` and ``"< 0.001"``.
    """
    if value is None or not isfinite(value):
        return f"{symbol} {UNKNOWN}".strip()
    if value < _SMALLEST_P:
        return f"{symbol} < {_SMALLEST_P}".strip()
    return f"{symbol} = {value:.3f}" if symbol else f"{value:.3f}"


def runway(years: float | None) -> str:
    """Write how long money lasts: ``"0.6 years"``, and ``"more than 10 years"`` beyond `RUNWAY_CAP_YEARS`."""
    if years is None or not isfinite(years):
        return UNKNOWN
    return f"{_runway_end(years)}{NARROW_SPACE}years"


def runway_range(low: float, high: float | None) -> str:
    """Write two readings of a runway; a `high` of None or NaN is money that does not run out."""
    if low > RUNWAY_CAP_YEARS:
        return f"{runway(low)} in every reading"
    if high is None or not isfinite(high):
        return f"{_runway_end(low)}{NARROW_SPACE}years to no end"
    return f"{_runway_end(low)} to {_runway_end(high)}{NARROW_SPACE}years"


def _runway_end(years: float) -> str:
    return f"more than {RUNWAY_CAP_YEARS}" if years > RUNWAY_CAP_YEARS else f"{years:.1f}"


def _dollars(value: float | None) -> str:
    """Write a price in US dollars."""
    if value is None or not isfinite(value):
        return UNKNOWN
    size = abs(value)
    return _signed(value, f"${size:,.0f}" if size == int(size) else f"${size:,.2f}")


def _after_dollars(suffix: str) -> Callable[[float | None], str]:
    """Return a writer of prices with a unit of time behind them."""

    def write(value: float | None) -> str:
        text = _dollars(value)
        return text if text == UNKNOWN else f"{text} {suffix}"

    return write


_WRITERS: dict[str, Callable[[float | None], str]] = {
    "USD m": money,
    "USD m a year": lambda value: money(value) + ("" if money(value) == UNKNOWN else " a year"),
    "USD m a month": lambda value: money(value) + ("" if money(value) == UNKNOWN else " a month"),
    "USD": _dollars,
    "USD a month": _after_dollars("a month"),
    "USD a user a month": _after_dollars("a user a month"),
    "percent": percent,
    "percentage points": lambda value: count(value, "percentage points", 1),
    "ratio": lambda value: count(value, digits=2),
    "million": lambda value: count(value, "million"),
    "times": lambda value: count(value, "times", 2),
    "p": p_value,
}


def write(value: float | int | None, unit: str) -> str:
    """Write a value in its unit.

    Parameters
    ----------
    value : float, int or None
        None or NaN is written as ``"unknown"``, never as zero.
    unit : str
        ``"USD m"`` becomes ``$…bn`` or ``$…m``; ``"percent"``, ``"ratio"``, ``"million"``,
        ``"USD a month"`` and the like have their own form; any other unit follows the number.

    Returns
    -------
    str
    """
    number = None if value is None else float(value)
    writer = _WRITERS.get(unit)
    return writer(number) if writer else count(number, unit)


def billions_axis(usd_billions: float, _position: int | None = None) -> str:
    """Tick label of a money axis in USD billions, for ``Axis.set_major_formatter``."""
    size = abs(usd_billions)
    digits = 0 if size == int(size) else 1
    return _signed(usd_billions, f"${size:,.{digits}f}bn")


def percent_axis(value: float, _position: int | None = None) -> str:
    """Tick label of an axis in per cent, for ``Axis.set_major_formatter``."""
    return percent(value, 0 if value == int(value) else 1)
