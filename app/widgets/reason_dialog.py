"""The question why something is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.i18n import tr
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
            tr("Refuse {name}?", name=approval["application"]),
            tr("{who} reads your reason. Nothing of the code runs here.", who=approval["asked_by"]),
            icon="ban",
            tok="danger",
        )
        self._on_reason = on_reason
        self.field = TextField(
            tr("Reason"),
            placeholder=tr("What would have to change"),
            check=required(tr("Write a reason, one sentence is enough.")),
        )
        self.body.addWidget(self.field)
        self.add_button(Button(tr("Cancel"), "ghost", on_click=self.reject))
        self.refuse = self.add_button(Button(tr("Refuse"), "danger", on_click=self._refuse))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.open()
        self.field.control.setFocus()

    def _refuse(self) -> None:
        if self.field.validate():
            self.accept()
            self._on_reason(self.field.value())
