"""What lies under a topology's items: dots, and of a crowd also its lines and far-off devices.

Of a crowd it is kept as a picture a little larger than the view: panning moves that picture and
paints only what comes into sight. Two thousand lines and squares painted anew cost a frame each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QRegion, QTransform

from app.widgets.theme import theme
from app.widgets.topology_items import Edges, edge_token, side_of
from app.widgets.topology_model import Node

DOTS = 48  # pixels between the ground's dots
MARGIN = 128  # pixels of the picture beyond each side of the view


def dotted() -> QPixmap:
    """Return the tile of the ground."""
    tile = QPixmap(DOTS, DOTS)
    tile.fill(theme().color("surface"))
    painter = QPainter(tile)
    try:
        painter.setPen(QPen(QColor(theme().color("border")), 1.5))
        painter.drawPoint(DOTS // 2, DOTS // 2)
    finally:
        painter.end()
    return tile


class Ground:
    """A picture of what is still.

    `paint` draws a rectangle of it, in pixels from the scene's origin, at a scale.
    """

    def __init__(self, paint: Callable[[QPainter, QRect, float], None]) -> None:
        self._paint = paint
        self._picture = QPixmap()
        self._area = QRect()  # what the picture shows
        self._scale = 0.0
        self._stale = QRegion()

    def forget(self) -> None:
        """Paint everything anew the next time."""
        self._area = QRect()

    def forget_around(self, room: QRectF) -> None:
        """Paint a part of the scene anew the next time."""
        scaled = QTransform.fromScale(self._scale, self._scale).mapRect(room)
        self._stale += scaled.toAlignedRect().adjusted(-3, -3, 3, 3)

    def draw(self, painter: QPainter, view: QTransform, size: QSize) -> None:
        """Draw what is in sight, in pixels of the view."""
        origin = QPoint(round(view.dx()), round(view.dy()))
        seen = QRect(-origin, size)
        ratio = painter.device().devicePixelRatioF()
        room = QSize(size.width() + 2 * MARGIN, size.height() + 2 * MARGIN)
        is_same = (self._scale, self._area.size()) == (view.m11(), room)
        if not is_same or self._picture.devicePixelRatio() != ratio:
            self._picture = QPixmap(room * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(theme().color("surface"))  # without a see-through part: copied fast
            self._scale, self._area, self._stale = view.m11(), QRect(), QRegion()
        self._move_to(seen, room, ratio)
        self._paint_stale()
        painter.drawPixmap(self._area.topLeft() + origin, self._picture)

    def _move_to(self, seen: QRect, room: QSize, ratio: float) -> None:
        if self._area.contains(seen):
            return
        area = QRect(seen.topLeft() - QPoint(MARGIN, MARGIN), room)
        shift = (self._area.topLeft() - area.topLeft()) * ratio
        if self._area.intersects(area) and float(ratio).is_integer():
            self._picture.scroll(shift.x(), shift.y(), QRect(QPoint(), room * ratio))
            self._stale += QRegion(area) - QRegion(self._area)
        else:
            self._stale = QRegion(area)
        self._area = area

    def _paint_stale(self) -> None:
        stale, self._stale = self._stale & self._area, QRegion()
        if stale.isEmpty():
            return
        # Each part asks for every line: some large ones cost less than many small ones.
        few = stale.rectCount() <= 3
        parts: list[QRect] = [*stale] if few else [stale.boundingRect()]  # type: ignore[misc]
        painter = QPainter(self._picture)
        try:
            painter.translate(-self._area.topLeft())
            for part in parts:
                painter.setClipRect(part)
                self._paint(painter, part, self._scale)
        finally:
            painter.end()


def draw_dots(painter: QPainter, area: QRect, tile: QPixmap) -> None:
    """Draw dots of one size at every scale; a scaled brush would cost ten times as much."""
    painter.drawTiledPixmap(area, tile, QPoint(area.x() % DOTS, area.y() % DOTS))


def draw_lines(painter: QPainter, edges: Edges, scale: float) -> None:
    """Draw all lines."""
    painter.save()
    painter.scale(scale, scale)
    for item in edges.items.values():
        painter.setPen(item.pen())
        painter.drawPath(item.path())
    painter.restore()


class Squares:
    """Devices from afar: a square in the colour of its state, and nothing on it."""

    def __init__(self, nodes: Sequence[Node], places: Mapping[int, tuple[float, float]]) -> None:
        middles = np.array([places[node.key] for node in nodes], np.float64).reshape(-1, 2)
        halves = np.array([[side_of(node) / 2] for node in nodes]).reshape(-1, 1)
        self._rooms = np.hstack((middles - halves, middles + halves))

    def draw(self, painter: QPainter, area: QRect, scale: float, nodes: Sequence[Node]) -> None:
        """Draw the nodes, given in the same order, that touch an area."""
        rooms = self._rooms * scale
        inside = (rooms[:, 2:] >= (area.left() - 2, area.top() - 2)).all(axis=1)
        inside &= (rooms[:, :2] <= (area.right() + 2, area.bottom() + 2)).all(axis=1)
        found = np.flatnonzero(inside)
        outer = np.rint(rooms[found] + (-1, -1, 1, 1)).astype(int)
        inner = np.rint(rooms[found] + (1, 1, -1, -1)).astype(int)
        by_token: dict[str, list[QRect]] = {}
        for place, (left, top, right, bottom) in zip(found.tolist(), outer.tolist(), strict=True):
            by_token.setdefault(edge_token(nodes[place]), []).append(
                QRect(left, top, right - left, bottom - top)
            )
        painter.setPen(Qt.PenStyle.NoPen)
        for token, rects in by_token.items():
            painter.setBrush(theme().color(token))
            painter.drawRects(rects)
        painter.setBrush(theme().color("raised"))
        painter.drawRects([QRect(a, b, c - a, d - b) for a, b, c, d in inner.tolist() if c > a])
