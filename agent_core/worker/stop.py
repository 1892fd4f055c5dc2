"""How a stop reaches code that is busy: waits are woken, and the main thread is interrupted."""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from .channel import EXIT_CHANNEL, EXIT_STOPPED


class JobStopped(BaseException):
    """The job must end now; no handler of `Exception` in a package may swallow it."""

    def __init__(self, reason: str, exit_code: int = EXIT_STOPPED) -> None:
        super().__init__(reason)
        self.reason = reason
        self.exit_code = exit_code


class StopSwitch:
    """Turned once, from any thread; the main thread leaves its work as soon as it safely can."""

    def __init__(self) -> None:
        self.reason = ""
        self.exit_code = 0
        self.is_ignored = False  # the job is ending by itself already
        self._set = threading.Event()
        self._wakers: list[Callable[[], None]] = []
        self._depth = 0  # of shielded sections of the main thread

    @property
    def is_set(self) -> bool:
        """Return whether the job was told to stop."""
        return self._set.is_set() and not self.is_ignored

    def install(self) -> None:
        """Let a signal to the main thread raise JobStopped there, once the switch is turned."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def turn(self, reason: str, exit_code: int = EXIT_STOPPED) -> None:
        """Tell the job to stop; the first reason counts."""
        if not self._set.is_set():
            self.reason, self.exit_code = reason, exit_code
            self._set.set()
        for wake in list(self._wakers):
            wake()
        interrupt_main()

    def lose_channel(self) -> None:
        """Tell the job that its keeper is gone."""
        self.turn("The keeper of this job went away.", EXIT_CHANNEL)

    def on_stop(self, wake: Callable[[], None]) -> None:
        """Call `wake` when the switch is turned, so that a wait can end."""
        self._wakers.append(wake)

    def check(self) -> None:
        """Raise JobStopped where the job was told to stop."""
        if self.is_set:
            raise JobStopped(self.reason, self.exit_code)

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Keep the signal from breaking a section that holds a lock or writes a frame."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGTERM and not self._set.is_set():
            self.reason, self.exit_code = "The job was told to end by a signal.", EXIT_STOPPED
            self._set.set()
        if self.is_set and self._depth == 0:
            raise JobStopped(self.reason, self.exit_code)


def interrupt_main() -> None:
    """Interrupt whatever system call the main thread waits in."""
    main = threading.main_thread()
    if hasattr(signal, "pthread_kill") and main.ident is not None and main.is_alive():
        signal.pthread_kill(main.ident, signal.SIGINT)
    else:
        _thread.interrupt_main()
