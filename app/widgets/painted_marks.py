"""Painted marks that tables and canvases share: badges, site tags, bars and sparklines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QLinearGradient,
    QPainter,
    QPen,
    QPolygonF,
)

from app.widgets.painting import draw_round, draw_text, text_width
from app.widgets.theme import theme
from app.widgets.tokens import OUTLINED, look

CENTER = Qt.AlignmentFlag.AlignCenter


def badge_width(text: str) -> int:
    """Return the width of a state badge."""
    return math.ceil(text_width(text, theme().font(500, 12)) + 36)


def draw_badge(painter: QPainter, x: float, middle: float, state: str, text: str = "") -> float:
    """Draw a state badge; return its width."""
    shown = look(state)
    word = text or shown.word
    width = badge_width(word)
    rect = QRectF(x, middle - 11, width, 22)
    if state.upper() in OUTLINED:
        draw_round(painter, rect, 11, None, theme().color("border_strong"))
    else:
        draw_round(painter, rect, 11, tag_fill(shown.token))
    painter.drawPixmap(QPointF(x + 8, middle - 7), theme().pixmap(shown.icon, shown.token, 14))
    draw_text(
        painter,
        QRectF(x + 27, middle - 11, width - 27, 22),
        word,
        theme().font(500, 12),
        theme().color(shown.token),
    )
    return width


def tag_fill(token: str) -> QColor:
    """Return the fill of badges and tags in a token's colour."""
    return _tag_fill(theme().name, token)


@lru_cache(maxsize=256)
def _tag_fill(_theme: str, token: str) -> QColor:
    """Mix it once for a theme, which is the one shown."""
    return theme().badge_fill(token)


def draw_site(
    painter: QPainter, x: float, middle: float, letters: str, slot: int, size: float = 24
) -> None:
    """Draw a site's tag: a rounded square with two letters."""
    rect = QRectF(x, middle - size / 2, size, size)
    fill, ink = _site_colors(theme().name, slot)
    draw_round(painter, rect, 6, fill)
    draw_text(painter, rect, letters[:2], theme().font(700, 10 if size < 28 else 12), ink, CENTER)


@lru_cache(maxsize=256)
def _site_colors(_theme: str, slot: int) -> tuple[QColor, QColor]:
    """Return fill and letters' colour of a site in a theme, which is the one shown."""
    return theme().site_fill(slot), theme().site_text(slot)


def draw_bar(
    painter: QPainter, rect: QRectF, share: float, color: QColor, height: float = 6
) -> None:
    """Draw a progress bar in the middle of a rectangle."""
    track = QRectF(rect.left(), rect.center().y() - height / 2, rect.width(), height)
    draw_round(painter, track, height / 2, theme().color("hover"))
    if share > 0:
        track.setWidth(max(height, track.width() * min(1.0, share)))
        draw_round(painter, track, height / 2, color)


def draw_sparkline(
    painter: QPainter,
    rect: QRectF,
    values: Sequence[float | None],
    color: QColor,
    low: float | None = None,
    high: float | None = None,
) -> None:
    """Draw a small curve; None is a gap and stays one."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return
    low = min(known) if low is None else low
    high = max(known) if high is None else high
    span = (high - low) or 1.0
    step = rect.width() / (len(values) - 1)
    piece: list[QPointF] = []
    for i, value in enumerate([*values, None]):
        if value is not None:
            y = rect.bottom() - rect.height() * (value - low) / span
            piece.append(QPointF(rect.left() + i * step, y))
        elif piece:
            _draw_piece(painter, rect, piece, color)
            piece = []


def _draw_piece(painter: QPainter, rect: QRectF, piece: list[QPointF], color: QColor) -> None:
    shade = QLinearGradient(0, rect.top(), 0, rect.bottom())
    top, bottom = QColor(color), QColor(color)
    top.setAlphaF(0.28)
    bottom.setAlphaF(0.02)
    shade.setColorAt(0, top)
    shade.setColorAt(1, bottom)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(shade)
    foot = [QPointF(piece[-1].x(), rect.bottom()), QPointF(piece[0].x(), rect.bottom())]
    painter.drawPolygon(QPolygonF([*piece, *foot]))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(
        QPen(
            color,
            1.5,
            Qt.PenStyle.SolidLine,
            Qt.PenCapStyle.RoundCap,
            Qt.PenJoinStyle.RoundJoin,
        )
    )
    painter.drawPolyline(QPolygonF(piece))
