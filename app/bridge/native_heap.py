"""Ask the C library to give pictures of a whole window back when they go."""

from __future__ import annotations

import ctypes
import sys

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # malloc.h of glibc
LARGE = 4 << 20  # bytes; a picture of a window takes more, the pieces of a search less
ARENAS = 2  # threads of tasks mostly wait; one heap for each of many is memory that none gives back


def settle_heap() -> None:
    """Keep large blocks out of the heap; where the C library is another one, nothing changes.

    A block that comes and goes leaves a hole, and what is small and stays settles in it: the next
    picture needs a new place, and the process grows with every turn.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE)
        mallopt(M_ARENA_MAX, ARENAS)
