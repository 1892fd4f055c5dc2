"""Calls to look at, by kind, new ones first; a press shows the next one in the code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QVBoxLayout, QWidget

from app.i18n import tr, trn
from app.widgets.decision_words import CALLS, TITLES
from app.widgets.labels import Label
from app.widgets.layouts import clear, column
from app.widgets.painting import draw_round, draw_text
from app.widgets.theme import theme


class CallRow(QAbstractButton):
    """One kind of call: how many, how many of them are new, and where the next one is."""

    called = Signal(str, int)

    def __init__(self, kind: str, risks: Sequence[dict[str, Any]], *, first: bool) -> None:
        super().__init__()
        self._kind = kind
        self._risks = list(risks)
        self._next = 0
        new = sum(bool(risk["is_new"]) for risk in risks)
        self._is_new = bool(new) or first
        self._title = title_of(kind, len(risks), new, first=first)
        self.setFixedHeight(40)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._tell()
        self.clicked.connect(self._press)

    def sizeHint(self) -> QSize:
        return QSize(200, 40)

    def _where(self) -> str:
        risk = self._risks[self._next % len(self._risks)]
        name = str(risk["path"]).rpartition("/")[2]
        return tr("{file} line {line}", file=name, line=risk["line"])

    def _tell(self) -> None:
        self.setAccessibleName(f"{self._title}. {self._where()}")
        risk = self._risks[self._next % len(self._risks)]
        self.setToolTip(f"{risk['path']}:{risk['line']}")

    def _press(self) -> None:
        risk = self._risks[self._next % len(self._risks)]
        self._next += 1
        self.called.emit(str(risk["path"]), int(risk["line"]))
        self._tell()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            look = theme()
            rect = QRectF(self.rect())
            if self.hasFocus():
                draw_round(painter, rect, 6, None, look.color("focus"))
            elif self.underMouse():
                draw_round(painter, rect, 6, look.color("hover"))
            tok = "warn" if self._is_new else "muted"
            painter.drawPixmap(QPointF(6, 6), look.pixmap(CALLS[self._kind].icon, tok, 16))
            room = QRectF(32, 2, rect.width() - 36, 18)
            draw_text(painter, room, self._title, look.font(500, 13), look.color("text"))
            room = QRectF(32, 20, rect.width() - 36, 16)
            draw_text(painter, room, self._where(), look.font(400, 12), look.color("faint"))
        finally:
            painter.end()


class CallList(QWidget):
    """Every kind of call; `called` carries path and line."""

    called = Signal(str, int)

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, CallRow] = {}
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self._list.setContentsMargins(0, 0, 0, 0)
        self.setLayout(column(Label(tr("Calls to look at"), "strong"), self._list, None, gap=6))

    def show_risks(self, risks: Sequence[dict[str, Any]], *, first: bool) -> None:
        """Show calls as `approvals.review` gives them."""
        clear(self._list)
        self.rows = {}
        by_kind = {
            kind: [risk for risk in risks if risk["kind"] == kind]
            for kind in CALLS
            if kind != "unreadable" or any(risk["kind"] == kind for risk in risks)
        }
        order = sorted(
            by_kind,
            key=lambda kind: (
                not any(risk["is_new"] for risk in by_kind[kind]), not by_kind[kind]
            ),
        )  # fmt: skip
        for kind in order:
            if not by_kind[kind]:
                continue
            line = CallRow(kind, by_kind[kind], first=first)
            line.called.connect(self.called)
            self.rows[kind] = line
            self._list.addWidget(line)
        absent = [tr(CALLS[kind].word) for kind in order if not by_kind[kind]]
        if absent:
            words = tr("None of: {kinds}", kinds=", ".join(absent))
            self._list.addWidget(Label(words, "small", "faint", wrap=True))


def title_of(kind: str, count: int, new: int, *, first: bool) -> str:
    """Return how many calls of a kind there are, and how many of them are new."""
    title = tr(TITLES[kind])
    if first:
        return trn("{kind}, {count} call", "{kind}, {count} calls", count, kind=title)
    if new:
        return tr("{kind}, {new} new", kind=title, new=new)
    return trn("{kind}, {count} known", "{kind}, {count} known", count, kind=title)
