"""The house style: what every figure must have, and labels that do not collide."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.charts import style

PARTS = {
    "title": "Costs doubled to $12bn", "subtitle": "Capex, USD bn", "source": "filings", "as_of": "2026-10-31",
    "unit": "USD bn", "alt": "Costs doubled from 6 to 12.",
}  # fmt: skip
DATA = pd.DataFrame({"capex": [6.0, 12.0]})


@pytest.mark.parametrize("missing", PARTS)
def test_a_figure_without_one_of_its_texts_is_refused(missing: str) -> None:
    figure, _ = style.canvas()
    with pytest.raises(ValueError, match=f"needs its {missing}"):
        style.finish(figure, **{**PARTS, missing: " "}, data=DATA)


def test_a_figure_without_data_is_refused() -> None:
    figure, _ = style.canvas()
    with pytest.raises(ValueError, match="no data behind it"):
        style.finish(figure, **PARTS, data=DATA.iloc[:0])


def test_an_unfinished_figure_has_no_notes() -> None:
    figure, _ = style.canvas()
    with pytest.raises(ValueError, match="not finished"):
        style.notes(figure)


@pytest.mark.parametrize("title", [PARTS["title"], "A long message that says what happened " * 4])
def test_title_block_axes_and_source_line_do_not_overlap(title: str) -> None:
    figure, axes = style.canvas()
    axes.bar([0, 1], [6.0, 12.0])
    style.finish(figure, **{**PARTS, "title": title}, data=DATA)
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in figure.texts]
    plot = axes.get_tightbbox(renderer)
    for box in boxes:
        assert not box.overlaps(plot)
        assert box.x1 <= figure.bbox.x1
        assert box.y0 >= 0
        assert box.y1 <= figure.bbox.y1


def test_no_text_is_smaller_than_nine_points() -> None:
    figure, axes = style.canvas()
    axes.plot([0, 1], [0, 1])
    style.finish(figure, **PARTS, data=DATA)
    sizes = [text.get_fontsize() for text in [*figure.texts, *axes.get_xticklabels(), *axes.get_yticklabels()]]
    assert min(sizes) >= 9


def test_end_labels_keep_their_distance() -> None:
    figure, axes = style.canvas()
    ends = {}
    for name, level in {"AMZN": 1.0, "MSFT": 1.01, "META": 1.02, "ORCL": 3.0}.items():
        axes.plot([0, 1], [0, level], color=style.colour(name))
        ends[name] = (1, level, style.colour(name))
    style.label_ends(axes, ends)
    style.finish(figure, **PARTS, data=DATA)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    pairs = [(a, b) for place, a in enumerate(boxes) for b in boxes[place + 1 :]]
    assert not any(a.overlaps(b) for a, b in pairs)


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=12))
def test_spreading_keeps_order_gap_and_mean(heights: list[float]) -> None:
    placed = style._spread(sorted(heights), 10.0)
    assert np.all(np.diff(placed) >= 10.0 - 1e-6)
    assert np.isclose(np.mean(placed), np.mean(heights), atol=1e-6)


@pytest.mark.parametrize("name", style.COLOURS)
def test_text_in_a_company_colour_can_be_read_on_white(name: str) -> None:
    from matplotlib.colors import to_rgb

    luminance = style._luminance(to_rgb(style.text_colour(style.colour(name))))
    assert 1.05 / (luminance + 0.05) >= 4.5


def test_negative_bars_are_hatched_as_well_as_red() -> None:
    _, axes = style.canvas()
    style.bars_signed(axes, [0, 1, 2], [1.0, -1.0, float("nan")])
    assert [patch.get_hatch() for patch in axes.patches] == [None, "////", None]


def test_companies_have_distinct_colours() -> None:
    assert len(set(style.COLOURS.values())) == len(style.COLOURS)
    with pytest.raises(KeyError):
        style.colour("UNHEARD OF")
