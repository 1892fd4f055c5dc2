"""Temporary folders of federations: each is held by its process, and the next one clears the rest.

A lock says for certain whether the owner lives, whichever way it ended.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from agent_core.jobs.process import is_lock_held

PREFIX = "silodesk-"
MARK = "owner.lock"


def make_folder() -> tuple[Path, int]:
    """Return a new temporary folder, and the lock that holds it for this process."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    fresh = folder / f".{MARK}"
    lock = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    fresh.rename(folder / MARK)  # seen only once it is held
    return folder, lock


def clear() -> None:
    """Remove the folders, with credentials in them, of federations that were killed."""
    for mark in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{MARK}"):
        try:
            is_own = mark.parent.lstat().st_uid == os.getuid()
            if not is_own or is_lock_held(mark):
                continue
        except OSError:
            continue  # another one is just clearing it
        shutil.rmtree(mark.parent, ignore_errors=True)
