"""One setting: its name, what it means, its control, and the sentence when a value is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QSpinBox, QWidget

from app.widgets.labels import Label, restyle
from app.widgets.layouts import column, row
from app.widgets.switches import Segmented, Switch
from app.widgets.theme import theme

WIDTH = 300


class Line(QWidget):
    """A setting; `changed` carries its key and the value that was chosen."""

    changed = Signal(str, object)

    def __init__(
        self, key: str, title: str, text: str, control: QWidget, read: Callable[[], Any],
        write: Callable[[Any], object], *, words: str = "",
    ) -> None:  # fmt: skip
        super().__init__()
        self.key, self.control = key, control
        self._read, self._write = read, write
        self.haystack = f"{title} {text} {words} {key}".casefold()
        self.title = Label(title, "medium")
        self.problem = Label("", "small", "danger", wrap=True)
        self.problem.hide()
        control.setAccessibleName(title)
        control.setAccessibleDescription(text)
        facts = column(self.title, Label(text, "small", "muted", wrap=True), self.problem, gap=2)
        self.setLayout(row((facts, 1), control, gap=24, margins=(0, 11, 0, 11)))

    def value(self) -> Any:
        """Return what the control shows."""
        return self._read()

    def show_value(self, value: Any) -> None:
        """Show what is kept, unless it is being typed over."""
        if self.problem.isHidden() and not self._is_typed():
            self._write(value)

    def say(self, problem: str) -> None:
        """Show why a value is refused; an empty text takes it away."""
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.control.setProperty("invalid", "true" if problem else "false")
        restyle(self.control)

    def tell(self) -> None:
        """Say that another value was chosen."""
        self.changed.emit(self.key, self.value())

    def _is_typed(self) -> bool:
        return isinstance(self.control, QLineEdit) and self.control.isModified()


def text_line(key: str, title: str, text: str, *, hint: str = "", mono: bool = False,
              words: str = "") -> Line:  # fmt: skip
    """Return a setting that is typed; it is kept when the field is left or Return is pressed."""
    edit = QLineEdit()
    edit.setPlaceholderText(hint)
    edit.setFont(theme().font(400, 12 if mono else 13, mono))
    edit.setFixedSize(WIDTH, 32)

    def write(value: Any) -> None:
        if edit.text() != str(value or ""):
            edit.setText(str(value or ""))

    line = Line(key, title, text, edit, lambda: edit.text().strip(), write, words=words)

    def left() -> None:
        if edit.isModified():
            edit.setModified(False)
            line.tell()

    edit.editingFinished.connect(left)
    return line


def switch_line(key: str, title: str, text: str, *, words: str = "") -> Line:
    """Return a setting that is on or off."""
    switch = Switch(title)
    line = Line(key, title, text, switch, switch.isChecked,
                lambda value: switch.setChecked(bool(value)), words=words)  # fmt: skip
    switch.clicked.connect(lambda _: line.tell())
    return line


def choice_line(
    key: str, title: str, text: str, choices: list[tuple[str, str]], *, words: str = ""
) -> Line:
    """Return a setting of a few choices: side by side up to three, else in a list."""
    if len(choices) <= 3:
        control = Segmented(choices)
        line = Line(key, title, text, control, control.current,
                    lambda value: control.select(str(value)), words=words)  # fmt: skip
        control.chosen.connect(lambda _: line.tell())
        return line
    combo = QComboBox()
    combo.setFixedSize(WIDTH, 32)
    combo.setFont(theme().font(400, 13))
    for value, name in choices:
        combo.addItem(name, value)

    def write(value: Any) -> None:
        combo.setCurrentIndex(max(0, combo.findData(str(value))))

    line = Line(key, title, text, combo, combo.currentData, write, words=words)
    combo.activated.connect(lambda _: line.tell())
    return line


def number_line(
    key: str, title: str, text: str, *, suffix: str, scale: int = 1, high: int = 1_000_000,
    none: str = "", words: str = "",
) -> Line:  # fmt: skip
    """Return a setting that is a number; `scale` of what is kept is one of what is shown."""
    spin = QSpinBox()
    spin.setRange(0, high)
    spin.setSuffix(suffix)
    spin.setSpecialValueText(none)
    spin.setFont(theme().font(400, 13))
    spin.setFixedSize(160, 32)
    spin.setKeyboardTracking(False)
    spin.lineEdit().setTextMargins(8, 0, 0, 0)
    spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    spin.setAlignment(Qt.AlignmentFlag.AlignRight)

    def write(value: Any) -> None:
        spin.blockSignals(True)
        spin.setValue(int(value or 0) // scale)
        spin.blockSignals(False)

    line = Line(key, title, text, spin, lambda: spin.value() * scale, write, words=words)
    spin.valueChanged.connect(lambda _: line.tell())
    return line
