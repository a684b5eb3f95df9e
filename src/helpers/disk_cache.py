"""Results that take seconds to simulate, kept on disk by what they are made of.

The key of an entry is the content that determines it, so an entry never goes stale: other content, other key. A
folder that cannot be written to, or an entry that cannot be read, costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.float64]]
VARIABLE = "WHO_PAYS_CACHE"


class DiskCache:
    """A folder of ``.npz`` files named by the hash of their content.

    Parameters
    ----------
    folder : Path
        Made on first use.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, content: Mapping[str, Any]) -> Path:
        """Return the file of a content."""
        text = json.dumps(dict(content), sort_keys=True)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.npz"

    def get(self, content: Mapping[str, Any]) -> Arrays | None:
        """Return the arrays of a content; None where there are none or they cannot be read."""
        try:
            with np.load(self.path(content), allow_pickle=False) as kept:
                return {name: kept[name] for name in kept.files}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def put(self, content: Mapping[str, Any], arrays: Arrays) -> None:
        """Write the arrays whole or not at all; a folder that refuses is passed over."""
        target = self.path(content)
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.folder, suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    np.savez(file, **arrays)  # type: ignore[arg-type]  # the stub takes a name for its flag
                Path(name).replace(target)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise


def default_cache() -> DiskCache:
    """Return the user's cache: ``$WHO_PAYS_CACHE``, else ``who-pays-for-ai`` in the user's cache folder."""
    named = os.environ.get(VARIABLE)
    if named:
        return DiskCache(Path(named))
    home = os.environ.get("XDG_CACHE_HOME")
    return DiskCache((Path(home) if home else Path("~/.cache").expanduser()) / "who-pays-for-ai")
