"""A week of hours to paint with the mouse or by keyboard."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLocale, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter

from app.i18n import tr
from app.widgets.painting import LEFT, Canvas, draw_round, draw_text
from app.widgets.theme import theme

LABEL, TOP, ROW, GAP = 44, 20, 24, 2
_STEPS = {
    Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}  # fmt: skip


class HoursGrid(Canvas):
    """7 days x 24 hours; drag to allow or forbid, arrows and Space by keyboard."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._cells = [[False] * 24 for _ in range(7)]
        self._at = (0, 0)  # day, hour of the keyboard
        self._paint: bool | None = None  # what a drag sets
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(self.sizeHint())
        self._tell()

    def sizeHint(self) -> QSize:
        return QSize(LABEL + 24 * 18, TOP + 7 * ROW)

    def cells(self) -> list[list[bool]]:
        """Return which hours are allowed, Monday first."""
        return [list(day) for day in self._cells]

    def set_cells(self, cells: Sequence[Sequence[bool]]) -> None:
        """Show other hours."""
        self._cells = [list(day) for day in cells]
        self._tell()
        self.update()

    def draw(self, painter: QPainter) -> None:
        colors, font = theme(), theme().font(500, 11)
        step = self._step()
        for hour in range(0, 24, 3):
            place = QRectF(LABEL + hour * step, 0, 3 * step, TOP - 4)
            draw_text(painter, place, f"{hour:02d}", font, colors.color("faint"), LEFT)
        for day in range(7):
            label = QRectF(0, TOP + day * ROW, LABEL - 6, ROW - GAP)
            draw_text(painter, label, _day(day, short=True), font, colors.color("muted"), LEFT)
            for hour in range(24):
                fill = colors.color("accent" if self._cells[day][hour] else "hover")
                draw_round(painter, self._place(day, hour), 3, fill)
        if self.hasFocus():
            place = self._place(*self._at).adjusted(-1, -1, 1, 1)
            draw_round(painter, place, 4, None, colors.color("focus"))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self._cell(event.position().toPoint())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self._at = found
            self._paint = not self._cells[found[0]][found[1]]
            self._set(found, self._paint)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self._cell(event.position().toPoint())
        if found is not None and self._paint is not None:
            self._at = found
            self._set(found, self._paint)
        self.setToolTip(_name(*found) if found is not None else "")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._paint = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move by arrows (with Shift: set while moving), turn by Space, rows by Ctrl+Space."""
        day, hour = self._at
        key = Qt.Key(event.key())
        if key in _STEPS:
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            to = self._cells[day][hour]
            self._at = ((day + _STEPS[key][0]) % 7, (hour + _STEPS[key][1]) % 24)
            if shift:
                self._set(self._at, to)
        elif key == Qt.Key.Key_Home:
            self._at = (day, 0)
        elif key == Qt.Key.Key_End:
            self._at = (day, 23)
        elif key == Qt.Key.Key_Space and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            to = not all(self._cells[day])
            self._cells[day] = [to] * 24
            self.changed.emit()
        elif key == Qt.Key.Key_Space:
            self._set(self._at, not self._cells[day][hour])
        else:
            super().keyPressEvent(event)
            return
        self._tell()
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def _set(self, cell: tuple[int, int], allowed: bool) -> None:
        day, hour = cell
        if self._cells[day][hour] != allowed:
            self._cells[day][hour] = allowed
            self.changed.emit()
        self._tell()
        self.update()

    def _tell(self) -> None:
        day, hour = self._at
        words = tr("allowed") if self._cells[day][hour] else tr("not allowed")
        self.setAccessibleName(tr("Allowed hours of the week"))
        self.setAccessibleDescription(f"{_name(day, hour)}: {words}")

    def _step(self) -> float:
        return (self.width() - LABEL) / 24

    def _place(self, day: int, hour: int) -> QRectF:
        step = self._step()
        return QRectF(LABEL + hour * step, TOP + day * ROW, step - GAP, ROW - GAP)

    def _cell(self, at: QPoint) -> tuple[int, int] | None:
        day, hour = (at.y() - TOP) // ROW, int((at.x() - LABEL) / self._step())
        inside = at.x() >= LABEL and at.y() >= TOP and 0 <= day < 7 and 0 <= hour < 24
        return (day, hour) if inside else None


def _day(day: int, *, short: bool = False) -> str:
    kind = QLocale.FormatType.ShortFormat if short else QLocale.FormatType.LongFormat
    return QLocale().standaloneDayName(day + 1, kind)


def _name(day: int, hour: int) -> str:
    return tr("{day}, {start} to {end}", day=_day(day), start=f"{hour:02d}:00",
              end=f"{hour + 1:02d}:00")  # fmt: skip
