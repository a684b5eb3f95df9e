"""Free cash flow: the totals that firms published, the identities, and what bad input says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import tables
from helpers.analysis import free_cash_flow as fcf

amounts = st.integers(-100_000, 100_000).map(float)
maybe_amounts = st.one_of(st.none(), amounts).map(lambda x: np.nan if x is None else x)


@pytest.fixture(scope="module")
def cash_flows() -> pd.DataFrame:
    return tables.load("cash_flows")


def firm(ticker: str, quarters: int, first_year: int = 2020, **columns: list[float]) -> pd.DataFrame:
    """Return a firm's contiguous calendar quarters with the given columns; the others are 1."""
    ends = pd.date_range(f"{first_year}-03-31", periods=quarters, freq="QE")
    frame = pd.DataFrame(
        {
            "ticker": ticker,
            "fiscal_year": ends.year,
            "fiscal_quarter": [f"Q{quarter}" for quarter in ends.quarter],
            "period_end": ends,
            "note": "",
            **dict.fromkeys([*fcf.COMPONENTS, "revenue", "net_income"], 1.0),
        },
        index=[f"cash_flows/{ticker}/{end.date()}" for end in ends],
    )
    return frame.assign(**columns)


@st.composite
def firms(draw: st.DrawFn, values: st.SearchStrategy[float] = maybe_amounts) -> pd.DataFrame:
    """Draw two firms of random length, in random order, with random parts."""
    parts = []
    for ticker in draw(st.lists(st.sampled_from(list(fcf.FIRMS)), min_size=1, max_size=3, unique=True)):
        quarters = draw(st.integers(1, 12))
        columns = {name: draw(st.lists(values, min_size=quarters, max_size=quarters)) for name in fcf.COMPONENTS}
        parts.append(firm(ticker, quarters, **columns))
    frame = pd.concat(parts)
    return frame.loc[draw(st.permutations(list(frame.index)))]


# Published totals: year or twelve months, definition, USD millions. The first eleven are each firm's own figure.
@pytest.mark.parametrize(
    ("row", "definition", "expected"),
    [
        ("AMZN/2015-12-31", "company", 7_450),  # capex of 2015 is net already: nothing is netted twice
        ("AMZN/2022-12-31", "company", -11_569),
        ("AMZN/2024-12-31", "company", 38_219),
        ("AMZN/2025-06-30", "company", 18_184),
        ("AMZN/2026-03-31", "company", 1_232),
        ("AMZN/2026-06-30", "company", -7_604),
        ("META/2022-12-31", "company", 18_439),  # capex gross, proceeds apart
        ("META/2023-12-31", "company", 43_010),
        ("META/2024-12-31", "company", 52_103),  # capex net
        ("ORCL/2025-05-31", "company", -394),
        ("ORCL/2026-05-31", "company", -23_686),
        ("MSFT/2025-06-30", "company", 71_611),
        ("GOOGL/2024-12-31", "company", 72_764),
        ("NVDA/2025-01-26", "company", 60_853),
        ("AAPL/2024-09-28", "company", 108_807),
        ("AMZN/2025-06-30", "gross", 13_481),
        ("AMZN/2023-12-31", "after_leases", 32_158),
        ("META/2024-12-31", "after_leases", 52_103),  # Meta deducts leases in its own figure already
        ("AMZN/2025-06-30", "after_stock_compensation", -2_367),
    ],
)
def test_twelve_months_as_published(cash_flows: pd.DataFrame, row: str, definition: str, expected: float) -> None:
    quarterly = fcf.free_cash_flow(cash_flows, definition)
    assert fcf.trailing_twelve_months(cash_flows, quarterly)[f"cash_flows/{row}"] == expected


@pytest.mark.parametrize(
    ("row", "expected"), [("2025-06-30", 121_137), ("2026-03-31", 148_531), ("2026-06-30", 161_403)]
)
def test_amazon_operating_cash_flow(cash_flows: pd.DataFrame, row: str, expected: float) -> None:
    assert fcf.trailing_twelve_months(cash_flows, "operating_cash_flow")[f"cash_flows/AMZN/{row}"] == expected


