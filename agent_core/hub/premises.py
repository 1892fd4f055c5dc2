"""What the hub's services need before they start: programs, room, secrets, and to be alone."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from agent_core.errors import ServiceError
from agent_core.hub.broker import write_secret

DISK_MIN = 512 * 1024 * 1024  # the store makes no volume below it, and fails with riddles


def find_program(name: str) -> str:
    """Return the path of a program that comes with the requirements, or is on the PATH."""
    file = name + (".exe" if sys.platform == "win32" else "")
    for folder in (sysconfig.get_path("scripts"), Path(sys.executable).parent):
        path = Path(folder) / file
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    found = shutil.which(file)
    if found is None:
        outside = "--mqtt" if name == "nats-server" else "--s3"
        raise ServiceError(
            f"The program {name} is missing, which the hub's own services need.",
            next_step=f"Install SiloDesk's requirements again, or name another by {outside}.",
            code="service.missing",
        )
    return found


def check_disk(folder: Path, least: int = DISK_MIN) -> None:
    """Raise ServiceError where the store would have no room."""
    free = shutil.disk_usage(folder).free
    if free < least:
        raise ServiceError(
            f"Only {free // 2**20} MB are free where the hub keeps its objects ({folder}).",
            next_step=f"Free at least {least // 2**20} MB, or give the hub another --home.",
            code="service.disk",
        )


def keep_secrets(path: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the secrets of a file that only its owner may read, making what is missing."""
    try:
        known = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        known = {}
    missing = {name: secrets.token_hex(24) for name in names if not known.get(name)}
    if missing:
        known = {**known, **missing}
        write_secret(path, json.dumps(known, indent=2))
    return {name: str(known[name]) for name in names}


def is_locked(path: Path) -> bool:
    """Return whether a hub holds the lock of its folder."""
    if not path.exists():
        return False
    try:
        lock(path).close()
    except ServiceError:
        return True
    return False


def lock(path: Path) -> IO[str]:
    """Return the open lock of a hub's folder; raises ServiceError while another hub has it."""
    file = path.open("a+")
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise ServiceError(
            f"A hub runs already in {path.parent}.",
            next_step="Use that one, stop it first, or give this one another --home.",
            code="service.running",
        ) from None
    return file
