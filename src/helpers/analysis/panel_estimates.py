"""Fixed-effects regressions with every error that eight firms may deserve, side by side.

Coefficients and variances come from pyfixest; the restricted wild cluster bootstrap and CR2 are
ours. The small-sample factors are applied here, not by pyfixest: version 0.60 takes the nested
effects to be those of the wrong column when two effects are given in an unlucky order.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from helpers.analysis.bias_reduced import bias_reduced
from helpers.analysis.panel_design import FIRM, FIRM_AND_QUARTER, TIME, Array, Design, crossed, design
from helpers.analysis.wild_clusters import restricted_wild_bootstrap, wild_bootstrap_interval

ERRORS: dict[str, str] = {
    "iid": "classical",
    "crv1": "clustered by firm (CRV1)",
    "crv3": "clustered by firm, jackknife (CRV3)",
    "driscoll_kraay": "Driscoll-Kraay",
    "wild": "wild cluster bootstrap, restricted",
    "cr2": "clustered by firm, bias-reduced (CR2)",
    "two_way": "clustered by firm and by quarter (CRV1)",
}
SIDE_BY_SIDE = ("iid", "crv1", "crv3", "driscoll_kraay", "wild", "cr2")
# Growth over four quarters overlaps three quarters back; one more is left for slow shocks.
DRISCOLL_KRAAY_LAG = 4
LEVEL = 0.95
# Effects are taken out to more digits than any comparison here needs.
_DEMEANING_TOLERANCE = 1e-12


@dataclass(frozen=True)
class Error:
    """One variance of the coefficients, ready to be tabulated.

    Parameters
    ----------
    standard_error, low, high, p_value, degrees_of_freedom : ndarray, shape (k,)
    package : str
    factor : float
        What the raw variance was multiplied by; missing for the bootstrap, whose draws share it.
    lag : int or None
    """

    standard_error: Array
    low: Array
    high: Array
    p_value: Array
    degrees_of_freedom: Array
    package: str
    factor: float = float("nan")
    lag: int | None = None


def fixed_effects(
    frame: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    *,
    effects: Sequence[str] = FIRM_AND_QUARTER,
    cluster: str = FIRM,
    time: str = TIME,
    weights: str | None = None,
    lag: int = DRISCOLL_KRAAY_LAG,
    errors: Sequence[str] = SIDE_BY_SIDE,
    least_quarters: int = 1,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Regress an outcome on regressors and effects, with several errors side by side.

    Parameters
    ----------
    frame : DataFrame, one row a firm-quarter
        From `helpers.analysis.capex_panel.panel`, or any panel with these columns.
    outcome : str
    regressors : sequence of str
    effects : sequence of str
        Columns with a constant for each value; ``"ticker^season"`` crosses two.
    cluster, time : str
        Columns of the firms and of the numbered quarters.
    weights : str, optional
        Column of positive weights.
    lag : int
        Quarters over which Driscoll-Kraay lets shocks linger (Bartlett kernel).
    errors : sequence of str
        Some of `ERRORS`.
    least_quarters : int
        Firms with fewer usable quarters are left out.
    level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame, one row a regressor and error
        ``regressor``, ``error``, ``coefficient``, ``standard_error``, ``low``, ``high``, ``p_value``,
        ``degrees_of_freedom``, ``estimator``, ``package``, ``small_sample_factor``, ``lag``,
        ``firms``, ``quarters``, ``observations``.

    Raises
    ------
    ValueError
        If an error is unknown, or as `helpers.analysis.panel_design.design`.

    Notes
    -----
    With N rows, k regressors and G firms: ``iid`` divides by N - K with K counting all effects and
    refers to t with N - K degrees; ``crv1`` and ``crv3`` use (N-1)/(N-K) G/(G-1), where K leaves out
    effects nested in firms (as R's fixest), and t with G - 1; the textbook factor of CRV3 is (G-1)/G,
    which would make its errors smaller. ``driscoll_kraay`` uses (N-1)/(N-K) T/(T-1) and t with T - 1.
    ``two_way`` takes the smaller of G and T for G. ``wild`` has no standard error: p-value and interval
    come from the enumeration.
    """
    unknown = [name for name in errors if name not in ERRORS]
    if unknown:
        raise ValueError(f"unknown error {unknown[0]!r}; expected some of {', '.join(ERRORS)}")
    plan = design(
        frame, outcome, regressors, effects=effects, cluster=cluster, time=time, weights=weights,
        least_quarters=least_quarters,
    )  # fmt: skip
    if "driscoll_kraay" in errors:
        _refuse_holes(plan.sample, time)
    fit = fit_pyfixest(plan, outcome, effects, cluster, time, weights)
    made = {name: _MAKERS[name](plan, fit, lag, level) for name in errors}
    return _tidy(plan, fit.coefficients(), made, effects, time)


