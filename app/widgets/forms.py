"""Form fields: a label, a control, and under it the sentence that says what would be right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QSpinBox, QWidget

from app.widgets.labels import Icon, Label, restyle
from app.widgets.layouts import column, row
from app.widgets.theme import theme

# Takes the value, returns "" or a sentence that says what is wrong and what would be right.
Check = Callable[[str], str]


_NOTES = {
    "ok": ("ok", "check"),
    "warn": ("warn", "triangle-alert"),
    "error": ("danger", "circle-alert"),
}


class Field(QWidget):
    """A labelled control that is checked when it is left, not at every key."""

    changed = Signal()
    left = Signal()

    def __init__(
        self,
        label: str,
        control: QWidget,
        *,
        hint: str = "",
        check: Check | None = None,
        beside: QWidget | None = None,
    ) -> None:
        super().__init__()
        self.control = control
        self._check = check
        self._hint = hint
        self.level = ""
        caption = Label(label, "small", "muted")
        caption.setBuddy(control)
        control.setAccessibleName(label)
        self._icon = Icon("circle-alert", "danger", 14)
        self._message = Label(hint, "small", "faint", wrap=True)
        self._icon.hide()
        self._message.setVisible(bool(hint))
        under = row(column(2, self._icon, None, gap=0), (self._message, 1), gap=6)
        line = row((control, 1), beside, gap=8) if beside else control
        self.setLayout(column(caption, line, under, gap=5))
        control.installEventFilter(self)

    @property
    def message(self) -> str:
        """Return the error under the field, or an empty text."""
        return self._message.plain() if self.level == "error" else ""

    def value(self) -> str:
        """Return what was typed or chosen."""
        raise NotImplementedError

    def say(self, error: str) -> None:
        """Show an error under the field; an empty one takes it away."""
        self.note("error" if error else "", error)

    def note(self, level: str, text: str) -> None:
        """Show a finding under the field: level is ok, warn, error, or empty for the hint."""
        self.level = level if text else ""
        tok, icon = _NOTES.get(self.level, ("faint", "info"))
        self._icon.setVisible(bool(self.level))
        self._icon.set_icon(icon, tok)
        self._message.setText(text or self._hint)
        self._message.set_token("muted" if self.level == "ok" else tok)
        self._message.setVisible(bool(self.level) or bool(self._hint))
        self._mark(self.level == "error", text)

    def _mark(self, wrong: bool, error: str) -> None:
        self.control.setAccessibleDescription(error if wrong else "")
        if (self.control.property("invalid") == "true") != wrong:
            self.control.setProperty("invalid", "true" if wrong else "false")
            restyle(self.control)

    def set_check(self, check: Check | None) -> None:
        """Change what is checked."""
        self._check = check

    def validate(self) -> bool:
        """Check the value and show the result; return whether it can be used."""
        error = self._check(self.value()) if self._check else ""
        self.say(error)
        return not error

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut and watched is self.control:
            if self.value() and self._check is not None:
                self.validate()
            self.left.emit()
        return False


class TextField(Field):
    """A line of text."""

    def __init__(
        self,
        label: str,
        *,
        placeholder: str = "",
        text: str = "",
        hint: str = "",
        check: Check | None = None,
        mono: bool = False,
        secret: bool = False,
        beside: QWidget | None = None,
    ) -> None:
        self.edit = QLineEdit(text)
        super().__init__(label, self.edit, hint=hint, check=check, beside=beside)
        self.edit.setPlaceholderText(placeholder)
        self.edit.setFont(theme().font(400, 12 if mono else 13, mono))
        self.edit.setFixedHeight(32)
        if secret:
            self.edit.setEchoMode(QLineEdit.EchoMode.Password)
        self.edit.textEdited.connect(self._edited)

    def value(self) -> str:
        """Return the text without blanks around it (a secret as typed)."""
        text = self.edit.text()
        return text if self.edit.echoMode() == QLineEdit.EchoMode.Password else text.strip()

    def set(self, text: str) -> None:
        """Fill in a text."""
        if text != self.edit.text():
            self.edit.setText(text)
            self.changed.emit()

    def _edited(self) -> None:
        if self.message:
            self.say("")
        self.changed.emit()


class ChoiceField(Field):
    """One of a list; keys are returned, texts are shown."""

    def __init__(
        self,
        label: str,
        choices: Sequence[tuple[Any, str]] = (),
        *,
        hint: str = "",
        check: Check | None = None,
    ) -> None:
        self.combo = QComboBox()
        super().__init__(label, self.combo, hint=hint, check=check)
        self.combo.setFont(theme().font(400, 13))
        self.combo.setFixedHeight(32)
        self.set_choices(choices)
        self.combo.currentIndexChanged.connect(lambda _: self.changed.emit())

    def set_choices(self, choices: Sequence[tuple[Any, str]]) -> None:
        """Offer other choices, keeping the current one where it still exists."""
        current = self.combo.currentData()
        self.combo.blockSignals(True)
        self.combo.clear()
        for key, text in choices:
            self.combo.addItem(text, key)
        found = self.combo.findData(current)
        self.combo.setCurrentIndex(max(found, 0) if choices else -1)
        self.combo.blockSignals(False)

    def value(self) -> str:
        """Return the key of the choice as text."""
        data = self.combo.currentData()
        return "" if data is None else str(data)

    def key(self) -> Any:
        """Return the key of the choice."""
        return self.combo.currentData()

    def select(self, key: Any) -> None:
        """Choose a key."""
        found = self.combo.findData(key)
        if found >= 0:
            self.combo.setCurrentIndex(found)


class NumberField(Field):
    """A whole number in a range."""

    def __init__(
        self,
        label: str,
        value: int = 0,
        *,
        low: int = 0,
        high: int = 1_000_000,
        suffix: str = "",
        hint: str = "",
    ) -> None:
        self.spin = QSpinBox()
        super().__init__(label, self.spin, hint=hint)
        self.spin.setRange(low, high)
        self.spin.setValue(value)
        self.spin.setSuffix(suffix)
        self.spin.setFont(theme().font(400, 13))
        self.spin.setFixedHeight(32)
        self.spin.lineEdit().setTextMargins(8, 0, 0, 0)
        self.spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.spin.valueChanged.connect(lambda _: self.changed.emit())

    def value(self) -> str:
        """Return the number as text."""
        return str(self.spin.value())

    def number(self) -> int:
        """Return the number."""
        return self.spin.value()


class Form:
    """Several fields that are sent together."""

    def __init__(self, *fields: Field) -> None:
        self.fields = list(fields)

    def validate(self) -> bool:
        """Check all visible fields; go to the first one with an error."""
        wrong = [f for f in self.fields if not f.isHidden() and not f.validate()]
        if wrong:
            wrong[0].control.setFocus(Qt.FocusReason.OtherFocusReason)
        return not wrong


def required(sentence: str) -> Check:
    """Return a check that wants something, and says so in this sentence."""
    return lambda value: "" if value else sentence
