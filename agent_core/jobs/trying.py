"""Really import what a package imports, in the job runtime and in the sandbox of this machine."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from agent_core.jobs import sandbox
from agent_core.jobs.runtime import Runtime
from agent_core.jobs.spec import JobSpec

BOUND_S = 60.0
# The package's own code is not run: nobody allowed that yet. What it prints comes last.
IMPORT = """
import importlib, json, sys
failed = {}
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed[name] = f"{type(error).__name__}: {error}"[:300]
print()
print(json.dumps(failed))
"""


@dataclass(frozen=True)
class Tried:
    """What came of it; without a sandbox nothing is tried."""

    sandbox: str = ""  # bubblewrap | unshare; empty where nothing was tried
    seconds: float = 0.0
    failed: dict[str, str] = field(default_factory=dict)  # module -> why
    is_late: bool = False  # the bound passed


def try_imports(ready: Runtime, modules: list[str]) -> Tried:
    """Import modules as a job would; blocks at most a minute."""
    kind = sandbox.describe().kind
    if kind == "none":
        return Tried()
    if not modules:
        return Tried(kind)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="silodesk-try-") as name:
        root = Path(name)
        for part in ("job", "package", "silodesk_worker"):
            (root / part).mkdir()
        spec = JobSpec("try", ready.python, root / "job", root / "package")
        command = [str(ready.python), "-c", IMPORT, json.dumps(modules)]
        try:
            said = sandbox.run_inside(kind, spec, root, command, BOUND_S)
            failed = json.loads(said.decode("utf-8", "replace").strip().splitlines()[-1])
        except subprocess.TimeoutExpired:
            return Tried(kind, time.monotonic() - began, is_late=True)
        except (OSError, ValueError, IndexError):
            return Tried()  # the sandbox itself did not start: the doctor says so
    return Tried(kind, time.monotonic() - began, failed)
