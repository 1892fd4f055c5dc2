"""The hub's health and numbers at one moment."""

from __future__ import annotations

import shutil
import time
from importlib.metadata import version

from sqlalchemy import func, select

from agent_core.hub import inbox, presence, tables
from agent_core.hub.state import Hub
from agent_core.hub.storage_book import AREAS
from agent_core.hub.store import Reader
from agent_core.protocol.records_hub import HubOverview, PartHealth


def overview(hub: Hub) -> HubOverview:
    """Return the hub's state."""
    storage, storage_at = hub.storage.read(hub.objects, hub.folder)
    sizes = {one.key: one.size for one in storage}
    objects = sum(sizes.get(name, 0) for name in AREAS.values())
    with hub.store.read() as reader:
        return HubOverview(
            name=hub.settings.name,
            version=version("silodesk"),
            url=hub.url,
            at=time.time(),
            started_at=hub.started_at,
            parts=_parts(hub, sizes.get("database", 0), objects),
            storage=storage,
            storage_at=storage_at,
            disk_free=shutil.disk_usage(hub.folder).free,
            devices=_presence(reader),
            runs=_runs(reader),
            accounts=int(reader.scalar(select(func.count()).select_from(tables.accounts)) or 0),
            groups=int(reader.scalar(select(func.count()).select_from(tables.groups)) or 0),
            messages=hub.counters.value("silodesk_messages_total"),
            refused=hub.counters.total("silodesk_refused_total"),
            inbox_waiting=inbox.waiting(reader),
        )


def _parts(hub: Hub, database: int, objects: int) -> list[PartHealth]:
    health = hub.health()
    dialect = hub.store.engine.dialect.name
    broker, broker_restarts = health.get("broker", ("", 0))
    store, store_restarts = health.get("store", ("", 0))
    if not broker and hub.link is not None and not hub.link.connected:
        broker = "The hub is not connected to its broker."
    return [
        PartHealth(key="database", kind="SQLite" if dialect == "sqlite" else "PostgreSQL",
                   size=database if dialect == "sqlite" else None),
        PartHealth(key="broker", kind="embedded" if "broker" in health else "outside",
                   fault=broker, restarts=broker_restarts),
        PartHealth(key="store", kind="embedded" if "store" in health else "outside",
                   fault=store, restarts=store_restarts, size=objects),
    ]  # fmt: skip


def _presence(reader: Reader) -> dict[str, int]:
    table = tables.devices
    seen = {"online": 0, "silent": 0, "offline": 0}
    for row in reader.all(
        select(table.c.last_seen, table.c.gone).where(table.c.revoked.is_(False))
    ):
        seen[presence.seen(row["last_seen"], row["gone"])] += 1
    return seen


def _runs(reader: Reader) -> dict[str, int]:
    runs = tables.runs
    rows = reader.all(select(runs.c.state, func.count().label("count")).group_by(runs.c.state))
    return {row["state"]: row["count"] for row in rows}
