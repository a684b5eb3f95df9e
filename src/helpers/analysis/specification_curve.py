"""The specification curve: every defensible way to ask the question, and a test of all of them together.

Each specification regresses an outcome on lagged capex intensity. They differ in outcome, definition
of free cash flow, firms, period, effects, lag and weights. The joint test gives each firm the
investment of another firm from another time, with its own ups and downs kept in order, and asks how
often such a panel looks as striking as the real one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from helpers.analysis.capex_panel import panel, shift_name
from helpers.analysis.panel_design import FIRM, TIME, Array, Design, design
from helpers.analysis.panel_estimates import LEVEL, clustered_factor

# Outcome and definition of free cash flow; the definition matters to free cash flow only.
OUTCOMES: tuple[tuple[str, str], ...] = (
    ("revenue_growth", "gross"),
    ("ocf_margin", "gross"),
    ("fcf_margin", "gross"),
    ("fcf_margin", "company"),
    ("fcf_margin", "after_stock_compensation"),
)
FIRM_SETS: dict[str, tuple[str, ...]] = {"all firms": (), "without NVIDIA and Apple": ("NVDA", "AAPL")}
# ChatGPT appeared on 30 November 2022: the first quarter after it is 2023Q1.
PERIODS: dict[str, tuple[str, str]] = {
    "all quarters": ("1900Q1", "2999Q4"),
    "to 2022Q4": ("1900Q1", "2022Q4"),
    "from 2023Q1": ("2023Q1", "2999Q4"),
}
EFFECTS: dict[str, tuple[str, ...]] = {"firm and quarter": (FIRM, TIME), "firm": (FIRM,)}
LAGS = (1, 4)
WEIGHTS: dict[str, str | None] = {"equal": None, "revenue": "revenue"}
# The rows of the grid under the curve: column, then value and label.
GRID: dict[str, tuple[tuple[str, str], ...]] = {
    "definition": (
        ("gross", "FCF: gross"),
        ("company", "FCF: as the firm says"),
        ("after_stock_compensation", "FCF: after pay in shares"),
    ),
    "firm_set": tuple((name, name) for name in FIRM_SETS),
    "period": tuple((name, name) for name in PERIODS),
    "effects": tuple((name, f"effects: {name}") for name in EFFECTS),
    "lag": (("1", "lag of 1 quarter"), ("4", "lag of 4 quarters")),
    "weights": (("equal", "equal weights"), ("revenue", "weighted by revenue")),
}
CHOICES = ("outcome", "definition", "firm_set", "period", "effects", "lag", "weights")
STATISTICS: dict[str, str] = {
    "share_significant": "share of specifications with p below 5 per cent",
    "median_t": "median size of t",
}
PERMUTATIONS = 199
_SEED = 2022
# The one outcome that the definition of free cash flow matters to.
_DEFINED = "fcf_margin"


@dataclass(frozen=True)
class SpecificationCurve:
    """All specifications and the test of all together.

    Parameters
    ----------
    table : DataFrame, one row a specification, in order of outcome and coefficient
        The columns of `CHOICES`, ``coefficient``, ``standard_error``, ``low``, ``high``, ``p_value``
        (clustered by firm, t with G - 1 degrees), ``t``, ``firms``, ``observations``, ``place``.
    joint : DataFrame, one row an outcome (and one for all) and statistic
        ``outcome``, ``statistic``, ``observed``, ``usual`` (median under permutation), ``p_value``,
        ``specifications``, ``permutations``.
    refused : tuple of str
        Specifications that could not be estimated, with the reason.
    """

    table: pd.DataFrame
    joint: pd.DataFrame
    refused: tuple[str, ...]


def specification_curve(
    cash_flows: pd.DataFrame,
    *,
    shock: str = "capex_intensity",
    outcomes: Sequence[tuple[str, str]] = OUTCOMES,
    lags: Sequence[int] = LAGS,
    permutations: int = PERMUTATIONS,
    seed: int = _SEED,
    start: str | None = None,
    level: float = LEVEL,
) -> SpecificationCurve:
    """Estimate all specifications and test them jointly.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter
        The firms to use: leave out those with short histories first.
    shock : str
        Column of `helpers.analysis.capex_panel.panel` that is lagged.
    outcomes : sequence of (column, definition of free cash flow)
    lags : sequence of int
    permutations : int
        Panels with shuffled investment; 0 leaves the joint test out.
    seed : int
    start : str, optional
        ISO date; see `panel`.
    level : float

    Returns
    -------
    SpecificationCurve

    Raises
    ------
    ValueError
        If no specification can be estimated.

    Notes
    -----
    Coefficients and clustered errors are those of `fixed_effects` (a test holds them together); they
    are worked out here because the shuffled panels need the same projections 199 times over. A
    shuffled panel keeps every firm's series in order (turned around the calendar by the same number
    of quarters for all firms) and deals the series out among the firms, so that persistence and the
    common boom are kept. Free cash flow holds capex itself: its rejection says no more than that
    capex is persistent.

    References
    ----------
    Simonsohn, Simmons and Nelson (2020), Nature Human Behaviour 4.
    """
    frames = {name: panel(cash_flows, definition=name, start=start) for name in dict.fromkeys(d for _, d in outcomes)}
    base = next(iter(frames.values()))
    drawn = shuffled(base, shock, permutations, seed)
    parts = {name: _parts(_with_lags(frame, shock, lags, drawn.index)) for name, frame in frames.items()}
    rows, tested, refused = [], [], []
    for choice in _specifications(outcomes, lags):
        part = parts[str(choice["definition"])][str(choice["firm_set"]), str(choice["period"])]
        try:
            plan, moved = _plan(part, drawn.to_numpy(), shock, choice)
        except ValueError as reason:
            refused.append(f"{', '.join(str(value) for value in choice.values())}: {reason}")
            continue
        if choice["outcome"] != _DEFINED:
            choice = {**choice, "definition": "not used"}
        rows.append({**choice, **_estimate(plan, level)})
        tested.append(_t_of_columns(plan, moved))
    if not rows:
        raise ValueError(f"no specification can be estimated; the first: {refused[0]}")
    table = pd.DataFrame(rows)
    joint = _joint(table, np.array(tested), permutations, level)
    order = {outcome: place for place, (outcome, _) in enumerate(outcomes)}
    table = table.assign(order=table["outcome"].map(order)).sort_values(["order", "coefficient"], kind="stable")
    table = table.drop(columns="order").reset_index(drop=True)
    table["place"] = np.arange(len(table))
    return SpecificationCurve(table, joint, tuple(refused))


def _specifications(outcomes: Sequence[tuple[str, str]], lags: Sequence[int]) -> Iterator[dict[str, object]]:
    for (outcome, definition), firms, period, effects, lag, weights in product(
        outcomes, FIRM_SETS, PERIODS, EFFECTS, lags, WEIGHTS
    ):
        yield dict(zip(CHOICES, (outcome, definition, firms, period, effects, lag, weights), strict=True))


def _with_lags(frame: pd.DataFrame, shock: str, lags: Sequence[int], drawn: pd.Index) -> pd.DataFrame:
    """Add each lag of the shock, and where in the shuffled panels it stands: below zero where it is not known."""
    known = pd.Series(frame[shock].to_numpy(), index=pd.MultiIndex.from_arrays([frame[FIRM], frame[TIME]]))
    added = {}
    for lag in lags:
        keys = pd.MultiIndex.from_arrays([frame[FIRM], frame[TIME] - lag])
        added[shift_name(shock, lag)] = known.reindex(keys).to_numpy()
        added[_place(lag)] = drawn.get_indexer(keys)
    return frame.assign(**added)


def _place(lag: int) -> str:
    """Name the column with the rows of the shuffled panels."""
    return f"place of lag {lag}"


def _parts(table: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """Return the rows of each set of firms and period."""
    parts = {}
    for (firms, left_out), (period, (first, last)) in product(FIRM_SETS.items(), PERIODS.items()):
        inside = (table["quarter"] >= pd.Period(first, "Q")) & (table["quarter"] <= pd.Period(last, "Q"))
        parts[firms, period] = table[inside & ~table[FIRM].isin(list(left_out))]
    return parts


def _plan(part: pd.DataFrame, drawn: Array, shock: str, choice: dict[str, object]) -> tuple[Design, Array]:
    """Return one regression, and the shuffled shocks on its rows."""
    lag = int(str(choice["lag"]))
    plan = design(
        part, str(choice["outcome"]), [shift_name(shock, lag)], effects=EFFECTS[str(choice["effects"])],
        weights=WEIGHTS[str(choice["weights"])],
    )  # fmt: skip
    return plan, drawn[plan.sample[_place(lag)].to_numpy()]


def shuffled(frame: pd.DataFrame, shock: str, permutations: int, seed: int) -> pd.DataFrame:
    """Deal the firms' series of a shock out anew, turned around the calendar.

    Parameters
    ----------
    frame : DataFrame, one row a firm-quarter
    shock : str
    permutations : int
    seed : int

    Returns
    -------
    DataFrame, shape (known firm-quarters, permutations)
        Indexed by firm and time. Each column holds, for each firm, the series of a firm drawn without
        replacement, begun a common random number of quarters later and wrapped around its end.
    """
    known = frame[frame[shock].notna()].sort_values([FIRM, TIME])
    series = [part[shock].to_numpy(dtype="float64") for _, part in known.groupby(FIRM)]
    random = np.random.default_rng(seed)
    longest = max(len(values) for values in series)
    columns = np.empty((len(known), permutations))
    for draw in range(permutations):
        turn, order = int(random.integers(longest)), random.permutation(len(series))
        dealt = [series[order[place]] for place in range(len(series))]
        columns[:, draw] = np.concatenate(
            [other[(np.arange(len(own)) + turn) % len(other)] for own, other in zip(series, dealt, strict=True)]
        )
    return pd.DataFrame(columns, index=pd.MultiIndex.from_arrays([known[FIRM], known[TIME]]))


def _t_of_columns(plan: Design, columns: Array) -> Array:
    """Return t of each column in place of the regressor, clustered by firm."""
    return _t(plan, plan.annihilate(columns * plan.root_weights[:, None]))


def _t(plan: Design, x: Array) -> Array:
    """Return t of columns without their effects."""
    length = np.square(x).sum(axis=0)
    slopes = x.T @ plan.y / length
    scores = plan.sums_by_firm(x * (plan.y[:, None] - x * slopes))
    found: Array = slopes * length / np.sqrt(clustered_factor(plan) * np.square(scores).sum(axis=0))
    return found


def _estimate(plan: Design, level: float) -> dict[str, float]:
    slope = float(plan.coefficients()[0])
    t = float(_t(plan, plan.x)[0])
    error, freedom = abs(slope / t), plan.clusters - 1
    reach = float(stdtrit(freedom, (1 + level) / 2)) * error
    return {
        "coefficient": slope,
        "standard_error": error,
        "low": slope - reach,
        "high": slope + reach,
        "p_value": float(2 * stdtr(freedom, -abs(t))),
        "t": t,
        "firms": plan.clusters,
        "observations": plan.rows,
    }


def _joint(table: pd.DataFrame, tested: Array, permutations: int, level: float) -> pd.DataFrame:
    """Compare the real panel with the shuffled ones, outcome by outcome and for all."""
    critical = stdtrit(table["firms"].to_numpy() - 1, (1 + level) / 2)[:, None]
    sizes = np.hstack([np.abs(table[["t"]].to_numpy()), np.abs(tested)])
    rows = []
    for outcome in [*dict.fromkeys(table["outcome"]), "all"]:
        chosen = np.ones(len(table), bool) if outcome == "all" else (table["outcome"] == outcome).to_numpy()
        found = {
            "share_significant": (sizes[chosen] > critical[chosen]).mean(axis=0),
            "median_t": np.median(sizes[chosen], axis=0),
        }
        for statistic, values in found.items():
            others = values[1:]
            rows.append(
                {
                    "outcome": outcome,
                    "statistic": statistic,
                    "observed": values[0],
                    "usual": float(np.median(others)) if permutations else np.nan,
                    # The real panel is one of the possible deals: it counts.
                    "p_value": (1 + int((others >= values[0]).sum())) / (1 + permutations) if permutations else np.nan,
                    "specifications": int(chosen.sum()),
                    "permutations": permutations,
                }
            )
    return pd.DataFrame(rows)
