"""The diff view: changed files one under another, painted as they come into sight."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame

from app.i18n import tr
from app.widgets.diff_view_model import ADD, DEL, FILE, GAP, DiffLine, DiffLines, build
from app.widgets.diff_view_paint import ROW, TEXT_LEFT, DiffPainter, height_of, spoken
from app.widgets.theme import theme


class DiffView(QAbstractScrollArea):
    """Show files' changes; `unfolded` asks for a whole file, `reached` tells the file in sight."""

    unfolded = Signal(str)
    reached = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Code"))
        self.model = DiffLines()
        self._tops: list[int] = [0]
        self._cursor = -1
        self._at = ""
        self.viewport().setCursor(Qt.CursorShape.IBeamCursor)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        theme().changed.connect(self.viewport().update)

    # --- content ---
    def show_files(
        self, files: Sequence[dict[str, Any]], risks: Sequence[dict[str, Any]], *, first: bool
    ) -> None:
        """Show files as `approvals.diff` gives them, with calls to look at."""
        self.model = build(files, risks, first=first)
        self._tops = [0, *accumulate(height_of(line) for line in self.model.lines)]
        self._cursor = 0 if self.model.lines else -1
        self._at = ""
        self._range()
        self.verticalScrollBar().setValue(0)
        self.horizontalScrollBar().setValue(0)
        self._tell()
        self.viewport().update()

    def text(self) -> str:
        """Return everything shown as text."""
        return "\n".join(plain(line) for line in self.model.lines)

    def current(self) -> DiffLine | None:
        """Return the row with the cursor."""
        lines = self.model.lines
        return lines[self._cursor] if 0 <= self._cursor < len(lines) else None

    # --- moving ---
    def go_to(self, path: str, line: int | None = None) -> bool:
        """Bring a file, or a line of it, into sight; return whether it is shown."""
        at = self.model.place(path, line)
        if at < 0:
            return False
        self._move(at, top=line is None)
        return True

    def next_change(self) -> None:
        """Go to the next block of changed lines."""
        at = bisect.bisect_right(self.model.changes, self._cursor)
        if at < len(self.model.changes):
            self._move(self.model.changes[at])

    def previous_change(self) -> None:
        """Go to the block of changed lines before."""
        at = bisect.bisect_left(self.model.changes, self._cursor) - 1
        if at >= 0:
            self._move(self.model.changes[at])

    def _move(self, at: int, *, top: bool = False) -> None:
        lines = self.model.lines
        if not lines:
            return
        self._cursor = min(max(at, 0), len(lines) - 1)
        bar, y = self.verticalScrollBar(), self._tops[self._cursor]
        height = self.viewport().height()
        if top:
            bar.setValue(y)
        elif y < bar.value() or y + ROW > bar.value() + height:
            bar.setValue(y - height // 3)
        self._tell()
        self.viewport().update()

    def _tell(self) -> None:
        line = self.current()
        self.setAccessibleDescription(spoken(line) if line else "")

    def _scrolled(self) -> None:
        at = self._row_at(0)
        if 0 <= at < len(self.model.lines):
            path = self.model.lines[at].path
            if path != self._at:
                self._at = path
                self.reached.emit(path)

    def _row_at(self, y: float) -> int:
        return bisect.bisect_right(self._tops, self.verticalScrollBar().value() + y) - 1

    # --- Qt ---
    def _range(self) -> None:
        height = self.viewport().height()
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self._tops[-1] - height))
        bar.setPageStep(height)
        bar.setSingleStep(ROW * 3)
        step = QFontMetricsF(theme().font(400, 12, mono=True)).horizontalAdvance("0")
        wide = TEXT_LEFT + min(self.model.widest(), 1_000) * step + 20
        across = self.horizontalScrollBar()
        across.setRange(0, max(0, int(wide - self.viewport().width())))
        across.setPageStep(self.viewport().width())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._range()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.fillRect(self.viewport().rect(), theme().color("code_bg"))
            lines, offset = self.model.lines, self.verticalScrollBar().value()
            drawn = DiffPainter(
                painter, self.viewport().width(), self.horizontalScrollBar().value()
            )
            at = max(0, self._row_at(0))
            while at < len(lines) and self._tops[at] - offset < self.viewport().height():
                selected = at == self._cursor and self.hasFocus()
                drawn.draw(self._tops[at] - offset, lines[at], selected=selected)
                at += 1
            if self.hasFocus():
                painter.setPen(theme().color("focus"))
                edge = QRectF(self.viewport().rect()).adjusted(0.5, 0.5, -0.5, -0.5)
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(edge, 4, 4)
        finally:
            painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self._row_at(event.position().y())
        if 0 <= at < len(self.model.lines):
            self._cursor = at
            self._tell()
            self.viewport().update()
            self._open(self.model.lines[at])

    def _open(self, line: DiffLine) -> None:
        if line.kind == GAP:
            self.unfolded.emit(line.path)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        page = max(1, self.viewport().height() // ROW - 2)
        steps = {
            Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_PageDown: page,
        }  # fmt: skip
        if event.matches(QKeySequence.StandardKey.Copy):
            line = self.current()
            QGuiApplication.clipboard().setText(line.text if line else "")
        elif key == Qt.Key.Key_Home:
            self._move(0)
        elif key == Qt.Key.Key_End:
            self._move(len(self.model.lines) - 1)
        elif key == Qt.Key.Key_N:
            self.next_change()
        elif key == Qt.Key.Key_P:
            self.previous_change()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            line = self.current()
            if line is not None:
                self._open(line)
        elif key in steps:
            self._move(self._cursor + steps[Qt.Key(key)])
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: Any) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: Any) -> None:
        super().focusOutEvent(event)
        self.viewport().update()


def plain(line: DiffLine) -> str:
    """Return a row as text."""
    if line.kind in (ADD, DEL):
        return f"{'+' if line.kind == ADD else '-'}{line.text}"
    return line.text if line.kind in (FILE, GAP) else f" {line.text}"
