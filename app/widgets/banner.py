"""A banner over a page: one fact that needs attention."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter

from app.widgets.buttons import Button
from app.widgets.labels import Icon, Label
from app.widgets.layouts import column, row
from app.widgets.painting import Canvas, draw_round
from app.widgets.theme import theme


class Banner(Canvas):
    """A bold fact, one line of consequence and one action; at most one on a page."""

    acted = Signal()

    _KINDS = {  # noqa: RUF012 - a constant
        "info": ("info", "info"),
        "ok": ("ok", "circle-check"),
        "warn": ("warn", "triangle-alert"),
        "danger": ("danger", "circle-alert"),
    }

    def __init__(self, kind: str, title: str, text: str = "", action: str = "") -> None:
        super().__init__()
        self._kind = kind
        token, icon = self._KINDS[kind]
        self._icon = Icon(icon, token, 18)
        self._title = Label(title, "strong", wrap=True)
        self._text = Label(text, "small", "muted", wrap=True)
        self._text.setVisible(bool(text))
        self._button = Button(action, sz="sm", on_click=self.acted.emit)
        self._button.setVisible(bool(action))
        words = column(self._title, self._text, gap=2)
        self.setLayout(row(self._icon, (words, 1), self._button, gap=12, margins=(14, 10, 12, 10)))

    def set(self, kind: str, title: str, text: str = "", action: str = "") -> None:
        """Show another fact."""
        self._kind = kind
        token, icon = self._KINDS[kind]
        self._icon.set_icon(icon, token)
        self._title.setText(title)
        self._text.setText(text)
        self._text.setVisible(bool(text))
        self._button.setText(action)
        self._button.setVisible(bool(action))
        self.update()

    def draw(self, painter: QPainter) -> None:
        fill, edge = theme().banner_colors(self._KINDS[self._kind][0])
        draw_round(painter, self.rect().toRectF(), 8, fill, edge)
