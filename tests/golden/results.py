"""The golden results: every verdict and number of a full build, and how far each may move.

After `make reports`, from the project's folder::

    .venv/bin/python -m tests.golden.results           # compare reports/results.json with the golden file
    .venv/bin/python -m tests.golden.results --write --because "Amazon restated its second quarter"

The second writes ``tests/golden/results.json`` and the reason as a line of CHANGELOG.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from math import isclose
from pathlib import Path
from typing import Any

from helpers import units
from helpers.findings.schema import FINDINGS_MIME
from helpers.pipeline import changes, parameters, trace
from helpers.pipeline.audit import read
from helpers.pipeline.changes import Change, Changes
from helpers.pipeline.errors import PipelineError
from helpers.pipeline.slices import Program

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).with_name("results.json")
#: How far a value may move, relative and absolute, by the name that each golden entry bears.
TOLERANCES: dict[str, tuple[float, float]] = {
    # Sums, ratios and counts of table rows: the order of additions may move the last digits.
    "exact": (1e-9, 1e-9),
    # Regressions and tests: another linear algebra library, another last digits, multiplied by the condition.
    "estimate": (1e-6, 1e-9),
    # What rests on draws: the seed is fixed, but one draw on the edge may fall to the other side. Two of 499 do not
    # move a p-value by more than this.
    "simulation": (1e-3, 5e-3),
}
#: A parameter of the notebook with such a name, or an argument of a function on the way, tells of draws.
_OF_DRAWS = frozenset({"draws", "seed"})
_HEAD = "### Results"
_MORE = 40


def tolerance(entry: Mapping[str, Any], drawn: bool) -> str:
    """Return the name of an entry's tolerance.

    Parameters
    ----------
    entry : mapping
        Of ``results.json``.
    drawn : bool
        Whether `draws` or `seed` have a part in it. What is known from the rows alone has none, even where one
        function computes it together with simulated values; its grade tells.
    """
    if entry["grade"] not in {"estimated", "scenario"}:
        return "exact"
    return "simulation" if drawn else "estimate"


def is_close(golden: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Tell whether a value is the golden one, within the tolerance that the golden entry names."""
    one, other = golden["value"], found["value"]
    if one is None or other is None or golden["unit"] != found["unit"]:
        return bool(one is other and golden["unit"] == found["unit"])
    relative, absolute = TOLERANCES[golden["tolerance"]]
    return isclose(one, other, rel_tol=relative, abs_tol=absolute)


def differences(golden: Mapping[str, Any], found: Mapping[str, Any]) -> Changes:
    """Return what of some results is not as in the golden file."""
    return changes.between(golden, found, is_close)


def message(found: Changes) -> str:
    """Say what differs and how to accept it; empty where nothing does."""
    if found.is_empty:
        return ""
    lines = [f"{name}: as of {after}, not {before}" for name, before, after in found.dates]
    for what, some in (("verdict", found.verdicts), ("value of a verdict", found.claims), ("number", found.numbers)):
        lines += [f"{what} {_said(one)}" for one in some[:_MORE]]
        lines += [f"and {len(some) - _MORE} more" for _ in some[_MORE : _MORE + 1]]
    advice = '.venv/bin/python -m tests.golden.results --write --because "…"'
    lines += ["", f"If this is meant: `make reports`, then `{advice}`, which also writes the line of CHANGELOG.md."]
    return "\n".join(lines)


def _said(change: Change) -> str:
    return f"{change.edition}/{change.notebook}/{change.id}: {_value(change.before)} → {_value(change.after)}"


