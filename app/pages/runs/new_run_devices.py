"""The devices of a group as a list to tick."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from agent_core.protocol.records import Group
from app.i18n import tr
from app.pages.runs.new_run_model import Draft
from app.pages.runs.new_run_rows import DeviceRow
from app.widgets.badges import site_letters
from app.widgets.buttons import Button
from app.widgets.cards import TableCard
from app.widgets.cells import Cell
from app.widgets.labels import Label
from app.widgets.layouts import column, row
from app.widgets.search_field import SearchField
from app.widgets.seen import badge_of
from app.widgets.tables import Column, RowModel, Table


class DevicePicker(QWidget):
    """Tick by mouse or Space; each device says whether it is ready."""

    changed = Signal()

    def __init__(self, group: Group) -> None:
        super().__init__()
        self._group = group
        self.draft = Draft([])
        self._count = Label("", "small", "faint")
        online = Button(tr("Choose all online"), "link", on_click=self._choose_online)
        self.search = SearchField(tr("Filter devices"), width=190)
        self.search.textChanged.connect(lambda _: self._show_rows())
        columns: list[Column[DeviceRow]] = [
            Column("", _check_cell, 40),
            Column(tr("Site"), self._site_cell, 0),
            Column(tr("State"), lambda r: Cell(kind="state", state=_state(r)), 118),
            Column(tr("Ready?"), _ready_cell, 152),
            Column(tr("Rows"), _rows_cell, 64, right=True),
        ]
        self.rows: RowModel[DeviceRow] = RowModel(columns, lambda r: r.device.edge_id)
        self.table = Table(self.rows, row_height=48)
        self.table.setAccessibleName(tr("Devices that train"))
        self.table.clicked_cell.connect(self._on_cell)
        self.table.installEventFilter(self)
        card = TableCard()
        card.add((self.table, 1))
        head = row(
            Label(tr("Devices"), "small_medium"), self._count, None, self.search, online, gap=8
        )
        self.setLayout(column(head, (card, 1), 4, gap=8))

    def set_group(self, group: Group) -> None:
        """Show the sites in the colours that a group gives them."""
        self._group = group

    def refresh(self) -> None:
        """Show the draft's devices."""
        draft = self.draft
        self._show_rows()
        trainers = len(draft.devices) - (1 if draft.server is not None else 0)
        known = [one.rows for one in draft.rows() if one.is_chosen and one.rows is not None]
        chosen = len(draft.chosen)
        if known:
            words = tr("{count} of {trainers} chosen, {rows} rows",
                       count=chosen, trainers=trainers, rows=f"{sum(known):,}")  # fmt: skip
        else:
            words = tr("{count} of {trainers} chosen", count=chosen, trainers=trainers)
        self._count.setText(words)
        silent = chosen - len(known)
        self._count.setToolTip(
            tr("{silent} of the chosen devices do not tell how many rows they have.", silent=silent)
            if known and silent
            else ""
        )

    def _show_rows(self) -> None:
        """Show what fits the search; what is hidden stays chosen."""
        words = self.search.text().lower().split()
        self.rows.set_rows([one for one in self.draft.rows() if _fits(one, words)])

    def tick(self) -> None:
        """Show ages and presence of this second."""
        self.rows.refresh()

    def toggle(self, one: DeviceRow) -> None:
        """Tick a device, or take its tick away."""
        self.draft.toggle(one.device.edge_id)
        self.changed.emit()

    def _choose_online(self) -> None:
        self.draft.choose_online()
        self.changed.emit()

    def _on_cell(self, one: DeviceRow, place: int) -> None:
        if place == 0:
            self.toggle(one)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            watched is self.table
            and event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Space
        ):
            chosen = self.table.current()
            if chosen is not None:
                self.toggle(chosen)
            return True
        return super().eventFilter(watched, event)

    def _site_cell(self, one: DeviceRow) -> Cell:
        device = one.device
        edges = self._group.devices
        slot = edges.index(device.edge_id) if device.edge_id in edges else 0
        name = device.silo or device.name
        return Cell(name, kind="site", sub=device.name, letters=site_letters(name), slot=slot)


def _check_cell(one: DeviceRow) -> Cell:
    return Cell() if one.is_server else Cell(kind="check", checked=one.is_chosen)


def _fits(one: DeviceRow, words: list[str]) -> bool:
    device = one.device
    text = f"{device.edge_id} {device.name} {device.silo}".lower()
    return all(word in text for word in words)


def _state(one: DeviceRow) -> str:
    state, _ = badge_of(one.device, one.read_at)
    return state


def _ready_cell(one: DeviceRow) -> Cell:
    icon, words, token = one.readiness
    return Cell(words, kind="icon", icon=icon, tok=token)


def _rows_cell(one: DeviceRow) -> Cell:
    if one.is_server:
        return Cell("", right=True)
    if one.rows is None:
        tip = tr("Its operator shows no data with a number of rows to this group.")
        return Cell("–", tok="faint", right=True, tip=tip)
    return Cell(f"{one.rows:,}", right=True)
