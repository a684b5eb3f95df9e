"""A notebook's parameters, read from its one `parameters` cell and checked before a kernel starts.

Papermill reports an unknown parameter in its log only, fails late on a date, and passes a tuple as text. Here a
wrong value is an error that names the notebook, the parameter and what was expected, and nothing is executed.

There is no support for secrets: a parameter is shown on the page of its run. A notebook that needs one has to read
it from the environment by itself.
"""

from __future__ import annotations

import ast
import io
import json
import operator
import re
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, Optional, Union

from helpers.pipeline.errors import UsageError

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
#: The only names an annotation may use: what TOML, JSON and the command line can all express.
_TYPES: dict[str, Any] = {
    "str": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict,
    "None": None, "Any": Any, "Literal": Literal, "Optional": Optional, "Union": Union,
}  # fmt: skip
_MISSING = object()


@dataclass(frozen=True)
class Parameter:
    """One assignment of the `parameters` cell.

    Attributes
    ----------
    name : str
    annotation : str
        As written, or the name of the default's type where there is none.
    default : object
        The literal; where the cell gives none, `is_required` is true.
    comment : str
        The comment at the end of its line.
    """

    name: str
    annotation: str
    default: object
    comment: str = ""

    @property
    def is_required(self) -> bool:
        """Whether a value must be given, because the cell only declares the name and the type."""
        return self.default is _MISSING

    @property
    def is_date(self) -> bool:
        """Whether the value is a day: the default is text that is an ISO date."""
        return isinstance(self.default, str) and _iso_day(self.default) is not None

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        return "an ISO date such as 2025-09-05" if self.is_date else self.annotation


def code_cells(path: Path) -> list[dict[str, Any]]:
    """Read a notebook's cells without nbformat, which costs more than the rest of the check.

    Returns
    -------
    list of dict
        All cells (not only code) with ``source`` joined into one string.

    Raises
    ------
    UsageError
        When the file is not a notebook of format 4.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        cells: list[dict[str, Any]] = [dict(cell, source="".join(cell["source"])) for cell in document["cells"]]
        [(cell["cell_type"], cell["metadata"]) for cell in cells]
    except OSError as error:
        raise UsageError(f"{path.stem}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{path.stem}: not a valid notebook of format 4: {path.name}") from None
    return cells


def declared(path: Path) -> dict[str, Parameter]:
    """Read the parameters that a notebook declares.

    Parameters
    ----------
    path : Path
        The source notebook.

    Returns
    -------
    dict of str to Parameter
        By name, in the order of the cell.

    Raises
    ------
    UsageError
        When there is no cell tagged `parameters`, or more than one, or it holds more than declarations with literals.
    """
    tagged = [cell for cell in code_cells(path) if _tags(cell) & {"parameters", "injected-parameters"}]
    if any("injected-parameters" in _tags(cell) for cell in tagged):
        raise UsageError(f"{path.stem}: holds a cell tagged injected-parameters: it is a result, not a source")
    if any(cell["cell_type"] != "code" for cell in tagged):
        raise UsageError(f"{path.stem}: the tag parameters stands on a cell of text; it belongs on a code cell")
    if len(tagged) != 1:
        raise UsageError(f"{path.stem}: exactly one code cell must be tagged parameters, found {len(tagged)}")
    return parse(tagged[0]["source"], path.stem)


def parse(source: str, notebook: str) -> dict[str, Parameter]:
    """Read the declarations in the text of a `parameters` cell (see `declared`)."""
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise UsageError(f"{notebook}: parameters cell, line {error.lineno}: {error.msg}") from None
    comments = _comments(source)
    found: dict[str, Parameter] = {}
    for statement in body:
        if _is_harmless(statement):
            continue
        parameter = _declaration(statement, comments.get(statement.end_lineno or 0, ""), notebook)
        if parameter.name in found:
            raise UsageError(f"{notebook}: parameter {parameter.name}: declared twice")
        found[parameter.name] = parameter
    return found


def checked(path: Path, given: Mapping[str, object]) -> dict[str, object]:
    """Check values against what a notebook declares and fill in its defaults.

    Parameters
    ----------
    path : Path
        The source notebook.
    given : mapping of str to object
        Values from ``runs.toml`` or from a caller; dates may be `datetime.date`.

    Returns
    -------
    dict of str to object
        Every declared parameter in the order of the cell: None, bool, int, float, str, list or dict, as papermill
        can write them; dates are ISO strings.

    Raises
    ------
    UsageError
        Names every unknown, missing or mistyped parameter and what was expected.
    """
    return filled(declared(path), given, path.stem)


def filled(parameters: Mapping[str, Parameter], given: Mapping[str, object], notebook: str) -> dict[str, object]:
    """Check values against declarations that were read before; for many sets of one notebook (see `checked`)."""
    known = ", ".join(parameters) or "none"
    problems = [f"{notebook}: unknown parameter {name}; it has {known}" for name in given if name not in parameters]
    values: dict[str, object] = {}
    for name, parameter in parameters.items():
        value = given.get(name, parameter.default)
        if value is _MISSING:
            problems.append(f"{notebook}: parameter {name}: no value given; expected {parameter.expected}")
            continue
        try:
            values[name] = _value(parameter, value)
        except ValueError as error:
            problems.append(f"{notebook}: parameter {name}: expected {parameter.expected}, got {value!r}{error}")
    if problems:
        raise UsageError(*problems)
    return values


def from_text(path: Path, given: Mapping[str, str]) -> dict[str, object]:
    """Read values typed on a command line, each by the type that its parameter declares.

    Parameters
    ----------
    path : Path
        The source notebook.
    given : mapping of str to str
        ``{"start": "2019", "tickers": '["AMZN", "META"]'}``. Text is taken as it stands for a parameter of type
        `str`; anything else is a Python or JSON literal.

    Returns
    -------
    dict of str to object
        Not yet checked: pass it to `checked`, which also reports unknown names.
    """
    parameters = declared(path)
    return {name: _literal(parameters.get(name), text) for name, text in given.items()}


def _literal(parameter: Parameter | None, text: str) -> object:
    if parameter is None or parameter.annotation == "str":
        return text
    words = {"true": True, "false": False, "null": None, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text  # the check says what was expected instead
    return value


def _tags(cell: Mapping[str, Any]) -> set[str]:
    return set(cell["metadata"].get("tags", []))


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def _is_harmless(statement: ast.stmt) -> bool:
    """Whether a statement is a text standing alone or an import of types for the annotations."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)
    return isinstance(statement, ast.ImportFrom) and statement.module == "typing"