@dataclass(frozen=True)
class Fit:
    """A fit by pyfixest in standard deviations, read back in the units of the data.

    Parameters
    ----------
    model : pyfixest Feols
    scale : ndarray, shape (k,)
        Units of each coefficient: pyfixest takes a regressor of small numbers for collinear.
    quarters : int
    """

    model: Any
    scale: Array
    quarters: int

    def coefficients(self) -> Array:
        """Return the slopes, shape (k,); the constant that pyfixest puts first is left out."""
        slopes: Array = np.asarray(self.model.coef(), dtype="float64")[-len(self.scale) :] * self.scale
        return slopes

    def raw_errors(self, kind: Any, options: Mapping[str, Any] | None = None) -> Array:
        """Return standard errors of one kind without small-sample factor, shape (k,)."""
        with _expected_messages():
            self.model.vcov(kind, vcov_kwargs=options)
        errors: Array = np.asarray(self.model.se(), dtype="float64")[-len(self.scale) :] * self.scale
        return errors


def fit_pyfixest(
    plan: Design, outcome: str, effects: Sequence[str], cluster: str, time: str, weights: str | None = None
) -> Fit:
    """Fit by pyfixest, with plain column names and raw variances (no small-sample factor).

    Returns
    -------
    Fit
        Regressors in the order of ``plan.names``; clusters ``firm``, quarters ``time``.
    """
    import pyfixest  # takes seconds: only where it is needed

    sample = plan.sample
    size = sample[[outcome, *plan.names]].to_numpy(dtype="float64").std(axis=0)
    size = np.where(size > 0, size, 1.0)
    data = pd.DataFrame({"outcome": sample[outcome].to_numpy(dtype="float64") / size[0]})
    for place, name in enumerate(plan.names):
        data[f"x{place}"] = sample[name].to_numpy(dtype="float64") / size[place + 1]
    for place, effect in enumerate(effects):
        data[f"e{place}"] = crossed(sample, effect)
    data["firm"], data["time"] = crossed(sample, cluster), sample[time].to_numpy(dtype="int64")
    if weights:
        data["weight"] = sample[weights].to_numpy(dtype="float64")
    right = " + ".join(f"x{place}" for place in range(len(plan.names)))
    absorbed = " + ".join(f"e{place}" for place in range(len(effects)))
    with _expected_messages():
        model = pyfixest.feols(
            f"outcome ~ {right}" + (f" | {absorbed}" if effects else ""),
            data=data,
            vcov="iid",
            weights="weight" if weights else None,
            ssc=pyfixest.ssc(k_adj=False, G_adj=False),
            fixef_rm="none",
            drop_intercept=False,
            demeaner=pyfixest.MapDemeaner(fixef_tol=_DEMEANING_TOLERANCE),
        )
    return Fit(model, size[0] / size[1:], int(sample[time].nunique()))


@contextmanager
def _expected_messages() -> Iterator[None]:
    """Silence the one warning that is no news: the jackknife leaves quarters with a single firm."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*singleton fixed effect", category=UserWarning)
        yield


def _from_t(estimates: Array, errors: Array, freedom: float | Array, level: float) -> dict[str, Any]:
    """Interval and p-value by Student's t."""
    degrees = np.broadcast_to(np.asarray(freedom, dtype="float64"), errors.shape)
    reach = stdtrit(degrees, (1 + level) / 2) * errors
    return {
        "standard_error": errors,
        "low": estimates - reach,
        "high": estimates + reach,
        "p_value": 2 * stdtr(degrees, -np.abs(estimates / errors)),
        "degrees_of_freedom": degrees,
    }


def _absorbed(plan: Design) -> int:
    """Count coefficients and effects."""
    return len(plan.names) + int(plan.dummies.shape[1])


def _iid(plan: Design, fit: Fit, _lag: int, level: float) -> Error:
    n, spent = plan.rows, _absorbed(plan)
    # pyfixest divides the squared residuals by n - 1.
    factor = (n - 1) / (n - spent)
    errors = np.sqrt(factor) * fit.raw_errors("iid")
    return Error(**_from_t(fit.coefficients(), errors, n - spent, level), package="pyfixest", factor=factor)


