"""Tell on standard output when the window was painted first, for whoever measures it."""

from __future__ import annotations

import json
import sys
import time

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

TRACE_VARIABLE = "SILODESK_TRACE"


class FirstPaint(QObject):
    """Watch a window for its first paint, write one JSON line, and leave."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Wait for the paint event; the line is written once the event loop is back."""
        if watched is self._window and event.type() == QEvent.Type.Paint:
            self._window.removeEventFilter(self)
            QTimer.singleShot(0, self, self._tell)
        return False

    def _tell(self) -> None:
        sys.stdout.write(json.dumps({"painted_at": time.time()}) + "\n")
        sys.stdout.flush()