def _declaration(statement: ast.stmt, comment: str, notebook: str) -> Parameter:
    where = f"{notebook}: parameters cell, line {statement.lineno}"
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        target, annotation, value = statement.target, ast.unparse(statement.annotation), statement.value
        if isinstance(statement.annotation, ast.Constant) and isinstance(statement.annotation.value, str):
            annotation = statement.annotation.value
    elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name) and not statement.targets[1:]:
        target, annotation, value = statement.targets[0], "", statement.value
    else:
        raise UsageError(f"{where}: expected `name: type = literal  # comment`, found `{ast.unparse(statement)[:60]}`")
    default = _default(value, where, target.id)
    parameter = Parameter(target.id, annotation or _type_name(default, where, target.id), default, comment)
    _type(parameter, where)
    if default is not _MISSING:
        try:
            _value(parameter, default)
        except ValueError as error:
            raise UsageError(f"{where}: the default of {target.id}, {default!r}, is not {annotation}{error}") from None
    return parameter


def _default(value: ast.expr | None, where: str, name: str) -> object:
    if value is None:
        return _MISSING
    try:
        return ast.literal_eval(value)
    except ValueError:
        raise UsageError(f"{where}: the default of {name} must be a literal, not `{ast.unparse(value)}`") from None


def _type_name(default: object, where: str, name: str) -> str:
    if default is None:
        raise UsageError(f"{where}: {name} needs a type, such as `{name}: int | None = None`")
    if isinstance(default, list) and default and len({type(item) for item in default}) == 1:
        return f"list[{type(default[0]).__name__}]"
    return type(default).__name__


def _type(parameter: Parameter, where: str) -> Any:
    """Return the type that an annotation means."""
    try:
        return _meaning(ast.parse(parameter.annotation, mode="eval").body)
    except (SyntaxError, TypeError, ValueError):
        hint = "; use a list" if re.match(r"(tuple|set|frozenset)\b", parameter.annotation) else ""
        problem = f"`{parameter.annotation}` is not a type that can be passed{hint}"
        raise UsageError(f"{where}: {parameter.name}: {problem} (known: {', '.join(_TYPES)})") from None


def _meaning(node: ast.expr) -> Any:
    """Read a type without evaluating code: a notebook is not trusted before its run is asked for."""
    match node:
        case ast.Constant(value=None):
            return None
        case ast.Name(id=name) if name in _TYPES:
            return _TYPES[name]
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return operator.or_(_meaning(left), _meaning(right))
        case ast.Subscript(value=ast.Name(id="Literal"), slice=choices):
            return _TYPES["Literal"][ast.literal_eval(choices)]
        case ast.Subscript(value=outer, slice=ast.Tuple(elts=inner)):
            return _meaning(outer)[tuple(_meaning(one) for one in inner)]
        case ast.Subscript(value=outer, slice=inner):
            return _meaning(outer)[_meaning(inner)]
    raise ValueError


def _value(parameter: Parameter, value: object) -> object:
    """Return a value as papermill can write it; ValueError's text says more than the type where that helps."""
    plain = _plain(value)
    if parameter.is_date:
        day = _iso_day(plain) if isinstance(plain, str) else None
        if day is None:
            raise ValueError("")
        return day
    from pydantic import ValidationError

    try:
        result: object = _validator(parameter.annotation).validate_python(plain, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = "".join(f"[{part!r}]" for part in first["loc"])
        raise ValueError(f" ({place + ': ' if place else ''}{first['msg']})") from None
    return result


@cache
def _validator(annotation: str) -> Any:
    """Build the check of a type once, for a sweep asks it thousands of times."""
    from pydantic import TypeAdapter

    return TypeAdapter(_meaning(ast.parse(annotation, mode="eval").body))


def _plain(value: object) -> object:
    """Return numbers, text, lists and dicts as Python's own; refuse what papermill would write wrongly."""
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        value = value.item()  # type: ignore[attr-defined]  # numpy is not imported to be asked
    if isinstance(value, datetime):
        raise ValueError(" (a day is expected, without a time)")
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ValueError(" (the keys of a table must be text)")
        return {key: _plain(item) for key, item in value.items()}
    hint = "; use a list" if isinstance(value, tuple | set | frozenset) else ""
    raise ValueError(f" (a {type(value).__name__} cannot be passed to a notebook{hint})")


def _iso_day(text: str) -> str | None:
    if not _ISO_DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None
