"""The question why something is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.widgets.buttons import Button
from app.widgets.dialogs import Dialog
from app.widgets.forms import TextField, required


class ReasonDialog(Dialog):
    """Ask why something is refused; the owner reads it."""

    def __init__(
        self, parent: QWidget, approval: dict[str, Any], on_reason: Callable[[str], object]
    ) -> None:
        super().__init__(
            parent,
            f"Refuse {approval['application']}?",
            f"{approval['asked_by']} reads your reason. Nothing of the code runs here.",
            icon="ban",
            tok="danger",
        )
        self._on_reason = on_reason
        self.field = TextField(
            "Reason",
            placeholder="What would have to change",
            check=required("Write a reason, one sentence is enough."),
        )
        self.body.addWidget(self.field)
        self.add_button(Button("Cancel", "ghost", on_click=self.reject))
        self.refuse = self.add_button(Button("Refuse", "danger", on_click=self._refuse))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.open()
        self.field.control.setFocus()

    def _refuse(self) -> None:
        if self.field.validate():
            self.accept()
            self._on_reason(self.field.value())
