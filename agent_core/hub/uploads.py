"""Packages on their way in: uploaded past the hub into the store, then verified by it."""

from __future__ import annotations

import hashlib
import secrets
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select

from agent_core.errors import LimitError, NotFoundError, PackageError, UserInputError
from agent_core.hub import applications, tables
from agent_core.hub.ports import Objects, PackageReader
from agent_core.hub.settings import HubSettings
from agent_core.hub.store import Store
from agent_core.protocol.records import PackageInfo


def begin(
    store: Store, objects: Objects, settings: HubSettings, account_id: int, sha256: str, size: int
) -> dict[str, Any]:
    """Return where to put a package, or that the hub has it already."""
    if size > settings.package_limit:
        raise LimitError(
            f"The package has {size / 2**20:.0f} MB; the hub takes "
            f"{settings.package_limit / 2**20:.0f} MB.",
            next_step="Leave data and environments out of the source folder.",
            code="limit.package",
        )
    with store.read() as reader:
        if applications.owns(reader, account_id, sha256):
            return {"exists": True, "upload_id": "", "part_size": 0, "parts": []}
    upload_id = secrets.token_urlsafe(16)
    put = objects.presign_put(_key(upload_id), size, settings.part_size)
    with store.write() as tx:
        tx.run(
            insert(tables.uploads).values(
                id=upload_id,
                account_id=account_id,
                sha256=sha256,
                size=size,
                store_id=put["upload_id"],
                created_at=tx.now,
            )
        )
    return {**put, "exists": False, "upload_id": upload_id}


def _key(upload_id: str) -> str:
    # Apart from where packages lie: whoever holds the address could overwrite what was verified.
    return f"uploads/{upload_id}"


def find(store: Store, upload_id: str) -> RowMapping:
    """Return the row of an upload; raises NotFoundError."""
    with store.read() as reader:
        row = reader.first(select(tables.uploads).where(tables.uploads.c.id == upload_id))
    if row is None:
        raise NotFoundError(
            "The hub does not know this upload (any more).",
            next_step="Start the upload again.",
            code="missing.upload",
        )
    return row


def finish(
    store: Store,
    objects: Objects,
    read: PackageReader,
    row: RowMapping,
    parts: list[dict[str, Any]],
) -> PackageInfo:
    """Verify an uploaded package and keep it; a bad one is deleted again."""
    key = _key(row["id"])
    objects.complete(key, row["store_id"], parts)
    try:
        with tempfile.TemporaryDirectory(prefix="silodesk-upload-") as folder:
            path = Path(folder) / "package.zip"
            objects.get_file(key, path)
            _check_bytes(path, row)
            info = read(path, row["size"], row["sha256"])
            with store.read() as reader:
                is_known = applications.knows(reader, row["sha256"])
            if not is_known:
                objects.put_file(applications.package_key(row["sha256"]), path)
    except (PackageError, UserInputError):
        _forget(store, row["id"])
        objects.delete([key])
        raise
    _forget(store, row["id"])
    objects.delete([key])
    with store.write() as tx:
        return applications.store_package(tx, row["account_id"], info)


def _forget(store: Store, upload_id: str) -> None:
    with store.write() as tx:
        tx.run(delete(tables.uploads).where(tables.uploads.c.id == upload_id))


def _check_bytes(path: Path, row: RowMapping) -> None:
    if path.stat().st_size != row["size"]:
        raise PackageError(
            f"The upload has {path.stat().st_size} bytes instead of {row['size']}.",
            next_step="Upload it again.",
            code="package.size",
        )
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != row["sha256"]:
            raise PackageError(
                "The uploaded bytes do not have the announced sha256.",
                next_step="Upload it again.",
                code="package.sha256",
            )
