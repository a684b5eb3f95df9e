"""The rows and columns of one panel regression: checked, and with the effects taken out.

Every estimator of this package starts here, so that all refuse the same bad panels with the same
words. The effects are taken out by an exact projection: the panels have a few hundred rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import qr

from helpers.analysis.fiscal_quarters import require_columns

FIRM, TIME = "ticker", "time"
FIRM_AND_QUARTER = (FIRM, TIME)
# Two firms leave one degree of freedom for errors clustered by firm: the t distribution then has no mean.
FEWEST_CLUSTERS = 3
# Bases of effects kept in memory: it saves work only, any number gives the same estimates.
KEPT_BASES = 64
# A direction whose length is this share of the largest counts as zero: about the square root of the
# rounding error of a projection, far below anything these data can tell apart.
RANK_TOLERANCE = 1e-8
# Effects are dummies: their cross products have eigenvalues that are zero or far from it.
EFFECTS_TOLERANCE = 1e-10

Array = NDArray[np.float64]
Places = NDArray[np.intp]


def estimation_sample(
    frame: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    *,
    effects: Sequence[str] = FIRM_AND_QUARTER,
    cluster: str = FIRM,
    time: str = TIME,
    least_quarters: int = 1,
    others: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the rows a regression uses, or say why there can be none.

    Parameters
    ----------
    frame : DataFrame, one row a firm-quarter
    outcome : str
    regressors : sequence of str
    effects : sequence of str
        Columns whose values each get their own constant; ``"ticker^season"`` crosses two.
    cluster : str
        The column of the firms.
    time : str
        The column that numbers the quarters.
    least_quarters : int
        Firms with fewer usable quarters are left out. With 1, the default, none is left out: a firm
        with a single quarter is an error, because its own effect would swallow it.
    others : sequence of str
        Further columns that must be known, for example weights.

    Returns
    -------
    DataFrame
        Rows with a firm and a quarter, in order of both. A quarter with a single firm is left out where
        quarters have effects: it could say nothing.

    Raises
    ------
    ValueError
        If a column is missing, a firm-quarter stands twice, nothing is left, a firm has one
        quarter, or there are fewer than `FEWEST_CLUSTERS` firms.
    """
    require_columns(frame, [outcome, *regressors, *others, cluster, time, *_plain(effects)])
    # Numbers in order of name and of time: hundreds of small panels pass here, and grouping frames would take longest.
    firms, quarters = (pd.factorize(frame[name], sort=True)[0].astype(np.intp) for name in (cluster, time))
    if len(np.unique(firms * len(frame) + quarters)) < len(frame):
        first = frame[frame.duplicated([cluster, time])].iloc[0]
        raise ValueError(f"duplicate firm-quarter: {first[cluster]} has two rows at {time} {first[time]}")
    known = np.isfinite(_numbers(frame, [outcome, *regressors, *others])).all(axis=1)
    # A missing firm or quarter has a number below zero.
    rows = np.flatnonzero(known & (firms >= 0) & (quarters >= 0))
    rows = _long_enough(rows, firms, least_quarters)
    if time in effects:
        rows = _without_lonely_quarters(rows, firms, quarters, least_quarters)
    if not len(rows):
        raise ValueError(f"no quarter has {outcome} and {', '.join(regressors)}")
    rows = rows[np.lexsort((quarters[rows], firms[rows]))]
    firm, size = np.unique(firms[rows], return_counts=True)
    if (size == 1).any():
        alone = frame[cluster].iloc[rows[firms[rows] == firm[size == 1][0]][0]]
        raise ValueError(f"firm {alone} has one quarter: its own effect would swallow it")
    if len(firm) < FEWEST_CLUSTERS:
        raise ValueError(f"{len(firm)} firms: clustered errors need at least {FEWEST_CLUSTERS}")
    return frame.iloc[rows]


def _plain(effects: Sequence[str]) -> list[str]:
    return [name for effect in effects for name in effect.split("^")]


