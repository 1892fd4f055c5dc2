"""Back a hub up while it runs: the database first, then everything that it can name.

The database is copied by SQLite's own backup, so it is one moment's. Objects are named by their
content and log files only grow, so what that moment refers to is still there when it is copied.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from agent_core.errors import NotFoundError, ServiceError, StorageError
from agent_core.hub.backup_file import BackupWriter, Listing, digest_of
from agent_core.hub.objects import ObjectStore
from agent_core.hub.premises import is_locked
from agent_core.hub.services import BUCKET, Services
from agent_core.paths import Home

Progress = Callable[[str, int, int], None]

DATABASE = "hub.sqlite3"
# Small files of the hub's folder that make it this hub: its secrets, its name, its addresses.
KEPT = (
    "secret", "name", "ports-http.json", "ports-broker.json", "ports-store.json",
    "broker/secrets.json", "store/secrets.json",
)  # fmt: skip
PASSING = ("uploads/", "probes/", "silodesk/")  # objects that nothing refers to
PAGES = 500  # of the database, copied between two breaths of its writers


@dataclass(frozen=True)
class Made:
    """A backup that was made."""

    path: Path
    sha256: str
    size: int
    files: int
    missing: int


async def back_up(home: Home, target: Path, progress: Progress) -> Made:
    """Write a backup of the hub of a home, whether it runs or not."""
    folder = home.hub
    if not (folder / DATABASE).is_file():
        raise NotFoundError(
            f"There is no hub with a database of its own in {home.root}.",
            next_step="Name the hub's --home. A hub on PostgreSQL is backed up with pg_dump.",
            code="missing.hub",
        )
    if not target.parent.is_dir():
        raise StorageError(
            f"The folder {target.parent} does not exist.", next_step="Make it, or name another.",
            code="storage.backup",
        )  # fmt: skip
    async with _store(home, progress) as objects:
        return await asyncio.to_thread(_write, folder, target, objects, progress)


@asynccontextmanager
async def _store(home: Home, progress: Progress) -> Any:
    """Give the store of a running hub, or start it alone for as long as this takes."""
    running = _running(home.hub)
    if running is not None:
        with closing(running) as objects:
            yield objects
        return
    if is_locked(home.hub / "services.lock"):
        raise ServiceError(
            "The hub is starting or ending just now.",
            next_step="Try again when it runs or is down.",
            code="service.running",
        )
    progress("Starting the object store", 0, 0)
    services = Services(home)
    try:
        await services.start_store()
        yield services.objects
    finally:
        await services.stop()


def _running(folder: Path) -> ObjectStore | None:
    """Return the store of the hub that runs in this folder; None while none does."""
    try:
        found = json.loads((folder / "hub.json").read_text("utf-8"))
        keys = json.loads((folder / "store" / "secrets.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not is_locked(folder / "services.lock"):
        return None
    return ObjectStore(found["s3"]["url"], keys["access_key"], keys["secret_key"], BUCKET)


def _write(folder: Path, target: Path, objects: ObjectStore, progress: Progress) -> Made:
    listing = Listing(_name(folder), version("silodesk"), time.time())
    missing = 0
    with (
        tempfile.TemporaryDirectory(prefix="silodesk-backup-", dir=target.parent) as scratch,
        BackupWriter(target, listing) as writer,
    ):
        copy = Path(scratch) / "copy"
        progress("Copying the database", 0, 0)
        _copy_database(folder / DATABASE, copy)
        writer.add(f"hub/{DATABASE}", copy)
        copy.unlink()
        for name in KEPT:
            if (folder / name).is_file():
                writer.add(f"hub/{name}", folder / name)
        logs = _log_files(folder)
        keys = [key for key, _ in objects.list_all() if not key.startswith(PASSING)]
        total = len(logs) + len(keys)
        for number, path in enumerate(logs, 1):
            progress("Copying the logs of runs", number, total)
            writer.add(f"hub/{path.relative_to(folder).as_posix()}", path)
        for number, key in enumerate(keys, len(logs) + 1):
            progress("Copying packages, models and tensors", number, total)
            try:
                objects.get_file(key, copy)
            except NotFoundError:
                missing += 1  # a tensor of a run that ended meanwhile: nothing needs it any more
                continue
            writer.add(f"objects/{key}", copy, packed=False)
            copy.unlink()
        progress("Writing the file", total, total)
    return Made(target, digest_of(target), target.stat().st_size, len(listing.files), missing)


def _copy_database(source: Path, target: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)) as live,
            closing(sqlite3.connect(target)) as copy,
        ):
            live.backup(copy, pages=PAGES, sleep=0.005)
            damage = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise StorageError(
            f"The hub's database cannot be copied: {error}.",
            next_step="Free some space, or restore an earlier backup if it is damaged.",
            code="storage.backup",
        ) from error
    if damage != "ok":
        raise StorageError(
            f"The hub's database is damaged: {damage}.",
            next_step="Restore an earlier backup.",
            code="storage.damaged",
        )


def _log_files(folder: Path) -> list[Path]:
    """Return the chunk files of runs; the hub's own log is not one."""
    return sorted(
        path for path in (folder / "logs").rglob("*")
        if path.is_file() and not path.is_symlink() and path.parent != folder / "logs"
    )  # fmt: skip


def _name(folder: Path) -> str:
    try:
        return (folder / "name").read_text("utf-8").strip()
    except OSError:
        return ""
