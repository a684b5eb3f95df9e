"""Pictures of capex: titles follow the data, alt texts carry numbers, unknown figures are said to be unknown."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from helpers.charts import ai_returns, capex_panel, regressions, style

DAY = "2026-10-31"


def notes(axes: Axes) -> style.Notes:
    """Draw the figure, as showing it would, and return its texts."""
    figure = axes.get_figure(root=True)
    figure.draw_without_rendering()
    found = style.notes(figure)
    assert len(found.alt) >= 30
    assert re.search(r"\d", found.alt)
    assert found.as_of == DAY
    assert not found.data.empty
    return found


def shares(**last: float) -> pd.DataFrame:
    days = pd.date_range("2016-03-31", periods=30, freq="QE")
    return pd.concat(
        pd.DataFrame({"ticker": name, "period_end": days, "share": np.linspace(10, value, 30)})
        for name, value in last.items()
    )


def test_spending_names_the_top_and_what_is_off_the_scale() -> None:
    axes = capex_panel.spending(shares(AMZN=40.0, MSFT=5.0, CRWV=300.0), as_of=DAY)
    found = notes(axes)
    assert found.title.startswith("Amazon spends 40")
    assert "1 of 2 firms spend a larger share" in found.title
    assert "CoreWeave 300" in found.subtitle
    assert len(axes.lines) == 2


def test_then_is_grey_and_holes_stay_holes() -> None:
    table = pd.DataFrame(
        {
            "era": ["then"] * 3 + ["now"] * 2, "ticker": ["INTC"] * 3 + ["META"] * 2,
            "company": ["Intel"] * 3 + ["Meta"] * 2, "year": [1999, 2000, 2001, 2024, 2025],
            "share": [12.0, np.nan, 28.0, 22.0, 35.0],
        }
    )  # fmt: skip
    axes = capex_panel.then_and_now(table, as_of=DAY, then=["INTC"], now=["META"])
    found = notes(axes)
    assert "28" in found.title
    assert "Intel, 2001" in found.title
    assert "Meta, 2025" in found.title
    assert {to_hex(patch.get_facecolor()) for patch in axes.patches} == {style.THEN.lower()}
    assert [text.get_text() for text in axes.texts] == ["?"]


def estimates(p: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "error": ["iid", "crv1", "wild"], "coefficient": -0.5, "low": [-0.7, -1.1, -np.inf],
            "high": [-0.3, 0.1, 0.4], "p_value": p, "firms": 7, "quarters": 42,
        }
    )  # fmt: skip


@pytest.mark.parametrize(("p", "count"), [([0.0001, 0.08, 0.2], 1), ([0.001, 0.01, 0.04], 3), ([0.2, 0.3, 0.4], 0)])
def test_errors_are_counted_in_the_title(p: list[float], count: int) -> None:
    names = {"iid": "classical", "crv1": "clustered", "wild": "wild"}
    found = notes(regressions.errors_side_by_side(estimates(p), names, what="margin", as_of=DAY))
    assert f"3 errors: {count} of them" in found.title
    assert "\N{MINUS SIGN}0.50" in found.title


def horizons(low: float, high: float, before: float = -1.0) -> pd.DataFrame:
    steps = [-3, -2, 0, 1]
    return pd.DataFrame(
        {
            "horizon": steps, "coefficient": (low + high) / 2, "low": low, "high": high,
            "band_low": [before, before, low, low], "band_high": [1.0, 1.0, high, high],
            "placebo": [True, True, False, False],
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (horizons(-1, 1), "no quarter differs from zero once all are judged together; the placebo is clean"),
        (horizons(0.2, 1), "2 of 2 quarters differ from zero"),
        (horizons(-1, 1, before=0.1), "the placebo is not clean"),
    ],
)
def test_response_is_read_by_its_bands(table: pd.DataFrame, words: str) -> None:
    without = pd.DataFrame({"left_out": ["AMZN"] * 2, "horizon": [0, 1], "coefficient": [0.1, 0.2]})
    assert words in notes(regressions.response(table, without, what="margin", unit="points", as_of=DAY)).title


def test_specification_curve_tells_the_shares_by_outcome() -> None:
    table = pd.DataFrame(
        {
            "place": range(4), "outcome": ["revenue_growth"] * 2 + ["fcf_margin"] * 2,
            "coefficient": [-0.1, 0.2, -0.9, -0.8], "low": [-0.3, 0.0, -1.0, -0.9], "high": [0.1, 0.4, -0.8, -0.7],
            "p_value": [0.3, 0.2, 0.01, 0.01], "lag": [1, 4, 1, 4],
        }
    )  # fmt: skip
    grid = {"lag": (("1", "lag of 1 quarter"), ("4", "lag of 4 quarters"))}
    found = notes(regressions.specification_curve(table, grid, as_of=DAY))
    assert found.title == "Of 4 ways to ask, 50 % find more revenue growth, 0 % find more FCF margin"
    assert "2 have p below 0.05" in found.alt


def test_power_names_the_smallest_and_the_largest() -> None:
    curve = pd.DataFrame({"effect": [0.0, 1.0, 2.0], "power": [0.05, 0.8, 1.0]})
    found = notes(
        regressions.power({"growth": curve, "margin": curve}, {"growth": 2.0, "margin": 1.0}, wanted=0.8, as_of=DAY)
    )
    assert "1.00 points (margin) to 2.00 points (growth)" in found.title


def ways(*values: tuple[float, bool]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "numerator": [f"way {place}" for place in range(len(values))], "denominator": "all capex",
            "revenue": 1000.0, "capex": 4000.0, "ratio": [value for value, _ in values], "to": "2026Q1",
            "deciding": [deciding for _, deciding in values], "rows": [()] * len(values),
        }
    )  # fmt: skip


def test_ratios_in_cents_and_without_a_deciding_one() -> None:
    axes = ai_returns.ratios(ways((0.26, True), (0.1, False)), low=0.25, high=0.75, as_of=DAY)
    assert "26 cents" in notes(axes).title
    found = notes(ai_returns.ratios(ways((np.nan, True), (0.1, False)), low=0.25, high=0.75, as_of=DAY))
    assert "not known" in found.title
    found = notes(ai_returns.ratios(ways((np.nan, True)), low=0.25, high=0.75, as_of=DAY))
    assert "this was not known" in found.title


def test_money_inside_the_axes_is_not_mathematics() -> None:
    axes = ai_returns.ratios(ways((0.26, True)), low=0.25, high=0.75, as_of=DAY)
    assert any(r"(\$1bn of \$4bn)" in text.get_text() for text in axes.texts)


def test_depreciation_peaks_and_an_empty_schedule() -> None:
    quarters = pd.date_range("2025-12-31", periods=3, freq="QE")
    table = pd.DataFrame(
        {
            "quarter": list(quarters) * 2, "life": [3.0] * 3 + [6.0] * 3,
            "depreciation": [10e3, 20e3, 5e3, 8e3, 9e3, 8e3],
            "reported": [9e3, np.nan, np.nan] * 2, "projected": [False, True, True] * 2,
        }
    )  # fmt: skip
    found = notes(ai_returns.depreciation(table, firms="two firms", as_of=DAY))
    assert "peak of $9bn to $20bn" in found.title
    assert "over 3 years $25bn" in found.alt
    empty = table.assign(depreciation=np.nan)
    assert "not known" in notes(ai_returns.depreciation(empty, firms="two firms", as_of=DAY)).title


def test_beyond_the_usual_adds_up_and_says_when_there_is_nothing() -> None:
    table = pd.DataFrame({"ticker": ["AMZN", "AAPL"], "surprise": [2e3, -1e3], "path": [9e3, -2e3], "quarters": 4})
    found = notes(ai_returns.beyond_the_usual(table, as_of=DAY, learnt_to="2022Q4"))
    assert found.title.startswith("$7bn more than the habits of before would have spent, $1bn")
    nothing = ai_returns.beyond_the_usual(table.head(0), as_of=DAY, learnt_to="2022Q4")
    assert "this was not known" in notes(nothing).title


@pytest.mark.parametrize("draw", ["spending", "errors", "ratios"])
def test_text_is_large_enough(draw: str) -> None:
    axes = {
        "spending": lambda: capex_panel.spending(shares(AMZN=40.0, MSFT=5.0), as_of=DAY),
        "errors": lambda: regressions.errors_side_by_side(
            estimates([0.1, 0.2, 0.3]), {"iid": "a", "crv1": "b", "wild": "c"}, what="margin", as_of=DAY
        ),
        "ratios": lambda: ai_returns.ratios(ways((0.26, True)), low=0.25, high=0.75, as_of=DAY),
    }[draw]()
    labels = [*axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels(), axes.xaxis.label]
    assert min(label.get_fontsize() for label in labels) >= 9
