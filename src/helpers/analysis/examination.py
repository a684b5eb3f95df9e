"""A monthly series under the explosive-root tests: its statistics, episodes under each rule, and two papers repeated.

The tests themselves are in `helpers.analysis.exuberance`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from helpers.analysis import exuberance
from helpers.analysis.boom_paths import ratio_of, rows_used

LEVEL = 0.95
# Where the sample of Phillips, Wu and Yu begins, but for a month that its first difference takes.
SINCE = "1973-01"
# PSY 2015, Table 1, 100 observations: SADF and GSADF at 90, 95 and 99 per cent.
PUBLISHED_100 = {"SADF": (0.98, 1.30, 1.99), "GSADF": (1.65, 2.00, 2.57)}
# What the papers print. PSY 2015: Table 8 and section 5, price/dividend ratio of the S&P 500, 1871-01 to 2010-12.
# PWY 2011: Table 1, log real Nasdaq, 1973-02 to 2005-06, windows from a tenth of the sample.
PUBLISHED = {
    "PSY GSADF": "4.21",
    "PSY episodes": "1879-10 to 1880-04; 1928-11 to 1929-10; 1955-01 to 1956-04; 1986-06 to 1987-09; "
    "1995-11 to 2001-08",
    "PWY SADF": "2.894",
    "PWY start": "1995-06",
}
PSY_SPAN, PSY_ROWS, PSY_DURATION = ("1871-01", "2010-12"), 89, 6
PWY_SPAN, PWY_SHARE = ("1973-02", "2005-06"), 0.10
# Right-tail 5 per cent value of the Dickey-Fuller statistic, what PWY date the start with.
PWY_LINE = -0.08
# Months beyond PSY's shortest window that four lags take: one each, one for the first difference, one to move on.
PSY_ROOM = 6
# Fewest months of the Nasdaq for PWY: a tenth of them, the shortest window, is then the four rows that one lag needs.
PWY_FEWEST = 40
# A statistic is held against simulations, which want the compiled engine anyway; all engines give the same digits.
ENGINE = "fastest"


@dataclass(frozen=True)
class Examination:
    """One series under the tests.

    Parameters
    ----------
    name : str
        As readers know it.
    kind : str
        ``price``, ``valuation``, ``fundamental`` or ``placebo``.
    result : RadfResult
    null : NullDistribution
    rows : tuple of str
        Row ids of the series, one an observation.
    evidence : tuple of str
        All rows it rests on: also those of consumer prices, where it is deflated.
    """

    name: str
    kind: str
    result: exuberance.RadfResult
    null: exuberance.NullDistribution
    rows: tuple[str, ...]
    evidence: tuple[str, ...]

    def critical(self, rule: str, shift: float = 0.0) -> exuberance.CriticalValues:
        """Return the critical values under a rule, moved by some of their Monte Carlo standard errors."""
        line = exuberance.under_rule(self.null, rule)
        return replace(
            line, values=line.values + shift * line.errors, gsadf=line.gsadf + shift * line.gsadf_error  # noqa: PD011 - a field of ours, no frame
        )  # fmt: skip

    def episodes(self, rule: str, shift: float = 0.0) -> pd.DataFrame:
        """Return the episodes under a rule, at 5 per cent; `shift` as in `critical`."""
        return exuberance.date_stamp(self.result, self.critical(rule, shift))

    def sequence(self) -> pd.DataFrame:
        """Return the statistic beside each rule's 5 per cent line: ``month``, ``value``, ``bsadf`` and the rules."""
        lines = {rule: self.critical(rule).at(LEVEL) for rule in exuberance.RULES}
        known = self.result.frame()
        months = pd.PeriodIndex(known.index).to_timestamp(how="end").normalize()
        return pd.DataFrame(
            {"month": months, "value": np.exp(known["value"]).to_numpy(), "bsadf": self.result.bsadf, **lines},
            index=pd.Index(self.rows[-len(known) :], name="row"),
        )

    def months_above(self, rule: str, since: str = "1900-01-01") -> int:
        """Count the months above a rule's line since a date, however short the run; none if the gate is shut."""
        if self.result.gsadf <= self.critical(rule).gate(LEVEL):
            return 0
        sequence = self.sequence()
        return int(((sequence["bsadf"] > sequence[rule]) & (sequence["month"] >= pd.Timestamp(since))).sum())

    @property
    def peak(self) -> str:
        """The month of the largest statistic."""
        return str(self.result.index[int(np.argmax(self.result.bsadf))])

    @property
    def least(self) -> int:
        """Months an episode must last."""
        return exuberance.default_min_duration(self.result.observations)

    @property
    def p_value(self) -> float:
        """Simulated p-value of GSADF."""
        return self.critical("family").p_value(self.result.gsadf)


