"""What the notebook on capex reads from the tables: shares, eras side by side, debts, totals of the group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.analysis.fiscal_quarters import QUARTERS_A_YEAR, in_order, latest_quarters, trailing_twelve_months
from helpers.units import p_value

# Firms of the dot-com years with capex and revenue confirmed in at least two of the same years.
THEN_FIRMS = ("INTC", "SBC", "VZ", "BLS", "AMZN")
NOW_FIRMS = ("ORCL", "META", "MSFT", "GOOGL", "AMZN")
FIRST_YEAR_NOW = 2017
# How the note of `financing` says that a debt is not a total.
_PARTIAL = "partial:"


@dataclass(frozen=True)
class GroupYear:
    """The last twelve months of a group of firms.

    Parameters
    ----------
    capex, revenue : float or None
        USD millions; None where one firm's year is not known.
    rows : tuple of str
    """

    capex: float | None
    revenue: float | None
    rows: tuple[str, ...]

    @property
    def share(self) -> float | None:
        """Capex in per cent of revenue."""
        return 100 * self.capex / self.revenue if self.capex is not None and self.revenue else None


def group_year(cash_flows: pd.DataFrame, tickers: Sequence[str]) -> GroupYear:
    """Add up the last four quarters of some firms.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter
    tickers : sequence of str

    Returns
    -------
    GroupYear
    """
    last = latest_quarters(cash_flows[cash_flows["ticker"].astype(str).isin(list(tickers))], QUARTERS_A_YEAR)
    whole = len(last) == QUARTERS_A_YEAR * len(tickers) and last[["capex", "revenue"]].notna().all(axis=None)
    if not whole:
        return GroupYear(None, None, tuple(last.index))
    return GroupYear(float(last["capex"].sum()), float(last["revenue"].sum()), tuple(last.index))


def error_table(estimates: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Lay out fixed-effects estimates for readers.

    Parameters
    ----------
    estimates : DataFrame
        From `helpers.analysis.panel_estimates.fixed_effects`, one regressor.
    names : mapping of error to its name

    Returns
    -------
    DataFrame
        Heads as readers see them; a dash where an error has no such figure.
    """

    def written(values: pd.Series, digits: int) -> list[str]:
        return [f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}") if np.isfinite(value) else "–" for value in values]

    return pd.DataFrame(
        {
            "error": [names[str(error)] for error in estimates["error"]],
            "coefficient": written(estimates["coefficient"], digits=3),
            "standard error": written(estimates["standard_error"], digits=3),
            "from": written(estimates["low"], digits=2),
            "to": written(estimates["high"], digits=2),
            "p": [p_value(value, "") if np.isfinite(value) else "–" for value in estimates["p_value"]],
            "degrees": written(estimates["degrees_of_freedom"], digits=1),
            "small-sample factor": written(estimates["small_sample_factor"], digits=4),
            "lag": ["–" if pd.isna(lag) else str(lag) for lag in estimates["lag"]],
            "package": estimates["package"].to_numpy(),
        }
    )


def reading(coefficient: float, p_value: float, detectable: float, size: float = 0.05) -> str:
    """Say in words what an estimate means beside what the panel could have seen.

    Parameters
    ----------
    coefficient : float
    p_value : float
        Of the test that is believed.
    detectable : float
        Smallest effect seen with the wished power, positive.
    size : float

    Returns
    -------
    str
        A clause without a full stop.
    """
    if p_value < size:
        direction = "falls" if coefficient < 0 else "rises"
        return f"the outcome {direction} after more capex, by more than chance explains"
    if abs(coefficient) < detectable:
        return "no effect is seen, and one of this size could not have been seen: the data are silent, not negative"
    return "the estimate is large, but firms disagree too much to tell it from zero"