def test_single_quarters(cash_flows: pd.DataFrame) -> None:
    own = fcf.free_cash_flow(cash_flows, "company")
    assert own["cash_flows/META/2026-06-30"] == 784
    assert own["cash_flows/ORCL/2025-08-31"] == -362
    assert own["cash_flows/AMZN/2025-03-31"] == -7_240
    assert own["cash_flows/AMZN/2025-06-30"] == 1_147


def test_what_is_not_disclosed_is_missing(cash_flows: pd.DataFrame) -> None:
    after_leases = fcf.free_cash_flow(cash_flows, "after_leases")
    by_ticker = cash_flows["ticker"].astype(str)
    for ticker in ("ORCL", "NVDA", "AAPL", "CRWV"):
        assert after_leases[by_ticker == ticker].isna().all()
    assert np.isnan(after_leases["cash_flows/GOOGL/2023-12-31"])
    assert after_leases["cash_flows/GOOGL/2024-03-31"] == 28_848 - 12_012 - 90
    # Meta's own definition needs lease principal, which no source gives by quarter before 2020.
    assert np.isnan(fcf.free_cash_flow(cash_flows, "company")["cash_flows/META/2019-12-31"])
    assert fcf.free_cash_flow(cash_flows, "gross")["cash_flows/META/2019-12-31"] == 9_083 - 4_100
    assert np.isnan(fcf.free_cash_flow(cash_flows, "gross")["cash_flows/AAPL/2026-06-27"])
    assert np.isnan(fcf.free_cash_flow(cash_flows, "after_stock_compensation")["cash_flows/META/2026-06-30"])


def test_rows_with_net_capex(cash_flows: pd.DataFrame) -> None:
    net = cash_flows[fcf.capex_is_net(cash_flows)]
    years = {ticker: sorted(set(part["period_end"].dt.year)) for ticker, part in net.groupby("ticker", observed=True)}
    assert years == {"AMZN": [2015], "META": [2020, 2021, 2024, 2025, 2026]}
    # Where proceeds stand apart, capex is gross.
    assert net["capex_proceeds"].isna().all()


def test_stated_figures_agree_with_the_computed_ones(cash_flows: pd.DataFrame) -> None:
    stated = fcf.stated_free_cash_flow(cash_flows).dropna()
    assert stated.to_dict() == {
        "cash_flows/AAPL/2026-03-28": 26_731,
        "cash_flows/AAPL/2026-06-27": 31_914,
        "cash_flows/META/2026-06-30": 784,
    }
    computed = fcf.free_cash_flow(cash_flows, "company")[stated.index].dropna()
    assert (computed == stated[computed.index]).all()
    assert len(computed) == 1


def test_prepayments_are_read_from_the_note(cash_flows: pd.DataFrame) -> None:
    assert fcf.customer_prepayments(cash_flows).dropna().to_dict() == {"cash_flows/ORCL/2026-08-31": 11_363}


@pytest.mark.parametrize("definition", list(fcf.DEFINITIONS))
@given(frame=firms())
@settings(max_examples=40, deadline=None)
def test_parts_sum_to_free_cash_flow(definition: str, frame: pd.DataFrame) -> None:
    parts, total = fcf.components(frame, definition), fcf.free_cash_flow(frame, definition)
    assert (parts.sum(axis=1)[total.notna()] == total.dropna()).all()
    # Missing exactly where a part is.
    assert (total.isna() == parts.isna().any(axis=1)).all()
    assert total.index.equals(frame.index)


