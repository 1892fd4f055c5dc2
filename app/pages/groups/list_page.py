"""The account's groups, the invitations it got, and everyone it works with."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QStackedWidget, QWidget

from agent_core.protocol.records import Device, Group, Invitation, Project
from agent_core.protocol.records_places import Collaborator
from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import mark, tr, trn
from app.pages.groups.dialogs import NameDialog
from app.pages.groups.model import ROLES, GroupRow, ListFound, group_rows
from app.pages.groups.offers import Offers
from app.widgets.badges import site_letters
from app.widgets.buttons import Button
from app.widgets.cards import TableCard
from app.widgets.cells import Cell
from app.widgets.empty_state import EmptyState
from app.widgets.labels import Label
from app.widgets.layouts import column, row
from app.widgets.live_page import LivePage, every
from app.widgets.page import PageCommand
from app.widgets.search_field import SearchField
from app.widgets.seen import OLD_AFTER_S
from app.widgets.switches import Segmented
from app.widgets.tables import Column, RowModel, Table
from app.widgets.theme import theme


class GroupsPage(LivePage):
    """Groups and people; double click or Enter opens a group."""

    title = mark("Groups")
    watched = frozenset({"group", "device", "invitation", "project"})
    follows_heartbeat = True

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.top_actions = [
            Button(tr("New group"), "primary", icon="plus", on_click=self.new_group)
        ]
        self._shown = ListFound()
        empty = EmptyState(
            "network",
            tr("No groups yet"),
            tr("A group gathers the sites that train together. Make one, or open the invitation "
               "link that you were sent."),
            action=tr("New group"),
            on_action=self.new_group,
        )  # fmt: skip
        self.build(self._content(), empty)

    def _content(self) -> QWidget:
        self.search = SearchField(tr("Filter groups and people"))
        self.search.textChanged.connect(lambda _: self._show_rows())
        self.side = Segmented([("groups", tr("Groups")), ("people", tr("Collaborators"))])
        self.side.chosen.connect(self._switch)
        self.rows: RowModel[GroupRow] = RowModel(_group_columns(), lambda r: r.group.id)
        self.table = Table(self.rows, row_height=54)
        self.table.setAccessibleName(tr("Groups"))
        self.table.opened.connect(self._open_group)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._menu_at)
        self.people: RowModel[Collaborator] = RowModel(_people_columns(), lambda r: r.account_id)
        self.people_table = Table(self.people, row_height=54)
        self.people_table.setAccessibleName(tr("Collaborators"))
        self.offers = Offers(self._accept, self._decline)
        self._foot = Label("", "small", "faint")
        self.sheets = QStackedWidget()
        for table in (self.table, self.people_table):
            card = TableCard()
            card.add((table, 1))
            self.sheets.addWidget(card)
        tools = row(self.search, None, self.side)
        whole = QWidget()
        whole.setLayout(column(self.offers, tools, (self.sheets, 1), self._foot, gap=14))
        return whole

    def _switch(self, key: str) -> None:
        self.sheets.setCurrentIndex(0 if key == "groups" else 1)
        self._show_rows()

    # --- data ---
    def read(self) -> ListFound:
        """Return groups with their counts, offers and people; on a thread."""
        context = self.context
        me = int((context.status().get("account") or {}).get("id") or 0)
        rows = group_rows(
            [Group.model_validate(one) for one in every(context, "groups.list")],
            [Device.model_validate(one) for one in every(context, "devices.list")],
            [Project.model_validate(one) for one in every(context, "projects.list")],
            [Invitation.model_validate(one) for one in every(context, "invitations.list")],
            me,
        )
        mine = [Invitation.model_validate(one) for one in every(context, "invitations.mine")]
        people = [Collaborator.model_validate(one) for one in every(context, "collaborators.list")]
        return ListFound(rows, mine, [one for one in people if one.account_id != me])

    def show_found(self, found: ListFound) -> bool:
        """Show the lists; selection and scroll stay."""
        self._shown = found
        self.offers.show_offers(found.mine)
        self._show_rows()
        return bool(found.rows or found.mine)

    def _show_rows(self) -> None:
        words = self.search.text().lower().split()
        rows = [
            one for one in self._shown.rows
            if all(word in f"{one.group.name} {one.owner}".lower() for word in words)
        ]  # fmt: skip
        people = [
            one for one in self._shown.people
            if all(word in f"{one.name} {one.email} {_places(one)}".lower() for word in words)
        ]  # fmt: skip
        self.rows.set_rows(rows)
        self.people.set_rows(people)
        if self.side.current() == "groups":
            self._foot.setText(trn("{count} group", "{count} groups", len(rows)))
        else:
            self._foot.setText(trn("{count} collaborator", "{count} collaborators", len(people)))

    def tick(self) -> None:
        """Show ages anew, and who is online in this second."""
        self.rows.refresh()
        self.offers.tick()

    def commands(self) -> list[PageCommand]:
        """Return what the palette offers here."""
        return [PageCommand("groups.new", tr("New group"), "plus", self.new_group)]

    # --- acting ---
    def new_group(self) -> None:
        """Ask for the name of a new group."""
        groups = [one.group for one in self._shown.rows]
        NameDialog(self, self.context, groups, lambda made: self._go(made.id))

    def _go(self, group_id: int) -> None:
        self.context.navigate("group", group_id=group_id)

    def _open_group(self, one: GroupRow) -> None:
        self._go(one.group.id)

    def _accept(self, offer: Invitation, with_device: bool) -> None:
        edge = int((self.context.status().get("device") or {}).get("edge_id") or 0)
        call = self.context.client.call

        def join() -> dict[str, Any]:
            group: dict[str, Any] = call("invitations.accept_mine", invitation_id=offer.id)
            if with_device and edge:
                call("groups.add_device", group_id=group["id"], edge_id=edge)
            return group

        def joined(group: dict[str, Any]) -> None:
            self.context.notify(tr("You are a member of {group}", group=group["name"]), kind="ok")
            self._go(int(group["id"]))

        def failed(error: Exception) -> None:
            self.reload()  # accepted or not, the list says
            title, text = sentence_of(error)
            self.context.notify(title, text, kind="danger")

        self.context.tasks.run(join, joined, failed, self)

    def _decline(self, offer: Invitation) -> None:
        self.act("invitations.decline_mine", invitation_id=offer.id)

    def _menu_at(self, place: QPoint) -> None:
        one: GroupRow | None = self.table.current()
        if one is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(theme().icon("network"), tr("Open"), lambda: self._open_group(one))
        number = str(one.group.id)
        menu.addAction(
            theme().icon("copy"), tr("Copy number"),
            lambda: QGuiApplication.clipboard().setText(number),
        )  # fmt: skip
        menu.popup(self.table.viewport().mapToGlobal(place))


def _group_columns() -> list[Column[GroupRow]]:
    return [
        Column(tr("Group"), _group_cell, 0, sort=lambda r: r.group.name.lower()),
        Column(tr("Your role"), lambda r: Cell(
            kind="tags", items=((tr(ROLES[r.role]), "gray"),) if r.role else ()), 130),
        Column(tr("Members"), lambda r: _count(len(r.group.members)), 100, right=True,
               sort=lambda r: len(r.group.members)),
        Column(tr("Devices online"), _online_cell, 150, sort=lambda r: -r.online),
        Column(tr("Projects"), lambda r: _count(r.projects), 100, right=True,
               sort=lambda r: r.projects),
        Column(tr("Open invitations"), lambda r: _count(r.open_invitations), 150, right=True,
               sort=lambda r: r.open_invitations),
    ]  # fmt: skip


def _group_cell(one: GroupRow) -> Cell:
    sub = tr("owned by {name}", name=one.owner) if one.owner else ""
    return Cell(one.group.name, kind="icon", icon="network", sub=sub, weight=600)


def _online_cell(one: GroupRow) -> Cell:
    if not one.devices:
        return Cell(tr("no devices"), tok="faint")
    online = one.online
    text = tr("{a} of {b}", a=online, b=one.devices)
    is_old = time.time() - one.read_at > OLD_AFTER_S
    return Cell(text, kind="bar", share=online / one.devices, tok="gray" if is_old else "ok")


def _count(number: int) -> Cell:
    return Cell(f"{number:,}", right=True, tok="text" if number else "faint")


def _people_columns() -> list[Column[Collaborator]]:
    return [
        Column(tr("Person"), lambda r: Cell(
            r.name, kind="site", sub=r.email, weight=500, letters=site_letters(r.name),
            slot=r.account_id), 0, sort=lambda r: r.name.lower()),
        Column(tr("Shared groups"), lambda r: Cell(
            _places(r), tok="muted", sub=trn("{count} group", "{count} groups", len(r.groups))),
            420),
        Column(tr("Devices"), lambda r: _count(r.devices), 100, right=True,
               sort=lambda r: r.devices),
    ]  # fmt: skip


def _places(one: Collaborator) -> str:
    return ", ".join(f"{place.name} ({tr(ROLES[place.role])})" for place in one.groups)
