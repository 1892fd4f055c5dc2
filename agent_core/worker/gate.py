"""Where a server job waits between two rounds while its run or its machine is paused."""

from __future__ import annotations

import threading
import time

from . import channel
from .reporter import Reporter
from .stop import StopSwitch


class RoundGate:
    """Closed by the agent from the reading thread; whoever begins a round waits until it opens."""

    def __init__(self, switch: StopSwitch) -> None:
        self._switch = switch
        self._changed = threading.Condition()
        self._reason = ""
        self._is_closed = False
        self._passed: int | None = None  # the round that was let through last
        switch.on_stop(self._wake)

    @property
    def is_closed(self) -> bool:
        """Return whether the next round has to wait."""
        return self._is_closed

    def turn(self, is_closed: bool, reason: str) -> None:
        """Close or open the gate; a round that has begun goes on to its end."""
        with self._changed:
            self._is_closed, self._reason = is_closed, reason
            self._changed.notify_all()

    def enter(self, number: int, rounds: int | None, reporter: Reporter) -> float:
        """Begin a round, or wait before it; return the seconds that were waited."""
        with self._switch.shielded(), self._changed:
            if number == self._passed or not self._is_closed:
                self._passed = number
                return 0.0
            began = time.monotonic()
            self._say(reporter, number, rounds, paused=True)
            while self._waits():
                self._changed.wait(60.0)
            if not self._switch.is_set and number != self._passed:
                self._passed = number  # of several threads, the first one out says it
                self._say(reporter, number, rounds, paused=False)
        self._switch.check()
        return time.monotonic() - began

    def _waits(self) -> bool:
        return self._is_closed and not self._switch.is_set

    def _say(self, reporter: Reporter, number: int, rounds: int | None, *, paused: bool) -> None:
        # Sent as it is: of progress that is batched, only the latest is kept.
        reporter.send(channel.PROGRESS, {
            "round": max(0, number - 1), "rounds": rounds, "phase": "paused" if paused else "train",
            "detail": self._reason if paused else "", "waiting": [], "since": time.time(),
            "until": None, "paused": paused,
        })  # fmt: skip

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
