"""Follow one of a run's lists by its cursor: only what is new is asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.context import AppContext

PAGE = 2000  # items asked for at once
RETRY_MS = 5000

Parse = Callable[[list[dict[str, Any]]], Any]


class Feed(QObject):
    """Ask page after page until nothing is new; parsing happens off the window's thread."""

    arrived = Signal(object)  # what `parse` made of new items
    caught_up = Signal()
    failed = Signal(object)

    def __init__(
        self, context: AppContext, method: str, run_id: int, parse: Parse, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._method = method
        self._run_id = run_id
        self._parse = parse
        self._cursor = ""
        self._busy = False
        self._again = False
        self.is_started = False
        self.is_caught_up = False  # the last page was not full: nothing is left to read
        self._retry = QTimer(self, singleShot=True, interval=RETRY_MS)
        self._retry.timeout.connect(self.pull)

    def pull(self) -> None:
        """Ask for what is new; asking again meanwhile asks once more afterwards."""
        self.is_started = True
        self._retry.stop()
        if self._busy:
            self._again = True
            return
        self._busy, self._again = True, False
        operation = partial(self._fetch, self._cursor)
        self._context.tasks.run(operation, self._on_page, self._on_failed, self)

    def pull_if_started(self) -> None:
        """Ask for what is new where someone has looked at this list before."""
        if self.is_started:
            self.pull()

    def _fetch(self, cursor: str) -> tuple[Any, int, str]:
        given: dict[str, Any] = {"run_id": self._run_id, "limit": PAGE}
        if cursor:
            given["after"] = cursor
        page = self._context.client.call(self._method, **given)
        items = page["items"]
        return self._parse(items) if items else None, len(items), page.get("next_cursor") or ""

    def _on_page(self, page: tuple[Any, int, str]) -> None:
        batch, count, cursor = page
        self._busy = False
        moved = bool(cursor) and cursor != self._cursor
        if moved:
            self._cursor = cursor
        self.is_caught_up = count < PAGE or not moved
        if count:
            self.arrived.emit(batch)
        # A list that gives no cursor cannot be followed further; it was read whole.
        if self._again or (count and moved):
            self.pull()
        else:
            self.caught_up.emit()

    def _on_failed(self, error: Exception) -> None:
        self._busy = False
        self.failed.emit(error)
        self._retry.start()
