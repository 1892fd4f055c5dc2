"""Groups as the pages show them: rows, facts, and events as sentences."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent_core.protocol.records import Device, Group, Invitation, Member, Project
from agent_core.protocol.records_places import Collaborator, GroupEvent
from app.i18n import mark, tr, trn
from app.widgets.seen import OLD_AFTER_S, heard_ago, seen_now
from app.widgets.topology_model import Topology
from app.widgets.words import age

ROLES = {"owner": mark("Owner"), "scientist": mark("Scientist"), "operator": mark("Operator")}
INVITATION_STATES = {  # state of an invitation -> the badge's state and word
    "open": ("INVITED", mark("Open")),
    "accepted": ("APPROVED", mark("Accepted")),
    "declined": ("REFUSED", mark("Declined")),
    "revoked": ("WITHDRAWN", mark("Revoked")),
    "expired": ("IDLE", mark("Expired")),
}
EVENT_LOOKS = {
    "created": ("sparkles", "muted"), "renamed": ("pencil", "muted"),
    "joined": ("user-plus", "ok"), "left": ("log-out", "muted"), "removed": ("user-round", "warn"),
    "role": ("shield-user", "muted"), "device_added": ("server", "ok"),
    "device_removed": ("server-off", "muted"), "revoked_device": ("shield-off", "danger"),
    "silent": ("radio", "warn"), "offline": ("wifi-off", "muted"), "online": ("wifi", "ok"),
    "invited": ("mail", "violet"), "declined": ("ban", "danger"), "revoked": ("undo-2", "muted"),
    "reopened": ("link", "violet"),
}  # fmt: skip


@dataclass(frozen=True)
class GroupRow:
    """A group in the list."""

    group: Group
    devices: int = 0
    present: tuple[Device, ...] = ()  # those of its devices that the account may see
    read_at: float = field(default=0.0, compare=False)
    projects: int = 0
    open_invitations: int = 0
    role: str = ""
    owner: str = ""

    @property
    def online(self) -> int:
        """Return how many devices are online in this second."""
        return sum(seen_now(device, self.read_at) == "online" for device in self.present)


@dataclass(frozen=True)
class ListFound:
    """What one reading of the list brought."""

    rows: Sequence[GroupRow] = ()
    mine: Sequence[Invitation] = ()
    people: Sequence[Collaborator] = ()


@dataclass(frozen=True)
class GroupFound:
    """What one reading of a group brought."""

    group: Group
    devices: Sequence[Device]
    topology: Topology
    projects: int = 0
    invitations: Sequence[Invitation] = ()
    events: Sequence[GroupEvent] = ()
    own_devices: Sequence[Device] = ()  # of the account, not in the group
    is_calm: bool = False


@dataclass(frozen=True)
class MemberRow:
    """A member with the devices that came with it."""

    member: Member
    letters: str = ""
    slot: int = 0
    silo: str = ""
    devices: int = 0
    is_me: bool = False


@dataclass(frozen=True, eq=False)
class GroupDeviceRow:
    """A device of the group."""

    device: Device
    slot: int = 0
    is_own: bool = False
    read_at: float = 0.0

    def __eq__(self, other: object) -> bool:
        """Compare what is shown; thousands of rows are compared at each reading."""
        return isinstance(other, GroupDeviceRow) and self._shown() == other._shown()

    def __hash__(self) -> int:
        return hash(self.device.edge_id)

    def _shown(self) -> tuple[object, ...]:
        one = self.device
        return (one.edge_id, one.last_seen, one.presence, one.state, one.name, one.silo, self.slot)


def group_rows(
    groups: Sequence[Group],
    devices: Sequence[Device],
    projects: Sequence[Project],
    invitations: Sequence[Invitation],
    me: int,
) -> list[GroupRow]:
    """Return the groups with what is counted of them."""
    by_edge = {device.edge_id: device for device in devices}
    now = time.time()
    rows = []
    for group in groups:
        present = [by_edge[edge] for edge in group.devices if edge in by_edge]
        roles = {member.account_id: member for member in group.members}
        owner = roles.get(group.owner_id)
        rows.append(
            GroupRow(
                group,
                devices=len(group.devices),
                present=tuple(present),
                read_at=now,
                projects=sum(project.group_id == group.id for project in projects),
                open_invitations=sum(
                    one.group_id == group.id and is_open(one, now) for one in invitations
                ),
                role=roles[me].role if me in roles else "",
                owner=owner.name if owner else "",
            )
        )
    return rows


def is_open(one: Invitation, now: float) -> bool:
    """Return whether an invitation can still be used."""
    return one.state == "open" and one.expires_at > now


def member_rows(found: GroupFound, me: int) -> list[MemberRow]:
    """Return the members: the owner first, then as they joined."""
    slots = slots_of(found)
    owned: dict[int, list[Device]] = {}
    for device in found.devices:
        owned.setdefault(device.account_id, []).append(device)
    rows = []
    for member in sorted(found.group.members, key=lambda one: one.role != "owner"):
        own = owned.get(member.account_id, [])
        first = own[0] if own else None
        rows.append(
            MemberRow(
                member,
                letters=first.silo if first else member.name,
                slot=slots.get(first.edge_id, 0) if first else member.account_id,
                silo=first.silo if first else "",
                devices=len(own),
                is_me=member.account_id == me,
            )
        )
    return rows


def slots_of(found: GroupFound) -> dict[int, int]:
    """Return each device's colour as the picture has it."""
    return {node.key: node.slot for node in found.topology.nodes}


