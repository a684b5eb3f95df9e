"""Bias-reduced clustered errors (CR2) with Satterthwaite degrees of freedom.

No package here has them for models with effects. The effects are kept as columns, so that each
firm's residuals are corrected for the share of its own data that the fit absorbed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helpers.analysis.panel_design import Array, Design

# Eigenvalues of I - H below this share of one belong to directions the fit absorbs whole.
_SINGULAR = 1e-10


@dataclass(frozen=True)
class BiasReduced:
    """CR2 errors.

    Parameters
    ----------
    standard_errors, degrees_of_freedom : ndarray, shape (k,)
        One a regressor.
    """

    standard_errors: Array
    degrees_of_freedom: Array


def bias_reduced(design: Design) -> BiasReduced:
    """Compute CR2 errors under an independent working model.

    Parameters
    ----------
    design : Design
        Unweighted.

    Returns
    -------
    BiasReduced

    Raises
    ------
    ValueError
        If the design is weighted: the correction differs then.

    References
    ----------
    Bell and McCaffrey (2002); Pustejovsky and Tipton (2018), Journal of Business and Economic
    Statistics 36(4); the figures are those of R's clubSandwich.
    """
    if not np.allclose(design.root_weights, 1.0):
        raise ValueError("CR2 is written for unweighted regressions")
    bread = np.linalg.inv(design.x.T @ design.x)
    left, _ = np.linalg.qr(design.x)
    basis = np.hstack([design.dummies, left])
    residuals = design.residuals()
    k = design.x.shape[1]
    meat = np.zeros((k, k))
    # Row g of `shapes[j]` is what firm g's part of coefficient j's variance is a square of.
    shapes = np.zeros((k, design.clusters, design.rows))
    for firm in range(design.clusters):
        own = np.flatnonzero(design.firms == firm)
        inside = basis[own]
        adjust = _inverse_root(np.eye(len(own)) - inside @ inside.T)
        weights = adjust @ design.x[own] @ bread
        meat = meat + np.outer(weights.T @ residuals[own], weights.T @ residuals[own])
        for j in range(k):
            spread = np.zeros(design.rows)
            spread[own] = weights[:, j]
            shapes[j, firm] = spread - basis @ (inside.T @ weights[:, j])
    products = [shape @ shape.T for shape in shapes]
    freedom = np.array([np.trace(p) ** 2 / np.square(p).sum() for p in products])
    return BiasReduced(np.sqrt(np.diag(meat)), freedom)


def _inverse_root(matrix: Array) -> Array:
    """Return the symmetric inverse square root; directions of size zero stay zero."""
    size, vectors = np.linalg.eigh(matrix)
    kept = size > _SINGULAR
    inverse: Array = (vectors[:, kept] / np.sqrt(size[kept])) @ vectors[:, kept].T
    return inverse
