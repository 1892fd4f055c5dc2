"""The overview beside a log: where in all its lines hits and errors lie."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from app.i18n import tr
from app.widgets.log_view_store import Ints
from app.widgets.painting import Canvas
from app.widgets.theme import theme

WIDTH = 14


class Ruler(Canvas):
    """Draw one mark a pixel at most; a click goes there."""

    jumped = Signal(float)  # where in the log, 0 to 1

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._hits: Ints = np.empty(0, np.int64)
        self._errors: Ints = np.empty(0, np.int64)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(tr("Overview of hits and errors"))
        theme().changed.connect(self.update)

    def set_marks(self, hits: Ints, errors: Ints) -> None:
        """Show marks at other pixels."""
        if not (np.array_equal(hits, self._hits) and np.array_equal(errors, self._errors)):
            self._hits, self._errors = hits, errors
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.jumped.emit(max(0.0, min(1.0, event.position().y() / max(1, self.height()))))

    def draw(self, painter: QPainter) -> None:
        colors = theme()
        painter.fillRect(self.rect(), colors.color("raised"))
        hit = colors.mix("warn", "raised", 0.75)
        for y in self._hits:
            painter.fillRect(QRectF(3, float(y) + 1, self.width() - 6, 2), hit)
        error = colors.color("danger")
        for y in self._errors:
            painter.fillRect(QRectF(1, float(y) + 1, self.width() - 2, 2), error)
