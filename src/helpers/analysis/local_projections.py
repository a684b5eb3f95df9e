"""Local projections: what follows, quarter by quarter, when a firm invests more than usual.

One regression a horizon h: the change of the outcome from the quarter before the shock to h quarters
after it, on the shock, its own lags, firm effects by season and quarter effects. Horizons before the
shock are a placebo: nothing should be seen there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from helpers.analysis.capex_panel import shift_name
from helpers.analysis.panel_design import FIRM, TIME, Array, Design, design
from helpers.analysis.panel_estimates import LEVEL, clustered_factor, fit_pyfixest
from helpers.analysis.wild_clusters import MOST_CLUSTERS, restricted_wild_bootstrap

# Firm effects by season: a firm's Christmas quarter is not a shock.
EFFECTS = ("ticker^season", TIME)
LEADS = 4
_DRAWS = 20_000
_SEED = 20_250_905


def local_projections(
    panel: pd.DataFrame,
    outcome: str,
    shock: str = "capex_to_past_revenue",
    *,
    horizon: int = 8,
    leads: int = LEADS,
    lags: int = 4,
    effects: Sequence[str] = EFFECTS,
    least_quarters: int = 1,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Estimate the response of an outcome to one point more of a shock.

    Parameters
    ----------
    panel : DataFrame
        From `helpers.analysis.capex_panel.panel`: one row a firm-quarter with ``ticker``, ``time``,
        ``season``, the outcome (in levels: a margin, or ``log_revenue``) and the shock, per cent.
    outcome, shock : str
    horizon : int
        Last quarter after the shock.
    leads : int
        Placebo quarters before the shock: horizons -leads to -2. Horizon -1 is the base and zero.
    lags : int
        Lags of the shock that are held fixed.
    effects : sequence of str
    least_quarters : int
        Firms with fewer usable quarters are left out, horizon by horizon.
    level : float
        Coverage of both bands.

    Returns
    -------
    DataFrame, one row a horizon
        ``horizon``, ``coefficient`` (points, or per cent for ``log_revenue``), ``standard_error``
        (clustered by firm), ``low``, ``high`` (for this horizon alone, t with G - 1 degrees),
        ``band_low``, ``band_high`` (for all horizons of its side at once), ``p_value`` (restricted
        wild cluster bootstrap, all sign vectors), ``placebo`` (bool), ``firms``, ``observations``,
        ``critical`` (of the simultaneous band).

    Raises
    ------
    ValueError
        If the horizon is negative, `leads` is below 2, or a horizon cannot be estimated.

    References
    ----------
    Jorda (2005), American Economic Review 95(1); simultaneous bands: Montiel Olea and
    Plagborg-Moller (2019), Journal of Applied Econometrics 34(1).
    """
    if horizon < 0 or leads < 2:
        raise ValueError(f"horizon must be 0 or more and leads 2 or more, not {horizon} and {leads}")
    horizons = [*range(-leads, -1), *range(horizon + 1)]
    table, names = _laid_out(panel, outcome, shock, horizons, lags)
    rows, scores = [], []
    for step in horizons:
        plan = design(table, _change(step), names, effects=effects, least_quarters=least_quarters)
        row, influence = _one_horizon(plan, step, shock, effects, level)
        rows.append({"horizon": step, **row, "placebo": step < 0})
        scores.append(influence)
    return _with_bands(pd.DataFrame(rows), scores, level)


def leave_one_firm_out(
    panel: pd.DataFrame,
    outcome: str,
    shock: str = "capex_to_past_revenue",
    *,
    horizon: int = 8,
    lags: int = 4,
    effects: Sequence[str] = EFFECTS,
    least_quarters: int = 1,
) -> pd.DataFrame:
    """Estimate the response once without each firm.

    Parameters
    ----------
    panel, outcome, shock, horizon, lags, effects, least_quarters
        As `local_projections`.

    Returns
    -------
    DataFrame, one row a firm left out and horizon from 0
        ``left_out``, ``horizon``, ``coefficient``.

    Raises
    ------
    ValueError
        If fewer than three firms would be left.
    """
    steps = range(horizon + 1)
    # A firm's lags and changes are its own: they are the same whoever is left out.
    table, names = _laid_out(panel, outcome, shock, steps, lags)
    every = design(table, _change(0), names, effects=effects, least_quarters=least_quarters)
    rows = []
    for firm in sorted(every.sample[FIRM].unique()):
        others = table[table[FIRM] != firm]
        for step in steps:
            plan = design(others, _change(step), names, effects=effects, least_quarters=least_quarters)
            rows.append({"left_out": firm, "horizon": step, "coefficient": float(plan.coefficients()[0])})
    return pd.DataFrame(rows)


