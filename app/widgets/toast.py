"""One toast: a result, a failure, a decision."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QFrame

from app.i18n import tr
from app.widgets.buttons import Button
from app.widgets.labels import Icon, Label
from app.widgets.layouts import column, row
from app.widgets.logo import Logo

SHOWN_MS = 8000
WIDTH = 380
_KINDS = {
    "info": ("info", "info"),
    "ok": ("ok", "circle-check"),
    "warn": ("warn", "triangle-alert"),
    "danger": ("danger", "circle-alert"),
}


class Toast(QFrame):
    """One message; it leaves after 8 s unless the pointer is on it or it is to be seen."""

    def __init__(
        self,
        kind: str,
        title: str,
        text: str,
        action: str,
        on_action: Callable[[], object] | None,
        on_close: Callable[[], object],
        seconds: float = 0.0,
    ) -> None:
        super().__init__()
        self.setObjectName("toast")
        self.setFixedWidth(WIDTH)
        self.title = title
        self.stays = False
        self.key: object = None  # what it is about; the next about the same takes its place
        token, icon = _KINDS[kind]
        shown = int(seconds * 1000) or SHOWN_MS
        self._timer = QTimer(self, singleShot=True, interval=shown)
        self._timer.timeout.connect(on_close)
        close = Button(kind="ghost", icon="x", sz="sm", tip=tr("Close"), on_click=on_close)
        head = row(Logo(18), Label("SiloDesk", "small", "muted"), None, close, gap=8)
        words = column(Label(title, "strong", wrap=True), gap=3)
        if text:
            words.addWidget(Label(text, "small", "muted", wrap=True, selectable=True))
        if action and on_action is not None:

            def act() -> None:
                on_action()
                on_close()

            words.addLayout(row(Button(action, sz="sm", on_click=act), None))
        square = Icon(icon, token, 18, square=36)
        body = row(column(square, None), (words, 1), gap=12)
        self.setLayout(column(head, body, gap=6, margins=(14, 8, 10, 14)))
        self.setAccessibleName(f"{title} {text}")

    def leave_by_itself(self) -> None:
        """Start the time after which the toast goes."""
        self._timer.start()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._remaining = self._timer.isActive()
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        if getattr(self, "_remaining", False):
            self._timer.start()
