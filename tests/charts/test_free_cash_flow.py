"""Pictures of free cash flow: their sentences, their data, and that nothing is cut off, too small or colour alone."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from helpers import tables
from helpers.analysis import cash_flow_summary as summary
from helpers.analysis import free_cash_flow as fcf
from helpers.analysis.trend import trend_table
from helpers.charts import free_cash_flow as charts
from helpers.charts import style

DAYS = ["2026-10-31", "2025-09-05", "2020-01-01"]
PICTURES = ["last_two_quarters", "quarterly_bars", "capex_share", "bridge", "sign_grid", "trend", "profit_and_cash"]


@cache
def picture(name: str, as_of: str) -> Axes:
    cash_flows = tables.load("cash_flows", as_of=as_of)
    ledger = fcf.cash_ledger(cash_flows, "company")
    if name in ("last_two_quarters", "sign_grid"):
        return getattr(charts, name)(fcf.sign_grid(cash_flows), as_of=as_of)
    if name in ("quarterly_bars", "capex_share"):
        return getattr(charts, name)(summary.since(ledger, "2019-01-01"), as_of=as_of)
    if name == "trend":
        table = trend_table(summary.since(ledger, "2019-01-01"), "margin", list(fcf.FIRMS))
        return charts.trend(table, as_of=as_of)
    if name == "profit_and_cash":
        columns = ["net_income", "operating_income", "free_cash_flow"]
        return charts.profit_and_cash(fcf.latest_quarters(_twelve(ledger, columns)), as_of=as_of)
    day = summary.comparison_day(as_of)
    then = tables.load("cash_flows", as_of=day)
    parts = summary.bridge_between(then, cash_flows, "company", ["AMZN", "GOOGL", "META", "MSFT", "ORCL"])
    return charts.bridge(parts, as_of=as_of, before=f"known\n{day}", after=f"known\n{as_of}")


def _twelve(ledger: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    return ledger.assign(**{f"{name}_12m": fcf.trailing_twelve_months(ledger, name) for name in columns})


def notes(name: str, as_of: str) -> style.Notes:
    return style.notes(picture(name, as_of).figure)


def shown_texts(figure: Figure) -> list[Text]:
    """Return the texts a reader sees; matplotlib also keeps tick labels beyond the limits, which it never draws."""
    ticks = {
        id(text): False for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for text in axis.findobj(Text)
    }
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                ticks |= {id(label): low <= tick.get_loc() <= high for label in (tick.label1, tick.label2)}
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [text for text in texts if ticks.get(id(text), True)]


@pytest.mark.parametrize("as_of", DAYS)
@pytest.mark.parametrize("name", PICTURES)
def test_nothing_is_cut_off_or_too_small(name: str, as_of: str) -> None:
    figure = picture(name, as_of).figure
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    frame = figure.bbox
    for text in shown_texts(figure):
        box = text.get_window_extent(renderer)
        assert text.get_size() >= 9, text
        assert box.x0 >= frame.x0 - 1, text
        assert box.x1 <= frame.x1 + 1, text
        assert box.y0 >= frame.y0 - 1, text
        assert box.y1 <= frame.y1 + 1, text


@pytest.mark.parametrize("as_of", DAYS[:2])
@pytest.mark.parametrize("name", PICTURES)
def test_notes_in_the_axes_do_not_overlap(name: str, as_of: str) -> None:
    axes = picture(name, as_of)
    axes.figure.draw_without_rendering()
    renderer = axes.figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in axes.texts if text.get_text()]
    for place, first in enumerate(boxes):
        for second in boxes[place + 1 :]:
            width = min(first.x1, second.x1) - max(first.x0, second.x0)
            height = min(first.y1, second.y1) - max(first.y0, second.y0)
            assert not (width > 1.5 and height > 1.5)


@pytest.mark.parametrize("as_of", DAYS)
@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_says_what_it_shows(name: str, as_of: str) -> None:
    said = notes(name, as_of)
    assert said.title.endswith(".")
    assert said.title in said.alt
    assert said.as_of == as_of
    assert "filings" in said.source
    assert len(said.data) >= 5


@pytest.mark.parametrize(
    ("name", "latest", "article"),
    [
        (
            "last_two_quarters",
            "Amazon, Oracle and CoreWeave had two negative quarters in a row; Alphabet one of two.",
            "CoreWeave had two negative quarters in a row; Amazon and Oracle one of two.",
        ),
        (
            "quarterly_bars",
            "Twelve-month free cash flow is below its level of a year before at 6 of 7 firms.",
            "Twelve-month free cash flow is below its level of a year before at 5 of 7 firms.",
        ),
        (
            "capex_share",
            "Capex takes more than all operating cash flow at Amazon, Oracle and CoreWeave.",
            "Capex takes more than all operating cash flow at Oracle and CoreWeave.",
        ),
        (
            "bridge",
            "Free cash flow fell by $81.9bn: capex grew by $273.8bn, operating cash flow grew by $193.1bn.",
            "Free cash flow fell by $44.5bn: capex grew by $128.6bn, operating cash flow grew by $85.5bn.",
        ),
        (
            "sign_grid",
            "No sign turns with the definition: all known ones agree.",
            "At Amazon, Alphabet and Oracle the definition decides the sign of a quarter; "
            "elsewhere all known ones agree.",
        ),
        (
            "trend",
            "Margins fall at Oracle and Microsoft; elsewhere no trend is sure.",
            "At no firm is a trend of the free cash flow margin sure.",
        ),
        (
            "profit_and_cash",
            "Net income exceeds free cash flow at 7 of 7 firms, by $556.0bn together.",
            "Net income exceeds free cash flow at 8 of 8 firms, by $192.9bn together.",
        ),
    ],
)
def test_titles_are_computed(name: str, latest: str, article: str) -> None:
    assert notes(name, DAYS[0]).title == latest
    assert notes(name, DAYS[1]).title == article


@pytest.mark.parametrize("name", ["last_two_quarters", "quarterly_bars", "bridge"])
def test_negative_bars_are_hatched(name: str) -> None:
    bars = [patch for axes in picture(name, DAYS[0]).figure.axes for patch in axes.patches]
    negative = [bar for bar in bars if bar.get_width() < 0 or bar.get_height() < 0]
    assert negative
    assert all(bar.get_hatch() for bar in negative)
    assert not any(bar.get_hatch() for bar in bars if bar not in negative)


def test_bars_are_the_quarters() -> None:
    data = notes("quarterly_bars", DAYS[0]).data
    amazon = picture("quarterly_bars", DAYS[0])
    drawn = [bar.get_height() for bar in amazon.patches]
    expected = data.loc[data["ticker"].astype(str) == "AMZN", "free_cash_flow"] / 1000
    assert drawn == pytest.approx(expected.tolist())
    # Wide enough to be seen: bars stand on days.
    assert all(bar.get_width() > 60 for bar in amazon.patches)


def test_a_firm_off_the_scale_is_named() -> None:
    axes = picture("capex_share", "2025-09-05")
    assert axes.get_ylim()[1] == charts.SHARE_LIMIT
    assert any("CoreWeave 1,344" in text.get_text() and "↑" in text.get_text() for text in axes.texts)
    assert "Off the scale: CoreWeave 1,344" in notes("capex_share", "2025-09-05").subtitle


def test_signs_have_glyphs_and_unknowns_stay_unknown() -> None:
    axes = picture("sign_grid", DAYS[0])
    words = [text.get_text() for text in axes.texts]
    data = notes("sign_grid", DAYS[0]).data
    assert words.count("−") == (data["free_cash_flow"] < 0).sum()
    assert words.count("?") == words.count("not known") == data["free_cash_flow"].isna().sum()
    assert words.count("+") == (data["free_cash_flow"] >= 0).sum()
    # Meta's capex is known only net: its gross figures are bounds.
    assert [word for word in words if word.startswith("≤")] == [r"≤ \$13.2bn", r"≤ \$1.7bn"]


def test_the_bridge_ends_where_it_says() -> None:
    axes = picture("bridge", DAYS[0])
    heights = [bar.get_height() for bar in axes.patches]
    assert heights[0] + sum(heights[1:-1]) == pytest.approx(heights[-1])
    assert heights[-1] == pytest.approx(121.808)


def test_a_bridge_names_who_is_left_out() -> None:
    parts = pd.DataFrame(
        {"before": [1.0, 2.0], "operating_cash_flow": [5.0, np.nan], "capex": [-3.0, -1.0], "after": [3.0, np.nan]},
        index=["AMZN", "AAPL"],
    ).assign(change=lambda frame: frame["after"] - frame["before"])
    said = style.notes(charts.bridge(parts, as_of="2026-10-31", before="then", after="now").figure)
    assert "Left out, a part not known: Apple." in said.subtitle
    assert said.title == "Free cash flow rose by $2m: capex grew by $3m, operating cash flow grew by $5m."


def test_nothing_known_is_said() -> None:
    cash_flows = tables.load("cash_flows", as_of="2026-10-31")
    apple = fcf.sign_grid(fcf.select_firms(cash_flows, ["AAPL"]))
    said = style.notes(charts.last_two_quarters(apple, as_of="2026-10-31").figure)
    assert said.title == "No known quarter among the last two was negative."
    assert "None is known." in said.alt


def test_one_firm_is_enough_for_every_picture() -> None:
    cash_flows = fcf.select_firms(tables.load("cash_flows", as_of="2025-09-05"), ["CRWV"])
    ledger = fcf.cash_ledger(cash_flows, "company")
    for axes in (
        charts.quarterly_bars(ledger, as_of="2025-09-05"),
        charts.capex_share(ledger, as_of="2025-09-05"),
        charts.trend(trend_table(ledger, "margin", ["CRWV"]), as_of="2025-09-05"),
        charts.sign_grid(fcf.sign_grid(cash_flows), as_of="2025-09-05"),
    ):
        assert "CoreWeave" in style.notes(axes.figure).alt or len(style.notes(axes.figure).data)
        axes.figure.draw_without_rendering()
