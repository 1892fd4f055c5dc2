"""The hub of this very home as its agent sees it: whether it is there, runs, and how it ends."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import psutil

from agent_core.errors import ConflictError, NotFoundError, ServiceError
from agent_core.paths import Home

END_BOUND_S = 30.0
POLL_S = 0.1
LAST_BACKUP = "last-backup.json"


def read(home: Home) -> dict[str, Any]:
    """Return what the hub of a home says of itself while it runs, else nothing."""
    try:
        content = json.loads((home.hub / "hub.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) and content.get("url") else {}


def process_of(home: Home) -> psutil.Process | None:
    """Return the process of the running hub; a number that another program has now is not it."""
    known = read(home)
    try:
        process = psutil.Process(int(known["pid"]))
        words = process.cmdline()
    except (KeyError, TypeError, ValueError, psutil.Error):
        return None
    return process if "hub" in words and str(home.root) in " ".join(words) else None


def state(home: Home) -> dict[str, Any]:
    """Return whether a hub was made here, whether it runs, and since when."""
    known, process = read(home), process_of(home)
    is_running = process is not None
    return {
        "is_made": home.hub.is_dir() and any(home.hub.glob("*.sqlite3")),
        "is_running": is_running,
        "url": str(known.get("url", "")) if is_running else "",
        "name": str(known.get("name") or _text(home.hub / "name")),
        "started_at": process.create_time() if process is not None else None,
        "folder": str(home.hub),
        "log": str(home.hub / "logs" / "hub.log"),
        "set_aside": sorted(str(path) for path in home.root.glob("hub.before-restore-*")),
        "last_backup": _last_backup(home),
    }


async def stop(home: Home) -> dict[str, Any]:
    """End the hub of a home politely and wait for its end."""
    process = process_of(home)
    if process is None:
        raise NotFoundError(
            "No hub runs in this home.",
            next_step="A hub on another machine is stopped there.",
            code="missing.hub",
        )
    process.terminate()
    until = time.monotonic() + END_BOUND_S
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > until:
            raise ServiceError(
                f"The hub did not end within {END_BOUND_S:.0f} s.",
                next_step=f"Look at {home.hub / 'logs' / 'hub.log'}, then try again.",
                code="service.hub",
            )
        await asyncio.sleep(POLL_S)
    return state(home)


def must_be_down(home: Home) -> None:
    """Raise ConflictError while the hub of a home runs."""
    if process_of(home) is not None:
        raise ConflictError(
            "The hub runs.", next_step="Stop it first.", code="conflict.hub_running"
        )


def note_backup(home: Home, made: dict[str, Any]) -> None:
    """Remember the last backup, for whoever asks how old it is."""
    fields = {key: made[key] for key in ("path", "sha256", "size", "files")}
    try:
        (home.hub / LAST_BACKUP).write_text(json.dumps({**fields, "at": time.time()}), "utf-8")
    except OSError:
        return  # the backup itself is there; only its mention is missing


def _last_backup(home: Home) -> dict[str, Any] | None:
    try:
        found = json.loads((home.hub / LAST_BACKUP).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except OSError:
        return ""
