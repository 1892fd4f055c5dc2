"""The question for another name."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.i18n import tr
from app.widgets.buttons import Button
from app.widgets.dialogs import Dialog
from app.widgets.forms import TextField, required


class NameDialog(Dialog):
    """Ask for another name of a run, a project or an application."""

    def __init__(
        self, parent: QWidget, title: str, name: str, then: Callable[[str], object]
    ) -> None:
        super().__init__(parent, title, icon="pencil", tok="accent_text")
        self._then = then
        self.field = TextField(tr("Name"), check=required(tr("Give it a name.")))
        self.field.set(name)
        self.field.edit.setMaxLength(200)
        self.field.edit.selectAll()
        self.field.edit.returnPressed.connect(self._submit)
        self.body.addWidget(self.field)
        self.add_button(Button(tr("Cancel"), "ghost", on_click=self.reject))
        self.submit = self.add_button(Button(tr("Rename"), "primary", on_click=self._submit))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.first_focus = self.field.edit

    def _submit(self) -> None:
        if self.field.validate():
            self.accept()
            self._then(self.field.value().strip())
