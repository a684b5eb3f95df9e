"""Which sets a sweep makes, and what is said of a bad one before anything runs."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from helpers.pipeline import sweep_draws, sweep_spec
from helpers.pipeline.errors import UsageError
from helpers.pipeline.sweep_draws import Range
from tests.pipeline.sweeps import Swept

HEAD = 'notebook = "light"\n'
ASSUMPTIONS = (
    "id,quantity,unit,low,mode,high,distribution,basis,source_id,note\n"
    "share,a share,ratio,0.1,0.2,0.5,triangular,our choice,,\n"
    "even,a share,ratio,0,0.5,1,uniform,our choice,,\n"
    "odd,a share,ratio,0,0.5,1,lognormal,our choice,,\n"
    "upside,a share,ratio,0.5,0.5,0.1,triangular,our choice,,\n"
)


@pytest.fixture
def swept(tmp_path: Path) -> Swept:
    made = Swept(tmp_path)
    (tmp_path / "data" / "assumptions.csv").write_text(ASSUMPTIONS)
    return made


def load(swept: Swept, toml: str, *, is_confirmed: bool = False) -> sweep_spec.Sweep:
    swept.file.write_text(toml)
    return sweep_spec.load(swept.file, swept.root, is_confirmed=is_confirmed)


def test_a_grid_is_every_combination_the_last_parameter_fastest(swept: Swept) -> None:
    sweep = load(swept, HEAD + '[parameters]\nrate = 2\n[grid]\nk = [3, 1]\nnames = [["a"], ["a", "b"]]\n')
    runs = list(sweep.runs())
    assert sweep.count == len(runs) == 4
    assert [(run.parameters["k"], run.parameters["names"]) for run in runs] == [
        (3, ["a"]), (3, ["a", "b"]), (1, ["a"]), (1, ["a", "b"]),
    ]  # fmt: skip
    assert {run.parameters["rate"] for run in runs} == {2.0}
    assert {run.parameters["as_of"] for run in runs} == {"2026-10-31"}
    assert [run.edition for run in runs] == [f"small-00000{place}" for place in range(4)]


def test_a_list_gives_sets_one_by_one_with_the_notebooks_defaults(swept: Swept) -> None:
    sweep = load(swept, HEAD + "[[list]]\nk = 7\n[[list]]\nrate = 0.25\nas_of = 2025-01-31\n")
    found = [(run.parameters["k"], run.parameters["rate"], run.parameters["as_of"]) for run in sweep.runs()]
    assert found == [(7, 0.5, "2026-10-31"), (0, 0.25, "2025-01-31")]


def test_month_ends_know_leap_years_and_the_ends_of_the_range(swept: Swept) -> None:
    every = '{ from = 2024-01-15, to = 2024-03-30, every = "month-end" }'
    sweep = load(swept, HEAD + f"[grid]\nas_of = {every}\n")
    assert [run.parameters["as_of"] for run in sweep.runs()] == ["2024-01-31", "2024-02-29"]
    quarters = load(swept, HEAD + '[grid]\nas_of = { from = 2022-12-31, to = 2024-01-01, every = "quarter-end" }\n')
    assert [run.parameters["as_of"] for run in quarters.runs()] == [
        "2022-12-31", "2023-03-31", "2023-06-30", "2023-09-30", "2023-12-31",
    ]  # fmt: skip


SAMPLE = '[sample]\ndraws = 200\nseed = 7\n[sample.parameters]\nrate = "share"\n'


def test_a_sample_takes_its_range_from_the_assumptions(swept: Swept) -> None:
    values = [float(str(run.parameters["rate"])) for run in load(swept, HEAD + SAMPLE).runs()]
    assert len(values) == 200
    assert 0.1 <= min(values) < max(values) <= 0.5
    # The distribution's own quantiles, by the formula of the triangle.
    assert np.median(values) == pytest.approx(0.5 - np.sqrt(0.5 * 0.4 * 0.3), abs=0.003)
    assert values == [run.parameters["rate"] for run in load(swept, HEAD + SAMPLE).runs()]
    other = SAMPLE.replace("seed = 7", "seed = 8")
    assert values != [run.parameters["rate"] for run in load(swept, HEAD + other).runs()]
    (swept.root / "data" / "assumptions.csv").write_text(ASSUMPTIONS.replace("0.1,0.2,0.5", "0.3,0.4,0.5"))
    assert min(float(str(run.parameters["rate"])) for run in load(swept, HEAD + SAMPLE).runs()) >= 0.3


def test_a_latin_hypercube_has_one_draw_in_each_stratum_of_each_parameter() -> None:
    ranges = {"a": Range(2, 10), "b": Range(0, 1, 0.25)}
    drawn = list(sweep_draws.latin_hypercube(ranges, 64, seed=3))
    shares = {"a": stats.uniform(2, 8).cdf, "b": stats.triang(0.25).cdf}
    for name, cdf in shares.items():
        strata = np.floor(cdf(np.array([float(str(one[name])) for one in drawn])) * 64)
        assert sorted(strata) == list(range(64)), name


def test_the_quantiles_of_a_range_are_those_of_its_distribution() -> None:
    shares = np.array([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])
    low, mode, high = 1.0, 2.0, 5.0
    peak = (mode - low) / (high - low)
    rising = low + np.sqrt(shares * (high - low) * (mode - low))
    falling = high - np.sqrt((1 - shares) * (high - low) * (high - mode))
    assert Range(low, high, mode).quantile(shares) == pytest.approx(np.where(shares < peak, rising, falling))
    assert Range(low, high).quantile(shares) == pytest.approx(low + 4 * shares)


BAD = {
    "a parameter the notebook lacks": (
        "[grid]\nnope = [1]\n",
        "grid.nope[0]: the notebook light has no parameter nope",
    ),
    "a value of another type": ('[grid]\nk = [1, "x"]\n', "grid.k[1]: parameter k: expected int, got 'x'"),
    "a day that is none": ('[grid]\nas_of = ["2025-02-30"]\n', "expected an ISO date such as"),
    "a fixed value of another type": (
        "[parameters]\nk = 1.5\n[grid]\nrate = [1]\n",
        "parameters.k: parameter k: expected int",
    ),
    "an empty grid": ("[grid]\n", "grid: is empty"),
    "an empty axis": ("[grid]\nk = []\n", "grid.k: is an empty list"),
    "an unknown key": ("[grid]\nk = [1]\n[gird]\nk = [1]\n", "gird: unknown key"),
    "a scalar for a list": ("[grid]\nk = 1\n", "grid.k: must be a list"),
    "two kinds": ("[grid]\nk = [1]\n[sample]\ndraws = 1\n", "found [grid] and [sample]"),
    "no kind": ("", "found none"),
    "fixed and varied": ("[parameters]\nk = 1\n[grid]\nk = [1, 2]\n", "grid.k: k stands in [parameters] too"),
    "a value twice": ("[grid]\nk = [1, 2, 1]\n", "grid.k[2]: is the same as [0]"),
    "a set twice": ("[[list]]\nk = 1\n[[list]]\nk = 1\n", "list[1]: is the same as [0]"),
    "a number twice, once with a fraction": ("[grid]\nrate = [1, 2, 1.0]\n", "grid.rate[2]: is the same as [0]"),
    "a set twice, once with a default": (
        "[[list]]\nk = 1\n[[list]]\nk = 2\n[[list]]\nk = 1\nrate = 0.5\n",
        "list[2]: is the same as [0]: defaults are filled in and 1 is 1.0",
    ),
    "a set twice, once with a fraction": (
        "[[list]]\nrate = 1\n[[list]]\nrate = 1.0\n",
        "list[1]: is the same as [0]",
    ),
    "months backwards": (
        '[grid]\nas_of = { from = 2025-05-01, to = 2025-04-30, every = "month-end" }\n',
        "there is no month-end",
    ),
    "an unknown step": (
        '[grid]\nas_of = { from = 2025-05-01, to = 2025-06-30, every = "week" }\n',
        "grid.as_of.every: must be one of",
    ),
    "a range without days": (
        '[grid]\nas_of = { from = 1, to = 2, every = "month-end" }\n',
        "grid.as_of.from: must be a day",
    ),
    "an unknown assumption": (SAMPLE.replace('"share"', '"nobody"'), "no row 'nobody' in data/assumptions.csv"),
    "a distribution we cannot draw from": (
        SAMPLE.replace('"share"', '"odd"'),
        "row 'odd': its distribution is 'lognormal'",
    ),
    "an assumption upside down": (SAMPLE.replace('"share"', '"upside"'), "row 'upside': expected low < high"),
    "a range upside down": (
        SAMPLE.replace('"share"', "{ low = 2, high = 1 }"),
        "expected low < high, got low 2, high 1",
    ),
    "half a range": (SAMPLE.replace('"share"', "{ low = 2 }"), "must be { low, high }"),
    "no draws": (SAMPLE.replace("draws = 200", "draws = 0"), "sample.draws: must be a whole number of at least 1"),
    "a sample of whole numbers": (
        SAMPLE.replace('rate = "share"', 'k = "share"'),
        "sample.parameters.k: parameter k: expected int",
    ),
    "a bad limit": ("seconds_limit = -1\n[grid]\nk = [1]\n", "seconds_limit: must be a number above 0"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_sweep_is_told_with_file_and_key_before_anything_runs(swept: Swept, name: str) -> None:
    toml, expected = BAD[name]
    with pytest.raises(UsageError) as caught:
        load(swept, HEAD + toml)
    assert all(line.startswith("notebooks/sweeps/small.toml: ") for line in caught.value.problems)
    assert expected in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_notebook_that_is_not_there_and_a_file_that_is_no_toml_are_told(swept: Swept) -> None:
    with pytest.raises(UsageError, match=r"notebook: no nobody.ipynb in notebooks/sweeps/ or notebooks/"):
        load(swept, 'notebook = "nobody"\n[grid]\nk = [1]\n')
    with pytest.raises(UsageError, match="not valid TOML"):
        load(swept, "notebook = [")
    with pytest.raises(UsageError, match="No such file"):
        sweep_spec.load(swept.root / "nothing.toml", swept.root)


def test_a_notebook_of_the_collection_can_be_swept(swept: Swept) -> None:
    sweep = load(swept, 'notebook = "other"\n[grid]\nas_of = [2025-01-31]\n')
    assert sweep.notebook == swept.root / "notebooks" / "other.ipynb"


def test_a_parameter_without_a_value_must_be_given(swept: Swept) -> None:
    swept.write("1", parameters="k: int  # needed\nrate: float = 1.0  # a share")
    with pytest.raises(UsageError, match="parameters: k has no value"):
        load(swept, HEAD + "[grid]\nrate = [1]\n")
    assert load(swept, HEAD + "[grid]\nk = [1]\n").count == 1
    with pytest.raises(UsageError, match=r"list\[1\]: k has no value"):
        load(swept, HEAD + "[[list]]\nk = 1\n[[list]]\nrate = 2\n")


def test_a_grid_of_a_million_asks_with_its_count_and_makes_nothing(swept: Swept) -> None:
    values = json.dumps(list(range(1000)))
    toml = HEAD + f"[grid]\nk = {values}\nrate = {values}\n"
    with pytest.raises(UsageError, match=r"grid: makes 1,000,000 runs; more than 10,000 need --yes"):
        load(swept, toml)
    sweep = load(swept, toml, is_confirmed=True)
    assert sweep.count == 1_000_000
    # Only what is asked for is made.
    assert [run.parameters["rate"] for run in itertools.islice(sweep.runs(), 2)] == [0.0, 1.0]


def test_a_million_draws_are_counted_before_they_are_drawn(swept: Swept) -> None:
    with pytest.raises(UsageError, match=r"sample.draws: makes 1,000,000 runs"):
        load(swept, HEAD + SAMPLE.replace("draws = 200", "draws = 1000000"))


def test_the_shipped_sweeps_are_in_order(root: Path) -> None:
    found = {file.stem: sweep_spec.load(file, root) for file in sweep_spec.shipped(root)}
    assert {name: sweep.count for name, sweep in found.items()} == {
        "cash_flow_definitions": 184, "chatgpt_revenue_draws": 500, "verdict_timeline": 46,
    }  # fmt: skip
    for sweep in found.values():
        assert sweep.title
        assert sweep.question