def examine(
    name: str,
    path: pd.DataFrame,
    *,
    kind: str,
    lags: int,
    draws: int,
    seed: int,
    cache: exuberance.Cache | None = None,
    since: str | None = None,
) -> Examination:
    """Test the logarithm of a monthly path.

    Parameters
    ----------
    name, kind : str
    path : DataFrame
        From `helpers.analysis.boom_paths.monthly`.
    lags, draws, seed : int
    cache : Cache, optional
    since : str, optional
        First month.

    Returns
    -------
    Examination

    Raises
    ------
    ValueError
        As `exuberance.radf`.
    """
    part = path if since is None else path[path["month"] >= pd.Period(since, "M")]
    series = pd.Series(np.log(part["value"].to_numpy(dtype=np.float64)), pd.PeriodIndex(part["month"]))
    result = exuberance.radf(series, lags=lags, engine=ENGINE)
    null = exuberance.null_distribution(len(series), lags=lags, draws=draws, seed=seed, cache=cache)
    return Examination(name, kind, result, null, tuple(str(row) for row in part.index), rows_used(part))


def wild_p_value(examination: Examination, draws: int, seed: int) -> float:
    """Return the p-value of GSADF by the wild bootstrap, with the same lags and windows."""
    result = examination.result
    wild = exuberance.wild_bootstrap(
        result.series, lags=result.lags, min_rows=result.min_rows, draws=draws, seed=seed
    )  # fmt: skip
    return wild.p_value(result.gsadf)


def statistics(examinations: Sequence[Examination], rule: str) -> pd.DataFrame:
    """Return a line a series.

    Returns
    -------
    DataFrame
        ``series``, ``kind``, ``lags``, ``first``, ``last``, ``months``, ``gsadf``, ``critical`` and ``error`` (5 per
        cent value and its Monte Carlo standard error), ``p_value``, ``peak`` (month of the largest statistic),
        ``months_above`` (months above the line of `rule`, however short the run), ``episodes`` (under `rule`).
    """
    lines = []
    for one in examinations:
        line, result = one.critical(rule), one.result
        place = line.levels.index(LEVEL)
        lines.append(
            {
                "series": one.name,
                "kind": one.kind,
                "lags": result.lags,
                "first": str(result.series.index[0]),
                "last": str(result.series.index[-1]),
                "months": result.observations,
                "gsadf": result.gsadf,
                "critical": float(line.gsadf[place]),
                "error": float(line.gsadf_error[place]),
                "p_value": one.p_value,
                "peak": one.peak,
                "months_above": one.months_above(rule),
                "episodes": in_words(one.episodes(rule)),
            }
        )
    return pd.DataFrame(lines)


def in_words(episodes: pd.DataFrame) -> str:
    """Write episodes as ``1995-12 to 2000-03 (rise)``, joined; ``none`` where there are none."""
    words = [
        f"{row['start']!s} to {'now' if row['ongoing'] else str(row['end'])} ({row['direction']})"
        for _, row in episodes.iterrows()
    ]  # fmt: skip
    return "; ".join(words) or "none"


