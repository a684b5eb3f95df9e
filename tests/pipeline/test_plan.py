"""Reading runs.toml."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from helpers.pipeline import plan
from helpers.pipeline.errors import UsageError
from tests.projects import EDITIONS, Project

ONE = '[[notebooks]]\nname = "one"\n'


def _load(root: Path, text: str) -> plan.Plan:
    (root / "notebooks").mkdir(exist_ok=True)
    (root / "notebooks" / "one.ipynb").write_text("{}")
    (root / "notebooks" / "runs.toml").write_text(text)
    return plan.load(root)


def test_the_projects_own_plan_has_both_editions(root: Path) -> None:
    own = plan.load(root)
    assert {edition.name: edition.parameters["as_of"] for edition in own.editions} == {
        "latest": date(2026, 10, 31),
        "article": date(2025, 9, 5),
    }
    assert [notebook.name for notebook in own.notebooks][:3] == ["00_data", "01_fcf_decline", "02_chatgpt_revenue"]


def test_limits_come_from_the_notebook_then_the_file_then_the_package(tmp_path: Path) -> None:
    project = Project(tmp_path, "[limits]\nmemory_limit_mb = 700\n" + EDITIONS)
    project.add("one")
    project.add("two", toml="seconds_limit = 7")
    one, two = plan.load(tmp_path).notebooks
    assert (one.seconds_limit, one.memory_limit_mb) == (300.0, 700)
    assert (two.seconds_limit, two.memory_limit_mb) == (7.0, 700)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (EDITIONS + ONE + ONE, "notebooks[one]: is listed twice"),
        (EDITIONS + '[[notebooks]]\nname = "none"\n', "no such file: notebooks/none.ipynb"),
        (EDITIONS + ONE + "seconds = 3", "notebooks[one].seconds: unknown key; known are memory_limit_mb"),
        (EDITIONS + ONE + "seconds_limit = 0", "notebooks[one].seconds_limit: must be a number above 0, not 0"),
        (EDITIONS + ONE + "memory_limit_mb = true", "memory_limit_mb: must be a number above 0, not True"),
        (EDITIONS + ONE + 'seconds_limit = "5"', "seconds_limit: must be a number above 0, not '5'"),
        (EDITIONS + ONE + "seconds_limit = inf", "must be a number above 0, not inf"),
        (EDITIONS + ONE + "parameters = 3", "notebooks[one].parameters: must be a table"),
        (EDITIONS + "[[notebooks]]\ntitle = 'x'", "notebooks[0].name: is missing"),
        (EDITIONS + "[[notebooks]]\nname = '../one'", "must be made of letters"),
        ("notebooks = 3\n" + EDITIONS, "notebooks: must be a list of tables"),
        (EDITIONS, "notebooks: lists none"),
        (ONE, "editions: lists none"),
        (EDITIONS + ONE + "[limit]", "limit: unknown key; known are editions, limits, notebooks"),
        (EDITIONS + "[editions.custom]\n" + ONE, "editions.custom: this name is kept for exploratory runs"),
        ("[editions\n", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key_and_the_reason(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        _load(tmp_path, text)
    assert said in str(refused.value)
    assert all(problem.startswith("notebooks/runs.toml: ") for problem in refused.value.problems)


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        _load(tmp_path, EDITIONS + ONE + "seconds_limit = -1\nmemory_limit_mb = -1\nother = 1")
    assert len(refused.value.problems) == 3


def test_a_missing_file_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file in"):
        plan.load(tmp_path)


@pytest.mark.parametrize(
    ("vintage", "follows", "as_of"),
    [("shipped", "true", date(2026, 10, 31)), ("2026-11-23-2", "true", "2026-11-23"), ("2026-11-23", "false", None)],
)
def test_an_edition_may_follow_the_vintage_of_the_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vintage: str, follows: str, as_of: object
) -> None:
    monkeypatch.setattr(plan.integrity, "vintage", lambda root: vintage)
    text = f"{EDITIONS}follows_vintage = {follows}\n{ONE}"
    assert _load(tmp_path, text).editions[0].parameters["as_of"] == (as_of or date(2026, 10, 31))


def test_switches_must_be_true_or_false(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        _load(tmp_path, EDITIONS + "follows_vintage = 1\n" + ONE + 'reads_findings = "yes"\n')
    assert sorted(refused.value.problems) == [
        "notebooks/runs.toml: editions.latest.follows_vintage: must be true or false, not 1",
        "notebooks/runs.toml: notebooks[one].reads_findings: must be true or false, not 'yes'",
    ]
