"""Asking for a cluster: addresses, what is missing, and the handbook."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from distributed.cli import dask_scheduler, dask_ssh, dask_worker

from helpers.cli import main
from helpers.pipeline import cluster
from helpers.pipeline.errors import PipelineError
from tests.conftest import ROOT


@pytest.mark.parametrize(
    "arguments",
    [
        ["--scheduler", "127.0.0.1:8786"],
        ["--scheduler", "tcp://127.0.0.1"],
        ["--scheduler", "tcp://127.0.0.1:0"],
        ["--scheduler", "tcp://127.0.0.1:65536"],
        ["--scheduler", "http://127.0.0.1:8786"],
        ["--scheduler", "tcp://127.0.0.1:8786", "--jobs", "2"],
    ],
)
def test_a_wrong_address_or_two_places_are_a_usage_error(arguments: Sequence[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["run", *arguments])
    assert raised.value.code == 2


def test_without_dask_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(PipelineError, match=r"pip install 'who-pays-for-ai\[cluster\]'"):
        cluster.execute([], scheduler="tcp://127.0.0.1:1", root=tmp_path, token="t")


def test_an_address_with_tls_needs_certificates(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"^tls://127.0.0.1:1 needs certificates: set distributed.comm.tls"):
        cluster.execute([], scheduler="tls://127.0.0.1:1", root=tmp_path, token="t")


def test_the_files_and_commands_of_the_handbook_are_well_formed() -> None:
    text = (ROOT / "docs" / "cluster.md").read_text()
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    manifest, certificates = (yaml.safe_load(body) for kind, body in blocks if kind == "yaml")
    spec = manifest["spec"]
    (scheduler,) = spec["scheduler"]["spec"]["containers"]
    (worker,) = spec["worker"]["spec"]["containers"]
    assert scheduler["image"] == worker["image"]
    # The operator calls the service after the cluster, and selects by its name.
    assert spec["scheduler"]["service"]["selector"]["dask.org/cluster-name"] == manifest["metadata"]["name"]
    assert {one["targetPort"] for one in spec["scheduler"]["service"]["ports"]} == {
        one["name"] for one in scheduler["ports"]
    }
    assert f"svc/{manifest['metadata']['name']}-scheduler" in text
    assert set(certificates["distributed"]["comm"]["tls"]) == {"ca-file", "client"}
    for kind, body in blocks:
        if kind == "python":
            compile(body, "slurm_cluster.py", "exec")
    known = {
        "ssh": dask_ssh.main, "worker": dask_worker.main, "scheduler": dask_scheduler.main,
    }  # fmt: skip
    used = re.findall(r"dask (ssh|worker|scheduler)\b(?!-)([^\n`]*)", text.replace('", "', " ").replace(", ", " "))
    checked = [(name, option) for name, rest in used for option in re.findall(r"--[a-z-]+", rest)]
    assert len(checked) > 5
    for name, option in checked:
        assert option in {one for parameter in known[name].params for one in parameter.opts}, (name, option)
