"""Home's card of approvals that wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout

from app.i18n import tr
from app.pages.home.model import asked_words
from app.widgets.badges import Tag
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.decision_row import DecisionRow
from app.widgets.labels import Icon, Label
from app.widgets.layouts import clear, row, rule


class DecisionsCard(Card):
    """What waits for the operator; `reviewed` carries the approval to look at."""

    reviewed = Signal(dict)

    def __init__(self, on_all: Callable[[], object]) -> None:
        super().__init__(tr("Waiting for your decision"), icon="shield-check", gap=4)
        self._count = Tag("0", "warn")
        self._count.hide()
        self.add_action(self._count)
        self.add_action(Button(tr("Open approvals"), "link", on_click=on_all))
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self.add(self._list)
        self._shown: list[dict[str, Any]] | None = None
        self.rows: list[DecisionRow] = []
        self.show_approvals([])

    def show_approvals(self, approvals: list[dict[str, Any]]) -> None:
        """Show the approvals that wait, the oldest first."""
        if approvals == self._shown:
            for made in self.rows:
                made.tell_age()
            return
        self._shown = approvals
        clear(self._list)
        self.rows = []
        self._count.setVisible(bool(approvals))
        self._count.set(str(len(approvals)), "warn")
        for approval in sorted(approvals, key=lambda one: float(one["asked_at"])):
            self._list.addWidget(rule())
            made = DecisionRow(approval, asked_words(approval), self.reviewed.emit)
            self.rows.append(made)
            self._list.addWidget(made)
        if not approvals:
            text = tr("Nothing waits. New code never starts here before you have allowed it.")
            self._list.addWidget(rule())
            self._list.addSpacing(10)
            self._list.addLayout(
                row(Icon("check", "ok"), (Label(text, "small", "muted", wrap=True), 1), gap=8)
            )
