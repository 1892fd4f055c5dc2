"""How the desktop is present: as a window, as an icon in the tray, and never as nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from app.context import AppContext
from app.i18n import tr
from app.shell.closing import Closing
from app.shell.tray import Tray

if TYPE_CHECKING:
    from app.shell.main_window import MainWindow

LOOK_MS = 500
PATIENCE = 30  # times LOOK_MS that a panel may need after log-in until it shows icons
NOTE = "no-tray"


class Presence(QObject):
    """Bring tray and closing to a window; `start` shows one or the other."""

    def __init__(
        self, window: MainWindow, context: AppContext, app: QApplication, settings: dict[str, Any]
    ) -> None:
        super().__init__(window)
        self._window = window
        self._looked = 0
        self.tray = Tray(window, context, self._actions())
        self.closing = Closing(window, context, app, self.tray)
        for one in (self.tray, self.closing):
            one.take_settings(settings)
        if window.tools is not None:
            window.tools.notifier.take_settings(settings)
            window.tools.actions.do |= {
                "quit": self.closing.quit, "quit_agent": self.closing.ask_quit_agent
            }  # fmt: skip
        self._wait = QTimer(self, interval=LOOK_MS)
        self._wait.timeout.connect(self._look_again)

    def start(self, hidden: bool) -> None:
        """Show the window, or only the icon; without a tray the window in any case."""
        if hidden:
            if not self.tray.is_there:
                self._wait.start()
            return
        self._window.show()
        QTimer.singleShot(PATIENCE * LOOK_MS, self, self._note_missing_tray)

    def _look_again(self) -> None:
        self._looked += 1
        if self.tray.is_there or self._window.isVisible():
            self._wait.stop()
        elif self._looked >= PATIENCE:
            self._wait.stop()
            self._window.show()
            self._say_missing()

    def _note_missing_tray(self) -> None:
        """Say once that there is no tray, since closing means something else then."""
        memory = self._window.memory
        if self.tray.is_there or memory is None or memory.has_said(NOTE):
            return
        memory.say(NOTE)
        self._say_missing()

    def _say_missing(self) -> None:
        self._window.notify(
            tr("No tray on this desktop"),
            tr("SiloDesk stays a window here; closing it minimises or quits, as you choose."),
            stays=True,
        )

    def _actions(self) -> dict[str, Any]:
        window = self._window

        def shown(key: str) -> Any:
            def go() -> None:
                window.come_forward()
                window.navigate(key)

            return go

        do = dict(window.tools.actions.do) if window.tools is not None else {}
        return {
            "approvals": shown("approvals"), "doctor": shown("doctor"),
            "settings": shown("settings"), "open": window.come_forward,
            "pause_all": do.get("pause_all"), "resume_all": do.get("resume_all"),
            "stop_all": do.get("stop_all"),
            "quit": lambda: self.closing.quit(),
            "quit_agent": lambda: self.closing.ask_quit_agent(),
        }  # fmt: skip
