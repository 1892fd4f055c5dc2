"""What can be done before the order is there, and the choice of the engine after it."""

# ruff: noqa: TID252 - the worker runs under another package name inside a job
from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable

from ..session import Job, JobFailedError, MissingImportError

# Import only: a process that ever ran torch's parallel operations cannot fork safely.
FRAMEWORKS = ("numpy", "safetensors", "flwr.app", "flwr.serverapp", "flwr.clientapp", "torch")
LARGE = frozenset({"torch"})
MODEL_ENGINES = ("serve", "export")  # of the agent's own orders, never of a package


def import_frameworks(is_ordered: Callable[[], bool] = lambda: False) -> dict[str, str]:
    """Import what jobs use, where the runtime has it; return the versions found.

    Once the order is there, what is large is left to the package: not every one uses it.
    """
    os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")
    os.environ.setdefault("FLWR_DISABLE_UPDATE_CHECK", "1")
    versions = {}
    for name in FRAMEWORKS:
        if name in LARGE and is_ordered():
            continue
        try:
            importlib.import_module(name)
        except ImportError:
            continue
        top = sys.modules[name.split(".", maxsplit=1)[0]]
        versions[top.__name__] = str(getattr(top, "__version__", ""))
    return versions


def import_more() -> None:
    """Import what torch's optimizers load at their first use, while the job waits anyway."""
    if "torch" in sys.modules:
        try:
            importlib.import_module("torch._dynamo")
        except ImportError:
            return


def run_engine(job: Job) -> None:
    """Run the engine that the order names, to its end."""
    if job.order.engine == "flower":
        try:
            from . import flower
        except ImportError as error:
            raise MissingImportError(
                f"This job's runtime has no Flower that SiloDesk can use: {error}."
            ) from error
        flower.run(job)
    elif job.order.engine == "script":
        from . import script

        script.run(job)
    elif job.order.engine in MODEL_ENGINES:
        try:
            engine = importlib.import_module(f"{__package__}.{job.order.engine}")
        except ImportError as error:
            raise MissingImportError(f"This job's runtime cannot load models: {error}.") from error
        engine.run(job)
    else:
        raise JobFailedError(f"This worker has no engine '{job.order.engine}'.")
