"""Groups: the people and devices that work together."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import delete, insert, select, update

from agent_core.errors import ConflictError, NotFoundError
from agent_core.hub import datasets, devices, group_events, run_state, tables
from agent_core.hub.store import Reader, Tx
from agent_core.hub.vitals import VitalsBoard
from agent_core.protocol.records import Group, Member
from agent_core.protocol.records_places import Collaborator, GroupEventKind, SharedGroup
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


def collaborators_of(reader: Reader, account_id: int) -> list[Collaborator]:
    """Return everyone in an account's groups, with the groups both are in."""
    mine = groups_of(reader, account_id)
    members, table, shared = tables.members, tables.groups, tables.group_devices
    rows = reader.all(
        select(members.c.account_id, members.c.role, table.c.id, table.c.name)
        .join(table, table.c.id == members.c.group_id)
        .where(members.c.group_id.in_(mine))
        .order_by(table.c.id)
    )
    places: dict[int, list[SharedGroup]] = {}
    for row in rows:
        place = SharedGroup(id=row["id"], name=row["name"], role=row["role"])
        places.setdefault(row["account_id"], []).append(place)
    owners = reader.all(
        select(tables.devices.c.account_id, shared.c.edge_id)
        .join(shared, shared.c.edge_id == tables.devices.c.edge_id)
        .where(shared.c.group_id.in_(mine))
        .distinct()
    )
    counts = Counter(row["account_id"] for row in owners)
    return [
        Collaborator(
            **member.model_dump(),
            groups=places.get(member.account_id, []),
            devices=counts[member.account_id],
        )
        for member in members_of(reader, mine)
    ]


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
    who = group_events.name_of(tx, account_id)
    group_events.add(tx, group_id, "created", who=who, detail=name)
    return record(tx, group_id)


def rename(tx: Tx, group_id: int, name: str, by: int) -> Group:
    """Give a group another name."""
    tx.run(update(tables.groups).where(tables.groups.c.id == group_id).values(name=name))
    who = group_events.name_of(tx, by)
    group_events.add(tx, group_id, "renamed", who=who, detail=name)
    return record(tx, group_id)


def set_member(tx: Tx, group_id: int, account_id: int, role: str, by: int | None = None) -> None:
    """Change a member's role, or put back who was removed a moment ago; others are invited.

    Raises NotFoundError for everyone else, the same whether such an account exists or not.
    """
    group = record(tx, group_id)
    if account_id == group.owner_id:
        raise ConflictError(
            "A group's owner keeps that role.",
            next_step="Make another group and own that one.",
            code="conflict.owner",
        )
    is_known = any(member.account_id == account_id for member in group.members)
    if not is_known and not group_events.was_removed(tx, group_id, account_id):
        raise NotFoundError(
            "There is no such member in this group.",
            next_step="Send an invitation instead.",
            code="missing.member",
        )
    tx.put(tables.members, group_id=group_id, account_id=account_id, role=role)
    who, doer = group_events.name_of(tx, account_id), group_events.name_of(tx, by)
    kind: GroupEventKind = "role" if is_known else "joined"
    group_events.add(tx, group_id, kind, who=who, by=doer, detail=role, account_id=account_id)


def remove_member(tx: Tx, group_id: int, account_id: int, by: int | None = None) -> list[int]:
    """Take a member out of a group, with its devices; return the devices' edge ids.

    The group's runs go on without these devices: what they would send or get from now on is
    no longer shared.
    """
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
    who, doer = group_events.name_of(tx, account_id), group_events.name_of(tx, by)
    for edge_id in own:
        remove_device(tx, group_id, edge_id, by)
        reason = f"{who} is not a member of {group.name} any more."
        run_state.lose_device(tx, edge_id, reason, group_id)
    is_own_wish = by is None or by == account_id
    kind: GroupEventKind = "left" if is_own_wish else "removed"
    group_events.add(tx, group_id, kind, who=who, by=doer, account_id=account_id)
    return own


