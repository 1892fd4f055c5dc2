"""Save a picture of each page in both themes, and leave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from app.context import AppContext
from app.shell.main_window import MainWindow
from app.shell.navigation import PAGES, is_known

SETTLE_MS = 1500
RUN_TABS = ("overview", "curves", "system", "logs", "models")
PATIENCE = 20  # times SETTLE_MS that the agent's first answer may take


class Photographer(QObject):
    """Walk through the pages, one step each time the window has settled."""

    def __init__(
        self, app: QApplication, context: AppContext, window: MainWindow, folder: Path
    ) -> None:
        super().__init__(window)  # a timer's connection alone would not keep it alive
        self._app = app
        self._context = context
        self._window = window
        self._folder = folder
        self._waited = 0
        self._steps = self._walk()
        self._timer = QTimer(window, interval=SETTLE_MS)
        self._timer.timeout.connect(self._step)

    def start(self) -> None:
        """Begin once the window is up."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._timer.start()

    def _step(self) -> None:
        if not self._window.status and self._waited < PATIENCE:
            self._waited += 1
            return
        if next(self._steps, None) is None:
            self._timer.stop()
            self._window.close()
            self._app.quit()

    def _walk(self) -> Iterator[str]:
        for mode in ("dark", "light"):
            self._context.theme.apply(self._app, mode)
            for key, arguments, name in self._places():
                self._window.navigate(key, **arguments)
                yield name
                self._window.grab().save(str(self._folder / f"{name}-{mode}.png"))

    def _places(self) -> list[tuple[str, dict[str, Any], str]]:
        if not self._window.status.get("account"):
            return [("sign_in", {}, "sign_in")]
        places: list[tuple[str, dict[str, Any], str]] = [
            (one.key, {}, one.key) for one in PAGES if one.section
        ]
        jobs = self._window.status.get("jobs") or []
        if jobs and is_known("run"):
            run_id = jobs[0]["run_id"]
            places += [("run", {"run_id": run_id, "tab": tab}, f"run-{tab}") for tab in RUN_TABS]
        return places


def take_all(app: QApplication, context: AppContext, window: MainWindow, folder: Path) -> None:
    """Take all pictures into a folder, then end the application."""
    Photographer(app, context, window, folder).start()
