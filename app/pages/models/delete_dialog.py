"""Ask before models are deleted for everyone; over ten, the count has to be typed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.i18n import tr, trn
from app.widgets.buttons import Button
from app.widgets.dialogs import Dialog
from app.widgets.forms import TextField

TYPED_OVER = 10


class DeleteDialog(Dialog):
    """Say what goes, and for whom."""

    def __init__(
        self, parent: QWidget, rounds: dict[int, list[int]], on_yes: Callable[[], object]
    ) -> None:
        count = sum(len(numbers) for numbers in rounds.values())
        super().__init__(
            parent,
            trn("Delete {count} model?", "Delete {count} models?", count),
            tr(
                "The weights go from the hub and its store, for every member of the group. "
                "Curves and logs stay. Copies that were saved elsewhere stay too."
            ),
            icon="trash-2",
            tok="danger",
        )
        self._on_yes = on_yes
        self.count = TextField(
            tr("Type {n} to delete them", n=count),
            check=lambda typed: "" if typed == str(count) else tr("Type {n}.", n=count),
        )
        if count > TYPED_OVER:
            self.body.addWidget(self.count)
        else:
            self.count.hide()
            self.body.setContentsMargins(0, 0, 0, 0)
        self._is_typed = count > TYPED_OVER
        stay = self.add_button(Button(tr("Cancel"), "ghost", on_click=self.reject))
        self.yes = self.add_button(Button(tr("Delete"), "danger", on_click=self._yes))
        self.first_focus = self.count.control if self._is_typed else stay
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def _yes(self) -> None:
        if self._is_typed and not self.count.validate():
            self.count.control.setFocus()
            return
        self.accept()
        self._on_yes()
