"""The notifications under the bell: what happened, newest first; a click goes there."""

from __future__ import annotations

import time

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QHideEvent, QPainter
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.i18n import tr
from app.shell.notice_book import NoticeBook
from app.shell.notices import Notice
from app.shell.topbar_parts import PaintedButton
from app.widgets.buttons import Button
from app.widgets.empty_state import EmptyState
from app.widgets.labels import Icon, Label
from app.widgets.layouts import clear, column, row, rule, scrolled
from app.widgets.painting import draw_round, draw_text
from app.widgets.theme import theme
from app.widgets.words import age, tip

WIDTH, MOST = 420, 480
ROW = 58


class NoticeRow(PaintedButton):
    """One notice."""

    def __init__(self, notice: Notice, is_unseen: bool) -> None:
        told = tr("{title}. {text}", title=notice.title, text=notice.text)
        super().__init__(tr("New: {what}", what=told) if is_unseen else told)
        self.notice = notice
        self._is_unseen = is_unseen
        self.setFixedHeight(ROW)
        self.setFixedWidth(WIDTH - 20)
        self.setToolTip(tip(notice.text))

    def draw(self, painter: QPainter) -> None:
        look, rect, one = theme(), self.rect().toRectF(), self.notice
        if self.underMouse() or self.hasFocus():
            edge = look.color("focus") if self.hasFocus() else None
            draw_round(painter, rect, 8, look.color("selected"), edge)
        draw_round(painter, rect.adjusted(8, 12, 8 - rect.width() + 34, -12), 8,
                   look.badge_fill(one.kind))  # fmt: skip
        icon = look.pixmap(one.icon or "info", one.kind, 16, self.devicePixelRatioF())
        painter.drawPixmap(QPoint(17, 21), icon)
        ago = age(one.at, time.time())
        place = rect.adjusted(54, 8, -70, -30)
        font = look.font(600 if self._is_unseen else 500, 13)
        draw_text(painter, place, one.title, font, look.color("text"))
        draw_text(painter, rect.adjusted(54, 28, -14, -10), one.text, look.font(400, 12),
                  look.color("muted"))  # fmt: skip
        draw_text(painter, rect.adjusted(rect.width() - 64, 8, -14, -30), ago, look.font(500, 11),
                  look.color("faint"), Qt.AlignmentFlag.AlignRight)  # fmt: skip
        if self._is_unseen:
            draw_round(painter, rect.adjusted(1, 26, 1 - rect.width() + 5, -27), 2.5,
                       look.color("accent_text"))  # fmt: skip


class BellPopover(QFrame):
    """A small window under the bell; it leaves by Esc or a click beside it."""

    chosen = Signal(object)  # Notice
    closed = Signal()

    def __init__(self, window: QWidget, book: NoticeBook) -> None:
        super().__init__(window, Qt.WindowType.Popup)
        self.setObjectName("popover")
        self.setAccessibleName(tr("Notifications"))
        self._book = book
        self.rows: list[NoticeRow] = []
        self._rows: QVBoxLayout = column(gap=2)
        self.seen = Button(tr("Mark all as seen"), "link", on_click=self._see)
        self.empty = EmptyState(
            "bell", tr("Nothing happened yet"),
            tr("Decisions, failures and ended runs of this machine are listed here."),
        )  # fmt: skip
        content = QWidget()
        content.setLayout(column(self.empty, self._rows, None, gap=0, margins=(8, 8, 8, 8)))
        head = row(Icon("bell", "muted", 16), Label(tr("Notifications"), "section"), None,
                   self.seen, gap=10, margins=(16, 10, 16, 10))  # fmt: skip
        self.setLayout(column(head, rule(), (scrolled(content), 1), gap=0, margins=1))
        self.setFixedWidth(WIDTH)
        book.changed.connect(self._refill)

    def show_under(self, bell: QWidget) -> None:
        """Show it under the bell, within the window."""
        self._fill()
        count = len(self._book.notices)
        self.setFixedHeight(min(MOST, 70 + count * (ROW + 2)) if count else 260)
        corner = bell.mapToGlobal(QPoint(bell.width() - WIDTH, bell.height() + 6))
        self.move(corner)
        self.show()
        (self.rows[0] if self.rows else self).setFocus()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.closed.emit()

    def _refill(self) -> None:
        if self.isVisible():
            self._fill()

    def _fill(self) -> None:
        clear(self._rows)
        self.rows = []
        self.empty.setVisible(not self._book.notices)
        self.seen.setVisible(bool(self._book.unseen))
        for notice in self._book.notices:
            line = NoticeRow(notice, self._book.is_unseen(notice))
            line.clicked.connect(lambda _=False, notice=notice: self._choose(notice))
            self._rows.addWidget(line)
            self.rows.append(line)

    def _choose(self, notice: Notice) -> None:
        self.hide()
        self._book.see(notice.key)
        self.chosen.emit(notice)

    def _see(self) -> None:
        self._book.see()
