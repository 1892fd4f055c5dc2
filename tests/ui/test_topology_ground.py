"""The ground under a crowd: panning moves its picture, and only what is new is painted."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, QSize
from PySide6.QtGui import QColor, QImage, QPainter, QTransform
from PySide6.QtWidgets import QApplication

from app.widgets.topology_ground import MARGIN, Ground

SIZE = QSize(300, 200)
BLOCK = 20


class Painted:
    """Paints blocks whose colour tells where they are, and remembers where it painted."""

    def __init__(self) -> None:
        self.areas: list[QRect] = []
        self.shade = 0

    def __call__(self, painter: QPainter, area: QRect, scale: float) -> None:
        self.areas.append(area)
        for x in range(area.left() // BLOCK, area.right() // BLOCK + 1):
            for y in range(area.top() // BLOCK, area.bottom() // BLOCK + 1):
                painter.fillRect(QRect(x * BLOCK, y * BLOCK, BLOCK, BLOCK), self.color(x, y))

    def color(self, x: int, y: int) -> QColor:
        return QColor(x * 37 % 256, y * 53 % 256, self.shade)

    def at(self, place: QPoint) -> QColor:
        return self.color(place.x() // BLOCK, place.y() // BLOCK)


def seen(ground: Ground, moved: QPoint, scale: float = 1.0) -> QImage:
    image = QImage(SIZE, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    ground.draw(painter, QTransform(scale, 0, 0, scale, moved.x(), moved.y()), SIZE)
    painter.end()
    return image


def is_right(image: QImage, painted: Painted, moved: QPoint) -> bool:
    places = [QPoint(x, y) for x in range(0, 300, 7) for y in range(0, 200, 7)]
    return all(image.pixelColor(place) == painted.at(place - moved) for place in places)


def test_panning_paints_only_what_comes_into_sight(themed: QApplication) -> None:
    painted = Painted()
    ground = Ground(painted)
    whole = (SIZE.width() + 2 * MARGIN) * (SIZE.height() + 2 * MARGIN)
    moved = QPoint(0, 0)
    assert is_right(seen(ground, moved), painted, moved)
    assert sum(area.width() * area.height() for area in painted.areas) == whole
    for step in [QPoint(9, 3)] * 40 + [QPoint(-11, 8)] * 60 + [QPoint(3, -9)] * 50:
        painted.areas.clear()
        moved += step
        assert is_right(seen(ground, moved), painted, moved)
        assert sum(area.width() * area.height() for area in painted.areas) < 0.6 * whole
    painted.areas.clear()
    moved += QPoint(5000, 0)
    assert is_right(seen(ground, moved), painted, moved)
    assert len(painted.areas) == 1


def test_what_changed_is_painted_anew_and_nothing_else(themed: QApplication) -> None:
    painted = Painted()
    ground = Ground(painted)
    seen(ground, QPoint())
    painted.areas.clear()
    painted.shade = 200
    ground.forget_around(QRectF(40, 40, 20, 20))
    image = seen(ground, QPoint())
    assert image.pixelColor(50, 50).blue() == 200
    assert image.pixelColor(150, 150).blue() == 0
    ground.forget()
    assert seen(ground, QPoint()).pixelColor(150, 150).blue() == 200
    painted.shade = 100
    assert seen(ground, QPoint()).pixelColor(150, 150).blue() == 200
    assert seen(ground, QPoint(), 2.0).pixelColor(150, 150).blue() == 100
