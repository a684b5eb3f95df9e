"""Sources and uses of the money of AI by calendar year: the builders' accounts and the model makers' losses.

Amounts are USD millions. A firm's fiscal quarters are given to the calendar year that holds their middle. A year whose
quarters are not all known is marked and never extrapolated. A figure nobody gave stays unknown: it stands in the
residual, and the sum it is missing from says of how many firm-quarters it knows.

Two dollars must not be counted twice. What a builder put into a model maker is cash of the builder already, so
rounds that only builders led are left out of the model makers' money, and so is the part of a mixed round that a note
says builders pledged; where no note splits it, a mixed round counts whole. And what a model maker pays a builder for
computing stands in its loss and in the builder's operating cash flow alike: no table says how much, so nothing is
taken off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from helpers.analysis import vendor_metrics as vendor
from helpers.analysis.fiscal_quarters import QUARTERS_A_YEAR, calendar_quarter, latest_quarters
from helpers.analysis.free_cash_flow import customer_prepayments
from helpers.analysis.funding_rounds import COUNTED, IN_THE_SUMS, count_rounds
from helpers.analysis.listed_firms_financing import sources_and_uses

BUILDERS = ("AMZN", "MSFT", "GOOGL", "META", "ORCL")
MODEL_MAKERS = ("OpenAI", "Anthropic", "xAI")
# The builders as the table of rounds names them when they lead one.
BUILDER_INVESTORS = ("Amazon", "Microsoft", "Google", "Alphabet", "Meta", "Oracle")
# How a note splits a round, in USD billions: "50 Amazon (35 conditional), 30 NVIDIA".
_PLEDGED = rf"(\d+(?:\.\d+)?) (?:{'|'.join(BUILDER_INVESTORS)})\b"
_MILLIONS_A_BILLION = 1000

OPERATIONS, PREPAID, DEBT, SHARES, RAISED = (
    "operating cash flow",
    "customer prepayments",
    "net new debt",
    "new shares",
    "raised by model makers",
)
CAPEX, RETURNED, ACQUIRED, LOSSES, REPAID = (
    "capex",
    "buybacks and dividends",
    "acquisitions",
    "losses of model makers",
    "net debt repaid",
)
# What closes the account, on whichever side it falls: cash drawn or added, and what no table holds.
DRAWN, ADDED = "from cash, or not in the tables", "to cash, or not in the tables"
# Items that nobody states quarter by quarter, so that none of them can be complete: what they are instead.
STANDS_FOR = {DRAWN: "what is left", ADDED: "what is left", RAISED: "closed rounds"}
SOURCES = (OPERATIONS, PREPAID, DEBT, SHARES, RAISED, DRAWN)
USES = (CAPEX, RETURNED, ACQUIRED, LOSSES, REPAID, ADDED)
COLUMNS = ["period", "side", "item", "usd_m", "known", "of", "rows"]


def by_year(
    cash_flows: pd.DataFrame,
    financing: pd.DataFrame,
    funding_rounds: pd.DataFrame,
    vendor_metrics: pd.DataFrame,
    first_year: int,
) -> pd.DataFrame:
    """Return the account of each calendar year.

    Parameters
    ----------
    cash_flows, financing : DataFrame, one row a firm-quarter, indexed by row id
    funding_rounds, vendor_metrics : DataFrame, indexed by row id
        All as known on the same day.
    first_year : int

    Returns
    -------
    DataFrame, one row a year, side and item, in the order of `SOURCES` and `USES`
        ``period`` (``"2024"``, or ``"2026, 11 of 20 quarters"`` where firm-quarters are missing), ``side``
        (``source`` or ``use``), ``item``, ``usd_m`` (missing where nothing of it is known), ``known`` and ``of``
        (firm-quarters, or model makers, whose figure is known, and how many there are), ``rows`` (ids joined by ";").
        Both sides of a year have the same sum.
    """
    flows = firm_quarters(cash_flows, financing)
    years = calendar_quarter(flows["period_end"]).dt.year
    whole = QUARTERS_A_YEAR * len(BUILDERS)
    raised = raised_from_others(funding_rounds)
    tables = []
    for year in range(first_year, int(years.max()) + 1 if len(years) else first_year):
        part = flows[years == year]
        if part.empty:
            continue
        name = str(year) if len(part) == whole else f"{year}, {len(part)} of {whole} quarters"
        makers = _makers_of_year(raised, vendor_metrics, year)
        tables.append(_account(name, part, makers))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)


def last_twelve_months(cash_flows: pd.DataFrame, financing: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the account of each builder's last four known quarters together; model makers are left out.

    Parameters
    ----------
    cash_flows, financing : DataFrame, one row a firm-quarter, indexed by row id
    name : str
        What the period is called.

    Returns
    -------
    DataFrame
        As `by_year`; no row where no firm has four quarters.
    """
    flows = firm_quarters(cash_flows, financing)
    last = latest_quarters(flows, QUARTERS_A_YEAR) if len(flows) else flows
    if len(last) < QUARTERS_A_YEAR * len(BUILDERS):
        return pd.DataFrame(columns=COLUMNS)
    return _account(name, last, {})


