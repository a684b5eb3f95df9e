"""How a run travels to another machine and its outcome back.

A notebook goes out as text and comes back as bytes, with its diary. No path of either machine means anything on the
other: the run gets a private folder there, and what it wrote of that folder is written as the project's on return.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path, PurePosixPath
from typing import Any

from helpers.pipeline.outcome import Failure, Outcome
from helpers.pipeline.plan import Run

_COPIED = ("notebook", "edition", "parameters", "seconds_limit", "memory_limit_mb", "reads_findings", "files")


def of_run(run: Run, root: Path) -> bytes:
    """Return everything that another machine needs to execute a run.

    Parameters
    ----------
    run : Run
    root : Path
        The project's folder; the notebook keeps its place below it.

    Raises
    ------
    OSError
        If the notebook cannot be read.
    """
    inside = run.path.relative_to(root) if run.path.is_relative_to(root) else Path("notebooks", run.path.name)
    document = {name: getattr(run, name) for name in _COPIED}
    document |= {"path": inside.as_posix(), "text": run.path.read_text(encoding="utf-8")}
    return json.dumps(document).encode()


def to_run(parcel: bytes, folder: Path) -> Run:
    """Unpack a run into a private folder, which stands for the project's, and return it.

    Raises
    ------
    ValueError
        If the notebook's place is not below the folder.
    """
    document: dict[str, Any] = json.loads(parcel)
    inside = PurePosixPath(document.pop("path"))
    if inside.is_absolute() or ".." in inside.parts:
        raise ValueError(f"the notebook's place must be below the project's folder, not {inside}")
    path = folder / inside
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document.pop("text"), encoding="utf-8")
    return Run(path=path, **document)


def of_outcome(outcome: Outcome, folder: Path) -> bytes:
    """Return an outcome as bytes.

    Parameters
    ----------
    outcome : Outcome
    folder : Path
        The private folder in which it came about.
    """
    document = {
        "status": outcome.status,
        "seconds": outcome.seconds,
        "peak_memory_mb": outcome.peak_memory_mb,
        "error": None if outcome.error is None else asdict(outcome.error),
        "notebook": outcome.notebook,
        "journal": outcome.journal,
        "folder": str(folder),
        "home": str(Path.home()),
    }
    return json.dumps(document, ensure_ascii=False).encode()


def to_outcome(content: bytes, run: Run, root: Path, key: str) -> Outcome:
    """Return the outcome of our own run from what came back, with its paths as if it had been executed here.

    Parameters
    ----------
    content : bytes
        From `of_outcome`.
    run : Run
        As it was sent.
    root : Path
        The project's folder.
    key : str
        The run's key.
    """
    document: Mapping[str, Any] = json.loads(content)
    places = {str(document["folder"]): str(root), str(document["home"]): str(Path.home())}

    def local(text: str) -> str:
        for theirs, ours in places.items():
            text = text.replace(theirs, ours) if len(theirs) > 1 else text  # the home of some users is "/"
        return text

    error = None if document["error"] is None else Failure(**document["error"])
    if error is not None:
        error = replace(error, message=local(error.message), traceback=local(error.traceback))
    return Outcome(
        run=run,
        status=document["status"],
        seconds=document["seconds"],
        peak_memory_mb=document["peak_memory_mb"],
        key=key,
        error=error,
        notebook=None if document["notebook"] is None else local(document["notebook"]),
        journal=list(document["journal"]),
    )
