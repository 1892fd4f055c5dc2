"""The rows of a parameter form: one declared parameter, one free key."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QLineEdit, QSpinBox, QWidget

from app.i18n import tr
from app.pages.runs.new_run_model import read_value
from app.widgets.buttons import Button
from app.widgets.labels import ElidedLabel, Label, restyle
from app.widgets.layouts import column, row
from app.widgets.theme import theme

WIDTH = 112

_LIMIT = 2**31 - 1


class ParameterRow(QWidget):
    """One parameter: its key, and a control for its type, checked when it is left."""

    changed = Signal()

    def __init__(self, key: str, value: Any) -> None:
        super().__init__()
        self.key = key
        self._like = value
        self.control = self._make(value)
        self.control.setAccessibleName(key)
        self._message = Label("", "small", "danger", wrap=True)
        self._message.hide()
        name = ElidedLabel(key, "small", mono=True)
        self.setLayout(column(row((name, 1), self.control, gap=10), self._message, gap=4))

    def _make(self, value: Any) -> QWidget:
        if isinstance(value, bool):
            box = QCheckBox()
            box.setChecked(value)
            box.toggled.connect(lambda _: self.changed.emit())
            box.setFixedWidth(WIDTH)
            return box
        if isinstance(value, int) and abs(value) <= _LIMIT:
            spin = QSpinBox()
            spin.setRange(-_LIMIT, _LIMIT)
            spin.setValue(value)
            spin.setFixedSize(WIDTH, 32)
            spin.setFont(theme().font(400, 13))
            spin.lineEdit().setTextMargins(6, 0, 0, 0)
            spin.valueChanged.connect(lambda _: self.changed.emit())
            return spin
        text = value if isinstance(value, str) else json.dumps(value)
        edit = QLineEdit(text)
        edit.setFixedSize(WIDTH if isinstance(value, float) else WIDTH + 60, 32)
        edit.setFont(theme().font(400, 12, mono=True))
        edit.editingFinished.connect(self.validate)
        edit.textEdited.connect(lambda _: self._say(""))
        edit.textChanged.connect(lambda _: self.changed.emit())
        return edit

    def value(self) -> Any:
        """Return the value in its type; raises ValueError with a sentence."""
        if isinstance(self.control, QCheckBox):
            return self.control.isChecked()
        if isinstance(self.control, QSpinBox):
            return self.control.value()
        assert isinstance(self.control, QLineEdit)  # noqa: S101 - narrows the type
        return read_value(self.control.text(), self._like)

    def validate(self) -> bool:
        """Check the value and say under it what would be right."""
        try:
            self.value()
        except ValueError as error:
            self._say(str(error))
            return False
        self._say("")
        return True

    def _say(self, text: str) -> None:
        self._message.setText(text)
        self._message.setVisible(bool(text))
        wrong = "true" if text else "false"
        if self.control.property("invalid") != wrong:
            self.control.setProperty("invalid", wrong)
            self.control.setAccessibleDescription(text)
            restyle(self.control)


class FreeRow(QWidget):
    """A key and a value typed freely."""

    changed = Signal()
    removed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.key = QLineEdit()
        self.key.setPlaceholderText(tr("name"))
        self.key.setAccessibleName(tr("Parameter name"))
        self.text = QLineEdit()
        self.text.setPlaceholderText(tr("value"))
        self.text.setAccessibleName(tr("Parameter value"))
        for edit in (self.key, self.text):
            edit.setFont(theme().font(400, 12, mono=True))
            edit.setFixedHeight(32)
            edit.textChanged.connect(lambda _: self.changed.emit())
        self.text.setFixedWidth(WIDTH)
        remove = Button(
            kind="ghost", icon="x", sz="sm", tip=tr("Remove"), on_click=lambda: self.removed.emit()
        )
        self._message = Label("", "small", "warn", wrap=True)
        self._message.hide()
        line = row((self.key, 1), self.text, remove, gap=8)
        self.setLayout(column(line, self._message, gap=4))

    def check(self, declared: Sequence[str]) -> None:
        """Say where a name is none that the package declares, and which it may be."""
        name = self.key.text().strip()
        text = ""
        if name and declared and name not in declared:
            near = difflib.get_close_matches(name, declared, n=1)
            if near:
                text = tr("The package has no parameter of this name. Did you mean {name}?",
                          name=near[0])  # fmt: skip
            else:
                text = tr("The package has no parameter of this name. It may be ignored.")
        self._message.setText(text)
        self._message.setVisible(bool(text))
        self.key.setAccessibleDescription(text)
