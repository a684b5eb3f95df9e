"""The pictures of notebook 02: their titles say what the frames say, and no text is cut off or written over."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from helpers import tables
from helpers.analysis import adoption, break_even, chatgpt_revenue, conversion, uncertainty
from helpers.analysis import vendor_metrics as vendor
from helpers.charts import adoption as draw_adoption
from helpers.charts import break_even as draw_break_even
from helpers.charts import chatgpt_revenue as draw
from helpers.charts import conversion as draw_conversion
from helpers.charts import style
from helpers.charts import uncertainty as draw_uncertainty
from tests.analysis.test_chatgpt_revenue import ESTIMATE

NOW, ARTICLE, EARLY = "2026-10-31", "2025-09-05", "2023-06-30"


@cache
def tree(day):
    return draw.revenue_tree(chatgpt_revenue.revenue_tree(ESTIMATE), as_of=day)


@cache
def later(day):
    metrics = tables.load("vendor_metrics", as_of=day)
    rates, booked = chatgpt_revenue.run_rates(metrics), chatgpt_revenue.booked_revenue(metrics)
    states = chatgpt_revenue.subscription_states(metrics, ESTIMATE)
    return draw.reported_later(rates, booked, states, estimate_usd_m=2700, as_of=day)


@cache
def growth(day):
    metrics = tables.load("vendor_metrics", as_of=day)
    states = chatgpt_revenue.subscription_states(metrics, ESTIMATE)
    return draw.growth_split(chatgpt_revenue.growth_splits(states, metrics), as_of=day)


@cache
def distribution(day):
    simulated = uncertainty.simulate(tables.load("assumptions"), ESTIMATE, 5000, 1)
    return draw_uncertainty.distribution(simulated, uncertainty.quantiles(simulated), claim_usd_m=2400, as_of=day)


@cache
def tornado(day):
    return draw_uncertainty.tornado(uncertainty.tornado(tables.load("assumptions"), ESTIMATE), as_of=day)


@cache
def shares(day):
    ratios = conversion.chatgpt_ratios(tables.load("vendor_metrics", as_of=day))
    rates = conversion.comparison(tables.load("conversion_benchmarks", as_of=day), ratios)
    return draw_conversion.by_denominator(rates, claim_percent=3, as_of=day)


@cache
def costs(day):
    metrics = tables.load("vendor_metrics", as_of=day)
    found = [break_even.break_even(metrics, ESTIMATE, year) for year in (2024, 2025)]
    answers = [answer for answer in found if answer is not None]
    lines = break_even.iso_cost_lines(answers, np.linspace(1, 40, 200))
    return draw_break_even.iso_cost(lines, break_even.summary(answers), as_of=day)


@cache
def forecast(day):
    rows = vendor.select(tables.load("vendor_metrics"), "weekly_active_users_m")
    tested = adoption.hold_out(rows, min(day, ARTICLE))
    return draw_adoption.forecast_test(
        tested.paths, tested.known, tested.later, tested.errors, fitted_on=tested.fitted_on, as_of=tested.seen_on
    )


PICTURES = [tree, later, growth, distribution, tornado, shares, costs, forecast]


def out_of_view(figure):
    """Return tick labels beyond the axis limits: matplotlib keeps them and does not draw them."""
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            room = 1e-6 * (high - low)
            ticks = axis.get_major_ticks()
            hidden |= {id(tick.label1) for tick in ticks if not low - room <= tick.get_loc() <= high + room}
    return hidden


def boxes(axes):
    """Return the words on a figure with their boxes in pixels, shrunk by a pixel against rounding."""
    figure = axes.figure
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    hidden = out_of_view(figure)
    shown = [item for item in figure.findobj(Text) if item.get_visible() and item.get_text().strip()]
    found = [(item.get_text(), item.get_window_extent(renderer)) for item in shown if id(item) not in hidden]
    return [(words, box.padded(-1)) for words, box in found if box.width > 3 and box.height > 3]


@pytest.mark.parametrize("day", [NOW, ARTICLE, EARLY])
@pytest.mark.parametrize("picture", PICTURES)
def test_no_text_is_cut_off_or_written_over(picture, day):
    axes = picture(day)
    words = boxes(axes)
    width, height = axes.figure.bbox.width, axes.figure.bbox.height
    for text, box in words:
        assert min(box.x0, box.y0, width - box.x1, height - box.y1) >= 0, text
    collisions = [(a, b) for (a, one), (b, two) in combinations(words, 2) if one.overlaps(two)]
    assert not collisions


@pytest.mark.parametrize("day", [NOW, ARTICLE, EARLY])
@pytest.mark.parametrize("picture", PICTURES)
def test_every_picture_says_what_it_is(picture, day):
    notes = style.notes(picture(day).figure)
    assert notes.title[-1] != "."
    assert len(notes.data) > 0
    assert any(digit in notes.alt for digit in "0123456789")


def title(axes):
    return style.notes(axes.figure).title


def test_titles_now():
    assert "subscribers at $20 a month carry the estimate: paid access is $2.7bn of $3.7bn" in title(tree(NOW))
    assert "in December 2024; in September 2026 it was put at $50bn to $70bn" in title(later(NOW))
    assert "more users (+$7.0bn), not a larger share who pay (nothing)" in title(growth(NOW))
    assert "2025 took $86 a month, or 15" in title(costs(NOW))
    assert "every curve saw too many users for September 2026" in title(forecast(NOW))


def test_titles_at_the_articles_date():
    assert "in August 2025 it was put at $12bn to $13bn" in title(later(ARTICLE))
    assert "(\N{MINUS SIGN}$773m)" in title(growth(ARTICLE))
    assert "2024 was expected to take $62 a month" in title(costs(ARTICLE))
    assert "2.9" in title(shares(ARTICLE))


def test_titles_before_anything_was_known():
    assert "had not passed" in title(later(EARLY))
    assert "not known" in title(growth(EARLY))
    assert "not known" in title(costs(EARLY))
    assert "No paying share of ChatGPT" in title(shares(EARLY))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"users": 50, "conversion": 40, "price": 10}, "$100m of growth: users +$50m, a larger share who pay +$40m"),
        ({"users": 98, "conversion": 1, "price": 1}, "not a larger share who pay (nothing)"),
        ({"users": 120, "conversion": -30, "price": 10}, "not a larger share who pay (\N{MINUS SIGN}$30m)"),
        (
            {"users": -50, "conversion": 140, "price": 10},
            "changed by $100m: users \N{MINUS SIGN}$50m, conversion +$140m",
        ),
        ({"users": -50, "conversion": -30, "price": -20}, "changed by \N{MINUS SIGN}$100m"),
    ],
)
def test_the_split_says_where_growth_came_from(parts, expected):
    ends = {"start_usd_m": 200.0, "end_usd_m": 200.0 + sum(parts.values())}
    dates = {"start_date": pd.Timestamp("2024-09-27"), "end_date": pd.Timestamp("2025-10-14")}
    splits = pd.DataFrame([{**parts, **ends, **dates, "bound": "", "rows": ""}], index=["as said"])
    assert expected in title(draw.growth_split(splits, as_of=NOW))


def test_a_negative_contribution_is_hatched():
    bars = growth(ARTICLE).patches
    hatched = [bar for bar in bars if bar.get_hatch()]
    assert len(hatched) == 1
    assert hatched[0].get_height() == pytest.approx(0.7726, abs=1e-3)


def test_the_bars_of_the_split_end_where_the_next_begins():
    bars = growth(NOW).patches
    start, end, users, payers, price = bars[:5]
    assert users.get_y() == pytest.approx(start.get_height())
    assert users.get_y() + users.get_height() == pytest.approx(payers.get_y())
    # Price fell: its bar hangs from the top of users and ends at the last total.
    assert price.get_y() == pytest.approx(end.get_height())


def test_years_before_the_product_are_not_drawn():
    data = style.notes(later(NOW).figure).data
    assert data.loc[data["series"] == "booked year", "date"].dt.year.tolist() == [2024, 2025]


def test_only_chatgpt_stands_out_among_the_shares():
    axes = shares(NOW)
    diamonds = [line for line in axes.lines if line.get_marker() == "D"]
    assert len(diamonds) == len(conversion.chatgpt_ratios(tables.load("vendor_metrics", as_of=NOW)))
    assert {line.get_color() for line in diamonds} == {style.COLOURS["OpenAI"]}


def test_the_forecast_splits_observations_by_what_was_known():
    data = style.notes(forecast(ARTICLE).figure).data
    assert (data["curve"] == "observed, fitted").sum() == 7
    assert (data["curve"] == "observed, held back").sum() == 6


def test_a_dollar_is_never_mathematics():
    for picture in PICTURES:
        for words, _ in boxes(picture(NOW)):
            assert words.count("$") == words.count(r"\$"), words
