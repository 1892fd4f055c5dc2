"""Texts that were laid out once: finding out where letters go takes longer than painting them."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QStaticText

# More than a page shows: of those painted last so many are kept, and as many of those before.
# Each takes some kB once it is laid out, and a live run paints new ones with every round.
MOST = 200
CENTER_V, CENTER_H = int(Qt.AlignmentFlag.AlignVCenter), int(Qt.AlignmentFlag.AlignHCenter)
RIGHT = int(Qt.AlignmentFlag.AlignRight)
SINGLE = int(Qt.TextFlag.TextSingleLine)
_BROKEN = str.maketrans("", "", "\n\t\r\u2028\u2029")  # what a line of Qt takes in another way


class Line:
    """A text in a font: its width, and its letters' places once it is painted again."""

    __slots__ = ("font", "height", "is_new", "is_plain", "places", "shown", "span", "text", "width")

    def __init__(self, text: str, font: QFont) -> None:
        self.text = text
        self.font = QFont(font)  # a font that is changed afterwards is another one
        self.width = QFontMetricsF(font).horizontalAdvance(text)
        self.shown: tuple[float, Line] | None = None  # the room it had last, and what fits there
        self.is_new = True
        self.is_plain = text == text.translate(_BROKEN)
        self.places = QStaticText()
        self.span = self.height = 0.0  # of the letters as they are painted

    def fitting(self, room: float) -> Line:
        """Return the line as it is cut at its end to fit."""
        if self.width <= room:
            return self
        if self.shown is None or self.shown[0] != room:
            cut = QFontMetricsF(self.font).elidedText(self.text, Qt.TextElideMode.ElideRight, room)
            self.shown = (room, self if cut == self.text else Line(cut, self.font))
        return self.shown[1]

    def draw(self, painter: QPainter, rect: QRectF, align: int) -> None:
        """Paint it with the painter's pen and font, which has to be this line's."""
        if self.is_new or not self.is_plain or not align & CENTER_V:
            # What is painted once, as a counter's number is, need not be kept.
            self.is_new = False
            painter.drawText(rect, align | SINGLE, self.text)
            return
        if not self.height:
            self._place()
        x, y, width, height = rect.x(), rect.y(), rect.width(), rect.height()
        if self.height > height or self.span > width:
            painter.drawText(rect, align | SINGLE, self.text)  # it is painted no further than that
            return
        if align & RIGHT:
            x += width - self.width
        elif align & CENTER_H:
            x += (width - self.width) / 2
        y += (height - self.height) / 2
        painter.drawStaticText(QPointF(x, y), self.places)

    def _place(self) -> None:
        self.places.setTextFormat(Qt.TextFormat.PlainText)
        self.places.setText(self.text)
        self.places.prepare(font=self.font)
        # Where Qt paints a text in a rectangle; a static text's own height is rounded.
        whole = QFontMetricsF(self.font).boundingRect(QRectF(0, 0, 1e6, 1e6), SINGLE, self.text)
        self.span, self.height = whole.width(), whole.height()


_lines: dict[tuple[QFont, str], Line] = {}
_older: dict[tuple[QFont, str], Line] = {}


def line_of(text: str, font: QFont) -> Line:
    """Return a text in a font, from those that were painted before."""
    known = _lines.get((font, text))
    if known is None:
        if len(_lines) >= MOST:
            _older.clear()
            _older.update(_lines)
            _lines.clear()
        known = _older.pop((font, text), None) or Line(text, font)
        _lines[known.font, text] = known
    return known