def member_sub(row: MemberRow) -> str:
    """Return what stands under a member's name."""
    if not row.silo:
        return row.member.email
    if row.devices == 1:
        return row.silo
    count = trn("{count} device", "{count} devices", row.devices)
    return f"{row.silo} · {count}"


def facts_of(found: GroupFound, read_at: float) -> list[tuple[str, str]]:
    """Return the group's numbers of this second with their names."""
    devices = found.devices
    online = [device for device in devices if seen_now(device, read_at) == "online"]
    trips = [
        one.vitals.round_trip_ms
        for one in online
        if one.vitals and (heard_ago(one, read_at) or 0.0) <= OLD_AFTER_S
    ]
    known = [trip for trip in trips if trip is not None]
    middle = tr("{n} ms", n=f"{statistics.median(known):.0f}") if known else "–"
    now = time.time()
    opened = sum(is_open(one, now) for one in found.invitations)
    return [
        (tr("Sites"), str(len({device.silo for device in devices}))),
        (tr("Devices"), str(len(devices))),
        (tr("Devices online"), tr("{a} of {b}", a=len(online), b=len(devices))),
        (tr("Projects"), str(found.projects)),
        (tr("Open invitations"), str(opened)),
        (tr("Median round trip"), middle),
    ]


def invitation_words(one: Invitation, now: float | None = None) -> tuple[str, str]:
    """Return an invitation's title and the line under it."""
    now = time.time() if now is None else now
    title = one.email or tr("Link for one new site")
    role = tr(ROLES[one.role])
    if one.state == "open":
        left = age(now, one.expires_at)
        return title, tr("{role} · ends in {span}", role=role, span=left)
    made = age(one.created_at, now)
    return title, tr("{role} · {span} ago", role=role, span=made)


def event_words(event: GroupEvent) -> str:
    """Return an event as a sentence."""
    values: Mapping[str, Any] = {
        "who": event.who, "by": event.by or event.who, "device": event.device,
        "silo": event.silo, "detail": event.detail,
    }  # fmt: skip
    sentences = {
        "created": tr("{who} made the group", **values),
        "renamed": tr("{who} renamed the group to {detail}", **values),
        "joined": tr("{who} joined", **values),
        "left": tr("{who} left", **values),
        "removed": tr("{by} removed {who}", **values),
        "role": tr("{who} is {role} now", who=event.who, role=_role(event.detail)),
        "device_added": tr("{device} of {silo} was added", **values),
        "device_removed": tr("{device} of {silo} was removed", **values),
        "revoked_device": tr("{device} of {silo} was revoked", **values),
        "silent": tr("{device} went silent", **values),
        "offline": tr("{device} went offline", **values),
        "online": tr("{device} is back", **values),
        "invited": tr("{who} invited {whom}", who=event.who, whom=_whom(event.detail)),
        "declined": tr("{whom} declined", whom=_whom(event.detail)),
        "revoked": tr("The invitation of {whom} was revoked", whom=_whom(event.detail)),
        "reopened": tr("The invitation of {whom} is open again", whom=_whom(event.detail)),
    }
    return sentences.get(event.kind, event.kind)


def _role(role: str) -> str:
    return tr(ROLES[role]).lower() if role in ROLES else role


def _whom(email: str) -> str:
    return email or tr("a new site")


def name_problem(name: str, groups: Sequence[Group], own: int = 0) -> str:
    """Return what is wrong with a group's name, or an empty text."""
    if not name:
        return tr("Give the group a name.")
    taken = {group.name.lower() for group in groups if group.id != own}
    return tr("You are in a group of this name already.") if name.lower() in taken else ""
