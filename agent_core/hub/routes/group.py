"""Groups: members, devices, topology."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter

from agent_core.errors import UserInputError
from agent_core.hub import devices, groups
from agent_core.hub.routes.depends import (
    PREFIX,
    Body,
    CallerDep,
    HubDep,
    Limit,
    Name,
    page_limit,
)
from agent_core.hub.telemetry_view import cursor_number
from agent_core.protocol.records import Group, Page

router = APIRouter(prefix=f"{PREFIX}/groups", tags=["groups"])


class GroupName(Body):
    name: Name


class MemberRole(Body):
    role: Literal["scientist", "operator"] = "operator"


@router.post("", status_code=201)
def create(body: GroupName, caller: CallerDep, hub: HubDep) -> Group:
    """Make a group; the account owns it."""
    with hub.store.write() as tx:
        return groups.create(tx, caller.account_id, body.name)


@router.get("")
def list_own(caller: CallerDep, hub: HubDep, cursor: str = "", limit: Limit = None) -> Page[Group]:
    """Return the account's groups."""
    count = page_limit(hub, limit)
    with hub.store.read() as reader:
        found = groups.groups_of(reader, caller.account_id)
        total = len(found)
        if cursor:
            found = [number for number in found if number < cursor_number(cursor)]
        items = [groups.record(reader, number) for number in found[:count]]
    more = str(found[count - 1]) if len(found) > count else ""
    return Page[Group](items=items, next_cursor=more, total=total)


@router.get("/{group_id}")
def get(group_id: int, caller: CallerDep, hub: HubDep) -> Group:
    """Return a group."""
    with hub.store.read() as reader:
        caller.check(reader, "group", group_id=group_id)
        return groups.record(reader, group_id)


@router.patch("/{group_id}")
def rename(group_id: int, body: GroupName, caller: CallerDep, hub: HubDep) -> Group:
    """Give a group another name."""
    with hub.store.write() as tx:
        caller.check(tx, "group", group_id=group_id)
        return groups.rename(tx, group_id, body.name)


@router.put("/{group_id}/members/{account_id}")
def set_member(
    group_id: int, account_id: int, caller: CallerDep, hub: HubDep, body: MemberRole | None = None
) -> Group:
    """Add a member or change its role."""
    with hub.store.write() as tx:
        caller.check(tx, "group", group_id=group_id)
        groups.set_member(tx, group_id, account_id, (body or MemberRole()).role)
        return groups.record(tx, group_id)


@router.delete("/{group_id}/members/{account_id}")
def remove_member(group_id: int, account_id: int, caller: CallerDep, hub: HubDep) -> Group:
    """Take a member and its devices out of a group; members may leave by themselves."""
    with hub.store.write() as tx:
        is_member = caller.group_role(tx, group_id) is not None
        caller.check(tx, "group", group_id=group_id, owner_id=account_id if is_member else None)
        groups.remove_member(tx, group_id, account_id)
        return groups.record(tx, group_id)


@router.put("/{group_id}/devices/{edge_id}")
def add_device(group_id: int, edge_id: int, caller: CallerDep, hub: HubDep) -> Group:
    """Share an own device with a group."""
    with hub.store.write() as tx:
        row = devices.find(tx, edge_id)
        is_member = caller.group_role(tx, group_id) is not None
        caller.check(
            tx,
            "device and group",
            group_id=group_id,
            owner_id=row["account_id"] if is_member else None,
        )
        if row["revoked"]:
            raise UserInputError(
                "This device was revoked.",
                next_step="Bind it again, then add it.",
                code="input.device",
            )
        groups.add_device(tx, group_id, edge_id)
        return groups.record(tx, group_id)


@router.delete("/{group_id}/devices/{edge_id}")
def remove_device(group_id: int, edge_id: int, caller: CallerDep, hub: HubDep) -> Group:
    """Take a device out of a group."""
    with hub.store.write() as tx:
        row = devices.find(tx, edge_id)
        is_member = caller.group_role(tx, group_id) is not None
        caller.check(
            tx,
            "device and group",
            group_id=group_id,
            owner_id=row["account_id"] if is_member else None,
        )
        groups.remove_device(tx, group_id, edge_id)
        return groups.record(tx, group_id)


@router.get("/{group_id}/topology")
def topology(group_id: int, caller: CallerDep, hub: HubDep) -> dict[str, Any]:
    """Return a group's devices, their links, and who works with whom just now."""
    with hub.store.read() as reader:
        caller.check(reader, "group", group_id=group_id)
        return groups.topology(reader, group_id)
