"""The cache on disk: what is kept comes back, whole or not at all, and a folder that refuses only costs time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers.disk_cache import DiskCache, default_cache

ARRAYS = {"a": np.arange(3.0), "b": np.ones((2, 2))}


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "made" / "on first use")
    assert cache.get({"seed": 1}) is None
    cache.put({"seed": 1, "draws": 2}, ARRAYS)
    kept = cache.get({"draws": 2, "seed": 1})
    assert kept is not None
    assert set(kept) == set(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(kept[name], array)
    assert cache.get({"seed": 2, "draws": 2}) is None, "other content, other entry"
    assert [path.suffix for path in cache.folder.iterdir()] == [".npz"], "no half-written file is left"


def test_a_damaged_entry_counts_as_none(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path)
    cache.put({"seed": 1}, ARRAYS)
    path = cache.path({"seed": 1})
    path.write_bytes(path.read_bytes()[:100])
    assert cache.get({"seed": 1}) is None


def test_a_folder_that_refuses_is_passed_over(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    cache = DiskCache(blocked / "folder")
    cache.put({"seed": 1}, ARRAYS)
    assert cache.get({"seed": 1}) is None


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WHO_PAYS_CACHE", str(tmp_path))
    assert default_cache().folder == tmp_path
    monkeypatch.delenv("WHO_PAYS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache().folder == tmp_path / "who-pays-for-ai"
