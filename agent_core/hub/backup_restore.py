"""Restore a hub from a backup: checked first, made beside the old one, then put in its place."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
import zipfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from agent_core.errors import ConflictError, ServiceError, StorageError
from agent_core.hub.backup import DATABASE, Progress
from agent_core.hub.backup_file import Listing, extract, opened
from agent_core.hub.identity import INSTANCE
from agent_core.hub.premises import check_disk, is_locked
from agent_core.hub.services import Services
from agent_core.paths import Home

INBOX_STEP = 1_000_000  # more messages than a device gets between a backup and its restore
NUMBER_STEP = 1_000  # runs, groups, … go on from the next thousand
ROOM = 1.2  # of the backup's content, since the store adds a little


@dataclass(frozen=True)
class Restored:
    """A hub that was restored."""

    folder: Path
    set_aside: Path | None
    name: str
    made_at: float
    files: int


def describe(path: Path) -> Listing:
    """Return what a backup holds, without reading all of it."""
    with opened(path) as (_, listing):
        return listing


async def restore(home: Home, source: Path, progress: Progress, *, replace: bool) -> Restored:
    """Make the hub of a home be what a backup holds; an existing one is set aside.

    Until the last step, a rename, the existing hub is not touched.
    """
    home.make()
    if home.hub.exists() and is_locked(home.hub / "services.lock"):
        raise ServiceError(
            f"A hub runs in {home.root}.", next_step="Stop it first.", code="service.running"
        )
    has_hub = home.hub.is_dir() and any(home.hub.iterdir())
    if has_hub and not replace:
        raise ConflictError(
            f"There is a hub in {home.root} already.",
            next_step="Say that it shall be replaced (--replace), or name another --home. It is "
            "set aside, not deleted.",
            code="conflict.hub",
        )
    stamp = time.strftime("%Y%m%d-%H%M%S")
    workshop = Home(home.root / f"restoring-{stamp}")
    with opened(source) as (archive, listing):
        check_disk(home.root, int(listing.size * ROOM) + 2**29)
        try:
            progress("Checking the backup", 0, len(listing.files))
            former = _former(home.hub / DATABASE)
            objects = await asyncio.to_thread(_unpack, archive, listing, workshop, progress, former)
            await _fill(workshop, objects, progress)
        except BaseException:  # what is half made is of no use; the error goes on
            shutil.rmtree(workshop.root, ignore_errors=True)
            raise
    aside = home.root / f"hub.before-restore-{stamp}" if has_hub else None
    try:
        if aside is not None:
            home.hub.rename(aside)
        elif home.hub.is_dir():
            home.hub.rmdir()
        workshop.hub.rename(home.hub)
    except OSError as error:
        raise StorageError(
            f"The restored hub cannot be put in its place: {error.strerror}.",
            next_step=f"It lies in {workshop.hub}; the former one is in {aside or home.hub}.",
            code="storage.backup",
        ) from error
    shutil.rmtree(workshop.root, ignore_errors=True)
    return Restored(home.hub, aside, listing.name, listing.made_at, len(listing.files))


def _unpack(
    archive: zipfile.ZipFile,
    listing: Listing,
    workshop: Home,
    progress: Progress,
    former: dict[str, int],
) -> list[str]:
    """Unpack every entry with its hash checked; return the keys of the objects."""
    workshop.root.mkdir(mode=0o700)
    workshop.hub.mkdir(mode=0o700)
    keys = []
    for number, entry in enumerate(listing.files, 1):
        progress("Unpacking and checking hashes", number, len(listing.files))
        area, _, name = entry.partition("/")
        if area == "objects":
            keys.append(name)
            target = workshop.root / "objects" / str(len(keys))
        else:
            target = workshop.hub / name
        extract(archive, listing, entry, target)
    try:
        with closing(sqlite3.connect(workshop.hub / DATABASE)) as database:
            database.execute("SELECT count(*) FROM accounts").fetchone()
            _move_on(database, former)
            database.commit()
    except sqlite3.Error as error:
        raise StorageError(
            f"The backup's database cannot be read: {error}.",
            next_step="Use another backup; nothing was changed.",
            code="storage.backup",
        ) from error
    return keys


def _move_on(database: sqlite3.Connection, former: dict[str, int]) -> None:
    """Make a restored hub count past what the former one gave away after the backup.

    Devices remember numbers of runs and messages; a second use of one would be taken for a repeat.
    `former` has the last numbers of the hub that is replaced, where there is one.
    """
    database.execute("UPDATE devices SET next_inbox = next_inbox + ?", (INBOX_STEP,))
    tables = {
        str(name)
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"
        )
    }
    known = numbers(database)
    for name in tables:
        last = max(known.get(name, 0), former.get(name, 0))
        database.execute("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
        database.execute(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)",
            (name, (last // NUMBER_STEP + 1) * NUMBER_STEP),
        )
    if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'hub_facts'").fetchone():
        # Made anew at its next start: devices see by it that this is not the hub they left.
        database.execute("DELETE FROM hub_facts WHERE name = ?", (INSTANCE,))


def numbers(database: sqlite3.Connection) -> dict[str, int]:
    """Return the last number that each table has given away."""
    return {str(name): int(seq) for name, seq in database.execute("SELECT * FROM sqlite_sequence")}


def _former(path: Path) -> dict[str, int]:
    """Return how far a hub that is to be replaced has counted; nothing where it is unreadable."""
    if not path.is_file():
        return {}
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            return numbers(database)
    except sqlite3.Error:
        return {}  # a damaged hub is the very reason to restore one


async def _fill(workshop: Home, keys: list[str], progress: Progress) -> None:
    """Put the objects into a store of their own."""
    services = Services(workshop)
    try:
        progress("Starting the object store", 0, 0)
        await services.start_store()
        for number, key in enumerate(keys, 1):
            progress("Filling the object store", number, len(keys))
            path = workshop.root / "objects" / str(number)
            await asyncio.to_thread(services.objects.put_file, key, path)
            path.unlink()
    finally:
        await services.stop()
