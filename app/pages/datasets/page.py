"""Datasets: what jobs on this machine may be given, and who may know of it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QSplitter, QWidget

from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import mark, tr
from app.pages.datasets import model
from app.pages.datasets.detail import DatasetDetail
from app.pages.datasets.edit_dialog import DatasetDialog
from app.widgets.bars import Skeleton
from app.widgets.buttons import Button
from app.widgets.cards import TableCard
from app.widgets.cells import Cell
from app.widgets.empty_state import EmptyState
from app.widgets.labels import Label
from app.widgets.layouts import column, row
from app.widgets.page import Page
from app.widgets.page_stack import PageStack
from app.widgets.search_field import SearchField
from app.widgets.tables import Column, RowModel, Table

SKELETON_MS = 300
UNDO_S = 10.0
Dataset = dict[str, Any]


class DatasetsPage(Page):
    """The registered datasets, with the chosen one below."""

    title = mark("Datasets")
    subtitle = mark("nothing of their content leaves this machine")

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.groups: dict[int, str] = {}
        self._all: list[Dataset] = []
        self._busy = self._again = self._is_read = False
        self.add = Button(tr("Add dataset..."), "primary", icon="plus", on_click=self.add_dataset)
        self.top_actions = [self.add]
        self.search = SearchField(tr("Filter datasets"))
        self.search.textChanged.connect(lambda _: self._show())
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self.search.setFocus)
        self.count = Label("", "small", "faint")
        self.rows: RowModel[Dataset] = RowModel(self._columns(), lambda one: one["id"])
        self.table = Table(self.rows, row_height=54)
        self.table.setAccessibleName(tr("Datasets"))
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._menu)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_detail())
        self.table.opened.connect(lambda _: self._act("edit"))
        self.detail = DatasetDetail(context)
        self.detail.acted.connect(self._act)
        self._build()
        self._connect()

    def _columns(self) -> list[Column[Dataset]]:
        return [
            Column(tr("Dataset"), model.name_cell, sort=lambda one: one["name"].lower()),
            Column(tr("Content"), model.content_cell, 190),
            Column(tr("Version"), model.version_cell, 150),
            Column(tr("Groups"), lambda one: Cell(model.groups_words(one, self.groups)), 160),
            Column(tr("Group is told"), model.shown_cell, 140),
            Column(tr("State"), model.state_cell, 150),
        ]

    def _build(self) -> None:
        card = TableCard()
        card.add((self.table, 1))
        top = QWidget()
        top.setLayout(column(row(self.search, None, self.count), (card, 1), gap=12))
        whole = QSplitter(Qt.Orientation.Vertical)
        whole.setChildrenCollapsible(False)
        whole.setHandleWidth(12)
        whole.setObjectName("quiet")
        whole.addWidget(top)
        whole.addWidget(self.detail)
        whole.setStretchFactor(0, 2)
        whole.setStretchFactor(1, 3)
        skeleton = QWidget()
        skeleton.setLayout(column(Skeleton(6), None))
        self.error = EmptyState("circle-alert", "", action=tr("Try again"),
                                on_action=self.reload, tok="danger")  # fmt: skip
        self.empty = EmptyState(
            "database", tr("No dataset yet"),
            tr("Register a folder or a file. Jobs that you approve see it read-only, and nothing "
               "else of this machine."),
            action=tr("Add dataset..."), on_action=self.add_dataset,
        )  # fmt: skip
        self._places = {"blank": QWidget(), "skeleton": skeleton, "error": self.error,
                        "empty": self.empty, "list": whole}  # fmt: skip
        self.states = PageStack()
        for widget in self._places.values():
            self.states.addWidget(widget)
        self.setLayout(column(self.states, margins=(24, 20, 24, 20)))
        self._patience = QTimer(self, singleShot=True, interval=SKELETON_MS)
        self._patience.timeout.connect(self._show_skeleton)

    def _connect(self) -> None:
        events = self.context.events
        events.changed.connect(lambda what, *_: self.reload() if what == "dataset" else None)
        events.connected.connect(lambda on: self.reload() if on else None)
        events.progress.connect(self.detail.show_progress)

    # --- data ---
    def open(self, **arguments: Any) -> None:
        """Read the datasets; events keep them current."""
        if not self._is_read:
            self._patience.start()
        self.reload()
        self.context.tasks.call("groups.list", self._take_groups, lambda _: None, self)

    def reload(self) -> None:
        """Read the list; asking again meanwhile reads once more afterwards."""
        if self._busy:
            self._again = True
            return
        self._busy, self._again = True, False
        self.context.tasks.call("datasets.list", self._take, self._failed, self)

    def _take(self, found: list[Dataset]) -> None:
        self._busy, self._is_read = False, True
        self._patience.stop()
        self._all = found
        self.states.setCurrentWidget(self._places["list" if found else "empty"])
        self._show()
        if self._again:
            self.reload()

    def _take_groups(self, found: dict[str, Any]) -> None:
        self.groups = {int(group["id"]): str(group["name"]) for group in found["items"]}
        self.rows.refresh()

    def _failed(self, error: Exception) -> None:
        self._busy = False
        self._patience.stop()
        if self._is_read:
            return  # what is shown stays; the foot of the rail tells that the agent is away
        sentence, rest = sentence_of(error)
        self.error.set("circle-alert", sentence, rest, "danger")
        self.states.setCurrentWidget(self.error)

    def _show_skeleton(self) -> None:
        if not self._is_read:
            self.states.setCurrentWidget(self._places["skeleton"])

    # --- showing ---
    def _show(self) -> None:
        text = self.search.text()
        shown = [one for one in self._all if model.matches(one, text)]
        self.rows.set_rows(shown)
        self.count.setText(tr("{shown} of {all}", shown=len(shown), all=len(self._all)))
        if shown and self.table.current() is None:
            self.table.selectRow(0)
        self._show_detail()

    def _show_detail(self) -> None:
        one = self.table.current()
        self.detail.setVisible(one is not None)
        if one is not None:
            self.detail.show_dataset(one, self.groups)

    def select(self, dataset_id: int) -> None:
        """Choose a dataset."""
        at = self.rows.find(dataset_id)
        if at >= 0:
            self.table.selectRow(at)

    # --- doing ---
    def add_dataset(self) -> None:
        """Ask for a folder or file and register it."""
        dialog = DatasetDialog(self, self.context, self.groups)
        dialog.saved.connect(lambda _: self.reload())
        dialog.open()

    def _act(self, what: str) -> None:
        one = self.table.current()
        if one is None:
            return
        call, number = self.context.tasks.call, one["id"]
        if what == "edit":
            dialog = DatasetDialog(self, self.context, self.groups, one)
            dialog.saved.connect(lambda _: self.reload())
            dialog.open()
        elif what == "scan":
            call("datasets.scan", lambda _: self.reload(), parent=self, id=number)
        elif what == "stop":
            call("datasets.stop_scan", lambda _: self.reload(), parent=self, id=number)
        elif what == "remove" and not one["is_default"]:
            call("datasets.remove", self._removed, parent=self, id=number)

    def _removed(self, one: Dataset) -> None:
        self.reload()
        self.context.notify(
            tr("{name} removed", name=one["name"]),
            tr("Its files were not touched. Approvals that name it will ask again."),
            action=tr("Undo"),
            on_action=lambda: self.context.tasks.call(
                "datasets.restore", lambda _: self.reload(), parent=self, id=one["id"]
            ),
            seconds=UNDO_S,
        )

    def _menu(self, at: QPoint) -> None:
        one = self.table.current()
        if one is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        what = ("stop", tr("Stop reading")) if one["scanning"] else ("scan", tr("Read again"))
        for key, text in (what, ("edit", tr("Change...")), ("remove", tr("Remove"))):
            action = menu.addAction(text)
            action.setEnabled(key != "remove" or not one["is_default"])
            action.triggered.connect(lambda _=False, key=key: self._act(key))
        menu.popup(self.table.viewport().mapToGlobal(at))
