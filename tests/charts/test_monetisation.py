"""The pictures and panels of notebook 06: titles say what the frames say, no text is cut off, no widget leaks."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from helpers import journal, tables
from helpers.analysis import ai_revenue_disclosure as disclosed
from helpers.analysis import monetisation, monetisation_claims, premium_bundles, required_revenue, usage_billing
from helpers.analysis import sector_specialisation as sectors
from helpers.charts import monetisation as draw
from helpers.charts import monetisation_ways as draw_ways
from helpers.charts import required_revenue as draw_needs
from helpers.charts import style
from helpers.charts.monetisation_panels import Panel, Slider
from tests.charts.test_chatgpt_revenue import boxes

NOW, ARTICLE, EARLY = "2026-10-31", "2025-09-05", "2023-02-01"


@cache
def load(name, day):
    return tables.load(name, as_of=day)


@cache
def statements(day):
    return disclosed.statements(load("vendor_metrics", day))


@cache
def ratio(day):
    years = disclosed.by_year(disclosed.against_capex(load("cash_flows", day), statements(day)))
    claimed = years[years["numerator"] == disclosed.DECIDING[0]]
    return draw.ratio_by_year(claimed, low=5.0, high=25.0, as_of=day)


@cache
def timeline(day):
    return draw.disclosure_timeline(statements(day), list(disclosed.VENDORS), as_of=day)


@cache
def shares(day):
    frame = disclosed.share_of_revenue(load("cash_flows", day), statements(day))
    silent = [name for name in monetisation_claims.ENTITIES if name not in set(frame["vendor"])]
    return draw.share_of_revenue(frame, silent, low=5.0, high=10.0, as_of=day)


@cache
def token_frames(day):
    prices = usage_billing.token_prices(load("ai_prices", day), 0.75)
    return prices, usage_billing.yearly_changes(prices), usage_billing.same_model_changes(prices)


@cache
def prices(day):
    return draw_ways.token_prices(*token_frames(day)[:2], as_of=day)


@cache
def changes(day):
    return draw_ways.yearly_changes(*token_frames(day)[1:], as_of=day)


@cache
def adoption(day):
    return draw_ways.adoption(load("ai_usage", day), as_of=day)


@cache
def cuts(day):
    curves = usage_billing.cut_curves(np.linspace(0, 4, 81), 0.6)
    return draw_ways.price_cuts(curves, elasticity=1.0, cost_percent=60, as_of=day)


@cache
def equipment(day):
    return premium_bundles.ai_depreciation(load("cash_flows", day), "MSFT", {"low": 3.0, "mode": 5.0, "high": 6.0})


@cache
def bundle(day):
    costs = equipment(day)
    sold = premium_bundles.Bundle(450, 0.05, 30, float(costs["usd_m"]["mode"]))
    lines = premium_bundles.iso_cost_lines(sold, costs, np.linspace(0.5, 100, 300))
    needed = (sold.attach_needed_percent, sold.price_needed)
    return draw_needs.bundle(
        lines, attach_percent=5.0, price_usd=30, needed=needed, seats="450 million seats", as_of=day
    )


@cache
def specialised(day):
    curve = sectors.seats_curve(float(equipment(day)["usd_m"]["mode"]), 30, np.linspace(1, 10, 46))
    marks = premium_bundles.copilot_seats(load("vendor_metrics", day)).tail(1).assign(label="Copilot seats")
    return draw_needs.specialised(curve, marks, premium=3, as_of=day)


@cache
def surface(day):
    found = [required_revenue.year_costs(load("vendor_metrics", day), name) for name in required_revenue.MODEL_MAKERS]
    makers = [cost for cost in found if cost is not None]
    grid = required_revenue.coverage_surface(makers, np.geomspace(3, 300, 30), np.geomspace(2, 1000, 30))
    return draw_needs.break_even(grid, required_revenue.summary(makers), as_of=day)


@cache
def firms(day):
    return required_revenue.margins(load("cash_flows", day))


@cache
def margins(day):
    restored = required_revenue.restored(firms(day), 0.6, 1000.0)
    return draw.margins_to_restore(restored, users="ChatGPT's weekly users", as_of=day)


@cache
def simulated(day):
    return monetisation.simulate(firms(day), tables.load("assumptions"), 5000, 1)


@cache
def distribution(day):
    return draw.needed_a_payer(simulated(day), monetisation.quantiles(simulated(day)), as_of=day)


@cache
def tornado(day):
    return draw.tornado(monetisation.tornado(firms(day), tables.load("assumptions"), simulated(day)), as_of=day)


PICTURES = [
    ratio, timeline, shares, prices, changes, adoption, cuts, bundle, specialised, surface, margins, distribution,
    tornado,
]  # fmt: skip


@pytest.mark.parametrize("day", [NOW, ARTICLE, EARLY])
@pytest.mark.parametrize("picture", PICTURES)
def test_no_text_is_cut_off_or_written_over(picture, day):
    axes = picture(day)
    words = boxes(axes)
    width, height = axes.figure.bbox.width, axes.figure.bbox.height
    for text, box in words:
        assert min(box.x0, box.y0, width - box.x1, height - box.y1) >= 0, text
    assert not [(a, b) for (a, one), (b, two) in combinations(words, 2) if one.overlaps(two)]


@pytest.mark.parametrize("day", [NOW, ARTICLE, EARLY])
@pytest.mark.parametrize("picture", PICTURES)
def test_every_picture_says_what_it_is(picture, day):
    notes = style.notes(picture(day).figure)
    assert len(notes.alt) >= 30
    assert any(digit in notes.alt for digit in "0123456789")
    assert len(notes.data) > 0
    assert "nan" not in notes.title + notes.alt


def title(axes):
    return style.notes(axes.figure).title.replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_titles_now():
    assert "In 2026 so far AI revenue was 12 % to 73 % of AI capex" in title(ratio(NOW))
    assert title(timeline(NOW)).startswith("4 of 6")
    assert "Microsoft 11 % of its revenue; 2 of the four say nothing" in title(shares(NOW))
    assert "did not clearly fall" in title(prices(NOW))
    assert "grew 330-fold since May 2024" in title(adoption(NOW))
    assert "10 % off pays from 2.7; 25 % off pays from 3.4; 50 % off sells below cost" in title(cuts(NOW))
    assert "At $30 it takes 15 % of the seats" in title(bundle(NOW))
    assert "23 million seats would cover the equipment; today's largest count is 20 million" in title(specialised(NOW))
    assert "its costs of 2025 took $57" in title(surface(NOW))
    assert "$593bn more AI revenue a year, $49 a user a month" in title(margins(NOW))


def test_titles_at_the_articles_date():
    assert "In 2025 so far AI revenue was 3 % to 23 %" in title(ratio(ARTICLE))
    assert title(timeline(ARTICLE)).startswith("2 of 6")
    assert "was not known" in title(shares(ARTICLE))
    assert "costs of 2024 took $36" in title(surface(ARTICLE))


def test_a_clear_fall_is_called_a_fall():
    days = pd.date_range("2023-01-01", periods=12, freq="60D")
    table = pd.DataFrame({"date": days, "provider": "OpenAI", "product": [f"m{place}" for place in range(12)],
                          "input": 1.0, "output": 1.0, "rows": "a;b",
                          "blended": [10 * 0.8**place * (1 + 0.02 * (place % 3)) for place in range(12)]})  # fmt: skip
    line = usage_billing.yearly_changes(table)
    assert " fell: " in title(draw_ways.token_prices(table, line, as_of=NOW))
    assert "1 of 1 trends" in title(draw_ways.yearly_changes(line, table.head(0).assign(change=1.0), as_of=NOW))


def test_thresholds_are_drawn():
    heights = {float(line.get_ydata()[0]) for line in ratio(NOW).get_lines() if line.get_linestyle() == "--"}
    assert heights == {5.0, 25.0}


class TestPanel:
    """Sliders for JupyterLab, one line of text everywhere else."""

    @pytest.fixture
    def panel(self):
        sliders = {"cut": Slider("Cut", 0.25, 0.0, 0.9, 0.05), "elasticity": Slider("Elasticity", 9.0, 0.0, 4.0, 0.1)}
        return Panel(sliders, lambda cut, elasticity: usage_billing.cut_in_words(cut, elasticity, 0.6))

    def test_text_says_start_and_answer(self, panel):
        assert "Cut 0.25, Elasticity 4." in panel.text  # a start beyond the end is moved inside
        assert "A cut of 25" in panel.text

    def test_the_answer_follows_the_sliders(self, panel):
        box = panel.widget()
        cut, elasticity, said = box.children
        assert said.value == usage_billing.cut_in_words(0.25, 4.0, 0.6)
        cut.value, elasticity.value = 0.1, 2.0
        assert said.value == usage_billing.cut_in_words(0.1, 2.0, 0.6)

    def test_a_picture_follows_too(self):
        shown = []

        def picture(percent):
            shown.append(percent)
            axes = style.canvas(height=1)[1]
            axes.plot([0, percent])
            return axes

        panel = Panel({"percent": Slider("Per cent", 5, 0, 10, 1)}, lambda percent: f"{percent}", picture)
        slider, _, image = panel.widget().children
        first = image.value
        slider.value = 7
        assert shown == [5, 7]
        assert image.value[:4] == first[:4] == b"\x89PNG"
        assert image.value != first

    def test_jupyterlab_gets_a_widget(self, panel, monkeypatch):
        monkeypatch.delenv(journal.VARIABLE, raising=False)
        shown = panel._repr_mimebundle_()
        assert "application/vnd.jupyter.widget-view+json" in shown
        assert shown["text/plain"] == panel.text

    def test_the_pipeline_gets_text_and_no_widget(self, panel, monkeypatch):
        import ipywidgets

        monkeypatch.setenv(journal.VARIABLE, "somewhere")
        before = len(ipywidgets.widgets.widget._instances)
        assert panel._repr_mimebundle_() == {"text/plain": panel.text}
        assert len(ipywidgets.widgets.widget._instances) == before
