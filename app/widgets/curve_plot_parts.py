"""Parts of a plot: axes in the theme's ink, a still grid, the tooltip beside the crosshair."""

from __future__ import annotations

from typing import Any, cast

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QWidget

from app.widgets.curve_plot_ticks import Ticks
from app.widgets.painting import RIGHT, Canvas, draw_round, draw_text, text_width
from app.widgets.theme import theme

AXIS_WIDTH = 64
AXIS_HEIGHT = 28


def make_axis(side: str) -> Any:
    """Return an axis with ticks set by hand and a fixed size, so that plots line up."""
    axis = pg.AxisItem(side)
    axis.enableAutoSIPrefix(False)
    if side == "left":
        axis.setWidth(AXIS_WIDTH)
    else:
        axis.setHeight(AXIS_HEIGHT)
    axis.setStyle(tickLength=0 if side == "left" else -4, hideOverlappingLabels=False)
    ink_axis(axis, side)
    return axis


def ink_axis(axis: Any, side: str) -> None:
    """Give an axis the theme's font and colours."""
    colors = theme()
    axis.setStyle(tickFont=colors.font(400, 11), tickTextOffset=8)
    edge = pg.mkPen(colors.color("border_strong"), width=1)
    # A tick of length 0 is still drawn as a dot, and its alpha is not kept: hide it in the card.
    hidden = pg.mkPen(colors.color("surface"), width=1)
    axis.setPen(hidden if side == "left" else edge)
    axis.setTextPen(QPen(colors.color("faint")))


class Grid(QGraphicsItem):
    """Horizontal lines at the ticks, and shaded spans; far cheaper than pyqtgraph's own grid."""

    def __init__(self, view: Any) -> None:
        super().__init__(view)
        self._view = view
        self._ticks: Ticks = []
        self.spans: list[tuple[float, float, QColor]] = []
        self.setZValue(-100)

    def set_ticks(self, ticks: Ticks) -> None:
        """Draw lines at other values."""
        self._ticks = ticks
        self.update()

    def boundingRect(self) -> QRectF:
        return QRectF(self._view.rect())

    def paint(self, painter: QPainter, option: Any, widget: QWidget | None = None) -> None:
        area = self.boundingRect()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for start, stop, color in self.spans:
            left = self._view.mapFromView(QPointF(start, 0)).x()
            right = self._view.mapFromView(QPointF(stop, 0)).x()
            painter.fillRect(QRectF(left, area.top(), max(2.0, right - left), area.height()), color)
        color = theme().color("grid")
        for value, _ in self._ticks:
            y = round(self._view.mapFromView(QPointF(0, value)).y())
            painter.fillRect(QRectF(area.left(), y, area.width(), 1), color)


class CurveTip(Canvas):
    """The card beside the crosshair: where it stands, and the value of each curve there."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._title = ""
        self._rows: list[tuple[QColor, str, str, bool, bool]] = []
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_at(
        self, where: QPointF, title: str, rows: list[tuple[QColor, str, str, bool, bool]]
    ) -> None:
        """Show rows of (colour, name, value, is bold, is missing) beside a point."""
        self._title, self._rows = title, rows
        colors = theme()
        names = max((text_width(row[1], colors.font(600, 12)) for row in rows), default=0.0)
        values = max((text_width(row[2], colors.font(600, 12)) for row in rows), default=0.0)
        width = max(names + values + 60, text_width(title, colors.font(600, 12)) + 28)
        self.resize(int(width) + 1, 36 + 18 * len(rows) + 6)
        parent = cast("QWidget", self.parentWidget())
        x = where.x() + 14
        if x + self.width() > parent.width() - 4:
            x = where.x() - 14 - self.width()
        y = min(where.y() + 8, parent.height() - self.height() - 4)
        self.move(int(max(4, x)), int(max(4, y)))
        self.show()
        self.raise_()
        self.update()

    def draw(self, painter: QPainter) -> None:
        colors = theme()
        area = QRectF(self.rect())
        draw_round(painter, area, 8, colors.color("raised"), colors.color("border_strong"))
        title = QRectF(12, 6, area.width() - 20, 24)
        draw_text(painter, title, self._title, colors.font(600, 12), colors.color("text"))
        y = 32.0
        for color, name, value, bold, missing in self._rows:
            draw_round(painter, QRectF(12, y + 5, 8, 8), 4, color)
            font = colors.font(600 if bold else 400, 12)
            ink = colors.color("text" if bold else "muted")
            draw_text(painter, QRectF(28, y, area.width() - 40, 18), name, font, ink)
            token = "warn" if missing else "text"
            rect = QRectF(28, y, area.width() - 40, 18)
            shown = colors.font(600 if bold else 500, 12)
            draw_text(painter, rect, value, shown, colors.color(token), RIGHT)
            y += 18
