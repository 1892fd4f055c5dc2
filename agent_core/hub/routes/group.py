"""Groups: members, devices, topology."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter

from agent_core.errors import UserInputError
from agent_core.hub import devices, group_events, groups
from agent_core.hub.accounts import Who
from agent_core.hub.callers import Caller
from agent_core.hub.group_events import KEPT, SHOWN
from agent_core.hub.routes.depends import (
    PREFIX,
    Body,
    CallerDep,
    HubDep,
    Limit,
    Name,
    page_limit,
)
from agent_core.hub.store import Tx
from agent_core.hub.telemetry_view import cursor_number
from agent_core.protocol.records import Group, Page
from agent_core.protocol.records_places import GroupEvent

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
        return groups.rename(tx, group_id, body.name, caller.account_id)


@router.put("/{group_id}/members/{account_id}")
def set_member(
    group_id: int, account_id: int, caller: CallerDep, hub: HubDep, body: MemberRole | None = None
) -> Group:
    """Change a member's role, or put back whom the owner removed a moment ago."""
    with hub.store.write() as tx:
        caller.check(tx, "group", group_id=group_id)
        role = (body or MemberRole()).role
        groups.set_member(tx, group_id, account_id, role, caller.account_id)
        return groups.record(tx, group_id)


@router.delete("/{group_id}/members/{account_id}")
def remove_member(group_id: int, account_id: int, caller: CallerDep, hub: HubDep) -> Group:
    """Take a member and its devices out of a group; members may leave by themselves."""
    with hub.store.write() as tx:
        is_member = caller.group_role(tx, group_id) is not None
        caller.check(tx, "group", group_id=group_id, owner_id=account_id if is_member else None)
        groups.remove_member(tx, group_id, account_id, caller.account_id)
        return groups.record(tx, group_id)


@router.put("/{group_id}/devices/{edge_id}")
def add_device(group_id: int, edge_id: int, caller: CallerDep, hub: HubDep) -> Group:
    """Share an own device with a group."""
    with hub.store.write() as tx:
        row = devices.find(tx, edge_id)
        if not _puts_back(tx, caller, group_id, row):
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
        groups.add_device(tx, group_id, edge_id, caller.account_id)
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
        groups.remove_device(tx, group_id, edge_id, caller.account_id)
        return groups.record(tx, group_id)


@router.get("/{group_id}/topology")
def topology(group_id: int, caller: CallerDep, hub: HubDep) -> dict[str, Any]:
    """Return a group's devices, their links, and who works with whom just now."""
    with hub.store.read() as reader:
        caller.check(reader, "group", group_id=group_id)
        return groups.topology(reader, group_id, hub.vitals)


@router.get("/{group_id}/events")
def events(group_id: int, caller: CallerDep, hub: HubDep, limit: Limit = None) -> Page[GroupEvent]:
    """Return what happened in a group, the newest first."""
    with hub.store.read() as reader:
        caller.check(reader, "group", group_id=group_id)
        found = group_events.newest(reader, group_id, min(limit or SHOWN, KEPT))
    return Page[GroupEvent](items=found)


def _puts_back(tx: Tx, caller: Caller, group_id: int, device: Any) -> bool:
    """Return whether the group's owner undoes a removal of a moment ago, with its member there."""
    if caller.account is None or caller.group_role(tx, group_id) is not Who.OWNER:
        return False
    members = {member.account_id for member in groups.record(tx, group_id).members}
    return device["account_id"] in members and group_events.was_removed_by(
        tx, group_id, device["edge_id"], caller.account.name
    )
