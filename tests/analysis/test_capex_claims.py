"""The rules of A03 and A18: the real verdicts at two dates, and each branch on made-up frames."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import capex_claims as rules
from helpers.analysis.ai_returns import AI_REVENUE
from helpers.analysis.verdict import NOT_SUPPORTED, NOT_TESTABLE, PARTLY_SUPPORTED, SUPPORTED, Verdict

NAMES = ("cash_flows", "vendor_metrics", "financing", "assumptions")
DATES = ("2025-09-05", "2026-10-31")
EXPECTED = {
    "A03": [(NOT_TESTABLE, None), (PARTLY_SUPPORTED, 1)],
    "A18": [(NOT_TESTABLE, None), (PARTLY_SUPPORTED, 0.262)],
}


@pytest.fixture(scope="module", params=[0, 1], ids=["article", "latest"])
def judged(request: pytest.FixtureRequest) -> tuple[int, dict[str, Verdict]]:
    frames = [tables.load(name, as_of=DATES[request.param]) for name in NAMES]
    return request.param, rules.verdicts(*frames)


def test_every_claim_of_the_notebook_is_judged(judged: tuple[int, dict[str, Verdict]]) -> None:
    claims = tables.load("claims")
    wanted = claims.loc[claims["notebook"].astype(str) == "04_capex_regressions", "claim_id"]
    assert sorted(judged[1]) == sorted(wanted)


@pytest.mark.parametrize("claim", list(EXPECTED))
def test_verdicts(judged: tuple[int, dict[str, Verdict]], claim: str) -> None:
    edition, verdicts = judged
    verdict, value = EXPECTED[claim][edition]
    assert verdicts[claim].verdict == verdict
    if value is None:
        assert verdicts[claim].value is None
        assert "AI revenue" in verdicts[claim].reason
    else:
        assert verdicts[claim].value == pytest.approx(value, abs=5e-4)


def test_every_verdict_rests_on_rows_and_assumptions_that_exist(judged: tuple[int, dict[str, Verdict]]) -> None:
    for verdict in judged[1].values():
        tables.grades([*verdict.rows, *(f"assumptions/{name}" for name in verdict.assumptions)])
        if verdict.verdict != NOT_TESTABLE:
            assert verdict.rows
            assert verdict.assumptions


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [
        (0.0, SUPPORTED), (0.2499, SUPPORTED), (0.25, PARTLY_SUPPORTED), (0.75, PARTLY_SUPPORTED),
        (0.7501, NOT_SUPPORTED), (3.0, NOT_SUPPORTED),
    ],
)  # fmt: skip
def test_bands_of_a18(ratio: float, verdict: str) -> None:
    assert rules.band(ratio) == verdict


@pytest.fixture(scope="module")
def frames() -> list[pd.DataFrame]:
    return [tables.load(name, as_of=DATES[1]) for name in NAMES]


@pytest.mark.parametrize(
    ("scale", "verdict"), [(0.5, SUPPORTED), (1.0, PARTLY_SUPPORTED), (2.0, PARTLY_SUPPORTED), (4.0, NOT_SUPPORTED)]
)
def test_branches_of_a18(frames: list[pd.DataFrame], scale: float, verdict: str) -> None:
    vendors = frames[1].copy()
    own = vendors["scope"].isin([scope for _, scope in AI_REVENUE.values()])
    vendors.loc[own, "value"] *= scale
    found = rules.a18(frames[0], vendors, frames[2], frames[3])
    assert found.verdict == verdict
    assert found.value == pytest.approx(scale * 0.26204, abs=1e-4)


def stated(frames: list[pd.DataFrame], monkeypatch: pytest.MonkeyPatch, above: tuple[str, ...]) -> Verdict:
    """Judge A03 as if every builder stated an AI revenue, huge for some and tiny for the others."""
    from helpers.analysis import ai_returns

    builders = {ticker: (name, "AI business") for ticker, name in ai_returns.BUILDERS.items()}
    monkeypatch.setattr(ai_returns, "AI_REVENUE", builders)
    template = frames[1][frames[1]["scope"] == "AI business"].head(1)
    rows = [
        template.assign(company=name, value=1e6 if ticker in above else 1.0, date=pd.Timestamp("2025-06-30")).rename(
            index=lambda _, ticker=ticker: f"vendor_metrics/{ticker}"
        )
        for ticker, (name, _) in builders.items()
    ]
    return rules.a03(frames[0], pd.concat(rows), frames[3])


@pytest.mark.parametrize(
    ("above", "verdict"),
    [
        ((), SUPPORTED),
        (("MSFT",), PARTLY_SUPPORTED),
        (("MSFT", "AMZN"), PARTLY_SUPPORTED),
        (("MSFT", "AMZN", "META"), NOT_SUPPORTED),
    ],
)
def test_branches_of_a03(
    frames: list[pd.DataFrame], monkeypatch: pytest.MonkeyPatch, above: tuple[str, ...], verdict: str
) -> None:
    found = stated(frames, monkeypatch, above)
    assert (found.verdict, found.value) == (verdict, len(above))


def test_a03_stays_at_the_articles_day(frames: list[pd.DataFrame]) -> None:
    """The statements of March 2026 came later: they may not decide."""
    vendors = frames[1]
    later = vendors[~((vendors["scope"] == "AI business") & (vendors["date"] < "2025-09-05"))]
    assert rules.a03(frames[0], later, frames[3]).verdict == NOT_TESTABLE
