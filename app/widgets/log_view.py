"""The log view: paints the rows in sight of any number of lines, finds, follows, copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QContextMenuEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QMenu, QWidget

from app.widgets.log_view_model import LogModel
from app.widgets.log_view_paint import (
    ROW,
    TEXT_LEFT,
    RowPainter,
    draw_nothing,
    plain_text,
)
from app.widgets.log_view_ruler import WIDTH as RULER
from app.widgets.log_view_ruler import Ruler
from app.widgets.log_view_search import Hits, Query, find
from app.widgets.log_view_store import Filter, LogStore
from app.widgets.theme import theme
from app.widgets.timeline_sites import Site

COPY_LIMIT = 200_000  # rows copied at once; more is saved to a file instead
# Runs an operation off the window's thread, and gives its result or its error back on it.
Runner = Callable[
    [Callable[[], Hits], Callable[[Hits], object], Callable[[Exception], object]], object
]


class LogView(QAbstractScrollArea):
    """Show a store's lines; rows are painted from disk as they come into sight."""

    hits_changed = Signal(int, int)  # place of the current hit from 1 (0: none), number of hits
    follow_changed = Signal(bool)
    failed = Signal(object)  # the error of a search

    def __init__(self, store: LogStore, runner: Runner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = LogModel(store)
        self.sites: Mapping[int, Site] = {}
        self.empty_text = "No lines yet. They appear as soon as a job writes one."
        self._store = store
        self._runner = runner
        self._follow = True
        self._wide = 0
        self._busy = False
        self._ruler = Ruler(self)
        self._ruler.jumped.connect(self._on_jumped)
        self._ruler_timer = QTimer(self, singleShot=True, interval=250)
        self._ruler_timer.timeout.connect(self._refresh_ruler)
        self.setFrameShape(self.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setViewportMargins(0, 0, RULER, 0)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.viewport().setCursor(Qt.CursorShape.IBeamCursor)
        self.verticalScrollBar().actionTriggered.connect(lambda _: self._user_scrolled())
        self.verticalScrollBar().valueChanged.connect(lambda _: self.viewport().update())
        self.horizontalScrollBar().valueChanged.connect(lambda _: self.viewport().update())
        theme().changed.connect(self.viewport().update)
        self.setAccessibleName("Log")

    # --- content ---
    @property
    def follow(self) -> bool:
        """Return whether the view stays at the newest line."""
        return self._follow

    def set_follow(self, on: bool) -> None:
        """Stay at the newest line, or where one reads."""
        if on != self._follow:
            self._follow = on
            self.follow_changed.emit(on)
        if on:
            self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    def lines_added(self, position: int) -> None:
        """Show what was added to the store from a position on; keep the place one reads at."""
        top = self.verticalScrollBar().value()
        before = len(self.model)
        self.model.take_in(position)
        if len(self.model) != before:
            self._after_change(top)
        self._search_on()

    def set_filter(self, rule: Filter) -> None:
        """Show other lines."""
        self.model.set_filter(rule)
        self._after_change(self.verticalScrollBar().value())
        if self.model.cursor >= 0:
            self._reveal(self.model.cursor)
        self._tell_hits()

    def _after_change(self, top: int) -> None:
        self._fit_bars()
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum() if self._follow else top)
        if not self._ruler_timer.isActive():
            self._ruler_timer.start()
        self.viewport().update()

    def _refresh_ruler(self) -> None:
        self._ruler.set_marks(*self.model.marks(max(1, self._ruler.height() - 4)))

    # --- search ---
    def set_query(self, query: Query | None) -> None:
        """Look for something else; an unusable expression is told by `failed`."""
        if query is not None and not query.text:
            query = None
        self.model.set_query(query)
        self._tell_hits()
        self._refresh_ruler()
        self._search_on()

    def _search_on(self) -> None:
        """Search the lines that no search has covered, away from the window's thread."""
        query = self.model.query
        if query is None or self._busy or self.model.searched >= len(self._store):
            return
        self._busy = True
        lines = self._store.snapshot()
        operation = partial(find, lines, query, self.model.searched)
        self._runner(
            operation,
            partial(self._on_found, query, len(lines.rows)),
            partial(self._on_failed, query),
        )

    def _on_found(self, query: Query, searched: int, hits: Hits) -> None:
        self._busy = False
        if query is self.model.query:
            self.model.found(hits, searched)
            self._tell_hits()
            self._refresh_ruler()
        self._search_on()

    def _on_failed(self, query: Query, error: Exception) -> None:
        self._busy = False
        if query is self.model.query:
            self.model.set_query(None)
            self.failed.emit(error)
        else:
            self._search_on()

    def next_hit(self, by: int = 1) -> None:
        """Go to the next (1) or previous (-1) hit."""
        place = self.model.step(by, self.verticalScrollBar().value())
        if place < 0:
            return
        self.set_follow(False)
        self.model.select(place, extend=False)
        self._reveal(place)
        self._tell_hits()
        self._speak()

    def _tell_hits(self) -> None:
        self.hits_changed.emit(self.model.current + 1, len(self.model.hits))
        self.viewport().update()

    # --- geometry ---
    def rows_in_sight(self) -> int:
        """Return how many whole rows fit."""
        return max(1, self.viewport().height() // ROW)

    def _fit_bars(self) -> None:
        rows = self.rows_in_sight()
        bar = self.verticalScrollBar()
        bar.setPageStep(rows)
        bar.setSingleStep(3)
        bar.setRange(0, max(0, len(self.model) - rows))
        room = self.viewport().width() - TEXT_LEFT
        across = self.horizontalScrollBar()
        across.setRange(0, max(0, int(self._wide - room)))
        across.setPageStep(int(max(1, room)))
        across.setSingleStep(24)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        area = self.viewport().geometry()
        self._ruler.setGeometry(area.right() + 1, area.top(), RULER, area.height())
        self._fit_bars()
        if self._follow:
            self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())
        self._refresh_ruler()

    def _origin(self) -> tuple[int, float]:
        """Return the first row painted and its height; at the end, the last row is whole."""
        bar = self.verticalScrollBar()
        if bar.maximum() and bar.value() == bar.maximum():
            return bar.value() - 1, self.viewport().height() - (self.rows_in_sight() + 1) * ROW
        return bar.value(), 0.0

    def _reveal(self, place: int) -> None:
        bar = self.verticalScrollBar()
        rows = self.rows_in_sight()
        if not bar.value() <= place < bar.value() + rows:
            bar.setValue(place - rows // 2)
        self.viewport().update()

    def _user_scrolled(self) -> None:
        QTimer.singleShot(0, self, self._follow_if_at_end)

    def _follow_if_at_end(self) -> None:
        bar = self.verticalScrollBar()
        at_end = bar.value() >= bar.maximum()
        if at_end != self._follow:
            self._follow = at_end
            self.follow_changed.emit(at_end)

    # --- painting ---
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint(painter)
        finally:
            painter.end()

    def _paint(self, painter: QPainter) -> None:
        area = QRectF(self.viewport().rect())
        painter.fillRect(area, theme().color("code_bg"))
        if not len(self.model):
            text = self.empty_text if not len(self._store) else "No line passes the filters."
            draw_nothing(painter, area, text)
            return
        first, top = self._origin()
        last = min(len(self.model), first + self.rows_in_sight() + 2)
        selected = self.model.selected()
        rows = RowPainter(painter, area.width(), self.horizontalScrollBar().value())
        lines = self._store.lines(self.model.shown[first:last])
        for place, line in enumerate(lines, first):
            rows.draw(
                top + (place - first) * ROW,
                place + 1,
                line,
                self.sites.get(line.edge_id),
                self.model.hits_at(place) if len(self.model.hits) else [],
                selected=place in selected and len(selected) > 1,
                cursor=place == self.model.cursor,
            )
        self._widen(max(len(line.text) for line in lines))

    def _widen(self, chars: int) -> None:
        width = int(chars * 7.3) + 12
        if width > self._wide:
            self._wide = width
            QTimer.singleShot(0, self, self._fit_bars)

    def _on_jumped(self, share: float) -> None:
        self.set_follow(False)
        place = int(share * len(self.model))
        self.verticalScrollBar().setValue(place - self.rows_in_sight() // 2)
        self._follow_if_at_end()

    # --- input ---
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.model.anchor, self.model.cursor = 0, len(self.model) - 1
            self.viewport().update()
        elif event.matches(QKeySequence.StandardKey.FindNext):
            self.next_hit(1)
        elif event.matches(QKeySequence.StandardKey.FindPrevious):
            self.next_hit(-1)
        elif not self._move(event):
            super().keyPressEvent(event)

    def _move(self, event: QKeyEvent) -> bool:
        rows = self.rows_in_sight()
        cursor = self.model.cursor
        if cursor < 0:
            cursor = self.verticalScrollBar().value()
        place = {
            Qt.Key.Key_Down: cursor + 1,
            Qt.Key.Key_Up: cursor - 1,
            Qt.Key.Key_PageDown: cursor + rows,
            Qt.Key.Key_PageUp: cursor - rows,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(self.model) - 1,
        }.get(Qt.Key(event.key()))
        if place is None or not len(self.model):
            return False
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self.model.select(place, extend=shift)
        self.set_follow(event.key() == Qt.Key.Key_End)
        self._reveal(self.model.cursor)
        self._speak()
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._select_at(event.position().y(), extend=shift)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._select_at(event.position().y(), extend=True)
            self._reveal(self.model.cursor)

    def _select_at(self, y: float, *, extend: bool) -> None:
        first, top = self._origin()
        self.model.select(first + int((y - top) // ROW), extend=extend)
        self.viewport().update()
        self._speak()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        count = len(self.model.selected())
        copy = menu.addAction("Copy line" if count < 2 else f"Copy {count} lines", self.copy)
        copy.setEnabled(count > 0)
        menu.addAction("Go to the newest line", lambda: self.set_follow(True))
        menu.exec(event.globalPos())
        menu.deleteLater()

    # --- reading aloud and copying ---
    def _speak(self) -> None:
        if not 0 <= self.model.cursor < len(self.model):
            return
        line = self._store.line(int(self.model.shown[self.model.cursor]))
        self.setAccessibleDescription(plain_text(line, self.sites.get(line.edge_id)))
        QAccessible.updateAccessibility(
            QAccessibleEvent(self, QAccessible.Event.DescriptionChanged)
        )

    def selected_text(self) -> str:
        """Return the selected lines as text."""
        places = self.model.selected()
        rows = self.model.shown[places.start : min(places.stop, places.start + COPY_LIMIT)]
        lines = self._store.lines(rows)
        return "\n".join(plain_text(line, self.sites.get(line.edge_id)) for line in lines)

    def copy(self) -> None:
        """Put the selected lines on the clipboard."""
        text = self.selected_text()
        if text:
            QGuiApplication.clipboard().setText(text)
