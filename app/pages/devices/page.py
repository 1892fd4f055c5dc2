"""Every device of the account's groups, live, and the chosen one below."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QButtonGroup, QMenu, QWidget

from agent_core.errors import ForbiddenError, NotFoundError
from agent_core.protocol.records import Device, Group, Run
from agent_core.protocol.vitals import Vitals
from app.context import AppContext
from app.i18n import mark, tr
from app.pages.devices import model
from app.pages.devices.columns import columns
from app.pages.devices.detail import DeviceDetail
from app.pages.devices.dialogs import AddDeviceDialog, NamesDialog, ask_leave
from app.pages.devices.model import DeviceRow, Found, rows_of
from app.widgets.buttons import Button, Chip
from app.widgets.cards import TableCard
from app.widgets.empty_state import EmptyState
from app.widgets.labels import Label
from app.widgets.layouts import column, row
from app.widgets.live_page import LivePage, every
from app.widgets.page import PageCommand
from app.widgets.search_field import SearchField
from app.widgets.tables import RowModel, Table
from app.widgets.theme import theme

DETAIL_HEIGHT = 340
RUNS_ASKED = 50  # one by one, for a reading


class DevicesPage(LivePage):
    """Search and filter; the selection's facts and curves stand under the table."""

    title = mark("Devices")
    watched = frozenset({"device", "group", "run"})
    follows_heartbeat = True

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.all_rows: list[DeviceRow] = []
        self._kinds: list[str] = []
        self._wanted_edge = 0
        add = Button(tr("Add device"), "primary", icon="plus", on_click=self.add_device)
        self.bind = Button(tr("Bind this machine…"), icon="plug", on_click=self.bind_machine)
        self.add = add
        self.top_actions = [add]
        empty = EmptyState(
            "server",
            tr("No devices yet"),
            tr("Machines appear here as soon as they are bound to your account or join a group."),
            action=tr("Bind this machine…"),
            on_action=self.bind_machine,
        )
        self.build(self._content(), empty)

    def _content(self) -> QWidget:
        self.search = SearchField(tr("Filter by name, site, edge id"))
        self.search.textChanged.connect(lambda _: self._show_rows())
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self.search.setFocus)
        self._chips = QButtonGroup(self)
        self.chips: dict[str, Chip] = {}
        for key, text in model.FILTERS:
            chip = Chip(tr(text), on=key == "all")
            self._chips.addButton(chip)
            self.chips[key] = chip
        self._chips.buttonClicked.connect(lambda _: self._show_rows())
        self.rows: RowModel[DeviceRow] = RowModel(columns(), lambda r: r.device.edge_id)
        self.table = Table(self.rows, row_height=54)
        self.table.setAccessibleName(tr("Devices"))
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._menu_at)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_detail())
        self.table.opened.connect(lambda _: self.open_run())
        self._none = Label(tr("No device fits the search and the filter."), "small", "faint")
        card = TableCard()
        card.add((self.table, 1), self._none)
        self.detail = DeviceDetail(
            self.rename, self.leave, self.open_run, lambda: self.context.navigate("doctor")
        )
        self.detail.setFixedHeight(DETAIL_HEIGHT)
        self.live = Label(tr("live"), "small", "ok")
        tools = row(self.search, *self.chips.values(), None, self.live, gap=8)
        whole = QWidget()
        whole.setLayout(column(tools, (card, 1), self.detail, gap=16))
        return whole

    # --- data ---
    def open(self, **arguments: Any) -> None:
        """Show the list; `edge_id` names the device to choose."""
        self._wanted_edge = int(arguments.get("edge_id") or 0)
        if self._wanted_edge:
            self.search.clear()
            self.chips["all"].setChecked(True)
            self._choose_wanted()
        super().open(**arguments)

    def read(self) -> list[DeviceRow]:
        """Return devices, groups and the runs that are at work; on a thread."""
        devices = [Device.model_validate(one) for one in every(self.context, "devices.list")]
        groups = [Group.model_validate(one) for one in every(self.context, "groups.list")]
        wanted = {run for device in devices for run in device.running}
        runs = _runs(self.context, wanted)
        return rows_of(Found(devices, groups, runs, time.time()), self.context.status())

    def show_found(self, found: list[DeviceRow]) -> bool:
        """Show the rows; selection and scroll stay."""
        status = self.context.status()
        self.all_rows = found
        is_unbound = bool(status.get("account")) and not status.get("device")
        self.top_actions = [self.bind, self.add] if is_unbound else [self.add]
        self._show_rows()
        self.set_heading(self.title, model.heading(self.all_rows))
        if self._wanted_edge:
            self._choose_wanted()
        elif self.table.current() is None and self.rows.rows:
            self.table.selectRow(0)
        self._show_detail()
        return bool(self.all_rows)

    def _choose_wanted(self) -> None:
        at = self.rows.find(self._wanted_edge)
        if at >= 0:
            self.table.selectRow(at)
            self.table.scrollTo(self.rows.index(at, 0))
            self._wanted_edge = 0

    def _show_rows(self) -> None:
        self._kinds = [one.kind for one in self.all_rows]
        counts = model.counts_of(self.all_rows)
        for key, chip in self.chips.items():
            chip.set_count(counts[key])
            chip.setVisible(key == "all" or bool(counts[key]) or chip.isChecked())
        wanted = next((key for key, chip in self.chips.items() if chip.isChecked()), "all")
        rows = model.shown(self.all_rows, wanted, self.search.text())
        self.rows.set_rows(rows)
        self._none.setVisible(not rows)

    def tick(self) -> None:
        """Show ages; a device falls silent in the second in which its heartbeat is missed."""
        kinds = [one.kind for one in self.all_rows]
        if kinds != self._kinds:
            self._show_rows()
        self.rows.refresh()
        self.detail.tick()
        self.live.setText(tr("live") if self.is_live else tr("not live"))
        self.live.set_token("ok" if self.is_live else "warn")

    def _show_detail(self) -> None:
        chosen: DeviceRow | None = self.table.current()
        self.detail.setVisible(chosen is not None)
        if chosen is None:
            return
        self.detail.show_device(chosen)
        edge = chosen.device.edge_id

        def show(page: dict[str, Any]) -> None:
            found = [Vitals.model_validate(one) for one in page["items"]]
            self.detail.show_samples(edge, found)

        quiet = lambda _: None  # noqa: E731 - the list itself says when the hub is away
        self.context.tasks.call("devices.vitals", show, quiet, self, edge_id=edge)

    def commands(self) -> list[PageCommand]:
        """Return what the palette offers here."""
        return [
            PageCommand("devices.add", tr("Add device"), "plus", self.add_device),
            PageCommand("devices.rename", tr("Rename the chosen device…"), "pencil", self.rename),
        ]

    # --- acting ---
    def add_device(self) -> None:
        """Say how a device is added."""
        hub = str(self.context.status().get("hub_url") or "")
        AddDeviceDialog(self, lambda: self.context.navigate("groups"), hub)

    def bind_machine(self) -> None:
        """Ask for this machine's names and bind it."""
        NamesDialog(self, self.context, self.reload)

    def rename(self) -> None:
        """Ask for other names of the chosen device."""
        chosen: DeviceRow | None = self.table.current()
        if chosen is not None and chosen.is_own:
            NamesDialog(self, self.context, self.reload, chosen)

    def leave(self) -> None:
        """Unbind this machine, or revoke another one, after a question."""
        chosen: DeviceRow | None = self.table.current()
        if chosen is None:
            return
        one = chosen

        def go() -> None:
            if one.is_me:
                self.act("device.unbind")
            else:
                self.act("devices.revoke", edge_id=one.device.edge_id)

        ask_leave(self, one, go)

    def open_run(self) -> None:
        """Show what the chosen device works on."""
        chosen: DeviceRow | None = self.table.current()
        if chosen is not None and chosen.runs:
            self.context.navigate("run", run_id=chosen.runs[0].id)

    def _menu_at(self, place: QPoint) -> None:
        index = self.table.indexAt(place)
        if not index.isValid():
            index = self.table.currentIndex()
            place = self.table.visualRect(index).bottomLeft()
        if index.isValid():
            self.table.setCurrentIndex(index)
            self.menu_for(self.table.current()).popup(self.table.viewport().mapToGlobal(place))

    def menu_for(self, one: DeviceRow) -> QMenu:
        """Return what can be done with a device."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        look, edge = theme().icon, str(one.device.edge_id)
        clipboard = QGuiApplication.clipboard()
        if one.runs:
            menu.addAction(look("activity"), tr("Open run"), self.open_run)
        menu.addAction(look("copy"), tr("Copy edge id"), lambda: clipboard.setText(edge))
        menu.addAction(
            look("fingerprint"), tr("Copy key"), lambda: clipboard.setText(one.device.public_key)
        )
        if one.is_own and not one.device.revoked:
            menu.addAction(look("pencil"), tr("Rename…"), self.rename)
        if (one.is_own or one.may_revoke) and not one.device.revoked:
            menu.addSeparator()
            words = tr("Unbind…") if one.is_me else tr("Revoke…")
            menu.addAction(look("unplug", "danger"), words, self.leave)
        return menu


def _runs(context: AppContext, wanted: set[int]) -> dict[int, Run]:
    """Return the runs of these numbers that the account may see."""
    if not wanted:
        return {}
    newest = context.client.call("runs.list")["items"]
    found = {one["id"]: Run.model_validate(one) for one in newest if one["id"] in wanted}
    for number in sorted(wanted - found.keys(), reverse=True)[:RUNS_ASKED]:
        try:  # older than the newest hundred, put away, or of another group
            one = context.client.call("runs.get", run_id=number)
        except (NotFoundError, ForbiddenError):
            continue
        found[number] = Run.model_validate(one)
    return found
