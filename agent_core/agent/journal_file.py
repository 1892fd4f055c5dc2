"""The journal's file: opened, checked, migrated, and set aside where it is damaged."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from agent_core.agent.schema import MIGRATIONS
from agent_core.errors import StorageError


def connect(path: Path) -> sqlite3.Connection:
    """Open a file and bring it up to date; raises sqlite3 errors and StorageError."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: a decision survives the power cut after it; 0.2 ms a commit on an SSD.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -2000")
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)  # noqa: TRY301
        _migrate(connection)
    except BaseException:  # raised on; a connection left open would keep the file busy
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise StorageError(
            "The agent's database was written by a newer SiloDesk.",
            next_step="Update SiloDesk on this machine, or name another --home.",
            code="storage.newer",
        )
    for number in range(version, len(MIGRATIONS)):
        connection.executescript(
            f"BEGIN IMMEDIATE; {MIGRATIONS[number]}; PRAGMA user_version = {number + 1}; COMMIT;"
        )


def is_damage(error: sqlite3.OperationalError) -> bool:
    """Return whether the file is at fault, and not the disk."""
    # A garbled schema surfaces as an OperationalError; a full or read-only disk does too.
    return "malformed" in str(error) or "no such table" in str(error)


def set_aside(path: Path) -> Path:
    """Rename a damaged file and what belongs to it; return the new name."""
    aside = path.with_name(f"{path.stem}-damaged-{int(time.time())}.sqlite3")
    path.replace(aside)
    for suffix in ("-wal", "-shm"):
        side = path.with_name(path.name + suffix)
        if side.exists():
            side.replace(aside.with_name(aside.name + suffix))
    return aside


def refused(path: Path, error: sqlite3.Error) -> StorageError:
    """Return what a person should know when a file cannot be opened."""
    return StorageError(
        f"The agent's database {path} cannot be opened: {error}.",
        next_step="Check the disk's free space and the folder's permissions.",
        code="storage.journal",
    )
