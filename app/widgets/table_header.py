"""The header row of tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHeaderView, QWidget

from app.widgets.painting import LEFT, RIGHT, draw_text, text_width
from app.widgets.theme import theme


class Titled(Protocol):
    """What the header knows of a column."""

    title: str
    right: bool

    @property
    def is_sortable(self) -> bool:
        """Return whether a click on the title orders the rows."""
        ...


class Header(QHeaderView):
    """A quiet header; the sorted column carries an arrow."""

    def __init__(self, columns: Sequence[Titled], parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._columns = columns
        self.setFixedHeight(34)
        self.setMinimumSectionSize(24)
        self.setHighlightSections(False)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        column = self._columns[section]
        ordered = self.isSortIndicatorShown() and self.sortIndicatorSection() == section
        inner = QRectF(rect).adjusted(12, 0, -12, 0)
        font = theme().font(500, 12)
        color = theme().color("text" if ordered and column.is_sortable else "faint")
        draw_text(painter, inner, column.title, font, color, RIGHT if column.right else LEFT)
        if ordered and column.is_sortable:
            width = text_width(column.title, font)
            x = inner.right() - width - 18 if column.right else inner.left() + width + 4
            up = self.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
            arrow = theme().pixmap("chevron-up" if up else "chevron-down", "text", 14)
            painter.drawPixmap(int(x), int(inner.center().y() - 7), arrow)
        edge = QRectF(rect.left(), rect.bottom(), rect.width(), 1)
        painter.fillRect(edge, theme().color("border"))
        painter.restore()
