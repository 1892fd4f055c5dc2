"""The command palette: pages, actions and found things, from one line over the window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QFrame, QLineEdit, QWidget

from app.context import AppContext
from app.i18n import tr
from app.shell.commands import Command
from app.shell.palette_list import PaletteList
from app.shell.palette_rank import rank, recent_first
from app.shell.palette_search import PaletteSearch
from app.shell.window_memory import WindowMemory
from app.slices import TURN_MS
from app.widgets.labels import Label
from app.widgets.layouts import box, column, row, rule
from app.widgets.painting import Canvas
from app.widgets.theme import theme

WIDTH, HEIGHT, TOP = 640, 460, 72
PER_SECTION = 8
STEPS = {
    Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Tab: 1, Qt.Key.Key_Backtab: -1,
    Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8,
}  # fmt: skip


class Palette(Canvas):
    """A veil over the window with a search line and what it finds."""

    closed = Signal()

    def __init__(
        self,
        window: QWidget,
        context: AppContext,
        memory: WindowMemory,
        offered: Callable[[], list[Command]],
        navigate: Callable[..., object],
    ) -> None:
        super().__init__(window)
        self._memory = memory
        self._offered = offered
        self._before: QWidget | None = None
        self._kind = ""
        self._then: Callable[[Command], object] | None = None
        self.search = PaletteSearch(context, navigate, self)
        self.search.changed.connect(self._fill)
        self.line = QLineEdit()
        self.line.setObjectName("paletteline")
        self.line.setFont(theme().font(400, 15))
        self.line.setMaxLength(200)
        self.line.setAccessibleName(tr("Search or run a command"))
        self.line.textChanged.connect(self._type)
        self.line.installEventFilter(self)
        self.list = PaletteList()
        self.list.clicked.connect(lambda _: self.run())
        self.empty = Label("", "body", "faint", wrap=True)
        self.told = Label("", "caption", "faint")
        hints = tr("Up and Down choose · Enter opens · Esc closes")
        foot = box(row(self.told, None, Label(hints, "caption", "faint"),
                       margins=(14, 8, 14, 8)), "dialogfoot")  # fmt: skip
        self.card = QFrame(self)
        self.card.setObjectName("dialog")
        self.card.setLayout(
            column(
                row((self.line, 1), margins=(10, 8, 10, 8)), rule(),
                row((self.empty, 1), margins=(20, 0, 20, 0)), (self.list, 1), foot,
                gap=0, margins=1,
            )
        )  # fmt: skip
        self._first_fill = QTimer(self, interval=TURN_MS, singleShot=True)
        self._first_fill.timeout.connect(self._fill_first)
        self.hide()
        window.installEventFilter(self)

    def open(
        self, kind: str = "", hint: str = "", then: Callable[[Command], object] | None = None
    ) -> None:
        """Show it; with `kind` only found things of that kind, handed to `then`."""
        self._kind, self._then = kind, then
        if not self.isVisible():
            self._before = self.window().focusWidget()
        self.line.setPlaceholderText(hint or tr("Search or run a command"))
        self.line.clear()
        self.search.refresh()
        self._place()
        self.show()
        self.raise_()
        self.line.setFocus()
        self._first_fill.start()  # the window below is painted anew before

    def leave(self) -> None:
        """Close, and give the keyboard back."""
        if not self.isVisible():
            return
        self.hide()
        if self._before is not None:
            try:
                self._before.setFocus()
            except RuntimeError:
                pass  # that widget is gone
            self._before = None
        self.closed.emit()

    @property
    def is_filling(self) -> bool:
        """Return whether what is offered comes in the next turn."""
        return self._first_fill.isActive()

    def _fill_first(self) -> None:
        self._first_fill.stop()
        self._fill(keep=False)
        self.list.scrollToTop()

    def run(self) -> None:
        """Do what is chosen."""
        if self.is_filling:
            self._fill_first()
        chosen = self.list.chosen()
        if chosen is None:
            return
        then = self._then
        self.leave()
        if then is not None:
            then(chosen)
            return
        self._memory.add_recent(chosen.key)
        chosen.run()

    def _type(self, text: str) -> None:
        self._first_fill.stop()
        self.search.look_for(text)
        self._fill(keep=False)

    def _fill(self, keep: bool = True) -> None:
        if not self.isVisible():
            return
        text = self.line.text().strip()
        chosen = self.list.chosen()
        lines = self._lines(text)
        self.list.show_lines(lines, chosen.key if keep and chosen else "")
        self.list.setVisible(bool(lines))
        self.empty.setVisible(not lines)
        if not lines:
            self.empty.setText(
                tr("Looking…") if self.search.is_asking
                else tr("Nothing is called “{text}”. A run is found by its number, too.", text=text)
            )  # fmt: skip
        self.told.setText(tr("Asking the hub…") if self.search.is_asking else "")

    def _lines(self, text: str) -> list[str | Command]:
        found = self.search.commands()
        if self._kind:
            of_kind = [one for one in found if one.key.startswith(f"{self._kind}.")]
            return list(rank(of_kind, text, self._memory.recent()))
        offered, recent = self._offered(), self._memory.recent()
        if text:
            return _sections(rank([*offered, *found], text, recent), PER_SECTION)
        last = recent_first([*offered, *found], recent)
        shown = {one.key for one in last}
        rest = [one for one in offered if one.key not in shown]
        lines: list[str | Command] = [tr("Recent"), *last] if last else []
        return lines + _sections(rest, 99)

    # --- the keyboard and the window ---
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.line and isinstance(event, QKeyEvent):
            return event.type() == QEvent.Type.KeyPress and self._key(event)
        if watched is self.parent() and event.type() == QEvent.Type.Resize and self.isVisible():
            QTimer.singleShot(0, self, self._place)
        return False

    def _key(self, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Escape:
            self.leave()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.run()
        elif key in STEPS:
            if self.is_filling:
                self._fill_first()
            self.list.step(STEPS[key])
        else:
            return False
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.card.geometry().contains(event.position().toPoint()):
            self.leave()

    def _place(self) -> None:
        window = self.parentWidget()
        if window is None:
            return
        self.setGeometry(window.rect())
        width = min(WIDTH, self.width() - 32)
        height = min(HEIGHT, self.height() - 2 * 24)
        top = min(TOP, max(24, (self.height() - height) // 2))
        self.card.setGeometry((self.width() - width) // 2, top, width, height)

    def draw(self, painter: QPainter) -> None:
        dim = theme().color("scrim", 0.62 if theme().is_dark else 0.42)
        painter.fillRect(QRectF(self.rect()), dim)


def _sections(commands: list[Command], most: int) -> list[str | Command]:
    """Return commands under their sections' captions, each section at its best line's place."""
    groups: dict[str, list[Command]] = {}
    for one in commands:
        groups.setdefault(one.section, []).append(one)
    lines: list[str | Command] = []
    for section, found in groups.items():
        lines += [tr(section), *found[:most]]
    return lines