def firm_quarters(cash_flows: pd.DataFrame, financing: pd.DataFrame, tickers: Sequence[str] = BUILDERS) -> pd.DataFrame:
    """Return every known flow of each firm-quarter whose operating cash flow and capex are known.

    Parameters
    ----------
    cash_flows, financing : DataFrame, one row a firm-quarter, indexed by row id
        As known on the same day.
    tickers : sequence of str
        Which firms, by default the builders.

    Returns
    -------
    DataFrame
        From `listed_firms_financing.sources_and_uses`, with ``customer_prepayments`` and ``rows`` (both tables'
        row ids joined by ";").
    """
    table = sources_and_uses(financing, cash_flows, tickers).dropna(subset=["operating_cash_flow", "capex"])
    named = customer_prepayments(cash_flows) if len(cash_flows) else pd.Series(dtype="float64")
    rows = table["cash_row"].astype(str) + ";" + table.index.astype(str)
    return table.assign(customer_prepayments=table["cash_row"].map(named).astype("float64"), rows=rows)


def _account(name: str, part: pd.DataFrame, makers: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Lay out one period, and close it with the residual."""
    prepaid = _sum(part, "customer_prepayments", PREPAID)
    operations = _sum(part, "operating_cash_flow", OPERATIONS)
    operations["usd_m"] -= prepaid["usd_m"] if pd.notna(prepaid["usd_m"]) else 0.0
    debt = _sum(part, "net_debt_flow", DEBT)
    repaid = debt | {"item": REPAID, "usd_m": -debt["usd_m"]}
    borrowed = pd.isna(debt["usd_m"]) or debt["usd_m"] >= 0
    sources = [operations, prepaid, *([debt] if borrowed else []), _sum(part, "shares_issued", SHARES)]
    uses = [_sum(part, "capex", CAPEX), _sum(part, "to_shareholders", RETURNED), _sum(part, "acquisitions", ACQUIRED)]
    sources += [makers[RAISED]] if RAISED in makers else []
    uses += [makers[LOSSES]] if LOSSES in makers else []
    uses += [] if borrowed else [repaid]
    left = sum(_known(sources)) - sum(_known(uses))
    everything = ";".join(dict.fromkeys(";".join(str(row["rows"]) for row in [*sources, *uses]).strip(";").split(";")))
    residual = {"usd_m": abs(left), "known": len(part), "of": len(part), "rows": everything}
    (uses if left >= 0 else sources).append({"item": ADDED if left >= 0 else DRAWN, **residual})
    table = [row | {"side": side} for side, rows in (("source", sources), ("use", uses)) for row in rows]
    return pd.DataFrame(table).assign(period=name)[COLUMNS]


def _known(rows: Sequence[dict[str, Any]]) -> list[float]:
    return [row["usd_m"] for row in rows if pd.notna(row["usd_m"])]


def _sum(part: pd.DataFrame, column: str, item: str) -> dict[str, Any]:
    """Sum what is known of a flow."""
    known = part[part[column].notna()]
    total = float(known[column].sum()) if len(known) else float("nan")
    return {"item": item, "usd_m": total, "known": len(known), "of": len(part), "rows": ";".join(known["rows"])}


def _makers_of_year(raised: pd.DataFrame, vendor_metrics: pd.DataFrame, year: int) -> dict[str, dict[str, Any]]:
    """Return what the model makers raised from others (`raised_from_others`) and lost in a year."""
    rounds = raised[raised["date"].dt.year == year]
    losses = [loss_of_year(vendor_metrics, company, year) for company in MODEL_MAKERS]
    known = [loss for loss in losses if len(loss)]
    total = sum(float(loss["value"].sum()) for loss in known) if known else float("nan")
    whole = sum(float(loss["months"].sum()) >= _MONTHS_A_YEAR for loss in known)
    count = len(MODEL_MAKERS)
    amount = float(rounds["counted_usd_m"].sum()) if len(rounds) else float("nan")
    return {
        RAISED: {"item": RAISED, "usd_m": amount, "known": count, "of": count, "rows": ";".join(rounds.index)},
        LOSSES: {
            "item": LOSSES, "usd_m": total, "known": whole, "of": count,
            "rows": ";".join(row for loss in known for row in loss.index),
        },
    }  # fmt: skip


def raised_from_others(funding_rounds: pd.DataFrame) -> pd.DataFrame:
    """Return the model makers' new money that does not come from builders alone.

    Parameters
    ----------
    funding_rounds : DataFrame
        As known on some day.

    Returns
    -------
    DataFrame
        Rows of `funding_rounds.count_rounds` in the sums, of `MODEL_MAKERS`, without the rounds that only
        `BUILDER_INVESTORS` led; ``counted_usd_m`` is without what builders pledged (`pledged_by_builders`).
    """
    rounds = count_rounds(funding_rounds)
    rounds = rounds[rounds["company"].isin(list(MODEL_MAKERS)) & rounds["treatment"].isin(list(IN_THE_SUMS))]
    rounds = rounds[~builders_alone(rounds)]
    return rounds.assign(counted_usd_m=rounds["counted_usd_m"] - pledged_by_builders(rounds))


def builders_alone(rounds: pd.DataFrame) -> pd.Series:
    """Tell which rounds name builders, and nobody else, as their leads; a round without a lead is not one of them."""
    leads = rounds["lead_investors"].fillna("").astype(str).str.split(";")
    return leads.map(lambda names: all(name.strip() in BUILDER_INVESTORS for name in names)).astype(bool)


def pledged_by_builders(rounds: pd.DataFrame) -> pd.Series:
    """Return what the note of each round says `BUILDER_INVESTORS` pledged to it, USD millions; 0 where it does not.

    Parameters
    ----------
    rounds : DataFrame
        From `funding_rounds.count_rounds`. In a row that counts less what an earlier row holds, the builders named
        are the ones already taken off.

    Returns
    -------
    Series of float64
    """
    notes = rounds.loc[rounds["treatment"] == COUNTED, "note"].fillna("").astype(str)
    named = notes.str.extractall(_PLEDGED)[0].astype("float64").groupby(level=0).sum()
    return named.reindex(rounds.index, fill_value=0.0) * _MILLIONS_A_BILLION


# Months of the periods a loss is stated for, longest first: years are what halves and quarters add up to.
_MONTHS_A_YEAR = 12
_PERIODS = (_MONTHS_A_YEAR, 6, 3)


def loss_of_year(vendor_metrics: pd.DataFrame, company: str, year: int) -> pd.DataFrame:
    """Return the operating losses that were stated for a calendar year, in periods that do not overlap.

    Parameters
    ----------
    vendor_metrics : DataFrame
        As known on some day. Guidance is no outcome and does not count.
    company : str
    year : int

    Returns
    -------
    DataFrame
        Rows of the table with ``months``; the year's own figure where there is one, else the halves and quarters that
        are known: part of a year, which nobody extrapolates. No row where nothing is known.
    """
    rows = vendor.select(vendor_metrics, "operating_loss_usd_m", company=company)
    rows = rows[rows["date"].dt.year == year].sort_values("published", kind="stable")
    rows = rows.assign(months=pd.to_numeric(rows["period_months"], errors="coerce"))
    taken: list[str] = []
    covered: set[pd.Period] = set()
    for length in _PERIODS:
        for label, day in rows.loc[rows["months"] == length, "date"].drop_duplicates(keep="last").items():
            end = day.to_period("M")
            months = {end - back for back in range(length)}
            if not months & covered:
                covered |= months
                taken.append(str(label))
    known: pd.DataFrame = rows.loc[taken]
    return known


def compare(then: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Set two accounts side by side.

    Parameters
    ----------
    then, now : DataFrame
        From `last_twelve_months`; `then` may be empty.

    Returns
    -------
    DataFrame, one row a side and item
        ``side``, ``item``, ``then``, ``now`` (USD millions; missing where nothing is known), ``known_then`` and
        ``known_now`` (``"all"``, ``"12 of 20"`` or what the item `STANDS_FOR`). A net repayment of debt stands among
        the uses.
    """
    sides = {"source": SOURCES, "use": USES}
    table = []
    for side, items in sides.items():
        for item in items:
            row: dict[str, Any] = {"side": side, "item": item}
            for name, account in (("then", then), ("now", now)):
                found = account[(account["side"] == side) & (account["item"] == item)]
                row[name] = float(found["usd_m"].iloc[0]) if len(found) else float("nan")
                row[f"known_{name}"] = _of_how_many(found)
            table.append(row)
    result = pd.DataFrame(table)
    return result[result[["then", "now"]].notna().any(axis=1)].reset_index(drop=True)


def known_for(account: pd.DataFrame) -> pd.Series:
    """Say for each item of an account for how many firm-quarters, or firms, it is known, or what it `STANDS_FOR`."""
    counted = account["known"].astype(int).astype(str) + " of " + account["of"].astype(int).astype(str)
    return account["item"].map(STANDS_FOR).fillna(counted)


def _of_how_many(found: pd.DataFrame) -> str:
    if found.empty:
        return ""
    known, of, name = int(found["known"].iloc[0]), int(found["of"].iloc[0]), str(found["item"].iloc[0])
    return STANDS_FOR.get(name, "all" if known == of else f"{known} of {of}")


def item(account: pd.DataFrame, name: str) -> tuple[float | None, tuple[str, ...]]:
    """Return an item's amount in an account of one period, None where it is not known, and its row ids."""
    found = account[account["item"] == name]
    if found.empty or pd.isna(found["usd_m"].iloc[0]):
        return None, ()
    return float(found["usd_m"].iloc[0]), tuple(row for row in str(found["rows"].iloc[0]).split(";") if row)


def rows_of(account: pd.DataFrame) -> tuple[str, ...]:
    """Return the row ids behind an account, each once."""
    return tuple(dict.fromkeys(row for rows in account["rows"] for row in str(rows).split(";") if row))


def outside_money(account: pd.DataFrame) -> tuple[float | None, tuple[str, ...]]:
    """Return net new debt, new shares and money raised by model makers together, and their row ids.

    A net repayment of debt counts as less than nothing borrowed. None where none of it is known.
    """
    signs = {DEBT: 1, SHARES: 1, RAISED: 1, REPAID: -1}
    parts = [(sign, *item(account, name)) for name, sign in signs.items()]
    known = [(sign * amount, rows) for sign, amount, rows in parts if amount is not None]
    if not known:
        return None, ()
    return sum(amount for amount, _ in known), tuple(dict.fromkeys(row for _, rows in known for row in rows))
