"""How many devices the rail names beside its entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer

from app.context import AppContext

SOON_MS, REST_MS = 400, 15_000  # between two readings, however many devices change


class DeviceCount(QObject):
    """Count the devices of the account's groups when one comes or goes, seldom at most."""

    def __init__(self, parent: QObject, context: AppContext, show: Callable[[int], object]) -> None:
        super().__init__(parent)
        self._context, self._show = context, show
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._read)
        self._known = False
        context.events.changed.connect(self._on_changed)
        context.events.status.connect(self._on_status)

    def _on_changed(self, what: str, _number: object, _change: int) -> None:
        if what in {"device", "group"} and not self._timer.isActive():
            self._timer.start(REST_MS)

    def _on_status(self, status: dict[str, Any]) -> None:
        if not status.get("account"):
            self._known = False
            self._show(0)
        elif not self._known and status.get("state") == "online":
            self._known = True
            self._timer.start(SOON_MS)

    def _read(self) -> None:
        def count(page: dict[str, Any]) -> None:
            self._show(sum(not one.get("revoked") for one in page["items"]))

        def failed(_: Exception) -> None:
            self._known = False  # the next status asks again

        self._context.tasks.call("devices.list", count, failed, self)
