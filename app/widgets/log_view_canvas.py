"""The body of log views: paints the rows in sight, scrolls, selects, follows, copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

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

from app.i18n import tr, trn
from app.widgets.log_view_file_model import FileModel
from app.widgets.log_view_model import LogModel
from app.widgets.log_view_paint import (
    PLAIN_LEFT,
    ROW,
    TEXT_LEFT,
    RowPainter,
    draw_nothing,
    plain_text,
)
from app.widgets.log_view_ruler import WIDTH as RULER
from app.widgets.log_view_ruler import Ruler
from app.widgets.log_view_store import Line
from app.widgets.theme import theme
from app.widgets.timeline_sites import Site

COPY_LIMIT = 200_000  # rows copied at once; more is saved to a file instead
COPY_AT_ONCE = 2000
# Runs an operation off the window's thread, and gives its result or its error back on it.
Runner = Callable[
    [Callable[[], Any], Callable[[Any], object], Callable[[Exception], object]], object
]
Model = LogModel | FileModel


class LogCanvas(QAbstractScrollArea):
    """Show a model's lines; rows are painted from disk as they come into sight.

    What the lines are and how they are searched is the heirs' business.
    """

    hits_changed = Signal(int, int)  # place of the current hit from 1 (0: none), number of hits
    follow_changed = Signal(bool)
    failed = Signal(object)  # the error of a search
    told = Signal(str)  # something a person should read under the log

    is_plain = False  # whole lines of a file, without columns of their own

    def __init__(self, model: Model, runner: Runner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model: Any = model
        self.sites: Mapping[int, Site] = {}
        self.empty_text = tr("No lines yet. They appear as soon as a job writes one.")
        self._runner = runner
        self._follow = True
        self._wide = 0
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
        self.setAccessibleName(tr("Log"))

    # --- what heirs give ---
    def lines_between(self, first: int, last: int) -> list[Line]:
        """Return the lines shown at the places [first, last)."""
        raise NotImplementedError

    def number(self, place: int) -> int:
        """Return the number that stands before the line at a place."""
        return place + 1

    def plain(self, line: Line) -> str:
        """Return a line as it is copied and read aloud."""
        return plain_text(line, self.sites.get(line.edge_id))

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

    def _after_change(self, top: int) -> None:
        self._fit_bars()
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum() if self._follow else top)
        if not self._ruler_timer.isActive():
            self._ruler_timer.start()
        self.viewport().update()

    def _refresh_ruler(self) -> None:
        self._ruler.set_marks(*self.model.marks(max(1, self._ruler.height() - 4)))

    # --- hits ---
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

    def go_to(self, place: int) -> None:
        """Put the cursor on a place and bring it into sight."""
        self.set_follow(False)
        self.model.select(place, extend=False)
        self._reveal(self.model.cursor)
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
        room = self.viewport().width() - (PLAIN_LEFT if self.is_plain else TEXT_LEFT)
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
            draw_nothing(painter, area, self.empty_text)
            return
        first, top = self._origin()
        last = min(len(self.model), first + self.rows_in_sight() + 2)
        selected = self.model.selected()
        scroll = self.horizontalScrollBar().value()
        rows = RowPainter(painter, area.width(), scroll, is_plain=self.is_plain)
        lines = self.lines_between(first, last)
        for place, line in enumerate(lines, first):
            rows.draw(
                top + (place - first) * ROW,
                self.number(place),
                line,
                self.sites.get(line.edge_id),
                self.model.hits_at(place) if len(self.model.hits) else [],
                selected=place in selected and len(selected) > 1,
                cursor=place == self.model.cursor,
            )
        self._widen(max((len(line.text) for line in lines), default=0))

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
        copy = menu.addAction(trn("Copy line", "Copy {count} lines", max(1, count)), self.copy)
        copy.setEnabled(count > 0)
        menu.addAction(tr("Go to the newest line"), lambda: self.set_follow(True))
        menu.exec(event.globalPos())
        menu.deleteLater()

    # --- reading aloud and copying ---
    def _speak(self) -> None:
        if not 0 <= self.model.cursor < len(self.model):
            return
        (line,) = self.lines_between(self.model.cursor, self.model.cursor + 1)
        self.setAccessibleDescription(self.plain(line))
        QAccessible.updateAccessibility(
            QAccessibleEvent(self, QAccessible.Event.DescriptionChanged)
        )

    def selected_text(self) -> str:
        """Return the selected lines as text."""
        places = self.model.selected()
        return self._text_of(places.start, min(places.stop, places.start + COPY_LIMIT))

    def _text_of(self, first: int, last: int) -> str:
        return "\n".join(self.plain(line) for line in self.lines_between(first, last))

    def copy(self) -> None:
        """Put the selected lines on the clipboard; many are read away from the window's thread."""
        places = self.model.selected()
        count = min(len(places), COPY_LIMIT)
        if not count:
            return
        put = QGuiApplication.clipboard().setText
        if count <= COPY_AT_ONCE:
            put(self.selected_text())
        else:
            work = partial(self._text_of, places.start, places.start + count)
            self._runner(work, put, self.failed.emit)
        if count < len(places):
            self.told.emit(tr("The first {count} selected lines were copied.", count=f"{count:,}"))
