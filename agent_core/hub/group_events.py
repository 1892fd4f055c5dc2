"""What happened in a group: who came and went, which devices fell silent."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, select

from agent_core.hub import tables
from agent_core.hub.store import Reader, Tx
from agent_core.hub.tables_places import group_events
from agent_core.protocol.records_places import GroupEvent, GroupEventKind

KEPT = 500  # events of one group
SHOWN = 100
UNDO_S = 60.0  # how long after a removal its doer may take it back


def add(tx: Tx, group_id: int, kind: GroupEventKind, **values: Any) -> None:
    """Write an event down and tell the group; its oldest ones go."""
    row = {"who": "", "by": "", "device": "", "silo": "", "edge_id": None, "detail": "",
           "account_id": None, **values}  # fmt: skip
    row["by"] = "" if row["by"] == row["who"] else row["by"]
    tx.run(insert(group_events).values(group_id=group_id, at=tx.now, kind=kind, **row))
    oldest = tx.scalar(
        select(group_events.c.id)
        .where(group_events.c.group_id == group_id)
        .order_by(group_events.c.id.desc())
        .offset(KEPT)
        .limit(1)
    )
    if oldest is not None:
        tx.run(
            delete(group_events).where(
                group_events.c.group_id == group_id, group_events.c.id <= oldest
            )
        )
    tx.changed("group", group_id, group=group_id)


def add_for_device(tx: Tx, edge_id: int, kind: GroupEventKind) -> None:
    """Write an event of a device down in each of its groups."""
    shared = tables.group_devices
    about = of_device(tx, edge_id)
    for group_id in tx.scalars(select(shared.c.group_id).where(shared.c.edge_id == edge_id)):
        add(tx, group_id, kind, **about)


def of_device(reader: Reader, edge_id: int) -> dict[str, Any]:
    """Return how events name a device."""
    table = tables.devices
    row = reader.first(
        select(table.c.name, table.c.silo, tables.accounts.c.name.label("who"))
        .join(tables.accounts, tables.accounts.c.id == table.c.account_id)
        .where(table.c.edge_id == edge_id)
    )
    if row is None:
        return {"edge_id": edge_id}
    return {"edge_id": edge_id, "device": row["name"], "silo": row["silo"], "who": row["who"]}


def name_of(reader: Reader, account_id: int | None) -> str:
    """Return an account's name, empty where nobody is meant."""
    people = tables.accounts
    name = reader.scalar(select(people.c.name).where(people.c.id == account_id))
    return str(name or "")


def newest(reader: Reader, group_id: int, limit: int) -> list[GroupEvent]:
    """Return a group's events, the newest first."""
    rows = reader.all(
        select(group_events)
        .where(group_events.c.group_id == group_id)
        .order_by(group_events.c.id.desc())
        .limit(limit)
    )
    return [GroupEvent.model_validate(dict(row)) for row in rows]


def was_removed_by(tx: Tx, group_id: int, edge_id: int, account_name: str) -> bool:
    """Return whether this person took the device out just now, and so may put it back."""
    row = tx.first(
        select(group_events)
        .where(
            group_events.c.group_id == group_id,
            group_events.c.edge_id == edge_id,
            group_events.c.kind.in_(["device_added", "device_removed", "revoked_device"]),
        )
        .order_by(group_events.c.id.desc())
        .limit(1)
    )
    return (
        row is not None
        and row["kind"] == "device_removed"
        and row["by"] == account_name
        and row["at"] > tx.now - UNDO_S
    )


def was_removed(tx: Tx, group_id: int, account_id: int) -> bool:
    """Return whether the owner took a member out just now, and so may put it back."""
    row = tx.first(
        select(group_events.c.kind, group_events.c.at)
        .where(
            group_events.c.group_id == group_id,
            group_events.c.account_id == account_id,
            group_events.c.kind.in_(["joined", "left", "removed"]),
        )
        .order_by(group_events.c.id.desc())
        .limit(1)
    )
    return row is not None and row["kind"] == "removed" and row["at"] > tx.now - UNDO_S
