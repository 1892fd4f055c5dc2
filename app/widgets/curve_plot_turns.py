"""Draw plots one after the other, so that the window's thread comes round between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

import shiboken6
from PySide6.QtCore import QObject, QTimer

from app.slices import SLICE_S

Steps = Generator[None, None, None]


class Turns(QObject):
    """Do what waits, one piece for each turn of the event loop, a long one in several."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: dict[QObject, Callable[[], Steps]] = {}
        self._begun: tuple[QObject, Steps] | None = None
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._next)

    def add(self, owner: QObject, work: Callable[[], Steps]) -> None:
        """Do a piece of work soon, once however often it is asked for.

        After a step of it that used a turn's time up the window comes round. What has begun is
        done to its end before it is begun anew.
        """
        self._waiting[owner] = work
        if not self._timer.isActive():
            self._timer.start()

    def drop(self, owner: QObject) -> None:
        """Leave a piece of work undone, or half done."""
        self._waiting.pop(owner, None)
        if self._begun is not None and self._begun[0] is owner:
            steps, self._begun = self._begun[1], None
            steps.close()

    def _next(self) -> None:
        if self._begun is None and self._waiting:
            owner = next(iter(self._waiting))
            self._begun = owner, self._waiting.pop(owner)()
        if self._begun is not None:
            owner, steps = begun = self._begun
            self._begun = None  # should it fail, it is over
            if not shiboken6.isValid(owner):
                steps.close()
            elif not _is_over(steps):
                self._begun = begun
        if self._begun is None and not self._waiting:
            self._timer.stop()


def _is_over(steps: Steps) -> bool:
    """Go on for a turn's time; return whether nothing is left to do."""
    until = time.perf_counter() + SLICE_S
    return all(time.perf_counter() < until for _ in steps)


_turns: Turns | None = None


def turns() -> Turns:
    """Return the one queue of the window's plots."""
    global _turns
    if _turns is None:
        _turns = Turns()
    return _turns
