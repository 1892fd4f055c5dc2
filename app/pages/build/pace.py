"""How far a build is, told from its thread, and the wish to cancel it."""

from __future__ import annotations

import threading
import time

from PySide6.QtCore import QObject, Qt, Signal

from agent_core.errors import PackageError
from app.widgets.labels import Label
from app.widgets.words import size

TELL_EVERY_S = 0.1
CANCELLED = "package.cancelled"


class Pace(QObject):
    """One build's pace; `heard` is called by the build, from its thread."""

    _written = Signal(object)  # bytes, which may need more than 32 bits

    def __init__(self, label: Label, words: str, parent: QObject) -> None:
        super().__init__(parent)
        self._label, self._words = label, words
        self._cancel = threading.Event()
        self._last = 0.0
        self._written.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def cancel(self) -> None:
        """Let the build end at its next step; what it wrote so far is removed."""
        self._cancel.set()

    def heard(self, written: int) -> None:
        """Take how much is written; raises where the build was cancelled."""
        if self._cancel.is_set():
            raise PackageError("The build was cancelled.", code=CANCELLED)
        now = time.monotonic()
        if now - self._last > TELL_EVERY_S:
            self._last = now
            self._written.emit(written)

    def _show(self, written: int) -> None:
        if not self._cancel.is_set():
            self._label.setText(f"{self._words} {size(written)}")
