"""The site's pages of sweeps: the question, the picture, what the rows say, how they were made, what failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.findings.schema import weakest
from helpers.pipeline import integrity, sweep, sweep_spec, sweep_table
from helpers.pipeline.errors import UsageError
from helpers.pipeline.pages import escape_markdown
from helpers.pipeline.sweep_notes import NOTES, Notes, notes_of
from helpers.pipeline.sweep_spec import Sweep
from helpers.tables import vintages

#: Where the results of the collection's sweeps are, from the project's folder.
RESULTS = Path("reports") / "sweeps"
FOLDER = "sweeps"
_FILES = f"_files/{FOLDER}"


@dataclass(frozen=True)
class SweepPage:
    """One page.

    Attributes
    ----------
    name : str
        Of the document, from the site's source folder and without an ending.
    text : str
        MyST Markdown.
    files : dict of str to (Path or str)
        What stands beside it, by path from the site's source folder: a file to copy, or its content.
    """

    name: str
    text: str
    files: dict[str, Path | str]


def pages(root: Path) -> list[SweepPage]:
    """Return a page for each sweep of ``notebooks/sweeps/``.

    Parameters
    ----------
    root : Path
        The project's folder; results are looked for in `RESULTS`.
    """
    made = []
    for file in sweep_spec.shipped(root):
        try:
            found = sweep_spec.load(file, root, is_confirmed=True)
        except UsageError as error:  # work on one sweep must not stop the site
            made.append(_broken(file.stem, error))
            continue
        made.append(_page(found, root))
    return made


def write(source: Path, root: Path) -> str:
    """Write the pages into the site's source folder and return the table of contents that leads to them.

    Parameters
    ----------
    source, root : Path
        The site's source folder and the project's.

    Returns
    -------
    str
        Markdown for the end of the front page; empty where there are no sweeps.
    """
    made = pages(root)
    for page in made:
        for name, content in {f"{page.name}.md": page.text, **page.files}.items():
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content.read_bytes())
    if not made:
        return ""
    return "\n".join(["", "```{toctree}", ":hidden:", ":caption: Sweeps", "", *(page.name for page in made), "```", ""])


def _page(found: Sweep, root: Path) -> SweepPage:
    table = sweep.table_of(root / RESULTS, found.name)
    notes = notes_of(table.with_suffix(NOTES)) if table.is_file() else None
    lines = [f"# {found.title}", "", found.question, ""]
    files: dict[str, Path | str] = {}
    if notes is None:
        lines += [
            f"This sweep has not been run here. It has {found.count:,} runs; this makes its rows and its page:",
            "",
        ]
        lines += ["```console", f"$ python -m helpers sweep {found.file}", "```", ""]
    else:
        said, in_force = sweep_table.notes(table), integrity.vintage(root)
        if said.get("vintage", in_force) != in_force:
            lines += _other_vintage(said, in_force, found)
        else:
            lines += _stale(sweep.due(found, root, root / RESULTS), found)
        lines += _figure(notes, table, files)
        lines += ["## What it shows", "", *(f"- {_plain(one)}" for one in notes.sentences), ""]
        lines += _evidence(table)
        lines += [f"Data: {said['data']}", ""] if "data" in said else []
    lines += _sets(found)
    if notes is not None:
        lines += _runs(notes, found, table, files)
    return SweepPage(f"{FOLDER}/{found.name}", "\n".join(lines), files)


def _figure(notes: Notes, table: Path, files: dict[str, Path | str]) -> list[str]:
    picture = table.with_suffix(".png")
    if notes.figure is None or not picture.is_file():
        return []
    files[f"{_FILES}/{picture.name}"] = picture
    files[f"{_FILES}/{table.stem}.csv"] = str(notes.figure["csv"])
    alt = " ".join(str(notes.figure["alt"]).split())
    data = f"{{download}}`Data behind the figure (CSV) <../{_FILES}/{table.stem}.csv>`"
    return [
        f"```{{figure}} ../{_FILES}/{picture.name}", f":alt: {alt}", ":class: dark-light", ":width: 100%", "",
        f"{_plain(notes.figure['title'])} {data}", "```", "",
    ]  # fmt: skip


def _evidence(table: Path) -> list[str]:
    grade = weakest(sweep_table.grades(table))
    if grade is None:
        return []
    badge = f'<sup class="grade grade-{grade}">{grade}</sup>'
    return [f"The weakest evidence behind any of these figures is {badge}.", ""]


def _sets(found: Sweep) -> list[str]:
    made = found.made[:1].upper() + found.made[1:]
    lines = ["## How the sets were made", "", f"{made}; {found.count:,} runs of `{found.notebook.stem}`.", ""]
    lines += ["| parameter | values | meaning |", "|:--|:--|:--|"]
    lines += [
        f"| `{name}` | {_cell(values)} | {_plain(found.meaning(name))} |" for name, values in found.varied.items()
    ]
    lines += [
        f"| `{name}` | {_plain(str(value))}, in all | {_plain(found.meaning(name))} |"
        for name, value in found.fixed.items()
    ]
    return [*lines, "", "Parameters that are not named keep the notebook's own value.", ""]


def _runs(notes: Notes, found: Sweep, table: Path, files: dict[str, Path | str]) -> list[str]:
    failed = sum(notes.failures.values())
    lines = ["## The runs", "", f"{notes.rows - failed:,} of {notes.rows:,} runs went well.", ""]
    if failed:
        lines += ["| runs that failed | why |", "|--:|:--|"]
        lines += [f"| {count:,} | {_plain(reason)} |" for reason, count in notes.failures.items()]
        lines += [""]
    files[f"{_FILES}/{table.name}"] = table
    files[f"{_FILES}/{found.file.name}"] = found.source
    lines += [
        f"{{download}}`Every run, its parameters, numbers and verdicts (Parquet) <../{_FILES}/{table.name}>` · "
        f"{{download}}`The sweep (TOML) <../{_FILES}/{found.file.name}>`",
        "",
    ]
    return lines


def _stale(due: int, found: Sweep) -> list[str]:
    if not due:
        return []
    of = f"{due:,} of {found.count:,} runs" if due < found.count else "All runs"
    again = f"`python -m helpers sweep {found.file}` makes them again"
    return [
        f":::{{warning}}\n{of} failed, are missing, or rest on code or tables that have changed since; {again}.\n:::",
        "",
    ]


def _other_vintage(said: Mapping[str, str], in_force: str, found: Sweep) -> list[str]:
    """Warn of rows from another vintage than the one of the other pages; whether they would differ is not asked."""
    theirs, here = _vintage(said["vintage"]), _vintage(in_force)
    again = f"`python -m helpers sweep {found.file}` makes them of those"
    return [f":::{{warning}}\nThese rows come from {theirs}, the other pages from {here}; {again}.\n:::", ""]


def _vintage(name: str) -> str:
    return "the shipped tables" if name == vintages.SHIPPED else f"the live vintage {name}"


def _broken(name: str, error: UsageError) -> SweepPage:
    lines = [f"# {name}", "", "This sweep cannot be read:", "", *(f"- {_plain(one)}" for one in error.problems), ""]
    return SweepPage(f"{FOLDER}/{name}", "\n".join(lines), {})


def _plain(text: str) -> str:
    return escape_markdown(str(text))


def _cell(text: str) -> str:
    """Keep code in backticks; nothing else in a description of values is markup."""
    return text.replace("|", "\\|").replace("_", "\\_") if "`" not in text else text.replace("|", "\\|")
