"""The column at a group's right: four lists, each with its heading and its button."""

from __future__ import annotations

import time

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QLineEdit, QWidget

from agent_core.protocol.records import Invitation
from app.i18n import tr
from app.pages.groups.model import GroupDeviceRow, GroupFound, member_rows, slots_of
from app.pages.groups.people import Events, GroupDevices, Invitations, Members
from app.widgets.badges import Tag
from app.widgets.buttons import Button
from app.widgets.cards import Inset
from app.widgets.labels import Icon, Label
from app.widgets.layouts import Part, column, row, rule, scrolled
from app.widgets.theme import theme
from app.widgets.words import age

WIDTH = 364


class LinkBox(Inset):
    """The link that was just made; the hub keeps only its hash, so it is shown this once."""

    def __init__(self) -> None:
        self.field = QLineEdit()
        self.field.setReadOnly(True)
        self.field.setFont(theme().font(400, 12, True))
        self.field.setFixedHeight(32)
        self.field.setAccessibleName(tr("Invitation link"))
        self.copy = Button(icon="copy", tip=tr("Copy link"), on_click=self.copy_link)
        self._foot = Label("", "small", "faint", wrap=True)
        super().__init__(
            Label(tr("New link, for one use"), "small", "muted"),
            row((self.field, 1), self.copy, gap=8),
            self._foot,
        )
        self.shown: Invitation | None = None
        self.hide()

    def show_link(self, made: Invitation | None) -> None:
        """Show a link, or nothing."""
        self.shown = made
        self.setVisible(made is not None)
        if made is not None:
            self.field.setText(made.link)
            self.field.setCursorPosition(0)
            self.tick()

    def copy_link(self) -> None:
        """Put the link into the clipboard."""
        QGuiApplication.clipboard().setText(self.field.text())
        self._foot.setText(tr("Copied. Send it to the site; it is not shown again later."))

    def tick(self) -> None:
        """Show how long it is good."""
        if self.shown is not None and not self._foot.plain():
            left = age(time.time(), self.shown.expires_at)
            self._foot.setText(
                tr("Ends in {span}. Copy it now: it is not shown again later.", span=left)
            )


class Side(QFrame):
    """Members, devices, invitations, events."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self.setFixedWidth(WIDTH)
        self.members, self.devices = Members(), GroupDevices()
        self.invitations, self.events = Invitations(), Events()
        self.link = LinkBox()
        self.count = Tag("0")
        self.invite = Button(tr("Add"), sz="sm", icon="user-plus")
        self.add_device = Button(tr("Add"), sz="sm", icon="plus")
        self.new_link = Button(tr("New link"), sz="sm", icon="link")
        self.no_links = Label(tr("No invitations yet."), "small", "faint")
        self.no_devices = Label(tr("No devices yet. Add one of yours."), "small", "faint")
        self.no_links.hide()  # until a reading says so
        self.no_devices.hide()
        note = tr("Members and devices can change at any time. Running rounds keep their devices; "
                  "those of a removed member stop at once.")  # fmt: skip
        inside = QWidget()
        self._head_links = self._head(tr("Invitations"), self.new_link)
        self._links = [self._head_links, self.invitations, self.no_links]
        parts: list[Part] = [
            self._head(tr("Members"), self.invite, self.count), self.members, rule(),
            self._head(tr("Devices"), self.add_device), self.devices, self.no_devices, rule(),
            self._head_links, self.link, self.invitations, self.no_links, rule(),
            self._head(tr("Recent")), self.events,
            Inset(row(Icon("info", "faint", 16), (Label(note, "small", "muted", wrap=True), 1))),
            None,
        ]  # fmt: skip
        inside.setLayout(column(*parts, gap=8, margins=(8, 12, 8, 12)))
        self.setLayout(column(scrolled(inside), margins=1))

    def _head(self, title: str, button: Button | None = None, tag: Tag | None = None) -> QWidget:
        head = QWidget()
        parts: list[Part] = [Label(title, "section")]
        parts += [tag] if tag else []
        parts.append(None)
        parts += [button] if button else []
        head.setLayout(row(*parts, gap=8, margins=(8, 0, 8, 0)))
        return head

    def show_group(self, found: GroupFound, me: int, read_at: float) -> None:
        """Show a group's people, devices, invitations and events."""
        is_owner = found.group.owner_id == me
        slots = slots_of(found)
        self.members.model_rows.set_rows(member_rows(found, me))
        self.count.set(str(len(found.group.members)))
        self.devices.model_rows.set_rows(
            [GroupDeviceRow(one, slots.get(one.edge_id, 0), one.account_id == me, read_at)
             for one in found.devices]
        )  # fmt: skip
        self.devices.setVisible(bool(found.devices))
        self.no_devices.setVisible(not found.devices)
        self.invitations.show_rows(found.invitations)
        self.events.model_rows.set_rows(list(found.events))
        for button in (self.invite, self.new_link):
            button.setVisible(is_owner)
        self.invitations.setVisible(bool(found.invitations))
        self.no_links.setVisible(not found.invitations)
        known = {one.id: one.state for one in found.invitations}
        shown = self.link.shown
        if shown is not None and known.get(shown.id, "open") != "open":
            self.link.show_link(None)

    def tick(self) -> None:
        """Show ages anew."""
        for rows in (self.devices, self.invitations, self.events):
            rows.model_rows.refresh()
