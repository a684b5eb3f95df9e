"""Time to outcome: the product-limit estimator by hand and on a textbook sample, censoring, what is left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from helpers import tables
from helpers.analysis import docket, time_to_outcome
from tests.analysis.litigation_cases import ARTICLE, NOW, cases, known

# Freireich et al. (1963), remission of the treated group, weeks; 0 is censored. The usual textbook sample.
WEEKS = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
ENDED = [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]


def lasted(days, ended, kind="copyright"):
    return pd.DataFrame({"claim_type": kind, "days": np.array(days, float), "ended": np.array(ended, bool)})


def test_textbook_sample():
    curve = time_to_outcome.kaplan_meier(lasted(WEEKS, ENDED)).set_index("days")
    published = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    for week, share in published.items():
        assert curve.loc[week, "open_share"] == pytest.approx(share, abs=5e-4)
    assert curve.loc[6, "at_risk"] == 21
    assert curve.loc[0, "open_share"] == 1
    assert time_to_outcome.summary(lasted(WEEKS, ENDED)).loc[time_to_outcome.ALL_SUITS, "median_days"] == 23


def test_the_band_is_log_log_and_stays_inside():
    curve = time_to_outcome.kaplan_meier(lasted(WEEKS, ENDED)).iloc[1:]
    fit = SurvfuncRight(WEEKS, ENDED)
    width = 1.959964 * fit.surv_prob_se / (fit.surv_prob * np.abs(np.log(fit.surv_prob)))
    assert curve["low"].to_numpy() == pytest.approx(fit.surv_prob ** np.exp(width), rel=1e-6)
    assert ((curve["low"] > 0) & (curve["high"] < 1) & (curve["low"] < curve["open_share"])).all()


def test_a_curve_that_reaches_zero_has_no_band_there():
    curve = time_to_outcome.kaplan_meier(lasted([1, 2, 3], [1, 1, 1]))
    assert curve["open_share"].iloc[-1] == 0
    assert np.isnan(curve["low"].iloc[-1])


def test_without_an_outcome_the_curve_is_flat_at_one():
    curve = time_to_outcome.kaplan_meier(lasted([5, 7], [0, 0]))
    assert curve["open_share"].tolist() == [1.0]


def test_censored_suits_shorten_nothing():
    """Suits censored before the first outcome leave the curve as it was."""
    with_them = time_to_outcome.kaplan_meier(lasted([1, 2, 10, 20, 30], [0, 0, 1, 1, 0]))
    without = time_to_outcome.kaplan_meier(lasted([10, 20, 30], [1, 1, 0]))
    assert with_them["open_share"].tolist() == without["open_share"].tolist()


def test_a_pending_suit_is_censored_when_it_was_last_seen():
    found = cases(
        {"filed_date": "2024-01-01", "status_as_of": "2024-03-01"},
        {"filed_date": "2024-01-01", "status_as_of": None},
        {"filed_date": "2024-01-01", "status_as_of": "2026-09-30"},
        {"filed_date": "2024-01-01", "status_text": "settled", "outcome_date": "2024-02-01"},
    )
    days = time_to_outcome.durations(found, "2024-12-31")
    assert days["days"].tolist() == [60, 365, 365, 31]
    assert days["ended"].tolist() == [False, False, False, True]


def test_what_cannot_be_used_is_named():
    found = cases(
        {"filed_date": None},
        {"status_text": "dismissed"},
        {"plaintiffs": "Garante (Italy)"},
        {},
        {"status_text": "appeal", "outcome_date": "2025-01-01"},
    )
    reasons = time_to_outcome.left_out(found)
    assert reasons.iloc[:3].tolist() == ["no filing day", "outcome without a day", "a regulator's decision"]
    assert reasons.iloc[3:].isna().all()
    assert time_to_outcome.durations(found, NOW).index.tolist() == ["litigation/T003", "litigation/T004"]


def test_undated_outcomes_bracket():
    found = cases({"filed_date": "2024-01-01", "status_text": "dismissed", "status_as_of": "2025-01-01"})
    assert time_to_outcome.durations(found, NOW).empty
    assert time_to_outcome.durations(found, NOW, undated_outcomes="earliest")["days"].tolist() == [0]
    assert time_to_outcome.durations(found, NOW, undated_outcomes="latest")["days"].tolist() == [366]
    with pytest.raises(ValueError, match="undated_outcomes"):
        time_to_outcome.durations(found, NOW, undated_outcomes="never")


def test_the_bracket_holds_the_estimate():
    now = known("litigation", NOW)
    early, late = time_to_outcome.bracket(now, NOW)
    middle = 100 * time_to_outcome.summary(time_to_outcome.durations(now, NOW))["open_after_2"].iloc[0]
    assert early <= middle <= late


def test_an_outcome_before_its_filing_is_refused():
    found = cases({"filed_date": "2024-05-01", "status_text": "settled", "outcome_date": "2024-04-01"})
    with pytest.raises(ValueError, match="litigation/T000"):
        time_to_outcome.durations(found, NOW)


@pytest.mark.parametrize("day", ["2023-06-30", ARTICLE, NOW])
def test_every_row_is_used_or_left_out_and_none_outlives_the_day(day):
    then = known("litigation", day)
    days = time_to_outcome.durations(then, day)
    assert len(days) + time_to_outcome.left_out(then).notna().sum() == len(then)
    filed = then.loc[days.index, "filed_date"]
    assert (filed + pd.to_timedelta(days["days"], unit="D") <= pd.Timestamp(day)).all()
    assert not docket.by_regulator(then.loc[days.index]).any()


def test_nothing_is_quoted_beyond_what_is_watched():
    now = known("litigation", NOW)
    days = time_to_outcome.durations(now, NOW)
    table = time_to_outcome.summary(days)
    assert table.loc["all suits", ["suits", "outcomes"]].tolist() == [93, 7]
    assert table["suits"].iloc[1:].sum() == 93
    assert np.isnan(table.loc["all suits", "median_days"])
    assert table.loc["all suits", "open_after_2"] == pytest.approx(0.8573, abs=1e-4)
    assert (days["days"] >= table.loc["all suits", "watched_days"]).sum() >= time_to_outcome.LEAST_AT_RISK
    assert set(time_to_outcome.curves(days)["group"]) == {"all suits", "copyright"}


def test_log_rank_is_symmetric_and_blind_to_one_group():
    two = pd.concat([lasted(WEEKS, ENDED), lasted([1, 2, 3, 4], [1, 1, 1, 1], "privacy")])
    one, other = time_to_outcome.log_rank(two, "copyright"), time_to_outcome.log_rank(two, "privacy")
    assert one.chi_square == pytest.approx(other.chi_square)
    assert one.p_value < 0.01
    assert time_to_outcome.log_rank(lasted(WEEKS, ENDED), "copyright") is None
    assert "cannot be compared" in time_to_outcome.describe_test(None)


def test_an_empty_docket_has_an_empty_answer():
    empty = time_to_outcome.durations(tables.load("litigation").head(0), NOW)
    table = time_to_outcome.summary(empty)
    assert table.loc["all suits", "suits"] == 0
    assert np.isnan(table.loc["all suits", "open_after_2"])
    assert time_to_outcome.curves(empty).empty
