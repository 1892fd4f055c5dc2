"""Approvals: what waits, what was decided, what is approved beforehand."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QWidget

from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import mark, tr
from app.pages.approvals import model
from app.told import InOrder
from app.widgets.bars import Skeleton
from app.widgets.buttons import Button, Chip
from app.widgets.cards import TableCard
from app.widgets.cells import Cell
from app.widgets.decision_dialog import DecisionDialog
from app.widgets.empty_state import EmptyState
from app.widgets.labels import Label
from app.widgets.layouts import column, row
from app.widgets.opening import open_in_slices
from app.widgets.page import Page
from app.widgets.page_stack import PageStack
from app.widgets.search_field import SearchField
from app.widgets.switches import Segmented
from app.widgets.tables import Column, RowModel, Table
from app.widgets.words import short_digest

SKELETON_MS = 300
AGES_EVERY_MS = 10_000
PAGE = 200  # decided ones that are read at once
UNDO_S = 10.0
Approval = dict[str, Any]


class ApprovalsPage(Page):
    """The operator's decisions on this machine."""

    title = mark("Approvals")
    subtitle = mark("nothing runs here that you did not allow")

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._waiting: list[Approval] = []
        self._decided: list[Approval] = []
        self._groups: dict[int, str] = {}
        self._standing: list[Approval] = []
        self._is_read = self._has_older = False
        self._in_order, self._standing_in_order = InOrder(), InOrder()
        self.choice = Segmented([(key, tr(text)) for key, text in model.FILTERS], "pending")
        self.choice.chosen.connect(lambda _: self._show())
        self.chips = {
            "approved": Chip(tr("Approved"), on=True),
            "refused": Chip(tr("Refused"), on=True),
            "withdrawn": Chip(tr("Withdrawn"), on=True),
        }
        for chip in self.chips.values():
            chip.toggled.connect(lambda _: self._show())
        self.search = SearchField(tr("Filter by name, person, words or digest"), 300)
        self.search.textChanged.connect(lambda _: self._show())
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self.search.setFocus)
        self._note = Label("", "small", "faint")
        self.rows: RowModel[Approval] = RowModel(self._columns(), lambda one: one["id"])
        self.table = Table(self.rows, row_height=54)
        self.table.setAccessibleName(tr("Approvals"))
        self.table.opened.connect(self._open_dialog)
        self.table.clicked_cell.connect(self._clicked)
        self.standing: RowModel[Approval] = RowModel(self._standing_columns(), model.standing_name)
        self.standing_table = Table(self.standing, row_height=54)
        self.standing_table.setAccessibleName(tr("Approved beforehand"))
        self.standing_table.clicked_cell.connect(self._standing_clicked)
        self.standing_table.opened.connect(self._open_standing)
        self._build()
        context.events.approval.connect(lambda *_: self._read())
        context.events.connected.connect(lambda on: self._read() if on else None)

    def _build(self) -> None:
        for table, fill in (
            (self.table, self._row_menu), (self.standing_table, self._standing_menu)
        ):  # fmt: skip
            table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            table.customContextMenuRequested.connect(fill)
        self.empty = EmptyState("shield-check", "", "")
        self.error = EmptyState("circle-alert", "", action=tr("Try again"), on_action=self._read,
                                tok="danger")  # fmt: skip
        skeleton = QWidget()
        skeleton.setLayout(column(Skeleton(5), None, margins=16))
        self._blank, self._skeleton = QWidget(), skeleton
        self._stack = PageStack()
        for widget in (
            self._blank, skeleton, self.table, self.standing_table, self.empty, self.error
        ):  # fmt: skip
            self._stack.addWidget(widget)
        card = TableCard()
        card.add((self._stack, 1))
        self.older = Button(tr("Read older ones"), "link", on_click=self._read_older)
        self.older.hide()
        card.add(row(None, self.older, margins=(12, 0, 12, 6)))
        top = row(self.choice, *self.chips.values(), None, self._note, self.search, gap=10)
        self.setLayout(column(top, (card, 1), gap=16, margins=(24, 20, 24, 20)))
        self._patience = QTimer(self, singleShot=True, interval=SKELETON_MS)
        self._patience.timeout.connect(self._show_skeleton)
        self._ages = QTimer(self, interval=AGES_EVERY_MS)
        self._ages.timeout.connect(self.rows.refresh)

    def _columns(self) -> list[Column[Approval]]:
        return [
            Column(tr("Application"), model.application_cell, 210),
            Column(tr("Asked by"), model.asked_cell, 200),
            Column(tr("Code"), model.news_cell, 180),
            Column(tr("State"), model.state_cell, 130),
            Column(tr("When"), model.when_cell, 130),
            Column(tr("Covers"), model.covers_cell),
            Column("", lambda one: Cell(tr("Review") if model.waits(one) else tr("Details"),
                                        "link"), 90),
        ]  # fmt: skip

    def _standing_columns(self) -> list[Column[Approval]]:
        return [
            Column(tr("Application"),
                   lambda one: model.standing_cell(one, self._groups), 330),
            Column(tr("Data"), model.standing_data),
            Column(tr("Approved by"), model.standing_by, 220),
            Column(tr("Until"), model.standing_until, 170),
            Column("", lambda _: Cell(tr("Revoke"), "link"), 110),
        ]  # fmt: skip

    # --- data ---
    def open(self, **arguments: Any) -> None:
        """Read the decisions; events keep them current. `approval` opens one of them."""
        if not self._is_read:
            self._patience.start()
        self._ages.start()
        self._read()
        number = arguments.get("approval")
        if number:
            call = self.context.tasks.call
            call("approvals.get", self._open_dialog, lambda _: None, self, id=int(number))

    def left(self) -> None:
        """Stop to tell ages."""
        self._ages.stop()

    def _read(self) -> None:
        call = self.context.tasks.call
        known = max(PAGE, len(self._decided))  # what was read stays shown
        work = partial(_read_both, self.context, known)
        self.context.tasks.run(work, self._in_order.taking(self._take), self._failed, self)
        standing = self._standing_in_order.taking(self._take_standing)
        call("approvals.standing", standing, self._failed, self)
        call("groups.list", self._take_groups, lambda _: None, self)

    def _take(self, found: tuple[list[Approval], list[Approval], bool]) -> None:
        self._waiting, self._decided, self._has_older = found
        self._is_read = True
        self._patience.stop()
        self._show()

    def _read_older(self) -> None:
        before = min((int(one["id"]) for one in self._decided), default=None)
        self.context.tasks.call(
            "approvals.list", self._take_older, parent=self, state="decided", before=before,
            limit=PAGE,
        )  # fmt: skip

    def _take_older(self, found: list[Approval]) -> None:
        known = {one["id"] for one in self._decided}
        self._decided = self._decided + [one for one in found if one["id"] not in known]
        self._has_older = len(found) >= PAGE
        self._show()

    def _take_groups(self, answer: dict[str, Any]) -> None:
        self._groups = {int(one["id"]): str(one["name"]) for one in answer["items"]}
        self.standing.refresh()

    def _take_standing(self, standing: list[Approval]) -> None:
        self._standing = standing
        self._show()

    def _failed(self, error: Exception) -> None:
        self._patience.stop()
        if self._is_read:
            return
        sentence, rest = sentence_of(error)
        self.error.set("circle-alert", tr("Approvals could not be read"), f"{sentence} {rest}",
                       "danger")  # fmt: skip
        self._stack.setCurrentWidget(self.error)

    def _show_skeleton(self) -> None:
        if not self._is_read:
            self._stack.setCurrentWidget(self._skeleton)

    # --- showing ---
    def _show(self) -> None:
        if not self._is_read:
            return
        waiting, decided = model.waiting(self._waiting), model.decided(self._decided)
        choice, text = self.choice.current(), self.search.text()
        counts = {"waiting": len(waiting), "decided": len(decided)}
        self._note.setText(
            tr("{waiting} waiting, the newest {decided} decided", **counts) if self._has_older
            else tr("{waiting} waiting, {decided} decided", **counts)
        )  # fmt: skip
        self.older.setVisible(choice == "decided" and self._has_older)
        for key, chip in self.chips.items():
            chip.setVisible(choice == "decided")
            chip.set_count(sum(one["state"] == key for one in decided))
        self.standing.set_rows([one for one in self._standing if model.matches(one, text)])
        if choice == "standing":
            self._empty_words("standing", bool(self._standing))
            self._stack.setCurrentWidget(self.standing_table if self.standing.rows else self.empty)
            return
        shown = waiting if choice == "pending" else [
            one for one in decided if self.chips[one["state"]].isChecked()
        ]  # fmt: skip
        rows = [one for one in shown if model.matches(one, text)]
        self.rows.set_rows(rows)
        self._empty_words(choice, bool(waiting if choice == "pending" else decided))
        self._stack.setCurrentWidget(self.table if rows else self.empty)

    def _empty_words(self, choice: str, is_filtered: bool) -> None:
        if is_filtered:
            self.empty.set("search", tr("Nothing matches"), tr("Change the filter to see more."))
        elif choice == "standing":
            self.empty.set(
                "shield-check", tr("Nothing is approved beforehand"),
                tr("Approve a package with “Exactly this code” and its next runs start by "
                   "themselves."),
            )  # fmt: skip
        elif choice == "pending":
            text = tr("New code never starts here before you have allowed it.")
            self.empty.set("shield-check", tr("Nothing waits for you"), text)
        else:
            text = tr("New code never starts here before you have allowed it.")
            self.empty.set("clock", tr("Nothing was decided yet"), text)

    # --- doing ---
    def _clicked(self, approval: Approval, column_number: int) -> None:
        if column_number == len(self.rows.columns) - 1:
            self._open_dialog(approval)

    def _open_dialog(self, approval: Approval) -> None:
        open_in_slices(
            self,
            lambda: DecisionDialog(self, self.context, approval),
            lambda dialog: dialog.decided.connect(self._read),
        )

    def _standing_clicked(self, one: Approval, column_number: int) -> None:
        if column_number == len(self.standing.columns) - 1:
            self._revoke(one)

    def _open_standing(self, one: Approval) -> None:
        """Show the last decision about the content that is approved beforehand."""
        for approval in model.decided(self._decided):
            is_there = one.get("group_id") in (0, None, approval["group_id"])
            if is_there and approval["content_digest"] == one["content_digest"]:
                self._open_dialog(approval)
                return
        self.context.notify(tr("No run asked for it yet"), short_digest(one["content_digest"]))

    def _revoke(self, one: Approval) -> None:
        self.context.tasks.call(
            "approvals.disallow", lambda _: self._revoked(one), parent=self,
            content_digest=one["content_digest"], **_place_of(one),
        )  # fmt: skip

    def _revoked(self, one: Approval) -> None:
        self._read()
        name = one["application"] or short_digest(one["content_digest"])
        self.context.notify(
            tr("The approval of {name} was revoked", name=name),
            tr("Its next start waits for your decision again. What runs now goes on."),
            action=tr("Undo"),
            on_action=lambda: self._allow_again(one),
            seconds=UNDO_S,
        )

    def _allow_again(self, one: Approval) -> None:
        self.context.tasks.call(
            "approvals.allow", lambda _: self._read(), parent=self,
            content_digest=one["content_digest"], by=str(one.get("by") or ""),
            expires_at=one.get("expires_at"), application=one["application"],
            data=one.get("data") or "default", dataset=one.get("dataset"), **_place_of(one),
        )  # fmt: skip

    def _row_menu(self, at: QPoint) -> None:
        one = self.table.current()
        if one is not None:
            text = tr("Review") if model.waits(one) else tr("Details")
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addAction(text).triggered.connect(lambda: self._open_dialog(one))
            menu.popup(self.table.viewport().mapToGlobal(at))

    def _standing_menu(self, at: QPoint) -> None:
        one = self.standing_table.current()
        if one is not None:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addAction(tr("Details")).triggered.connect(lambda: self._open_standing(one))
            menu.addAction(tr("Revoke")).triggered.connect(lambda: self._revoke(one))
            menu.popup(self.standing_table.viewport().mapToGlobal(at))


def _place_of(one: Approval) -> dict[str, Any]:
    """Return the group and role of a standing approval, as its methods take them."""
    return {"group_id": int(one.get("group_id") or 0), "role": str(one.get("role") or "")}


def _read_both(context: AppContext, known: int) -> tuple[list[Approval], list[Approval], bool]:
    """Return what waits, the newest decided ones, and whether there are older ones."""
    waiting = context.client.call("approvals.list", state="pending")
    decided = context.client.call("approvals.list", state="decided", limit=known)
    return waiting, decided, len(decided) >= known