def _value(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return "not there"
    value = "unknown" if entry["value"] is None else f"{entry['value']:.10g} {entry['unit']}".strip()
    exact = f"{entry['verdict']}, {value}" if "verdict" in entry else value
    return exact if "verdict" in entry else f"{exact} ({units.write(entry['value'], entry['unit'])})"


def golden_of(document: Mapping[str, Any], reports: Path, root: Path) -> dict[str, Any]:
    """Return the golden file's content for a full build.

    Raises
    ------
    PipelineError
        If a run failed or is stale: the golden results are those of one full build.
    """
    editions: dict[str, Any] = {}
    for edition, content in document["editions"].items():
        notebooks = editions.setdefault(edition, {"as_of": content["as_of"], "notebooks": {}})["notebooks"]
        for notebook, stated in content["notebooks"].items():
            if stated["status"] != "ok":
                raise PipelineError(f"{edition}/{notebook} is {stated['status']}: `make reports` must succeed first")
            drawn = _drawn(reports / "executed" / edition / f"{notebook}.ipynb", root)
            notebooks[notebook] = {
                kind: {id: _kept(entry, id in drawn) for id, entry in stated[kind].items()}
                for kind in ("claims", "numbers")
            }
    return {"schema": 1, "editions": editions}


def _kept(entry: Mapping[str, Any], drawn: bool) -> dict[str, Any]:
    kept = {"verdict": entry["verdict"]} if "verdict" in entry else {}
    # Twelve digits: far below every tolerance, and free of the last bit's noise.
    value = None if entry["value"] is None else float(f"{entry['value']:.12g}")
    return {**kept, "value": value, "unit": entry["unit"], "tolerance": tolerance(entry, drawn)}


def _drawn(executed: Path, root: Path) -> set[str]:
    """Return the ids of what rests on draws, read from the notebook's code."""
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    program = Program(cells, parameters.declared(root / "notebooks" / executed.name))
    found = set()
    for cell in cells:
        for output in cell.get("outputs", []):
            stated = output.get("data", {}).get(FINDINGS_MIME, {})
            for id in [*stated.get("numbers", {}), *stated.get("claims", {})]:
                origin = program.of_id(cell["id"], id)
                taken = set(origin.parameters).union(*(trace.arguments(name) for name in origin.functions))
                found |= {id} if _OF_DRAWS & taken else set()
    return found


def text(golden: Mapping[str, Any]) -> str:
    """Return the golden file's text: a line an entry, so that a change is a line of the difference."""
    lines = ["{", f' "schema": {golden["schema"]},', f' "because": {_json(golden["because"])},', ' "editions": {']
    for edition, content in golden["editions"].items():
        lines += [f"  {_json(edition)}: {{", f'   "as_of": {_json(content["as_of"])},', '   "notebooks": {']
        for notebook, stated in content["notebooks"].items():
            lines.append(f"    {_json(notebook)}: {{")
            for kind, entries in stated.items():
                inner = [f"      {_json(id)}: {_json(entry)}" for id, entry in entries.items()]
                lines += [f"     {_json(kind)}: {{", ",\n".join(inner), "     },"]
            lines[-1] = "     }"
            lines.append("    },")
        lines[-1] = "    }"
        lines += ["   }", "  },"]
    lines[-1] = "  }"
    return "\n".join(line for line in [*lines, " }", "}"] if line) + "\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def logged(changelog: str, because: str) -> str:
    """Return the changelog with a reason as the last line of its newest list of results.

    Raises
    ------
    PipelineError
        If it has no such list.
    """
    before, head, rest = changelog.partition(f"{_HEAD}\n")
    if not head:
        raise PipelineError(f"CHANGELOG.md has no section {_HEAD!r} for results that changed")
    section, mark, after = rest.partition("\n#")
    return f"{before}{head}{section.rstrip()}\n- {because}\n{mark}{after}"


def reasons(changelog: str) -> list[str]:
    """Return the reasons in all lists of results."""
    sections = changelog.split(f"{_HEAD}\n")[1:]
    lines = [line for section in sections for line in section.partition("\n#")[0].splitlines()]
    return [line.removeprefix("- ") for line in lines if line.startswith("- ")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, or write."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden.results", description=__doc__)
    parser.add_argument("--write", action="store_true", help="accept the results of reports/ as the golden ones")
    parser.add_argument("--because", default="", help="why they changed, one line for CHANGELOG.md")
    parser.add_argument("--reports", type=Path, default=ROOT / "reports")
    chosen = parser.parse_args(arguments)
    try:
        return _main(chosen)
    except PipelineError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code


def _main(chosen: argparse.Namespace) -> int:
    document = read(chosen.reports)
    golden = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else None
    found = message(differences(golden, document)) if golden else "there is no golden file yet"
    if not chosen.write:
        sys.stdout.write((found or "the results are the golden ones") + "\n")
        return 1 if found else 0
    if found and not chosen.because.strip():
        raise PipelineError("the results changed: say why with --because")
    written = golden_of(document, chosen.reports, ROOT)
    because = " ".join(chosen.because.split()) or (golden or {}).get("because", "")
    changelog = ROOT / "CHANGELOG.md"
    log = changelog.read_text(encoding="utf-8")
    if found and because in reasons(log):
        raise PipelineError("that reason stands in CHANGELOG.md already, for earlier changes: say why these came")
    if because not in reasons(log):
        changelog.write_text(logged(log, because), encoding="utf-8")
    GOLDEN.write_text(text({"because": because, **written}), encoding="utf-8")
    sys.stdout.write(f"{GOLDEN.relative_to(ROOT)} written\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
