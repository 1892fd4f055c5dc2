"""Make pages and tabs before they are asked for, in slices: a first visit then only shows one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from app.slices import Sliced, sliced

Made = TypeVar("Made", bound=QWidget)
PAUSE_MS = 20  # between two of them tasks and events have their turn


class Ahead(QObject, Generic[Made]):
    """Make one after the other what is not there yet."""

    def __init__(
        self,
        keys: Sequence[str],
        make: Callable[[str], Made],
        take: Callable[[str, Made], object],
        is_there: Callable[[str], bool],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._keys = list(keys)
        self._make, self._take, self._is_there = make, take, is_there
        self._key = ""
        self._making: Sliced[Made] | None = None
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._next)
        self.is_on = False

    def start(self, first: str = "") -> None:
        """Begin, in a later turn, with `first` where it is known what is wanted next."""
        self.is_on = True
        self._keys.sort(key=lambda key: key != first)  # stable: the others keep their order
        self._pause.start()

    def finish(self, key: str) -> None:
        """Make the rest at once of the one that is asked for, if it is half made."""
        if self._making is not None and key == self._key:
            self._making.finish()

    def cancel(self) -> None:
        """Make no more; what is half made goes."""
        self._pause.stop()
        making, self._making = self._making, None
        if making is not None:
            making.cancel()

    def _next(self) -> None:
        if self._making is not None:
            return
        for key in self._keys:
            if not self._is_there(key):
                self._key = key
                self._making = sliced(partial(self._attempt, key), self._made, self)
                return

    def _attempt(self, key: str) -> Made:
        try:
            return self._make(key)
        except Exception:
            # It is made again, and its error told, when it is asked for; the others go on.
            self._keys.remove(key)
            self._making = None
            self._pause.start()
            raise

    def _made(self, widget: Made) -> None:
        self._making = None
        self._take(self._key, widget)
        self._pause.start()
