"""The stage line: which step each device of a run reached, and what it waits for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.i18n import tr
from app.widgets.painted_marks import draw_bar, draw_site
from app.widgets.painting import Canvas, draw_round, draw_text, text_width
from app.widgets.theme import theme
from app.widgets.timeline_model import STEPS, Row, Step
from app.widgets.words import tip

HEAD = 34
ROW = 46
SITE_WIDTH = 212
ROUND_WIDTH = 292
NARROW_UNDER = 860
_STEP_LOOK = {
    "done": ("ok", "check"),
    "active": ("cyan", "loader"),
    "waiting": ("warn", "hourglass"),
    "failed": ("danger", "x"),
}
_MARK_LOOK = {
    "work": ("info", "activity"),
    "serve": ("info", "circle-play"),
    "waiting": ("warn", "hourglass"),
    "silent": ("warn", "radio"),
    "ended": ("ok", "check"),
    "failed": ("danger", "x"),
    "stopped": ("pink", "square"),
}


class Timeline(Canvas):
    """Draw one line a device; arrow keys walk the lines, each has its sentence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._current = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName(tr("Where each site is"))
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(900, HEAD + ROW * max(1, len(self._rows)))

    def minimumSizeHint(self) -> QSize:
        return QSize(760, HEAD + ROW * max(1, len(self._rows)))

    @property
    def rows(self) -> Sequence[Row]:
        """Return the lines shown."""
        return self._rows

    def set_rows(self, rows: list[Row]) -> None:
        """Show other lines."""
        if rows == self._rows:
            return
        changed_height = len(rows) != len(self._rows)
        self._rows = rows
        if changed_height:
            self.updateGeometry()
        self._describe()
        self.update()

    def _describe(self) -> None:
        if 0 <= self._current < len(self._rows):
            self.setAccessibleDescription(self._rows[self._current].sentence)
        else:
            self.setAccessibleDescription("; ".join(row.sentence for row in self._rows))

    # --- geometry ---
    def _site_width(self) -> float:
        return SITE_WIDTH if self.width() >= NARROW_UNDER else 0.7 * SITE_WIDTH

    def _round_width(self) -> float:
        return ROUND_WIDTH if self.width() >= NARROW_UNDER else 0.7 * ROUND_WIDTH

    def _step_width(self) -> float:
        return (self.width() - self._site_width() - self._round_width()) / len(STEPS)

    def _step_x(self, place: int) -> float:
        return self._site_width() + place * self._step_width()

    # --- input ---
    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is None or not self._rows:
            super().keyPressEvent(event)
            return
        self._current = max(0, min(len(self._rows) - 1, self._current + step))
        self._describe()
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        by_key = event.reason() in {
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
        }
        if by_key and self._current < 0 and self._rows:
            self._current = 0
            self._describe()
        super().focusInEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = int((event.position().y() - HEAD) // ROW)
        self._current = place if 0 <= place < len(self._rows) else -1
        self._describe()
        self.update()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), tip(self._tip(QPointF(event.pos()))), self)
            return True
        return super().event(event)

    def _tip(self, at: QPointF) -> str:
        place = int((at.y() - HEAD) // ROW)
        if at.y() < HEAD or place >= len(self._rows):
            return ""
        row = self._rows[place]
        column = int((at.x() - self._site_width()) // self._step_width())
        if 0 <= column < len(STEPS) and at.x() >= self._site_width():
            return row.steps[column].tip
        return row.sentence

    # --- painting ---
    def draw(self, painter: QPainter) -> None:
        colors = theme()
        heads = [tr("Site"), *(tr(name) for _, name in STEPS), tr("Round")]
        places = [0.0, *(self._step_x(place) for place in range(len(STEPS) + 1))]
        for name, x in zip(heads, places, strict=True):
            rect = QRectF(x, 0, self._site_width(), HEAD - 4)
            draw_text(painter, rect, name, colors.font(500, 12), colors.color("faint"))
        painter.fillRect(QRectF(0, HEAD - 1, self.width(), 1), colors.color("border"))
        for place, row in enumerate(self._rows):
            self._draw_row(painter, HEAD + place * ROW, row, place)

    def _draw_row(self, painter: QPainter, y: float, row: Row, place: int) -> None:
        colors = theme()
        area = QRectF(0, y, self.width(), ROW - 1)
        if row.is_amber:
            painter.fillRect(area, colors.mix("warn", "surface", 0.09 if colors.is_dark else 0.07))
        if place == self._current and self.hasFocus():
            draw_round(painter, area, 4, None, colors.color("focus"))
        if place < len(self._rows) - 1:
            painter.fillRect(QRectF(0, y + ROW - 1, self.width(), 1), colors.color("border"))
        draw_site(painter, 0, y + ROW / 2, row.site.letters, row.site.slot, 26)
        text = QRectF(36, y, self._site_width() - 44, ROW)
        if row.sub:
            text.setBottom(y + ROW / 2 + 3)
            sub = QRectF(36, y + ROW / 2 + 1, self._site_width() - 44, 17)
            draw_text(painter, sub, row.sub, colors.font(400, 11), colors.color("faint"))
        draw_text(painter, text, row.site.name, colors.font(500, 13), colors.color("text"))
        self._draw_lines(painter, y + 17, row)
        for number, step in enumerate(row.steps):
            self._draw_step(painter, self._step_x(number), y, step)
        self._draw_round(painter, self._step_x(len(STEPS)), y, row)

    def _draw_lines(self, painter: QPainter, y: float, row: Row) -> None:
        colors = theme()
        done = [step.state == "done" for step in row.steps] + [row.mark != "pending"]
        for number in range(len(STEPS)):
            start, stop = self._step_x(number) + 19, self._step_x(number + 1) - 3
            passed = done[number] and done[number + 1]
            color = colors.mix("ok", "surface", 0.6) if passed else colors.color("border")
            painter.setPen(QPen(color, 2 if passed else 1.5))
            painter.drawLine(QPointF(start, y), QPointF(stop, y))

    def _draw_step(self, painter: QPainter, x: float, y: float, step: Step) -> None:
        colors = theme()
        _draw_mark(painter, x, y + 9, *_STEP_LOOK.get(step.state, ("", "")))
        if step.caption:
            token = "accent_text" if step.is_link else "muted"
            token = "warn" if step.state == "waiting" else token
            rect = QRectF(x, y + 27, self._step_width() - 6, 16)
            draw_text(painter, rect, step.caption, colors.font(400, 11), colors.color(token))

    def _draw_round(self, painter: QPainter, x: float, y: float, row: Row) -> None:
        colors = theme()
        _draw_mark(painter, x, y + 9, *_MARK_LOOK.get(row.mark, ("", "")))
        token = _MARK_LOOK.get(row.mark, ("faint", ""))[0]
        count = (
            tr("{k} of {n}", k=row.round, n=row.rounds) if row.rounds else (str(row.round or "–"))
        )
        width = self.width() - x - 8
        font = colors.font(500, 12)
        # Room for the last round's number from the first round on: the bar keeps its length.
        longest = tr("{k} of {n}", k=row.rounds, n=row.rounds) if row.rounds else count
        room = min(max(58.0, text_width(longest, font) + 2), width / 2)
        bar = QRectF(x + 26, y + 9, width - 26 - 8 - room, 16)
        draw_bar(painter, bar, row.fraction, colors.color(token))
        label = QRectF(bar.right() + 8, y + 9, room, 16)
        draw_text(painter, label, count, font, colors.color("text"))
        shown = "warn" if row.is_amber else ("danger" if row.mark == "failed" else "muted")
        caption = QRectF(x + 26, y + 27, width - 26, 16)
        draw_text(painter, caption, row.caption, colors.font(400, 11), colors.color(shown))


def _draw_mark(painter: QPainter, x: float, y: float, token: str, icon: str) -> None:
    colors = theme()
    circle = QRectF(x, y, 16, 16)
    if not token:
        draw_round(painter, circle.adjusted(3, 3, -3, -3), 5, None, colors.color("border_strong"))
        return
    draw_round(painter, circle, 8, colors.mix(token, "surface", 0.30 if colors.is_dark else 0.22))
    painter.drawPixmap(QPointF(x + 3, y + 3), colors.pixmap(icon, token, 10))
