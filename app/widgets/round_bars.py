"""Bars of how long each round took, with the round's deadline."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.i18n import tr
from app.widgets.curve_plot_ticks import nice_step
from app.widgets.layouts import row
from app.widgets.painted_marks import CENTER
from app.widgets.painting import RIGHT, Canvas, draw_round, draw_text, text_width
from app.widgets.round_book import RoundBook
from app.widgets.theme import theme
from app.widgets.timeline_model import short_time

LEFT_EDGE = 50
FOOT = 26


class Bar(NamedTuple):
    """One bar: the rounds from `first` on that share it, the longest of them, why it closed."""

    first: int
    seconds: float
    is_late: bool


class RoundBars(Canvas):
    """Draw one bar a round: closed by all, closed by the deadline, running, or still to come."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rounds = RoundBook()
        self._seen = -1  # how often they had been added to when they were looked at last
        self._late = 0
        self._bars: list[Bar] = []
        self._longest = 0.0
        self._shared = 1  # rounds in one bar
        self._planned = 0
        self._deadline = 0.0
        self._running: tuple[int, float] | None = None
        self.setMinimumHeight(130)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Round time"))
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(500, 220)

    def set_rounds(
        self,
        rounds: RoundBook,
        planned: int | None,
        deadline_s: float,
        running: tuple[int, float] | None,
    ) -> None:
        """Show closed rounds, and the running one with its seconds so far."""
        grew = rounds is not self._rounds or rounds.changes != self._seen
        self._rounds, self._seen, self._running = rounds, rounds.changes, running
        self._planned, self._deadline = planned or 0, deadline_s
        if grew:
            self._longest = float(rounds.seconds.max(initial=0.0))
            self._late = int(rounds.late.sum())
        if grew or self._shared != self._sharing():
            self._join()
        closed, late = len(rounds), self._late
        self.setAccessibleDescription(
            tr("{closed} rounds closed, {late} of them by the deadline", closed=closed, late=late)
        )
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Join rounds anew where another number of them fits."""
        super().resizeEvent(event)
        self._join()

    # --- geometry ---
    def _sharing(self) -> int:
        """Return how many rounds share a bar, so that no bar is thinner than two pixels."""
        return max(1, math.ceil(max(self._last(), 10) * 2 / max(1, self.width() - LEFT_EDGE)))

    def _join(self) -> None:
        self._shared = self._sharing()
        if not len(self._rounds):
            self._bars = []
            return
        firsts = (self._rounds.numbers - 1) // self._shared * self._shared + 1
        starts = np.flatnonzero(np.diff(firsts, prepend=firsts[0] - 1))
        longest = np.maximum.reduceat(self._rounds.seconds, starts)
        late = np.logical_or.reduceat(self._rounds.late, starts)
        bars = zip(firsts[starts].tolist(), longest.tolist(), late.tolist(), strict=True)
        self._bars = [Bar(*one) for one in bars]

    def _last(self) -> int:
        now = self._running[0] if self._running else 0
        return max(self._planned, self._rounds.last, now, 1)

    def _slot(self) -> float:
        return (self.width() - LEFT_EDGE) / max(self._last(), 10)

    def _top(self) -> float:
        longest = self._longest
        if self._running:
            longest = max(longest, self._running[1])
        # A deadline far above all rounds would flatten them; it is then told in words.
        if self._shows_deadline(longest):
            longest = max(longest, self._deadline)
        return max(longest, 0.1) * 1.12

    def _shows_deadline(self, longest: float) -> bool:
        return 0 < self._deadline <= 4 * max(longest, 0.001)

    # --- input ---
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tip(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def _tip(self, at: QPointF) -> str:
        number = int((at.x() - LEFT_EDGE) // self._slot()) + 1
        one = self._rounds.find(number)
        if one is not None:
            how = tr("by the deadline") if one.is_late else tr("by all")
            return tr(
                "Round {number}: {seconds}, {answered} of {asked}, closed {how}",
                number=number,
                seconds=short_time(one.seconds),
                answered=one.answered,
                asked=one.asked,
                how=how,
            )
        if self._running and self._running[0] == number:
            return tr(
                "Round {number}: {short_time} so far",
                number=number,
                short_time=short_time(self._running[1]),
            )
        return ""

    # --- painting ---
    def draw(self, painter: QPainter) -> None:
        colors = theme()
        if not len(self._rounds) and not self._running:
            whole = QRectF(0, 0, self.width(), self.height() - FOOT)
            text = tr("The first bar appears when round 1 begins.")
            draw_text(painter, whole, text, colors.font(400, 12), colors.color("faint"), CENTER)
            return
        top, height = self._top(), self.height() - FOOT - 6
        step = nice_step(top, 2) if top < 600 else 60 * nice_step(top / 60, 2)
        value = 0.0
        while value <= top:
            y = 6 + height * (1 - value / top)
            painter.fillRect(QRectF(LEFT_EDGE - 6, round(y), self.width(), 1), colors.color("grid"))
            label = QRectF(0, y - 9, LEFT_EDGE - 14, 18)
            text = f"{value:g} s" if top < 600 else tr("{value:g} min", value=value / 60)
            draw_text(painter, label, text, colors.font(400, 11), colors.color("faint"), RIGHT)
            value += step
        self._draw_bars(painter, top, height)
        self._draw_deadline(painter, top, height)
        self._draw_numbers(painter, height)

    def _draw_bars(self, painter: QPainter, top: float, height: float) -> None:
        colors = theme()
        slot = self._slot() * self._shared
        width = max(1.0, slot - (2.5 if slot > 6 else 0.5))
        calm = colors.mix("info", "surface", 0.6 if colors.is_dark else 0.55)
        late, now = colors.color("warn"), colors.color("info")
        for bar in self._bars:
            self._bar(painter, bar, top, height, width, late if bar.is_late else calm)
        drawn = {bar.first for bar in self._bars}
        if self._running:
            number, seconds = self._running
            first = (number - 1) // self._shared * self._shared + 1
            drawn.add(first)
            self._bar(painter, Bar(first, seconds, False), top, height, width, now)
        for first in range(1, self._planned + 1, self._shared):
            if first not in drawn:
                x = LEFT_EDGE + (first - 1) * self._slot()
                rect = QRectF(x, 6 + height - 5, width, 5)
                draw_round(painter, rect, 2 if width > 5 else 0, colors.color("hover"))

    def _bar(
        self, painter: QPainter, bar: Bar, top: float, height: float, width: float, color: QColor
    ) -> None:
        tall = max(2.0, height * min(1.0, bar.seconds / top))
        left = LEFT_EDGE + (bar.first - 1) * self._slot()
        rect = QRectF(left, 6 + height - tall, width, tall)
        draw_round(painter, rect, 2 if width > 5 else 0, color)

    def _draw_deadline(self, painter: QPainter, top: float, height: float) -> None:
        colors = theme()
        longest = top / 1.12
        if not self._shows_deadline(longest) or self._deadline > top:
            return
        y = 6 + height * (1 - self._deadline / top)
        painter.setPen(QPen(colors.color("warn"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(LEFT_EDGE - 6, y), QPointF(self.width(), y))
        seconds = self._deadline
        shown = f"{seconds:g} s" if seconds <= 120 else short_time(seconds)
        text = tr("round deadline {shown}", shown=shown)
        rect = QRectF(LEFT_EDGE, y - 18, self.width() - LEFT_EDGE, 16)
        draw_text(painter, rect, text, colors.font(400, 11), colors.color("warn"), RIGHT)

    def _draw_numbers(self, painter: QPainter, height: float) -> None:
        colors = theme()
        last = max(self._last(), 10)
        stride = max(1, round(nice_step(last, 5)))
        slot = self._slot()
        for number in [1, *range(stride, last + 1, stride)]:
            middle = LEFT_EDGE + (number - 0.5) * slot
            rect = QRectF(middle - 20, height + 10, 40, 16)
            if rect.right() > self.width() + 8:
                rect.moveRight(self.width())
            draw_text(
                painter,
                rect,
                str(number),
                colors.font(400, 11),
                colors.color("faint"),
                Qt.AlignmentFlag.AlignCenter,
            )


class _Key(Canvas):
    """One entry of the legend."""

    def __init__(self, text: str, token: str, share: float) -> None:
        super().__init__()
        self._text, self._token, self._share = text, token, share
        self.setFixedSize(math.ceil(text_width(text, theme().font(400, 12))) + 18, 20)
        theme().changed.connect(self.update)

    def draw(self, painter: QPainter) -> None:
        colors = theme()
        color = colors.mix(self._token, "surface", self._share)
        draw_round(painter, QRectF(0, 6, 8, 8), 2, color)
        rect = QRectF(14, 0, self.width() - 14, 20)
        draw_text(painter, rect, self._text, colors.font(400, 12), colors.color("muted"))


def legend() -> QWidget:
    """Return what the bars' colours mean."""
    widget = QWidget()
    keys = (
        (tr("all sites in"), "info", 0.6),
        (tr("closed by deadline"), "warn", 1.0),
        (tr("now"), "info", 1.0),
    )
    widget.setLayout(row(*(_Key(*key) for key in keys), gap=12))
    return widget