def _numbers(frame: pd.DataFrame, names: Sequence[str]) -> Array:
    """Return some columns, shape (n, k), each in one piece."""
    return np.array([frame[name].to_numpy(dtype="float64") for name in names]).T


def _long_enough(rows: Places, firms: Places, least: int) -> Places:
    """Keep the rows of firms with so many of them."""
    kept: Places = rows[np.bincount(firms[rows])[firms[rows]] >= least] if least > 1 else rows
    return kept


def _without_lonely_quarters(rows: Places, firms: Places, quarters: Places, least: int) -> Places:
    """Drop quarters with one firm until none is left; dropping one may leave a firm too short."""
    while True:
        together = np.bincount(quarters[rows])[quarters[rows]] > 1
        if together.all():
            return rows
        rows = _long_enough(rows[together], firms, least)


@dataclass(frozen=True)
class Design:
    """A regression with its effects taken out.

    Parameters
    ----------
    sample : DataFrame
        From `estimation_sample`, n rows.
    names : tuple of str
        The k regressors.
    y : ndarray, shape (n,)
        Outcome less its effects, times the root of the weight.
    x : ndarray, shape (n, k)
        Regressors likewise.
    dummies : ndarray, shape (n, d)
        An orthonormal basis of what the effects span.
    firms : ndarray of int, shape (n,)
        Number of each row's cluster, from 0.
    outside : int
        Effects that are not constants of a cluster: they cost degrees of freedom in clustered errors.
    nested : int
        How many kinds of effects are constants of a cluster.
    root_weights : ndarray, shape (n,)
    """

    sample: pd.DataFrame
    names: tuple[str, ...]
    y: Array
    x: Array
    dummies: Array
    firms: Places
    outside: int
    nested: int
    root_weights: Array

    @property
    def clusters(self) -> int:
        """Number of firms."""
        return int(self.firms.max()) + 1

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.y)

    def annihilate(self, columns: Array) -> Array:
        """Take the effects out of further columns, shape (n, m), that already carry the root of the weight."""
        return columns - self.dummies @ (self.dummies.T @ columns)

    def coefficients(self) -> Array:
        """Least-squares coefficients, shape (k,)."""
        slopes: Array = np.linalg.solve(self.x.T @ self.x, self.x.T @ self.y).astype("float64")
        return slopes

    def residuals(self) -> Array:
        """Residuals, shape (n,)."""
        return self.y - self.x @ self.coefficients()

    def only(self, column: str) -> Design:
        """Partial the other regressors out as well, so that one regressor is left (Frisch-Waugh-Lovell)."""
        place = self.names.index(column)
        rest = np.delete(self.x, place, axis=1)
        basis = np.hstack([self.dummies, _orthonormal(rest)])
        wanted = self.x[:, [place]] - basis @ (basis.T @ self.x[:, [place]])
        return replace(self, names=(column,), y=self.y - basis @ (basis.T @ self.y), x=wanted, dummies=basis)

    def sums_by_firm(self, columns: Array) -> Array:
        """Add up rows within each firm: shape (clusters, columns)."""
        total = np.zeros((self.clusters, columns.shape[1]))
        np.add.at(total, self.firms, columns)
        return total


def design(
    frame: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    *,
    effects: Sequence[str] = FIRM_AND_QUARTER,
    cluster: str = FIRM,
    time: str = TIME,
    weights: str | None = None,
    least_quarters: int = 1,
) -> Design:
    """Check a regression and take its effects out; see `estimation_sample` for the arguments.

    Parameters
    ----------
    weights : str, optional
        Column of positive weights.

    Raises
    ------
    ValueError
        As `estimation_sample`; if a weight is not positive, or a regressor is collinear with the
        effects or with the regressors before it.
    """
    sample = estimation_sample(
        frame, outcome, regressors, effects=effects, cluster=cluster, time=time, least_quarters=least_quarters,
        others=[weights] if weights else [],
    )  # fmt: skip
    root = _root_weights(sample, weights)
    marks = [crossed(sample, effect) for effect in effects]
    basis = _effects_basis(tuple(mark.tobytes() for mark in marks), root.tobytes())
    columns = _numbers(sample, [outcome, *regressors]) * root[:, None]
    scale = np.linalg.norm(columns, axis=0)
    cleaned = columns - basis @ (basis.T @ columns)
    _refuse_collinear(cleaned[:, 1:], scale[1:], regressors, effects)
    codes = crossed(sample, cluster)
    nested = [mark for mark in marks if _constant_within(mark, codes)]
    outside = basis.shape[1] - sum(len(np.unique(mark)) for mark in nested)
    return Design(sample, tuple(regressors), cleaned[:, 0], cleaned[:, 1:], basis, codes, outside, len(nested), root)


