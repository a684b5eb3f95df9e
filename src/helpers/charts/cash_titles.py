"""The sentences above the pictures of free cash flow, each computed from the frame that is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from helpers.charts import style
from helpers.units import money


def names_joined(names: Sequence[str]) -> str:
    """Join names as a sentence does."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def amount(usd_millions: float) -> str:
    """Write money for a text in the axes, where a pair of dollars would be read as mathematics."""
    return money(usd_millions).replace("$", r"\$")


def house_order(frame: pd.DataFrame) -> list[str]:
    """Return the tickers of a frame in the order of the house colours."""
    present = set(frame["ticker"].astype(str))
    return [ticker for ticker in style.COLOURS if ticker in present]


def largest_first(main: pd.DataFrame) -> list[str]:
    """Return tickers, the largest last quarter first, unknown ones last."""
    last = main[main["place"] == main.groupby("ticker")["place"].transform("max")]
    return list(last.sort_values("free_cash_flow", ascending=False, na_position="last")["ticker"])


def negative_title(main: pd.DataFrame) -> str:
    """Say which firms had two negative quarters, and which one."""
    negative = main[main["free_cash_flow"] < 0].groupby("ticker")["place"].count()
    two = [style.company(ticker) for ticker in house_order(main) if negative.get(ticker, 0) == 2]
    one = [style.company(ticker) for ticker in house_order(main) if negative.get(ticker, 0) == 1]
    if not two and not one:
        return "No known quarter among the last two was negative"
    if not two:
        return f"{names_joined(one)} had one negative quarter among the last two"
    return f"{names_joined(two)} had two negative quarters in a row" + (
        f"; {names_joined(one)} one of two" if one else ""
    )


def share_title(known: pd.DataFrame) -> str:
    """Say where capex takes more than operating cash flow."""
    last = known.groupby(known["ticker"].astype(str)).tail(1)
    over = last[last["capex_share_12m"] > 100]["ticker"].astype(str)
    names = names_joined([style.company(ticker) for ticker in style.COLOURS if ticker in set(over)])
    if names:
        return f"Capex takes more than all operating cash flow at {names}."
    return "At no firm does capex take all of operating cash flow."


def bridge_title(total: pd.Series, firms: int) -> str:
    """Say how free cash flow and its two large parts moved."""
    if not firms:
        return "No firm's twelve months are known at both ends."
    change, capex = float(total["change"]), -float(total["capex"])
    cash = float(total["operating_cash_flow"])
    moved = "fell" if change < 0 else "rose"
    return f"Free cash flow {moved} by {money(abs(change))}: capex {_moved(capex)}, operating cash flow {_moved(cash)}."


def _moved(change: float) -> str:
    return f"{'grew' if change >= 0 else 'shrank'} by {money(abs(change))}"


def sign_title(grid: pd.DataFrame) -> str:
    """Say at which firms the sign of a quarter depends on the definition."""
    known = grid.dropna(subset=["free_cash_flow"])
    kinds = (known["free_cash_flow"] < 0).groupby([known["ticker"], known["place"]]).nunique()
    turning = set(kinds[kinds > 1].index.get_level_values(0))
    names = names_joined([style.company(ticker) for ticker in style.COLOURS if ticker in turning])
    if names:
        return f"At {names} the definition decides the sign of a quarter; elsewhere all known ones agree."
    return "No sign turns with the definition: all known ones agree."


def trend_title(table: pd.DataFrame) -> str:
    """Say where both tests find a trend."""
    told = {
        reading: names_joined([style.company(ticker) for ticker in table.loc[table["reading"] == reading, "ticker"]])
        for reading in ("falling", "rising")
    }
    if told["falling"] and told["rising"]:
        return f"Margins fall at {told['falling']} and rise at {told['rising']}; elsewhere no trend is sure."
    if told["falling"]:
        return f"Margins fall at {told['falling']}; elsewhere no trend is sure."
    if told["rising"]:
        return f"Margins rise at {told['rising']}; elsewhere no trend is sure."
    return "At no firm is a trend of the free cash flow margin sure."


def steepest(table: pd.DataFrame) -> str:
    """Tell the two ends of the slopes, for the alt text."""
    known = table.dropna(subset=["slope_a_year"])
    if known.empty:
        return "No firm has enough quarters."
    first, last = known.iloc[0], known.iloc[-1]
    return (
        f"From {style.company(first['ticker'])} with {first['slope_a_year']:.1f} points a year to "
        f"{style.company(last['ticker'])} with {last['slope_a_year']:.1f}."
    )
