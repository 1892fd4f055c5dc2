"""Painted parts: the base of small canvases, texts and rounded boxes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QWidget

from app.widgets.painted_text import line_of

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
# Asking an enumeration anew takes as long as a brush stroke.
_HINTS = (
    QPainter.RenderHint.Antialiasing
    | QPainter.RenderHint.TextAntialiasing
    | QPainter.RenderHint.SmoothPixmapTransform
)
_NO_FILL, _NO_EDGE = Qt.BrushStyle.NoBrush, Qt.PenStyle.NoPen


class Canvas(QWidget):
    """A widget that draws itself in `draw`; the painter always ends, even after an error."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHints(_HINTS)
            self.draw(painter)
        finally:
            painter.end()

    def draw(self, painter: QPainter) -> None:
        """Draw the widget; its colours come from the theme at this moment."""
        raise NotImplementedError


def text_width(text: str, font: QFont) -> float:
    """Return how wide a text is."""
    return line_of(text, font).width


_cuts: list[list[str]] = []


@contextmanager
def noting_cuts() -> Iterator[list[str]]:
    """Give the list that takes the whole of every text that is drawn cut meanwhile."""
    found: list[str] = []
    _cuts.append(found)
    try:
        yield found
    finally:
        _cuts.remove(found)


def note_cut(text: str) -> None:
    """Tell who wants to know that a text has no room."""
    for found in _cuts:
        found.append(text)


def draw_text(
    painter: QPainter,
    rect: QRectF,
    text: str,
    font: QFont,
    color: QColor,
    align: Qt.AlignmentFlag = LEFT,
) -> None:
    """Draw one line of plain text, elided at the end where it does not fit."""
    painter.setFont(font)
    painter.setPen(color)
    line = line_of(text, font)
    shown = line.fitting(rect.width() + 0.5)
    if shown is not line:
        note_cut(text)
    shown.draw(painter, rect, align.value)


def draw_round(
    painter: QPainter,
    rect: QRectF,
    radius: float,
    fill: QColor | None = None,
    edge: QColor | None = None,
) -> None:
    """Draw a rectangle with round corners."""
    painter.setBrush(fill if fill is not None else _NO_FILL)
    if edge is None:
        painter.setPen(_NO_EDGE)
        painter.drawRoundedRect(rect, radius, radius)
    else:
        painter.setPen(QPen(edge, 1.0))
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
