"""Pictures of who pays: their sentences and data, at both dates and with nothing known, and that nothing is cut off."""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest
from matplotlib.figure import Figure

from helpers.analysis import claim_specifications, claim_thresholds, money_flows, scorecard
from helpers.analysis import spending_mix as mixes
from helpers.charts import style
from helpers.charts import who_pays as charts
from helpers.charts import who_pays_verdicts as verdicts
from tests.analysis.judged_claims import ARTICLE, LATEST, judged, load
from tests.charts.test_free_cash_flow import shown_texts

DAYS = [LATEST, ARTICLE, "2017-01-01"]
PICTURES = ["flows", "mix", "counts", "distance", "flips", "robust"]
NAMES = ("cash_flows", "financing", "funding_rounds", "vendor_metrics")


@cache
def card(day: str) -> pd.DataFrame:
    if day == LATEST:
        return scorecard.scorecard(load("claims", ""), judged(ARTICLE), judged(LATEST))
    return scorecard.scorecard(load("claims", ""), judged(ARTICLE) if day == ARTICLE else {})


@cache
def picture(name: str, day: str) -> Figure:
    known = [load(table, day) for table in NAMES]
    found = judged(day) if day in (ARTICLE, LATEST) else {}
    if name == "flows":
        axes = charts.sources_and_uses(money_flows.by_year(*known, int(day[:4]) - 4), as_of=day)
    elif name == "mix":
        axes = charts.spending_mix(mixes.spending_mix(known[0], known[1], known[3], day), as_of=day)
    elif name == "counts":
        dates = {ARTICLE: "then"} | ({LATEST: "now"} if day == LATEST else {})
        counted = {date: scorecard.counts(card(day), column, "section") for date, column in dates.items()}
        return verdicts.verdict_counts(counted, as_of=day)
    elif name == "distance":
        distances = claim_thresholds.distances(found)
        axes = verdicts.distance_to_flip(distances[~distances["matches"].astype(bool)], as_of=day)
    elif name == "flips":
        axes = verdicts.flips(scorecard.moved(card(day)), then=ARTICLE, now=day, as_of=day)
    else:
        table = claim_specifications.specifications(load, day, dict(found), load("claims", ""))
        axes = verdicts.robustness(claim_specifications.shares(table), as_of=day)
    return axes.get_figure(root=True)


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("name", PICTURES)
def test_nothing_is_cut_off_or_too_small(name: str, day: str) -> None:
    figure = picture(name, day)
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    for text in shown_texts(figure):
        box = text.get_window_extent(renderer)
        assert text.get_size() >= 9, text
        assert box.x0 >= figure.bbox.x0 - 1, text
        assert box.x1 <= figure.bbox.x1 + 1, text
        assert box.y0 >= figure.bbox.y0 - 1, text
        assert box.y1 <= figure.bbox.y1 + 1, text


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("name", ["flows", "mix"])
def test_the_legend_stands_clear_of_data_and_source(name: str, day: str) -> None:
    figure = picture(name, day)
    figure.draw_without_rendering()
    legends = [artist for axes in figure.axes for artist in axes.artists]
    assert len(legends) == (0 if day == "2017-01-01" else 2 if name == "flows" else 1)
    renderer = figure.canvas.get_renderer()
    sources = [text for text in figure.texts if text.get_text().startswith(("Source:", "Known on"))]
    for legend in legends:
        box = legend.get_window_extent(renderer)
        assert not any(box.overlaps(text.get_window_extent(renderer)) for text in sources)
        assert not any(box.overlaps(axes.get_window_extent(renderer)) for axes in figure.axes)


def notes(name: str, day: str) -> style.Notes:
    return style.notes(picture(name, day))


@pytest.mark.parametrize("name", PICTURES)
def test_titles_and_alt_texts_are_sentences_with_numbers(name: str) -> None:
    for day in (LATEST, ARTICLE):
        said = notes(name, day)
        if (name, day) == ("flips", ARTICLE):
            continue
        assert said.title.endswith("."), said.title
        assert any(letter.isdigit() for letter in said.title)
        assert said.title in said.alt
        assert len(said.data)


def test_the_flows_say_what_they_show() -> None:
    assert notes("flows", LATEST).title == (
        "Capex took 98\N{NARROW NO-BREAK SPACE}% of the builders' operating cash flow in 2026 so far, after "
        "55\N{NARROW NO-BREAK SPACE}% in 2022, and outsiders put in $381bn."
    )
    # The share and its two amounts are on one base, prepayments in it: less than all of it, so capex is the smaller.
    assert (
        "Capex was $358bn against operating cash flow of $367bn, customers' prepayments in it."
        in notes("flows", LATEST).alt
    )
    data = notes("flows", LATEST).data
    assert set(data["item"]) <= set(charts.LOOKS)
    assert set(data["side"]) == {"source", "use"}


def test_every_item_has_a_look_of_its_own() -> None:
    assert set(charts.LOOKS) == {*money_flows.SOURCES, *money_flows.USES}
    looks = [look[:2] for item, look in charts.LOOKS.items() if "not in the tables" not in item]
    assert len(set(looks)) == len(looks)
    assert set(charts.PAID_LOOKS) == set(mixes.PAID_BY)


def test_what_is_not_known_is_said_in_place_of_a_picture() -> None:
    for name in ("flows", "mix", "distance", "flips", "robust"):
        assert "this was not known" in notes(name, "2017-01-01").title
    assert "no run says anything of 69" in notes("counts", "2017-01-01").title
    assert "this was not known" in notes("flips", ARTICLE).title


def test_counts_of_both_dates_stand_side_by_side() -> None:
    assert len(picture("counts", LATEST).axes) == 2
    assert len(picture("counts", ARTICLE).axes) == 1
    table = scorecard.counts(card(LATEST), "now").iloc[0]
    assert notes("counts", LATEST).title.startswith(f"{table['supported']} of 69 claims are supported")


def test_arrows_lead_from_one_verdict_to_the_other() -> None:
    moved = scorecard.moved(card(LATEST))
    arrows = [text for text in picture("flips", LATEST).axes[0].texts if getattr(text, "arrow_patch", None)]
    assert len(arrows) == len(moved.groupby(["then", "now"]))
    written = " ".join(text.get_text() for text in picture("flips", LATEST).axes[0].texts)
    assert all(claim in written for claim in moved["claim_id"])


def test_a_far_value_stands_at_the_edge_and_says_so() -> None:
    texts = [text.get_text() for text in picture("distance", ARTICLE).axes[0].texts]
    assert any("further off" in text for text in texts)
    known = notes("distance", ARTICLE).data
    assert known["percent"].abs().max() > 100
    assert not known["matches"].any()
