"""The soft shadow of a dialog: drawn once for a small box, laid around a dialog of any size."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap, QRegion

from app.widgets.painting import draw_round
from app.widgets.theme import theme

_REACH = 24
_DROP = 6
_UNDER = 12  # as far the shadow goes under the dialog, behind its round corners
_CORNER = _REACH + 44  # round in here; along an edge beyond it nothing changes
_BOX = 2 * _CORNER


def draw_shadow(painter: QPainter, inner: QRectF, ratio: float) -> None:
    """Draw the shadow around a dialog's place."""
    drawn = _drawn(theme().is_dark, ratio)
    side = drawn.width() / ratio
    outer = inner.adjusted(-_REACH, -_REACH, _REACH, _REACH + _DROP)
    painter.save()
    painter.setClipRegion(_around(outer, inner), Qt.ClipOperation.IntersectClip)
    rows = ((outer.top(), 0.0), (outer.bottom() - _CORNER, side - _CORNER))
    columns = ((outer.left(), 0.0), (outer.right() - _CORNER, side - _CORNER))
    across = outer.width() - 2 * _CORNER
    down = outer.height() - 2 * _CORNER
    for y, from_y in rows:
        for x, from_x in columns:
            _lay(painter, drawn, QRectF(x, y, _CORNER, _CORNER), (from_x, from_y, _CORNER, _CORNER))
        place = QRectF(outer.left() + _CORNER, y, across, _CORNER)
        _lay(painter, drawn, place, (_CORNER, from_y, 1, _CORNER))
    for x, from_x in columns:
        place = QRectF(x, outer.top() + _CORNER, _CORNER, down)
        _lay(painter, drawn, place, (from_x, _CORNER, _CORNER, 1))
    painter.restore()


def _around(whole: QRectF, inner: QRectF) -> QRegion:
    """Return what a dialog does not cover: filling the rest so often takes longer than all else."""
    hidden = inner.adjusted(_UNDER, _UNDER, -_UNDER, -_UNDER)
    return QRegion(whole.toRect()) - QRegion(hidden.toRect())


def _lay(
    painter: QPainter, drawn: QPixmap, place: QRectF, part: tuple[float, float, float, float]
) -> None:
    if place.width() > 0 and place.height() > 0:
        ratio = drawn.devicePixelRatio()
        painter.drawPixmap(place, drawn, QRectF(*(one * ratio for one in part)))


@lru_cache(maxsize=8)
def _drawn(is_dark: bool, ratio: float) -> QPixmap:
    side = round((_BOX + 2 * _REACH + _DROP) * ratio)
    # So thin a shade needs more than eight bits to be laid over itself.
    drawn = QImage(side, side, QImage.Format.Format_RGBA64_Premultiplied)
    drawn.setDevicePixelRatio(ratio)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    try:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(_REACH, _REACH, _BOX + _DROP, _BOX)
        shade = QColor(0, 0, 0, 5 if is_dark else 2)
        for i in range(_REACH):
            draw_round(painter, box.adjusted(-i, -i + _DROP, i, i), 12 + i, shade)
    finally:
        painter.end()
    return QPixmap.fromImage(drawn)