def add_device(tx: Tx, group_id: int, edge_id: int, by: int | None = None) -> None:
    """Share a device with a group."""
    if tx.add_new(tables.group_devices, group_id=group_id, edge_id=edge_id):
        about = group_events.of_device(tx, edge_id)
        doer = group_events.name_of(tx, by)
        group_events.add(tx, group_id, "device_added", **about, by=doer)


def remove_device(tx: Tx, group_id: int, edge_id: int, by: int | None = None) -> None:
    """Take a device out of a group; new runs cannot use it any more."""
    shared = tables.group_devices
    gone = tx.run(delete(shared).where(shared.c.group_id == group_id, shared.c.edge_id == edge_id))
    if gone:
        about = group_events.of_device(tx, edge_id)
        doer = group_events.name_of(tx, by)
        group_events.add(tx, group_id, "device_removed", **about, by=doer)


def has_member(reader: Reader, group_id: int, account_id: int) -> bool:
    """Return whether an account is in a group."""
    members = tables.members
    found = reader.scalar(
        select(members.c.role).where(
            members.c.group_id == group_id, members.c.account_id == account_id
        )
    )
    return found is not None


def has_device(reader: Reader, group_id: int, edge_id: int) -> bool:
    """Return whether a device is shared with a group."""
    shared = tables.group_devices
    found = reader.scalar(
        select(shared.c.edge_id).where(shared.c.group_id == group_id, shared.c.edge_id == edge_id)
    )
    return found is not None


def topology(reader: Reader, group_id: int, vitals: VitalsBoard) -> dict[str, Any]:
    """Return a group's devices, their links to the hub, and who works with whom just now."""
    group = record(reader, group_id)
    rows = reader.all(
        devices.query()
        .where(tables.devices.c.edge_id.in_(group.devices))
        .order_by(tables.devices.c.edge_id)
    )
    found = vitals.complete([devices.record(row) for row in rows])
    found = datasets.complete(reader, found, group_id=group_id)
    return {
        "group": group.model_dump(mode="json"),
        "devices": [device.model_dump(mode="json") for device in found],
        "links": [
            {
                "from": "hub",
                "to": device.edge_id,
                "presence": device.presence,
                "round_trip_ms": device.vitals.round_trip_ms if device.vitals else None,
            }
            for device in found
        ],
        "runs": _working(reader, group_id),
    }


def _working(reader: Reader, group_id: int) -> list[dict[str, Any]]:
    runs, parts = tables.runs, tables.run_devices
    active = reader.all(
        select(
            runs.c.id, runs.c.name, runs.c.state, runs.c.round, runs.c.rounds, parts.c.edge_id,
            parts.c.role, parts.c.state.label("part_state"), parts.c.round.label("part_round"),
            parts.c.bytes_up, parts.c.bytes_down,
        )
        .join(parts, parts.c.run_id == runs.c.id)
        .where(
            runs.c.group_id == group_id,
            runs.c.state.not_in([*(state.value for state in TERMINAL), "IDLE"]),
        )
        .order_by(runs.c.id, parts.c.rank)
    )  # fmt: skip
    working: dict[int, dict[str, Any]] = {}
    for row in active:
        run = working.setdefault(
            row["id"],
            {
                "run_id": row["id"],
                "name": row["name"],
                "state": row["state"],
                "round": row["round"],
                "rounds": row["rounds"],
                "server_edge": 0,
                "client_edges": [],
                "parts": [],
            },
        )
        run["parts"].append(
            {
                "edge_id": row["edge_id"],
                "state": row["part_state"],
                "round": row["part_round"],
                "bytes_up": row["bytes_up"],
                "bytes_down": row["bytes_down"],
            }
        )
        if row["role"] == Role.SERVER.value:
            run["server_edge"] = row["edge_id"]
        else:
            run["client_edges"].append(row["edge_id"])
    return list(working.values())
