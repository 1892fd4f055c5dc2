"""The clickable parts of the navigation rail: a page's entry, and the account's initials."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QScrollArea, QSizePolicy

from app.i18n import tr
from app.shell.navigation import Entry
from app.widgets.painted_marks import CENTER
from app.widgets.painting import draw_round, draw_text, text_width
from app.widgets.theme import theme


class RailItem(QAbstractButton):
    """A page in the rail, with an optional count."""

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.key = entry.key
        self._icon = entry.icon
        self._count = 0
        self._is_calling = True
        self._narrow = False
        self._by_key = False
        self.setText(tr(entry.title))
        self.setAccessibleName(self.text())
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_narrow(False)

    def set_count(self, count: int) -> None:
        """Show how many things wait on the page."""
        if count != self._count:
            self._count, self._is_calling = count, True
            name = tr("{page}, {count} waiting", page=self.text(), count=count)
            self.setAccessibleName(name if count else self.text())
            self.update()

    def set_number(self, count: int) -> None:
        """Show how many things there are, which ask for nothing."""
        if count != self._count:
            self._count, self._is_calling = count, False
            name = tr("{page}, {count}", page=self.text(), count=count)
            self.setAccessibleName(name if count else self.text())
            self.update()

    def set_narrow(self, narrow: bool) -> None:
        """Show the icon only."""
        self._narrow = narrow
        self.setToolTip(self.text() if narrow else "")
        self.setFixedHeight(36 if narrow else 32)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw(painter)
        finally:
            painter.end()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._by_key = event.reason() != Qt.FocusReason.MouseFocusReason
        super().focusInEvent(event)
        area = self.parentWidget()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        if isinstance(area, QScrollArea):
            area.ensureWidgetVisible(self, 0, 8)

    def _draw(self, painter: QPainter) -> None:
        on = self.isChecked()
        rect = self.rect().toRectF()
        look = theme()
        if on:
            fill = look.color("hover") if look.is_dark else look.mix("accent", "nav", 0.12)
            draw_round(painter, rect, 6, fill)
        elif self.underMouse():
            draw_round(painter, rect, 6, look.mix("hover", "nav", 0.6))
        if self.hasFocus() and self._by_key:
            draw_round(painter, rect, 6, None, look.color("focus"))
        tok = "accent_text" if on else "muted"
        ratio = self.devicePixelRatioF()
        if self._narrow:
            pixmap = look.pixmap(self._icon, tok, 18, ratio)
            painter.drawPixmap(QPointF(rect.width() / 2 - 9, 9), pixmap)
            if self._count and self._is_calling:
                draw_round(painter, QRectF(rect.width() - 15, 5, 9, 9), 4.5, look.color("nav"))
                draw_round(painter, QRectF(rect.width() - 14, 6, 7, 7), 3.5, look.color("warn"))
            return
        painter.drawPixmap(QPointF(10, 8), look.pixmap(self._icon, tok, 16, ratio))
        text = QRectF(36, 0, rect.width() - 70, 32)
        font = look.font(600 if on else 500, 13)
        draw_text(painter, text, self.text(), font, look.color("text" if on else "muted"))
        if self._count:
            number = str(self._count)
            width = max(20.0, text_width(number, look.font(600, 11)) + 12)
            pill = QRectF(rect.width() - width - 8, 7, width, 18)
            quiet = "segment_on" if look.is_dark else "border"
            ground, ink = ("warn", "on_warn") if self._is_calling else (quiet, "text")
            draw_round(painter, pill, 9, look.color(ground))
            draw_text(painter, pill, number, look.font(600, 11), look.color(ink), CENTER)


class AccountButton(QAbstractButton):
    """The signed-in person's initials; opens the account menu."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(32, 22)
        self.setAccessibleName(tr("Account"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            rect = self.rect().toRectF()
            edge = theme().color("focus") if self.hasFocus() else None
            draw_round(painter, rect, 6, theme().badge_fill("violet"), edge)
            font = theme().font(600, 11)
            draw_text(painter, rect, self.text(), font, theme().color("violet"), CENTER)
        finally:
            painter.end()
