"""A few alternatives as cards with an icon, a word and a line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QWidget

from app.widgets.layouts import row
from app.widgets.painting import draw_round, draw_text
from app.widgets.theme import theme


class ChoiceCard(QAbstractButton):
    """One alternative."""

    def __init__(self, icon: str, title: str, text: str) -> None:
        super().__init__()
        self._icon = icon
        self._line = text
        self.setText(title)
        self.setAccessibleName(f"{title}: {text}")
        self.setCheckable(True)
        self.setFixedHeight(58)
        self.setMinimumWidth(150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw(painter)
        finally:
            painter.end()

    def _draw(self, painter: QPainter) -> None:
        look, on = theme(), self.isChecked()
        rect = self.rect().toRectF()
        edge = "focus" if on or self.hasFocus() else "border_strong"
        fill = look.color("selected") if on else None
        draw_round(painter, rect, 8, fill, look.color(edge))
        tok = "accent_text" if on else "muted"
        painter.drawPixmap(QPointF(15, 20), look.pixmap(self._icon, tok, 18))
        width = rect.width() - 90
        draw_text(
            painter, QRectF(46, 10, width, 18), self.text(), look.font(600, 13), look.color("text")
        )
        draw_text(
            painter, QRectF(46, 29, width, 18), self._line, look.font(400, 12), look.color("muted")
        )
        dot = QRectF(rect.width() - 34, 21, 16, 16)
        if on:
            draw_round(painter, dot, 8, look.color("accent"))
            draw_round(painter, dot.adjusted(5, 5, -5, -5), 3, look.color("on_accent"))
        else:
            draw_round(painter, dot, 8, None, look.color("control"))


class TypeChoice(QWidget):
    """Exclusive cards; `chosen` carries the key."""

    chosen = Signal(str)

    def __init__(self, choices: Sequence[tuple[str, str, str, str]]) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        self._cards: dict[str, ChoiceCard] = {}
        for key, icon, title, text in choices:
            card = ChoiceCard(icon, title, text)
            self._group.addButton(card)
            self._cards[key] = card
        self.setLayout(row(*((card, 1) for card in self._cards.values()), gap=12))
        self.select(choices[0][0])
        self._group.buttonClicked.connect(lambda _: self.chosen.emit(self.current()))

    def current(self) -> str:
        """Return the key of the choice."""
        return next((key for key, card in self._cards.items() if card.isChecked()), "")

    def select(self, key: str) -> None:
        """Choose without emitting `chosen`."""
        if key in self._cards:
            self._cards[key].setChecked(True)
