"""Pictures of funding: titles that follow the data, alt text with the numbers, the data behind, and empty days."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg

from helpers import tables
from helpers.analysis import circular_deals as deals
from helpers.analysis import funding, promises
from helpers.analysis import listed_firms_financing as listed
from helpers.analysis import runway as lasting
from helpers.analysis import valuations as worth
from helpers.analysis.funding_rounds import count_rounds, raised_by_year
from helpers.charts import circular_deals as deal_charts
from helpers.charts import funding as charts
from helpers.charts import listed_firms_financing as listed_charts
from helpers.charts import style
from helpers.units import percent

ARTICLE, NOW, EARLY = "2025-09-05", "2026-10-31", "2019-12-31"
SPACE = "\N{NARROW NO-BREAK SPACE}"
FIRMS = ["OpenAI", "Anthropic", "Cohere"]


def pictures(day: str) -> dict[str, Axes]:
    """Draw every picture of a day."""
    counted = count_rounds(tables.load("funding_rounds", as_of=day))
    metrics = tables.load("vendor_metrics", as_of=day)
    commitments, cash_flows = tables.load("compute_commitments", as_of=day), tables.load("cash_flows", as_of=day)
    financing = tables.load("financing", as_of=day)
    valued, pair = worth.valuations(counted), FIRMS[:2]
    year = funding.last_whole_year(day)
    ratios = funding.ratios_of_year(funding.raised_against_revenue(counted, metrics, day), year)
    table = deals.count_deals(commitments)
    graph = deals.deal_graph(table)
    sums, around = deals.gross_and_net(graph), {firm for firms in deals.cycles(graph)["firms"] for firm in firms}
    revenue = promises.payer_revenue(metrics, cash_flows, list(table["payer"].unique()))
    flows = listed.sources_and_uses(financing, cash_flows)
    flows = flows.join(listed.capex_paid_from(flows))
    case = funding.anthropic_case(valued, metrics)
    return {
        "ratios": charts.raised_against_revenue(ratios, year=year, as_of=day),
        "instruments": charts.raised_by_instrument(raised_by_year(counted), companies=pair, as_of=day),
        "case": charts.valuation_steps(case, as_of=day),
        "multiples": charts.sales_multiples(worth.multiples(valued, metrics), companies=pair, as_of=day),
        "runways": charts.runways(lasting.runways(counted, metrics, FIRMS, day), as_of=day),
        "ring": deal_charts.ring(
            deals.edge_table(graph), as_of=day, in_cycles=around, circular=sums["circular"], gross=sums["gross"]
        ),
        "gross": deal_charts.gross_and_net(deals.gross_and_net_by_month(commitments, day), as_of=day),
        "promises": deal_charts.promises_over_revenue(promises.purchases_against_revenue(table, revenue), as_of=day),
        "capex": listed_charts.capex_paid_from(flows, as_of=day),
        "net_debt": listed_charts.net_debt(listed.net_debt(financing), as_of=day),
    }


@pytest.fixture(scope="module")
def drawn() -> dict[str, dict[str, Axes]]:
    return {day: pictures(day) for day in (ARTICLE, NOW, EARLY)}


def pixels(axes: Axes) -> np.ndarray:
    canvas = axes.get_figure(root=True).canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


@pytest.mark.parametrize("day", [ARTICLE, NOW, EARLY])
def test_every_picture_draws_and_tells_itself(drawn: dict, day: str) -> None:
    for name, axes in drawn[day].items():
        notes = style.notes(axes.get_figure(root=True))
        assert len(notes.alt) >= 30, name
        assert notes.title in notes.alt, name
        assert notes.as_of == day
        assert len(notes.data), name
        assert "rows" not in notes.data.columns
        for text in (notes.title, notes.subtitle, notes.alt):
            assert "nan" not in text.lower().split(), name
        # Something other than paper and letters is drawn.
        assert (pixels(axes) != 255).any(axis=-1).mean() > 0.005, name


@pytest.mark.parametrize(
    ("name", "day", "title"),
    [
        ("ratios", ARTICLE, "In 2024, 4 of 4 AI start-ups raised more than they took in."),
        ("ratios", EARLY, "Of 2018, no revenue of a start-up that raised money is known."),
        ("case", ARTICLE, f"Anthropic's Series F valued it at 2.98 times the round 6{SPACE}months before."),
        ("case", EARLY, "No step in Anthropic's value is known."),
        ("ring", ARTICLE, "Of $48bn promised by name nothing goes round: no chain of promises returns to its start."),
        ("gross", NOW, "Named promises add up to $1,840bn; $407bn of it can be taken out along cycles."),
        ("gross", ARTICLE, "Named promises add up to $48bn; none of it can be taken out along cycles."),
        ("promises", NOW, "OpenAI promised to buy 14.4 times what it takes in a year."),
        ("promises", ARTICLE, "Meta promised to buy 0.06 times what it takes in a year."),
        ("net_debt", NOW, "2 of 6 firms owe more than they hold; Oracle owes most, $98bn net."),
    ],
)  # fmt: skip
def test_titles_follow_the_data(drawn: dict, name: str, day: str, title: str) -> None:
    assert style.notes(drawn[day][name].get_figure(root=True)).title == title


def test_the_later_case_tells_what_followed(drawn: dict) -> None:
    title = style.notes(drawn[NOW]["case"].get_figure(root=True)).title
    assert title.endswith("By the Series H it stood at $965bn.")


def test_firms_that_count_revenue_differently_share_no_axis(drawn: dict) -> None:
    first, second = drawn[NOW]["multiples"].get_figure(root=True).axes
    assert not first.get_shared_y_axes().joined(first, second)
    assert "net" in first.get_title(loc="left")
    assert "gross" in second.get_title(loc="left")


def test_the_ring_has_an_arrow_for_each_promise_between_its_firms(drawn: dict) -> None:
    axes = drawn[NOW]["ring"]
    names = {
        text.get_text() for text in axes.texts if text.get_bbox_patch() is not None and text.get_weight() == "bold"
    }
    assert names == {"AMD", "Amazon", "Anthropic", "CoreWeave", "Google", "Microsoft", "NVIDIA", "OpenAI", "Oracle"}
    arrows = [text for text in axes.texts if getattr(text, "arrow_patch", None) is not None]
    assert len(arrows) == 19


def test_a_lower_bound_is_hatched(drawn: dict) -> None:
    bars = drawn[NOW]["ratios"].patches
    data = style.notes(drawn[NOW]["ratios"].get_figure(root=True)).data
    assert [bool(bar.get_hatch()) for bar in bars] == data["at_least"].tolist()


def test_letters_are_large_enough(drawn: dict) -> None:
    for name, axes in drawn[NOW].items():
        figure = axes.get_figure(root=True)
        texts = [text for part in figure.axes for text in part.texts] + figure.texts
        assert min(text.get_fontsize() for text in texts if text.get_text()) >= 9, name


def test_a_firm_without_its_own_colour_is_grey() -> None:
    assert charts.company_colour("Cohere") == style.THEN
    assert deal_charts.colour_of("Google") == style.colour("GOOGL")
    assert deal_charts.colour_of("OpenAI") == style.colour("OpenAI")
    assert pd.Series(charts.INSTRUMENT_LOOKS).map(lambda look: look[0]).is_unique


@pytest.mark.parametrize("day", [ARTICLE, NOW])
def test_the_title_of_capex_says_what_the_analysis_says(drawn: dict, day: str) -> None:
    flows = listed.sources_and_uses(tables.load("financing", as_of=day), tables.load("cash_flows", as_of=day))
    share = listed.last_year(flows.join(listed.capex_paid_from(flows))).operations_percent
    title = style.notes(drawn[day]["capex"].get_figure(root=True)).title
    assert title.startswith(f"Operations paid {percent(share, 0)} of")


def test_a_runway_beyond_the_cap_ends_in_an_arrow() -> None:
    table = pd.DataFrame(
        {"company": ["A", "B", "C"], "years_low": [1.5, 17.0, 2.0], "years_high": [10.7, None, 3.0], "reason": ""}
    )
    axes = charts.runways(table, as_of=NOW)
    arrows = [line for line in axes.lines if line.get_marker() == ">"]
    assert [float(line.get_ydata()[0]) for line in arrows] == [0.0, 1.0]
    assert axes.get_xlim() == (0, 10)
    words = [text.get_text().replace(SPACE, " ") for text in axes.texts]
    assert words == ["1.5 to more than 10 years", "more than 10 years in every reading", "2.0 to 3.0 years"]
