"""The tooltip beside a plot's crosshair."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from app.widgets.painting import RIGHT, Canvas, draw_round, draw_text, text_width
from app.widgets.theme import theme


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
