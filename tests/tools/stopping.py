"""An orderly end for a tool that draws with Qt, whenever it is asked to end from outside.

An exception that leaves a slot is lost, and SystemExit ends the process there, with nothing tidied
up. So while windows are there a signal is only noted, and raised where no Qt is on the stack.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEventLoop, QTimer

BEAT_MS = 100  # signals are handled between two Python steps; a quiet loop would take none


class Stop:
    """Turn SIGTERM and SIGINT into SystemExit, at a place where that can be raised."""

    def __init__(self) -> None:
        self._code = 0
        self._holds = False
        self._loop: QEventLoop | None = None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked)

    def _asked(self, number: int, _frame: object) -> None:
        self.let_be()
        self._code = 128 + number
        if self._loop is not None:
            self._loop.quit()
        if not self._holds:
            self.look()

    def look(self) -> None:
        """Raise what was asked for meanwhile."""
        if self._code:
            raise SystemExit(self._code)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, only `look` and `wait` raise; what was asked for is raised at the latest here."""
        self._holds = True
        try:
            yield
        finally:
            self._holds = False
        self.look()

    def wait(self, seconds: float) -> None:
        """Let events pass for a while."""
        self._loop = loop = QEventLoop()
        beat = QTimer()
        beat.timeout.connect(lambda: None)
        beat.start(BEAT_MS)
        QTimer.singleShot(int(seconds * 1000), loop, loop.quit)
        if not self._code:
            loop.exec()
        beat.stop()
        self._loop = None
        self.look()

    def let_be(self) -> None:
        """Ask nothing more of who is about to end: a second signal would cut that short."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
