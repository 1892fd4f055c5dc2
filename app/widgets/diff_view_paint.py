"""Painting of a diff's rows."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from app.i18n import tr
from app.widgets.code_view import spans
from app.widgets.decision_words import CALLS
from app.widgets.diff_view_model import ADD, DEL, FILE, GAP, NOTE, DiffLine
from app.widgets.painting import LEFT, RIGHT, draw_round, draw_text, text_width
from app.widgets.theme import theme

ROW = 20
HEAD = 28
TEXT_LEFT = 62.0
_TAG_GAP = 6.0


def height_of(line: DiffLine) -> int:
    """Return how high a row is."""
    return HEAD if line.kind == FILE else ROW


def spoken(line: DiffLine) -> str:
    """Return a row as a screen reader says it."""
    words = {ADD: tr("added"), DEL: tr("removed")}.get(line.kind, "")
    number = line.new if line.new is not None else line.old
    calls = ", ".join(tr(CALLS[kind].word) for kind in line.calls)
    return " ".join(str(part) for part in (words, number, line.text, calls) if part)


class DiffPainter:
    """Draw one row after another with one painter."""

    def __init__(self, painter: QPainter, width: float, scroll: float) -> None:
        self._painter = painter
        self._width = width
        self._scroll = scroll
        self._mono = theme().font(400, 12, mono=True)
        self._metrics = QFontMetricsF(self._mono)

    def draw(self, y: float, line: DiffLine, *, selected: bool) -> None:
        """Draw a row at a height."""
        area = QRectF(0, y, self._width, height_of(line))
        if line.kind == FILE:
            self._head(area, line)
        elif line.kind in (GAP, NOTE):
            self._fold(area, line)
        else:
            self._code(area, line)
        if selected:
            draw_round(self._painter, area.adjusted(1, 0, -1, 0), 3, None, theme().color("focus"))

    def _head(self, area: QRectF, line: DiffLine) -> None:
        painter, look = self._painter, theme()
        painter.fillRect(area, look.color("raised"))
        painter.drawPixmap(QPointF(12, area.top() + 6), look.pixmap("file-code", "muted", 16))
        font = look.font(400, 11)
        note = text_width(line.note, font)
        room = QRectF(36, area.top(), self._width - note - 60, area.height())
        draw_text(painter, room, line.text, look.font(500, 12, mono=True), look.color("text"))
        place = QRectF(0, area.top(), self._width - 12, area.height())
        draw_text(painter, place, line.note, font, look.color("faint"), RIGHT)

    def _fold(self, area: QRectF, line: DiffLine) -> None:
        painter, look = self._painter, theme()
        painter.fillRect(area, look.mix("info", "code_bg", 0.06))
        text = f"⋯ {line.text}" if line.kind == GAP else line.text
        place = area.adjusted(TEXT_LEFT, 0, -12, 0)
        draw_text(painter, place, text, look.font(400, 11), look.color("faint"))

    def _code(self, area: QRectF, line: DiffLine) -> None:
        painter, look = self._painter, theme()
        if line.kind == ADD:
            painter.fillRect(area, look.color("add_bg"))
        elif line.kind == DEL:
            painter.fillRect(area, look.color("del_bg"))
        tok = {ADD: "ok", DEL: "danger"}.get(line.kind, "faint")
        if line.calls:
            painter.fillRect(QRectF(0, area.top(), 3, area.height()), look.color("warn"))
        number = line.old if line.kind == DEL else line.new
        draw_text(painter, QRectF(4, area.top(), 32, ROW), str(number or ""), self._mono,
                  look.color("faint"), RIGHT)  # fmt: skip
        sign = {ADD: "+", DEL: "-"}.get(line.kind, "")
        draw_text(painter, QRectF(42, area.top(), 14, ROW), sign, self._mono, look.color(tok), LEFT)
        tags = self._tags_width(line)
        painter.save()
        painter.setClipRect(QRectF(TEXT_LEFT, area.top(), self._width - TEXT_LEFT - tags, ROW))
        self._text(area.top(), line)
        painter.restore()
        self._tags(area, line)

    def _text(self, top: float, line: DiffLine) -> None:
        painter, look = self._painter, theme()
        text = line.text.expandtabs(4)
        painter.setFont(self._mono)
        step = self._metrics.horizontalAdvance("0")
        left = TEXT_LEFT - self._scroll
        base = top + (ROW + self._metrics.ascent() - self._metrics.descent()) / 2
        at = 0
        for start, end, tok in [*spans(line.path, text), (len(text), len(text), "")]:
            for piece, color, begin in (
                (text[at:start], "text", at), (text[start:end], tok or "text", start)
            ):  # fmt: skip
                if piece:
                    painter.setPen(look.color(color))
                    painter.drawText(QPointF(left + begin * step, base), piece)
            at = end

    def _tags_width(self, line: DiffLine) -> float:
        font = theme().font(500, 11)
        widths = [text_width(tr(CALLS[kind].word), font) + 30 for kind in line.calls]
        return sum(widths) + _TAG_GAP * len(widths) + 8 if widths else 8.0

    def _tags(self, area: QRectF, line: DiffLine) -> None:
        painter, look = self._painter, theme()
        font = look.font(500, 11)
        right = self._width - 8
        for kind in reversed(line.calls):
            call = CALLS[kind]
            word = tr(call.word)
            tok = "warn" if line.is_new_call else "muted"
            width = text_width(word, font) + 30
            box = QRectF(right - width, area.top() + 1, width, ROW - 2)
            fill = look.badge_fill("warn") if line.is_new_call else look.color("raised")
            draw_round(painter, box, 5, fill)
            pixmap = look.pixmap(call.icon, tok, 12)
            painter.drawPixmap(QPointF(box.left() + 6, box.top() + 3), pixmap)
            place = box.adjusted(22, 0, 0, 0)
            draw_text(painter, place, word, font, look.color(tok), Qt.AlignmentFlag.AlignVCenter)
            right -= width + _TAG_GAP
