"""Pictures of the dot-com comparison: titles follow the data, and no frame, however thin, breaks one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from helpers.charts import dotcom_comparison as charts
from helpers.charts import exuberance, style

AS_OF = "2026-10-31"


def path(months: int, gain: float, drawdown: float = -10.0) -> pd.DataFrame:
    count = np.arange(-3, months + 1)
    return pd.DataFrame(
        {"month": pd.period_range("2000-01", periods=len(count), freq="M"), "months": count,
         "value": np.where(count < 0, 90.0, 100 + gain * count / max(months, 1)), "drawdown": drawdown}
    )  # fmt: skip


def notes(axes: Axes) -> style.Notes:
    axes.figure.draw_without_rendering()
    found = style.notes(axes.figure)
    assert len(found.alt) >= 30
    # The narrow space before a per cent sign is hard to type.
    return replace(found, title=found.title.replace("\N{NARROW NO-BREAK SPACE}", " "))


def draw(then: pd.DataFrame, now: pd.DataFrame) -> style.Notes:
    return notes(
        charts.event_paths(then, now, as_of=AS_OF, subject="The index", names=("then", "now"), unit="index", source="s")
    )


def test_event_paths_compare_at_the_same_age() -> None:
    found = draw(path(40, 80.0), path(20, 50.0))
    assert found.title.startswith("The index rose 50 % in 20 months; at that age the boom of then rose 40 %")
    assert "20 months before its high" in found.title
    assert set(found.data["boom"]) == {"then", "now"}


def test_event_paths_without_the_other_boom() -> None:
    assert "not known at the same age" in draw(path(5, 10.0), path(20, -50.0)).title
    assert "fell 50 %" in draw(path(5, 10.0), path(20, -50.0)).title
    assert "has no month yet" in draw(path(40, 80.0), path(20, 1.0).iloc[:0]).title


def sequence(length: int = 60) -> pd.DataFrame:
    months = pd.date_range("2000-01-31", periods=length, freq="ME")
    rules = dict.fromkeys(exuberance.RULE_NAMES, 1.0)
    return pd.DataFrame(
        {"month": months, "value": np.linspace(1, 9, length), "bsadf": np.linspace(-1, 3, length), **rules}
    )


def episodes(*rules: str, direction: str = "rise") -> pd.DataFrame:
    first, last = pd.Period("2001-01", "M"), pd.Period("2001-12", "M")
    return pd.DataFrame(
        [{"series": "S", "rule": r, "start": first, "peak": last, "end": last, "direction": direction} for r in rules],
        columns=["series", "rule", "start", "peak", "end", "direction"],
    )


@pytest.mark.parametrize(("gsadf", "word"), [(3.0, "rejects a random walk"), (1.0, "does not reject")])
def test_exuberance_says_what_the_test_says(gsadf: float, word: str) -> None:
    axes = exuberance.exuberance(
        sequence(), episodes("pointwise", direction="fall"), as_of=AS_OF, subject="S", rule="psy", gsadf=gsadf,
        critical=2.0, p_value=0.01, lags=0, draws=100, source="s",
    )  # fmt: skip
    found = notes(axes)
    assert word in found.title
    assert "December 2004" in found.title
    assert found.subtitle.endswith("Episodes by the rule PSY: 0; pointwise: 1")


@pytest.mark.parametrize("rules", [(), ("pointwise", "psy")])
def test_episodes_by_rule_count(rules: tuple[str, ...]) -> None:
    axes = exuberance.episodes_by_rule(
        episodes(*rules), as_of=AS_OF, series=["S", "T"], first="2000-01", last="2004-12", source="s"
    )
    assert f"{len(rules) // 2} episodes pointwise, {len(rules) // 2} by PSY" in notes(axes).title


def test_statistics_name_what_is_rejected() -> None:
    table = pd.DataFrame(
        {"series": ["A", "B"], "row": ["A", "B"], "gsadf": [3.0, 1.0], "critical": 2.0, "error": 0.1, "p_value": 0.02}
    )
    options = {"label": "row", "subject": "x", "source": "s", "rule": "pointwise", "as_of": AS_OF}
    assert notes(exuberance.statistics(table, **options)).subtitle.endswith("Rule of dating: pointwise")
    assert notes(exuberance.statistics(table, **options)).title == "The random walk is rejected for 1 of 2: A."
    none = table.assign(critical=9.0)
    assert notes(exuberance.statistics(none, **options)).title == "The random walk is rejected for none of 2."
    many = notes(exuberance.statistics(table.assign(series="A"), **options)).title
    assert many.endswith("rejected for A at 1 of 2 choices.")


def test_investment_share_with_and_without_breaks() -> None:
    quarters = pd.date_range("1990-03-31", periods=80, freq="QE")
    share = pd.DataFrame({"quarter": quarters, "share": np.linspace(3, 5, 80)}, index=[f"t/{i}" for i in range(80)])
    columns = ["place", "date", "low", "high"]
    period = pd.Period("2000Q1", "Q")
    one = pd.DataFrame([[40, period, None, period]], columns=columns)
    for breaks, count in ((one, 1), (one.iloc[:0], 0)):
        axes = charts.investment_share(share, share["share"], breaks, as_of=AS_OF)
        assert f"broke {count} times" in notes(axes).title


def test_capex_names_who_is_above_then() -> None:
    table = pd.DataFrame(
        [
            ("then", "SBC", "SBC Communications", 2000, 93.0), ("now", "ORCL", "ORCL", 2026, 161.0),
            ("now", "MSFT", "MSFT", 2026, 60.0),
        ],
        columns=["era", "ticker", "company", "year", "ratio"],
    )  # fmt: skip
    found = notes(charts.capex_then_and_now(table, as_of=AS_OF))
    assert "93 % of its cash flow (SBC Communications, 2000); above that now: Oracle." in found.title
    assert "not known" in notes(charts.capex_then_and_now(table[table["era"] == "now"], as_of=AS_OF)).title


def test_profiles() -> None:
    profile = pd.DataFrame({"tc_days": [0.0, 50.0, 100.0], "distance": [9.0, 0.0, 2.0], "distance_if_independent": 1.0})
    fits = pd.DataFrame({"boom": ["now"], "identified": ["no"]})
    options = {"as_of": AS_OF, "source": "s"}
    assert "dates no end" in notes(charts.profiles(charts.profile_frame({"now": profile}), fits, **options)).title
    dated = charts.profiles(charts.profile_frame({"now": profile}), fits.assign(identified="yes"), **options)
    assert "1 of 1 booms" in notes(dated).title
    assert "enough months" in notes(charts.profiles(charts.profile_frame({}), fits.iloc[:0], **options)).title
