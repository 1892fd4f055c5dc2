"""Controls that hold a choice: segmented controls and switches."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QFrame, QPushButton, QSizePolicy

from app.widgets.layouts import row
from app.widgets.painting import draw_round
from app.widgets.theme import theme


class Segmented(QFrame):
    """One choice of a few, side by side; `chosen` carries its key."""

    chosen = Signal(str)

    def __init__(self, choices: Sequence[tuple[str, str]], current: str = "") -> None:
        super().__init__()
        self.setObjectName("segmented")
        self.setFixedHeight(32)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._buttons: dict[str, QPushButton] = {}
        for key, text in choices:
            button = QPushButton(text)
            button.setProperty("kind", "segment")
            button.setCheckable(True)
            button.setFont(theme().font(500, 12))
            button.setFixedHeight(26)
            button.setAutoDefault(False)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            self._group.addButton(button)
            self._buttons[key] = button
        self.setLayout(row(*self._buttons.values(), gap=0, margins=(3, 2, 3, 2)))
        self.select(current or choices[0][0])
        self._group.buttonClicked.connect(lambda _: self.chosen.emit(self.current()))

    def current(self) -> str:
        """Return the key of the choice."""
        return next((key for key, button in self._buttons.items() if button.isChecked()), "")

    def select(self, key: str) -> None:
        """Choose without emitting `chosen`."""
        if key in self._buttons:
            self._buttons[key].setChecked(True)

    def button(self, key: str) -> QPushButton:
        """Return the button of a choice, to disable it or give it a tooltip."""
        return self._buttons[key]


class Switch(QAbstractButton):
    """On or off, at once."""

    def __init__(self, name: str, on: bool = False) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setChecked(on)
        self.setFixedSize(36, 22)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            on = self.isChecked()
            track = QRectF(1, 1, 34, 20)
            edge = theme().color("focus") if self.hasFocus() else None
            if not on and edge is None:
                edge = theme().color("control")
            draw_round(painter, track, 10, theme().color("accent" if on else "hover"), edge)
            knob = QRectF(18 if on else 4, 4, 14, 14)
            draw_round(painter, knob, 7, QColor("#FFFFFF") if on else theme().color("muted"))
        finally:
            painter.end()
