"""A chip of one site: a dot in its colour, its name, whether it is on."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from app.i18n import tr
from app.widgets.painting import draw_round, draw_text, text_width
from app.widgets.theme import theme


class DotChip(QAbstractButton):
    """A checkable chip with a coloured dot; `slot` is a site's, -1 the ink of text."""

    def __init__(self, text: str, *, slot: int = -1, tok: str = "", count: str = "") -> None:
        super().__init__()
        self._slot = slot
        self._tok = tok
        self._count = count
        self.setText(text)
        self.setCheckable(True)
        self.setChecked(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Show {name}", name=text))

    def set_count(self, count: str) -> None:
        """Show how many there are."""
        if count != self._count:
            self._count = count
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        width = 36 + text_width(self.text(), theme().font(500, 12))
        if self._count:
            width += 8 + text_width(self._count, theme().font(400, 11))
        return QSize(math.ceil(width) + 1, 28)

    def _color(self) -> QColor:
        if self._tok:
            return theme().color(self._tok)
        return theme().color("text") if self._slot < 0 else theme().site_color(self._slot)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw(painter)
        finally:
            painter.end()

    def _draw(self, painter: QPainter) -> None:
        colors = theme()
        on = self.isChecked()
        edge = colors.color("control" if on else "border_strong")
        if self.hasFocus():
            edge = colors.color("focus")
        fill = colors.color("raised") if on else None
        if self.underMouse():
            fill = colors.color("hover")
        draw_round(painter, QRectF(self.rect()), 14, fill, edge)
        dot = QRectF(11, 10, 8, 8)
        if on:
            draw_round(painter, dot, 4, self._color())
        else:
            draw_round(painter, dot, 4, None, colors.color("faint"))
        font = colors.font(500, 12)
        name = QRectF(25, 0, self.width() - 30, 28)
        draw_text(painter, name, self.text(), font, colors.color("text" if on else "faint"))
        if self._count:
            left = 25 + text_width(self.text(), font) + 8
            place = QRectF(left, 0, self.width() - left, 28)
            draw_text(painter, place, self._count, colors.font(400, 11), colors.color("faint"))
