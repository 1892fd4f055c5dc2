"""The corner of a window where toasts stand and leave."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

from app.widgets.toast import WIDTH, Toast

SHOWN = 4


class ToastHost(QObject):
    """Stack toasts over a window."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.toasts: list[Toast] = []
        window.installEventFilter(self)

    def show(
        self,
        title: str,
        text: str = "",
        *,
        kind: str = "info",
        action: str = "",
        on_action: Callable[[], object] | None = None,
        stays: bool = False,
        seconds: float = 0.0,
        key: object = None,
    ) -> Toast:
        """Show a message in place of one of the same key; failures and decisions stay.

        Without a key the title is the key. The newest few are shown; older ones that stay wait
        behind them until there is room, the others go.
        """
        key = title if key is None else key
        for old in [toast for toast in self.toasts if toast.key == key]:
            self.close(old)
        toast = Toast(kind, title, text, action, on_action, lambda: self.close(toast), seconds)
        toast.key, toast.stays = key, stays or kind == "danger"
        toast.setParent(self._window)
        self.toasts.append(toast)
        for old in [one for one in self.toasts[:-SHOWN] if not one.stays]:
            self.close(old)
        toast.adjustSize()
        toast.show()
        toast.raise_()
        if not toast.stays:
            toast.leave_by_itself()
        self._place()
        QTimer.singleShot(0, toast, partial(self._settle, toast))
        return toast

    def close(self, toast: Toast) -> None:
        """Take a message away."""
        if toast in self.toasts:
            self.toasts.remove(toast)
            toast.hide()
            toast.deleteLater()
            self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _settle(self, toast: Toast) -> None:
        if toast in self.toasts:
            self._place()

    def _place(self) -> None:
        bottom = self._window.height() - 20
        for waiting in self.toasts[:-SHOWN]:
            waiting.hide()
        for toast in reversed(self.toasts[-SHOWN:]):
            toast.show()
            layout = toast.layout()
            height = layout.heightForWidth(WIDTH) if layout is not None else -1
            toast.resize(WIDTH, max(height, toast.sizeHint().height()))
            bottom -= toast.height()
            toast.move(self._window.width() - WIDTH - 20, bottom)
            toast.raise_()
            bottom -= 10
