"""A control group per job, where this account may make one, bounds processes and memory."""

from __future__ import annotations

import json
import os
from pathlib import Path

from agent_core.jobs.spec import Limits

ROOT = Path("/sys/fs/cgroup")
PROCESS_LIMIT = 1024  # threads count too


def make(job_id: str, limits: Limits) -> list[Path]:
    """Make the groups of a job and return them; none where the system does not let us."""
    made = []
    for parent, settings in _places(limits):
        folder = parent / f"silodesk-{os.getpid()}-{job_id}"
        try:
            folder.mkdir()
            for name, value in settings.items():
                (folder / name).write_text(value)
        except OSError:
            remove(folder)
            continue
        made.append(folder)
    return made


def clear(launch: Path) -> None:
    """Remove the groups that a `launch.json` names, where its keeper could not."""
    try:
        content = json.loads(launch.read_text("utf-8"))
    except (OSError, ValueError):
        return
    for folder in content.get("cgroups") or []:
        remove(Path(folder))


def remove(folder: Path) -> None:
    """Remove an empty group; one that still holds a process stays."""
    try:
        folder.rmdir()
    except OSError:
        pass


def _places(limits: Limits) -> list[tuple[Path, dict[str, str]]]:
    """Return where groups can be made, and what is set in them."""
    memory = limits.memory
    if (ROOT / "cgroup.controllers").exists():
        settings = {"pids.max": str(PROCESS_LIMIT)}
        if memory is not None:
            settings |= {"memory.max": str(memory), "memory.swap.max": "0"}
        parent = _own_parent()
        return [(parent, settings)] if parent is not None else []
    places = [(ROOT / "pids", {"pids.max": str(PROCESS_LIMIT)})]
    if memory is not None:
        places.append((ROOT / "memory", {"memory.limit_in_bytes": str(memory)}))
    return [(parent, settings) for parent, settings in places if os.access(parent, os.W_OK)]


def _own_parent() -> Path | None:
    """Return the group above our own where it is delegated to this account (systemd does so)."""
    try:
        text = Path("/proc/self/cgroup").read_text("ascii")
    except OSError:
        return None
    own = next((line[3:] for line in text.splitlines() if line.startswith("0::")), "/")
    parent = (ROOT / own.lstrip("/")).parent
    try:
        enabled = (parent / "cgroup.subtree_control").read_text("ascii").split()
    except OSError:
        return None
    may_move = os.access(parent / "cgroup.procs", os.W_OK)
    is_usable = {"pids", "memory"} <= set(enabled) and os.access(parent, os.W_OK) and may_move
    return parent if is_usable else None
