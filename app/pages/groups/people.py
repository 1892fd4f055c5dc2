"""The lists beside a group's picture: members, devices, invitations, what happened."""

from __future__ import annotations

import time
from collections.abc import Sequence

from agent_core.protocol.records import Invitation
from agent_core.protocol.records_places import GroupEvent
from app.i18n import tr
from app.pages.groups.model import (
    EVENT_LOOKS,
    INVITATION_STATES,
    ROLES,
    GroupDeviceRow,
    MemberRow,
    event_words,
    invitation_words,
    member_sub,
)
from app.widgets.badges import site_letters
from app.widgets.cells import Cell
from app.widgets.seen import badge_of
from app.widgets.side_list import SideList
from app.widgets.tables import Column, RowModel
from app.widgets.words import age

_DOTS = Cell(kind="icon", icon="ellipsis-vertical", tok="muted")


def _member(row: MemberRow) -> Cell:
    name = row.member.name
    return Cell(name, kind="site", sub=member_sub(row), weight=500,
                letters=site_letters(row.letters), slot=row.slot)  # fmt: skip


def _role(row: MemberRow) -> Cell:
    words = tr("You") if row.is_me and row.member.role != "owner" else tr(ROLES[row.member.role])
    return Cell(kind="tags", items=((words, "gray"),))


class Members(SideList):
    """Everyone in the group."""

    def __init__(self) -> None:
        self.model_rows: RowModel[MemberRow] = RowModel(
            [Column("", _member), Column("", _role, 96), Column("", lambda _: _DOTS, 38)],
            lambda row: row.member.account_id,
        )
        super().__init__(self.model_rows, tr("Members"))


def _device(row: GroupDeviceRow) -> Cell:
    one = row.device
    return Cell(one.name, kind="site", sub=one.silo, weight=500, letters=site_letters(one.silo),
                slot=row.slot)  # fmt: skip


def _device_state(row: GroupDeviceRow) -> Cell:
    state, word = badge_of(row.device, row.read_at)
    return Cell(word, kind="state", state=state)


class GroupDevices(SideList):
    """The group's devices."""

    def __init__(self) -> None:
        self.model_rows: RowModel[GroupDeviceRow] = RowModel(
            [Column("", _device), Column("", _device_state, 130), Column("", lambda _: _DOTS, 38)],
            lambda row: row.device.edge_id,
        )
        super().__init__(self.model_rows, tr("Devices"))


def _invitation(one: Invitation) -> Cell:
    title, sub = invitation_words(one)
    icon = "mail" if one.email else "link"
    return Cell(title, kind="icon", icon=icon, tok="violet", sub=sub, weight=500)


def _invitation_state(one: Invitation) -> Cell:
    is_late = one.state == "open" and one.expires_at < time.time()
    state, word = INVITATION_STATES["expired" if is_late else one.state]
    return Cell(tr(word), kind="state", state=state)


class Invitations(SideList):
    """Links and addresses, open ones first."""

    def __init__(self) -> None:
        self.model_rows: RowModel[Invitation] = RowModel(
            [Column("", _invitation), Column("", _invitation_state, 126),
             Column("", lambda _: _DOTS, 38)],
            lambda one: one.id,
        )  # fmt: skip
        super().__init__(self.model_rows, tr("Invitations"))

    def show_rows(self, found: Sequence[Invitation]) -> None:
        """Show invitations: open ones first, then the newest."""
        self.model_rows.set_rows(sorted(found, key=lambda one: (one.state != "open", -one.id)))


def _event(one: GroupEvent) -> Cell:
    icon, tok = EVENT_LOOKS.get(one.kind, ("circle-dot", "muted"))
    return Cell(event_words(one), kind="icon", icon=icon, tok=tok, px=12)


class Events(SideList):
    """What happened in the group, the newest first."""

    def __init__(self) -> None:
        self.model_rows: RowModel[GroupEvent] = RowModel(
            [Column("", _event),
             Column("", lambda one: Cell(age(one.at), tok="faint", right=True, px=12), 76)],
            lambda one: one.id,
        )  # fmt: skip
        super().__init__(self.model_rows, tr("Recent"), row_height=28)