def by_rule(examinations: Sequence[Examination]) -> pd.DataFrame:
    """Return every episode of every series under every rule: ``series`` and the columns of `date_stamp`."""
    parts = [
        one.episodes(rule).assign(series=one.name) for one in examinations for rule in exuberance.RULES
    ]  # fmt: skip
    return pd.concat([part for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else parts[0]


def rules_in_words(examinations: Sequence[Examination]) -> pd.DataFrame:
    """Return rules by series with the episodes in words; a rule without episodes says so."""
    return pd.DataFrame(
        [
            {
                "rule": rule,
                "line": words,
                **{one.name: in_words(one.episodes(rule)) for one in examinations},
            }
            for rule, words in exuberance.RULES.items()
        ]
    )  # fmt: skip


def now(examination: Examination, rule: str, start: str) -> str:
    """Say in one clause whether the series has been explosive since a date."""
    episodes = examination.episodes(rule)
    late = episodes[[end >= pd.Period(start, "M") for end in episodes["end"]]] if len(episodes) else episodes
    if late.empty:
        above = examination.months_above(rule, start)
        return "no episode" if not above else f"no episode, though {above} scattered months pass the line"
    running = bool(late["ongoing"].iloc[-1])
    return f"{in_words(late)}, {'still running' if running else 'over'}"


def between(examination: Examination, rule: str, start: str, end: str) -> str:
    """Say which episodes a rule stamps in a span of months; ``none`` where there are none."""
    found = examination.episodes(rule)
    first, last = pd.Period(start, "M"), pd.Period(end, "M")
    inside = [row["end"] >= first and row["start"] <= last for _, row in found.iterrows()]
    return in_words(found[inside]) if len(found) else in_words(found)


def rejections(statistics: pd.DataFrame) -> str:
    """Say how often the random walk is rejected, series by series: ``real Nasdaq 1 of 5, CAPE 4 of 5``.

    Parameters
    ----------
    statistics : DataFrame
        From `statistics`, with a line a series and number of lags.
    """
    above = statistics["gsadf"] > statistics["critical"]
    counts = above.groupby(statistics["series"], sort=False).agg(["sum", "size"])
    return ", ".join(f"{name} {row['sum']} of {row['size']}" for name, row in counts.iterrows())


def found_beside_print(papers: pd.DataFrame) -> str:
    """Say between which values each paper's statistic lies here, over the numbers of lags, beside the printed one.

    Parameters
    ----------
    papers : DataFrame
        The first result of `replications`.
    """
    told = []
    for paper, lines in papers.groupby("paper", sort=False):
        found = lines["found"]
        told.append(f"{paper}: {found.min():.2f} to {found.max():.2f} here, {lines['published'].iloc[0]} in print")
    return "; ".join(told)


def replications(
    nasdaq: pd.DataFrame, shiller: pd.DataFrame, *, lags: Sequence[int], draws: int, seed: int,
    cache: exuberance.Cache | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Repeat the two papers on the shipped tables, and what changes their results.

    Parameters
    ----------
    nasdaq : DataFrame
        Real Nasdaq, from `helpers.analysis.boom_paths.real_nasdaq`.
    shiller : DataFrame
    lags : sequence of int
    draws, seed : int
    cache : Cache, optional

    Returns
    -------
    statistics : DataFrame
        ``paper``, ``published``, ``lags``, ``found``, ``start`` (PWY: first month from 1990 on above the line).
    episodes : DataFrame
        ``rule``, ``episodes``: of PSY's series at lag 0.
    """
    ratio, real = _between(ratio_of(shiller, "month", "price", "dividend"), PSY_SPAN), _between(nasdaq, PWY_SPAN)
    if len(ratio) < PSY_ROWS + PSY_ROOM or len(real) < PWY_FEWEST:
        return pd.DataFrame(columns=["paper", "published", "lags", "found", "start"]), pd.DataFrame()
    lines = []
    for k in lags:
        found = exuberance.radf(ratio, min_rows=PSY_ROWS, lags=k, engine=ENGINE)
        lines.append(
            {
                "paper": "PSY 2015: GSADF",
                "published": PUBLISHED["PSY GSADF"],
                "lags": k,
                "found": found.gsadf,
                "start": "",
            }
        )
    for k in lags:
        found = exuberance.radf(np.log(real), min_rows=int(PWY_SHARE * len(real)), lags=k, engine=ENGINE)
        above = found.index[(found.badf > PWY_LINE) & (found.index >= pd.Period("1990-01", "M"))]
        start = str(above[0]) if len(above) else "never"
        lines.append(
            {
                "paper": "PWY 2011: SADF",
                "published": PUBLISHED["PWY SADF"],
                "lags": k,
                "found": found.sadf,
                "start": start,
            }
        )
    result = exuberance.radf(ratio, min_rows=PSY_ROWS, engine=ENGINE)
    null = exuberance.null_distribution(len(ratio), min_rows=PSY_ROWS, draws=draws, seed=seed, cache=cache)
    dated = [
        (rule, in_words(exuberance.date_stamp(result, exuberance.under_rule(null, rule), PSY_DURATION)))
        for rule in exuberance.RULES
    ]
    dated.append(("in the paper", PUBLISHED["PSY episodes"]))
    return pd.DataFrame(lines), pd.DataFrame(dated, columns=["rule", "episodes"])


def _between(path: pd.DataFrame, span: tuple[str, str]) -> pd.Series:
    """Return the part of a path in a span of months, by month."""
    first, last = (pd.Period(month, "M") for month in span)
    part = path[(path["month"] >= first) & (path["month"] <= last)]
    return pd.Series(part["value"].to_numpy(dtype=np.float64), pd.PeriodIndex(part["month"], freq="M"))


def beside_published(critical: exuberance.CriticalValues) -> pd.DataFrame:
    """Return simulated critical values for 100 observations beside those in print."""
    lines = []
    for name, printed in PUBLISHED_100.items():
        values, errors = (
            (critical.sadf, critical.sadf_error) if name == "SADF" else (critical.gsadf, critical.gsadf_error)
        )
        for level, value, error, known in zip(critical.levels, values, errors, printed, strict=True):
            lines.append(
                {"statistic": name, "level": f"{100 * level:.0f} %", "simulated": f"{value:.2f}",
                 "standard error": f"{error:.2f}", "in print": f"{known:.2f}"}
            )  # fmt: skip
    return pd.DataFrame(lines)
