"""Painting of log rows."""

from __future__ import annotations

import time

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from app.widgets.log_view_store import Line
from app.widgets.painted_marks import CENTER
from app.widgets.painting import draw_round, draw_text
from app.widgets.theme import theme
from app.widgets.timeline_sites import Site

ROW = 20
TEXT_LEFT = 322.0
PLAIN_LEFT = 92.0  # where the lines of a file begin, behind their numbers
_NUMBER = QRectF(8, 0, 52, ROW)
_TIME = QRectF(72, 0, 92, ROW)
_SITE = QRectF(176, 2, 24, 16)
_LEVEL = QRectF(210, 0, 60, ROW)
_SOURCE = QRectF(272, 0, 46, ROW)
LOOKS = {  # place in LEVELS: word, token, whether the row is tinted
    0: ("DEBUG", "gray", False),
    1: ("INFO", "info", False),
    2: ("WARN", "warn", False),
    3: ("ERROR", "danger", True),
    4: ("FATAL", "danger", True),
}
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def time_text(at: float) -> str:
    """Return the time of day with milliseconds."""
    return time.strftime("%H:%M:%S", time.localtime(at)) + f".{int(at % 1 * 1000):03d}"


def plain_text(line: Line, site: Site | None) -> str:
    """Return a line as it is copied and saved."""
    name = site.name if site else str(line.edge_id)
    day = time.strftime("%Y-%m-%d ", time.localtime(line.at))
    level = LOOKS[line.level][0]
    return f"{day}{time_text(line.at)}  {name}  {level:<5}  {line.source}  {line.text}"


class RowPainter:
    """Draw one row after another with one painter."""

    def __init__(
        self, painter: QPainter, width: float, scroll: float, *, is_plain: bool = False
    ) -> None:
        self._painter = painter
        self._width = width
        self._scroll = scroll
        self._left = PLAIN_LEFT if is_plain else TEXT_LEFT
        self._number = QRectF(8, 0, 72, ROW) if is_plain else _NUMBER
        self._colors = theme()
        self._mono = theme().font(400, 12, mono=True)
        self._metrics = QFontMetricsF(self._mono)

    def draw(
        self,
        y: float,
        number: int,
        line: Line,
        site: Site | None,
        hits: list[tuple[int, int, bool]],
        *,
        selected: bool,
        cursor: bool,
    ) -> None:
        """Draw a row at a height."""
        painter, colors = self._painter, self._colors
        word, token, tinted = LOOKS[line.level]
        area = QRectF(0, y, self._width, ROW)
        if tinted:
            painter.fillRect(area, colors.mix("danger", "code_bg", 0.17 if colors.is_dark else 0.1))
        if selected:
            painter.fillRect(area, colors.color("selected"))
        if line.level >= 2:
            painter.fillRect(QRectF(1, y, 3, ROW), colors.color(token))
        faint = colors.color("faint")
        self._put(self._number, y, str(number), faint, RIGHT)
        if not line.continued:
            self._put(_TIME, y, time_text(line.at), faint)
            self._put_site(y, site)
            self._put(_LEVEL, y, word, colors.color(token))
            self._put(_SOURCE, y, line.source, faint)
        self._put_text(y, line, hits)
        if cursor:
            draw_round(painter, area.adjusted(0, 0, -1, 0), 2, None, colors.color("focus"))

    def _put(
        self, place: QRectF, y: float, text: str, color: QColor, align: Qt.AlignmentFlag = LEFT
    ) -> None:
        self._painter.setFont(self._mono)
        self._painter.setPen(color)
        self._painter.drawText(place.translated(0, y), int(align), text)

    def _put_site(self, y: float, site: Site | None) -> None:
        colors = self._colors
        rect = _SITE.translated(0, y)
        if site is None:
            return
        draw_round(self._painter, rect, 4, colors.site_fill(site.slot))
        font = colors.font(700, 10)
        draw_text(self._painter, rect, site.letters, font, colors.site_text(site.slot), CENTER)

    def _put_text(self, y: float, line: Line, hits: list[tuple[int, int, bool]]) -> None:
        painter, colors = self._painter, self._colors
        painter.save()
        painter.setClipRect(QRectF(self._left - 4, y, self._width - self._left + 4, ROW))
        text, skipped = self._visible(line.text)
        left = self._left - self._scroll + skipped
        raw = line.text.encode() if hits else b""
        for start, stop, current in hits:
            before = self._metrics.horizontalAdvance(raw[:start].decode(errors="ignore"))
            found = raw[start:stop].decode(errors="ignore")
            width = self._metrics.horizontalAdvance(found)
            rect = QRectF(self._left - self._scroll + before - 1, y + 1, width + 2, ROW - 2)
            fill = colors.color("warn") if current else colors.mix("warn", "code_bg", 0.34)
            draw_round(painter, rect, 3, fill)
        painter.setFont(self._mono)
        painter.setPen(colors.color("muted" if line.level == 0 else "text"))
        rect = QRectF(left, y, 1e6, ROW)
        painter.drawText(rect, int(LEFT | Qt.TextFlag.TextSingleLine), text)
        for start, stop, current in hits:
            if current:
                before = self._metrics.horizontalAdvance(raw[:start].decode(errors="ignore"))
                painter.setPen(colors.color("on_warn"))
                found = raw[start:stop].decode(errors="ignore")
                spot = QRectF(self._left - self._scroll + before, y, 1e6, ROW)
                painter.drawText(spot, int(LEFT | Qt.TextFlag.TextSingleLine), found)
        painter.restore()

    def _visible(self, text: str) -> tuple[str, float]:
        """Return the part of a very long line that can be seen, and the width before it."""
        if len(text) < 600:
            return text, 0.0
        if not text.isascii():
            return text[:4000], 0.0
        char = self._metrics.horizontalAdvance("0")
        first = max(0, int(self._scroll / char) - 2)
        last = first + int(self._width / char) + 8
        return text[first:last], first * char


def draw_nothing(painter: QPainter, area: QRectF, text: str) -> None:
    """Draw one sentence in the middle of an empty log."""
    colors = theme()
    draw_text(painter, area, text, colors.font(400, 13), colors.color("faint"), CENTER)
    painter.drawPixmap(
        QPointF(area.center().x() - 8, area.center().y() - 36),
        colors.pixmap("scroll-text", "faint", 16),
    )
