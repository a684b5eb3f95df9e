"""The pictures of notebook 07: their titles say what the frames say, at any date, and hide nothing."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from helpers import tables
from helpers.analysis import awards, docket, exposure, filings_trend, litigation, time_to_outcome
from helpers.charts import litigation as draw
from helpers.charts import litigation_money as draw_money
from helpers.charts import style

NOW, ARTICLE, EARLY, EMPTY = "2026-10-31", "2025-09-05", "2023-02-10", "2019-01-01"
DAYS = (NOW, ARTICLE, EARLY, EMPTY)


@cache
def parts(day):
    cases = tables.load("litigation", as_of=day)
    exposed = litigation.expose(cases, tables.load("statutory_damages"), tables.load("assumptions"), 2**12, 1)
    return cases, docket.lawsuits(cases), exposed


@cache
def scale(day):
    cases, _, exposed = parts(day)
    return draw_money.scale(litigation.scale(cases, exposed, tables.load("cash_flows", as_of=day)), as_of=day)


@cache
def filings(day):
    cases, _, _ = parts(day)
    quarters = filings_trend.filings_by_quarter(cases, day)
    band, growth = filings_trend.for_drawing(filings_trend.trends(quarters).get("filings"))
    return draw.filings(quarters, band, growth, undated=len(docket.without_filing_day(cases)), as_of=day)


@cache
def outside(day):
    return draw.outside_counts(filings_trend.against_outside_counts(parts(day)[0], day), as_of=day)


@cache
def who(day):
    suits = parts(day)[1]
    return draw.who_sues_whom(docket.who_sues_whom(suits), suits=len(suits), as_of=day)


@cache
def survival(day):
    lasted = time_to_outcome.durations(parts(day)[0], day)
    watched = time_to_outcome.summary(lasted)["watched_days"].to_dict()
    return draw.survival(time_to_outcome.curves(lasted), lasted, watched, as_of=day)


@cache
def by_defendant(day):
    exposed = parts(day)[2]
    return draw_money.exposure_by_defendant(exposure.by_defendant(exposed.suits, exposed.simulated), as_of=day)


@cache
def tornado(day):
    exposed = parts(day)[2]
    bars = exposure.tornado(exposed.suits, tables.load("assumptions"), exposed.assumptions)
    return draw_money.tornado(bars, as_of=day)


@cache
def paid(day):
    return draw_money.announced_and_paid(awards.stages(tables.load("litigation_benchmarks", as_of=day)), as_of=day)


FIGURES = (scale, filings, outside, who, survival, by_defendant, tornado, paid)


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("figure", FIGURES, ids=lambda function: function.__name__)
def test_every_figure_says_what_it_shows(figure, day):
    notes = style.notes(figure(day).figure)
    assert len(notes.alt) >= 30
    assert notes.as_of == day
    assert not notes.data.empty
    assert "nan" not in (notes.title + notes.alt).lower()
    if day in (NOW, ARTICLE):
        assert any(sign.isdigit() for sign in notes.alt)
        assert "was not known" not in notes.title


def never_drawn(axes):
    """Return the labels of ticks beyond the axis."""
    low, high = axes.get_xlim()
    return {tick.label1 for tick in axes.xaxis.get_major_ticks() if not low <= tick.get_loc() <= high}


@pytest.mark.parametrize("day", [NOW, ARTICLE])
@pytest.mark.parametrize("figure", FIGURES, ids=lambda function: function.__name__)
def test_no_text_is_cut_off_or_too_small(figure, day):
    canvas = figure(day).figure
    canvas.canvas.draw()
    frame, beyond = canvas.bbox, never_drawn(figure(day))
    for text in canvas.findobj(Text):
        if not text.get_visible() or not text.get_text().strip() or text in beyond:
            continue
        assert text.get_size() >= 9
        box = text.get_window_extent()
        # Hinting makes drawn text a little wider than measured: two points are not a cut.
        assert box.x0 >= frame.x0 - 2, text.get_text()
        assert box.x1 <= frame.x1 + 2, text.get_text()


@pytest.mark.parametrize("figure", [by_defendant, paid], ids=lambda function: function.__name__)
@pytest.mark.parametrize("day", [NOW, ARTICLE])
def test_the_legend_hides_no_mark(figure, day):
    axes = figure(day)
    axes.figure.canvas.draw()
    legend = axes.get_legend().get_window_extent()
    for line in axes.lines:
        for x, y in axes.transData.transform(line.get_xydata()):
            assert not legend.contains(x, y)


def test_titles_follow_the_data():
    assert "No trend can be told" in style.notes(filings(ARTICLE).figure).title
    assert style.notes(filings(NOW).figure).title.startswith("Filings grow by 48")
    assert "too few" in style.notes(filings(EARLY).figure).title
    assert style.notes(by_defendant(NOW).figure).title.startswith("Google carries")
    assert style.notes(by_defendant(ARTICLE).figure).title.startswith("Stability AI carries")
    assert style.notes(who(NOW).figure).title.startswith("OpenAI is sued most, in 33 of 129 suits")
    assert style.notes(paid(NOW).figure).title.startswith("5 of 9 large claims ended in nothing")
    assert "52" in style.notes(outside(NOW).figure).title


def test_falling_filings_are_said_to_fall():
    quarters = pd.DataFrame(
        {"filings": [9, 5, 2], "copyright": [9, 5, 2], "complete": True},
        index=pd.DatetimeIndex(pd.date_range("2024-01-01", periods=3, freq="QS"), name="quarter"),
    )
    axes = draw.filings(quarters, None, (-40.0, -60.0, -10.0), undated=0, as_of=NOW)
    assert style.notes(axes.figure).title.startswith("Filings fall by 40")


def test_the_answer_quotes_the_simulation():
    notes = style.notes(scale(NOW).figure)
    high = parts(NOW)[2].total["p90"]
    assert f"${high / 1000:.1f}bn" in notes.title
    assert notes.data["kind"].tolist().count("simulated") == 4


def test_the_map_draws_every_count():
    matrix = docket.who_sues_whom(parts(NOW)[1])
    drawn = [text.get_text() for text in who(NOW).texts]
    assert sorted(drawn) == sorted(str(value) for value in matrix.to_numpy().ravel() if value)


def test_nothing_paid_is_drawn_as_nothing():
    axes = paid(NOW)
    axes.figure.canvas.draw()
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels[0] == "nothing"
    assert np.isclose(np.nanmin(np.concatenate([line.get_xdata() for line in axes.lines])), 1.0)