def spending_shares(cash_flows: pd.DataFrame) -> pd.DataFrame:
    """Return capex as a share of revenue over each firm's last twelve months.

    Parameters
    ----------
    cash_flows : DataFrame, one row a firm-quarter

    Returns
    -------
    DataFrame, on the row ids of `cash_flows`
        ``ticker``, ``period_end``, ``share`` (per cent; missing where a quarter is).
    """
    flows = in_order(cash_flows)
    revenue = trailing_twelve_months(flows, "revenue")
    share = 100 * trailing_twelve_months(flows, "capex") / revenue.where(revenue > 0)
    return pd.DataFrame(
        {"ticker": flows["ticker"].astype(str), "period_end": flows["period_end"], "share": share}, index=flows.index
    )


def then_and_now(
    dotcom_firms: pd.DataFrame,
    cash_flows: pd.DataFrame,
    names: Mapping[str, str],
    *,
    then: Sequence[str] = THEN_FIRMS,
    now: Sequence[str] = NOW_FIRMS,
) -> pd.DataFrame:
    """Put capex as a share of revenue of both eras in one frame, by fiscal year.

    Parameters
    ----------
    dotcom_firms : DataFrame, one row a firm's fiscal year
    cash_flows : DataFrame, one row a firm-quarter
    names : mapping of ticker to company, for today's firms
    then, now : sequence of str

    Returns
    -------
    DataFrame, one row a firm and fiscal year
        ``era``, ``ticker``, ``company``, ``year``, ``capex``, ``revenue`` (USD millions), ``share``
        (per cent). A year between a firm's first and last with only one of the two, or with none,
        is a row with a missing share. Today's years need all four quarters.
    """
    parts = []
    for ticker in then:
        firm = dotcom_firms[dotcom_firms["ticker"].astype(str) == ticker]
        known = firm[firm["capex"].notna() & firm["revenue"].notna()]
        if known.empty:
            continue
        years = range(int(known["fiscal_year"].min()), int(known["fiscal_year"].max()) + 1)
        values = firm.set_index("fiscal_year")[["capex", "revenue"]].reindex(years)
        parts.append(_era("then", ticker, str(firm["company"].iloc[0]), values))
    recent = cash_flows[cash_flows["fiscal_year"] >= FIRST_YEAR_NOW]
    for ticker in now:
        firm = recent[recent["ticker"].astype(str) == ticker]
        by_year = firm.groupby("fiscal_year")[["capex", "revenue"]]
        full = by_year.count().min(axis=1) == QUARTERS_A_YEAR
        parts.append(_era("now", ticker, names[ticker], by_year.sum()[full]))
    return pd.concat(parts, ignore_index=True)


def _era(era: str, ticker: str, company: str, values: pd.DataFrame) -> pd.DataFrame:
    share = 100 * values["capex"].astype("float64") / values["revenue"].astype("float64")
    return pd.DataFrame(
        {
            "era": era,
            "ticker": ticker,
            "company": company,
            "year": values.index.astype("int64"),
            "capex": values["capex"].to_numpy(dtype="float64"),
            "revenue": values["revenue"].to_numpy(dtype="float64"),
            "share": share.to_numpy(),
        }
    )


def debt_multiples(
    dotcom_firms: pd.DataFrame, financing: pd.DataFrame, cash_flows: pd.DataFrame, names: Mapping[str, str]
) -> pd.DataFrame:
    """Compare debt with a year's operating cash flow, then and now.

    Parameters
    ----------
    dotcom_firms, financing, cash_flows : DataFrame
    names : mapping of ticker to company

    Returns
    -------
    DataFrame, one row a firm of either era with both figures, on the row id of the debt
        ``era``, ``company``, ``period_end``, ``debt``, ``operating_cash_flow`` (USD millions, twelve
        months), ``multiple``. Debts marked as partial are left out. Then: the highest multiple of each
        firm; now: the newest.
    """
    old = dotcom_firms[dotcom_firms["total_debt"].notna() & (dotcom_firms["operating_cash_flow"] > 0)]
    before = pd.DataFrame(
        {
            "era": "then",
            "company": old["company"].astype(str),
            "period_end": old["period_end"],
            "debt": old["total_debt"],
            "operating_cash_flow": old["operating_cash_flow"],
        },
        index=old.index,
    )
    before["multiple"] = before["debt"] / before["operating_cash_flow"]
    before = before.sort_values("multiple", ascending=False).drop_duplicates("company")
    return pd.concat([before, _debts_now(financing, cash_flows, names)])


