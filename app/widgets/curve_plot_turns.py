"""Draw plots one after the other, so that the window's thread comes round between them."""

from __future__ import annotations

from collections.abc import Callable

import shiboken6
from PySide6.QtCore import QObject, QTimer


class Turns(QObject):
    """Do what waits, one piece for each turn of the event loop."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: dict[QObject, Callable[[], object]] = {}
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._next)

    def add(self, owner: QObject, work: Callable[[], object]) -> None:
        """Do a piece of work soon, once however often it is asked for."""
        self._waiting[owner] = work
        if not self._timer.isActive():
            self._timer.start()

    def drop(self, owner: QObject) -> None:
        """Leave a piece of work undone."""
        self._waiting.pop(owner, None)

    def _next(self) -> None:
        if self._waiting:
            owner = next(iter(self._waiting))
            work = self._waiting.pop(owner)
            if shiboken6.isValid(owner):
                work()
        if not self._waiting:
            self._timer.stop()


_turns: Turns | None = None


def turns() -> Turns:
    """Return the one queue of the window's plots."""
    global _turns
    if _turns is None:
        _turns = Turns()
    return _turns
