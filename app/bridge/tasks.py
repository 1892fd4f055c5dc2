"""Run work off the GUI thread and bring its result, or its error, back to it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from agent_core.errors import SiloDeskError
from app.context import Client
from app.slices import TURN_MS, is_slicing
from app.wire_words import sentence_of as sentence_of

log = logging.getLogger(__name__)
THREADS = 6


class Task:
    """One piece of work and what follows it; cancelled, its result is dropped."""

    def __init__(
        self,
        success: Callable[[Any], object] | None,
        failure: Callable[[Exception], object] | None,
        parent: QObject | None,
    ) -> None:
        self.success = success
        self.failure = failure
        self._parent = parent
        self._cancelled = False

    def cancel(self) -> None:
        """Drop the result; what already runs goes on unseen."""
        self._cancelled = True

    @property
    def is_wanted(self) -> bool:
        """Return whether someone still waits for the result."""
        gone = self._parent is not None and not shiboken6.isValid(self._parent)
        return not self._cancelled and not gone


class Tasks(QObject):
    """A small thread pool whose results arrive on the GUI thread."""

    _finished = Signal(object, object, object)  # task, result, error

    def __init__(
        self,
        client: Client,
        show_error: Callable[[Exception], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._client = client
        self._show_error = show_error
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="task")
        self._open = True
        self._running: set[Task] = set()
        self._ready: deque[tuple[Task, Any, Exception | None]] = deque()
        # One timer for all: PySide keeps something of each call of QTimer.singleShot for a method.
        self._turn = QTimer(self, interval=TURN_MS, singleShot=True)
        self._turn.timeout.connect(self._next)
        self._finished.connect(self._arrived, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        op: Callable[[], Any],
        success: Callable[[Any], object] | None = None,
        failure: Callable[[Exception], object] | None = None,
        parent: QObject | None = None,
    ) -> Task:
        """Run `op` on a thread; then `success` or `failure` here.

        Without `failure` an error is shown as a toast. When `parent` is destroyed before the
        end, nothing follows.
        """
        task = Task(success, failure, parent)
        if self._open:
            self._running.add(task)
            self._pool.submit(self._work, task, op)
        return task

    def call(
        self,
        method: str,
        success: Callable[[Any], object] | None = None,
        failure: Callable[[Exception], object] | None = None,
        parent: QObject | None = None,
        **params: Any,
    ) -> Task:
        """Call a method of the agent like `run`."""
        return self.run(lambda: self._client.call(method, **params), success, failure, parent)

    def close(self) -> None:
        """Take no more work and deliver no more results."""
        self._open = False
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def is_busy(self) -> bool:
        """Return whether work goes on that nobody will hear of any more."""
        return bool(self._running)

    def _work(self, task: Task, op: Callable[[], Any]) -> None:
        result: Any = None
        failed: Exception | None = None
        try:
            result = op()
        # The border of the GUI's work: whatever `op` raises is shown to the person, in a toast
        # or by the page, and one that is not ours goes into the log with its traceback.
        except Exception as error:
            failed = error
            if not isinstance(error, SiloDeskError):
                log.exception("A task of the window failed.")
        finally:
            self._running.discard(task)
        if self._open:
            self._finished.emit(task, result, failed)

    @Slot(object, object, object)
    def _arrived(self, task: Task, result: Any, failed: Exception | None) -> None:
        """Deliver one result for each turn of the event loop.

        An answer may be there before what asked for it is laid out, and several come at once.
        """
        self._ready.append((task, result, failed))
        if not self._turn.isActive():
            self._turn.start()

    def _next(self) -> None:
        if is_slicing():  # what asked may be only half made
            self._turn.start()
            return
        task, result, failed = self._ready.popleft()
        if self._ready:
            self._turn.start()  # before the delivery, which may open an event loop of its own
        self._deliver(task, result, failed)

    def _deliver(self, task: Task, result: Any, failed: Exception | None) -> None:
        if not self._open or not task.is_wanted:
            return
        if failed is None:
            if task.success is not None:
                task.success(result)
        elif task.failure is not None:
            task.failure(failed)
        else:
            self._show_error(failed)
