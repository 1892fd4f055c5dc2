"""Paint the tray icon: the product's mark, and the state as a shape at its corner."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF

from app.shell.tray_state import TrayState
from app.widgets.logo import draw_logo
from app.widgets.painting import draw_round
from app.widgets.tokens import DARK

SIZES = (16, 22, 24, 32, 48, 64)


def tray_icon(state: TrayState) -> QIcon:
    """Return a state's icon in the sizes that desktops ask for."""
    icon = QIcon()
    for size in SIZES:
        icon.addPixmap(tray_pixmap(state, size))
    return icon


def tray_pixmap(state: TrayState, size: int) -> QPixmap:
    """Return a state's icon in one size."""
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    try:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_logo(painter, size * 0.94 if state.icon else size)
        if state.icon:
            _draw_mark(painter, state, size)
    finally:
        painter.end()
    return pixmap


def _draw_mark(painter: QPainter, state: TrayState, size: int) -> None:
    """Draw the mark as a figure of its own: what differs at 16 pixels is the outline."""
    share = 0.62 if size <= 24 else 0.54
    side = size * share
    rect = QRectF(size - side, size - side, side, side)
    ring = max(1.0, size / 24)
    dark = QColor(DARK["nav"])
    draw_round(painter, rect, side * 0.5, dark)
    inner = rect.adjusted(ring, ring, -ring, -ring)
    draw_round(painter, inner, inner.width() * 0.5, QColor(DARK[state.token]))
    painter.save()
    painter.translate(inner.topLeft())
    painter.scale(inner.width() / 10, inner.height() / 10)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(dark)
    FIGURES[state.icon](painter, dark)
    painter.restore()


# Figures on a field of 10 x 10, bold enough for 16 pixels.
def _play(painter: QPainter, _: QColor) -> None:
    painter.drawPolygon(QPolygonF([QPointF(3.6, 2.2), QPointF(8.2, 5), QPointF(3.6, 7.8)]))


def _alert(painter: QPainter, _: QColor) -> None:
    painter.drawRoundedRect(QRectF(4.1, 1.6, 1.8, 4.6), 0.7, 0.7)
    painter.drawEllipse(QRectF(4.0, 6.8, 2.0, 2.0))


def _pause(painter: QPainter, _: QColor) -> None:
    painter.drawRoundedRect(QRectF(2.9, 2.4, 1.5, 5.2), 0.4, 0.4)
    painter.drawRoundedRect(QRectF(5.6, 2.4, 1.5, 5.2), 0.4, 0.4)


def _cross(painter: QPainter, color: QColor) -> None:
    painter.setPen(QPen(color, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawLine(QPointF(3, 3), QPointF(7, 7))
    painter.drawLine(QPointF(7, 3), QPointF(3, 7))


def _minus(painter: QPainter, _: QColor) -> None:
    painter.drawRoundedRect(QRectF(2.4, 4.2, 5.2, 1.6), 0.5, 0.5)


FIGURES = {"play": _play, "alert": _alert, "pause": _pause, "x": _cross, "minus": _minus}
