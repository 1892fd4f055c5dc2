"""Groups: the people and devices that work together."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, select, update

from agent_core.errors import ConflictError, NotFoundError
from agent_core.hub import devices, tables
from agent_core.hub.store import Reader, Tx
from agent_core.protocol.records import Group, Member
from agent_core.protocol.states import TERMINAL, Role


def record(reader: Reader, group_id: int) -> Group:
    """Return a group with members and devices; raises NotFoundError."""
    row = reader.first(select(tables.groups).where(tables.groups.c.id == group_id))
    if row is None:
        raise NotFoundError(
            "There is no such group, or it is not shared with you.",
            next_step="Ask the group's owner to add you.",
        )
    shared = tables.group_devices
    return Group(
        id=row["id"],
        name=row["name"],
        owner_id=row["owner_id"],
        created_at=row["created_at"],
        members=members_of(reader, [group_id]),
        devices=reader.scalars(
            select(shared.c.edge_id).where(shared.c.group_id == group_id).order_by(shared.c.edge_id)
        ),
    )


def members_of(reader: Reader, group_ids: list[int]) -> list[Member]:
    """Return everyone in these groups, each once."""
    people, members = tables.accounts, tables.members
    rows = reader.all(
        select(people.c.id, people.c.name, people.c.email, people.c.owner_key, members.c.role)
        .join(members, members.c.account_id == people.c.id)
        .where(members.c.group_id.in_(group_ids))
        .order_by(people.c.id, members.c.group_id)
    )
    found: dict[int, Member] = {}
    for row in rows:
        member = Member(
            account_id=row["id"],
            name=row["name"],
            email=row["email"],
            role=row["role"],
            owner_key=row["owner_key"],
        )
        found.setdefault(row["id"], member)
    return list(found.values())


def groups_of(reader: Reader, account_id: int) -> list[int]:
    """Return the numbers of an account's groups, newest first."""
    members = tables.members
    return reader.scalars(
        select(members.c.group_id)
        .where(members.c.account_id == account_id)
        .order_by(members.c.group_id.desc())
    )


def create(tx: Tx, account_id: int, name: str) -> Group:
    """Make a group that the account owns."""
    statement = insert(tables.groups).values(name=name, owner_id=account_id, created_at=tx.now)
    group_id = int(tx.scalar(statement.returning(tables.groups.c.id)))
    tx.run(insert(tables.members).values(group_id=group_id, account_id=account_id, role="owner"))
    tx.changed("group", group_id, group=group_id)
    return record(tx, group_id)


def rename(tx: Tx, group_id: int, name: str) -> Group:
    """Give a group another name."""
    tx.run(update(tables.groups).where(tables.groups.c.id == group_id).values(name=name))
    tx.changed("group", group_id, group=group_id)
    return record(tx, group_id)


def set_member(tx: Tx, group_id: int, account_id: int, role: str) -> None:
    """Add a member or change its role; the owner stays the owner."""
    group = record(tx, group_id)
    if account_id == group.owner_id:
        raise ConflictError(
            "A group's owner keeps that role.",
            next_step="Make another group and own that one.",
            code="conflict.owner",
        )
    if not tx.scalar(select(tables.accounts.c.id).where(tables.accounts.c.id == account_id)):
        raise NotFoundError("There is no such account.", next_step="Send an invitation instead.")
    tx.put(tables.members, group_id=group_id, account_id=account_id, role=role)
    tx.changed("group", group_id, group=group_id)


def remove_member(tx: Tx, group_id: int, account_id: int) -> list[int]:
    """Take a member out of a group, with its devices; return the devices' edge ids."""
    group = record(tx, group_id)
    if account_id == group.owner_id:
        raise ConflictError(
            "A group's owner cannot leave it.",
            next_step="Remove the other members instead.",
            code="conflict.owner",
        )
    tx.changed("group", group_id, group=group_id)
    tx.changed("group", group_id, account=account_id)
    members, table = tables.members, tables.devices
    tx.run(
        delete(members).where(members.c.group_id == group_id, members.c.account_id == account_id)
    )
    own = tx.scalars(
        select(table.c.edge_id).where(
            table.c.account_id == account_id, table.c.edge_id.in_(group.devices)
        )
    )
    for edge_id in own:
        remove_device(tx, group_id, edge_id)
    return own


def add_device(tx: Tx, group_id: int, edge_id: int) -> None:
    """Share a device with a group."""
    tx.add_new(tables.group_devices, group_id=group_id, edge_id=edge_id)
    tx.changed("group", group_id, group=group_id)


def remove_device(tx: Tx, group_id: int, edge_id: int) -> None:
    """Take a device out of a group; new runs cannot use it any more."""
    shared = tables.group_devices
    tx.run(delete(shared).where(shared.c.group_id == group_id, shared.c.edge_id == edge_id))
    tx.changed("group", group_id, group=group_id)


def has_device(reader: Reader, group_id: int, edge_id: int) -> bool:
    """Return whether a device is shared with a group."""
    shared = tables.group_devices
    found = reader.scalar(
        select(shared.c.edge_id).where(shared.c.group_id == group_id, shared.c.edge_id == edge_id)
    )
    return found is not None


def topology(reader: Reader, group_id: int) -> dict[str, Any]:
    """Return a group's devices, their links to the hub, and who works with whom just now."""
    group = record(reader, group_id)
    rows = reader.all(
        devices.query()
        .where(tables.devices.c.edge_id.in_(group.devices))
        .order_by(tables.devices.c.edge_id)
    )
    found = [devices.record(row) for row in rows]
    runs, parts = tables.runs, tables.run_devices
    active = reader.all(
        select(runs.c.id, runs.c.name, runs.c.state, parts.c.edge_id, parts.c.role)
        .join(parts, parts.c.run_id == runs.c.id)
        .where(
            runs.c.group_id == group_id,
            runs.c.state.not_in([*(state.value for state in TERMINAL), "IDLE"]),
        )
        .order_by(runs.c.id, parts.c.rank)
    )
    working: dict[int, dict[str, Any]] = {}
    for row in active:
        run = working.setdefault(
            row["id"],
            {
                "run_id": row["id"],
                "name": row["name"],
                "state": row["state"],
                "server_edge": 0,
                "client_edges": [],
            },
        )
        if row["role"] == Role.SERVER.value:
            run["server_edge"] = row["edge_id"]
        else:
            run["client_edges"].append(row["edge_id"])
    return {
        "group": group.model_dump(mode="json"),
        "devices": [device.model_dump(mode="json") for device in found],
        "links": [
            {"from": "hub", "to": device.edge_id, "presence": device.presence} for device in found
        ],
        "runs": list(working.values()),
    }