def _debts_now(financing: pd.DataFrame, cash_flows: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    flows = in_order(cash_flows)
    year = trailing_twelve_months(flows, "operating_cash_flow")
    keys = pd.MultiIndex.from_arrays([flows["ticker"].astype(str), flows["period_end"]])
    earned = pd.Series(year.to_numpy(), index=keys)
    whole = financing[
        financing["total_debt"].notna()
        & financing["ticker"].astype(str).isin(list(names))
        & ~financing["note"].astype("str").str.startswith(_PARTIAL).fillna(False).astype(bool)
    ]
    wanted = pd.MultiIndex.from_arrays([whole["ticker"].astype(str), whole["period_end"]])
    now = pd.DataFrame(
        {
            "era": "now",
            "company": whole["ticker"].astype(str).map(names),
            "period_end": whole["period_end"],
            "debt": whole["total_debt"],
            "operating_cash_flow": earned.reindex(wanted).to_numpy(),
        },
        index=whole.index,
    )
    now["multiple"] = now["debt"] / now["operating_cash_flow"].where(now["operating_cash_flow"] > 0)
    return now.dropna(subset=["multiple"]).sort_values("period_end").groupby("company").tail(1)


def group_depreciation(pipeline: pd.DataFrame, tickers: Sequence[str], since: str) -> pd.DataFrame:
    """Add up the depreciation of some firms.

    Parameters
    ----------
    pipeline : DataFrame
        From `helpers.analysis.depreciation_pipeline.depreciation_pipeline`.
    tickers : sequence of str
    since : str
        First calendar quarter.

    Returns
    -------
    DataFrame, one row a quarter and life
        ``quarter`` (Timestamp, its last day), ``life``, ``depreciation`` and ``reported`` (USD millions;
        missing where one firm's is), ``projected`` (a quarter that any firm has not reported yet).
        Quarters that lie within the projection of some firms only are left out.
    """
    chosen = pipeline[pipeline["ticker"].isin(list(tickers)) & (pipeline["quarter"] >= pd.Period(since, "Q"))]
    grouped = chosen.groupby(["quarter", "life"])
    table = grouped.agg(
        depreciation=("depreciation", lambda values: values.sum(skipna=False)),
        reported=("reported", lambda values: values.sum(skipna=False)),
        projected=("projected", "any"),
        firms=("ticker", "nunique"),
    ).reset_index()
    table = table[table["firms"] == chosen["ticker"].nunique()].drop(columns="firms")
    table["quarter"] = table["quarter"].dt.to_timestamp(how="end").dt.normalize()
    return table.reset_index(drop=True)


def beyond_the_usual(surprise: pd.DataFrame, path: pd.DataFrame) -> pd.DataFrame:
    """Add up overinvestment after the quarters the rule was learnt from.

    Parameters
    ----------
    surprise, path : DataFrame
        From `helpers.analysis.overinvestment.overinvestment`, one step ahead and dynamic.

    Returns
    -------
    DataFrame, one row a firm
        ``ticker``, ``surprise``, ``path`` (USD millions), ``quarters``.
    """
    learnt_to = surprise.loc[surprise["fitted"], "quarter"].max()
    after = [table[table["quarter"] > learnt_to].groupby("ticker")["overinvestment"] for table in (surprise, path)]
    result = pd.DataFrame({"surprise": after[0].sum(), "path": after[1].sum(), "quarters": after[0].size()})
    return result.rename_axis("ticker").reset_index()
