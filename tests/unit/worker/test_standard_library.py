"""What runs before the engine is chosen needs nothing but Python."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

WORKER = Path(__file__).resolve().parents[3] / "agent_core" / "worker"
ENGINE_FREE = sorted(path.name for path in WORKER.glob("*.py"))
OF_MODELS = {"export.py", "serve.py", "serve_input.py", "model_loading.py"}


def imported(path: Path) -> set[str]:
    """Return the top-level names that a file imports absolutely."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_the_worker_has_its_files() -> None:
    """The list below is not empty by a moved folder."""
    assert {"channel.py", "reporter.py", "silodesk_job.py", "__main__.py"} <= set(ENGINE_FREE)


@pytest.mark.parametrize("name", ENGINE_FREE)
def test_the_worker_is_standard_library_only(name: str) -> None:
    """Frameworks are imported in engines only; imports of its own are relative."""
    assert imported(WORKER / name) <= sys.stdlib_module_names


@pytest.mark.parametrize("path", sorted(WORKER.glob("engines/*.py")), ids=lambda path: path.name)
def test_engines_import_frameworks_only(path: Path) -> None:
    """Nothing of the application's environment is expected inside a job."""
    own = {"torch"} if path.name in OF_MODELS else set()
    assert imported(path) <= {*sys.stdlib_module_names, "numpy", "safetensors", "flwr", *own}


def test_private_names_of_flower_stand_in_one_file() -> None:
    """Everything else uses what Flower publishes."""
    public = {"flwr.app", "flwr.serverapp", "flwr.serverapp.strategy", "flwr.clientapp"}
    for path in WORKER.glob("engines/*.py"):
        if path.name == "flower_adapter.py":
            continue
        used = {
            node.module
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("flwr")
        }
        assert used <= public, path.name


def test_S2_nothing_is_unpickled_or_evaluated() -> None:
    """No pickle, marshal, eval or exec in what reads other machines' bytes."""
    for path in WORKER.rglob("*.py"):
        assert not imported(path) & {"pickle", "marshal", "shelve", "dill"}, path.name
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec"}, path.name
