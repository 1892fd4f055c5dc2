"""The agent's events as Qt signals, drained at most 30 times a second."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from app import context
from app.slices import TURN_MS, is_slicing

INTERVAL_MS = 33


class Stream(Protocol):
    """What delivers events from a thread of its own, over agent restarts."""

    def close(self) -> None:
        """Deliver no more."""
        ...


# Given a callback (name, parameters), open a stream that calls it from its thread.
OpenStream = Callable[[Callable[[str, dict[str, Any]], None]], Stream]


class EventSignals(QObject):
    """One signal for each kind of event (context.Events says what they carry)."""

    status = Signal(dict)
    changed = Signal(str, object, object)  # a change may be a time in ms, over 32 bits
    approval = Signal(int, str)
    job = Signal(dict)
    progress = Signal(dict)
    doctor = Signal(dict)
    settings = Signal(dict)
    serving = Signal(dict)
    connected = Signal(bool)


class Events(EventSignals):
    """Collect what a thread reports, and emit it on the GUI thread in merged batches.

    Of many states of the same thing only the newest is emitted: one `status`, one `job` for each
    job, one `changed` for each thing, one `progress` for each task.
    """

    _wake = Signal()

    def __init__(self, open_stream: OpenStream, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._open_stream = open_stream
        self._stream: Stream | None = None
        self._waiting: deque[tuple[str, dict[str, Any]]] = deque(maxlen=100_000)
        self._woken = False
        self._last = 0.0
        self.is_connected = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._drain)
        self._wake.connect(self._schedule, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Open the stream; call it off the GUI thread where it may block."""
        if self._stream is None:
            self._stream = self._open_stream(self.feed)

    def close(self) -> None:
        """Close the stream."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def feed(self, name: str, params: dict[str, Any]) -> None:
        """Take an event, from any thread."""
        self._waiting.append((name, params))
        if not self._woken:
            self._woken = True
            self._wake.emit()

    @Slot()
    def _schedule(self) -> None:
        if not self._timer.isActive():
            since = (time.monotonic() - self._last) * 1000
            self._timer.start(max(0, int(INTERVAL_MS - since)))

    @Slot()
    def _drain(self) -> None:
        if is_slicing():  # what listens may be only half made
            self._timer.start(TURN_MS)
            return
        self._last = time.monotonic()
        self._woken = False
        batch: dict[Any, tuple[str, dict[str, Any]]] = {}
        while self._waiting:
            name, params = self._waiting.popleft()
            key = _key(name, params)
            batch.pop(key, None)
            batch[key] = (name, params)
        for name, params in batch.values():
            self._emit(name, params)

    def _emit(self, name: str, params: dict[str, Any]) -> None:
        if name == "connected":
            self._set_connected(bool(params.get("connected")))
            return
        self._set_connected(True)
        if name == "status":
            self.status.emit(params)
        elif name == "changed":
            number = int(params.get("change") or 0)
            self.changed.emit(str(params.get("what", "")), params.get("id"), number)
        elif name == "approval":
            self.approval.emit(int(params.get("id") or 0), str(params.get("state", "")))
        elif name == "job":
            self.job.emit(params)
        elif name == "progress":
            self.progress.emit(params)
        elif name == "doctor":
            self.doctor.emit(params)
        elif name == "settings":
            self.settings.emit(params)
        elif name == "serving":
            self.serving.emit(dict(params.get("serving") or {}))

    def _set_connected(self, is_connected: bool) -> None:
        if is_connected != self.is_connected:
            self.is_connected = is_connected
            self.connected.emit(is_connected)


class EventsRelay(EventSignals):
    """The events for pages of one generation: with it all their connections go.

    A page that is dropped leaves connected lambdas behind; they hang on this object instead of
    on the window's own events.
    """

    def __init__(self, source: context.Events, parent: QObject | None = None) -> None:
        super().__init__(parent)
        for name, one in vars(EventSignals).items():
            if isinstance(one, Signal):
                getattr(source, name).connect(getattr(self, name))


def _key(name: str, params: dict[str, Any]) -> tuple[Any, ...]:
    if name == "job":
        return name, params.get("job_id")
    if name == "changed":
        return name, params.get("what"), str(params.get("id"))
    if name == "approval":
        return name, params.get("id"), params.get("state")
    if name == "progress":
        return name, params.get("task")
    if name == "doctor":
        return name, params.get("run"), params.get("done")
    if name == "serving":
        return name, (params.get("serving") or {}).get("id")
    return (name,)
