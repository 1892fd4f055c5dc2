"""One group: its picture, people, devices and invitations, live and changed at any time."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from agent_core.protocol.records import Device, Group, Invitation
from agent_core.protocol.records_places import GroupEvent
from app.context import AppContext
from app.i18n import mark, tr
from app.pages.groups.dialogs import AddOwnDialog, InviteDialog, NameDialog
from app.pages.groups.facts import Facts
from app.pages.groups.model import GroupDeviceRow, GroupFound, MemberRow, facts_of
from app.pages.groups.picture import TopologyCard
from app.pages.groups.side import Side
from app.widgets.buttons import Button
from app.widgets.dialogs import confirm
from app.widgets.drawer import Drawered
from app.widgets.empty_state import EmptyState
from app.widgets.layouts import column
from app.widgets.live_page import LivePage, every
from app.widgets.page import PageCommand
from app.widgets.piecemeal import Piecemeal
from app.widgets.seen import OLD_AFTER_S
from app.widgets.theme import theme
from app.widgets.topology_model import topology_of


class GroupPage(LivePage):
    """Open it with `group_id`; `invite=True` asks for an invitation at once."""

    title = mark("Group")
    watched = frozenset({"group", "device", "run", "invitation", "project"})
    follows_heartbeat = True

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.group_id = 0
        self.filling = Piecemeal(self)
        self._wants_invitation = False
        self.links: dict[int, str] = {}  # of invitations made in this window
        self.rename = Button(tr("Rename…"), icon="pencil", on_click=self.ask_name)
        self.leave = Button(tr("Leave…"), "dangerline", on_click=self.ask_leave)
        empty = EmptyState(
            "network",
            tr("You are in no group yet"),
            tr("Make one, or open the invitation link that you were sent."),
            action=tr("Groups"),
            on_action=lambda: context.navigate("groups"),
        )
        self.build(self._content(), empty)

    def _content(self) -> QWidget:
        self.facts = Facts()
        self.picture = TopologyCard(lambda edge: self.context.navigate("devices", edge_id=edge))
        self.side = Side()
        self.side.invite.clicked.connect(self.ask_invitation)
        self.side.new_link.clicked.connect(self.ask_invitation)
        self.side.add_device.clicked.connect(self.ask_device)
        self.side.members.menu_wanted.connect(
            lambda one, at: self._popup(self.member_menu(one), at)
        )
        self.side.devices.menu_wanted.connect(
            lambda one, at: self._popup(self.device_menu(one), at)
        )
        self.side.invitations.menu_wanted.connect(
            lambda one, at: self._popup(self.invitation_menu(one), at)
        )
        left = QWidget()
        left.setLayout(column(self.facts, (self.picture, 1), gap=16))
        title = tr("Members, devices and links")
        self.drawer = Drawered(left, self.side, title, width=self.side.minimumWidth())
        return self.drawer

    @property
    def me(self) -> int:
        """Return the number of the signed-in account."""
        return int((self.context.status().get("account") or {}).get("id") or 0)

    # --- data ---
    def open(self, **arguments: Any) -> None:
        """Show a group."""
        wanted = int(arguments.get("group_id") or self.group_id)
        if wanted != self.group_id:
            self.group_id = wanted
            self.filling.start()
            self.side.link.show_link(None)
            self.forget()
            self.set_heading(tr("Group"), crumbs=[(tr("Groups"), "groups", {})])
        self._wants_invitation = bool(arguments.get("invite"))
        super().open(**arguments)

    def read(self) -> GroupFound | None:
        """Return everything about the group (the largest one where none is named); on a thread."""
        context = self.context
        number = self.group_id or _largest(context)
        if not number:
            return None
        answer = context.client.call("groups.topology", group_id=number)
        topology = topology_of(answer, context.status())
        devices = [Device.model_validate(one) for one in answer["devices"]]
        events = context.client.call("groups.events", group_id=number, limit=60)["items"]
        own = [Device.model_validate(one) for one in every(context, "devices.list")]
        me, inside = self.me, {device.edge_id for device in devices}
        projects = every(context, "projects.list")
        made = every(context, "invitations.list")
        settings = context.client.call("settings.get")
        return GroupFound(
            Group.model_validate(answer["group"]),
            devices,
            topology,
            projects=sum(one["group_id"] == number for one in projects),
            invitations=[
                Invitation.model_validate(one) for one in made if one["group_id"] == number
            ],
            events=[GroupEvent.model_validate(one) for one in events],
            own_devices=[
                one for one in own
                if one.account_id == me and not one.revoked and one.edge_id not in inside
            ],
            is_calm=bool(settings.get("reduce_motion")),
        )  # fmt: skip

    def show_found(self, found: GroupFound | None) -> bool:
        """Show the group; selections and scrolling stay."""
        if found is None:
            return False
        if self.group_id not in {0, found.group.id}:  # another group was asked for meanwhile
            self.found = None
            self.reload()
            return True
        self.group_id = found.group.id
        me = self.me
        is_owner = found.group.owner_id == me
        self.top_actions = [self.drawer.handle, self.rename if is_owner else self.leave]
        self.set_heading(found.group.name, crumbs=[(tr("Groups"), "groups", {})])
        at = time.time()
        # The picture before the lists; all in one go would hold the window up.
        self.filling.start(
            lambda: self.facts.show_facts(facts_of(found, at)),
            lambda: self.picture.show_topology(found.topology, found.is_calm),
            lambda: self.side.show_group(found, me, at),
        )
        if self._wants_invitation and is_owner:
            self._wants_invitation = False
            self.ask_invitation()
        return True

    def tick(self) -> None:
        """Show ages anew, and the numbers of this second; old ones are faint."""
        if isinstance(self.found, GroupFound):
            is_old = time.time() - self.read_at > OLD_AFTER_S
            self.facts.show_facts(facts_of(self.found, self.read_at), is_old=is_old)
        self.picture.tick(self.is_live)
        self.side.tick()

    def commands(self) -> list[PageCommand]:
        """Return what the palette offers here."""
        return [
            PageCommand("group.invite", tr("New invitation link"), "link", self.ask_invitation),
            PageCommand("group.device", tr("Add a device of yours"), "server", self.ask_device),
        ]

    # --- the group itself ---
    def ask_name(self) -> None:
        """Ask for another name."""
        if isinstance(self.found, GroupFound):
            NameDialog(self, self.context, [], lambda _: self.reload(), self.found.group)

    def ask_leave(self) -> None:
        """Leave the group after a question."""
        if not isinstance(self.found, GroupFound):
            return
        number, me = self.group_id, self.me

        def go() -> None:
            self.act(
                "groups.remove_member", lambda _: self.context.navigate("groups"),
                group_id=number, account_id=me,
            )  # fmt: skip

        confirm(
            self,
            tr("Leave {group}?", group=self.found.group.name),
            tr("Your devices leave with you and stop their parts in its runs. Its projects, curves "
               "and models are closed to you at once."),
            tr("Leave"),
            go,
            icon="log-out",
        )  # fmt: skip

    # --- members ---
    def member_menu(self, one: MemberRow) -> QMenu:
        """Return what can be done with a member."""
        menu = self._menu()
        look, email = theme().icon, one.member.email
        menu.addAction(
            look("copy"), tr("Copy e-mail address"),
            lambda: QGuiApplication.clipboard().setText(email),
        )  # fmt: skip
        is_owner = isinstance(self.found, GroupFound) and self.found.group.owner_id == self.me
        if is_owner and one.member.role != "owner":
            other = "operator" if one.member.role == "scientist" else "scientist"
            words = tr("Make scientist") if other == "scientist" else tr("Make operator")
            menu.addAction(look("shield-user"), words, lambda: self.set_role(one, other))
            menu.addSeparator()
            menu.addAction(
                look("user-round", "danger"), tr("Remove"), lambda: self.remove_member(one)
            )
        elif one.is_me and not is_owner:
            menu.addSeparator()
            menu.addAction(look("log-out", "danger"), tr("Leave…"), self.ask_leave)
        return menu

    def set_role(self, one: MemberRow, role: str) -> None:
        """Give a member another role."""
        number = one.member.account_id
        self.act("groups.set_member", group_id=self.group_id, account_id=number, role=role)

    def remove_member(self, one: MemberRow) -> None:
        """Take a member out at once; for ten seconds it can be taken back."""
        if not isinstance(self.found, GroupFound):
            return
        group, number, role = self.group_id, one.member.account_id, one.member.role
        edges = [device.edge_id for device in self.found.devices if device.account_id == number]
        call = self.context.client.call

        def put_back() -> None:
            call("groups.set_member", group_id=group, account_id=number, role=role)
            for edge in edges:
                call("groups.add_device", group_id=group, edge_id=edge)

        def undo() -> None:
            self.context.tasks.run(put_back, lambda _: self.reload(), None, self)

        def removed(_: object) -> None:
            text = tr("It lost its access at once; its devices left with it.")
            self.offer_undo(tr("{name} was removed", name=one.member.name), text, undo)

        self.act("groups.remove_member", removed, group_id=group, account_id=number)

    # --- devices ---
    def ask_device(self) -> None:
        """Ask which own device to add."""
        if isinstance(self.found, GroupFound):
            AddOwnDialog(self, self.found.own_devices, self.add_device)

    def add_device(self, edge_id: int) -> None:
        """Share an own device with the group."""
        self.act("groups.add_device", group_id=self.group_id, edge_id=edge_id)

    def device_menu(self, one: GroupDeviceRow) -> QMenu:
        """Return what can be done with a device of the group."""
        menu = self._menu()
        edge = one.device.edge_id
        menu.addAction(
            theme().icon("server"), tr("Open device"),
            lambda: self.context.navigate("devices", edge_id=edge),
        )  # fmt: skip
        is_owner = isinstance(self.found, GroupFound) and self.found.group.owner_id == self.me
        if is_owner or one.is_own:
            menu.addSeparator()
            menu.addAction(
                theme().icon("server-off", "danger"), tr("Remove from group"),
                lambda: self.remove_device(one),
            )  # fmt: skip
        return menu

    def remove_device(self, one: GroupDeviceRow) -> None:
        """Take a device out at once; for ten seconds it can be taken back."""
        group, edge = self.group_id, one.device.edge_id

        def undo() -> None:
            self.act("groups.add_device", group_id=group, edge_id=edge)

        def removed(_: object) -> None:
            text = tr("New runs cannot use it; a running round keeps it.")
            self.offer_undo(tr("{name} was removed", name=one.device.name), text, undo)

        self.act("groups.remove_device", removed, group_id=group, edge_id=edge)

    # --- invitations ---
    def ask_invitation(self) -> None:
        """Ask for whom a link is, and make it."""
        if isinstance(self.found, GroupFound):
            InviteDialog(self, self.context, self.found.group, self._on_link)

    def _on_link(self, made: Invitation) -> None:
        self.links[made.id] = made.link
        self.side.link.show_link(made)
        self.reload()

    def invitation_menu(self, one: Invitation) -> QMenu:
        """Return what can be done with an invitation."""
        menu = self._menu()
        link = self.links.get(one.id, "")
        copy = menu.addAction(
            theme().icon("copy"), tr("Copy link"),
            lambda: QGuiApplication.clipboard().setText(link),
        )  # fmt: skip
        copy.setEnabled(bool(link))
        if one.state == "open":
            menu.addAction(theme().icon("undo-2", "danger"), tr("Revoke"), lambda: self.revoke(one))
        return menu

    def revoke(self, one: Invitation) -> None:
        """Take an invitation back; for ten seconds it can be opened again."""

        def undo() -> None:
            self.act("invitations.reopen", invitation_id=one.id)

        def revoked(_: object) -> None:
            self.offer_undo(
                tr("The invitation was revoked"), tr("Its link is of no use any more."), undo
            )

        self.act("invitations.revoke", revoked, invitation_id=one.id)

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def _popup(self, menu: QMenu, at: QPoint) -> None:
        menu.popup(at)


def _largest(context: AppContext) -> int:
    groups = every(context, "groups.list")
    return int(max(groups, key=lambda one: len(one["devices"]))["id"]) if groups else 0
