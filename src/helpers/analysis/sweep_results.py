"""What the rows of the shipped sweeps say: since when, under how many definitions, and which guess matters.

Each function takes the rows of one sweep as its Parquet file holds them, good runs only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np
import pandas as pd

from helpers.analysis.cash_flow_claims import FALL_PERCENT
from helpers.analysis.free_cash_flow import DEFINITIONS, FIRMS
from helpers.analysis.rolling_cash import QUARTERS_IN_A_ROW
from helpers.analysis.uncertainty import LABELS, QUANTILES
from helpers.analysis.verdict import NOT_TESTABLE, SUPPORTED
from helpers.units import money, percent

TOGETHER = "together"
_VERDICT = "_verdict"
# The firms' own definition is the one that claims are judged by.
_OWN = "company"


def verdict_history(rows: pd.DataFrame, claims: pd.DataFrame) -> pd.DataFrame:
    """Return the verdict of each claim on each day.

    Parameters
    ----------
    rows : DataFrame, one row a day
        ``as_of`` and a column ``A11_verdict`` a claim.
    claims : DataFrame
        The table of claims: ``claim_id``, ``section``, ``claim_en``.

    Returns
    -------
    DataFrame, one row a claim and day, in the order of the article and of time
        ``claim_id``, ``section``, ``claim_en``, ``day``, ``verdict``.
    """
    wide = rows.set_index(pd.DatetimeIndex(rows["as_of"], name="day")).sort_index()
    wide = wide[[column for column in wide.columns if column.endswith(_VERDICT)]]
    tidy = wide.rename(columns=lambda name: str(name).removesuffix(_VERDICT))
    long = tidy.melt(var_name="claim_id", value_name="verdict", ignore_index=False).reset_index()
    about = claims[["claim_id", "section", "claim_en"]].astype(str)
    return about.merge(long, on="claim_id").sort_values(["claim_id", "day"], kind="stable", ignore_index=True)


def turning_points(history: pd.DataFrame) -> pd.DataFrame:
    """Return the days on which a verdict changed, the first answer of each claim among them.

    Returns
    -------
    DataFrame, one row a change
        ``claim_id``, ``day`` (the first on which the new verdict held), ``before`` (`not testable` on the first day)
        and ``verdict``.
    """
    before = history.groupby("claim_id")["verdict"].shift().fillna(NOT_TESTABLE)
    changed = history.assign(before=before)[before != history["verdict"]]
    return changed[["claim_id", "day", "before", "verdict"]].reset_index(drop=True)


def timeline_sentences(history: pd.DataFrame, article_day: str) -> list[str]:
    """Say when claims became true, in words.

    Parameters
    ----------
    history : DataFrame
        From `verdict_history`.
    article_day : str
        ISO date; the last day at or before it stands for what could be known when the article appeared.
    """
    days = history["day"].drop_duplicates()
    last, then = days.iloc[-1], days[days <= pd.Timestamp(article_day)].max()
    at = {day: history[history["day"] == day].set_index("claim_id")["verdict"] for day in (then, last)}
    total, changes = len(at[last]), turning_points(history)
    never = [str(id) for id, one in history.groupby("claim_id")["verdict"] if (one == NOT_TESTABLE).all()]
    later = changes[changes["day"] > then]
    turned = later[later["before"] != NOT_TESTABLE]
    answered = later[later["before"] == NOT_TESTABLE]
    told = [
        f"On {then.date()}, the last month-end before the article, {_supported(at[then])} of {total} claims were "
        f"supported and {_untestable(at[then])} could not be tested; on {last.date()} it is {_supported(at[last])} and "
        f"{_untestable(at[last])}."
    ]
    if len(answered):
        told.append(f"First answered after the article: {_listed(answered)}.")
    if len(turned):
        moves = "; ".join(
            f"{one.claim_id} from {one.before} to {one.verdict} ({_month(one.day)})" for one in _each(turned)
        )
        told.append(f"Verdicts that turned after the article: {moves}.")
    if never:
        told.append(f"Never testable in these months, for want of a figure: {', '.join(never)}.")
    return told


FELL_FAR, FELL, DID_NOT_FALL, NOT_KNOWN = "fell far", "fell", "did not fall", "not known"


def cash_history(rows: pd.DataFrame) -> pd.DataFrame:
    """Return for each definition, firm and day how twelve months of cash stand against the twelve before.

    A fall is far where it is more than `FALL_PERCENT`, the threshold of claim A02, or starts at or below zero.

    Parameters
    ----------
    rows : DataFrame, one row a definition and day
        ``definition``, ``as_of``, ``fcf_12m``, ``fcf_12m_year_before``, and for each ticker ``fcf_12m_amzn``,
        ``fcf_12m_year_before_amzn``, ``negative_quarters_amzn``.

    Returns
    -------
    DataFrame
        ``who`` (`TOGETHER` or a ticker), ``definition``, ``day``, ``free_cash_flow_12m``, ``year_earlier_12m`` (USD
        millions), ``state`` and ``is_negative_twice``; in the order of firms, definitions and time.
    """
    known = [ticker for ticker in FIRMS if f"fcf_12m_{ticker.lower()}" in rows.columns]
    parts = []
    for who in (TOGETHER, *known):
        end = "" if who == TOGETHER else f"_{who.lower()}"
        part = pd.DataFrame(
            {
                "who": who,
                "definition": pd.Categorical(rows["definition"], list(DEFINITIONS)),
                "day": pd.to_datetime(rows["as_of"]),
                "free_cash_flow_12m": rows[f"fcf_12m{end}"],
                "year_earlier_12m": rows[f"fcf_12m_year_before{end}"],
            }
        )
        part["state"] = _state(part["year_earlier_12m"], part["free_cash_flow_12m"])
        part["is_negative_twice"] = False if who == TOGETHER else rows[f"negative_quarters{end}"] == QUARTERS_IN_A_ROW
        parts.append(part.sort_values(["definition", "day"], kind="stable"))
    return pd.concat(parts, ignore_index=True)


def _state(before: pd.Series, after: pd.Series) -> pd.Series:
    fell = after < before
    far = fell & ((before <= 0) | (100 * (after - before) < -FALL_PERCENT * before))
    words = pd.Series(DID_NOT_FALL, index=before.index).mask(fell, FELL).mask(far, FELL_FAR)
    return words.where(before.notna() & after.notna(), NOT_KNOWN)


def falling_since(history: pd.DataFrame, who: str, definition: str) -> pd.Timestamp | None:
    """Return the first day of the run of falling cash that lasts to the end; None where the last day is no fall."""
    chosen = history[(history["who"] == who) & (history["definition"] == definition)]
    falling = chosen["state"].isin([FELL, FELL_FAR]).to_numpy()
    if not len(falling) or not falling[-1]:
        return None
    run = [(is_falling, len(list(days))) for is_falling, days in groupby(falling)][-1][1]
    start: pd.Timestamp = chosen["day"].iloc[-run]
    return start


def cash_sentences(history: pd.DataFrame) -> list[str]:
    """Say since when cash has been below the year before, for whom, and whether the definition matters."""
    firms = history["who"].nunique() - 1
    told = []
    for who, part in history.groupby("who", sort=False):
        said = {name: _since(part, str(who), name) for name in DEFINITIONS}
        now = part[part["definition"] == _OWN].iloc[-1]
        sums = f"{money(now['free_cash_flow_12m'])} against {money(now['year_earlier_12m'])}"
        name = f"The {firms} firms together" if who == TOGETHER else FIRMS[str(who)].name
        others = [f"{one.replace('_', ' ')}: {words}" for one, words in said.items() if words != said[_OWN]]
        rest = "; ".join(others) if others else "the other definitions say the same"
        told.append(f"{name}, own definition: {said[_OWN]} ({sums} on {now['day'].date()}); {rest}.")
    return told


def _since(history: pd.DataFrame, who: str, definition: str) -> str:
    """Say since when one row of tiles has been falling, or what it says on the last day."""
    day = falling_since(history, who, definition)
    if day is not None:
        return f"below the year before since {_month(day)}"
    last = history.loc[history["definition"] == definition, "state"].iloc[-1]
    return "not known on the last day" if last == NOT_KNOWN else "not below the year before"


def draws_summary(rows: pd.DataFrame, inputs: Mapping[str, str]) -> pd.DataFrame:
    """Return how much each drawn input moves net revenue.

    Parameters
    ----------
    rows : DataFrame, one row a draw
        ``net_revenue`` and the inputs.
    inputs : mapping of str to str
        The id of the assumption behind each input's column.

    Returns
    -------
    DataFrame, one row an input, strongest first
        ``input``, ``label`` and ``rank_correlation`` with net revenue (Spearman). Inputs are drawn independently, so
        the squares are about the shares of the spread.
    """
    ranks = rows[[*inputs, "net_revenue"]].rank()
    found = ranks.corr()["net_revenue"].drop("net_revenue")
    table = pd.DataFrame(
        {"input": found.index, "label": [LABELS[inputs[name]] for name in found.index], "rank_correlation": found}
    )
    return table.sort_values("rank_correlation", key=np.abs, ascending=False, kind="stable", ignore_index=True)


def draws_sentences(rows: pd.DataFrame, strengths: pd.DataFrame) -> list[str]:
    """Say where the draws lie, how many reach the article's figure, and which guess moves them."""
    net, claimed = rows["net_revenue"], float(rows["article_revenue"].iloc[0])
    low, middle, high = (float(net.quantile(share)) for share in QUANTILES)
    reach = int((net >= claimed).sum())
    first, second = (strengths.iloc[place] for place in (0, 1))
    return [
        f"Net revenue has a median of {money(middle, 2)}; nine draws in ten lie between {money(low, 2)} and "
        f"{money(high, 2)}.",
        f"{reach} of {len(rows):,} draws reach the {money(claimed)} of the article; the median is "
        f"{percent(100 * middle / claimed)} of it.",
        f"What moves it most is “{first['label']}” (rank correlation "
        f"{first['rank_correlation']:+.2f}), then “{second['label']}” "
        f"({second['rank_correlation']:+.2f}).".replace("-", "\N{MINUS SIGN}"),
    ]


def _supported(verdicts: pd.Series) -> int:
    return int((verdicts == SUPPORTED).sum())


def _untestable(verdicts: pd.Series) -> int:
    return int((verdicts == NOT_TESTABLE).sum())


def _listed(changes: pd.DataFrame) -> str:
    return "; ".join(f"{one.claim_id} {one.verdict} ({_month(one.day)})" for one in _each(changes))


def _each(changes: pd.DataFrame) -> Sequence[pd.Series]:
    return [one for _, one in changes.sort_values(["day", "claim_id"], kind="stable").iterrows()]


def _month(day: pd.Timestamp) -> str:
    return f"{day:%B %Y}"
