"""Wait for something outside this process, for a bounded time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


def until(is_so: Callable[[], bool], seconds: float) -> None:
    """Ask again and again until it is so."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"not so within {seconds} s"
        threading.Event().wait(0.2)
