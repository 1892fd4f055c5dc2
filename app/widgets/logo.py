"""The product's mark, painted."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.widgets.painting import (
    Canvas,
    draw_round,
)
from app.widgets.theme import theme


class Logo(Canvas):
    """The product's mark."""

    def __init__(self, size: int = 28) -> None:
        super().__init__()
        self.setFixedSize(size, size)

    def draw(self, painter: QPainter) -> None:
        draw_logo(painter, self.width())


def draw_logo(painter: QPainter, size: float) -> None:
    """Draw the product's mark: three silos and the line between them."""
    draw_round(painter, QRectF(0, 0, size, size), size * 0.26, theme().color("accent"))
    painter.save()
    painter.scale(size / 28, size / 28)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("#FFFFFF"))
    for x in (6.2, 12.0, 17.8):
        painter.drawRoundedRect(QRectF(x, 12.2, 4, 9.8), 1.7, 1.7)
        painter.drawEllipse(QRectF(x + 0.5, 6, 3, 3))
    painter.setPen(QPen(QColor(255, 255, 255, 150), 1.1))
    painter.drawLine(QPointF(9.6, 7.5), QPointF(12.6, 7.5))
    painter.drawLine(QPointF(15.4, 7.5), QPointF(18.4, 7.5))
    painter.restore()
