"""A form of typed parameters, and free keys beside them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.i18n import tr
from app.pages.runs.new_run_model import guess_value, merged
from app.pages.runs.parameter_rows import FreeRow, ParameterRow
from app.widgets.buttons import Button
from app.widgets.labels import Label
from app.widgets.layouts import clear, column, row


class ParameterForm(QWidget):
    """All parameters of a run."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[ParameterRow] = []
        self.free: list[FreeRow] = []
        self._none = Label("", "small", "faint", wrap=True)
        self._typed = QVBoxLayout()
        self._typed.setSpacing(8)
        self._more = QVBoxLayout()
        self._more.setSpacing(8)
        add = Button(tr("Add parameter"), "link", icon="plus", on_click=self.add_free)
        self.setLayout(column(self._none, self._typed, self._more, row(add, None), gap=8))

    def show_parameters(self, parameters: dict[str, Any]) -> None:
        """Offer other parameters; free ones are kept."""
        clear(self._typed)
        self.rows = [ParameterRow(key, value) for key, value in parameters.items()]
        for one in self.rows:
            one.changed.connect(self.changed)
            self._typed.addWidget(one)
        self._none.setText("" if parameters else tr("The application runs with its own values."))
        self._none.setVisible(not parameters)

    def add_free(self) -> FreeRow:
        """Add a key of one's own."""
        one = FreeRow()
        one.changed.connect(self.changed)
        one.key.editingFinished.connect(lambda: one.check([row.key for row in self.rows]))
        one.removed.connect(lambda: self._remove(one))
        self.free.append(one)
        self._more.addWidget(one)
        one.key.setFocus()
        return one

    def _remove(self, one: FreeRow) -> None:
        self.free.remove(one)
        self._more.removeWidget(one)
        one.hide()
        one.deleteLater()
        self.changed.emit()

    def validate(self) -> bool:
        """Check all values; go to the first wrong one."""
        wrong = [one for one in self.rows if not one.validate()]
        if wrong:
            wrong[0].control.setFocus()
        return not wrong

    def values(self) -> dict[str, Any]:
        """Return all parameters; raises ValueError where one is wrong."""
        typed = {one.key: one.value() for one in self.rows}
        free = {one.key.text().strip(): guess_value(one.text.text()) for one in self.free}
        return merged(typed, free)
