"""The notices of this start, newest first, with what was seen."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.shell.notices import Notice

KEPT = 100


class NoticeBook(QObject):
    """Hold notices; `changed` tells that one came, went or was seen."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.notices: list[Notice] = []
        self._told: set[tuple[object, ...]] = set()
        self._unseen: set[tuple[object, ...]] = set()

    def add(self, notice: Notice) -> bool:
        """Enter a notice; return whether its run and cause are new."""
        if notice.key in self._told:
            return False
        self._told.add(notice.key)
        self._unseen.add(notice.key)
        self.notices = sorted([notice, *self.notices], key=lambda one: -one.at)[:KEPT]
        self._unseen &= {one.key for one in self.notices}
        self.changed.emit()
        return True

    def decided(self, key: tuple[object, ...]) -> None:
        """Take a question out that needs no answer any more."""
        if any(one.key == key for one in self.notices):
            self.notices = [one for one in self.notices if one.key != key]
            self._unseen.discard(key)
            self.changed.emit()

    def see(self, key: tuple[object, ...] | None = None) -> None:
        """Mark one notice as seen, or all; decisions stay unseen until they are made."""
        decisions = {one.key for one in self.notices if one.is_decision}
        before = len(self._unseen)
        self._unseen = self._unseen & decisions if key is None else self._unseen - {key}
        if len(self._unseen) != before:
            self.changed.emit()

    def is_unseen(self, notice: Notice) -> bool:
        """Return whether nobody saw a notice yet."""
        return notice.key in self._unseen

    @property
    def unseen(self) -> int:
        """Return how many notices were not seen."""
        return len(self._unseen)

    @property
    def has_failure(self) -> bool:
        """Return whether a failure was not seen."""
        return any(one.kind == "danger" and self.is_unseen(one) for one in self.notices)
