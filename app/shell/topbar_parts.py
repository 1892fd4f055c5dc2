"""Painted parts of the top bar: the field that opens the palette, and the bell."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from app.i18n import tr, trn
from app.shell.key_hint import HEIGHT, draw_key, key_width
from app.shell.shortcuts import keys_of
from app.widgets.painted_marks import CENTER
from app.widgets.painting import draw_round, draw_text, text_width
from app.widgets.theme import theme
from app.widgets.words import tip

WIDE, SMALL = 270, 32


class PaintedButton(QAbstractButton):
    """A button that draws itself; the painter always ends."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.draw(painter)
        finally:
            painter.end()

    def draw(self, painter: QPainter) -> None:
        """Draw the button."""
        raise NotImplementedError

    def edge(self) -> str:
        """Return the token of the outline."""
        return "focus" if self.hasFocus() else "border_strong"


class SearchButton(PaintedButton):
    """Looks like a search field and opens the palette; only its glass where room is short."""

    def __init__(self) -> None:
        super().__init__(tr("Search or run a command"))
        self._keys = keys_of("palette")
        self.set_small(False)

    def set_small(self, small: bool) -> None:
        """Show the glass only, or the whole field."""
        self._small = small
        self.setFixedSize(QSize(SMALL if small else WIDE, 32))
        self.setToolTip(tip(f"{self.accessibleName()} ({self._keys})") if small else "")

    def draw(self, painter: QPainter) -> None:
        look, rect = theme(), self.rect().toRectF()
        fill = look.color("hover" if self.underMouse() else "input")
        draw_round(painter, rect, 6, fill, look.color(self.edge()))
        glass = look.pixmap("search", "faint", 16, self.devicePixelRatioF())
        painter.drawPixmap(QPointF(8, 8), glass)
        if self._small:
            return
        width = key_width(self._keys)
        place = QRectF(rect.right() - width - 7, (32 - HEIGHT) / 2, width, HEIGHT)
        draw_key(painter, place, self._keys)
        text = QRectF(34, 0, place.left() - 40, 32)
        draw_text(painter, text, self.accessibleName(), look.font(400, 13), look.color("faint"))


class BellButton(PaintedButton):
    """Opens the notifications; shows how many were not seen."""

    def __init__(self) -> None:
        super().__init__(tr("Notifications"))
        self.setFixedSize(32, 32)
        self.count = -1
        self.set_count(0)

    def set_count(self, count: int) -> None:
        """Show how many notifications were not seen."""
        if count == self.count:
            return
        self.count = count
        name = tr("Notifications")
        if count:
            name = trn("Notifications, {count} not seen", "Notifications, {count} not seen", count)
        self.setAccessibleName(name)
        self.setToolTip(tip(f"{name} ({keys_of('bell')})"))
        self.update()

    def draw(self, painter: QPainter) -> None:
        look, rect = theme(), self.rect().toRectF()
        if self.underMouse() or self.hasFocus():
            edge = look.color("focus") if self.hasFocus() else None
            draw_round(painter, rect, 6, look.color("hover"), edge)
        ratio = self.devicePixelRatioF()
        painter.drawPixmap(QPointF(8, 8), look.pixmap("bell", "muted", 16, ratio))
        if not self.count:
            return
        number = str(self.count) if self.count < 100 else "99+"
        font = look.font(700, 10)
        width = max(15.0, text_width(number, font) + 7)
        pill = QRectF(min(32 - width, 17), 2, width, 15)
        draw_round(painter, pill.adjusted(-1, -1, 1, 1), 8.5, look.color("canvas"))
        draw_round(painter, pill, 7.5, look.color("warn"))
        draw_text(painter, pill, number, font, look.color("on_warn"), CENTER)
