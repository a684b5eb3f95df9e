"""A real Dask cluster on loopback for tests: a scheduler and workers as processes of their own, from the wheel.

The workers' interpreter sees the project's dependencies but not the project: `helpers` comes from the wheel alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import time
import venv
import zipfile
from pathlib import Path
from typing import Any

import psutil
from distributed import Client
from hatchling.builders.wheel import WheelBuilder

from tests.conftest import ROOT

#: Only a broken machine is slower than this; nothing is decided by it.
LONG = 180.0


class Cluster:
    """A scheduler, and workers that come and go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[psutil.Popen] = []
        self.alone: psutil.Popen | None = None
        self.packages, self.python = Path(sysconfig.get_path("purelib")), Path(sys.executable)
        self.path = os.environ.get("PYTHONPATH", "")
        file = folder / "scheduler.json"
        self._start("scheduler", "--port", "0", "--scheduler-file", str(file))
        wait_for(file)
        self.address = str(json.loads(file.read_text())["address"])

    def install_wheel(self) -> None:
        """Build the wheel and start workers from it from now on."""
        self.packages, self.python = _installed_wheel(self.folder)
        self.path = ""

    def worker(self, name: str, *options: str, **environment: str) -> psutil.Popen:
        """Start a worker with one thread; returns its process, or that of its nanny."""
        return self._start("worker", self.address, "--name", name, "--nthreads", "1", *options, **environment)

    def complete(self) -> None:
        """Wait until there is the worker with a nanny, which starts it anew when it dies, and one without."""
        if self.alone is None or self.alone.poll() is not None:
            self.alone = self.worker(f"alone-{len(self.started)}", "--no-nanny")
        self.wait(2)

    def wait(self, count: int) -> dict[str, str]:
        """Wait until there are so many workers, and return their addresses by name."""
        with self.client() as client:
            client.wait_for_workers(count, timeout=LONG)
            found = client.scheduler_info(n_workers=-1)["workers"]
            return {str(one["name"]): address for address, one in found.items()}

    def client(self) -> Any:
        """Connect as anybody may."""
        connect: Any = Client
        return connect(self.address, set_as_default=False, timeout=LONG)

    def left(self) -> list[psutil.Process]:
        """Return the processes that execute notebooks for this cluster's workers."""
        mine = [process for one in self.started if one.is_running() for process in one.children(recursive=True)]
        return [one for one in mine if any(word in " ".join(_words(one)) for word in ("station", "ipykernel"))]

    def stop(self) -> None:
        """End everything."""
        below = [child for one in self.started if one.is_running() for child in one.children(recursive=True)]
        for process in [*self.started, *below]:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        for one in self.started:
            one.wait()

    def _start(self, what: str, *options: str, **environment: str) -> psutil.Popen:
        place = ["--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0", "--no-dashboard"]
        if what == "worker":
            place += ["--local-directory", str(self.folder)]
        with (self.folder / f"{what}-{len(self.started)}.log").open("wb") as log:
            process = psutil.Popen(
                [str(self.python), "-m", f"distributed.cli.dask_{what}", *options, *place],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "PYTHONPATH": self.path, **environment},
            )  # fmt: skip
        self.started.append(process)
        return process


def wait_for(path: Path) -> str:
    """Wait until a file has content, and return it."""
    end = time.monotonic() + LONG
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < end, f"{path} was never written"
        time.sleep(0.02)
    return path.read_text()


def _installed_wheel(folder: Path) -> tuple[Path, Path]:
    """Build the wheel, unpack it into an environment of its own; returns its folder of packages and interpreter."""
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    environment = folder / "environment"
    venv.create(environment, with_pip=False, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = environment / "lib" / version / "site-packages"
    with zipfile.ZipFile(wheel) as archive:  # nothing but files: to install it is to unpack it
        archive.extractall(packages)
    # A folder named in a `.pth` file is searched, but its own `.pth` files, such as an editable install's, are not.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return packages, environment / "bin" / "python"


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
