"""Theme and language follow the settings, whoever changes them, while the window is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from app import i18n
from app.context import AppContext

if TYPE_CHECKING:
    from app.shell.main_window import MainWindow


class Appearance(QObject):
    """Compare each change of the settings with the last one, and show what differs."""

    def __init__(self, window: MainWindow, context: AppContext) -> None:
        super().__init__(window)
        self._window = window
        self._theme = context.theme
        self._shown: dict[str, Any] = {}
        context.events.settings.connect(self._take)

    def start_from(self, settings: dict[str, Any]) -> None:
        """Note what the settings say now; the command line may show something else."""
        self._shown = dict(settings)

    def _take(self, settings: dict[str, Any]) -> None:
        before, self._shown = self._shown, dict(settings)
        app = QApplication.instance()
        if not isinstance(app, QApplication):
            return
        mode = settings.get("theme")
        if mode and mode != before.get("theme") and mode != self._theme.mode:
            self._theme.apply(app, str(mode))
        wanted = settings.get("language")
        if wanted and wanted != before.get("language"):
            shown = i18n.language()
            if i18n.install(app, str(wanted)) != shown:
                self._window.rebuild()