def crossed(sample: pd.DataFrame, effect: str) -> Places:
    """Return a number for each value of an effect, which may cross columns as ``"ticker^season"``."""
    number = np.zeros(len(sample), dtype=np.intp)
    for name in effect.split("^"):
        codes, values = pd.factorize(sample[name], sort=True)
        number = number * len(values) + codes
    return np.unique(number, return_inverse=True)[1].astype(np.intp)


def _root_weights(sample: pd.DataFrame, weights: str | None) -> Array:
    if weights is None:
        return np.ones(len(sample))
    values: Array = sample[weights].to_numpy(dtype="float64")
    if not (values > 0).all():
        raise ValueError(f"weights in {weights} must be positive")
    root: Array = np.sqrt(values / values.mean())
    return root


@lru_cache(maxsize=KEPT_BASES)
def _effects_basis(marks: tuple[bytes, ...], root: bytes) -> Array:
    """Return what the effects span; without effects, the constant.

    Kept, because the outcomes of one specification curve share most of their rows.
    """
    scale = np.frombuffer(root, dtype="float64")[:, None]
    numbers = [np.frombuffer(mark, dtype=np.intp) for mark in marks]
    columns = [np.eye(int(mark.max()) + 1)[mark] * scale for mark in numbers]
    dummies = np.hstack(columns) if columns else scale
    unit = dummies / np.linalg.norm(dummies, axis=0)
    size, vectors = np.linalg.eigh(unit.T @ unit)
    kept = size > EFFECTS_TOLERANCE
    basis: Array = unit @ (vectors[:, kept] / np.sqrt(size[kept]))
    # A second pass removes the rounding error of the first (Cholesky QR, twice).
    basis = np.linalg.solve(np.linalg.cholesky(basis.T @ basis), basis.T).T
    basis.flags.writeable = False
    return basis


def _orthonormal(columns: Array) -> Array:
    """Return an orthonormal basis of the span of some columns."""
    if columns.shape[1] == 0:
        return columns
    # Columns of unlike units must count alike: a billion dollars is not a thousand times a million.
    length = np.linalg.norm(columns, axis=0)
    scaled = columns / np.where(length > 0, length, 1.0)
    left, triangle, _ = qr(scaled, mode="economic", pivoting=True)
    size = np.abs(np.diag(triangle))
    basis: Array = left[:, : int((size > RANK_TOLERANCE * max(size[0], np.finfo(float).tiny)).sum())]
    return basis


def _refuse_collinear(cleaned: Array, scale: Array, names: Sequence[str], effects: Sequence[str]) -> None:
    """Raise if a regressor is a combination of the effects and of the regressors before it."""
    for place, name in enumerate(names):
        before = _orthonormal(cleaned[:, :place])
        left = cleaned[:, place] - before @ (before.T @ cleaned[:, place])
        if np.linalg.norm(left) <= RANK_TOLERANCE * max(scale[place], np.finfo(float).tiny):
            others = ", ".join([*effects, *names[:place]]) or "the constant"
            raise ValueError(f"collinear regressor: {name} is a combination of {others}")


def _constant_within(mark: Places, codes: Places) -> bool:
    """Tell whether each value of an effect lies inside one cluster."""
    pairs = np.unique(mark * (codes.max() + 1) + codes)
    return len(pairs) == int(mark.max()) + 1