@given(frame=firms(amounts))
@settings(max_examples=40, deadline=None)
def test_definitions_differ_by_their_parts(frame: pd.DataFrame) -> None:
    value = {name: fcf.free_cash_flow(frame, name) for name in fcf.DEFINITIONS}
    ticker = frame["ticker"]
    assert (value["gross"] == frame["operating_cash_flow"] - frame["capex"]).all()
    others = ~ticker.isin(["AMZN", "META"])
    assert (value["company"] == value["gross"])[others].all()
    amazon, meta = ticker == "AMZN", ticker == "META"
    netted = value["gross"] + frame["capex_proceeds"]
    assert (value["company"] == netted)[amazon].all()
    assert (value["company"] == netted - frame["finance_lease_principal"])[meta].all()
    assert (value["after_leases"] == value["company"])[meta].all()
    assert (value["after_leases"] == value["company"] - frame["finance_lease_principal"])[~meta].all()
    assert (value["after_stock_compensation"] == value["company"] - frame["stock_based_compensation"]).all()


@given(frame=firms(), quarters=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_trailing_sums_add_contiguous_quarters(frame: pd.DataFrame, quarters: int) -> None:
    dropped = frame.drop(frame.index[len(frame) // 2])
    trailing = fcf.trailing_sum(dropped, "capex", quarters)
    for _, part in dropped.groupby("ticker"):
        known = dict(zip(fcf.fiscal_sequence(part), part["capex"], strict=True))
        for row, last in fcf.fiscal_sequence(part).items():
            window = [known.get(last - back, np.nan) for back in range(quarters)]
            assert trailing[row] == sum(window) or (np.isnan(trailing[row]) and np.isnan(sum(window)))


def test_four_quarters_with_a_hole_are_not_twelve_months() -> None:
    frame = firm("ORCL", 6, capex=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert fcf.trailing_twelve_months(frame, "capex").tolist()[3:] == [10.0, 14.0, 18.0]
    holed = frame.drop("cash_flows/ORCL/2020-09-30")
    assert fcf.trailing_twelve_months(holed, "capex").isna().all()


def test_fiscal_years_that_end_elsewhere(cash_flows: pd.DataFrame) -> None:
    sequence = fcf.fiscal_sequence(cash_flows)
    for _, part in cash_flows.groupby(cash_flows["ticker"].astype(str)):
        # Later fiscal quarters end later, one after the other, about 13 weeks apart.
        ordered = part.assign(sequence=sequence).sort_values("period_end")
        assert (ordered["sequence"].diff().dropna() == 1).all()
        assert ordered["period_end"].diff().dropna().dt.days.between(84, 98).all()


def test_calendar_quarter_holds_the_middle(cash_flows: pd.DataFrame) -> None:
    quarter = fcf.calendar_quarter(cash_flows["period_end"])
    for _, part in cash_flows.groupby(cash_flows["ticker"].astype(str)):
        ordered = part.sort_values("period_end")
        ordinals = quarter[ordered.index].map(lambda period: period.ordinal)
        assert (ordinals.diff().dropna() == 1).all()
        begins = ordered["period_end"].shift() + pd.Timedelta(days=1)
        middle = begins + (ordered["period_end"] - begins) / 2
        exact = middle.dropna().dt.to_period("Q")
        assert (quarter[exact.index] == exact).all()
    assert str(quarter["cash_flows/ORCL/2025-08-31"]) == "2025Q3"
    assert str(quarter["cash_flows/ORCL/2025-05-31"]) == "2025Q2"
    assert str(quarter["cash_flows/NVDA/2026-07-26"]) == "2026Q2"
    assert str(quarter["cash_flows/NVDA/2015-01-25"]) == "2014Q4"


def test_quarters_earlier_and_latest() -> None:
    frame = firm("META", 6, capex=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).iloc[::-1]
    assert fcf.quarters_earlier(frame, "capex")["cash_flows/META/2021-06-30"] == 2.0
    assert fcf.quarters_earlier(frame, "capex").isna().sum() == 4
    assert list(fcf.latest_quarters(frame, 2)["capex"]) == [5.0, 6.0]


def test_streaks() -> None:
    values = [-1.0, 1.0, -2.0, -3.0, np.nan, -4.0, 0.0, -5.0]
    streaks = fcf.negative_streaks(firm("ORCL", 8, capex=values).sample(frac=1, random_state=1), "capex")
    assert list(streaks["quarters"]) == [1, 2, 1, 1]
    assert list(streaks["total"]) == [-1, -5, -4, -5]
    assert list(streaks["at_least"]) == [False, True, True, False]
    assert list(streaks["ongoing"]) == [False, False, False, True]
    assert streaks["rows"][1] == ("cash_flows/ORCL/2020-09-30", "cash_flows/ORCL/2020-12-31")


def test_an_absent_quarter_breaks_a_streak() -> None:
    holed = firm("ORCL", 5, capex=[-1.0] * 5).drop("cash_flows/ORCL/2020-09-30")
    streaks = fcf.negative_streaks(holed, "capex")
    assert list(streaks["quarters"]) == [2, 2]
    assert streaks["at_least"].all()
    assert fcf.negative_streaks(firm("ORCL", 5), "capex").empty


def test_known_streaks(cash_flows: pd.DataFrame) -> None:
    streaks = fcf.negative_streaks(cash_flows, fcf.free_cash_flow(cash_flows, "company"))
    ongoing = streaks[streaks["ongoing"]].set_index("ticker")["quarters"].to_dict()
    assert ongoing == {"AMZN": 2, "CRWV": 9, "GOOGL": 1, "ORCL": 6}
    amazon = streaks[(streaks["ticker"] == "AMZN") & (streaks["first"] == "2025-03-31")]
    assert amazon["quarters"].tolist() == [1]


@given(
    before=st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=5),
    after=st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=5),
)
@settings(max_examples=100, deadline=None)
def test_bridge_is_exact(before: list[float], after: list[float]) -> None:
    first = pd.DataFrame([before], index=["AMZN"], columns=fcf.COMPONENTS)
    last = pd.DataFrame([after], index=["AMZN"], columns=fcf.COMPONENTS)
    bridge = fcf.change_bridge(first, last).loc["AMZN"]
    scale = sum(map(abs, before)) + sum(map(abs, after)) + 1
    assert abs(bridge[fcf.COMPONENTS].sum() - bridge["change"]) <= 1e-14 * scale
    assert abs(bridge["before"] + bridge["change"] - bridge["after"]) <= 1e-14 * scale


@pytest.mark.parametrize("definition", list(fcf.DEFINITIONS))
def test_bridge_on_the_filings_is_exact_to_the_million(cash_flows: pd.DataFrame, definition: str) -> None:
    trailing = fcf.trailing_components(cash_flows, definition)
    ends = {"before": ("2025-06-30", "2025-05-31"), "after": ("2026-06-30", "2026-08-31")}
    sides = [
        trailing.loc[
            [f"cash_flows/{t}/{end[t == 'ORCL']}" for t in ("AMZN", "GOOGL", "META", "MSFT", "ORCL")]
        ].set_axis(["AMZN", "GOOGL", "META", "MSFT", "ORCL"])
        for end in ends.values()
    ]
    bridge = fcf.change_bridge(*sides)
    known = bridge.dropna()
    assert (known[fcf.COMPONENTS].sum(axis=1) == known["change"]).all()
    assert {"AMZN"} <= set(known.index)
    assert bridge.loc["AMZN", "change"] == bridge.loc["AMZN", "after"] - bridge.loc["AMZN", "before"]


def test_a_firm_known_at_one_end_has_no_bridge() -> None:
    side = pd.DataFrame([[1.0] * 5], index=["AMZN"], columns=fcf.COMPONENTS)
    both = pd.concat([side, side.set_axis(["META"])])
    bridge = fcf.change_bridge(side, both)
    assert bridge.loc["AMZN", "change"] == 0
    assert bridge.loc["META", ["before", "change"]].isna().all()
    assert bridge.loc["META", "after"] == 5


def test_capex_share() -> None:
    frame = firm("CRWV", 4, operating_cash_flow=[1.0, -2.0, 0.0, 4.0], capex=[3.0, 3.0, 3.0, 3.0])
    assert fcf.capex_share(frame, 1).tolist()[0] == 300
    assert fcf.capex_share(frame, 1).isna().tolist() == [False, True, True, False]
    assert fcf.capex_share(frame).tolist()[3] == 400


def test_sign_grid_has_each_firm_definition_and_quarter(cash_flows: pd.DataFrame) -> None:
    grid = fcf.sign_grid(cash_flows)
    assert len(grid) == 8 * 4 * 2
    oracle = grid[(grid["ticker"] == "ORCL") & (grid["definition"] == "company")].sort_values("place")
    assert oracle["free_cash_flow"].tolist() == [-1_873, -5_396]
    assert grid[(grid["ticker"] == "ORCL") & (grid["definition"] == "after_leases")]["free_cash_flow"].isna().all()
    assert grid.loc["cash_flows/META/2026-06-30", "capex_is_net"].all()


def test_ledger_keeps_rows_and_adds_what_is_read(cash_flows: pd.DataFrame) -> None:
    ledger = fcf.cash_ledger(cash_flows, "company")
    assert set(ledger.index) == set(cash_flows.index)
    row = ledger.loc["cash_flows/AMZN/2026-06-30"]
    assert row["free_cash_flow_12m"] == -7_604
    assert row["year_earlier"] == 1_147
    assert row["margin"] == pytest.approx(100 * -7_689 / 200_606)
    assert row["capex_share_12m"] == pytest.approx(100 * 173_028 / 161_403)


def test_nothing_known_gives_nothing(cash_flows: pd.DataFrame) -> None:
    nothing = cash_flows.iloc[:0]
    assert fcf.free_cash_flow(nothing, "company").empty
    assert fcf.cash_ledger(nothing, "company").empty
    assert fcf.sign_grid(nothing).empty
    assert fcf.negative_streaks(nothing, "capex").empty


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: fcf.free_cash_flow(f, "levered"), "unknown definition 'levered'"),
        (lambda f: fcf.free_cash_flow(f.assign(ticker="ENRN"), "gross"), "unknown ticker ENRN"),
        (lambda f: fcf.free_cash_flow(pd.concat([f, f]), "gross"), "duplicate firm-quarter: AMZN 2020 Q1"),
        (lambda f: fcf.free_cash_flow(f.assign(fiscal_quarter="Q5"), "gross"), "fiscal_quarter 'Q5'"),
        (lambda f: fcf.free_cash_flow(f.drop(columns="capex"), "gross"), "missing columns: capex"),
        (lambda f: fcf.trailing_sum(f, "capex", 0), "quarters must be at least 1, not 0"),
        (lambda f: fcf.quarters_earlier(f, "capex", -4), "quarters must be at least 1, not -4"),
        (lambda f: fcf.latest_quarters(f, 0), "quarters must be at least 1, not 0"),
        (lambda f: fcf.trailing_sum(f, "cash", 4), "missing columns: cash"),
        (lambda f: fcf.trailing_sum(f, f["capex"].reset_index(drop=True), 4), "index of the frame"),
        (lambda f: fcf.select_firms(f, ["AMZN", "ENRN"]), "unknown ticker ENRN"),
        (lambda f: fcf.select_firms(f, []), "none given"),
        (lambda f: fcf.change_bridge(f[["capex"]], f[["revenue"]]), "the parts differ"),
        (lambda f: fcf.change_bridge(f[["capex"]], pd.concat([f, f])[["capex"]]), "after: .* stands twice"),
        (lambda f: fcf.stated_free_cash_flow(f.drop(columns="note")), "missing columns: note"),
    ],
)
def test_bad_input_is_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(firm("AMZN", 4))
