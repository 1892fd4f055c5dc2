"""What REST answers about people and groups beyond the plain records: collaborators, events."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent_core.protocol.records import Member, Record

GroupEventKind = Literal[
    "created", "renamed", "joined", "left", "removed", "role", "device_added", "device_removed",
    "revoked_device", "silent", "offline", "online", "invited", "declined", "revoked", "reopened",
]  # fmt: skip


class SharedGroup(Record):
    """A group that two people are both in, and the other one's role there."""

    id: int
    name: str
    role: Literal["owner", "scientist", "operator"]


class Collaborator(Member):
    """Someone in the account's groups, with the groups both are in."""

    groups: list[SharedGroup] = Field(default_factory=list)
    devices: int = 0  # shared with these groups


class GroupEvent(Record):
    """Something that happened in a group; the window makes a sentence of it."""

    id: int
    group_id: int
    at: float
    kind: GroupEventKind
    who: str = ""  # the person concerned
    by: str = ""  # who did it, where that is another person
    device: str = ""
    silo: str = ""
    edge_id: int | None = None
    detail: str = ""  # the role, the new name, the invitation's address
