"""No number hides in `analysis`: each is 0, 1, a unit conversion, a documented constant or default, or structure.

Walks the syntax tree of every module. What may stand in the code:

- 0 and 1, and whole places in a subscript (``iloc[-2]`` says which row, it is no quantity);
- the unit conversions of `CONVERSIONS`;
- halves and doubles (2 and 1/2), as in a square, a two-sided test or the middle of an interval;
- guards against rounding, up to a millionth;
- parts of a date in ``Timestamp``, ``date``, ``datetime`` and ``DateOffset``;
- a constant at module level in UPPER_CASE with a comment on its line or above it, or a docstring below it, or a name
  that is a term of statistics (`TERMS`);
- the default of a parameter that the docstring of its function (or of its class) describes.

Everything else is an assumption or a threshold without a name. `ALLOWED` lists the exceptions, each with its reason.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ANALYSIS = Path(__file__).resolve().parents[2] / "src" / "helpers" / "analysis"
NEUTRAL = {0, 1}
# Per cent in a unit, millions in a billion (and dollars in a million), months, quarters and days in a year, days in
# a week.
CONVERSIONS = {100, 1000, 1_000_000, 12, 4, 365, 365.25, 7}
HALVES = {2, 0.5}
# Below this a number guards against rounding; nothing economic is that small in millions, per cent or years.
ROUNDING_GUARD = 1e-6
# Names that say all: a confidence level of 0.95 is 0.95.
TERMS = {"LEVEL", "LEVELS", "CONFIDENCE", "QUANTILES", "POWER", "SIZE"}
CALENDAR = {"Timestamp", "date", "datetime", "DateOffset"}
CONSTANT_NAME = re.compile(r"_?[A-Z][A-Z0-9_]*$")

# Module and function (or constant) whose numbers may stand as they are, with the reason.
OPTIMISER = "starting grid and bounds of an optimiser: any that reach the optimum give the same answer"
FORMULA = "coefficients of a published formula, named in the docstring beside them"
ALLOWED: dict[str, str] = {
    "adoption._users_problem": OPTIMISER,
    "bass._sales_problem": OPTIMISER,
    "explosive_roots.default_min_rows": FORMULA,
    "explosive_windows._squares_with_one_lag": "degrees of freedom: rows less constant, level and one lag",
    "explosive_windows_compiled._walk_without_lags": "number of running sums and their places in an array",
    "explosive_windows_compiled._walk_with_one_lag": "number of running sums and their places in an array",
    "explosive_windows_compiled._sum_changes": "number of running sums and their places in an array",
    "log_periodic._grid": "places in the four by four matrix of the normal equations",
    "trend._variance": FORMULA,
    "trend._correlated_variance": FORMULA,
    "trend.newey_west_lags": FORMULA,
}


def comment_lines(source: str) -> set[int]:
    """Return the numbers of the lines that hold a comment."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0] for token in tokens if token.type == tokenize.COMMENT}


