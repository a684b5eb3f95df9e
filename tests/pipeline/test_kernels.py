"""Warm kernels: the same results as the stock kernel, each with its own state, and none left behind."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import nbclient
import psutil
import pytest
from jupyter_client.provisioning import KernelProvisionerFactory
from nbformat import NotebookNode, v4

from helpers.pipeline import kernels, sockets
from tests.projects import is_gone

pytestmark = pytest.mark.skipif(kernels.is_safe_here() is not None, reason="kernels are not forked on this system")
PYPLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nplt.title('pyplot')\nplt.show()"
HOUSE = """
import pandas as pd
from helpers.charts import style
from helpers.findings import figure
drawing, axes = style.canvas()
axes.plot([1, 3, 2])
style.finish(drawing, title="One message", subtitle="USD bn", source="nobody", as_of="2026-10-31", unit="USD bn",
             alt="A line that rises from one to three.", data=pd.DataFrame({"x": [1, 3, 2]}))
figure("line", axes)
"""
NUMBERS = "import numpy as np\nnp.linalg.solve(np.arange(16.0).reshape(4, 4) + np.eye(4), np.ones(4)).tobytes().hex()"


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    choose(monkeypatch, kernels.NAME)
    yield
    kernels.close_template()
    KernelProvisionerFactory.clear_instance()


def choose(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for library in ("OMP", "OPENBLAS", "MKL"):
        monkeypatch.setenv(f"{library}_NUM_THREADS", "1")
    monkeypatch.setenv(sockets.VARIABLE, name)
    KernelProvisionerFactory.clear_instance()


def run(*cells: str, folder: Path | None = None, timeout: int = 60) -> NotebookNode:
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in cells])
    resources = {"metadata": {"path": str(folder or Path.cwd())}}
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=timeout, resources=resources).execute()
    return notebook


def result(notebook: NotebookNode, cell: int = -1) -> str:
    text: str = notebook.cells[cell].outputs[-1].data["text/plain"]
    return text


def images(notebook: NotebookNode) -> list[str]:
    return [o.data["image/png"] for cell in notebook.cells for o in cell.outputs if "image/png" in o.get("data", {})]


def test_figures_and_numbers_are_those_of_the_stock_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {}
    for name in ("local-provisioner", kernels.NAME):
        choose(monkeypatch, name)
        notebook = run(PYPLOT, HOUSE, NUMBERS)
        made[name] = (images(notebook), result(notebook))
    kernels.close_template()
    assert len(made["local-provisioner"][0]) == 2
    assert made[kernels.NAME] == made["local-provisioner"]


def test_a_kernel_is_a_fork_that_has_never_seen_helpers(warm: None) -> None:
    seen = run(
        "import os, sys\n(os.getppid(), 'pandas' in sys.modules, any(m.startswith('helpers') for m in sys.modules))"
    )
    assert result(seen) == f"({kernels.template().process.pid}, True, False)"


def test_the_import_path_is_that_of_the_stock_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = []
    for name in ("local-provisioner", kernels.NAME):
        choose(monkeypatch, name)
        paths.append(result(run("import sys\nsys.path")))
    kernels.close_template()
    assert paths[0] == paths[1]


def test_each_kernel_has_its_own_randomness_environment_and_folder(
    warm: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = "import os, random, numpy as np\n(random.random(), np.random.rand(), os.environ['MINE'], os.getcwd())"
    seen = []
    for name in ("first", "second"):
        monkeypatch.setenv("MINE", name)
        (tmp_path / name).mkdir()
        random, uniform, mine, folder = eval(result(run(cell, folder=tmp_path / name)))
        assert (mine, folder) == (name, str(tmp_path / name))
        seen += [random, uniform]
    assert len(set(seen)) == 4


TRANSPORT = (
    "import json, sys\nfile = sys.argv[sys.argv.index('-f') + 1]\n"
    "tuple(json.load(open(file))[part] for part in ('transport', 'ip'))"
)


@pytest.mark.parametrize("name", [kernels.NAME, sockets.NAME])
def test_sockets_are_files_that_only_the_user_can_reach_and_are_removed(
    warm: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    choose(monkeypatch, name)
    noted = []
    original = tempfile.mkdtemp

    def note(*args: object, **options: object) -> str:
        folder = original(*args, **options)  # type: ignore[call-overload]
        noted.append(Path(folder))
        assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700
        return str(folder)

    monkeypatch.setattr(tempfile, "mkdtemp", note)
    transport, address = eval(result(run(TRANSPORT)))
    assert transport == "ipc"
    assert Path(address).parent in noted
    assert not any(folder.exists() for folder in noted)


def test_a_folder_too_deep_for_sockets_leaves_tcp(warm: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    assert eval(result(run(TRANSPORT))) == ("tcp", "127.0.0.1")
    assert list(deep.iterdir()) == []


def test_a_kernel_can_be_interrupted(warm: None) -> None:
    from nbclient.exceptions import CellTimeoutError

    with pytest.raises(CellTimeoutError):
        run("import time\ntime.sleep(60)", timeout=2)
    children = psutil.Process(kernels.template().process.pid).children()
    assert all(is_gone(child.pid) for child in children)


def test_kernels_die_with_the_template(warm: None) -> None:
    template = kernels.template()
    pid = template.fork(["-f", "/nonexistent/connection.json"], dict(os.environ), "/")
    waiting = template.fork(["--help-all-wrong-flag=1"], dict(os.environ), "/")
    kernels.close_template()
    assert is_gone(pid)
    assert is_gone(waiting)


def test_lines_share_a_template_and_each_ends_its_own_kernels(warm: None, tmp_path: Path) -> None:
    template = kernels.template()
    assert isinstance(template, kernels.Template)
    lines = [kernels.Line(connection) for _ in range(3) if (connection := template.line())]
    pids = [
        line.fork(
            ["-f", f"{tmp_path}/{place}.json", "--transport=ipc", f"--ip={tmp_path}/{place}"], dict(os.environ), "/"
        )
        for place, line in enumerate((*lines, lines[0]))
    ]
    assert {psutil.Process(pid).ppid() for pid in pids} == {template.process.pid}
    lines[0].close()
    assert is_gone(pids[0])
    assert is_gone(pids[3])
    assert [psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in pids[1:3]] == [True, True]
    assert not lines[1].is_dead
    template.close()
    assert lines[1].is_dead
    assert is_gone(pids[1])
    assert template.line() is None


def test_who_has_lost_a_shared_template_starts_one_of_its_own(warm: None, tmp_path: Path) -> None:
    shared = kernels.Template(dict(os.environ), tmp_path / "shared.log")
    told: list[tuple[str, object]] = []
    kernels.adopt(
        shared.line(), tmp_path / "log", {**os.environ, "OURS": "1"}, lambda kind, what: told.append((kind, what))
    )
    assert result(run("import os; (os.getppid(), os.environ.get('OURS'))")) == f"({shared.process.pid}, None)"
    assert told[:2] == [("waiting", True), ("waiting", False)]
    assert [kind for kind, _ in told[2:]] == ["kernel"]
    assert kernels.template_pid() is None
    shared.close()
    assert result(run("import os; os.getppid()")) == str(kernels.template_pid())


def test_what_a_forked_kernel_writes_past_python_is_in_the_log_of_who_asked(warm: None, tmp_path: Path) -> None:
    shared = kernels.Template(dict(os.environ), tmp_path / "shared.log")
    kernels.adopt(shared.line(), tmp_path / "log", os.environ, lambda *_: None)
    with pytest.raises(Exception, match="Kernel died"):
        run("import ctypes, faulthandler\nfaulthandler.enable(open('/proc/self/fd/2', 'wb', 0))\nctypes.string_at(0)")
    shared.close()
    assert "Segmentation fault" in (tmp_path / "log").read_text()


def test_the_template_dies_with_its_owner() -> None:
    code = (
        "import os, sys\nfrom helpers.pipeline import kernels\n"
        "template = kernels.Template(dict(os.environ, OPENBLAS_NUM_THREADS='1', OMP_NUM_THREADS='1'))\n"
        "template.wait_ready()\nprint(template.process.pid, flush=True)\nsys.stdin.read()"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    assert psutil.pid_exists(pid)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert is_gone(pid)


@pytest.fixture
def threaded_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a library on the path that starts a thread when imported, as some numerical libraries do."""

    def arrange(name: str) -> None:
        (tmp_path / f"{name}.py").write_text(
            "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        )
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return arrange


def test_a_template_with_threads_is_refused_and_the_stock_kernel_takes_over(
    warm: None, threaded_import: Callable[[str], None]
) -> None:
    threaded_import("pandera")
    kernels._said.clear()
    with pytest.warns(RuntimeWarning, match="2 threads after its imports"):
        assert result(run("1 + 1")) == "2"
    # The second asks nobody again: the template answers once.
    kernels.template().socket.close()
    with pytest.raises(kernels.UnsafeForkError, match="2 threads after its imports"):
        kernels.template().fork([], {}, "/")
    kernels.close_template()


def test_what_is_imported_for_a_second_kernel_may_start_no_thread_either(
    warm: None, threaded_import: Callable[[str], None]
) -> None:
    threaded_import("seaborn")
    kernels._said.clear()
    assert result(run("import sys; 'seaborn' in sys.modules")) == "False"  # the first does not wait for it
    with pytest.warns(RuntimeWarning, match="the template has 2 threads"):
        assert result(run("1 + 1")) == "2"


def test_a_second_kernel_has_the_rest_imported(warm: None) -> None:
    names = "import sys; [name in sys.modules for name in ('statsmodels.api', 'seaborn', 'networkx')]"
    run("1")
    assert result(run(names)) == "[True, True, True]"


def test_the_first_kernel_has_what_most_notebooks_use_and_looks_for_garbage(warm: None) -> None:
    names = "import gc, sys\n[gc.isenabled(), *(name in sys.modules for name in ('scipy.stats', 'scipy.optimize'))]"
    assert result(run(names)) == "[True, True, True]"


def test_elsewhere_than_on_linux_the_stock_kernel_is_used(warm: None, monkeypatch: pytest.MonkeyPatch) -> None:
    kernels._said.clear()
    monkeypatch.setattr(kernels, "is_safe_here", lambda: "forking is not safe on darwin")
    with pytest.warns(RuntimeWarning, match="not safe on darwin"):
        assert result(run("1 + 1")) == "2"
    with warnings.catch_warnings(record=True) as again:
        warnings.simplefilter("always")
        assert result(run("2 + 2")) == "4"
    assert not any("the ordinary way" in str(one.message) for one in again)


def test_another_interpreters_kernel_is_not_forked() -> None:
    provisioner = kernels.WarmProvisioner()
    with pytest.raises(kernels.UnsafeForkError, match="not the IPython kernel of this interpreter"):
        provisioner._fork(["/usr/bin/R", "--slave", "-e", "IRkernel::main()"], {})
