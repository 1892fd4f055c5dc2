"""Draw Lucide icons into pixmaps, coloured and cached."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from app.resources import icon_names, icon_path


@lru_cache(maxsize=512)
def _source(name: str) -> str:
    path = icon_path(name)
    if not path.is_file():
        path = icon_path("circle-dashed")
    return path.read_text("utf-8")


def read_icons() -> None:
    """Read the files of all icons, on any thread; drawing one is for the window's thread."""
    for name in icon_names():
        _source(name)


@lru_cache(maxsize=2000)
def _shape(name: str, size: int, ratio: float, stroke: float) -> QPixmap:
    """Return an icon in black; setting its drawing takes ten times as long as colouring it."""
    svg = _source(name).replace("currentColor", "#000000")
    svg = svg.replace('stroke-width="2"', f'stroke-width="{stroke}"')
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    try:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, size, size))
    finally:
        painter.end()
    return pixmap


@lru_cache(maxsize=4000)
def draw_icon(name: str, color: str, size: int, ratio: float, stroke: float) -> QPixmap:
    """Return an icon of `size` logical pixels in a colour such as "#FF0000"."""
    pixmap = QPixmap(_shape(name, size, ratio, stroke))
    painter = QPainter(pixmap)
    try:
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        painter.fillRect(pixmap.rect(), QColor(color))
    finally:
        painter.end()
    return pixmap


def stroke_for(size: int) -> float:
    """Return the stroke width that reads best at a size."""
    return 2.0 if size <= 14 else 1.8


def forget_icons() -> None:
    """Empty the cache, after a change of theme."""
    draw_icon.cache_clear()
