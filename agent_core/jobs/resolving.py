"""Ask the job runtime what it has, and pip what it would install, without installing anything."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field

from agent_core.errors import SiloDeskError
from agent_core.jobs import runtime
from agent_core.jobs.installer import dry_run, find_python, has_pip
from agent_core.jobs.trying import Tried, try_imports

FIND_BOUND_S = 20.0
# Only looks names up; nothing of them is imported.
FIND = """
import importlib.util, json, sys
def has(name):
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
print(json.dumps({name: has(name) for name in json.loads(sys.argv[1])}))
"""


@dataclass(frozen=True)
class Resolved:
    """What the job runtime of this machine says to a package's needs."""

    runtime: str  # its key; empty where it is not made yet
    brought: list[str] = field(default_factory=list)  # requirements that it meets already
    installed: list[str] = field(default_factory=list)  # what pip would add: NAME-VERSION
    missing: list[str] = field(default_factory=list)  # modules that it does not have
    problem: str = ""
    next_step: str = ""
    is_sure: bool = True  # False where only the network or this machine stood in the way
    tried: Tried = field(default_factory=Tried)  # importing those modules that it has


def resolve(requirements: list[str], modules: list[str]) -> Resolved:
    """Return whether requirements can be met and modules imported; blocks up to two minutes."""
    ready = runtime.peek()
    if ready is None:
        return Resolved("", next_step="It is made before the first run, or by `silodesk runtime "
                        "make`.")  # fmt: skip
    missing = _missing(ready, modules)
    tried = try_imports(ready, [name for name in modules if name not in missing])
    try:
        cleaned = runtime.cleaned(requirements)
        brought = [one for one in cleaned if runtime.is_brought(one, runtime.base_file())]
        wanted = [one for one in cleaned if one not in brought]
        pip = next((p for p in (find_python()[0], ready.python) if has_pip(p)), ready.python)
        added = dry_run(pip, ready.python, wanted) if wanted else []
    except SiloDeskError as error:
        is_sure = error.code in {"runtime.requirement", "runtime.conflict"}
        return Resolved(ready.key, missing=missing, problem=error.sentence,
                        next_step=error.next_step, is_sure=is_sure, tried=tried)  # fmt: skip
    return Resolved(ready.key, brought, added, missing, tried=tried)


def _missing(ready: runtime.Runtime, modules: list[str]) -> list[str]:
    if not modules:
        return []
    try:
        done = subprocess.run(
            [str(ready.python), "-I", "-c", FIND, json.dumps(modules)],
            capture_output=True, text=True, timeout=FIND_BOUND_S, check=True,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        found = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return []  # the runtime does not answer: the doctor says so, a package is not to blame
    return [name for name in modules if not found.get(name, True)]
