"""The restricted wild cluster bootstrap by full enumeration: exact p-values for a dozen firms or fewer.

With few firms the usual clustered t-test rejects too often. This test imposes the null, flips the
sign of each firm's residuals in every possible way, and asks how often a flipped panel gives a t
as large as the one seen. With G firms there are 2^G ways: all are tried, nothing is drawn at random.

Tie rule. A flipped panel counts when ``|t*| >= |t|``, and two values whose relative difference is
at most `TIE_TOLERANCE` count as equal. The draws that flip no firm or every firm reproduce t exactly
but for rounding, so they always count: no p-value is below 2 / 2^G.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from helpers.analysis.panel_design import Array, Design

MOST_CLUSTERS = 12
TIE_TOLERANCE = 1e-9
# Bisection of the ends of the interval: each halving gains a bit, and 2^-40 of the first step is
# beyond what is ever printed.
_HALVINGS = 40
_FURTHEST_STEP = 2.0**20


@dataclass(frozen=True)
class WildBootstrap:
    """Result of the enumeration.

    Parameters
    ----------
    p_value : float
        ``counted / draws``.
    t : float
        t of the sample, with the variance clustered by firm and without small-sample factor.
    counted, draws : int
    """

    p_value: float
    t: float
    counted: int
    draws: int


def restricted_wild_bootstrap(design: Design, column: str, null: float = 0.0) -> WildBootstrap:
    """Test one coefficient by flipping the signs of the firms' residuals in all 2^G ways.

    Parameters
    ----------
    design : Design
        G clusters, at most `MOST_CLUSTERS`.
    column : str
        One of its regressors.
    null : float
        Value of the coefficient under the null.

    Returns
    -------
    WildBootstrap

    Raises
    ------
    ValueError
        If there are more than `MOST_CLUSTERS` clusters.

    References
    ----------
    Cameron, Gelbach and Miller (2008), Review of Economics and Statistics 90(3); MacKinnon, Nielsen
    and Webb (2023), Journal of Econometrics 232(2), variant WCR-C with Rademacher weights.
    """
    return _Enumeration(design, column).test(null)


def wild_bootstrap_interval(design: Design, column: str, level: float = 0.95) -> tuple[float, float]:
    """Return the values of the coefficient that the test does not reject.

    Parameters
    ----------
    design, column
        As `restricted_wild_bootstrap`.
    level : float

    Returns
    -------
    (low, high) : tuple of float
        Ends of the interval around the estimate; infinite where no value however far is rejected,
        which is so whenever ``2 / 2^G > 1 - level``.
    """
    test = _Enumeration(design, column)
    return test.end(-1.0, 1 - level), test.end(1.0, 1 - level)


class _Enumeration:
    """Everything that does not depend on the value under the null, worked out once."""

    def __init__(self, design: Design, column: str) -> None:
        if design.clusters > MOST_CLUSTERS:
            raise ValueError(f"{design.clusters} clusters: full enumeration stops at {MOST_CLUSTERS}")
        self.one = design.only(column)
        x, self.length = self.one.x[:, 0], float(self.one.x[:, 0] @ self.one.x[:, 0])
        self.estimate = float(x @ self.one.y) / self.length
        self.signs = np.array(list(product((1.0, -1.0), repeat=design.clusters)))
        # Residuals of the restricted regression are y - null * x: linear in the null.
        self.parts = [self._scores(self.one.y), self._scores(x)]
        slope = self.sums(x * (self.one.y - self.estimate * x))
        self.error = float(np.sqrt(slope @ slope)) / self.length

    def sums(self, values: Array) -> Array:
        """Add up within firms, shape (G,)."""
        total: Array = self.one.sums_by_firm(values[:, None])[:, 0]
        return total

    def _scores(self, residuals: Array) -> tuple[Array, Array]:
        """Return what one firm's residuals do to the estimate, (G,), and to each firm's score, (G, G)."""
        x = self.one.x[:, 0]
        alone = np.where(self.one.firms[:, None] == np.arange(self.one.clusters), residuals[:, None], 0.0)
        moves: Array = np.asarray(x @ alone, dtype="float64") / self.length
        left = self.one.annihilate(alone) - np.outer(x, moves)
        return moves, self.one.sums_by_firm(x[:, None] * left)

    def test(self, null: float) -> WildBootstrap:
        """Return the p-value of one value of the coefficient."""
        (moves, scores), (moves_x, scores_x) = self.parts
        shift = self.signs @ (moves - null * moves_x)
        spread = np.sqrt(np.square(self.signs @ (scores - null * scores_x).T).sum(axis=1)) / self.length
        t = (self.estimate - null) / self.error
        # A flipped panel without spread and without shift says nothing against the null.
        drawn = np.abs(np.divide(shift, spread, out=np.zeros_like(shift), where=spread > 0))
        counted = int((drawn >= abs(t) * (1 - TIE_TOLERANCE)).sum())
        return WildBootstrap(counted / len(drawn), t, counted, len(drawn))

    def end(self, side: float, alpha: float) -> float:
        """Find the furthest value on one side that is not rejected."""
        if 2 / len(self.signs) > alpha:
            return side * float("inf")
        step, kept = self.error, 0.0
        while self.test(self.estimate + side * step).p_value > alpha:
            kept, step = step, 2 * step
            if step > _FURTHEST_STEP * self.error:
                return side * float("inf")
        for _ in range(_HALVINGS):
            middle = (kept + step) / 2
            if self.test(self.estimate + side * middle).p_value > alpha:
                kept = middle
            else:
                step = middle
        return self.estimate + side * kept
