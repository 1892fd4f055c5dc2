"""A run's events, newest first: time, icon, one sentence."""

from __future__ import annotations

import re

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QToolTip

from agent_core.protocol.states import State
from app.i18n import tr
from app.widgets.event_book import Event, EventBook
from app.widgets.painting import Canvas, draw_round, draw_text
from app.widgets.theme import theme
from app.widgets.timeline_model import clock
from app.widgets.tokens import look
from app.widgets.words import tip
from app.wire_words import said

ROW = 25
_JOINTS = re.compile(r"( — |: )")
TEXT_LEFT = 92
_ICONS = {
    "state": "circle-dot",
    "stage": "shield-check",
    "round": "layers",
    "order": "send",
    "peer": "radio",
    "model": "boxes",
}
_LEVELS = {"info": "info", "ok": "ok", "warn": "warn", "danger": "danger"}


def icon_of(event: Event) -> tuple[str, str]:
    """Return an event's icon and colour token."""
    icon = _ICONS.get(event.kind, "circle-dot")
    if event.level == "danger":
        icon = "circle-x"
    elif event.level == "warn" and event.kind in {"round", "stage", "state"}:
        icon = "hourglass"
    return icon, _LEVELS[event.level]


def words_of(event: Event) -> str:
    """Return an event's sentence in the person's language, with states by their names."""
    words = said(event.text)
    if words == event.text:  # a site, a state, a cause: each says itself
        words = "".join(said(part) for part in _JOINTS.split(words))
    for state in State:
        if state.value in words:
            words = words.replace(state.value, look(state.value).word)
    return words


class EventRows(Canvas):
    """Paint the events in sight; arrow keys walk them."""

    def __init__(self) -> None:
        super().__init__()
        self._book = EventBook()
        self._shown = 0  # events when the list was last set
        self._current = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Events"))
        theme().changed.connect(self.update)

    def set_events(self, book: EventBook) -> None:
        """Show the events that a book has now, the newest first."""
        self._book, self._shown = book, len(book)
        self.setFixedHeight(max(ROW, ROW * self._shown))
        newest = words_of(book.newest(0)) if self._shown else tr("none yet")
        self.setAccessibleDescription(
            tr("{count} events, the newest: {newest}", count=self._shown, newest=newest)
        )
        self.update()

    @property
    def shown(self) -> int:
        """Return how many events are shown."""
        return self._shown

    def event_at(self, place: int) -> Event:
        """Return the event of a row; what came since the list was set is not counted."""
        return self._book.newest(place + len(self._book) - self._shown)

    def sizeHint(self) -> QSize:
        return QSize(320, max(ROW, ROW * self._shown))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is None or not self._shown:
            super().keyPressEvent(event)
            return
        self._choose(max(0, min(self._shown - 1, self._current + step)))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = int(event.position().y() // ROW)
        if place < self._shown:
            self._choose(place)
            self._tell(event.globalPosition().toPoint(), place)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            self._tell(event.globalPos(), int(event.pos().y() // ROW))
            return True
        return super().event(event)

    def _tell(self, at: QPoint, place: int) -> None:
        text = words_of(self.event_at(place)) if 0 <= place < self._shown else ""
        QToolTip.showText(at, tip(text), self)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def _choose(self, place: int) -> None:
        self._current = place
        one = self.event_at(place)
        self.setAccessibleDescription(f"{clock(one.at)} {words_of(one)}")
        view = self.parentWidget()
        area = view.parentWidget() if view is not None else None
        if isinstance(area, QScrollArea):
            area.ensureVisible(0, place * ROW + ROW // 2, 0, ROW)
        self.update()

    def draw(self, painter: QPainter) -> None:
        colors = theme()
        sight = self.visibleRegion().boundingRect()
        first = max(0, sight.top() // ROW)
        last = min(self._shown, sight.bottom() // ROW + 1)
        if not self._shown:
            whole = QRectF(0, 0, self.width(), ROW)
            none = tr("Nothing has happened yet.")
            draw_text(painter, whole, none, colors.font(400, 12), colors.color("faint"))
        for place in range(first, last):
            one = self.event_at(place)
            y = float(place * ROW)
            time = QRectF(0, y, 62, ROW)
            draw_text(painter, time, clock(one.at), colors.font(400, 12), colors.color("faint"))
            icon, token = icon_of(one)
            painter.drawPixmap(QPointF(66, y + 5), colors.pixmap(icon, token, 14))
            text = QRectF(TEXT_LEFT, y, self.width() - TEXT_LEFT, ROW)
            draw_text(painter, text, words_of(one), colors.font(400, 12), colors.color("muted"))
            if place == self._current and self.hasFocus():
                area = QRectF(0, y, self.width(), ROW)
                draw_round(painter, area, 4, None, colors.color("focus"))


class EventList(QScrollArea):
    """Scroll through a run's events."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = EventRows()
        self.rows.setObjectName("scrolled")
        self.setFrameShape(self.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(self.rows)
        self.viewport().setAutoFillBackground(False)
        self.setMinimumHeight(3 * ROW)

    def set_events(self, book: EventBook) -> None:
        """Show a book's events; where one reads further down, the place is kept."""
        bar = self.verticalScrollBar()
        added = len(book) - self.rows.shown
        keep = bar.value() + ROW * added if bar.value() > 0 else 0
        self.rows.set_events(book)
        if keep:
            bar.setValue(keep)
