"""Make large things on the window's thread in slices, between which the window comes round.

A page or a large dialog takes longer to make than a person should notice, and only the window's
thread may make it. It is made on a stack of its own (a greenlet): its parts call `breathe`, and
where a slice's time is used up, that lets the event loop go on and comes back in a later turn.

Only what nobody else holds yet may be made so. Tasks and events wait for it (`is_slicing`), so
that nothing half-made hears of anything.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

import shiboken6
from greenlet import getcurrent, greenlet
from PySide6.QtCore import QObject, QTimer

SLICE_S = 0.008
TURN_MS = 1  # a turn of the event loop later, behind what is queued and has to be painted

Made = TypeVar("Made")


class Sliced(Generic[Made]):
    """Something that is being made; `then` gets it, in a turn of its own."""

    def __init__(
        self, make: Callable[[], Made], then: Callable[[Made], object], owner: QObject
    ) -> None:
        self.is_over = False
        self._then = then
        self._owner = owner
        self._until = 0.0
        self._made: list[Made] = []
        self._stack = greenlet(lambda: self._made.append(make()))

    def finish(self) -> None:
        """Make the rest at once, where it is wanted now."""
        try:
            while not self.is_over:
                self._go_on(float("inf"))
        finally:
            _slices().forget(self)

    def cancel(self) -> None:
        """Make no more of it; `then` gets nothing."""
        if not self.is_over:
            self.is_over = True
            self._stack.throw()
        _slices().forget(self)

    def pause(self) -> None:
        """Leave the stack where the slice's time is over; only inside of `make`."""
        if time.perf_counter() >= self._until and getcurrent() is self._stack:
            cast("greenlet", self._stack.parent).switch()

    def go_on(self) -> None:
        """Make one slice more, or hand over what was made."""
        if shiboken6.isValid(self._owner):
            self._go_on(time.perf_counter() + SLICE_S)
        else:
            self.cancel()

    def _go_on(self, until: float) -> None:
        if self._made:
            self.is_over = True
            self._then(self._made.pop())
            return
        self._until = until
        try:
            self._stack.switch()
        # What failed is over, whatever it was; it is raised where slices are made.
        except BaseException:
            self.is_over = True
            raise


class _Slices(QObject):
    """What is being made, one thing after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: deque[Sliced[Any]] = deque()
        self._turn = QTimer(self, interval=TURN_MS, singleShot=True)
        self._turn.timeout.connect(self._next)

    def take(self, one: Sliced[Any]) -> None:
        self.waiting.append(one)
        self._turn.start()

    def forget(self, one: Sliced[Any]) -> None:
        if one in self.waiting:
            self.waiting.remove(one)

    def _next(self) -> None:
        if not self.waiting:
            return
        one = self.waiting[0]
        try:
            one.go_on()
        finally:
            if one.is_over:
                self.forget(one)
            if self.waiting:
                self._turn.start()


_current: _Slices | None = None


def _slices() -> _Slices:
    global _current
    if _current is None or not shiboken6.isValid(_current):
        _current = _Slices()
    return _current


def sliced(
    make: Callable[[], Made], then: Callable[[Made], object], owner: QObject
) -> Sliced[Made]:
    """Make something in slices while `owner` lives; `then` gets it."""
    one = Sliced(make, then, owner)
    _slices().take(one)
    return one


def breathe() -> None:
    """Let the window come round, where what is being made has used its slice up."""
    if _current is not None and _current.waiting:
        _current.waiting[0].pause()


def is_slicing() -> bool:
    """Return whether something is half-made."""
    return _current is not None and bool(_current.waiting)
