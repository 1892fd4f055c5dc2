"""All curves of a plot as one item: their paths are kept until points or view change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QWidget

from app.widgets.curve_plot_column import Floats


class Drawn(NamedTuple):
    """One line as it is drawn: its points in the view's coordinates, its pen."""

    x: Floats
    y: Floats
    pen: QPen


class Bundle(QGraphicsItem):
    """Draw many lines with one item; an item a line costs more than its drawing."""

    def __init__(self, view: Any) -> None:
        super().__init__(view)
        self._view = view
        self._lines: list[Drawn] = []
        self._paths: list[QPainterPath] = []
        self._frame: tuple[float, ...] = ()
        self._is_smooth = True
        self.setZValue(10)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemClipsToShape)

    def set_lines(self, lines: Sequence[Drawn], *, smooth: bool) -> None:
        """Draw other lines, in this order; smooth ones cost much more."""
        self._lines = list(lines)
        self._is_smooth = smooth
        self._frame = ()
        self.update()

    def boundingRect(self) -> QRectF:
        return QRectF(self._view.rect())

    def _make_paths(self) -> None:
        """Lay the points into pixels by hand: quicker than letting the painter transform them."""
        area = self.boundingRect()
        (left, right), (low, high) = self._view.viewRange()
        frame = (left, right, low, high, area.width(), area.height())
        if frame == self._frame:
            return
        self._frame = frame
        across = area.width() / ((right - left) or 1.0)
        up = area.height() / ((high - low) or 1.0)
        # Far beyond the view Qt's painter slows down; a line leaves the picture all the same.
        far = 4.0 * max(area.width(), area.height(), 1.0)
        self._paths = []
        for line in self._lines:
            x = area.left() + (line.x - left) * across
            y = np.clip(area.bottom() - (line.y - low) * up, -far, far)
            self._paths.append(pg.arrayToQPath(x, y, connect="finite"))

    def paint(self, painter: QPainter, option: Any, widget: QWidget | None = None) -> None:
        self._make_paths()
        painter.setClipRect(self.boundingRect())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self._is_smooth)
        for line, path in zip(self._lines, self._paths, strict=True):
            painter.setPen(line.pen)
            painter.drawPath(path)
