"""How long a suit takes to its first outcome, by Kaplan and Meier, most suits being unfinished.

An outcome is the first that the table dates: a settlement, a judgment or a dismissal, also one that is
under appeal. A suit without one is censored on the last day it was seen open, never counted as if it
would end tomorrow. Three kinds of rows cannot be used and are listed by `left_out`: no filing day, an
outcome without a day, and regulators' decisions, which begin on the day they end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.stats
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from helpers.analysis.docket import by_regulator
from helpers.analysis.growth import DAYS_A_YEAR
from helpers.units import p_value

CONFIDENCE = 0.95
# A curve or a median from fewer outcomes is an anecdote.
LEAST_OUTCOMES = 3
# Where fewer suits are still watched, one of them moves the curve by a fifth or more: nothing is quoted.
LEAST_AT_RISK = 5
YEARS_QUOTED = (1, 2, 3)
LEFT_OUT, EARLIEST, LATEST = "left out", "earliest", "latest"
NO_FILING_DAY = "no filing day"
NO_OUTCOME_DAY = "outcome without a day"
A_REGULATORS = "a regulator's decision"
ALL_SUITS = "all suits"
_HALF = 0.5
FORMATS = {f"open after {years}": "percent" for years in YEARS_QUOTED}
# Typed Any: the distributions of scipy.stats are made at run time, where type checkers do not see them.
_stats: Any = scipy.stats
_TWO_SIDED = _stats.norm.ppf((1 + CONFIDENCE) / 2)


def left_out(docket: pd.DataFrame) -> pd.Series:
    """Say why a row has no duration; missing where it has one.

    Returns
    -------
    Series of str
        On the index of `docket`.
    """
    reason = pd.Series(pd.NA, index=docket.index, dtype="str", name="reason")
    undated = docket["outcome_date"].isna() & (docket["status_text"] != "pending")
    reason = reason.mask(undated, NO_OUTCOME_DAY)
    reason = reason.mask(docket["filed_date"].isna(), NO_FILING_DAY)
    return reason.mask(by_regulator(docket), A_REGULATORS)


def durations(docket: pd.DataFrame, as_of: str, *, undated_outcomes: str = LEFT_OUT) -> pd.DataFrame:
    """Return the days each suit has lasted, and whether they ended in an outcome.

    Parameters
    ----------
    docket : DataFrame
        As known on `as_of`.
    as_of : str
        ISO date.
    undated_outcomes : str
        What is done with the outcomes without a day: `LEFT_OUT`, or put on the first day possible
        (`EARLIEST`, that of the filing) or on the last (`LATEST`, when the state was read). The last two
        bracket what the missing days can change.

    Returns
    -------
    DataFrame
        Indexed by row id: ``claim_type``, ``days``, ``ended`` (False is censored) and ``status_text``.

    Raises
    ------
    ValueError
        If `undated_outcomes` is none of the three, or an outcome precedes its filing.
    """
    if undated_outcomes not in (LEFT_OUT, EARLIEST, LATEST):
        raise ValueError(f"undated_outcomes must be {LEFT_OUT!r}, {EARLIEST!r} or {LATEST!r}, not {undated_outcomes!r}")
    reason = left_out(docket)
    kept = docket[reason.isna() | ((undated_outcomes != LEFT_OUT) & (reason == NO_OUTCOME_DAY))]
    ended = kept["status_text"] != "pending"
    seen = kept["status_as_of"].fillna(pd.Timestamp(as_of))
    seen = seen.where(seen <= pd.Timestamp(as_of), pd.Timestamp(as_of))
    if undated_outcomes == EARLIEST:
        seen = seen.where(~ended, kept["filed_date"])
    last = kept["outcome_date"].where(ended).fillna(seen)
    days = (last - kept["filed_date"]).dt.days.astype("float64")
    if (days < 0).any():
        raise ValueError(f"the last day precedes the filing in {days.idxmin()}")
    return pd.DataFrame(
        {
            "claim_type": kept["claim_type"].astype(str),
            "days": days,
            "ended": ended,
            "status_text": kept["status_text"].astype(str),
        }
    )


def kaplan_meier(lasted: pd.DataFrame) -> pd.DataFrame:
    """Estimate the share of suits without an outcome after so many days.

    Parameters
    ----------
    lasted : DataFrame
        From `durations`, of one group.

    Returns
    -------
    DataFrame
        One row a day on which an outcome fell, after a first row at day 0: ``days``, ``open_share``,
        ``low``, ``high`` (pointwise, on the log-log scale so that they stay between 0 and 1),
        ``at_risk`` and ``outcomes``. Only the first row where nothing ended.
    """
    start = pd.DataFrame({"days": [0.0], "open_share": [1.0], "low": [1.0], "high": [1.0]})
    start = start.assign(at_risk=float(len(lasted)), outcomes=0.0)
    if not lasted["ended"].any():
        return start
    fit = _fit(lasted)
    share, error = np.asarray(fit.surv_prob), np.asarray(fit.surv_prob_se)
    low, high = _log_log_interval(share, error)
    curve = pd.DataFrame(
        {
            "days": fit.surv_times, "open_share": share, "low": low, "high": high,
            "at_risk": fit.n_risk, "outcomes": fit.n_events,
        }
    )  # fmt: skip
    return pd.concat([start, curve], ignore_index=True)


def _fit(lasted: pd.DataFrame) -> SurvfuncRight:
    return SurvfuncRight(lasted["days"], lasted["ended"].astype("int64"))


def _log_log_interval(share: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of Kalbfleisch and Prentice; missing where the share is 0 or 1."""
    inside = (share > 0) & (share < 1)
    safe = np.where(inside, share, np.exp(-1.0))
    width = _TWO_SIDED * np.where(inside, error, 0.0) / (safe * np.abs(np.log(safe)))
    low = np.where(inside, safe ** np.exp(width), np.nan)
    return low, np.where(inside, safe ** np.exp(-width), np.nan)


