"""Parameters are read and checked before a kernel starts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from papermill.translators import PythonTranslator

from helpers.pipeline import parameters
from helpers.pipeline.errors import UsageError
from tests.projects import AS_OF, write_notebook

CELL = f"""
{AS_OF}
tickers: list[str] = ["AMZN", "META"]  # firms # shown
definition: Literal["gross", "company"] = "company"
start: int | None = None
share: float = 0.5
months = 12
names = ["a"]
weights: dict[str, float] = {{"a": 1.0}}
quick: bool = False
"""


@pytest.fixture
def notebook(tmp_path: Path) -> Callable[[str], Path]:
    return lambda cell: write_notebook(tmp_path / "nb.ipynb", parameters=cell)


def test_name_type_default_and_comment_are_read(notebook: Callable[[str], Path]) -> None:
    found = parameters.declared(notebook(CELL))
    assert list(found) == [
        "as_of", "tickers", "definition", "start", "share", "months", "names", "weights", "quick",
    ]  # fmt: skip
    assert found["as_of"].comment == "ISO date: what was known on this day"
    assert found["tickers"].comment == "firms # shown"
    assert (found["months"].annotation, found["months"].default) == ("int", 12)
    assert found["names"].annotation == "list[str]"


def test_a_comment_sign_inside_text_is_no_comment(notebook: Callable[[str], Path]) -> None:
    assert parameters.declared(notebook('colour = "#fff"  # a colour'))["colour"].comment == "a colour"


def test_defaults_are_filled_in_and_dates_become_text(notebook: Callable[[str], Path]) -> None:
    values = parameters.checked(notebook(CELL), {"as_of": date(2025, 9, 5), "share": 1, "start": 2019})
    assert values["as_of"] == "2025-09-05"
    assert values["share"] == 1.0
    assert isinstance(values["share"], float)
    assert (values["start"], values["tickers"], values["quick"]) == (2019, ["AMZN", "META"], False)
    json.dumps(values)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"asof": "2025-09-05"}, "unknown parameter asof; it has as_of, tickers"),
        ({"as_of": "5 September"}, "parameter as_of: expected an ISO date such as 2025-09-05, got '5 September'"),
        ({"as_of": "2025-02-30"}, "expected an ISO date"),
        ({"as_of": "20250905"}, "expected an ISO date"),
        ({"as_of": 2025}, "expected an ISO date"),
        ({"as_of": datetime(2025, 9, 5, 1)}, "without a time"),
        ({"tickers": "AMZN"}, "parameter tickers: expected list[str], got 'AMZN'"),
        ({"tickers": ["AMZN", 3]}, "[1]: Input should be a valid string"),
        ({"tickers": ("AMZN",)}, "a tuple cannot be passed to a notebook; use a list"),
        ({"tickers": {"AMZN"}}, "a set cannot be passed to a notebook; use a list"),
        ({"definition": "net"}, "Input should be 'gross' or 'company'"),
        ({"start": "2019"}, "parameter start: expected int | None, got '2019'"),
        ({"start": 2019.0}, "expected int | None"),
        ({"start": date(2019, 1, 1)}, "expected int | None"),
        ({"months": True}, "parameter months: expected int, got True"),
        ({"quick": 1}, "parameter quick: expected bool, got 1"),
        ({"weights": {"a": "b"}}, "expected dict[str, float]"),
        ({"weights": {1: 1.0}}, "the keys of a table must be text"),
        ({"share": b"1"}, "a bytes cannot be passed"),
        ({"share": np.arange(2.0)}, "a ndarray cannot be passed"),
    ],
)
def test_a_wrong_value_names_notebook_parameter_and_expectation(
    notebook: Callable[[str], Path], given: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError) as refused:
        parameters.checked(notebook(CELL), given)
    assert len(refused.value.problems) == 1
    assert str(refused.value).startswith("nb: ")
    assert said in str(refused.value)


@pytest.mark.parametrize("value", [np.int64(7), np.int32(7), np.array(7)])
def test_numpy_scalars_become_pythons_own(notebook: Callable[[str], Path], value: object) -> None:
    months = parameters.checked(notebook(CELL), {"months": value})["months"]
    assert type(months) is int
    assert months == 7


def test_all_problems_are_reported_at_once(notebook: Callable[[str], Path]) -> None:
    with pytest.raises(UsageError) as refused:
        parameters.checked(notebook(CELL), {"asof": 1, "start": "x", "months": "y"})
    assert len(refused.value.problems) == 3


def test_a_parameter_without_a_value_must_be_given(notebook: Callable[[str], Path]) -> None:
    path = notebook("firm: str  # a ticker")
    with pytest.raises(UsageError, match="nb: parameter firm: no value given; expected str"):
        parameters.checked(path, {})
    assert parameters.checked(path, {"firm": "AMZN"}) == {"firm": "AMZN"}


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("x = 1\nx = 2", "parameter x: declared twice"),
        ("x = y", "the default of x must be a literal, not `y`"),
        ("x = f()", "must be a literal"),
        ("import os", "expected `name: type = literal"),
        ("x, y = 1, 2", "expected `name: type = literal"),
        ("x = y = 1", "expected `name: type = literal"),
        ("x: tuple[int, ...] = (1,)", "is not a type that can be passed; use a list"),
        ("x = (1, 2)", "use a list"),
        ("x: Path = 'a'", "`Path` is not a type that can be passed"),
        ("x: __import__('os').system('true') = 1", "is not a type that can be passed"),
        ("x: int = 'a'", "the default of x, 'a', is not int"),
        ("x = None", "x needs a type"),
        ("x = = 1", "parameters cell, line 1"),
    ],
)
def test_a_parameters_cell_holds_declarations_with_literals_only(
    notebook: Callable[[str], Path], cell: str, said: str
) -> None:
    with pytest.raises(UsageError) as refused:
        parameters.declared(notebook(cell))
    assert said in str(refused.value)
    assert str(refused.value).startswith("nb: ")


def test_types_may_be_imported_and_text_may_stand_alone(notebook: Callable[[str], Path]) -> None:
    cell = '"""What to compute."""\nfrom typing import Literal\nx: "Literal[1, 2]" = 1'
    assert parameters.checked(notebook(cell), {"x": 2}) == {"x": 2}


def test_none_and_two_parameter_cells_are_errors(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "nb.ipynb", "x = 1", parameters=None)
    with pytest.raises(UsageError, match="exactly one code cell must be tagged parameters, found 0"):
        parameters.declared(path)
    document = json.loads(path.read_text())
    document["cells"] *= 2
    for cell in document["cells"]:
        if cell["cell_type"] == "code":
            cell["metadata"] = {"tags": ["parameters"]}
    path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match="found 2"):
        parameters.declared(path)


@pytest.mark.parametrize(
    ("kind", "tag", "said"),
    [("code", "injected-parameters", "it is a result, not a source"), ("markdown", "parameters", "a cell of text")],
)
def test_tags_in_the_wrong_place_are_errors(tmp_path: Path, kind: str, tag: str, said: str) -> None:
    path = write_notebook(tmp_path / "nb.ipynb", "x = 1")
    document = json.loads(path.read_text())
    next(cell for cell in reversed(document["cells"]) if cell["cell_type"] == kind)["metadata"] = {"tags": [tag]}
    path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match=said):
        parameters.declared(path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": [{}]}', '{"cells": 3}'])
def test_a_file_that_is_no_notebook_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "nb.ipynb").write_text(text)
    with pytest.raises(UsageError, match="nb: not a valid notebook"):
        parameters.declared(tmp_path / "nb.ipynb")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("start", "2019", 2019),
        ("start", "none", None),
        ("tickers", '["AMZN"]', ["AMZN"]),
        ("quick", "true", True),
        ("definition", "gross", "gross"),
        ("as_of", "2024-12-31", "2024-12-31"),
        ("share", "-1e3", -1000.0),
    ],
)
def test_text_from_the_command_line_is_read_by_the_declared_type(
    notebook: Callable[[str], Path], name: str, text: str, value: object
) -> None:
    path = notebook(CELL)
    assert parameters.checked(path, parameters.from_text(path, {name: text}))[name] == value


def test_text_that_looks_like_a_number_stays_text_where_text_is_declared(notebook: Callable[[str], Path]) -> None:
    path = notebook('label: str = "a"')
    assert parameters.from_text(path, {"label": "007"}) == {"label": "007"}


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)  # the first value also pays for importing pydantic
@given(value=PLAIN)
def test_any_plain_value_arrives_in_the_notebook_as_it_is(value: object) -> None:
    """What papermill writes into the notebook, evaluated, is what was given."""
    declared = parameters.parse("value: Any = 0", "nb")
    checked = parameters._value(declared["value"], value)
    scope: dict[str, object] = {}
    exec(PythonTranslator.codify({"value": checked}), scope)
    assert scope["value"] == value
