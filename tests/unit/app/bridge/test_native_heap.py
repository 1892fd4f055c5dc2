"""Threads share the heaps of the C library."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from app.bridge.native_heap import HEAPS

# Threads that live at once each take something; glibc tells in XML how many heaps there are.
SCRIPT = """
import ctypes, sys, threading
if sys.argv[1] == "shared":
    from app.bridge.native_heap import share_heap
    share_heap()
c = ctypes.CDLL(None)
c.malloc.restype = ctypes.c_void_p
taken, all_there = [], threading.Barrier(6)
def take():
    taken.append(c.malloc(5000))
    all_there.wait()
threads = [threading.Thread(target=take) for _ in range(6)]
for one in threads: one.start()
for one in threads: one.join()
c.fopen.restype = ctypes.c_void_p
c.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
out = c.fopen(b"/dev/stdout", b"w")
c.malloc_info(0, out)
c.fflush(None)
"""


def heaps(how: str) -> int:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, check=True, timeout=60
    )
    return len(re.findall(r"<heap nr=", ran.stdout))


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's own")
def test_threads_share_one_heap() -> None:
    assert heaps("shared") <= HEAPS < heaps("each")
