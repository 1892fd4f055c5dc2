"""Dots that travel along a topology's lines, one for each real change of bytes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPointF, QTimer
from PySide6.QtGui import QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsEllipseItem, QGraphicsItem

from app.widgets.theme import theme

STEP_MS = 33
TRAVEL_MS = 1100.0
MOST = 80  # dots at a time


class Flow(QObject):
    """Move dots while there are any; still otherwise, and always where motion is unwanted."""

    def __init__(self, parent: QObject, layer: Callable[[], QGraphicsItem]) -> None:
        super().__init__(parent)
        self._layer = layer
        self._dots: list[tuple[QGraphicsEllipseItem, QPainterPath, float, float]] = []
        self._timer = QTimer(self, interval=STEP_MS)
        self._timer.timeout.connect(self._step)
        self.is_calm = False

    @property
    def count(self) -> int:
        """Return how many dots travel."""
        return len(self._dots)

    def send(self, path: QPainterPath, upwards: bool) -> None:
        """Let a dot travel from the aggregator to a silo, or upwards."""
        if self.is_calm or len(self._dots) >= MOST:
            return
        dot = QGraphicsEllipseItem(-4, -4, 8, 8, self._layer())
        dot.setBrush(theme().color("info"))
        dot.setPen(QPen(theme().color("surface"), 1.5))
        start = 1.0 if upwards else 0.0
        dot.setPos(path.pointAtPercent(start))
        self._dots.append((dot, path, start, -1.0 if upwards else 1.0))
        self._timer.start()

    def clear(self) -> None:
        """Take all dots away."""
        self._timer.stop()
        for dot, *_ in self._dots:
            _remove(dot)
        self._dots.clear()

    def _step(self) -> None:
        moved = []
        for dot, path, at, direction in self._dots:
            following = at + direction * STEP_MS / TRAVEL_MS
            if 0.0 <= following <= 1.0:
                dot.setPos(QPointF(path.pointAtPercent(following)))
                moved.append((dot, path, following, direction))
            else:
                _remove(dot)
        self._dots = moved
        if not moved:
            self._timer.stop()


def _remove(dot: QGraphicsEllipseItem) -> None:
    scene = dot.scene()
    if scene is not None:
        scene.removeItem(dot)
