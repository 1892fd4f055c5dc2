"""Let the window's threads share one heap of the C library."""

from __future__ import annotations

import ctypes
import sys

M_ARENA_MAX = -8  # malloc.h of glibc
HEAPS = 2  # the window's own thread has one, all others the second


def share_heap() -> None:
    """Bound the C library's heaps, before threads begin; another library stays as it is.

    Glibc gives each thread a heap of its own, which grows to the largest answer that the thread
    has ever read and keeps it. Threads that mostly wait for answers need none of their own.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, HEAPS)