def _laid_out(
    panel: pd.DataFrame, outcome: str, shock: str, horizons: Sequence[int], lags: int
) -> tuple[pd.DataFrame, list[str]]:
    """Add the lags of the shock and the changes of the outcome; return the table and the names of the regressors."""
    controls = {shift_name(shock, step): _at(panel, shock, -step) for step in range(1, lags + 1)}
    before = _at(panel, outcome, -1)
    changes = {_change(step): _at(panel, outcome, step) - before for step in horizons}
    return panel.assign(**controls, **changes), [shock, *controls]


def _change(step: int) -> str:
    """Name the column with the change up to a horizon."""
    return f"change to {step}"


def _at(panel: pd.DataFrame, column: str, ahead: int) -> pd.Series:
    """Return each firm's value some calendar quarters ahead; missing where that quarter is not in the panel."""
    known = pd.Series(
        panel[column].to_numpy(dtype="float64"), index=pd.MultiIndex.from_arrays([panel[FIRM], panel[TIME]])
    )
    wanted = pd.MultiIndex.from_arrays([panel[FIRM], panel[TIME] + ahead])
    return pd.Series(known.reindex(wanted).to_numpy(), index=panel.index)


def _one_horizon(
    plan: Design, step: int, shock: str, effects: Sequence[str], level: float
) -> tuple[dict[str, object], pd.Series]:
    """Fit one horizon; return its row, and what each firm contributes to the estimate's error."""
    fit = fit_pyfixest(plan, _change(step), effects, FIRM, TIME)
    estimate = float(fit.coefficients()[0])
    error = float(np.sqrt(clustered_factor(plan)) * fit.raw_errors({"CRV1": "firm"})[0])
    reach = float(stdtrit(plan.clusters - 1, (1 + level) / 2)) * error
    enumerable = plan.clusters <= MOST_CLUSTERS
    one = plan.only(shock)
    influence = one.sums_by_firm(one.x * one.residuals()[:, None])[:, 0] / float(np.sum(one.x**2))
    names = np.sort(plan.sample[FIRM].unique())
    row: dict[str, object] = {
        "coefficient": estimate,
        "standard_error": error,
        "low": estimate - reach,
        "high": estimate + reach,
        "p_value": restricted_wild_bootstrap(plan, shock).p_value if enumerable else np.nan,
        "firms": plan.clusters,
        "observations": plan.rows,
    }
    return row, pd.Series(influence, index=names)


def _with_bands(table: pd.DataFrame, scores: Sequence[pd.Series], level: float) -> pd.DataFrame:
    """Add the simultaneous bands, one for the placebo side and one for the response."""
    influence = pd.concat(scores, axis=1).fillna(0.0).to_numpy().T
    table["critical"] = np.nan
    for side in (True, False):
        chosen = (table["placebo"] == side).to_numpy()
        freedom = int(table.loc[chosen, "firms"].min()) - 1
        table.loc[chosen, "critical"] = simultaneous_critical_value(influence[chosen], freedom, level)
    table["band_low"] = table["coefficient"] - table["critical"] * table["standard_error"]
    table["band_high"] = table["coefficient"] + table["critical"] * table["standard_error"]
    return table


def simultaneous_critical_value(influence: Array, freedom: int, level: float = LEVEL) -> float:
    """Return the critical value with which all horizons are covered at once (sup-t).

    Parameters
    ----------
    influence : ndarray, shape (horizons, firms)
        What each firm contributes to the error of each horizon.
    freedom : int
        Degrees of freedom of each t.
    level : float

    Returns
    -------
    float
        The quantile of the largest of the correlated t's; between that of one t and Bonferroni's.
    """
    length = np.linalg.norm(influence, axis=1, keepdims=True)
    unit = influence / np.where(length > 0, length, 1.0)
    # A fixed seed: a band must not change when a notebook is run again.
    random = np.random.default_rng(_SEED)
    normal = random.standard_normal((_DRAWS, influence.shape[1])) @ unit.T
    scale = np.sqrt(random.chisquare(freedom, size=(_DRAWS, 1)) / freedom)
    drawn = float(np.quantile(np.abs(normal / scale).max(axis=1), level))
    alone = float(stdtrit(freedom, (1 + level) / 2))
    bonferroni = float(stdtrit(freedom, 1 - (1 - level) / 2 / len(influence)))
    return float(np.clip(drawn, alone, bonferroni))
