"""Collect cyclic garbage on the GUI thread only.

Python collects on whichever thread crosses its threshold. A worker thread could so destroy the
widgets of a page that was dropped, and objects of Qt may only die on their own thread.
"""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QObject, QTimer

LOOK_EVERY_MS = 250
# By Python's own counts a window that shows a live run would come to its oldest generation every
# five minutes, and keep a megabyte of garbage until then. Whole walks take about 10 ms, once what
# was imported is frozen (shell/preload.py).
WHOLE_EVERY_S = 30.0


class Garbage(QObject):
    """Take over from Python's own schedule until closed."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        self._whole_at = time.monotonic()
        gc.disable()
        timer = QTimer(self, interval=LOOK_EVERY_MS)
        timer.timeout.connect(self.look)
        timer.start()

    def look(self) -> int:
        """Collect the generations that are due; return the oldest of them, or -1."""
        count, limit = gc.get_count(), gc.get_threshold()
        if count[0] <= limit[0]:
            return -1
        oldest = 1 if count[1] > limit[1] else 0
        if time.monotonic() - self._whole_at > WHOLE_EVERY_S:
            oldest = 2
            self._whole_at = time.monotonic()
        gc.collect(oldest)
        return oldest

    def close(self) -> None:
        """Give the schedule back to Python."""
        if self._was_enabled:
            gc.enable()
