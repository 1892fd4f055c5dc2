"""The tray icon: state, menu, native messages; where a desktop has none, it says so."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QSystemTrayIcon

from app.context import AppContext
from app.i18n import tr
from app.shell.notices import Notice
from app.shell.tray_icon import tray_icon
from app.shell.tray_menu import TrayMenu
from app.shell.tray_state import STATES, TrayState, state_of

if TYPE_CHECKING:
    from app.shell.desktop_notices import DesktopNotices
    from app.shell.main_window import MainWindow

LOOK_EVERY_MS = 3000
MESSAGE_MS = 8000
STAYING_MS = 60_000
Trigger = QSystemTrayIcon.ActivationReason
_KINDS = {
    "warn": QSystemTrayIcon.MessageIcon.Warning,
    "danger": QSystemTrayIcon.MessageIcon.Critical,
}


class Tray(QObject):
    """Hold the icon; `lost` tells that the desktop's tray went while the window is hidden."""

    lost = Signal()

    def __init__(
        self, window: MainWindow, context: AppContext, do: dict[str, Callable[[], object]]
    ) -> None:
        super().__init__(window)
        self._window = window
        self._context = context
        self._connected = bool(context.status())
        self._budget = 0
        self._message: Notice | None = None
        self.state: TrayState = STATES["signed_out"]
        self.menu = TrayMenu(window, do, self._go)
        self.icon = QSystemTrayIcon(tray_icon(self.state), self)
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._activate)
        self.icon.messageClicked.connect(self._follow)
        window.rebuilt.connect(self.say_words)
        events = context.events
        events.status.connect(lambda _: self._take_connected(True))
        events.connected.connect(self._take_connected)
        events.settings.connect(self.take_settings)
        if window.tools is not None:
            window.tools.book.changed.connect(self._refresh)
            window.tools.native = self.tell
            window.tools.notifier.decided.connect(self._withdraw)
        self.desktop = self._desktop_notices()
        self._look = QTimer(self, interval=LOOK_EVERY_MS)
        self._look.timeout.connect(self._look_for_tray)
        self._look.start()
        self._refresh()
        self.icon.show()

    @property
    def is_there(self) -> bool:
        """Return whether the desktop shows the icon."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    def tell(self, notice: Notice) -> bool:
        """Show a native message; a click on it goes where the notice leads."""
        if self.desktop is not None and self.desktop.is_there:
            self.desktop.tell(notice, lambda: self._told_nowhere(notice))
            return True
        return self._tell_by_icon(notice)

    def _desktop_notices(self) -> DesktopNotices | None:
        """Return the desktop's own service where there may be one."""
        if sys.platform != "linux":
            return None
        from app.shell.desktop_notices import DesktopNotices

        desktop = DesktopNotices(self)
        desktop.followed.connect(self._follow_notice)
        return desktop

    def _told_nowhere(self, notice: Notice) -> None:
        """Take the next way after the service did not show a notice."""
        if not self._tell_by_icon(notice) and self._window.tools is not None:
            self._window.tools.miss(notice)

    def _withdraw(self, key: tuple[Any, ...]) -> None:
        if self.desktop is not None:
            self.desktop.withdraw(key)

    def _tell_by_icon(self, notice: Notice) -> bool:
        """Show a notice as the icon's message, of which the newest one takes the click."""
        if not self.is_there or not QSystemTrayIcon.supportsMessages():
            return False
        self._message = notice
        text = f"{notice.text}\n{tr('Click: {action}', action=notice.action)}"
        kind = _KINDS.get(notice.kind, QSystemTrayIcon.MessageIcon.Information)
        stays = notice.is_decision or notice.kind == "danger"
        self.icon.showMessage(
            notice.title, text if notice.action else notice.text, kind,
            STAYING_MS if stays else MESSAGE_MS,
        )  # fmt: skip
        return True

    def take_settings(self, settings: dict[str, Any]) -> None:
        """Keep the budget that the menu compares with."""
        self._budget = int(settings.get("daily_egress_budget") or 0)
        self._refresh()

    def say_words(self) -> None:
        """Say everything again, after a change of language."""
        self.menu.say_words()
        self._refresh()

    def _take_connected(self, is_connected: bool) -> None:
        self._connected = is_connected
        self._refresh()

    def _refresh(self) -> None:
        status = self._context.status()
        tools = self._window.tools
        has_failure = tools is not None and tools.book.has_failure
        state = state_of(status, self._connected or not status, has_failure)
        if state != self.state:
            self.state = state
            self.icon.setIcon(tray_icon(state))
        silo = (status.get("device") or {}).get("silo") or ""
        words = tr("SiloDesk: {state}, {text}", state=tr(state.word), text=tr(state.text))
        self.icon.setToolTip(f"{silo}\n{words}".strip())
        self.menu.show_status(status, self._connected or not status, self._budget)

    def _activate(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason not in (Trigger.Trigger, Trigger.DoubleClick):
            return
        window = self._window
        if reason == Trigger.Trigger and window.isVisible() and window.isActiveWindow():
            window.close()
        else:
            window.come_forward()

    def _follow(self) -> None:
        if self._message is not None:
            self._follow_notice(self._message)

    def _follow_notice(self, notice: Notice) -> None:
        if self._window.tools is not None:
            self._window.tools.follow(notice)

    def _go(self, page: str, **arguments: Any) -> None:
        self._window.come_forward()
        self._window.navigate(page, **arguments)

    def _look_for_tray(self) -> None:
        if not self.is_there and not self._window.isVisible():
            self.lost.emit()
