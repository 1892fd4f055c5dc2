"""What the desktop's benches share: an application, threads, frames and waiting."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication

BOUND_S = 120.0
TICK_MS = 4
LIMIT_MS = 50.0


def application() -> QApplication:
    """Return the application, in the product's fonts and theme."""
    from app.bridge.native_heap import share_heap
    from app.widgets.fonts import load_fonts
    from app.widgets.theme import theme

    share_heap()
    found = QApplication.instance()
    app = found if isinstance(found, QApplication) else QApplication(["bench"])
    load_fonts()
    theme().apply(app, "dark")
    # The program collects on the window's thread (bridge/garbage.py); a part without its window
    # collects not at all, or the watching thread would end widgets that are not its own.
    gc.collect()
    gc.disable()
    return app


def pump(seconds: float = 0.0) -> None:
    """Let the window's thread work for a moment."""
    if seconds <= 0:
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)
        return
    loop = QEventLoop()
    # Of a call with one of Qt's own methods PySide keeps something; not so of a function.
    QTimer.singleShot(int(seconds * 1000), lambda: loop.quit())
    loop.exec()


def until(condition: Callable[[], bool], bound_s: float = BOUND_S) -> None:
    """Let the window's thread work until a condition holds; raises TimeoutError."""
    deadline = time.monotonic() + bound_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("The desktop did not get there in time.")
        pump(0.002)


class Pool(QObject):
    """Work off the window's thread, its result on it, as the product's tasks do it."""

    _finished = Signal(object, object, object)

    def __init__(self) -> None:
        super().__init__()
        self._pool = ThreadPoolExecutor(6)
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def run(
        self, work: Callable[[], Any], done: Callable[[Any], object],
        failed: Callable[[Exception], object], *_: object,
    ) -> None:  # fmt: skip
        """Run `work`, then `done` or `failed`."""

        def both() -> None:
            try:
                result: Any = work()
            except Exception as error:  # noqa: BLE001 - handed to the caller, on the window's thread
                self._finished.emit(failed, error, None)
            else:
                self._finished.emit(done, result, None)

        self._pool.submit(both)

    def _deliver(self, then: Callable[[Any], object], result: Any, _: object) -> None:
        then(result)

    def close(self) -> None:
        """Take no more work."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class Stalls:
    """How long the window's thread did not come round, in ms, and what it did meanwhile."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.over_50 = 0
        self.places: Counter[str] = Counter()
        # The same by the thread's own processor time: what a busy machine takes away is not ours.
        self.longest_own = 0.0
        self.own_over_50 = 0
        self._last_own = 0.0
        self._clock = time.pthread_getcpuclockid(threading.get_ident())
        self._last = time.perf_counter()
        self._timer = QTimer(interval=TICK_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._ended = threading.Event()
        self._watched = threading.get_ident()

    def start(self) -> None:
        """Begin to look."""
        self._last = time.perf_counter()
        self._last_own = time.clock_gettime(self._clock)
        self._timer.start()
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """End looking."""
        self._timer.stop()
        self._ended.set()

    def _tick(self) -> None:
        now = time.perf_counter()
        passed = (now - self._last) * 1000 - TICK_MS
        self._last = now
        self.longest = max(self.longest, passed)
        self.over_50 += passed > LIMIT_MS
        own = time.clock_gettime(self._clock)
        worked = (own - self._last_own) * 1000
        self._last_own = own
        self.longest_own = max(self.longest_own, worked)
        self.own_over_50 += worked > LIMIT_MS

    def _watch(self) -> None:
        """Write down where the window's thread is while it is away for too long."""
        told = 0.0
        while not self._ended.wait(0.01):
            last = self._last_own
            worked = (time.clock_gettime(self._clock) - last) * 1000
            if worked < LIMIT_MS or last == told:
                continue
            told = last
            frame = sys._current_frames().get(self._watched)
            stack = traceback.extract_stack(frame) if frame else []
            own = [one for one in stack if "/app/" in one.filename] or list(stack)
            if not stack:
                continue
            last_own = own[-1]
            self.places[f"{Path(last_own.filename).name}:{last_own.lineno} {last_own.name}"] += 1


@contextlib.contextmanager
def frames() -> Iterator[Stalls]:
    """Measure how long the window's thread was away at most."""
    stalls = Stalls()
    stalls.start()
    try:
        yield stalls
    finally:
        stalls.stop()


def row(
    what: str, value: Any, target: float | None = None, *, more: bool = False
) -> dict[str, Any]:
    """Return one figure with its target, where it has one; `more` is better, or less is.

    Beside it stands how loaded the machine was: more than its cores, and others took part.
    """
    met: Any = "-"
    if target is not None:
        met = value >= target if more else value <= target
    shown = "-" if target is None else target
    load = round(os.getloadavg()[0], 1)
    return {"what": what, "value": value, "target": shown, "met": met, "load": load}