def curves(lasted: pd.DataFrame) -> pd.DataFrame:
    """Return `kaplan_meier` of all suits and of each claim type that has enough outcomes.

    Returns
    -------
    DataFrame
        As `kaplan_meier`, with ``group`` in front; groups with fewer than `LEAST_OUTCOMES` outcomes are
        left out (`summary` counts them).
    """
    parts = [kaplan_meier(group).assign(group=name) for name, group in _groups(lasted) if _enough(group)]
    columns = ["group", "days", "open_share", "low", "high", "at_risk", "outcomes"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def summary(lasted: pd.DataFrame) -> pd.DataFrame:
    """Count suits and outcomes by claim type, with the median time where the data reach it.

    Returns
    -------
    DataFrame
        One row a group, indexed by its name: ``suits``, ``outcomes``, ``censored``, ``median_days``
        (missing where the curve does not fall to a half while `LEAST_AT_RISK` suits are watched, or with
        fewer than `LEAST_OUTCOMES` outcomes), ``watched_days`` (how long that many are watched), and
        ``open_after_1``, ``open_after_2``, ``open_after_3`` years (missing beyond that).
    """
    rows = [_summary_row(name, group) for name, group in _groups(lasted) or [(ALL_SUITS, lasted)]]
    return pd.DataFrame(rows).set_index("group")


def _summary_row(name: str, group: pd.DataFrame) -> dict[str, object]:
    outcomes, watched = int(group["ended"].sum()), watched_days(group)
    row: dict[str, object] = {"group": name, "suits": len(group), "outcomes": outcomes}
    row |= {"censored": len(group) - outcomes, "median_days": np.nan, "watched_days": watched}
    row |= {f"open_after_{years}": np.nan for years in YEARS_QUOTED}
    if not _enough(group):
        return row
    curve = kaplan_meier(group)
    curve = curve[curve["days"] <= watched]
    halved = curve.loc[curve["open_share"] <= _HALF, "days"]
    row["median_days"] = float(halved.iloc[0]) if len(halved) else np.nan
    for years in YEARS_QUOTED:
        if years * DAYS_A_YEAR <= watched:
            row[f"open_after_{years}"] = float(curve.loc[curve["days"] <= years * DAYS_A_YEAR, "open_share"].iloc[-1])
    return row


def watched_days(lasted: pd.DataFrame) -> float:
    """Return for how many days at least `LEAST_AT_RISK` suits were watched; 0 where never."""
    longest = lasted["days"].sort_values(ascending=False)
    return float(longest.iloc[LEAST_AT_RISK - 1]) if len(longest) >= LEAST_AT_RISK else 0.0


def _groups(lasted: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return all suits, then the claim types, most suits first."""
    if lasted.empty:
        return []
    order = lasted["claim_type"].value_counts(sort=True).index
    return [(ALL_SUITS, lasted), *((str(name), lasted[lasted["claim_type"] == name]) for name in order)]


def _enough(group: pd.DataFrame) -> bool:
    return bool(group["ended"].sum() >= LEAST_OUTCOMES)


@dataclass(frozen=True)
class LogRank:
    """The log-rank test of equal times to outcome.

    Parameters
    ----------
    chi_square, p_value : float
    """

    chi_square: float
    p_value: float


def log_rank(lasted: pd.DataFrame, claim_type: str) -> LogRank | None:
    """Compare one claim type with all others.

    Returns
    -------
    LogRank or None
        None where one side has no suit or nothing has ended.
    """
    inside = lasted["claim_type"] == claim_type
    if not inside.any() or inside.all() or not lasted["ended"].any():
        return None
    chi_square, chance = survdiff(lasted["days"], lasted["ended"].astype("int64"), inside.astype("int64"))
    return LogRank(float(chi_square), float(chance))


def for_table(waits: pd.DataFrame) -> pd.DataFrame:
    """Return `summary` as a reader sees it, shares in per cent."""
    table = waits[["suits", "outcomes", "censored"]].assign(**{"median days": waits["median_days"]})
    for years in YEARS_QUOTED:
        table[f"open after {years}"] = 100 * waits[f"open_after_{years}"]
    return table.rename_axis("claim").reset_index()


def describe_test(test: LogRank | None) -> str:
    """Say in words what the log-rank test of copyright against the rest finds."""
    if test is None:
        return "Copyright cannot be compared with the rest: nothing has ended, or one side has no suit."
    return (
        f"Copyright suits against all others: log-rank chi-square {test.chi_square:.2f}, {p_value(test.p_value)}; "
        "with so few outcomes it can see only a gross difference."
    )


def bracket(docket: pd.DataFrame, as_of: str) -> tuple[float, float]:
    """Return the share of suits open after two years, per cent, with undated outcomes early and late.

    Returns
    -------
    (float, float)
        Every undated outcome on the first day possible, and on the last; missing where nothing is quoted.
    """
    shares = [
        100 * summary(durations(docket, as_of, undated_outcomes=place))["open_after_2"].iloc[0]
        for place in (EARLIEST, LATEST)
    ]
    return float(shares[0]), float(shares[1])
