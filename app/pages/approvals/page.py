"""Approvals: what waits, what was decided, what is approved beforehand."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QStackedWidget

from app.context import AppContext
from app.pages.approvals import model
from app.widgets.cards import TableCard
from app.widgets.cells import Cell
from app.widgets.decision_dialog import DecisionDialog
from app.widgets.dialogs import confirm
from app.widgets.empty_state import EmptyState
from app.widgets.labels import Label
from app.widgets.layouts import column, row
from app.widgets.page import Page
from app.widgets.switches import Segmented
from app.widgets.tables import Column, RowModel, Table
from app.widgets.words import short_digest

Approval = dict[str, Any]


class ApprovalsPage(Page):
    """The operator's decisions on this machine."""

    title = "Approvals"
    subtitle = "nothing runs here that you did not allow"

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._approvals: list[Approval] = []
        self.choice = Segmented(model.FILTERS, "pending")
        self.choice.chosen.connect(lambda _: self._show())
        self._note = Label("", "small", "faint")
        self.rows: RowModel[Approval] = RowModel(self._columns(), lambda one: one["id"])
        self.table = Table(self.rows, row_height=54)
        self.table.setAccessibleName("Approvals")
        self.table.opened.connect(self._open_dialog)
        self.table.clicked_cell.connect(self._clicked)
        self.standing: RowModel[Approval] = RowModel(
            self._standing_columns(), lambda one: one["content_digest"]
        )
        self.standing_table = Table(self.standing, row_height=44)
        self.standing_table.setAccessibleName("Approved beforehand")
        self.standing_table.clicked_cell.connect(self._withdraw)
        self.empty = EmptyState("shield-check", "", "")
        self._stack = QStackedWidget()
        for widget in (self.table, self.standing_table, self.empty):
            self._stack.addWidget(widget)
        card = TableCard()
        card.add((self._stack, 1))
        top = row(self.choice, None, self._note, gap=12)
        self.setLayout(column(top, (card, 1), gap=16, margins=(24, 20, 24, 20)))
        context.events.approval.connect(lambda *_: self._read())

    def _columns(self) -> list[Column[Approval]]:
        return [
            Column("Application", model.application_cell, 250),
            Column("Asked by", model.asked_cell, 250),
            Column("Code", lambda one: Cell(model.news(one), tok="muted"), 210),
            Column("State", model.state_cell, 130),
            Column("When", model.when_cell, 130),
            Column("Covers", lambda one: Cell(model.scope_words(one), tok="muted")),
            Column("", lambda one: Cell("Review" if model.waits(one) else "Details", "link"), 90),
        ]

    def _standing_columns(self) -> list[Column[Approval]]:
        return [
            Column("Application", lambda one: Cell(one["application"], weight=600), 280),
            Column("Content", lambda one: Cell(short_digest(one["content_digest"]), mono=True)),
            Column("Approved by", lambda one: Cell(str(one.get("by") or "")), 220),
            Column("Until", lambda one: Cell(model.standing_until(one), tok="muted"), 160),
            Column("", lambda _: Cell("Withdraw", "link"), 110),
        ]

    def open(self, **arguments: Any) -> None:
        """Read the decisions; events keep them current."""
        self._read()

    def _read(self) -> None:
        call = self.context.tasks.call
        call("approvals.list", self._take, self._failed, self)
        call("approvals.standing", self._take_standing, self._failed, self)

    def _take(self, approvals: list[Approval]) -> None:
        self._approvals = approvals
        self._show()

    def _take_standing(self, standing: list[Approval]) -> None:
        self.standing.set_rows(standing)
        self._show()

    def _failed(self, error: Exception) -> None:
        if self._approvals:
            return
        sentence = getattr(error, "sentence", str(error))
        self.empty.set("circle-alert", "Approvals could not be read", sentence, "danger")
        self._stack.setCurrentWidget(self.empty)

    def _show(self) -> None:
        waiting, decided = model.waiting(self._approvals), model.decided(self._approvals)
        choice = self.choice.current()
        self._note.setText(f"{len(waiting)} waiting, {len(decided)} decided")
        if choice == "standing":
            self._stack.setCurrentWidget(self.standing_table if self.standing.rows else self.empty)
            self.empty.set(
                "shield-check", "Nothing is approved beforehand",
                "Approve a package with “Exactly this code” and its next runs start by themselves.",
            )  # fmt: skip
            return
        rows = waiting if choice == "pending" else decided
        self.rows.set_rows(rows)
        self.empty.set(
            "shield-check" if choice == "pending" else "clock",
            "Nothing waits for you" if choice == "pending" else "Nothing was decided yet",
            "New code never starts here before you have allowed it.",
        )
        self._stack.setCurrentWidget(self.table if rows else self.empty)

    def _clicked(self, approval: Approval, column_number: int) -> None:
        if column_number == len(self.rows.columns) - 1:
            self._open_dialog(approval)

    def _open_dialog(self, approval: Approval) -> None:
        dialog = DecisionDialog(self, self.context, approval)
        dialog.decided.connect(self._read)
        dialog.open()

    def _withdraw(self, one: Approval, column_number: int) -> None:
        if column_number != len(self.standing.columns) - 1:
            return
        confirm(
            self,
            f"Withdraw the approval of {one['application']}?",
            "Its next start waits for your decision again. What runs now goes on.",
            "Withdraw",
            lambda: self.context.tasks.call(
                "approvals.disallow", lambda _: self._read(), parent=self,
                content_digest=one["content_digest"],
            ),
            icon="shield-off",
        )  # fmt: skip