def number(node: ast.AST) -> float | None:
    """Return the value of a numeric literal; bool is no number."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return abs(node.value)
    return None


def inside(node: ast.AST) -> set[ast.AST]:
    return set(ast.walk(node))


def documented_constants(tree: ast.Module, source: str) -> set[ast.AST]:
    """Return every node inside a module-level UPPER_CASE constant that has a comment."""
    comments, nodes = comment_lines(source), set()
    block_documented = False
    last_line = -1
    for place, statement in enumerate(tree.body):
        if not isinstance(statement, ast.Assign | ast.AnnAssign):
            block_documented = False
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        names = [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
        lines = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
        own = statement.lineno - 1 in comments or any(line in comments for line in lines)
        below = tree.body[place + 1] if place + 1 < len(tree.body) else None
        own |= isinstance(below, ast.Expr) and isinstance(getattr(below.value, "value", None), str)
        # One comment documents the lines that follow it without a gap; a term of statistics only its own line.
        documented = own or (block_documented and statement.lineno == last_line + 1)
        block_documented, last_line = documented, lines[-1]
        if (documented or set(names) <= TERMS) and all(CONSTANT_NAME.match(name) for name in names):
            nodes |= inside(statement)
    return nodes


def documented_defaults(tree: ast.Module) -> set[ast.AST]:
    """Return defaults of parameters, and of the fields of classes, that a docstring describes."""
    nodes: set[ast.AST] = set()
    for scope in ast.walk(tree):
        if isinstance(scope, ast.ClassDef):
            text = ast.get_docstring(scope) or ""
            for field in scope.body:
                if isinstance(field, ast.AnnAssign) and field.value and described(field.target, text):
                    nodes |= inside(field.value)
        if not isinstance(scope, ast.FunctionDef):
            continue
        text = ast.get_docstring(scope) or ""
        arguments = scope.args
        positional = [*arguments.posonlyargs, *arguments.args]
        pairs = list(zip(reversed(positional), reversed(arguments.defaults), strict=False))
        pairs += list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
        for argument, default in pairs:
            if default is not None and re.search(rf"\b{argument.arg}\b", text):
                nodes |= inside(default)
    return nodes


def described(target: ast.expr, text: str) -> bool:
    return isinstance(target, ast.Name) and bool(re.search(rf"\b{target.id}\b", text))


def structural(tree: ast.Module) -> set[ast.AST]:
    """Return literals that are places (subscripts), parts of a date, or digits of a format."""
    nodes: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript):
            nodes |= {place for place in places(node.slice) if isinstance(getattr(place, "value", None), int)}
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in CALENDAR:
            nodes |= {*node.args, *(keyword.value for keyword in node.keywords)}
        # Widths and digits of a format, as in f"{x:.2f}", are not quantities.
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            nodes |= inside(node.format_spec)
    return nodes


def places(index: ast.expr) -> set[ast.AST]:
    """Return what stands in a subscript itself, in a slice or a tuple of it, with or without a minus."""
    if isinstance(index, ast.Slice):
        return {place for part in (index.lower, index.upper, index.step) if part for place in places(part)}
    if isinstance(index, ast.Tuple):
        return {place for part in index.elts for place in places(part)}
    return {index.operand if isinstance(index, ast.UnaryOp) else index}


def scopes(tree: ast.Module) -> dict[ast.AST, str]:
    """Return for each node the function, class or constant at module level that it stands in."""
    names: dict[ast.AST, str] = {}
    for statement in tree.body:
        name = getattr(statement, "name", "")
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            name = next(node.id for node in ast.walk(target) if isinstance(node, ast.Name))
        names |= dict.fromkeys(ast.walk(statement), name)
    return names


def hidden(source: str) -> Iterator[tuple[str, int, float]]:
    """Yield scope, line and value of every number that is neither documented nor structure."""
    tree = ast.parse(source)
    excused = documented_constants(tree, source) | documented_defaults(tree) | structural(tree)
    digits, home = writing_digits(tree), scopes(tree)
    for node in ast.walk(tree):
        value = number(node)
        if value is None or value <= ROUNDING_GUARD or node in excused | digits:
            continue
        if value in NEUTRAL | CONVERSIONS | HALVES:
            continue
        yield home[node], node.lineno, value  # type: ignore[attr-defined]


def writing_digits(tree: ast.Module) -> set[ast.AST]:
    """Return the decimals given to the writers of `helpers.units` and to round: how a number looks, not what it is."""
    nodes: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in {"money", "percent", "round"}:
                nodes |= set(node.args[1:])
            if node.func.id == "count":
                nodes |= set(node.args[2:])
            nodes |= {keyword.value for keyword in node.keywords if keyword.arg == "digits"}
    return nodes


MODULES = sorted(ANALYSIS.glob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_no_number_hides_in_analysis(module: Path) -> None:
    found = [
        f"{module.name}:{line}: {value:g} in {scope}"
        for scope, line, value in hidden(module.read_text(encoding="utf-8"))
        if f"{module.stem}.{scope}" not in ALLOWED
    ]
    assert not found, f"name and document it, or make it a row of assumptions.csv: {', '.join(found)}"


def test_every_exception_is_still_needed() -> None:
    found = {f"{path.stem}.{scope}" for path in MODULES for scope, _, _ in hidden(path.read_text(encoding="utf-8"))}
    assert set(ALLOWED) <= found
    assert all(len(reason) > 10 for reason in ALLOWED.values())


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    return x * 0.73\n",
        "SHARE = 0.73\n",  # no comment
        "# documented\nshare = 0.73\n",  # not a constant
        "# documented\nSHARE = 0.73\n\nOTHER = 0.73\n",  # the comment ends at the gap
        "LEVEL = 0.95\nSHARE = 0.73\n",  # a term of statistics speaks for itself alone
        "def f(x, share=0.73):\n    '''Return x.'''\n    return x * share\n",
        "def f(x):\n    return x[0] > -3.5\n",
        "def f(x):\n    return x[x > 250]\n",
        "def f(x):\n    return x ** 3\n",
    ],
)
def test_it_finds_what_hides(source: str) -> None:
    assert list(hidden(source))


@pytest.mark.parametrize(
    "source",
    [
        "# A share that the rule names.\nSHARE = 0.73\n",
        "SHARE = 0.73  # a share that the rule names\n",
        "LEVEL = 0.95\n",
        "# Two shares.\nONE = 0.73\nOTHER = 0.27\n",
        "def f(x, share=0.73):\n    '''Return a share (share) of x.'''\n    return x * share\n",
        "def f(x):\n    return 100 * x.iloc[-2] / 1000 + x ** 2\n",
        "def f(x):\n    return f'{x:.3f}' + money(x, 2)\n",
        "def f(x):\n    return True\n",
    ],
)
def test_it_lets_pass_what_is_documented(source: str) -> None:
    assert not list(hidden(source))
