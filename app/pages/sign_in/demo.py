"""Starting the demo, and telling when it ends at once instead."""

from __future__ import annotations

import subprocess

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import tr
from app.pages.sign_in import model

WATCH_MS = 1000
WATCHES = 120


class Demo(QObject):
    """One demo at a time, started by a button that is off meanwhile."""

    def __init__(self, context: AppContext, button: QWidget, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._button = button
        self._process: subprocess.Popen[bytes] | None = None
        self._looks = 0
        self.watch = QTimer(self, interval=WATCH_MS)
        self.watch.timeout.connect(self._look)

    def start(self) -> None:
        """Start the demo as a process of its own."""
        self._button.setEnabled(False)
        self._context.tasks.run(model.start_demo, self._started, self._failed, self)

    def _started(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._looks = 0
        self.watch.start()
        self._context.notify(
            tr("The demo is starting"),
            tr(
                "It opens its own window in some seconds, at the first time after making its "
                "runtime. Closing that window ends it."
            ),
        )

    def _look(self) -> None:
        self._looks += 1
        code = self._process.poll() if self._process is not None else None
        if code is None and self._looks < WATCHES:
            return
        self.watch.stop()
        self._button.setEnabled(True)
        if code:
            self._failed(None)

    def _failed(self, error: Exception | None) -> None:
        self._button.setEnabled(True)
        title = tr("The demo ended at once.")
        text = tr("Run `silodesk demo` in a terminal; it says what is missing. Code service.demo.")
        if error is not None:
            title, text = sentence_of(error)
        self._context.notify(title, text, kind="danger")
