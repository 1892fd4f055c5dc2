"""The hub's accounts: role, state, and what an administrator does with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu

from app.i18n import tr
from app.widgets.buttons import Button
from app.widgets.cards import TableCard
from app.widgets.cells import Cell
from app.widgets.tables import Column, RowModel, Table
from app.widgets.words import age


def _state(one: dict[str, Any]) -> Cell:
    if one["is_disabled"]:
        return Cell(tr("Disabled"), "state", state="OFFLINE")
    if one["is_admin"]:
        return Cell(tr("Administrator"), "state", state="OWNER")
    return Cell(tr("Member"), "state", state="PASS")


def _groups(one: dict[str, Any]) -> Cell:
    return Cell(", ".join(one["groups"]) or "–", tok="muted")


def _devices(one: dict[str, Any]) -> Cell:
    return Cell(str(one["devices"]), right=True)


class PeopleCard(TableCard):
    """A table of accounts with actions for the selected one."""

    changed = Signal(dict, str)  # the account, and admin | no_admin | disable | enable | reset

    def __init__(self) -> None:
        self.more = Button(tr("Actions"), sz="sm", icon="ellipsis", on_click=self._menu_here)
        super().__init__(tr("People"), icon="users", actions=[self.more])
        self.own_id = 0
        columns: list[Column[dict[str, Any]]] = [
            Column(tr("Name"), lambda one: Cell(one["name"], sub=one["email"], weight=500),
                   sort=lambda one: one["name"]),
            Column(tr("State"), _state, 150),
            Column(tr("Groups"), _groups, 170),
            Column(tr("Devices"), _devices, 90, right=True),
            Column(tr("Last seen"), lambda one: Cell(_seen(one), tok="muted"), 120),
        ]  # fmt: skip
        self.model: RowModel[dict[str, Any]] = RowModel(columns, lambda one: one["id"])
        self.table = Table(self.model, row_height=50, fits=True)
        self.table.setAccessibleName(tr("Accounts of this hub"))
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._menu_at)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._follow())
        self.add(self.table)
        self._follow()

    def show_people(self, people: list[dict[str, Any]], own_id: int) -> None:
        """Show the accounts; a person's own one cannot be changed."""
        self.own_id = own_id
        self.model.set_rows(people)
        self._follow()

    def choices(self) -> list[tuple[str, str]]:
        """Return what may be done with the selected account as (key, words)."""
        one = self.table.current()
        if one is None or one["id"] == self.own_id:
            return []
        found = [("reset", tr("Make a link for a new password..."))]
        if one["is_admin"]:
            found.append(("no_admin", tr("Take the administrator's role...")))
        else:
            found.append(("admin", tr("Make administrator...")))
        if one["is_disabled"]:
            found.append(("enable", tr("Enable again")))
        else:
            found.append(("disable", tr("Disable...")))
        return found

    def _follow(self) -> None:
        self.more.setEnabled(bool(self.choices()))

    def _menu_here(self) -> None:
        self._menu().popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _menu_at(self, place: QPoint) -> None:
        if self.choices():
            self._menu().popup(self.table.viewport().mapToGlobal(place))

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        one = self.table.current()
        for key, words in self.choices():
            menu.addAction(words).triggered.connect(self._telling(one, key))
        return menu

    def _telling(self, one: dict[str, Any], key: str) -> Callable[[], None]:
        return lambda: self.changed.emit(one, key)


def _seen(one: dict[str, Any]) -> str:
    if one["seen_at"] is None:
        return tr("never")
    return tr("{age} ago", age=age(float(one["seen_at"])))
