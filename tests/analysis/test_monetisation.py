"""The models of notebook 06: worked examples, identities, and what an empty table gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers import tables
from helpers.analysis import ai_revenue_disclosure as disclosed
from helpers.analysis import ai_usage, monetisation, premium_bundles, required_revenue, usage_billing
from helpers.analysis import sector_specialisation as sectors

ARTICLE, NOW, EARLY = "2025-09-05", "2026-10-31", "2022-06-01"
NAMES = ("cash_flows", "vendor_metrics", "ai_prices", "ai_usage")


@pytest.fixture(scope="module")
def known():
    return {day: {name: tables.load(name, as_of=day) for name in NAMES} for day in (ARTICLE, NOW, EARLY)}


@pytest.fixture(scope="module")
def assumptions():
    return tables.load("assumptions")


@pytest.fixture(scope="module")
def quarters(known):
    found = {}
    for day, table in known.items():
        stated = disclosed.statements(table["vendor_metrics"])
        found[day] = disclosed.against_capex(table["cash_flows"], stated)
    return found


@pytest.fixture(scope="module")
def firms(known):
    return required_revenue.margins(known[NOW]["cash_flows"])


def ids(frame):
    return {row for rows in frame["rows"] for row in rows.split(";") if row}


class TestDisclosure:
    """Who says what AI brings, and how much that is."""

    def test_guidance_and_parts_of_a_firm_never_count(self, known):
        stated = disclosed.statements(known[NOW]["vendor_metrics"])
        rows = known[NOW]["vendor_metrics"].loc[stated.index]
        assert "guidance" not in set(rows["kind"].astype(str))
        assert set(rows["scope"].astype(str)) == {"company", "AI business", "AWS AI services"}

    def test_who_said_so(self, known):
        table = disclosed.disclosure(disclosed.statements(known[NOW]["vendor_metrics"]))
        assert list(table[table["by_itself"] > 0].index) == ["OpenAI", "Anthropic", "Microsoft", "Amazon"]
        assert table.loc["Microsoft", "first"] == pd.Timestamp("2026-04-29")
        assert table.loc["Microsoft", "annual"] == 37000
        early = disclosed.disclosure(disclosed.statements(known[EARLY]["vendor_metrics"]))
        assert len(early) == 6
        assert early["by_itself"].sum() == 0

    def test_a_quarter_is_the_run_rate_at_its_middle_over_four(self):
        stated = pd.DataFrame(
            {"vendor": "OpenAI", "date": pd.to_datetime(["2024-02-15", "2025-02-14"]), "annual": [4000.0, 16000.0],
             "kind": "reported"},
            index=["vendor_metrics/a", "vendor_metrics/b"],
        )  # fmt: skip
        path = disclosed.quarterly(stated, pd.Period("2025Q3"))["OpenAI"]
        assert path[pd.Period("2024Q1")] == pytest.approx(1000, rel=0.01)
        assert path[pd.Period("2025Q1")] == pytest.approx(4000, rel=0.01)
        # Half a year of a fourfold year doubles it.
        assert path[pd.Period("2024Q3")] == pytest.approx(2000, rel=0.02)
        assert path[:"2023Q4"].isna().all()
        assert path["2025Q2":].isna().all()
        held = disclosed.quarterly(stated, pd.Period("2025Q3"), held=True)["OpenAI"]
        assert held[pd.Period("2025Q3")] == pytest.approx(4000)

    @pytest.mark.parametrize("day", [ARTICLE, NOW])
    def test_every_share_is_revenue_over_capex_of_rows_known_that_day(self, quarters, known, day):
        table = quarters[day]
        share = 100 * table["revenue"] / table["capex"]
        assert table["percent"].dropna().to_numpy() == pytest.approx(share[table["percent"].notna()].to_numpy())
        assert (table.loc[table["percent"].isna(), "capex"] <= 0).all()
        everything = set(known[day]["cash_flows"].index) | set(known[day]["vendor_metrics"].index)
        assert ids(table) <= everything

    def test_the_quarter_by_hand(self, quarters):
        last = disclosed.last_ratios(quarters[NOW]).iloc[0]
        assert last["deciding"]
        assert str(last["quarter"]) == "2026Q1"
        # Amazon 28,292, Alphabet 27,803, Meta 11,139, Microsoft 24,684, Oracle 16,966 above a quarter of 2022.
        assert last["capex"] == pytest.approx(108883, abs=2)
        assert last["percent"] == pytest.approx(16.5, abs=0.1)

    def test_the_same_sellers_share_quarter_and_capex_with_the_deciding_ratio(self, quarters):
        deciding = disclosed.last_ratios(quarters[NOW]).iloc[0]
        same = disclosed.of_the_same_sellers(quarters[NOW])
        assert len(same) == 1
        row = same.iloc[0]
        assert (row["quarter"], row["capex"]) == (deciding["quarter"], deciding["capex"])
        assert row["vendors"] == "OpenAI, Anthropic"
        assert not [name for name in row["rows"].split(";") if name.startswith("vendor_metrics/Microsoft")]
        # The rest is Microsoft's alone.
        stated = disclosed.statements(tables.load("vendor_metrics", as_of=NOW))
        by_vendor = disclosed.quarterly(stated, row["quarter"]).loc[row["quarter"]]
        assert deciding["revenue"] - row["revenue"] == pytest.approx(by_vendor["Microsoft"])
        assert row["percent"] == pytest.approx(8.9, abs=0.1)

    def test_when_the_article_appeared_they_were_all_sellers(self, quarters):
        then = disclosed.of_the_same_sellers(quarters[ARTICLE])
        assert then["percent"].tolist() == [disclosed.last_ratios(quarters[ARTICLE]).iloc[0]["percent"]]
        assert disclosed.of_the_same_sellers(quarters[EARLY]).empty

    def test_without_both_sellers_there_is_no_like_for_like(self, quarters):
        alone = quarters[NOW].replace({"vendors": {"OpenAI, Anthropic": "OpenAI"}})
        assert disclosed.of_the_same_sellers(alone).empty

    def test_a_wider_denominator_gives_a_smaller_share(self, quarters):
        last = disclosed.last_ratios(quarters[NOW])
        same = last[last["numerator"] == disclosed.DECIDING[0]].set_index("denominator")["percent"]
        assert (
            same["five builders, all capex"] < same["five builders, above 2022"] < same["Microsoft alone, above 2022"]
        )

    def test_years_add_up_quarters(self, quarters):
        years = disclosed.by_year(quarters[NOW])
        assert years["revenue"].sum() == pytest.approx(quarters[NOW]["revenue"].sum())
        assert years["quarters"].max() == 4
        assert len(disclosed.by_year(quarters[EARLY])) == 0

    def test_share_of_revenue(self, known):
        shares = disclosed.share_of_revenue(
            known[NOW]["cash_flows"], disclosed.statements(known[NOW]["vendor_metrics"])
        ).set_index(["vendor", "date"])["percent"]
        assert shares["Microsoft", pd.Timestamp("2026-03-31")] == pytest.approx(100 * 37000 / 4 / 82886)
        assert shares["Amazon", pd.Timestamp("2026-03-31")] == pytest.approx(100 * 15000 / 4 / 181519)


def listing(day, price, product="m", provider="P"):
    rows = [
        {"date": day, "provider": provider, "product": product, "plan": "API", "price_usd": price * times,
         "unit": f"per_million_{side}_tokens", "note": ""}
        for side, times in (("input", 1), ("output", 5))
    ]  # fmt: skip
    frame = pd.DataFrame(rows, index=[f"ai_prices/{provider}/{product}/{day}/{side}" for side in ("in", "out")])
    return frame.assign(date=pd.to_datetime(frame["date"]))


class TestUsageBilling:
    """Prices of tokens and what a cut does."""

    def test_prices_are_paired_and_blended(self):
        table = usage_billing.token_prices(listing("2024-01-01", 2.0), 0.75)
        assert table[["input", "output", "blended"]].iloc[0].tolist() == [2.0, 10.0, 4.0]
        assert table["rows"].iloc[0] == "ai_prices/P/m/2024-01-01/in;ai_prices/P/m/2024-01-01/out"

    def test_the_regression_finds_a_known_decline(self):
        # Halves every year, with noise that no line explains.
        days = pd.date_range("2023-01-01", periods=40, freq="30D")
        noise = np.random.default_rng(1).normal(0, 0.05, 40)
        prices = [100 * 0.5 ** (place * 30 / 365.25) * np.exp(noise[place]) for place in range(40)]
        frame = pd.concat(
            [listing(str(day.date()), price, f"m{day:%y%m%d}") for day, price in zip(days, prices, strict=True)]
        )
        line = usage_billing.yearly_changes(usage_billing.token_prices(frame, 0.75)).iloc[0]
        assert line["change"] == pytest.approx(-50, abs=2)
        assert line["low"] < -50 < line["high"]
        assert line["high"] - line["low"] < 5
        assert line["models"] == 40

    def test_few_prices_give_no_line(self):
        frame = pd.concat([listing(f"2024-0{month}-01", 1.0, f"m{month}") for month in range(1, 8)])
        assert usage_billing.yearly_changes(usage_billing.token_prices(frame, 0.75)).empty

    def test_a_dear_newcomer_is_no_price_rise(self):
        cheap, dear = (
            [
                listing(f"{day:%Y-%m-%d}", price, f"{name}{day:%m%y}", name)
                for day in pd.date_range(start, periods=14, freq="MS")
            ]
            for name, price, start in (("C", 1.0, "2023-01-01"), ("D", 50.0, "2024-01-01"))
        )
        table = usage_billing.yearly_changes(usage_billing.token_prices(pd.concat([*cheap, *dear]), 0.75))
        assert table.loc[usage_billing.ALL_PROVIDERS, "change"] == pytest.approx(0, abs=1e-6)

    def test_a_seller_of_some_months_has_no_pace_a_year(self):
        months = pd.date_range("2024-01-01", periods=9, freq="MS")
        some = [listing(f"{day:%Y-%m-%d}", 2.0 + place, f"m{place}", "M") for place, day in enumerate(months)]
        assert usage_billing.yearly_changes(usage_billing.token_prices(pd.concat(some), 0.75)).empty

    def test_repricing_of_one_model(self, known):
        prices = usage_billing.token_prices(known[NOW]["ai_prices"], 0.75)
        table = usage_billing.same_model_changes(prices).set_index("product")["change"]
        assert table["o3"] == pytest.approx(-80)
        assert table["DeepSeek-V4-Pro"] == pytest.approx(-75)
        assert table["deepseek-chat (V3)"] > 0
        assert len(table) == 7

    def test_tiers(self):
        names = pd.Series(["GPT-4o mini", "Claude Opus 4", "GPT-4o", "o1-pro", "Gemini 2.5 Pro"])
        assert usage_billing.tier(names).tolist() == ["small", "dearest", "middle", "dearest", "middle"]

    def test_nothing_is_known_early(self, known):
        prices = usage_billing.token_prices(known[EARLY]["ai_prices"], 0.75)
        assert prices.empty
        assert usage_billing.yearly_changes(prices).empty
        assert usage_billing.same_model_changes(prices).empty

    def test_a_cut_by_hand(self):
        # Half the price, elasticity 2: four times the volume, twice the revenue; cost 0.3 of the old price.
        outcome = usage_billing.price_cut(0.5, 2.0, 0.3)
        assert float(outcome.volume) == pytest.approx(4)
        assert float(outcome.revenue) == pytest.approx(2)
        assert float(outcome.gross_profit) == pytest.approx(4 * 0.2 / 0.7)

    @pytest.mark.parametrize("cut", [0.1, 0.25, 0.39])
    @pytest.mark.parametrize("cost", [0.0, 0.3, 0.6])
    def test_at_the_threshold_gross_profit_is_as_before(self, cut, cost):
        threshold = float(usage_billing.elasticity_that_pays(cut, cost))
        assert float(usage_billing.price_cut(cut, threshold, cost).gross_profit) == pytest.approx(1)
        assert threshold >= 1 - 1e-12
        assert float(usage_billing.price_cut(cut, 1.0, cost).revenue) == pytest.approx(1)

    def test_below_cost_nothing_pays(self):
        assert np.isnan(usage_billing.elasticity_that_pays(0.5, 0.6))
        assert "below cost" in usage_billing.cut_in_words(0.5, 1.0, 0.6)
        assert "2.73" in usage_billing.cut_in_words(0.1, 1.0, 0.6)


class TestUsage:
    """Use of AI, and volume against price."""

    def test_growth(self, known):
        table = ai_usage.series_growth(known[NOW]["ai_usage"]).set_index("series")
        assert table.loc["tokens_per_month_google", "times"] == pytest.approx(3200 / 9.7)
        # 11,500 lies between; two years from 1,700 to 37,000.
        assert table.loc["enterprise_genai_spend", "a_year"] == pytest.approx(100 * ((37000 / 1700) ** 0.5 - 1), abs=1)
        assert "tokens_per_month_openai" not in table.index  # one value grows nothing
        # Five months of a survey are no year; and only the two values compared are cited.
        assert pd.isna(table.loc["firms_using_ai", "a_year"])
        assert all(len(rows.split(";")) == 2 for rows in table["rows"])

    def test_arc_elasticity_by_hand(self):
        usage = pd.DataFrame(
            {"series": ai_usage.TOKENS, "region": "world", "unit": "t", "value": [1.0, 8.0],
             "date": pd.to_datetime(["2024-06-01", "2025-12-01"])},
            index=["ai_usage/a", "ai_usage/b"],
        )  # fmt: skip
        frame = pd.concat([listing("2024-05-01", 4.0, "a", "Google"), listing("2025-11-01", 1.0, "b", "Google")])
        table = ai_usage.arc_elasticities(usage, usage_billing.token_prices(frame, 0.75))
        # Eight times the volume at a quarter of the price: ln 8 / ln (1/4) = -1.5.
        assert table["elasticity"].tolist() == pytest.approx([-1.5, -1.5])

    def test_volumes_without_prices_give_no_elasticity(self, known):
        assert ai_usage.arc_elasticities(known[ARTICLE]["ai_usage"], pd.DataFrame(columns=["provider", "date"])).empty


class TestBundles:
    """Seats times attach rate times price."""

    def test_by_hand(self):
        bundle = premium_bundles.Bundle(450, 20 / 450, 30, 14400)
        assert bundle.revenue_usd_m == pytest.approx(7200)
        assert bundle.covered_percent == pytest.approx(50)
        assert bundle.price_needed == pytest.approx(60)
        assert bundle.attach_needed_percent == pytest.approx(100 * 40 / 450)
        assert "$7.2bn a year, 50" in premium_bundles.in_words(bundle)

    def test_what_is_needed_covers(self):
        bundle = premium_bundles.Bundle(450, 0.05, 30, 20000)
        for changed in (
            premium_bundles.Bundle(450, bundle.attach_needed_percent / 100, 30, 20000),
            premium_bundles.Bundle(450, 0.05, bundle.price_needed, 20000),
        ):
            assert changed.covered_percent == pytest.approx(100)
        assert float(bundle.price_at(5.0)) == pytest.approx(bundle.price_needed)

    def test_nothing_sold_needs_no_price(self):
        assert np.isnan(premium_bundles.Bundle(450, 0.0, 30, 20000).price_needed)
        assert np.isnan(premium_bundles.Bundle(450, 0.05, 30, 0.0).covered_percent)
        assert "unknown" in premium_bundles.in_words(premium_bundles.Bundle(450, 0.05, 30, np.nan))

    @pytest.mark.parametrize("wrong", [(0, 0.1, 30), (10, 1.1, 30), (10, -0.1, 30), (10, 0.1, -1)])
    def test_refuses_what_cannot_be_sold(self, wrong):
        with pytest.raises(ValueError, match="a bundle needs"):
            premium_bundles.Bundle(*wrong, 1000)

    def test_copilot(self, known):
        table = premium_bundles.copilot_seats(known[NOW]["vendor_metrics"])
        assert table["seats"].tolist() == [15, 20]
        assert table["base"].tolist() == pytest.approx([450, 450], rel=0.002)
        assert premium_bundles.copilot_seats(known[ARTICLE]["vendor_metrics"]).empty

    def test_a_longer_life_costs_less_a_year(self, known):
        table = premium_bundles.ai_depreciation(
            known[NOW]["cash_flows"], "MSFT", {"low": 3.0, "mode": 5.0, "high": 6.0}
        )
        assert table["usd_m"].is_monotonic_decreasing
        assert table.loc["mode", "usd_m"] == pytest.approx(24846, abs=1)
        # All of it was bought within five years: five years of write-off are six of a sixth longer life.
        assert 5 * table.loc["mode", "usd_m"] == pytest.approx(6 * table.loc["high", "usd_m"])

    def test_plans(self, known):
        table = premium_bundles.plans(known[NOW]["ai_prices"]).set_index(["provider", "product", "plan"])
        assert table.loc[("OpenAI", "ChatGPT", "Plus"), "listings"] == 3
        assert table.loc[("OpenAI", "ChatGPT", "Plus"), "change"] == 0
        assert table["change"].notna().sum() == (table["listings"] > 1).sum() == 4


class TestSectors:
    """What the tables see of specialised products."""

    def test_programming_only(self, known):
        assert sectors.vertical_vendors(known[NOW]["vendor_metrics"]) == []
        table = sectors.products(known[NOW]["vendor_metrics"]).set_index("product")
        assert table.loc["Claude Code", "times"] == pytest.approx(2.5)
        assert sectors.products(known[ARTICLE]["vendor_metrics"]).empty

    def test_seats_needed(self):
        assert float(sectors.seats_needed(3600, 30, 2)) == pytest.approx(5)
        assert "5.0" in sectors.in_words(3600, 30, 2)
        with pytest.raises(ValueError, match="above 0"):
            sectors.seats_needed(3600, 0, 2)


class TestRequiredRevenue:
    """What would have to be true."""

    def test_costs_of_the_model_makers(self, known):
        openai = required_revenue.year_costs(known[NOW]["vendor_metrics"], "OpenAI")
        assert (openai.year, openai.expenses_usd_m, openai.basis) == (2025, 13070 + 20920, "outcome")
        assert openai.price_needed == pytest.approx(33990 / 50 / 12)
        assert openai.payers_needed_m(20) == pytest.approx(33990 / 240)
        then = required_revenue.year_costs(known[ARTICLE]["vendor_metrics"], "OpenAI")
        assert (then.year, then.expenses_usd_m, then.basis) == (2024, 8700, "expected")
        anthropic = required_revenue.year_costs(known[NOW]["vendor_metrics"], "Anthropic")
        assert anthropic.expenses_usd_m == 4590 + 8060
        assert np.isnan(anthropic.payers_m)
        assert required_revenue.year_costs(known[ARTICLE]["vendor_metrics"], "Anthropic") is None

    def test_the_surface_passes_through_the_price_needed(self, known):
        cost = required_revenue.year_costs(known[NOW]["vendor_metrics"], "OpenAI")
        surface = required_revenue.coverage_surface([cost], np.array([cost.price_needed]), np.array([cost.payers_m]))
        assert surface["percent"].iloc[0] == pytest.approx(100)
        assert required_revenue.coverage_surface([], np.ones(1), np.ones(1)).empty

    def test_new_revenue_restores_the_margin(self, known):
        firms = required_revenue.margins(known[NOW]["cash_flows"])
        assert list(firms.index) == ["AMZN", "GOOGL", "META", "MSFT", "ORCL"]
        needed = required_revenue.revenue_needed(firms, 0.6)
        restored = 100 * (firms["free_cash_flow"] + 0.6 * needed) / (firms["revenue"] + needed)
        assert restored.tolist() == pytest.approx(firms["before"].tolist())

    def test_nothing_is_needed_above_the_old_margin_and_no_amount_helps_below_it(self):
        firms = pd.DataFrame({"before": [20.0, 20.0], "revenue": [100.0, 100.0], "free_cash_flow": [25.0, 10.0],
                              "capex": [10.0, 10.0]})  # fmt: skip
        assert required_revenue.revenue_needed(firms, 0.7).tolist() == pytest.approx([0, 20])
        assert np.isnan(required_revenue.revenue_needed(firms, 0.2)[1])
        # A capex up by all of itself takes ten more: 20 - (25 - 10) = 5 over a gain of one half.
        assert required_revenue.revenue_needed(firms, 0.7, 1.0).tolist() == pytest.approx([10, 40])

    def test_users_unknown_leave_the_price_unknown(self, known):
        firms = required_revenue.margins(known[NOW]["cash_flows"])
        assert required_revenue.restored(firms, 0.6, None)["usd_a_month"].isna().all()
        each = required_revenue.restored(firms, 0.6, 1000.0)
        assert each["usd_a_month"].tolist() == pytest.approx((each["needed"] / 12000).tolist())


class TestSimulation:
    """The price a payer would have to bring."""

    def test_reproducible_by_seed(self, firms, assumptions):
        first, again, other = (monetisation.simulate(firms, assumptions, 500, seed) for seed in (1, 1, 2))
        pd.testing.assert_frame_equal(first, again)
        assert not first["usd_a_month"].equals(other["usd_a_month"])

    def test_draws_stay_in_their_ranges(self, firms, assumptions):
        drawn = monetisation.simulate(firms, assumptions, 5000, 1)
        limits = assumptions.set_index("id")
        for name in monetisation.IDS:
            assert drawn[name].between(limits["low"][name], limits["high"][name]).all()
        assert drawn["usd_a_month"].notna().all()  # the lowest cash margin lies above every margin of 2019

    def test_stable(self, firms, assumptions):
        assert monetisation.stability_percent(firms, assumptions, 50_000, 20250902) < 2

    def test_one_draw_by_hand(self, firms):
        values = {monetisation.CASH_MARGIN: 0.6, monetisation.USERS: 1000.0, monetisation.PAYING: 0.1,
                  monetisation.CAPEX_GROWTH: 0.0}  # fmt: skip
        total = required_revenue.revenue_needed(firms, 0.6).sum()
        assert float(monetisation.needed_a_payer(firms, values)) == pytest.approx(total / 100 / 12)

    def test_no_firm_is_unknown_not_zero(self, firms, assumptions):
        empty = monetisation.simulate(firms.head(0), assumptions, 10, 1)
        assert empty["usd_a_month"].isna().all()
        assert monetisation.tornado(firms.head(0), assumptions, empty).empty

    def test_tornado_runs_from_widest_to_narrowest(self, firms, assumptions):
        bars = monetisation.tornado(firms, assumptions, monetisation.simulate(firms, assumptions, 2000, 1))
        assert bars["width"].is_monotonic_decreasing
        assert set(bars.index) == {f"assumptions/{name}" for name in monetisation.IDS}
        inside = bars[["at_low", "at_high"]]
        assert (inside.min(axis=1) < bars["central"]).all()
        assert (inside.max(axis=1) > bars["central"]).all()


@pytest.mark.parametrize("day", [ARTICLE, NOW])
def test_models_use_only_rows_known_that_day(known, day):
    everything = {row for table in known[day].values() for row in table.index}
    prices = usage_billing.token_prices(known[day]["ai_prices"], 0.75)
    frames = [
        prices, usage_billing.yearly_changes(prices), usage_billing.same_model_changes(prices),
        ai_usage.series_growth(known[day]["ai_usage"]), ai_usage.arc_elasticities(known[day]["ai_usage"], prices),
        premium_bundles.copilot_seats(known[day]["vendor_metrics"]), premium_bundles.plans(known[day]["ai_prices"]),
        sectors.products(known[day]["vendor_metrics"]), required_revenue.margins(known[day]["cash_flows"]),
    ]  # fmt: skip
    for frame in frames:
        assert ids(frame) <= everything
