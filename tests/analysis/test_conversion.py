"""Ratios are grouped by what they were divided by, and ChatGPT's are formed from counts that belong together."""

from __future__ import annotations

import pytest

from helpers import tables
from helpers.analysis import conversion


@pytest.fixture(scope="module")
def benchmarks():
    return tables.load("conversion_benchmarks")


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("payers / weekly users", conversion.WEEKLY),
        ("consumer subscribers / weekly users", conversion.WEEKLY),
        ("payers (September) / monthly users of all services (June): the article's figure", conversion.MONTHLY),
        ("average paying users / average monthly users in the quarter", conversion.MONTHLY),
        ("paying users / registered users (not active users)", conversion.REGISTERED),
        ("paid Copilot seats / Microsoft 365 commercial subscribers (denominator of January)", conversion.SEATS),
        ("paid share of users, business teams", conversion.TEAMS),
        ("n/a: no free tier, every member pays (278M paid members)", conversion.NO_FREE_TIER),
        ("paying share of the user base", conversion.UNSTATED),
        ("freemium to paid, as collected by a consultant", conversion.UNSTATED),
    ],
)
def test_denominator(definition, expected):
    assert conversion.denominator(definition) == expected


def test_every_service_has_one_latest_rate_a_denominator(benchmarks):
    frame = conversion.by_denominator(benchmarks)
    latest = frame[frame["latest"]]
    assert not latest.duplicated(["service", "denominator"]).any()
    assert set(latest["service"]) == set(benchmarks["service"]) - {"Netflix"}
    spotify = latest[latest["service"] == "Spotify"]
    assert str(spotify["date"].iloc[0].date()) == "2025-12-31"
    assert set(frame.index) <= set(benchmarks.index)


def test_peers_share_the_denominator(benchmarks):
    monthly = conversion.peers(benchmarks, conversion.MONTHLY)
    assert set(monthly["service"]) == {
        "Canva",
        "Duolingo",
        "Evernote",
        "Grindr",
        "Spotify",
        "YouTube Music and Premium",
    }
    assert monthly["percent"].is_monotonic_increasing
    assert monthly["percent"].min() > 20 / 7  # every peer on monthly users converts better than the article's ChatGPT
    assert conversion.peers(benchmarks, conversion.WEEKLY).empty


def test_ratios_now():
    ratios = conversion.chatgpt_ratios(tables.load("vendor_metrics", as_of="2026-10-31"))
    weekly = ratios[ratios["base"] == conversion.WEEKLY]
    monthly = ratios[ratios["base"] == conversion.MONTHLY]
    assert weekly["percent"].to_numpy() == pytest.approx([5, 15.5 / 3, 4, 5, 500 / 90])
    assert monthly["percent"].to_numpy() == pytest.approx([1000 / 350, 5000 / 1100])
    assert ratios["gap_days"].max() <= conversion.PAIRING_DAYS
    assert monthly["gap_days"].iloc[0] == 89  # the article's own pair


def test_ratios_at_earlier_dates():
    then = conversion.chatgpt_ratios(tables.load("vendor_metrics", as_of="2025-09-05"))
    assert len(then) == 4
    assert conversion.chatgpt_ratios(tables.load("vendor_metrics", as_of="2023-06-30")).empty


def test_users_that_keep():
    assert conversion.users_that_keep(3, 50) == pytest.approx(1666.667, abs=0.001)
    with pytest.raises(ValueError, match="positive"):
        conversion.users_that_keep(0, 50)


def test_the_comparison_takes_chatgpt_from_counts_and_others_from_the_table(benchmarks):
    ratios = conversion.chatgpt_ratios(tables.load("vendor_metrics", as_of="2025-09-05"))
    compared = conversion.comparison(benchmarks, ratios)
    own = compared[compared["service"] == "ChatGPT"]
    assert len(own) == len(ratios)
    assert own["rows"].str.startswith("vendor_metrics/").all()
    assert not compared[compared["service"] != "ChatGPT"].duplicated(["service", "denominator"]).any()


def test_unknown_payers_need_unknown_users():
    assert conversion.users_that_keep(3, None) is None
