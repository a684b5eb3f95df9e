"""Made-up dockets for the tests of the litigation analysis."""

from __future__ import annotations

import pandas as pd

from helpers import tables
from helpers.analysis import docket, litigation_claims

ARTICLE, NOW = "2025-09-05", "2026-10-31"
TABLES = ("cash_flows", "vendor_metrics", "funding_rounds", "statutory_damages", "assumptions")
_DEFAULTS = {
    "plaintiffs": "A. Author",
    "defendants": "OpenAI",
    "court": "S.D.N.Y.",
    "jurisdiction": "US",
    "docket_number": "1:24-cv-00001",
    "filed_date": "2024-01-15",
    "claim_type": "copyright",
    "subject": "books",
    "class_action": "no",
    "works_at_issue": None,
    "damages_claimed_usd_m": None,
    "status_as_of": "2026-01-01",
    "status_text": "pending",
    "outcome_date": None,
    "settlement_usd_m": None,
    "note": None,
}


def cases(*rows: dict[str, object]) -> pd.DataFrame:
    """Return a docket with the columns that the analysis reads, one case a row."""
    frame = pd.DataFrame([{**_DEFAULTS, **row} for row in rows], columns=list(_DEFAULTS))
    for column in ("filed_date", "status_as_of", "outcome_date"):
        frame[column] = pd.to_datetime(frame[column])
    for column in ("damages_claimed_usd_m", "settlement_usd_m"):
        frame[column] = frame[column].astype("float64")
    frame["works_at_issue"] = frame["works_at_issue"].astype("Int64")
    frame["short_name"] = [f"Case {place}" for place in range(len(frame))]
    frame["note"] = frame["note"].astype("str").where(frame["note"].notna())
    return frame.set_axis([f"litigation/T{place:03d}" for place in range(len(frame))], axis=0)


def known(name: str, day: str) -> pd.DataFrame:
    return tables.load(name, as_of=day)


def evidence(day: str, draws: int = 2**14, seed: int = 20250905) -> litigation_claims.Evidence:
    now = known("litigation", day)
    to_come = docket.undated_to_come(tables.load("litigation"), now)
    return litigation_claims.Evidence(now, *(known(name, day) for name in TABLES), day, draws, seed, to_come)
