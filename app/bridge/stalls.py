"""Measure how long the GUI thread was blocked, and by what: off unless it is asked for.

Each stall becomes one JSON line: when, how long, how much of it the thread computed itself (the
rest it waited, or the machine was busy elsewhere), and where it stood meanwhile.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer

VARIABLE = "SILODESK_STALLS"
LIMIT_S = 0.05
BEAT_MS = 10
FRAMES = 12  # of the stack, the innermost


class StallWatch(QObject):
    """A beat in the GUI thread, and a thread that looks where it stands when the beat is late."""

    def __init__(self, file: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._file = file
        self._gui = threading.get_ident()
        self._started = self._beat = time.monotonic()
        self._computed = time.thread_time()
        self._stack: list[str] = []
        self.count = 0
        self.worst_s = 0.0
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._end = threading.Event()
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for work, name in ((self._look, "stall look"), (self._write, "stall write"))
        ]
        self._timer = QTimer(self, interval=BEAT_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        for thread in self._threads:
            thread.start()
        self._timer.start()

    def close(self) -> None:
        """Stop measuring and write the sum."""
        if self._end.is_set():
            return
        self._timer.stop()
        self._end.set()
        watched = time.monotonic() - self._started
        self._lines.put({
            "summary": True, "stalls": self.count, "worst_ms": round(self.worst_s * 1000, 1),
            "watched_s": round(watched, 1), "limit_ms": LIMIT_S * 1000,
        })  # fmt: skip
        self._lines.put(None)
        for thread in self._threads:
            thread.join(5)

    def _tick(self) -> None:
        now, computed = time.monotonic(), time.thread_time()
        gap = now - self._beat - BEAT_MS / 1000
        stack, self._stack = self._stack, []
        if gap > LIMIT_S:
            self.count += 1
            self.worst_s = max(self.worst_s, gap)
            self._lines.put({
                "at": time.time(), "ms": round(gap * 1000, 1),
                "computed_ms": round((computed - self._computed) * 1000, 1), "stack": stack,
            })  # fmt: skip
        self._beat, self._computed = now, computed

    def _look(self) -> None:
        """Note where the GUI thread stands, once for each late beat."""
        while not self._end.wait(BEAT_MS / 1000):
            late = time.monotonic() - self._beat > LIMIT_S / 2
            if late and not self._stack:
                frame = sys._current_frames().get(self._gui)  # noqa: SLF001 - the documented way
                if frame is not None:
                    lines = traceback.extract_stack(frame)[-FRAMES:]
                    self._stack = [f"{one.filename}:{one.lineno} {one.name}" for one in lines]

    def _write(self) -> None:
        """Write off the GUI thread, so that measuring causes no stall."""
        with self._file.open("a", encoding="utf-8") as file:
            while (line := self._lines.get()) is not None:
                file.write(json.dumps(line) + "\n")
                file.flush()