def clustered_factor(plan: Design, clusters: int | None = None) -> float:
    """Return (N-1)/(N-K) G/(G-1), where K leaves out effects nested in firms but for one of each kind."""
    n, groups = plan.rows, clusters or plan.clusters
    spent = len(plan.names) + plan.outside + plan.nested
    return (n - 1) / (n - spent) * groups / (groups - 1)


def _clustered(kind: str) -> Callable[..., Error]:
    def make(plan: Design, fit: Fit, _lag: int, level: float) -> Error:
        factor = clustered_factor(plan)
        errors = np.sqrt(factor) * fit.raw_errors({kind: "firm"})
        table = _from_t(fit.coefficients(), errors, plan.clusters - 1, level)
        return Error(**table, package="pyfixest", factor=factor)

    return make


def _two_way(plan: Design, fit: Fit, _lag: int, level: float) -> Error:
    fewest = min(plan.clusters, fit.quarters)
    factor = clustered_factor(plan, fewest)
    errors = np.sqrt(factor) * fit.raw_errors({"CRV1": "firm + time"})
    return Error(**_from_t(fit.coefficients(), errors, fewest - 1, level), package="pyfixest", factor=factor)


def _driscoll_kraay(plan: Design, fit: Fit, lag: int, level: float) -> Error:
    n, quarters = plan.rows, fit.quarters
    factor = (n - 1) / (n - _absorbed(plan)) * quarters / (quarters - 1)
    raw = fit.raw_errors("DK", {"lag": lag, "time_id": "time", "panel_id": "firm"})
    table = _from_t(fit.coefficients(), np.sqrt(factor) * raw, quarters - 1, level)
    return Error(**table, package="pyfixest", factor=factor, lag=lag)


def _wild(plan: Design, _fit: Fit, _lag: int, level: float) -> Error:
    tests = [restricted_wild_bootstrap(plan, name) for name in plan.names]
    ends = np.array([wild_bootstrap_interval(plan, name, level) for name in plan.names])
    empty = np.full(len(plan.names), np.nan)
    return Error(empty, ends[:, 0], ends[:, 1], np.array([test.p_value for test in tests]), empty, "own")


def _cr2(plan: Design, _fit: Fit, _lag: int, level: float) -> Error:
    found = bias_reduced(plan)
    table = _from_t(plan.coefficients(), found.standard_errors, found.degrees_of_freedom, level)
    return Error(**table, package="own", factor=1.0)


_MAKERS: dict[str, Callable[[Design, Fit, int, float], Error]] = {
    "iid": _iid,
    "crv1": _clustered("CRV1"),
    "crv3": _clustered("CRV3"),
    "two_way": _two_way,
    "driscoll_kraay": _driscoll_kraay,
    "wild": _wild,
    "cr2": _cr2,
}


def _refuse_holes(sample: pd.DataFrame, time: str) -> None:
    """Raise if a quarter is missing for all firms: Driscoll-Kraay would take its neighbours as adjacent."""
    seen = np.sort(sample[time].unique())
    if (np.diff(seen) != 1).any():
        after = seen[np.flatnonzero(np.diff(seen) != 1)[0]]
        raise ValueError(f"no firm has a quarter right after {time} {after}: Driscoll-Kraay needs an unbroken series")


def _tidy(plan: Design, estimates: Array, made: Mapping[str, Error], effects: Sequence[str], time: str) -> pd.DataFrame:
    estimator = "least squares" + (f" with effects of {' and '.join(effects)}" if effects else "")
    rows = []
    for place, name in enumerate(plan.names):
        for kind, error in made.items():
            rows.append(
                {
                    "regressor": name,
                    "error": kind,
                    "coefficient": estimates[place],
                    "standard_error": error.standard_error[place],
                    "low": error.low[place],
                    "high": error.high[place],
                    "p_value": error.p_value[place],
                    "degrees_of_freedom": error.degrees_of_freedom[place],
                    "estimator": estimator,
                    "package": error.package,
                    "small_sample_factor": error.factor,
                    "lag": error.lag,
                    "firms": plan.clusters,
                    "quarters": int(plan.sample[time].nunique()),
                    "observations": plan.rows,
                }
            )
    return pd.DataFrame(rows).astype({"lag": "Int64"})
