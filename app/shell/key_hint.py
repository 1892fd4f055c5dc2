"""A key as it stands on a keyboard."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from app.widgets.painted_marks import CENTER
from app.widgets.painting import Canvas, draw_round, draw_text, text_width
from app.widgets.theme import theme

HEIGHT = 20


class KeyHint(Canvas):
    """One combination of keys."""

    def __init__(self, keys: str) -> None:
        super().__init__()
        self.keys = keys
        self.setAccessibleName(keys)
        self.setFixedSize(math.ceil(key_width(keys)), HEIGHT)

    def draw(self, painter: QPainter) -> None:
        draw_key(painter, self.rect().toRectF(), self.keys)


def key_width(keys: str) -> float:
    """Return how wide a hint is drawn."""
    return max(HEIGHT, text_width(keys, theme().font(500, 11)) + 12)


def draw_key(painter: QPainter, rect: QRectF, keys: str) -> None:
    """Draw a hint into a rectangle."""
    draw_round(painter, rect, 4, theme().color("raised"), theme().color("border_strong"))
    draw_text(painter, rect, keys, theme().font(500, 11), theme().color("muted"), CENTER)
