"""An exact additive split of a change into the contributions of its factors (log-mean Divisia)."""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum

import numpy as np
import pandas as pd


def logarithmic_mean(first: float, second: float) -> float:
    """Return L(a, b) = (a - b) / (ln a - ln b), and a where both are equal.

    Parameters
    ----------
    first, second : float
        Positive and finite.

    Raises
    ------
    ValueError
        If one of them is not positive and finite.
    """
    for value in (first, second):
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"a logarithmic mean needs positive finite numbers, not {value!r}")
    # x / log1p(x) stays exact where the two nearly coincide and a difference of logarithms does not.
    excess = (first - second) / second
    if excess == 0:
        return float(first)
    return float((first - second) / (np.log1p(excess) if abs(excess) < 0.5 else np.log(first) - np.log(second)))


def split_change(start: Mapping[str, float], end: Mapping[str, float]) -> pd.Series:
    """Split the change of a product into one contribution a factor, with nothing left over.

    With V = x1 x2 ... xk, the contribution of factor i is L(V1, V0) ln(xi1 / xi0). The
    contributions add up to V1 - V0, do not depend on the order of the factors, and change sign
    when the two ends are swapped.

    Parameters
    ----------
    start, end : mapping of str to float
        The same factors at both ends, each positive and finite.

    Returns
    -------
    Series
        Contribution by factor, in the unit of the product, in the order of `start`.

    Raises
    ------
    ValueError
        If the factors differ, there are none, or one is zero, negative or not finite.

    References
    ----------
    Ang (2005), "The LMDI approach to decomposition analysis: a practical guide", Energy Policy 33.
    """
    if not start or set(start) != set(end):
        raise ValueError(f"both ends need the same factors, not {sorted(start)} and {sorted(end)}")
    for name in start:
        for value in (start[name], end[name]):
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"factor {name!r} must be positive and finite, not {value!r}")
    before, after = (float(np.prod([ends[name] for name in start])) for ends in (start, end))
    change = after - before
    logs = {name: float(np.log(end[name] / start[name])) for name in start}
    total = fsum(logs.values())
    # L(V1, V0) = change / ln(V1 / V0); taken from the factors' own logarithms it leaves no rounding behind.
    weight = change / total if abs(total) > 1e-9 and change != 0 else logarithmic_mean(after, before)
    return pd.Series({name: weight * value for name, value in logs.items()}, dtype=float, name="contribution")


def split_steps(states: pd.DataFrame, factors: list[str]) -> pd.DataFrame:
    """Split the change between each state and the next.

    Parameters
    ----------
    states : DataFrame
        One row a state in time order; the columns `factors` are positive.
    factors : list of str

    Returns
    -------
    DataFrame
        One row a step, indexed by the end state's label: ``start`` (label), one column a factor,
        and ``change``, their exact sum.

    Raises
    ------
    ValueError
        As `split_change`, and if there are fewer than two states.
    """
    if len(states) < 2:
        raise ValueError("a change needs at least two states")
    steps = []
    for before, after in zip(states.index[:-1], states.index[1:], strict=True):
        parts = split_change(
            {name: float(states.loc[before, name]) for name in factors},
            {name: float(states.loc[after, name]) for name in factors},
        )
        steps.append({"start": before, **parts.to_dict(), "change": fsum(parts)})
    return pd.DataFrame(steps, index=pd.Index(states.index[1:], name="end"))
