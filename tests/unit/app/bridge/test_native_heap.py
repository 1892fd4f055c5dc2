"""A large block is given back to the system when it goes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.bridge.native_heap import LARGE

# Blocks just over the bound come and go, a small one staying behind each time; glibc would put
# all but the first into its heap. What is mapped by itself is counted by glibc.
SCRIPT = f"""
import ctypes
from app.bridge.native_heap import settle_heap
settle_heap()
c = ctypes.CDLL(None)
c.malloc.restype = ctypes.c_void_p
c.malloc.argtypes, c.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
        "fordblks", "keepcost")]
c.mallinfo2.restype = Info
before = c.mallinfo2()
for _ in range(5):
    block = c.malloc({LARGE} + 4096)
    during = c.mallinfo2()
    c.free(block)
    print(during.hblkhd - before.hblkhd, during.arena - before.arena)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's own")
def test_large_blocks_stay_out_of_the_heap() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60
    )
    for line in ran.stdout.splitlines():
        mapped, heap = map(int, line.split())
        assert mapped >= LARGE
        assert heap < LARGE
    assert len(ran.stdout.splitlines()) == 5
