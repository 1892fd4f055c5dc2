"""Fill what is seen piece by piece, one for each turn of the event loop."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from app.slices import TURN_MS  # what a piece changed is laid out and painted before the next one

Piece = Callable[[], object]


class Piecemeal(QObject):
    """Pieces of work that wait, in order; the first one is done at once where none waits.

    A card's texts are the lesser part of showing it: the window lays it out and paints it after
    them. Several cards filled in one go are one long stop of the window.
    """

    def __init__(self, owner: QObject, at_once_s: float = 0.0) -> None:
        """With `at_once_s`, pieces that are done within that time share a turn."""
        super().__init__(owner)
        self._at_once_s = at_once_s
        self._waiting: deque[Piece] = deque()
        self._is_at_work = False
        self._turn = QTimer(self, interval=TURN_MS, singleShot=True)
        self._turn.timeout.connect(self._next)

    @property
    def is_over(self) -> bool:
        """Return whether no piece waits."""
        return not self._waiting

    def start(self, *pieces: Piece) -> None:
        """Do these pieces in place of those that wait: something newer is shown now."""
        self._waiting.clear()
        self._turn.stop()
        self.add(*pieces)

    def add(self, *pieces: Piece) -> None:
        """Do these pieces after those that wait."""
        is_first = self.is_over and not self._is_at_work  # a piece may ask for more
        self._waiting.extend(pieces)
        if is_first:
            self._next()

    def finish(self) -> None:
        """Do all that waits now."""
        while self._waiting:
            self._waiting.popleft()()

    def _next(self) -> None:
        until = time.perf_counter() + self._at_once_s
        self._is_at_work = True
        try:
            while self._waiting:
                self._waiting.popleft()()
                if time.perf_counter() >= until:
                    break
        finally:
            self._is_at_work = False
            if self._waiting:  # also after one that failed
                self._turn.start()
