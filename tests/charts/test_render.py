"""Figures as files: the picture that matplotlib itself would give, and the same bytes each time."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from helpers.charts import render, style


def drawn() -> Figure:
    figure, grid = style.canvas(1, 2)
    for axes, values in zip(grid, ([1.0, 300.0, 2.0], [5.0, -4.0, 3.0]), strict=True):
        axes.plot(values)
        axes.set_ylabel("a label that takes room")
    style.label_ends(grid[1], {"one": (2, 3.0, style.NOW)})
    style.finish(
        figure, title="A title long enough to be broken, since it has more words than one line of it can hold",
        subtitle="what, unit, period", source="nobody", as_of="2026-10-31", unit="USD bn", alt="Two lines.",
        data=pd.DataFrame({"x": [1, 2, 3]}),
    )  # fmt: skip
    return figure


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_the_picture_is_that_of_savefig_and_its_bytes_are_always_the_same() -> None:
    plain = io.BytesIO()
    drawn().savefig(plain, format="png", dpi=200)
    ours = render.png(drawn(), 200)
    assert (pixels(ours) == pixels(plain.getvalue())).all()
    assert ours == render.png(drawn(), 200)
    image = Image.open(io.BytesIO(ours))
    assert image.mode == "RGB"  # all that is there is opaque
    assert image.info["dpi"] == pytest.approx((200, 200), abs=0.01)


def test_a_long_title_is_broken_within_the_figure() -> None:
    figure = drawn()
    render.png(figure, 200)
    lines = [text for text in figure.texts if text.get_size() == 12]
    assert len(lines) == 2
    assert all(text.get_window_extent().x1 <= figure.bbox.x1 for text in lines)
