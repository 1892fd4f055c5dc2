"""What nobody needs any more: counted first, deleted only when told to."""

from __future__ import annotations

import time
from collections.abc import Iterator

from sqlalchemy import delete, select

from agent_core.hub import tables
from agent_core.hub.state import Hub
from agent_core.hub.store import Reader
from agent_core.protocol.records_hub import Leftover
from agent_core.protocol.states import TERMINAL

UPLOAD_S = 24 * 3600.0
TENSOR_S = 3600.0
PACKAGE_S = 24 * 3600.0


def clean_up(hub: Hub, kinds: frozenset[str], *, dry_run: bool) -> list[Leftover]:
    """Return what is left over of each kind; without `dry_run` it is deleted."""
    now = time.time()
    with hub.store.read() as reader:
        wanted = {
            "uploads": set(_uploads(reader, now)),
            "tensors": set(_tensors(reader, now)),
            "packages": set(_packages(reader, now)),
        }
        cut = _cut_models(reader, now) if "uploads" in kinds else []
    sizes: dict[str, dict[str, int]] = {kind: {} for kind in wanted}
    for key, size in hub.object_store.list_all():
        for kind, prefixes in wanted.items():
            prefix = next((one for one in _prefixes(key) if one in prefixes), "")
            if prefix:
                sizes[kind][key] = size
    found = [
        Leftover(key=kind, count=len(keys), size=sum(keys.values()))
        for kind, keys in sizes.items() if kind in kinds
    ]  # fmt: skip
    if not dry_run:
        for kind in kinds & set(wanted):
            _forget(hub, kind, wanted[kind])
            for prefix in sorted(wanted[kind]):
                hub.object_store.delete_prefix(prefix)
        for prefix in cut:  # parts are not among the objects that can be listed and counted
            hub.object_store.drop_unfinished(prefix)
        hub.storage.forget()
    return found


def _prefixes(key: str) -> Iterator[str]:
    """Yield the key itself and each folder above it."""
    yield key
    while "/" in key:
        key = key.rpartition("/")[0]
        yield f"{key}/"


def _uploads(reader: Reader, now: float) -> list[str]:
    table = tables.uploads
    rows = reader.scalars(select(table.c.id).where(table.c.created_at < now - UPLOAD_S))
    return [f"uploads/{number}" for number in rows]


def _cut_models(reader: Reader, now: float) -> list[str]:
    """Return the folders of models whose upload was begun and never came to its end."""
    blobs, runs = tables.blobs, tables.runs
    rows = reader.scalars(
        select(runs.c.id)
        .join(blobs, blobs.c.run_id == runs.c.id)
        .where(
            blobs.c.kind == "model",
            blobs.c.complete.is_(False),
            runs.c.state.in_([state.value for state in TERMINAL]),
            runs.c.ended_at < now - UPLOAD_S,
        )
        .distinct()
    )
    return [f"models/{number}/" for number in rows]


def _tensors(reader: Reader, now: float) -> list[str]:
    runs = tables.runs
    ended = [state.value for state in TERMINAL]
    rows = reader.scalars(
        select(runs.c.id).where(runs.c.state.in_(ended), runs.c.ended_at < now - TENSOR_S)
    )
    return [f"runs/{number}/" for number in rows]


def _packages(reader: Reader, now: float) -> list[str]:
    """Return packages that no application names."""
    packages, used = tables.packages, tables.application_packages
    rows = reader.scalars(
        select(packages.c.zip_sha256).where(
            packages.c.uploaded_at < now - PACKAGE_S,
            packages.c.zip_sha256.not_in(select(used.c.zip_sha256)),
        )
    )
    return [f"packages/{sha256}.zip" for sha256 in rows]


def _forget(hub: Hub, kind: str, prefixes: set[str]) -> None:
    """Take the rows away that name what is deleted next."""
    names = [prefix.rpartition("/")[2].removesuffix(".zip") for prefix in prefixes]
    if kind == "tensors" or not names:
        return
    with hub.store.write() as tx:
        if kind == "uploads":
            tx.run(delete(tables.uploads).where(tables.uploads.c.id.in_(names)))
        else:
            owners, packages = tables.package_owners, tables.packages
            tx.run(delete(owners).where(owners.c.zip_sha256.in_(names)))
            tx.run(delete(packages).where(packages.c.zip_sha256.in_(names)))
